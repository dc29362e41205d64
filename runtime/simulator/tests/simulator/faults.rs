//! Heartbeats and the ways a link ends.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use iglu_simulator::{Cut, FRIEND, Napcat, Options, client_config};
use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_tungstenite::{
    Connector, connect_async_tls_with_config,
    tungstenite::{Error, Message, protocol::CloseFrame},
};

use crate::client::{Client, DEADLINE, QUIET, ask, call, connect, event, next, nothing_comes, ready};

#[tokio::test]
async fn heartbeats_come_at_their_interval_and_stop() {
    let beat = Duration::from_millis(20);
    let napcat = Napcat::start(Options { heartbeat: Some(beat), ..Options::default() }).await;
    let mut client = ready(&napcat).await;
    let first = event(&mut client).await;
    assert_eq!((&first["meta_event_type"], &first["interval"]), (&json!("heartbeat"), &json!(20)));
    assert_eq!(first["status"], json!({"online": true, "good": true}));
    napcat.go_online(false);
    while event(&mut client).await["status"]["online"] == true {}
    napcat.beat_every(None);
    while timeout(QUIET, client.next()).await.is_ok() {}
    assert_eq!(call(&mut client, "get_status", json!({})).await["data"]["online"], false);
}

#[tokio::test]
async fn pings_are_answered_unless_silent() {
    let napcat =
        Napcat::start(Options { heartbeat: Some(Duration::from_millis(5)), ..Options::default() }).await;
    let mut client = ready(&napcat).await;
    client.send(Message::Ping("1".into())).await.unwrap();
    while next(&mut client).await.unwrap().unwrap() != Message::Pong("1".into()) {}
    assert_eq!(napcat.links().pings, 1);
    napcat.go_silent();
    while timeout(QUIET, client.next()).await.is_ok() {}
    client.send(Message::Ping("2".into())).await.unwrap();
    ask(&mut client, json!({"action": "get_status", "echo": 1})).await;
    nothing_comes(&mut client).await;
    let second = ready(&napcat).await;
    assert_eq!(napcat.links().events, 2);
    drop(second);
    napcat.speak_again();
    while next(&mut client).await.unwrap().unwrap() != Message::Pong("2".into()) {}
}

#[tokio::test]
async fn cuts_look_as_named() {
    let reset = |end: &Option<Result<Message, Error>>| match end {
        Some(Err(Error::Io(error))) => error.kind() == std::io::ErrorKind::ConnectionReset,
        _ => false,
    };
    let unclean = |end: &Option<Result<Message, Error>>| matches!(end, Some(Err(Error::Protocol(_))));
    for tls in [false, true] {
        let napcat = Napcat::start(Options { tls, ..Options::default() }).await;
        for cut in [
            Cut::Reset,
            Cut::Eof,
            Cut::MidFrame,
            Cut::Close(Some((1012, "restart".to_owned()))),
            Cut::Close(None),
        ] {
            let mut client = ready_over(&napcat).await;
            napcat.private_text(FRIEND, "before the cut");
            napcat.flush().await;
            assert_eq!(event(&mut client).await["raw_message"], "before the cut");
            assert_eq!(napcat.cut(cut.clone()).await, 1);
            assert_eq!(napcat.private_text(FRIEND, "after the cut").signum(), 1);
            assert_eq!(napcat.links().events, 0);
            let end = next(&mut client).await;
            let as_named = match &cut {
                Cut::Reset => reset(&end),
                Cut::Eof | Cut::MidFrame => unclean(&end),
                Cut::Close(frame) => {
                    matches!(&end, Some(Ok(Message::Close(got))) if same(got.as_ref(), frame.as_ref()))
                }
            };
            assert!(as_named, "{cut:?} over tls {tls}: {end:?}");
        }
        assert_eq!((napcat.links().connected, napcat.links().accepted), (5, 5));
    }
}

