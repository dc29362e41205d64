//! The webhook: where the platform posts events.
//!
//! A delivery is verified, kept, acknowledged, and only then handed on: the platform gives up after three seconds, and
//! what it was told is taken must outlive this process. What the journal cannot keep is not acknowledged, so it comes again.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::{Body as Delivered, Bytes, Incoming};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;

use super::sign::Key;
use super::wire::Envelope;
use super::{Hook, Settings};
use crate::adapter::node::Node;
use crate::adapter::throttle::Throttle;
use crate::adapter::{now, port};
use crate::model::Kept;
use crate::store::{Journal, Keeping, NotKept};

mod tls;

pub(super) use tls::Files;

/// The largest delivery. Events have some kilobytes.
const BODY: usize = 1 << 20;

/// Who gets what was delivered.
pub(super) type Take = Arc<dyn Fn(Arrival<'_>) + Send + Sync>;

/// An event that was delivered.
pub(super) struct Arrival<'a> {
    /// The whole delivery.
    pub(super) text: &'a str,
    pub(super) envelope: &'a Envelope<'a>,
    /// To be dropped when all is done.
    pub(super) kept: Option<Kept>,
}

/// One bot that deliveries can be for.
pub(super) struct Desk {
    name: String,
    app_id: String,
    path: String,
    skew: Duration,
    /// The secret's, and that of the secret before.
    keys: Vec<Key>,
    /// Where events are kept before they are acknowledged, if they are.
    journal: Option<Arc<Journal>>,
    take: Take,
}

impl Desk {
    /// A desk for the bot of this table.
    ///
    /// # Errors
    ///
    /// When a secret is empty.
    pub(super) fn new(
        settings: &Settings,
        hook: &Hook,
        journal: Option<Arc<Journal>>,
        take: Take,
    ) -> Result<Self, String> {
        let secrets = [Some(&settings.secret), settings.old_secret.as_ref()];
        let keys: Option<Vec<Key>> = secrets.into_iter().flatten().map(|secret| Key::new(secret)).collect();
        Ok(Self {
            name: settings.name.clone(),
            app_id: settings.app_id.clone(),
            path: hook.path.clone(),
            skew: settings.timings.skew,
            journal,
            keys: keys.ok_or("its `secret` is empty")?,
            take,
        })
    }

    fn is_at(&self, path: &str) -> bool {
        self.path == "/" || self.path.trim_end_matches('/') == path.trim_end_matches('/')
    }
}

struct Door {
    desks: Vec<Desk>,
    refused: Mutex<Throttle>,
}

/// Why a delivery is not taken.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("no bot waits for deliveries at {0:?}; `listen` of a [[bot]] table names the path")]
    NoDesk(String),
    #[error("it is for the bot {0:?}, which does not wait there (`app_id`)")]
    Stranger(String),
    #[error("it has no {0}")]
    NoHeader(HeaderName),
    #[error("several bots wait here, and it does not say for which it is ({APP_ID})")]
    ForWhom,
    #[error("it has {0} twice")]
    Twice(HeaderName),
    #[error("it is larger than {BODY} bytes")]
    Large,
    #[error("it did not arrive whole within {} s", port::HURRY.as_secs())]
    Slow,
    #[error(
        "its signature is wrong: somebody else sent it, or the `secret` of the bot has been changed (keep the one before \
         as `old_secret` meanwhile)"
    )]
    Signature,
    #[error("its time is {0} s away from this machine's; if that is so with all deliveries, set the clock")]
    Stale(u64),
    #[error("it is no event: {0}")]
    Frame(String),
    #[error("it asks for a signature of something that is no token")]
    Oracle,
    #[error("it cannot be kept now and must come again: {0}")]
    NotKept(String),
}

