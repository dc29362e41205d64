//! A bot without an account: what a person types becomes events, what the bot sends is shown.
//!
//! It knows one person at a time, in one chat, and remembers the latest messages, so that fetching and recalling work
//! as they do on a real platform. Where text goes (a terminal, a web page) is not its business.

mod command;
mod line;
mod reads;
mod show;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use serde_json::{Value, json};

pub use self::command::Typed;
pub(crate) use self::show::printable;
use super::event_id;
use crate::bot::{self, Answer, Bot};
use crate::config::Language;
use crate::model::{
    self, BotState, Chat, Error, Event, EventBody, Incoming, Mention, Message, Receipt, Role, Segment, User,
};

/// The account's id.
pub const BOT_ID: &str = "10000";

/// The word for the bot in a typed mention.
const BOT_WORD: &str = "bot";

/// Who types, until told otherwise.
const FIRST_USER: &str = "10001";

/// How many messages can still be fetched or recalled.
const REMEMBERED: usize = 1000;

/// Shows one message of the bot: one or more lines without a line end at the end.
pub type Screen = Box<dyn Fn(&str) + Send + Sync>;

/// The bot, and the person who talks to it.
pub struct Sandbox {
    screen: Screen,
    language: Language,
    state: Mutex<State>,
}

/// Somebody who says something.
#[derive(Debug, Clone)]
pub struct Speaker {
    /// The user's id.
    pub user: String,
    /// The name, if it is to be another one than before; at first it is the id.
    pub name: Option<String>,
    /// The role in the group.
    pub role: Role,
    /// The group; none in private.
    pub group: Option<String>,
}

struct State {
    user: String,
    role: Role,
    group: Option<String>,
    /// The names people were given, by id.
    names: BTreeMap<String, String>,
    messages: VecDeque<Message>,
    /// The last id given to a message.
    last: u64,
}

impl Sandbox {
    /// A bot whose messages go to `screen`. The user 10001 types to it in private.
    #[must_use]
    pub fn new(screen: Screen, language: Language) -> Arc<Self> {
        let names = BTreeMap::from([(BOT_ID.to_owned(), BOT_WORD.to_owned())]);
        let state = State {
            user: FIRST_USER.to_owned(),
            role: Role::Member,
            group: None,
            names,
            messages: VecDeque::new(),
            last: 0,
        };
        Arc::new(Self { screen, language, state: Mutex::new(state) })
    }

    /// The event with which a bot begins: its link is up.
    #[must_use]
    pub fn connected() -> Incoming {
        let body = EventBody::BotState(BotState { state: "connected".to_owned(), reason: None });
        event(body, &json!({"state": "connected"}))
    }

    /// What a typed line means: mostly a message.
    #[must_use]
    pub fn typed(&self, line: &str) -> Typed {
        command::read(&mut self.lock(), line, self.language)
    }

    /// What a message of this person is as an event. `to_me`: it is meant for the bot without a mention.
    #[must_use]
    pub fn said_by(&self, speaker: Speaker, content: Vec<Segment>, raw: &str, to_me: bool) -> Incoming {
        let mut state = self.lock();
        if let Some(name) = speaker.name {
            state.names.insert(speaker.user.clone(), name);
        }
        (state.user, state.role, state.group) = (speaker.user, speaker.role, speaker.group);
        state.say(content, raw, to_me)
    }

    /// An event of any kind, of this bot.
    #[must_use]
    pub fn happened(body: EventBody) -> Incoming {
        let original = serde_json::to_value(&body).unwrap_or_default();
        event(body, &original)
    }

    /// Who types and where, as a prompt shows it: `10001` or `10001@20001`.
    #[must_use]
    pub fn place(&self) -> String {
        let state = self.lock();
        match &state.group {
            Some(group) => format!("{}@{group}", state.user),
            None => state.user.clone(),
        }
    }

    fn post(&self, chat: &Chat, content: &[Segment], answered: Option<&Message>) -> Result<Receipt, Error> {
        if content.is_empty() {
            return Err(Error::Invalid("the message is empty; give it at least one segment".to_owned()));
        }
        let mut state = self.lock();
        let quote = answered.map(|message| {
            let quote = model::Quote {
                message: message.id.clone(),
                sender: None,
                time: None,
                text: None,
                content: None,
            };
            Segment::Reply(quote)
        });
        let content: Vec<Segment> = quote.into_iter().chain(content.iter().cloned()).collect();
        let raw = state.shown(&content);
        let sender = state.person(BOT_ID, Role::Member);
        let message = state.remember(Message {
            chat: chat.clone(),
            sender,
            text: model::plain_text(&content).trim().to_owned(),
            content,
            raw,
            ..blank()
        });
        let line = match state.elsewhere(chat) {
            Some(place) => format!("[{place}] {}", message.raw),
            None => message.raw,
        };
        drop(state);
        (self.screen)(&line);
        Ok(Receipt { messages: vec![message.id], time: Some(message.time), forward: None, audit: None })
    }

