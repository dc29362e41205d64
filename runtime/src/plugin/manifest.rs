//! What a plugin says of itself: the JSON that `describe` answers.
//!
//! These types are the one source of `wit/manifest.schema.json`. Unknown fields are ignored, so that a plugin built
//! for a newer host still loads; wrong values of known fields are refused with the reason.

use std::collections::HashSet;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use super::arguments::{Argument, Kind};

/// A plugin's manifest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "iglu plugin manifest")]
pub struct Manifest {
    /// The contract's version that the plugin was built for, e.g. `0.1.0`.
    #[serde(default = "contract_version")]
    pub contract: String,
    /// Names the plugin in the owner's configuration and in its storage: lower-case letters, digits, `-`, `_` and `.`,
    /// beginning with a letter, at most 64 characters. Two files with one id are one plugin twice, which is refused.
    pub id: String,
    /// The name that people see. Default: the id.
    #[serde(default)]
    pub name: String,
    /// The plugin's own version, free text.
    #[serde(default)]
    pub version: String,
    /// One sentence for `/help` and the console.
    #[serde(default)]
    pub description: String,
    /// Who wrote it.
    #[serde(default)]
    pub authors: Vec<String>,
    /// Where to read more.
    #[serde(default)]
    pub homepage: Option<String>,
    /// What it asks the owner to grant.
    #[serde(default)]
    pub permissions: Vec<PermissionRequest>,
    /// JSON Schema of its table in `iglu.toml` (`[plugin.<id>.config]`); `default`s are filled in.
    #[serde(default)]
    pub config: Option<Value>,
    /// What it listens to.
    #[serde(default)]
    pub handlers: Vec<Handler>,
}

/// A permission and why it is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PermissionRequest {
    /// `send`, `recall`, `group-admin`, `friends`, `files`, `http:<origin>` or `call:<action pattern>`.
    pub name: String,
    /// Shown to the owner.
    #[serde(default)]
    pub reason: String,
}

/// One handler: what wakes it, and for whom.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Handler {
    /// The name that `handle` is called with; unique in the plugin.
    pub name: String,
    /// What it listens to.
    pub on: Trigger,
    /// Who may use it.
    #[serde(default)]
    pub who: Who,
    /// In which chats.
    #[serde(default)]
    pub chats: Chats,
    /// Only messages to the bot: private, mentioning it, or quoting it.
    #[serde(default)]
    pub to_me: bool,
    /// Higher runs earlier, across all plugins.
    #[serde(default)]
    pub priority: i32,
    /// Later handlers wait for this one, and do not see the event when it answers `handled`.
    #[serde(default)]
    pub block: bool,
    /// At most one run in this time.
    #[serde(default)]
    pub cooldown: Option<Cooldown>,
    /// At most so many runs in a time. A command that comes too early is answered once by the host, and not run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
}

/// What a handler listens to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Trigger {
    /// A message that begins with a prefix and this word.
    Command(Command),
    /// A message that contains one of these words.
    Keyword(Keyword),
    /// A message whose text matches.
    Regex(Regex),
    /// Events by kind.
    Event(Kinds),
    /// A time table.
    Cron(Cron),
}

/// A command and how it is explained.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Command {
    /// The word after the prefix; may hold spaces for a sub-command (`note add`).
    pub name: String,
    /// Other words for the same.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// What comes after the name, as `/help` shows it: `<text> [times]`. If it is empty, it is made of the declaration.
    #[serde(default)]
    pub usage: String,
    /// What the user writes after the name, in this order. If there are arguments or options, the host parses them,
    /// answers wrong use itself, and gives the values.
    #[serde(default)]
    pub arguments: Vec<Argument>,
    /// `--times 3`, `--times=3`, `-t 3`, `--loud`: anywhere before a rest of the text, in any order.
    #[serde(default)]
    pub options: Vec<Argument>,
    /// One line for `/help`.
    #[serde(default)]
    pub help: String,
}

/// Words to look for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Keyword {
    /// Any of these, case-insensitively.
    pub any: Vec<String>,
}

