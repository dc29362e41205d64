//! Who may: the owner's lists, `/plugin`, roles, rates.

use std::time::Duration;

use iglu_tests::napcat::{FRIEND, GROUP, Napcat, OWNER, qq};
use serde_json::json;

use crate::common::{ask, house, settled, up};
use crate::official;

/// A plain member of both groups.
const MEMBER: u64 = 30_001;
const OTHER_GROUP: u64 = 20_002;

/// The other group, and the member in both.
fn people(napcat: &Napcat) {
    napcat.add_group(OTHER_GROUP, "另一个群");
    for group in [GROUP, OTHER_GROUP] {
        napcat.add_member(group, MEMBER, "", "member");
    }
}

/// Says something in a group and waits for the next message there.
async fn ask_in(napcat: &Napcat, group: u64, user: u64, text: &str) -> String {
    napcat.group_text(group, user, text);
    let wanted = json!(group.to_string());
    let call = napcat.next_call_where("in the group", move |call| {
        call.action() == "send_group_msg" && call.params()["group_id"] == wanted
    });
    call.await.text()
}

/// How many messages the bot sent to groups.
fn in_groups(napcat: &Napcat) -> usize {
    napcat.calls_of("send_group_msg").len()
}

#[tokio::test]
async fn a_plugin_is_off_in_one_group_by_its_admin_until_they_say_otherwise() {
    let (napcat, folder, host) = house(&["echo", "dice"], "").await;
    people(&napcat);
    let refused = ask_in(&napcat, GROUP, MEMBER, "/plugin off dice").await;
    assert!(refused.starts_with("Only the group's owner, its admins"), "{refused}");
    assert!(!ask_in(&napcat, GROUP, MEMBER, "/dice 1d1").await.is_empty(), "it is on yet");

    // FRIEND is an admin of the group; the next message is already too late.
    napcat.forget_calls();
    napcat.group_text(GROUP, FRIEND, "／插件 off Dice");
    assert_eq!(ask_in(&napcat, GROUP, MEMBER, "/dice 1d1").await, "Dice is off in this group now.");
    settled(&napcat).await;
    assert_eq!(in_groups(&napcat), 1, "the answer, and no dice");
    assert!(!ask_in(&napcat, GROUP, OWNER, "/help").await.contains("/dice"));
    let list = ask_in(&napcat, GROUP, MEMBER, "/plugin list").await;
    assert!(list.contains("○ Dice") && list.contains("● Echo"), "{list}");
    assert!(!ask_in(&napcat, OTHER_GROUP, MEMBER, "/dice 1d1").await.is_empty(), "on in another group");
    host.kill().await;
    napcat.disconnected().await;

    let host = up(&napcat, &folder).await;
    let list = ask_in(&napcat, GROUP, MEMBER, "/plugin").await;
    assert!(list.contains("○ Dice"), "still off after a kill: {list}");
    assert_eq!(ask_in(&napcat, GROUP, OWNER, "/plugin on dice").await, "Dice is on in this group now.");
    assert!(!ask_in(&napcat, GROUP, MEMBER, "/dice 1d1").await.is_empty());
    host.stop().await;
}

#[tokio::test]
async fn a_superuser_switches_everywhere_and_a_user_for_themselves() {
    let superuser = format!("superusers = [\"onebot:{OWNER}\", \"qq:{MEMBER}\"]\n");
    let (napcat, _folder, host) = house(&["echo", "dice"], &superuser).await;
    people(&napcat);
    assert_eq!(ask(&napcat, "/plugin off dice").await, "Dice is off in this chat now.");
    assert!(!ask_in(&napcat, GROUP, FRIEND, "/dice 1d1").await.is_empty(), "theirs is off in private alone");
    let refused = "Only superusers may switch plugins everywhere.";
    for user in [FRIEND, MEMBER] {
        assert_eq!(ask_in(&napcat, GROUP, user, "/plugin off echo --everywhere").await, refused);
    }
    let off = ask_in(&napcat, OTHER_GROUP, OWNER, "/plugin off dice --everywhere").await;
    assert_eq!(off, "Dice is off everywhere now.");
    assert!(ask_in(&napcat, GROUP, FRIEND, "/plugin on dice").await.contains("off everywhere"));
    assert!(ask_in(&napcat, OTHER_GROUP, OWNER, "/plugin on dice --everywhere").await.contains("no longer"));
    assert!(!ask_in(&napcat, GROUP, MEMBER, "/dice 1d1").await.is_empty());
    host.stop().await;
}

