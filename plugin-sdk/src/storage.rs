//! Durable keys and values, of this plugin alone: they outlive reloads and restarts. A write is on disk when it returns.
//!
//! Values are anything with `serde`, kept as JSON; there are functions for raw bytes too. Keys with a common prefix can
//! be listed, so name them like paths: `notes/10001/3`.
//!
//! ```
//! # use iglu_sdk::prelude::*;
//! # async fn example(user: &str) -> Result {
//! storage::set("greeting", &"hello").await?;
//! let greeting: Option<String> = storage::get("greeting").await?;
//! let visits = storage::add(&format!("visits/{user}"), 1.0).await?;
//! # Ok(()) }
//! ```
//!
//! [`Cell`], [`Counter`], [`Map`] and [`Queue`] are collections over these keys, for handlers that run at once; a [`Batch`] makes
//! several changes or none.

mod batch;
mod collections;

use std::time::Duration;

use serde::{Serialize, de::DeserializeOwned};

pub use self::{
    batch::Batch,
    collections::{Cell, Counter, Map, Pages, Queue},
};
use crate::{HostError, Result, host, host::storage::Entry};

/// The value, if there is one.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |_| {
/// storage::set("greeting", "hello").await?;
/// let greeting: Option<String> = storage::get("greeting").await?;
/// assert_eq!(greeting.as_deref(), Some("hello"));
/// # Ok(()) });
/// ```
///
/// # Errors
/// [`HostError::Invalid`] when the value does not fit the type.
pub async fn get<T: DeserializeOwned>(key: &str) -> Result<Option<T>, HostError> {
    get_bytes(key).await?.map(|bytes| decode(key, &bytes)).transpose()
}

/// The values of several keys in one call, in their order, all of one moment.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |_| {
/// let [wins, losses] = storage::get_many::<u32, 2>(["wins", "losses"]).await?;
/// # Ok(()) });
/// ```
///
/// # Errors
/// As [`get`]; [`HostError::Exhausted`] when they are too many bytes for one call.
pub async fn get_many<T: DeserializeOwned, const N: usize>(
    keys: [&str; N],
) -> Result<[Option<T>; N], HostError> {
    let found = host::storage::get_many(keys.map(str::to_owned).to_vec()).await?;
    let mut values = [const { None }; N];
    for ((key, bytes), value) in keys.into_iter().zip(found).zip(&mut values) {
        *value = bytes.map(|bytes| decode(key, &bytes)).transpose()?;
    }
    Ok(values)
}

/// Keeps a value.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |_| {
/// storage::set("scores", &[3, 1, 2]).await?;
/// assert_eq!(storage::get::<Vec<u32>>("scores").await?, Some(vec![3, 1, 2]));
/// # Ok(()) });
/// ```
///
/// # Errors
/// [`HostError::Exhausted`] when the plugin's quota is full.
pub async fn set(key: &str, value: &(impl Serialize + ?Sized)) -> Result<(), HostError> {
    set_bytes(key, encode(key, value)?).await
}

/// Keeps a value for some time, in whole seconds and at least one.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |_| {
/// storage::set_for("seen", &true, Duration::from_secs(60)).await?;
/// clock::sleep(Duration::from_secs(61)).await?;
/// assert_eq!(storage::get::<bool>("seen").await?, None);
/// # Ok(()) });
/// ```
///
/// # Errors
/// As [`set`].
pub async fn set_for(key: &str, value: &(impl Serialize + ?Sized), time: Duration) -> Result<(), HostError> {
    let seconds = u32::try_from(time.as_secs()).unwrap_or(u32::MAX).max(1);
    Ok(host::storage::set(key.to_owned(), encode(key, value)?, seconds).await?)
}

/// The value's bytes, if there is one.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |_| {
/// assert_eq!(storage::get_bytes("picture").await?, None);
/// # Ok(()) });
/// ```
///
/// # Errors
/// [`HostError::Invalid`] for an empty or too long key.
pub async fn get_bytes(key: &str) -> Result<Option<Vec<u8>>, HostError> {
    Ok(host::storage::get(key.to_owned()).await?)
}

/// Keeps bytes.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |_| {
/// storage::set_bytes("picture", vec![0x89, 0x50]).await?;
/// assert_eq!(storage::get_bytes("picture").await?, Some(vec![0x89, 0x50]));
/// # Ok(()) });
/// ```
///
/// # Errors
/// As [`set`].
pub async fn set_bytes(key: &str, value: Vec<u8>) -> Result<(), HostError> {
    Ok(host::storage::set(key.to_owned(), value, 0).await?)
}

