use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use super::*;

mod batches;

const ROOMY: u64 = 1 << 30;

struct House {
    store: Arc<Store>,
    time: Arc<AtomicU64>,
    folder: tempfile::TempDir,
}

/// A store in a folder of its own, whose clock stands until a test moves it.
fn house() -> House {
    let folder = tempfile::tempdir().unwrap();
    let time = Arc::new(AtomicU64::new(1_000_000));
    let store = Store::open_with(&folder.path().join("iglu.redb"), clock(&time)).unwrap();
    House { store, time, folder }
}

fn clock(time: &Arc<AtomicU64>) -> Clock {
    let time = Arc::clone(time);
    Arc::new(move || time.load(Ordering::SeqCst))
}

impl House {
    fn pass(&self, seconds: u64) {
        self.time.fetch_add(seconds * 1000, Ordering::SeqCst);
    }

    async fn reopened(self) -> Self {
        self.store.close().await;
        let store = Store::open_with(&self.folder.path().join("iglu.redb"), clock(&self.time)).unwrap();
        Self { store, ..self }
    }

    /// What the usage table says must be what counting finds.
    fn used_exactly(&self) -> std::collections::BTreeMap<String, u64> {
        let [kept, counted] = self.store.shared.write(|tables| Ok(tables.audit())).unwrap();
        assert_eq!(kept, counted);
        kept
    }
}

fn entry(key: &str, value: &str) -> Entry {
    Entry { key: key.to_owned(), value: value.into() }
}

async fn text(plugin: &PluginStore, key: &str) -> Option<String> {
    plugin.get(key.to_owned()).await.unwrap().map(|value| String::from_utf8(value).unwrap())
}

async fn keys(
    plugin: &PluginStore,
    prefix: &str,
    after: Option<&str>,
    count: u32,
) -> (Vec<String>, Option<String>) {
    let page = plugin.scan(prefix.to_owned(), after.map(str::to_owned), count).await.unwrap();
    (page.entries.into_iter().map(|entry| entry.key).collect(), page.next)
}

#[tokio::test]
async fn values_survive_a_restart() {
    let house = house();
    let notes = house.store.plugin("notes", ROOMY);
    notes.set("a".into(), b"one".to_vec(), 0).await.unwrap();
    notes.set_many(vec![entry("b", "two"), entry("空", ""), entry("b", "three")]).await.unwrap();
    assert_eq!(notes.add("n".into(), 2.5).await.unwrap(), 2.5);
    let house = house.reopened().await;
    let notes = house.store.plugin("notes", ROOMY);
    assert_eq!(text(&notes, "a").await.as_deref(), Some("one"));
    assert_eq!(text(&notes, "b").await.as_deref(), Some("three"));
    assert_eq!(text(&notes, "空").await.as_deref(), Some(""));
    assert_eq!(text(&notes, "n").await.as_deref(), Some("2.5"));
    assert_eq!(text(&notes, "c").await, None);
}

#[tokio::test]
async fn a_closed_store_refuses_everything_that_comes_later() {
    let house = house();
    let plugin = house.store.plugin("p", ROOMY);
    house.store.close().await;
    for outcome in [plugin.set("k".into(), vec![], 0).await, plugin.get("k".into()).await.map(drop)] {
        assert!(matches!(&outcome, Err(Error::Other(text)) if text.contains("shutting down")), "{outcome:?}");
    }
    house.store.close().await;
    house.store.flush().await;
}

#[tokio::test]
async fn plugins_do_not_see_each_other() {
    let house = house();
    let (a, b) = (house.store.plugin("a", ROOMY), house.store.plugin("b", ROOMY));
    a.set("key".into(), b"of a".to_vec(), 0).await.unwrap();
    b.set("key".into(), b"of b".to_vec(), 0).await.unwrap();
    assert!(a.delete("key".into()).await.unwrap());
    assert_eq!(text(&b, "key").await.as_deref(), Some("of b"));
    assert_eq!(keys(&a, "", None, 0).await.0, Vec::<String>::new());
    assert_eq!(keys(&b, "", None, 0).await.0, ["key"]);
}

