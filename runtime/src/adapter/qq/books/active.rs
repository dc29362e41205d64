//! Messages on the bot's own initiative: quotas of chats and of the bot, and chats that want none.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::time::Duration;

use super::spoken;
use crate::adapter::qq::Rules;
use crate::adapter::qq::place::{Place, Scene};
use crate::model::{Error, PlatformError};

const MINUTE: f64 = 60.0;
const DAY: f64 = 86_400.0;
/// Chats whose messages are counted.
const CHATS: usize = 16_384;
/// To all private chats in a second, and to all groups in a minute.
const PRIVATE_RATE: (f64, u32) = (1.0, 10);
const GROUP_RATE: (f64, u32) = (MINUTE, 60);
/// Direct messages to all users in a day.
const DIRECT_RATE: (f64, u32) = (DAY, 200);
/// So soon that one waits for it.
const SOON: f64 = 1.5;
/// The platform's refusal is asked for again after so long; what the chat itself said holds longer.
const REFUSED: f64 = 600.0;
/// The platform's codes of that.
const NOT_TO_USER: i32 = 40_054_013;
const NOT_IN_GROUP: i32 = 40_034_105;

#[derive(Debug, Default)]
pub(super) struct Active {
    /// When each chat's messages were sent, the oldest first.
    chats: HashMap<Place, VecDeque<f64>>,
    /// The same of all chats of a kind.
    scenes: HashMap<Scene, VecDeque<f64>>,
    /// Chats that take none, until when, and who says so.
    closed: HashMap<Place, (f64, String)>,
}

