//! What the adapter makes of each document of the corpus, written by hand from the payloads, the protocol and the
//! contract.
//!
//! An event is the contract's JSON form of its body; what is for the link is `link`, an answer to a call `answer`, and a
//! document that is no frame `skipped`. `{"$": pointer}` stands for that value of the payload itself: addresses and raw
//! texts that go through untouched.

pub(super) mod answers;
mod group_messages;
mod group_notices;
mod other_notices;
mod others;
mod private_messages;
pub(super) mod strings;

use serde_json::{Value, json};

/// Stands for the payload's text.
pub(super) const WHOLE: &str = "$text";

pub(super) fn table() -> Vec<(&'static str, Value)> {
    let mut table = group_messages::table();
    table.extend(private_messages::table());
    table.extend(group_notices::table());
    table.extend(other_notices::table());
    table.extend(others::table());
    table.extend(answers::table());
    table
}

fn merged(mut base: Value, changes: &Value) -> Value {
    let fields = base.as_object_mut().unwrap();
    for (key, value) in changes.as_object().unwrap() {
        if value.is_null() {
            fields.shift_remove(key);
        } else {
            fields.insert(key.clone(), value.clone());
        }
    }
    base
}

fn user(id: &str, nickname: &str, role: &str) -> Value {
    json!({"id": id, "nickname": nickname, "role": role, "roles": [], "is_bot": false})
}

fn in_group(id: &str, content: &Value, changes: &Value) -> Value {
    let base = json!({
        "id": id,
        "chat": {"type": "group", "data": "757951413"},
        "chat_name": "测试群",
        "sender": user("5079132", "东风寄千愁", "admin"),
        "time": 1747107600.0,
        "sequence": "20501",
        "sub_kind": "normal",
        "content": content,
        "text": "",
        "raw": {"$": "/raw_message"},
        "to_me": false,
    });
    json!({"type": "message", "data": merged(base, changes)})
}

/// A recording of 2025, when NapCat gave no group names.
fn recorded_in_group(id: &str, time: f64, sequence: &str, content: &Value, text: &str) -> Value {
    let changes = json!({"chat_name": null, "time": time, "sequence": sequence, "text": text});
    in_group(id, content, &changes)
}

fn in_private(id: &str, time: f64, sequence: &str, content: &Value, changes: &Value) -> Value {
    let base = json!({
        "id": id,
        "chat": {"type": "private", "data": "5079132"},
        "sender": user("5079132", "东风寄千愁", "unknown"),
        "time": time,
        "sequence": sequence,
        "sub_kind": "friend",
        "content": content,
        "text": "",
        "raw": {"$": "/raw_message"},
        "to_me": true,
    });
    json!({"type": "message", "data": merged(base, changes)})
}

fn text(text: &str) -> Value {
    json!({"type": "text", "data": text})
}

fn from_url(pointer: &str, name: &str, size: f64) -> Value {
    json!({"source": {"type": "url", "data": {"$": pointer}}, "name": name, "size": size})
}

fn reply(message: &str) -> Value {
    json!({"type": "reply", "data": {"message": message}})
}

fn notice(kind: &str, data: &Value) -> Value {
    json!({"type": "notice", "data": {"type": kind, "data": data}})
}

fn group() -> Value {
    json!({"type": "group", "data": "757951413"})
}

/// What the contract has no case for carries the whole document as its data.
fn unknown(kind: &str, whole: &str, changes: &Value) -> Value {
    json!({"type": "other", "data": merged(json!({"kind": kind, "data": whole}), changes)})
}

fn request(kind: &str, data: &Value) -> Value {
    json!({"type": "request", "data": {"type": kind, "data": data}})
}
