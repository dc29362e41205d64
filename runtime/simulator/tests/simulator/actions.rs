//! Requests and their default answers, and the log of them.

use std::time::Duration;

use futures_util::SinkExt;
use iglu_simulator::{Answer, Build, FRIEND, Format, GROUP, Napcat, Options};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::client::{ask, call, event, next, ready, text};

#[tokio::test]
async fn answers_carry_the_echo_as_sent() {
    let napcat = Napcat::start(Options::default()).await;
    let mut client = ready(&napcat).await;
    for echo in [json!("x"), json!(0), json!(false), json!({"seq": 10}), json!([1])] {
        ask(&mut client, json!({"action": "get_status", "echo": echo})).await;
        assert_eq!(event(&mut client).await["echo"], echo);
    }
    for (action, echo) in [("get_status", json!("")), ("no_such_action", json!(null))] {
        ask(&mut client, json!({"action": action})).await;
        assert_eq!(event(&mut client).await["echo"], echo, "{action}");
    }
}

#[tokio::test]
async fn bad_requests_have_their_codes() {
    let napcat = Napcat::start(Options::default()).await;
    let mut client = ready(&napcat).await;
    client.send(Message::text("{\"action\":")).await.unwrap();
    let answer = event(&mut client).await;
    assert_eq!((&answer["retcode"], &answer["echo"]), (&json!(1400), &Value::Null));

    client.send(Message::text("[1]")).await.unwrap();
    assert_eq!(event(&mut client).await["retcode"], 1404);

    let unknown = call(&mut client, "no_such_action", json!({})).await;
    assert_eq!(unknown["retcode"], 1404);
    assert_eq!(unknown["message"], "不支持的API no_such_action");
    let cases = [
        ("get_msg", json!({}), 1400),
        ("get_msg", json!({"message_id": [1]}), 1400),
        ("get_msg", json!({"message_id": 5}), 1200),
        ("delete_msg", json!({"message_id": "5"}), 1200),
        ("get_group_member_info", json!({"group_id": GROUP, "user_id": 1}), 1200),
        ("send_private_msg", json!({"user_id": 404, "message": "hi"}), 1200),
        ("send_group_msg", json!({"group_id": 404, "message": "hi"}), 1200),
        ("send_group_msg", json!({"group_id": GROUP, "message": []}), 1200),
        ("send_group_msg", json!({"group_id": GROUP, "message": [{"type": "share", "data": {}}]}), 1200),
        ("send_msg", json!({"message": "nowhere"}), 1200),
        ("get_status", json!({}), 0),
        ("get_status_async", json!({}), 0),
        ("get_status_rate_limited", json!({}), 0),
    ];
    for (action, params, retcode) in cases {
        let answer = call(&mut client, action, params.clone()).await;
        assert_eq!(answer["retcode"], retcode, "{action} {params}");
        assert_eq!(answer["status"], if retcode == 0 { "ok" } else { "failed" });
        assert_eq!(answer["message"], answer["wording"]);
    }
    let mixed = json!([{"type": "text", "data": {"text": "a"}}, {"type": "node", "data": {"content": "b"}}]);
    let answer = call(&mut client, "send_group_msg", json!({"group_id": GROUP, "message": mixed})).await;
    assert_eq!(answer["retcode"], 1400);
}

#[tokio::test]
async fn send_without_a_message_is_never_answered() {
    let napcat = Napcat::start(Options::default()).await;
    let mut client = ready(&napcat).await;
    ask(&mut client, json!({"action": "send_group_msg", "params": {"group_id": GROUP}, "echo": "1"})).await;
    napcat.next_call("send_group_msg").await;
    assert_eq!(call(&mut client, "get_status", json!({})).await["retcode"], 0);
}

