//! What each recorded event is in the contract's terms, written by hand from the payloads and the contract.
//!
//! The values are the contract's JSON form. `{"$": pointer}` stands for that value of the payload itself: addresses
//! and raw texts that go through untouched.

use serde_json::{Value, json};

pub(super) fn table() -> Vec<(&'static str, Value)> {
    let mut table = messages();
    table.extend(group_notices());
    table.extend(other_notices());
    table.extend(requests_and_others());
    table
}

fn merged(mut base: Value, changes: &Value) -> Value {
    let fields = base.as_object_mut().unwrap();
    for (key, value) in changes.as_object().unwrap() {
        if value.is_null() {
            fields.shift_remove(key);
        } else {
            fields.insert(key.clone(), value.clone());
        }
    }
    base
}

fn user(id: &str, nickname: &str, role: &str) -> Value {
    json!({"id": id, "nickname": nickname, "role": role, "roles": [], "is_bot": false})
}

fn in_group(id: &str, content: &Value, changes: &Value) -> Value {
    let base = json!({
        "id": id,
        "chat": {"type": "group", "data": "757951413"},
        "chat_name": "测试群",
        "sender": user("5079132", "东风寄千愁", "admin"),
        "time": 1747107600.0,
        "sequence": "20501",
        "sub_kind": "normal",
        "content": content,
        "text": "",
        "raw": {"$": "/raw_message"},
        "to_me": false,
    });
    json!({"type": "message", "data": merged(base, changes)})
}

/// A recording of 2025, when NapCat gave no group names.
fn recorded_in_group(id: &str, time: f64, sequence: &str, content: &Value, text: &str) -> Value {
    let changes = json!({"chat_name": null, "time": time, "sequence": sequence, "text": text});
    in_group(id, content, &changes)
}

fn in_private(id: &str, time: f64, sequence: &str, content: &Value, changes: &Value) -> Value {
    let base = json!({
        "id": id,
        "chat": {"type": "private", "data": "5079132"},
        "sender": user("5079132", "东风寄千愁", "unknown"),
        "time": time,
        "sequence": sequence,
        "sub_kind": "friend",
        "content": content,
        "text": "",
        "raw": {"$": "/raw_message"},
        "to_me": true,
    });
    json!({"type": "message", "data": merged(base, changes)})
}

fn text(text: &str) -> Value {
    json!({"type": "text", "data": text})
}

fn from_url(pointer: &str, name: &str, size: f64) -> Value {
    json!({"source": {"type": "url", "data": {"$": pointer}}, "name": name, "size": size})
}

fn reply(message: &str) -> Value {
    json!({"type": "reply", "data": {"message": message}})
}

