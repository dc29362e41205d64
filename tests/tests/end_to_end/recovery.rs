//! Crashes: what is tried again, back-off, rollback, quarantine.

use std::time::Duration;

use iglu_tests::{
    fixtures::{Fixture, Mode, plugin},
    folder::Folder,
    host::Host,
    napcat::{FRIEND, GROUP, Napcat},
};

use crate::common::{answer, ask, house, napcat, probed, said, settled, up};

const QUICK: &str = "[limits]\nbackoff = \"20ms\"\n";

fn counter(number: u16) -> Fixture {
    Fixture::load("counter").id(1).version(number)
}

async fn counting(settings: &str) -> (Napcat, Folder, Host) {
    let napcat = napcat().await;
    let folder = Folder::with(&napcat, &[], settings);
    folder.put("counter.wasm", &counter(1).bytes());
    let host = up(&napcat, &folder).await;
    (napcat, folder, host)
}

/// Makes the plugin crash, and waits for the log to say so.
async fn crash(napcat: &Napcat, host: &Host, text: &str) {
    let mark = host.mark();
    napcat.private_text(FRIEND, text);
    host.says_after(mark, "the crash", |line| line.text().contains("crashed")).await;
}

#[tokio::test]
async fn events_in_flight_that_had_not_acted_are_answered_by_the_next_instance() {
    let (napcat, _folder, host) = house(&["rogue", "echo"], QUICK).await;
    for number in 0..5 {
        napcat.private_text(FRIEND, &format!("/later 300 late {number}"));
    }
    crash(&napcat, &host, "/trap").await;
    let mut late = Vec::new();
    for _ in 0..5 {
        late.push(answer(&napcat).await);
    }
    late.sort();
    assert_eq!(late, ["late 0", "late 1", "late 2", "late 3", "late 4"]);
    settled(&napcat).await;
    assert_eq!(said(&napcat).len(), 6, "each once: {:?}", said(&napcat));
    host.stop().await;
}

#[tokio::test]
async fn the_event_that_crashed_and_those_that_had_acted_are_not_tried_again() {
    let (napcat, _folder, host) = house(&["rogue", "echo"], QUICK).await;
    napcat.private_text(FRIEND, "/twice 300");
    assert_eq!(answer(&napcat).await, "first");
    crash(&napcat, &host, "/trap").await;
    host.says("its return", |line| line.is("rogue", "running")).await;
    assert_eq!(ask(&napcat, "/later 500 after all").await, "after all");
    assert_eq!(said(&napcat), ["first", "after all"], "no second “first”, and no “second”");
    let crashes = host.lines().iter().filter(|line| line.text().contains("crashed")).count();
    assert_eq!(crashes, 1, "the event of the crash is not tried again");
    host.stop().await;
}

#[tokio::test]
async fn events_that_came_during_the_back_off_are_answered_after_it() {
    let (napcat, _folder, host) = house(&["rogue"], "[limits]\nbackoff = \"400ms\"\n").await;
    crash(&napcat, &host, "/trap").await;
    for _ in 0..20 {
        napcat.private_text(FRIEND, "/ping");
    }
    let calls = napcat.wait_for_calls("send_private_msg", 20).await;
    assert!(calls.iter().all(|call| call.text() == "pong"));
    host.stop().await;
}

#[tokio::test]
async fn the_waits_after_crashes_double() {
    let (napcat, _folder, host) = house(&["rogue"], QUICK).await;
    for wait in ["20ms", "40ms", "80ms", "160ms"] {
        let mark = host.mark();
        napcat.private_text(FRIEND, "/trap");
        host.says_after(mark, wait, |line| line.is("rogue", &format!("begins anew in {wait}"))).await;
    }
    assert_eq!(ask(&napcat, "/ping").await, "pong");
    host.stop().await;
}

#[tokio::test]
async fn three_faults_of_a_new_version_bring_the_one_before_back() {
    let (napcat, folder, host) = counting(QUICK).await;
    assert_eq!(ask(&napcat, "a").await, "0.0.1001:1:a");
    let mark = host.mark();
    folder.put("counter.wasm", &counter(2).bytes());
    host.says_after(mark, "the new version", |line| line.text().contains("has taken over")).await;
    assert_eq!(ask(&napcat, "b").await, "0.0.1002:2:b");
    crash(&napcat, &host, "trap").await;
    crash(&napcat, &host, "trap").await;
    let mark = host.mark();
    napcat.private_text(FRIEND, "trap");
    host.says_after(mark, "the way back", |line| line.text().contains("going back to the version before"))
        .await;
    assert_eq!(ask(&napcat, "c").await, "0.0.1001:2:c", "with the state that it had handed over");
    host.stop().await;
}

