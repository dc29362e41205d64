//! Typed arguments, options, sub-commands, help, and the owner's own names.

use iglu_tests::{
    folder::Folder,
    host::{Host, iglu_with},
    napcat::{FRIEND, GROUP, Napcat, OWNER, SELF_ID},
};
use serde_json::json;

use crate::common::{ask, house, napcat, said, settled, up};

async fn commander(settings: &str) -> (Napcat, Folder, Host) {
    house(&["commander", "echo"], settings).await
}

/// How often the plugin's handlers ran.
fn woken(host: &Host, text: &str) -> usize {
    host.lines().iter().filter(|line| line.plugin() == "commander" && line.text() == text).count()
}

/// Says something in the group and waits for the answer there.
async fn ask_group(napcat: &Napcat, user: u64, text: &str) -> String {
    napcat.group_text(GROUP, user, text);
    napcat.next_call("send_group_msg").await.text()
}

#[tokio::test]
async fn words_become_typed_values() {
    let (napcat, _folder, host) = commander("").await;
    for (text, reply) in [
        ("/add -3", "-3"),
        ("/add 1 -2 ＋３", "2"),
        ("/add", "0"),
        ("/roll", "6 x1 false None []"),
        ("/roll 20", "20 x1 false None []"),
        ("/roll 20 --times 3 --loud", "20 x3 true None []"),
        ("/roll --times=3 20 -l", "20 x3 true None []"),
        ("/roll -t 3 --factor -0.5", "6 x3 false Some(-0.5) []"),
        ("／roll\u{3000}２０　－－times　３", "20 x3 false None []"),
        ("/r -lt4 --标签 a --标签 “b c”", "6 x4 true None [\"a\", \"b c\"]"),
        ("/roll -- 8", "8 x1 false None []"),
        ("/even 4", "4"),
        ("/pair 7 @A8", "7 A8"),
        ("/deck draw 3", "deck draw|3|3"),
        ("/DECK  Shuffle", "shuffled"),
        ("/words one two  three", "\"one\" [\"two\", \"three\"]"),
        ("/words \"one two\" “three four”", "\"one two\" [\"three four\"]"),
        ("/words \"\" x", "\"\" [\"x\"]"),
        ("/words it\"s \"open", "\"it\\\"s\" [\"\\\"open\"]"),
    ] {
        assert_eq!(ask(&napcat, text).await, reply, "{text:?}");
    }
    assert_eq!(ask_group(&napcat, FRIEND, "/go NORTH to see bears ").await, "North Some(\"to see bears\")");
    assert_eq!(ask_group(&napcat, FRIEND, "/go 家").await, "Home None");
    host.stop().await;
}

#[tokio::test]
async fn wrong_use_is_answered_by_the_host_and_wakes_nobody() {
    let (napcat, _folder, host) = commander("").await;
    let roll = "Usage: /roll [sides=6] [-t|--times N] [-l|--loud] [--factor N] [--标签 ...]...";
    for (text, cause, usage) in [
        (
            "/add one",
            "numbers cannot be \"one\": it must be a whole number, at most 9223372036854775807.",
            "Usage: /add [numbers...]",
        ),
        ("/roll six", "sides cannot be \"six\": it must be a whole number from 2 to 100.", roll),
        ("/roll 1", "sides cannot be \"1\": out of range, it must be a whole number from 2 to 100.", roll),
        ("/roll -1", "sides cannot be \"-1\": out of range, it must be a whole number from 2 to 100.", roll),
        ("/roll 6 7", "Too many arguments: \"7\" is not expected.", roll),
        ("/roll --tims 3", "There is no option --tims. Did you mean --times?", roll),
        ("/roll --times", "--times needs a value: a whole number from 0 to 9.", roll),
        (
            "/roll --times 10",
            "times cannot be \"10\": out of range, it must be a whole number from 0 to 9.",
            roll,
        ),
        ("/roll --loud=1", "--loud takes no value.", roll),
        ("/roll --factor half", "factor cannot be \"half\": it must be a number.", roll),
        ("/words", "<first> is missing.", "Usage: /words <first> [others...]"),
        ("/roll -t1 -t2", "--times may be there only once.", roll),
        (
            "/pair",
            "<one> (a user: mention one, or write the number) is missing.",
            "Usage: /pair <one> [other]",
        ),
        (
            "/pair Bob",
            "one cannot be \"Bob\": it must be a user: mention one, or write the number.",
            "Usage: /pair <one> [other]",
        ),
        ("/look", "<picture> (an image) is missing.", "Usage: /look <picture> [title...]"),
        ("/deck draw", "<count> (a whole number from 0 to 255) is missing.", "Usage: /deck draw <count>"),
        (
            "/rule x",
            "seconds cannot be \"x\": it must be a whole number from 0 to 4294967295.",
            "Usage: /rule <seconds>",
        ),
    ] {
        assert_eq!(ask(&napcat, text).await, format!("{cause}\n{usage}"), "{text:?}");
    }
    let group = ask_group(&napcat, FRIEND, "/go noth").await;
    let choice = "way cannot be \"noth\": did you mean \"north\"? It is one of north, 家.";
    assert_eq!(group, format!("{choice}\nUsage: /go <north|家> [why...]"));
    assert_eq!((woken(&host, "adding"), woken(&host, "rolling")), (0, 0), "{}", host.report());
    assert_eq!(ask(&napcat, "/roll").await, "6 x1 false None []");
    assert_eq!(woken(&host, "rolling"), 1);
    // Who listens to messages hears them all the same.
    assert_eq!(woken(&host, "heard /add one"), 1);
    // What only the plugin knows, it refuses itself, with the host's usage line.
    assert_eq!(
        ask(&napcat, "/even 3").await,
        "<number>: “3”: an even number is wanted\n用法 usage: /even <number>"
    );
    host.stop().await;
}

