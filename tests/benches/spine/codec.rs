//! Frames into events and sends into frames, beside plain JSON of the same bytes.

use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use anyhow::Context as _;
use iglu::adapter::onebot::probe::Codec;
use iglu::model::{
    Chat, Face, Forward, ForwardNode, Image, Media, MediaSource, Mention, Mentioned, Quote, Segment,
};
use serde_json::{Value, json};

use crate::{median, row};

/// By turns, ours and plain JSON.
const BATCHES: usize = 60;
/// What one batch handles, about.
const BATCH_BYTES: usize = 400_000;
const ACCOUNT: &str = "3892215616";

pub(crate) fn run() -> anyhow::Result<()> {
    println!("medians of {BATCHES} batches of about {} kB, iglu and plain JSON by turns", BATCH_BYTES / 1000);
    for (kind, frame) in frames()? {
        decode(kind, &frame)?;
    }
    for (kind, content) in contents() {
        encode(kind, &content)?;
    }
    Ok(())
}

fn decode(kind: &str, frame: &Value) -> anyhow::Result<()> {
    let bytes = serde_json::to_vec(frame)?;
    let mut codec = Codec::new(ACCOUNT);
    codec.decode(&bytes).map_err(anyhow::Error::msg).with_context(|| kind.to_owned())?;
    let (ours, plain) = by_turns(
        bytes.len(),
        || black_box(codec.decode(black_box(&bytes))).is_ok(),
        || black_box(serde_json::from_slice::<Value>(black_box(&bytes))).is_ok(),
    );
    report(&format!("decode: {kind}, {} bytes", bytes.len()), ours, plain, "bar: at most 3.0");
    Ok(())
}

fn encode(kind: &str, content: &[Segment]) -> anyhow::Result<()> {
    let codec = Codec::new(ACCOUNT);
    let chat = Chat::Group("757951413".to_owned());
    let frames = codec.encode(&chat, content).map_err(|error| anyhow::anyhow!("{kind}: {error:?}"))?;
    let equal: Vec<Value> =
        frames.iter().map(|frame| serde_json::from_str(frame)).collect::<Result<_, _>>()?;
    let size = frames.iter().map(String::len).sum();
    let (ours, plain) = by_turns(
        size,
        || black_box(codec.encode(black_box(&chat), black_box(content))).is_ok(),
        || equal.iter().all(|value| black_box(serde_json::to_vec(black_box(value))).is_ok()),
    );
    report(&format!("encode: {kind}, {size} bytes"), ours, plain, "");
    Ok(())
}

/// Seconds that each takes, once.
fn by_turns(size: usize, mut ours: impl FnMut() -> bool, mut plain: impl FnMut() -> bool) -> (f64, f64) {
    let times = (BATCH_BYTES / size).max(1);
    let batch = |work: &mut dyn FnMut() -> bool| {
        let begun = Instant::now();
        for _ in 0..times {
            assert!(work(), "the benchmark's own frames are right");
        }
        begun.elapsed().as_secs_f64() / times as f64
    };
    let (mut our_times, mut plain_times) = (Vec::new(), Vec::new());
    for _ in 0..BATCHES {
        plain_times.push(batch(&mut plain));
        our_times.push(batch(&mut ours));
    }
    (median(&mut our_times), median(&mut plain_times))
}

fn report(what: &str, ours: f64, plain: f64, bar: &str) {
    let rate = format!("{:.2} us, {:.0} k/s", ours * 1e6, 1e-3 / ours);
    row(what, &rate, &format!("plain JSON {:.2} us, {:.2} times; {bar}", plain * 1e6, ours / plain));
}

/// One frame of each kind, as NapCat writes them: without blanks.
fn frames() -> anyhow::Result<Vec<(&'static str, Value)>> {
    let read = |name: &str| -> anyhow::Result<Value> {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("corpus/onebot/{name}.json"));
        Ok(serde_json::from_str(&std::fs::read_to_string(file)?)?)
    };
    let mut card = read("message_private_friend_json_miniapp")?;
    let text = card["message"][0]["data"]["data"].as_str().context("the card is text")?;
    let mut app: Value = serde_json::from_str(text)?;
    let lines: Vec<Value> = (0..90)
        .map(|n| json!({"title": format!("第 {n} 行"), "url": format!("https://example.com/{n}?a=1&b=2")}))
        .collect();
    app["meta"]["lines"] = Value::Array(lines);
    card["message"][0]["data"]["data"] = app.to_string().into();
    let escaped = app.to_string().replace('&', "&amp;").replace('[', "&#91;").replace(']', "&#93;");
    card["raw_message"] = format!("[CQ:json,data={}]", escaped.replace(',', "&#44;")).into();

    let mut forward = read("message_group_forward_with_content")?;
    let inner = forward["message"][0]["data"]["content"][0].clone();
    forward["message"][0]["data"]["content"] = Value::Array(vec![inner; 20]);

    Ok(vec![
        ("a short group message", read("message_group_normal_text")?),
        ("the same as a string", read("message_group_normal_string_format")?),
        ("quote, mentions, images", read("message_group_normal_mixed_reply_at_all_at_image")?),
        ("a card", card),
        ("a merged message of 20", forward),
        ("a notice", read("notice_group_increase_approve")?),
        ("a poke", read("notice_notify_poke_friend")?),
        ("a request", read("request_group_add")?),
        ("a heartbeat", read("meta_heartbeat")?),
        ("an answer", read("response_send_private_msg_ok")?),
        ("an answer with a message", read("response_get_msg")?),
    ])
}

/// One content of each kind of send.
fn contents() -> Vec<(&'static str, Vec<Segment>)> {
    let text = |text: &str| Segment::Text(text.to_owned());
    let image = |source| {
        let media = Media { source, name: None, size: None, file_id: None, mime_type: None };
        Segment::Image(Image { media, summary: None, sub_type: None, width: None, height: None })
    };
    let user = Mentioned { id: "5079132".to_owned(), name: None, is_self: false };
    let quote =
        Quote { message: "2096329721".to_owned(), sender: None, time: None, text: None, content: None };
    let face = Face { id: "178".to_owned(), text: None, kind: None, result_id: None, chain_count: None };
    let node = |number: usize| ForwardNode {
        message: None,
        sender: "5079132".to_owned(),
        nickname: "东风寄千愁".to_owned(),
        time: None,
        content: json!([{"type": "text", "data": format!("line {number}")}]).to_string(),
    };
    let merged = Forward { id: None, nodes: (0..20).map(node).collect(), cover: None };
    let card = json!({"app": "com.tencent.structmsg", "lines": vec!["一行文字, some text"; 400]}).to_string();
    vec![
        ("a short text", vec![text("hello there")]),
        (
            "quote, mention, face, image by address",
            vec![
                Segment::Reply(quote),
                Segment::At(Mention::User(user)),
                text(" look"),
                Segment::Face(face),
                image(MediaSource::Url("https://example.com/a.png".to_owned())),
            ],
        ),
        ("an image of 100 kB in bytes", vec![image(MediaSource::Bytes(vec![0x5A; 100_000]))]),
        ("a card", vec![Segment::Card(card)]),
        ("a merged message of 20", vec![Segment::Forward(merged)]),
    ]
}