/// Removes a value and says whether there was one.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |_| {
/// storage::set("greeting", "hello").await?;
/// assert!(storage::remove("greeting").await?);
/// assert!(!storage::remove("greeting").await?, "it is gone already");
/// # Ok(()) });
/// ```
///
/// # Errors
/// [`HostError::Invalid`] for an empty or too long key.
pub async fn remove(key: &str) -> Result<bool, HostError> {
    Ok(host::storage::delete(key.to_owned()).await?)
}

/// All keys with that prefix, in the order of their bytes, with their values.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |_| {
/// storage::set("notes/2", "bread").await?;
/// storage::set("notes/1", "milk").await?;
/// let notes: Vec<(String, String)> = storage::entries("notes/").await?;
/// assert_eq!(notes[0], ("notes/1".to_owned(), "milk".to_owned()));
/// # Ok(()) });
/// ```
///
/// # Errors
/// [`HostError::Invalid`] when a value does not fit the type.
pub async fn entries<T: DeserializeOwned>(prefix: &str) -> Result<Vec<(String, T)>, HostError> {
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let page = host::storage::scan(prefix.to_owned(), after, 0).await?;
        for Entry { key, value } in page.entries {
            let value = decode(&key, &value)?;
            found.push((key, value));
        }
        after = page.next;
        if after.is_none() {
            return Ok(found);
        }
    }
}

/// Adds to a number (0 if absent) and answers the new one; handlers that run at once do not lose each other's.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |_| {
/// assert_eq!(storage::add("visits", 1.0).await?, 1.0);
/// assert_eq!(storage::add("visits", 1.0).await?, 2.0);
/// # Ok(()) });
/// ```
///
/// # Errors
/// [`HostError::Invalid`] when the value is no number.
pub async fn add(key: &str, delta: f64) -> Result<f64, HostError> {
    Ok(host::storage::add(key.to_owned(), delta).await?)
}

/// Makes a new value of the old one (none: absent), again if another handler changed it meanwhile. None removes it.
/// Answers the new value.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |_| {
/// let queue = storage::update("queue", |queue: Option<Vec<String>>| {
///     let mut queue = queue.unwrap_or_default();
///     queue.push("next".into());
///     Some(queue)
/// })
/// .await?;
/// # Ok(()) });
/// ```
///
/// # Errors
/// As [`get`] and [`set`].
pub async fn update<T: Serialize + DeserializeOwned>(
    key: &str,
    mut change: impl FnMut(Option<T>) -> Option<T>,
) -> Result<Option<T>, HostError> {
    loop {
        let before = get_bytes(key).await?;
        let value = before.as_deref().map(|bytes| decode(key, bytes)).transpose()?;
        let after = change(value);
        let bytes = after.as_ref().map(|value| encode(key, value)).transpose()?;
        if host::storage::swap(key.to_owned(), before, bytes).await? {
            return Ok(after);
        }
    }
}

/// Keeps several values, all or none.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |_| {
/// storage::set_many([("wins", &3), ("losses", &1)]).await?;
/// assert_eq!(storage::get_many::<u32, 2>(["wins", "losses"]).await?, [Some(3), Some(1)]);
/// # Ok(()) });
/// ```
///
/// # Errors
/// As [`set`].
pub async fn set_many<'a, T: Serialize + 'a>(
    entries: impl IntoIterator<Item = (&'a str, &'a T)>,
) -> Result<(), HostError> {
    let entries = entries
        .into_iter()
        .map(|(key, value)| Ok(Entry { key: key.to_owned(), value: encode(key, value)? }))
        .collect::<Result<_, HostError>>()?;
    Ok(host::storage::set_many(entries).await?)
}

fn decode<T: DeserializeOwned>(key: &str, bytes: &[u8]) -> Result<T, HostError> {
    serde_json::from_slice(bytes)
        .map_err(|error| HostError::Invalid(format!("the stored value of `{key}` does not fit: {error}")))
}

fn encode(key: &str, value: &(impl Serialize + ?Sized)) -> Result<Vec<u8>, HostError> {
    serde_json::to_vec(value)
        .map_err(|error| HostError::Invalid(format!("the value for `{key}` has no JSON form: {error}")))
}
