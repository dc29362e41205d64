//! A host for native tests: storage, clock, log and replies work; everything else is recorded and answered as the test
//! says. One per thread, put there by the test's harness.

pub(crate) mod calls;
pub(crate) mod executor;
mod permission;

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap, VecDeque},
};

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    HostError, Message,
    contract::iglu::plugin::types::Error as ContractError,
    log::Level,
    types::{Bot, Chat, Id, RawEvent},
};

/// What an outward function answers in a test.
pub(crate) type Answer = Box<dyn FnMut(&Value) -> Result<Value, HostError>>;

/// The packets that a call is answered with.
pub(crate) type Packets = Vec<Result<Value, HostError>>;
pub(crate) type StreamAnswer = Box<dyn FnMut(&Value) -> Result<Packets, HostError>>;

/// The time at which every test begins: 2026-01-01 00:00 UTC.
const BEGINNING: f64 = 1_767_225_600.0;

/// A reply or a send, as it would have gone out.
#[derive(Clone, Debug, PartialEq)]
pub struct Sent {
    /// The event that was answered; none for `messages::send`.
    pub event: Option<Id>,
    /// The account, for `messages::send`.
    pub bot: Id,
    /// Where it went, for `messages::send`.
    pub chat: Option<Chat>,
    /// What was sent.
    pub message: Message,
    /// Whether the answered message is shown.
    pub quote: bool,
}

pub(crate) struct FakeHost {
    pub(crate) granted: Vec<String>,
    pub(crate) config: Value,
    pub(crate) storage: BTreeMap<String, (Vec<u8>, Option<f64>)>,
    pub(crate) sent: Vec<Sent>,
    pub(crate) calls: Vec<(String, Value)>,
    pub(crate) answers: HashMap<String, Answer>,
    pub(crate) stream_answer: Option<StreamAnswer>,
    pub(crate) streams: BTreeMap<String, VecDeque<Result<Value, HostError>>>,
    pub(crate) log: Vec<(Level, String)>,
    pub(crate) now: f64,
    pub(crate) next_messages: VecDeque<RawEvent>,
    pub(crate) events: HashMap<Id, RawEvent>,
    pub(crate) bots: Vec<Bot>,
    pub(crate) superusers: Vec<Id>,
    pub(crate) timers: BTreeMap<String, (f64, Option<String>)>,
    pub(crate) drafts: BTreeMap<String, (Id, String)>,
    pub(crate) originals: HashMap<Id, Value>,
}

impl Default for FakeHost {
    fn default() -> Self {
        Self {
            granted: Vec::new(),
            config: Value::Object(serde_json::Map::new()),
            storage: BTreeMap::new(),
            sent: Vec::new(),
            calls: Vec::new(),
            answers: HashMap::new(),
            stream_answer: None,
            streams: BTreeMap::new(),
            log: Vec::new(),
            now: BEGINNING,
            next_messages: VecDeque::new(),
            events: HashMap::new(),
            bots: Vec::new(),
            superusers: Vec::new(),
            timers: BTreeMap::new(),
            drafts: BTreeMap::new(),
            originals: HashMap::new(),
        }
    }
}

thread_local! {
    static HOST: RefCell<FakeHost> = RefCell::default();
}

/// Uses the thread's host. The closure must not call back into the plugin.
pub(crate) fn with<T>(use_it: impl FnOnce(&mut FakeHost) -> T) -> T {
    HOST.with_borrow_mut(use_it)
}

impl FakeHost {
    pub(crate) fn check(&self, permission: &str) -> Result<(), ContractError> {
        if self.granted.iter().any(|granted| permission::covers(granted, permission)) {
            return Ok(());
        }
        Err(ContractError::Denied(format!(
            "the plugin does not ask for `{permission}`, or the test denies it; add it to #[plugin(permissions(..))]"
        )))
    }

    pub(crate) fn event(&self, id: &str) -> Result<&RawEvent, ContractError> {
        self.events.get(id).ok_or_else(|| ContractError::NotFound(format!("there is no event `{id}`")))
    }

    pub(crate) fn due(&self, key: &str) -> Option<&Vec<u8>> {
        let (value, until) = self.storage.get(key)?;
        until.is_none_or(|until| until > self.now).then_some(value)
    }
}

/// Records the call and gives the test's answer; without one, what a call that answers nothing answers.
fn scripted<T: DeserializeOwned>(name: &str, params: &Value) -> Result<T, ContractError> {
    let script = with(|host| {
        host.calls.push((name.to_owned(), params.clone()));
        host.answers.remove(name)
    });
    let Some(mut script) = script else {
        return serde_json::from_value(Value::Null).map_err(|_| {
            ContractError::Unsupported(format!("the test says nothing about `{name}`; see Harness::answer"))
        });
    };
    let answer = script(params);
    with(|host| host.answers.insert(name.to_owned(), script));
    match answer {
        Ok(value) => Ok(serde_json::from_value(value.clone())
            .unwrap_or_else(|error| panic!("the test's answer to `{name}` does not fit: {error}: {value}"))),
        Err(error) => Err(error.into()),
    }
}

/// The same for a call that is answered in many packets.
fn scripted_stream(params: &Value) -> Result<VecDeque<Result<Value, HostError>>, ContractError> {
    let script = with(|host| {
        host.calls.push(("bots.call_stream".to_owned(), params.clone()));
        host.stream_answer.take()
    });
    let Some(mut script) = script else {
        return Err(ContractError::Unsupported(
            "the test says nothing about `bots.call_stream`; see Harness::answer_stream".to_owned(),
        ));
    };
    let packets = script(params);
    with(|host| host.stream_answer = Some(script));
    Ok(packets?.into())
}

impl From<HostError> for ContractError {
    fn from(error: HostError) -> Self {
        match error {
            HostError::Denied(text) => Self::Denied(text),
            HostError::Unsupported(text) => Self::Unsupported(text),
            HostError::RateLimited { seconds } => Self::RateLimited(seconds),
            HostError::Timeout(text) => Self::Timeout(text),
            HostError::Disconnected(text) => Self::Disconnected(text),
            HostError::Platform(error) => Self::Platform(error),
            HostError::Invalid(text) => Self::Invalid(text),
            HostError::NotFound(text) => Self::NotFound(text),
            HostError::Expired(text) => Self::Expired(text),
            HostError::Exhausted(text) => Self::Exhausted(text),
            HostError::Cancelled(text) => Self::Cancelled(text),
            HostError::Other(text) => Self::Other(text),
        }
    }
}
