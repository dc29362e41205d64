//! How long to wait before the next try.

use std::time::Duration;

use super::super::api::jitter;

/// In multiples of `timings.retry`.
const STEPS: [u32; 6] = [1, 2, 5, 10, 30, 60];
/// So many links in a row that broke at once.
const QUICK: u32 = 3;
/// The platform closes every link now and then: the first try after one that stood need not wait for long.
const AFTER_A_LINK: f64 = 0.25;

/// Climbs with each try that fails; begins anew when a session stands.
#[derive(Debug)]
pub(super) struct Ladder {
    unit: Duration,
    step: usize,
    /// The last link stood, and nothing failed since.
    stood: bool,
    quick: u32,
}

impl Ladder {
    pub(super) fn new(unit: Duration) -> Self {
        Self { unit, step: 0, stood: false, quick: 0 }
    }

    /// READY or RESUMED.
    pub(super) fn stands(&mut self) {
        (self.step, self.stood) = (0, true);
    }

    /// The wait after a failure.
    pub(super) fn next(&mut self) -> Duration {
        if std::mem::take(&mut self.stood) {
            return jitter(self.unit.mul_f64(AFTER_A_LINK));
        }
        let wait = self.unit * STEPS[self.step];
        self.step = (self.step + 1).min(STEPS.len() - 1);
        jitter(wait)
    }

    pub(super) fn longest(&self) -> Duration {
        jitter(self.unit * STEPS[STEPS.len() - 1])
    }

    /// The wait that op 9 asks for.
    pub(super) fn after_invalid(&mut self) -> Duration {
        let asked = self.unit.mul_f64(1.0 + 4.0 * fastrand::f64());
        self.next().max(asked)
    }

    /// Counts a link that broke after so long; true if it is one too many that broke at once. One that brought an event
    /// was of use, however short.
    pub(super) fn broke(&mut self, lived: Duration, of_use: bool) -> bool {
        self.quick = if lived < self.unit * 5 && !of_use { self.quick + 1 } else { 0 };
        let many = self.quick >= QUICK;
        if many {
            self.quick = 0;
        }
        many
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNIT: Duration = Duration::from_secs(1);

    #[test]
    fn waits_grow_until_a_session_stands() {
        let mut ladder = Ladder::new(UNIT);
        for step in [1, 2, 5, 10, 30, 60, 60, 60] {
            let (wait, full) = (ladder.next(), UNIT * step);
            assert!(wait <= full && wait >= full.mul_f64(0.75), "{wait:?} for {full:?}");
        }
        ladder.stands();
        assert!(ladder.next() <= UNIT / 4, "the first try comes soon");
        let wait = ladder.next();
        assert!((UNIT.mul_f64(0.75)..=UNIT).contains(&wait), "{wait:?}");
        let asked = ladder.after_invalid();
        assert!((UNIT..=UNIT * 5).contains(&asked), "{asked:?}");
    }

    #[test]
    fn three_links_that_break_at_once_are_too_many() {
        let mut ladder = Ladder::new(UNIT);
        let broke =
            |ladder: &mut Ladder, lived: [u32; 4]| lived.map(|lived| ladder.broke(UNIT * lived, false));
        assert_eq!(broke(&mut ladder, [1, 1, 1, 1]), [false, false, true, false]);
        assert_eq!(broke(&mut ladder, [9, 1, 1, 9]), [false; 4]);
        let of_use = [false, false, true, false, false].map(|of_use| ladder.broke(UNIT, of_use));
        assert_eq!(of_use, [false; 5]);
    }
}
