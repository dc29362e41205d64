//! `iglu.toml`: as written, then validated once. Nothing later reads the file's own tables.
//!
//! Everything is optional; an empty file is a host without bots.
//!
//! ```toml
//! language = "zh"                 # of /help and the host's own answers: "zh" or "en"; default by LANG
//! timezone = "Asia/Shanghai"      # of cron lines that name none
//! superusers = ["10001"]          # may use what plugins keep for superusers
//! [commands]
//! prefixes = ["/"]                # `／` is the same as `/`
//! rate = { count = 20, time = "60s" } # of each user; none by default
//! [access]                        # whose events are let in, see `Access`
//! deny_users = ["10002", "onebot:10003"]
//! deny_chats = ["20002", "private:10004"]
//! [log]
//! format = "human"                # or "json"
//! level = "info"                  # or directives such as "info,iglu::router=debug"
//! [folders]                       # relative to this file
//! plugins = "plugins"
//! data = "data"
//! [[bot]]
//! url = "ws://127.0.0.1:3001"
//! token = "secret"                # or token_file = "token.txt"
//! name = "main"                   # in logs; default: host and port
//! ca = "cert.pem"                 # for wss:// with a certificate of one's own
//! platform = "onebot"             # the default
//! [[bot]]                         # the official platform, by its gateway
//! platform = "qq"
//! app_id = "102000000"
//! secret = "..."                  # or secret_file = "secret.txt"
//! listen = "http://127.0.0.1:8080/qq" # by webhook instead, behind a proxy with TLS
//! [limits]                        # for every plugin, see `Limits`
//! memory = "64 MiB"
//! [plugin.echo]
//! enabled = true
//! grants = ["send", "call:get_*"] # see `policy`
//! config = { greeting = "hi" }    # by the plugin's own schema; of a secret `x` also x_file = "x.txt"
//! limits = { memory = "128 MiB" }
//! access = { allow_chats = ["20001"] } # as [access], for this plugin alone
//! default = "on"                  # in chats where nobody said otherwise, see `Presence`
//! off = ["20003"]
//! rates = { echo = { count = 3, time = "60s", per = "chat" } } # by handler or command
//! [plugin.echo.commands."echo"]    # by the name that the plugin gives it
//! name = "repeat"                 # also: aliases, prefixes, enabled
//! ```

mod access;
mod addresses;
mod bots;
mod commands;
mod limits;
mod nearest;
mod official;
mod rates;
mod schema;
mod secrets;
mod source;
mod values;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use serde_json::Value;
use toml::de::{DeTable, DeValue};

pub use access::{Access, Chats, Presence, Users};
pub use addresses::AddressBlock;
pub use bots::{BotConfig, BotConfigs, Secret};
pub use commands::CommandConfig;
pub use limits::Limits;
pub(crate) use nearest::nearest;
pub use official::OfficialConfig;
pub use rates::Rates;
pub(crate) use schema::validator as schema_validator;
pub use schema::{PluginSettings, plugin_config};
pub(crate) use secrets::{hide, shown};
pub use source::{ConfigError, ConfigErrors};

use crate::plugin::manifest::Rate;
use crate::policy::Grant;
use source::{Section, Source, list};

/// The host's whole configuration, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The file that it stands in; relative paths begin in its folder.
    pub file: PathBuf,
    /// Of the host's own answers in chats.
    pub language: Language,
    /// Of cron lines that name none: an IANA name.
    pub timezone: String,
    /// Users who may use what plugins keep for superusers.
    pub superusers: Users,
    /// Whose events are let in.
    pub access: Access,
    /// How often each user may use commands, all together.
    pub command_rate: Option<Rate>,
    /// What a command begins with; `""` is none. Never empty.
    pub prefixes: Vec<String>,
    /// The host's log.
    pub log: LogConfig,
    /// Where the plugins' files are.
    pub plugins_dir: PathBuf,
    /// Where the host keeps what must last.
    pub data_dir: PathBuf,
    /// Where compiled plugins are kept: a folder in `data_dir`, unless a program sets another.
    pub cache_dir: PathBuf,
    /// The accounts to connect.
    pub bots: BotConfigs,
    /// Where names may lead a plugin's HTTP, besides the internet.
    pub http_addresses: Vec<AddressBlock>,
    /// What a plugin without limits of its own may use.
    pub limits: Limits,
    /// What is said about single plugins, by id.
    pub plugins: BTreeMap<String, PluginConfig>,
}

/// The configuration as it stands now: whoever asks again sees a change of the file.
pub type Live = Arc<ArcSwap<Config>>;