#[tokio::test]
async fn wrong_use_is_answered_in_the_owners_language() {
    let napcat = napcat().await;
    let folder = Folder::with(&napcat, &["commander"], "");
    let (url, token) = (napcat.url(), napcat.token());
    folder.write("iglu.toml", &format!("language = \"zh\"\n[[bot]]\nurl = \"{url}\"\ntoken = \"{token}\"\n"));
    let host = up(&napcat, &folder).await;
    assert_eq!(
        ask(&napcat, "/pair").await,
        "缺少参数 <one>（一个用户，@ 他或写号码）。\n用法：/pair <one> [other]"
    );
    assert_eq!(
        ask(&napcat, "/deck").await,
        "/deck 的子指令：\n/deck draw <count> - Shows the JSON that came.\n/deck shuffle - Shuffles."
    );
    host.stop().await;
}

#[tokio::test]
async fn mentions_and_images_are_arguments() {
    let (napcat, _folder, host) = commander("").await;
    let me = SELF_ID.to_string();
    napcat.group_message(GROUP, FRIEND).at(&me).text(" /pair ").at("7").text(" ").at("8").push();
    assert_eq!(napcat.next_call("send_group_msg").await.text(), "7 8");
    napcat.group_message(GROUP, FRIEND).text("/pair ").at("7").text(" 9").push();
    assert_eq!(napcat.next_call("send_group_msg").await.text(), "7 9");
    // Quoting somebody mentions them; whom the command names goes first.
    let quoted = napcat.group_text(GROUP, OWNER, "hello");
    let owner = OWNER.to_string();
    napcat.group_message(GROUP, FRIEND).reply(quoted).at(&owner).text(" /pair ").at("7").push();
    assert_eq!(napcat.next_call("send_group_msg").await.text(), "7 ");
    napcat.group_message(GROUP, FRIEND).reply(quoted).at(&owner).text(" /pair").push();
    assert_eq!(napcat.next_call("send_group_msg").await.text(), format!("{owner} "));

    let image = json!({"file": "a.png", "url": "https://example.com/a.png"});
    napcat.private_message(FRIEND).text("/look my cat").segment("image", image).push();
    assert_eq!(napcat.next_call("send_private_msg").await.text(), "https://example.com/a.png my cat");
    host.stop().await;
}

#[tokio::test]
async fn a_parent_lists_its_sub_commands() {
    let (napcat, folder, host) = commander("").await;
    let list = "/deck draw <count> - Shows the JSON that came.\n/deck shuffle - Shuffles.";
    assert_eq!(ask(&napcat, "/deck").await, format!("Sub-commands of /deck:\n{list}"));
    assert_eq!(
        ask(&napcat, "/deck shufle now").await,
        format!("/deck has no sub-command \"shufle\". Did you mean \"shuffle\"? There are:\n{list}")
    );
    assert_eq!(
        ask(&napcat, "/help deck draw").await,
        "/deck draw <count>\nShows the JSON that came.\n  count (a whole number from 0 to 255)\nPlugin: Commander"
    );
    // It goes with the plugin.
    folder.delete("commander.wasm");
    host.says("the end", |line| line.is("commander", "has ended")).await;
    napcat.private_text(FRIEND, "/deck");
    napcat.forget_calls();
    settled(&napcat).await;
    assert_eq!(said(&napcat).len(), 1, "{:?}", said(&napcat));
    host.stop().await;
}

#[tokio::test]
async fn help_shows_what_the_asker_may_use_and_how() {
    const MEMBER: u64 = 30_001;
    let (napcat, _folder, host) = commander("").await;
    napcat.add_member(GROUP, MEMBER, "", "member");
    let member = ask_group(&napcat, MEMBER, "/help").await;
    assert!(member.contains("/go <north|家> [why...] - Goes somewhere."), "{member}");
    assert!(!member.contains("/rule"), "a member may not: {member}");
    napcat.group_text(GROUP, MEMBER, "/rule 3");
    napcat.group_text(GROUP, MEMBER, "/rule x");
    assert_eq!(
        ask_group(&napcat, MEMBER, "/help rule").await,
        "There is no command or plugin named \"rule\".",
        "neither an answer to the command nor to its wrong use came before"
    );
    let owner = ask_group(&napcat, OWNER, "/help").await;
    assert!(owner.contains("/rule <seconds> - For admins."), "{owner}");
    assert_eq!(ask_group(&napcat, OWNER, "/rule 3").await, "ruled 3");
    let private = ask(&napcat, "/help").await;
    assert!(!private.contains("/go "), "{private}");
    let roll = ask(&napcat, "/help roll").await;
    for line in [
        "/roll [sides=6] [-t|--times N]",
        "Rolls a die.",
        "  sides (a whole number from 2 to 100, default 6): how many sides",
        "  -t, --times N (a whole number from 0 to 9, default 1): how often",
        "Also: /r",
    ] {
        assert!(roll.contains(line), "no {line:?} in\n{roll}");
    }
    host.stop().await;
}

