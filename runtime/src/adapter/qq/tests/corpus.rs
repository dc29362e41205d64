//! Every document of the corpus against its expected value.

use std::collections::BTreeMap;

use super::expected::{self, Expected, Other};
use super::*;
use crate::adapter::corpus::resolve;

/// Takes the text of `d` out of a body, after a look at it.
fn without_data(body: &mut Value, text: &str, payload: &Value) {
    for pointer in ["/data/data", "/data/data/data"] {
        let Some(data @ Value::String(_)) = body.pointer_mut(pointer) else { continue };
        let said = data.as_str().unwrap();
        assert!(text.contains(said), "it stands in the frame as it is: {said}");
        assert_eq!(serde_json::from_str::<Value>(said).unwrap(), payload["d"]);
        *data = json!(expected::WHOLE);
    }
}

#[test]
fn every_document_of_the_corpus_has_its_expected_value() {
    let table = expected::table();
    let others = expected::others::table();
    let mut names: Vec<_> =
        table.iter().map(|row| row.name).chain(others.iter().map(|(name, _)| *name)).collect();
    names.sort_unstable();
    let files = payloads();
    assert_eq!(names, files.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>());
    let texts: BTreeMap<_, _> = files.into_iter().collect();
    for Expected { name, time, answer, body } in table {
        let text = &texts[name];
        let payload: Value = serde_json::from_str(text).unwrap();
        let event = fresh(text);
        let mut found = json_of(&event.event.body);
        if !matches!(found["type"].as_str(), Some("message" | "interaction")) {
            without_data(&mut found, text, &payload);
        }
        assert_eq!(found, resolve(&body, &payload), "{name}");
        assert_eq!(event.event.time, time.unwrap_or(RECEIVED as f64), "{name}");
        let named = if answer == AnchorKind::Message { &payload["d"]["id"] } else { &payload["id"] };
        let wanted = Anchor {
            kind: answer,
            id: named.as_str().unwrap().to_owned(),
            received: RECEIVED,
            redelivered: false,
        };
        assert_eq!(*anchor(&event), wanted, "{name}");
        assert_eq!(event.event.bot, bot(), "{name}");
        if !text.contains("auth_token") {
            assert_eq!(&*event.original, text, "{name}: the original is kept byte for byte");
        }
    }
}

#[test]
fn what_is_no_event_for_plugins_is_what_the_table_says() {
    for (name, other) in expected::others::table() {
        let text = payload(name);
        let envelope = Envelope::read(&text).unwrap();
        match other {
            Other::Ignored(reason) => match decoded(&text, &Memory::default()) {
                Decoded::Ignored(found) => assert_eq!(found, reason, "{name}"),
                Decoded::Event(event) => panic!("{name}: {event:?}"),
            },
            Other::Control(op) => {
                assert_eq!(envelope.op(), Some(op), "{name}");
                assert_ne!(op, 0, "{name}: a dispatch has its expected value");
            }
            Other::Request(path) | Other::Answer(path) => {
                assert_eq!((envelope.op(), envelope.kind()), (None, ""), "{name}");
                assert!(path.starts_with("/") || path == "any", "{name}");
            }
        }
    }
}

#[test]
fn no_secret_leaves_the_decoder() {
    let mut with_secrets = 0;
    for (name, text) in payloads() {
        let Some(at) = text.find("auth_token=") else { continue };
        let known = text[at..].split('"').next().unwrap();
        let text = text.replace(known, "auth_token=SECRET==");
        let event = fresh(&text);
        assert_eq!(*event.original, text.replace("SECRET==", "***"), "{name}: every other byte is the same");
        assert!(!format!("{event:?} {:?}", anchor(&event)).contains("SECRET"), "{name}");
        with_secrets += 1;
    }
    assert!(with_secrets >= 3);
}
