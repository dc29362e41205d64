//! Every event that the platform's documents, its own libraries or recordings know.

use super::super::AnchorKind::{self, Event, Message, Never, Perhaps};
use super::message::Place::{Channel, Direct, Group, Private};
use super::{Given, guild, interaction, message, notice};
use crate::model::EventBody;

pub(in super::super) struct Kind {
    pub(in super::super) name: &'static str,
    /// What an answer to it would name.
    pub(in super::super) answer: AnchorKind,
    pub(super) reading: Reading,
}

#[derive(Clone, Copy)]
pub(super) enum Reading {
    Message(message::Place),
    /// None if it lacks what its case cannot do without.
    Plain(for<'a, 'n> fn(Given<'a, 'n>) -> Option<EventBody>),
    /// The gateway's own: no event for plugins.
    Link,
}

use Reading::{Link, Plain};

pub(super) fn find(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}

const fn text(name: &'static str, place: message::Place) -> Kind {
    Kind { name, answer: Message, reading: Reading::Message(place) }
}

const fn kind(name: &'static str, answer: AnchorKind, reading: Reading) -> Kind {
    Kind { name, answer, reading }
}

pub(in super::super) const KINDS: &[Kind] = &[
    text("C2C_MESSAGE_CREATE", Private),
    text("GROUP_AT_MESSAGE_CREATE", Group { at: true }),
    text("GROUP_MESSAGE_CREATE", Group { at: false }),
    text("AT_MESSAGE_CREATE", Channel { at: true }),
    text("MESSAGE_CREATE", Channel { at: false }),
    text("DIRECT_MESSAGE_CREATE", Direct),
    kind("INTERACTION_CREATE", Event, Plain(interaction::read)),
    kind("FRIEND_ADD", Perhaps, Plain(notice::friend)),
    kind("FRIEND_DEL", Never, Plain(notice::friend)),
    kind("C2C_MSG_RECEIVE", Event, Plain(notice::push)),
    kind("C2C_MSG_REJECT", Never, Plain(notice::push)),
    kind("GROUP_ADD_ROBOT", Event, Plain(notice::robot)),
    kind("GROUP_DEL_ROBOT", Never, Plain(notice::robot)),
    kind("GROUP_MSG_RECEIVE", Event, Plain(notice::push)),
    kind("GROUP_MSG_REJECT", Never, Plain(notice::push)),
    kind("GROUP_MEMBER_ADD", Event, Plain(notice::member)),
    kind("GROUP_MEMBER_REMOVE", Never, Plain(notice::member)),
    kind("GROUP_JOIN_REQUEST", Never, Plain(notice::join_request)),
    kind("SUBSCRIBE_MESSAGE_STATUS", Never, Plain(notice::other)),
    kind("ENTER_AIO", Never, Plain(notice::other)),
    kind("MESSAGE_DELETE", Never, Plain(guild::recall)),
    kind("PUBLIC_MESSAGE_DELETE", Never, Plain(guild::recall)),
    kind("DIRECT_MESSAGE_DELETE", Never, Plain(guild::recall)),
    kind("MESSAGE_REACTION_ADD", Event, Plain(guild::reaction)),
    kind("MESSAGE_REACTION_REMOVE", Event, Plain(guild::reaction)),
    kind("MESSAGE_AUDIT_PASS", Never, Plain(guild::audit)),
    kind("MESSAGE_AUDIT_REJECT", Never, Plain(guild::audit)),
    kind("GUILD_CREATE", Never, Plain(guild::guild)),
    kind("GUILD_UPDATE", Never, Plain(guild::guild)),
    kind("GUILD_DELETE", Never, Plain(guild::guild)),
    kind("CHANNEL_CREATE", Never, Plain(guild::channel)),
    kind("CHANNEL_UPDATE", Never, Plain(guild::channel)),
    kind("CHANNEL_DELETE", Never, Plain(guild::channel)),
    kind("GUILD_MEMBER_ADD", Event, Plain(guild::within)),
    kind("GUILD_MEMBER_UPDATE", Event, Plain(guild::within)),
    kind("GUILD_MEMBER_REMOVE", Event, Plain(guild::within)),
    kind("FORUM_THREAD_CREATE", Event, Plain(guild::within)),
    kind("FORUM_THREAD_UPDATE", Event, Plain(guild::within)),
    kind("FORUM_THREAD_DELETE", Event, Plain(guild::within)),
    kind("FORUM_POST_CREATE", Event, Plain(guild::within)),
    kind("FORUM_POST_DELETE", Event, Plain(guild::within)),
    kind("FORUM_REPLY_CREATE", Event, Plain(guild::within)),
    kind("FORUM_REPLY_DELETE", Event, Plain(guild::within)),
    kind("FORUM_PUBLISH_AUDIT_RESULT", Event, Plain(guild::within)),
    kind("OPEN_FORUM_THREAD_CREATE", Event, Plain(guild::within)),
    kind("OPEN_FORUM_THREAD_UPDATE", Event, Plain(guild::within)),
    kind("OPEN_FORUM_THREAD_DELETE", Event, Plain(guild::within)),
    kind("OPEN_FORUM_POST_CREATE", Event, Plain(guild::within)),
    kind("OPEN_FORUM_POST_DELETE", Event, Plain(guild::within)),
    kind("OPEN_FORUM_REPLY_CREATE", Event, Plain(guild::within)),
    kind("OPEN_FORUM_REPLY_DELETE", Event, Plain(guild::within)),
    kind("AUDIO_START", Never, Plain(guild::within)),
    kind("AUDIO_FINISH", Never, Plain(guild::within)),
    kind("AUDIO_ON_MIC", Never, Plain(guild::within)),
    kind("AUDIO_OFF_MIC", Never, Plain(guild::within)),
    kind("AUDIO_OR_LIVE_CHANNEL_MEMBER_ENTER", Never, Plain(guild::within)),
    kind("AUDIO_OR_LIVE_CHANNEL_MEMBER_EXIT", Never, Plain(guild::within)),
    kind("READY", Never, Link),
    kind("RESUMED", Never, Link),
];
