//! The command line: one file per sub-command.

mod build;
mod chat;
mod dev;
mod init;
mod inspect;
mod logging;
mod new;
mod project;
mod run;
mod simulate;
mod stop;
mod storage;
mod terminal;
mod test_host;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::config::{Config, Language, LogFormat};
use crate::plugin::workshop;

/// The configuration's name in a bot's folder.
const CONFIG: &str = "iglu.toml";

/// A house for QQ bots: sandboxed plugins, swapped while the bot runs.
#[derive(Debug, Parser)]
#[command(name = "iglu", version)]
struct Arguments {
    #[command(flatten)]
    log: LogArguments,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Args)]
struct LogArguments {
    /// Form of the log on stderr [default: as in iglu.toml]
    #[arg(long, global = true, value_name = "FORMAT", value_parser = ["human", "json"])]
    log_format: Option<String>,
    /// Level of the log (error, warn, info, debug, trace), or directives such as `info,iglu::router=debug`. Comes before
    /// the environment's IGLU_LOG and the level in iglu.toml; a chat is at `warn` if neither says more
    #[arg(long, global = true, value_name = "LEVEL")]
    log_level: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a bot's folder: iglu.toml, plugins/ and data/. Nothing that is there is changed
    Init {
        /// The folder
        #[arg(default_value = ".")]
        dir: PathBuf,
        /// Language of the file and of the bot's own answers [default: by LANG]
        #[arg(long, value_name = "LANGUAGE", value_parser = ["zh", "en"])]
        language: Option<String>,
    },
    /// Connect the bots of a folder's iglu.toml and run its plugins
    Run {
        /// The folder
        #[arg(default_value = ".")]
        dir: PathBuf,
    },
    /// Talk to a folder's plugins here in the terminal, without an account
    Chat {
        /// The folder
        #[arg(default_value = ".")]
        dir: PathBuf,
    },
    /// Make a plugin's project in Rust that builds and tests at once
    New(new::Arguments),
    /// Build the plugin of a project, and put its file where it is wanted
    Build(build::Arguments),
    /// Talk to the plugin of a project; each save of its sources is built and takes over at once
    Dev {
        /// The project's folder
        #[arg(default_value = ".")]
        dir: PathBuf,
    },
    /// A house for the tests of a plugin: requests on stdin, answers on stdout, as JSON (see docs/testing.md)
    TestHost,
    /// Play a platform that a bot can connect to: people, groups, and faults
    #[command(subcommand)]
    Simulate(Simulated),
    /// Look into what plugins have stored, while iglu is not running
    #[command(subcommand)]
    Storage(storage::Command),
    /// Compile a plugin from stdin into a cache folder: iglu runs itself so, for the memory that this takes
    #[command(name = crate::plugin::workshop::COMMAND, hide = true)]
    Compile {
        /// The folder
        cache: PathBuf,
    },
    /// Tell what a plugin is, what it listens to, and what it asks for
    Inspect {
        /// The plugin
        file: PathBuf,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
enum Simulated {
    /// A NapCat: type messages as any user, see what the bot does, and let things go wrong. `:help` lists the words
    Napcat(simulate::Arguments),
    /// The official QQ platform: token, REST, gateway, webhook. `:help` lists the words
    Qq(simulate::qq::Arguments),
}

/// The program: reads the arguments, carries the command out, and tells on stderr what went wrong.
#[must_use]
pub fn main() -> ExitCode {
    if let Ok(program) = std::env::current_exe() {
        workshop::use_program(program);
    }
    match carry_out(Arguments::parse()) {
        Ok(code) => code,
        Err(e) => {
            terminal::note(&format!("iglu: {e:#}"));
            ExitCode::FAILURE
        }
    }
}

fn carry_out(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let log = arguments.log;
    match arguments.command {
        Command::Init { dir, language } => {
            init::run(&dir, language.as_deref().map_or_else(Language::from_environment, language_of))
        }
        Command::Compile { cache } => {
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut std::io::stdin(), &mut bytes)?;
            workshop::work(&cache, &bytes)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::New(arguments) => new::run(arguments),
        Command::Build(arguments) => {
            log.start(None, "warn")?;
            blocking_on(build::run(arguments, Language::from_environment()))
        }
        Command::Dev { dir } => {
            let (project, config) = dev::prepare(&dir)?;
            log.start(Some(config.log.format), "warn")?;
            blocking_on(dev::run(project, config))
        }
        Command::TestHost => test_host::run(),
        Command::Simulate(Simulated::Napcat(arguments)) => {
            log.start(None, "warn")?;
            blocking_on(simulate::napcat(arguments, Language::from_environment()))
        }
        Command::Simulate(Simulated::Qq(arguments)) => {
            log.start(None, "warn")?;
            blocking_on(simulate::qq::run(arguments, Language::from_environment()))
        }
        Command::Inspect { file, json } => {
            log.start(None, "warn")?;
            blocking_on(inspect::run(&file, json, Language::from_environment()))
        }
        Command::Storage(command) => {
            log.start(None, "warn")?;
            storage::run(command, Language::from_environment())
        }
        Command::Run { dir } => {
            let config = load(&dir)?;
            let level = log.start(Some(config.log.format), &config.log.level)?;
            blocking_on(run::run(config, level))
        }
        Command::Chat { dir } => {
            let config = load(&dir)?;
            log.start(Some(config.log.format), "warn")?;
            blocking_on(chat::run(config))
        }
    }
}

impl LogArguments {
    fn start(&self, format: Option<LogFormat>, level: &str) -> anyhow::Result<logging::Level> {
        let format = match self.log_format.as_deref() {
            Some("json") => LogFormat::Json,
            Some(_) => LogFormat::Human,
            None => format.unwrap_or(LogFormat::Human),
        };
        logging::start(format, self.log_level.as_deref(), level)
    }
}

fn load(dir: &Path) -> anyhow::Result<Config> {
    Ok(Config::load(&dir.join(CONFIG))?)
}

/// Runs to the end without waiting for threads that still compile or read.
fn blocking_on(work: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Runtime::new()?;
    let code = runtime.block_on(work);
    runtime.shutdown_background();
    code
}

fn language_of(word: &str) -> Language {
    if word == "zh" { Language::Chinese } else { Language::English }
}

/// One of two texts, by language.
fn pick<'a>(language: Language, chinese: &'a str, english: &'a str) -> &'a str {
    language.pick(chinese, english)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        use clap::CommandFactory as _;
        Arguments::command().debug_assert();
    }

    #[test]
    fn log_flags_may_stand_before_and_after_the_command() {
        for line in [["--log-level", "debug", "run", "bot"], ["run", "bot", "--log-level", "debug"]] {
            let arguments = Arguments::try_parse_from(["iglu"].into_iter().chain(line)).unwrap();
            assert_eq!(arguments.log.log_level.as_deref(), Some("debug"));
            assert!(matches!(arguments.command, Command::Run { dir } if dir == Path::new("bot")));
        }
        assert!(Arguments::try_parse_from(["iglu", "run", "--log-format", "xml"]).is_err());
        assert!(Arguments::try_parse_from(["iglu", "inspect"]).is_err());
    }
}
