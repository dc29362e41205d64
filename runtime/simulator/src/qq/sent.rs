//! What bots have sent, and what was refused.

use serde_json::Value;

use super::{App, Chat, Limit, media::Media, send::Basis};

/// How a message came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// A message of its own.
    Message,
    /// A stream that has ended; `body.content_raw` is the whole text.
    Stream,
    /// An upload with `srv_send_msg`.
    Upload,
}

/// One message that a bot has sent.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The bot.
    pub app_id: String,
    /// Where to.
    pub chat: Chat,
    /// The id the platform gave it.
    pub id: String,
    /// The index to quote it by.
    pub reference: String,
    /// The request's body as it came.
    pub body: Value,
    /// The `msg_id` it answers.
    pub msg_id: Option<String>,
    /// The `event_id` it answers.
    pub event_id: Option<String>,
    /// The upload it shows.
    pub media: Option<Media>,
    /// How it was sent.
    pub via: Via,
}

impl Sent {
    pub(super) fn new(app: &App, chat: Chat, id: String, body: Value, via: Via) -> Self {
        let app_id = app.app_id.clone();
        let (reference, media) = (String::new(), None);
        Self { app_id, chat, id, reference, body, msg_id: None, event_id: None, media, via }
    }

    pub(super) fn answering(mut self, basis: &Basis) -> Self {
        match basis {
            Basis::Message(id) => self.msg_id = Some(id.clone()),
            Basis::Event(id) => self.event_id = Some(id.clone()),
            Basis::Active | Basis::Wakeup => {}
        }
        self
    }

    pub(super) fn reference(mut self, reference: String) -> Self {
        self.reference = reference;
        self
    }

    pub(super) fn media(mut self, media: Option<Media>) -> Self {
        self.media = media;
        self
    }

    /// Its text: `content`, else that of its markdown, else that of its stream; empty when there is none.
    pub fn text(&self) -> &str {
        let body = &self.body;
        let places = [&body["content"], &body["markdown"]["content"], &body["content_raw"]];
        places.into_iter().filter_map(Value::as_str).find(|text| !text.trim().is_empty()).unwrap_or_default()
    }

    /// Whether it answers neither a message nor an event.
    pub fn is_active(&self) -> bool {
        self.msg_id.is_none() && self.event_id.is_none()
    }

    /// Whether it only tells that the bot is typing.
    pub fn is_notify(&self) -> bool {
        self.body["msg_type"] == 6
    }
}

/// One request refused because of a limit, window or sequence.
#[derive(Clone, Debug)]
pub struct Violation {
    /// The bot.
    pub app_id: String,
    /// What it broke.
    pub limit: Limit,
    /// The platform's code.
    pub code: u64,
    /// The request: method and path, or what the gateway got.
    pub request: String,
    /// Its body.
    pub body: Value,
}
