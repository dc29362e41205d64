//! The string form of a message, in CQ codes: `text[CQ:type,key=value]`.
//!
//! Reading and writing follow NapCat: in text `&`, `[` and `]` are escaped, in values `,` too; a code that is not
//! well formed is text; all values are strings after reading.

use std::borrow::Cow;

use crate::adapter::node::Node;

const OPEN: &str = "[CQ:";

/// The segments of a CQ string, as the objects of the array form. Takes time in proportion to the text, whatever
/// stands in it.
pub(super) fn parse(text: &str) -> Vec<Node<'_>> {
    let mut segments = Vec::new();
    let (mut from, mut search, mut close) = (0, 0, 0);
    while let Some(found) = text[search..].find(OPEN) {
        let start = search + found;
        if close <= start {
            let Some(length) = text[start..].find(']') else { break };
            close = start + length;
        }
        match code(text, start, close) {
            Ok(segment) => {
                push_text(&mut segments, &text[from..start]);
                segments.push(segment);
                from = close + 1;
                search = from;
            }
            Err(wrong) => search = wrong,
        }
    }
    push_text(&mut segments, &text[from..]);
    segments
}

/// The CQ string of some segments in array form, as NapCat's `raw_message` has it: trimmed at both ends; values that
/// are null or empty are left out, objects are written as JSON.
pub(super) fn encode(segments: &[Node<'_>]) -> String {
    let mut out = String::new();
    for segment in segments {
        let (kind, data) = (segment.at("type").as_str().unwrap_or_default(), segment.at("data"));
        if kind == "text" {
            out.push_str(&escape(&data.at("text").words().unwrap_or_default()));
            continue;
        }
        out.push_str(OPEN);
        out.push_str(kind);
        if let Node::Object(fields) = data {
            for (key, value) in fields {
                if let Some(value) = written(value) {
                    out.push(',');
                    out.push_str(key);
                    out.push('=');
                    out.push_str(&escape(&value).replace(',', "&#44;"));
                }
            }
        }
        out.push(']');
    }
    out.trim().to_owned()
}

fn written(value: &Node<'_>) -> Option<String> {
    match value {
        Node::Null => None,
        Node::List(_) | Node::Object(_) => Some(value.json()),
        scalar => scalar.words(),
    }
}

/// The code from `start` to its bracket at `close`. Else where it goes wrong: no code that starts before that place
/// can end at this bracket either.
fn code(text: &str, start: usize, close: usize) -> Result<Node<'_>, usize> {
    let inside = start + OPEN.len();
    let length = text[inside..close].bytes().take_while(|byte| is_name_byte(*byte)).count();
    let mut at = inside + length;
    let kind = &text[inside..at];
    if kind.is_empty() || (at < close && !text[at..].starts_with(',')) {
        return Err(inside);
    }
    let mut data = Vec::new();
    while at < close {
        let part = at + 1;
        at = text[part..close].find(',').map_or(close, |length| part + length);
        let (key, value) = text[part..at].split_once('=').filter(|(key, _)| is_name(key)).ok_or(part)?;
        data.push((Cow::Borrowed(key), Node::Text(unescape(value))));
    }
    Ok(segment(kind, data))
}

fn push_text<'a>(segments: &mut Vec<Node<'a>>, text: &'a str) {
    if !text.is_empty() {
        segments.push(segment("text", vec![(Cow::Borrowed("text"), Node::Text(unescape(text)))]));
    }
}

fn segment<'a>(kind: &'a str, data: Vec<(Cow<'a, str>, Node<'a>)>) -> Node<'a> {
    Node::Object(vec![
        (Cow::Borrowed("type"), Node::Text(Cow::Borrowed(kind))),
        (Cow::Borrowed("data"), Node::Object(data)),
    ])
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(is_name_byte)
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('[', "&#91;").replace(']', "&#93;")
}

