//! One of each event and segment of OneBot v11, NapCat and its relatives: a file of the corpus where there is one, else
//! made from the protocol's fields.

use serde_json::{Value, json};

use super::{ME, payload};

/// Every event by its name, which is the way down to it: post type, kind and sub-type.
pub(super) fn events() -> Vec<(&'static str, String)> {
    let mut events: Vec<(&str, String)> =
        RECORDED.iter().map(|(name, file)| (*name, payload(file))).collect();
    events.extend(made().into_iter().map(|(name, event, _)| (name, event.to_string())));
    events
}

/// The name of an event, and the file that holds one.
const RECORDED: [(&str, &str); 44] = [
    ("meta_event/lifecycle/connect", "meta_lifecycle_connect"),
    ("meta_event/lifecycle/enable", "meta_lifecycle_enable_standard"),
    ("meta_event/heartbeat", "meta_heartbeat"),
    ("message/private/friend", "message_private_friend_text"),
    ("message/private/group", "message_private_group_temp_unknown_group"),
    ("message/group/normal", "message_group_normal_text"),
    ("message/group/anonymous", "message_group_anonymous_standard"),
    ("message_sent/private", "message_sent_private"),
    ("notice/group_upload", "notice_group_upload"),
    ("notice/group_admin/set", "notice_group_admin_set"),
    ("notice/group_admin/unset", "notice_group_admin_unset"),
    ("notice/group_decrease/leave", "notice_group_decrease_leave"),
    ("notice/group_decrease/kick", "notice_group_decrease_kick"),
    ("notice/group_decrease/kick_me", "notice_group_decrease_kick_me"),
    ("notice/group_decrease/disband", "notice_group_decrease_disband"),
    ("notice/group_increase/approve", "notice_group_increase_approve"),
    ("notice/group_increase/invite", "notice_group_increase_invite"),
    ("notice/group_ban/ban", "notice_group_ban_ban"),
    ("notice/group_ban/lift_ban", "notice_group_ban_lift_ban"),
    ("notice/friend_add", "notice_friend_add"),
    ("notice/group_recall", "notice_group_recall"),
    ("notice/friend_recall", "notice_friend_recall"),
    ("notice/group_card", "notice_group_card"),
    ("notice/group_msg_emoji_like", "notice_group_msg_emoji_like_remove"),
    ("notice/essence/add", "notice_essence_add_message_id_missing"),
    ("notice/notify/poke", "notice_notify_poke_friend"),
    ("notice/notify/group_name", "notice_notify_group_name"),
    ("notice/notify/input_status", "notice_notify_input_status"),
    ("notice/notify/profile_like", "notice_notify_profile_like"),
    ("notice/notify/lucky_king", "notice_notify_lucky_king_standard"),
    ("notice/notify/honor", "notice_notify_honor_standard"),
    ("notice/online_file_receive/cancel", "notice_online_file_receive_cancel"),
    ("notice/online_file_send/refuse", "notice_online_file_send_refuse"),
    ("notice/offline_file", "notice_offline_file_gocq"),
    ("notice/client_status", "notice_client_status_gocq"),
    ("request/friend", "request_friend"),
    ("request/group/add", "request_group_add"),
    // Kinds that nobody has heard of yet.
    ("*", "event_unknown_post_type"),
    ("notice/*", "notice_unknown_type"),
    // Shapes of the same events that other builds and implementations send.
    ("meta_event/heartbeat", "meta_heartbeat_offline"),
    ("notice/group_ban/lift_ban", "notice_group_ban_whole_lift"),
    ("notice/group_msg_emoji_like", "notice_group_msg_emoji_like_no_is_add"),
    ("notice/notify/poke", "notice_notify_poke_group_target_zero"),
    ("notice/notify/poke", "notice_notify_poke_group_old_raw_message"),
];

fn event(fields: &Value) -> Value {
    let mut event = json!({"time": 1_747_107_600, "self_id": 3_892_215_616_i64});
    for (key, value) in fields.as_object().unwrap() {
        event[key] = value.clone();
    }
    event
}

fn notice(fields: &Value) -> Value {
    let mut notice = event(&json!({"post_type": "notice"}));
    for (key, value) in fields.as_object().unwrap() {
        notice[key] = value.clone();
    }
    notice
}

fn typed(kind: &str, data: &Value) -> Value {
    json!({"type": "notice", "data": {"type": kind, "data": data}})
}

/// An event without a case: its whole text is the data.
fn other(kind: &str, event: &Value, place: &Value) -> Value {
    let mut data = json!({"kind": kind, "data": event.to_string()});
    for (key, value) in place.as_object().unwrap() {
        data[key] = value.clone();
    }
    json!({"type": "other", "data": data})
}

