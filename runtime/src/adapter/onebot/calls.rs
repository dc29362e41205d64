//! Calls over one link: out with an `echo`, back by it.
//!
//! NapCat runs requests at once and answers in any order, late, twice or never. So every call has a deadline, an
//! answer that nobody waits for is ignored, and when the link ends all calls in flight fail at once.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::Message;

use super::packets::{self, Feed, Packets};
use super::queue::Queue;
use super::wire::{Outcome, Response};
use super::{FRAME_LIMIT, encode};
use crate::model::Error;

/// The calls of one link.
#[derive(Debug)]
pub(super) struct Calls {
    /// Tells this link's echoes from those of any other.
    prefix: String,
    pub(super) queue: Queue,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    next: u64,
    waiting: HashMap<u64, Waiting>,
    /// Why the link ended, once it has.
    closed: Option<String>,
}

#[derive(Debug)]
enum Waiting {
    One(oneshot::Sender<Outcome>),
    Many(Feed),
}

#[derive(Serialize)]
struct Request<'a> {
    action: &'a str,
    params: &'a Value,
    echo: &'a str,
}

/// A call whose frame is queued. Dropping it forgets the answer.
#[derive(Debug)]
pub(super) struct Pending<'a> {
    calls: &'a Calls,
    number: u64,
    answer: oneshot::Receiver<Outcome>,
    action: String,
    deadline: Duration,
}

impl Default for Calls {
    fn default() -> Self {
        Self {
            prefix: format!("{:06x}-", fastrand::u32(..1 << 24)),
            queue: Queue::default(),
            table: Mutex::default(),
        }
    }
}

