//! Conversations: who gets a message while somebody waits, and what ends a wait.

use std::time::Duration;

use iglu_tests::{
    fixtures::Fixture,
    folder::Folder,
    host::Host,
    napcat::{FRIEND, GROUP, Napcat},
};

use crate::common::{QUIET, answer, ask, house, said, settled};

const ANN: u64 = 10_001;
const BEN: u64 = 10_002;

async fn talk(settings: &str) -> (Napcat, Folder, Host) {
    house(&["talker", "echo"], settings).await
}

/// The bot's next message to the group.
async fn heard(napcat: &Napcat) -> String {
    napcat.next_call("send_group_msg").await.text()
}

/// What handlers without a wait have seen so far.
fn overheard(host: &Host) -> Vec<String> {
    let lines = host.lines();
    lines.iter().filter_map(|line| Some(line.text().strip_prefix("overheard ")?.to_owned())).collect()
}

#[tokio::test]
async fn a_dialogue_goes_on_by_plain_awaits_and_nobody_else_hears_it() {
    let (napcat, _folder, host) = talk("").await;
    assert_eq!(ask(&napcat, "/name").await, "name?");
    // A command too, since the wait does not ask for commands to go first.
    assert_eq!(ask(&napcat, "/ping").await, "age, /ping?");
    // Does not fit the pattern, so it is for the handlers.
    assert_eq!(ask(&napcat, "/ping").await, "pong");
    assert_eq!(ask(&napcat, "30").await, "/ping is 30");
    assert_eq!(answer(&napcat).await, "known [true, true, true]");
    settled(&napcat).await;
    assert_eq!(overheard(&host)[..2], ["/name", "/ping"], "neither the name nor the age");
    assert!(!overheard(&host).contains(&"30".to_owned()));
    host.stop().await;
}

#[tokio::test]
async fn two_users_of_a_group_have_each_their_own_dialogue() {
    let (napcat, _folder, host) = talk("").await;
    for user in [ANN, BEN] {
        napcat.group_text(GROUP, user, "/name");
        assert_eq!(heard(&napcat).await, "name?");
    }
    napcat.group_text(GROUP, BEN, "Ben");
    assert_eq!(heard(&napcat).await, "age, Ben?");
    napcat.group_text(GROUP, ANN, "Ann");
    assert_eq!(heard(&napcat).await, "age, Ann?");
    // The same user elsewhere is not in this dialogue.
    napcat.private_text(ANN, "/ping");
    assert_eq!(answer(&napcat).await, "pong");
    napcat.group_text(GROUP, ANN, "1");
    assert_eq!(heard(&napcat).await, "Ann is 1");
    assert_eq!(heard(&napcat).await, "known [true, true, true]");
    napcat.group_text(GROUP, BEN, "2");
    assert_eq!(heard(&napcat).await, "Ben is 2");
    host.stop().await;
}

#[tokio::test]
async fn anyone_or_named_users_or_another_chat_may_be_waited_for() {
    let (napcat, _folder, host) = talk("").await;
    napcat.group_text(GROUP, ANN, "/race");
    assert_eq!(heard(&napcat).await, "race");
    napcat.group_text(GROUP, BEN, "no number");
    napcat.group_text(GROUP, BEN, "42");
    assert_eq!(heard(&napcat).await, format!("{BEN} won with 42"));

    napcat.group_text(GROUP, ANN, &format!("/of {BEN} 7"));
    assert_eq!(heard(&napcat).await, "of");
    napcat.group_text(GROUP, ANN, "not me");
    napcat.group_text(GROUP, BEN, "me");
    assert_eq!(heard(&napcat).await, format!("{BEN} said me"));

    napcat.group_text(GROUP, ANN, &format!("/private {FRIEND}"));
    assert_eq!(heard(&napcat).await, "private");
    napcat.group_text(GROUP, ANN, "not here");
    napcat.private_text(FRIEND, "psst");
    assert_eq!(heard(&napcat).await, "privately psst");
    settled(&napcat).await;
    let overheard = overheard(&host);
    for text in ["no number", "not me", "not here"] {
        assert!(overheard.contains(&text.to_owned()), "{text} is for everybody: {overheard:?}");
    }
    host.stop().await;
}

#[tokio::test]
async fn commands_go_first_where_the_wait_says_so() {
    let (napcat, _folder, host) = talk("").await;
    assert_eq!(ask(&napcat, "/soft").await, "soft");
    assert_eq!(ask(&napcat, "/ping").await, "pong");
    assert!(!ask(&napcat, "/help").await.starts_with("soft heard"));
    assert_eq!(ask(&napcat, "/nothing").await, "soft heard /nothing");
    host.stop().await;
}

