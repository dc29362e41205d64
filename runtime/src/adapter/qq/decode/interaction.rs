//! INTERACTION_CREATE: buttons, menu entries, feedback.

use super::{Given, json};
use crate::adapter::node::Node;
use crate::model::{ChannelChat, Chat, EventBody, Interaction, UnknownChat};

/// One without a chat is an interaction all the same: the platform waits for its acknowledgement.
pub(super) fn read(given: Given<'_, '_>) -> Option<EventBody> {
    let d = given.d;
    let data = d.at("data");
    let resolved = data.at("resolved");
    let user = ["group_member_openid", "user_openid"].iter().find_map(|key| d.at(key).id());
    let user = user.or_else(|| resolved.at("user_id").id());
    Some(EventBody::Interaction(Interaction {
        id: d.at("id").id()?,
        chat: chat(d, user.as_deref()),
        user: user.unwrap_or_default(),
        kind: d.at("type").id().or_else(|| data.at("type").id()).unwrap_or_default(),
        button: resolved.at("button_id").id(),
        data: resolved.at("button_data").words(),
        message: resolved.at("message_id").id(),
        feature: resolved.at("feature_id").id(),
        resolved: if resolved.is_null() { "{}".to_owned() } else { json(resolved) },
    }))
}

/// By the scene, where the event names it; else by what ids there are.
fn chat(d: &Node<'_>, user: Option<&str>) -> Chat {
    let group = || d.at("group_openid").id().map(Chat::Group);
    let channel = || {
        let guild = d.at("guild_id").id().unwrap_or_default();
        d.at("channel_id").id().map(|channel| Chat::Channel(ChannelChat { guild, channel }))
    };
    let private = || d.at("user_openid").id().map(Chat::Private);
    let scene = d.at("scene").words().or_else(|| d.at("chat_type").id()).unwrap_or_default();
    let named = match scene.as_str() {
        "guild" | "0" => channel(),
        "group" | "1" => group(),
        "c2c" | "2" => private().or_else(|| user.map(|user| Chat::Private(user.to_owned()))),
        _ => None,
    };
    named
        .or_else(group)
        .or_else(channel)
        .or_else(private)
        .unwrap_or_else(|| Chat::Other(UnknownChat { kind: scene, id: String::new(), data: "{}".to_owned() }))
}
