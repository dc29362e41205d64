//! What can be done about events of certain kinds.

use super::{Event, Kind, MessageEvent, kind};
use crate::{
    HostError, Message, Result, friends, host, messages,
    types::{Media, Quote, Receipt, Request, Segment},
};

impl MessageEvent {
    /// The group's id, if it was said in a group.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |event| {
    /// assert_eq!(event.group(), Some("20001"));
    /// # Ok(()) });
    /// ```
    #[must_use]
    pub fn group(&self) -> Option<&str> {
        self.chat.group()
    }

    /// Its content as a message, to look at or to send again.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |event| {
    /// // An echo, with its images and whatever else.
    /// event.reply(event.message()).await?;
    /// # Ok(()) }).replied("hello");
    /// ```
    #[must_use]
    pub fn message(&self) -> Message {
        Message::from(self.content.clone())
    }

    /// The message that it quotes.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |event| {
    /// if let Some(quote) = event.quoted() {
    ///     event.reply(quote.text.clone().unwrap_or_default()).await?;
    /// }
    /// # Ok(()) });
    /// ```
    #[must_use]
    pub fn quoted(&self) -> Option<&Quote> {
        self.content.iter().find_map(|segment| match segment {
            Segment::Reply(quote) => Some(quote),
            _ => None,
        })
    }

    /// Takes the message back; permission `recall`.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |event| {
    /// event.recall().await?;
    /// # Ok(()) }).did("messages.recall", &json!({"bot": "10000"}));
    /// ```
    ///
    /// # Errors
    /// [`HostError::Denied`], or the platform's refusal.
    pub async fn recall(&self) -> Result<(), HostError> {
        messages::recall(&self.bot, &self.chat, &self.id).await
    }

    /// Puts an emoji under the message: a QQ face's number or the decimal code point of a Unicode emoji.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |event| {
    /// event.react(128077).await?;
    /// # Ok(()) }).did("messages.react", &json!({"emoji": "128077", "add": true}));
    /// ```
    ///
    /// # Errors
    /// [`HostError::Unsupported`] where the platform cannot.
    pub async fn react(&self, emoji: impl std::fmt::Display) -> Result<(), HostError> {
        messages::react(&self.bot, &self.chat, &self.id, emoji, true).await
    }
}

impl<K: Kind> Event<K> {
    /// The bytes of an image, voice, video or file that the event carries, if there are at most `limit`.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |event| {
    /// for image in event.images() {
    ///     let bytes = event.fetch(&image, 1 << 20).await?;
    ///     log::info!("{} bytes", bytes.len());
    /// }
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// [`HostError::Exhausted`] if there are more, [`HostError::NotFound`] if the platform has it no more.
    pub async fn fetch(&self, file: &Media, limit: u32) -> Result<Vec<u8>, HostError> {
        Ok(host::files::fetch(self.event_id().to_owned(), file.clone(), limit).await?)
    }

    /// Starts a reply that grows while it is written; elsewhere than in the official platform's private chats it is
    /// sent whole at the end.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |event| {
    /// let draft = event.stream().await?;
    /// for part in ["Once ", "upon ", "a time"] {
    ///     draft.append(part).await?;
    /// }
    /// draft.finish().await?;
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// As [`reply`](Self::reply).
    pub async fn stream(&self) -> Result<Draft, HostError> {
        Ok(Draft { name: host::messages::reply_stream(self.event_id().to_owned()).await? })
    }
}

/// A reply in the making; see [`Event::stream`].
#[derive(Debug)]
pub struct Draft {
    name: String,
}

impl Draft {
    /// Adds text.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |event| {
    /// let draft = event.stream().await?;
    /// draft.append("bit by bit").await?;
    /// draft.finish().await?;
    /// # Ok(()) }).replied("bit by bit");
    /// ```
    ///
    /// # Errors
    /// Whatever sending can meet.
    pub async fn append(&self, text: impl Into<String>) -> Result<(), HostError> {
        Ok(host::messages::append(self.name.clone(), text.into()).await?)
    }

    /// Ends it.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |event| {
    /// let draft = event.stream().await?;
    /// draft.append("the whole story").await?;
    /// let receipt = draft.finish().await?;
    /// assert_eq!(receipt.messages.len(), 1);
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// [`HostError::Invalid`] when nothing was written.
    pub async fn finish(self) -> Result<Receipt, HostError> {
        Ok(host::messages::finish(self.name).await?)
    }
}

impl Event<kind::Interaction> {
    /// Tells the platform how it went, once, within three seconds: 0 success, 1 failed, 2 too frequent, 3 repeated,
    /// 4 no permission, 5 admins only. If nobody does, the host says 0.
    ///
    /// ```
    /// # use iglu_sdk::{Event, event::kind, prelude::*};
    /// # async fn example(press: &Event<kind::Interaction>) -> Result {
    /// press.acknowledge(0).await?;
    /// press.reply("done").await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`HostError::Expired`] when late or done.
    pub async fn acknowledge(&self, code: u32) -> Result<(), HostError> {
        Ok(host::messages::acknowledge(self.event_id().to_owned(), code).await?)
    }
}

/// The kinds of events that are requests.
pub trait RequestKind: Kind {
    /// The request as [`friends::answer_request`] takes it.
    fn request(body: &Self::Body) -> Request;
}

impl RequestKind for kind::Request {
    fn request(body: &Request) -> Request {
        body.clone()
    }
}

impl RequestKind for kind::FriendRequest {
    fn request(body: &Self::Body) -> Request {
        Request::Friend(body.clone())
    }
}

impl RequestKind for kind::JoinRequest {
    fn request(body: &Self::Body) -> Request {
        Request::Join(body.clone())
    }
}

impl RequestKind for kind::InviteRequest {
    fn request(body: &Self::Body) -> Request {
        Request::Invite(body.clone())
    }
}

impl<K: RequestKind> Event<K> {
    /// Says yes; permission `friends`, for a join request `group-admin`.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # #[derive(Default)] struct Host;
    /// # #[plugin(id = "host", permissions(friends = "to answer requests"))] impl Host {
    /// #[on(FriendRequest)]
    /// async fn asked(&self, event: &Event<FriendRequest>) -> Result {
    ///     event.approve().await?;
    ///     Ok(())
    /// }
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`HostError::Expired`] when somebody answered before.
    pub async fn approve(&self) -> Result<(), HostError> {
        friends::answer_request(&self.bot, K::request(self.body()), true, None).await
    }

    /// Says no, with words for the asker.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # #[derive(Default)] struct Doorkeeper;
    /// # #[plugin(id = "doorkeeper", permissions("group-admin" = "to answer requests"))] impl Doorkeeper {
    /// #[on(JoinRequest)]
    /// async fn asked(&self, event: &Event<JoinRequest>) -> Result {
    ///     event.refuse("the group is full").await?;
    ///     Ok(())
    /// }
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`approve`](Self::approve).
    pub async fn refuse(&self, reason: impl Into<String>) -> Result<(), HostError> {
        friends::answer_request(&self.bot, K::request(self.body()), false, Some(reason.into())).await
    }
}
