//! Roles, the owner's lists and switches, and how often: with the clock put forward where minutes must pass.

use std::time::Duration;

use iglu::clock::Clock;
use iglu_tests::{
    folder::Folder,
    napcat::{FRIEND, GROUP, Napcat, OWNER, qq},
};

use crate::common::{QUIET, ask, house, napcat, settled};
use crate::official;
use crate::time::inside;

const MEMBER: u64 = 30_001;
const OTHER: u64 = 30_002;
const OTHER_GROUP: u64 = 20_002;

/// Two groups: in the one FRIEND is an admin and OWNER its owner.
fn people(napcat: &Napcat) {
    napcat.add_group(OTHER_GROUP, "另一个群");
    for group in [GROUP, OTHER_GROUP] {
        for member in [MEMBER, OTHER] {
            napcat.add_member(group, member, "", "member");
        }
    }
}

/// Says these things in groups, and compares all that the bot says there, in whatever order, with what is expected.
async fn hears(napcat: &Napcat, said: &[(u64, u64, &str)], expected: &[&str]) {
    napcat.forget_calls();
    for (group, user, text) in said {
        napcat.group_text(*group, *user, text);
    }
    if !expected.is_empty() {
        napcat.wait_for_calls("send_group_msg", expected.len()).await;
    }
    // What comes beside it comes before this, or soon.
    settled(napcat).await;
    tokio::time::sleep(QUIET / 5).await;
    let calls = napcat.calls_of("send_group_msg");
    let mut heard: Vec<String> = calls.iter().map(|call| call.text()).collect();
    heard.sort();
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(heard, expected, "{said:?}");
    napcat.forget_calls();
}

#[tokio::test]
async fn commands_are_for_those_who_have_the_role() {
    let settings = format!("superusers = [\"onebot:{MEMBER}\", \"qq:{OTHER}\"]\n");
    let (napcat, _folder, host) = house(&["commander", "echo"], &settings).await;
    people(&napcat);
    for (user, may) in [
        // A superuser may everything, and one of the other platform is none here.
        (MEMBER, ["ruled 1", "owned", "yes, boss"].as_slice()),
        (OTHER, &[]),
        (FRIEND, &["ruled 1"]),
        (OWNER, &["ruled 1", "owned"]),
    ] {
        let said = [(GROUP, user, "/rule 1"), (GROUP, user, "/own"), (GROUP, user, "/boss")];
        hears(&napcat, &said, may).await;
        napcat.group_text(GROUP, user, "/help");
        let help = napcat.next_call("send_group_msg").await.text();
        for (word, shown) in [("/rule", "ruled 1"), ("/own", "owned"), ("/boss", "yes, boss")] {
            assert_eq!(help.contains(word), may.contains(&shown), "{user}: {word} in\n{help}");
        }
    }
    // A private chat has no owner.
    napcat.private_text(FRIEND, "/own");
    napcat.private_text(FRIEND, "/boss");
    napcat.forget_calls();
    settled(&napcat).await;
    assert_eq!(napcat.calls_of("send_private_msg").len(), 1);
    host.stop().await;
}

#[tokio::test]
async fn a_superuser_of_the_official_platform_is_named_by_its_id() {
    let platform = official::platform_with(qq::Options::default()).await;
    let bot = platform.bot();
    let settings = format!("superusers = [\"qq:{}\", \"onebot:{}\"]\n", qq::USER, "ANOTHER");
    let folder = official::folder(
        &["commander", "echo"],
        &format!("{settings}{}", official::table(&platform, bot.app(), "")),
    );
    let host = iglu_tests::host::Host::run(&folder).await;
    official::connected(&host).await;
    let chat = qq::Chat::Group(qq::GROUP.to_owned());
    let say = async |user: &str, text: &str| {
        bot.emit(&bot.group_at_event(qq::GROUP, user, text));
        platform.next_sent_to(&chat).await.text().to_owned()
    };
    assert_eq!(say(qq::USER, "/boss").await, "yes, boss");
    bot.emit(&bot.group_at_event(qq::GROUP, "ANOTHER", "/boss"));
    assert_eq!(say("ANOTHER", "/echo only this").await, "only this");
    host.stop().await;
}

