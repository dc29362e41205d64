//! The contract's functions, one module per interface, as the bindings have them.

use std::future::Future;

use super::{executor, scripted, scripted_stream, with};

/// Functions that are recorded and answered by the test, each with the permission it needs.
macro_rules! scripted {
    ($interface:literal $($name:ident($($parameter:ident: $ty:ty),*) -> $answer:ty, $permission:expr;)*) => {$(
        pub(crate) async fn $name($($parameter: $ty),*) -> Result<$answer, Error> {
            let permission: Option<&str> = $permission;
            if let Some(permission) = permission {
                super::with(|host| host.check(permission))?;
            }
            let params = serde_json::json!({$((stringify!($parameter)): $parameter),*});
            super::scripted(concat!($interface, ".", stringify!($name)), &params)
        }
    )*};
}

pub(crate) fn spawn(task: impl Future<Output = ()> + 'static) {
    executor::spawn(Box::pin(task));
}

pub(crate) mod messages {
    use crate::{
        Message,
        contract::iglu::plugin::types::Error,
        host::fake::{FakeHost, Sent},
        types::{Chat, Id, Receipt, ReceivedMessage, Segment},
    };

    scripted! { "messages"
        fetch(bot: Id, chat: Chat, message: Id) -> ReceivedMessage, None;
        fetch_forward(bot: Id, forward: Id) -> Vec<ReceivedMessage>, None;
        history(bot: Id, chat: Chat, before: Option<Id>, count: u32) -> Vec<ReceivedMessage>, None;
        react(bot: Id, chat: Chat, message: Id, emoji: String, add: bool) -> (), None;
        typing(event: String, seconds: u32) -> (), None;
        mark_read(bot: Id, chat: Chat) -> (), Some("send");
        acknowledge(event: String, code: u32) -> (), None;
    }

    pub(crate) async fn reply(event: String, content: Vec<Segment>, quote: bool) -> Result<Receipt, Error> {
        super::with(|host| {
            let bot = host.event(&event)?.bot.id.clone();
            send_out(host, Sent { event: Some(event), bot, chat: None, message: content.into(), quote })
        })
    }

    pub(crate) async fn send(bot: Id, chat: Chat, content: Vec<Segment>) -> Result<Receipt, Error> {
        super::with(|host| {
            host.check("send")?;
            send_out(host, Sent { event: None, bot, chat: Some(chat), message: content.into(), quote: false })
        })
    }

    fn send_out(host: &mut FakeHost, sent: Sent) -> Result<Receipt, Error> {
        if sent.message.is_empty() {
            return Err(Error::Invalid("the message is empty".to_owned()));
        }
        host.sent.push(sent);
        let messages = vec![format!("sent-{}", host.sent.len())];
        Ok(Receipt { messages, time: Some(host.now), forward: None, audit: None })
    }

    pub(crate) async fn recall(bot: Id, chat: Chat, message: Id) -> Result<(), Error> {
        super::with(|host| {
            let own = message.strip_prefix("sent-").and_then(|number| number.parse::<usize>().ok());
            let answered = own
                .and_then(|number| host.sent.get(number.checked_sub(1)?))
                .is_some_and(|sent| sent.event.is_some());
            if answered { Ok(()) } else { host.check("recall") }
        })?;
        let params = serde_json::json!({"bot": bot, "chat": chat, "message": message});
        super::scripted("messages.recall", &params)
    }

    pub(crate) async fn reply_stream(event: String) -> Result<String, Error> {
        super::with(|host| {
            host.event(&event)?;
            let name = format!("draft-{}", host.drafts.len() + 1);
            host.drafts.insert(name.clone(), (event, String::new()));
            Ok(name)
        })
    }

    pub(crate) async fn append(draft: String, text: String) -> Result<(), Error> {
        super::with(|host| {
            let (_, written) = host.drafts.get_mut(&draft).ok_or(Error::NotFound(draft))?;
            written.push_str(&text);
            Ok(())
        })
    }

    pub(crate) async fn finish(draft: String) -> Result<Receipt, Error> {
        let (event, text) = super::with(|host| host.drafts.remove(&draft)).ok_or(Error::NotFound(draft))?;
        let content = if text.is_empty() { Vec::new() } else { Message::from(text).into_segments() };
        reply(event, content, false).await
    }
}

