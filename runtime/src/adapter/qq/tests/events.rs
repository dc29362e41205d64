//! How events are told apart, dated and answered, and what robust reading means.

use super::*;
use crate::model::{Chat, EventBody, Notice};

#[test]
fn times_are_read_in_every_way_that_the_platform_writes_them() {
    let at = Some(1_699_249_038.0);
    for (written, wanted) in [
        (json!("2023-11-06T13:37:18+08:00"), at),
        (json!("2023-11-06T05:37:18Z"), at),
        (json!("2023-11-06t05:37:18z"), at),
        (json!(" 2023-11-06 13:37:18 +0800 CST "), at),
        (json!("2023-11-06 13:37:18.5 +0800 CST m=+0.000000001"), Some(1_699_249_038.5)),
        (json!("2023-11-06T00:37:18-05:00"), at),
        (json!("2023-11-06 05:37:18 UTC"), at),
        (json!(1_699_249_038), at),
        (json!("1699249038"), at),
        (json!(1_699_249_038_000_i64), at),
        (json!("1699249038500"), Some(1_699_249_038.5)),
        (json!("2024-02-29T00:00:00Z"), Some(1_709_164_800.0)),
        (json!("2000-03-01T00:00:00Z"), Some(951_868_800.0)),
        (json!("2023-02-29T00:00:00Z"), None),
        (json!("2023-13-01T00:00:00Z"), None),
        (json!("2023-11-06T24:00:00Z"), None),
        (json!("2023-11-06T13:37:18"), None),
        (json!("2023-11-06T13:37:18+99:99"), None),
        (json!("2023-11-06"), None),
        (json!("yesterday"), None),
        (json!(""), None),
        (json!(0), None),
        (json!(-5), None),
        (json!(1e300), None),
        (json!("inf"), None),
        (json!(u64::MAX), None),
        (json!(null), None),
        (json!([1]), None),
    ] {
        let text = written.to_string();
        let event = fresh(&c2c_message(&json!({"timestamp": written})));
        assert_eq!(event.event.time, wanted.unwrap_or(RECEIVED as f64), "{text}");
        assert_eq!(message(&event).time, event.event.time);
    }
}

#[test]
fn one_message_is_one_event_by_whichever_way_it_comes() {
    let dedup = |text: &str| fresh(text).dedup.unwrap();
    let all = group_message(&json!({}));
    let at = all.replace("GROUP_MESSAGE_CREATE", "GROUP_AT_MESSAGE_CREATE");
    assert_eq!(dedup(&all), dedup(&at));
    assert_eq!(dedup(&all), dedup(&all.replace("_CREATE:7", "_CREATE:8")), "under another outer id");
    assert_eq!(
        dedup(&guild_message("MESSAGE_CREATE", &json!({}))),
        dedup(&guild_message("AT_MESSAGE_CREATE", &json!({})))
    );
    let others = [
        group_message(&json!({"id": "M2"})),
        group_message(&json!({"group_openid": "G2"})),
        c2c_message(&json!({})),
        guild_message("MESSAGE_CREATE", &json!({})),
        guild_message("DIRECT_MESSAGE_CREATE", &json!({})),
        frame("FRIEND_ADD", &json!({"openid": "U1"})),
        // An index is no key: what shares one by the platform's fault must not be lost.
        group_message(&json!({"id": "M3", "message_scene": {"ext": ["msg_idx=REFIDX_1"]}})),
        group_message(&json!({"id": "M4", "message_scene": {"ext": ["msg_idx=REFIDX_1"]}})),
    ];
    let mut keys: Vec<_> = others.iter().map(|text| dedup(text)).collect();
    keys.push(dedup(&all));
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), others.len() + 1);
    let nameless = json!({"op": 0, "t": "FRIEND_ADD", "d": {"openid": "U1"}}).to_string();
    assert_eq!(fresh(&nameless).dedup, None);
}

#[test]
fn answers_name_what_the_platform_takes() {
    for kind in decode::KINDS {
        let d = json!({"id": "INNER", "openid": "U1"});
        let Decoded::Event(event) = decoded(&frame(kind.name, &d), &Memory::default()) else {
            assert!(["READY", "RESUMED"].contains(&kind.name), "{}", kind.name);
            continue;
        };
        let id =
            if kind.answer == AnchorKind::Message { "INNER".to_owned() } else { format!("{}:7", kind.name) };
        assert_eq!((anchor(&event).kind, &anchor(&event).id), (kind.answer, &id));
        let bare = json!({"op": 0, "t": kind.name, "d": {}}).to_string();
        assert_eq!(anchor(&fresh(&bare)).kind, AnchorKind::Never, "{} without ids", kind.name);
    }
    let answerable: Vec<_> =
        decode::KINDS.iter().filter(|kind| kind.answer == AnchorKind::Event).map(|kind| kind.name).collect();
    for name in ["C2C_MSG_RECEIVE", "GROUP_ADD_ROBOT", "GROUP_MSG_RECEIVE", "INTERACTION_CREATE"] {
        assert!(answerable.contains(&name), "{name}");
    }
    for name in ["FRIEND_DEL", "C2C_MSG_REJECT", "GROUP_DEL_ROBOT", "GROUP_MSG_REJECT", "FRIEND_ADD"] {
        assert!(!answerable.contains(&name), "{name}");
    }
}

