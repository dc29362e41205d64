//! The manifest that `describe` answers, made by `#[plugin]` from the code.

#![allow(missing_docs, reason = "public for the macro only")]

use serde::{Serialize, Serializer};

/// The contract that this SDK was built for.
const CONTRACT: &str = "0.1.0";

/// What a plugin says about itself.
#[derive(Clone, Copy, Debug)]
pub struct Manifest {
    pub id: &'static str,
    /// Empty: the id.
    pub name: &'static str,
    pub version: &'static str,
    pub description: &'static str,
    /// As Cargo has them, parted by colons.
    pub authors: &'static str,
    pub homepage: &'static str,
    pub permissions: &'static [Permission],
    /// Text, so that a plugin without a config has no code for schemas.
    pub config: Option<fn() -> String>,
    pub handlers: &'static [HandlerSpec],
}

#[derive(Clone, Copy, Debug, Serialize)]
pub struct Permission {
    pub name: &'static str,
    pub reason: &'static str,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub struct HandlerSpec {
    pub name: &'static str,
    pub on: Trigger,
    pub who: &'static str,
    pub chats: &'static str,
    pub to_me: bool,
    pub priority: i32,
    pub block: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cooldown: Option<Cooldown>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Trigger {
    Command {
        name: &'static str,
        aliases: &'static [&'static str],
        usage: &'static str,
        help: &'static str,
    },
    Keyword {
        any: &'static [&'static str],
    },
    Regex {
        pattern: &'static str,
    },
    Event {
        #[serde(serialize_with = "flat")]
        kinds: &'static [&'static [&'static str]],
    },
    Cron {
        line: &'static str,
        zone: Option<&'static str>,
        missed: &'static str,
    },
}

#[derive(Clone, Copy, Debug, Serialize)]
pub struct Cooldown {
    pub seconds: u32,
    pub scope: &'static str,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub struct Rate {
    pub count: u32,
    pub seconds: u32,
    pub scope: &'static str,
}

#[derive(Serialize)]
struct Written {
    contract: &'static str,
    id: &'static str,
    name: &'static str,
    version: &'static str,
    description: &'static str,
    authors: Vec<&'static str>,
    #[serde(serialize_with = "or_null")]
    homepage: &'static str,
    permissions: &'static [Permission],
    handlers: &'static [HandlerSpec],
}

fn or_null<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    Some(text).filter(|text| !text.is_empty()).serialize(serializer)
}

fn flat<S: Serializer>(kinds: &[&[&str]], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(kinds.iter().copied().flatten())
}

impl Manifest {
    /// The JSON of the contract.
    #[must_use]
    pub fn to_json(&self) -> String {
        let Self { id, name, version, description, authors, homepage, permissions, config, handlers } = *self;
        let written = Written {
            contract: CONTRACT,
            id,
            name: if name.is_empty() { id } else { name },
            version,
            description,
            authors: authors.split(':').filter(|author| !author.is_empty()).collect(),
            homepage,
            permissions,
            handlers,
        };
        let mut json = serde_json::to_string(&written).expect("a manifest is plain data and has a JSON form");
        if let Some(schema) = config {
            json.truncate(json.len() - 1);
            json.extend([",\"config\":", &schema(), "}"]);
        }
        json
    }
}
