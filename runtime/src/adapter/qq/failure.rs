//! What the platform's refusals mean: one table of codes, and what a request makes of them.
//!
//! Codes decide, never messages: those are Chinese and change.

use std::fmt;
use std::time::Duration;

use crate::model::{Error, PlatformError};

/// What rates and risk control ask for, where the platform names no time.
const SLOWLY: Duration = Duration::from_secs(60);

/// Why a request came to nothing.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) class: Class,
    /// The HTTP status, if there was an answer.
    pub(super) status: Option<u16>,
    /// The platform's code (`err_code` first); without one the HTTP status, or 0.
    pub(super) code: i64,
    pub(super) message: String,
    /// For the platform's support.
    pub(super) trace: Option<String>,
    /// How long to wait, if that is known.
    pub(super) after: Option<Duration>,
    /// An earlier try may have been carried out: 40054005 then means delivered.
    pub(super) retried: bool,
}

/// What can be done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// The same request always fails.
    Permanent,
    /// A quota or risk control: not now.
    Later,
    /// It was repeated with growing waits and still fails.
    Busy,
    /// What it answers can no longer be answered; a message on its own may work.
    Anchor,
    /// The platform has had this `msg_seq` before.
    Delivered,
    /// The uploaded file is gone: it has to be uploaded again.
    Upload,
    /// The platform does not accept who asks.
    Auth,
    /// There was no whole answer; it may have been carried out.
    Timeout,
    /// It was not sent.
    Unreachable,
}

/// What a code means for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    Never,
    /// Not before tomorrow, or before somebody changes something.
    Later,
    /// Not within the next minute.
    Slowly,
    /// Soon, with growing waits.
    Again,
    /// One more try.
    Once,
    /// One more try; the platform had not looked at the request itself.
    Check,
    /// With a fresh token.
    Refresh,
    /// Whoever asks is refused.
    Auth,
    Anchor,
    Delivered,
    Upload,
    /// No error: a human looks at it first.
    Pending,
}

/// First and last code of a range, and what they mean. The first row that holds a code decides.
pub(super) const TABLE: &[(i64, i64, Rule)] = &[
    (10000, 10000, Rule::Once),
    (10001, 10001, Rule::Never),
    (10003, 10004, Rule::Never),
    (11241, 11241, Rule::Auth),
    (11242, 11242, Rule::Check),
    (11243, 11243, Rule::Auth),
    (11244, 11244, Rule::Refresh),
    (11245, 11245, Rule::Auth),
    (11251, 11251, Rule::Auth),
    (11252, 11252, Rule::Check),
    (11253, 11255, Rule::Never),
    (11261, 11261, Rule::Auth),
    (11262, 11262, Rule::Never),
    (11263, 11263, Rule::Check),
    (11264, 11264, Rule::Never),
    (11265, 11265, Rule::Auth),
    (11273, 11274, Rule::Never),
    (11275, 11275, Rule::Auth),
    (11281, 11281, Rule::Check),
    (11282, 11282, Rule::Never),
    (11298, 11298, Rule::Auth),
    (11301, 11306, Rule::Never),
    (12001, 12003, Rule::Never),
    (20028, 20028, Rule::Again),
    (22006, 22006, Rule::Never),
    (22009, 22009, Rule::Later),
    (40007, 40007, Rule::Never),
    (50001, 50002, Rule::Again),
    (50006, 50006, Rule::Never),
    (50035, 50059, Rule::Never),
    (100001, 100001, Rule::Again),
    (301000, 301099, Rule::Never),
    (302000, 302024, Rule::Never),
    (304003, 304005, Rule::Never),
    (304010, 304010, Rule::Once),
    (304014, 304014, Rule::Never),
    (304016, 304017, Rule::Once),
    (304018, 304019, Rule::Later),
    (304020, 304020, Rule::Never),
    (304021, 304021, Rule::Once),
    (304022, 304022, Rule::Later),
    (304023, 304024, Rule::Pending),
    (304025, 304025, Rule::Never),
    (304026, 304028, Rule::Anchor),
    (304031, 304034, Rule::Never),
    (304035, 304035, Rule::Later),
    (304036, 304040, Rule::Never),
    (304045, 304050, Rule::Later),
    (304061, 304064, Rule::Never),
    (304080, 304080, Rule::Upload),
    (304082, 304083, Rule::Again),
    (304103, 304103, Rule::Anchor),
    (305007, 305007, Rule::Once),
    (306003, 306003, Rule::Again),
    (306005, 306006, Rule::Again),
    (306001, 306011, Rule::Never),
    (340067, 340067, Rule::Once),
    (340069, 340069, Rule::Once),
    (501000, 504999, Rule::Never),
    (610000, 610999, Rule::Never),
    (620006, 620007, Rule::Again),
    (620000, 620999, Rule::Never),
    (630001, 630008, Rule::Never),
    (850018, 850018, Rule::Later),
    (850019, 850019, Rule::Never),
    (850026, 850027, Rule::Again),
    (850031, 850031, Rule::Never),
    (1100100, 1100100, Rule::Slowly),
    (1100101, 1100104, Rule::Never),
    (1100308, 1100308, Rule::Again),
    (1100300, 1100307, Rule::Never),
    (1100499, 1100499, Rule::Never),
    (3300006, 3300006, Rule::Never),
    (40023002, 40023002, Rule::Auth),
    (40034004, 40034004, Rule::Again),
    (40034005, 40034005, Rule::Anchor),
    (40034006, 40034011, Rule::Never),
    (40034024, 40034027, Rule::Anchor),
    (40034029, 40034029, Rule::Never),
    (40034100, 40034100, Rule::Slowly),
    (40034101, 40034109, Rule::Never),
    (40034122, 40034122, Rule::Later),
    (40034123, 40034124, Rule::Never),
    (40034127, 40034127, Rule::Never),
    (40034128, 40034128, Rule::Anchor),
    (40054002, 40054002, Rule::Later),
    (40054003, 40054004, Rule::Never),
    (40054005, 40054005, Rule::Delivered),
    (40054006, 40054006, Rule::Again),
    (40054007, 40054018, Rule::Never),
    (40061001, 40064004, Rule::Never),
    // The upload itself asks again, as often as the platform says there.
    (40093001, 40093001, Rule::Later),
    (40093002, 40093002, Rule::Later),
    (50055001, 50055002, Rule::Again),
    (50055006, 50055006, Rule::Again),
    (50065001, 50065001, Rule::Never),
];

