//! The HTTP server, its event stream, and the WebSocket on its port.

use std::net::SocketAddr;

use iglu_simulator::{Answer, Cut, FRIEND, GROUP, Greeting, Http, Napcat, Options, Transport};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::{
    client::{DEADLINE, QUIET, call, connect, event},
    http_client::{post_json, request},
};

async fn start(token: &str, http: Http) -> (Napcat, SocketAddr) {
    let napcat = Napcat::start(Options { token: token.to_owned(), ..Options::default() }).await;
    let at = napcat.serve_http(http).unwrap();
    (napcat, at)
}

#[tokio::test]
async fn parameters_come_from_the_query_before_the_body() {
    let (napcat, at) = start("", Http::default()).await;
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let json = r#"{"group_id": 757951413, "message": "body"}"#;
    let cases = [
        ("POST", "/send_group_msg", "", json, "body"),
        ("PUT", "/send_group_msg?message=query", "", json, "query"),
        ("GET", "/send_group_msg?group_id=757951413&message=a%26b+c", "", json, "a&b c"),
        ("POST", "/send_group_msg/more", form, "group_id=757951413&message=form+text", "form text"),
    ];
    for (method, path, headers, body, text) in cases {
        let (status, answer) = request(at, method, path, headers, body).await;
        assert_eq!(status, 200, "{answer}");
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert!(answer["data"]["message_id"].is_i64(), "{method} {path}: {answer}");
        assert_eq!(answer["echo"].as_str().unwrap().len(), 10, "a made-up echo");
        let call = napcat.next_call("send_group_msg").await;
        assert_eq!((call.text().as_str(), call.transport), (text, Transport::Http));
    }
    assert_eq!(post_json(at, "get_status", r#"{"echo": {"a": 1}}"#).await["echo"], json!({"a": 1}));
}

#[tokio::test]
async fn failures_have_the_codes_of_http() {
    let (_napcat, at) = start("", Http::default()).await;
    let unknown = post_json(at, "no_such_action", "").await;
    assert_eq!(
        (&unknown["retcode"], &unknown["message"]),
        (&json!(200), &json!("不支持的Api no_such_action"))
    );
    let bad = post_json(at, "get_msg", r#"{"message_id": [], "echo": "lost"}"#).await;
    assert_eq!((&bad["retcode"], &bad["echo"]), (&json!(400), &Value::Null));
    assert_eq!(post_json(at, "get_msg", r#"{"message_id": 5}"#).await["retcode"], 200);
    assert_eq!(request(at, "POST", "/get_status", "", "{\"a\":").await, (400, "Invalid JSON".to_owned()));
    let (_, hello) = request(at, "GET", "/", "", "").await;
    let hello: Value = serde_json::from_str(&hello).unwrap();
    let expected = json!({"status": "ok", "retcode": 0, "data": {}, "message": "NapCat4 Is Running", "wording": "",
        "echo": null, "stream": "normal-action"});
    assert_eq!(hello, expected);
}

#[tokio::test]
async fn a_bad_token_is_forbidden() {
    let (napcat, at) = start("secret", Http::default()).await;
    for (path, header, status) in [
        ("/get_status", "", 403),
        ("/get_status", "Authorization: Bearer wrong\r\n", 403),
        ("/get_status", "Authorization: Bearer secret\r\n", 200),
        ("/get_status?access_token=secret", "", 200),
    ] {
        let answer = request(at, "POST", path, header, "").await;
        assert_eq!(answer.0, status, "{path} {header}");
        if status == 403 {
            assert_eq!(answer.1, r#"{"message":"token verify failed!"}"#);
        }
    }
    assert_eq!(napcat.links().denied, 2);
}

#[tokio::test]
async fn stream_packets_are_several_documents_in_one_response() {
    let (napcat, at) = start("", Http::default()).await;
    let (_, body) = request(at, "POST", "/test_download_stream", "", r#"{"echo": "e"}"#).await;
    let packets: Vec<Value> =
        body.split_terminator("\r\n\r\n").map(|text| serde_json::from_str(text).unwrap()).collect();
    assert_eq!(packets.len(), 11);
    assert!(packets.iter().all(|packet| packet["echo"] == "e" && packet["stream"] == "stream-action"));
    assert_eq!(packets[10]["data"]["type"], "response");
    let (_, body) = request(at, "POST", "/test_download_stream", "", r#"{"error": true}"#).await;
    let last: Value = serde_json::from_str(body.trim_end().rsplit("\r\n\r\n").next().unwrap()).unwrap();
    assert_eq!((&last["retcode"], &last["data"]["type"]), (&json!(200), &json!("error")));
    napcat.next_call("test_download_stream").await;
}

#[tokio::test]
async fn events_are_streamed_without_meta_events() {
    let (napcat, at) = start("secret", Http { sse: true, ..Http::default() }).await;
    let mut tcp = TcpStream::connect(at).await.unwrap();
    tcp.write_all(b"GET /_events?access_token=secret HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    napcat.connected().await;
    napcat.private_text(FRIEND, "one");
    let mut read = String::new();
    while !read.contains("one") {
        let mut buffer = [0; 4096];
        let n = timeout(DEADLINE, tcp.read(&mut buffer)).await.unwrap().unwrap();
        assert!(n > 0, "ended: {read}");
        read.push_str(&String::from_utf8_lossy(&buffer[..n]));
    }
    assert!(read.contains("text/event-stream") && !read.contains("lifecycle"), "{read}");
    assert!(read.contains("data: {\"self_id\"") && read.contains("\n\n"), "{read}");
    assert_eq!(post_json_with(at, "get_status?access_token=secret").await["retcode"], 0);
    // Of a stream action the events get all but the last packet.
    let last = post_json_with(at, "test_download_stream?access_token=secret").await;
    assert_eq!(last["data"]["type"], "response");
    while !read.contains("Index-> 10") {
        let mut buffer = [0; 4096];
        let n = timeout(DEADLINE, tcp.read(&mut buffer)).await.unwrap().unwrap();
        read.push_str(&String::from_utf8_lossy(&buffer[..n]));
    }
    drop(tcp);
    napcat.disconnected().await;
}

async fn post_json_with(at: SocketAddr, path: &str) -> Value {
    post_json(at, path, "").await
}

#[tokio::test]
async fn a_websocket_on_the_port_of_http_works_as_any_other() {
    let (napcat, at) = start("secret", Http { websocket: true, ..Http::default() }).await;
    let mut refused = connect(&format!("ws://{at}/"), None).await.unwrap();
    assert_eq!(event(&mut refused).await["retcode"], 1403);
    let mut client = connect(&format!("ws://{at}/"), Some("Bearer secret")).await.unwrap();
    assert_eq!(event(&mut client).await["sub_type"], "connect");
    napcat.connected().await;
    napcat.group_text(GROUP, FRIEND, "hi");
    assert_eq!(event(&mut client).await["raw_message"], "hi");
    assert_eq!(call(&mut client, "no_such_action", json!({})).await["retcode"], 1404);
}

#[tokio::test]
async fn faults_reach_http_too() {
    let (napcat, at) = start("", Http::default()).await;
    napcat.greet_with(Greeting::Status(502));
    assert_eq!(request(at, "POST", "/get_status", "", "").await.0, 502);
    napcat.greet_with(Greeting::Normal);
    napcat.answer_once("get_status", Answer::never());
    assert!(timeout(QUIET, request(at, "POST", "/get_status", "", "")).await.is_err());
    napcat.answer_once("get_status", Answer::raw("half {"));
    assert_eq!(request(at, "POST", "/get_status", "", "").await, (200, "half {".to_owned()));
    napcat.answer_once("get_status", Answer::never());
    let mut tcp = TcpStream::connect(at).await.unwrap();
    tcp.write_all(b"POST /get_status HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n").await.unwrap();
    napcat.wait_for_calls("get_status", 3).await;
    assert!(napcat.cut(Cut::Reset).await >= 1);
    assert!(timeout(DEADLINE, tcp.read_u8()).await.unwrap().is_err());
    napcat.stop_listening().await;
    assert!(TcpStream::connect(at).await.is_err());
    napcat.listen_again();
    assert_eq!(post_json(at, "get_status", "").await["retcode"], 0);
}
