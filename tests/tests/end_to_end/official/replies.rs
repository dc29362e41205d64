//! What the host keeps the books of: windows, counts and numbers of replies, buttons in time, replies that grow, quotas;
//! and requests that fail.

use std::{
    collections::{BTreeMap, HashSet},
    time::Duration,
};

use iglu_tests::{
    fixtures::{Fixture, fixture_id},
    folder::Folder,
    host::Host,
    napcat::qq::{Bot, Chat, Fault, GROUP, Limit, Limits, Options, Platform, USER, Via, openid},
};

use super::{connected, folder, platform_with, table};

const PLUGIN: &str = "official";
const TO_USERS: &str = "/v2/users/*/messages";
const STREAMS: &str = "/v2/users/*/stream_messages";

/// A house with the fixture, what the owner says of the platform's rules, and what those really are.
async fn house(rules: &str, limits: Limits) -> (Platform, Bot, Folder, Host) {
    let platform = platform_with(Options { limits, ..Options::default() }).await;
    let bot = platform.bot();
    let settings = format!(
        "[limits]\nlog_burst = 1000\n[plugin.official]\ngrants = [\"send\"]\n{}",
        table(&platform, bot.app(), &format!("rules = {{ {rules} }}"))
    );
    let folder = folder(&["echo", PLUGIN], &settings);
    folder.put("probe.wasm", &Fixture::load("probe").id(1).bytes());
    let host = Host::run(&folder).await;
    connected(&host).await;
    (platform, bot, folder, host)
}

/// What the plugin tells of an act.
async fn told(host: &Host, act: &str) -> String {
    let act = format!("{act}: ");
    let line = host.says(&act, |line| line.plugin() == PLUGIN && line.text().contains(&act)).await;
    line.text().split_once(&act).map(|(_, told)| told.to_owned()).unwrap()
}

