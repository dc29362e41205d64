//! Arguments: what the host parsed for a handler, and how the user's words become typed parameters.

use std::{fmt::Display, ops::Deref, str::FromStr};

use crate::{
    json::{self, Json},
    message::Content,
    types::{EventBody, Id, RawEvent},
};

/// How a handler was called, by reference: `invocation: &Invocation`. What does not apply is empty.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// async fn echo(invocation: &Invocation) -> String {
///     format!("{}{} was called with {:?}", invocation.prefix, invocation.command, invocation.words)
/// }
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Invocation {
    /// The command as it was written: its name or an alias.
    pub command: String,
    /// What stood before it.
    pub prefix: String,
    /// The keyword that was found.
    pub keyword: String,
    /// The text after the command; the whole text for a keyword.
    pub text: String,
    /// The text's words: split on white space, quoted ones together.
    pub words: Vec<String>,
    /// What a pattern matched.
    pub matched: String,
    /// A pattern's groups; the first is the whole match.
    pub groups: Vec<Option<String>>,
    /// A pattern's named groups.
    pub named: Vec<(String, Option<String>)>,
    /// What a command's usage line shows after its name.
    pub usage: String,
    /// The values that the host parsed, by the names of arguments and options; none for a command that declares neither.
    pub(crate) values: Option<Json>,
}

impl Invocation {
    /// Reads the arguments of the contract; keys that it does not know are newer than this SDK.
    pub(crate) fn parse(args: &str) -> Option<Self> {
        let Json::Object(object) = json::parse(args)? else { return None };
        let mut invocation = Self::default();
        for (key, value) in object {
            match key.as_str() {
                "command" => invocation.command = value.text()?,
                "prefix" => invocation.prefix = value.text()?,
                "keyword" => invocation.keyword = value.text()?,
                "text" => invocation.text = value.text()?,
                "match" => invocation.matched = value.text()?,
                "usage" => invocation.usage = value.text()?,
                "values" => invocation.values = Some(value),
                "words" => {
                    invocation.words = value.list().into_iter().map(Json::text).collect::<Option<_>>()?;
                }
                "groups" => invocation.groups = value.list().into_iter().map(Json::text).collect(),
                "named" => {
                    let named = value.object().into_iter();
                    invocation.named = named.map(|(name, value)| (name, value.text())).collect();
                }
                _ => {}
            }
        }
        Some(invocation)
    }
}

/// The rest of the text, as it was written; the last parameter of a command. It is not empty: without text the user is
/// told so. `Option<Rest>` takes that too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rest(pub String);

impl Rest {
    /// The text as words: split on white space, quoted ones together.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// let rest = Rest(r#"milk "brown bread""#.to_owned());
    /// assert_eq!(rest.words(), ["milk", "brown bread"]);
    /// ```
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        split(&self.0).into_iter().map(|word| word.text).collect()
    }
}

impl Deref for Rest {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl FromStr for Rest {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl From<Rest> for String {
    fn from(rest: Rest) -> Self {
        rest.0
    }
}

impl From<Rest> for crate::Message {
    fn from(rest: Rest) -> Self {
        rest.0.into()
    }
}

impl Display for Rest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Mention {
    type Err = &'static str;

    /// `@id`, or a number.
    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let id =
            word.strip_prefix('@').or(Some(word).filter(|word| word.bytes().all(|b| b.is_ascii_digit())));
        id.filter(|id| !id.is_empty())
            .map(|id| Self { id: id.to_owned(), name: None })
            .ok_or("not a user; mention one with @")
    }
}

/// A user that was mentioned in the message (not the bot itself), or named by `@id` or a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// The user.
    pub id: Id,
    /// The name shown, where the platform tells.
    pub name: Option<String>,
}

impl AsRef<str> for Mention {
    fn as_ref(&self) -> &str {
        &self.id
    }
}

/// Why the words do not fit the parameters; shown to the user above the usage line.
#[derive(Debug)]
pub struct BadArgument(pub String);

type Read<T> = Result<T, BadArgument>;

/// From a value to a parameter.
pub type Reader<T> = fn(&Json) -> Result<T, String>;

/// What a parameter is looked for by.
#[derive(Debug)]
pub struct Wanted {
    /// Its name in `values`.
    pub name: &'static str,
    /// Its kind in the manifest.
    pub kind: &'static str,
    /// Whether it is an option, which takes no plain word.
    pub option: bool,
    /// What stands for it if it is left out.
    pub default: Option<&'static str>,
}

