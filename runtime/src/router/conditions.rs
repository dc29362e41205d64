//! Whether a handler may run: who asks, where, to whom, and how often.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::place::{chat_key, chat_of, user_of};
use super::table::{Entry, Rules};
use crate::model::{Chat, Event, EventBody, Notice, Role};
use crate::plugin::manifest::{Chats, Cooldown, CooldownScope, Who};

/// Expired cooldowns are swept when there are this many, and again when there are twice as many as were left.
const SWEEP: usize = 1024;

/// Why the event itself is not for this handler; none if it is.
pub(super) fn refusal(entry: &Entry, event: &Event, rules: &Rules) -> Option<&'static str> {
    if entry.handler().to_me && !is_to_me(event) {
        return Some("it is not to the bot");
    }
    out_of_reach(entry, event, rules)
}

/// Why a handler is not for whoever caused the event, in the chat where it happened; none if it is. Asked for every
/// match, for each line of `/help` and for lists of sub-commands: what a user may not use does not answer, and is not
/// shown. Whatever decides about a plugin or a handler by user or chat belongs here.
pub(super) fn out_of_reach(entry: &Entry, event: &Event, rules: &Rules) -> Option<&'static str> {
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
    (!may(handler.who, &event.body, &rules.superusers)).then_some("the user may not")
}

/// Whether the user of an event has the place that `who` wants.
fn may(who: Who, body: &EventBody, superusers: &HashSet<String>) -> bool {
    if who == Who::Everyone || user_of(body).is_some_and(|user| superusers.contains(user)) {
        return true;
    }
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

/// Which handlers ran lately. Outlives the router's table, so a reload does not reset it.
#[derive(Debug, Default)]
pub(super) struct Cooldowns(Mutex<Running>);

#[derive(Debug, Default)]
struct Running {
    until: HashMap<Key, Instant>,
    sweep_at: usize,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    plugin: String,
    handler: String,
    scope: Option<(String, String)>,
}

impl Cooldowns {
    /// Whether the handler may run now; if so, its cooldown begins.
    pub(super) fn start(
        &self,
        plugin: &str,
        handler: &str,
        cooldown: Cooldown,
        event: &Event,
        now: Instant,
    ) -> bool {
        let Ok(time) = Duration::try_from_secs_f64(cooldown.seconds) else { return true };
        let Some(until) = now.checked_add(time) else { return true };
        let whose = match cooldown.scope {
            CooldownScope::User => Some(user_of(&event.body).unwrap_or_default().to_owned()),
            CooldownScope::Chat => Some(chat_of(&event.body).as_ref().map(chat_key).unwrap_or_default()),
            CooldownScope::Plugin => None,
        };
        let scope = whose.map(|whose| (event.bot.id.clone(), whose));
        let key = Key { plugin: plugin.to_owned(), handler: handler.to_owned(), scope };

        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if running.until.get(&key).is_some_and(|until| *until > now) {
            return false;
        }
        if running.until.len() >= running.sweep_at.max(SWEEP) {
            running.until.retain(|_, until| *until > now);
            running.sweep_at = 2 * running.until.len();
        }
        running.until.insert(key, until);
        true
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
        refusal(&table.entries[0], event, &rules).is_some()
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

    #[test]
    fn cooldowns_count_by_scope_and_run_out() {
        let cooldowns = Cooldowns::default();
        let now = Instant::now();
        let (one, two) = (said("1", Role::Member, group(), false), said("2", Role::Member, group(), false));
        for (scope, second_user) in
            [(CooldownScope::User, true), (CooldownScope::Chat, false), (CooldownScope::Plugin, false)]
        {
            let cooldown = Cooldown { seconds: 5.0, scope };
            let name = format!("{scope:?}");
            let start = |event, now| cooldowns.start("p", &name, cooldown, event, now);
            assert!(start(&one, now));
            assert!(!start(&one, now + Duration::from_secs(4)));
            assert_eq!(start(&two, now), second_user, "{scope:?}");
            assert!(start(&one, now + Duration::from_secs(6)));
            assert!(cooldowns.start("q", &name, cooldown, &one, now), "another plugin's own");
        }
    }

    #[test]
    fn cooldowns_of_many_users_are_swept() {
        let cooldowns = Cooldowns::default();
        let cooldown = Cooldown { seconds: 1.0, scope: CooldownScope::User };
        let mut now = Instant::now();
        for user in 0..10 * SWEEP {
            now += Duration::from_millis(10);
            assert!(cooldowns.start(
                "p",
                "h",
                cooldown,
                &said(&user.to_string(), Role::Member, group(), false),
                now
            ));
        }
        assert!(cooldowns.0.lock().unwrap().until.len() <= 2 * SWEEP);
    }
}
