use std::collections::BTreeSet;

use super::super::gateway::intents::{Grants, kinds, names};
use crate::router::KINDS;

fn mask(wanted: &[&'static str]) -> u32 {
    Grants::default().mask(&wanted.iter().copied().collect())
}

const BASE: u32 = 1 << 25 | 1 << 26;

#[test]
fn intents_follow_from_what_plugins_listen_to() {
    let bits = |bits: &[u32]| bits.iter().fold(BASE, |mask, bit| mask | 1 << bit);
    for (wanted, expected) in [
        (&[][..], bits(&[])),
        (&["message.private", "message.group", "interaction", "notice.friend-added"], bits(&[])),
        (&["message.channel"], bits(&[30])),
        (&["message.direct"], bits(&[12])),
        (&["notice.message-recalled"], bits(&[12, 30])),
        (&["notice.reaction"], bits(&[10])),
        (&["notice.audited"], bits(&[27])),
        (&["notice.member-joined"], bits(&[24])),
        (&["request.join", "notice.member-left"], bits(&[24])),
        (&["notice.other"], bits(&[23])),
        (&["notice.guild"], bits(&[0, 1, 18, 19, 29])),
        (KINDS, 0x6f8c_1403),
    ] {
        assert_eq!(mask(wanted), expected, "{wanted:?}: {}", names(mask(wanted) ^ expected));
    }
    assert!(kinds().all(|kind| KINDS.contains(&kind)), "every kind is one of the contract's");
}

#[test]
fn what_is_not_granted_is_given_up_in_steps_and_then_never() {
    let (grants, all) = (Grants::default(), KINDS.iter().copied().collect::<BTreeSet<_>>());
    let first = grants.mask(&all);
    let bits = |bits: &[u32]| bits.iter().fold(0, |mask, bit| mask | 1 << bit);
    let guilds = bits(&[10, 18, 19, 29]);
    assert_eq!(grants.refused(first, &all), Ok(guilds));
    let second = grants.mask(&all);
    assert_eq!(grants.refused(first, &all), Ok(guilds), "another shard may come late");
    assert_eq!(grants.refused(second, &all), Ok(bits(&[23, 24, 27])));
    assert_eq!(grants.refused(grants.mask(&all), &all), Err(()));
    assert_eq!(grants.mask(&all), BASE | 1 << 30 | 1 << 12 | 0b11);
    let grants = Grants::default();
    let few = BTreeSet::from(["message.private"]);
    assert_eq!(grants.refused(grants.mask(&few), &few), Err(()), "nothing can be given up");
    let joined = BTreeSet::from(["notice.member-joined"]);
    let grants = Grants::default();
    assert_eq!(grants.refused(grants.mask(&joined), &joined), Ok(1 << 24), "in one step where one is enough");
}

#[test]
fn intents_have_names() {
    assert_eq!(names(1 << 9 | 1 << 5), "1 << 5, GUILD_MESSAGES (1 << 9)");
}