#[tokio::test]
async fn who_is_denied_is_not_answered_and_a_superuser_always_is() {
    let settings = format!(
        "superusers = [\"{OWNER}\"]\n[access]\ndeny_users = [\"{OWNER}\", \"{MEMBER}\"]\ndeny_chats = [\"{OTHER_GROUP}\"]\n\
         [plugin.dice.access]\nallow_chats = [\"private\"]\n"
    );
    let (napcat, _folder, host) = house(&["echo", "dice"], &settings).await;
    people(&napcat);
    for (group, user) in [(GROUP, MEMBER), (OTHER_GROUP, FRIEND)] {
        for text in ["/echo hi", "/help", "/plugin list"] {
            napcat.group_text(group, user, text);
        }
    }
    napcat.group_text(GROUP, FRIEND, "/dice 1d1");
    settled(&napcat).await;
    assert_eq!(in_groups(&napcat), 0, "{:?}", napcat.calls());
    assert_eq!(ask_in(&napcat, OTHER_GROUP, OWNER, "/echo hi").await, "hi");
    assert_eq!(ask_in(&napcat, GROUP, FRIEND, "/echo hi").await, "hi");
    assert!(!ask_in(&napcat, GROUP, FRIEND, "/help").await.contains("/dice"));
    assert!(!ask_in(&napcat, GROUP, OWNER, "/dice 1d1").await.is_empty());
    assert!(!ask(&napcat, "/dice 1d1").await.is_empty());
    host.stop().await;
}

#[tokio::test]
async fn a_command_that_comes_too_early_is_answered_once_and_runs_again_later() {
    let settings = "[plugin.echo.rates]\necho = { count = 2, time = \"6s\", per = \"chat\" }\n";
    let (napcat, _folder, host) = house(&["echo", "dice"], settings).await;
    people(&napcat);
    for number in 0..5 {
        napcat.group_text(GROUP, [MEMBER, FRIEND][number % 2], &format!("/echo {number}"));
    }
    napcat.wait_for_calls("send_group_msg", 3).await;
    // Another chat has a count of its own.
    settled(&napcat).await;
    let texts: Vec<String> = napcat.calls_of("send_group_msg").iter().map(|call| call.text()).collect();
    assert_eq!(texts.len(), 3, "{texts:?}");
    let told = texts.iter().filter(|text| text.starts_with("Please try again in")).count();
    assert_eq!(told, 1, "{texts:?}");
    assert!(texts.contains(&"0".to_owned()) && texts.contains(&"1".to_owned()), "{texts:?}");
    napcat.forget_calls();
    assert!(!ask_in(&napcat, GROUP, MEMBER, "/dice 1d1").await.is_empty(), "other commands run");

    // The clock of the real program cannot be put forward.
    for _ in 0..200 {
        napcat.group_text(GROUP, MEMBER, "/echo again");
        tokio::time::sleep(Duration::from_millis(100)).await;
        if in_groups(&napcat) > 1 {
            break;
        }
    }
    let texts: Vec<String> = napcat.calls_of("send_group_msg").iter().map(|call| call.text()).collect();
    assert_eq!(texts.get(1).map(String::as_str), Some("again"), "silent until it runs again: {texts:?}");
    host.stop().await;
}

#[tokio::test]
async fn roles_of_the_official_platform_count() {
    let (platform, bot, _folder, host) = official::house(&["echo"], qq::Options::default()).await;
    let chat = qq::Chat::Group(qq::GROUP.to_owned());
    let say = async |role: &str, text: &str| {
        let mut event = bot.group_at_event(qq::GROUP, qq::USER, text);
        event.d["author"]["member_role"] = role.into();
        bot.emit(&event);
        platform.next_sent_to(&chat).await.text().to_owned()
    };
    assert!(say("member", "/plugin off echo").await.starts_with("Only the group's owner"));
    assert_eq!(say("admin", "/plugin off echo").await, "Echo is off in this group now.");
    assert_eq!(say("owner", "/plugin on echo").await, "Echo is on in this group now.");
    assert_eq!(say("member", "/echo hi").await, "hi");
    host.stop().await;
}