/// The words of one invocation, read from left to right.
#[derive(Debug)]
pub struct Arguments<'a> {
    invocation: &'a Invocation,
    words: Vec<String>,
    next: usize,
    mentions: std::vec::IntoIter<Mention>,
}

impl<'a> Arguments<'a> {
    pub(crate) fn new(invocation: &'a Invocation, event: Option<&RawEvent>) -> Self {
        let mentions = match event.map(|event| &event.body) {
            Some(EventBody::Message(message)) => message
                .content
                .mentions()
                .filter(|user| !user.is_self)
                .map(|user| Mention { id: user.id.clone(), name: user.name.clone() })
                .collect(),
            _ => Vec::new(),
        };
        let words = match invocation.words.as_slice() {
            [] => split(&invocation.text).into_iter().map(|word| word.text).collect(),
            words => words.to_vec(),
        };
        Self { invocation, words, next: 0, mentions: mentions.into_iter() }
    }

    fn word(&mut self) -> Option<Json> {
        let word = self.words.get(self.next)?;
        self.next += 1;
        Some(Json::Text(word.clone()))
    }

    /// The next value of this kind: the host's, or else read from the words.
    fn value(&mut self, wanted: &Wanted) -> Option<Json> {
        if let Some(values) = &self.invocation.values {
            return values.get(wanted.name).filter(|value| **value != Json::Null).cloned();
        }
        let value = match wanted.kind {
            "user" => match self.mentions.next() {
                Some(Mention { id, name }) => {
                    let name = name.map_or(Json::Null, Json::Text);
                    Some(Json::Object(vec![("id".into(), Json::Text(id)), ("name".into(), name)]))
                }
                None => self.word(),
            },
            "rest" => self.rest().map(Json::Text),
            "flag" | "image" => None,
            _ if wanted.option => None,
            _ => self.word(),
        };
        value.or_else(|| Some(Json::Text(wanted.default?.to_owned())))
    }

    /// The next value, which must be there.
    ///
    /// # Errors
    /// That it is missing, or why it is none.
    pub fn one<T>(&mut self, wanted: &Wanted, read: Reader<T>) -> Read<T> {
        let value = match self.value(wanted) {
            None if wanted.kind == "flag" => Json::Null,
            value => value.ok_or_else(|| missing(wanted.name))?,
        };
        fit(wanted, &value, read)
    }

    /// The next value, if there is one.
    ///
    /// # Errors
    /// Why it is none.
    pub fn optional<T>(&mut self, wanted: &Wanted, read: Reader<T>) -> Read<Option<T>> {
        self.value(wanted).map(|value| fit(wanted, &value, read)).transpose()
    }

    /// All values that are left.
    ///
    /// # Errors
    /// Why one of them is none.
    pub fn many<T>(&mut self, wanted: &Wanted, read: Reader<T>) -> Read<Vec<T>> {
        let mut values = Vec::new();
        while let Some(value) = self.value(wanted) {
            match value {
                Json::List(list) => return list.iter().map(|value| fit(wanted, value, read)).collect(),
                value => values.push(fit(wanted, &value, read)?),
            }
        }
        Ok(values)
    }

    /// The text after the words that were read, untouched but trimmed.
    fn rest(&mut self) -> Option<String> {
        let text = &self.invocation.text;
        let start = match self.next {
            0 => 0,
            read => split(text).get(read - 1).map_or(text.len(), |word| word.end),
        };
        self.next = self.words.len();
        Some(text[start..].trim()).filter(|rest| !rest.is_empty()).map(str::to_owned)
    }

    /// A pattern's group, which must have taken part in the match.
    pub fn group<T: FromStr<Err: Display>>(&mut self, name: &str, number: usize) -> Read<T> {
        self.optional_group(name, number)?.ok_or_else(|| missing(name))
    }

    /// A pattern's group of this name, or else of this number.
    pub fn optional_group<T: FromStr<Err: Display>>(&mut self, name: &str, number: usize) -> Read<Option<T>> {
        let group = match self.invocation.named.iter().find(|(named, _)| named == name) {
            Some((_, group)) => group.as_deref(),
            None => self.invocation.groups.get(number).and_then(Option::as_deref),
        };
        group.map(|text| parse(name, text)).transpose()
    }

    /// Refuses words that no parameter took.
    ///
    /// # Errors
    /// The first of them.
    pub fn finish(&mut self) -> Read<()> {
        match self.words.get(self.next) {
            Some(word) if self.invocation.values.is_none() => {
                Err(BadArgument(format!("“{word}”: too many arguments")))
            }
            _ => Ok(()),
        }
    }
}

