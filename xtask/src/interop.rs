//! `cargo xtask interop`: clients of OneBot and of the official platform, written by others, against the simulators.
//!
//! They are Python packages of pinned versions and live in an environment of their own in the target folder, which is
//! made once. Nothing but their installation leaves this machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};

use crate::cargo::{Workspace, executables, named, program, succeed};
use crate::demo::first;
use crate::say;

/// With this argument, clients that cannot be installed are no failure: for machines that do not reach PyPI.
const LENIENT: &str = "--skip-without-pypi";

/// Installs the clients if need be, builds the driver, and runs it.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let workspace = Workspace::read()?;
    let scripts = workspace.root.join("tests").join("interop");
    let folder = workspace.target_dir.join("interop");
    let python = match environment(&folder, &scripts.join("requirements.txt")) {
        Err(reason) if args.iter().any(|arg| arg == LENIENT) => {
            say(format_args!("skipped, for the clients cannot be installed: {reason:#}"));
            return Ok(ExitCode::SUCCESS);
        }
        python => python?,
    };
    say(first(&workspace.program("debug", "iglu"), "building the simulator", "some minutes"));
    let built = executables(&mut workspace.for_host())?;
    say("running the clients");
    let status = program(named(&built, "interop")?).arg(python).arg(scripts).status()?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The Python that has exactly the packages of `requirements`.
fn environment(folder: &Path, requirements: &Path) -> Result<PathBuf> {
    let wanted = fs::read_to_string(requirements).with_context(|| requirements.display().to_string())?;
    let stamp = folder.join("requirements.txt");
    let python = match cfg!(windows) {
        true => folder.join("Scripts").join("python.exe"),
        false => folder.join("bin").join("python"),
    };
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    say("installing the clients from PyPI, about a minute");
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    succeed(program("python3").args(["-m", "venv"]).arg(folder))
        .context("Python 3 with its module `venv` is needed")?;
    let quiet = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--timeout",
        "30",
        "--retries",
        "2",
    ];
    succeed(program(&python).args(quiet).arg("--requirement").arg(requirements))
        .context("the clients could not be installed from PyPI")?;
    fs::write(&stamp, wanted).with_context(|| stamp.display().to_string())?;
    Ok(python)
}
