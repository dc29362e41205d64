//! `cargo xtask bench`: the benchmark of the tests crate, in the release profile.

use std::process::{ExitCode, Stdio};

use anyhow::{Context as _, Result};

use crate::cargo::{Workspace, executables, named, program, succeed};
use crate::demo::first;
use crate::{say, target};

/// Builds the host and the target `spine` of the tests crate (a benchmark or a program), and runs it with `args`.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let workspace = Workspace::read()?;
    let kind =
        workspace.bench.clone().context("the crate iglu-tests has no benchmark or program named `spine`")?;
    target::ensure(&workspace)?;
    say(first(&workspace.plugin_dir(), "building the plugins", "about a minute"));
    workspace.build_plugins()?;
    let host = workspace.program("release", "iglu");
    say(first(&host, "building the host and the benchmark for release", "about ten minutes"));
    let mut build = workspace.for_host();
    build.args(["--release", &format!("--{kind}"), "spine"]);
    let built = executables(&mut build)?;
    say("running the benchmark");
    let mut bench = program(named(&built, "spine")?);
    bench
        .current_dir(&workspace.root)
        .args(args)
        .stdin(Stdio::inherit())
        .env("IGLU_PLUGINS", workspace.plugin_dir())
        .env("IGLU_BIN", named(&built, "iglu")?);
    succeed(&mut bench)?;
    Ok(ExitCode::SUCCESS)
}
