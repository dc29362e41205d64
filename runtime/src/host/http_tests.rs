use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;
use crate::config::Limits;
use crate::plugin::manifest::PermissionRequest;
use crate::policy::Grant;
use crate::web::Script;

struct Desk {
    outlet: Outlet,
    policy: Policy,
    limits: Limits,
    stopping: CancellationToken,
    acted: AtomicBool,
    _folder: tempfile::TempDir,
}

impl Desk {
    fn new(web: Web, asked: &[&str], grants: &[String], limits: Limits) -> Self {
        let ask = |name: &&str| PermissionRequest { name: (*name).to_owned(), reason: String::new() };
        let asked: Vec<_> = asked.iter().map(ask).collect();
        let grants: Vec<_> = grants.iter().map(|text| Grant::parse(text).unwrap()).collect();
        let folder = tempfile::tempdir().unwrap();
        let outlet = Outlet::new(web, &Clock::default(), folder.path().join("weather"), &limits);
        Self {
            outlet,
            policy: Policy::new("weather", &asked, &grants),
            limits,
            stopping: CancellationToken::new(),
            acted: AtomicBool::new(false),
            _folder: folder,
        }
    }

    fn visit(&self) -> Visit<'_> {
        let Self { outlet, policy, limits, stopping, .. } = self;
        Visit { outlet, policy, limits, stopping, call: None }
    }

    async fn fetch(&self, request: Request) -> Result<Response, Error> {
        self.visit().fetch(request, || self.acted.store(true, Ordering::SeqCst)).await
    }

    async fn get(&self, url: &str) -> Result<Response, Error> {
        self.fetch(request("GET", url)).await
    }
}

fn request(method: &str, url: &str) -> Request {
    Request {
        method: method.to_owned(),
        url: url.to_owned(),
        headers: Vec::new(),
        body: Vec::new(),
        timeout_ms: 0,
    }
}

fn scripted(script: &str) -> Web {
    Web::scripted(Script::parse(script).unwrap())
}

fn all() -> [String; 1] {
    ["http:*".to_owned()]
}

/// A server that answers each path by its word, and counts connections.
async fn serve(listener: TcpListener) -> Arc<AtomicU32> {
    let count = Arc::new(AtomicU32::new(0));
    let connections = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            connections.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    request.push(stream.read_u8().await?);
                }
                let head = String::from_utf8_lossy(&request).into_owned();
                let path = head.split(' ').nth(1).unwrap_or_default();
                let (status, header, body) = match path.split_once('?').unwrap_or((path, "")) {
                    ("/to", place) => ("302 Found", format!("Location: {place}\r\n"), String::new()),
                    ("/head", _) => ("200 OK", String::new(), head.clone()),
                    ("/large", size) => ("200 OK", String::new(), "x".repeat(size.parse().unwrap())),
                    ("/endless", _) => {
                        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
                        while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
                        return Ok(());
                    }
                    ("/silent", _) => return std::future::pending().await,
                    _ => ("404 Not Found", String::new(), "no such page".to_owned()),
                };
                let length = body.len();
                let answer = format!(
                    "HTTP/1.1 {status}\r\n{header}Connection: close\r\nContent-Length: {length}\r\n\r\n{body}"
                );
                stream.write_all(answer.as_bytes()).await
            });
        }
    });
    count
}

