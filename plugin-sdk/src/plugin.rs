//! What `#[plugin]` implements, and what it stands on: a call from the host becomes a method's call, and what the method
//! returns becomes an answer. Public for the macro only.

#![allow(missing_docs, reason = "public for the macro only")]

use std::fmt::Display;

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    Error, HostError, Message, Outcome, Result,
    args::{Arguments, Invocation, Rest},
    error::Told,
    event::{Event, Kind, reply},
    lock::RwLock,
    log,
    manifest::Manifest,
    types::{Id, RawEvent, Receipt, Segment},
};

/// A plugin, seen from outside.
#[allow(async_fn_in_trait, reason = "a component has one thread")]
pub trait Plugin: Sized + 'static {
    const MANIFEST: Manifest;

    async fn create(state: Option<Vec<u8>>) -> Result<Self>;
    async fn handle(plugin: &RwLock<Self>, handler: &str, call: Call) -> Result<Outcome>;
    async fn stop(plugin: &RwLock<Self>, reason: &str) -> Option<Vec<u8>>;
}

/// One call of one handler.
#[derive(Debug)]
pub struct Call {
    id: Id,
    /// Until a parameter takes it.
    event: Option<RawEvent>,
    invocation: Invocation,
}

impl Call {
    pub(crate) fn new(event: RawEvent, args: &str) -> Result<Self> {
        let invocation = Invocation::parse(args)
            .ok_or_else(|| Error::new(format!("the host's arguments are not understood: {args}")))?;
        Ok(Self { id: event.id.clone(), event: Some(event), invocation })
    }

    #[must_use]
    pub fn arguments(&self) -> Arguments<'_> {
        Arguments::new(&self.invocation, self.event.as_ref())
    }

    /// Tells the user what is wrong and how it is used; the invocation is handled with that.
    ///
    /// # Errors
    /// What sending meets.
    pub async fn refuse(&self, reason: &str, usage: &str) -> Result<Outcome> {
        let Invocation { prefix, command, usage: told, .. } = &self.invocation;
        let usage = if told.is_empty() { usage } else { told };
        let text = match command.as_str() {
            "" => reason.to_owned(),
            command => format!("{reason}\n用法 usage: {prefix}{command} {usage}").trim_end().to_owned(),
        };
        reply(self.id.clone(), text.into(), false).await?;
        Ok(Outcome::Handled)
    }

    /// Sends what the handler returned, if that is to be sent.
    ///
    /// # Errors
    /// The handler's own, or what sending meets.
    pub async fn finish(&self, answer: Result<Answer>, usage: &str) -> Result<Outcome> {
        match answer {
            Ok(Answer::Outcome(outcome)) => Ok(outcome),
            Ok(Answer::Reply(message)) => {
                reply(self.id.clone(), message, false).await?;
                Ok(Outcome::Handled)
            }
            Err(error) => match error.told() {
                Told::Nothing => Err(error),
                Told::Usage => self.refuse(&error.to_string(), usage).await,
                Told::Text => {
                    reply(self.id.clone(), error.to_string().into(), false).await?;
                    Ok(Outcome::Handled)
                }
            },
        }
    }
}

/// A handler's reference parameter.
#[diagnostic::on_unimplemented(
    message = "a handler cannot take `&{Self}`",
    label = "this is not part of an event",
    note = "by reference a handler takes its event (`&MessageEvent`, `&Event<MemberJoined>`) or the `&Invocation` of its command; \
            what users write is owned: `String`, `u32`, `Rest`"
)]
pub trait View: Sized {
    /// What `#[on]` without names listens to.
    const KINDS: &'static [&'static str];

    /// # Errors
    /// When the event is of another kind.
    fn of(call: &mut Call) -> Result<Self>;
}

impl<K: Kind> View for Event<K> {
    const KINDS: &'static [&'static str] = K::NAMES;

    fn of(call: &mut Call) -> Result<Self> {
        match call.event.take() {
            Some(event) => Self::from_raw(event),
            None => Err(Error::new("a handler takes the event once")),
        }
    }
}

impl View for Invocation {
    const KINDS: &'static [&'static str] = &[];

    fn of(call: &mut Call) -> Result<Self> {
        Ok(call.invocation.clone())
    }
}

