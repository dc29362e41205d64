//! Media: by address, by bytes, in parts, and what is remembered of them.

use std::time::Duration;

use iglu_simulator::qq::{CHANNEL, Fault, GROUP, GUILD, Limits, Options, USER};

use super::{Stage, body, chat_of, code, image, media};
use crate::bot::{Bot as _, Files as _};
use crate::model::{ChannelChat, Chat, Error, Media, MediaSource, Segment, Video};

const FILES: &str = "/v2/users/*/files";

fn bytes(size: usize) -> Vec<u8> {
    (0..size).map(|number| (number * 31 % 251) as u8).collect()
}

fn video(source: MediaSource) -> Segment {
    Segment::Video(Video { media: media(source), cover: None, width: None, height: None })
}

#[tokio::test]
async fn text_and_image_are_one_message() {
    let stage = Stage::new().await;
    let heard = stage.heard(&stage.player.c2c(USER, "hi"));
    let picture = bytes(1_000);
    let content = [Segment::Text("look".to_owned()), image(MediaSource::Bytes(picture.clone()))];
    let receipt = stage.answer(&heard, &content).await.unwrap();
    assert_eq!(receipt.messages.len(), 1);
    let sent = stage.platform.next_sent().await;
    let shown = sent.media.clone().unwrap();
    assert_eq!((sent.text(), shown.bytes, shown.file_type, shown.in_parts), ("look", picture, 1, false));
}

#[tokio::test]
async fn an_address_is_fetched_by_the_platform() {
    let stage = Stage::new().await;
    let heard = stage.heard(&stage.player.c2c(USER, "hi"));
    let url = stage.platform.put_media("a.png", b"picture".to_vec());
    for _ in 0..2 {
        stage.answer(&heard, &[image(MediaSource::Url(url.clone()))]).await.unwrap();
    }
    let shown = stage.platform.next_sent().await.media.clone().unwrap();
    assert_eq!((shown.url, shown.bytes), (url, b"picture".to_vec()));
    assert_eq!(stage.requests("POST", FILES).len(), 1, "it is uploaded once");
}

#[tokio::test]
async fn uploads_are_remembered_for_their_scene() {
    let stage = Stage::new().await;
    let (heard, group) =
        (stage.heard(&stage.player.c2c(USER, "hi")), stage.heard(&stage.player.group_at(GROUP, USER, "hi")));
    let picture = || [image(MediaSource::Bytes(bytes(10)))];
    for _ in 0..2 {
        stage.answer(&heard, &picture()).await.unwrap();
        stage.answer(&group, &picture()).await.unwrap();
    }
    assert_eq!(stage.requests("POST", FILES).len(), 1);
    assert_eq!(stage.requests("POST", "/v2/groups/*/files").len(), 1);
    assert_eq!(stage.platform.sent().len(), 4);
}

#[tokio::test]
async fn a_file_that_the_platform_forgot_is_uploaded_again() {
    let limits = Limits { file_ttl: Duration::ZERO, ..Limits::default() };
    let stage = Stage::with(Options { limits, ..Options::default() }, |_| {}).await;
    let heard = stage.heard(&stage.player.c2c(USER, "hi"));
    let picture = || [image(MediaSource::Bytes(bytes(10)))];
    stage.answer(&heard, &picture()).await.unwrap();
    stage.platform.fault("POST", "/v2/users/*/messages", 1, Fault::error(400, 304_080, "file_info无效"));
    stage.answer(&heard, &picture()).await.unwrap();
    assert_eq!(stage.requests("POST", FILES).len(), 2);
    let sent: Vec<_> = stage.platform.sent().iter().map(|sent| sent.body["msg_seq"].clone()).collect();
    assert_eq!(sent, [1, 2], "the number is kept");
    let token = [image(MediaSource::PlatformFile("unknown".to_owned()))];
    assert_eq!(code(&stage.answer(&heard, &token).await), 304_080, "another's file cannot be");
}

#[tokio::test]
async fn a_token_of_an_upload_is_sent_as_it_is() {
    let stage = Stage::new().await;
    let heard = stage.heard(&stage.player.c2c(USER, "hi"));
    let params = serde_json::json!({"file_type": 1, "file_data": "aGk=", "srv_send_msg": false});
    let uploaded = stage.account.call(&format!("POST /v2/users/{USER}/files"), params).await.unwrap();
    let info = uploaded["file_info"].as_str().unwrap().to_owned();
    stage.answer(&heard, &[image(MediaSource::PlatformFile(info))]).await.unwrap();
    assert_eq!(stage.platform.next_sent().await.media.clone().unwrap().bytes, b"hi");
    assert_eq!(stage.requests("POST", FILES).len(), 1);
}

