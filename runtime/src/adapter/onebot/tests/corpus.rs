//! Every recorded event against its expected value, and the recordings' own consistency.

use std::collections::BTreeMap;

use super::super::cq;
use super::*;
use crate::adapter::corpus::resolve;
use crate::adapter::node::Node;
use crate::model::EventBody;

#[test]
fn every_document_of_the_corpus_has_its_expected_value() {
    let table = expected::table();
    let expected: BTreeMap<_, _> = table.iter().cloned().collect();
    assert_eq!(expected.len(), table.len(), "each file stands once");
    let files = payloads("onebot");
    for (name, text) in &files {
        let wanted = expected.get(name.as_str()).unwrap_or_else(|| panic!("no expected value for {name}"));
        let mut wanted = resolve(wanted, &serde_json::from_str(text).unwrap());
        if wanted["data"]["data"] == expected::WHOLE {
            wanted["data"]["data"] = json!(text);
        }
        assert_eq!(observed(name, text), wanted, "{name}");
    }
    assert_eq!(files.len(), expected.len(), "every expected value belongs to a file");
}

#[test]
fn messages_inside_answers_have_their_expected_values() {
    for (name, pointer, wanted) in expected::answers::messages() {
        let payload: Value = serde_json::from_str(&payload(name)).unwrap();
        let text = payload.pointer(pointer).unwrap().to_string();
        let found = wire::document(&text, |node| decode::read_message(&node, ME, &Memory::default()));
        assert_eq!(serde_json::to_value(found.unwrap()).unwrap(), wanted, "{name}");
    }
}

#[test]
fn a_heartbeat_may_lack_everything() {
    let odd =
        r#"{"post_type":"meta_event","meta_event_type":"heartbeat","status":{"good":true},"interval":-1}"#;
    assert_eq!(observed("odd", odd), json!({"link": {"online": null, "interval": null}}));
}

#[test]
fn every_block_of_the_recordings_is_read() {
    let document = std::fs::read_to_string(corpus_dir().join("onebot/recordings.md")).unwrap();
    let blocks: Vec<&str> =
        document.split("```json\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    let mut kinds = BTreeMap::new();
    for block in &blocks {
        let value: Value = serde_json::from_str(block).unwrap();
        let kind = wire::frame(block, |frame| match frame {
            Frame::Event(_) => match decoded(block, &mut Memory::default()) {
                Some(Decoded::Events(events)) => {
                    assert!(matches!(events[0].event.body, EventBody::Message(_)), "{block}");
                    "message"
                }
                Some(_) => "meta",
                None => panic!("{block}"),
            },
            Frame::Response(response) => {
                assert_eq!(response.echo.as_deref(), Some("123"));
                assert_eq!(response.outcome.ok, value["status"] == "ok");
                "answer"
            }
        });
        *kinds.entry(kind.unwrap_or("request")).or_insert(0) += 1;
    }
    assert_eq!(kinds, BTreeMap::from([("meta", 2), ("message", 10), ("answer", 2), ("request", 1)]));
}

#[test]
fn the_cq_form_of_a_recording_is_its_raw_message() {
    // NapCat leaves out a private file's address, and what it writes of nested content is no use to anybody.
    let odd = ["message_private_friend_file", "message_group_forward_with_content"];
    let mut compared = 0;
    for (name, text) in payloads("onebot") {
        let nodes: Node<'_> = serde_json::from_str(&text).unwrap();
        let (raw, message) = (nodes.at("raw_message"), nodes.at("message"));
        if let (Some(raw), Node::List(segments)) = (raw.as_str(), message) {
            if odd.contains(&name.as_str()) {
                assert_ne!(cq::encode(segments), raw, "{name}");
            } else {
                assert_eq!(cq::encode(segments), raw, "{name}");
                compared += 1;
            }
        }
    }
    assert!(compared > 20);
}

/// Both formats of one message say the same, where the string has room for it.
#[test]
fn the_string_format_gives_the_same_content() {
    let mut lossy: BTreeMap<_, _> = expected::strings::table().into_iter().collect();
    let mut compared = 0;
    for (name, text) in payloads("onebot") {
        let mut value: Value = serde_json::from_str(&text).unwrap();
        if !value["message"].is_array() || !value["raw_message"].is_string() {
            continue;
        }
        value["message"] = value["raw_message"].clone();
        value["message_format"] = json!("string");
        let mut wanted = observed(&name, &text);
        if let Some(content) = lossy.remove(name.as_str()) {
            assert_ne!(wanted["data"]["content"], content, "{name} is not lossy");
            wanted["data"]["content"] = content;
        }
        assert_eq!(observed(&name, &value.to_string()), wanted, "{name}");
        compared += 1;
    }
    assert!(compared > 25 && lossy.is_empty(), "{compared} compared, without a file: {lossy:?}");
}
