//! A plugin's keys and values carried out and in as a whole, while no plugin runs.

use std::collections::BTreeMap;

use redb::{ReadTransaction, ReadableTable as _};

use super::Store;
use super::tables::{self, Failure, Step};
use crate::model::Error;

/// One key with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The key.
    pub key: String,
    /// Its value.
    pub value: Vec<u8>,
    /// Seconds that it is still kept, at least 1; none for ever.
    pub ttl: Option<u32>,
}

/// What one plugin has in the storage.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Holding {
    /// Keys.
    pub keys: u64,
    /// Bytes of keys and values, as the quota counts them. What is outlived and not swept yet counts.
    pub bytes: u64,
}

impl Store {
    /// Every plugin that has something here.
    ///
    /// # Errors
    ///
    /// The disk's.
    pub fn holdings(&self) -> Result<BTreeMap<String, Holding>, String> {
        self.shared.read(|txn, now| {
            let mut holdings: BTreeMap<String, Holding> = BTreeMap::new();
            for row in txn.open_table(tables::USAGE)?.iter()? {
                let (plugin, bytes) = row?;
                holdings.entry(plugin.value().to_owned()).or_default().bytes = bytes.value();
            }
            for (plugin, holding) in &mut holdings {
                each(txn, plugin, now, |_, _, _| {
                    holding.keys += 1;
                    Ok(())
                })?;
            }
            Ok(holdings)
        })
    }

    /// Hands out every key of a plugin, in the order of their bytes, until `take` answers false.
    ///
    /// # Errors
    ///
    /// The disk's.
    pub fn export(&self, plugin: &str, mut take: impl FnMut(Row) -> bool) -> Result<(), String> {
        let mut goes_on = true;
        self.shared.read(|txn, now| {
            each(txn, plugin, now, |key, value, expires| {
                let left =
                    |expires: u64| expires.saturating_sub(now).div_ceil(1000).clamp(1, u32::MAX.into());
                // Clamped, so it fits.
                let ttl = (expires != 0).then(|| u32::try_from(left(expires)).unwrap_or(u32::MAX));
                goes_on = goes_on && take(Row { key: key.to_owned(), value: value.to_vec(), ttl });
                Ok(())
            })
        })
    }

    /// Takes all rows in, over what is there under these keys, or none of them.
    ///
    /// # Errors
    ///
    /// `exhausted` when `quota` does not allow them, `invalid` for a wrong key or value, the disk's.
    pub fn import(&self, plugin: &str, quota: u64, rows: &[Row]) -> Result<(), Error> {
        for row in rows {
            super::check_key(&row.key)?;
            super::check_value(&row.key, &row.value)?;
        }
        let mut refused = None;
        let done = self.shared.write(|tables| {
            let steps: Vec<_> = rows
                .iter()
                .map(|row| (row.key.as_str(), Step::Set(&row.value, tables.expiry(row.ttl.unwrap_or(0)))))
                .collect();
            match tables.apply(plugin, quota, steps) {
                Ok(()) => Ok(()),
                Err(Failure::Refused(reason)) => {
                    refused = Some(reason);
                    Ok(())
                }
                Err(Failure::Broken(e)) => Err(*e),
            }
        });
        done.map_err(|reason| Error::Other(format!("storage: {reason}")))?;
        refused.map_or(Ok(()), Err)
    }

    /// Deletes every key of a plugin; answers how many there were.
    ///
    /// # Errors
    ///
    /// The disk's.
    pub fn clear(&self, plugin: &str) -> Result<u64, String> {
        self.shared.write(|tables| tables.clear(plugin))
    }
}

/// Every living value of a plugin.
fn each(
    txn: &ReadTransaction,
    plugin: &str,
    now: u64,
    mut take: impl FnMut(&str, &[u8], u64) -> Result<(), redb::Error>,
) -> Result<(), redb::Error> {
    for row in txn.open_table(tables::VALUES)?.range((plugin, "")..)? {
        let (at, content) = row?;
        let ((owner, key), (expires, value)) = (at.value(), content.value());
        if owner != plugin {
            break;
        }
        if tables::alive(expires, now) {
            take(key, value, expires)?;
        }
    }
    Ok(())
}