async fn loopback() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// Every way to write an address of the owner's network that is known to have fooled somebody. `PORT` is where a server
/// of this machine listens, on IPv4 and IPv6.
const INSIDE: [&str; 62] = [
    "http://127.0.0.1:PORT/",
    "http://127.0.0.1.:PORT/",
    "http://127.1:PORT/",
    "http://127.0.1:PORT/",
    "http://127.255.255.254:PORT/",
    "http://2130706433:PORT/",
    "http://017700000001:PORT/",
    "http://0x7f000001:PORT/",
    "http://0x7f.1:PORT/",
    "http://0X7F.0.0.0X1:PORT/",
    "http://0177.0.0.1:PORT/",
    "http://0177.0.0.01:PORT/",
    "http://127.0.0.0x1:PORT/",
    "http://%31%32%37.0.0.1:PORT/",
    "http://１２７.０.０.１:PORT/",
    "http://①②⑦.⓪.⓪.①:PORT/",
    "http://127。0。0。1:PORT/",
    "http:127.0.0.1:PORT/",
    "http:\\\\127.0.0.1:PORT\\",
    "http:////127.0.0.1:PORT/",
    " http://127.0.0.1:PORT/",
    "ht\ntp://127.0\t.0.1:PORT/",
    "HTTP://127.0.0.1:PORT/",
    "http://127.0.0.1:PORT/#@good.example",
    "http://127.0.0.1:PORT\\@good.example/",
    "http://127.0.0.1:PORT?@good.example/",
    "http://0:PORT/",
    "http://0.0.0.0:PORT/",
    "http://0.0.0.1:PORT/",
    "http://localhost:PORT/",
    "http://LocalHost:PORT/",
    "http://localhost.:PORT/",
    "http://ｌｏｃａｌｈｏｓｔ:PORT/",
    "http://api.localhost:PORT/",
    "http://[::1]:PORT/",
    "http://[0:0:0:0:0:0:0:1]:PORT/",
    "http://[0000::0001]:PORT/",
    "http://[::]:PORT/",
    "http://[::ffff:127.0.0.1]:PORT/",
    "http://[::ffff:7f00:1]:PORT/",
    "http://[0:0:0:0:0:ffff:127.0.0.1]:PORT/",
    "http://[::127.0.0.1]:PORT/",
    "http://[::ffff:0:127.0.0.1]:PORT/",
    "http://[64:ff9b::127.0.0.1]:PORT/",
    "http://[64:ff9b:1::127.0.0.1]:PORT/",
    "http://[2002:7f00:1::]:PORT/",
    "http://[2001:0:808:808::80ff:fffe]:PORT/",
    "http://[fe80::1]:PORT/",
    "http://[fc00::1]:PORT/",
    "http://[fd12:3456::1]:PORT/",
    "http://[ff02::1]:PORT/",
    "http://10.0.0.1:PORT/",
    "http://172.16.0.1:PORT/",
    "http://172.31.255.255:PORT/",
    "http://192.168.0.1:PORT/",
    "http://100.64.0.1:PORT/",
    "http://169.254.169.254/latest/meta-data/",
    "http://2852039166/latest/meta-data/",
    "http://100.100.100.200/latest/meta-data/",
    "http://198.18.0.1:PORT/",
    "http://224.0.0.1:PORT/",
    "http://255.255.255.255:PORT/",
];

/// What is wrong as it is written, whatever is granted.
const WRONG: [&str; 14] = [
    "http://good.example@127.0.0.1:PORT/",
    "http://good.example:80@127.0.0.1:PORT/",
    "http://127.0.0.1:PORT@good.example/",
    "http://good.example%40127.0.0.1:PORT/",
    "http://user:word@good.example/",
    "http://[fe80::1%25eth0]:PORT/",
    "http://[fe80::1%eth0]:PORT/",
    "http://[::1:PORT/",
    "http://127.0.0.1:0/",
    "http://127.0.0.1:99999/",
    "http://127.0.0.256:PORT/",
    "http://256.256.256.256.256:PORT/",
    "gopher://127.0.0.1:PORT/",
    "file:///etc/passwd",
];

#[tokio::test]
async fn nothing_leads_into_the_owners_network_by_a_pattern() {
    let (listener, port) = loopback().await;
    let mut counts = vec![serve(listener).await];
    if let Ok(six) = TcpListener::bind(("::1", port)).await {
        counts.push(serve(six).await);
    }
    let desk = Desk::new(Web::default(), &["http:*"], &all(), Limits::default());
    for case in INSIDE {
        let answer = desk.get(&case.replace("PORT", &port.to_string())).await;
        assert!(matches!(answer, Err(Error::Denied(_))), "{case}: {answer:?}");
    }
    for case in WRONG {
        let answer = desk.get(&case.replace("PORT", &port.to_string())).await;
        assert!(matches!(answer, Err(Error::Invalid(_))), "{case}: {answer:?}");
    }
    assert!(!desk.acted.load(Ordering::SeqCst), "what was refused is no act");
    for count in counts {
        assert_eq!(count.load(Ordering::SeqCst), 0);
    }
}

