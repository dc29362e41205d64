//! Uploads at once and in parts, streams, forms.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use iglu_simulator::qq::{CHANNEL, Chat, GROUP, Limits, Options, USER, Via};
use md5::{Digest, Md5};
use serde_json::{Value, json};

use crate::client::{Client, exchange};

fn files(scene: &str, openid: &str) -> String {
    format!("/v2/{scene}/{openid}/files")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn shown(info: &Value) -> Value {
    json!({"msg_type": 7, "media": {"file_info": info}})
}

#[tokio::test]
async fn uploads_are_bound_to_scene_and_time() {
    let client = Client::start(Options::default()).await;
    let body = json!({"file_type": 1, "file_data": STANDARD.encode(b"picture"), "srv_send_msg": false});
    let (_, up) = client.post(&files("users", USER), &body).await;
    assert_eq!(up["ttl"], 300);
    let (user, group) = (format!("/v2/users/{USER}/messages"), format!("/v2/groups/{GROUP}/messages"));
    assert_eq!(client.code(&group, &shown(&up["file_info"])).await, 304_080, "the other scene");
    assert_eq!(client.code(&user, &shown(&up["file_info"])).await, 0);
    let sent = client.platform.next_sent_to(&Chat::User(USER.to_owned())).await;
    assert_eq!(sent.media.as_ref().unwrap().bytes, b"picture");
    client.platform.advance(Duration::from_secs(300));
    assert_eq!(client.code(&user, &shown(&up["file_info"])).await, 304_080, "expired");
}

#[tokio::test]
async fn urls_on_this_machine_are_followed() {
    let client = Client::start(Options::default()).await;
    let url = client.platform.put_media("a.png", b"png".to_vec());
    let (_, up) = client.post(&files("groups", GROUP), &json!({"file_type": 1, "url": url})).await;
    assert_eq!(client.code(&format!("/v2/groups/{GROUP}/messages"), &shown(&up["file_info"])).await, 0);
    assert_eq!(client.platform.next_sent().await.media.as_ref().unwrap().bytes, b"png");
    let missing = url.replace("a.png", "b.png");
    assert_eq!(client.code(&files("groups", GROUP), &json!({"file_type": 1, "url": missing})).await, 850_026);
    assert_eq!(client.code(&files("groups", GROUP), &json!({"file_type": 1})).await, 10_000);
    assert_eq!(client.code(&files("groups", GROUP), &json!({"file_type": 9, "url": url})).await, 850_019);
    let (_, sent) = client
        .post(&files("groups", GROUP), &json!({"file_type": 1, "url": url, "srv_send_msg": true}))
        .await;
    assert!(sent["id"].as_str().unwrap().starts_with("ROBOT1.0_"));
    assert_eq!(client.platform.next_sent().await.via, Via::Upload);
}

#[tokio::test]
async fn bodies_above_the_limit_draw_a_page() {
    let limits = Limits { body: 1000, plain_video: 100, ..Limits::default() };
    let client = Client::start(Options { limits, ..Options::default() }).await;
    let body =
        |kind, size| json!({"file_type": kind, "file_data": STANDARD.encode(vec![0; size])}).to_string();
    let authorization = format!("QQBot {}", client.token);
    let headers = [("authorization", authorization.as_str())];
    let path = files("users", USER);
    let answer = exchange(client.platform.address(), "POST", &path, &headers, body(4, 2000)).await.unwrap();
    assert_eq!((answer.0, &answer.1["content-type"]), (413, &"text/html".parse().unwrap()));
    let video: Value = serde_json::from_str(&body(2, 200)).unwrap();
    assert_eq!(client.code(&path, &video).await, 40_034_004);
}

#[tokio::test]
async fn parts_make_a_file_when_every_sum_is_right() {
    let limits = Limits { block: 1000, ..Limits::default() };
    let client = Client::start(Options { limits, ..Options::default() }).await;
    let bytes: Vec<u8> = (0..2500_u32).map(|n| n as u8).collect();
    let sum = hex(&Md5::digest(&bytes));
    let sha1 = hex(ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, &bytes).as_ref());
    let prepare = json!({"file_type": 2, "file_size": "2500", "file_name": "v.mp4", "md5": sum, "sha1": sha1,
        "md5_10m": sum});
    let base = format!("/v2/users/{USER}");
    let (_, plan) = client.post(&format!("{base}/upload_prepare"), &prepare).await;
    assert_eq!((plan["parts"].as_array().unwrap().len(), plan["block_size"].as_str()), (3, Some("1000")));
    let merge = json!({"file_type": 2, "upload_id": plan["upload_id"], "file_name": "v.mp4"});
    let finish = format!("{base}/upload_part_finish");
    for (index, part) in bytes.chunks(1000).enumerate() {
        let done = |md5: String| {
            json!({"upload_id": plan["upload_id"], "part_index": index,
            "block_size": part.len().to_string(), "md5": md5})
        };
        let right = done(hex(&Md5::digest(part)));
        assert_eq!(client.code(&finish, &right).await, 40_093_001, "the part is not there");
        let url = plan["parts"][index]["presigned_url"].as_str().unwrap();
        let path = &url[url.find("/upload/").unwrap()..];
        let put = async |headers: &[(&str, &str)], bytes: &[u8]| {
            exchange(client.platform.address(), "PUT", path, headers, bytes.to_vec()).await.unwrap().0
        };
        assert_eq!(put(&[("authorization", "QQBot x")], part).await, 403);
        assert_eq!(put(&[], &part[1..]).await, 404);
        assert_eq!(put(&[], part).await, 200);
        assert_eq!(client.code(&finish, &done("0".repeat(32))).await, 10_000);
        assert_eq!(client.code(&files("users", USER), &merge).await, 10_000, "not whole yet");
        assert_eq!(client.code(&finish, &right).await, 0);
    }
    let (status, up) = client.post(&files("users", USER), &merge).await;
    assert_eq!(status, 200, "{up}");
    assert_eq!(client.code(&format!("{base}/messages"), &shown(&up["file_info"])).await, 0);
    let media = client.platform.next_sent().await.media.clone().unwrap();
    assert!(media.in_parts && media.bytes == bytes && media.name == "v.mp4");
}

