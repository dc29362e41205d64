//! Messages as NapCat takes them.

use iglu_sdk::{
    napcat,
    prelude::{HostError, Message, Value, json},
    serde_json,
    testing::Harness,
    types::{ForwardNode, MediaSource, Segment},
};

use crate::{Caller, run};

/// What `send_group_msg` asks for, or why it refuses.
fn sent(message: Message) -> Result<Value, String> {
    let mut bot = Harness::<Caller>::new();
    bot.answer("bots.call", |_| Ok(json!({"message_id": 1})));
    let refused = std::rc::Rc::new(std::cell::RefCell::new(None));
    let why = refused.clone();
    run(&mut bot, async move {
        if let Err(error) = napcat::send_group_msg("1", "2", message, napcat::SendOptions::default()).await {
            assert!(matches!(error, HostError::Invalid(_) | HostError::Unsupported(_)), "{error}");
            *why.borrow_mut() = Some(error.to_string());
        }
    });
    match refused.take() {
        Some(why) => {
            assert_eq!(bot.calls(), [], "refused, and yet it went out");
            Err(why)
        }
        None => Ok(bot.calls()[0].1["params"].clone()),
    }
}

fn corpus(text: &str) -> Value {
    serde_json::from_str::<Value>(text).expect("the corpus is JSON")["params"].clone()
}

#[test]
fn messages_have_the_documented_shape() {
    let message = json!([
        {"type": "reply", "data": {"message": "2096329721"}},
        {"type": "at", "data": {"type": "user", "data": {"id": "5079132", "is_self": false}}},
        {"type": "text", "data": " hi"},
        {"type": "image", "data": {"media": {"source": {"type": "bytes", "data": "iVBORw0KGgo="}},
            "summary": "[pic]", "sub_type": "0"}}
    ]);
    let expected = corpus(include_str!("../../../tests/corpus/onebot/action_send_group_msg_array.json"));
    let params = sent(Message::from_json(&message.to_string()).unwrap()).unwrap();
    assert_eq!(params["message"], expected["message"]);
}

#[test]
fn each_sendable_segment() {
    let url = json!({"source": {"type": "url", "data": "https://a"}, "name": "n"});
    let cases = [
        (json!({"type": "face", "data": {"id": "178"}}), json!({"type": "face", "data": {"id": "178"}})),
        (
            json!({"type": "face", "data": {"id": "114", "result_id": "1", "chain_count": 2}}),
            json!({"type": "face", "data": {"id": "114", "resultId": "1", "chainCount": 2}}),
        ),
        (
            json!({"type": "mface", "data": {"emoji_id": "b3", "package_id": "231182", "key": "k", "summary": "s"}}),
            json!({"type": "mface", "data": {"emoji_id": "b3", "emoji_package_id": 231_182, "key": "k", "summary": "s"}}),
        ),
        (
            json!({"type": "voice", "data": {"media": url}}),
            json!({"type": "record", "data": {"file": "https://a", "name": "n"}}),
        ),
        (
            json!({"type": "video", "data": {"media": {"source": {"type": "path", "data": "/v"}},
                "cover": {"type": "url", "data": "https://c"}}}),
            json!({"type": "video", "data": {"file": "/v", "thumb": "https://c"}}),
        ),
        (
            json!({"type": "image", "data": {"media": {"source": {"type": "url", "data": ""}, "name": "E92B.jpg"}}}),
            json!({"type": "image", "data": {"file": "E92B.jpg", "name": "E92B.jpg"}}),
        ),
        (
            json!({"type": "file", "data": url}),
            json!({"type": "file", "data": {"file": "https://a", "name": "n"}}),
        ),
        (json!({"type": "at", "data": {"type": "everyone"}}), json!({"type": "at", "data": {"qq": "all"}})),
        (json!({"type": "rps", "data": {}}), json!({"type": "rps", "data": {}})),
        (json!({"type": "dice", "data": {}}), json!({"type": "dice", "data": {}})),
        (
            json!({"type": "contact", "data": {"kind": "group", "id": "2"}}),
            json!({"type": "contact", "data": {"type": "group", "id": "2"}}),
        ),
        (
            json!({"type": "music", "data": {"type": "track", "data": {"source": "163", "id": "1"}}}),
            json!({"type": "music", "data": {"type": "163", "id": "1"}}),
        ),
        (
            json!({"type": "music", "data": {"type": "custom", "data":
                {"url": "u", "audio": "a", "title": "t", "image": "i", "singer": "s"}}}),
            json!({"type": "music", "data":
                {"type": "custom", "url": "u", "audio": "a", "title": "t", "image": "i", "singer": "s"}}),
        ),
        (
            json!({"type": "forward", "data": {"id": "AbC", "nodes": []}}),
            json!({"type": "forward", "data": {"id": "AbC"}}),
        ),
        (json!({"type": "card", "data": "{}"}), json!({"type": "json", "data": {"data": "{}"}})),
        (
            json!({"type": "other", "data": {"kind": "newer", "data": "{\"x\":[1]}"}}),
            json!({"type": "newer", "data": {"x": [1]}}),
        ),
    ];
    for (segment, expected) in cases {
        let message: Segment = serde_json::from_value(segment.clone()).unwrap();
        assert_eq!(sent(message.into()).unwrap()["message"], json!([expected]), "{segment}");
    }
}

