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

    fn word(&mut self) -> Option<&str> {
        let word = self.words.get(self.next)?;
        self.next += 1;
        Some(word)
    }

    /// The next word, which must be there.
    pub fn one<T: FromStr<Err: Display>>(&mut self, name: &str) -> Read<T> {
        self.optional(name)?.ok_or_else(|| missing(name))
    }

    /// The next word, if there is one.
    pub fn optional<T: FromStr<Err: Display>>(&mut self, name: &str) -> Read<Option<T>> {
        self.word().map(|word| parse(name, word)).transpose()
    }

    /// All words that are left.
    pub fn many<T: FromStr<Err: Display>>(&mut self, name: &str) -> Read<Vec<T>> {
        let mut values = Vec::new();
        while let Some(value) = self.optional(name)? {
            values.push(value);
        }
        Ok(values)
    }

    /// The text after the words that were read, which must be there.
    pub fn rest(&mut self, name: &str) -> Read<Rest> {
        self.optional_rest().ok_or_else(|| missing(name))
    }

    /// The text after the words that were read, untouched but trimmed.
    pub fn optional_rest(&mut self) -> Option<Rest> {
        let text = &self.invocation.text;
        let start = match self.next {
            0 => 0,
            read => split(text).get(read - 1).map_or(text.len(), |word| word.end),
        };
        self.next = self.words.len();
        Some(text[start..].trim()).filter(|rest| !rest.is_empty()).map(|rest| Rest(rest.to_owned()))
    }

    /// The next mention, or a word that names a user.
    pub fn optional_mention(&mut self, name: &str) -> Read<Option<Mention>> {
        if let Some(mention) = self.mentions.next() {
            return Ok(Some(mention));
        }
        self.word()
            .map(|word| {
                let id = word
                    .strip_prefix('@')
                    .or(Some(word).filter(|word| word.bytes().all(|b| b.is_ascii_digit())));
                id.filter(|id| !id.is_empty()).map(|id| Mention { id: id.to_owned(), name: None }).ok_or_else(
                    || BadArgument(format!("<{name}>: “{word}” is not a user; mention one with @")),
                )
            })
            .transpose()
    }

    /// The next mention, which must be there.
    pub fn mention(&mut self, name: &str) -> Read<Mention> {
        self.optional_mention(name)?.ok_or_else(|| missing(name))
    }

    /// All mentions that are left.
    pub fn many_mentions(&mut self, name: &str) -> Read<Vec<Mention>> {
        let mut values = Vec::new();
        while let Some(value) = self.optional_mention(name)? {
            values.push(value);
        }
        Ok(values)
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
    pub fn finish(&mut self) -> Read<()> {
        match self.word() {
            Some(word) => Err(BadArgument(format!("“{word}”: too many arguments"))),
            None => Ok(()),
        }
    }
}

fn missing(name: &str) -> BadArgument {
    BadArgument(format!("<{name}> is missing"))
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
        assert_eq!(arguments.one::<String>("x").unwrap(), "add");
        assert_eq!(arguments.one::<String>("y").unwrap(), "a b");
        assert_eq!(arguments.optional_rest(), Some(Rest("the  rest".into())));
        assert_eq!(arguments.optional_rest(), None);
        assert!(arguments.finish().is_ok());
    }
}
