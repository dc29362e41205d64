//! Events by webhook: who may deliver, to whom, and what is kept.

mod attacks;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use iglu_tests::{
    folder::Folder,
    host::Host,
    napcat::{
        certificate_path,
        qq::{App, Bot, Chat, Event, Platform, USER, Webhook, sign},
    },
};
use serde_json::json;

use super::{connected, door, folder, platform, push_to, table};

const HERE: &str = "listen = \"http://127.0.0.1:0/qq\"";

/// The platform, its bot, and iglu with `echo` where events are pushed.
async fn hooked(more: &str) -> (Platform, Bot, Folder, Host) {
    let platform = platform().await;
    let bot = platform.bot();
    let folder = folder(&["echo"], &table(&platform, bot.app(), more));
    let host = Host::run(&folder).await;
    connected(&host).await;
    push_to(&bot, &host).await;
    (platform, bot, folder, host)
}

/// Host and port of an address.
fn address(url: &str) -> SocketAddr {
    url.split('/').nth(2).unwrap().parse().unwrap()
}

fn says(bot: &Bot, text: &str) -> Event {
    bot.c2c_event(USER, format!("/echo {text}").as_str())
}

/// The text that the bot sends to the user next.
async fn heard(platform: &Platform) -> String {
    platform.next_sent_to(&Chat::User(USER.to_owned())).await.text().to_owned()
}

