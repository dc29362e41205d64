//! Answers a test has asked for.

use std::time::Duration;

use iglu_simulator::{ANY, Answer, FRIEND, Napcat, Options, SELF_ID, SelfReport};
use serde_json::json;

use crate::client::{ask, call, event, ready};

#[tokio::test]
async fn scripted_answers_come_as_told() {
    let napcat = Napcat::start(Options::default()).await;
    let mut client = ready(&napcat).await;
    let answers = [
        Answer::handled().with_string_numbers(),
        Answer::no_data(),
        Answer::handled().without_echo(),
        Answer::handled().with_echo(json!("another")),
        Answer::raw("{\"echo\":{echo},\"retcode\":0}"),
        Answer::computed(|call| json!({"you_sent": call.action()})),
    ];
    for answer in answers {
        napcat.answer_once("get_login_info", answer);
        ask(&mut client, json!({"action": "get_login_info", "echo": "e"})).await;
    }
    assert_eq!(event(&mut client).await["data"]["user_id"], SELF_ID.to_string());
    assert!(event(&mut client).await.get("data").is_none());
    assert!(event(&mut client).await.get("echo").is_none());
    assert_eq!(event(&mut client).await["echo"], "another");
    assert_eq!(event(&mut client).await, json!({"echo": "e", "retcode": 0}));
    assert_eq!(event(&mut client).await["data"]["you_sent"], "get_login_info");

    napcat.answer("get_login_info", Answer::handled().twice());
    ask(&mut client, json!({"action": "get_login_info", "echo": "e"})).await;
    assert_eq!(event(&mut client).await, event(&mut client).await);
    napcat.answer_normally("get_login_info");
    napcat.answer_once(ANY, Answer::never());
    ask(&mut client, json!({"action": "get_login_info", "echo": "lost"})).await;
    assert_eq!(call(&mut client, "get_login_info", json!({})).await["retcode"], 0);
}

#[tokio::test]
async fn delayed_answers_are_overtaken() {
    let napcat = Napcat::start(Options::default()).await;
    let mut client = ready(&napcat).await;
    napcat.answer_once("get_status", Answer::handled().after(Duration::from_millis(50)));
    ask(&mut client, json!({"action": "get_status", "echo": "slow"})).await;
    ask(&mut client, json!({"action": "get_status", "echo": "fast"})).await;
    assert_eq!(event(&mut client).await["echo"], "fast");
    assert_eq!(event(&mut client).await["echo"], "slow");
}

#[tokio::test]
async fn held_answers_come_in_reverse() {
    let napcat = Napcat::start(Options::default()).await;
    let mut client = ready(&napcat).await;
    let hold = napcat.hold("get_status");
    for echo in 0..3 {
        ask(&mut client, json!({"action": "get_status", "echo": echo})).await;
    }
    napcat.held(&hold, 3).await;
    assert_eq!(call(&mut client, "get_login_info", json!({})).await["retcode"], 0);
    hold.release_reversed();
    for echo in [2, 1, 0] {
        assert_eq!(event(&mut client).await["echo"], echo);
    }
    assert_eq!(call(&mut client, "get_status", json!({})).await["retcode"], 0);
}

#[tokio::test]
async fn own_sends_are_reported_before_or_after_the_answer() {
    for (self_report, first) in [(SelfReport::BeforeAnswer, "message_sent"), (SelfReport::AfterAnswer, "")] {
        let napcat = Napcat::start(Options { self_report, ..Options::default() }).await;
        let mut client = ready(&napcat).await;
        let params = json!({"user_id": FRIEND, "message": "bot says hi"});
        ask(&mut client, json!({"action": "send_msg", "params": params, "echo": 1})).await;
        let mut frames = [event(&mut client).await, event(&mut client).await];
        assert_eq!(frames[0]["post_type"].as_str().unwrap_or_default(), first);
        frames.sort_by_key(|frame| frame["post_type"].is_null());
        let [event, answer] = frames;
        assert_eq!(event["message_id"], answer["data"]["message_id"]);
        assert_eq!((&event["target_id"], &event["user_id"]), (&json!(FRIEND), &json!(SELF_ID)));
        assert_eq!(event["message_sent_type"], "self");
    }
}
