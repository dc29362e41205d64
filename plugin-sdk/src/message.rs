//! What a message says: segments in order.

use std::{fmt, ops::Deref};

use crate::types::{
    Face, Forward, ForwardNode, Game, Image, Location, Markdown, Media, Mention, Mentioned, Music,
    MusicTrack, Quote, Segment,
};

/// A message to send, built piece by piece; also the content of a received one.
///
/// ```
/// use iglu_sdk::Message;
/// let message = Message::new().at("10001").text(" look: ").image("https://example.com/cat.png");
/// assert_eq!(message.len(), 3);
/// assert_eq!(message.plain_text(), " look: ");
/// assert_eq!(Message::from("hi"), "hi");
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Message(Vec<Segment>);

impl Message {
    /// An empty message.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Any segment; the methods below are shorter for most.
    #[must_use]
    pub fn segment(mut self, segment: Segment) -> Self {
        self.0.push(segment);
        self
    }

    /// Plain text: nothing in it is read as markup. Joins with text before it.
    #[must_use]
    pub fn text(mut self, text: impl AsRef<str>) -> Self {
        if let Some(Segment::Text(before)) = self.0.last_mut() {
            before.push_str(text.as_ref());
            return self;
        }
        self.segment(Segment::Text(text.as_ref().to_owned()))
    }

    /// Mentions a user (an id, or anything that has one: `&event.sender`).
    #[must_use]
    pub fn at(self, user: impl AsRef<str>) -> Self {
        let mentioned = Mentioned { id: user.as_ref().to_owned(), name: None, is_self: false };
        self.segment(Segment::At(Mention::User(mentioned)))
    }

    /// Mentions everyone in the group.
    #[must_use]
    pub fn at_everyone(self) -> Self {
        self.segment(Segment::At(Mention::Everyone))
    }

    /// A QQ face by its number.
    #[must_use]
    pub fn face(self, id: impl fmt::Display) -> Self {
        self.segment(Segment::Face(Face {
            id: id.to_string(),
            text: None,
            kind: None,
            result_id: None,
            chain_count: None,
        }))
    }

    /// An image by its address (`"https://.."`) or its bytes, or as it was [received](crate::media::Received) or
    /// [downloaded](crate::http::Download).
    #[must_use]
    pub fn image(self, source: impl Into<Media>) -> Self {
        self.segment(Segment::Image(source.into().into()))
    }

    /// A voice message by its address or its bytes.
    #[must_use]
    pub fn voice(self, source: impl Into<Media>) -> Self {
        self.segment(Segment::Voice(source.into().into()))
    }

    /// A video by its address or its bytes.
    #[must_use]
    pub fn video(self, source: impl Into<Media>) -> Self {
        self.segment(Segment::Video(source.into().into()))
    }

    /// A file with the name under which it is shown.
    #[must_use]
    pub fn file(self, name: impl Into<String>, source: impl Into<Media>) -> Self {
        let media = Media { name: Some(name.into()), ..source.into() };
        self.segment(Segment::File(media))
    }

    /// Quotes a message; it goes to the front, where platforms want it.
    #[must_use]
    pub fn quote(mut self, message: impl Into<String>) -> Self {
        let quote = Quote { message: message.into(), sender: None, time: None, text: None, content: None };
        self.0.insert(0, Segment::Reply(quote));
        self
    }

    /// Markdown, where the platform can.
    #[must_use]
    pub fn markdown(self, content: impl Into<String>) -> Self {
        self.segment(Segment::Markdown(Markdown { content: Some(content.into()), template: None }))
    }

    /// Buttons under the markdown before them, as the official platform's JSON.
    ///
    /// ```
    /// use iglu_sdk::Message;
    /// let message = Message::new().markdown("# Sure?").keyboard(r#"{"content": {"rows": [{"buttons": [{
    ///     "id": "1", "render_data": {"label": "Yes", "visited_label": "Yes"},
    ///     "action": {"type": 1, "permission": {"type": 2}, "data": "yes"}
    /// }]}]}}"#);
    /// assert_eq!(message.len(), 2);
    /// ```
    #[must_use]
    pub fn keyboard(self, json: impl Into<String>) -> Self {
        self.segment(Segment::Keyboard(json.into()))
    }

    /// A markdown template of the official platform, as its JSON: `{"custom_template_id", "params"}`.
    #[must_use]
    pub fn markdown_template(self, json: impl Into<String>) -> Self {
        self.segment(Segment::Markdown(Markdown { content: None, template: Some(json.into()) }))
    }

    /// A template message of the official platform, as its JSON.
    ///
    /// ```
    /// use iglu_sdk::Message;
    /// let link = r##"{"template_id": 23, "kv": [{"key": "#DESC#", "value": "news"}]}"##;
    /// assert_eq!(Message::new().ark(link).len(), 1);
    /// ```
    #[must_use]
    pub fn ark(self, json: impl Into<String>) -> Self {
        self.segment(Segment::Ark(json.into()))
    }

