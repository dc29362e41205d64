//! What was acknowledged is handled, whatever happens in between.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use iglu_tests::{
    folder::Folder,
    host::Host,
    napcat::qq::{Bot, Chat, Event, Options, Platform, USER, Webhook},
};

use super::{connected, door, folder, platform_with, push_to, table};

/// Pushes at the same time.
const IN_FLIGHT: usize = 8;
/// Numbers that one question is about.
const PAGE: usize = 4_000;

/// A platform, its bot, and a folder with the plugin that writes down what it is told.
async fn desk() -> (Platform, Bot, Folder) {
    let platform = platform_with(Options::default()).await;
    let bot = platform.bot();
    let settings = table(&platform, bot.app(), "listen = \"http://127.0.0.1:0/\"");
    let folder = folder(&["ledger"], &settings);
    (platform, bot, folder)
}

fn numbered(bot: &Bot, number: usize) -> Event {
    let mut event = bot.c2c_event(&format!("{:032X}", number % 50), format!("entry {number}").as_str());
    event.id = format!("C2C_MESSAGE_CREATE:{number}");
    event
}

/// The load, as it goes on from one process to the next.
#[derive(Default)]
struct Load {
    next: usize,
    /// The numbers of messages that iglu has acknowledged.
    acknowledged: BTreeSet<usize>,
}

impl Load {
    /// Pushes numbered messages for ever, each once.
    async fn go_on(&mut self, bot: &Bot, host: &Host) {
        let url = door(host, "official").await;
        bot.forget_webhooks();
        let webhook = Webhook { retries: 0, timeout: Duration::from_secs(10), ..Webhook::to(&url) };
        bot.webhook(webhook).unwrap();
        let mut pushes = FuturesUnordered::new();
        loop {
            while pushes.len() < IN_FLIGHT {
                let (number, event) = (self.next, numbered(bot, self.next));
                self.next += 1;
                pushes.push(async move { (number, bot.push(&event).await.acknowledged.is_some()) });
            }
            if let Some((number, true)) = pushes.next().await {
                self.acknowledged.insert(number);
            }
        }
    }
}

/// Asks the plugin by a message, and waits for its answer.
async fn ask(platform: &Platform, bot: &Bot, text: &str) -> String {
    bot.push(&bot.c2c_event(USER, text)).await;
    platform.next_sent_to(&Chat::User(USER.to_owned())).await.text().to_owned()
}

/// How often each number below `end` was written down.
async fn ledger(platform: &Platform, bot: &Bot, end: usize) -> Vec<u8> {
    let mut times = Vec::new();
    while times.len() < end {
        let page = ask(platform, bot, &format!("/ledger {} {PAGE}", times.len())).await;
        assert_eq!(page.len(), PAGE);
        times.extend(page.bytes().map(|digit| digit - b'0'));
    }
    times
}

/// SIGKILL at a hundred random moments: at the start, while what was left is handed on, under load.
#[tokio::test]
async fn a_hundred_kills_under_load_lose_nothing_that_was_acknowledged() {
    let (platform, bot, folder) = desk().await;
    // Machines differ in how long a start takes.
    let begun = Instant::now();
    let host = Host::start(&folder);
    door(&host, "official").await;
    let start = begun.elapsed();
    host.kill().await;
    let mut load = Load::default();
    for _ in 0..100 {
        let host = Host::start(&folder);
        let moment = start.mul_f64(fastrand::f64() + 0.5) + Duration::from_millis(fastrand::u64(0..250));
        assert!(tokio::time::timeout(moment, load.go_on(&bot, &host)).await.is_err());
        host.kill().await;
    }

    let host = Host::run(&folder).await;
    connected(&host).await;
    push_to(&bot, &host).await;
    let Load { next, acknowledged: due } = load;
    assert!(due.len() > 1_000, "only {} deliveries were acknowledged", due.len());
    // Handlers run side by side: the last entries may be on their way when the first question is answered.
    let mut times = ledger(&platform, &bot, next).await;
    let missing = |times: &[u8]| due.iter().copied().filter(|number| times[*number] == 0).collect::<Vec<_>>();
    for _ in 0..20 {
        if missing(&times).is_empty() {
            break;
        }
        times = ledger(&platform, &bot, next).await;
    }
    let lost = missing(&times);
    assert!(lost.is_empty(), "{} of {} are lost: {lost:?}\n{}", lost.len(), due.len(), host.report());
    let twice = times.iter().filter(|times| **times > 1).count();
    assert!(twice <= 100 * 64, "at most what was in flight at a kill comes twice, and not {twice}");
    let redelivered: f64 = ask(&platform, &bot, "/redelivered").await.parse().unwrap();
    assert!(redelivered > 0.0, "some of what was killed came again and was marked so");
    host.stop().await;

    // What was handled is gone: nothing is handed on again.
    let host = Host::run(&folder).await;
    connected(&host).await;
    let again = host.lines().iter().any(|line| line.text().contains("are handed on now"));
    assert!(!again, "{}", host.report());
    host.stop().await;
}

/// A delivery whose acknowledgement was lost comes again, perhaps after a restart.
#[tokio::test]
async fn a_delivery_that_comes_again_is_acknowledged_and_handled_once() {
    let (platform, bot, folder) = desk().await;
    let host = Host::run(&folder).await;
    connected(&host).await;
    push_to(&bot, &host).await;
    let events: Vec<_> = (0..20).map(|number| numbered(&bot, number)).collect();
    for event in &events {
        let copies = bot.push_copies(event, 4).await;
        assert!(copies.iter().all(|copy| copy.acknowledged.is_some()), "{copies:?}");
    }
    assert_eq!(ledger(&platform, &bot, 20).await[..20], [1; 20]);
    host.stop().await;

    let host = Host::run(&folder).await;
    connected(&host).await;
    push_to(&bot, &host).await;
    for event in &events {
        assert!(bot.push(event).await.acknowledged.is_some());
    }
    assert_eq!(ledger(&platform, &bot, 20).await[..20], [1; 20], "also by the next process");
    assert_eq!(ask(&platform, &bot, "/redelivered").await, "0");
    host.stop().await;
}
