//! What a message consists of: the quote, the text, attachments, cards, and messages inside it.

use std::borrow::Cow;

use super::super::memory::Memory;
use super::markup::{self, Dialect};
use super::{attachment, time};
use crate::adapter::node::Node;
use crate::model::{Chat, Forward, ForwardNode, Mention, Mentioned, Quote, Segment, plain_text};

/// A quote in a quote, a message in a merged message. The content of each is JSON inside JSON, which doubles its
/// escapes at each level, so this also bounds its size.
const DEPTH: usize = 3;

/// What a message is read against.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) chat: &'a Chat,
    pub(super) memory: &'a Memory,
    /// The id of the bot's account.
    pub(super) bot: &'a str,
    /// Who is mentioned, as far as the platform says.
    pub(super) mentions: &'a [Named],
    /// The event says that everybody is mentioned, without a tag.
    pub(super) everyone: bool,
}

/// One entry of `mentions`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    /// None: everybody.
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) is_self: bool,
}

impl Scope<'_> {
    pub(super) fn is_self(self, id: &str) -> bool {
        id == self.bot || self.memory.is_self(id)
    }

    /// The segments of a message.
    pub(super) fn message(self, node: &Node<'_>) -> Vec<Segment> {
        let text = self.text(node);
        let mut segments: Vec<_> = self.quote(node, 0).map(Segment::Reply).into_iter().collect();
        if self.mentions_users() {
            segments.extend(self.mentions.iter().filter(|named| !stands(named, &text)).map(mention));
        }
        segments.extend(text);
        self.rest(node, 0, &mut segments);
        segments
    }

    fn inner(self, node: &Node<'_>, depth: usize) -> Vec<Segment> {
        let mut segments: Vec<_> = self.quote(node, depth).map(Segment::Reply).into_iter().collect();
        segments.extend(self.text(node));
        self.rest(node, depth, &mut segments);
        segments
    }

    fn mentions_users(self) -> bool {
        matches!(self.chat, Chat::Group(_) | Chat::Channel(_))
    }

    fn text(self, node: &Node<'_>) -> Vec<Segment> {
        let user = |id: &str| {
            let named = self.mentions.iter().find(|named| named.id.as_deref() == Some(id));
            let is_self = named.is_some_and(|named| named.is_self) || self.is_self(id);
            (named.and_then(|named| named.name.clone()), is_self)
        };
        let dialect = Dialect {
            guild: matches!(self.chat, Chat::Channel(_) | Chat::Direct(_)),
            mentions: !matches!(self.chat, Chat::Private(_)),
            everyone: self.everyone,
            user: &user,
        };
        markup::read(&raw(node), dialect)
    }

    /// What stands behind the text.
    fn rest(self, node: &Node<'_>, depth: usize, segments: &mut Vec<Segment>) {
        segments
            .extend(node.at("attachments").items().iter().filter(|one| !one.is_null()).map(attachment::read));
        let cards = ["ark_data", "ark"].map(|key| node.at(key));
        segments.extend(cards.iter().filter(|card| filled(card)).map(|card| Segment::Ark(super::json(card))));
        let embeds = node.at("embeds").items().iter().filter(|embed| filled(embed));
        segments.extend(embeds.map(|embed| Segment::Embed(super::json(embed))));
        let elements = node.at("msg_elements").items();
        if depth < DEPTH && !elements.is_empty() && !is_quoting(node) {
            let nodes = elements.iter().map(|element| self.node(element, depth + 1)).collect();
            segments.push(Segment::Forward(Forward { id: None, nodes, cover: None }));
        }
    }

    fn node(self, element: &Node<'_>, depth: usize) -> ForwardNode {
        ForwardNode {
            message: None,
            sender: author(element).unwrap_or_default(),
            nickname: element.at("author").at("username").words().unwrap_or_default(),
            time: time::read(element.at("timestamp")),
            content: json(&self.inner(element, depth)),
        }
    }

    /// What the message quotes: named by the host's own memory where it has it, told by the platform's copy or, failing
    /// that, by the memory.
    fn quote(self, node: &Node<'_>, depth: usize) -> Option<Quote> {
        if depth >= DEPTH || !is_quoting(node) {
            return None;
        }
        let named = quoted_index(node).or_else(|| node.at("message_reference").at("message_id").id());
        let elements = node.at("msg_elements").items();
        let is_it =
            |element: &&Node<'_>| element.at("msg_idx").id().is_some_and(|index| Some(index) == named);
        let element = elements.iter().find(is_it).or_else(|| elements.first());
        let named = named.or_else(|| element?.at("msg_idx").id());
        let known = named
            .as_deref()
            .and_then(|name| self.memory.by_index(self.chat, name).or_else(|| self.memory.message(name)));
        let content = element.map(|element| self.inner(element, depth + 1)).unwrap_or_default();
        let told = Some(plain_text(&content).trim().to_owned()).filter(|text| !text.is_empty());
        let remembered = known.as_ref().map(|known| known.text().to_owned()).filter(|text| !text.is_empty());
        if named.is_none() && content.is_empty() {
            return None;
        }
        Some(Quote {
            message: known
                .as_ref()
                .map(|known| known.id().to_owned())
                .or_else(|| named.clone())
                .unwrap_or_default(),
            sender: element.and_then(author).or_else(|| known.as_ref()?.sender().map(str::to_owned)),
            time: element
                .and_then(|element| time::read(element.at("timestamp")))
                .or_else(|| known.as_ref().map(|known| known.time)),
            text: told.or(remembered),
            content: (!content.is_empty()).then(|| json(&content)),
        })
    }
}

