//! Which handlers of an instance are running, and what they have done so far.
//!
//! When an instance ends badly this decides what becomes of their events: the one that was running is not tried again;
//! one that has acted is not either, because acting twice is worse than stopping half-way; the others go to the next
//! instance, once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use wasmtime::component::GuestTaskId;

use super::mailbox::Job;
use crate::model::{Error, Incoming};

/// The running handlers of one instance, in the order of their start.
#[derive(Default)]
pub(crate) struct Flight(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    running: BTreeMap<u64, Running>,
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
        let running = Running { job, task: None, since, acted: false, replies: 0, reported: false };
        inner.running.insert(number, running);
        inner.last = Some(number);
        number
    }

    /// Names the guest task that runs this handler.
    pub(crate) fn runs_as(&self, number: u64, task: GuestTaskId) {
        if let Some(running) = self.lock().running.get_mut(&number) {
            running.task = Some(task);
        }
    }

    /// A handler ended. Gives its job back.
    pub(crate) fn leave(&self, number: u64) -> Option<Job> {
        self.lock().running.remove(&number).map(|running| running.job)
    }

    /// A handler is still at work and has not acted so far.
    pub(crate) fn is_idle(&self, number: u64) -> bool {
        self.lock().running.get(&number).is_some_and(|running| !running.acted)
    }

    /// The event with this id, if a handler is at work on it.
    pub(crate) fn event(&self, id: &str) -> Option<Arc<Incoming>> {
        let inner = self.lock();
        inner.running.values().find(|r| r.job.event.event.id == id).map(|r| Arc::clone(&r.job.event))
    }

    /// The events at work that satisfy a condition, if any.
    pub(crate) fn any(&self, condition: impl Fn(&Incoming) -> bool) -> bool {
        self.lock().running.values().any(|running| condition(&running.job.event))
    }

    /// The guest called the host from this task.
    pub(crate) fn touched(&self, task: GuestTaskId) {
        let mut inner = self.lock();
        let number = inner.running.iter().find(|(_, r)| r.task == Some(task)).map(|(n, _)| *n);
        if number.is_some() {
            inner.last = number;
        }
    }

    /// The handler that runs as `task`, else one that is at work on this event.
    pub(crate) fn at_work(&self, task: Option<GuestTaskId>, event: &str) -> Option<u64> {
        let inner = self.lock();
        let find = |wanted: &dyn Fn(&Running) -> bool| {
            inner.running.iter().find(|(_, running)| wanted(running)).map(|(number, _)| *number)
        };
        find(&|running| task.is_some() && running.task == task)
            .or_else(|| find(&|running| running.job.event.event.id == event))
    }

    /// Whether one more reply to this event may go out.
    pub(crate) fn may_reply(&self, event: &str, most: u32) -> Result<(), Error> {
        let inner = self.lock();
        let mut running = inner.running.values().filter(|r| r.job.event.event.id == event);
        if running.any(|running| running.replies >= most) { Err(too_often(most)) } else { Ok(()) }
    }

    /// A reply goes out: every handler at work on that event has acted. Refused when there were `most` already.
    pub(crate) fn replied(&self, event: &str, most: u32) -> Result<(), Error> {
        for running in self.lock().running.values_mut().filter(|r| r.job.event.event.id == event) {
            if running.replies >= most {
                return Err(too_often(most));
            }
            running.replies += 1;
            running.acted = true;
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

    /// Handlers older than `limit` that were not reported yet, and the age of the oldest of all.
    pub(crate) fn overdue(&self, limit: Duration) -> (Vec<Overdue>, Duration) {
        let now = Instant::now();
        let mut oldest = Duration::ZERO;
        let mut news = Vec::new();
        for running in self.lock().running.values_mut() {
            let age = now - running.since;
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
        let running = std::mem::take(&mut self.lock().running);
        let (late, others) = running.into_iter().partition(|(_, running)| running.since.elapsed() > limit);
        (BTreeMap::into_values(late).next().map(|running: Running| running.job), retry(others))
    }

    /// The instance is gone. `culprit` is the task that trapped, if that is known, else whoever was touched last.
    /// Answers the handler that was running, and the jobs to give to the next instance.
    pub(crate) fn crash(&self, culprit: Option<GuestTaskId>) -> (Option<Job>, Vec<Job>) {
        let mut inner = self.lock();
        let by_task = culprit
            .and_then(|task| inner.running.iter().find(|(_, r)| r.task == Some(task)).map(|(n, _)| *n));
        let guilty = by_task.or(inner.last).and_then(|number| inner.running.remove(&number)).map(|r| r.job);
        (guilty, retry(std::mem::take(&mut inner.running)))
    }

    /// The instance was stopped in order, but these handlers did not end in time.
    pub(crate) fn abandon(&self) -> Vec<Job> {
        retry(std::mem::take(&mut self.lock().running))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
