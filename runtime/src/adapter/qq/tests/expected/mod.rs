//! What the adapter makes of each document of the corpus, written by hand from the payloads, the platform's documents
//! and the contract.
//!
//! A body is in the contract's JSON form. `{"$": pointer}` stands for that value of the payload itself: ids, addresses
//! and raw texts that go through untouched.

mod friends;
mod groups;
mod guilds;
mod messages;
pub(super) mod others;

use serde_json::{Value, json};

use super::super::AnchorKind;

/// Stands for the text of the payload's `d`.
pub(super) const WHOLE: &str = "$d";

pub(super) struct Expected {
    pub(super) name: &'static str,
    /// None: the platform does not tell, so it is when the event came in.
    pub(super) time: Option<f64>,
    pub(super) answer: AnchorKind,
    pub(super) body: Value,
}

/// A document that is no event for plugins, and whom it is for.
pub(super) enum Other {
    /// A dispatch that stays inside, with the reason.
    Ignored(&'static str),
    /// A frame of the gateway or of the webhook, by its op.
    Control(i64),
    /// What the sending side asks, and where.
    Request(&'static str),
    /// What the platform answers, and to what.
    Answer(&'static str),
}

pub(super) fn table() -> Vec<Expected> {
    let mut table = messages::table();
    table.extend(friends::table());
    table.extend(groups::table());
    table.extend(guilds::table());
    table
}

fn merged(mut base: Value, changes: &Value) -> Value {
    super::merge(&mut base, changes);
    base
}

fn event(name: &'static str, time: impl Into<Option<f64>>, answer: AnchorKind, body: Value) -> Expected {
    Expected { name, time: time.into(), answer, body }
}

fn notice(kind: &str, data: &Value) -> Value {
    json!({"type": "notice", "data": {"type": kind, "data": data}})
}

fn text(text: &str) -> Value {
    json!({"type": "text", "data": text})
}

fn user(id: &str, changes: &Value) -> Value {
    merged(json!({"id": id, "nickname": "", "role": "unknown", "roles": [], "is_bot": false}), changes)
}

fn at(pointer: &str) -> Value {
    json!({"$": pointer})
}

/// A channel as a chat.
fn channel(guild: &str, channel: &str) -> Value {
    json!({"type": "channel", "data": {"guild": guild, "channel": channel}})
}
