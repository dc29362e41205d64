//! From an event to the handlers that asked for it.
//!
//! The router sees every event once: it drops repetitions, finds the handlers of all plugins in one pass over one
//! table, and puts a job into the mailbox of each plugin, in the order of priority. It never waits, so a socket reader
//! may call it; what has to wait (for the verdict of a handler that blocks) goes on in a task of its own.
//!
//! | file | what it knows |
//! | --- | --- |
//! | `dedup` | events that were seen lately |
//! | `table` | everything that all plugins listen to, and how one pass finds the handlers of an event |
//! | `commands`, `patterns`, `kinds` | the ways to listen |
//! | `words`, `arguments`, `usage` | what stands after a command, and what is said if it does not fit |
//! | `naming` | what commands are called here, as the owner wants |
//! | `conditions`, `place` | who, where, to whom |
//! | `access`, `switches`, `standing` | whose events are let in, and where each plugin is on |
//! | `rates` | how often |
//! | `waiters` | who waits for what a user says next |
//! | `dispatch`, `turns` | queueing jobs in order, verdicts |
//! | `builtin` | the commands that the host answers itself |
//! | `help`, `pages` | `/help` and lists of sub-commands, made from all manifests |
//! | `manage` | `/plugin`: plugins on and off in a chat |

mod access;
mod arguments;
mod builtin;
mod commands;
mod conditions;
mod dedup;
mod dispatch;
mod help;
mod kinds;
mod manage;
mod naming;
mod pages;
mod patterns;
mod place;
mod rates;
#[cfg(test)]
mod samples;
mod standing;
mod switches;
mod table;
#[cfg(test)]
mod tests;
mod turns;
mod usage;
mod waiters;
mod words;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use tokio::sync::watch;

pub use kinds::{KINDS, is_kind, kind_of};
pub(crate) use patterns::size as pattern_size;
pub(crate) use place::chat_parts;
pub use place::{chat_of, user_of};
#[cfg(test)]
pub(crate) use switches::EVERYWHERE;
pub use switches::Switches;
pub use table::Matcher;
pub(crate) use usage::of as usage_of;
pub use waiters::{Expected, NoSeat, Seat, Woken};

use crate::adapter::Inlet;
use crate::bot::Bots;
use crate::clock::Clock;
use crate::config::{Access, Config, Language, PluginConfig, Users};
use crate::model::Incoming;
use crate::plugin::mailbox::Mailbox;
use crate::plugin::manifest::{Manifest, Rate};
use dedup::Dedup;
use rates::Rates;
use table::{Present, Table};
use turns::Turns;
use waiters::Waiters;

/// How much longer than a handler may take the router waits for its verdict: it may have had to queue.
const VERDICT_MARGIN: Duration = Duration::from_secs(15);

/// What the owner settled.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Of the host's own answers.
    pub language: Language,
    /// Users who may everything.
    pub superusers: Users,
    /// Whose events are let in.
    pub access: Access,
    /// How often each user may use commands, all together. Superusers as often as they like.
    pub command_rate: Option<Rate>,
    /// What is said about single plugins.
    pub plugins: BTreeMap<String, PluginConfig>,
    /// What was said in chats.
    pub switches: Arc<Switches>,
    /// What commands begin with; `""` is none.
    pub prefixes: Vec<String>,
    /// How long later handlers wait for one that blocks, at most.
    pub verdict_wait: Duration,
}

impl From<&Config> for Settings {
    fn from(config: &Config) -> Self {
        let own = config.plugins.values().map(|plugin| plugin.limits.handler);
        let longest = own.fold(config.limits.handler, Duration::max);
        Self {
            language: config.language,
            superusers: config.superusers.clone(),
            access: config.access.clone(),
            command_rate: config.command_rate,
            plugins: config.plugins.clone(),
            switches: Arc::default(),
            prefixes: config.prefixes.clone(),
            verdict_wait: longest + VERDICT_MARGIN,
        }
    }
}

/// A plugin that wants events.
#[derive(Debug, Clone)]
pub struct Listener {
    /// The plugin's id.
    pub id: Arc<str>,
    /// What it listens to.
    pub manifest: Arc<Manifest>,
    /// Where its jobs go.
    pub mailbox: Arc<Mailbox>,
}

/// What the router has done since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Events that came in.
    pub events: u64,
    /// Of these, repetitions that were dropped.
    pub duplicates: u64,
    /// Of these, events that at least one handler wanted.
    pub matched: u64,
    /// Jobs that were put into mailboxes.
    pub queued: u64,
    /// Jobs that were lost because a mailbox was full.
    pub shed: u64,
}

