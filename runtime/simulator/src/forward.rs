//! The forward WebSocket server: accepting, TLS, upgrade, token.

use std::{sync::Arc, time::Duration};

use futures_util::SinkExt;
use serde_json::{Value, json};
use tokio::{net::TcpStream, sync::mpsc};
use tokio_tungstenite::{
    accept_hdr_async_with_config,
    tungstenite::{
        Message,
        handshake::server::{ErrorResponse, Request, Response},
        http::{Request as HttpRequest, StatusCode},
        protocol::WebSocketConfig,
    },
};

use super::{
    Greeting, Transport,
    answer::{Outcome, envelope},
    link::{self, Control, Phase, Socket, WebSocket},
    lock,
    shared::Shared,
    world::now,
};

/// NapCat's limit for incoming frames.
const MAX_FRAME: usize = 50 << 20;

/// A WebSocket with NapCat's limits.
pub(super) fn frame_limits() -> WebSocketConfig {
    WebSocketConfig::default().max_message_size(Some(MAX_FRAME)).max_frame_size(Some(MAX_FRAME))
}

/// The upgrade request of one connection.
#[derive(Clone, Debug, Default)]
pub struct Upgrade {
    /// The connection's number, from 1 in the order of acceptance.
    pub connection: u64,
    /// The path without query.
    pub path: String,
    /// The query; empty when there is none.
    pub query: String,
    /// Header names in lower case, and values.
    pub headers: Vec<(String, String)>,
}

impl Upgrade {
    /// The value of a header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The token offered: the query's when it is not empty, else the header's, with or without `Bearer `.
    pub(super) fn token(&self) -> String {
        let query = self.query.split('&').find_map(|pair| pair.strip_prefix("access_token="));
        match query.map(percent_decode).filter(|token| !token.is_empty()) {
            Some(token) => token,
            None => {
                let header = self.header("authorization").unwrap_or_default();
                header.rsplit("Bearer ").next().unwrap_or_default().to_owned()
            }
        }
    }
}

/// Sends a heartbeat to every connection of the servers at the interval, from the first event connection on.
pub(super) async fn heartbeats(shared: Arc<Shared>) {
    let mut interval = shared.heartbeat.subscribe();
    let mut counts = shared.links.counts.subscribe();
    if counts.wait_for(|counts| counts.connected > 0).await.is_err() {
        return;
    }
    loop {
        let every = *interval.borrow_and_update();
        let beat = async {
            match every {
                Some(every) => tokio::time::sleep(every).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = beat => {
                let frame = heartbeat(&shared, every.unwrap_or_default());
                shared.links.broadcast_by(Transport::Forward, &Message::text(frame.to_string()));
            }
            changed = interval.changed() => if changed.is_err() { return },
        }
    }
}

pub(super) fn heartbeat(shared: &Shared, interval: Duration) -> Value {
    let online = lock(&shared.world).online;
    json!({"time": now(), "self_id": shared.options.self_id, "post_type": "meta_event",
        "meta_event_type": "heartbeat", "status": {"online": online, "good": true},
        "interval": interval.as_millis() as u64})
}

/// Serves one connection of the server from its first byte.
pub(super) async fn serve(shared: Arc<Shared>, tcp: TcpStream) {
    let mut link = shared.links.add(Transport::Forward);
    let number = link.number;
    let greeting = *lock(&shared.greeting);
    let opened = tokio::select! {
        opened = open(&shared, number, tcp, greeting) => opened,
        () = cut(&mut link.control) => None,
    };
    if let Some((socket, phase)) = opened {
        shared.links.opened(number, phase);
        link::run(&shared, socket, link, phase == Phase::Opening).await;
    }
    drop(shared.links.take(|taken| taken == number));
}

/// Waits until a test cuts the connection, or the simulator is gone.
pub(super) async fn cut(control: &mut mpsc::UnboundedReceiver<Control>) {
    while let Some(command) = control.recv().await {
        if let Control::Cut(_, done) = command {
            drop(done);
            return;
        }
    }
}

/// The handshake. An event connection has its lifecycle event when this returns.
async fn open(
    shared: &Shared,
    number: u64,
    tcp: TcpStream,
    greeting: Greeting,
) -> Option<(WebSocket, Phase)> {
    match greeting {
        Greeting::Normal | Greeting::SilentAfterUpgrade | Greeting::Status(_) => {}
        Greeting::Slow(delay) => tokio::time::sleep(delay).await,
        Greeting::Silent => std::future::pending().await,
        Greeting::Reset => {
            tcp.set_zero_linger().ok()?;
            return None;
        }
    }
    tcp.set_nodelay(true).ok()?;
    let stream: Box<dyn Socket> = match &shared.tls {
        Some(acceptor) => Box::new(acceptor.accept(tcp).await.ok()?),
        None => Box::new(tcp),
    };
    let mut upgrade = Upgrade { connection: number, ..Upgrade::default() };
    let config = frame_limits();
    #[allow(clippy::result_large_err, reason = "the type is the library's")]
    let callback = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
        note(&mut upgrade, request);
        match greeting {
            Greeting::Status(status) => Err(refusal(status)),
            _ => Ok(response),
        }
    };
    let accepted = accept_hdr_async_with_config(stream, callback, Some(config)).await;
    lock(&shared.upgrades).push(upgrade.clone());
    let socket = accepted.ok()?;
    if greeting == Greeting::SilentAfterUpgrade {
        return Some((socket, Phase::Opening));
    }
    admit(shared, socket, &upgrade, &shared.options.token).await
}

