//! The platform's rules, as tables.

use std::time::Duration;

use iglu_simulator::qq::{App, Bot, CHANNEL, Chat, Event, GROUP, GUILD, Limit, Limits, Options, Shape, USER};
use serde_json::{Value, json};

use crate::client::Client;

fn to_user() -> String {
    format!("/v2/users/{USER}/messages")
}

fn to_group() -> String {
    format!("/v2/groups/{GROUP}/messages")
}

/// With a token that outlives days.
fn for_days(limits: Limits) -> Options {
    Options { limits, token_life: Duration::from_secs(1 << 30), ..Options::default() }
}

fn text(key: &str, id: &str, seq: u64) -> Value {
    json!({"msg_type": 0, "content": "x", key: id, "msg_seq": seq})
}

#[tokio::test]
async fn contents_must_fit_their_type() {
    let client = Client::start(Options::default()).await;
    let button = json!({"render_data": {"label": "a"}, "action": {"type": 2}});
    let keyboard = |count: usize| json!({"content": {"rows": [{"buttons": vec![button.clone(); count]}]}});
    for (body, code) in [
        (json!({"msg_type": 0, "content": "hi"}), 0),
        (json!({"content": "hi"}), 0),
        (json!({"msg_type": 0, "content": ""}), 50_006),
        (json!({"msg_type": 0, "content": "x", "markdown": {"content": "y"}}), 22_006),
        (json!({"msg_type": 2, "content": "x"}), 22_006),
        (json!({"msg_type": 2, "content": "x", "markdown": {"content": "y"}}), 22_006),
        (json!({"msg_type": 2, "markdown": {"content": ""}}), 40_034_008),
        (json!({"msg_type": 2, "markdown": {"content": "# y"}}), 0),
        (json!({"msg_type": 2, "markdown": {"content": "# y"}, "keyboard": keyboard(5)}), 0),
        (json!({"msg_type": 2, "markdown": {"content": "# y"}, "keyboard": keyboard(6)}), 40_034_029),
        (json!({"msg_type": 0, "content": "x", "keyboard": keyboard(1)}), 304_040),
        (json!({"msg_type": 3, "ark": {"template_id": 23, "kv": []}}), 304_004),
        (json!({"msg_type": 4, "embed": {"title": "x"}}), 11_253),
        (json!({"msg_type": 7, "media": {"file_info": "none"}}), 304_080),
        (json!({"msg_type": 7}), 22_006),
        (json!({"msg_type": 9, "content": "x"}), 22_006),
        (json!({"msg_type": 6, "input_notify": {"input_type": 1, "input_second": 61}}), 50_059),
        (json!({"msg_type": 0, "content": "x".repeat(5001)}), 40_054_007),
        (json!({"msg_type": 0, "content": "x", "message_reference": {"message_id": "REFIDX_no"}}), 304_026),
        (json!([1]), 12_003),
    ] {
        assert_eq!(client.code(&to_user(), &body).await, code, "{body}");
    }
    assert!(client.platform.violations().is_empty(), "content breaks no limit");
}

#[tokio::test]
async fn capabilities_are_the_apps() {
    let app = App { markdown: false, active: false, urls: false, ark: true, ..App::default() };
    let client = Client::start(Options { apps: vec![app], ..Options::default() }).await;
    let asked = client.bot.c2c(USER, "hi");
    for (body, code) in [
        (json!({"msg_type": 2, "markdown": {"content": "y"}}), 40_034_127),
        (json!({"msg_type": 0, "content": "see qq.com"}), 40_054_010),
        (json!({"msg_type": 0, "content": "active"}), 40_034_105),
        (json!({"msg_type": 3, "ark": {"template_id": 23}, "msg_id": asked.message_id()}), 0),
    ] {
        assert_eq!(client.code(&to_user(), &body).await, code, "{body}");
    }
    assert_eq!(client.platform.violations()[0].limit, Limit::Stopped);
}

