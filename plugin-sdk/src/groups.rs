//! Groups and their members. Reading needs no permission, everything else `group-admin`; QQ also wants the bot to be
//! admin or owner, else [`HostError::Platform`].
//!
//! ```
//! # use iglu_sdk::prelude::*;
//! # async fn example(event: &MessageEvent, group: &str) -> Result {
//! groups::mute(&event.bot, group, &event.sender, Duration::from_secs(600)).await?;
//! # Ok(()) }
//! ```

use std::time::Duration;

use crate::{
    HostError, Result, host,
    types::{Announcement, EssenceEntry, Group, GroupMember, Media},
};

/// The groups that the bot is in.
///
/// # Errors
/// [`HostError::Unsupported`] where the platform does not tell.
pub async fn list(bot: impl AsRef<str>) -> Result<Vec<Group>, HostError> {
    Ok(host::groups::list(bot.as_ref().to_owned()).await?)
}

/// One group.
///
/// # Errors
/// [`HostError::NotFound`] if the bot is in no such group.
pub async fn info(bot: impl AsRef<str>, group: impl AsRef<str>) -> Result<Group, HostError> {
    Ok(host::groups::info(bot.as_ref().to_owned(), group.as_ref().to_owned()).await?)
}

/// All members; may take seconds for a large group.
///
/// # Errors
/// [`HostError::NotFound`] if the bot is in no such group.
pub async fn members(bot: impl AsRef<str>, group: impl AsRef<str>) -> Result<Vec<GroupMember>, HostError> {
    Ok(host::groups::members(bot.as_ref().to_owned(), group.as_ref().to_owned()).await?)
}

/// One member.
///
/// # Errors
/// [`HostError::NotFound`] if there is none.
pub async fn member(
    bot: impl AsRef<str>,
    group: impl AsRef<str>,
    user: impl AsRef<str>,
) -> Result<GroupMember, HostError> {
    Ok(host::groups::member(bot.as_ref().to_owned(), group.as_ref().to_owned(), user.as_ref().to_owned())
        .await?)
}

/// Removes a member; `refuse_return` also refuses that user's next requests.
///
/// # Errors
/// [`HostError::Denied`], or the platform's refusal.
pub async fn kick(
    bot: impl AsRef<str>,
    group: impl AsRef<str>,
    user: impl AsRef<str>,
    refuse_return: bool,
) -> Result<(), HostError> {
    Ok(host::groups::kick(
        bot.as_ref().to_owned(),
        group.as_ref().to_owned(),
        user.as_ref().to_owned(),
        refuse_return,
    )
    .await?)
}

/// Keeps a member from writing, for up to 30 days; zero lifts it.
///
/// # Errors
/// [`HostError::Denied`], or the platform's refusal.
pub async fn mute(
    bot: impl AsRef<str>,
    group: impl AsRef<str>,
    user: impl AsRef<str>,
    time: Duration,
) -> Result<(), HostError> {
    let seconds = u32::try_from(time.as_secs()).unwrap_or(u32::MAX);
    Ok(host::groups::mute(
        bot.as_ref().to_owned(),
        group.as_ref().to_owned(),
        user.as_ref().to_owned(),
        seconds,
    )
    .await?)
}

/// Keeps everyone but admins from writing, or lifts it.
///
/// # Errors
/// [`HostError::Denied`], or the platform's refusal.
pub async fn mute_all(bot: impl AsRef<str>, group: impl AsRef<str>, on: bool) -> Result<(), HostError> {
    Ok(host::groups::mute_all(bot.as_ref().to_owned(), group.as_ref().to_owned(), on).await?)
}

/// Makes a member admin, or no longer. The bot must be owner.
///
/// # Errors
/// [`HostError::Denied`], or the platform's refusal.
pub async fn set_admin(
    bot: impl AsRef<str>,
    group: impl AsRef<str>,
    user: impl AsRef<str>,
    on: bool,
) -> Result<(), HostError> {
    Ok(host::groups::set_admin(
        bot.as_ref().to_owned(),
        group.as_ref().to_owned(),
        user.as_ref().to_owned(),
        on,
    )
    .await?)
}

