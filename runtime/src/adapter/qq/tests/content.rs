//! What messages consist of: faces, mentions, attachments, quotes, cards and messages inside messages.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::model::{Chat, Segment};

fn content(text: &str) -> Value {
    json_of(&message(&fresh(text)).content)
}

fn text(text: &str) -> Value {
    json!({"type": "text", "data": text})
}

fn at(id: &str, name: Option<&str>, is_self: bool) -> Value {
    let mut data = json!({"id": id, "is_self": is_self});
    if let Some(name) = name {
        data["name"] = json!(name);
    }
    json!({"type": "at", "data": {"type": "user", "data": data}})
}

fn face(id: &str, text: &str, kind: &str) -> Value {
    let mut data = json!({"id": id, "kind": kind});
    if !text.is_empty() {
        data["text"] = json!(text);
    }
    json!({"type": "face", "data": data})
}

fn tag(kind: &str, id: &str, ext: &str) -> String {
    format!("<faceType={kind},faceId=\"{id}\",ext=\"{ext}\">")
}

#[test]
fn faces_become_segments_wherever_they_stand() {
    let encoded = |text: &str| STANDARD.encode(json!({"text": text}).to_string());
    let plus = encoded("[酷]");
    assert!(plus.contains('+'), "{plus}");
    let mface = |summary: &str| json!({"type": "mface", "data": {"emoji_id": "", "package_id": "", "key": "", "summary": summary}});
    for (words, wanted) in [
        (tag("1", "277", &encoded("汪汪")), vec![face("277", "汪汪", "1")]),
        (tag("4", "", &plus), vec![mface("[酷]")]),
        (tag("4", "", plus.trim_end_matches('=')), vec![mface("[酷]")]),
        (tag("3", "0", &encoded("")), vec![face("0", "", "3")]),
        (tag("6", "0", ""), vec![face("0", "", "6")]),
        (tag("1", "", "e30="), vec![face("", "", "1")]),
        (
            format!("a{}{} b", tag("1", "1", &encoded("x")), tag("2", "2", &encoded("<@U>"))),
            vec![text("a"), face("1", "x", "1"), face("2", "<@U>", "2"), text(" b")],
        ),
        (format!("<{}", tag("1", "1", "")), vec![text("<"), face("1", "", "1")]),
    ] {
        assert_eq!(content(&c2c_message(&json!({"content": words}))), json!(wanted), "{words}");
    }
}

#[test]
fn a_malformed_face_stays_text() {
    let whole = tag("1", "277", "eyJ0ZXh0Ijoi5rGq5rGqIn0=");
    let mut texts: Vec<String> = (1..whole.len()).map(|end| whole[..end].to_owned()).collect();
    texts.extend([
        tag("1", "1", "not-base64"),
        tag("1", "1", "/////w=="),
        tag("1", "1", "WyJ0ZXh0Il0="),
        tag("1", "1", "bm8ganNvbg=="),
        tag("x", "1", ""),
        tag("", "1", ""),
        tag("1", "a<b", ""),
        "<faceType=1,ext=\"\",faceId=\"1\">".to_owned(),
        "<faceType=1>".to_owned(),
        "<facetype=1,faceId=\"1\",ext=\"\">".to_owned(),
    ]);
    for words in texts.into_iter().filter(|text| !text.is_empty()) {
        assert_eq!(content(&c2c_message(&json!({"content": words}))), json!([text(&words)]), "{words}");
    }
}

