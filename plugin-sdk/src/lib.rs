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
//! * An owned parameter of a command is an argument: a number, a `String`, a [`Mention`], an [`Image`], a
//!   [`Duration`](clock::parse_duration), an enum that derives [`Choice`], any `FromStr` type, `Option` and `Vec` of these, and last
//!   [`Rest`] or `Option<Rest>`. With `#[option]` it is an option, `--times 3`; see [`#[command]`](command). The host parses
//!   them; if the words do not fit, the user gets the reason and the usage line, and the plugin sleeps on.
//! * A handler returns nothing, something to reply (`String`, [`Message`]...), an [`Outcome`], an `Option` of these
//!   (`None`: not for me after all), or a [`Result`] of these.
//!
//! # Commands
//!
//! ```
//! use iglu_sdk::prelude::*;
//!
//! #[derive(Default)]
//! struct Walker;
//!
//! #[derive(Choice)]
//! enum Way {
//!     North,
//!     #[choice("家")]
//!     Home,
//! }
//!
//! #[plugin(id = "walker")]
//! impl Walker {
//!     /// Walks: `/walk north --steps 3`.
//!     #[command("walk")]
//!     async fn walk(
//!         &self,
//!         /// Where to.
//!         way: Way,
//!         #[option(short = "s", default = 1, max = 100, help = "How far.")] steps: u32,
//!         #[option] quietly: bool,
//!     ) -> String {
//!         let to = match way { Way::North => "to the north", Way::Home => "home" };
//!         format!("{steps} step(s) {to}{}", if quietly { "" } else { "!" })
//!     }
//! }
//! # use iglu_sdk::testing::Harness;
//! # let mut bot = Harness::<Walker>::new();
//! # assert_eq!(bot.say("/walk 家"), ["1 step(s) home!"]);
//! # let command = &bot.manifest()["handlers"][0]["on"]["command"];
//! # assert_eq!(command["arguments"][0]["choices"], json!(["north", "家"]));
//! # assert_eq!(command["options"][0]["max"], json!(100));
//! ```
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
//! The [`test`](mod@test) kit lets people talk to the built component in the real sandbox:
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
mod value;

pub use args::{Invocation, Mention, Rest};
pub use config::Config;
pub use error::{Context, Error, HostError, Result};
pub use event::{Event, Expect, MessageEvent};
/// Random numbers, seeded by the host: `random::u32(1..=6)`, `random::choice(list)`, and in a test `random::seed(7)`.
pub use fastrand as random;
pub use iglu_sdk_macros::{Choice, Config, command, cron, keyword, on, plugin, regex, start, stop};
pub use message::{Content, Message};
#[cfg(feature = "schemars")]
pub use schemars;
pub use serde;
pub use serde_json;
pub use task::{granted, spawn};
pub use types::{Image, Outcome};

/// `use iglu_sdk::prelude::*;`
pub mod prelude {
    pub use std::time::Duration;

    pub use serde_json::{Value, json};

    pub use crate::{
        Choice, Config, Content, Context, Error, Event, Expect, HostError, Image, Invocation, Mention,
        Message, MessageEvent, Outcome, Rest, Result, bots, clock, command, cron,
        event::kind::{
            AdminChanged, BotJoined, BotLeft, FileUploaded, FriendAdded, FriendRemoved, FriendRequest,
            Interaction, InviteRequest, JoinRequest, MemberJoined, MemberLeft, MessageRecalled, Muted, Poked,
            Scheduled,
        },
        files, friends, granted, groups, http, keyword, log,
        media::{file, image, video, voice},
        messages, napcat, on, plugin, random, regex, spawn, start, stop, storage,
        types::Chat,
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
        args::{Arguments, BadArgument, Reader, Wanted},
        component::Component,
        config::{ByConfig, BySchemars, Config, Schema, SchemaOf},
        contract::{self, export},
        json::Json,
        lock::RwLock,
        manifest::{Argument, Bound, Cooldown, HandlerSpec, Manifest, Permission, Rate, Trigger},
        plugin::{
            Call, Created, IntoAnswer, IntoStarted, Plugin, View, from_state, report_stop, to_state,
            unknown_handler,
        },
        value::{Kind, Of, Typed, Untyped, Word},
    };

    /// A default's JSON for the schema.
    pub fn schema_value<T: Config>(value: &T) -> Value {
        value.to_value()
    }
}

/// The code in the book compiles. `tests/tests/book.rs` sees to it that no page is missing.
#[cfg(doctest)]
mod book {
    #[doc = include_str!("../../README.md")]
    #[doc = include_str!("../../docs/first-plugin.md")]
    #[doc = include_str!("../../docs/concepts.md")]
    #[doc = include_str!("../../docs/commands.md")]
    #[doc = include_str!("../../docs/events.md")]
    #[doc = include_str!("../../docs/waiting.md")]
    #[doc = include_str!("../../docs/actions.md")]
    #[doc = include_str!("../../docs/media.md")]
    #[doc = include_str!("../../docs/storage.md")]
    #[doc = include_str!("../../docs/time.md")]
    #[doc = include_str!("../../docs/http.md")]
    #[doc = include_str!("../../docs/plugin-config.md")]
    #[doc = include_str!("../../docs/permissions.md")]
    #[doc = include_str!("../../docs/testing.md")]
    #[doc = include_str!("../../docs/from-nonebot2.md")]
    #[doc = include_str!("../../docs/from-koishi.md")]
    struct English;

    #[doc = include_str!("../../README.zh-CN.md")]
    #[doc = include_str!("../../docs/first-plugin.zh-CN.md")]
    #[doc = include_str!("../../docs/concepts.zh-CN.md")]
    #[doc = include_str!("../../docs/commands.zh-CN.md")]
    #[doc = include_str!("../../docs/events.zh-CN.md")]
    #[doc = include_str!("../../docs/waiting.zh-CN.md")]
    #[doc = include_str!("../../docs/actions.zh-CN.md")]
    #[doc = include_str!("../../docs/media.zh-CN.md")]
    #[doc = include_str!("../../docs/storage.zh-CN.md")]
    #[doc = include_str!("../../docs/time.zh-CN.md")]
    #[doc = include_str!("../../docs/http.zh-CN.md")]
    #[doc = include_str!("../../docs/plugin-config.zh-CN.md")]
    #[doc = include_str!("../../docs/permissions.zh-CN.md")]
    #[doc = include_str!("../../docs/testing.zh-CN.md")]
    #[doc = include_str!("../../docs/from-nonebot2.zh-CN.md")]
    #[doc = include_str!("../../docs/from-koishi.zh-CN.md")]
    struct Chinese;
}
