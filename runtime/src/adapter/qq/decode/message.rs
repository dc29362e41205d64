//! Messages of private chats, groups, channels and direct messages.

use super::super::memory::place;
use super::content::{Named, Scope, ext, raw};
use super::{Context, attachment, time};
use crate::adapter::node::Node;
use crate::model::{ChannelChat, Chat, DirectChat, Mention, Message, Role, Segment, User, plain_text};

/// Where a kind of message is written, and whether the event itself says that it is for the bot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Private,
    Group { at: bool },
    Channel { at: bool },
    Direct,
}

/// What became of one.
pub(super) enum Read {
    Message(Box<Message>),
    /// It is not for plugins.
    Ignored(&'static str),
    /// It lacks its id or its chat.
    Odd,
}

/// Reads a message and remembers it for quotes.
pub(super) fn read(place: Place, d: &Node<'_>, context: &Context<'_>) -> Read {
    let author = d.at("author");
    let sender = sender_id(place, author);
    let id = d.at("id").id();
    let own = |one: &str| one == context.bot.id || context.memory.is_self(one);
    if sender.as_deref().is_some_and(own) || id.as_deref().is_some_and(|id| context.memory.wrote(id)) {
        return Read::Ignored("the bot itself wrote it");
    }
    if author.at("bot").truth() == Some(true) {
        return Read::Ignored("a bot wrote it; bots that answer bots never end");
    }
    let (Some(id), Some(chat)) = (id, chat(place, d)) else { return Read::Odd };
    let mentions = mentions(place, d, context);
    let scope = Scope {
        chat: &chat,
        memory: context.memory,
        bot: &context.bot.id,
        mentions: &mentions,
        everyone: d.at("mention_everyone").truth() == Some(true),
    };
    let content = scope.message(d);
    let to_me = match place {
        Place::Private | Place::Direct => true,
        Place::Group { at } | Place::Channel { at } => at || is_to_me(&content, scope),
    };
    let message = Message {
        id,
        chat_name: None,
        sender: user(sender.unwrap_or_default(), author, d.at("member")),
        anonymous: None,
        time: time::read(d.at("timestamp")).unwrap_or(context.came.received as f64),
        sequence: d.at("seq_in_channel").id().or_else(|| d.at("seq").id()),
        sub_kind: d.at("message_type").id(),
        text: plain_text(&content).trim().to_owned(),
        raw: raw(d).into_owned(),
        to_me,
        content,
        chat,
    };
    context.memory.note_received(
        &message.id,
        ext(d, "msg_idx").as_deref(),
        &message.chat,
        &message.sender.id,
        message.time,
        &message.text,
    );
    Read::Message(Box::new(message))
}

/// Two messages of one chat with one id are one message, by whichever event they come. The index of a message would be
/// no better key: it is missing in some, and a duplicate does less harm than a message lost.
pub(super) fn dedup(message: &Message) -> String {
    let (kind, place) = place(&message.chat);
    format!("message {kind}{place} {}", message.id)
}

fn sender_id(place: Place, author: &Node<'_>) -> Option<String> {
    let keys = match place {
        Place::Private => ["user_openid", "id", "member_openid"],
        Place::Group { .. } => ["member_openid", "id", "user_openid"],
        Place::Channel { .. } | Place::Direct => ["id", "user_openid", "member_openid"],
    };
    keys.iter().find_map(|key| author.at(key).id())
}

fn chat(place: Place, d: &Node<'_>) -> Option<Chat> {
    let author = || sender_id(place, d.at("author"));
    let guild = d.at("guild_id").id();
    Some(match place {
        Place::Private => Chat::Private(author()?),
        Place::Group { .. } => Chat::Group(d.at("group_openid").id().or_else(|| d.at("group_id").id())?),
        Place::Channel { .. } => {
            Chat::Channel(ChannelChat { guild: guild.unwrap_or_default(), channel: d.at("channel_id").id()? })
        }
        Place::Direct => direct(guild, author(), d.at("src_guild_id").id())?,
    })
}

/// It can be written to by its own guild, or by the user and the guild where both met.
pub(super) fn direct(guild: Option<String>, user: Option<String>, source: Option<String>) -> Option<Chat> {
    if guild.is_none() && (user.is_none() || source.is_none()) {
        return None;
    }
    Some(Chat::Direct(DirectChat { guild, user: user.unwrap_or_default(), source }))
}

fn user(id: String, author: &Node<'_>, member: &Node<'_>) -> User {
    let nickname = author.at("username").words().unwrap_or_default();
    let card = member.at("nick").words().filter(|card| *card != nickname);
    let roles: Vec<String> = member.at("roles").items().iter().filter_map(Node::id).collect();
    User {
        union_id: author.at("union_openid").id(),
        card,
        role: match author.at("member_role").as_str() {
            Some("owner") => Role::Owner,
            Some("admin") => Role::Admin,
            Some("member") => Role::Member,
            _ => guild_role(&roles),
        },
        roles,
        avatar: attachment::address(author.at("avatar")),
        ..User::named(id, nickname)
    }
}

/// By the ids that every guild has: 4 is its owner, 2 an admin. Who manages one channel (5) need not manage this one.
fn guild_role(roles: &[String]) -> Role {
    let has = |id: &str| roles.iter().any(|role| role == id);
    match roles {
        [] => Role::Unknown,
        _ if has("4") => Role::Owner,
        _ if has("2") => Role::Admin,
        _ => Role::Member,
    }
}

/// Who is mentioned; what is the bot's own among them is remembered.
fn mentions(place: Place, d: &Node<'_>, context: &Context<'_>) -> Vec<Named> {
    let items = d.at("mentions").items();
    let bots = || items.iter().filter(|one| one.at("bot").truth() == Some(true)).filter_map(mentioned_id);
    // An event for mentions of the bot that mentions one bot mentions this one.
    if place == (Place::Channel { at: true })
        && let (Some(id), 1) = (bots().next(), bots().count())
    {
        context.memory.note_self(&id);
    }
    let mut all = Vec::with_capacity(items.len());
    for one in items {
        let everyone = one.at("scope").as_str() == Some("all");
        let id = mentioned_id(one).filter(|_| !everyone);
        if id.is_none() && !everyone {
            continue;
        }
        if let Some(id) = id.as_deref().filter(|_| one.at("is_you").truth() == Some(true)) {
            context.memory.note_self(id);
        }
        let is_self = id.as_deref().is_some_and(|id| id == context.bot.id || context.memory.is_self(id));
        all.push(Named { id, name: one.at("username").words(), is_self });
    }
    all
}

fn mentioned_id(one: &Node<'_>) -> Option<String> {
    ["member_openid", "id", "user_openid"].iter().find_map(|key| one.at(key).id())
}

/// As on other platforms, a mention of everybody is none of the bot.
fn is_to_me(content: &[Segment], scope: Scope<'_>) -> bool {
    content.iter().any(|segment| match segment {
        Segment::At(Mention::User(mentioned)) => mentioned.is_self,
        Segment::Reply(quote) => {
            scope.memory.wrote(&quote.message)
                || quote.sender.as_deref().is_some_and(|sender| scope.is_self(sender))
        }
        _ => false,
    })
}
