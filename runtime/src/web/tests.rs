use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU32, Ordering};

use arc_swap::ArcSwap;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;
use crate::config::Config;

/// A server on this address that answers `200` with its address, and counts its connections.
async fn serve(listener: TcpListener) -> Arc<AtomicU32> {
    let (count, address) = (Arc::new(AtomicU32::new(0)), listener.local_addr().unwrap());
    let connections = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            connections.fetch_add(1, Ordering::SeqCst);
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                let Ok(byte) = stream.read_u8().await else { break };
                request.push(byte);
            }
            let body = address.to_string();
            let answer = format!(
                "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    count
}

async fn get(web: &Web, url: &str) -> Result<String, Error> {
    let outgoing = Outgoing::read("GET", url, std::iter::empty(), Vec::new())?;
    let mut reply = outgoing.send(web, &Clock::default()).await?;
    let mut body = Vec::new();
    while let Some(chunk) = reply.chunk().await? {
        body.extend_from_slice(&chunk);
    }
    Ok(String::from_utf8(body).unwrap())
}

fn given(names: impl Fn(&str) -> Vec<IpAddr> + Send + Sync + 'static, allowed: fn(IpAddr) -> bool) -> Web {
    Web::real(Names::Given(Arc::new(names)), Arc::new(allowed))
}

#[tokio::test]
async fn a_name_that_leads_into_the_owners_network_is_not_connected_to() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let count = serve(listener).await;
    for addresses in [
        &["127.0.0.1"][..],
        &["::1"],
        &["::ffff:127.0.0.1"],
        &["10.0.0.1"],
        &["169.254.169.254"],
        &["64:ff9b::7f00:1"],
        &["8.8.8.8", "127.0.0.1"],
    ] {
        let web = given(move |_| addresses.iter().map(|text| text.parse().unwrap()).collect(), is_public);
        let answer = get(&web, &format!("http://good.example:{port}/")).await;
        assert!(matches!(&answer, Err(Error::Denied(text)) if text.contains("good.example")), "{answer:?}");
    }
    // The system's own names too.
    let answer = get(&Web::default(), &format!("http://localhost:{port}/")).await;
    assert!(matches!(answer, Err(Error::Denied(_))), "{answer:?}");
    assert_eq!(count.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn what_was_checked_is_what_is_connected_to() {
    let good = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = good.local_addr().unwrap().port();
    let bad = TcpListener::bind(("127.0.0.2", port)).await.unwrap();
    let (good, bad) = (serve(good).await, serve(bad).await);
    // The first look gets a good address, all later ones the bad one, as a rebinding server answers.
    let looks = Arc::new(AtomicU32::new(0));
    let seen = Arc::clone(&looks);
    let web = given(
        move |_| {
            let last = if looks.fetch_add(1, Ordering::SeqCst) == 0 { 1 } else { 2 };
            vec![Ipv4Addr::new(127, 0, 0, last).into()]
        },
        |address| address == Ipv4Addr::LOCALHOST,
    );
    let url = format!("http://rebound.example:{port}/");
    assert_eq!(get(&web, &url).await, Ok(format!("127.0.0.1:{port}")));
    assert_eq!(seen.load(Ordering::SeqCst), 1, "one look for one connection");
    assert!(matches!(get(&web, &url).await, Err(Error::Denied(_))));
    assert_eq!((good.load(Ordering::SeqCst), bad.load(Ordering::SeqCst)), (1, 0));
}

#[tokio::test]
async fn nobody_there_is_disconnected_and_says_so() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let answer = get(&Web::default(), &format!("http://{free}/?secret=1")).await;
    let Err(Error::Disconnected(text)) = answer else { panic!("{answer:?}") };
    assert!(text.contains(&free.to_string()) && !text.contains("secret"), "{text}");
}

#[tokio::test]
async fn the_owner_may_let_names_lead_to_more_and_change_that() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let count = serve(listener).await;
    let config = |text: &str| Config::parse(text, std::path::Path::new("iglu.toml")).unwrap();
    let owner: Live = Arc::new(ArcSwap::from_pointee(config("")));
    let name = |name: &str| match name {
        "proxied.example" => vec![Ipv4Addr::new(198, 18, 0, 9).into()],
        "mixed.example" => vec![Ipv4Addr::LOCALHOST.into(), Ipv4Addr::new(10, 0, 0, 1).into()],
        _ => vec![Ipv4Addr::LOCALHOST.into()],
    };
    let web = given(name, is_public).of(Arc::clone(&owner));
    let ask = async |name: &str| get(&web, &format!("http://{name}:{port}/")).await;
    let denied = async |name: &str| match ask(name).await {
        Err(Error::Denied(text)) => text,
        other => panic!("{other:?}"),
    };
    let told = denied("proxied.example").await;
    assert!(told.contains("Clash") && told.contains("allow_addresses = [\"198.18.0.0/15\"]"), "{told}");
    let told = denied("home.example").await;
    assert!(!told.contains("Clash") && !told.contains("127.0.0.1"), "{told}");
    assert_eq!(count.load(Ordering::SeqCst), 0);

    owner.store(Arc::new(config("[http]\nallow_addresses = ['127.0.0.0/8']")));
    assert_eq!(ask("home.example").await, Ok(format!("127.0.0.1:{port}")));
    denied("mixed.example").await;
    denied("proxied.example").await;
    owner.store(Arc::new(config("[http]\nallow_addresses = ['198.18.0.0/15']")));
    denied("home.example").await;
}
