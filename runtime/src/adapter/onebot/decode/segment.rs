//! Segments, in array form (CQ strings come here parsed).

use super::super::cq;
use super::super::memory::Memory;
use super::time_of;
use crate::adapter::node::Node;
use crate::model::{
    Contact, ContactKind, CustomMusic, Face, Forward, ForwardNode, Game, Image, Location, Markdown, Media,
    MediaSource, Mention, Mentioned, Mface, Music, MusicTrack, Poke, Quote, Segment, Share, UnknownSegment,
    Video, Voice,
};

/// QQ nests merged messages three deep. The content of a node is JSON inside JSON, which doubles its escapes at each
/// level, so this also bounds its size.
const FORWARD_DEPTH: usize = 3;

/// Reads the segments of a message that `me` sees.
pub(super) fn read(nodes: &[Node<'_>], me: &str, memory: &Memory) -> Vec<Segment> {
    Scope { me, memory, depth: 0 }.segments(nodes)
}

#[derive(Clone, Copy)]
struct Scope<'a> {
    me: &'a str,
    memory: &'a Memory,
    /// How many merged messages are around this.
    depth: usize,
}

impl Scope<'_> {
    fn segments(self, nodes: &[Node<'_>]) -> Vec<Segment> {
        let mut segments = Vec::with_capacity(nodes.len());
        for node in nodes {
            if node.at("type").as_str() == Some("node") {
                let inner = self.forward_node(node);
                match segments.last_mut() {
                    Some(Segment::Forward(Forward { id: None, nodes, .. })) => nodes.push(inner),
                    _ => {
                        segments.push(Segment::Forward(Forward {
                            id: None,
                            nodes: vec![inner],
                            cover: None,
                        }));
                    }
                }
            } else {
                segments.push(self.segment(node));
            }
        }
        segments
    }

    fn segment(self, node: &Node<'_>) -> Segment {
        if let Some(text) = node.as_str() {
            return Segment::Text(text.to_owned());
        }
        let kind = node.at("type").as_str().unwrap_or_default();
        let data = node.at("data");
        self.known(kind, data).unwrap_or_else(|| {
            let json = match data {
                Node::Null if kind.is_empty() => node.json(),
                Node::Null => "{}".to_owned(),
                data => data.json(),
            };
            Segment::Other(UnknownSegment { kind: kind.to_owned(), data: json })
        })
    }

    /// `None` for a kind without a case, and for one that lacks what its case cannot do without.
    fn known(self, kind: &str, data: &Node<'_>) -> Option<Segment> {
        let words = |key: &str| data.at(key).words();
        let id = |key: &str| data.at(key).id();
        Some(match kind {
            "text" => Segment::Text(match data.at("text") {
                Node::Null => String::new(),
                Node::Text(text) => text.to_string(),
                odd => odd.words()?,
            }),
            "face" => Segment::Face(face(data)?),
            "image" if id("emoji_id").is_some() => Segment::Mface(mface(data)?),
            "mface" | "marketface" => Segment::Mface(mface(data)?),
            "image" => Segment::Image(Image {
                media: media(data),
                summary: words("summary"),
                sub_type: words("sub_type").or_else(|| words("subType")),
                width: data.at("width").count(),
                height: data.at("height").count(),
            }),
            "record" => Segment::Voice(Voice { media: media(data), transcript: None, wav_url: None }),
            "video" => Segment::Video(Video {
                media: media(data),
                cover: None,
                width: data.at("width").count(),
                height: data.at("height").count(),
            }),
            "file" => Segment::File(file(data)),
            "at" => Segment::At(match id("qq")? {
                all if all == "all" => Mention::Everyone,
                user => Mention::User(Mentioned { is_self: user == self.me, id: user, name: words("name") }),
            }),
            "reply" => Segment::Reply(self.quote(id("id")?)),
            "forward" => Segment::Forward(self.forward(data)?),
            "rps" => Segment::Rps(Game { outcome: words("result").or_else(|| words("value")) }),
            "dice" => Segment::Dice(Game { outcome: words("result").or_else(|| words("value")) }),
            "shake" => Segment::Shake,
            "poke" => Segment::Poke(Poke {
                kind: words("type").unwrap_or_default(),
                id: id("id").unwrap_or_default(),
                name: words("name"),
            }),
            "share" => Segment::Share(Share {
                url: words("url")?,
                title: words("title").unwrap_or_default(),
                content: words("content"),
                image: words("image"),
            }),
            "contact" => Segment::Contact(Contact {
                kind: match data.at("type").as_str()? {
                    "qq" | "user" => ContactKind::User,
                    "group" => ContactKind::Group,
                    _ => return None,
                },
                id: id("id")?,
            }),
            "location" => Segment::Location(Location {
                latitude: data.at("lat").number()?,
                longitude: data.at("lon").number()?,
                title: words("title"),
                content: words("content"),
            }),
            "music" => Segment::Music(music(data)?),
            "json" => Segment::Card(card(data)?),
            "lightapp" | "miniapp" => Segment::Lightapp(card(data)?),
            "xml" => Segment::Xml(words("data")?),
            "markdown" => Segment::Markdown(Markdown {
                content: match data.at("content") {
                    content @ (Node::Object(_) | Node::List(_)) => Some(content.json()),
                    content => content.words(),
                },
                template: None,
            }),
            "keyboard" if !data.is_null() => Segment::Keyboard(data.json()),
            _ => return None,
        })
    }

    fn quote(self, message: String) -> Quote {
        let sender = self.memory.wrote(&message).then(|| self.me.to_owned());
        Quote { message, sender, time: None, text: None, content: None }
    }

    fn forward(self, data: &Node<'_>) -> Option<Forward> {
        let id = data.at("id").id();
        let inner = data.at("content").items();
        if id.is_none() && inner.is_empty() {
            return None;
        }
        let nodes = if self.depth < FORWARD_DEPTH { inner } else { &[] };
        let nodes = nodes.iter().map(|node| self.forward_node(node)).collect();
        Some(Forward { id, nodes, cover: None })
    }

    /// NapCat gives message objects, go-cqhttp `{content, sender, time}`, old NapCat `node` segments.
    fn forward_node(self, node: &Node<'_>) -> ForwardNode {
        let node = if node.at("type").as_str() == Some("node") { node.at("data") } else { node };
        let sender = node.at("sender");
        let first = |keys: [&Node<'_>; 3]| keys.iter().find_map(|node| node.words());
        let body = if node.at("message").is_null() { node.at("content") } else { node.at("message") };
        let inside = Scope { depth: self.depth + 1, ..self };
        let content = match body {
            _ if inside.depth > FORWARD_DEPTH => Vec::new(),
            Node::Text(text) => inside.segments(&cq::parse(text)),
            Node::Object(_) => inside.segments(std::slice::from_ref(body)),
            other => inside.segments(other.items()),
        };
        ForwardNode {
            message: node.at("message_id").known_id().or_else(|| node.at("id").known_id()),
            sender: first([sender.at("user_id"), node.at("user_id"), node.at("uin")]).unwrap_or_default(),
            nickname: first([sender.at("nickname"), node.at("nickname"), node.at("name")])
                .unwrap_or_default(),
            time: time_of(node),
            content: serde_json::to_string(&content).unwrap_or_else(|_| "[]".to_owned()),
        }
    }
}

fn face(data: &Node<'_>) -> Option<Face> {
    let name = match data.at("raw") {
        // A string in the CQ form.
        Node::Text(raw) => {
            serde_json::from_str::<Node<'_>>(raw).ok().and_then(|raw| raw.at("faceText").words())
        }
        raw => raw.at("faceText").words(),
    };
    Some(Face {
        id: data.at("id").id()?,
        // QQ writes a face as "/" and its name.
        text: name.map(|name| name.strip_prefix('/').map_or(name.clone(), str::to_owned)),
        kind: None,
        result_id: data.at("resultId").words(),
        chain_count: data.at("chainCount").count(),
    })
}

fn mface(data: &Node<'_>) -> Option<Mface> {
    let picture = ["url", "file", "path"].iter().any(|key| data.at(key).words().is_some());
    Some(Mface {
        emoji_id: data.at("emoji_id").id()?,
        package_id: data.at("emoji_package_id").id().unwrap_or_default(),
        key: data.at("key").words().unwrap_or_default(),
        summary: data.at("summary").words(),
        media: picture.then(|| media(data)),
    })
}

fn music(data: &Node<'_>) -> Option<Music> {
    let words = |key: &str| data.at(key).words();
    let source = words("type")?;
    if source != "custom" {
        return Some(Music::Track(MusicTrack { source, id: data.at("id").id()? }));
    }
    Some(Music::Custom(CustomMusic {
        url: words("url")?,
        audio: words("audio").unwrap_or_default(),
        title: words("title").unwrap_or_default(),
        image: words("image"),
        singer: words("singer").or_else(|| words("content")),
    }))
}

/// The card's JSON: a string in NapCat, an object elsewhere.
fn card(data: &Node<'_>) -> Option<String> {
    match data.at("data") {
        Node::Null => None,
        Node::Text(text) => Some(text.to_string()),
        other => Some(other.json()),
    }
}

/// An image, voice or video. The address is the surest source; without one, the name that NapCat knows it by.
pub(super) fn media(data: &Node<'_>) -> Media {
    let words = |key: &str| data.at(key).words();
    let (url, file, path) = (words("url"), words("file"), words("path"));
    let address = [&url, &file].into_iter().flatten().find(|text| is_address(text)).cloned();
    let source = match (address, &file, path.or(url)) {
        (Some(url), ..) => MediaSource::Url(url),
        (None, Some(file), _) => MediaSource::PlatformFile(file.clone()),
        (None, None, Some(path)) => MediaSource::Path(path),
        (None, None, None) => MediaSource::Url(String::new()),
    };
    Media {
        source,
        name: words("name").or_else(|| file.filter(|file| !file.contains("://"))),
        size: size(data),
        file_id: words("file_id"),
        mime_type: None,
    }
}

/// A file: `file` is its name only, and NapCat takes `file_id` where it wants the file.
fn file(data: &Node<'_>) -> Media {
    let mut media = media(data);
    if let (MediaSource::PlatformFile(_), Some(id)) = (&media.source, &media.file_id) {
        media.source = MediaSource::PlatformFile(id.clone());
    }
    media
}

pub(super) fn size(data: &Node<'_>) -> Option<f64> {
    data.at("file_size").number().or_else(|| data.at("size").number()).filter(|size| *size >= 0.0)
}

fn is_address(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}
