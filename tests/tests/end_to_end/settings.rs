//! `iglu.toml` while the program runs: what is taken over, what is refused, and what is never shown.

use std::time::Duration;

use iglu_tests::{
    fixtures::plugin,
    folder::Folder,
    host::{Host, Line, iglu_with},
    napcat::{FRIEND, GROUP, Napcat},
};

use crate::common::{QUIET, ask, house, napcat, said, up};

const SECRET: &str = "hunter2-token-of-the-owner";
const TAKEN: &str = "the changed iglu.toml counts";

/// Changes the settings and waits for the log to say what became of it.
async fn change(napcat: &Napcat, folder: &Folder, host: &Host, settings: &str, says: &str) -> Line {
    let mark = host.mark();
    folder.connect(napcat, settings);
    host.says_after(mark, says, |line| line.text().contains(says)).await
}

fn starts(host: &Host, plugin: &str) -> usize {
    host.lines().iter().filter(|line| line.plugin() == plugin && line.text() == "running").count()
}

fn steward(config: &str) -> String {
    format!("[plugin.steward]\nconfig = {{ {config} }}\n")
}

#[tokio::test]
async fn changed_settings_start_the_plugin_again_with_its_state_and_no_other() {
    let (napcat, folder, host) = house(&["steward", "echo"], "").await;
    assert_eq!(ask(&napcat, "/greet a").await, "hello 1 a");
    assert_eq!(ask(&napcat, "/settings").await, "hello Calm [] 0");
    change(&napcat, &folder, &host, &steward("greeting = \"hi\", feeds = [{ url = \"u\" }]"), TAKEN).await;
    host.says("the reason", |line| line.is("steward", "stop because of config")).await;
    assert_eq!(ask(&napcat, "/greet b").await, "hi 2 b");
    assert_eq!(ask(&napcat, "/settings").await, "hi Calm [\"u@5\"] 0");
    assert_eq!((starts(&host, "steward"), starts(&host, "echo")), (2, 1), "{}", host.report());

    // The same in other words is no change.
    change(&napcat, &folder, &host, &steward("feeds = [{ url = \"u\" }], greeting = 'hi' "), "says the same")
        .await;
    assert_eq!(starts(&host, "steward"), 2);
    host.stop().await;
}

#[tokio::test]
async fn a_change_in_the_thick_of_messages_loses_none_and_keeps_the_count() {
    let (napcat, folder, host) = house(&["steward"], "").await;
    for round in 0..6 {
        for number in 0..40 {
            napcat.private_text(FRIEND, &format!("/greet {round}-{number}"));
        }
        folder.connect(&napcat, &steward(&format!("greeting = \"g{round}\"")));
        tokio::time::sleep(Duration::from_millis(fastrand::u64(..150))).await;
    }
    let calls = napcat.wait_for_calls("send_private_msg", 240).await;
    let mut counts: Vec<usize> = Vec::new();
    let mut texts: Vec<String> = Vec::new();
    for call in &calls {
        let text = call.text();
        let mut words = text.split(' ');
        words.next();
        counts.push(words.next().unwrap().parse().unwrap());
        texts.push(words.next().unwrap().to_owned());
    }
    counts.sort_unstable();
    texts.sort_unstable();
    texts.dedup();
    assert_eq!(counts, (1..=240).collect::<Vec<_>>(), "the state goes from one to the next");
    assert_eq!(texts.len(), 240, "each message is answered once");
    // The last of the settings may still be on its way.
    host.says("the last settings", |line| line.is("steward", "its new settings")).await;
    tokio::time::sleep(QUIET).await;
    napcat.forget_calls();
    assert!(ask(&napcat, "/greet end").await.ends_with(" 241 end"));
    host.stop().await;
}

