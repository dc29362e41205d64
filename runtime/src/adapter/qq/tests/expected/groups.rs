//! Notices and requests of groups.

use serde_json::{Value, json};

use super::{Expected, at, event, merged, notice};
use crate::adapter::qq::AnchorKind::{Event, Never};

const GROUP: &str = "492C3C6EC6630BD6DD71A32074BDB2F9";
const OPERATOR: &str = "7D296480D464EC5C16714E74A43E5BC7";

fn asked(name: &'static str, time: f64, user: &str, nickname: &str, changes: &Value) -> Expected {
    let base = json!({
        "group": "30584554AA2BF4E72BD3B8F27A70339D",
        "user": user,
        "nickname": nickname,
        "comment": "",
        "source": "self_apply",
        "auto_approved": false,
        "token": at("/d/join_request_id"),
    });
    let body = json!({"type": "request", "data": {"type": "join", "data": merged(base, changes)}});
    event(name, time, Never, body)
}

pub(super) fn table() -> Vec<Expected> {
    let robot = json!({"group": GROUP, "operator": OPERATOR, "how": ""});
    let push = |allowed: bool| {
        let chat = json!({"type": "group", "data": GROUP});
        notice("push-changed", &json!({"chat": chat, "allowed": allowed, "operator": OPERATOR}))
    };
    let (invited, applied) = ("DE538D0B23260BFEC30EA4A17C3A71B1", "FE003FAF76C4817251FDC128A16753BB");
    vec![
        event("seed003-group-add-robot", 1_741_880_682.0, Event, notice("bot-joined", &robot)),
        event("seed003-group-del-robot", 1_741_880_615.0, Never, notice("bot-left", &robot)),
        event("seed003-group-msg-reject", 1_741_880_868.0, Never, push(false)),
        event("seed003-group-msg-receive", 1_741_880_888.0, Event, push(true)),
        event(
            "doc-group-member-add",
            1_784_276_757.0,
            Event,
            notice(
                "member-joined",
                &json!({
                    "group": "B2C3D4E5F6A1B2C3D4E5F6A1B2C3D4E5", "user": "C3D4E5F6A1B2C3D4E5F6A1B2C3D4E5F6", "how": "",
                }),
            ),
        ),
        asked(
            "doc-group-join-request-invited",
            1_785_918_992.0,
            invited,
            "吓唬",
            &json!({
                "source": "invited", "inviter": applied,
            }),
        ),
        asked(
            "doc-group-join-request-self",
            1_785_918_100.0,
            applied,
            "痞孓小光光╮hw灰",
            &json!({
                "comment": "就快乐了",
            }),
        ),
        asked(
            "doc-group-join-request-auto-approved",
            1_785_922_372.0,
            applied,
            "痞孓小光光╮hw灰",
            &json!({
                "comment": "健健康康", "auto_approved": true,
            }),
        ),
    ]
}
