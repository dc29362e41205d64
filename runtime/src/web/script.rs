//! The answers of a test in place of the web's.
//!
//! A script is a JSON list; the first entry that fits a request answers it:
//!
//! ```json
//! [
//!   {"url": "https://api.example.com/weather?city=*", "json": {"sky": "clear"}},
//!   {"method": "POST", "url": "https://api.example.com/*", "status": 201, "text": "made", "times": 1},
//!   {"url": "https://slow.example/*", "delay_ms": 5000, "error": "timeout"}
//! ]
//! ```

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::body::Bytes;
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::request::Outgoing;
use crate::base64_json;
use crate::clock::Clock;
use crate::model::Error;
use crate::policy::glob;

/// What a test's web answers, and what it was asked.
#[derive(Debug, Default)]
pub struct Script(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    entries: Vec<Entry>,
    asked: Vec<Asked>,
}

/// A script that cannot be read, and why.
#[derive(Debug, thiserror::Error)]
#[error("the script of the web cannot be read: {0}")]
pub struct ScriptError(String);

/// A request that went out to the script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Asked {
    /// In capitals.
    pub method: String,
    /// In its one spelling, without a fragment.
    pub url: String,
    /// Names in small letters, in the order of their names.
    pub headers: Vec<(String, String)>,
    /// The bytes, as base64 in JSON.
    #[serde(with = "base64_json")]
    pub body: Vec<u8>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// Any method if there is none.
    method: Option<String>,
    /// `*` is any number of characters.
    url: String,
    #[serde(default = "ok")]
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    json: Option<Value>,
    text: Option<String>,
    /// Bytes as base64.
    base64: Option<Encoded>,
    error: Option<Failure>,
    #[serde(default)]
    delay_ms: u64,
    /// So often; for ever if there is none.
    times: Option<u32>,
}

