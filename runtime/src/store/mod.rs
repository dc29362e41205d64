//! Durable keys and values, for each plugin its own, and the journal of events.
//!
//! One file holds everything (redb: copy-on-write pages with checksums), so a host killed at any moment comes back
//! with every write that was answered and with nothing torn. All writes go through one thread that commits whatever
//! has queued up as one transaction: a disk flush costs milliseconds, and a hundred handlers that write at once share
//! it. Reads need no flush and run beside it. Neither ever runs on an async thread.
//!
//! A plugin's quota counts the bytes of its keys and values. The count is kept in the same transaction as the values,
//! so it is exact at any time. Values that outlived their time are invisible at once and swept soon after.

mod agenda;
mod database;
mod journal;
mod tables;
#[cfg(test)]
mod tests;
mod writer;

use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread;

use redb::ReadTransaction;
use tokio::sync::{Semaphore, oneshot};

pub(crate) use self::agenda::Change;
pub use self::agenda::{Agenda, CronRow, TimerRow};
pub use self::database::OpenError;
use self::database::Shared;
pub use self::journal::{Journal, Keeping, NotKept, Waiting};
use self::tables::{Failure, Tables};
use self::writer::Request;
use crate::model::Error;
pub use crate::model::contract::iglu::plugin::storage::{Entry, Page};

/// The longest key, in bytes of UTF-8.
pub const MAX_KEY: usize = 512;

/// The largest value, in bytes: half of what one host call may carry.
pub const MAX_VALUE: usize = 8 << 20;

/// What one page of a scan holds at most.
const MAX_PAGE: u32 = 1000;
const DEFAULT_PAGE: u32 = 100;
const MAX_PAGE_BYTES: usize = 4 << 20;

/// How many operations of one plugin run at once: its readers must not take every blocking thread, and its writers not
/// every place in a batch.
const AT_ONCE: usize = 64;

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
        self.read(move |txn, plugin, now| tables::get(txn, plugin, &key, now)).await
    }

    /// Sets a value, kept for `ttl_seconds` or, if that is 0, for ever.
    pub async fn set(&self, key: String, value: Vec<u8>, ttl_seconds: u32) -> Result<(), Error> {
        check_key(&key)?;
        check_value(&key, &value)?;
        let ttl = (ttl_seconds > 0).then(|| u64::from(ttl_seconds) * 1000);
        self.write(move |tables, plugin, quota| {
            let expires = ttl.map_or(0, |ttl| tables.now + ttl);
            tables.set_many(plugin, quota, &[(&key, &value)], expires)
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
        if !delta.is_finite() {
            return Err(Error::Invalid(format!(
                "storage: {delta} cannot be added to {key:?}; give a finite number"
            )));
        }
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
            tables.swap(plugin, quota, &key, expected.as_deref(), value.as_deref())
        })
        .await
    }

    /// Sets all of them or none. Of two entries with one key the later counts.
    pub async fn set_many(&self, entries: Vec<Entry>) -> Result<(), Error> {
        for entry in &entries {
            check_key(&entry.key)?;
            check_value(&entry.key, &entry.value)?;
        }
        self.write(move |tables, plugin, quota| {
            let pairs: Vec<_> =
                entries.iter().map(|entry| (entry.key.as_str(), entry.value.as_slice())).collect();
            tables.set_many(plugin, quota, &pairs, 0)
        })
        .await
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
        let found = answer.await.unwrap_or_else(|e| Err(format!("a read broke off ({e})")));
        found.map_err(|reason| {
            let _ = self.requests.send(Request::Recover);
            Error::Other(format!("storage: {reason}"))
        })
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
