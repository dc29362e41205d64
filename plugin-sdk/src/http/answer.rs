//! What servers answer.

use serde::de::DeserializeOwned;

use crate::{
    HostError, Result,
    types::{Media, MediaSource},
};

/// How much of a body an error shows.
const SHOWN: usize = 200;

/// What came back, with any status.
#[derive(Clone, Debug)]
pub struct Response {
    /// 200 and so on.
    pub status: u32,
    /// Names in lower case, in order.
    pub headers: Vec<(String, String)>,
    /// The body's bytes.
    pub body: Vec<u8>,
}

/// A large answer, which the host keeps for this plugin until it is sent: for half an hour at most.
///
/// It goes straight into a message:
///
/// ```
/// # use iglu_sdk::{prelude::*, testing::{Harness, download}};
/// # #[derive(Default)]
/// # struct Cats;
/// # #[plugin(id = "cats", permissions("http:https://api.example.com" = "to ask for cats"))]
/// # impl Cats {
/// #[command("film")]
/// async fn film(&self, event: &MessageEvent) -> Result {
///     let film = http::download("https://api.example.com/cat.mp4").await?.error_for_status()?;
///     event.reply(file("cat.mp4", film)).await?;
///     Ok(())
/// }
/// # }
/// # let mut bot = Harness::<Cats>::new();
/// # bot.answer("http.download", |_| Ok(download(200, "cat.mp4", 5_000_000)));
/// # assert_eq!(bot.say("/film")[0].len(), 1);
/// ```
#[derive(Clone, Debug)]
pub struct Download {
    /// 200 and so on. The page of an error is kept as well.
    pub status: u32,
    /// Names in lower case, in order.
    pub headers: Vec<(String, String)>,
    /// Where the body is, how large, and how it is named.
    pub file: Media,
}

/// What both kinds of answers can be asked.
macro_rules! answers {
    ($($answer:ident)*) => {$(impl $answer {
        /// Whether the status is 2xx.
        ///
        /// ```
        /// # use iglu_sdk::prelude::*;
        /// # iglu_sdk::testing::example(async |_| {
        /// assert!(http::get("https://api.example.com/motd").await?.is_success());
        /// # Ok(()) });
        /// ```
        #[must_use]
        pub fn is_success(&self) -> bool {
            (200..300).contains(&self.status)
        }

        /// The first header of this name, whatever its case.
        ///
        /// ```
        /// use iglu_sdk::http::Response;
        /// let headers = vec![("x-left".to_owned(), "9".to_owned())];
        /// let response = Response { status: 200, headers, body: Vec::new() };
        /// assert_eq!(response.header("X-Left"), Some("9"));
        /// ```
        #[must_use]
        pub fn header(&self, name: &str) -> Option<&str> {
            let found = self.headers.iter().find(|(given, _)| given.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.as_str())
        }
    })*};
}

answers! { Response Download }

impl Response {
    /// The response, if its status is 2xx.
    ///
    /// ```
    /// # use iglu_sdk::{prelude::*, http::Response};
    /// let response = |status| Response { status, headers: Vec::new(), body: b"no such cat".to_vec() };
    /// assert!(response(200).error_for_status().is_ok());
    /// assert_eq!(response(404).error_for_status().unwrap_err().to_string(), "failed: the server answers 404: no such cat");
    /// ```
    ///
    /// # Errors
    /// [`HostError::Other`] with the status and the beginning of the body.
    pub fn error_for_status(self) -> Result<Self, HostError> {
        if self.is_success() {
            return Ok(self);
        }
        let text: String = self.text().trim().chars().take(SHOWN).collect();
        let colon = if text.is_empty() { "" } else { ": " };
        Err(HostError::Other(format!("the server answers {}{colon}{text}", self.status)))
    }

    /// The body as text, wrong bytes replaced.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |_| {
    /// assert_eq!(http::get("https://api.example.com/empty").await?.text(), "{}");
    /// # Ok(()) });
    /// ```
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body read as JSON.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |_| {
    /// let empty: Value = http::get("https://api.example.com/empty").await?.json()?;
    /// assert_eq!(empty, json!({}));
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// [`HostError::Other`] when it is none or does not fit the type.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, HostError> {
        serde_json::from_slice(&self.body).map_err(|error| {
            HostError::Other(format!("the response (status {}) does not fit: {error}", self.status))
        })
    }
}

impl Download {
    /// The download, if its status is 2xx.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |_| {
    /// let kept = http::download("https://api.example.com/roses.png").await?.error_for_status()?;
    /// assert_eq!(kept.file.name.as_deref(), Some("roses.png"));
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// [`HostError::Other`] with the status.
    pub fn error_for_status(self) -> Result<Self, HostError> {
        if self.is_success() {
            return Ok(self);
        }
        Err(HostError::Other(format!("the server answers {}", self.status)))
    }
}

impl From<Download> for Media {
    fn from(download: Download) -> Self {
        download.file
    }
}

impl From<Download> for MediaSource {
    fn from(download: Download) -> Self {
        download.file.source
    }
}
