//! Every recorded event against its expected value, and the recordings' own consistency.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::super::cq;
use super::super::node::Node;
use super::*;
use crate::model::{EventBody, Incoming, Segment};

fn events(name: &str, text: &str) -> Vec<Incoming> {
    match decoded(text, &mut Memory::default()) {
        Some(Decoded::Events(events)) => events,
        other => panic!("{name} is {other:?} and no event for plugins"),
    }
}

fn read(name: &str) -> String {
    std::fs::read_to_string(corpus_dir().join(format!("onebot/{name}.json"))).unwrap()
}

/// `{"$": pointer}` stands for that value of the payload.
fn resolve(expected: &Value, payload: &Value) -> Value {
    match expected {
        Value::Object(fields) if fields.contains_key("$") => {
            let pointer = fields["$"].as_str().unwrap();
            payload.pointer(pointer).unwrap_or_else(|| panic!("the payload has {pointer}")).clone()
        }
        Value::Object(fields) => fields
            .iter()
            .map(|(key, value)| (key.clone(), resolve(value, payload)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Value::Array(items) => items.iter().map(|item| resolve(item, payload)).collect(),
        scalar => scalar.clone(),
    }
}

#[test]
fn every_recorded_event_has_its_expected_value() {
    let expected: BTreeMap<_, _> = super::expected::table().into_iter().collect();
    let mut seen = 0;
    for (name, text) in payloads("onebot") {
        let is_event =
            ["message_", "notice_", "request_", "event_", "private-"].iter().any(|p| name.starts_with(p));
        if !is_event && name != "meta_lifecycle_enable_standard" {
            continue;
        }
        let wanted = expected.get(name.as_str()).unwrap_or_else(|| panic!("no expected value for {name}"));
        let mut wanted = resolve(wanted, &serde_json::from_str(&text).unwrap());
        if wanted["data"]["data"] == super::expected::WHOLE {
            wanted["data"]["data"] = json!(text);
        }
        let found = events(&name, &text);
        let bodies: Vec<Value> =
            found.iter().map(|one| serde_json::to_value(&one.event.body).unwrap()).collect();
        assert_eq!(bodies, [wanted], "{name}");
        for one in &found {
            assert_eq!(&*one.original, text, "{name}: the original is kept byte for byte");
            assert_eq!(one.event.bot, bot(), "{name}");
        }
        seen += 1;
    }
    assert_eq!(seen, expected.len(), "every expected value belongs to a file");
}

#[test]
fn lifecycle_and_heartbeat_are_for_the_link() {
    let read = |name| decoded(&read(name), &mut Memory::default());
    assert!(matches!(read("meta_lifecycle_connect"), Some(Decoded::Connected)));
    for (name, logged_in) in [("meta_heartbeat", true), ("meta_heartbeat_offline", false)] {
        let Some(Decoded::Heartbeat { online, interval }) = read(name) else { panic!("{name}") };
        assert_eq!((online, interval), (Some(logged_in), Some(Duration::from_secs(30))), "{name}");
    }
    let odd =
        r#"{"post_type":"meta_event","meta_event_type":"heartbeat","status":{"good":true},"interval":-1}"#;
    let Some(Decoded::Heartbeat { online: None, interval: None }) = decoded(odd, &mut Memory::default())
    else {
        panic!()
    };
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
fn the_string_format_gives_the_same_segments() {
    let lossy = [
        "message_private_friend_file",
        "message_group_forward_with_content",
        "message_group_face",
        "message_group_unknown_segment",
        "message_group_debug_raw",
    ];
    let mut compared = 0;
    for (name, text) in payloads("onebot") {
        let mut value: Value = serde_json::from_str(&text).unwrap();
        let is_array = value["message"].is_array() && name.starts_with("message_");
        if !is_array || lossy.contains(&name.as_str()) {
            continue;
        }
        value["message"] = value["raw_message"].clone();
        value["message_format"] = json!("string");
        let (array, string) = (events(&name, &text), events(&name, &value.to_string()));
        assert_eq!(string[0].event.body, array[0].event.body, "{name}");
        compared += 1;
    }
    assert!(compared > 15);
}

fn message(extra: &str) -> String {
    format!(
        r#"{{"post_type":"message","message_type":"group","group_id":1,"user_id":2,"self_id":{ME},"time":1747107600,{extra}}}"#
    )
}

fn key(text: &str, memory: &mut Memory) -> Option<String> {
    match decoded(text, memory) {
        Some(Decoded::Events(events)) => events[0].dedup.clone(),
        _ => None,
    }
}

#[test]
fn messages_are_one_by_chat_and_id() {
    let memory = &mut Memory::default();
    let keys = [
        "\"message_id\":5",
        "\"message_id\":\"5\",\"time\":9",
        "\"message_id\":6",
        "\"message_id\":5,\"group_id\":7",
    ]
    .map(|extra| key(&message(extra), memory).unwrap());
    assert_eq!(keys[0], keys[1]);
    assert!(keys[0] != keys[2] && keys[0] != keys[3]);
    assert_eq!(key(&message("\"message_id\":0"), memory), None);
    assert_eq!(key(&message("\"font\":14"), memory), None);
}

#[test]
fn notices_are_one_by_content_within_the_jitter_of_their_time() {
    let memory = &mut Memory::default();
    let notice = |kind: &str, time: u32| {
        format!(
            r#"{{"post_type":"notice",{kind},"group_id":1,"user_id":2,"target_id":3,"message_id":4,"time":{time}}}"#
        )
    };
    let joined = r#""notice_type":"group_increase","sub_type":"invite""#;
    let first = key(&notice(joined, 100), memory);
    assert!(first.is_some());
    assert_eq!(key(&notice(joined, 102), memory), first, "the kernel's double, stamped later");
    assert_ne!(key(&notice(joined, 160), memory), first, "who left may join again");
    let poke = r#""notice_type":"notify","sub_type":"poke""#;
    assert_ne!(key(&notice(poke, 100), memory), key(&notice(poke, 101), memory), "one may poke twice");
    assert_eq!(key(&notice(poke, 100), memory), key(&notice(poke, 100), memory));
    let recall = r#""notice_type":"group_recall""#;
    assert_eq!(key(&notice(recall, 100), memory), key(&notice(recall, 900), memory), "recalled is recalled");
    let request = |flag: u32, time: u32| {
        format!(
            r#"{{"post_type":"request","request_type":"friend","user_id":2,"flag":"{flag}","time":{time}}}"#
        )
    };
    assert_eq!(key(&request(1, 100), memory), key(&request(1, 200), memory));
    assert_ne!(key(&request(1, 100), memory), key(&request(2, 100), memory));
    let swapped = r#"{"time":160,"message_id":4,"target_id":3,"user_id":2,"group_id":1,"sub_type":"invite","notice_type":"group_increase","post_type":"notice"}"#;
    assert_eq!(key(swapped, memory), key(&notice(joined, 160), memory), "the order of keys does not count");
}

#[test]
fn a_quote_of_the_bots_own_message_is_to_it() {
    let mut memory = Memory::default();
    let quoting = message(r#""message_id":9,"message":"[CQ:reply,id=-7]hi""#);
    let to_me = |memory: &mut Memory| match decoded(&quoting, memory) {
        Some(Decoded::Events(events)) => {
            let message = events[0].message().unwrap();
            let Segment::Reply(quote) = &message.content[0] else { panic!() };
            (message.to_me, quote.sender.clone())
        }
        _ => panic!(),
    };
    assert_eq!(to_me(&mut memory), (false, None));
    let own = format!(
        r#"{{"post_type":"message","message_type":"group","group_id":1,"user_id":{ME},"self_id":{ME},"message_id":-7}}"#
    );
    let Some(Decoded::Events(events)) = decoded(&own, &mut memory) else { panic!() };
    assert!(
        matches!(events[0].event.body, EventBody::MessageSent(_)),
        "`message` by the bot itself is its own"
    );
    assert_eq!(to_me(&mut memory), (true, Some(ME.to_owned())));
}

#[test]
fn a_reaction_with_several_emoji_is_several_events() {
    let text = r#"{"post_type":"notice","notice_type":"group_msg_emoji_like","group_id":1,"user_id":2,"message_id":3,
        "likes":[{"emoji_id":"76","count":1},{"emoji_id":128512}],"time":5}"#;
    let found = events("likes", text);
    let emoji: Vec<_> = found.iter().map(|one| serde_json::to_value(&one.event.body).unwrap()).collect();
    assert_eq!(emoji[0]["data"]["data"]["emoji"], "76");
    assert_eq!(emoji[1]["data"]["data"]["emoji"], "128512");
    assert!(found[0].dedup.is_some() && found[0].dedup != found[1].dedup);
}

#[test]
fn merged_messages_are_read_three_deep() {
    let mut inner = json!([{"type": "text", "data": {"text": "\"core\""}}]);
    for _ in 0..20 {
        inner =
            json!([{"type": "forward", "data": {"id": "7", "content": [{"user_id": 1, "message": inner}]}}]);
    }
    let text = message(&format!(r#""message_id":1,"message":{inner}"#));
    let found = events("nested", &text);
    let mut content = found[0].message().unwrap().content.clone();
    for depth in 0..4 {
        let Segment::Forward(forward) = &content[0] else { panic!("{content:?}") };
        assert_eq!(forward.id.as_deref(), Some("7"));
        assert_eq!(forward.nodes.is_empty(), depth == 3);
        if depth < 3 {
            content = serde_json::from_str(&forward.nodes[0].content).unwrap();
        }
    }
}

#[test]
fn times_in_milliseconds_are_seconds() {
    let text = r#"{"post_type":"notice","notice_type":"friend_add","user_id":1,"time":1747107600123}"#;
    assert_eq!(events("ms", text)[0].event.time, 1_747_107_600.123);
}
