//! Who gets a message while somebody waits.

use std::sync::atomic::AtomicUsize;

use super::*;
use crate::bot::Bots;
use crate::clock::Clock;
use crate::config::Config;
use crate::model::{Interaction, Message, User};
use crate::plugin::mailbox::Mailbox;
use crate::router::Listener;
use crate::router::samples::{event, manifest, message, said};

const ANN: &str = "10001";

struct Stage {
    router: Arc<Router>,
    clock: Clock,
    mailbox: Arc<Mailbox>,
}

/// A plugin that hears everything, and has the command `ping`.
fn stage() -> Stage {
    let config = Config::parse("", std::path::Path::new("iglu.toml")).unwrap();
    let clock = Clock::default();
    let router = Router::new((&config).into(), Arc::new(Bots::default()), clock.clone());
    let handlers = r#"{"name": "all", "on": {"event": {"kinds": ["message", "interaction"]}}, "priority": 9, "block": true},
        {"name": "ping", "on": {"command": {"name": "ping"}}}"#;
    let mailbox = Arc::new(Mailbox::new(1 << 20));
    let listener =
        Listener { id: "p".into(), manifest: manifest("p", handlers), mailbox: Arc::clone(&mailbox) };
    router.listen(vec![listener]);
    Stage { router, clock, mailbox }
}

fn expected(users: Option<&[&str]>) -> Expected {
    Expected {
        plugin: "p".into(),
        bot: "90001".to_owned(),
        chat: Chat::Group("20001".to_owned()),
        users: users.map(|users| users.iter().map(|&user| user.to_owned()).collect()),
        pattern: None,
        commands_first: false,
        interactions: false,
    }
}

fn of(user: &str) -> Expected {
    expected(Some(&[user]))
}

fn by(user: &str, text: &str) -> Incoming {
    let message = Message { sender: User::named(user, "Somebody"), ..message(text) };
    Incoming::new(event(EventBody::Message(message)).into(), "{}")
}

fn pressed(user: &str) -> Incoming {
    let interaction = Interaction {
        id: "1".to_owned(),
        chat: Chat::Group("20001".to_owned()),
        user: user.to_owned(),
        kind: "11".to_owned(),
        button: None,
        data: None,
        message: None,
        feature: None,
        resolved: "{}".to_owned(),
    };
    Incoming::new(event(EventBody::Interaction(interaction)).into(), "{}")
}

impl Stage {
    fn wait(&self, expected: Expected) -> Seat {
        self.router.wait(expected, Box::new(|| {}), None, 100).unwrap()
    }

    fn pattern(&self, pattern: &str) -> Option<Arc<Regex>> {
        Some(self.router.pattern(pattern).unwrap())
    }

    /// The texts that the handlers have got.
    fn handled(&self) -> Vec<String> {
        let texts = std::iter::from_fn(|| self.mailbox.try_pop()).filter(|job| &*job.handler == "all");
        texts
            .map(|job| job.event.message().map_or_else(String::new, |message| message.text.clone()))
            .collect()
    }
}

/// What has come to a place so far.
fn got(seat: &mut Seat) -> Option<String> {
    let incoming = seat.answer.as_mut()?.try_recv().ok()?;
    seat.answer = None;
    Some(incoming.map_or_else(|reason| reason, |incoming| text_of(&incoming)))
}

fn text_of(incoming: &Incoming) -> String {
    match &incoming.event.body {
        EventBody::Message(message) => message.text.clone(),
        _ => "(pressed)".to_owned(),
    }
}

#[tokio::test]
async fn a_message_ends_one_wait_that_fits_and_no_handler_sees_it() {
    let stage = stage();
    let digits = || Expected { pattern: stage.pattern(r"^\d+$"), ..expected(None) };
    let elsewhere = || Expected { chat: Chat::Private(ANN.to_owned()), ..of(ANN) };
    let other_bot = || Expected { bot: "90002".to_owned(), ..of(ANN) };
    let soft = || Expected { commands_first: true, ..of(ANN) };
    let button = || Expected { interactions: true, ..of(ANN) };
    let table: [(Expected, Incoming, bool); 15] = [
        (of(ANN), by(ANN, "hi"), true),
        (of("10002"), by(ANN, "hi"), false),
        (expected(None), by("10003", "hi"), true),
        (expected(Some(&["10002", ANN, ANN])), by(ANN, "hi"), true),
        (digits(), by("10003", "12"), true),
        (digits(), by("10003", "twelve"), false),
        (elsewhere(), by(ANN, "hi"), false),
        (other_bot(), by(ANN, "hi"), false),
        (of(ANN), by(ANN, "/ping"), true),
        (soft(), by(ANN, "/ping"), false),
        (soft(), by(ANN, "/help"), false),
        (soft(), by(ANN, "/unknown"), true),
        (of(ANN), pressed(ANN), false),
        (button(), pressed(ANN), true),
        (button(), pressed("10002"), false),
    ];
    for (number, (expected, incoming, taken)) in table.into_iter().enumerate() {
        let text = text_of(&incoming);
        let mut seat = stage.wait(expected);
        stage.router.route(incoming);
        assert_eq!(got(&mut seat), taken.then_some(text), "row {number}");
        assert_eq!(stage.handled().is_empty(), taken, "row {number}");
        assert_eq!(stage.router.waiting(), usize::from(!taken), "row {number}");
        drop(seat);
        stage.router.settled().await;
    }
    assert!(stage.router.waiters.lock().index.is_empty() && stage.router.waiters.lock().by_plugin.is_empty());
}

