//! Deliveries that the platform did not send, or not so.

use std::{net::SocketAddr, time::Duration};

use iglu_tests::{
    host::Host,
    napcat::qq::{App, Bot, Chat, Platform, USER, sign},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::super::{connected, door, folder, platform, push_to, table};

const OTHER_APP: &str = "102000002";
const OTHER_SECRET: &str = "DG5g3B4j9X2KOErG";
/// The order of the curve's group, little end first.
const L: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];
/// The largest delivery that is taken.
const LARGEST: usize = 1 << 20;

const APP_ID: &str = "x-bot-appid";
const SIGNATURE: &str = "x-signature-ed25519";
const TIMESTAMP: &str = "x-signature-timestamp";

/// One request as it goes out, at first a good delivery of a message that `echo` would answer.
pub(super) struct Shot {
    app: App,
    now: u64,
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    chunked: bool,
}

impl Shot {
    pub(super) fn new(bot: &Bot, now: u64, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        let headers = bot.signed_headers(now, &body);
        let path = "/qq".to_owned();
        Self { app: bot.app().clone(), now, method: "POST", path, headers, body, chunked: false }
    }

    fn get(&self, name: &str) -> String {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()).unwrap()
    }

    pub(super) fn set(&mut self, name: &str, value: impl Into<String>) {
        let value = value.into();
        self.headers.iter_mut().find(|(key, _)| key == name).unwrap().1 = value;
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.headers.retain(|(key, _)| key != name);
    }

    fn add(&mut self, name: &str, value: impl Into<String>) {
        self.headers.push((name.to_owned(), value.into()));
    }

    /// Signs what is there with a secret, whatever it is.
    pub(super) fn sign(&mut self, secret: &str) {
        let signature = sign::sign(secret, &[self.get(TIMESTAMP).as_bytes(), &self.body]);
        self.set(SIGNATURE, signature);
    }

    /// Has the platform's own signature at a time of one's choice.
    pub(super) fn at(&mut self, timestamp: impl Into<String>) {
        self.set(TIMESTAMP, timestamp);
        self.sign(&self.app.secret.clone());
    }

    /// Has the platform's own signature over a body of one's choice.
    fn with(&mut self, body: impl Into<Vec<u8>>) {
        self.body = body.into();
        self.sign(&self.app.secret.clone());
    }

    /// Asks for a signature, without having one.
    fn ask(&mut self, d: &Value) {
        self.body = json!({"op": 13, "d": d}).to_string().into_bytes();
        self.remove(SIGNATURE);
        self.remove(TIMESTAMP);
    }

    fn signature_bytes(&self) -> Vec<u8> {
        let text = self.get(SIGNATURE);
        (0..64).map(|byte| u8::from_str_radix(&text[2 * byte..2 * byte + 2], 16).unwrap()).collect()
    }

    fn set_signature(&mut self, bytes: &[u8]) {
        self.set(SIGNATURE, bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    }

    /// Status and body of the answer; status 0 if the connection ended without one.
    pub(super) async fn fire(&self, at: SocketAddr) -> (u16, String) {
        let mut head =
            format!("{} {} HTTP/1.1\r\nhost: {at}\r\nconnection: close\r\n", self.method, self.path);
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        if self.chunked {
            // Without an end, so that only the size can be what is refused.
            let chunk = format!("transfer-encoding: chunked\r\n\r\n{:x}\r\n", self.body.len());
            return exchange(at, &[(head + &chunk).as_bytes(), &self.body, b"\r\n"]).await;
        }
        let length = format!("content-length: {}\r\n\r\n", self.body.len());
        exchange(at, &[(head + &length).as_bytes(), &self.body]).await
    }
}

/// Writes all that and reads to the end.
async fn exchange(at: SocketAddr, parts: &[&[u8]]) -> (u16, String) {
    let stream = TcpStream::connect(at).await.unwrap();
    let (mut reader, mut writer) = stream.into_split();
    let mut bytes = Vec::new();
    let all = parts.concat();
    let talk = async {
        // Whoever refuses early does not read on.
        let (_, read) = tokio::join!(writer.write_all(&all), reader.read_to_end(&mut bytes));
        drop(read);
    };
    tokio::time::timeout(Duration::from_secs(60), talk).await.expect("every connection ends");
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    (status, text)
}

