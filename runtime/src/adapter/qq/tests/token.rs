use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;

use super::super::failure::Class;
use super::super::token::Tokens;
use super::super::{Settings, Timings};
use super::server::{Answer, Web, ok, soon};
use super::{payload, settings_of};

fn tokens(settings: Settings) -> Arc<Tokens> {
    Tokens::new(Arc::new(settings), reqwest_client())
}

fn reqwest_client() -> reqwest::Client {
    let tls = crate::web::tls_trusting(None).unwrap();
    reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy().build().unwrap()
}

fn text(body: String) -> Answer {
    Answer::Say(200, "", body)
}

#[tokio::test]
async fn a_hundred_callers_share_one_fetch() {
    let web = Web::open(|_, _| Answer::Late(Duration::from_millis(50), payload("doc-token-response"))).await;
    let tokens = tokens(settings_of(&web.base));
    let callers: Vec<_> = (0..100)
        .map(|_| {
            tokio::spawn({
                let tokens = tokens.clone();
                async move { tokens.get().await }
            })
        })
        .collect();
    for caller in callers {
        assert_eq!(soon("a token", caller).await.unwrap().unwrap().header(), "QQBot ACCESS_TOKEN");
    }
    let asked = web.asked("/app/getAppAccessToken");
    assert_eq!(asked.len(), 1);
    assert_eq!(
        asked[0].json(),
        json!({"appId": "102000001", "clientSecret": "naOC0ocQE3shWLAfffVLB1rhYPG7xxxx"})
    );
    assert_eq!(
        (asked[0].method.as_str(), asked[0].headers["content-type"].as_str()),
        ("POST", "application/json")
    );
    assert_eq!(
        format!("{tokens:?} {:?}", tokens.get().await.unwrap()),
        r#"Tokens { bot: "mine", .. } Token(hidden)"#
    );
}

#[tokio::test]
async fn times_are_read_as_numbers_and_as_text() {
    for name in ["doc-token-response", "syn-token-response-number", "syn-token-response-boundary"] {
        let web = Web::open(move |_, _| text(payload(name))).await;
        let tokens = tokens(settings_of(&web.base));
        for _ in 0..5 {
            assert_eq!(tokens.get().await.unwrap().header(), "QQBot ACCESS_TOKEN", "{name}");
        }
        assert_eq!(web.tokens(), 1, "{name}");
    }
}

#[tokio::test]
async fn the_same_token_with_no_time_left_is_no_loop() {
    for left in [json!("0"), json!(0), json!(-5), json!("1"), json!(44), json!("x"), json!(null)] {
        let answer = json!({"access_token": "SAME", "expires_in": left}).to_string();
        let web = Web::open(move |_, _| text(answer.clone())).await;
        let tokens = tokens(settings_of(&web.base));
        for _ in 0..200 {
            assert_eq!(tokens.get().await.unwrap().header(), "QQBot SAME");
        }
        assert_eq!(web.tokens(), 1, "{left}");
    }
}

