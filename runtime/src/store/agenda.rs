//! What the host has to remember about time: timers that were set, and how far cron lines have come.

use std::sync::{Arc, mpsc};

use redb::{ReadTransaction, ReadableTable as _, Table, TableDefinition, WriteTransaction};
use tokio::sync::oneshot;

use super::database::Shared;
use super::tables::{Tables, existing};
use super::writer::Request;
use crate::model::Error;

/// (plugin, name) to (milliseconds since 1970 when it is due, whether it was handed out, JSON).
const TIMERS: TableDefinition<'_, (&str, &str), (u64, bool, Option<&str>)> = TableDefinition::new("timers");

/// (plugin, handler) to (the last time that is done with, the last that was handed out, line and zone).
const CRON: TableDefinition<'_, (&str, &str), (u64, u64, &str)> = TableDefinition::new("cron");

/// A timer as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimerRow {
    /// Whose it is.
    pub plugin: String,
    /// Its name there.
    pub name: String,
    /// Milliseconds since 1970.
    pub due: u64,
    /// It was handed to its plugin before.
    pub fired: bool,
    /// JSON.
    pub data: Option<String>,
}

/// A cron line as it is remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CronRow {
    /// Whose it is.
    pub plugin: String,
    /// The handler's name.
    pub handler: String,
    /// Milliseconds since 1970: what fell due until then is done with.
    pub done: u64,
    /// What fell due until then was handed to its plugin.
    pub begun: u64,
    /// The line and its zone; others are another time table.
    pub text: String,
}

/// The part of the storage that is about time.
pub struct Agenda {
    shared: Arc<Shared>,
    requests: mpsc::Sender<Request>,
}

/// A change that has been asked for. It is on disk when this is.
pub(crate) struct Noting(oneshot::Receiver<Result<(), Error>>);

impl Agenda {
    pub(super) fn new(shared: Arc<Shared>, requests: mpsc::Sender<Request>) -> Self {
        Self { shared, requests }
    }

    /// Everything that is kept.
    ///
    /// # Errors
    ///
    /// The disk's.
    pub fn load(&self) -> Result<(Vec<TimerRow>, Vec<CronRow>), String> {
        self.shared.read(|txn, _| Ok((timers(txn)?, crons(txn)?)))
    }

    /// Keeps a timer, in place of one with its name.
    pub(crate) fn set_timer(&self, row: TimerRow) -> Noting {
        self.change(move |tables| tables.agenda.set_timer(&row))
    }

    pub(crate) fn remove_timer(&self, plugin: &str, name: &str) -> Noting {
        let (plugin, name) = (plugin.to_owned(), name.to_owned());
        self.change(move |tables| tables.agenda.remove_timer(&plugin, &name))
    }

    pub(crate) fn set_cron(&self, row: CronRow) -> Noting {
        self.change(move |tables| tables.agenda.set_cron(&row))
    }

    /// Changes happen in the order in which they are asked for.
    fn change(
        &self,
        change: impl FnOnce(&mut Tables<'_>) -> Result<(), redb::Error> + Send + 'static,
    ) -> Noting {
        let (answer, answered) = oneshot::channel();
        // A store that is closed drops the answer.
        let _ = self.requests.send(Request::change(move |tables| Ok(change(tables)?), answer));
        Noting(answered)
    }

    /// Waits until a change is on disk.
    pub(crate) async fn settled(&self, change: Noting) -> Result<(), Error> {
        change.0.await.unwrap_or_else(|_| Err(self.shared.why_it_failed()))
    }
}

/// The tables, open for one writing transaction.
pub(super) struct AgendaTables<'txn> {
    timers: Table<'txn, (&'static str, &'static str), (u64, bool, Option<&'static str>)>,
    cron: Table<'txn, (&'static str, &'static str), (u64, u64, &'static str)>,
}

impl<'txn> AgendaTables<'txn> {
    pub(super) fn open(txn: &'txn WriteTransaction) -> Result<Self, redb::Error> {
        Ok(Self { timers: txn.open_table(TIMERS)?, cron: txn.open_table(CRON)? })
    }

    fn set_timer(&mut self, row: &TimerRow) -> Result<(), redb::Error> {
        let key = (row.plugin.as_str(), row.name.as_str());
        self.timers.insert(key, (row.due, row.fired, row.data.as_deref()))?;
        Ok(())
    }

    fn remove_timer(&mut self, plugin: &str, name: &str) -> Result<(), redb::Error> {
        self.timers.remove((plugin, name))?;
        Ok(())
    }

    fn set_cron(&mut self, row: &CronRow) -> Result<(), redb::Error> {
        let key = (row.plugin.as_str(), row.handler.as_str());
        self.cron.insert(key, (row.done, row.begun, row.text.as_str()))?;
        Ok(())
    }
}

fn timers(txn: &ReadTransaction) -> Result<Vec<TimerRow>, redb::Error> {
    let Some(table) = existing(txn, TIMERS)? else { return Ok(Vec::new()) };
    let mut rows = Vec::new();
    for row in table.iter()? {
        let (key, value) = row?;
        let ((plugin, name), (due, fired, data)) = (key.value(), value.value());
        let (plugin, name, data) = (plugin.to_owned(), name.to_owned(), data.map(str::to_owned));
        rows.push(TimerRow { plugin, name, due, fired, data });
    }
    Ok(rows)
}

fn crons(txn: &ReadTransaction) -> Result<Vec<CronRow>, redb::Error> {
    let Some(table) = existing(txn, CRON)? else { return Ok(Vec::new()) };
    let mut rows = Vec::new();
    for row in table.iter()? {
        let (key, value) = row?;
        let ((plugin, handler), (done, begun, text)) = (key.value(), value.value());
        let (plugin, handler, text) = (plugin.to_owned(), handler.to_owned(), text.to_owned());
        rows.push(CronRow { plugin, handler, done, begun, text });
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::super::Store;
    use super::*;

    #[tokio::test]
    async fn what_was_set_is_there_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.redb");
        let row = |name: &str, data: Option<&str>| TimerRow {
            plugin: "p".to_owned(),
            name: name.to_owned(),
            due: 5,
            fired: false,
            data: data.map(str::to_owned),
        };
        let cron = CronRow {
            plugin: "p".to_owned(),
            handler: "h".to_owned(),
            done: 1,
            begun: 2,
            text: "t".to_owned(),
        };
        let store = Store::open(&path).unwrap();
        let agenda = store.agenda();
        assert_eq!(agenda.load(), Ok((Vec::new(), Vec::new())));
        for row in [
            row("a", None),
            row("b", Some("{}")),
            row("c", None),
            TimerRow { fired: true, ..row("a", Some("1")) },
        ] {
            agenda.settled(agenda.set_timer(row)).await.unwrap();
        }
        agenda.settled(agenda.remove_timer("p", "c")).await.unwrap();
        agenda.settled(agenda.set_cron(cron.clone())).await.unwrap();
        store.close().await;
        assert!(agenda.settled(agenda.remove_timer("p", "a")).await.is_err(), "it is closed");
        drop((store, agenda));

        let store = Store::open(&path).unwrap();
        let kept = vec![TimerRow { fired: true, ..row("a", Some("1")) }, row("b", Some("{}"))];
        assert_eq!(store.agenda().load(), Ok((kept, vec![cron])));
    }
}
