//! Reads the JSON that the host parsed for a handler: objects, lists, texts, and numbers as they are written. serde would do
//! it too, but it is 60 KB of every plugin, most of it for numbers, which `FromStr` reads just as well.

use std::{iter::Peekable, str::Chars};

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Json>),
    /// The members in their order.
    Object(Vec<(String, Json)>),
    /// A number, `true` or `false`, as it is written.
    Bare(String),
    /// `null`.
    Null,
}

/// Far more than arguments need, and little enough for any stack.
const DEEPEST: u32 = 32;

/// The value, or nothing if this is no JSON.
pub(crate) fn parse(text: &str) -> Option<Json> {
    let mut chars = text.chars().peekable();
    let value = value(&mut chars, DEEPEST)?;
    skip_space(&mut chars);
    chars.next().is_none().then_some(value)
}

type Source<'a> = Peekable<Chars<'a>>;

fn value(chars: &mut Source<'_>, depth: u32) -> Option<Json> {
    skip_space(chars);
    match chars.peek()? {
        '"' => text(chars).map(Json::Text),
        '[' => {
            let mut list = Vec::new();
            members(chars, ']', |chars| {
                list.push(value(chars, depth.checked_sub(1)?)?);
                Some(())
            })?;
            Some(Json::List(list))
        }
        '{' => {
            let mut object = Vec::new();
            members(chars, '}', |chars| {
                skip_space(chars);
                let key = text(chars)?;
                skip_space(chars);
                chars.next_if_eq(&':')?;
                object.push((key, value(chars, depth.checked_sub(1)?)?));
                Some(())
            })?;
            Some(Json::Object(object))
        }
        _ => {
            let mut bare = String::new();
            while let Some(c) = chars.next_if(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')) {
                bare.push(c);
            }
            match bare.as_str() {
                "" => None,
                "null" => Some(Json::Null),
                _ => Some(Json::Bare(bare)),
            }
        }
    }
}

/// What stands between brackets, parted by commas.
fn members(
    chars: &mut Source<'_>,
    end: char,
    mut member: impl FnMut(&mut Source<'_>) -> Option<()>,
) -> Option<()> {
    chars.next()?;
    skip_space(chars);
    if chars.next_if_eq(&end).is_some() {
        return Some(());
    }
    loop {
        member(chars)?;
        skip_space(chars);
        match chars.next()? {
            ',' => {}
            last if last == end => return Some(()),
            _ => return None,
        }
    }
}

fn text(chars: &mut Source<'_>) -> Option<String> {
    chars.next_if_eq(&'"')?;
    let mut text = String::new();
    loop {
        let letter = match chars.next()? {
            '"' => return Some(text),
            '\\' => match chars.next()? {
                'b' => '\u{8}',
                'f' => '\u{c}',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'u' => escaped(chars)?,
                same @ ('"' | '\\' | '/') => same,
                _ => return None,
            },
            letter => letter,
        };
        text.push(letter);
    }
}

/// Four hex digits, or twice four for what is beyond them; half a pair becomes the replacement character.
fn escaped(chars: &mut Source<'_>) -> Option<char> {
    let first = hex(chars)?;
    if !(0xd800..0xdc00).contains(&first) {
        return Some(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    let mut ahead = chars.clone();
    if ahead.next() == Some('\\')
        && ahead.next() == Some('u')
        && let Some(second @ 0xdc00..0xe000) = hex(&mut ahead)
    {
        *chars = ahead;
        return char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00));
    }
    Some(char::REPLACEMENT_CHARACTER)
}

fn hex(chars: &mut Source<'_>) -> Option<u32> {
    (0..4).try_fold(0, |number, _| Some(number * 16 + chars.next()?.to_digit(16)?))
}

fn skip_space(chars: &mut Source<'_>) {
    while chars.next_if(char::is_ascii_whitespace).is_some() {}
}

impl Json {
    pub(crate) fn text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The member of an object.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        let Self::Object(members) = self else { return None };
        members.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// What is written, of texts and of bare words.
    pub fn written(&self) -> &str {
        match self {
            Self::Text(text) | Self::Bare(text) => text,
            _ => "",
        }
    }

    pub(crate) fn list(self) -> Vec<Self> {
        match self {
            Self::List(list) => list,
            _ => Vec::new(),
        }
    }

    pub(crate) fn object(self) -> Vec<(String, Self)> {
        match self {
            Self::Object(object) => object,
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn same(json: &Json, value: &Value) -> bool {
        match (json, value) {
            (Json::Text(text), Value::String(value)) => text == value,
            (Json::List(list), Value::Array(values)) => {
                list.len() == values.len() && list.iter().zip(values).all(|(json, value)| same(json, value))
            }
            (Json::Object(object), Value::Object(values)) => {
                object.len() == values.len()
                    && object.iter().all(|(key, json)| values.get(key).is_some_and(|value| same(json, value)))
            }
            (Json::Null, Value::Null) => true,
            (Json::Bare(bare), Value::Bool(_) | Value::Number(_)) => {
                serde_json::from_str::<Value>(bare).unwrap() == *value
            }
            _ => false,
        }
    }

    #[test]
    fn it_reads_what_serde_reads() {
        for text in [
            "{}",
            r#" {"command":"echo","prefix":"/","text":"a \"b\" \\ \/ \n\t\u4f60\ud83c\udfb2 é","words":["a", ""]} "#,
            r#"{"match":"x","groups":["x",null],"named":{"a":null,"b":"1"}, "newer": [1, -2.5e3, true, {"x": []}]}"#,
            "[]",
            "\"\"",
        ] {
            let value: Value = serde_json::from_str(text).unwrap();
            assert!(same(&parse(text).unwrap(), &value), "{text}");
        }
    }

    #[test]
    fn what_is_no_json_is_refused() {
        let deep = "[".repeat(100_000);
        for text in ["", "{", "{\"a\"}", "[1,]x", "\"a", "\"\\x\"", "\"\\u12\"", "{} {}", "{a:1}", "]", &deep]
        {
            assert_eq!(parse(text), None, "{text:.20}");
        }
        assert_eq!(parse(r#""\ud83c!""#), Some(Json::Text("\u{fffd}!".into())));
    }
}
