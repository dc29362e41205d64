//! Cuts, silence, refused tokens, answers late, swapped and missing.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use iglu_tests::{
    fixtures::Fixture,
    folder::Folder,
    host::{Host, Line},
    napcat::{Answer, Cut, FRIEND, Format, GROUP, Greeting, Napcat, Options, certificate_path},
};
use serde_json::json;

use crate::common::{ask, house, napcat, said, settled, up};

/// iglu is back so soon after the server's return.
const BACK: Duration = Duration::from_secs(2);
const CHATTY: &str = "[limits]\nlog_per_second = 10000\nlog_burst = 10000\n";

fn options() -> Options {
    Options { deadline: Duration::from_secs(60), ..Options::default() }
}

/// The probe, which tells in the log what came of its replies.
async fn probed(napcat: &Napcat, plugins: &[&str], settings: &str) -> (Folder, Host) {
    let folder = Folder::with(napcat, plugins, settings);
    folder.put("probe.wasm", &Fixture::load("probe").id(1).bytes());
    let host = up(napcat, &folder).await;
    (folder, host)
}

#[tokio::test]
async fn a_hundred_cuts_hang_no_call_and_double_no_reply() {
    let napcat = napcat().await;
    let (_folder, host) = probed(&napcat, &["echo"], CHATTY).await;
    // So that most cuts find calls under way.
    napcat.answer("send_private_msg", Answer::handled().after(Duration::from_millis(20)));
    let pause = || tokio::time::sleep(Duration::from_millis(fastrand::u64(0..30)));
    let mut slowest = Duration::ZERO;
    for round in 0..100 {
        for number in 0..4 {
            napcat.private_text(FRIEND, &format!("/reply {round}-{number}"));
            if fastrand::bool() {
                pause().await;
            }
        }
        pause().await;
        let cut = match round % 6 {
            0 | 2 | 4 => Cut::Close((round % 4 == 0).then(|| (1012, "restart".to_owned()))),
            1 => Cut::Reset,
            3 => Cut::Eof,
            _ => Cut::MidFrame,
        };
        let gone = round % 5 == 0;
        if gone {
            napcat.stop_listening().await;
        }
        let before = napcat.links().connected;
        assert_eq!(napcat.cut(cut.clone()).await, 1);
        if gone {
            tokio::time::sleep(Duration::from_millis(fastrand::u64(0..1_000))).await;
            napcat.listen_again();
        }
        let returned = Instant::now();
        napcat.wait_links("iglu to be back", |links| links.connected > before && links.events > 0).await;
        slowest = slowest.max(returned.elapsed());
        assert!(returned.elapsed() < BACK, "{cut:?}: back after {:?}\n{}", returned.elapsed(), host.report());
    }
    println!("the slowest return took {slowest:?}");
    napcat.answer_normally("send_private_msg");
    settled(&napcat).await;

    let replies: Vec<String> = said(&napcat).into_iter().filter(|text| text.contains('-')).collect();
    let distinct: HashSet<&String> = replies.iter().collect();
    assert_eq!(distinct.len(), replies.len(), "a reply went out twice");
    assert!(replies.len() > 100, "only {} of 400 replies: the test tests little", replies.len());
    // Every call has come to an end: none waits, so iglu ends at once.
    let begin = Instant::now();
    let lines = host.stop().await;
    assert!(begin.elapsed() < Duration::from_secs(4), "{:?}", begin.elapsed());
    let outcomes = |text: &str| lines.iter().filter(|line| line.is("fixture-0001", text)).count();
    let (sent, failed) = (outcomes("sent as"), outcomes("disconnected"));
    println!("{} replies reached NapCat; {sent} receipts, {failed} failed for the link", replies.len());
    assert!(sent + failed >= replies.len() && failed > 0, "{sent} receipts and {failed} failures");
    assert!(!lines.iter().any(|line| line.text().contains("still being handled")));
}