#[tokio::test]
async fn streams_keep_their_order_prefix_and_end() {
    let client = Client::start(Options::default()).await;
    let path = format!("/v2/users/{USER}/stream_messages");
    let asked = client.bot.c2c(USER, "hi");
    let piece = |index: u64, state: u64, text: &str, id: Option<&str>| {
        let mut body = json!({"input_mode": "replace", "input_state": state, "index": index, "msg_seq": 1,
            "content_type": "text", "content_raw": text, "msg_id": asked.message_id()});
        if let Some(id) = id {
            body["stream_msg_id"] = id.into();
        }
        body
    };
    assert_eq!(client.code(&path, &piece(1, 1, "a", None)).await, 50_035);
    let (_, first) = client.post(&path, &piece(0, 1, "ab", None)).await;
    let id = first["id"].as_str();
    for (body, code) in [
        (piece(0, 1, "abc", None), 40_054_005),
        (piece(2, 1, "abc", id), 50_035),
        (piece(1, 1, "xb", id), 40_007),
        (piece(1, 1, "abc", Some("none")), 50_035),
        (piece(1, 1, "abc", id), 0),
    ] {
        assert_eq!(client.code(&path, &body).await, code, "{body}");
    }
    let mut other = piece(2, 1, "abcd", id);
    other["msg_seq"] = 2.into();
    assert_eq!(client.code(&path, &other).await, 50_035);
    assert!(client.platform.sent().is_empty(), "it has not ended");
    assert_eq!(client.code(&path, &piece(2, 10, "abcd", id)).await, 0);
    assert_eq!(client.code(&path, &piece(3, 10, "abcde", id)).await, 50_045);
    let sent = client.platform.next_sent().await;
    assert_eq!(
        (sent.text(), sent.via, sent.msg_id.as_deref()),
        ("abcd", Via::Stream, Some(asked.message_id()))
    );
    assert!(client.bot.streams()[0].1.ended);
}

#[tokio::test]
async fn forms_carry_images_to_channels() {
    let client = Client::start(Options::default()).await;
    let asked = client.bot.channel_at("1234", "hi");
    let form = format!(
        "--XX\r\nContent-Disposition: form-data; name=\"msg_id\"\r\n\r\n{}\r\n--XX\r\nContent-Disposition: \
         form-data; name=\"file_image\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n\x01\r\n\x02\r\n--XX--\r\n",
        asked.message_id()
    );
    let authorization = format!("QQBot {}", client.token);
    let kind = "multipart/form-data; boundary=XX";
    let headers = [("authorization", authorization.as_str()), ("content-type", kind)];
    let path = format!("/channels/{CHANNEL}/messages");
    let answer = exchange(client.platform.address(), "POST", &path, &headers, form).await.unwrap();
    assert_eq!(answer.0, 200, "{:?}", answer.2);
    let sent = client.platform.next_sent().await;
    let media = sent.media.clone().unwrap();
    assert_eq!((media.bytes.as_slice(), media.name.as_str()), (&b"\x01\r\n\x02"[..], "a.png"));
    assert_eq!(sent.msg_id.as_deref(), Some(asked.message_id()));
}
