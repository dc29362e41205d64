//! The account, friends, users, and requests of both kinds.

use serde_json::{Value, json};

use super::{KERNEL, NULL, Row, VOID, flag, text};
use crate::{
    Build,
    answer::Outcome,
    world::{World, id},
};

pub(super) const ACTIONS: &[Row] = &[
    ("get_login_info", &[], login_info),
    ("get_status", &[], |world, _| Outcome::Data(json!({"online": world.online, "good": true, "stat": {}}))),
    ("get_version_info", &[], version_info),
    ("can_send_image", &[], |_, _| Outcome::Data(json!({"yes": true}))),
    ("can_send_record", &[], |_, _| Outcome::Data(json!({"yes": true}))),
    ("get_friend_list", &[], |world, _| Outcome::Data(friends(world).into())),
    ("get_friends_with_category", &[], |world, _| {
        let list = friends(world);
        Outcome::Data(json!([{"categoryId": 0, "categoryName": "我的好友", "categoryMbCount": list.len(),
            "buddyList": list}]))
    }),
    ("get_unidirectional_friend_list", &[], |_, _| Outcome::Data(json!([]))),
    ("get_stranger_info", &["user_id"], stranger_info),
    ("nc_get_user_status", &["user_id"], |_, _| Outcome::Data(json!({"status": 10, "ext_status": 0}))),
    ("send_like", &["user_id"], VOID),
    ("set_friend_add_request", &["flag"], answer_request),
    ("set_group_add_request", &["flag"], answer_request),
    ("get_group_system_msg", &[], system_messages),
    ("get_group_ignored_notifies", &[], |_, _| {
        Outcome::Data(json!({"invited_requests": [], "InvitedRequest": [], "join_requests": []}))
    }),
    ("get_group_ignore_add_request", &[], |_, _| Outcome::Data(json!([]))),
    ("get_doubt_friends_add_request", &[], |_, _| Outcome::Data(json!([]))),
    ("set_doubt_friends_add_request", &["flag"], KERNEL),
    ("set_friend_remark", &["user_id", "remark"], |world, params| match person(world, params) {
        Ok(user) => {
            let remark = text(&params["remark"]);
            if let Some(person) = world.people.get_mut(&user) {
                person.remark = remark;
            }
            Outcome::Void
        }
        Err(failed) => failed,
    }),
    ("delete_friend", &[], |world, params| {
        let user = id(&params["user_id"]).or_else(|| id(&params["friend_id"]));
        match user.and_then(|user| world.people.get_mut(&user)).filter(|person| person.friend) {
            Some(person) => {
                person.friend = false;
                Outcome::Data(json!({"result": 0, "errMsg": ""}))
            }
            None => Outcome::Data(json!({"valid": false, "message": "好友不存在"})),
        }
    }),
    ("get_profile_like", &[], |_, _| {
        Outcome::Data(json!({"uid": "u_self", "time": "1747107600",
            "favoriteInfo": {"userInfos": [], "total_count": 0, "last_time": 0, "today_count": 0},
            "voteInfo": {"total_count": 0, "new_count": 0, "new_nearby_count": 0, "last_visit_time": 0,
                "userInfos": []}}))
    }),
    ("set_qq_profile", &["nickname"], |world, params| {
        let (self_id, nickname) = (world.options.self_id, text(&params["nickname"]));
        world.add_person(self_id, &nickname, false);
        world.options.nickname = nickname;
        Outcome::Data(json!({"result": 0, "errMsg": ""}))
    }),
    ("set_qq_avatar", &["file"], VOID),
    ("set_self_longnick", &["longNick"], KERNEL),
    ("set_online_status", &["status", "ext_status", "battery_status"], NULL),
    ("set_diy_online_status", &["face_id"], |_, _| Outcome::Data("".into())),
    ("set_input_status", &["user_id", "event_type"], KERNEL),
    ("get_robot_uin_range", &[], |_, _| {
        Outcome::Data(json!([{"minUin": "2854196301", "maxUin": "2854216399"}]))
    }),
    ("get_online_clients", &[], |_, _| Outcome::Data(json!([]))),
    ("_get_model_show", &[], |_, params| {
        let model = params["model"].as_str().unwrap_or("napcat");
        Outcome::Data(json!([{"variants": {"model_show": model, "need_pay": false}}]))
    }),
    ("_set_model_show", &[], NULL),
    ("fetch_custom_face", &[], |_, _| Outcome::Data(json!([]))),
    ("fetch_custom_face_detail", &[], |_, _| Outcome::Data(json!([]))),
    ("add_custom_face", &["file"], KERNEL),
    ("delete_custom_face", &[], KERNEL),
    ("set_custom_face_desc", &["emoji_id", "res_id", "md5", "desc"], KERNEL),
    ("send_qzone_msg", &["content"], |_, _| Outcome::Data(json!({"tid": "0123456789abcdef"}))),
    ("delete_qzone_msg", &["tid"], VOID),
];

