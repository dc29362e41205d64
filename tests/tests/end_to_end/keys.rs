//! Each function of the storage as a plugin uses it, and what it refuses.

use std::time::Duration;

use iglu_tests::{fixtures::Fixture, folder::Folder, napcat::FRIEND};

use iglu::clock::Clock;

use crate::common::{answer, ask, house, napcat};
use crate::time::inside;

#[tokio::test]
async fn values_are_put_seen_listed_changed_and_dropped() {
    let (napcat, _folder, host) = house(&["vault"], "").await;
    for (asked, answered) in [
        ("/see a/1", "\"nothing\""),
        ("/put a/2 two", "put"),
        ("/put a/1 \"one 猫\"", "put"),
        ("/put b/1 other", "put"),
        ("/see a/1", "\"one 猫\""),
        ("/list a/", "a/1=\"one 猫\" a/2=\"two\""),
        ("/put a/1 uno", "put"),
        // Only in the place of what is there.
        ("/change a/1 one eins", "false"),
        ("/see a/1", "\"uno\""),
        ("/change a/1 uno eins", "true"),
        ("/see a/1", "\"eins\""),
        ("/change absent x y", "false"),
        ("/see absent", "\"nothing\""),
        ("/count n 2.5", "2.5"),
        ("/count n -3", "-0.5"),
        ("/see n", "-0.5"),
        ("/append words a", "1"),
        ("/append words b", "2"),
        ("/see words", "[\"a\",\"b\"]"),
        ("/drop a/1", "true"),
        ("/drop a/1", "false"),
        ("/list a/", "a/2=\"two\""),
    ] {
        assert_eq!(ask(&napcat, asked).await, answered, "{asked}");
    }
    host.stop().await;
}

#[tokio::test]
async fn keys_and_values_that_cannot_be_are_refused_and_change_nothing() {
    let (napcat, _folder, host) = house(&["vault"], "").await;
    assert_eq!(ask(&napcat, "/put word milk").await, "put");
    let long = "k".repeat(513);
    for (asked, reason) in [
        ("/put \"\" x".to_owned(), "empty"),
        ("/see \"\"".to_owned(), "empty"),
        ("/drop \"\"".to_owned(), "empty"),
        ("/count \"\" 1".to_owned(), "empty"),
        (format!("/put {long} x"), "at most 512"),
        (format!("/append {long} x"), "at most 512"),
        ("/count word 1".to_owned(), "number"),
        ("/append word x".to_owned(), "`word` does not fit"),
    ] {
        let refused = ask(&napcat, &asked).await;
        assert!(refused.starts_with("wrong request") && refused.contains(reason), "{asked}: {refused}");
    }
    assert_eq!(ask(&napcat, "/list word").await, "word=\"milk\"");
    host.stop().await;
}

#[tokio::test]
async fn what_has_a_time_to_live_outlives_a_restart_and_not_its_time() {
    let napcat = napcat().await;
    let folder = Folder::with(&napcat, &["vault"], "");
    let clock = Clock::default();
    let house = inside(&napcat, &folder, &clock).await;
    assert_eq!(ask(&napcat, "/put short x --seconds 60").await, "put");
    assert_eq!(ask(&napcat, "/put long y --seconds 600").await, "put");
    clock.advance(Duration::from_secs(30));
    house.close().await;

    let house = inside(&napcat, &folder, &clock).await;
    assert_eq!(ask(&napcat, "/list s").await, "short=\"x\"");
    clock.advance(Duration::from_secs(31));
    assert_eq!(ask(&napcat, "/see short").await, "\"nothing\"");
    assert_eq!(ask(&napcat, "/see long").await, "\"y\"");
    // What is over is as good as absent.
    assert_eq!(ask(&napcat, "/drop short").await, "false");
    assert_eq!(ask(&napcat, "/count short 1").await, "1");
    // Put anew, it is kept for ever.
    assert_eq!(ask(&napcat, "/put long z").await, "put");
    clock.advance(Duration::from_secs(86_400));
    assert_eq!(ask(&napcat, "/see long").await, "\"z\"");
    house.close().await;
}

#[tokio::test]
async fn lists_that_many_handlers_append_to_at_once_lose_no_word() {
    let (napcat, _folder, host) = house(&["vault"], "").await;
    for number in 0..30 {
        napcat.private_text(FRIEND, &format!("/append words w{number}"));
    }
    let mut lengths = Vec::new();
    for _ in 0..30 {
        lengths.push(answer(&napcat).await.parse::<usize>().unwrap());
    }
    lengths.sort_unstable();
    assert_eq!(lengths, (1..=30).collect::<Vec<_>>());
    let words = ask(&napcat, "/see words").await;
    assert!((0..30).all(|number| words.contains(&format!("\"w{number}\""))), "{words}");
    host.stop().await;
}

#[tokio::test]
async fn a_plugin_sees_no_key_of_another() {
    let napcat = napcat().await;
    let settings = "[plugin.other.commands]\nput = { enabled = false }\nsee = { prefixes = [\"!\"] }\n\
                    list = { prefixes = [\"!\"] }\ndrop = { prefixes = [\"!\"] }\n";
    let folder = Folder::with(&napcat, &["vault"], settings);
    folder.put("other.wasm", &Fixture::load("vault").renamed("vault", "other").bytes());
    let host = crate::common::up(&napcat, &folder).await;
    assert_eq!(ask(&napcat, "/put secret x").await, "put");
    assert_eq!(ask(&napcat, "/see secret").await, "\"x\"");
    assert_eq!(ask(&napcat, "!see secret").await, "\"nothing\"");
    assert_eq!(ask(&napcat, "!drop secret").await, "false");
    assert_eq!(ask(&napcat, "/see secret").await, "\"x\"");
    host.stop().await;
}
