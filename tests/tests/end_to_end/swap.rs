//! A plugin file replaced again and again while messages flow.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use iglu_tests::{
    fixtures::{Fixture, Mode, bad_files, fixture_id, version},
    folder::Folder,
    host::{Host, Line},
    napcat::{Call, FRIEND, Napcat},
};

use crate::common::{napcat, up};

const FILE: &str = "counter.wasm";
const PLUGIN: &str = "fixture-0007";
/// Messages in all, at least.
const MESSAGES: u64 = 2_000;
const SWAPS: u64 = 50;

/// What a step does to the file, and what the log says then.
enum Step {
    /// A good version, put in place in some way.
    Good(u16, How),
    /// A file that cannot become a plugin.
    Bad(&'static str, Vec<u8>, &'static str),
    /// A version that loads and does not start.
    NoStart(u16, Mode, &'static str),
    /// Neither a change of the time stamp nor the same bytes are a change.
    Same,
}

#[derive(Clone, Copy)]
enum How {
    Rename,
    Overwrite,
    InPieces,
}

fn good(number: u16) -> Vec<u8> {
    Fixture::load("counter").id(7).version(number).bytes()
}

fn steps() -> Vec<Step> {
    let mut steps = Vec::new();
    let mut number = 1;
    let mut salt = 0;
    while steps.len() < SWAPS as usize {
        for how in [How::Rename, How::Overwrite, How::InPieces] {
            number += 1;
            steps.push(Step::Good(number, how));
            let round = steps.len();
            salt += 1;
            let bad = bad_files(salt);
            for index in [round, round + 1] {
                let bad = &bad[index % bad.len()];
                steps.push(Step::Bad(bad.name, bad.bytes.clone(), bad.reason));
            }
            number += 1;
            let (mode, reason) = [
                (Mode::Trap, "it panicked or aborted"),
                (Mode::Forever, "start() did not answer within"),
                (Mode::Error, "refuses on purpose"),
                (Mode::Loop, "without giving way"),
            ][round / 5 % 4];
            steps.push(Step::NoStart(number, mode, reason));
            steps.push(Step::Same);
        }
    }
    steps.truncate(SWAPS as usize);
    steps
}

/// Says messages in turn in three chats, a few milliseconds apart, until it is told to stop.
async fn talk(napcat: Napcat, sent: Arc<AtomicU64>, stop: Arc<AtomicBool>) {
    while !stop.load(Ordering::SeqCst) {
        let number = sent.fetch_add(1, Ordering::SeqCst);
        let text = format!("m{number}");
        match number % 3 {
            0 => napcat.private_text(FRIEND, &text),
            group => napcat.group_text(1_000 + group, FRIEND, &text),
        };
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
}

/// `<version>:<n>:m<number>`
fn read(call: &Call) -> (u16, u64, u64) {
    let text = call.text();
    let mut parts = text.splitn(3, ':');
    let number = parts.next().unwrap().rsplit('.').next().unwrap().parse::<u16>().unwrap() - 1000;
    let n = parts.next().unwrap().parse().unwrap();
    (number, n, parts.next().unwrap()[1..].parse().unwrap())
}

async fn carry_out(step: &Step, folder: &Folder, host: &Host) {
    let mark = host.mark();
    let about = |text: &'static str| move |line: &Line| line.text().contains(text);
    match step {
        Step::Good(number, how) => {
            let bytes = good(*number);
            match how {
                How::Rename => folder.put(FILE, &bytes),
                How::Overwrite => folder.overwrite(FILE, &bytes),
                How::InPieces => folder.write_slowly(FILE, &bytes, 5, Duration::from_millis(30)).await,
            }
            let wanted = version(*number);
            let is_it = |line: &Line| line.is(PLUGIN, "has taken over") && line.field("version") == wanted;
            host.says_after(mark, &format!("version {number} has taken over"), is_it).await;
        }
        Step::Bad(name, bytes, reason) => {
            folder.put(FILE, bytes);
            let line = host.says_after(mark, &format!("{reason:?} about {name}"), about(reason)).await;
            assert!(line.text().contains("the version of fixture-0007 that runs stays"), "{line:?}");
        }
        Step::NoStart(number, mode, reason) => {
            folder.put(FILE, &Fixture::load("counter").id(7).version(*number).start(*mode).bytes());
            let what = format!("why {mode:?} does not start");
            let line = host.says_after(mark, &what, about("the version before stays")).await;
            assert!(line.text().contains(reason) && line.plugin() == PLUGIN, "{line:?}");
            // Only then is the version before at work again.
            host.says_after(mark, "running", |line| line.is(PLUGIN, "running")).await;
        }
        Step::Same => {
            folder.touch(FILE);
            let bytes = std::fs::read(folder.plugins().join(FILE)).unwrap();
            folder.put(FILE, &bytes);
            tokio::time::sleep(Duration::from_millis(150)).await;
            assert_eq!(host.lines_after(mark).len(), 0, "nothing has changed\n{}", host.report());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_messages_and_fifty_swaps_lose_and_double_nothing() {
    let napcat = napcat().await;
    let mut answers = napcat.tap();
    let folder = Folder::with(&napcat, &[], "[limits]\nstart = \"300ms\"\ncpu = \"200ms\"\n");
    folder.put(FILE, &good(1));
    let host = up(&napcat, &folder).await;

    let (sent, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let talking = tokio::spawn(talk(napcat.clone(), sent.clone(), stop.clone()));
    // Which versions may answer a message that is said from then on.
    let reigns: Mutex<Vec<(u64, u16)>> = Mutex::new(vec![(0, 1)]);
    for (number, step) in (1..).zip(steps()) {
        carry_out(&step, &folder, &host).await;
        if let Step::Good(version, _) = step {
            reigns.lock().unwrap().push((sent.load(Ordering::SeqCst), version));
        }
        while sent.load(Ordering::SeqCst) < MESSAGES / SWAPS * number {
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
    }
    stop.store(true, Ordering::SeqCst);
    talking.await.unwrap();
    let sent = sent.load(Ordering::SeqCst);
    assert!(sent >= MESSAGES);
    println!("{sent} messages during {SWAPS} changes of the file");

    let (mut last_of_chat, mut last_version, mut count) = (HashMap::new(), 1, 0);
    let mut seen = vec![false; sent as usize];
    while count < sent {
        let next = tokio::time::timeout(Duration::from_secs(30), answers.recv()).await;
        let Ok(Some(call)) = next else {
            let missing: Vec<_> =
                seen.iter().enumerate().filter(|(_, seen)| !**seen).map(|(m, _)| m).collect();
            panic!("{count} of {sent} answers; missing {missing:?}\n{}", host.report());
        };
        if !call.action().starts_with("send_") {
            continue;
        }
        let (version, n, message) = read(&call);
        count += 1;
        assert!(!std::mem::replace(&mut seen[message as usize], true), "m{message} was answered twice");
        assert_eq!(n, count, "the count goes on over versions: m{message} by version {version}");
        assert!(version >= last_version, "m{message} was answered by version {version} after {last_version}");
        last_version = version;
        let chat = call.params().get("group_id").cloned().unwrap_or_default().to_string();
        let before = last_of_chat.insert(chat, message);
        assert!(before < Some(message), "m{message} was answered after m{before:?}");
        let reigns = reigns.lock().unwrap();
        let least = reigns.iter().rev().find(|(from, _)| *from <= message).unwrap().1;
        assert!(version >= least, "m{message} was answered by version {version}, but {least} had taken over");
        assert!(reigns.iter().any(|(_, good)| *good == version), "version {version} never started");
    }
    host.stop().await;
    assert_eq!(napcat.calls().iter().filter(|call| call.action().starts_with("send_")).count() as u64, sent);
    assert_eq!(fixture_id(7), PLUGIN);
}
