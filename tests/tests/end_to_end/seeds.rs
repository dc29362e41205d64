//! Recorded events and answers, from frame to plugin and back.

use iglu_tests::{
    fixtures::Fixture,
    folder::Folder,
    napcat::{Answer, FRIEND, GROUP},
};
use serde_json::{Value, json};

use crate::common::{house, napcat, up};

const SEED: &str = include_str!("../../corpus/seeds/000.md");

/// The JSON blocks of the seed, in their order.
fn blocks() -> Vec<Value> {
    let blocks = SEED.split("```json").skip(1).map(|rest| rest.split("```").next().unwrap());
    blocks.map(|block| serde_json::from_str(block).unwrap()).collect()
}

fn block(accepts: impl Fn(&Value) -> bool) -> Value {
    blocks().into_iter().find(accepts).unwrap()
}

/// A received OneBot segment as the contract says it must reach a plugin.
fn expected(segment: &Value) -> Value {
    let data = &segment["data"];
    let media = |file_id: bool| {
        let mut media = json!({"source": {"type": "url", "data": data["url"]}, "name": data["file"]});
        media["size"] = data["file_size"].as_str().unwrap().parse::<f64>().unwrap().into();
        if file_id {
            media["file_id"] = data["file_id"].clone();
        }
        media
    };
    match segment["type"].as_str().unwrap() {
        "text" => json!({"type": "text", "data": data["text"]}),
        "reply" => json!({"type": "reply", "data": {"message": data["id"]}}),
        "at" if data["qq"] == "all" => json!({"type": "at", "data": {"type": "everyone"}}),
        "at" => json!({"type": "at", "data": {"type": "user", "data": {"id": data["qq"], "is_self": false}}}),
        "image" => {
            json!({"type": "image", "data": {"media": media(false), "sub_type": data["sub_type"].to_string()}})
        }
        "video" => json!({"type": "video", "data": {"media": media(false)}}),
        "file" => json!({"type": "file", "data": media(true)}),
        "json" => json!({"type": "card", "data": data["data"]}),
        "forward" => json!({"type": "forward", "data": {"id": data["id"]}}),
        other => panic!("the seed has no {other}"),
    }
}

/// Everything in `wanted` stands in `found`; `found` may tell more.
fn holds(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::Object(found), Value::Object(wanted)) => {
            wanted.iter().all(|(key, value)| found.get(key).is_some_and(|found| holds(found, value)))
        }
        (Value::Number(found), Value::Number(wanted)) => found.as_f64() == wanted.as_f64(),
        _ => found == wanted,
    }
}

#[tokio::test]
async fn every_recorded_message_reaches_a_plugin_with_the_right_segments() {
    let (napcat, _folder, host) = house(&["inspect"], "").await;
    let messages: Vec<Value> = blocks().into_iter().filter(|block| block["post_type"] == "message").collect();
    assert_eq!(messages.len(), 10, "the seed has ten message events");
    for event in messages {
        napcat.push(&event);
        let call = napcat.next_call_where("an answer", |call| call.action().starts_with("send_")).await;
        let to_group = event["message_type"] == "group";
        assert_eq!(call.action(), if to_group { "send_group_msg" } else { "send_private_msg" });
        let target = if to_group { ("group_id", GROUP) } else { ("user_id", FRIEND) };
        assert_eq!(call.params()[target.0], json!(target.1.to_string()));

        let found: Vec<Value> = serde_json::from_str(&call.text()).unwrap();
        let wanted: Vec<Value> = event["message"].as_array().unwrap().iter().map(expected).collect();
        assert_eq!(found.len(), wanted.len(), "{found:?}");
        for (found, wanted) in found.iter().zip(&wanted) {
            assert!(holds(found, wanted), "{found}\nis not\n{wanted}");
        }
        let sticker = event["message"][0]["data"]["summary"] == "[动画表情]";
        assert!(!sticker || found[0]["data"]["summary"] == "[动画表情]");
    }
    host.stop().await;
}

#[tokio::test]
async fn a_send_has_the_recorded_shape() {
    let (napcat, _folder, host) = house(&["echo"], "").await;
    let recorded = block(|block| block["action"] == "send_private_msg");
    napcat.private_text(FRIEND, "/echo napcat");
    let mut call = napcat.next_call("send_private_msg").await.json.clone();
    assert!(call["echo"].is_string(), "{call}");
    call["echo"] = recorded["echo"].clone();
    assert_eq!(call, recorded);
    host.stop().await;
}

#[tokio::test]
async fn the_recorded_answers_reach_the_plugin() {
    let napcat = napcat().await;
    let folder = Folder::with(&napcat, &[], "");
    folder.put("probe.wasm", &Fixture::load("probe").id(1).bytes());
    let host = up(&napcat, &folder).await;
    for (status, told) in [("failed", "platform{1200, 无法获取用户信息}"), ("ok", "sent as 123039305")]
    {
        let mut recorded = block(|block| block["status"] == status);
        recorded.as_object_mut().unwrap().shift_remove("echo");
        napcat.answer_once("send_private_msg", Answer::envelope(recorded));
        napcat.private_text(FRIEND, "/reply hi");
        host.says(told, |line| line.is("fixture-0001", told)).await;
    }
    assert_eq!(napcat.calls_of("send_private_msg").len(), 2, "a failed send is not repeated");
    host.stop().await;
}

#[tokio::test]
async fn a_login_change_and_a_heartbeat_wake_no_message_handler() {
    let (napcat, _folder, host) = house(&["inspect", "echo"], "").await;
    for block in blocks().into_iter().filter(|block| block["post_type"] == "meta_event") {
        napcat.push(&block);
    }
    crate::common::settled(&napcat).await;
    let others = napcat.calls().iter().filter(|call| call.action().starts_with("send_")).count();
    assert_eq!(others, 1, "only the question of the test is answered");
    host.stop().await;
}
