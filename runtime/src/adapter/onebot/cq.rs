//! The string form of a message, in CQ codes: `text[CQ:type,key=value]`.
//!
//! Reading and writing follow NapCat: in text `&`, `[` and `]` are escaped, in values `,` too; a code that is not
//! well formed is text; all values are strings after reading.

use std::borrow::Cow;

use super::node::Node;

const OPEN: &str = "[CQ:";

/// The segments of a CQ string, as the objects of the array form.
pub(super) fn parse(text: &str) -> Vec<Node<'_>> {
    let mut segments = Vec::new();
    let (mut from, mut search) = (0, 0);
    while let Some(found) = text[search..].find(OPEN) {
        let start = search + found;
        match code(&text[start..]) {
            Some((segment, length)) => {
                push_text(&mut segments, &text[from..start]);
                segments.push(segment);
                from = start + length;
                search = from;
            }
            None => search = start + OPEN.len(),
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

/// One code at the start of `text`, and its length in bytes.
fn code(text: &str) -> Option<(Node<'_>, usize)> {
    let (inside, _) = text.strip_prefix(OPEN)?.split_once(']')?;
    let mut parts = inside.split(',');
    let kind = parts.next().filter(|kind| is_name(kind))?;
    let data = parts.map(|part| {
        let (key, value) = part.split_once('=').filter(|(key, _)| is_name(key))?;
        Some((Cow::Borrowed(key), Node::Text(unescape(value))))
    });
    let data = data.collect::<Option<Vec<_>>>()?;
    Some((segment(kind, data), OPEN.len() + inside.len() + 1))
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
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('[', "&#91;").replace(']', "&#93;")
}

fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let plain = text.replace("&#91;", "[").replace("&#93;", "]").replace("&#44;", ",");
    Cow::Owned(plain.replace("&amp;", "&"))
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