#[tokio::test]
async fn messages_are_answered_within_window_count_and_sequence() {
    for (path, group, answers, window) in [(to_user(), false, 4, 3600), (to_group(), true, 5, 300)] {
        let client = Client::start(Options::default()).await;
        let ask = || match group {
            true => client.bot.group_at(GROUP, USER, "hi"),
            false => client.bot.c2c(USER, "hi"),
        };
        let asked = ask();
        let id = asked.message_id();
        for seq in 1..=answers {
            assert_eq!(client.code(&path, &text("msg_id", id, seq)).await, 0);
        }
        assert_eq!(client.code(&path, &text("msg_id", id, 1)).await, 40_054_005, "the sequence comes first");
        assert_eq!(client.code(&path, &text("msg_id", id, 9)).await, 40_034_128);
        let late = ask();
        client.platform.advance(Duration::from_secs(window - 2));
        assert_eq!(client.code(&path, &text("msg_id", late.message_id(), 1)).await, 0);
        client.platform.advance(Duration::from_secs(3));
        assert_eq!(client.code(&path, &text("msg_id", late.message_id(), 2)).await, 40_034_005);
        let broken: Vec<_> = client.platform.violations().iter().map(|one| one.limit).collect();
        assert_eq!(broken, [Limit::Sequence, Limit::Count, Limit::Window]);
        assert_eq!(client.platform.sent().len(), answers as usize + 1);
    }
}

#[tokio::test]
async fn without_a_sequence_the_second_answer_collides() {
    let client = Client::start(Options::default()).await;
    let asked = client.bot.c2c(USER, "hi");
    let body = json!({"msg_type": 0, "content": "x", "msg_id": asked.message_id()});
    assert_eq!(client.code(&to_user(), &body).await, 0);
    assert_eq!(client.code(&to_user(), &body).await, 40_054_005);
}

#[tokio::test]
async fn a_message_is_answered_where_it_was_written() {
    let client = Client::start(Options::default()).await;
    client.bot.add_user("OTHER", true);
    let asked = client.bot.c2c(USER, "hi");
    for (path, body, code) in [
        ("/v2/users/OTHER/messages", text("msg_id", asked.message_id(), 1), 40_034_024),
        (to_group().as_str(), text("msg_id", asked.message_id(), 1), 40_034_024),
        (to_user().as_str(), text("msg_id", "ROBOT1.0_unknown", 1), 40_034_024),
        (to_user().as_str(), text("event_id", "FRIEND_ADD:none", 1), 40_034_025),
        (to_user().as_str(), json!({"content": "x", "msg_id": "a", "event_id": "b"}), 40_034_025),
        (to_user().as_str(), json!({"content": "x", "msg_id": "a", "is_wakeup": true}), 40_034_123),
    ] {
        assert_eq!(client.code(path, &body).await, code, "{path} {body}");
    }
}

#[tokio::test]
async fn events_are_answered_by_their_kind() {
    let client = Client::start(Options::default()).await;
    type Step = (fn(&Bot) -> Event, String, u64);
    let steps: [Step; 11] = [
        (|bot| bot.friend_del(USER), to_user(), 40_034_027),
        (|bot| bot.friend_add(USER), to_user(), 40_034_027),
        (|bot| bot.user_push(USER, false), to_user(), 40_034_027),
        (|bot| bot.user_push(USER, true), to_user(), 0),
        (|bot| bot.press(USER, "1", "data"), to_user(), 0),
        (|bot| bot.group_del(GROUP, USER), to_group(), 40_034_027),
        (|bot| bot.group_add(GROUP, USER), to_group(), 0),
        (|bot| bot.group_push(GROUP, USER, false), to_group(), 40_034_027),
        (|bot| bot.group_push(GROUP, USER, true), to_group(), 0),
        (|bot| bot.member_change(GROUP, "M", true), to_group(), 40_034_027),
        (|bot| bot.group_press(GROUP, USER, "1", "data"), to_group(), 0),
    ];
    for (happen, path, code) in steps {
        let event = happen(&client.bot);
        let seen = client.code(&path, &text("event_id", &event.id, 1)).await;
        assert_eq!(seen, code, "{}", event.kind);
    }
}

#[tokio::test]
async fn notices_are_answered_once_a_day() {
    let client = Client::start(for_days(Limits::default())).await;
    let first = client.bot.group_push(GROUP, USER, true);
    assert_eq!(client.code(&to_group(), &text("event_id", &first.id, 1)).await, 0);
    assert_eq!(client.code(&to_group(), &text("event_id", &first.id, 1)).await, 40_054_005);
    let second = client.bot.group_push(GROUP, USER, true);
    assert_eq!(client.code(&to_group(), &text("event_id", &second.id, 1)).await, 40_034_128);
    client.platform.advance(Duration::from_secs(86_400));
    let third = client.bot.group_push(GROUP, USER, true);
    assert_eq!(client.code(&to_group(), &text("event_id", &third.id, 1)).await, 0);
    client.platform.advance(Duration::from_secs(400));
    assert_eq!(client.code(&to_group(), &text("event_id", &third.id, 2)).await, 40_034_026);
}

