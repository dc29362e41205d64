//! Replies and other messages under the platform's rules, and under its faults.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::future::join_all;
use iglu_simulator::qq::{App, CHANNEL, Chat as Place, Fault, GROUP, GUILD, Limits, Options, USER};
use serde_json::json;

use super::{Stage, body, chat_of, code};
use crate::bot::Bot as _;
use crate::model::{self, ChannelChat, Chat, DirectChat, Error, EventBody, Notice, PushChange, Segment};

const TO_USERS: &str = "/v2/users/*/messages";
const TO_GROUPS: &str = "/v2/groups/*/messages";

fn user() -> Chat {
    Chat::Private(USER.to_owned())
}

fn channel() -> Chat {
    Chat::Channel(ChannelChat { guild: GUILD.to_owned(), channel: CHANNEL.to_owned() })
}

#[tokio::test]
async fn every_scene_is_answered_in_its_own_words() {
    let stage = Stage::new().await;
    let asked = [
        stage.player.c2c(USER, "hi"),
        stage.player.group_at(GROUP, USER, "hi"),
        stage.player.channel_at(USER, "hi"),
        stage.player.dm(GUILD, USER, "hi"),
    ];
    for event in asked {
        let heard = stage.heard(&event);
        let receipt = stage.reply(&heard, "hello").await.unwrap();
        let sent = stage.platform.next_sent().await;
        assert_eq!((sent.text(), sent.msg_id.as_deref()), ("hello", Some(event.message_id())));
        assert_eq!(receipt.messages, std::slice::from_ref(&sent.id));
        assert!(receipt.time.is_some_and(|time| time > 1.7e9), "{receipt:?}");
        let newer = matches!(sent.chat, Place::User(_) | Place::Group(_));
        assert_eq!(sent.body["msg_seq"].is_u64(), newer, "{}", sent.body);
        assert!(stage.account.memory.wrote(&sent.id));
    }
    assert!(stage.platform.violations().is_empty());
}

#[tokio::test]
async fn a_thousand_concurrent_replies_meet_no_rule() {
    let stage = Stage::with(Options::default(), |settings| settings.rules.active = false).await;
    let mut heard = Vec::new();
    for number in 0..100 {
        heard.push(match number % 2 {
            0 => stage.heard(&stage.player.c2c(USER, "hi")),
            _ => stage.heard(&stage.player.group_at(GROUP, USER, "hi")),
        });
    }
    let replies = (0..1_000).map(|number| stage.reply(&heard[number % 100], "hello"));
    let results = join_all(replies).await;
    let sent = stage.platform.sent();
    assert_eq!(sent.len(), 50 * 4 + 50 * 5);
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), sent.len());
    assert!(
        results
            .iter()
            .flat_map(|result| result.as_ref().err())
            .all(|error| matches!(error, Error::Expired(_)))
    );
    let numbers: HashSet<_> =
        sent.iter().map(|sent| (sent.msg_id.clone(), sent.body["msg_seq"].to_string())).collect();
    assert_eq!(numbers.len(), sent.len());
    assert!(stage.platform.violations().is_empty(), "{:?}", stage.platform.violations());
}

#[tokio::test]
async fn messages_leave_in_the_order_of_the_calls() {
    let stage = Stage::new().await;
    let heard: Vec<_> = (0..8).map(|_| stage.heard(&stage.player.c2c(USER, "hi"))).collect();
    let texts: Vec<_> = (0..30).map(|number| number.to_string()).collect();
    let results = join_all((0..30).map(|number| stage.reply(&heard[number % 8], &texts[number]))).await;
    assert!(results.iter().all(Result::is_ok));
    let sent = stage.platform.sent();
    assert!(sent.iter().map(|sent| sent.text()).eq(texts.iter()), "one after the other");
}

#[tokio::test]
async fn a_used_up_event_is_followed_by_messages_of_the_bots_own() {
    let stage = Stage::with(Options::default(), |settings| settings.rules.active_user.minute = 2).await;
    let heard = stage.heard(&stage.player.c2c(USER, "hi"));
    for _ in 0..6 {
        stage.reply(&heard, "x").await.unwrap();
    }
    let active: Vec<_> = stage.platform.sent().iter().map(|sent| sent.is_active()).collect();
    assert_eq!(active, [false, false, false, false, true, true]);
    let Err(Error::Expired(said)) = stage.reply(&heard, "x").await else { panic!() };
    assert!(said.contains("all the 4") && said.contains("quota of 2"), "{said}");
    assert!(matches!(stage.send(&user(), "x").await, Err(Error::RateLimited(_))));
    assert!(stage.platform.violations().is_empty());
}

