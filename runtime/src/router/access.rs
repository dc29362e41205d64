//! Whose events are let in, and which plugins are on where: the owner's lists, and what was said in chats.
//!
//! Of an event its user and its chat count, as [`user_of`] and [`chat_of`] find them; in a private chat the user at the
//! other end counts too, so that the bot's own messages there are theirs. What has neither user nor chat (a bot's
//! state, a time table) is let in by every list. Superusers are never shut out.

use super::conditions::is_superuser;
use super::place::{chat_key, chat_of, user_of};
use super::switches::EVERYWHERE;
use super::table::Rules;
use crate::config::{Access, Presence};
use crate::model::{Bot, Chat, Event};

/// What of an event decides who is given it.
#[derive(Debug)]
pub(super) struct Scene<'e> {
    bot: &'e Bot,
    user: Option<&'e str>,
    chat: Option<Chat>,
    superuser: bool,
    /// The bot and the chat, as switches name them.
    pub place: Option<String>,
}

/// Whether a plugin is on in a chat, and who said so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// A superuser switched it off in all chats.
    OffEverywhere,
    /// It was said in this chat.
    Said(bool),
    /// The owner's file says so.
    Settled(bool),
}

impl State {
    pub(super) fn is_on(self) -> bool {
        match self {
            Self::OffEverywhere => false,
            Self::Said(on) | Self::Settled(on) => on,
        }
    }
}

