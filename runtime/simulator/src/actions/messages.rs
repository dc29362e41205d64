//! Messages: fetching, histories, reactions, quick operations.

use serde_json::{Value, json};

use super::{KERNEL, NULL, Row, VOID, flag, people::answer_request, send_as, text};
use crate::{
    Format,
    answer::Outcome,
    cq,
    world::{World, id},
};

pub(super) const ACTIONS: &[Row] = &[
    ("delete_msg", &["message_id"], delete_msg),
    ("get_msg", &["message_id"], get_msg),
    ("get_forward_msg", &[], get_forward_msg),
    ("get_group_msg_history", &["group_id"], |world, params| history(world, params, "group_id")),
    ("get_friend_msg_history", &["user_id"], |world, params| history(world, params, "target_id")),
    ("forward_friend_single_msg", &["message_id", "user_id"], forward_one),
    ("forward_group_single_msg", &["message_id", "group_id"], forward_one),
    ("mark_msg_as_read", &[], NULL),
    ("mark_private_msg_as_read", &[], NULL),
    ("mark_group_msg_as_read", &[], NULL),
    ("_mark_all_as_read", &[], NULL),
    ("set_msg_emoji_like", &["message_id", "emoji_id"], react),
    ("fetch_emoji_like", &["message_id", "emojiId", "emojiType"], |world, params| {
        let users = reactions(world, params, "emojiId").into_iter();
        let list: Vec<_> =
            users.map(|(user, name)| json!({"tinyId": user, "nickName": name, "headUrl": ""})).collect();
        Outcome::Data(json!({"emojiLikesList": list, "cookie": "", "isLastPage": true, "isFirstPage": true,
            "result": 0, "errMsg": ""}))
    }),
    ("get_emoji_likes", &["message_id", "emoji_id"], |world, params| {
        let users = reactions(world, params, "emoji_id").into_iter();
        let list: Vec<_> = users.map(|(user, name)| json!({"user_id": user, "nick_name": name})).collect();
        Outcome::Data(json!({"emoji_like_list": list}))
    }),
    ("fetch_ptt_text", &["message_id"], |world, params| {
        match message_id(params).and_then(|id| world.message(id)) {
            Some(_) => Outcome::Data(json!({"text": "语音的文字"})),
            None => Outcome::failed("消息不存在"),
        }
    }),
    ("get_recent_contact", &[], recent),
    ("send_poke", &["user_id"], poke),
    ("group_poke", &["user_id"], poke),
    ("friend_poke", &["user_id"], poke),
    ("click_inline_keyboard_button", &["group_id", "bot_appid"], KERNEL),
    ("send_group_ark_share", &["group_id"], |_, _| ark()),
    ("ArkShareGroup", &["group_id"], |_, _| ark()),
    ("send_ark_share", &[], |_, _| ark_peer()),
    ("ArkSharePeer", &[], |_, _| ark_peer()),
    ("get_mini_app_ark", &[], |_, params| {
        let detail = json!({"title": params["title"], "desc": params["desc"], "preview": params["picUrl"],
            "qqdocurl": params["jumpUrl"]});
        Outcome::Data(json!({"data": {"app": "com.tencent.miniapp_01", "meta": {"detail_1": detail}}}))
    }),
    ("create_collection", &["rawData", "brief"], KERNEL),
    ("get_collection_list", &["category"], |_, _| {
        let list = json!({"collectionItemList": []});
        Outcome::Data(json!({"errCode": 0, "errMsg": "", "collectionSearchList": list}))
    }),
    (".handle_quick_operation", &["context", "operation"], quick),
    ("send_group_sign", &["group_id"], VOID),
];

/// The id of the message that a request is about.
pub(super) fn message_id(params: &Value) -> Option<i64> {
    let id = &params["message_id"];
    id.as_i64().or_else(|| id.as_str()?.parse().ok())
}

fn ark() -> Outcome {
    Outcome::Data(json!({"app": "com.tencent.contact.lua", "view": "contact"}).to_string().into())
}

fn ark_peer() -> Outcome {
    let card = json!({"app": "com.tencent.contact.lua", "view": "contact"}).to_string();
    Outcome::Data(json!({"errCode": 0, "errMsg": "", "arkMsg": card}))
}

