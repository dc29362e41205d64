//! From what stands after a command to the values of its arguments and options.

use std::collections::VecDeque;

use serde_json::{Map, Value, json};

use super::words::{Word, split};
use crate::config::nearest;
use crate::model::{Image, Mention, Segment, half_width};
use crate::plugin::arguments::{Argument, Fault, Kind, same_word};
use crate::plugin::manifest::Command;

/// Why a text does not fit a declaration.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Wrong<'m> {
    /// It must be there; whether it is an option.
    Missing(&'m Argument, bool),
    /// The word is no value of it.
    Unfit(&'m Argument, String, Fault),
    /// Nobody takes this word.
    TooMany(String),
    /// As written, with the name of the nearest one.
    UnknownOption(String, Option<&'m str>),
    /// An option without its value.
    NoValue(&'m Argument),
    /// A flag with one.
    HasValue(&'m Argument),
    Twice(&'m Argument),
}

type Read<'m, T> = Result<T, Wrong<'m>>;

/// The values of everything that `command` declares, by name. `text` is what stands after its name; `content` the whole
/// message: its mentions and images are the values of users and images, in order.
pub(super) fn parse<'m>(
    command: &'m Command,
    text: &str,
    content: &[Segment],
) -> Read<'m, Map<String, Value>> {
    let mut reader = Reader {
        text,
        words: split(text).collect(),
        // Without options there is nothing that dashes could mean.
        plain: command.options.is_empty(),
        options: &command.options,
        given: command.options.iter().map(|_| Vec::new()).collect(),
        people: People::of(content),
        content,
        images: None,
    };
    let mut values = Map::new();
    for argument in &command.arguments {
        let value = reader.argument(argument)?;
        values.insert(argument.name.clone(), value);
    }
    reader.take_options()?;
    if let Some(word) = reader.words.pop_front() {
        return Err(Wrong::TooMany(word.text.to_owned()));
    }
    for (option, mut given) in command.options.iter().zip(reader.given) {
        let value = match given.pop() {
            None if option.is_required(true) => return Err(Wrong::Missing(option, true)),
            None => option.absent(),
            Some(last) if option.many => {
                given.push(last);
                Value::Array(given)
            }
            Some(value) => value,
        };
        values.insert(option.name.clone(), value);
    }
    Ok(values)
}

struct Reader<'m, 't> {
    text: &'t str,
    words: VecDeque<Word<'t>>,
    /// No further word is an option.
    plain: bool,
    options: &'m [Argument],
    /// By option.
    given: Vec<Vec<Value>>,
    people: People,
    content: &'t [Segment],
    /// Looked for when they are first asked for.
    images: Option<VecDeque<Image>>,
}

impl<'m> Reader<'m, '_> {
    fn argument(&mut self, argument: &'m Argument) -> Read<'m, Value> {
        let mut values = Vec::new();
        while let Some(value) = self.next(argument)? {
            values.push(value);
            if !argument.many {
                break;
            }
        }
        if values.is_empty()
            && argument.kind == Kind::User
            && let Some(quoted) = self.people.quoted.take()
        {
            values.push(quoted);
        }
        match values.pop() {
            None if argument.is_required(false) => Err(Wrong::Missing(argument, false)),
            None => Ok(argument.absent()),
            Some(last) if argument.many => {
                values.push(last);
                Ok(Value::Array(values))
            }
            Some(value) => Ok(value),
        }
    }

    /// The next value that an argument can have.
    fn next(&mut self, argument: &'m Argument) -> Read<'m, Option<Value>> {
        match argument.kind {
            Kind::Image => return Ok(self.image()),
            Kind::User if !self.people.said.is_empty() => {
                self.people.quoted = None;
                return Ok(self.people.said.pop_front());
            }
            _ => self.take_options()?,
        }
        if argument.kind == Kind::Rest {
            let rest = self.words.front().map(|first| json!(self.text[first.start..].trim_end()));
            self.words.clear();
            return Ok(rest);
        }
        let Some(word) = self.words.pop_front() else { return Ok(None) };
        if argument.kind == Kind::User {
            self.people.quoted = None;
        }
        read(argument, word.text).map(Some)
    }

    /// Takes the options that come before the next plain word.
    fn take_options(&mut self) -> Read<'m, ()> {
        while !self.plain
            && let Some(word) = self.words.front().copied()
            && !word.quoted
        {
            match self.as_option(word.text) {
                None => break,
                Some(Spelled::End) => {
                    self.words.pop_front();
                    self.plain = true;
                }
                Some(Spelled::Long(name, value)) => {
                    self.words.pop_front();
                    let Some(index) = self.named(&name) else {
                        let near = nearest(&name, self.options.iter().map(|option| option.name.as_str()));
                        return Err(Wrong::UnknownOption(word.text.to_owned(), near));
                    };
                    self.option(index, value)?;
                }
                Some(Spelled::Short(letters)) => {
                    self.words.pop_front();
                    self.shorts(word.text, letters)?;
                }
            }
        }
        Ok(())
    }

    /// How a word spells options, if it does.
    fn as_option<'w>(&self, word: &'w str) -> Option<Spelled<'w>> {
        let mut chars = word.chars();
        match (chars.next().map(half_width)?, chars.clone().next().map(half_width)) {
            ('-', Some('-')) => {
                chars.next();
                let long = chars.as_str();
                if long.is_empty() { Some(Spelled::End) } else { Some(long_option(long)) }
            }
            // Telephones make one dash of two. People begin words with dashes too, so only a known name counts.
            ('—', _) => {
                let spelled = long_option(word.trim_start_matches('—'));
                matches!(&spelled, Spelled::Long(name, _) if self.named(name).is_some()).then_some(spelled)
            }
            ('-', Some(c)) if !(c.is_ascii_digit() || c == '.') => Some(Spelled::Short(chars.as_str())),
            _ => None,
        }
    }

    /// `-abc`: flags, or an option and its value.
    fn shorts(&mut self, word: &str, letters: &str) -> Read<'m, ()> {
        let mut rest = letters.chars();
        while let Some(letter) = rest.next() {
            let index = self.options.iter().position(|option| option.short == Some(half_width(letter)));
            let Some(index) = index else {
                // `-times` is a slip for `--times`.
                let near = self.named(letters).map(|index| self.options[index].name.as_str());
                return Err(Wrong::UnknownOption(word.to_owned(), near));
            };
            if self.options[index].kind == Kind::Flag && !rest.as_str().starts_with(['=', '＝']) {
                self.option(index, None)?;
                continue;
            }
            let value = rest.as_str();
            let value = value.strip_prefix(['=', '＝']).or((!value.is_empty()).then_some(value));
            return self.option(index, value);
        }
        Ok(())
    }

    fn option(&mut self, index: usize, value: Option<&str>) -> Read<'m, ()> {
        let option = &self.options[index];
        if !(self.given[index].is_empty() || option.many || option.kind == Kind::Flag) {
            return Err(Wrong::Twice(option));
        }
        let value = match (option.kind, value) {
            (Kind::Flag, Some(_)) => return Err(Wrong::HasValue(option)),
            (Kind::Flag, None) => json!(true),
            (Kind::Image, _) => self.image().ok_or(Wrong::NoValue(option))?,
            (_, Some(value)) => read(option, unquoted(value))?,
            (Kind::User, None) if !self.people.said.is_empty() => {
                self.people.said.pop_front().unwrap_or_default()
            }
            (_, None) => {
                let next = self.words.front().copied();
                let next = next.filter(|word| word.quoted || !self.is_known_option(word.text));
                let word = next.ok_or(Wrong::NoValue(option))?;
                self.words.pop_front();
                read(option, word.text)?
            }
        };
        self.given[index].push(value);
        Ok(())
    }

    fn is_known_option(&self, word: &str) -> bool {
        match self.as_option(word) {
            None => false,
            Some(Spelled::End) => true,
            Some(Spelled::Long(name, _)) => self.named(&name).is_some(),
            Some(Spelled::Short(letters)) => {
                let first = letters.chars().next().map(half_width);
                self.options.iter().any(|option| option.short.is_some() && option.short == first)
            }
        }
    }

    fn named(&self, name: &str) -> Option<usize> {
        self.options.iter().position(|option| same_word(&option.name, name))
    }

    fn image(&mut self) -> Option<Value> {
        let content = self.content;
        let images = self.images.get_or_insert_with(|| images(content));
        serde_json::to_value(images.pop_front()?).ok()
    }
}

