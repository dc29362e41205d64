//! Whether a handler may run, by its own conditions: who asks, where, to whom.

use super::place::{chat_of, user_of};
use crate::config::Users;
use crate::model::{Chat, Event, EventBody, Notice, Role};
use crate::plugin::manifest::{Chats, Handler, Who};

/// Why the event itself is not for this handler; none if it is.
pub(super) fn refusal(handler: &Handler, event: &Event, superusers: &Users) -> Option<&'static str> {
    let body = &event.body;
    if handler.chats != Chats::Any {
        match chat_of(body) {
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
    if handler.to_me && !is_to_me(event) {
        return Some("it is not to the bot");
    }
    (!may(handler.who, event, superusers)).then_some("the user may not")
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
    use crate::router::samples::{event, handler, message};

    fn said(user: &str, role: Role, chat: Chat, to_me: bool) -> Event {
        let mut message = message("hi");
        message.sender.id = user.to_owned();
        message.sender.role = role;
        event(EventBody::Message(Message { chat, to_me, ..message }))
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
        let superusers = Users::from_iter(["1".to_owned()]);
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
            let handler = Handler { who, ..handler("h", r#"{"command": {"name": "h"}}"#) };
            assert_eq!(
                refusal(&handler, &event, &superusers).is_none(),
                allowed,
                "{who:?} {user} {role:?} {chat:?}"
            );
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
            let handler =
                Handler { chats, to_me: to_me_only, ..handler("h", r#"{"command": {"name": "h"}}"#) };
            assert_eq!(refusal(&handler, &event, &Users::default()).is_none(), allowed, "{chats:?} {chat:?}");
        }
    }
}
