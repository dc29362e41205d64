//! One segment of the contract, as NapCat takes it.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::Upload;
use crate::model::{
    ContactKind, Error, Forward, Media, MediaSource, Mention, Music, Segment, UnknownSegment,
};

/// NapCat's music services.
const MUSIC: [&str; 5] = ["qq", "163", "kugou", "migu", "kuwo"];

/// What QQ carries only as the one element of a message, in OneBot's words.
const SINGLE: [&str; 9] =
    ["record", "video", "file", "forward", "contact", "music", "json", "mface", "markdown"];

#[derive(Clone, Copy)]
pub(super) struct Scope {
    /// A private or temporary chat.
    pub(super) private: bool,
    /// How many merged messages are around this.
    pub(super) depth: usize,
}

pub(super) enum Piece<'a> {
    /// Nothing to show here.
    Nothing,
    /// May stand beside others.
    Mixes(Value),
    /// Must be the only one of its message.
    Alone(Value),
    /// A merged message that has to be made.
    Merged(&'a Forward),
}

/// `upload` grows by what the segment's media need.
pub(super) fn encode<'a>(
    segment: &'a Segment,
    scope: Scope,
    upload: &mut Upload,
) -> Result<Piece<'a>, Error> {
    Ok(match segment {
        Segment::Text(text) if text.is_empty() => Piece::Nothing,
        Segment::Text(text) => mixes("text", json!({"text": text})),
        Segment::Face(face) => {
            let mut data = object(json!({"id": required("face", "id", &face.id)?}));
            put(&mut data, "resultId", face.result_id.as_deref());
            if let Some(count) = face.chain_count {
                data.insert("chainCount".to_owned(), count.into());
            }
            mixes("face", Value::Object(data))
        }
        Segment::Mface(sticker) if sticker.emoji_id.is_empty() => {
            return unsupported("this store sticker", "it came without its number; send it as an image");
        }
        Segment::Mface(sticker) => {
            let mut data = object(json!({
                "emoji_id": sticker.emoji_id,
                "emoji_package_id": number_or_text(&sticker.package_id),
                "key": sticker.key,
            }));
            put(&mut data, "summary", sticker.summary.as_deref());
            alone("mface", Value::Object(data))
        }
        Segment::Image(image) => {
            let mut data = media(&image.media, "image", Duration::from_secs(60), upload)?;
            put(&mut data, "summary", image.summary.as_deref());
            if let Some(sub_type) = &image.sub_type {
                data.insert("sub_type".to_owned(), number_or_text(sub_type));
            }
            mixes("image", Value::Object(data))
        }
        Segment::Voice(voice) => {
            alone("record", Value::Object(media(&voice.media, "voice", Duration::from_secs(60), upload)?))
        }
        Segment::Video(video) => {
            let mut data = media(&video.media, "video", Duration::from_secs(300), upload)?;
            if let Some(cover) = &video.cover {
                if let MediaSource::Bytes(bytes) = cover {
                    upload.add(Upload { bytes: bytes.len() as u64, allowance: Duration::ZERO });
                }
                data.insert("thumb".to_owned(), source(cover, None, "cover")?.into());
            }
            alone("video", Value::Object(data))
        }
        Segment::File(file) => {
            alone("file", Value::Object(media(file, "file", Duration::from_secs(300), upload)?))
        }
        Segment::At(Mention::Channel(_)) => {
            return unsupported("a link to a channel", "QQ groups have no channels");
        }
        // NapCat ignores it too; left out here so that a message of nothing else is seen to be empty.
        Segment::At(_) if scope.private && scope.depth == 0 => Piece::Nothing,
        Segment::At(Mention::Everyone) => mixes("at", json!({"qq": "all"})),
        Segment::At(Mention::User(user)) => mixes("at", json!({"qq": required("at", "id", &user.id)?})),
        Segment::Reply(quote) => mixes("reply", json!({"id": required("reply", "message", &quote.message)?})),
        Segment::Forward(forward) => {
            forward_by_id(forward).map_or(Piece::Merged(forward), |id| alone("forward", json!({"id": id})))
        }
        Segment::Rps(_) => mixes("rps", json!({})),
        Segment::Dice(_) => mixes("dice", json!({})),
        Segment::Contact(contact) => {
            let kind = match contact.kind {
                ContactKind::User => "qq",
                ContactKind::Group => "group",
            };
            alone("contact", json!({"type": kind, "id": required("contact", "id", &contact.id)?}))
        }
        Segment::Music(music) => alone("music", music_data(music)?),
        Segment::Card(card) | Segment::Lightapp(card) => {
            if let Err(reason) = serde_json::from_str::<serde::de::IgnoredAny>(card) {
                return Err(Error::Invalid(format!(
                    "the card is no JSON ({reason}); give QQ's own JSON of it"
                )));
            }
            alone("json", json!({"data": card}))
        }
        Segment::Markdown(_) if scope.depth == 0 => {
            return unsupported("markdown", "put it into a node of a forward, or send text");
        }
        Segment::Markdown(markdown) => match &markdown.content {
            Some(content) => alone("markdown", json!({"content": content})),
            None => return unsupported("a markdown template", "give its content as text"),
        },
        Segment::Other(other) => unknown(other, scope)?,
        Segment::Shake => return unsupported("shake", "poke with the action `friends.poke`"),
        Segment::Poke(_) => return unsupported("poke as a segment", "poke with the action `friends.poke`"),
        Segment::Share(_) => return unsupported("share", "send the link as text, or a signed card"),
        Segment::Location(_) => return unsupported("location", "send the place as text"),
        Segment::Xml(_) => return unsupported("xml", "send a card or text"),
        Segment::Keyboard(_) => {
            return unsupported("keyboard", "only bots of the official platform have buttons");
        }
        Segment::Ark(_) => {
            return unsupported("ark", "only bots of the official platform have it; send a card");
        }
        Segment::Embed(_) => return unsupported("embed", "only channels of the official platform have it"),
    })
}