#[tokio::test]
async fn active_messages_have_quotas() {
    let limits =
        Limits { active_c2c_second: u32::MAX, active_user_day: 25, rates: false, ..Limits::default() };
    let client = Client::start(for_days(limits)).await;
    let body = json!({"msg_type": 0, "content": "x"});
    for _ in 0..20 {
        assert_eq!(client.code(&to_user(), &body).await, 0);
    }
    assert_eq!(client.code(&to_user(), &body).await, 40_034_100);
    client.platform.advance(Duration::from_secs(61));
    for _ in 0..5 {
        assert_eq!(client.code(&to_user(), &body).await, 0);
    }
    assert_eq!(client.code(&to_user(), &body).await, 22_009);
    client.platform.advance(Duration::from_secs(86_400));
    assert_eq!(client.code(&to_user(), &body).await, 0);
    assert_eq!(client.platform.violations().len(), 2);
    assert!(client.platform.sent().iter().all(|sent| sent.is_active()));
}

#[tokio::test]
async fn active_messages_end_with_their_permission() {
    let client = Client::start(Options::default()).await;
    let body = json!({"msg_type": 0, "content": "x"});
    client.bot.user_push(USER, false);
    assert_eq!(client.code(&to_user(), &body).await, 40_054_013);
    let asked = client.bot.c2c(USER, "hi");
    assert_eq!(client.code(&to_user(), &text("msg_id", asked.message_id(), 1)).await, 0, "answers go on");
    client.bot.user_push(USER, true);
    assert_eq!(client.code(&to_user(), &body).await, 0);
    client.bot.group_push(GROUP, USER, false);
    assert_eq!(client.code(&to_group(), &body).await, 40_034_105);
    client.bot.mute(GROUP, true);
    assert_eq!(client.code(&to_group(), &body).await, 40_054_002);
    client.bot.group_del(GROUP, USER);
    assert_eq!(client.code(&to_group(), &body).await, 40_034_101);
    client.bot.friend_del(USER);
    assert_eq!(client.code(&to_user(), &body).await, 40_054_004);
}

#[tokio::test]
async fn recall_messages_are_one_in_each_period() {
    let client = Client::start(for_days(Limits::default())).await;
    client.bot.c2c(USER, "hi");
    let body = json!({"msg_type": 0, "content": "好久不见", "is_wakeup": true});
    for (days, code) in [(0, 0), (0, 40_034_122), (1, 0), (1, 40_034_122), (2, 0), (5, 0), (30, 40_034_122)] {
        client.platform.advance(Duration::from_secs(days * 86_400));
        assert_eq!(client.code(&to_user(), &body).await, code, "after {days} more days");
    }
}

#[tokio::test]
async fn own_messages_can_be_quoted_and_recalled() {
    let client = Client::start(Options::default()).await;
    let (_, sent) = client.post(&to_user(), &json!({"content": "x"})).await;
    let index = sent["ext_info"]["ref_idx"].as_str().unwrap();
    let quoting = json!({"content": "y", "message_reference": {"message_id": index}});
    let (status, second) = client.post(&to_user(), &quoting).await;
    assert_eq!(status, 200, "{second}");
    let path = |id: &Value| format!("{}/{}", to_user(), id.as_str().unwrap().replace('!', "%21"));
    let recall = async |id: &Value| client.call("DELETE", &path(id), &Value::Null).await;
    assert_eq!(recall(&sent["id"]).await, (204, Value::Null));
    assert_eq!(recall(&sent["id"]).await.1["err_code"], 40_061_002, "it is gone");
    client.platform.advance(Duration::from_secs(121));
    assert_eq!(recall(&second["id"]).await.1["err_code"], 40_064_004);
    let others = client.bot.c2c(USER, "mine");
    assert_eq!(recall(&others.d["id"]).await.1["err_code"], 40_062_003);
    assert_eq!(client.bot.recalled(), [sent["id"].as_str().unwrap()]);
}

#[tokio::test]
async fn interactions_are_acknowledged_once_and_in_time() {
    let client = Client::start(Options::default()).await;
    let press = client.bot.press(USER, "ok", "data");
    let path = format!("/interactions/{}", press.message_id());
    assert_eq!(client.bot.acknowledgement(press.message_id()), None);
    assert_eq!(client.call("PUT", &path, &json!({"code": 9})).await.1["err_code"], 630_001);
    assert_eq!(client.call("PUT", &path, &json!({"code": 4})).await.0, 204);
    let acknowledged = client.bot.acknowledged(press.message_id()).await;
    assert_eq!((acknowledged.code, acknowledged.in_time), (4, true));
    assert_eq!(client.call("PUT", &path, &json!({"code": 0})).await.1["err_code"], 630_003);

    let limits = Limits { interaction: Duration::ZERO, ..Limits::default() };
    let client = Client::start(Options { limits, ..Options::default() }).await;
    let late = client.bot.press(USER, "ok", "data");
    let path = format!("/interactions/{}", late.message_id());
    assert_eq!(client.call("PUT", &path, &json!({"code": 0})).await.1["err_code"], 630_004);
    assert!(!client.bot.acknowledged(late.message_id()).await.in_time);
    assert_eq!(client.platform.violations()[0].limit, Limit::Deadline);
}

