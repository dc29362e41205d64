//! Event kinds: the words that a handler's `event.kinds` may hold.
//!
//! A kind is the contract's case names joined by dots, `notice.member-joined`; messages are told apart by their chat,
//! `message.group`. A shorter one (`notice`) means all below it.

use crate::model::{Chat, EventBody, Notice, Request};

/// Every finest kind. What is not in here, and not above something in here, never happens.
pub const KINDS: &[&str] = &[
    "message.private",
    "message.group",
    "message.temporary",
    "message.channel",
    "message.direct",
    "message.other",
    "message-sent.private",
    "message-sent.group",
    "message-sent.temporary",
    "message-sent.channel",
    "message-sent.direct",
    "message-sent.other",
    "notice.member-joined",
    "notice.member-left",
    "notice.admin-changed",
    "notice.muted",
    "notice.message-recalled",
    "notice.file-uploaded",
    "notice.friend-added",
    "notice.friend-removed",
    "notice.poked",
    "notice.reaction",
    "notice.essence",
    "notice.card-changed",
    "notice.title-changed",
    "notice.group-renamed",
    "notice.bot-joined",
    "notice.bot-left",
    "notice.push-changed",
    "notice.profile-liked",
    "notice.typing",
    "notice.audited",
    "notice.lucky-king",
    "notice.honor",
    "notice.gray-tip",
    "notice.online-file",
    "notice.guild",
    "notice.other",
    "request.friend",
    "request.join",
    "request.invite",
    "request.other",
    "interaction",
    "bot-state",
    "scheduled",
    "other",
];

/// The finest kind of an event, one of [`KINDS`].
#[must_use]
pub fn kind_of(body: &EventBody) -> &'static str {
    match body {
        EventBody::Message(message) => match message.chat {
            Chat::Private(_) => "message.private",
            Chat::Group(_) => "message.group",
            Chat::Temporary(_) => "message.temporary",
            Chat::Channel(_) => "message.channel",
            Chat::Direct(_) => "message.direct",
            Chat::Other(_) => "message.other",
        },
        EventBody::MessageSent(message) => match message.chat {
            Chat::Private(_) => "message-sent.private",
            Chat::Group(_) => "message-sent.group",
            Chat::Temporary(_) => "message-sent.temporary",
            Chat::Channel(_) => "message-sent.channel",
            Chat::Direct(_) => "message-sent.direct",
            Chat::Other(_) => "message-sent.other",
        },
        EventBody::Notice(notice) => notice_kind(notice),
        EventBody::Request(request) => match request {
            Request::Friend(_) => "request.friend",
            Request::Join(_) => "request.join",
            Request::Invite(_) => "request.invite",
            Request::Other(_) => "request.other",
        },
        EventBody::Interaction(_) => "interaction",
        EventBody::BotState(_) => "bot-state",
        EventBody::Scheduled(_) => "scheduled",
        EventBody::Other(_) => "other",
    }
}

/// Whether `kind` is one of [`KINDS`], or above one.
#[must_use]
pub fn is_kind(kind: &str) -> bool {
    KINDS
        .iter()
        .any(|known| known.strip_prefix(kind).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
}

/// A kind and the shorter one above it: `notice.muted`, `notice`.
pub(super) fn and_above(kind: &'static str) -> impl Iterator<Item = &'static str> {
    let above = kind.split_once('.').map(|(above, _)| above);
    [Some(kind), above].into_iter().flatten()
}

fn notice_kind(notice: &Notice) -> &'static str {
    match notice {
        Notice::MemberJoined(_) => "notice.member-joined",
        Notice::MemberLeft(_) => "notice.member-left",
        Notice::AdminChanged(_) => "notice.admin-changed",
        Notice::Muted(_) => "notice.muted",
        Notice::MessageRecalled(_) => "notice.message-recalled",
        Notice::FileUploaded(_) => "notice.file-uploaded",
        Notice::FriendAdded(_) => "notice.friend-added",
        Notice::FriendRemoved(_) => "notice.friend-removed",
        Notice::Poked(_) => "notice.poked",
        Notice::Reaction(_) => "notice.reaction",
        Notice::Essence(_) => "notice.essence",
        Notice::CardChanged(_) => "notice.card-changed",
        Notice::TitleChanged(_) => "notice.title-changed",
        Notice::GroupRenamed(_) => "notice.group-renamed",
        Notice::BotJoined(_) => "notice.bot-joined",
        Notice::BotLeft(_) => "notice.bot-left",
        Notice::PushChanged(_) => "notice.push-changed",
        Notice::ProfileLiked(_) => "notice.profile-liked",
        Notice::Typing(_) => "notice.typing",
        Notice::Audited(_) => "notice.audited",
        Notice::LuckyKing(_) => "notice.lucky-king",
        Notice::Honor(_) => "notice.honor",
        Notice::GrayTip(_) => "notice.gray-tip",
        Notice::OnlineFile(_) => "notice.online-file",
        Notice::Guild(_) => "notice.guild",
        Notice::Other(_) => "notice.other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The case names of one variant of the contract.
    fn cases(wit: &str, variant: &str) -> Vec<String> {
        let (_, body) = wit.split_once(&format!("variant {variant} {{")).unwrap();
        let (body, _) = body.split_once("\n    }").unwrap();
        body.lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with("///"))
            .map(|line| line.split(['(', ',']).next().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn every_case_of_the_contract_is_a_kind() {
        let events = include_str!("../../../wit/events.wit");
        let types = include_str!("../../../wit/types.wit");
        let mut expected = Vec::new();
        for body in cases(events, "event-body") {
            let below = match body.as_str() {
                "message" | "message-sent" => cases(types, "chat"),
                "notice" | "request" => cases(events, &body),
                _ => vec![],
            };
            if below.is_empty() {
                expected.push(body);
            } else {
                expected.extend(below.iter().map(|case| format!("{body}.{case}")));
            }
        }
        assert_eq!(KINDS, expected);
    }

    #[test]
    fn shorter_kinds_stand_for_all_below() {
        for (kind, known) in [
            ("notice", true),
            ("notice.muted", true),
            ("message", true),
            ("messag", false),
            ("notice.", false),
            ("notice.member", false),
            ("", false),
        ] {
            assert_eq!(is_kind(kind), known, "{kind}");
        }
        assert_eq!(and_above("notice.muted").collect::<Vec<_>>(), ["notice.muted", "notice"]);
        assert_eq!(and_above("other").collect::<Vec<_>>(), ["other"]);
    }
}