impl Calls {
    /// Queues a request. The answer is due within `deadline`, and the time that a request of this size needs.
    pub(super) fn start(
        &self,
        action: &str,
        params: &Value,
        deadline: Duration,
    ) -> Result<Pending<'_>, Error> {
        let (sender, answer) = oneshot::channel();
        let (number, bytes) = self.queue(action, params, Waiting::One(sender))?;
        let deadline = deadline + encode::upload_time(bytes);
        Ok(Pending { calls: self, number, answer, action: action.to_owned(), deadline })
    }

    /// Queues a request that is answered in packets.
    pub(super) fn stream(&self, action: &str, params: &Value) -> Result<Packets, Error> {
        let (feed, packets) = packets::channel(action);
        self.queue(action, params, Waiting::Many(feed))?;
        Ok(packets)
    }

    /// Answers the call's number, and the size of its frame in bytes.
    fn queue(&self, action: &str, params: &Value, waiting: Waiting) -> Result<(u64, usize), Error> {
        let mut table = self.lock();
        if let Some(reason) = &table.closed {
            return Err(Error::Disconnected(reason.clone()));
        }
        table.next += 1;
        let number = table.next;
        let echo = format!("{}{number}", self.prefix);
        let frame = serde_json::to_string(&Request { action, params, echo: &echo })
            .map_err(|reason| Error::Other(format!("the request {action} cannot be written: {reason}")))?;
        check_size(action, frame.len())?;
        let bytes = frame.len();
        // Queued under the lock, so that the numbers stand in the order of the wire.
        self.queue.push(Message::text(frame)).map_err(|_| Error::RateLimited(1.0))?;
        table.waiting.insert(number, waiting);
        Ok((number, bytes))
    }

    /// Hands an answer to its call. `false` if nobody waits for it.
    pub(super) fn answer(&self, response: Response) -> bool {
        let number = response.echo.as_deref().and_then(|echo| echo.strip_prefix(&self.prefix)?.parse().ok());
        let Some(number): Option<u64> = number else { return false };
        let mut table = self.lock();
        match table.waiting.remove(&number) {
            Some(Waiting::One(waiting)) => waiting.send(response.outcome).is_ok(),
            Some(Waiting::Many(feed)) => {
                if feed.put(response.outcome) {
                    table.waiting.insert(number, Waiting::Many(feed));
                }
                true
            }
            None => false,
        }
    }

    /// Fails every call in flight, and all later ones.
    pub(super) fn close(&self, reason: &str) {
        let mut table = self.lock();
        table.closed.get_or_insert_with(|| reason.to_owned());
        for (_, waiting) in table.waiting.drain() {
            if let Waiting::Many(feed) = waiting {
                feed.end(Error::Disconnected(reason.to_owned()));
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Refuses what NapCat would not take in.
pub(super) fn check_size(action: &str, bytes: usize) -> Result<(), Error> {
    if bytes <= FRAME_LIMIT {
        return Ok(());
    }
    Err(Error::Invalid(format!(
        "the request {action} has {} MiB and NapCat takes at most {} MiB in one frame; give media by address, or upload \
         them with `upload_file_stream` first",
        bytes >> 20,
        FRAME_LIMIT >> 20,
    )))
}

/// What is said of a call without an answer.
pub(super) fn unanswered(action: &str, deadline: Duration) -> Error {
    Error::Timeout(format!(
        "NapCat did not answer {action} within {:.0} s; it may have been done, so do not repeat it blindly",
        deadline.as_secs_f64(),
    ))
}

impl Pending<'_> {
    /// The platform's answer, whether it succeeded or not.
    pub(super) async fn outcome(mut self) -> Result<Outcome, Error> {
        match tokio::time::timeout(self.deadline, &mut self.answer).await {
            Ok(Ok(outcome)) => Ok(outcome),
            Ok(Err(_)) => {
                let reason =
                    self.calls.lock().closed.clone().unwrap_or_else(|| "the link has ended".to_owned());
                Err(Error::Disconnected(format!("{reason}; whether {} was done is not known", self.action)))
            }
            Err(_) => Err(unanswered(&self.action, self.deadline)),
        }
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        self.calls.lock().waiting.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const LONG: Duration = Duration::from_secs(60);

    fn echo(calls: &Calls) -> String {
        let Some(Message::Text(text)) = calls.queue.try_next() else { panic!("a frame is queued") };
        let frame: Value = serde_json::from_str(&text).unwrap();
        frame["echo"].as_str().unwrap().to_owned()
    }

    fn answered(echo: &str, data: &str) -> Response {
        let outcome = Outcome { ok: true, code: 0, message: String::new(), data: data.to_owned() };
        Response { echo: Some(echo.to_owned()), outcome }
    }

    #[tokio::test]
    async fn answers_find_their_call_in_any_order() {
        let calls = Calls::default();
        let first = calls.start("a", &json!({}), LONG).unwrap();
        let second = calls.start("b", &json!({}), LONG).unwrap();
        let (one, two) = (echo(&calls), echo(&calls));
        assert_ne!(one, two);
        assert!(calls.answer(answered(&two, "2")));
        assert!(calls.answer(answered(&one, "1")));
        assert_eq!(first.outcome().await.unwrap().data, "1");
        assert_eq!(second.outcome().await.unwrap().data, "2");
    }

    #[test]
    fn the_frame_has_action_params_and_echo_in_that_order() {
        let calls = Calls::default();
        let _pending = calls.start("send_private_msg", &json!({"user_id": "5079132"}), LONG).unwrap();
        let Some(Message::Text(text)) = calls.queue.try_next() else { panic!() };
        let start = r#"{"action":"send_private_msg","params":{"user_id":"5079132"},"echo":""#;
        assert!(text.starts_with(start), "{text}");
    }

    #[tokio::test]
    async fn answers_that_nobody_waits_for_are_ignored() {
        let calls = Calls::default();
        let pending = calls.start("a", &json!({}), LONG).unwrap();
        let one = echo(&calls);
        let without = Response { echo: None, ..answered("", "0") };
        for stray in [answered("", "0"), answered("nonsense", "0"), answered("1", "0"), without] {
            assert!(!calls.answer(stray));
        }
        assert!(calls.answer(answered(&one, "1")) && !calls.answer(answered(&one, "again")));
        assert_eq!(pending.outcome().await.unwrap().data, "1");
        let dropped = calls.start("b", &json!({}), LONG).unwrap();
        drop(dropped);
        assert!(!calls.answer(answered(&echo(&calls), "2")) && calls.lock().waiting.is_empty());
    }

    #[tokio::test]
    async fn a_call_without_an_answer_ends_at_its_deadline() {
        let calls = Calls::default();
        let started = std::time::Instant::now();
        let deadline = Duration::from_millis(30);
        let outcome = calls.start("send_msg", &json!({}), deadline).unwrap().outcome().await;
        assert!(matches!(&outcome, Err(Error::Timeout(text)) if text.contains("send_msg")), "{outcome:?}");
        assert!(started.elapsed() >= deadline);
        assert!(!calls.answer(answered(&echo(&calls), "late")) && calls.lock().waiting.is_empty());
    }

    #[tokio::test]
    async fn the_end_of_the_link_fails_all_calls_at_once() {
        let calls = Calls::default();
        let pending =
            [calls.start("a", &json!({}), LONG).unwrap(), calls.start("b", &json!({}), LONG).unwrap()];
        calls.close("the server went away");
        for call in pending {
            let outcome = call.outcome().await;
            assert!(
                matches!(&outcome, Err(Error::Disconnected(text)) if text.contains("went away")),
                "{outcome:?}"
            );
        }
        assert!(matches!(calls.start("c", &json!({}), LONG), Err(Error::Disconnected(_))));
    }

    #[test]
    fn a_frame_over_the_limit_is_refused_before_it_is_queued() {
        let calls = Calls::default();
        let large = json!({"file": "x".repeat(FRAME_LIMIT)});
        assert!(
            matches!(calls.start("a", &large, LONG), Err(Error::Invalid(text)) if text.contains("50 MiB"))
        );
        assert!(calls.queue.try_next().is_none());
    }
}
