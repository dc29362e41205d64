//! The ways by which NapCat's actions can be called.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::oneshot;

use super::calls::{self, Calls};
use super::http::{self, Client};
use super::packets::Packets;
use super::wire::{Outcome, Response};
use crate::model::{Error, Incoming};

/// One way. Clones are the same way.
#[derive(Debug, Clone)]
pub(super) enum Line {
    /// A WebSocket, whoever dialled it.
    Socket(Arc<Calls>),
    /// NapCat's HTTP server.
    Http(Arc<Client>),
    /// None: NapCat posts events, and takes quick operations in the answers to these.
    Posts(Arc<()>),
}

/// A call that is on its way. Dropping it forgets the answer.
#[derive(Debug)]
pub(super) enum Pending<'a> {
    Socket(calls::Pending<'a>),
    Http(http::Pending),
}

impl Line {
    /// Begins a call. The answer is due within `deadline`, and the time that a request of this size needs.
    pub(super) fn start(
        &self,
        action: &str,
        params: &Value,
        deadline: Duration,
    ) -> Result<Pending<'_>, Error> {
        match self {
            Self::Socket(calls) => calls.start(action, params, deadline).map(Pending::Socket),
            Self::Http(client) => client.start(action, params, deadline).map(Pending::Http),
            Self::Posts(_) => Err(no_calls(action)),
        }
    }

    /// Begins a call that answers in packets.
    pub(super) fn stream(&self, action: &str, params: &Value) -> Result<Packets, Error> {
        match self {
            Self::Socket(calls) => calls.stream(action, params),
            Self::Http(client) => client.stream(action, params),
            Self::Posts(_) => Err(no_calls(action)),
        }
    }

    /// Whether calls arrive in the order in which they are begun.
    pub(super) fn keeps_order(&self) -> bool {
        matches!(self, Self::Socket(_))
    }

    /// Hands an answer to its call. `false` if nobody waits for it.
    pub(super) fn answer(&self, response: Response) -> bool {
        match self {
            Self::Socket(calls) => calls.answer(response),
            Self::Http(_) | Self::Posts(_) => false,
        }
    }

    /// Fails every call in flight, and all later ones.
    pub(super) fn close(&self, reason: &str) {
        match self {
            Self::Socket(calls) => calls.close(reason),
            Self::Http(client) => client.close(reason),
            Self::Posts(_) => {}
        }
    }

    pub(super) fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Socket(one), Self::Socket(other)) => Arc::ptr_eq(one, other),
            (Self::Http(one), Self::Http(other)) => Arc::ptr_eq(one, other),
            (Self::Posts(one), Self::Posts(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }
}

fn no_calls(action: &str) -> Error {
    Error::Unsupported(format!(
        "{action}: this bot is known by NapCat's posts alone, which can carry a reply and nothing else; give its [[bot]] \
         table the `url` of an HTTP server in NapCat's network settings too"
    ))
}

impl Pending<'_> {
    /// The platform's answer, whether it succeeded or not.
    pub(super) async fn outcome(self) -> Result<Outcome, Error> {
        match self {
            Self::Socket(pending) => pending.outcome().await,
            Self::Http(pending) => pending.outcome().await,
        }
    }
}

/// Where an event came from: the way that a reply takes back.
#[derive(Debug)]
pub(super) struct Origin {
    pub(super) line: Line,
    /// The open answer to the post that carried the event; gone with the last copy of the event.
    quick: Mutex<Option<oneshot::Sender<Value>>>,
}

impl Origin {
    pub(super) fn new(line: Line) -> Self {
        Self { line, quick: Mutex::default() }
    }

    /// An event whose post can be answered with a quick operation.
    pub(super) fn posted(line: Line) -> (Self, oneshot::Receiver<Value>) {
        let (sender, receiver) = oneshot::channel();
        (Self { line, quick: Mutex::new(Some(sender)) }, receiver)
    }

    /// The origin of an event of this adapter.
    pub(super) fn of(event: &Incoming) -> Option<&Self> {
        event.origin.as_ref()?.downcast_ref()
    }

    /// Answers the post, once. `false` if it was answered, or NapCat waits no more.
    pub(super) fn answer(&self, operation: Value) -> bool {
        let quick = self.quick.lock().unwrap_or_else(PoisonError::into_inner).take();
        quick.is_some_and(|quick| quick.send(operation).is_ok())
    }
}
