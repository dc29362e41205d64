//! NapCat's HTTP server: each call is a request of its own.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::Value;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::calls::{check_size, unanswered};
use super::packets::{self, Feed, Packets};
use super::trust::{address, bearer, tls};
use super::wire::{self, Frame, Outcome};
use super::{FRAME_LIMIT, Settings, encode};
use crate::model::Error;
use crate::web::escaped;

/// The calls of one HTTP server.
#[derive(Debug)]
pub(super) struct Client {
    base: String,
    http: reqwest::Client,
    closed: Mutex<Option<String>>,
    over: CancellationToken,
}

/// Why a request came to nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("NapCat's HTTP server refuses the access token ({0}); set `token` in the bot's [[bot]] table")]
    Refused(String),
    /// It was not sent.
    #[error("NapCat's HTTP server cannot be reached: {0}")]
    Unreachable(String),
    #[error("the connection broke ({0}); it may have been done, so do not repeat it blindly")]
    Broken(String),
    #[error("the server has no such action")]
    Unknown,
    #[error("the answer is none of OneBot's: {0}")]
    Odd(String),
}

impl Fault {
    fn of(reason: &reqwest::Error) -> Self {
        let mut text = reason.to_string();
        let mut cause = std::error::Error::source(reason);
        while let Some(inner) = cause {
            text = inner.to_string();
            cause = inner.source();
        }
        if text.contains("certificate") {
            text += "; name a PEM file with the certificate to trust as `ca`";
        }
        if reason.is_connect() || reason.is_builder() { Self::Unreachable(text) } else { Self::Broken(text) }
    }

    fn into_error(self, action: &str) -> Error {
        let text = format!("{action}: {self}");
        match self {
            Self::Refused(_) | Self::Unreachable(_) => Error::Disconnected(text),
            Self::Broken(_) => Error::Timeout(text),
            Self::Unknown => Error::Unsupported(text),
            Self::Odd(_) => Error::Other(text),
        }
    }
}

/// A call that is on its way.
#[derive(Debug)]
pub(super) struct Pending(oneshot::Receiver<Result<Outcome, Error>>);