#[tokio::test]
async fn long_help_comes_in_pages() {
    let (napcat, _folder, host) =
        house(&["commander", "echo", "dice", "notes", "probe", "welcome"], "").await;
    let first = ask(&napcat, "/help").await;
    assert!(first.ends_with("page 1/2, next: /help 2"), "{first}");
    let second = ask(&napcat, "/help 2").await;
    assert!(second.ends_with("page 2/2"), "{second}");
    let both = format!("{first}\n{second}");
    for name in ["/add", "/deck draw", "/echo", "/dice", "/note add", "/reply", "/bots", "Welcome"] {
        assert!(both.contains(name), "no {name} in\n{both}");
    }
    assert_eq!(ask(&napcat, "/help 3").await, "There are 2 pages; the last is /help 2");
    host.stop().await;
}

#[tokio::test]
async fn the_owner_renames_aliases_disables_and_prefixes() {
    let settings = r#"
        [plugin.commander.commands."roll"]
        name = "掷"
        aliases = ["dice"]
        [plugin.commander.commands."add"]
        enabled = false
        [plugin.commander.commands."pair"]
        prefixes = ["!"]
        [plugin.commander.commands."deck"]
        name = "cards"
        [plugin.commander.commands."lok"]
        name = "see"
        [plugin.absent.commands."any"]
        name = "other"
        "#;
    let (napcat, folder, host) = commander(settings).await;
    let remark = host.says("the remark", |line| line.text().contains("no command of this name")).await.text();
    assert!(
        remark.contains("[plugin.commander.commands.\"lok\"]") && remark.contains("did you mean \"look\"?"),
        "{remark}"
    );
    for round in 0..2 {
        assert_eq!(ask(&napcat, "/掷 20").await, "20 x1 false None []");
        assert_eq!(ask(&napcat, "/dice").await, "6 x1 false None []");
        assert_eq!(ask(&napcat, "！pair 7").await, "7 ");
        assert_eq!(ask(&napcat, "/cards draw 1").await, "cards draw|1|1");
        assert!(ask(&napcat, "!pair x").await.ends_with("\nUsage: !pair <one> [other]"));
        napcat.forget_calls();
        for gone in ["/roll", "/r", "/add 1", "/pair 7", "!dice", "/deck", "/deck draw 1"] {
            napcat.private_text(FRIEND, gone);
        }
        settled(&napcat).await;
        assert_eq!(said(&napcat).len(), 1, "{:?}", said(&napcat));
        let help = ask(&napcat, "/help").await;
        for (part, shown) in
            [("/掷 ", true), ("!pair ", true), ("/cards draw", true), ("/roll", false), ("/add", false)]
        {
            assert_eq!(help.contains(part), shown, "{part}\n{help}");
        }
        if round == 0 {
            let mark = host.mark();
            folder.delete("commander.wasm");
            host.says_after(mark, "the end", |line| line.is("commander", "has ended")).await;
            folder.put("commander.wasm", &iglu_tests::fixtures::plugin("commander"));
            host.says_after(mark, "the new start", |line| line.is("commander", "running")).await;
        }
    }
    host.stop().await;
}

#[tokio::test]
async fn renamed_commands_that_clash_are_told() {
    let settings = "[plugin.commander.commands.\"add\"]\nname = \"echo\"\n";
    let (napcat, _folder, host) = commander(settings).await;
    host.says("the clash", |line| line.text().contains("command \"echo\" is claimed by several plugins"))
        .await;
    napcat.private_text(FRIEND, "/echo 5");
    let calls = napcat.wait_for_calls("send_private_msg", 2).await;
    assert!(calls.iter().all(|call| call.text() == "5"));
    host.stop().await;
}

#[tokio::test]
async fn wrong_settings_for_commands_are_refused_with_their_place() {
    let folder = Folder::new();
    folder.configure(
        "[plugin.a.commands.\"x\"]\nname = \"/x\"\n[plugin.a.commands.\"y\"]\nprefixes = []\nnme = \"z\"\n",
    );
    let done = iglu_with(&["run", folder.path().to_str().unwrap()], "").await;
    assert!(!done.status.success());
    let told = String::from_utf8(done.stderr).unwrap();
    for part in ["without its prefix", "is empty", "did you mean `name`?"] {
        assert!(told.contains(part), "no {part:?} in {told}");
    }
}
