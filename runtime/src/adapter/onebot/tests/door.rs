//! NapCat comes to us: WebSockets and posts, on real sockets.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::{Response, StatusCode};
use ring::hmac;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::server::*;
use super::*;
use crate::adapter::onebot::{Listen, Settings, Visit};
use crate::model::{Chat, Error, EventBody, Incoming};

const OTHER: &str = "1090558688";

/// An address that nobody uses, just now.
pub(super) fn free() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

fn door(kind: Visit, host: &str, token: &str) -> Settings {
    let listen = Listen { kind, host: host.to_owned(), path: "/".to_owned() };
    Settings {
        name: format!("door of {token}"),
        url: None,
        listen: Some(listen),
        token: Some(token.to_owned()),
        ..settings_of("")
    }
}

/// NapCat's WebSocket client.
struct Client(WebSocketStream<TcpStream>);

impl Client {
    async fn try_dial(host: &str, id: &str, token: &str) -> Result<Self, StatusCode> {
        let stream = soon("the door", async {
            loop {
                match TcpStream::connect(host).await {
                    Ok(stream) => return stream,
                    Err(_) => tokio::task::yield_now().await,
                }
            }
        })
        .await;
        let mut request = format!("ws://{host}/").into_client_request().unwrap();
        let headers = request.headers_mut();
        headers.insert("X-Self-ID", id.parse().unwrap());
        headers.insert("X-Client-Role", "Universal".parse().unwrap());
        headers.insert("Authorization", format!("Bearer {token}").parse().unwrap());
        match client_async(request, stream).await {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(WsError::Http(answer)) => Err(answer.status()),
            Err(other) => panic!("{other}"),
        }
    }

    async fn dial(host: &str, id: &str, token: &str) -> Self {
        let mut client = Self::try_dial(host, id, token).await.unwrap();
        client.say(&lifecycle(id)).await;
        client
    }

    async fn say(&mut self, frame: &Value) {
        self.0.send(Message::text(frame.to_string())).await.unwrap();
    }

    /// Answers the next send, and tells its parameters.
    async fn answer_send(&mut self, message: i64) -> Value {
        soon("a send", async {
            loop {
                let Message::Text(text) = self.0.next().await.unwrap().unwrap() else { continue };
                let request: Value = serde_json::from_str(&text).unwrap();
                let is_send = request["action"].as_str().unwrap().starts_with("send_");
                let data = if is_send { json!({"message_id": message}) } else { json!({}) };
                self.say(&json!({"status": "ok", "retcode": 0, "data": data, "echo": request["echo"]})).await;
                if is_send {
                    return request["params"].clone();
                }
            }
        })
        .await
    }

    async fn closed(&mut self) {
        soon("the end", async { while let Some(Ok(_)) = self.0.next().await {} }).await;
    }
}

fn of(id: &str, mut event: Value) -> Value {
    event["self_id"] = json!(id.parse::<u64>().unwrap());
    event
}

async fn reply(house: &House, event: &Incoming, text: &str) -> Result<crate::model::Receipt, Error> {
    let bot = house.bots.get(&event.event.bot.id).unwrap();
    let content = crate::model::text(text);
    bot.send(&Chat::Private("5079132".to_owned()), &content, Some(event), false).await
}

async fn next_message(house: &mut House) -> Incoming {
    loop {
        let event = house.event().await;
        if event.message().is_some() {
            return event;
        }
    }
}

#[tokio::test]
async fn accounts_share_a_port_and_each_reply_goes_back_by_its_link() {
    let host = free();
    let mut house = House::open_all(vec![
        Settings { account: Some(ME.to_owned()), name: "mine".to_owned(), ..door(Visit::Socket, &host, "a") },
        Settings { account: Some(OTHER.to_owned()), ..door(Visit::Socket, &host, "b") },
    ]);
    let mut mine = Client::dial(&host, ME, "a").await;
    let mut other = Client::dial(&host, OTHER, "b").await;
    for refused in [(ME, "b"), (OTHER, "a"), (ME, "wrong"), ("777", "a")] {
        assert_eq!(Client::try_dial(&host, refused.0, refused.1).await.err(), Some(StatusCode::FORBIDDEN));
    }
    assert_eq!(Client::try_dial(&host, ME, "").await.err(), Some(StatusCode::UNAUTHORIZED));
    assert_eq!(Client::try_dial(&host, "no account", "a").await.err(), Some(StatusCode::BAD_REQUEST));
    for (client, id) in [(&mut mine, ME), (&mut other, OTHER)] {
        client.say(&of(id, message(5, "hello"))).await;
        let event = next_message(&mut house).await;
        assert_eq!(event.event.bot.id, id);
        let (sent, params) = tokio::join!(reply(&house, &event, id), client.answer_send(9));
        assert_eq!(sent.unwrap().messages, ["9"]);
        assert_eq!(params["message"][0]["data"]["text"], id);
    }
    house.close().await;
}

