//! Messages in groups.

use serde_json::{Value, json};

use super::{from_url, in_group, recorded_in_group, reply, text, user};

pub(super) fn table() -> Vec<(&'static str, Value)> {
    vec![
        (
            "message_group_anonymous_standard",
            in_group(
                "12",
                &json!([text("hi")]),
                &json!({
                    "chat_name": null,
                    "sender": user("80000000", "匿名用户", "unknown"),
                    "anonymous": {"id": "1234567", "name": "匿名用户", "token": "AgAAAA=="},
                    "sequence": null,
                    "sub_kind": "anonymous",
                    "text": "hi",
                }),
            ),
        ),
        ("message_group_debug_raw", in_group("1717986940", &json!([text("x")]), &json!({"text": "x"}))),
        ("message_group_empty_segments", in_group("1717986938", &json!([]), &json!({}))),
        (
            "message_group_face",
            in_group(
                "1717986928",
                &json!([{"type": "face", "data": {"id": "178", "text": "斜眼笑"}}]),
                &json!({}),
            ),
        ),
        (
            "message_group_file",
            in_group(
                "1717986933",
                &json!([{"type": "file", "data": {
                    "source": {"type": "platform-file", "data": "/8d3f2a10-7b6c-4d5e-9f00-112233445566"},
                    "name": "report.zip",
                    "size": 1048576.0,
                    "file_id": "/8d3f2a10-7b6c-4d5e-9f00-112233445566",
                }}]),
                &json!({}),
            ),
        ),
        (
            "message_group_forward_with_content",
            in_group(
                "1717986937",
                &json!([{"type": "forward", "data": {
                    "id": "7505442611578883339",
                    "nodes": [{
                        "message": "1010101010",
                        "sender": "5079132",
                        "nickname": "东风寄千愁",
                        "time": 1747107600.0,
                        "content": "[{\"type\":\"text\",\"data\":\"inner text\"}]",
                    }],
                }}]),
                &json!({}),
            ),
        ),
        (
            "message_group_markdown",
            in_group(
                "1717986934",
                &json!([{"type": "markdown", "data": {"content": "# title\n[link](https://example.com)"}}]),
                &json!({}),
            ),
        ),
        ("message_group_message_id_zero", in_group("0", &json!([text("x")]), &json!({"text": "x"}))),
        (
            "message_group_mface_as_image",
            in_group(
                "1717986932",
                &json!([{"type": "mface", "data": {
                    "emoji_id": "b3f2c0a4e5d61728394a5b6c7d8e9f00",
                    "package_id": "231182",
                    "key": "1e2d3c4b5a697887",
                    "summary": "[开心]",
                    "media": {
                        "source": {"type": "url", "data": {"$": "/message/0/data/url"}},
                        "name": "b3-b3f2c0a4e5d61728394a5b6c7d8e9f00.gif",
                    },
                }}]),
                &json!({}),
            ),
        ),
        (
            "message_group_normal_forward",
            recorded_in_group(
                "1418180990",
                1747497034.0,
                "20879",
                &json!([{"type": "forward", "data": {"id": "7505442611578883339", "nodes": []}}]),
                "",
            ),
        ),
        (
            "message_group_normal_mixed_reply_at_all_at_image",
            recorded_in_group(
                "361878627",
                1747107572.0,
                "20472",
                &json!([
                    reply("265662236"),
                    {"type": "at", "data": {"type": "everyone"}},
                    text(" test message"),
                    {"type": "at", "data": {"type": "user", "data": {"id": "1090558688", "is_self": false}}},
                    {"type": "image", "data": {
                        "media": from_url("/message/4/data/url", "E8C195761CEDA1D66763414CB8EE494E.png", 9299.0),
                        "sub_type": "0",
                    }},
                    {"type": "image", "data": {
                        "media": from_url("/message/5/data/url", "5B0370E3C9EA52C6A1104EC94EF92022.jpg", 155336.0),
                        "summary": "[动画表情]",
                        "sub_type": "1",
                    }},
                ]),
                "test message",
            ),
        ),
        (
            "message_group_normal_negative_id_old_build",
            in_group(
                "-2147483070",
                &json!([text("一段文字")]),
                &json!({
                    "chat": {"type": "group", "data": "66666"},
                    "chat_name": null,
                    "sender": user("88888", "Tsang", "member"),
                    "time": 1719903635.0,
                    "sequence": null,
                    "text": "一段文字",
                }),
            ),
        ),
        (
            "message_group_normal_role_missing",
            in_group(
                "1717986919",
                &json!([text("另一段文字")]),
                &json!({"sender": user("5079132", "Nein", "unknown"), "text": "另一段文字"}),
            ),
        ),
        (
            "message_group_normal_string_format",
            in_group("1717986920", &json!([text("a[b]&,c")]), &json!({"text": "a[b]&,c"})),
        ),
        (
            "message_group_normal_text",
            recorded_in_group("2096329721", 1747107314.0, "20471", &json!([text("test")]), "test"),
        ),
        (
            "message_group_normal_with_group_name",
            in_group("1717986918", &json!([text("hello")]), &json!({"text": "hello"})),
        ),
        (
            "message_group_rps",
            in_group("1717986930", &json!([{"type": "rps", "data": {"outcome": "2"}}]), &json!({})),
        ),
        (
            "message_group_string_ids",
            in_group(
                "1717986941",
                &json!([
                    {"type": "at", "data": {"type": "user", "data": {"id": "3892215616", "is_self": true}}},
                    reply("123"),
                    text("x"),
                ]),
                &json!({"text": "x", "to_me": true}),
            ),
        ),
        (
            "message_group_unknown_segment",
            in_group(
                "1717986939",
                &json!([
                    {"type": "other", "data": {
                        "kind": "some_future_type",
                        "data": "{\"a\":1,\"b\":null,\"c\":{\"d\":[true]}}",
                    }},
                    text("x"),
                ]),
                &json!({"text": "x"}),
            ),
        ),
    ]
}