impl Client {
    pub(super) fn new(settings: &Settings) -> Result<Self, String> {
        let base = settings.url.as_deref().unwrap_or_default().trim().trim_end_matches('/').to_owned();
        let shown = address(&base);
        if reqwest::Url::parse(&base).is_err() {
            return Err(format!("the address `{shown}` is not valid; write it like http://127.0.0.1:3000"));
        }
        let mut headers = HeaderMap::new();
        if let Some(token) = bearer(settings)? {
            headers.insert(AUTHORIZATION, token);
        }
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls(settings)?)
            .default_headers(headers)
            .connect_timeout(settings.timings.handshake)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(|reason| format!("HTTP: {reason}"))?;
        let (closed, over) = (Mutex::default(), CancellationToken::new());
        Ok(Self { base, http, closed, over })
    }

    /// Begins a call; it goes on even if nobody waits for its answer.
    pub(super) fn start(
        self: &Arc<Self>,
        action: &str,
        params: &Value,
        deadline: Duration,
    ) -> Result<Pending, Error> {
        let body = self.body(action, params)?;
        let deadline = deadline + encode::upload_time(body.len());
        let (sender, answer) = oneshot::channel();
        let (client, action) = (self.clone(), action.to_owned());
        tokio::spawn(async move {
            let ask = client.ask(&action, body);
            let outcome = tokio::select! {
                outcome = tokio::time::timeout(deadline, ask) => {
                    outcome.map_or_else(
                        |_| Err(unanswered(&action, deadline)),
                        |answer| answer.map_err(|fault| fault.into_error(&action)),
                    )
                }
                () = client.over.cancelled() => Err(client.gone(&action)),
            };
            let _ = sender.send(outcome);
        });
        Ok(Pending(answer))
    }

    /// Begins a call that is answered in packets.
    pub(super) fn stream(self: &Arc<Self>, action: &str, params: &Value) -> Result<Packets, Error> {
        let body = self.body(action, params)?;
        let (feed, packets) = packets::channel(action);
        let (client, action) = (self.clone(), action.to_owned());
        tokio::spawn(async move {
            let read = client.read_packets(&action, body, &feed);
            let end = tokio::select! {
                end = read => end.map_err(|fault| fault.into_error(&action)),
                () = client.over.cancelled() => Err(client.gone(&action)),
            };
            if let Err(reason) = end {
                feed.end(reason);
            }
        });
        Ok(packets)
    }

    /// Fails every call in flight, and all later ones.
    pub(super) fn close(&self, reason: &str) {
        lock(&self.closed).get_or_insert_with(|| reason.to_owned());
        self.over.cancel();
    }

    /// The stream of events.
    pub(super) async fn events(&self) -> Result<reqwest::Response, Fault> {
        let request = self.http.get(format!("{}/_events", self.base)).header("Accept", "text/event-stream");
        checked(request.send().await)
    }

    fn body(&self, action: &str, params: &Value) -> Result<String, Error> {
        if let Some(reason) = &*lock(&self.closed) {
            return Err(Error::Disconnected(reason.clone()));
        }
        let body = params.to_string();
        check_size(action, body.len())?;
        Ok(body)
    }

    /// One request and its answer, without a deadline.
    pub(super) async fn ask(&self, action: &str, body: String) -> Result<Outcome, Fault> {
        let mut answer = self.post(action, body).await?;
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|reason| Fault::of(&reason))? {
            bytes.extend_from_slice(&chunk);
            check(bytes.len())?;
        }
        outcome(&bytes)
    }

    async fn read_packets(&self, action: &str, body: String, feed: &Feed) -> Result<(), Fault> {
        let mut answer = self.post(action, body).await?.bytes_stream();
        let mut bytes: Vec<u8> = Vec::new();
        while let Some(chunk) = answer.next().await {
            bytes.extend_from_slice(&chunk.map_err(|reason| Fault::of(&reason))?);
            // Packets are parted by an empty line, which JSON on one line cannot hold.
            while let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                let packet: Vec<u8> = bytes.drain(..end + 4).collect();
                if !packet.trim_ascii().is_empty() && !feed.put(outcome(&packet)?) {
                    return Ok(());
                }
            }
            check(bytes.len())?;
        }
        if bytes.trim_ascii().is_empty() || feed.put(outcome(&bytes)?) {
            return Err(Fault::Broken("it ended before the last packet".to_owned()));
        }
        Ok(())
    }

    async fn post(&self, action: &str, body: String) -> Result<reqwest::Response, Fault> {
        let request = self.http.post(format!("{}/{}", self.base, escaped(action))).body(body);
        checked(request.header(CONTENT_TYPE, HeaderValue::from_static("application/json")).send().await)
    }

    fn gone(&self, action: &str) -> Error {
        let reason = lock(&self.closed).clone().unwrap_or_default();
        Error::Disconnected(format!("{reason}; whether {action} was done is not known"))
    }
}

impl Pending {
    /// The platform's answer, whether it succeeded or not.
    pub(super) async fn outcome(self) -> Result<Outcome, Error> {
        self.0.await.unwrap_or_else(|_| Err(Error::Disconnected("the link has ended".to_owned())))
    }
}

/// An answer whose status promises a body of OneBot's.
fn checked(answer: reqwest::Result<reqwest::Response>) -> Result<reqwest::Response, Fault> {
    let answer = answer.map_err(|reason| Fault::of(&reason))?;
    match answer.status().as_u16() {
        200..=299 => Ok(answer),
        401 | 403 => Err(Fault::Refused(format!("HTTP status {}", answer.status()))),
        404 => Err(Fault::Unknown),
        _ => Err(Fault::Odd(format!("HTTP status {}", answer.status()))),
    }
}

fn check(bytes: usize) -> Result<(), Fault> {
    if bytes <= FRAME_LIMIT {
        return Ok(());
    }
    Err(Fault::Odd(format!("it is over the limit of {} MiB", FRAME_LIMIT >> 20)))
}

/// NapCat's envelope. What comes in its place is shown in part: a proxy's page, mostly.
fn outcome(bytes: &[u8]) -> Result<Outcome, Fault> {
    let text = String::from_utf8_lossy(bytes);
    let read = wire::frame(text.trim(), |frame| match frame {
        Frame::Response(response) => Some(response.outcome),
        Frame::Event(_) => None,
    });
    read.ok().flatten().ok_or_else(|| Fault::Odd(format!("{:?}", text.chars().take(80).collect::<String>())))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
