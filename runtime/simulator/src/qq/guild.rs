//! Messages to channels and direct messages, as JSON or as a form with an image.

use hyper::body::Bytes;
use serde_json::{Map, Value, json};

use super::{
    Chat,
    clock::rfc3339,
    content::check_keyboard,
    error::{Limit, Refusal, Reply},
    ids,
    media::Media,
    send::text,
    sent::{Sent, Via},
    world::World,
};

impl World {
    /// Sends a message to a channel or direct message.
    pub(super) fn send_guild(
        &mut self,
        chat: &Chat,
        body: &Value,
        image: Option<Media>,
        now: u64,
    ) -> Result<(Reply, Sent), Refusal> {
        let guild = match chat {
            Chat::Channel(id) => {
                let guild = self.channels.get(id).cloned();
                guild.ok_or_else(|| Refusal::new(10_003, "unknown channel").status(404))?
            }
            Chat::Dm(guild) if self.dms.contains_key(guild) => guild.clone(),
            _ => return Err(Refusal::new(304_032, "dm not exist")),
        };
        self.check_guild(body, image.is_some())?;
        if let Chat::Channel(id) = chat
            && self.options.limits.rates
            && !self.quota(&format!("channel {id} second"), 1000, 5, now)
        {
            return Err(Refusal::new(20_028, "channel hit write rate limit").limit(Limit::Rate));
        }
        let basis = self.take_basis(chat, body, now, false)?;
        let (id, reference) = self.keep_own(chat, now);
        let channel = match chat {
            Chat::Channel(id) => id.clone(),
            _ => ids::number(8),
        };
        let author = json!({"id": self.app.user_id, "username": self.app.name, "avatar": "", "bot": true});
        let answer = json!({"id": id, "channel_id": channel, "guild_id": guild,
            "content": text(body, "content").unwrap_or_default(), "timestamp": rfc3339(now), "tts": false,
            "mention_everyone": false, "author": author, "pinned": false, "type": 0, "flags": 0,
            "seq_in_channel": self.own.len().to_string()});
        let sent = Sent::new(&self.app, chat.clone(), id, body.clone(), Via::Message);
        Ok((Reply::json(&answer), sent.answering(&basis).reference(reference).media(image)))
    }

    fn check_guild(&self, body: &Value, image: bool) -> Result<(), Refusal> {
        let has = |key: &str| body[key].is_object();
        let content = text(body, "content").unwrap_or_default();
        let filled = ["embed", "ark", "markdown"].into_iter().any(has) || text(body, "image").is_some();
        if content.is_empty() && !filled && !image && !has("keyboard") {
            return Err(Refusal::new(50_006, "message is empty"));
        }
        self.check_text(content, false)?;
        if has("markdown") && !self.app.channel_markdown {
            return Err(Refusal::new(304_036, "no markdown permission").status(403));
        }
        if has("ark") && !self.app.ark {
            return Err(Refusal::new(304_004, "no ark permission").status(403));
        }
        if has("keyboard") {
            if !self.app.channel_markdown {
                return Err(Refusal::new(304_037, "no keyboard permission").status(403));
            }
            check_keyboard(&body["keyboard"])?;
        }
        Ok(())
    }

    /// `POST /users/@me/dms`.
    pub(super) fn open_dm(&mut self, body: &Value, now: u64) -> Result<Reply, Refusal> {
        let malformed = || Refusal::new(50_035, "recipient_id or source_guild_id is missing");
        let user = text(body, "recipient_id").ok_or_else(malformed)?.to_owned();
        let source = text(body, "source_guild_id").ok_or_else(malformed)?;
        if !self.channels.values().any(|guild| guild == source) {
            return Err(Refusal::new(10_004, "unknown guild"));
        }
        let known = self.dms.iter().find(|(_, known)| **known == user).map(|(guild, _)| guild.clone());
        let guild = known.unwrap_or_else(|| ids::number(17));
        self.dms.insert(guild.clone(), user);
        let created = (now / 1000).to_string();
        Ok(Reply::json(&json!({"guild_id": guild, "channel_id": ids::number(8), "create_time": created})))
    }
}

/// The fields of a `multipart/form-data` body, and its `file_image`.
pub(super) fn read_form(content_type: &str, body: &Bytes) -> Option<(Value, Option<Media>)> {
    let boundary = content_type.split("boundary=").nth(1)?.split(';').next()?.trim_matches('"');
    let mark = format!("--{boundary}").into_bytes();
    let (mut fields, mut image) = (Map::new(), None);
    let mut rest = &body[find(body, &mark)? + mark.len()..];
    while let Some(end) = find(rest, &mark) {
        let part = rest[..end].strip_prefix(b"\r\n")?.strip_suffix(b"\r\n")?;
        rest = &rest[end + mark.len()..];
        let gap = find(part, b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&part[..gap]).into_owned();
        let value = &part[gap + 4..];
        let named = |key: &str| head.split(&format!("{key}=\"")).nth(1)?.split('"').next().map(str::to_owned);
        let name = head.split("; name=\"").nth(1)?.split('"').next()?.to_owned();
        if name == "file_image" {
            let name = named("filename").unwrap_or_default();
            image = Some(Media { file_type: 1, name, bytes: value.to_vec(), ..Media::default() });
        } else {
            let text = String::from_utf8_lossy(value).into_owned();
            let nested = serde_json::from_str(&text).ok().filter(|value: &Value| value.is_object());
            fields.insert(name, nested.unwrap_or(Value::String(text)));
        }
    }
    Some((Value::Object(fields), image))
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}
