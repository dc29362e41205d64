//! The default answers, as far as bots need them: one row of [`ACTIONS`] per action.

use serde_json::{Value, json};

use super::{
    Build, Format,
    answer::Outcome,
    cq,
    send::send,
    world::{World, id, now},
};

/// What a request did: its outcome, and the events it gave rise to.
pub(super) struct Done {
    pub(super) outcome: Outcome,
    /// The `message_sent` event of a send.
    pub(super) sent: Option<Value>,
    /// Notices that come after the answer.
    pub(super) notices: Vec<Value>,
}

impl From<Outcome> for Done {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, sent: None, notices: Vec::new() }
    }
}

type Handler = fn(&mut World, &Value) -> Outcome;

const NULL: Handler = |_, _| Outcome::Data(Value::Null);
const VOID: Handler = |_, _| Outcome::Void;
const KERNEL: Handler = |_, _| Outcome::Data(json!({"result": 0, "errMsg": ""}));

/// Name, parameters that must be there, handler. Sends and `delete_msg` stand in [`run`], since they cause events.
const ACTIONS: &[(&str, &[&str], Handler)] = &[
    ("get_login_info", &[], login_info),
    ("get_status", &[], |world, _| Outcome::Data(json!({"online": world.online, "good": true, "stat": {}}))),
    ("get_version_info", &[], version_info),
    ("can_send_image", &[], |_, _| Outcome::Data(json!({"yes": true}))),
    ("can_send_record", &[], |_, _| Outcome::Data(json!({"yes": true}))),
    ("get_msg", &["message_id"], get_msg),
    ("get_forward_msg", &[], get_forward_msg),
    ("get_group_msg_history", &["group_id"], |world, params| history(world, params, "group_id")),
    ("get_friend_msg_history", &["user_id"], |world, params| history(world, params, "target_id")),
    ("get_friend_list", &[], friend_list),
    ("get_stranger_info", &["user_id"], stranger_info),
    ("get_group_list", &[], group_list),
    ("get_group_info", &["group_id"], group_info),
    ("get_group_member_list", &["group_id"], member_list),
    ("get_group_member_info", &["group_id", "user_id"], member_info),
    ("mark_msg_as_read", &[], NULL),
    ("mark_private_msg_as_read", &[], NULL),
    ("mark_group_msg_as_read", &[], NULL),
    ("_mark_all_as_read", &[], NULL),
    ("forward_friend_single_msg", &["message_id", "user_id"], NULL),
    ("forward_group_single_msg", &["message_id", "group_id"], NULL),
    ("set_group_kick", &["group_id", "user_id"], NULL),
    ("set_group_ban", &["group_id", "user_id"], NULL),
    ("set_group_whole_ban", &["group_id"], NULL),
    ("set_group_admin", &["group_id", "user_id"], NULL),
    ("set_group_card", &["group_id", "user_id"], NULL),
    ("set_group_name", &["group_id", "group_name"], NULL),
    ("set_group_leave", &["group_id"], NULL),
    ("set_group_remark", &["group_id", "remark"], NULL),
    ("set_group_add_request", &["flag"], NULL),
    ("set_group_special_title", &["group_id", "user_id"], VOID),
    ("set_group_sign", &["group_id"], VOID),
    ("set_friend_add_request", &["flag"], VOID),
    ("set_friend_remark", &["user_id", "remark"], VOID),
    ("set_qq_avatar", &["file"], VOID),
    ("set_online_status", &["status", "ext_status", "battery_status"], NULL),
    ("set_input_status", &["user_id", "event_type"], KERNEL),
    ("set_qq_profile", &["nickname"], KERNEL),
    ("set_self_longnick", &["longNick"], KERNEL),
    ("set_essence_msg", &["message_id"], KERNEL),
    ("delete_essence_msg", &[], KERNEL),
    ("set_msg_emoji_like", &["message_id", "emoji_id"], KERNEL),
    ("delete_friend", &[], KERNEL),
    ("send_like", &["user_id"], VOID),
    ("send_poke", &["user_id"], VOID),
    ("group_poke", &["user_id"], VOID),
    ("friend_poke", &["user_id"], VOID),
];

const SENDS: &[&str] = &[
    "send_msg",
    "send_private_msg",
    "send_group_msg",
    "send_forward_msg",
    "send_private_forward_msg",
    "send_group_forward_msg",
];

/// Runs one action, or fails as NapCat does when it is unknown or lacks a parameter.
pub(super) fn run(world: &mut World, action: &str, params: &Value) -> Done {
    let name =
        ["_async", "_rate_limited"].iter().find_map(|suffix| action.strip_suffix(suffix)).unwrap_or(action);
    if SENDS.contains(&name) {
        return match send(world, name, params) {
            Some(Ok(sent)) => {
                Done { outcome: Outcome::Data(sent.answer), sent: Some(sent.event), notices: vec![] }
            }
            Some(Err(failure)) => failure.into(),
            None => Outcome::Nothing.into(),
        };
    }
    if name == "delete_msg" {
        return missing(params, &["message_id"]).map_or_else(|| delete_msg(world, params), Done::from);
    }
    match ACTIONS.iter().find(|(known, ..)| *known == name) {
        Some((_, required, handler)) => {
            missing(params, required).unwrap_or_else(|| handler(world, params)).into()
        }
        None => {
            let action = if action.is_empty() { "undefined" } else { action };
            Outcome::Failed(1404, format!("不支持的API {action}")).into()
        }
    }
}

