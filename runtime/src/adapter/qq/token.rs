//! The access token: fetched once for all who need it, and renewed before its end without a gap.
//!
//! The platform hands out one token until its last minute, so renewing early brings the same one with less time left,
//! and errors come with status 200.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::Instant;

use super::Settings;
use super::api::{body_of, broken, shortened};
use super::failure::{Class, Failure};

/// Between two fetches: also when the platform says that a token has no time left.
const FLOOR: Duration = Duration::from_secs(1);
/// What a token lives if the platform does not say.
const LIFETIME: Duration = Duration::from_secs(7200);
/// Tries of one fetch.
const TRIES: u32 = 3;
/// The longest wait after failures, in multiples of the first.
const LONGEST: u32 = 60;

/// One token. Never shown.
#[derive(PartialEq, Eq)]
pub(super) struct Token(String);

impl Token {
    /// What headers and frames carry.
    pub(super) fn header(&self) -> String {
        format!("QQBot {}", self.0)
    }

    /// Text without the token in it.
    pub(super) fn hidden(&self, text: String) -> String {
        if text.contains(&self.0) { text.replace(&self.0, "(token)") } else { text }
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(hidden)")
    }
}

type Outcome = Result<Arc<Token>, Failure>;

/// The tokens of one bot.
pub(super) struct Tokens {
    settings: Arc<Settings>,
    http: reqwest::Client,
    url: String,
    state: Mutex<State>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("bot", &self.settings.name).finish_non_exhaustive()
    }
}

#[derive(Default)]
struct State {
    held: Option<Held>,
    fetch: Option<watch::Receiver<Option<Outcome>>>,
    /// Nobody asks before this; until then everybody gets the failure.
    failed: Option<(Instant, Failure)>,
    failures: u32,
    /// The one that the platform refused though it had time left.
    refused: Option<Arc<Token>>,
    /// The fatal code that the owner was told of.
    told: Option<i64>,
}

#[derive(Clone)]
struct Held {
    token: Arc<Token>,
    fetched: Instant,
    renew: Instant,
    end: Instant,
}

impl Tokens {
    pub(super) fn new(settings: Arc<Settings>, http: reqwest::Client) -> Arc<Self> {
        let url = format!("{}/app/getAppAccessToken", settings.token_base.trim().trim_end_matches('/'));
        Arc::new(Self { settings, http, url, state: Mutex::default() })
    }

    /// A token that is good now.
    pub(super) async fn get(self: &Arc<Self>) -> Outcome {
        let fetch = {
            let (mut state, now) = (self.state(), Instant::now());
            match state.held.clone().filter(|held| now < held.end) {
                Some(held) => {
                    if now >= held.renew && state.may_fetch(now) {
                        self.fetch(&mut state);
                    }
                    return Ok(held.token);
                }
                None => self.join(&mut state, now)?,
            }
        };
        wait(fetch).await
    }

    /// Another token than this one, which the platform refused (11244). However many say so, it is fetched once.
    pub(super) async fn refused(self: &Arc<Self>, token: &Arc<Token>) -> Outcome {
        let fetch = {
            let (mut state, now) = (self.state(), Instant::now());
            state.drop_held(token, now, self.settings.timings.retry * LONGEST / 2);
            match &state.held {
                Some(held) => return Ok(held.token.clone()),
                None => self.join(&mut state, now)?,
            }
        };
        wait(fetch).await
    }

    /// The platform took the token: a refusal from now on is a new one.
    pub(super) fn worked(&self, token: &Arc<Token>) {
        let mut state = self.state();
        if state.refused.as_ref() == Some(token) {
            state.refused = None;
        }
    }

    /// Drops the token, for the next caller to fetch another.
    pub(super) fn forget(&self, token: &Arc<Token>) {
        let pause = self.settings.timings.retry * LONGEST / 2;
        self.state().drop_held(token, Instant::now(), pause);
    }

    fn join(
        self: &Arc<Self>,
        state: &mut State,
        now: Instant,
    ) -> Result<watch::Receiver<Option<Outcome>>, Failure> {
        match (&state.fetch, &state.failed) {
            (Some(fetch), _) => Ok(fetch.clone()),
            (None, Some((until, failure))) if now < *until => Err(failure.clone()),
            _ => Ok(self.fetch(state)),
        }
    }

    /// Begins a fetch that outlives whoever began it.
    fn fetch(self: &Arc<Self>, state: &mut State) -> watch::Receiver<Option<Outcome>> {
        let (sender, fetch) = watch::channel(None);
        state.fetch = Some(fetch.clone());
        let tokens = self.clone();
        tokio::spawn(async move {
            let answer = tokens.ask_patiently().await;
            let outcome = tokens.settle(answer);
            sender.send_replace(Some(outcome));
        });
        fetch
    }

    async fn ask_patiently(&self) -> Result<(String, Duration), Failure> {
        let mut tries = 1;
        loop {
            let failure = match self.ask().await {
                Err(failure) if failure.class != Class::Auth && tries < TRIES => failure,
                answer => return answer,
            };
            tracing::debug!(bot = self.settings.name, "the token could not be fetched: {failure}");
            tokio::time::sleep(self.settings.timings.retry * (1 << (tries - 1))).await;
            tries += 1;
        }
    }

