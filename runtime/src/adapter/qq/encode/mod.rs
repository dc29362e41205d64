//! From the contract's message content to the platform's requests.
//!
//! All of a message is encoded before any of it is sent, so what the platform cannot send is refused while nothing has
//! gone out. A request carries one thing: a text, a medium with a text above it, a markdown with its buttons, a template.
//! Content becomes as few of them as show it in its order.

mod extras;
mod text;

use serde_json::{Map, Value, json};

use super::Rules;
use super::place::Scene;
use crate::model::{Error, Media, MediaSource, Segment};

/// The platform's kinds of files, by their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum FileType {
    Image = 1,
    Video = 2,
    Voice = 3,
    File = 4,
}

impl FileType {
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
            Self::Voice => "voice",
            Self::File => "file",
        }
    }
}

/// A medium that goes with a request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Attachment<'a> {
    pub(super) kind: FileType,
    pub(super) media: &'a Media,
}

/// One request that sends a message, but for what it answers.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Piece<'a> {
    pub(super) fields: Map<String, Value>,
    /// To be uploaded, or in channels to go along.
    pub(super) attachment: Option<Attachment<'a>>,
    /// The text in it, for who is asked about it later.
    pub(super) text: String,
}

/// A message to quote.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quote<'a> {
    pub(super) message: &'a str,
    /// Whether the message fails if it cannot be quoted.
    pub(super) wanted: bool,
}

/// The requests that send `content`, in order. `quote` is the message to quote where the content does not quote one
/// itself; `index` is what the platform calls a message when it is quoted.
pub(super) fn pieces<'a>(
    scene: Scene,
    content: &'a [Segment],
    quote: Option<&str>,
    rules: &Rules,
    index: &dyn Fn(&str) -> Option<String>,
) -> Result<Vec<Piece<'a>>, Error> {
    let mut parts =
        Parts { scene, rules, done: Vec::new(), text: String::new(), plain: String::new(), image: None };
    let own = content.iter().find_map(|segment| match segment {
        Segment::Reply(quote) => Some(Quote { message: &quote.message, wanted: true }),
        _ => None,
    });
    let quote = own.or(quote.map(|message| Quote { message, wanted: false }));
    let reference = quote.map(|quote| reference(scene, quote, index)).transpose()?.flatten();
    let mut keyboard: Option<Value> = None;
    for segment in content {
        match segment {
            Segment::Keyboard(_) if keyboard.is_some() => {
                return invalid("a message has two keyboards in a row; put a markdown before each");
            }
            Segment::Keyboard(text) => keyboard = Some(extras::keyboard(text)?),
            _ => parts.add(segment)?,
        }
        if keyboard.is_some() {
            parts.attach(&mut keyboard);
        }
    }
    if keyboard.is_some() {
        return unsupported(scene, "a keyboard without markdown", "put a markdown segment before it");
    }
    let mut pieces = parts.finish();
    match pieces.first_mut() {
        Some(first) => {
            if let Some(reference) = reference {
                first.fields.insert("message_reference".to_owned(), reference);
            }
            Ok(pieces)
        }
        None => invalid(
            "the message is empty: it has no text, picture or other content that this chat can show; add a segment",
        ),
    }
}

/// Plain text as a request's content.
pub(super) fn plain(scene: Scene, text: &str, rules: &Rules) -> String {
    text::plain(scene, text, rules.hide_addresses)
}

