//! Frames that no right-minded peer sends: bounded time, no panic, and what can be kept is kept.

use std::time::{Duration, Instant};

use super::*;
use crate::model::{EventBody, Segment};

fn message(content: &Value) -> Value {
    json!({
        "post_type": "message", "message_type": "group", "sub_type": "normal", "group_id": 1, "user_id": 2,
        "message_id": 3, "self_id": 3_892_215_616_i64, "time": 1_747_107_600, "message": content,
        "sender": {"user_id": 2, "nickname": "n", "card": "c", "role": "member"},
    })
}

/// Debug builds on busy machines; what grows with the square of its input takes minutes.
const BOUND: Duration = Duration::from_secs(20);

#[test]
fn what_is_no_json_is_named_with_its_place() {
    let whole = payload("message_group_normal_text");
    let mut texts = vec![
        r#"{"status":"ok","retcode":0,"data":null,}"#.to_owned(),
        "{status:'ok',retcode:0}".to_owned(),
        "{\"status\":\"ok\", // fine\n\"retcode\":0}".to_owned(),
        "/* hello */{\"retcode\":0}".to_owned(),
        r#"{"retcode":0x10}"#.to_owned(),
        r#"{"retcode":+1}"#.to_owned(),
        r#"{"retcode":.5}"#.to_owned(),
        r#"{"retcode":NaN}"#.to_owned(),
        r#"{"retcode":Infinity}"#.to_owned(),
        "{\"message\":\"a\nb\",\"retcode\":0}".to_owned(),
        "Invalid JSON".to_owned(),
        "<html></html>".to_owned(),
        "\u{0}".to_owned(),
        whole.clone() + &whole,
    ];
    // Half frames: cut anywhere.
    let cuts = (0..whole.trim_end().len()).filter(|at| whole.is_char_boundary(*at));
    texts.extend(cuts.map(|at| whole[..at].to_owned()));
    for text in texts {
        match wire::frame(&text, |_| ()) {
            Err(Bad::Json(reason)) => assert!(reason.contains("line"), "{reason}"),
            other => panic!("{other:?}: {text}"),
        }
    }
}

#[test]
fn bytes_that_are_no_text_cost_no_more_than_themselves() {
    let text = payload("message_group_normal_text");
    for at in 0..text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[at] = 0xFF;
        let lossy = String::from_utf8_lossy(&bytes);
        if let Some(Decoded::Events(events)) = decoded(&lossy, &mut Memory::default()) {
            assert_eq!(&*events[0].original, lossy);
        }
    }
}

#[test]
fn ten_thousand_segments_are_read_in_order() {
    let begun = Instant::now();
    let content: Vec<Value> =
        (0..10_000).map(|number| json!({"type": "text", "data": {"text": format!("{number} ")}})).collect();
    let found = events("many", &message(&json!(content)).to_string());
    let read = found[0].message().unwrap();
    assert_eq!(read.content.len(), 10_000);
    assert_eq!(read.content[9_999], Segment::Text("9999 ".to_owned()));
    assert!(read.text.starts_with("0 1 2 ") && read.text.ends_with("9999"));

    let codes: String = (0..10_000).map(|number| format!("[CQ:at,qq={number}]")).collect();
    let found = events("many codes", &message(&json!(codes)).to_string());
    assert_eq!(found[0].message().unwrap().content.len(), 10_000);
    let broken = "[CQ:at,qq=1".repeat(10_000);
    let found = events("many broken codes", &message(&json!(broken)).to_string());
    assert_eq!(found[0].message().unwrap().text, broken);
    let nodes: Vec<Value> =
        (0..10_000).map(|n| json!({"type": "node", "data": {"user_id": n, "content": "x"}})).collect();
    let found = events("many nodes", &message(&json!(nodes)).to_string());
    let Segment::Forward(forward) = &found[0].message().unwrap().content[0] else { panic!() };
    assert_eq!(forward.nodes.len(), 10_000);
    assert!(begun.elapsed() < BOUND, "{:?}", begun.elapsed());
}

/// Strings in which every code seems to begin and none ends well.
#[test]
fn broken_codes_take_time_in_proportion() {
    let begun = Instant::now();
    for (piece, end) in
        [("[CQ:", ""), ("[CQ:", "]"), ("[CQ:x,a=", ",b]"), ("[CQ:x,a", "]"), ("[CQ:x,a=1,", "]"), ("&", "]")]
    {
        let text = piece.repeat(200_000) + end;
        let found = events("codes", &message(&json!(text)).to_string());
        let read = found[0].message().unwrap();
        assert_eq!((read.text.as_str(), read.content.len()), (text.as_str(), 1), "{piece}");
    }
    assert!(begun.elapsed() < BOUND, "{:?}", begun.elapsed());
}