/// The language of the host's own answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Language {
    /// Chinese.
    Chinese,
    /// English.
    #[default]
    English,
}

/// How the host logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogConfig {
    /// For people or for programs.
    pub format: LogFormat,
    /// A level, or directives as `tracing_subscriber::EnvFilter` reads them.
    pub level: String,
}

/// The form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines to read.
    Human,
    /// One JSON object a line.
    Json,
}

/// What the owner says about one plugin.
#[derive(Clone, PartialEq)]
pub struct PluginConfig {
    /// Whether it runs.
    pub enabled: bool,
    /// What it may do, if its manifest asks for it too.
    pub grants: Vec<Grant>,
    /// Its own settings, a JSON object not yet checked against its schema: see [`plugin_config`].
    pub config: Value,
    /// What it may use.
    pub limits: Limits,
    /// Whose events it is given.
    pub access: Access,
    /// Where it is on until somebody says otherwise in a chat.
    pub presence: Presence,
    /// How often its handlers may run, instead of what its manifest says.
    pub rates: Rates,
    /// Commands that are called otherwise than it says, by their names.
    pub commands: BTreeMap<String, CommandConfig>,
}

impl Config {
    /// Reads and checks a file.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, each with its line, its key and what to write.
    pub fn load(path: &Path) -> Result<Self, ConfigErrors> {
        let unreadable = |cause: String| {
            ConfigErrors(vec![ConfigError { file: path.to_owned(), at: None, key: String::new(), cause }])
        };
        let text = std::fs::read_to_string(path).map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => {
                let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
                let folder = folder.map(|folder| format!(" {}", folder.display())).unwrap_or_default();
                unreadable(format!("there is no such file; `iglu init{folder}` makes one"))
            }
            std::io::ErrorKind::InvalidData => unreadable("is not UTF-8 text; save it as UTF-8".to_owned()),
            _ => unreadable(format!("cannot be read: {e}")),
        })?;
        Self::parse(&text, path)
    }

    /// Checks a text as if it stood in the file `path`, to whose folder its paths are relative.
    ///
    /// # Errors
    ///
    /// As [`Config::load`].
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigErrors> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let source = Source::new(path, text);
        let (table, faults) = DeTable::parse_recoverable(text);
        if !faults.is_empty() {
            for fault in &faults {
                source.wrong(
                    &fault.span().unwrap_or_default(),
                    "",
                    format!("is not TOML: {}", fault.message()),
                );
            }
            return source.finish(None);
        }
        let config = read(&source.top(&table), path);
        drop(table);
        source.finish(Some(config))
    }

    /// Where large answers of the web lie until they are sent.
    pub(crate) fn downloads(&self) -> PathBuf {
        self.data_dir.join("downloads")
    }

    /// The folder that relative paths begin in.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.file.parent().unwrap_or_else(|| Path::new(""))
    }

    /// What counts for the plugin with this id, named in the file or not.
    #[must_use]
    pub fn plugin(&self, id: &str) -> PluginConfig {
        self.plugins.get(id).cloned().unwrap_or_else(|| PluginConfig {
            enabled: true,
            grants: Vec::new(),
            config: Value::Object(serde_json::Map::new()),
            limits: self.limits.clone(),
            access: Access::default(),
            presence: Presence::default(),
            rates: Rates::default(),
            commands: BTreeMap::new(),
        })
    }
}

/// Which of its settings are secret only the plugin's schema knows, so none is shown.
impl fmt::Debug for PluginConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PluginConfig")
            .field("enabled", &self.enabled)
            .field("grants", &self.grants)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl Language {
    /// The one of two that is in this language.
    pub fn pick<T>(self, chinese: T, english: T) -> T {
        match self {
            Self::Chinese => chinese,
            Self::English => english,
        }
    }

    /// What `LC_ALL`, `LC_MESSAGES` or `LANG` names; Chinese if they name nothing.
    #[must_use]
    pub fn from_environment() -> Self {
        let named = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(|name| std::env::var(name).ok());
        Self::of_locale(named.into_iter().find(|locale| !locale.is_empty()).as_deref())
    }

    fn of_locale(locale: Option<&str>) -> Self {
        let language = locale.unwrap_or_default().split(['_', '.', '@']).next().unwrap_or_default();
        if ["", "C", "POSIX", "zh"].contains(&language) { Self::Chinese } else { Self::English }
    }
}

