//! From the platform's events to the contract's.
//!
//! Reading is lenient: ids are strings or numbers, times are written in many ways, unknown fields are ignored, what is
//! missing is none, empty or unknown. An event that lacks what its case cannot do without becomes `other` with its JSON,
//! so nothing is lost and nothing is made up. Secrets are taken out of all that plugins may see.

mod attachment;
mod content;
mod guild;
mod interaction;
mod kinds;
mod markup;
mod message;
mod notice;
mod secrets;
mod time;

use std::borrow::Cow;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::memory::Memory;
use super::wire::Envelope;
use super::{Anchor, AnchorKind};
use crate::adapter::event_id;
use crate::adapter::node::Node;
use crate::model::{Bot, ChannelChat, Chat, Event, EventBody, Incoming, UnknownEvent};
use kinds::Reading;

#[cfg(test)]
pub(super) use kinds::KINDS;
pub(super) use time::read as read_time;

/// What an event is read against.
#[derive(Debug)]
pub(super) struct Context<'a> {
    /// The account that the event came to.
    pub(super) bot: Bot,
    pub(super) memory: &'a Memory,
    pub(super) came: Came,
}

/// How an event came.
#[derive(Debug, Clone, Copy)]
pub(super) struct Came {
    /// When, in seconds since 1970.
    pub(super) received: u64,
    /// It was made up for after an outage that began then: the platform's clock for its answers has been running.
    pub(super) since: Option<u64>,
    /// It comes out of the journal, a second time.
    pub(super) redelivered: bool,
}

/// What a dispatch turned out to be.
#[derive(Debug)]
pub(super) enum Decoded {
    /// For plugins.
    Event(Incoming),
    /// Not for plugins; the reason is for logs.
    Ignored(&'static str),
}

/// An event as its readers take it.
#[derive(Clone, Copy)]
struct Given<'a, 'n> {
    /// The platform's name of it.
    kind: &'a str,
    d: &'a Node<'n>,
    /// The frame, without secrets.
    frame: &'a str,
}

/// Reads an event. `text` is the whole frame that `envelope` was read from.
pub(super) fn event(envelope: &Envelope<'_>, text: &str, context: Context<'_>) -> Decoded {
    let kind = kind_of(envelope);
    let frame = secrets::masked(text);
    let given = Given { kind, d: envelope.data(), frame: &frame };
    let known = kinds::find(kind);
    let body = match known.map(|known| known.reading) {
        Some(Reading::Link) => return Decoded::Ignored("it is the gateway's own"),
        Some(Reading::Message(place)) => match message::read(place, given.d, &context) {
            message::Read::Message(message) => Some(EventBody::Message(*message)),
            message::Read::Ignored(reason) => return Decoded::Ignored(reason),
            message::Read::Odd => None,
        },
        Some(Reading::Plain(read)) => read(given),
        None => None,
    };
    let body = body.unwrap_or_else(|| EventBody::Other(unknown(given)));
    let (time, dedup) = match &body {
        EventBody::Message(message) => (message.time, Some(message::dedup(message))),
        _ => {
            let time = notice::time_of(given).unwrap_or(context.came.received as f64);
            (time, envelope.id().map(str::to_owned))
        }
    };
    let answer = match (known, &body) {
        (Some(known), _) => known.answer,
        // Nobody knows whether an event that is newer than this host can be answered, if it has a chat at all.
        (None, EventBody::Other(UnknownEvent { chat: Some(_), .. })) => AnchorKind::Perhaps,
        (None, _) => AnchorKind::Never,
    };
    let origin = anchor(answer, envelope, given, context.came.at(time));
    let Context { bot, came: Came { redelivered, .. }, .. } = context;
    Decoded::Event(Incoming {
        event: Arc::new(Event { id: event_id(), bot, time, redelivered, body }),
        original: Arc::from(&*frame),
        dedup,
        origin: Some(Arc::new(origin)),
        kept: None,
    })
}

/// `t`, or what the outer id says before its colon.
fn kind_of<'a>(envelope: &'a Envelope<'_>) -> &'a str {
    match envelope.kind() {
        "" => envelope.id().and_then(|id| id.split_once(':')).map_or("", |(kind, _)| kind),
        kind => kind,
    }
}

/// What an answer would name. Without the id that it takes there is none.
fn anchor(answer: AnchorKind, envelope: &Envelope<'_>, given: Given<'_, '_>, came: Came) -> Anchor {
    let outer = || envelope.id().map(str::to_owned);
    let id = if answer == AnchorKind::Message { given.d.at("id").id() } else { outer() };
    let (kind, id) = match id {
        Some(id) => (answer, id),
        None => (AnchorKind::Never, outer().unwrap_or_else(|| given.kind.to_owned())),
    };
    Anchor { kind, id, received: came.received, redelivered: came.redelivered }
}

impl Came {
    /// The same, for an event that happened at that time of the platform's. That time counts only where the event is
    /// known to be late: the two clocks may differ.
    fn at(self, time: f64) -> Self {
        let earliest = self.since.map_or(self.received, |since| since.min(self.received));
        Self { received: (time as u64).clamp(earliest, self.received), ..self }
    }
}

/// What this contract has no case for, or what lacks too much for its case.
fn unknown(given: Given<'_, '_>) -> UnknownEvent {
    let (chat, user) = seen(given.d);
    UnknownEvent { kind: given.kind.to_owned(), chat, user, data: data(given) }
}

/// Where and by whom, as far as the fields that all events share tell.
fn seen(d: &Node<'_>) -> (Option<Chat>, Option<String>) {
    let id = |keys: &[&str]| keys.iter().find_map(|key| d.at(key).id());
    let of = |outer: &str, keys: &[&str]| keys.iter().find_map(|key| d.at(outer).at(key).id());
    let openid = id(&["user_openid", "openid"]).or_else(|| of("author", &["user_openid"]));
    let user = id(&["group_member_openid", "member_openid", "op_member_openid", "user_id", "author_id"])
        .or_else(|| of("author", &["member_openid"]))
        .or_else(|| openid.clone())
        .or_else(|| of("author", &["id"]))
        .or_else(|| of("user", &["id"]));
    let chat = match (id(&["group_openid"]), id(&["channel_id"]), openid) {
        (Some(group), ..) => Some(Chat::Group(group)),
        (None, Some(channel), _) => {
            Some(Chat::Channel(ChannelChat { guild: id(&["guild_id"]).unwrap_or_default(), channel }))
        }
        (None, None, openid) => openid.map(Chat::Private),
    };
    (chat, user)
}

/// `d` as it stands in the frame, so that no number in it loses a digit.
fn data(given: Given<'_, '_>) -> String {
    #[derive(Deserialize)]
    struct Frame<'a> {
        #[serde(borrow)]
        d: &'a RawValue,
    }
    match serde_json::from_str::<Frame<'_>>(given.frame) {
        Ok(frame) => frame.d.get().to_owned(),
        Err(_) => json(given.d),
    }
}

/// A part of an event as JSON, without secrets.
fn json(node: &Node<'_>) -> String {
    match secrets::masked(&node.json()) {
        Cow::Owned(masked) => masked,
        Cow::Borrowed(text) => text.to_owned(),
    }
}
