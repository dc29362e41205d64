//! Things that happened, in order, which tests look at or wait for.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use tokio::sync::watch;

use crate::lock;

/// A list that grows, with a mark on each entry that a waiting test has taken.
pub(super) struct Log<T> {
    entries: Mutex<Entries<T>>,
    arrived: watch::Sender<usize>,
}

/// All of them, and those not taken yet.
struct Entries<T>(Vec<Arc<T>>, VecDeque<Arc<T>>);

impl<T> Default for Log<T> {
    fn default() -> Self {
        Self { entries: Mutex::new(Entries(Vec::new(), VecDeque::new())), arrived: watch::Sender::new(0) }
    }
}

impl<T> Log<T> {
    pub(super) fn add(&self, entry: T) -> Arc<T> {
        let entry = Arc::new(entry);
        {
            let mut entries = lock(&self.entries);
            entries.0.push(entry.clone());
            entries.1.push_back(entry.clone());
        }
        self.arrived.send_modify(|count| *count += 1);
        entry
    }

    /// Wakes the waiting, for something that an entry refers to has changed.
    pub(super) fn touch(&self) {
        self.arrived.send_modify(|_| {});
    }

    pub(super) fn all(&self) -> Vec<Arc<T>> {
        lock(&self.entries).0.clone()
    }

    pub(super) fn forget(&self) {
        let mut entries = lock(&self.entries);
        entries.0.clear();
        entries.1.clear();
    }

    /// Waits for the first entry that matches and was not taken before, and takes it.
    pub(super) async fn take(&self, matches: impl Fn(&T) -> bool) -> Arc<T> {
        let mut arrived = self.arrived.subscribe();
        loop {
            arrived.mark_unchanged();
            {
                let untaken = &mut lock(&self.entries).1;
                let found = untaken.iter().position(|entry| matches(entry));
                if let Some(entry) = found.and_then(|index| untaken.remove(index)) {
                    return entry;
                }
            }
            changed(&mut arrived).await;
        }
    }

    /// Waits until a function finds what it wants in the whole list.
    pub(super) async fn until<R>(&self, mut found: impl FnMut(&[Arc<T>]) -> Option<R>) -> R {
        let mut arrived = self.arrived.subscribe();
        loop {
            arrived.mark_unchanged();
            if let Some(result) = found(&lock(&self.entries).0) {
                return result;
            }
            changed(&mut arrived).await;
        }
    }
}

async fn changed(arrived: &mut watch::Receiver<usize>) {
    if arrived.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}
