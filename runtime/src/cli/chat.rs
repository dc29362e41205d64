//! `iglu chat`: the plugins of a folder, without an account.
//!
//! On a terminal there is a prompt, and answers appear as they come. Piped lines are sent one by one, each when every
//! handler that the one before had woken is done, so the output is the same each time; stdout then holds nothing but
//! what the bot says.

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, mpsc as std_mpsc};
use std::thread;
use std::time::Duration;

use rustyline::history::FileHistory;
use rustyline::{CompletionType, Editor};
use tokio::sync::{mpsc, watch};

use super::stop::{self, Stop};
use super::{pick, terminal};
use crate::adapter::sandbox::{Sandbox, Screen, Typed};
use crate::bot::Bot;
use crate::config::{Config, Language};
use crate::house::House;
use crate::model::Incoming;

/// How many typed lines are remembered.
const HISTORY: usize = 1000;

pub(super) async fn run(config: Config) -> anyhow::Result<ExitCode> {
    let mut signals = Stop::listen()?;
    let language = config.language;
    let patience = patience(&config);
    let history = config.data_dir.join("chat-history.txt");
    let Some(house) = stop::open(House::open(config), &mut signals).await? else {
        return Ok(ExitCode::SUCCESS);
    };
    // The chat has a log level of its own.
    house.follow_config(|_| {});
    tokio::select! {
        () = converse(&house, language, patience, history) => {}
        () = signals.asked() => {}
    }
    terminal::detach();
    Ok(stop::close(house, &mut signals).await)
}

/// Lets whoever sits at the terminal, or writes into the pipe, talk to the plugins of a house, until they end it.
pub(super) async fn converse(house: &House, language: Language, patience: Duration, history: PathBuf) {
    let (screen, unheard) = screen();
    let sandbox = Sandbox::new(screen, language);
    house.bots.insert(Arc::clone(&sandbox) as Arc<dyn Bot>);
    let piped = is_piped();
    let input = if piped { Input::piped() } else { Input::edited(history, sandbox.place(), language) };
    let inlet = house.inlet();
    let talk = Talk { sandbox: &sandbox, language, send: |event| inlet(event), unheard };
    let settled = async || {
        if piped && tokio::time::timeout(patience, house.idle()).await.is_err() {
            impatient(language, patience);
        }
    };
    talk.run(input, settled).await;
}

/// Whether nobody sits at a terminal.
pub(super) fn is_piped() -> bool {
    !(io::stdin().is_terminal() && io::stdout().is_terminal())
}

/// The longest that a handler may take by the owner's word, and a little for the host.
pub(super) fn patience(config: &Config) -> Duration {
    let own = config.plugins.values().map(|plugin| plugin.limits.handler);
    own.chain([config.limits.handler]).max().unwrap_or_default() + Duration::from_secs(1)
}

fn impatient(language: Language, patience: Duration) {
    let seconds = patience.as_secs();
    terminal::note(&match language {
        Language::Chinese => format!("等了 {seconds} 秒，仍有插件没有处理完，不再等待。"),
        Language::English => format!("Some plugin is not done after {seconds} s; going on without it."),
    });
}

/// Where the bot's messages are shown, and the news that nobody reads them any more.
fn screen() -> (Screen, watch::Receiver<bool>) {
    let (gone, unheard) = watch::channel(false);
    let screen = move |text: &str| {
        if terminal::say(text).is_err() {
            let _ = gone.send(true);
        }
    };
    (Box::new(screen), unheard)
}

/// A conversation: typed lines in, events out.
struct Talk<'a, S> {
    sandbox: &'a Sandbox,
    language: Language,
    send: S,
    unheard: watch::Receiver<bool>,
}

impl<S: Fn(Incoming)> Talk<'_, S> {
    /// Until the input ends, `:quit` is typed, or nobody reads the answers. `settled` waits after each event.
    async fn run(mut self, mut input: Input, settled: impl AsyncFn()) {
        (self.send)(Sandbox::connected());
        settled().await;
        loop {
            let line = tokio::select! {
                line = input.lines.recv() => line,
                _ = self.unheard.wait_for(|gone| *gone) => None,
            };
            match line {
                None => return,
                Some(Err(e)) => {
                    let what = pick(self.language, "无法读取输入", "The input cannot be read");
                    terminal::note(&format!("{what}: {e}"));
                    return;
                }
                Some(Ok(line)) => match self.sandbox.typed(&line) {
                    Typed::Event(event) => {
                        (self.send)(*event);
                        settled().await;
                    }
                    Typed::Note(note) => terminal::note(&note),
                    Typed::Nothing => {}
                    Typed::Quit => return,
                },
            }
            input.ready(self.sandbox.place());
        }
    }
}

/// Lines from a thread of their own, because reading cannot be interrupted.
pub(super) struct Input {
    lines: mpsc::Receiver<io::Result<String>>,
    /// Tells an editor that the last line was taken, and what to prompt with for the next.
    prompts: Option<std_mpsc::Sender<String>>,
}

impl Input {
    pub(super) fn piped() -> Self {
        let (typed, lines) = mpsc::channel(1);
        thread::spawn(move || read_lines(io::stdin().lock(), &typed));
        Self { lines, prompts: None }
    }