fn unescape(text: &str) -> Cow<'_, str> {
    const WRITTEN: [(&str, char); 4] = [("&#91;", '['), ("&#93;", ']'), ("&#44;", ','), ("&amp;", '&')];
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        plain.push_str(&rest[..at]);
        let (length, character) = WRITTEN
            .iter()
            .find(|(code, _)| rest[at..].starts_with(code))
            .map_or((1, '&'), |(code, character)| (code.len(), *character));
        plain.push(character);
        rest = &rest[at + length..];
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn parsed(text: &str) -> Value {
        serde_json::to_value(parse(text)).unwrap()
    }

    fn encoded(segments: &Value) -> String {
        let text = segments.to_string();
        let nodes: Vec<Node<'_>> = serde_json::from_str(&text).unwrap();
        encode(&nodes)
    }

    fn text(text: &str) -> Value {
        json!({"type": "text", "data": {"text": text}})
    }

    #[test]
    fn reading() {
        let at = json!({"type": "at", "data": {"qq": "1"}});
        let cases = [
            ("", json!([])),
            ("hi, you", json!([text("hi, you")])),
            ("[CQ:at,qq=1]", json!([at])),
            ("a[CQ:at,qq=1] b[CQ:at,qq=1]", json!([text("a"), at, text(" b"), at])),
            ("[CQ:dice]", json!([{"type": "dice", "data": {}}])),
            ("a&#91;b&#93;&amp;,c&#44;", json!([text("a[b]&,c,")])),
            ("&amp;#91;", json!([text("&#91;")])),
            ("&&amp;&amp &#91&#91;&#x5b;", json!([text("&&&amp &#91[&#x5b;")])),
            ("[CQ:x,a=&amp;amp;&#44;&#91;&#93;]", json!([{"type": "x", "data": {"a": "&amp;,[]"}}])),
            (
                "[CQ:x,url=http://h/?a=1&amp;b=2]",
                json!([{"type": "x", "data": {"url": "http://h/?a=1&b=2"}}]),
            ),
            ("[CQ:x,a=[b]", json!([{"type": "x", "data": {"a": "[b"}}])),
            ("[CQ:x,a=]", json!([{"type": "x", "data": {"a": ""}}])),
            ("[CQ:at,qq]", json!([text("[CQ:at,qq]")])),
            ("[CQ:at,qq=1,]", json!([text("[CQ:at,qq=1,]")])),
            ("[CQ:]", json!([text("[CQ:]")])),
            ("[CQ:a-b,c=1]", json!([text("[CQ:a-b,c=1]")])),
            ("[CQ: at,qq=1]", json!([text("[CQ: at,qq=1]")])),
            ("[CQ:at,qq=1", json!([text("[CQ:at,qq=1")])),
            ("[CQ:x[CQ:at,qq=1]", json!([text("[CQ:x"), at])),
            ("[CQ:x,a=[CQ:at,qq=1]", json!([{"type": "x", "data": {"a": "[CQ:at", "qq": "1"}}])),
            ("[CQ:x,a[CQ:at,qq=1]", json!([text("[CQ:x,a"), at])),
            ("[CQ:x,a=[CQ:at,b]x[CQ:at,qq=1]", json!([text("[CQ:x,a=[CQ:at,b]x"), at])),
            ("[CQ:x,a=表]", json!([{"type": "x", "data": {"a": "表"}}])),
            ("[CQ:表,a=1]", json!([text("[CQ:表,a=1]")])),
            ("[cq:at,qq=1]", json!([text("[cq:at,qq=1]")])),
            ("表[CQ:at,qq=1]情", json!([text("表"), at, text("情")])),
        ];
        for (string, segments) in cases {
            assert_eq!(parsed(string), segments, "{string}");
        }
    }

    #[test]
    fn writing() {
        let cases = [
            (json!([text(" a[b]&,c ")]), "a&#91;b&#93;&amp;,c"),
            (json!([{"type": "x", "data": {"a": "1,2[3]&"}}]), "[CQ:x,a=1&#44;2&#91;3&#93;&amp;]"),
            (json!([{"type": "x", "data": {"b": null, "a": "", "c": 0, "d": false}}]), "[CQ:x,c=0,d=false]"),
            (json!([{"type": "x", "data": {"o": {"k": [1, 2]}}}]), "[CQ:x,o={\"k\":&#91;1&#44;2&#93;}]"),
            (json!([{"type": "dice", "data": {}}, {"type": "rps"}]), "[CQ:dice][CQ:rps]"),
        ];
        for (segments, string) in cases {
            assert_eq!(encoded(&segments), string);
        }
    }

    #[test]
    fn reading_what_was_written_gives_the_same_segments() {
        let segments = json!([
            {"type": "reply", "data": {"id": "-1"}},
            text("&#91;&amp;#44;[CQ:at,qq=1],]"),
            {"type": "json", "data": {"data": "{\"a\":[1,2],\"b\":\"&amp;\"}"}},
        ]);
        assert_eq!(parsed(&encoded(&segments)), segments);
    }
}