/// The id that sends a merged message again. What NapCat gives with a received one is 19 digits and names it for
/// reading only, so such a one is made anew from its nodes when they are known.
fn forward_by_id(forward: &Forward) -> Option<&str> {
    let id = forward.id.as_deref().filter(|id| !id.is_empty())?;
    let only_for_reading = id.bytes().all(|byte| byte.is_ascii_digit());
    (forward.nodes.is_empty() || !only_for_reading).then_some(id)
}

fn music_data(music: &Music) -> Result<Value, Error> {
    let track = match music {
        Music::Track(track) => track,
        Music::Custom(custom) => {
            let mut data = object(json!({
                "type": "custom",
                "url": required("music", "url", &custom.url)?,
                "audio": custom.audio,
                "title": custom.title,
            }));
            put(&mut data, "image", custom.image.as_deref());
            put(&mut data, "singer", custom.singer.as_deref());
            return Ok(Value::Object(data));
        }
    };
    if !MUSIC.contains(&track.source.as_str()) {
        let known = MUSIC.join(", ");
        return unsupported(
            &format!("music of `{}`", track.source),
            &format!("choose one of {known}, or custom"),
        );
    }
    Ok(json!({"type": track.source, "id": required("music", "id", &track.id)?}))
}

/// Kinds that NapCat receives and would drop, or fail on with a text that helps nobody.
fn unknown(segment: &UnknownSegment, scope: Scope) -> Result<Piece<'_>, Error> {
    let remedy = match segment.kind.as_str() {
        "onlinefile" => "call the action `send_online_file`",
        "flashtransfer" | "flash_file" => "call the action `send_flash_msg`",
        "poke" | "shake" => "poke with the action `friends.poke`",
        "share" | "location" | "xml" | "miniapp" | "lightapp" | "keyboard" | "anonymous" | "redbag"
        | "gift" | "cardimage" | "tts" => "send it as text or as a signed card",
        "node" => "use a forward segment, which holds the nodes",
        "markdown" if scope.depth == 0 => "put it into a node of a forward, or send text",
        "" => return Err(Error::Invalid("a segment has no kind; name the platform's `type`".to_owned())),
        _ => {
            let Ok(data @ Value::Object(_)) = serde_json::from_str::<Value>(&segment.data) else {
                return Err(Error::Invalid(format!(
                    "the data of the segment `{}` is no JSON object; give the platform's `data`",
                    segment.kind
                )));
            };
            let single = SINGLE.contains(&segment.kind.as_str());
            return Ok(if single { alone(&segment.kind, data) } else { mixes(&segment.kind, data) });
        }
    };
    unsupported(&segment.kind, remedy)
}

