//! From NapCat's events to the contract's.
//!
//! Reading is lenient: ids are numbers or strings, unknown fields are ignored, what is missing is none, empty or
//! unknown. An event that lacks what its case cannot do without (a group notice without a group) becomes `other`
//! with its JSON, so nothing is lost and nothing is made up.

mod message;
mod notice;
mod request;
mod segment;

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

use super::memory::Memory;
use crate::adapter::node::Node;
use crate::adapter::{event_id, now};
use crate::model::{Bot, BotState, Chat, Event, EventBody, Incoming, Segment, UnknownEvent};

pub(super) use message::read as read_message;

/// What an event is read against.
#[derive(Debug)]
pub(super) struct Context<'a> {
    /// The account that the link belongs to.
    pub(super) bot: &'a Bot,
    pub(super) memory: &'a mut Memory,
}

/// What a frame with a `post_type` turned out to be.
#[derive(Debug)]
pub(super) enum Decoded {
    /// For plugins. Several only for a reaction with several emoji.
    Events(Vec<Incoming>),
    /// The link is up: `lifecycle`/`connect`.
    Connected,
    /// The account's state and the time to the next heartbeat, where the frame tells.
    Heartbeat { online: Option<bool>, interval: Option<Duration> },
}

/// Reads an event. `text` is the frame it came in.
pub(super) fn event(node: &Node<'_>, text: &str, context: &mut Context<'_>) -> Decoded {
    let me = seen_by(node, context.bot);
    let time = time_of(node).unwrap_or_else(now);
    let kind = node.at("post_type").as_str().unwrap_or_default();
    let (bodies, dedup) = match kind {
        "message" | "message_sent" => {
            let body = message::event(node, &me, context.memory);
            let dedup = body.as_ref().and_then(message::dedup);
            (body.into_iter().collect(), dedup)
        }
        "notice" => {
            let bodies = notice::read(node, &me, context.memory);
            let dedup = notice::dedup(node, time, &bodies, context.memory);
            (bodies, dedup)
        }
        "request" => {
            let body = request::read(node);
            (body.into_iter().collect(), Some(format!("request {:x}", content_of(node))))
        }
        "meta_event" => {
            if let Some(decoded) = for_the_link(node) {
                return decoded;
            }
            (lifecycle(node).into_iter().collect(), None)
        }
        _ => (Vec::new(), None),
    };
    let bodies = if bodies.is_empty() { vec![unknown(node, text)] } else { bodies };
    let original: Arc<str> = Arc::from(text);
    let single = bodies.len() == 1;
    let events = bodies.into_iter().enumerate().map(|(number, body)| Incoming {
        event: Arc::new(Event { id: event_id(), bot: context.bot.clone(), time, redelivered: false, body }),
        original: original.clone(),
        dedup: dedup.as_ref().map(|key| if single { key.clone() } else { format!("{key}.{number}") }),
        origin: None,
        kept: None,
    });
    Decoded::Events(events.collect())
}

/// The account that the event is about: its own `self_id`, else the link's.
fn seen_by<'a>(node: &Node<'_>, bot: &'a Bot) -> Cow<'a, str> {
    match node.at("self_id") {
        own if own.is(&bot.id) => Cow::Borrowed(&bot.id),
        other => other.known_id().map_or(Cow::Borrowed(&*bot.id), Cow::Owned),
    }
}

/// What is no event for plugins.
fn for_the_link(node: &Node<'_>) -> Option<Decoded> {
    match (node.at("meta_event_type").as_str(), node.at("sub_type").as_str()) {
        (Some("lifecycle"), Some("connect")) => Some(Decoded::Connected),
        (Some("heartbeat"), _) => {
            let interval = node.at("interval").number().filter(|ms| *ms > 0.0);
            Some(Decoded::Heartbeat {
                online: node.at("status").at("online").truth(),
                interval: interval.map(|ms| Duration::from_secs_f64((ms / 1000.0).min(86_400.0))),
            })
        }
        _ => None,
    }
}

/// Other implementations' `enable` and `disable`.
fn lifecycle(node: &Node<'_>) -> Option<EventBody> {
    let state =
        node.at("sub_type").words().filter(|_| node.at("meta_event_type").as_str() == Some("lifecycle"))?;
    Some(EventBody::BotState(BotState { state, reason: None }))
}

/// What this contract has no case for. The kind names the way down to it: "client_status", "notify/poke_recall".
fn unknown(node: &Node<'_>, text: &str) -> EventBody {
    let at = |key: &str| node.at(key).as_str().filter(|word| !word.is_empty()).map(str::to_owned);
    let below = |outer: &str, inner: Option<String>| match inner {
        Some(inner) => format!("{outer}/{inner}"),
        None => outer.to_owned(),
    };
    let post = at("post_type").unwrap_or_default();
    let kind = match post.as_str() {
        "message" | "message_sent" => below(&post, at("message_type")),
        "notice" => match at("notice_type") {
            Some(kind) if kind == "notify" => below("notify", at("sub_type")),
            kind => kind.unwrap_or(post),
        },
        "request" => at("request_type").map_or(post, |kind| below(&kind, at("sub_type"))),
        "meta_event" => at("meta_event_type").unwrap_or(post),
        _ => post,
    };
    let user = node.at("user_id").known_id();
    let chat = match node.at("group_id").known_id() {
        Some(group) => Some(Chat::Group(group)),
        None => user.clone().map(Chat::Private),
    };
    EventBody::Other(UnknownEvent { kind, chat, user, data: text.to_owned() })
}

/// A fingerprint of everything but the time; the order of keys does not count.
fn content_of(node: &Node<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    if let Node::Object(fields) = node {
        let mut fields: Vec<_> = fields.iter().filter(|(name, _)| name != "time").collect();
        fields.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        for (name, value) in fields {
            name.hash(&mut hasher);
            value.hash(&mut hasher);
        }
    }
    hasher.finish()
}

/// Seconds. NapCat falls back to milliseconds when the kernel gives no time.
fn time_of(node: &Node<'_>) -> Option<f64> {
    seconds(node.at("time"))
}

/// Reads the segments of a message that `me` sees.
pub(super) fn read_segments(nodes: &[Node<'_>], me: &str, memory: &Memory) -> Vec<Segment> {
    segment::read(nodes, me, memory)
}

/// A time in seconds or milliseconds; 0 is none.
pub(super) fn seconds(node: &Node<'_>) -> Option<f64> {
    let time = node.number().filter(|time| *time > 0.0)?;
    Some(if time > 1e11 { time / 1000.0 } else { time })
}
