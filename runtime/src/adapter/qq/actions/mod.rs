//! The contract's typed actions in the platform's requests, and the raw one.

pub(super) mod call;
mod chats;
mod files;
mod friends;
mod groups;

use crate::bot::Answer;
use crate::model::Error;

/// An id that must be there.
fn named<'a>(what: &str, id: &'a str) -> Result<&'a str, Error> {
    match id.trim() {
        "" => Err(Error::Invalid(format!("the {what} is empty; use the id as an event gives it"))),
        id => Ok(id),
    }
}

/// An action that cannot be asked for.
fn refuse<'a, T: Send + 'a>(error: Error) -> Answer<'a, T> {
    Box::pin(std::future::ready(Err(error)))
}
