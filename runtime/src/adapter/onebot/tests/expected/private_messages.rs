//! Messages of friends, temporary chats, and the account's own.

use serde_json::{Value, json};

use super::{from_url, in_private, reply, text, user};

pub(super) fn table() -> Vec<(&'static str, Value)> {
    vec![
        (
            "message_private_friend_file",
            in_private(
                "857587672",
                1746714192.0,
                "778",
                &json!([{"type": "file", "data": {
                    "source": {"type": "url", "data": {"$": "/message/0/data/url"}},
                    "name": "到底是谁发明的外包？！ [BV147G1zQEri_p1].mp4",
                    "size": 14438085.0,
                    "file_id": "5c804d00f95b09df4de35ea1c783c368_f798da46-2c17-11f0-bf38-8307ae91f46d",
                }}]),
                &json!({}),
            ),
        ),
        (
            "message_private_friend_image_sticker",
            in_private(
                "139470241",
                1746676132.0,
                "776",
                &json!([{"type": "image", "data": {
                    "media": from_url("/message/0/data/url", "E92B84F12C57E19094B70F8292AD6FC2.jpg", 434.0),
                    "summary": "[动画表情]",
                    "sub_type": "1",
                }}]),
                &json!({}),
            ),
        ),
        (
            "message_private_friend_json_miniapp",
            in_private(
                "2090718095",
                1746714488.0,
                "784",
                &json!([{"type": "card", "data": {"$": "/message/0/data/data"}}]),
                &json!({}),
            ),
        ),
        (
            "message_private_friend_record",
            in_private(
                "1717986926",
                1747107600.0,
                "20501",
                &json!([{"type": "voice", "data": {
                    "media": from_url("/message/0/data/url", "9f2c3a1e5b7d4e60a1b2c3d4e5f60718.amr", 3052.0),
                }}]),
                &json!({}),
            ),
        ),
        (
            "message_private_friend_reply",
            in_private(
                "2127648876",
                1746673981.0,
                "772",
                &json!([reply("1136053690"), text("aa")]),
                &json!({"text": "aa"}),
            ),
        ),
        (
            "message_private_friend_text",
            in_private("1136053690", 1746673640.0, "770", &json!([text("你好")]), &json!({"text": "你好"})),
        ),
        (
            "message_private_friend_text_image_mixed",
            in_private(
                "1352199344",
                1746674878.0,
                "773",
                &json!([
                    text("哈哈"),
                    {"type": "image", "data": {
                        "media": from_url("/message/1/data/url", "2490A74D2F133CC4D491994263FA51A9.png", 7072.0),
                        "sub_type": "0",
                    }},
                    text("啊啊"),
                ]),
                &json!({"text": "哈哈啊啊"}),
            ),
        ),
        (
            "message_private_friend_video",
            in_private(
                "1402027004",
                1746714122.0,
                "777",
                &json!([{"type": "video", "data": {
                    "media": from_url("/message/0/data/url", "e8996238c43fed13f729cc50fa63247e.mp4", 1445391.0),
                }}]),
                &json!({}),
            ),
        ),
        (
            "message_private_group_temp_unknown_group",
            in_private(
                "1717986923",
                1747107600.0,
                "20501",
                &json!([text("临时会话消息")]),
                &json!({
                    "chat": {"type": "temporary", "data": {"user": "5079132"}},
                    "sender": user("5079132", "临时会话", "unknown"),
                    "sub_kind": "group",
                    "text": "临时会话消息",
                }),
            ),
        ),
        (
            "message_private_poke_segment",
            in_private(
                "1717986931",
                1747107600.0,
                "20501",
                &json!([{"type": "poke", "data": {"kind": "1", "id": "1"}}]),
                &json!({}),
            ),
        ),
        ("message_sent_private", {
            let mut sent = in_private(
                "1717986925",
                1747107600.0,
                "20501",
                &json!([text("bot says hi")]),
                &json!({"sender": user("3892215616", "bot", "unknown"), "text": "bot says hi"}),
            );
            sent["type"] = json!("message-sent");
            sent
        }),
        (
            "private-reply-with-raw",
            in_private(
                "1018006251",
                1752310516.0,
                "5378",
                &json!([reply("527004916"), text("111")]),
                &json!({
                    "chat": {"type": "private", "data": "663748426"},
                    "sender": user("663748426", "令狐二中", "unknown"),
                    "text": "111",
                }),
            ),
        ),
    ]
}
