//! Single values: words, durations, sizes, and TOML as JSON.

use std::time::Duration;

use serde_json::Value;
use toml::de::DeValue;

use super::nearest;
use super::source::{expected, list};

/// 1024 bytes.
pub(crate) const KIB: usize = 1024;
/// 1024 KiB.
pub(crate) const MIB: usize = 1024 * KIB;
/// 1024 MiB.
pub(crate) const GIB: usize = 1024 * MIB;

const DURATIONS: [(&str, f64); 5] = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0), ("d", 86400.0)];

const SIZES: [(&str, f64); 8] = [
    ("b", 1.0),
    ("k", 1024.0),
    ("kib", 1024.0),
    ("kb", 1000.0),
    ("m", 1_048_576.0),
    ("mib", 1_048_576.0),
    ("mb", 1_000_000.0),
    ("gib", 1_073_741_824.0),
];

/// A value that has its own way of being written, and bounds.
pub(super) trait Quantity: Copy + PartialOrd {
    fn read(value: &DeValue<'_>) -> Result<Self, String>;
    fn show(self) -> String;
}

/// Bytes, `"64 MiB"`.
impl Quantity for usize {
    fn read(value: &DeValue<'_>) -> Result<Self, String> {
        let bytes = with_unit(value, "a size", "64 MiB", &SIZES)?;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "with_unit bounds it")]
        Ok(bytes as Self)
    }

    fn show(self) -> String {
        match self {
            0 => "0 B".to_owned(),
            n if n % GIB == 0 => format!("{} GiB", n / GIB),
            n if n % MIB == 0 => format!("{} MiB", n / MIB),
            n if n % KIB == 0 => format!("{} KiB", n / KIB),
            n => format!("{n} B"),
        }
    }
}

/// `"10s"`, `"250ms"`.
impl Quantity for Duration {
    fn read(value: &DeValue<'_>) -> Result<Self, String> {
        with_unit(value, "a duration", "10s", &DURATIONS).map(Self::from_secs_f64)
    }

    fn show(self) -> String {
        match self.as_millis() {
            ms if ms % 3_600_000 == 0 => format!("{}h", ms / 3_600_000),
            ms if ms % 1000 == 0 => format!("{}s", ms / 1000),
            ms => format!("{ms}ms"),
        }
    }
}

/// A plain number.
impl Quantity for u32 {
    fn read(value: &DeValue<'_>) -> Result<Self, String> {
        integer(value)
            .and_then(|number| Self::try_from(number).ok())
            .ok_or_else(|| expected("a whole number that is not negative", value))
    }

    fn show(self) -> String {
        self.to_string()
    }
}

fn with_unit(value: &DeValue<'_>, what: &str, example: &str, units: &[(&str, f64)]) -> Result<f64, String> {
    let text = match value {
        DeValue::String(text) => text.trim(),
        DeValue::Integer(_) | DeValue::Float(_) => {
            return Err(format!("has no unit; write {what} as text, `\"{example}\"`"));
        }
        other => return Err(expected(&format!("{what} as text, `\"{example}\"`"), other)),
    };
    let split = text.find(|c: char| !c.is_ascii_digit() && !"._".contains(c)).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let number: f64 = number
        .replace('_', "")
        .parse()
        .map_err(|_| format!("{text:?} is not {what}; write `\"{example}\"`"))?;
    let unit = unit.trim();
    let known = units.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit));
    let Some((_, factor)) = known else {
        let fault =
            if unit.is_empty() { "has no unit".to_owned() } else { format!("has the unknown unit {unit:?}") };
        let units = list(units.iter().map(|(name, _)| *name));
        return Err(format!("{text:?} {fault}; write {what} as `\"{example}\"` (units: {units})"));
    };
    let amount = number * factor;
    if amount > 1e15 { Err(format!("{text:?} is far too much")) } else { Ok(amount) }
}

pub(super) fn integer(value: &DeValue<'_>) -> Option<i64> {
    let number = value.as_integer()?;
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}