pub(crate) mod groups {
    use crate::{
        contract::iglu::plugin::types::Error,
        types::{Announcement, EssenceEntry, Group, GroupMember, Id, Media},
    };

    const ADMIN: Option<&str> = Some("group-admin");

    scripted! { "groups"
        list(bot: Id) -> Vec<Group>, None;
        info(bot: Id, group: Id) -> Group, None;
        members(bot: Id, group: Id) -> Vec<GroupMember>, None;
        member(bot: Id, group: Id, user: Id) -> GroupMember, None;
        kick(bot: Id, group: Id, user: Id, refuse_return: bool) -> (), ADMIN;
        mute(bot: Id, group: Id, user: Id, seconds: u32) -> (), ADMIN;
        mute_all(bot: Id, group: Id, on: bool) -> (), ADMIN;
        set_admin(bot: Id, group: Id, user: Id, on: bool) -> (), ADMIN;
        set_card(bot: Id, group: Id, user: Id, card: String) -> (), ADMIN;
        set_title(bot: Id, group: Id, user: Id, title: String) -> (), ADMIN;
        rename(bot: Id, group: Id, name: String) -> (), ADMIN;
        set_essence(bot: Id, group: Id, message: Id, on: bool) -> (), ADMIN;
        essences(bot: Id, group: Id) -> Vec<EssenceEntry>, None;
        announce(bot: Id, group: Id, text: String, picture: Option<Media>) -> (), ADMIN;
        announcements(bot: Id, group: Id) -> Vec<Announcement>, None;
        remove_announcement(bot: Id, group: Id, announcement: Id) -> (), ADMIN;
        leave(bot: Id, group: Id) -> (), ADMIN;
    }
}

pub(crate) mod friends {
    use crate::{
        contract::iglu::plugin::types::Error,
        types::{Friend, Id, Request, UserProfile},
    };

    scripted! { "friends"
        list(bot: Id) -> Vec<Friend>, None;
        profile(bot: Id, user: Id) -> UserProfile, None;
        like(bot: Id, user: Id, times: u32) -> (), Some("friends");
        poke(bot: Id, user: Id, group: Option<Id>) -> (), Some("friends");
        remove(bot: Id, user: Id) -> (), Some("friends");
        pending_requests(bot: Id) -> Vec<Request>, None;
        answer_request(bot: Id, request: Request, approve: bool, reason: Option<String>) -> (),
            Some(if matches!(request, Request::Join(_)) { "group-admin" } else { "friends" });
    }
}

pub(crate) mod files {
    use crate::{
        contract::iglu::plugin::types::Error,
        types::{Chat, Id, Listing, Media},
    };

    const FILES: Option<&str> = Some("files");

    scripted! { "files"
        upload(bot: Id, chat: Chat, file: Media, folder: Option<Id>) -> Option<Id>, FILES;
        url(bot: Id, chat: Chat, file_id: Id) -> String, FILES;
        list(bot: Id, group: Id, folder: Option<Id>) -> Listing, FILES;
        remove(bot: Id, group: Id, file_id: Id) -> (), FILES;
        create_folder(bot: Id, group: Id, name: String) -> Option<Id>, FILES;
        remove_folder(bot: Id, group: Id, folder: Id) -> (), FILES;
    }

    /// The test answers bytes in the contract's JSON form: base64.
    #[derive(serde::Deserialize)]
    struct Bytes(#[serde(with = "crate::base64_json")] Vec<u8>);

    fn limited(bytes: Bytes, limit: u32) -> Result<Vec<u8>, Error> {
        if bytes.0.len() > limit as usize {
            return Err(Error::Exhausted(format!(
                "the file has {} bytes, {limit} were allowed",
                bytes.0.len()
            )));
        }
        Ok(bytes.0)
    }

    pub(crate) async fn fetch(event: String, file: Media, limit: u32) -> Result<Vec<u8>, Error> {
        super::with(|host| host.event(&event).map(drop))?;
        let params = serde_json::json!({"event": event, "file": file, "limit": limit});
        limited(super::scripted("files.fetch", &params)?, limit)
    }

    pub(crate) async fn download(bot: Id, file: Media, limit: u32) -> Result<Vec<u8>, Error> {
        super::with(|host| host.check("files"))?;
        let params = serde_json::json!({"bot": bot, "file": file, "limit": limit});
        limited(super::scripted("files.download", &params)?, limit)
    }
}

pub(crate) mod bots {
    use serde_json::Value;

