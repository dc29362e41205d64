//! From typed text to a message's content: mentions and two kinds of segments can be written by hand.

use super::{BOT_ID, BOT_WORD};
use crate::model::{Face, Image, Media, MediaSource, Mention, Mentioned, Segment};

/// The segments of a typed line. `@bot`, `@10002` and `@all` mention when they stand as words of their own; `[face 14]`
/// and `[image: ADDRESS]` are what they say; everything else is text.
pub(super) fn content(line: &str) -> Vec<Segment> {
    let mut content = Vec::new();
    let mut text = String::new();
    let mut rest = line;
    while let Some(next) = rest.chars().next() {
        let at_word = text.chars().next_back().is_none_or(char::is_whitespace);
        let found = match next {
            '@' if at_word => mention(rest),
            '[' => bracket(rest),
            _ => None,
        };
        if let Some((segment, length)) = found {
            if !text.is_empty() {
                content.push(Segment::Text(std::mem::take(&mut text)));
            }
            content.push(segment);
            rest = &rest[length..];
        } else {
            text.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    if !text.is_empty() {
        content.push(Segment::Text(text));
    }
    content
}

/// A mention at the beginning of `text`, and its length in bytes.
fn mention(text: &str) -> Option<(Segment, usize)> {
    let word = text[1..].split(char::is_whitespace).next().unwrap_or_default();
    let mention = match word {
        BOT_WORD | BOT_ID => mentioned(BOT_ID, true),
        "all" | "everyone" | "全体成员" => Mention::Everyone,
        id if !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()) => mentioned(id, false),
        _ => return None,
    };
    Some((Segment::At(mention), 1 + word.len()))
}

fn mentioned(id: &str, is_self: bool) -> Mention {
    Mention::User(Mentioned { id: id.to_owned(), name: None, is_self })
}

/// A segment in brackets at the beginning of `text`, and its length in bytes.
fn bracket(text: &str) -> Option<(Segment, usize)> {
    let inside = &text[1..text.find(']')?];
    let segment = if let Some(id) = inside.strip_prefix("face ") {
        let id = id.trim();
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        Segment::Face(Face { id: id.to_owned(), text: None, kind: None, result_id: None, chain_count: None })
    } else {
        let address = inside.strip_prefix("image:")?.trim();
        if address.is_empty() {
            return None;
        }
        Segment::Image(image(address))
    };
    Some((segment, inside.len() + 2))
}

fn image(address: &str) -> Image {
    let source = if address.contains("://") {
        MediaSource::Url(address.to_owned())
    } else {
        MediaSource::Path(address.to_owned())
    };
    let name = address.rsplit(['/', '\\']).next().filter(|name| !name.is_empty()).map(str::to_owned);
    let media = Media { source, name, size: None, file_id: None, mime_type: None };
    Image { media, summary: None, sub_type: None, width: None, height: None }
}