    /// Lines of a file.
    pub(super) fn read(file: impl io::BufRead + Send + 'static) -> Self {
        let (typed, lines) = mpsc::channel(1);
        thread::spawn(move || read_lines(file, &typed));
        Self { lines, prompts: None }
    }

    /// The next line; `None` at the end.
    pub(super) async fn line(&mut self) -> Option<io::Result<String>> {
        self.lines.recv().await
    }

    pub(super) fn edited(history: PathBuf, place: String, language: Language) -> Self {
        let (typed, lines) = mpsc::channel(1);
        let (prompts, places) = std_mpsc::channel();
        let _ = prompts.send(place);
        terminal::note(pick(
            language,
            "输入消息，按回车发送；`:help` 列出聊天命令，Ctrl-D 结束。",
            "Type a message and press Enter; `:help` lists the chat's own commands, Ctrl-D ends.",
        ));
        thread::spawn(move || {
            if let Err(e) = edit_lines(&history, &places, &typed) {
                let _ = typed.blocking_send(Err(io::Error::other(e)));
            }
        });
        Self { lines, prompts: Some(prompts) }
    }

    pub(super) fn ready(&self, place: String) {
        if let Some(prompts) = &self.prompts {
            let _ = prompts.send(place);
        }
    }
}

/// Lines as they are, without their ends; a last one may lack it. What is not UTF-8 is replaced.
fn read_lines(mut input: impl io::BufRead, typed: &mpsc::Sender<io::Result<String>>) {
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        let line = match input.read_until(b'\n', &mut bytes) {
            Ok(0) => return,
            Ok(_) => Ok(String::from_utf8_lossy(&bytes).trim_end_matches(['\r', '\n']).to_owned()),
            Err(e) => Err(e),
        };
        let failed = line.is_err();
        if typed.blocking_send(line).is_err() || failed {
            return;
        }
    }
}

/// Lets lines be edited, until Ctrl-D, Ctrl-C, or the conversation is over.
fn edit_lines(
    history: &Path,
    places: &std_mpsc::Receiver<String>,
    typed: &mpsc::Sender<io::Result<String>>,
) -> rustyline::Result<()> {
    let config = rustyline::Config::builder()
        .max_history_size(HISTORY)?
        .history_ignore_dups(true)?
        .history_ignore_space(true)
        .completion_type(CompletionType::List)
        .build();
    let mut editor: Editor<(), FileHistory> = Editor::with_config(config)?;
    // A missing or unreadable history is an empty one.
    let _ = editor.load_history(history);
    terminal::attach(Box::new(editor.create_external_printer()?));
    while let Ok(place) = places.recv() {
        match editor.readline(&format!("{place}> ")) {
            Ok(line) => {
                let _ = editor.add_history_entry(line.as_str());
                let _ = editor.save_history(history);
                if typed.blocking_send(Ok(line)).is_err() {
                    break;
                }
            }
            Err(rustyline::error::ReadlineError::Eof | rustyline::error::ReadlineError::Interrupted) => break,
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// What plugins would see of these piped bytes, and how often the chat waited for them.
    async fn talk(bytes: &'static [u8]) -> (Vec<String>, usize) {
        let (typed, lines) = mpsc::channel(1);
        thread::spawn(move || read_lines(bytes, &typed));
        let sandbox = Sandbox::new(Box::new(|_| {}), Language::English);
        let seen = Mutex::new(Vec::new());
        let send = |event: Incoming| {
            if let Some(message) = event.message() {
                seen.lock().unwrap().push(message.text.clone());
            }
        };
        let waits = Mutex::new(0);
        let (_open, unheard) = watch::channel(false);
        let talk = Talk { sandbox: &sandbox, language: Language::English, send, unheard };
        talk.run(Input { lines, prompts: None }, async || *waits.lock().unwrap() += 1).await;
        (seen.into_inner().unwrap(), waits.into_inner().unwrap())
    }

    #[tokio::test]
    async fn each_line_is_a_message_that_is_waited_for() {
        for (bytes, messages) in [
            (&b""[..], &[][..]),
            (b"one\ntwo\n", &["one", "two"]),
            (b"one\r\n\r\n  \nlast without an end", &["one", "last without an end"]),
            (b"not \xff utf-8\n", &["not \u{fffd} utf-8"]),
            (b":user 10002\nhi\n:quit\nnever\n", &["hi"]),
            (b":nonsense\nhi\n", &["hi"]),
        ] {
            let (seen, waits) = talk(bytes).await;
            assert_eq!(seen, messages);
            assert_eq!(waits, messages.len() + 1, "one more for the bot's own beginning");
        }
    }

    #[tokio::test]
    async fn the_chat_ends_when_nobody_reads_the_answers() {
        let (_typed, lines) = mpsc::channel(1);
        let sandbox = Sandbox::new(Box::new(|_| {}), Language::English);
        let (gone, unheard) = watch::channel(false);
        gone.send(true).unwrap();
        let talk = Talk { sandbox: &sandbox, language: Language::English, send: drop, unheard };
        talk.run(Input { lines, prompts: None }, async || {}).await;
    }
}
