//! Events and odd frames that the simulator sends by itself.

use serde_json::{Map, Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::{
    Napcat, lock,
    world::{Chat, now},
};

impl Napcat {
    /// Sends an event by all active transports: event connections and POSTs; the number of those (0: NapCat
    /// discards it). The simulator
    /// takes note of its message, user and group. Push it again for a duplicate.
    pub fn push(&self, event: &Value) -> usize {
        lock(&self.shared().world).learn(event);
        self.shared().push(event)
    }

    /// Sends a text frame as it is, JSON or not.
    pub fn push_text(&self, frame: &str) -> usize {
        self.shared().push_text(frame.to_owned())
    }

    /// Sends a binary frame.
    pub fn push_binary(&self, bytes: &[u8]) -> usize {
        self.shared().links.broadcast(&Message::binary(bytes.to_vec()))
    }

    /// Sends the first half of an event's JSON as a whole frame.
    pub fn push_half(&self, event: &Value) -> usize {
        let text = event.to_string();
        self.push_text(text.get(..text.floor_char_boundary(text.len() / 2)).unwrap_or_default())
    }

    /// Sends a notice: `time`, `self_id` and `post_type` are put before these fields.
    pub fn notice(&self, fields: &Value) -> usize {
        let mut event = json!({"time": now(), "self_id": self.options().self_id, "post_type": "notice"});
        for (name, value) in fields.as_object().into_iter().flatten() {
            event[name] = value.clone();
        }
        self.push(&event)
    }

    /// Sends a text message from a user in a group; its message id.
    pub fn group_text(&self, group: u64, user: u64, text: &str) -> i64 {
        self.group_message(group, user).text(text).push()
    }

    /// Sends a text message from a friend; its message id.
    pub fn private_text(&self, user: u64, text: &str) -> i64 {
        self.private_message(user).text(text).push()
    }

    /// A message from a user in a group, to be completed and pushed.
    pub fn group_message(&self, group: u64, user: u64) -> MessageDraft {
        MessageDraft::new(self, Chat::Group(group), user)
    }

    /// A message from a friend, to be completed and pushed.
    pub fn private_message(&self, user: u64) -> MessageDraft {
        MessageDraft::new(self, Chat::Friend(user), user)
    }

    /// A message from a stranger in a temporary chat that came about in a group.
    pub fn temporary_message(&self, group: u64, user: u64) -> MessageDraft {
        MessageDraft::new(self, Chat::Temporary { user, group }, user)
    }
}

/// A message event in the making. Nothing is sent before [`MessageDraft::push`].
#[must_use = "a draft is sent by push()"]
pub struct MessageDraft {
    napcat: Napcat,
    chat: Chat,
    sender: u64,
    segments: Vec<Value>,
    author: Map<String, Value>,
    fields: Map<String, Value>,
}

impl MessageDraft {
    fn new(napcat: &Napcat, chat: Chat, sender: u64) -> Self {
        let (author, fields) = (Map::new(), Map::new());
        Self { napcat: napcat.clone(), chat, sender, segments: Vec::new(), author, fields }
    }

    /// Adds a text segment.
    pub fn text(self, text: &str) -> Self {
        self.segment("text", json!({"text": text}))
    }

    /// Adds a mention; `all` for everyone.
    pub fn at(self, user: &str) -> Self {
        self.segment("at", json!({"qq": user}))
    }

    /// Adds a quote of a message.
    pub fn reply(self, message_id: i64) -> Self {
        self.segment("reply", json!({"id": message_id.to_string()}))
    }

    /// Adds a segment of any type.
    pub fn segment(mut self, kind: &str, data: Value) -> Self {
        let segment = [("type".to_owned(), kind.into()), ("data".to_owned(), data)];
        self.segments.push(Value::Object(Map::from_iter(segment)));
        self
    }

    /// Adds segments as they stand.
    pub fn segments(mut self, segments: impl IntoIterator<Item = Value>) -> Self {
        self.segments.extend(segments);
        self
    }

    /// Makes it a message the bot sent from elsewhere (`message_sent`), in the same chat.
    pub fn by_bot(mut self) -> Self {
        self.sender = self.napcat.options().self_id;
        self
    }

    /// A field of `sender`: `nickname`, `card`, `role`, ...; `Null` takes it out.
    pub fn sender(mut self, name: &str, value: Value) -> Self {
        self.author.insert(name.to_owned(), value);
        self
    }

    /// A field of the event, in place of the usual one; `Null` takes it out.
    pub fn field(mut self, name: &str, value: Value) -> Self {
        self.fields.insert(name.to_owned(), value);
        self
    }

    /// The event, with a fresh message id, not sent.
    pub fn json(&self) -> Value {
        let mut event = self.object();
        if let Some(author) = event.get_mut("sender").and_then(Value::as_object_mut) {
            author.insert("user_id".to_owned(), self.sender.into());
            overlay(author, &self.author);
        }
        overlay(&mut event, &self.fields);
        Value::Object(event)
    }

    /// Sends the event to all event connections; its message id (0 when it has none that is a number).
    pub fn push(self) -> i64 {
        let event = self.json();
        self.napcat.push(&event);
        event["message_id"].as_i64().unwrap_or_default()
    }

    fn object(&self) -> Map<String, Value> {
        let mut world = lock(&self.napcat.shared().world);
        if let Chat::Group(group) | Chat::Temporary { group, .. } = self.chat
            && !world.groups.contains_key(&group)
        {
            world.add_group(group, "群");
        }
        match self.chat {
            Chat::Group(group) if !world.groups[&group].members.contains_key(&self.sender) => {
                world.add_member(group, self.sender, "", "member");
            }
            _ if !world.people.contains_key(&self.sender) => {
                let friend = matches!(self.chat, Chat::Friend(_));
                world.add_person(self.sender, &format!("用户{}", self.sender), friend);
            }
            _ => {}
        }
        world.message_object(self.chat, self.sender, &self.segments)
    }
}

fn overlay(object: &mut Map<String, Value>, fields: &Map<String, Value>) {
    for (name, value) in fields {
        match value {
            Value::Null => drop(object.shift_remove(name)),
            value => drop(object.insert(name.clone(), value.clone())),
        }
    }
}
