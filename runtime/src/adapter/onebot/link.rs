//! One link: a WebSocket from the upgrade to its end.
//!
//! The reader never waits for a plugin: events go to the inlet, answers to whoever asked. Any frame, a pong too, is a
//! sign of life; pings see to it that a living peer gives one.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{Sink, SinkExt as _, StreamExt as _};
use serde_json::json;
use tokio::time::sleep_until;
use tokio_tungstenite::tungstenite::{Error as WsError, Message, Utf8Bytes};
use tokio_util::sync::CancellationToken;

use super::Settings;
use super::bot::Account;
use super::calls::Calls;
use super::decode::{self, Context, Decoded};
use super::dial::{self, End, Socket};
use super::node::Node;
use super::queue::Queue;
use super::throttle::Throttle;
use super::wire::{self, Frame, Outcome};
use crate::adapter::Inlet;
use crate::bot::{Bot as _, Bots};
use crate::model::{EventBody, Incoming};

/// Heartbeats may be told to come faster or slower than this, but pings keep to it.
const INTERVALS: std::ops::RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(600);
/// A peer that takes in nothing for so long is gone. Long enough for the largest frame on a slow line.
const STALLED: Duration = Duration::from_secs(300);

/// What outlives a link.
pub(super) struct Seat {
    pub(super) settings: Settings,
    bots: Arc<Bots>,
    inlet: Inlet,
    /// The account that answered here last.
    account: Option<Arc<Account>>,
    bad_frames: Throttle,
}

impl Seat {
    pub(super) fn new(settings: Settings, bots: Arc<Bots>, inlet: Inlet) -> Self {
        Self { settings, bots, inlet, account: None, bad_frames: Throttle::default() }
    }
}

/// Runs a link that has just been upgraded, to its end.
pub(super) async fn serve(seat: &mut Seat, socket: Socket, stop: &CancellationToken) -> End {
    let mut link = Link {
        calls: Arc::new(Calls::default()),
        account: None,
        greeted: false,
        kicked: false,
        interval: seat.settings.timings.heartbeat,
        last_frame: Instant::now(),
        seat,
    };
    let end = link.run(socket, stop).await;
    link.over(&end);
    end
}

struct Link<'a> {
    seat: &'a mut Seat,
    calls: Arc<Calls>,
    /// The account that this link has shown itself to be, and that was told to the plugins.
    account: Option<Arc<Account>>,
    /// A frame has come that is no refusal.
    greeted: bool,
    /// NapCat reported a forced logout; its heartbeats may go on saying that all is well.
    kicked: bool,
    /// Between heartbeats.
    interval: Duration,
    last_frame: Instant,
}