/// Events that the corpus has no file for: name, event, and the body that is expected.
pub(super) fn made() -> Vec<(&'static str, Value, Value)> {
    let mut made = made_messages();
    made.extend(made_notices());
    made.extend(made_relatives());
    made.extend(made_requests());
    made
}

fn made_messages() -> Vec<(&'static str, Value, Value)> {
    let message = |fields: &Value| {
        let mut message = event(&json!({
            "post_type": "message", "message_id": 7, "user_id": 5_079_132, "message": "hi", "raw_message": "hi",
            "sender": {"user_id": 5_079_132, "nickname": "n", "card": ""},
        }));
        for (key, value) in fields.as_object().unwrap() {
            message[key] = value.clone();
        }
        message
    };
    let body = |case: &str, chat: Value, sub_kind: Option<&str>, to_me: bool, sender: &str| {
        let mut body = json!({"type": case, "data": {
            "id": "7",
            "chat": chat,
            "sender": {"id": sender, "nickname": "n", "role": "unknown", "roles": [], "is_bot": false},
            "time": 1_747_107_600.0,
            "content": [{"type": "text", "data": "hi"}],
            "text": "hi",
            "raw": "hi",
            "to_me": to_me,
        }});
        if let Some(kind) = sub_kind {
            body["data"]["sub_kind"] = json!(kind);
        }
        body
    };
    let me: i64 = ME.parse().unwrap();
    let friend = json!({"type": "private", "data": "5079132"});
    let group = json!({"type": "group", "data": "1"});
    vec![
        (
            "message/private/other",
            message(&json!({"message_type": "private", "sub_type": "other"})),
            body("message", friend.clone(), Some("other"), true, "5079132"),
        ),
        (
            "message/private/group_self",
            message(&json!({"message_type": "private", "sub_type": "group_self"})),
            body("message", friend.clone(), Some("group_self"), true, "5079132"),
        ),
        (
            "message/private/group",
            message(
                &json!({"message_type": "private", "sub_type": "group", "group_id": 1, "temp_source": 0}),
            ),
            body(
                "message",
                json!({"type": "temporary", "data": {"user": "5079132", "group": "1"}}),
                Some("group"),
                true,
                "5079132",
            ),
        ),
        (
            "message/private/group",
            message(&json!({
                "message_type": "private", "temp_source": 3,
                "sender": {"user_id": 5_079_132, "nickname": "n", "group_id": 1},
            })),
            body(
                "message",
                json!({"type": "temporary", "data": {"user": "5079132", "group": "1"}}),
                None,
                true,
                "5079132",
            ),
        ),
        (
            "message/group/notice",
            message(&json!({"message_type": "group", "sub_type": "notice", "group_id": 1})),
            body("message", group.clone(), Some("notice"), false, "5079132"),
        ),
        (
            "message_sent/group",
            message(&json!({
                "post_type": "message_sent", "message_type": "group", "sub_type": "normal", "message_sent_type": "self",
                "group_id": 1, "target_id": 1, "user_id": me,
            })),
            body("message-sent", group.clone(), Some("normal"), false, ME),
        ),
        // Without `group_id`, the other side is the group.
        (
            "message_sent/group",
            message(
                &json!({"post_type": "message_sent", "message_type": "group", "target_id": 1, "user_id": me}),
            ),
            body("message-sent", group, None, false, ME),
        ),
        // As other implementations tell own messages.
        (
            "message_sent/private",
            message(
                &json!({"message_type": "private", "sub_type": "friend", "target_id": 5_079_132, "user_id": me}),
            ),
            body("message-sent", friend.clone(), Some("friend"), true, ME),
        ),
        // The string form under its other name alone, the sender in `sender` alone, milliseconds.
        (
            "message/private/friend",
            message(
                &json!({"message_type": "private", "message": null, "user_id": null, "time": 1_747_107_600_000_i64}),
            ),
            body("message", friend, None, true, "5079132"),
        ),
    ]
}

