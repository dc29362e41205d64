//! What the parts of the adapter do together, on recorded payloads and on real sockets.

mod actions;
mod bad_input;
mod corpus;
mod docs;
mod door;
mod encode;
mod events;
mod expected;
mod files;
mod http;
mod link;
mod mutations;
mod samples;
mod segments;
mod server;

use serde_json::{Value, json};

use super::decode::{self, Context, Decoded};
use super::memory::Memory;
use super::wire::{self, Bad, Frame};
use super::{Sending, Settings, Timings};
use crate::adapter::corpus::folder as corpus_dir;
use crate::model::{Bot, Incoming};

/// The account of most recordings.
const ME: &str = "3892215616";

/// The documents of one folder of the corpus, by file name.
fn payloads(folder: &str) -> Vec<(String, String)> {
    crate::adapter::corpus::payloads(folder, 50)
}

fn payload(name: &str) -> String {
    crate::adapter::corpus::payload(&format!("onebot/{name}"))
}

/// The events that a text is, with nothing known before.
fn events(name: &str, text: &str) -> Vec<Incoming> {
    match decoded(text, &mut Memory::default()) {
        Some(Decoded::Events(events)) => events,
        other => panic!("{name} is {other:?} and no event for plugins"),
    }
}

/// A table with an address and nothing else.
pub(super) fn settings_of(url: &str) -> Settings {
    Settings {
        name: "mine".to_owned(),
        url: Some(url.to_owned()),
        listen: None,
        account: None,
        token: None,
        ca: None,
        sending: Sending::default(),
        timings: Timings::default(),
    }
}

fn bot() -> Bot {
    Bot { id: ME.to_owned(), platform: "onebot".to_owned(), nickname: "bot".to_owned(), online: true }
}

/// Decodes an event frame; `None` for anything else.
fn decoded(text: &str, memory: &mut Memory) -> Option<Decoded> {
    let bot = bot();
    let read = wire::frame(text, |frame| match frame {
        Frame::Event(node) => Some(decode::event(&node, text, &mut Context { bot: &bot, memory })),
        Frame::Response(_) => None,
    });
    read.ok()?
}

/// What the adapter makes of a document, in the words of the table of expected values.
fn observed(name: &str, text: &str) -> Value {
    let answer = wire::frame(text, |frame| match frame {
        Frame::Response(response) => {
            let data = wire::value(&response.outcome.data).unwrap();
            let outcome = response.outcome;
            Some(json!({"answer": {
                "echo": response.echo,
                "ok": outcome.ok,
                "code": outcome.code,
                "message": outcome.message,
                "data": data,
            }}))
        }
        Frame::Event(_) => None,
    });
    match answer {
        Ok(Some(answer)) => return answer,
        Ok(None) => {}
        Err(Bad::Neither) => return json!({"skipped": "neither an event nor an answer"}),
        Err(bad) => panic!("{name}: {bad}"),
    }
    match decoded(text, &mut Memory::default()).unwrap() {
        Decoded::Connected => json!({"link": "connected"}),
        Decoded::Heartbeat { online, interval } => {
            json!({"link": {"online": online, "interval": interval.map(|time| time.as_secs_f64())}})
        }
        Decoded::Events(events) => {
            assert_eq!(events.len(), 1, "{name}");
            let one = &events[0];
            assert_eq!(&*one.original, text, "{name}: the original is kept byte for byte");
            assert_eq!(one.event.bot, bot(), "{name}");
            serde_json::to_value(&one.event.body).unwrap()
        }
    }
}

/// The names of a list of the corpus, sorted; lines with `#` are remarks.
fn corpus_list(file: &str) -> Vec<String> {
    let path = corpus_dir().join("onebot").join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|reason| panic!("{}: {reason}", path.display()));
    let mut names: Vec<_> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_owned)
        .collect();
    names.sort();
    names
}
