//! Time: now, sleeping, and timers that outlive a restart.

use std::time::Duration;

use serde::Serialize;

use crate::{HostError, Result, host, types::Timestamp};

/// Seconds since 1970.
#[must_use]
pub fn now() -> Timestamp {
    host::clock::now()
}

/// Waits. It counts as the handler's time: for long waits set a [timer](set_timer).
///
/// # Errors
/// [`HostError::Cancelled`] on a reload or shutdown.
pub async fn sleep(time: Duration) -> Result<(), HostError> {
    let ms = u32::try_from(time.as_millis()).unwrap_or(u32::MAX);
    Ok(host::clock::sleep(ms).await?)
}

/// A durable timer: at `due` (seconds since 1970) handlers of `#[on(Scheduled)]` get an event with this name and data.
/// A second one of that name replaces the first.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # async fn example() -> Result {
/// clock::set_timer("tea", clock::now() + 180.0, &"it is ready").await?;
/// # Ok(()) }
/// ```
///
/// # Errors
/// [`HostError::Exhausted`] for too many.
pub async fn set_timer(name: &str, due: Timestamp, data: &impl Serialize) -> Result<(), HostError> {
    let data = serde_json::to_string(data).map_err(|error| {
        HostError::Invalid(format!("the data of timer `{name}` has no JSON form: {error}"))
    })?;
    Ok(host::clock::set_timer(name.to_owned(), due, Some(data)).await?)
}

/// Ends a timer and says whether there was one.
///
/// # Errors
/// [`HostError::Invalid`] for an empty name.
pub async fn cancel_timer(name: &str) -> Result<bool, HostError> {
    Ok(host::clock::cancel_timer(name.to_owned()).await?)
}
