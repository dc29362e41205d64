//! The workspace's own commands: `cargo xtask run`, `cargo xtask test` and a few smaller ones.
//!
//! Each command sets up what it needs on a machine with nothing but Rust, and says what it is doing in short lines on
//! standard error. Standard output belongs to the program that is run.

mod bench;
mod cargo;
mod check;
mod debian;
mod demo;
mod interop;
mod target;

use std::env;
use std::process::ExitCode;

const HELP: &str = "\
iglu's workspace commands

Usage: cargo xtask <command>

  run [ARGS]    build everything, then talk to the example plugins in the terminal;
                ARGS go to `iglu chat`, the demo bot lives in `bot/`
  plugins       build the example plugins and put them into `bot/plugins/`,
                where a running iglu picks them up
  target        set up the Rust target that plugins compile to, if it is missing
  test [STEP]   all checks: format, lints, plugins, tests, docs; with STEP, only the steps of that name
  bench [ARGS]  build for release and run the benchmark; ARGS go to it
  interop       let NoneBot, aiocqhttp and botpy talk to the simulators; needs Python 3 and PyPI
  help          this text
";

/// Prints one line of progress.
pub(crate) fn say(line: impl std::fmt::Display) {
    eprintln!("iglu: {line}");
}

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let (command, rest) = match args.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("help", [].as_slice()),
    };
    let done = match command {
        "run" => demo::run(rest),
        "plugins" => demo::plugins(),
        "target" => cargo::Workspace::read()
            .and_then(|workspace| target::ensure(&workspace))
            .map(|()| ExitCode::SUCCESS),
        "test" => check::run(rest),
        "bench" => bench::run(rest),
        "interop" => interop::run(rest),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(ExitCode::SUCCESS)
        }
        unknown => {
            eprint!("error: there is no command `{unknown}`\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}
