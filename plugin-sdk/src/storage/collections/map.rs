//! Values by keys.

use std::{fmt::Display, marker::PhantomData, str::FromStr};

use serde::{Serialize, de::DeserializeOwned};

use super::Name;
use crate::{
    HostError, Result, host,
    storage::{self, Batch, Entry, decode},
};

/// Values by keys of their own, in the order of the keys' text.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # #[derive(Default)]
/// # struct Scores;
/// # #[plugin(id = "scores")]
/// # impl Scores {
/// #[command("win")]
/// async fn win(&self, event: &MessageEvent) -> Result<String> {
///     let scores = storage::Map::<String, u32>::new("scores");
///     let user = &event.sender.id;
///     scores.update(user, |score| Some(score.unwrap_or_default() + 1)).await?;
///     let mut pages = scores.pages();
///     let mut lines = Vec::new();
///     while let Some(page) = pages.next().await? {
///         lines.extend(page.into_iter().map(|(user, score)| format!("{user}: {score}")));
///     }
///     Ok(lines.join(", "))
/// }
/// # }
/// # let mut bot = iglu_sdk::testing::Harness::<Scores>::new();
/// # bot.say("/win");
/// # assert_eq!(bot.say("/win"), ["10001: 2"]);
/// ```
#[derive(Clone, Debug)]
pub struct Map<K, V> {
    name: Name,
    of: PhantomData<fn(K) -> V>,
}

impl<K: Display + FromStr, V: Serialize + DeserializeOwned> Map<K, V> {
    /// The map of this name.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |_| {
    /// let ages = storage::Map::<String, u32>::new("ages");
    /// assert_eq!(ages.get(&"Ann".to_owned()).await?, None);
    /// # Ok(()) });
    /// ```
    #[must_use]
    pub fn new(name: impl Into<Name>) -> Self {
        Self { name: name.into(), of: PhantomData }
    }

    /// The value of a key.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |_| {
    /// let ages = storage::Map::<String, u32>::new("ages");
    /// let ann = "Ann".to_owned();
    /// ages.insert(&ann, &30).await?;
    /// assert_eq!(ages.get(&ann).await?, Some(30));
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// As [`storage::get`](storage::get).
    pub async fn get(&self, key: &K) -> Result<Option<V>, HostError> {
        storage::get(&self.key(key)).await
    }

    /// Keeps a value.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |_| {
    /// let ages = storage::Map::<String, u32>::new("ages");
    /// let ann = "Ann".to_owned();
    /// ages.insert(&ann, &30).await?;
    /// assert_eq!(ages.entries().await?, [(ann, 30)]);
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// As [`storage::set`](storage::set).
    pub async fn insert(&self, key: &K, value: &V) -> Result<(), HostError> {
        storage::set(&self.key(key), value).await
    }

    /// Removes a key and says whether it was there.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |_| {
    /// let ages = storage::Map::<String, u32>::new("ages");
    /// let ann = "Ann".to_owned();
    /// ages.insert(&ann, &30).await?;
    /// assert!(ages.remove(&ann).await?);
    /// assert!(!ages.remove(&ann).await?);
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// As [`storage::remove`](storage::remove).
    pub async fn remove(&self, key: &K) -> Result<bool, HostError> {
        storage::remove(&self.key(key)).await
    }

    /// Makes a new value of the old one; see [`storage::update`](storage::update).
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |_| {
    /// let ages = storage::Map::<String, u32>::new("ages");
    /// let ann = "Ann".to_owned();
    /// ages.update(&ann, |age| Some(age.unwrap_or(0) + 1)).await?;
    /// assert_eq!(ages.get(&ann).await?, Some(1));
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// As [`storage::update`](storage::update).
    pub async fn update(
        &self,
        key: &K,
        change: impl FnMut(Option<V>) -> Option<V>,
    ) -> Result<Option<V>, HostError> {
        storage::update(&self.key(key), change).await
    }

    /// All of it, page by page: however large it is, a plugin holds one page of it.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |_| {
    /// let ages = storage::Map::<String, u32>::new("ages");
    /// let ann = "Ann".to_owned();
    /// ages.insert(&ann, &30).await?;
    /// let mut pages = ages.pages();
    /// while let Some(page) = pages.next().await? {
    ///     for (name, age) in page {
    ///         log::info!("{name} is {age}");
    ///     }
    /// }
    /// # Ok(()) });
    /// ```
    #[must_use]
    pub fn pages(&self) -> Pages<K, V> {
        Pages { prefix: format!("{}/", self.name), after: None, done: false, of: PhantomData }
    }

    /// All of it at once.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |_| {
    /// let ages = storage::Map::<String, u32>::new("ages");
    /// let ann = "Ann".to_owned();
    /// ages.insert(&ann, &30).await?;
    /// assert_eq!(ages.entries().await?.len(), 1);
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// As [`Pages::next`].
    pub async fn entries(&self) -> Result<Vec<(K, V)>, HostError> {
        let (mut pages, mut entries) = (self.pages(), Vec::new());
        while let Some(page) = pages.next().await? {
            entries.extend(page);
        }
        Ok(entries)
    }

    /// Removes every key, a page at a time.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |_| {
    /// let ages = storage::Map::<String, u32>::new("ages");
    /// let ann = "Ann".to_owned();
    /// ages.insert(&ann, &30).await?;
    /// ages.clear().await?;
    /// assert!(ages.entries().await?.is_empty());
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// As [`storage::remove`](storage::remove).
    pub async fn clear(&self) -> Result<(), HostError> {
        clear(&format!("{}/", self.name)).await
    }

    fn key(&self, key: &K) -> String {
        format!("{}/{key}", self.name)
    }
}

/// A [`Map`], page by page.
#[derive(Debug)]
pub struct Pages<K, V> {
    prefix: String,
    after: Option<String>,
    done: bool,
    of: PhantomData<fn() -> (K, V)>,
}

impl<K: FromStr, V: DeserializeOwned> Pages<K, V> {
    /// The next page; none at the end. What is written meanwhile may be in it or not; what is there all the time is, once.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |_| {
    /// let ages = storage::Map::<String, u32>::new("ages");
    /// ages.insert(&"Ann".to_owned(), &30).await?;
    /// let mut pages = ages.pages();
    /// assert_eq!(pages.next().await?, Some(vec![("Ann".to_owned(), 30)]));
    /// assert_eq!(pages.next().await?, None);
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// [`HostError::Invalid`] when a key or a value does not fit its type.
    pub async fn next(&mut self) -> Result<Option<Vec<(K, V)>>, HostError> {
        if self.done {
            return Ok(None);
        }
        let page = host::storage::scan(self.prefix.clone(), self.after.take(), 0).await?;
        (self.done, self.after) = (page.next.is_none(), page.next);
        let fit = |Entry { key, value }: Entry| {
            let short = key.strip_prefix(&self.prefix).unwrap_or(&key);
            let short = short
                .parse()
                .map_err(|_| HostError::Invalid(format!("the stored key `{key}` does not fit its type")))?;
            Ok((short, decode(&key, &value)?))
        };
        page.entries.into_iter().map(fit).collect::<Result<_, _>>().map(Some)
    }
}

async fn clear(prefix: &str) -> Result<(), HostError> {
    loop {
        let page = host::storage::scan(prefix.to_owned(), None, 0).await?;
        let is_last = page.next.is_none();
        let batch = page.entries.iter().fold(Batch::new(), |batch, entry| batch.remove(&entry.key));
        batch.apply().await?;
        if is_last {
            return Ok(());
        }
    }
}