#[test]
fn a_second_delivery_says_so() {
    let (bot, text) = (bot(), c2c_message(&json!({})));
    let memory = Memory::default();
    let context =
        Context { bot, memory: &memory, came: Came { received: 5, since: None, redelivered: true } };
    let Decoded::Event(event) = decode::event(&Envelope::read(&text).unwrap(), &text, context) else {
        panic!("it is an event");
    };
    assert!(event.event.redelivered && anchor(&event).redelivered);
    assert_eq!(anchor(&event).received, 5);
}

#[test]
fn what_an_outage_held_back_is_as_old_as_the_platform_says() {
    let bot = bot();
    // Sent at 100, and down since..., received at 200.
    for (since, received) in [(None, 200), (Some(50), 100), (Some(150), 150), (Some(300), 200)] {
        let text = c2c_message(&json!({"timestamp": 100}));
        let memory = Memory::default();
        let came = Came { received: 200, since, redelivered: false };
        let context = Context { bot: bot.clone(), memory: &memory, came };
        let Decoded::Event(event) = decode::event(&Envelope::read(&text).unwrap(), &text, context) else {
            panic!("it is an event");
        };
        assert_eq!(anchor(&event).received, received, "{since:?}");
    }
}

#[test]
fn an_unknown_event_keeps_its_json_and_where_it_happened() {
    for (d, chat, user, answer) in [
        (json!({"group_openid": "G", "member_openid": "U"}), Some(Chat::Group("G".into())), Some("U"), true),
        (json!({"openid": "U", "new": [1]}), Some(Chat::Private("U".into())), Some("U"), true),
        (json!({"author": {"id": "7"}}), None, Some("7"), false),
        (json!("a string"), None, None, false),
        (json!(null), None, None, false),
    ] {
        let event = fresh(&frame("SOMETHING_NEW", &d));
        let EventBody::Other(other) = &event.event.body else { panic!("{event:?}") };
        assert_eq!((other.kind.as_str(), &other.chat, other.user.as_deref()), ("SOMETHING_NEW", &chat, user));
        assert_eq!(other.data, d.to_string());
        let wanted = if answer { AnchorKind::Perhaps } else { AnchorKind::Never };
        assert_eq!(anchor(&event).kind, wanted);
    }
}

#[test]
fn no_digit_of_a_large_number_is_lost() {
    let text = r#"{"op":0,"id":"FORUM_THREAD_CREATE:1","t":"FORUM_THREAD_CREATE",
        "d":{"guild_id":18446744073709551615,"channel_id":9007199254740993,"author_id":144115218182563109,
        "x":123456789012345678901234567890.10}}"#;
    let event = fresh(text);
    let EventBody::Notice(Notice::Guild(notice)) = &event.event.body else { panic!("{event:?}") };
    assert_eq!(notice.guild, "18446744073709551615");
    assert_eq!(notice.channel.as_deref(), Some("9007199254740993"));
    assert_eq!(notice.user.as_deref(), Some("144115218182563109"));
    assert!(text.ends_with(&format!("{}}}", notice.data)), "{}", notice.data);
}

#[test]
fn numbers_and_strings_are_the_same_id() {
    let text = guild_message(
        "MESSAGE_CREATE",
        &json!({
            "id": 5, "guild_id": 18_700_000_000_001_i64, "channel_id": 100_010, "author": {"id": 1234},
        }),
    );
    let event = fresh(&text);
    assert_eq!(
        json_of(&message(&event).chat)["data"],
        json!({"guild": "18700000000001", "channel": "100010"})
    );
    assert_eq!((message(&event).id.as_str(), message(&event).sender.id.as_str()), ("5", "1234"));
    assert_eq!(anchor(&event).id, "5");
}

#[test]
fn what_bots_write_is_for_nobody() {
    let ignored = |text: &str, memory: &Memory| match decoded(text, memory) {
        Decoded::Ignored(reason) => reason,
        Decoded::Event(event) => panic!("{event:?}"),
    };
    let memory = Memory::default();
    memory.note_self("ME");
    memory.note_sent("SENT", None, &Chat::Group("G1".to_owned()), "x");
    let author = |id: &str, bot: bool| json!({"author": {"id": id, "member_openid": id, "bot": bot}});
    assert!(ignored(&group_message(&author("ME", true)), &memory).contains("itself"));
    assert!(ignored(&group_message(&author("ME", false)), &memory).contains("itself"));
    assert!(ignored(&group_message(&json!({"id": "SENT"})), &memory).contains("itself"));
    assert!(!ignored(&group_message(&author("OTHER", true)), &memory).contains("itself"));
    incoming(&group_message(&author("HUMAN", false)), &memory);
    // Members that are bots are news all the same.
    let joined = frame("GUILD_MEMBER_ADD", &json!({"guild_id": "1", "user": {"id": "ME", "bot": true}}));
    assert!(matches!(incoming(&joined, &memory).event.body, EventBody::Notice(Notice::Guild(_))));
}

