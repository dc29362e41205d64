//! The platform's text: faces, mentions and links as tags between words.

use std::borrow::Cow;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::adapter::node::Node;
use crate::model::{Face, Mention, Mentioned, Mface, Segment};

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const BASE64: GeneralPurpose = GeneralPurpose::new(&STANDARD, LENIENT);
/// Ids in tags are shorter than this.
const ID: usize = 128;

/// How a text is to be read.
#[derive(Clone, Copy)]
pub(super) struct Dialect<'a> {
    /// Guilds escape `&`, `<` and `>` in what users write, and link channels and faces by tags of their own.
    pub(super) guild: bool,
    /// Tags name users: not in private chats, where nobody can be mentioned.
    pub(super) mentions: bool,
    /// `@everyone` is a mention and not what a user typed.
    pub(super) everyone: bool,
    /// The name of a user, and whether it is the bot.
    pub(super) user: &'a dyn Fn(&str) -> (Option<String>, bool),
}

/// Splits a text. What is no tag, or a malformed one, stays text.
pub(super) fn read(text: &str, dialect: Dialect<'_>) -> Vec<Segment> {
    let mut segments = Vec::new();
    let (mut start, mut at) = (0, 0);
    let begins = |letter| letter == '<' || (dialect.everyone && letter == '@');
    while let Some(found) = text[at..].find(begins) {
        at += found;
        match tag(&text[at..], dialect) {
            Some((segment, length)) => {
                push_text(&mut segments, &text[start..at], dialect);
                segments.push(segment);
                at += length;
                start = at;
            }
            None => at += 1,
        }
    }
    push_text(&mut segments, &text[start..], dialect);
    segments
}

fn push_text(segments: &mut Vec<Segment>, text: &str, dialect: Dialect<'_>) {
    if !text.is_empty() {
        let text = if dialect.guild { unescaped(text) } else { Cow::Borrowed(text) };
        segments.push(Segment::Text(text.into_owned()));
    }
}

/// The segment that a text begins with, and its length in bytes.
fn tag(text: &str, dialect: Dialect<'_>) -> Option<(Segment, usize)> {
    let mut rest = text;
    let segment = if skip(&mut rest, "<faceType=") {
        face(&mut rest)?
    } else if !dialect.mentions {
        return None;
    } else if skip(&mut rest, "@everyone") {
        Segment::At(Mention::Everyone)
    } else if skip(&mut rest, "<@") {
        skip(&mut rest, "!");
        let id = id(&mut rest)?;
        skip(&mut rest, ">").then_some(())?;
        match id {
            "all" | "everyone" => Segment::At(Mention::Everyone),
            id => user(id, dialect),
        }
    } else if skip(&mut rest, "<qqbot-at-everyone") {
        closed(&mut rest)?;
        Segment::At(Mention::Everyone)
    } else if skip(&mut rest, "<qqbot-at-user") {
        rest = rest.trim_start();
        skip(&mut rest, "id=\"").then_some(())?;
        let id = id(&mut rest)?;
        skip(&mut rest, "\"").then_some(())?;
        closed(&mut rest)?;
        user(id, dialect)
    } else if dialect.guild && skip(&mut rest, "<#") {
        let id = id(&mut rest)?.to_owned();
        skip(&mut rest, ">").then_some(())?;
        Segment::At(Mention::Channel(Mentioned { id, name: None, is_self: false }))
    } else if dialect.guild && skip(&mut rest, "<emoji:") {
        let id = id(&mut rest)?.to_owned();
        skip(&mut rest, ">").then_some(())?;
        Segment::Face(Face { id, text: None, kind: None, result_id: None, chain_count: None })
    } else {
        return None;
    };
    Some((segment, text.len() - rest.len()))
}

fn user(id: &str, dialect: Dialect<'_>) -> Segment {
    let (name, is_self) = (dialect.user)(id);
    Segment::At(Mention::User(Mentioned { id: id.to_owned(), name, is_self }))
}

/// The end of `<tag ... />`.
fn closed(rest: &mut &str) -> Option<()> {
    *rest = rest.trim_start();
    skip(rest, "/");
    skip(rest, ">").then_some(())
}

fn skip(rest: &mut &str, head: &str) -> bool {
    match rest.strip_prefix(head) {
        Some(tail) => {
            *rest = tail;
            true
        }
        None => false,
    }
}

fn id<'a>(rest: &mut &'a str) -> Option<&'a str> {
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let length = rest.bytes().take(ID + 1).take_while(fits).count();
    let (id, tail) = rest.split_at(length);
    *rest = tail;
    (1..=ID).contains(&length).then_some(id)
}

/// `N,faceId="ID",ext="BASE64">`, where BASE64 is `{"text": "..."}`. The id may be empty.
fn face(rest: &mut &str) -> Option<Segment> {
    let kind = id(rest).filter(|kind| kind.bytes().all(|byte| byte.is_ascii_digit()))?;
    skip(rest, ",faceId=\"").then_some(())?;
    let (face, tail) = rest.split_once('"').filter(|(face, _)| !face.contains(['<', '>']))?;
    *rest = tail;
    skip(rest, ",ext=\"").then_some(())?;
    let (ext, tail) = rest.split_once('"')?;
    *rest = tail;
    skip(rest, ">").then_some(())?;
    let text = if ext.is_empty() { None } else { face_text(ext)? };
    if kind == "4" {
        return Some(Segment::Mface(Mface {
            emoji_id: face.to_owned(),
            package_id: String::new(),
            key: String::new(),
            summary: text,
            media: None,
        }));
    }
    Some(Segment::Face(Face {
        id: face.to_owned(),
        text,
        kind: Some(kind.to_owned()),
        result_id: None,
        chain_count: None,
    }))
}

/// `None` if it is not what a face carries; the text itself may be empty.
fn face_text(ext: &str) -> Option<Option<String>> {
    let bytes = BASE64.decode(ext).ok()?;
    let node: Node<'_> = serde_json::from_slice(&bytes).ok()?;
    matches!(node, Node::Object(_)).then(|| node.at("text").words())
}

fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let known = [("&amp;", '&'), ("&lt;", '<'), ("&gt;", '>')];
        match known.iter().find(|(escape, _)| rest.starts_with(escape)) {
            Some((escape, letter)) => {
                out.push(*letter);
                rest = &rest[escape.len()..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}
