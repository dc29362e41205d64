//! The one thread that writes: what has queued up is committed as one transaction.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::database::Shared;
use super::tables::{Failure, Tables};
use crate::model::Error;

/// How many changes share a transaction: more would make the first of them wait for the last.
const BATCH: usize = 256;

/// For how long a transaction waits for as many changes as the one before had: whoever was told that theirs are on disk
/// is about to bring the next ones, and each transaction costs a flush.
const GATHER: Duration = Duration::from_micros(300);

/// How many outlived values a batch of changes removes beside its own work.
const SWEEP_BESIDE: usize = 64;

/// How many outlived values are removed at once when there is nothing else to do.
const SWEEP_IDLE: usize = 1024;

/// How often an idle writer looks for outlived values.
const IDLE: Duration = Duration::from_secs(30);

/// What the writer is asked for.
pub(super) enum Request {
    Change(Change),
    /// Answers when everything before is on disk.
    Flush(oneshot::Sender<()>),
    /// Finishes, closes the file, answers, ends.
    Close(oneshot::Sender<()>),
    /// A reader met an error; the database may have to be opened again.
    Recover,
}

/// One change. It answers what to do once the transaction is on disk; if it never comes to that, the dropped answer
/// tells whoever waits.
pub(super) type Change = Box<dyn FnOnce(&mut Tables<'_>) -> Result<Announce, Box<redb::Error>> + Send>;
type Announce = Box<dyn FnOnce() + Send>;

impl Request {
    pub(super) fn change<T: Send + 'static>(
        change: impl FnOnce(&mut Tables<'_>) -> Result<T, Failure> + Send + 'static,
        answer: oneshot::Sender<Result<T, Error>>,
    ) -> Self {
        Self::Change(Box::new(move |tables| {
            let outcome = match change(tables) {
                Ok(value) => Ok(value),
                Err(Failure::Refused(reason)) => Err(reason),
                Err(Failure::Broken(e)) => return Err(e),
            };
            Ok(Box::new(move || {
                let _ = answer.send(outcome);
            }))
        }))
    }
}

/// Serves until asked to close, or until nobody is left who could ask.
pub(super) fn run(shared: &Shared, inbox: &Receiver<Request>) {
    let mut before = 0;
    let end = loop {
        let first = match inbox.recv_timeout(IDLE) {
            Ok(request) => Some(request),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => break None,
        };
        let Some(first) = first else {
            sweep(shared);
            continue;
        };
        let mut changes = Vec::new();
        let mut next = Some(first);
        let begun = Instant::now();
        let other = loop {
            match next {
                Some(Request::Change(change)) => changes.push(change),
                other => break other,
            }
            if changes.len() == BATCH {
                break None;
            }
            next = inbox.try_recv().ok();
            if next.is_none() && changes.len() < before {
                next = inbox.recv_timeout(GATHER.saturating_sub(begun.elapsed())).ok();
            }
        };
        before = changes.len();
        if !changes.is_empty() {
            commit(shared, changes);
        }
        match other {
            Some(Request::Flush(done)) => drop(done.send(())),
            Some(Request::Close(done)) => break Some(done),
            Some(Request::Recover) => shared.recover_if_broken(),
            Some(Request::Change(_)) | None => {}
        }
    };
    shared.close();
    if let Some(done) = end {
        let _ = done.send(());
    }
}

/// Carries out all changes in one transaction. When it fails, none of them has happened, and the database is opened
/// again, because redb refuses to go on after a failed write.
fn commit(shared: &Shared, changes: Vec<Change>) {
    let work = || {
        shared.write(|tables| {
            let announcements =
                changes.into_iter().map(|change| change(tables)).collect::<Result<Vec<Announce>, _>>();
            let announcements = announcements.map_err(|e| *e)?;
            tables.sweep(SWEEP_BESIDE)?;
            Ok(announcements)
        })
    };
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(announcements)) => announcements.into_iter().for_each(|announce| announce()),
        Ok(Err(reason)) => shared.failed(&reason),
        Err(_) => shared.failed("the database is damaged"),
    }
}

fn sweep(shared: &Shared) {
    while shared.has_outlived() {
        let swept = catch_unwind(AssertUnwindSafe(|| shared.write(|tables| tables.sweep(SWEEP_IDLE))));
        match swept {
            Ok(Ok(count)) if count == SWEEP_IDLE => {}
            Ok(Ok(_)) => return,
            Ok(Err(reason)) => return shared.failed(&reason),
            Err(_) => return shared.failed("the database is damaged"),
        }
    }
}
