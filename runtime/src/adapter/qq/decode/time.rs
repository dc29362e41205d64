//! The platform's ways to write a time.

use crate::adapter::node::Node;

/// The end of the year 9999.
const LATEST: f64 = 253_402_300_800.0;

/// Seconds since 1970: from a number of seconds or milliseconds, from RFC 3339, or from Go's text
/// (`2023-11-06 13:37:18.1 +0800 CST`). A text without an offset names no moment.
pub(in super::super) fn read(node: &Node<'_>) -> Option<f64> {
    let time = match (node.number(), node.as_str()) {
        (Some(number), _) if number > 1e11 => number / 1000.0,
        (Some(number), _) => number,
        (None, Some(text)) => moment(text.trim().as_bytes())?,
        (None, None) => return None,
    };
    (time > 0.0 && time < LATEST).then_some(time)
}

fn moment(text: &[u8]) -> Option<f64> {
    let mut rest = text;
    let year = digits(&mut rest, 4)?;
    mark(&mut rest, b"-")?;
    let month = digits(&mut rest, 2)?;
    mark(&mut rest, b"-")?;
    let day = digits(&mut rest, 2)?;
    mark(&mut rest, b"Tt ")?;
    let hour = digits(&mut rest, 2)?;
    mark(&mut rest, b":")?;
    let minute = digits(&mut rest, 2)?;
    mark(&mut rest, b":")?;
    let second = digits(&mut rest, 2)?;
    let fits = (1..=12).contains(&month) && day >= 1 && day <= days_in(year, month);
    if !fits || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let fraction = fraction(&mut rest);
    let offset = offset(rest)?;
    let seconds = days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - offset;
    Some(seconds as f64 + fraction)
}

fn digits(rest: &mut &[u8], count: usize) -> Option<i64> {
    let (head, tail) = rest.split_at_checked(count)?;
    *rest = tail;
    head.iter()
        .try_fold(0, |value, digit| digit.is_ascii_digit().then(|| value * 10 + i64::from(digit - b'0')))
}

fn mark(rest: &mut &[u8], marks: &[u8]) -> Option<()> {
    let (first, tail) = rest.split_first()?;
    *rest = tail;
    marks.contains(first).then_some(())
}

fn fraction(rest: &mut &[u8]) -> f64 {
    let Some((b'.', tail)) = rest.split_first() else { return 0.0 };
    let count = tail.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, tail) = tail.split_at(count);
    *rest = tail;
    let mut scale = 1.0;
    digits.iter().take(9).fold(0.0, |value, digit| {
        scale /= 10.0;
        f64::from(digit - b'0').mul_add(scale, value)
    })
}

/// Seconds east of UTC. What follows the offset (a zone's name, Go's monotonic clock) does not matter.
fn offset(rest: &[u8]) -> Option<i64> {
    let mut rest = rest.trim_ascii_start();
    let sign = match rest.split_first()? {
        (b'Z' | b'z', _) => return Some(0),
        (b'+', tail) => (1, tail),
        (b'-', tail) => (-1, tail),
        _ => return rest.starts_with(b"UTC").then_some(0),
    };
    rest = sign.1;
    let hours = digits(&mut rest, 2)?;
    if rest.first() == Some(&b':') {
        rest = &rest[1..];
    }
    let minutes = digits(&mut rest, 2)?;
    (hours < 24 && minutes < 60).then_some(sign.0 * (hours * 3_600 + minutes * 60))
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970, in the Gregorian calendar; years are counted from March so that a leap day ends one.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year - 719_468
}
