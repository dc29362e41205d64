//! `[[bot]]`: how to reach one account.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio_tungstenite::tungstenite::http::Uri;
use toml::de::DeValue;

use super::official::{self, OfficialConfig};
use super::source::Section;
use super::values::{self, Quantity as _};
use crate::adapter::onebot::{Listen, Sending, Visit};

/// A text that must not be shown: `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the place that sends it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// Which adapter speaks with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Platform {
    OneBot,
    Official,
}

/// Every bot of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BotConfigs {
    /// Those of NapCat.
    pub onebot: Vec<BotConfig>,
    /// Those of the official platform.
    pub official: Vec<OfficialConfig>,
}

/// One account's connection to NapCat, or whatever else speaks OneBot v11.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BotConfig {
    /// The name in logs; host and port of the address if the owner gave none. Unique.
    pub name: String,
    /// Where NapCat listens: `ws://` or `wss://`, `http://` or `https://`.
    pub url: Option<String>,
    /// Where NapCat comes to us.
    pub listen: Option<Listen>,
    /// The only account that may come there.
    pub account: Option<String>,
    /// The access token, if the other side wants one.
    pub token: Option<Secret>,
    /// A PEM file with the certificates to trust, in place of the public authorities.
    pub ca: Option<PathBuf>,
    /// How messages are sent.
    pub sending: Sending,
}

impl BotConfigs {
    /// Every `[[bot]]`. Paths are relative to `folder`.
    pub(super) fn read(top: &Section<'_>, folder: &Path) -> Self {
        let mut bots = Self::default();
        for section in top.sections("bot") {
            let platforms = [("onebot", Platform::OneBot), ("qq", Platform::Official)];
            match section.read("platform", |value| values::word(value, &platforms)) {
                // An unknown platform is reported; its other keys cannot be judged.
                None if section.get("platform").is_some() => continue,
                None | Some(Platform::OneBot) => bots.add_onebot(&section, folder),
                Some(Platform::Official) => bots.add_official(&section, folder),
            }
            section.finish();
        }
        bots
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.onebot.len() + self.official.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn add_onebot(&mut self, section: &Section<'_>, folder: &Path) {
        let Some(bot) = BotConfig::read(section, folder) else { return };
        if self.onebot.iter().any(|other| other.url.is_some() && other.url == bot.url) {
            section.wrong("url", "another bot has the same address");
        } else if self.onebot.iter().any(|other| other.listen.is_some() && same_door(other, &bot)) {
            section
                .wrong("listen", "another bot waits there too; give each an `account`, or a path of its own");
        } else if self.is_new(section, &bot.name) {
            self.onebot.push(bot);
        }
    }

    fn add_official(&mut self, section: &Section<'_>, folder: &Path) {
        let Some(bot) = OfficialConfig::read(section, folder) else { return };
        if let Some(clash) = self.official.iter().find_map(|other| official::clash(other, &bot)) {
            section.wrong_here(clash);
        } else if self.is_new(section, &bot.name) {
            self.official.push(bot);
        }
    }

    fn is_new(&self, section: &Section<'_>, name: &str) -> bool {
        let mut names =
            self.onebot.iter().map(|bot| &bot.name).chain(self.official.iter().map(|bot| &bot.name));
        let taken = names.any(|other| other == name);
        if taken {
            section.wrong("name", format!("another bot is named {name:?} too; set `name`"));
        }
        !taken
    }
}

impl BotConfig {
    fn read(section: &Section<'_>, folder: &Path) -> Option<Self> {
        let name = section.read("name", name);
        let ca = section.read("ca", |value| existing(value, folder));
        let token = secret(section, folder, "token", "token_file");
        let sending = sending(section);
        let account = section.read("account", values::id);
        let listen = section.read("listen", |value| listen(&values::text(value)?));
        let url = section.read("url", |value| address(&values::text(value)?));
        if section.get("url").is_none() && section.get("listen").is_none() {
            section.wrong_here(
                "has no `url`; write `url = \"ws://127.0.0.1:3001\"`, or `listen = \"ws://127.0.0.1:8080\"` to have NapCat \
                 dial iglu",
            );
        }
        if let Some(listen) = &listen {
            if token.is_none() && !is_local(&listen.host) {
                section.wrong(
                    "listen",
                    "everybody who reaches this address could pass for NapCat; set a `token`, here and in NapCat",
                );
            }
            if listen.kind == Visit::Socket && url.is_some() {
                section.wrong(
                    "listen",
                    "`url` and a WebSocket `listen` are two links; write two [[bot]] tables",
                );
            }
            if listen.kind == Visit::Posts && url.as_ref().is_some_and(|(url, _)| url.starts_with("ws")) {
                section.wrong("listen", "posts come beside an HTTP server; begin `url` with `http://`");
            }
        } else if account.is_some() {
            section.wrong("account", "is only asked at `listen`; NapCat tells at `url` which account it is");
        }
        let place =
            url.as_ref().map(|(_, place)| place.clone()).or_else(|| Some(listen.as_ref()?.host.clone()))?;
        let url = url.map(|(url, _)| url);
        Some(Self { name: name.unwrap_or(place), url, listen, account, token, ca, sending })
    }
}

/// Whether a visitor could be meant for either.
fn same_door(one: &BotConfig, other: &BotConfig) -> bool {
    let apart = one.account.is_some() && other.account.is_some() && one.account != other.account;
    let other_token = one.token.is_some() && other.token.is_some() && one.token != other.token;
    one.listen == other.listen && !apart && !other_token
}

fn sending(section: &Section<'_>) -> Sending {
    let base = Sending::default();
    let rate = |value: &DeValue<'_>| match u32::read(value)? {
        0 => Err("must be at least 1".to_owned()),
        rate => Ok(rate),
    };
    Sending {
        per_second: section.read("sends_per_second", rate).unwrap_or(base.per_second),
        per_chat: section.read("sends_per_chat", rate).unwrap_or(base.per_chat),
        burst: section.read("sends_burst", rate).unwrap_or(base.burst),
        replies: section.read("pace_replies", values::boolean).unwrap_or(base.replies),
        outage: section.read("send_wait", Duration::read).unwrap_or(base.outage),
        queue: section.read("send_queue", u32::read).unwrap_or(base.queue),
    }
}