fn media(
    media: &Media,
    what: &str,
    unknown: Duration,
    upload: &mut Upload,
) -> Result<Map<String, Value>, Error> {
    match (&media.source, media.size) {
        (MediaSource::Bytes(bytes), _) => {
            upload.add(Upload { bytes: bytes.len() as u64, allowance: Duration::ZERO });
        }
        // NapCat fetches it first and uploads it then.
        (_, Some(size)) if size > 0.0 => {
            upload.add(Upload { bytes: (size * 2.0) as u64, allowance: Duration::from_secs(30) });
        }
        _ => upload.add(Upload { bytes: 0, allowance: unknown }),
    }
    let file = source(&media.source, media.name.as_deref(), what)?;
    let mut data = Map::new();
    data.insert("file".to_owned(), file.into());
    put(&mut data, "name", media.name.as_deref());
    Ok(data)
}

/// A received picture may have come without an address; then NapCat may still know it by its name.
pub(in super::super) fn source(
    source: &MediaSource,
    name: Option<&str>,
    what: &str,
) -> Result<String, Error> {
    let text = match source {
        MediaSource::Bytes(bytes) => {
            if bytes.is_empty() {
                return Err(Error::Invalid(format!("the {what} has no bytes")));
            }
            return Ok(format!("base64://{}", STANDARD.encode(bytes)));
        }
        MediaSource::Url(url) if url.is_empty() => name.unwrap_or_default(),
        MediaSource::Url(text) | MediaSource::PlatformFile(text) | MediaSource::Path(text) => text,
    };
    if text.is_empty() {
        return Err(Error::Invalid(format!("the {what} has no source; give an address, bytes or a path")));
    }
    Ok(text.to_owned())
}

fn required<'a>(what: &str, field: &str, value: &'a str) -> Result<&'a str, Error> {
    if value.is_empty() {
        Err(Error::Invalid(format!("the segment {what} has an empty {field}")))
    } else {
        Ok(value)
    }
}

fn unsupported<T>(what: &str, remedy: &str) -> Result<T, Error> {
    Err(Error::Unsupported(format!("NapCat cannot send {what}: {remedy}")))
}

fn mixes<'a>(kind: &str, data: Value) -> Piece<'a> {
    Piece::Mixes(typed(kind, data))
}

fn alone<'a>(kind: &str, data: Value) -> Piece<'a> {
    Piece::Alone(typed(kind, data))
}

/// `json!` would copy the data, and media in base64 are large.
fn typed(kind: &str, data: Value) -> Value {
    let mut segment = Map::new();
    segment.insert("type".to_owned(), kind.into());
    segment.insert("data".to_owned(), data);
    Value::Object(segment)
}

fn number_or_text(text: &str) -> Value {
    text.parse::<i64>().map_or_else(|_| text.into(), Value::from)
}

fn put(data: &mut Map<String, Value>, key: &str, value: Option<&str>) {
    if let Some(value) = value.filter(|value| !value.is_empty()) {
        data.insert(key.to_owned(), value.into());
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
