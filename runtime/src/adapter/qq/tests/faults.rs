//! A long run in which whatever can break breaks.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;

use super::house::{Heard, House, Peer};
use super::server::soon;

const FAULTS: usize = 60;
/// The platform's time between heartbeats.
const BEAT: u64 = 300;

/// A platform that keeps a session's events and brings those again that a resume asks for.
#[derive(Default)]
struct Platform {
    sessions: usize,
    /// Of the session that goes on, with their numbers; READY has 1.
    events: Vec<(i64, String)>,
    last: i64,
    made: BTreeSet<String>,
    resumes: usize,
}

impl Platform {
    fn make(&mut self) -> (i64, String) {
        let name = format!("E{}", self.made.len());
        self.made.insert(name.clone());
        self.last += 1;
        self.events.push((self.last, name.clone()));
        (self.last, name)
    }

    /// Takes a link, whatever it asks for. The session is forgotten if it is to be refused.
    async fn accept(&mut self, house: &House, refuse: bool) -> Peer {
        loop {
            let mut peer = Peer::accept(&house.listener, BEAT).await;
            let opening = peer.opening.clone();
            if opening["op"] == 2 {
                (self.sessions, self.last) = (self.sessions + 1, 1);
                self.events.clear();
                peer.ready(&format!("S{}", self.sessions)).await;
                return peer;
            }
            assert_eq!(opening["d"]["session_id"], format!("S{}", self.sessions));
            if refuse {
                peer.say(&json!({"op": 9, "d": false})).await;
                continue;
            }
            self.resumes += 1;
            let from = opening["d"]["seq"].as_i64().unwrap();
            for (number, name) in self.events.iter().filter(|(number, _)| *number > from) {
                peer.event(name, *number).await;
            }
            self.last += 1;
            peer.resumed(self.last).await;
            return peer;
        }
    }

    /// Asks for heartbeats, and acknowledges them, until one says that all was received.
    async fn settle(&self, peer: &mut Peer) {
        let settled = async {
            loop {
                peer.say(&json!({"op": 1})).await;
                let beat = peer.any().await.expect("the link stands");
                peer.say(&json!({"op": 11})).await;
                if beat["d"] == self.last {
                    return;
                }
            }
        };
        soon("all to be received", settled).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_faults_lose_no_event_and_end_connected() {
    let mut house =
        House::with(|settings| settings.timings.retry = Duration::from_millis(2), |_, _, place| place).await;
    let mut platform = Platform::default();
    let mut refuse = false;
    for fault in 0..FAULTS {
        let mut peer = platform.accept(&house, refuse).await;
        refuse = false;
        for _ in 0..1 + fault % 7 {
            let (number, name) = platform.make();
            peer.event(&name, number).await;
            if fault % 3 == 0 {
                peer.event(&name, number).await;
            }
        }
        match fault % 11 {
            0 => drop(peer),
            1 => peer.say(&json!({"op": 7})).await,
            2 => peer.say(&json!({"op": 9, "d": true})).await,
            3 => {
                platform.settle(&mut peer).await;
                peer.say(&json!({"op": 9, "d": false})).await;
            }
            4 => peer.close(4009).await,
            5 => {
                platform.settle(&mut peer).await;
                peer.close(4004).await;
            }
            6 => {
                platform.settle(&mut peer).await;
                peer.close(4900 + (fault % 14) as u16).await;
            }
            // Heartbeats are no longer acknowledged.
            7 => drop(peer.closed().await),
            8 => {
                peer.text("{\"op\":0,\"s\":".to_owned()).await;
                peer.close(4008).await;
            }
            9 => {
                platform.settle(&mut peer).await;
                refuse = true;
            }
            _ => {
                peer.close(1011).await;
                drop(soon("a try", house.listener.accept()).await.unwrap());
            }
        }
        // What happens meanwhile waits for the resume; a session that is over brings no more.
        if !matches!(fault % 11, 3 | 5 | 6 | 9) {
            platform.make();
        }
    }
    let mut peer = platform.accept(&house, false).await;
    let (number, name) = platform.make();
    peer.event(&name, number).await;
    platform.settle(&mut peer).await;
    let (mut seen, mut connected) = (BTreeSet::new(), false);
    for heard in house.rest() {
        match heard {
            Heard::Event(name, _) => drop(seen.insert(name)),
            Heard::Ready(_) => connected = true,
            Heard::Lost(_) => connected = false,
        }
    }
    assert_eq!(seen, platform.made);
    assert!(connected && !house.task.is_finished());
    assert!(platform.resumes > 20 && platform.sessions > 10, "{} {}", platform.resumes, platform.sessions);
    assert_eq!(house.web.tokens(), 1 + (0..FAULTS).filter(|fault| fault % 11 == 5).count());
}
