//! Cron lines: five fields in a time zone.
//!
//! Where a zone's clocks change, a line with a fixed time runs once on that day: a time that is left out runs right after the
//! gap, one that comes twice runs the first time. Lines with `*` or `*/n` in the minute or hour follow the clock on the wall:
//! nothing in the gap, and both times in the hour that comes twice.

use croner::parser::{CronParser, Seconds, Year};
use jiff::{Timestamp, Zoned, tz::TimeZone};

/// A line that can be asked when it is due. Times are milliseconds since 1970.
#[derive(Debug, Clone)]
pub(super) struct Cron {
    line: croner::Cron,
    zone: TimeZone,
}

/// A time zone by its IANA name.
///
/// # Errors
///
/// When there is none of that name.
pub fn zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name).map_err(|_| {
        format!("{name:?} is no time zone; write an IANA name such as \"Asia/Shanghai\" or \"UTC\"")
    })
}

/// Whether a manifest's line and zone can work.
///
/// # Errors
///
/// What is wrong with them.
pub fn check(line: &str, zone: Option<&str>) -> Result<(), String> {
    Cron::parse(line, &self::zone(zone.unwrap_or("UTC"))?).map(drop)
}

impl Cron {
    pub(super) fn parse(line: &str, zone: &TimeZone) -> Result<Self, String> {
        let wrong = |why: &str| {
            format!(
                "the cron line {line:?} {why}; it has five fields: minute, hour, day of month, month, day of week, as \
                 in \"0 8 * * MON-FRI\""
            )
        };
        let fields = line.split_whitespace().count();
        if line.contains('@') || fields != 5 {
            return Err(wrong(&format!("has {fields} field(s)")));
        }
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let parsed = parser.parse(line).map_err(|e| wrong(&format!("cannot be read: {e}")))?;
        let cron = Self { line: parsed, zone: zone.clone() };
        // Whatever can come at all comes within the years between two leap days.
        match cron.next_after(0) {
            Some(_) => Ok(cron),
            None => Err(wrong("never comes")),
        }
    }

    /// The first time after this one.
    pub(super) fn next_after(&self, time: u64) -> Option<u64> {
        millis(&self.line.find_next_occurrence(&self.zoned(time)?, false).ok()?)
    }

    /// The last time at or before this one.
    pub(super) fn last_until(&self, time: u64) -> Option<u64> {
        millis(&self.line.find_previous_occurrence(&self.zoned(time)?, true).ok()?)
    }

    fn zoned(&self, time: u64) -> Option<Zoned> {
        let time = Timestamp::from_millisecond(i64::try_from(time).ok()?).ok()?;
        Some(time.to_zoned(self.zone.clone()))
    }
}

fn millis(time: &Zoned) -> Option<u64> {
    u64::try_from(time.timestamp().as_millisecond()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The next times after `from`, all as RFC 3339 in UTC.
    fn runs(line: &str, zone: &str, from: &str, count: usize) -> Vec<String> {
        let cron = Cron::parse(line, &self::zone(zone).unwrap()).unwrap();
        let mut time = u64::try_from(from.parse::<Timestamp>().unwrap().as_millisecond()).unwrap();
        (0..count)
            .map(|_| {
                let next = cron.next_after(time).unwrap();
                assert!(next > time, "{line}: time goes forward");
                assert_eq!(cron.last_until(next), Some(next), "{line}");
                time = next;
                Timestamp::from_millisecond(i64::try_from(next).unwrap()).unwrap().to_string()
            })
            .collect()
    }

    #[test]
    fn the_next_runs() {
        let table: [(&str, &str, &str, &[&str]); 11] = [
            (
                "0 8 * * *",
                "Asia/Shanghai",
                "2026-01-01T00:00:00Z",
                &["2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z"],
            ),
            ("0 8 * * *", "Asia/Shanghai", "2025-12-31T23:59:59.999Z", &["2026-01-01T00:00:00Z"]),
            (
                "*/20 * * * *",
                "UTC",
                "2026-01-01T00:00:30Z",
                &["2026-01-01T00:20:00Z", "2026-01-01T00:40:00Z", "2026-01-01T01:00:00Z"],
            ),
            (
                "30 9-11/2 * * MON-FRI",
                "UTC",
                "2026-01-02T10:00:00Z",
                &["2026-01-02T11:30:00Z", "2026-01-05T09:30:00Z"],
            ),
            (
                "0 0 1 jan,jul *",
                "UTC",
                "2026-01-01T00:00:00Z",
                &["2026-07-01T00:00:00Z", "2027-01-01T00:00:00Z"],
            ),
            ("0 0 29 2 *", "UTC", "2026-01-01T00:00:00Z", &["2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"]),
            // Day of month or day of week, as everywhere.
            (
                "0 0 13 * FRI",
                "UTC",
                "2026-02-12T12:00:00Z",
                &["2026-02-13T00:00:00Z", "2026-02-20T00:00:00Z"],
            ),
            ("0 0 * * 7", "UTC", "2026-01-01T00:00:00Z", &["2026-01-04T00:00:00Z", "2026-01-11T00:00:00Z"]),
            // The gap of 2026-03-29 in Berlin: 02:00 becomes 03:00.
            (
                "30 2 * * *",
                "Europe/Berlin",
                "2026-03-28T12:00:00Z",
                &["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"],
            ),
            (
                "*/30 * * * *",
                "Europe/Berlin",
                "2026-03-29T00:20:00Z",
                &["2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z"],
            ),
            // The zone without changes keeps its hours.
            ("15 23 * * *", "Asia/Kolkata", "2026-06-01T00:00:00Z", &["2026-06-01T17:45:00Z"]),
        ];
        for (line, zone, from, expected) in table {
            assert_eq!(runs(line, zone, from, expected.len()), expected, "{line} in {zone} after {from}");
        }
    }

    #[test]
    fn an_hour_that_comes_twice_runs_fixed_times_once_and_steps_twice() {
        // 2026-10-25 in Berlin: 03:00 becomes 02:00 again at 01:00 UTC.
        assert_eq!(
            runs("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 2),
            ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]
        );
        assert_eq!(
            runs("0,30 * * * *", "Europe/Berlin", "2026-10-24T23:45:00Z", 5),
            [
                "2026-10-25T00:00:00Z",
                "2026-10-25T00:30:00Z",
                "2026-10-25T01:00:00Z",
                "2026-10-25T01:30:00Z",
                "2026-10-25T02:00:00Z"
            ]
        );
    }

    #[test]
    fn lines_that_cannot_work_are_refused_with_the_reason() {
        for (line, zone, reason) in [
            ("0 8 * *", None, "has 4 field(s)"),
            ("", None, "has 0 field(s)"),
            ("0 0 8 * * *", None, "has 6 field(s)"),
            ("@daily", None, "five fields"),
            ("60 8 * * *", None, "cannot be read"),
            ("0 24 * * *", None, "cannot be read"),
            ("x 8 * * *", None, "cannot be read"),
            ("5-1 * * * *", None, "cannot be read"),
            ("*/0 * * * *", None, "cannot be read"),
            ("0 0 30 2 *", None, "never comes"),
            ("0 8 * * *", Some("Mars/Olympus"), "no time zone"),
            ("0 8 * * *", Some(""), "no time zone"),
        ] {
            let error = check(line, zone).unwrap_err();
            assert!(error.contains(reason), "{line}: {error}");
        }
        assert_eq!(check("0 8 * * sun", Some("America/New_York")), Ok(()));
    }
}
