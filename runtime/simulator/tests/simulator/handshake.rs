//! Connecting: first frame, paths, tokens, greetings.

use std::{net::SocketAddr, time::Duration};

use iglu_simulator::{Cut, FRIEND, Greeting, Napcat, Options, SELF_ID};
use serde_json::{Value, json};
use tokio::{io::AsyncReadExt, net::TcpStream, time::timeout};
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::client::{DEADLINE, QUIET, ask, call, connect, event, next, nothing_comes, ready};

fn secret() -> Options {
    Options { token: "se cret".to_owned(), ..Options::default() }
}

#[tokio::test]
async fn lifecycle_is_the_first_frame() {
    let napcat = Napcat::start(Options::default()).await;
    for path in ["", "/", "/event", "/anything"] {
        let mut client = connect(&format!("{}{path}", napcat.url()), None).await.unwrap();
        let first = event(&mut client).await;
        assert_eq!(first["meta_event_type"], "lifecycle");
        assert_eq!(first["self_id"], SELF_ID);
    }
}

#[tokio::test]
async fn api_path_takes_actions_and_gives_no_events() {
    let napcat = Napcat::start(Options::default()).await;
    let mut client = connect(&format!("{}/api", napcat.url()), None).await.unwrap();
    let answer = call(&mut client, "get_login_info", json!({})).await;
    assert_eq!(answer["data"], json!({"user_id": SELF_ID, "nickname": "bot"}));
    assert_eq!(napcat.private_text(FRIEND, "hi").signum(), 1);
    nothing_comes(&mut client).await;
    assert_eq!((napcat.links().events, napcat.links().actions), (0, 1));
}

#[tokio::test]
async fn token_is_taken_from_header_or_query_and_the_query_wins() {
    let napcat = Napcat::start(secret()).await;
    let right = "Bearer se cret";
    let cases = [
        ("", Some(right), true),
        ("", Some("se cret"), true),
        ("/?access_token=se%20cret", None, true),
        ("/?access_token=se+cret", Some("Bearer wrong"), true),
        ("/?access_token=", Some(right), true),
        ("/?access_token=wrong", Some(right), false),
        ("", Some("Bearer wrong"), false),
        ("/api", None, false),
    ];
    for (path, header, accepted) in cases {
        let mut client = connect(&format!("{}{path}", napcat.url()), header).await.unwrap();
        let first = event(&mut client).await;
        let retcode = if accepted { Value::Null } else { json!(1403) };
        assert_eq!(first["retcode"], retcode, "{path} {header:?}");
    }
    assert_eq!(napcat.links().denied, 3);
    assert_eq!(napcat.upgrades()[2].query, "access_token=se%20cret");
}

#[tokio::test]
async fn bad_token_gets_the_1403_frame_and_a_close_without_status() {
    let napcat = Napcat::start(secret()).await;
    let mut client = connect(&napcat.url(), None).await.unwrap();
    let expected = json!({"status": "failed", "retcode": 1403, "data": null, "message": "token验证失败",
        "wording": "token验证失败", "echo": null, "stream": "normal-action"});
    assert_eq!(event(&mut client).await, expected);
    assert!(matches!(next(&mut client).await, Some(Ok(Message::Close(None)))));
    assert!(next(&mut client).await.is_none());
}

#[tokio::test]
async fn greetings_hold_or_refuse_new_connections() {
    let napcat = Napcat::start(Options::default()).await;
    napcat.greet_with(Greeting::Status(503));
    let refused = connect(&napcat.url(), None).await;
    assert!(matches!(refused, Err(Error::Http(response)) if response.status() == 503));

    napcat.greet_with(Greeting::Reset);
    assert!(matches!(connect(&napcat.url(), None).await, Err(Error::Io(_) | Error::Protocol(_))));

    napcat.greet_with(Greeting::SilentAfterUpgrade);
    let mut client = connect(&napcat.url(), None).await.unwrap();
    ask(&mut client, json!({"action": "get_status"})).await;
    nothing_comes(&mut client).await;
    assert_eq!(napcat.links().events, 0);

    napcat.greet_with(Greeting::Slow(Duration::from_millis(200)));
    assert!(timeout(Duration::from_millis(20), connect(&napcat.url(), None)).await.is_err());
    let second = ready(&napcat).await;
    assert!(napcat.cut(Cut::Eof).await >= 2, "the silent link and the last one");
    assert!(next(&mut client).await.unwrap().is_err());
    drop(second);
}

#[tokio::test]
async fn silent_greeting_accepts_and_says_nothing_until_cut() {
    let napcat = Napcat::start(Options::default()).await;
    napcat.greet_with(Greeting::Silent);
    let address: SocketAddr = napcat.address();
    let mut tcp = TcpStream::connect(address).await.unwrap();
    napcat.wait_links("a held handshake", |links| links.opening == 1).await;
    let mut byte = [0];
    assert!(timeout(QUIET, tcp.read(&mut byte)).await.is_err());
    assert_eq!(napcat.cut(Cut::Reset).await, 1);
    assert_eq!(timeout(DEADLINE, tcp.read(&mut byte)).await.unwrap().unwrap_or(0), 0);
}