    use crate::{
        contract::iglu::plugin::types::Error,
        types::{Bot, Id, Json},
    };

    pub(crate) fn list() -> Vec<Bot> {
        super::with(|host| host.bots.clone())
    }

    pub(crate) fn get(bot: &str) -> Result<Bot, Error> {
        list()
            .into_iter()
            .find(|found| found.id == bot)
            .ok_or_else(|| Error::NotFound(format!("no bot `{bot}`")))
    }

    pub(crate) async fn call(bot: Id, action: String, params: Json) -> Result<Json, Error> {
        let params = asked(&bot, &action, &params)?;
        Ok(super::scripted::<Value>("bots.call", &params)?.to_string())
    }

    pub(crate) async fn call_stream(bot: Id, action: String, params: Json) -> Result<String, Error> {
        let params = asked(&bot, &action, &params)?;
        let packets = super::scripted_stream(&params)?;
        super::with(|host| {
            let name = format!("stream-{}", host.streams.len() + 1);
            host.streams.insert(name.clone(), packets);
            Ok(name)
        })
    }

    pub(crate) async fn next(stream: String) -> Result<Option<Json>, Error> {
        super::with(|host| {
            let packets = host
                .streams
                .get_mut(&stream)
                .ok_or_else(|| Error::NotFound(format!("no stream `{stream}`")))?;
            Ok(packets.pop_front().transpose()?.map(|packet| packet.to_string()))
        })
    }

    fn asked(bot: &str, action: &str, params: &str) -> Result<Value, Error> {
        super::with(|host| host.check(&format!("call:{action}")))?;
        let params: Value =
            serde_json::from_str(params).map_err(|error| Error::Invalid(error.to_string()))?;
        if !params.is_object() {
            return Err(Error::Invalid("the parameters are no JSON object".to_owned()));
        }
        Ok(serde_json::json!({"bot": bot, "action": action, "params": params}))
    }
}

pub(crate) mod sessions {
    use std::time::Duration;

    use super::executor;
    use crate::{
        contract::iglu::plugin::types::Error,
        types::{Chat, EventBody, Expectation, Id, RawEvent, Segment, Speaker},
    };

    pub(crate) async fn ask(
        event: String,
        question: Vec<Segment>,
        quote: bool,
        expectation: Expectation,
    ) -> Result<Option<RawEvent>, Error> {
        super::messages::reply(event.clone(), question, quote).await?;
        wait(event, expectation).await
    }

    pub(crate) async fn wait(event: String, expectation: Expectation) -> Result<Option<RawEvent>, Error> {
        let Expectation { timeout_ms, pattern, .. } = &expectation;
        if *timeout_ms == 0 {
            return Err(Error::Invalid("a wait has a timeout".to_owned()));
        }
        let timeout = Duration::from_millis(u64::from(*timeout_ms));
        let pattern = pattern.as_deref().map(regex::Regex::new).transpose();
        let pattern = pattern.map_err(|error| Error::Invalid(error.to_string()))?;
        let found = super::with(|host| {
            let (chat, user) = place(&host.event(&event)?.body);
            let chat = expectation.chat.clone().or(chat);
            if chat.is_none() {
                return Err(Error::Invalid("the event has no chat".to_owned()));
            }
            let fits = |next: &RawEvent| match &next.body {
                EventBody::Message(message) => {
                    Some(&message.chat) == chat.as_ref()
                        && speaks(&expectation.who, &message.sender.id, user.as_ref())
                        && pattern.as_ref().is_none_or(|pattern| pattern.is_match(&message.text))
                }
                EventBody::Interaction(pressed) => {
                    expectation.interactions
                        && Some(&pressed.chat) == chat.as_ref()
                        && speaks(&expectation.who, &pressed.user, user.as_ref())
                }
                _ => false,
            };
            let index = host.next_messages.iter().position(fits);
            let next = index.and_then(|index| host.next_messages.remove(index));
            if let Some(next) = &next {
                host.events.insert(next.id.clone(), next.clone());
            }
            Ok(next)
        })?;
        if found.is_none() {
            executor::sleep(timeout).await;
        }
        Ok(found)
    }

