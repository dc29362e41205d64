//! Whether a handler may run, by its own conditions: who asks, where, to whom.

use super::access::Scene;
use super::place::{chat_of, user_of};
use super::table::{Entry, Rules};
use crate::config::Users;
use crate::model::{Chat, Event, EventBody, Notice, Role};
use crate::plugin::manifest::{Chats, Who};

/// Why the event itself is not for this handler; none if it is.
pub(super) fn refusal(
    entry: &Entry,
    event: &Event,
    scene: &Scene<'_>,
    rules: &Rules,
) -> Option<&'static str> {
    if entry.handler().to_me && !is_to_me(event) {
        return Some("it is not to the bot");
    }
    out_of_reach(entry, event, scene, rules)
}

/// Why a handler is not for whoever caused the event, in the chat where it happened; none if it is. Asked for every
/// match, for each line of `/help` and for lists of sub-commands: what a user may not use does not answer, and is not
/// shown.
pub(super) fn out_of_reach(
    entry: &Entry,
    event: &Event,
    scene: &Scene<'_>,
    rules: &Rules,
) -> Option<&'static str> {
    let handler = entry.handler();
    if handler.chats != Chats::Any {
        match chat_of(&event.body) {
            None => return Some("it belongs to no chat"),
            Some(chat) if is_private(&chat) && handler.chats == Chats::Group => {
                return Some("the chat is private");
            }
            Some(chat) if is_shared(&chat) && handler.chats == Chats::Private => {
                return Some("the chat is a group");
            }
            Some(_) => {}
        }
    }
    if !may(handler.who, event, &rules.superusers) {
        return Some("the user may not");
    }
    rules.refusal(&entry.id, scene)
}

/// Whether the user of an event has the place that `who` wants.
pub(super) fn may(who: Who, event: &Event, superusers: &Users) -> bool {
    if who == Who::Everyone || is_superuser(event, superusers) {
        return true;
    }
    let body = &event.body;
    let role = match body {
        EventBody::Message(message) | EventBody::MessageSent(message) => message.sender.role,
        _ => Role::Unknown,
    };
    match who {
        Who::Everyone => true,
        Who::GroupAdmin => {
            matches!(role, Role::Admin | Role::Owner) || chat_of(body).is_some_and(|chat| is_private(&chat))
        }
        Who::GroupOwner => role == Role::Owner,
        Who::Superuser => false,
    }
}

pub(super) fn is_superuser(event: &Event, superusers: &Users) -> bool {
    user_of(&event.body).is_some_and(|user| superusers.has(&event.bot, user))
}

fn is_private(chat: &Chat) -> bool {
    matches!(chat, Chat::Private(_) | Chat::Temporary(_) | Chat::Direct(_))
}

fn is_shared(chat: &Chat) -> bool {
    matches!(chat, Chat::Group(_) | Chat::Channel(_))
}

fn is_to_me(event: &Event) -> bool {
    match &event.body {
        EventBody::Message(message) | EventBody::MessageSent(message) => message.to_me,
        EventBody::Notice(Notice::Poked(poke)) => poke.target == event.bot.id,
        EventBody::Interaction(_) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Message;
    use crate::router::samples::{event, manifest, message, rules};
    use crate::router::table::Table;

    fn said(user: &str, role: Role, chat: Chat, to_me: bool) -> Event {
        let mut message = message("hi");
        message.sender.id = user.to_owned();
        message.sender.role = role;
        event(EventBody::Message(Message { chat, to_me, ..message }))
    }

    fn refused(conditions: &str, event: &Event, superuser: &str) -> bool {
        let handler = format!(r#"{{"name": "h", "on": {{"command": {{"name": "h"}}}}, {conditions}}}"#);
        let (manifest, rules) = (manifest("p", &handler), rules(superuser));
        let table = Table::new([("p".into(), &manifest)], &rules);
        refusal(&table.entries[0], event, &rules.scene(event), &rules).is_some()
    }

    fn group() -> Chat {
        Chat::Group("20001".to_owned())
    }

    fn private() -> Chat {
        Chat::Private("10001".to_owned())
    }

    #[test]
    fn who_may_is_decided_by_role_and_superusers() {
        use Role::{Admin, Member, Owner, Unknown};
        use Who::{Everyone, GroupAdmin, GroupOwner, Superuser};
        for (who, user, role, chat, allowed) in [
            (Everyone, "2", Member, group(), true),
            (GroupAdmin, "2", Member, group(), false),
            (GroupAdmin, "2", Unknown, group(), false),
            (GroupAdmin, "2", Admin, group(), true),
            (GroupAdmin, "2", Owner, group(), true),
            (GroupAdmin, "2", Unknown, private(), true),
            (GroupAdmin, "1", Member, group(), true),
            (GroupOwner, "2", Admin, group(), false),
            (GroupOwner, "2", Owner, group(), true),
            (GroupOwner, "2", Unknown, private(), false),
            (GroupOwner, "1", Member, group(), true),
            (Superuser, "2", Owner, group(), false),
            (Superuser, "2", Unknown, private(), false),
            (Superuser, "1", Member, group(), true),
        ] {
            let event = said(user, role, chat.clone(), false);
            let conditions = format!(r#""who": {}"#, serde_json::to_string(&who).unwrap());
            assert_eq!(!refused(&conditions, &event, "1"), allowed, "{who:?} {user} {role:?} {chat:?}");
        }
    }

    #[test]
    fn chats_and_to_me_narrow_a_handler() {
        for (chats, to_me_only, chat, to_me, allowed) in [
            (Chats::Any, false, group(), false, true),
            (Chats::Private, false, group(), true, false),
            (Chats::Private, false, private(), true, true),
            (Chats::Group, false, private(), true, false),
            (Chats::Group, false, group(), false, true),
            (Chats::Any, true, group(), false, false),
            (Chats::Any, true, group(), true, true),
        ] {
            let event = said("2", Role::Member, chat.clone(), to_me);
            let conditions =
                format!(r#""chats": {}, "to_me": {to_me_only}"#, serde_json::to_string(&chats).unwrap());
            assert_eq!(!refused(&conditions, &event, "9"), allowed, "{chats:?} {chat:?}");
        }
    }
}
