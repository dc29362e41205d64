//! `cargo xtask test`: every check, the quick ones first, and an end at the first that fails.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, bail};

use crate::cargo::{Workspace, executables, named, program, succeed};
use crate::{say, target};

struct Step {
    name: &'static str,
    what: &'static str,
    run: fn(&Workspace) -> Result<()>,
}

const STEPS: [Step; 7] = [
    Step { name: "format", what: "rustfmt finds nothing to change", run: format },
    Step { name: "plugins", what: "every plugin compiles to a component", run: plugins },
    Step { name: "plugin-lints", what: "clippy on the plugins as components", run: plugin_lints },
    Step { name: "lints", what: "clippy on everything (first time: two minutes)", run: lints },
    Step { name: "host", what: "the host compiles (first time: five to ten minutes)", run: host },
    Step { name: "tests", what: "unit, end-to-end and documentation tests", run: tests },
    Step { name: "docs", what: "the documentation builds without a warning", run: docs },
];

/// Runs the steps called `only`, or all.
pub(crate) fn run(only: &[String]) -> Result<ExitCode> {
    if let Some(unknown) = only.iter().find(|name| STEPS.iter().all(|step| step.name != *name)) {
        let names: Vec<_> = STEPS.iter().map(|step| step.name).collect();
        bail!("there is no step `{unknown}`; the steps are {}", names.join(", "));
    }
    let workspace = Workspace::read()?;
    let steps: Vec<_> =
        STEPS.iter().filter(|step| only.is_empty() || only.iter().any(|name| name == step.name)).collect();
    let (start, count) = (Instant::now(), steps.len());
    for (number, step) in (1..).zip(steps) {
        say(format_args!("[{number}/{count}] {}: {}", step.name, step.what));
        let begin = Instant::now();
        (step.run)(&workspace).map_err(|error| {
            let time = spoken(begin.elapsed());
            anyhow!("[{number}/{count}] {} FAILED after {time}: {error:#}", step.name)
        })?;
        say(format_args!("[{number}/{count}] {}: passed in {}", step.name, spoken(begin.elapsed())));
    }
    let which = if only.is_empty() { "all checks" } else { "these checks" };
    say(format_args!("{which} passed ({count} steps in {})", spoken(start.elapsed())));
    Ok(ExitCode::SUCCESS)
}

fn format(workspace: &Workspace) -> Result<()> {
    component("rustfmt", "cargo-fmt")?;
    succeed(workspace.cargo("fmt").args(["--all", "--check"]))
}

fn plugins(workspace: &Workspace) -> Result<()> {
    target::ensure(workspace)?;
    workspace.build_plugins()
}

fn plugin_lints(workspace: &Workspace) -> Result<()> {
    component("clippy", "cargo-clippy")?;
    target::ensure(workspace)?;
    succeed(workspace.for_plugins("clippy").args(["--lib", "--", "-D", "warnings"]))
}

fn host(workspace: &Workspace) -> Result<()> {
    executables(&mut workspace.for_host()).map(drop)
}

/// The end-to-end tests start the built host and load the built plugins, so both are made sure of.
fn tests(workspace: &Workspace) -> Result<()> {
    plugins(workspace)?;
    let built = executables(&mut workspace.for_host())?;
    let mut test = workspace.cargo("test");
    test.arg("--workspace")
        .env("IGLU_PLUGINS", workspace.plugin_dir())
        .env("IGLU_BIN", named(&built, "iglu")?);
    succeed(&mut test)
}

fn lints(workspace: &Workspace) -> Result<()> {
    component("clippy", "cargo-clippy")?;
    succeed(workspace.cargo("clippy").args(["--workspace", "--all-targets", "--", "-D", "warnings"]))
}

fn docs(workspace: &Workspace) -> Result<()> {
    succeed(workspace.cargo("doc").args(["--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"))
}

/// Makes sure of a part of the toolchain that a minimal one lacks.
fn component(name: &str, tool: &str) -> Result<()> {
    if target::run_quietly(program(tool).arg("--version")).is_ok() {
        return Ok(());
    }
    say(format_args!("adding {name} to the toolchain (rustup, at most three minutes)"));
    target::run_quietly(program("rustup").args(["component", "add", name])).map_err(|reason| {
        anyhow!("{name} is missing and rustup could not add it ({reason}); add it with `rustup component add {name}`")
    })
}

fn spoken(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_words() {
        for (seconds, words) in [(0, "0 s"), (59, "59 s"), (60, "1 min 0 s"), (605, "10 min 5 s")] {
            assert_eq!(spoken(Duration::from_secs(seconds)), words);
        }
    }
}
