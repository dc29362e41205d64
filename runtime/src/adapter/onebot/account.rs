//! An account: what is known of it, and the ways by which it can be reached now.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::Settings;
use super::line::{Line, Origin};
use super::memory::Memory;
use super::outbox::Outbox;
use crate::bot::Bots;
use crate::model::{self, Error, Incoming};

/// The accounts of this host, each of them once, however many links lead to it.
pub(super) struct Accounts {
    known: Mutex<HashMap<String, Arc<Account>>>,
    bots: Arc<Bots>,
}

impl Accounts {
    pub(super) fn new(bots: Arc<Bots>) -> Self {
        Self { known: Mutex::default(), bots }
    }

    /// The account with this id. One that is seen for the first time takes over what `settings` say about sending.
    pub(super) fn named(&self, id: &str, settings: &Settings) -> Arc<Account> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let account = known.entry(id.to_owned()).or_insert_with(|| Arc::new(Account::new(id, settings)));
        account.clone()
    }

    /// From now on plugins can find the account.
    pub(super) fn show(&self, account: &Arc<Account>) {
        let id = &account.id;
        if self.bots.get(id).is_none() {
            self.bots.insert(account.clone());
        }
    }
}

/// One QQ account. It outlives its links; while there is none, sends wait a little and every other action fails with
/// `disconnected`.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) id: String,
    /// The `[[bot]]` table that it was met by first.
    table: String,
    info: Mutex<model::Bot>,
    memory: Mutex<Memory>,
    /// The newest last.
    lines: Mutex<Vec<Line>>,
    up: watch::Sender<bool>,
    pub(super) outbox: Outbox,
    /// How long an answer may take when nothing is uploaded.
    pub(super) deadline: Duration,
}

impl Account {
    /// An account that no link reaches yet.
    pub(super) fn new(id: &str, settings: &Settings) -> Self {
        let info = model::Bot {
            id: id.to_owned(),
            platform: "onebot".to_owned(),
            nickname: String::new(),
            online: false,
        };
        Self {
            id: id.to_owned(),
            table: settings.name.clone(),
            info: Mutex::new(info),
            memory: Mutex::default(),
            lines: Mutex::default(),
            up: watch::Sender::new(false),
            outbox: Outbox::new(&settings.sending),
            deadline: settings.timings.answer,
        }
    }

    /// From now on actions can go out by this line too. `true` if it is the only one.
    pub(super) fn attach(&self, line: Line) -> bool {
        let mut lines = lock(&self.lines);
        lines.push(line);
        let is_first = lines.len() == 1;
        if is_first {
            lock(&self.info).online = true;
        }
        self.up.send_replace(true);
        is_first
    }

    /// This line is no more. `true` if it was the last.
    pub(super) fn detach(&self, line: &Line) -> bool {
        let mut lines = lock(&self.lines);
        let before = lines.len();
        lines.retain(|known| !known.is(line));
        let was_last = before > 0 && lines.is_empty();
        if was_last {
            lock(&self.info).online = false;
            self.up.send_replace(false);
        }
        was_last
    }

    /// The line to take: the one by which `answered` came, if that still stands, else the newest.
    pub(super) fn line(&self, answered: Option<&Incoming>) -> Result<Line, Error> {
        let lines = lock(&self.lines);
        let origin = answered.and_then(Origin::of).and_then(|origin| {
            let line = lines.iter().find(|line| line.is(&origin.line))?;
            Some(line.clone())
        });
        let can_call = |line: &&Line| !matches!(line, Line::Posts(_));
        let newest = || lines.iter().rev().find(can_call).or(lines.last()).cloned();
        origin.filter(|line| can_call(&line)).or_else(newest).ok_or_else(|| self.unreachable(""))
    }

    /// The same for a send, which waits for a line if there is room for one more in the queue.
    pub(super) async fn line_soon(&self, answered: Option<&Incoming>) -> Result<Line, Error> {
        if let Ok(line) = self.line(answered) {
            return Ok(line);
        }
        let _place = self.outbox.wait().map_err(|reason| self.unreachable(&reason))?;
        let mut up = self.up.subscribe();
        let wait = self.outbox.outage;
        let back = tokio::time::timeout(wait, up.wait_for(|up| *up)).await.is_ok();
        let reason = format!(", and a message that waited {:.0} s is dropped", wait.as_secs_f64());
        if back { self.line(answered) } else { Err(self.unreachable(&reason)) }
    }

    fn unreachable(&self, more: &str) -> Error {
        Error::Disconnected(format!(
            "bot {} (`{}` in the configuration) is not connected{more}; the link is set up again by itself",
            self.id, self.table,
        ))
    }

    pub(super) fn rename(&self, nickname: String) {
        lock(&self.info).nickname = nickname;
    }

    /// Notes whether the account is logged in; `false` if that was known.
    pub(super) fn turn(&self, online: bool) -> bool {
        std::mem::replace(&mut lock(&self.info).online, online) != online
    }

    pub(super) fn about(&self) -> model::Bot {
        lock(&self.info).clone()
    }

    pub(super) fn memory(&self) -> MutexGuard<'_, Memory> {
        lock(&self.memory)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