fn read(top: &Section<'_>, file: &Path) -> Config {
    let folder = file.parent().unwrap_or_else(|| Path::new(""));
    let languages = [("zh", Language::Chinese), ("en", Language::English)];
    let language = top.read("language", |value| values::word(value, &languages));
    let timezone = top.read("timezone", |value| {
        let name = values::text(value)?;
        crate::schedule::zone(&name).map(|_| name)
    });
    let superusers = access::users(top, "superusers").unwrap_or_default();
    let access = Access::read(&top.section("access"));

    let commands = top.section("commands");
    let prefixes = commands.read_each("prefixes", prefix);
    if prefixes.as_ref().is_some_and(Vec::is_empty) {
        commands.wrong("prefixes", "is empty; write `[\"/\"]`, or `[\"\"]` for commands without a prefix");
    }
    let command_rate = commands.read("rate", rates::of_commands);
    commands.finish();

    let folders = top.section("folders");
    let place =
        |key, default| folder.join(folders.read(key, values::text).unwrap_or_else(|| String::from(default)));
    let (plugins_dir, data_dir) = (place("plugins", "plugins"), place("data", "data"));
    folders.finish();

    let http = top.section("http");
    let http_addresses = http.read_each("allow_addresses", addresses::block).unwrap_or_default();
    http.finish();

    let log = read_log(&top.section("log"));
    let bots = BotConfigs::read(top, folder);
    let limits = Limits::read(&top.section("limits"), &Limits::default());
    let plugins = read_plugins(&top.section("plugin"), &limits);
    top.finish();
    Config {
        file: file.to_owned(),
        language: language.unwrap_or_else(Language::from_environment),
        timezone: timezone.unwrap_or_else(|| "Asia/Shanghai".to_owned()),
        superusers,
        access,
        command_rate,
        prefixes: prefixes.unwrap_or_else(|| vec!["/".to_owned()]),
        log,
        plugins_dir,
        cache_dir: data_dir.join("cache"),
        data_dir,
        bots,
        http_addresses,
        limits,
        plugins,
    }
}

fn read_log(section: &Section<'_>) -> LogConfig {
    let formats = [("human", LogFormat::Human), ("json", LogFormat::Json)];
    let format = section.read("format", |value| values::word(value, &formats));
    let level = section.read("level", level);
    section.finish();
    LogConfig {
        format: format.unwrap_or(LogFormat::Human),
        level: level.unwrap_or_else(|| "info".to_owned()),
    }
}

fn read_plugins(section: &Section<'_>, limits: &Limits) -> BTreeMap<String, PluginConfig> {
    let mut plugins = BTreeMap::new();
    for (id, section) in section.named() {
        let enabled = section.read("enabled", values::boolean);
        let grants = section.read_each("grants", |value| Grant::parse(&values::text(value)?));
        let config = section.read("config", |value| match value {
            DeValue::Table(_) => values::json(value),
            other => Err(source::expected("a table", other)),
        });
        let limits = Limits::read(&section.section("limits"), limits);
        let access = Access::read(&section.section("access"));
        let presence = Presence::read(&section);
        let rates = rates::read(&section.section("rates"));
        let commands = commands::read(&section.section("commands"));
        section.finish();
        let plugin = PluginConfig {
            enabled: enabled.unwrap_or(true),
            grants: grants.unwrap_or_default(),
            config: config.unwrap_or_else(|| Value::Object(serde_json::Map::new())),
            limits,
            access,
            presence,
            rates,
            commands,
        };
        plugins.insert(id.to_owned(), plugin);
    }
    plugins
}

fn prefix(value: &DeValue<'_>) -> Result<String, String> {
    let prefix = values::text(value)?;
    if prefix.contains(char::is_whitespace) {
        return Err(format!(
            "{prefix:?} has white space in it; a prefix is signs or letters, such as `\"/\"`"
        ));
    }
    Ok(prefix)
}

/// A typing error in a single word would be read as the name of a module, and silence everything.
fn level(value: &DeValue<'_>) -> Result<String, String> {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    let text = values::text(value)?;
    if !text.contains(['=', ',']) && !LEVELS.iter().any(|level| level.eq_ignore_ascii_case(&text)) {
        let hint = nearest(&text, LEVELS).map_or_else(
            || format!("write one of {}", list(LEVELS.into_iter())),
            |near| format!("did you mean `{near}`?"),
        );
        return Err(format!("{text:?} is no level; {hint}"));
    }
    match tracing_subscriber::EnvFilter::try_new(&text) {
        Ok(_) => Ok(text),
        Err(e) => Err(format!("{text:?} is neither a level nor a list of directives: {e}")),
    }
}

#[cfg(test)]
mod book;
#[cfg(test)]
mod tests;