#[test]
fn what_lacks_its_chat_or_its_id_is_other_with_its_json() {
    for text in [
        group_message(&json!({"group_openid": null})),
        group_message(&json!({"id": null})),
        c2c_message(&json!({"author": null})),
        guild_message("MESSAGE_CREATE", &json!({"channel_id": null})),
        guild_message("DIRECT_MESSAGE_CREATE", &json!({"guild_id": null})),
        frame("FRIEND_ADD", &json!({"timestamp": 1})),
        frame("GROUP_ADD_ROBOT", &json!({"op_member_openid": "U"})),
        frame("GROUP_MEMBER_ADD", &json!({"group_openid": "G"})),
        frame("GROUP_JOIN_REQUEST", &json!({"group_openid": "G", "member_openid": "U"})),
        frame("INTERACTION_CREATE", &json!({"type": 11})),
        frame("MESSAGE_DELETE", &json!({"message": {"id": "M"}})),
        frame("MESSAGE_REACTION_ADD", &json!({"channel_id": "1", "user_id": "2"})),
        frame("MESSAGE_AUDIT_PASS", &json!({"channel_id": "1"})),
        frame("GUILD_CREATE", &json!({"name": "x"})),
        frame("FORUM_POST_CREATE", &json!("text")),
    ] {
        let event = fresh(&text);
        let EventBody::Other(other) = &event.event.body else { panic!("{event:?}") };
        let payload: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json!(other.kind), payload["t"]);
        assert_eq!(serde_json::from_str::<Value>(&other.data).unwrap(), payload["d"]);
    }
    let group = fresh(&group_message(&json!({"author": null})));
    assert_eq!((message(&group).sender.id.as_str(), message(&group).text.as_str()), ("", "hi"));
    let old = group_message(&json!({"group_openid": null, "group_id": "G9"}));
    assert_eq!(message(&fresh(&old)).chat, Chat::Group("G9".to_owned()));
}

#[test]
fn an_interaction_without_a_chat_can_be_acknowledged() {
    let event = fresh(&frame("INTERACTION_CREATE", &json!({"id": "I", "data": {"type": 12}})));
    let EventBody::Interaction(interaction) = &event.event.body else { panic!("{event:?}") };
    assert_eq!((interaction.id.as_str(), interaction.kind.as_str()), ("I", "12"));
    assert!(matches!(interaction.chat, Chat::Other(_)));
}

#[test]
fn secrets_are_taken_out_of_whatever_goes_to_plugins() {
    let ext = json!({"ext": ["auth_token=SECRET==", "a=b"]});
    for text in [
        group_message(&json!({"message_scene": ext})),
        group_message(&json!({"group_openid": null, "message_scene": ext})),
        frame("NEW", &json!({"message_scene": ext, "auth_token": "SECRET"})),
        frame("INTERACTION_CREATE", &json!({"id": "1", "data": {"resolved": {"message_scene": ext}}})),
        frame("FORUM_POST_CREATE", &json!({"guild_id": "1", "x": {"message_scene": ext}})),
        c2c_message(&json!({"msg_elements": [{"message_scene": ext, "content": "x"}], "message_type": 102})),
        c2c_message(&json!({"attachments": [{"message_scene": ext}], "ark_data": {"message_scene": ext}})),
    ] {
        let event = fresh(&text);
        assert!(!format!("{event:?} {:?}", anchor(&event)).contains("SECRET"), "{text}");
        assert_eq!(*event.original, text.replace("SECRET==", "***").replace("SECRET", "***"));
    }
}

#[test]
fn reactions_name_their_target_by_number_or_by_word() {
    for (kind, wanted) in [
        (json!(0), None),
        (json!("ReactionTargetType_MSG"), None),
        (json!(null), None),
        (json!(1), Some("post")),
        (json!("ReactionTargetType_FEED"), Some("post")),
        (json!("2"), Some("comment")),
        (json!("ReactionTargetType_REPLY"), Some("reply")),
        (json!(9), Some("9")),
    ] {
        let d = json!({
            "user_id": "1", "guild_id": "2", "channel_id": "3",
            "target": {"id": "4", "type": kind}, "emoji": {"id": "128512", "type": 2},
        });
        let event = fresh(&frame("MESSAGE_REACTION_REMOVE", &d));
        let EventBody::Notice(Notice::Reaction(reaction)) = &event.event.body else { panic!("{event:?}") };
        assert_eq!((reaction.target.as_deref(), reaction.added), (wanted, false), "{kind}");
        assert_eq!(reaction.emoji, "128512");
    }
}
