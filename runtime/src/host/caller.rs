//! One instance of a plugin, as host functions see it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};

use tokio_util::sync::CancellationToken;

use super::brought::Brought;
use super::drafts::Drafts;
use super::log::LogGate;
use super::streams::Streams;
use super::{Outlet, Pace};
use crate::bot::{Bot, Bots};
use crate::clock::Clock;
use crate::config::{Limits, Live};
use crate::model::{self, Chat, Error, Incoming};
use crate::plugin::activity::Activity;
use crate::plugin::engine::CpuClock;
use crate::plugin::flight::Flight;
use crate::plugin::loader::Version;
use crate::plugin::mailbox::Mailbox;
use crate::policy::Policy;
use crate::router::{Router, Seat, chat_parts};
use crate::schedule::Schedule;
use crate::store::PluginStore;

/// Events that are over stay known for so many events more: a task that a handler left behind may still answer.
const REMEMBERED_EVENTS: usize = 64;
/// What the plugin sent stays known for so many messages, so that it may recall them.
const REMEMBERED_SENDS: usize = 512;
/// The longest id that a plugin may name, in bytes; those of platforms have some dozens.
const LONGEST_ID: usize = 256;
/// Addresses of media that the platform gave stay known for so many more.
const REMEMBERED_ADDRESSES: usize = 1024;

/// What all instances of one plugin work with.
pub(crate) struct Surroundings {
    pub(crate) plugin: Arc<str>,
    pub(crate) bots: Arc<Bots>,
    pub(crate) storage: PluginStore,
    /// The owner's configuration as it stands now.
    pub(crate) owner: Live,
    pub(crate) clock: Clock,
    pub(crate) activity: Arc<Activity>,
    pub(super) outlet: Outlet,
    pace: RwLock<Arc<Pace>>,
    pub(crate) desk: Desk,
    sent: Mutex<VecDeque<(String, String)>>,
    addresses: Mutex<VecDeque<String>>,
    brought: Brought,
}

/// What it shares with all other plugins.
pub(crate) struct Shared {
    pub(crate) bots: Arc<Bots>,
    pub(crate) owner: Live,
    pub(crate) clock: Clock,
    pub(crate) desk: Desk,
}

/// Where a plugin asks to be woken.
pub(crate) struct Desk {
    pub(crate) router: Arc<Router>,
    pub(crate) schedule: Arc<Schedule>,
}

impl Surroundings {
    pub(crate) fn new(
        plugin: Arc<str>,
        shared: Shared,
        storage: PluginStore,
        outlet: Outlet,
        limits: &Limits,
    ) -> Self {
        let Shared { bots, owner, clock, desk } = shared;
        let (sent, addresses, activity) = (Mutex::default(), Mutex::default(), Arc::default());
        let brought = Brought::default();
        let pace = RwLock::new(Arc::new(Pace::new(limits, &clock)));
        Self { plugin, bots, storage, owner, clock, pace, activity, outlet, desk, sent, addresses, brought }
    }

