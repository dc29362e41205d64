//! What the host itself must remember: a room for each of its parts, out of the plugins' reach.
//!
//! It shares the storage's file, writer and disk flushes, in a table that no function of a plugin reads or writes, and
//! counts towards no quota.

use std::sync::{Arc, mpsc};

use redb::{ReadTransaction, Table, TableDefinition, WriteTransaction};
use tokio::sync::oneshot;

use super::database::Shared;
use super::tables::existing;
use super::writer::Request;
use super::{Store, closed};
use crate::model::Error;

/// (part of the host, key) to value.
const OWN: TableDefinition<'_, (&str, &str), &[u8]> = TableDefinition::new("own");

pub(super) type OwnTable<'txn> = Table<'txn, (&'static str, &'static str), &'static [u8]>;

/// The durable facts of one part of the host. Cheap to clone. A write is on disk when it returns.
///
/// Every function answers `other` when the disk fails.
#[derive(Clone)]
pub struct Own {
    part: &'static str,
    shared: Arc<Shared>,
    requests: mpsc::Sender<Request>,
}

impl Store {
    /// The room of this part of the host.
    #[must_use]
    pub fn own(&self, part: &'static str) -> Own {
        Own { part, shared: Arc::clone(&self.shared), requests: self.requests.clone() }
    }
}

impl Own {
    /// The value under `key`.
    pub async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Error> {
        let (part, key) = (self.part, key.to_owned());
        self.read(move |txn| {
            let Some(table) = existing(txn, OWN)? else { return Ok(None) };
            Ok(table.get((part, key.as_str()))?.map(|value| value.value().to_vec()))
        })
        .await
    }

    /// Every key that begins with `prefix`, and its value, in the order of the keys.
    pub async fn scan(&self, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, Error> {
        let (part, prefix) = (self.part, prefix.to_owned());
        self.read(move |txn| {
            let mut found = Vec::new();
            let Some(table) = existing(txn, OWN)? else { return Ok(found) };
            for row in table.range((part, prefix.as_str())..)? {
                let (at, value) = row?;
                let (owner, key) = at.value();
                if owner != part || !key.starts_with(&prefix) {
                    break;
                }
                found.push((key.to_owned(), value.value().to_vec()));
            }
            Ok(found)
        })
        .await
    }

    /// Sets a value; none deletes the key.
    pub async fn set(&self, key: &str, value: Option<Vec<u8>>) -> Result<(), Error> {
        let (part, key) = (self.part, key.to_owned());
        let (answer, answered) = oneshot::channel();
        let change = Request::change(
            move |tables| {
                let place = (part, key.as_str());
                match &value {
                    Some(value) => drop(tables.own.insert(place, value.as_slice())?),
                    None => drop(tables.own.remove(place)?),
                }
                Ok(())
            },
            answer,
        );
        self.requests.send(change).map_err(|_| closed())?;
        if let Ok(outcome) = answered.await {
            return outcome;
        }
        // The answer was dropped with the transaction; by the next flush the writer has noted why.
        let (done, noted) = oneshot::channel();
        if self.requests.send(Request::Flush(done)).is_ok() {
            let _ = noted.await;
        }
        Err(self.shared.why_it_failed())
    }

    async fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&ReadTransaction) -> Result<T, redb::Error> + Send + 'static,
    ) -> Result<T, Error> {
        let shared = Arc::clone(&self.shared);
        let answer = tokio::task::spawn_blocking(move || shared.read(|txn, _| look(txn)));
        let found = answer.await.unwrap_or_else(|e| Err(format!("a read broke off ({e})")));
        found.map_err(|reason| {
            let _ = self.requests.send(Request::Recover);
            Error::Other(format!("storage: {reason}"))
        })
    }
}

pub(super) fn open_for_writing(txn: &WriteTransaction) -> Result<OwnTable<'_>, redb::Error> {
    Ok(txn.open_table(OWN)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn keys(own: &Own, prefix: &str) -> Vec<String> {
        own.scan(prefix).await.unwrap().into_iter().map(|(key, _)| key).collect()
    }

    #[tokio::test]
    async fn facts_outlive_the_process_and_keep_to_their_part() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.redb");
        let store = Store::open(&path).unwrap();
        let (own, other) = (store.own("switches"), store.own("switchesx"));
        assert_eq!(own.get("a").await.unwrap(), None, "a new file has no facts");
        assert!(own.scan("").await.unwrap().is_empty());
        for key in ["b", "a/1", "a/2"] {
            own.set(key, Some(b"x".to_vec())).await.unwrap();
        }
        other.set("a/3", Some(Vec::new())).await.unwrap();
        own.set("a/2", Some(b"y".to_vec())).await.unwrap();
        own.set("b", None).await.unwrap();
        own.set("never", None).await.unwrap();
        store.close().await;
        drop((store, own, other));

        let store = Store::open(&path).unwrap();
        let own = store.own("switches");
        assert_eq!(own.get("a/2").await.unwrap().as_deref(), Some(&b"y"[..]));
        assert_eq!(keys(&own, "").await, ["a/1", "a/2"]);
        assert_eq!(keys(&own, "a/2").await, ["a/2"]);
        assert_eq!(keys(&store.own("switchesx"), "a/").await, ["a/3"]);
        store.close().await;
        assert!(own.set("late", Some(Vec::new())).await.is_err());
    }

    #[tokio::test]
    async fn a_plugin_cannot_reach_them() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("store.redb")).unwrap();
        store.own("switches").set("echo", Some(b"off".to_vec())).await.unwrap();
        let plugin = store.plugin("switches", 1 << 20);
        assert_eq!(plugin.get("echo".to_owned()).await.unwrap(), None);
        assert!(plugin.scan(String::new(), None, 0).await.unwrap().entries.is_empty());
        plugin.set("echo".to_owned(), b"mine".to_vec(), 0).await.unwrap();
        assert_eq!(store.own("switches").get("echo").await.unwrap().as_deref(), Some(&b"off"[..]));
    }
}
