//! Events and manifests for the tests of this room.

use std::sync::Arc;

use crate::model::{Bot, Chat, Event, EventBody, Incoming, Message, Role, Segment, User};
use crate::plugin::manifest::{Handler, Manifest};

/// A message of one text, from user 10001 in group 20001.
pub(super) fn message(text: &str) -> Message {
    Message {
        id: "1".to_owned(),
        chat: Chat::Group("20001".to_owned()),
        chat_name: None,
        sender: User {
            id: "10001".to_owned(),
            union_id: None,
            nickname: "Ann".to_owned(),
            card: None,
            title: None,
            role: Role::Member,
            roles: Vec::new(),
            level: None,
            avatar: None,
            is_bot: false,
        },
        anonymous: None,
        time: 0.0,
        sequence: None,
        sub_kind: None,
        content: vec![Segment::Text(text.to_owned())],
        text: text.to_owned(),
        raw: text.to_owned(),
        to_me: false,
    }
}

pub(super) fn event(body: EventBody) -> Event {
    let bot = Bot {
        id: "90001".to_owned(),
        platform: "onebot".to_owned(),
        nickname: "Bot".to_owned(),
        online: true,
    };
    Event { id: "e1".to_owned(), bot, time: 0.0, redelivered: false, body }
}

/// An event that is never a duplicate.
pub(super) fn incoming(body: EventBody) -> Incoming {
    Incoming { event: event(body).into(), original: Arc::from("{}"), dedup: None, origin: None }
}

pub(super) fn said(text: &str) -> Incoming {
    incoming(EventBody::Message(message(text)))
}

/// A handler of this name, with the JSON of its trigger.
pub(super) fn handler(name: &str, on: &str) -> Handler {
    serde_json::from_str(&format!(r#"{{"name": "{name}", "on": {on}}}"#)).unwrap()
}

/// A plugin, with the JSON of its handlers.
pub(super) fn manifest(id: &str, handlers: &str) -> Arc<Manifest> {
    Arc::new(Manifest::parse(&format!(r#"{{"id": "{id}", "handlers": [{handlers}]}}"#)).unwrap())
}
