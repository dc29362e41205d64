//! NapCat, and whatever else speaks OneBot v11.
//!
//! | file | what it knows |
//! | --- | --- |
//! | `node`, `wire` | frames as JSON: an event or an answer |
//! | `cq` | messages as strings with CQ codes |
//! | `decode/` | events into the contract's |
//! | `encode/` | message content into actions |
//! | `calls`, `queue` | requests and answers of one link, matched by `echo` |
//! | `bot` | an account: the contract's actions over whichever link it has |
//! | `actions/` | the contract's other actions: groups, friends, files, and more in chats |
//! | `memory` | what an account's events are compared with |
//! | `link`, `dial` | one WebSocket connection, and one after another |
//!
//! A link is forward WebSocket here: NapCat listens and iglu dials. Whatever carries frames can attach a table of
//! calls to an account in the same way.

mod actions;
mod bot;
mod calls;
mod cq;
mod decode;
mod dial;
mod encode;
mod link;
mod memory;
mod node;
mod queue;
#[cfg(test)]
mod tests;
mod throttle;
mod wire;

use std::path::PathBuf;
use std::time::Duration;

pub use dial::run;

/// The largest frame, in bytes, either way: NapCat's own limit.
const FRAME_LIMIT: usize = 50 << 20;

/// One `[[bot]]` table: where an account is reached. Which account it is, NapCat tells.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The table's name, for logs and errors.
    pub name: String,
    /// `ws://` or `wss://`, host and port of a WebSocket server in NapCat's network settings.
    pub url: String,
    /// That server's token.
    pub token: Option<String>,
    /// A PEM file with the certificates to trust for `wss://`, in place of the public ones. A server's own
    /// self-signed certificate will do if it is not marked as an authority (`CA:FALSE`).
    pub ca: Option<PathBuf>,
    /// Waiting times; the default is right but for tests.
    pub timings: Timings,
}

impl Settings {
    /// Whether a link can be tried at all; the error names what is wrong and the remedy.
    pub fn check(&self) -> Result<(), String> {
        dial::request(self)?;
        dial::connector(self).map(drop)
    }
}

/// How long a link waits for what.
#[derive(Debug, Clone)]
pub struct Timings {
    /// To connect, shake hands and upgrade.
    pub handshake: Duration,
    /// For the first frame of a new link.
    pub hello: Duration,
    /// The time between pings until a heartbeat tells its interval. Three times without any frame is a dead link.
    pub heartbeat: Duration,
    /// The first wait between two links; it doubles with each failure.
    pub retry: Duration,
    /// The longest wait while an outage is younger than `patience`.
    pub retry_soon: Duration,
    /// How long an outage counts as a short one.
    pub patience: Duration,
    /// The longest wait in a long outage.
    pub retry_late: Duration,
    /// The wait after a refused token.
    pub refused: Duration,
    /// For the answer to a call that uploads nothing. NapCat itself gives up after 10 s.
    pub answer: Duration,
    /// For queued frames and the closing handshake when the host stops.
    pub goodbye: Duration,
}

impl Default for Timings {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            hello: Duration::from_secs(15),
            heartbeat: Duration::from_secs(30),
            retry: Duration::from_millis(250),
            retry_soon: Duration::from_millis(1_500),
            patience: Duration::from_secs(60),
            retry_late: Duration::from_secs(30),
            refused: Duration::from_secs(60),
            answer: Duration::from_secs(30),
            goodbye: Duration::from_secs(1),
        }
    }
}
