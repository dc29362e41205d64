//! The tables of the database, and what is done to them within one transaction.

use std::borrow::Cow;
use std::collections::BTreeMap;

use redb::{
    AccessGuard, ReadOnlyTable, ReadTransaction, ReadableTable as _, Table, TableDefinition, TableError,
    WriteTransaction,
};

use super::agenda::AgendaTables;
use super::journal::JournalTables;
use super::own::{self, OwnTable};
use super::{Entry, MAX_PAGE_BYTES, MAX_VALUE, Page};
use crate::model::Error;

/// (plugin, key) to (milliseconds since 1970 when it expires, 0 for never; value).
pub(super) const VALUES: TableDefinition<'_, (&str, &str), (u64, &[u8])> = TableDefinition::new("values");

/// Plugin to the bytes of its keys and values.
pub(super) const USAGE: TableDefinition<'_, &str, u64> = TableDefinition::new("usage");

/// (when, plugin, key) of every value that expires.
const DUE: TableDefinition<'_, (u64, &str, &str), ()> = TableDefinition::new("due");

/// Facts about the file itself.
const FACTS: TableDefinition<'_, &str, u64> = TableDefinition::new("facts");

/// The layout of these tables.
pub(super) const FORMAT: u64 = 1;

/// Why a change did not happen.
pub(super) enum Failure {
    /// This change alone was refused, before it wrote anything.
    Refused(Error),
    /// The database failed; the whole transaction is lost. Boxed: redb's errors are large and rare.
    Broken(Box<redb::Error>),
}

impl<E: Into<redb::Error>> From<E> for Failure {
    fn from(e: E) -> Self {
        Self::Broken(Box::new(e.into()))
    }
}

/// One change of a batch.
pub(super) enum Step<'b> {
    /// A value, and when it expires.
    Set(&'b [u8], u64),
    Delete,
    Add(f64),
}