/// A pattern to look for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Regex {
    /// In the syntax of the `regex` crate (no look-around, no back-references).
    pub pattern: String,
}

/// Event kinds to listen to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Kinds {
    /// The contract's case names joined by dots, e.g. `notice.member-joined`. A shorter one means all below it.
    pub kinds: Vec<String>,
}

/// A time table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Cron {
    /// Five fields: minute, hour, day of month, month, day of week.
    pub line: String,
    /// IANA time zone. Default: the host's setting (`timezone` in iglu.toml).
    #[serde(default)]
    pub zone: Option<String>,
    /// What becomes of runs that fell due while the host was down, the machine slept or the plugin was not there.
    #[serde(default)]
    pub missed: Missed,
}

/// What becomes of runs that come more than a minute late.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Missed {
    /// They are left out. No run comes twice, even if the host is killed during it.
    #[default]
    Skip,
    /// One run makes up for all of them. A run during which the host was killed comes again, marked `redelivered`.
    Once,
}

/// Who may use a handler.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Who {
    /// No condition.
    #[default]
    Everyone,
    /// Administrators and the owner of the group (in private chats: everyone), and superusers.
    GroupAdmin,
    /// The owner of the group, and superusers.
    GroupOwner,
    /// The users whom the owner listed in `superusers`.
    Superuser,
}

/// In which chats a handler listens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Chats {
    /// Everywhere.
    #[default]
    Any,
    /// Private, temporary and direct chats.
    Private,
    /// Groups and channels.
    Group,
}

/// How often a handler may run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cooldown {
    /// The time between two runs.
    pub seconds: f64,
    /// Whose runs are counted together.
    #[serde(default)]
    pub scope: CooldownScope,
}

/// The highest `count` of a rate: each run that counts is kept in memory.
pub const MAX_RATE: u32 = 1000;

/// Bytes of the JSON. Whoever reads it has the host's memory and time.
const LONGEST: usize = 1 << 20;
/// Handlers of one plugin.
const MOST_HANDLERS: usize = 1000;
/// Compiled sizes of its patterns, all together.
const PATTERNS: usize = 32 << 20;
const TOO_LARGE: &str = "this regex and those before it are too large together; write `[0-9]` for `\\d`, `[A-Za-z0-9_]` \
                         for `\\w`, which have all the world's digits and letters, or shorter repetitions";

/// At most so many runs in a time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Rate {
    /// How many runs, 1 to 1000.
    pub count: u32,
    /// In any so many seconds.
    pub seconds: f64,
    /// Whose runs are counted together.
    #[serde(default)]
    pub scope: CooldownScope,
}

/// Whose runs a cooldown or a rate counts together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CooldownScope {
    /// Each user for themselves.
    #[default]
    User,
    /// Each chat for itself.
    Chat,
    /// Everyone together.
    Plugin,
}

fn contract_version() -> String {
    "0.1.0".to_owned()
}

/// Why a manifest is refused. The text names the field, the fault and the remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ManifestError(String);

impl fmt::Display for ManifestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Manifest {
    /// Reads and checks what `describe` answered.
    ///
    /// # Errors
    ///
    /// When it is not JSON of the manifest's shape, or a value in it cannot work.
    pub fn parse(json: &str) -> Result<Self, ManifestError> {
        if json.len() > LONGEST {
            return Err(ManifestError(format!(
                "the manifest that `describe` answered has {} bytes; {LONGEST} are allowed",
                json.len()
            )));
        }
        let mut manifest: Self = serde_json::from_str(json).map_err(|e| {
            ManifestError(format!("the manifest that `describe` answered does not fit its schema: {e}"))
        })?;
        if manifest.name.is_empty() {
            manifest.name.clone_from(&manifest.id);
        }
        for handler in &mut manifest.handlers {
            if let Trigger::Command(command) = &mut handler.on {
                super::arguments::settle(command).map_err(|reason| {
                    ManifestError(format!("manifest: handler {:?}: {reason}", handler.name))
                })?;
            }
        }
        manifest.check()?;
        Ok(manifest)
    }

