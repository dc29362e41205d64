//! Events that a platform was told are taken: kept until they are handled, so that a kill in between loses none.
//!
//! The journal shares the storage's file, writer and disk flushes. What was kept is also remembered by name for a while
//! after it was handled, because a platform that missed our answer sends the event again, perhaps to the next process.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use redb::{
    ReadTransaction, ReadableTable as _, ReadableTableMetadata as _, Table, TableDefinition, WriteTransaction,
};
use tokio::sync::oneshot;

use super::database::Shared;
use super::tables::{Failure, existing};
use super::writer::Request;
use crate::model::Kept;

/// Number to (bot, milliseconds since 1970 when it came, the platform's own text).
const EVENTS: TableDefinition<'_, u64, (&str, u64, &str)> = TableDefinition::new("events");

/// (bot, name) of an event that came, to when.
const KNOWN: TableDefinition<'_, (&str, &str), u64> = TableDefinition::new("known-events");

/// The same in the order of time.
const KNOWN_SINCE: TableDefinition<'_, (u64, &str, &str), ()> = TableDefinition::new("known-events-since");

/// A platform repeats an event within minutes.
const REMEMBERED: Duration = Duration::from_secs(3600);

/// So many names at most, whatever comes: some fifty megabytes.
const NAMES: u64 = 250_000;

/// Names forgotten beside each that is added: the tables shrink faster than they grow.
const FORGET_BESIDE: usize = 4;

/// Waiting events may have so many bytes. A bot that is this far behind is better told to wait.
const CAPACITY: usize = 64 << 20;

/// Handled events are removed together, after this time or with the next that is kept.
const LINGER: Duration = Duration::from_millis(200);

/// The journal of one store.
pub struct Journal {
    shared: Arc<Shared>,
    requests: mpsc::Sender<Request>,
    next: AtomicU64,
    bytes: AtomicUsize,
    /// Events that are handled and not yet removed.
    handled: Mutex<Vec<u64>>,
    held: AtomicBool,
    capacity: usize,
}

/// What became of an event that was to be kept.
#[derive(Debug)]
pub enum Keeping {
    /// It is on disk until this is dropped, and after a crash.
    New(Kept),
    /// It came before.
    Known,
}

/// An event that an earlier process kept and did not finish.
#[derive(Debug)]
pub struct Waiting {
    /// The bot's id.
    pub bot: String,
    /// When it came: seconds since 1970.
    pub received: u64,
    /// The platform's own text.
    pub text: String,
    /// It is removed when this is dropped.
    pub kept: Kept,
}

/// Why an event was not kept. The platform should send it again.
#[derive(Debug, thiserror::Error)]
pub enum NotKept {
    /// Too much waits.
    #[error("{0} bytes of events wait to be handled already; the plugins are too slow")]
    Full(usize),
    /// The disk failed, or the host stops.
    #[error("{0}")]
    Failed(String),
}

impl Journal {
    pub(super) fn new(shared: Arc<Shared>, requests: mpsc::Sender<Request>) -> Result<Self, String> {
        let (next, bytes) = shared.read(|txn, _| measure(txn))?;
        Ok(Self {
            shared,
            requests,
            next: AtomicU64::new(next),
            bytes: AtomicUsize::new(bytes),
            handled: Mutex::default(),
            held: AtomicBool::new(false),
            capacity: CAPACITY,
        })
    }

