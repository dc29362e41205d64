//! What a command's manifest declares of its arguments and options, and how one word is read by it.

use std::cmp::Ordering;
use std::num::IntErrorKind;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value, json};

use super::manifest::Command;
use crate::config::nearest;
use crate::model::half_width;

/// An argument or an option of a command. The host parses it; its value stands under its name in `values` of the
/// handler's `args`: null if it was left out and has no default (an empty list with `many`, false for a flag).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Argument {
    /// Names it in `values`, in the usage line and in usage errors. Of an option, what stands after `--`.
    pub name: String,
    /// What it is.
    #[serde(default)]
    pub kind: Kind,
    /// Whether the user must give it. Default: an argument yes, unless it has a `default`; an option no.
    #[serde(default)]
    pub required: Option<bool>,
    /// Its value if it is left out: as a user would write it (`"3"`), or the value itself (`3`).
    #[serde(default)]
    pub default: Option<Value>,
    /// Of numbers: the least.
    #[serde(default)]
    pub min: Option<Number>,
    /// Of numbers: the most.
    #[serde(default)]
    pub max: Option<Number>,
    /// Of choices: the words to choose from. Case does not matter where ASCII has it.
    #[serde(default)]
    pub choices: Vec<String>,
    /// The last argument takes all words that are left, an option may be there several times; the value is a list.
    #[serde(default)]
    pub many: bool,
    /// Of options: one letter, for `-t 3`.
    #[serde(default)]
    pub short: Option<char>,
    /// One line for `/help`.
    #[serde(default)]
    pub help: String,
}

/// What an argument is, and its form in `values`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// One word, or several in quotation marks. A string.
    #[default]
    Text,
    /// The last argument: the rest of the text as it was written. A string.
    Rest,
    /// A whole number from -2^63 to 2^64-1. A number.
    Integer,
    /// Any finite number. A number.
    Number,
    /// An option without a value. A boolean.
    Flag,
    /// A mention, or `@id`, or a number. An object `{"id", "name"}`; `name` is null if it is not known.
    User,
    /// An image of the message, or else of the quoted message. The contract's record `image` in its JSON form.
    Image,
    /// One of `choices`. A string, as it stands there.
    Choice,
}

/// Arguments and options of one command.
const MOST: usize = 64;
/// Choices of one argument.
const MOST_CHOICES: usize = 1000;

/// Why a word is no value of an argument.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Fault {
    NotInteger,
    NotNumber,
    OutOfRange,
    /// With the nearest choice.
    NotChoice(Option<String>),
    NotUser,
}

/// A command's arguments and options are checked, and their defaults brought into the form of values.
pub(super) fn settle(command: &mut Command) -> Result<(), String> {
    let count = command.arguments.len() + command.options.len();
    if count > MOST {
        return Err(format!("it has {count} arguments and options; {MOST} are allowed"));
    }
    for (index, option) in command.options.iter().enumerate() {
        let known = command.arguments.iter().chain(&command.options[..index]);
        check_name(option, known)?;
        if option.kind == Kind::Rest {
            return Err(format!("option {:?} cannot be the rest of the text", option.name));
        }
        if let Some(short) = option.short {
            if !short.is_alphabetic() {
                return Err(format!("option {:?}: short {short:?} is no letter", option.name));
            }
            if command.options[..index].iter().any(|other| other.short == Some(short)) {
                return Err(format!("two options have the short {short:?}"));
            }
        }
    }
    let mut left_out = None;
    for (index, argument) in command.arguments.iter().enumerate() {
        check_name(argument, command.arguments[..index].iter())?;
        let name = &argument.name;
        if argument.kind == Kind::Flag || argument.short.is_some() {
            return Err(format!("argument {name:?}: flags and shorts are for `options`"));
        }
        let takes_all = argument.kind == Kind::Rest || argument.many;
        if takes_all && index + 1 < command.arguments.len() {
            return Err(format!("argument {name:?} takes all that is left, so it must be the last"));
        }
        match left_out {
            _ if argument.kind == Kind::Image => {}
            Some(before) if argument.is_required(false) => {
                return Err(format!(
                    "argument {name:?} must be there, but {before:?} before it may be left out; change their order"
                ));
            }
            None if !argument.is_required(false) => left_out = Some(name.clone()),
            _ => {}
        }
    }
    command.arguments.iter_mut().chain(&mut command.options).try_for_each(Argument::settle)
}

