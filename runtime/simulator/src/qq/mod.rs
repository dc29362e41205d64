//! A simulated official QQ platform: token endpoint, REST, uploads, gateway and webhook over real sockets, with the
//! platform's rules and its faults.
//!
//! ```no_run
//! # async fn example() {
//! use iglu_simulator::{Cut, qq::{Chat, Fault, Options, Platform, USER}};
//!
//! let platform = Platform::start(Options::default()).await;
//! let bot = platform.bot();
//! // ... start the client with token_base(), api_base(), bot.app().app_id and bot.app().secret ...
//! platform.connected().await;
//! platform.fault("POST", "/v2/users/*/messages", 1, Fault::DropAfter);
//! let event = bot.c2c(USER, "/echo hi");
//! let sent = platform.next_sent_to(&Chat::User(USER.to_owned())).await;
//! assert_eq!((sent.text(), sent.msg_id.as_deref()), ("hi", Some(event.message_id())));
//! bot.cut(Cut::Reset).await;
//! platform.resumed(1).await;
//! assert!(platform.violations().is_empty());
//! # }
//! ```
//!
//! A [`Platform`] has any number of [`Bot`]s. What is done as a user ([`Bot::c2c`], [`Bot::group_at`], [`Bot::press`]
//! and so on) goes to every session of that bot on the gateway that asked for it, and to every [`Webhook`]. Rules are
//! enforced as documented ([`Limits`]); a request that breaks a window, count, quota or sequence is answered with the
//! platform's code and listed in [`Platform::violations`]. [`Platform::advance`] puts the clock forward.
//!
//! Every waiting method panics at [`Options::deadline`] with what was seen instead.

mod bot;
mod clock;
mod content;
mod draft;
mod error;
mod event;
mod fault;
mod gateway;
mod guild;
mod handle;
mod ids;
mod interaction;
mod kinds;
mod log;
mod media;
mod options;
mod platform;
mod routes;
mod say;
mod send;
mod sent;
mod server;
mod session;
mod shared;
pub mod sign;
mod stream;
mod token;
mod webhook;
mod world;

pub use self::{
    draft::Draft,
    error::Limit,
    event::Event,
    fault::{Fault, Held},
    gateway::{GatewayCounts, Presented},
    handle::Bot,
    ids::openid,
    interaction::Acknowledged,
    media::Media,
    options::{App, CHANNEL, GROUP, GUILD, KNOWN_INTENTS, Limits, Options, Sessions, Shape, Stale, USER},
    platform::Platform,
    sent::{Sent, Via, Violation},
    server::Request,
    stream::Stream,
    webhook::{Answer, Attempt, Delivery, Validation, Webhook},
    world::Chat,
};
