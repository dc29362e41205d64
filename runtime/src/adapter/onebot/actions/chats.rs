//! What can be done in chats beside sending, fetching and recalling.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Map, json};

use super::super::decode;
use super::super::{account::Account, bot::same_place};
use super::{named, refuse};
use crate::adapter::node::Node;
use crate::bot::{Answer, Chats};
use crate::model::{Chat, Error, Incoming, Message, UnknownChat};

/// One page of a history; what NapCat gives without complaint.
const PAGE: u32 = 1_000;

impl Chats for Account {
    fn fetch_forward(&self, forward: String) -> Answer<'_, Vec<Message>> {
        Box::pin(async move {
            let params = json!({"id": named("id of the merged message", &forward)?});
            let me = self.me();
            let messages = self.read("get_forward_msg", &params, self.deadline, |found| {
                let nodes = [found.at("messages"), found.at("message"), found];
                let nodes = nodes.into_iter().find(|list| matches!(list, Node::List(_)))?;
                Some(nodes.items().iter().filter_map(|node| self.inner(node, &forward, &me)).collect())
            });
            let gone = |reason: &str| {
                Error::NotFound(format!("NapCat has no merged message {forward} (any more): {reason}"))
            };
            match messages.await {
                Err(Error::Platform(error)) if matches!(error.code, 1200 | 200) => Err(gone(&error.message)),
                messages => messages?.ok_or_else(|| gone("its answer holds none")),
            }
        })
    }

    fn history(&self, chat: Chat, before: Option<String>, count: u32) -> Answer<'_, Vec<Message>> {
        Box::pin(async move {
            if count == 0 {
                return Ok(Vec::new());
            }
            let found = self.page(&chat, before.as_deref(), count, false).await?;
            let Some(before) = before else { return Ok(found) };
            let at = |found: &[Message]| found.iter().position(|message| message.id == before);
            // Builds differ in what `reverse_order` means: if this one went on from the message, ask for the others.
            let found = match at(&found) {
                Some(0) if found.len() > 1 => self.page(&chat, Some(&before), count, true).await?,
                _ => found,
            };
            let end = at(&found).map_or(found.len(), |at| at + 1);
            let start = end.saturating_sub(count as usize);
            Ok(found.into_iter().take(end).skip(start).collect())
        })
    }

    fn react(&self, chat: Chat, message: String, emoji: String, add: bool) -> Answer<'_, ()> {
        if !matches!(chat, Chat::Group(_)) {
            return refuse(Error::Unsupported(
                "QQ has reactions in groups only; send a face in this chat".to_owned(),
            ));
        }
        let emoji = emoji.trim();
        if emoji.is_empty() || !emoji.bytes().all(|byte| byte.is_ascii_digit()) {
            return refuse(Error::Invalid(format!(
                "{emoji:?} is no emoji for a reaction; give a QQ face's number (\"76\") or the decimal code point of a \
                 Unicode emoji (\"128516\")"
            )));
        }
        match named("message", &message) {
            Ok(message) => self
                .order("set_msg_emoji_like", json!({"message_id": message, "emoji_id": emoji, "set": add})),
            Err(error) => refuse(error),
        }
    }

    fn typing(&self, _answers: Arc<Incoming>, chat: Chat, _seconds: u32) -> Answer<'_, ()> {
        match chat {
            // QQ decides how long it is shown; NapCat has no way to end it.
            Chat::Private(user) => self.order("set_input_status", json!({"user_id": user, "event_type": 1})),
            _ => refuse(Error::Unsupported("QQ shows that somebody types in private chats only".to_owned())),
        }
    }

    fn mark_read(&self, chat: Chat) -> Answer<'_, ()> {
        match chat {
            Chat::Group(group) => self.order("mark_group_msg_as_read", json!({"group_id": group})),
            Chat::Private(user) => self.order("mark_private_msg_as_read", json!({"user_id": user})),
            Chat::Temporary(chat) => self.order("mark_private_msg_as_read", json!({"user_id": chat.user})),
            _ => refuse(elsewhere()),
        }
    }
}

