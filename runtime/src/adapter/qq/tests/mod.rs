//! What the parts of the adapter do together: on recorded payloads, against small servers that do what each test says,
//! and against the simulated platform.

mod api;
mod content;
mod corpus;
mod docs;
mod events;
mod examples;
mod expected;
mod faults;
mod gateway;
mod house;
mod intents;
mod mutations;
mod sending;
mod server;
mod token;

use std::time::Duration;

use serde_json::{Value, json};

use super::decode::{self, Came, Context, Decoded};
use super::memory::Memory;
use super::wire::Envelope;
use super::{Anchor, AnchorKind, Rules, Settings, Timings};
use crate::adapter::corpus::folder as corpus_dir;
use crate::model::{Bot, Incoming, Message};

const APP: &str = "102000001";
/// When the events of these tests came in.
const RECEIVED: u64 = 1_790_000_000;
const NOW: Came = Came { received: RECEIVED, since: None, redelivered: false };

/// The documents of the corpus, by file name.
fn payloads() -> Vec<(String, String)> {
    crate::adapter::corpus::payloads("qq-official", 100)
}

fn payload(name: &str) -> String {
    crate::adapter::corpus::payload(&format!("qq-official/{name}"))
}

fn bot() -> Bot {
    Bot { id: APP.to_owned(), platform: "qq".to_owned(), nickname: "bot".to_owned(), online: true }
}

fn decoded(text: &str, memory: &Memory) -> Decoded {
    let bot = bot();
    let envelope = Envelope::read(text).unwrap();
    let context = Context { bot, memory, came: NOW };
    decode::event(&envelope, text, context)
}

/// An event for plugins, seen with what is in a memory.
fn incoming(text: &str, memory: &Memory) -> Incoming {
    match decoded(text, memory) {
        Decoded::Event(event) => event,
        Decoded::Ignored(reason) => panic!("ignored ({reason}): {text}"),
    }
}

/// The same, with nothing known before.
fn fresh(text: &str) -> Incoming {
    incoming(text, &Memory::default())
}

fn anchor(event: &Incoming) -> &Anchor {
    event.origin.as_ref().and_then(|origin| origin.downcast_ref()).expect("every event has an anchor")
}

/// A frame of an event.
fn frame(kind: &str, d: &Value) -> String {
    json!({"op": 0, "id": format!("{kind}:7"), "t": kind, "d": d}).to_string()
}

/// A group message with some fields of its own.
fn group_message(changes: &Value) -> String {
    let mut d = json!({
        "id": "M1", "group_openid": "G1", "content": "hi", "timestamp": "2026-07-21T08:00:00+08:00",
        "author": {"id": "U1", "member_openid": "U1", "username": "小明", "bot": false},
    });
    merge(&mut d, changes);
    frame("GROUP_MESSAGE_CREATE", &d)
}

fn c2c_message(changes: &Value) -> String {
    let mut d = json!({
        "id": "M1", "content": "hi", "timestamp": "2026-07-21T08:00:00+08:00",
        "author": {"id": "U1", "user_openid": "U1"},
    });
    merge(&mut d, changes);
    frame("C2C_MESSAGE_CREATE", &d)
}

fn guild_message(kind: &str, changes: &Value) -> String {
    let mut d = json!({
        "id": "M1", "guild_id": "9", "channel_id": "90", "content": "hi",
        "timestamp": "2026-07-21T08:00:00+08:00", "author": {"id": "1", "username": "abc", "bot": false},
    });
    merge(&mut d, changes);
    frame(kind, &d)
}

/// Null takes a field away.
fn merge(base: &mut Value, changes: &Value) {
    let fields = base.as_object_mut().unwrap();
    for (key, value) in changes.as_object().unwrap() {
        if value.is_null() {
            fields.shift_remove(key);
        } else {
            fields.insert(key.clone(), value.clone());
        }
    }
}

fn message(event: &Incoming) -> &Message {
    event.message().unwrap_or_else(|| panic!("{:?} is no message", event.event.body))
}

fn json_of<T: serde::Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap()
}

/// A table whose platform is at this address, with waits short enough for tests.
pub(super) fn settings_of(base: &str) -> Settings {
    let timings = Timings {
        handshake: Duration::from_secs(5),
        hello: Duration::from_secs(5),
        retry: Duration::from_millis(4),
        answer: Duration::from_secs(5),
        ..Timings::default()
    };
    Settings {
        name: "mine".to_owned(),
        app_id: APP.to_owned(),
        secret: "naOC0ocQE3shWLAfffVLB1rhYPG7xxxx".to_owned(),
        old_secret: None,
        hook: None,
        journal: true,
        token_base: base.to_owned(),
        api_base: base.to_owned(),
        ca: None,
        intents: None,
        shards: None,
        rules: Rules::default(),
        timings,
    }
}
