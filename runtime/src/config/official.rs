//! `[[bot]]` with `platform = "qq"`: a bot of the official platform.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio_tungstenite::tungstenite::http::Uri;
use toml::de::DeValue;

use super::bots::{self, Secret};
use super::source::Section;
use super::values::{self, Quantity as _};
use crate::adapter::qq::{Hook, Rules, intent};

/// One bot of the official platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfficialConfig {
    /// The name in logs; the app id if the owner gave none. Unique.
    pub name: String,
    /// The app id.
    pub app_id: String,
    /// The secret.
    pub secret: Secret,
    /// The secret before, while it is being changed.
    pub old_secret: Option<Secret>,
    /// Where the platform posts events to; none for the gateway.
    pub hook: Option<Hook>,
    /// Whether events are kept on disk before they are acknowledged.
    pub journal: bool,
    /// How old, or how far ahead, a delivery's time may be.
    pub skew: Duration,
    /// Where everything but tokens is.
    pub api_base: String,
    /// Where tokens come from.
    pub token_base: String,
    /// A PEM file with the certificates to trust, in place of the public authorities.
    pub ca: Option<PathBuf>,
    /// The gateway's intents; none to follow what plugins listen to. `GUILD_MESSAGES` and `FORUMS_EVENT`, which only
    /// private-domain bots have, are asked for in no other way than here.
    pub intents: Option<u32>,
    /// The gateway's shards; none to follow the platform's advice.
    pub shards: Option<u32>,
    /// What the platform lets this bot send.
    pub rules: Rules,
}

const API: &str = "https://api.sgroup.qq.com";
const SANDBOX_API: &str = "https://sandbox.api.sgroup.qq.com";
const TOKEN_API: &str = "https://bots.qq.com";
const SKEW: Duration = Duration::from_secs(600);

impl OfficialConfig {
    /// Reads one table. Paths are relative to `folder`.
    pub(super) fn read(section: &Section<'_>, folder: &Path) -> Option<Self> {
        let name = section.read("name", bots::name);
        let app_id = section.read("app_id", values::id);
        let secret = bots::secret(section, folder, "secret", "secret_file");
        let old_secret = section.read("old_secret", values::text).filter(|old| !old.is_empty());
        let sandbox = section.read("sandbox", values::boolean).unwrap_or(false);
        let api = section.read("api", base);
        let token_api = section.read("token_api", base);
        let ca = section.read("ca", |value| bots::existing(value, folder));
        let intents = section.read_each("intents", |value| {
            let name = values::text(value)?;
            intent(&name).ok_or_else(|| {
                format!("{name:?} is no intent of the platform; write for example `\"GROUP_AND_C2C_EVENT\"`")
            })
        });
        let shards = section.read("shards", count);
        let rules = rules(&section.section("rules"));
        let hook = hook(section, folder);
        let journal = section.read("journal", values::boolean).unwrap_or(true);
        let skew = section.read("delivery_age", Duration::read).unwrap_or(SKEW);
        if section.get("app_id").is_none() {
            section.wrong_here(
                "has no `app_id`; it stands in the bot's settings at q.qq.com, beside the secret",
            );
        }
        if section.get("secret").is_none() && section.get("secret_file").is_none() {
            section.wrong_here(
                "has no `secret`; write the bot's secret (AppSecret), or a `secret_file` that holds it",
            );
        }
        if secret.is_none() && section.get("secret").is_some_and(|value| value.get_ref().as_str() == Some(""))
        {
            section.wrong("secret", "is empty; write the bot's secret (AppSecret)");
        }
        if hook.is_some() {
            for key in ["intents", "shards"] {
                if section.get(key).is_some() {
                    section.wrong(key, "is of the gateway, and this bot has a webhook (`listen`); choose events in the bot's settings at q.qq.com");
                }
            }
        }
        let app_id = app_id?;
        Some(Self {
            name: name.unwrap_or_else(|| app_id.clone()),
            app_id,
            secret: secret?,
            old_secret: old_secret.map(Secret::new),
            hook,
            journal,
            skew,
            api_base: api.unwrap_or_else(|| if sandbox { SANDBOX_API } else { API }.to_owned()),
            token_base: token_api.unwrap_or_else(|| TOKEN_API.to_owned()),
            ca,
            intents: intents.map(|bits| bits.iter().fold(0, |all, bit| all | bit)),
            shards,
            rules,
        })
    }
}

