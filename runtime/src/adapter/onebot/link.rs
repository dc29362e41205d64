//! One WebSocket, dialled or accepted, from the upgrade to its end.
//!
//! The reader never waits for a plugin: events go to the inlet, answers to whoever asked. Any frame, a pong too, is a
//! sign of life; pings see to it that a living peer gives one.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{Sink, SinkExt as _, StreamExt as _};
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::sleep_until;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};
use tokio_util::sync::CancellationToken;

use super::calls::Calls;
use super::line::Line;
use super::queue::Queue;
use super::session::{End, Seat, Session, Shown};
use super::wire::Outcome;
use super::{FRAME_LIMIT, dial};

/// A peer that takes in nothing for so long is gone. Long enough for the largest frame on a slow line.
const STALLED: Duration = Duration::from_secs(300);

/// What both ends of our WebSockets agree to.
pub(super) fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(32 << 10)
        .max_message_size(Some(FRAME_LIMIT))
        .max_frame_size(Some(FRAME_LIMIT))
}

/// What is known of the other side before its first frame.
#[derive(Default)]
pub(super) struct Peer {
    /// The account's id.
    pub(super) id: Option<String>,
    /// A newer link of the same account has taken its place.
    pub(super) replaced: CancellationToken,
    /// To be done when the link has shown its account.
    pub(super) shown: Option<Shown>,
}

/// Runs a link that has just been upgraded, to its end.
pub(super) async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    seat: &Arc<Seat>,
    socket: WebSocketStream<S>,
    peer: Peer,
    stop: &CancellationToken,
) -> End {
    let calls = Arc::new(Calls::default());
    let mut session = Session::new(seat.clone(), Line::Socket(calls.clone()), peer.id.as_deref());
    session.on_show = peer.shown;
    let mut link = Link { calls, session, last_frame: Instant::now() };
    let end = tokio::select! {
        end = link.run(socket, stop) => end,
        () = peer.replaced.cancelled() => End::Lost("a newer link of the same account has taken its place".to_owned()),
    };
    link.session.over(&end);
    end
}

struct Link {
    calls: Arc<Calls>,
    session: Session,
    last_frame: Instant,
}

impl Link {
    async fn run<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        socket: WebSocketStream<S>,
        stop: &CancellationToken,
    ) -> End {
        let timings = self.session.seat.settings.timings.clone();
        let (sink, mut stream) = socket.split();
        let calls = self.calls.clone();
        let mut writer = pin!(write(sink, &calls.queue));
        let mut login = pin!(ask_login(&calls, timings.answer));
        let mut login_due = true;
        let mut interval = self.session.interval;
        let first_look = interval.min(timings.hello);
        let mut alarm = pin!(sleep_until((self.last_frame + first_look).into()));
        let end = loop {
            tokio::select! {
                frame = stream.next() => match frame {
                    Some(Ok(frame)) => {
                        self.last_frame = Instant::now();
                        if let Some(end) = self.take(frame) {
                            break end;
                        }
                        if interval != self.session.interval {
                            interval = self.session.interval;
                            alarm.as_mut().reset((self.last_frame + interval).into());
                        }
                    }
                    Some(Err(error)) => break End::Lost(dial::lost(&error)),
                    None => break End::Lost("the other side closed the connection".to_owned()),
                },
                error = &mut writer => break End::Lost(error),
                outcome = &mut login, if login_due => {
                    login_due = false;
                    self.session.take_login(outcome);
                }
                () = &mut alarm => match self.look_after(Instant::now(), timings.hello) {
                    Ok(next) => alarm.as_mut().reset(next.into()),
                    Err(end) => break end,
                },
                () = stop.cancelled() => {
                    let farewell = async {
                        let _ = calls.queue.push(Message::Close(None));
                        let mut written = false;
                        loop {
                            tokio::select! {
                                frame = stream.next() => if !matches!(frame, Some(Ok(_))) { break },
                                _ = &mut writer, if !written => written = true,
                            }
                        }
                    };
                    let _ = tokio::time::timeout(timings.goodbye, farewell).await;
                    break End::Stopped;
                }
            }
        };
        // A link that never said a word was none: the waits between tries must grow.
        match end {
            End::Lost(reason) if !self.session.greeted => End::Unreachable(reason),
            end => end,
        }
    }

    /// Watches over the link when the alarm goes off, and tells when to look again.
    fn look_after(&self, now: Instant, hello: Duration) -> Result<Instant, End> {
        let quiet = now.duration_since(self.last_frame);
        let interval = self.session.interval;
        let limit = if self.session.greeted { interval * 3 } else { hello };
        if quiet >= limit {
            return Err(End::Lost(format!("nothing was heard for {:.1} s", quiet.as_secs_f64())));
        }
        let _ = self.calls.queue.push(Message::Ping(Vec::new().into()));
        Ok((now + interval).min(self.last_frame + limit))
    }

    fn take(&mut self, frame: Message) -> Option<End> {
        match frame {
            Message::Text(text) => self.session.take(&text),
            Message::Binary(bytes) => {
                self.session.seat.complain(&format!("it is binary ({} bytes)", bytes.len()));
                None
            }
            Message::Close(reason) => {
                let reason = reason.map(|frame| format!(" ({} {})", u16::from(frame.code), frame.reason));
                Some(End::Lost(format!("the other side said goodbye{}", reason.unwrap_or_default())))
            }
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => None,
        }
    }
}

/// Writes what is queued, in batches, until that fails or a close frame was written.
async fn write(mut sink: impl Sink<Message, Error = WsError> + Unpin, queue: &Queue) -> String {
    loop {
        let mut next = Some(queue.next().await);
        let batch = async {
            while let Some(frame) = next.take() {
                let is_last = frame.is_close();
                sink.feed(frame).await?;
                if is_last {
                    sink.flush().await?;
                    return Ok(true);
                }
                next = queue.try_next();
            }
            sink.flush().await?;
            Ok::<_, WsError>(false)
        };
        match tokio::time::timeout(STALLED, batch).await {
            Ok(Ok(false)) => {}
            Ok(Ok(true)) => return "iglu closed the link".to_owned(),
            Ok(Err(error)) => return dial::lost(&error),
            Err(_) => return format!("the other side took in nothing for {} s", STALLED.as_secs()),
        }
    }
}

/// Who is logged in there; none if NapCat does not say.
async fn ask_login(calls: &Calls, deadline: Duration) -> Option<Outcome> {
    let outcome = calls.start("get_login_info", &json!({}), deadline).ok()?.outcome().await.ok()?;
    outcome.ok.then_some(outcome)
}
