//! How often commands may run, by the owner's word.

use std::collections::HashMap;
use std::time::Duration;

use toml::de::DeValue;

use super::source::{Section, expected, list};
use super::values::{self, Quantity as _};
use crate::plugin::manifest::{CooldownScope, MAX_RATE, Rate};

/// What the owner says of handlers, by the name of a handler or of its command. An empty list lifts every limit.
pub type Rates = HashMap<String, Vec<Rate>>;

const SCOPES: [(&str, CooldownScope); 3] =
    [("user", CooldownScope::User), ("chat", CooldownScope::Chat), ("plugin", CooldownScope::Plugin)];

/// Every key of a plugin's `rates`.
pub(super) fn read(section: &Section<'_>) -> Rates {
    let entries = section.entries();
    entries.into_iter().filter_map(|name| Some((name.to_owned(), section.read(name, rates)?))).collect()
}

/// `{ count = 3, time = "60s", per = "chat" }`, a list of such, or `[]`.
fn rates(value: &DeValue<'_>) -> Result<Vec<Rate>, String> {
    match value {
        DeValue::Array(items) => items.iter().map(|item| rate(item.get_ref())).collect(),
        single => Ok(vec![rate(single)?]),
    }
}

/// `{ count = 3, time = "60s", per = "chat" }`.
fn rate(value: &DeValue<'_>) -> Result<Rate, String> {
    let DeValue::Table(table) = value else {
        return Err(expected("such as `{ count = 3, time = \"60s\", per = \"user\" }`", value));
    };
    let (mut count, mut time, mut scope) = (1, None, CooldownScope::User);
    for (key, value) in table {
        let inside = |cause: String| format!("`{}`: {cause}", key.get_ref());
        match key.get_ref().as_ref() {
            "count" => count = u32::read(value.get_ref()).map_err(inside)?,
            "time" => time = Some(Duration::read(value.get_ref()).map_err(inside)?),
            "per" => scope = values::word(value.get_ref(), &SCOPES).map_err(inside)?,
            unknown => {
                let known = list(["count", "time", "per"].into_iter());
                return Err(format!("`{unknown}` is not known here; known are {known}"));
            }
        }
    }
    let time = time.ok_or("has no `time`; write how long the runs are counted, `time = \"60s\"`")?;
    if time.is_zero() {
        return Err("`time`: must be more than nothing; `[]` instead of the whole lifts the limit".to_owned());
    }
    if !(1..=MAX_RATE).contains(&count) {
        return Err(format!("`count`: {count} is out of range; write 1 to {MAX_RATE}"));
    }
    Ok(Rate { count, seconds: time.as_secs_f64(), scope })
}

/// The rate of all commands together, for each user.
pub(super) fn of_commands(value: &DeValue<'_>) -> Result<Rate, String> {
    let rate = rate(value)?;
    if rate.scope == CooldownScope::User {
        return Ok(rate);
    }
    Err("`per`: only `user` is possible for all commands together".to_owned())
}