fn user() -> Chat {
    Chat::User(USER.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_concurrent_replies_never_share_a_number_nor_outlive_their_event() {
    let (platform, bot, _folder, host) = house("active = false", Limits::default()).await;
    let mut asked = BTreeMap::new();
    for _ in 0..25 {
        let (user, group) = (openid(), openid());
        for _ in 0..2 {
            asked.insert(bot.c2c(&user, "/burst 10").message_id().to_owned(), 4);
            asked.insert(bot.group_at(&group, &user, "/burst 10").message_id().to_owned(), 5);
        }
    }
    assert_eq!(asked.len(), 100);
    let bursts = |host: &Host| -> Vec<String> {
        let lines = host.lines().into_iter().filter(|line| line.plugin() == PLUGIN);
        lines.map(|line| line.text()).filter(|text| text.contains("burst: ")).collect()
    };
    host.says("the last burst", |line| line.text().contains("burst: ") && bursts(&host).len() == 100).await;
    let count = |what: &str| bursts(&host).iter().filter(|text| text.contains(what)).count();
    assert_eq!(count("burst: 4 sent, 6 expired, 10 in all"), 50, "{:?}", bursts(&host));
    assert_eq!(count("burst: 5 sent, 5 expired, 10 in all"), 50, "{:?}", bursts(&host));

    let mut numbers: BTreeMap<String, HashSet<u64>> = BTreeMap::new();
    for sent in platform.sent() {
        let message = sent.msg_id.clone().unwrap();
        let number = sent.body["msg_seq"].as_u64().unwrap();
        assert!(numbers.entry(message).or_default().insert(number), "{number} twice: {sent:?}");
    }
    let counts: BTreeMap<String, usize> = numbers.into_iter().map(|(id, all)| (id, all.len())).collect();
    assert_eq!(counts, asked);
    assert!(platform.violations().is_empty(), "{:?}", platform.violations());
    host.stop().await;
}

#[tokio::test]
async fn a_reply_after_the_window_is_expired_or_a_message_of_its_own() {
    for (active, result) in [(false, "expired"), (true, "sent")] {
        // Long enough for a busy machine to answer in time.
        let rules = format!("private_window = \"4s\", active = {active}");
        let (platform, bot, _folder, host) = house(&rules, Limits::default()).await;
        bot.c2c(USER, "/slow 0 in time");
        assert!(!platform.next_sent().await.is_active());
        bot.c2c(USER, "/slow 4200 late");
        let late = host.says("the late one", |line| {
            line.plugin() == PLUGIN
                && line.text().contains("slow: ")
                && !line.text().contains("slow: sent as")
                || platform.sent().len() == 2
        });
        let late = late.await.text();
        if active {
            let sent = platform.wait_sent(2).await;
            assert!(sent[1].is_active() && sent[1].text() == "late", "{:?}", sent[1]);
        } else {
            assert!(late.contains(&format!("slow: {result}")) && late.contains("which ended"), "{late}");
            assert_eq!(platform.sent().len(), 1);
        }
        assert!(platform.violations().is_empty(), "{:?}", platform.violations());
        host.stop().await;
    }
}

#[tokio::test]
async fn a_button_is_acknowledged_in_time_by_its_handler_or_else_by_the_host() {
    let (platform, bot, _folder, host) = house("", Limits::default()).await;
    let quick = bot.press(USER, "a", "3");
    let slow = [bot.press(USER, "b", "slow"), bot.group_press(GROUP, USER, "c", "slow")];
    let done = bot.acknowledged(quick.message_id()).await;
    assert!(done.in_time && done.code == 3, "{done:?}");
    for press in &slow {
        let done = bot.acknowledged(press.message_id()).await;
        assert!(done.in_time && done.code == 0, "{done:?}");
        assert!(done.after >= Duration::from_millis(1900), "the handler has its time first: {done:?}");
    }
    assert!(told(&host, "press slow").await.contains("expired"));
    // The handler's four seconds are longer than the host's two.
    assert_eq!(platform.requests_to("PUT", "/interactions/*").len(), 3);
    assert!(platform.violations().is_empty(), "{:?}", platform.violations());
    host.stop().await;
}

#[tokio::test]
async fn a_reply_grows_in_private_and_comes_whole_in_a_group() {
    let (platform, bot, _folder, host) = house("", Limits::default()).await;
    let asked = bot.c2c(USER, "/stretch 400 one two three four");
    let sent = platform.next_sent_to(&user()).await;
    assert_eq!((sent.text(), sent.via), ("one two three four", Via::Stream));
    assert_eq!(sent.msg_id.as_deref(), Some(asked.message_id()));
    let pieces = platform.requests_to("POST", STREAMS);
    assert!(pieces.len() >= 3, "{} pieces", pieces.len());
    let (last, before) = pieces.split_last().unwrap();
    assert_eq!(last.json["input_state"], 10);
    assert!(before.iter().all(|piece| piece.json["input_state"] == 1));
    for (index, pair) in pieces.windows(2).enumerate() {
        let text = |at: usize| pair[at].json["content_raw"].as_str().unwrap();
        assert!(text(1).starts_with(text(0)));
        assert_eq!(pair[1].json["index"], index + 1);
        assert_eq!(pair[1].json["stream_msg_id"], sent.id.as_str());
    }

    let group = Chat::Group(GROUP.to_owned());
    bot.group_at(GROUP, USER, "/stretch 10 one two three");
    let sent = platform.next_sent_to(&group).await;
    assert_eq!((sent.text(), sent.via), ("one two three", Via::Message));
    assert_eq!(platform.sent_to(&group).len(), 1);
    assert_eq!(platform.requests_to("POST", STREAMS).len(), pieces.len());
    assert!(platform.violations().is_empty(), "{:?}", platform.violations());
    host.stop().await;
}

#[tokio::test]
async fn what_no_bot_may_answer_is_unsupported_in_the_platforms_words() {
    let (platform, bot, _folder, host) = house("", Limits::default()).await;
    bot.friend_del(USER);
    let told = told(&host, "farewell").await;
    assert!(told.starts_with("unsupported"), "{told}");
    assert!(told.contains("FRIEND_DEL") && told.contains("40034027"), "{told}");
    assert!(told.contains("请求参数event_id对应事件不能回复消息"), "{told}");
    assert!(platform.requests_to("POST", "/v2/*").is_empty());
    host.stop().await;
}

#[tokio::test]
async fn a_quota_is_kept_by_the_host_and_not_tried_at_the_platform() {
    let limits = Limits { active_user_minute: 3, active_group_minute: 2, ..Limits::default() };
    let (platform, bot, _folder, host) = house("user_minute = 3, group_minute = 2", limits).await;
    for _ in 0..5 {
        bot.c2c(USER, "/write hello");
        bot.group_at(GROUP, USER, "/write hello");
    }
    let told = || host.lines().into_iter().filter(|line| line.plugin() == PLUGIN).map(|line| line.text());
    let count = |what: &str| told().filter(|text| text.contains(what)).count();
    host.says("the last", |line| line.text().contains("write: ") && count("write: ") == 10).await;
    assert_eq!(
        (count("write: sent as"), count("write: rate-limited")),
        (5, 5),
        "{:?}",
        told().collect::<Vec<_>>()
    );
    assert_eq!(platform.sent_to(&user()).len(), 3);
    assert_eq!(platform.sent_to(&Chat::Group(GROUP.to_owned())).len(), 2);
    assert!(platform.sent().iter().all(|sent| sent.is_active()));
    assert!(platform.violations().is_empty(), "{:?}", platform.violations());
    host.stop().await;
}

#[tokio::test]
async fn a_user_who_wants_no_messages_is_left_in_peace() {
    let (platform, bot, _folder, host) = house("", Limits::default()).await;
    bot.user_push(USER, false);
    bot.c2c(USER, "/write hello");
    let refused = told(&host, "write").await;
    assert!(refused.starts_with("platform") && refused.contains("switched off"), "{refused}");
    assert!(platform.sent().is_empty());
    bot.user_push(USER, true);
    bot.c2c(USER, "/write hello");
    assert!(platform.next_sent().await.is_active());
    assert!(platform.violations().is_empty(), "{:?}", platform.violations());
    host.stop().await;
}

#[tokio::test]
async fn a_token_that_ends_during_a_request_costs_no_message() {
    let (platform, bot, _folder, host) = house("", Limits::default()).await;
    let (_, tokens) = bot.token_counts();
    let held = platform.hold("POST", TO_USERS);
    bot.c2c(USER, "/echo first");
    platform.held(&held, 1).await;
    bot.expire_tokens();
    held.release();
    assert_eq!(platform.next_sent().await.text(), "first");
    bot.expire_tokens();
    for number in 0..5 {
        bot.c2c(USER, format!("/echo {number}").as_str());
    }
    let sent = platform.wait_sent(6).await;
    let texts: HashSet<&str> = sent.iter().map(|sent| sent.text()).collect();
    assert_eq!(texts, HashSet::from(["first", "0", "1", "2", "3", "4"]));
    let (_, now) = bot.token_counts();
    assert!(
        (tokens + 1..=tokens + 2).contains(&now),
        "one refresh for all who need it: {tokens}, then {now}"
    );
    assert!(platform.violations().is_empty(), "{:?}", platform.violations());
    host.stop().await;
}

#[tokio::test]
async fn requests_that_fail_are_tried_again_and_nothing_is_said_twice() {
    let (platform, bot, _folder, host) = house("", Limits::default()).await;
    for (number, fault) in [
        Fault::error(500, 50_001, "system error"),
        Fault::answer(503, ""),
        Fault::html(502, "Bad Gateway"),
        Fault::too_many(None),
        Fault::too_many(Some(1)),
        Fault::DropBefore,
        Fault::DropAfter,
    ]
    .into_iter()
    .enumerate()
    {
        platform.fault("POST", TO_USERS, 1, fault.clone());
        let mark = host.mark();
        bot.c2c(USER, format!("/reply {number}").as_str());
        let line = host.says_after(mark, &format!("{fault:?}"), |line| line.plugin() == fixture_id(1)).await;
        assert!(line.text().contains("sent as"), "{fault:?}: {}", line.text());
        assert_eq!(platform.faults_left(), 0);
    }
    let texts: Vec<String> = platform.sent().iter().map(|sent| sent.text().to_owned()).collect();
    assert_eq!(texts, ["0", "1", "2", "3", "4", "5", "6"]);
    // The platform itself told that the last was there already.
    let broken: Vec<_> = platform.violations().iter().map(|violation| violation.limit).collect();
    assert_eq!(broken, [Limit::Sequence]);
    host.stop().await;
}

#[tokio::test]
async fn what_cannot_succeed_is_told_with_the_platforms_code_and_tried_once() {
    let (platform, bot, _folder, host) = house("", Limits::default()).await;
    platform.fault("POST", TO_USERS, 1, Fault::error(400, 40_054_002, "机器人被禁言"));
    bot.c2c(USER, "/reply muted");
    let line = host.says("the refusal", |line| line.is(&fixture_id(1), "platform{")).await;
    assert!(line.text().contains("platform{40054002, 机器人被禁言"), "{}", line.text());
    assert_eq!(platform.requests_to("POST", TO_USERS).len(), 1);
    host.stop().await;
}
