//! What a plugin may call: one file for each interface of the contract.
//!
//! Every call runs in three steps: find out who calls ([`enter`]), ask the policy, act. Functions that go out of the
//! house tell the [flight](crate::plugin::flight) that the handler has acted before they do.

mod bots;
mod brought;
mod caller;
mod clock;
mod content;
mod context;
mod downloaded;
mod downloads;
mod drafts;
mod files;
mod friends;
mod groups;
mod http;
mod log;
mod magic;
mod media;
mod messages;
mod pace;
mod sessions;
mod stdio;
mod storage;
mod streams;

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use wasmtime::AsContextMut as _;
use wasmtime::component::{Accessor, GuestTaskId};

pub(crate) use caller::{Caller, Desk, Shared, Surroundings};
pub(crate) use downloads::tidy as tidy_downloads;
pub(crate) use http::Outlet;
pub(crate) use messages::finish_drafts;
pub(crate) use pace::Pace;
pub(crate) use stdio::Stdio;

use crate::bot::Bot;
use crate::model::Error;
use crate::plugin::engine::{Calls, Ctx};
use crate::policy::Permission;

/// A call to the host that is under way, for as long as this lives: its caller.
#[must_use = "dropped, it says that the host has answered"]
struct Entered {
    caller: Arc<Caller>,
    /// The guest's task that calls.
    task: Option<GuestTaskId>,
    /// Bytes that it has brought, as long as they are kept.
    brought: AtomicUsize,
}

impl Entered {
    fn new(caller: Arc<Caller>, task: Option<GuestTaskId>, brought: usize) -> Self {
        if let Some(activity) = caller.activity() {
            activity.begin();
        }
        Self { caller, task, brought: AtomicUsize::new(brought) }
    }

    /// So many of the bytes are no longer kept, though the call goes on.
    fn put_down(&self, bytes: usize) {
        self.brought.fetch_sub(bytes, Ordering::Relaxed);
        self.caller.lets_go(bytes);
    }

    /// The handler that calls, or else one that is at work on this event.
    fn handler(&self, event: &str) -> Option<u64> {
        self.caller.flight.at_work(self.task, event)
    }

    /// For as long as the answer lives, the call waits for the time, or for somebody outside the house.
    fn rest(&self) -> Resting<'_> {
        if let Some(activity) = self.caller.activity() {
            activity.end();
        }
        Resting(&self.caller)
    }
}

impl Deref for Entered {
    type Target = Arc<Caller>;

    fn deref(&self) -> &Arc<Caller> {
        &self.caller
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.caller.lets_go(*self.brought.get_mut());
        if let Some(activity) = self.caller.activity() {
            activity.end();
        }
    }
}

/// See [`Entered::rest`].
struct Resting<'a>(&'a Caller);

impl Drop for Resting<'_> {
    fn drop(&mut self) {
        if let Some(activity) = self.0.activity() {
            activity.begin();
        }
    }
}

/// The plugin that calls, with the handler noted as the one that is at work. `brought` is how many bytes come with the
/// call: a plugin may have thousands of calls under way, and the host keeps them all.
fn enter(host: &Accessor<Ctx, Calls>, brought: usize) -> Result<Entered, Error> {
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
    caller.takes(brought)?;
    Ok(Entered::new(caller, task, brought))
}

/// The bytes that these arguments hold.
macro_rules! held {
    ($($argument:expr),*) => {
        0 $(+ crate::model::Weigh::held(&$argument))*
    };
}
use held;

/// Functions of the contract that a bot does as they stand: who may call them, and the part of the bot that does them.
macro_rules! delegate {
    ($part:ident: $trait:ident of $interface:literal {
        $($right:ident $name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*
    }) => {$(
        async fn $name(
            host: &Accessor<Ctx, Self>,
            bot: String,
            $($argument: $type),*
        ) -> Result<$answer, Error> {
            let brought = crate::host::held!(bot $(, $argument)*);
            let (caller, target) = crate::host::target(host, brought, &bot, crate::host::Right::$right)?;
            let Some(part) = target.$part() else {
                let function = concat!($interface, ".", stringify!($name)).replace('_', "-");
                return Err(crate::bot::cannot(&target.info(), &function));
            };
            crate::host::Right::$right.goes_out(&caller);
            $trait::$name(part, $($argument),*).await
        }
    )*};
}
use delegate;

/// What a plugin needs for a function.
#[derive(Clone, Copy)]
enum Right {
    /// Nothing, and nothing is changed.
    Free,
    Send,
    GroupAdmin,
    Friends,
    Files,
    /// The permission `files`, and nothing is changed.
    FilesRead,
}

impl Right {
    fn check(self, caller: &Caller) -> Result<(), Error> {
        let permission = match self {
            Self::Free => return Ok(()),
            Self::Send => Permission::Send,
            Self::GroupAdmin => Permission::GroupAdmin,
            Self::Friends => Permission::Friends,
            Self::Files | Self::FilesRead => Permission::Files,
        };
        caller.policy.allows(&permission)
    }

    /// The handler has acted, unless it only reads.
    fn goes_out(self, caller: &Caller) {
        if !matches!(self, Self::Free | Self::FilesRead) {
            caller.flight.acted();
        }
    }
}

/// The bot that a plugin with this right names.
fn target(
    host: &Accessor<Ctx, Calls>,
    brought: usize,
    bot: &str,
    right: Right,
) -> Result<(Entered, Arc<dyn Bot>), Error> {
    let caller = enter(host, brought)?;
    right.check(&caller)?;
    let target = caller.bot(bot)?;
    Ok((caller, target))
}
