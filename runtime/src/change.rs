//! `iglu.toml` while the house is open: a change of the file is taken over, or refused as a whole.
//!
//! | what changes | what follows |
//! | --- | --- |
//! | anything to something wrong | the reason is logged once; everything stays as it is |
//! | superusers, prefixes, language, whatever else the router goes by | it counts from the next event on |
//! | a plugin's `config`, `grants`, `limits` | it starts again with them and the state of before; no event is lost |
//! | `enabled` of a plugin | it ends, or begins |
//! | `log.level` | it counts at once, unless the command line or the environment names one |
//! | `[[bot]]`, `[folders]`, `log.format` | a line says that it counts from the next start on |

use std::sync::Arc;
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::config::{Config, Live};
use crate::plugin::folder::Resettle;
use crate::router::Router;

/// Two looks so far apart must show the same text: an editor may write in pieces.
const SETTLE: Duration = Duration::from_millis(50);
/// What the watcher misses (network drives, files that are mounted singly) is found so late at most.
const RESCAN: Duration = Duration::from_secs(3);

/// Whoever must know of another configuration.
pub(crate) struct Change {
    pub(crate) config: Live,
    pub(crate) router: Arc<Router>,
    pub(crate) folder: Resettle,
    pub(crate) rules: Follow,
}

/// How the file is followed.
pub(crate) struct Follow {
    /// Puts right what is not for the file to say.
    pub(crate) settled: Box<dyn Fn(Config) -> Config + Send + Sync>,
    /// Whether a file that is not there is as good as an empty one.
    pub(crate) may_be_absent: bool,
    /// Is told the configuration that counts from now on.
    pub(crate) told: Box<dyn Fn(&Config) + Send + Sync>,
}

impl Change {
    /// Follows the configuration's file until `over`.
    pub(crate) async fn follow(self, over: CancellationToken) {
        let (hint, mut hints) = mpsc::channel(1);
        let _watcher = self.watch(hint);
        let mut known = None;
        loop {
            let text = self.settled().await;
            if text != known {
                self.read(text.as_deref(), known.is_none()).await;
                known = text;
            }
            tokio::select! {
                Some(()) = hints.recv() => {}
                () = tokio::time::sleep(RESCAN) => {}
                () = over.cancelled() => return,
            }
        }
    }

    /// The file's text when it is at rest; none while there is no such file.
    async fn settled(&self) -> Option<String> {
        let file = self.config.load().file.clone();
        let mut text = tokio::fs::read_to_string(&file).await.ok();
        loop {
            tokio::time::sleep(SETTLE).await;
            let again = tokio::fs::read_to_string(&file).await.ok();
            if again == text {
                return text;
            }
            text = again;
        }
    }

    async fn read(&self, text: Option<&str>, first: bool) {
        let old = self.config.load_full();
        let Some(text) = text.or(self.rules.may_be_absent.then_some("")) else {
            let file = old.file.display();
            return warn!("{file} cannot be read; the configuration stays as it was");
        };
        match Config::parse(text, &old.file).map(&self.rules.settled) {
            Ok(new) if new == *old && !first => info!("iglu.toml says the same as before"),
            Ok(new) if new == *old => {}
            Ok(new) => self.take_over(&old, new).await,
            Err(errors) => {
                error!("the configuration stays as it was, because the changed file is wrong: {errors}");
            }
        }
    }

    /// The one way by which another configuration comes to those who go by it.
    async fn take_over(&self, old: &Config, new: Config) {
        let new = Arc::new(new);
        self.config.store(Arc::clone(&new));
        self.router.settle((&*new).into());
        let later = [
            ("[[bot]]", new.bots != old.bots),
            ("[folders]", (&new.plugins_dir, &new.data_dir) != (&old.plugins_dir, &old.data_dir)),
            ("log.format", new.log.format != old.log.format),
        ];
        for (what, _) in later.iter().filter(|(_, differs)| *differs) {
            warn!("{what} in iglu.toml has changed; this counts from the next start of iglu on");
        }
        self.folder.resettle().await;
        (self.rules.told)(&new);
        info!("the changed iglu.toml counts");
    }

    /// The folder is watched and not the file: editors put another file in its place.
    fn watch(&self, hint: mpsc::Sender<()>) -> Option<RecommendedWatcher> {
        let file = self.config.load().file.clone();
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.map_or_else(|| ".".into(), std::path::Path::to_path_buf);
        let told = move |event: notify::Result<notify::Event>| {
            // Reading the file is an event too: whoever follows it never rests.
            let is_look = event.is_ok_and(|event| event.kind.is_access());
            if !is_look {
                // One waiting hint is as good as many.
                let _ = hint.try_send(());
            }
        };
        let watcher = notify::recommended_watcher(told)
            .and_then(|mut watcher| watcher.watch(&folder, RecursiveMode::NonRecursive).map(|()| watcher));
        let failed = |e| warn!("cannot watch {}: {e}; it is looked at every {RESCAN:?}", file.display());
        watcher.map_err(failed).ok()
    }
}