#[tokio::test]
async fn a_wrong_file_changes_nothing_and_is_told_once() {
    let (napcat, folder, host) = house(&["steward", "echo"], &steward("greeting = \"hi\"")).await;
    let mark = host.mark();
    let line = change(&napcat, &folder, &host, "[limits]\nmemry = \"1 MiB\"\n", "stays as it was").await;
    assert_eq!(line.level(), "ERROR");
    assert!(
        line.text().contains("iglu.toml:3:1: limits.memry: unknown key; did you mean `memory`?"),
        "{line:?}"
    );
    folder.write("iglu.toml", "language = \n");
    host.says_after(mark, "the syntax", |line| line.text().contains("is not TOML")).await;
    std::fs::remove_file(folder.path().join("iglu.toml")).unwrap();
    host.says_after(mark, "that it is gone", |line| line.text().contains("cannot be read")).await;
    // Longer than the slow look at the file.
    tokio::time::sleep(Duration::from_secs(4)).await;
    let told = host.lines_after(mark).iter().filter(|line| line.text().contains("stays as it was")).count();
    assert_eq!(told, 3, "each once: {}", host.report());
    assert_eq!(ask(&napcat, "/greet a").await, "hi 1 a");
    change(&napcat, &folder, &host, &steward("greeting = \"yo\""), TAKEN).await;
    assert_eq!(ask(&napcat, "/greet b").await, "yo 2 b");
    host.stop().await;
}

#[tokio::test]
async fn settings_that_do_not_fit_leave_the_plugin_as_it_is_and_name_the_key() {
    let (napcat, folder, host) = house(&["steward", "echo"], &steward("greeting = \"hi\"")).await;
    for (config, told) in [
        ("greeting = 5", "[plugin.steward.config] greeting: "),
        ("greting = \"x\"", "[plugin.steward.config] greting: unknown key; did you mean `greeting`?"),
        ("feeds = [{ url = \"u\" }, { every = 1 }]", "[plugin.steward.config] feeds.1: `url` is missing"),
        ("feeds = [{ url = \"u\", every = 0 }]", "[plugin.steward.config] feeds.0.every: "),
        ("mode = \"loud\"", "[plugin.steward.config] mode: must be one of `\"calm\"`, `\"very-loud\"`"),
        ("token_file = \"none.txt\"", "[plugin.steward.config] token_file: cannot read "),
    ] {
        let line = change(&napcat, &folder, &host, &steward(config), told).await;
        assert!(line.text().ends_with("the version of steward that runs stays"), "{line:?}");
    }
    // Another change that leaves the wrong settings wrong does not tell them again.
    let mark = host.mark();
    let settings = format!("superusers = [\"1\"]\n{}", steward("token_file = \"none.txt\""));
    change(&napcat, &folder, &host, &settings, TAKEN).await;
    assert!(!host.lines_after(mark).iter().any(|line| line.text().contains("none.txt")), "{}", host.report());
    assert_eq!(ask(&napcat, "/greet a").await, "hi 1 a");

    // Settings that fit the schema and that the plugin itself refuses.
    let refused = steward(&format!("greeting = \"refuse\", token = \"{SECRET}\""));
    let line = change(&napcat, &folder, &host, &refused, "it does not start with its new settings").await;
    assert!(line.text().contains("those before stay") && line.text().contains("***"), "{line:?}");
    assert_eq!(ask(&napcat, "/greet b").await, "hi 2 b");
    host.stop().await;
}

#[tokio::test]
async fn a_plugin_that_was_refused_for_its_settings_begins_when_they_are_right() {
    let (napcat, folder, host) = house(&["steward", "echo"], &steward("greeting = 5")).await;
    host.says("the refusal", |line| line.text().contains("[plugin.steward.config] greeting: ")).await;
    assert_eq!(ask(&napcat, "/echo alive").await, "alive");
    change(&napcat, &folder, &host, &steward("greeting = \"at last\""), TAKEN).await;
    host.says("its start", |line| line.is("steward", "running")).await;
    assert_eq!(ask(&napcat, "/greet a").await, "at last 1 a");

    change(&napcat, &folder, &host, "[plugin.steward]\nenabled = false\n", TAKEN).await;
    napcat.forget_calls();
    napcat.private_text(FRIEND, "/greet nobody");
    assert_eq!(ask(&napcat, "/echo off").await, "off");
    assert_eq!(said(&napcat), ["off"]);
    let mark = host.mark();
    change(&napcat, &folder, &host, "", TAKEN).await;
    host.says_after(mark, "its start", |line| line.is("steward", "running")).await;
    assert_eq!(ask(&napcat, "/greet b").await, "hello 1 b");
    host.stop().await;
}

