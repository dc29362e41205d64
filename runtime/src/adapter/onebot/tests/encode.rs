//! Message content into NapCat's actions.

use serde_json::{Value, json};

use super::super::encode::{Send, sends};
use crate::model::{Chat, Error, Segment};

fn content(segments: &Value) -> Vec<Segment> {
    serde_json::from_value(segments.clone()).unwrap_or_else(|reason| panic!("{reason}: {segments}"))
}

fn group() -> Chat {
    Chat::Group("757951413".to_owned())
}

fn to_group(segments: &Value) -> Result<Vec<Send>, Error> {
    sends(&group(), &content(segments), None)
}

/// The messages of a content that is sent to a group, each as its segments.
fn messages(segments: &Value) -> Vec<Value> {
    let sends = to_group(segments).unwrap_or_else(|error| panic!("{error:?}: {segments}"));
    sends.into_iter().map(|send| send.params["message"].clone()).collect()
}

fn text(text: &str) -> Value {
    json!({"type": "text", "data": text})
}

fn sent_text(text: &str) -> Value {
    json!({"type": "text", "data": {"text": text}})
}

fn media(source: &Value) -> Value {
    json!({"source": source})
}

#[test]
fn a_request_has_the_recorded_shape() {
    let sent = sends(&Chat::Private("5079132".to_owned()), &content(&json!([text("napcat")])), None).unwrap();
    let recorded =
        std::fs::read_to_string(super::corpus_dir().join("onebot/action_send_private_msg.json")).unwrap();
    let recorded: Value = serde_json::from_str(&recorded).unwrap();
    assert_eq!((sent.len(), sent[0].action), (1, "send_private_msg"));
    assert_eq!(sent[0].params, recorded["params"]);
    assert_eq!(sent[0].params.to_string(), recorded["params"].to_string(), "the order of keys too");
}

#[test]
fn each_sendable_segment() {
    let url = json!({"type": "url", "data": "https://h/a.png"});
    let bytes = json!({"type": "bytes", "data": "iVBORw0KGgo="});
    let path = json!({"type": "path", "data": "/srv/a.mp4"});
    let known = json!({"type": "platform-file", "data": "E92B.jpg"});
    let node_media = json!({"source": bytes, "name": "a.png"});
    let cases = [
        (text("a[CQ:at,qq=1]"), sent_text("a[CQ:at,qq=1]")),
        (json!({"type": "face", "data": {"id": "178"}}), json!({"type": "face", "data": {"id": "178"}})),
        (
            json!({"type": "face", "data": {"id": "114", "result_id": "1", "chain_count": 2}}),
            json!({"type": "face", "data": {"id": "114", "resultId": "1", "chainCount": 2}}),
        ),
        (
            json!({"type": "mface", "data": {"emoji_id": "b3", "package_id": "231182", "key": "k", "summary": "[开心]"}}),
            json!({"type": "mface", "data":
                {"emoji_id": "b3", "emoji_package_id": 231182, "key": "k", "summary": "[开心]"}}),
        ),
        (
            json!({"type": "image", "data": {"media": node_media, "summary": "[pic]", "sub_type": "0"}}),
            json!({"type": "image", "data":
                {"file": "base64://iVBORw0KGgo=", "name": "a.png", "summary": "[pic]", "sub_type": 0}}),
        ),
        (
            json!({"type": "image", "data": {"media": media(&url)}}),
            json!({"type": "image", "data": {"file": "https://h/a.png"}}),
        ),
        (
            json!({"type": "image", "data": {"media": media(&known)}}),
            json!({"type": "image", "data": {"file": "E92B.jpg"}}),
        ),
        (
            json!({"type": "image", "data": {"media": {"source": {"type": "url", "data": ""}, "name": "E92B.jpg"}}}),
            json!({"type": "image", "data": {"file": "E92B.jpg", "name": "E92B.jpg"}}),
        ),
        (
            json!({"type": "voice", "data": {"media": media(&bytes)}}),
            json!({"type": "record", "data": {"file": "base64://iVBORw0KGgo="}}),
        ),
        (
            json!({"type": "video", "data": {"media": media(&path), "cover": url}}),
            json!({"type": "video", "data": {"file": "/srv/a.mp4", "thumb": "https://h/a.png"}}),
        ),
        (
            json!({"type": "file", "data": {"source": path, "name": "b.mp4"}}),
            json!({"type": "file", "data": {"file": "/srv/a.mp4", "name": "b.mp4"}}),
        ),
        (
            json!({"type": "at", "data": {"type": "user", "data": {"id": "10001", "is_self": false}}}),
            json!({"type": "at", "data": {"qq": "10001"}}),
        ),
        (json!({"type": "at", "data": {"type": "everyone"}}), json!({"type": "at", "data": {"qq": "all"}})),
        (json!({"type": "rps", "data": {}}), json!({"type": "rps", "data": {}})),
        (json!({"type": "dice", "data": {"outcome": "6"}}), json!({"type": "dice", "data": {}})),
        (
            json!({"type": "contact", "data": {"kind": "user", "id": "10001"}}),
            json!({"type": "contact", "data": {"type": "qq", "id": "10001"}}),
        ),
        (
            json!({"type": "contact", "data": {"kind": "group", "id": "2"}}),
            json!({"type": "contact", "data": {"type": "group", "id": "2"}}),
        ),
        (
            json!({"type": "music", "data": {"type": "track", "data": {"source": "163", "id": "28949129"}}}),
            json!({"type": "music", "data": {"type": "163", "id": "28949129"}}),
        ),
        (
            json!({"type": "music", "data": {"type": "custom", "data":
                {"url": "https://u", "audio": "https://a", "title": "t", "image": "https://i", "singer": "s"}}}),
            json!({"type": "music", "data":
                {"type": "custom", "url": "https://u", "audio": "https://a", "title": "t", "image": "https://i", "singer": "s"}}),
        ),
        (
            json!({"type": "forward", "data": {"id": "AbCdEf", "nodes": []}}),
            json!({"type": "forward", "data": {"id": "AbCdEf"}}),
        ),
        (
            json!({"type": "card", "data": "{\"a\":1}"}),
            json!({"type": "json", "data": {"data": "{\"a\":1}"}}),
        ),
        (json!({"type": "lightapp", "data": "{}"}), json!({"type": "json", "data": {"data": "{}"}})),
        (
            json!({"type": "other", "data": {"kind": "newer", "data": "{\"x\":[1]}"}}),
            json!({"type": "newer", "data": {"x": [1]}}),
        ),
    ];
    for (segment, expected) in cases {
        assert_eq!(messages(&json!([segment])), [json!([expected])], "{segment}");
    }
    let quoted = json!([{"type": "reply", "data": {"message": "-5"}}, text("x")]);
    assert_eq!(messages(&quoted), [json!([{"type": "reply", "data": {"id": "-5"}}, sent_text("x")])]);
}

