//! Keys and values: kills at any moment, quotas, batches, and the command line beside the running program.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Output,
    time::Duration,
};

use iglu_tests::{
    folder::Folder,
    host::{Host, iglu_with},
    napcat::{FRIEND, Napcat},
};
use serde_json::Value;

use crate::common::{answer, ask, house, napcat, said, settled, up};

const KILLS: usize = 40;

/// `iglu storage WORD DIR --plugin vault ...`.
async fn storage(folder: &Folder, words: &[&str], input: &str) -> Output {
    let mut arguments = vec!["storage", words[0], folder.path().to_str().unwrap(), "--plugin", "vault"];
    arguments.extend(&words[1..]);
    iglu_with(&arguments, input).await
}

fn out(done: &Output) -> &str {
    assert!(done.status.success(), "{done:?}");
    std::str::from_utf8(&done.stdout).unwrap()
}

fn refusal(done: &Output) -> &str {
    assert!(!done.status.success(), "{done:?}");
    std::str::from_utf8(&done.stderr).unwrap()
}

/// Everything that the vault has stored: keys and their JSON.
async fn exported(folder: &Folder) -> BTreeMap<String, String> {
    let done = storage(folder, &["export"], "").await;
    let line = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap();
        (line["key"].as_str().unwrap().to_owned(), line["value"].as_str().unwrap().to_owned())
    };
    out(&done).lines().map(line).collect()
}

/// The numbers of what was answered to have been kept.
fn acknowledged(napcat: &Napcat) -> impl Iterator<Item = u32> {
    said(napcat).into_iter().filter_map(|text| text.strip_prefix("kept ")?.parse().ok())
}

/// What a kill may leave: whole pairs, counts that agree with them, nothing missing that was answered.
async fn check(folder: &Folder, tried: u32, due: &BTreeSet<u32>) {
    let mut found = exported(folder).await;
    let bytes: usize = found.iter().map(|(key, value)| key.len() + value.len()).sum();
    let done = iglu_with(&["storage", "list", folder.path().to_str().unwrap()], "").await;
    let expected = format!("vault: {} keys, {bytes} of ", found.len());
    assert!(out(&done).starts_with(&expected), "the quota's count is exact: {expected} / {done:?}");

    let mut number = |key: &str| found.remove(key).map_or(0, |text| text.parse::<f64>().unwrap() as usize);
    let (pairs, kept) = (number("pairs"), number("kept"));
    let (mut left, mut right, mut queued) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
    let mut ends = [0, 0];
    for (key, value) in &found {
        match key.split_once('/').unwrap() {
            ("left", number) => drop(left.insert(number.parse::<u32>().unwrap(), value)),
            ("right", number) => drop(right.insert(number.parse::<u32>().unwrap(), value)),
            ("line", "ends") => ends = serde_json::from_str(value).unwrap(),
            ("line", _) => queued.push(value.parse::<u32>().unwrap()),
            other => panic!("nobody wrote {other:?}"),
        }
    }
    assert_eq!(left, right, "a batch is whole or not there");
    for (number, value) in &left {
        let whole = format!("{number},").repeat(1 + *number as usize % 200);
        assert_eq!(serde_json::from_str::<String>(value).unwrap(), whole, "pair {number} is torn");
    }
    assert_eq!(pairs, left.len(), "the count is written with the pair");
    assert!(left.keys().all(|number| *number < tried));
    let missing: Vec<_> = due.iter().filter(|number| !left.contains_key(number)).collect();
    assert!(missing.is_empty(), "answered, and lost: {missing:?}");
    assert_eq!(ends, [0, queued.len()], "the queue and its ends agree");
    let queued: BTreeSet<u32> = queued.into_iter().collect();
    assert_eq!(queued.len(), ends[1], "each is queued once");
    assert!(due.is_subset(&queued) && queued.iter().all(|number| left.contains_key(number)));
    assert!(
        (due.len()..=queued.len()).contains(&kept),
        "{} answered, {kept} counted, {} queued",
        due.len(),
        queued.len()
    );
}

#[tokio::test]
async fn kills_at_random_moments_tear_nothing_and_lose_nothing_that_was_answered() {
    let napcat = napcat().await;
    let folder = Folder::with(&napcat, &["vault"], "");
    let (mut next, mut due) = (0, BTreeSet::new());
    for kill in 0..KILLS {
        let host = Host::run(&folder).await;
        napcat.connected().await;
        for _ in 0..200 {
            napcat.private_text(FRIEND, &format!("/keep {next}"));
            next += 1;
        }
        // Some kills come before the first answer, some in the thick of it.
        if kill % 4 > 0 {
            napcat.wait_for_calls("send_private_msg", 1 + fastrand::usize(..40)).await;
        }
        tokio::time::sleep(Duration::from_millis(fastrand::u64(..60))).await;
        host.kill().await;
        napcat.disconnected().await;
        due.extend(acknowledged(&napcat));
        napcat.forget_calls();
        if kill % 8 == 7 {
            check(&folder, next, &due).await;
        }
    }
    assert!(due.len() > KILLS, "only {} were answered", due.len());
    check(&folder, next, &due).await;
    let host = up(&napcat, &folder).await;
    assert!(ask(&napcat, "/drain").await.starts_with("drained "));
    assert_eq!(ask(&napcat, "/drain").await, "drained 0");
    assert_eq!(ask(&napcat, &format!("/keep {next}")).await, format!("kept {next}"));
    host.stop().await;
}

