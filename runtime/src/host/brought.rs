//! What a plugin has brought to the host: a call carries some megabytes, and thousands of calls may be under way.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::model::Error;

/// All calls of a plugin that are under way bring so many times the bytes that one may carry.
const CALLS: usize = 4;

/// Counts the bytes that came with the calls of one plugin that are under way.
#[derive(Default)]
pub(super) struct Brought(AtomicUsize);

impl Brought {
    /// A call comes with so many bytes, of which one call may carry `most`. One that is too large in itself is told so by
    /// whoever reads it.
    pub(super) fn take(&self, bytes: usize, most: usize) -> Result<(), Error> {
        let before = self.0.fetch_add(bytes, Ordering::Relaxed);
        if before == 0 || before + bytes <= most.saturating_mul(CALLS) {
            return Ok(());
        }
        self.put_down(bytes);
        Err(Error::RateLimited(1.0))
    }

    /// So many of them are no longer kept.
    pub(super) fn put_down(&self, bytes: usize) {
        self.0.fetch_sub(bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_calls_together_bring_four_times_what_one_may() {
        let brought = Brought::default();
        assert!(brought.take(500, 100).is_ok(), "it is too large, but not because of others");
        assert!(matches!(brought.take(1, 100), Err(Error::RateLimited(_))));
        brought.put_down(500);
        for _ in 0..CALLS {
            assert!(brought.take(100, 100).is_ok());
        }
        for refused in [1, 100, 1000] {
            assert!(matches!(brought.take(refused, 100), Err(Error::RateLimited(_))));
        }
        assert!(brought.take(0, 100).is_ok());
        brought.put_down(100);
        assert!(brought.take(100, 100).is_ok());
    }
}