#[tokio::test]
async fn an_address_that_was_granted_as_it_stands_is_reached_and_no_other() {
    let (listener, port) = loopback().await;
    let (other, other_port) = loopback().await;
    let (count, other) = (serve(listener).await, serve(other).await);
    let grants = ["http:*".to_owned(), format!("http:http://127.0.0.1:{port}")];
    let desk = Desk::new(Web::default(), &["http:*"], &grants, Limits::default());
    for url in [format!("http://127.0.0.1:{port}/a"), format!("http://0x7f.1:{port}/to?/head")] {
        assert!(desk.get(&url).await.is_ok(), "{url}");
    }
    assert_eq!(count.load(Ordering::SeqCst), 3);
    for url in [
        format!("http://127.0.0.1:{other_port}/"),
        format!("http://127.0.0.2:{port}/"),
        format!("http://localhost:{port}/"),
        format!("https://127.0.0.1:{port}/"),
    ] {
        let answer = desk.get(&url).await;
        assert!(matches!(answer, Err(Error::Denied(_))), "{url}: {answer:?}");
    }
    let place = format!("http://127.0.0.1:{other_port}/secret");
    let away = desk.get(&format!("http://127.0.0.1:{port}/to?{place}")).await.unwrap();
    assert_eq!(away.status, 302);
    assert!(away.headers.iter().any(|header| header.name == "location" && header.value == place));
    assert_eq!(other.load(Ordering::SeqCst), 0);
    let Err(Error::Denied(text)) = desk.get(&format!("http://127.0.0.1:{other_port}/")).await else {
        panic!()
    };
    let line = format!("\"http:http://127.0.0.1:{other_port}\"");
    assert!(text.contains("[plugin.weather]") && text.contains(&line), "{text}");
}