/// What became of a call.
#[derive(Debug)]
pub enum Answer {
    Outcome(Outcome),
    Reply(Message),
}

/// What a handler may return: nothing, an [`Outcome`], something to reply, `Option` of these (none: passed), or a
/// [`Result`] of these.
#[diagnostic::on_unimplemented(
    message = "a handler cannot return `{Self}`",
    note = "it returns nothing, an `Outcome`, a `Message`, a `String` or `&'static str` to reply, an `Option` of these, or a \
            `Result` of these"
)]
pub trait IntoAnswer {
    /// # Errors
    /// The handler's own.
    fn into_answer(self) -> Result<Answer>;
}

impl IntoAnswer for () {
    fn into_answer(self) -> Result<Answer> {
        Ok(Answer::Outcome(Outcome::Handled))
    }
}

impl IntoAnswer for Outcome {
    fn into_answer(self) -> Result<Answer> {
        Ok(Answer::Outcome(self))
    }
}

/// So that a handler may end with `event.reply(..).await`.
impl IntoAnswer for Receipt {
    fn into_answer(self) -> Result<Answer> {
        Ok(Answer::Outcome(Outcome::Handled))
    }
}

macro_rules! replies {
    ($($ty:ty)*) => {$(
        impl IntoAnswer for $ty {
            fn into_answer(self) -> Result<Answer> {
                Ok(Answer::Reply(self.into()))
            }
        }
    )*};
}

replies!(Message String &'static str Segment Rest);

impl<A: IntoAnswer> IntoAnswer for Option<A> {
    fn into_answer(self) -> Result<Answer> {
        self.map_or(Ok(Answer::Outcome(Outcome::Passed)), A::into_answer)
    }
}

impl<A: IntoAnswer, E: Into<Error>> IntoAnswer for Result<A, E> {
    fn into_answer(self) -> Result<Answer> {
        self.map_err(Into::into)?.into_answer()
    }
}

/// What a constructor under `#[start]` returns: the plugin, or a `Result` of it.
pub trait Created<P> {
    /// # Errors
    /// The constructor's own.
    fn created(self) -> Result<P>;
}

impl<P: Plugin> Created<P> for P {
    fn created(self) -> Result<P> {
        Ok(self)
    }
}

impl<P: Plugin, E: Into<Error>> Created<P> for Result<P, E> {
    fn created(self) -> Result<P> {
        self.map_err(Into::into)
    }
}

/// What a hook returns: nothing, or a `Result` of it.
pub trait IntoStarted {
    /// # Errors
    /// The hook's own.
    fn into_started(self) -> Result;
}

impl IntoStarted for () {
    fn into_started(self) -> Result {
        Ok(())
    }
}

impl<E: Into<Error>> IntoStarted for Result<(), E> {
    fn into_started(self) -> Result {
        self.map_err(Into::into)
    }
}

/// A stopping plugin can only say what went wrong.
pub fn report_stop(stopped: Result) {
    if let Err(error) = stopped {
        log::error!("stop: {error}");
    }
}

#[must_use]
pub fn unknown_handler(name: &str) -> Error {
    Error::new(format!("this plugin has no handler `{name}`"))
}

/// The state that the version before handed over. One that does not fit is no reason not to start.
#[must_use]
pub fn from_state<P: Default + DeserializeOwned>(state: Option<Vec<u8>>) -> P {
    let Some(state) = state else { return P::default() };
    serde_json::from_slice(&state).unwrap_or_else(|error| {
        log::warn!("the state of the version before does not fit and is dropped: {error}");
        P::default()
    })
}

/// The state for the next version.
pub fn to_state<P: Serialize>(plugin: &P) -> Option<Vec<u8>> {
    serde_json::to_vec(plugin).map_err(|error| log::error!("the state cannot be handed over: {error}")).ok()
}

/// As the contract wants errors.
pub(crate) fn told<T>(result: Result<T, impl Display>) -> Result<T, String> {
    result.map_err(|error| error.to_string())
}

impl From<HostError> for String {
    fn from(error: HostError) -> Self {
        error.to_string()
    }
}
