//! The gateway: one connection's life, from hello to close.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{
    net::TcpStream,
    sync::{mpsc, oneshot, watch},
    time::{Instant, sleep, sleep_until},
};
use tokio_tungstenite::{
    accept_hdr_async,
    tungstenite::{
        Message,
        handshake::server::{ErrorResponse, Request, Response},
        http::StatusCode,
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};

pub(super) use super::session::{Gate, suggestion};
use super::{server, session, shared::Shared};
use crate::{
    Cut, Greeting,
    link::{self, WebSocket},
    lock,
};

/// What a client said of itself when it identified or resumed.
#[derive(Clone, Debug)]
pub struct Presented {
    /// The connection's number, from 1.
    pub connection: u64,
    /// The bot its token belongs to; empty for a token that is not good.
    pub app_id: String,
    /// It resumed; otherwise it identified.
    pub resume: bool,
    /// The token as presented, with its prefix.
    pub token: String,
    /// The intents of an identify.
    pub intents: u64,
    /// The shard of an identify.
    pub shard: Value,
    /// The session of a resume, or the one that was made.
    pub session: String,
    /// The sequence of a resume.
    pub seq: u64,
    /// READY or RESUMED followed.
    pub accepted: bool,
}

/// Gateway connections now and ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GatewayCounts {
    /// TCP connections ever.
    pub accepted: u64,
    /// Connections now.
    pub open: usize,
    /// Connections with a session now.
    pub live: usize,
    /// READY ever.
    pub identified: u64,
    /// RESUMED ever.
    pub resumed: u64,
    /// Heartbeats ever.
    pub heartbeats: u64,
    /// The sequence of the last heartbeat.
    pub heard: Option<u64>,
}

pub(super) enum Command {
    /// An event, which a connection that does not deliver leaves out.
    Dispatch(String),
    Text(String),
    Cut(Cut, oneshot::Sender<()>),
    Silent(bool),
    Acknowledge(bool),
    Deliver(bool),
}

pub(super) type Line = mpsc::UnboundedSender<Command>;

/// The table of connections.
#[derive(Default)]
pub(super) struct Lines {
    table: Mutex<BTreeMap<u64, Line>>,
    last: AtomicU64,
    pub(super) counts: watch::Sender<GatewayCounts>,
}

impl Lines {
    fn add(&self, line: Line) -> u64 {
        let number = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let mut table = lock(&self.table);
        table.insert(number, line);
        self.counts.send_modify(|counts| {
            counts.accepted += 1;
            counts.open = table.len();
        });
        number
    }

    fn remove(&self, number: u64) {
        let mut table = lock(&self.table);
        table.remove(&number);
        self.counts.send_modify(|counts| counts.open = table.len());
    }
}

/// Serves one connection from its first byte.
pub(super) async fn serve(shared: Arc<Shared>, tcp: TcpStream) {
    let (line, mut commands) = mpsc::unbounded_channel();
    let number = shared.lines.add(line.clone());
    let greeting = *lock(&shared.greeting);
    let opened = tokio::select! {
        opened = open(&shared, tcp, greeting) => opened,
        () = cut(&mut commands) => None,
    };
    if let Some(socket) = opened {
        let connection =
            Connection { shared: shared.clone(), number, line, silent: false, acknowledge: true };
        connection.run(socket, commands, greeting).await;
    }
    session::detach(&shared, number);
    shared.lines.remove(number);
}

async fn cut(commands: &mut mpsc::UnboundedReceiver<Command>) {
    while let Some(command) = commands.recv().await {
        if let Command::Cut(_, done) = command {
            drop(done);
            return;
        }
    }
}

async fn open(shared: &Shared, tcp: TcpStream, greeting: Greeting) -> Option<WebSocket> {
    match greeting {
        Greeting::Silent => std::future::pending().await,
        Greeting::Reset => {
            tcp.set_zero_linger().ok()?;
            return None;
        }
        Greeting::Normal | Greeting::Slow(_) | Greeting::SilentAfterUpgrade | Greeting::Status(_) => {}
    }
    tcp.set_nodelay(true).ok()?;
    let stream = server::secure(shared, tcp).await?;
    #[allow(clippy::result_large_err, reason = "the type is the library's")]
    let callback = |_: &Request, response: Response| -> Result<Response, ErrorResponse> {
        let Greeting::Status(status) = greeting else { return Ok(response) };
        let mut refusal = ErrorResponse::new(None);
        *refusal.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
        Err(refusal)
    };
    accept_hdr_async(stream, callback).await.ok()
}

