//! Requests, meta events, and what the contract has no case for.

use serde_json::{Value, json};

use super::{WHOLE, group, request, unknown};

pub(super) fn table() -> Vec<(&'static str, Value)> {
    vec![
        (
            "request_friend",
            request(
                "friend",
                &json!({
                    "user": "79000043", "comment": "我是来自群“测试用”的xxx", "token": "1747106146",
                }),
            ),
        ),
        (
            "request_group_add",
            request(
                "join",
                &json!({
                    "group": "757951413",
                    "user": "5079132",
                    "comment": "问题：你是谁\n答案：想加入群聊",
                    "auto_approved": false,
                    "token": "1747107600123456",
                }),
            ),
        ),
        ("meta_heartbeat", json!({"link": {"online": true, "interval": 30.0}})),
        ("meta_heartbeat_offline", json!({"link": {"online": false, "interval": 30.0}})),
        ("meta_lifecycle_connect", json!({"link": "connected"})),
        ("meta_lifecycle_enable_standard", json!({"type": "bot-state", "data": {"state": "enable"}})),
        ("event_unknown_post_type", unknown("some_future_post_type", WHOLE, &json!({}))),
        ("notice_client_status_gocq", unknown("client_status", WHOLE, &json!({}))),
        ("notice_unknown_type", unknown("some_future_notice", WHOLE, &json!({"chat": group()}))),
    ]
}
