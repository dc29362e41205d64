//! The platform's time, which a test may put forward: a window of an hour needs no waiting.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

pub(super) const DAY: u64 = 86_400_000;
pub(super) const MINUTE: u64 = 60_000;

/// Real time and what a test has added to it.
#[derive(Default)]
pub(super) struct Clock {
    ahead: AtomicU64,
}

impl Clock {
    /// Milliseconds since 1970.
    pub(super) fn now(&self) -> u64 {
        let real = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |age| age.as_millis() as u64);
        real + self.ahead.load(Ordering::Acquire)
    }

    pub(super) fn advance(&self, by: Duration) {
        self.ahead.fetch_add(by.as_millis() as u64, Ordering::AcqRel);
    }
}

/// The number of the day in China's time.
pub(super) fn day(ms: u64) -> u64 {
    (ms + 8 * 60 * MINUTE) / DAY
}

/// `2026-07-21T10:00:00+08:00`.
pub(super) fn rfc3339(ms: u64) -> String {
    let seconds = ms / 1000 + 8 * 3600;
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}+08:00")
}

/// Year, month and day of a number of days since 1970, by Howard Hinnant's method.
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let of_era = shifted % 146_097;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let moved = (5 * of_year + 2) / 153;
    let day = of_year - (153 * moved + 2) / 5 + 1;
    let month = if moved < 10 { moved + 3 } else { moved - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::rfc3339;

    #[test]
    fn times_are_told_in_china() {
        for (seconds, told) in [
            (0, "1970-01-01T08:00:00+08:00"),
            (1_741_879_849, "2025-03-13T23:30:49+08:00"),
            (951_839_999, "2000-02-29T23:59:59+08:00"),
        ] {
            assert_eq!(rfc3339(seconds * 1000), told);
        }
    }
}