    async fn ask(&self) -> Result<(String, Duration), Failure> {
        let settings = &self.settings;
        let body = json!({"appId": settings.app_id, "clientSecret": settings.secret}).to_string();
        let request = self.http.post(&self.url).header("Content-Type", "application/json").body(body);
        let exchange = async {
            let answer = request.send().await.map_err(|error| broken(&error))?;
            let status = answer.status().as_u16();
            Ok((status, body_of(answer).await?))
        };
        let (status, bytes) =
            tokio::time::timeout(settings.timings.answer, exchange).await.unwrap_or_else(|_| {
                Err(Failure::silent(Class::Timeout, "the token server does not answer in time".to_owned()))
            })?;
        read(status, &bytes).map_err(|failure| {
            let message = failure.message.replace(&settings.secret, "(secret)");
            Failure { message, ..failure }
        })
    }

    fn settle(&self, answer: Result<(String, Duration), Failure>) -> Outcome {
        let (mut state, now) = (self.state(), Instant::now());
        state.fetch = None;
        match answer {
            Ok((token, lifetime)) => {
                let token = Arc::new(Token(token));
                let end = now + lifetime.max(FLOOR);
                let renew = (now + FLOOR).max(end.checked_sub(self.settings.timings.renew).unwrap_or(now));
                if state.refused.as_ref().is_some_and(|refused| *refused != token) {
                    state.refused = None;
                }
                state.held = Some(Held { token: token.clone(), fetched: now, renew, end });
                (state.failed, state.failures) = (None, 0);
                if state.told.take().is_some() {
                    tracing::info!(
                        bot = self.settings.name,
                        "bot `{}` gets tokens again",
                        self.settings.name
                    );
                }
                Ok(token)
            }
            Err(failure) => {
                let steps = if failure.class == Class::Auth {
                    LONGEST
                } else {
                    (1 << state.failures.min(6)).min(LONGEST)
                };
                state.failures += 1;
                state.failed = Some((now + self.settings.timings.retry * steps, failure.clone()));
                if failure.class == Class::Auth && state.told != Some(failure.code) {
                    state.told = Some(failure.code);
                    tracing::error!(
                        bot = self.settings.name,
                        "bot `{}` gets no token: {failure}",
                        self.settings.name
                    );
                }
                Err(failure)
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Drops the token that the platform refused. Not if it was fetched anew for that within `pause` and is still the
    /// same: asking again would be a loop.
    fn drop_held(&mut self, token: &Arc<Token>, now: Instant, pause: Duration) {
        let Some(held) = self.held.as_ref().filter(|held| held.token == *token) else { return };
        if self.refused.as_ref() != Some(token) || now >= held.fetched + pause {
            self.refused = Some(token.clone());
            self.held = None;
        }
    }

    fn may_fetch(&self, now: Instant) -> bool {
        self.fetch.is_none() && self.failed.as_ref().is_none_or(|(until, _)| now >= *until)
    }
}

async fn wait(mut fetch: watch::Receiver<Option<Outcome>>) -> Outcome {
    let ended = || Failure::silent(Class::Unreachable, "the fetch of the token was ended".to_owned());
    match fetch.wait_for(Option::is_some).await {
        Ok(outcome) => outcome.clone().unwrap_or_else(|| Err(ended())),
        Err(_) => Err(ended()),
    }
}

/// The token and its time in an answer. Not the status tells, but whether there is a token.
fn read(status: u16, bytes: &[u8]) -> Result<(String, Duration), Failure> {
    let body: Value = serde_json::from_slice(bytes).unwrap_or_default();
    if let Some(token) = body["access_token"].as_str().filter(|token| usable(token)) {
        let seconds = match &body["expires_in"] {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        let lifetime = seconds.map(|seconds| Duration::try_from_secs_f64(seconds).unwrap_or_default());
        return Ok((token.to_owned(), lifetime.unwrap_or(LIFETIME).min(LIFETIME)));
    }
    let code = body["code"].as_i64().filter(|code| *code != 0);
    let said = body["message"].as_str().map(shortened);
    let (class, remedy) = match code {
        Some(10004 | 100007) => (
            Class::Auth,
            "; check `app-id` in the bot's [[bot]] table, and whether the bot still is at q.qq.com",
        ),
        Some(100016) => (
            Class::Auth,
            "; check `app-id` and `secret` in the bot's [[bot]] table: the secret may have been changed in the console at q.qq.com",
        ),
        _ => (Class::Busy, ""),
    };
    let message = match said {
        Some(said) => format!("the token server answers: {said}{remedy}"),
        None => format!("the token server answers with HTTP status {status} and no token{remedy}"),
    };
    let code = code.unwrap_or(i64::from(status));
    Err(Failure { class, status: Some(status), code, message, trace: None, after: None, retried: false })
}

/// Whether a header can carry it.
fn usable(token: &str) -> bool {
    !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic())
}