#[tokio::test]
async fn the_newest_wait_that_fits_goes_first() {
    let stage = stage();
    let mut old = stage.wait(of(ANN));
    let mut anyone = stage.wait(expected(None));
    let mut digits = stage.wait(Expected { pattern: stage.pattern(r"^\d+$"), ..of(ANN) });
    stage.router.route(said("word"));
    assert_eq!((got(&mut digits), got(&mut anyone)), (None, Some("word".to_owned())));
    drop(anyone);
    stage.router.route(said("5"));
    assert_eq!(got(&mut digits).as_deref(), Some("5"));
    drop(digits);
    stage.router.route(said("last"));
    assert_eq!(got(&mut old).as_deref(), Some("last"));
}

#[tokio::test]
async fn what_comes_between_two_waits_is_held_for_the_next_in_order() {
    let stage = stage();
    let mut seat = stage.wait(of(ANN));
    for text in ["one", "two", "three"] {
        stage.router.route(said(text));
    }
    stage.router.route(by("10002", "of another"));
    assert_eq!(got(&mut seat).as_deref(), Some("one"));
    for expected in ["two", "three"] {
        seat = stage.router.wait(of(ANN), Box::new(|| {}), Some(seat), 100).unwrap();
        assert_eq!(got(&mut seat).as_deref(), Some(expected));
    }
    assert_eq!(stage.handled(), ["of another"]);
}

#[tokio::test]
async fn what_nobody_asks_for_any_more_goes_on_in_order() {
    let stage = stage();
    // The handler ends.
    let mut seat = stage.wait(of(ANN));
    ["one", "two", "three"].iter().for_each(|text| stage.router.route(said(text)));
    assert_eq!(got(&mut seat).as_deref(), Some("one"));
    assert!(stage.handled().is_empty());
    drop(seat);
    assert_eq!(stage.handled(), ["two", "three"]);
    stage.router.settled().await;

    // It asks for something else.
    let mut seat = stage.wait(of(ANN));
    ["one", "two", "3"].iter().for_each(|text| stage.router.route(said(text)));
    got(&mut seat).unwrap();
    let digits = Expected { pattern: stage.pattern(r"^\d+$"), ..of(ANN) };
    let mut seat = stage.router.wait(digits, Box::new(|| {}), Some(seat), 100).unwrap();
    assert_eq!(got(&mut seat).as_deref(), Some("3"));
    assert_eq!(stage.handled(), ["two"]);
    drop(seat);
    stage.router.settled().await;

    // It takes too long.
    let mut seat = stage.wait(of(ANN));
    ["one", "two"].iter().for_each(|text| stage.router.route(said(text)));
    got(&mut seat).unwrap();
    stage.clock.advance(PATIENCE);
    stage.router.settled().await;
    stage.router.route(said("three"));
    assert_eq!(stage.handled(), ["two", "three"]);
}

#[tokio::test]
async fn an_answer_that_is_not_taken_any_more_goes_to_the_handlers() {
    let stage = stage();
    let seat = stage.wait(of(ANN));
    ["one", "two"].iter().for_each(|text| stage.router.route(said(text)));
    drop(seat);
    assert_eq!(stage.handled(), ["one", "two"]);
}

