//! Time: now, sleeping, timers that outlive a restart, and lengths of time as people write them.

mod duration;

use std::time::Duration;

use serde::{Serialize, de::DeserializeOwned};

pub use self::duration::{format_duration, parse_duration};
pub use crate::contract::iglu::plugin::clock::Timer;
use crate::{Error, HostError, Result, host, types::Timestamp};

/// Seconds since 1970.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |_| {
/// let begun = clock::now();
/// clock::sleep(Duration::from_secs(3)).await?;
/// assert!(clock::now() - begun >= 3.0);
/// # Ok(()) });
/// ```
#[must_use]
pub fn now() -> Timestamp {
    host::clock::now()
}

/// Waits. It counts as the handler's time: for long waits set a [timer](set_timer).
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |event| {
/// event.reply("One moment ...").await?;
/// clock::sleep(Duration::from_secs(3)).await?;
/// event.reply("... and it is done.").await?;
/// # Ok(()) }).replied("... and it is done.");
/// ```
///
/// # Errors
/// [`HostError::Cancelled`] on a reload or shutdown.
pub async fn sleep(time: Duration) -> Result<(), HostError> {
    let ms = u32::try_from(time.as_millis()).unwrap_or(u32::MAX);
    Ok(host::clock::sleep(ms).await?)
}

/// A durable timer: in this time handlers of `#[on(Scheduled)]` get an event with this name and
/// [data](crate::Event::data), even after a restart. A second one of that name replaces the first.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |_| {
/// clock::remind("tea", Duration::from_secs(180), &"it is ready").await?;
/// # Ok(()) });
/// ```
///
/// # Errors
/// As [`set_timer`].
pub async fn remind(name: &str, after: Duration, data: &impl Serialize) -> Result<(), HostError> {
    set_timer(name, now() + after.as_secs_f64(), data).await
}

/// A durable timer for a time of day, in seconds since 1970; one that is past fires at once. It is on disk when this
/// returns. The event comes at least once: if the host ends before its handlers do, it comes again as
/// [`redelivered`](crate::Event::redelivered).
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |_| {
/// clock::set_timer("tea", clock::now() + 180.0, &"it is ready").await?;
/// # Ok(()) });
/// ```
///
/// # Errors
/// [`HostError::Exhausted`] for too many or too much data, [`HostError::Invalid`] for an empty name or a `due` that is no
/// time.
pub async fn set_timer(name: &str, due: Timestamp, data: &impl Serialize) -> Result<(), HostError> {
    let data = serde_json::to_string(data).map_err(|error| {
        HostError::Invalid(format!("the data of timer `{name}` has no JSON form: {error}"))
    })?;
    Ok(host::clock::set_timer(name.to_owned(), due, Some(data)).await?)
}

/// Ends a timer that has not fired, and says whether there was one.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # async fn example() -> Result<&'static str> {
/// Ok(if clock::cancel_timer("tea").await? { "no tea then" } else { "there was no tea" })
/// # }
/// ```
///
/// # Errors
/// [`HostError::Invalid`] for an empty name.
pub async fn cancel_timer(name: &str) -> Result<bool, HostError> {
    Ok(host::clock::cancel_timer(name.to_owned()).await?)
}

/// The timers that have not fired, the next one first.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # async fn example() -> Result<String> {
/// let texts = clock::timers().await?.iter().map(|timer| timer.data::<String>()).collect::<Result<Vec<_>>>()?;
/// Ok(texts.join("\n"))
/// # }
/// ```
///
/// # Errors
/// None at present.
pub async fn timers() -> Result<Vec<Timer>, HostError> {
    Ok(host::clock::timers().await?)
}

impl Timer {
    /// What it was set with.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |_| {
    /// clock::remind("tea", Duration::from_secs(180), &"green").await?;
    /// let tea: String = clock::timers().await?[0].data()?;
    /// assert_eq!(tea, "green");
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// When there is none, or it has another shape.
    pub fn data<T: DeserializeOwned>(&self) -> Result<T> {
        read(&self.name, self.data.as_deref())
    }
}

pub(crate) fn read<T: DeserializeOwned>(name: &str, data: Option<&str>) -> Result<T> {
    let data = data.unwrap_or("null");
    serde_json::from_str(data).map_err(|error| {
        Error::new(format!("the data of timer `{name}` have another shape: {error}: {data}"))
    })
}
