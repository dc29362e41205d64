//! Tokens, error shapes, paths, faults.

use std::time::Duration;

use iglu_simulator::qq::{App, Chat, Fault, GROUP, Options, Platform, USER};
use serde_json::{Value, json};

use crate::client::{Client, exchange, fetch_token};

async fn token_answer(platform: &Platform, body: Value) -> (u16, Value) {
    let answer = exchange(platform.address(), "POST", "/app/getAppAccessToken", &[], body.to_string()).await;
    let (status, _, body) = answer.unwrap();
    (status, serde_json::from_slice(&body).unwrap())
}

#[tokio::test]
async fn wrong_credentials_are_errors_with_status_200() {
    let platform = Platform::start(Options::default()).await;
    for (body, code) in [
        (json!({"appId": "102000001", "clientSecret": "wrong"}), 100_016),
        (json!({"appId": "none", "clientSecret": "wrong"}), 100_007),
        (json!({}), 100_007),
    ] {
        let (status, answer) = token_answer(&platform, body).await;
        assert_eq!((status, answer["code"].as_u64()), (200, Some(code)), "{answer}");
        assert!(answer.get("access_token").is_none());
    }
}

#[tokio::test]
async fn tokens_change_in_their_last_minute_and_end_when_told() {
    let mut client = Client::start(Options { numeric_expiry: true, ..Options::default() }).await;
    let good = json!({"appId": "102000001", "clientSecret": client.bot.app().secret});
    client.platform.advance(Duration::from_secs(7100));
    let (_, again) = token_answer(&client.platform, good.clone()).await;
    assert_eq!(again["access_token"], client.token.as_str());
    assert!((95..=100).contains(&again["expires_in"].as_u64().unwrap()), "{again}");
    client.platform.advance(Duration::from_secs(50));
    let (_, next) = token_answer(&client.platform, good).await;
    assert_ne!(next["access_token"], client.token.as_str());
    assert_eq!(client.call("GET", "/users/@me", &Value::Null).await.0, 200, "both are good");
    client.platform.advance(Duration::from_secs(60));
    assert_eq!(client.call("GET", "/users/@me", &Value::Null).await.0, 401);
    client.token = next["access_token"].as_str().unwrap().to_owned();
    assert_eq!(client.call("GET", "/users/@me", &Value::Null).await.0, 200);
    client.bot.expire_tokens();
    let (status, answer) = client.call("GET", "/users/@me", &Value::Null).await;
    assert_eq!((status, answer["code"].as_u64()), (401, Some(11_244)));
    assert_eq!(client.bot.token_counts(), (3, 2));
}

#[tokio::test]
async fn errors_have_the_platforms_shape() {
    for err_code_only in [false, true] {
        let platform = Platform::start(Options { err_code_only, ..Options::default() }).await;
        for (authorization, code) in
            [("", 11_241), ("Bot 1.2", 11_245), ("QQBot none", 11_244), ("Bearer x", 11_244)]
        {
            let headers = [("authorization", authorization)];
            let answer = exchange(platform.address(), "GET", "/users/@me", &headers, "").await;
            let (status, headers, body) = answer.unwrap();
            let body: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!((status, body["err_code"].as_u64()), (401, Some(code)), "{body}");
            assert_eq!(body.get("code").is_none(), err_code_only);
            assert_eq!(headers["x-tps-trace-id"], body["trace_id"].as_str().unwrap());
        }
    }
}

#[tokio::test]
async fn unknown_places_are_invalid_requests() {
    let client = Client::start(Options::default()).await;
    let text = json!({"msg_type": 0, "content": "x"});
    for (method, path, status) in [
        ("POST", "/v2/users/NOBODY/messages".to_owned(), 500),
        ("POST", format!("/v2/groups/{USER}/messages"), 500),
        ("POST", format!("/v2/users/{USER}/nothing"), 500),
        ("GET", "/nothing".to_owned(), 500),
        ("POST", "/users/@me".to_owned(), 405),
    ] {
        let (seen, answer) = client.call(method, &path, &text).await;
        assert_eq!((seen, answer["err_code"].as_u64()), (status, Some(11_255)), "{method} {path}: {answer}");
    }
}

