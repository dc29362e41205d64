//! The test's account: it says what it was told to say, notes what it is asked to do, and answers as the test wants.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::adapter::sandbox::{BOT_ID, Sandbox, Speaker};
use crate::bot::{Answer, Bot, Chats, Files, Friends, Groups};
use crate::clock::Clock;
use crate::config::Language;
use crate::model::{
    self, Announcement, Chat, Error, EssenceEntry, Event, EventBody, Friend, Group, GroupMember, Incoming,
    Listing, Media, Mention, Message, Receipt, Request, Segment, UserProfile,
};

pub(super) struct Actor {
    /// It remembers messages, people and groups.
    sandbox: Arc<Sandbox>,
    clock: Clock,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    actions: Vec<Value>,
    scripts: Vec<Script>,
}

/// What the platform is to answer.
struct Script {
    action: String,
    answer: Result<Value, Error>,
    left: Option<u32>,
}

impl Actor {
    pub(super) fn new(clock: Clock, language: Language) -> Arc<Self> {
        let sandbox = Sandbox::new(Box::new(|_| {}), language);
        Arc::new(Self { sandbox, clock, inner: Mutex::default() })
    }

    /// A message. Whoever mentions the bot's id mentions the bot.
    pub(super) fn said(&self, speaker: Speaker, mut content: Vec<Segment>, to_me: bool) -> Incoming {
        for segment in &mut content {
            if let Segment::At(Mention::User(user)) = segment {
                user.is_self |= user.id == BOT_ID;
            }
        }
        let raw = model::plain_text(&content);
        self.now(self.sandbox.said_by(speaker, content, &raw, to_me))
    }

    pub(super) fn happened(&self, body: EventBody) -> Incoming {
        self.now(Sandbox::happened(body))
    }

    /// By the test's clock, and not by the machine's.
    fn now(&self, incoming: Incoming) -> Incoming {
        let event = Event { time: self.clock.now(), ..(*incoming.event).clone() };
        let event = match event.body {
            EventBody::Message(message) => {
                let message = Message { time: event.time, ..message };
                Event { body: EventBody::Message(message), ..event }
            }
            body => Event { body, ..event },
        };
        Incoming { event: Arc::new(event), ..incoming }
    }

    pub(super) fn script(&self, action: String, answer: Result<Value, Error>, times: Option<u32>) {
        let mut inner = self.lock();
        inner.scripts.retain(|script| script.action != action || script.left.is_some());
        inner.scripts.push(Script { action, answer, left: times });
    }

    /// What was done since the last call.
    pub(super) fn take_actions(&self) -> Vec<Value> {
        std::mem::take(&mut self.lock().actions)
    }

    /// Something that people notice.
    #[allow(clippy::needless_pass_by_value, reason = "whoever calls makes it on the spot")]
    fn act<'a, T: DeserializeOwned + Send + 'a>(
        &'a self,
        action: &str,
        params: Value,
        otherwise: impl FnOnce() -> Result<T, Error>,
    ) -> Answer<'a, T> {
        let scripted = self.scripted(action);
        self.note(action, &params, scripted.as_ref());
        now(answer(action, scripted, otherwise))
    }

    fn note(&self, action: &str, params: &Value, scripted: Option<&Result<Value, Error>>) {
        let mut noted = json!({"action": action, "params": params});
        if matches!(scripted, Some(Err(_))) {
            noted["refused"] = Value::Bool(true);
        }
        self.lock().actions.push(noted);
    }

    /// Something that only asks.
    fn ask<'a, T: DeserializeOwned + Send + 'a>(
        &'a self,
        action: &str,
        otherwise: Answer<'a, T>,
    ) -> Answer<'a, T> {
        match self.scripted(action) {
            Some(scripted) => now(answer(action, Some(scripted), || Err(Error::Other(String::new())))),
            None => otherwise,
        }
    }

    fn scripted(&self, action: &str) -> Option<Result<Value, Error>> {
        let mut inner = self.lock();
        let at = inner.scripts.iter().position(|script| script.action == action)?;
        let script = &mut inner.scripts[at];
        let answer = script.answer.clone();
        if let Some(left) = &mut script.left {
            *left = left.saturating_sub(1);
            if *left == 0 {
                inner.scripts.remove(at);
            }
        }
        Some(answer)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn answer<T: DeserializeOwned>(
    action: &str,
    scripted: Option<Result<Value, Error>>,
    otherwise: impl FnOnce() -> Result<T, Error>,
) -> Result<T, Error> {
    match scripted {
        None => otherwise(),
        Some(Err(error)) => Err(error),
        Some(Ok(value)) => serde_json::from_value(value)
            .map_err(|e| Error::Other(format!("the test's answer to {action} has another form: {e}"))),
    }
}

fn now<'a, T: Send + 'a>(answer: Result<T, Error>) -> Answer<'a, T> {
    Box::pin(std::future::ready(answer))
}

