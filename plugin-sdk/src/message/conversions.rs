//! What a message is made from, and what it reads like.

use std::{fmt, ops::Deref};

use super::Message;
use crate::types::{Mention, Segment};

impl Deref for Message {
    type Target = [Segment];

    fn deref(&self) -> &[Segment] {
        &self.0
    }
}

impl IntoIterator for Message {
    type Item = Segment;
    type IntoIter = std::vec::IntoIter<Segment>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Message {
    type Item = &'a Segment;
    type IntoIter = std::slice::Iter<'a, Segment>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl Extend<Segment> for Message {
    fn extend<I: IntoIterator<Item = Segment>>(&mut self, segments: I) {
        self.0.extend(segments);
    }
}

impl FromIterator<Segment> for Message {
    fn from_iter<I: IntoIterator<Item = Segment>>(segments: I) -> Self {
        Self(segments.into_iter().collect())
    }
}

impl From<Vec<Segment>> for Message {
    fn from(segments: Vec<Segment>) -> Self {
        Self(segments)
    }
}

impl From<Segment> for Message {
    fn from(segment: Segment) -> Self {
        Self(vec![segment])
    }
}

impl From<&str> for Message {
    fn from(text: &str) -> Self {
        Self::new().text(text)
    }
}

impl From<String> for Message {
    fn from(text: String) -> Self {
        Self(vec![Segment::Text(text)])
    }
}

impl From<&String> for Message {
    fn from(text: &String) -> Self {
        Self::from(text.as_str())
    }
}

/// Equal to a text if it is that text and nothing else.
impl PartialEq<str> for Message {
    fn eq(&self, text: &str) -> bool {
        self.0.iter().all(|segment| matches!(segment, Segment::Text(_))) && self.plain_text() == text
    }
}

impl PartialEq<&str> for Message {
    fn eq(&self, text: &&str) -> bool {
        self == *text
    }
}

impl PartialEq<String> for Message {
    fn eq(&self, text: &String) -> bool {
        self == text.as_str()
    }
}

/// For people: text as it is, other segments as `[image]`.
impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for segment in self {
            match segment {
                Segment::Text(text) => f.write_str(text)?,
                Segment::At(Mention::User(user)) => write!(f, "@{}", user.name.as_ref().unwrap_or(&user.id))?,
                Segment::At(Mention::Everyone) => f.write_str("@everyone")?,
                other => {
                    let debug = format!("{other:?}");
                    let name = debug.trim_start_matches("Segment::");
                    let end = name.find(|c: char| !c.is_alphanumeric()).unwrap_or(name.len());
                    write!(f, "[{}]", name[..end].to_lowercase())?;
                }
            }
        }
        Ok(())
    }
}