    fn speaks(who: &Speaker, user: &Id, asked: Option<&Id>) -> bool {
        match who {
            Speaker::SameUser => Some(user) == asked,
            Speaker::AnyoneInChat => true,
            Speaker::Users(users) => users.contains(user),
        }
    }

    fn place(body: &EventBody) -> (Option<Chat>, Option<Id>) {
        match body {
            EventBody::Message(message) => (Some(message.chat.clone()), Some(message.sender.id.clone())),
            EventBody::Interaction(pressed) => (Some(pressed.chat.clone()), Some(pressed.user.clone())),
            EventBody::Other(other) => (other.chat.clone(), other.user.clone()),
            _ => (None, None),
        }
    }
}

pub(crate) mod storage {
    pub(crate) use crate::contract::iglu::plugin::storage::{
        Addition, Assignment, Change, Condition, Entry, Page,
    };
    use crate::contract::iglu::plugin::types::Error;

    /// Small, so that tests of long listings meet several pages.
    const PAGE: usize = 16;

    fn checked(key: &str) -> Result<(), Error> {
        if key.is_empty() {
            return Err(Error::Invalid("a key is not empty".to_owned()));
        }
        Ok(())
    }

    pub(crate) async fn get(key: String) -> Result<Option<Vec<u8>>, Error> {
        checked(&key)?;
        Ok(super::with(|host| host.due(&key).cloned()))
    }

    pub(crate) async fn set(key: String, value: Vec<u8>, ttl_seconds: u32) -> Result<(), Error> {
        checked(&key)?;
        super::with(|host| {
            let until = (ttl_seconds > 0).then(|| host.now + f64::from(ttl_seconds));
            host.storage.insert(key, (value, until));
        });
        Ok(())
    }

    pub(crate) async fn delete(key: String) -> Result<bool, Error> {
        checked(&key)?;
        Ok(super::with(|host| {
            let there = host.due(&key).is_some();
            host.storage.remove(&key);
            there
        }))
    }

    pub(crate) async fn scan(prefix: String, after: Option<String>, count: u32) -> Result<Page, Error> {
        let count = if count == 0 { PAGE } else { PAGE.min(count as usize) };
        Ok(super::with(|host| {
            let mut entries: Vec<Entry> = host
                .storage
                .keys()
                .filter(|key| key.starts_with(&prefix) && after.as_ref().is_none_or(|after| *key > after))
                .filter_map(|key| Some(Entry { key: key.clone(), value: host.due(key)?.clone() }))
                .take(count + 1)
                .collect();
            let more = entries.len() > count;
            entries.truncate(count);
            let next = more.then(|| entries.last().map(|entry| entry.key.clone())).flatten();
            Page { entries, next }
        }))
    }

    pub(crate) async fn add(key: String, delta: f64) -> Result<f64, Error> {
        checked(&key)?;
        super::with(|host| {
            let text = host.due(&key).map(|value| String::from_utf8_lossy(value).into_owned());
            let before: f64 = match text {
                None => 0.0,
                Some(text) => text.parse().map_err(|_| Error::Invalid(format!("`{key}` is no number")))?,
            };
            let until = host.storage.get(&key).and_then(|(_, until)| *until);
            host.storage.insert(key, ((before + delta).to_string().into_bytes(), until));
            Ok(before + delta)
        })
    }

    pub(crate) async fn swap(
        key: String,
        expected: Option<Vec<u8>>,
        value: Option<Vec<u8>>,
    ) -> Result<bool, Error> {
        checked(&key)?;
        Ok(super::with(|host| {
            if host.due(&key) != expected.as_ref() {
                return false;
            }
            match value {
                Some(value) => host.storage.insert(key, (value, None)),
                None => host.storage.remove(&key),
            };
            true
        }))
    }

    pub(crate) async fn set_many(entries: Vec<Entry>) -> Result<(), Error> {
        entries.iter().try_for_each(|entry| checked(&entry.key))?;
        super::with(|host| {
            host.storage.extend(entries.into_iter().map(|Entry { key, value }| (key, (value, None))));
        });
        Ok(())
    }