pub(super) fn text(value: &DeValue<'_>) -> Result<String, String> {
    value.as_str().map(str::to_owned).ok_or_else(|| expected("text in quotes", value))
}

pub(super) fn boolean(value: &DeValue<'_>) -> Result<bool, String> {
    value.as_bool().ok_or_else(|| expected("`true` or `false`", value))
}

/// An account's id: text, or a number as QQ's are.
pub(super) fn id(value: &DeValue<'_>) -> Result<String, String> {
    let id = match value {
        DeValue::String(text) => text.trim().to_owned(),
        other => {
            integer(other).map(|n| n.to_string()).ok_or_else(|| expected("an id as text or number", other))?
        }
    };
    if id.is_empty() { Err("an id cannot be empty".to_owned()) } else { Ok(id) }
}

/// One of a few words.
pub(super) fn word<T: Copy>(value: &DeValue<'_>, words: &[(&str, T)]) -> Result<T, String> {
    let written = text(value)?;
    let names = || words.iter().map(|(name, _)| *name);
    words.iter().find(|(name, _)| *name == written).map(|(_, meaning)| *meaning).ok_or_else(|| {
        let hint = nearest(&written, names())
            .map_or_else(|| format!("write {}", list(names())), |near| format!("did you mean `{near}`?"));
        format!("{written:?} is not known; {hint}")
    })
}

/// TOML as JSON. Dates become text.
pub(super) fn json(value: &DeValue<'_>) -> Result<Value, String> {
    Ok(match value {
        DeValue::String(text) => Value::from(text.as_ref()),
        DeValue::Integer(_) => Value::from(integer(value).ok_or("this number does not fit into 64 bits")?),
        DeValue::Float(number) => {
            let number: f64 = number.as_str().parse().map_err(|_| "this is no number")?;
            serde_json::Number::from_f64(number)
                .map(Value::Number)
                .ok_or("`inf` and `nan` cannot be used here")?
        }
        DeValue::Boolean(boolean) => Value::from(*boolean),
        DeValue::Datetime(date) => Value::from(date.to_string()),
        DeValue::Array(items) => {
            Value::Array(items.iter().map(|item| json(item.get_ref())).collect::<Result<_, _>>()?)
        }
        DeValue::Table(table) => Value::Object(
            table
                .iter()
                .map(|(name, value)| Ok((name.get_ref().to_string(), json(value.get_ref())?)))
                .collect::<Result<_, String>>()?,
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: Quantity>(toml: &str) -> Result<T, String> {
        T::read(DeValue::parse(toml).unwrap().get_ref())
    }

    #[test]
    fn durations_have_units() {
        for (toml, millis) in
            [("'10s'", 10_000), ("'250ms'", 250), ("' 1.5 s '", 1500), ("'2m'", 120_000), ("'1h'", 3_600_000)]
        {
            assert_eq!(read::<Duration>(toml), Ok(Duration::from_millis(millis)), "{toml}");
        }
        for (toml, hint) in [
            ("10", "has no unit"),
            ("'10'", "has no unit"),
            ("'10 parsecs'", "unknown unit"),
            ("'s'", "write `\"10s\"`"),
            ("'-1s'", "write"),
            ("'1.2.3s'", "write"),
            ("'99999999999999d'", "too much"),
            ("true", "not boolean"),
        ] {
            let text = read::<Duration>(toml).unwrap_err();
            assert!(text.contains(hint), "{toml}: {text}");
        }
    }

    #[test]
    fn sizes_have_units() {
        for (toml, bytes) in [
            ("'64 MiB'", 64 * MIB),
            ("'64mib'", 64 * MIB),
            ("'1.5KiB'", 1536),
            ("'10 kb'", 10_000),
            ("'1 GiB'", GIB),
            ("'1_000 b'", 1000),
        ] {
            assert_eq!(read::<usize>(toml), Ok(bytes), "{toml}");
        }
        assert!(read::<usize>("64").unwrap_err().contains("64 MiB"));
        assert!(read::<u32>("-1").is_err());
        assert!(read::<u32>("'64'").is_err());
    }
}
