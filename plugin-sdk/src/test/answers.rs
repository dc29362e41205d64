//! What the bot did, and what is expected of it.

use std::{cell::RefCell, fmt};

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::seen::{Action, LogLine};
use crate::{Message, types::Segment};

/// What came of something that the test did: everything until the bot had nothing more to do.
///
/// The expectations use up what they find, in order, so that a chain of them tells the whole story.
///
/// ```no_run
/// # let bot = iglu_sdk::test::Kit::new().unwrap();
/// let answers = bot.user("10001").say("/order tea");
/// answers.expect("One tea.").expect_containing("minutes").expect_nothing();
/// ```
#[derive(Clone, Debug)]
#[must_use = "what came is looked at by `expect`, `expect_nothing` or `texts`"]
pub struct Answers {
    what: String,
    said: Option<String>,
    actions: Vec<Action>,
    log: Vec<LogLine>,
    used: RefCell<Vec<bool>>,
}

/// A message that is expected: a text, or a [`Message`].
///
/// ```no_run
/// # use iglu_sdk::Message;
/// # let bot = iglu_sdk::test::Kit::new().unwrap();
/// bot.user("10001").say("/who").expect(Message::new().text("You are ").at("10001"));
/// ```
#[derive(Clone, Debug)]
pub struct Expected(Message);

impl<M: Into<Message>> From<M> for Expected {
    fn from(message: M) -> Self {
        Self(message.into())
    }
}

impl Answers {
    pub(super) fn new(what: String, actions: Vec<Action>, log: Vec<LogLine>) -> Self {
        let used = RefCell::new(vec![false; actions.len()]);
        Self { what, said: None, actions, log, used }
    }

    /// After the message of this id.
    pub(super) fn after(self, id: Option<&str>) -> Self {
        Self { said: id.map(str::to_owned), ..self }
    }

    /// The id of the message that was said, for others to quote.
    ///
    /// ```no_run
    /// # use iglu_sdk::Message;
    /// # let bot = iglu_sdk::test::Kit::new().unwrap();
    /// let group = bot.group("20001");
    /// let rude = group.user("10002").say("something rude");
    /// let recall = Message::new().quote(rude.message_id()).text("/recall");
    /// group.user("10001").admin().say(recall);
    /// ```
    ///
    /// # Panics
    /// When it was no message.
    #[track_caller]
    #[must_use]
    pub fn message_id(&self) -> &str {
        self.said.as_deref().unwrap_or_else(|| self.fail("nobody said anything, so there is no message"))
    }

    /// The next message of the bot is this one, wherever it went.
    ///
    /// ```no_run
    /// # let bot = iglu_sdk::test::Kit::new().unwrap();
    /// bot.user("10001").say("/hello").expect("Hello!");
    /// ```
    ///
    /// # Panics
    /// When it is another one, or none.
    #[track_caller]
    pub fn expect(&self, message: impl Into<Expected>) -> &Self {
        let Expected(wanted) = message.into();
        match self.next_message() {
            Some(found) if plain(&found) == plain(&wanted) => self,
            Some(found) => {
                let (mut expected, mut came) = (wanted.to_string(), found.to_string());
                // What looks alike to people may be made of other segments.
                if expected == came {
                    (expected, came) = (wanted.to_json(), found.to_json());
                }
                self.fail(&format!("expected: {expected}\nbut came: {came}"))
            }
            None => self.fail(&format!("expected: {wanted}\nbut {}", self.no_message())),
        }
    }

    /// The next message has this in its text.
    ///
    /// ```no_run
    /// # let bot = iglu_sdk::test::Kit::new().unwrap();
    /// bot.user("10001").say("/dice many").expect_containing("a number");
    /// ```
    ///
    /// # Panics
    /// When it has not, or there is none.
    #[track_caller]
    pub fn expect_containing(&self, part: &str) -> &Self {
        match self.next_message() {
            Some(found) if found.to_string().contains(part) => self,
            Some(found) => self.fail(&format!("expected a message with: {part}\nbut came: {found}")),
            None => self.fail(&format!("expected a message with: {part}\nbut {}", self.no_message())),
        }
    }

