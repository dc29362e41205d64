//! Whatever comes in, decoding answers.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::{Map, Value};

use super::*;

const ROUNDS: usize = 20_000;
const SEED: u64 = 0x1617;

/// Everything the adapter does to a frame before an event leaves it.
fn digest(text: &str, memory: &mut Memory) {
    if let Some(Decoded::Events(events)) = decoded(text, memory) {
        for event in &events {
            assert_eq!(&*event.original, text);
            serde_json::to_string(&event.event.body).unwrap();
        }
    }
    let _ = wire::frame(text, |frame| {
        if let Frame::Response(response) = frame {
            let _ = wire::value(&response.outcome.data);
            let _ = wire::document(&response.outcome.data, |node| decode::read_message(&node, ME, memory));
        }
    });
}

fn checked(text: &str, memory: &mut Memory, what: &str) {
    let outcome = catch_unwind(AssertUnwindSafe(|| digest(text, memory)));
    assert!(outcome.is_ok(), "{what} panics on:\n{text}");
}

#[test]
fn every_payload_and_20_000_mutations_of_them_are_survived() {
    let mut corpus = payloads("onebot");
    corpus.extend(payloads("qq-official"));
    let mut memory = Memory::default();
    for (name, text) in &corpus {
        checked(text, &mut memory, name);
    }
    let mut random = fastrand::Rng::with_seed(SEED);
    let mut readable = 0;
    for round in 0..ROUNDS {
        let (name, text) = &corpus[random.usize(..corpus.len())];
        let other = &corpus[random.usize(..corpus.len())].1;
        let mutated = mutate(text, other, &mut random);
        readable += usize::from(wire::frame(&mutated, |_| ()).is_ok());
        checked(&mutated, &mut memory, &format!("{name}, mutation {round}"));
    }
    assert!((ROUNDS / 10..ROUNDS).contains(&readable), "mutations reach past the JSON reader: {readable}");
}

fn mutate(text: &str, other: &str, random: &mut fastrand::Rng) -> String {
    match random.u8(..7) {
        0 => {
            let mut bytes = text.as_bytes().to_vec();
            for _ in 0..random.usize(1..8) {
                let at = random.usize(..bytes.len());
                bytes[at] ^= 1 << random.u8(..8);
            }
            String::from_utf8_lossy(&bytes).into_owned()
        }
        1 => String::from_utf8_lossy(&text.as_bytes()[..random.usize(..text.len())]).into_owned(),
        2 => {
            let (a, b) = (random.usize(..text.len()), random.usize(..other.len()));
            let spliced = [&text.as_bytes()[..a], &other.as_bytes()[b..]].concat();
            String::from_utf8_lossy(&spliced).into_owned()
        }
        _ => {
            let mut value: Value = serde_json::from_str(text).unwrap();
            let donor: Value = serde_json::from_str(other).unwrap();
            for _ in 0..random.usize(1..4) {
                change(&mut value, &donor, random);
            }
            value.to_string()
        }
    }
}

/// Deletes a key, or gives a value of another type, somewhere in the document.
fn change(value: &mut Value, donor: &Value, random: &mut fastrand::Rng) {
    let descend = random.u8(..4) > 0;
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            let key = fields.keys().nth(random.usize(..fields.len())).unwrap().clone();
            if descend && (fields[&key].is_object() || fields[&key].is_array()) {
                change(&mut fields[&key], donor, random);
            } else if random.bool() {
                fields.remove(&key);
            } else {
                fields[&key] = odd(donor, random);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            let at = random.usize(..items.len());
            if descend { change(&mut items[at], donor, random) } else { items[at] = odd(donor, random) }
        }
        other => *other = odd(donor, random),
    }
}

fn odd(donor: &Value, random: &mut fastrand::Rng) -> Value {
    match random.u8(..14) {
        0 => Value::Null,
        1 => Value::Bool(random.bool()),
        2 => Value::from(random.i64(..)),
        3 => Value::from(random.u64(..)),
        4 => Value::from(f64::from_bits(random.u64(..))),
        5 => Value::from(1.5),
        6 => Value::from(""),
        7 => Value::from("[CQ:reply,id=1][CQ:at,qq=3892215616][CQ:x,[CQ:forward,content=[]&#91;&amp;"),
        8 => Value::from("\u{0}\u{feff}\u{202e}🎲"),
        9 => Value::from("9".repeat(random.usize(1..40))),
        10 => Value::Array(Vec::new()),
        11 => Value::Object(Map::new()),
        12 => Value::from(vec![donor.clone(); 3]),
        _ => donor.clone(),
    }
}
