//! A plain WebSocket client that checks each frame it reads.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use iglu_simulator::Napcat;
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest},
};

pub(crate) type Client = WebSocketStream<MaybeTlsStream<TcpStream>>;

pub(crate) const DEADLINE: Duration = Duration::from_secs(20);
/// How long nothing must come for "nothing comes" to be believed.
pub(crate) const QUIET: Duration = Duration::from_millis(150);

pub(crate) async fn connect(url: &str, authorization: Option<&str>) -> Result<Client, Error> {
    let mut request = url.into_client_request().unwrap();
    if let Some(value) = authorization {
        request.headers_mut().insert("authorization", value.parse().unwrap());
    }
    connect_async(request).await.map(|(client, _)| client)
}

/// A client whose lifecycle event is read.
pub(crate) async fn ready(napcat: &Napcat) -> Client {
    let mut client = connect(&napcat.url(), None).await.unwrap();
    assert_eq!(event(&mut client).await["sub_type"], "connect");
    napcat.connected().await;
    client
}

pub(crate) async fn next(client: &mut Client) -> Option<Result<Message, Error>> {
    timeout(DEADLINE, client.next()).await.expect("a frame or the end within the deadline")
}

pub(crate) async fn event(client: &mut Client) -> Value {
    let frame = next(client).await.unwrap().unwrap();
    serde_json::from_str(frame.to_text().unwrap()).unwrap()
}

pub(crate) async fn ask(client: &mut Client, request: Value) {
    client.send(Message::text(request.to_string())).await.unwrap();
}

pub(crate) async fn call(client: &mut Client, action: &str, params: Value) -> Value {
    ask(client, json!({"action": action, "params": params, "echo": action})).await;
    let answer = event(client).await;
    assert_eq!(answer["echo"], action, "{answer}");
    answer
}

pub(crate) async fn nothing_comes(client: &mut Client) {
    let frame = timeout(QUIET, client.next()).await;
    assert!(frame.is_err(), "unexpected {frame:?}");
}

pub(crate) fn text(text: &str) -> Value {
    json!([{"type": "text", "data": {"text": text}}])
}
