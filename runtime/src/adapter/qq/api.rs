//! Requests to the platform: who asks, what is tried again, what came of it.

use std::error::Error as _;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Bytes;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Method, Url};
use serde_json::Value;

use super::Settings;
use super::failure::{self, Class, Failure, Rule};
use super::token::{Token, Tokens};
use crate::web;

/// The largest answer that is read.
const BODY_LIMIT: usize = 8 << 20;
/// So many tries more, after waits of 1, 2 and 4 times `timings.retry`.
const AGAIN: u32 = 3;

/// The platform's REST interface, for one bot.
#[derive(Debug)]
pub(super) struct Api {
    base: String,
    http: reqwest::Client,
    /// Without the headers that say who asks.
    bare: reqwest::Client,
    tokens: Arc<Tokens>,
    retry: Duration,
}

/// One request.
#[derive(Debug)]
pub(super) struct Request<'a> {
    pub(super) method: Method,
    /// `/v2/...`, its parts escaped already.
    pub(super) path: &'a str,
    pub(super) body: Body<'a>,
    pub(super) repeat: Repeat,
    /// For the answer to one try.
    pub(super) patience: Duration,
}

#[derive(Debug)]
pub(super) enum Body<'a> {
    None,
    Json(&'a Value),
    /// `multipart/form-data`: the `file_image`, and fields beside it.
    Form {
        file_image: &'a [u8],
        file_name: &'a str,
        fields: &'a [(&'a str, &'a str)],
    },
}

/// What may happen twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    /// Nothing: only what the platform says it has not carried out is tried again.
    Never,
    /// The platform drops repetitions (`msg_seq`): without an answer it is tried once more.
    Same,
    /// It makes no difference how often.
    Idempotent,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Reply {
    /// 202 with code 304023 or 304024 in the body: it waits for a review.
    pub(super) status: u16,
    /// Null if there is none.
    pub(super) body: Value,
    pub(super) trace: Option<String>,
}

/// What a failed try leaves to do.
enum Step {
    GiveUp,
    Refresh,
    /// Once, or up to [`AGAIN`] times.
    Wait(u32),
}

impl Api {
    /// Fails if the settings cannot work.
    pub(super) fn new(settings: &Settings) -> Result<Self, String> {
        let base = address("api-base", &settings.api_base)?;
        address("token-base", &settings.token_base)?;
        let mut headers = HeaderMap::new();
        let app_id = HeaderValue::try_from(&settings.app_id).map_err(|_| {
            "`app-id` has characters that no HTTP header can carry; it is a number".to_owned()
        })?;
        headers.insert("X-Union-Appid", app_id);
        let tls = web::tls_trusting(settings.ca.as_deref())?;
        let client = |headers: HeaderMap| {
            reqwest::Client::builder()
                .tls_backend_preconfigured(tls.clone())
                .default_headers(headers)
                .connect_timeout(settings.timings.handshake)
                .redirect(reqwest::redirect::Policy::none())
                .no_proxy()
                .user_agent(concat!("iglu/", env!("CARGO_PKG_VERSION")))
                .build()
                .map_err(|reason| format!("HTTP: {reason}"))
        };
        let (http, bare) = (client(headers)?, client(HeaderMap::new())?);
        let tokens = Tokens::new(Arc::new(settings.clone()), bare.clone());
        Ok(Self { base, http, bare, tokens, retry: settings.timings.retry })
    }

    /// The bot's tokens, for the gateway.
    pub(super) fn tokens(&self) -> &Arc<Tokens> {
        &self.tokens
    }

    /// Sends a request and reads its answer; tries again what may be.
    pub(super) async fn call(&self, request: Request<'_>) -> Result<Reply, Failure> {
        let url = format!("{}{}", self.base, request.path);
        let (kind, bytes) = encoded(&request.body);
        let mut token = self.tokens.get().await.map_err(unasked)?;
        let (mut waits, mut refreshed, mut retried) = (0, false, false);
        loop {
            let mut built =
                self.http.request(request.method.clone(), &url).header(AUTHORIZATION, header(&token)?);
            if let Some(kind) = &kind {
                built = built.header(CONTENT_TYPE, kind).body(bytes.clone());
            }
            let (mut failure, rule) = match exchange(built, request.patience).await {
                Ok(reply) => {
                    let (method, path) = (&request.method, request.path);
                    tracing::debug!(%method, path, status = reply.status, trace = reply.trace, "the platform has answered");
                    self.tokens.worked(&token);
                    return Ok(reply);
                }
                Err(failed) => failed,
            };
            failure.message = token.hidden(failure.message);
            failure.retried = retried;
            match step(&failure, rule, request.repeat, self.retry * 30) {
                Step::Refresh if !refreshed => {
                    refreshed = true;
                    token = self.tokens.refused(&token).await?;
                }
                Step::Wait(most) if waits < most => {
                    retried |= may_have_run(&failure, rule);
                    let wait = failure.after.unwrap_or_else(|| jitter(self.retry * (1 << waits)));
                    waits += 1;
                    tracing::debug!("{} {} is tried again: {failure}", request.method, request.path);
                    tokio::time::sleep(wait).await;
                    token = self.tokens.get().await?;
                }
                Step::GiveUp | Step::Refresh | Step::Wait(_) => return Err(failure),
            }
        }
    }

