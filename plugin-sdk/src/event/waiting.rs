//! Waiting for what a user does next.

use std::time::Duration;

use super::{Event, Kind, MessageEvent, kind};
use crate::{
    HostError, Result, host,
    types::{Chat, Expectation, Speaker},
};

/// What [`Event::wait`] waits for: by default any message of the same user in the same chat.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # async fn example(event: &MessageEvent) -> Result {
/// let answer = event.wait(Expect::within(Duration::from_secs(60)).anyone().matching(r"^\d+$")).await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Expect(Expectation);

impl Expect {
    /// The longest wait.
    #[must_use]
    pub fn within(timeout: Duration) -> Self {
        Self(Expectation {
            who: Speaker::SameUser,
            chat: None,
            pattern: None,
            timeout_ms: u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX),
            commands_first: false,
            interactions: false,
        })
    }

    /// From anyone in the chat.
    #[must_use]
    pub fn anyone(mut self) -> Self {
        self.0.who = Speaker::AnyoneInChat;
        self
    }

    /// From one of these users.
    #[must_use]
    pub fn users<U: AsRef<str>>(mut self, users: impl IntoIterator<Item = U>) -> Self {
        self.0.who = Speaker::Users(users.into_iter().map(|user| user.as_ref().to_owned()).collect());
        self
    }

    /// In another chat.
    #[must_use]
    pub fn in_chat(mut self, chat: Chat) -> Self {
        self.0.chat = Some(chat);
        self
    }

    /// Only a message whose text matches this regular expression.
    #[must_use]
    pub fn matching(mut self, pattern: impl Into<String>) -> Self {
        self.0.pattern = Some(pattern.into());
        self
    }

    /// Lets commands be commands, although somebody waits.
    #[must_use]
    pub fn commands_first(mut self) -> Self {
        self.0.commands_first = true;
        self
    }

    /// A pressed button ends the wait too.
    #[must_use]
    pub fn or_button(mut self) -> Self {
        self.0.interactions = true;
        self
    }
}

impl<K: Kind> Event<K> {
    /// The user's next message in this chat, which then goes to no other handler; none when the time is over.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # async fn example(event: &MessageEvent) -> Result {
    /// event.reply("Really? Say yes.").await?;
    /// match event.wait_reply(Duration::from_secs(30)).await? {
    ///     Some(answer) if answer.text == "yes" => event.reply("Done.").await?,
    ///     _ => event.reply("Then not.").await?,
    /// };
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`HostError::Cancelled`] on a reload or shutdown, [`HostError::Exhausted`] when the plugin waits too often.
    pub async fn wait_reply(&self, timeout: Duration) -> Result<Option<MessageEvent>, HostError> {
        let raw = host::sessions::wait(self.event_id().to_owned(), Expect::within(timeout).0).await?;
        Ok(raw.and_then(|raw| Event::from_raw(raw).ok()))
    }

    /// The next event that is [expected](Expect): a message, or a pressed button if that was asked for.
    ///
    /// # Errors
    /// As [`wait_reply`](Self::wait_reply), and [`HostError::Invalid`] for a bad pattern.
    pub async fn wait(&self, expect: Expect) -> Result<Option<Event<kind::Any>>, HostError> {
        let raw = host::sessions::wait(self.event_id().to_owned(), expect.0).await?;
        Ok(raw.and_then(|raw| Event::from_raw(raw).ok()))
    }
}

impl Event<kind::Any> {
    /// The message, if it is one.
    #[must_use]
    pub fn into_message(self) -> Option<MessageEvent> {
        self.narrow()
    }

    /// The event as one of this kind, if it is of it.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # fn example(event: Event) {
    /// if let Some(joined) = event.narrow::<MemberJoined>() {
    ///     log::info!("{} is new", joined.user);
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn narrow<K: Kind>(self) -> Option<Event<K>> {
        let body = K::take(self.body)?;
        Some(Event { bot: self.bot, id: self.id, at: self.at, redelivered: self.redelivered, body })
    }
}