fn same(got: Option<&CloseFrame>, sent: Option<&(u16, String)>) -> bool {
    got.map(|frame| (u16::from(frame.code), frame.reason.to_string())) == sent.cloned()
}

async fn ready_over(napcat: &Napcat) -> Client {
    if !napcat.options().tls {
        return ready(napcat).await;
    }
    let connector = Some(Connector::Rustls(client_config()));
    let (mut client, _) = connect_async_tls_with_config(napcat.url(), None, true, connector).await.unwrap();
    assert_eq!(event(&mut client).await["meta_event_type"], "lifecycle");
    napcat.connected().await;
    client
}

#[tokio::test]
async fn one_of_two_connections_is_cut() {
    let napcat = Napcat::start(Options::default()).await;
    let (mut first, mut second) = (ready(&napcat).await, ready(&napcat).await);
    assert!(napcat.cut_one(1, Cut::Eof).await);
    assert!(!napcat.cut_one(1, Cut::Eof).await);
    assert!(next(&mut first).await.unwrap().is_err());
    assert_eq!(napcat.push(&json!({"post_type": "meta_event"})), 1);
    assert_eq!(event(&mut second).await["post_type"], "meta_event");
    drop(second);
    napcat.disconnected().await;
}

#[tokio::test]
async fn server_refuses_while_not_listening_and_returns_on_its_port() {
    let napcat = Napcat::start(Options::default()).await;
    let mut client = ready(&napcat).await;
    napcat.stop_listening().await;
    for _ in 0..3 {
        let refused = connect(&napcat.url(), None).await;
        let Err(Error::Io(error)) = refused else { panic!("not refused") };
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
    }
    assert_eq!(call(&mut client, "get_status", json!({})).await["retcode"], 0);
    napcat.listen_again();
    ready(&napcat).await;
    assert_eq!(napcat.links().connected, 2);
}

#[tokio::test]
async fn dropping_the_last_handle_ends_everything() {
    let napcat = Napcat::start(Options::default()).await;
    let mut client = ready(&napcat).await;
    let url = napcat.url();
    drop(napcat.clone());
    assert_eq!(call(&mut client, "get_status", json!({})).await["retcode"], 0);
    drop(napcat);
    assert!(next(&mut client).await.unwrap().is_err());
    let gone = async { while connect(&url, None).await.is_ok() {} };
    timeout(DEADLINE, gone).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_cuts_amid_traffic_leave_nothing_behind() {
    let napcat = Napcat::start(Options::default()).await;
    let url = napcat.url();
    let client = tokio::spawn(async move {
        loop {
            let Ok(mut client) = connect(&url, None).await else { continue };
            while let Some(Ok(frame)) = client.next().await {
                let Ok(event) = serde_json::from_slice::<Value>(&frame.into_data()) else { continue };
                if event["post_type"] == "message" {
                    let params = json!({"user_id": FRIEND, "message": event["message"]});
                    let request =
                        json!({"action": "send_msg", "params": params, "echo": event["message_id"]});
                    if client.send(Message::text(request.to_string())).await.is_err() {
                        break;
                    }
                }
            }
        }
    });
    let cuts =
        [Cut::Reset, Cut::Eof, Cut::MidFrame, Cut::Close(Some((1001, String::new()))), Cut::Close(None)];
    for round in 0..100 {
        let number = napcat.connected().await;
        let messages: Vec<_> =
            (0..8).map(|index| napcat.private_text(FRIEND, &format!("{round}.{index}"))).collect();
        let before_the_cut = messages[fastrand::usize(..messages.len())];
        napcat.next_call_where("with an echo", |call| *call.echo() == json!(before_the_cut)).await;
        assert_eq!(napcat.cut(cuts[fastrand::usize(..cuts.len())].clone()).await, 1, "connection {number}");
    }
    client.abort();
    let links = napcat.links();
    assert_eq!(links.connected, 100 + links.events as u64);
}
