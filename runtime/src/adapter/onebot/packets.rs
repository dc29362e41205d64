//! The packets of an action that answers in many, such as a download in chunks.
//!
//! NapCat sends them as fast as it reads the file, and the reader of a socket waits for nobody: what a plugin has not
//! taken yet is kept, up to a limit.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::mpsc;

use super::wire::{self, Outcome};
use crate::model::Error;

/// Bytes of packets that wait to be taken: the largest file that a plugin may have, in base64, with some room.
const ROOM: usize = 128 << 20;

/// The receiving end. Dropping it ends the stream on our side; what still comes is ignored.
#[derive(Debug)]
pub(super) struct Packets {
    waiting: mpsc::UnboundedReceiver<Result<Outcome, Error>>,
    held: Arc<AtomicUsize>,
}

/// The sending end.
#[derive(Debug, Clone)]
pub(super) struct Feed {
    action: Arc<str>,
    sender: mpsc::UnboundedSender<Result<Outcome, Error>>,
    held: Arc<AtomicUsize>,
}

pub(super) fn channel(action: &str) -> (Feed, Packets) {
    let (sender, waiting) = mpsc::unbounded_channel();
    let held = Arc::new(AtomicUsize::new(0));
    (Feed { action: action.into(), sender, held: held.clone() }, Packets { waiting, held })
}

impl Feed {
    /// Passes a packet on. `false` when no more is wanted: it was the last, nobody reads, or too much is waiting.
    pub(super) fn put(&self, packet: Outcome) -> bool {
        let is_last = is_last(&packet);
        let held = self.held.fetch_add(packet.data.len(), Ordering::Relaxed);
        if held > ROOM {
            self.end(Error::Exhausted(format!(
                "{} sends faster than the plugin reads: {} MiB are waiting; take the packets sooner or ask for a \
                 smaller file",
                self.action,
                held >> 20,
            )));
            return false;
        }
        self.sender.send(Ok(packet)).is_ok() && !is_last
    }

    /// The stream ends before its last packet.
    pub(super) fn end(&self, reason: Error) {
        let _ = self.sender.send(Err(reason));
    }
}

impl Packets {
    /// The next packet; none after the last.
    pub(super) async fn next(&mut self) -> Option<Result<Outcome, Error>> {
        let packet = self.waiting.recv().await?;
        if let Ok(packet) = &packet {
            self.held.fetch_sub(packet.data.len(), Ordering::Relaxed);
        }
        Some(packet)
    }
}

/// Of a download, `stream` packets are followed by more. Whatever is no packet is an answer like any other: the last.
fn is_last(packet: &Outcome) -> bool {
    let kind = wire::document(&packet.data, |data| data.at("type").as_str().map(str::to_owned));
    !(packet.ok && matches!(kind, Ok(Some(kind)) if kind == "stream"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(ok: bool, data: &str) -> Outcome {
        Outcome { ok, code: 0, message: String::new(), data: data.to_owned() }
    }

    #[tokio::test]
    async fn a_stream_ends_with_its_last_packet() {
        for last in [
            packet(true, r#"{"type":"response"}"#),
            packet(false, r#"{"type":"error"}"#),
            packet(false, "null"),
            packet(true, "null"),
        ] {
            let (feed, mut packets) = channel("download_file_stream");
            assert!(feed.put(packet(true, r#"{"type":"stream","data_type":"file_info"}"#)));
            assert!(!feed.put(last.clone()));
            drop(feed);
            assert!(packets.next().await.unwrap().unwrap().data.contains("file_info"));
            assert_eq!(packets.next().await.unwrap().unwrap(), last);
            assert!(packets.next().await.is_none());
        }
    }

    #[tokio::test]
    async fn what_nobody_takes_is_bounded() {
        let (feed, mut packets) = channel("download_file_stream");
        let chunk = format!(r#"{{"type":"stream","data":"{}"}}"#, "x".repeat(1 << 20));
        let taken = (0..1000).take_while(|_| feed.put(packet(true, &chunk))).count();
        assert!(taken < 200, "{taken} MiB wait");
        drop(feed);
        let mut end = None;
        while let Some(packet) = packets.next().await {
            end = Some(packet);
        }
        assert!(matches!(end, Some(Err(Error::Exhausted(_)))), "{end:?}");
    }
}
