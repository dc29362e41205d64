//! A link over HTTP: questions keep watch over the server, events come as a stream or as posts.
//!
//! Neither way of events has heartbeats, so `get_status` is asked at their interval.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::StreamExt as _;
use tokio::time::{MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;

use super::FRAME_LIMIT;
use super::http::{Client, Fault};
use super::session::{End, Seat, Session};
use super::wire::{self, Outcome};

/// So many questions in a row without an answer are a dead server.
const PATIENCE: u32 = 2;

/// Runs one link, from the first answer to its end.
pub(super) async fn serve(seat: &Seat, http: &Http, stop: &CancellationToken) -> End {
    let end = tokio::select! {
        end = run(seat, http) => end,
        () = stop.cancelled() => End::Stopped,
    };
    if matches!(end, End::Stopped) {
        http.client.close("iglu is stopping");
    }
    http.session().over(&end);
    end
}

/// What a table with an HTTP address has for as long as the host runs.
pub(super) struct Http {
    pub(super) client: Arc<Client>,
    session: Mutex<Session>,
}

impl Http {
    pub(super) fn new(client: Arc<Client>, session: Session) -> Self {
        Self { client, session: Mutex::new(session) }
    }

    /// Shared with whoever takes in posts.
    pub(super) fn session(&self) -> MutexGuard<'_, Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn run(seat: &Seat, http: &Http) -> End {
    let timings = &seat.settings.timings;
    let ask =
        |action: &'static str| tokio::time::timeout(timings.answer, http.client.ask(action, "{}".to_owned()));
    let login = match ask("get_login_info").await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(Fault::Refused(reason))) => return End::Refused(reason),
        Ok(Err(fault)) => return End::Unreachable(fault.to_string()),
        Err(_) => return End::Unreachable("it takes the request and does not answer".to_owned()),
    };
    if !login.ok {
        return End::Unreachable(format!("it does not say who is logged in: {}", login.message));
    }
    http.session().take_login(Some(login));
    let watch = async {
        let mut failures = 0;
        let period = http.session().interval;
        let mut ticks = interval_at(tokio::time::Instant::now() + period, period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let reason = match ask("get_status").await {
                Ok(Ok(status)) => {
                    failures = 0;
                    if let Some(online) = online(&status) {
                        http.session().take_status(online);
                    }
                    continue;
                }
                Ok(Err(Fault::Refused(reason))) => return End::Refused(reason),
                Ok(Err(fault)) => fault.to_string(),
                Err(_) => "it does not answer".to_owned(),
            };
            failures += 1;
            if failures == PATIENCE {
                return End::Lost(reason);
            }
        }
    };
    if seat.settings.listen.is_some() {
        return watch.await;
    }
    tokio::select! {
        end = watch => end,
        end = events(http) => end,
    }
}

fn online(status: &Outcome) -> Option<bool> {
    wire::document(&status.data, |data| data.at("online").truth()).ok().flatten().filter(|_| status.ok)
}

/// Reads the stream of events to its end.
async fn events(http: &Http) -> End {
    let answer = match http.client.events().await {
        Ok(answer) => answer,
        Err(Fault::Refused(reason)) => return End::Refused(reason),
        Err(fault) => return End::Lost(fault.to_string()),
    };
    let kind = answer.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.starts_with("text/event-stream") {
        return End::Unreachable(
            "it has no stream of events at `/_events`; make it an HTTP SSE server in NapCat's network settings, or have \
             NapCat post its events and name the address for them as `listen`"
                .to_owned(),
        );
    }
    let mut lines = Lines::default();
    let mut stream = answer.bytes_stream();
    while let Some(chunk) = stream.next().await {
        let Ok(chunk) = chunk else { break };
        lines.feed(&chunk);
        while let Some(event) = lines.next_event() {
            let end = http.session().take(&event);
            if let Some(end) = end {
                return end;
            }
        }
        if lines.len() > FRAME_LIMIT {
            return End::Lost(format!("an event is over the limit of {} MiB", FRAME_LIMIT >> 20));
        }
    }
    End::Lost("the stream of events has ended".to_owned())
}

/// The `data` of server-sent events (HTML standard, "Parsing an event stream"); names and ids are not used here.
#[derive(Default)]
struct Lines {
    bytes: Vec<u8>,
    data: String,
    has_data: bool,
    /// Up to here no line end was found.
    searched: usize,
}

impl Lines {
    fn feed(&mut self, chunk: &[u8]) {
        self.bytes.extend_from_slice(chunk);
    }

    fn len(&self) -> usize {
        self.bytes.len() + self.data.len()
    }

    fn next_event(&mut self) -> Option<String> {
        while let Some(at) = self.bytes[self.searched..].iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.bytes.drain(..=self.searched + at).collect();
            self.searched = 0;
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end_matches(['\n', '\r']);
            if line.is_empty() {
                if std::mem::take(&mut self.has_data) {
                    return Some(std::mem::take(&mut self.data));
                }
            } else if let Some(text) = line.strip_prefix("data:") {
                if self.has_data {
                    self.data.push('\n');
                }
                self.data.push_str(text.strip_prefix(' ').unwrap_or(text));
                self.has_data = true;
            }
        }
        self.searched = self.bytes.len();
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_cut_out_of_the_stream() {
        let text = ": hello\n\nevent: x\ndata: {\"a\":1}\n\ndata:{\ndata: }\r\n\r\nid: 3\n\ndata: cut";
        for size in [1, 2, 3, 7, text.len()] {
            let mut lines = Lines::default();
            let mut events = Vec::new();
            for chunk in text.as_bytes().chunks(size) {
                lines.feed(chunk);
                while let Some(event) = lines.next_event() {
                    events.push(event);
                }
            }
            assert_eq!(events, ["{\"a\":1}", "{\n}"], "in chunks of {size}");
        }
    }
}