#[tokio::test]
async fn waits_are_limited_and_can_be_called_off() {
    let stage = stage();
    let woken = Arc::new(AtomicUsize::new(0));
    let wait = |expected: Expected| {
        let woken = Arc::clone(&woken);
        stage.router.wait(expected, Box::new(move || _ = woken.fetch_add(1, Ordering::SeqCst)), None, 2)
    };
    let mut first = wait(of(ANN)).unwrap();
    let mut second = wait(of("10002")).unwrap();
    assert_eq!(wait(of("10003")).err(), Some(NoSeat::OfPlugin));
    stage
        .router
        .call_off(|expected| expected.users.as_deref() == Some(&[ANN.to_owned()]), "switched off here");
    assert_eq!(got(&mut first).as_deref(), Some("switched off here"));
    assert_eq!((got(&mut second), woken.load(Ordering::SeqCst)), (None, 1));
    let mut third = wait(of("10003")).unwrap();
    stage.router.route(by("10003", "hi"));
    assert_eq!((got(&mut third).as_deref(), woken.load(Ordering::SeqCst)), (Some("hi"), 2));
    stage.router.route(said("for all"));
    assert_eq!(stage.handled(), ["for all"]);
}

#[tokio::test]
async fn users_and_patterns_of_waits_are_bounded() {
    let stage = stage();
    let users: Vec<String> = (0..1000).map(|user| user.to_string()).collect();
    let crowd = || Expected { users: Some(users.clone()), ..expected(None) };
    let wait = |expected| stage.router.wait(expected, Box::new(|| {}), None, MOST);
    let seats: Vec<Seat> = (0..MOST_KEYS / 1000).map(|_| wait(crowd()).unwrap()).collect();
    assert_eq!(wait(crowd()).err(), Some(NoSeat::OfAll));
    drop(seats);
    assert_eq!(stage.router.waiters.lock().keys, 0);
    drop(wait(crowd()).unwrap());

    let fits = stage.wait(expected(None));
    let numbered = |number| Expected { pattern: stage.pattern(&format!("^no {number}$")), ..expected(None) };
    let seats: Vec<Seat> = (0..2 * TRIED).map(|number| wait(numbered(number)).unwrap()).collect();
    stage.router.route(said("no 0"));
    stage.router.route(said(&format!("no {}", 2 * TRIED - 1)));
    assert_eq!(stage.router.waiting(), 2 * TRIED - 1, "only the newest patterns are tried");
    drop((fits, seats));
}

fn switch(stage: &Stage, place: &str, on: Option<bool>) {
    stage.router.present.load().rules.switches.say("p", place, on);
}

#[tokio::test]
async fn nobody_is_waited_for_where_the_plugin_is_off() {
    let stage = stage();
    let elsewhere = || Expected { chat: Chat::Private(ANN.to_owned()), ..of(ANN) };
    let (mut here, mut there) = (stage.wait(of(ANN)), stage.wait(elsewhere()));
    switch(&stage, "90001/group/20001", Some(false));
    // Already now, before the wait is told.
    stage.router.route(said("hi"));
    assert_eq!((got(&mut here), stage.handled().len()), (None, 0));
    stage.router.end_waits(Some("other"));
    assert_eq!(got(&mut here), None);
    stage.router.end_waits(Some("p"));
    assert!(got(&mut here).unwrap().contains("switched off in that chat"));
    assert_eq!(got(&mut there), None, "it is on there");
    let refused = stage.router.wait(of(ANN), Box::new(|| {}), None, 100).err();
    assert!(matches!(refused, Some(NoSeat::Off(_))), "{refused:?}");

    switch(&stage, crate::router::EVERYWHERE, Some(false));
    stage.router.end_waits(Some("p"));
    assert!(got(&mut there).is_some());
    assert_eq!(stage.router.waiting(), 0);
}

#[tokio::test]
async fn the_owners_lists_count_for_waits_too() {
    let stage = stage();
    let mut seat = stage.wait(expected(None));
    let text = format!("[plugin.p.access]\ndeny_users = ['{ANN}']");
    let config = Config::parse(&text, std::path::Path::new("iglu.toml")).unwrap();
    stage.router.settle((&config).into());
    stage.router.route(said("denied"));
    assert_eq!(got(&mut seat), None);
    stage.router.route(by("10002", "hi"));
    assert_eq!(got(&mut seat).as_deref(), Some("hi"));

    let mut seat = stage.wait(expected(None));
    let off = Config::parse("[plugin.p]\noff = ['20001']", std::path::Path::new("iglu.toml")).unwrap();
    stage.router.settle((&off).into());
    assert!(got(&mut seat).unwrap().contains("switched off"));
}

#[tokio::test]
async fn what_is_held_back_is_not_lost_when_waits_are_called_off() {
    let stage = stage();
    let mut seat = stage.wait(of(ANN));
    ["one", "two"].iter().for_each(|text| stage.router.route(said(text)));
    assert_eq!(got(&mut seat).as_deref(), Some("one"));
    stage.router.call_off(|_| true, "all off");
    drop(seat);
    assert_eq!(stage.handled(), ["two"]);
}
