//! Which handlers of an instance are running, and what they have done so far.
//!
//! When an instance ends badly this decides what becomes of their events: the one that was running is not tried again;
//! one that has acted is not either, because acting twice is worse than stopping half-way; the others go to the next
//! instance, once.
//!
//! A handler that waits for a user rests: it counts neither for the number of handlers at once nor for the time of one.
//! Thousands may rest, so nothing here looks at all of them for the sake of one.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use wasmtime::component::GuestTaskId;

use super::mailbox::Job;
use crate::model::{Error, Incoming, Kept};

/// The events that a handler waited for and still has at hand. An endless conversation must not keep them all.
const TAKEN: usize = 64;

/// The running handlers of one instance, in the order of their start.
#[derive(Default)]
pub(crate) struct Flight {
    inner: Mutex<Inner>,
    /// Told when a handler begins to rest.
    rested: Notify,
}

#[derive(Default)]
struct Inner {
    running: BTreeMap<u64, Running>,
    by_task: HashMap<GuestTaskId, u64>,
    /// By the hash of an event's id: the handlers that are at work on it.
    by_event: BTreeSet<(u64, u64)>,
    keys: RandomState,
    resting: usize,
    next: u64,
    /// The handler that last started or came back from a host call.
    last: Option<u64>,
}

struct Running {
    job: Job,
    task: Option<GuestTaskId>,
    since: Instant,
    acted: bool,
    replies: u32,
    reported: bool,
    /// How many waits it is in, and since when.
    waits: u32,
    rests_since: Instant,
    /// How long it has rested so far, this time not counted.
    rested: Duration,
    /// A wait of its was cancelled.
    told: bool,
    /// What it waited for and got, oldest first.
    taken: VecDeque<Taken>,
}

/// An event that ended a wait.
struct Taken {
    event: Arc<Incoming>,
    /// Dropped with the handler.
    _kept: Option<Kept>,
    replies: u32,
}

/// A handler that has ended.
pub(crate) struct Left {
    pub(crate) job: Job,
    /// The events that it waited for.
    pub(crate) taken: Vec<Arc<Incoming>>,
    /// It left a task behind that still waits, and so rested to its end.
    pub(crate) rested: bool,
}

/// A handler that has been running for too long.
pub(crate) struct Overdue {
    pub(crate) handler: Arc<str>,
    pub(crate) event: String,
    pub(crate) age: Duration,
}

impl Flight {
    /// A handler begins. Answers its number.
    pub(crate) fn enter(&self, job: Job) -> u64 {
        let mut inner = self.lock();
        let number = inner.next;
        inner.next += 1;
        let since = Instant::now();
        let key = inner.key(&job.event.event.id);
        inner.by_event.insert((key, number));
        let running = Running {
            job,
            task: None,
            since,
            acted: false,
            replies: 0,
            reported: false,
            waits: 0,
            rests_since: since,
            rested: Duration::ZERO,
            told: false,
            taken: VecDeque::new(),
        };
        inner.running.insert(number, running);
        inner.last = Some(number);
        number
    }

    /// Names the guest task that runs this handler.
    pub(crate) fn runs_as(&self, number: u64, task: GuestTaskId) {
        let mut inner = self.lock();
        if let Some(running) = inner.running.get_mut(&number) {
            running.task = Some(task);
            inner.by_task.insert(task, number);
        }
    }

    /// A handler ended.
    pub(crate) fn leave(&self, number: u64) -> Option<Left> {
        let running = self.lock().remove(number)?;
        let rested = running.waits > 0;
        let taken = running.taken.into_iter().map(|taken| taken.event).collect();
        Some(Left { job: running.job, taken, rested })
    }

    /// A handler is still at work and has not acted so far.
    pub(crate) fn is_idle(&self, number: u64) -> bool {
        self.lock().running.get(&number).is_some_and(|running| !running.acted)
    }

    /// The event with this id, if a handler is at work on it.
    pub(crate) fn event(&self, id: &str) -> Option<Arc<Incoming>> {
        let inner = self.lock();
        inner.at_work_on(id).find_map(|number| inner.running.get(&number)?.event(id).cloned())
    }

