//! Links on real sockets.

use std::time::{Duration, Instant};

use futures_util::{SinkExt as _, StreamExt as _};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio_tungstenite::tungstenite::Message;

use super::server::*;
use super::*;
use crate::adapter::onebot::{Settings, Timings};
use crate::model::{Chat, Error, EventBody, PlatformError};

fn friend() -> Chat {
    Chat::Private("5079132".to_owned())
}

fn hello() -> Vec<crate::model::Segment> {
    crate::model::text("hi")
}

#[tokio::test]
async fn a_link_shows_its_account_and_passes_events_on() {
    let (listener, address) = listen().await;
    let mut house = House::open(settings(address));
    let mut peer = Peer::welcome(&listener).await;
    let connected = house.event().await;
    assert!(matches!(&connected.event.body, EventBody::BotState(state) if state.state == "connected"));
    assert_eq!(&*connected.original, lifecycle(ME).to_string());
    assert!(connected.event.bot.online && house.bot().info().online);

    peer.say(&heartbeat(true, 30_000)).await;
    peer.say(&message(1, "hello")).await;
    let event = house.event().await;
    assert_eq!(event.message().unwrap().text, "hello");
    assert_eq!(event.event.bot.id, ME);
    let chat = friend();
    let ask = async {
        let (bot, content) = (house.bot(), hello());
        bot.send(&chat, &content, Some(&event), true).await
    };
    let serve = async {
        let request = peer.request().await;
        peer.answer(&request, &json!({"message_id": 77})).await;
        request
    };
    let (receipt, request) = tokio::join!(ask, serve);
    assert_eq!(receipt.unwrap().messages, ["77"]);
    let content = json!([{"type": "reply", "data": {"id": "1"}}, {"type": "text", "data": {"text": "hi"}}]);
    assert_eq!(request["action"], "send_private_msg");
    assert_eq!(request["params"], json!({"user_id": "5079132", "message": content}));
    assert_eq!(house.bot().info().nickname, "bot", "told by get_login_info");

    peer.say(
        &message(2, "x")
            .as_object()
            .map(|fields| {
                let mut fields = fields.clone();
                fields["message"] =
                    json!([{"type": "reply", "data": {"id": "77"}}, {"type": "text", "data": {"text": "x"}}]);
                Value::Object(fields)
            })
            .unwrap(),
    )
    .await;
    let quoting = house.event().await;
    let crate::model::Segment::Reply(quote) = &quoting.message().unwrap().content[0] else { panic!() };
    assert_eq!(quote.sender.as_deref(), Some(ME), "the bot knows what it sent");
    house.close().await;
}

#[tokio::test]
async fn a_failed_answer_keeps_its_code_and_text() {
    let (listener, address) = listen().await;
    let mut house = House::open(settings(address));
    let mut peer = Peer::welcome(&listener).await;
    assert_eq!(house.state().await, "connected");
    let (bot, chat, content) = (house.bot(), friend(), hello());
    let serve = async {
        let request = peer.request().await;
        peer.say(&json!({"status": "ok", "retcode": 0, "data": 1, "echo": "stray"})).await;
        peer.say(&json!({"status": "failed", "retcode": 1404, "data": null, "echo": null})).await;
        let message = "无法获取用户信息";
        peer.say(
            &json!({"status": "failed", "retcode": 1200, "data": null, "message": message, "wording": message,
            "echo": request["echo"]}),
        )
        .await;
    };
    let (sent, ()) = tokio::join!(bot.send(&chat, &content, None, false), serve);
    let expected = PlatformError { code: 1200, message: "无法获取用户信息".to_owned(), trace: None };
    assert_eq!(sent, Err(Error::Platform(expected)));
    house.close().await;
}

#[tokio::test]
async fn parts_of_a_message_go_out_one_after_the_other() {
    let (listener, address) = listen().await;
    let mut house = House::open(settings(address));
    let mut peer = Peer::welcome(&listener).await;
    assert_eq!(house.state().await, "connected");
    let (bot, chat) = (house.bot(), friend());
    let content: Vec<crate::model::Segment> = serde_json::from_value(json!([
        {"type": "text", "data": "a"},
        {"type": "voice", "data": {"media": {"source": {"type": "url", "data": "https://v"}}}},
        {"type": "forward", "data": {"nodes": [{"sender": "1", "nickname": "n", "content": "[{\"type\":\"text\",\"data\":\"x\"}]"}]}},
    ]))
    .unwrap();
    let serve = async {
        let mut actions = Vec::new();
        for id in 1..=3 {
            let request = peer.request().await;
            actions.push(request["action"].as_str().unwrap().to_owned());
            peer.answer(
                &request,
                &json!({"message_id": id, "res_id": if id == 3 { json!("res") } else { Value::Null }}),
            )
            .await;
        }
        actions
    };
    let (receipt, actions) = tokio::join!(bot.send(&chat, &content, None, false), serve);
    let receipt = receipt.unwrap();
    assert_eq!(receipt.messages, ["1", "2", "3"]);
    assert_eq!(receipt.forward.as_deref(), Some("res"));
    assert_eq!(actions, ["send_private_msg", "send_private_msg", "send_private_forward_msg"]);
    house.close().await;
}