#[tokio::test]
async fn input_notifications_take_a_sequence_and_no_count() {
    let client = Client::start(Options::default()).await;
    let asked = client.bot.c2c(USER, "hi");
    let notify = json!({"msg_type": 6, "input_notify": {"input_type": 1, "input_second": 60},
        "msg_id": asked.message_id(), "msg_seq": 1});
    assert_eq!(client.code(&to_user(), &notify).await, 0);
    assert_eq!(client.code(&to_user(), &text("msg_id", asked.message_id(), 1)).await, 40_054_005);
    for seq in 2..=5 {
        assert_eq!(client.code(&to_user(), &text("msg_id", asked.message_id(), seq)).await, 0);
    }
    assert!(client.platform.next_sent().await.is_notify());
}

#[tokio::test]
async fn channels_and_direct_messages_have_rules_of_their_own() {
    let client = Client::start(Options::default()).await;
    let path = format!("/channels/{CHANNEL}/messages");
    let asked = client.bot.channel_at("1234", "hi");
    let (status, message) = client.post(&path, &json!({"content": "x", "msg_id": asked.message_id()})).await;
    assert_eq!((status, message["guild_id"].as_str()), (200, Some(GUILD)), "{message}");
    for (path, body, code) in [
        (path.as_str(), json!({"content": ""}), 50_006),
        (path.as_str(), json!({"content": "x", "msg_id": "none"}), 304_026),
        (path.as_str(), json!({"markdown": {"content": "x"}}), 304_036),
        ("/channels/77/messages", json!({"content": "x"}), 10_003),
        ("/dms/77/messages", json!({"content": "x"}), 304_032),
    ] {
        assert_eq!(client.code(path, &body).await, code, "{path} {body}");
    }
    client.bot.audit_next(1);
    let (status, audit) = client.post(&path, &json!({"content": "x", "msg_id": asked.message_id()})).await;
    assert_eq!((status, audit["code"].as_u64()), (202, Some(304_024)));
    assert_eq!(audit["data"]["message_audit"]["audit_id"], client.bot.audits()[0].as_str());
    let open = json!({"recipient_id": "1234", "source_guild_id": GUILD});
    let (_, dm) = client.post("/users/@me/dms", &open).await;
    let path = format!("/dms/{}/messages", dm["guild_id"].as_str().unwrap());
    let codes = [
        client.code(&path, &json!({"content": "1"})).await,
        client.code(&path, &json!({"content": "2"})).await,
        client.code(&path, &json!({"content": "3"})).await,
    ];
    assert_eq!(codes, [0, 0, 304_049]);
    let chat = Chat::Dm(dm["guild_id"].as_str().unwrap().to_owned());
    assert_eq!(client.platform.sent_to(&chat).len(), 2);
}

#[tokio::test]
async fn interfaces_have_rates() {
    let client = Client::start(Options::default()).await;
    let path = format!("/v2/users/{USER}/messages/none");
    for _ in 0..10 {
        assert_eq!(client.call("DELETE", &path, &Value::Null).await.0, 400);
    }
    let mut tries = 0;
    while client.call("DELETE", &path, &Value::Null).await.0 != 429 {
        tries += 1;
        assert!(tries < 1000, "ten recalls a second are enough");
    }
    assert_eq!(client.platform.violations()[0].limit, Limit::Rate);
}

#[tokio::test]
async fn shapes_follow_the_year() {
    for (shape, ext, author_bot, ref_idx) in [
        (Shape::Early2025, false, false, false),
        (Shape::Y2025, true, false, false),
        (Shape::Y2026, true, true, true),
    ] {
        let client = Client::start(Options { shape, ..Options::default() }).await;
        let event = client.bot.c2c(USER, "hi");
        assert_eq!(event.d["message_scene"]["ext"].is_array(), ext);
        assert_eq!(event.d["author"]["bot"].is_boolean(), author_bot);
        let (_, sent) = client.post(&to_user(), &json!({"content": "x"})).await;
        assert_eq!(sent["ext_info"].is_object(), ref_idx, "{sent}");
        assert!(sent["id"].as_str().unwrap().starts_with("ROBOT1.0_"));
    }
}