#[tokio::test]
async fn pending_calls_fail_at_once_when_the_link_drops() {
    let napcat = napcat().await;
    let (_folder, host) = probed(&napcat, &["echo"], CHATTY).await;
    for cut in [Cut::Reset, Cut::Close(None)] {
        let mark = host.mark();
        let hold = napcat.hold("send_private_msg");
        for number in 0..20 {
            napcat.private_text(FRIEND, &format!("/reply {number}"));
        }
        napcat.held(&hold, 20).await;
        let begin = Instant::now();
        napcat.cut(cut).await;
        host.says_after(mark, "twenty failures", {
            let count = std::cell::Cell::new(0);
            move |line| {
                count.set(count.get() + usize::from(line.is("fixture-0001", "disconnected")));
                count.get() == 20
            }
        })
        .await;
        // Far below the thirty seconds that a call may take.
        assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
        napcat.connected().await;
        drop(hold);
    }
    settled(&napcat).await;
    assert_eq!(said(&napcat).len(), 41, "none was repeated");
    host.stop().await;
}

#[tokio::test]
async fn a_refused_token_is_told_and_retried_slowly() {
    let napcat = Napcat::start(Options { token: "right-token".to_owned(), ..options() }).await;
    let folder = Folder::new();
    folder
        .configure(&format!("[[bot]]\nname = \"mine\"\nurl = \"{}\"\ntoken = \"wrong-token\"", napcat.url()));
    let host = Host::run(&folder).await;
    let told =
        host.says("the refusal", |line| line.text().contains("refuses the access token of bot `mine`")).await;
    assert_eq!(told.level(), "ERROR");
    assert!(told.text().contains("set `token` in its [[bot]] table"), "{told:?}");
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!((napcat.links().accepted, napcat.links().denied), (1, 1), "NapCat's log is not flooded");
    let lines = host.stop().await;
    assert!(!lines.iter().any(|line| format!("{line:?}").contains("wrong-token")), "the token is a secret");
}

#[tokio::test]
async fn the_right_token_is_given_in_the_header() {
    let napcat = Napcat::start(Options { token: "s3cret".to_owned(), ..options() }).await;
    let folder = Folder::with(&napcat, &["echo"], "");
    let host = up(&napcat, &folder).await;
    assert_eq!(napcat.upgrades()[0].header("authorization"), Some("Bearer s3cret"));
    assert_eq!(ask(&napcat, "/echo hi").await, "hi");
    host.stop().await;
}

#[tokio::test]
async fn a_link_over_tls_trusts_the_named_certificate() {
    let napcat = Napcat::start(Options { tls: true, ..options() }).await;
    let folder = Folder::with(&napcat, &["echo"], "");
    let (url, ca) = (napcat.url(), certificate_path());
    folder.configure(&format!("[[bot]]\nurl = \"{url}\"\nca = {:?}", ca.display().to_string()));
    let host = up(&napcat, &folder).await;
    assert_eq!(ask(&napcat, "/echo hi").await, "hi");
    host.stop().await;
    // Without it the certificate is unknown, and the log says so.
    folder.configure(&format!("[[bot]]\nurl = \"{url}\""));
    let host = Host::run(&folder).await;
    host.says("the certificate", |line| line.text().to_lowercase().contains("certificate")).await;
    host.stop().await;
}

#[tokio::test]
async fn a_silent_link_is_given_up_and_dialled_again() {
    let napcat = Napcat::start(Options { heartbeat: Some(Duration::from_secs(1)), ..options() }).await;
    let folder = Folder::with(&napcat, &["echo"], "");
    let host = up(&napcat, &folder).await;
    assert_eq!(ask(&napcat, "/echo before").await, "before");
    // A heartbeat must have told its interval.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let first = napcat.connected().await;
    napcat.go_silent();
    host.says("that the link is dead", |line| line.text().contains("nothing was heard for")).await;
    napcat.wait_links("a second link", |links| links.connected == 2).await;
    napcat.cut_one(first, Cut::Reset).await;
    napcat.connected().await;
    assert_eq!(ask(&napcat, "/echo after").await, "after");
    host.stop().await;
}

