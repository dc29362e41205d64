//! First in, first out.

use std::marker::PhantomData;

use serde::{Serialize, de::DeserializeOwned};

use super::Name;
use crate::{
    HostError, Result,
    storage::{self, Batch, decode},
};

/// First in, first out. Every value is popped once, whichever handlers push and pop at the same time.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # #[derive(Default)]
/// # struct Line;
/// # #[plugin(id = "line")]
/// # impl Line {
/// #[command("join")]
/// async fn join(&self, name: String) -> Result<String> {
///     let line = storage::Queue::new("line");
///     line.push(&name).await?;
///     Ok(format!("{} in line", line.len().await?))
/// }
///
/// #[command("next")]
/// async fn next(&self) -> Result<String> {
///     let next = storage::Queue::<String>::new("line").pop().await?;
///     Ok(next.unwrap_or_else(|| "nobody".into()))
/// }
/// # }
/// # let mut bot = iglu_sdk::testing::Harness::<Line>::new();
/// # assert_eq!(bot.say("/join ann"), ["1 in line"]);
/// # assert_eq!(bot.say("/join bob"), ["2 in line"]);
/// # assert_eq!(bot.say("/next"), ["ann"]);
/// # assert_eq!(bot.say("/next"), ["bob"]);
/// # assert_eq!(bot.say("/next"), ["nobody"]);
/// ```
#[derive(Clone, Debug)]
pub struct Queue<T> {
    name: Name,
    of: PhantomData<fn() -> T>,
}

impl<T: Serialize + DeserializeOwned> Queue<T> {
    /// The queue of this name.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |_| {
    /// let line = storage::Queue::<String>::new("line");
    /// assert!(line.is_empty().await?);
    /// # Ok(()) });
    /// ```
    #[must_use]
    pub fn new(name: impl Into<Name>) -> Self {
        Self { name: name.into(), of: PhantomData }
    }

    /// Puts a value at the end.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |_| {
    /// let line = storage::Queue::<String>::new("line");
    /// line.push(&"Ann".to_owned()).await?;
    /// assert_eq!(line.len().await?, 1);
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// As [`storage::set`](storage::set).
    pub async fn push(&self, value: &T) -> Result<(), HostError> {
        loop {
            let (before, [first, end]) = self.ends().await?;
            let batch =
                self.when(before).set(&self.item(end), value).set(&self.ends_key(), &[first, end + 1]);
            if batch.apply().await? {
                return Ok(());
            }
        }
    }

    /// Takes the first value out.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |_| {
    /// let line = storage::Queue::<String>::new("line");
    /// line.push(&"Ann".to_owned()).await?;
    /// line.push(&"Bo".to_owned()).await?;
    /// assert_eq!(line.pop().await?.as_deref(), Some("Ann"));
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// As [`storage::get`](storage::get).
    pub async fn pop(&self) -> Result<Option<T>, HostError> {
        loop {
            let (before, [first, end]) = self.ends().await?;
            if first == end {
                return Ok(None);
            }
            let item = self.item(first);
            let value = storage::get(&item).await?;
            let batch = self.when(before).remove(&item);
            // An empty queue leaves no key behind.
            let batch = match first + 1 == end {
                true => batch.remove(&self.ends_key()),
                false => batch.set(&self.ends_key(), &[first + 1, end]),
            };
            if batch.apply().await? {
                return Ok(value);
            }
        }
    }

    /// The first value, which stays.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |_| {
    /// let line = storage::Queue::<String>::new("line");
    /// line.push(&"Ann".to_owned()).await?;
    /// assert_eq!(line.peek().await?.as_deref(), Some("Ann"));
    /// assert_eq!(line.len().await?, 1, "it is still there");
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// As [`storage::get`](storage::get).
    pub async fn peek(&self) -> Result<Option<T>, HostError> {
        let (_, [first, _]) = self.ends().await?;
        storage::get(&self.item(first)).await
    }

    /// How many values wait.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |_| {
    /// let line = storage::Queue::<String>::new("line");
    /// assert_eq!(line.len().await?, 0);
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// As [`storage::get`](storage::get).
    pub async fn len(&self) -> Result<u64, HostError> {
        let (_, [first, end]) = self.ends().await?;
        Ok(end - first)
    }

    /// Whether none waits.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |_| {
    /// let line = storage::Queue::<String>::new("line");
    /// assert!(line.is_empty().await?);
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// As [`storage::get`](storage::get).
    pub async fn is_empty(&self) -> Result<bool, HostError> {
        Ok(self.len().await? == 0)
    }

    /// The number of the first value and the one after the last, with the bytes that say so.
    async fn ends(&self) -> Result<(Option<Vec<u8>>, [u64; 2]), HostError> {
        let key = self.ends_key();
        let bytes = storage::get_bytes(&key).await?;
        let ends: Option<[u64; 2]> = bytes.as_deref().map(|bytes| decode(&key, bytes)).transpose()?;
        let ends = ends.unwrap_or_default();
        if ends[0] > ends[1] {
            return Err(HostError::Invalid(format!("the stored value of `{key}` is not of a queue")));
        }
        Ok((bytes, ends))
    }

    fn when(&self, before: Option<Vec<u8>>) -> Batch {
        Batch::new().only_if_bytes(&self.ends_key(), before)
    }

    fn ends_key(&self) -> String {
        format!("{}/ends", self.name)
    }

    fn item(&self, number: u64) -> String {
        format!("{}/{number:020}", self.name)
    }
}
