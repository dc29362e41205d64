//! Lengths of time as people write them.

use std::{fmt::Write as _, time::Duration};

/// Seconds, and how a unit may be written; the first of them is how it is shown.
const UNITS: [(u64, &[&str]); 5] = [
    (604_800, &["w", "week", "weeks", "周"]),
    (86_400, &["d", "day", "days", "天"]),
    (3600, &["h", "hour", "hours", "小时", "个小时", "时"]),
    (60, &["m", "min", "mins", "minute", "minutes", "分钟", "分"]),
    (1, &["s", "sec", "secs", "second", "seconds", "秒"]),
];
const WANTED: &str = "a length of time is wanted, such as 90s, 10m, 2h or 1d12h";

/// Reads a length of time: `90s`, `10m`, `1h30m`, `2 days`, `10分钟`. A command's parameter of type [`Duration`] is read so.
///
/// ```
/// use iglu_sdk::prelude::*;
///
/// #[derive(Default)]
/// struct Egg;
///
/// #[plugin(id = "egg")]
/// impl Egg {
///     #[command("egg")]
///     async fn egg(&self, #[argument(default = "5m")] time: Duration) -> String {
///         format!("{} seconds", time.as_secs())
///     }
/// }
/// # let mut bot = iglu_sdk::testing::Harness::<Egg>::new();
/// # assert_eq!(bot.say("/egg"), ["300 seconds"]);
/// # assert_eq!(bot.say("/egg 3m30s"), ["210 seconds"]);
/// # assert!(bot.say("/egg soft")[0].plain_text().contains("a length of time is wanted"));
/// assert_eq!(clock::parse_duration("1h30m"), Ok(Duration::from_secs(5400)));
/// ```
///
/// # Errors
/// A text for the user, with an example.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let mut rest = text.trim();
    let mut seconds = None;
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len()));
        let after = after.trim_start();
        let end = after.find(|c: char| c.is_ascii_digit() || c.is_whitespace()).unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let unit = unit.to_lowercase();
        let (length, _) = UNITS.iter().find(|(_, names)| names.contains(&unit.as_str())).ok_or(WANTED)?;
        let number: u64 = number.parse().map_err(|_| WANTED)?;
        let part = number.checked_mul(*length);
        let sum = part.and_then(|part| part.checked_add(seconds.unwrap_or(0)));
        seconds = Some(sum.ok_or("this is too long")?);
        rest = after.trim_start();
    }
    seconds.map(Duration::from_secs).ok_or_else(|| WANTED.to_owned())
}

/// Shows a length of time as [`parse_duration`] reads it, in whole seconds.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// assert_eq!(clock::format_duration(Duration::from_secs(5400)), "1h30m");
/// assert_eq!(clock::format_duration(Duration::from_millis(900)), "0s");
/// ```
#[must_use]
pub fn format_duration(time: Duration) -> String {
    let mut seconds = time.as_secs();
    let mut text = String::new();
    // Nobody counts in weeks but who says so.
    for (length, names) in &UNITS[1..] {
        if seconds >= *length {
            let _ = write!(text, "{}{}", seconds / length, names[0]);
            seconds %= length;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_as_people_write_them() {
        for (text, expected) in [
            ("90s", Some(90)),
            ("0s", Some(0)),
            ("1h30m", Some(5400)),
            ("1h 30 Min", Some(5400)),
            ("2 Days", Some(172_800)),
            ("1w", Some(604_800)),
            ("10分钟", Some(600)),
            ("2个小时30分", Some(9000)),
            ("", None),
            ("10", None),
            ("1h30", None),
            ("h", None),
            ("-5m", None),
            ("1.5h", None),
            ("5 apples", None),
            ("tea", None),
            ("99999999999999999999s", None),
            ("18446744073709551615m", None),
        ] {
            assert_eq!(parse_duration(text).ok().map(|time| time.as_secs()), expected, "{text}");
        }
        assert!(parse_duration("soon").unwrap_err().contains("90s"));
    }

    #[test]
    fn what_is_shown_reads_back() {
        for (seconds, shown) in
            [(0, "0s"), (59, "59s"), (600, "10m"), (93_784, "1d2h3m4s"), (604_800, "7d"), (86_460, "1d1m")]
        {
            let time = Duration::from_secs(seconds);
            assert_eq!(format_duration(time), shown);
            assert_eq!(parse_duration(shown), Ok(time));
        }
    }
}
