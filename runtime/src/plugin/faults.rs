//! What follows from a plugin's faults: how long to wait, when to go back, when to give up.

use std::time::{Duration, Instant};

/// The longest wait, in units of the first.
const LONGEST: u32 = 64;
/// So many waits in a row, and the plugin is put aside until its file changes or the owner says so.
const WAITS: u32 = 6;
/// A version that is this young and faults [`TRIAL_FAULTS`] times goes back to the one before it.
const TRIAL: Duration = Duration::from_secs(60);
const TRIAL_FAULTS: u32 = 3;
/// After so long without a fault all is forgotten.
const HEALTH: Duration = Duration::from_secs(60);

/// What to do after a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Begin anew after this time.
    Wait(Duration),
    /// Take the version before.
    RollBack,
    /// Put it aside.
    Quarantine,
}

/// The faults of one plugin since it was last in health.
#[derive(Debug)]
pub(crate) struct Faults {
    unit: Duration,
    in_a_row: u32,
    /// When the version on trial took over, and how often it has faulted since.
    trial: Option<(Instant, u32)>,
}

impl Faults {
    /// `unit` is the first wait.
    pub(crate) fn new(unit: Duration) -> Self {
        Self { unit, in_a_row: 0, trial: None }
    }

    /// From now on `unit` is the first wait.
    pub(crate) fn wait_from(&mut self, unit: Duration) {
        self.unit = unit;
    }

    /// A version took over from one that worked.
    pub(crate) fn on_trial(&mut self, now: Instant) {
        self.in_a_row = 0;
        self.trial = Some((now, 0));
    }

    /// A version begins that has nothing to go back to.
    pub(crate) fn forget(&mut self) {
        self.in_a_row = 0;
        self.trial = None;
    }

    /// An instance that had run for `lived` faulted.
    pub(crate) fn fault(&mut self, now: Instant, lived: Duration) -> Verdict {
        if lived >= HEALTH {
            self.in_a_row = 0;
        }
        self.in_a_row += 1;
        if let Some((since, faults)) = &mut self.trial {
            if now - *since > TRIAL {
                self.trial = None;
            } else {
                *faults += 1;
                if *faults >= TRIAL_FAULTS {
                    self.forget();
                    return Verdict::RollBack;
                }
            }
        }
        if self.in_a_row > WAITS {
            return Verdict::Quarantine;
        }
        Verdict::Wait(self.unit * (1 << (self.in_a_row - 1)).min(LONGEST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn waits_double_and_the_seventh_fault_in_a_row_quarantines() {
        let mut faults = Faults::new(SECOND);
        let now = Instant::now();
        for seconds in [1, 2, 4, 8, 16, 32] {
            assert_eq!(faults.fault(now, SECOND), Verdict::Wait(SECOND * seconds));
        }
        assert_eq!(faults.fault(now, SECOND), Verdict::Quarantine);
    }

    #[test]
    fn a_minute_of_health_resets() {
        let mut faults = Faults::new(SECOND);
        let now = Instant::now();
        faults.fault(now, SECOND);
        faults.fault(now, SECOND);
        assert_eq!(faults.fault(now, HEALTH), Verdict::Wait(SECOND));
    }

    #[test]
    fn three_faults_in_the_first_minute_roll_back_and_later_ones_do_not() {
        let start = Instant::now();
        let mut faults = Faults::new(SECOND);
        faults.on_trial(start);
        assert_eq!(faults.fault(start + SECOND, SECOND), Verdict::Wait(SECOND));
        assert_eq!(faults.fault(start + SECOND * 2, SECOND), Verdict::Wait(SECOND * 2));
        assert_eq!(faults.fault(start + SECOND * 3, SECOND), Verdict::RollBack);

        faults.on_trial(start);
        faults.fault(start + SECOND, SECOND);
        faults.fault(start + SECOND * 2, SECOND);
        assert_eq!(faults.fault(start + SECOND * 61, SECOND), Verdict::Wait(SECOND * 4));
    }
}