/// Why no message may be sent.
#[derive(Debug, PartialEq)]
pub(super) enum Shortage {
    /// The owner switched them off.
    Off,
    /// The chat takes none.
    Closed { code: i32, reason: String },
    /// So many are allowed in a span of seconds; there is room after the last number of seconds.
    Quota { whose: &'static str, most: u32, span: f64, after: f64 },
    /// There never is room for so many.
    TooMany { whose: &'static str, most: u32, count: u32 },
}

impl Active {
    /// Counts `count` messages to a chat, if they are allowed.
    pub(super) fn take(
        &mut self,
        rules: &Rules,
        place: &Place,
        count: u32,
        now: f64,
    ) -> Result<(), Shortage> {
        if !rules.active {
            return Err(Shortage::Off);
        }
        match self.closed.get(place) {
            Some((until, reason)) if now < *until => {
                let code = if place.scene == Scene::Group { NOT_IN_GROUP } else { NOT_TO_USER };
                return Err(Shortage::Closed { code, reason: reason.clone() });
            }
            Some(_) => drop(self.closed.remove(place)),
            None => {}
        }
        let (whose, quotas): (_, &[(f64, u32)]) = match place.scene {
            Scene::Private => {
                ("to one user", &[(MINUTE, rules.active_user.minute), (DAY, rules.active_user.day)])
            }
            Scene::Group => {
                ("to one group", &[(MINUTE, rules.active_group.minute), (DAY, rules.active_group.day)])
            }
            Scene::Channel => ("to one channel", &[(DAY, rules.active_channel)]),
            Scene::Direct => ("to one user by direct message", &[(DAY, rules.active_direct)]),
        };
        let longest = |quotas: &[(f64, u32)]| quotas.iter().fold(0.0, |span: f64, quota| span.max(quota.0));
        let chat = self.chats.entry(place.clone()).or_default();
        forget(chat, longest(quotas), now);
        for &(span, most) in quotas {
            room(chat, whose, span, most, count, now)?;
        }
        let overall = match place.scene {
            Scene::Private => Some(("to all users", PRIVATE_RATE)),
            Scene::Group => Some(("to all groups", GROUP_RATE)),
            Scene::Channel => None,
            Scene::Direct => Some(("to all users by direct message", DIRECT_RATE)),
        };
        if let Some((whose, (span, most))) = overall {
            let scene = self.scenes.entry(place.scene).or_default();
            forget(scene, span, now);
            room(scene, whose, span, most, count, now)?;
            scene.extend((0..count).map(|_| now));
        }
        chat.extend((0..count).map(|_| now));
        if self.chats.len() > CHATS {
            self.make_room(now);
        }
        Ok(())
    }

    /// Takes back what was counted at that time.
    pub(super) fn give_back(&mut self, place: &Place, at: f64, count: u32) {
        for times in [self.chats.get_mut(place), self.scenes.get_mut(&place.scene)].into_iter().flatten() {
            for _ in 0..count {
                if let Some(index) = times.iter().rposition(|time| *time == at) {
                    times.remove(index);
                }
            }
        }
    }

    pub(super) fn push_changed(&mut self, place: &Place, allowed: bool, now: f64) {
        if allowed {
            self.closed.remove(place);
            return;
        }
        let who = if place.scene == Scene::Group { "an admin of the group" } else { "the user" };
        let reason = format!("{who} has switched off the bot's messages that answer nothing");
        self.close(place, now + DAY, reason, now);
    }

    pub(super) fn refused(&mut self, place: &Place, reason: String, now: f64) {
        self.close(place, now + REFUSED, reason, now);
    }

    fn close(&mut self, place: &Place, until: f64, reason: String, now: f64) {
        if self.closed.len() >= CHATS {
            self.closed.retain(|_, (until, _)| *until > now);
        }
        if self.closed.len() < CHATS {
            self.closed.insert(place.clone(), (until, reason));
        }
    }

    /// Drops chats without messages in the last day, else the one that was quiet for longest.
    fn make_room(&mut self, now: f64) {
        self.chats.retain(|_, times| times.back().is_some_and(|last| now - last < DAY));
        while self.chats.len() > CHATS {
            let last = |times: &VecDeque<f64>| times.back().copied().unwrap_or_default();
            let quiet = self.chats.iter().min_by(|a, b| last(a.1).total_cmp(&last(b.1)));
            let Some(quiet) = quiet.map(|(place, _)| place.clone()) else { return };
            self.chats.remove(&quiet);
        }
    }
}

impl Shortage {
    /// The wait, if it is a short one.
    pub(super) fn soon(&self) -> Option<Duration> {
        match self {
            Self::Quota { after, .. } if *after <= SOON => Duration::try_from_secs_f64(*after).ok(),
            _ => None,
        }
    }

    pub(super) fn error(self) -> Error {
        match self {
            Self::Quota { after, .. } => Error::RateLimited(after),
            Self::Closed { code, reason: message } => {
                Error::Platform(PlatformError { code, message, trace: None })
            }
            Self::Off => Error::Unsupported(format!("{self}; answer an event with `messages.reply`")),
            Self::TooMany { .. } => Error::Unsupported(format!("{self}; send fewer segments at once")),
        }
    }
}

impl fmt::Display for Shortage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("they are switched off for this bot (`active` in its [[bot]] table)"),
            Self::Closed { reason, .. } => f.write_str(reason),
            Self::Quota { whose, most, span, after } => write!(
                f,
                "the quota of {most} in {} {whose} is used up; there is room again in {}",
                spoken(*span),
                spoken(*after)
            ),
            Self::TooMany { whose, most, count } => {
                write!(f, "this message needs {count} of them, and the quota {whose} is {most}")
            }
        }
    }
}

fn forget(times: &mut VecDeque<f64>, span: f64, now: f64) {
    while times.front().is_some_and(|time| now - time >= span) {
        times.pop_front();
    }
}

/// Whether `count` more fit into any `span` seconds.
fn room(
    times: &VecDeque<f64>,
    whose: &'static str,
    span: f64,
    most: u32,
    count: u32,
    now: f64,
) -> Result<(), Shortage> {
    if count > most {
        return Err(Shortage::TooMany { whose, most, count });
    }
    let recent = times.iter().rev().take_while(|time| now - **time < span).count();
    let over = (recent + count as usize).saturating_sub(most as usize);
    if over == 0 {
        return Ok(());
    }
    // So many of the oldest have to be out of the span first.
    let leaves = times.get(times.len() - recent + over - 1).copied().unwrap_or(now);
    Err(Shortage::Quota { whose, most, span, after: (leaves + span - now).max(0.001) })
}