#[test]
fn mentions_are_where_the_platform_says() {
    let mentions = json!([
        {"scope": "single", "id": "B", "member_openid": "B", "username": "bot", "bot": true, "is_you": true},
        {"scope": "single", "id": "U2", "member_openid": "U2", "username": "小红", "is_you": false},
    ]);
    let everyone = json!({"type": "at", "data": {"type": "everyone"}});
    let me = at("B", Some("bot"), true);
    let her = at("U2", Some("小红"), false);
    for (words, mentions, wanted, to_me) in [
        ("a <@U2> b", json!(null), vec![text("a "), at("U2", None, false), text(" b")], false),
        ("a <@!U2> b", mentions.clone(), vec![me.clone(), text("a "), her.clone(), text(" b")], true),
        (" hi", mentions.clone(), vec![me.clone(), her.clone(), text(" hi")], true),
        ("<@B>hi <@U2>", mentions.clone(), vec![me, text("hi "), her.clone()], true),
        ("<qqbot-at-user id=\"U2\" />", mentions, vec![at("B", Some("bot"), true), her], true),
        ("<qqbot-at-user id=\"U2\"/>!", json!([]), vec![at("U2", None, false), text("!")], false),
        ("<qqbot-at-everyone />", json!([]), vec![everyone.clone()], false),
        ("hi", json!([{"scope": "all", "is_you": true}]), vec![everyone.clone(), text("hi")], false),
        ("<@all>", json!([{"scope": "all"}]), vec![everyone], false),
        ("@everyone <#5> <emoji:4> &lt;", json!([]), vec![text("@everyone <#5> <emoji:4> &lt;")], false),
        ("<@> <@!> <@a b> <@U2", json!([null, 1, {}]), vec![text("<@> <@!> <@a b> <@U2")], false),
    ] {
        let event = fresh(&group_message(&json!({"content": words, "mentions": mentions})));
        assert_eq!(json_of(&message(&event).content), json!(wanted), "{words}");
        assert_eq!(message(&event).to_me, to_me, "{words}");
    }
    let in_private = c2c_message(&json!({"content": "<@U2>"}));
    assert_eq!(content(&in_private), json!([text("<@U2>")]), "nobody is mentioned in private");
}

#[test]
fn guilds_escape_text_and_have_tags_of_their_own() {
    let everyone = json!({"type": "at", "data": {"type": "everyone"}});
    let emoji = json!({"type": "face", "data": {"id": "4"}});
    let link = json!({"type": "at", "data": {"type": "channel", "data": {"id": "5", "is_self": false}}});
    for (words, all, wanted) in [
        ("&lt;@!1&gt; &amp;lt; &amp &nbsp;", false, vec![text("<@!1> &lt; &amp &nbsp;")]),
        ("<@!1>", false, vec![at("1", None, false)]),
        ("<#5><emoji:4>", false, vec![link, emoji]),
        ("@everyone hi", false, vec![text("@everyone hi")]),
        ("@everyone hi a@b", true, vec![everyone, text(" hi a@b")]),
    ] {
        let changes = json!({"content": words, "mention_everyone": all});
        assert_eq!(content(&guild_message("MESSAGE_CREATE", &changes)), json!(wanted), "{words}");
    }
}

#[test]
fn the_bots_own_id_is_learned_from_what_the_platform_says() {
    let memory = Memory::default();
    let bots = json!([{"id": "77", "bot": true, "username": "me"}, {"id": "5", "bot": false}]);
    let first = guild_message("AT_MESSAGE_CREATE", &json!({"content": "<@!77> hi", "mentions": bots}));
    assert_eq!(message(&incoming(&first, &memory)).text, "hi");
    let later = guild_message("MESSAGE_CREATE", &json!({"id": "M2", "content": "<@!77>"}));
    assert!(message(&incoming(&later, &memory)).to_me);
    assert!(!message(&fresh(&later)).to_me);
    // Of two bots nobody knows which one is meant; the event says it is for this one all the same.
    let two = json!([{"id": "77", "bot": true}, {"id": "78", "bot": true}]);
    let both = guild_message("AT_MESSAGE_CREATE", &json!({"content": "<@!77><@!78>", "mentions": two}));
    let event = fresh(&both);
    assert_eq!(json_of(&message(&event).content), json!([at("77", None, false), at("78", None, false)]));
    assert!(message(&event).to_me);
}

#[test]
fn roles_come_from_groups_and_from_the_ids_that_every_guild_has() {
    use crate::model::Role;
    for (roles, role) in [
        (json!(["1"]), Role::Member),
        (json!(["5", "1"]), Role::Member),
        (json!(["14", "22"]), Role::Member),
        (json!(["1", "2"]), Role::Admin),
        (json!([2, 4]), Role::Owner),
        (json!([]), Role::Unknown),
        (json!("4"), Role::Unknown),
    ] {
        let said = guild_message("AT_MESSAGE_CREATE", &json!({"member": {"roles": roles}}));
        assert_eq!(message(&fresh(&said)).sender.role, role, "{roles}");
    }
}