    /// An embed for the official platform's channels, as its JSON.
    #[must_use]
    pub fn embed(self, json: impl Into<String>) -> Self {
        self.segment(Segment::Embed(json.into()))
    }

    /// Links a channel of a guild of the official platform.
    #[must_use]
    pub fn channel(self, channel: impl Into<String>) -> Self {
        let mentioned = Mentioned { id: channel.into(), name: None, is_self: false };
        self.segment(Segment::At(Mention::Channel(mentioned)))
    }

    /// A card as QQ's own JSON.
    #[must_use]
    pub fn card(self, json: impl Into<String>) -> Self {
        self.segment(Segment::Card(json.into()))
    }

    /// A place, in degrees.
    #[must_use]
    pub fn location(self, latitude: f64, longitude: f64, title: impl Into<String>) -> Self {
        self.segment(Segment::Location(Location {
            latitude,
            longitude,
            title: Some(title.into()),
            content: None,
        }))
    }

    /// A song by its number on "qq", "163", "kugou", "migu" or "kuwo".
    #[must_use]
    pub fn music(self, source: impl Into<String>, id: impl Into<String>) -> Self {
        self.segment(Segment::Music(Music::Track(MusicTrack { source: source.into(), id: id.into() })))
    }

    /// QQ throws a die.
    #[must_use]
    pub fn dice(self) -> Self {
        self.segment(Segment::Dice(Game { outcome: None }))
    }

    /// QQ plays rock, paper, scissors.
    #[must_use]
    pub fn rps(self) -> Self {
        self.segment(Segment::Rps(Game { outcome: None }))
    }

    /// Merged messages; see [`ForwardNode::new`].
    ///
    /// ```
    /// use iglu_sdk::{Message, types::ForwardNode};
    /// let merged = Message::new().forward([
    ///     ForwardNode::new("10001", "Ann", "first"),
    ///     ForwardNode::new("10002", "Bo", Message::new().face(178)),
    /// ]);
    /// ```
    #[must_use]
    pub fn forward(self, nodes: impl IntoIterator<Item = ForwardNode>) -> Self {
        let forward = Forward { id: None, nodes: nodes.into_iter().collect(), cover: None };
        self.segment(Segment::Forward(forward))
    }

    /// The contract's JSON form, as it is kept in storage or in a merged message.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(&self.0).expect("segments are plain data and have a JSON form")
    }

    /// Reads the contract's JSON form.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn from_json(json: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json).map(Self)
    }

    /// The segments.
    #[must_use]
    pub fn into_segments(self) -> Vec<Segment> {
        self.0
    }
}

impl ForwardNode {
    /// A made node: who seems to have said what.
    #[must_use]
    pub fn new(sender: impl Into<String>, nickname: impl Into<String>, content: impl Into<Message>) -> Self {
        Self {
            message: None,
            sender: sender.into(),
            nickname: nickname.into(),
            time: None,
            content: content.into().to_json(),
        }
    }

    /// A message that exists, by its id.
    #[must_use]
    pub fn existing(message: impl Into<String>) -> Self {
        Self { message: Some(message.into()), ..Self::new("", "", Message::new()) }
    }

    /// What the node says.
    ///
    /// # Errors
    /// When its JSON is not the contract's.
    pub fn message(&self) -> Result<Message, serde_json::Error> {
        Message::from_json(&self.content)
    }
}

/// Questions to any run of segments: to a [`Message`] and to `event.content`.
pub trait Content {
    /// The text segments joined, nothing removed.
    fn plain_text(&self) -> String;
    /// The users that are mentioned, in order; not `@everyone`.
    fn mentions(&self) -> impl Iterator<Item = &Mentioned>;
    /// The images, in order.
    fn images(&self) -> impl Iterator<Item = &Image>;
}

impl Content for [Segment] {
    fn plain_text(&self) -> String {
        self.iter()
            .filter_map(|segment| match segment {
                Segment::Text(text) => Some(text.as_str()),
                _ => None,
            })
            .collect()
    }

    fn mentions(&self) -> impl Iterator<Item = &Mentioned> {
        self.iter().filter_map(|segment| match segment {
            Segment::At(Mention::User(user)) => Some(user),
            _ => None,
        })
    }

    fn images(&self) -> impl Iterator<Item = &Image> {
        self.iter().filter_map(|segment| match segment {
            Segment::Image(image) => Some(image),
            _ => None,
        })
    }
}

impl Message {
    /// The text segments joined, nothing removed.
    #[must_use]
    pub fn plain_text(&self) -> String {
        Content::plain_text(self.0.as_slice())
    }
}

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
