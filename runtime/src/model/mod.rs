//! The host's vocabulary.
//!
//! The types that `wit/` describes *are* the model: they are generated here once, and every room speaks them. What
//! the host knows beyond the contract (the platform's own JSON of an event) travels beside them in [`Incoming`].

mod blank;
mod kept;
mod segments;
mod weigh;

use std::sync::Arc;

/// What wasmtime generates from `wit/`. Only `plugin/` and `host/` use more of it than the types.
#[allow(clippy::all, clippy::pedantic, unreachable_pub, missing_docs, reason = "generated code")]
pub mod contract {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "plugin",
        additional_derives: [PartialEq, ::iglu_contract_derive::ContractJson, ::iglu_contract_derive::Weigh],
    });
}

pub(crate) use weigh::Weigh;

pub use contract::iglu::plugin::events::{
    AdminChange, Audit, BotState, Essence, Event, EventBody, FriendRequest, GrayTip, GuildNotice, Honor,
    Interaction, JoinRequest, LuckyKing, MemberChange, Membership, Mute, Notice, OnlineFile, PokeNotice,
    ProfileLike, PushChange, Reaction, Recall, Request, Scheduled, TextChange, Typing, UnknownEvent, Upload,
    UserNotice,
};
pub use contract::iglu::plugin::files::{FileEntry, FolderEntry, Listing};
pub use contract::iglu::plugin::friends::{Friend, UserProfile};
pub use contract::iglu::plugin::groups::{Announcement, EssenceEntry, Group, GroupMember};
pub use contract::iglu::plugin::messages::Receipt;
pub use contract::iglu::plugin::types::*;
pub use kept::Kept;
pub(crate) use segments::half_width;
pub use segments::{plain_text, text};

/// One event on its way from an adapter to the plugins.
#[derive(Debug)]
pub struct Incoming {
    /// The event in the contract's terms, as plugins see it.
    pub event: Arc<Event>,
    /// The platform's own JSON, byte for byte as it came (`{}` for events that the host makes).
    pub original: Arc<str>,
    /// Two events of one bot with the same key are one event. `None`: never a duplicate.
    pub dedup: Option<String>,
    /// By which way it came; its adapter's own.
    pub origin: Option<Arc<dyn std::any::Any + Send + Sync>>,
    /// What is to be told when all handlers are done with it. The router takes it out.
    pub kept: Option<Kept>,
}

impl Incoming {
    /// An event that is never a duplicate.
    #[must_use]
    pub fn new(event: Arc<Event>, original: impl Into<Arc<str>>) -> Self {
        Self { event, original: original.into(), dedup: None, origin: None, kept: None }
    }

    /// The message inside, whoever sent it.
    #[must_use]
    pub fn message(&self) -> Option<&Message> {
        match &self.event.body {
            EventBody::Message(message) | EventBody::MessageSent(message) => Some(message),
            _ => None,
        }
    }
}