/// Where NapCat is to come: by which way, host and port, and the path.
fn listen(text: &str) -> Result<Listen, String> {
    let example = "write `\"ws://127.0.0.1:8080\"` for NapCat's WebSocket client, `\"http://127.0.0.1:8080\"` for its HTTP \
                   client";
    let text = text.trim();
    let uri: Uri = text.parse().map_err(|e| format!("{text:?} is no address ({e}); {example}"))?;
    let kind = match uri.scheme_str() {
        Some("ws") => Visit::Socket,
        Some("http") => Visit::Posts,
        Some("wss" | "https") => {
            return Err(format!(
                "{text:?}: iglu takes in plain connections; put a proxy with TLS in front of it"
            ));
        }
        _ => return Err(format!("{text:?} does not say what comes there; {example}")),
    };
    let host = uri.authority().filter(|authority| !authority.host().is_empty());
    let host = host.ok_or_else(|| format!("{text:?} names no host; {example}"))?;
    if host.port_u16().is_none() {
        return Err(format!("{text:?} names no port; {example}"));
    }
    Ok(Listen { kind, host: host.as_str().to_owned(), path: uri.path().to_owned() })
}

fn is_local(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let address: Result<IpAddr, _> = name.trim_matches(['[', ']']).parse();
    name == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// The address, and its host and port.
fn address(text: &str) -> Result<(String, String), String> {
    let text = text.trim();
    let uri: Uri =
        text.parse().map_err(|e| format!("{text:?} is no address ({e}); write `\"ws://127.0.0.1:3001\"`"))?;
    match uri.scheme_str() {
        Some("ws" | "wss" | "http" | "https") => {}
        _ => {
            return Err(format!(
                "must begin with `ws://` or `wss://`, or for NapCat's HTTP server with `http://`; {text:?} does not"
            ));
        }
    }
    match uri.authority() {
        Some(authority) if !authority.host().is_empty() => {
            let place = authority.as_str().rsplit('@').next().unwrap_or_default().to_owned();
            Ok((text.to_owned(), place))
        }
        _ => Err(format!("{text:?} names no host; write `\"ws://127.0.0.1:3001\"`")),
    }
}

pub(super) fn name(value: &DeValue<'_>) -> Result<String, String> {
    match values::text(value)?.trim() {
        "" => Err("a name cannot be empty; leave the line out".to_owned()),
        name => Ok(name.to_owned()),
    }
}

pub(super) fn existing(value: &DeValue<'_>, folder: &Path) -> Result<PathBuf, String> {
    let path = folder.join(values::text(value)?);
    if path.is_file() { Ok(path) } else { Err(format!("there is no file {}", path.display())) }
}

/// What stands under `key`, or in the file that `file_key` names; none if it is empty.
pub(super) fn secret<'a>(
    section: &Section<'a>,
    folder: &Path,
    key: &'a str,
    file_key: &'a str,
) -> Option<Secret> {
    let written = section.read(key, values::text);
    let from_file = section.read(file_key, |value| {
        let path = folder.join(values::text(value)?);
        let text =
            std::fs::read_to_string(&path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
        match text.trim() {
            "" => Err(format!("{} is empty; write the {key} into it", path.display())),
            text => Ok(text.to_owned()),
        }
    });
    if section.get(key).is_some() && section.get(file_key).is_some() {
        section.wrong(file_key, format!("there is a `{key}` too; keep one of both"));
    }
    written.or(from_file).filter(|secret| !secret.is_empty()).map(Secret)
}
