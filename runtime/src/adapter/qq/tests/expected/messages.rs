//! Messages of private chats and of groups.

use serde_json::{Value, json};

use super::{Expected, at, event, merged, text, user};
use crate::adapter::qq::AnchorKind::Message;

const SEED: &str = "7D296480D464EC5C16714E74A43E5BC7";
const DOC: &str = "A1B2C3D4E5F6A1B2C3D4E5F6A1B2C3D4";
const OTHER: &str = "C3D4E5F6A1B2C3D4E5F6A1B2C3D4E5F6";
const GROUP: &str = "B2C3D4E5F6A1B2C3D4E5F6A1B2C3D4E5";

fn private(name: &'static str, time: f64, sender: &Value, changes: &Value) -> Expected {
    let base = json!({
        "id": at("/d/id"),
        "chat": {"type": "private", "data": sender["id"]},
        "sender": sender,
        "time": time,
        "sub_kind": "0",
        "content": [],
        "text": "",
        "raw": at("/d/content"),
        "to_me": true,
    });
    event(name, time, Message, json!({"type": "message", "data": merged(base, changes)}))
}

fn in_group(name: &'static str, group: &str, time: f64, sender: &Value, changes: &Value) -> Expected {
    let base = json!({
        "id": at("/d/id"),
        "chat": {"type": "group", "data": group},
        "sender": sender,
        "time": time,
        "sub_kind": "0",
        "content": [],
        "text": "",
        "raw": at("/d/content"),
        "to_me": true,
    });
    event(name, time, Message, json!({"type": "message", "data": merged(base, changes)}))
}

/// The made-up messages share their time and their sender.
fn made(name: &'static str, changes: &Value) -> Expected {
    private(name, 1_752_310_200.0, &user(DOC, &json!({"union_id": DOC})), changes)
}

fn plain(words: &str) -> Value {
    json!({"content": [text(words)], "text": words})
}

fn from_url(pointer: &str, changes: &Value) -> Value {
    merged(json!({"source": {"type": "url", "data": at(pointer)}}), changes)
}

pub(super) fn table() -> Vec<Expected> {
    let url = "/d/attachments/0/url";
    let seed = user(SEED, &json!({"union_id": SEED}));
    let card = json!({"sub_kind": "3"});
    let xiaoming = |role: &str| user(DOC, &json!({"nickname": "小明", "role": role}));
    let mut table = vec![
        private(
            "seed003-c2c-image",
            1_739_608_362.0,
            &seed,
            &json!({
                "sub_kind": null,
                "content": [{"type": "image", "data": {
                    "media": from_url(url, &json!({
                        "name": "B43A0CF83A2D80BBEFBB9C566FEE436F.jpg", "size": 53851.0, "mime_type": "image/jpeg",
                    })),
                    "width": 520,
                    "height": 524,
                }}],
            }),
        ),
        private("seed003-c2c-contact-card", 1_752_309_885.0, &seed, &card),
        private("seed003-c2c-contact-card-oneline", 1_752_309_885.0, &seed, &card),
        private(
            "doc-c2c-text-2023",
            1_699_249_038.0,
            &user("E4F4AEA33253A2797FB897C50B81D7ED", &json!({})),
            &json!({"sub_kind": null, "content": [text("123")], "text": "123"}),
        ),
        private(
            "doc-c2c-text-2026",
            1_784_599_200.0,
            &user(DOC, &json!({})),
            &plain("你好，今天有什么推荐的活动吗？"),
        ),
        private(
            "doc-c2c-quote-103",
            1_784_599_320.0,
            &user(OTHER, &json!({})),
            &json!({
                "sub_kind": "103",
                "content": [
                    {"type": "reply", "data": {
                        "message": "REFIDX_aaaaaaaaaaaaaaa==",
                        "text": "每天坚持阅读半小时，一个月后你会发现自己的变化",
                        "content": "[{\"type\":\"text\",\"data\":\"每天坚持阅读半小时，一个月后你会发现自己的变化\"}]",
                    }},
                    text("这个建议很有帮助，谢谢你！"),
                ],
                "text": "这个建议很有帮助，谢谢你！",
            }),
        ),
        private(
            "syn-c2c-go-timestamp",
            1_699_249_038.123_456_7,
            &user(DOC, &json!({"union_id": DOC})),
            &plain("hi"),
        ),
    ];
    table.extend(made_up());
    table.extend([
        in_group(
            "seed003-group-at-text",
            "D4DE5F2EF86365A1FBEAA8C7C3C12B91",
            1_739_608_523.0,
            &seed,
            &json!({
                "sub_kind": null, "content": [text(" 123")], "text": "123",
            }),
        ),
        in_group(
            "doc-group-at-text-2023",
            "C9F778FE6ADF9D1D1DBE395BF744A33A",
            1_699_249_038.0,
            &user("E4F4AEA33253A2797FB897C50B81D7ED", &json!({})),
            &json!({"sub_kind": null, "content": [text(" 123")], "text": "123"}),
        ),
        in_group(
            "doc-group-at-text-2026",
            GROUP,
            1_784_599_200.0,
            &xiaoming("member"),
            &json!({
                "content": [text(" /今日天气 ")], "text": "/今日天气",
            }),
        ),
        in_group(
            "doc-group-at-image",
            GROUP,
            1_784_599_500.0,
            &user(OTHER, &json!({"nickname": "小红", "role": "member"})),
            &json!({
                "content": [
                    text(" 看看这张风景照 "),
                    {"type": "image", "data": {
                        "media": from_url(url, &json!({
                            "name": "photo.jpg", "size": 256_000.0, "mime_type": "image/jpeg",
                        })),
                        "width": 1920,
                        "height": 1080,
                    }},
                ],
                "text": "看看这张风景照",
            }),
        ),
        in_group(
            "doc-group-message-text",
            GROUP,
            1_784_592_000.0,
            &xiaoming("member"),
            &merged(plain("大家早上好呀"), &json!({"to_me": false})),
        ),
        in_group(
            "syn-group-message-mention-all",
            GROUP,
            1_784_592_000.0,
            &xiaoming("admin"),
            &json!({
                "content": [{"type": "at", "data": {"type": "everyone"}}, text(" 开会")],
                "text": "开会",
                "to_me": false,
            }),
        ),
        in_group(
            "obs-group-message-mention-bot",
            "290A7DB74EBD454EA42C3B5E49B8832A",
            1_778_817_705.0,
            &user("2727CB249F8C5E16612362BEE893DAAC", &json!({"nickname": "Wuyi无疑"})),
            &json!({
                "content": [
                    {"type": "at", "data": {"type": "user", "data": {
                        "id": "42F7D2FB71441DEABA5CF78016F85C57", "name": "趣测酱", "is_self": true,
                    }}},
                    text(" core状态"),
                ],
                "text": "core状态",
            }),
        ),
        in_group(
            "obs-group-message-member-role",
            "36155726534CFA6C6C6E6A884DE35422",
            1_781_772_517.0,
            &user(
                "4FEB5846D97231CF0F63FE462DEA57F9",
                &json!({
                    "union_id": "4FEB5846D97231CF0F63FE462DEA57F9", "nickname": "依依", "role": "owner",
                }),
            ),
            &json!({
                "sub_kind": "103",
                "content": [
                    {"type": "reply", "data": {"message": "REFIDX_v7e7ZcRB7p+qjaK9/gLKIA=="}},
                    text(" #取"),
                ],
                "text": "#取",
            }),
        ),
    ]);
    table
}

