//! How a simulated NapCat is set up, in the words of NapCat's own configuration.

use std::time::Duration;

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
    /// Access token; empty means that none is asked for.
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