fn check_name<'a>(argument: &Argument, known: impl Iterator<Item = &'a Argument>) -> Result<(), String> {
    let name = &argument.name;
    let bad = |c: char| c.is_whitespace() || c.is_control() || "=\"“”".contains(c);
    if name.is_empty() || name.starts_with(['-', '—']) || name.contains(bad) {
        return Err(format!(
            "{name:?} cannot name an argument; write one word without `=`, quotes or dashes in front"
        ));
    }
    if known.into_iter().any(|other| other.name == *name) {
        return Err(format!("two arguments or options are named {name:?}"));
    }
    Ok(())
}

impl Argument {
    /// Whether it must be there.
    pub(crate) fn is_required(&self, option: bool) -> bool {
        self.required.unwrap_or(!option && self.default.is_none()) && self.kind != Kind::Flag
    }

    /// The value of what was left out.
    pub(crate) fn absent(&self) -> Value {
        match &self.default {
            Some(default) => default.clone(),
            None if self.many => json!([]),
            None if self.kind == Kind::Flag => json!(false),
            None => Value::Null,
        }
    }

    /// Reads one word by its kind. Rests are text; flags and images have no words.
    pub(crate) fn read(&self, word: &str) -> Result<Value, Fault> {
        match self.kind {
            Kind::Text | Kind::Rest | Kind::Flag | Kind::Image => Ok(json!(word)),
            Kind::Integer => self.within(integer(word)?),
            Kind::Number => {
                let number = digits(word).parse().ok().filter(|number: &f64| number.is_finite());
                let spelled = word.contains(|c: char| c.is_ascii_alphabetic() && !matches!(c, 'e' | 'E'));
                let number = number.filter(|_| !spelled).and_then(Number::from_f64);
                self.within(number.ok_or(Fault::NotNumber)?)
            }
            Kind::User => user(word).map(|id| json!({"id": id, "name": null})).ok_or(Fault::NotUser),
            Kind::Choice => {
                let found = self.choices.iter().find(|choice| same_word(choice, word));
                found.map(|choice| json!(choice)).ok_or_else(|| {
                    let near = nearest(word, self.choices.iter().map(String::as_str));
                    Fault::NotChoice(near.map(str::to_owned))
                })
            }
        }
    }

    fn within(&self, number: Number) -> Result<Value, Fault> {
        let low = self.min.as_ref().is_some_and(|min| compare(&number, min) == Ordering::Less);
        let high = self.max.as_ref().is_some_and(|max| compare(&number, max) == Ordering::Greater);
        if low || high { Err(Fault::OutOfRange) } else { Ok(Value::Number(number)) }
    }

    fn settle(&mut self) -> Result<(), String> {
        let name = &self.name;
        let numeric = matches!(self.kind, Kind::Integer | Kind::Number);
        if !numeric && (self.min.is_some() || self.max.is_some()) {
            return Err(format!("{name:?}: `min` and `max` are for numbers"));
        }
        if let (Some(min), Some(max)) = (&self.min, &self.max)
            && compare(min, max) == Ordering::Greater
        {
            return Err(format!("{name:?}: `min` {min} is more than `max` {max}"));
        }
        if (self.kind == Kind::Choice) == self.choices.is_empty() {
            return Err(format!("{name:?}: `choices` belong to the kind `choice`, which needs some"));
        }
        if self.choices.len() > MOST_CHOICES {
            return Err(format!("{name:?}: {} choices; {MOST_CHOICES} are allowed", self.choices.len()));
        }
        if self.choices.iter().any(|choice| choice.trim().is_empty()) {
            return Err(format!("{name:?}: a choice is empty"));
        }
        if self.many && matches!(self.kind, Kind::Rest | Kind::Flag) {
            return Err(format!("{name:?}: `many` is not for the kinds `rest` and `flag`"));
        }
        let Some(default) = self.default.take() else { return Ok(()) };
        if self.many || matches!(self.kind, Kind::Flag | Kind::User | Kind::Image) {
            return Err(format!("{name:?}: flags, users, images and what may be many have no `default`"));
        }
        let written = match default {
            Value::Null => return Ok(()),
            Value::String(text) => text,
            Value::Number(number) => number.to_string(),
            other => return Err(format!("{name:?}: the default {other} is neither text nor a number")),
        };
        let value = self.read(&written);
        self.default =
            Some(value.map_err(|_| format!("{name:?}: the default {written:?} is no value of its kind"))?);
        Ok(())
    }
}