    /// The events at work that satisfy a condition, if any.
    pub(crate) fn any(&self, condition: impl Fn(&Incoming) -> bool) -> bool {
        let taken = |running: &Running| running.taken.iter().any(|taken| condition(&taken.event));
        self.lock().running.values().any(|running| condition(&running.job.event) || taken(running))
    }

    /// The guest called the host from this task.
    pub(crate) fn touched(&self, task: GuestTaskId) {
        let mut inner = self.lock();
        if let Some(number) = inner.by_task.get(&task).copied() {
            inner.last = Some(number);
        }
    }

    /// The handler that runs as `task`, else one that is at work on this event.
    pub(crate) fn at_work(&self, task: Option<GuestTaskId>, event: &str) -> Option<u64> {
        let inner = self.lock();
        task.and_then(|task| inner.by_task.get(&task).copied()).or_else(|| inner.at_work_on(event).next())
    }

    /// A handler begins to wait for a user. False if it did so already, or is no more.
    pub(crate) fn rest(&self, number: u64) -> bool {
        let mut inner = self.lock();
        let Some(running) = inner.running.get_mut(&number) else { return false };
        running.waits += 1;
        if running.waits > 1 {
            return false;
        }
        running.rests_since = Instant::now();
        inner.resting += 1;
        drop(inner);
        self.rested.notify_one();
        true
    }

    /// One of its waits is over. False if it waits for another one, or was awake.
    pub(crate) fn wake(&self, number: u64) -> bool {
        let mut inner = self.lock();
        let Some(running) = inner.running.get_mut(&number).filter(|running| running.waits > 0) else {
            return false;
        };
        running.waits -= 1;
        if running.waits > 0 {
            return false;
        }
        running.rested += running.rests_since.elapsed();
        inner.resting -= 1;
        true
    }

    /// The instance ends: nobody rests any more. Answers how many did.
    pub(crate) fn wake_all(&self) -> usize {
        let mut inner = self.lock();
        inner.running.values_mut().for_each(|running| running.waits = 0);
        std::mem::take(&mut inner.resting)
    }

    /// Returns when a handler has begun to rest.
    pub(crate) async fn rested(&self) {
        self.rested.notified().await;
    }

    /// A handler's wait was ended by this event. It has acted: nobody else gets the event now, and a new start could not
    /// know of it. False if the handler has ended: what it left behind waited.
    pub(crate) fn took(&self, number: u64, event: &Arc<Incoming>, kept: Option<Kept>) -> bool {
        let mut inner = self.lock();
        let key = inner.key(&event.event.id);
        let Some(running) = inner.running.get_mut(&number) else { return false };
        running.acted = true;
        running.taken.push_back(Taken { event: Arc::clone(event), _kept: kept, replies: 0 });
        let oldest = if running.taken.len() > TAKEN { running.taken.pop_front() } else { None };
        inner.by_event.insert((key, number));
        if let Some(oldest) = oldest {
            let key = inner.key(&oldest.event.event.id);
            inner.by_event.remove(&(key, number));
        }
        true
    }

    /// A wait of this handler was cancelled, so that it comes to an end.
    pub(crate) fn tell(&self, number: u64) {
        if let Some(running) = self.lock().running.get_mut(&number) {
            running.told = true;
        }
    }

    /// Whether a wait of this handler was cancelled.
    pub(crate) fn was_told(&self, number: u64) -> bool {
        self.lock().running.get(&number).is_some_and(|running| running.told)
    }

    /// Whether one more reply to this event may go out.
    pub(crate) fn may_reply(&self, event: &str, most: u32) -> Result<(), Error> {
        let mut inner = self.lock();
        let numbers: Vec<u64> = inner.at_work_on(event).collect();
        let mut replies = numbers.into_iter().filter_map(|number| inner.replies(number, event).copied());
        if replies.any(|replies| replies >= most) { Err(too_often(most)) } else { Ok(()) }
    }

