//! The test kit of the SDK, as an author of plugins uses it, and the protocol beneath it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use iglu_sdk::HostError;
use iglu_sdk::test::{Answers, Builder, Kit};
use iglu_tests::fixtures::{iglu_bin, plugin_dir};
use iglu_tests::host::iglu_with;
use serde_json::{Value, json};

fn tested(plugin: &str) -> Builder {
    Kit::builder().iglu(iglu_bin()).file(plugin_dir().join(format!("{plugin}.wasm")))
}

#[test]
fn people_have_names_roles_and_groups() {
    let bot = tested("probe").build().unwrap();
    let group = bot.group("20001");
    group
        .user("10001")
        .name("Ann")
        .admin()
        .say("/member 20001 10001")
        .expect_containing("Ann")
        .expect_nothing();
    group.user("10002").owner().say("/member 20001 10001").expect_containing("Admin");
    group.user("10003").say("/member 20001 10002").expect_containing("Owner");
    group.user("10003").say("/member 20001 10009").expect_containing("not-found");
    bot.user("10003").say("/member 20002 10001").expect_containing("not-found");
}

#[test]
fn what_the_bot_does_is_seen_and_refused_at_will() {
    let bot = tested("probe").build().unwrap();
    let ann = bot.user("10001");
    let muted = json!({"group": "20001", "user": "10002", "seconds": 60});
    ann.say("/mute 20001 10002 60").expect_action("groups.mute", &muted).expect("muted").expect_nothing();
    bot.refuse("groups.mute", &HostError::NotFound("nobody".to_owned()));
    ann.say("/mute 20001 10002 60").expect_containing("not-found");
    ann.say("/call get_status").expect_action("get_status", &json!({})).expect_containing("unsupported");
    bot.answer("get_status", json!({"online": true}));
    ann.say("/call get_status").expect("{\"online\":true}");
    let oops = ann.say("/oops");
    oops.expect("oops").expect_action("messages.recall", &json!({})).expect_nothing();
    ann.say("/send 20009 hello").expect("hello").expect("sent 1 message(s)");
    bot.refuse("messages.send", &HostError::Timeout("no answer".to_owned()));
    ann.say("/send 20009 hello").expect_containing("timeout");
}

#[test]
fn a_permission_that_is_not_granted_is_denied() {
    let bot = tested("probe").deny("group-admin").build().unwrap();
    let answers = bot.user("10001").say("/mute 20001 10002 60");
    answers.expect_denied("group-admin").expect_containing("denied");
    assert!(answers.actions().iter().all(|action| action.name != "groups.mute"));
    bot.user("10001").say("/send 20009 hi").expect("hi");

    let bot = tested("probe").grant("recall").build().unwrap();
    bot.user("10001")
        .say("/send 20009 hi")
        .expect_denied("send")
        .expect_containing("denied")
        .expect_nothing();
}

#[test]
fn time_passes_when_the_test_says_so() {
    let bot = tested("probe").build().unwrap();
    bot.user("10001").say("/later 3600000 tea").expect_nothing();
    bot.user("10002").say("/later 1800000 cake").expect_nothing();
    bot.advance(Duration::from_secs(1799)).expect_nothing();
    bot.advance(Duration::from_secs(1)).expect("cake").expect_nothing();
    bot.advance(Duration::from_secs(7200)).expect("tea").expect_nothing();
}

#[test]
fn a_question_is_asked_and_its_answer_awaited() {
    let bot = tested("talker").build().unwrap();
    let ann = bot.user("10001");
    ann.say("/name").expect("name?").expect_nothing();
    bot.user("10002").say("not me").expect_nothing();
    ann.say("Ann").expect("age, Ann?").expect_nothing();
    ann.say("old").expect_nothing();
    ann.say("30").expect("Ann is 30");
    ann.say("/name").expect("name?");
    bot.advance(Duration::from_secs(299)).expect_nothing();
    bot.advance(Duration::from_secs(1)).expect("no name");
}

#[test]
fn timers_and_cron_lines_run_when_they_are_due() {
    let mut bot = tested("talker").build().unwrap();
    bot.user("10001").say("/timer tea 7200000 hot").expect("set");
    // The fixture says something on its own at half past each hour, and each morning.
    let of_tea =
        |answers: &Answers| answers.texts().iter().filter(|text| text.starts_with("tea: hot")).count();
    assert_eq!(of_tea(&bot.advance(Duration::from_secs(7100))), 0);
    bot.kill().unwrap();
    assert_eq!(of_tea(&bot.advance(Duration::from_secs(101))), 1);
    let day = bot.advance(Duration::from_secs(86_400)).texts();
    assert!(day.iter().any(|text| text.starts_with("daily missed=")), "{day:?}");
}

