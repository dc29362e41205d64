//! Ten thousand who wait, and messages for one of them and for none.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use iglu::bot::Bots;
use iglu::clock::Clock;
use iglu::config::Config;
use iglu::model::{Chat, Incoming};
use iglu::router::{Expected, Router, Seat};

use crate::inside::message_by;
use crate::{median, row};

const WAITERS: usize = 10_000;
const BATCHES: usize = 100;
const BATCH: usize = 500;
const CHAT: &str = "757951413";

pub(crate) async fn run() {
    let router = router();
    of_none(&router);
    let free = of_none(&router);
    let one = wait(&router, WAITERS);
    let beside_one = of_none(&router);
    drop(one);

    let before = resident();
    let mut seats: Vec<Seat> = (0..WAITERS).map(|user| wait(&router, user)).collect();
    let bytes = resident().saturating_sub(before) / WAITERS;
    row(
        "memory of one of 10 000 waits, the plugin's own apart",
        &format!("{bytes} bytes"),
        "bar: at most 2048",
    );

    let none = of_none(&router);
    row("a message that nobody asked for, while nobody waits", &format!("{:.0} ns", free * 1e9), "");
    row("... while one waits for somebody else", &format!("{:.0} ns", beside_one * 1e9), "");
    row("... that ends none of 10 000 waits", &format!("{:.0} ns", none * 1e9), "");
    row("... with 10 000 waits / with one", &format!("{:.2}", none / beside_one), "bar: at most 2.0");

    let mut batches = Vec::new();
    for batch in 0..BATCHES {
        let mut users: Vec<usize> = (0..BATCH).map(|n| (batch * BATCH + n * 7919) % WAITERS).collect();
        users.sort_unstable();
        users.dedup();
        let events: Vec<Incoming> =
            users.iter().map(|user| message_by(&user.to_string(), "it is me")).collect();
        let count = events.len();
        let begun = Instant::now();
        for event in events {
            router.route(black_box(event));
        }
        batches.push(begun.elapsed().as_secs_f64() / count as f64);
        for user in users {
            // The wait was ended, and its handler has what ended it; the next one takes its place.
            seats[user].taken().await.expect("each message ended one wait");
            seats[user] = wait(&router, user);
        }
    }
    row("... that ends one of 10 000 waits", &format!("{:.0} ns", median(&mut batches) * 1e9), "");
    assert_eq!(router.waiting(), WAITERS, "who is done waits again");
    assert_eq!(WOKEN.load(Ordering::Relaxed), router.counters().matched as usize, "and woke its handler");
}

static WOKEN: AtomicUsize = AtomicUsize::new(0);

fn router() -> Arc<Router> {
    let config =
        Config::parse("", std::path::Path::new("iglu.toml")).expect("an empty configuration is right");
    Router::new((&config).into(), Arc::new(Bots::default()), Clock::default())
}

fn wait(router: &Arc<Router>, user: usize) -> Seat {
    let expected = Expected {
        plugin: "waiter".into(),
        bot: "3892215616".to_owned(),
        chat: Chat::Group(CHAT.to_owned()),
        users: Some(vec![user.to_string()]),
        pattern: None,
        commands_first: false,
        interactions: false,
    };
    let woken = Box::new(|| _ = WOKEN.fetch_add(1, Ordering::Relaxed));
    router.wait(expected, woken, None, 2 * WAITERS).expect("there is room for them")
}

/// Seconds that the router takes for a message of somebody who is not waited for.
fn of_none(router: &Arc<Router>) -> f64 {
    let mut batches: Vec<f64> = (0..BATCHES)
        .map(|_| {
            let events: Vec<Incoming> = (0..BATCH).map(|_| message_by("nobody", "hello there")).collect();
            let begun = Instant::now();
            for event in events {
                router.route(black_box(event));
            }
            begun.elapsed().as_secs_f64() / BATCH as f64
        })
        .collect();
    median(&mut batches)
}

/// Resident memory of this process in bytes; 0 where the system does not tell.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<usize>().ok()).unwrap_or(0) << 10
}
