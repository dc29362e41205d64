//! Commands: finding one of a thousand and parsing what stands after it, beside a bare look-up and split.

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use iglu::bot::Bots;
use iglu::clock::Clock;
use iglu::config::Config;
use iglu::model::Incoming;
use iglu::plugin::mailbox::Mailbox;
use iglu::plugin::manifest::Manifest;
use iglu::router::{Listener, Router};
use serde_json::{Value, json};

use crate::inside::message;
use crate::{median, row};

const PLUGINS: usize = 100;
const EACH: usize = 10;
const ROUNDS: usize = 100;
const BATCH: usize = 500;

pub(crate) fn run() {
    let texts: Vec<String> = (0..BATCH)
        .map(|n| {
            format!("/do{}x{} 12 \"two words\" --times 3 --loud the rest of it", n * 7 % PLUGINS, n % EACH)
        })
        .collect();
    let bare = bare(&texts);
    row("bare: look a command up in a HashMap, split the words", &format!("{:.0} ns", bare * 1e9), "");
    let untyped = route(&texts, &json!({}));
    row("1000 commands of 100 plugins: match, words", &format!("{:.0} ns", untyped * 1e9), "");
    let typed = route(
        &texts,
        &json!({
            "arguments": [{"name": "n", "kind": "integer", "min": 0}, {"name": "words"}, {"name": "text", "kind": "rest"}],
            "options": [{"name": "times", "kind": "integer", "default": 1}, {"name": "loud", "kind": "flag"}],
        }),
    );
    row("... match and parse two arguments, two options, a rest", &format!("{:.0} ns", typed * 1e9), "");
    row("match and parse / bare", &format!("{:.1}", typed / bare), "");
}

/// Seconds for each text: the name's first word is looked up, the rest is split at white space.
fn bare(texts: &[String]) -> f64 {
    let names = (0..PLUGINS).flat_map(|plugin| (0..EACH).map(move |n| format!("do{plugin}x{n}")));
    let table: HashMap<String, usize> = names.zip(0..).collect();
    let mut batches: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let begun = Instant::now();
            for text in texts {
                let (name, rest) = text[1..].split_once(' ').unwrap_or((&text[1..], ""));
                let words: Vec<String> = rest.split_whitespace().map(str::to_owned).collect();
                black_box((table.get(name), words));
            }
            begun.elapsed().as_secs_f64() / texts.len() as f64
        })
        .collect();
    median(&mut batches)
}

/// Seconds that the router takes for each text, its job in the plugin's mailbox included. Every command has the names of
/// its plugin and, besides, this declaration.
fn route(texts: &[String], declared: &Value) -> f64 {
    let config =
        Config::parse("", std::path::Path::new("iglu.toml")).expect("an empty configuration is right");
    let router = Router::new((&config).into(), Arc::new(Bots::default()), Clock::default());
    let mailboxes: Vec<_> = (0..PLUGINS).map(|_| Arc::new(Mailbox::new(64 << 20))).collect();
    let listener = |(plugin, mailbox): (usize, &Arc<Mailbox>)| {
        let command = |n: usize| {
            let name = format!("do{plugin}x{n}");
            let mut command = declared.clone();
            command["name"] = json!(name);
            json!({"name": name, "on": {"command": command}})
        };
        let handlers: Vec<_> = (0..EACH).map(command).collect();
        let manifest = json!({"id": format!("p{plugin}"), "handlers": handlers}).to_string();
        let manifest = Arc::new(Manifest::parse(&manifest).expect("the manifest is right"));
        Listener { id: format!("p{plugin}").into(), manifest, mailbox: Arc::clone(mailbox) }
    };
    router.listen(mailboxes.iter().enumerate().map(listener).collect());
    let mut batches: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let events: Vec<Incoming> = texts.iter().map(|text| message(text)).collect();
            let begun = Instant::now();
            for event in events {
                router.route(black_box(event));
            }
            let took = begun.elapsed().as_secs_f64() / texts.len() as f64;
            let queued: usize = mailboxes.iter().map(|mailbox| mailbox.drain().len()).sum();
            assert_eq!(queued, texts.len(), "every text is a command that fits");
            took
        })
        .collect();
    median(&mut batches)
}