    /// The bot did nothing, beside what was expected before.
    ///
    /// ```no_run
    /// # let bot = iglu_sdk::test::Kit::new().unwrap();
    /// bot.user("10001").say("good morning").expect_nothing();
    /// ```
    ///
    /// # Panics
    /// When it did something.
    #[track_caller]
    pub fn expect_nothing(&self) -> &Self {
        match self.take(|_| true) {
            None => self,
            Some(action) => self.fail(&format!("expected nothing more\nbut came: {}", Shown(&action))),
        }
    }

    /// The next action of this name has at least these arguments.
    ///
    /// ```no_run
    /// # use serde_json::json;
    /// # let bot = iglu_sdk::test::Kit::new().unwrap();
    /// let ann = bot.group("20001").user("10001").admin();
    /// ann.say("/mute 10002 60").expect_action("groups.mute", &json!({"user": "10002", "seconds": 60}));
    /// ```
    ///
    /// # Panics
    /// When there is none, or with other arguments.
    #[track_caller]
    pub fn expect_action(&self, name: &str, params: &Value) -> &Self {
        match self.take(|action| action.name == name) {
            Some(action) if covers(&action.params, params) => self,
            Some(action) => self.fail(&format!("expected: {name} {params}\nbut came: {}", Shown(&action))),
            None => {
                let done: Vec<&str> = self.actions.iter().map(|action| action.name.as_str()).collect();
                let near = done.iter().any(|done| done.replace('-', "_") == name.replace('-', "_"));
                let hint = if near { "; actions have names with dashes" } else { "" };
                self.fail(&format!("expected: {name} {params}\nbut it was not done{hint}"))
            }
        }
    }

    /// The plugin tried something for which it has no permission.
    ///
    /// ```no_run
    /// # let bot = iglu_sdk::test::Kit::builder().deny("send").build().unwrap();
    /// bot.user("10001").say("/announce hi").expect_denied("send");
    /// ```
    ///
    /// # Panics
    /// When it did not.
    #[track_caller]
    pub fn expect_denied(&self, permission: &str) -> &Self {
        if self.log.iter().any(|line| line.denied.as_deref() == Some(permission)) {
            return self;
        }
        let others: Vec<&str> = self.log.iter().filter_map(|line| line.denied.as_deref()).collect();
        let but = match &others[..] {
            [] => "nothing was denied; does `deny` or `grant` of the builder leave it out?".to_owned(),
            others => format!("denied was {}", others.join(", ")),
        };
        self.fail(&format!("expected that the permission {permission:?} is denied\nbut {but}"))
    }

    /// A handler failed, or the plugin crashed, and the log says so with this text.
    ///
    /// ```no_run
    /// # let bot = iglu_sdk::test::Kit::new().unwrap();
    /// bot.user("10001").say("/divide 1 0").expect_error("divide by zero");
    /// ```
    ///
    /// # Panics
    /// When there is no such error.
    #[track_caller]
    pub fn expect_error(&self, part: &str) -> &Self {
        if self.log.iter().any(|line| line.level == "ERROR" && line.text.contains(part)) {
            return self;
        }
        self.fail(&format!("expected an error with: {part}\nbut there is none in the log"))
    }

    /// The messages, wherever they went.
    ///
    /// ```no_run
    /// # let bot = iglu_sdk::test::Kit::new().unwrap();
    /// assert_eq!(bot.user("10001").say("/hello").messages(), ["Hello!"]);
    /// ```
    #[must_use]
    pub fn messages(&self) -> Vec<Message> {
        self.actions.iter().filter_map(Action::message).collect()
    }

    /// The plain texts of the messages.
    ///
    /// ```no_run
    /// # let bot = iglu_sdk::test::Kit::new().unwrap();
    /// for text in bot.user("10001").say("/dice 3d6").texts() {
    ///     assert!(text.contains('='));
    /// }
    /// ```
    #[must_use]
    pub fn texts(&self) -> Vec<String> {
        self.messages().iter().map(Message::plain_text).collect()
    }