/// Finds the handlers of every event. One for the whole host.
pub struct Router {
    present: Arc<ArcSwap<Present>>,
    bots: Arc<Bots>,
    clock: Clock,
    board: ArcSwap<Board>,
    wanted: watch::Sender<BTreeSet<&'static str>>,
    dedup: Dedup,
    rates: Rates,
    /// What the host itself answers users, as often as it does.
    answers: Rates,
    turns: Turns,
    waiters: Waiters,
    counts: Counts,
    pending: watch::Sender<usize>,
    /// What the owner was told of the present table, so that a reload does not say it again.
    remarks: Mutex<HashSet<String>>,
    /// When the owner was last told of a full mailbox.
    warned: Mutex<HashMap<Arc<str>, Instant>>,
}

/// Who listens now.
#[derive(Debug, Default)]
struct Board {
    table: Table,
    listeners: Vec<Listener>,
}

#[derive(Debug, Default)]
struct Counts {
    events: AtomicU64,
    duplicates: AtomicU64,
    matched: AtomicU64,
    queued: AtomicU64,
    shed: AtomicU64,
}

impl Router {
    /// A router to which nobody listens yet. Answers of its own leave by `bots`.
    #[must_use]
    pub fn new(settings: Settings, bots: Arc<Bots>, clock: Clock) -> Arc<Self> {
        Arc::new(Self {
            present: Arc::new(ArcSwap::from_pointee(settings.into())),
            bots,
            clock,
            board: ArcSwap::default(),
            wanted: watch::Sender::default(),
            dedup: Dedup::default(),
            rates: Rates::default(),
            answers: Rates::default(),
            turns: Turns::default(),
            waiters: Waiters::default(),
            counts: Counts::default(),
            pending: watch::Sender::new(0),
            remarks: Mutex::default(),
            warned: Mutex::default(),
        })
    }

    /// From the next event on these settings count; for what the table is made from, from the next [`Router::listen`] on.
    /// What was switched on and off in chats stays. Whoever waits where his plugin is off now does so no longer.
    pub fn settle(&self, settings: Settings) {
        let switches = Arc::clone(&self.present.load().rules.switches);
        self.present.store(Arc::new(Settings { switches, ..settings }.into()));
        self.end_waits(None);
    }

    /// Replaces everyone who listens. An event goes wholly by the old list or wholly by the new one. What
    /// counts for rates stays.
    pub fn listen(&self, listeners: Vec<Listener>) {
        let plugins = listeners.iter().map(|listener| (Arc::clone(&listener.id), &listener.manifest));
        let present = self.present.load();
        let table = Table::new(plugins, &present.rules);
        let mut told = self.remarks.lock().unwrap_or_else(PoisonError::into_inner);
        let mut remarks = table.remarks();
        remarks.extend(rates::remarks(&listeners, &present.rules));
        table::write_new(remarks, &mut told);
        let wanted = table.wanted();
        self.wanted.send_if_modified(|known| (*known != wanted).then(|| *known = wanted).is_some());
        self.board.store(Arc::new(Board { table, listeners }));
    }

    /// This router as the place where an adapter puts its events.
    #[must_use]
    pub fn inlet(self: &Arc<Self>) -> Inlet {
        let router = Arc::clone(self);
        Arc::new(move |incoming| router.route(incoming))
    }

    /// The finest kinds of event, of [`KINDS`], that somebody listens to.
    #[must_use]
    pub fn wanted(&self) -> watch::Receiver<BTreeSet<&'static str>> {
        self.wanted.subscribe()
    }

    /// What wakes the handlers of one plugin, apart from the others: for events that wait while a new version comes,
    /// whose handlers may have other names.
    #[must_use]
    pub fn matcher(&self, manifest: &Arc<Manifest>) -> Matcher {
        Matcher::new(manifest, Arc::clone(&self.present))
    }

    /// The handlers of one plugin that want this event, with their `args`. Make a [`Router::matcher`] for many events.
    #[must_use]
    pub fn matches(&self, manifest: &Arc<Manifest>, incoming: &Incoming) -> Vec<(Arc<str>, String)> {
        self.matcher(manifest).matches(incoming)
    }

    /// What was done so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counters {
            events: read(&self.counts.events),
            duplicates: read(&self.counts.duplicates),
            matched: read(&self.counts.matched),
            queued: read(&self.counts.queued),
            shed: read(&self.counts.shed),
        }
    }

    /// Returns when nothing of the router's own is under way: no verdict awaited, no answer of its own being sent. Jobs in
    /// mailboxes are their plugins' affair.
    pub async fn settled(&self) {
        // The sender lives in `self`, so waiting cannot fail.
        let _ = self.pending.subscribe().wait_for(|pending| *pending == 0).await;
    }
}