/// A word that begins with dashes.
enum Spelled<'w> {
    /// `--`
    End,
    /// `--name`, `--name=value`
    Long(String, Option<&'w str>),
    Short(&'w str),
}

fn long_option(text: &str) -> Spelled<'_> {
    let (name, value) = match text.split_once(['=', '＝']) {
        Some((name, value)) => (name, Some(value)),
        None => (text, None),
    };
    Spelled::Long(name.to_owned(), value)
}

fn read<'m>(argument: &'m Argument, word: &str) -> Read<'m, Value> {
    argument.read(word).map_err(|fault| Wrong::Unfit(argument, word.to_owned(), fault))
}

/// `--name="value"`; white space inside would have ended the word.
fn unquoted(value: &str) -> &str {
    let inside = |open, close| value.strip_prefix(open)?.strip_suffix(close);
    inside('"', '"').or_else(|| inside('“', '”')).unwrap_or(value)
}

/// Who is mentioned, the bot itself left out.
struct People {
    said: VecDeque<Value>,
    /// Mentioned before the text: QQ does that by itself with a quote. Counts if nobody else is named.
    quoted: Option<Value>,
}

impl People {
    fn of(content: &[Segment]) -> Self {
        let mut people = Self { said: VecDeque::new(), quoted: None };
        let mut begun = false;
        for segment in content {
            match segment {
                Segment::Text(text) => begun |= !text.trim().is_empty(),
                Segment::At(Mention::User(user)) if !user.is_self => {
                    let value = json!({"id": user.id, "name": user.name});
                    if begun {
                        people.said.push_back(value);
                    } else {
                        people.quoted = Some(value);
                    }
                }
                _ => {}
            }
        }
        people
    }
}

/// The images of a message; if it has none, those of the message that it quotes, where the host knows them.
fn images(content: &[Segment]) -> VecDeque<Image> {
    let of = |content: &[Segment]| -> VecDeque<Image> {
        let image = |segment: &Segment| match segment {
            Segment::Image(image) => Some(image.clone()),
            _ => None,
        };
        content.iter().filter_map(image).collect()
    };
    let own = of(content);
    if !own.is_empty() {
        return own;
    }
    let quoted = content.iter().find_map(|segment| match segment {
        Segment::Reply(quote) => quote.content.as_deref(),
        _ => None,
    });
    let quoted = quoted.and_then(|json| serde_json::from_str::<Vec<Segment>>(json).ok());
    quoted.map(|content| of(&content)).unwrap_or_default()
}

#[cfg(test)]
mod tests;