#[tokio::test]
async fn fetching_gives_messages_of_the_named_chat_only() {
    let (listener, address) = listen().await;
    let mut house = House::open(settings(address));
    let mut peer = Peer::welcome(&listener).await;
    assert_eq!(house.state().await, "connected");
    let (bot, chat, other) = (house.bot(), friend(), Chat::Group("1".to_owned()));
    let serve = async {
        for _ in 0..2 {
            let request = peer.request().await;
            assert_eq!(
                (&request["action"], &request["params"]),
                (&json!("get_msg"), &json!({"message_id": "5"}))
            );
            peer.answer(&request, &message(5, "again")).await;
        }
        let request = peer.request().await;
        peer.say(
            &json!({"status": "failed", "retcode": 1200, "message": "消息不存在", "echo": request["echo"]}),
        )
        .await;
    };
    let ask = async {
        assert_eq!(bot.fetch(&chat, "5").await.unwrap().text, "again");
        assert!(matches!(bot.fetch(&other, "5").await, Err(Error::NotFound(_))));
        assert!(
            matches!(bot.fetch(&chat, "5").await, Err(Error::NotFound(text)) if text.contains("消息不存在"))
        );
    };
    tokio::join!(ask, serve);
    house.close().await;
}

#[tokio::test]
async fn a_raw_call_answers_with_its_data() {
    let (listener, address) = listen().await;
    let mut house = House::open(settings(address));
    let mut peer = Peer::welcome(&listener).await;
    assert_eq!(house.state().await, "connected");
    let bot = house.bot();
    let serve = async {
        let request = peer.request().await;
        assert_eq!((&request["action"], &request["params"]), (&json!("get_status"), &json!({"a": [1]})));
        peer.answer(&request, &json!({"online": true})).await;
        let request = peer.request().await;
        peer.say(&json!({"status": "ok", "retcode": 0, "echo": request["echo"]})).await;
    };
    let ask = async {
        assert_eq!(bot.call("get_status", json!({"a": [1]})).await, Ok(json!({"online": true})));
        assert_eq!(bot.call("set_group_sign", json!({})).await, Ok(Value::Null));
    };
    tokio::join!(ask, serve);
    house.close().await;
}

#[tokio::test]
async fn a_cut_link_fails_its_calls_at_once_and_comes_back() {
    let (listener, address) = listen().await;
    let mut house = House::open(settings(address));
    for round in 0..20 {
        let mut peer = Peer::welcome(&listener).await;
        assert_eq!(house.state().await, "connected");
        let (bot, chat, content) = (house.bot(), friend(), hello());
        let cut = async {
            peer.request().await;
            if round % 2 == 0 {
                peer.socket.close(None).await.unwrap();
            } else {
                peer.socket.get_ref().set_zero_linger().unwrap();
            }
            drop(peer);
        };
        let (sent, ()) =
            soon("the failure", async { tokio::join!(bot.send(&chat, &content, None, false), cut) }).await;
        assert!(matches!(sent, Err(Error::Disconnected(_))), "{sent:?}");
        assert_eq!(house.state().await, "disconnected");
        let down = bot.call("get_status", json!({})).await;
        assert!(matches!(down, Err(Error::Disconnected(_))), "{down:?}");
    }
    house.close().await;
}

#[tokio::test]
async fn an_outage_is_bridged_soon_after_the_server_returns() {
    let (listener, address) = listen().await;
    let timings = Timings::default();
    let mut house = House::open(Settings { timings, ..settings(address) });
    let peer = Peer::welcome(&listener).await;
    assert_eq!(house.state().await, "connected");
    drop((listener, peer));
    assert_eq!(house.state().await, "disconnected");
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    let returned = Instant::now();
    let _peer = Peer::welcome(&listener).await;
    assert_eq!(house.state().await, "connected");
    assert!(returned.elapsed() < Duration::from_secs(2), "{:?}", returned.elapsed());
    house.close().await;
}

