//! What may still be sent: which events can be answered, how often, under which number, and how many messages the bot may
//! send on its own.
//!
//! Everything is booked before the first request of a message goes out, for all of its requests at once: a message is
//! sent whole or not at all.

mod active;
mod pages;
mod standing;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use self::active::Active;
use self::pages::Pages;
use self::standing::Standing;
use super::failure::Failure;
use super::place::Place;
use super::{Anchor, AnchorKind, Rules};
use crate::model::Error;

/// The platform's code of an event that no bot can answer.
const NO_ANSWERS: i64 = 40_034_027;

/// A chat takes no messages on the bot's own initiative.
const UNWANTED: [i64; 3] = [40_054_013, 40_034_105, 40_034_102];

/// The books of one bot. Times are seconds since 1970.
#[derive(Debug)]
pub(super) struct Books {
    rules: Rules,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    pages: Pages,
    active: Active,
    standing: Standing,
}

/// Why nothing was booked.
#[derive(Debug, PartialEq)]
pub(super) struct Refusal {
    pub(super) error: Error,
    /// When it would work, if that is soon.
    pub(super) wait: Option<Duration>,
}

/// The event that a message answers cannot be answered (any more).
#[derive(Debug, Clone, PartialEq, Eq)]
struct Closed {
    text: String,
    /// It never could be.
    never: bool,
}

/// What the platform is told about the place of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamp {
    /// `msg_id` or `event_id`, and its value; none for a message on the bot's own initiative.
    pub(super) answers: Option<(&'static str, String)>,
    pub(super) msg_seq: Option<u32>,
}

impl Books {
    pub(super) fn new(rules: Rules) -> Arc<Self> {
        Arc::new(Self { rules, inner: Mutex::default() })
    }

    /// Makes room for `count` requests to one chat, as answers to `anchor` while it takes them, else on the bot's own
    /// initiative.
    pub(super) fn book(
        self: &Arc<Self>,
        place: &Place,
        anchor: Option<&Anchor>,
        count: u32,
        now: f64,
    ) -> Result<Booking, Refusal> {
        let mut inner = self.lock();
        let booked = |way| Booking { books: self.clone(), place: place.clone(), way, left: count };
        let never = anchor.is_some_and(|anchor| anchor.kind == AnchorKind::Never);
        if let Some(error) = inner.standing.refusal(place, now).filter(|_| !never) {
            return Err(Refusal { error, wait: None });
        }
        let closed = match anchor {
            None => None,
            Some(anchor) => match inner.pages.open(&self.rules, place, anchor, count, now) {
                Ok(()) => return Ok(booked(Way::Answer(anchor.clone()))),
                Err(closed) if closed.never && anchor.kind == AnchorKind::Never => {
                    return Err(Refusal { error: Error::Unsupported(closed.text), wait: None });
                }
                Err(closed) => Some(closed),
            },
        };
        match inner.active.take(&self.rules, place, count, now) {
            Ok(()) => Ok(booked(Way::Own(now))),
            Err(shortage) => {
                let wait = shortage.soon();
                let error = match closed {
                    None => shortage.error(),
                    Some(closed) => {
                        let text = format!(
                            "{}; a message on the bot's own initiative is not possible in its place: {shortage}",
                            closed.text
                        );
                        if closed.never { Error::Unsupported(text) } else { Error::Expired(text) }
                    }
                };
                Err(Refusal { error, wait })
            }
        }
    }

    /// A number for a request that answers `anchor` and is no message (typing), or is not the host's own.
    pub(super) fn number(&self, place: &Place, anchor: &Anchor, now: f64) -> u32 {
        self.lock().pages.number(&self.rules, place, anchor, now)
    }

    /// Notes a message that somebody else numbered, so that its number is not used again.
    pub(super) fn note(&self, place: &Place, anchor: &Anchor, msg_seq: Option<u32>, now: f64) {
        self.lock().pages.note(&self.rules, place, anchor, msg_seq, now);
    }

    /// The chat takes messages on the bot's own initiative, or no longer.
    pub(super) fn push_changed(&self, place: &Place, allowed: bool, now: f64) {
        self.lock().active.push_changed(place, allowed, now);
    }

    /// The bot was taken out of the chat.
    pub(super) fn left(&self, place: &Place, now: f64) {
        self.lock().standing.left(place, now);
    }

    /// Something came from the chat that only comes while the bot is there.
    pub(super) fn is_there(&self, place: &Place) {
        self.lock().standing.is_there(place);
    }

    /// The platform refused a message; `own`: one on the bot's own initiative.
    pub(super) fn refused(&self, place: &Place, failure: &Failure, own: bool, now: f64) {
        let mut inner = self.lock();
        inner.standing.refused(place, failure, now);
        if own && UNWANTED.contains(&failure.code) {
            inner.active.refused(place, failure.to_string(), now);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Room for the requests of one message. What is not used is given back when it is dropped.
#[derive(Debug)]
pub(super) struct Booking {
    books: Arc<Books>,
    place: Place,
    way: Way,
    left: u32,
}

#[derive(Debug)]
enum Way {
    Answer(Anchor),
    /// When it was booked.
    Own(f64),
}

impl Booking {
    pub(super) fn is_answer(&self) -> bool {
        matches!(self.way, Way::Answer(_))
    }

    /// What the next request goes out with.
    pub(super) fn next(&mut self) -> Stamp {
        self.left = self.left.saturating_sub(1);
        let Way::Answer(anchor) = &self.way else { return Stamp { answers: None, msg_seq: None } };
        let field = if anchor.kind == AnchorKind::Message { "msg_id" } else { "event_id" };
        Stamp { answers: Some((field, anchor.id.clone())), msg_seq: self.renumber() }
    }

    /// Another number for the same request: the platform has had this one.
    pub(super) fn renumber(&self) -> Option<u32> {
        match &self.way {
            Way::Answer(anchor) if self.place.scene.is_newer() => {
                self.books.lock().pages.another(&self.place, &anchor.id)
            }
            _ => None,
        }
    }

    /// A request was certainly not carried out.
    pub(super) fn give_back(&self) {
        self.return_some(1);
    }

    /// The platform takes no (more) answers to the event, for a reason.
    pub(super) fn close(&self, failure: &Failure) {
        if let Way::Answer(anchor) = &self.way {
            let closed = Closed { text: failure.to_string(), never: failure.code == NO_ANSWERS };
            self.books.lock().pages.close(&self.place, anchor, closed);
        }
    }

    fn return_some(&self, count: u32) {
        let mut inner = self.books.lock();
        match &self.way {
            Way::Answer(anchor) => inner.pages.give_back(&self.place, &anchor.id, count),
            Way::Own(at) => inner.active.give_back(&self.place, *at, count),
        }
    }
}

impl Drop for Booking {
    fn drop(&mut self) {
        if self.left > 0 {
            self.return_some(self.left);
        }
    }
}

/// A span of time for people.
fn spoken(seconds: f64) -> String {
    match seconds {
        ..=90.0 => format!("{:.0} s", seconds.max(1.0).ceil()),
        ..=5_400.0 => format!("{:.0} min", (seconds / 60.0).ceil()),
        _ => format!("{:.0} h", (seconds / 3_600.0).ceil()),
    }
}