#[tokio::test]
async fn delete_tells_whether_there_was_something() {
    let house = house();
    let plugin = house.store.plugin("p", ROOMY);
    assert!(!plugin.delete("k".into()).await.unwrap());
    plugin.set("k".into(), vec![1], 0).await.unwrap();
    assert!(plugin.delete("k".into()).await.unwrap());
    assert!(!plugin.delete("k".into()).await.unwrap());
    assert!(house.used_exactly().is_empty());
}

#[tokio::test]
async fn a_scan_pages_through_a_prefix_in_the_order_of_bytes() {
    let house = house();
    let plugin = house.store.plugin("p", ROOMY);
    let names = ["a", "n:1", "n:10", "n:2", "n:é", "n:中", "o"];
    plugin.set_many(names.iter().map(|name| entry(name, "x")).collect()).await.unwrap();
    house.store.plugin("q", ROOMY).set("n:3".into(), vec![], 0).await.unwrap();

    assert_eq!(keys(&plugin, "", None, 0).await, (names.map(str::to_owned).to_vec(), None));
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let (page, next) = keys(&plugin, "n:", after.as_deref(), 2).await;
        assert!(page.len() <= 2);
        seen.extend(page);
        let Some(next) = next else { break };
        after = Some(next);
    }
    assert_eq!(seen, ["n:1", "n:10", "n:2", "n:é", "n:中"]);
    assert_eq!(keys(&plugin, "n:", Some("a"), 9).await.0.len(), 5, "an earlier `after` skips nothing");
    assert_eq!(keys(&plugin, "n:", Some("z"), 9).await, (vec![], None));
    assert_eq!(keys(&plugin, "none", None, 9).await, (vec![], None));
}

#[tokio::test]
async fn a_page_is_bounded_by_bytes_and_never_stuck() {
    let house = house();
    let plugin = house.store.plugin("p", ROOMY);
    for key in ["a", "b", "c"] {
        plugin.set(key.into(), vec![7; MAX_PAGE_BYTES - 1], 0).await.unwrap();
    }
    assert_eq!(keys(&plugin, "", None, 9).await, (vec!["a".into()], Some("a".into())));
    assert_eq!(keys(&plugin, "", Some("b"), 9).await, (vec!["c".into()], None));
}

#[tokio::test]
async fn outlived_values_are_gone_at_once_and_swept_later() {
    let house = house();
    let plugin = house.store.plugin("p", ROOMY);
    plugin.set("short".into(), b"x".to_vec(), 10).await.unwrap();
    plugin.set("long".into(), b"y".to_vec(), 100).await.unwrap();
    plugin.set("ever".into(), b"z".to_vec(), 0).await.unwrap();
    house.pass(9);
    assert_eq!(text(&plugin, "short").await.as_deref(), Some("x"));
    house.pass(1);
    assert_eq!(text(&plugin, "short").await, None);
    assert_eq!(keys(&plugin, "", None, 0).await.0, ["ever", "long"]);
    assert!(!plugin.delete("short".into()).await.unwrap());
    assert!(plugin.swap("short".into(), None, Some(b"new".to_vec())).await.unwrap());
    house.pass(1000);
    assert_eq!(text(&plugin, "short").await.as_deref(), Some("new"), "a swapped value is kept for ever");
    plugin.set("any".into(), vec![], 0).await.unwrap();
    assert!(!house.store.shared.has_outlived(), "a batch of changes sweeps beside its work");
    assert_eq!(house.used_exactly()["p"], 8 + 5 + 3);
}

#[tokio::test]
async fn setting_again_replaces_the_time_to_live() {
    let house = house();
    let plugin = house.store.plugin("p", ROOMY);
    plugin.set("k".into(), b"1".to_vec(), 5).await.unwrap();
    plugin.set("k".into(), b"2".to_vec(), 0).await.unwrap();
    plugin.set("t".into(), b"1".to_vec(), 5).await.unwrap();
    plugin.add("t".into(), 1.0).await.unwrap();
    house.pass(60);
    plugin.set("other".into(), vec![], 0).await.unwrap();
    assert_eq!(text(&plugin, "k").await.as_deref(), Some("2"));
    assert_eq!(text(&plugin, "t").await, None, "adding keeps the time to live");
    assert_eq!(plugin.add("t".into(), 1.0).await.unwrap(), 1.0);
    house.used_exactly();
}