/// The failure of a request that lacks a parameter, or has an id of the wrong type.
fn missing(params: &Value, required: &[&str]) -> Option<Outcome> {
    required.iter().find_map(|name| match &params[name] {
        Value::Null => Some(Outcome::bad_params("Schema compilation error: Expected required property")),
        value if name.ends_with("_id") && !value.is_string() && !value.is_number() => {
            Some(Outcome::bad_params("Schema compilation error: Expected string"))
        }
        _ => None,
    })
}

fn message_id(params: &Value) -> Option<i64> {
    let id = &params["message_id"];
    id.as_i64().or_else(|| id.as_str()?.parse().ok())
}

fn delete_msg(world: &mut World, params: &Value) -> Done {
    let Some(message) = message_id(params).and_then(|id| world.recall(id)) else {
        return Outcome::failed("Recall failed").into();
    };
    let mut notice = json!({"time": now(), "self_id": world.options.self_id, "post_type": "notice"});
    if message["message_type"] == "group" {
        notice["group_id"] = message["group_id"].clone();
        notice["user_id"] = message["user_id"].clone();
        notice["notice_type"] = "group_recall".into();
        notice["operator_id"] = world.options.self_id.into();
    } else {
        notice["notice_type"] = "friend_recall".into();
        notice["user_id"] = message["user_id"].clone();
    }
    notice["message_id"] = message["message_id"].clone();
    Done { outcome: Outcome::Data(Value::Null), sent: None, notices: vec![notice] }
}

fn login_info(world: &mut World, _: &Value) -> Outcome {
    Outcome::Data(json!({"user_id": world.options.self_id, "nickname": world.options.nickname}))
}

fn version_info(world: &mut World, _: &Value) -> Outcome {
    let version = if world.options.build == Build::Current { "4.18.19" } else { "4.7.45" };
    Outcome::Data(json!({"app_name": "NapCat.Onebot", "protocol_version": "v11", "app_version": version}))
}

fn get_msg(world: &mut World, params: &Value) -> Outcome {
    let Some(message) = message_id(params).and_then(|id| world.message(id)) else {
        return Outcome::failed("消息不存在");
    };
    let mut message = rendered(message, world.options.format);
    message["emoji_likes_list"] = json!([]);
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

fn friend_list(world: &mut World, _: &Value) -> Outcome {
    let friends = world.people.iter().filter(|(_, person)| person.friend).map(|(user, person)| {
        json!({"birthday_year": 0, "birthday_month": 0, "birthday_day": 0, "user_id": user, "age": 0,
            "phone_num": "", "email": "", "category_id": 0, "nickname": person.nickname, "remark": "",
            "sex": "unknown", "level": 0})
    });
    Outcome::Data(friends.collect())
}

fn stranger_info(world: &mut World, params: &Value) -> Outcome {
    let Some((user, person)) = id(&params["user_id"]).and_then(|user| Some((user, world.people.get(&user)?)))
    else {
        return Outcome::failed("无法获取用户信息");
    };
    Outcome::Data(json!({"user_id": user, "uid": format!("u_{user}"), "nickname": person.nickname, "age": 18,
        "qid": "", "qqLevel": 32, "sex": "unknown", "long_nick": "", "reg_time": 1_262_304_000, "is_vip": false,
        "is_years_vip": false, "vip_level": 0, "remark": "", "status": 10, "login_days": 0}))
}

fn group_object(world: &World, group: u64) -> Option<Value> {
    let known = world.groups.get(&group)?;
    Some(json!({"group_all_shut": 0, "group_remark": "", "group_id": group, "group_name": known.name,
        "member_count": known.members.len(), "max_member_count": 200}))
}

fn group_list(world: &mut World, _: &Value) -> Outcome {
    Outcome::Data(world.groups.keys().filter_map(|group| group_object(world, *group)).collect())
}

fn group_info(world: &mut World, params: &Value) -> Outcome {
    let group = id(&params["group_id"]).and_then(|group| group_object(world, group));
    group.map_or_else(|| Outcome::failed(format!("群{}不存在", params["group_id"])), Outcome::Data)
}

fn member_object(world: &World, group: u64, user: u64) -> Option<Value> {
    let member = world.groups.get(&group)?.members.get(&user)?;
    let nickname = &world.people.get(&user)?.nickname;
    Some(
        json!({"group_id": group, "user_id": user, "nickname": nickname, "card": member.card, "sex": "unknown",
        "age": 0, "area": "", "level": "1", "qq_level": 32, "join_time": 1_700_000_000,
        "last_sent_time": now(), "title_expire_time": 0, "unfriendly": false, "card_changeable": true,
        "is_robot": false, "shut_up_timestamp": 0, "role": member.role, "title": ""}),
    )
}

fn member_list(world: &mut World, params: &Value) -> Outcome {
    let known = id(&params["group_id"]).and_then(|group| Some((group, world.groups.get(&group)?)));
    let Some((group, known)) = known else {
        return Outcome::failed(format!("群{}不存在", params["group_id"]));
    };
    Outcome::Data(known.members.keys().filter_map(|user| member_object(world, group, *user)).collect())
}

fn member_info(world: &mut World, params: &Value) -> Outcome {
    let member = id(&params["group_id"]).zip(id(&params["user_id"]));
    let member = member.and_then(|(group, user)| member_object(world, group, user));
    let missing = || Outcome::failed(format!("群({})成员{}不存在", params["group_id"], params["user_id"]));
    member.map_or_else(missing, Outcome::Data)
}
