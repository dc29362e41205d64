//! `iglu simulate qq`: the official platform for plugin authors, played by whoever types.
//!
//! As with `iglu simulate napcat`, there is a prompt on a terminal, and piped lines or those of `--script` wait for
//! somebody to hear them; `:wait` waits for what the bot does.

mod show;
mod stage;

use std::fs::File;
use std::io::{self, BufReader, IsTerminal as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use iglu_simulator::qq::{App, GatewayCounts, KNOWN_INTENTS, Options, Platform, Sessions, Webhook};
use tokio::time::timeout;

use self::stage::{Stage, Step};
use super::{FOR_EVER, PATIENCE, Place, in_vain, nobody, place, typed};
use crate::cli::chat::Input;
use crate::cli::stop::Stop;
use crate::cli::{pick, terminal};
use crate::config::Language;

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// Token endpoint and REST API: a port of this machine, or an address with a port
    #[arg(long, value_name = "PORT|ADDRESS", default_value = "3080", value_parser = place)]
    api: Place,
    /// Gateway: a port of this machine, or an address with a port
    #[arg(long, value_name = "PORT|ADDRESS", default_value = "3081", value_parser = place)]
    gateway: Place,
    /// Push every event there, signed; may be given several times
    #[arg(long, value_name = "URL")]
    webhook: Vec<String>,
    /// The bot's app id
    #[arg(long, value_name = "ID", default_value_t = App::default().app_id)]
    app_id: String,
    /// The bot's secret
    #[arg(long, value_name = "SECRET", default_value_t = App::default().secret)]
    secret: String,
    /// Take the lines of this file, then end
    #[arg(long, value_name = "FILE")]
    script: Option<PathBuf>,
}

pub(in crate::cli) async fn run(arguments: Arguments, language: Language) -> anyhow::Result<ExitCode> {
    let mut signals = Stop::listen()?;
    let script = arguments.script.as_ref().map(|file| {
        File::open(file).with_context(|| format!("the script {} cannot be opened", file.display()))
    });
    let script = script.transpose()?;
    let platform = open(&arguments)?;
    let scripted = script.is_some() || !(io::stdin().is_terminal() && io::stdout().is_terminal());
    let stage = Stage::new(platform.clone(), language);
    let input = match script {
        Some(file) => Input::read(BufReader::new(file)),
        None if scripted => Input::piped(),
        None => Input::edited(PathBuf::new(), stage.place(), language),
    };
    let pushes = !arguments.webhook.is_empty();
    let play = Play { platform, stage, language, scripted, pushes };
    let done = tokio::select! {
        done = play.run(input) => done,
        () = signals.asked() => ExitCode::SUCCESS,
    };
    terminal::detach();
    Ok(done)
}

/// Starts the platform, and tells where it is.
fn open(arguments: &Arguments) -> anyhow::Result<Platform> {
    anyhow::ensure!(
        !arguments.secret.is_empty(),
        "--secret is empty: a bot's secret has at least one character"
    );
    let (Some(listen), Some(gateway)) = (arguments.api.0, arguments.gateway.0) else {
        anyhow::bail!("--api and --gateway cannot be off; give a port for each, or 0 for a free one");
    };
    let app = App { intents: KNOWN_INTENTS, ..App::new(&arguments.app_id, &arguments.secret) };
    let sessions = Sessions { buffer: 1000, ..Sessions::default() };
    let options =
        Options { listen, gateway, apps: vec![app], sessions, deadline: FOR_EVER, ..Options::default() };
    let platform = Platform::open(options).with_context(|| {
        format!("cannot listen on {listen} and {gateway}; is another simulation there? Choose other ports")
    })?;
    terminal::note(&format!("token: {}", platform.token_base()));
    terminal::note(&format!("API: {}", platform.api_base()));
    terminal::note(&format!("gateway: {}", platform.gateway_url()));
    terminal::note(&format!("app id: {}", arguments.app_id));
    terminal::note(&format!("secret: {}", arguments.secret));
    for url in &arguments.webhook {
        platform.bot().webhook(Webhook::to(url)).context("--webhook")?;
        terminal::note(&format!("webhook → {url}"));
    }
    Ok(platform)
}

/// A simulation under way.
struct Play {
    platform: Platform,
    stage: Stage,
    language: Language,
    scripted: bool,
    /// Events are pushed, so that they need no session.
    pushes: bool,
}

impl Play {
    /// Until the input ends, `:quit`, or a wait in vain.
    async fn run(mut self, mut input: Input) -> ExitCode {
        let platform = self.platform.clone();
        let mut known = platform.gateway();
        loop {
            let line = tokio::select! {
                // What the bot did comes before the next line, so that a script's output does not depend on timing.
                biased;
                request = platform.next_request("*", "/*") => {
                    self.stage.did(&request);
                    continue;
                }
                now = platform.wait_gateway("a change", |now| now.live != known.live) => {
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
                Step::Wait(what) => {
                    if !self.acted(what.as_deref()).await {
                        return ExitCode::FAILURE;
                    }
                }
                Step::Cut(cut) => drop(self.platform.bot().cut(cut).await),
                Step::Validate => self.validate().await,
                Step::Note(note) => terminal::note(&note),
                Step::Nothing => {}
                Step::Quit => return ExitCode::SUCCESS,
            }
            input.ready(self.stage.place());
        }
    }

    /// In a script, waits until somebody can hear an event; whether there is somebody.
    async fn heard(&self) -> bool {
        if !self.scripted || self.pushes {
            return true;
        }
        let connected = timeout(PATIENCE, self.platform.connected()).await.is_ok();
        if !connected {
            terminal::note(nobody(self.language));
        }
        connected
    }

    /// Waits for the next thing that the bot does, or for one kind of it; whether it came.
    async fn acted(&mut self, what: Option<&str>) -> bool {
        let wait = async {
            while !self.stage.awaited(what) {
                let request = self.platform.next_request("*", "/*").await;
                self.stage.did(&request);
            }
        };
        let came = timeout(PATIENCE, wait).await.is_ok();
        if !came {
            terminal::note(&in_vain(what, self.language));
        }
        came
    }

    /// The console's validation of the first webhook.
    async fn validate(&self) {
        if !self.pushes {
            return terminal::note(pick(self.language, "没有 --webhook。", "There is no --webhook."));
        }
        terminal::note(&match self.platform.bot().validate().await {
            Ok(done) if done.echoed && done.verified => {
                pick(self.language, "回调地址验证通过。", "The webhook is valid.").to_owned()
            }
            Ok(done) => {
                let what = pick(self.language, "回调地址验证不通过", "The webhook is not valid");
                format!("{what}: HTTP {} {}", done.answer.status, done.answer.body)
            }
            Err(error) => error.to_string(),
        });
    }

    fn tell(&self, before: &GatewayCounts, now: &GatewayCounts) {
        let what = match (now.live > before.live, now.resumed > before.resumed) {
            (true, true) => ("会话已恢复。", "Resumed."),
            (true, false) => ("已连接。", "Connected."),
            (false, _) => ("连接断开。", "Disconnected."),
        };
        terminal::note(pick(self.language, what.0, what.1));
    }
}
