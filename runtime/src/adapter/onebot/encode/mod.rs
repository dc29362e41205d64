//! From the contract's message content to NapCat's actions.
//!
//! All of a message is encoded before any of it is sent, so what NapCat cannot send is refused while nothing has
//! gone out. QQ carries some kinds (voice, video, file, cards, merged messages...) only as the one element of a
//! message, and would drop the rest: content that mixes them becomes several messages in order.

mod forward;
mod segment;

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::model::{Chat, Error, Forward, Segment};
use segment::Piece;
pub(super) use segment::source;

/// NapCat uploads media before it answers; it reckons with this speed in bytes a second.
const UPLOAD_SPEED: u64 = 256 * 1024;
/// The longest that NapCat itself waits for an upload.
const LONGEST: Duration = Duration::from_secs(1_800);

/// One action that sends one message.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Send {
    pub(super) action: &'static str,
    pub(super) params: Value,
    /// How long an upload may take, on top of what an answer takes.
    pub(super) upload: Duration,
}

/// The actions that send `content` to `chat`, in order. `quote` is the id of a message to quote where the content does
/// not quote one itself.
pub(super) fn sends(chat: &Chat, content: &[Segment], quote: Option<&str>) -> Result<Vec<Send>, Error> {
    let target = Target::of(chat)?;
    let mut parts = Parts::default();
    let quotes_itself = content.iter().any(|segment| matches!(segment, Segment::Reply(_)));
    if let Some(message) = quote.filter(|_| !quotes_itself) {
        parts.together(json!({"type": "reply", "data": {"id": message}}), true);
    }
    for piece in content {
        let scope = segment::Scope { private: target.private, depth: 0 };
        match segment::encode(piece, scope, &mut parts.upload)? {
            Piece::Nothing => {}
            Piece::Mixes(segment) => parts.together(segment, matches!(piece, Segment::Reply(_))),
            Piece::Alone(segment) => parts.alone(Part::Message(vec![segment])),
            Piece::Merged(forward) => {
                let (nodes, upload) = forward::nodes(forward, 1)?;
                parts.upload.add(upload);
                parts.alone(Part::Merged(nodes, forward));
            }
        }
    }
    let parts = parts.finish();
    if parts.is_empty() {
        return Err(Error::Invalid(
            "the message is empty: it has no text, picture or other content that this chat can show; add a segment"
                .to_owned(),
        ));
    }
    Ok(parts.into_iter().map(|(part, upload)| target.send(part, upload)).collect())
}

/// The quick operation that sends a message in the answer to a post. NapCat quotes the answered message in groups.
pub(super) fn quick(mut sends: Vec<Send>) -> Result<Value, Error> {
    let message = match (sends.pop(), sends.is_empty()) {
        (Some(mut send), true) => send.params.get_mut("message").map(Value::take),
        _ => None,
    };
    let message = message.ok_or_else(|| {
        Error::Unsupported(
            "a bot that is known by NapCat's posts alone can reply with one ordinary message; for several, or merged \
             ones, give its [[bot]] table the `url` of an HTTP server in NapCat's network settings too"
                .to_owned(),
        )
    })?;
    let is_quote = |segment: &Value| segment["type"] == "reply";
    let message: Vec<Value> = match message {
        Value::Array(segments) => segments.into_iter().filter(|segment| !is_quote(segment)).collect(),
        other => vec![other],
    };
    Ok(json!({"reply": message, "auto_escape": false, "at_sender": false}))
}

/// A message to be sent, and what stands in it so far.
#[derive(Default)]
struct Parts<'a> {
    done: Vec<(Part<'a>, Duration)>,
    current: Vec<Value>,
    /// How many of these are quotes; they stand in front, where QQ wants them.
    quotes: usize,
    upload: Upload,
}

enum Part<'a> {
    Message(Vec<Value>),
    Merged(Vec<Value>, &'a Forward),
}

impl<'a> Parts<'a> {
    fn together(&mut self, segment: Value, is_quote: bool) {
        if is_quote {
            self.current.insert(self.quotes, segment);
            self.quotes += 1;
        } else {
            self.current.push(segment);
        }
    }

    fn only_quotes(&self) -> bool {
        self.current.len() == self.quotes
    }

    /// A quote alone is no message: it waits for the next part that can carry it, and is left out if there is none.
    fn alone(&mut self, part: Part<'a>) {
        let upload = std::mem::take(&mut self.upload);
        if !self.only_quotes() {
            self.quotes = 0;
            self.done.push((Part::Message(std::mem::take(&mut self.current)), upload.time()));
        }
        self.done.push((part, upload.time()));
    }

    fn finish(mut self) -> Vec<(Part<'a>, Duration)> {
        if !self.only_quotes() {
            self.done.push((Part::Message(self.current), self.upload.time()));
        }
        self.done
    }
}

/// What media add to the time until NapCat answers.
#[derive(Debug, Default, Clone, Copy)]
struct Upload {
    bytes: u64,
    /// For media whose size is not known.
    allowance: Duration,
}

impl Upload {
    fn add(&mut self, other: Self) {
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.allowance = self.allowance.saturating_add(other.allowance);
    }

    fn time(self) -> Duration {
        Duration::from_secs(self.bytes / UPLOAD_SPEED).saturating_add(self.allowance).min(LONGEST)
    }
}

/// The time that a request of this many bytes may take to be uploaded.
pub(super) fn upload_time(bytes: usize) -> Duration {
    Upload { bytes: bytes as u64, allowance: Duration::ZERO }.time()
}

struct Target {
    private: bool,
    ids: Map<String, Value>,
}

impl Target {
    fn of(chat: &Chat) -> Result<Self, Error> {
        let mut ids = Map::new();
        let mut put = |key: &str, id: &str| {
            if id.is_empty() {
                return Err(Error::Invalid(format!(
                    "the chat's {key} is empty; use the chat of an event as it came"
                )));
            }
            ids.insert(key.to_owned(), id.into());
            Ok(())
        };
        let private = match chat {
            Chat::Private(user) => {
                put("user_id", user)?;
                true
            }
            Chat::Group(group) => {
                put("group_id", group)?;
                false
            }
            Chat::Temporary(chat) => {
                put("user_id", &chat.user)?;
                if let Some(group) = &chat.group {
                    put("group_id", group)?;
                }
                true
            }
            Chat::Channel(_) | Chat::Direct(_) | Chat::Other(_) => {
                return Err(Error::Unsupported(
                    "NapCat has private chats, groups and temporary chats only; choose one of these"
                        .to_owned(),
                ));
            }
        };
        Ok(Self { private, ids })
    }

    fn send(&self, part: Part<'_>, upload: Duration) -> Send {
        let mut params = self.ids.clone();
        let action = match (part, self.private) {
            (Part::Message(message), private) => {
                params.insert("message".to_owned(), Value::Array(message));
                if private { "send_private_msg" } else { "send_group_msg" }
            }
            (Part::Merged(nodes, forward), private) => {
                params.insert("messages".to_owned(), Value::Array(nodes));
                if let Some(cover) = &forward.cover {
                    forward::cover(cover, &mut params);
                }
                if private { "send_private_forward_msg" } else { "send_group_forward_msg" }
            }
        };
        Send { action, params: Value::Object(params), upload }
    }
}