#[test]
fn attachments_go_by_their_type() {
    for (attachment, case) in [
        (json!({"content_type": "image/png", "url": "https://a/b"}), "image"),
        (json!({"content_type": "image", "url": "a/b"}), "image"),
        (json!({"content_type": "voice", "url": "//a/b"}), "voice"),
        (json!({"content_type": "audio/wav", "url": "http://a/b"}), "voice"),
        (json!({"content_type": "video", "url": "a/b?x=http://c"}), "video"),
        (json!({"content_type": "file", "url": "a/b"}), "file"),
        (json!({"content_type": "application/x-new", "url": "a/b"}), "file"),
        (json!({"url": "a/b"}), "file"),
        (json!({"content_type": "image/png"}), "other"),
        (json!({"content_type": "image/png", "url": ""}), "other"),
        (json!(7), "other"),
    ] {
        let event = fresh(&c2c_message(&json!({"content": "", "attachments": [attachment]})));
        let found = content(&c2c_message(&json!({"content": "", "attachments": [attachment]})));
        assert_eq!(found[0]["type"], case, "{attachment}");
        assert_eq!((message(&event).text.as_str(), message(&event).content.len()), ("", 1));
        let media = if case == "file" { &found[0]["data"] } else { &found[0]["data"]["media"] };
        if let Some(url) = media["source"]["data"].as_str() {
            let given = attachment["url"].as_str().unwrap().trim_start_matches('/');
            let wanted =
                if given.starts_with("http") { given.to_owned() } else { format!("https://{given}") };
            assert_eq!(url, wanted);
        }
    }
    for odd in [json!(null), json!("x"), json!({}), json!([null])] {
        assert_eq!(content(&c2c_message(&json!({"attachments": odd}))), json!([text("hi")]));
    }
}

#[test]
fn a_quote_is_named_by_the_message_that_the_host_knows() {
    let memory = Memory::default();
    let chat = Chat::Group("G1".to_owned());
    memory.note_sent("SENT", Some("REFIDX_S=="), &chat, "what the bot said");
    let first = group_message(&json!({"id": "M0", "message_scene": {"ext": ["a", "msg_idx=REFIDX_M/+=="]}}));
    incoming(&first, &memory);
    let quoting = |index: &str, more: Value| {
        let mut changes = json!({"id": "M9", "message_type": 103, "message_scene": {
            "ext": ["search=1", format!("ref_msg_idx={index}"), "msg_idx=REFIDX_X=="],
        }});
        merge(&mut changes, &more);
        group_message(&changes)
    };
    let element = |index: Option<&str>| json!({"msg_elements": [{"msg_idx": index, "content": "quoted"}]});
    let quoted = json!("[{\"type\":\"text\",\"data\":\"quoted\"}]");
    for (text, wanted, to_me) in [
        (
            quoting("REFIDX_M/+==", json!({})),
            json!({"message": "M0", "sender": "U1", "time": 1_784_592_000.0, "text": "hi"}),
            false,
        ),
        (quoting("TMP_unknown", json!({})), json!({"message": "TMP_unknown"}), false),
        (
            quoting("REFIDX_new", element(Some("REFIDX_new"))),
            json!({"message": "REFIDX_new", "text": "quoted", "content": quoted}),
            false,
        ),
        (
            quoting("REFIDX_new", element(None)),
            json!({"message": "REFIDX_new", "text": "quoted", "content": quoted}),
            false,
        ),
        (
            group_message(&json!({"id": "M9", "message_type": 103, "msg_elements": [{"content": "quoted"}]})),
            json!({"message": "", "text": "quoted", "content": quoted}),
            false,
        ),
    ] {
        let event = incoming(&text, &memory);
        let found = json_of(&message(&event).content);
        assert_eq!(found[0], json!({"type": "reply", "data": wanted}), "{text}");
        assert_eq!((&found[1], found.as_array().unwrap().len()), (&json!({"type": "text", "data": "hi"}), 2));
        assert_eq!(message(&event).to_me, to_me);
    }
    let event = incoming(&quoting("REFIDX_S==", json!({})), &memory);
    let Segment::Reply(quote) = &message(&event).content[0] else { panic!("{event:?}") };
    assert_eq!((quote.message.as_str(), quote.text.as_deref()), ("SENT", Some("what the bot said")));
    assert!(message(&event).to_me, "it quotes the bot");
    let nothing = group_message(&json!({"message_type": 103, "msg_elements": []}));
    assert_eq!(content(&nothing), json!([text("hi")]), "a quote of nothing is none");
}