#[tokio::test]
async fn seed_send_is_answered_as_recorded() {
    let napcat = Napcat::start(Options { build: Build::Y2025, ..Options::default() }).await;
    let mut client = ready(&napcat).await;
    napcat.answer_once("send_private_msg", Answer::data(json!({"message_id": 123039305})));
    napcat.answer_once("send_private_msg", Answer::failed("无法获取用户信息"));
    let request = json!({"action": "send_private_msg", "echo": "123",
        "params": {"user_id": "5079132", "message": text("napcat")}});
    ask(&mut client, request.clone()).await;
    ask(&mut client, request.clone()).await;
    let done = r#"{"status":"ok","retcode":0,"data":{"message_id":123039305},"message":"","wording":"","echo":"123"}"#;
    let failed = r#"{"status":"failed","retcode":1200,"data":null,"message":"无法获取用户信息","wording":"无法获取用户信息","echo":"123"}"#;
    for expected in [done, failed] {
        assert_eq!(next(&mut client).await.unwrap().unwrap().to_text().unwrap(), expected);
    }
    let seen = napcat.next_call("send_private_msg").await;
    assert_eq!((seen.json.clone(), seen.text(), seen.connection), (request, "napcat".to_owned(), 1));
}

#[tokio::test]
async fn sent_messages_are_known_until_recalled() {
    let napcat = Napcat::start(Options::default()).await;
    let mut client = ready(&napcat).await;
    let quoted = napcat.group_text(GROUP, FRIEND, "question");
    assert_eq!(event(&mut client).await["group_name"], "测试群");
    let message = json!([{"type": "reply", "data": {"id": quoted}}, {"type": "at", "data": {"qq": FRIEND}},
        {"type": "text", "data": {"text": " [answer], & more "}}, {"type": "poke", "data": {}}]);
    let answer =
        call(&mut client, "send_group_msg", json!({"group_id": GROUP.to_string(), "message": message})).await;
    let id = answer["data"]["message_id"].clone();

    let fetched = call(&mut client, "get_msg", json!({"message_id": id})).await["data"].clone();
    let raw = format!("[CQ:reply,id={quoted}][CQ:at,qq={FRIEND}] &#91;answer&#93;, &amp; more");
    assert_eq!(fetched["raw_message"], raw);
    assert_eq!((&fetched["message_id"], &fetched["post_type"]), (&id, &json!("message_sent")));
    assert_eq!(fetched["message"].as_array().unwrap().len(), 3);

    assert_eq!(call(&mut client, "delete_msg", json!({"message_id": id})).await["data"], Value::Null);
    let notice = event(&mut client).await;
    assert_eq!((&notice["notice_type"], &notice["message_id"]), (&json!("group_recall"), &id));
    assert_eq!(call(&mut client, "get_msg", json!({"message_id": id})).await["retcode"], 1200);
    assert_eq!(call(&mut client, "delete_msg", json!({"message_id": id})).await["message"], "Recall failed");
}

#[tokio::test]
async fn forwards_are_sent_and_fetched() {
    let napcat = Napcat::start(Options { format: Format::String, ..Options::default() }).await;
    let mut client = ready(&napcat).await;
    let nodes = json!([{"type": "node", "data": {"user_id": "10001", "nickname": "n", "content": "x[CQ:face,id=1]"}}]);
    let sent =
        call(&mut client, "send_group_forward_msg", json!({"group_id": GROUP, "messages": nodes})).await;
    assert_eq!(sent["data"]["res_id"], sent["data"]["forward_id"]);
    for params in [json!({"id": sent["data"]["res_id"]}), json!({"message_id": sent["data"]["message_id"]})] {
        let messages = call(&mut client, "get_forward_msg", params).await["data"]["messages"].clone();
        assert_eq!(messages[0]["sender"]["nickname"], "n");
        assert_eq!(messages[0]["user_id"], 10001);
        let segments =
            json!([{"type": "text", "data": {"text": "x"}}, {"type": "face", "data": {"id": "1"}}]);
        assert_eq!(messages[0]["message"], segments);
    }
    assert_eq!(
        call(&mut client, "get_forward_msg", json!({"id": "7505442611578883339"})).await["retcode"],
        1200
    );
}

