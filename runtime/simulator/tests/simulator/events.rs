//! Events, in both message formats, and frames that are none.

use iglu_simulator::{Build, FRIEND, Format, GROUP, MessageDraft, Napcat, Options, decode_cq, encode_cq};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::client::{event, next, ready, text};

#[tokio::test]
async fn events_have_the_recorded_shape() {
    let napcat = Napcat::start(Options { build: Build::Y2025, ..Options::default() }).await;
    let private = napcat.private_message(FRIEND).text("你好");
    let group = napcat.group_message(GROUP, FRIEND).text("test");
    let fixed = |draft: MessageDraft, time: u64, id: i64, seq: &str| {
        let ids = ["message_id", "message_seq", "real_id"];
        let draft = ids.into_iter().fold(draft, |draft, name| draft.field(name, json!(id)));
        draft.field("time", json!(time)).field("real_seq", json!(seq)).json().to_string()
    };
    let recorded = r#"{"self_id":3892215616,"user_id":5079132,"time":1746673640,"message_id":1136053690,"message_seq":1136053690,"real_id":1136053690,"real_seq":"770","message_type":"private","sender":{"user_id":5079132,"nickname":"东风寄千愁","card":""},"raw_message":"你好","font":14,"sub_type":"friend","message":[{"type":"text","data":{"text":"你好"}}],"message_format":"array","post_type":"message","target_id":5079132}"#;
    assert_eq!(fixed(private, 1746673640, 1136053690, "770"), recorded);
    let recorded = r#"{"self_id":3892215616,"user_id":5079132,"time":1747107314,"message_id":2096329721,"message_seq":2096329721,"real_id":2096329721,"real_seq":"20471","message_type":"group","sender":{"user_id":5079132,"nickname":"东风寄千愁","card":"","role":"admin"},"raw_message":"test","font":14,"sub_type":"normal","message":[{"type":"text","data":{"text":"test"}}],"message_format":"array","post_type":"message","group_id":757951413}"#;
    assert_eq!(fixed(group, 1747107314, 2096329721, "20471"), recorded);
}

#[test]
fn cq_codes_agree_with_the_recording() {
    let segments = json!([
        {"type": "reply", "data": {"id": "265662236"}},
        {"type": "at", "data": {"qq": "all"}},
        {"type": "text", "data": {"text": " test [message] & more, "}},
        {"type": "image", "data": {"summary": "[动画表情]", "file": "5B.jpg", "sub_type": 1,
            "url": "https://multimedia.nt.qq.com.cn/download?appid=1407&fileid=EhQ,x", "file_size": "155336"}},
    ]);
    let coded = "[CQ:reply,id=265662236][CQ:at,qq=all] test &#91;message&#93; &amp; more, \
        [CQ:image,summary=&#91;动画表情&#93;,file=5B.jpg,sub_type=1,\
        url=https://multimedia.nt.qq.com.cn/download?appid=1407&amp;fileid=EhQ&#44;x,file_size=155336]";
    assert_eq!(encode_cq(segments.as_array().unwrap()), coded);
    let mut decoded = segments;
    decoded[3]["data"]["sub_type"] = json!("1");
    assert_eq!(Value::from(decode_cq(coded)), decoded);
    for stays_text in ["[CQ:]", "[CQ:at,qq", "[CQ:a b]", "[CQ:at,=1]", "&amp;#91;"] {
        let expected = stays_text.replace("&amp;", "&");
        assert_eq!(Value::from(decode_cq(stays_text)), text(&expected), "{stays_text}");
    }
}

#[tokio::test]
async fn string_format_holds_cq_codes() {
    let napcat = Napcat::start(Options { format: Format::String, ..Options::default() }).await;
    let mut client = ready(&napcat).await;
    napcat.group_message(GROUP, FRIEND).at("all").text(" [x]").push();
    let event = event(&mut client).await;
    assert_eq!(
        (&event["message"], &event["message_format"]),
        (&json!("[CQ:at,qq=all] &#91;x&#93;"), &json!("string"))
    );
}

#[tokio::test]
async fn odd_frames_arrive_as_pushed() {
    let napcat = Napcat::start(Options::default()).await;
    assert_eq!(napcat.push(&json!({"post_type": "notice"})), 0);
    let mut client = ready(&napcat).await;
    let draft = napcat.private_message(FRIEND).text("twice");
    let message = draft.json();
    assert_eq!((napcat.push(&message), napcat.push(&message)), (1, 1));
    assert_eq!(event(&mut client).await, event(&mut client).await);
    napcat.push_text("not json");
    napcat.push_binary(&[0xff, 0]);
    napcat.push_half(&message);
    assert_eq!(next(&mut client).await.unwrap().unwrap(), Message::text("not json"));
    assert_eq!(next(&mut client).await.unwrap().unwrap(), Message::binary(vec![0xff, 0]));
    let half = next(&mut client).await.unwrap().unwrap().into_text().unwrap();
    assert!(message.to_string().starts_with(half.as_str()) && half.len() > 100);
    napcat.private_text(FRIEND, &"x".repeat(4 << 20));
    assert_eq!(event(&mut client).await["raw_message"].as_str().unwrap().len(), 4 << 20);
}
