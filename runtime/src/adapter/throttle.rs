//! Complaints at a bounded rate.

use std::time::{Duration, Instant};

const PERIOD: Duration = Duration::from_secs(10);

/// Lets one complaint through in ten seconds and counts the others.
#[derive(Debug, Default)]
pub(in crate::adapter) struct Throttle {
    last: Option<Instant>,
    held: u64,
    total: u64,
}

/// What to say with a complaint.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::adapter) struct Passed {
    /// How many were kept back since the last one.
    pub(in crate::adapter) held: u64,
    /// How many there were in all.
    pub(in crate::adapter) total: u64,
}

impl Throttle {
    /// Counts a complaint; `Some` if it should be said.
    pub(in crate::adapter) fn count(&mut self, now: Instant) -> Option<Passed> {
        self.total += 1;
        if self.last.is_some_and(|last| now.duration_since(last) < PERIOD) {
            self.held += 1;
            return None;
        }
        self.last = Some(now);
        Some(Passed { held: std::mem::take(&mut self.held), total: self.total })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_are_counted_and_said_once_in_a_while() {
        let (mut throttle, start) = (Throttle::default(), Instant::now());
        assert_eq!(throttle.count(start), Some(Passed { held: 0, total: 1 }));
        assert_eq!(throttle.count(start), None);
        assert_eq!(throttle.count(start + PERIOD), Some(Passed { held: 1, total: 3 }));
    }
}
