//! What the simulated QQ knows: people, groups, messages. No transport in here.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    time::{SystemTime, UNIX_EPOCH},
};

use serde_json::{Map, Value, json};

use super::{
    Build, Format, Options, cq,
    options::{FRIEND, GROUP, OWNER},
};

/// NapCat's message id map holds as many; older messages cannot be fetched, quoted or recalled.
const KNOWN_MESSAGES: usize = 5000;

pub(super) struct World {
    pub(super) options: Options,
    pub(super) online: bool,
    pub(super) people: BTreeMap<u64, Person>,
    pub(super) groups: BTreeMap<u64, Group>,
    pub(super) forwards: HashMap<String, Vec<Value>>,
    /// Requests that wait for an answer, by flag.
    pub(super) requests: BTreeMap<String, Value>,
    /// Who reacted, by message and emoji.
    pub(super) reactions: BTreeMap<(i64, String), BTreeSet<u64>>,
    /// Contents of files by name, file id and path on the host, and the names behind ids and paths.
    pub(super) stored: HashMap<String, Vec<u8>>,
    pub(super) file_names: HashMap<String, String>,
    pub(super) uploads: HashMap<String, Upload>,
    /// What the action that runs has caused so far.
    pub(super) notices: Vec<Value>,
    pub(super) sent: Option<Value>,
    messages: HashMap<i64, Value>,
    order: VecDeque<i64>,
    sequences: HashMap<Chat, u64>,
    issued: i64,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Person {
    pub(super) nickname: String,
    pub(super) friend: bool,
    pub(super) remark: String,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) members: BTreeMap<u64, Member>,
    pub(super) remark: String,
    /// Everyone is muted.
    pub(super) shut: bool,
    pub(super) essence: Vec<Value>,
    pub(super) notices: Vec<Value>,
    pub(super) files: Vec<Value>,
    pub(super) folders: Vec<Value>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Member {
    pub(super) card: String,
    pub(super) role: String,
    pub(super) title: String,
    /// Seconds since 1970; 0 for one who is not muted.
    pub(super) muted_until: u64,
}

/// A file that arrives in chunks.
#[derive(Clone, Debug, Default)]
pub(super) struct Upload {
    pub(super) filename: String,
    pub(super) sha256: Option<String>,
    pub(super) total: u64,
    pub(super) chunks: BTreeMap<u64, Vec<u8>>,
}

/// Where a message belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Chat {
    Group(u64),
    Friend(u64),
    /// A temporary chat with a user, by way of a group.
    Temporary {
        user: u64,
        group: u64,
    },
}

impl World {
    pub(super) fn new(options: Options) -> Self {
        let mut world = Self {
            online: true,
            people: BTreeMap::new(),
            groups: BTreeMap::new(),
            forwards: HashMap::new(),
            requests: BTreeMap::new(),
            reactions: BTreeMap::new(),
            stored: HashMap::new(),
            file_names: HashMap::new(),
            uploads: HashMap::new(),
            notices: Vec::new(),
            sent: None,
            messages: HashMap::new(),
            order: VecDeque::new(),
            sequences: HashMap::new(),
            issued: 0,
            options,
        };
        let (self_id, nickname) = (world.options.self_id, world.options.nickname.clone());
        world.add_person(self_id, &nickname, false);
        world.add_person(FRIEND, "东风寄千愁", true);
        world.add_person(OWNER, "群主", false);
        world.add_group(GROUP, "测试群");
        world.add_member(GROUP, OWNER, "", "owner");
        world.add_member(GROUP, FRIEND, "", "admin");
        world
    }

    pub(super) fn add_person(&mut self, user: u64, nickname: &str, friend: bool) {
        let person = self.people.entry(user).or_default();
        person.nickname = nickname.to_owned();
        person.friend = friend;
    }

    /// A group the bot is in, as a plain member.
    pub(super) fn add_group(&mut self, group: u64, name: &str) {
        self.groups.entry(group).or_default().name = name.to_owned();
        let self_id = self.options.self_id;
        self.add_member(group, self_id, "", "member");
    }

