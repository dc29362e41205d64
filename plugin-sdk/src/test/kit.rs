//! A plugin under test.

use std::{
    cell::RefCell,
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{
    Answers, Builder, Error, Group, Result, User,
    answers::decode,
    builder::Dir,
    program::Program,
    seen::{Action, HttpRequest, LogLine},
};
use crate::{HostError, types::EventBody};

/// A plugin in a house of its own, with a bot that the test speaks to.
///
/// ```no_run
/// use iglu_sdk::test::{Kit, Result};
///
/// #[test]
/// fn notes_outlive_a_restart() -> Result<()> {
///     let mut bot = Kit::new()?;
///     bot.user("10001").say("/note add milk").expect("Noted as 1.");
///     bot.kill()?;
///     bot.user("10001").say("/note").expect("1. milk");
///     Ok(())
/// }
/// # fn main() {}
/// ```
pub struct Kit {
    program: PathBuf,
    house: RefCell<House>,
    /// How the house was opened, and is again.
    open: Value,
    manifest: Value,
    dir: Dir,
}

struct House {
    program: Program,
    /// Seconds by which the clock was put forward.
    ahead: f64,
    /// What came with answers that nobody looks at, for the next that somebody does.
    early: Vec<Value>,
}

impl House {
    fn open(program: &Path, open: &Value, ahead: f64) -> Result<(Self, Value)> {
        let mut program = Program::start(program)?;
        let mut open = open.clone();
        open["ahead"] = ahead.into();
        let answer = program.ask(&open)?;
        match answer.get("error").and_then(Value::as_str) {
            Some(reason) => Err(Error(format!(
                "{reason}\n{}",
                answers("the plugin was started", std::slice::from_ref(&answer))
            ))),
            None => {
                let about = answer["ok"].clone();
                Ok((Self { program, ahead, early: vec![answer] }, about))
            }
        }
    }
}

impl Kit {
    pub(super) fn open(program: PathBuf, open: Value, dir: Dir) -> Result<Self> {
        let (mut house, about) = House::open(&program, &open, 0.0)?;
        // A test begins with a plugin that runs.
        house.early.clear();
        Ok(Self { program, house: RefCell::new(house), open, manifest: about["manifest"].clone(), dir })
    }

    /// The plugin of the package whose tests these are, with everything granted that it asks for.
    ///
    /// ```no_run
    /// # fn test() -> iglu_sdk::test::Result<()> {
    /// let bot = iglu_sdk::test::Kit::new()?;
    /// bot.user("10001").say("/hello").expect("Hello!");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`Builder::build`].
    pub fn new() -> Result<Self> {
        Self::builder().build()
    }

    /// A plugin that is built already, in whatever language it was written.
    ///
    /// ```no_run
    /// # fn test() -> iglu_sdk::test::Result<()> {
    /// let bot = iglu_sdk::test::Kit::of("plugins/echo.wasm")?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`Builder::build`].
    pub fn of(file: impl Into<PathBuf>) -> Result<Self> {
        Self::builder().file(file).build()
    }

    /// With other grants, settings and people than usual.
    ///
    /// ```no_run
    /// # fn test() -> iglu_sdk::test::Result<()> {
    /// let bot = iglu_sdk::test::Kit::builder().grant("send").build()?;
    /// # Ok(()) }
    /// ```
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// What the plugin says of itself, as the host read it.
    ///
    /// ```no_run
    /// # let bot = iglu_sdk::test::Kit::new().unwrap();
    /// assert_eq!(bot.manifest()["permissions"][0]["name"], "send");
    /// ```
    pub fn manifest(&self) -> &Value {
        &self.manifest
    }

    /// Somebody in a private chat.
    ///
    /// ```no_run
    /// # let bot = iglu_sdk::test::Kit::new().unwrap();
    /// bot.user("10001").say("/hello").expect("Hello!");
    /// ```
    pub fn user<'k>(&'k self, id: &'k str) -> User<'k> {
        User::new(self, id)
    }

    /// A group.
    ///
    /// ```no_run
    /// # let bot = iglu_sdk::test::Kit::new().unwrap();
    /// bot.group("20001").user("10001").say("/hello").expect("Hello!");
    /// ```
    pub fn group<'k>(&'k self, id: &'k str) -> Group<'k> {
        Group::new(self, id)
    }

    /// Anything else happens.
    ///
    /// ```no_run
    /// use iglu_sdk::types::EventBody;
    /// # fn test(bot: &iglu_sdk::test::Kit, body: EventBody) {
    /// bot.event(&body).expect_nothing();
    /// # }
    /// ```
    ///
    /// # Panics
    /// When the bot does not come to rest.
    #[track_caller]
    pub fn event(&self, body: &EventBody) -> Answers {
        let body = serde_json::to_value(body).unwrap_or_default();
        self.done(&format!("the event {body}"), &json!({"do": "event", "body": body}))
    }

    /// Time passes, at once: whoever waits for it goes on, timers are due, slow servers answer, and messages that the pace of
    /// sending holds back go out.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # let bot = iglu_sdk::test::Kit::new().unwrap();
    /// bot.user("10001").say("/remind 2h tea").expect("I will.");
    /// bot.advance(Duration::from_secs(7200)).expect("tea!");
    /// ```
    ///
    /// # Panics
    /// When the bot does not come to rest.
    #[track_caller]
    pub fn advance(&self, time: Duration) -> Answers {
        self.house.borrow_mut().ahead += time.as_secs_f64();
        self.done(&format!("{time:?} passed"), &json!({"do": "advance", "seconds": time.as_secs_f64()}))
    }

    /// From now on the platform answers so to an action: a function of the contract, or an action of the platform's own.
    ///
    /// Without an answer of the test, actions succeed, questions about groups and people are answered by whom the bot has
    /// met, and a platform's own actions are refused.
    ///
    /// ```no_run
    /// # use serde_json::json;
    /// # let bot = iglu_sdk::test::Kit::new().unwrap();
    /// bot.answer("get_version_info", json!({"app_version": "4.8"}));
    /// bot.user("10001").say("/version").expect("4.8");
    /// ```
    ///
    /// # Panics
    /// When iglu has ended.
    #[track_caller]
    pub fn answer(&self, action: &str, answer: impl Into<Value>) {
        self.begin(&json!({"do": "answer", "action": action, "ok": answer.into()}));
    }

    /// From now on the platform refuses an action.
    ///
    /// ```no_run
    /// # use iglu_sdk::HostError;
    /// # let bot = iglu_sdk::test::Kit::new().unwrap();
    /// bot.refuse("groups.mute", &HostError::NotFound("nobody of that id".to_owned()));
    /// bot.group("20001").user("10001").owner().say("/mute 10002").expect_containing("nobody");
    /// ```
    ///
    /// # Panics
    /// When iglu has ended.
    #[track_caller]
    pub fn refuse(&self, action: &str, error: &HostError) {
        self.begin(&json!({"do": "answer", "action": action, "error": error_json(error)}));
    }

    /// From now on a server answers so: `url` may hold `*` for any number of characters. Whatever has no answer cannot be
    /// reached, and no request leaves the machine.
    ///
    /// ```no_run
    /// # use serde_json::json;
    /// # let bot = iglu_sdk::test::Kit::new().unwrap();
    /// bot.http("GET", "https://api.example.com/weather?city=*", json!({"sky": "clear"}));
    /// bot.user("10001").say("/weather Oslo").expect("clear");
    /// ```
    ///
    /// # Panics
    /// When iglu has ended.
    #[track_caller]
    pub fn http(&self, method: &str, url: &str, json: impl Into<Value>) {
        self.http_with(&json!({"method": method, "url": url, "json": json.into()}));
    }

    /// The same, with everything else: `status`, `headers`, a body as `json`, `text` or `base64`, or in its place an `error`
    /// ("timeout", "disconnected" or "denied"); `times`, how often; `delay_ms`, how long it takes, by the clock of the test:
    /// the answer comes when it is [put forward](Self::advance).
    ///
    /// ```no_run
    /// # use serde_json::json;
    /// # let bot = iglu_sdk::test::Kit::new().unwrap();
    /// bot.http_with(&json!({"url": "https://api.example.com/*", "status": 503, "text": "busy", "times": 1}));
    /// bot.user("10001").say("/weather Oslo").expect_containing("busy");
    /// ```
    ///
    /// # Panics
    /// When the answer has another form.
    #[track_caller]
    pub fn http_with(&self, answer: &Value) {
        let mut request = answer.clone();
        request["do"] = "http".into();
        self.begin(&request);
    }

    /// What the plugin asked servers for, in order.
    ///
    /// ```no_run
    /// # let bot = iglu_sdk::test::Kit::new().unwrap();
    /// bot.user("10001").say("/weather Oslo");
    /// assert_eq!(bot.http_requests()[0].url, "https://api.example.com/weather?city=Oslo");
    /// ```
    ///
    /// # Panics
    /// When iglu has ended.
    #[track_caller]
    pub fn http_requests(&self) -> Vec<HttpRequest> {
        let asked = self.asked(&json!({"do": "asked"}));
        asked.as_array().into_iter().flatten().map(HttpRequest::from_json).collect()
    }

    /// A value that the plugin keeps under this key.
    ///
    /// ```no_run
    /// # let bot = iglu_sdk::test::Kit::new().unwrap();
    /// bot.user("10001").say("/count").expect("1");
    /// assert_eq!(bot.stored("count"), Some(1));
    /// ```
    ///
    /// # Panics
    /// When the value has another form.
    #[track_caller]
    pub fn stored<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        let found = self.asked(&json!({"do": "stored", "key": key}));
        let bytes = found["base64"].as_str().and_then(|text| STANDARD.decode(text).ok())?;
        Some(decode(key, &bytes))
    }

    /// The keys with this prefix, in order.
    ///
    /// ```no_run
    /// # let bot = iglu_sdk::test::Kit::new().unwrap();
    /// assert_eq!(bot.stored_keys("notes/"), ["notes/10001"]);
    /// ```
    ///
    /// # Panics
    /// When iglu has ended.
    #[track_caller]
    pub fn stored_keys(&self, prefix: &str) -> Vec<String> {
        let keys = self.asked(&json!({"do": "keys", "prefix": prefix}));
        serde_json::from_value(keys).unwrap_or_default()
    }

    /// Puts a value under a key, as the plugin would.
    ///
    /// ```no_run
    /// # let bot = iglu_sdk::test::Kit::new().unwrap();
    /// bot.store("count", &41);
    /// bot.user("10001").say("/count").expect("42");
    /// ```
    ///
    /// # Panics
    /// When the plugin's quota is full.
    #[track_caller]
    pub fn store(&self, key: &str, value: &impl Serialize) {
        let value = serde_json::to_string(value).expect("the value has a JSON form");
        self.asked(&json!({"do": "store", "key": key, "value": value}));
    }

    /// The running version is replaced by itself, as by a new file: handlers are finished, the state is handed over.
    ///
    /// ```no_run
    /// # let bot = iglu_sdk::test::Kit::new().unwrap();
    /// bot.reload().expect_nothing();
    /// ```
    ///
    /// # Panics
    /// When it does not start again.
    #[track_caller]
    pub fn reload(&self) -> Answers {
        self.done("the plugin was reloaded", &json!({"do": "reload"}))
    }

    /// iglu ends in order and begins again, at once. What it does then is among the answers of what the test does next.
    ///
    /// ```no_run
    /// # fn test() -> iglu_sdk::test::Result<()> {
    /// # let mut bot = iglu_sdk::test::Kit::new()?;
    /// bot.user("10001").say("/note add milk").expect("Noted as 1.");
    /// bot.restart()?;
    /// bot.user("10001").say("/note").expect("1. milk");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the plugin does not start again.
    pub fn restart(&mut self) -> Result<()> {
        self.house.get_mut().program.ask(&json!({"do": "close"}))?;
        self.kill()
    }

    /// iglu ends in order, so much time passes, and it begins again: timers that fell due meanwhile fire, and cron lines make
    /// up for missed runs or skip them.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # fn test() -> iglu_sdk::test::Result<()> {
    /// # let mut bot = iglu_sdk::test::Kit::new()?;
    /// bot.user("10001").say("/remind 2h tea").expect("I will.");
    /// bot.away(Duration::from_secs(3 * 3600))?.expect("tea!");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the plugin does not start again.
    pub fn away(&mut self, time: Duration) -> Result<Answers> {
        self.house.get_mut().ahead += time.as_secs_f64();
        self.restart()?;
        let all = std::mem::take(&mut self.house.get_mut().early);
        Ok(answers(&format!("iglu was away for {time:?}"), &all))
    }

    /// iglu is killed, as by a power cut, and begins again. What it does then is among the answers of what the test does next.
    ///
    /// ```no_run
    /// # fn test() -> iglu_sdk::test::Result<()> {
    /// # let mut bot = iglu_sdk::test::Kit::new()?;
    /// bot.kill()?;
    /// bot.user("10001").say("/hello").expect("Hello!");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the plugin does not start again.
    pub fn kill(&mut self) -> Result<()> {
        let house = self.house.get_mut();
        house.program.kill();
        let (again, _) = House::open(&self.program, &self.open, house.ahead)?;
        *house = again;
        Ok(())
    }

    /// The folder of this house: `plugins/` and `data/`. It is gone when the kit is dropped.
    ///
    /// ```no_run
    /// # let bot = iglu_sdk::test::Kit::new().unwrap();
    /// assert!(bot.folder().join("data").is_dir());
    /// ```
    pub fn folder(&self) -> &Path {
        &self.dir.0
    }

    /// A request that lets the bot do things.
    #[track_caller]
    pub(super) fn done(&self, what: &str, request: &Value) -> Answers {
        let answer = self.ask(request);
        let mut all = std::mem::take(&mut self.house.borrow_mut().early);
        all.push(answer.clone());
        let answers = answers(what, &all);
        if let Some(reason) = answer.get("error").and_then(Value::as_str) {
            panic!("{reason}\n{answers}");
        }
        answers
    }

    /// A request with an answer of its own.
    #[track_caller]
    fn asked(&self, request: &Value) -> Value {
        let mut answer = self.ask(request);
        if let Some(reason) = answer.get("error").and_then(Value::as_str) {
            panic!("{reason}");
        }
        let ok = answer["ok"].take();
        self.house.borrow_mut().early.push(answer);
        ok
    }

    /// A request of which nothing is awaited.
    #[track_caller]
    pub(super) fn begin(&self, request: &Value) {
        self.asked(request);
    }

    #[track_caller]
    fn ask(&self, request: &Value) -> Value {
        match self.house.borrow_mut().program.ask(request) {
            Ok(answer) => answer,
            Err(error) => panic!("{error}"),
        }
    }
}

