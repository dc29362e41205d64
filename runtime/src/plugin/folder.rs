//! The plugin folder: what lies in it is what runs.
//!
//! The folder is the truth. The watcher only says when to look; a slow rescan finds what it missed. A file is read when it
//! has been at rest for a moment, and what it holds decides, not its name or its time stamp: the same bytes again are no
//! change.
//!
//! | what happens | what follows |
//! | --- | --- |
//! | a new file | it is loaded; its plugin begins |
//! | other bytes in a known file, or another file renamed over it | a new version: swap |
//! | a touch, a copy of the same bytes | nothing |
//! | a file that cannot be loaded | the reason is logged once; a version that runs stays |
//! | a file is renamed | its plugin goes on |
//! | a file is deleted | its plugin ends, unless another file holds the same plugin and takes over |
//! | a second file with the same plugin id | it is refused, naming both |
//! | a symbolic link | what it points to counts |
//! | other settings of a plugin in `iglu.toml` | it starts again with these and the state of before |
//! | settings that do not fit | the reason is logged once; those of before stay |

mod ask;
mod settle;
mod sight;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tracing::error;

use self::ask::Told;
use self::settle::refused;
use self::sight::{File, list, watch};
use super::engine::Sandbox;
use super::life::{Plugin, Status, Why};
use super::loader::{Hash, LoadError, Loaded, hash, load, read};
use crate::bot::Bots;
use crate::clock::Clock;
use crate::config::Live;
use crate::router::{Listener, Router};
use crate::schedule::Schedule;
use crate::store::Store;
use crate::web::Web;

/// How long a file must be at rest before it is read: longer than the pauses of a copy, shorter than patience.
const SETTLE: Duration = Duration::from_millis(50);
/// How long a file must be gone before its plugin ends: many tools delete and write anew.
const GONE: Duration = Duration::from_millis(300);
/// What the watcher misses (network drives, full queues) is found so late at most.
const RESCAN: Duration = Duration::from_secs(3);

const DISABLED: &str = "not enabled in iglu.toml";

/// What the folder's plugins work with.
pub(crate) struct Rooms {
    pub(crate) sandbox: Arc<Sandbox>,
    pub(crate) config: Live,
    pub(crate) bots: Arc<Bots>,
    pub(crate) store: Arc<Store>,
    pub(crate) router: Arc<Router>,
    pub(crate) schedule: Arc<Schedule>,
    pub(crate) clock: Clock,
    pub(crate) web: Web,
}

/// The plugins that live here, by id.
type Plugins = Arc<RwLock<BTreeMap<String, Arc<Plugin>>>>;

/// A folder that is being watched.
pub(crate) struct Folder {
    plugins: Plugins,
    orders: mpsc::Sender<Order>,
}

/// What the folder's task is told, and who waits until it is done.
enum Order {
    /// This file is to be loaded.
    Load(PathBuf, Told),
    /// The owner's configuration is another now.
    Resettle(oneshot::Sender<()>),
    Stop(oneshot::Sender<()>),
}

/// The folder, for whoever changes the configuration.
#[derive(Clone)]
pub(crate) struct Resettle(mpsc::Sender<Order>);

impl Resettle {
    /// Lets every plugin have the settings of the present configuration. Answers when all that have other settings have been
    /// told.
    pub(crate) async fn resettle(&self) {
        let (done, end) = oneshot::channel();
        if self.0.send(Order::Resettle(done)).await.is_ok() {
            let _ = end.await;
        }
    }
}

impl Folder {
    /// Looks at the folder once, begins what is in it, and goes on watching.
    pub(crate) async fn open(rooms: Rooms) -> anyhow::Result<Self> {
        let path = rooms.config.load().plugins_dir.clone();
        std::fs::create_dir_all(&path)
            .map_err(|e| anyhow::anyhow!("cannot make the plugin folder {}: {e}", path.display()))?;
        let plugins = Plugins::default();
        let changed = announce(&rooms.router, &rooms.schedule, &plugins);
        let (orders, inbox) = mpsc::channel(1);
        let (ready, is_ready) = oneshot::channel();
        let (hint, hints) = mpsc::channel(1);
        let watcher = watch(&path, hint);
        let keeper = Keeper {
            rooms,
            path,
            plugins: Arc::clone(&plugins),
            changed,
            files: BTreeMap::new(),
            loads: JoinSet::new(),
            asked: BTreeMap::new(),
            ready: Some(ready),
        };
        tokio::spawn(async move {
            // The watcher stops when it is dropped.
            let _watcher = watcher;
            keeper.keep(hints, inbox).await;
        });
        // A keeper that is gone has nothing to wait for.
        let _ = is_ready.await;
        Ok(Self { plugins, orders })
    }