#[tokio::test]
async fn six_back_offs_in_a_row_put_a_plugin_aside_until_its_file_changes() {
    let (napcat, folder, host) = counting("[limits]\nbackoff = \"5ms\"\n").await;
    folder.put("echo.wasm", &plugin("echo"));
    host.says("echo", |line| line.is("echo", "running")).await;
    for _ in 0..7 {
        crash(&napcat, &host, "trap").await;
    }
    host.says("that it is put aside", |line| line.is("fixture-0001", "put aside")).await;
    napcat.forget_calls();
    napcat.private_text(FRIEND, "nobody hears this");
    settled(&napcat).await;
    assert_eq!(said(&napcat).len(), 1, "{:?}", said(&napcat));

    folder.touch("counter.wasm");
    napcat.private_text(FRIEND, "nor this");
    tokio::time::sleep(crate::common::QUIET).await;
    napcat.forget_calls();
    folder.put("counter.wasm", &counter(3).bytes());
    let mark = host.mark();
    host.says_after(mark, "its return", |line| line.is("fixture-0001", "running")).await;
    assert_eq!(ask(&napcat, "hello").await, "0.0.1003:1:hello");
    host.stop().await;
}

#[tokio::test]
async fn a_plugin_that_never_starts_is_put_aside_and_others_run() {
    let napcat = napcat().await;
    let folder =
        Folder::with(&napcat, &["echo"], "[limits]\nbackoff = \"5ms\"\nstart = \"400ms\"\ncpu = \"100ms\"\n");
    for (number, mode) in [(1, Mode::Trap), (2, Mode::Forever), (3, Mode::Error), (4, Mode::Loop)] {
        folder.put(&format!("{number}.wasm"), &Fixture::load("counter").id(number).start(mode).bytes());
    }
    let host = up(&napcat, &folder).await;
    assert_eq!(ask(&napcat, "/echo hi").await, "hi");
    for (id, cause) in [
        ("fixture-0001", "it panicked or aborted"),
        ("fixture-0002", "start() did not answer within 400ms"),
        ("fixture-0003", "start() failed: refuses on purpose"),
        ("fixture-0004", "without giving way"),
    ] {
        let put_aside =
            |line: &iglu_tests::host::Line| line.is(id, "put aside") && line.text().contains(cause);
        host.says(&format!("that {id} is put aside because {cause}"), put_aside).await;
    }
    assert_eq!(ask(&napcat, "/echo still here").await, "still here");
    host.stop().await;
}

#[tokio::test]
async fn a_handler_is_given_its_grace_in_a_swap() {
    let napcat = napcat().await;
    let folder = Folder::with(&napcat, &[], "");
    folder.put("probe.wasm", &Fixture::load("probe").id(1).bytes());
    let host = up(&napcat, &folder).await;
    let hold = napcat.hold("send_private_msg");
    napcat.private_text(FRIEND, "/reply slow");
    napcat.held(&hold, 1).await;
    let mut changed = Fixture::load("probe").id(1).bytes();
    changed.extend_from_slice(&[0, 2, 1, b'v']);
    folder.put("probe.wasm", &changed);
    // Long enough for the swap to begin, much shorter than the grace.
    tokio::time::sleep(Duration::from_secs(1)).await;
    hold.release();
    host.says("the receipt, in the old version", |line| line.text().contains("sent as")).await;
    host.says("the new version", |line| line.text().contains("has taken over")).await;
    let order: Vec<String> = host.lines().iter().map(iglu_tests::host::Line::text).collect();
    let place = |text: &str| order.iter().position(|line| line.contains(text)).unwrap();
    assert!(place("sent as") < place("stop because of reload"));
    assert!(place("stop because of reload") < place("has taken over"));
    assert_eq!(said(&napcat), ["slow"]);
    host.stop().await;
}

#[tokio::test]
async fn a_swap_does_not_wait_for_ever_for_a_handler() {
    let (napcat, folder, host) = house(&["rogue", "echo"], "[limits]\ngrace = \"300ms\"\n").await;
    napcat.private_text(FRIEND, "/forever");
    settled(&napcat).await;
    let mut changed = plugin("rogue");
    changed.extend_from_slice(&[0, 2, 1, b'v']);
    folder.put("rogue.wasm", &changed);
    host.says("the handlers that are not waited for", |line| line.is("rogue", "1 handlers did not end"))
        .await;
    host.says("the new version", |line| line.is("rogue", "has taken over")).await;
    assert_eq!(ask(&napcat, "/ping").await, "pong");
    host.stop().await;
}

#[tokio::test]
async fn a_handler_that_sleeps_sleeps_out_in_its_grace() {
    let (napcat, folder, host) = house(&["rogue"], "").await;
    napcat.private_text(FRIEND, "/later 3000 late");
    assert_eq!(ask(&napcat, "/ping").await, "pong");
    let mut changed = plugin("rogue");
    changed.extend_from_slice(&[0, 2, 1, b'v']);
    folder.put("rogue.wasm", &changed);
    assert_eq!(answer(&napcat).await, "late");
    host.says("the new version", |line| line.is("rogue", "has taken over")).await;
    assert_eq!(ask(&napcat, "/ping").await, "pong");
    assert_eq!(said(&napcat), ["pong", "late", "pong"]);
    host.stop().await;
}