#[test]
fn an_object_of_a_hundred_thousand_keys_is_read_in_time() {
    let begun = Instant::now();
    let mut event = message(&json!([{"type": "text", "data": {"text": "x"}}]));
    for number in 0..100_000 {
        event[format!("k{number}")] = json!(number);
    }
    let found = events("wide", &event.to_string());
    assert_eq!(found[0].message().unwrap().text, "x");
    assert!(begun.elapsed() < BOUND, "{:?}", begun.elapsed());
}

#[test]
fn nesting_ends_somewhere() {
    let begun = Instant::now();
    for depth in [60, 120, 130, 10_000, 1_000_000] {
        let text = message(&json!("@")).to_string();
        let deep = text.replace("\"@\"", &format!("{}{}", "[".repeat(depth), "]".repeat(depth)));
        match wire::frame(&deep, |_| ()) {
            Ok(()) => assert!(matches!(events("deep", &deep)[0].event.body, EventBody::Message(_))),
            Err(Bad::Json(reason)) => assert!(depth > 100 && reason.contains("recursion"), "{reason}"),
            Err(Bad::Neither) => panic!("{depth}"),
        }
    }
    assert!(begun.elapsed() < BOUND, "{:?}", begun.elapsed());
}

/// The content of a forward's node is JSON in JSON, whose escapes would double with each level.
#[test]
fn nested_forwards_of_strings_do_not_blow_up() {
    let begun = Instant::now();
    let mut content = json!("\"\\".repeat(50_000));
    for _ in 0..25 {
        content = json!([{"type": "forward", "data": {"id": "1", "content": [{"user_id": 1, "message": content}]}}]);
    }
    let text = message(&content).to_string();
    let body = serde_json::to_string(&events("nested", &text)[0].event.body).unwrap();
    assert!(body.len() < 40 * text.len(), "{} of {}", body.len(), text.len());
    assert!(begun.elapsed() < BOUND, "{:?}", begun.elapsed());
}

/// Each field of each event in turn is missing, or of every other type.
#[test]
fn no_field_is_trusted() {
    let odd = [
        Value::Null,
        json!(true),
        json!(-1),
        json!(0),
        json!(1.5),
        json!(1e300),
        json!(u64::MAX),
        json!(""),
        json!("0"),
        json!("x"),
        json!([]),
        json!([[]]),
        json!({}),
        json!({"type": "text"}),
    ];
    let mut tried = 0;
    for (name, text) in super::samples::events() {
        let whole: Value = serde_json::from_str(&text).unwrap();
        for key in whole.as_object().unwrap().keys() {
            let mut without = whole.clone();
            without.as_object_mut().unwrap().shift_remove(key);
            let mut changed = vec![without];
            changed.extend(odd.iter().map(|value| {
                let mut changed = whole.clone();
                changed[key] = value.clone();
                changed
            }));
            for event in changed {
                let text = event.to_string();
                let read = decoded(&text, &mut Memory::default());
                assert!(read.is_some() || key == "post_type", "{name}: {text}");
                if let Some(Decoded::Events(events)) = read {
                    assert!(!events.is_empty(), "{name}: {text}");
                    for one in events {
                        assert!(one.event.time > 0.0, "{name}: {text}");
                        serde_json::to_string(&one.event.body).unwrap();
                    }
                }
                tried += 1;
            }
        }
    }
    assert!(tried > 5_000, "{tried}");
}

/// What lacks the field that its case is about is no event of that case.
#[test]
fn an_event_without_what_it_is_about_is_kept_as_it_is() {
    let needed = [
        ("notice/group_upload", "file"),
        ("notice/group_admin/set", "user_id"),
        ("notice/group_admin/set", "sub_type"),
        ("notice/group_decrease/leave", "group_id"),
        ("notice/group_increase/approve", "user_id"),
        ("notice/group_ban/ban", "user_id"),
        ("notice/friend_add", "user_id"),
        ("notice/group_recall", "message_id"),
        ("notice/friend_recall", "message_id"),
        ("notice/group_card", "user_id"),
        ("notice/group_msg_emoji_like", "likes"),
        ("notice/notify/poke", "sub_type"),
        ("notice/online_file_send/refuse", "peer_id"),
        ("request/friend", "flag"),
        ("request/group/add", "sub_type"),
        ("message/group/normal", "group_id"),
    ];
    let samples = super::samples::events();
    for (name, key) in needed {
        let (_, text) = samples.iter().find(|(sample, _)| *sample == name).unwrap();
        let mut event: Value = serde_json::from_str(text).unwrap();
        event.as_object_mut().unwrap().shift_remove(key);
        let text = event.to_string();
        match &events(name, &text)[0].event.body {
            EventBody::Other(kept) => assert_eq!(kept.data, text, "{name} without {key}"),
            other => panic!("{name} without {key} is {other:?}"),
        }
    }
}
