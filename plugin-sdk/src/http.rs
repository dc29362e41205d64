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

mod answer;

use std::{
    fmt::{Display, Write as _},
    future::{Future, IntoFuture},
    pin::Pin,
    time::Duration,
};

use serde::Serialize;

pub use self::answer::{Download, Response};
use crate::{
    HostError, Result,
    host::{self, http as contract},
};

/// A request in the making; `.await` (or [`send`](Self::send)) sends it.
///
/// ```
/// # use iglu_sdk::{prelude::*, http::Request};
/// fn about(city: &str) -> Request {
///     http::get("https://api.example.com/weather").query("city", city)
/// }
/// # iglu_sdk::testing::example(async |_| {
/// let answer = about("Oslo").await?;
/// # drop(answer); Ok(()) }).did("http.fetch", &json!({"url": "https://api.example.com/weather?city=Oslo"}));
/// ```
#[must_use = "a request does nothing until it is awaited"]
#[derive(Clone, Debug)]
pub struct Request {
    request: contract::Request,
    /// What was wrong while it was made; told when it is sent.
    wrong: Option<HostError>,
}

/// A GET request.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |_| {
/// let text = http::get("https://api.example.com/motd").await?.error_for_status()?.text();
/// # Ok(()) });
/// ```
pub fn get(url: impl Into<String>) -> Request {
    request("GET", url)
}

/// A POST request.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |_| {
/// let made: Value = http::post("https://api.example.com/notes")
///     .json(&json!({"text": "buy milk"}))
///     .bearer("my token")
///     .timeout(Duration::from_secs(5))
///     .await?
///     .error_for_status()?
///     .json()?;
/// # Ok(()) });
/// ```
pub fn post(url: impl Into<String>) -> Request {
    request("POST", url)
}

/// A PUT request.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |_| {
/// http::put("https://api.example.com/notes/1").json(&json!({"text": "milk"})).await?;
/// # Ok(()) }).did("http.fetch", &json!({"method": "PUT"}));
/// ```
pub fn put(url: impl Into<String>) -> Request {
    request("PUT", url)
}

/// A DELETE request.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |_| {
/// http::delete("https://api.example.com/notes/1").await?.error_for_status()?;
/// # Ok(()) }).did("http.fetch", &json!({"method": "DELETE"}));
/// ```
pub fn delete(url: impl Into<String>) -> Request {
    request("DELETE", url)
}

/// A request of any method.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |_| {
/// http::request("PATCH", "https://api.example.com/notes/1").body("milk").await?;
/// # Ok(()) }).did("http.fetch", &json!({"method": "PATCH"}));
/// ```
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
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |event| {
/// let film = http::download("https://api.example.com/roses.png").await?.error_for_status()?;
/// event.reply(image(film)).await?;
/// # Ok(()) });
/// ```
///
/// # Errors
/// As [`Request::send`].
pub async fn download(url: impl Into<String>) -> Result<Download, HostError> {
    get(url).download().await
}

impl Request {
    /// Adds a header.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |_| {
    /// http::get("https://api.example.com/motd").header("accept-language", "zh").await?;
    /// # Ok(()) });
    /// ```
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.request.headers.push(contract::Header { name: name.into(), value: value.into() });
        self
    }

    /// Adds `authorization: Bearer ..`.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |_| {
    /// http::get("https://api.example.com/me").bearer("my token").await?;
    /// # Ok(()) });
    /// ```
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
    /// # iglu_sdk::testing::example(async |_| {
    /// // https://api.example.com/find?q=a%26b%20%E7%8C%AB&page=2
    /// http::get("https://api.example.com/find").query("q", "a&b 猫").query("page", 2).await?;
    /// # Ok(()) });
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
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |_| {
    /// http::post("https://api.example.com/log").body("a line").await?;
    /// # Ok(()) }).did("http.fetch", &json!({"method": "POST"}));
    /// ```
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.request.body = body.into();
        self
    }

    /// The body as JSON, with its content type. What has no JSON form is [`HostError::Invalid`] when the request is sent.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |_| {
    /// http::post("https://api.example.com/notes").json(&json!({"text": "milk"})).await?;
    /// # Ok(()) });
    /// ```
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
    /// # iglu_sdk::testing::example(async |_| {
    /// http::post("https://api.example.com/login").form([("user", "ann"), ("word", "a&b")]).await?;
    /// # Ok(()) });
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
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |_| {
    /// http::get("https://api.example.com/slow").timeout(Duration::from_secs(5)).await?;
    /// # Ok(()) });
    /// ```
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.request.timeout_ms = u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX).max(1);
        self
    }

    /// Sends it; the same as `.await`.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |_| {
    /// let response = http::get("https://api.example.com/motd").send().await?;
    /// assert_eq!(response.status, 200);
    /// # Ok(()) });
    /// ```
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
    /// # iglu_sdk::testing::example(async |event| {
    /// let report = http::get("https://api.example.com/report").query("year", 2026).download().await?;
    /// event.reply(file("report.pdf", report.error_for_status()?)).await?;
    /// # Ok(()) });
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
