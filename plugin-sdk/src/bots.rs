//! The accounts of this host, and every action of a platform that has no function of its own.

use std::marker::PhantomData;

use serde::{Serialize, de::DeserializeOwned};

use crate::{HostError, Result, host, types::Bot};

/// All accounts, online or not.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |event| {
/// assert!(bots::list().iter().any(|bot| bot.id == event.bot.id && bot.online));
/// # Ok(()) });
/// ```
#[must_use]
pub fn list() -> Vec<Bot> {
    host::bots::list()
}

/// One account by its id.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |_| {
/// assert_eq!(bots::get("10000")?.nickname, "iglu");
/// # Ok(()) });
/// ```
///
/// # Errors
/// [`HostError::NotFound`] if there is none.
pub fn get(bot: impl AsRef<str>) -> Result<Bot, HostError> {
    Ok(host::bots::get(bot.as_ref())?)
}

/// The users that the owner named as superusers of that bot.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |event| {
/// if !bots::superusers(&event.bot).contains(&event.sender.id) {
///     event.reply("Only for the owner.").await?;
/// }
/// # Ok(()) });
/// ```
#[must_use]
pub fn superusers(bot: impl AsRef<str>) -> Vec<String> {
    host::context::superusers(bot.as_ref())
}

/// A platform's own action: on NapCat its name and parameters, on the official platform method and path, and the body.
/// Permission `call:<pattern>`.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |event| {
/// let status: Value = bots::call(&event.bot, "get_status", &json!({})).await?;
/// log::info!("online: {}", status["online"]);
/// # Ok(()) });
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
    let params = written(action, params)?;
    let answer = host::bots::call(bot.as_ref().to_owned(), action.to_owned(), params).await?;
    read(action, &answer)
}

/// An action that answers in many packets, such as a download in chunks. Permission `call:<pattern>`. NapCat's have
/// functions in [`napcat`](crate::napcat).
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |event| {
/// let mut packets = bots::call_stream::<Value>(&event.bot, "test_download_stream", &json!({})).await?;
/// while let Some(packet) = packets.next().await? {
///     log::info!("{packet}");
/// }
/// # Ok(()) });
/// ```
///
/// # Errors
/// As [`call`].
pub async fn call_stream<T: DeserializeOwned>(
    bot: impl AsRef<str>,
    action: &str,
    params: &impl Serialize,
) -> Result<CallStream<T>, HostError> {
    let params = written(action, params)?;
    let name = host::bots::call_stream(bot.as_ref().to_owned(), action.to_owned(), params).await?;
    Ok(CallStream { action: action.to_owned(), name, done: false, packets: PhantomData })
}

/// The packets that answer an action, in order. A stream that nobody reads for 60 seconds ends.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |event| {
/// let packets: bots::CallStream<Value> = bots::call_stream(&event.bot, "test_download_stream", &json!({})).await?;
/// # drop(packets); Ok(()) }).did("bots.call_stream", &json!({"action": "test_download_stream"}));
/// ```
#[derive(Debug)]
pub struct CallStream<T> {
    action: String,
    name: String,
    done: bool,
    packets: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> CallStream<T> {
    /// The next packet; none after the last, and after an error.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |event| {
    /// let mut packets = bots::call_stream::<Value>(&event.bot, "test_download_stream", &json!({})).await?;
    /// let first = packets.next().await?;
    /// # assert_eq!(first, Some(json!({"part": 1})));
    /// # assert_eq!(packets.next().await?, None);
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// Once what the action failed with, [`HostError::Timeout`] when it was not read for 60 seconds, and
    /// [`HostError::Other`] for a packet that does not fit the type; the stream can be read on after that.
    pub async fn next(&mut self) -> Result<Option<T>, HostError> {
        if self.done {
            return Ok(None);
        }
        // Done until the host says otherwise, so that the end and every error are the last.
        self.done = true;
        let Some(packet) = host::bots::next(self.name.clone()).await? else { return Ok(None) };
        self.done = false;
        read(&self.action, &packet).map(Some)
    }
}

fn written(action: &str, params: &impl Serialize) -> Result<String, HostError> {
    serde_json::to_string(params).map_err(|error| {
        HostError::Invalid(format!("the parameters of `{action}` have no JSON form: {error}"))
    })
}

fn read<T: DeserializeOwned>(action: &str, answer: &str) -> Result<T, HostError> {
    serde_json::from_str(answer).map_err(|error| {
        HostError::Other(format!("the answer of `{action}` does not fit: {error}: {answer}"))
    })
}
