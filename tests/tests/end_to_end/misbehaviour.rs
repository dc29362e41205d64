//! Plugins that loop, leak, panic and flood, beside one that does not.
//!
//! In each test `echo` is asked at a steady pace, first in quiet, then while `rogue` misbehaves. The pace does not wait
//! for answers, so a neighbour that blocks `echo` once for a tenth of a second shows in dozens of times.

use std::time::{Duration, Instant};

use iglu_tests::{
    folder::Folder,
    host::Host,
    napcat::{FRIEND, Napcat},
};

use crate::common::house;

/// `rogue` is alive again soon after each crash, and its wall clock is short enough for a test.
const SETTINGS: &str = "[plugin.rogue]\ngrants = [\"send\"]\n\
    limits = { backoff = \"50ms\", cpu = \"400ms\", handler = \"1s\", sends_burst = 5, concurrency = 8 }\n";
/// Who talks to `rogue`, so that its answers are told from those to [`FRIEND`].
const STRANGER: (u64, &str) = (10_001, "10001");
/// Samples per measurement, and the pause between two.
const SAMPLES: usize = 400;
const PACE: Duration = Duration::from_millis(3);
/// A quiet machine answers in less than a millisecond; this one may be busy with other tests, whose time slices show.
const FLOOR: Duration = Duration::from_millis(50);
/// So often may the machine itself be at fault: a plugin that does disturb others disturbs them each time.
const TRIES: u32 = 3;
/// What the host may hold more after a plugin's crash: caches of the allocator, not the plugin's memory.
const SLACK: u64 = 24 << 20;

/// The p99 of `echo`, from the event's frame to the frame of the reply.
async fn p99(napcat: &Napcat) -> Duration {
    let mut calls = napcat.tap();
    let name = format!("p99-{}-", fastrand::u64(..));
    let mut said = Vec::new();
    for number in 0..SAMPLES {
        said.push(Instant::now());
        napcat.private_text(FRIEND, &format!("/echo {name}{number}"));
        tokio::time::sleep(PACE).await;
    }
    let mut times = Vec::new();
    while times.len() < SAMPLES {
        let next = tokio::time::timeout(Duration::from_secs(30), calls.recv()).await;
        let call = next.expect("echo answers every message").expect("the simulator runs");
        let text = call.text();
        if let Some(number) = text.strip_prefix(&name) {
            times.push(call.at - said[number.parse::<usize>().unwrap()]);
        }
    }
    times.sort();
    times[SAMPLES * 99 / 100]
}

/// Says a text to `rogue`.
fn say(napcat: &Napcat, text: &str) {
    napcat.private_text(STRANGER.0, text);
}

/// The next thing `rogue` answers that satisfies the condition.
async fn rogue_says(napcat: &Napcat, what: &str, accepts: impl Fn(&str) -> bool) -> String {
    let call =
        napcat.next_call_where(what, |call| call.params()["user_id"] == STRANGER.1 && accepts(&call.text()));
    call.await.text()
}

struct Neighbours {
    napcat: Napcat,
    /// Kept for its files.
    _folder: Folder,
    host: Host,
    quiet: Duration,
    resident: u64,
}

async fn neighbours() -> Neighbours {
    let (napcat, folder, host) = house(&["echo", "rogue"], SETTINGS).await;
    say(&napcat, "/ping");
    rogue_says(&napcat, "pong", |text| text == "pong").await;
    p99(&napcat).await;
    let quiet = p99(&napcat).await;
    let resident = host.resident();
    Neighbours { napcat, _folder: folder, host, quiet, resident }
}

impl Neighbours {
    /// Says something bad to `rogue`, and holds `echo` to its quiet time meanwhile.
    async fn bear(&self, text: &str) {
        let limit = (self.quiet * 3).max(FLOOR);
        for last_try in (0..TRIES).map(|number| number + 1 == TRIES) {
            say(&self.napcat, text);
            let noisy = p99(&self.napcat).await;
            println!("{text}: p99 of echo {noisy:?}, in quiet {:?}", self.quiet);
            if noisy <= limit {
                return;
            }
            assert!(!last_try, "{text}: p99 of echo {noisy:?}, at most {limit:?}\n{}", self.host.report());
        }
    }

    /// The log names the culprit, its handler and the cause.
    async fn is_blamed(&self, handler: &str, cause: &str) {
        let blame = |line: &iglu_tests::host::Line| {
            let named = line.text().contains(handler) || line.field("handler") == handler;
            line.is("rogue", cause) && named && ["ERROR", "WARN"].contains(&&*line.level())
        };
        self.host.says(&format!("{cause:?} of rogue's {handler}"), blame).await;
    }

