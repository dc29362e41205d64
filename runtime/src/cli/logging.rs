//! The log: on stderr, for people or as JSON.

use std::env;
use std::io::{IsTerminal as _, stderr};

use anyhow::{Context as _, anyhow, bail};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::reload::Handle;

use super::terminal::LogWriter;
use crate::config::LogFormat;

const VARIABLE: &str = "IGLU_LOG";

/// The level of a running log.
pub(super) struct Level(Box<dyn Fn(&str) + Send + Sync>);

impl Level {
    /// It is this one from now on, unless the command line or the environment names one.
    pub(super) fn follow(&self, level: &str) {
        (self.0)(level);
    }
}

/// Starts it. What counts for the level is the flag, else the environment, else `default`, which can be changed later.
pub(super) fn start(format: LogFormat, flag: Option<&str>, default: &str) -> anyhow::Result<Level> {
    let from_environment = env::var(VARIABLE).ok().filter(|value| !value.trim().is_empty());
    let (source, level) = match (flag, &from_environment) {
        (Some(flag), _) => ("--log-level", flag),
        (None, Some(value)) => (VARIABLE, value.as_str()),
        (None, None) => ("log.level in iglu.toml", default),
    };
    let filter = filter(level).with_context(|| {
        format!("{source}: {level:?} is no log level; write error, warn, info, debug or trace, or directives")
    })?;
    let ansi = stderr().is_terminal() && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let lines = tracing_subscriber::fmt().with_writer(|| LogWriter);
    let is_fixed = flag.is_some() || from_environment.is_some();
    let (level, started) = match format {
        LogFormat::Human => {
            let lines = lines.compact().with_ansi(ansi).with_target(false);
            let lines = lines.with_env_filter(filter).with_filter_reloading();
            (changes(is_fixed, lines.reload_handle()), lines.try_init())
        }
        LogFormat::Json => {
            let lines = lines.json().flatten_event(true);
            let lines = lines.with_env_filter(filter).with_filter_reloading();
            (changes(is_fixed, lines.reload_handle()), lines.try_init())
        }
    };
    started.map_err(|e| anyhow!("the log does not start: {e}"))?;
    Ok(level)
}

fn changes<S: 'static>(is_fixed: bool, handle: Handle<EnvFilter, S>) -> Level {
    Level(Box::new(move |level| {
        // The configuration was checked.
        if let (false, Ok(filter)) = (is_fixed, filter(level)) {
            let _ = handle.reload(filter);
        }
    }))
}

/// A bare level is meant for iglu and its plugins: at `debug` the libraries beneath would drown both. Any other bare
/// word is refused, because it would be read as the name of a module and silence everything.
fn filter(level: &str) -> anyhow::Result<EnvFilter> {
    let level = level.trim();
    let is_one_of = |words: &[&str]| words.iter().any(|word| level.eq_ignore_ascii_case(word));
    let directives = if is_one_of(&["info", "debug", "trace"]) {
        format!("warn,iglu={level},plugin={level}")
    } else if level.contains(['=', ',']) || is_one_of(&["off", "error", "warn"]) {
        level.to_owned()
    } else {
        bail!("there is no such level")
    };
    Ok(EnvFilter::builder().parse(directives)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_level_leaves_the_libraries_quiet() {
        for (level, reads) in [
            ("debug", Some("warn,iglu=debug,plugin=debug")),
            ("warn", Some("warn")),
            ("off", Some("off")),
            ("info,iglu::router=trace", Some("info,iglu::router=trace")),
            ("loud=very", None),
            ("deubg", None),
            ("", None),
        ] {
            let directives = |text: &str| {
                let mut parts: Vec<String> = text.split(',').map(str::to_owned).collect();
                parts.sort();
                parts
            };
            let found = filter(level).ok().map(|filter| directives(&filter.to_string()));
            assert_eq!(found, reads.map(directives), "{level}");
        }
    }
}
