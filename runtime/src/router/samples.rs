//! Events and manifests for the tests of this room.

use std::sync::Arc;

use super::table::Rules;
use crate::config::{Language, Users};
use crate::model::{Bot, Chat, Event, EventBody, Incoming, Message, Role, Segment, User};
use crate::plugin::manifest::Manifest;

/// A message of one text, from user 10001 in group 20001.
pub(super) fn message(text: &str) -> Message {
    let sender = User { role: Role::Member, ..User::named("10001", "Ann") };
    Message {
        content: vec![Segment::Text(text.to_owned())],
        text: text.to_owned(),
        raw: text.to_owned(),
        ..Message::blank("1", Chat::Group("20001".to_owned()), sender)
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
    Incoming::new(event(body).into(), "{}")
}

pub(super) fn said(text: &str) -> Incoming {
    incoming(EventBody::Message(message(text)))
}

/// The prefix `/`, English, one superuser.
pub(super) fn rules(superuser: &str) -> Rules {
    let superusers = Users::from_iter([superuser.to_owned()]);
    let prefixes = vec!["/".to_owned()];
    Rules { prefixes, superusers, language: Language::English, ..Rules::default() }
}

/// A plugin, with the JSON of its handlers.
pub(super) fn manifest(id: &str, handlers: &str) -> Arc<Manifest> {
    Arc::new(Manifest::parse(&format!(r#"{{"id": "{id}", "handlers": [{handlers}]}}"#)).unwrap())
}
