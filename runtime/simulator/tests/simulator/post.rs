//! The HTTP client: events by POST, quick operations in the answers.

use iglu_simulator::{FRIEND, GROUP, Napcat, Options, Post, SELF_ID, SelfReport, Transport};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::http_client::serve_once;

const NOTHING: &str = "HTTP/1.1 204 No Content\r\n\r\n";

fn answer(json: &Value) -> String {
    let body = json.to_string();
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

async fn start(token: &str) -> (Napcat, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let self_report = SelfReport::AfterAnswer;
    let options = Options { token: token.to_owned(), listen: None, self_report, ..Options::default() };
    let napcat = Napcat::start(options).await;
    napcat.post(Post::to(&format!("http://{}/events?x=1", listener.local_addr().unwrap()))).unwrap();
    (napcat, listener)
}

#[tokio::test]
async fn events_are_posted_with_a_signature_of_their_bytes() {
    for (token, signed) in [("secret", true), ("", false)] {
        let (napcat, listener) = start(token).await;
        let event = json!({"post_type": "notice", "self_id": SELF_ID, "text": "字"});
        assert_eq!(napcat.push(&event), 1);
        let (head, body) = serve_once(&listener, NOTHING).await;
        assert!(head.starts_with("POST /events?x=1 HTTP/1.1"), "{head}");
        assert!(head.contains(&format!("x-self-id: {SELF_ID}")), "{head}");
        assert!(head.contains("content-type: application/json"), "{head}");
        assert_eq!(body, event.to_string());
        assert_eq!(head.contains("x-signature: sha1="), signed, "{head}");
        assert!(!head.contains("authorization"), "{head}");
        let posts = napcat.wait_posts("the answer", |posts| posts.taken == 1).await;
        assert_eq!((posts.status, posts.failed), (204, 0));
    }
}

#[tokio::test]
async fn a_failed_post_is_not_repeated_and_redirects_are_followed() {
    let (napcat, listener) = start("").await;
    let event = json!({"post_type": "notice"});
    napcat.push(&event);
    serve_once(&listener, "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n").await;
    napcat.wait_posts("the failure", |posts| posts.failed == 1 && posts.status == 500).await;
    napcat.push(&event);
    serve_once(&listener, "HTTP/1.1 307 No\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n").await;
    let (head, body) = serve_once(&listener, NOTHING).await;
    assert!(head.starts_with("POST /elsewhere "), "{head}");
    assert_eq!(body, event.to_string());
    let posts = napcat.wait_posts("the answer", |posts| posts.taken == 1).await;
    assert_eq!(posts.begun, 2);
}

#[tokio::test]
async fn quick_replies_quote_in_groups_and_mention_only_when_asked() {
    let (napcat, listener) = start("").await;
    let cases = [
        (json!({"reply": "ok"}), vec!["reply", "text"]),
        (
            json!({"reply": "ok", "at_sender": true, "delete": true, "kick": true}),
            vec!["reply", "at", "text"],
        ),
        (json!({"reply": "[CQ:face,id=1]", "auto_escape": true}), vec!["reply", "text"]),
        (json!({"reply": "[CQ:face,id=1]"}), vec!["reply", "face"]),
        (json!({"reply": [{"type": "face", "data": {"id": "2"}}]}), vec!["reply", "face"]),
    ];
    for (operation, kinds) in cases {
        let asked = napcat.group_text(GROUP, FRIEND, "?");
        serve_once(&listener, &answer(&operation)).await;
        let call = napcat.next_call(".handle_quick_operation").await;
        assert_eq!((call.transport, &call.params()["operation"]), (Transport::Post, &operation));
        let (_, sent) = serve_once(&listener, NOTHING).await;
        let sent: Value = serde_json::from_str(&sent).unwrap();
        assert_eq!((&sent["post_type"], &sent["group_id"]), (&json!("message_sent"), &json!(GROUP)));
        let segments = sent["message"].as_array().unwrap();
        let found: Vec<_> = segments.iter().map(|segment| segment["type"].as_str().unwrap()).collect();
        assert_eq!(found, kinds, "{operation}");
        assert_eq!(segments[0]["data"]["id"], asked.to_string());
        assert!(napcat.message(asked).is_some(), "delete is ignored");
    }
    napcat.private_text(FRIEND, "?");
    serve_once(&listener, &answer(&json!({"reply": "ok"}))).await;
    let (_, sent) = serve_once(&listener, NOTHING).await;
    let sent: Value = serde_json::from_str(&sent).unwrap();
    assert_eq!(sent["message"], json!([{"type": "text", "data": {"text": "ok"}}]));
}

#[tokio::test]
async fn quick_approvals_take_effect() {
    let (napcat, listener) = start("").await;
    napcat.friend_request(4040, "let me in");
    serve_once(&listener, &answer(&json!({"approve": true, "remark": "ignored"}))).await;
    let (_, notice) = serve_once(&listener, NOTHING).await;
    let notice: Value = serde_json::from_str(&notice).unwrap();
    assert_eq!((&notice["notice_type"], &notice["user_id"]), (&json!("friend_add"), &json!(4040)));
}

#[tokio::test]
async fn an_address_that_cannot_be_posted_to_is_told() {
    let napcat = Napcat::start(Options::default()).await;
    for url in ["", "ws://127.0.0.1", "https://127.0.0.1", "nonsense here"] {
        assert!(napcat.post(Post::to(url)).is_err(), "{url}");
    }
}
