//! Collects an action's parameters and makes the call.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

use super::segments;
use crate::{
    HostError, Message, bots,
    types::{Chat, ForwardNode, MediaSource},
};

/// Which file NapCat shall give: `"name.png".into()`, or by the id of a file segment or a listing.
#[derive(Clone, Debug, PartialEq)]
pub enum FileRef {
    /// The `file` of a received segment, or a path on NapCat's machine.
    File(String),
    /// The `file_id`.
    FileId(String),
}

impl From<&str> for FileRef {
    fn from(file: &str) -> Self {
        Self::File(file.to_owned())
    }
}

impl From<&String> for FileRef {
    fn from(file: &String) -> Self {
        Self::File(file.clone())
    }
}

impl From<String> for FileRef {
    fn from(file: String) -> Self {
        Self::File(file)
    }
}

/// The parameters so far, or the first thing that is wrong with them.
#[derive(Default)]
pub(super) struct Params {
    fields: Map<String, Value>,
    wrong: Option<HostError>,
}

/// Asks for what an action answers in one packet.
pub(super) async fn call(bot: &str, action: &str, params: Params) -> Result<Value, HostError> {
    bots::call(bot, action, &params.finish()?).await
}

impl Params {
    pub(super) fn finish(self) -> Result<Value, HostError> {
        match self.wrong {
            None => Ok(Value::Object(self.fields)),
            Some(wrong) => Err(wrong),
        }
    }

    fn put(&mut self, key: &str, value: impl Into<Value>) {
        self.fields.insert(key.to_owned(), value.into());
    }

    fn refuse(&mut self, wrong: HostError) {
        self.wrong.get_or_insert(wrong);
    }

    /// An empty one would reach NapCat as "not given", and some actions then take everybody.
    pub(super) fn id(&mut self, key: &str, id: impl AsRef<str>) {
        if id.as_ref().is_empty() {
            return self.refuse(HostError::Invalid(format!("`{key}` is empty; give an id")));
        }
        self.put(key, id.as_ref());
    }

    pub(super) fn text(&mut self, key: &str, text: impl AsRef<str>) {
        self.put(key, text.as_ref());
    }

    pub(super) fn flag(&mut self, key: &str, flag: bool) {
        self.put(key, flag);
    }

    pub(super) fn count(&mut self, key: &str, count: u32) {
        self.put(key, count);
    }

    pub(super) fn int(&mut self, key: &str, number: i64) {
        self.put(key, number);
    }

    /// NapCat takes these as text too, and for some of them as nothing else.
    pub(super) fn number(&mut self, key: &str, number: impl std::fmt::Display) {
        self.put(key, number.to_string());
    }

    pub(super) fn texts(&mut self, key: &str, texts: impl IntoIterator<Item = impl AsRef<str>>) {
        let texts: Vec<Value> = texts.into_iter().map(|text| text.as_ref().into()).collect();
        self.put(key, texts);
    }

    pub(super) fn news(&mut self, key: &str, lines: Vec<String>) {
        let lines: Vec<Value> = lines.into_iter().map(|line| json!({"text": line})).collect();
        self.put(key, lines);
    }

    pub(super) fn json(&mut self, key: &str, value: &Value) {
        self.put(key, value.clone());
    }

    pub(super) fn message(&mut self, key: &str, message: impl Into<Message>) {
        let content = segments::message(&message.into(), &mut self.fields);
        self.encoded(key, content);
    }

    pub(super) fn nodes(&mut self, key: &str, nodes: impl IntoIterator<Item = ForwardNode>) {
        let nodes: Vec<ForwardNode> = nodes.into_iter().collect();
        self.encoded(key, segments::nodes(&nodes, 1));
    }

    fn encoded(&mut self, key: &str, content: Result<Vec<Value>, HostError>) {
        match content {
            Ok(content) => self.put(key, content),
            Err(wrong) => self.refuse(wrong),
        }
    }

    /// The kind goes with the ids: without it NapCat takes a temporary chat's group for the place to send to.
    pub(super) fn chat(&mut self, _key: &str, chat: &Chat) {
        match chat {
            Chat::Private(user) => {
                self.put("message_type", "private");
                self.id("user_id", user);
            }
            Chat::Group(group) => {
                self.put("message_type", "group");
                self.id("group_id", group);
            }
            Chat::Temporary(chat) => {
                self.put("message_type", "private");
                self.id("user_id", &chat.user);
                if let Some(group) = &chat.group {
                    self.id("group_id", group);
                }
            }
            Chat::Channel(_) | Chat::Direct(_) | Chat::Other(_) => self.refuse(HostError::Unsupported(
                "NapCat has private chats, groups and temporary chats only; choose one of these".to_owned(),
            )),
        }
    }

    pub(super) fn source(&mut self, key: &str, source: impl Into<MediaSource>) {
        match segments::source(&source.into()) {
            Ok(file) => self.put(key, file),
            Err(wrong) => self.refuse(wrong),
        }
    }

    /// What `download_file` takes, under the key that fits it.
    pub(super) fn download(&mut self, _key: &str, source: impl Into<MediaSource>) {
        match source.into() {
            MediaSource::Url(url) => self.put("url", url),
            MediaSource::Bytes(bytes) => self.put("base64", STANDARD.encode(bytes)),
            MediaSource::PlatformFile(_) | MediaSource::Path(_) => self.refuse(HostError::Invalid(
                "NapCat downloads addresses and bytes, not files that it has; use `get_file`".to_owned(),
            )),
        }
    }

    pub(super) fn file(&mut self, _key: &str, file: impl Into<FileRef>) {
        match file.into() {
            FileRef::File(file) => self.id("file", file),
            FileRef::FileId(id) => self.id("file_id", id),
        }
    }
}