#[tokio::test]
async fn a_full_quota_refuses_and_writes_nothing() {
    let house = house();
    let plugin = house.store.plugin("notes", 10);
    plugin.set("ab".into(), b"12345678".to_vec(), 0).await.unwrap();
    let refused = plugin.set("c".into(), vec![], 0).await;
    assert!(
        matches!(&refused, Err(Error::Exhausted(text)) if text.contains("10 of 10 bytes") && text.contains("`notes`")),
        "{refused:?}"
    );
    plugin.set("ab".into(), b"87654321".to_vec(), 0).await.unwrap();
    assert!(matches!(plugin.set("ab".into(), b"123456789".to_vec(), 0).await, Err(Error::Exhausted(_))));
    let both = plugin.set_many(vec![entry("ab", ""), entry("x", "12345678")]).await;
    assert!(matches!(both, Err(Error::Exhausted(_))), "11 bytes");
    assert_eq!(text(&plugin, "ab").await.as_deref(), Some("87654321"));
    plugin.set_many(vec![entry("ab", ""), entry("x", "1234567")]).await.unwrap();
    assert_eq!(plugin.used().await.unwrap(), 10);
    assert_eq!(house.used_exactly()["notes"], 10);

    let house = house.reopened().await;
    let smaller = house.store.plugin("notes", 3);
    assert!(
        matches!(smaller.add("n".into(), 1.0).await, Err(Error::Exhausted(_))),
        "the count survives a restart"
    );
    smaller.set("x".into(), b"123456".to_vec(), 0).await.unwrap();
    assert_eq!(house.store.plugin("other", 3).add("n".into(), 1.0).await.unwrap(), 1.0);
}

#[tokio::test]
async fn outlived_values_make_room() {
    let house = house();
    let plugin = house.store.plugin("p", 4);
    plugin.set("old".into(), b"x".to_vec(), 1).await.unwrap();
    assert!(plugin.set("new".into(), b"y".to_vec(), 0).await.is_err());
    house.pass(1);
    plugin.set("new".into(), b"y".to_vec(), 0).await.unwrap();
    assert_eq!(house.used_exactly()["p"], 4);
}

#[tokio::test]
async fn bad_keys_and_huge_values_are_refused() {
    let house = house();
    let plugin = house.store.plugin("p", ROOMY);
    for key in [String::new(), "k".repeat(MAX_KEY + 1)] {
        assert!(matches!(plugin.get(key.clone()).await, Err(Error::Invalid(_))));
        assert!(matches!(plugin.set(key.clone(), vec![], 0).await, Err(Error::Invalid(_))));
        assert!(matches!(
            plugin.set_many(vec![entry("fine", ""), entry(&key, "")]).await,
            Err(Error::Invalid(_))
        ));
    }
    plugin.set("k".repeat(MAX_KEY), vec![0; MAX_VALUE], 0).await.unwrap();
    assert!(matches!(plugin.set("k".into(), vec![0; MAX_VALUE + 1], 0).await, Err(Error::Exhausted(_))));
    assert_eq!(text(&plugin, "fine").await, None);
}

#[tokio::test]
async fn numbers_are_decimal_text() {
    let house = house();
    let plugin = house.store.plugin("p", ROOMY);
    for (before, delta, after) in
        [("", 3.0, "3"), (" 4 ", 0.5, "4.5"), ("1", -1.0, "0"), ("-0", 0.0, "0"), ("1e3", 1.0, "1001")]
    {
        if before.is_empty() {
            plugin.delete("n".into()).await.unwrap();
        } else {
            plugin.set("n".into(), before.into(), 0).await.unwrap();
        }
        assert_eq!(plugin.add("n".into(), delta).await.unwrap().to_string(), after);
        assert_eq!(text(&plugin, "n").await.as_deref(), Some(after));
    }
    for value in ["x", "", "inf", "NaN"] {
        plugin.set("n".into(), value.into(), 0).await.unwrap();
        assert!(matches!(plugin.add("n".into(), 1.0).await, Err(Error::Invalid(_))), "{value}");
        assert_eq!(text(&plugin, "n").await.as_deref(), Some(value));
    }
    assert!(matches!(plugin.add("n".into(), f64::NAN).await, Err(Error::Invalid(_))));
    plugin.set("n".into(), f64::MAX.to_string().into(), 0).await.unwrap();
    assert!(matches!(plugin.add("n".into(), f64::MAX).await, Err(Error::Invalid(_))));
}

