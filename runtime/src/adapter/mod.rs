//! Adapters: each turns one platform's frames into events, and actions into its frames.

#[cfg(test)]
mod corpus;
mod lanes;
mod node;
pub mod onebot;
mod port;
pub mod qq;
pub mod sandbox;
mod throttle;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::model::{Bot, BotState, Event, EventBody, Incoming};

/// Where an adapter puts the events it decoded. Never waits, so a socket reader may call it.
pub type Inlet = Arc<dyn Fn(Incoming) + Send + Sync>;

/// A name for an event that no other one on this host has, before a restart or after.
#[must_use]
pub fn event_id() -> String {
    static START: OnceLock<String> = OnceLock::new();
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let start = START.get_or_init(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        format!("{:x}", since.map_or_else(|_| fastrand::u128(..), |since| since.as_micros()))
    });
    format!("{start}-{:x}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Seconds since 1970.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

/// An event that a link itself makes. `original` is the frame that it was seen in, if any.
fn bot_state(bot: Bot, state: &str, reason: Option<String>, original: Option<&str>) -> Incoming {
    let body = EventBody::BotState(BotState { state: state.to_owned(), reason });
    let event = Arc::new(Event { id: event_id(), bot, time: now(), redelivered: false, body });
    Incoming::new(event, original.unwrap_or("{}"))
}
