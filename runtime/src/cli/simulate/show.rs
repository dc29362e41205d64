//! What the bot does, as lines that a person can read; and what a person types, as segments.

use iglu_simulator::{Call, encode_cq};
use serde_json::{Value, json};

use crate::adapter::sandbox::printable;

/// How much of an action's parameters is shown.
const EXCERPT: usize = 300;

/// One line for a request: a send as `bot@GROUP: text`, everything else as its name and parameters.
pub(super) fn call(call: &Call) -> String {
    let params = call.params();
    let is_send = call.action().starts_with("send_") && !call.message().is_null();
    if !is_send && call.action() != ".handle_quick_operation" {
        let name = if call.action().is_empty() { &call.raw } else { call.action() };
        let params = if params.is_null() { String::new() } else { params.to_string() };
        return excerpt(&format!("[{name}] {params}")).trim_end().to_owned();
    }
    let context = if is_send { params } else { &params["context"] };
    let message = call.message();
    if message.is_null() {
        return excerpt(&format!("[{}] {}", call.action(), params["operation"]));
    }
    let text = match message {
        Value::String(text) => text.clone(),
        Value::Array(segments) => encode_cq(segments),
        segment => encode_cq(std::slice::from_ref(segment)),
    };
    let place = |key: &str| context[key].as_str().map_or_else(|| context[key].to_string(), str::to_owned);
    let to = match (&context["group_id"], call.action().contains("private")) {
        (Value::Null, _) | (_, true) => format!("bot→{}", place("user_id")),
        _ => format!("bot@{}", place("group_id")),
    };
    format!("{to}: {}", excerpt(&text))
}

fn excerpt(text: &str) -> String {
    let text = printable(text);
    match text.char_indices().nth(EXCERPT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// The segments of a typed line, by the rules of a chat: `@bot`, `@10002` and `@all` as words of their own, `[face 14]`,
/// `[image: ADDRESS]`.
pub(super) fn segments(line: &str, self_id: u64) -> Vec<Value> {
    let mut found = Vec::new();
    let mut text = String::new();
    let mut rest = line;
    while let Some(next) = rest.chars().next() {
        let at_word = text.chars().next_back().is_none_or(char::is_whitespace);
        let special = match next {
            '@' if at_word => mention(rest, self_id),
            '[' => bracket(rest),
            _ => None,
        };
        if let Some((segment, length)) = special {
            if !text.is_empty() {
                found.push(json!({"type": "text", "data": {"text": std::mem::take(&mut text)}}));
            }
            found.push(segment);
            rest = &rest[length..];
        } else {
            text.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    if !text.is_empty() {
        found.push(json!({"type": "text", "data": {"text": text}}));
    }
    found
}

fn mention(text: &str, self_id: u64) -> Option<(Value, usize)> {
    let word = text[1..].split(char::is_whitespace).next().unwrap_or_default();
    let qq = match word {
        "bot" => self_id.to_string(),
        "all" | "everyone" | "全体成员" => "all".to_owned(),
        id if id.parse::<u64>().is_ok() => id.to_owned(),
        _ => return None,
    };
    Some((json!({"type": "at", "data": {"qq": qq}}), 1 + word.len()))
}

fn bracket(text: &str) -> Option<(Value, usize)> {
    let inside = &text[1..text.find(']')?];
    let segment = if let Some(id) = inside.strip_prefix("face ") {
        let id: u32 = id.trim().parse().ok()?;
        json!({"type": "face", "data": {"id": id.to_string()}})
    } else {
        let address = inside.strip_prefix("image:")?.trim();
        let name = address.rsplit(['/', '\\']).next().filter(|_| !address.is_empty())?;
        json!({"type": "image", "data": {"summary": "", "file": name, "sub_type": 0, "url": address, "file_size": "0"}})
    };
    Some((segment, inside.len() + 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_text_becomes_segments() {
        for (line, expected) in [
            ("hi", "hi"),
            ("@bot hi", "[CQ:at,qq=7] hi"),
            ("a@bot @all", "a@bot [CQ:at,qq=all]"),
            ("[face 14][face x]", "[CQ:face,id=14]&#91;face x&#93;"),
            ("[image: http://x/y.png]", "[CQ:image,file=y.png,sub_type=0,url=http://x/y.png,file_size=0]"),
        ] {
            assert_eq!(encode_cq(&segments(line, 7)), expected, "{line}");
        }
    }
}
