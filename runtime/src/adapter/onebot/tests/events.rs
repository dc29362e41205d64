//! Rules for events that one recording alone does not show.

use std::collections::BTreeMap;

use super::*;
use crate::model::{EventBody, Segment};

#[test]
fn events_without_a_recording_have_their_expected_values() {
    for (name, event, wanted) in samples::made() {
        assert_eq!(observed(name, &event.to_string()), wanted, "{name}: {event}");
    }
}

#[test]
fn every_event_of_the_list_has_a_sample() {
    let list = corpus_list("events.txt");
    let mut samples: BTreeMap<_, _> = samples::events().into_iter().collect();
    for unknown in ["*", "notice/*", "message/*", "request/*"] {
        assert!(samples.remove(unknown).is_some());
    }
    let names: Vec<_> = samples.into_keys().collect();
    assert_eq!(list.iter().map(String::as_str).collect::<Vec<_>>(), names);
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