    /// The gauge of what the plugin sends. What it has counted outlives instances.
    pub(crate) fn pace(&self) -> Arc<Pace> {
        Arc::clone(&self.pace.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn keep_pace(&self, limits: &Limits) {
        let mut pace = self.pace.write().unwrap_or_else(PoisonError::into_inner);
        if !pace.is_of(limits) {
            *pace = Arc::new(Pace::new(limits, &self.clock));
        }
    }
}

/// The caller of host functions.
pub(crate) struct Caller {
    pub(crate) plugin: Arc<str>,
    pub(crate) flight: Arc<Flight>,
    pub(crate) mailbox: Arc<Mailbox>,
    /// Cancelled when the instance is about to stop and its handlers' grace is over.
    pub(crate) stopping: CancellationToken,
    /// Cancelled as soon as the instance is to stop: nobody waits for users any longer.
    pub(crate) leaving: CancellationToken,
    why: OnceLock<&'static str>,
    /// The places of handlers between two waits.
    seats: Mutex<HashMap<u64, Seat>>,
    pub(crate) policy: Arc<Policy>,
    pub(crate) limits: Limits,
    pub(super) config: String,
    /// What no log line may hold.
    pub(crate) secrets: Arc<[String]>,
    pub(super) log: LogGate,
    pub(super) drafts: Drafts,
    around: Option<Arc<Surroundings>>,
    over: Mutex<VecDeque<Arc<Incoming>>>,
    pub(super) streams: Streams,
    cpu: OnceLock<CpuClock>,
}

impl Caller {
    /// A caller with the rights of this version.
    pub(crate) fn new(around: &Arc<Surroundings>, version: &Version, mailbox: &Arc<Mailbox>) -> Self {
        around.keep_pace(&version.limits);
        Self {
            plugin: Arc::clone(&around.plugin),
            flight: Arc::default(),
            mailbox: Arc::clone(mailbox),
            stopping: CancellationToken::new(),
            leaving: CancellationToken::new(),
            why: OnceLock::new(),
            seats: Mutex::default(),
            policy: Arc::clone(&version.policy),
            limits: version.limits.clone(),
            config: version.config.clone(),
            secrets: Arc::clone(&version.secrets),
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
            flight: Arc::default(),
            mailbox: Arc::new(Mailbox::new(0)),
            stopping: CancellationToken::new(),
            leaving: CancellationToken::new(),
            why: OnceLock::new(),
            seats: Mutex::default(),
            policy: Arc::new(Policy::new("(unknown)", &[], &[])),
            config: "{}".to_owned(),
            secrets: Arc::default(),
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

    /// A call comes with so many bytes.
    pub(super) fn takes(&self, bytes: usize) -> Result<(), Error> {
        self.around.as_ref().map_or(Ok(()), |around| around.brought.take(bytes, self.limits.call_bytes))
    }

    /// So many of them are no longer kept.
    pub(super) fn lets_go(&self, bytes: usize) {
        if let Some(around) = &self.around {
            around.brought.put_down(bytes);
        }
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

    /// The instance is to stop, for this reason.
    pub(crate) fn leave(&self, reason: &'static str) {
        let _ = self.why.set(reason);
        self.leaving.cancel();
    }

    /// Why it is to stop: the contract's words of `stop`.
    pub(super) fn why(&self) -> &'static str {
        self.why.get().copied().unwrap_or("shutdown")
    }

    /// A wait of this handler is over; its place is kept until it waits again or ends.
    pub(super) fn keeps_seat(&self, handler: u64, seat: Seat) {
        let before = self.seats().insert(handler, seat);
        // Not under the lock: it passes on what it held.
        drop(before);
    }

    /// The place that this handler has kept.
    pub(super) fn takes_seat(&self, handler: u64) -> Option<Seat> {
        self.seats().remove(&handler)
    }

    /// A handler has ended: what was held back for it goes on its way.
    pub(crate) fn stands_up(&self, handler: u64) {
        let seat = self.takes_seat(handler);
        drop(seat);
    }

    fn seats(&self) -> MutexGuard<'_, HashMap<u64, Seat>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
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

    /// Whether the plugin may speak there of its own accord: not where it was switched off.
    pub(super) fn may_begin(&self, bot: &model::Bot, chat: &Chat) -> Result<(), Error> {
        are_ids(chat_parts(chat))?;
        if self.around()?.desk.router.is_on(&self.plugin, bot, chat) {
            return Ok(());
        }
        Err(Error::Denied(format!(
            "the plugin is switched off in that chat, so it sends nothing there of its own accord; `/plugin on {}`, \
             said there by one who may, changes that",
            self.plugin
        )))
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

/// Whether these can be ids of chats and users.
pub(super) fn are_ids<'a>(ids: impl IntoIterator<Item = &'a str>) -> Result<(), Error> {
    match ids.into_iter().map(str::len).find(|length| *length > LONGEST_ID) {
        Some(length) => Err(Error::Invalid(format!(
            "an id of {length} bytes is nobody's; they have {LONGEST_ID} at most"
        ))),
        None => Ok(()),
    }
}