    /// Puts a part of a file where the platform said. The address is the permission, so nothing says who asks.
    pub(super) async fn put(&self, url: &str, bytes: Bytes, patience: Duration) -> Result<(), Failure> {
        let mut waits = 0;
        loop {
            let built = self.bare.put(url).body(bytes.clone());
            let Err((failure, rule)) = exchange(built, patience).await else { return Ok(()) };
            match step(&failure, rule, Repeat::Idempotent, self.retry * 30) {
                Step::Wait(most) if waits < most => {
                    let wait = failure.after.unwrap_or_else(|| jitter(self.retry * (1 << waits)));
                    waits += 1;
                    tokio::time::sleep(wait).await;
                }
                _ => return Err(failure),
            }
        }
    }
}

fn address(key: &str, base: &str) -> Result<String, String> {
    let base = base.trim().trim_end_matches('/');
    match Url::parse(base) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(base.to_owned()),
        _ => Err(format!("`{key}` is no address of a web server; write it like https://api.sgroup.qq.com")),
    }
}

/// Without a token the request itself was not made.
fn unasked(failure: Failure) -> Failure {
    match failure.class {
        Class::Timeout => Failure { class: Class::Unreachable, ..failure },
        _ => failure,
    }
}

fn header(token: &Token) -> Result<HeaderValue, Failure> {
    let mut value = HeaderValue::try_from(token.header())
        .map_err(|_| Failure::silent(Class::Auth, "the token fits in no header".to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}

/// One try. The rule is that of the answer's code, if it has one that is known.
async fn exchange(
    built: reqwest::RequestBuilder,
    patience: Duration,
) -> Result<Reply, (Failure, Option<Rule>)> {
    let whole = async {
        let answer = built.send().await.map_err(|error| broken(&error))?;
        let status = answer.status().as_u16();
        let words = |name: &str| Some(answer.headers().get(name)?.to_str().ok()?.trim().to_owned());
        let trace = words("X-Tps-trace-ID").filter(|trace| !trace.is_empty());
        let after = words(RETRY_AFTER.as_str()).and_then(|after| after.parse().ok());
        Ok((status, trace, after, body_of(answer).await?))
    };
    let late =
        || Failure::silent(Class::Timeout, format!("no answer within {:.1} s", patience.as_secs_f64()));
    let (status, trace, after, bytes) = match tokio::time::timeout(patience, whole).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(failure)) => return Err((failure, None)),
        Err(_) => return Err((late(), None)),
    };
    judge(status, trace, after.and_then(|after| Duration::try_from_secs_f64(after).ok()), &bytes)
}

/// What an answer means.
pub(super) fn judge(
    status: u16,
    trace: Option<String>,
    after: Option<Duration>,
    bytes: &[u8],
) -> Result<Reply, (Failure, Option<Rule>)> {
    let success = (200..300).contains(&status);
    let empty = bytes.trim_ascii().is_empty();
    let body = serde_json::from_slice::<Value>(bytes).ok();
    if success && empty {
        return Ok(Reply { status, body: Value::Null, trace });
    }
    let Some(body) = body else {
        let text = String::from_utf8_lossy(&bytes[..bytes.len().min(1 << 10)]);
        let message = match (empty, text.trim_start().starts_with('<')) {
            (true, _) => format!("HTTP status {status} without a word"),
            (_, true) => format!("HTTP status {status} and a web page, as a proxy answers"),
            _ => format!("HTTP status {status}: {}", shortened(&text)),
        };
        let failure = Failure { message, trace, after, ..by_status(status) };
        return Err((failure, None));
    };
    let trace = body["trace_id"].as_str().filter(|trace| !trace.is_empty()).map(shortened).or(trace);
    let codes = [number(&body["err_code"]), number(&body["code"])].into_iter().flatten();
    let codes: Vec<i64> = codes.filter(|code| *code != 0).collect();
    // The two may differ, and the older one may be the one that is known.
    let rule = codes.iter().find_map(|code| failure::rule(*code));
    let fine = match (codes.first(), rule) {
        (None, _) | (_, Some(Rule::Pending)) => success,
        (Some(_), Some(_)) => false,
        (Some(_), None) => success && (status != 200 || !body["id"].is_null()),
    };
    if fine {
        return Ok(Reply { status, body, trace });
    }
    let plain = by_status(status);
    let class = match rule {
        Some(rule) => rule.class(),
        None => plain.class,
    };
    let said = body["message"].as_str().filter(|said| !said.is_empty());
    let message = said.map_or_else(|| format!("HTTP status {status} without a message"), shortened);
    let after = after.or_else(|| rule.and_then(Rule::after));
    let code = codes.first().copied().unwrap_or(plain.code);
    Err((Failure { class, message, trace, after, code, ..plain }, rule))
}