/// Whether two bots could not tell their deliveries apart, or could not share the port.
pub(super) fn clash(one: &OfficialConfig, other: &OfficialConfig) -> Option<&'static str> {
    if one.app_id == other.app_id {
        return Some("another bot has the same `app_id`");
    }
    match (&one.hook, &other.hook) {
        (Some(one), Some(other)) if one.host == other.host && one.tls != other.tls => {
            Some("another bot listens at that port with another certificate, or with none")
        }
        _ => None,
    }
}

fn hook(section: &Section<'_>, folder: &Path) -> Option<Hook> {
    let certificate = section.read("certificate", |value| bots::existing(value, folder));
    let key = section.read("key", |value| bots::existing(value, folder));
    let (host, path, secure) = section.read("listen", |value| listen(&values::text(value)?))?;
    for (name, needed) in [("certificate", secure), ("key", secure)] {
        let given = section.get(name).is_some();
        if needed && !given {
            section.wrong("listen", format!("`https://` needs `{name}`, the name of a PEM file; behind a proxy with TLS write `http://`"));
        } else if given && !needed {
            section.wrong(name, "is for `https://`; begin `listen` with that");
        }
    }
    let tls = if secure { Some((certificate?, key?)) } else { None };
    Some(Hook { host, path, tls })
}

/// Host and port, the path, and whether it is `https://`.
fn listen(text: &str) -> Result<(String, String, bool), String> {
    let example = "write `\"http://127.0.0.1:8080/qq\"` behind a proxy, or `\"https://0.0.0.0:8443/qq\"` with `certificate` and \
                   `key` (the platform visits the ports 80, 443, 8080 and 8443)";
    let text = text.trim();
    let uri: Uri = text.parse().map_err(|reason| format!("{text:?} is no address ({reason}); {example}"))?;
    let secure = match uri.scheme_str() {
        Some("http") => false,
        Some("https") => true,
        _ => return Err(format!("{text:?} does not begin with `http://` or `https://`; {example}")),
    };
    let host = uri.authority().filter(|authority| !authority.host().is_empty());
    let host = host.ok_or_else(|| format!("{text:?} names no host; {example}"))?;
    if host.port_u16().is_none() {
        return Err(format!("{text:?} names no port; {example}"));
    }
    Ok((host.as_str().to_owned(), uri.path().to_owned(), secure))
}

fn base(value: &DeValue<'_>) -> Result<String, String> {
    let text = values::text(value)?;
    let text = text.trim().trim_end_matches('/');
    let uri: Result<Uri, _> = text.parse();
    match uri.as_ref().map(|uri| (uri.scheme_str(), uri.host())) {
        Ok((Some("http" | "https"), Some(_))) => Ok(text.to_owned()),
        _ => Err(format!("{text:?} is no address of a server; write `\"{API}\"`")),
    }
}

fn count(value: &DeValue<'_>) -> Result<u32, String> {
    match u32::read(value)? {
        0 => Err("must be at least 1".to_owned()),
        count => Ok(count),
    }
}

fn rules(section: &Section<'_>) -> Rules {
    let mut rules = Rules::default();
    let number = |key, into: &mut u32| {
        if let Some(value) = section.read(key, u32::read) {
            *into = value;
        }
    };
    number("private_replies", &mut rules.private.count);
    number("group_replies", &mut rules.group.count);
    number("guild_replies", &mut rules.guild.count);
    number("user_minute", &mut rules.active_user.minute);
    number("user_day", &mut rules.active_user.day);
    number("group_minute", &mut rules.active_group.minute);
    number("group_day", &mut rules.active_group.day);
    number("channel_day", &mut rules.active_channel);
    number("direct_day", &mut rules.active_direct);
    let time = |key, into: &mut Duration| {
        if let Some(value) = section.read(key, Duration::read) {
            *into = value;
        }
    };
    time("private_window", &mut rules.private.time);
    time("group_window", &mut rules.group.time);
    time("guild_window", &mut rules.guild.time);
    let switch = |key, into: &mut bool| {
        if let Some(value) = section.read(key, values::boolean) {
            *into = value;
        }
    };
    switch("active", &mut rules.active);
    switch("markdown", &mut rules.markdown);
    switch("ark", &mut rules.ark);
    switch("hide_addresses", &mut rules.hide_addresses);
    section.finish();
    rules
}