#[tokio::test]
async fn a_message_in_parts_is_never_sent_by_half() {
    let stage = Stage::with(Options::default(), |settings| settings.rules.active = false).await;
    let heard = stage.heard(&stage.player.c2c(USER, "hi"));
    let markdown = || {
        let content = Some("# x".to_owned());
        Segment::Markdown(model::Markdown { content, template: None })
    };
    let parts = |count: usize| (0..count).map(|_| markdown()).collect::<Vec<_>>();
    assert!(matches!(stage.answer(&heard, &parts(5)).await, Err(Error::Expired(_))));
    assert!(stage.platform.sent().is_empty());
    let receipt = stage.answer(&heard, &parts(3)).await.unwrap();
    assert_eq!(receipt.messages.len(), 3);
    assert!(stage.answer(&heard, &parts(2)).await.is_err());
    assert!(stage.answer(&heard, &parts(1)).await.is_ok());
    assert_eq!(stage.platform.sent().len(), 4);
}

#[tokio::test]
async fn an_answer_that_got_lost_is_repeated_under_its_number() {
    let stage = Stage::new().await;
    let heard = stage.heard(&stage.player.c2c(USER, "hi"));
    stage.platform.fault("POST", TO_USERS, 1, Fault::DropAfter);
    let receipt = stage.reply(&heard, "once").await.unwrap();
    assert!(receipt.messages.is_empty(), "it was delivered, and its id is lost");
    assert_eq!(stage.platform.sent().len(), 1);
    stage.platform.fault("POST", TO_USERS, 1, Fault::DropBefore);
    assert_eq!(stage.reply(&heard, "twice").await.unwrap().messages.len(), 1);
    let numbers: Vec<_> =
        stage.requests("POST", TO_USERS).iter().map(|request| body(request)["msg_seq"].clone()).collect();
    assert_eq!(numbers, [json!(1), json!(1), json!(2), json!(2)]);
}

#[tokio::test]
async fn a_message_of_the_bots_own_is_not_repeated_blindly() {
    let stage = Stage::new().await;
    stage.platform.fault("POST", TO_USERS, 1, Fault::DropAfter);
    assert!(matches!(stage.send(&user(), "once").await, Err(Error::Timeout(_))));
    assert_eq!(stage.requests("POST", TO_USERS).len(), 1);
    assert_eq!(stage.platform.sent().len(), 1);
}

#[tokio::test]
async fn a_number_that_was_taken_is_replaced() {
    let stage = Stage::new().await;
    let event = stage.player.c2c(USER, "hi");
    let heard = stage.heard(&event);
    stage.platform.fault("POST", TO_USERS, 2, Fault::error(400, 40_054_005, "消息被去重"));
    stage.reply(&heard, "x").await.unwrap();
    assert_eq!(stage.platform.sent()[0].body["msg_seq"], 3);
    stage.platform.fault("POST", TO_USERS, 4, Fault::error(400, 40_054_005, "消息被去重"));
    assert_eq!(code(&stage.reply(&heard, "x").await), 40_054_005, "three others are tried");
    assert_eq!(stage.platform.faults_left(), 0);
}

#[tokio::test]
async fn an_event_that_the_platform_calls_dead_is_left_alone() {
    let stage = Stage::new().await;
    let heard = stage.heard(&stage.player.c2c(USER, "hi"));
    stage.platform.fault("POST", TO_USERS, 1, Fault::error(400, 40_034_005, "expired"));
    stage.reply(&heard, "a").await.unwrap();
    stage.reply(&heard, "b").await.unwrap();
    assert!(stage.platform.sent().iter().all(|sent| sent.is_active()));
    assert_eq!(stage.requests("POST", TO_USERS).len(), 3, "it is not tried again");
    let stage = Stage::with(Options::default(), |settings| settings.rules.active = false).await;
    let heard = stage.heard(&stage.player.c2c(USER, "hi"));
    stage.platform.fault("POST", TO_USERS, 1, Fault::error(400, 40_034_005, "回复消息msg_id已过期"));
    let Err(Error::Expired(said)) = stage.reply(&heard, "a").await else { panic!() };
    assert!(said.contains("40034005") && said.contains("`active`"), "{said}");
}