    /// `rogue` works again, the memory is back, and all ends in order.
    async fn recover(self) {
        say(&self.napcat, "/ping");
        rogue_says(&self.napcat, "pong after the crash", |text| text == "pong").await;
        let begin = Instant::now();
        while self.host.resident() > self.resident + SLACK {
            let (now, before) = (self.host.resident() >> 20, self.resident >> 20);
            assert!(begin.elapsed() < Duration::from_secs(10), "{now} MiB resident, {before} MiB before");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.host.stop().await;
    }
}

/// One test: what is said to `rogue`, the handler and the cause that the log must name.
macro_rules! crashes {
    ($($(#[$doc:meta])* $name:ident: $text:literal, $handler:literal, $cause:literal;)*) => {$(
        $(#[$doc])*
        #[tokio::test]
        async fn $name() {
            let neighbours = neighbours().await;
            neighbours.bear($text).await;
            neighbours.is_blamed($handler, $cause).await;
            neighbours.recover().await;
        }
    )*};
}

crashes! {
    an_endless_loop_is_ended_and_disturbs_nobody: "/loop", "spin", "without giving way";
    a_loop_of_cheap_host_calls_is_ended_and_disturbs_nobody: "/spin-host", "spin_host", "without giving way";
    endless_recursion_is_ended_and_disturbs_nobody: "/recurse", "recurse", "endless recursion";
    a_memory_bomb_is_ended_and_its_memory_comes_back: "/bomb", "bomb", "more memory than its limit";
    a_trap_disturbs_nobody: "/trap", "trap", "crashed";
    a_panic_disturbs_nobody: "/panic", "panic", "crashed";
    an_exit_ends_the_plugin_and_not_the_host: "/exit", "exit", "crashed";
}

#[tokio::test]
async fn a_panic_leaves_its_words_in_the_log() {
    let neighbours = neighbours().await;
    say(&neighbours.napcat, "/panic");
    neighbours.host.says("the words of the panic", |line| line.is("rogue", "rogue panics on purpose")).await;
    neighbours.recover().await;
}

#[tokio::test]
async fn a_loop_that_always_waits_for_the_host_is_ended_by_the_wall_clock() {
    let neighbours = neighbours().await;
    neighbours.bear("/spin-async").await;
    neighbours.is_blamed("spin_async", "has been running for").await;
    neighbours.recover().await;
}

#[tokio::test]
async fn handlers_that_never_end_are_reported_and_when_they_pile_up_ended() {
    let neighbours = neighbours().await;
    for _ in 0..7 {
        say(&neighbours.napcat, "/forever");
    }
    neighbours.bear("/forever").await;
    neighbours.is_blamed("forever", "the handler has been running for").await;
    neighbours.host.says("the end of it", |line| line.is("rogue", "8 run at once (limit 8)")).await;
    neighbours.recover().await;
}

#[tokio::test]
async fn a_flood_of_log_lines_is_cut_and_counted() {
    let neighbours = neighbours().await;
    neighbours.bear("/logflood 20000").await;
    rogue_says(&neighbours.napcat, "the end of the flood", |text| text == "wrote 20000 lines").await;
    neighbours.bear("/printflood 1500").await;
    rogue_says(&neighbours.napcat, "the end of the flood", |text| text == "printed 1500 lines").await;
    neighbours.is_blamed("", "it logs too much").await;
    let lines = neighbours.host.lines().iter().filter(|line| line.text().starts_with("flood ")).count();
    assert!((100..2_000).contains(&lines), "{lines} of 21500 lines were let through");
    neighbours.recover().await;
}

#[tokio::test]
async fn a_flood_of_sends_is_slowed_and_the_rest_refused() {
    let neighbours = neighbours().await;
    let begin = Instant::now();
    neighbours.bear("/sendflood 5000").await;
    let sent = neighbours
        .napcat
        .calls_of("send_private_msg")
        .iter()
        .filter(|c| c.text().starts_with("flood"))
        .count();
    // Five at once, then two a second for one chat.
    let most = 5 + 2 * (begin.elapsed().as_secs() as usize + 1);
    assert!((1..=most).contains(&sent), "{sent} sends in {:?}", begin.elapsed());
    neighbours.recover().await;
}

#[tokio::test]
async fn a_flood_of_replies_ends_at_the_limit() {
    let neighbours = neighbours().await;
    neighbours.bear("/replyflood").await;
    neighbours.host.says("the refusal", |line| line.is("rogue", "refused after 50")).await;
    let sent = neighbours
        .napcat
        .calls_of("send_private_msg")
        .iter()
        .filter(|c| c.text().starts_with("flood"))
        .count();
    assert!(sent > 0 && sent % 50 == 0, "fifty for each event, not {sent}");
    neighbours.recover().await;
}

#[tokio::test]
async fn a_huge_reply_is_sent_or_refused_and_disturbs_nobody() {
    let neighbours = neighbours().await;
    say(&neighbours.napcat, "/hugereply 10");
    let text = rogue_says(&neighbours.napcat, "ten megabytes", |text| text.starts_with('巨')).await;
    assert_eq!(text.len(), (10 << 20) / 3 * 3);
    neighbours.napcat.forget_calls();
    neighbours.bear("/hugereply 20").await;
    neighbours.is_blamed("huge_reply", "").await;
    neighbours.recover().await;
}

#[tokio::test]
async fn an_error_is_no_crash() {
    let neighbours = neighbours().await;
    say(&neighbours.napcat, "/fail");
    let failed = |line: &iglu_tests::host::Line| {
        line.is("rogue", "rogue fails on purpose")
            && line.field("handler") == "fail"
            && !line.field("event").is_empty()
    };
    neighbours.host.says("the error with its handler and event", failed).await;
    say(&neighbours.napcat, "/ping");
    rogue_says(&neighbours.napcat, "pong at once", |text| text == "pong").await;
    let lines = neighbours.host.stop().await;
    assert!(!lines.iter().any(|line| line.is("rogue", "crashed")));
}

#[tokio::test]
async fn memory_comes_back_from_a_row_of_crashes_of_a_hoarder() {
    let neighbours = neighbours().await;
    // One more in a row would be quarantine.
    for round in 1..=6 {
        say(&neighbours.napcat, "/hoard 40");
        rogue_says(&neighbours.napcat, "the hoard", |text| text.starts_with("holding")).await;
        let mark = neighbours.host.mark();
        say(&neighbours.napcat, "/bomb");
        neighbours.host.says_after(mark, "the crash", |line| line.is("rogue", "crashed")).await;
        println!("{} MiB after crash {round}", neighbours.host.resident() >> 20);
    }
    neighbours.recover().await;
}
