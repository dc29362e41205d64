//! How a simulated platform is set up: its ports, its bots, its rules.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

/// The user of the recorded payloads; a friend of every bot.
pub const USER: &str = "7D296480D464EC5C16714E74A43E5BC7";
/// The group of the recorded payloads; every bot is in it.
pub const GROUP: &str = "D4DE5F2EF86365A1FBEAA8C7C3C12B91";
/// A guild that every bot is in.
pub const GUILD: &str = "18700000000001";
/// A text channel of [`GUILD`].
pub const CHANNEL: &str = "100010";

/// Every intent bit that the platform knows.
pub const KNOWN_INTENTS: u64 = 0b0111_1111_1000_1100_0001_0110_0000_0011;

/// Settings of one simulated platform; the default has one bot and the rules of the 2026 documentation.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where token endpoint, REST API, uploads and media are served.
    pub listen: SocketAddr,
    /// Where the gateway is served.
    pub gateway: SocketAddr,
    /// Serve `https://` and `wss://` with the self-signed certificate.
    pub tls: bool,
    /// The bots.
    pub apps: Vec<App>,
    /// Which year's payloads to imitate.
    pub shape: Shape,
    /// Errors carry `err_code` alone, as the 2026 documentation prints them.
    pub err_code_only: bool,
    /// How long an access token lives.
    pub token_life: Duration,
    /// So long before a token's end the platform gives out the next one; both are good until then.
    pub token_overlap: Duration,
    /// `expires_in` as a JSON number; otherwise it is text.
    pub numeric_expiry: bool,
    /// Windows, counts and quotas.
    pub limits: Limits,
    /// Events that may be answered by `event_id` in C2C chats and groups. In channels all may.
    pub answerable: Vec<&'static str>,
    /// An input notification uses up one of the answers to its message.
    pub notify_counts: bool,
    /// Code for groups whose admin switched active messages off: 40034105 by the documentation, 40034102 as observed.
    pub group_refusal: u64,
    /// Recalls, acknowledgements and reactions answer 204 without a body; otherwise 200 with `{}`.
    pub no_content: bool,
    /// The gateway.
    pub sessions: Sessions,
    /// How long a waiting method waits before it panics and says what it saw instead.
    pub deadline: Duration,
}

impl Default for Options {
    fn default() -> Self {
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            listen,
            gateway: listen,
            tls: false,
            apps: vec![App::default()],
            shape: Shape::Y2026,
            err_code_only: false,
            token_life: Duration::from_secs(7200),
            token_overlap: Duration::from_secs(60),
            numeric_expiry: false,
            limits: Limits::default(),
            answerable: vec!["INTERACTION_CREATE", "C2C_MSG_RECEIVE", "GROUP_ADD_ROBOT", "GROUP_MSG_RECEIVE"],
            notify_counts: false,
            group_refusal: 40_034_105,
            no_content: true,
            sessions: Sessions::default(),
            deadline: Duration::from_secs(30),
        }
    }
}

/// A bot as its owner registered it, with what the platform grants it.
#[derive(Clone, Debug)]
pub struct App {
    /// The app id.
    pub app_id: String,
    /// The client secret, which is the webhook's signing secret too.
    pub secret: String,
    /// The bot's own user id.
    pub user_id: String,
    /// The bot's name.
    pub name: String,
    /// Intent bits it may identify with.
    pub intents: u64,
    /// Markdown in C2C chats and groups.
    pub markdown: bool,
    /// Markdown and keyboards in channels and direct messages.
    pub channel_markdown: bool,
    /// Ark.
    pub ark: bool,
    /// Active messages at all; without it all of them are refused, as from April 2025 to 2026.
    pub active: bool,
    /// Text with something like a URL is let through.
    pub urls: bool,
    /// `shards` of `/gateway/bot`.
    pub shards: u64,
}

impl Default for App {
    fn default() -> Self {
        Self {
            app_id: "102000001".to_owned(),
            secret: "abcdefghijklmnopqrstuvwxyz012345".to_owned(),
            user_id: "6158788878435714165".to_owned(),
            name: "机器人".to_owned(),
            intents: KNOWN_INTENTS & !(1 << 9 | 1 << 28),
            markdown: true,
            channel_markdown: false,
            ark: false,
            active: true,
            urls: true,
            shards: 1,
        }
    }
}

impl App {
    /// A bot with everything else as by default.
    pub fn new(app_id: &str, secret: &str) -> Self {
        Self { app_id: app_id.to_owned(), secret: secret.to_owned(), ..Self::default() }
    }
}

/// A generation of payloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// February 2025: `callback_data` in `message_scene`, no `message_type`.
    Early2025,
    /// July 2025: `ext` in `message_scene`, `message_type`.
    Y2025,
    /// 2026: user names, `bot`, roles; `ext_info` in answers.
    Y2026,
}