    /// The handler with this name.
    #[must_use]
    pub fn handler(&self, name: &str) -> Option<&Handler> {
        self.handlers.iter().find(|handler| handler.name == name)
    }

    fn check(&self) -> Result<(), ManifestError> {
        let wrong = |text: String| Err(ManifestError(text));
        let id = &self.id;
        let well_formed = id.len() <= 64
            && id.starts_with(|c: char| c.is_ascii_lowercase())
            && id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c));
        if !well_formed {
            return wrong(format!(
                "manifest: id {id:?} is not usable; write lower-case letters, digits, `-`, `_` and `.`, a letter \
                 first, at most 64 characters"
            ));
        }
        if self.handlers.len() > MOST_HANDLERS {
            return wrong(format!(
                "manifest: it has {} handlers; {MOST_HANDLERS} are allowed",
                self.handlers.len()
            ));
        }
        let (mut names, mut patterns) = (HashSet::new(), 0);
        for (index, handler) in self.handlers.iter().enumerate() {
            let name = &handler.name;
            if name.is_empty() {
                return wrong(format!("manifest: handler number {} has no name", index + 1));
            }
            if !names.insert(name) {
                return wrong(format!("manifest: two handlers are named {name:?}; names must be unique"));
            }
            if let Err(reason) = handler.on.check(&mut patterns) {
                return wrong(format!("manifest: handler {name:?}: {reason}"));
            }
            if let Some(cooldown) = handler.cooldown
                && !(cooldown.seconds.is_finite() && cooldown.seconds >= 0.0)
            {
                return wrong(format!(
                    "manifest: handler {name:?}: cooldown of {} seconds",
                    cooldown.seconds
                ));
            }
            if let Some(rate) = handler.rate
                && !(rate.seconds.is_finite() && rate.seconds > 0.0 && (1..=MAX_RATE).contains(&rate.count))
            {
                return wrong(format!(
                    "manifest: handler {name:?}: a rate of {} runs in {} seconds cannot be kept; `count` is 1 to \
                     {MAX_RATE}, `seconds` more than 0",
                    rate.count, rate.seconds
                ));
            }
        }
        if let Some(schema) = &self.config
            && let Err(e) = crate::config::schema_validator(schema)
        {
            return wrong(format!("manifest: `config` is not a JSON Schema: {e}"));
        }
        Ok(())
    }
}

impl Command {
    /// Whether the host parses what comes after its name.
    pub(crate) fn is_typed(&self) -> bool {
        !(self.arguments.is_empty() && self.options.is_empty())
    }
}