#[tokio::test]
async fn a_handler_that_is_told_to_finish_up_leaves_its_event_to_the_next_instance() {
    let (napcat, folder, host) = house(&["rogue"], "[limits]\ngrace = \"100ms\"\n").await;
    napcat.private_text(FRIEND, "/later 4000 late");
    napcat.private_text(FRIEND, "/twice 4000");
    assert_eq!(answer(&napcat).await, "first");
    let mut changed = plugin("rogue");
    changed.extend_from_slice(&[0, 2, 1, b'v']);
    folder.put("rogue.wasm", &changed);
    host.says("the new version", |line| line.is("rogue", "has taken over")).await;
    assert_eq!(answer(&napcat).await, "late");
    assert_eq!(ask(&napcat, "/ping").await, "pong");
    assert_eq!(said(&napcat), ["first", "late", "pong"], "what had acted is not done twice");
    host.stop().await;
}

#[tokio::test]
async fn a_stop_that_fails_costs_the_state_and_nothing_else() {
    let napcat = napcat().await;
    let folder =
        Folder::with(&napcat, &[], "[limits]\nstop = \"100ms\"\ngrace = \"100ms\"\ncpu = \"100ms\"\n");
    for (number, mode) in [(1, Mode::Trap), (2, Mode::Forever), (3, Mode::Loop)] {
        folder.put(&format!("{number}.wasm"), &Fixture::load("counter").id(number).stop(mode).bytes());
    }
    let host = up(&napcat, &folder).await;
    napcat.private_text(FRIEND, "a");
    napcat.wait_for_calls("send_private_msg", 3).await;
    for number in 1..=3 {
        folder.put(&format!("{number}.wasm"), &Fixture::load("counter").id(number).version(number).bytes());
        let id = format!("fixture-000{number}");
        host.says("that the state is lost", |line| line.is(&id, "its state is lost")).await;
        host.says("the new version", |line| line.is(&id, "has taken over")).await;
    }
    napcat.forget_calls();
    napcat.private_text(FRIEND, "b");
    let mut counts: Vec<String> =
        napcat.wait_for_calls("send_private_msg", 3).await.iter().map(|call| call.text()).collect();
    counts.sort();
    assert_eq!(counts, ["0.0.1001:1:b", "0.0.1002:1:b", "0.0.1003:1:b"]);
    host.stop().await;
}

#[tokio::test]
async fn a_new_file_ends_a_long_back_off() {
    let (napcat, folder, host) = counting("[limits]\nbackoff = \"1h\"\n").await;
    crash(&napcat, &host, "trap").await;
    napcat.private_text(FRIEND, "waiting");
    folder.put("counter.wasm", &counter(2).bytes());
    assert_eq!(answer(&napcat).await, "0.0.1002:1:waiting");
    host.stop().await;
}

#[tokio::test]
async fn a_full_mailbox_sheds_the_newest_and_says_so() {
    let settings = "[limits]\nmailbox = \"64 KiB\"\nconcurrency = 1\n";
    let (napcat, _folder, host) = house(&["rogue", "echo"], settings).await;
    napcat.private_text(FRIEND, "/later 1000 first");
    for number in 0..200 {
        napcat.private_text(FRIEND, &format!("/later 1 {number}"));
    }
    // Its neighbour has a mailbox of its own.
    settled(&napcat).await;
    let told = host.says("the shed events", |line| line.is("rogue", "mailbox")).await;
    assert_eq!(told.level(), "WARN", "{told:?}");
    napcat.next_call_where("the first", |call| call.text() == "first").await;
    napcat.private_text(20_002, "/ping");
    napcat.next_call_where("pong", |call| call.text() == "pong").await;
    let late: Vec<u32> = said(&napcat).iter().filter_map(|text| text.parse().ok()).collect();
    assert!((1..200).contains(&late.len()), "{} of 200", late.len());
    assert_eq!(late, (0..late.len() as u32).collect::<Vec<_>>(), "the oldest are kept, in their order");
    host.stop().await;
}

#[tokio::test]
async fn a_plugin_that_keeps_nothing_does_not_grow() {
    let (napcat, _folder, host) = probed("[plugin.fixture-0001.limits]\nmemory = \"3 MiB\"\n").await;
    // Each of these is handed to the plugin; the bytes of an event's parameters alone would fill the memory.
    for thousand in 0..10 {
        for _ in 0..1_000 {
            napcat.group_text(GROUP, FRIEND, "just talk");
        }
        let text = format!("still here after {thousand} thousand");
        assert_eq!(ask(&napcat, &format!("/reply {text}")).await, text);
    }
    assert!(!host.lines().iter().any(|line| line.text().contains("trap")), "{}", host.report());
    host.stop().await;
}
