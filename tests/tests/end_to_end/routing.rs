//! Prefixes, mentions, aliases, help, priorities, duplicates.

use iglu_tests::{
    fixtures::Fixture,
    folder::Folder,
    host::Host,
    napcat::{FRIEND, GROUP, Napcat, OWNER, SELF_ID},
};
use serde_json::json;

use crate::common::{ask, house, napcat, said, settled, up};

/// echo, inspect, and the probe, which stands before everybody.
async fn guarded() -> (Napcat, Folder, Host) {
    let napcat = napcat().await;
    let folder = Folder::with(&napcat, &["echo", "inspect"], "");
    folder.put("probe.wasm", &Fixture::load("probe").id(1).bytes());
    let host = up(&napcat, &folder).await;
    (napcat, folder, host)
}

#[tokio::test]
async fn commands_are_found_as_people_write_them() {
    let (napcat, _folder, host) = house(&["echo"], "").await;
    for (text, reply) in [
        ("/echo hi", "hi"),
        ("／echo hi", "hi"),
        ("/echo\u{3000}全角空格", "全角空格"),
        ("／echo　全部", "全部"),
        ("  /echo  inner  spaces ", "inner  spaces"),
        ("/say alias", "alias"),
        ("/echo two\nlines", "two\nlines"),
    ] {
        assert_eq!(ask(&napcat, text).await, reply, "{text:?}");
    }
    for text in ["echo hi", "/ echo hi", "/echoes hi", "//echo hi", "say /echo hi", "#echo hi", ""] {
        napcat.private_text(FRIEND, text);
    }
    napcat.forget_calls();
    settled(&napcat).await;
    assert_eq!(said(&napcat).len(), 1, "{:?}", said(&napcat));
    host.stop().await;
}

#[tokio::test]
async fn prefixes_are_the_owners_choice() {
    let (napcat, _folder, host) = house(&["echo"], "[commands]\nprefixes = [\"#\", \"小冰\"]\n").await;
    assert_eq!(ask(&napcat, "#echo one").await, "one");
    assert_eq!(ask(&napcat, "小冰echo two").await, "two");
    napcat.private_text(FRIEND, "/echo no");
    assert_eq!(ask(&napcat, "#echo three").await, "three");
    host.stop().await;
}

#[tokio::test]
async fn a_mention_of_the_bot_may_stand_before_a_command() {
    let (napcat, _folder, host) = house(&["echo"], "").await;
    let me = SELF_ID.to_string();
    for (draft, reply) in [
        (napcat.group_message(GROUP, FRIEND).at(&me).text(" /echo after the mention"), "after the mention"),
        (napcat.group_message(GROUP, FRIEND).at(&me).text("/echo close"), "close"),
        (napcat.group_message(GROUP, FRIEND).text("/echo before ").at(&me), "before"),
    ] {
        draft.push();
        let call = napcat.next_call("send_group_msg").await;
        assert_eq!(call.text().trim_end(), reply);
        assert_eq!(call.params()["group_id"], json!(GROUP.to_string()));
    }
    napcat.group_message(GROUP, FRIEND).at(&OWNER.to_string()).text(" /echo not for the bot").push();
    settled(&napcat).await;
    let sends = napcat.calls_of("send_group_msg");
    assert!(sends.len() <= 4, "{:?}", sends.iter().map(|call| call.text()).collect::<Vec<_>>());
    host.stop().await;
}

#[tokio::test]
async fn help_is_made_from_all_manifests() {
    let (napcat, folder, host) = house(&["echo", "dice", "notes", "welcome"], "").await;
    let all = ask(&napcat, "/help").await;
    for part in
        ["【Echo】", "/echo", "Says the text back", "【Dice】", "/dice", "【Notes】", "/note", "Welcome"]
    {
        assert!(all.contains(part), "no {part:?} in\n{all}");
    }
    let one = ask(&napcat, "／help dice").await;
    assert!(one.contains("3d6") && one.contains("roll") && !one.contains("Echo"), "{one}");
    assert!(ask(&napcat, "/帮助 ehco").await.contains("echo"), "the nearest name is offered");
    // Help follows the folder.
    folder.delete("dice.wasm");
    host.says("the end of dice", |line| line.is("dice", "has ended")).await;
    let rest = ask(&napcat, "/help").await;
    assert!(!rest.contains("dice") && rest.contains("echo"), "{rest}");
    host.stop().await;
}

