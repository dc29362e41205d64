//! One link, from the upgrade to its end.

use std::collections::BTreeSet;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use futures_util::{Sink, SinkExt as _, Stream, StreamExt as _};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::error::CapacityError;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error as WsError, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use tokio_util::sync::CancellationToken;

use super::super::token::Token;
use super::super::wire::Envelope;
use super::{Common, starts};
use crate::adapter::now as unix_now;

/// The largest frame that is read.
const FRAME_LIMIT: usize = 16 << 20;
/// What the platform usually asks for.
const BEAT: Duration = Duration::from_secs(45);
/// Closing with one of the usual codes would end the session.
const KEEP_SESSION: u16 = 4000;
/// Plugins come one after another: so many times `timings.retry` from the last one to a new session.
const SETTLE: u32 = 2;
/// So many times `timings.retry` until a fresh session is thought of again that could not be begun.
const PUT_OFF: u32 = 60;
const A_DAY: Duration = Duration::from_secs(86_400);

pub(super) type Socket = WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>;

/// What a resumed link goes on with.
#[derive(Debug)]
pub(super) struct Session {
    id: String,
    /// The number of the last dispatch that was taken.
    sequence: Option<i64>,
    intents: u32,
    begun: Instant,
    /// It was resumed at least once.
    resumed: bool,
    /// When it last brought an event, or began.
    heard: Instant,
    /// When the link before this one was last heard of, in seconds since 1970.
    down: Option<u64>,
}

/// How a try or a link ended.
#[derive(Debug)]
pub(super) enum End {
    Stopped,
    /// There was no link.
    Unreachable(String),
    /// There was none, as the platform does not accept who asks.
    Refused(String),
    /// The link broke, or was closed with this code.
    Lost {
        code: Option<u16>,
        reason: String,
    },
    /// A frame is too large to be read, and would come again.
    Oversize,
    /// Op 7.
    Reconnect,
    /// Op 9; whether the session can be resumed.
    Invalid(bool),
    /// A new session is better than this one.
    Fresh(Fresh),
}

/// Why it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fresh {
    /// Plugins have come to listen to more.
    More,
    /// It was resumed, and has brought nothing for long. The platform is known to forget resumed sessions while it
    /// still acknowledges heartbeats; a session that was never resumed is simply quiet.
    Silent,
}

type Asked<'a> = Pin<Box<dyn Future<Output = (Fresh, bool)> + Send + 'a>>;

pub(super) struct Link<'a> {
    pub(super) common: &'a Arc<Common>,
    /// Its number, and how many there are.
    pub(super) shard: (u32, u32),
    pub(super) session: &'a mut Option<Session>,
    pub(super) wanted: &'a mut watch::Receiver<BTreeSet<&'static str>>,
    /// The intents of the identify.
    pub(super) intents: u32,
    /// READY or RESUMED was seen.
    pub(super) greeted: bool,
    /// Resume was sent.
    pub(super) resuming: bool,
    /// It brought an event that no link before it did.
    pub(super) of_use: bool,
    begun: Instant,
    last_frame: Instant,
    acknowledged: bool,
    /// When a session with more intents is to begin.
    more: Option<Instant>,
    put_off: Option<Instant>,
}

enum Step {
    Go,
    /// The platform asks for a heartbeat.
    Beat,
    End(End),
}

/// What both ends agree to.
pub(super) fn config() -> WebSocketConfig {
    WebSocketConfig::default().max_message_size(Some(FRAME_LIMIT)).max_frame_size(Some(FRAME_LIMIT))
}

impl<'a> Link<'a> {
    pub(super) fn new(
        common: &'a Arc<Common>,
        shard: (u32, u32),
        session: &'a mut Option<Session>,
        wanted: &'a mut watch::Receiver<BTreeSet<&'static str>>,
    ) -> Self {
        let intents = common.intents(&wanted.borrow_and_update());
        let now = Instant::now();
        let (greeted, resuming, of_use, acknowledged) = (false, false, false, true);
        let (more, put_off) = (None, None);
        Self {
            common,
            shard,
            session,
            wanted,
            intents,
            greeted,
            resuming,
            of_use,
            begun: now,
            last_frame: now,
            acknowledged,
            more,
            put_off,
        }
    }

    pub(super) async fn run(&mut self, socket: Socket, token: &Token, stop: &CancellationToken) -> End {
        let (mut sink, mut stream) = socket.split();
        let end = tokio::select! {
            end = self.live(&mut sink, &mut stream, token) => end,
            () = stop.cancelled() => End::Stopped,
        };
        if let Some(session) = self.session.as_mut().filter(|_| self.greeted) {
            session.down = Some((unix_now() - self.last_frame.elapsed().as_secs_f64()) as u64);
        }
        let code = match &end {
            End::Stopped | End::Fresh(_) | End::Invalid(false) => 1000,
            _ => KEEP_SESSION,
        };
        let farewell = Message::Close(Some(CloseFrame { code: code.into(), reason: "".into() }));
        let _ = timeout(self.common.settings.timings.retry, sink.send(farewell)).await;
        end
    }

