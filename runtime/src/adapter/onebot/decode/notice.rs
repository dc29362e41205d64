//! `notice`: what happened besides messages.

use serde::de::IgnoredAny;

use super::super::memory::Memory;
use super::{content_of, segment};
use crate::adapter::node::Node;
use crate::model::{
    AdminChange, BotState, Chat, Essence, EventBody, GrayTip, Honor, LuckyKing, Media, MediaSource,
    MemberChange, Membership, Mute, Notice, OnlineFile, PokeNotice, ProfileLike, Reaction, Recall,
    TextChange, Typing, Upload, UserNotice,
};

/// The bodies of the events that this notice is; empty if the contract has no case for it.
pub(super) fn read(node: &Node<'_>, me: &str, memory: &Memory) -> Vec<EventBody> {
    match node.at("notice_type").as_str().unwrap_or_default() {
        "group_msg_emoji_like" | "reaction" => reactions(node).unwrap_or_default(),
        "bot_offline" => {
            vec![EventBody::BotState(BotState { state: "offline".to_owned(), reason: reason(node) })]
        }
        "bot_online" => {
            vec![EventBody::BotState(BotState { state: "online".to_owned(), reason: reason(node) })]
        }
        kind => one(kind, node, me, memory).map(EventBody::Notice).into_iter().collect(),
    }
}

/// How a notice is told from its double. A recall happens once, whenever it is reported; what a user may do
/// again in a moment is told apart by NapCat's time; for the rest, equal ones within a moment are one.
pub(super) fn dedup(node: &Node<'_>, time: f64, bodies: &[EventBody], memory: &mut Memory) -> Option<String> {
    let content = content_of(node);
    let time = match bodies.first() {
        Some(EventBody::Notice(Notice::MessageRecalled(_))) => return Some(format!("notice {content:x}")),
        Some(EventBody::Notice(Notice::Poked(_) | Notice::Typing(_) | Notice::ProfileLiked(_))) | None => {
            time
        }
        Some(_) => memory.settle(content, time),
    };
    Some(format!("notice {content:x} {time}"))
}

fn one(kind: &str, node: &Node<'_>, me: &str, memory: &Memory) -> Option<Notice> {
    let known = |key: &str| node.at(key).known_id();
    let words = |key: &str| node.at(key).words();
    let sub_type = || words("sub_type").unwrap_or_default();
    Some(match kind {
        "group_increase" | "group_decrease" => member_change(kind == "group_increase", node, me)?,
        // Of other implementations: the owner dissolved the group.
        "group_dismiss" => Notice::BotLeft(Membership {
            group: known("group_id")?,
            operator: known("operator_id").or_else(|| known("user_id")),
            how: "disband".to_owned(),
        }),
        "group_admin" => Notice::AdminChanged(AdminChange {
            group: known("group_id")?,
            user: known("user_id")?,
            is_admin: match node.at("sub_type").as_str()? {
                "set" => true,
                "unset" => false,
                _ => return None,
            },
        }),
        "group_ban" => {
            let lifted = node.at("sub_type").as_str() == Some("lift_ban");
            let seconds = node.at("duration").number().unwrap_or(-1.0);
            Notice::Muted(Mute {
                group: known("group_id")?,
                // 0 is everybody; a notice that names nobody is not about everybody.
                user: Some(node.at("user_id").id()?).filter(|id| id != "0"),
                operator: known("operator_id"),
                seconds: if lifted { 0 } else { seconds as i32 },
            })
        }
        "group_upload" | "offline_file" => Notice::FileUploaded(Upload {
            chat: place(node)?,
            user: known("user_id")?,
            file: uploaded(node.at("file"))?,
        }),
        "friend_add" => Notice::FriendAdded(UserNotice {
            user: known("user_id")?,
            union_id: None,
            scene: None,
            scene_data: None,
        }),
        "group_recall" => Notice::MessageRecalled(Recall {
            chat: Chat::Group(known("group_id")?),
            message: node.at("message_id").id()?,
            sender: known("user_id"),
            operator: known("operator_id"),
        }),
        "friend_recall" => {
            let message = node.at("message_id").id()?;
            let sender = known("user_id")?;
            // The author may be the bot, and NapCat does not say in which chat.
            let chat = memory.chat_of(&message).cloned().unwrap_or_else(|| Chat::Private(sender.clone()));
            Notice::MessageRecalled(Recall {
                chat,
                message,
                operator: Some(sender.clone()),
                sender: Some(sender),
            })
        }
        "group_card" => Notice::CardChanged(TextChange {
            group: known("group_id")?,
            user: Some(known("user_id")?),
            before: node.at("card_old").as_str().map(str::to_owned),
            after: words("card_new").unwrap_or_default(),
        }),
        "essence" => Notice::Essence(Essence {
            group: known("group_id")?,
            message: known("message_id"),
            sender: known("sender_id").or_else(|| known("user_id")),
            operator: known("operator_id"),
            added: match node.at("sub_type").as_str() {
                Some("delete") => false,
                Some("add") | None => true,
                Some(_) => return None,
            },
        }),
        "online_file_receive" | "online_file_send" => Notice::OnlineFile(OnlineFile {
            user: known("peer_id")?,
            from_me: kind == "online_file_send",
            state: sub_type(),
        }),
        "notify" => notify(&sub_type(), node, me)?,
        _ => return None,
    })
}

