//! Durable keys and values, for each plugin its own, the journal of events, and what the host itself remembers.
//!
//! One file holds everything (redb: copy-on-write pages with checksums), so a host killed at any moment comes back
//! with every write that was answered and with nothing torn. All writes go through one thread that commits whatever
//! has queued up as one transaction: a disk flush costs milliseconds, and a hundred handlers that write at once share
//! it. Reads need no flush and run beside it. A lookup takes microseconds and is done where it is asked for; what may take
//! longer never runs on an async thread.
//!
//! A plugin's quota counts the bytes of its keys and values. The count is kept in the same transaction as the values,
//! so it is exact at any time. Values that outlived their time are invisible at once and swept soon after.

mod agenda;
mod database;
mod journal;
mod own;
mod tables;
#[cfg(test)]
mod tests;
mod transfer;
mod writer;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread;

use redb::ReadTransaction;
use tokio::sync::{Semaphore, oneshot};

pub(crate) use self::agenda::Noting;
pub use self::agenda::{Agenda, CronRow, TimerRow};
pub use self::database::OpenError;
use self::database::Shared;
pub use self::journal::{Journal, Keeping, NotKept, Waiting};
pub use self::own::Own;
use self::tables::{Failure, Step, Tables};
pub use self::transfer::{Holding, Row};
use self::writer::Request;
use crate::model::Error;
pub use crate::model::contract::iglu::plugin::storage::{
    Addition, Assignment, Change, Condition, Entry, Page,
};

/// The longest key, in bytes of UTF-8.
pub const MAX_KEY: usize = 512;

/// The largest value, in bytes: half of what one host call may carry.
pub const MAX_VALUE: usize = 8 << 20;

/// Keys, conditions or changes of one call: what one plugin writes, the others wait for.
const MAX_BATCH: usize = 10_000;

/// What one page of a scan holds at most.
const MAX_PAGE: u32 = 1000;
const DEFAULT_PAGE: u32 = 100;
const MAX_PAGE_BYTES: usize = 4 << 20;

/// How many operations of one plugin run at once: its readers must not take every blocking thread, and its writers not
/// every place in a batch.
const AT_ONCE: usize = 64;

/// A read met pages that cannot be.
const BROKE_OFF: &str = "a read broke off: the database is damaged";

/// Milliseconds since 1970, from wherever time comes from.
pub(crate) type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// The storage of all plugins: one file, open in one process at a time.
pub struct Store {
    shared: Arc<Shared>,
    requests: mpsc::Sender<Request>,
}

impl Store {
    /// Opens the database file at `path`, or makes it and the folders above it.
    ///
    /// # Errors
    ///
    /// [`OpenError`] when another iglu has it open, when it is damaged, or when the disk refuses.
    pub fn open(path: &Path) -> Result<Arc<Self>, OpenError> {
        Self::open_by(path, crate::clock::Clock::default())
    }

    /// The same, with values that live by this clock.
    ///
    /// # Errors
    ///
    /// As [`Store::open`].
    pub fn open_by(path: &Path, clock: crate::clock::Clock) -> Result<Arc<Self>, OpenError> {
        Self::open_with(path, Arc::new(move || clock.millis()))
    }

    pub(crate) fn open_with(path: &Path, clock: Clock) -> Result<Arc<Self>, OpenError> {
        let shared = Arc::new(Shared::open(path, clock)?);
        let (requests, inbox) = mpsc::channel();
        let for_writer = Arc::clone(&shared);
        thread::Builder::new()
            .name("iglu-store".to_owned())
            .spawn(move || writer::run(&for_writer, &inbox))
            .map_err(|e| OpenError::Io { path: path.to_owned(), cause: e })?;
        Ok(Arc::new(Self { shared, requests }))
    }

