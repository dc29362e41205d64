//! NapCat, and whatever else speaks OneBot v11.
//!
//! | file | what it knows |
//! | --- | --- |
//! | `wire` | frames as JSON: an event or an answer |
//! | `cq` | messages as strings with CQ codes |
//! | `decode/` | events into the contract's |
//! | `encode/` | message content into actions |
//! | `session` | what a link's frames mean, however they travel |
//! | `link`, `dial` | one WebSocket, and one link after another |
//! | `poll`, `http` | a link over HTTP: questions, events as a stream; calls as requests |
//! | `door` | where NapCat dials us: WebSockets and posts |
//! | `calls`, `queue`, `packets` | requests and answers of one WebSocket, matched by `echo` |
//! | `line`, `account`, `bot` | an account and the ways to it; the contract's actions over these |
//! | `actions/` | the contract's other actions: groups, friends, files, and more in chats |
//! | `outbox` | messages on their way out: order, pace, patience |
//! | `memory` | what an account's events are compared with |
//! | `probe` | reading and writing alone, for the benchmark |

mod account;
mod actions;
mod backoff;
mod bot;
mod calls;
mod cq;
mod decode;
mod dial;
mod door;
mod encode;
mod http;
mod line;
mod link;
mod memory;
mod outbox;
mod packets;
mod poll;
pub mod probe;
mod queue;
mod session;
#[cfg(test)]
mod tests;
mod trust;
mod visitor;
mod wire;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::adapter::Inlet;
use crate::bot::Bots;
use account::Accounts;
use door::Desk;
use http::Client;
use line::Line;
use poll::Http;
use session::{Seat, Session};

pub use outbox::Sending;

/// The largest frame, in bytes, either way: NapCat's own limit.
const FRAME_LIMIT: usize = 50 << 20;

/// One `[[bot]]` table: where an account is reached. Which account it is, NapCat tells.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The table's name, for logs and errors.
    pub name: String,
    /// `ws://` or `wss://`: a WebSocket server in NapCat's network settings. `http://` or `https://`: an HTTP server there;
    /// an HTTP SSE server, unless `listen` takes in its events as posts.
    pub url: Option<String>,
    /// Where NapCat dials us, if it does.
    pub listen: Option<Listen>,
    /// The only account that may come in at `listen`.
    pub account: Option<String>,
    /// The token of that entry in NapCat's network settings.
    pub token: Option<String>,
    /// A PEM file with the certificates to trust for `wss://` and `https://`, in place of the public ones. A server's own
    /// self-signed certificate will do if it is not marked as an authority (`CA:FALSE`).
    pub ca: Option<PathBuf>,
    /// How messages are sent.
    pub sending: Sending,
    /// Waiting times; the default is right but for tests.
    pub timings: Timings,
}

/// A place where NapCat dials us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listen {
    /// What comes there.
    pub kind: Visit,
    /// Host and port; several tables may share one.
    pub host: String,
    /// The path; `/` is any.
    pub path: String,
}

/// How NapCat comes to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visit {
    /// By its WebSocket client.
    Socket,
    /// By its HTTP client, which posts events.
    Posts,
}

impl Settings {
    /// Whether a link can be tried at all; the error names what is wrong and the remedy.
    pub fn check(&self) -> Result<(), String> {
        match self.url.as_deref().map(str::trim) {
            Some(url) if url.starts_with("ws://") || url.starts_with("wss://") => dial::check(self, url),
            Some(url) if url.starts_with("http://") || url.starts_with("https://") => {
                Client::new(self).map(drop)
            }
            Some(url) => Err(format!(
                "the address `{}` must begin with ws:// or wss://, or for an HTTP server with http:// or https://",
                trust::address(url)
            )),
            None if self.listen.is_none() => Err("it has neither `url` nor `listen`".to_owned()),
            None => Ok(()),
        }
    }

    fn is_http(&self) -> bool {
        self.url.as_deref().is_some_and(|url| url.trim().starts_with("http"))
    }
}

/// Keeps all links that the tables name until `stop`, and returns soon after. Accounts are put into `bots` as soon as they
/// are known, each of them once, and their events go to `inlet`.
pub async fn run(tables: Vec<Settings>, bots: Arc<Bots>, inlet: Inlet, stop: CancellationToken) {
    let accounts = Arc::new(Accounts::new(bots));
    let mut links = JoinSet::new();
    let mut doors: BTreeMap<String, Vec<Desk>> = BTreeMap::new();
    for settings in tables {
        if let Err(reason) = settings.check() {
            tracing::error!(bot = settings.name, "bot `{}` cannot work: {reason}", settings.name);
            continue;
        }
        let seat = Arc::new(Seat::new(settings, accounts.clone(), inlet.clone()));
        let client = seat.settings.is_http().then(|| Client::new(&seat.settings));
        let http = client.and_then(Result::ok).map(|client| {
            let client = Arc::new(client);
            let session = Session::new(seat.clone(), Line::Http(client.clone()), None);
            Arc::new(Http::new(client, session))
        });
        if let Some(listen) = &seat.settings.listen {
            doors.entry(listen.host.clone()).or_default().push(Desk::new(seat.clone(), http.clone()));
        }
        if seat.settings.url.is_some() {
            links.spawn(dial::keep(seat, http, stop.clone()));
        }
    }
    for (host, desks) in doors {
        links.spawn(door::keep(host, desks, stop.clone()));
    }
    while links.join_next().await.is_some() {}
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