fn messages() -> Vec<(&'static str, Value)> {
    vec![
        (
            "message_group_anonymous_standard",
            in_group(
                "12",
                &json!([text("hi")]),
                &json!({
                    "chat_name": null,
                    "sender": user("80000000", "匿名用户", "unknown"),
                    "anonymous": {"id": "1234567", "name": "匿名用户", "token": "AgAAAA=="},
                    "sequence": null,
                    "sub_kind": "anonymous",
                    "text": "hi",
                }),
            ),
        ),
        ("message_group_debug_raw", in_group("1717986940", &json!([text("x")]), &json!({"text": "x"}))),
        ("message_group_empty_segments", in_group("1717986938", &json!([]), &json!({}))),
        (
            "message_group_face",
            in_group(
                "1717986928",
                &json!([{"type": "face", "data": {"id": "178", "text": "斜眼笑"}}]),
                &json!({}),
            ),
        ),
        (
            "message_group_file",
            in_group(
                "1717986933",
                &json!([{"type": "file", "data": {
                    "source": {"type": "platform-file", "data": "/8d3f2a10-7b6c-4d5e-9f00-112233445566"},
                    "name": "report.zip",
                    "size": 1048576.0,
                    "file_id": "/8d3f2a10-7b6c-4d5e-9f00-112233445566",
                }}]),
                &json!({}),
            ),
        ),
        (
            "message_group_forward_with_content",
            in_group(
                "1717986937",
                &json!([{"type": "forward", "data": {
                    "id": "7505442611578883339",
                    "nodes": [{
                        "message": "1010101010",
                        "sender": "5079132",
                        "nickname": "东风寄千愁",
                        "time": 1747107600.0,
                        "content": "[{\"type\":\"text\",\"data\":\"inner text\"}]",
                    }],
                }}]),
                &json!({}),
            ),
        ),
        (
            "message_group_markdown",
            in_group(
                "1717986934",
                &json!([{"type": "markdown", "data": {"content": "# title\n[link](https://example.com)"}}]),
                &json!({}),
            ),
        ),
        ("message_group_message_id_zero", in_group("0", &json!([text("x")]), &json!({"text": "x"}))),
        (
            "message_group_mface_as_image",
            in_group(
                "1717986932",
                &json!([{"type": "mface", "data": {
                    "emoji_id": "b3f2c0a4e5d61728394a5b6c7d8e9f00",
                    "package_id": "231182",
                    "key": "1e2d3c4b5a697887",
                    "summary": "[开心]",
                    "media": {
                        "source": {"type": "url", "data": {"$": "/message/0/data/url"}},
                        "name": "b3-b3f2c0a4e5d61728394a5b6c7d8e9f00.gif",
                    },
                }}]),
                &json!({}),
            ),
        ),
        (
            "message_group_normal_forward",
            recorded_in_group(
                "1418180990",
                1747497034.0,
                "20879",
                &json!([{"type": "forward", "data": {"id": "7505442611578883339", "nodes": []}}]),
                "",
            ),
        ),
        (
            "message_group_normal_mixed_reply_at_all_at_image",
            recorded_in_group(
                "361878627",
                1747107572.0,
                "20472",
                &json!([
                    reply("265662236"),
                    {"type": "at", "data": {"type": "everyone"}},
                    text(" test message"),
                    {"type": "at", "data": {"type": "user", "data": {"id": "1090558688", "is_self": false}}},
                    {"type": "image", "data": {
                        "media": from_url("/message/4/data/url", "E8C195761CEDA1D66763414CB8EE494E.png", 9299.0),
                        "sub_type": "0",
                    }},
                    {"type": "image", "data": {
                        "media": from_url("/message/5/data/url", "5B0370E3C9EA52C6A1104EC94EF92022.jpg", 155336.0),
                        "summary": "[动画表情]",
                        "sub_type": "1",
                    }},
                ]),
                "test message",
            ),
        ),
        (
            "message_group_normal_negative_id_old_build",
            in_group(
                "-2147483070",
                &json!([text("一段文字")]),
                &json!({
                    "chat": {"type": "group", "data": "66666"},
                    "chat_name": null,
                    "sender": user("88888", "Tsang", "member"),
                    "time": 1719903635.0,
                    "sequence": null,
                    "text": "一段文字",
                }),
            ),
        ),
        (
            "message_group_normal_role_missing",
            in_group(
                "1717986919",
                &json!([text("另一段文字")]),
                &json!({"sender": user("5079132", "Nein", "unknown"), "text": "另一段文字"}),
            ),
        ),
        (
            "message_group_normal_string_format",
            in_group("1717986920", &json!([text("a[b]&,c")]), &json!({"text": "a[b]&,c"})),
        ),
        (
            "message_group_normal_text",
            recorded_in_group("2096329721", 1747107314.0, "20471", &json!([text("test")]), "test"),
        ),
        (
            "message_group_normal_with_group_name",
            in_group("1717986918", &json!([text("hello")]), &json!({"text": "hello"})),
        ),
        (
            "message_group_rps",
            in_group("1717986930", &json!([{"type": "rps", "data": {"outcome": "2"}}]), &json!({})),
        ),
        (
            "message_group_string_ids",
            in_group(
                "1717986941",
                &json!([
                    {"type": "at", "data": {"type": "user", "data": {"id": "3892215616", "is_self": true}}},
                    reply("123"),
                    text("x"),
                ]),
                &json!({"text": "x", "to_me": true}),
            ),
        ),
        (
            "message_group_unknown_segment",
            in_group(
                "1717986939",
                &json!([
                    {"type": "other", "data": {
                        "kind": "some_future_type",
                        "data": "{\"a\":1,\"b\":null,\"c\":{\"d\":[true]}}",
                    }},
                    text("x"),
                ]),
                &json!({"text": "x"}),
            ),
        ),
        (
            "message_private_friend_file",
            in_private(
                "857587672",
                1746714192.0,
                "778",
                &json!([{"type": "file", "data": {
                    "source": {"type": "url", "data": {"$": "/message/0/data/url"}},
                    "name": "到底是谁发明的外包？！ [BV147G1zQEri_p1].mp4",
                    "size": 14438085.0,
                    "file_id": "5c804d00f95b09df4de35ea1c783c368_f798da46-2c17-11f0-bf38-8307ae91f46d",
                }}]),
                &json!({}),
            ),
        ),
        (
            "message_private_friend_image_sticker",
            in_private(
                "139470241",
                1746676132.0,
                "776",
                &json!([{"type": "image", "data": {
                    "media": from_url("/message/0/data/url", "E92B84F12C57E19094B70F8292AD6FC2.jpg", 434.0),
                    "summary": "[动画表情]",
                    "sub_type": "1",
                }}]),
                &json!({}),
            ),
        ),
        (
            "message_private_friend_json_miniapp",
            in_private(
                "2090718095",
                1746714488.0,
                "784",
                &json!([{"type": "card", "data": {"$": "/message/0/data/data"}}]),
                &json!({}),
            ),
        ),
        (
            "message_private_friend_record",
            in_private(
                "1717986926",
                1747107600.0,
                "20501",
                &json!([{"type": "voice", "data": {
                    "media": from_url("/message/0/data/url", "9f2c3a1e5b7d4e60a1b2c3d4e5f60718.amr", 3052.0),
                }}]),
                &json!({}),
            ),
        ),
        (
            "message_private_friend_reply",
            in_private(
                "2127648876",
                1746673981.0,
                "772",
                &json!([reply("1136053690"), text("aa")]),
                &json!({"text": "aa"}),
            ),
        ),
        (
            "message_private_friend_text",
            in_private("1136053690", 1746673640.0, "770", &json!([text("你好")]), &json!({"text": "你好"})),
        ),
        (
            "message_private_friend_text_image_mixed",
            in_private(
                "1352199344",
                1746674878.0,
                "773",
                &json!([
                    text("哈哈"),
                    {"type": "image", "data": {
                        "media": from_url("/message/1/data/url", "2490A74D2F133CC4D491994263FA51A9.png", 7072.0),
                        "sub_type": "0",
                    }},
                    text("啊啊"),
                ]),
                &json!({"text": "哈哈啊啊"}),
            ),
        ),
        (
            "message_private_friend_video",
            in_private(
                "1402027004",
                1746714122.0,
                "777",
                &json!([{"type": "video", "data": {
                    "media": from_url("/message/0/data/url", "e8996238c43fed13f729cc50fa63247e.mp4", 1445391.0),
                }}]),
                &json!({}),
            ),
        ),
        (
            "message_private_group_temp_unknown_group",
            in_private(
                "1717986923",
                1747107600.0,
                "20501",
                &json!([text("临时会话消息")]),
                &json!({
                    "chat": {"type": "temporary", "data": {"user": "5079132"}},
                    "sender": user("5079132", "临时会话", "unknown"),
                    "sub_kind": "group",
                    "text": "临时会话消息",
                }),
            ),
        ),
        (
            "message_private_poke_segment",
            in_private(
                "1717986931",
                1747107600.0,
                "20501",
                &json!([{"type": "poke", "data": {"kind": "1", "id": "1"}}]),
                &json!({}),
            ),
        ),
        ("message_sent_private", {
            let mut sent = in_private(
                "1717986925",
                1747107600.0,
                "20501",
                &json!([text("bot says hi")]),
                &json!({"sender": user("3892215616", "bot", "unknown"), "text": "bot says hi"}),
            );
            sent["type"] = json!("message-sent");
            sent
        }),
        (
            "private-reply-with-raw",
            in_private(
                "1018006251",
                1752310516.0,
                "5378",
                &json!([reply("527004916"), text("111")]),
                &json!({
                    "chat": {"type": "private", "data": "663748426"},
                    "sender": user("663748426", "令狐二中", "unknown"),
                    "text": "111",
                }),
            ),
        ),
    ]
}