    /// The storage of the plugin `id`, which may hold `quota` bytes.
    #[must_use]
    pub fn plugin(&self, id: &str, quota: u64) -> PluginStore {
        PluginStore {
            plugin: Arc::from(id),
            quota,
            shared: Arc::clone(&self.shared),
            requests: self.requests.clone(),
            gate: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// The journal of events that were acknowledged. There is one; ask for it once.
    ///
    /// # Errors
    ///
    /// The disk's.
    pub fn journal(&self) -> Result<Arc<Journal>, String> {
        Journal::new(Arc::clone(&self.shared), self.requests.clone()).map(Arc::new)
    }

    /// Timers, and how far cron lines have come.
    #[must_use]
    pub fn agenda(&self) -> Agenda {
        Agenda::new(Arc::clone(&self.shared), self.requests.clone())
    }

    /// Waits until every write asked for before is on disk.
    pub async fn flush(&self) {
        let (done, end) = oneshot::channel();
        if self.requests.send(Request::Flush(done)).is_ok() {
            let _ = end.await;
        }
    }

    /// Finishes what was asked for and closes the file. Later calls fail.
    pub async fn close(&self) {
        let (done, end) = oneshot::channel();
        if self.requests.send(Request::Close(done)).is_ok() {
            let _ = end.await;
        }
    }
}

/// The keys and values of one plugin. Cheap to clone. A write is on disk when it returns.
///
/// Every function answers `invalid` for an empty or too long key, and `other` when the disk fails. A write that would
/// exceed the quota answers `exhausted` and writes nothing.
#[derive(Clone)]
pub struct PluginStore {
    plugin: Arc<str>,
    quota: u64,
    shared: Arc<Shared>,
    requests: mpsc::Sender<Request>,
    gate: Arc<Semaphore>,
}

impl PluginStore {
    /// The value, unless it is absent or outlived.
    pub async fn get(&self, key: String) -> Result<Option<Vec<u8>>, Error> {
        check_key(&key)?;
        let _held = self.gate.acquire().await.map_err(|_| closed())?;
        let look = || self.shared.read(|txn, now| tables::get(txn, &self.plugin, &key, now));
        let found = catch_unwind(AssertUnwindSafe(look)).unwrap_or_else(|_| Err(BROKE_OFF.to_owned()));
        found.map_err(|reason| self.unreadable(&reason))
    }

    /// The values of these keys, in their order, all of one moment.
    pub async fn get_many(&self, keys: Vec<String>) -> Result<Vec<Option<Vec<u8>>>, Error> {
        check_count(keys.len(), "keys")?;
        keys.iter().try_for_each(|key| check_key(key))?;
        let found = self.read(move |txn, plugin, now| tables::get_many(txn, plugin, &keys, now)).await?;
        found.ok_or_else(|| {
            Error::Exhausted(format!(
                "storage: these values have more than {MAX_VALUE} bytes together; ask for fewer at once"
            ))
        })
    }

    /// Sets a value, kept for `ttl_seconds` or, if that is 0, for ever.
    pub async fn set(&self, key: String, value: Vec<u8>, ttl_seconds: u32) -> Result<(), Error> {
        check_key(&key)?;
        check_value(&key, &value)?;
        self.write(move |tables, plugin, quota| {
            let expires = tables.expiry(ttl_seconds);
            tables.apply(plugin, quota, [(&*key, Step::Set(&value, expires))])
        })
        .await
    }

    /// Deletes a key; answers whether there was one.
    pub async fn delete(&self, key: String) -> Result<bool, Error> {
        check_key(&key)?;
        self.write(move |tables, plugin, _| tables.delete(plugin, &key)).await
    }

    /// Up to `count` keys with that prefix, in the order of their bytes, beginning after `after`. A `count` of 0
    /// leaves the number to the host.
    pub async fn scan(&self, prefix: String, after: Option<String>, count: u32) -> Result<Page, Error> {
        let count = if count == 0 { DEFAULT_PAGE } else { count.min(MAX_PAGE) };
        self.read(move |txn, plugin, now| tables::scan(txn, plugin, &prefix, after.as_deref(), count, now))
            .await
    }

    /// Adds to a number kept as decimal text (0 if absent) and answers the sum. `invalid` if either is no number.
    pub async fn add(&self, key: String, delta: f64) -> Result<f64, Error> {
        check_key(&key)?;
        check_delta(&key, delta)?;
        self.write(move |tables, plugin, quota| tables.add(plugin, quota, &key, delta)).await
    }

    /// Sets (or deletes, if `value` is none) only if the value is still `expected` (none: absent). Answers whether it
    /// did.
    pub async fn swap(
        &self,
        key: String,
        expected: Option<Vec<u8>>,
        value: Option<Vec<u8>>,
    ) -> Result<bool, Error> {
        check_key(&key)?;
        if let Some(value) = &value {
            check_value(&key, value)?;
        }
        self.write(move |tables, plugin, quota| {
            let holds = tables.holds(plugin, [(&*key, expected.as_deref())])?;
            if holds {
                let step = value.as_deref().map_or(Step::Delete, |value| Step::Set(value, 0));
                tables.apply(plugin, quota, [(&*key, step)])?;
            }
            Ok(holds)
        })
        .await
    }

    /// Sets all of them or none. Of two entries with one key the later counts.
    pub async fn set_many(&self, entries: Vec<Entry>) -> Result<(), Error> {
        check_count(entries.len(), "entries")?;
        for entry in &entries {
            check_key(&entry.key)?;
            check_value(&entry.key, &entry.value)?;
        }
        self.write(move |tables, plugin, quota| {
            let steps = entries.iter().map(|entry| (entry.key.as_str(), Step::Set(&entry.value, 0)));
            tables.apply(plugin, quota, steps)
        })
        .await
    }

    /// Makes all changes, one after the other, or none, if every condition holds. Answers whether they did.
    pub async fn apply(&self, conditions: Vec<Condition>, changes: Vec<Change>) -> Result<bool, Error> {
        check_count(conditions.len(), "conditions")?;
        check_count(changes.len(), "changes")?;
        conditions.iter().try_for_each(|condition| check_key(expectation(condition).0))?;
        changes.iter().try_for_each(check_change)?;
        self.write(move |tables, plugin, quota| {
            if !tables.holds(plugin, conditions.iter().map(expectation))? {
                return Ok(false);
            }
            let steps: Vec<_> = changes
                .iter()
                .map(|change| match change {
                    Change::Set(Assignment { key, value, ttl_seconds }) => {
                        (key.as_str(), Step::Set(value, tables.expiry(*ttl_seconds)))
                    }
                    Change::Delete(key) => (key.as_str(), Step::Delete),
                    Change::Add(Addition { key, delta }) => (key.as_str(), Step::Add(*delta)),
                })
                .collect();
            tables.apply(plugin, quota, steps)?;
            Ok(true)
        })
        .await
    }

    /// The same storage with another quota.
    #[must_use]
    pub fn with_quota(&self, quota: u64) -> Self {
        Self { quota, ..self.clone() }
    }

    /// How many bytes of its quota this plugin uses.
    pub async fn used(&self) -> Result<u64, Error> {
        self.read(|txn, plugin, _| tables::used(txn, plugin)).await
    }

    async fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&ReadTransaction, &str, u64) -> Result<T, redb::Error> + Send + 'static,
    ) -> Result<T, Error> {
        let permit = Arc::clone(&self.gate).acquire_owned().await.map_err(|_| closed())?;
        let (shared, plugin) = (Arc::clone(&self.shared), Arc::clone(&self.plugin));
        let answer = tokio::task::spawn_blocking(move || {
            let _held = permit;
            shared.read(|txn, now| look(txn, &plugin, now))
        });
        let found = answer.await.unwrap_or_else(|_| Err(BROKE_OFF.to_owned()));
        found.map_err(|reason| self.unreadable(&reason))
    }

