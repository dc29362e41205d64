//! Files of chats. [`Event::fetch`](crate::Event::fetch) reads what an event carries; the rest needs the permission
//! `files`.

use crate::{
    HostError, Result, host,
    types::{Chat, Id, Listing, Media},
};

/// The bytes of any media of that bot, as from [`messages::fetch`](crate::messages::fetch), if at most `limit`.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |event| {
/// use iglu_sdk::types::Media;
/// let file = Media::from("https://example.com/roses.txt");
/// assert_eq!(files::download(&event.bot, &file, 1 << 20).await?, b"rose");
/// # Ok(()) });
/// ```
///
/// # Errors
/// [`HostError::Exhausted`] if there are more, [`HostError::NotFound`] if the platform has it no more.
pub async fn download(bot: impl AsRef<str>, file: &Media, limit: u32) -> Result<Vec<u8>, HostError> {
    Ok(host::files::download(bot.as_ref().to_owned(), file.clone(), limit).await?)
}

/// Puts a file into a chat, in a group perhaps into a folder. Answers the file's id where the platform tells.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |event| {
/// files::upload(&event.bot, &event.chat, b"a rose".to_vec().into(), None).await?;
/// # Ok(()) }).did("files.upload", &json!({"folder": null}));
/// ```
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
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |event| {
/// let url = files::url(&event.bot, &event.chat, "f-1").await?;
/// assert!(url.starts_with("https://"));
/// # Ok(()) });
/// ```
///
/// # Errors
/// [`HostError::NotFound`] if the platform has it no more.
pub async fn url(bot: impl AsRef<str>, chat: &Chat, file_id: impl AsRef<str>) -> Result<String, HostError> {
    Ok(host::files::url(bot.as_ref().to_owned(), chat.clone(), file_id.as_ref().to_owned()).await?)
}

/// A group's files and folders; the root if `folder` is none.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |event| {
/// let listing = files::list(&event.bot, "20001", None).await?;
/// assert_eq!(listing.files[0].name, "roses.txt");
/// # Ok(()) });
/// ```
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
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |event| {
/// files::remove(&event.bot, "20001", "f-1").await?;
/// # Ok(()) }).did("files.remove", &json!({"file_id": "f-1"}));
/// ```
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
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |event| {
/// files::create_folder(&event.bot, "20001", "pictures").await?;
/// # Ok(()) }).did("files.create_folder", &json!({"name": "pictures"}));
/// ```
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
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |event| {
/// files::remove_folder(&event.bot, "20001", "d-1").await?;
/// # Ok(()) }).did("files.remove_folder", &json!({"folder": "d-1"}));
/// ```
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
