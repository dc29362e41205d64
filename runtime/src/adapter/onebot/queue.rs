//! Frames on their way out: bounded by bytes, filled by whoever calls, emptied by the one who writes.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio_tungstenite::tungstenite::Message;

/// Room for two frames of the largest size, so that one of them does not shut everybody else out.
const CAPACITY: usize = 128 << 20;

/// The outgoing frames of one link.
#[derive(Debug, Default)]
pub(super) struct Queue {
    inner: Mutex<Inner>,
    arrived: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    frames: VecDeque<Message>,
    bytes: usize,
}

/// The peer takes in less than is sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Full;

impl Queue {
    /// Puts a frame at the end. Control frames always fit.
    pub(super) fn push(&self, frame: Message) -> Result<(), Full> {
        let mut inner = self.lock();
        let bytes = frame.len();
        if frame.is_text() && inner.bytes > 0 && inner.bytes + bytes > CAPACITY {
            return Err(Full);
        }
        inner.bytes += bytes;
        inner.frames.push_back(frame);
        drop(inner);
        self.arrived.notify_one();
        Ok(())
    }

    /// The next frame; waits for it.
    pub(super) async fn next(&self) -> Message {
        loop {
            if let Some(frame) = self.try_next() {
                return frame;
            }
            self.arrived.notified().await;
        }
    }

    /// The next frame, if there is one.
    pub(super) fn try_next(&self) -> Option<Message> {
        let mut inner = self.lock();
        let frame = inner.frames.pop_front()?;
        inner.bytes -= frame.len();
        Some(frame)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn frames_leave_in_the_order_they_came() {
        let queue = Queue::default();
        for text in ["a", "b"] {
            queue.push(Message::text(text)).unwrap();
        }
        assert_eq!(queue.next().await, Message::text("a"));
        assert_eq!(queue.try_next(), Some(Message::text("b")));
        assert_eq!(queue.try_next(), None);
    }

    #[test]
    fn a_full_queue_refuses_text_and_takes_a_ping() {
        let queue = Queue::default();
        let large = "x".repeat(CAPACITY);
        queue.push(Message::text(large)).unwrap();
        assert_eq!(queue.push(Message::text("y")), Err(Full));
        queue.push(Message::Ping(Default::default())).unwrap();
        queue.try_next();
        queue.push(Message::text("y")).unwrap();
    }
}
