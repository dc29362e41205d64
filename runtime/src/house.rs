//! The whole house: everything put together, opened and closed in order.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use arc_swap::ArcSwap;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, info, warn};

use crate::adapter::{Inlet, onebot, qq};
use crate::bot::Bots;
use crate::change::{Change, Follow};
use crate::clock::Clock;
use crate::config::{BotConfig, Config, Live, OfficialConfig};
use crate::host::tidy_downloads;
use crate::plugin::engine::Sandbox;
use crate::plugin::folder::{Folder, Rooms};
use crate::plugin::life::Status;
use crate::router::{Router, Settings, Switches};
use crate::schedule::Schedule;
use crate::store::{Journal, PluginStore, Store};
use crate::web::Web;

/// Links have this long to say good-bye.
const FAREWELL: Duration = Duration::from_secs(2);

/// How often everybody else gets a turn before the house is looked at: more than there are steps from a timer to a mailbox.
const TURNS: usize = 16;

/// The schedule waits for bots so long at most.
const ARRIVAL: Duration = Duration::from_secs(10);

/// A running host.
pub struct House {
    /// The accounts.
    pub bots: Arc<Bots>,
    /// Where events find their handlers.
    pub router: Arc<Router>,
    schedule: Arc<Schedule>,
    config: Live,
    folder: Folder,
    store: Arc<Store>,
    journal: Arc<Journal>,
    open: Arc<AtomicBool>,
    /// The configuration is not followed any more.
    over: CancellationToken,
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
        Self::open_by(config, Clock::default()).await
    }

    /// The same, by this clock.
    ///
    /// # Errors
    ///
    /// As [`House::open`].
    pub async fn open_by(config: Config, clock: Clock) -> anyhow::Result<Self> {
        Self::open_in(config, clock, Web::default()).await
    }

    /// The same, by this clock and in this web.
    ///
    /// # Errors
    ///
    /// As [`House::open`].
    pub async fn open_in(config: Config, clock: Clock, web: Web) -> anyhow::Result<Self> {
        let data = &config.data_dir.clone();
        let config: Live = Arc::new(ArcSwap::from_pointee(config));
        std::fs::create_dir_all(data)
            .with_context(|| format!("cannot make the data folder {}", data.display()))?;
        let store = Store::open_by(&data.join("store.redb"), clock.clone())?;
        tidy_downloads(&config.load().downloads());
        let journal =
            store.journal().map_err(|reason| anyhow!("the journal of events cannot be read: {reason}"))?;
        let sandbox = Arc::new(Sandbox::new(Some(&absolute(&config.load().cache_dir)?))?);
        let bots = Arc::new(Bots::default());
        let switches = Switches::open(store.own("switches")).await;
        let switches = switches.map_err(|e| anyhow!("what was switched on and off cannot be read: {e:?}"))?;
        let settings = Settings { switches: Arc::new(switches), ..(&**config.load()).into() };
        let router = Router::new(settings, Arc::clone(&bots), clock.clone());
        let schedule =
            Schedule::open(&config.load().timezone, store.agenda(), Arc::clone(&router), clock.clone())?;
        let folder = Folder::open(Rooms {
            sandbox,
            config: Arc::clone(&config),
            bots: Arc::clone(&bots),
            store: Arc::clone(&store),
            router: Arc::clone(&router),
            schedule: Arc::clone(&schedule),
            clock: clock.clone(),
            web: web.of(Arc::clone(&config)),
        })
        .await?;
        let open = Arc::new(AtomicBool::new(true));
        let (stop, links) = (CancellationToken::new(), TaskTracker::new());
        let over = CancellationToken::new();
        let everyone = all_there(Arc::clone(&bots), config.load().bots.len(), clock.clone());
        let (running, stopping) = (Arc::clone(&schedule), stop.clone());
        links.spawn(async move {
            if stopping.run_until_cancelled(everyone).await.is_some() {
                running.run().await;
            }
        });
        Ok(Self { bots, router, schedule, config, folder, store, journal, open, over, stop, links })
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
        let config = self.config.load();
        let (bots, stop) = (&config.bots, &self.stop);
        let tables = bots.onebot.iter().map(link_settings).collect();
        self.links.spawn(onebot::run(tables, Arc::clone(&self.bots), self.inlet(), stop.clone()));
        let tables = bots.official.iter().map(official_settings).collect();
        let rooms = qq::Rooms {
            bots: Arc::clone(&self.bots),
            inlet: self.inlet(),
            journal: Arc::clone(&self.journal),
            wanted: self.router.wanted(),
        };
        self.links.spawn(qq::run(tables, rooms, stop.clone()));
    }

    /// From now on changes of the configuration's file are taken over while the house is open. `level` is told the log's
    /// level.
    pub fn follow_config(&self, level: impl Fn(&str) + Send + Sync + 'static) {
        let told = Box::new(move |config: &Config| level(&config.log.level));
        self.follow_config_by(Follow { settled: Box::new(|config| config), may_be_absent: false, told });
    }

    /// The same, by other rules.
    pub(crate) fn follow_config_by(&self, rules: Follow) {
        let change = Change {
            config: Arc::clone(&self.config),
            router: Arc::clone(&self.router),
            folder: self.folder.resettle(),
            rules,
        };
        tokio::spawn(change.follow(self.over.clone()));
    }

    /// Returns when nothing is due, and no event is being routed, is queued, or is being handled. A handler that waits for
    /// a user does not count.
    pub async fn idle(&self) {
        self.schedule.fire().await;
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

    /// Returns when nothing happens unless something comes from outside: every handler is done, or waits for the time or
    /// for a user. For a runtime of one thread, where whoever was woken before this call has run when this returns.
    pub async fn at_rest(&self) {
        loop {
            self.schedule.fire().await;
            for _ in 0..TURNS {
                tokio::task::yield_now().await;
            }
            let plugins = self.folder.plugins();
            for plugin in &plugins {
                plugin.at_rest().await;
            }
            // The router may wait for the verdict of a handler that rests.
            if plugins.iter().all(|plugin| plugin.mailbox.is_idle()) {
                self.router.settled().await;
            }
            if self.folder.plugins().iter().all(|plugin| plugin.is_at_rest()) {
                return;
            }
        }
    }

    /// Whether the plugin with this id has started and takes events.
    #[must_use]
    pub fn is_running(&self, plugin: &str) -> bool {
        self.folder
            .plugins()
            .iter()
            .any(|known| *known.id == *plugin && *known.status.borrow() == Status::Running)
    }

    /// Loads a file of the plugin folder now, again if it is known, and returns when its plugin has started.
    ///
    /// # Errors
    ///
    /// Why what it holds does not run; a version that ran before goes on.
    pub async fn load(&self, file: &Path) -> Result<(), String> {
        self.folder.load(file).await
    }

    /// What the plugin with this id keeps.
    #[must_use]
    pub fn storage(&self, plugin: &str) -> PluginStore {
        self.store.plugin(plugin, self.config.load().plugin(plugin).limits.storage as u64)
    }

    /// Takes no more events, lets handlers finish, ends the plugins, and closes links and storage.
    pub async fn close(self) {
        self.open.store(false, Ordering::Relaxed);
        self.over.cancel();
        self.schedule.stop();
        let grace = self.config.load().limits.grace;
        if tokio::time::timeout(grace, self.idle()).await.is_err() {
            warn!("some events are still being handled after {grace:?}; their handlers are ended");
        }
        // What is dropped from here on was not handled; the next process hands it on.
        self.journal.tidy();
        self.journal.hold();
        self.schedule.hold();
        self.folder.close().await;
        tidy_downloads(&self.config.load().downloads());
        self.stop.cancel();
        self.links.close();
        if tokio::time::timeout(FAREWELL, self.links.wait()).await.is_err() {
            warn!("a link did not close within {FAREWELL:?}");
        }
        self.store.close().await;
        info!("closed");
    }
}

