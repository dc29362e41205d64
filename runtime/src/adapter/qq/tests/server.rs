//! A web server that answers as a test says, and notes what it was asked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Nothing here should take long; whatever does is stuck.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

pub(super) async fn soon<T>(what: &str, wait: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("{what} takes too long"))
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) headers: HashMap<String, String>,
    pub(super) body: Vec<u8>,
}

impl Asked {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// What is answered.
pub(super) enum Answer {
    Say(u16, &'static str, String),
    /// After so long.
    Late(Duration, String),
    /// The connection breaks.
    Cut,
}

pub(super) fn ok(body: &Value) -> Answer {
    Answer::Say(200, "", body.to_string())
}

pub(super) fn say(status: u16, body: &Value) -> Answer {
    Answer::Say(status, "", body.to_string())
}

/// Answers a request, the n-th of its path from 0.
type Script = dyn Fn(&Asked, usize) -> Answer + Send + Sync;

pub(super) struct Web {
    pub(super) base: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Web {
    pub(super) async fn open(script: impl Fn(&Asked, usize) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let (asked, script): (_, Arc<Script>) = (Arc::new(Mutex::new(Vec::new())), Arc::new(script));
        let note = asked.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, script.clone(), note.clone()));
            }
        });
        Self { base, asked }
    }

    /// One that gives tokens `T1`, `T2`... and answers other requests by the script.
    pub(super) async fn with_tokens(
        script: impl Fn(&Asked, usize) -> Answer + Send + Sync + 'static,
    ) -> Self {
        Self::open(move |asked, count| match asked.path.as_str() {
            "/app/getAppAccessToken" => {
                ok(&json!({"access_token": format!("T{}", count + 1), "expires_in": "7200"}))
            }
            _ => script(asked, count),
        })
        .await
    }

    /// The requests for this path so far.
    pub(super) fn asked(&self, path: &str) -> Vec<Asked> {
        self.asked.lock().unwrap().iter().filter(|asked| asked.path == path).cloned().collect()
    }

    pub(super) fn tokens(&self) -> usize {
        self.asked("/app/getAppAccessToken").len()
    }
}

async fn serve(mut stream: TcpStream, script: Arc<Script>, note: Arc<Mutex<Vec<Asked>>>) {
    let Some(asked) = read(&mut stream).await else { return };
    let count = {
        let mut all = note.lock().unwrap();
        let count = all.iter().filter(|earlier| earlier.path == asked.path).count();
        all.push(asked.clone());
        count
    };
    let (status, headers, body) = match script(&asked, count) {
        Answer::Say(status, headers, body) => (status, headers, body),
        Answer::Late(wait, body) => {
            tokio::time::sleep(wait).await;
            (200, "", body)
        }
        Answer::Cut => return,
    };
    let head = format!(
        "HTTP/1.1 {status} X\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n",
        body.len()
    );
    let head = if status == 204 { head.replace("Content-Length: 0\r\n", "") } else { head };
    let _ = stream.write_all((head + &body).as_bytes()).await;
    let _ = stream.shutdown().await;
}

async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        bytes.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(bytes).unwrap();
    let mut lines = head.lines();
    let (method, rest) = lines.next()?.split_once(' ')?;
    let pairs = lines.filter_map(|line| line.split_once(": "));
    let headers: HashMap<_, _> = pairs.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    let path = rest.split(' ').next()?.to_owned();
    Some(Asked { method: method.to_owned(), path, headers, body })
}