#[tokio::test]
async fn notices_are_answered_as_the_platform_allows() {
    let stage = Stage::with(Options::default(), |settings| settings.rules.active = false).await;
    let added = stage.heard(&stage.player.group_add(GROUP, USER));
    stage.reply(&added, "welcome").await.unwrap();
    assert!(stage.platform.next_sent().await.event_id.is_some());
    assert!(matches!(stage.reply(&added, "again").await, Err(Error::Expired(_))), "once a day");
    let deleted = stage.heard(&stage.player.friend_del("GONE"));
    let Err(Error::Unsupported(said)) = stage.reply(&deleted, "no").await else { panic!() };
    assert!(said.contains("40034027"), "{said}");
    let friend = stage.heard(&stage.player.friend_add("NEW"));
    let Err(Error::Unsupported(said)) = stage.reply(&friend, "hi").await else { panic!() };
    assert!(said.contains("不能回复"), "{said}");
    let requests = stage.requests("POST", TO_USERS).len();
    let other = stage.heard(&stage.player.friend_add("OTHER"));
    assert!(stage.reply(&other, "hi").await.is_err());
    assert_eq!(stage.requests("POST", TO_USERS).len(), requests, "the refusal is remembered");
    assert!(stage.platform.violations().is_empty());
}

#[tokio::test]
async fn nothing_is_sent_to_where_the_bot_was_taken_out() {
    let stage = Stage::new().await;
    let asked = stage.heard(&stage.player.group_at(GROUP, USER, "hi"));
    let group = chat_of(&asked);
    let left = stage.heard(&stage.player.group_del(GROUP, USER));
    stage.account.heed(&left.event.body);
    assert_eq!(code(&stage.send(&group, "x").await), 40_034_101);
    assert_eq!(code(&stage.reply(&asked, "x").await), 40_034_101);
    assert!(matches!(stage.reply(&left, "bye").await, Err(Error::Unsupported(_))));
    let gone = stage.heard(&stage.player.friend_del(USER));
    stage.account.heed(&gone.event.body);
    assert_eq!(code(&stage.send(&user(), "x").await), 40_054_004);
    assert!(stage.requests("POST", "/v2/*/*/messages").is_empty(), "the platform is not asked");
    let back = stage.heard(&stage.player.group_add(GROUP, USER));
    stage.account.heed(&back.event.body);
    stage.reply(&back, "here again").await.unwrap();
    let wrote = stage.heard(&stage.player.c2c(USER, "hi"));
    stage.account.heed(&wrote.event.body);
    stage.reply(&wrote, "hello").await.unwrap();
    assert!(stage.platform.violations().is_empty());
}

#[tokio::test]
async fn what_the_platform_says_of_a_chat_is_heeded() {
    let stage = Stage::new().await;
    stage.platform.fault("POST", TO_GROUPS, 1, Fault::error(400, 1_100_104, "群不存在"));
    let group = Chat::Group(GROUP.to_owned());
    for _ in 0..2 {
        assert_eq!(code(&stage.send(&group, "x").await), 1_100_104);
    }
    stage.platform.fault("POST", TO_USERS, 1, Fault::error(400, 1_100_100, "安全打击"));
    let heard = stage.heard(&stage.player.c2c(USER, "hi"));
    for _ in 0..2 {
        let Err(Error::RateLimited(wait)) = stage.reply(&heard, "x").await else { panic!() };
        assert!((50.0..=60.0).contains(&wait), "{wait}");
    }
    assert_eq!(stage.requests("POST", "/v2/*/*/messages").len(), 2, "each is asked once");
}

fn push(chat: Chat, allowed: bool) -> EventBody {
    EventBody::Notice(Notice::PushChanged(PushChange { chat, allowed, operator: None }))
}

#[tokio::test]
async fn chats_that_switched_the_bot_off_are_let_be() {
    let stage = Stage::new().await;
    stage.player.user_push(USER, false);
    assert_eq!(code(&stage.send(&user(), "x").await), 40_054_013);
    let requests = stage.requests("POST", TO_USERS).len();
    assert_eq!(code(&stage.send(&user(), "x").await), 40_054_013);
    assert_eq!(stage.requests("POST", TO_USERS).len(), requests, "the platform is not asked again");
    stage.player.user_push(USER, true);
    stage.account.heed(&push(user(), true));
    assert!(stage.send(&user(), "x").await.is_ok());
    let heard = stage.heard(&stage.player.group_at(GROUP, USER, "hi"));
    stage.account.heed(&push(chat_of(&heard), false));
    assert!(stage.send(&chat_of(&heard), "x").await.is_err());
    assert!(stage.reply(&heard, "x").await.is_ok(), "a reply needs no permission");
}

#[tokio::test]
async fn what_was_not_sent_costs_nothing() {
    let limits = Limits { text: 10, ..Limits::default() };
    let options = Options { limits, ..Options::default() };
    let stage = Stage::with(options, |settings| settings.rules.active = false).await;
    let heard = stage.heard(&stage.player.c2c(USER, "hi"));
    for _ in 0..6 {
        let refused = stage.reply(&heard, "far too long a text").await;
        assert_eq!(code(&refused), 40_054_007, "nothing is cut");
    }
    for _ in 0..4 {
        stage.reply(&heard, "short").await.unwrap();
    }
    assert!(matches!(stage.reply(&heard, "short").await, Err(Error::Expired(_))));
}

