//! Whatever comes in, decoding answers, and no event is lost.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::Map;

use super::*;

const ROUNDS: usize = 20_000;
const SEED: u64 = 0x1617;

/// The values that a field is given in turn.
fn odd_values() -> Vec<Value> {
    vec![
        Value::Null,
        Value::from(true),
        Value::from(-1),
        Value::from(u64::MAX),
        Value::from(1e300),
        Value::from(1.5),
        Value::from(""),
        Value::from("x".repeat(20_000)),
        Value::from("<".repeat(5_000)),
        Value::from("<faceType=1,faceId=\"".repeat(500)),
        Value::from("\u{0}\u{feff}\u{202e}🎲&lt;<@"),
        Value::Array(vec![Value::Array(Vec::new()), Value::Null, Value::from("=")]),
        Value::Object(Map::new()),
        Value::from(vec![Value::Object(Map::new()); 100]),
    ]
}

fn pointers(value: &Value, prefix: &str, all: &mut Vec<String>) {
    let inside: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(at, item)| (at.to_string(), item)).collect(),
        _ => return,
    };
    for (key, value) in inside {
        let pointer = format!("{prefix}/{key}");
        pointers(value, &pointer, all);
        all.push(pointer);
    }
}

fn remove(value: &mut Value, pointer: &str) {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match value.pointer_mut(parent).unwrap() {
        Value::Object(fields) => drop(fields.shift_remove(key)),
        Value::Array(items) => drop(items.remove(key.parse().unwrap())),
        _ => {}
    }
}

/// What the adapter does to a frame before an event leaves it.
fn digest(text: &str) -> Option<Decoded> {
    let bot = bot();
    let envelope = Envelope::read(text).ok()?;
    let memory = Memory::default();
    let context = Context { bot, memory: &memory, came: NOW };
    let decoded = decode::event(&envelope, text, context);
    if let Decoded::Event(event) = &decoded {
        serde_json::to_string(&event.event.body).unwrap();
    }
    Some(decoded)
}

fn survives(text: &str, what: &str) -> Option<Decoded> {
    catch_unwind(AssertUnwindSafe(|| digest(text)))
        .unwrap_or_else(|_| panic!("{what} panics on:\n{text:.2000}"))
}

/// Each field of each event missing, null, of a wrong type, or huge.
#[test]
fn an_event_with_any_one_field_wrong_is_still_an_event() {
    for (name, text) in payloads() {
        let payload: Value = serde_json::from_str(&text).unwrap();
        if payload["op"] != 0 || !matches!(survives(&text, &name), Some(Decoded::Event(_))) {
            continue;
        }
        let mut all = Vec::new();
        pointers(&payload, "", &mut all);
        for pointer in all {
            let mut changed = payload.clone();
            remove(&mut changed, &pointer);
            let mut variants = vec![changed];
            variants.extend(odd_values().into_iter().map(|odd| {
                let mut changed = payload.clone();
                *changed.pointer_mut(&pointer).unwrap() = odd;
                changed
            }));
            for variant in variants {
                let what = format!("{name} at {pointer}");
                let decoded = survives(&variant.to_string(), &what);
                let by_a_bot = variant.pointer("/d/author/bot") == Some(&Value::from(true));
                assert!(
                    by_a_bot || matches!(decoded, Some(Decoded::Event(_))),
                    "{what} is lost: {decoded:?}"
                );
            }
        }
    }
}

#[test]
fn every_payload_and_20_000_mutations_of_them_are_survived() {
    let corpus = payloads();
    let mut random = fastrand::Rng::with_seed(SEED);
    let mut events = 0;
    for round in 0..ROUNDS {
        let (name, text) = &corpus[random.usize(..corpus.len())];
        let other = &corpus[random.usize(..corpus.len())].1;
        let mutated = mutate(text, other, &mut random);
        let decoded = survives(&mutated, &format!("{name}, mutation {round}"));
        events += usize::from(matches!(decoded, Some(Decoded::Event(_))));
    }
    assert!((ROUNDS / 10..ROUNDS).contains(&events), "mutations reach past the JSON reader: {events}");
}

fn mutate(text: &str, other: &str, random: &mut fastrand::Rng) -> String {
    match random.u8(..5) {
        0 => {
            let mut bytes = text.as_bytes().to_vec();
            for _ in 0..random.usize(1..8) {
                let at = random.usize(..bytes.len());
                bytes[at] ^= 1 << random.u8(..8);
            }
            String::from_utf8_lossy(&bytes).into_owned()
        }
        1 => String::from_utf8_lossy(&text.as_bytes()[..random.usize(..text.len())]).into_owned(),
        _ => {
            let mut value: Value = serde_json::from_str(text).unwrap();
            let donor: Value = serde_json::from_str(other).unwrap();
            for _ in 0..random.usize(1..4) {
                let mut all = Vec::new();
                pointers(&value, "", &mut all);
                let Some(pointer) = random.choice(&all) else { break };
                if random.bool() {
                    remove(&mut value, pointer);
                } else {
                    let mut parts = Vec::new();
                    pointers(&donor, "", &mut parts);
                    let part = random.choice(&parts).and_then(|part| donor.pointer(part)).unwrap_or(&donor);
                    *value.pointer_mut(pointer).unwrap() = part.clone();
                }
            }
            value.to_string()
        }
    }
}