fn notice(kind: &str, data: &Value) -> Value {
    json!({"type": "notice", "data": {"type": kind, "data": data}})
}

fn group() -> Value {
    json!({"type": "group", "data": "757951413"})
}

fn group_notices() -> Vec<(&'static str, Value)> {
    let member = |how: &str, operator: Option<&str>| {
        let change = json!({"group": "757951413", "user": "5079132", "how": how});
        operator.map_or(change.clone(), |id| merged(change, &json!({"operator": id})))
    };
    let admin = "1090558688";
    vec![
        ("notice_group_increase_approve", notice("member-joined", &member("approve", Some(admin)))),
        (
            "notice_group_increase_invite",
            notice(
                "member-joined",
                &json!({
                    "group": "987654321", "user": "345678902", "operator": "123456789", "how": "invite",
                }),
            ),
        ),
        ("notice_group_decrease_leave", notice("member-left", &member("leave", None))),
        ("notice_group_decrease_kick", notice("member-left", &member("kick", Some(admin)))),
        ("notice_group_decrease_disband", notice("member-left", &member("disband", Some(admin)))),
        (
            "notice_group_decrease_kick_me",
            notice("bot-left", &json!({"group": "757951413", "operator": admin, "how": "kick_me"})),
        ),
        (
            "notice_group_admin_set",
            notice("admin-changed", &json!({"group": "757951413", "user": "5079132", "is_admin": true})),
        ),
        (
            "notice_group_admin_unset",
            notice("admin-changed", &json!({"group": "757951413", "user": "5079132", "is_admin": false})),
        ),
        (
            "notice_group_ban_ban",
            notice(
                "muted",
                &json!({"group": "757951413", "user": "5079132", "operator": admin, "seconds": 600}),
            ),
        ),
        (
            "notice_group_ban_lift_ban",
            notice(
                "muted",
                &json!({"group": "757951413", "user": "5079132", "operator": admin, "seconds": 0}),
            ),
        ),
        (
            "notice_group_ban_whole_lift",
            notice("muted", &json!({"group": "757951413", "operator": admin, "seconds": 0})),
        ),
        (
            "notice_group_recall",
            notice(
                "message-recalled",
                &json!({
                    "chat": group(), "message": "2096329721", "sender": "5079132", "operator": admin,
                }),
            ),
        ),
        (
            "notice_group_upload",
            notice(
                "file-uploaded",
                &json!({
                    "chat": group(),
                    "user": "5079132",
                    "file": {
                        "source": {"type": "platform-file", "data": "d41d8cd98f00b204e9800998ecf8427e"},
                        "name": "report.zip",
                        "size": 1048576.0,
                        "file_id": "d41d8cd98f00b204e9800998ecf8427e",
                    },
                }),
            ),
        ),
        (
            "notice_group_card",
            notice(
                "card-changed",
                &json!({
                    "group": "757951413", "user": "5079132", "before": "", "after": "新名片",
                }),
            ),
        ),
        (
            "notice_group_msg_emoji_like_no_is_add",
            notice(
                "reaction",
                &json!({
                    "chat": {"type": "group", "data": "12312312"},
                    "message": "-2147476175",
                    "user": "1231312",
                    "emoji": "76",
                    "count": 1,
                    "added": true,
                }),
            ),
        ),
        (
            "notice_group_msg_emoji_like_remove",
            notice(
                "reaction",
                &json!({
                    "chat": group(), "message": "2096329721", "user": "5079132", "emoji": "76", "count": 1, "added": false,
                }),
            ),
        ),
        (
            "notice_essence_add_message_id_missing",
            notice("essence", &json!({"group": "757951413", "sender": "5079132", "added": true})),
        ),
        (
            "notice_notify_group_name",
            notice("group-renamed", &json!({"group": "757951413", "user": "5079132", "after": "新群名"})),
        ),
        (
            "notice_notify_honor_standard",
            notice("honor", &json!({"group": "757951413", "user": "5079132", "kind": "talkative"})),
        ),
        (
            "notice_notify_lucky_king_standard",
            notice("lucky-king", &json!({"group": "757951413", "sender": "5079132", "user": admin})),
        ),
        (
            "notice_notify_poke_group_old_raw_message",
            notice(
                "poked",
                &json!({
                    "chat": {"type": "group", "data": "883510605"},
                    "sender": "478931495",
                    "target": "644978184",
                    "text": "拍了拍的希望肉罐头和希望大衣",
                }),
            ),
        ),
        (
            "notice_notify_poke_group_target_zero",
            notice(
                "poked",
                &json!({
                    "chat": {"type": "group", "data": "900000000"},
                    "sender": "2000000009",
                    "target": "",
                    "text": "踢了踢的松塔，松塔滚开了。",
                }),
            ),
        ),
    ]
}

