//! HTTP of plugins, and media on their way in and out.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use iglu_tests::{
    folder::Folder,
    host::Host,
    napcat::{FRIEND, Napcat, qq},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use crate::common::{answer, ask, house, request_head, up};
use crate::official;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\nnot much of a picture";
/// `PNG` in base64, as NapCat gets it.
const PNG_BASE64: &str = "base64://iVBORw0KGgpub3QgbXVjaCBvZiBhIHBpY3R1cmU=";

/// A server of this machine.
struct Server {
    origin: String,
    connections: Arc<AtomicU32>,
}

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let connections = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream));
            }
        });
        Self { origin, connections }
    }

    fn at(&self, path: &str) -> String {
        format!("{}/{path}", self.origin)
    }

    fn connections(&self) -> u32 {
        self.connections.load(Ordering::SeqCst)
    }
}

async fn serve(mut stream: tokio::net::TcpStream) -> std::io::Result<()> {
    let head = request_head(&mut stream).await?;
    let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await?;
    let target = head.split(' ').nth(1).unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let ok = |body: &[u8]| ("200 OK", String::new(), body.to_vec());
    let (status, header, body) = match path {
        "/hello" => ok(b"hello"),
        "/to" => ("302 Found", format!("location: {query}\r\n"), Vec::new()),
        "/back" => {
            let key = head.lines().find_map(|line| line.strip_prefix("x-key: ")).unwrap_or_default();
            let method = head.split(' ').next().unwrap_or_default();
            let told = format!("{method} {key} {}", String::from_utf8_lossy(&body));
            ("200 OK", "x-answer: yes\r\n".to_owned(), told.into_bytes())
        }
        "/cat.png" => ok(PNG),
        "/large" => ok(&vec![b'x'; query.parse().unwrap()]),
        "/silent" => return std::future::pending().await,
        "/double" if query == "as=a%26b" && head.contains("x-key: k\r\n") => {
            let asked: Value = serde_json::from_slice(&body).unwrap();
            ok(json!({"doubled": asked["number"].as_u64().unwrap() * 2}).to_string().as_bytes())
        }
        _ => ("404 Not Found", String::new(), b"no such page".to_vec()),
    };
    let head =
        format!("HTTP/1.1 {status}\r\n{header}connection: close\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(&body).await
}

/// A house with the plugin, whose owner granted this server's address and everything of the internet.
async fn granted(server: &Server, settings: &str) -> (Napcat, Folder, Host) {
    let grants = format!("[plugin.web]\ngrants = [\"http:*\", \"http:{}\"]\n{settings}", server.origin);
    house(&["echo", "web"], &grants).await
}

#[tokio::test]
async fn json_goes_to_a_server_and_comes_back() {
    let server = Server::start().await;
    let (napcat, _folder, host) = granted(&server, "").await;
    assert_eq!(ask(&napcat, &format!("/double {} 21", server.at("double"))).await, "42");
    assert_eq!(ask(&napcat, &format!("/get {}", server.at("hello"))).await, "200 hello");
    assert_eq!(ask(&napcat, &format!("/get {}", server.at("none"))).await, "404 no such page");
    assert_eq!(
        ask(&napcat, &format!("/get {}", server.at("to?/hello"))).await,
        "200 hello",
        "within the origin"
    );
    host.stop().await;
}

#[tokio::test]
async fn method_headers_and_body_go_as_they_are() {
    let server = Server::start().await;
    let (napcat, _folder, host) = granted(&server, "").await;
    for method in ["PATCH", "DELETE", "OPTIONS"] {
        let told = ask(&napcat, &format!("/ask {method} {} 猫 & dog", server.at("back"))).await;
        assert_eq!(told, format!("yes {} k 猫 & dog", method.to_lowercase()));
    }
    let connections = server.connections();
    for (method, address) in [("\"B AD\"", server.at("back")), ("GET", "ftp://good.example/".to_owned())] {
        let refused = ask(&napcat, &format!("/ask {method} {address} x")).await;
        assert!(refused.starts_with("wrong request"), "{method} {address}: {refused}");
    }
    assert_eq!(server.connections(), connections);
    host.stop().await;
}

#[tokio::test]
async fn a_grant_is_for_one_origin_alone() {
    let (server, other) = (Server::start().await, Server::start().await);
    let grants = format!("[plugin.web]\ngrants = [\"http:{}\"]\n", server.origin);
    let (napcat, _folder, host) = house(&["echo", "web"], &grants).await;
    assert_eq!(ask(&napcat, &format!("/get {}", server.at("hello"))).await, "200 hello");
    let port = server.origin.rsplit_once(':').unwrap().1;
    for address in
        [other.at("hello"), format!("https://127.0.0.1:{port}/hello"), "http://127.0.0.1/hello".to_owned()]
    {
        let denied = ask(&napcat, &format!("/get {address}")).await;
        assert!(denied.starts_with("permission denied"), "{address}: {denied}");
    }
    assert_eq!((server.connections(), other.connections()), (1, 0));
    host.stop().await;
}

#[tokio::test]
async fn without_the_grant_nothing_goes_out_and_the_lines_to_add_work() {
    let server = Server::start().await;
    let (napcat, folder, host) = house(&["echo", "web"], "").await;
    let denied = ask(&napcat, &format!("/get {}", server.at("hello"))).await;
    assert!(denied.starts_with("permission denied"), "{denied}");
    let lines = denied.split_once("iglu.toml:\n").unwrap().1.to_owned();
    assert_eq!(lines, format!("[plugin.web]\ngrants = [\"http:{}\"]", server.origin));
    assert_eq!(server.connections(), 0);
    host.stop().await;

    folder.connect(&napcat, &lines);
    let host = up(&napcat, &folder).await;
    assert_eq!(ask(&napcat, &format!("/get {}", server.at("hello"))).await, "200 hello");
    host.stop().await;
}

#[tokio::test]
async fn other_origins_private_addresses_and_redirects_out_are_not_reached() {
    let (server, inner) = (Server::start().await, Server::start().await);
    let (napcat, _folder, host) = granted(&server, "").await;
    let port = inner.origin.rsplit_once(':').unwrap().1;
    for address in [
        inner.at("hello"),
        format!("http://localhost:{port}/hello"),
        format!("http://0x7f.1:{port}/hello"),
        format!("http://2130706433:{port}/hello"),
        format!("http://[::ffff:127.0.0.1]:{port}/hello"),
        format!("http://127.0.0.2:{port}/hello"),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
    ] {
        let denied = ask(&napcat, &format!("/get {address}")).await;
        assert!(denied.starts_with("permission denied"), "{address}: {denied}");
    }
    let userinfo = ask(&napcat, &format!("/get http://good.example@127.0.0.1:{port}/hello")).await;
    assert!(userinfo.starts_with("wrong request"), "{userinfo}");
    let spoofed = ask(&napcat, &format!("/spoof {}", server.at("hello"))).await;
    assert!(spoofed.starts_with("wrong request"), "{spoofed}");
    let redirected = ask(&napcat, &format!("/get {}", server.at(&format!("to?{}", inner.at("hello"))))).await;
    assert!(redirected.starts_with("302"), "the redirect is the answer: {redirected}");
    assert_eq!((server.connections(), inner.connections()), (1, 0));
    host.stop().await;
}

#[tokio::test]
async fn bodies_time_and_dead_ends_are_told() {
    let server = Server::start().await;
    let limits = "limits = { call_bytes = \"64 KiB\", http_timeout = \"1s\", file = \"100 KiB\" }\n";
    let (napcat, _folder, host) = granted(&server, limits).await;
    let large = ask(&napcat, &format!("/get {}", server.at("large?65537"))).await;
    assert!(large.starts_with("limit reached") && large.contains("call_bytes"), "{large}");
    let late = ask(&napcat, &format!("/get {} 50", server.at("silent"))).await;
    assert!(late.starts_with("no answer in time"), "{late}");
    let late = ask(&napcat, &format!("/get {} 600000", server.at("silent"))).await;
    assert!(late.contains("within 1s"), "the owner's limit counts: {late}");
    let large = ask(&napcat, &format!("/bring file {}", server.at("large?102401"))).await;
    assert!(large.starts_with("limit reached") && large.contains("`file`"), "{large}");
    assert_eq!(ask(&napcat, &format!("/push {} 1000", server.at("none"))).await, "404");
    host.stop().await;
}

#[tokio::test]
async fn what_was_downloaded_goes_out_as_an_image_and_as_a_file_and_is_gone_at_the_end() {
    let server = Server::start().await;
    let limits = "limits = { call_bytes = \"64 KiB\" }\n";
    let (napcat, folder, host) = granted(&server, limits).await;
    napcat.private_text(FRIEND, &format!("/bring image {}", server.at("cat.png")));
    let sent = napcat.next_call("send_private_msg").await;
    let image = &sent.message()[0];
    assert_eq!((&image["type"], &image["data"]["file"]), (&json!("image"), &json!(PNG_BASE64)));
    assert_eq!(image["data"]["name"], "cat.png");
    host.says("what came", |line| line.is("web", "downloaded cat.png of Some(\"image/png\")")).await;
    // Larger than any call of the plugin may be.
    napcat.private_text(FRIEND, &format!("/bring file {}", server.at("large?200000")));
    let sent = napcat.next_call("send_private_msg").await;
    let file = &sent.message()[0];
    assert_eq!((&file["type"], &file["data"]["name"]), (&json!("file"), &json!("report.txt")));
    let text = file["data"]["file"].as_str().unwrap();
    assert_eq!(text.len(), "base64://".len() + 200_000_usize.div_ceil(3) * 4);
    let downloads = folder.path().join("data/downloads/web");
    assert_eq!(std::fs::read_dir(&downloads).unwrap().count(), 2);

    let token = ask(&napcat, &format!("/token {}", server.at("cat.png"))).await;
    napcat.private_text(FRIEND, &format!("/send {token}"));
    assert_eq!(napcat.next_call("send_private_msg").await.message()[0]["data"]["file"], PNG_BASE64);
    let unknown = ask(&napcat, "/send iglu-download-0123").await;
    assert!(unknown.starts_with("not found"), "{unknown}");
    host.stop().await;
    assert!(!downloads.exists());

    let host = up(&napcat, &folder).await;
    let gone = ask(&napcat, &format!("/send {token}")).await;
    assert!(gone.starts_with("not found") && gone.contains("download it again"), "{gone}");
    host.stop().await;
}

#[tokio::test]
async fn what_was_downloaded_goes_out_on_the_official_platform_too() {
    let server = Server::start().await;
    let platform = official::platform().await;
    let bot = platform.bot();
    let settings = format!(
        "[plugin.web]\ngrants = [\"http:{}\"]\n{}",
        server.origin,
        official::table(&platform, bot.app(), "")
    );
    let folder = official::folder(&["web"], &settings);
    let host = Host::run(&folder).await;
    official::connected(&host).await;
    let shown = async |how: &str, path: &str| {
        bot.c2c(qq::USER, format!("/bring {how} {}", server.at(path)).as_str());
        platform.next_sent_to(&qq::Chat::User(qq::USER.to_owned())).await.media.clone().expect("a medium")
    };
    let image = shown("image", "cat.png").await;
    assert_eq!((&*image.bytes, image.file_type, image.in_parts), (PNG, 1, false));
    // More than the platform takes in one request.
    let file = shown("file", &format!("large?{}", 6 << 20)).await;
    assert!(file.in_parts && file.bytes.len() == 6 << 20, "{} bytes", file.bytes.len());
    assert_eq!((file.file_type, &*file.name), (4, "report.txt"));

    bot.c2c(qq::USER, format!("/bring image {}", server.at("large?100000000")).as_str());
    let refused = platform.next_sent_to(&qq::Chat::User(qq::USER.to_owned())).await;
    assert!(refused.text().starts_with("limit reached"), "{}", refused.text());
    assert!(platform.violations().is_empty(), "{:?}", platform.violations());
    host.stop().await;
}

#[tokio::test]
async fn a_question_may_show_what_was_downloaded() {
    let server = Server::start().await;
    let (napcat, _folder, host) = granted(&server, "").await;
    napcat.private_text(FRIEND, &format!("/puzzle {}", server.at("cat.png")));
    let asked = napcat.next_call("send_private_msg").await;
    assert_eq!(asked.message()[0]["data"]["file"], PNG_BASE64);
    assert_eq!(ask(&napcat, "a cat").await, "a cat it is");
    host.stop().await;
}

#[tokio::test]
async fn localhost_stays_closed_wherever_names_may_lead() {
    let server = Server::start().await;
    let port = server.origin.rsplit_once(':').unwrap().1;
    let by_name = format!("http://localhost:{port}");
    let settings = format!(
        "[http]\nallow_addresses = [\"127.0.0.0/8\", \"::1\"]\n[plugin.web]\ngrants = [\"http:*\", \"http:{by_name}\"]\n"
    );
    let (napcat, _folder, host) = house(&["echo", "web"], &settings).await;
    let denied = ask(&napcat, &format!("/get {by_name}/hello")).await;
    assert!(
        denied.starts_with("permission denied") && denied.contains("write the address itself"),
        "{denied}"
    );
    assert_eq!(server.connections(), 0);
    host.stop().await;
}

#[tokio::test]
async fn a_received_image_is_downloaded_without_a_grant_and_sent_from_bytes() {
    let server = Server::start().await;
    let (napcat, _folder, host) = house(&["echo", "web"], "").await;
    let show = |path: &str| {
        let image = json!({"file": "A.png", "url": server.at(path), "sub_type": 0});
        napcat.private_message(FRIEND).text("/mirror").segment("image", image).push();
    };
    show("cat.png");
    let sent = napcat.next_call("send_private_msg").await;
    assert_eq!(sent.message()[0]["data"]["file"], PNG_BASE64);
    assert_eq!(sent.text(), "seen");
    show("large?1001");
    let large = answer(&napcat).await;
    assert!(large.starts_with("limit reached"), "{large}");
    let denied = ask(&napcat, &format!("/get {}", server.at("cat.png"))).await;
    assert!(denied.starts_with("permission denied"), "the platform's address is no grant: {denied}");
    host.stop().await;
}

#[tokio::test]
async fn what_a_plugin_makes_of_bytes_goes_out_within_the_limits() {
    let limits = "[plugin.web]\nlimits = { file = \"2 KiB\" }\n";
    let (napcat, _folder, host) = house(&["echo", "web"], limits).await;
    for (how, name) in [("image", None), ("file", Some("made.txt"))] {
        napcat.private_text(FRIEND, &format!("/make {how} 3"));
        let sent = napcat.next_call("send_private_msg").await;
        let segment = &sent.message()[0];
        assert_eq!((&segment["type"], &segment["data"]["file"]), (&json!(how), &json!("base64://bW1t")));
        assert_eq!(segment["data"]["name"].as_str(), name);
        let refused = ask(&napcat, &format!("/make {how} 2049")).await;
        assert!(refused.starts_with("limit reached") && refused.contains("`file`"), "{refused}");
    }
    host.stop().await;
}

#[tokio::test]
async fn a_received_file_is_downloaded_up_to_a_limit_without_a_grant() {
    let server = Server::start().await;
    let (napcat, _folder, host) = house(&["echo", "web"], "").await;
    let comes = |path: &str| {
        let file = json!({"file": "list.txt", "url": server.at(path), "file_size": "1"});
        napcat.private_message(FRIEND).segment("file", file).push();
    };
    comes("hello");
    assert_eq!(answer(&napcat).await, "list.txt: 5 bytes");
    comes("large?1001");
    let refused = answer(&napcat).await;
    assert!(refused.starts_with("limit reached"), "{refused}");
    host.stop().await;
}
