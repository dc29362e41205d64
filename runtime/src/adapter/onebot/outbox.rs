//! Messages on their way out: in order within a chat, at the owner's pace, and patient while the link is down.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::adapter::lanes::{Lane, Lanes};
use crate::clock::Clock;
use crate::rate::Limiter;

/// Counters of chats that are not in use are dropped when there are so many.
const CHATS: usize = 4_096;

/// How an account sends; a part of its `[[bot]]` table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sending {
    /// Messages a second, on average.
    pub per_second: u32,
    /// The same for one conversation.
    pub per_chat: u32,
    /// Messages at once, before the averages count.
    pub burst: u32,
    /// Whether the rates hold for replies too, and not just for messages on a plugin's own initiative.
    pub replies: bool,
    /// How long a message may wait for a lost link.
    pub outage: Duration,
    /// How many may wait at once.
    pub queue: u32,
}

impl Default for Sending {
    fn default() -> Self {
        Self {
            per_second: 10,
            per_chat: 2,
            burst: 50,
            replies: false,
            outage: Duration::from_secs(10),
            queue: 256,
        }
    }
}

/// What waits to be sent by one account.
pub(super) struct Outbox {
    lanes: Lanes,
    account: Limiter,
    chats: Limiter,
    waiting: AtomicUsize,
    queue: usize,
    paces_replies: bool,
    pub(super) outage: Duration,
}

impl Outbox {
    pub(super) fn new(sending: &Sending) -> Self {
        let clock = Clock::default();
        Self {
            lanes: Lanes::default(),
            account: Limiter::new(sending.per_second, sending.burst, &clock),
            chats: Limiter::new(sending.per_chat, sending.burst, &clock),
            waiting: AtomicUsize::new(0),
            queue: sending.queue as usize,
            paces_replies: sending.replies,
            outage: sending.outage,
        }
    }

    /// Waits for one's turn to send to a chat: first come, first served, and not faster than the owner wants.
    pub(super) async fn turn(&self, chat: &str, is_reply: bool) -> Lane {
        let turn = self.lanes.turn(chat).await;
        self.chats.tidy(CHATS);
        if !is_reply || self.paces_replies {
            self.chats.wait(&chat.to_owned()).await;
            self.account.wait(&String::new()).await;
        }
        turn
    }

    /// A place among those who wait for a link; an error if all are taken.
    pub(super) fn wait(&self) -> Result<Place<'_>, String> {
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= self.queue {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(format!(", and {} messages wait for it already", self.queue));
        }
        Ok(Place(&self.waiting))
    }
}

impl std::fmt::Debug for Outbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outbox").field("waiting", &self.waiting).finish_non_exhaustive()
    }
}

/// A place in the queue, given up however the wait ends.
#[derive(Debug)]
pub(super) struct Place<'a>(&'a AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[tokio::test]
    async fn the_pace_is_kept_by_sends_and_by_replies_only_if_the_owner_says_so() {
        let slow =
            |replies| Sending { per_second: 1000, per_chat: 20, burst: 1, replies, ..Sending::default() };
        let ten = async |outbox: &Outbox, is_reply| {
            let begun = Instant::now();
            for _ in 0..10 {
                outbox.turn("a", is_reply).await;
            }
            begun.elapsed()
        };
        let enough = Duration::from_millis(400);
        assert!(ten(&Outbox::new(&slow(false)), false).await > enough);
        assert!(ten(&Outbox::new(&slow(false)), true).await < enough);
        assert!(ten(&Outbox::new(&slow(true)), true).await > enough);
    }

    #[test]
    fn the_queue_has_an_end() {
        let outbox = Outbox::new(&Sending { queue: 2, ..Sending::default() });
        let places = [outbox.wait().unwrap(), outbox.wait().unwrap()];
        assert!(outbox.wait().unwrap_err().contains('2'));
        drop(places);
        assert!(outbox.wait().is_ok());
    }
}