/// What a status means when the body says nothing that is known.
fn by_status(status: u16) -> Failure {
    let class = match status {
        401 => Class::Auth,
        408 | 425 | 429 | 500..=599 => Class::Busy,
        _ => Class::Permanent,
    };
    Failure { status: Some(status), code: i64::from(status), ..Failure::silent(class, String::new()) }
}

fn step(failure: &Failure, rule: Option<Rule>, repeat: Repeat, longest: Duration) -> Step {
    let wait = |most: u32| {
        if failure.after.is_some_and(|after| after > longest) { Step::GiveUp } else { Step::Wait(most) }
    };
    match (rule, failure.class, failure.status) {
        (Some(Rule::Refresh), ..) | (None, Class::Auth, Some(401)) => Step::Refresh,
        (_, Class::Busy | Class::Permanent, Some(429)) | (_, Class::Unreachable, _) => wait(AGAIN),
        (Some(Rule::Check | Rule::Once), ..) => wait(1),
        (Some(Rule::Again), ..) | (None, Class::Busy, Some(503)) => wait(AGAIN),
        _ if repeat == Repeat::Never => Step::GiveUp,
        (None, Class::Busy, _) => wait(AGAIN),
        (_, Class::Timeout, _) => wait(if repeat == Repeat::Same { 1 } else { AGAIN }),
        _ => Step::GiveUp,
    }
}

/// Whether the platform may have done it although it says otherwise, or nothing.
fn may_have_run(failure: &Failure, rule: Option<Rule>) -> bool {
    let refused = failure.status == Some(429) || rule == Some(Rule::Check);
    !refused && failure.class != Class::Unreachable
}

/// The code of an error, as a number or as text.
fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// Up to a quarter less, so that many do not come back in one moment.
pub(super) fn jitter(wait: Duration) -> Duration {
    wait.mul_f64(0.75 + fastrand::f64() / 4.0)
}

/// The first words of what a stranger says.
pub(super) fn shortened(text: &str) -> String {
    let text = text.trim();
    match text.char_indices().nth(300) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

/// Why a connection came to nothing, without the address: that may be a secret.
pub(super) fn broken(error: &reqwest::Error) -> Failure {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let mut text =
        if error.source().is_none() { "the connection broke".to_owned() } else { cause.to_string() };
    if text.contains("certificate") {
        text += "; name a PEM file with the certificate to trust as `ca`";
    }
    if error.is_builder() {
        return Failure::silent(Class::Permanent, format!("the request cannot be made: {text}"));
    }
    if error.is_connect() {
        return Failure::silent(Class::Unreachable, format!("the platform cannot be reached: {text}"));
    }
    Failure::silent(Class::Timeout, format!("the connection broke before the answer: {text}"))
}

/// A body, as far as one is read.
pub(super) async fn body_of(mut answer: reqwest::Response) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let success = answer.status().is_success();
    while let Some(chunk) = answer.chunk().await.map_err(|error| broken(&error))? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > BODY_LIMIT {
            if success {
                let text = format!("the answer is over the limit of {} MiB", BODY_LIMIT >> 20);
                return Err(Failure::silent(Class::Permanent, text));
            }
            break;
        }
    }
    Ok(bytes)
}

/// The type and the bytes of a body.
fn encoded(body: &Body<'_>) -> (Option<HeaderValue>, Bytes) {
    match body {
        Body::None => (None, Bytes::new()),
        Body::Json(value) => {
            (Some(HeaderValue::from_static("application/json")), Bytes::from(value.to_string()))
        }
        Body::Form { file_image, file_name, fields } => {
            let boundary = format!("iglu-{:032x}", fastrand::u128(..));
            let mut form = Vec::with_capacity(file_image.len() + 1024);
            for (name, value) in *fields {
                let head = head(&boundary, name, None);
                form.extend_from_slice(head.as_bytes());
                form.extend_from_slice(value.as_bytes());
                form.extend_from_slice(b"\r\n");
            }
            form.extend_from_slice(head(&boundary, "file_image", Some(file_name)).as_bytes());
            form.extend_from_slice(file_image);
            form.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
            let kind = HeaderValue::try_from(format!("multipart/form-data; boundary={boundary}"));
            (kind.ok(), Bytes::from(form))
        }
    }
}

fn head(boundary: &str, name: &str, file: Option<&str>) -> String {
    let quoted = |text: &str| text.replace('"', "%22").replace(['\r', '\n'], " ");
    let mut head = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"", quoted(name));
    if let Some(file) = file {
        let _ = write!(head, "; filename=\"{}\"\r\nContent-Type: application/octet-stream", quoted(file));
    }
    head + "\r\n\r\n"
}
