//! `log`: lines in the host's log, with the plugin's name, at a bounded rate.

use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tracing::{debug, error, info, trace, warn};

use crate::config::{Limits, hide};
use crate::model::contract::iglu::plugin::log::{Host, Level};
use crate::plugin::engine::Ctx;

/// The longest line, in bytes: a screenful. What is longer is cut.
const LONGEST: usize = 4096;

/// A flood is worth a line this often.
const REPORT: Duration = Duration::from_secs(10);

/// Lets lines through, or counts them.
pub(super) struct LogGate {
    limiter: DefaultDirectRateLimiter,
    flood: Mutex<Flood>,
}

/// Lines that were dropped since the owner was last told.
#[derive(Default)]
struct Flood {
    dropped: u64,
    told: Option<Instant>,
}

impl LogGate {
    pub(super) fn new(limits: &Limits) -> Self {
        let one = NonZeroU32::MIN;
        let quota = Quota::per_second(NonZeroU32::new(limits.log_per_second).unwrap_or(one))
            .allow_burst(NonZeroU32::new(limits.log_burst).unwrap_or(one));
        Self { limiter: RateLimiter::direct(quota), flood: Mutex::default() }
    }

    /// Writes a line without these secrets, or drops it if there are too many.
    pub(super) fn write(&self, plugin: &str, level: Level, text: &str, secrets: &[String]) {
        let passes = self.limiter.check().is_ok();
        if let Some(dropped) = self.flood(passes) {
            warn!(
                plugin,
                "it logs too much; {dropped} lines were dropped since the last such line (`log_per_second` in iglu.toml)"
            );
        }
        if !passes {
            return;
        }
        let text = clean(&hide(text, secrets));
        match level {
            Level::Trace => trace!(plugin, "{text}"),
            Level::Debug => debug!(plugin, "{text}"),
            Level::Info => info!(plugin, "{text}"),
            Level::Warn => warn!(plugin, "{text}"),
            Level::Error => error!(plugin, "{text}"),
        }
    }
}

impl LogGate {
    /// Counts a line that does not pass. Answers how many did not since the last report, when one is due.
    fn flood(&self, passes: bool) -> Option<u64> {
        let mut flood = self.flood.lock().unwrap_or_else(PoisonError::into_inner);
        flood.dropped += u64::from(!passes);
        let due = flood.told.is_none_or(|told| told.elapsed() >= REPORT);
        if flood.dropped == 0 || !due {
            return None;
        }
        flood.told = Some(Instant::now());
        Some(std::mem::take(&mut flood.dropped))
    }
}

/// Cut to length, and without control characters that could forge lines or move the terminal's cursor.
fn clean(text: &str) -> String {
    let text = text.trim_end();
    let cut = text.len() > LONGEST;
    let mut line: String = text[..text.floor_char_boundary(LONGEST)]
        .chars()
        .map(|c| if c.is_control() && c != '\t' { if c == '\n' { '⏎' } else { '�' } } else { c })
        .collect();
    if cut {
        line.push_str(" … (cut)");
    }
    line
}

impl Host for Ctx {
    fn write(&mut self, level: Level, text: String) {
        self.caller.log.write(&self.caller.plugin, level, &text, &self.caller.secrets);
    }
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn a_line_stays_one_line_and_cannot_steer_the_terminal() {
        assert_eq!(clean("a\nb\x1b[2J\r\n"), "a⏎b�[2J");
        assert!(clean(&"字".repeat(5000)).ends_with("… (cut)"));
    }
}