#[tokio::test]
async fn swap_needs_the_expected_value() {
    let house = house();
    let plugin = house.store.plugin("p", ROOMY);
    let swap = |expected: Option<&str>, value: Option<&str>| {
        let bytes = |text: Option<&str>| text.map(|text| text.as_bytes().to_vec());
        plugin.swap("k".into(), bytes(expected), bytes(value))
    };
    assert!(!swap(Some("a"), Some("b")).await.unwrap());
    assert!(swap(None, None).await.unwrap());
    assert!(swap(None, Some("a")).await.unwrap());
    assert!(!swap(None, Some("b")).await.unwrap());
    assert!(swap(Some("a"), Some("b")).await.unwrap());
    assert_eq!(text(&plugin, "k").await.as_deref(), Some("b"));
    assert!(swap(Some("b"), None).await.unwrap());
    assert_eq!(text(&plugin, "k").await, None);
    assert!(house.used_exactly().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_additions_at_once_all_count_and_share_transactions() {
    let house = house();
    let plugins = [house.store.plugin("a", ROOMY), house.store.plugin("b", ROOMY)];
    let adding = (0..1000).map(|i| {
        let plugin = plugins[i % 2].clone();
        tokio::spawn(async move { plugin.add("n".into(), 1.0).await.unwrap() })
    });
    let mut sums = Vec::new();
    for task in adding.collect::<Vec<_>>() {
        sums.push(task.await.unwrap());
    }
    sums.sort_by(f64::total_cmp);
    sums.dedup();
    assert_eq!(sums.len(), 500, "each of 500 sums was answered by both plugins, once");
    for plugin in &plugins {
        assert_eq!(text(plugin, "n").await.as_deref(), Some("500"));
    }
    house.used_exactly();
}

#[tokio::test]
async fn one_refused_change_does_not_harm_its_batch() {
    let house = house();
    let (small, big) = (house.store.plugin("small", 1), house.store.plugin("big", ROOMY));
    let (refused, fine, also_fine) = tokio::join!(
        small.set("too".into(), b"much".to_vec(), 0),
        big.set("k".into(), b"v".to_vec(), 0),
        big.add("n".into(), 1.0)
    );
    assert!(matches!(refused, Err(Error::Exhausted(_))));
    assert!(fine.is_ok() && also_fine.is_ok());
    assert_eq!(house.used_exactly().keys().collect::<Vec<_>>(), ["big"]);
}

#[tokio::test]
async fn after_a_failed_transaction_the_storage_opens_again() {
    let house = house();
    let plugin = house.store.plugin("p", ROOMY);
    plugin.set("k".into(), b"kept".to_vec(), 0).await.unwrap();
    let (answer, answered) = oneshot::channel();
    let torn = Request::change(
        |tables| {
            tables.apply("p", ROOMY, [("k", Step::Set(b"torn", 0))])?;
            Err::<(), _>(Failure::from(redb::Error::PreviousIo))
        },
        answer,
    );
    house.store.requests.send(torn).unwrap();
    assert!(answered.await.is_err());
    house.store.flush().await;
    let why = house.store.shared.why_it_failed();
    assert!(matches!(why, Error::Other(text) if text.contains("I/O")));
    assert_eq!(text(&plugin, "k").await.as_deref(), Some("kept"));
    plugin.set("k".into(), b"new".to_vec(), 0).await.unwrap();
    house.used_exactly();
}

#[test]
fn a_second_iglu_on_the_same_storage_is_told_so() {
    let house = house();
    let second = Store::open(&house.folder.path().join("iglu.redb"));
    let told = second.err().unwrap().to_string();
    assert!(told.contains("another iglu") && told.contains(&std::process::id().to_string()), "{told}");
}

#[tokio::test]
async fn damage_is_told_or_survived_without_loss() {
    let house = house();
    let plugin = house.store.plugin("p", ROOMY);
    for i in 0..200 {
        plugin.set(format!("key {i}"), vec![7; 500], 0).await.unwrap();
    }
    house.store.close().await;
    let path = house.folder.path().join("iglu.redb");
    let whole = std::fs::read(&path).unwrap();
    let flipped = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at..at + 64].iter_mut().for_each(|byte| *byte ^= 0x5a);
        bytes
    };
    let value = whole.windows(400).position(|window| window.iter().all(|byte| *byte == 7)).unwrap();
    for (name, bytes) in [
        ("garbage", b"not a database at all".repeat(400)),
        ("cut off", whole[..whole.len() / 3].to_vec()),
        ("magic", flipped(0)),
        ("header", flipped(64)),
        ("a value", flipped(value)),
        ("one byte", vec![0]),
    ] {
        std::fs::write(&path, &bytes).unwrap();
        match Store::open(&path) {
            Err(e @ OpenError::Damaged { .. }) => assert!(e.to_string().contains("backup"), "{name}: {e}"),
            Err(e) => panic!("{name}: {e}"),
            // One of the two headers is a spare, so some damage is survivable; then nothing may be missing.
            Ok(store) => {
                let plugin = store.plugin("p", ROOMY);
                assert_eq!(plugin.used().await.unwrap(), 200 * 500 + (10 * 5 + 90 * 6 + 100 * 7), "{name}");
                store.close().await;
            }
        }
    }
    std::fs::write(&path, &whole).unwrap();
    assert_eq!(house.reopened().await.used_exactly()["p"], 200 * 500 + (10 * 5 + 90 * 6 + 100 * 7));
}

