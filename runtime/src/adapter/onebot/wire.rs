//! Frames: from text to an event or an answer, before anybody asks what the event means.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::adapter::node::{Key, Node};

/// What kind of frame it is.
#[derive(Debug)]
pub(super) enum Frame<'a> {
    /// It has a `post_type`.
    Event(Node<'a>),
    /// The answer to a call.
    Response(Response),
}

/// The answer to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Response {
    /// The call's echo, if it is a string, as all of ours are.
    pub(super) echo: Option<String>,
    pub(super) outcome: Outcome,
}

/// How a call went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) ok: bool,
    /// `retcode`; 0 and 1 are success.
    pub(super) code: i32,
    /// Why it failed, in the platform's words.
    pub(super) message: String,
    /// JSON text; `null` when there was none.
    pub(super) data: String,
}

/// Why a frame was skipped.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Bad {
    #[error("it cannot be read as JSON: {0}")]
    Json(String),
    #[error("it is JSON, but neither an event (`post_type`) nor an answer (`retcode`)")]
    Neither,
}

/// Reads one frame and hands it to `then`.
pub(super) fn frame<T>(text: &str, then: impl FnOnce(Frame<'_>) -> T) -> Result<T, Bad> {
    match serde_json::from_str::<Top<'_>>(text) {
        Ok(top) => top.classify().map(then).ok_or(Bad::Neither),
        Err(reason) => {
            let fixed = without_lone_surrogates(text).ok_or_else(|| Bad::Json(reason.to_string()))?;
            let top =
                serde_json::from_str::<Top<'_>>(&fixed).map_err(|reason| Bad::Json(reason.to_string()))?;
            top.classify().map(then).ok_or(Bad::Neither)
        }
    }
}

/// Reads the `data` of an answer and hands it to `then`.
pub(super) fn document<T>(text: &str, then: impl FnOnce(Node<'_>) -> T) -> Result<T, Bad> {
    match serde_json::from_str(text) {
        Ok(node) => Ok(then(node)),
        Err(reason) => {
            let fixed = without_lone_surrogates(text).ok_or_else(|| Bad::Json(reason.to_string()))?;
            serde_json::from_str(&fixed).map(then).map_err(|reason| Bad::Json(reason.to_string()))
        }
    }
}

/// The same for callers that want an owned value.
pub(super) fn value(text: &str) -> Result<serde_json::Value, Bad> {
    serde_json::from_str(text).or_else(|reason| {
        let fixed = without_lone_surrogates(text).ok_or_else(|| Bad::Json(reason.to_string()))?;
        serde_json::from_str(&fixed).map_err(|reason| Bad::Json(reason.to_string()))
    })
}

/// QQ cuts nicknames in the middle of an emoji, and `JSON.stringify` writes the half that is left as `\ud83d`, which
/// is JSON but no text. The half becomes U+FFFD. `None` if there is none.
fn without_lone_surrogates(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let unit = |at: usize| -> Option<u16> {
        let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
        u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    let mut fixed = String::new();
    let mut kept = 0;
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] != b'\\' {
            at += 1;
            continue;
        }
        match unit(at) {
            Some(0xD800..=0xDBFF) if matches!(unit(at + 6), Some(0xDC00..=0xDFFF)) => at += 12,
            Some(0xD800..=0xDFFF) => {
                fixed.push_str(&text[kept..at]);
                fixed.push_str("\\ufffd");
                at += 6;
                kept = at;
            }
            _ => at += 2,
        }
    }
    if kept == 0 {
        return None;
    }
    fixed.push_str(&text[kept..]);
    Some(fixed)
}

/// The outermost object of a frame. An answer's `data` stays text until the caller reads it in its own task, and
/// `raw` (the kernel's own record, which NapCat adds in debug mode) is skipped.
struct Top<'a> {
    fields: Node<'a>,
    data: Option<&'a RawValue>,
}