fn made_up() -> Vec<Expected> {
    let url = "/d/attachments/0/url";
    let forwarded = |words: &str| {
        json!({
            "sender": "", "nickname": "",
            "content": format!("[{{\"type\":\"text\",\"data\":\"{words}\"}}]"),
        })
    };
    vec![
        made(
            "syn-c2c-face-normal",
            &json!({
                "content": [{"type": "face", "data": {"id": "277", "text": "汪汪", "kind": "1"}}],
            }),
        ),
        made(
            "syn-c2c-face-market",
            &json!({
                "content": [{"type": "mface", "data": {
                    "emoji_id": "", "package_id": "", "key": "", "summary": "[酷]",
                }}],
            }),
        ),
        made(
            "syn-c2c-face-malformed",
            &json!({
                "content": [text("前 <faceType=1,faceId=\"1\",ext=\"not-base64\"> 中 <abc> a<b 后")],
                "text": "前 <faceType=1,faceId=\"1\",ext=\"not-base64\"> 中 <abc> a<b 后",
            }),
        ),
        made(
            "syn-c2c-file",
            &json!({
                "content": [{"type": "file", "data": from_url(url, &json!({
                    "name": "report.zip", "size": 14_438_085.0,
                }))}],
            }),
        ),
        made(
            "syn-c2c-video",
            &json!({
                "content": [{"type": "video", "data": {"media": from_url(url, &json!({
                    "name": "e8996238c43fed13f729cc50fa63247e.mp4", "size": 1_445_391.0, "mime_type": "video/mp4",
                }))}}],
            }),
        ),
        made(
            "syn-c2c-voice",
            &json!({
                "content": [{"type": "voice", "data": {
                    "media": from_url(url, &json!({"name": "6A3051F3A1B2C3D4.amr", "size": 20_480.0})),
                    "transcript": "明天下午三点记得交周报",
                    "wav_url": at("/d/attachments/0/voice_wav_url"),
                }}],
            }),
        ),
        made(
            "syn-c2c-voice-no-asr",
            &json!({
                "content": [{"type": "voice", "data": {
                    "media": from_url(url, &json!({"name": "6A3051F3A1B2C3D4.silk", "size": 20_480.0})),
                }}],
            }),
        ),
        made(
            "syn-c2c-parallel-101",
            &json!({
                "sub_kind": "101",
                "content": [{"type": "forward", "data": {"nodes": [forwarded("a"), forwarded("b")]}}],
            }),
        ),
        made("syn-c2c-unknown-future-fields", &merged(plain("hi"), &json!({"sub_kind": "999"}))),
    ]
}