impl Refusal {
    fn status(&self) -> StatusCode {
        match self {
            Self::NoDesk(_) => StatusCode::NOT_FOUND,
            Self::NoHeader(_) | Self::ForWhom => StatusCode::UNAUTHORIZED,
            Self::Stranger(_) | Self::Signature | Self::Stale(_) | Self::Oracle => StatusCode::FORBIDDEN,
            Self::Frame(_) | Self::Twice(_) => StatusCode::BAD_REQUEST,
            Self::Large => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::NotKept(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// Takes deliveries at `host` until `stop`.
pub(super) async fn keep(host: String, tls: Option<Files>, desks: Vec<Desk>, stop: CancellationToken) {
    let acceptor = loop {
        match tls.clone().map(tls::acceptor).transpose() {
            Ok(acceptor) => break acceptor,
            Err(reason) => tracing::error!(
                "nothing can be delivered at {host}: {reason}; tried again in {} s",
                port::RETRY.as_secs()
            ),
        }
        tokio::select! {
            () = tokio::time::sleep(port::RETRY) => {}
            () = stop.cancelled() => return,
        }
    };
    let door = Arc::new(Door { desks, refused: Mutex::default() });
    port::serve(&host, acceptor, door, &stop).await;
}

impl port::Host for Door {
    type Body = Body;

    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response {
        if request.method() != Method::POST {
            return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "POST")]).into_response();
        }
        match self.take(request).await {
            Ok(answer) => {
                let mut response = Response::new(Body::from(answer));
                let json = HeaderValue::from_static("application/json");
                response.headers_mut().insert(header::CONTENT_TYPE, json);
                response
            }
            Err(refusal) => {
                self.complain(&refusal.to_string());
                (refusal.status(), format!("{refusal}\n")).into_response()
            }
        }
    }

    fn listens(&self, at: &str) {
        for Desk { name, path, .. } in &self.desks {
            tracing::info!(bot = name, address = at, "bot `{name}` waits for deliveries at {at}{path}");
        }
    }

    fn complain(&self, reason: &str) {
        let passed = self.refused.lock().unwrap_or_else(PoisonError::into_inner).count(Instant::now());
        if let Some(passed) = passed {
            let names: Vec<_> = self.desks.iter().map(|desk| desk.name.as_str()).collect();
            tracing::warn!(
                bots = names.join(", "),
                refused = passed.total,
                unreported = passed.held,
                "a delivery is refused: {reason}"
            );
        }
    }
}

impl Door {
    /// Takes a delivery; answers what the platform wants to hear.
    async fn take<B>(&self, request: Request<B>) -> Result<Cow<'static, str>, Refusal>
    where
        B: Delivered<Error: Into<axum::BoxError>>,
    {
        let (head, body) = request.into_parts();
        let headers = &head.headers;
        // What is for nobody here is not read out.
        let here = self.desks_at(head.uri.path(), headers)?;
        let (timestamp, signature) = (single(headers, TIMESTAMP)?, single(headers, SIGNATURE)?);
        let body = &*read(body).await?;
        // Only a validation comes without a signature that we could check.
        let Some(signature) = signature else {
            return validate(&here, body).unwrap_or(Err(Refusal::NoHeader(SIGNATURE))).map(Cow::Owned);
        };
        let timestamp = timestamp.ok_or(Refusal::NoHeader(TIMESTAMP))?;
        let keys = here.iter().flat_map(|desk| desk.keys.iter().map(move |key| (*desk, key)));
        let Some((desk, key)) = keys.into_iter().find(|(_, key)| key.signed(timestamp, body, signature))
        else {
            // The header of a validation is signed in a way that nobody has described.
            return validate(&here, body).unwrap_or(Err(Refusal::Signature)).map(Cow::Owned);
        };
        let away = away(timestamp);
        if away > desk.skew.as_secs() {
            return Err(Refusal::Stale(away));
        }
        let text = text(body)?;
        let envelope = Envelope::read(text).map_err(Refusal::Frame)?;
        match envelope.op() {
            Some(0) => self.event(desk, text, &envelope).await.map(Cow::Borrowed),
            Some(1) => Ok(json!({"op": 11, "d": envelope.data()}).to_string().into()),
            Some(13) => prove(desk, key, &envelope).map(Cow::Owned),
            op => {
                tracing::info!(
                    bot = desk.name,
                    ?op,
                    "a delivery of an unknown kind is acknowledged and ignored"
                );
                Ok(ACKNOWLEDGED.into())
            }
        }
    }

