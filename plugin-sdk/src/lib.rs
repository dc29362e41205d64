//! Write [iglu](https://github.com/iglu-rs/iglu) plugins in Rust.
//!
//! A plugin is a struct; its annotated methods are what the bot reacts to. The manifest is made from them.
//!
//! ```
//! use iglu_sdk::prelude::*;
//!
//! #[derive(Default)]
//! struct Echo;
//!
//! #[plugin]
//! impl Echo {
//!     /// Says the text back.
//!     #[command("echo", aliases = ["say"])]
//!     async fn echo(&self, text: Rest) -> Rest {
//!         text
//!     }
//! }
//! ```
//!
//! `cargo build --target wasm32-wasip2 --release` makes the file for the host's `plugins/` folder; the crate is a `cdylib`
//! (and an `rlib`, for its tests). One crate holds one plugin.
//!
//! # Handlers
//!
//! [`#[command]`](command), [`#[keyword]`](keyword), [`#[regex]`](macro@regex), [`#[on]`](on) and [`#[cron]`](cron) make a method
//! a handler. The host matches; a plugin is not woken for what it did not ask for.
//!
//! * A parameter by reference is the event, `&MessageEvent` or `&Event<MemberJoined>`, or the [`Invocation`].
//! * An owned parameter is read from the user's words: any `FromStr` type, `Option` and `Vec` of it, [`Mention`], and last
//!   [`Rest`] or `Option<Rest>`. If the words do not fit, the user gets the reason and the usage line.
//! * A handler returns nothing, something to reply (`String`, [`Message`]...), an [`Outcome`], an `Option` of these
//!   (`None`: not for me after all), or a [`Result`] of these.
//!
//! # State
//!
//! Handlers run at once in one instance, on one thread. With `&self` they overlap at each `.await`, and share fields by
//! `Cell` and `RefCell`. A handler with `&mut self` is alone: ordinary fields will do, but it waits for the handlers before
//! it, and those after wait for it; so it should not wait for users. What must outlive a crash belongs into [`storage`];
//! `#[plugin(state)]` hands the struct itself to the next version on a reload.
//!
//! # Tests
//!
//! The [`test`] kit lets people talk to the built component in the real sandbox:
//!
//! ```no_run
//! use iglu_sdk::test::{Kit, Result};
//!
//! #[test]
//! fn echo_says_the_text_back() -> Result<()> {
//!     let bot = Kit::new()?;
//!     bot.user("10001").say("/echo hi").expect("hi");
//!     Ok(())
//! }
//! ```
//!
//! A plugin crate can `#![forbid(unsafe_code)]`.

#![warn(missing_docs)]

#[allow(unused_extern_crates, reason = "the macros' code names the crate")]
extern crate self as iglu_sdk;

#[doc(hidden)]
#[allow(missing_docs, reason = "for the macro only")]
pub mod abi;
mod args;
mod base64_json;
pub mod bots;
pub mod clock;
mod component;
pub mod config;
#[doc(hidden)]
pub mod contract;
mod error;
pub mod event;
pub mod files;
pub mod friends;
pub mod groups;
mod host;
pub mod http;
mod json;
mod lock;
pub mod log;
mod manifest;
pub mod media;
mod message;
pub mod messages;
pub mod napcat;
mod plugin;
pub mod storage;
mod task;
#[cfg(not(target_arch = "wasm32"))]
pub mod test;
#[cfg(not(target_arch = "wasm32"))]
#[doc(hidden)]
pub mod testing;
pub mod types;

pub use args::{Invocation, Mention, Rest};
pub use config::Config;
pub use error::{Context, Error, HostError, Result};
pub use event::{Event, Expect, MessageEvent};
/// Random numbers, seeded by the host: `random::u32(1..=6)`, `random::choice(list)`, and in a test `random::seed(7)`.
pub use fastrand as random;
pub use iglu_sdk_macros::{Config, command, cron, keyword, on, plugin, regex, start, stop};
pub use message::{Content, Message};
#[cfg(feature = "schemars")]
pub use schemars;
pub use serde;
pub use serde_json;
pub use task::{granted, spawn};
pub use types::Outcome;

/// `use iglu_sdk::prelude::*;`
pub mod prelude {
    pub use std::time::Duration;

    pub use serde_json::{Value, json};

    pub use crate::{
        Config, Content, Context, Error, Event, Expect, HostError, Invocation, Mention, Message,
        MessageEvent, Outcome, Rest, Result, bots, clock, command, cron,
        event::kind::{
            AdminChanged, BotJoined, BotLeft, FileUploaded, FriendAdded, FriendRemoved, FriendRequest,
            Interaction, InviteRequest, JoinRequest, MemberJoined, MemberLeft, MessageRecalled, Muted, Poked,
            Scheduled,
        },
        files, friends, groups, http, keyword, log,
        media::{file, image, video, voice},
        messages, napcat, on, plugin, random, regex, spawn, start, stop, storage,
    };
}

/// For the macros; not for use by hand.
#[doc(hidden)]
#[allow(missing_docs, reason = "not for use by hand")]
pub mod __private {
    pub use serde;
    pub use serde_json::{Map, Value};

    #[cfg(target_arch = "wasm32")]
    pub use crate::abi;
    pub use crate::{
        args::{Arguments, BadArgument},
        component::Component,
        config::{ByConfig, BySchemars, Config, Schema, SchemaOf},
        contract::{self, export},
        lock::RwLock,
        manifest::{Cooldown, HandlerSpec, Manifest, Permission, Rate, Trigger},
        plugin::{
            Call, Created, IntoAnswer, IntoStarted, Plugin, View, from_state, report_stop, to_state,
            unknown_handler,
        },
    };

    /// A default's JSON for the schema.
    pub fn schema_value<T: Config>(value: &T) -> Value {
        value.to_value()
    }
}
