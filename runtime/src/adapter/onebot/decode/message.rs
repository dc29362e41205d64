//! `message` and `message_sent`, and the same objects in answers.

use super::super::cq;
use super::super::memory::Memory;
use super::{now, segment, time_of};
use crate::adapter::node::Node;
use crate::model::{Anonymous, Chat, EventBody, Mention, Message, Role, Segment, TemporaryChat, User};

/// The group that NapCat names when it does not know where a temporary chat comes from.
const UNKNOWN_GROUP: &str = "284840486";

/// The event's body; none for a kind of message that the contract cannot place.
pub(super) fn event(node: &Node<'_>, me: &str, memory: &mut Memory) -> Option<EventBody> {
    let message = read(node, me, memory)?;
    if is_own(node, me) {
        memory.remember(&message.id, Some(message.chat.clone()));
        return Some(EventBody::MessageSent(message));
    }
    Some(EventBody::Message(message))
}

/// A message object. `me` is the account that sees it. `None` without a chat.
pub(in super::super) fn read(node: &Node<'_>, me: &str, memory: &Memory) -> Option<Message> {
    let chat = chat(node, me)?;
    // Some implementations give the string form alone, under its other name.
    let body = match node.at("message") {
        Node::Null => node.at("raw_message"),
        body => body,
    };
    let parsed;
    let nodes = match body {
        Node::Text(text) => {
            parsed = cq::parse(text);
            parsed.as_slice()
        }
        Node::Object(_) => std::slice::from_ref(body),
        other => other.items(),
    };
    let content = segment::read(nodes, me, memory);
    let raw = match (node.at("raw_message"), body) {
        (Node::Text(raw), _) => raw.to_string(),
        (_, Node::Text(text)) => text.to_string(),
        _ => cq::encode(nodes),
    };
    let anonymous = node.at("anonymous");
    Some(Message {
        id: node.at("message_id").id().unwrap_or_default(),
        chat_name: node.at("group_name").words(),
        sender: sender(node),
        anonymous: anonymous.at("id").id().map(|id| Anonymous {
            id,
            name: anonymous.at("name").words().unwrap_or_default(),
            token: anonymous.at("flag").words().unwrap_or_default(),
        }),
        time: time_of(node).unwrap_or_else(now),
        sequence: node.at("real_seq").id(),
        sub_kind: node.at("sub_type").words(),
        text: text(&content),
        to_me: matches!(chat, Chat::Private(_) | Chat::Temporary(_)) || is_to_me(&content, memory),
        chat,
        content,
        raw,
    })
}

/// Two messages of one chat with one id are one message; ids that name nothing are never equal.
pub(super) fn dedup(body: &EventBody) -> Option<String> {
    let (EventBody::Message(message) | EventBody::MessageSent(message)) = body else { return None };
    if message.id.is_empty() || message.id == "0" {
        return None;
    }
    let place = match &message.chat {
        Chat::Group(group) => format!("g{group}"),
        Chat::Private(user) | Chat::Temporary(TemporaryChat { user, .. }) => format!("p{user}"),
        _ => return None,
    };
    Some(format!("message {place} {}", message.id))
}

/// Some implementations report own messages as `message`.
fn is_own(node: &Node<'_>, me: &str) -> bool {
    if node.at("post_type").as_str() == Some("message_sent") {
        return true;
    }
    let user = node.at("user_id");
    user.is(me) || (user.is_null() && node.at("sender").at("user_id").is(me))
}

fn author(node: &Node<'_>) -> Option<String> {
    node.at("user_id").known_id().or_else(|| node.at("sender").at("user_id").known_id())
}

fn chat(node: &Node<'_>, me: &str) -> Option<Chat> {
    let group = node.at("group_id").known_id();
    match node.at("message_type").as_str() {
        // In what the bot sent itself, `target_id` is the group.
        Some("group") if group.is_none() && is_own(node, me) => {
            node.at("target_id").known_id().map(Chat::Group)
        }
        Some("group") => group.map(Chat::Group),
        Some("private") => private(node, me, group),
        Some(_) => None,
        None if group.is_some() => group.map(Chat::Group),
        None => private(node, me, None),
    }
}

fn private(node: &Node<'_>, me: &str, group: Option<String>) -> Option<Chat> {
    let other_side = node.at("target_id").known_id().filter(|_| is_own(node, me));
    let user = other_side.or_else(|| author(node))?;
    if node.at("sub_type").as_str() == Some("group") || !node.at("temp_source").is_null() {
        let group = group.or_else(|| node.at("sender").at("group_id").known_id());
        return Some(Chat::Temporary(TemporaryChat { user, group: group.filter(|id| id != UNKNOWN_GROUP) }));
    }
    Some(Chat::Private(user))
}

fn sender(node: &Node<'_>) -> User {
    let sender = node.at("sender");
    let nickname = sender.at("nickname").words().unwrap_or_default();
    User {
        card: sender.at("card").words(),
        title: sender.at("title").words(),
        role: match sender.at("role").as_str() {
            Some("owner") => Role::Owner,
            Some("admin") => Role::Admin,
            Some("member") => Role::Member,
            _ => Role::Unknown,
        },
        level: sender.at("level").words(),
        ..User::named(author(node).unwrap_or_default(), nickname)
    }
}

fn text(content: &[Segment]) -> String {
    let mut text = String::new();
    for segment in content {
        if let Segment::Text(piece) = segment {
            text.push_str(piece);
        }
    }
    let trimmed = text.trim();
    if trimmed.len() == text.len() { text } else { trimmed.to_owned() }
}

fn is_to_me(content: &[Segment], memory: &Memory) -> bool {
    content.iter().any(|segment| match segment {
        Segment::At(Mention::User(mentioned)) => mentioned.is_self,
        Segment::Reply(quote) => memory.wrote(&quote.message),
        _ => false,
    })
}
