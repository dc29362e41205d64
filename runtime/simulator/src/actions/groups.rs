//! Groups: members, moderation, essence, announcements.

use serde_json::{Value, json};

use super::{KERNEL, NULL, Row, VOID, flag, messages::message_id, text};
use crate::{
    answer::Outcome,
    world::{Member, World, id, now},
};

pub(super) const ACTIONS: &[Row] = &[
    ("get_group_list", &[], group_list),
    ("get_group_info", &["group_id"], group_info),
    ("get_group_detail_info", &["group_id"], group_info),
    ("get_group_info_ex", &["group_id"], group_info),
    ("get_group_member_list", &["group_id"], member_list),
    ("get_group_member_info", &["group_id", "user_id"], member_info),
    ("get_group_honor_info", &["group_id"], |_, params| {
        Outcome::Data(
            json!({"group_id": id(&params["group_id"]), "current_talkative": {}, "talkative_list": [],
            "performer_list": [], "legend_list": [], "emotion_list": [], "strong_newbie_list": []}),
        )
    }),
    ("get_group_shut_list", &["group_id"], muted),
    ("get_group_at_all_remain", &["group_id"], |_, _| {
        Outcome::Data(json!({"can_at_all": true, "remain_at_all_count_for_group": 20,
            "remain_at_all_count_for_uin": 10}))
    }),
    ("set_group_kick", &["group_id", "user_id"], |world, params| kick(world, params, &params["user_id"])),
    ("set_group_kick_members", &["group_id", "user_id"], |world, params| {
        let users = params["user_id"].as_array().cloned().unwrap_or_default();
        let failed = users.iter().map(|user| kick(world, params, user)).find(|done| *done != NULL_DATA);
        failed.unwrap_or(NULL_DATA)
    }),
    ("set_group_ban", &["group_id", "user_id"], ban),
    ("set_group_whole_ban", &["group_id"], |world, params| {
        let on = flag(&params["enable"]).unwrap_or(true);
        let (group, duration) = (id(&params["group_id"]), if on { -1 } else { 0 });
        in_group(
            world,
            params,
            |group| group.shut = on,
            || {
                json!({"group_id": group, "user_id": 0, "notice_type": "group_ban", "duration": duration,
                "sub_type": if on { "ban" } else { "lift_ban" }})
            },
        )
    }),
    ("set_group_admin", &["group_id", "user_id"], |world, params| {
        let on = flag(&params["enable"]) == Some(true);
        let (role, sub_type) = if on { ("admin", "set") } else { ("member", "unset") };
        on_member(world, params, "group_admin", |member, notice| {
            member.role = role.to_owned();
            notice["sub_type"] = sub_type.into();
        })
    }),
    ("set_group_card", &["group_id", "user_id"], |world, params| {
        let card = text(&params["card"]);
        on_member(world, params, "group_card", |member, notice| {
            notice["card_new"] = card.clone().into();
            notice["card_old"] = std::mem::replace(&mut member.card, card).into();
        })
    }),
    ("set_group_special_title", &["group_id", "user_id"], |world, params| {
        let title = text(&params["special_title"]);
        let done = on_member(world, params, "notify", |member, notice| {
            member.title = title.clone();
            notice["sub_type"] = "title".into();
            notice["title"] = title.into();
        });
        if done == NULL_DATA { Outcome::Void } else { done }
    }),
    ("set_group_name", &["group_id", "group_name"], |world, params| {
        let (name, self_id) = (text(&params["group_name"]), world.options.self_id);
        in_group(
            world,
            params,
            |group| group.name.clone_from(&name),
            || {
                json!({"group_id": id(&params["group_id"]), "user_id": self_id, "notice_type": "notify",
                "sub_type": "group_name", "name_new": name})
            },
        )
    }),
    ("set_group_leave", &["group_id"], |world, params| {
        let (group, self_id) = (id(&params["group_id"]).unwrap_or_default(), world.options.self_id);
        if world.groups.remove(&group).is_none() {
            return no_group(params);
        }
        world.notify(json!({"group_id": group, "user_id": self_id, "notice_type": "group_decrease",
            "operator_id": 0, "sub_type": "leave"}));
        NULL_DATA
    }),
    ("set_group_remark", &["group_id", "remark"], |world, params| {
        let remark = text(&params["remark"]);
        in_group(world, params, |group| group.remark = remark, || Value::Null)
    }),
    ("set_group_portrait", &["group_id", "file"], |_, _| {
        Outcome::Data(json!({"result": 0, "errMsg": "success"}))
    }),
    ("set_group_sign", &["group_id"], VOID),
    ("get_group_signed_list", &["group_id"], |_, _| Outcome::Data(json!([]))),
    ("set_group_add_option", &["group_id", "add_type"], NULL),
    ("set_group_robot_add_option", &["group_id"], NULL),
    ("set_group_search", &["group_id"], NULL),
    ("set_group_member_invite_policy", &["group_id", "policy"], NULL),
    ("set_group_member_permissions", &["group_id"], NULL),
    ("set_group_new_member_history_visibility", &["group_id", "visible"], NULL),
    ("set_group_todo", &["group_id"], VOID),
    ("complete_group_todo", &["group_id"], VOID),
    ("cancel_group_todo", &["group_id"], VOID),
    ("set_essence_msg", &["message_id"], essence),
    ("delete_essence_msg", &[], |world, params| {
        let about = message_id(params);
        for group in world.groups.values_mut() {
            group.essence.retain(|entry| entry["message_id"].as_i64() != about);
        }
        Outcome::Data(json!({"result": 0, "errMsg": ""}))
    }),
    ("get_essence_msg_list", &["group_id"], |world, params| listed(world, params, |group| &group.essence)),
    ("_send_group_notice", &["group_id", "content"], |world, params| {
        let (sender, notice_id) = (world.options.self_id, format!("{:016x}", world.issue_message_id()));
        let message = json!({"text": params["content"], "image": [], "images": []});
        let notice = json!({"notice_id": notice_id, "sender_id": sender, "publish_time": now(),
            "message": message, "read_num": 0});
        let done = in_group(world, params, |group| group.notices.push(notice), || Value::Null);
        if done == NULL_DATA { Outcome::Void } else { done }
    }),
    ("_get_group_notice", &["group_id"], |world, params| listed(world, params, |group| &group.notices)),
    ("_del_group_notice", &["group_id", "notice_id"], |world, params| {
        let about = params["notice_id"].clone();
        let gone =
            |group: &mut crate::world::Group| group.notices.retain(|notice| notice["notice_id"] != about);
        let done = in_group(world, params, gone, || Value::Null);
        if done == NULL_DATA { Outcome::Data(json!({"ec": 0, "em": ""})) } else { done }
    }),
    ("get_qun_album_list", &["group_id"], |_, _| {
        Outcome::Data(json!({"album_list": [], "attach_info": "", "has_more": false}))
    }),
    ("get_group_album_media_list", &["group_id", "album_id"], KERNEL),
    ("upload_image_to_qun_album", &["group_id", "album_id", "album_name", "file"], KERNEL),
    ("do_group_album_comment", &["group_id", "album_id", "lloc", "content"], KERNEL),
    ("set_group_album_media_like", &["group_id", "album_id", "batch_id"], KERNEL),
    ("cancel_group_album_media_like", &["group_id", "album_id", "batch_id"], KERNEL),
    ("del_group_album_media", &["group_id", "album_id", "lloc"], KERNEL),
];

