//! A plugin's queue of work.
//!
//! It belongs to the plugin and not to an instance of it, so it outlives crashes and swaps: a burst or a reload is a
//! wait and not a loss. It is bounded by bytes; when it is full the newest work is shed and counted, because whoever
//! puts work in (a socket reader) must never wait.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot, watch};

use crate::model::{Incoming, Kept};

/// One handler to run for one event.
#[derive(Debug)]
pub struct Job {
    /// The event.
    pub event: Arc<Incoming>,
    /// The handler's name in the manifest.
    pub handler: Arc<str>,
    /// What the host parsed for it: a JSON object.
    pub args: String,
    /// Who waits for the outcome, if the handler blocks later ones. Dropped without an answer when the handler
    /// failed, which counts as passed.
    pub verdict: Option<oneshot::Sender<Verdict>>,
    /// Told when the last job of the event is gone.
    pub kept: Option<Arc<Kept>>,
    /// It was in flight when an instance ended, and is given to the next one; that happens once.
    pub second_try: bool,
}

/// What became of an event in one handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Later handlers may have it.
    Passed,
    /// It is done with.
    Handled,
}

/// The queue of one plugin.
#[derive(Debug)]
pub struct Mailbox {
    queue: Mutex<Queue>,
    capacity: AtomicUsize,
    arrived: Notify,
    shed: AtomicU64,
    /// Jobs that were put in and are not done with, in here or in flight.
    open: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Queue {
    jobs: VecDeque<Job>,
    bytes: usize,
}

/// The mailbox is full; the job was dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full {
    /// How many jobs this plugin has lost in this way.
    pub shed: u64,
}

impl Mailbox {
    /// An empty mailbox for `capacity` bytes of events.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self {
            queue: Mutex::default(),
            capacity: AtomicUsize::new(capacity),
            arrived: Notify::new(),
            shed: AtomicU64::new(0),
            open: watch::Sender::new(0),
        }
    }

    /// From now on it is for so many bytes. What is in it stays.
    pub fn resize(&self, capacity: usize) {
        self.capacity.store(capacity, Ordering::Relaxed);
    }

    /// Puts a job at the end. Never waits.
    ///
    /// # Errors
    ///
    /// [`Full`] when the job does not fit; it is gone then.
    pub fn push(&self, job: Job) -> Result<(), Full> {
        let weight = weight(&job);
        let mut queue = self.lock();
        if queue.bytes + weight > self.capacity.load(Ordering::Relaxed) && !queue.jobs.is_empty() {
            drop(queue);
            return Err(Full { shed: self.shed.fetch_add(1, Ordering::Relaxed) + 1 });
        }
        queue.bytes += weight;
        queue.jobs.push_back(job);
        self.open.send_modify(|open| *open += 1);
        drop(queue);
        self.arrived.notify_one();
        Ok(())
    }

    /// Puts jobs back in front, in their order. Never refused: they were in here before.
    pub fn push_front(&self, jobs: Vec<Job>) {
        let mut queue = self.lock();
        for job in jobs.into_iter().rev() {
            queue.bytes += weight(&job);
            queue.jobs.push_front(job);
        }
        drop(queue);
        self.arrived.notify_one();
    }

    /// The oldest job, if there is one.
    pub fn try_pop(&self) -> Option<Job> {
        let mut queue = self.lock();
        let job = queue.jobs.pop_front()?;
        queue.bytes -= weight(&job);
        Some(job)
    }

    /// The oldest job, as soon as there is one. Cancelling loses nothing. For one reader at a time.
    pub async fn pop(&self) -> Job {
        loop {
            if let Some(job) = self.try_pop() {
                return job;
            }
            self.arrived.notified().await;
        }
    }

    /// Empties it, for a plugin that changed what it listens to or is gone.
    pub fn drain(&self) -> Vec<Job> {
        let mut queue = self.lock();
        queue.bytes = 0;
        let jobs: Vec<Job> = queue.jobs.drain(..).collect();
        drop(queue);
        self.lost(jobs.len());
        jobs
    }

    /// A job that was taken out became so many: none when it is done, several when it was matched anew.
    pub fn became(&self, jobs: usize) {
        self.open.send_modify(|open| *open = (*open + jobs).saturating_sub(1));
    }

    /// So many jobs ended without being done.
    pub fn lost(&self, jobs: usize) {
        self.open.send_modify(|open| *open = open.saturating_sub(jobs));
    }

    /// A job in flight waits for a user: nothing is to be done for it.
    pub fn rests(&self) {
        self.lost(1);
    }

    /// So many jobs that rested go on.
    pub fn awakes(&self, jobs: usize) {
        self.open.send_modify(|open| *open += jobs);
    }

    /// Returns when every job that was put in is done, or rests.
    pub async fn idle(&self) {
        // The sender lives in `self`, so waiting cannot fail.
        let _ = self.open.subscribe().wait_for(|open| *open == 0).await;
    }

    /// Whether every job that was put in is done, or rests.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        *self.open.borrow() == 0
    }

    /// How many jobs wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().jobs.len()
    }

    /// Whether no job waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many jobs were refused because it was full.
    #[must_use]
    pub fn shed(&self) -> u64 {
        self.shed.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// About what a job holds in memory: the raw JSON, once more for the decoded event, and the bookkeeping.
fn weight(job: &Job) -> usize {
    512 + 2 * job.event.original.len() + job.args.len()
}
