//! How fast a plugin may send on its own initiative.
//!
//! A flood is slowed down, not refused: whoever sends in a loop waits its turn, in order. Only when the line is long does
//! a caller get `rate-limited` at once.

use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::Mutex;

use crate::clock::Clock;
use crate::config::Limits;
use crate::model::{Chat, Error};
use crate::rate::Limiter;

/// So many callers may wait in line; each holds the content of a message.
const LINE: u32 = 256;
/// Counters of chats that were not used lately are dropped when there are so many.
const CHATS: usize = 4096;

/// The gauge of one plugin.
pub(crate) struct Pace {
    account: Limiter,
    chat: Limiter,
    line: Mutex<()>,
    waiting: AtomicU32,
    per_second: u32,
    rates: [u32; 3],
}

fn rates(limits: &Limits) -> [u32; 3] {
    [limits.sends_per_second, limits.sends_per_chat, limits.sends_burst]
}

impl Pace {
    pub(crate) fn new(limits: &Limits, clock: &Clock) -> Self {
        Self {
            account: Limiter::new(limits.sends_per_second, limits.sends_burst, clock),
            chat: Limiter::new(limits.sends_per_chat, limits.sends_burst, clock),
            line: Mutex::new(()),
            waiting: AtomicU32::new(0),
            per_second: limits.sends_per_second.max(1),
            rates: rates(limits),
        }
    }

    /// Whether it gauges by these limits.
    pub(crate) fn is_of(&self, limits: &Limits) -> bool {
        self.rates == rates(limits)
    }

    /// Waits until one more message may go to `chat`. First come, first served.
    pub(crate) async fn pass(&self, bot: &str, chat: &Chat) -> Result<(), Error> {
        let waiting = Place::take(&self.waiting);
        if waiting.0 >= LINE {
            return Err(Error::RateLimited(f64::from(waiting.0) / f64::from(self.per_second)));
        }
        let key = format!("{bot} {chat:?}");
        let _turn = self.line.lock().await;
        self.chat.tidy(CHATS);
        self.account.wait(&bot.to_owned()).await;
        self.chat.wait(&key).await;
        Ok(())
    }
}

/// A place in the line, given up however the wait ends.
struct Place<'a>(u32, &'a AtomicU32);

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicU32) -> Self {
        Self(waiting.fetch_add(1, Ordering::Relaxed), waiting)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.1.fetch_sub(1, Ordering::Relaxed);
    }
}