fn other_notices() -> Vec<(&'static str, Value)> {
    let friend = json!({"type": "private", "data": "5079132"});
    let words = "拍了拍的希望肉罐头和希望大衣";
    vec![
        ("notice_friend_add", notice("friend-added", &json!({"user": "5079132"}))),
        (
            "notice_friend_recall",
            notice(
                "message-recalled",
                &json!({
                    "chat": friend, "message": "1136053690", "sender": "5079132", "operator": "5079132",
                }),
            ),
        ),
        (
            "notice_notify_poke_friend",
            notice(
                "poked",
                &json!({"chat": friend, "sender": "5079132", "target": "3892215616", "text": words}),
            ),
        ),
        (
            "notice_notify_poke_friend_by_self",
            notice(
                "poked",
                &json!({"chat": friend, "sender": "3892215616", "target": "5079132", "text": words}),
            ),
        ),
        (
            "notice_notify_input_status",
            notice("typing", &json!({"user": "12345678", "kind": "2", "text": "对方正在输入..."})),
        ),
        ("notice_notify_input_status_stop", notice("typing", &json!({"user": "12345678", "kind": "2"}))),
        (
            "notice_notify_profile_like",
            notice("profile-liked", &json!({"user": "5079132", "nickname": "东风寄千愁", "times": 10})),
        ),
        (
            "notice_online_file_receive_cancel",
            notice("online-file", &json!({"user": "5079132", "from_me": false, "state": "cancel"})),
        ),
        (
            "notice_online_file_send_refuse",
            notice("online-file", &json!({"user": "5079132", "from_me": true, "state": "refuse"})),
        ),
        (
            "notice_offline_file_gocq",
            notice(
                "file-uploaded",
                &json!({
                    "chat": friend,
                    "user": "5079132",
                    "file": {
                        "source": {"type": "url", "data": "https://example.com/a.txt"},
                        "name": "a.txt",
                        "size": 12.0,
                    },
                }),
            ),
        ),
    ]
}