#[tokio::test]
async fn only_asked_and_granted_origins_are_reached_also_in_a_script() {
    let web = scripted(r#"{"url": "*", "text": "here"}"#);
    let grants = ["http:https://a.example".to_owned(), "http:https://b.example".to_owned()];
    let desk = Desk::new(
        web.clone(),
        &["http:https://a.example", "http:https://c.example"],
        &grants,
        Limits::default(),
    );
    assert_eq!(desk.get("https://A.example:443/x").await.unwrap().body, b"here");
    for url in [
        "https://b.example/",
        "https://c.example/",
        "http://a.example/",
        "https://a.example:8443/",
        "https://a.example.evil.example/",
        "https://sub.a.example/",
        "https://a.example./",
        "http://127.0.0.1/",
    ] {
        let answer = desk.get(url).await;
        assert!(matches!(answer, Err(Error::Denied(_))), "{url}: {answer:?}");
    }
    assert_eq!(web.script().unwrap().asked().len(), 1);
}

#[tokio::test]
async fn a_request_goes_out_as_it_was_written_and_nothing_is_remembered() {
    let (listener, port) = loopback().await;
    serve(listener).await;
    let grants = [format!("http:http://127.0.0.1:{port}")];
    let desk = Desk::new(Web::default(), &["http:*"], &grants, Limits::default());
    let mut post = request("PUT", &format!("http://127.0.0.1:{port}/head?a=1#part"));
    post.headers = vec![Header { name: "X-Key".to_owned(), value: "k".to_owned() }];
    let answer = desk.fetch(post).await.unwrap();
    let head = String::from_utf8(answer.body).unwrap().to_ascii_lowercase();
    assert!(head.starts_with("put /head?a=1 http/1.1\r\n") && head.contains("x-key: k\r\n"), "{head}");
    assert!(!head.contains("accept-encoding") && !head.contains("cookie"), "{head}");
    assert!(desk.acted.load(Ordering::SeqCst));
    assert_eq!(desk.get(&format!("http://127.0.0.1:{port}/none")).await.unwrap().status, 404);
}

#[tokio::test]
async fn bodies_and_time_have_limits() {
    let (listener, port) = loopback().await;
    serve(listener).await;
    let limits =
        Limits { call_bytes: 1000, file: 5000, http_timeout: Duration::from_secs(600), ..Limits::default() };
    let grants = [format!("http:http://127.0.0.1:{port}")];
    let desk = Desk::new(Web::default(), &["http:*"], &grants, limits);
    let at = |path: &str| format!("http://127.0.0.1:{port}/{path}");
    assert_eq!(desk.get(&at("large?1000")).await.unwrap().body.len(), 1000);
    for path in ["large?1001", "endless"] {
        let answer = desk.get(&at(path)).await;
        assert!(matches!(answer, Err(Error::Exhausted(_))), "{path}: {answer:?}");
    }
    let heavy = Request { body: vec![0; 1001], ..request("POST", &at("none")) };
    assert!(matches!(desk.fetch(heavy).await, Err(Error::Exhausted(_))));
    let file = desk.visit().download(request("GET", &at("large?5000")), || {}).await.unwrap().file;
    assert_eq!((file.size, file.name.as_deref()), (Some(5000.0), Some("large")));
    let MediaSource::PlatformFile(token) = file.source else { panic!("{:?}", file.source) };
    assert_eq!(desk.outlet.downloads.read(&token, 5000).await.unwrap().len(), 5000);
    for path in ["large?5001", "endless"] {
        let answer = desk.visit().download(request("GET", &at(path)), || {}).await;
        assert!(matches!(answer, Err(Error::Exhausted(_))), "{path}");
    }
    let hasty = Request { timeout_ms: 20, ..request("GET", &at("silent")) };
    assert!(matches!(desk.fetch(hasty).await, Err(Error::Timeout(_))));
    let url = at("silent");
    let mut patient = std::pin::pin!(desk.get(&url));
    assert!(futures_util::poll!(&mut patient).is_pending());
    desk.outlet.clock.advance(Duration::from_secs(601));
    assert!(matches!(patient.await, Err(Error::Timeout(_))), "the owner's limit");
}

#[tokio::test]
async fn too_many_requests_wait_for_their_turn_and_a_stop_ends_them_all() {
    let web = scripted(r#"{"url": "*", "text": "here", "delay_ms": 3600000}"#);
    let limits = Limits { http_at_once: 2, http_timeout: Duration::from_secs(7200), ..Limits::default() };
    let desk = Desk::new(web.clone(), &["http:*"], &all(), limits);
    let get = || Box::pin(desk.get("https://a.example/"));
    let (mut first, mut second, mut third) = (get(), get(), get());
    for request in [&mut first, &mut second, &mut third] {
        assert!(futures_util::poll!(request).is_pending());
    }
    assert_eq!(web.script().unwrap().asked().len(), 2, "the third waits");
    desk.outlet.clock.advance(Duration::from_secs(3601));
    assert!(first.await.is_ok() && second.await.is_ok());
    assert!(futures_util::poll!(&mut third).is_pending());
    assert_eq!(web.script().unwrap().asked().len(), 3);
    desk.stopping.cancel();
    assert!(matches!(third.await, Err(Error::Cancelled(_))));

    let desk = Desk::new(web, &["http:*"], &all(), Limits { http_at_once: 1, ..Limits::default() });
    let get = || Box::pin(desk.get("https://a.example/"));
    let mut line: Vec<_> = (0..=LINE).map(|_| get()).collect();
    for request in &mut line {
        assert!(futures_util::poll!(request).is_pending());
    }
    assert!(matches!(get().await, Err(Error::RateLimited(_))), "a long line takes no more");
    desk.outlet.clock.advance(Duration::from_secs(31));
    let last = line.pop().unwrap().await;
    assert!(matches!(last, Err(Error::RateLimited(_))), "it was never sent: {last:?}");
}