fn notify(kind: &str, node: &Node<'_>, me: &str) -> Option<Notice> {
    let known = |key: &str| node.at(key).known_id();
    let words = |key: &str| node.at(key).words();
    Some(match kind {
        "poke" => poke(node, me)?,
        "title" => Notice::TitleChanged(TextChange {
            group: known("group_id")?,
            user: Some(known("user_id")?),
            before: None,
            after: words("title").unwrap_or_default(),
        }),
        "group_name" => Notice::GroupRenamed(TextChange {
            group: known("group_id")?,
            user: known("user_id"),
            before: None,
            after: words("name_new").unwrap_or_default(),
        }),
        "input_status" => Notice::Typing(Typing {
            user: known("user_id")?,
            kind: words("event_type").unwrap_or_default(),
            text: words("status_text"),
        }),
        "profile_like" => Notice::ProfileLiked(ProfileLike {
            user: known("operator_id").or_else(|| known("user_id"))?,
            nickname: words("operator_nick"),
            times: node.at("times").count().unwrap_or(1),
        }),
        "gray_tip" => Notice::GrayTip(GrayTip {
            chat: place(node)?,
            user: known("user_id"),
            message: known("message_id"),
            kind: words("busi_id").unwrap_or_default(),
            content: tip(node),
        }),
        "lucky_king" => Notice::LuckyKing(LuckyKing {
            group: known("group_id")?,
            sender: known("user_id")?,
            user: known("target_id")?,
        }),
        "honor" => Notice::Honor(Honor {
            group: known("group_id")?,
            user: known("user_id")?,
            kind: words("honor_type").unwrap_or_default(),
        }),
        _ => return None,
    })
}

fn member_change(joined: bool, node: &Node<'_>, me: &str) -> Option<Notice> {
    let group = node.at("group_id").known_id()?;
    let operator = node.at("operator_id").known_id();
    let how = node.at("sub_type").words().unwrap_or_default();
    let user = node.at("user_id").known_id();
    if how == "kick_me" || user.as_deref() == Some(me) {
        let membership = Membership { group, operator, how };
        return Some(if joined { Notice::BotJoined(membership) } else { Notice::BotLeft(membership) });
    }
    let change = MemberChange { group, user: user?, operator, how };
    Some(if joined { Notice::MemberJoined(change) } else { Notice::MemberLeft(change) })
}

/// In private chats NapCat's `user_id` is the other side and `sender_id` who poked; elsewhere `user_id` poked.
fn poke(node: &Node<'_>, me: &str) -> Option<Notice> {
    let known = |key: &str| node.at(key).known_id();
    let user = known("user_id");
    let sender = known("sender_id").or_else(|| user.clone())?;
    let target = known("target_id").unwrap_or_default();
    let chat = match known("group_id") {
        Some(group) => Chat::Group(group),
        None => Chat::Private(match user {
            Some(user) if user != me || target.is_empty() => user,
            _ => target.clone(),
        }),
    };
    let parts = [node.at("raw_info"), node.at("raw_message")];
    let parts = parts.iter().find(|parts| !parts.items().is_empty()).map_or(&[][..], |parts| parts.items());
    let text: String = parts.iter().filter_map(|part| part.at("txt").words()).collect();
    Some(Notice::Poked(PokeNotice { chat, sender, target, text: Some(text).filter(|text| !text.is_empty()) }))
}

/// NapCat's list of likes, or the single `code` of other implementations. Each emoji is an event.
fn reactions(node: &Node<'_>) -> Option<Vec<EventBody>> {
    let chat = place(node)?;
    let message = node.at("message_id").known_id()?;
    let user = node.at("user_id").known_id().or_else(|| node.at("operator_id").known_id())?;
    let added = match (node.at("is_add").truth(), node.at("sub_type").as_str()) {
        (Some(added), _) => added,
        (None, sub_type) => sub_type != Some("remove"),
    };
    let likes = node.at("likes").items();
    let likes = if likes.is_empty() { std::slice::from_ref(node) } else { likes };
    let each = likes.iter().filter_map(|like| {
        let emoji = like.at("emoji_id").id().or_else(|| like.at("code").id())?;
        let reaction = Reaction {
            chat: chat.clone(),
            message: message.clone(),
            user: user.clone(),
            emoji,
            count: like.at("count").count(),
            added,
            target: None,
        };
        Some(EventBody::Notice(Notice::Reaction(reaction)))
    });
    Some(each.collect())
}

fn uploaded(file: &Node<'_>) -> Option<Media> {
    let id = file.at("id").id();
    let source = match file.at("url").words() {
        Some(url) => MediaSource::Url(url),
        None => MediaSource::PlatformFile(id.clone()?),
    };
    Some(Media {
        source,
        name: file.at("name").words(),
        size: segment::size(file),
        file_id: id,
        mime_type: None,
    })
}

/// The line's JSON. What is no JSON becomes a JSON string.
fn tip(node: &Node<'_>) -> String {
    let raw = node.at("raw_info").at("json");
    match if node.at("content").is_null() { raw } else { node.at("content") } {
        Node::Null => "{}".to_owned(),
        Node::Text(text) if serde_json::from_str::<IgnoredAny>(text).is_ok() => text.to_string(),
        other => other.json(),
    }
}

fn place(node: &Node<'_>) -> Option<Chat> {
    match node.at("group_id").known_id() {
        Some(group) => Some(Chat::Group(group)),
        None => node.at("user_id").known_id().map(Chat::Private),
    }
}

fn reason(node: &Node<'_>) -> Option<String> {
    let words: Vec<String> = ["tag", "message"].iter().filter_map(|key| node.at(key).words()).collect();
    Some(words.join(": ")).filter(|reason| !reason.is_empty())
}
