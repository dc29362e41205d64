//! `iglu simulate napcat`: a NapCat for plugin authors, played by whoever types.
//!
//! On a terminal there is a prompt. Piped lines, or those of `--script`, are taken one by one; a message then waits for
//! somebody to receive it, and `:wait` waits for what the bot does, so a script needs no pauses.

mod commands;
pub(super) mod qq;
mod show;
mod stage;

use std::fs::File;
use std::io::{self, BufReader, IsTerminal as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use iglu_simulator::{Call, Http, LinkCounts, Napcat, Options, Post, Reverse, SELF_ID};
use tokio::sync::mpsc;
use tokio::time::timeout;

use self::commands::Step;
use self::stage::Stage;
use super::chat::Input;
use super::stop::Stop;
use super::{pick, terminal};
use crate::config::Language;

/// How long a script waits for a connection or for the bot.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long waits within the simulator last: the ones that count are bounded here.
const FOR_EVER: Duration = Duration::from_secs(365 * 24 * 3600);

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Forward WebSocket server: a port of this machine, an address with a port, or `off`
    #[arg(long, value_name = "PORT|ADDRESS", default_value = "3001", value_parser = place)]
    ws: Place,
    /// Dial a WebSocket server, again and again; may be given several times
    #[arg(long, value_name = "URL")]
    reverse: Vec<String>,
    /// Pause between two attempts to dial, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 5000)]
    reconnect: u64,
    /// HTTP server, with `GET /_events` as its event stream
    #[arg(long, value_name = "PORT|ADDRESS", value_parser = place)]
    http: Option<Place>,
    /// Post every event there; may be given several times
    #[arg(long, value_name = "URL")]
    post: Vec<String>,
    /// The access token of all of these
    #[arg(long, value_name = "TOKEN", default_value = "")]
    token: String,
    /// The bot's QQ number
    #[arg(long, value_name = "NUMBER", default_value_t = SELF_ID)]
    self_id: u64,
    /// Take the lines of this file, then end
    #[arg(long, value_name = "FILE")]
    script: Option<PathBuf>,
}

/// Where a server listens; `None` for nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place(Option<SocketAddr>);

fn place(text: &str) -> Result<Place, String> {
    if text == "off" {
        return Ok(Place(None));
    }
    let here = || text.parse().ok().map(|port: u16| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    let place = here().or_else(|| text.parse().ok());
    place.map(|place| Place(Some(place))).ok_or_else(|| {
        "neither a port such as 3001, nor an address such as 127.0.0.1:3001, nor `off`".to_owned()
    })
}

pub(super) async fn napcat(arguments: Arguments, language: Language) -> anyhow::Result<ExitCode> {
    let mut signals = Stop::listen()?;
    let script = arguments.script.as_ref().map(|file| {
        File::open(file).with_context(|| format!("the script {} cannot be opened", file.display()))
    });
    let script = script.transpose()?;
    let napcat = open(&arguments)?;
    let scripted = script.is_some() || !(io::stdin().is_terminal() && io::stdout().is_terminal());
    let stage = Stage::new(napcat.clone(), language);
    let input = match script {
        Some(file) => Input::read(BufReader::new(file)),
        None if scripted => Input::piped(),
        None => Input::edited(PathBuf::new(), stage.place(), language),
    };
    let play = Play { calls: napcat.tap(), napcat, stage, language, scripted };
    let done = tokio::select! {
        done = play.run(input) => done,
        () = signals.asked() => ExitCode::SUCCESS,
    };
    terminal::detach();
    Ok(done)
}

/// Starts every transport asked for, and tells where.
fn open(arguments: &Arguments) -> anyhow::Result<Napcat> {
    let options = Options {
        self_id: arguments.self_id,
        token: arguments.token.clone(),
        listen: arguments.ws.0,
        deadline: FOR_EVER,
        record: false,
        ..Options::default()
    };
    let listens = |place: Option<SocketAddr>| {
        place.map_or_else(String::new, |place| {
            format!("cannot listen on {place}; is another NapCat there? Choose another port")
        })
    };
    let napcat = Napcat::open(options).with_context(|| listens(arguments.ws.0))?;
    if arguments.ws.0.is_some() {
        terminal::note(&format!("WebSocket: {}", napcat.url()));
    }
    if let Some(listen) = arguments.http.and_then(|place| place.0) {
        let http = Http { listen, sse: true, ..Http::default() };
        let at = napcat.serve_http(http).with_context(|| listens(Some(listen)))?;
        terminal::note(&format!("HTTP: http://{at}, http://{at}/_events"));
    }
    for url in &arguments.reverse {
        let reconnect = Duration::from_millis(arguments.reconnect.max(10));
        napcat.dial(Reverse { reconnect, ..Reverse::to(url) }).context("--reverse")?;
        terminal::note(&format!("WebSocket → {url}"));
    }
    for url in &arguments.post {
        napcat.post(Post::to(url)).context("--post")?;
        terminal::note(&format!("POST → {url}"));
    }
    Ok(napcat)
}

/// The next line of the input, or how the simulation ends without one.
fn typed(line: Option<io::Result<String>>, language: Language) -> Result<String, ExitCode> {
    match line {
        None => Err(ExitCode::SUCCESS),
        Some(Err(error)) => {
            let what = pick(language, "无法读取输入", "The input cannot be read");
            terminal::note(&format!("{what}: {error}"));
            Err(ExitCode::FAILURE)
        }
        Some(Ok(line)) => Ok(line),
    }
}

/// Said when a script has nobody to talk to.
fn nobody(language: Language) -> &'static str {
    pick(language, "等了 30 秒，没有机器人连接。", "No bot connected within 30 s.")
}

