//! Message content as NapCat's actions take it. The host does the same for [`messages::send`](crate::messages::send), and
//! splits what QQ cannot carry in one message; an action is one message, as it is.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

use crate::{
    HostError, Message,
    types::{ContactKind, ForwardCover, ForwardNode, Media, MediaSource, Mention, Music, Segment},
};

/// QQ shows merged messages three deep.
const DEPTH: usize = 3;

/// The segments; those of a forward that is made are its nodes, whose card's texts go beside them.
pub(super) fn message(message: &[Segment], beside: &mut Map<String, Value>) -> Result<Vec<Value>, HostError> {
    content(message, 0, beside)
}

pub(super) fn nodes(nodes: &[ForwardNode], depth: usize) -> Result<Vec<Value>, HostError> {
    if depth > DEPTH {
        return unsupported("merged messages so deep", "QQ nests them three deep; take the innermost out");
    }
    if nodes.is_empty() {
        return Err(invalid("the forward has neither an id nor nodes; add a node"));
    }
    nodes.iter().map(|one| node(one, depth)).collect()
}

fn content(
    message: &[Segment],
    depth: usize,
    beside: &mut Map<String, Value>,
) -> Result<Vec<Value>, HostError> {
    if message.is_empty() {
        return Err(invalid("the message is empty; add a segment"));
    }
    // A received forward's id is digits, and good for reading only: it is made anew.
    if let [Segment::Forward(forward)] = message
        && !forward.nodes.is_empty()
        && forward.id.as_deref().is_none_or(|id| id.bytes().all(|byte| byte.is_ascii_digit()))
    {
        if let Some(texts) = &forward.cover {
            cover(texts, beside);
        }
        return nodes(&forward.nodes, depth + 1);
    }
    message.iter().map(|segment| encode(segment, depth)).collect()
}

fn cover(cover: &ForwardCover, beside: &mut Map<String, Value>) {
    put(beside, "source", cover.title.as_deref());
    put(beside, "summary", cover.summary.as_deref());
    put(beside, "prompt", cover.prompt.as_deref());
    if !cover.preview.is_empty() {
        let lines = cover.preview.iter().map(|line| json!({"text": line})).collect();
        beside.insert("news".to_owned(), lines);
    }
}

fn node(node: &ForwardNode, depth: usize) -> Result<Value, HostError> {
    if let Some(message) = node.message.as_deref().filter(|message| !message.is_empty()) {
        return Ok(json!({"type": "node", "data": {"id": message}}));
    }
    let message: Message = node
        .message()
        .map_err(|error| invalid(&format!("a node's content is not the contract's: {error}")))?;
    let mut data = Map::new();
    put(&mut data, "user_id", Some(&node.sender));
    data.insert("nickname".to_owned(), node.nickname.as_str().into());
    if let Some(time) = node.time {
        data.insert("time".to_owned(), (time as i64).into());
    }
    let inside = content(&message, depth, &mut data)?;
    data.insert("content".to_owned(), inside.into());
    Ok(json!({"type": "node", "data": data}))
}