/// Whether two words are one, without regard to case and width.
pub(crate) fn same_word(one: &str, other: &str) -> bool {
    let form = |word: &str| word.chars().map(|c| half_width(c).to_ascii_lowercase()).collect::<String>();
    one.eq_ignore_ascii_case(other) || form(one) == form(other)
}

fn digits(word: &str) -> String {
    word.chars().map(half_width).collect()
}

fn integer(word: &str) -> Result<Number, Fault> {
    let number: i128 = digits(word).parse().map_err(|e: std::num::ParseIntError| match e.kind() {
        IntErrorKind::PosOverflow | IntErrorKind::NegOverflow => Fault::OutOfRange,
        _ => Fault::NotInteger,
    })?;
    Number::from_i128(number).ok_or(Fault::OutOfRange)
}

/// `@id`, or a number as QQ's accounts are.
fn user(word: &str) -> Option<String> {
    let word = digits(word);
    match word.strip_prefix('@') {
        Some(id) => (!id.is_empty()).then(|| id.to_owned()),
        None => (!word.is_empty() && word.bytes().all(|b| b.is_ascii_digit())).then_some(word),
    }
}

fn compare(one: &Number, other: &Number) -> Ordering {
    match (one.as_i128(), other.as_i128()) {
        (Some(one), Some(other)) => one.cmp(&other),
        _ => {
            let float = |number: &Number| number.as_f64().unwrap_or_default();
            float(one).total_cmp(&float(other))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn argument(json: &str) -> Argument {
        let mut command = command(&format!("[{json}]"), "[]").unwrap();
        command.arguments.remove(0)
    }

    fn command(arguments: &str, options: &str) -> Result<Command, String> {
        let json = format!(r#"{{"name": "c", "arguments": {arguments}, "options": {options}}}"#);
        let mut command: Command = serde_json::from_str(&json).unwrap();
        settle(&mut command).map(|()| command)
    }

    #[test]
    fn a_word_is_read_by_its_kind() {
        use Fault::{NotChoice, NotInteger, NotNumber, NotUser, OutOfRange};
        let integer = r#"{"name": "n", "kind": "integer"}"#;
        let die = r#"{"name": "n", "kind": "integer", "min": 1, "max": 6}"#;
        let number = r#"{"name": "n", "kind": "number", "min": -0.5}"#;
        let user = r#"{"name": "u", "kind": "user"}"#;
        let choice = r#"{"name": "c", "kind": "choice", "choices": ["North", "南"]}"#;
        for (kind, word, expected) in [
            (integer, "3", Ok(json!(3))),
            (integer, "-3", Ok(json!(-3))),
            (integer, "+3", Ok(json!(3))),
            (integer, "００３", Ok(json!(3))),
            (integer, "－３", Ok(json!(-3))),
            (integer, "18446744073709551615", Ok(json!(u64::MAX))),
            (integer, "18446744073709551616", Err(OutOfRange)),
            (integer, "-9223372036854775809", Err(OutOfRange)),
            (integer, "1000000000000000000000000000000000000000000", Err(OutOfRange)),
            (integer, "3.0", Err(NotInteger)),
            (integer, "1e3", Err(NotInteger)),
            (integer, "", Err(NotInteger)),
            (integer, "-", Err(NotInteger)),
            (integer, "三", Err(NotInteger)),
            (die, "1", Ok(json!(1))),
            (die, "6", Ok(json!(6))),
            (die, "0", Err(OutOfRange)),
            (die, "7", Err(OutOfRange)),
            (number, "0.25", Ok(json!(0.25))),
            (number, "-.5", Ok(json!(-0.5))),
            (number, "1e3", Ok(json!(1000.0))),
            (number, "１.５", Ok(json!(1.5))),
            (number, "-0.51", Err(OutOfRange)),
            (number, "inf", Err(NotNumber)),
            (number, "NaN", Err(NotNumber)),
            (number, "1e999", Err(NotNumber)),
            (number, "1,5", Err(NotNumber)),
            (user, "10001", Ok(json!({"id": "10001", "name": null}))),
            (user, "@A1B2", Ok(json!({"id": "A1B2", "name": null}))),
            (user, "＠１", Ok(json!({"id": "1", "name": null}))),
            (user, "@", Err(NotUser)),
            (user, "Bob", Err(NotUser)),
            (user, "-1", Err(NotUser)),
            (choice, "north", Ok(json!("North"))),
            (choice, "南", Ok(json!("南"))),
            (choice, "nroth", Err(NotChoice(Some("North".to_owned())))),
            (choice, "up", Err(NotChoice(None))),
        ] {
            assert_eq!(argument(kind).read(word), expected, "{kind} {word:?}");
        }
    }

    #[test]
    fn defaults_are_written_as_users_write_or_as_values() {
        for (json, value) in [
            (r#"{"name": "n", "kind": "integer", "default": "3"}"#, json!(3)),
            (r#"{"name": "n", "kind": "integer", "default": 3}"#, json!(3)),
            (r#"{"name": "n", "kind": "number", "default": 3}"#, json!(3.0)),
            (r#"{"name": "n", "kind": "choice", "choices": ["A"], "default": "a"}"#, json!("A")),
            (r#"{"name": "n", "default": "3"}"#, json!("3")),
            (r#"{"name": "n", "default": null}"#, json!(null)),
            (r#"{"name": "n", "many": true}"#, json!([])),
        ] {
            assert_eq!(argument(json).absent(), value, "{json}");
        }
    }

    #[test]
    fn declarations_that_cannot_work_are_refused_with_the_reason() {
        let two = |a: &str, b: &str| format!("[{a}, {b}]");
        let (a, a2) = (r#"{"name": "a"}"#, r#"{"name": "a", "kind": "user"}"#);
        let optional = r#"{"name": "o", "required": false}"#;
        let rest = r#"{"name": "r", "kind": "rest"}"#;
        for (arguments, options, reason) in [
            (two(a, a2), "[]".to_owned(), "two arguments or options are named \"a\""),
            ("[]".to_owned(), two(a, a), "are named \"a\""),
            (format!("[{a}]"), format!("[{a}]"), "are named \"a\""),
            (r#"[{"name": ""}]"#.to_owned(), "[]".to_owned(), "cannot name an argument"),
            (r#"[{"name": "a b"}]"#.to_owned(), "[]".to_owned(), "cannot name"),
            (r#"[{"name": "--a"}]"#.to_owned(), "[]".to_owned(), "cannot name"),
            (two(rest, a), "[]".to_owned(), "so it must be the last"),
            (two(r#"{"name": "m", "many": true}"#, a), "[]".to_owned(), "so it must be the last"),
            (two(optional, a), "[]".to_owned(), "change their order"),
            (r#"[{"name": "f", "kind": "flag"}]"#.to_owned(), "[]".to_owned(), "are for `options`"),
            ("[]".to_owned(), format!("[{rest}]"), "cannot be the rest"),
            ("[]".to_owned(), r#"[{"name": "a", "short": "1"}]"#.to_owned(), "is no letter"),
            (
                "[]".to_owned(),
                two(r#"{"name": "x", "short": "t"}"#, r#"{"name": "y", "short": "t"}"#),
                "two options have",
            ),
            (r#"[{"name": "a", "min": 1}]"#.to_owned(), "[]".to_owned(), "are for numbers"),
            (
                r#"[{"name": "a", "kind": "integer", "min": 2, "max": 1.5}]"#.to_owned(),
                "[]".to_owned(),
                "is more than",
            ),
            (r#"[{"name": "a", "kind": "choice"}]"#.to_owned(), "[]".to_owned(), "which needs some"),
            (r#"[{"name": "a", "choices": ["x"]}]"#.to_owned(), "[]".to_owned(), "belong to the kind"),
            (
                r#"[{"name": "a", "kind": "integer", "default": "x"}]"#.to_owned(),
                "[]".to_owned(),
                "no value of its kind",
            ),
            (
                r#"[{"name": "a", "kind": "integer", "max": 2, "default": 3}]"#.to_owned(),
                "[]".to_owned(),
                "no value",
            ),
            (
                r#"[{"name": "a", "kind": "user", "default": "1"}]"#.to_owned(),
                "[]".to_owned(),
                "have no `default`",
            ),
            (
                r#"[{"name": "a", "kind": "rest", "many": true}]"#.to_owned(),
                "[]".to_owned(),
                "`many` is not for",
            ),
        ] {
            let error = command(&arguments, &options).unwrap_err();
            assert!(error.contains(reason), "{arguments} {options}: {error}");
        }
        let image = r#"{"name": "i", "kind": "image"}"#;
        assert!(command(&two(optional, image), "[]").is_ok(), "images take no words");
    }
}
