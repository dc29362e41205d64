//! Time: the cron lines of manifests and the timers that plugins set.
//!
//! One task sleeps until the next thing falls due, whatever there is. What falls due becomes an event `scheduled` in the
//! mailbox of its plugin and of no other; plugins that are not there keep what is theirs until they are back.
//!
//! | | kept | delivered |
//! | --- | --- | --- |
//! | a timer | on disk until its handlers are done | at least once; again, `redelivered`, if the host ended before |
//! | a cron line, `missed = "skip"` | that it ran, before it runs | at most once; late by more than a minute, not at all |
//! | a cron line, `missed = "once"` | that it ran, when its handler is done | at least once; what was missed makes one run |
//!
//! For a plugin that is switched off in all chats no cron line is due: what falls into that time is neither run nor missed.
//! Its timers are held until it is on again, so that nothing which somebody asked for is lost. Where a plugin is off in one
//! chat, its time goes on, since the host does not know for which chat a timer was set; but there it cannot send.

mod cron;
mod fire;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::anyhow;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use self::cron::Cron;
pub use self::cron::{check, zone};
pub(crate) use self::fire::is_cron;
use crate::clock::Clock;
use crate::model::Error;
use crate::model::contract::iglu::plugin::clock::Timer;
use crate::plugin::manifest::{Handler, Missed, Trigger};
use crate::router::{Listener, Router};
use crate::store::{Agenda, CronRow, Noting, TimerRow};

/// What comes so late is still in time: machines are busy, processes restart. Later it was missed.
const LATE: Duration = Duration::from_secs(60);
/// A timer whose plugin is not there is kept for so long after it was due.
const KEPT: Duration = Duration::from_secs(30 * 86_400);
/// The longest name of a timer, in bytes.
const MAX_NAME: usize = 256;
/// The most data of a timer, in bytes. More belongs into the storage.
const MAX_DATA: usize = 64 << 10;
/// The latest time that a timer can have: the year 9999.
const MAX_DUE: f64 = 253_402_300_799.0;

/// Everything that falls due in this house.
pub struct Schedule {
    clock: Clock,
    /// Of cron lines that name none.
    zone: String,
    router: Arc<Router>,
    agenda: Agenda,
    inner: Mutex<Inner>,
    changed: Notify,
    /// One at a time hands things out, so that their order stays.
    firing: tokio::sync::Mutex<()>,
    /// From now on nothing counts as done.
    held: AtomicBool,
    stop: CancellationToken,
}

/// A plugin, and the name of one of its timers or handlers.
type Name = (Arc<str>, Arc<str>);

/// What falls due.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Cron(Name),
    Timer(Name),
}

#[derive(Default)]
struct Inner {
    /// The plugins that are there.
    listeners: HashMap<Arc<str>, Listener>,
    timers: BTreeMap<Name, Set>,
    lines: BTreeMap<Name, Line>,
    /// Of the plugins that are there, by milliseconds since 1970.
    queue: BTreeSet<(u64, Key)>,
    /// Tells a timer from one before it of the same name.
    number: u64,
    /// How far the clock was put forward when it was last looked at.
    ahead: Duration,
    /// The time of day then.
    seen: u64,
    /// The plugins that were off in all chats then.
    off: BTreeSet<String>,
}

/// A timer that was set.
struct Set {
    due: u64,
    data: Option<String>,
    number: u64,
    /// It was handed out, now or by an earlier process.
    fired: bool,
    /// Its handlers are at it.
    in_flight: bool,
    /// Not before this time: the mailbox was full.
    again: u64,
}

/// A cron line of a manifest.
struct Line {
    /// None while its plugin is not there.
    cron: Option<Cron>,
    missed: Missed,
    /// The line and its zone.
    text: String,
    /// What fell due until then is handed out.
    last: u64,
    /// What is done with, or begun, as it is on disk.
    done: u64,
    begun: u64,
}

impl Schedule {
    /// Reads what was kept. Nothing fires before [`Schedule::run`].
    ///
    /// # Errors
    ///
    /// The disk's.
    pub fn open(zone: &str, agenda: Agenda, router: Arc<Router>, clock: Clock) -> anyhow::Result<Arc<Self>> {
        let (timers, lines) =
            agenda.load().map_err(|reason| anyhow!("the timers cannot be read: {reason}"))?;
        let mut inner = Inner { ahead: clock.ahead(), ..Inner::default() };
        for TimerRow { plugin, name, due, fired, data } in timers {
            inner.number += 1;
            let set = Set { due, data, number: inner.number, fired, in_flight: false, again: 0 };
            inner.timers.insert((plugin.into(), name.into()), set);
        }
        for CronRow { plugin, handler, done, begun, text } in lines {
            let line = Line { cron: None, missed: Missed::Skip, text, last: done, done, begun };
            inner.lines.insert((plugin.into(), handler.into()), line);
        }
        Ok(Arc::new(Self {
            clock,
            zone: zone.to_owned(),
            router,
            agenda,
            inner: Mutex::new(inner),
            changed: Notify::new(),
            firing: tokio::sync::Mutex::default(),
            held: AtomicBool::new(false),
            stop: CancellationToken::new(),
        }))
    }

