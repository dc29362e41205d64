//! The string form of a message: CQ codes, as NapCat writes and reads them.

use serde_json::{Map, Value, json};

/// The text of some segments, trimmed at both ends as NapCat does (this is `raw_message`).
///
/// Keys keep their order; null and empty values are left out; objects are written as JSON.
pub fn encode(segments: &[Value]) -> String {
    let mut text = String::new();
    for segment in segments {
        let kind = segment["type"].as_str().unwrap_or_default();
        if kind == "text" {
            text.push_str(&escape(segment["data"]["text"].as_str().unwrap_or_default()));
            continue;
        }
        text.push_str("[CQ:");
        text.push_str(kind);
        for (key, value) in segment["data"].as_object().into_iter().flatten() {
            let value = plain(value);
            if !value.is_empty() {
                text.push_str(&format!(",{key}={}", escape(&value).replace(',', "&#44;")));
            }
        }
        text.push(']');
    }
    text.trim().to_owned()
}

/// The segments of a CQ string. A code that is not well formed stays text; all values are strings.
pub fn decode(text: &str) -> Vec<Value> {
    let mut segments = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("[CQ:") {
        let (before, from_code) = rest.split_at(start);
        plain.push_str(before);
        match code(from_code) {
            Some((segment, after)) => {
                push_text(&mut segments, &mut plain);
                segments.push(segment);
                rest = after;
            }
            None => {
                plain.push_str("[CQ:");
                rest = &from_code["[CQ:".len()..];
            }
        }
    }
    plain.push_str(rest);
    push_text(&mut segments, &mut plain);
    segments
}

fn push_text(segments: &mut Vec<Value>, plain: &mut String) {
    if !plain.is_empty() {
        segments.push(json!({"type": "text", "data": {"text": unescape(plain)}}));
        plain.clear();
    }
}

/// One code at the start of `text`, and what follows it.
fn code(text: &str) -> Option<(Value, &str)> {
    let (inside, after) = text.strip_prefix("[CQ:")?.split_once(']')?;
    let mut parts = inside.split(',');
    let kind = parts.next().filter(|kind| is_name(kind))?;
    let mut data = Map::new();
    for part in parts {
        let (key, value) = part.split_once('=').filter(|(key, _)| is_name(key))?;
        data.insert(key.to_owned(), unescape(value).into());
    }
    Some((json!({"type": kind, "data": data}), after))
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The segments of a message in either format.
pub(super) fn segments_of(message: &Value) -> Vec<Value> {
    match message {
        Value::Array(segments) => segments.clone(),
        Value::String(text) => decode(text),
        _ => Vec::new(),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('[', "&#91;").replace(']', "&#93;")
}

fn unescape(text: &str) -> String {
    text.replace("&#91;", "[").replace("&#93;", "]").replace("&#44;", ",").replace("&amp;", "&")
}