impl fmt::Debug for Kit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kit").field("open", &self.open).finish_non_exhaustive()
    }
}

fn answers(what: &str, all: &[Value]) -> Answers {
    let list = |name: &'static str| all.iter().filter_map(move |answer| answer[name].as_array()).flatten();
    let actions = list("actions").map(Action::from_json).collect();
    let said = all.last().and_then(|answer| answer["ok"]["message"].as_str());
    Answers::new(what.to_owned(), actions, list("log").map(LogLine::from_json).collect()).after(said)
}

/// In the contract's words.
fn error_json(error: &HostError) -> Value {
    let (kind, text) = match error {
        HostError::Denied(text) => ("denied", text),
        HostError::Unsupported(text) => ("unsupported", text),
        HostError::RateLimited { seconds } => return json!({"type": "rate-limited", "data": seconds}),
        HostError::Timeout(text) => ("timeout", text),
        HostError::Disconnected(text) => ("disconnected", text),
        HostError::Platform(platform) => return json!({"type": "platform", "data": platform}),
        HostError::Invalid(text) => ("invalid", text),
        HostError::NotFound(text) => ("not-found", text),
        HostError::Expired(text) => ("expired", text),
        HostError::Exhausted(text) => ("exhausted", text),
        HostError::Cancelled(text) => ("cancelled", text),
        HostError::Other(text) => ("other", text),
    };
    json!({"type": kind, "data": text})
}