fn made_notices() -> Vec<(&'static str, Value, Value)> {
    let poke_words =
        json!([{"type": "qq", "uid": "u_x"}, {"type": "nor", "txt": "拍了拍"}, {"type": "qq", "uid": "u_y"}]);
    let me: i64 = ME.parse().unwrap();
    vec![
        (
            "meta_event/lifecycle/disable",
            event(&json!({"post_type": "meta_event", "meta_event_type": "lifecycle", "sub_type": "disable"})),
            json!({"type": "bot-state", "data": {"state": "disable"}}),
        ),
        (
            "notice/group_ban/ban",
            notice(&json!({
                "notice_type": "group_ban", "sub_type": "ban", "group_id": 1, "user_id": 0, "operator_id": 9,
                "duration": -1,
            })),
            typed("muted", &json!({"group": "1", "operator": "9", "seconds": -1})),
        ),
        (
            "notice/group_increase/approve",
            notice(&json!({
                "notice_type": "group_increase", "sub_type": "approve", "group_id": 1, "user_id": me, "operator_id": 0,
            })),
            typed("bot-joined", &json!({"group": "1", "how": "approve"})),
        ),
        (
            "notice/group_decrease/leave",
            notice(&json!({
                "notice_type": "group_decrease", "sub_type": "leave", "group_id": 1, "user_id": me, "operator_id": 0,
            })),
            typed("bot-left", &json!({"group": "1", "how": "leave"})),
        ),
        (
            "notice/essence/delete",
            notice(&json!({
                "notice_type": "essence", "sub_type": "delete", "group_id": 1, "user_id": 2, "sender_id": 2,
                "operator_id": 3, "message_id": -4,
            })),
            typed(
                "essence",
                &json!({"group": "1", "message": "-4", "sender": "2", "operator": "3", "added": false}),
            ),
        ),
        (
            "notice/notify/poke",
            notice(&json!({
                "notice_type": "notify", "sub_type": "poke", "group_id": 1, "user_id": 2, "target_id": 3,
                "raw_info": poke_words,
            })),
            typed(
                "poked",
                &json!({"chat": {"type": "group", "data": "1"}, "sender": "2", "target": "3", "text": "拍了拍"}),
            ),
        ),
        // A private poke of other implementations: `user_id` is who poked, here the bot.
        (
            "notice/notify/poke",
            notice(&json!({"notice_type": "notify", "sub_type": "poke", "user_id": me, "target_id": 3})),
            typed("poked", &json!({"chat": {"type": "private", "data": "3"}, "sender": ME, "target": "3"})),
        ),
        (
            "notice/notify/title",
            notice(&json!({
                "notice_type": "notify", "sub_type": "title", "group_id": 1, "user_id": 2, "title": "龙骑士",
            })),
            typed("title-changed", &json!({"group": "1", "user": "2", "after": "龙骑士"})),
        ),
        (
            "notice/notify/gray_tip",
            notice(&json!({
                "notice_type": "notify", "sub_type": "gray_tip", "group_id": 1, "user_id": 2, "message_id": 3,
                "busi_id": "19217", "content": "{\"items\":[]}",
                "raw_info": {"msgSeq": "1", "msgTime": "1", "msgId": "1", "json": "{}"},
            })),
            typed(
                "gray-tip",
                &json!({
                    "chat": {"type": "group", "data": "1"}, "user": "2", "message": "3", "kind": "19217",
                    "content": "{\"items\":[]}",
                }),
            ),
        ),
        (
            "notice/bot_offline",
            notice(
                &json!({"notice_type": "bot_offline", "user_id": me, "tag": "下线通知", "message": "请重新登录。"}),
            ),
            json!({"type": "bot-state", "data": {"state": "offline", "reason": "下线通知: 请重新登录。"}}),
        ),
        (
            "notice/online_file_send/receive",
            notice(&json!({"notice_type": "online_file_send", "sub_type": "receive", "peer_id": 2})),
            typed("online-file", &json!({"user": "2", "from_me": true, "state": "receive"})),
        ),
    ]
}

/// What LLOneBot and Lagrange send beside it.
fn made_relatives() -> Vec<(&'static str, Value, Value)> {
    let reaction = |sub_type: &str| {
        notice(&json!({
            "notice_type": "reaction", "sub_type": sub_type, "group_id": 1, "message_id": -5, "operator_id": 2,
            "code": "128077", "count": 3,
        }))
    };
    let reacted = |added: bool| {
        typed(
            "reaction",
            &json!({
                "chat": {"type": "group", "data": "1"}, "message": "-5", "user": "2", "emoji": "128077", "count": 3,
                "added": added,
            }),
        )
    };
    let in_group = json!({"chat": {"type": "group", "data": "1"}, "user": "2"});
    let in_private = json!({"chat": {"type": "private", "data": "2"}, "user": "2"});
    let poke_recall =
        notice(&json!({"notice_type": "notify", "sub_type": "poke_recall", "group_id": 1, "user_id": 2}));
    let flash_file = notice(&json!({
        "notice_type": "flash_file", "sub_type": "downloading", "user_id": 2, "file_set_id": "f", "title": "t",
    }));
    let unknown_message = event(&json!({"post_type": "message", "message_type": "guild", "user_id": 2}));
    vec![
        ("notice/reaction/add", reaction("add"), reacted(true)),
        ("notice/reaction/remove", reaction("remove"), reacted(false)),
        (
            "notice/bot_online",
            notice(&json!({"notice_type": "bot_online", "reason": "x"})),
            json!({"type": "bot-state", "data": {"state": "online"}}),
        ),
        (
            "notice/group_dismiss",
            notice(&json!({"notice_type": "group_dismiss", "group_id": 1, "user_id": 2})),
            typed("bot-left", &json!({"group": "1", "operator": "2", "how": "disband"})),
        ),
        (
            "notice/notify/poke_recall",
            poke_recall.clone(),
            other("notify/poke_recall", &poke_recall, &in_group),
        ),
        ("notice/flash_file", flash_file.clone(), other("flash_file", &flash_file, &in_private)),
        ("message/*", unknown_message.clone(), other("message/guild", &unknown_message, &in_private)),
    ]
}

