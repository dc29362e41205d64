//! Cron lines are looked at while the plugin is compiled, so that a slip does not wait for the host to find it.

/// The fields, what their numbers may be, and the names that may stand in their place.
const FIELDS: [(&str, u32, u32, &str); 5] = [
    ("minute", 0, 59, ""),
    ("hour", 0, 23, ""),
    ("day of the month", 1, 31, ""),
    ("month", 1, 12, "jan feb mar apr may jun jul aug sep oct nov dec"),
    ("day of the week", 0, 7, "sun mon tue wed thu fri sat"),
];

/// What is surely wrong with a line. What is left (`L`, `#`, `W`) the host reads itself.
pub(crate) fn check(line: &str) -> Result<(), String> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    if fields.len() != FIELDS.len() || line.starts_with('@') {
        return Err(format!(
            "a cron line has five fields (minute, hour, day of month, month, day of week), this one has {}: \
             `#[cron(\"0 8 * * *\")]` is at eight every morning",
            fields.len()
        ));
    }
    for (field, (name, least, most, names)) in fields.iter().zip(FIELDS) {
        for number in field.split([',', '-', '/']) {
            let is_step = field.contains(&format!("/{number}"));
            let least = if is_step { 1 } else { least };
            match number.parse::<u32>() {
                Ok(number) if (least..=most).contains(&number) => {}
                Ok(_) => return Err(format!("the {name} is {least} to {most}, not {number}")),
                Err(_) if number.is_empty() => return Err(format!("the {name} `{field}` is not whole")),
                Err(_) if number.chars().all(char::is_alphabetic) && number.len() > 1 => {
                    if !names.split(' ').any(|known| known.eq_ignore_ascii_case(number)) {
                        let may =
                            if names.is_empty() { String::new() } else { format!(", or one of {names}") };
                        return Err(format!("the {name} is {least} to {most}{may}, not `{number}`"));
                    }
                }
                Err(_) => {}
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_found_and_everything_else_is_left_to_the_host() {
        for (line, reason) in [
            ("0 8 * * *", ""),
            ("*/5 0-23/2 1,15 JAN-mar mon-FRI", ""),
            ("59 23 31 12 7", ""),
            ("0 0 L * 5#2", ""),
            ("0 8 * *", "has five fields"),
            ("0 0 8 * * *", "this one has 6"),
            ("@daily", "has five fields"),
            ("60 8 * * *", "the minute is 0 to 59, not 60"),
            ("0 24 * * *", "the hour is 0 to 23, not 24"),
            ("0 8-25 * * *", "the hour is 0 to 23, not 25"),
            ("0 8 0 * *", "the day of the month is 1 to 31, not 0"),
            ("0 8 * 13 *", "the month is 1 to 12, not 13"),
            ("0 8 * * 8", "the day of the week is 0 to 7, not 8"),
            ("*/0 * * * *", "the minute is 1 to 59, not 0"),
            ("0 8 * * monday", "or one of sun mon"),
            ("0 noon * * *", "the hour is 0 to 23, not `noon`"),
            ("0 8, * * *", "is not whole"),
        ] {
            match check(line) {
                Ok(()) => assert!(reason.is_empty(), "{line}"),
                Err(told) => assert!(!reason.is_empty() && told.contains(reason), "{line}: {told}"),
            }
        }
    }
}
