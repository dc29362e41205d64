//! What happened: an [`Event`] of some [`kind`], and what can be done about it.

mod answers;
pub mod kind;
mod waiting;

use std::{fmt, ops::Deref};

pub use answers::{Draft, RequestKind};
pub use kind::Kind;
pub use waiting::Expect;

use crate::{
    HostError, Message, Result, host,
    types::{Bot, Id, RawEvent, Receipt, Timestamp},
};

/// A message, received in a private chat, a group or a channel. Its fields are those of
/// [`ReceivedMessage`](crate::types::ReceivedMessage): `event.text`, `event.sender`, `event.chat`, `event.content`...
pub type MessageEvent = Event<kind::Message>;

/// An event of one kind. It reads like what it carries: `Event<MemberJoined>` has the fields of
/// [`MemberChange`](crate::types::MemberChange).
///
/// ```
/// # use iglu_sdk::prelude::*;
/// async fn greet(event: &Event<MemberJoined>) -> Result {
///     event.reply(Message::new().text("welcome, ").at(&event.user)).await?;
///     Ok(())
/// }
/// ```
pub struct Event<K: Kind = kind::Any> {
    /// The account that it happened to.
    pub bot: Bot,
    id: String,
    at: Timestamp,
    redelivered: bool,
    body: K::Body,
}

impl<K: Kind> Event<K> {
    /// The event's own name on this host; a message's id is `event.id`.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |event| {
    /// assert!(!event.event_id().is_empty());
    /// # Ok(()) });
    /// ```
    #[must_use]
    pub fn event_id(&self) -> &str {
        &self.id
    }

    /// When it happened, in seconds since 1970.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |event| {
    /// assert!(event.happened_at() <= clock::now());
    /// # Ok(()) });
    /// ```
    #[must_use]
    pub fn happened_at(&self) -> Timestamp {
        self.at
    }

    /// Given a second time after a crash; the first may have been handled in part.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |event| {
    /// if event.redelivered() {
    ///     log::warn!("this may have been handled before");
    /// }
    /// # Ok(()) });
    /// ```
    #[must_use]
    pub fn redelivered(&self) -> bool {
        self.redelivered
    }

    /// What it carries.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |event| {
    /// assert_eq!(event.body().text, event.text);
    /// # Ok(()) });
    /// ```
    #[must_use]
    pub fn body(&self) -> &K::Body {
        &self.body
    }

    /// Answers where it came from; needs no permission.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |event| {
    /// event.reply("hi").await?;
    /// event.reply(Message::new().at(&event.sender).text(" hi")).await?;
    /// # Ok(()) }).replied("hi");
    /// ```
    ///
    /// # Errors
    /// [`HostError::Expired`] when the platform lets nobody answer any more, [`HostError::Invalid`] when the event has no
    /// chat or the message is empty, and whatever sending can meet.
    pub async fn reply(&self, message: impl Into<Message>) -> Result<Receipt, HostError> {
        reply(self.id.clone(), message.into(), false).await
    }

    /// Answers and shows the message that is answered, where the platform can.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |event| {
    /// event.reply_quoting("This one I mean.").await?;
    /// # Ok(()) }).replied("This one I mean.");
    /// ```
    ///
    /// # Errors
    /// As [`reply`](Self::reply).
    pub async fn reply_quoting(&self, message: impl Into<Message>) -> Result<Receipt, HostError> {
        reply(self.id.clone(), message.into(), true).await
    }

    /// Shows that the bot is typing, for up to 60 seconds.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |event| {
    /// event.typing(5).await?;
    /// clock::sleep(Duration::from_secs(3)).await?;
    /// event.reply("I had to think.").await?;
    /// # Ok(()) }).did("messages.typing", &json!({"seconds": 5}));
    /// ```
    ///
    /// # Errors
    /// [`HostError::Unsupported`] where the platform cannot.
    pub async fn typing(&self, seconds: u32) -> Result<(), HostError> {
        Ok(host::messages::typing(self.id.clone(), seconds).await?)
    }

    /// The platform's own JSON of it, secrets masked.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |event| {
    /// assert_eq!(event.original()?["post_type"], "message");
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// [`HostError::NotFound`] when the host has it no more, or there never was one.
    pub fn original(&self) -> Result<serde_json::Value, HostError> {
        let json = host::context::original(&self.id)?;
        serde_json::from_str(&json)
            .map_err(|error| HostError::Other(format!("the original is no JSON: {error}")))
    }

    pub(crate) fn from_raw(raw: RawEvent) -> Result<Self> {
        let RawEvent { id, bot, time, redelivered, body } = raw;
        let Some(body) = K::take(body) else {
            return Err(crate::Error::new(format!(
                "the handler takes events of kind `{}`, but listens to others too: give it `&Event`",
                K::NAMES.join("`, `")
            )));
        };
        Ok(Self { bot, id, at: time, redelivered, body })
    }
}

pub(crate) async fn reply(event: Id, message: Message, quote: bool) -> Result<Receipt, HostError> {
    Ok(host::messages::reply(event, message.into_segments(), quote).await?)
}

impl<K: Kind> Deref for Event<K> {
    type Target = K::Body;

    fn deref(&self) -> &K::Body {
        &self.body
    }
}

impl<K: Kind> Clone for Event<K> {
    fn clone(&self) -> Self {
        Self {
            bot: self.bot.clone(),
            id: self.id.clone(),
            at: self.at,
            redelivered: self.redelivered,
            body: self.body.clone(),
        }
    }
}

impl<K: Kind> fmt::Debug for Event<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("kinds", &K::NAMES)
            .field("id", &self.id)
            .field("bot", &self.bot.id)
            .field("body", &self.body)
            .finish()
    }
}
