//! Averages that are kept by waiting.

use std::num::NonZeroU32;
use std::time::Instant;

use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::clock::Clock;

/// So many a second for each key.
pub(crate) struct Limiter {
    counts: RateLimiter<String, HashMapStateStore<String>, Clock, NoOpMiddleware<Instant>>,
    clock: Clock,
}

impl governor::clock::Clock for Clock {
    type Instant = Instant;

    fn now(&self) -> Instant {
        self.instant()
    }
}

impl Limiter {
    /// `rate` a second on average, and `burst` at once before that counts; 0 is taken as 1.
    pub(crate) fn new(rate: u32, burst: u32, clock: &Clock) -> Self {
        let least = |number: u32| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_second(least(rate)).allow_burst(least(burst));
        Self { counts: RateLimiter::hashmap_with_clock(quota, clock.clone()), clock: clock.clone() }
    }

    /// Waits until one more may pass.
    pub(crate) async fn wait(&self, key: &String) {
        while let Err(not_yet) = self.counts.check_key(key) {
            self.clock.sleep(not_yet.wait_time_from(self.clock.instant())).await;
        }
    }

    /// Forgets keys that are free by now, if there are more than so many.
    pub(crate) fn tidy(&self, most: usize) {
        if self.counts.len() > most {
            self.counts.retain_recent();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn the_pace_goes_by_the_clock() {
        let clock = Clock::default();
        let limiter = Limiter::new(1, 2, &clock);
        let key = "a".to_owned();
        limiter.wait(&key).await;
        limiter.wait(&key).await;
        let mut third = Box::pin(limiter.wait(&key));
        assert!(futures_util::poll!(&mut third).is_pending(), "the burst is over");
        limiter.wait(&"b".to_owned()).await;
        clock.advance(Duration::from_secs(1));
        third.await;
        let mut fourth = Box::pin(limiter.wait(&key));
        assert!(futures_util::poll!(&mut fourth).is_pending(), "one a second");
        clock.advance(Duration::from_secs(3600));
        fourth.await;
        limiter.tidy(0);
        assert!(limiter.counts.len() <= 2);
    }
}