/// Said when a script waited and the bot did not do it; none is anything.
fn in_vain(what: Option<&str>, language: Language) -> String {
    let what = what.unwrap_or(pick(language, "机器人的动作", "anything that the bot does"));
    match language {
        Language::Chinese => format!("等了 30 秒，没有等到：{what}"),
        Language::English => format!("Waited 30 s in vain for {what}."),
    }
}

/// A simulation under way.
struct Play {
    napcat: Napcat,
    stage: Stage,
    calls: mpsc::UnboundedReceiver<Arc<Call>>,
    language: Language,
    scripted: bool,
}

impl Play {
    /// Until the input ends, `:quit`, or a wait in vain.
    async fn run(mut self, mut input: Input) -> ExitCode {
        let mut links = self.napcat.watch_links();
        let mut known = *links.borrow_and_update();
        loop {
            let line = tokio::select! {
                // What the bot did comes before the next line, so that a script's output does not depend on timing.
                biased;
                Some(call) = self.calls.recv() => {
                    self.stage.did(&call);
                    continue;
                }
                Ok(()) = links.changed() => {
                    let now = *links.borrow_and_update();
                    self.tell(&known, &now);
                    known = now;
                    continue;
                }
                line = input.line() => line,
            };
            let line = match typed(line, self.language) {
                Ok(line) => line,
                Err(end) => return end,
            };
            match self.stage.typed(&line) {
                Step::Event(event) => {
                    if !self.heard().await {
                        return ExitCode::FAILURE;
                    }
                    self.stage.happen(event);
                }
                Step::Wait(action) => {
                    if !self.acted(action.as_deref()).await {
                        return ExitCode::FAILURE;
                    }
                }
                Step::Cut(cut) => drop(self.napcat.cut(cut).await),
                Step::Note(note) => terminal::note(&note),
                Step::Nothing => {}
                Step::Quit => return ExitCode::SUCCESS,
            }
            input.ready(self.stage.place());
        }
    }

    /// In a script, waits until somebody can receive an event; whether there is somebody.
    async fn heard(&self) -> bool {
        if !self.scripted || self.stage.posts {
            return true;
        }
        let connected = timeout(PATIENCE, self.napcat.connected()).await.is_ok();
        if !connected {
            terminal::note(nobody(self.language));
        }
        connected
    }

    /// Waits for the next thing that the bot does, or for one action; whether it came.
    async fn acted(&mut self, action: Option<&str>) -> bool {
        let wait = async {
            loop {
                if self.stage.awaited(action) {
                    return true;
                }
                let Some(call) = self.calls.recv().await else { return false };
                self.stage.did(&call);
            }
        };
        let came = timeout(PATIENCE, wait).await.unwrap_or(false);
        if !came {
            terminal::note(&in_vain(action, self.language));
        }
        came
    }

    fn tell(&self, before: &LinkCounts, now: &LinkCounts) {
        let language = self.language;
        if now.events > before.events {
            terminal::note(pick(language, "已连接。", "Connected."));
        } else if now.events < before.events {
            terminal::note(pick(language, "连接断开。", "Disconnected."));
        }
        if now.denied > before.denied {
            terminal::note(pick(
                language,
                "拒绝了一个令牌不对的连接。",
                "A client with a wrong token was turned away.",
            ));
        }
        if now.refused > before.refused {
            let why = if now.refusal == 0 { String::new() } else { format!(" (HTTP {})", now.refusal) };
            let what = pick(language, "拨号不成功，稍后再试", "Dialling failed; trying again later");
            terminal::note(&format!("{what}{why}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_port_or_an_address() {
        for (text, expected) in [
            ("3001", Some("127.0.0.1:3001")),
            ("0", Some("127.0.0.1:0")),
            ("0.0.0.0:80", Some("0.0.0.0:80")),
            ("[::1]:80", Some("[::1]:80")),
            ("off", None),
        ] {
            assert_eq!(place(text), Ok(Place(expected.map(|place| place.parse().unwrap()))), "{text}");
        }
        for text in ["", "70000", "here", "localhost:3001", "127.0.0.1"] {
            assert!(place(text).is_err(), "{text}");
        }
    }
}
