//! The parts: a call, an instance, a match.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use iglu::bot::Bots;
use iglu::clock::Clock;
use iglu::config::Config;
use iglu::model::{Bot, Chat, Event, EventBody, Incoming, Message, Role, Segment, User};
use iglu::plugin::mailbox::Mailbox;
use iglu::plugin::manifest::Manifest;
use iglu::plugin::probe::Probe;
use iglu::router::{Listener, Router};
use iglu_tests::fixtures::plugin_dir;
use serde_json::json;

use crate::{median, row, us};

pub(crate) async fn run() -> anyhow::Result<()> {
    let probe = Probe::new(&plugin_dir().join("bystander.wasm"))?;
    let event = message("hello there, nobody is meant");
    let call = median(&mut probe.call("ignore", &event, 200, 500).await?);
    row("call into a plugin that ignores the event", &format!("{:.2} us", us(call)), "bar: at most 4 us");
    let instantiate = median(&mut probe.instantiate(500).await?);
    row("instantiate, store included", &format!("{:.0} us", us(instantiate)), "bar: at most 100 us");

    let (one, hundred) = (no_match(1), no_match(100));
    row("a message that matches none of 10 commands of 1 plugin", &format!("{:.0} ns", one * 1e9), "");
    row("... none of 1000 commands of 100 plugins", &format!("{:.0} ns", hundred * 1e9), "");
    row("100 plugins / 1 plugin", &format!("{:.2}", hundred / one), "bar: at most 3.0");
    Ok(())
}

/// Seconds that the router takes for a message that nobody asked for.
fn no_match(plugins: usize) -> f64 {
    let config =
        Config::parse("", std::path::Path::new("iglu.toml")).expect("an empty configuration is right");
    let router = Router::new((&config).into(), Arc::new(Bots::default()), Clock::default());
    let listener = |plugin: usize| {
        let command = |n: usize| {
            let name = format!("do{plugin}x{n}");
            json!({"name": name, "on": {"command": {"name": name, "aliases": [format!("alias{plugin}x{n}")]}}})
        };
        let handlers: Vec<_> = (0..10).map(command).collect();
        let manifest = json!({"id": format!("p{plugin}"), "handlers": handlers}).to_string();
        let manifest = Arc::new(Manifest::parse(&manifest).expect("the manifest is right"));
        Listener { id: format!("p{plugin}").into(), manifest, mailbox: Arc::new(Mailbox::new(1 << 20)) }
    };
    router.listen((0..plugins).map(listener).collect());
    let mut batches: Vec<f64> = (0..200)
        .map(|_| {
            let events: Vec<Incoming> = (0..500).map(|_| message("/nothing that anybody knows")).collect();
            let begun = Instant::now();
            for event in events {
                router.route(black_box(event));
            }
            begun.elapsed().as_secs_f64() / 500.0
        })
        .collect();
    median(&mut batches)
}

fn message(text: &str) -> Incoming {
    message_by("5079132", text)
}

/// A message of this user in a group.
pub(crate) fn message_by(user: &str, text: &str) -> Incoming {
    let sender =
        User { card: Some(String::new()), role: Role::Member, ..User::named(user, "东风寄千愁") };
    let message = Message {
        time: 1_747_107_314.0,
        sequence: Some("20471".to_owned()),
        sub_kind: Some("normal".to_owned()),
        content: vec![Segment::Text(text.to_owned())],
        text: text.to_owned(),
        raw: text.to_owned(),
        ..Message::blank("2096329721", Chat::Group("757951413".to_owned()), sender)
    };
    let bot = Bot {
        id: "3892215616".to_owned(),
        platform: "onebot".to_owned(),
        nickname: "bot".to_owned(),
        online: true,
    };
    let id = "event-1".to_owned();
    let event =
        Event { id, bot, time: 1_747_107_314.0, redelivered: false, body: EventBody::Message(message) };
    Incoming::new(event.into(), "{}")
}
