//! Everything of guilds.

use serde_json::{Value, json};

use super::{Expected, WHOLE, at, channel, event, merged, notice, text, user};
use crate::adapter::qq::AnchorKind::{Event, Message, Never};

/// 2021-05-20T15:14:58+08:00
const WRITTEN: f64 = 1_621_494_898.0;
/// 2021-10-21T11:20:18+08:00
const JOINED: f64 = 1_634_786_418.0;
/// 2021-12-30T15:17:34+08:00
const POSTED: f64 = 1_640_848_654.0;

/// The platform's documents have one message for all scenes.
fn wrote(name: &'static str, changes: &Value) -> Expected {
    let sender =
        json!({"nickname": "abc", "role": "member", "roles": ["1"], "avatar": "http://thirdqq.qlogo.cn/0"});
    let base = json!({
        "id": "0812345677890abcdef",
        "chat": channel("18700000000001", "100010"),
        "sender": user("1234", &sender),
        "time": WRITTEN,
        "sequence": "101",
        "content": [text("ndnnd")],
        "text": "ndnnd",
        "raw": at("/d/content"),
        "to_me": true,
    });
    event(name, WRITTEN, Message, json!({"type": "message", "data": merged(base, changes)}))
}

fn direct(changes: &Value) -> Value {
    json!({"type": "direct", "data": merged(json!({"guild": "18700000000001", "user": "1234"}), changes)})
}

fn in_guild(kind: &str, guild: &str, changes: &Value) -> Value {
    notice("guild", &merged(json!({"kind": kind, "guild": guild, "data": WHOLE}), changes))
}

pub(super) fn table() -> Vec<Expected> {
    let mut table = messages();
    table.extend(members());
    table.extend(forum());
    let audio = |name: &'static str, kind: &str, user: Option<&str>| {
        let body = in_guild(kind, "47129941624960822", &json!({"channel": "1661124", "user": user}));
        event(name, None, Never, body)
    };
    let speaker = Some("144115218182563108");
    table.extend([
        audio("syn-audio-start", "AUDIO_START", None),
        audio("syn-audio-finish", "AUDIO_FINISH", None),
        audio("syn-audio-on-mic", "AUDIO_ON_MIC", None),
        audio("syn-audio-off-mic", "AUDIO_OFF_MIC", None),
        audio("doc-audio-or-live-channel-member-enter", "AUDIO_OR_LIVE_CHANNEL_MEMBER_ENTER", speaker),
        audio("doc-audio-or-live-channel-member-exit", "AUDIO_OR_LIVE_CHANNEL_MEMBER_EXIT", speaker),
    ]);
    table
}

fn messages() -> Vec<Expected> {
    let place = channel("18700000000001", "100010");
    let recalled = |chat: &Value| {
        notice(
            "message-recalled",
            &json!({
                "chat": chat, "message": "0812345677890abcdef", "sender": "1234", "operator": "5678",
            }),
        )
    };
    let reacted = |added: bool| {
        notice(
            "reaction",
            &json!({
                "chat": channel("11110011112222", "12345"),
                "message": "2",
                "user": "1111222233333",
                "emoji": "277",
                "added": added,
            }),
        )
    };
    let link = json!({"type": "channel", "data": {"id": "12345", "is_self": false}});
    let source = json!({"source": "18700000000009"});
    vec![
        wrote("doc-guild-at-message", &json!({})),
        wrote("doc-guild-message-create", &json!({"to_me": false})),
        wrote("doc-direct-message-create", &json!({"chat": direct(&json!({})), "sequence": null})),
        wrote(
            "syn-direct-message-create-full",
            &json!({
                "chat": direct(&source),
                "sequence": "5",
                "content": [
                    text("ndnnd"),
                    {"type": "image", "data": {
                        "media": {
                            "source": {"type": "url", "data": "https://gchat.qpic.cn/qmeetpic/0/0-0-SYNTHETIC/0"},
                            "name": "a.jpg",
                            "size": 123_456.0,
                            "file_id": "2534335053",
                            "mime_type": "image/jpeg",
                        },
                        "width": 1920,
                        "height": 1080,
                    }},
                ],
            }),
        ),
        wrote(
            "syn-guild-at-message-rich",
            &json!({
                "content": [
                    {"type": "reply", "data": {"message": "0812345677890abcdee"}},
                    {"type": "at", "data": {"type": "user", "data": {
                        "id": "6158788878435714165", "name": "bot", "is_self": true,
                    }}},
                    text(" 你好 <b> & "),
                    {"type": "face", "data": {"id": "4"}},
                    text(" "),
                    {"type": "at", "data": link},
                ],
                "text": "你好 <b> &",
            }),
        ),
        event("syn-message-delete", None, Never, recalled(&place)),
        event("syn-public-message-delete", None, Never, recalled(&place)),
        event("syn-direct-message-delete", None, Never, recalled(&direct(&source))),
        event("doc-message-reaction-add", None, Event, reacted(true)),
        event("doc-message-reaction-remove", None, Event, reacted(false)),
        event(
            "doc-message-audit-pass",
            1_641_290_742.0,
            Never,
            notice(
                "audited",
                &json!({
                    "chat": channel("46646271634786417", "1699792"),
                    "message": at("/d/message_id"),
                    "audit": "5f60b782-d134-4628-93b8-9baa4b182f48",
                    "passed": true,
                }),
            ),
        ),
    ]
}

