//! Links that break in every way, and what is asked for when sessions begin.

use std::{collections::BTreeMap, time::Duration};

use iglu_tests::{
    fixtures::plugin,
    host::Host,
    napcat::{
        Cut, Greeting,
        qq::{App, Bot, Options, Platform, Sessions, USER},
    },
};
use tokio::task::JoinSet;

use super::{connected, folder, house, platform_with, table};
use crate::common::QUIET;

const BOTS: usize = 8;
/// GROUP_AND_C2C_EVENT, INTERACTION, PUBLIC_GUILD_MESSAGES, DIRECT_MESSAGE: what every bot has and messages need.
const MESSAGES: u64 = 1 << 25 | 1 << 26 | 1 << 30 | 1 << 12;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    Cut(Line),
    Close(u16),
    /// A dead link: nothing is read, and nothing said.
    Silent,
    /// Heartbeats are not acknowledged.
    Unacknowledged,
    Reconnect,
    Invalid(bool),
    /// The session is forgotten while the link is down.
    Forgotten,
    /// The next hello is late.
    LateHello,
    /// The token is no longer good.
    Expired,
    /// The same, and the link is down.
    ExpiredAndCut,
    /// Events come again.
    Repeated,
    /// Events come in the wrong order.
    Reversed,
    Garbage,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Line {
    Reset,
    /// What a client calls 1006.
    Eof,
    MidFrame,
}

/// What each bot lives through, in an order of its own.
const FAULTS: [Fault; 25] = [
    Fault::Cut(Line::Reset),
    Fault::Cut(Line::Reset),
    Fault::Cut(Line::Eof),
    Fault::Cut(Line::MidFrame),
    Fault::Close(4004),
    Fault::Close(4009),
    Fault::Close(4009),
    Fault::Close(4900),
    Fault::Close(4902),
    Fault::Silent,
    Fault::Silent,
    Fault::Unacknowledged,
    Fault::Reconnect,
    Fault::Reconnect,
    Fault::Invalid(true),
    Fault::Invalid(false),
    Fault::Forgotten,
    Fault::LateHello,
    Fault::Expired,
    Fault::ExpiredAndCut,
    Fault::Repeated,
    Fault::Repeated,
    Fault::Reversed,
    Fault::Garbage,
    Fault::Garbage,
];

const GARBAGE: [&str; 8] = [
    "",
    "not json",
    "[]",
    "{\"op\":0}",
    "{\"op\":0,\"t\":null,\"s\":\"many\",\"d\":{}}",
    "{\"op\":0,\"t\":\"C2C_MESSAGE_CREATE\",\"d\":{\"id\":[],\"author\":7}}",
    "{\"op\":99,\"d\":{}}",
    "{\"op\":\"0\",\"t\":\"GROUP_AT_MESSAGE_CREATE\",\"d\":",
];

/// One bot under fire, with all that was said to it.
struct Run {
    platform: Platform,
    bot: Bot,
    random: fastrand::Rng,
    said: Vec<String>,
}

impl Run {
    fn next(&mut self) -> String {
        self.said.push(format!("{} of {}", self.said.len(), self.bot.app().app_id));
        format!("/echo {}", self.said[self.said.len() - 1])
    }

    fn say(&mut self) {
        let text = self.next();
        self.bot.c2c(USER, text.as_str());
    }

    /// Waits for as many answers as there were messages.
    async fn settle(&self) {
        self.platform.wait_sent(self.said.len()).await;
    }

    fn links(&self) -> u64 {
        let counts = self.platform.gateway();
        counts.identified + counts.resumed
    }

    async fn meet(&mut self, fault: Fault) {
        let before = self.links();
        // A message may be under way; one of a session that nobody knows any more would be lost by the platform.
        if self.random.bool() {
            self.say();
        }
        if fault == Fault::Forgotten {
            self.settle().await;
        }
        let breaks = self.strike(fault).await;
        self.say();
        if breaks {
            let back = format!("a link after {fault:?}");
            self.platform
                .wait_gateway(&back, |counts| counts.identified + counts.resumed > before && counts.live > 0)
                .await;
            self.say();
        }
        self.settle().await;
    }

