//! Errors: [`HostError`] is what the host answers, [`Error`] is what a handler returns.

use std::{error::Error as StdError, fmt};

use crate::{contract::iglu::plugin::types::Error as ContractError, types::PlatformError};

/// What handlers return; `Result` alone is `Result<(), Error>`.
pub type Result<T = (), E = Error> = std::result::Result<T, E>;

/// Why an action did not do what was asked. The texts say thing, cause and remedy; match on the case.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |event| {
/// match event.reply("hello").await {
///     Err(HostError::RateLimited { seconds }) => log::info!("again in {seconds} s"),
///     other => drop(other?),
/// }
/// # Ok(()) });
/// ```
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum HostError {
    /// The owner has not granted the permission; the text is the line that would.
    Denied(String),
    /// This platform, or this kind of chat, cannot do it.
    Unsupported(String),
    /// Not now.
    RateLimited {
        /// How long to wait.
        seconds: f64,
    },
    /// No answer in time. A send may have happened: do not repeat it blindly.
    Timeout(String),
    /// The bot is not connected, or the link broke before the answer.
    Disconnected(String),
    /// The platform refused.
    Platform(PlatformError),
    /// The request itself is wrong.
    Invalid(String),
    /// There is no such thing, or it is forgotten by now.
    NotFound(String),
    /// The event can no longer be answered; [`messages::send`](crate::messages::send) may still work.
    Expired(String),
    /// A limit of this plugin is reached; waiting does not help.
    Exhausted(String),
    /// A wait was ended by a reload or a shutdown: finish up.
    Cancelled(String),
    /// A failure of the host, or anything newer than this SDK.
    Other(String),
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, text) = match self {
            Self::Denied(text) => ("permission denied", text),
            Self::Unsupported(text) => ("not supported", text),
            Self::RateLimited { seconds } => {
                return write!(f, "too often: again in {} s", seconds.max(0.0).ceil() as u64);
            }
            Self::Timeout(text) => ("no answer in time", text),
            Self::Disconnected(text) => ("not connected", text),
            Self::Platform(PlatformError { code, message, .. }) => {
                return write!(f, "the platform refused: {message} ({code})");
            }
            Self::Invalid(text) => ("wrong request", text),
            Self::NotFound(text) => ("not found", text),
            Self::Expired(text) => ("too late", text),
            Self::Exhausted(text) => ("limit reached", text),
            Self::Cancelled(text) => ("cancelled", text),
            Self::Other(text) => ("failed", text),
        };
        write!(f, "{kind}: {text}")
    }
}

/// As for people. A derived one would format a float, which is 16 KB of every plugin.
impl fmt::Debug for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl StdError for HostError {}

impl From<ContractError> for HostError {
    fn from(error: ContractError) -> Self {
        match error {
            ContractError::Denied(text) => Self::Denied(text),
            ContractError::Unsupported(text) => Self::Unsupported(text),
            ContractError::RateLimited(seconds) => Self::RateLimited { seconds },
            ContractError::Timeout(text) => Self::Timeout(text),
            ContractError::Disconnected(text) => Self::Disconnected(text),
            ContractError::Platform(error) => Self::Platform(error),
            ContractError::Invalid(text) => Self::Invalid(text),
            ContractError::NotFound(text) => Self::NotFound(text),
            ContractError::Expired(text) => Self::Expired(text),
            ContractError::Exhausted(text) => Self::Exhausted(text),
            ContractError::Cancelled(text) => Self::Cancelled(text),
            ContractError::Other(text) => Self::Other(text),
        }
    }
}

/// What went wrong in a handler: any error by `?`, or a text. The host logs it under the handler's name.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// fn half(text: &str) -> Result<i32> {
///     let number: i32 = text.parse().context("that is no number")?;
///     if number % 2 != 0 {
///         return Err(Error::new("it is odd"));
///     }
///     Ok(number / 2)
/// }
/// assert_eq!(half("8").unwrap(), 4);
/// assert_eq!(half("x").unwrap_err().to_string(), "that is no number: invalid digit found in string");
/// ```
pub struct Error {
    text: Option<String>,
    source: Option<Box<dyn StdError>>,
    told: Told,
}