#[tokio::test]
async fn world_answers_follow_the_events() {
    let napcat = Napcat::start(Options::default()).await;
    let mut client = ready(&napcat).await;
    napcat.group_message(700, 800).sender("card", json!("名片")).text("hi").push();
    napcat.notice(&json!({"notice_type": "group_increase", "sub_type": "approve", "group_id": 700,
        "operator_id": 0, "user_id": 801}));
    drop((event(&mut client).await, event(&mut client).await));
    let member = call(&mut client, "get_group_member_info", json!({"group_id": 700, "user_id": "800"})).await;
    assert_eq!((&member["data"]["card"], &member["data"]["role"]), (&json!("名片"), &json!("member")));
    let members = call(&mut client, "get_group_member_list", json!({"group_id": 700})).await;
    assert_eq!(members["data"].as_array().unwrap().len(), 3);
    let groups = call(&mut client, "get_group_list", json!({})).await;
    assert_eq!(groups["data"][0]["group_id"], 700);
    let friends = call(&mut client, "get_friend_list", json!({})).await;
    assert_eq!(friends["data"].as_array().unwrap().len(), 1);
    assert_eq!(
        call(&mut client, "get_stranger_info", json!({"user_id": FRIEND})).await["data"]["nickname"],
        "东风寄千愁"
    );
    let history = call(&mut client, "get_group_msg_history", json!({"group_id": 700})).await;
    assert_eq!(history["data"]["messages"][0]["raw_message"], "hi");
    assert!(
        call(&mut client, "set_group_card", json!({"group_id": 700, "user_id": 800})).await["data"].is_null()
    );
    assert_eq!(event(&mut client).await["notice_type"], "group_card");
    let unknown = call(&mut client, "set_friend_add_request", json!({"flag": "1"})).await;
    assert_eq!(unknown["message"], "No such request");
    let flag = napcat.friend_request(4040, "let me in");
    assert_eq!(event(&mut client).await["flag"], flag);
    let void = call(&mut client, "set_friend_add_request", json!({"flag": flag})).await;
    assert!(void.get("data").is_none());
    assert_eq!(event(&mut client).await["notice_type"], "friend_add");
    let friends = call(&mut client, "get_friend_list", json!({})).await;
    assert_eq!(friends["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn calls_are_logged_in_order_with_their_connection() {
    let napcat = Napcat::start(Options::default()).await;
    let mut tap = napcat.tap();
    let (mut first, mut second) = (ready(&napcat).await, ready(&napcat).await);
    call(&mut first, "get_status", json!({})).await;
    call(&mut second, "send_group_msg", json!({"group_id": GROUP, "message": "[CQ:face,id=1]a&amp;b"})).await;
    call(&mut first, "get_status", json!({})).await;
    let seen = napcat.wait_for_calls("get_status", 2).await;
    assert_eq!(seen.iter().map(|call| (call.number, call.connection)).collect::<Vec<_>>(), [(0, 1), (2, 1)]);
    assert_eq!(napcat.next_call("send_group_msg").await.text(), "a&b");
    let first_with = napcat.next_call_where("from 1", |call| call.connection == 1).await;
    assert_eq!(first_with.number, 0);
    assert_eq!(napcat.next_call("get_status").await.number, 2);
    assert_eq!(tap.recv().await.unwrap().number, 0);
    napcat.forget_calls();
    assert!(napcat.calls().is_empty());
}

#[tokio::test]
#[should_panic(expected = "the call send_msg in vain")]
async fn waiting_in_vain_says_what_was_seen() {
    let napcat = Napcat::start(Options { deadline: Duration::from_millis(20), ..Options::default() }).await;
    napcat.next_call("send_msg").await;
}