#[tokio::test]
async fn the_platform_checks_the_address_as_documented() {
    let platform = platform().await;
    let bot = platform.add_app(App::new("102000002", "DG5g3B4j9X2KOErG"));
    let folder = folder(&["echo"], &table(&platform, bot.app(), HERE));
    let host = Host::run(&folder).await;
    push_to(&bot, &host).await;

    let body = r#"{"d":{"plain_token":"Arq0D5A61EgUu4OxUvOp","event_ts":"1725442341"},"op":13}"#;
    let signature = "87befc99c42c651b3aac0278e71ada338433ae26fcb24307bdc5ad38c1adc2d01bcfcadc0842edac85e85205028a1132afe09280305f13aa6909ffc2d652c706";
    let documented = format!(r#"{{"plain_token":"Arq0D5A61EgUu4OxUvOp","signature":"{signature}"}}"#);
    // With the headers that were seen, with a signature that nobody understands, and with nothing.
    let mut strange = bot.signed_headers(1, b"something else");
    strange.retain(|(name, _)| name != "content-type");
    let now = platform.now() / 1000;
    for headers in [bot.signed_headers(now, body.as_bytes()), strange, Vec::new()] {
        let answer = bot.push_raw(&headers, body).await.unwrap();
        assert_eq!((answer.status, &answer.body), (200, &documented));
    }
    let validation = bot.validate().await.unwrap();
    assert!(validation.echoed && validation.verified, "{validation:?}");

    let beat = bot.webhook_heartbeat(42).await.unwrap();
    assert_eq!((beat.status, beat.json()), (200, json!({"op": 11, "d": 42})));
    for body in [r#"{"op":99,"id":"X:1","d":{},"t":"X"}"#, r#"{"d":{}}"#, r#"{"op":null}"#, r#"{"op":"0"}"#] {
        let headers = bot.signed_headers(now, body.as_bytes());
        let answer = bot.push_raw(&headers, body).await.unwrap();
        assert_eq!((answer.status, answer.json()), (200, json!({"op": 12, "d": 0})), "{body}");
    }
    host.stop().await;
}

#[tokio::test]
async fn copies_at_the_same_time_are_handled_once() {
    for more in [HERE, &format!("{HERE}\njournal = false")] {
        let (platform, bot, _folder, host) = hooked(more).await;
        for number in 0..20 {
            let deliveries = bot.push_copies(&says(&bot, &number.to_string()), 8).await;
            assert!(deliveries.iter().all(|delivery| delivery.acknowledged.is_some()), "{deliveries:?}");
            assert_eq!(heard(&platform).await, number.to_string());
        }
        assert_eq!(platform.sent().len(), 20);
        assert!(platform.violations().is_empty());
        host.stop().await;
    }
}

/// Two at one path, told apart by the app id or, without one, by the key; the third has a path of its own.
#[tokio::test]
async fn several_bots_share_a_port() {
    let platform = platform().await;
    let apps = [
        ("one", "102000002", "DG5g3B4j9X2KOErG", HERE),
        ("two", "102000003", "naOC0ocQE3shWLAfffVLB1rhYPG7", HERE),
        ("three", "102000004", "123456abcdef", "listen = \"http://127.0.0.1:0/three\""),
    ];
    let bots = apps.map(|(name, app_id, secret, more)| {
        let bot = platform.add_app(App::new(app_id, secret));
        (name, table(&platform, bot.app(), more).replace("\"official\"", &format!("{name:?}")), bot)
    });
    let settings: String = bots.iter().map(|(_, table, _)| table.as_str()).collect();
    let folder = folder(&["echo"], &settings);
    let host = Host::run(&folder).await;
    let mut doors = Vec::new();
    for (name, _, bot) in &bots {
        let url = door(&host, name).await;
        bot.webhook(Webhook::to(&url)).unwrap();
        doors.push(address(&url));
    }
    assert!(doors.iter().all(|at| *at == doors[0]), "{doors:?}");
    for (name, _, bot) in &bots {
        let validation = bot.validate().await.unwrap();
        assert!(validation.verified, "{name}: {validation:?}");
        assert!(bot.push(&says(bot, name)).await.acknowledged.is_some(), "{name}");
        let sent = platform.next_sent().await;
        assert_eq!((sent.text(), &sent.app_id), (*name, &bot.app().app_id));

        let event = says(bot, &format!("{name} by its key")).envelope(None);
        let mut headers = bot.signed_headers(platform.now() / 1000, event.as_bytes());
        headers.retain(|(key, _)| key != "x-bot-appid");
        assert_eq!(bot.push_raw(&headers, event).await.unwrap().status, 200, "{name}");
        let sent = platform.next_sent().await;
        assert_eq!((sent.text(), &sent.app_id), (&*format!("{name} by its key"), &bot.app().app_id));
    }
    // Whose secret is to be proved, nobody can tell.
    let body = r#"{"d":{"plain_token":"Arq0D5A61EgUu4OxUvOp","event_ts":"1725442341"},"op":13}"#;
    assert_eq!(bots[0].2.push_raw(&[], body).await.unwrap().status, 401);
    assert_eq!(bots[2].2.push_raw(&[], body).await.unwrap().status, 200);
    host.stop().await;
}

#[tokio::test]
async fn the_secret_before_still_counts_while_it_is_named() {
    let old = "the secret before the change";
    let (platform, bot, folder, host) = hooked(&format!("{HERE}\nold_secret = \"{old}\"")).await;
    let push = async |secret: &str, text: &str| {
        let event = says(&bot, text);
        let now = platform.now() / 1000;
        let mut shot = attacks::Shot::new(&bot, now, event.envelope(None));
        shot.sign(secret);
        let answer = bot.push_raw(&shot.headers, shot.body).await.unwrap();
        answer.status
    };
    let own = bot.app().secret.clone();
    assert_eq!(push(&own, "new").await, 200);
    assert_eq!(heard(&platform).await, "new");
    assert_eq!(push(old, "old").await, 200);
    assert_eq!(heard(&platform).await, "old");
    assert_eq!(push("yet another secret", "never").await, 403);
    let refusal = host.says("the refusal", |line| line.text().contains("`old_secret`")).await;
    assert_eq!(refusal.level(), "WARN");

    // Whoever signs with the old one wants to see the old one proved.
    let body = br#"{"d":{"plain_token":"Arq0D5A61EgUu4OxUvOp","event_ts":"1725442341"},"op":13}"#;
    for secret in [old, own.as_str()] {
        let mut shot = attacks::Shot::new(&bot, platform.now() / 1000, body.to_vec());
        shot.sign(secret);
        let answer = bot.push_raw(&shot.headers, shot.body).await.unwrap().json();
        let signature = answer["signature"].as_str().unwrap();
        assert!(sign::verifies(secret, &[b"1725442341Arq0D5A61EgUu4OxUvOp"], signature), "{secret}");
    }
    host.stop().await;

    folder.configure(&table(&platform, bot.app(), HERE));
    let host = Host::run(&folder).await;
    bot.forget_webhooks();
    push_to(&bot, &host).await;
    let mut shot = attacks::Shot::new(&bot, platform.now() / 1000, says(&bot, "late").envelope(None));
    shot.sign(old);
    assert_eq!(bot.push_raw(&shot.headers, shot.body).await.unwrap().status, 403);
    host.stop().await;
}

#[tokio::test]
async fn events_are_handled_before_the_bot_knows_its_name() {
    let platform = platform().await;
    let bot = platform.bot();
    let held = platform.hold("GET", "/users/@me");
    let folder = folder(&["echo"], &table(&platform, bot.app(), HERE));
    let host = Host::run(&folder).await;
    platform.held(&held, 1).await;
    push_to(&bot, &host).await;
    assert!(bot.push(&says(&bot, "early")).await.acknowledged.is_some());
    assert_eq!(heard(&platform).await, "early");
    held.release();
    connected(&host).await;
    bot.group_at(iglu_tests::napcat::qq::GROUP, USER, "/echo late");
    let group = Chat::Group(iglu_tests::napcat::qq::GROUP.to_owned());
    assert_eq!(platform.next_sent_to(&group).await.text(), "late");
    host.stop().await;
}

/// The first certificate is one that the simulated platform does not trust.
#[tokio::test]
async fn a_renewed_certificate_is_used_without_a_restart() {
    let platform = platform().await;
    let bot = platform.bot();
    let more = "listen = \"https://127.0.0.1:0/qq\"\ncertificate = \"cert.pem\"\nkey = \"key.pem\"";
    let folder = folder(&["echo"], &table(&platform, bot.app(), more));
    let put = |name: &str, from: &std::path::Path| {
        std::fs::copy(from.join(name), folder.path().join(name)).expect("a certificate can be copied");
    };
    let (before, after) =
        ([env!("CARGO_MANIFEST_DIR"), "fixtures", "tls"].iter().collect::<PathBuf>(), certificate_path());
    let after = after.parent().unwrap();
    ["cert.pem", "key.pem"].iter().for_each(|name| put(name, &before));
    let host = Host::run(&folder).await;
    connected(&host).await;
    let url = door(&host, "official").await.replace("http://", "https://");
    let push_anew = || {
        bot.forget_webhooks();
        bot.webhook(Webhook { retries: 300, spacing: Duration::from_millis(100), ..Webhook::to(&url) })
            .unwrap();
    };
    bot.webhook(Webhook { retries: 0, ..Webhook::to(&url) }).unwrap();
    let refused = bot.push(&says(&bot, "nobody")).await;
    assert!(refused.acknowledged.is_none() && refused.attempts[0].status == 0, "{refused:?}");

    // Half of it: what was good stays in use, and is no use to the platform.
    put("cert.pem", after);
    push_anew();
    let event = says(&bot, "renewed");
    let push = bot.push(&event);
    let renew = async {
        host.says("the half", |line| line.text().contains("the certificate before stays in use")).await;
        put("key.pem", after);
    };
    let (delivery, ()) = tokio::join!(push, renew);
    assert!(delivery.acknowledged.is_some(), "{delivery:?}");
    assert_eq!(heard(&platform).await, "renewed");

    // Rubbish does not take it away again.
    let mark = host.mark();
    folder.write("cert.pem", "rubbish");
    loop {
        push_anew();
        assert_eq!(bot.webhook_heartbeat(1).await.unwrap().status, 200);
        if host.lines_after(mark).iter().any(|line| line.text().contains("stays in use")) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(bot.push(&says(&bot, "still")).await.acknowledged.is_some());
    assert_eq!(heard(&platform).await, "still");
    host.stop().await;
}

/// The size that files may have is the disk here: writing beyond it fails as it does on a full one.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn what_the_disk_does_not_take_comes_again() {
    let platform = platform().await;
    let bot = platform.bot();
    let folder = folder(&["echo"], &table(&platform, bot.app(), HERE));
    let host = Host::run_by(&["sh", "-c", "trap '' XFSZ; exec \"$@\"", "sh"], &folder).await;
    connected(&host).await;
    bot.webhook(Webhook { retries: 0, ..Webhook::to(&door(&host, "official").await) }).unwrap();
    assert!(bot.push(&says(&bot, "before")).await.acknowledged.is_some());
    assert_eq!(heard(&platform).await, "before");

    let limit = async |size: &str| {
        let (pid, size) = (host.pid().to_string(), format!("--fsize={size}"));
        let done =
            tokio::process::Command::new("prlimit").args(["--pid", &pid, &size]).status().await.unwrap();
        assert!(done.success());
    };
    limit("0:unlimited").await;
    let event = says(&bot, "kept");
    for _ in 0..3 {
        let delivery = bot.push(&event).await;
        assert_eq!(delivery.attempts[0].status, 503, "{delivery:?}\n{}", host.report());
    }
    limit("unlimited:unlimited").await;
    let delivery = bot.push(&event).await;
    assert!(delivery.acknowledged.is_some(), "{delivery:?}\n{}", host.report());
    assert_eq!(heard(&platform).await, "kept");
    assert_eq!(platform.sent().len(), 2);
    host.stop().await;
}