#[test]
fn a_guild_message_is_quoted_by_its_id() {
    let memory = Memory::default();
    let chat = Chat::Channel(crate::model::ChannelChat { guild: "9".to_owned(), channel: "90".to_owned() });
    memory.note_sent("OLD", None, &chat, "mine");
    let changes = json!({"message_reference": {"message_id": "OLD"}});
    let event = incoming(&guild_message("MESSAGE_CREATE", &changes), &memory);
    assert!(message(&event).to_me);
    let Segment::Reply(quote) = &message(&event).content[0] else { panic!("{event:?}") };
    assert_eq!((quote.message.as_str(), quote.text.as_deref()), ("OLD", Some("mine")));
}

#[test]
fn quotes_and_merged_messages_nest_three_deep_and_no_deeper() {
    for kind in [102, 103] {
        let mut element = json!({"content": "deepest", "message_type": 0});
        for level in 0..50 {
            element =
                json!({"content": format!("level {level}"), "message_type": kind, "msg_elements": [element]});
        }
        let event = fresh(&c2c_message(&json!({"message_type": kind, "msg_elements": [element]})));
        let mut deep = 0;
        let mut content: Vec<Segment> = message(&event).content.clone();
        while let Some(inner) = content.iter().find_map(|segment| match segment {
            Segment::Reply(quote) => quote.content.clone(),
            Segment::Forward(forward) => Some(forward.nodes[0].content.clone()),
            _ => None,
        }) {
            content = serde_json::from_str(&inner).unwrap();
            deep += 1;
        }
        assert_eq!(deep, 3, "type {kind}");
        assert!(event.original.contains("deepest"));
    }
}

#[test]
fn merged_messages_keep_who_wrote_what() {
    let elements = json!([
        {"author": {"id": "A", "username": "甲"}, "content": "one", "timestamp": "2026-07-21T08:00:00+08:00"},
        {"content": "", "attachments": [{"content_type": "image/png", "url": "https://a/b"}]},
        null,
    ]);
    let event = fresh(&c2c_message(&json!({"content": "", "message_type": 102, "msg_elements": elements})));
    let Segment::Forward(forward) = &message(&event).content[0] else { panic!("{event:?}") };
    let one = &forward.nodes[0];
    assert_eq!((one.sender.as_str(), one.nickname.as_str(), one.time), ("A", "甲", Some(1_784_592_000.0)));
    assert_eq!(one.content, "[{\"type\":\"text\",\"data\":\"one\"}]");
    assert!(forward.nodes[1].content.contains("https://a/b"));
    assert_eq!((forward.nodes.len(), forward.nodes[2].content.as_str()), (3, "[]"));
}

#[test]
fn cards_are_ark_segments_beside_their_summary() {
    let card = json!({"prompt": "[名片]", "ark_type": "contact_card", "fields": {"nickname": "暗世现"}});
    let with = c2c_message(&json!({"content": "[名片] 暗世现", "message_type": 3, "ark_data": card}));
    assert_eq!(content(&with), json!([text("[名片] 暗世现"), {"type": "ark", "data": card.to_string()}]));
    for odd in [json!(null), json!({}), json!(""), json!([])] {
        assert_eq!(content(&c2c_message(&json!({"message_type": 3, "ark_data": odd}))), json!([text("hi")]));
    }
    let embed = json!({"title": "t"});
    let rich = guild_message(
        "MESSAGE_CREATE",
        &json!({"content": "", "embeds": [embed], "ark": {"template_id": 23}}),
    );
    assert_eq!(
        content(&rich),
        json!([
            {"type": "ark", "data": "{\"template_id\":23}"}, {"type": "embed", "data": "{\"title\":\"t\"}"},
        ])
    );
}
