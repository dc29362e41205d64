//! Images, voices, videos and files: made by a plugin, and received.

use std::{borrow::Cow, ops::Deref};

use crate::{
    Content, Event, HostError, Message, MessageEvent, Result,
    event::kind::FileUploaded,
    host,
    types::{Image, Media, MediaSource, Segment, Video, Voice},
};

/// A message with an image: by its bytes, its address, or as it was received or [downloaded](crate::http::Download).
///
/// ```
/// use iglu_sdk::{prelude::*, testing::Harness};
///
/// #[derive(Default)]
/// struct Painter;
///
/// #[plugin(id = "painter")]
/// impl Painter {
///     #[command("paint")]
///     async fn paint(&self, event: &MessageEvent) -> Result {
///         let picture: Vec<u8> = b"\x89PNG...".to_vec();
///         event.reply(image(picture).text("Do you like it?")).await?;
///         Ok(())
///     }
/// }
///
/// let mut bot = Harness::<Painter>::new();
/// let reply = &bot.say("/paint")[0];
/// assert_eq!((reply.images().count(), reply.plain_text().as_str()), (1, "Do you like it?"));
/// ```
#[must_use]
pub fn image(source: impl Into<Media>) -> Message {
    Message::new().image(source)
}

/// A voice message, likewise; it is alone in its message. NapCat converts any audio, the official platform wants SILK.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |event| {
/// event.reply(voice("https://example.com/hello.mp3")).await?;
/// # Ok(()) });
/// ```
#[must_use]
pub fn voice(source: impl Into<Media>) -> Message {
    Message::new().voice(source)
}

/// A video, likewise; it is alone in its message.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |event| {
/// event.reply(video(http::download("https://example.com/cat.mp4").await?)).await?;
/// # Ok(()) });
/// ```
#[must_use]
pub fn video(source: impl Into<Media>) -> Message {
    Message::new().video(source)
}

/// A file with the name under which it is shown; it is alone in its message.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// let message = file("notes.txt", b"buy milk".to_vec());
/// assert_eq!(message.len(), 1);
/// ```
#[must_use]
pub fn file(name: impl Into<String>, source: impl Into<Media>) -> Message {
    Message::new().file(name, source)
}

/// A medium that an event carries. It reads like its [`Media`], can be sent on as it is, and its bytes can be had
/// without a permission.
///
/// ```
/// use iglu_sdk::{prelude::*, testing::{Harness, bytes, message}};
///
/// #[derive(Default)]
/// struct Scales;
///
/// #[plugin(id = "scales")]
/// impl Scales {
///     #[on(Message)]
///     async fn weigh(&self, event: &MessageEvent) -> Result<Option<String>> {
///         let Some(image) = event.images().into_iter().next() else { return Ok(None) };
///         Ok(Some(format!("{} bytes", image.download().await?.len())))
///     }
/// }
///
/// let mut bot = Harness::<Scales>::new();
/// bot.answer("files.fetch", |_| Ok(bytes(b"picture")));
/// assert_eq!(bot.say(message(image("https://example.com/a.png"))), ["7 bytes"]);
/// ```
#[derive(Clone, Debug)]
pub struct Received<'a> {
    event: &'a str,
    media: Cow<'a, Media>,
}

impl Received<'_> {
    /// All bytes, as far as the owner's limits go.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |event| {
    /// for picture in event.images() {
    ///     storage::set_bytes("last picture", picture.download().await?).await?;
    /// }
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// [`HostError::Exhausted`] if there are more, [`HostError::NotFound`] if the platform has it no more.
    pub async fn download(&self) -> Result<Vec<u8>, HostError> {
        self.download_up_to(u32::MAX).await
    }

    /// The bytes, if there are at most `limit`.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |event| {
    /// for file in event.files() {
    ///     match file.download_up_to(1 << 20).await {
    ///         Ok(bytes) => log::info!("{} bytes", bytes.len()),
    ///         Err(HostError::Exhausted(_)) => drop(event.reply("That is too large.").await?),
    ///         Err(error) => return Err(error.into()),
    ///     }
    /// }
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// As [`download`](Self::download).
    pub async fn download_up_to(&self, limit: u32) -> Result<Vec<u8>, HostError> {
        Ok(host::files::fetch(self.event.to_owned(), self.media.clone().into_owned(), limit).await?)
    }
}

