//! What the bot asks of the platform, as lines that a person can read.

use iglu_simulator::qq::{Chat, Request, Sent};
use serde_json::Value;

use crate::adapter::sandbox::printable;

/// How much of a text is shown.
const EXCERPT: usize = 300;

/// The kind of a request, as `:wait` names it; `None` for what is no act of a plugin.
pub(super) fn kind(request: &Request) -> Option<&'static str> {
    let path = request.path.trim_matches('/');
    match request.method.as_str() {
        _ if path == "app/getAppAccessToken" || path.starts_with("upload/") || path.starts_with("media/") => {
            None
        }
        "POST" if path.ends_with("/stream_messages") => Some("stream"),
        "POST" if path.ends_with("/messages") => Some("send"),
        "POST" if path.ends_with("/files") => Some("upload"),
        "DELETE" if path.contains("/messages/") => Some("recall"),
        "PUT" if path.starts_with("interactions/") => Some("acknowledge"),
        "GET" => None,
        _ => Some("call"),
    }
}

/// One line for a request, with the message that it sent if it did; `None` when it is not worth one.
pub(super) fn request(request: &Request, sent: Option<&Sent>) -> Option<String> {
    let kind = kind(request)?;
    let refused = request.status >= 400 || request.status == 0;
    if refused {
        let code = ["err_code", "code"].iter().find_map(|key| request.answer[*key].as_u64());
        let code = code.map_or_else(|| format!("HTTP {}", request.status), |code| code.to_string());
        let message = request.answer["message"].as_str().unwrap_or_default();
        let text = ["content", "content_raw"].iter().find_map(|key| request.json[*key].as_str());
        let line = format!("✗ {kind} {code} {message} {}", text.unwrap_or_default());
        return Some(excerpt(line.trim_end()));
    }
    if let Some(sent) = sent {
        return Some(format!("{}: {}", to(&sent.chat), excerpt(&content(sent))));
    }
    match kind {
        "stream" => {
            let piece = request.json["content_raw"].as_str().unwrap_or_default();
            Some(excerpt(&format!("[stream {}] {piece}", request.json["index"])))
        }
        "acknowledge" => Some(format!("[acknowledge] {}", request.json["code"])),
        "recall" => Some(format!("[recall] {}", request.path.rsplit('/').next().unwrap_or_default())),
        "upload" | "send" => None,
        _ => Some(excerpt(&format!("[{} {}] {}", request.method, request.path, request.json))),
    }
}

/// `bot→USER` or `bot@GROUP`.
fn to(chat: &Chat) -> String {
    match chat {
        Chat::User(id) => format!("bot→{}", short(id)),
        Chat::Group(id) => format!("bot@{}", short(id)),
        Chat::Channel(id) => format!("bot#{}", short(id)),
        Chat::Dm(id) => format!("bot→dm {}", short(id)),
    }
}

/// An openid by its ends.
pub(super) fn short(id: &str) -> String {
    let chars: Vec<char> = id.chars().collect();
    if chars.len() <= 16 {
        return id.to_owned();
    }
    let end: String = chars[chars.len() - 4..].iter().collect();
    format!("{}…{end}", chars[..4].iter().collect::<String>())
}

fn content(sent: &Sent) -> String {
    let mut parts = Vec::new();
    if let Some(media) = &sent.media {
        let kind = ["file", "image", "video", "voice"][(media.file_type % 4) as usize];
        let from = if media.url.is_empty() { &media.name } else { &media.url };
        parts.push(format!("[{kind} {} B {from}]", media.bytes.len()).replace(" ]", "]"));
    }
    if sent.is_notify() {
        parts.push("[typing]".to_owned());
    }
    if !sent.text().is_empty() {
        parts.push(sent.text().to_owned());
    }
    for key in ["ark", "embed"] {
        if sent.body[key].is_object() {
            parts.push(format!("[{key} {}]", sent.body[key]));
        }
    }
    if sent.body["message_reference"]["message_id"].is_string() {
        parts.insert(0, "[quote]".to_owned());
    }
    let rows = sent.body["keyboard"]["content"]["rows"].as_array().into_iter().flatten();
    for row in rows {
        let buttons = row["buttons"].as_array().into_iter().flatten();
        let label = |button: &Value| {
            let label = button["render_data"]["label"].as_str().unwrap_or_default();
            format!("<{label}:{}>", button["id"].as_str().unwrap_or_default())
        };
        parts.push(buttons.map(label).collect::<Vec<_>>().join(" "));
    }
    parts.join(" ")
}

fn excerpt(text: &str) -> String {
    let text = printable(text);
    match text.char_indices().nth(EXCERPT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn openids_are_shown_by_their_ends() {
        assert_eq!(short("7D296480D464EC5C16714E74A43E5BC7"), "7D29…5BC7");
        assert_eq!(short("10001"), "10001");
    }
}