    /// The plain text of the only message.
    ///
    /// ```no_run
    /// # let bot = iglu_sdk::test::Kit::new().unwrap();
    /// let number: u32 = bot.user("10001").say("/dice").text().parse().unwrap();
    /// assert!((1..=6).contains(&number));
    /// ```
    ///
    /// # Panics
    /// When there is none, or more than one.
    #[track_caller]
    #[must_use]
    pub fn text(&self) -> String {
        match &self.texts()[..] {
            [text] => text.clone(),
            texts => {
                self.fail(&format!("expected: one message\nbut came: {}", texts.len()));
            }
        }
    }

    /// Everything that the bot did, in order. Questions (`groups.member`, `messages.history`) are not among it.
    ///
    /// ```no_run
    /// # let bot = iglu_sdk::test::Kit::new().unwrap();
    /// assert_eq!(bot.user("10001").say("/hello").actions().len(), 1);
    /// ```
    #[must_use]
    pub fn actions(&self) -> &[Action] {
        &self.actions
    }

    /// The log meanwhile: what the plugin wrote, and what the host says of it.
    ///
    /// ```no_run
    /// # let bot = iglu_sdk::test::Kit::new().unwrap();
    /// let answers = bot.user("10001").say("/hello");
    /// assert!(answers.log().iter().any(|line| line.text.contains("greeted")));
    /// ```
    #[must_use]
    pub fn log(&self) -> &[LogLine] {
        &self.log
    }

    /// Why there is none, as far as that can be seen.
    fn no_message(&self) -> String {
        let used = self.messages().len();
        let why = if let Some(error) = self.log.iter().find(|line| line.level == "ERROR") {
            format!("; the log has an error: {}", error.text)
        } else if let Some(denied) = self.log.iter().find_map(|line| line.denied.as_deref()) {
            format!("; the permission {denied:?} was denied")
        } else if self.actions.is_empty() && self.log.is_empty() {
            "; no handler was woken, or it waits: for the time (`advance`), or for what somebody says"
                .to_owned()
        } else {
            String::new()
        };
        match used {
            0 => format!("no message came{why}"),
            _ => format!("no further message came{why}"),
        }
    }

    fn next_message(&self) -> Option<Message> {
        self.take(|action| action.message().is_some()).and_then(|action| action.message())
    }

    /// The first action of that kind that no expectation has used.
    fn take(&self, wanted: impl Fn(&Action) -> bool) -> Option<Action> {
        let mut used = self.used.borrow_mut();
        let at = (0..self.actions.len()).find(|at| !used[*at] && wanted(&self.actions[*at]))?;
        used[at] = true;
        Some(self.actions[at].clone())
    }

    #[track_caller]
    fn fail(&self, what: &str) -> ! {
        panic!("{what}\n{self}")
    }
}

/// The whole story, for failures.
impl fmt::Display for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "after: {}", self.what)?;
        writeln!(f, "the bot did:{}", if self.actions.is_empty() { " nothing" } else { "" })?;
        for action in &self.actions {
            writeln!(f, "  {}", Shown(action))?;
        }
        writeln!(f, "the log:{}", if self.log.is_empty() { " empty" } else { "" })?;
        for LogLine { level, text, .. } in &self.log {
            writeln!(f, "  {level:<5} {text}")?;
        }
        Ok(())
    }
}

struct Shown<'a>(&'a Action);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Action { name, params, refused } = self.0;
        let refused = if *refused { " (refused)" } else { "" };
        match self.0.message() {
            Some(message) => write!(f, "{name} {} {message}", params["chat"]),
            None => write!(f, "{name} {params}{refused}"),
        }
    }
}

/// Without empty texts, and with each text in one piece: what nobody sees is no difference.
fn plain(message: &Message) -> Message {
    message.iter().cloned().fold(Message::new(), |message, segment| match segment {
        Segment::Text(text) if text.is_empty() => message,
        Segment::Text(text) => message.text(text),
        other => message.segment(other),
    })
}