    pub(super) fn add_member(&mut self, group: u64, user: u64, card: &str, role: &str) {
        self.people
            .entry(user)
            .or_insert_with(|| Person { nickname: format!("用户{user}"), ..Person::default() });
        let member = Member { card: card.to_owned(), role: role.to_owned(), ..Member::default() };
        self.groups.entry(group).or_default().members.insert(user, member);
    }

    /// Takes note of who and what an event mentions: QQ knows whom its events are about.
    pub(super) fn learn(&mut self, event: &Value) {
        let group = id(&event["group_id"]).filter(|group| *group != 0);
        let user = id(&event["user_id"]).filter(|user| *user != 0);
        if let Some(group) = group.filter(|group| !self.groups.contains_key(group)) {
            self.add_group(group, event["group_name"].as_str().unwrap_or("群"));
        }
        if let Some(user) = user {
            self.learn_person(event, user);
        }
        if let (Some(group), Some(user)) = (group, user) {
            self.learn_member(event, group, user);
        }
        if let ("request", Some(flag)) =
            (event["post_type"].as_str().unwrap_or_default(), event["flag"].as_str())
        {
            self.requests.insert(flag.to_owned(), event.clone());
        }
        for segment in cq::segments_of(&event["message"]) {
            let data = &segment["data"];
            if matches!(segment["type"].as_str(), Some("image" | "record" | "video" | "file"))
                && let Some(name) = data["file"].as_str()
                && !self.stored.contains_key(name)
            {
                self.keep(name, data["file_id"].as_str(), format!("content of {name}").as_bytes());
            }
        }
        if let ("message" | "message_sent", Some(id)) =
            (event["post_type"].as_str().unwrap_or_default(), event["message_id"].as_i64())
        {
            self.remember(id, event.clone());
        }
    }

    /// Keeps a file by its name, and by its id if it has one.
    pub(super) fn keep(&mut self, name: &str, file_id: Option<&str>, bytes: &[u8]) {
        for key in [Some(name), file_id].into_iter().flatten() {
            self.file_names.insert(key.to_owned(), name.to_owned());
            self.stored.insert(key.to_owned(), bytes.to_owned());
        }
    }

    /// Keeps a file as one on NapCat's host; its path there.
    pub(super) fn keep_on_host(&mut self, name: &str, bytes: Vec<u8>) -> String {
        let path = format!("/napcat/temp/{:08x}/{name}", self.issue_message_id());
        self.file_names.insert(path.clone(), name.to_owned());
        self.stored.insert(path.clone(), bytes);
        path
    }

    /// A notice for after the action that runs: `time`, `self_id` and `post_type` are put before its fields.
    pub(super) fn notify(&mut self, fields: Value) {
        let mut notice = json!({"time": now(), "self_id": self.options.self_id, "post_type": "notice"});
        for (name, value) in object(fields) {
            notice[name] = value;
        }
        self.notices.push(notice);
    }

    pub(super) fn name(&self, user: u64) -> String {
        self.people.get(&user).map_or_else(|| format!("用户{user}"), |person| person.nickname.clone())
    }

    fn learn_person(&mut self, event: &Value, user: u64) {
        let friend = event["message_type"] == "private" && event["sub_type"] == "friend";
        let friend = friend || event["notice_type"] == "friend_add";
        let person = self.people.entry(user).or_default();
        person.friend |= friend && user != self.options.self_id;
        if let Some(nickname) = event["sender"]["nickname"].as_str() {
            person.nickname = nickname.to_owned();
        }
    }

    fn learn_member(&mut self, event: &Value, group: u64, user: u64) {
        let members = &mut self.groups.entry(group).or_default().members;
        if event["notice_type"] == "group_decrease" {
            members.remove(&user);
        } else if event["message_type"] == "group" {
            let text = |key: &str| event["sender"][key].as_str().unwrap_or_default().to_owned();
            let role =
                Some(text("role")).filter(|role| !role.is_empty()).unwrap_or_else(|| "member".to_owned());
            let member = members.entry(user).or_default();
            (member.card, member.role) = (text("card"), role);
        } else if event["post_type"] == "notice" {
            members.entry(user).or_insert_with(|| Member { role: "member".to_owned(), ..Member::default() });
        }
    }

