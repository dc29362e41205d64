//! Permissions and storage.

use iglu_tests::{
    fixtures::plugin,
    folder::Folder,
    napcat::{FRIEND, GROUP},
};
use serde_json::json;

use crate::common::{answer, ask, house, napcat, probed, said, settled, up};

#[tokio::test]
async fn a_send_that_is_not_granted_is_denied_with_the_lines_to_add_and_these_work() {
    let (napcat, folder, host) = probed("").await;
    let told = host
        .says("what is not granted", |line| line.is("fixture-0001", "asks for what is not granted"))
        .await;
    assert!(told.text().contains("send"), "{told:?}");
    let denied = ask(&napcat, &format!("/send {GROUP} hi")).await;
    assert!(denied.starts_with("denied"), "{denied}");
    let lines = denied.split_once("iglu.toml:\n").unwrap().1.to_owned();
    assert_eq!(lines, "[plugin.fixture-0001]\ngrants = [\"send\"]");
    assert_eq!(napcat.calls_of("send_group_msg").len(), 0);
    host.stop().await;

    folder.connect(&napcat, &lines);
    let host = up(&napcat, &folder).await;
    assert_eq!(ask(&napcat, &format!("/send {GROUP} hi")).await, "sent 1 message(s)");
    let call = napcat.next_call("send_group_msg").await;
    assert_eq!((call.text().as_str(), &call.params()["group_id"]), ("hi", &json!(GROUP.to_string())));
    host.stop().await;
}

#[tokio::test]
async fn what_is_asked_for_and_not_granted_is_in_the_log_with_the_line_to_add() {
    let (_napcat, _folder, host) = probed("[plugin.fixture-0001]\ngrants = [\"send\"]\n").await;
    let told = host.says("what is not granted", |line| line.is("fixture-0001", "not granted")).await.text();
    assert!(told.contains("recall, call:get_*, group-admin, files"), "{told}");
    let line =
        "grants = [\"send\", \"recall\", \"call:get_*\", \"group-admin\", \"files\", \"call:*_file_stream\"]";
    assert!(told.contains(line), "{told}");
    host.stop().await;
}

#[tokio::test]
async fn raw_calls_are_allowed_by_their_names() {
    let (napcat, _folder, host) = probed("[plugin.fixture-0001]\ngrants = [\"call:get_*\"]\n").await;
    let status = ask(&napcat, "/call get_status").await;
    assert!(status.contains("\"online\":true"), "{status}");
    let denied = ask(&napcat, "/call set_restart").await;
    assert!(denied.starts_with("denied") && denied.contains("call:set_restart"), "{denied}");
    let unknown = ask(&napcat, "/call get_the_moon").await;
    assert!(unknown.starts_with("unsupported") && unknown.contains("get_the_moon"), "{unknown}");
    assert_eq!(napcat.calls_of("set_restart").len(), 0);
    host.stop().await;
}

#[tokio::test]
async fn replying_and_taking_back_ones_own_message_need_no_permission() {
    let (napcat, _folder, host) = probed("").await;
    napcat.private_text(FRIEND, "/oops");
    let sent = napcat.next_call("send_private_msg").await;
    let recalled = napcat.next_call("delete_msg").await;
    assert_eq!(sent.text(), "oops");
    assert_eq!(
        napcat.message(recalled.params()["message_id"].to_string().trim_matches('"').parse().unwrap()),
        None
    );
    settled(&napcat).await;
    assert!(!host.lines().iter().any(|line| line.level() == "ERROR"), "{}", host.report());
    host.stop().await;
}

#[tokio::test]
async fn reading_where_the_plugin_is_talked_to_needs_no_permission() {
    let (napcat, _folder, host) = probed("").await;
    let id = napcat.private_text(FRIEND, "the quoted words");
    napcat.private_message(FRIEND).reply(id).text("/fetch").push();
    assert_eq!(answer(&napcat).await, "the quoted words");
    host.stop().await;
}

#[tokio::test]
async fn notes_survive_a_reload_a_restart_and_a_kill() {
    let (napcat, folder, host) = house(&["notes"], "").await;
    assert_eq!(ask(&napcat, "/note add milk").await, "Noted as 1.");
    let mut other = plugin("notes");
    // An empty custom section: other bytes, the same plugin.
    other.extend_from_slice(&[0, 2, 1, b'v']);
    folder.put("notes.wasm", &other);
    host.says("the reload", |line| line.is("notes", "has taken over")).await;
    assert_eq!(ask(&napcat, "/note add bread").await, "Noted as 2.");
    host.stop().await;

    let host = up(&napcat, &folder).await;
    assert_eq!(ask(&napcat, "/note add 茶").await, "Noted as 3.");
    // Acknowledged is durable: no second passes between the answer and the kill.
    host.kill().await;
    napcat.disconnected().await;

    let host = up(&napcat, &folder).await;
    assert_eq!(ask(&napcat, "/note list").await, "1. milk\n2. bread\n3. 茶");
    host.stop().await;
}

#[tokio::test]
async fn kills_at_any_moment_lose_no_acknowledged_note() {
    let napcat = napcat().await;
    let folder = Folder::with(&napcat, &["notes"], "");
    let mut acknowledged = 0;
    for round in 0..5 {
        let host = up(&napcat, &folder).await;
        for number in 0..20 {
            napcat.private_text(FRIEND, &format!("/note add {round}-{number}"));
        }
        let wanted = 1 + fastrand::usize(..15);
        napcat.wait_for_calls("send_private_msg", wanted).await;
        host.kill().await;
        napcat.disconnected().await;
        let number = |text: &String| text.strip_prefix("Noted as ")?.strip_suffix('.')?.parse::<usize>().ok();
        acknowledged = said(&napcat).iter().filter_map(number).max().unwrap_or_default().max(acknowledged);
        napcat.forget_calls();
    }
    let host = up(&napcat, &folder).await;
    let list = ask(&napcat, "/note list").await;
    assert!(list.lines().count() >= acknowledged, "{acknowledged} were acknowledged, but there are\n{list}");
    host.stop().await;
}

#[tokio::test]
async fn a_full_storage_refuses_and_keeps_what_it_has() {
    let (napcat, _folder, host) = house(&["notes", "echo"], "[limits]\nstorage = \"200 B\"\n").await;
    assert_eq!(ask(&napcat, "/note add small").await, "Noted as 1.");
    napcat.private_text(FRIEND, &format!("/note add {}", "x".repeat(300)));
    host.says("the refusal", |line| line.is("notes", "limit reached")).await;
    settled(&napcat).await;
    assert_eq!(ask(&napcat, "/note list").await, "1. small");
    host.stop().await;
}
