//! Messages to one chat go one after the other.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OwnedMutexGuard;

/// Lanes of chats that are not in use are dropped when there are so many.
const CHATS: usize = 4_096;

/// One queue for each chat.
#[derive(Debug, Default)]
pub(in crate::adapter) struct Lanes(Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>);

/// The right to send to one chat; others wait until it is dropped.
pub(in crate::adapter) type Lane = OwnedMutexGuard<()>;

impl Lanes {
    /// Waits for one's turn: first come, first served. The place in the queue is taken when this is polled first.
    pub(in crate::adapter) async fn turn(&self, chat: &str) -> Lane {
        self.lane(chat).lock_owned().await
    }

    fn lane(&self, chat: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut lanes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lane) = lanes.get(chat) {
            return lane.clone();
        }
        if lanes.len() >= CHATS {
            lanes.retain(|_, lane| Arc::strong_count(lane) > 1);
        }
        lanes.entry(chat.to_owned()).or_default().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test]
    async fn a_chat_is_one_lane_and_chats_do_not_wait_for_each_other() {
        let lanes = Lanes::default();
        let first = lanes.turn("a").await;
        let soon = Duration::from_millis(20);
        assert!(tokio::time::timeout(soon, lanes.turn("a")).await.is_err());
        let _other = lanes.turn("b").await;
        drop(first);
        let _second = lanes.turn("a").await;
    }

    #[test]
    fn lanes_of_idle_chats_are_forgotten() {
        let lanes = Lanes::default();
        let kept = lanes.lane("kept");
        for number in 0..2 * CHATS {
            lanes.lane(&number.to_string());
        }
        assert!(lanes.0.lock().unwrap().len() <= CHATS + 1);
        assert!(Arc::ptr_eq(&kept, &lanes.lane("kept")));
    }
}