/// What the user hears of an error.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Told {
    /// Nothing; it is for the log.
    Nothing,
    /// The text.
    Text,
    /// The text, and how the command is used.
    Usage,
}

impl Error {
    /// An error that is only a text.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// assert_eq!(Error::new("it is odd").to_string(), "it is odd");
    /// ```
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: Some(text.into()), source: None, told: Told::Nothing }
    }

    /// The user asked wrongly: the SDK answers with this text and the command's usage, and nothing is logged.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// fn positive(n: i32) -> Result<i32> {
    ///     if n > 0 { Ok(n) } else { Err(Error::usage("only positive numbers")) }
    /// }
    /// ```
    #[must_use]
    pub fn usage(text: impl Into<String>) -> Self {
        Self { told: Told::Usage, ..Self::new(text) }
    }

    /// The user is answered with this text, and nothing is logged: for what went wrong as it may.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # #[derive(Default)]
    /// # struct Cats;
    /// # #[plugin(id = "cats", permissions("http:https://api.example.com" = "to ask for cats"))]
    /// # impl Cats {
    /// #[command("cat")]
    /// async fn cat(&self) -> Result<String> {
    ///     let cat = http::get("https://api.example.com/cat").await.map_err(|error| {
    ///         log::warn!("{error}");
    ///         Error::reply("The cats are asleep.")
    ///     })?;
    ///     Ok(cat.text())
    /// }
    /// # }
    /// # let mut bot = iglu_sdk::testing::Harness::<Cats>::new();
    /// # bot.answer("http.fetch", |_| Err(HostError::Timeout("no answer".into())));
    /// # assert_eq!(bot.say("/cat"), ["The cats are asleep."]);
    /// ```
    #[must_use]
    pub fn reply(text: impl Into<String>) -> Self {
        Self { told: Told::Text, ..Self::new(text) }
    }

    pub(crate) fn told(&self) -> Told {
        self.told
    }

    /// The host's answer, if that is at the bottom of it.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// let error = Error::from(HostError::NotFound("no such group".to_owned()));
    /// assert!(matches!(error.host(), Some(HostError::NotFound(_))));
    /// assert!(Error::new("no answer of the host").host().is_none());
    /// ```
    #[must_use]
    pub fn host(&self) -> Option<&HostError> {
        let mut cause = self.source.as_deref();
        while let Some(error) = cause {
            if let Some(host) = error.downcast_ref() {
                return Some(host);
            }
            cause = error.source();
        }
        None
    }

    fn with_context(mut self, context: String) -> Self {
        self.text = Some(match self.text {
            Some(text) => format!("{context}: {text}"),
            None => context,
        });
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        if let Some(text) = &self.text {
            f.write_str(text)?;
            separator = ": ";
        }
        let mut cause = self.source.as_deref();
        while let Some(error) = cause {
            write!(f, "{separator}{error}")?;
            separator = ": ";
            cause = error.source();
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<E: StdError + 'static> From<E> for Error {
    fn from(error: E) -> Self {
        Self { text: None, source: Some(Box::new(error)), told: Told::Nothing }
    }
}

/// Says what was being done when an error came, or what was missing.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// fn number(text: &str) -> Result<u32> {
///     let word = text.split(' ').next_back().context("there is no word")?;
///     word.parse::<u32>().context("the last word is no number")
/// }
/// assert_eq!(number("seven 7").unwrap(), 7);
/// assert!(number("seven").unwrap_err().to_string().starts_with("the last word is no number: "));
/// ```
pub trait Context<T> {
    /// Puts the text in front of the error.
    ///
    /// # Errors
    /// The error there was, or the text if there was no value.
    fn context(self, text: impl Into<String>) -> Result<T>;
}

impl<T, E: Into<Error>> Context<T> for Result<T, E> {
    fn context(self, text: impl Into<String>) -> Result<T> {
        self.map_err(|error| error.into().with_context(text.into()))
    }
}

impl<T> Context<T> for Option<T> {
    fn context(self, text: impl Into<String>) -> Result<T> {
        self.ok_or_else(|| Error::new(text))
    }
}
