//! Start and end, the chat, init, inspect, errors in the configuration.

use std::time::{Duration, Instant};

use iglu_tests::{
    fixtures::{Fixture, plugin},
    folder::Folder,
    host::{Line, iglu_with},
    napcat::FRIEND,
};

use crate::common::{ask, house, napcat, probed, said, up};

#[tokio::test]
async fn a_stop_lets_handlers_finish_and_takes_no_new_event() {
    let (napcat, _folder, mut host) = probed("").await;
    for number in 0..5 {
        napcat.private_text(FRIEND, &format!("/later 800 bye {number}"));
    }
    // The five are under way when this one is answered.
    ask(&napcat, "/bots").await;
    napcat.forget_calls();
    host.terminate().await;
    host.says("that it stops", |line| line.text().starts_with("stopping")).await;
    napcat.private_text(FRIEND, "/echo too late");
    let status = host.ended().await;
    assert!(status.success(), "{status}\n{}", host.report());
    let mut said = said(&napcat);
    said.sort();
    assert_eq!(said, ["bye 0", "bye 1", "bye 2", "bye 3", "bye 4"]);
    let stops =
        host.lines().iter().filter(|line| line.is("fixture-0001", "stop because of shutdown")).count();
    assert_eq!(stops, 1, "{}", host.report());
}

#[tokio::test]
async fn a_stop_does_not_wait_for_ever() {
    let (napcat, _folder, mut host) =
        house(&["rogue", "echo"], "[limits]\ngrace = \"300ms\"\nstop = \"300ms\"\n").await;
    napcat.private_text(FRIEND, "/forever");
    assert_eq!(ask(&napcat, "/echo hi").await, "hi");
    let begin = Instant::now();
    host.terminate().await;
    assert!(host.ended().await.success());
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
    host.says("which handler did not end", |line| line.text().contains("did not end")).await;
}

#[tokio::test]
async fn a_stop_in_the_midst_of_a_loop_and_without_a_link_is_in_order() {
    let (napcat, _folder, host) = house(&["rogue"], "[limits]\ngrace = \"300ms\"\n").await;
    napcat.private_text(FRIEND, "/loop");
    napcat.flush().await;
    napcat.stop_listening().await;
    napcat.cut(iglu_tests::napcat::Cut::Reset).await;
    host.stop().await;
}

#[tokio::test]
async fn the_piped_chat_answers_and_ends_with_its_input() {
    let folder = Folder::new();
    for name in ["echo", "notes", "inspect"] {
        folder.put(&format!("{name}.wasm"), &plugin(name));
    }
    let dir = folder.path().to_str().unwrap();
    let done = iglu_with(&["chat", dir], "/echo hi\n/help\n").await;
    let (out, log) = (String::from_utf8(done.stdout).unwrap(), String::from_utf8(done.stderr).unwrap());
    assert!(done.status.success(), "{out}\n{log}");
    assert!(out.lines().next().unwrap().ends_with("hi"), "{out}");
    assert!(out.contains("【Echo】") && out.contains("/note"), "{out}");

    let input = "/note add milk\n:user 10002\n/note list\n:user 10001\n/note list\n:group 20001\nhello";
    let done = iglu_with(&["chat", dir], input).await;
    let out = String::from_utf8(done.stdout).unwrap();
    assert!(done.status.success(), "{out}");
    for part in ["Noted as 1.", "You have no notes.", "1. milk", "hello"] {
        assert!(out.contains(part), "no {part:?} in\n{out}");
    }
}

#[tokio::test]
async fn the_piped_chat_waits_for_the_last_reply() {
    let folder = Folder::new();
    folder.put("probe.wasm", &Fixture::load("probe").id(1).bytes());
    let done = iglu_with(&["chat", folder.path().to_str().unwrap()], "/later 700 at last").await;
    assert!(done.status.success());
    assert!(String::from_utf8(done.stdout).unwrap().contains("at last"));
}

#[tokio::test]
async fn a_chat_with_a_plugin_that_crashes_goes_on_and_ends() {
    let folder = Folder::new();
    folder.configure("[limits]\nbackoff = \"10ms\"");
    folder.put("rogue.wasm", &plugin("rogue"));
    folder.put("echo.wasm", &plugin("echo"));
    let done = iglu_with(&["chat", folder.path().to_str().unwrap()], "/trap\n/ping\n/echo hi\n").await;
    let (out, log) = (String::from_utf8(done.stdout).unwrap(), String::from_utf8(done.stderr).unwrap());
    assert!(done.status.success(), "{out}\n{log}");
    assert!(out.contains("pong") && out.contains("hi") && log.contains("crashed"), "{out}\n{log}");
}