#[test]
fn what_napcat_cannot_send_is_refused_whole() {
    let refused = [
        json!({"type": "shake"}),
        json!({"type": "poke", "data": {"kind": "1", "id": "1"}}),
        json!({"type": "share", "data": {"url": "https://u", "title": "t"}}),
        json!({"type": "location", "data": {"latitude": 1.0, "longitude": 2.0}}),
        json!({"type": "xml", "data": "<a/>"}),
        json!({"type": "markdown", "data": {"content": "# x"}}),
        json!({"type": "keyboard", "data": "{}"}),
        json!({"type": "ark", "data": "{}"}),
        json!({"type": "embed", "data": "{}"}),
        json!({"type": "at", "data": {"type": "channel", "data": {"id": "1", "is_self": false}}}),
        json!({"type": "mface", "data": {"emoji_id": "", "package_id": "", "key": ""}}),
        json!({"type": "music", "data": {"type": "track", "data": {"source": "spotify", "id": "1"}}}),
        json!({"type": "other", "data": {"kind": "onlinefile", "data": "{}"}}),
        json!({"type": "other", "data": {"kind": "anonymous", "data": "{}"}}),
    ];
    for segment in refused {
        let sent = to_group(&json!([text("before"), segment, text("after")]));
        assert!(
            matches!(&sent, Err(Error::Unsupported(reason)) if reason.contains("NapCat")),
            "{segment}: {sent:?}"
        );
    }
}