    async fn live(
        &mut self,
        sink: &mut (impl Sink<Message, Error = WsError> + Unpin),
        stream: &mut (impl Stream<Item = Result<Message, WsError>> + Unpin),
        token: &Token,
    ) -> End {
        let common = self.common.clone();
        let interval = match timeout(common.settings.timings.hello, self.hello(stream)).await {
            Ok(Ok(interval)) => interval,
            Ok(Err(end)) => return end,
            Err(_) => return lost("it says no hello"),
        };
        self.resuming = self.session.is_some();
        self.begun = Instant::now();
        if let Err(end) = self.say(sink, &self.opening(token)).await {
            return end;
        }
        let mut beat = pin!(sleep_until(Instant::now() + interval.mul_f64(fastrand::f64())));
        let mut alarm = pin!(sleep_until(Instant::now()));
        let mut asked: Option<Asked<'_>> = None;
        let mut watching = common.settings.intents.is_none();
        loop {
            let step = tokio::select! {
                frame = stream.next() => self.read(frame),
                () = &mut beat => {
                    if !std::mem::take(&mut self.acknowledged) {
                        break lost("a heartbeat was not acknowledged");
                    }
                    beat.as_mut().reset(Instant::now() + interval);
                    Step::Beat
                }
                () = &mut alarm => match self.look_after(Instant::now()) {
                    Ok((fresh, next)) => {
                        alarm.as_mut().reset(next);
                        if let Some(fresh) = fresh && asked.is_none() {
                            asked = Some(may_begin(&common, fresh));
                        }
                        Step::Go
                    }
                    Err(end) => Step::End(end),
                },
                changed = self.wanted.changed(), if watching => {
                    watching = changed.is_ok();
                    Step::Go
                }
                (fresh, yes) = async {
                    match &mut asked {
                        Some(asked) => asked.await,
                        None => std::future::pending().await,
                    }
                } => {
                    asked = None;
                    if yes {
                        break End::Fresh(fresh);
                    }
                    self.put_off = Some(Instant::now() + common.settings.timings.retry * PUT_OFF);
                    Step::Go
                }
            };
            match step {
                Step::Go => {}
                Step::Beat => {
                    let sequence = self.session.as_ref().and_then(|session| session.sequence);
                    if let Err(end) = self.say(sink, &json!({"op": 1, "d": sequence})).await {
                        break end;
                    }
                }
                Step::End(end) => break end,
            }
            if self.count_more() {
                alarm.as_mut().reset(Instant::now());
            }
        }
    }

    /// The time between heartbeats.
    async fn hello(
        &self,
        stream: &mut (impl Stream<Item = Result<Message, WsError>> + Unpin),
    ) -> Result<Duration, End> {
        loop {
            let Some(text) = content(stream.next().await)? else { continue };
            let Ok(envelope) = Envelope::read(&text) else { continue };
            match envelope.op() {
                Some(10) => {
                    let interval =
                        envelope.data().at("heartbeat_interval").count().filter(|millis| *millis > 0);
                    return Ok(interval
                        .map_or(BEAT, |millis| Duration::from_millis(millis.into()))
                        .min(A_DAY));
                }
                Some(7) => return Err(End::Reconnect),
                Some(9) => return Err(End::Invalid(envelope.data().truth() == Some(true))),
                _ => {}
            }
        }
    }

    /// Identify or resume.
    fn opening(&self, token: &Token) -> Value {
        let token = token.header();
        match &*self.session {
            Some(session) => {
                json!({"op": 6, "d": {"token": token, "session_id": session.id, "seq": session.sequence.unwrap_or(0)}})
            }
            None => json!({"op": 2, "d": {
                "token": token,
                "intents": self.intents,
                "shard": [self.shard.0, self.shard.1],
                "properties": {"$os": std::env::consts::OS, "$browser": "iglu", "$device": "iglu"},
            }}),
        }
    }

    async fn say(
        &self,
        sink: &mut (impl Sink<Message, Error = WsError> + Unpin),
        frame: &Value,
    ) -> Result<(), End> {
        match timeout(self.common.settings.timings.handshake, sink.send(Message::text(frame.to_string())))
            .await
        {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(lost(&error.to_string())),
            Err(_) => Err(lost("it takes in nothing")),
        }
    }

    fn read(&mut self, frame: Option<Result<Message, WsError>>) -> Step {
        match content(frame) {
            Ok(Some(text)) => {
                self.last_frame = Instant::now();
                self.take(&text)
            }
            Ok(None) => Step::Go,
            Err(end) => Step::End(end),
        }
    }