    fn unreadable(&self, reason: &str) -> Error {
        let _ = self.requests.send(Request::Recover);
        Error::Other(format!("storage: {reason}"))
    }

    async fn write<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Tables<'_>, &str, u64) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Error> {
        let _held = self.gate.acquire().await.map_err(|_| closed())?;
        let (answer, answered) = oneshot::channel();
        let (plugin, quota) = (Arc::clone(&self.plugin), self.quota);
        let request = Request::change(move |tables| change(tables, &plugin, quota), answer);
        self.requests.send(request).map_err(|_| closed())?;
        let Ok(outcome) = answered.await else {
            // The answer was dropped with the transaction; by the next flush the writer has noted why.
            let (done, noted) = oneshot::channel();
            if self.requests.send(Request::Flush(done)).is_ok() {
                let _ = noted.await;
            }
            return Err(self.shared.why_it_failed());
        };
        outcome
    }
}

fn check_key(key: &str) -> Result<(), Error> {
    match key.len() {
        0 => Err(Error::Invalid("storage: the key is empty".to_owned())),
        1..=MAX_KEY => Ok(()),
        length => {
            Err(Error::Invalid(format!("storage: the key has {length} bytes; a key has at most {MAX_KEY}")))
        }
    }
}

/// Whether a plugin could set this.
pub(crate) fn check(key: &str, value: &[u8]) -> Result<(), String> {
    check_key(key).and_then(|()| check_value(key, value)).map_err(|e| match e {
        Error::Invalid(reason) | Error::Exhausted(reason) => reason,
        other => format!("{other:?}"),
    })
}

fn check_count(count: usize, what: &str) -> Result<(), Error> {
    if count <= MAX_BATCH {
        return Ok(());
    }
    Err(Error::Invalid(format!(
        "storage: {count} {what} in one call; at most {MAX_BATCH}: make several calls"
    )))
}

fn expectation(condition: &Condition) -> (&str, Option<&[u8]>) {
    match condition {
        Condition::Holds(Entry { key, value }) => (key, Some(value)),
        Condition::Absent(key) => (key, None),
    }
}

fn check_change(change: &Change) -> Result<(), Error> {
    match change {
        Change::Set(Assignment { key, value, .. }) => check_key(key).and_then(|()| check_value(key, value)),
        Change::Delete(key) => check_key(key),
        Change::Add(Addition { key, delta }) => check_key(key).and_then(|()| check_delta(key, *delta)),
    }
}

fn check_delta(key: &str, delta: f64) -> Result<(), Error> {
    if delta.is_finite() {
        return Ok(());
    }
    Err(Error::Invalid(format!("storage: {delta} cannot be added to {key:?}; give a finite number")))
}

fn check_value(key: &str, value: &[u8]) -> Result<(), Error> {
    if value.len() <= MAX_VALUE {
        return Ok(());
    }
    Err(Error::Exhausted(format!(
        "storage: the value of {key:?} has {} bytes; a value has at most {MAX_VALUE}: split it over several keys",
        value.len()
    )))
}

fn closed() -> Error {
    Error::Other("storage: it is closed, because iglu is shutting down".to_owned())
}
