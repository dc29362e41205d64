//! Which events to ask for.
//!
//! An intent that is not granted closes the link (4014), so those that need a grant are asked for only when a plugin
//! listens to what they bring, and given up in two steps: first those of guilds, which few bots have, then all of them.
//! What only private-domain bots have, the owner asks for by the setting `intents`: nearly every bot would be refused
//! at each start.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU8, Ordering};

/// Whether the platform has to grant it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    /// Every bot has it.
    None,
    Grant,
    /// The same, of guilds.
    Guild,
    /// Only bots of a private domain can have it; never asked for but by the owner's setting.
    Owner,
}

struct Intent {
    bit: u32,
    name: &'static str,
    need: Need,
    /// The kinds that its events become; none: it is always asked for.
    kinds: &'static [&'static str],
}

const fn intent(bit: u32, name: &'static str, need: Need, kinds: &'static [&'static str]) -> Intent {
    Intent { bit, name, need, kinds }
}

const INTENTS: &[Intent] = &[
    intent(0, "GUILDS", Need::None, &["notice.guild"]),
    intent(1, "GUILD_MEMBERS", Need::None, &["notice.guild"]),
    intent(9, "GUILD_MESSAGES", Need::Owner, &["message.channel", "notice.message-recalled"]),
    intent(10, "GUILD_MESSAGE_REACTIONS", Need::Guild, &["notice.reaction"]),
    intent(12, "DIRECT_MESSAGE", Need::None, &["message.direct", "notice.message-recalled"]),
    intent(18, "OPEN_FORUMS_EVENT", Need::Guild, &["notice.guild"]),
    intent(19, "AUDIO_OR_LIVE_CHANNEL_MEMBER", Need::Guild, &["notice.guild"]),
    intent(23, "ENTER_AIO", Need::Grant, &["notice.other"]),
    intent(
        24,
        "GROUP_MEMBER_EVENT",
        Need::Grant,
        &["notice.member-joined", "notice.member-left", "request.join"],
    ),
    intent(25, "GROUP_AND_C2C_EVENT", Need::None, &[]),
    intent(26, "INTERACTION", Need::None, &[]),
    intent(27, "MESSAGE_AUDIT", Need::Grant, &["notice.audited"]),
    intent(28, "FORUMS_EVENT", Need::Owner, &["notice.guild"]),
    intent(29, "AUDIO_ACTION", Need::Guild, &["notice.guild"]),
    intent(30, "PUBLIC_GUILD_MESSAGES", Need::None, &["message.channel", "notice.message-recalled"]),
];

/// The steps of giving up.
const LAST: u8 = 2;

/// What the platform has refused to this bot.
#[derive(Debug, Default)]
pub(in crate::adapter::qq) struct Grants(AtomicU8);

impl Grants {
    /// What to ask for when plugins listen to these kinds.
    pub(in crate::adapter::qq) fn mask(&self, wanted: &BTreeSet<&'static str>) -> u32 {
        mask(wanted, self.0.load(Ordering::Relaxed))
    }

    /// Gives up what may be the reason for the refusal of `refused`. `Err` if nothing is left to give up.
    pub(in crate::adapter::qq) fn refused(
        &self,
        refused: u32,
        wanted: &BTreeSet<&'static str>,
    ) -> Result<u32, ()> {
        loop {
            let left = self.mask(wanted) & refused;
            if left != refused {
                return Ok(refused & !left);
            }
            let step = self.0.load(Ordering::Relaxed);
            if step >= LAST {
                return Err(());
            }
            let _ = self.0.compare_exchange(step, step + 1, Ordering::Relaxed, Ordering::Relaxed);
        }
    }
}

fn mask(wanted: &BTreeSet<&'static str>, given_up: u8) -> u32 {
    let asked = |intent: &&Intent| {
        let kept = match intent.need {
            Need::None => true,
            Need::Guild => given_up == 0,
            Need::Grant => given_up < LAST,
            Need::Owner => false,
        };
        kept && (intent.kinds.is_empty() || intent.kinds.iter().any(|kind| wanted.contains(kind)))
    };
    INTENTS.iter().filter(asked).fold(0, |mask, intent| mask | 1 << intent.bit)
}

/// The value of the intent with this name.
pub(in crate::adapter::qq) fn value(name: &str) -> Option<u32> {
    INTENTS.iter().find(|intent| intent.name == name).map(|intent| 1 << intent.bit)
}

/// The platform's names of these intents.
pub(in crate::adapter::qq) fn names(mask: u32) -> String {
    let named = |bit: u32| match INTENTS.iter().find(|intent| intent.bit == bit) {
        Some(intent) => format!("{} (1 << {bit})", intent.name),
        None => format!("1 << {bit}"),
    };
    (0..32).filter(|bit| mask & (1 << bit) != 0).map(named).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
pub(in crate::adapter::qq) fn kinds() -> impl Iterator<Item = &'static str> {
    INTENTS.iter().flat_map(|intent| intent.kinds.iter().copied())
}
