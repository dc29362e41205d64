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

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode};
use notify::{EventKind, Watcher as _};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tracing::{error, info, warn};

use super::engine::Sandbox;
use super::life::{Home, Plugin, Status};
use super::loader::{Hash, LoadError, Loaded, Version, hash, load};
use super::stamp::{Stamp, list};
use crate::bot::Bots;
use crate::clock::Clock;
use crate::config::{Config, plugin_config};
use crate::host::Surroundings;
use crate::policy::Policy;
use crate::router::{Listener, Router};
use crate::store::Store;

/// How long a file must be at rest before it is read: longer than the pauses of a copy, shorter than patience.
const SETTLE: Duration = Duration::from_millis(50);
/// How long a file must be gone before its plugin ends: many tools delete and write anew.
const GONE: Duration = Duration::from_millis(300);
/// What the watcher misses (network drives, full queues) is found so late at most.
const RESCAN: Duration = Duration::from_secs(3);

/// What the folder's plugins work with.
pub(crate) struct Rooms {
    pub(crate) sandbox: Arc<Sandbox>,
    pub(crate) config: Arc<Config>,
    pub(crate) bots: Arc<Bots>,
    pub(crate) store: Arc<Store>,
    pub(crate) router: Arc<Router>,
    pub(crate) clock: Clock,
}

/// The plugins that live here, by id.
type Plugins = Arc<RwLock<BTreeMap<String, Arc<Plugin>>>>;

/// A folder that is being watched.
pub(crate) struct Folder {
    plugins: Plugins,
    orders: mpsc::Sender<Order>,
}

enum Order {
    Load(PathBuf, Told),
    Stop(oneshot::Sender<()>),
}

/// Hears what became of a file.
type Told = oneshot::Sender<Result<(), String>>;

impl Folder {
    /// Looks at the folder once, begins what is in it, and goes on watching.
    pub(crate) async fn open(rooms: Rooms) -> anyhow::Result<Self> {
        let path = rooms.config.plugins_dir.clone();
        std::fs::create_dir_all(&path)
            .map_err(|e| anyhow::anyhow!("cannot make the plugin folder {}: {e}", path.display()))?;
        let plugins = Plugins::default();
        let changed = announce(&rooms.router, &plugins);
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

    /// Loads a file now, whether it changed or not. Returns when its plugin has started.
    pub(crate) async fn load(&self, file: &Path) -> Result<(), String> {
        let (told, answer) = oneshot::channel();
        let closed = "the plugin folder is closed";
        self.orders.send(Order::Load(file.to_owned(), told)).await.map_err(|_| closed)?;
        answer.await.unwrap_or_else(|_| Err("the file changed again before it was loaded".to_owned()))
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

/// Tells the router who listens, whenever that changes.
fn announce(router: &Arc<Router>, plugins: &Plugins) -> Arc<dyn Fn() + Send + Sync> {
    let (router, plugins) = (Arc::clone(router), Arc::clone(plugins));
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
        router.listen(plugins.values().filter(listening).map(listener).collect());
    })
}

fn watch(path: &Path, hint: mpsc::Sender<()>) -> Option<notify::RecommendedWatcher> {
    let told = move |event: notify::Result<notify::Event>| {
        // Looking at the folder opens it, and that is an event too: whoever follows it never rests.
        let is_look = event.is_ok_and(|event| {
            event.kind.is_access() && event.kind != EventKind::Access(AccessKind::Close(AccessMode::Write))
        });
        if !is_look {
            // One waiting hint is as good as many.
            let _ = hint.try_send(());
        }
    };
    let watcher = notify::recommended_watcher(told)
        .and_then(|mut watcher| watcher.watch(path, notify::RecursiveMode::NonRecursive).map(|()| watcher));
    watcher.map_err(|e| warn!("cannot watch {}: {e}; it is looked at every {RESCAN:?}", path.display())).ok()
}

/// A file and what became of it.
struct File {
    stamp: Option<Stamp>,
    /// Since when the stamp is what it is.
    since: Instant,
    /// It has to be read.
    fresh: bool,
    hash: Option<Hash>,
    holds: Holds,
}

#[derive(Clone, PartialEq, Eq)]
enum Holds {
    /// Nothing that could be loaded, so far.
    Nothing,
    /// The plugin with this id.
    Plugin(String),
    /// The plugin with this id, which another file holds already.
    Double(String),
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