    /// Whether the link breaks of it.
    async fn strike(&mut self, fault: Fault) -> bool {
        let bot = self.bot.clone();
        match fault {
            Fault::Cut(line) => drop(bot.cut(cut(line)).await),
            Fault::Close(code) => drop(bot.close(code, "forced").await),
            Fault::Silent => drop(bot.go_silent(true)),
            Fault::Unacknowledged => drop(bot.acknowledge_heartbeats(false)),
            Fault::Reconnect => drop(bot.ask_reconnect()),
            Fault::Invalid(resumable) => drop(bot.invalidate(resumable)),
            Fault::Forgotten => {
                bot.cut(Cut::Reset).await;
                bot.forget_sessions();
            }
            Fault::LateHello => {
                let accepted = self.platform.gateway().accepted;
                self.platform.greet_with(Greeting::Slow(Duration::from_millis(700)));
                bot.cut(Cut::Reset).await;
                self.platform.wait_gateway("a try", |counts| counts.accepted > accepted).await;
                self.platform.greet_with(Greeting::Normal);
            }
            Fault::Expired => bot.expire_tokens(),
            Fault::ExpiredAndCut => {
                bot.expire_tokens();
                bot.cut(Cut::Reset).await;
            }
            Fault::Repeated => bot.repeat(5),
            Fault::Reversed => {
                let events: Vec<_> =
                    (0..3).map(|_| self.next()).map(|text| bot.c2c_event(USER, text.as_str())).collect();
                bot.emit_reversed(&events);
                self.settle().await;
            }
            Fault::Garbage => {
                for frame in GARBAGE {
                    bot.frame(frame);
                }
            }
        }
        !matches!(fault, Fault::Expired | Fault::Repeated | Fault::Reversed | Fault::Garbage)
    }
}

fn cut(line: Line) -> Cut {
    match line {
        Line::Reset => Cut::Reset,
        Line::Eof => Cut::Eof,
        Line::MidFrame => Cut::MidFrame,
    }
}

/// A gateway with quick heartbeats, where sessions may begin as often as they like.
fn quick(apps: Vec<App>) -> Options {
    let heartbeat = Duration::from_millis(500);
    let sessions = Sessions { heartbeat, concurrency: 1000, ..Sessions::default() };
    Options { apps, sessions, ..Options::default() }
}