impl Trigger {
    /// `patterns` counts their sizes.
    fn check(&self, patterns: &mut usize) -> Result<(), String> {
        let blank = |text: &String| text.trim().is_empty();
        match self {
            Self::Command(command) if blank(&command.name) => Err("its command has no name".to_owned()),
            Self::Command(command) if command.aliases.iter().any(blank) => {
                Err(format!("command {:?} has an empty alias", command.name))
            }
            Self::Keyword(keyword) if keyword.any.is_empty() || keyword.any.iter().any(blank) => {
                Err("`keyword.any` needs at least one word, and no empty one".to_owned())
            }
            Self::Regex(regex) => {
                let size = crate::router::pattern_size(&regex.pattern);
                *patterns += size.map_err(|e| format!("its regex does not compile: {e}"))?;
                if *patterns <= PATTERNS { Ok(()) } else { Err(TOO_LARGE.to_owned()) }
            }
            Self::Cron(cron) => crate::schedule::check(&cron.line, cron.zone.as_deref()),
            Self::Event(kinds) if kinds.kinds.is_empty() => Err("`event.kinds` is empty".to_owned()),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The schema is published beside the contract. `IGLU_UPDATE=1 cargo test -p iglu published_schema` writes it anew.
    #[test]
    fn the_published_schema_is_the_one_of_these_types() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../wit/manifest.schema.json");
        let schema = serde_json::to_string_pretty(&schemars::schema_for!(Manifest)).unwrap() + "\n";
        if std::env::var_os("IGLU_UPDATE").is_some() {
            std::fs::write(path, &schema).unwrap();
        }
        let published = std::fs::read_to_string(path).unwrap_or_default();
        assert_eq!(published, schema, "wit/manifest.schema.json is not up to date; see this test's comment");
    }

    #[test]
    fn a_manifest_needs_an_id_and_forgives_what_it_does_not_know() {
        let manifest = Manifest::parse(r#"{"id":"a","newer":1,"handlers":[]}"#).unwrap();
        assert_eq!((manifest.name.as_str(), manifest.contract.as_str()), ("a", "0.1.0"));
        let handler = r#"{"name":"x","on":{"command":{"name":"x"}}}"#;
        let bad = [
            ("not json", "does not fit its schema"),
            ("{}", "missing field `id`"),
            (r#"{"id":"Bad Id"}"#, "is not usable"),
            (r#"{"id":"a","handlers":[{"name":"x","on":{"sky":{}}}]}"#, "unknown variant `sky`"),
            (r#"{"id":"a","handlers":[{"name":"x","on":{"regex":{"pattern":"("}}}]}"#, "does not compile"),
            (r#"{"id":"a","handlers":[{"name":"x","on":{"keyword":{"any":[]}}}]}"#, "at least one word"),
            (r#"{"id":"a","handlers":[{"name":"x","on":{"cron":{"line":"0 8 * *"}}}]}"#, "has 4 field(s)"),
            (
                r#"{"id":"a","handlers":[{"name":"x","on":{"cron":{"line":"0 8 * * *","zone":"Asia/Shangai"}}}]}"#,
                "is no time zone",
            ),
            (
                r#"{"id":"a","handlers":[{"name":"x","on":{"cron":{"line":"0 8 * * *","missed":"twice"}}}]}"#,
                "unknown variant `twice`",
            ),
            (r#"{"id":"a","config":{"type":12}}"#, "not a JSON Schema"),
            (
                r#"{"id":"a","handlers":[{"name":"x","on":{"command":{"name":"x"}},"rate":{"count":0,"seconds":1}}]}"#,
                "`count` is 1 to 1000",
            ),
            (&format!(r#"{{"id":"a","handlers":[{handler},{handler}]}}"#), "two handlers are named"),
        ];
        let handlers = |count: usize, on: &str| {
            let handler = |number: usize| format!(r#"{{"name":"h{number}","on":{on}}}"#);
            let handlers: Vec<String> = (0..count).map(handler).collect();
            format!(r#"{{"id":"a","handlers":[{}]}}"#, handlers.join(","))
        };
        let patterns = r#"{"regex":{"pattern":"\\w{40}"}}"#;
        let arguments: Vec<String> = (0..65).map(|number| format!(r#"{{"name":"a{number}"}}"#)).collect();
        let arguments = format!(r#"{{"command":{{"name":"x","arguments":[{}]}}}}"#, arguments.join(","));
        let long = format!(r#"{{"id":"a","description":"{}"}}"#, "x".repeat(LONGEST));
        let large = [
            (long, "1048576 are allowed"),
            (handlers(MOST_HANDLERS + 1, r#"{"command":{"name":"x"}}"#), "1000 are allowed"),
            (handlers(1, &arguments), "has 65 arguments and options; 64 are allowed"),
            (handlers(1, r#"{"regex":{"pattern":"\\w{100}{100}"}}"#), "does not compile"),
            (handlers(MOST_HANDLERS, patterns), "too large together"),
        ];
        Manifest::parse(&handlers(10, patterns)).unwrap();
        for (json, reason) in bad.into_iter().chain(large.iter().map(|(json, reason)| (&**json, *reason))) {
            let error = Manifest::parse(json).unwrap_err().to_string();
            assert!(error.contains(reason), "{json}: {error}");
        }
    }
}