    /// A file is to be loaded at the next look.
    fn ask(&mut self, path: PathBuf, told: Told) {
        let Some(stamp) = std::fs::metadata(&path).ok().map(|metadata| Stamp::of(&metadata)) else {
            let _ = told.send(Err(format!("there is no file {}", path.display())));
            return;
        };
        let now = Instant::now();
        let file = self.files.entry(path.clone()).or_insert_with(|| File::new(now));
        (file.stamp, file.fresh, file.hash) = (Some(stamp), true, None);
        file.since = now.checked_sub(SETTLE).unwrap_or(now);
        self.asked.insert(path, told);
    }

    /// Answers whoever asked for this file.
    fn tell(&mut self, path: &Path, what: Result<(), &str>) {
        if let Some(told) = self.asked.remove(path) {
            let _ = told.send(what.map_err(str::to_owned));
        }
    }

    async fn read(&mut self, path: &Path) {
        let Some(file) = self.files.get_mut(path) else { return };
        file.fresh = false;
        let bytes = match tokio::fs::read(path).await {
            Ok(bytes) => bytes,
            Err(e) => {
                error!(file = %path.display(), "cannot read the plugin file: {e}; check its permissions");
                self.tell(path, Err("the file cannot be read"));
                return;
            }
        };
        let new = hash(&bytes);
        if file.hash == Some(new) {
            return;
        }
        file.hash = Some(new);
        let (path, sandbox) = (path.to_owned(), Arc::clone(&self.rooms.sandbox));
        let limits = self.rooms.config.limits.clone();
        self.loads.spawn(async move {
            let result = load(&sandbox, bytes, &new, &limits).await;
            (path, new, result)
        });
    }

    async fn loaded(&mut self, path: PathBuf, hash: Hash, result: Result<Loaded, LoadError>) {
        // A file that changed meanwhile is loaded again.
        let Some(file) = self.files.get(&path).filter(|file| file.hash == Some(hash) && file.stamp.is_some())
        else {
            return;
        };
        let held = file.holds.clone();
        let version = match result.map_err(|e| e.to_string()).and_then(|loaded| self.version(&path, loaded)) {
            Ok(Some(version)) => Arc::new(version),
            Ok(None) => return self.tell(&path, Err("it is not enabled in iglu.toml")),
            Err(reason) => {
                let stays = match &held {
                    Holds::Plugin(id) => format!("; the version of {id} that runs stays"),
                    _ => String::new(),
                };
                error!(file = %path.display(), "not a plugin that can run here: {reason}{stays}");
                return self.tell(&path, Err(&reason));
            }
        };
        let id = version.manifest.id.clone();
        if let Some(other) = self.holder(&id, &path) {
            error!(
                file = %path.display(),
                "it holds the plugin {id:?}, and so does {}; delete one of them, or give one another id",
                other.display()
            );
            self.set(&path, Holds::Double(id));
            return self.tell(&path, Err("another file holds the same plugin"));
        }
        // The file held another plugin before.
        if let Holds::Plugin(old) = &held
            && *old != id
        {
            self.end(old).await;
        }
        self.set(&path, Holds::Plugin(id.clone()));
        let told = self.asked.remove(&path);
        let known = self.plugins.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned();
        match known {
            Some(plugin) => {
                let answer = plugin.swap(Arc::clone(&version));
                tokio::spawn(async move {
                    let answer = answer.await.unwrap_or_else(|_| Err("the plugin has ended".to_owned()));
                    if answer.is_ok() {
                        let number = &version.manifest.version;
                        info!(plugin = %id, version = %number, "the new version has taken over");
                    }
                    if let Some(told) = told {
                        let _ = told.send(answer);
                    }
                });
            }
            None => {
                let status = self.begin(version);
                if let Some(told) = told {
                    tokio::spawn(started(status, told));
                }
            }
        }
    }

