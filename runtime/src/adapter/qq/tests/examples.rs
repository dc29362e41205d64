//! The documented events of which no payload was recorded.

use super::*;

const WHOLE: &str = "$d";

fn body(text: &str) -> Value {
    let event = fresh(text);
    let mut body = json_of(&event.event.body);
    let payload: Value = serde_json::from_str(text).unwrap();
    if let Some(data) = body.pointer_mut("/data/data/data") {
        assert_eq!(serde_json::from_str::<Value>(data.as_str().unwrap()).unwrap(), payload["d"]);
        *data = json!(WHOLE);
    }
    body
}

fn notice(kind: &str, data: &Value) -> Value {
    json!({"type": "notice", "data": {"type": kind, "data": data}})
}

#[test]
fn a_member_leaves_a_group() {
    let text = r#"{"op":0,"id":"GROUP_MEMBER_REMOVE:00000000-0000-4000-8000-000000000023","d":{"timestamp":1784276759,
        "group_openid":"B2C3D4E5F6A1B2C3D4E5F6A1B2C3D4E5","member_openid":"C3D4E5F6A1B2C3D4E5F6A1B2C3D4E5F6",
        "user_openid":"C3D4E5F6A1B2C3D4E5F6A1B2C3D4E5F6"},"t":"GROUP_MEMBER_REMOVE"}"#;
    assert_eq!(
        body(text),
        notice(
            "member-left",
            &json!({
                "group": "B2C3D4E5F6A1B2C3D4E5F6A1B2C3D4E5", "user": "C3D4E5F6A1B2C3D4E5F6A1B2C3D4E5F6", "how": "",
            })
        )
    );
    assert_eq!(fresh(text).event.time, 1_784_276_759.0);
}

#[test]
fn a_thread_and_a_member_change() {
    let text = r#"{"op":0,"id":"FORUM_THREAD_UPDATE:00000000-0000-4000-8000-000000000063","d":{"guild_id":47129941624960822,
        "channel_id":1661124,"author_id":144115218182563108,"thread_info":{"thread_id":"B_7c02cb615f8904001441152181825631080X60",
        "title":[{"type":1,"text_info":{"text":"Test"}}],"date_time":"2021-12-30T15:17:34+08:00"}},"s":33,
        "t":"FORUM_THREAD_UPDATE"}"#;
    assert_eq!(
        body(text),
        notice(
            "guild",
            &json!({
                "kind": "FORUM_THREAD_UPDATE", "guild": "47129941624960822", "channel": "1661124",
                "user": "144115218182563108", "data": WHOLE,
            })
        )
    );
    let text = r#"{"op":0,"id":"GUILD_MEMBER_UPDATE:00000000-0000-4000-8000-000000000058","d":{"guild_id":"200000000",
        "joined_at":"2021-10-21T11:20:18+08:00","nick":"","op_user_id":"8834102668809967837","roles":["2"],
        "user":{"bot":true,"id":"8834102668809967837","username":"b站机器人"}},"s":28,"t":"GUILD_MEMBER_UPDATE"}"#;
    assert_eq!(
        body(text),
        notice(
            "guild",
            &json!({
                "kind": "GUILD_MEMBER_UPDATE", "guild": "200000000", "user": "8834102668809967837",
                "operator": "8834102668809967837", "data": WHOLE,
            })
        )
    );
    assert_eq!(fresh(text).event.time, RECEIVED as f64, "when somebody joined is not when they changed");
}

#[test]
fn a_message_fails_its_review() {
    let text = r#"{"op":0,"id":"MESSAGE_AUDIT_REJECT:00000000-0000-4000-8000-000000000061",
        "d":{"audit_id":"5f60b782-d134-4628-93b8-9baa4b182f48","audit_time":"2022-01-04T18:05:42+08:00",
        "channel_id":"1699792","create_time":"2022-01-04T18:05:42+08:00","guild_id":"46646271634786417"},"s":31,
        "t":"MESSAGE_AUDIT_REJECT"}"#;
    let chat = json!({"type": "channel", "data": {"guild": "46646271634786417", "channel": "1699792"}});
    assert_eq!(
        body(text),
        notice(
            "audited",
            &json!({
                "chat": chat, "audit": "5f60b782-d134-4628-93b8-9baa4b182f48", "passed": false,
            })
        )
    );
}

#[test]
fn a_reply_in_an_open_forum() {
    let text = r#"{"op":0,"id":"OPEN_FORUM_REPLY_CREATE:00000000-0000-4000-8000-000000000076",
        "d":{"guild_id":"47129941624960822","channel_id":"1661124","author_id":"144115218182563108"},"s":76,
        "t":"OPEN_FORUM_REPLY_CREATE"}"#;
    assert_eq!(
        body(text),
        notice(
            "guild",
            &json!({
                "kind": "OPEN_FORUM_REPLY_CREATE", "guild": "47129941624960822", "channel": "1661124",
                "user": "144115218182563108", "data": WHOLE,
            })
        )
    );
}