impl Rules {
    pub(super) fn scene<'e>(&self, event: &'e Event) -> Scene<'e> {
        let chat = chat_of(&event.body);
        Scene {
            bot: &event.bot,
            user: user_of(&event.body),
            superuser: is_superuser(event, &self.superusers),
            place: chat.as_ref().map(|chat| format!("{}/{}", event.bot.id, chat_key(chat))),
            chat,
        }
    }

    /// A chat in which nothing has happened.
    pub(super) fn scene_of<'e>(bot: &'e Bot, chat: &Chat) -> Scene<'e> {
        let place = Some(format!("{}/{}", bot.id, chat_key(chat)));
        Scene { bot, user: None, superuser: false, place, chat: Some(chat.clone()) }
    }

    /// Why nobody at all is given this event; none if it is let in.
    pub(super) fn shuts_out(&self, event: &Event) -> Option<&'static str> {
        if self.access == Access::default() {
            return None;
        }
        denial(&self.access, &self.scene(event))
    }

    /// Why this plugin is not given an event of this scene; none if it is.
    pub(super) fn refusal(&self, plugin: &str, scene: &Scene<'_>) -> Option<&'static str> {
        let shut = self.hides(plugin, scene);
        shut.or_else(|| (!self.state(plugin, scene).is_on()).then_some("the plugin is switched off here"))
    }

    /// Why the plugin is not for these people, on or off.
    pub(super) fn hides(&self, plugin: &str, scene: &Scene<'_>) -> Option<&'static str> {
        denial(&self.plugins.get(plugin)?.access, scene)
    }

    /// Whether the plugin is on there. What was said in a chat comes before the owner's file.
    pub(super) fn state(&self, plugin: &str, scene: &Scene<'_>) -> State {
        if self.switches.said(plugin, EVERYWHERE) == Some(false) {
            return State::OffEverywhere;
        }
        let said = scene.place.as_ref().and_then(|place| self.switches.said(plugin, place));
        said.map_or_else(|| State::Settled(self.settled(plugin, scene)), State::Said)
    }

    /// What the owner's file says.
    pub(super) fn settled(&self, plugin: &str, scene: &Scene<'_>) -> bool {
        match (self.plugins.get(plugin), &scene.chat) {
            (Some(plugin), Some(chat)) => is_on(&plugin.presence, scene.bot, chat),
            _ => true,
        }
    }
}

fn is_on(presence: &Presence, bot: &Bot, chat: &Chat) -> bool {
    !presence.off.has(bot, chat) && (!presence.default_off || presence.on.has(bot, chat))
}

fn denial(access: &Access, scene: &Scene<'_>) -> Option<&'static str> {
    if scene.superuser || (scene.user.is_none() && scene.chat.is_none()) {
        return None;
    }
    let peer = match &scene.chat {
        Some(Chat::Private(user)) => Some(user.as_str()),
        Some(Chat::Temporary(chat)) => Some(chat.user.as_str()),
        Some(Chat::Direct(chat)) => Some(chat.user.as_str()),
        _ => None,
    };
    let mut users = scene.user.into_iter().chain(peer);
    let chat = scene.chat.as_ref();
    if users.clone().any(|user| access.deny_users.has(scene.bot, user)) {
        return Some("the owner denies this user");
    }
    if chat.is_some_and(|chat| access.deny_chats.has(scene.bot, chat)) {
        return Some("the owner denies this chat");
    }
    let (allowed, chats) = access.allow.as_ref()?;
    let let_in =
        users.any(|user| allowed.has(scene.bot, user)) || chat.is_some_and(|chat| chats.has(scene.bot, chat));
    (!let_in).then_some("the owner allows others alone")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Config;
    use crate::model::{BotState, EventBody};
    use crate::router::samples::{event, message};

    fn rules(toml: &str) -> Rules {
        let config = Config::parse(&format!("superusers = ['1']\n{toml}"), Path::new("iglu.toml")).unwrap();
        let Config { superusers, access, plugins, .. } = config;
        Rules { superusers, access, plugins, ..Rules::default() }
    }

    /// By a user in a group, or in private if that is empty.
    fn said(user: &str, group: &str) -> Event {
        let mut message = message("hi");
        message.sender.id = user.to_owned();
        message.chat = match group {
            "" => Chat::Private(user.to_owned()),
            group => Chat::Group(group.to_owned()),
        };
        event(EventBody::Message(message))
    }

    /// Users 1 (superuser), 2 and 3 in group 5, in group 6, in private.
    const SCENES: [(&str, &str); 9] = [
        ("1", "5"),
        ("2", "5"),
        ("3", "5"),
        ("1", "6"),
        ("2", "6"),
        ("3", "6"),
        ("1", ""),
        ("2", ""),
        ("3", ""),
    ];

    fn marks(let_in: impl Fn(&Event) -> bool) -> String {
        SCENES.iter().map(|(user, group)| if let_in(&said(user, group)) { 'x' } else { '-' }).collect()
    }

    #[test]
    fn lists_let_in_and_shut_out_but_never_a_superuser() {
        for (lists, expected) in [
            ("", "xxxxxxxxx"),
            ("deny_users = ['2']", "x-xx-xx-x"),
            ("deny_users = ['1', 'onebot:2', 'qq:3']", "x-xx-xx-x"),
            ("deny_chats = ['5']", "x--xxxxxx"),
            ("deny_chats = ['private', 'bot:90001:6', 'bot:1:5']", "xxxx--x--"),
            ("deny_chats = ['private:3']", "xxxxxxxx-"),
            ("allow_chats = ['5']", "xxxx--x--"),
            ("allow_users = ['3']", "x-xx-xx-x"),
            ("allow_users = ['3']\nallow_chats = ['5']", "xxxx-xx-x"),
            ("allow_users = []", "x--x--x--"),
            ("allow_users = ['2', '3']\ndeny_chats = ['6']\ndeny_users = ['3']", "xx-x--xx-"),
        ] {
            let everybody = rules(&format!("[access]\n{lists}"));
            assert_eq!(marks(|event| everybody.shuts_out(event).is_none()), expected, "{lists}");
            let one = rules(&format!("[plugin.echo.access]\n{lists}"));
            let refusal = |plugin: &str, event: &Event| one.refusal(plugin, &one.scene(event));
            assert_eq!(marks(|event| refusal("echo", event).is_none()), expected, "{lists}");
            assert_eq!(marks(|event| refusal("dice", event).is_none()), "xxxxxxxxx", "{lists}");
        }
    }

    #[test]
    fn what_has_no_user_and_no_chat_is_let_in() {
        let state = BotState { state: "connected".to_owned(), reason: None };
        let rules = rules("[access]\nallow_users = []\nallow_chats = []");
        assert_eq!(rules.shuts_out(&event(EventBody::BotState(state))), None);
    }

    #[test]
    fn the_bots_own_messages_belong_to_their_private_chat() {
        let mut own = message("hi");
        own.sender.id = "90001".to_owned();
        own.chat = Chat::Private("2".to_owned());
        let own = event(EventBody::MessageSent(own));
        assert!(rules("[access]\ndeny_users = ['2']").shuts_out(&own).is_some());
        assert!(rules("[access]\nallow_users = ['2']").shuts_out(&own).is_none());
    }

    #[test]
    fn a_plugin_is_on_as_the_file_says_until_somebody_says_otherwise() {
        for (settings, expected) in [
            ("", "xxxxxxxxx"),
            ("default = 'off'", "---------"),
            ("default = 'off'\non = ['5', 'private:3']", "xxx-----x"),
            ("off = ['6', 'private']", "xxx------"),
            ("default = 'off'\non = ['5']\noff = ['5']", "---------"),
        ] {
            let rules = rules(&format!("[plugin.echo]\n{settings}"));
            let on = |event: &Event| rules.refusal("echo", &rules.scene(event)).is_none();
            assert_eq!(marks(on), expected, "{settings}");
            rules.switches.say("echo", "90001/group/5", Some(false));
            rules.switches.say("echo", "90001/private/2", Some(true));
            let said = marks(on);
            assert_eq!((&said[..3], &said[7..8]), ("---", "x"), "{settings}");
            rules.switches.say("echo", EVERYWHERE, Some(false));
            assert_eq!(marks(on), "---------", "{settings}");
            for place in ["90001/group/5", "90001/private/2", EVERYWHERE] {
                rules.switches.say("echo", place, None);
            }
            assert_eq!(marks(on), expected, "{settings}");
        }
    }
}
