//! OneBot clients over every transport: every kind of event is read into the type they have for it, and the answers
//! to their calls are compared.

use std::{collections::BTreeMap, net::SocketAddr, path::Path, process::Stdio, time::Duration};

use iglu_simulator::{FRIEND, GROUP, Http, Napcat, Options, Post, Reverse, SELF_ID};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    net::{TcpListener, TcpStream},
    process::{Child, ChildStdout, Command},
    time::{sleep, timeout},
};

const TOKEN: &str = "inter-op";
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Kinds that NoneBot has a type for. All others are NapCat's own and must reach its nearest type.
const TYPED: &[(&str, &str)] = &[
    ("group_message", "GroupMessageEvent"),
    ("private_message", "PrivateMessageEvent"),
    ("temporary_message", "PrivateMessageEvent"),
    ("group_upload", "GroupUploadNoticeEvent"),
    ("group_admin", "GroupAdminNoticeEvent"),
    ("group_decrease", "GroupDecreaseNoticeEvent"),
    ("group_increase", "GroupIncreaseNoticeEvent"),
    ("group_ban", "GroupBanNoticeEvent"),
    ("friend_add", "FriendAddNoticeEvent"),
    ("group_recall", "GroupRecallNoticeEvent"),
    ("friend_recall", "FriendRecallNoticeEvent"),
    ("poke", "PokeNotifyEvent"),
    ("title", "NotifyEvent"),
    ("group_name", "NotifyEvent"),
    ("input_status", "NotifyEvent"),
    ("gray_tip", "NotifyEvent"),
    ("friend_request", "FriendRequestEvent"),
    ("group_request", "GroupRequestEvent"),
    // NoneBot knows no events of own messages.
    ("message_sent", "Event"),
];

/// One client over one transport.
struct Client {
    name: String,
    napcat: Napcat,
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    failures: usize,
}

/// Runs all of them; how many checks failed.
pub(crate) async fn run(python: &str, scripts: &str) -> usize {
    let mut failures = 0;
    for (script, mode) in [
        ("nonebot", "forward"),
        ("nonebot", "reverse"),
        ("nonebot", "http"),
        ("aiocqhttp", "reverse"),
        ("aiocqhttp", "http"),
    ] {
        let checks = async {
            let mut client = Client::start(python, Path::new(scripts), script, mode).await?;
            client.check_all(mode).await?;
            Some(client.failures)
        };
        match timeout(PATIENCE, checks).await {
            Ok(Some(failed)) => failures += failed,
            _ => {
                println!("FAILED  {script} {mode}: it did not come to an end within {PATIENCE:?}");
                failures += 1;
            }
        }
    }
    failures
}

impl Client {
    async fn start(python: &str, scripts: &Path, script: &str, mode: &str) -> Option<Self> {
        let heartbeat = Some(Duration::from_millis(500));
        let options =
            Options { token: TOKEN.to_owned(), heartbeat, deadline: PATIENCE, ..Options::default() };
        let napcat = Napcat::start(options).await;
        let port = TcpListener::bind("127.0.0.1:0").await.ok()?.local_addr().ok()?.port();
        let mut command = Command::new(python);
        command.arg(scripts.join(format!("{script}_client.py"))).arg(mode);
        if mode == "forward" {
            command.args([&napcat.url(), TOKEN]);
        } else {
            command.args([&port.to_string(), TOKEN]);
        }
        if mode == "http" {
            let api = napcat.serve_http(Http::default()).ok()?;
            command.args([format!("http://{api}/"), SELF_ID.to_string()]);
        }
        let mut child = command.stdout(Stdio::piped()).kill_on_drop(true).spawn().ok()?;
        let lines = BufReader::new(child.stdout.take()?).lines();
        let nonebot = script == "nonebot";
        match mode {
            "reverse" => {
                let path = if nonebot { "/onebot/v11/ws" } else { "/ws/" };
                let url = format!("ws://127.0.0.1:{port}{path}");
                napcat.dial(Reverse { reconnect: Duration::from_millis(200), ..Reverse::to(&url) }).ok()?;
            }
            "http" => {
                listening(SocketAddr::from(([127, 0, 0, 1], port))).await;
                let path = if nonebot { "/onebot/v11/http" } else { "/" };
                napcat.post(Post::to(&format!("http://127.0.0.1:{port}{path}"))).ok()?;
            }
            _ => {}
        }
        if mode != "http" {
            napcat.connected().await;
        }
        Some(Self { name: format!("{script} {mode}"), napcat, child, lines, failures: 0 })
    }