#[test]
fn servers_answer_what_the_test_says() {
    let bot = tested("web").build().unwrap();
    let ann = bot.user("10001");
    ann.say("/get https://api.example.com/a").expect_containing("the test has no answer");
    bot.http("GET", "https://api.example.com/*", json!({"sky": "clear"}));
    ann.say("/get https://api.example.com/a").expect("200 {\"sky\":\"clear\"}");
    bot.http_with(&json!({"url": "https://api.example.com/*", "status": 503, "text": "busy", "times": 1}));
    ann.say("/get https://api.example.com/a").expect("503 busy");
    bot.http("POST", "https://api.example.com/double*", json!({"doubled": 42}));
    ann.say("/double https://api.example.com/double 21").expect("42");
    let requests = bot.http_requests();
    let last = requests.last().unwrap();
    assert_eq!((last.method.as_str(), last.body.as_slice()), ("POST", &b"{\"number\":21}"[..]));
    assert!(last.headers.contains(&("x-key".to_owned(), "k".to_owned())), "{last:?}");

    let bot = tested("web").deny("http:*").build().unwrap();
    bot.http("GET", "https://api.example.com/*", json!(1));
    bot.user("10001").say("/get https://api.example.com/a").expect_denied("http:https://api.example.com");
    assert!(bot.http_requests().is_empty());
}

#[test]
fn servers_take_their_time_by_the_clock_of_the_test() {
    let bot = tested("web").build().unwrap();
    bot.http_with(&json!({"url": "https://slow.example.com/*", "text": "at last", "delay_ms": 5000}));
    let ann = bot.user("10001");
    ann.say("/get https://slow.example.com/a").expect_nothing();
    bot.advance(Duration::from_secs(4)).expect_nothing();
    bot.advance(Duration::from_secs(1)).expect("200 at last").expect_nothing();
    // Too slow for what the plugin allows.
    ann.say("/get https://slow.example.com/a 2000").expect_nothing();
    bot.advance(Duration::from_secs(2)).expect_containing("no answer in time");
    bot.advance(Duration::from_secs(10)).expect_nothing();
    // More at once than may be on their way wait for their turn.
    for _ in 0..20 {
        ann.say_on("/get https://slow.example.com/a");
    }
    let first = bot.advance(Duration::from_secs(6));
    assert_eq!(first.texts().len(), 16, "{first}");
    assert_eq!(bot.advance(Duration::from_secs(6)).texts().len(), 4);
}

#[test]
fn the_pace_of_sending_goes_by_the_clock_of_the_test() {
    let limits = "[limits]\nsends_per_second = 1\nsends_per_chat = 1\nsends_burst = 1";
    let bot = tested("probe").settings(limits).build().unwrap();
    let ann = bot.user("10001");
    ann.say("/send 20009 one").expect("one").expect("sent 1 message(s)").expect_nothing();
    for text in ["two", "three", "four"] {
        ann.say_on(format!("/send 20009 {text}"));
    }
    // One a second: who waits for the third waits for the second before.
    let mut heard = bot.advance(Duration::from_secs(4)).texts();
    heard.retain(|text| !text.starts_with("sent"));
    assert_eq!(heard, ["two", "three", "four"]);
}

#[test]
fn timers_and_missed_cron_lines_come_after_a_time_away() {
    let mut bot = tested("talker").build().unwrap();
    bot.user("10001").say("/timer tea 7200000 hot").expect("set");
    let texts = bot.away(Duration::from_secs(3 * 86_400)).unwrap().texts();
    assert_eq!(texts.iter().filter(|text| *text == "tea: hot again=false").count(), 1, "{texts:?}");
    let daily: Vec<_> = texts.iter().filter_map(|text| text.strip_prefix("daily missed=")).collect();
    // Three mornings passed.
    assert!(matches!(daily[..], ["3"]), "{texts:?}");
    let hourly = texts.iter().filter(|text| text.starts_with("hourly")).count();
    assert!(hourly < 2, "those are skipped, unless it is half past right now: {texts:?}");
    bot.restart().unwrap();
    let texts = bot.advance(Duration::ZERO).texts();
    assert!(texts.iter().all(|text| text.starts_with("hourly")), "{texts:?}");
    bot.user("10001").say("/timers").expect("timers: ");
}

#[test]
fn storage_is_seen_filled_and_outlives_a_kill() {
    let mut bot = tested("notes").build().unwrap();
    bot.user("10001").say("/note add milk").expect("Noted as 1.");
    assert_eq!(bot.stored_keys("notes/"), ["notes/10000/10001"]);
    assert_eq!(bot.stored("notes/10000/10001"), Some(vec!["milk".to_owned()]));
    assert_eq!(bot.stored::<Value>("nothing"), None);
    bot.store("notes/10000/10002", &["bread"]);
    bot.user("10002").say("/note list").expect("1. bread");
    bot.kill().unwrap();
    bot.user("10001").say("/note list").expect("1. milk");
}

