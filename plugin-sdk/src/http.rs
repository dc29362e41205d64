//! HTTP by the host. Permission `http:<origin>`, e.g. `"http:https://api.example.com"`.
//!
//! ```
//! # use iglu_sdk::prelude::*;
//! # async fn example() -> Result {
//! let answer = http::get("https://api.example.com/cat").header("accept", "application/json").send().await?;
//! let cat: Value = answer.json()?;
//! # Ok(()) }
//! ```

use std::time::Duration;

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    HostError, Result,
    host::{self, http as contract},
};

/// A request in the making; [`send`](Self::send) sends it.
#[must_use = "a request does nothing until it is sent"]
#[derive(Clone, Debug)]
pub struct Request(contract::Request);

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

/// A GET request.
pub fn get(url: impl Into<String>) -> Request {
    request("GET", url)
}

/// A POST request.
pub fn post(url: impl Into<String>) -> Request {
    request("POST", url)
}

/// A request of any method.
pub fn request(method: impl Into<String>, url: impl Into<String>) -> Request {
    Request(contract::Request {
        method: method.into(),
        url: url.into(),
        headers: Vec::new(),
        body: Vec::new(),
        timeout_ms: 0,
    })
}

impl Request {
    /// Adds a header.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.headers.push(contract::Header { name: name.into(), value: value.into() });
        self
    }

    /// The body as it is.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.0.body = body.into();
        self
    }

    /// The body as JSON, with its content type.
    ///
    /// # Errors
    /// [`HostError::Invalid`] when the value has no JSON form.
    pub fn json(self, value: &impl Serialize) -> Result<Self, HostError> {
        let body = serde_json::to_vec(value)
            .map_err(|error| HostError::Invalid(format!("the body has no JSON form: {error}")))?;
        Ok(self.header("content-type", "application/json").body(body))
    }

    /// The longest wait; the host's own limit bounds it.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.0.timeout_ms = u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX);
        self
    }

    /// Sends it.
    ///
    /// # Errors
    /// [`HostError::Denied`] for an origin that is not granted, [`HostError::Exhausted`] for too large a body,
    /// [`HostError::Timeout`], [`HostError::Disconnected`], [`HostError::Invalid`] for a bad address or header. A status
    /// of 404 or 500 is no error.
    pub async fn send(self) -> Result<Response, HostError> {
        let contract::Response { status, headers, body } = host::http::fetch(self.0).await?;
        let headers = headers.into_iter().map(|header| (header.name.to_lowercase(), header.value)).collect();
        Ok(Response { status, headers, body })
    }
}

impl Response {
    /// Whether the status is 2xx.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The first header of this name, in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
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