pub(super) struct Connection {
    pub(super) shared: Arc<Shared>,
    pub(super) number: u64,
    pub(super) line: Line,
    silent: bool,
    acknowledge: bool,
}

/// What follows a frame from the client.
pub(super) enum Next {
    Go,
    Close(u16, &'static str),
}

impl Connection {
    async fn run(
        mut self,
        mut socket: WebSocket,
        mut commands: mpsc::UnboundedReceiver<Command>,
        greeting: Greeting,
    ) {
        let sessions = self.shared.options.sessions.clone();
        let hello = json!({"op": 10, "d": {"heartbeat_interval": sessions.heartbeat.as_millis() as u64}});
        match greeting {
            Greeting::Slow(delay) => sleep(delay).await,
            Greeting::SilentAfterUpgrade => self.silent = true,
            _ => {}
        }
        if !self.silent && socket.send(Message::text(hello.to_string())).await.is_err() {
            return;
        }
        let (mut deliver, mut beaten) = (true, Instant::now());
        loop {
            let idle = sessions.heartbeat_deadline.map_or(Duration::from_secs(1 << 30), |limit| limit);
            tokio::select! {
                frame = socket.next(), if !self.silent => match frame {
                    Some(Ok(Message::Text(text))) => {
                        let (next, answer) = self.receive(&text, &mut beaten);
                        if let Some(answer) = answer
                            && socket.send(Message::text(answer)).await.is_err()
                        {
                            return;
                        }
                        if let Next::Close(code, reason) = next {
                            return self.farewell(&mut socket, code, reason).await;
                        }
                    }
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    Some(Ok(Message::Binary(_))) => {
                        return self.farewell(&mut socket, 4002, "Invalid payload").await;
                    }
                    _ => return,
                },
                command = commands.recv() => {
                    let mut next = command;
                    while let Some(command) = next.take() {
                        match command {
                            Command::Dispatch(text) if deliver && !self.silent => {
                                if socket.feed(Message::text(text)).await.is_err() {
                                    return;
                                }
                            }
                            Command::Dispatch(_) => {}
                            Command::Text(_) if self.silent => {}
                            Command::Text(text) => if socket.feed(Message::text(text)).await.is_err() {
                                return;
                            },
                            Command::Cut(how, done) => {
                                session::detach(&self.shared, self.number);
                                return link::part(socket, how, done).await;
                            }
                            Command::Silent(now) => self.silent = now,
                            Command::Acknowledge(now) => self.acknowledge = now,
                            Command::Deliver(now) => deliver = now,
                        }
                        next = commands.try_recv().ok();
                    }
                    if !self.silent && socket.flush().await.is_err() {
                        return;
                    }
                }
                () = sleep_until(beaten + idle) => {
                    return self.farewell(&mut socket, 4009, "Session timed out").await;
                }
            }
        }
    }

    /// Reads one frame; what is to be answered at once.
    fn receive(&mut self, text: &str, beaten: &mut Instant) -> (Next, Option<String>) {
        let Ok(frame) = serde_json::from_str::<Value>(text) else {
            return (Next::Close(4002, "Invalid payload"), None);
        };
        match frame["op"].as_u64() {
            Some(1) => {
                *beaten = Instant::now();
                self.shared.lines.counts.send_modify(|counts| {
                    counts.heartbeats += 1;
                    counts.heard = frame["d"].as_u64();
                });
                (Next::Go, self.acknowledge.then(|| json!({"op": 11}).to_string()))
            }
            Some(2) => self.identify(&frame["d"]),
            Some(6) => self.resume(&frame["d"]),
            Some(_) => (Next::Close(4001, "Invalid opcode"), None),
            None => (Next::Close(4002, "Invalid payload"), None),
        }
    }

    async fn farewell(&self, socket: &mut WebSocket, code: u16, reason: &str) {
        session::detach(&self.shared, self.number);
        let frame = CloseFrame { code: CloseCode::from(code), reason: reason.to_owned().into() };
        link::close(socket, Some(frame), None).await;
    }
}