fn encode(segment: &Segment, depth: usize) -> Result<Value, HostError> {
    let (kind, data) = match segment {
        Segment::Text(text) => ("text", json!({"text": text})),
        Segment::Face(face) => {
            let mut data = json!({"id": face.id});
            if let Some(result) = &face.result_id {
                data["resultId"] = result.as_str().into();
            }
            if let Some(count) = face.chain_count {
                data["chainCount"] = count.into();
            }
            ("face", data)
        }
        Segment::Mface(sticker) => {
            let package = number_or_text(&sticker.package_id);
            let mut data =
                json!({"emoji_id": sticker.emoji_id, "emoji_package_id": package, "key": sticker.key});
            if let Some(summary) = &sticker.summary {
                data["summary"] = summary.as_str().into();
            }
            ("mface", data)
        }
        Segment::Image(image) => {
            let mut data = media(&image.media)?;
            put(&mut data, "summary", image.summary.as_deref());
            if let Some(kind) = &image.sub_type {
                data.insert("sub_type".to_owned(), number_or_text(kind));
            }
            ("image", Value::Object(data))
        }
        Segment::Voice(voice) => ("record", Value::Object(media(&voice.media)?)),
        Segment::Video(video) => {
            let mut data = media(&video.media)?;
            if let Some(still) = &video.cover {
                data.insert("thumb".to_owned(), source(still)?.into());
            }
            ("video", Value::Object(data))
        }
        Segment::File(file) => ("file", Value::Object(media(file)?)),
        Segment::At(Mention::User(user)) => ("at", json!({"qq": user.id})),
        Segment::At(Mention::Everyone) => ("at", json!({"qq": "all"})),
        Segment::Reply(quote) => ("reply", json!({"id": quote.message})),
        Segment::Forward(forward) => match forward.id.as_deref().filter(|id| !id.is_empty()) {
            Some(id) => ("forward", json!({"id": id})),
            None => {
                return Err(invalid("a forward to be made is empty or beside other segments; send it alone"));
            }
        },
        Segment::Rps(_) => ("rps", json!({})),
        Segment::Dice(_) => ("dice", json!({})),
        Segment::Contact(contact) => {
            let kind = if contact.kind == ContactKind::Group { "group" } else { "qq" };
            ("contact", json!({"type": kind, "id": contact.id}))
        }
        Segment::Music(Music::Track(track)) => ("music", json!({"type": track.source, "id": track.id})),
        Segment::Music(Music::Custom(music)) => {
            let mut data = Map::new();
            data.insert("type".to_owned(), "custom".into());
            put(&mut data, "url", Some(&music.url));
            put(&mut data, "audio", Some(&music.audio));
            put(&mut data, "title", Some(&music.title));
            put(&mut data, "image", music.image.as_deref());
            put(&mut data, "singer", music.singer.as_deref());
            ("music", Value::Object(data))
        }
        Segment::Card(card) | Segment::Lightapp(card) => ("json", json!({"data": card})),
        Segment::Markdown(markdown) if depth > 0 => match &markdown.content {
            Some(content) => ("markdown", json!({"content": content})),
            None => return unsupported("a markdown template", "give its content as text"),
        },
        Segment::Markdown(_) => {
            return unsupported("markdown", "put it into a node of a forward, or send text");
        }
        Segment::Other(other) => {
            let data = serde_json::from_str::<Value>(&other.data).ok().filter(Value::is_object);
            let reason = || invalid(&format!("the data of the segment `{}` is no JSON object", other.kind));
            (other.kind.as_str(), data.ok_or_else(reason)?)
        }
        Segment::Shake | Segment::Poke(_) => {
            return unsupported("pokes as segments", "use `napcat::send_poke`");
        }
        Segment::At(Mention::Channel(_)) => return unsupported("a link to a channel", "QQ groups have none"),
        Segment::Share(_) | Segment::Location(_) | Segment::Xml(_) => {
            return unsupported("share, location and xml", "send text or a signed card");
        }
        Segment::Keyboard(_) | Segment::Ark(_) | Segment::Embed(_) => {
            return unsupported("keyboard, ark and embed", "only the official platform has them");
        }
    };
    Ok(json!({"type": kind, "data": data}))
}

fn media(media: &Media) -> Result<Map<String, Value>, HostError> {
    let file = match (&media.source, &media.name) {
        // A received picture may have come without an address; NapCat may still know it by its name.
        (MediaSource::Url(url), Some(name)) if url.is_empty() && !name.is_empty() => name.clone(),
        (from, _) => source(from)?,
    };
    let mut data = Map::new();
    data.insert("file".to_owned(), file.into());
    put(&mut data, "name", media.name.as_deref());
    Ok(data)
}

/// A file as NapCat takes it in segments and parameters.
pub(super) fn source(source: &MediaSource) -> Result<String, HostError> {
    match source {
        MediaSource::Bytes(bytes) if !bytes.is_empty() => Ok(format!("base64://{}", STANDARD.encode(bytes))),
        MediaSource::Url(text) | MediaSource::PlatformFile(text) | MediaSource::Path(text)
            if !text.is_empty() =>
        {
            Ok(text.clone())
        }
        _ => Err(invalid("a file has no source; give an address, bytes or a path")),
    }
}

fn put(data: &mut Map<String, Value>, key: &str, value: Option<&str>) {
    if let Some(value) = value.filter(|value| !value.is_empty()) {
        data.insert(key.to_owned(), value.into());
    }
}

fn number_or_text(text: &str) -> Value {
    text.parse::<i64>().map_or_else(|_| text.into(), Value::from)
}

fn invalid(text: &str) -> HostError {
    HostError::Invalid(text.to_owned())
}

fn unsupported<T>(what: &str, remedy: &str) -> Result<T, HostError> {
    Err(HostError::Unsupported(format!("NapCat cannot send {what}: {remedy}")))
}