/// The `message_reference` of a request.
fn reference(
    scene: Scene,
    quote: Quote<'_>,
    index: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<Value>, Error> {
    let message = quote.message.trim();
    let known = if !scene.is_newer() {
        (!message.is_empty()).then(|| message.to_owned())
    } else if message.starts_with("REFIDX_") {
        Some(message.to_owned())
    } else {
        index(message)
    };
    match (known, quote.wanted) {
        (Some(id), true) => Ok(Some(json!({"message_id": id}))),
        // A reply must not fail because what it answers is gone.
        (Some(id), false) => Ok(Some(json!({"message_id": id, "ignore_get_message_error": true}))),
        (None, false) => Ok(None),
        (None, true) => Err(Error::NotFound(format!(
            "the message {message:?} cannot be quoted: this host has not seen it lately, and the platform quotes by an index \
             that comes with a message; leave the quote out"
        ))),
    }
}

/// The requests so far, and the text and image that stand ready for the next.
struct Parts<'a, 'r> {
    scene: Scene,
    rules: &'r Rules,
    done: Vec<Piece<'a>>,
    text: String,
    plain: String,
    image: Option<Attachment<'a>>,
}

impl<'a> Parts<'a, '_> {
    fn add(&mut self, segment: &'a Segment) -> Result<(), Error> {
        let scene = self.scene;
        match segment {
            Segment::Text(text) => {
                let sent = text::plain(scene, text, self.rules.hide_addresses);
                self.words(&sent, text);
            }
            Segment::At(mention) => {
                if let Some(tag) = text::mention(scene, mention)? {
                    self.words(&tag, "");
                }
            }
            Segment::Face(face) => {
                let sent = text::face(scene, face)?;
                self.words(&sent, face.text.as_deref().unwrap_or_default());
            }
            Segment::Reply(_) => {}
            Segment::Image(image) => {
                let attachment = attachment(scene, FileType::Image, &image.media)?;
                if self.image.is_some() {
                    self.flush();
                }
                self.image = Some(attachment);
            }
            Segment::Voice(voice) => self.medium(FileType::Voice, &voice.media)?,
            Segment::Video(video) => self.medium(FileType::Video, &video.media)?,
            Segment::File(file) => self.medium(FileType::File, file)?,
            Segment::Markdown(markdown) => {
                let value = extras::markdown(scene, markdown, self.rules)?;
                let text = markdown.content.clone().unwrap_or_default();
                self.own("markdown", 2, value, text);
            }
            Segment::Ark(ark) => {
                let value = extras::ark(scene, ark, self.rules)?;
                self.own("ark", 3, value, String::new());
            }
            Segment::Embed(embed) => {
                let value = extras::embed(scene, embed)?;
                self.own("embed", 4, value, String::new());
            }
            other => return refused(scene, other),
        }
        Ok(())
    }

    /// Text that comes after an image cannot be in its request: it would be shown above.
    fn words(&mut self, sent: &str, plain: &str) {
        if sent.is_empty() {
            return;
        }
        if self.image.is_some() {
            self.flush();
        }
        self.text.push_str(sent);
        self.plain.push_str(plain);
    }

    fn medium(&mut self, kind: FileType, media: &'a Media) -> Result<(), Error> {
        let attachment = attachment(self.scene, kind, media)?;
        self.flush();
        let fields = self.fields(7);
        self.done.push(Piece { fields, attachment: Some(attachment), text: String::new() });
        Ok(())
    }

    /// A request that carries one JSON value.
    fn own(&mut self, field: &str, number: u8, value: Value, text: String) {
        self.flush();
        let mut fields = self.fields(number);
        fields.insert(field.to_owned(), value);
        self.done.push(Piece { fields, attachment: None, text });
    }

    /// Puts a keyboard under the markdown before it, if there is one without.
    fn attach(&mut self, keyboard: &mut Option<Value>) {
        let alone = self.text.trim().is_empty() && self.image.is_none();
        let last = self.done.last_mut().filter(|last| alone && last.fields.contains_key("markdown"));
        if let Some(last) = last.filter(|last| !last.fields.contains_key("keyboard"))
            && let Some(keyboard) = keyboard.take()
        {
            last.fields.insert("keyboard".to_owned(), keyboard);
        }
    }

    /// Ends the text and image that stand ready. White space between two media is no message.
    fn flush(&mut self) {
        let (text, plain) = (std::mem::take(&mut self.text), std::mem::take(&mut self.plain));
        let image = self.image.take();
        let shows = !text.trim().is_empty();
        if image.is_none() && !shows {
            return;
        }
        let mut fields = self.fields(if image.is_some() { 7 } else { 0 });
        if shows {
            fields.insert("content".to_owned(), text.into());
        }
        let attachment = image.filter(|image| match &image.media.source {
            // Channels fetch it themselves, and have no uploads.
            MediaSource::Url(url) if !self.scene.is_newer() => {
                fields.insert("image".to_owned(), url.as_str().into());
                false
            }
            _ => true,
        });
        self.done.push(Piece { fields, attachment, text: plain });
    }

    fn fields(&self, msg_type: u8) -> Map<String, Value> {
        let mut fields = Map::new();
        if self.scene.is_newer() {
            fields.insert("msg_type".to_owned(), msg_type.into());
        }
        fields
    }

    fn finish(mut self) -> Vec<Piece<'a>> {
        self.flush();
        self.done
    }
}

