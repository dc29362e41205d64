//! Replies that grow.

use std::time::Duration;

use iglu_simulator::qq::{Fault, GROUP, Options, USER, Via};
use serde_json::{Value, json};

use super::{Stage, body, chat_of};
use crate::bot::{Bot as _, Draft};
use crate::model::{Error, Incoming};
use std::sync::Arc;

const STREAMS: &str = "/v2/users/*/stream_messages";

fn draft(stage: &Stage, heard: &Arc<Incoming>) -> Box<dyn Draft> {
    stage.account.draft(&chat_of(heard), heard).unwrap()
}

fn pieces(stage: &Stage) -> Vec<Value> {
    stage.requests("POST", STREAMS).iter().map(|request| body(request)).collect()
}

/// Waits until the platform has had so many pieces.
async fn until(stage: &Stage, count: usize) {
    for _ in 0..count.saturating_sub(pieces(stage).len()) {
        stage.platform.next_request("POST", STREAMS).await;
    }
}

#[tokio::test]
async fn a_reply_grows_in_pieces_and_ends() {
    let stage = Stage::new().await;
    let event = stage.player.c2c(USER, "tell me");
    let heard = stage.heard(&event);
    let draft = draft(&stage, &heard);
    draft.append("Once ").unwrap();
    stage.platform.next_request("POST", STREAMS).await;
    draft.append("upon ").unwrap();
    stage.platform.next_request("POST", STREAMS).await;
    draft.append("a time").unwrap();
    let receipt = draft.finish().await.unwrap();
    let sent = stage.platform.next_sent().await;
    assert_eq!(
        (sent.text(), sent.via, sent.msg_id.as_deref()),
        ("Once upon a time", Via::Stream, Some(event.message_id()))
    );
    assert_eq!(receipt.messages, std::slice::from_ref(&sent.id));
    let pieces = pieces(&stage);
    for (number, piece) in pieces.iter().enumerate() {
        assert_eq!((&piece["index"], &piece["msg_seq"]), (&json!(number), &json!(1)), "{piece}");
        assert_eq!(piece["stream_msg_id"].is_null(), number == 0, "{piece}");
        let last = number + 1 == pieces.len();
        assert_eq!(piece["input_state"], if last { 10 } else { 1 });
    }
    assert!(pieces.len() >= 3);
    stage.reply(&heard, "more").await.unwrap();
    assert_eq!(stage.platform.sent()[1].body["msg_seq"], 2, "a stream is one answer");
    assert!(stage.account.memory.wrote(&sent.id));
}

#[tokio::test]
async fn pieces_are_spaced_and_hold_what_came_between() {
    let stage =
        Stage::with(Options::default(), |settings| settings.timings.piece = Duration::from_millis(120)).await;
    let heard = stage.heard(&stage.player.c2c(USER, "tell me"));
    let draft = draft(&stage, &heard);
    let begun = std::time::Instant::now();
    draft.append("0").unwrap();
    until(&stage, 1).await;
    for number in 1..10 {
        draft.append(&number.to_string()).unwrap();
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    draft.finish().await.unwrap();
    let took = begun.elapsed();
    assert_eq!(stage.platform.next_sent().await.text(), "0123456789");
    let most = took.as_millis() / 120 + 1;
    assert!(pieces(&stage).len() as u128 <= most, "{} pieces in {took:?}", pieces(&stage).len());
}

#[tokio::test]
async fn a_dropped_draft_is_ended() {
    let stage = Stage::new().await;
    let heard = stage.heard(&stage.player.c2c(USER, "tell me"));
    let draft = draft(&stage, &heard);
    draft.append("half").unwrap();
    stage.platform.next_request("POST", STREAMS).await;
    drop(draft);
    let sent = stage.platform.next_sent().await;
    assert_eq!((sent.text(), sent.via), ("half", Via::Stream));
}

#[tokio::test]
async fn a_refused_stream_becomes_a_whole_message() {
    let stage = Stage::new().await;
    let heard = stage.heard(&stage.player.c2c(USER, "tell me"));
    stage.platform.fault("POST", STREAMS, 1, Fault::error(403, 11_253, "check app privilege not pass"));
    let draft = draft(&stage, &heard);
    draft.append("all ").unwrap();
    stage.platform.next_request("POST", STREAMS).await;
    draft.append("of it").unwrap();
    let receipt = draft.finish().await.unwrap();
    let sent = stage.platform.next_sent().await;
    assert_eq!((sent.text(), sent.via), ("all of it", Via::Message));
    assert_eq!(receipt.messages, std::slice::from_ref(&sent.id));
    for _ in 0..3 {
        stage.reply(&heard, "x").await.unwrap();
    }
    assert!(stage.platform.sent().iter().all(|sent| !sent.is_active()), "the refused piece cost no answer");
}

#[tokio::test]
async fn the_error_of_a_piece_is_told_once() {
    let stage = Stage::new().await;
    let heard = stage.heard(&stage.player.c2c(USER, "tell me"));
    let draft = draft(&stage, &heard);
    draft.append("good").unwrap();
    stage.platform.next_request("POST", STREAMS).await;
    stage.platform.fault("POST", STREAMS, 1, Fault::error(400, 40_034_006, "内容违规"));
    draft.append(" bad").unwrap();
    let sent = stage.platform.next_sent().await;
    assert_eq!(sent.text(), "good", "it ends with what the platform has");
    let Err(Error::Platform(error)) = draft.append("more") else { panic!("the error is told") };
    assert_eq!(error.code, 40_034_006);
    assert!(matches!(draft.append("more"), Err(Error::NotFound(_))), "once");
    assert!(matches!(draft.finish().await, Err(Error::NotFound(_))));
}

#[tokio::test]
async fn a_piece_that_got_lost_is_made_good_by_the_next() {
    let stage = Stage::new().await;
    let heard = stage.heard(&stage.player.c2c(USER, "tell me"));
    let draft = draft(&stage, &heard);
    draft.append("a").unwrap();
    stage.platform.next_request("POST", STREAMS).await;
    stage.platform.fault("POST", STREAMS, 4, Fault::html(502, "Bad Gateway"));
    draft.append("b").unwrap();
    for _ in 0..4 {
        stage.platform.next_request("POST", STREAMS).await;
    }
    draft.append("c").unwrap();
    draft.finish().await.unwrap();
    assert_eq!(stage.platform.next_sent().await.text(), "abc");
}

#[tokio::test]
async fn only_private_chats_have_streams() {
    let stage = Stage::new().await;
    let group = stage.heard(&stage.player.group_at(GROUP, USER, "hi"));
    assert!(stage.account.draft(&chat_of(&group), &group).is_none());
    let gone = stage.heard(&stage.player.friend_del(USER));
    assert!(stage.account.draft(&chat_of(&gone), &gone).is_none());
    let heard = stage.heard(&stage.player.c2c(USER, "hi"));
    let empty = draft(&stage, &heard).finish().await;
    assert!(matches!(empty, Err(Error::Invalid(_))));
}