    /// A reply goes out: every handler at work on that event has acted. Refused when there were `most` already.
    pub(crate) fn replied(&self, event: &str, most: u32) -> Result<(), Error> {
        let mut inner = self.lock();
        let numbers: Vec<u64> = inner.at_work_on(event).collect();
        for number in numbers {
            let Some(replies) = inner.replies(number, event) else { continue };
            if *replies >= most {
                return Err(too_often(most));
            }
            *replies += 1;
            if let Some(running) = inner.running.get_mut(&number) {
                running.acted = true;
            }
        }
        Ok(())
    }

    /// Something else went out. Whose doing it was cannot be told for sure, since handlers of one instance share its
    /// memory, so it counts for all.
    pub(crate) fn acted(&self) {
        for running in self.lock().running.values_mut() {
            running.acted = true;
        }
    }

    /// How many handlers run.
    pub(crate) fn len(&self) -> usize {
        self.lock().running.len()
    }

    /// How many handlers run that do not wait for a user.
    pub(crate) fn busy(&self) -> usize {
        let inner = self.lock();
        inner.running.len() - inner.resting
    }

    /// Handlers older than `limit` that were not reported yet, and the age of the oldest of all.
    pub(crate) fn overdue(&self, limit: Duration) -> (Vec<Overdue>, Duration) {
        let now = Instant::now();
        let mut oldest = Duration::ZERO;
        let mut news = Vec::new();
        for running in self.lock().running.values_mut().filter(|running| running.waits == 0) {
            let age = running.age(now);
            oldest = oldest.max(age);
            if age > limit && !running.reported {
                running.reported = true;
                let event = running.job.event.event.id.clone();
                news.push(Overdue { handler: Arc::clone(&running.job.handler), event, age });
            }
        }
        (news, oldest)
    }

    /// The instance had to be ended because of handlers that have been running for longer than `limit`. Answers one of
    /// them, and the jobs to give to the next instance.
    pub(crate) fn overran(&self, limit: Duration) -> (Option<Job>, Vec<Job>) {
        let running = self.lock().clear();
        let now = Instant::now();
        let is_late = |running: &Running| running.waits == 0 && running.age(now) > limit;
        let (late, others) = running.into_iter().partition(|(_, running)| is_late(running));
        (BTreeMap::into_values(late).next().map(|running: Running| running.job), retry(others))
    }

    /// The instance is gone. `culprit` is the task that trapped, if that is known, else whoever was touched last.
    /// Answers the handler that was running, and the jobs to give to the next instance.
    pub(crate) fn crash(&self, culprit: Option<GuestTaskId>) -> (Option<Job>, Vec<Job>) {
        let mut inner = self.lock();
        let by_task = culprit.and_then(|task| inner.by_task.get(&task).copied());
        let guilty = by_task.or(inner.last).and_then(|number| inner.remove(number)).map(|r| r.job);
        (guilty, retry(inner.clear()))
    }

    /// The instance was stopped in order, but these handlers did not end in time.
    pub(crate) fn abandon(&self) -> Vec<Job> {
        retry(self.lock().clear())
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn key(&self, event: &str) -> u64 {
        self.keys.hash_one(event)
    }

    /// The handlers at work on an event, in the order of their start.
    fn at_work_on(&self, event: &str) -> impl Iterator<Item = u64> {
        let key = self.key(event);
        let candidates = self.by_event.range((key, 0)..=(key, u64::MAX)).map(|(_, number)| *number);
        candidates.filter(move |number| {
            self.running.get(number).is_some_and(|running| running.event(event).is_some())
        })
    }

    /// How often a handler has replied to one of its events.
    fn replies(&mut self, number: u64, event: &str) -> Option<&mut u32> {
        let running = self.running.get_mut(&number)?;
        if running.job.event.event.id == event {
            return Some(&mut running.replies);
        }
        let taken = running.taken.iter_mut().find(|taken| taken.event.event.id == event);
        taken.map(|taken| &mut taken.replies)
    }

    fn remove(&mut self, number: u64) -> Option<Running> {
        let running = self.running.remove(&number)?;
        if let Some(task) = running.task {
            self.by_task.remove(&task);
        }
        if running.waits > 0 {
            self.resting -= 1;
        }
        let taken = running.taken.iter().map(|taken| &taken.event);
        for event in std::iter::once(&running.job.event).chain(taken) {
            let key = self.key(&event.event.id);
            self.by_event.remove(&(key, number));
        }
        Some(running)
    }

    fn clear(&mut self) -> BTreeMap<u64, Running> {
        self.by_task.clear();
        self.by_event.clear();
        self.resting = 0;
        std::mem::take(&mut self.running)
    }
}

impl Running {
    /// The event with this id, if it is one of this handler's.
    fn event(&self, id: &str) -> Option<&Arc<Incoming>> {
        let taken = self.taken.iter().map(|taken| &taken.event);
        std::iter::once(&self.job.event).chain(taken).find(|event| event.event.id == id)
    }

