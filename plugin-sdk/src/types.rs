//! The contract's records and variants, as the host gives and takes them.
//!
//! All of them are plain data: public fields, `Clone`, `PartialEq`, `Debug`, and `serde` in the contract's JSON form
//! (`{"type": "image", "data": {..}}`). The common ones have shorter ways in [`Message`](crate::Message) and
//! [`Event`](crate::Event).

pub use crate::contract::exports::iglu::plugin::guest::Outcome;
pub use crate::contract::iglu::plugin::{
    bots::Bot,
    events::{
        AdminChange, Audit, BotState, Essence, Event as RawEvent, EventBody, FriendRequest, GrayTip,
        GuildNotice, Honor, Interaction, JoinRequest, LuckyKing, MemberChange, Membership, Mute, Notice,
        OnlineFile, PokeNotice, ProfileLike, PushChange, Reaction, Recall, Request, Scheduled, TextChange,
        Typing, UnknownEvent, Upload, UserNotice,
    },
    files::{FileEntry, FolderEntry, Listing},
    friends::{Friend, UserProfile},
    groups::{Announcement, EssenceEntry, Group, GroupMember},
    messages::Receipt,
    sessions::{Expectation, Speaker},
    types::{
        Anonymous, ByteCount, ChannelChat, Chat, Contact, ContactKind, CustomMusic, DirectChat, Face,
        Forward, ForwardCover, ForwardNode, Game, Id, Image, Json, Location, Markdown, Media, MediaSource,
        Mention, Mentioned, Message as ReceivedMessage, Mface, Music, MusicTrack, PlatformError, Poke, Quote,
        Role, Segment, Share, TemporaryChat, Timestamp, UnknownChat, UnknownSegment, User, Video, Voice,
    },
};

impl AsRef<str> for Bot {
    fn as_ref(&self) -> &str {
        &self.id
    }
}

impl AsRef<str> for User {
    fn as_ref(&self) -> &str {
        &self.id
    }
}

impl AsRef<str> for Group {
    fn as_ref(&self) -> &str {
        &self.id
    }
}

impl User {
    /// The name that the others in the chat see: the card, else the nickname, else the id.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |event| {
    /// assert_eq!(event.sender.display_name(), "Ann");
    /// # Ok(()) });
    /// ```
    #[must_use]
    pub fn display_name(&self) -> &str {
        let card = self.card.as_deref().filter(|card| !card.is_empty());
        card.or(Some(&self.nickname)).filter(|name| !name.is_empty()).unwrap_or(&self.id)
    }
}

impl Chat {
    /// The group's id, if this is a group.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// use iglu_sdk::types::Chat;
    /// assert_eq!(Chat::Group("20001".to_owned()).group(), Some("20001"));
    /// assert_eq!(Chat::Private("10001".to_owned()).group(), None);
    /// ```
    #[must_use]
    pub fn group(&self) -> Option<&str> {
        match self {
            Self::Group(id) => Some(id),
            _ => None,
        }
    }

    /// Whether one user and the bot are alone in it.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// use iglu_sdk::types::Chat;
    /// assert!(Chat::Private("10001".to_owned()).is_private());
    /// ```
    #[must_use]
    pub fn is_private(&self) -> bool {
        matches!(self, Self::Private(_) | Self::Temporary(_) | Self::Direct(_))
    }

    /// A name for use in storage keys: every kind of chat has its own, `group/20001`.
    ///
    /// ```
    /// use iglu_sdk::types::Chat;
    /// assert_eq!(Chat::Group("20001".into()).key(), "group/20001");
    /// ```
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::Private(user) => format!("private/{user}"),
            Self::Group(group) => format!("group/{group}"),
            Self::Temporary(chat) => {
                format!("temporary/{}/{}", chat.group.as_deref().unwrap_or_default(), chat.user)
            }
            Self::Channel(chat) => format!("channel/{}/{}", chat.guild, chat.channel),
            Self::Direct(chat) => {
                format!("direct/{}/{}", chat.guild.as_deref().unwrap_or_default(), chat.user)
            }
            Self::Other(chat) => format!("{}/{}", chat.kind, chat.id),
        }
    }
}

/// An address (`https://..`), or bytes.
impl From<&str> for MediaSource {
    fn from(url: &str) -> Self {
        Self::Url(url.to_owned())
    }
}

impl From<String> for MediaSource {
    fn from(url: String) -> Self {
        Self::Url(url)
    }
}

impl From<Vec<u8>> for MediaSource {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<&[u8]> for MediaSource {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.to_owned())
    }
}

impl From<Media> for MediaSource {
    fn from(media: Media) -> Self {
        media.source
    }
}