#[test]
fn wrong_content_is_invalid() {
    let empty_url = json!({"type": "url", "data": ""});
    let wrong = [
        json!([]),
        json!([text("")]),
        json!([{"type": "reply", "data": {"message": "1"}}]),
        json!([{"type": "reply", "data": {"message": ""}}, text("x")]),
        json!([{"type": "face", "data": {"id": ""}}]),
        json!([{"type": "image", "data": {"media": media(&empty_url)}}]),
        json!([{"type": "image", "data": {"media": media(&json!({"type": "bytes", "data": ""}))}}]),
        json!([{"type": "card", "data": "{"}]),
        json!([{"type": "other", "data": {"kind": "x", "data": "[]"}}]),
        json!([{"type": "other", "data": {"kind": "", "data": "{}"}}]),
        json!([{"type": "forward", "data": {"nodes": []}}]),
        json!([{"type": "forward", "data": {"nodes": [{"sender": "1", "nickname": "n", "content": "[]"}]}}]),
        json!([{"type": "forward", "data": {"nodes": [{"sender": "1", "nickname": "n", "content": "text"}]}}]),
    ];
    for segments in wrong {
        let sent = to_group(&segments);
        assert!(matches!(sent, Err(Error::Invalid(_))), "{segments}: {sent:?}");
    }
    assert!(matches!(
        sends(&Chat::Group(String::new()), &content(&json!([text("x")])), None),
        Err(Error::Invalid(_))
    ));
}

#[test]
fn what_must_stand_alone_becomes_its_own_message() {
    let video = json!({"type": "video", "data": {"media": media(&json!({"type": "path", "data": "/v"}))}});
    let sent_video = json!({"type": "video", "data": {"file": "/v"}});
    let quote = json!({"type": "reply", "data": {"message": "1"}});
    let sent_quote = json!({"type": "reply", "data": {"id": "1"}});
    assert_eq!(
        messages(&json!([text("a"), text("b"), video, text("c")])),
        [json!([sent_text("a"), sent_text("b")]), json!([sent_video]), json!([sent_text("c")])],
    );
    assert_eq!(messages(&json!([quote, video])), [json!([sent_video])], "a quote cannot ride on it");
    assert_eq!(
        messages(&json!([quote, video, text("c")])),
        [json!([sent_video]), json!([sent_quote, sent_text("c")])],
        "the quote waits for what can carry it",
    );
    assert_eq!(messages(&json!([video, video])).len(), 2);
}

#[test]
fn a_quote_is_put_in_front_unless_there_is_one() {
    let with = |segments: Value| {
        let sent = sends(&group(), &content(&segments), Some("9")).unwrap();
        sent[0].params["message"][0].clone()
    };
    assert_eq!(with(json!([text("x")])), json!({"type": "reply", "data": {"id": "9"}}));
    let own = json!([{"type": "reply", "data": {"message": "1"}}, text("x")]);
    assert_eq!(with(own), json!({"type": "reply", "data": {"id": "1"}}));
    assert!(matches!(sends(&group(), &[], Some("9")), Err(Error::Invalid(_))), "a quote alone is no message");
}

#[test]
fn each_kind_of_chat() {
    let hello = content(&json!([text("x")]));
    let to = |chat: &Value| {
        let chat: Chat = serde_json::from_value(chat.clone()).unwrap();
        sends(&chat, &hello, None).map(|sent| (sent[0].action, sent[0].params.clone()))
    };
    let message = json!([sent_text("x")]);
    assert_eq!(
        to(&json!({"type": "group", "data": "2"})),
        Ok(("send_group_msg", json!({"group_id": "2", "message": message})))
    );
    assert_eq!(
        to(&json!({"type": "temporary", "data": {"user": "1", "group": "2"}})),
        Ok(("send_private_msg", json!({"user_id": "1", "group_id": "2", "message": message})))
    );
    assert_eq!(
        to(&json!({"type": "temporary", "data": {"user": "1"}})),
        Ok(("send_private_msg", json!({"user_id": "1", "message": message})))
    );
    let channel = to(&json!({"type": "channel", "data": {"guild": "1", "channel": "2"}}));
    assert!(matches!(channel, Err(Error::Unsupported(_))));
}

#[test]
fn mentions_are_left_out_of_private_chats() {
    let at = json!({"type": "at", "data": {"type": "user", "data": {"id": "1", "is_self": false}}});
    let friend = Chat::Private("1".to_owned());
    let sent = sends(&friend, &content(&json!([at, text("x")])), None).unwrap();
    assert_eq!(sent[0].params["message"], json!([sent_text("x")]));
    assert!(matches!(sends(&friend, &content(&json!([at])), None), Err(Error::Invalid(_))));
}

fn node(content: &Value) -> Value {
    json!({"sender": "10001", "nickname": "n", "content": content.to_string()})
}