#[tokio::test]
async fn a_handler_that_blocks_keeps_the_event_from_later_ones() {
    let (napcat, _folder, host) = guarded().await;
    assert_eq!(ask(&napcat, "block this").await, "blocked");
    let open = ask(&napcat, "let this pass").await;
    assert!(open.starts_with('[') && open.contains("let this pass"), "{open}");
    // A command too, and help.
    napcat.forget_calls();
    settled(&napcat).await;
    assert!(ask(&napcat, "/help").await.contains("/echo"));
    assert_eq!(said(&napcat).len(), 2, "{:?}", said(&napcat));
    host.stop().await;
}

#[tokio::test]
async fn a_chat_keeps_its_order_when_some_messages_are_waited_for() {
    let (napcat, _folder, host) = guarded().await;
    for number in 0..300 {
        let text = if number % 3 == 0 { format!("block {number}") } else { format!("/echo {number}") };
        napcat.private_text(FRIEND, &text);
    }
    napcat.wait_for_calls("send_private_msg", 300).await;
    let (blocked, echoed): (Vec<String>, Vec<String>) =
        said(&napcat).into_iter().partition(|text| text == "blocked");
    assert_eq!(blocked.len(), 100);
    assert_eq!(echoed, (0..300).filter(|n| n % 3 != 0).map(|n: u32| n.to_string()).collect::<Vec<_>>());
    host.stop().await;
}

#[tokio::test]
async fn replies_of_one_chat_come_in_the_order_of_their_messages() {
    let (napcat, _folder, host) = house(&["echo"], "").await;
    for number in 0..4_000_u64 {
        napcat.group_text(2_000 + number % 4, FRIEND, &format!("/echo {number}"));
    }
    let calls = napcat.wait_for_calls("send_group_msg", 4_000).await;
    for group in 0..4_u64 {
        let name = json!((2_000 + group).to_string());
        let of_group = calls.iter().filter(|call| call.params()["group_id"] == name);
        let numbers: Vec<u64> = of_group.map(|call| call.text().parse().unwrap()).collect();
        assert_eq!(numbers, (0..1_000).map(|n| n * 4 + group).collect::<Vec<_>>());
    }
    host.stop().await;
}

#[tokio::test]
async fn an_event_that_comes_twice_is_answered_once() {
    let (napcat, _folder, host) = house(&["echo"], "").await;
    for number in 0..20 {
        let event = napcat.private_message(FRIEND).text(&format!("/echo {number}")).json();
        for _ in 0..3 {
            napcat.push(&event);
        }
    }
    settled(&napcat).await;
    let wanted: Vec<String> = (0..20).map(|n| n.to_string()).collect();
    assert_eq!(said(&napcat)[..20], wanted);
    assert_eq!(said(&napcat).len(), 21, "{:?}", said(&napcat));
    host.stop().await;
}

#[tokio::test]
async fn the_bots_own_messages_are_no_commands() {
    let (napcat, _folder, host) = house(&["echo"], "").await;
    napcat.private_message(FRIEND).by_bot().text("/echo to myself").push();
    napcat.group_message(GROUP, FRIEND).by_bot().text("/echo to myself").push();
    settled(&napcat).await;
    assert_eq!(napcat.calls().iter().filter(|call| call.action().starts_with("send_")).count(), 1);
    host.stop().await;
}

#[tokio::test]
async fn a_new_member_is_welcomed_as_the_owner_wants() {
    let settings = "[plugin.welcome]\nconfig = { text = \"hello {user}!\", quiet_groups = [\"42\"] }\n";
    let (napcat, _folder, host) = house(&["welcome", "echo"], settings).await;
    let joins = |group: u64| {
        napcat.add_group(group, "群");
        napcat.add_member(group, OWNER, "", "member");
        napcat.notice(&json!({"notice_type": "group_increase", "sub_type": "approve", "group_id": group,
            "operator_id": 0, "user_id": OWNER}));
    };
    joins(42);
    joins(GROUP);
    let call = napcat.next_call("send_group_msg").await;
    assert_eq!(call.params()["group_id"], json!(GROUP.to_string()));
    assert_eq!(call.params()["message"][1], json!({"type": "at", "data": {"qq": OWNER.to_string()}}));
    settled(&napcat).await;
    assert_eq!(napcat.calls_of("send_group_msg").len(), 1, "a quiet group stays quiet");
    host.stop().await;
}
