//! Sending on the plugin's own initiative, fetching and taking back. Answers are [`Event::reply`](crate::Event::reply).

use crate::{
    HostError, Message, Result, host,
    types::{Chat, Receipt, ReceivedMessage},
};

/// Sends anywhere. Permission `send`.
///
/// ```
/// # use iglu_sdk::{prelude::*, types::Chat};
/// # async fn example(event: &MessageEvent) -> Result {
/// messages::send(&event.bot, &Chat::Group("20001".into()), "good morning").await?;
/// # Ok(()) }
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
/// # Errors
/// [`HostError::Denied`], or the platform's refusal.
pub async fn recall(bot: impl AsRef<str>, chat: &Chat, message: impl AsRef<str>) -> Result<(), HostError> {
    Ok(host::messages::recall(bot.as_ref().to_owned(), chat.clone(), message.as_ref().to_owned()).await?)
}

/// A message by its id, with fresh addresses of its media. Free in the chats of running events, else permission `send`.
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
/// # Errors
/// [`HostError::Unsupported`] where the platform cannot.
pub async fn mark_read(bot: impl AsRef<str>, chat: &Chat) -> Result<(), HostError> {
    Ok(host::messages::mark_read(bot.as_ref().to_owned(), chat.clone()).await?)
}