/// What a batch leaves under each key: when it expires and what it is, or nothing.
type Batch<'b> = BTreeMap<&'b str, Option<(u64, Cow<'b, [u8]>)>>;

/// Makes the tables of a new file.
pub(super) fn create(txn: &WriteTransaction) -> Result<(), redb::Error> {
    txn.open_table(VALUES)?;
    txn.open_table(USAGE)?;
    txn.open_table(DUE)?;
    txn.open_table(FACTS)?.insert("format", FORMAT)?;
    Ok(())
}

/// The layout that a file says it has; none if it is no file of ours.
pub(super) fn format(txn: &ReadTransaction) -> Result<Option<u64>, redb::Error> {
    let Some(facts) = existing(txn, FACTS)? else { return Ok(None) };
    Ok(facts.get("format")?.map(|format| format.value()))
}

/// A table for reading; none in a file to which nothing of that kind was ever written.
pub(super) fn existing<K: redb::Key + 'static, V: redb::Value + 'static>(
    txn: &ReadTransaction,
    table: TableDefinition<'_, K, V>,
) -> Result<Option<ReadOnlyTable<K, V>>, redb::Error> {
    match txn.open_table(table) {
        Ok(table) => Ok(Some(table)),
        Err(TableError::TableDoesNotExist(_)) => Ok(None),
        Err(e) => Err(e.into()),
    }
}

pub(super) fn get(
    txn: &ReadTransaction,
    plugin: &str,
    key: &str,
    now: u64,
) -> Result<Option<Vec<u8>>, redb::Error> {
    let Some(row) = txn.open_table(VALUES)?.get((plugin, key))? else { return Ok(None) };
    let (expires, value) = row.value();
    Ok(alive(expires, now).then(|| value.to_vec()))
}

/// The values of several keys; `None` when they are more than one answer may carry.
pub(super) fn get_many(
    txn: &ReadTransaction,
    plugin: &str,
    keys: &[String],
    now: u64,
) -> Result<Option<Vec<Option<Vec<u8>>>>, redb::Error> {
    let values = txn.open_table(VALUES)?;
    let mut room = MAX_VALUE;
    let mut found = Vec::with_capacity(keys.len());
    for key in keys {
        let row = values.get((plugin, key.as_str()))?;
        let value = row.as_ref().map(AccessGuard::value).filter(|(expires, _)| alive(*expires, now));
        let Some(left) = room.checked_sub(value.map_or(0, |(_, value)| value.len())) else { return Ok(None) };
        room = left;
        found.push(value.map(|(_, value)| value.to_vec()));
    }
    Ok(Some(found))
}

pub(super) fn scan(
    txn: &ReadTransaction,
    plugin: &str,
    prefix: &str,
    after: Option<&str>,
    count: u32,
    now: u64,
) -> Result<Page, redb::Error> {
    let values = txn.open_table(VALUES)?;
    let after = after.filter(|after| *after >= prefix);
    let mut page = Page { entries: Vec::new(), next: None };
    let mut bytes = 0;
    for row in values.range((plugin, after.unwrap_or(prefix))..)? {
        let (at, content) = row?;
        let ((owner, key), (expires, value)) = (at.value(), content.value());
        if owner != plugin || !key.starts_with(prefix) {
            break;
        }
        if Some(key) == after || !alive(expires, now) {
            continue;
        }
        let full = page.entries.len() >= count as usize || bytes + key.len() + value.len() > MAX_PAGE_BYTES;
        if full && let Some(last) = page.entries.last() {
            page.next = Some(last.key.clone());
            break;
        }
        bytes += key.len() + value.len();
        page.entries.push(Entry { key: key.to_owned(), value: value.to_vec() });
    }
    Ok(page)
}

pub(super) fn used(txn: &ReadTransaction, plugin: &str) -> Result<u64, redb::Error> {
    Ok(txn.open_table(USAGE)?.get(plugin)?.map_or(0, |bytes| bytes.value()))
}

/// When the next value expires.
pub(super) fn next_due(txn: &ReadTransaction) -> Result<Option<u64>, redb::Error> {
    Ok(txn.open_table(DUE)?.first()?.map(|(at, _)| at.value().0))
}

pub(super) fn alive(expires: u64, now: u64) -> bool {
    expires == 0 || expires > now
}

/// The tables, open for one writing transaction at one moment.
pub(super) struct Tables<'txn> {
    values: Table<'txn, (&'static str, &'static str), (u64, &'static [u8])>,
    usage: Table<'txn, &'static str, u64>,
    /// What was read of `usage` and changed: one transaction holds many changes of few plugins.
    counted: Vec<(String, u64)>,
    due: Table<'txn, (u64, &'static str, &'static str), ()>,
    pub(super) journal: JournalTables<'txn>,
    pub(super) agenda: AgendaTables<'txn>,
    pub(super) own: OwnTable<'txn>,
    pub(super) now: u64,
}

impl<'txn> Tables<'txn> {
    pub(super) fn open(txn: &'txn WriteTransaction, now: u64) -> Result<Self, redb::Error> {
        Ok(Self {
            values: txn.open_table(VALUES)?,
            usage: txn.open_table(USAGE)?,
            counted: Vec::new(),
            due: txn.open_table(DUE)?,
            journal: JournalTables::open(txn)?,
            agenda: AgendaTables::open(txn)?,
            own: own::open_for_writing(txn)?,
            now,
        })
    }

    /// Writes down what was counted. Without it the transaction must not be committed.
    pub(super) fn finish(mut self) -> Result<(), redb::Error> {
        for (plugin, used) in &self.counted {
            if *used == 0 {
                self.usage.remove(plugin.as_str())?;
            } else {
                self.usage.insert(plugin.as_str(), used)?;
            }
        }
        Ok(())
    }