fn sent_node(content: &Value) -> Value {
    json!({"type": "node", "data": {"user_id": "10001", "nickname": "n", "content": content}})
}

#[test]
fn merged_messages_have_the_recorded_shape() {
    let forward = json!([{"type": "forward", "data": {
        "nodes": [node(&json!([text("x")])), {"message": "2096329721", "sender": "", "nickname": "", "content": "[]"}],
        "cover": {"title": "title", "preview": ["n: x"], "summary": "2 messages", "prompt": "[chat]"},
    }}]);
    let path = super::corpus_dir().join("onebot/action_send_group_forward_msg.json");
    let mut recorded: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    recorded["params"]["group_id"] = json!("757951413");
    let sent = to_group(&forward).unwrap();
    assert_eq!((sent.len(), sent[0].action), (1, "send_group_forward_msg"));
    assert_eq!(sent[0].params, recorded["params"]);
    let private = sends(&Chat::Private("1".to_owned()), &content(&forward), None).unwrap();
    assert_eq!((private[0].action, &private[0].params["user_id"]), ("send_private_forward_msg", &json!("1")));
}

#[test]
fn merged_messages_nest_three_deep() {
    let wrap = |inner: &Value| json!([{"type": "forward", "data": {"nodes": [node(inner)]}}]);
    let markdown = json!([{"type": "markdown", "data": {"content": "# x"}}]);
    let sent_markdown = json!([{"type": "markdown", "data": {"content": "# x"}}]);
    let two = to_group(&wrap(&wrap(&markdown))).unwrap();
    assert_eq!(two[0].params["messages"], json!([sent_node(&json!([sent_node(&sent_markdown)]))]));
    assert!(to_group(&wrap(&wrap(&wrap(&markdown)))).is_ok());
    assert!(matches!(to_group(&wrap(&wrap(&wrap(&wrap(&markdown))))), Err(Error::Unsupported(_))));
    let beside = wrap(&json!([text("x"), wrap(&markdown)[0]]));
    assert!(matches!(to_group(&beside), Err(Error::Invalid(_))), "nodes and other segments do not mix");
    let refused = to_group(&wrap(&json!([{"type": "shake"}])));
    assert!(matches!(refused, Err(Error::Unsupported(_))), "what cannot be sent is found inside too");
}

#[test]
fn a_received_merged_message_is_made_anew_from_its_nodes() {
    let nodes = json!([node(&json!([text("x")]))]);
    let received = json!([{"type": "forward", "data": {"id": "7505442611578883339", "nodes": nodes}}]);
    assert_eq!(to_group(&received).unwrap()[0].action, "send_group_forward_msg");
    let own = json!([{"type": "forward", "data": {"id": "AbCdEf0123456789", "nodes": nodes}}]);
    assert_eq!(messages(&own), [json!([{"type": "forward", "data": {"id": "AbCdEf0123456789"}}])]);
}

#[test]
fn uploads_get_their_time() {
    let time = |segment: Value| to_group(&json!([segment])).unwrap()[0].upload.as_secs();
    assert_eq!(time(text("x")), 0);
    assert_eq!(time(json!({"type": "file", "data": {"source": {"type": "path", "data": "/f"}}})), 300);
    let sized =
        json!({"type": "file", "data": {"source": {"type": "path", "data": "/f"}, "size": 26214400.0}});
    assert_eq!(time(sized), 230);
    let endless = json!({"type": "file", "data": {"source": {"type": "path", "data": "/f"}, "size": 1e300}});
    assert_eq!(time(endless), 1800);
}

#[test]
fn recorded_requests_are_what_the_same_content_becomes() {
    let recorded = |name: &str| serde_json::from_str::<Value>(&super::payload(name)).unwrap();
    let mut array = recorded("action_send_group_msg_array")["params"].clone();
    array["group_id"] = json!("757951413");
    let image = json!({"source": {"type": "bytes", "data": "iVBORw0KGgo="}});
    let written = json!([
        {"type": "reply", "data": {"message": "2096329721"}},
        {"type": "at", "data": {"type": "user", "data": {"id": "5079132", "is_self": false}}},
        text(" hi"),
        {"type": "image", "data": {"media": image, "summary": "[pic]", "sub_type": "0"}},
    ]);
    let sent = to_group(&written).unwrap();
    assert_eq!((sent[0].action, &sent[0].params), ("send_group_msg", &array));

    // iglu sends arrays only; the string of another client reads as the content of an array.
    let string = &recorded("action_send_group_msg_cq_string")["params"]["message"];
    let frame = json!({
        "post_type": "message", "message_type": "group", "group_id": 757_951_413, "user_id": 2, "message": string,
    });
    let read = super::events("string", &frame.to_string());
    let sent = sends(&group(), &read[0].message().unwrap().content, None).unwrap();
    assert_eq!(
        sent[0].params["message"],
        json!([{"type": "at", "data": {"qq": "5079132"}}, sent_text(" a[b]&c")])
    );
}

