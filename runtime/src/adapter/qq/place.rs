//! Where the platform's chats are in its address space.

use crate::model::{Chat, Error};
use crate::web::escaped;

/// The platform's four kinds of chats, each with rules of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Scene {
    /// One to one (C2C).
    Private,
    Group,
    /// A channel of a guild.
    Channel,
    /// A direct message inside a guild.
    Direct,
}

impl Scene {
    pub(super) fn of(chat: &Chat) -> Result<Self, Error> {
        Ok(match chat {
            Chat::Private(_) => Self::Private,
            Chat::Group(_) => Self::Group,
            Chat::Channel(_) => Self::Channel,
            Chat::Direct(_) => Self::Direct,
            Chat::Temporary(_) | Chat::Other(_) => {
                return Err(Error::Unsupported(
                    "the official platform has private chats, groups, channels and direct messages of guilds only; use \
                     the chat of one of its events"
                        .to_owned(),
                ));
            }
        })
    }

    /// Private chats and groups: the newer half of the platform, with uploads and sequence numbers.
    pub(super) fn is_newer(self) -> bool {
        matches!(self, Self::Private | Self::Group)
    }

    /// In words, for errors.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Private => "private chats",
            Self::Group => "groups",
            Self::Channel => "channels",
            Self::Direct => "direct messages of guilds",
        }
    }
}

/// A chat that can be sent to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub(super) scene: Scene,
    /// The openid of the user or group, the channel's id, or the guild's id of a direct message.
    pub(super) id: String,
}

impl Place {
    /// The place of a chat; none for a direct message that has to be opened first.
    pub(super) fn of(chat: &Chat) -> Result<Option<Self>, Error> {
        let scene = Scene::of(chat)?;
        let (what, id) = match chat {
            Chat::Private(user) => ("user", user),
            Chat::Group(group) => ("group", group),
            Chat::Channel(place) => ("channel", &place.channel),
            Chat::Direct(place) => match place.guild.as_ref().filter(|guild| !guild.is_empty()) {
                Some(guild) => ("guild", guild),
                None => return Ok(None),
            },
            Chat::Temporary(_) | Chat::Other(_) => return Ok(None),
        };
        if id.trim().is_empty() {
            return Err(Error::Invalid(format!(
                "the chat's {what} is empty; use the chat of an event as it came"
            )));
        }
        Ok(Some(Self { scene, id: id.clone() }))
    }

    /// The path of something of this chat, "messages" for one.
    pub(super) fn path(&self, what: &str) -> String {
        let (base, id) = (self.base(), escaped(&self.id));
        format!("{base}{id}/{what}")
    }

    /// Which place a request's path is of, and what of it: the other direction of `path`.
    pub(super) fn read(path: &str) -> Option<(Self, &str)> {
        [Scene::Private, Scene::Group, Scene::Channel, Scene::Direct].into_iter().find_map(|scene| {
            let empty = Self { scene, id: String::new() };
            let (id, what) = path.strip_prefix(empty.base())?.split_once('/')?;
            (!id.is_empty()).then(|| (Self { id: id.to_owned(), ..empty }, what))
        })
    }

    fn base(&self) -> &'static str {
        match self.scene {
            Scene::Private => "/v2/users/",
            Scene::Group => "/v2/groups/",
            Scene::Channel => "/channels/",
            Scene::Direct => "/dms/",
        }
    }
}

/// The name of the queue that a chat's messages go through.
pub(super) fn lane(chat: &Chat) -> String {
    match chat {
        Chat::Private(user) => format!("user {user}"),
        Chat::Group(group) => format!("group {group}"),
        Chat::Channel(place) => format!("channel {}", place.channel),
        Chat::Direct(place) if !place.user.is_empty() => format!("direct {}", place.user),
        other => format!("{other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ChannelChat, DirectChat};

    #[test]
    fn each_chat_has_its_path_and_a_path_its_chat() {
        let channel = Chat::Channel(ChannelChat { guild: "1".into(), channel: "2".into() });
        let direct = |guild: Option<&str>| {
            Chat::Direct(DirectChat { guild: guild.map(Into::into), user: "9".into(), source: None })
        };
        let cases = [
            (Chat::Private("7D29".into()), "/v2/users/7D29/messages"),
            (Chat::Group("492C".into()), "/v2/groups/492C/messages"),
            (channel, "/channels/2/messages"),
            (direct(Some("3")), "/dms/3/messages"),
        ];
        for (chat, path) in cases {
            let place = Place::of(&chat).unwrap().unwrap();
            assert_eq!(place.path("messages"), path);
            assert_eq!(Place::read(path), Some((place, "messages")));
        }
        assert_eq!(Place::of(&direct(None)), Ok(None), "it has to be opened first");
        assert_eq!(Place::read("/users/@me"), None);
        assert_eq!(Place::read("/v2/users//messages"), None);
        assert!(matches!(Place::of(&Chat::Group(" ".into())), Err(Error::Invalid(_))));
    }

    #[test]
    fn ids_cannot_lead_elsewhere() {
        let place = Place::of(&Chat::Group("../../users/@me?x=".into())).unwrap().unwrap();
        assert_eq!(place.path("info"), "/v2/groups/..%2F..%2Fusers%2F%40me%3Fx%3D/info");
    }
}