#[tokio::test]
async fn a_refused_token_is_tried_slowly() {
    let (listener, address) = listen().await;
    let mut house = House::open(Settings { token: Some("secret".to_owned()), ..settings(address) });
    let mut last = None;
    for _ in 0..3 {
        let mut peer = Peer::accept(&listener).await;
        assert_eq!(peer.token.as_deref(), Some("Bearer secret"));
        if let Some(last) = last.replace(Instant::now()) {
            assert!(last.elapsed() >= Duration::from_millis(50), "{:?}", last.elapsed());
        }
        let refusal = read("onebot/response_auth_failed_1403.json");
        peer.socket.send(Message::text(refusal)).await.unwrap();
        let _ = peer.socket.close(None).await;
    }
    assert!(house.bots.all().is_empty());
    let _peer = Peer::welcome(&listener).await;
    assert_eq!(house.state().await, "connected");
    house.close().await;
}

fn read(name: &str) -> String {
    std::fs::read_to_string(corpus_dir().join(name)).unwrap()
}

#[tokio::test]
async fn bad_frames_cost_nothing_but_themselves() {
    let (listener, address) = listen().await;
    let mut house = House::open(settings(address));
    let mut peer = Peer::welcome(&listener).await;
    assert_eq!(house.state().await, "connected");
    let deep = format!(r#"{{"post_type":"message","message":{}}}"#, "[".repeat(100_000));
    for bad in ["", "hello", "{", "[]", "null", r#"{"a":1}"#, "{// json5\n}", &deep] {
        peer.socket.send(Message::text(bad)).await.unwrap();
    }
    peer.socket.send(Message::binary(vec![0, 159, 146, 150])).await.unwrap();
    peer.say(&message(1, "still here")).await;
    assert_eq!(house.event().await.message().unwrap().text, "still here");
    let large = "x".repeat(20 << 20);
    peer.say(&message(2, &large)).await;
    assert_eq!(house.event().await.message().unwrap().text.len(), large.len());
    house.close().await;
}

#[tokio::test]
async fn a_frame_over_the_limit_ends_this_link_only() {
    let (listener, address) = listen().await;
    let mut house = House::open(settings(address));
    let peer = Peer::welcome(&listener).await;
    assert_eq!(house.state().await, "connected");
    let mut stream = peer.socket.into_inner();
    let mut header = vec![0x81, 127];
    header.extend((51_u64 << 20).to_be_bytes());
    stream.write_all(&header).await.unwrap();
    assert_eq!(house.state().await, "disconnected");
    let _peer = Peer::welcome(&listener).await;
    assert_eq!(house.state().await, "connected");
    house.close().await;
}

#[tokio::test]
async fn a_silent_peer_is_given_up_and_a_ponging_one_kept() {
    let (listener, address) = listen().await;
    let mut timings = settings(address).timings;
    timings.heartbeat = Duration::from_millis(60);
    timings.hello = Duration::from_millis(200);
    let mut house = House::open(Settings { timings, ..settings(address) });
    let silent = Peer::accept(&listener).await;
    let mut ponging = Peer::welcome(&listener).await;
    assert_eq!(house.state().await, "connected");
    let started = Instant::now();
    let mut pings = 0;
    while started.elapsed() < Duration::from_millis(600) {
        let frame = soon("a ping", ponging.socket.next()).await.unwrap().unwrap();
        pings += usize::from(frame.is_ping());
        ponging.socket.flush().await.unwrap();
    }
    assert!(pings >= 3, "{pings}");
    assert!(house.bot().info().online, "pongs are a sign of life");
    let _kept_open = (silent, ponging);
    assert_eq!(house.state().await, "disconnected");
    let _peer = Peer::welcome(&listener).await;
    assert_eq!(house.state().await, "connected");
    house.close().await;
}

#[tokio::test]
async fn the_login_follows_heartbeats_and_a_forced_logout() {
    let (listener, address) = listen().await;
    let mut house = House::open(settings(address));
    let mut peer = Peer::welcome(&listener).await;
    assert_eq!(house.state().await, "connected");
    for (online, state) in [(false, "offline"), (true, "online")] {
        peer.say(&heartbeat(online, 30_000)).await;
        peer.say(&heartbeat(online, 30_000)).await;
        assert_eq!(house.state().await, state);
        assert_eq!(house.bot().info().online, online);
    }
    let logout = json!({"time": 1, "self_id": 3892215616_u64, "post_type": "notice", "notice_type": "bot_offline",
        "user_id": 3892215616_u64, "tag": "下线通知", "message": "请重新登录"});
    peer.say(&logout).await;
    let event = house.event().await;
    let EventBody::BotState(state) = &event.event.body else { panic!() };
    assert_eq!((state.state.as_str(), state.reason.as_deref()), ("offline", Some("下线通知: 请重新登录")));
    assert!(!event.event.bot.online && !house.bot().info().online);
    peer.say(&heartbeat(true, 30_000)).await;
    peer.say(&message(1, "back")).await;
    assert_eq!(
        house.state().await,
        "online",
        "a heartbeat after a forced logout is not believed, a message is"
    );
    assert_eq!(house.event().await.message().unwrap().text, "back");
    house.close().await;
}

#[tokio::test]
async fn another_account_at_the_same_address_takes_over() {
    let (listener, address) = listen().await;
    let mut house = House::open(settings(address));
    let mut peer = Peer::welcome(&listener).await;
    assert_eq!(house.state().await, "connected");
    peer.say(&lifecycle("10002")).await;
    let gone = house.event().await;
    assert_eq!((gone.event.bot.id.as_str(), gone.event.bot.online), (ME, false));
    let new = house.event().await;
    assert_eq!((new.event.bot.id.as_str(), new.event.bot.online), ("10002", true));
    assert!(!house.bots.get(ME).unwrap().info().online && house.bots.get("10002").unwrap().info().online);
    house.close().await;
}

#[tokio::test]
async fn without_lifecycle_the_account_is_asked_for() {
    let (listener, address) = listen().await;
    let mut house = House::open(settings(address));
    let mut peer = Peer::accept(&listener).await;
    let serve = async {
        soon("no request", tokio::time::timeout(Duration::from_millis(300), peer.request())).await.is_err()
    };
    assert!(serve.await, "only get_login_info is asked");
    assert_eq!(house.state().await, "connected");
    assert_eq!(house.bot().info().nickname, "bot");
    house.close().await;
}

#[tokio::test]
async fn stopping_sends_what_is_queued_and_says_goodbye() {
    let (listener, address) = listen().await;
    let mut house = House::open(settings(address));
    let mut peer = Peer::welcome(&listener).await;
    assert_eq!(house.state().await, "connected");
    let bot = house.bot();
    let call = tokio::spawn(async move { bot.call("get_status", json!({})).await });
    let request = peer.request().await;
    assert_eq!(request["action"], "get_status");
    let watch = tokio::spawn(async move {
        while let Some(Ok(frame)) = peer.socket.next().await {
            if frame.is_close() {
                return true;
            }
        }
        false
    });
    house.close().await;
    assert!(soon("goodbye", watch).await.unwrap());
    assert!(matches!(call.await.unwrap(), Err(Error::Disconnected(_))));
}

#[tokio::test]
async fn stopping_is_not_held_up_by_a_dead_peer() {
    let (listener, address) = listen().await;
    let mut timings = settings(address).timings;
    timings.goodbye = Duration::from_millis(50);
    let mut house = House::open(Settings { timings, ..settings(address) });
    let _peer = Peer::welcome(&listener).await;
    assert_eq!(house.state().await, "connected");
    house.close().await;
}

#[tokio::test]
async fn a_server_with_a_certificate_of_its_own_is_trusted_if_named() {
    let (listener, address) = listen().await;
    let fixtures = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("simulator/fixtures/tls");
    let certificate = fixtures.join("cert.pem");
    let config = rustls::ServerConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_file(&certificate).unwrap()],
            PrivateKeyDer::from_pem_file(fixtures.join("key.pem")).unwrap(),
        )
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(std::sync::Arc::new(config));
    let url = format!("wss://localhost:{}", address.port());

    let stranger = House::open(Settings { url: Some(url.clone()), ..settings(address) });
    let (stream, _) = soon("a connection", listener.accept()).await.unwrap();
    assert!(soon("a refusal", acceptor.accept(stream)).await.is_err(), "it is no public authority's");
    stranger.close().await;

    let mut house = House::open(Settings { url: Some(url), ca: Some(certificate), ..settings(address) });
    let (stream, _) = soon("a connection", listener.accept()).await.unwrap();
    let stream = soon("TLS", acceptor.accept(stream)).await.unwrap();
    let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
    socket.send(Message::text(lifecycle(ME).to_string())).await.unwrap();
    assert_eq!(house.state().await, "connected");
    house.close().await;
}
