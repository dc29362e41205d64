//! What a message says: segments in order.

mod conversions;

use std::fmt;

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
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// assert!(Message::new().is_empty());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Any segment; the methods below are shorter for most.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// use iglu_sdk::types::Segment;
    /// let message = Message::new().segment(Segment::Shake);
    /// assert_eq!(message.len(), 1);
    /// ```
    #[must_use]
    pub fn segment(mut self, segment: Segment) -> Self {
        self.0.push(segment);
        self
    }

    /// Plain text: nothing in it is read as markup. Joins with text before it.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// assert_eq!(Message::new().text("two ").text("words"), Message::from("two words"));
    /// ```
    #[must_use]
    pub fn text(mut self, text: impl AsRef<str>) -> Self {
        if let Some(Segment::Text(before)) = self.0.last_mut() {
            before.push_str(text.as_ref());
            return self;
        }
        self.segment(Segment::Text(text.as_ref().to_owned()))
    }

    /// Mentions a user (an id, or anything that has one: `&event.sender`).
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// let message = Message::new().at("10001");
    /// assert_eq!(message.len(), 1);
    /// ```
    #[must_use]
    pub fn at(self, user: impl AsRef<str>) -> Self {
        let mentioned = Mentioned { id: user.as_ref().to_owned(), name: None, is_self: false };
        self.segment(Segment::At(Mention::User(mentioned)))
    }

    /// Mentions everyone in the group.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// let message = Message::new().at_everyone();
    /// assert_eq!(message.len(), 1);
    /// ```
    #[must_use]
    pub fn at_everyone(self) -> Self {
        self.segment(Segment::At(Mention::Everyone))
    }

    /// A QQ face by its number.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// let message = Message::new().face(178);
    /// assert_eq!(message.len(), 1);
    /// ```
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
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// let message = Message::new().image("https://example.com/rose.png");
    /// assert_eq!(message.len(), 1);
    /// ```
    #[must_use]
    pub fn image(self, source: impl Into<Media>) -> Self {
        self.segment(Segment::Image(source.into().into()))
    }

    /// A voice message by its address or its bytes.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// let message = Message::new().voice(b"#!SILK_V3".to_vec());
    /// assert_eq!(message.len(), 1);
    /// ```
    #[must_use]
    pub fn voice(self, source: impl Into<Media>) -> Self {
        self.segment(Segment::Voice(source.into().into()))
    }

    /// A video by its address or its bytes.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// let message = Message::new().video("https://example.com/rose.mp4");
    /// assert_eq!(message.len(), 1);
    /// ```
    #[must_use]
    pub fn video(self, source: impl Into<Media>) -> Self {
        self.segment(Segment::Video(source.into().into()))
    }

    /// A file with the name under which it is shown.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// let message = Message::new().file("rose.txt", b"a rose".to_vec());
    /// assert_eq!(message.len(), 1);
    /// ```
    #[must_use]
    pub fn file(self, name: impl Into<String>, source: impl Into<Media>) -> Self {
        let media = Media { name: Some(name.into()), ..source.into() };
        self.segment(Segment::File(media))
    }

    /// Quotes a message; it goes to the front, where platforms want it.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// let message = Message::new().text("yes").quote("message-1");
    /// assert_eq!(message.len(), 2);
    /// ```
    #[must_use]
    pub fn quote(mut self, message: impl Into<String>) -> Self {
        let quote = Quote { message: message.into(), sender: None, time: None, text: None, content: None };
        self.0.insert(0, Segment::Reply(quote));
        self
    }

    /// Markdown, where the platform can.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// let message = Message::new().markdown("# Roses");
    /// assert_eq!(message.len(), 1);
    /// ```
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
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// let message = Message::new().markdown_template(r#"{"custom_template_id": "1"}"#);
    /// assert_eq!(message.len(), 1);
    /// ```
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
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// let message = Message::new().embed(r#"{"title": "Roses"}"#);
    /// assert_eq!(message.len(), 1);
    /// ```
    #[must_use]
    pub fn embed(self, json: impl Into<String>) -> Self {
        self.segment(Segment::Embed(json.into()))
    }

    /// Links a channel of a guild of the official platform.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// let message = Message::new().channel("30001");
    /// assert_eq!(message.len(), 1);
    /// ```
    #[must_use]
    pub fn channel(self, channel: impl Into<String>) -> Self {
        let mentioned = Mentioned { id: channel.into(), name: None, is_self: false };
        self.segment(Segment::At(Mention::Channel(mentioned)))
    }

    /// A card as QQ's own JSON.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// let message = Message::new().card(r#"{"app": "com.tencent.miniapp"}"#);
    /// assert_eq!(message.len(), 1);
    /// ```
    #[must_use]
    pub fn card(self, json: impl Into<String>) -> Self {
        self.segment(Segment::Card(json.into()))
    }

    /// A place, in degrees.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// let message = Message::new().location(39.9, 116.4, "Beijing");
    /// assert_eq!(message.len(), 1);
    /// ```
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
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// let message = Message::new().music("163", "28949129");
    /// assert_eq!(message.len(), 1);
    /// ```
    #[must_use]
    pub fn music(self, source: impl Into<String>, id: impl Into<String>) -> Self {
        self.segment(Segment::Music(Music::Track(MusicTrack { source: source.into(), id: id.into() })))
    }

    /// QQ throws a die.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// let message = Message::new().dice();
    /// assert_eq!(message.len(), 1);
    /// ```
    #[must_use]
    pub fn dice(self) -> Self {
        self.segment(Segment::Dice(Game { outcome: None }))
    }

    /// QQ plays rock, paper, scissors.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// let message = Message::new().rps();
    /// assert_eq!(message.len(), 1);
    /// ```
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
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// assert_eq!(Message::from("hi").to_json(), r#"[{"type":"text","data":"hi"}]"#);
    /// ```
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(&self.0).expect("segments are plain data and have a JSON form")
    }

    /// Reads the contract's JSON form.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// let message = Message::from("hi").dice();
    /// assert_eq!(Message::from_json(&message.to_json()).unwrap(), message);
    /// ```
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn from_json(json: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json).map(Self)
    }

    /// The segments.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// assert_eq!(Message::from("hi").dice().into_segments().len(), 2);
    /// ```
    #[must_use]
    pub fn into_segments(self) -> Vec<Segment> {
        self.0
    }
}

impl ForwardNode {
    /// A made node: who seems to have said what.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// use iglu_sdk::types::ForwardNode;
    /// assert_eq!(ForwardNode::new("10001", "Ann", "hi").nickname, "Ann");
    /// ```
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
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// use iglu_sdk::types::ForwardNode;
    /// let merged = Message::new().forward([ForwardNode::existing("message-1")]);
    /// assert_eq!(merged.len(), 1);
    /// ```
    #[must_use]
    pub fn existing(message: impl Into<String>) -> Self {
        Self { message: Some(message.into()), ..Self::new("", "", Message::new()) }
    }

    /// What the node says.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// use iglu_sdk::types::ForwardNode;
    /// assert_eq!(ForwardNode::new("10001", "Ann", "hi").message().unwrap(), Message::from("hi"));
    /// ```
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
