//! A gateway at work, and the platform's end of its links.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::{WebSocketStream, accept_async};
use tokio_util::sync::CancellationToken;

use super::super::Settings;
use super::super::api::Api;
use super::super::gateway::{Ear, keep};
use super::super::wire::Envelope;
use super::server::{Asked, Web, ok, soon};
use super::settings_of;

/// What the account was told.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Heard {
    /// An event's kind and number.
    Event(String, Option<i64>),
    Ready(Option<(String, String)>),
    Lost(String),
}

struct Account(mpsc::UnboundedSender<Heard>, Arc<Mutex<Vec<u64>>>);

impl Ear for Account {
    fn take(&self, frame: &str, envelope: &Envelope<'_>, since: Option<u64>) {
        self.1.lock().unwrap().extend(since);
        assert!(Envelope::read(frame).is_ok());
        let name = envelope.id().unwrap_or(envelope.kind()).to_owned();
        let _ = self.0.send(Heard::Event(name, envelope.sequence()));
    }

    fn ready(&self, user: Option<(String, String)>) {
        let _ = self.0.send(Heard::Ready(user));
    }

    fn lost(&self, reason: &str) {
        let _ = self.0.send(Heard::Lost(reason.to_owned()));
    }
}

pub(super) struct House {
    pub(super) web: Web,
    pub(super) listener: TcpListener,
    pub(super) wanted: watch::Sender<BTreeSet<&'static str>>,
    pub(super) stop: CancellationToken,
    pub(super) task: tokio::task::JoinHandle<()>,
    heard: mpsc::UnboundedReceiver<Heard>,
    /// Since when the link was down, of each event that was made up for.
    pub(super) made_up: Arc<Mutex<Vec<u64>>>,
}

/// What `/gateway/bot` says when all is well.
pub(super) fn place(url: &str) -> Value {
    json!({"url": url, "shards": 1, "session_start_limit":
        {"total": 1000, "remaining": 1000, "reset_after": 86_400_000, "max_concurrency": 1}})
}

impl House {
    pub(super) async fn open() -> Self {
        Self::with(|_| {}, |_, _, place| place).await
    }

    /// With these settings changed, and the answer of `/gateway/bot` too, by how often it was asked for.
    pub(super) async fn with(
        change: impl FnOnce(&mut Settings),
        place_of: impl Fn(&Asked, usize, Value) -> Value + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}/websocket", listener.local_addr().unwrap());
        let web = Web::with_tokens(move |asked, count| ok(&place_of(asked, count, place(&url)))).await;
        let mut settings = settings_of(&web.base);
        change(&mut settings);
        let api = Arc::new(Api::new(&settings).unwrap());
        let (sender, heard) = mpsc::unbounded_channel();
        let (wanted, listens) = watch::channel(BTreeSet::from(["message.private"]));
        let stop = CancellationToken::new();
        let made_up: Arc<Mutex<Vec<u64>>> = Arc::default();
        let task = tokio::spawn(keep(
            Arc::new(settings),
            api,
            Arc::new(Account(sender, made_up.clone())),
            listens,
            stop.clone(),
        ));
        Self { web, listener, wanted, stop, task, heard, made_up }
    }

    pub(super) async fn hear(&mut self) -> Heard {
        soon("news", self.heard.recv()).await.expect("the gateway is alive")
    }

    pub(super) async fn event(&mut self) -> (String, Option<i64>) {
        match self.hear().await {
            Heard::Event(name, number) => (name, number),
            other => panic!("{other:?} is no event"),
        }
    }

    /// What was heard and not yet asked for.
    pub(super) fn rest(&mut self) -> Vec<Heard> {
        std::iter::from_fn(|| self.heard.try_recv().ok()).collect()
    }

    /// The next link.
    pub(super) async fn peer(&self) -> Peer {
        Peer::accept(&self.listener, 45_000).await
    }

    /// The next link, which must identify; and it is ready.
    pub(super) async fn begin(&mut self, session: &str) -> Peer {
        let mut peer = self.peer().await;
        assert_eq!(peer.opening["op"], 2, "{}", peer.opening);
        peer.ready(session).await;
        peer
    }
}

/// The platform's end of one link.
pub(super) struct Peer {
    pub(super) socket: WebSocketStream<TcpStream>,
    /// Identify or resume.
    pub(super) opening: Value,
}

impl Peer {
    /// Accepts, says hello and reads how the link opens.
    pub(super) async fn accept(listener: &TcpListener, interval: u64) -> Self {
        let (stream, _) = soon("a link", listener.accept()).await.unwrap();
        let socket = soon("the upgrade", accept_async(stream)).await.unwrap();
        let mut peer = Self { socket, opening: Value::Null };
        peer.say(&json!({"op": 10, "d": {"heartbeat_interval": interval}})).await;
        peer.opening = loop {
            let frame = peer.any().await.expect("it opens");
            if frame["op"] != 1 {
                break frame;
            }
        };
        peer
    }

    pub(super) async fn say(&mut self, frame: &Value) {
        self.text(frame.to_string()).await;
    }

    pub(super) async fn text(&mut self, text: String) {
        let _ = self.socket.send(Message::text(text)).await;
    }

    pub(super) async fn event(&mut self, name: &str, number: i64) {
        self.say(&json!({"op": 0, "id": name, "s": number, "t": "C2C_MESSAGE_CREATE", "d": {"id": name}}))
            .await;
    }

    pub(super) async fn ready(&mut self, session: &str) {
        let data = json!({"version": 1, "session_id": session, "user": {"id": "615", "username": "机器人", "bot": true}, "shard": [0, 0]});
        self.say(&json!({"op": 0, "s": 1, "t": "READY", "d": data})).await;
    }

    pub(super) async fn resumed(&mut self, number: i64) {
        self.say(&json!({"op": 0, "s": number, "t": "RESUMED", "d": ""})).await;
    }

    /// The next frame; `Err` with the code when the bot closes.
    pub(super) async fn any(&mut self) -> Result<Value, Option<u16>> {
        loop {
            match soon("a frame", self.socket.next()).await {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(close))) => return Err(close.map(|close| close.code.into())),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(None),
            }
        }
    }

    /// Reads until the bot closes; its code.
    pub(super) async fn closed(&mut self) -> Option<u16> {
        loop {
            if let Err(code) = self.any().await {
                return code;
            }
        }
    }

    pub(super) async fn close(&mut self, code: u16) {
        let _ = self.socket.close(Some(CloseFrame { code: code.into(), reason: "".into() })).await;
    }
}
