//! How long to wait before the next try.

use std::time::{Duration, Instant};

use super::Timings;

/// A short outage is bridged within two seconds of the server's return; a long
/// one is not hammered.
#[derive(Debug)]
pub(super) struct Backoff {
    timings: Timings,
    wait: Duration,
    since: Option<Instant>,
}

impl Backoff {
    pub(super) fn new(timings: Timings) -> Self {
        Self { wait: timings.retry, since: None, timings }
    }

    /// There was a link: all begins anew.
    pub(super) fn lost(&mut self) -> Duration {
        self.since = None;
        self.wait = self.timings.retry;
        jitter(self.wait)
    }

    pub(super) fn failed(&mut self, now: Instant) -> Duration {
        let since = *self.since.get_or_insert(now);
        let is_short = now.duration_since(since) < self.timings.patience;
        let longest = if is_short { self.timings.retry_soon } else { self.timings.retry_late };
        let wait = self.wait.min(longest);
        self.wait = wait * 2;
        jitter(wait)
    }

    pub(super) fn refused(&mut self) -> Duration {
        self.since = None;
        self.wait = self.timings.retry;
        jitter(self.timings.refused)
    }
}

/// Up to a quarter less, so that many bots do not come back in one moment.
fn jitter(wait: Duration) -> Duration {
    wait.mul_f64(0.75 + fastrand::f64() / 4.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_outage_is_tried_often_and_a_long_one_seldom() {
        let timings = Timings::default();
        let mut backoff = Backoff::new(timings.clone());
        let start = Instant::now();
        let longest = |backoff: &mut Backoff, at: u64| {
            let waits = (0..10).map(|_| backoff.failed(start + Duration::from_secs(at)));
            waits.max().unwrap()
        };
        assert!(backoff.failed(start) <= timings.retry);
        assert!(longest(&mut backoff, 1) <= timings.retry_soon);
        assert!(longest(&mut backoff, 59) <= timings.retry_soon);
        assert!(longest(&mut backoff, 61) > timings.retry_late / 2);
        assert!(longest(&mut backoff, 3_600) <= timings.retry_late);
        assert!(backoff.lost() <= timings.retry);
        assert!(longest(&mut backoff, 7_200) <= timings.retry_soon);
        assert!(backoff.refused() >= timings.refused / 2);
    }
}