const NULL_DATA: Outcome = Outcome::Data(Value::Null);

fn group_object(world: &World, group: u64) -> Option<Value> {
    let known = world.groups.get(&group)?;
    Some(
        json!({"group_all_shut": if known.shut { -1 } else { 0 }, "group_remark": known.remark, "group_id": group, "group_name": known.name,
        "member_count": known.members.len(), "max_member_count": 200}),
    )
}

fn group_list(world: &mut World, _: &Value) -> Outcome {
    Outcome::Data(world.groups.keys().filter_map(|group| group_object(world, *group)).collect())
}

fn group_info(world: &mut World, params: &Value) -> Outcome {
    let group = id(&params["group_id"]).and_then(|group| group_object(world, group));
    group.map_or_else(|| no_group(params), Outcome::Data)
}

fn member_object(world: &World, group: u64, user: u64) -> Option<Value> {
    let member = world.groups.get(&group)?.members.get(&user)?;
    let nickname = &world.people.get(&user)?.nickname;
    Some(
        json!({"group_id": group, "user_id": user, "nickname": nickname, "card": member.card, "sex": "unknown",
        "age": 0, "area": "", "level": "1", "qq_level": 32, "join_time": 1_700_000_000,
        "last_sent_time": now(), "title_expire_time": 0, "unfriendly": false, "card_changeable": true,
        "is_robot": false, "shut_up_timestamp": member.muted_until, "role": member.role,
        "title": member.title}),
    )
}

fn member_list(world: &mut World, params: &Value) -> Outcome {
    let known = id(&params["group_id"]).and_then(|group| Some((group, world.groups.get(&group)?)));
    let Some((group, known)) = known else {
        return no_group(params);
    };
    Outcome::Data(known.members.keys().filter_map(|user| member_object(world, group, *user)).collect())
}

fn member_info(world: &mut World, params: &Value) -> Outcome {
    let member = id(&params["group_id"]).zip(id(&params["user_id"]));
    let member = member.and_then(|(group, user)| member_object(world, group, user));
    member.map_or_else(|| no_member(params), Outcome::Data)
}

