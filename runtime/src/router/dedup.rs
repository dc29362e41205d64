//! The same event twice: NapCat repeats events after a reconnect and, now and then, without any reason.

use std::collections::{HashSet, VecDeque};
use std::hash::BuildHasher as _;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use foldhash::quality::RandomState;

/// A minute of the busiest accounts, days of usual ones; four megabytes at most.
const MOST: usize = 65_536;
/// A repetition comes within seconds; after a lost link, within minutes.
const AGE: Duration = Duration::from_secs(600);

/// The events that were seen lately.
#[derive(Debug, Default)]
pub(super) struct Dedup {
    keys: RandomState,
    window: Mutex<Window>,
}

#[derive(Debug, Default)]
struct Window {
    order: VecDeque<(u64, Instant)>,
    seen: HashSet<u64, RandomState>,
}

impl Dedup {
    /// Whether the event `key` of `bot` comes for the first time.
    pub(super) fn is_new(&self, bot: &str, key: &str, now: Instant) -> bool {
        let hash = self.keys.hash_one((bot, key));
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(&(oldest, since)) = window.order.front() {
            if window.order.len() < MOST && now.saturating_duration_since(since) < AGE {
                break;
            }
            window.order.pop_front();
            window.seen.remove(&oldest);
        }
        let new = window.seen.insert(hash);
        if new {
            window.order.push_back((hash, now));
        }
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_of_a_bot_is_new() {
        let dedup = Dedup::default();
        let now = Instant::now();
        assert!(dedup.is_new("1", "a", now));
        assert!(!dedup.is_new("1", "a", now));
        assert!(dedup.is_new("2", "a", now));
        assert!(dedup.is_new("1", "b", now));
        assert!(!dedup.is_new("1", "a", now + AGE / 2));
        assert!(dedup.is_new("1", "a", now + AGE));
    }

    #[test]
    fn the_window_is_bounded() {
        let dedup = Dedup::default();
        let now = Instant::now();
        for number in 0..3 * MOST {
            assert!(dedup.is_new("1", &number.to_string(), now));
        }
        let window = dedup.window.lock().unwrap();
        assert!(window.order.len() <= MOST && window.seen.len() == window.order.len());
    }
}