fn delete_msg(world: &mut World, params: &Value) -> Outcome {
    let Some(message) = message_id(params).and_then(|id| world.recall(id)) else {
        return Outcome::failed("Recall failed");
    };
    let (user, id) = (&message["user_id"], &message["message_id"]);
    if message["message_type"] == "group" {
        world.notify(json!({"group_id": message["group_id"], "user_id": user, "notice_type": "group_recall",
            "operator_id": world.options.self_id, "message_id": id}));
    } else {
        world.notify(json!({"notice_type": "friend_recall", "user_id": user, "message_id": id}));
    }
    Outcome::Data(Value::Null)
}

fn get_msg(world: &mut World, params: &Value) -> Outcome {
    let Some(message) = message_id(params).and_then(|id| world.message(id)) else {
        return Outcome::failed("消息不存在");
    };
    let mut message = rendered(message, world.options.format);
    let about = message["message_id"].as_i64().unwrap_or_default();
    let likes: Vec<_> = world
        .reactions
        .iter()
        .filter(|((message, _), users)| *message == about && !users.is_empty())
        .map(|((_, emoji), users)| {
            json!({"emoji_id": emoji, "emoji_type": "1", "likes_cnt": users.len().to_string()})
        })
        .collect();
    message["emoji_likes_list"] = likes.into();
    Outcome::Data(message)
}

/// A message in the connection's message format, whichever it was pushed in.
fn rendered(message: &Value, format: Format) -> Value {
    let mut message = message.clone();
    match (&message["message"], format) {
        (Value::Array(segments), Format::String) => {
            message["message"] = cq::encode(segments).into();
            message["message_format"] = "string".into();
        }
        (Value::String(text), Format::Array) => {
            message["message"] = cq::decode(text).into();
            message["message_format"] = "array".into();
        }
        _ => {}
    }
    message
}

fn get_forward_msg(world: &mut World, params: &Value) -> Outcome {
    let given = ["id", "message_id"].iter().map(|name| &params[name]).find(|value| !value.is_null());
    let Some(given) = given else { return Outcome::failed("message_id is required") };
    let key = given.as_str().map_or_else(|| given.to_string(), str::to_owned);
    let of_message = || {
        let message = rendered(world.message(key.parse().ok()?)?, Format::Array);
        let forward = message["message"].as_array()?.iter().find(|part| part["type"] == "forward")?;
        world.forwards.get(forward["data"]["id"].as_str()?)
    };
    let messages = world.forwards.get(&key).or_else(of_message);
    match messages {
        Some(messages) => {
            let messages: Vec<_> = messages.iter().map(|message| rendered(message, Format::Array)).collect();
            Outcome::Data(json!({"messages": messages}))
        }
        None => Outcome::failed("消息已过期或者为内层消息，无法获取转发消息"),
    }
}

fn history(world: &mut World, params: &Value, key: &str) -> Outcome {
    let chat = id(&params[if key == "group_id" { "group_id" } else { "user_id" }]);
    let kind = if key == "group_id" { "group" } else { "private" };
    let until = params["message_seq"].as_i64().or_else(|| params["message_seq"].as_str()?.parse().ok());
    let mut messages: Vec<_> = world
        .messages()
        .filter(|message| message["message_type"] == kind && id(&message[key]) == chat)
        .collect();
    if let Some(until) = until.filter(|until| *until != 0) {
        match messages.iter().position(|message| message["message_id"] == until) {
            Some(last) => messages.truncate(last + 1),
            None => return Outcome::failed(format!("消息{until}不存在")),
        }
    }
    if messages.is_empty() {
        return Outcome::failed("消息undefined不存在");
    }
    let count = id(&params["count"]).map_or(20, |count| count as usize);
    let newest = &messages[messages.len().saturating_sub(count)..];
    let mut newest: Vec<_> = newest.iter().map(|message| rendered(message, world.options.format)).collect();
    if ["reverse_order", "reverseOrder"].iter().any(|name| params[name] == true || params[name] == "true") {
        newest.reverse();
    }
    Outcome::Data(json!({"messages": newest}))
}

fn forward_one(world: &mut World, params: &Value) -> Outcome {
    let Some(message) = message_id(params).and_then(|id| world.message(id)) else {
        return Outcome::failed("无法找到消息");
    };
    let message = rendered(message, Format::Array)["message"].clone();
    let target = json!({"group_id": params["group_id"], "user_id": params["user_id"], "message": message});
    match send_as(world, "send_msg", &target) {
        Outcome::Data(_) => Outcome::Data(Value::Null),
        failed => failed,
    }
}