#[test]
fn a_quote_stands_in_front_of_its_message() {
    let quote = json!({"type": "reply", "data": {"message": "1"}});
    let sent_quote = json!({"type": "reply", "data": {"id": "1"}});
    let late = json!([text("a"), quote, text("b")]);
    assert_eq!(messages(&late), [json!([sent_quote, sent_text("a"), sent_text("b")])]);
    let answered = sends(&group(), &content(&late), Some("9")).unwrap();
    assert_eq!(answered[0].params["message"], messages(&late)[0], "its own quote counts");
    let voice = json!({"type": "voice", "data": {"media": media(&json!({"type": "path", "data": "/v"}))}});
    assert_eq!(
        messages(&json!([text("a"), voice, quote, text("b")])),
        [
            json!([sent_text("a")]),
            json!([{"type": "record", "data": {"file": "/v"}}]),
            json!([sent_quote, sent_text("b")]),
        ]
    );
}

#[test]
fn single_elements_stay_alone_in_the_platforms_own_words_too() {
    let own = |kind: &str| json!({"type": "other", "data": {"kind": kind, "data": "{\"file\":\"x\"}"}});
    for kind in ["record", "video", "file", "forward", "contact", "music", "json", "mface"] {
        let sent = messages(&json!([text("a"), own(kind), text("b")]));
        assert_eq!(sent[1], json!([{"type": kind, "data": {"file": "x"}}]), "{kind}");
        assert_eq!(sent.len(), 3);
    }
    assert_eq!(messages(&json!([text("a"), own("image"), text("b")])).len(), 1);
    for refused in ["markdown", "node", "flashtransfer", "flash_file", "location", "xml", "tts"] {
        assert!(
            matches!(to_group(&json!([text("a"), own(refused)])), Err(Error::Unsupported(_))),
            "{refused}"
        );
    }
}

#[test]
fn what_stands_alone_keeps_its_place_among_merged_messages() {
    let forward = json!({"type": "forward", "data": {"nodes": [node(&json!([text("x")]))]}});
    let sent = to_group(&json!([text("a"), forward, text("b"), forward])).unwrap();
    let actions: Vec<_> = sent.iter().map(|send| send.action).collect();
    assert_eq!(
        actions,
        ["send_group_msg", "send_group_forward_msg", "send_group_msg", "send_group_forward_msg"]
    );
    let bad = json!({"type": "forward", "data": {"nodes": [node(&json!([{"type": "share", "data": {"url": "u", "title": "t"}}]))]}});
    assert!(matches!(to_group(&json!([text("a"), bad])), Err(Error::Unsupported(_))), "nothing goes out");
}

#[test]
fn a_nested_merged_message_has_its_own_cover_and_known_messages_go_by_id() {
    let inner = json!([{"type": "forward", "data": {
        "nodes": [
            {"message": "-5", "sender": "", "nickname": "", "content": ""},
            {"sender": "10001", "nickname": "n", "time": 1_747_107_600.5, "content": "[{\"type\":\"text\",\"data\":\"x\"}]"},
        ],
        "cover": {"title": "t", "summary": "s", "prompt": "p", "preview": ["a", "b"]},
    }}]);
    let outer = json!([{"type": "forward", "data": {"nodes": [node(&inner)]}}]);
    let sent = to_group(&outer).unwrap();
    assert_eq!(
        sent[0].params["messages"],
        json!([{"type": "node", "data": {
            "user_id": "10001",
            "nickname": "n",
            "content": [
                {"type": "node", "data": {"id": "-5"}},
                {"type": "node", "data": {
                    "user_id": "10001", "nickname": "n", "time": 1_747_107_600, "content": [sent_text("x")],
                }},
            ],
            "source": "t",
            "summary": "s",
            "prompt": "p",
            "news": [{"text": "a"}, {"text": "b"}],
        }}])
    );
}
