//! HTTP by the host. Permission `http:<origin>`, e.g. `"http:https://api.example.com"`.
//!
//! ```
//! use iglu_sdk::{prelude::*, testing::{Harness, response}};
//!
//! #[derive(Default)]
//! struct Cats;
//!
//! #[plugin(id = "cats", permissions("http:https://api.example.com" = "to ask for cats"))]
//! impl Cats {
//!     #[command("cat")]
//!     async fn cat(&self, breed: Rest) -> Result<String> {
//!         let cat: Value = http::get("https://api.example.com/cat").query("breed", breed).await?.json()?;
//!         Ok(format!("This is {}.", cat["name"].as_str().context("the cat has no name")?))
//!     }
//! }
//!
//! let mut bot = Harness::<Cats>::new();
//! bot.answer("http.fetch", |request| {
//!     assert_eq!(request["url"], "https://api.example.com/cat?breed=Maine%20Coon");
//!     Ok(response(200, r#"{"name": "Tom"}"#))
//! });
//! assert_eq!(bot.say("/cat Maine Coon"), ["This is Tom."]);
//! ```
//!
//! Loopback and private addresses are reached only if the owner granted that very address
//! (`http:http://127.0.0.1:3000`), whatever the manifest asks for. Redirects are followed inside one origin.

use std::{
    fmt::{Display, Write as _},
    future::{Future, IntoFuture},
    pin::Pin,
    time::Duration,
};

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    HostError, Result,
    host::{self, http as contract},
    types::{Media, MediaSource},
};

/// How much of a body an error shows.
const SHOWN: usize = 200;

/// A request in the making; `.await` (or [`send`](Self::send)) sends it.
#[must_use = "a request does nothing until it is awaited"]
#[derive(Clone, Debug)]
pub struct Request {
    request: contract::Request,
    /// What was wrong while it was made; told when it is sent.
    wrong: Option<HostError>,
}

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

/// A GET request.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # async fn example() -> Result {
/// let text = http::get("https://api.example.com/motd").await?.error_for_status()?.text();
/// # Ok(()) }
/// ```
pub fn get(url: impl Into<String>) -> Request {
    request("GET", url)
}

/// A POST request.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # async fn example() -> Result {
/// let made: Value = http::post("https://api.example.com/notes")
///     .json(&json!({"text": "buy milk"}))
///     .bearer("my token")
///     .timeout(Duration::from_secs(5))
///     .await?
///     .error_for_status()?
///     .json()?;
/// # Ok(()) }
/// ```
pub fn post(url: impl Into<String>) -> Request {
    request("POST", url)
}

/// A PUT request.
pub fn put(url: impl Into<String>) -> Request {
    request("PUT", url)
}

/// A DELETE request.
pub fn delete(url: impl Into<String>) -> Request {
    request("DELETE", url)
}

/// A request of any method.
pub fn request(method: impl Into<String>, url: impl Into<String>) -> Request {
    let request = contract::Request {
        method: method.into(),
        url: url.into(),
        headers: Vec::new(),
        body: Vec::new(),
        timeout_ms: 0,
    };
    Request { request, wrong: None }
}

/// Gets what is too large for [`get`] (whose answer passes through the plugin's memory); see [`Download`].
///
/// # Errors
/// As [`Request::send`].
pub async fn download(url: impl Into<String>) -> Result<Download, HostError> {
    get(url).download().await
}

