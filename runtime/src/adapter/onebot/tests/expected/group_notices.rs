//! Notices of groups.

use serde_json::{Value, json};

use super::{group, merged, notice};

pub(super) fn table() -> Vec<(&'static str, Value)> {
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
