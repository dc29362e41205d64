//! Friends, users and requests. Reading needs no permission, the rest `friends`.

use crate::{
    HostError, Result, host,
    types::{Friend, Request, UserProfile},
};

/// The bot's friends.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |event| {
/// assert_eq!(friends::list(&event.bot).await?[0].user.nickname, "Ann");
/// # Ok(()) });
/// ```
///
/// # Errors
/// [`HostError::Unsupported`] where the platform does not tell.
pub async fn list(bot: impl AsRef<str>) -> Result<Vec<Friend>, HostError> {
    Ok(host::friends::list(bot.as_ref().to_owned()).await?)
}

/// Any user, friend or not.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |event| {
/// let profile = friends::profile(&event.bot, "10001").await?;
/// assert_eq!(profile.user.nickname, "Ann");
/// # Ok(()) });
/// ```
///
/// # Errors
/// [`HostError::NotFound`] if there is none of that id.
pub async fn profile(bot: impl AsRef<str>, user: impl AsRef<str>) -> Result<UserProfile, HostError> {
    Ok(host::friends::profile(bot.as_ref().to_owned(), user.as_ref().to_owned()).await?)
}

/// Likes a profile; QQ caps it per day.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |event| {
/// friends::like(&event.bot, &event.sender, 10).await?;
/// # Ok(()) }).did("friends.like", &json!({"times": 10}));
/// ```
///
/// # Errors
/// [`HostError::Denied`], or [`HostError::Platform`] above the cap.
pub async fn like(bot: impl AsRef<str>, user: impl AsRef<str>, times: u32) -> Result<(), HostError> {
    Ok(host::friends::like(bot.as_ref().to_owned(), user.as_ref().to_owned(), times).await?)
}

/// Pokes a user in that group, or in the private chat.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |event| {
/// friends::poke(&event.bot, &event.sender, event.group()).await?;
/// # Ok(()) }).did("friends.poke", &json!({"user": "10001", "group": "20001"}));
/// ```
///
/// # Errors
/// [`HostError::Denied`], or [`HostError::Unsupported`].
pub async fn poke(bot: impl AsRef<str>, user: impl AsRef<str>, group: Option<&str>) -> Result<(), HostError> {
    let group = group.map(str::to_owned);
    Ok(host::friends::poke(bot.as_ref().to_owned(), user.as_ref().to_owned(), group).await?)
}

/// Ends the friendship.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |event| {
/// friends::remove(&event.bot, "10002").await?;
/// # Ok(()) }).did("friends.remove", &json!({"user": "10002"}));
/// ```
///
/// # Errors
/// [`HostError::Denied`], or the platform's refusal.
pub async fn remove(bot: impl AsRef<str>, user: impl AsRef<str>) -> Result<(), HostError> {
    Ok(host::friends::remove(bot.as_ref().to_owned(), user.as_ref().to_owned()).await?)
}

/// Join requests and invites that nobody has answered yet.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |event| {
/// assert!(friends::pending_requests(&event.bot).await?.is_empty());
/// # Ok(()) });
/// ```
///
/// # Errors
/// [`HostError::Unsupported`] where the platform does not tell.
pub async fn pending_requests(bot: impl AsRef<str>) -> Result<Vec<Request>, HostError> {
    Ok(host::friends::pending_requests(bot.as_ref().to_owned()).await?)
}

/// Answers a request, even one that was kept for days. The reason is shown to the refused; for an approved friend it is
/// the remark. For a request event there are [`approve`](crate::Event::approve) and [`refuse`](crate::Event::refuse).
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |event| {
/// for request in friends::pending_requests(&event.bot).await? {
///     friends::answer_request(&event.bot, request, true, None).await?;
/// }
/// # Ok(()) });
/// ```
///
/// # Errors
/// [`HostError::Expired`] when somebody answered before.
pub async fn answer_request(
    bot: impl AsRef<str>,
    request: Request,
    approve: bool,
    reason: Option<String>,
) -> Result<(), HostError> {
    Ok(host::friends::answer_request(bot.as_ref().to_owned(), request, approve, reason).await?)
}