#[tokio::test]
async fn the_owners_file_says_where_and_for_whom_a_plugin_is_on() {
    let settings = format!(
        "[plugin.commander]\ndefault = \"off\"\non = [\"{GROUP}\", \"private:{FRIEND}\"]\n\
         access = {{ deny_users = [\"{MEMBER}\"] }}\n\
         [plugin.dice]\noff = [\"{GROUP}\"]\naccess = {{ allow_users = [\"{MEMBER}\"] }}\n"
    );
    let (napcat, _folder, host) = house(&["commander", "dice", "echo"], &settings).await;
    people(&napcat);
    let said = [
        (GROUP, OTHER, "/add 1 2"),
        (GROUP, MEMBER, "/add 3 4"),
        (OTHER_GROUP, OTHER, "/add 5 6"),
        (GROUP, MEMBER, "/dice 1d1"),
        (OTHER_GROUP, OTHER, "/dice 1d1"),
    ];
    hears(&napcat, &said, &["3"]).await;
    napcat.group_text(OTHER_GROUP, MEMBER, "/dice 1d1");
    assert!(!napcat.next_call("send_group_msg").await.text().is_empty());
    assert_eq!(ask(&napcat, "/add 7").await, "7", "on in this private chat");

    // Who is shut out of a plugin does not hear of it; who is not sees where it is on.
    napcat.group_text(GROUP, MEMBER, "/plugin list");
    let list = napcat.next_call("send_group_msg").await.text();
    assert!(list.contains("○ Dice") && !list.contains("Commander"), "{list}");
    napcat.group_text(OTHER_GROUP, OTHER, "/plugin list");
    let list = napcat.next_call("send_group_msg").await.text();
    assert!(list.contains("○ Commander") && !list.contains("Dice"), "{list}");
    host.stop().await;
}

#[tokio::test]
async fn plugin_info_tells_and_what_is_no_plugin_is_refused() {
    let (napcat, _folder, host) = house(&["commander", "echo"], "").await;
    let info = ask(&napcat, "/plugin info commander").await;
    for part in ["Commander (commander) 0.1.0", "Commands: ", "On in this chat."] {
        assert!(info.contains(part), "no {part:?} in\n{info}");
    }
    assert_eq!(ask(&napcat, "/plugin off commander").await, "Commander is off in this chat now.");
    assert!(ask(&napcat, "/plugin info Commander").await.contains("Off in this chat."));
    assert_eq!(
        ask(&napcat, "/plugin off comander").await,
        "There is no plugin named \"comander\". Did you mean \"Commander\"?"
    );
    assert!(ask(&napcat, "/plugin off").await.starts_with("Usage:\n/plugin list"));
    assert!(ask(&napcat, "/plugin off commander").await.contains("off in this chat already"));
    host.stop().await;
}

#[tokio::test]
async fn cooldowns_count_for_a_user_a_chat_or_everybody_and_are_told_once() {
    let napcat = napcat().await;
    let folder = Folder::with(&napcat, &["commander", "echo"], "");
    let clock = Clock::default();
    let house = inside(&napcat, &folder, &clock).await;
    people(&napcat);
    let wait = "Please try again in 10 min.";
    for _ in 0..2 {
        let users = [
            (GROUP, MEMBER, "/hail"),
            (GROUP, MEMBER, "/hail"),
            (OTHER_GROUP, MEMBER, "/hail"),
            (GROUP, OTHER, "/hail"),
        ];
        // Each user has their own, and is told once.
        hears(&napcat, &users, &[wait, "hail", "hail"]).await;

        let chats = [
            (GROUP, MEMBER, "/bell"),
            (GROUP, OTHER, "/bell"),
            (GROUP, FRIEND, "/bell"),
            (GROUP, MEMBER, "/bell"),
            (OTHER_GROUP, MEMBER, "/bell"),
        ];
        // Each chat has its own.
        hears(&napcat, &chats, &[wait, "ding", "ding", "ding"]).await;

        let all = [
            (GROUP, MEMBER, "/gong"),
            (OTHER_GROUP, OTHER, "/gong"),
            (OTHER_GROUP, MEMBER, "/gong"),
            (GROUP, OTHER, "/gong"),
        ];
        // All share one, and each chat is told once.
        hears(&napcat, &all, &[wait, wait, "dong"]).await;
        clock.advance(Duration::from_secs(601));
    }
    house.close().await;
}

#[tokio::test]
async fn all_commands_of_a_user_together_have_a_rate_but_for_superusers() {
    let settings = format!(
        "superusers = [\"{OWNER}\"]\n[commands]\nrate = {{ count = 2, time = \"60s\" }}\n\
         [plugin.commander]\nrates = {{ hail = [] }}\n"
    );
    let napcat = napcat().await;
    let folder = Folder::with(&napcat, &["commander", "echo"], &settings);
    let clock = Clock::default();
    let house = inside(&napcat, &folder, &clock).await;
    people(&napcat);
    for _ in 0..2 {
        let said = [
            (GROUP, MEMBER, "/add 1"),
            (GROUP, MEMBER, "/echo 2"),
            (GROUP, MEMBER, "/add 3"),
            (GROUP, MEMBER, "/hail"),
            (GROUP, OTHER, "/add 4"),
            (GROUP, OWNER, "/add 5"),
            (GROUP, OWNER, "/hail"),
            (GROUP, OWNER, "/hail"),
        ];
        hears(&napcat, &said, &["1", "2", "4", "5", "Please try again in 60 s.", "hail", "hail"]).await;
        clock.advance(Duration::from_secs(61));
    }
    house.close().await;
}
