//! What a test sees of the bot: actions, the log, requests to servers.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

use crate::{Message, types::Segment};

/// Something that the bot did on the platform.
///
/// ```no_run
/// # let bot = iglu_sdk::test::Kit::new().unwrap();
/// let answers = bot.group("20001").user("10001").owner().say("/mute 10002");
/// let mute = answers.actions().first().expect("it does something");
/// assert_eq!(mute.name, "groups.mute");
/// assert_eq!(mute.params["user"], "10002");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    /// The function of the contract (`messages.reply`, `groups.mute`), or the platform's own action (`get_status`).
    pub name: String,
    /// Its arguments by name. Messages have `chat`, `content` and `text`; replies also `event` and `quote`.
    pub params: Value,
    /// The test let the platform refuse it: see [`Kit::refuse`](super::Kit::refuse).
    pub refused: bool,
}

impl Action {
    pub(super) fn from_json(json: &Value) -> Self {
        let name = json["action"].as_str().unwrap_or_default().to_owned();
        Self { name, params: json["params"].clone(), refused: json["refused"] == true }
    }

    /// What was said, if it is a reply or a message.
    ///
    /// ```no_run
    /// # let bot = iglu_sdk::test::Kit::new().unwrap();
    /// let answers = bot.user("10001").say("/hello");
    /// assert!(answers.actions()[0].message().is_some());
    /// ```
    #[must_use]
    pub fn message(&self) -> Option<Message> {
        let is_message = self.name == "messages.reply" || self.name == "messages.send";
        let content = self.params.get("content").filter(|_| is_message && !self.refused)?;
        serde_json::from_value::<Vec<Segment>>(content.clone()).ok().map(Message::from)
    }
}

/// One line of the log.
///
/// ```no_run
/// # let bot = iglu_sdk::test::Kit::new().unwrap();
/// let answers = bot.user("10001").say("/hello");
/// assert!(answers.log().iter().all(|line| line.level != "ERROR"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// `TRACE`, `DEBUG`, `INFO`, `WARN` or `ERROR`.
    pub level: String,
    /// What it says.
    pub text: String,
    /// The permission that was denied, if the line is about that.
    pub denied: Option<String>,
}

impl LogLine {
    pub(super) fn from_json(json: &Value) -> Self {
        let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
        let denied = (text("message") == "denied").then(|| text("permission"));
        let mut line = Self { level: text("level"), text: text("message"), denied };
        for name in ["permission", "handler"] {
            if !text(name).is_empty() {
                let _ = write!(line.text, " ({name} {})", text(name));
            }
        }
        line
    }
}

/// A request that the plugin made.
///
/// ```no_run
/// # let bot = iglu_sdk::test::Kit::new().unwrap();
/// let request = &bot.http_requests()[0];
/// assert!(request.headers.contains(&("accept".to_owned(), "application/json".to_owned())));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpRequest {
    /// In capitals.
    pub method: String,
    /// In its one spelling, without a fragment.
    pub url: String,
    /// Names in small letters, in the order of their names.
    pub headers: Vec<(String, String)>,
    /// The bytes.
    pub body: Vec<u8>,
}

impl HttpRequest {
    pub(super) fn from_json(json: &Value) -> Self {
        let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
        let headers = serde_json::from_value(json["headers"].clone()).unwrap_or_default();
        let body = STANDARD.decode(text("body")).unwrap_or_default();
        Self { method: text("method"), url: text("url"), headers, body }
    }
}