#[test]
fn state_outlives_a_reload_and_no_kill() {
    let mut bot = tested("counter").build().unwrap();
    bot.user("10001").say("a").expect("0.0.0000:1:a");
    bot.reload().expect_nothing();
    bot.user("10001").say("b").expect("0.0.0000:2:b");
    bot.kill().unwrap();
    bot.user("10001").say("c").expect("0.0.0000:1:c");
}

#[test]
fn messages_at_once_are_answered_in_order() {
    let bot = tested("counter").build().unwrap();
    for _ in 0..20 {
        bot.user("10001").say_on("x");
    }
    let answers = bot.user("10002").say("last");
    let texts: Vec<String> = (1..=20).map(|n| format!("0.0.0000:{n}:x")).collect();
    assert_eq!(answers.texts()[..20], texts);
    assert_eq!(answers.texts()[20], "0.0.0000:21:last");
}

#[test]
fn a_crash_is_in_the_log_and_the_plugin_comes_back() {
    let bot = tested("rogue").build().unwrap();
    let ann = bot.user("10001");
    ann.say("/panic").expect_error("rogue panics on purpose").expect_nothing();
    ann.say("/ping").expect_nothing();
    bot.advance(Duration::from_secs(2)).expect("pong");
    ann.say("/fail").expect_error("rogue fails on purpose");
    ann.say("/forever").expect_nothing();
    ann.say("/ping").expect("pong");
}

#[test]
fn a_failed_expectation_tells_the_whole_story() {
    let bot = tested("echo").build().unwrap();
    let failed = catch_unwind(AssertUnwindSafe(|| {
        bot.user("10001").say("/echo hi").expect("ho");
    }));
    let told = failed.unwrap_err().downcast_ref::<String>().cloned().unwrap();
    for part in ["expected: ho", "but came: hi", "10001 said \"/echo hi\"", "messages.reply"] {
        assert!(told.contains(part), "{told}");
    }
}

#[test]
fn what_cannot_be_tested_is_told_with_the_reason() {
    let reason = |builder: Builder| builder.build().unwrap_err().to_string();
    let no_file = reason(Kit::builder().iglu(iglu_bin()).file("no-such.wasm"));
    assert!(no_file.contains("no-such.wasm"), "{no_file}");
    let no_wasm = reason(Kit::builder().iglu(iglu_bin()).file(iglu_bin()));
    assert!(no_wasm.contains("not a WebAssembly component"), "{no_wasm}");
    let no_program = reason(Kit::builder().iglu("no-such-program").file("x.wasm"));
    assert!(no_program.contains("no-such-program"), "{no_program}");
    let no_key = reason(tested("echo").settings("[commands]\nprefix = [\"!\"]"));
    assert!(no_key.contains("prefixes"), "{no_key}");
    let no_project = reason(Kit::builder().iglu(iglu_bin()).project("no-such-folder"));
    assert!(no_project.contains("iglu new"), "{no_project}");
}

#[tokio::test]
async fn the_protocol_answers_each_line_with_one() {
    let file = plugin_dir().join("echo.wasm");
    let lines = [
        json!({"do": "say", "user": "10001", "text": "/echo early"}).to_string(),
        "nonsense".to_owned(),
        json!({"do": "open", "plugin": file, "language": "en"}).to_string(),
        json!({"do": "say", "user": "10001", "text": "/echo hi"}).to_string(),
        String::new(),
        json!({"do": "say", "user": "10001"}).to_string(),
        json!({"do": "http", "url": "https://example.com/", "sattus": 200}).to_string(),
        json!({"do": "advance", "seconds": -1}).to_string(),
        json!({"do": "close"}).to_string(),
        json!({"do": "reload"}).to_string(),
    ];
    let done = iglu_with(&["test-host"], &lines.join("\n")).await;
    assert!(done.status.success(), "{done:?}");
    let answers: Vec<Value> =
        done.stdout.split(|b| *b == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
    let fault = |at: usize| answers[at]["error"].as_str().unwrap_or_default().to_owned();
    assert_eq!(answers.len(), lines.len() - 1, "an empty line is none");
    assert!(fault(0).contains("\"do\": \"open\""), "{answers:?}");
    assert!(fault(1).contains("one JSON object a line"), "{answers:?}");
    assert_eq!(answers[2]["ok"]["manifest"]["id"], "echo");
    assert_eq!(answers[3]["actions"][0]["params"]["text"], "hi");
    assert!(fault(4).contains("`text` or `content`"), "{answers:?}");
    assert!(fault(5).contains("sattus"), "{answers:?}");
    assert!(fault(6).contains("only forward"), "{answers:?}");
    assert_eq!(answers[7]["ok"], Value::Null);
    assert!(fault(8).contains("no plugin is open"), "{answers:?}");
}
