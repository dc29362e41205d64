//! Sending on the plugin's own initiative, fetching and taking back. Answers are [`Event::reply`](crate::Event::reply).

use crate::{
    HostError, Message, Result, host,
    types::{Chat, Receipt, ReceivedMessage},
};

/// Sends anywhere. Permission `send`.
///
/// ```
/// # use iglu_sdk::{prelude::*, types::Chat};
/// # iglu_sdk::testing::example(async |event| {
/// messages::send(&event.bot, &Chat::Group("20001".into()), "good morning").await?;
/// # Ok(()) });
/// ```
///
/// # Errors
/// [`HostError::Denied`] without the permission; [`HostError::Timeout`] when it may have been sent.
pub async fn send(
    bot: impl AsRef<str>,
    chat: &Chat,
    message: impl Into<Message>,
) -> Result<Receipt, HostError> {
    let content = message.into().into_segments();
    Ok(host::messages::send(bot.as_ref().to_owned(), chat.clone(), content).await?)
}

/// Takes a message back. Permission `recall`; the plugin's own answers are free.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |event| {
/// let sent = messages::send(&event.bot, &event.chat, "in a hurry").await?;
/// messages::recall(&event.bot, &event.chat, &sent.messages[0]).await?;
/// # Ok(()) }).did("messages.recall", &json!({"bot": "10000"}));
/// ```
///
/// # Errors
/// [`HostError::Denied`], or the platform's refusal.
pub async fn recall(bot: impl AsRef<str>, chat: &Chat, message: impl AsRef<str>) -> Result<(), HostError> {
    Ok(host::messages::recall(bot.as_ref().to_owned(), chat.clone(), message.as_ref().to_owned()).await?)
}

/// A message by its id, with fresh addresses of its media. Free in the chats of running events, else permission `send`.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |event| {
/// let again = messages::fetch(&event.bot, &event.chat, &event.id).await?;
/// assert_eq!(again.text, "hello");
/// # Ok(()) });
/// ```
///
/// # Errors
/// [`HostError::NotFound`] if the platform has forgotten it.
pub async fn fetch(
    bot: impl AsRef<str>,
    chat: &Chat,
    message: impl AsRef<str>,
) -> Result<ReceivedMessage, HostError> {
    Ok(host::messages::fetch(bot.as_ref().to_owned(), chat.clone(), message.as_ref().to_owned()).await?)
}

/// The messages inside a merged one.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |event| {
/// let merged = messages::fetch_forward(&event.bot, "forward-1").await?;
/// assert_eq!(merged[0].sender.nickname, "Ann");
/// # Ok(()) });
/// ```
///
/// # Errors
/// [`HostError::NotFound`] if the platform has forgotten it.
pub async fn fetch_forward(
    bot: impl AsRef<str>,
    forward: impl AsRef<str>,
) -> Result<Vec<ReceivedMessage>, HostError> {
    Ok(host::messages::fetch_forward(bot.as_ref().to_owned(), forward.as_ref().to_owned()).await?)
}

/// Up to `count` messages in the order of time, up to `before` or to the newest. Permission as [`fetch`].
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |event| {
/// let last = messages::history(&event.bot, &event.chat, None, 20).await?;
/// assert_eq!(last[0].text, "hello");
/// # Ok(()) });
/// ```
///
/// # Errors
/// [`HostError::Unsupported`] where the platform keeps none.
pub async fn history(
    bot: impl AsRef<str>,
    chat: &Chat,
    before: Option<&str>,
    count: u32,
) -> Result<Vec<ReceivedMessage>, HostError> {
    let before = before.map(str::to_owned);
    Ok(host::messages::history(bot.as_ref().to_owned(), chat.clone(), before, count).await?)
}

/// Puts an emoji under a message, or takes it away: a QQ face's number or a Unicode emoji's decimal code point.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |event| {
/// messages::react(&event.bot, &event.chat, &event.id, 128077, true).await?;
/// # Ok(()) }).did("messages.react", &json!({"emoji": "128077"}));
/// ```
///
/// # Errors
/// [`HostError::Unsupported`] where the platform cannot.
pub async fn react(
    bot: impl AsRef<str>,
    chat: &Chat,
    message: impl AsRef<str>,
    emoji: impl std::fmt::Display,
    add: bool,
) -> Result<(), HostError> {
    let (bot, message) = (bot.as_ref().to_owned(), message.as_ref().to_owned());
    Ok(host::messages::react(bot, chat.clone(), message, emoji.to_string(), add).await?)
}

/// Marks the chat as read. Permission `send`.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |event| {
/// messages::mark_read(&event.bot, &event.chat).await?;
/// # Ok(()) }).did("messages.mark_read", &json!({"bot": "10000"}));
/// ```
///
/// # Errors
/// [`HostError::Unsupported`] where the platform cannot.
pub async fn mark_read(bot: impl AsRef<str>, chat: &Chat) -> Result<(), HostError> {
    Ok(host::messages::mark_read(bot.as_ref().to_owned(), chat.clone()).await?)
}
