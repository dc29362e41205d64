//! `[[bot]]`: how to reach one account.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio_tungstenite::tungstenite::http::Uri;
use toml::de::DeValue;

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
pub enum Platform {
    /// NapCat and others that speak OneBot v11.
    OneBot,
}

/// One account's connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BotConfig {
    /// The name in logs; host and port of the address if the owner gave none. Unique.
    pub name: String,
    /// Which adapter speaks with it.
    pub platform: Platform,
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

impl BotConfig {
    /// Every `[[bot]]`. Paths are relative to `folder`.
    pub(super) fn read_all(top: &Section<'_>, folder: &Path) -> Vec<Self> {
        let mut bots: Vec<Self> = Vec::new();
        for section in top.sections("bot") {
            let bot = Self::read(&section, folder);
            if let Some(bot) = bot {
                if let Some(other) = bots.iter().find(|other| other.name == bot.name) {
                    section.wrong("name", format!("another bot is named {:?} too", other.name));
                } else if bots.iter().any(|other| other.url.is_some() && other.url == bot.url) {
                    section.wrong("url", "another bot has the same address");
                } else if bots.iter().any(|other| other.listen.is_some() && same_door(other, &bot)) {
                    section.wrong(
                        "listen",
                        "another bot waits there too; give each an `account`, or a path of its own",
                    );
                } else {
                    bots.push(bot);
                }
            }
            section.finish();
        }
        bots
    }

    fn read(section: &Section<'_>, folder: &Path) -> Option<Self> {
        let platform = section.read("platform", |value| values::word(value, &[("onebot", Platform::OneBot)]));
        let name = section.read("name", |value| match values::text(value)?.trim() {
            "" => Err("a name cannot be empty; leave the line out".to_owned()),
            name => Ok(name.to_owned()),
        });
        let ca = section.read("ca", |value| existing(value, folder));
        let written = section.read("token", values::text);
        let from_file = section.read("token_file", |value| token_file(value, folder));
        if section.get("token").is_some() && section.get("token_file").is_some() {
            section.wrong("token_file", "there is a `token` too; keep one of both");
        }
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
        let token = written.or(from_file).filter(|token| !token.is_empty()).map(Secret);
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
        let platform = platform.unwrap_or(Platform::OneBot);
        Some(Self { name: name.unwrap_or(place), platform, url, listen, account, token, ca, sending })
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

fn existing(value: &DeValue<'_>, folder: &Path) -> Result<PathBuf, String> {
    let path = folder.join(values::text(value)?);
    if path.is_file() { Ok(path) } else { Err(format!("there is no file {}", path.display())) }
}

fn token_file(value: &DeValue<'_>, folder: &Path) -> Result<String, String> {
    let path = folder.join(values::text(value)?);
    let token = std::fs::read_to_string(&path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
    match token.trim() {
        "" => Err(format!("{} is empty; write the token into it", path.display())),
        token => Ok(token.to_owned()),
    }
}
