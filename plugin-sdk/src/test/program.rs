//! The program `iglu`, and a conversation with its `test-host`.

use std::{
    env,
    ffi::OsStr,
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use serde_json::Value;

use super::{Error, Result};

/// Where the program is.
pub(super) fn find() -> Result<PathBuf> {
    if let Some(path) = env::var_os("IGLU_BIN").map(PathBuf::from) {
        if path.is_file() {
            return Ok(path);
        }
        return Err(Error(format!("IGLU_BIN names {}, and there is no such program", path.display())));
    }
    let name = format!("iglu{}", env::consts::EXE_SUFFIX);
    let on_path =
        env::var_os("PATH").map(|path| env::split_paths(&path).collect::<Vec<_>>()).unwrap_or_default();
    // The checkout that the SDK comes from, if it is one.
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(|root| root.join("target"));
    let targets = env::var_os("CARGO_TARGET_DIR").map(PathBuf::from).into_iter().chain(checkout);
    let built = targets.flat_map(|target| [target.join("release"), target.join("debug")]);
    let found = on_path.into_iter().chain(built).map(|folder| folder.join(&name)).find(|file| file.is_file());
    found.ok_or_else(|| {
        Error(
            "the test needs the program `iglu`, and it is neither on the PATH nor named by IGLU_BIN; install it with \
             `cargo install --git https://github.com/iglu-rs/iglu iglu`, or run `cargo build` in a checkout of it and set \
             IGLU_BIN to its target/debug/iglu"
                .to_owned(),
        )
    })
}

/// Runs a sub-command to its end and answers what it prints.
pub(super) fn run(program: &Path, arguments: &[&OsStr]) -> Result<String> {
    let done = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    let done = done.map_err(|e| Error(format!("{} does not start: {e}", program.display())))?;
    if done.status.success() {
        return Ok(String::from_utf8_lossy(&done.stdout).into_owned());
    }
    Err(Error(String::from_utf8_lossy(&done.stderr).trim().to_owned()))
}

/// A running test host. It is killed when this is dropped.
pub(super) struct Program {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Program {
    pub(super) fn start(program: &Path) -> Result<Self> {
        let started =
            Command::new(program).arg("test-host").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = started.map_err(|e| Error(format!("{} does not start: {e}", program.display())))?;
        match (child.stdin.take(), child.stdout.take()) {
            (Some(requests), Some(answers)) => Ok(Self { child, requests, answers: BufReader::new(answers) }),
            _ => Err(Error(format!("{} has no pipes", program.display()))),
        }
    }

    /// One request, one answer.
    pub(super) fn ask(&mut self, request: &Value) -> Result<Value> {
        let sent = writeln!(self.requests, "{request}").and_then(|()| self.requests.flush());
        let mut line = String::new();
        let read = sent.and_then(|()| self.answers.read_line(&mut line));
        match read {
            Ok(1..) => {
                serde_json::from_str(&line).map_err(|e| Error(format!("iglu answered no JSON ({e}): {line}")))
            }
            Ok(0) => {
                let status = self.child.wait().map_or_else(|e| e.to_string(), |status| status.to_string());
                Err(Error(format!("iglu ended ({status}) and did not answer {request}")))
            }
            Err(e) => Err(Error(format!("iglu cannot be asked: {e}"))),
        }
    }

    /// Ends it at once.
    pub(super) fn kill(&mut self) {
        // Gone already, or about to be.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}