type Attack = (&'static str, u16, fn(&mut Shot));

/// Name, the status it is refused with, and what is done to a good delivery.
const ATTACKS: &[Attack] = &[
    // Signatures.
    ("no signature", 401, |shot| shot.remove(SIGNATURE)),
    ("an empty signature", 403, |shot| shot.set(SIGNATURE, "")),
    ("a forged signature", 403, |shot| shot.set(SIGNATURE, "5a".repeat(64))),
    ("a signature of zeros", 403, |shot| shot.set(SIGNATURE, "0".repeat(128))),
    ("a signature of small order", 403, |shot| {
        let mut bytes = [0; 64];
        bytes[0] = 1;
        shot.set_signature(&bytes);
    }),
    ("a signature with its point negated", 403, |shot| {
        let mut bytes = shot.signature_bytes();
        bytes[31] ^= 0x80;
        shot.set_signature(&bytes);
    }),
    ("a signature with the group's order added", 403, |shot| {
        let mut bytes = shot.signature_bytes();
        let mut carry = 0;
        for (byte, more) in bytes[32..].iter_mut().zip(L) {
            carry += u16::from(*byte) + u16::from(more);
            *byte = (carry & 0xff) as u8;
            carry >>= 8;
        }
        shot.set_signature(&bytes);
    }),
    ("a signature with its top bits set", 403, |shot| {
        let mut bytes = shot.signature_bytes();
        bytes[63] |= 0xe0;
        shot.set_signature(&bytes);
    }),
    ("one bit of the signature changed", 403, |shot| {
        let mut bytes = shot.signature_bytes();
        bytes[5] ^= 1;
        shot.set_signature(&bytes);
    }),
    ("a signature of odd length", 403, |shot| {
        let signature = shot.get(SIGNATURE);
        shot.set(SIGNATURE, &signature[..127]);
    }),
    ("a truncated signature", 403, |shot| {
        let signature = shot.get(SIGNATURE);
        shot.set(SIGNATURE, &signature[..126]);
    }),
    ("an extended signature", 403, |shot| {
        let signature = shot.get(SIGNATURE);
        shot.set(SIGNATURE, signature + "00");
    }),
    ("a signature that is no hexadecimal", 403, |shot| {
        let signature = shot.get(SIGNATURE);
        shot.set(SIGNATURE, format!("zz{}", &signature[2..]));
    }),
    ("a signature with 0x", 403, |shot| {
        let signature = shot.get(SIGNATURE);
        shot.set(SIGNATURE, format!("0x{}", &signature[2..]));
    }),
    ("a signature in full-width digits", 403, |shot| shot.set(SIGNATURE, "０".repeat(128))),
    ("two signatures, the good one first", 400, |shot| shot.add(SIGNATURE, "00".repeat(64))),
    ("two signatures, the good one last", 400, |shot| {
        let signature = shot.get(SIGNATURE);
        shot.headers.insert(0, (SIGNATURE.to_owned(), "00".repeat(64)));
        shot.headers.retain(|(key, value)| key != SIGNATURE || *value != signature);
        shot.add(SIGNATURE, signature);
    }),
    ("two signatures in one header", 403, |shot| {
        let signature = shot.get(SIGNATURE);
        shot.set(SIGNATURE, format!("{signature}, {signature}"));
    }),
    // Keys.
    ("another secret", 403, |shot| shot.sign("abcdefghijklmnopqrstuvwxyz012346")),
    ("the other bot's key", 403, |shot| shot.sign(OTHER_SECRET)),
    ("the other bot's delivery at this path", 403, |shot| {
        shot.sign(OTHER_SECRET);
        shot.set(APP_ID, OTHER_APP);
    }),
    ("this bot's delivery at the other's path", 403, |shot| "/other".clone_into(&mut shot.path)),
    ("this bot's delivery as the other's", 403, |shot| {
        "/other".clone_into(&mut shot.path);
        shot.set(APP_ID, OTHER_APP);
    }),
    ("a signature over the body alone", 403, |shot| {
        let signature = sign::sign(&shot.app.secret, &[&shot.body]);
        shot.set(SIGNATURE, signature);
    }),
    ("a signature over the body and then the time", 403, |shot| {
        let signature = sign::sign(&shot.app.secret, &[&shot.body, shot.now.to_string().as_bytes()]);
        shot.set(SIGNATURE, signature);
    }),
    // Times; those with `at` have the platform's own signature.
    ("no time", 401, |shot| shot.remove(TIMESTAMP)),
    ("an empty time", 403, |shot| shot.at("")),
    ("another time", 403, |shot| {
        let later = shot.now + 1;
        shot.set(TIMESTAMP, later.to_string());
    }),
    ("a replay after the window", 403, |shot| {
        let before = shot.now - 700;
        shot.at(before.to_string());
    }),
    ("a time in the future", 403, |shot| {
        let later = shot.now + 700;
        shot.at(later.to_string());
    }),
    ("a time of 1970", 403, |shot| shot.at("0")),
    ("a negative time", 403, |shot| {
        let now = shot.now;
        shot.at(format!("-{now}"));
    }),
    ("a time with a plus", 403, |shot| {
        let now = shot.now;
        shot.at(format!("+{now}"));
    }),
    ("a time with a fraction", 403, |shot| {
        let now = shot.now;
        shot.at(format!("{now}.0"));
    }),
    ("a time in milliseconds", 403, |shot| {
        let now = shot.now;
        shot.at(format!("{now}000"));
    }),
    ("a time above 64 bits", 403, |shot| shot.at("9".repeat(20))),
    ("a time of a thousand digits", 403, |shot| shot.at("1".repeat(1000))),
    ("a time in words", 403, |shot| shot.at("now")),
    ("a time in full-width digits", 403, |shot| shot.at("１７４１８７９６００")),
    ("a time that takes in the body's beginning", 403, |shot| {
        let time = format!("{}{{", shot.now);
        shot.set(TIMESTAMP, time);
        shot.body.remove(0);
    }),
    ("two times", 400, |shot| shot.add(TIMESTAMP, "1741879600")),
    // Whom it is for.
    ("another app id", 403, |shot| shot.set(APP_ID, "102000003")),
    ("an empty app id", 403, |shot| shot.set(APP_ID, "")),
    ("the other bot's app id", 403, |shot| shot.set(APP_ID, OTHER_APP)),
    ("two app ids", 400, |shot| shot.add(APP_ID, OTHER_APP)),
    ("another path", 404, |shot| "/elsewhere".clone_into(&mut shot.path)),
    ("the root", 404, |shot| "/".clone_into(&mut shot.path)),
    ("a path below", 404, |shot| "/qq/more".clone_into(&mut shot.path)),
    ("a path in disguise", 404, |shot| "/%71q".clone_into(&mut shot.path)),
    ("GET", 405, |shot| shot.method = "GET"),
    ("PUT", 405, |shot| shot.method = "PUT"),
    ("DELETE", 405, |shot| shot.method = "DELETE"),
    // Bodies.
    ("a truncated body", 403, |shot| shot.body.truncate(shot.body.len() - 1)),
    ("an extended body", 403, |shot| shot.body.push(b'\n')),
    ("a NUL behind the body", 403, |shot| shot.body.push(0)),
    ("another text in the body", 403, |shot| {
        let body = String::from_utf8(shot.body.clone()).unwrap();
        shot.body = body.replace("stolen", "STOLEN").into_bytes();
    }),
    ("the same JSON in other bytes", 403, |shot| {
        let value: Value = serde_json::from_slice(&shot.body).unwrap();
        shot.body = serde_json::to_vec_pretty(&value).unwrap();
    }),
    ("a body in UTF-16", 400, |shot| {
        let text = String::from_utf8(shot.body.clone()).unwrap();
        shot.with(text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>());
    }),
    ("a body that is no UTF-8", 400, |shot| {
        let text = shot.body.clone();
        shot.with([&text[..10], &[0xff, 0xc0], &text[10..]].concat());
    }),
    ("a compressed body", 400, |shot| {
        shot.add("content-encoding", "gzip");
        shot.with([0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0, 3, 0x03, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    }),
    ("a forged compressed body", 403, |shot| {
        shot.add("content-encoding", "gzip");
        shot.body = vec![0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0, 3, 0x03, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    }),
    ("a NUL in the body", 400, |shot| {
        let text = shot.body.clone();
        shot.with([&text[..1], b"\0", &text[1..]].concat());
    }),
    ("a byte order mark", 400, |shot| {
        let text = shot.body.clone();
        shot.with([b"\xef\xbb\xbf", &text[..]].concat());
    }),
    ("two bodies in one", 400, |shot| {
        let text = shot.body.clone();
        shot.with([&text[..], &text[..]].concat());
    }),
    ("no body", 400, |shot| shot.with("")),
    ("a list", 400, |shot| {
        let text = shot.body.clone();
        shot.with([b"[", &text[..], b"]"].concat());
    }),
    ("deep JSON", 400, |shot| {
        shot.with(format!("{{\"op\":0,\"d\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000)));
    }),
    ("a body that is too large", 413, |shot| shot.with(vec![b' '; LARGEST + 1])),
    ("a body without end", 413, |shot| {
        shot.chunked = true;
        shot.with(vec![b' '; LARGEST + 1]);
    }),
    // The signing oracle.
    ("an event as the token", 403, |shot| {
        let token = String::from_utf8(shot.body.clone()).unwrap();
        shot.ask(&json!({"event_ts": shot.now.to_string(), "plain_token": token}));
    }),
    ("an event as the token, signed", 403, |shot| {
        let token = String::from_utf8(shot.body.clone()).unwrap();
        shot.with(
            json!({"op": 13, "d": {"event_ts": shot.now.to_string(), "plain_token": token}}).to_string(),
        );
    }),
    ("an event in the time", 403, |shot| {
        let event_ts = format!("{}{}", shot.now, String::from_utf8(shot.body.clone()).unwrap());
        shot.ask(&json!({"event_ts": event_ts, "plain_token": "a"}));
    }),
    ("the body's first bracket in the time", 403, |shot| {
        shot.ask(&json!({"event_ts": format!("{}{{", shot.now), "plain_token": "a"}));
    }),
    ("a token of one bracket", 403, |shot| {
        shot.ask(&json!({"event_ts": shot.now.to_string(), "plain_token": "{"}));
    }),
    ("a token of letters elsewhere", 403, |shot| {
        shot.ask(&json!({"event_ts": shot.now.to_string(), "plain_token": "中文"}));
    }),
    ("a token that is too long", 403, |shot| {
        shot.ask(&json!({"event_ts": shot.now.to_string(), "plain_token": "a".repeat(129)}));
    }),
    ("a time that is too long", 403, |shot| {
        shot.ask(&json!({"event_ts": "1".repeat(21), "plain_token": "a"}));
    }),
    ("a negative time to be signed", 403, |shot| {
        shot.ask(&json!({"event_ts": -1_741_879_600, "plain_token": "a"}));
    }),
    ("no token", 403, |shot| shot.ask(&json!({"event_ts": shot.now.to_string()}))),
    ("a token that is a number", 403, |shot| {
        shot.ask(&json!({"event_ts": shot.now.to_string(), "plain_token": 5}));
    }),
    ("nothing to sign", 403, |shot| shot.ask(&Value::Null)),
    ("a good token before a bad one", 403, |shot| {
        shot.ask(&json!({}));
        let (now, token) = (shot.now, r#"{\"op\":0}"#);
        shot.body =
            format!(r#"{{"op":13,"d":{{"event_ts":"{now}","plain_token":"good","plain_token":"{token}"}}}}"#)
                .into_bytes();
    }),
];

/// A house with two bots on one port. Answers the first of them, where it is, and the time.
async fn besieged() -> (Platform, Bot, Host, SocketAddr, iglu_tests::folder::Folder) {
    let platform = platform().await;
    let bot = platform.bot();
    let other = platform.add_app(App::new(OTHER_APP, OTHER_SECRET));
    let settings = table(&platform, bot.app(), "listen = \"http://127.0.0.1:0/qq\"")
        + &table(&platform, other.app(), "listen = \"http://127.0.0.1:0/other\"")
            .replace("\"official\"", "\"other\"");
    let folder = folder(&["echo"], &settings);
    let host = Host::run(&folder).await;
    connected(&host).await;
    push_to(&bot, &host).await;
    let at = super::address(&door(&host, "official").await);
    (platform, bot, host, at, folder)
}

/// A delivery right after is handled, and is the next thing that anybody hears of.
async fn all_is_well(platform: &Platform, bot: &Bot, after: &str) {
    let delivery = bot.push(&bot.c2c_event(USER, format!("/echo after {after}").as_str())).await;
    assert!(delivery.acknowledged.is_some(), "after {after}: {delivery:?}");
    let sent = platform.next_sent_to(&Chat::User(USER.to_owned())).await;
    assert_eq!(sent.text(), format!("after {after}"));
}

/// Requests whose text has this in it, whether the platform granted them or not.
fn answers(platform: &Platform, text: &str) -> usize {
    let requests = platform.requests_to("POST", "/v2/users/*/messages");
    let has = |content: &str| content.to_lowercase().contains(text);
    requests.iter().filter(|request| request.json["content"].as_str().is_some_and(has)).count()
}

#[tokio::test]
async fn attacks_are_refused_and_nobody_hears_of_them() {
    let (platform, bot, host, at, _folder) = besieged().await;
    // Two that take their time, meanwhile.
    let slow_head =
        tokio::spawn(async move { exchange(at, &[b"POST /qq HTTP/1.1\r\nhost: a\r\nx-bot-"]).await });
    let slow_body = tokio::spawn(async move {
        exchange(at, &[b"POST /qq HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 100\r\n\r\n{"])
            .await
    });
    for (name, status, attack) in ATTACKS {
        let event = bot.c2c_event(USER, format!("/echo stolen by {name}").as_str());
        let mut shot = Shot::new(&bot, platform.now() / 1000, event.envelope(None));
        attack(&mut shot);
        let (answered, text) = shot.fire(at).await;
        assert_eq!(answered, *status, "{name}: {text}\n{}", host.report());
        let body = text.split("\r\n\r\n").nth(1).unwrap_or_default();
        let digits = body.split(|c: char| !c.is_ascii_hexdigit()).map(str::len).max();
        assert!(digits < Some(64), "{name} got something signed: {body}");
        all_is_well(&platform, &bot, name).await;
    }
    assert_eq!(slow_head.await.unwrap().0, 0, "a head that does not end is not waited for");
    assert_eq!(slow_body.await.unwrap().0, 408, "a body that does not come is not waited for");
    all_is_well(&platform, &bot, "all").await;
    assert_eq!(answers(&platform, "stolen"), 0);
    let refused =
        host.lines().iter().filter(|line| line.text().starts_with("a delivery is refused: ")).count();
    assert!((1..ATTACKS.len() / 2).contains(&refused), "{refused} lines in the log");
    host.stop().await;
}

#[tokio::test]
async fn what_was_delivered_is_not_handled_again() {
    let (platform, bot, host, at, _folder) = besieged().await;
    let now = platform.now() / 1000;
    let event = bot.c2c_event(USER, "/echo once");
    let shot = || Shot::new(&bot, now, event.envelope(None));
    let first = bot.push(&event).await;
    assert_eq!(first.attempts[0].body, r#"{"op":12,"d":0}"#, "{first:?}");
    assert_eq!(platform.next_sent_to(&Chat::User(USER.to_owned())).await.text(), "once");

    type Change = fn(&mut Shot);
    let again: &[(&str, Change)] = &[
        ("the same", |_| {}),
        ("signed anew", |shot| {
            let later = shot.now + 1;
            shot.at(later.to_string());
        }),
        ("the signature in capitals", |shot| {
            let signature = shot.get(SIGNATURE).to_uppercase();
            shot.set(SIGNATURE, signature);
        }),
        ("without an app id", |shot| shot.remove(APP_ID)),
        ("another text under the same outer id", |shot| {
            let body = String::from_utf8(shot.body.clone()).unwrap();
            shot.with(body.replace("once", "twice").replace("\"d\":{", "\"d\":{\"more\":1,"));
        }),
        ("the same message under another outer id", |shot| {
            let mut value: Value = serde_json::from_slice(&shot.body).unwrap();
            value["id"] = "C2C_MESSAGE_CREATE:another".into();
            shot.with(value.to_string());
        }),
        ("the same message without an outer id", |shot| {
            let mut value: Value = serde_json::from_slice(&shot.body).unwrap();
            value.as_object_mut().unwrap().remove("id");
            shot.with(value.to_string());
        }),
    ];
    for (name, change) in again {
        let mut shot = shot();
        change(&mut shot);
        let (status, text) = shot.fire(at).await;
        assert_eq!(status, 200, "{name}: {text}");
        all_is_well(&platform, &bot, name).await;
    }
    assert_eq!((answers(&platform, "once"), answers(&platform, "twice")), (1, 0));
    host.stop().await;
}

/// What op 13 answers is a signature with the key of deliveries. It must not become one, wherever it is cut in two.
#[tokio::test]
async fn a_proof_is_no_signature_of_a_delivery() {
    let (platform, bot, host, at, _folder) = besieged().await;
    let now = (platform.now() / 1000).to_string();
    for (event_ts, token) in [(now.clone(), "abc123".to_owned()), ("1".to_owned(), format!("{}7", &now[1..]))]
    {
        let mut shot = Shot::new(&bot, 0, "");
        shot.ask(&json!({"event_ts": event_ts, "plain_token": token}));
        let (status, text) = shot.fire(at).await;
        assert_eq!(status, 200, "{text}");
        let answer: Value = serde_json::from_str(text.split("\r\n\r\n").nth(1).unwrap()).unwrap();
        let signed = format!("{event_ts}{token}");
        for cut in 1..signed.len() {
            let mut shot = Shot::new(&bot, 0, &signed[cut..]);
            shot.set(TIMESTAMP, &signed[..cut]);
            shot.set(SIGNATURE, answer["signature"].as_str().unwrap());
            let (status, text) = shot.fire(at).await;
            assert!(matches!(status, 400 | 403), "cut at {cut}: {text}");
        }
    }
    all_is_well(&platform, &bot, "all").await;
    host.stop().await;
}