#[tokio::test]
async fn the_newest_of_several_waits_is_answered_first() {
    let (napcat, _folder, host) = talk("").await;
    assert_eq!(ask(&napcat, "/soft").await, "soft");
    assert_eq!(ask(&napcat, "/name").await, "name?");
    assert_eq!(ask(&napcat, "Ann").await, "age, Ann?");
    assert_eq!(ask(&napcat, "no age").await, "soft heard no age");
    assert_eq!(ask(&napcat, "3").await, "Ann is 3");
    host.stop().await;
}

#[tokio::test]
async fn time_ends_a_wait_and_bad_ones_are_refused() {
    let (napcat, _folder, host) = talk("").await;
    assert_eq!(ask(&napcat, "/brief 30").await, "brief");
    assert_eq!(answer(&napcat).await, "too late");
    assert_eq!(ask(&napcat, "/ping").await, "pong", "it is free again");
    assert!(ask(&napcat, "/brief 0").await.starts_with("refused: "));
    assert_eq!(ask(&napcat, "/bad").await, "[Some(true), Some(true), Some(true)]");
    host.stop().await;
}

#[tokio::test]
async fn a_plugin_can_wait_only_so_often() {
    let (napcat, _folder, host) = talk("[limits]\nwaits = 20\n").await;
    let refused = ask(&napcat, "/many 20").await;
    assert!(refused.starts_with("true ") && refused.contains("`waits`"), "{refused}");
    host.stop().await;
}

#[tokio::test]
async fn messages_in_quick_succession_are_all_heard_in_their_order() {
    let (napcat, _folder, host) = talk("").await;
    for round in 0..20 {
        napcat.private_text(FRIEND, "/three");
        assert_eq!(answer(&napcat).await, "three");
        for part in 0..3 {
            napcat.private_text(FRIEND, &format!("{round}.{part}"));
        }
        assert_eq!(answer(&napcat).await, format!("{round}.0,{round}.1,{round}.2"));
    }
    settled(&napcat).await;
    assert!(overheard(&host).iter().all(|text| text == "/three" || text.starts_with("/echo")));
    host.stop().await;
}

#[tokio::test]
async fn what_a_handler_does_not_ask_for_any_more_goes_to_the_others() {
    let (napcat, _folder, host) = talk("").await;
    assert_eq!(ask(&napcat, "/deaf 100").await, "deaf");
    napcat.private_text(FRIEND, "the answer");
    napcat.private_text(FRIEND, "/ping");
    let mut both = [answer(&napcat).await, answer(&napcat).await];
    both.sort();
    assert_eq!(both, ["done", "pong"]);
    // Nor is it kept for long.
    assert_eq!(ask(&napcat, "/deaf 30000").await, "deaf");
    napcat.private_text(FRIEND, "the answer");
    assert_eq!(ask(&napcat, "/ping").await, "pong");
    host.stop().await;
}

#[tokio::test]
async fn a_repeated_answer_is_one_answer() {
    let (napcat, _folder, host) = talk("").await;
    assert_eq!(ask(&napcat, "/three").await, "three");
    let message = napcat.private_message(FRIEND).text("once");
    let json = message.json();
    napcat.push(&json);
    napcat.push(&json);
    napcat.private_text(FRIEND, "twice");
    napcat.private_text(FRIEND, "thrice");
    assert_eq!(answer(&napcat).await, "once,twice,thrice");
    host.stop().await;
}

#[tokio::test]
async fn a_reload_ends_waits_with_an_error_that_says_so() {
    let (napcat, folder, host) = talk("").await;
    assert_eq!(ask(&napcat, "/why").await, "why");
    folder.put("talker.wasm", &Fixture::load("talker").version(1).bytes());
    let why = answer(&napcat).await;
    assert!(why.contains("a new version of the plugin takes over"), "{why}");
    host.says("the new version", |line| line.is("talker", "has taken over")).await;
    assert_eq!(ask(&napcat, "/ping").await, "pong", "the message is for the handlers again");
    host.stop().await;
}