fn react(world: &mut World, params: &Value) -> Outcome {
    let Some(message) = message_id(params).and_then(|id| world.message(id)).cloned() else {
        return Outcome::failed("msg not found");
    };
    let (emoji, self_id) = (text(&params["emoji_id"]), world.options.self_id);
    let on = flag(&params["set"]).unwrap_or(true);
    let key = (message["message_id"].as_i64().unwrap_or_default(), emoji.clone());
    let users = world.reactions.entry(key).or_default();
    let changed = if on { users.insert(self_id) } else { users.remove(&self_id) };
    if changed && message["message_type"] == "group" {
        world.notify(json!({"group_id": message["group_id"], "user_id": self_id,
            "notice_type": "group_msg_emoji_like", "message_id": message["message_id"],
            "likes": [{"emoji_id": emoji, "count": 1}], "is_add": on}));
    }
    Outcome::Data(json!({"result": 0, "errMsg": ""}))
}

fn reactions(world: &World, params: &Value, emoji: &str) -> Vec<(String, String)> {
    let key = (message_id(params).unwrap_or_default(), text(&params[emoji]));
    let users = world.reactions.get(&key).into_iter().flatten();
    users.map(|user| (user.to_string(), world.name(*user))).collect()
}

fn recent(world: &mut World, params: &Value) -> Outcome {
    let mut seen = Vec::new();
    let mut messages: Vec<_> = world.messages().collect();
    messages.reverse();
    let list = messages.into_iter().filter_map(|message| {
        let group = message["message_type"] == "group";
        let peer = text(&message[if group { "group_id" } else { "target_id" }]);
        if seen.contains(&(group, peer.clone())) {
            return None;
        }
        seen.push((group, peer.clone()));
        let name = &message["sender"];
        Some(json!({"lastestMsg": rendered(message, world.options.format), "peerUin": peer, "remark": "",
            "msgTime": text(&message["time"]), "chatType": if group { 2 } else { 1 },
            "msgId": text(&message["message_id"]), "sendNickName": name["nickname"],
            "sendMemberName": name["card"], "peerName": message["group_name"].as_str().unwrap_or_default()}))
    });
    let count = id(&params["count"]).map_or(10, |count| count as usize);
    Outcome::Data(list.take(count).collect())
}

fn poke(world: &mut World, params: &Value) -> Outcome {
    let self_id = world.options.self_id;
    let target = id(&params["target_id"]).or_else(|| id(&params["user_id"])).unwrap_or_default();
    let mut notice = json!({"notice_type": "notify", "sub_type": "poke", "target_id": target});
    match id(&params["group_id"]) {
        Some(group) => {
            notice["group_id"] = group.into();
            notice["user_id"] = self_id.into();
        }
        None => {
            notice["user_id"] = id(&params["user_id"]).into();
            notice["sender_id"] = self_id.into();
        }
    }
    notice["raw_info"] = crate::kinds::poke_parts();
    world.notify(notice);
    Outcome::Void
}

/// What the answer to a POST asks for. Deleting, kicking and muting are accepted and ignored, as by NapCat.
fn quick(world: &mut World, params: &Value) -> Outcome {
    let (context, operation) = (&params["context"], &params["operation"]);
    let reply = &operation["reply"];
    let done = match context["post_type"].as_str() {
        Some("message" | "message_sent") if !reply.is_null() && *reply != "" => {
            let mut message = Vec::new();
            if context["message_type"] == "group" {
                message.push(json!({"type": "reply", "data": {"id": text(&context["message_id"])}}));
                if flag(&operation["at_sender"]) == Some(true) {
                    message.push(json!({"type": "at", "data": {"qq": text(&context["user_id"])}}));
                }
            }
            message.extend(crate::send::segments(reply, operation));
            send_as(
                world,
                "send_msg",
                &json!({"message_type": context["message_type"],
                "group_id": context["group_id"], "user_id": context["user_id"], "message": message}),
            )
        }
        Some("request") if !operation["approve"].is_null() => {
            let answer = json!({"flag": context["flag"], "approve": operation["approve"],
                "reason": operation["reason"]});
            answer_request(world, &answer)
        }
        _ => Outcome::Void,
    };
    if let Outcome::Data(_) = done { Outcome::Void } else { done }
}