/// What fell due while iglu was down had better not be said before there is a bot to say it. Returns when there are `count`
/// bots, or nobody else seems to come.
async fn all_there(bots: Arc<Bots>, count: usize, clock: Clock) {
    let end = clock.instant() + ARRIVAL;
    while bots.all().len() < count && clock.instant() < end {
        clock.sleep(ARRIVAL / 100).await;
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

fn official_settings(bot: &OfficialConfig) -> qq::Settings {
    qq::Settings {
        name: bot.name.clone(),
        app_id: bot.app_id.clone(),
        secret: bot.secret.reveal().to_owned(),
        old_secret: bot.old_secret.as_ref().map(|secret| secret.reveal().to_owned()),
        hook: bot.hook.clone(),
        journal: bot.journal,
        token_base: bot.token_base.clone(),
        api_base: bot.api_base.clone(),
        ca: bot.ca.clone(),
        intents: bot.intents,
        shards: bot.shards,
        rules: bot.rules.clone(),
        timings: qq::Timings { skew: bot.skew, ..qq::Timings::default() },
    }
}

/// wasmtime's cache takes only absolute paths.
fn absolute(path: &Path) -> anyhow::Result<std::path::PathBuf> {
    std::path::absolute(path).with_context(|| format!("cannot find {}", path.display()))
}
