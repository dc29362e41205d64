//! Chats that are not to be written to at all: the bot has left, or the platform wants them left in peace.

use std::collections::HashMap;

use super::spoken;
use crate::adapter::qq::failure::Failure;
use crate::adapter::qq::place::{Place, Scene};
use crate::model::{Error, PlatformError};

/// Chats that are kept in mind.
const CHATS: usize = 16_384;
/// What an event said holds for so long: the one that takes it back may have been missed.
const TOLD: f64 = 86_400.0;
/// What the platform said of a message, for less.
const REFUSED: f64 = 600.0;
/// The bot is not in the group, the group is gone, the user is no friend.
const ABSENT: [i64; 3] = [NOT_IN_GROUP, 1_100_104, NO_FRIEND];
const NOT_IN_GROUP: i64 = 40_034_101;
const NO_FRIEND: i64 = 40_054_004;
/// Risk control finds that too much is sent there.
const TOO_MUCH: i64 = 1_100_100;

#[derive(Debug, Default)]
pub(super) struct Standing(HashMap<Place, Shut>);

#[derive(Debug)]
struct Shut {
    until: f64,
    why: Why,
}

#[derive(Debug)]
enum Why {
    Gone { code: i64, reason: String },
    Rest,
}

impl Standing {
    /// The error of every message to this chat now.
    pub(super) fn refusal(&mut self, place: &Place, now: f64) -> Option<Error> {
        let shut = self.0.get(place)?;
        if now >= shut.until {
            self.0.remove(place);
            return None;
        }
        Some(match &shut.why {
            Why::Rest => Error::RateLimited(shut.until - now),
            Why::Gone { code, reason } => Error::Platform(PlatformError {
                code: i32::try_from(*code).unwrap_or(i32::MAX),
                message: format!(
                    "{reason}; nothing is sent there until something comes from there, or for {}",
                    spoken(shut.until - now)
                ),
                trace: None,
            }),
        })
    }

    /// An event says that the bot is no longer there.
    pub(super) fn left(&mut self, place: &Place, now: f64) {
        let (code, reason) = match place.scene {
            Scene::Group => (NOT_IN_GROUP, "the bot was taken out of this group"),
            _ => (NO_FRIEND, "the user has removed the bot from the friends"),
        };
        let why = Why::Gone { code, reason: reason.to_owned() };
        self.shut(place, Shut { until: now + TOLD, why }, now);
    }

    /// An event shows that the bot is there.
    pub(super) fn is_there(&mut self, place: &Place) {
        if matches!(self.0.get(place), Some(Shut { why: Why::Gone { .. }, .. })) {
            self.0.remove(place);
        }
    }

    /// The platform refused a message.
    pub(super) fn refused(&mut self, place: &Place, failure: &Failure, now: f64) {
        let shut = match failure.code {
            code if ABSENT.contains(&code) => {
                Shut { until: now + REFUSED, why: Why::Gone { code, reason: failure.message.clone() } }
            }
            TOO_MUCH => {
                let wait = failure.after.unwrap_or_default().as_secs_f64();
                Shut { until: now + wait, why: Why::Rest }
            }
            _ => return,
        };
        self.shut(place, shut, now);
    }

    fn shut(&mut self, place: &Place, shut: Shut, now: f64) {
        if self.0.len() >= CHATS {
            self.0.retain(|_, other| other.until > now);
        }
        if self.0.len() < CHATS {
            self.0.insert(place.clone(), shut);
        }
    }
}
