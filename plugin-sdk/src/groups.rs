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
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |event| {
/// for group in groups::list(&event.bot).await? {
///     log::info!("{}: {}", group.id, group.name);
/// }
/// # Ok(()) });
/// ```
///
/// # Errors
/// [`HostError::Unsupported`] where the platform does not tell.
pub async fn list(bot: impl AsRef<str>) -> Result<Vec<Group>, HostError> {
    Ok(host::groups::list(bot.as_ref().to_owned()).await?)
}

/// One group.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |event| {
/// assert_eq!(groups::info(&event.bot, "20001").await?.name, "Garden");
/// # Ok(()) });
/// ```
///
/// # Errors
/// [`HostError::NotFound`] if the bot is in no such group.
pub async fn info(bot: impl AsRef<str>, group: impl AsRef<str>) -> Result<Group, HostError> {
    Ok(host::groups::info(bot.as_ref().to_owned(), group.as_ref().to_owned()).await?)
}

/// All members; may take seconds for a large group.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |event| {
/// let members = groups::members(&event.bot, "20001").await?;
/// assert_eq!(members.len(), 2);
/// # Ok(()) });
/// ```
///
/// # Errors
/// [`HostError::NotFound`] if the bot is in no such group.
pub async fn members(bot: impl AsRef<str>, group: impl AsRef<str>) -> Result<Vec<GroupMember>, HostError> {
    Ok(host::groups::members(bot.as_ref().to_owned(), group.as_ref().to_owned()).await?)
}

/// One member.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |event| {
/// let member = groups::member(&event.bot, "20001", "10002").await?;
/// assert_eq!(member.muted_until, None);
/// # Ok(()) });
/// ```
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
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |event| {
/// groups::kick(&event.bot, "20001", "10002", false).await?;
/// # Ok(()) }).did("groups.kick", &json!({"user": "10002", "refuse_return": false}));
/// ```
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
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |event| {
/// groups::mute(&event.bot, "20001", "10002", Duration::from_secs(600)).await?;
/// // And lets them speak again.
/// groups::mute(&event.bot, "20001", "10002", Duration::ZERO).await?;
/// # Ok(()) }).did("groups.mute", &json!({"user": "10002", "seconds": 600}));
/// ```
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
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |event| {
/// groups::mute_all(&event.bot, "20001", true).await?;
/// # Ok(()) }).did("groups.mute_all", &json!({"on": true}));
/// ```
///
/// # Errors
/// [`HostError::Denied`], or the platform's refusal.
pub async fn mute_all(bot: impl AsRef<str>, group: impl AsRef<str>, on: bool) -> Result<(), HostError> {
    Ok(host::groups::mute_all(bot.as_ref().to_owned(), group.as_ref().to_owned(), on).await?)
}

/// Makes a member admin, or no longer. The bot must be owner.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |event| {
/// groups::set_admin(&event.bot, "20001", "10002", true).await?;
/// # Ok(()) }).did("groups.set_admin", &json!({"on": true}));
/// ```
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
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |event| {
/// groups::set_card(&event.bot, "20001", &event.sender, "the gardener").await?;
/// # Ok(()) }).did("groups.set_card", &json!({"user": "10001", "card": "the gardener"}));
/// ```
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
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |event| {
/// groups::set_title(&event.bot, "20001", &event.sender, "rose").await?;
/// # Ok(()) }).did("groups.set_title", &json!({"title": "rose"}));
/// ```
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
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |event| {
/// groups::rename(&event.bot, "20001", "Rose garden").await?;
/// # Ok(()) }).did("groups.rename", &json!({"name": "Rose garden"}));
/// ```
///
/// # Errors
/// [`HostError::Denied`], or the platform's refusal.
pub async fn rename(bot: impl AsRef<str>, group: impl AsRef<str>, name: &str) -> Result<(), HostError> {
    Ok(host::groups::rename(bot.as_ref().to_owned(), group.as_ref().to_owned(), name.to_owned()).await?)
}

/// Makes a message essence, or no longer.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |event| {
/// groups::set_essence(&event.bot, "20001", &event.id, true).await?;
/// # Ok(()) }).did("groups.set_essence", &json!({"on": true}));
/// ```
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
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |event| {
/// let newest = groups::essences(&event.bot, "20001").await?.into_iter().next();
/// assert_eq!(newest.map(|entry| entry.sender), Some("10001".to_owned()));
/// # Ok(()) });
/// ```
///
/// # Errors
/// [`HostError::Unsupported`] where the platform does not tell.
pub async fn essences(bot: impl AsRef<str>, group: impl AsRef<str>) -> Result<Vec<EssenceEntry>, HostError> {
    Ok(host::groups::essences(bot.as_ref().to_owned(), group.as_ref().to_owned()).await?)
}

/// Posts an announcement.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |event| {
/// groups::announce(&event.bot, "20001", "The roses are in bloom.", None).await?;
/// # Ok(()) }).did("groups.announce", &json!({"text": "The roses are in bloom."}));
/// ```
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
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |event| {
/// let texts: Vec<_> =
///     groups::announcements(&event.bot, "20001").await?.into_iter().map(|one| one.text).collect();
/// assert_eq!(texts, ["Water the roses."]);
/// # Ok(()) });
/// ```
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
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |event| {
/// for old in groups::announcements(&event.bot, "20001").await? {
///     groups::remove_announcement(&event.bot, "20001", &old.id).await?;
/// }
/// # Ok(()) }).did("groups.remove_announcement", &json!({"announcement": "a-1"}));
/// ```
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
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |event| {
/// groups::leave(&event.bot, "20001").await?;
/// # Ok(()) }).did("groups.leave", &json!({"group": "20001"}));
/// ```
///
/// # Errors
/// [`HostError::Denied`], or the platform's refusal.
pub async fn leave(bot: impl AsRef<str>, group: impl AsRef<str>) -> Result<(), HostError> {
    Ok(host::groups::leave(bot.as_ref().to_owned(), group.as_ref().to_owned()).await?)
}
