//! Averages that are kept by waiting.

use std::num::NonZeroU32;

use governor::clock::{Clock as _, DefaultClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

/// So many a second for each key.
pub(crate) type Limiter = RateLimiter<String, HashMapStateStore<String>, DefaultClock>;

/// `rate` a second on average, and `burst` at once before that counts; 0 is taken as 1.
pub(crate) fn limiter(rate: u32, burst: u32) -> Limiter {
    let least = |number: u32| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
    RateLimiter::hashmap(Quota::per_second(least(rate)).allow_burst(least(burst)))
}

/// Waits until one more may pass.
pub(crate) async fn wait(limiter: &Limiter, key: &String) {
    while let Err(not_yet) = limiter.check_key(key) {
        tokio::time::sleep(not_yet.wait_time_from(DefaultClock::default().now())).await;
    }
}