#[tokio::test]
async fn a_wait_before_any_act_begins_anew_in_the_new_version() {
    let (napcat, folder, host) = talk("").await;
    napcat.private_text(FRIEND, "/hush");
    napcat.group_text(GROUP, ANN, "/ping");
    assert_eq!(heard(&napcat).await, "pong");
    folder.put("talker.wasm", &Fixture::load("talker").version(1).bytes());
    host.says("the new version", |line| line.is("talker", "has taken over")).await;
    // Another user's command is handled after what was handed on.
    napcat.group_text(GROUP, ANN, "/ping");
    assert_eq!(heard(&napcat).await, "pong");
    assert_eq!(ask(&napcat, "after it").await, "hushed after it");
    host.stop().await;
}

#[tokio::test]
async fn the_end_of_a_plugin_or_of_the_host_ends_its_waits_at_once() {
    let (napcat, folder, host) = talk("[limits]\ngrace = \"20s\"\n").await;
    assert_eq!(ask(&napcat, "/why").await, "why");
    folder.delete("talker.wasm");
    assert!(answer(&napcat).await.contains("the plugin is switched off"));
    folder.put("talker.wasm", &Fixture::load("talker").version(1).bytes());
    host.says("its return", |line| line.is("talker", "running") && line.field("version") == "0.0.1001").await;
    assert_eq!(ask(&napcat, "/why").await, "why");
    let begun = std::time::Instant::now();
    host.stop().await;
    assert!(answer(&napcat).await.contains("iglu is shutting down"));
    assert!(begun.elapsed() < Duration::from_secs(15), "the grace is for work, not for waiting");
}

#[tokio::test]
async fn a_handler_that_crashes_after_an_answer_is_not_begun_again() {
    let (napcat, _folder, host) = talk("[limits]\nbackoff = \"20ms\"\n").await;
    assert_eq!(ask(&napcat, "/name").await, "name?");
    assert_eq!(ask(&napcat, "Ann").await, "age, Ann?");
    napcat.group_text(GROUP, ANN, "/hush");
    napcat.group_text(GROUP, BEN, "/ping");
    assert_eq!(heard(&napcat).await, "pong");
    assert_eq!(ask(&napcat, "/bomb").await, "bomb");
    let mark = host.mark();
    napcat.private_text(FRIEND, "boom");
    host.says_after(mark, "the crash", |line| line.text().contains("crashed")).await;
    host.says_after(mark, "its return", |line| line.is("talker", "running")).await;
    // Nobody waits for the age any more: not even a handler that would ask for the name again.
    assert_eq!(ask(&napcat, "/ping").await, "pong");
    tokio::time::sleep(QUIET).await;
    let all = said(&napcat);
    assert_eq!(all.iter().filter(|text| *text == "name?").count(), 1, "{all:?}");
    // Who had only waited, waits again.
    napcat.group_text(GROUP, ANN, "still here");
    assert_eq!(heard(&napcat).await, "hushed still here");
    host.stop().await;
}

#[tokio::test]
async fn ten_thousand_wait_and_the_plugin_still_answers() {
    const MANY: u64 = 10_000;
    let (napcat, _folder, host) = talk("[limits]\nhandler = \"2s\"\nmemory = \"256 MiB\"\n").await;
    let before = host.resident();
    for user in 0..MANY {
        napcat.group_text(GROUP, 1_000_000 + user, "/hush");
    }
    napcat.group_text(GROUP, ANN, "/ping");
    assert_eq!(heard(&napcat).await, "pong", "waiting handlers take no room");
    println!("memory of {MANY} waiting handlers: {} KiB each", (host.resident() - before) / MANY / 1024);
    for user in [0, 1234, MANY - 1] {
        napcat.group_text(GROUP, 1_000_000 + user, &format!("user {user}"));
        assert_eq!(heard(&napcat).await, format!("hushed user {user}"));
    }
    assert!(!host.lines().iter().any(|line| line.text().contains("has been running")), "{}", host.report());
    host.stop().await;
}

#[tokio::test]
async fn switching_a_plugin_off_ends_its_waits_there_at_once() {
    let (napcat, _folder, host) = talk("").await;
    napcat.group_text(GROUP, ANN, "/why");
    assert_eq!(heard(&napcat).await, "why");
    assert_eq!(ask(&napcat, "/name").await, "name?", "in another chat");
    // FRIEND is an admin of the group.
    napcat.group_text(GROUP, FRIEND, "/plugin off talker");
    let both = [heard(&napcat).await, heard(&napcat).await];
    assert!(both.contains(&"Talker is off in this group now.".to_owned()), "{both:?}");
    assert!(both.iter().any(|text| text.contains("switched off in that chat")), "{both:?}");
    assert_eq!(ask(&napcat, "Ann").await, "age, Ann?", "that one goes on");
    host.stop().await;
}