/// Sets a member's name in the group; empty removes it.
///
/// # Errors
/// [`HostError::Denied`], or the platform's refusal.
pub async fn set_card(
    bot: impl AsRef<str>,
    group: impl AsRef<str>,
    user: impl AsRef<str>,
    card: &str,
) -> Result<(), HostError> {
    Ok(host::groups::set_card(
        bot.as_ref().to_owned(),
        group.as_ref().to_owned(),
        user.as_ref().to_owned(),
        card.to_owned(),
    )
    .await?)
}

/// Sets a member's title; empty removes it. The bot must be owner.
///
/// # Errors
/// [`HostError::Denied`], or the platform's refusal.
pub async fn set_title(
    bot: impl AsRef<str>,
    group: impl AsRef<str>,
    user: impl AsRef<str>,
    title: &str,
) -> Result<(), HostError> {
    Ok(host::groups::set_title(
        bot.as_ref().to_owned(),
        group.as_ref().to_owned(),
        user.as_ref().to_owned(),
        title.to_owned(),
    )
    .await?)
}

/// Names the group.
///
/// # Errors
/// [`HostError::Denied`], or the platform's refusal.
pub async fn rename(bot: impl AsRef<str>, group: impl AsRef<str>, name: &str) -> Result<(), HostError> {
    Ok(host::groups::rename(bot.as_ref().to_owned(), group.as_ref().to_owned(), name.to_owned()).await?)
}

/// Makes a message essence, or no longer.
///
/// # Errors
/// [`HostError::Denied`], or the platform's refusal.
pub async fn set_essence(
    bot: impl AsRef<str>,
    group: impl AsRef<str>,
    message: impl AsRef<str>,
    on: bool,
) -> Result<(), HostError> {
    Ok(host::groups::set_essence(
        bot.as_ref().to_owned(),
        group.as_ref().to_owned(),
        message.as_ref().to_owned(),
        on,
    )
    .await?)
}

/// The essence messages.
///
/// # Errors
/// [`HostError::Unsupported`] where the platform does not tell.
pub async fn essences(bot: impl AsRef<str>, group: impl AsRef<str>) -> Result<Vec<EssenceEntry>, HostError> {
    Ok(host::groups::essences(bot.as_ref().to_owned(), group.as_ref().to_owned()).await?)
}

/// Posts an announcement.
///
/// # Errors
/// [`HostError::Denied`], or the platform's refusal.
pub async fn announce(
    bot: impl AsRef<str>,
    group: impl AsRef<str>,
    text: &str,
    picture: Option<Media>,
) -> Result<(), HostError> {
    Ok(host::groups::announce(bot.as_ref().to_owned(), group.as_ref().to_owned(), text.to_owned(), picture)
        .await?)
}

/// The announcements.
///
/// # Errors
/// [`HostError::Unsupported`] where the platform does not tell.
pub async fn announcements(
    bot: impl AsRef<str>,
    group: impl AsRef<str>,
) -> Result<Vec<Announcement>, HostError> {
    Ok(host::groups::announcements(bot.as_ref().to_owned(), group.as_ref().to_owned()).await?)
}

/// Removes an announcement.
///
/// # Errors
/// [`HostError::Denied`], or the platform's refusal.
pub async fn remove_announcement(
    bot: impl AsRef<str>,
    group: impl AsRef<str>,
    announcement: impl AsRef<str>,
) -> Result<(), HostError> {
    Ok(host::groups::remove_announcement(
        bot.as_ref().to_owned(),
        group.as_ref().to_owned(),
        announcement.as_ref().to_owned(),
    )
    .await?)
}

/// Leaves the group.
///
/// # Errors
/// [`HostError::Denied`], or the platform's refusal.
pub async fn leave(bot: impl AsRef<str>, group: impl AsRef<str>) -> Result<(), HostError> {
    Ok(host::groups::leave(bot.as_ref().to_owned(), group.as_ref().to_owned()).await?)
}
