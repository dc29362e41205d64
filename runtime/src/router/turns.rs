//! Keeping the order of one chat while handlers that block are waited for.
//!
//! An event whose later handlers wait for a verdict holds its chat's turn; what comes after it in that chat waits for
//! it, but not for long: a handler that takes its time holds up its own event only. Handlers up to and with the first
//! one that blocks do not wait: verdicts on many events are sought at once.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use super::place::{chat_key, chat_of};
use crate::model::Event;

/// How long an event waits for earlier ones of its chat. Verdicts that come at once come well within it; people do not
/// yet wonder.
const PATIENCE: Duration = Duration::from_secs(1);

/// The last event of each chat that is not through yet.
#[derive(Debug, Default)]
pub(super) struct Turns(Arc<Queue>);

#[derive(Debug, Default)]
struct Queue {
    last: Mutex<HashMap<String, (u64, oneshot::Receiver<()>)>>,
    number: AtomicU64,
}

/// An event's place in its chat; dropped when the event is through.
#[derive(Debug)]
pub(super) struct Turn {
    queue: Arc<Queue>,
    chat: String,
    number: u64,
    before: Option<oneshot::Receiver<()>>,
    _through: oneshot::Sender<()>,
}

impl Turns {
    /// Whether an earlier event of this one's chat is not through yet.
    pub(super) fn are_taken(&self, event: &Event) -> bool {
        let last = self.0.lock();
        !last.is_empty() && last.contains_key(&key(event))
    }

    /// Queues behind the earlier events of the chat.
    pub(super) fn take(&self, event: &Event) -> Turn {
        let chat = key(event);
        let number = self.0.number.fetch_add(1, Ordering::Relaxed);
        let (through, seen) = oneshot::channel();
        let before = self.0.lock().insert(chat.clone(), (number, seen)).map(|(_, before)| before);
        Turn { queue: Arc::clone(&self.0), chat, number, before, _through: through }
    }
}

impl Turn {
    /// Waits for the event before.
    pub(super) async fn come(&mut self) {
        if let Some(before) = self.before.take() {
            // Late or dropped, both mean: go on.
            let _ = tokio::time::timeout(PATIENCE, before).await;
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut last = self.queue.lock();
        if last.get(&self.chat).is_some_and(|(number, _)| *number == self.number) {
            last.remove(&self.chat);
        }
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, (u64, oneshot::Receiver<()>)>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(event: &Event) -> String {
    let chat = chat_of(&event.body).as_ref().map(chat_key).unwrap_or_default();
    format!("{}/{chat}", event.bot.id)
}
