//! A JSON document as it stands in a frame: strings borrowed, keys in their order, and reading that never fails.
//!
//! Platforms write ids as numbers or strings and leave fields out as they like, so nothing here insists on a type: what
//! cannot be read as wanted is absent.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap as _, Serializer};

/// One JSON value. Nesting is bounded by serde_json's depth limit (128).
#[derive(Debug, Clone, PartialEq, Hash)]
pub(in crate::adapter) enum Node<'a> {
    Null,
    Bool(bool),
    Number(serde_json::Number),
    Text(Cow<'a, str>),
    List(Vec<Node<'a>>),
    Object(Vec<(Cow<'a, str>, Node<'a>)>),
}

static NULL: Node<'static> = Node::Null;

impl<'a> Node<'a> {
    /// The field with this name, or null. The last one of that name counts, as in JavaScript.
    pub(in crate::adapter) fn at(&self, key: &str) -> &Node<'a> {
        match self {
            Node::Object(fields) => {
                fields.iter().rev().find(|(name, _)| name == key).map_or(&NULL, |(_, value)| value)
            }
            _ => &NULL,
        }
    }

    pub(in crate::adapter) fn is_null(&self) -> bool {
        matches!(self, Node::Null)
    }

    /// A string, as it stands.
    pub(in crate::adapter) fn as_str(&self) -> Option<&str> {
        match self {
            Node::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Text, wherever it is not empty; numbers and booleans count as their text.
    pub(in crate::adapter) fn words(&self) -> Option<String> {
        match self {
            Node::Text(text) => Some(text.to_string()).filter(|text| !text.is_empty()),
            Node::Number(number) => Some(whole(number).unwrap_or_else(|| number.to_string())),
            Node::Bool(value) => Some(value.to_string()),
            _ => None,
        }
    }

    /// An id: a string that is not empty, or a whole number.
    pub(in crate::adapter) fn id(&self) -> Option<String> {
        match self {
            Node::Text(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
            Node::Number(number) => whole(number),
            _ => None,
        }
    }

    /// Whether it is this id.
    pub(in crate::adapter) fn is(&self, id: &str) -> bool {
        match self {
            Node::Text(text) => text.trim() == id,
            Node::Number(number) => match number.as_i64() {
                Some(number) => id.parse() == Ok(number),
                None => whole(number).as_deref() == Some(id),
            },
            _ => false,
        }
    }

    /// An id that names something: OneBot writes 0 for "unknown".
    pub(in crate::adapter) fn known_id(&self) -> Option<String> {
        self.id().filter(|id| id != "0")
    }

    /// A number, or a string that holds one.
    pub(in crate::adapter) fn number(&self) -> Option<f64> {
        match self {
            Node::Number(number) => number.as_f64(),
            Node::Text(text) => text.trim().parse().ok(),
            _ => None,
        }
        .filter(|number| number.is_finite())
    }

    /// A count that fits; negative and too large numbers are absent.
    pub(in crate::adapter) fn count(&self) -> Option<u32> {
        self.number()
            .filter(|number| (0.0..=f64::from(u32::MAX)).contains(number))
            .map(|number| number as u32)
    }

    /// A boolean, or "true" or "false".
    pub(in crate::adapter) fn truth(&self) -> Option<bool> {
        match self {
            Node::Bool(value) => Some(*value),
            Node::Text(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// The elements of a list; none for anything else.
    pub(in crate::adapter) fn items(&self) -> &[Node<'a>] {
        match self {
            Node::List(items) => items,
            _ => &[],
        }
    }

    /// The document again as JSON text.
    pub(in crate::adapter) fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// A whole number's decimal text. Floats count when nothing is lost.
fn whole(number: &serde_json::Number) -> Option<String> {
    if let Some(number) = number.as_i64() {
        return Some(number.to_string());
    }
    if number.is_f64() {
        let value = number.as_f64()?;
        let exact = value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0;
        return exact.then(|| (value as i64).to_string());
    }
    Some(number.to_string())
}

impl<'de> Deserialize<'de> for Node<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Node<'de>, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node<'de>, E> {
        Ok(Node::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node<'de>, E> {
        Ok(Node::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node<'de>, E> {
        Ok(Node::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node<'de>, E> {
        Ok(serde_json::Number::from_f64(value).map_or(Node::Null, Node::Number))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Node<'de>, E> {
        Ok(Node::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node<'de>, E> {
        Ok(Node::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_string<E>(self, text: String) -> Result<Node<'de>, E> {
        Ok(Node::Text(Cow::Owned(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node<'de>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Node<'de>, A::Error> {
        let mut fields = Vec::with_capacity(8);
        while let Some(Key(name)) = object.next_key()? {
            fields.push((name, object.next_value()?));
        }
        Ok(Node::Object(fields))
    }
}

/// A field's name, borrowed where it has no escapes.
pub(in crate::adapter) struct Key<'a>(pub(in crate::adapter) Cow<'a, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}

impl Serialize for Node<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Node::Null => serializer.serialize_unit(),
            Node::Bool(value) => serializer.serialize_bool(*value),
            Node::Number(number) => number.serialize(serializer),
            Node::Text(text) => serializer.serialize_str(text),
            Node::List(items) => serializer.collect_seq(items),
            Node::Object(fields) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for (name, value) in fields {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    }
}
