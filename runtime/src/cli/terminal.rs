//! What is written for people: to stdout and stderr, or around the prompt while a line is being edited.

use std::io::{self, Write as _};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustyline::ExternalPrinter;

/// The line editor on the terminal, if there is one. Everything must pass through it then, or it would break the line
/// that is being typed.
static EDITOR: Mutex<Option<Box<dyn ExternalPrinter + Send>>> = Mutex::new(None);

/// Lets a line editor take over the terminal.
pub(super) fn attach(editor: Box<dyn ExternalPrinter + Send>) {
    *editor_slot() = Some(editor);
}

/// Gives the terminal back.
pub(super) fn detach() {
    *editor_slot() = None;
}

/// Writes to stdout.
pub(super) fn say(text: &str) -> io::Result<()> {
    if through_editor(text) {
        return Ok(());
    }
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}

/// Writes to stderr.
pub(super) fn note(text: &str) {
    if !through_editor(text) {
        let _ = writeln!(io::stderr().lock(), "{text}");
    }
}

fn through_editor(text: &str) -> bool {
    match editor_slot().as_mut() {
        Some(editor) => editor.print(format!("{text}\n")).is_ok(),
        None => false,
    }
}

fn editor_slot() -> MutexGuard<'static, Option<Box<dyn ExternalPrinter + Send>>> {
    EDITOR.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where the log goes. Each line comes in one piece.
pub(super) struct LogWriter;

impl io::Write for LogWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let line = String::from_utf8_lossy(bytes);
        if !through_editor(line.trim_end_matches('\n')) {
            // A closed stderr is no reason to stop a bot.
            let _ = io::stderr().write_all(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
