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
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        arguments: &'static [Argument],
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        options: &'static [Argument],
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

/// An argument or an option of a command, for the host to parse.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Argument {
    pub name: &'static str,
    pub kind: &'static str,
    pub required: bool,
    /// As a user would write it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<Bound>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<Bound>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub choices: &'static [&'static str],
    #[serde(skip_serializing_if = "is_false")]
    pub many: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub short: Option<char>,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub help: &'static str,
}

/// A bound of a number. Whole, since formatting a float is 16 KB of every plugin.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(untagged)]
pub enum Bound {
    Signed(i64),
    Unsigned(u64),
}

impl Argument {
    /// What a type says of itself; the rest is the parameter's.
    #[must_use]
    pub const fn of(kind: crate::value::Kind) -> Self {
        let crate::value::Kind { name, min, max, choices } = kind;
        Self {
            name: "",
            kind: name,
            required: true,
            default: None,
            min,
            max,
            choices,
            many: false,
            short: None,
            help: "",
        }
    }

    /// Numbers alone have bounds.
    #[must_use]
    pub const fn within(mut self, min: Option<Bound>, max: Option<Bound>) -> Self {
        if min.is_some() {
            self.min = min;
        }
        if max.is_some() {
            self.max = max;
        }
        self
    }
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

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
fn is_false(flag: &bool) -> bool {
    !flag
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