fn made_requests() -> Vec<(&'static str, Value, Value)> {
    let invite = event(&json!({
        "post_type": "request", "request_type": "group", "sub_type": "invite", "group_id": 1, "user_id": 2,
        "comment": "", "flag": "1747107600223456",
    }));
    let without =
        event(&json!({"post_type": "request", "request_type": "group", "sub_type": "add", "group_id": 1}));
    vec![
        (
            "request/group/invite",
            invite,
            json!({"type": "request", "data": {"type": "invite", "data": {
                "group": "1", "user": "2", "comment": "", "auto_approved": false, "token": "1747107600223456",
            }}}),
        ),
        // Nothing that could be answered.
        (
            "request/*",
            without.clone(),
            other("group/add", &without, &json!({"chat": {"type": "group", "data": "1"}})),
        ),
    ]
}

/// Every kind of segment, as it is received where it is, else as the standard writes it.
pub(super) fn segments() -> Vec<(&'static str, Value)> {
    let card = "{\"app\":\"com.tencent.miniapp_01\"}";
    vec![
        ("text", json!({"text": "你好"})),
        ("face", json!({"id": "178", "resultId": null, "chainCount": null})),
        (
            "image",
            json!({"summary": "", "file": "E8.png", "sub_type": 0, "url": "https://h/?a=1&b=2", "file_size": "9"}),
        ),
        (
            "mface",
            json!({"emoji_id": "b3f2", "emoji_package_id": 231_182, "key": "1e2d", "summary": "[开心]"}),
        ),
        (
            "record",
            json!({"file": "9f.amr", "path": "/tmp/9f.amr", "url": "https://h/v", "file_size": "3052"}),
        ),
        ("video", json!({"file": "e8.mp4", "url": "https://h/v", "file_size": "1445391"})),
        ("file", json!({"file": "a.mp4", "file_id": "5c80_f798", "file_size": "14438085"})),
        ("at", json!({"qq": "10001"})),
        ("reply", json!({"id": "1136053690"})),
        ("forward", json!({"id": "7505442611578883339"})),
        (
            "node",
            json!({"user_id": "10001", "nickname": "n", "content": [{"type": "text", "data": {"text": "x"}}]}),
        ),
        ("rps", json!({"result": "2"})),
        ("dice", json!({"result": "6"})),
        ("contact", json!({"type": "group", "id": "10001"})),
        ("music", json!({"type": "163", "id": "28949129"})),
        ("json", json!({"data": card})),
        ("lightapp", json!({"data": card})),
        ("miniapp", json!({"data": card})),
        ("markdown", json!({"content": "# title"})),
        ("poke", json!({"type": "1", "id": "1"})),
        ("shake", json!({})),
        ("share", json!({"url": "https://h", "title": "t"})),
        ("location", json!({"lat": "39.9", "lon": 116.4, "title": "t"})),
        ("xml", json!({"data": "<a/>"})),
        ("keyboard", json!({"rows": [{"buttons": []}]})),
        (
            "onlinefile",
            json!({"msgId": "7505442611578883339", "elementId": "1", "fileName": "a", "fileSize": "1", "isDir": false}),
        ),
        ("flashtransfer", json!({"fileSetId": "f"})),
        ("flash_file", json!({"title": "t", "file_set_id": "f", "scene_type": 1})),
        ("anonymous", json!({"ignore": 0})),
        ("redbag", json!({"title": "t"})),
        ("gift", json!({"qq": "1", "id": "1"})),
        ("cardimage", json!({"file": "a.png"})),
        ("tts", json!({"text": "x"})),
        ("*", json!({"x": [1]})),
    ]
}