/// What the contract has no case for carries the whole document as its data.
fn unknown(kind: &str, whole: &str, changes: &Value) -> Value {
    json!({"type": "other", "data": merged(json!({"kind": kind, "data": whole}), changes)})
}

fn requests_and_others() -> Vec<(&'static str, Value)> {
    let request = |kind: &str, data: Value| json!({"type": "request", "data": {"type": kind, "data": data}});
    vec![
        (
            "request_friend",
            request(
                "friend",
                json!({
                    "user": "79000043", "comment": "我是来自群“测试用”的xxx", "token": "1747106146",
                }),
            ),
        ),
        (
            "request_group_add",
            request(
                "join",
                json!({
                    "group": "757951413",
                    "user": "5079132",
                    "comment": "问题：你是谁\n答案：想加入群聊",
                    "auto_approved": false,
                    "token": "1747107600123456",
                }),
            ),
        ),
        ("meta_lifecycle_enable_standard", json!({"type": "bot-state", "data": {"state": "enable"}})),
        ("event_unknown_post_type", unknown("some_future_post_type", WHOLE, &json!({}))),
        ("notice_client_status_gocq", unknown("client_status", WHOLE, &json!({}))),
        ("notice_unknown_type", unknown("some_future_notice", WHOLE, &json!({"chat": group()}))),
    ]
}

/// Stands for the payload's text.
pub(super) const WHOLE: &str = "$text";
