//! From a message's content to text that a person can read.

use std::fmt::Write as _;

use crate::model::{
    Contact, ContactKind, Forward, ForwardNode, Media, MediaSource, Mention, Mentioned, Music, Segment,
};

/// How much of a quoted text or of JSON is shown.
const EXCERPT: usize = 40;

/// How deep merged messages are opened: as deep as QQ nests them.
const DEPTH: usize = 3;

/// What the text may draw on beside the segments themselves.
pub(super) struct Known<'a> {
    /// A user's name.
    pub(super) name: &'a dyn Fn(&str) -> Option<String>,
    /// The text of an earlier message.
    pub(super) quoted: &'a dyn Fn(&str) -> Option<String>,
}

/// Text as it is, everything else in brackets. A merged message takes a line for each of its nodes.
pub(super) fn show(content: &[Segment], known: &Known<'_>) -> String {
    show_within(content, known, DEPTH)
}

fn show_within(content: &[Segment], known: &Known<'_>, depth: usize) -> String {
    content.iter().map(|segment| show_one(segment, known, depth)).collect()
}

fn show_one(segment: &Segment, known: &Known<'_>, depth: usize) -> String {
    match segment {
        Segment::Text(text) => printable(text),
        Segment::Face(face) => tag("face", &[Some(&face.id), face.text.as_ref()]),
        Segment::Mface(face) => labelled("sticker", &[face.summary.as_ref().or(Some(&face.emoji_id))]),
        Segment::Image(image) => {
            let media = media(&image.media);
            labelled("image", &[Some(&media), image.summary.as_ref()])
        }
        Segment::Voice(voice) => {
            let media = media(&voice.media);
            labelled("voice", &[Some(&media), voice.transcript.as_ref()])
        }
        Segment::Video(video) => labelled("video", &[Some(&media(&video.media))]),
        Segment::File(file) => labelled("file", &[Some(&media(file))]),
        Segment::At(mention) => at(mention, known),
        Segment::Reply(quote) => {
            let text = quote.text.clone().or_else(|| (known.quoted)(&quote.message));
            match text {
                Some(text) => format!("[reply to {}: {}] ", printable(&quote.message), excerpt(&text)),
                None => format!("[reply to {}] ", printable(&quote.message)),
            }
        }
        Segment::Forward(forward) => merged(forward, known, depth),
        Segment::Rps(game) => tag("rps", &[game.outcome.as_ref()]),
        Segment::Dice(game) => tag("dice", &[game.outcome.as_ref()]),
        Segment::Shake => "[shake]".to_owned(),
        Segment::Poke(poke) => tag("poke", &[poke.name.as_ref().or(Some(&poke.id))]),
        Segment::Share(share) => labelled("share", &[Some(&share.title), Some(&share.url)]),
        Segment::Contact(Contact { kind, id }) => {
            let kind = if *kind == ContactKind::Group { "group" } else { "user" };
            labelled("contact", &[Some(&kind.to_owned()), Some(id)])
        }
        Segment::Location(place) => {
            let point = format!("{},{}", place.latitude, place.longitude);
            labelled("location", &[place.title.as_ref(), Some(&point)])
        }
        Segment::Music(Music::Track(track)) => labelled("music", &[Some(&track.source), Some(&track.id)]),
        Segment::Music(Music::Custom(song)) => labelled("music", &[Some(&song.title), Some(&song.url)]),
        Segment::Card(json) => labelled("card", &[Some(&excerpt(json))]),
        Segment::Lightapp(json) => labelled("lightapp", &[Some(&excerpt(json))]),
        Segment::Xml(xml) => labelled("xml", &[Some(&excerpt(xml))]),
        Segment::Markdown(markdown) => match (&markdown.content, &markdown.template) {
            (Some(text), _) => format!("[markdown]\n{}", printable(text)),
            (None, template) => labelled("markdown", &[template.as_ref().map(|json| excerpt(json)).as_ref()]),
        },
        Segment::Keyboard(json) => labelled("keyboard", &[Some(&excerpt(json))]),
        Segment::Ark(json) => labelled("ark", &[Some(&excerpt(json))]),
        Segment::Embed(json) => labelled("embed", &[Some(&excerpt(json))]),
        Segment::Other(other) => labelled(&other.kind, &[Some(&excerpt(&other.data))]),
    }
}

fn at(mention: &Mention, known: &Known<'_>) -> String {
    match mention {
        Mention::Everyone => "@all".to_owned(),
        Mention::User(Mentioned { id, name, .. }) => {
            let name = name.clone().or_else(|| (known.name)(id));
            format!("@{}", printable(name.as_ref().unwrap_or(id)))
        }
        Mention::Channel(Mentioned { id, name, .. }) => {
            format!("#{}", printable(name.as_ref().unwrap_or(id)))
        }
    }
}

/// A merged message: its nodes as indented lines, with what they hold indented further.
fn merged(forward: &Forward, known: &Known<'_>, depth: usize) -> String {
    let title = forward.cover.as_ref().and_then(|cover| cover.title.as_ref());
    let id = forward.id.as_ref().filter(|_| forward.nodes.is_empty());
    let mut text = labelled("forward", &[title, id]);
    for node in &forward.nodes {
        for (number, line) in node_text(node, known, depth).lines().enumerate() {
            let indent = if number == 0 { "\n  " } else { "\n    " };
            let _ = write!(text, "{indent}{line}");
        }
    }
    text
}

fn node_text(node: &ForwardNode, known: &Known<'_>, depth: usize) -> String {
    if let Some(id) = &node.message {
        return (known.quoted)(id)
            .map_or_else(|| format!("[message {}]", printable(id)), |text| printable(&text));
    }
    let name = if node.nickname.is_empty() { &node.sender } else { &node.nickname };
    let content = match serde_json::from_str::<Vec<Segment>>(&node.content) {
        Ok(_) if depth == 0 => "[…]".to_owned(),
        Ok(content) => show_within(&content, known, depth - 1),
        Err(_) => excerpt(&node.content),
    };
    format!("{}: {content}", printable(name))
}

fn media(media: &Media) -> String {
    let source = match &media.source {
        MediaSource::Bytes(bytes) => format!("{} bytes", bytes.len()),
        MediaSource::Url(place) | MediaSource::PlatformFile(place) | MediaSource::Path(place) => {
            place.clone()
        }
    };
    match &media.name {
        Some(name) if source.is_empty() => name.clone(),
        Some(name) if !source.ends_with(name.as_str()) => format!("{name}, {source}"),
        _ => source,
    }
}

/// `[word part part]`.
fn tag(word: &str, parts: &[Option<&String>]) -> String {
    bracket(word, " ", parts)
}

/// `[word: part part]`.
fn labelled(word: &str, parts: &[Option<&String>]) -> String {
    bracket(word, ": ", parts)
}

fn bracket(word: &str, separator: &str, parts: &[Option<&String>]) -> String {
    let parts: Vec<String> =
        parts.iter().flatten().filter(|part| !part.is_empty()).map(|part| printable(part)).collect();
    let separator = if parts.is_empty() { "" } else { separator };
    format!("[{}{separator}{}]", printable(word), parts.join(" "))
}

/// The beginning of a long text, on one line.
fn excerpt(text: &str) -> String {
    let line = printable(text).replace('\n', " ");
    match line.char_indices().nth(EXCERPT) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// Control characters made visible: a plugin must not move the cursor or rewrite what stands on a terminal.
pub(crate) fn printable(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    text.chars().map(|c| if c.is_control() && c != '\n' && c != '\t' { '\u{fffd}' } else { c }).collect()
}