/// The text as the platform gives it.
pub(super) fn raw<'a>(node: &'a Node<'_>) -> Cow<'a, str> {
    match node.at("content") {
        Node::Text(text) => Cow::Borrowed(text),
        other => Cow::Owned(other.words().unwrap_or_default()),
    }
}

/// `key=value` of `message_scene.ext`: values may hold `=` themselves.
pub(super) fn ext(node: &Node<'_>, key: &str) -> Option<String> {
    let ext = node.at("message_scene").at("ext");
    let entries = if matches!(ext, Node::Text(_)) { std::slice::from_ref(ext) } else { ext.items() };
    let value =
        entries.iter().filter_map(|entry| entry.as_str()?.split_once('=')).find_map(|(name, value)| {
            (name.trim() == key && !value.trim().is_empty()).then(|| value.trim().to_owned())
        });
    value.or_else(|| ext.at(key).id())
}

fn quoted_index(node: &Node<'_>) -> Option<String> {
    ext(node, "ref_msg_idx")
}

fn is_quoting(node: &Node<'_>) -> bool {
    // An element that is quoted may be of type 103 itself, without what it quotes.
    let quoting = node.at("message_type").is("103") && !node.at("msg_elements").items().is_empty();
    quoting || quoted_index(node).is_some() || node.at("message_reference").at("message_id").id().is_some()
}

fn author(node: &Node<'_>) -> Option<String> {
    let author = node.at("author");
    ["member_openid", "user_openid", "id"].iter().find_map(|key| author.at(key).id())
}

fn filled(node: &Node<'_>) -> bool {
    matches!(node, Node::Object(fields) if !fields.is_empty())
}

fn stands(named: &Named, text: &[Segment]) -> bool {
    text.iter().any(|segment| match segment {
        Segment::At(Mention::User(mentioned)) => Some(&mentioned.id) == named.id.as_ref(),
        Segment::At(Mention::Everyone) => named.id.is_none(),
        _ => false,
    })
}

fn mention(named: &Named) -> Segment {
    Segment::At(match &named.id {
        Some(id) => {
            Mention::User(Mentioned { id: id.clone(), name: named.name.clone(), is_self: named.is_self })
        }
        None => Mention::Everyone,
    })
}

fn json(content: &[Segment]) -> String {
    serde_json::to_string(content).unwrap_or_else(|_| "[]".to_owned())
}
