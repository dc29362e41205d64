//! Starting, resting, and swapping.

use std::time::{Duration, Instant};

use iglu_tests::fixtures::{Fixture, version};
use iglu_tests::folder::Folder;
use iglu_tests::host::Host;
use iglu_tests::napcat::{FRIEND, GROUP, Napcat, Options};

use crate::{median, row};

const STARTS: usize = 9;
const SWAPS: u16 = 15;

pub(crate) async fn run() {
    first_reply().await;
    swap().await;
}

/// From the start of the program, with a warm compile cache, to the first reply; and the memory at rest after it.
async fn first_reply() {
    let napcat = Napcat::start(Options::default()).await;
    let folder = Folder::with(&napcat, &["echo"], "");
    // The first start fills the cache.
    let warm = Host::run(&folder).await;
    napcat.connected().await;
    warm.stop().await;
    napcat.disconnected().await;

    let (mut times, mut memory) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        napcat.forget_calls();
        let begun = Instant::now();
        let host = Host::start(&folder);
        napcat.connected().await;
        napcat.group_text(GROUP, FRIEND, "/echo first");
        napcat.next_call("send_group_msg").await;
        times.push(begun.elapsed());
        tokio::time::sleep(Duration::from_millis(500)).await;
        memory.push(host.resident() >> 10);
        host.stop().await;
        napcat.disconnected().await;
    }
    let bar = "bar: at most 150 ms";
    row(
        "first reply after the start, warm cache",
        &format!("{:.0} ms", median(&mut times).as_secs_f64() * 1e3),
        bar,
    );
    let kib = median(&mut memory);
    row(
        "resident memory at rest, one plugin",
        &format!("{:.1} MiB", kib as f64 / 1024.0),
        "bar: at most 30 MB",
    );
}

/// From a changed file to the first answer of the new version, compiled anew each time.
async fn swap() {
    let napcat = Napcat::start(Options::default()).await;
    let folder = Folder::new();
    folder.connect(&napcat, "");
    // Bytes that no cache has seen.
    let seed = u16::try_from(std::process::id() % 400).expect("it fits") * 20;
    let file = |number: u16| Fixture::load("counter").version(seed + number).bytes();
    folder.put("counter.wasm", &file(0));
    let size = file(0).len();
    let host = Host::run(&folder).await;
    napcat.connected().await;
    let mut times = Vec::new();
    for number in 1..=SWAPS {
        let bytes = file(number);
        let wanted = version(seed + number);
        let begun = Instant::now();
        folder.put("counter.wasm", &bytes);
        loop {
            napcat.group_text(GROUP, FRIEND, "which?");
            let answer = napcat.next_call("send_group_msg").await;
            if answer.text().starts_with(&wanted) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        times.push(begun.elapsed());
    }
    host.stop().await;
    let what = format!("swap, cold: changed file to first answer ({} KB)", size / 1000);
    row(
        &what,
        &format!("{:.0} ms", median(&mut times).as_secs_f64() * 1e3),
        "bar: at most 400 ms for 100 KB",
    );
}
