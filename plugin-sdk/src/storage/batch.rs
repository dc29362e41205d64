//! Several changes at once, all or none.

use std::time::Duration;

use serde::Serialize;

use super::encode;
use crate::{
    HostError, Result,
    host::storage::{self as host, Addition, Assignment, Change, Condition, Entry},
};

/// Changes that are made together, one after the other, or not at all: a kill in between, or a full quota, leaves no half
/// of them.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # #[derive(Default)]
/// # struct Bank;
/// # #[plugin(id = "bank")]
/// # impl Bank {
/// #[command("pay")]
/// async fn pay(&self, to: String, coins: u32) -> Result<String> {
///     let coins = f64::from(coins);
///     storage::Batch::new().add("coins/me", -coins).add(&format!("coins/{to}"), coins).apply().await?;
///     let left: Option<f64> = storage::get("coins/me").await?;
///     Ok(format!("{} coins left", left.unwrap_or_default()))
/// }
/// # }
/// # let mut bot = iglu_sdk::testing::Harness::<Bank>::new();
/// # assert_eq!(bot.say("/pay ann 3"), ["-3 coins left"]);
/// # assert_eq!(bot.stored::<f64>("coins/ann"), Some(3.0));
/// ```
#[derive(Debug, Default)]
pub struct Batch {
    conditions: Vec<Condition>,
    changes: Vec<Change>,
    /// A value that has no JSON form.
    failed: Option<HostError>,
}

impl Batch {
    /// No changes yet.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |_| {
    /// use iglu_sdk::storage::Batch;
    /// assert!(Batch::new().apply().await?, "nothing to do is done");
    /// # Ok(()) });
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps a value.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |_| {
    /// use iglu_sdk::storage::Batch;
    /// Batch::new().set("wins", &3).set("name", "Ann").apply().await?;
    /// assert_eq!(storage::get::<u32>("wins").await?, Some(3));
    /// # Ok(()) });
    /// ```
    #[must_use]
    pub fn set(self, key: &str, value: &(impl Serialize + ?Sized)) -> Self {
        self.put(key, value, 0)
    }

    /// Keeps a value for some time, in whole seconds and at least one.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |_| {
    /// use iglu_sdk::storage::Batch;
    /// Batch::new().set_for("seen", &true, Duration::from_secs(60)).apply().await?;
    /// assert_eq!(storage::get::<bool>("seen").await?, Some(true));
    /// # Ok(()) });
    /// ```
    #[must_use]
    pub fn set_for(self, key: &str, value: &(impl Serialize + ?Sized), time: Duration) -> Self {
        self.put(key, value, u32::try_from(time.as_secs()).unwrap_or(u32::MAX).max(1))
    }

    /// Removes a value, if there is one.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |_| {
    /// use iglu_sdk::storage::Batch;
    /// storage::set("old", &1).await?;
    /// Batch::new().remove("old").set("new", &1).apply().await?;
    /// assert_eq!(storage::get::<u32>("old").await?, None);
    /// # Ok(()) });
    /// ```
    #[must_use]
    pub fn remove(mut self, key: &str) -> Self {
        self.changes.push(Change::Delete(key.to_owned()));
        self
    }

    /// Adds to a number, 0 if absent.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |_| {
    /// use iglu_sdk::storage::Batch;
    /// Batch::new().add("wins", 1.0).add("games", 1.0).apply().await?;
    /// assert_eq!(storage::get::<u32>("games").await?, Some(1));
    /// # Ok(()) });
    /// ```
    #[must_use]
    pub fn add(mut self, key: &str, delta: f64) -> Self {
        self.changes.push(Change::Add(Addition { key: key.to_owned(), delta }));
        self
    }

    /// Only if the key has this value.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |_| {
    /// use iglu_sdk::storage::Batch;
    /// storage::set("turn", "Ann").await?;
    /// assert!(Batch::new().only_if("turn", "Ann").set("turn", "Bo").apply().await?);
    /// assert!(!Batch::new().only_if("turn", "Ann").set("turn", "Cy").apply().await?);
    /// # Ok(()) });
    /// ```
    #[must_use]
    pub fn only_if(mut self, key: &str, value: &(impl Serialize + ?Sized)) -> Self {
        if let Some(value) = self.bytes(key, value) {
            self.conditions.push(Condition::Holds(Entry { key: key.to_owned(), value }));
        }
        self
    }

    /// Only if there is no such key.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |_| {
    /// use iglu_sdk::storage::Batch;
    /// let takes = || Batch::new().only_if_absent("seat").set("seat", "Ann");
    /// assert!(takes().apply().await?);
    /// assert!(!takes().apply().await?, "it is taken");
    /// # Ok(()) });
    /// ```
    #[must_use]
    pub fn only_if_absent(mut self, key: &str) -> Self {
        self.conditions.push(Condition::Absent(key.to_owned()));
        self
    }

    /// Makes the changes, if every condition holds; answers whether they did.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |_| {
    /// use iglu_sdk::storage::Batch;
    /// let moved = Batch::new().add("from", -5.0).add("to", 5.0).apply().await?;
    /// assert!(moved);
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// [`HostError::Exhausted`] when the plugin's quota is full, [`HostError::Invalid`] for an empty or too long key and
    /// when there is something to add to what is no number; then nothing is changed.
    pub async fn apply(self) -> Result<bool, HostError> {
        match self.failed {
            Some(error) => Err(error),
            None => Ok(host::apply(self.conditions, self.changes).await?),
        }
    }

    /// Only if the key is as it was read.
    pub(super) fn only_if_bytes(mut self, key: &str, value: Option<Vec<u8>>) -> Self {
        self.conditions.push(match value {
            Some(value) => Condition::Holds(Entry { key: key.to_owned(), value }),
            None => Condition::Absent(key.to_owned()),
        });
        self
    }

    fn put(mut self, key: &str, value: &(impl Serialize + ?Sized), ttl_seconds: u32) -> Self {
        if let Some(value) = self.bytes(key, value) {
            self.changes.push(Change::Set(Assignment { key: key.to_owned(), value, ttl_seconds }));
        }
        self
    }

    fn bytes(&mut self, key: &str, value: &(impl Serialize + ?Sized)) -> Option<Vec<u8>> {
        match encode(key, value) {
            Ok(bytes) => Some(bytes),
            Err(error) => {
                self.failed.get_or_insert(error);
                None
            }
        }
    }
}
