//! What a test asks for.

use std::path::PathBuf;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::model::{Error, EventBody, Role, Segment};

/// The words of the protocol, for the error about another one.
const WORDS: &str = "open, say, event, advance, answer, http, asked, stored, keys, store, reload, close";

#[derive(Debug, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Request {
    /// Begins, or begins anew, with a plugin.
    Open(Box<Open>),
    /// Somebody says something.
    Say(Box<Say>),
    /// Anything else happens.
    Event { body: Box<EventBody> },
    /// Time passes.
    Advance { seconds: f64 },
    /// What the platform answers to an action from now on.
    Answer(Box<Answer>),
    /// What a server answers to a request of the plugin from now on.
    Http(Map<String, Value>),
    /// The requests of the plugin so far.
    Asked {},
    /// A value that the plugin keeps.
    Stored { key: String },
    /// The keys that the plugin keeps.
    Keys {
        #[serde(default)]
        prefix: String,
    },
    /// Puts a value into the plugin's storage.
    Store { key: String, value: String },
    /// Replaces the running version, by another file or by itself.
    Reload { plugin: Option<PathBuf> },
    /// Ends the plugin in order.
    Close,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Open {
    /// The component.
    pub(super) plugin: PathBuf,
    /// A folder for what must outlive this process; by default one that does not.
    pub(super) dir: Option<PathBuf>,
    /// The plugin's own settings.
    pub(super) config: Option<Value>,
    /// What is granted; by default everything that the manifest asks for.
    pub(super) grants: Option<Vec<String>>,
    /// What is not granted, of that.
    #[serde(default)]
    pub(super) deny: Vec<String>,
    #[serde(default)]
    pub(super) superusers: Vec<String>,
    /// "zh" or "en".
    pub(super) language: Option<String>,
    /// More lines of an `iglu.toml`.
    #[serde(default)]
    pub(super) settings: String,
    /// Seconds by which the clock is ahead of the machine's.
    #[serde(default)]
    pub(super) ahead: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Say {
    pub(super) user: String,
    pub(super) name: Option<String>,
    pub(super) group: Option<String>,
    pub(super) role: Option<Role>,
    pub(super) text: Option<String>,
    /// Instead of the text.
    pub(super) content: Option<Vec<Segment>>,
    /// Meant for the bot, without a mention.
    #[serde(default)]
    pub(super) to_me: bool,
    /// Whether to wait until all is at rest.
    #[serde(default = "yes")]
    pub(super) wait: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Answer {
    /// A function of the contract (`groups.member`), or the name of a platform's own action.
    pub(super) action: String,
    #[serde(default)]
    pub(super) ok: Value,
    pub(super) error: Option<Error>,
    /// How often; always, if it is not said.
    pub(super) times: Option<u32>,
}

fn yes() -> bool {
    true
}

impl Request {
    pub(super) fn read(line: &str) -> Result<Self, String> {
        serde_json::from_str(line).map_err(|e| {
            format!("this is no request: {e}; one JSON object a line, with `do` as one of {WORDS}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_read_and_mistakes_are_named() {
        for (line, fault) in [
            (r#"{"do": "open", "plugin": "a.wasm"}"#, ""),
            (r#"{"do": "open", "plugin": "a.wasm", "grants": ["send"], "config": {"a": 1}, "ahead": 5}"#, ""),
            (r#"{"do": "open"}"#, "plugin"),
            (r#"{"do": "say", "user": "10001", "group": "20001", "role": "admin", "text": "hi"}"#, ""),
            (r#"{"do": "say", "user": "10001", "content": [{"type": "text", "data": "hi"}]}"#, ""),
            (r#"{"do": "say", "user": "10001", "txet": "hi"}"#, "txet"),
            (r#"{"do": "say", "user": "10001", "role": "king"}"#, "king"),
            (r#"{"do": "advance", "seconds": 1.5}"#, ""),
            (r#"{"do": "advance"}"#, "seconds"),
            (
                r#"{"do": "answer", "action": "groups.member", "error": {"type": "not-found", "data": "no"}}"#,
                "",
            ),
            (r#"{"do": "reload"}"#, ""),
            (r#"{"do": "http", "url": "https://example.com/*", "json": [1]}"#, ""),
            (r#"{"do": "asked"}"#, ""),
            (r#"{"do": "dance"}"#, "open, say, event"),
            ("[]", "no request"),
        ] {
            match (Request::read(line), fault) {
                (Ok(_), "") => {}
                (Ok(request), _) => panic!("{line} is taken: {request:?}"),
                (Err(reason), _) => assert!(!fault.is_empty() && reason.contains(fault), "{line}: {reason}"),
            }
        }
    }
}
