//! The accounts of this host, and every action of a platform that has no function of its own.

use serde::{Serialize, de::DeserializeOwned};

use crate::{HostError, Result, host, types::Bot};

/// All accounts, online or not.
#[must_use]
pub fn list() -> Vec<Bot> {
    host::bots::list()
}

/// One account by its id.
///
/// # Errors
/// [`HostError::NotFound`] if there is none.
pub fn get(bot: impl AsRef<str>) -> Result<Bot, HostError> {
    Ok(host::bots::get(bot.as_ref())?)
}

/// The users that the owner named as superusers of that bot.
#[must_use]
pub fn superusers(bot: impl AsRef<str>) -> Vec<String> {
    host::context::superusers(bot.as_ref())
}

/// A platform's own action: on NapCat its name and parameters, on the official platform method and path, and the body.
/// Permission `call:<pattern>`.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # async fn example(event: &MessageEvent) -> Result {
/// let status: Value = bots::call(&event.bot, "get_status", &json!({})).await?;
/// log::info!("online: {}", status["online"]);
/// # Ok(()) }
/// ```
///
/// # Errors
/// [`HostError::Denied`] without the permission, [`HostError::Platform`] with the platform's code, and
/// [`HostError::Other`] when the answer does not fit the type.
pub async fn call<T: DeserializeOwned>(
    bot: impl AsRef<str>,
    action: &str,
    params: &impl Serialize,
) -> Result<T, HostError> {
    let params = serde_json::to_string(params).map_err(|error| {
        HostError::Invalid(format!("the parameters of `{action}` have no JSON form: {error}"))
    })?;
    let answer = host::bots::call(bot.as_ref().to_owned(), action.to_owned(), params).await?;
    serde_json::from_str(&answer).map_err(|error| {
        HostError::Other(format!("the answer of `{action}` does not fit: {error}: {answer}"))
    })
}