fn missing(name: &str) -> BadArgument {
    BadArgument(format!("<{name}> is missing"))
}

fn fit<T>(wanted: &Wanted, value: &Json, read: Reader<T>) -> Read<T> {
    read(value).map_err(|reason| BadArgument(format!("<{}>: “{}”: {reason}", wanted.name, value.written())))
}

fn parse<T: FromStr<Err: Display>>(name: &str, word: &str) -> Read<T> {
    word.parse().map_err(|reason| BadArgument(format!("<{name}>: “{word}”: {reason}")))
}

#[derive(Debug, PartialEq)]
pub(crate) struct Word {
    pub(crate) text: String,
    /// Where the text goes on after it, in bytes.
    pub(crate) end: usize,
}

/// Words as the host splits them: on white space of any width; `"` and `“”` keep words together where one begins.
pub(crate) fn split(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let Some(first) = rest.chars().next() else { return words };
        let position = text.len() - rest.len();
        let quoted = match first {
            '"' | '“' | '”' => {
                rest[first.len_utf8()..].find(['"', '“', '”']).map(|at| first.len_utf8() + at)
            }
            _ => None,
        };
        let (word, end) = match quoted {
            Some(close) => {
                let length = rest[close..].chars().next().map_or(0, char::len_utf8);
                (&rest[first.len_utf8()..close], close + length)
            }
            None => {
                let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
                (&rest[..end], end)
            }
        };
        words.push(Word { text: word.to_owned(), end: position + end });
        rest = &rest[end..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_on_any_space_and_quotes_keep_them_together() {
        for (text, expected) in [
            ("", vec![]),
            ("  a\u{3000}b \n c ", vec!["a", "b", "c"]),
            ("\"a b\" c", vec!["a b", "c"]),
            ("“你 好” c\"d", vec!["你 好", "c\"d"]),
            ("\"open end", vec!["\"open", "end"]),
            ("\"\" x", vec!["", "x"]),
        ] {
            let words: Vec<_> = split(text).into_iter().map(|word| word.text).collect();
            assert_eq!(words, expected, "{text:?}");
        }
    }

    #[test]
    fn the_hosts_arguments_are_read_by_name() {
        let read =
            Invocation::parse(r#"{"match": "1-", "groups": ["1-", null], "named": {"b": null}, "newer": 1}"#);
        let expected = Invocation {
            matched: "1-".into(),
            groups: vec![Some("1-".into()), None],
            named: vec![("b".into(), None)],
            ..Invocation::default()
        };
        assert_eq!(read, Some(expected));
        assert_eq!(Invocation::parse("{}"), Some(Invocation::default()));
        assert_eq!(Invocation::parse("[]"), None);
        assert_eq!(Invocation::parse(r#"{"text": 1}"#), None);
    }

    #[test]
    fn the_rest_begins_after_the_words_that_were_read() {
        let invocation = Invocation { text: "add  \"a b\"  the  rest ".into(), ..Invocation::default() };
        let mut arguments = Arguments::new(&invocation, None);
        let word = Wanted { name: "x", kind: "text", option: false, default: None };
        let rest = Wanted { kind: "rest", ..word };
        let read: Reader<String> = |value| Ok(value.written().to_owned());
        assert_eq!(arguments.one(&word, read).unwrap(), "add");
        assert_eq!(arguments.one(&word, read).unwrap(), "a b");
        assert_eq!(arguments.optional(&rest, read).unwrap().as_deref(), Some("the  rest"));
        assert_eq!(arguments.optional(&rest, read).unwrap(), None);
        assert!(arguments.finish().is_ok());
    }

    #[test]
    fn the_hosts_values_go_before_the_words() {
        let args = r#"{"command": "c", "text": "9 9", "words": ["9", "9"], "values": {"n": 3, "none": null, "all": [1, 2], "on": true}}"#;
        let invocation = Invocation::parse(args).unwrap();
        let mut arguments = Arguments::new(&invocation, None);
        let wanted = |name| Wanted { name, kind: "integer", option: false, default: None };
        let read: Reader<u8> = |value| value.written().parse().map_err(|_| "no".to_owned());
        assert_eq!(arguments.one(&wanted("n"), read).unwrap(), 3);
        assert_eq!(arguments.optional(&wanted("none"), read).unwrap(), None);
        assert_eq!(arguments.many(&wanted("all"), read).unwrap(), [1, 2]);
        assert!(arguments.one(&wanted("older"), read).is_err());
        assert!(arguments.finish().is_ok());
    }
}