impl Deref for Received<'_> {
    type Target = Media;

    fn deref(&self) -> &Media {
        &self.media
    }
}

impl MessageEvent {
    /// The images of the message, in order.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |event| {
    /// assert!(event.images().is_empty(), "it has no images");
    /// # Ok(()) });
    /// ```
    #[must_use]
    pub fn images(&self) -> Vec<Received<'_>> {
        self.media(|segment| match segment {
            Segment::Image(image) => Some(&image.media),
            _ => None,
        })
    }

    /// The voices of the message: one, if any.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |event| {
    /// for voice in event.voices() {
    ///     log::info!("a voice of {:?} bytes", voice.size);
    /// }
    /// # Ok(()) });
    /// ```
    #[must_use]
    pub fn voices(&self) -> Vec<Received<'_>> {
        self.media(|segment| match segment {
            Segment::Voice(voice) => Some(&voice.media),
            _ => None,
        })
    }

    /// The videos of the message, in order.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |event| {
    /// for video in event.videos() {
    ///     event.reply(iglu_sdk::media::video(video)).await?;
    /// }
    /// # Ok(()) });
    /// ```
    #[must_use]
    pub fn videos(&self) -> Vec<Received<'_>> {
        self.media(|segment| match segment {
            Segment::Video(video) => Some(&video.media),
            _ => None,
        })
    }

    /// The files of the message, in order.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |event| {
    /// let names: Vec<_> = event.files().iter().filter_map(|file| file.name.clone()).collect();
    /// assert!(names.is_empty());
    /// # Ok(()) });
    /// ```
    #[must_use]
    pub fn files(&self) -> Vec<Received<'_>> {
        self.media(|segment| match segment {
            Segment::File(file) => Some(file),
            _ => None,
        })
    }

    /// The images of the message that this one quotes, where its content is known.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |event| {
    /// let all = event.images().into_iter().chain(event.quoted_images());
    /// assert_eq!(all.count(), 0);
    /// # Ok(()) });
    /// ```
    #[must_use]
    pub fn quoted_images(&self) -> Vec<Received<'_>> {
        let content = self.quoted().and_then(|quote| Message::from_json(quote.content.as_deref()?).ok());
        let content = content.unwrap_or_default();
        let own = |image: &Image| Received { event: self.event_id(), media: Cow::Owned(image.media.clone()) };
        content.images().map(own).collect()
    }

    fn media(&self, find: impl Fn(&Segment) -> Option<&Media>) -> Vec<Received<'_>> {
        let found = self.content.iter().filter_map(find);
        found.map(|media| Received { event: self.event_id(), media: Cow::Borrowed(media) }).collect()
    }
}

impl Event<FileUploaded> {
    /// The file that was put into the chat.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # async fn example(event: &Event<FileUploaded>) -> Result {
    /// let bytes = event.received().download_up_to(1 << 20).await?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn received(&self) -> Received<'_> {
        Received { event: self.event_id(), media: Cow::Borrowed(&self.file) }
    }
}

impl From<Received<'_>> for Media {
    fn from(received: Received<'_>) -> Self {
        received.media.into_owned()
    }
}

macro_rules! from_sources {
    ($($source:ty),*) => {$(
        impl From<$source> for Media {
            fn from(source: $source) -> Self {
                Self { source: source.into(), name: None, size: None, file_id: None, mime_type: None }
            }
        }
    )*};
}

from_sources!(MediaSource, &str, String, Vec<u8>, &[u8]);

impl From<&Media> for Media {
    fn from(media: &Media) -> Self {
        media.clone()
    }
}

impl From<&Image> for Media {
    fn from(image: &Image) -> Self {
        image.media.clone()
    }
}

impl From<Media> for Image {
    fn from(media: Media) -> Self {
        Self { media, summary: None, sub_type: None, width: None, height: None }
    }
}

impl From<Media> for Voice {
    fn from(media: Media) -> Self {
        Self { media, transcript: None, wav_url: None }
    }
}

impl From<Media> for Video {
    fn from(media: Media) -> Self {
        Self { media, cover: None, width: None, height: None }
    }
}
