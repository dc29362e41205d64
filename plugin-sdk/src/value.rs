//! What a command's parameter may be: the kind that its manifest declares, and how the host's value becomes it.

#![allow(missing_docs, reason = "public for the macros only")]

use std::{fmt::Display, marker::PhantomData, str::FromStr, time::Duration};

use crate::{
    args::{Mention, Rest},
    clock::parse_duration,
    json::Json,
    manifest::Bound,
    types::{Image, Media, MediaSource},
};

/// A kind of argument, as the manifest has it.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    pub name: &'static str,
    pub min: Option<Bound>,
    pub max: Option<Bound>,
    pub choices: &'static [&'static str],
}

impl Kind {
    #[must_use]
    pub const fn plain(name: &'static str) -> Self {
        Self { name, min: None, max: None, choices: &[] }
    }

    #[must_use]
    pub const fn choice(choices: &'static [&'static str]) -> Self {
        Self { choices, ..Self::plain("choice") }
    }
}

/// A type that the host parses. All others are text, read by their `FromStr`.
pub trait Typed: Sized {
    const KIND: Kind;

    /// # Errors
    /// Why the value is none of this type.
    fn read(value: &Json) -> Result<Self, String>;
}

/// Any `FromStr` type.
#[diagnostic::on_unimplemented(
    message = "a handler cannot take an argument of type `{Self}`",
    label = "this is not read from a user's words",
    note = "an argument is a number, a `String`, `Rest`, `Mention`, `Image`, `Duration`, an enum that derives `Choice`, any type that \
            implements `FromStr` with an error that implements `Display`, or an `Option` or `Vec` of these; `#[option] name: bool` \
            is a flag; the event is taken by reference"
)]
pub trait Word: Sized {
    /// # Errors
    /// The type's own.
    fn from_word(word: &str) -> Result<Self, String>;
}

impl<T: FromStr<Err: Display>> Word for T {
    fn from_word(word: &str) -> Result<Self, String> {
        word.parse().map_err(|error: T::Err| error.to_string())
    }
}

/// `Of::<T>::KIND` and `Of::<T>::read`: the type's own if it is [`Typed`], else those of [`Untyped`], because an inherent
/// item goes before a trait's.
#[derive(Debug)]
pub struct Of<T>(PhantomData<T>);

impl<T: Typed> Of<T> {
    pub const KIND: Kind = T::KIND;

    /// # Errors
    /// As [`Typed::read`].
    pub fn read(value: &Json) -> Result<T, String> {
        T::read(value)
    }
}

pub trait Untyped<T> {
    const KIND: Kind = Kind::plain("text");

    /// # Errors
    /// As [`Word::from_word`].
    fn read(value: &Json) -> Result<T, String>
    where
        T: Word,
    {
        T::from_word(value.written())
    }
}

impl<T> Untyped<T> for Of<T> {}

macro_rules! numbers {
    ($($ty:ty: $kind:literal, $min:expr, $max:expr;)*) => {$(
        impl Typed for $ty {
            const KIND: Kind = Kind { min: $min, max: $max, ..Kind::plain($kind) };

            fn read(value: &Json) -> Result<Self, String> {
                Self::from_word(value.written())
            }
        }
    )*};
}

const fn signed(bound: i64) -> Option<Bound> {
    Some(Bound::Signed(bound))
}

const fn unsigned(bound: u64) -> Option<Bound> {
    Some(Bound::Unsigned(bound))
}

numbers! {
    i8: "integer", signed(i8::MIN as i64), signed(i8::MAX as i64);
    i16: "integer", signed(i16::MIN as i64), signed(i16::MAX as i64);
    i32: "integer", signed(i32::MIN as i64), signed(i32::MAX as i64);
    i64: "integer", None, signed(i64::MAX);
    i128: "integer", None, None;
    isize: "integer", signed(isize::MIN as i64), signed(isize::MAX as i64);
    u8: "integer", unsigned(0), unsigned(u8::MAX as u64);
    u16: "integer", unsigned(0), unsigned(u16::MAX as u64);
    u32: "integer", unsigned(0), unsigned(u32::MAX as u64);
    u64: "integer", unsigned(0), None;
    u128: "integer", unsigned(0), None;
    usize: "integer", unsigned(0), unsigned(usize::MAX as u64);
    f32: "number", None, None;
    f64: "number", None, None;
}

impl Typed for bool {
    const KIND: Kind = Kind::plain("flag");

    fn read(value: &Json) -> Result<Self, String> {
        Ok(value.written() == "true")
    }
}

/// To the host it is a text.
impl Typed for Duration {
    const KIND: Kind = Kind::plain("text");

    fn read(value: &Json) -> Result<Self, String> {
        parse_duration(value.written())
    }
}

impl Typed for Rest {
    const KIND: Kind = Kind::plain("rest");

    fn read(value: &Json) -> Result<Self, String> {
        Ok(Self(value.written().to_owned()))
    }
}

impl Typed for Mention {
    const KIND: Kind = Kind::plain("user");

    fn read(value: &Json) -> Result<Self, String> {
        match value {
            Json::Object(_) => Ok(Self {
                id: value.get("id").map_or("", Json::written).to_owned(),
                name: text(value, "name"),
            }),
            word => Self::from_word(word.written()),
        }
    }
}

impl Typed for Image {
    const KIND: Kind = Kind::plain("image");

    fn read(value: &Json) -> Result<Self, String> {
        let wrong = || "this is no image".to_owned();
        let media = value.get("media").ok_or_else(wrong)?;
        let source = media.get("source").ok_or_else(wrong)?;
        let place = text(source, "data").ok_or_else(wrong)?;
        let source = match source.get("type").map_or("", Json::written) {
            "url" => MediaSource::Url(place),
            "platform-file" => MediaSource::PlatformFile(place),
            "path" => MediaSource::Path(place),
            _ => return Err(wrong()),
        };
        let size = media.get("size").and_then(|size| size.written().parse().ok());
        let pixels = |key| value.get(key).and_then(|pixels| pixels.written().parse().ok());
        Ok(Self {
            media: Media {
                source,
                name: text(media, "name"),
                size,
                file_id: text(media, "file_id"),
                mime_type: text(media, "mime_type"),
            },
            summary: text(value, "summary"),
            sub_type: text(value, "sub_type"),
            width: pixels("width"),
            height: pixels("height"),
        })
    }
}

fn text(object: &Json, key: &str) -> Option<String> {
    match object.get(key)? {
        Json::Text(text) => Some(text.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    #[test]
    fn an_image_is_read_as_serde_reads_it() {
        let written = r#"{"media": {"source": {"type": "url", "data": "https://x/y"}, "name": "a.png", "size": 12, "file_id": "f"},
            "summary": "[图]", "width": 3}"#;
        let read = Image::read(&json::parse(written).unwrap()).unwrap();
        assert_eq!(read, serde_json::from_str(written).unwrap());
        for wrong in ["{}", "null", r#"{"media": {"source": {"type": "bytes", "data": "AA"}}}"#] {
            assert!(Image::read(&json::parse(wrong).unwrap()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn types_choose_their_kinds() {
        struct Own;
        let kinds = [Of::<u8>::KIND, Of::<f32>::KIND, Of::<bool>::KIND, Of::<Own>::KIND, Of::<String>::KIND];
        assert_eq!(kinds.map(|kind| kind.name), ["integer", "number", "flag", "text", "text"]);
    }
}
