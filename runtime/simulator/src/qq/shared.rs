//! What all parts of one simulated platform share.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64},
    },
};

use hyper::body::Bytes;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::{
    App, Options, Request,
    bot::BotState,
    clock::Clock,
    fault::Faults,
    gateway::{Lines, Presented},
    log::Log,
    sent::{Sent, Violation},
    webhook::Delivery,
};
use crate::{Greeting, lock, tls};

pub(super) struct Shared {
    pub(super) options: Options,
    pub(super) clock: Clock,
    /// Where REST and gateway are, once they listen.
    pub(super) addresses: (SocketAddr, SocketAddr),
    bots: Mutex<Vec<Arc<BotState>>>,
    pub(super) faults: Mutex<Faults>,
    pub(super) media: Mutex<HashMap<String, Bytes>>,
    pub(super) requests: Log<Request>,
    pub(super) sent: Log<Sent>,
    pub(super) violations: Log<Violation>,
    pub(super) presented: Log<Presented>,
    pub(super) deliveries: Log<Delivery>,
    pub(super) lines: Lines,
    pub(super) greeting: Mutex<Greeting>,
    /// New connections are reset at once.
    pub(super) away: AtomicBool,
    pub(super) numbers: AtomicU64,
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) tasks: Mutex<JoinSet<()>>,
}

impl Shared {
    pub(super) fn new(options: Options, addresses: (SocketAddr, SocketAddr)) -> Self {
        let bots = options.apps.iter().map(|app| Arc::new(BotState::new(&options, app.clone()))).collect();
        Self {
            addresses,
            clock: Clock::default(),
            bots: Mutex::new(bots),
            faults: Mutex::default(),
            media: Mutex::default(),
            requests: Log::default(),
            sent: Log::default(),
            violations: Log::default(),
            presented: Log::default(),
            deliveries: Log::default(),
            lines: Lines::default(),
            greeting: Mutex::new(Greeting::Normal),
            away: AtomicBool::new(false),
            numbers: AtomicU64::new(0),
            tls: options.tls.then(|| TlsAcceptor::from(tls::server_config())),
            tasks: Mutex::default(),
            options,
        }
    }

    pub(super) fn bots(&self) -> Vec<Arc<BotState>> {
        lock(&self.bots).clone()
    }

    pub(super) fn bot(&self, app_id: &str) -> Option<Arc<BotState>> {
        lock(&self.bots).iter().find(|bot| bot.app.app_id == app_id).cloned()
    }

    pub(super) fn add_bot(&self, app: App) -> Arc<BotState> {
        let bot = Arc::new(BotState::new(&self.options, app));
        lock(&self.bots).push(bot.clone());
        bot
    }

    /// `http://HOST:PORT`, or `https://`.
    pub(super) fn base(&self) -> String {
        let scheme = if self.options.tls { "https" } else { "http" };
        format!("{scheme}://{}", self.addresses.0)
    }

    pub(super) fn gateway_url(&self) -> String {
        let scheme = if self.options.tls { "wss" } else { "ws" };
        format!("{scheme}://{}/websocket", self.addresses.1)
    }

    /// Spawns something that ends with the platform.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = lock(&self.tasks);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
    }
}