    /// What the owner's configuration makes of a file. `None`: it is not to run.
    fn version(&self, path: &Path, loaded: Loaded) -> Result<Option<Version>, String> {
        let Loaded { manifest, pre, .. } = loaded;
        let settings = self.rooms.config.plugin(&manifest.id);
        if !settings.enabled {
            info!(plugin = %manifest.id, file = %path.display(), "not enabled in iglu.toml");
            return Ok(None);
        }
        let config = plugin_config(&manifest.id, manifest.config.as_ref(), &settings.config)
            .map_err(|faults| faults.join("; "))?;
        let policy = Policy::new(&manifest.id, &manifest.permissions, &settings.grants);
        let wanted = policy.ungranted();
        if !wanted.is_empty() {
            let all = wanted.join(", ");
            let lines = policy.lines(&wanted);
            let (table, line) = lines.split_once('\n').unwrap_or_default();
            info!(
                plugin = %manifest.id,
                "it asks for what is not granted: {all}; what needs it will be denied, until iglu.toml says so under \
                 {table}: {line}"
            );
        }
        let manifest = Arc::new(manifest);
        Ok(Some(Version {
            matcher: self.rooms.router.matcher(&manifest),
            pre,
            limits: settings.limits,
            config: config.to_string(),
            policy: Arc::new(policy),
            file: path.to_owned(),
            manifest,
        }))
    }

    fn begin(&mut self, version: Arc<Version>) -> watch::Receiver<Status> {
        let id = version.manifest.id.clone();
        let limits = &version.limits;
        let surroundings = Surroundings::new(
            id.as_str().into(),
            Arc::clone(&self.rooms.bots),
            self.rooms.store.plugin(&id, limits.storage as u64),
            self.rooms.config.superusers.iter().cloned().collect(),
            self.rooms.clock.clone(),
            limits,
        );
        let home = Home {
            sandbox: Arc::clone(&self.rooms.sandbox),
            surroundings: Arc::new(surroundings),
            changed: Arc::clone(&self.changed),
        };
        let plugin = Arc::new(Plugin::begin(home, version));
        let status = plugin.status.clone();
        self.plugins.write().unwrap_or_else(PoisonError::into_inner).insert(id, plugin);
        (self.changed)();
        status
    }

    /// Another file that holds this plugin and is still there.
    fn holder(&mut self, id: &str, path: &Path) -> Option<PathBuf> {
        let holds = |file: &File| file.holds == Holds::Plugin(id.to_owned());
        let other = self.files.iter().find(|(other, file)| *other != path && holds(file));
        let other = other.map(|(other, _)| other.clone())?;
        if std::fs::metadata(&other).is_ok() {
            return Some(other);
        }
        // It was renamed: this file is its continuation.
        self.files.remove(&other);
        None
    }

    async fn gone(&mut self, path: &Path) {
        let Some(file) = self.files.remove(path) else { return };
        let Holds::Plugin(id) = file.holds else { return };
        let heir = self.files.values_mut().find(|file| file.holds == Holds::Double(id.clone()));
        if let Some(heir) = heir {
            info!(plugin = %id, "{} is gone; another file with this plugin takes over", path.display());
            (heir.fresh, heir.hash) = (true, None);
            return;
        }
        self.end(&id).await;
        info!(plugin = %id, "{} is gone; the plugin has ended", path.display());
    }

    async fn end(&self, id: &str) {
        let plugin = self.plugins.write().unwrap_or_else(PoisonError::into_inner).remove(id);
        if let Some(plugin) = plugin {
            (self.changed)();
            plugin.close("disable").await;
        }
    }

    fn set(&mut self, path: &Path, holds: Holds) {
        if let Some(file) = self.files.get_mut(path) {
            file.holds = holds;
        }
    }
}

impl File {
    fn new(now: Instant) -> Self {
        Self { stamp: None, since: now, fresh: false, hash: None, holds: Holds::Nothing }
    }

    /// At rest for long enough to be read, by our clock or by the file's own.
    fn is_ripe(&self, now: Instant) -> bool {
        let Some(stamp) = self.stamp.as_ref().filter(|_| self.fresh) else { return false };
        let age = stamp.modified.and_then(|modified| modified.elapsed().ok());
        now - self.since >= SETTLE || age.is_some_and(|age| age > Duration::from_secs(2))
    }
}

/// Tells how the start of a plugin ended.
async fn started(mut status: watch::Receiver<Status>, told: Told) {
    let status = status.wait_for(|status| *status != Status::Starting).await.map(|status| status.clone());
    let _ = told.send(match status {
        Ok(Status::Running) => Ok(()),
        _ => Err("it does not start; the log says why".to_owned()),
    });
}