fn members() -> Vec<Expected> {
    let by = json!({"operator": "100000000"});
    let place = json!({"channel": "2943679", "operator": "100000000"});
    let whom = json!({"user": "8834102668809967837", "operator": "100000000"});
    let of = |kind: &str, changes: &Value| in_guild(kind, "200000000", changes);
    vec![
        event("doc-guild-create", JOINED, Never, of("GUILD_CREATE", &by)),
        event("doc-guild-update", None, Never, of("GUILD_UPDATE", &by)),
        event("doc-guild-delete", None, Never, of("GUILD_DELETE", &by)),
        event("doc-channel-create", None, Never, of("CHANNEL_CREATE", &place)),
        event("doc-channel-update", None, Never, of("CHANNEL_UPDATE", &place)),
        event("doc-channel-delete", None, Never, of("CHANNEL_DELETE", &place)),
        event("doc-guild-member-add", JOINED, Event, of("GUILD_MEMBER_ADD", &whom)),
        event("doc-guild-member-remove", None, Event, of("GUILD_MEMBER_REMOVE", &whom)),
    ]
}

fn forum() -> Vec<Expected> {
    let of = |name: &'static str, time: Option<f64>, kind: &str| {
        let ids = json!({"channel": "1661124", "user": "144115218182563108"});
        event(name, time, Event, in_guild(kind, "47129941624960822", &ids))
    };
    vec![
        of("doc-forum-thread-create", Some(POSTED), "FORUM_THREAD_CREATE"),
        of("syn-forum-thread-create-string-json", Some(POSTED), "FORUM_THREAD_CREATE"),
        of("doc-forum-thread-delete", None, "FORUM_THREAD_DELETE"),
        of("doc-forum-post-create", Some(POSTED), "FORUM_POST_CREATE"),
        of("doc-forum-post-delete", None, "FORUM_POST_DELETE"),
        of("doc-forum-reply-create", Some(POSTED), "FORUM_REPLY_CREATE"),
        of("doc-forum-reply-delete", None, "FORUM_REPLY_DELETE"),
        of("doc-forum-publish-audit-result", None, "FORUM_PUBLISH_AUDIT_RESULT"),
        of("doc-open-forum-thread-create", None, "OPEN_FORUM_THREAD_CREATE"),
        of("doc-open-forum-thread-update", None, "OPEN_FORUM_THREAD_UPDATE"),
        of("doc-open-forum-thread-delete", None, "OPEN_FORUM_THREAD_DELETE"),
        of("doc-open-forum-post-create", None, "OPEN_FORUM_POST_CREATE"),
        of("doc-open-forum-post-delete", None, "OPEN_FORUM_POST_DELETE"),
        of("doc-open-forum-reply-delete", None, "OPEN_FORUM_REPLY_DELETE"),
    ]
}
