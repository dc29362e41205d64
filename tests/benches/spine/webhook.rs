//! Deliveries of the official platform: what one costs beside the verification of a signature with the public key.
//!
//! iglu has the private key as well, and asks first whether it would have signed the same; signing stands beside it.
//!
//! While a host takes deliveries the platform signs the next ones on the other core, and two cores of a rented machine are
//! often two halves of one: each is slower then. So the verification that deliveries are compared with is measured while
//! the other core signs too, in processor time like theirs. The figure of a quiet machine stands beside it.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ed25519_dalek::{Signature, Signer as _, SigningKey};
use iglu_tests::folder::Folder;
use iglu_tests::host::Host;
use iglu_tests::napcat::qq::{Bot, Event, Options, Platform, USER, Webhook};

use crate::{median, row, us};

const ROUNDS: usize = 5;
const DELIVERIES: usize = 8_000;
const IN_FLIGHT: usize = 64;

/// A platform that pushes to a host, with a journal or without.
struct Pair {
    name: &'static str,
    bot: Bot,
    host: Host,
    _platform: Platform,
    _folder: Folder,
    /// Microseconds of processor time, and of time, for each delivery.
    cost: Vec<f64>,
    time: Vec<f64>,
}

pub(crate) async fn run() {
    println!(
        "{DELIVERIES} deliveries a round, medians of {ROUNDS} rounds by turns, {IN_FLIGHT} in flight, no plugins"
    );
    let mut pairs = [pair("journal off", "journal = false").await, pair("journal on", "").await];
    let (mut quiet, mut busy, mut signed) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let verified = (verification(), beside_signing(verification));
        let signing = beside_signing(signing);
        for pair in &mut pairs {
            let events = (0..DELIVERIES).map(|_| message(&pair.bot)).collect();
            let before = pair.host.cpu_time();
            let (done, took) = pair.bot.push_all(events, IN_FLIGHT).await;
            let used = pair.host.cpu_time() - before;
            assert!(done.iter().all(|delivery| delivery.acknowledged.is_some()), "all are acknowledged");
            // The first one warms up.
            if round > 0 {
                pair.cost.push(us(used) / DELIVERIES as f64);
                pair.time.push(us(took) / DELIVERIES as f64);
            }
        }
        if round > 0 {
            quiet.push(us(verified.0));
            busy.push(us(verified.1));
            signed.push(us(signing));
        }
    }
    let (quiet, busy) = (median(&mut quiet), median(&mut busy));
    for (name, cost) in [("other core idle", quiet), ("other core signs", busy)] {
        let what = format!("Ed25519 verification alone, {name}");
        row(&what, &format!("{cost:.1} us CPU"), &format!("{:.0}/s a core", 1e6 / cost));
    }
    row("signing alone, other core signs", &format!("{:.1} us CPU", median(&mut signed)), "");
    for Pair { name, host, mut cost, mut time, .. } in pairs {
        let (cost, time) = (median(&mut cost), median(&mut time));
        let bar = if name == "journal off" { ", at most 2" } else { "" };
        let beside = format!(
            "{:.2}{bar} ({:.2} beside the idle one); {:.0}/s a core, {:.0}/s pushed",
            cost / busy,
            cost / quiet,
            1e6 / cost,
            1e6 / time
        );
        row(&format!("a delivery, {name}"), &format!("{cost:.1} us CPU"), &beside);
        host.stop().await;
    }
}

async fn pair(name: &'static str, setting: &str) -> Pair {
    let platform = Platform::start(Options { deadline: Duration::from_secs(60), ..Options::default() }).await;
    let bot = platform.bot();
    let folder = Folder::new();
    let (app, api, token_api) = (bot.app(), platform.api_base(), platform.token_base());
    folder.configure(&format!(
        "[[bot]]\nplatform = \"qq\"\nname = \"it\"\napp_id = \"{}\"\nsecret = \"{}\"\napi = \"{api}\"\ntoken_api = \
         \"{token_api}\"\nlisten = \"http://127.0.0.1:0/\"\n{setting}\n",
        app.app_id, app.secret
    ));
    let host = Host::run(&folder).await;
    let what = "bot `it` waits for deliveries at ";
    let line = host.says(what, |line| line.text().starts_with(what)).await;
    let url = format!("http://{}", &line.text()[what.len()..]);
    bot.webhook(Webhook { retries: 0, timeout: Duration::from_secs(30), ..Webhook::to(&url) })
        .expect("it can be pushed to");
    host.says("the connection", |line| line.text().ends_with("is connected")).await;
    Pair { name, bot, host, _platform: platform, _folder: folder, cost: Vec::new(), time: Vec::new() }
}

fn message(bot: &Bot) -> Event {
    bot.c2c_event(USER, "an ordinary message of some length, 你好")
}

/// What signing one delivery takes.
fn signing() -> Duration {
    let key = key();
    let messages: Vec<Vec<u8>> = (0..64).map(signed_text).collect();
    let begun = thread_time();
    for message in messages.iter().cycle().take(DELIVERIES) {
        black_box(key.sign(black_box(message)));
    }
    (thread_time() - begun) / DELIVERIES as u32
}

/// What verifying one delivery takes, with the library and the function that the host uses.
fn verification() -> Duration {
    let key = key();
    let verifying = key.verifying_key();
    let messages: Vec<(Vec<u8>, Signature)> = (0..64)
        .map(|number| {
            let message = signed_text(number);
            let signature = key.sign(&message);
            (message, signature)
        })
        .collect();
    let begun = thread_time();
    for (message, signature) in messages.iter().cycle().take(DELIVERIES) {
        assert!(verifying.verify_strict(black_box(message), black_box(signature)).is_ok());
    }
    (thread_time() - begun) / DELIVERIES as u32
}

/// Does something while another thread signs, as the platform does.
fn beside_signing<T>(what: impl FnOnce() -> T) -> T {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let (key, message) = (key(), signed_text(0));
            while !over.load(Ordering::Relaxed) {
                black_box(key.sign(black_box(&message)));
            }
        });
        let done = what();
        over.store(true, Ordering::Relaxed);
        done
    })
}

fn key() -> SigningKey {
    SigningKey::from_bytes(b"abcdefghijklmnopqrstuvwxyz012345")
}

fn signed_text(number: usize) -> Vec<u8> {
    format!("1725442341{{\"op\":0,\"id\":\"C2C_MESSAGE_CREATE:{number}\"{}}}", " ".repeat(600)).into_bytes()
}

/// The processor time that this thread has had.
fn thread_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("it is Linux");
    let nanoseconds = text.split_whitespace().next().and_then(|first| first.parse().ok());
    Duration::from_nanos(nanoseconds.expect("it is a number"))
}
