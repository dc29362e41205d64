//! Where sessions are begun, and how many may be.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::Method;
use tokio::time::Instant;

use super::super::Settings;
use super::super::api::{Api, Body, Repeat, Request};
use super::super::failure::{Class, Failure};

/// `max_concurrency` counts in so many times `timings.retry`: 5 s.
const WINDOW: u32 = 5;

/// What `/gateway/bot` says. What it leaves out is taken as no limit.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) url: String,
    pub(super) shards: u32,
    /// Sessions that may still be begun.
    pub(super) remaining: Option<u64>,
    pub(super) total: u64,
    /// Until there are more.
    pub(super) reset: Duration,
    /// So many at a time.
    pub(super) at_once: usize,
}

/// Asks where the gateway is now.
pub(super) async fn ask(api: &Api, settings: &Settings) -> Result<Place, Failure> {
    let request = Request {
        method: Method::GET,
        path: "/gateway/bot",
        body: Body::None,
        repeat: Repeat::Idempotent,
        patience: settings.timings.answer,
    };
    let reply = api.call(request).await?;
    read(&reply.body).map_err(|message| Failure::silent(Class::Busy, message))
}

fn read(body: &serde_json::Value) -> Result<Place, String> {
    let url = body["url"].as_str().unwrap_or_default().trim();
    if !url.starts_with("ws://") && !url.starts_with("wss://") {
        return Err(format!("the platform names no address of a WebSocket but {:?}", body["url"]));
    }
    let number = |value: &serde_json::Value| value.as_u64().or_else(|| value.as_str()?.trim().parse().ok());
    let limit = &body["session_start_limit"];
    let few = |value: u64| usize::try_from(value).unwrap_or(1).max(1);
    Ok(Place {
        url: url.to_owned(),
        shards: number(&body["shards"]).map_or(1, |shards| u32::try_from(shards).unwrap_or(1)),
        remaining: number(&limit["remaining"]),
        total: number(&limit["total"]).unwrap_or_default(),
        reset: Duration::from_millis(number(&limit["reset_after"]).unwrap_or_default()),
        at_once: number(&limit["max_concurrency"]).map_or(1, few),
    })
}

impl Place {
    /// Whether there are so many left that one may be spent without need.
    pub(super) fn is_generous(&self) -> bool {
        self.remaining.is_none_or(|remaining| remaining > self.total / 10)
    }
}

/// The starts of one bot's shards.
#[derive(Debug)]
pub(super) struct Starts {
    window: Duration,
    recent: Mutex<VecDeque<Instant>>,
}

impl Starts {
    pub(super) fn new(retry: Duration) -> Self {
        Self { window: retry * WINDOW, recent: Mutex::default() }
    }

    /// Waits for a place among those that begin at once, and takes it.
    pub(super) async fn turn(&self, at_once: usize) {
        while let Err(free) = self.take(at_once, Instant::now()) {
            tokio::time::sleep_until(free).await;
        }
    }

    fn take(&self, at_once: usize, now: Instant) -> Result<(), Instant> {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        while recent.front().is_some_and(|start| *start + self.window <= now) {
            recent.pop_front();
        }
        match recent.front() {
            Some(first) if recent.len() >= at_once => Err(*first + self.window),
            _ => {
                recent.push_back(now);
                Ok(())
            }
        }
    }

    /// When a start that follows this one need not wait.
    pub(super) fn next_after(&self, start: Instant) -> Instant {
        start + self.window
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn places_are_read_whatever_is_missing() {
        let place = |body: serde_json::Value| read(&body);
        let full = place(json!({"url": "wss://h/w", "shards": 9, "session_start_limit":
            {"total": 1000, "remaining": 0, "reset_after": 14400000, "max_concurrency": 2}}));
        let expected = Place {
            url: "wss://h/w".to_owned(),
            shards: 9,
            remaining: Some(0),
            total: 1000,
            reset: Duration::from_secs(14400),
            at_once: 2,
        };
        assert_eq!(full.as_ref(), Ok(&expected));
        assert!(!full.unwrap().is_generous());
        let bare = place(json!({"url": "ws://h"})).unwrap();
        assert_eq!((bare.shards, bare.remaining, bare.at_once), (1, None, 1));
        assert!(bare.is_generous());
        for body in [json!({}), json!({"url": 5}), json!({"url": "https://h"}), json!([])] {
            assert!(place(body).unwrap_err().contains("WebSocket"));
        }
    }

    #[test]
    fn sessions_begin_no_faster_than_the_platform_allows() {
        let (starts, begin) = (Starts::new(Duration::from_secs(1)), Instant::now());
        let at = |seconds: u64| begin + Duration::from_secs(seconds);
        assert_eq!((starts.take(2, at(0)), starts.take(2, at(1))), (Ok(()), Ok(())));
        assert_eq!((starts.take(2, at(1)), starts.take(3, at(4))), (Err(at(5)), Ok(())));
        assert_eq!((starts.take(2, at(5)), starts.take(2, at(6))), (Err(at(6)), Ok(())));
        assert_eq!(starts.next_after(at(6)), at(11));
    }
}