    fn take_back(&self, id: &str) -> Result<(), Error> {
        let mut state = self.lock();
        let at = state.messages.iter().position(|message| message.id == id).ok_or_else(|| unknown(id))?;
        let gone = state.messages.remove(at);
        drop(state);
        if let Some(gone) = gone {
            (self.screen)(&format!("[recalled: {}]", gone.raw));
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bot for Sandbox {
    fn info(&self) -> model::Bot {
        info()
    }

    fn send<'a>(
        &'a self,
        chat: &'a Chat,
        content: &'a [Segment],
        answers: Option<&'a Incoming>,
        quote: bool,
    ) -> Answer<'a, Receipt> {
        let answered = answers.filter(|_| quote).and_then(Incoming::message);
        let sent = self.post(chat, content, answered);
        Box::pin(std::future::ready(sent))
    }

    fn recall<'a>(&'a self, _: &'a Chat, message: &'a str) -> Answer<'a, ()> {
        Box::pin(std::future::ready(self.take_back(message)))
    }

    fn fetch<'a>(&'a self, _: &'a Chat, message: &'a str) -> Answer<'a, Message> {
        let found = self.lock().find(message).cloned().ok_or_else(|| unknown(message));
        Box::pin(std::future::ready(found))
    }

    fn call<'a>(&'a self, action: &'a str, _: Value) -> Answer<'a, Value> {
        let refusal = format!(
            "the sandbox has no platform behind it, so it cannot do {action:?}; connect a real bot to try this, or use \
             the typed actions"
        );
        Box::pin(std::future::ready(Err(Error::Unsupported(refusal))))
    }

    fn chats(&self) -> Option<&dyn bot::Chats> {
        Some(self)
    }

    fn groups(&self) -> Option<&dyn bot::Groups> {
        Some(self)
    }

    fn friends(&self) -> Option<&dyn bot::Friends> {
        Some(self)
    }
}

impl State {
    fn chat(&self) -> Chat {
        match &self.group {
            Some(group) => Chat::Group(group.clone()),
            None => Chat::Private(self.user.clone()),
        }
    }

    /// Where a message of the bot went, if not to the person who types.
    fn elsewhere(&self, chat: &Chat) -> Option<String> {
        if *chat == self.chat() {
            return None;
        }
        Some(match chat {
            Chat::Private(user) => format!("private {user}"),
            Chat::Group(group) => format!("group {group}"),
            Chat::Temporary(chat) => format!("temporary {}", chat.user),
            Chat::Channel(chat) => format!("channel {}/{}", chat.guild, chat.channel),
            Chat::Direct(chat) => format!("direct {}", chat.user),
            Chat::Other(chat) => format!("{} {}", chat.kind, chat.id),
        })
    }

    fn person(&self, id: &str, role: Role) -> User {
        let nickname = self.names.get(id).cloned().unwrap_or_else(|| id.to_owned());
        User { role, is_bot: id == BOT_ID, ..User::named(id, nickname) }
    }

    /// A message of the person who types.
    fn say(&mut self, content: Vec<Segment>, typed: &str, to_me: bool) -> Incoming {
        let chat = self.chat();
        let mentions_bot =
            |segment: &Segment| matches!(segment, Segment::At(Mention::User(user)) if user.is_self);
        let role = if self.group.is_some() { self.role } else { Role::Unknown };
        let sender = self.person(&self.user, role);
        let message = self.remember(Message {
            sender,
            text: model::plain_text(&content).trim().to_owned(),
            to_me: to_me || self.group.is_none() || content.iter().any(mentions_bot),
            raw: typed.to_owned(),
            content,
            chat,
            ..blank()
        });
        let original =
            json!({"user": self.user, "group": self.group, "message_id": message.id, "text": typed});
        event(EventBody::Message(message), &original)
    }

    /// Gives a message its id and keeps it.
    fn remember(&mut self, message: Message) -> Message {
        self.last += 1;
        let message = Message { id: self.last.to_string(), time: now(), ..message };
        if self.messages.len() == REMEMBERED {
            self.messages.pop_front();
        }
        self.messages.push_back(message.clone());
        message
    }

    fn find(&self, id: &str) -> Option<&Message> {
        self.messages.iter().find(|message| message.id == id)
    }

    /// A message as text.
    fn shown(&self, content: &[Segment]) -> String {
        let name = |id: &str| self.names.get(id).cloned();
        let quoted = |id: &str| self.find(id).map(|message| message.raw.clone());
        show::show(content, &show::Known { name: &name, quoted: &quoted })
    }
}

fn event(body: EventBody, original: &Value) -> Incoming {
    let event = Event { id: event_id(), bot: info(), time: now(), redelivered: false, body };
    Incoming::new(event.into(), original.to_string())
}

fn info() -> model::Bot {
    model::Bot {
        id: BOT_ID.to_owned(),
        platform: "sandbox".to_owned(),
        nickname: BOT_WORD.to_owned(),
        online: true,
    }
}

fn unknown(message: &str) -> Error {
    Error::NotFound(format!(
        "the sandbox has no message {message:?}: it was recalled, is too old, or never was"
    ))
}

fn now() -> f64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

fn blank() -> Message {
    Message::blank("", Chat::Private(String::new()), User::named("", ""))
}