#[derive(Debug, Clone, Deserialize)]
struct Encoded(#[serde(with = "base64_json")] Vec<u8>);

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Failure {
    Timeout,
    Disconnected,
    /// As if the name led into the owner's network.
    Denied,
}

fn ok() -> u16 {
    200
}

impl Script {
    /// Reads a list of answers.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn parse(json: &str) -> Result<Self, ScriptError> {
        let script = Self::default();
        script.add(json)?;
        Ok(script)
    }

    /// Adds answers, a list or a single one. They come before those that are there.
    ///
    /// # Errors
    ///
    /// What is wrong with them; then none is added.
    pub fn add(&self, json: &str) -> Result<(), ScriptError> {
        let wrong = |reason: serde_json::Error| ScriptError(reason.to_string());
        let value: Value = serde_json::from_str(json).map_err(wrong)?;
        let value = if value.is_array() { value } else { Value::Array(vec![value]) };
        let mut entries: Vec<Entry> = serde_json::from_value(value).map_err(wrong)?;
        for entry in &entries {
            entry.answer()?;
        }
        let mut inner = self.lock();
        entries.append(&mut inner.entries);
        inner.entries = entries;
        Ok(())
    }

    /// Every request so far, in order.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        self.lock().asked.clone()
    }

    pub(super) async fn answer(
        &self,
        outgoing: &Outgoing,
        clock: &Clock,
    ) -> Result<(StatusCode, HeaderMap, Bytes), Error> {
        let entry = self.take(outgoing).ok_or_else(|| {
            Error::Disconnected(format!(
                "the test has no answer for {} {}; add one for it",
                outgoing.method, outgoing.url
            ))
        })?;
        clock.sleep(Duration::from_millis(entry.delay_ms)).await;
        let place = outgoing.shown();
        match entry.error {
            Some(Failure::Timeout) => Err(Error::Timeout(format!("{place} does not answer in time"))),
            Some(Failure::Disconnected) => Err(Error::Disconnected(format!("{place} cannot be reached"))),
            Some(Failure::Denied) => {
                Err(Error::Denied(format!("the name in {place} leads into the owner's network")))
            }
            None => entry.answer().map_err(|reason| Error::Other(reason.to_string())),
        }
    }

    fn take(&self, outgoing: &Outgoing) -> Option<Entry> {
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let mut headers: Vec<(String, String)> =
            outgoing.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        headers.sort();
        let (method, url) = (outgoing.method.to_string(), outgoing.url.to_string());
        let mut inner = self.lock();
        let at = inner.entries.iter().position(|entry| entry.fits(&method, &url));
        inner.asked.push(Asked { method, url, headers, body: outgoing.body.to_vec() });
        let entry = inner.entries.get_mut(at?)?;
        let answer = entry.clone();
        entry.times = entry.times.map(|times| times.saturating_sub(1));
        Some(answer)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn fits(&self, method: &str, url: &str) -> bool {
        self.times != Some(0)
            && self.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
            && glob(&self.url, url)
    }

    fn answer(&self) -> Result<(StatusCode, HeaderMap, Bytes), ScriptError> {
        let wrong = |reason: String| ScriptError(format!("the answer for {:?}: {reason}", self.url));
        let status = StatusCode::from_u16(self.status).map_err(|reason| wrong(reason.to_string()))?;
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|reason| wrong(reason.to_string()))?;
            let value =
                HeaderValue::from_bytes(value.as_bytes()).map_err(|reason| wrong(reason.to_string()))?;
            headers.append(name, value);
        }
        let (kind, body) = match (&self.json, &self.text, &self.base64) {
            (None, None, None) => return Ok((status, headers, Bytes::new())),
            (Some(json), None, None) => ("application/json", json.to_string().into_bytes()),
            (None, Some(text), None) => ("text/plain; charset=utf-8", text.clone().into_bytes()),
            (None, None, Some(bytes)) => ("application/octet-stream", bytes.0.clone()),
            _ => return Err(wrong("only one of json, text and base64 can be the body".to_owned())),
        };
        headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static(kind));
        Ok((status, headers, body.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, url: &str) -> Outgoing {
        Outgoing::read(method, url, [("X-A", "1")].into_iter(), b"{}".to_vec()).unwrap()
    }

    #[tokio::test]
    async fn the_first_answer_that_fits_is_given_so_often_as_it_says() {
        let script = Script::parse(
            r#"[{"method": "post", "url": "https://a.example/*", "status": 201, "text": "once", "times": 1},
                {"url": "https://a.example/x", "json": {"n": 1}, "headers": {"x-b": "2"}},
                {"url": "https://gone.example/*", "error": "disconnected"}]"#,
        )
        .unwrap();
        let clock = Clock::default();
        let (status, _, body) = script.answer(&request("POST", "https://a.example/x"), &clock).await.unwrap();
        assert_eq!((status.as_u16(), &*body), (201, &b"once"[..]));
        let (status, headers, body) =
            script.answer(&request("POST", "https://a.example/x"), &clock).await.unwrap();
        assert_eq!((status.as_u16(), &*body), (200, &br#"{"n":1}"#[..]));
        assert_eq!(
            (&headers["x-b"], &headers["content-type"]),
            (&"2".parse().unwrap(), &"application/json".parse().unwrap())
        );
        let unknown = script.answer(&request("GET", "https://a.example/y"), &clock).await;
        assert!(
            matches!(&unknown, Err(Error::Disconnected(text)) if text.contains("GET https://a.example/y"))
        );
        assert!(matches!(
            script.answer(&request("GET", "https://gone.example/"), &clock).await,
            Err(Error::Disconnected(_))
        ));
        let asked = script.asked();
        assert_eq!((asked.len(), asked[0].method.as_str(), &*asked[0].body), (4, "POST", &b"{}"[..]));
        assert_eq!(asked[0].headers, [("x-a".to_owned(), "1".to_owned())]);
    }

    #[test]
    fn a_wrong_script_says_what_is_wrong() {
        for (json, hint) in [
            ("[", "EOF"),
            (r#"{"status": 200}"#, "url"),
            (r#"{"url": "*", "colour": 1}"#, "colour"),
            (r#"{"url": "*", "status": 7}"#, "status"),
            (r#"{"url": "*", "text": "a", "json": 1}"#, "only one of"),
            (r#"{"url": "*", "headers": {"a b": "c"}}"#, "header"),
            (r#"{"url": "*", "error": "oops"}"#, "timeout"),
        ] {
            let reason = Script::parse(json).unwrap_err().to_string();
            assert!(reason.contains(hint), "{json}: {reason}");
        }
    }
}