    async fn check_all(&mut self, mode: &str) -> Option<()> {
        let mut expected = BTreeMap::new();
        for (n, (kind, mut event)) in self.napcat.every_event().into_iter().enumerate() {
            event["interop"] = n.into();
            self.napcat.push(&event);
            expected.insert(n as u64, (kind, event));
        }
        let mut meta = BTreeMap::new();
        while !expected.is_empty() || (mode != "http" && !meta.contains_key("heartbeat")) {
            let line = self.line().await?;
            let said = line["model"].as_str().or_else(|| line["name"].as_str()).unwrap_or_default();
            match line["n"].as_u64().and_then(|n| expected.remove(&n)) {
                Some((kind, event)) => self.check_event(kind, &event, said, &line),
                None if said.starts_with("Heartbeat") || said == "meta_event.heartbeat" => {
                    meta.insert("heartbeat", said.to_owned());
                }
                None => drop(meta.insert("lifecycle", said.to_owned())),
            }
        }
        if mode != "http" {
            // Some clients take the first frame of a link before handlers run.
            let known = ["LifecycleMetaEvent", "meta_event.lifecycle.connect"];
            let lifecycle = meta.get("lifecycle").is_none_or(|said| known.contains(&said.as_str()));
            self.check("meta events", lifecycle, &format!("{meta:?}"));
        }
        self.check_calls().await
    }

    fn check_event(&mut self, kind: &str, event: &Value, said: &str, line: &Value) {
        let right = if line["model"].is_string() {
            let typed = TYPED.iter().find(|(known, _)| *known == kind);
            said == typed.map_or("NoticeEvent", |(_, model)| model)
        } else {
            let post_type = event["post_type"].as_str().unwrap_or_default();
            let detail = event[format!("{post_type}_type")].as_str().unwrap_or_default();
            let sub_type = event["sub_type"].as_str().map_or_else(String::new, |sub| format!(".{sub}"));
            said == format!("{post_type}.{detail}{sub_type}")
        };
        let segments = |of: &Value| -> Vec<Value> {
            of.as_array().into_iter().flatten().map(|segment| segment["type"].clone()).collect()
        };
        let is_message = event["post_type"] == "message";
        let whole = !is_message || line["segments"] == json!(segments(&event["message"]));
        let what = segments(&event["message"]).first().map_or(String::new(), |kind| format!(" {kind}"));
        self.check(&format!("{kind}{what}"), right && whole, &line.to_string());
    }

    async fn check_calls(&mut self) -> Option<()> {
        self.napcat.group_text(GROUP, FRIEND, "/interop");
        let answers = loop {
            let line = self.line().await?;
            if line.get("member").is_some() {
                break line;
            }
        };
        let sends = ["send_msg", "send_group_msg", ".handle_quick_operation"];
        let call = self.napcat.next_call_where("the reply", |call| sends.contains(&call.action())).await;
        self.check("reply", call.text() == "pong", &call.json.to_string());
        if let Some(id) = answers["sent"].as_i64() {
            let known = self.napcat.message(id).is_some_and(|message| message["raw_message"] != "");
            self.check("the sent message's id", known, &answers.to_string());
        }
        let right = answers["member"] == FRIEND && answers["login"] == SELF_ID;
        self.check("answers", right, &answers.to_string());
        let failed = ["ActionFailed", "ApiNotAvailable"].iter().any(|class| answers["unknown"] == *class);
        self.check("an unknown action", failed, &answers.to_string());
        self.child.kill().await.ok()
    }

    fn check(&mut self, what: &str, good: bool, seen: &str) {
        if good {
            println!("ok      {}: {what}", self.name);
        } else {
            println!("FAILED  {}: {what}: {seen}", self.name);
            self.failures += 1;
        }
    }

    /// The next line of JSON; `None` when the client is gone.
    async fn line(&mut self) -> Option<Value> {
        loop {
            if let Ok(line) = serde_json::from_str(&self.lines.next_line().await.ok()??) {
                return Some(line);
            }
        }
    }
}

pub(crate) async fn listening(at: SocketAddr) {
    while TcpStream::connect(at).await.is_err() {
        sleep(Duration::from_millis(50)).await;
    }
}
