//! A bot: one account on one platform, the way out of the house.
//!
//! Adapters implement [`Bot`]; host functions reach it through [`Bots`]. Nothing of a protocol is visible here.

mod actions;

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, RwLock};

pub use self::actions::{Chats, Files, Friends, Groups};
use crate::model::{self, Chat, Error, Incoming, Message, Receipt, Segment};

/// What an action answers, when it does.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// One account. Every action has a deadline of the adapter's own and fails with `disconnected` when the link is down.
pub trait Bot: Send + Sync {
    /// The account as plugins see it, now.
    fn info(&self) -> model::Bot;

    /// Sends `content` to `chat`. `answers` is the event that this is a reply to, `quote` shows the answered message
    /// where the platform can. The order of calls is the order on the wire: implementations must queue the frame
    /// before their first suspension.
    fn send<'a>(
        &'a self,
        chat: &'a Chat,
        content: &'a [Segment],
        answers: Option<&'a Incoming>,
        quote: bool,
    ) -> Answer<'a, Receipt>;

    /// Takes a message back.
    fn recall<'a>(&'a self, chat: &'a Chat, message: &'a str) -> Answer<'a, ()>;

    /// Fetches one message again.
    fn fetch<'a>(&'a self, chat: &'a Chat, message: &'a str) -> Answer<'a, Message>;

    /// A platform's own action with JSON parameters and a JSON answer.
    fn call<'a>(&'a self, action: &'a str, params: serde_json::Value) -> Answer<'a, serde_json::Value>;

    /// The same for an action that answers in many packets.
    ///
    /// # Errors
    ///
    /// `unsupported` where the platform has none, and what a call meets.
    fn stream(&self, action: &str, params: serde_json::Value) -> Result<Box<dyn PacketStream>, Error> {
        let _ = params;
        let platform = self.info().platform;
        Err(Error::Unsupported(format!("{action}: {platform} has no actions that answer in packets")))
    }

    /// Answers an interaction, with one of the contract's codes.
    fn acknowledge<'a>(&'a self, interaction: &'a Incoming, code: u32) -> Answer<'a, ()> {
        let _ = (interaction, code);
        let refusal = cannot(&self.info(), "messages.acknowledge");
        Box::pin(std::future::ready(Err(refusal)))
    }

    /// A reply to `answers` that is seen while it grows, in chats where that is possible.
    fn draft(&self, chat: &Chat, answers: &Arc<Incoming>) -> Option<Box<dyn Draft>> {
        let _ = (chat, answers);
        None
    }

    /// What else it can do in chats.
    fn chats(&self) -> Option<&dyn Chats> {
        None
    }

    /// What it can do with groups and their members.
    fn groups(&self) -> Option<&dyn Groups> {
        None
    }

    /// What it can do with friends, users and requests.
    fn friends(&self) -> Option<&dyn Friends> {
        None
    }

    /// What it can do with files.
    fn files(&self) -> Option<&dyn Files> {
        None
    }
}

/// The packets of one action.
pub trait PacketStream: Send {
    /// The next packet; none after the last.
    fn next(&mut self) -> Answer<'_, Option<serde_json::Value>>;
}

/// A reply that grows. Dropped, it ends with what it has.
pub trait Draft: Send + Sync {
    /// Adds text, to be sent soon.
    ///
    /// # Errors
    ///
    /// What the platform answered to an earlier piece, once; nothing more can be added then.
    fn append(&self, text: &str) -> Result<(), Error>;

    /// Sends what is left, and ends it.
    fn finish(self: Box<Self>) -> Answer<'static, Receipt>;
}

/// The error of a function that this bot's platform does not have.
#[must_use]
pub fn cannot(bot: &model::Bot, function: &str) -> Error {
    Error::Unsupported(format!(
        "{function} does not exist on the platform {:?} of bot {}; ask `bots.get` for the platform first",
        bot.platform, bot.id
    ))
}

/// The accounts that are known, by id. An account stays listed while its link is down.
#[derive(Default)]
pub struct Bots(RwLock<BTreeMap<String, Arc<dyn Bot>>>);

impl Bots {
    /// Adds an account, or replaces the one with this id.
    pub fn insert(&self, bot: Arc<dyn Bot>) {
        self.write().insert(bot.info().id, bot);
    }

    /// The account with this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<Arc<dyn Bot>> {
        self.read().get(id).cloned()
    }

    /// Every known account.
    #[must_use]
    pub fn all(&self) -> Vec<model::Bot> {
        self.read().values().map(|bot| bot.info()).collect()
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, BTreeMap<String, Arc<dyn Bot>>> {
        self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, BTreeMap<String, Arc<dyn Bot>>> {
        self.0.write().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