    /// The plugins that live here now.
    pub(crate) fn plugins(&self) -> Vec<Arc<Plugin>> {
        self.plugins.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// This folder's ear for changes of the configuration.
    pub(crate) fn resettle(&self) -> Resettle {
        Resettle(self.orders.clone())
    }

    /// Stops watching and ends all plugins.
    pub(crate) async fn close(&self) {
        let (done, end) = oneshot::channel();
        if self.orders.send(Order::Stop(done)).await.is_ok() {
            let _ = end.await;
        }
        let mut ends = JoinSet::new();
        for plugin in self.plugins() {
            ends.spawn(async move { plugin.close("shutdown").await });
        }
        ends.join_all().await;
    }
}

/// Tells the router and the schedule who listens, whenever that changes.
fn announce(
    router: &Arc<Router>,
    schedule: &Arc<Schedule>,
    plugins: &Plugins,
) -> Arc<dyn Fn() + Send + Sync> {
    let (router, schedule, plugins) = (Arc::clone(router), Arc::clone(schedule), Arc::clone(plugins));
    Arc::new(move || {
        let plugins = plugins.read().unwrap_or_else(PoisonError::into_inner);
        let listening =
            |plugin: &&Arc<Plugin>| !matches!(*plugin.status.borrow(), Status::Quarantined | Status::Stopped);
        let listener = |plugin: &Arc<Plugin>| Listener {
            id: Arc::clone(&plugin.id),
            manifest: plugin.manifest(),
            mailbox: Arc::clone(&plugin.mailbox),
        };
        // Under the lock, so that of two changes the later one is the later one for the router too.
        let listeners: Vec<Listener> = plugins.values().filter(listening).map(listener).collect();
        schedule.listen(&listeners);
        router.listen(listeners);
    })
}

type Loading = (PathBuf, Hash, Result<Loaded, LoadError>);

struct Keeper {
    rooms: Rooms,
    path: PathBuf,
    plugins: Plugins,
    changed: Arc<dyn Fn() + Send + Sync>,
    files: BTreeMap<PathBuf, File>,
    loads: JoinSet<Loading>,
    /// Who wants to know what becomes of a file.
    asked: BTreeMap<PathBuf, Told>,
    /// Told when everything that lay here at the beginning has been tried.
    ready: Option<oneshot::Sender<()>>,
}

impl Keeper {
    async fn keep(mut self, mut hints: mpsc::Receiver<()>, mut orders: mpsc::Receiver<Order>) {
        loop {
            let next = self.look().await;
            if self.loads.is_empty()
                && !self.files.values().any(|file| file.fresh)
                && let Some(ready) = self.ready.take()
            {
                let _ = ready.send(());
            }
            tokio::select! {
                () = tokio::time::sleep(next) => {}
                Some(()) = hints.recv() => {}
                Some(loaded) = self.loads.join_next() => match loaded {
                    Ok((path, hash, result)) => self.loaded(path, hash, result).await,
                    Err(e) => error!("loading a plugin failed inside iglu: {e}"),
                },
                order = orders.recv() => match order {
                    Some(Order::Load(path, told)) => self.ask(path, told),
                    Some(Order::Resettle(done)) => {
                        self.resettle().await;
                        let _ = done.send(());
                    }
                    Some(Order::Stop(done)) => {
                        let _ = done.send(());
                        return;
                    }
                    None => return,
                },
            }
        }
    }

    /// Compares the folder with what is known of it, and starts to load what is new. Answers when to look again.
    async fn look(&mut self) -> Duration {
        let now = Instant::now();
        let mut next = RESCAN;
        let seen = list(&self.path);
        for (path, stamp) in &seen {
            let file = self.files.entry(path.clone()).or_insert_with(|| File::new(now));
            if file.stamp.as_ref() != Some(stamp) {
                file.stamp = Some(stamp.clone());
                file.since = now;
                file.fresh = true;
            }
        }
        for file in self.files.iter_mut().filter(|(path, _)| !seen.contains_key(*path)).map(|(_, file)| file)
        {
            if file.stamp.take().is_some() {
                file.since = now;
                file.fresh = false;
            }
        }
        let gone: Vec<PathBuf> = self
            .files
            .iter()
            .filter(|(_, file)| file.stamp.is_none() && now - file.since >= GONE)
            .map(|(path, _)| path.clone())
            .collect();
        for path in gone {
            self.gone(&path).await;
        }
        let ripe: Vec<PathBuf> =
            self.files.iter().filter(|(_, file)| file.is_ripe(now)).map(|(path, _)| path.clone()).collect();
        for path in ripe {
            self.read(&path).await;
        }
        for file in self.files.values() {
            let due = if file.stamp.is_none() { GONE } else { SETTLE };
            if file.fresh || file.stamp.is_none() {
                next =
                    next.min((file.since + due).saturating_duration_since(now).max(Duration::from_millis(1)));
            }
        }
        next
    }

    async fn read(&mut self, path: &Path) {
        let Some(file) = self.files.get_mut(path) else { return };
        file.fresh = false;
        let bytes = match read(path).await {
            Ok(bytes) => bytes,
            Err(e) => {
                error!(file = %path.display(), "a plugin is not loaded: {e}");
                return self.tell(path, &e.to_string());
            }
        };
        let new = hash(&bytes);
        if file.hash == Some(new) {
            return;
        }
        file.hash = Some(new);
        let (path, sandbox) = (path.to_owned(), Arc::clone(&self.rooms.sandbox));
        let limits = self.rooms.config.load().limits.clone();
        self.loads.spawn(async move {
            let result = load(&sandbox, bytes, &new, &limits).await;
            (path, new, result)
        });
    }

    async fn loaded(&mut self, path: PathBuf, hash: Hash, result: Result<Loaded, LoadError>) {
        // A file that changed meanwhile is loaded again.
        let Some(file) =
            self.files.get_mut(&path).filter(|file| file.hash == Some(hash) && file.stamp.is_some())
        else {
            return;
        };
        match result {
            Ok(loaded) => {
                (file.loaded, file.refusal) = (Some(loaded), None);
                self.settle(&path, Why::Reload).await;
            }
            Err(e) => {
                refused(&path, &file.holds, &e.to_string());
                self.tell(&path, &e.to_string());
            }
        }
    }
}
