//! A plain HTTP client, and one of the gateway.

use std::{net::SocketAddr, time::Duration};

use futures_util::{SinkExt, StreamExt};
use http_body_util::{BodyExt, Full};
use hyper::{Request, body::Bytes, client::conn::http1::handshake, header::HOST};
use hyper_util::rt::TokioIo;
use iglu_simulator::qq::{Bot, Options, Platform};
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, protocol::CloseFrame},
};

pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// Status, headers and body of an answer; `None` when the connection was closed instead.
pub(crate) async fn exchange(
    at: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Option<(u16, hyper::HeaderMap, Bytes)> {
    let tcp = TcpStream::connect(at).await.unwrap();
    let (mut sender, connection) = handshake(TokioIo::new(tcp)).await.unwrap();
    tokio::spawn(connection);
    let mut request = Request::builder().method(method).uri(path).header(HOST, at.to_string());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::new(body.into())).unwrap();
    let answer = async {
        let response = sender.send_request(request).await.ok()?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Some((status, headers, response.into_body().collect().await.ok()?.to_bytes()))
    };
    timeout(DEADLINE, answer).await.expect("an answer within the deadline")
}

/// A client with a token.
pub(crate) struct Client {
    pub(crate) platform: Platform,
    pub(crate) bot: Bot,
    pub(crate) token: String,
}

impl Client {
    pub(crate) async fn start(options: Options) -> Self {
        let platform = Platform::start(Options { deadline: DEADLINE, ..options }).await;
        let bot = platform.bot();
        let token = fetch_token(&platform, &bot).await;
        Self { platform, bot, token }
    }

    /// Status and JSON of a call; an empty body is `Null`.
    pub(crate) async fn call(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let authorization = format!("QQBot {}", self.token);
        let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = exchange(self.platform.address(), method, path, &headers, body).await;
        let (status, _, body) = answer.expect("an answer");
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.call("POST", path, body).await
    }

    /// The code of a refused POST, 0 for one that was granted.
    pub(crate) async fn code(&self, path: &str, body: &Value) -> u64 {
        let (status, answer) = self.post(path, body).await;
        let code = answer["err_code"].as_u64().unwrap_or_default();
        assert_eq!(status == 200, code == 0, "{status} {answer}");
        code
    }
}

pub(crate) async fn fetch_token(platform: &Platform, bot: &Bot) -> String {
    let body = json!({"appId": bot.app().app_id, "clientSecret": bot.app().secret}).to_string();
    let answer = exchange(platform.address(), "POST", "/app/getAppAccessToken", &[], body).await.unwrap();
    let answer: Value = serde_json::from_slice(&answer.2).unwrap();
    answer["access_token"].as_str().unwrap().to_owned()
}

/// One gateway connection.
pub(crate) struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// Connects and takes the hello.
    pub(crate) async fn open(platform: &Platform) -> Self {
        let mut socket = Self(connect_async(platform.gateway_url()).await.unwrap().0);
        let hello = socket.frame().await;
        assert_eq!(hello["op"], 10);
        socket
    }

    pub(crate) async fn identified(client: &Client, intents: u64) -> (Self, String) {
        let mut socket = Self::open(&client.platform).await;
        socket.identify(&client.token, intents, json!([0, 1])).await;
        let ready = socket.frame().await;
        assert_eq!((ready["t"].as_str(), ready["s"].as_u64()), (Some("READY"), Some(1)), "{ready}");
        let session = ready["d"]["session_id"].as_str().unwrap().to_owned();
        (socket, session)
    }

    pub(crate) async fn identify(&mut self, token: &str, intents: u64, shard: Value) {
        let token = format!("QQBot {token}");
        let d = json!({"token": token, "intents": intents, "shard": shard, "properties": {}});
        self.send(&json!({"op": 2, "d": d})).await;
    }

    pub(crate) async fn resume(&mut self, token: &str, session: &str, seq: u64) {
        let token = format!("QQBot {token}");
        self.send(&json!({"op": 6, "d": {"token": token, "session_id": session, "seq": seq}})).await;
    }

    pub(crate) async fn send(&mut self, frame: &Value) {
        self.0.send(Message::text(frame.to_string())).await.unwrap();
    }

    /// The next text frame.
    pub(crate) async fn text(&mut self) -> String {
        match timeout(DEADLINE, self.0.next()).await.expect("a frame within the deadline") {
            Some(Ok(Message::Text(text))) => text.to_string(),
            other => panic!("a text frame was due: {other:?}"),
        }
    }

    pub(crate) async fn frame(&mut self) -> Value {
        serde_json::from_str(&self.text().await).unwrap()
    }

    /// The code of the close that is due; `None` when the connection breaks without one.
    pub(crate) async fn closed(&mut self) -> Option<u16> {
        loop {
            match timeout(DEADLINE, self.0.next()).await.expect("an end within the deadline") {
                Some(Ok(Message::Close(Some(CloseFrame { code, .. })))) => return Some(code.into()),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }
}