    /// Fires what falls due, until [`Schedule::stop`].
    pub async fn run(self: Arc<Self>) {
        self.forget();
        let mut off = self.router.off_everywhere();
        loop {
            let next = self.fire().await;
            let due = async {
                match next {
                    #[allow(clippy::cast_precision_loss, reason = "milliseconds up to the year 9999")]
                    Some(next) => self.clock.sleep_until(next as f64 / 1000.0).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = self.changed.notified() => {}
                // The sender lives as long as the router.
                _ = off.changed() => {}
                // The machine's clock may be set back meanwhile.
                () = self.clock.sleep(LATE) => {}
                () = due => {}
            }
        }
    }

    /// Nothing fires any more.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// From now on nothing counts as done: the plugins are being stopped.
    pub fn hold(&self) {
        self.held.store(true, Ordering::SeqCst);
    }

    /// Replaces the plugins that are there.
    pub(crate) fn listen(&self, listeners: &[Listener]) {
        let now = self.clock.millis();
        let mut inner = self.lock();
        let known = listeners.iter().map(|listener| (Arc::clone(&listener.id), listener.clone()));
        inner.listeners = known.collect();
        inner.lines.values_mut().for_each(|line| line.cron = None);
        for listener in listeners {
            for handler in &listener.manifest.handlers {
                self.take_in(&mut inner, &listener.id, handler, now);
            }
        }
        inner.queue_all();
        drop(inner);
        self.changed.notify_one();
    }

    /// A handler's cron line, if it has one. A new one, or another than before, begins now.
    fn take_in(&self, inner: &mut Inner, plugin: &Arc<str>, handler: &Handler, now: u64) {
        let Trigger::Cron(trigger) = &handler.on else { return };
        let zone = trigger.zone.as_deref().unwrap_or(&self.zone);
        let cron = match self::zone(zone).and_then(|zone| Cron::parse(&trigger.line, &zone)) {
            Ok(cron) => cron,
            Err(reason) => {
                error!(plugin = %plugin, handler = %handler.name, "never runs: {reason}");
                return;
            }
        };
        let text = format!("{} {zone}", trigger.line);
        let name = (Arc::clone(plugin), Arc::from(handler.name.as_str()));
        let known = inner.lines.remove(&name).filter(|line| line.text == text && !line.is_ahead(now));
        let is_new = known.is_none();
        let line = known.unwrap_or(Line {
            cron: None,
            missed: trigger.missed,
            text,
            last: now,
            done: now,
            begun: now,
        });
        let line = Line { cron: Some(cron), missed: trigger.missed, ..line };
        if is_new {
            drop(self.note_line(&name, &line));
        }
        inner.lines.insert(name, line);
    }

    /// Sets a timer. It is on disk when this returns.
    pub(crate) async fn set_timer(
        &self,
        plugin: &Arc<str>,
        name: String,
        due: f64,
        data: Option<String>,
        most: u32,
    ) -> Result<(), Error> {
        check_timer(&name, due, data.as_deref())?;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it was checked")]
        let due = (due.max(0.0) * 1000.0) as u64;
        let key = (Arc::clone(plugin), Arc::from(name.as_str()));
        let change = {
            let mut inner = self.lock();
            let others = inner.of(plugin).filter(|(other, set)| *other != &key && !set.in_flight).count();
            if others >= most as usize {
                return Err(Error::Exhausted(format!(
                    "this plugin has {others} timers already, which is its limit (`timers` in iglu.toml); cancel some"
                )));
            }
            inner.number += 1;
            let set = Set {
                due,
                data: data.clone(),
                number: inner.number,
                fired: false,
                in_flight: false,
                again: 0,
            };
            inner.unqueue(&key);
            inner.timers.insert(key.clone(), set);
            inner.enqueue_timer(&key);
            self.agenda.set_timer(TimerRow { plugin: plugin.to_string(), name, due, fired: false, data })
        };
        self.changed.notify_one();
        self.agenda.settled(change).await
    }

    /// Ends a timer that has not fired; whether there was one.
    pub(crate) async fn cancel_timer(&self, plugin: &Arc<str>, name: &str) -> Result<bool, Error> {
        check_name(name)?;
        let key = (Arc::clone(plugin), Arc::from(name));
        let change = {
            let mut inner = self.lock();
            if inner.timers.get(&key).is_none_or(|set| set.in_flight) {
                return Ok(false);
            }
            inner.unqueue(&key);
            inner.timers.remove(&key);
            self.agenda.remove_timer(plugin, name)
        };
        self.agenda.settled(change).await.map(|()| true)
    }

    /// The timers of a plugin that have not fired, the next one first.
    pub(crate) fn timers(&self, plugin: &Arc<str>) -> Vec<Timer> {
        let inner = self.lock();
        let waiting = inner.of(plugin).filter(|(_, set)| !set.in_flight);
        let mut timers: Vec<Timer> = waiting
            .map(|((_, name), set)| Timer {
                name: name.to_string(),
                due: seconds(set.due),
                data: set.data.clone(),
            })
            .collect();
        timers.sort_by(|a, b| a.due.total_cmp(&b.due));
        timers
    }

    /// Drops timers that nobody has come back for.
    fn forget(&self) {
        let now = self.clock.millis();
        let mut inner = self.lock();
        let Inner { timers, listeners, .. } = &mut *inner;
        timers.retain(|(plugin, name), set| {
            let is_old = set.due.saturating_add(millis(KEPT)) < now && !listeners.contains_key(plugin);
            if is_old {
                info!(%plugin, timer = %name, "dropped: it was due over 30 days ago, and its plugin is not there");
                drop(self.agenda.remove_timer(plugin, name));
            }
            !is_old
        });
    }

    fn note_line(&self, (plugin, handler): &Name, line: &Line) -> Noting {
        self.agenda.set_cron(CronRow {
            plugin: plugin.to_string(),
            handler: handler.to_string(),
            done: line.done,
            begun: line.begun,
            text: line.text.clone(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Line {
    /// Whether what it has done lies in the future: the clock was wrong then, and is set right now.
    fn is_ahead(&self, now: u64) -> bool {
        self.last.max(self.begun) > now.saturating_add(millis(LATE))
    }
}

impl Inner {
    /// The timers of a plugin.
    fn of(&self, plugin: &Arc<str>) -> impl Iterator<Item = (&Name, &Set)> {
        let first = (Arc::clone(plugin), Arc::from(""));
        self.timers.range(first..).take_while(move |((owner, _), _)| owner == plugin)
    }

    fn queue_all(&mut self) {
        let lines = self.lines.iter().filter_map(|(name, line)| {
            Some((line.cron.as_ref()?.next_after(line.last)?, Key::Cron(name.clone())))
        });
        self.queue = lines.collect();
        let names: Vec<Name> = self.timers.keys().cloned().collect();
        names.iter().for_each(|name| self.enqueue_timer(name));
    }

    fn enqueue_timer(&mut self, name: &Name) {
        let Some(set) = self.timers.get(name) else { return };
        if !set.in_flight && self.listeners.contains_key(&name.0) && !self.off.contains(&*name.0) {
            self.queue.insert((set.due.max(set.again), Key::Timer(name.clone())));
        }
    }

    fn unqueue(&mut self, name: &Name) {
        if let Some(set) = self.timers.get(name) {
            self.queue.remove(&(set.due.max(set.again), Key::Timer(name.clone())));
        }
    }
}

fn check_name(name: &str) -> Result<(), Error> {
    match name.len() {
        0 => Err(Error::Invalid("a timer needs a name".to_owned())),
        1..=MAX_NAME => Ok(()),
        length => {
            Err(Error::Invalid(format!("a timer's name has at most {MAX_NAME} bytes, this one {length}")))
        }
    }
}

fn check_timer(name: &str, due: f64, data: Option<&str>) -> Result<(), Error> {
    check_name(name)?;
    if !due.is_finite() || due > MAX_DUE {
        return Err(Error::Invalid(format!(
            "timer {name:?}: {due} is no time; give seconds since 1970 (are these milliseconds?)"
        )));
    }
    let Some(data) = data else { return Ok(()) };
    if data.len() > MAX_DATA {
        return Err(Error::Exhausted(format!(
            "timer {name:?}: its data has {} bytes, {MAX_DATA} are allowed; keep them in the storage",
            data.len()
        )));
    }
    match serde_json::from_str::<serde::de::IgnoredAny>(data) {
        Ok(_) => Ok(()),
        Err(e) => Err(Error::Invalid(format!("timer {name:?}: its data is not JSON: {e}"))),
    }
}

#[allow(clippy::cast_precision_loss, reason = "milliseconds up to the year 9999")]
fn seconds(millis: u64) -> f64 {
    millis as f64 / 1000.0
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
