//! Values, counters, maps and queues over keys of the storage. Handlers that run at once do not lose each other's changes:
//! what reads before it writes tries again when somebody else was faster.
//!
//! Each has a name, which its keys begin with; two of one plugin must not have names of which one continues the other with
//! a `/`.

mod map;
mod queue;

use std::{borrow::Cow, marker::PhantomData};

use serde::{Serialize, de::DeserializeOwned};

pub use self::{
    map::{Map, Pages},
    queue::Queue,
};
use super::decode;
use crate::{HostError, Result, host};

type Name = Cow<'static, str>;

/// One value.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # #[derive(Default)]
/// # struct Motd;
/// # #[plugin(id = "motd")]
/// # impl Motd {
/// #[command("motd")]
/// async fn motd(&self, text: Option<Rest>) -> Result<String> {
///     let motd = storage::Cell::<String>::new("motd");
///     if let Some(text) = text {
///         motd.set(&text.to_string()).await?;
///     }
///     Ok(motd.get().await?.unwrap_or_else(|| "nothing today".into()))
/// }
/// # }
/// # let mut bot = iglu_sdk::testing::Harness::<Motd>::new();
/// # assert_eq!(bot.say("/motd"), ["nothing today"]);
/// # assert_eq!(bot.say("/motd be kind"), ["be kind"]);
/// ```
#[derive(Clone, Debug)]
pub struct Cell<T> {
    key: Name,
    of: PhantomData<fn() -> T>,
}

impl<T: Serialize + DeserializeOwned> Cell<T> {
    /// The value under this key.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |_| {
    /// let best = storage::Cell::<u32>::new("best");
    /// assert_eq!(best.get().await?, None);
    /// # Ok(()) });
    /// ```
    #[must_use]
    pub fn new(key: impl Into<Name>) -> Self {
        Self { key: key.into(), of: PhantomData }
    }

    /// The value, if there is one.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |_| {
    /// let best = storage::Cell::new("best");
    /// best.set(&7).await?;
    /// assert_eq!(best.get().await?, Some(7));
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// As [`storage::get`](super::get).
    pub async fn get(&self) -> Result<Option<T>, HostError> {
        super::get(&self.key).await
    }

    /// Keeps a value.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |_| {
    /// storage::Cell::new("best").set(&7).await?;
    /// assert_eq!(storage::get::<u32>("best").await?, Some(7));
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// As [`storage::set`](super::set).
    pub async fn set(&self, value: &T) -> Result<(), HostError> {
        super::set(&self.key, value).await
    }

    /// Makes a new value of the old one; see [`storage::update`](super::update).
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |_| {
    /// let best = storage::Cell::<u32>::new("best");
    /// best.update(|old| Some(old.unwrap_or(0).max(9))).await?;
    /// assert_eq!(best.get().await?, Some(9));
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// As [`storage::update`](super::update).
    pub async fn update(&self, change: impl FnMut(Option<T>) -> Option<T>) -> Result<Option<T>, HostError> {
        super::update(&self.key, change).await
    }

    /// Removes the value and answers it: of several that take at once, one gets it.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |_| {
    /// let best = storage::Cell::new("best");
    /// best.set(&7).await?;
    /// assert_eq!(best.take().await?, Some(7));
    /// assert_eq!(best.get().await?, None);
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// As [`storage::get`](super::get).
    pub async fn take(&self) -> Result<Option<T>, HostError> {
        loop {
            let Some(bytes) = super::get_bytes(&self.key).await? else { return Ok(None) };
            let value = decode(&self.key, &bytes)?;
            if host::storage::swap(self.key.to_string(), Some(bytes), None).await? {
                return Ok(Some(value));
            }
        }
    }
}

/// A whole number that is counted up and down, exact up to 2⁵³.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # #[derive(Default)]
/// # struct Visits;
/// # #[plugin(id = "visits")]
/// # impl Visits {
/// #[command("visit")]
/// async fn visit(&self) -> Result<String> {
///     let number = storage::Counter::new("visits").add(1).await?;
///     Ok(format!("You are number {number}."))
/// }
/// # }
/// # let mut bot = iglu_sdk::testing::Harness::<Visits>::new();
/// # assert_eq!(bot.say("/visit"), ["You are number 1."]);
/// # assert_eq!(bot.say("/visit"), ["You are number 2."]);
/// ```
#[derive(Clone, Debug)]
pub struct Counter {
    key: Name,
}

impl Counter {
    /// The number under this key.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |event| {
    /// let visits = storage::Counter::new(format!("visits/{}", event.sender.id));
    /// assert_eq!(visits.get().await?, 0);
    /// # Ok(()) });
    /// ```
    #[must_use]
    pub fn new(key: impl Into<Name>) -> Self {
        Self { key: key.into() }
    }

    /// The number; 0 at first.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |_| {
    /// let visits = storage::Counter::new("visits");
    /// visits.add(3).await?;
    /// assert_eq!(visits.get().await?, 3);
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// [`HostError::Invalid`] when there is something else under the key.
    pub async fn get(&self) -> Result<i64, HostError> {
        Ok(super::get::<f64>(&self.key).await?.unwrap_or_default() as i64)
    }

    /// Adds, and answers the new number.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |_| {
    /// let visits = storage::Counter::new("visits");
    /// assert_eq!(visits.add(3).await?, 3);
    /// assert_eq!(visits.add(-1).await?, 2);
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// As [`storage::add`](super::add).
    pub async fn add(&self, by: i32) -> Result<i64, HostError> {
        Ok(super::add(&self.key, by.into()).await? as i64)
    }

    /// Begins at 0 again.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |_| {
    /// let visits = storage::Counter::new("visits");
    /// visits.add(3).await?;
    /// visits.reset().await?;
    /// assert_eq!(visits.get().await?, 0);
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// As [`storage::remove`](super::remove).
    pub async fn reset(&self) -> Result<(), HostError> {
        super::remove(&self.key).await.map(drop)
    }
}
