//! Several keys at once: batches, several reads, a plugin's storage as a whole.

use super::*;

fn set(key: &str, value: &str, ttl_seconds: u32) -> Change {
    Change::Set(Assignment { key: key.to_owned(), value: value.into(), ttl_seconds })
}

fn add(key: &str, delta: f64) -> Change {
    Change::Add(Addition { key: key.to_owned(), delta })
}

fn delete(key: &str) -> Change {
    Change::Delete(key.to_owned())
}

#[tokio::test]
async fn a_batch_sees_its_own_changes_and_happens_wholly() {
    let house = house();
    let plugin = house.store.plugin("p", ROOMY);
    let changes = vec![
        set("a", "1", 0),
        add("a", 2.0),
        add("new", 0.5),
        set("gone", "x", 0),
        delete("gone"),
        set("short", "y", 10),
        add("a", -4.0),
        delete("never there"),
        set("\u{0}中", "", 0),
    ];
    assert!(plugin.apply(vec![], changes).await.unwrap());
    let all = ["a", "new", "gone", "short", "\u{0}中"].map(str::to_owned).to_vec();
    let found = plugin.get_many(all.clone()).await.unwrap();
    let texts = |found: Vec<Option<Vec<u8>>>| -> Vec<Option<String>> {
        found.into_iter().map(|value| value.map(|value| String::from_utf8(value).unwrap())).collect()
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(texts(found), [some("-1"), some("0.5"), None, some("y"), some("")]);
    house.pass(10);
    assert_eq!(plugin.get_many(all).await.unwrap()[3], None, "outlived");
    plugin.set("sweeps".into(), vec![], 0).await.unwrap();
    assert_eq!(house.used_exactly()["p"], 3 + 6 + 4 + 6);
}

#[tokio::test]
async fn a_batch_is_refused_as_a_whole() {
    let house = house();
    let plugin = house.store.plugin("p", 20);
    plugin.set_many(vec![entry("n", "1"), entry("t", "text")]).await.unwrap();
    for (changes, why) in [
        (vec![set("a", "1", 0), add("t", 1.0)], "is no number"),
        (vec![set("n", "2", 0), set("long", "0123456789abcdef", 0)], "is full"),
        (vec![delete("n"), set("", "x", 0)], "the key is empty"),
        (vec![add("n", f64::NAN)], "give a finite number"),
        (vec![add("n", f64::MAX), add("n", f64::MAX)], "leave the range"),
        (vec![delete("n"); MAX_BATCH + 1], "at most 10000"),
    ] {
        let refused = plugin.apply(vec![], changes).await.unwrap_err();
        assert!(format!("{refused:?}").contains(why), "{why}: {refused:?}");
        assert_eq!((text(&plugin, "n").await.as_deref(), text(&plugin, "a").await), (Some("1"), None));
    }
    // What the batch frees makes room for what it brings.
    assert!(
        plugin.apply(vec![], vec![set("long", "0123456789abcd", 0), delete("t"), delete("n")]).await.unwrap()
    );
    assert_eq!(house.used_exactly()["p"], 18);
}

#[tokio::test]
async fn a_batch_happens_only_if_its_conditions_hold() {
    let house = house();
    let plugin = house.store.plugin("p", ROOMY);
    plugin.set_many(vec![entry("a", "1"), entry("empty", "")]).await.unwrap();
    plugin.set("short".into(), b"x".to_vec(), 10).await.unwrap();
    house.pass(10);
    let holds = |key: &str, value: &str| Condition::Holds(entry(key, value));
    let absent = |key: &str| Condition::Absent(key.to_owned());
    for (conditions, expected) in [
        (vec![holds("a", "1"), absent("b"), holds("empty", ""), absent("short")], true),
        (vec![holds("a", "2")], false),
        (vec![holds("b", "")], false),
        (vec![absent("empty")], false),
        (vec![holds("a", "1"), absent("a")], false),
        (vec![holds("short", "x")], false),
    ] {
        let name = format!("{conditions:?}");
        plugin.delete("done".into()).await.unwrap();
        assert_eq!(plugin.apply(conditions, vec![set("done", "x", 0)]).await.unwrap(), expected, "{name}");
        assert_eq!(text(&plugin, "done").await.is_some(), expected, "{name}");
    }
    assert!(matches!(plugin.apply(vec![absent("")], vec![]).await, Err(Error::Invalid(_))));
}

#[tokio::test]
async fn too_much_for_one_answer_is_refused_by_its_size() {
    let house = house();
    let plugin = house.store.plugin("p", ROOMY);
    plugin.set("a".into(), vec![1; MAX_VALUE], 0).await.unwrap();
    plugin.set("b".into(), vec![1], 0).await.unwrap();
    assert!(plugin.get_many(vec!["a".into()]).await.unwrap()[0].is_some());
    let both = plugin.get_many(vec!["a".into(), "b".into()]).await;
    assert!(matches!(&both, Err(Error::Exhausted(text)) if text.contains("fewer")), "{both:?}");
    assert!(matches!(plugin.get_many(vec!["a".into(), String::new()]).await, Err(Error::Invalid(_))));
}

#[tokio::test]
async fn what_is_carried_out_can_be_carried_in_elsewhere() {
    let house = house();
    let plugin = house.store.plugin("p", ROOMY);
    plugin.set_many(vec![entry("a", "1"), entry("\u{0}", "")]).await.unwrap();
    plugin.set("short".into(), vec![0xff], 10).await.unwrap();
    house.store.plugin("q", ROOMY).set("other".into(), vec![], 0).await.unwrap();
    house.pass(3);
    let mut rows = Vec::new();
    let mut take = |row| {
        rows.push(row);
        true
    };
    house.store.export("p", &mut take).unwrap();
    let row = |key: &str, value: &[u8], ttl| Row { key: key.to_owned(), value: value.to_vec(), ttl };
    assert_eq!(rows, [row("\u{0}", b"", None), row("a", b"1", None), row("short", &[0xff], Some(7))]);

    assert!(matches!(house.store.import("r", 8, &rows), Err(Error::Exhausted(_))));
    assert_eq!(house.store.holdings().unwrap().get("r"), None, "nothing of it");
    house.store.import("r", ROOMY, &rows).unwrap();
    let holdings = house.store.holdings().unwrap();
    assert_eq!(
        (holdings["r"], holdings["p"]),
        (Holding { keys: 3, bytes: 9 }, Holding { keys: 3, bytes: 9 })
    );
    house.pass(7);
    assert_eq!(text(&house.store.plugin("r", ROOMY), "short").await, None);
    assert_eq!(house.store.clear("r").unwrap(), 3);
    assert_eq!(house.store.clear("r").unwrap(), 0);
    assert_eq!(house.used_exactly()["p"], 9);
    assert_eq!(text(&house.store.plugin("q", ROOMY), "other").await.as_deref(), Some(""));
}

#[tokio::test]
async fn another_quota_counts_at_once() {
    let house = house();
    let small = house.store.plugin("p", 2);
    assert!(matches!(small.set("k".into(), b"12".to_vec(), 0).await, Err(Error::Exhausted(_))));
    small.with_quota(3).set("k".into(), b"12".to_vec(), 0).await.unwrap();
    assert!(matches!(small.set("l".into(), vec![], 0).await, Err(Error::Exhausted(_))));
}
