//! Notices of friends and of the account.

use serde_json::{Value, json};

use super::notice;

pub(super) fn table() -> Vec<(&'static str, Value)> {
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
