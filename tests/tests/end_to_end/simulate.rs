//! `iglu simulate` and `iglu run`: two processes of the real program.

use std::{process::Stdio, time::Duration};

use iglu_tests::{
    fixtures::{iglu_bin, plugin},
    folder::Folder,
    host::Host,
    napcat::{Napcat, Options},
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    process::{Child, Command},
    time::timeout,
};

const DEADLINE: Duration = Duration::from_secs(120);

/// Gives the simulator its script, and sees the bot say what is expected: where, and what.
async fn plays(mut simulator: Child, script: &str, expected: &[(&str, &str)]) {
    let mut stdin = simulator.stdin.take().unwrap();
    stdin.write_all(script.as_bytes()).await.unwrap();
    drop(stdin);
    let mut shown = String::new();
    timeout(DEADLINE, simulator.stdout.take().unwrap().read_to_string(&mut shown)).await.unwrap().unwrap();
    assert!(simulator.wait().await.unwrap().success(), "{shown}");
    let said: Vec<_> = shown.lines().filter(|line| line.starts_with("bot")).collect();
    assert_eq!(said.len(), expected.len(), "{shown}");
    for (line, (place, text)) in said.iter().zip(expected) {
        assert!(line.starts_with(place) && line.ends_with(text), "{line:?} for {text:?}\n{shown}");
    }
}

#[tokio::test]
async fn a_scripted_napcat_waits_for_the_bot_and_prints_what_it_does() {
    let mut simulator = Command::new(iglu_bin())
        .args(["simulate", "napcat", "--ws", "0", "--token", "secret"])
        .env("LANG", "en_US.UTF-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut notes = BufReader::new(simulator.stderr.take().unwrap()).lines();
    let first = timeout(DEADLINE, notes.next_line()).await.unwrap().unwrap().unwrap();
    let url = first.strip_prefix("WebSocket: ").unwrap();

    let folder = Folder::new();
    folder.put("echo.wasm", &plugin("echo"));
    folder.configure(&format!("[[bot]]\nurl = \"{url}\"\ntoken = \"secret\""));
    let host = Host::run(&folder).await;
    host.says("running", |line| line.plugin() == "echo").await;

    let script = ":help\n10001: /echo private\n:wait send_private_msg\n:group 20001\n/echo group\n:wait\n:cut\n\
                  10002@20001: /echo after the cut\n:wait\n:fail send_group_msg 1200 no\n/echo last\n:wait\n";
    let expected = [
        ("bot→10001: ", "private"),
        ("bot@20001: ", "group"),
        ("bot@20001: ", "after the cut"),
        ("bot@20001: ", "last"),
    ];
    plays(simulator, script, &expected).await;
    host.stop().await;
}

#[tokio::test]
async fn a_scripted_official_platform_waits_for_the_bot_and_prints_what_it_does() {
    let mut simulator = Command::new(iglu_bin())
        .args([
            "simulate",
            "qq",
            "--api",
            "0",
            "--gateway",
            "0",
            "--app-id",
            "102000009",
            "--secret",
            "s3cret",
        ])
        .env("LANG", "en_US.UTF-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut notes = BufReader::new(simulator.stderr.take().unwrap()).lines();
    let mut bases = Vec::new();
    for what in ["token: ", "API: ", "gateway: "] {
        let line = timeout(DEADLINE, notes.next_line()).await.unwrap().unwrap().unwrap();
        bases.push(line.strip_prefix(what).unwrap_or_else(|| panic!("{line:?} for {what:?}")).to_owned());
    }

    let folder = Folder::new();
    folder.put("echo.wasm", &plugin("echo"));
    folder.configure(&format!(
        "[[bot]]\nplatform = \"qq\"\napp_id = 102000009\nsecret = \"s3cret\"\ntoken_api = \"{}\"\napi = \"{}\"",
        bases[0], bases[1]
    ));
    let host = Host::run(&folder).await;
    host.says("running", |line| line.plugin() == "echo").await;

    // The first request with the bad token is refused, and the second is the answer.
    let script = ":help\n/echo private\n:wait send\n:group\n/echo group\n:wait\n:cut reset\n/echo after the cut\n\
                  :wait\n:private\n:expire\n/echo with a new token\n:wait send\n:wait send\n/echo last\n:wait send\n";
    let expected = [
        ("bot→7D29…5BC7: ", "private"),
        ("bot@D4DE…2B91: ", "group"),
        ("bot@D4DE…2B91: ", "after the cut"),
        ("bot→7D29…5BC7: ", "with a new token"),
        ("bot→7D29…5BC7: ", "last"),
    ];
    plays(simulator, script, &expected).await;
    host.stop().await;
}

#[tokio::test]
async fn a_simulator_that_cannot_listen_says_so_and_ends() {
    let taken = Napcat::start(Options::default()).await;
    let done = Command::new(iglu_bin())
        .args(["simulate", "napcat", "--ws", &taken.address().port().to_string()])
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    assert!(!done.status.success());
    let told = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(told.contains(&format!("cannot listen on {}", taken.address())), "{told}");
}