    /// Does all of it or, if it is refused, nothing. A batch sees what it has changed itself.
    pub(super) fn apply<'b>(
        &mut self,
        plugin: &str,
        quota: u64,
        steps: impl IntoIterator<Item = (&'b str, Step<'b>)>,
    ) -> Result<(), Failure> {
        let mut batch = Batch::new();
        for (key, step) in steps {
            let after = match step {
                Step::Set(value, expires) => Some((expires, Cow::Borrowed(value))),
                Step::Delete => None,
                Step::Add(delta) => {
                    let before = match batch.remove(key) {
                        Some(changed) => changed,
                        None => self.current(plugin, key)?.map(|(expires, value)| (expires, value.into())),
                    };
                    let expires = before.as_ref().map_or(0, |(expires, _)| *expires);
                    let sum = sum(key, before.as_ref().map(|(_, value)| &**value), delta)?;
                    Some((expires, sum.to_string().into_bytes().into()))
                }
            };
            batch.insert(key, after);
        }
        self.make_room(plugin, quota, &batch)?;
        for (key, after) in batch {
            match after {
                Some((expires, value)) => self.put(plugin, key, &value, expires)?,
                None => self.remove(plugin, key)?,
            }
        }
        Ok(())
    }

    /// Whether each of these keys holds what is expected (none: is absent).
    pub(super) fn holds<'b>(
        &self,
        plugin: &str,
        expected: impl IntoIterator<Item = (&'b str, Option<&'b [u8]>)>,
    ) -> Result<bool, redb::Error> {
        for (key, expected) in expected {
            let row = self.values.get((plugin, key))?;
            let row = row.as_ref().map(AccessGuard::value);
            let found = row.filter(|(expires, _)| alive(*expires, self.now)).map(|(_, value)| value);
            if found != expected {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// When a value that is kept for so many seconds from now on expires; 0 is for ever.
    pub(super) fn expiry(&self, ttl_seconds: u32) -> u64 {
        if ttl_seconds == 0 { 0 } else { self.now + u64::from(ttl_seconds) * 1000 }
    }

    pub(super) fn delete(&mut self, plugin: &str, key: &str) -> Result<bool, Failure> {
        let was_there = self.current(plugin, key)?.is_some();
        self.remove(plugin, key)?;
        Ok(was_there)
    }

    pub(super) fn add(&mut self, plugin: &str, quota: u64, key: &str, delta: f64) -> Result<f64, Failure> {
        let before = self.current(plugin, key)?;
        let expires = before.as_ref().map_or(0, |(expires, _)| *expires);
        let sum = sum(key, before.as_ref().map(|(_, value)| value.as_slice()), delta)?;
        self.apply(plugin, quota, [(key, Step::Set(sum.to_string().as_bytes(), expires))])?;
        Ok(sum)
    }

    /// Removes all of a plugin; answers how many there were.
    pub(super) fn clear(&mut self, plugin: &str) -> Result<u64, redb::Error> {
        let mut keys = Vec::new();
        for row in self.values.range((plugin, "")..)? {
            let (at, _) = row?;
            let (owner, key) = at.value();
            if owner != plugin {
                break;
            }
            keys.push(key.to_owned());
        }
        for key in &keys {
            self.remove(plugin, key)?;
        }
        Ok(keys.len() as u64)
    }

    /// Removes up to `limit` outlived values of all plugins; answers how many.
    pub(super) fn sweep(&mut self, limit: usize) -> Result<usize, redb::Error> {
        let mut outlived = Vec::new();
        for row in self.due.range(..(self.now + 1, "", ""))?.take(limit) {
            let (at, _) = row?;
            let (_, plugin, key) = at.value();
            outlived.push((plugin.to_owned(), key.to_owned()));
        }
        for (plugin, key) in &outlived {
            self.remove(plugin, key)?;
        }
        Ok(outlived.len())
    }

    /// The value and when it expires, unless absent or outlived.
    fn current(&self, plugin: &str, key: &str) -> Result<Option<(u64, Vec<u8>)>, redb::Error> {
        let Some(row) = self.values.get((plugin, key))? else { return Ok(None) };
        let (expires, value) = row.value();
        Ok(alive(expires, self.now).then(|| (expires, value.to_vec())))
    }

    /// Refuses a batch that the quota does not allow. What takes no more room than before is always allowed, so that a
    /// plugin above a lowered quota can still shrink.
    fn make_room(&mut self, plugin: &str, quota: u64, batch: &Batch<'_>) -> Result<(), Failure> {
        // What stands under the keys now is looked up only where it matters.
        let most: u64 = batch.iter().filter_map(|(key, after)| Some(size(key, &after.as_ref()?.1))).sum();
        if *self.used(plugin)? + most <= quota {
            return Ok(());
        }
        let (used, after) = self.usage_after(plugin, batch)?;
        if after <= quota || after <= used {
            return Ok(());
        }
        self.sweep(usize::MAX)?;
        let (used, after) = self.usage_after(plugin, batch)?;
        if after <= quota {
            return Ok(());
        }
        Err(Failure::Refused(Error::Exhausted(format!(
            "storage of plugin `{plugin}` is full: {used} of {quota} bytes are used and this write needs {} more; \
             delete keys, or raise `limits.storage` for this plugin in iglu.toml",
            after - used.min(after)
        ))))
    }

    /// What the plugin uses now, and what it would use.
    fn usage_after(&mut self, plugin: &str, batch: &Batch<'_>) -> Result<(u64, u64), redb::Error> {
        let (mut gone, mut new) = (0, 0);
        for (key, after) in batch {
            let old = self.values.get((plugin, *key))?;
            gone += old.map_or(0, |row| size(key, row.value().1));
            new += after.as_ref().map_or(0, |(_, value)| size(key, value));
        }
        let used = *self.used(plugin)?;
        Ok((used, used.saturating_sub(gone) + new))
    }

    fn put(&mut self, plugin: &str, key: &str, value: &[u8], expires: u64) -> Result<(), redb::Error> {
        let old = self.values.insert((plugin, key), (expires, value))?;
        let (old_expires, gone) = old.map_or((0, 0), |row| (row.value().0, size(key, row.value().1)));
        if old_expires != expires {
            self.forget_expiry(plugin, key, old_expires)?;
            if expires != 0 {
                self.due.insert((expires, plugin, key), ())?;
            }
        }
        let used = self.used(plugin)?;
        *used = used.saturating_sub(gone) + size(key, value);
        Ok(())
    }

    fn remove(&mut self, plugin: &str, key: &str) -> Result<(), redb::Error> {
        let Some(old) = self.values.remove((plugin, key))? else { return Ok(()) };
        let (expires, gone) = (old.value().0, size(key, old.value().1));
        drop(old);
        self.forget_expiry(plugin, key, expires)?;
        let used = self.used(plugin)?;
        *used = used.saturating_sub(gone);
        Ok(())
    }

    fn forget_expiry(&mut self, plugin: &str, key: &str, expires: u64) -> Result<(), redb::Error> {
        if expires != 0 {
            self.due.remove((expires, plugin, key))?;
        }
        Ok(())
    }

    fn used(&mut self, plugin: &str) -> Result<&mut u64, redb::Error> {
        let known = self.counted.iter().position(|(counted, _)| counted == plugin);
        let at = match known {
            Some(at) => at,
            None => {
                let used = self.usage.get(plugin)?.map_or(0, |bytes| bytes.value());
                self.counted.push((plugin.to_owned(), used));
                self.counted.len() - 1
            }
        };
        Ok(&mut self.counted[at].1)
    }

    /// The usage of every plugin as it is kept and as it is found by counting.
    #[cfg(test)]
    pub(super) fn audit(&self) -> [BTreeMap<String, u64>; 2] {
        let kept = self.usage.iter().unwrap().map(|row| {
            let (plugin, bytes) = row.unwrap();
            (plugin.value().to_owned(), bytes.value())
        });
        let mut counted = BTreeMap::new();
        for row in self.values.iter().unwrap() {
            let (at, content) = row.unwrap();
            let (plugin, key) = at.value();
            *counted.entry(plugin.to_owned()).or_default() += size(key, content.value().1);
        }
        [kept.collect(), counted]
    }
}

/// A number kept as text, and something more.
fn sum(key: &str, value: Option<&[u8]>, delta: f64) -> Result<f64, Failure> {
    let refused = |why: &str| {
        Failure::Refused(Error::Invalid(format!(
            "storage: the value of {key:?} {why}, so nothing can be added"
        )))
    };
    let number: f64 = match value {
        None => 0.0,
        Some(value) => {
            let text = std::str::from_utf8(value).map_err(|_| refused("is not text"))?;
            text.trim().parse().map_err(|_| refused("is no number"))?
        }
    };
    // Adding zero turns -0 into 0, which is what people expect to read.
    let sum = number + delta + 0.0;
    if sum.is_finite() { Ok(sum) } else { Err(refused("would leave the range of numbers")) }
}

fn size(key: &str, value: &[u8]) -> u64 {
    (key.len() + value.len()) as u64
}