/// A table with a name of its own.
fn named(platform: &Platform, bot: &Bot, name: &str) -> String {
    table(platform, bot.app(), "").replace("\"official\"", &format!("\"{name}\""))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_faults_lose_and_double_no_event_and_end_connected() {
    let (mut runs, mut tables) = (Vec::new(), String::new());
    for number in 0..BOTS {
        let app = App::new(&format!("10200000{number}"), "DG5g3B4j9X2KOErG");
        let platform = platform_with(quick(vec![app])).await;
        let bot = platform.bot();
        // What happens between two sessions is for the next one to hear.
        bot.keep_unheard(true);
        tables += &named(&platform, &bot, &format!("bot{number}"));
        runs.push(Run { platform, bot, random: fastrand::Rng::with_seed(number as u64), said: Vec::new() });
    }
    let folder = folder(&["echo"], &tables);
    let host = Host::run(&folder).await;
    let mut under_fire = JoinSet::new();
    for mut run in runs {
        under_fire.spawn(async move {
            run.platform.connected().await;
            run.say();
            run.settle().await;
            let mut faults = FAULTS;
            run.random.shuffle(&mut faults);
            for fault in faults {
                run.meet(fault).await;
            }
            run
        });
    }
    let mut ended = Vec::new();
    while let Some(run) = under_fire.join_next().await {
        ended.push(run.unwrap_or_else(|error| panic!("{error}\n{}", host.report())));
    }
    tokio::time::sleep(QUIET).await;
    for Run { platform, bot, said, .. } in ended {
        let mut answers: BTreeMap<String, usize> = said.iter().map(|text| (text.clone(), 0)).collect();
        for sent in platform.sent() {
            *answers.entry(sent.text().to_owned()).or_default() += 1;
        }
        answers.retain(|_, count| *count != 1);
        assert!(answers.is_empty(), "not answered once: {answers:?}\n{}", host.report());
        assert_eq!((bot.sessions().0, platform.gateway().live), (1, 1), "it ends connected");
        assert!(platform.violations().is_empty(), "{:?}", platform.violations());
    }
    let log = host.stop().await;
    let errors: Vec<_> = log.iter().filter(|line| line.level() == "ERROR").collect();
    assert!(errors.is_empty(), "{errors:?}");
}

#[tokio::test]
async fn a_bot_that_the_platform_wants_no_more_stops_alone() {
    let apps = (0..3).map(|number| App::new(&format!("10200000{number}"), "DG5g3B4j9X2KOErG")).collect();
    let platform = platform_with(quick(apps)).await;
    let bot = |number: usize| platform.bot_of(&format!("10200000{number}")).unwrap();
    let tables: String =
        (0..3).map(|number| named(&platform, &bot(number), &format!("bot{number}"))).collect();
    let folder = folder(&["echo"], &tables);
    let host = Host::run(&folder).await;
    platform.wait_gateway("three sessions", |counts| counts.live == 3).await;
    for (number, code) in [(0, 4914), (1, 4013)] {
        bot(number).close(code, "forced").await;
        let what = format!("the gateway of bot `bot{number}` stays closed until a restart");
        let line = host.says(&what, |line| line.text().contains(&what)).await;
        assert_eq!(line.level(), "ERROR");
        assert!(line.text().contains(&code.to_string()), "{}", line.text());
    }
    bot(2).cut(Cut::Reset).await;
    platform.resumed(1).await;
    bot(2).c2c(USER, "/echo still here");
    assert_eq!(platform.next_sent().await.text(), "still here");
    tokio::time::sleep(QUIET).await;
    assert_eq!(platform.gateway().identified, 3, "nobody else comes back");
    assert_eq!(platform.gateway().open, 1);
    host.stop().await;
}

#[tokio::test]
async fn a_bot_asks_for_what_its_plugins_listen_to_and_is_not_refused() {
    let (platform, bot, folder, host) = house(&["echo"], quick(vec![App::default()])).await;
    let first = platform.next_presented().await;
    assert!(first.accepted && !first.resume);
    assert_eq!(first.intents, MESSAGES);

    folder.put("official.wasm", &plugin("official"));
    let second = platform.next_presented().await;
    assert!(second.accepted && !second.resume);
    let more = [0, 1, 10, 18, 19, 29].iter().fold(MESSAGES, |mask, bit| mask | 1 << bit);
    assert_eq!(second.intents, more, "{:b}", second.intents ^ more);
    bot.event("GUILD_MEMBER_ADD", serde_json::json!({"guild_id": "1", "user": {"id": "2"}}));
    host.says("the guild's event", |line| line.is("official", "guild: GUILD_MEMBER_ADD")).await;
    bot.reaction("2", "message", "4", true);
    host.says("the reaction", |line| line.is("official", "reaction")).await;
    assert_eq!(platform.presented().len(), 2);
    host.stop().await;
}

#[tokio::test]
async fn an_intent_that_is_not_granted_is_given_up_and_named() {
    let app = App { intents: MESSAGES | 0b11, ..App::default() };
    let (platform, bot, _folder, host) = house(&["echo", "welcome"], quick(vec![app])).await;
    let line = host.says("what is given up", |line| line.text().contains("does not grant")).await;
    assert_eq!(line.level(), "WARN");
    assert!(line.text().contains("goes on without GROUP_MEMBER_EVENT (1 << 24);"), "{}", line.text());
    let tries = [platform.next_presented().await, platform.next_presented().await];
    assert_eq!(tries.each_ref().map(|tried| tried.intents), [MESSAGES | 1 << 24, MESSAGES]);
    assert_eq!(tries.each_ref().map(|tried| tried.accepted), [false, true]);
    // What was refused once is not asked for again.
    bot.close(4900, "forced").await;
    let later = platform.next_presented().await;
    assert!(later.accepted && later.intents == MESSAGES);
    platform.connected().await;
    bot.c2c(USER, "/echo here");
    assert_eq!(platform.next_sent().await.text(), "here");
    host.stop().await;
}

#[tokio::test]
async fn what_only_the_owner_asks_for_is_asked_for_by_the_setting() {
    let app = App { intents: u64::from(u32::MAX), ..App::default() };
    let platform = platform_with(quick(vec![app])).await;
    let setting = "intents = [\"GROUP_AND_C2C_EVENT\", \"GUILD_MESSAGES\"]";
    let folder = folder(&["echo"], &table(&platform, platform.bot().app(), setting));
    let host = Host::run(&folder).await;
    connected(&host).await;
    assert_eq!(platform.next_presented().await.intents, 1 << 25 | 1 << 9);
    platform.bot().channel_message("2", "/echo in a channel");
    assert_eq!(platform.next_sent().await.text(), "in a channel");
    host.stop().await;
}
