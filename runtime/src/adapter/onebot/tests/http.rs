//! NapCat's HTTP server: calls as requests, events as a stream.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt as _;
use http_body_util::{BodyExt as _, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::{Bytes, Frame, Incoming as Body};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::server::*;
use super::*;
use crate::adapter::onebot::Settings;
use crate::model::{Chat, Error};

/// What the server does with a request: its path and body in, the answer's parts out.
type Does = Arc<dyn Fn(&str, Value) -> mpsc::UnboundedReceiver<String> + Send + Sync>;

/// Serves until the test ends. Requests without the token `t` are refused as NapCat does.
async fn serve(does: Does) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let does = does.clone();
            let service = hyper::service::service_fn(move |request: Request<Body>| {
                let does = does.clone();
                async move { Ok::<_, Infallible>(answer(request, &does).await) }
            });
            tokio::spawn(
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service),
            );
        }
    });
    format!("http://{address}")
}

async fn answer(request: Request<Body>, does: &Does) -> Response<UnsyncBoxBody<Bytes, Infallible>> {
    let path = request.uri().path().to_owned();
    let allowed = request.headers().get("authorization").is_some_and(|token| token == "Bearer t");
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let parts = does(&path, serde_json::from_slice(&body).unwrap_or_default());
    let parts = futures_util::stream::unfold(parts, |mut parts| async {
        parts.recv().await.map(|part| (Ok(Frame::data(Bytes::from(part))), parts))
    });
    let mut answer = Response::builder();
    if path == "/_events" {
        answer = answer.header("content-type", "text/event-stream");
    }
    if !allowed {
        answer = answer.status(403);
    }
    answer.body(http_body_util::BodyExt::boxed_unsync(StreamBody::new(parts.boxed()))).unwrap()
}

fn ok(data: &Value) -> mpsc::UnboundedReceiver<String> {
    parts([json!({"status": "ok", "retcode": 0, "data": data, "echo": "x"}).to_string()])
}

fn parts(texts: impl IntoIterator<Item = String>) -> mpsc::UnboundedReceiver<String> {
    let (sender, receiver) = mpsc::unbounded_channel();
    texts.into_iter().for_each(|text| sender.send(text).unwrap());
    receiver
}

fn login(path: &str) -> Option<mpsc::UnboundedReceiver<String>> {
    match path {
        "/get_login_info" => Some(ok(&json!({"user_id": ME.parse::<u64>().unwrap(), "nickname": "bot"}))),
        "/get_status" => Some(ok(&json!({"online": true, "good": true}))),
        _ => None,
    }
}

fn table(url: &str) -> Settings {
    let mut table = Settings { token: Some("t".to_owned()), ..settings_of(url) };
    table.timings.retry = Duration::from_millis(10);
    table
}

#[tokio::test]
async fn events_come_by_the_stream_and_replies_go_by_requests() {
    let (events, source) = mpsc::unbounded_channel();
    let source = Mutex::new(Some(source));
    let sent = Arc::new(Mutex::new(Vec::new()));
    let seen = sent.clone();
    let url = serve(Arc::new(move |path, body| {
        if path == "/_events" {
            return source.lock().unwrap().take().unwrap_or_else(|| parts([]));
        }
        login(path).unwrap_or_else(|| {
            seen.lock().unwrap().push((path.to_owned(), body));
            ok(&json!({"message_id": 7}))
        })
    }))
    .await;
    let mut house = House::open(table(&url));
    assert_eq!(house.state().await, "connected");
    assert_eq!(house.bot().info().nickname, "bot");
    let event = format!("data: {}\n\n", message(1, "hello"));
    let (one, other) = event.split_at(50);
    for part in [one, other] {
        events.send(part.to_owned()).unwrap();
    }
    let event = house.event().await;
    assert_eq!(event.message().unwrap().text, "hello");
    let (chat, content) = (Chat::Private("5079132".to_owned()), crate::model::text("hi"));
    let receipt = house.bot().send(&chat, &content, Some(&event), true).await.unwrap();
    assert_eq!(receipt.messages, ["7"]);
    let (path, body) = sent.lock().unwrap().remove(0);
    assert_eq!((path.as_str(), &body["user_id"]), ("/send_private_msg", &json!("5079132")));
    assert_eq!(body["message"][0], json!({"type": "reply", "data": {"id": "1"}}));
    drop(events);
    assert_eq!(house.state().await, "disconnected");
    house.close().await;
}

