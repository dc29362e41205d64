//! Plain HTTP by hand: what goes over the socket is seen as it is.

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};

use crate::client::DEADLINE;
use std::net::SocketAddr;

/// Status and body of one request, by a connection of its own.
pub(crate) async fn request(
    at: SocketAddr,
    method: &str,
    path: &str,
    headers: &str,
    body: &str,
) -> (u16, String) {
    let mut tcp = TcpStream::connect(at).await.unwrap();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n",
        body.len()
    );
    tcp.write_all((head + body).as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    timeout(DEADLINE, tcp.read_to_end(&mut answer)).await.expect("an answer within the deadline").unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

pub(crate) async fn post_json(at: SocketAddr, action: &str, body: &str) -> Value {
    let (status, body) = request(at, "POST", &format!("/{action}"), "", body).await;
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

/// Head and body of the next request to a listener, answered with a status line, headers and body as given.
pub(crate) async fn serve_once(listener: &TcpListener, answer: &str) -> (String, String) {
    let (mut tcp, _) = timeout(DEADLINE, listener.accept()).await.expect("a request in time").unwrap();
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
            if body.len() >= length.parse().unwrap() {
                tcp.write_all(answer.as_bytes()).await.unwrap();
                return (head.to_owned(), body.to_owned());
            }
        }
        assert!(tcp.read_buf(&mut bytes).await.unwrap() > 0, "the request is whole");
    }
}
