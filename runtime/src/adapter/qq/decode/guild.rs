//! What happens in guilds: the platform's older product, with channels, roles and forums.

use super::message::direct;
use super::{Given, data};
use crate::adapter::node::Node;
use crate::model::{Audit, ChannelChat, Chat, EventBody, GuildNotice, Notice, Reaction, Recall};

/// GUILD_CREATE and its siblings: `d` is the guild.
pub(super) fn guild(given: Given<'_, '_>) -> Option<EventBody> {
    notice(given, given.d.at("id").id()?, None, None)
}

/// CHANNEL_CREATE and its siblings: `d` is the channel.
pub(super) fn channel(given: Given<'_, '_>) -> Option<EventBody> {
    notice(given, given.d.at("guild_id").id()?, Some(given.d.at("id").id()?), None)
}

/// Members, forums, audio: what happens in a guild and perhaps in one of its channels.
pub(super) fn within(given: Given<'_, '_>) -> Option<EventBody> {
    let d = given.d;
    let user = [d.at("user").at("id"), d.at("author_id"), d.at("user_id")].into_iter().find_map(Node::id);
    notice(given, d.at("guild_id").id()?, d.at("channel_id").id(), user)
}

fn notice(
    given: Given<'_, '_>,
    guild: String,
    channel: Option<String>,
    user: Option<String>,
) -> Option<EventBody> {
    Some(EventBody::Notice(Notice::Guild(GuildNotice {
        kind: given.kind.to_owned(),
        guild,
        channel,
        user,
        operator: given.d.at("op_user_id").id(),
        data: data(given),
    })))
}

/// MESSAGE_DELETE, PUBLIC_MESSAGE_DELETE, DIRECT_MESSAGE_DELETE.
pub(super) fn recall(given: Given<'_, '_>) -> Option<EventBody> {
    let message = given.d.at("message");
    let sender = message.at("author").at("id").id();
    let chat = if given.kind.starts_with("DIRECT") {
        direct(message.at("guild_id").id(), sender.clone(), message.at("src_guild_id").id())?
    } else {
        channel_of(message)?
    };
    Some(EventBody::Notice(Notice::MessageRecalled(Recall {
        chat,
        message: message.at("id").id()?,
        sender,
        operator: given.d.at("op_user").at("id").id(),
    })))
}

/// MESSAGE_REACTION_ADD and MESSAGE_REACTION_REMOVE.
pub(super) fn reaction(given: Given<'_, '_>) -> Option<EventBody> {
    let d = given.d;
    Some(EventBody::Notice(Notice::Reaction(Reaction {
        chat: channel_of(d)?,
        message: d.at("target").at("id").id()?,
        user: d.at("user_id").id()?,
        emoji: d.at("emoji").at("id").id()?,
        count: None,
        added: given.kind.ends_with("ADD"),
        target: target(d.at("target").at("type")),
    })))
}

/// A number, or a name such as `ReactionTargetType_MSG`. None is a message.
fn target(kind: &Node<'_>) -> Option<String> {
    let word = kind.id()?;
    let name = word.rsplit('_').next().unwrap_or_default().to_ascii_uppercase();
    Some(match name.as_str() {
        "0" | "MSG" | "MESSAGE" => return None,
        "1" | "POST" | "FEED" | "THREAD" => "post".to_owned(),
        "2" | "COMMENT" => "comment".to_owned(),
        "3" | "REPLY" => "reply".to_owned(),
        _ => word,
    })
}

/// MESSAGE_AUDIT_PASS and MESSAGE_AUDIT_REJECT.
pub(super) fn audit(given: Given<'_, '_>) -> Option<EventBody> {
    let d = given.d;
    let group = || d.at("group_openid").id().map(Chat::Group);
    let private = || d.at("user_openid").id().map(Chat::Private);
    Some(EventBody::Notice(Notice::Audited(Audit {
        chat: channel_of(d).or_else(group).or_else(private),
        message: d.at("message_id").id(),
        audit: d.at("audit_id").id()?,
        passed: given.kind.ends_with("PASS"),
    })))
}

fn channel_of(node: &Node<'_>) -> Option<Chat> {
    let guild = node.at("guild_id").id().unwrap_or_default();
    node.at("channel_id").id().map(|channel| Chat::Channel(ChannelChat { guild, channel }))
}
