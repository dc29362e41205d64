//! `[[bot]]`: how to reach one account.

use std::fmt;
use std::path::{Path, PathBuf};

use tokio_tungstenite::tungstenite::http::Uri;
use toml::de::DeValue;

use super::source::Section;
use super::values;

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
    /// The address, `ws://` or `wss://`.
    pub url: String,
    /// The access token, if the other side wants one.
    pub token: Option<Secret>,
    /// A PEM file with the certificates to trust, in place of the public authorities.
    pub ca: Option<PathBuf>,
}

impl BotConfig {
    /// Every `[[bot]]`. Paths are relative to `folder`.
    pub(super) fn read_all(top: &Section<'_>, folder: &Path) -> Vec<Self> {
        let mut bots: Vec<Self> = Vec::new();
        for section in top.sections("bot") {
            let bot = Self::read(&section, folder);
            if let Some(bot) = bot {
                let same = bots.iter().find(|other| other.name == bot.name || other.url == bot.url);
                match same {
                    Some(other) if other.url == bot.url => {
                        section.wrong("url", "another bot has the same address");
                    }
                    Some(_) => section.wrong("name", format!("another bot is named {:?} too", bot.name)),
                    None => bots.push(bot),
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
        if section.get("url").is_none() {
            section.wrong_here("has no `url`; write `url = \"ws://127.0.0.1:3001\"`");
        }
        let (url, place) = section.read("url", |value| address(&values::text(value)?))?;
        Some(Self {
            name: name.unwrap_or(place),
            platform: platform.unwrap_or(Platform::OneBot),
            url,
            token: written.or(from_file).filter(|token| !token.is_empty()).map(Secret),
            ca,
        })
    }
}

/// The address, and its host and port.
fn address(text: &str) -> Result<(String, String), String> {
    let text = text.trim();
    let uri: Uri =
        text.parse().map_err(|e| format!("{text:?} is no address ({e}); write `\"ws://127.0.0.1:3001\"`"))?;
    match uri.scheme_str() {
        Some("ws" | "wss") => {}
        Some("http") => {
            return Err(format!(
                "must begin with `ws://`: iglu connects to NapCat's WebSocket server, not \
             to its HTTP server; {text:?} does not"
            ));
        }
        Some("https") => return Err(format!("must begin with `wss://`; {text:?} does not")),
        _ => return Err(format!("must begin with `ws://` or `wss://`; {text:?} does not")),
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
