//! Clients of the official platform: every type of event they have is read into it, they answer with every kind of
//! message, come back after a drop, and raise the platform's refusals.

use std::{collections::BTreeMap, net::SocketAddr, path::Path, process::Stdio, time::Duration};

use iglu_simulator::{
    Cut,
    qq::{App, Bot, Event, KNOWN_INTENTS, Limit, Options, Platform, USER, Webhook},
};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    net::TcpListener,
    process::{Child, ChildStdout, Command},
    time::timeout,
};

use super::onebot::{PATIENCE, listening};

/// How long a client may be silent while something of it is due.
const SILENCE: Duration = Duration::from_secs(15);

/// One client over one transport.
struct Client {
    name: String,
    platform: Platform,
    bot: Bot,
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    /// The types of events it has.
    known: Vec<String>,
    failures: usize,
}

/// Runs all of them; how many checks failed.
pub(crate) async fn run(python: &str, scripts: &str) -> usize {
    let mut failures = 0;
    for (script, mode) in [("nonebot_qq", "gateway"), ("nonebot_qq", "webhook"), ("botpy", "gateway")] {
        let checks = async {
            let mut client = Client::start(python, Path::new(scripts), script, mode).await?;
            client.check_all(mode).await?;
            Some(client.failures)
        };
        match timeout(PATIENCE * 2, checks).await {
            Ok(Some(failed)) => failures += failed,
            _ => {
                println!("FAILED  {script} {mode}: it did not come to an end");
                failures += 1;
            }
        }
    }
    failures
}

impl Client {
    async fn start(python: &str, scripts: &Path, script: &str, mode: &str) -> Option<Self> {
        let app = App { intents: KNOWN_INTENTS, ..App::default() };
        let options = Options { apps: vec![app], deadline: PATIENCE, ..Options::default() };
        let platform = Platform::start(options).await;
        let bot = platform.bot();
        let port = TcpListener::bind("127.0.0.1:0").await.ok()?.local_addr().ok()?.port();
        let mut command = Command::new(python);
        command.arg(scripts.join(format!("{script}_client.py"))).args([mode, &port.to_string()]);
        command.args([&platform.api_base(), &bot.app().app_id, &bot.app().secret]);
        let mut child = command.stdout(Stdio::piped()).kill_on_drop(true).spawn().ok()?;
        let lines = BufReader::new(child.stdout.take()?).lines();
        if mode == "webhook" {
            listening(SocketAddr::from(([127, 0, 0, 1], port))).await;
            let url = format!("http://127.0.0.1:{port}/qq/webhook");
            bot.webhook(Webhook { timeout: Duration::from_secs(10), ..Webhook::to(&url) }).ok()?;
        } else {
            platform.connected().await;
        }
        let name = format!("{script} {mode}");
        let mut client = Self { name, platform, bot, child, lines, known: Vec::new(), failures: 0 };
        let line = client.line_with("knows").await?;
        let names = line["knows"].as_array().into_iter().flatten().filter_map(Value::as_str);
        client.known = names.map(str::to_owned).collect();
        Some(client)
    }