impl Link<'_> {
    async fn run(&mut self, socket: Socket, stop: &CancellationToken) -> End {
        let (sink, mut stream) = socket.split();
        let calls = self.calls.clone();
        let mut writer = pin!(write(sink, &calls.queue));
        let mut login = pin!(ask_login(&calls, self.seat.settings.timings.answer));
        let mut login_due = true;
        let mut interval = self.interval;
        let first_look = interval.min(self.seat.settings.timings.hello);
        let mut alarm = pin!(sleep_until((self.last_frame + first_look).into()));
        let end = loop {
            tokio::select! {
                frame = stream.next() => match frame {
                    Some(Ok(frame)) => {
                        self.last_frame = Instant::now();
                        if let Some(end) = self.take(frame) {
                            break end;
                        }
                        if interval != self.interval {
                            interval = self.interval;
                            alarm.as_mut().reset((self.last_frame + interval).into());
                        }
                    }
                    Some(Err(error)) => break End::Lost(dial::lost(&error)),
                    None => break End::Lost("the server closed the connection".to_owned()),
                },
                error = &mut writer => break End::Lost(error),
                outcome = &mut login, if login_due => {
                    login_due = false;
                    self.take_login(outcome);
                }
                () = &mut alarm => match self.look_after(Instant::now()) {
                    Ok(next) => alarm.as_mut().reset(next.into()),
                    Err(end) => break end,
                },
                () = stop.cancelled() => {
                    let farewell = async {
                        let _ = calls.queue.push(Message::Close(None));
                        let mut written = false;
                        loop {
                            tokio::select! {
                                frame = stream.next() => if !matches!(frame, Some(Ok(_))) { break },
                                _ = &mut writer, if !written => written = true,
                            }
                        }
                    };
                    let _ = tokio::time::timeout(self.seat.settings.timings.goodbye, farewell).await;
                    break End::Stopped;
                }
            }
        };
        // A link that never said a word was none: the waits between tries must grow.
        match end {
            End::Lost(reason) if !self.greeted => End::Unreachable(reason),
            end => end,
        }
    }

    /// Watches over the link when the alarm goes off, and tells when to look again.
    fn look_after(&self, now: Instant) -> Result<Instant, End> {
        let quiet = now.duration_since(self.last_frame);
        let limit = if self.greeted { self.interval * 3 } else { self.seat.settings.timings.hello };
        if quiet >= limit {
            return Err(End::Lost(format!("nothing was heard for {:.1} s", quiet.as_secs_f64())));
        }
        let _ = self.calls.queue.push(Message::Ping(Vec::new().into()));
        Ok((now + self.interval).min(self.last_frame + limit))
    }

    fn take(&mut self, frame: Message) -> Option<End> {
        match frame {
            Message::Text(text) => self.take_text(&text),
            Message::Binary(bytes) => {
                self.complain(&format!("it is binary ({} bytes)", bytes.len()));
                None
            }
            Message::Close(reason) => {
                let reason = reason.map(|frame| format!(" ({} {})", u16::from(frame.code), frame.reason));
                Some(End::Lost(format!("the server said goodbye{}", reason.unwrap_or_default())))
            }
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => None,
        }
    }

    fn take_text(&mut self, text: &Utf8Bytes) -> Option<End> {
        let taken = wire::frame(text, |frame| match frame {
            Frame::Response(response) if response.outcome.code == 1403 => {
                Some(End::Refused(response.outcome.message))
            }
            Frame::Response(response) => {
                self.greeted = true;
                let (code, message) = (response.outcome.code, response.outcome.message.clone());
                if !self.calls.answer(response) {
                    let name = &self.seat.settings.name;
                    tracing::debug!(bot = name, code, message, "an answer that nobody waits for");
                }
                None
            }
            Frame::Event(node) => {
                self.greeted = true;
                self.take_event(&node, text);
                None
            }
        });
        taken.unwrap_or_else(|bad| {
            self.complain(&bad.to_string());
            None
        })
    }

    fn take_event(&mut self, node: &Node<'_>, text: &str) {
        let Some(account) = self.account_of(node) else {
            return self.complain("no event has told yet which account this is (`self_id`)");
        };
        let bot = account.info();
        let decoded = {
            let mut memory = account.memory();
            decode::event(node, text, &mut Context { bot: &bot, memory: &mut memory })
        };
        let is_hello = matches!(decoded, Decoded::Connected);
        self.show(&account, is_hello.then_some(text));
        match decoded {
            Decoded::Connected => {}
            Decoded::Heartbeat { online, interval } => {
                if let Some(interval) = interval {
                    self.interval = interval.clamp(*INTERVALS.start(), *INTERVALS.end());
                }
                // After a forced logout only a report of being offline, or a message, makes a later "online" credible.
                self.kicked &= online != Some(false);
                if let Some(online) = online.filter(|online| !(self.kicked && *online)) {
                    self.turn(&account, online, Some(text));
                }
            }
            Decoded::Events(events) => self.pass_on(&account, events),
        }
    }

    fn pass_on(&mut self, account: &Account, events: Vec<Incoming>) {
        for mut event in events {
            match &event.event.body {
                EventBody::BotState(state) if state.state == "offline" => {
                    self.kicked = true;
                    account.turn(false);
                }
                EventBody::BotState(state) if state.state == "online" => {
                    account.turn(true);
                }
                EventBody::Message(_) if self.kicked => {
                    self.kicked = false;
                    self.turn(account, true, None);
                }
                _ => {}
            }
            Arc::make_mut(&mut event.event).bot.online = account.info().online;
            (self.seat.inlet)(event);
        }
    }

    fn turn(&self, account: &Account, online: bool, original: Option<&str>) {
        if account.turn(online) {
            let (name, id) = (&self.seat.settings.name, account.info().id);
            tracing::info!(bot = name, id, online, "the account's login has changed");
            let state = if online { "online" } else { "offline" };
            (self.seat.inlet)(decode::bot_state(account.info(), state, None, original));
        }
    }

    /// The account that an event belongs to. `lifecycle` says whose link this is; of other events, the first one does.
    fn account_of(&mut self, node: &Node<'_>) -> Option<Arc<Account>> {
        let is_hello = node.at("meta_event_type").as_str() == Some("lifecycle");
        if let Some(account) = self.account.as_ref().filter(|_| !is_hello) {
            return Some(account.clone());
        }
        match node.at("self_id").known_id() {
            Some(id) => Some(self.account_named(id)),
            None => self.account.clone().or_else(|| self.seat.account.clone()),
        }
    }

    fn account_named(&mut self, id: String) -> Arc<Account> {
        let known = self.seat.account.as_ref().filter(|account| account.info().id == id);
        known.cloned().unwrap_or_else(|| {
            let settings = &self.seat.settings;
            Arc::new(Account::new(id, &settings.name, settings.timings.answer))
        })
    }

    /// Makes the account reachable by this link and tells the plugins, once.
    fn show(&mut self, account: &Arc<Account>, original: Option<&str>) {
        if let Some(shown) = self.account.take() {
            if Arc::ptr_eq(&shown, account) {
                self.account = Some(shown);
                return;
            }
            self.part(&shown, "another account has logged in there");
        }
        account.attach(self.calls.clone());
        self.seat.bots.insert(account.clone());
        self.seat.account = Some(account.clone());
        self.account = Some(account.clone());
        self.kicked = false;
        let (name, id) = (&self.seat.settings.name, account.info().id);
        tracing::info!(bot = name, id, "bot `{name}` is connected");
        (self.seat.inlet)(decode::bot_state(account.info(), "connected", None, original));
    }

    fn part(&self, account: &Account, reason: &str) {
        account.detach(&self.calls);
        (self.seat.inlet)(decode::bot_state(account.info(), "disconnected", Some(reason.to_owned()), None));
    }

    fn take_login(&mut self, outcome: Option<Outcome>) {
        let Some(outcome) = outcome else { return };
        let told = wire::document(&outcome.data, |data| {
            (data.at("user_id").known_id(), data.at("nickname").words())
        });
        let Ok((Some(id), nickname)) = told else { return };
        let account = self.account_named(id);
        if let Some(nickname) = nickname {
            account.rename(nickname);
        }
        self.show(&account, None);
    }

    fn complain(&mut self, reason: &str) {
        if let Some(passed) = self.seat.bad_frames.count(Instant::now()) {
            let name = &self.seat.settings.name;
            tracing::warn!(
                bot = name,
                skipped = passed.total,
                unreported = passed.held,
                "a frame from NapCat is skipped: {reason}"
            );
        }
    }

    fn over(&mut self, end: &End) {
        let reason = match end {
            End::Stopped => "iglu is stopping",
            End::Refused(reason) | End::Unreachable(reason) | End::Lost(reason) => reason,
        };
        self.calls.close(&format!("the link to NapCat has ended: {reason}"));
        if let Some(account) = self.account.take() {
            if matches!(end, End::Stopped) {
                account.detach(&self.calls);
            } else {
                self.part(&account, reason);
            }
        }
    }
}

/// Writes what is queued, in batches, until that fails or a close frame was written.
async fn write(mut sink: impl Sink<Message, Error = WsError> + Unpin, queue: &Queue) -> String {
    loop {
        let mut next = Some(queue.next().await);
        let batch = async {
            while let Some(frame) = next.take() {
                let is_last = frame.is_close();
                sink.feed(frame).await?;
                if is_last {
                    sink.flush().await?;
                    return Ok(true);
                }
                next = queue.try_next();
            }
            sink.flush().await?;
            Ok::<_, WsError>(false)
        };
        match tokio::time::timeout(STALLED, batch).await {
            Ok(Ok(false)) => {}
            Ok(Ok(true)) => return "iglu closed the link".to_owned(),
            Ok(Err(error)) => return dial::lost(&error),
            Err(_) => return format!("the server took in nothing for {} s", STALLED.as_secs()),
        }
    }
}

/// Who is logged in there; none if NapCat does not say.
async fn ask_login(calls: &Calls, deadline: Duration) -> Option<Outcome> {
    let outcome = calls.start("get_login_info", &json!({}), deadline).ok()?.outcome().await.ok()?;
    outcome.ok.then_some(outcome)
}