#[tokio::test]
async fn the_newest_link_of_an_account_wins_as_soon_as_it_speaks() {
    let host = free();
    let mut house = House::open_all(vec![door(Visit::Socket, &host, "t")]);
    let mut old = Client::dial(&host, ME, "t").await;
    assert_eq!(house.state().await, "connected");
    let silent = Client::try_dial(&host, ME, "t").await.unwrap_or_else(|status| panic!("{status}"));
    old.say(&message(1, "the old one lives")).await;
    next_message(&mut house).await;
    let mut new = Client::dial(&host, ME, "t").await;
    old.closed().await;
    drop(silent);
    new.say(&message(2, "from the new one")).await;
    let event = house.event().await;
    assert_eq!(event.message().unwrap().text, "from the new one", "nobody is told of a change");
    let (sent, _) = tokio::join!(reply(&house, &event, "x"), new.answer_send(3));
    sent.unwrap();
    drop(new);
    assert_eq!(house.state().await, "disconnected");
    house.close().await;
}

#[tokio::test]
async fn an_account_with_two_links_is_one_bot_until_both_are_gone() {
    let (listener, address) = listen().await;
    let host = free();
    let mut house = House::open_all(vec![settings(address), door(Visit::Socket, &host, "t")]);
    let mut forward = Peer::welcome(&listener).await;
    assert_eq!(house.state().await, "connected");
    let mut reverse = Client::dial(&host, ME, "t").await;
    reverse.say(&message(1, "by the reverse link")).await;
    let event = house.event().await;
    assert_eq!(event.message().unwrap().text, "by the reverse link");
    assert_eq!(house.bots.all().len(), 1);
    let (sent, params) = tokio::join!(reply(&house, &event, "back"), reverse.answer_send(3));
    assert_eq!((sent.unwrap().messages, &params["user_id"]), (vec!["3".to_owned()], &json!("5079132")));

    drop(reverse);
    forward.say(&message(2, "by the other")).await;
    let second = house.event().await;
    assert_eq!(second.message().unwrap().text, "by the other", "the account is still connected");
    let serve = async {
        let request = forward.request().await;
        forward.answer(&request, &json!({"message_id": 4})).await;
    };
    let (sent, ()) = tokio::join!(reply(&house, &event, "the first one's link is gone"), serve);
    assert_eq!(sent.unwrap().messages, ["4"]);
    drop(forward);
    assert_eq!(house.state().await, "disconnected");
    house.close().await;
}

#[tokio::test]
async fn a_crowd_with_wrong_tokens_disturbs_nobody() {
    let host = free();
    let mut house = House::open_all(vec![door(Visit::Socket, &host, "t")]);
    let mut client = Client::dial(&host, ME, "t").await;
    let mut silent = Vec::new();
    for number in 0..300 {
        silent.push(TcpStream::connect(&host).await.unwrap());
        let token = format!("wrong {number}");
        assert_eq!(Client::try_dial(&host, ME, &token).await.err(), Some(StatusCode::FORBIDDEN));
    }
    client.say(&message(1, "still here")).await;
    let event = next_message(&mut house).await;
    let (sent, _) = tokio::join!(reply(&house, &event, "yes"), client.answer_send(2));
    sent.unwrap();
    house.close().await;
}

async fn post(host: &str, token: Option<&str>, body: &str) -> Response {
    let http = reqwest::Client::builder().tls_backend_preconfigured(no_tls()).no_proxy().build().unwrap();
    let mut request = http.post(format!("http://{host}/")).header("X-Self-ID", ME).body(body.to_owned());
    if let Some(token) = token {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, token.as_bytes());
        let signature = hmac::sign(&key, body.as_bytes());
        let hex: String = signature.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        request = request.header("X-Signature", format!("sha1={hex}"));
    }
    soon("an answer", async {
        loop {
            match request.try_clone().unwrap().send().await {
                Ok(answer) => return answer,
                Err(error) if error.is_connect() => tokio::task::yield_now().await,
                Err(error) => panic!("{error}"),
            }
        }
    })
    .await
}