#[test]
fn forwards_are_nodes_with_their_card_beside_them_and_nest() {
    let inner = Message::new().forward([ForwardNode::new("3", "c", "deep"), ForwardNode::existing("9")]);
    let Segment::Forward(mut forward) =
        Message::new().forward([ForwardNode::new("1", "a", inner)]).into_segments().remove(0)
    else {
        panic!("no forward")
    };
    forward.cover = Some(iglu_sdk::types::ForwardCover {
        title: Some("title".into()),
        summary: Some("2 messages".into()),
        prompt: Some("[chat]".into()),
        preview: vec!["n: x".into()],
    });
    let nodes = json!([{"type": "node", "data": {"user_id": "1", "nickname": "a", "content": [
        {"type": "node", "data": {"user_id": "3", "nickname": "c", "content": [{"type": "text", "data": {"text": "deep"}}]}},
        {"type": "node", "data": {"id": "9"}}
    ]}}]);
    assert_eq!(
        sent(Segment::Forward(forward).into()).unwrap(),
        json!({"group_id": "2", "source": "title", "summary": "2 messages", "prompt": "[chat]", "news": [{"text": "n: x"}],
            "message": nodes})
    );
}

#[test]
fn what_napcat_cannot_send_is_refused_before_it_goes_out() {
    let refused = [
        json!({"type": "shake"}),
        json!({"type": "poke", "data": {"kind": "1", "id": "1"}}),
        json!({"type": "share", "data": {"url": "u", "title": "t"}}),
        json!({"type": "location", "data": {"latitude": 1.0, "longitude": 2.0}}),
        json!({"type": "xml", "data": "<a/>"}),
        json!({"type": "markdown", "data": {"content": "c"}}),
        json!({"type": "keyboard", "data": "{}"}),
        json!({"type": "other", "data": {"kind": "newer", "data": "[]"}}),
        json!({"type": "forward", "data": {"nodes": []}}),
    ];
    for segment in refused {
        let message: Segment = serde_json::from_value(segment.clone()).unwrap();
        assert!(sent(message.into()).is_err(), "{segment}");
    }
    assert!(sent(Message::new()).is_err());
    assert!(sent(Message::new().image(MediaSource::Bytes(Vec::new()))).is_err());
    assert!(sent(Message::new().text("x").forward([ForwardNode::existing("1")])).is_err());
    let deep = (0..4)
        .fold(Message::from("x"), |inner, _| Message::new().forward([ForwardNode::new("1", "a", inner)]));
    assert!(sent(deep).unwrap_err().contains("deep"));
}
