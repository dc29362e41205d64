//! Where an event happened, and by whom: what replies, conditions and cooldowns go by.

use crate::model::{ChannelChat, Chat, EventBody, Notice, Request};

/// The chat that an event belongs to, where a reply to it goes; none if it has no chat.
///
/// What happens in a group belongs to the group, what happens between the bot and a user to their private chat.
#[must_use]
pub fn chat_of(body: &EventBody) -> Option<Chat> {
    let group = |id: &String| Some(Chat::Group(id.clone()));
    let private = |id: &String| Some(Chat::Private(id.clone()));
    match body {
        EventBody::Message(message) | EventBody::MessageSent(message) => Some(message.chat.clone()),
        EventBody::Interaction(interaction) => Some(interaction.chat.clone()),
        EventBody::Other(other) => other.chat.clone(),
        EventBody::BotState(_) | EventBody::Scheduled(_) => None,
        EventBody::Request(request) => match request {
            Request::Friend(friend) => private(&friend.user),
            Request::Join(join) => group(&join.group),
            Request::Invite(invite) => private(&invite.user),
            Request::Other(other) => other.chat.clone(),
        },
        EventBody::Notice(notice) => match notice {
            Notice::MemberJoined(change) | Notice::MemberLeft(change) => group(&change.group),
            Notice::AdminChanged(change) => group(&change.group),
            Notice::Muted(mute) => group(&mute.group),
            Notice::MessageRecalled(recall) => Some(recall.chat.clone()),
            Notice::FileUploaded(upload) => Some(upload.chat.clone()),
            Notice::FriendAdded(user) | Notice::FriendRemoved(user) => private(&user.user),
            Notice::Poked(poke) => Some(poke.chat.clone()),
            Notice::Reaction(reaction) => Some(reaction.chat.clone()),
            Notice::Essence(essence) => group(&essence.group),
            Notice::CardChanged(change) | Notice::TitleChanged(change) | Notice::GroupRenamed(change) => {
                group(&change.group)
            }
            Notice::BotJoined(membership) | Notice::BotLeft(membership) => group(&membership.group),
            Notice::PushChanged(change) => Some(change.chat.clone()),
            Notice::ProfileLiked(like) => private(&like.user),
            Notice::Typing(typing) => private(&typing.user),
            Notice::Audited(audit) => audit.chat.clone(),
            Notice::LuckyKing(lucky) => group(&lucky.group),
            Notice::Honor(honor) => group(&honor.group),
            Notice::GrayTip(tip) => Some(tip.chat.clone()),
            Notice::OnlineFile(file) => private(&file.user),
            Notice::Guild(notice) => notice.channel.as_ref().map(|channel| {
                Chat::Channel(ChannelChat { guild: notice.guild.clone(), channel: channel.clone() })
            }),
            Notice::Other(other) => other.chat.clone(),
        },
    }
}

/// The user who did it, or whom it is about when nobody did.
#[must_use]
pub fn user_of(body: &EventBody) -> Option<&str> {
    match body {
        EventBody::Message(message) | EventBody::MessageSent(message) => Some(&message.sender.id),
        EventBody::Interaction(interaction) => Some(&interaction.user),
        EventBody::Other(other) => other.user.as_deref(),
        EventBody::BotState(_) | EventBody::Scheduled(_) => None,
        EventBody::Request(request) => match request {
            Request::Friend(friend) => Some(&friend.user),
            Request::Join(join) | Request::Invite(join) => Some(&join.user),
            Request::Other(other) => other.user.as_deref(),
        },
        EventBody::Notice(notice) => match notice {
            Notice::MemberJoined(change) | Notice::MemberLeft(change) => Some(&change.user),
            Notice::AdminChanged(change) => Some(&change.user),
            Notice::Muted(mute) => mute.operator.as_deref().or(mute.user.as_deref()),
            Notice::MessageRecalled(recall) => recall.operator.as_deref().or(recall.sender.as_deref()),
            Notice::FileUploaded(upload) => Some(&upload.user),
            Notice::FriendAdded(user) | Notice::FriendRemoved(user) => Some(&user.user),
            Notice::Poked(poke) => Some(&poke.sender),
            Notice::Reaction(reaction) => Some(&reaction.user),
            Notice::Essence(essence) => essence.operator.as_deref().or(essence.sender.as_deref()),
            Notice::CardChanged(change) | Notice::TitleChanged(change) | Notice::GroupRenamed(change) => {
                change.user.as_deref()
            }
            Notice::BotJoined(membership) | Notice::BotLeft(membership) => membership.operator.as_deref(),
            Notice::PushChanged(change) => change.operator.as_deref(),
            Notice::ProfileLiked(like) => Some(&like.user),
            Notice::Typing(typing) => Some(&typing.user),
            Notice::Audited(_) => None,
            Notice::LuckyKing(lucky) => Some(&lucky.user),
            Notice::Honor(honor) => Some(&honor.user),
            Notice::GrayTip(tip) => tip.user.as_deref(),
            Notice::OnlineFile(file) => Some(&file.user),
            Notice::Guild(guild) => guild.user.as_deref().or(guild.operator.as_deref()),
            Notice::Other(other) => other.user.as_deref(),
        },
    }
}

/// A chat as one short text, the same for the same chat of one bot.
pub(super) fn chat_key(chat: &Chat) -> String {
    let [kind, outer, id] = chat_parts(chat);
    if outer.is_empty() { format!("{kind}/{id}") } else { format!("{kind}/{outer}/{id}") }
}

/// What tells a chat from all others of one bot: its kind, what it is in, and its id there.
pub(crate) fn chat_parts(chat: &Chat) -> [&str; 3] {
    match chat {
        Chat::Private(user) => ["private", "", user],
        Chat::Group(group) => ["group", "", group],
        Chat::Temporary(temporary) => ["temporary", "", &temporary.user],
        Chat::Channel(channel) => ["channel", &channel.guild, &channel.channel],
        Chat::Direct(direct) => ["direct", direct.guild.as_deref().unwrap_or_default(), &direct.user],
        Chat::Other(other) => ["other", &other.kind, &other.id],
    }
}