#[tokio::test]
async fn a_quiet_link_that_answers_pings_is_kept() {
    let napcat = Napcat::start(Options { heartbeat: Some(Duration::from_secs(1)), ..options() }).await;
    let folder = Folder::with(&napcat, &["echo"], "");
    let host = up(&napcat, &folder).await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    napcat.beat_every(None);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(napcat.links().connected, 1, "{}", host.report());
    assert_eq!(ask(&napcat, "/echo still").await, "still");
    host.stop().await;
}

#[tokio::test]
async fn a_server_that_comes_later_is_found() {
    let napcat = napcat().await;
    napcat.stop_listening().await;
    let folder = Folder::with(&napcat, &["echo"], "");
    let host = Host::run(&folder).await;
    host.says("that it is not there", |line| line.text().contains("cannot reach")).await;
    for greeting in [Greeting::Reset, Greeting::Status(502), Greeting::Normal] {
        napcat.greet_with(greeting);
        napcat.listen_again();
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    napcat.connected().await;
    assert_eq!(ask(&napcat, "/echo here").await, "here");
    host.stop().await;
}

#[tokio::test]
async fn a_server_that_says_nothing_is_left_and_tried_again() {
    let napcat = napcat().await;
    napcat.greet_with(Greeting::SilentAfterUpgrade);
    let folder = Folder::with(&napcat, &["echo"], "");
    let host = Host::run(&folder).await;
    host.says("that nothing comes", |line| line.text().contains("nothing was heard for")).await;
    napcat.greet_with(Greeting::Normal);
    napcat.connected().await;
    assert_eq!(ask(&napcat, "/echo here").await, "here");
    host.stop().await;
}

#[tokio::test]
async fn answers_in_the_wrong_order_find_their_calls() {
    let napcat = napcat().await;
    let (_folder, host) = probed(&napcat, &[], "").await;
    let ids: Vec<i64> = (0..20).map(|n| napcat.private_text(10_000 + n, &format!("text {n}"))).collect();
    let hold = napcat.hold("get_msg");
    for (number, id) in (0..).zip(&ids) {
        napcat.private_message(10_000 + number).reply(*id).text("/fetch").push();
    }
    napcat.held(&hold, 20).await;
    hold.release_reversed();
    let calls = napcat.wait_for_calls("send_private_msg", 20).await;
    for call in calls {
        let user: u64 = call.params()["user_id"].as_str().unwrap().parse().unwrap();
        assert_eq!(call.text(), format!("text {}", user - 10_000));
    }
    host.stop().await;
}

#[tokio::test]
async fn an_answer_that_never_comes_is_a_timeout_and_no_second_send() {
    let napcat = napcat().await;
    let (_folder, host) = probed(&napcat, &["echo"], "").await;
    napcat.answer_once("send_private_msg", Answer::never());
    napcat.private_text(FRIEND, "/reply into the void");
    // Two plugins may answer in any order, so the send that stays without an answer must be there first.
    napcat.next_call("send_private_msg").await;
    settled(&napcat).await;
    let told = host.says("the timeout", |line| line.is("fixture-0001", "timeout")).await;
    assert!(told.text().contains("send_private_msg") && told.text().contains("do not repeat"), "{told:?}");
    assert_eq!(said(&napcat).iter().filter(|text| *text == "into the void").count(), 1);
    host.stop().await;
}

#[tokio::test]
async fn a_timeout_that_napcat_reports_is_told_and_not_repeated() {
    let napcat = napcat().await;
    let (_folder, host) = probed(&napcat, &["echo"], "").await;
    napcat.answer_once("send_private_msg", Answer::send_timeout());
    napcat.private_text(FRIEND, "/reply perhaps");
    host.says("what NapCat said", |line| {
        line.is("fixture-0001", "Timeout: NTEvent") && line.text().contains("1200")
            || line.is("fixture-0001", "timeout")
    })
    .await;
    settled(&napcat).await;
    assert_eq!(said(&napcat).iter().filter(|text| *text == "perhaps").count(), 1);
    host.stop().await;
}

#[tokio::test]
async fn odd_answers_and_frames_do_not_disturb_the_link() {
    let napcat = napcat().await;
    let (_folder, host) = probed(&napcat, &["echo"], "").await;
    for answer in [
        Answer::handled().twice(),
        Answer::handled().with_string_numbers(),
        Answer::handled().after(Duration::from_millis(50)),
        Answer::raw(
            "{\"status\":\"ok\",\"retcode\":0,\"data\":{\"message_id\":7},\"echo\":{echo},\"new\":[1]}",
        ),
    ] {
        let mark = host.mark();
        napcat.answer_once("send_private_msg", answer);
        napcat.private_text(FRIEND, "/reply hi");
        host.says_after(mark, "the receipt", |line: &Line| line.is("fixture-0001", "sent as")).await;
    }
    let event = napcat.private_message(FRIEND).text("/echo never").json();
    napcat.push_half(&event);
    napcat.push_binary(b"\xff\xfe");
    for frame in
        ["", "not json", "[]", "null", "17", "{}", "{\"post_type\":7}", "{\"echo\":\"x\",\"retcode\":\"y\"}"]
    {
        napcat.push_text(frame);
    }
    for broken in [
        json!({"post_type": "message"}),
        json!({"post_type": "message", "message_type": "private", "message": {"type": 5}, "self_id": "x"}),
        json!({"post_type": "notice", "notice_type": ["group"], "self_id": 1.5}),
        json!({"post_type": "brand_new", "self_id": 3_892_215_616_u64, "time": -1}),
    ] {
        napcat.push_text(&broken.to_string());
    }
    napcat.push_text(&format!("{{\"deep\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000)));
    settled(&napcat).await;
    assert_eq!(napcat.links().connected, 1, "{}", host.report());
    assert!(!said(&napcat).contains(&"never".to_owned()));
    host.stop().await;
}

#[tokio::test]
async fn messages_as_strings_with_cq_codes_are_read() {
    let napcat = Napcat::start(Options { format: Format::String, ..options() }).await;
    let folder = Folder::with(&napcat, &["echo", "inspect"], "");
    let host = up(&napcat, &folder).await;
    assert_eq!(ask(&napcat, "/echo [not a code] & so on, 你好").await, "[not a code] & so on, 你好");
    napcat.group_message(GROUP, FRIEND).text("a,b").segment("face", json!({"id": "178"})).push();
    let shown = napcat.next_call("send_group_msg").await.text();
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown[0], json!({"type": "text", "data": "a,b"}));
    assert_eq!(shown[1]["data"]["id"], "178");
    host.stop().await;
}

#[tokio::test]
async fn a_large_message_goes_both_ways() {
    let (napcat, _folder, host) = house(&["echo"], "").await;
    let text = "大".repeat(1 << 20);
    assert_eq!(ask(&napcat, &format!("/echo {text}")).await.len(), text.len());
    host.stop().await;
}

#[tokio::test]
async fn two_bots_are_kept_apart() {
    let first = napcat().await;
    let second = Napcat::start(Options { self_id: 1_234_567, ..options() }).await;
    let folder = Folder::with(&first, &["echo"], "");
    let bot =
        |napcat: &Napcat, name: &str| format!("[[bot]]\nname = \"{name}\"\nurl = \"{}\"\n", napcat.url());
    folder.configure(&(bot(&first, "first") + &bot(&second, "second")));
    folder.put("probe.wasm", &Fixture::load("probe").id(1).bytes());
    let host = up(&first, &folder).await;
    second.connected().await;
    // Message ids of two bots may be the same, and the messages are not.
    let mut event = first.private_message(FRIEND).text("/echo one").json();
    first.push(&event);
    event["self_id"] = second.options().self_id.into();
    event["message"][0]["data"]["text"] = "/echo two".into();
    event["raw_message"] = "/echo two".into();
    second.push(&event);
    assert_eq!(first.next_call("send_private_msg").await.text(), "one");
    assert_eq!(second.next_call("send_private_msg").await.text(), "two");
    assert_eq!(ask(&first, "/bots").await.split(' ').count(), 2);

    second.stop_listening().await;
    second.cut(Cut::Reset).await;
    assert_eq!(ask(&first, "/echo alone").await, "alone");
    second.listen_again();
    second.connected().await;
    assert_eq!(ask(&second, "/echo back").await, "back");
    host.stop().await;
}