    async fn check_all(&mut self, mode: &str) -> Option<()> {
        if mode == "webhook" {
            let validation = self.bot.validate().await.ok()?;
            let good = validation.echoed && validation.verified;
            self.check("validation", good, &validation.answer.body);
            let forged = self.bot.signed_headers(1, b"other");
            let refused = self.bot.push_raw(&forged, r#"{"op":0,"id":"X:1","d":{},"t":"X"}"#).await.ok()?;
            self.check("a forged delivery", refused.status == 403, &refused.status.to_string());
        } else {
            let seen = self.platform.next_presented().await;
            self.check("identify", seen.accepted && !seen.resume, &format!("{seen:?}"));
        }
        self.check_events().await;
        self.check_answers().await?;
        if mode == "gateway" {
            self.bot.cut(Cut::Reset).await;
            let missed = self.bot.c2c(USER, "missed");
            let seen = self.platform.next_presented().await;
            self.check("resume", seen.accepted && seen.resume, &format!("{seen:?}"));
            let told = self.line_where(|line| line["id"] == missed.id.as_str()).await;
            self.check("what it missed", told.is_some(), "nothing");
        } else {
            let all = self.platform.deliveries();
            let taken = all.iter().all(|one| one.acknowledged.is_some());
            self.check("acknowledgements", taken, &format!("{all:?}"));
        }
        self.child.kill().await.ok()
    }

    /// Every type of event that the client has is told once and read into its class, with its fields.
    async fn check_events(&mut self) {
        let mut expected: BTreeMap<String, Event> = BTreeMap::new();
        for event in self.bot.every_event() {
            self.bot.emit(&event);
            if self.known.contains(&event.kind) {
                expected.insert(event.id.clone(), event);
            }
        }
        while !expected.is_empty() {
            let Some(line) = self.line_where(|line| line.get("id").is_some()).await else { break };
            if let Some(event) = line["id"].as_str().and_then(|id| expected.remove(id)) {
                let right = line["type"] == event.kind.as_str() && line["model"] != "Event";
                let place = ["openid", "group_openid", "guild_id"].iter().all(|key| {
                    let said = &line[*key];
                    said.is_null() || event.d[*key].is_null() || *said == event.d[*key]
                });
                let text = match (&line["text"], event.d["attachments"].is_null()) {
                    (Value::String(text), true) => event.d["content"]
                        .as_str()
                        .is_some_and(|said| said.contains("faceType") || said.trim() == text.trim()),
                    _ => true,
                };
                self.check(&event.kind, right && place && text, &line.to_string());
            }
        }
        for event in expected.into_values() {
            self.check(&event.kind, false, "the client said nothing of it");
        }
    }

    /// Text, markdown with a keyboard, pictures, and a refusal for one answer too many.
    async fn check_answers(&mut self) -> Option<()> {
        let picture = self.platform.put_media("a.png", b"picture".to_vec());
        let asked = self.bot.c2c(USER, format!("/interop {picture}").as_str());
        let mut answers = Vec::new();
        while answers.len() < 4 {
            answers.push(self.platform.next_sent().await);
        }
        let bound = answers.iter().all(|sent| sent.msg_id.as_deref() == Some(asked.message_id()));
        self.check("answers are bound to their message", bound, &format!("{answers:?}"));
        self.check("text", answers[0].text() == "pong", &answers[0].body.to_string());
        let keyboard = answers[1].body["keyboard"]["content"]["rows"][0]["buttons"][0]["id"] == "ok";
        self.check("markdown", answers[1].text() == "# pong" && keyboard, &answers[1].body.to_string());
        for sent in &answers[2..] {
            let bytes = sent.media.as_ref().is_some_and(|media| media.bytes == b"picture");
            self.check("picture", bytes, &sent.body.to_string());
        }
        let line = self.line_with("refused").await?;
        let raised =
            [&line["code"], &line["message"]].iter().any(|said| said.to_string().contains("40034128"))
                || line["message"].as_str().is_some_and(|words| words.contains("回复次数超限"));
        self.check("a refusal", raised, &line.to_string());
        let broken: Vec<_> = self.platform.violations().iter().map(|one| one.limit).collect();
        self.check("no other limit is broken", broken == [Limit::Count], &format!("{broken:?}"));
        let press = self.bot.press(USER, "ok", "data");
        let acknowledged = self.bot.acknowledged(press.message_id()).await;
        let good = acknowledged.code == 0 && acknowledged.in_time;
        self.check("acknowledgement", good, &format!("{acknowledged:?}"));
        Some(())
    }

    fn check(&mut self, what: &str, good: bool, seen: &str) {
        if good {
            println!("ok      {}: {what}", self.name);
        } else {
            println!("FAILED  {}: {what}: {seen}", self.name);
            self.failures += 1;
        }
    }

    async fn line_with(&mut self, key: &str) -> Option<Value> {
        self.line_where(|line| line.get(key).is_some()).await
    }

    /// The next line of JSON that the function accepts; `None` when the client is gone or silent.
    async fn line_where(&mut self, accepts: impl Fn(&Value) -> bool) -> Option<Value> {
        loop {
            let line = timeout(SILENCE, self.lines.next_line()).await.ok()?.ok()??;
            if let Ok(line) = serde_json::from_str(&line)
                && accepts(&line)
            {
                return Some(line);
            }
        }
    }
}
