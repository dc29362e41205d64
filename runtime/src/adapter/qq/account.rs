//! The bot's account: what is known of it, and everything that sending needs.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use serde_json::json;

use super::api::{Api, Body, Repeat, Reply, Request};
use super::books::Books;
use super::failure::Failure;
use super::interactions::Interactions;
use super::memory::Memory;
use super::place::{Place, Scene};
use super::upload::Uploads;
use super::{PLATFORM, Settings};
use crate::adapter::lanes::Lanes;
use crate::adapter::now;
use crate::clock::Clock;
use crate::model::{self, Chat, DirectChat, Error, EventBody, Notice};
use crate::rate::Limiter;

/// Requests a second, and at once: the platform's limits are 100, 50 and 5.
const SENDS: (u32, u32) = (90, 9);
const UPLOADS: (u32, u32) = (45, 4);
const CHANNEL: (u32, u32) = (4, 1);
/// The same of recalls and of announcements of uploads, where the limit is 10.
const SLOW: (u32, u32) = (8, 2);
/// Channels whose pace is kept in mind, and conversations that were opened.
const CHATS: usize = 4_096;

/// One bot.
pub(super) struct Account {
    pub(super) settings: Arc<Settings>,
    pub(super) api: Arc<Api>,
    pub(super) books: Arc<Books>,
    pub(super) lanes: Lanes,
    pub(super) uploads: Uploads,
    pub(super) interactions: Interactions,
    pub(super) memory: Memory,
    state: Mutex<State>,
    /// The guilds of direct messages that were opened, by user and source.
    opened: Mutex<HashMap<(String, String), String>>,
    paces: [Limiter; 4],
    me: Weak<Self>,
}

#[derive(Debug, Default)]
struct State {
    nickname: String,
    online: bool,
}