#[tokio::test]
async fn an_expired_token_is_renewed_under_the_same_number() {
    let stage = Stage::new().await;
    let heard = stage.heard(&stage.player.c2c(USER, "hi"));
    stage.reply(&heard, "a").await.unwrap();
    stage.player.expire_tokens();
    stage.reply(&heard, "b").await.unwrap();
    let numbers: Vec<_> =
        stage.requests("POST", TO_USERS).iter().map(|request| body(request)["msg_seq"].clone()).collect();
    assert_eq!(numbers, [json!(1), json!(2), json!(2)]);
}

#[tokio::test]
async fn quotes_name_the_index_that_came_with_the_message() {
    let stage = Stage::new().await;
    let event = stage.player.c2c(USER, "hi");
    let heard = stage.heard(&event);
    let chat = chat_of(&heard);
    stage.account.send(&chat, &model::text("x"), Some(&heard), true).await.unwrap();
    let sent = stage.platform.next_sent().await;
    assert_eq!(sent.body["message_reference"]["message_id"].as_str(), event.reference());
    let quote = |message: &str| {
        Segment::Reply(model::Quote {
            message: message.to_owned(),
            sender: None,
            time: None,
            text: None,
            content: None,
        })
    };
    let own = [quote(&sent.id), Segment::Text("and I said".to_owned())];
    stage.answer(&heard, &own).await.unwrap();
    let second = stage.platform.next_sent().await;
    assert_eq!(second.body["message_reference"]["message_id"], sent.reference, "its own message too");
    let unknown = [quote("REFIDX_nothing"), Segment::Text("x".to_owned())];
    assert!(matches!(stage.answer(&heard, &unknown).await, Err(Error::NotFound(_))));
    assert!(stage.reply(&heard, "still here").await.is_ok());
    assert!(stage.platform.sent().iter().all(|sent| !sent.is_active()), "a lost quote closes no window");
}

#[tokio::test]
async fn a_message_under_review_is_told_by_its_audit() {
    let stage = Stage::new().await;
    stage.player.audit_next(1);
    let receipt = stage.send(&channel(), "x").await.unwrap();
    assert_eq!(receipt.audit, stage.player.audits().first().cloned());
    assert!(receipt.messages.is_empty());
    assert!(stage.send(&channel(), "x").await.unwrap().audit.is_none());
}

#[tokio::test]
async fn a_direct_message_is_opened_once() {
    let stage = Stage::new().await;
    let direct = |source: Option<&str>| {
        Chat::Direct(DirectChat { guild: None, user: USER.to_owned(), source: source.map(str::to_owned) })
    };
    assert!(matches!(stage.send(&direct(None), "x").await, Err(Error::Invalid(_))));
    for _ in 0..2 {
        stage.send(&direct(Some(GUILD)), "x").await.unwrap();
    }
    assert_eq!(stage.requests("POST", "/users/@me/dms").len(), 1);
    assert!(matches!(stage.send(&direct(Some(GUILD)), "x").await, Err(Error::RateLimited(_))), "two a day");
    assert!(stage.platform.violations().is_empty());
}

#[tokio::test]
async fn a_bot_without_messages_of_its_own_says_so() {
    let app = App { active: false, ..App::default() };
    let stage = Stage::with(Options { apps: vec![app], ..Options::default() }, |_| {}).await;
    assert_eq!(code(&stage.send(&user(), "x").await), 40_034_105);
    let stage = Stage::with(Options::default(), |settings| settings.rules.active = false).await;
    let Err(Error::Unsupported(said)) = stage.send(&user(), "x").await else { panic!() };
    assert!(said.contains("`active`"), "{said}");
    assert!(stage.requests("POST", TO_GROUPS).is_empty());
}

#[tokio::test]
async fn a_busy_platform_is_asked_again() {
    let stage = Stage::new().await;
    let heard = stage.heard(&stage.player.group_at(GROUP, USER, "hi"));
    stage.platform.fault("POST", TO_GROUPS, 2, Fault::html(502, "Bad Gateway"));
    stage.reply(&heard, "x").await.unwrap();
    stage.platform.fault("POST", TO_GROUPS, 9, Fault::too_many(Some(900)));
    let Err(Error::RateLimited(wait)) = stage.reply(&heard, "x").await else { panic!() };
    assert_eq!(wait, Duration::from_secs(900).as_secs_f64());
}
