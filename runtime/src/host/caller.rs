//! One instance of a plugin, as host functions see it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tokio_util::sync::CancellationToken;

use super::Pace;
use super::drafts::Drafts;
use super::log::LogGate;
use super::streams::Streams;
use crate::bot::{Bot, Bots};
use crate::clock::Clock;
use crate::config::Limits;
use crate::model::{Error, Incoming};
use crate::plugin::activity::Activity;
use crate::plugin::engine::CpuClock;
use crate::plugin::flight::Flight;
use crate::plugin::loader::Version;
use crate::policy::Policy;
use crate::store::PluginStore;

/// Events that are over stay known for so many events more: a task that a handler left behind may still answer.
const REMEMBERED_EVENTS: usize = 64;
/// What the plugin sent stays known for so many messages, so that it may recall them.
const REMEMBERED_SENDS: usize = 512;
/// Addresses of media that the platform gave stay known for so many more.
const REMEMBERED_ADDRESSES: usize = 1024;

/// What all instances of one plugin work with.
pub(crate) struct Surroundings {
    pub(crate) plugin: Arc<str>,
    pub(crate) bots: Arc<Bots>,
    pub(crate) storage: PluginStore,
    pub(crate) superusers: Arc<[String]>,
    pub(crate) clock: Clock,
    pub(crate) pace: Pace,
    pub(crate) activity: Arc<Activity>,
    sent: Mutex<VecDeque<(String, String)>>,
    addresses: Mutex<VecDeque<String>>,
}

impl Surroundings {
    pub(crate) fn new(
        plugin: Arc<str>,
        bots: Arc<Bots>,
        storage: PluginStore,
        superusers: Arc<[String]>,
        clock: Clock,
        limits: &Limits,
    ) -> Self {
        let (sent, addresses, activity) = (Mutex::default(), Mutex::default(), Arc::default());
        let pace = Pace::new(limits);
        Self { plugin, bots, storage, superusers, clock, pace, activity, sent, addresses }
    }
}

/// The caller of host functions.
pub(crate) struct Caller {
    pub(crate) plugin: Arc<str>,
    pub(crate) flight: Flight,
    /// Cancelled when the instance is about to stop and its handlers' grace is over.
    pub(crate) stopping: CancellationToken,
    pub(crate) policy: Arc<Policy>,
    pub(crate) limits: Limits,
    pub(super) config: String,
    pub(super) log: LogGate,
    pub(super) drafts: Drafts,
    around: Option<Arc<Surroundings>>,
    over: Mutex<VecDeque<Arc<Incoming>>>,
    pub(super) streams: Streams,
    cpu: OnceLock<CpuClock>,
}

impl Caller {
    /// A caller with the rights of this version.
    pub(crate) fn new(around: &Arc<Surroundings>, version: &Version) -> Self {
        Self {
            plugin: Arc::clone(&around.plugin),
            flight: Flight::default(),
            stopping: CancellationToken::new(),
            policy: Arc::clone(&version.policy),
            limits: version.limits.clone(),
            config: version.config.clone(),
            log: LogGate::new(&version.limits),
            drafts: Drafts::default(),
            around: Some(Arc::clone(around)),
            over: Mutex::default(),
            streams: Streams::default(),
            cpu: OnceLock::new(),
        }
    }

    /// A caller that is only asked what it is, and has no rights.
    pub(crate) fn describing() -> Self {
        let limits = Limits::default();
        Self {
            plugin: "(unknown)".into(),
            flight: Flight::default(),
            stopping: CancellationToken::new(),
            policy: Arc::new(Policy::new("(unknown)", &[], &[])),
            config: "{}".to_owned(),
            log: LogGate::new(&limits),
            drafts: Drafts::default(),
            limits,
            around: None,
            over: Mutex::default(),
            streams: Streams::default(),
            cpu: OnceLock::new(),
        }
    }

    /// What goes on in this plugin; nothing to note of one that is only asked what it is.
    pub(crate) fn activity(&self) -> Option<&Arc<Activity>> {
        self.around.as_ref().map(|around| &around.activity)
    }

    pub(crate) fn is_describing(&self) -> bool {
        self.around.is_none()
    }

    /// Names the clock that counts this instance's CPU time.
    pub(crate) fn runs_on(&self, clock: CpuClock) {
        let _ = self.cpu.set(clock);
    }

    /// The guest is back in the host: its CPU time counts from zero.
    pub(crate) fn returned(&self) {
        if let Some(clock) = self.cpu.get() {
            clock.returned();
        }
    }

    pub(super) fn around(&self) -> Result<&Surroundings, Error> {
        self.around.as_deref().ok_or_else(|| Error::Denied("describe() has no rights".to_owned()))
    }

    pub(super) fn bot(&self, id: &str) -> Result<Arc<dyn Bot>, Error> {
        self.around()?.bots.get(id).ok_or_else(|| {
            Error::NotFound(format!(
                "there is no bot {id:?} on this host; bots.list names those that there are"
            ))
        })
    }

    /// An event that is being handled, or was a short while ago.
    pub(super) fn event(&self, id: &str) -> Result<Arc<Incoming>, Error> {
        if let Some(event) = self.flight.event(id) {
            return Ok(event);
        }
        let over = self.over.lock().unwrap_or_else(PoisonError::into_inner);
        over.iter().find(|event| event.event.id == id).cloned().ok_or_else(|| {
            Error::NotFound(format!(
                "event {id:?} is not, or no longer, known to this plugin; it ended some time ago"
            ))
        })
    }

    /// An event is over; it stays known for a while.
    pub(crate) fn is_over(&self, event: &Arc<Incoming>) {
        let mut over = self.over.lock().unwrap_or_else(PoisonError::into_inner);
        if over.len() == REMEMBERED_EVENTS {
            over.pop_front();
        }
        over.push_back(Arc::clone(event));
    }

    /// The plugin sent this message itself.
    pub(super) fn sent(&self, bot: &str, messages: &[String]) {
        let Ok(around) = self.around() else { return };
        let mut sent = around.sent.lock().unwrap_or_else(PoisonError::into_inner);
        for message in messages {
            if sent.len() == REMEMBERED_SENDS {
                sent.pop_front();
            }
            sent.push_back((bot.to_owned(), message.clone()));
        }
    }

    pub(super) fn has_sent(&self, bot: &str, message: &str) -> bool {
        self.around().is_ok_and(|around| {
            let sent = around.sent.lock().unwrap_or_else(PoisonError::into_inner);
            sent.iter().any(|(by, id)| by == bot && id == message)
        })
    }

    /// The platform gave this address of a medium.
    pub(super) fn was_given(&self, address: &str) {
        let Ok(around) = self.around() else { return };
        let mut addresses = around.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        if addresses.iter().any(|known| known == address) {
            return;
        }
        if addresses.len() == REMEMBERED_ADDRESSES {
            addresses.pop_front();
        }
        addresses.push_back(address.to_owned());
    }

    /// Whether the platform gave this address of a medium.
    pub(super) fn is_genuine(&self, address: &str) -> bool {
        self.around().is_ok_and(|around| {
            let addresses = around.addresses.lock().unwrap_or_else(PoisonError::into_inner);
            addresses.iter().any(|known| known == address)
        })
    }
}