    /// Keeps an event. It is on disk when this answers. `name` tells it from all others of the bot.
    ///
    /// # Errors
    ///
    /// [`NotKept`]: then nothing was written, and the event must not be acknowledged.
    pub async fn keep(self: &Arc<Self>, bot: &str, name: &str, text: &str) -> Result<Keeping, NotKept> {
        let waiting = self.bytes.load(Ordering::Relaxed);
        if waiting + text.len() > self.capacity {
            return Err(NotKept::Full(waiting));
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let done = self.take_handled();
        let (answer, answered) = oneshot::channel();
        let (bot, name, kept) = (bot.to_owned(), name.to_owned(), text.to_owned());
        let change = Request::change(
            move |tables| {
                let now = tables.now;
                tables.journal.keep(number, &bot, &name, &kept, now, &done)
            },
            answer,
        );
        self.requests.send(change).map_err(|_| NotKept::Failed("the storage is closed".to_owned()))?;
        match answered.await {
            Ok(Ok(true)) => Ok(Keeping::New(self.kept(number, text.len()))),
            Ok(Ok(false)) => Ok(Keeping::Known),
            Ok(Err(error)) => Err(NotKept::Failed(error.to_string())),
            Err(_) => Err(NotKept::Failed(self.shared.why_it_failed().to_string())),
        }
    }

    /// What earlier processes left, in the order of arrival. To be asked once, before anything is kept.
    ///
    /// # Errors
    ///
    /// The disk's.
    pub fn waiting(self: &Arc<Self>) -> Result<Vec<Waiting>, String> {
        let rows = self.shared.read(|txn, _| rows(txn))?;
        let waiting = rows.into_iter().map(|(number, bot, received, text)| {
            let kept = self.kept_again(number, text.len());
            Waiting { bot, received: received / 1000, text, kept }
        });
        Ok(waiting.collect())
    }

    /// From now on nothing counts as handled: the plugins are being stopped.
    pub fn hold(&self) {
        self.held.store(true, Ordering::SeqCst);
    }

    /// Removes what is handled so far.
    pub fn tidy(&self) {
        let done = self.take_handled();
        if done.is_empty() {
            return;
        }
        // Whoever waits for this answer is nobody: what is not removed is handled once more after a crash.
        let (answer, _) = oneshot::channel();
        let _ = self.requests.send(Request::change(move |tables| Ok(tables.journal.remove(&done)?), answer));
    }

    fn kept(self: &Arc<Self>, number: u64, bytes: usize) -> Kept {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.kept_again(number, bytes)
    }

    fn kept_again(self: &Arc<Self>, number: u64, bytes: usize) -> Kept {
        let journal = Arc::clone(self);
        Kept::new(move || journal.is_handled(number, bytes))
    }

    fn is_handled(self: &Arc<Self>, number: u64, bytes: usize) {
        if self.held.load(Ordering::SeqCst) {
            return;
        }
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
        let mut handled = self.handled.lock().unwrap_or_else(PoisonError::into_inner);
        handled.push(number);
        if handled.len() == 1
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let journal = Arc::clone(self);
            runtime.spawn(async move {
                tokio::time::sleep(LINGER).await;
                journal.tidy();
            });
        }
    }

