//! Who is let in: users and chats by their ids, lists of them, and where a plugin is on.

use std::collections::HashMap;

use toml::de::DeValue;

use super::nearest;
use super::source::{Section, list};
use super::values;
use crate::model::{Bot, Chat};

/// What may stand before an id, to say whose id it is.
const PLATFORMS: [&str; 3] = ["onebot", "qq", "sandbox"];

/// Where an id counts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Realm {
    /// With every bot: `10001`.
    Anywhere,
    /// With the bots of one platform: `onebot:10001`.
    Platform(String),
    /// With one bot: `bot:102000001:10001`.
    Bot(String),
}

/// Users, each everywhere, on one platform, or with one bot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Users(HashMap<String, Vec<Realm>>);

/// Chats: groups, channels, guilds with all their channels, private chats.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chats(HashMap<Place, Vec<Realm>>);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Place {
    /// A group, channel or guild: `20001`.
    Shared(String),
    /// Every private chat: `private`.
    AllPrivate,
    /// The private chat with one user: `private:10001`.
    Private(String),
}

/// Whose events are let through. Empty lists let everybody in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Access {
    /// Nothing of theirs.
    pub deny_users: Users,
    /// Nothing that happens there.
    pub deny_chats: Chats,
    /// With `allow_chats`: nothing but theirs and what happens there. None if the owner wrote neither list.
    pub allow: Option<(Users, Chats)>,
}

/// Where a plugin is on, as long as nobody says otherwise in a chat.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Presence {
    /// On in these chats.
    pub on: Chats,
    /// Off in these chats, whatever `on` says.
    pub off: Chats,
    /// Off in all chats that are not listed.
    pub default_off: bool,
}

impl Realm {
    fn holds(&self, bot: &Bot) -> bool {
        match self {
            Self::Anywhere => true,
            Self::Platform(platform) => *platform == bot.platform,
            Self::Bot(id) => *id == bot.id,
        }
    }
}

impl Users {
    /// Whether this user of this bot is among them.
    #[must_use]
    pub fn has(&self, bot: &Bot, user: &str) -> bool {
        self.0.get(user).is_some_and(|realms| realms.iter().any(|realm| realm.holds(bot)))
    }

    /// Those who count with this bot, in the order of their ids.
    #[must_use]
    pub fn of(&self, bot: &Bot) -> Vec<String> {
        let mut ids: Vec<String> = self.0.keys().filter(|user| self.has(bot, user)).cloned().collect();
        ids.sort_unstable();
        ids
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<String> for Users {
    /// Users by their plain ids, who count everywhere.
    fn from_iter<I: IntoIterator<Item = String>>(ids: I) -> Self {
        Self(ids.into_iter().map(|id| (id, vec![Realm::Anywhere])).collect())
    }
}

impl Chats {
    /// Whether this chat of this bot is among them.
    #[must_use]
    pub fn has(&self, bot: &Bot, chat: &Chat) -> bool {
        let holds = |place: Place| {
            self.0.get(&place).is_some_and(|realms| realms.iter().any(|realm| realm.holds(bot)))
        };
        let private = |user: &String| holds(Place::AllPrivate) || holds(Place::Private(user.clone()));
        if self.0.is_empty() {
            return false;
        }
        match chat {
            Chat::Private(user) => private(user),
            Chat::Temporary(chat) => private(&chat.user),
            Chat::Direct(chat) => private(&chat.user),
            Chat::Group(group) => holds(Place::Shared(group.clone())),
            Chat::Channel(chat) => {
                holds(Place::Shared(chat.channel.clone())) || holds(Place::Shared(chat.guild.clone()))
            }
            Chat::Other(chat) => holds(Place::Shared(chat.id.clone())),
        }
    }
}

impl Access {
    pub(super) fn read(section: &Section<'_>) -> Self {
        let users = |key| users(section, key);
        let chats = |key| chats(section, key);
        let (allow_users, allow_chats) = (users("allow_users"), chats("allow_chats"));
        let allow = (allow_users.is_some() || allow_chats.is_some())
            .then(|| (allow_users.unwrap_or_default(), allow_chats.unwrap_or_default()));
        let access = Self {
            deny_users: users("deny_users").unwrap_or_default(),
            deny_chats: chats("deny_chats").unwrap_or_default(),
            allow,
        };
        section.finish();
        access
    }
}

impl Presence {
    /// The keys `default`, `on` and `off` of a plugin's table.
    pub(super) fn read(section: &Section<'_>) -> Self {
        let words = [("on", false), ("off", true)];
        Self {
            default_off: section.read("default", |value| values::word(value, &words)).unwrap_or_default(),
            on: chats(section, "on").unwrap_or_default(),
            off: chats(section, "off").unwrap_or_default(),
        }
    }
}

/// The list of users under `key`, if there is one.
pub(super) fn users<'a>(section: &Section<'a>, key: &'a str) -> Option<Users> {
    let mut users = Users::default();
    for (realm, id) in section.read_each(key, user)? {
        users.0.entry(id).or_default().push(realm);
    }
    Some(users)
}

fn chats<'a>(section: &Section<'a>, key: &'a str) -> Option<Chats> {
    let mut chats = Chats::default();
    for (realm, place) in section.read_each(key, chat)? {
        chats.0.entry(place).or_default().push(realm);
    }
    Some(chats)
}

fn user(value: &DeValue<'_>) -> Result<(Realm, String), String> {
    let text = values::id(value)?;
    let (realm, id) = realm(&text, &[])?;
    if id.contains(':') {
        return Err(format!("{text:?}: the id of a user has no `:`; before it stands {}", shapes()));
    }
    Ok((realm, id.to_owned()))
}