#[tokio::test]
async fn a_reached_quota_is_told_to_the_plugin_and_the_user_and_nothing_is_written() {
    let (napcat, folder, host) = house(&["vault", "echo"], "[limits]\nstorage = \"2 KiB\"\n").await;
    assert_eq!(ask(&napcat, "/fill a 1000").await, "there was room");
    let refused = ask(&napcat, "/fill b 1500").await;
    assert!(refused.starts_with("no room: storage of plugin `vault` is full: 1001 of 2048"), "{refused}");
    let refused = ask(&napcat, "/both 1500").await;
    assert!(refused.starts_with("limit reached: ") && refused.ends_with("/ None None"), "{refused}");
    assert_eq!(ask(&napcat, "/both 100").await, "done: true");
    napcat.private_text(FRIEND, "/keep 199");
    host.says("the failed handler", |line| line.is("vault", "the handler failed: limit reached")).await;
    settled(&napcat).await;
    // The owner gives more, while it runs.
    folder.connect(&napcat, "[plugin.vault.limits]\nstorage = \"4 KiB\"\n");
    host.says("the new settings", |line| line.is("vault", "runs with its new settings")).await;
    assert_eq!(ask(&napcat, "/fill b 1500").await, "there was room");
    host.stop().await;
    let found = exported(&folder).await;
    assert_eq!((found["pairs"].as_str(), found["small"].as_str(), found["b"].len()), ("1", "\"s\"", 1500));
    assert!(!found.contains_key("left/000199"), "nothing of the refused batch");
}

#[tokio::test]
async fn a_map_can_be_changed_while_it_is_paged_through() {
    let (napcat, _folder, host) = house(&["vault"], "").await;
    assert_eq!(ask(&napcat, "/pages 250").await, "3 pages, all: true, left: 0");
    host.stop().await;
}

#[tokio::test]
async fn what_a_plugin_has_stored_is_carried_from_one_folder_to_another() {
    let (napcat, folder, host) = house(&["vault"], "").await;
    for number in [3, 1, 2] {
        assert_eq!(ask(&napcat, &format!("/keep {number}")).await, format!("kept {number}"));
    }
    for word in ["export", "list", "import", "clear"] {
        let done = storage(&folder, &[word], "").await;
        let told = refusal(&done);
        assert!(told.contains("another iglu") && told.contains("stop it first"), "{word}: {told}");
    }
    host.stop().await;
    let done = storage(&folder, &["export"], "").await;
    let lines = out(&done).to_owned();
    assert_eq!(lines.lines().count(), 3 * 2 + 2 + 4);
    let file = folder.path().join("vault.jsonl");
    out(&storage(&folder, &["export", "--output", file.to_str().unwrap()], "").await);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), lines);

    let bad = format!("{lines}{{\"key\": \"left/000009\", \"value\": 9}}\n");
    let done = storage(&folder, &["import"], &bad).await;
    assert!(refusal(&done).contains("stdin, line 13: "), "{done:?}");
    assert_eq!(out(&storage(&folder, &["export"], "").await), lines, "nothing is changed");
    out(&storage(&folder, &["clear"], "").await);
    assert_eq!(out(&storage(&folder, &["export"], "").await), "");

    folder.connect(&napcat, "[limits]\nstorage = \"100 B\"\n");
    let done = storage(&folder, &["import", "--input", file.to_str().unwrap()], "").await;
    assert!(refusal(&done).contains("is full") && refusal(&done).contains("--force"), "{done:?}");
    assert_eq!(out(&storage(&folder, &["export"], "").await), "", "nothing is changed");
    out(&storage(&folder, &["import", "--force", "--input", file.to_str().unwrap()], "").await);
    assert_eq!(out(&storage(&folder, &["export"], "").await), lines);
    folder.connect(&napcat, "");
    let host = up(&napcat, &folder).await;
    assert_eq!(ask(&napcat, "/drain").await, "drained 3");
    host.stop().await;

    let empty = Folder::new();
    let done = storage(&empty, &["export"], "").await;
    assert!(refusal(&done).contains("there is no storage"), "{done:?}");
}

#[tokio::test]
async fn handlers_at_once_lose_nothing_of_each_other() {
    let (napcat, folder, host) = house(&["vault"], "").await;
    for number in 0..50 {
        napcat.private_text(FRIEND, &format!("/keep {number}"));
    }
    for _ in 0..50 {
        answer(&napcat).await;
    }
    host.stop().await;
    check(&folder, 50, &(0..50).collect()).await;
}