#[tokio::test]
async fn the_old_token_serves_while_the_new_one_is_fetched() {
    let web = Web::open(|_, count| match count {
        0 => ok(&json!({"access_token": "OLD", "expires_in": 60})),
        _ => Answer::Late(
            Duration::from_millis(100),
            json!({"access_token": "NEW", "expires_in": 7200}).to_string(),
        ),
    })
    .await;
    // Due after the floor of one second.
    let timings = Timings { renew: Duration::from_secs(60), ..settings_of("").timings };
    let tokens = tokens(Settings { timings, ..settings_of(&web.base) });
    assert_eq!(tokens.get().await.unwrap().header(), "QQBot OLD");
    let mut longest = Duration::ZERO;
    let renewed = async {
        loop {
            let start = std::time::Instant::now();
            let header = tokens.get().await.unwrap().header();
            longest = longest.max(start.elapsed());
            if header == "QQBot NEW" {
                break;
            }
            assert_eq!(header, "QQBot OLD");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    soon("the new token", renewed).await;
    assert_eq!(web.tokens(), 2);
    assert!(longest < Duration::from_millis(90), "nobody waits for it: {longest:?}");
}

#[tokio::test]
async fn errors_come_with_status_200() {
    for (name, code, class, word) in [
        ("doc-token-error-100016", 100016, Class::Auth, "secret"),
        ("doc-token-error-100007", 100007, Class::Auth, "app-id"),
        ("doc-token-error-100001", 100001, Class::Busy, "Too many"),
    ] {
        let web = Web::open(move |_, _| text(payload(name))).await;
        let tokens = tokens(settings_of(&web.base));
        let answers = futures_util::future::join_all((0..20).map(|_| tokens.get())).await;
        for answer in answers {
            let failure = answer.unwrap_err();
            assert_eq!((failure.code, failure.class), (code, class), "{name}");
            assert!(failure.message.contains(word), "{failure}");
            assert!(!failure.to_string().contains("naOC0"), "{failure}");
        }
        let tries = if class == Class::Auth { 1 } else { 3 };
        assert_eq!(web.tokens(), tries, "{name}: waiters get the error too");
        tokens.get().await.unwrap_err();
        assert_eq!(web.tokens(), tries, "{name}: and it is not asked for at once again");
    }
}

#[tokio::test]
async fn a_fault_that_passes_is_not_seen() {
    let web = Web::open(|_, count| match count {
        0 => Answer::Say(502, "", "<html>Bad Gateway</html>".to_owned()),
        1 => Answer::Cut,
        _ => text(payload("doc-token-response")),
    })
    .await;
    assert_eq!(tokens(settings_of(&web.base)).get().await.unwrap().header(), "QQBot ACCESS_TOKEN");
}

#[tokio::test]
async fn what_is_no_token_is_refused() {
    for body in [
        "",
        "[]",
        "<html>",
        r#"{"access_token": ""}"#,
        r#"{"access_token": 5}"#,
        r#"{"access_token": "a\nb"}"#,
    ] {
        let web = Web::open(move |_, _| text(body.to_owned())).await;
        let failure = tokens(settings_of(&web.base)).get().await.unwrap_err();
        assert!(failure.message.contains("no token"), "{body}: {failure}");
    }
    let gone = tokens(settings_of("http://127.0.0.1:9")).get().await.unwrap_err();
    assert_eq!(gone.class, Class::Unreachable);
}

#[tokio::test]
async fn a_refused_token_is_fetched_anew_once() {
    let counted = Arc::new(AtomicUsize::new(0));
    let web = Web::with_tokens(|_, _| Answer::Cut).await;
    let tokens = tokens(settings_of(&web.base));
    let first = tokens.get().await.unwrap();
    let callers: Vec<_> = (0..100)
        .map(|_| {
            let (tokens, first, counted) = (tokens.clone(), first.clone(), counted.clone());
            tokio::spawn(async move {
                assert_eq!(tokens.refused(&first).await.unwrap().header(), "QQBot T2");
                counted.fetch_add(1, Ordering::Relaxed);
            })
        })
        .collect();
    for caller in callers {
        soon("another token", caller).await.unwrap();
    }
    assert_eq!((counted.load(Ordering::Relaxed), web.tokens()), (100, 2));
    tokens.forget(&first);
    assert_eq!(tokens.get().await.unwrap().header(), "QQBot T2", "an old one is dropped by nobody");
}

#[tokio::test]
async fn a_refused_token_that_comes_back_is_no_loop() {
    let web = Web::open(|_, _| text(payload("doc-token-response"))).await;
    let slow = Timings { retry: Duration::from_secs(1), ..settings_of("").timings };
    let tokens = tokens(Settings { timings: slow, ..settings_of(&web.base) });
    let token = tokens.get().await.unwrap();
    for _ in 0..50 {
        assert_eq!(tokens.refused(&token).await.unwrap(), token);
        tokens.forget(&token);
    }
    assert_eq!(web.tokens(), 2);
}

#[tokio::test]
async fn a_token_that_came_back_and_worked_is_fetched_anew_when_it_is_refused_again() {
    let web = Web::open(|_, _| text(payload("doc-token-response"))).await;
    let slow = Timings { retry: Duration::from_secs(1), ..settings_of("").timings };
    let tokens = tokens(Settings { timings: slow, ..settings_of(&web.base) });
    let token = tokens.get().await.unwrap();
    for fetched in 2..5 {
        tokens.forget(&token);
        assert_eq!(tokens.get().await.unwrap(), token);
        assert_eq!(web.tokens(), fetched);
        tokens.worked(&token);
    }
}