fn no_group(params: &Value) -> Outcome {
    Outcome::failed(format!("群{}不存在", params["group_id"]))
}

fn no_member(params: &Value) -> Outcome {
    Outcome::failed(format!("群({})成员{}不存在", params["group_id"], params["user_id"]))
}

/// Changes a group; the notice goes out unless it is null.
fn in_group(
    world: &mut World,
    params: &Value,
    change: impl FnOnce(&mut crate::world::Group),
    notice: impl FnOnce() -> Value,
) -> Outcome {
    let operator = world.options.self_id;
    let Some(group) = id(&params["group_id"]).and_then(|group| world.groups.get_mut(&group)) else {
        return no_group(params);
    };
    change(group);
    let mut notice = notice();
    if !notice.is_null() {
        if notice["notice_type"] == "group_ban" {
            notice["operator_id"] = operator.into();
        }
        world.notify(notice);
    }
    NULL_DATA
}

/// Changes a member; the notice goes out with what the change adds to it.
fn on_member(
    world: &mut World,
    params: &Value,
    kind: &str,
    change: impl FnOnce(&mut Member, &mut Value),
) -> Outcome {
    let (group, user) = (id(&params["group_id"]), id(&params["user_id"]));
    let member = group.and_then(|group| world.groups.get_mut(&group)?.members.get_mut(&user?));
    let Some(member) = member else { return no_member(params) };
    let mut notice = json!({"group_id": group, "user_id": user, "notice_type": kind});
    change(member, &mut notice);
    world.notify(notice);
    NULL_DATA
}

fn kick(world: &mut World, params: &Value, user: &Value) -> Outcome {
    let (group, operator) = (id(&params["group_id"]), world.options.self_id);
    let known = group.and_then(|group| world.groups.get_mut(&group)).zip(id(user));
    match known.and_then(|(known, user)| Some((user, known.members.remove(&user)?))) {
        Some((user, _)) => {
            world.notify(json!({"group_id": group, "user_id": user, "notice_type": "group_decrease",
                "operator_id": operator, "sub_type": "kick"}));
            NULL_DATA
        }
        None => no_member(params),
    }
}

fn ban(world: &mut World, params: &Value) -> Outcome {
    let (operator, duration) = (world.options.self_id, id(&params["duration"]).unwrap_or_default());
    on_member(world, params, "group_ban", |member, notice| {
        member.muted_until = if duration == 0 { 0 } else { now() + duration };
        notice["operator_id"] = operator.into();
        notice["duration"] = duration.into();
        notice["sub_type"] = if duration == 0 { "lift_ban" } else { "ban" }.into();
    })
}

fn muted(world: &mut World, params: &Value) -> Outcome {
    let Some(group) = id(&params["group_id"]).and_then(|group| world.groups.get(&group)) else {
        return no_group(params);
    };
    let muted = group.members.iter().filter(|(_, member)| member.muted_until > now());
    let list = muted.map(|(user, member)| {
        json!({"uid": format!("u_{user}"), "qid": "", "uin": user.to_string(), "nick": world.name(*user),
            "remark": "", "cardName": member.card, "role": 2, "shutUpTime": member.muted_until, "isRobot": false})
    });
    Outcome::Data(list.collect())
}

fn essence(world: &mut World, params: &Value) -> Outcome {
    let Some(message) = message_id(params).and_then(|id| world.message(id)).cloned() else {
        return Outcome::failed("msg not found");
    };
    let (sender, operator) = (&message["user_id"], world.options.self_id);
    let entry = json!({"msg_seq": text(&message["real_seq"]).parse::<u64>().unwrap_or_default(),
        "msg_random": 1, "sender_id": sender, "sender_nick": message["sender"]["nickname"],
        "operator_id": operator, "operator_nick": world.options.nickname, "operator_time": now(),
        "message_id": message["message_id"], "content": message["message"]});
    let group = json!({"group_id": message["group_id"]});
    let done = in_group(
        world,
        &group,
        |group| group.essence.push(entry),
        || {
            json!({"group_id": message["group_id"], "user_id": sender, "notice_type": "essence", "sub_type": "add",
            "operator_id": operator, "message_id": message["message_id"], "sender_id": sender})
        },
    );
    if done == NULL_DATA { Outcome::Data(json!({"result": 0, "errMsg": ""})) } else { done }
}

fn listed(world: &World, params: &Value, list: impl Fn(&crate::world::Group) -> &Vec<Value>) -> Outcome {
    let group = id(&params["group_id"]).and_then(|group| world.groups.get(&group));
    group.map_or_else(|| no_group(params), |group| Outcome::Data(list(group).clone().into()))
}
