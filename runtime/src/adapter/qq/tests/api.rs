use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use super::super::api::{Api, Body, Repeat, Reply, Request};
use super::super::failure::{Class, Failure, Rule, TABLE, rule};
use super::server::{Answer, Asked, Web, ok, say, soon};
use super::{payload, settings_of};
use crate::model::Error;

fn api(web: &Web) -> Api {
    Api::new(&settings_of(&web.base)).unwrap()
}

async fn send(api: &Api, repeat: Repeat) -> Result<Reply, Failure> {
    let body = json!({"content": "hi", "msg_type": 0, "msg_seq": 7});
    let request = Request {
        method: Method::POST,
        path: "/v2/users/U/messages",
        body: Body::Json(&body),
        repeat,
        patience: Duration::from_millis(400),
    };
    soon("the answer", api.call(request)).await
}

/// A platform that answers one request after another with these, the last one for ever.
async fn scripted(answers: Vec<(u16, &'static str, String)>) -> Web {
    Web::with_tokens(move |_, count| {
        let (status, headers, body) = answers[count.min(answers.len() - 1)].clone();
        Answer::Say(status, headers, body)
    })
    .await
}

fn sends(web: &Web) -> Vec<Asked> {
    web.asked("/v2/users/U/messages")
}

fn code(code: i64) -> String {
    json!({"message": "words", "code": code, "err_code": code, "trace_id": "trace"}).to_string()
}

#[tokio::test]
async fn a_request_says_who_asks() {
    let web = scripted(vec![(200, "X-Tps-trace-ID: tr\r\n", payload("doc-response-send-ok-ref-idx"))]).await;
    let reply = send(&api(&web), Repeat::Same).await.unwrap();
    assert_eq!((reply.status, reply.trace.as_deref()), (200, Some("tr")));
    assert!(reply.body["id"].is_string());
    let asked = &sends(&web)[0];
    assert_eq!(asked.headers["authorization"], "QQBot T1");
    assert_eq!(asked.headers["x-union-appid"], "102000001");
    assert_eq!(asked.headers["content-type"], "application/json");
    assert_eq!(asked.json()["msg_seq"], 7);
}

#[tokio::test]
async fn answers_without_a_word_and_reviews_are_no_failures() {
    for (status, body, expected) in [
        (204, "", Value::Null),
        (200, "", Value::Null),
        (200, "{}", json!({})),
        (
            202,
            r#"{"code":304024,"message":"m","data":{}}"#,
            json!({"code": 304024, "message": "m", "data": {}}),
        ),
        (201, r#"{"code":5,"message":"accepted"}"#, json!({"code": 5, "message": "accepted"})),
        (200, r#"{"code":0,"message":"ok"}"#, json!({"code": 0, "message": "ok"})),
        (200, "[1]", json!([1])),
    ] {
        let web = scripted(vec![(status, "", body.to_owned())]).await;
        let reply = send(&api(&web), Repeat::Never).await.unwrap();
        assert_eq!((reply.status, reply.body), (status, expected));
    }
    let web = scripted(vec![(202, "", payload("doc-response-channel-audit-304023"))]).await;
    let reply = send(&api(&web), Repeat::Never).await.unwrap();
    assert_eq!(reply.body["data"]["message_audit"]["audit_id"], "ab9bd72f-19e8-4394-b09e-66caca0d64e4");
}

#[tokio::test]
async fn statuses_and_codes_decide_what_is_tried_again() {
    let page = || "<html>from a proxy</html>".to_owned();
    // Status, body, class, and how often it is sent when nothing, the same, or anything may be repeated.
    for (status, body, class, tries) in [
        (500, String::new(), Class::Busy, [1, 4, 4]),
        (502, page(), Class::Busy, [1, 4, 4]),
        (503, "{}".to_owned(), Class::Busy, [4, 4, 4]),
        (504, code(99), Class::Busy, [1, 4, 4]),
        (500, code(11255), Class::Permanent, [1, 1, 1]),
        (500, payload("obs-response-error-11253"), Class::Permanent, [1, 1, 1]),
        (429, page(), Class::Busy, [4, 4, 4]),
        (429, code(99), Class::Busy, [4, 4, 4]),
        (413, page(), Class::Permanent, [1, 1, 1]),
        (404, String::new(), Class::Permanent, [1, 1, 1]),
        (302, String::new(), Class::Permanent, [1, 1, 1]),
        (200, page(), Class::Permanent, [1, 1, 1]),
        (400, code(40034005), Class::Anchor, [1, 1, 1]),
        (200, payload("doc-response-error-err-code-only"), Class::Anchor, [1, 1, 1]),
        (200, code(99), Class::Permanent, [1, 1, 1]),
        (400, payload("obs-response-error-22009"), Class::Later, [1, 1, 1]),
        (400, payload("obs-response-error-40054005-dedup"), Class::Delivered, [1, 1, 1]),
        (400, code(304080), Class::Upload, [1, 1, 1]),
        (400, code(11242), Class::Busy, [2, 2, 2]),
        (400, code(305007), Class::Busy, [2, 2, 2]),
        (400, code(40054006), Class::Busy, [4, 4, 4]),
        (400, code(1100100), Class::Later, [1, 1, 1]),
        (401, payload("obs-response-error-11245-fixed-token"), Class::Auth, [1, 1, 1]),
        (401, payload("obs-response-error-11244-token"), Class::Auth, [2, 2, 2]),
        (401, page(), Class::Auth, [2, 2, 2]),
        (401, payload("obs-response-error-11298-ip"), Class::Auth, [1, 1, 1]),
    ] {
        for (repeat, tries) in [Repeat::Never, Repeat::Same, Repeat::Idempotent].into_iter().zip(tries) {
            let web = scripted(vec![(status, "", body.clone())]).await;
            let failure = send(&api(&web), repeat).await.unwrap_err();
            assert_eq!((failure.class, failure.status), (class, Some(status)), "{status} {body}");
            assert_eq!(sends(&web).len(), tries, "{status} {body} {repeat:?}");
            let sent = sends(&web);
            assert!(sent.iter().all(|again| again.body == sent[0].body), "every try is the same");
        }
    }
}

#[tokio::test]
async fn an_expired_token_is_renewed_and_the_same_request_sent_again() {
    let web = scripted(vec![
        (401, "", payload("obs-response-error-11244-token")),
        (200, "", payload("doc-response-send-ok-int-timestamp")),
    ])
    .await;
    send(&api(&web), Repeat::Never).await.unwrap();
    let sent = sends(&web);
    let tokens: Vec<_> = sent.iter().map(|sent| sent.headers["authorization"].as_str()).collect();
    assert_eq!(tokens, ["QQBot T1", "QQBot T2"]);
    assert_eq!(sent[0].body, sent[1].body);
}

#[tokio::test]
async fn a_hundred_sends_with_an_expired_token_renew_it_once() {
    let web = Web::with_tokens(|asked, _| match asked.headers["authorization"].as_str() {
        "QQBot T1" => say(401, &json!({"err_code": 11244, "message": "expired"})),
        _ => ok(&json!({"id": "m", "timestamp": "1"})),
    })
    .await;
    let api = api(&web);
    for answer in futures_util::future::join_all((0..100).map(|_| send(&api, Repeat::Never))).await {
        answer.unwrap();
    }
    assert_eq!(web.tokens(), 2);
}

#[tokio::test]
async fn an_address_that_is_not_allowed_is_told_with_its_remedy() {
    let web = scripted(vec![(401, "", payload("obs-response-error-11298-ip"))]).await;
    let failure = send(&api(&web), Repeat::Same).await.unwrap_err();
    assert_eq!((failure.code, web.tokens()), (40023002, 1));
    let Error::Platform(error) = failure.into() else { panic!() };
    assert!(error.message.contains("IP allowlist"), "{}", error.message);
    assert_eq!(error.trace.as_deref(), Some("03dc9a6abc25dedf2f1bc22653fe12a7"));
}

#[tokio::test]
async fn a_wait_that_the_platform_names_is_kept() {
    let web = scripted(vec![(429, "Retry-After: 0.1\r\n", String::new()), (200, "", "{}".to_owned())]).await;
    let start = Instant::now();
    send(&api(&web), Repeat::Never).await.unwrap();
    assert!(start.elapsed() >= Duration::from_millis(100));
    let web = scripted(vec![(429, "Retry-After: 3600\r\n", String::new())]).await;
    let failure = send(&api(&web), Repeat::Same).await.unwrap_err();
    assert_eq!((sends(&web).len(), failure.after), (1, Some(Duration::from_secs(3600))));
    assert_eq!(Error::from(failure), Error::RateLimited(3600.0));
}

#[tokio::test]
async fn a_send_without_an_answer_is_repeated_only_where_the_platform_drops_repetitions() {
    for (repeat, tries) in [(Repeat::Never, 1), (Repeat::Same, 2), (Repeat::Idempotent, 4)] {
        for late in [true, false] {
            let web = Web::with_tokens(move |_, _| match late {
                true => Answer::Late(Duration::from_secs(2), "{}".to_owned()),
                false => Answer::Cut,
            })
            .await;
            let failure = send(&api(&web), repeat).await.unwrap_err();
            assert_eq!((failure.class, sends(&web).len()), (Class::Timeout, tries), "{repeat:?} {late}");
            assert!(matches!(Error::from(failure), Error::Timeout(_)));
        }
    }
}

#[tokio::test]
async fn a_duplicate_after_silence_was_delivered_and_one_at_once_was_not() {
    let duplicate = payload("obs-response-error-40054005-dedup");
    let body = duplicate.clone();
    let web = Web::with_tokens(
        move |_, count| if count == 0 { Answer::Cut } else { Answer::Say(400, "", body.clone()) },
    )
    .await;
    let failure = send(&api(&web), Repeat::Same).await.unwrap_err();
    assert_eq!((failure.class, failure.retried), (Class::Delivered, true));
    let expired = payload("obs-response-error-11244-token");
    let web = scripted(vec![(401, "", expired), (429, "", String::new()), (400, "", duplicate)]).await;
    let failure = send(&api(&web), Repeat::Same).await.unwrap_err();
    assert_eq!((failure.class, failure.retried), (Class::Delivered, false), "those tries were refused");
}

#[tokio::test]
async fn a_platform_that_is_away_was_sent_nothing() {
    let web = Web::with_tokens(|_, _| Answer::Cut).await;
    let mut settings = settings_of(&web.base);
    settings.api_base = "http://127.0.0.1:9".to_owned();
    let failure = send(&Api::new(&settings).unwrap(), Repeat::Never).await.unwrap_err();
    assert_eq!(failure.class, Class::Unreachable);
    assert!(matches!(Error::from(failure), Error::Disconnected(_)));
}

#[tokio::test]
async fn without_a_token_nothing_was_sent() {
    let web = Web::open(|_, _| Answer::Cut).await;
    let failure = send(&api(&web), Repeat::Never).await.unwrap_err();
    assert_eq!(failure.class, Class::Unreachable);
    assert!(sends(&web).is_empty());
}

#[tokio::test]
async fn forms_carry_the_picture_and_its_fields() {
    let web = scripted(vec![(200, "", "{}".to_owned())]).await;
    let body = Body::Form {
        file_image: b"\x89PNG\r\n",
        file_name: "a\".png",
        fields: &[("content", "看"), ("msg_id", "m")],
    };
    let request = Request {
        method: Method::POST,
        path: "/f",
        body,
        repeat: Repeat::Never,
        patience: Duration::from_secs(5),
    };
    api(&web).call(request).await.unwrap();
    let asked = &web.asked("/f")[0];
    let boundary = asked.headers["content-type"].strip_prefix("multipart/form-data; boundary=").unwrap();
    let expected = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"content\"\r\n\r\n看\r\n--{boundary}\r\nContent-Disposition: \
         form-data; name=\"msg_id\"\r\n\r\nm\r\n--{boundary}\r\nContent-Disposition: form-data; name=\"file_image\"; \
         filename=\"a%22.png\"\r\nContent-Type: application/octet-stream\r\n\r\n"
    );
    let tail = format!("\r\n--{boundary}--\r\n");
    assert_eq!(asked.body, [expected.as_bytes(), b"\x89PNG\r\n", tail.as_bytes()].concat());
}

#[tokio::test]
async fn parts_are_put_without_a_word_of_who_asks() {
    let web = scripted(vec![(500, "", String::new()), (200, "", String::new())]).await;
    let url = format!("{}/part?sign=secret", web.base);
    api(&web).put(&url, hyper::body::Bytes::from_static(b"part"), Duration::from_secs(5)).await.unwrap();
    let asked = web.asked("/part?sign=secret");
    assert_eq!(
        (asked.len(), asked[1].method.as_str(), asked[1].body.as_slice()),
        (2, "PUT", b"part".as_slice())
    );
    assert!(
        !asked[1].headers.contains_key("authorization") && !asked[1].headers.contains_key("x-union-appid")
    );
    let web = scripted(vec![(403, "", "<Error>SignatureDoesNotMatch</Error>".to_owned())]).await;
    let url = format!("{}/part?sign=secret", web.base);
    let failure = api(&web).put(&url, hyper::body::Bytes::new(), Duration::from_secs(5)).await.unwrap_err();
    assert!(!failure.to_string().contains("sign=secret"));
}

#[tokio::test]
async fn errors_hold_no_secrets() {
    let echo = json!({"code": 99, "message": "token T1 is odd"}).to_string();
    let web = scripted(vec![(400, "", echo)]).await;
    let failure = send(&api(&web), Repeat::Never).await.unwrap_err();
    assert_eq!(failure.message, "token (token) is odd");
    let long = json!({"code": 99, "message": "x".repeat(100_000)}).to_string();
    let web = scripted(vec![(400, "", long)]).await;
    assert!(send(&api(&web), Repeat::Never).await.unwrap_err().message.len() < 400);
}

#[tokio::test]
async fn settings_that_cannot_work_are_told() {
    let told = |api: &str, app_id: &str| {
        let settings = super::Settings {
            api_base: api.to_owned(),
            app_id: app_id.to_owned(),
            ..settings_of("http://h")
        };
        Api::new(&settings).unwrap_err()
    };
    assert!(told("api.sgroup.qq.com", "1").contains("api-base"));
    assert!(told("ftp://h", "1").contains("https://"));
    assert!(told("http://h", "1\n").contains("app-id"));
    let missing = super::Settings { ca: Some("/nowhere/ca.pem".into()), ..settings_of("http://h") };
    assert!(Api::new(&missing).unwrap_err().contains("/nowhere/ca.pem"));
}

#[test]
fn the_table_of_codes_is_whole() {
    for (first, last, rule_of) in TABLE {
        assert!(first <= last);
        assert_eq!(rule(*first), Some(*rule_of), "{first} is hidden by an earlier row");
    }
    for (codes, expected) in [
        (
            &[
                10001, 11253, 11254, 11255, 304003, 304025, 1100101, 1100104, 40034029, 40054010, 40061002,
                501001, 630003,
            ][..],
            Rule::Never,
        ),
        (&[22009, 304018, 304045, 40054002, 850018, 40093001, 40093002, 40034122], Rule::Later),
        (&[1100100, 40034100], Rule::Slowly),
        (
            &[20028, 304082, 306003, 306006, 620006, 40034004, 40054006, 50055006, 850027, 1100308],
            Rule::Again,
        ),
        (&[10000, 304010, 304016, 304017, 304021, 305007, 340069], Rule::Once),
        (&[11242, 11252, 11263, 11281], Rule::Check),
        (&[11244], Rule::Refresh),
        (&[11241, 11243, 11245, 11251, 11261, 11275, 11298, 40023002], Rule::Auth),
        (
            &[304026, 304027, 304028, 304103, 40034005, 40034024, 40034025, 40034026, 40034027, 40034128],
            Rule::Anchor,
        ),
        (&[40054005], Rule::Delivered),
        (&[304080], Rule::Upload),
        (&[304023, 304024], Rule::Pending),
    ] {
        for code in codes {
            assert_eq!(rule(*code), Some(expected), "{code}");
        }
    }
    for unknown in [1, 850012, 99_999_999, -5] {
        assert_eq!(rule(unknown), None);
    }
}

#[test]
fn failures_become_errors_that_plugins_can_act_on() {
    let failure = |class, code| Failure {
        code,
        status: Some(400),
        trace: Some("t".to_owned()),
        ..Failure::silent(class, "words".to_owned())
    };
    assert!(
        matches!(Error::from(failure(Class::Anchor, 40034005)), Error::Expired(text) if text.contains("40034005"))
    );
    let Error::Platform(error) = failure(Class::Permanent, 40034006).into() else { panic!() };
    assert_eq!((error.code, error.message.as_str(), error.trace.as_deref()), (40034006, "words", Some("t")));
    assert!(
        matches!(Error::from(failure(Class::Later, 22009)), Error::Platform(_)),
        "nobody knows until when"
    );
    let slowly = Failure { after: Rule::Slowly.after(), ..failure(Class::Later, 1100100) };
    assert_eq!(Error::from(slowly), Error::RateLimited(60.0));
    assert!(matches!(Error::from(failure(Class::Permanent, i64::MAX)), Error::Platform(_)));
}