/// Parameters by name; a value that has no JSON form (there is none) is null.
fn value(of: impl Serialize) -> Value {
    serde_json::to_value(of).unwrap_or_default()
}

impl Bot for Actor {
    fn info(&self) -> model::Bot {
        Bot::info(&*self.sandbox)
    }

    fn send<'a>(
        &'a self,
        chat: &'a Chat,
        content: &'a [Segment],
        answers: Option<&'a Incoming>,
        quote: bool,
    ) -> Answer<'a, Receipt> {
        let action = if answers.is_some() { "messages.reply" } else { "messages.send" };
        let mut params =
            json!({"chat": value(chat), "content": value(content), "text": model::plain_text(content)});
        if let Some(incoming) = answers {
            params["event"] = value(&incoming.event.id);
            params["quote"] = Value::Bool(quote);
        }
        let scripted = self.scripted(action);
        self.note(action, &params, scripted.as_ref());
        match scripted {
            Some(scripted) => now(answer(action, Some(scripted), || Err(Error::Other(String::new())))),
            None => {
                let time = self.clock.now();
                let sent = self.sandbox.send(chat, content, answers, quote);
                Box::pin(async move { Ok(Receipt { time: Some(time), ..sent.await? }) })
            }
        }
    }

    fn recall<'a>(&'a self, chat: &'a Chat, message: &'a str) -> Answer<'a, ()> {
        let params = json!({"chat": value(chat), "message": message});
        let done = self.act("messages.recall", params, || Ok(()));
        Box::pin(async move {
            done.await?;
            self.sandbox.recall(chat, message).await
        })
    }

    fn fetch<'a>(&'a self, chat: &'a Chat, message: &'a str) -> Answer<'a, Message> {
        self.ask("messages.fetch", self.sandbox.fetch(chat, message))
    }

    fn call<'a>(&'a self, action: &'a str, params: Value) -> Answer<'a, Value> {
        let refusal = || {
            Err(Error::Unsupported(format!(
                "the test has no answer to the platform's action {action:?}; give it one"
            )))
        };
        self.act(action, params, refusal)
    }

    fn acknowledge<'a>(&'a self, interaction: &'a Incoming, code: u32) -> Answer<'a, ()> {
        let params = json!({"event": interaction.event.id, "code": code});
        self.act("messages.acknowledge", params, || Ok(()))
    }

    fn chats(&self) -> Option<&dyn Chats> {
        Some(self)
    }

    fn groups(&self) -> Option<&dyn Groups> {
        Some(self)
    }

    fn friends(&self) -> Option<&dyn Friends> {
        Some(self)
    }

    fn files(&self) -> Option<&dyn Files> {
        Some(self)
    }
}

/// Actions that succeed with what is named, unless the test says otherwise.
macro_rules! acts {
    ($interface:literal { $($name:ident($($argument:ident: $type:ty),*) -> $answer:ty = $done:expr;)* }) => {$(
        fn $name(&self, $($argument: $type),*) -> Answer<'_, $answer> {
            let mut params = Map::new();
            $(params.insert(stringify!($argument).replace('_', "-"), value(&$argument));)*
            let action = concat!($interface, ".", stringify!($name)).replace('_', "-");
            self.act(&action, Value::Object(params), || Ok($done))
        }
    )*};
}