/// What a code means, if the platform ever named it.
pub(super) fn rule(code: i64) -> Option<Rule> {
    TABLE.iter().find(|(first, last, _)| (*first..=*last).contains(&code)).map(|&(_, _, rule)| rule)
}

impl Rule {
    /// What is left when nothing helped.
    pub(super) fn class(self) -> Class {
        match self {
            Self::Never | Self::Pending => Class::Permanent,
            Self::Later | Self::Slowly => Class::Later,
            Self::Again | Self::Once | Self::Check => Class::Busy,
            Self::Refresh | Self::Auth => Class::Auth,
            Self::Anchor => Class::Anchor,
            Self::Delivered => Class::Delivered,
            Self::Upload => Class::Upload,
        }
    }

    pub(super) fn after(self) -> Option<Duration> {
        (self == Self::Slowly).then_some(SLOWLY)
    }
}

/// What the owner can do about a code.
fn remedy(code: i64) -> Option<&'static str> {
    Some(match code {
        11298 | 40023002 => {
            "add this machine's public address to the IP allowlist in the bot's console at q.qq.com"
        }
        11253 | 11254 => {
            "the platform has not opened this interface to the bot; its console at q.qq.com says which are"
        }
        304003 | 40054010 => "register the domain in the bot's console at q.qq.com, or leave the address out",
        11265 => "the bot is banned; its console at q.qq.com says why",
        11251 | 11261 | 11275 => "check `app-id` in the bot's [[bot]] table",
        _ => return None,
    })
}

impl Failure {
    /// One of a request that got no answer.
    pub(super) fn silent(class: Class, message: String) -> Self {
        Self { class, status: None, code: 0, message, trace: None, after: None, retried: false }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if self.code != 0 {
            write!(f, " (code {}", self.code)?;
            if let Some(trace) = &self.trace {
                write!(f, ", trace {trace}")?;
            }
            f.write_str(")")?;
        }
        match remedy(self.code) {
            Some(remedy) => write!(f, "; {remedy}"),
            None => Ok(()),
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        let limited = failure.status == Some(429) || failure.after.is_some();
        match failure.class {
            Class::Busy | Class::Later if limited => {
                Self::RateLimited(failure.after.unwrap_or(Duration::from_secs(1)).as_secs_f64())
            }
            Class::Anchor => Self::Expired(failure.to_string()),
            Class::Timeout => Self::Timeout(failure.to_string()),
            Class::Unreachable => Self::Disconnected(failure.to_string()),
            _ => {
                let message = match remedy(failure.code) {
                    Some(remedy) => format!("{}; {remedy}", failure.message),
                    None => failure.message,
                };
                let code = i32::try_from(failure.code).unwrap_or(i32::MAX);
                Self::Platform(PlatformError { code, message, trace: failure.trace })
            }
        }
    }
}
