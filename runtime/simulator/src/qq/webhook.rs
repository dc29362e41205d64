//! The webhook: signed deliveries, repeated until they are acknowledged, over connections that stay open.

use std::{
    io,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request, Uri,
    body::Bytes,
    client::conn::http1::{SendRequest, handshake},
};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::{
    net::TcpStream,
    time::{sleep, timeout},
};
use tokio_rustls::TlsConnector;

use super::{App, clock::Clock, event::Event, ids, sign};
use crate::{lock, tls};

/// Where and how events are pushed; see [`Bot::webhook`](super::Bot::webhook).
#[derive(Clone, Debug)]
pub struct Webhook {
    /// `http://` or `https://`; the latter trusts the simulator's own certificate.
    pub url: String,
    /// Pushes after the first one without an acknowledgement.
    pub retries: u32,
    /// The pause before each of those.
    pub spacing: Duration,
    /// How long an answer is waited for.
    pub timeout: Duration,
    /// Retries are signed anew with the time of the retry.
    pub sign_again: bool,
    /// How often each event is pushed at the same time.
    pub copies: usize,
}

impl Webhook {
    /// Three retries a second apart, three seconds for an answer.
    pub fn to(url: &str) -> Self {
        let (spacing, timeout) = (Duration::from_secs(1), Duration::from_secs(3));
        Self { url: url.to_owned(), retries: 3, spacing, timeout, sign_again: true, copies: 1 }
    }
}

/// What became of one event at one webhook.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The bot.
    pub app_id: String,
    /// The event's outer id.
    pub id: String,
    /// Every push of it.
    pub attempts: Vec<Attempt>,
    /// When it was acknowledged.
    pub acknowledged: Option<Instant>,
}

/// One push.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The HTTP status; 0 when there was no answer.
    pub status: u16,
    /// The answer's body, or why there is none.
    pub body: String,
    /// How long it took.
    pub took: Duration,
}

/// An answer to something pushed by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: String,
}

impl Answer {
    /// The body as JSON; `Null` when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

/// The answer to a validation call.
#[derive(Clone, Debug)]
pub struct Validation {
    /// The answer as it is.
    pub answer: Answer,
    /// It repeats the token.
    pub echoed: bool,
    /// Its signature is that of the bot's secret.
    pub verified: bool,
}

/// A webhook in use.
pub(super) struct Hook {
    pub(super) settings: Webhook,
    client: Client,
}

impl Hook {
    pub(super) fn new(settings: Webhook) -> io::Result<Self> {
        let client = Client::new(&settings.url)?;
        Ok(Self { settings, client })
    }

    /// Pushes one event until it is acknowledged or given up.
    pub(super) async fn push(&self, app: &App, clock: &Clock, event: &Event) -> Delivery {
        let (app_id, id) = (app.app_id.clone(), event.id.clone());
        let mut delivery = Delivery { app_id, id, attempts: Vec::new(), acknowledged: None };
        let body = event.envelope(None);
        let mut headers = signed(app, clock.now() / 1000, body.as_bytes());
        for attempt in 0..=self.settings.retries {
            if attempt > 0 {
                sleep(self.settings.spacing).await;
                if self.settings.sign_again {
                    headers = signed(app, clock.now() / 1000, body.as_bytes());
                }
            }
            let begun = Instant::now();
            let exchange = self.client.exchange(Method::POST, &headers, body.clone().into());
            let answered = timeout(self.settings.timeout, exchange).await;
            let (status, body) = match answered {
                Ok(Ok((status, body))) => (status, String::from_utf8_lossy(&body).into_owned()),
                Ok(Err(error)) => (0, error.to_string()),
                Err(_) => (0, "no answer in time".to_owned()),
            };
            let again =
                serde_json::from_str::<Value>(&body).is_ok_and(|ack| ack["op"] == 12 && ack["d"] == 1);
            delivery.attempts.push(Attempt { status, body, took: begun.elapsed() });
            if status == 200 && !again {
                delivery.acknowledged = Some(Instant::now());
                break;
            }
        }
        delivery
    }