    fn remember(&mut self, id: i64, message: Value) {
        if self.messages.insert(id, message).is_none() {
            self.order.push_back(id);
        }
        if self.order.len() > KNOWN_MESSAGES
            && let Some(oldest) = self.order.pop_front()
        {
            self.messages.remove(&oldest);
        }
    }

    pub(super) fn message(&self, id: i64) -> Option<&Value> {
        self.messages.get(&id)
    }

    pub(super) fn recall(&mut self, id: i64) -> Option<Value> {
        self.order.retain(|known| *known != id);
        self.messages.remove(&id)
    }

    /// Known messages, the oldest first.
    pub(super) fn messages(&self) -> impl Iterator<Item = &Value> {
        self.order.iter().filter_map(|id| self.messages.get(id))
    }

    /// An id as NapCat makes them: 1 to 2^31-1, neither ordered nor dense, none twice.
    pub(super) fn issue_message_id(&mut self) -> i64 {
        self.issued += 1;
        (self.issued * 0x5DEE_CE6D) & 0x7FFF_FFFF
    }

    /// A message object as it stands in events. Nothing is remembered; see [`World::learn`].
    pub(super) fn message_object(
        &mut self,
        chat: Chat,
        sender: u64,
        segments: &[Value],
    ) -> Map<String, Value> {
        let message_id = self.issue_message_id();
        let sequence = self.sequences.entry(chat).or_insert(20_470);
        *sequence += 1;
        let sequence = sequence.to_string();
        let own = sender == self.options.self_id;
        let nickname = self.people.get(&sender).map_or_else(String::new, |person| person.nickname.clone());
        let mut author = json!({"user_id": sender, "nickname": nickname, "card": ""});
        let (kind, sub_type) = match chat {
            Chat::Group(group) => {
                if let Some(member) = self.groups.get(&group).and_then(|group| group.members.get(&sender)) {
                    author["card"] = member.card.clone().into();
                    author["role"] = member.role.clone().into();
                }
                ("group", "normal")
            }
            Chat::Friend(_) => ("private", "friend"),
            Chat::Temporary { .. } => ("private", "group"),
        };
        let text = cq::encode(segments);
        let (message, format) = match self.options.format {
            Format::Array => (json!(segments), "array"),
            Format::String => (json!(text), "string"),
        };
        let mut object = object(json!({
            "self_id": self.options.self_id, "user_id": sender, "time": now(), "message_id": message_id,
            "message_seq": message_id, "real_id": message_id, "real_seq": sequence, "message_type": kind,
            "sender": author, "raw_message": text, "font": 14, "sub_type": sub_type, "message": message,
            "message_format": format, "post_type": if own { "message_sent" } else { "message" },
        }));
        match chat {
            Chat::Group(group) => {
                object.insert("group_id".to_owned(), group.into());
                if own {
                    object.insert("target_id".to_owned(), group.into());
                }
                let name = self.groups.get(&group).map(|group| group.name.clone());
                if let Some(name) = name.filter(|_| self.options.build == Build::Current) {
                    object.insert("group_name".to_owned(), name.into());
                }
            }
            Chat::Friend(user) => {
                object.insert("target_id".to_owned(), user.into());
            }
            Chat::Temporary { user, group } => {
                object.insert("target_id".to_owned(), user.into());
                object.insert("group_id".to_owned(), group.into());
                object.insert("temp_source".to_owned(), 0.into());
            }
        }
        if own {
            object.insert("message_sent_type".to_owned(), "self".into());
        }
        object
    }
}

/// A QQ or group number given as number or numeric string.
pub(super) fn id(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// Seconds since 1970.
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |age| age.as_secs())
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        other => Map::from_iter([("value".to_owned(), other)]),
    }
}
