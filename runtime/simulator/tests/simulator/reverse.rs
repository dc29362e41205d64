//! The reverse WebSocket client.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use iglu_simulator::{Cut, FRIEND, GROUP, Napcat, Options, Reverse, SELF_ID, Transport};
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, accept_hdr_async,
    tungstenite::{
        Message,
        handshake::server::{ErrorResponse, Request, Response},
    },
};

use crate::client::DEADLINE;

type Accepted = (Vec<(String, String)>, Option<WebSocketStream<TcpStream>>);

/// Takes the next connection, or refuses it with a status.
#[allow(clippy::result_large_err, reason = "the type is the library's")]
async fn accept(listener: &TcpListener, refusal: Option<u16>) -> Accepted {
    let (tcp, _) = timeout(DEADLINE, listener.accept()).await.expect("a connection in time").unwrap();
    let mut headers = Vec::new();
    let callback = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        headers = request
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), text(value.as_bytes())))
            .collect();
        let Some(status) = refusal else { return Ok(response) };
        let mut refused = ErrorResponse::new(None);
        *refused.status_mut() = status.try_into().unwrap();
        Err(refused)
    };
    let socket = accept_hdr_async(tcp, callback).await.ok();
    (headers, socket)
}

async fn event(socket: &mut WebSocketStream<TcpStream>) -> Value {
    let frame = timeout(DEADLINE, socket.next()).await.unwrap().unwrap().unwrap();
    serde_json::from_str(frame.to_text().unwrap()).unwrap()
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> &'a str {
    &headers.iter().find(|(known, _)| known == name).unwrap().1
}

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/onebot", listener.local_addr().unwrap());
    (listener, url)
}

fn quickly(url: &str) -> Reverse {
    Reverse { reconnect: Duration::from_millis(10), ..Reverse::to(url) }
}

#[tokio::test]
async fn dials_with_the_headers_of_napcat_and_says_lifecycle_first() {
    for (token, authorization) in [("secret", "Bearer secret"), ("", "Bearer ")] {
        let (listener, url) = listen().await;
        let napcat = Napcat::start(Options { token: token.to_owned(), ..Options::default() }).await;
        napcat.dial(quickly(&url)).unwrap();
        let (headers, socket) = accept(&listener, None).await;
        let mut socket = socket.unwrap();
        assert_eq!(header(&headers, "x-self-id"), SELF_ID.to_string());
        assert_eq!(header(&headers, "x-client-role"), "Universal");
        assert_eq!(header(&headers, "authorization").trim_end(), authorization.trim_end());
        assert_eq!(header(&headers, "user-agent"), "OneBot/11");
        assert_eq!(event(&mut socket).await["meta_event_type"], "lifecycle");
        napcat.connected().await;
        napcat.group_text(GROUP, FRIEND, "hi");
        assert_eq!(event(&mut socket).await["raw_message"], "hi");
        socket.send(Message::text(json!({"action": "get_login_info", "echo": 7}).to_string())).await.unwrap();
        let answer = event(&mut socket).await;
        assert_eq!((&answer["echo"], &answer["data"]["user_id"]), (&json!(7), &json!(SELF_ID)));
        assert_eq!(napcat.next_call("get_login_info").await.transport, Transport::Reverse);
    }
}

#[tokio::test]
async fn a_refused_upgrade_is_tried_again_for_ever() {
    let (listener, url) = listen().await;
    let napcat = Napcat::start(Options::default()).await;
    napcat.dial(quickly(&url)).unwrap();
    for status in [401, 403, 503] {
        assert!(accept(&listener, Some(status)).await.1.is_none());
        napcat.wait_links("the refusal", |links| links.refusal == status).await;
    }
    let mut socket = accept(&listener, None).await.1.unwrap();
    event(&mut socket).await;
    let links = napcat.wait_links("the link", |links| links.events == 1).await;
    assert_eq!((links.refused, links.dialled, links.accepted), (3, 4, 0));
}

#[tokio::test]
async fn a_cut_link_is_dialled_again_and_each_has_heartbeats() {
    let (listener, url) = listen().await;
    let heartbeat = Some(Duration::from_millis(5));
    let napcat = Napcat::start(Options { heartbeat, ..Options::default() }).await;
    napcat.dial(quickly(&url)).unwrap();
    for cut in [Cut::Reset, Cut::Eof, Cut::MidFrame, Cut::Close(None)] {
        let mut socket = accept(&listener, None).await.1.unwrap();
        assert_eq!(event(&mut socket).await["sub_type"], "connect");
        assert_eq!(event(&mut socket).await["meta_event_type"], "heartbeat");
        assert_eq!(napcat.cut(cut).await, 1);
    }
    let mut socket = accept(&listener, None).await.1.unwrap();
    event(&mut socket).await;
    napcat.stop_dialling();
    while let Some(Ok(_)) = timeout(DEADLINE, socket.next()).await.unwrap() {}
    napcat.disconnected().await;
}

#[tokio::test]
async fn two_accounts_dial_one_port() {
    let (listener, url) = listen().await;
    let mut seen = Vec::new();
    let mut napcats = Vec::new();
    for self_id in [111, 222] {
        let napcat = Napcat::start(Options { self_id, listen: None, ..Options::default() }).await;
        napcat.dial(quickly(&url)).unwrap();
        let (headers, socket) = accept(&listener, None).await;
        let first = event(&mut socket.unwrap()).await;
        seen.push((header(&headers, "x-self-id").to_owned(), first["self_id"].clone()));
        napcats.push(napcat);
    }
    assert_eq!(seen, [("111".to_owned(), json!(111)), ("222".to_owned(), json!(222))]);
}

#[tokio::test]
async fn an_address_that_cannot_be_dialled_is_told() {
    let napcat = Napcat::start(Options::default()).await;
    for url in ["", "http://127.0.0.1", "wss://127.0.0.1", "127.0.0.1:80"] {
        assert!(napcat.dial(Reverse::to(url)).is_err(), "{url}");
    }
}