#[tokio::test]
async fn a_refused_token_connects_no_account() {
    let url = serve(Arc::new(|path, _| login(path).unwrap_or_else(|| ok(&Value::Null)))).await;
    let mut refused = table(&url);
    refused.token = Some("wrong".to_owned());
    let house = House::open(refused);
    tokio::time::timeout(Duration::from_millis(200), house.known()).await.unwrap_err();
    house.close().await;
}

#[tokio::test]
async fn messages_of_one_chat_leave_one_after_the_other() {
    let order = Arc::new(Mutex::new(Vec::new()));
    let seen = order.clone();
    let url = serve(Arc::new(move |path, body| {
        if path == "/_events" {
            let (sender, receiver) = mpsc::unbounded_channel();
            std::mem::forget(sender);
            return receiver;
        }
        if let Some(login) = login(path) {
            return login;
        }
        let text = body["message"][0]["data"]["text"].as_str().unwrap().to_owned();
        let (sender, receiver) = mpsc::unbounded_channel();
        let seen = seen.clone();
        tokio::spawn(async move {
            // The first takes longest: without order it would come last.
            let number: u64 = text.parse().unwrap();
            tokio::time::sleep(Duration::from_millis(40 / (number + 1))).await;
            seen.lock().unwrap().push(number);
            let done = json!({"status": "ok", "retcode": 0, "data": {"message_id": number}}).to_string();
            let _ = sender.send(done);
        });
        receiver
    }))
    .await;
    let mut house = House::open(table(&url));
    assert_eq!(house.state().await, "connected");
    let (bot, chat) = (house.bot(), Chat::Group("1".to_owned()));
    let texts: Vec<_> = (0..5).map(|number| crate::model::text(number.to_string())).collect();
    let sends = texts.iter().map(|content| bot.send(&chat, content, None, false));
    for receipt in futures_util::future::join_all(sends).await {
        receipt.unwrap();
    }
    assert_eq!(*order.lock().unwrap(), [0, 1, 2, 3, 4]);
    house.close().await;
}

#[tokio::test]
async fn errors_keep_their_code_and_streams_their_order() {
    let url = serve(Arc::new(|path, _| match path {
        "/_events" => {
            let (sender, receiver) = mpsc::unbounded_channel();
            std::mem::forget(sender);
            receiver
        }
        "/fails" => {
            parts([json!({"status": "failed", "retcode": 200, "data": null, "message": "没有"}).to_string()])
        }
        "/page" => parts(["<html>".to_owned()]),
        "/download_file_stream" => {
            let packet = |kind: &str, data: Value| {
                let mut data = data;
                data["type"] = json!(kind);
                json!({"status": "ok", "retcode": 0, "data": data, "stream": "stream-action"}).to_string()
                    + "\r\n\r\n"
            };
            let all = packet("stream", json!({"data_type": "file_info"}))
                + &packet("stream", json!({"data_type": "file_chunk", "index": 0, "data": "QQ=="}))
                + &packet("response", json!({"data_type": "file_complete"}));
            let (one, other) = all.split_at(all.len() / 2);
            parts([one.to_owned(), other.to_owned()])
        }
        path => login(path).unwrap(),
    }))
    .await;
    let mut house = House::open(table(&url));
    assert_eq!(house.state().await, "connected");
    let bot = house.bot();
    let failed = bot.call("fails", json!({})).await;
    assert!(matches!(&failed, Err(Error::Platform(error)) if error.code == 200 && error.message == "没有"));
    assert!(matches!(bot.call("page", json!({})).await, Err(Error::Other(text)) if text.contains("<html>")));
    assert!(matches!(bot.call("download_file_stream", json!({})).await, Err(Error::Unsupported(_))));
    let mut stream = bot.stream("download_file_stream", json!({"file": "a"})).unwrap();
    let mut kinds = Vec::new();
    while let Some(packet) = stream.next().await.unwrap() {
        kinds.push(packet["data_type"].as_str().unwrap().to_owned());
    }
    assert_eq!(kinds, ["file_info", "file_chunk", "file_complete"]);
    house.close().await;
}