#[tokio::test]
async fn many_bytes_go_in_parts() {
    let limits = Limits { block: 2 << 20, ..Limits::default() };
    let stage = Stage::with(Options { limits, ..Options::default() }, |_| {}).await;
    let heard = stage.heard(&stage.player.c2c(USER, "hi"));
    let film = bytes(11 << 20);
    stage.platform.fault("PUT", "/upload/*", 1, Fault::html(502, "Bad Gateway"));
    stage.platform.fault("POST", "/v2/users/*/upload_part_finish", 1, Fault::error(400, 40_093_001, "again"));
    stage.answer(&heard, &[video(MediaSource::Bytes(film.clone()))]).await.unwrap();
    let shown = stage.platform.next_sent().await.media.clone().unwrap();
    assert!(shown.in_parts && shown.bytes == film, "{} of {}", shown.bytes.len(), film.len());
    assert_eq!((shown.file_type, &*shown.name), (2, "video.mp4"));
    assert!(
        stage
            .requests("PUT", "/upload/*")
            .iter()
            .all(|put| !put.headers.iter().any(|(name, _)| name == "authorization")),
        "the address is the permission"
    );
}

#[tokio::test]
async fn a_failed_upload_sends_nothing_and_costs_nothing() {
    let stage = Stage::with(Options::default(), |settings| settings.rules.active = false).await;
    let heard = stage.heard(&stage.player.c2c(USER, "hi"));
    stage.platform.fault("POST", FILES, 5, Fault::error(400, 850_019, "文件格式不支持"));
    for _ in 0..5 {
        let content = [Segment::Text("before".to_owned()), video(MediaSource::Bytes(bytes(10)))];
        assert_eq!(code(&stage.answer(&heard, &content).await), 850_019);
    }
    assert!(stage.platform.sent().is_empty(), "the text did not go out alone");
    for _ in 0..4 {
        stage.reply(&heard, "x").await.unwrap();
    }
}

#[tokio::test]
async fn a_path_is_read_and_a_file_keeps_its_name() {
    let stage = Stage::new().await;
    let heard = stage.heard(&stage.player.c2c(USER, "hi"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.pdf");
    std::fs::write(&path, b"pages").unwrap();
    let file = Media { ..media(MediaSource::Path(path.display().to_string())) };
    assert_eq!(stage.account.upload(chat_of(&heard), file.clone(), None).await, Ok(None));
    let shown = stage.platform.next_sent().await.media.clone().unwrap();
    assert_eq!((&*shown.name, &*shown.bytes, shown.file_type), ("report.pdf", &b"pages"[..], 4));
    let refused = stage.account.upload(chat_of(&heard), file, Some("folder".to_owned())).await;
    assert!(matches!(refused, Err(Error::Unsupported(_))));
    let missing = [image(MediaSource::Path("/nowhere/at/all.png".to_owned()))];
    assert!(matches!(stage.answer(&heard, &missing).await, Err(Error::Invalid(_))));
}

#[tokio::test]
async fn channels_take_images_in_the_request() {
    let stage = Stage::new().await;
    let channel = Chat::Channel(ChannelChat { guild: GUILD.to_owned(), channel: CHANNEL.to_owned() });
    let content = [Segment::Text("look".to_owned()), image(MediaSource::Bytes(b"picture".to_vec()))];
    stage.account.send(&channel, &content, None, false).await.unwrap();
    let request = stage.requests("POST", "/channels/*/messages").pop().unwrap();
    let sent = String::from_utf8_lossy(&request.body).into_owned();
    assert!(
        sent.contains("name=\"file_image\"") && sent.contains("picture") && sent.contains("look"),
        "{sent}"
    );
    let url = [image(MediaSource::Url("https://example.com/a.png".to_owned()))];
    stage.account.send(&channel, &url, None, false).await.unwrap();
    let request = stage.requests("POST", "/channels/*/messages").pop().unwrap();
    assert_eq!(body(&request)["image"], "https://example.com/a.png");
}