fn login_info(world: &mut World, _: &Value) -> Outcome {
    Outcome::Data(json!({"user_id": world.options.self_id, "nickname": world.options.nickname}))
}

fn version_info(world: &mut World, _: &Value) -> Outcome {
    let version = if world.options.build == Build::Current { "4.18.19" } else { "4.7.45" };
    Outcome::Data(json!({"app_name": "NapCat.Onebot", "protocol_version": "v11", "app_version": version}))
}

fn friends(world: &World) -> Vec<Value> {
    let friends = world.people.iter().filter(|(_, person)| person.friend).map(|(user, person)| {
        json!({"birthday_year": 0, "birthday_month": 0, "birthday_day": 0, "user_id": user, "age": 0,
            "phone_num": "", "email": "", "category_id": 0, "nickname": person.nickname,
            "remark": person.remark, "sex": "unknown", "level": 0})
    });
    friends.collect()
}

fn person(world: &World, params: &Value) -> Result<u64, Outcome> {
    let user = id(&params["user_id"]).filter(|user| world.people.contains_key(user));
    user.ok_or_else(|| Outcome::failed("无法获取用户信息"))
}

fn stranger_info(world: &mut World, params: &Value) -> Outcome {
    let Some((user, person)) = id(&params["user_id"]).and_then(|user| Some((user, world.people.get(&user)?)))
    else {
        return Outcome::failed("无法获取用户信息");
    };
    Outcome::Data(json!({"user_id": user, "uid": format!("u_{user}"), "nickname": person.nickname, "age": 18,
        "qid": "", "qqLevel": 32, "sex": "unknown", "long_nick": "", "reg_time": 1_262_304_000, "is_vip": false,
        "is_years_vip": false, "vip_level": 0, "remark": person.remark, "status": 10, "login_days": 0}))
}

/// Answers a friend or group request, whose flag must be known.
pub(super) fn answer_request(world: &mut World, params: &Value) -> Outcome {
    let given = text(&params["flag"]);
    let Some(request) = world.requests.remove(&given) else {
        return Outcome::failed("No such request");
    };
    let friend = request["request_type"] == "friend";
    if flag(&params["approve"]).unwrap_or(true) {
        approve(world, &request, friend);
    }
    if friend { Outcome::Void } else { Outcome::Data(Value::Null) }
}

fn approve(world: &mut World, request: &Value, friend: bool) {
    let user = id(&request["user_id"]).unwrap_or_default();
    if friend {
        let name = world.name(user);
        world.add_person(user, &name, true);
        return world.notify(json!({"notice_type": "friend_add", "user_id": user}));
    }
    let (group, self_id) = (id(&request["group_id"]).unwrap_or_default(), world.options.self_id);
    let invited = request["sub_type"] == "invite";
    let (joined, operator) = if invited { (self_id, user) } else { (user, self_id) };
    if invited {
        world.add_group(group, "群");
    } else {
        world.add_member(group, user, "", "member");
    }
    world.notify(json!({"group_id": group, "user_id": joined, "notice_type": "group_increase",
        "operator_id": operator, "sub_type": if invited { "invite" } else { "approve" }}));
}

fn system_messages(world: &mut World, _: &Value) -> Outcome {
    let of = |kind: &str| -> Vec<Value> {
        let known = world.requests.values().filter(|request| request["sub_type"] == kind);
        known
            .map(|request| {
                let (user, group) = (id(&request["user_id"]), id(&request["group_id"]));
                let name = world.name(user.unwrap_or_default());
                json!({"request_id": text(&request["flag"]).parse::<u64>().unwrap_or_default(),
                    "invitor_uin": user, "invitor_nick": name, "group_id": group,
                    "message": request["comment"], "checked": false, "actor": 0, "requester_nick": name,
                    "group_name": group.and_then(|group| Some(world.groups.get(&group)?.name.clone()))})
            })
            .collect()
    };
    let invited = of("invite");
    Outcome::Data(json!({"invited_requests": invited, "InvitedRequest": invited, "join_requests": of("add")}))
}
