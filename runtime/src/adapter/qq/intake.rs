//! Where events of a bot come in, by whichever way, and become the contract's.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::account::Account;
use super::api::{Body, Repeat, Request, jitter};
use super::decode::{self, Came, Context, Decoded};
use super::gateway::Ear;
use super::webhook::Arrival;
use super::wire::Envelope;
use crate::adapter::{Inlet, bot_state, now};
use crate::bot::Bot as _;
use crate::model::Kept;
use crate::store::Waiting;

/// The longest wait between two questions about the bot itself, in multiples of the first.
const LONGEST: u32 = 60;

/// One bot and its way into the house.
pub(super) struct Intake {
    pub(super) account: Arc<Account>,
    inlet: Inlet,
}

impl Intake {
    pub(super) fn new(account: Arc<Account>, inlet: Inlet) -> Arc<Self> {
        Arc::new(Self { account, inlet })
    }

    /// An event of the webhook.
    pub(super) fn deliver(&self, arrival: Arrival<'_>) {
        let came = Came { received: now() as u64, since: None, redelivered: false };
        self.event(arrival.text, arrival.envelope, came, arrival.kept);
    }

    /// An event that an earlier process has acknowledged.
    pub(super) fn deliver_again(&self, waiting: Waiting) {
        let Waiting { received, text, kept, .. } = waiting;
        match Envelope::read(&text) {
            Ok(envelope) => {
                let came = Came { received, since: None, redelivered: true };
                self.event(&text, &envelope, came, Some(kept));
            }
            Err(reason) => {
                tracing::error!(
                    bot = self.name(),
                    "an event in the journal cannot be read any more: {reason}"
                );
            }
        }
    }

    fn event(&self, text: &str, envelope: &Envelope<'_>, came: Came, kept: Option<Kept>) {
        let context = Context { bot: self.account.info(), memory: &self.account.memory, came };
        let mut incoming = match decode::event(envelope, text, context) {
            Decoded::Event(incoming) => incoming,
            Decoded::Ignored(reason) => {
                tracing::debug!(
                    bot = self.name(),
                    kind = envelope.kind(),
                    "an event is not for plugins: {reason}"
                );
                return;
            }
        };
        self.account.heed(&incoming.event.body);
        self.account.watch_interaction(&incoming);
        incoming.kept = kept;
        (self.inlet)(incoming);
    }

    /// Asks the platform who the bot is, until it tells: a webhook does not say so by itself.
    pub(super) async fn introduce(self: Arc<Self>, stop: CancellationToken) {
        let timings = &self.account.settings.timings;
        let mut wait = timings.retry;
        let mut told = String::new();
        loop {
            let request = Request {
                method: reqwest::Method::GET,
                path: "/users/@me",
                body: Body::None,
                repeat: Repeat::Idempotent,
                patience: timings.answer,
            };
            let reply = tokio::select! {
                reply = self.account.api.call(request) => reply,
                () = stop.cancelled() => return,
            };
            match reply {
                Ok(reply) => {
                    let word = |key: &str| reply.body[key].as_str().unwrap_or_default().to_owned();
                    return self.ready(Some((word("id"), word("username"))));
                }
                Err(failure) => {
                    let reason = failure.to_string();
                    if reason != told {
                        let name = self.name();
                        tracing::error!(
                            bot = name,
                            "bot `{name}` cannot send anything yet: {reason}; tried again and again"
                        );
                        told = reason;
                    }
                }
            }
            tokio::select! {
                () = tokio::time::sleep(jitter(wait)) => {}
                () = stop.cancelled() => return,
            }
            wait = (wait * 2).min(timings.retry * LONGEST).max(Duration::from_millis(1));
        }
    }

    fn name(&self) -> &str {
        &self.account.settings.name
    }
}

impl Ear for Intake {
    fn take(&self, frame: &str, envelope: &Envelope<'_>, since: Option<u64>) {
        let came = Came { received: now() as u64, since, redelivered: false };
        self.event(frame, envelope, came, None);
    }

    fn ready(&self, user: Option<(String, String)>) {
        if let Some((id, nickname)) = user {
            self.account.known_as(&nickname, &id);
        }
        if self.account.turn(true) {
            let (name, bot) = (self.name(), self.account.info());
            tracing::info!(bot = name, id = bot.id, "bot `{name}` is connected");
            (self.inlet)(bot_state(bot, "connected", None, None));
        }
    }

    fn lost(&self, reason: &str) {
        if self.account.turn(false) {
            (self.inlet)(bot_state(self.account.info(), "disconnected", Some(reason.to_owned()), None));
        }
    }
}