/// What a request is, for the platform's limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace<'a> {
    Send,
    /// A message to this channel.
    Channel(&'a str),
    /// An upload, a piece of a stream message, an acknowledgement.
    Upload,
    /// A request of this kind, of which the platform takes few.
    Slow(&'a str),
}

impl Account {
    /// A bot of which no more is known than its settings.
    pub(super) fn new(settings: Arc<Settings>, api: Arc<Api>) -> Arc<Self> {
        let books = Books::new(settings.rules.clone());
        Arc::new_cyclic(|me| Self {
            settings,
            api,
            books,
            lanes: Lanes::default(),
            uploads: Uploads::default(),
            interactions: Interactions::default(),
            memory: Memory::default(),
            state: Mutex::default(),
            opened: Mutex::default(),
            paces: [SENDS, UPLOADS, CHANNEL, SLOW]
                .map(|(rate, burst)| Limiter::new(rate, burst, &Clock::default())),
            me: me.clone(),
        })
    }

    /// The account as plugins see it, now.
    pub(super) fn about(&self) -> model::Bot {
        let state = lock(&self.state);
        model::Bot {
            id: self.settings.app_id.clone(),
            platform: PLATFORM.to_owned(),
            nickname: state.nickname.clone(),
            online: state.online,
        }
    }

    /// Notes the bot's own name and id, as the platform tells them.
    pub(super) fn known_as(&self, nickname: &str, user: &str) {
        if !nickname.is_empty() {
            nickname.clone_into(&mut lock(&self.state).nickname);
        }
        if !user.is_empty() {
            self.memory.note_self(user);
        }
    }

    /// Notes whether sends can work now; `false` if that was known.
    pub(super) fn turn(&self, online: bool) -> bool {
        std::mem::replace(&mut lock(&self.state).online, online) != online
    }

    /// Notes what an event tells of where the bot may write.
    pub(super) fn heed(&self, body: &EventBody) {
        let note = |chat: &Chat, note: &dyn Fn(&Place)| {
            if let Ok(Some(place)) = Place::of(chat) {
                note(&place);
            }
        };
        let there = |chat: &Chat| note(chat, &|place| self.books.is_there(place));
        let left = |chat: &Chat| note(chat, &|place| self.books.left(place, now()));
        match body {
            EventBody::Message(message) => there(&message.chat),
            EventBody::Interaction(interaction) => there(&interaction.chat),
            EventBody::Notice(Notice::BotJoined(group)) => there(&Chat::Group(group.group.clone())),
            EventBody::Notice(Notice::BotLeft(group)) => left(&Chat::Group(group.group.clone())),
            EventBody::Notice(Notice::FriendAdded(friend)) => there(&Chat::Private(friend.user.clone())),
            EventBody::Notice(Notice::FriendRemoved(friend)) => left(&Chat::Private(friend.user.clone())),
            EventBody::Notice(Notice::PushChanged(change)) => {
                note(&change.chat, &|place| self.books.push_changed(place, change.allowed, now()));
                if change.allowed {
                    there(&change.chat);
                }
            }
            _ => {}
        }
    }

    /// Itself, for what goes on after a call.
    pub(super) fn shared(&self) -> Option<Arc<Self>> {
        self.me.upgrade()
    }

    /// Where a chat's messages go. Opens a direct message that has no place yet.
    pub(super) async fn place(&self, chat: &Chat) -> Result<Place, Error> {
        match (Place::of(chat)?, chat) {
            (Some(place), _) => Ok(place),
            (None, Chat::Direct(direct)) => self.open(direct).await,
            (None, _) => {
                Err(Error::Unsupported("this chat cannot be sent to; use one of an event".to_owned()))
            }
        }
    }

    async fn open(&self, direct: &DirectChat) -> Result<Place, Error> {
        let source = direct.source.as_deref().filter(|source| !source.is_empty());
        let (Some(source), false) = (source, direct.user.is_empty()) else {
            return Err(Error::Invalid(
                "a direct message without `guild` is opened from `user` and `source`, and one of them is empty; give both"
                    .to_owned(),
            ));
        };
        let key = (direct.user.clone(), source.to_owned());
        if let Some(guild) = lock(&self.opened).get(&key) {
            return Ok(Place { scene: Scene::Direct, id: guild.clone() });
        }
        let body = json!({"recipient_id": direct.user, "source_guild_id": source});
        let reply = self.post("/users/@me/dms", &body, Repeat::Idempotent).await?;
        let guild = text(&reply.body["guild_id"]).ok_or_else(|| {
            Error::Other("the platform opened a direct message and did not say where".to_owned())
        })?;
        let mut opened = lock(&self.opened);
        if opened.len() >= CHATS {
            opened.clear();
        }
        opened.insert(key, guild.clone());
        Ok(Place { scene: Scene::Direct, id: guild })
    }

    /// A POST with a JSON body, answered within the usual time.
    pub(super) async fn post(
        &self,
        path: &str,
        body: &serde_json::Value,
        repeat: Repeat,
    ) -> Result<Reply, Failure> {
        let patience = self.settings.timings.answer;
        let body = Body::Json(body);
        self.api.call(Request { method: reqwest::Method::POST, path, body, repeat, patience }).await
    }

    /// Waits until the platform's limits allow a request.
    pub(super) async fn pace(&self, pace: Pace<'_>) {
        let [sends, uploads, channels, slow] = &self.paces;
        if let Pace::Channel(channel) = pace {
            channels.tidy(CHATS);
            channels.wait(&channel.to_owned()).await;
        }
        match pace {
            Pace::Send | Pace::Channel(_) => sends.wait(&String::new()).await,
            Pace::Upload => uploads.wait(&String::new()).await,
            Pace::Slow(kind) => slow.wait(&kind.to_owned()).await,
        }
    }
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account").field("app_id", &self.settings.app_id).finish_non_exhaustive()
    }
}

/// A text or number of an answer, where it says something.
pub(super) fn text(value: &serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::String(text) if !text.is_empty() => Some(text.clone()),
        serde_json::Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
