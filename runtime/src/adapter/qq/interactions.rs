//! Presses of buttons and menus: each is acknowledged once, in time, by a handler or by the host.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use tracing::warn;

use super::account::{Account, Pace, lock};
use super::api::{Body, Repeat, Request};
use super::outbox::anchor;
use crate::adapter::now;
use crate::model::{Error, EventBody, Incoming, Interaction};
use crate::web::escaped;

/// Kinds that the platform waits for.
const WAITING: [&str; 2] = ["11", "12"];
/// The highest code.
const CODES: u32 = 5;
/// The user has been told that nothing came by then.
const LATE: Duration = Duration::from_secs(5);
const KEPT: usize = 4_096;

/// Who acknowledged what lately.
#[derive(Debug, Default)]
pub(super) struct Interactions(Mutex<Done>);

#[derive(Debug, Default)]
struct Done {
    by: HashMap<String, Who>,
    order: VecDeque<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Handler,
    Host,
}

impl Interactions {
    /// Somebody acknowledges it by hand.
    pub(super) fn note(&self, id: &str) {
        let _ = self.claim(id, Who::Handler);
    }

    /// The right to acknowledge, for the first who asks.
    fn claim(&self, id: &str, who: Who) -> Result<(), Who> {
        let mut done = lock(&self.0);
        if let Some(before) = done.by.get(id) {
            return Err(*before);
        }
        if done.order.len() == KEPT
            && let Some(oldest) = done.order.pop_front()
        {
            done.by.remove(&oldest);
        }
        done.order.push_back(id.to_owned());
        done.by.insert(id.to_owned(), who);
        Ok(())
    }
}

impl Account {
    /// Acknowledges an interaction for a handler.
    pub(super) async fn acknowledged(&self, incoming: &Incoming, code: u32) -> Result<(), Error> {
        let Some(interaction) = interaction(incoming) else {
            return Err(Error::Invalid(
                "this event is no interaction; only those are acknowledged".to_owned(),
            ));
        };
        let (id, kind) = (&interaction.id, &interaction.kind);
        if !WAITING.contains(&kind.as_str()) {
            return Err(Error::Unsupported(format!(
                "an interaction of kind {kind:?} is not acknowledged, only buttons (11) and menus (12) are; answer it with \
                 `messages.reply`"
            )));
        }
        if code > CODES {
            return Err(Error::Invalid(format!("there is no code {code}; choose one from 0 to {CODES}")));
        }
        if is_late(incoming) {
            return Err(Error::Expired(format!(
                "the interaction {id} came too long ago: the platform takes its acknowledgement within three seconds"
            )));
        }
        self.interactions.claim(id, Who::Handler).map_err(|who| {
            let by = match who {
                Who::Handler => "a handler".to_owned(),
                Who::Host => {
                    let after = self.settings.timings.acknowledge.as_secs_f64();
                    format!("the host, as no handler had within {after:.1} s")
                }
            };
            Error::Expired(format!("the interaction {id} was acknowledged by {by}; that is done once"))
        })?;
        self.put_code(id, code).await
    }

    /// Sees to it that an interaction is acknowledged in time.
    pub(super) fn watch_interaction(self: &Arc<Self>, incoming: &Incoming) {
        let waiting = interaction(incoming).filter(|found| WAITING.contains(&found.kind.as_str()));
        let Some(interaction) = waiting.filter(|_| !is_late(incoming)) else { return };
        let (id, account) = (interaction.id.clone(), Arc::downgrade(self));
        let patience = self.settings.timings.acknowledge;
        tokio::spawn(async move {
            tokio::time::sleep(patience).await;
            let Some(account) = account.upgrade() else { return };
            if account.interactions.claim(&id, Who::Host).is_ok()
                && let Err(error) = account.put_code(&id, 0).await
            {
                let bot = &account.settings.name;
                warn!(%bot, %id, "an interaction that no handler acknowledged could not be by the host: {error}");
            }
        });
    }

    async fn put_code(&self, id: &str, code: u32) -> Result<(), Error> {
        self.pace(Pace::Upload).await;
        let path = format!("/interactions/{}", escaped(id));
        let body = json!({"code": code});
        let request = Request {
            method: reqwest::Method::PUT,
            path: &path,
            body: Body::Json(&body),
            repeat: Repeat::Idempotent,
            patience: self.settings.timings.answer,
        };
        self.api.call(request).await?;
        Ok(())
    }
}

fn interaction(incoming: &Incoming) -> Option<&Interaction> {
    match &incoming.event.body {
        EventBody::Interaction(interaction) => Some(interaction),
        _ => None,
    }
}

/// Whether the platform has given up waiting.
fn is_late(incoming: &Incoming) -> bool {
    anchor(incoming).is_some_and(|anchor| now() - anchor.received as f64 > LATE.as_secs_f64())
}