    /// Sends a body with headers of one's own.
    pub(super) async fn raw(&self, headers: &[(String, String)], body: Bytes) -> io::Result<Answer> {
        let (status, body) = self.client.exchange(Method::POST, headers, body).await?;
        Ok(Answer { status, body: String::from_utf8_lossy(&body).into_owned() })
    }
}

/// The platform's headers for a body, signed.
pub(super) fn signed(app: &App, timestamp: u64, body: &[u8]) -> Vec<(String, String)> {
    let timestamp = timestamp.to_string();
    let signature = sign::sign(&app.secret, &[timestamp.as_bytes(), body]);
    [
        ("content-type", "application/json"),
        ("user-agent", "QQBot-Callback"),
        ("x-bot-appid", &app.app_id),
        ("x-signature-ed25519", &signature),
        ("x-signature-timestamp", &timestamp),
        ("x-signature-method", "Ed25519"),
        ("x-tps-trace-id", &ids::hex(32)),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

/// The body of a validation call, and what is to be signed.
pub(super) fn challenge(timestamp: u64) -> (Value, String, String) {
    let (token, stamp) = (ids::hex(32), timestamp.to_string());
    (json!({"d": {"plain_token": token, "event_ts": stamp}, "op": 13}), stamp, token)
}

/// Whether a URL names this machine, so that the platform can follow it.
pub(super) fn is_local(url: &str) -> bool {
    let host = url.parse::<Uri>().ok().and_then(|uri| uri.host().map(str::to_owned));
    host.is_some_and(|host| matches!(host.as_str(), "127.0.0.1" | "localhost"))
}

/// What a URL gives; `None` unless it answers 200.
pub(super) async fn get(url: &str) -> Option<Vec<u8>> {
    let client = Client::new(url).ok()?;
    let exchange = client.exchange(Method::GET, &[], Bytes::new());
    let (status, body) = timeout(Duration::from_secs(10), exchange).await.ok()?.ok()?;
    (status == 200).then(|| body.to_vec())
}

type Sender = SendRequest<Full<Bytes>>;

/// An HTTP client of one address, whose connections stay open.
struct Client {
    uri: Uri,
    authority: String,
    idle: Mutex<Vec<Sender>>,
}

impl Client {
    fn new(url: &str) -> io::Result<Self> {
        let parsed = url.parse::<Uri>().ok();
        let good =
            parsed.filter(|uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some());
        let error = || io::Error::new(io::ErrorKind::InvalidInput, format!("{url} is no http(s):// address"));
        let uri = good.ok_or_else(error)?;
        let authority = uri.authority().map(ToString::to_string).ok_or_else(error)?;
        Ok(Self { uri, authority, idle: Mutex::default() })
    }

    async fn exchange(
        &self,
        method: Method,
        headers: &[(String, String)],
        body: Bytes,
    ) -> io::Result<(u16, Bytes)> {
        loop {
            let reused = lock(&self.idle).pop();
            let fresh = reused.is_none();
            let mut sender = match reused {
                Some(sender) => sender,
                None => self.connect().await?,
            };
            if sender.ready().await.is_err() && !fresh {
                continue;
            }
            let path = self.uri.path_and_query().map_or("/", |path| path.as_str());
            let mut request =
                Request::builder().method(method.clone()).uri(path).header("host", &self.authority);
            for (name, value) in headers {
                request = request.header(name, value);
            }
            let request = request.body(Full::new(body.clone())).map_err(io::Error::other)?;
            let response = match sender.send_request(request).await {
                Err(error) if error.is_canceled() && !fresh => continue,
                response => response.map_err(io::Error::other)?,
            };
            let status = response.status().as_u16();
            let body = response.into_body().collect().await.map_err(io::Error::other)?.to_bytes();
            lock(&self.idle).push(sender);
            return Ok((status, body));
        }
    }

    async fn connect(&self) -> io::Result<Sender> {
        let secure = self.uri.scheme_str() == Some("https");
        let host = self.uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let port = self.uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let tcp = TcpStream::connect((host.as_str(), port)).await?;
        tcp.set_nodelay(true)?;
        if secure {
            let name = host.try_into().map_err(io::Error::other)?;
            let stream = TlsConnector::from(tls::client_config()).connect(name, tcp).await?;
            let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
            tokio::spawn(connection);
            return Ok(sender);
        }
        let (sender, connection) = handshake(TokioIo::new(tcp)).await.map_err(io::Error::other)?;
        tokio::spawn(connection);
        Ok(sender)
    }
}

/// Makes a hook for shared use.
pub(super) fn hook(settings: Webhook) -> io::Result<Arc<Hook>> {
    Hook::new(settings).map(Arc::new)
}