fn no_tls() -> rustls::ClientConfig {
    crate::adapter::onebot::trust::tls(&settings_of("")).unwrap()
}

#[tokio::test]
async fn a_reply_to_a_posted_event_goes_into_the_answer() {
    let host = free();
    let mut house = House::open_all(vec![door(Visit::Posts, &host, "t")]);
    let event = message(1, "hello").to_string();
    let answered = tokio::spawn({
        let (host, event) = (host.clone(), event.clone());
        async move { post(&host, Some("t"), &event).await }
    });
    let event = next_message(&mut house).await;
    let sent = reply(&house, &event, "[hi], you").await.unwrap();
    assert!(sent.messages.is_empty(), "NapCat does not tell the id");
    let answer = answered.await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let operation: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
    let expected = json!([{"type": "text", "data": {"text": "[hi], you"}}]);
    assert_eq!(operation, json!({"reply": expected, "auto_escape": false, "at_sender": false}));

    assert!(matches!(reply(&house, &event, "again").await, Err(Error::Expired(_))));
    let bot = house.bot();
    let told = bot.call("get_status", json!({})).await;
    assert!(matches!(&told, Err(Error::Unsupported(text)) if text.contains("`url`")), "{told:?}");
    let own = bot.send(&Chat::Group("1".to_owned()), &crate::model::text("x"), None, false).await;
    assert!(matches!(own, Err(Error::Unsupported(_))), "{own:?}");
    house.close().await;
}

#[tokio::test]
async fn a_posted_event_that_nobody_wants_is_answered_with_nothing() {
    let host = free();
    let mut house = House::open_all(vec![door(Visit::Posts, &host, "t")]);
    let answered = tokio::spawn({
        let host = host.clone();
        async move { post(&host, Some("t"), &message(1, "hello").to_string()).await }
    });
    drop(next_message(&mut house).await);
    assert_eq!(answered.await.unwrap().status(), StatusCode::NO_CONTENT);
    house.close().await;
}

#[tokio::test]
async fn posts_are_taken_only_with_the_signature_of_their_bytes() {
    let host = free();
    let mut house = House::open_all(vec![door(Visit::Posts, &host, "t")]);
    let event = message(1, "hello").to_string();
    assert_eq!(post(&host, None, &event).await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(post(&host, Some("wrong"), &event).await.status(), StatusCode::FORBIDDEN);
    for bad in ["", "not json", "[]", "{}", "{\"post_type\":"] {
        let answer = post(&host, Some("t"), bad).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{bad}");
        assert!(answer.text().await.unwrap().contains("skipped"), "{bad}");
    }
    // White space is a part of what is signed.
    let spaced = format!(" {event}\n");
    let posted = tokio::spawn({
        let host = host.clone();
        async move { post(&host, Some("t"), &spaced).await.status() }
    });
    let taken = next_message(&mut house).await;
    assert_eq!(taken.message().unwrap().text, "hello");
    drop(taken);
    assert_eq!(posted.await.unwrap(), StatusCode::NO_CONTENT);
    house.close().await;
}

#[tokio::test]
async fn a_send_waits_for_a_lost_link_and_not_for_ever() {
    let host = free();
    let mut settings = door(Visit::Socket, &host, "t");
    settings.sending.outage = Duration::from_millis(300);
    let mut house = House::open_all(vec![settings]);
    drop(Client::dial(&host, ME, "t").await);
    assert_eq!((house.state().await, house.state().await), ("connected".into(), "disconnected".into()));
    let bot = house.bot();
    let (chat, content) = (Chat::Group("1".to_owned()), crate::model::text("patient"));
    let late = bot.send(&chat, &content, None, false).await;
    assert!(matches!(&late, Err(Error::Disconnected(text)) if text.contains("dropped")), "{late:?}");
    let (sent, params) = tokio::join!(bot.send(&chat, &content, None, false), async {
        Client::dial(&host, ME, "t").await.answer_send(6).await
    });
    assert_eq!((sent.unwrap().messages, &params["group_id"]), (vec!["6".to_owned()], &json!("1")));
    let state = house.event().await;
    assert!(matches!(&state.event.body, EventBody::BotState(state) if state.state == "connected"));
    house.close().await;
}
