//! A WebSocket server as small as the link tests need it: each test says what it does, frame by frame.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async};
use tokio_util::sync::CancellationToken;

use super::super::{Settings, Timings, run};
use super::{ME, settings_of};
use crate::bot::{Bot, Bots};
use crate::model::{EventBody, Incoming};

/// Nothing here should take long; whatever does is stuck.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

pub(super) async fn soon<T>(what: &str, wait: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("{what} takes too long"))
}

pub(super) async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// The server's end of one link.
pub(super) struct Peer {
    pub(super) socket: WebSocketStream<TcpStream>,
    pub(super) token: Option<String>,
}

impl Peer {
    pub(super) async fn accept(listener: &TcpListener) -> Self {
        let (stream, _) = soon("a connection", listener.accept()).await.unwrap();
        let seen = Arc::new(Mutex::new(None));
        let note = seen.clone();
        #[allow(clippy::result_large_err, reason = "the signature that the handshake asks for")]
        let read_token = move |request: &Request, response: Response| {
            let token =
                request.headers().get("authorization").map(|value| value.to_str().unwrap().to_owned());
            *note.lock().unwrap() = token;
            Ok(response)
        };
        let socket = soon("the upgrade", accept_hdr_async(stream, read_token)).await.unwrap();
        let token = seen.lock().unwrap().take();
        Self { socket, token }
    }

    /// Accepts and says hello, as NapCat does.
    pub(super) async fn welcome(listener: &TcpListener) -> Self {
        let mut peer = Self::accept(listener).await;
        peer.say(&lifecycle(ME)).await;
        peer
    }

    pub(super) async fn say(&mut self, frame: &Value) {
        self.socket.send(Message::text(frame.to_string())).await.unwrap();
    }

    /// The next request that is not the link's own `get_login_info`; that one is answered.
    pub(super) async fn request(&mut self) -> Value {
        soon("a request", async {
            loop {
                let Some(Ok(frame)) = self.socket.next().await else { panic!("the link is open") };
                let Message::Text(text) = frame else { continue };
                let request: Value = serde_json::from_str(&text).unwrap();
                if request["action"] != "get_login_info" {
                    return request;
                }
                let id: u64 = ME.parse().unwrap();
                self.answer(&request, &json!({"user_id": id, "nickname": "bot"})).await;
            }
        })
        .await
    }

    pub(super) async fn answer(&mut self, request: &Value, data: &Value) {
        let frame = json!({"status": "ok", "retcode": 0, "data": data, "message": "", "wording": "", "echo": request["echo"]});
        self.say(&frame).await;
    }
}

pub(super) fn lifecycle(id: &str) -> Value {
    let id: u64 = id.parse().unwrap();
    json!({"time": 1746673610, "self_id": id, "post_type": "meta_event", "meta_event_type": "lifecycle", "sub_type": "connect"})
}

pub(super) fn heartbeat(online: bool, interval: u64) -> Value {
    json!({"time": 1746673666, "self_id": 3892215616_u64, "post_type": "meta_event", "meta_event_type": "heartbeat",
        "status": {"online": online, "good": true}, "interval": interval})
}

pub(super) fn message(id: i64, text: &str) -> Value {
    json!({"self_id": 3892215616_u64, "user_id": 5079132, "time": 1746673640, "message_id": id, "message_type": "private",
        "sender": {"user_id": 5079132, "nickname": "n", "card": ""}, "raw_message": text, "sub_type": "friend",
        "message": [{"type": "text", "data": {"text": text}}], "message_format": "array", "post_type": "message"})
}

/// An adapter at work, and what comes out of it.
pub(super) struct House {
    pub(super) bots: Arc<Bots>,
    pub(super) stop: CancellationToken,
    pub(super) task: tokio::task::JoinHandle<()>,
    events: mpsc::UnboundedReceiver<Incoming>,
}

impl House {
    pub(super) fn open(settings: Settings) -> Self {
        Self::open_all(vec![settings])
    }

    pub(super) fn open_all(tables: Vec<Settings>) -> Self {
        let (sender, events) = mpsc::unbounded_channel();
        let bots = Arc::new(Bots::default());
        let stop = CancellationToken::new();
        let inlet = Arc::new(move |event| drop(sender.send(event)));
        let task = tokio::spawn(run(tables, bots.clone(), inlet, stop.clone()));
        Self { bots, stop, task, events }
    }

    pub(super) async fn event(&mut self) -> Incoming {
        soon("an event", self.events.recv()).await.unwrap()
    }

    /// The next event is a change of the bot's state; which one.
    pub(super) async fn state(&mut self) -> String {
        let event = self.event().await;
        match event.event.body.clone() {
            EventBody::BotState(state) => state.state,
            other => panic!("{other:?} is no change of state"),
        }
    }

    /// Waits until some account is known.
    pub(super) async fn known(&self) {
        while self.bots.all().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(super) fn bot(&self) -> Arc<dyn Bot> {
        self.bots.get(ME).unwrap()
    }

    pub(super) async fn close(self) {
        self.stop.cancel();
        soon("the end", self.task).await.unwrap();
    }
}

/// Short waits, for a server at this address.
pub(super) fn settings(address: SocketAddr) -> Settings {
    let timings = Timings {
        retry: Duration::from_millis(10),
        retry_soon: Duration::from_millis(40),
        refused: Duration::from_millis(80),
        ..Timings::default()
    };
    Settings { timings, ..settings_of(&format!("ws://{address}")) }
}