#[test]
fn a_file_of_a_newer_iglu_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("iglu.redb");
    let database = redb::Database::create(&path).unwrap();
    let facts = redb::TableDefinition::<&str, u64>::new("facts");
    let txn = database.begin_write().unwrap();
    txn.open_table(facts).unwrap().insert("format", 2).unwrap();
    txn.commit().unwrap();
    drop(database);
    assert!(matches!(Store::open(&path), Err(OpenError::Newer { found: 2, .. })));
}

const CHILD: &str = "IGLU_TEST_STORE_TO_WRITE";

/// Not a test by itself: the process that the next one kills.
#[tokio::test(flavor = "multi_thread")]
async fn writes_until_killed() {
    let Some(path) = std::env::var_os(CHILD) else { return };
    let store = Store::open(Path::new(&path)).unwrap();
    let plugin = store.plugin("p", ROOMY);
    let begin = plugin.add("n".into(), 0.0).await.unwrap() as u64;
    let writers = (0..8).map(|_| {
        let plugin = plugin.clone();
        tokio::spawn(async move {
            loop {
                let n = plugin.add("n".into(), 1.0).await.unwrap() as u64;
                let value = vec![n as u8; 100 + n as usize % 5000];
                plugin.set_many(vec![entry_of(n, "a", &value), entry_of(n, "b", &value)]).await.unwrap();
                println!("wrote {n}");
            }
        })
    });
    println!("began {begin}");
    futures_util::future::join_all(writers).await;
}

fn entry_of(n: u64, half: &str, value: &[u8]) -> Entry {
    Entry { key: format!("{n:08}{half}"), value: value.to_vec() }
}

#[tokio::test]
async fn a_kill_at_any_moment_loses_nothing_that_was_answered() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data/iglu.redb");
    let mut answered = Vec::new();
    for round in 0..6 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture", "store::tests::writes_until_killed"])
            .env(CHILD, &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let quota_of_this_round = round * 23;
        for line in lines.by_ref().filter_map(|line| number(&line)).take(quota_of_this_round) {
            answered.push(line);
        }
        child.kill().unwrap();
        child.wait().unwrap();
        answered.extend(lines.filter_map(|line| number(&line)));
    }
    assert!(answered.len() >= 300);

    let store = Store::open(&path).unwrap();
    let plugin = store.plugin("p", ROOMY);
    for n in answered {
        for half in ["a", "b"] {
            let value = plugin.get(format!("{n:08}{half}")).await.unwrap();
            assert_eq!(value, Some(vec![n as u8; 100 + n as usize % 5000]), "{n}{half}");
        }
    }
    let [kept, counted] = store.shared.write(|tables| Ok(tables.audit())).unwrap();
    assert_eq!(kept, counted);
    let (mut after, mut halves) = (None, Vec::new());
    loop {
        let (page, next) = keys(&plugin, "0", after.as_deref(), 0).await;
        halves.extend(page);
        let Some(next) = next else { break };
        after = Some(next);
    }
    for pair in halves.chunks(2) {
        assert_eq!(pair[0][..8], pair[1][..8], "set_many is all or nothing");
    }
}

fn number(line: &str) -> Option<u64> {
    line.strip_prefix("wrote ")?.parse().ok()
}