impl<'a> Top<'a> {
    fn classify(self) -> Option<Frame<'a>> {
        let fields = self.fields;
        if fields.at("post_type").as_str().is_some() {
            return Some(Frame::Event(fields));
        }
        if fields.at("retcode").is_null() && fields.at("status").is_null() {
            return None;
        }
        let code = fields.at("retcode").number();
        let ok = match code {
            Some(code) => code == 0.0 || code == 1.0,
            None => matches!(fields.at("status").as_str(), Some("ok" | "async")),
        };
        let message = ["message", "wording", "msg"].iter().find_map(|key| fields.at(key).words());
        let outcome = Outcome {
            ok,
            code: code.map_or(0, |code| code as i32),
            message: message.unwrap_or_default(),
            data: self.data.map_or_else(|| "null".to_owned(), |data| data.get().to_owned()),
        };
        let echo = fields.at("echo").as_str().map(str::to_owned);
        Some(Frame::Response(Response { echo, outcome }))
    }
}

impl<'de> Deserialize<'de> for Top<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TopVisitor;
        impl<'de> Visitor<'de> for TopVisitor {
            type Value = Top<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Top<'de>, A::Error> {
                let mut fields = Vec::with_capacity(20);
                let mut data = None;
                while let Some(Key(name)) = object.next_key()? {
                    match &*name {
                        "data" => data = Some(object.next_value::<&'de RawValue>()?),
                        "raw" => {
                            object.next_value::<IgnoredAny>()?;
                        }
                        _ => fields.push((name, object.next_value()?)),
                    }
                }
                Ok(Top { fields: Node::Object(fields), data })
            }
        }
        deserializer.deserialize_map(TopVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(text: &str) -> Response {
        let read = frame(text, |frame| match frame {
            Frame::Response(response) => response,
            Frame::Event(_) => panic!("{text} is an answer"),
        });
        read.unwrap()
    }

    #[test]
    fn frames_are_told_apart() {
        assert!(matches!(
            frame(r#"{"post_type":"x","status":{}}"#, |f| matches!(f, Frame::Event(_))),
            Ok(true)
        ));
        assert!(matches!(frame(r#"{"status":"ok"}"#, |f| matches!(f, Frame::Response(_))), Ok(true)));
        assert_eq!(frame("{}", |_| ()), Err(Bad::Neither));
        assert_eq!(frame(r#"{"post_type":1}"#, |_| ()), Err(Bad::Neither));
        for text in ["", "[]", "1", "{", r#"{"post_type":"x"} x"#, "\u{feff}{}"] {
            assert!(matches!(frame(text, |_| ()), Err(Bad::Json(_))), "{text}");
        }
    }

    #[test]
    fn answers_keep_their_data_as_text() {
        let ok = response(r#"{"status":"ok","retcode":0,"data":{"message_id":1},"message":"","echo":"e"}"#);
        assert_eq!((ok.echo.as_deref(), ok.outcome.ok), (Some("e"), true));
        assert_eq!(ok.outcome.data, r#"{"message_id":1}"#);
        let failed =
            response(r#"{"status":"failed","retcode":"1200","data":null,"wording":"no","echo":{"seq":1}}"#);
        assert_eq!((failed.echo, failed.outcome.ok, failed.outcome.code), (None, false, 1200));
        assert_eq!((failed.outcome.message.as_str(), failed.outcome.data.as_str()), ("no", "null"));
        assert_eq!(response(r#"{"status":"ok","echo":""}"#).outcome.data, "null");
        assert!(response(r#"{"status":"async","retcode":1}"#).outcome.ok);
    }

    #[test]
    fn half_an_emoji_does_not_cost_the_frame() {
        let text =
            r#"{"post_type":"notice","a":"x\ud83d","b":"\ud83d\ude00\\ud83d","c":"\udc00\ud800\u0041"}"#;
        let read = frame(text, |frame| match frame {
            Frame::Event(node) => ["a", "b", "c"].map(|key| node.at(key).words().unwrap()),
            Frame::Response(_) => panic!(),
        });
        assert_eq!(read.unwrap(), ["x\u{fffd}", "\u{1f600}\\ud83d", "\u{fffd}\u{fffd}A"]);
        assert_eq!(value(r#"["\ud83d"]"#).unwrap(), serde_json::json!(["\u{fffd}"]));
    }

    #[test]
    fn nesting_is_bounded() {
        let deep = format!(r#"{{"post_type":"message","message":{}}}"#, "[".repeat(50_000));
        assert!(matches!(frame(&deep, |_| ()), Err(Bad::Json(reason)) if reason.contains("recursion limit")));
        let data = format!(r#"{{"retcode":0,"data":{}{}}}"#, "[".repeat(50_000), "]".repeat(50_000));
        assert!(matches!(value(&response(&data).outcome.data), Err(Bad::Json(_))));
    }
}
