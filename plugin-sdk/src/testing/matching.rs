//! Which handlers an event is for, and what the host would parse for them: the host's rules in small, with the prefixes
//! `/` and `／`. Cooldowns are the host's alone.

use regex::Regex;
use serde_json::{Map, Value, json};

use crate::{
    args::split,
    manifest::{HandlerSpec, Trigger},
    types::{Chat, EventBody, Notice, RawEvent, ReceivedMessage, Request, Role},
};

/// The handler's arguments, if the event is for it.
pub(super) fn arguments(handler: &HandlerSpec, event: &RawEvent, superusers: &[String]) -> Option<Value> {
    let message = match &event.body {
        EventBody::Message(message) => Some(message),
        _ => None,
    };
    if message.is_some_and(|message| !allowed(handler, message, superusers)) {
        return None;
    }
    match (&handler.on, message) {
        (Trigger::Command { name, aliases, .. }, Some(message)) => command(name, aliases, &message.text),
        (Trigger::Keyword { any }, Some(message)) => any
            .iter()
            .find(|keyword| message.text.contains(*keyword))
            .map(|keyword| json!({"keyword": keyword, "text": message.text})),
        (Trigger::Regex { pattern }, Some(message)) => captures(pattern, &message.text),
        (Trigger::Event { kinds }, _) => {
            let kind = kind(&event.body);
            let listens = |name: &&str| {
                kind.strip_prefix(*name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            };
            kinds.iter().copied().flatten().any(listens).then(|| json!({}))
        }
        _ => None,
    }
}

fn allowed(handler: &HandlerSpec, message: &ReceivedMessage, superusers: &[String]) -> bool {
    let superuser = superusers.contains(&message.sender.id);
    let who = match handler.who {
        "group-admin" => superuser || matches!(message.sender.role, Role::Admin | Role::Owner),
        "group-owner" => superuser || message.sender.role == Role::Owner,
        "superuser" => superuser,
        _ => true,
    };
    let chat = match handler.chats {
        "private" => message.chat.is_private(),
        "group" => message.chat.group().is_some(),
        _ => true,
    };
    who && chat && (message.to_me || !handler.to_me)
}

fn command(name: &str, aliases: &[&str], text: &str) -> Option<Value> {
    let prefix = text.chars().next().filter(|prefix| matches!(prefix, '/' | '／'))?;
    let text = &text[prefix.len_utf8()..];
    let called = [name].iter().chain(aliases).find_map(|name| {
        let rest = text.strip_prefix(name)?;
        (rest.is_empty() || rest.starts_with(char::is_whitespace)).then_some((*name, rest.trim()))
    });
    let (command, rest) = called?;
    let words: Vec<_> = split(rest).into_iter().map(|word| word.text).collect();
    Some(json!({"command": command, "prefix": prefix, "text": rest, "words": words}))
}

fn captures(pattern: &str, text: &str) -> Option<Value> {
    let regex = Regex::new(pattern).unwrap_or_else(|error| panic!("a handler's pattern is wrong: {error}"));
    let found = regex.captures(text)?;
    let groups: Vec<_> = found.iter().map(|group| group.map(|group| group.as_str())).collect();
    let named: Map<_, _> = regex
        .capture_names()
        .flatten()
        .map(|name| (name.to_owned(), found.name(name).map(|group| group.as_str()).into()))
        .collect();
    Some(json!({"match": &found[0], "groups": groups, "named": named}))
}

/// The contract's case names, joined by dots.
fn kind(body: &EventBody) -> String {
    let inner = match body {
        EventBody::Message(message) => chat_kind(&message.chat),
        EventBody::MessageSent(message) => chat_kind(&message.chat),
        EventBody::Notice(notice) => case::<Notice>(notice),
        EventBody::Request(request) => case::<Request>(request),
        _ => String::new(),
    };
    let outer = case(body);
    if inner.is_empty() { outer } else { format!("{outer}.{inner}") }
}

fn chat_kind(chat: &Chat) -> String {
    case(chat)
}

fn case<T: serde::Serialize>(variant: &T) -> String {
    let json = serde_json::to_value(variant).unwrap_or_default();
    json["type"].as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{member_joined, message};

    #[test]
    fn kinds_are_case_names_joined_by_dots() {
        assert_eq!(kind(&member_joined("1", "2").body), "notice.member-joined");
        assert_eq!(kind(&RawEvent::from(message("x").in_group("1")).body), "message.group");
    }

    #[test]
    fn commands_match_whole_names_with_any_space_after_them() {
        for (text, expected) in [
            ("/echo hi  there ", Some("hi  there")),
            ("／echo\u{3000}hi", Some("hi")),
            ("/say", Some("")),
            ("/echoes hi", None),
            ("echo hi", None),
        ] {
            let found = command("echo", &["say"], text).map(|args| args["text"].as_str().unwrap().to_owned());
            assert_eq!(found.as_deref(), expected, "{text:?}");
        }
    }
}