/// Questions that the sandbox answers, unless the test does.
macro_rules! asks {
    ($interface:literal of $trait:ident { $($name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)* }) => {$(
        fn $name(&self, $($argument: $type),*) -> Answer<'_, $answer> {
            let action = concat!($interface, ".", stringify!($name)).replace('_', "-");
            self.ask(&action, $trait::$name(&*self.sandbox, $($argument),*))
        }
    )*};
}

impl Chats for Actor {
    asks! { "messages" of Chats {
        fetch_forward(forward: String) -> Vec<Message>;
        history(chat: Chat, before: Option<String>, count: u32) -> Vec<Message>;
    }}

    acts! { "messages" {
        react(chat: Chat, message: String, emoji: String, add: bool) -> () = ();
        mark_read(chat: Chat) -> () = ();
    }}

    fn typing(&self, answers: Arc<Incoming>, chat: Chat, seconds: u32) -> Answer<'_, ()> {
        let params = json!({"event": answers.event.id, "chat": value(chat), "seconds": seconds});
        self.act("messages.typing", params, || Ok(()))
    }
}

impl Groups for Actor {
    asks! { "groups" of Groups {
        list() -> Vec<Group>;
        info(group: String) -> Group;
        members(group: String) -> Vec<GroupMember>;
        member(group: String, user: String) -> GroupMember;
        essences(group: String) -> Vec<EssenceEntry>;
        announcements(group: String) -> Vec<Announcement>;
    }}

    acts! { "groups" {
        kick(group: String, user: String, refuse_return: bool) -> () = ();
        mute(group: String, user: String, seconds: u32) -> () = ();
        mute_all(group: String, on: bool) -> () = ();
        set_admin(group: String, user: String, on: bool) -> () = ();
        set_card(group: String, user: String, card: String) -> () = ();
        set_title(group: String, user: String, title: String) -> () = ();
        rename(group: String, name: String) -> () = ();
        set_essence(group: String, message: String, on: bool) -> () = ();
        announce(group: String, text: String, picture: Option<Media>) -> () = ();
        remove_announcement(group: String, announcement: String) -> () = ();
        leave(group: String) -> () = ();
    }}
}

impl Friends for Actor {
    asks! { "friends" of Friends {
        list() -> Vec<Friend>;
        profile(user: String) -> UserProfile;
        pending_requests() -> Vec<Request>;
    }}

    acts! { "friends" {
        like(user: String, times: u32) -> () = ();
        poke(user: String, group: Option<String>) -> () = ();
        remove(user: String) -> () = ();
        answer_request(request: Request, approve: bool, reason: Option<String>) -> () = ();
    }}
}

impl Files for Actor {
    fn download(&self, _: Media, _: usize, _: bool) -> Answer<'_, Vec<u8>> {
        let refusal = now(Err(Error::NotFound("the test has no such file; answer files.fetch".to_owned())));
        self.ask("files.fetch", refusal)
    }

    fn url(&self, _: Chat, file_id: String) -> Answer<'_, String> {
        let refusal = now(Err(Error::NotFound(format!("the test has no file {file_id}; answer files.url"))));
        self.ask("files.url", refusal)
    }

    fn list(&self, _: String, _: Option<String>) -> Answer<'_, Listing> {
        self.ask("files.list", now(Ok(Listing { files: Vec::new(), folders: Vec::new() })))
    }

    acts! { "files" {
        upload(chat: Chat, file: Media, folder: Option<String>) -> Option<String> = None;
        remove(group: String, file_id: String) -> () = ();
        create_folder(group: String, name: String) -> Option<String> = None;
        remove_folder(group: String, folder: String) -> () = ();
    }}
}