impl Account {
    /// Messages of a chat in the order of time.
    async fn page(
        &self,
        chat: &Chat,
        before: Option<&str>,
        count: u32,
        reverse: bool,
    ) -> Result<Vec<Message>, Error> {
        let (action, key, id) = match chat {
            Chat::Group(group) => ("get_group_msg_history", "group_id", group),
            Chat::Private(user) => ("get_friend_msg_history", "user_id", user),
            Chat::Temporary(chat) => ("get_friend_msg_history", "user_id", &chat.user),
            _ => return Err(elsewhere()),
        };
        let mut params = Map::new();
        params.insert(key.to_owned(), named("chat's id", id)?.into());
        params.insert("message_seq".to_owned(), before.unwrap_or("0").into());
        params.insert("count".to_owned(), count.min(PAGE).into());
        // Old builds know the second spelling only.
        for key in ["reverse_order", "reverseOrder"] {
            params.insert(key.to_owned(), reverse.into());
        }
        let (params, me) = (params.into(), self.me());
        let read = self.read(action, &params, self.deadline, |found| {
            let messages = found.at("messages").items().iter();
            let messages = messages.filter_map(|node| decode::read_message(node, &me, &self.memory()));
            let mut messages: Vec<_> = messages.filter_map(|message| placed(message, chat, &me)).collect();
            in_order(&mut messages);
            messages
        });
        match read.await {
            // NapCat's word for "nothing there".
            Err(Error::NotFound(_)) if before.is_none() => Ok(Vec::new()),
            answer => answer,
        }
    }

    /// A message inside a merged one: a message object in NapCat, elsewhere a node that has no chat.
    fn inner(&self, node: &Node<'_>, forward: &str, me: &str) -> Option<Message> {
        let node = if node.at("type").as_str() == Some("node") { node.at("data") } else { node };
        if !node.at("message_type").is_null()
            && let Some(message) = decode::read_message(node, me, &self.memory())
        {
            return Some(message);
        }
        let mut sender = node.at("sender").clone();
        if sender.is_null() {
            let nickname = ["nickname", "name"].map(|key| node.at(key)).into_iter().find(|it| !it.is_null());
            let nickname = nickname.cloned().unwrap_or(Node::Null);
            sender = Node::Object(vec![(Cow::Borrowed("nickname"), nickname)]);
        }
        let ids = [node.at("user_id"), node.at("sender").at("user_id"), node.at("uin")];
        let user = ids.iter().find_map(|id| id.known_id());
        let body = if node.at("message").is_null() { node.at("content") } else { node.at("message") };
        let text = |text: String| Node::Text(Cow::Owned(text));
        let fields = vec![
            (Cow::Borrowed("message_type"), text("private".to_owned())),
            (Cow::Borrowed("user_id"), text(user.clone().unwrap_or_else(|| "?".to_owned()))),
            (Cow::Borrowed("message_id"), node.at("message_id").clone()),
            (Cow::Borrowed("time"), node.at("time").clone()),
            (Cow::Borrowed("sender"), sender),
            (Cow::Borrowed("message"), body.clone()),
        ];
        let mut message = decode::read_message(&Node::Object(fields), me, &self.memory())?;
        message.sender.id = user.unwrap_or_default();
        message.chat = Chat::Other(UnknownChat {
            kind: "forward".to_owned(),
            id: forward.to_owned(),
            data: "{}".to_owned(),
        });
        message.to_me = false;
        Some(message)
    }
}

/// The message, if it is of this chat. The bot's own ones may not say to whom they went.
fn placed(message: Message, chat: &Chat, me: &str) -> Option<Message> {
    if same_place(&message.chat, chat) {
        return Some(message);
    }
    let nowhere = message.sender.id == me && message.chat == Chat::Private(me.to_owned());
    (nowhere && !matches!(chat, Chat::Group(_))).then(|| Message { chat: chat.clone(), ..message })
}

/// By the chat's own order where all have one, else by time.
fn in_order(messages: &mut [Message]) {
    let number = |message: &Message| message.sequence.as_deref()?.parse::<u64>().ok();
    if messages.iter().all(|message| number(message).is_some()) {
        messages.sort_by_key(number);
    } else {
        messages.sort_by(|a, b| a.time.total_cmp(&b.time));
    }
}

fn elsewhere() -> Error {
    Error::Unsupported(
        "NapCat has private chats, groups and temporary chats only; choose one of these".to_owned(),
    )
}