    pub(crate) async fn get_many(keys: Vec<String>) -> Result<Vec<Option<Vec<u8>>>, Error> {
        keys.iter().try_for_each(|key| checked(key))?;
        Ok(super::with(|host| keys.iter().map(|key| host.due(key).cloned()).collect()))
    }

    pub(crate) async fn apply(conditions: Vec<Condition>, changes: Vec<Change>) -> Result<bool, Error> {
        let holds = |condition: &Condition| match condition {
            Condition::Holds(Entry { key, value }) => super::with(|host| host.due(key) == Some(value)),
            Condition::Absent(key) => super::with(|host| host.due(key).is_none()),
        };
        if !conditions.iter().all(holds) {
            return Ok(false);
        }
        let before = super::with(|host| host.storage.clone());
        for change in changes {
            let done = match change {
                Change::Set(Assignment { key, value, ttl_seconds }) => set(key, value, ttl_seconds).await,
                Change::Delete(key) => delete(key).await.map(drop),
                Change::Add(Addition { key, delta }) => add(key, delta).await.map(drop),
            };
            if let Err(error) = done {
                super::with(|host| host.storage = before);
                return Err(error);
            }
        }
        Ok(true)
    }
}

pub(crate) mod http {
    pub(crate) use crate::contract::iglu::plugin::http::{Downloaded, Header, Request, Response};
    use crate::contract::iglu::plugin::types::Error;

    pub(crate) async fn fetch(request: Request) -> Result<Response, Error> {
        super::with(|host| host.check(&format!("http:{}", request.url)))?;
        super::scripted("http.fetch", &serde_json::json!(request))
    }

    pub(crate) async fn download(request: Request) -> Result<Downloaded, Error> {
        super::with(|host| host.check(&format!("http:{}", request.url)))?;
        super::scripted("http.download", &serde_json::json!(request))
    }
}

pub(crate) mod clock {
    use std::time::Duration;

    use super::executor;
    use crate::{
        contract::iglu::plugin::{clock::Timer, types::Error},
        types::{Json, Timestamp},
    };

    pub(crate) fn now() -> Timestamp {
        super::with(|host| host.now)
    }

    pub(crate) async fn sleep(ms: u32) -> Result<(), Error> {
        executor::sleep(Duration::from_millis(u64::from(ms))).await;
        Ok(())
    }

    pub(crate) async fn set_timer(name: String, due: Timestamp, data: Option<Json>) -> Result<(), Error> {
        if name.is_empty() {
            return Err(Error::Invalid("a timer has a name".to_owned()));
        }
        super::with(|host| host.timers.insert(name, (due, data)));
        Ok(())
    }

    pub(crate) async fn cancel_timer(name: String) -> Result<bool, Error> {
        Ok(super::with(|host| host.timers.remove(&name)).is_some())
    }

    pub(crate) async fn timers() -> Result<Vec<Timer>, Error> {
        let timers = super::with(|host| host.timers.clone()).into_iter();
        let mut timers: Vec<Timer> = timers.map(|(name, (due, data))| Timer { name, due, data }).collect();
        timers.sort_by(|a, b| a.due.total_cmp(&b.due));
        Ok(timers)
    }
}

pub(crate) mod config {
    use crate::types::Json;

    pub(crate) fn get() -> Json {
        super::with(|host| host.config.to_string())
    }
}

pub(crate) mod log {
    pub use crate::contract::iglu::plugin::log::Level;

    pub(crate) fn write(level: Level, text: &str) {
        super::with(|host| host.log.push((level, text.to_owned())));
    }
}

pub(crate) mod context {
    use crate::{
        contract::iglu::plugin::types::Error,
        types::{Id, Json},
    };

    pub(crate) fn original(event: &str) -> Result<Json, Error> {
        super::with(|host| match host.originals.get(event) {
            Some(original) => Ok(original.to_string()),
            None => Err(Error::NotFound(format!("event `{event}` has no original"))),
        })
    }

    pub(crate) fn granted(permission: &str) -> bool {
        super::with(|host| host.check(permission).is_ok())
    }

    pub(crate) fn superusers(_bot: &str) -> Vec<Id> {
        super::with(|host| host.superusers.clone())
    }
}
