//! How a simulated NapCat is set up, in the words of NapCat's own configuration.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

/// The account of the recorded payloads.
pub const SELF_ID: u64 = 3_892_215_616;
/// The friend of the recorded payloads, admin of [`GROUP`].
pub const FRIEND: u64 = 5_079_132;
/// The group of the recorded payloads.
pub const GROUP: u64 = 757_951_413;
/// The owner of [`GROUP`]; not a friend.
pub const OWNER: u64 = 1_090_558_688;

/// Settings of one simulated NapCat; `Options::default()` is NapCat's own default without a token.
#[derive(Clone, Debug)]
pub struct Options {
    /// The bot's QQ number.
    pub self_id: u64,
    /// The bot's nickname.
    pub nickname: String,
    /// Where the forward WebSocket server listens; `None` for no such server.
    pub listen: Option<SocketAddr>,
    /// Access token; empty means that none is asked for. Transports may have others of their own.
    pub token: String,
    /// Serve `wss://` with the self-signed certificate.
    pub tls: bool,
    /// `messagePostFormat`: how messages stand in events, `get_msg` and histories.
    pub format: Format,
    /// `heartInterval`; `None` sends no heartbeats.
    pub heartbeat: Option<Duration>,
    /// `reportSelfMessage`: whether own sends come back as `message_sent`, and when.
    pub self_report: SelfReport,
    /// Which NapCat's frames to imitate.
    pub build: Build,
    /// Keep every request for [`calls`](super::Napcat::calls) and [`next_call`](super::Napcat::next_call).
    /// Benchmarks switch it off and use [`tap`](super::Napcat::tap).
    pub record: bool,
    /// How long a waiting method waits before it panics and says what it saw instead.
    pub deadline: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            self_id: SELF_ID,
            nickname: "bot".to_owned(),
            listen: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))),
            token: String::new(),
            tls: false,
            format: Format::Array,
            heartbeat: Some(Duration::from_secs(30)),
            self_report: SelfReport::Off,
            build: Build::Current,
            record: true,
            deadline: Duration::from_secs(30),
        }
    }
}

/// `messagePostFormat`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `message` is a list of segments.
    Array,
    /// `message` is a string with CQ codes.
    String,
}

/// What becomes of the bot's own messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SelfReport {
    /// Not reported.
    Off,
    /// The `message_sent` event comes before the send's answer, as it may with NapCat.
    BeforeAnswer,
    /// The `message_sent` event comes after the send's answer.
    AfterAnswer,
}

/// The transports of NapCat's configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// `websocketServers`, and the WebSocket of an HTTP server with `enableWebsocket`.
    Forward,
    /// `websocketClients`: NapCat dials.
    Reverse,
    /// `httpServers`.
    Http,
    /// The event stream of `httpSseServers`; its requests come by [`Transport::Http`].
    Sse,
    /// `httpClients`: events by POST, quick operations in the answers.
    Post,
}

/// One of `httpServers` or `httpSseServers`; see [`Napcat::serve_http`](super::Napcat::serve_http).
#[derive(Clone, Debug)]
pub struct Http {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Its own token; `None` for [`Options::token`].
    pub token: Option<String>,
    /// `enableWebsocket`: a forward WebSocket on the same port.
    pub websocket: bool,
    /// Whether it is one of `httpSseServers`: `GET /_events` gives the events.
    pub sse: bool,
}

impl Default for Http {
    fn default() -> Self {
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self { listen, token: None, websocket: false, sse: false }
    }
}

/// One of `websocketClients`; see [`Napcat::dial`](super::Napcat::dial).
#[derive(Clone, Debug)]
pub struct Reverse {
    /// Whom to dial: `ws://HOST:PORT/PATH`.
    pub url: String,
    /// Its own token; `None` for [`Options::token`].
    pub token: Option<String>,
    /// `reconnectInterval`: the pause before each new attempt, without limit and without back-off.
    pub reconnect: Duration,
}

impl Reverse {
    /// With the account's token, and NapCat's interval of five seconds.
    pub fn to(url: &str) -> Self {
        Self { url: url.to_owned(), token: None, reconnect: Duration::from_secs(5) }
    }
}

/// One of `httpClients`; see [`Napcat::post`](super::Napcat::post).
#[derive(Clone, Debug)]
pub struct Post {
    /// Where events are posted: `http://HOST:PORT/PATH`.
    pub url: String,
    /// The key of `X-Signature`, empty for no signature; `None` for [`Options::token`].
    pub token: Option<String>,
}

impl Post {
    /// With the account's token.
    pub fn to(url: &str) -> Self {
        Self { url: url.to_owned(), token: None }
    }
}

/// A generation of NapCat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Build {
    /// As recorded in May 2025: no `stream` in answers, no `group_name` in group messages.
    Y2025,
    /// 4.18: both present.
    Current,
}

/// How a new TCP connection is greeted; see [`Napcat::greet_with`](super::Napcat::greet_with).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Greeting {
    /// Shake hands at once.
    Normal,
    /// Wait this long, then shake hands.
    Slow(Duration),
    /// Accept the TCP connection and never say a word.
    Silent,
    /// Answer the upgrade, then say nothing: no lifecycle, no heartbeat, no answers, no pongs.
    SilentAfterUpgrade,
    /// Refuse the upgrade with this HTTP status.
    Status(u16),
    /// Reset the TCP connection at once.
    Reset,
}

/// How a living connection is cut; see [`Napcat::cut`](super::Napcat::cut).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cut {
    /// TCP reset, as when the process is killed.
    Reset,
    /// TCP end of stream without a close frame.
    Eof,
    /// The start of a text frame, then TCP end of stream.
    MidFrame,
    /// A close frame, with code and reason or (`None`) with no status; then the closing handshake.
    Close(Option<(u16, String)>),
}