    fn take(&mut self, text: &str) -> Step {
        let envelope = match Envelope::read(text) {
            Ok(envelope) => envelope,
            Err(reason) => {
                self.common.complain(&format!("a frame of {} bytes is passed over: {reason}", text.len()));
                return Step::Go;
            }
        };
        match envelope.op() {
            Some(0) => self.dispatch(text, &envelope),
            Some(1) => return Step::Beat,
            Some(7) => return Step::End(End::Reconnect),
            Some(9) => return Step::End(End::Invalid(envelope.data().truth() == Some(true))),
            Some(11) => self.acknowledged = true,
            op => tracing::debug!("a frame with op {op:?} is passed over"),
        }
        Step::Go
    }

    fn dispatch(&mut self, text: &str, envelope: &Envelope<'_>) {
        let now = Instant::now();
        match envelope.kind() {
            "READY" => {
                let data = envelope.data();
                let session = data.at("session_id").id().map(|id| Session {
                    id,
                    sequence: None,
                    intents: self.intents,
                    begun: self.begun,
                    resumed: false,
                    heard: now,
                    down: None,
                });
                *self.session = session;
                let user = data.at("user");
                let user = user.at("id").id().map(|id| (id, user.at("username").words().unwrap_or_default()));
                self.greet(user);
            }
            "RESUMED" => {
                if let Some(session) = &mut *self.session {
                    session.resumed = true;
                }
                self.greet(None);
            }
            _ => {
                let since = self.session.as_ref().and_then(|session| session.down).filter(|_| !self.greeted);
                self.common.ear.take(text, envelope, since);
                if let Some(session) = &mut *self.session {
                    session.heard = now;
                    self.of_use |= envelope.sequence() > session.sequence;
                }
            }
        }
        if let (Some(session), Some(number)) = (&mut *self.session, envelope.sequence()) {
            session.sequence = session.sequence.max(Some(number));
        }
    }

    fn greet(&mut self, user: Option<(String, String)>) {
        self.greeted = true;
        self.common.up(self.shard.0, user);
        let (index, count) = self.shard;
        let how = if self.resuming { "resumed" } else { "begun" };
        tracing::info!(
            bot = self.common.settings.name,
            shard = index,
            shards = count,
            "the gateway's session is {how}"
        );
    }

    /// Whether plugins have come to listen to more than the session brings, and nobody saw that yet.
    fn count_more(&mut self) -> bool {
        let (true, None, Some(session)) = (self.greeted, self.more, &*self.session) else { return false };
        if self.common.intents(&self.wanted.borrow()) & !session.intents == 0 {
            return false;
        }
        let settled = Instant::now() + self.common.settings.timings.retry * SETTLE;
        self.more = Some(settled.max(self.common.starts.next_after(session.begun)));
        true
    }

    /// What has become due, and when to look again.
    fn look_after(&self, now: Instant) -> Result<(Option<Fresh>, Instant), End> {
        let timings = &self.common.settings.timings;
        if !self.greeted {
            // A resumed session brings what was missed first, however long that takes.
            let deadline = self.last_frame.max(self.begun) + timings.hello;
            return if now < deadline {
                Ok((None, deadline))
            } else {
                Err(lost("it answers neither identify nor resume"))
            };
        }
        let silent = self
            .session
            .as_ref()
            .filter(|session| session.resumed)
            .map(|session| session.heard + timings.silence);
        let due = [(self.more, Fresh::More), (silent, Fresh::Silent)]
            .into_iter()
            .filter_map(|(at, fresh)| Some((at?, fresh)));
        let Some((at, fresh)) = due.min_by_key(|(at, _)| *at) else {
            return Ok((None, now + timings.silence.min(A_DAY)));
        };
        let at = self.put_off.map_or(at, |put_off| at.max(put_off));
        Ok(if now < at { (None, at) } else { (Some(fresh), now + timings.retry * PUT_OFF) })
    }
}

/// Whether the platform lets so many sessions begin that one may be given up.
fn may_begin(common: &Arc<Common>, fresh: Fresh) -> Asked<'static> {
    let common = common.clone();
    Box::pin(async move {
        let place = starts::ask(&common.api, &common.settings).await;
        let yes = place.is_ok_and(|place| match fresh {
            Fresh::More => place.remaining != Some(0),
            Fresh::Silent => place.is_generous(),
        });
        (fresh, yes)
    })
}

fn lost(reason: &str) -> End {
    End::Lost { code: None, reason: reason.to_owned() }
}

/// The text of a frame, if it has one.
fn content(frame: Option<Result<Message, WsError>>) -> Result<Option<String>, End> {
    match frame {
        Some(Ok(Message::Text(text))) => Ok(Some(text.as_str().to_owned())),
        Some(Ok(Message::Binary(bytes))) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Some(Ok(Message::Close(Some(close)))) => {
            let code = u16::from(close.code);
            Err(End::Lost {
                code: Some(code),
                reason: format!("it was closed with {code} {}", close.reason).trim().to_owned(),
            })
        }
        Some(Ok(Message::Close(None))) | None => Err(lost("it was closed")),
        Some(Ok(_)) => Ok(None),
        Some(Err(WsError::Capacity(CapacityError::MessageTooLong { .. }))) => Err(End::Oversize),
        Some(Err(error)) => Err(lost(&error.to_string())),
    }
}
