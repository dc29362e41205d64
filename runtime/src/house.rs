//! The whole house: everything put together, opened and closed in order.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, info, warn};

use crate::adapter::{Inlet, onebot};
use crate::bot::Bots;
use crate::config::{BotConfig, Config};
use crate::plugin::engine::Sandbox;
use crate::plugin::folder::{Folder, Rooms};
use crate::router::Router;
use crate::store::Store;

/// Links have this long to say good-bye.
const FAREWELL: Duration = Duration::from_secs(2);

/// A running host.
pub struct House {
    /// The accounts.
    pub bots: Arc<Bots>,
    /// Where events find their handlers.
    pub router: Arc<Router>,
    config: Arc<Config>,
    folder: Folder,
    store: Arc<Store>,
    open: Arc<AtomicBool>,
    stop: CancellationToken,
    links: TaskTracker,
}

impl House {
    /// Opens the storage and the plugin folder. What lies in the folder has been loaded when this returns, so the first
    /// event finds its handlers.
    ///
    /// # Errors
    ///
    /// When the data folder cannot be used, or the machine cannot run WebAssembly.
    pub async fn open(config: Config) -> anyhow::Result<Self> {
        let config = Arc::new(config);
        let data = &config.data_dir;
        std::fs::create_dir_all(data)
            .with_context(|| format!("cannot make the data folder {}", data.display()))?;
        let store = Store::open(&data.join("store.redb"))?;
        let sandbox = Arc::new(Sandbox::new(Some(&absolute(&data.join("cache"))?))?);
        let bots = Arc::new(Bots::default());
        let router = Router::new((&*config).into(), Arc::clone(&bots));
        let folder = Folder::open(Rooms {
            sandbox,
            config: Arc::clone(&config),
            bots: Arc::clone(&bots),
            store: Arc::clone(&store),
            router: Arc::clone(&router),
        })
        .await?;
        let open = Arc::new(AtomicBool::new(true));
        let (stop, links) = (CancellationToken::new(), TaskTracker::new());
        Ok(Self { bots, router, config, folder, store, open, stop, links })
    }

    /// Where adapters put events, for as long as the house is open.
    #[must_use]
    pub fn inlet(&self) -> Inlet {
        let (router, open) = (Arc::clone(&self.router), Arc::clone(&self.open));
        Arc::new(move |incoming| {
            if open.load(Ordering::Relaxed) {
                router.route(incoming);
            } else {
                debug!(event = %incoming.event.id, "closing; the event is not taken");
            }
        })
    }

    /// Connects the bots of the configuration, and keeps them connected.
    pub fn connect(&self) {
        let tables = self.config.bots.iter().map(link_settings).collect();
        self.links.spawn(onebot::run(tables, Arc::clone(&self.bots), self.inlet(), self.stop.clone()));
    }

    /// Returns when no event is being routed, is queued, or is being handled.
    pub async fn idle(&self) {
        loop {
            self.router.settled().await;
            let plugins = self.folder.plugins();
            for plugin in &plugins {
                plugin.mailbox.idle().await;
            }
            self.router.settled().await;
            if plugins.iter().all(|plugin| plugin.mailbox.is_idle()) {
                return;
            }
        }
    }

    /// Takes no more events, lets handlers finish, ends the plugins, and closes links and storage.
    pub async fn close(self) {
        self.open.store(false, Ordering::Relaxed);
        let grace = self.config.limits.grace;
        if tokio::time::timeout(grace, self.idle()).await.is_err() {
            warn!("some events are still being handled after {grace:?}; their handlers are ended");
        }
        self.folder.close().await;
        self.stop.cancel();
        self.links.close();
        if tokio::time::timeout(FAREWELL, self.links.wait()).await.is_err() {
            warn!("a link did not close within {FAREWELL:?}");
        }
        self.store.close().await;
        info!("closed");
    }
}

fn link_settings(bot: &BotConfig) -> onebot::Settings {
    onebot::Settings {
        name: bot.name.clone(),
        url: bot.url.clone(),
        listen: bot.listen.clone(),
        account: bot.account.clone(),
        token: bot.token.as_ref().map(|token| token.reveal().to_owned()),
        ca: bot.ca.clone(),
        sending: bot.sending.clone(),
        timings: onebot::Timings::default(),
    }
}

/// wasmtime's cache takes only absolute paths.
fn absolute(path: &std::path::Path) -> anyhow::Result<std::path::PathBuf> {
    std::path::absolute(path).with_context(|| format!("cannot find {}", path.display()))
}