    /// How long it has been at work, its rests not counted.
    fn age(&self, now: Instant) -> Duration {
        (now - self.since).saturating_sub(self.rested)
    }
}

fn too_often(most: u32) -> Error {
    Error::Exhausted(format!(
        "this event was answered {most} times (`replies_per_event` in iglu.toml); use messages.send"
    ))
}

fn retry(running: BTreeMap<u64, Running>) -> Vec<Job> {
    running
        .into_values()
        .filter(|running| !running.acted && !running.job.second_try)
        .map(|running| Job { second_try: true, ..running.job })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Bot, BotState, Event, EventBody};

    fn event(id: &str) -> Arc<Incoming> {
        let (id, nickname, platform) = (id.to_owned(), String::new(), "onebot".to_owned());
        let bot = Bot { id: "1".to_owned(), platform, nickname, online: true };
        let body = EventBody::BotState(BotState { state: "online".to_owned(), reason: None });
        Arc::new(Incoming::new(Event { id, bot, time: 0.0, redelivered: false, body }.into(), "{}"))
    }

    fn enter(flight: &Flight, id: &str) -> u64 {
        let (event, handler, args) = (event(id), "h".into(), "{}".to_owned());
        flight.enter(Job { event, handler, args, verdict: None, kept: None, second_try: false })
    }

    #[test]
    fn a_resting_handler_takes_no_room_and_no_time() {
        let flight = Flight::default();
        let (one, two) = (enter(&flight, "a"), enter(&flight, "b"));
        assert!(flight.rest(one) && !flight.rest(one), "it waits twice");
        assert_eq!((flight.len(), flight.busy()), (2, 1));
        let (late, _) = flight.overdue(Duration::ZERO);
        assert_eq!(late.iter().map(|late| late.event.as_str()).collect::<Vec<_>>(), ["b"]);
        assert!(!flight.wake(one) && flight.wake(one) && !flight.wake(one) && !flight.wake(two));
        assert_eq!(flight.busy(), 2);
        assert!(flight.rest(two) && flight.leave(two).unwrap().rested);
        assert_eq!((flight.len(), flight.busy(), flight.wake_all()), (1, 1, 0));
    }

    #[test]
    fn an_event_that_was_waited_for_belongs_to_its_handler() {
        let flight = Flight::default();
        let (one, two) = (enter(&flight, "a"), enter(&flight, "b"));
        assert!(flight.took(one, &event("answer"), None));
        assert_eq!(flight.at_work(None, "answer"), Some(one));
        assert!(flight.event("answer").is_some() && flight.any(|incoming| incoming.event.id == "answer"));
        flight.replied("answer", 1).unwrap();
        assert!(flight.replied("answer", 1).is_err() && flight.replied("a", 1).is_ok());
        let (_, again) = (flight.leave(99), flight.abandon());
        assert_eq!(
            again.iter().map(|job| job.event.event.id.as_str()).collect::<Vec<_>>(),
            ["b"],
            "a has acted"
        );
        assert!(flight.event("answer").is_none() && !flight.took(two, &event("late"), None));
    }

    #[test]
    fn an_endless_conversation_keeps_only_the_last_events() {
        let flight = Flight::default();
        let number = enter(&flight, "a");
        for turn in 0..3 * TAKEN {
            flight.took(number, &event(&turn.to_string()), None);
        }
        assert!(flight.event("0").is_none() && flight.event(&(3 * TAKEN - 1).to_string()).is_some());
        assert_eq!(flight.leave(number).unwrap().taken.len(), TAKEN);
        assert!(flight.lock().by_event.is_empty());
    }
}