    fn desks_at(&self, path: &str, headers: &HeaderMap) -> Result<Vec<&Desk>, Refusal> {
        let mut here: Vec<&Desk> = self.desks.iter().filter(|desk| desk.is_at(path)).collect();
        if here.is_empty() {
            return Err(Refusal::NoDesk(path.to_owned()));
        }
        if let Some(app_id) = single(headers, APP_ID)? {
            here.retain(|desk| desk.app_id.as_bytes() == app_id);
            if here.is_empty() {
                return Err(Refusal::Stranger(String::from_utf8_lossy(app_id).into_owned()));
            }
        }
        Ok(here)
    }

    async fn event(&self, desk: &Desk, text: &str, envelope: &Envelope<'_>) -> Result<&'static str, Refusal> {
        let Some(journal) = &desk.journal else {
            (desk.take)(Arrival { text, envelope, kept: None });
            return Ok(ACKNOWLEDGED);
        };
        // Whoever hangs up in between ends this call. What the disk has by then is known, so it must be handed on.
        let words = [&desk.app_id, &*name(envelope, text), text].map(str::to_owned);
        let keeping = keep_and_hand_on(journal.clone(), words, desk.take.clone());
        match tokio::spawn(keeping).await {
            Ok(Ok(())) => Ok(ACKNOWLEDGED),
            Ok(Err(reason)) => Err(Refusal::NotKept(reason.to_string())),
            Err(reason) => Err(Refusal::NotKept(reason.to_string())),
        }
    }
}

async fn keep_and_hand_on(
    journal: Arc<Journal>,
    [bot, name, text]: [String; 3],
    take: Take,
) -> Result<(), NotKept> {
    let Keeping::New(kept) = journal.keep(&bot, &name, &text).await? else { return Ok(()) };
    if let Ok(envelope) = Envelope::read(&text) {
        take(Arrival { text: &text, envelope: &envelope, kept: Some(kept) });
    }
    Ok(())
}

const ACKNOWLEDGED: &str = r#"{"op":12,"d":0}"#;
const APP_ID: HeaderName = HeaderName::from_static("x-bot-appid");
const SIGNATURE: HeaderName = HeaderName::from_static("x-signature-ed25519");
const TIMESTAMP: HeaderName = HeaderName::from_static("x-signature-timestamp");

/// Answers a validation (op 13) whose signature does not count; none if it is something else.
fn validate(here: &[&Desk], body: &[u8]) -> Option<Result<String, Refusal>> {
    let envelope = Envelope::read(text(body).ok()?).ok()?;
    if envelope.op() != Some(13) {
        return None;
    }
    match here {
        [desk] => Some(desk.keys.first().ok_or(Refusal::Oracle).and_then(|key| prove(desk, key, &envelope))),
        _ => Some(Err(Refusal::ForWhom)),
    }
}

fn prove(desk: &Desk, key: &Key, envelope: &Envelope<'_>) -> Result<String, Refusal> {
    let data = envelope.data();
    let event_ts = match data.at("event_ts") {
        Node::Number(number) => number.to_string(),
        other => other.as_str().unwrap_or_default().to_owned(),
    };
    let plain_token = data.at("plain_token").as_str().unwrap_or_default();
    let signature = key.prove(&event_ts, plain_token).ok_or(Refusal::Oracle)?;
    tracing::info!(bot = desk.name, "the platform has checked that bot `{}` is at this address", desk.name);
    Ok(json!({"plain_token": plain_token, "signature": signature}).to_string())
}

/// The name that repetitions share: the outer id. An event without one was never seen; its text would be its name.
fn name<'a>(envelope: &'a Envelope<'_>, text: &str) -> Cow<'a, str> {
    match envelope.id() {
        Some(id) => Cow::Borrowed(id),
        None => Cow::Owned(format!("sha256:{}", STANDARD.encode(Sha256::digest(text)))),
    }
}

/// The whole body, if it is of a sane size and does not keep us waiting.
async fn read<B>(body: B) -> Result<Bytes, Refusal>
where
    B: Delivered<Error: Into<axum::BoxError>>,
{
    let mut body = std::pin::pin!(Limited::new(body, BODY).collect());
    // Mostly it came together with its head, and no clock is set.
    let body = match futures_util::poll!(&mut body) {
        Poll::Ready(body) => body,
        Poll::Pending => tokio::time::timeout(port::HURRY, body).await.map_err(|_| Refusal::Slow)?,
    };
    match body {
        Ok(body) => Ok(body.to_bytes()),
        Err(reason) if reason.is::<LengthLimitError>() => Err(Refusal::Large),
        Err(reason) => Err(Refusal::Frame(format!("it broke off ({reason})"))),
    }
}

fn text(body: &[u8]) -> Result<&str, Refusal> {
    std::str::from_utf8(body).map_err(|_| Refusal::Frame("it is not UTF-8".to_owned()))
}

/// A header that must not be there twice: nobody knows which one a proxy before us has looked at.
fn single(headers: &HeaderMap, name: HeaderName) -> Result<Option<&[u8]>, Refusal> {
    let mut values = headers.get_all(&name).iter();
    match (values.next(), values.next()) {
        (value, None) => Ok(value.map(|value| value.as_bytes())),
        _ => Err(Refusal::Twice(name)),
    }
}

/// Seconds between the time of a delivery and this machine's.
fn away(timestamp: &[u8]) -> u64 {
    let now = now() as u64;
    let time = std::str::from_utf8(timestamp).ok().and_then(|text| text.parse::<u64>().ok());
    time.map_or(u64::MAX, |time| time.abs_diff(now))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapter::qq::tests::settings_of;
    use crate::store::Store;

    const BODY: &str = r#"{"op":0,"id":"FRIEND_ADD:1","d":{"openid":"U"},"t":"FRIEND_ADD"}"#;

    fn delivery(secret: &str) -> hyper::Request<Body> {
        let time = (now() as u64).to_string();
        let signature = Key::new(secret).unwrap().sign(time.as_bytes(), BODY.as_bytes());
        let request = hyper::Request::post("/").header(SIGNATURE, signature).header(TIMESTAMP, time);
        request.body(Body::from(BODY)).unwrap()
    }

    #[tokio::test]
    async fn an_event_is_handed_on_also_if_its_visitor_hangs_up() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("store.redb")).unwrap();
        let (sender, mut taken) = tokio::sync::mpsc::unbounded_channel();
        let take: Take = Arc::new(move |arrival: Arrival<'_>| {
            let _ = sender.send((arrival.text.to_owned(), arrival.kept.is_some()));
        });
        let settings = settings_of("http://127.0.0.1:9");
        let hook = Hook { host: String::new(), path: "/".to_owned(), tls: None };
        let desk = Desk::new(&settings, &hook, Some(store.journal().unwrap()), take).unwrap();
        let door = Door { desks: vec![desk], refused: Mutex::default() };
        {
            let mut visit = std::pin::pin!(door.take(delivery(&settings.secret)));
            assert!(futures_util::poll!(&mut visit).is_pending(), "the disk takes a moment");
        }
        let patience = Duration::from_secs(20);
        let arrived = tokio::time::timeout(patience, taken.recv()).await.unwrap();
        assert_eq!(arrived, Some((BODY.to_owned(), true)));
        assert_eq!(door.take(delivery(&settings.secret)).await.unwrap(), ACKNOWLEDGED);
        assert!(taken.try_recv().is_err(), "it comes once");
    }
}