/// Whether `found` has everything that `wanted` names.
fn covers(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::Object(found), Value::Object(wanted)) => {
            wanted.iter().all(|(key, wanted)| found.get(key).is_some_and(|found| covers(found, wanted)))
        }
        (found, wanted) => found == wanted,
    }
}

/// A value that the storage keeps.
pub(super) fn decode<T: DeserializeOwned>(key: &str, bytes: &[u8]) -> T {
    serde_json::from_slice(bytes).unwrap_or_else(|e| {
        panic!("the value of {key:?} has another form: {e}\n{}", String::from_utf8_lossy(bytes))
    })
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use serde_json::json;

    use super::*;

    fn answers() -> Answers {
        let action =
            |name: &str, params: Value| Action::from_json(&json!({"action": name, "params": params}));
        let said =
            |text: &str| action("messages.reply", json!({"content": [{"type": "text", "data": text}]}));
        let log = [
            json!({"level": "ERROR", "message": "the handler failed: no", "handler": "x"}),
            json!({"level": "DEBUG", "message": "denied", "permission": "send"}),
        ];
        let actions =
            vec![said("one"), action("groups.mute", json!({"user": "1", "seconds": 60})), said("two")];
        Answers::new("it was said".to_owned(), actions, log.iter().map(LogLine::from_json).collect())
    }

    fn panics(expectation: impl FnOnce(&Answers)) -> String {
        let answers = answers();
        let failed = catch_unwind(AssertUnwindSafe(|| expectation(&answers))).expect_err("it must fail");
        failed.downcast_ref::<String>().cloned().unwrap_or_default()
    }

    #[test]
    fn a_chain_of_expectations_uses_up_what_came() {
        let answers = answers();
        answers.expect("one").expect_containing("tw").expect_action("groups.mute", &json!({"user": "1"}));
        answers.expect_nothing().expect_denied("send").expect_error("failed: no");
        assert_eq!(answers.texts(), ["one", "two"]);
    }

    #[test]
    fn silence_is_explained_as_far_as_it_can_be() {
        let quiet = |log: &[Value]| {
            let log = log.iter().map(LogLine::from_json).collect();
            let answers = Answers::new("it was said".to_owned(), Vec::new(), log);
            let failed = catch_unwind(AssertUnwindSafe(|| drop(answers.expect("hi").texts())));
            failed.unwrap_err().downcast_ref::<String>().cloned().unwrap_or_default()
        };
        for (log, reason) in [
            (vec![], "no handler was woken, or it waits"),
            (vec![json!({"level": "ERROR", "message": "it crashed"})], "the log has an error: it crashed"),
            (
                vec![json!({"level": "DEBUG", "message": "denied", "permission": "send"})],
                "the permission \"send\" was denied",
            ),
        ] {
            assert!(quiet(&log).contains(reason), "{}", quiet(&log));
        }
        assert!(
            panics(|answers| drop(answers.expect("one").expect("two").expect("3").texts()))
                .contains("no further message came")
        );
        assert!(panics(|answers| drop(answers.expect_denied("recall").texts())).contains("denied was send"));
    }

    #[test]
    fn what_is_not_so_is_told_with_the_whole_story() {
        for told in [
            panics(|answers| {
                answers.expect("two");
            }),
            panics(|answers| {
                answers.expect("one").expect("two").expect("three");
            }),
            panics(|answers| {
                answers.expect("one").expect_nothing();
            }),
            panics(|answers| {
                answers.expect_containing("x");
            }),
            panics(|answers| {
                answers.expect_action("groups.mute", &json!({"user": "2"}));
            }),
            panics(|answers| {
                answers.expect_action("groups.kick", &json!({}));
            }),
            panics(|answers| {
                answers.expect_denied("recall");
            }),
            panics(|answers| {
                answers.expect_error("denied");
            }),
            panics(|answers| drop(answers.text())),
        ] {
            assert!(told.starts_with("expected"), "{told}");
            for part in [
                "after: it was said",
                "groups.mute {\"user\":\"1\"",
                "ERROR the handler failed: no (handler x)",
            ] {
                assert!(told.contains(part), "{told}");
            }
        }
    }
}