    fn take_handled(&self) -> Vec<u64> {
        std::mem::take(&mut *self.handled.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The journal's tables, open for one writing transaction.
pub(super) struct JournalTables<'txn> {
    events: Table<'txn, u64, (&'static str, u64, &'static str)>,
    known: Table<'txn, (&'static str, &'static str), u64>,
    since: Table<'txn, (u64, &'static str, &'static str), ()>,
}

impl<'txn> JournalTables<'txn> {
    pub(super) fn open(txn: &'txn WriteTransaction) -> Result<Self, redb::Error> {
        Ok(Self {
            events: txn.open_table(EVENTS)?,
            known: txn.open_table(KNOWN)?,
            since: txn.open_table(KNOWN_SINCE)?,
        })
    }

    /// Writes an event unless it is known; answers whether it did.
    fn keep(
        &mut self,
        number: u64,
        bot: &str,
        name: &str,
        text: &str,
        now: u64,
        handled: &[u64],
    ) -> Result<bool, Failure> {
        self.remove(handled)?;
        self.forget(now)?;
        if self.known.get((bot, name))?.is_some() {
            return Ok(false);
        }
        self.events.insert(number, (bot, now, text))?;
        self.known.insert((bot, name), now)?;
        self.since.insert((now, bot, name), ())?;
        Ok(true)
    }

    fn remove(&mut self, numbers: &[u64]) -> Result<(), redb::Error> {
        for number in numbers {
            self.events.remove(number)?;
        }
        Ok(())
    }

    /// Forgets some of the names that are old, or the oldest if there are too many.
    fn forget(&mut self, now: u64) -> Result<(), redb::Error> {
        let until = match self.since.len()? {
            NAMES.. => u64::MAX,
            _ => now.saturating_sub(u64::try_from(REMEMBERED.as_millis()).unwrap_or(u64::MAX)),
        };
        let mut old = Vec::new();
        for row in self.since.range(..(until, "", ""))?.take(FORGET_BESIDE) {
            let (at, _) = row?;
            let (time, bot, name) = at.value();
            old.push((time, bot.to_owned(), name.to_owned()));
        }
        for (time, bot, name) in &old {
            self.since.remove((*time, bot.as_str(), name.as_str()))?;
            self.known.remove((bot.as_str(), name.as_str()))?;
        }
        Ok(())
    }
}

/// The first free number, and the bytes that wait.
fn measure(txn: &ReadTransaction) -> Result<(u64, usize), redb::Error> {
    let (mut next, mut bytes) = (0, 0);
    each(txn, |number, (_, _, text)| {
        next = number + 1;
        bytes += text.len();
    })?;
    Ok((next, bytes))
}

type Row = (u64, String, u64, String);

fn rows(txn: &ReadTransaction) -> Result<Vec<Row>, redb::Error> {
    let mut rows = Vec::new();
    each(txn, |number, (bot, received, text)| {
        rows.push((number, bot.to_owned(), received, text.to_owned()));
    })?;
    Ok(rows)
}

/// Looks at every event in the order of numbers.
fn each(txn: &ReadTransaction, mut look: impl FnMut(u64, (&str, u64, &str))) -> Result<(), redb::Error> {
    let Some(events) = existing(txn, EVENTS)? else { return Ok(()) };
    for row in events.iter()? {
        let (number, content) = row?;
        look(number.value(), content.value());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use super::super::Store;
    use super::*;

    struct Desk {
        store: Arc<Store>,
        journal: Arc<Journal>,
        time: Arc<AtomicU64>,
        folder: tempfile::TempDir,
    }

    fn open(folder: tempfile::TempDir, time: Arc<AtomicU64>) -> Desk {
        let clock = Arc::clone(&time);
        let clock = Arc::new(move || clock.load(Ordering::SeqCst));
        let store = Store::open_with(&folder.path().join("store.redb"), clock).unwrap();
        let journal = store.journal().unwrap();
        Desk { store, journal, time, folder }
    }

    fn desk() -> Desk {
        open(tempfile::tempdir().unwrap(), Arc::new(AtomicU64::new(10_000_000)))
    }

    impl Desk {
        async fn again(self) -> Self {
            self.journal.hold();
            self.store.close().await;
            let Self { store, journal, time, folder } = self;
            drop((store, journal));
            open(folder, time)
        }

        async fn keep(&self, name: &str) -> Option<Kept> {
            match self.journal.keep("bot", name, &format!("text of {name}")).await.unwrap() {
                Keeping::New(kept) => Some(kept),
                Keeping::Known => None,
            }
        }

        fn texts(&self) -> Vec<String> {
            self.journal.waiting().unwrap().iter().map(|waiting| waiting.text.clone()).collect()
        }
    }

    #[tokio::test]
    async fn what_is_not_handled_is_there_after_a_restart_in_order() {
        let desk = desk();
        let kept: Vec<_> = [desk.keep("a").await, desk.keep("b").await, desk.keep("c").await].into();
        let mut kept: Vec<_> = kept.into_iter().map(Option::unwrap).collect();
        drop(kept.remove(1));
        desk.journal.tidy();
        let desk = desk.again().await;
        drop(kept);
        let waiting = desk.journal.waiting().unwrap();
        let seen: Vec<_> = waiting.iter().map(|w| (w.bot.as_str(), w.received, w.text.as_str())).collect();
        assert_eq!(seen, [("bot", 10_000, "text of a"), ("bot", 10_000, "text of c")]);
        let fourth = desk.keep("d").await;
        assert!(fourth.is_some(), "numbers go on after those that wait");
        drop(waiting);
        desk.journal.tidy();
        let desk = desk.again().await;
        drop(fourth);
        assert_eq!(desk.texts(), ["text of d"]);
    }

    #[tokio::test]
    async fn a_name_is_kept_once_also_after_it_was_handled_and_after_a_restart() {
        let desk = desk();
        let first = desk.keep("a").await;
        assert!(first.is_some() && desk.keep("a").await.is_none());
        drop(first);
        desk.journal.tidy();
        assert!(desk.keep("a").await.is_none());
        assert!(matches!(desk.journal.keep("other", "a", "x").await, Ok(Keeping::New(_))));
        let desk = desk.again().await;
        assert!(desk.keep("a").await.is_none());
        desk.time.fetch_add(3_700_000, Ordering::SeqCst);
        assert!(desk.keep("b").await.is_some());
        assert!(desk.keep("a").await.is_some(), "after an hour nobody repeats it");
    }

    #[tokio::test]
    async fn a_hundred_at_once_with_one_name_are_one() {
        let desk = desk();
        let tries = (0..100).map(|_| desk.keep("same"));
        let kept = futures_util::future::join_all(tries).await;
        assert_eq!(kept.iter().filter(|kept| kept.is_some()).count(), 1);
    }

    #[tokio::test]
    async fn too_much_is_refused_until_something_is_handled() {
        let mut desk = desk();
        Arc::get_mut(&mut desk.journal).unwrap().capacity = 30;
        let first = desk.keep("aaaaaaa").await;
        let refused = desk.journal.keep("bot", "b", &"x".repeat(17)).await;
        assert!(matches!(refused, Err(NotKept::Full(15))), "{refused:?}");
        drop(first);
        assert!(desk.journal.keep("bot", "b", &"x".repeat(17)).await.is_ok());
    }

    #[tokio::test]
    async fn a_closed_store_keeps_nothing_and_says_so() {
        let desk = desk();
        desk.store.close().await;
        let refused = desk.journal.keep("bot", "a", "x").await;
        assert!(matches!(&refused, Err(NotKept::Failed(_))), "{refused:?}");
    }
}