impl Request {
    /// Adds a header.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.request.headers.push(contract::Header { name: name.into(), value: value.into() });
        self
    }

    /// Adds `authorization: Bearer ..`.
    pub fn bearer(self, token: impl Display) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }

    /// Adds a part to the path, with every sign in it escaped, slashes too. `.` and `..` would lead elsewhere, so with them
    /// the request is [`HostError::Invalid`] when it is sent.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # async fn example() -> Result {
    /// // https://api.example.com/cats/a%2Fb%20%E7%8C%AB
    /// http::get("https://api.example.com/cats").path("a/b 猫").await?;
    /// # Ok(()) }
    /// ```
    pub fn path(mut self, part: impl Display) -> Self {
        let part = part.to_string();
        if matches!(part.as_str(), "." | "..") {
            self.wrong = Some(HostError::Invalid(format!("`{part}` is no part of a path")));
        }
        let url = &mut self.request.url;
        let after = url.find(['?', '#']).map(|at| url.split_off(at));
        if !url.ends_with('/') {
            url.push('/');
        }
        escape(url, &part);
        url.extend(after);
        self
    }

    /// Adds a parameter to the address, with every sign in it escaped.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # async fn example() -> Result {
    /// // https://api.example.com/find?q=a%26b%20%E7%8C%AB&page=2
    /// http::get("https://api.example.com/find").query("q", "a&b 猫").query("page", 2).await?;
    /// # Ok(()) }
    /// ```
    pub fn query(mut self, name: impl Display, value: impl Display) -> Self {
        let url = &mut self.request.url;
        let fragment = url.find('#').map(|at| url.split_off(at));
        let sign = match url.find('?') {
            None => "?",
            Some(at) if at + 1 == url.len() || url.ends_with('&') => "",
            Some(_) => "&",
        };
        url.push_str(sign);
        escape(url, &name.to_string());
        url.push('=');
        escape(url, &value.to_string());
        url.extend(fragment);
        self
    }

    /// The body as it is.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.request.body = body.into();
        self
    }

    /// The body as JSON, with its content type. What has no JSON form is [`HostError::Invalid`] when the request is sent.
    pub fn json(mut self, value: &impl Serialize) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => self.header("content-type", "application/json").body(body),
            Err(error) => {
                self.wrong = Some(HostError::Invalid(format!("the body has no JSON form: {error}")));
                self
            }
        }
    }

    /// The body as a form's fields, with its content type.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # async fn example() -> Result {
    /// http::post("https://api.example.com/login").form([("user", "ann"), ("word", "a&b")]).await?;
    /// # Ok(()) }
    /// ```
    pub fn form<N: Display, V: Display>(self, fields: impl IntoIterator<Item = (N, V)>) -> Self {
        let mut body = String::new();
        for (name, value) in fields {
            if !body.is_empty() {
                body.push('&');
            }
            escape(&mut body, &name.to_string());
            body.push('=');
            escape(&mut body, &value.to_string());
        }
        self.header("content-type", "application/x-www-form-urlencoded").body(body)
    }

    /// The longest wait; the host's own limit bounds it.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.request.timeout_ms = u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX).max(1);
        self
    }

    /// Sends it; the same as `.await`.
    ///
    /// # Errors
    /// [`HostError::Denied`] for an origin that is not granted, [`HostError::Exhausted`] for too large a body,
    /// [`HostError::RateLimited`] for too many requests at once, [`HostError::Timeout`], [`HostError::Disconnected`],
    /// [`HostError::Invalid`] for a bad address or header. A status of 404 or 500 is no error; see
    /// [`error_for_status`](Response::error_for_status).
    pub async fn send(self) -> Result<Response, HostError> {
        let contract::Response { status, headers, body } = host::http::fetch(self.checked()?).await?;
        Ok(Response { status, headers: named(headers), body })
    }

    /// Sends it, and leaves the body with the host.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # async fn example(event: &MessageEvent) -> Result {
    /// let report = http::get("https://api.example.com/report").query("year", 2026).download().await?;
    /// event.reply(file("report.pdf", report.error_for_status()?)).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn download(self) -> Result<Download, HostError> {
        let contract::Downloaded { status, headers, file } = host::http::download(self.checked()?).await?;
        Ok(Download { status, headers: named(headers), file })
    }

    fn checked(self) -> Result<contract::Request, HostError> {
        match self.wrong {
            Some(error) => Err(error),
            None => Ok(self.request),
        }
    }
}

impl IntoFuture for Request {
    type Output = Result<Response, HostError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output>>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl Response {
    /// Whether the status is 2xx.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

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

    /// The first header of this name, whatever its case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// The body as text, wrong bytes replaced.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body read as JSON.
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
    /// Whether the status is 2xx.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The download, if its status is 2xx.
    ///
    /// # Errors
    /// [`HostError::Other`] with the status.
    pub fn error_for_status(self) -> Result<Self, HostError> {
        if self.is_success() {
            return Ok(self);
        }
        Err(HostError::Other(format!("the server answers {}", self.status)))
    }

    /// The first header of this name, whatever its case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
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

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

fn named(headers: Vec<contract::Header>) -> Vec<(String, String)> {
    headers.into_iter().map(|header| (header.name.to_lowercase(), header.value)).collect()
}

fn escape(into: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            into.push(char::from(byte));
        } else {
            let _ = write!(into, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_escaped_and_come_before_the_fragment() {
        for (url, expected) in [
            ("https://a.example", "https://a.example?q=a%26b%3D%E7%8C%AB%20%2B"),
            ("https://a.example/x?p=1", "https://a.example/x?p=1&q=a%26b%3D%E7%8C%AB%20%2B"),
            ("https://a.example/x?", "https://a.example/x?q=a%26b%3D%E7%8C%AB%20%2B"),
            ("https://a.example/x#top", "https://a.example/x?q=a%26b%3D%E7%8C%AB%20%2B#top"),
        ] {
            assert_eq!(get(url).query("q", "a&b=猫 +").request.url, expected);
        }
        let form = post("https://a.example").form([("a", 1), ("b&", 2)]).request;
        assert_eq!(form.body, b"a=1&b%26=2");
    }

    #[test]
    fn parts_of_the_path_are_escaped_and_lead_nowhere_else() {
        for (url, expected) in [
            ("https://a.example", "https://a.example/a%2Fb%20%3F%23%E7%8C%AB"),
            ("https://a.example/x/", "https://a.example/x/a%2Fb%20%3F%23%E7%8C%AB"),
            ("https://a.example/x?p=/#top", "https://a.example/x/a%2Fb%20%3F%23%E7%8C%AB?p=/#top"),
        ] {
            assert_eq!(get(url).path("a/b ?#猫").request.url, expected);
        }
        assert!(get("https://a.example").path("...").checked().is_ok());
        for part in [".", ".."] {
            assert!(matches!(get("https://a.example").path(part).checked(), Err(HostError::Invalid(_))));
        }
    }

    #[test]
    fn a_body_without_a_json_form_is_told_when_it_is_sent() {
        let impossible = std::collections::BTreeMap::from([((1, 2), 3)]);
        let request = post("https://a.example").json(&impossible).header("a", "b");
        assert!(matches!(request.checked(), Err(HostError::Invalid(_))));
    }
}
