//! Files of chats. [`Event::fetch`](crate::Event::fetch) reads what an event carries; the rest needs the permission
//! `files`.

use crate::{
    HostError, Result, host,
    types::{Chat, Id, Listing, Media},
};

/// The bytes of any media of that bot, as from [`messages::fetch`](crate::messages::fetch), if at most `limit`.
///
/// # Errors
/// [`HostError::Exhausted`] if there are more, [`HostError::NotFound`] if the platform has it no more.
pub async fn download(bot: impl AsRef<str>, file: &Media, limit: u32) -> Result<Vec<u8>, HostError> {
    Ok(host::files::download(bot.as_ref().to_owned(), file.clone(), limit).await?)
}

/// Puts a file into a chat, in a group perhaps into a folder. Answers the file's id where the platform tells.
///
/// # Errors
/// [`HostError::Denied`], or the platform's refusal.
pub async fn upload(
    bot: impl AsRef<str>,
    chat: &Chat,
    file: Media,
    folder: Option<&str>,
) -> Result<Option<Id>, HostError> {
    let folder = folder.map(str::to_owned);
    Ok(host::files::upload(bot.as_ref().to_owned(), chat.clone(), file, folder).await?)
}

/// A short-lived address of a file in a group or a private chat.
///
/// # Errors
/// [`HostError::NotFound`] if the platform has it no more.
pub async fn url(bot: impl AsRef<str>, chat: &Chat, file_id: impl AsRef<str>) -> Result<String, HostError> {
    Ok(host::files::url(bot.as_ref().to_owned(), chat.clone(), file_id.as_ref().to_owned()).await?)
}

/// A group's files and folders; the root if `folder` is none.
///
/// # Errors
/// [`HostError::Denied`], or [`HostError::NotFound`].
pub async fn list(
    bot: impl AsRef<str>,
    group: impl AsRef<str>,
    folder: Option<&str>,
) -> Result<Listing, HostError> {
    let folder = folder.map(str::to_owned);
    Ok(host::files::list(bot.as_ref().to_owned(), group.as_ref().to_owned(), folder).await?)
}

/// Removes a group's file.
///
/// # Errors
/// [`HostError::Denied`], or the platform's refusal.
pub async fn remove(
    bot: impl AsRef<str>,
    group: impl AsRef<str>,
    file_id: impl AsRef<str>,
) -> Result<(), HostError> {
    let (bot, group) = (bot.as_ref().to_owned(), group.as_ref().to_owned());
    Ok(host::files::remove(bot, group, file_id.as_ref().to_owned()).await?)
}

/// Makes a folder among a group's files. Answers its id where the platform tells.
///
/// # Errors
/// [`HostError::Denied`], or the platform's refusal.
pub async fn create_folder(
    bot: impl AsRef<str>,
    group: impl AsRef<str>,
    name: &str,
) -> Result<Option<Id>, HostError> {
    Ok(host::files::create_folder(bot.as_ref().to_owned(), group.as_ref().to_owned(), name.to_owned())
        .await?)
}

/// Removes a folder.
///
/// # Errors
/// [`HostError::Denied`], or the platform's refusal.
pub async fn remove_folder(
    bot: impl AsRef<str>,
    group: impl AsRef<str>,
    folder: impl AsRef<str>,
) -> Result<(), HostError> {
    let (bot, group) = (bot.as_ref().to_owned(), group.as_ref().to_owned());
    Ok(host::files::remove_folder(bot, group, folder.as_ref().to_owned()).await?)
}
