//! Friends and interactions.

use serde_json::{Value, json};

use super::{Expected, WHOLE, at, channel, event, merged, notice};
use crate::adapter::qq::AnchorKind::{Event, Never, Perhaps};

const SEED: &str = "7D296480D464EC5C16714E74A43E5BC7";
const DOC: &str = "A1B2C3D4E5F6A1B2C3D4E5F6A1B2C3D4";
/// 2026-07-20T21:53:54+08:00
const PRESSED: f64 = 1_784_555_634.0;

pub(super) fn table() -> Vec<Expected> {
    let both = json!({"user": SEED, "union_id": SEED});
    let push = |allowed: bool| {
        notice("push-changed", &json!({"chat": {"type": "private", "data": SEED}, "allowed": allowed}))
    };
    let other = |kind: &str| {
        let data = json!({
            "kind": kind, "chat": {"type": "private", "data": DOC}, "user": DOC, "data": WHOLE,
        });
        notice("other", &data)
    };
    let mut table = vec![
        event("seed003-friend-add", 1_741_879_599.0, Perhaps, notice("friend-added", &both)),
        event("seed003-friend-del", 1_741_879_562.0, Never, notice("friend-removed", &both)),
        event(
            "doc-friend-add-2026",
            1_784_570_600.0,
            Perhaps,
            notice(
                "friend-added",
                &json!({
                    "user": DOC,
                    "union_id": "DB85A74E07BA08B5B44CD9ED332FCBD2",
                    "scene": "2003",
                    "scene_data": "callback_abc123",
                }),
            ),
        ),
        event("doc-friend-del-2026", 1_784_570_524.0, Never, notice("friend-removed", &json!({"user": DOC}))),
        event("seed003-c2c-msg-receive", 1_741_878_735.0, Event, push(true)),
        event("seed003-c2c-msg-reject", 1_741_878_278.0, Never, push(false)),
        event("syn-enter-aio", None, Never, other("ENTER_AIO")),
        event("syn-subscribe-message-status", None, Never, other("SUBSCRIBE_MESSAGE_STATUS")),
        event(
            "syn-unknown-event",
            None,
            Never,
            json!({"type": "other", "data": {
                "kind": "SOME_FUTURE_EVENT", "data": WHOLE,
            }}),
        ),
    ];
    table.extend(interactions());
    table
}

fn pressed(name: &'static str, time: Option<f64>, changes: &Value) -> Expected {
    let base = json!({
        "id": at("/d/id"),
        "chat": {"type": "private", "data": DOC},
        "user": DOC,
        "kind": "11",
    });
    event(name, time, Event, json!({"type": "interaction", "data": merged(base, changes)}))
}

fn interactions() -> Vec<Expected> {
    vec![
        pressed(
            "doc-interaction-2023",
            None,
            &json!({
                "chat": {"type": "private", "data": "E4F4AEA33253A2797FB897C50B81D7ED"},
                "user": "E4F4AEA33253A2797FB897C50B81D7ED",
                "button": "21",
                "data": "回调按钮",
                "resolved":
                    "{\"button_data\":\"回调按钮\",\"button_id\":\"21\",\
                     \"user_id\":\"E4F4AEA33253A2797FB897C50B81D7ED\"}",
            }),
        ),
        pressed(
            "doc-interaction-c2c-button",
            Some(PRESSED),
            &json!({
                "button": "allow-once",
                "data": "confirm:once",
                "resolved": "{\"button_data\":\"confirm:once\",\"button_id\":\"allow-once\"}",
            }),
        ),
        pressed(
            "doc-interaction-group-button",
            Some(PRESSED),
            &json!({
                "chat": {"type": "group", "data": "B2C3D4E5F6A1B2C3D4E5F6A1B2C3D4E5"},
                "data": "eyJjb21tYW5kIjogInNhbXBsZSJ9",
                "resolved": "{\"button_data\":\"eyJjb21tYW5kIjogInNhbXBsZSJ9\"}",
            }),
        ),
        pressed(
            "syn-interaction-guild-button",
            Some(PRESSED),
            &json!({
                "chat": channel("18700000000001", "100010"),
                "user": "11586990140073229091",
                "button": "1",
                "data": "data",
                "message": "08c095b7ba8ed4abd7e00110cbd83f3841489aa2bd9006",
                "resolved":
                    "{\"button_data\":\"data\",\"button_id\":\"1\",\"user_id\":\"11586990140073229091\",\
                     \"message_id\":\"08c095b7ba8ed4abd7e00110cbd83f3841489aa2bd9006\"}",
            }),
        ),
        pressed(
            "syn-interaction-menu-12",
            Some(PRESSED),
            &json!({
                "kind": "12", "feature": "menu_1", "resolved": "{\"feature_id\":\"menu_1\"}",
            }),
        ),
        pressed(
            "syn-interaction-feedback-13",
            Some(PRESSED),
            &json!({
                "kind": "13",
                "data": "cb",
                "message": at("/d/data/resolved/message_id"),
                "resolved":
                    "{\"button_data\":\"cb\",\
                     \"message_id\":\"ROBOT1.0_mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm\",\
                     \"feedback_opt\":\"LIKE\",\"checked\":1,\
                     \"message_scene\":{\"ext\":[\"disable_net_search=1\"]}}",
            }),
        ),
        pressed("syn-interaction-clear-session-14", Some(PRESSED), &json!({"kind": "14", "resolved": "{}"})),
    ]
}
