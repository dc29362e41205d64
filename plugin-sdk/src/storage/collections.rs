//! Values, counters, maps and queues over keys of the storage. Handlers that run at once do not lose each other's changes:
//! what reads before it writes tries again when somebody else was faster.
//!
//! Each has a name, which its keys begin with; two of one plugin must not have names of which one continues the other with
//! a `/`.

use std::{borrow::Cow, fmt::Display, marker::PhantomData, str::FromStr};

use serde::{Serialize, de::DeserializeOwned};

use super::{Batch, Entry, decode};
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
    #[must_use]
    pub fn new(key: impl Into<Name>) -> Self {
        Self { key: key.into(), of: PhantomData }
    }

    /// The value, if there is one.
    ///
    /// # Errors
    /// As [`storage::get`](super::get).
    pub async fn get(&self) -> Result<Option<T>, HostError> {
        super::get(&self.key).await
    }

    /// Keeps a value.
    ///
    /// # Errors
    /// As [`storage::set`](super::set).
    pub async fn set(&self, value: &T) -> Result<(), HostError> {
        super::set(&self.key, value).await
    }

    /// Makes a new value of the old one; see [`storage::update`](super::update).
    ///
    /// # Errors
    /// As [`storage::update`](super::update).
    pub async fn update(&self, change: impl FnMut(Option<T>) -> Option<T>) -> Result<Option<T>, HostError> {
        super::update(&self.key, change).await
    }

    /// Removes the value and answers it: of several that take at once, one gets it.
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
    #[must_use]
    pub fn new(key: impl Into<Name>) -> Self {
        Self { key: key.into() }
    }

    /// The number; 0 at first.
    ///
    /// # Errors
    /// [`HostError::Invalid`] when there is something else under the key.
    pub async fn get(&self) -> Result<i64, HostError> {
        Ok(super::get::<f64>(&self.key).await?.unwrap_or_default() as i64)
    }

    /// Adds, and answers the new number.
    ///
    /// # Errors
    /// As [`storage::add`](super::add).
    pub async fn add(&self, by: i32) -> Result<i64, HostError> {
        Ok(super::add(&self.key, by.into()).await? as i64)
    }

    /// Begins at 0 again.
    ///
    /// # Errors
    /// As [`storage::remove`](super::remove).
    pub async fn reset(&self) -> Result<(), HostError> {
        super::remove(&self.key).await.map(drop)
    }
}

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
    #[must_use]
    pub fn new(name: impl Into<Name>) -> Self {
        Self { name: name.into(), of: PhantomData }
    }

    /// The value of a key.
    ///
    /// # Errors
    /// As [`storage::get`](super::get).
    pub async fn get(&self, key: &K) -> Result<Option<V>, HostError> {
        super::get(&self.key(key)).await
    }

    /// Keeps a value.
    ///
    /// # Errors
    /// As [`storage::set`](super::set).
    pub async fn insert(&self, key: &K, value: &V) -> Result<(), HostError> {
        super::set(&self.key(key), value).await
    }

    /// Removes a key and says whether it was there.
    ///
    /// # Errors
    /// As [`storage::remove`](super::remove).
    pub async fn remove(&self, key: &K) -> Result<bool, HostError> {
        super::remove(&self.key(key)).await
    }

    /// Makes a new value of the old one; see [`storage::update`](super::update).
    ///
    /// # Errors
    /// As [`storage::update`](super::update).
    pub async fn update(
        &self,
        key: &K,
        change: impl FnMut(Option<V>) -> Option<V>,
    ) -> Result<Option<V>, HostError> {
        super::update(&self.key(key), change).await
    }

    /// All of it, page by page: however large it is, a plugin holds one page of it.
    #[must_use]
    pub fn pages(&self) -> Pages<K, V> {
        Pages { prefix: format!("{}/", self.name), after: None, done: false, of: PhantomData }
    }

    /// All of it at once.
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
    /// # Errors
    /// As [`storage::remove`](super::remove).
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
    #[must_use]
    pub fn new(name: impl Into<Name>) -> Self {
        Self { name: name.into(), of: PhantomData }
    }

    /// Puts a value at the end.
    ///
    /// # Errors
    /// As [`storage::set`](super::set).
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
    /// # Errors
    /// As [`storage::get`](super::get).
    pub async fn pop(&self) -> Result<Option<T>, HostError> {
        loop {
            let (before, [first, end]) = self.ends().await?;
            if first == end {
                return Ok(None);
            }
            let item = self.item(first);
            let value = super::get(&item).await?;
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
    /// # Errors
    /// As [`storage::get`](super::get).
    pub async fn peek(&self) -> Result<Option<T>, HostError> {
        let (_, [first, _]) = self.ends().await?;
        super::get(&self.item(first)).await
    }

    /// How many values wait.
    ///
    /// # Errors
    /// As [`storage::get`](super::get).
    pub async fn len(&self) -> Result<u64, HostError> {
        let (_, [first, end]) = self.ends().await?;
        Ok(end - first)
    }

    /// Whether none waits.
    ///
    /// # Errors
    /// As [`storage::get`](super::get).
    pub async fn is_empty(&self) -> Result<bool, HostError> {
        Ok(self.len().await? == 0)
    }

    /// The number of the first value and the one after the last, with the bytes that say so.
    async fn ends(&self) -> Result<(Option<Vec<u8>>, [u64; 2]), HostError> {
        let key = self.ends_key();
        let bytes = super::get_bytes(&key).await?;
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