/// Windows, counts and quotas, with the defaults of the documentation. Counts of `u32::MAX` never refuse.
#[derive(Clone, Debug)]
pub struct Limits {
    /// How long a C2C message may be answered.
    pub c2c_window: Duration,
    /// How often a C2C message may be answered.
    pub c2c_answers: u32,
    /// How long a group message may be answered.
    pub group_window: Duration,
    /// How often a group message may be answered.
    pub group_answers: u32,
    /// How long a message in a channel or a direct message may be answered.
    pub channel_window: Duration,
    /// How often a message in a channel or a direct message may be answered.
    pub channel_answers: u32,
    /// How often in a day the notices of one kind in one chat may be answered.
    pub notice_answers: u32,
    /// Active messages to all users in a second.
    pub active_c2c_second: u32,
    /// Active messages to one user in a minute.
    pub active_user_minute: u32,
    /// Active messages to one user in a day.
    pub active_user_day: u32,
    /// Active messages to all groups in a minute.
    pub active_groups_minute: u32,
    /// Active messages to one group in a minute.
    pub active_group_minute: u32,
    /// Active messages to one group in a day.
    pub active_group_day: u32,
    /// Active messages to one channel in a day.
    pub active_channel_day: u32,
    /// Active direct messages to one user in a day.
    pub active_dm_day: u32,
    /// Active direct messages to all users in a day.
    pub active_dms_day: u32,
    /// Interface limits per second (100 messages, 50 uploads, 10 recalls and so on); `false` has none.
    pub rates: bool,
    /// How long a sent message may be recalled.
    pub recall: Duration,
    /// How long an interaction may wait for its acknowledgement.
    pub interaction: Duration,
    /// `ttl` of uploaded files; zero means for ever.
    pub file_ttl: Duration,
    /// Request bodies above this many bytes draw a 413 page.
    pub body: usize,
    /// A plain upload of a video of this many bytes or more fails.
    pub plain_video: usize,
    /// A file of more bytes is refused however it comes.
    pub file: u64,
    /// `block_size` of uploads in parts, in bytes.
    pub block: u64,
    /// Bytes uploaded in parts in a day.
    pub upload_day: u64,
    /// Characters of text in one message.
    pub text: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            c2c_window: Duration::from_secs(3600),
            c2c_answers: 4,
            group_window: Duration::from_secs(300),
            group_answers: 5,
            channel_window: Duration::from_secs(300),
            channel_answers: u32::MAX,
            notice_answers: 1,
            active_c2c_second: 10,
            active_user_minute: 20,
            active_user_day: 1000,
            active_groups_minute: 60,
            active_group_minute: 20,
            active_group_day: 1000,
            active_channel_day: 20,
            active_dm_day: 2,
            active_dms_day: 200,
            rates: true,
            recall: Duration::from_secs(120),
            interaction: Duration::from_secs(3),
            file_ttl: Duration::from_secs(300),
            body: 32 << 20,
            plain_video: 10 << 20,
            file: 200 << 20,
            block: 10 << 20,
            upload_day: 2 << 30,
            text: 5000,
        }
    }
}

/// How the gateway behaves.
#[derive(Clone, Debug)]
pub struct Sessions {
    /// `heartbeat_interval` of the hello.
    pub heartbeat: Duration,
    /// Connections without a heartbeat for so long are closed with 4009; `None` lets them live.
    pub heartbeat_deadline: Option<Duration>,
    /// How long a session without a connection may be resumed, in the platform's time.
    pub keep: Duration,
    /// How many events a session keeps for replay.
    pub buffer: usize,
    /// Session starts in a day.
    pub starts: u64,
    /// `max_concurrency`.
    pub concurrency: u64,
    /// The least time between two session starts of one shard set, per `concurrency`; `None` asks for none.
    pub pace: Option<Duration>,
    /// What a resume of an unknown session gets.
    pub stale: Stale,
    /// C2C and group events go to a shard by their chat's hash; otherwise to shard 0.
    pub spread: bool,
}

impl Default for Sessions {
    fn default() -> Self {
        Self {
            heartbeat: Duration::from_millis(45_000),
            heartbeat_deadline: None,
            keep: Duration::from_secs(300),
            buffer: 100_000,
            starts: 1000,
            concurrency: 1,
            pace: None,
            stale: Stale::InvalidSession,
            spread: false,
        }
    }
}

/// What a resume of an unknown session gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stale {
    /// Op 9 with false.
    InvalidSession,
    /// A close with this code: 4006 by the documentation, 4902 as observed.
    Close(u16),
}
