//! `cargo xtask run`: a demo bot with the example plugins, in the terminal.

use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::cargo::{Workspace, executables, named, program};
use crate::{say, target};

/// The demo bot's folder at the workspace's top level.
const BOT: &str = "bot";

/// What the examples ask for, granted: the demo bot stands for its owner.
const GRANTS: &str = r#"
# What the example plugins ask for.
[plugin.admin]
grants = ["group-admin", "recall"]
[plugin.daily]
grants = ["send"]
[plugin.remind]
grants = ["send"]
[plugin.weather]
grants = ["http:https://wttr.in"]
"#;

/// Builds all that is needed and becomes `iglu chat bot`, with `args` after it.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let workspace = Workspace::read()?;
    build_examples(&workspace)?;
    say(first(&workspace.program("debug", "iglu"), "building the host", "five to ten minutes"));
    let built = executables(&mut workspace.for_host())?;
    let iglu = named(&built, "iglu")?;
    make_bot(&workspace, iglu)?;
    refresh(&workspace)?;
    say("starting the chat");
    let mut chat = program(iglu);
    chat.current_dir(&workspace.root).args(["chat", BOT]).args(args).stdin(Stdio::inherit());
    become_it(chat)
}

/// Builds the example plugins and refreshes those of the demo bot.
pub(crate) fn plugins() -> Result<ExitCode> {
    let workspace = Workspace::read()?;
    build_examples(&workspace)?;
    refresh(&workspace)?;
    Ok(ExitCode::SUCCESS)
}

fn build_examples(workspace: &Workspace) -> Result<()> {
    target::ensure(workspace)?;
    say(first(&workspace.plugin_dir(), "building the example plugins", "about a minute"));
    workspace.build_plugins()
}

/// What is being done and, when nothing of it has been built yet, how long that takes.
pub(crate) fn first(built: &Path, what: &str, time: &str) -> String {
    if built.exists() { what.to_owned() } else { format!("{what} (first time: {time})") }
}

fn make_bot(workspace: &Workspace, iglu: &Path) -> Result<()> {
    let settings = workspace.root.join(BOT).join("iglu.toml");
    if settings.exists() {
        return Ok(());
    }
    say(format_args!("setting up the demo bot in `{BOT}/`"));
    let mut init = program(iglu);
    let answer = init.current_dir(&workspace.root).args(["init", BOT]).stderr(Stdio::inherit()).output()?;
    if !answer.status.success() {
        bail!("`iglu init {BOT}` failed ({})", answer.status);
    }
    let granted = fs::OpenOptions::new().append(true).open(&settings);
    granted
        .and_then(|mut file| file.write_all(GRANTS.as_bytes()))
        .with_context(|| format!("writing {}", settings.display()))
}

/// Copies each example into the bot's folder, unless the very same file is there.
fn refresh(workspace: &Workspace) -> Result<()> {
    let folder = workspace.root.join(BOT).join("plugins");
    fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
    for plugin in workspace.plugins.iter().filter(|plugin| plugin.example) {
        let built = workspace.plugin_dir().join(&plugin.file);
        if replace(&built, &folder.join(&plugin.file))? {
            say(format_args!("put {} into `{BOT}/plugins/`", plugin.file));
        }
    }
    Ok(())
}

/// Gives `file` the content of `new` in one step, and answers whether it had another one.
fn replace(new: &Path, file: &Path) -> Result<bool> {
    let content = fs::read(new).with_context(|| format!("reading {}", new.display()))?;
    if fs::read(file).is_ok_and(|old| old == content) {
        return Ok(false);
    }
    let mut name = OsString::from(".");
    name.push(file.file_name().context("no file name")?);
    name.push(format!(".{}.new", std::process::id()));
    let beside = file.with_file_name(name);
    let replaced = fs::write(&beside, content).and_then(|()| fs::rename(&beside, file));
    if replaced.is_err() {
        let _ = fs::remove_file(&beside);
    }
    replaced.with_context(|| format!("writing {}", file.display()))?;
    Ok(true)
}

/// Hands this process over, so that signals and the exit code are the chat's own.
#[cfg(unix)]
fn become_it(mut command: Command) -> Result<ExitCode> {
    use std::os::unix::process::CommandExt as _;
    Err(command.exec()).context("starting iglu")
}

/// Runs the chat and answers its exit code.
#[cfg(not(unix))]
fn become_it(mut command: Command) -> Result<ExitCode> {
    let status = command.status().context("starting iglu")?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_only_when_its_content_differs() {
        let folder = std::env::temp_dir().join(format!("xtask-replace-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let (new, file) = (folder.join("new"), folder.join("echo.wasm"));
        fs::write(&new, "one").unwrap();
        assert!(replace(&new, &file).unwrap());
        assert!(!replace(&new, &file).unwrap());
        fs::write(&new, "two").unwrap();
        assert!(replace(&new, &file).unwrap());
        assert_eq!(fs::read_to_string(&file).unwrap(), "two");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 2, "no temporary file stays");
        fs::remove_dir_all(folder).unwrap();
    }
}
