//! The webhook's side of the platform, against a small server.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, body::Bytes, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use iglu_simulator::qq::{Options, Platform, USER, Webhook, sign};
use serde_json::{Value, json};
use tokio::net::TcpListener;

type Seen = Arc<Mutex<Vec<(hyper::HeaderMap, Bytes)>>>;

/// A receiver that answers what the function says; its URL and what it has seen.
async fn receiver(answer: impl Fn(usize, &Value) -> (u16, Value) + Send + Sync + 'static) -> (String, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/qq", listener.local_addr().unwrap());
    let seen = Seen::default();
    let (log, answer) = (seen.clone(), Arc::new(answer));
    tokio::spawn(async move {
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            let (log, answer) = (log.clone(), answer.clone());
            tokio::spawn(async move {
                let service = service_fn(|request: Request<hyper::body::Incoming>| {
                    let (log, answer) = (log.clone(), answer.clone());
                    async move {
                        let (head, body) = request.into_parts();
                        let body = body.collect().await.unwrap().to_bytes();
                        let json = serde_json::from_slice(&body).unwrap_or_default();
                        let count = {
                            let mut log = log.lock().unwrap();
                            log.push((head.headers, body));
                            log.len()
                        };
                        let (status, body) = answer(count, &json);
                        let response = Response::builder().status(status);
                        Ok::<_, Infallible>(response.body(Full::new(Bytes::from(body.to_string()))).unwrap())
                    }
                });
                drop(http1::Builder::new().serve_connection(TokioIo::new(tcp), service).await);
            });
        }
    });
    (url, seen)
}

fn quick(url: &str) -> Webhook {
    Webhook { spacing: Duration::from_millis(1), ..Webhook::to(url) }
}

#[tokio::test]
async fn events_are_pushed_with_a_signature_over_the_exact_body() {
    let (url, seen) = receiver(|_, _| (200, json!({"op": 12, "d": 0}))).await;
    let platform = Platform::start(Options::default()).await;
    let bot = platform.bot();
    bot.webhook(quick(&url)).unwrap();
    let said = bot.c2c(USER, "hi");
    let delivery = &platform.wait_deliveries(1).await[0];
    assert!(delivery.acknowledged.is_some());
    let (headers, body) = seen.lock().unwrap()[0].clone();
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    let stamp = header("x-signature-timestamp");
    let signature = header("x-signature-ed25519");
    assert!(sign::verifies(&bot.app().secret, &[stamp.as_bytes(), &body], &signature));
    assert_eq!(header("x-bot-appid"), bot.app().app_id);
    let envelope: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((&envelope["id"], envelope.get("s")), (&json!(said.id), None));
}

#[tokio::test]
async fn an_event_is_pushed_again_until_it_is_acknowledged() {
    for (answer, attempts, acknowledged) in [
        ([(500, json!(null)), (200, json!(null)), (200, json!(null)), (200, json!(null))], 2, true),
        (
            [(200, json!({"op": 12, "d": 1})), (204, json!(null)), (200, json!(null)), (200, json!(null))],
            3,
            true,
        ),
        ([(500, json!(null)), (500, json!(null)), (401, json!(null)), (302, json!(null))], 4, false),
    ] {
        let (url, seen) = receiver(move |count, _| answer[count - 1].clone()).await;
        let platform = Platform::start(Options::default()).await;
        let bot = platform.bot();
        bot.webhook(quick(&url)).unwrap();
        let delivery = bot.push(&bot.c2c_event(USER, "hi")).await;
        assert_eq!((delivery.attempts.len(), delivery.acknowledged.is_some()), (attempts, acknowledged));
        let bodies: Vec<_> = seen.lock().unwrap().iter().map(|(_, body)| body.clone()).collect();
        assert!(bodies.windows(2).all(|pair| pair[0] == pair[1]), "the same body with the same id");
    }
}

#[tokio::test]
async fn validation_tells_a_right_answer_from_a_wrong_one() {
    let (url, _) = receiver(|_, body| {
        let (token, stamp) = (body["d"]["plain_token"].as_str().unwrap(), body["d"]["event_ts"].as_str().unwrap());
        let secret = iglu_simulator::qq::App::default().secret;
        (200, json!({"plain_token": token, "signature": sign::sign(&secret, &[stamp.as_bytes(), token.as_bytes()])}))
    })
    .await;
    let platform = Platform::start(Options::default()).await;
    platform.bot().webhook(quick(&url)).unwrap();
    let validation = platform.bot().validate().await.unwrap();
    assert!(validation.echoed && validation.verified);
    let (url, _) =
        receiver(|_, body| (200, json!({"plain_token": body["d"]["plain_token"], "signature": "00"}))).await;
    platform.bot().forget_webhooks();
    platform.bot().webhook(quick(&url)).unwrap();
    let validation = platform.bot().validate().await.unwrap();
    assert!(validation.echoed && !validation.verified);
    let raw = platform.bot().push_raw(&[("x-a".to_owned(), "b".to_owned())], "{}").await.unwrap();
    assert_eq!(raw.status, 200);
}

#[tokio::test]
async fn thousands_of_events_go_over_a_few_connections() {
    let (url, seen) = receiver(|_, _| (200, json!({"op": 12, "d": 0}))).await;
    let platform = Platform::start(Options::default()).await;
    let bot = platform.bot();
    bot.webhook(quick(&url)).unwrap();
    let events = (0..2000).map(|n| bot.c2c_event(USER, n.to_string().as_str())).collect();
    let (deliveries, _) = bot.push_all(events, 16).await;
    assert_eq!(deliveries.len(), 2000);
    assert!(deliveries.iter().all(|one| one.acknowledged.is_some() && one.attempts.len() == 1));
    assert_eq!(seen.lock().unwrap().len(), 2000);
}
