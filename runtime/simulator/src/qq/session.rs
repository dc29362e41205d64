//! Sessions: who hears which events, and what is replayed to those who come back.

use std::{
    collections::VecDeque,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use serde_json::{Value, json};

use super::{
    Limit,
    bot::BotState,
    clock::DAY,
    event::Event,
    gateway::{Command, Connection, Line, Next, Presented},
    ids,
    options::{KNOWN_INTENTS, Stale},
    sent::Violation,
    shared::Shared,
};
use crate::lock;

pub(super) struct Session {
    pub(super) id: String,
    pub(super) intents: u64,
    shard: (u64, u64),
    s: u64,
    buffer: VecDeque<(u64, String)>,
    /// The connection's number and queue; `None` while there is none.
    pub(super) line: Option<(u64, Line)>,
    /// When the connection was lost, in the platform's time.
    lost: u64,
}

/// The gateway's side of one bot.
#[derive(Default)]
pub(super) struct Gate {
    pub(super) sessions: Vec<Session>,
    starts: VecDeque<u64>,
    /// Events that nobody heard, kept if the options say so.
    unheard: Vec<Event>,
    /// Events are kept for the next session that identifies when there is none.
    pub(super) keep_unheard: bool,
}

impl Session {
    fn takes(&self, event: &Event, spread: bool) -> bool {
        let (shard, of) = self.shard;
        let wanted = event.intent().is_none_or(|bit| self.intents & 1 << bit != 0);
        let home = match (event.guild(), event.chat()) {
            (Some(guild), _) => (guild >> 22) % of,
            (None, Some(chat)) if spread => {
                let mut hasher = DefaultHasher::new();
                chat.hash(&mut hasher);
                hasher.finish() % of
            }
            _ => 0,
        };
        wanted && home == shard
    }

    fn dispatch(&mut self, event: &Event, keep: usize, send: bool) {
        self.s += 1;
        let text = event.envelope(Some(self.s));
        if let Some((_, line)) = self.line.as_ref().filter(|_| send) {
            let _ = line.send(Command::Dispatch(text.clone()));
        }
        self.buffer.push_back((self.s, text));
        if self.buffer.len() > keep {
            self.buffer.pop_front();
        }
    }

    /// Sends again what was sent last.
    pub(super) fn repeat(&self, count: usize) {
        let from = self.buffer.len().saturating_sub(count);
        self.send_from(from);
    }

    fn send_from(&self, from: usize) {
        if let Some((_, line)) = &self.line {
            for (_, text) in self.buffer.iter().skip(from) {
                let _ = line.send(Command::Dispatch(text.clone()));
            }
        }
    }
}

impl Gate {
    /// Tells an event to all sessions that want it; how many those are.
    pub(super) fn dispatch(&mut self, shared: &Shared, event: &Event) -> usize {
        let options = &shared.options.sessions;
        let mut heard = 0;
        for session in self.sessions.iter_mut().filter(|session| session.takes(event, options.spread)) {
            session.dispatch(event, options.buffer, true);
            heard += 1;
        }
        if heard == 0 && self.keep_unheard && self.sessions.is_empty() {
            self.unheard.push(event.clone());
        }
        heard
    }

    /// Tells events with ascending sequences, the last one first on the wire.
    pub(super) fn dispatch_reversed(&mut self, shared: &Shared, events: &[Event]) {
        let options = &shared.options.sessions;
        for session in &mut self.sessions {
            let before = session.s;
            for event in events {
                if session.takes(event, options.spread) {
                    session.dispatch(event, options.buffer, false);
                }
            }
            if let Some((_, line)) = &session.line {
                for (_, text) in session.buffer.iter().rev().take_while(|(s, _)| *s > before) {
                    let _ = line.send(Command::Dispatch(text.clone()));
                }
            }
        }
    }

    fn started(&mut self, now: u64) -> u64 {
        while self.starts.front().is_some_and(|start| start + DAY <= now) {
            self.starts.pop_front();
        }
        self.starts.len() as u64
    }

    pub(super) fn spend_starts(&mut self, count: u64, now: u64) {
        self.starts.extend((0..count).map(|_| now));
    }
}

/// `GET /gateway/bot`.
pub(super) fn suggestion(shared: &Shared, bot: &BotState) -> Value {
    let (options, now) = (&shared.options.sessions, shared.clock.now());
    let mut gate = lock(&bot.gate);
    let remaining = options.starts.saturating_sub(gate.started(now));
    let reset = gate.starts.front().map_or(DAY, |first| first + DAY - now);
    json!({"url": shared.gateway_url(), "shards": bot.app.shards,
        "session_start_limit": {"total": options.starts, "remaining": remaining, "reset_after": reset,
            "max_concurrency": options.concurrency}})
}

/// Takes a connection from its session, which may be resumed.
pub(super) fn detach(shared: &Shared, connection: u64) {
    for bot in shared.bots() {
        let mut gate = lock(&bot.gate);
        for session in &mut gate.sessions {
            if session.line.as_ref().is_some_and(|(number, _)| *number == connection) {
                (session.line, session.lost) = (None, shared.clock.now());
            }
        }
    }
    count_live(shared);
}

pub(super) fn count_live(shared: &Shared) {
    let bots = shared.bots();
    let live = |bot: &Arc<BotState>| lock(&bot.gate).sessions.iter().filter(|one| one.line.is_some()).count();
    let live = bots.iter().map(live).sum();
    shared.lines.counts.send_modify(|counts| counts.live = live);
}

impl Connection {
    fn owner(&self, token: &str) -> Option<Arc<BotState>> {
        let bare = token.strip_prefix("QQBot ").unwrap_or(token);
        let now = self.shared.clock.now();
        self.shared.bots().into_iter().find(|bot| lock(&bot.tokens).knows(bare, now))
    }

    pub(super) fn identify(&self, d: &Value) -> (Next, Option<String>) {
        let token = d["token"].as_str().unwrap_or_default().to_owned();
        let bot = self.owner(&token).filter(|_| token.starts_with("QQBot "));
        let mut presented = Presented {
            connection: self.number,
            app_id: bot.as_ref().map(|bot| bot.app.app_id.clone()).unwrap_or_default(),
            resume: false,
            token,
            intents: d["intents"].as_u64().unwrap_or_default(),
            shard: d["shard"].clone(),
            session: String::new(),
            seq: 0,
            accepted: false,
        };
        let close = match &bot {
            Some(bot) => self.start(bot, &mut presented).err(),
            None => Some((4004, "Authentication fail")),
        };
        presented.accepted = close.is_none();
        let (intents, app_id) = (presented.intents, presented.app_id.clone());
        self.shared.presented.add(presented);
        match close {
            Some((code, reason)) => {
                if code == 4903 || code == 4008 {
                    self.shared.violations.add(Violation {
                        app_id,
                        limit: Limit::Sessions,
                        code: code.into(),
                        request: "identify".to_owned(),
                        body: json!({"intents": intents}),
                    });
                }
                (Next::Close(code, reason), None)
            }
            None => {
                self.shared.lines.counts.send_modify(|counts| counts.identified += 1);
                count_live(&self.shared);
                (Next::Go, None)
            }
        }
    }

    fn start(&self, bot: &Arc<BotState>, presented: &mut Presented) -> Result<(), (u16, &'static str)> {
        let (options, now) = (&self.shared.options.sessions, self.shared.clock.now());
        let shard = match &presented.shard {
            Value::Null => Some((0, 1)),
            shard => match (shard[0].as_u64(), shard[1].as_u64(), shard.as_array().map(Vec::len)) {
                (Some(id), Some(of), Some(2)) if id < of => Some((id, of)),
                _ => None,
            },
        };
        let shard = shard.ok_or((4010, "Invalid shard"))?;
        if presented.intents & !KNOWN_INTENTS != 0 {
            return Err((4013, "Invalid intent"));
        }
        if presented.intents & !bot.app.intents != 0 {
            return Err((4014, "Disallowed intent"));
        }
        let mut gate = lock(&bot.gate);
        if gate.sessions.iter().any(|session| session.line.as_ref().is_some_and(|line| line.0 == self.number))
        {
            return Err((4005, "Already authenticated"));
        }
        let pace = options.pace.map_or(0, |pace| pace.as_millis() as u64);
        let recent = gate.starts.iter().filter(|start| *start + pace > now).count() as u64;
        if gate.started(now) >= options.starts {
            return Err((4903, "create session error"));
        }
        if recent >= options.concurrency && pace > 0 {
            return Err((4008, "Sending payload too fast"));
        }
        gate.starts.push_back(now);
        let keep = options.keep.as_millis() as u64;
        gate.sessions.retain(|session| session.line.is_some() || session.lost + keep > now);
        let id = ids::uuid();
        presented.session.clone_from(&id);
        let app = &bot.app;
        let ready = json!({"op": 0, "s": 1, "t": "READY", "d": {"version": 1, "session_id": id,
            "user": {"id": app.user_id, "username": app.name, "bot": true, "status": 1},
            "shard": [shard.0, shard.1]}});
        let _ = self.line.send(Command::Text(ready.to_string()));
        let line = Some((self.number, self.line.clone()));
        let (intents, buffer) = (presented.intents, VecDeque::new());
        gate.sessions.push(Session { id, intents, shard, s: 1, buffer, line, lost: 0 });
        for event in std::mem::take(&mut gate.unheard) {
            gate.dispatch(&self.shared, &event);
        }
        Ok(())
    }

    pub(super) fn resume(&self, d: &Value) -> (Next, Option<String>) {
        let token = d["token"].as_str().unwrap_or_default().to_owned();
        let bot = self.owner(&token);
        let session = d["session_id"].as_str().unwrap_or_default().to_owned();
        let seq = d["seq"].as_u64().unwrap_or_default();
        let done = match &bot {
            Some(bot) => self.take_up(bot, &session, seq),
            None => Err(Some((4004, "Authentication fail"))),
        };
        self.shared.presented.add(Presented {
            connection: self.number,
            app_id: bot.map(|bot| bot.app.app_id.clone()).unwrap_or_default(),
            resume: true,
            token,
            intents: 0,
            shard: Value::Null,
            session,
            seq,
            accepted: done.is_ok(),
        });
        match done {
            Ok(()) => {
                self.shared.lines.counts.send_modify(|counts| counts.resumed += 1);
                count_live(&self.shared);
                (Next::Go, None)
            }
            Err(Some((code, reason))) => (Next::Close(code, reason), None),
            Err(None) => (Next::Go, Some(json!({"op": 9, "d": false}).to_string())),
        }
    }

    fn take_up(&self, bot: &BotState, id: &str, seq: u64) -> Result<(), Option<(u16, &'static str)>> {
        let (options, now) = (&self.shared.options.sessions, self.shared.clock.now());
        let keep = options.keep.as_millis() as u64;
        let mut gate = lock(&bot.gate);
        gate.sessions.retain(|session| session.line.is_some() || session.lost + keep > now);
        let Some(session) = gate.sessions.iter_mut().find(|session| session.id == id) else {
            return Err(match options.stale {
                Stale::InvalidSession => None,
                Stale::Close(code) => Some((code, "Session no longer valid")),
            });
        };
        let missed = session.buffer.front().is_some_and(|(first, _)| *first > seq + 1 && seq != 0);
        if seq > session.s || missed {
            return Err(Some((4007, "Invalid seq")));
        }
        if let Some((_, old)) = session.line.take().filter(|(number, _)| *number != self.number) {
            let reason = (4902, "reset by resume".to_owned());
            let (done, _) = tokio::sync::oneshot::channel();
            let _ = old.send(Command::Cut(crate::Cut::Close(Some(reason)), done));
        }
        session.line = Some((self.number, self.line.clone()));
        let from = session.buffer.iter().position(|(s, _)| *s > seq).unwrap_or(session.buffer.len());
        session.send_from(from);
        let resumed = json!({"op": 0, "s": session.s, "t": "RESUMED", "d": ""});
        let _ = self.line.send(Command::Text(resumed.to_string()));
        Ok(())
    }
}