#[tokio::test]
async fn what_the_owner_settles_counts_from_the_next_message_on() {
    let (napcat, folder, host) = house(&["steward", "echo"], "").await;
    assert!(ask(&napcat, &format!("/tell {GROUP}")).await.contains("permission denied"));
    change(&napcat, &folder, &host, "[plugin.steward]\ngrants = [\"send\"]\n", TAKEN).await;
    host.says("the new settings", |line| line.is("steward", "its new settings")).await;
    assert_eq!(ask(&napcat, &format!("/tell {GROUP}")).await, "sent");
    assert_eq!((starts(&host, "steward"), starts(&host, "echo")), (2, 1));

    change(&napcat, &folder, &host, "[commands]\nprefixes = [\"!\"]\n[log]\nlevel = \"debug\"\n", TAKEN)
        .await;
    napcat.forget_calls();
    napcat.private_text(FRIEND, "/echo old");
    assert_eq!(ask(&napcat, "!echo new").await, "new");
    assert_eq!(said(&napcat), ["new"]);
    assert_eq!(ask(&napcat, "!greet you").await, "hello 1 you");
    host.says("a line at debug", |line| line.level() == "DEBUG" && line.is("steward", "greets")).await;

    let line =
        change(&napcat, &folder, &host, "[[bot]]\nurl = \"ws://127.0.0.1:1\"\n", "[[bot]] in iglu.toml")
            .await;
    assert_eq!(line.level(), "WARN");
    assert_eq!(ask(&napcat, "/echo still").await, "still");
    host.stop().await;
}

#[tokio::test]
async fn a_secret_is_in_no_log_no_error_and_no_inspection() {
    let napcat = napcat().await;
    let folder = Folder::with(&napcat, &["steward"], "");
    folder.write("token.txt", &format!("{SECRET}\n"));
    let settings = format!(
        "[log]\nlevel = \"trace\"\n[limits]\nbackoff = \"10ms\"\n{}",
        steward("token_file = \"token.txt\"")
    );
    folder.connect(&napcat, &settings);
    let host = up(&napcat, &folder).await;
    assert_eq!(ask(&napcat, "/settings").await, format!("hello Calm [] {}", SECRET.len()));
    for how in ["log", "print"] {
        assert_eq!(ask(&napcat, &format!("/leak {how}")).await, "leaked");
    }
    host.says("the hidden line", |line| line.is("steward", "the token is ***")).await;
    napcat.private_text(FRIEND, "/leak error");
    host.says("the hidden error", |line| line.is("steward", "it does not work with ***")).await;
    napcat.private_text(FRIEND, "/leak panic");
    host.says("the crash", |line| line.is("steward", "crashed")).await;
    // Wrong in every way that is told with its place.
    for wrong in [
        format!("token = \"{SECRET}\", greeting = 5"),
        format!("token = [\"{SECRET}\"]"),
        format!("tokn = \"{SECRET}\""),
        format!("token = \"{SECRET}\", token_file = \"token.txt\""),
    ] {
        change(&napcat, &folder, &host, &steward(&wrong), "[plugin.steward.config]").await;
    }
    let lines = host.stop().await;
    for line in lines {
        assert!(!format!("{line:?}").contains(SECRET), "{line:?}");
    }

    std::fs::write(folder.path().join("steward.wasm"), plugin("steward")).unwrap();
    let file = folder.path().join("steward.wasm");
    for arguments in [vec!["inspect"], vec!["inspect", "--json"]] {
        let done = iglu_with(&[&arguments[..], &[file.to_str().unwrap()]].concat(), "").await;
        let told = String::from_utf8(done.stdout).unwrap();
        assert!(told.contains("token") && !told.contains(SECRET), "{told}");
    }
}
