//! `iglu test-host`: a house for the tests of one plugin, in any language.
//!
//! Requests come on stdin and answers leave on stdout, each a JSON object on a line of its own, one answer for each
//! request. An answer is given when everything that the request set going has come to rest. The protocol is described in
//! `docs/testing.md`.

mod bot;
mod log;
mod request;
mod stage;

use std::process::ExitCode;

use serde_json::{Value, json};

use self::log::LogBook;
use self::request::Request;
use self::stage::Stage;
use super::chat::Input;
use super::terminal;

/// On one thread: whoever was woken has run when [`at_rest`](crate::house::House::at_rest) looks.
pub(super) fn run() -> anyhow::Result<ExitCode> {
    let book = LogBook::start()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let code = runtime.block_on(serve(book));
    runtime.shutdown_background();
    code
}

async fn serve(book: LogBook) -> anyhow::Result<ExitCode> {
    let mut input = Input::piped();
    let mut stage: Option<Stage> = None;
    while let Some(line) = input.line().await {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        let done = match Request::read(&line) {
            Ok(request) => carry_out(&mut stage, request).await,
            Err(reason) => Err(reason),
        };
        let (key, value) = match done {
            Ok(value) => ("ok", value),
            Err(reason) => ("error", Value::String(reason)),
        };
        let actions = stage.as_ref().map(Stage::take_actions).unwrap_or_default();
        let answer = json!({key: value, "actions": actions, "log": book.take()});
        if terminal::say(&answer.to_string()).is_err() {
            break;
        }
    }
    if let Some(stage) = stage.take() {
        stage.close().await;
    }
    Ok(ExitCode::SUCCESS)
}

async fn carry_out(stage: &mut Option<Stage>, request: Request) -> Result<Value, String> {
    match (request, stage.as_mut()) {
        (Request::Open(open), _) => {
            if let Some(before) = stage.take() {
                before.close().await;
            }
            let (opened, about) = Stage::open(*open).await?;
            *stage = Some(opened);
            Ok(about)
        }
        (Request::Close, _) => {
            if let Some(stage) = stage.take() {
                stage.close().await;
            }
            Ok(Value::Null)
        }
        (request, Some(stage)) => stage.carry_out(request).await,
        (_, None) => {
            Err("no plugin is open; begin with {\"do\": \"open\", \"plugin\": \"FILE.wasm\"}".to_owned())
        }
    }
}