#[tokio::test]
async fn identity_gateway_and_groups_are_told() {
    let client = Client::start(Options::default()).await;
    let get = async |path: String| client.call("GET", &path, &Value::Null).await.1;
    assert_eq!(get("/users/@me".to_owned()).await["bot"], true);
    assert!(get("/gateway".to_owned()).await["url"].as_str().unwrap().starts_with("ws://127.0.0.1:"));
    client.bot.spend_starts(10);
    let suggestion = get("/gateway/bot".to_owned()).await;
    assert_eq!(suggestion["session_start_limit"]["remaining"], 990, "{suggestion}");
    assert_eq!(get("/users/@me/guilds".to_owned()).await[0]["id"], iglu_simulator::qq::GUILD);
    assert_eq!(get(format!("/v2/groups/{GROUP}/info")).await["member_count"], 1);
    client.bot.join_request(GROUP, "NEWCOMER", "让我进");
    let requests = get(format!("/v2/groups/{GROUP}/join_request_list")).await;
    assert_eq!(requests["join_requests"][0]["member_openid"], "NEWCOMER");
    let approve = json!({"approve": true});
    let path = format!("/v2/groups/{GROUP}/approval_join_request/NEWCOMER");
    assert_eq!(client.post(&path, &approve).await.0, 204);
    let (_, members) = client.post(&format!("/v2/groups/{GROUP}/members"), &json!({"limit": 1})).await;
    assert_eq!((members["members"].as_array().unwrap().len(), members["next_index"].as_u64()), (1, Some(1)));
}

#[tokio::test]
async fn faults_come_in_place_of_answers_and_effects_stay() {
    let client = Client::start(Options::default()).await;
    let path = format!("/v2/users/{USER}/messages");
    let asked = client.bot.c2c(USER, "hi");
    let body = json!({"content": "x", "msg_type": 0, "msg_id": asked.message_id(), "msg_seq": 1});
    let authorization = format!("QQBot {}", client.token);
    let headers = [("authorization", authorization.as_str())];
    let raw = async || exchange(client.platform.address(), "POST", &path, &headers, body.to_string()).await;

    client.platform.fault("POST", "/v2/users/*/messages", 1, Fault::DropBefore);
    assert!(raw().await.is_none());
    assert_eq!(client.platform.sent().len(), 0);
    client.platform.fault("POST", "/v2/users/*/messages", 1, Fault::too_many(Some(2)));
    client.platform.fault("*", "/v2/*", 1, Fault::html(502, "Bad Gateway"));
    client.platform.fault("*", "/v2/*", 1, Fault::DropAfter);
    let (status, headers_of, _) = raw().await.unwrap();
    assert_eq!((status, &headers_of["retry-after"]), (429, &"2".parse().unwrap()));
    let (status, headers_of, page) = raw().await.unwrap();
    assert_eq!((status, &headers_of["content-type"]), (502, &"text/html".parse().unwrap()));
    assert!(page.starts_with(b"<html>"));
    assert!(raw().await.is_none());
    assert_eq!(client.platform.next_sent().await.text(), "x", "the work was done");
    assert_eq!(client.code(&path, &body).await, 40_054_005, "a retry meets it");
    assert_eq!(client.platform.faults_left(), 0);
    let statuses: Vec<_> =
        client.platform.requests_to("POST", "/v2/users/*/messages").iter().map(|one| one.status).collect();
    assert_eq!(statuses, [0, 429, 502, 0, 400]);
}

#[tokio::test]
async fn held_requests_wait_for_their_release() {
    let client = Client::start(Options::default()).await;
    let hold = client.platform.hold("POST", "/v2/*");
    let path = format!("/v2/users/{USER}/messages");
    let body = json!({"content": "x", "msg_type": 0});
    let call = client.code(&path, &body);
    let release = async {
        client.platform.held(&hold, 1).await;
        assert!(client.platform.sent().is_empty());
        hold.release();
    };
    assert_eq!(tokio::join!(call, release).0, 0);
    assert_eq!(client.platform.sent_to(&Chat::User(USER.to_owned())).len(), 1);
}

#[tokio::test]
async fn bots_are_kept_apart() {
    let platform = Platform::start(Options::default()).await;
    let second = platform.add_app(App::new("2", "another secret"));
    let (one, two) = (fetch_token(&platform, &platform.bot()).await, fetch_token(&platform, &second).await);
    assert_ne!(one, two);
    let asked = second.c2c(USER, "hi");
    let body = json!({"content": "x", "msg_type": 0, "msg_id": asked.message_id()});
    let first = Client { bot: platform.bot(), platform: platform.clone(), token: one };
    let path = format!("/v2/users/{USER}/messages");
    assert_eq!(first.code(&path, &body).await, 40_034_024);
    let second = Client { bot: second, platform, token: two };
    assert_eq!(second.code(&path, &body).await, 0);
}