#[tokio::test]
async fn init_makes_a_folder_that_runs() {
    let napcat = napcat().await;
    let folder = Folder::new();
    std::fs::remove_file(folder.path().join("iglu.toml")).unwrap();
    let dir = folder.path().to_str().unwrap();
    let done = iglu_with(&["init", dir], "").await;
    assert!(done.status.success(), "{done:?}");
    let made = std::fs::read_to_string(folder.path().join("iglu.toml")).unwrap();
    let again = iglu_with(&["init", dir], "").await;
    assert!(again.status.success());
    assert_eq!(std::fs::read_to_string(folder.path().join("iglu.toml")).unwrap(), made);

    folder.put("echo.wasm", &plugin("echo"));
    folder.write("iglu.toml", &format!("{made}\n[[bot]]\nurl = \"{}\"\n", napcat.url()));
    let host = up(&napcat, &folder).await;
    assert_eq!(ask(&napcat, "/echo hi").await, "hi");
    host.stop().await;
}

#[tokio::test]
async fn errors_in_the_configuration_name_file_line_key_and_remedy() {
    for (toml, parts) in [
        ("[limits]\nmemroy = \"64 MiB\"", &["iglu.toml:3", "memroy", "did you mean `memory`"][..]),
        ("[[bott]]\nurl = \"ws://x\"", &["iglu.toml:2", "bott", "did you mean `bot`"]),
        ("[limits]\nmemory = 64", &["iglu.toml:3", "memory", "64 MiB"]),
        ("[limits]\ncpu = \"10 parsecs\"", &["iglu.toml:3", "cpu", "unit"]),
        ("[[bot]]\nurl = \"ftp://127.0.0.1:3000\"", &["iglu.toml:3", "url", "ws://"]),
        ("[[bot]]\nname = \"x\"", &["iglu.toml:2", "url = \"ws://127.0.0.1:3001\""]),
        ("[plugin.echo]\ngrants = [\"sned\"]", &["iglu.toml:3", "grants", "did you mean `send`"]),
        ("[log]\nformat = \"jsn\"", &["iglu.toml:3", "format", "did you mean `json`"]),
        ("x = [", &["iglu.toml:2", "not TOML"]),
    ] {
        let folder = Folder::new();
        folder.configure(toml);
        for command in ["run", "chat"] {
            let done = iglu_with(&[command, folder.path().to_str().unwrap()], "").await;
            let told = String::from_utf8(done.stderr).unwrap();
            assert!(!done.status.success(), "{toml}: {told}");
            for part in parts {
                assert!(told.contains(part), "{toml}: no {part:?} in\n{told}");
            }
        }
    }
}

#[tokio::test]
async fn all_errors_in_the_configuration_are_told_at_once() {
    let folder = Folder::new();
    folder.configure("supeusers = []\n[limits]\nmemroy = \"1 MiB\"\ncpu = 1");
    let done = iglu_with(&["run", folder.path().to_str().unwrap()], "").await;
    let told = String::from_utf8(done.stderr).unwrap();
    for part in ["supeusers", "memroy", "cpu"] {
        assert!(told.contains(part), "no {part:?} in\n{told}");
    }
}

#[tokio::test]
async fn a_folder_without_a_configuration_is_told_of_init() {
    let folder = Folder::new();
    std::fs::remove_file(folder.path().join("iglu.toml")).unwrap();
    let done = iglu_with(&["run", folder.path().to_str().unwrap()], "").await;
    let told = String::from_utf8(done.stderr).unwrap();
    assert!(!done.status.success() && told.contains("iglu init"), "{told}");
}

#[tokio::test]
async fn a_plugins_own_settings_are_checked_by_its_schema() {
    let settings = "[plugin.welcome]\nconfig = { txet = \"hi\" }\n";
    let (napcat, _folder, host) = house(&["welcome", "echo"], settings).await;
    let told = host.says("the wrong key", |line: &Line| line.text().contains("txet")).await;
    assert!(told.text().contains("did you mean `text`?") && told.level() == "ERROR", "{told:?}");
    assert_eq!(ask(&napcat, "/echo hi").await, "hi");
    host.stop().await;
}

#[tokio::test]
async fn a_second_host_on_one_folder_is_refused() {
    let (napcat, folder, host) = house(&["echo"], "").await;
    let second = iglu_with(&["run", folder.path().to_str().unwrap()], "").await;
    let told = String::from_utf8(second.stderr).unwrap();
    assert!(!second.status.success() && !told.contains("panicked"), "{told}");
    assert!(told.contains("another") || told.contains("already"), "it tells why: {told}");
    assert_eq!(ask(&napcat, "/echo hi").await, "hi");
    host.stop().await;
}

#[tokio::test]
async fn an_idle_host_rests() {
    let (napcat, _folder, host) = house(&["echo", "rogue"], "").await;
    assert_eq!(ask(&napcat, "/echo hi").await, "hi");
    // What is left to do after the start.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let before = host.cpu_time();
    tokio::time::sleep(Duration::from_secs(5)).await;
    let used = host.cpu_time() - before;
    assert!(used < Duration::from_millis(250), "{used:?} of processor time in five idle seconds");
    host.stop().await;
}
