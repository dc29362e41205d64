//! All ways to NapCat at once.

use std::time::Duration;

use iglu_tests::{
    folder::Folder,
    host::Host,
    napcat::{Cut, FRIEND, Http, Napcat, Options, Post, Reverse},
};

use crate::common::said;

/// A simulated NapCat of this account. Its WebSocket server is there, but only one test dials it.
async fn napcat(self_id: u64) -> Napcat {
    let token = format!("token of {self_id}");
    Napcat::start(Options { self_id, token, deadline: Duration::from_secs(60), ..Options::default() }).await
}

/// Where the table of this name waits for NapCat.
async fn door(host: &Host, table: &str) -> String {
    let what = format!("bot `{table}` waits for NapCat at ");
    let line = host.says(&what, |line| line.text().starts_with(&what)).await;
    line.text()[what.len()..].to_owned()
}

fn dial(napcat: &Napcat, address: &str, token: Option<&str>) {
    let mut target = Reverse::to(&format!("ws://{address}/onebot"));
    target.reconnect = Duration::from_millis(50);
    target.token = token.map(str::to_owned);
    napcat.dial(target).unwrap();
}

async fn linked(napcat: &Napcat) {
    napcat.wait_links("one event connection", |links| links.events == 1).await;
}

#[tokio::test]
async fn every_transport_at_once_and_each_reply_leaves_where_its_event_came_from() {
    let accounts = [10_000_001, 10_000_002, 10_000_003, 10_000_004, 10_000_005];
    let mut napcats = Vec::new();
    for account in accounts {
        napcats.push(napcat(account).await);
    }
    let [first, second, forward, stream, posts] = &napcats[..] else { unreachable!() };
    let sse = stream.serve_http(Http { sse: true, ..Http::default() }).unwrap();
    let http = posts.serve_http(Http::default()).unwrap();
    let url = forward.url();
    let folder = Folder::with(forward, &["echo"], "");
    let reverse = |name, account| {
        format!(
            "[[bot]]\nname = \"{name}\"\nlisten = \"ws://127.0.0.1:0/onebot\"\naccount = {account}\ntoken = \"token of \
             {account}\"\n"
        )
    };
    folder.configure(&format!(
        "{}{}[[bot]]\nname = \"forward\"\nurl = \"{url}\"\ntoken = \"token of 10000003\"\n\
         [[bot]]\nname = \"stream\"\nurl = \"http://{sse}\"\ntoken = \"token of 10000004\"\n\
         [[bot]]\nname = \"posts\"\nurl = \"http://{http}\"\nlisten = \"http://127.0.0.1:0\"\ntoken = \"token of 10000005\"\n",
        reverse("first", 10_000_001),
        reverse("second", 10_000_002),
    ));
    let host = Host::run(&folder).await;
    let shared = door(&host, "first").await;
    assert_eq!(door(&host, "second").await, shared, "one port for both");
    dial(first, &shared, None);
    dial(second, &shared, None);
    posts.post(Post::to(&format!("http://{}/", door(&host, "posts").await))).unwrap();
    let intruder = napcat(10_000_001).await;
    dial(&intruder, &shared, Some("wrong"));
    let forger = napcat(10_000_005).await;
    let mut forged = Post::to(&format!("http://{}/", door(&host, "posts").await));
    forged.token = Some("wrong".to_owned());
    forger.post(forged).unwrap();
    for napcat in [first, second, forward, stream] {
        linked(napcat).await;
    }
    for table in ["first", "second", "forward", "stream", "posts"] {
        let what = format!("bot `{table}` is connected");
        host.says(&what, |line| line.text() == what).await;
    }

    for round in 0..6 {
        for napcat in &napcats {
            let event = napcat.private_message(FRIEND).text(&format!("/echo round {round}")).json();
            napcat.push(&event);
            napcat.push(&event);
        }
        forger.private_text(FRIEND, "/echo forged");
        for (napcat, account) in napcats.iter().zip(accounts) {
            let call = napcat.next_call("send_private_msg").await;
            assert_eq!(call.text(), format!("round {round}"), "of {account}");
        }
        let cut = [Cut::Reset, Cut::Eof, Cut::MidFrame, Cut::Close(None)][round % 4].clone();
        for napcat in [first, forward].into_iter().filter(|_| round < 5) {
            let before = napcat.links().connected;
            napcat.cut(cut.clone()).await;
            napcat.wait_links("a new link", |links| links.connected > before && links.events == 1).await;
        }
    }
    for napcat in &napcats {
        let said = said(napcat);
        assert_eq!(said.len(), 6, "each event is answered once: {said:?}");
    }
    assert!(intruder.links().connected == 0 && said(&intruder).is_empty() && said(&forger).is_empty());
    let log = host.stop().await;
    assert!(log.iter().any(|line| line.text().contains("a visitor is refused")));
}

#[tokio::test]
async fn a_bot_known_by_posts_alone_replies_in_the_answers() {
    let napcat = napcat(10_000_006).await;
    let folder = Folder::with(&napcat, &["echo"], "");
    folder.configure(
        "[[bot]]\nname = \"posts\"\nlisten = \"http://127.0.0.1:0\"\ntoken = \"token of 10000006\"\n",
    );
    let host = Host::run(&folder).await;
    napcat.post(Post::to(&format!("http://{}/", door(&host, "posts").await))).unwrap();
    napcat.private_text(FRIEND, "/echo by a quick operation");
    napcat.private_text(FRIEND, "nothing to say");
    let answer = napcat.next_call(".handle_quick_operation").await;
    assert_eq!(answer.text(), "by a quick operation");
    napcat.wait_posts("both answers", |posts| posts.taken == 2).await;
    host.stop().await;
}

#[tokio::test]
async fn one_account_on_two_links_is_one_bot() {
    let napcat = napcat(10_000_007).await;
    let folder = Folder::with(&napcat, &["echo"], "");
    folder.connect(
        &napcat,
        "[[bot]]\nname = \"reverse\"\nlisten = \"ws://127.0.0.1:0\"\ntoken = \"token of 10000007\"\n",
    );
    let host = Host::run(&folder).await;
    linked(&napcat).await;
    dial(&napcat, &door(&host, "reverse").await, None);
    napcat.wait_links("both links", |links| links.events == 2).await;
    for number in 0..20 {
        napcat.private_text(FRIEND, &format!("/echo {number}"));
        assert_eq!(napcat.next_call("send_private_msg").await.text(), number.to_string());
    }
    assert_eq!(said(&napcat).len(), 20);
    host.stop().await;
}