/// What follows an upgrade: the token, and the lifecycle event unless the path is `/api`.
pub(super) async fn admit(
    shared: &Shared,
    mut socket: WebSocket,
    upgrade: &Upgrade,
    token: &str,
) -> Option<(WebSocket, Phase)> {
    if !token.is_empty() && upgrade.token() != token {
        deny(shared, socket).await;
        return None;
    }
    if matches!(upgrade.path.as_str(), "/api" | "/api/") {
        return Some((socket, Phase::Actions));
    }
    socket.send(Message::text(lifecycle(shared).to_string())).await.ok()?;
    Some((socket, Phase::Events))
}

pub(super) fn lifecycle(shared: &Shared) -> Value {
    json!({"time": now(), "self_id": shared.options.self_id, "post_type": "meta_event",
        "meta_event_type": "lifecycle", "sub_type": "connect"})
}

pub(super) fn note<T>(upgrade: &mut Upgrade, request: &HttpRequest<T>) {
    upgrade.path = request.uri().path().to_owned();
    upgrade.query = request.uri().query().unwrap_or_default().to_owned();
    let headers = request.headers().iter();
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    upgrade.headers = headers.map(|(name, value)| (name.to_string(), text(value.as_bytes()))).collect();
}

fn refusal(status: u16) -> ErrorResponse {
    let mut response = ErrorResponse::new(None);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    response
}

async fn deny(shared: &Shared, mut socket: WebSocket) {
    let failure = Outcome::Failed(1403, "token验证失败".to_owned());
    let frame = envelope(failure, &Value::Null, shared.options.build, Transport::Forward);
    shared.links.denied();
    if socket.send(Message::text(frame.to_string())).await.is_ok() {
        link::close(&mut socket, None, None).await;
    }
}

pub(super) fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let (byte, next) = match (first, after) {
            (b'%', [high, low, next @ ..]) => {
                let digits = [*high, *low];
                let code = std::str::from_utf8(&digits).ok().and_then(|hex| u8::from_str_radix(hex, 16).ok());
                code.map_or((b'%', after), |code| (code, next))
            }
            (b'+', _) => (b' ', after),
            (byte, _) => (*byte, after),
        };
        bytes.push(byte);
        rest = next;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