fn chat(value: &DeValue<'_>) -> Result<(Realm, Place), String> {
    let text = values::id(value)?;
    let (realm, id) = realm(&text, &["private"])?;
    let place = match id.split_once(':') {
        None if id == "private" => Place::AllPrivate,
        None => Place::Shared(id.to_owned()),
        Some(("private", user)) if !user.is_empty() && !user.contains(':') => Place::Private(user.to_owned()),
        Some(_) => {
            return Err(format!(
                "{text:?} is no chat; write the id of a group, channel or guild, `private` for all private chats, or \
                 `private:<user>` for one; before it stands {}",
                shapes()
            ));
        }
    };
    Ok((realm, place))
}

/// The realm that a text begins with, and what comes after it. `others` may stand before a colon too.
fn realm<'t>(text: &'t str, others: &[&str]) -> Result<(Realm, &'t str), String> {
    let Some((first, rest)) = text.split_once(':') else { return Ok((Realm::Anywhere, text)) };
    if others.contains(&first) {
        return Ok((Realm::Anywhere, text));
    }
    let (realm, id) = match first {
        "bot" => match rest.split_once(':') {
            Some((bot, id)) if !bot.is_empty() => (Realm::Bot(bot.to_owned()), id),
            _ => return Err(format!("{text:?} lacks a part; write `bot:<id of the bot>:<id>`")),
        },
        platform if PLATFORMS.contains(&platform) => (Realm::Platform(platform.to_owned()), rest),
        unknown => {
            let known = PLATFORMS.into_iter().chain(["bot"]).chain(others.iter().copied());
            let hint = nearest(unknown, known)
                .map_or_else(|| format!("write {}", shapes()), |near| format!("did you mean `{near}:`?"));
            return Err(format!("{text:?}: `{unknown}:` is not known before an id; {hint}"));
        }
    };
    if id.is_empty() { Err(format!("{text:?} ends where the id should be")) } else { Ok((realm, id)) }
}

fn shapes() -> String {
    format!("nothing, {} or `bot:<id of the bot>:`", list(["onebot:", "qq:"].into_iter()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ChannelChat, DirectChat, TemporaryChat};

    fn bot(platform: &str, id: &str) -> Bot {
        Bot { id: id.to_owned(), platform: platform.to_owned(), nickname: String::new(), online: true }
    }

    fn read<T>(read: impl Fn(&DeValue<'_>) -> Result<T, String>, text: &str) -> Result<T, String> {
        read(DeValue::parse(&format!("{text:?}")).unwrap().get_ref())
    }

    #[test]
    fn an_id_counts_everywhere_on_a_platform_or_with_one_bot() {
        let (napcat, other, official) = (bot("onebot", "1"), bot("onebot", "2"), bot("qq", "102"));
        for (text, expected) in [
            ("7", [true, true, true]),
            ("onebot:7", [true, true, false]),
            ("qq:7", [false, false, true]),
            ("bot:2:7", [false, true, false]),
            ("bot:9:7", [false, false, false]),
        ] {
            let (realm, id) = read(user, text).unwrap();
            let users = Users(HashMap::from([(id, vec![realm])]));
            assert_eq!([&napcat, &other, &official].map(|bot| users.has(bot, "7")), expected, "{text}");
            assert!(!users.has(&napcat, "8"));
            assert_eq!(users.of(&official).is_empty(), !expected[2], "{text}");
        }
    }

    #[test]
    fn a_chat_is_found_by_group_channel_guild_and_user() {
        let id = |text: &str| text.to_owned();
        let group = Chat::Group(id("5"));
        let channel = Chat::Channel(ChannelChat { guild: id("5"), channel: id("6") });
        let private = Chat::Private(id("7"));
        let temporary = Chat::Temporary(TemporaryChat { user: id("7"), group: Some(id("5")) });
        let direct = Chat::Direct(DirectChat { guild: Some(id("5")), user: id("8"), source: None });
        for (text, expected) in [
            ("5", [true, true, false, false, false]),
            ("6", [false, true, false, false, false]),
            ("7", [false; 5]),
            ("private", [false, false, true, true, true]),
            ("private:7", [false, false, true, true, false]),
            ("qq:private:7", [false, false, true, true, false]),
            ("onebot:5", [false; 5]),
            ("bot:102:private", [false, false, true, true, true]),
        ] {
            let (realm, place) = read(chat, text).unwrap();
            let chats = Chats(HashMap::from([(place, vec![realm])]));
            let found = [&group, &channel, &private, &temporary, &direct];
            assert_eq!(found.map(|chat| chats.has(&bot("qq", "102"), chat)), expected, "{text}");
        }
    }

    #[test]
    fn a_wrong_id_is_told_with_what_to_write() {
        for (text, hint) in [
            ("onbot:7", "did you mean `onebot:`?"),
            ("telegram:7", "write nothing, `onebot:`, `qq:` or `bot:<id of the bot>:`"),
            ("bot:7", "write `bot:<id of the bot>:<id>`"),
            ("bot::7", "write `bot:<id of the bot>:<id>`"),
            ("qq:", "ends where the id should be"),
            ("bot:7:", "ends where the id should be"),
            ("qq:onebot:7", "has no `:`"),
            ("private:7", "is not known before an id"),
        ] {
            let error = read(user, text).unwrap_err();
            assert!(error.contains(hint), "{text}: {error}");
        }
        for text in ["private:", "qq:group:7", "private:7:8"] {
            assert!(read(chat, text).unwrap_err().contains("is no chat"), "{text}");
        }
    }
}
