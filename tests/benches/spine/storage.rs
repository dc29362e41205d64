//! A plugin's storage beside bare redb, on the same disk, with the same durability and the same chance to share a flush.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use iglu::store::{PluginStore, Store};
use redb::{Database, ReadableDatabase as _, TableDefinition};

use crate::{median, row, us};

const TABLE: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("bare");
const ROUNDS: usize = 7;
const ALONE: usize = 100;
const WRITERS: usize = 64;
const EACH: usize = 20;
const READS: usize = 20_000;
const VALUE: [u8; 200] = [7; 200];

pub(crate) async fn run() -> anyhow::Result<()> {
    println!("storage: medians of {ROUNDS} rounds by turns, values of {} bytes", VALUE.len());
    // Not in the machine's temporary folder, which may be memory.
    let folder = tempfile::tempdir_in(std::env::current_exe()?.parent().unwrap_or(Path::new(".")))?;
    let store = Store::open(&folder.path().join("iglu.redb"))?;
    let plugin = store.plugin("bench", 1 << 30);
    let bare = Arc::new(Database::create(folder.path().join("bare.redb"))?);
    bare_sets(&bare, 0, READS)?;
    for at in (0..READS).step_by(1000) {
        let entry = |n| iglu::store::Entry { key: key(n), value: VALUE.to_vec() };
        let entries = (at..at + 1000).map(entry).collect();
        plugin.set_many(entries).await.map_err(|e| anyhow::anyhow!("{e:?}"))?;
    }

    let mut took: [Vec<Duration>; 6] = Default::default();
    for round in 0..=ROUNDS {
        let all = [
            timed(ALONE, || (0..ALONE).try_for_each(|n| bare_sets(&bare, n, 1)))?,
            alone(&plugin).await,
            timed(WRITERS * EACH, || (0..EACH).try_for_each(|n| bare_sets(&bare, n * WRITERS, WRITERS)))?,
            together(&plugin).await,
            timed(READS, || (0..READS).try_for_each(|n| bare_get(&bare, n)))?,
            reads(&plugin).await,
        ];
        // The first one warms up.
        if round > 0 {
            took.iter_mut().zip(all).for_each(|(took, one)| took.push(one));
        }
    }
    let mut took = took.map(|mut times| median(&mut times)).into_iter();
    for what in ["sets, one writer", "sets, 64 writers at once", "gets"] {
        let (bare, ours) = (took.next().unwrap_or_default(), took.next().unwrap_or_default());
        row(&format!("{what}, bare redb"), &format!("{:.1} us", us(bare)), &rate(bare));
        let bar = format!("{}; {:.2} of bare redb, at most 2", rate(ours), us(ours) / us(bare));
        row(&format!("{what}, a plugin's storage"), &format!("{:.1} us", us(ours)), &bar);
    }
    store.close().await;
    Ok(())
}

fn rate(each: Duration) -> String {
    format!("{:.0}/s", 1.0 / each.as_secs_f64())
}

fn key(number: usize) -> String {
    format!("key/{:08}", number % READS)
}

fn timed(times: usize, mut work: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<Duration> {
    let begun = Instant::now();
    work()?;
    Ok(begun.elapsed() / times as u32)
}

/// One transaction of so many values, on disk when it returns.
fn bare_sets(database: &Database, from: usize, count: usize) -> anyhow::Result<()> {
    let txn = database.begin_write()?;
    let mut table = txn.open_table(TABLE)?;
    for number in from..from + count {
        table.insert(key(number).as_str(), &VALUE[..])?;
    }
    drop(table);
    Ok(txn.commit()?)
}

/// A transaction of its own for each, as a caller needs who wants what is there now.
fn bare_get(database: &Database, number: usize) -> anyhow::Result<()> {
    let value = database.begin_read()?.open_table(TABLE)?.get(key(number).as_str())?;
    let value = value.map(|value| value.value().to_vec());
    anyhow::ensure!(value.is_some_and(|value| value.len() == VALUE.len()), "the value is there");
    Ok(())
}

async fn alone(plugin: &PluginStore) -> Duration {
    let begun = Instant::now();
    for number in 0..ALONE {
        plugin.set(key(number), VALUE.to_vec(), 0).await.expect("there is room");
    }
    begun.elapsed() / ALONE as u32
}

async fn together(plugin: &PluginStore) -> Duration {
    let begun = Instant::now();
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let plugin = plugin.clone();
            tokio::spawn(async move {
                for number in 0..EACH {
                    let key = key(number * WRITERS + writer);
                    plugin.set(key, VALUE.to_vec(), 0).await.expect("there is room");
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.expect("a writer ends");
    }
    begun.elapsed() / (WRITERS * EACH) as u32
}

async fn reads(plugin: &PluginStore) -> Duration {
    let begun = Instant::now();
    for number in 0..READS {
        let value = plugin.get(key(number)).await.expect("it can be read");
        assert!(value.is_some_and(|value| value.len() == VALUE.len()), "the value is there");
    }
    begun.elapsed() / READS as u32
}