/// Whether a medium can be sent there from where its bytes are.
fn attachment(scene: Scene, kind: FileType, media: &Media) -> Result<Attachment<'_>, Error> {
    let what = kind.words();
    if !scene.is_newer() && kind != FileType::Image {
        return unsupported(scene, &format!("a {what}"), "send its address as text, or an image");
    }
    match &media.source {
        MediaSource::Url(url) => {
            let scheme = url.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
            if !matches!(scheme.as_deref(), Some("http" | "https")) {
                return invalid(&format!(
                    "the {what}'s address {:?} is none of http or https, so the platform cannot fetch it; give such an \
                     address, or bytes",
                    url.chars().take(100).collect::<String>()
                ));
            }
        }
        MediaSource::Bytes(bytes) if bytes.is_empty() => return invalid(&format!("the {what} has no bytes")),
        MediaSource::PlatformFile(token) if token.is_empty() => {
            return invalid(&format!("the {what} has no source; give an address, bytes or a path"));
        }
        MediaSource::PlatformFile(_) if !scene.is_newer() => {
            return unsupported(scene, "an uploaded image", "give its address or its bytes");
        }
        MediaSource::Path(path) if path.is_empty() => return invalid(&format!("the {what}'s path is empty")),
        _ => {}
    }
    Ok(Attachment { kind, media })
}

/// Segments that this platform has no words for.
fn refused<T>(scene: Scene, segment: &Segment) -> Result<T, Error> {
    let (what, remedy) = match segment {
        Segment::Mface(_) => ("a market face", "send its summary as text, or its picture as an image"),
        Segment::Forward(_) => ("a forward", "send its messages one by one, or as one text"),
        Segment::Rps(_) => ("rps", "throw yourself and send the outcome as text"),
        Segment::Dice(_) => ("dice", "throw yourself and send the outcome as text"),
        Segment::Shake => ("shake", "it can only be received"),
        Segment::Poke(_) => ("poke", "it can only be received"),
        Segment::Share(_) => ("share", "send the link in a markdown or an ark"),
        Segment::Contact(_) => ("contact", "send the name as text"),
        Segment::Location(_) => ("location", "send the place as text"),
        Segment::Music(_) => ("music", "send its link in a markdown, or the sound as a voice"),
        Segment::Card(_) | Segment::Lightapp(_) => ("a card of QQ's own JSON", "send an ark template"),
        Segment::Xml(_) => ("xml", "send an ark template or text"),
        Segment::Other(other) => {
            let what = format!("a segment of kind {:?}", other.kind);
            return unsupported(scene, &what, "send it with `bots.call` and the platform's own fields");
        }
        _ => ("this segment", "send text"),
    };
    unsupported(scene, what, remedy)
}

fn invalid<T>(text: &str) -> Result<T, Error> {
    Err(Error::Invalid(text.to_owned()))
}

fn unsupported<T>(scene: Scene, what: &str, remedy: &str) -> Result<T, Error> {
    let place = scene.words();
    Err(Error::Unsupported(format!("the official platform cannot send {what} to {place}: {remedy}")))
}
