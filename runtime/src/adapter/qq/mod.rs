//! The official QQ bot platform.
//!
//! | file | what it knows |
//! | --- | --- |
//! | `token` | the access token, one fetch for all who need it |
//! | `api`, `failure` | requests and what is tried again; what the platform's codes mean |
//! | `run` | all bots at work |
//! | `sign`, `webhook` | signatures; where the platform posts events |
//! | `intake` | events on their way in |
//! | `gateway/` | events by WebSocket: sessions, heartbeats, intents, shards |
//! | `wire` | frames and deliveries as JSON: one envelope |
//! | `decode` | from the platform's events to the contract's |
//! | `memory` | the messages seen and sent lately, for quotes |
//! | `account` | a bot: what is known of it, its pace |
//! | `place` | the platform's chats in its address space |
//! | `encode` | from message content to requests |
//! | `books` | what may still be answered and sent, how often, under which number |
//! | `outbox` | messages on their way out |
//! | `upload` | media on their way to the platform |
//! | `stream` | replies that grow |
//! | `interactions` | presses of buttons, acknowledged in time |
//! | `bot`, `actions` | from the contract's actions to requests |

mod account;
mod actions;
mod api;
mod books;
mod bot;
mod decode;
mod encode;
mod failure;
mod gateway;
mod intake;
mod interactions;
mod memory;
mod outbox;
mod place;
mod run;
mod sign;
mod stream;
#[cfg(test)]
mod tests;
mod token;
mod upload;
mod webhook;
mod wire;

use std::path::PathBuf;
use std::time::Duration;

pub use run::{Rooms, run};

/// The platform's name in the contract.
pub(crate) const PLATFORM: &str = "qq";

/// The value of an intent of the gateway, by its name in the documentation.
#[must_use]
pub fn intent(name: &str) -> Option<u32> {
    gateway::intents::value(name)
}

/// One `[[bot]]` table with `platform = "qq"`.
#[derive(Clone)]
pub struct Settings {
    /// The table's name, for logs and errors.
    pub name: String,
    /// The bot's app id; its id on this host.
    pub app_id: String,
    /// The bot's secret.
    pub secret: String,
    /// The secret before, while it is being changed: deliveries signed with it are still taken.
    pub old_secret: Option<String>,
    /// Where the platform posts events to; without it they come by the gateway.
    pub hook: Option<Hook>,
    /// Whether what the webhook acknowledges is kept on disk until it is handled.
    pub journal: bool,
    /// Where tokens come from: `https://bots.qq.com`, without the path.
    pub token_base: String,
    /// Where everything else is: `https://api.sgroup.qq.com`.
    pub api_base: String,
    /// A PEM file with the certificates to trust, in place of the public authorities.
    pub ca: Option<PathBuf>,
    /// The gateway's intents, if the owner sets them; else they follow from what plugins listen to.
    pub intents: Option<u32>,
    /// The gateway's shards, if the owner sets them; else the platform says.
    pub shards: Option<u32>,
    /// What may be sent.
    pub rules: Rules,
    /// Waiting times; the default is right but for tests.
    pub timings: Timings,
}

/// Without the secrets.
impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("name", &self.name)
            .field("app_id", &self.app_id)
            .finish_non_exhaustive()
    }
}

/// A place where the platform posts events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// Host and port; several tables may share one.
    pub host: String,
    /// The path; `/` is any.
    pub path: String,
    /// PEM files with the certificates and the key; without them connections are plain, behind a proxy.
    pub tls: Option<(PathBuf, PathBuf)>,
}

/// What the platform lets this bot send. It changes these by announcement and by bot, so owners may too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Replies to one message of a private chat, and for how long.
    pub private: Window,
    /// The same in groups.
    pub group: Window,
    /// The same in channels and direct messages; the platform names no count.
    pub guild: Window,
    /// Whether messages that reply to nothing are allowed at all.
    pub active: bool,
    /// Of these, in one minute to one user, and in one day.
    pub active_user: Quota,
    /// The same for a group.
    pub active_group: Quota,
    /// Of these, a day in one channel.
    pub active_channel: u32,
    /// Of these, a day to one user by direct message.
    pub active_direct: u32,
    /// Whether the bot may send markdown (with or without buttons).
    pub markdown: bool,
    /// Whether the bot may send ark templates.
    pub ark: bool,
    /// Whether dots in text that look like addresses are replaced by full-width ones, which are not refused.
    pub hide_addresses: bool,
}

/// How long and how often a message may be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// From its arrival.
    pub time: Duration,
    /// So many replies.
    pub count: u32,
}

/// So many in a minute and in a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// In any 60 seconds.
    pub minute: u32,
    /// In any 24 hours.
    pub day: u32,
}

impl Default for Rules {
    fn default() -> Self {
        let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
        let quota = Quota { minute: 20, day: 1_000 };
        Self {
            private: Window { time: minutes(60), count: 4 },
            group: Window { time: minutes(5), count: 5 },
            guild: Window { time: minutes(5), count: u32::MAX },
            active: true,
            active_user: quota,
            active_group: quota,
            active_channel: 20,
            active_direct: 2,
            markdown: true,
            ark: true,
            hide_addresses: false,
        }
    }
}

/// How long things may take.
#[derive(Debug, Clone)]
pub struct Timings {
    /// To connect, shake hands and upgrade.
    pub handshake: Duration,
    /// For the gateway's hello, and for the answer to identify or resume.
    pub hello: Duration,
    /// The first wait between two tries; the ladder of longer ones is made of multiples of it.
    pub retry: Duration,
    /// For the answer to a request.
    pub answer: Duration,
    /// For the answer to an upload.
    pub upload: Duration,
    /// A token is renewed so long before its end.
    pub renew: Duration,
    /// A session without any event for so long is looked after.
    pub silence: Duration,
    /// An interaction that no handler has acknowledged by then is acknowledged by the host.
    pub acknowledge: Duration,
    /// Between two pieces of a stream message.
    pub piece: Duration,
    /// A delivery's signature must not be older than this, or newer.
    pub skew: Duration,
}

impl Default for Timings {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            hello: Duration::from_secs(30),
            retry: Duration::from_secs(1),
            answer: Duration::from_secs(10),
            upload: Duration::from_secs(120),
            renew: Duration::from_secs(45),
            silence: Duration::from_secs(3600),
            acknowledge: Duration::from_secs(2),
            piece: Duration::from_millis(500),
            skew: Duration::from_secs(600),
        }
    }
}

/// What a reply to an event names. It goes with the event as its `origin`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Anchor {
    pub(crate) kind: AnchorKind,
    /// The message's id, or the whole outer id of the event.
    pub(crate) id: String,
    /// When the event reached this host, in seconds since 1970.
    pub(crate) received: u64,
    /// It may have been answered before a restart: nobody knows how often.
    pub(crate) redelivered: bool,
}

/// How it is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum AnchorKind {
    /// `msg_id`.
    Message,
    /// `event_id`, of an event that the platform lets bots answer.
    Event,
    /// `event_id`, of one where the platform's word differs from what was seen (FRIEND_ADD): tried once.
    Perhaps,
    /// Of an event that cannot be answered; the text of the error names it.
    Never,
}
