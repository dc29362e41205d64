//! What a plugin may call: one file for each interface of the contract.
//!
//! Every call runs in three steps: find out who calls ([`enter`]), ask the policy, act. Functions that go out of the
//! house tell the [flight](crate::plugin::flight) that the handler has acted before they do.

mod bots;
mod caller;
mod clock;
mod content;
mod context;
mod later;
mod log;
mod messages;
mod pace;
mod stdio;
mod storage;
mod streams;

use std::sync::Arc;

use wasmtime::AsContextMut as _;
use wasmtime::component::Accessor;

pub(crate) use caller::{Caller, Surroundings};
pub(crate) use pace::Pace;
pub(crate) use stdio::Stdio;

use crate::model::Error;
use crate::plugin::engine::{Calls, Ctx};

/// The plugin that calls, with the handler noted as the one that is at work.
fn enter(host: &Accessor<Ctx, Calls>) -> Result<Arc<Caller>, Error> {
    let (caller, task) = host.with(|mut access| {
        let task = access.as_context_mut().async_call_stack().ok().and_then(|stack| stack.last());
        (Arc::clone(&access.get().caller), task)
    });
    caller.returned();
    if let Some(task) = task {
        caller.flight.touched(task);
    }
    if caller.is_describing() {
        return Err(Error::Denied("describe() may call only log, clock.now and config.get".to_owned()));
    }
    Ok(caller)
}
