//! What the platform knows about one bot's chats: who is there, what may be answered, what was sent.

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    time::Instant,
};

use serde_json::{Value, json};

use super::{
    App, Options,
    clock::{DAY, day},
    event::Event,
    ids,
    interaction::Interaction,
    media::{File, Upload},
    options::{CHANNEL, GROUP, GUILD, USER},
    stream::Stream,
};

/// Where messages go.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Chat {
    /// A user's openid.
    User(String),
    /// A group's openid.
    Group(String),
    /// A channel's id.
    Channel(String),
    /// The id of the guild that stands for a direct message.
    Dm(String),
}

/// Something that may be answered: a message by its id, an event by its outer id.
pub(super) struct Anchor {
    /// The kind of an event; `None` for a message.
    pub(super) kind: Option<String>,
    pub(super) at: u64,
    pub(super) used: u32,
    pub(super) sequences: HashSet<u64>,
}

#[derive(Default)]
pub(super) struct User {
    pub(super) friend: bool,
    pub(super) refuses: bool,
    /// When the user last wrote, and which periods after that had a recall message.
    pub(super) wrote: u64,
    pub(super) woken: HashSet<u8>,
}

pub(super) struct Group {
    pub(super) inside: bool,
    pub(super) refuses: bool,
    pub(super) muted: bool,
    pub(super) name: String,
    /// Name, role and time of joining by openid.
    pub(super) members: BTreeMap<String, (String, String, u64)>,
    pub(super) requests: Vec<Value>,
}

/// A message the bot has sent.
pub(super) struct Own {
    pub(super) chat: Chat,
    pub(super) at: u64,
}

pub(super) struct World {
    pub(super) options: Options,
    pub(super) app: App,
    pub(super) users: HashMap<String, User>,
    pub(super) groups: HashMap<String, Group>,
    /// Channels by id, with their guild.
    pub(super) channels: BTreeMap<String, String>,
    /// Users behind direct messages, by guild.
    pub(super) dms: HashMap<String, String>,
    pub(super) anchors: HashMap<(Chat, String), Anchor>,
    pub(super) references: HashSet<String>,
    pub(super) own: HashMap<String, Own>,
    pub(super) recalled: Vec<String>,
    pub(super) files: HashMap<String, File>,
    pub(super) uploads: HashMap<String, Upload>,
    pub(super) uploaded: (u64, u64),
    pub(super) streams: HashMap<String, Stream>,
    pub(super) interactions: HashMap<String, Interaction>,
    /// How often the notices of one kind in one chat were answered on a day.
    pub(super) notices: HashMap<(Chat, String, u64), u32>,
    counters: HashMap<String, VecDeque<u64>>,
}

impl World {
    pub(super) fn new(options: Options, app: App) -> Self {
        let mut world = Self {
            options,
            app,
            users: HashMap::new(),
            groups: HashMap::new(),
            channels: BTreeMap::from([(CHANNEL.to_owned(), GUILD.to_owned())]),
            dms: HashMap::new(),
            anchors: HashMap::new(),
            references: HashSet::new(),
            own: HashMap::new(),
            recalled: Vec::new(),
            files: HashMap::new(),
            uploads: HashMap::new(),
            uploaded: (0, 0),
            streams: HashMap::new(),
            interactions: HashMap::new(),
            notices: HashMap::new(),
            counters: HashMap::new(),
        };
        world.user(USER).friend = true;
        world.member(GROUP, USER);
        world
    }

    pub(super) fn user(&mut self, openid: &str) -> &mut User {
        self.users.entry(openid.to_owned()).or_default()
    }

    pub(super) fn group(&mut self, openid: &str) -> &mut Group {
        self.groups.entry(openid.to_owned()).or_insert_with(|| Group {
            inside: true,
            refuses: false,
            muted: false,
            name: format!("群{}", &openid.chars().take(4).collect::<String>()),
            members: BTreeMap::new(),
            requests: Vec::new(),
        })
    }

    pub(super) fn member(&mut self, group: &str, openid: &str) {
        let members = &mut self.group(group).members;
        let known = members.len();
        members.entry(openid.to_owned()).or_insert_with(|| {
            (format!("成员{}", known + 1), if known == 0 { "owner" } else { "member" }.to_owned(), 0)
        });
    }

    /// Takes one of `max` within the last `span` milliseconds; whether there was one left.
    pub(super) fn quota(&mut self, key: &str, span: u64, max: u32, now: u64) -> bool {
        self.left(key, span, max, now) && {
            if max != u32::MAX {
                self.counters.entry(key.to_owned()).or_default().push_back(now);
            }
            true
        }
    }

    /// Whether one of `max` within the last `span` milliseconds is left.
    pub(super) fn left(&mut self, key: &str, span: u64, max: u32, now: u64) -> bool {
        if max == u32::MAX {
            return true;
        }
        let times = self.counters.entry(key.to_owned()).or_default();
        while times.front().is_some_and(|time| time + span <= now) {
            times.pop_front();
        }
        times.len() < max as usize
    }

    /// Takes note of an event that is about to be told to the bot.
    pub(super) fn learn(&mut self, event: &Event, now: u64) {
        let Some(chat) = event.chat() else { return };
        let (kind, d) = (event.kind.as_str(), &event.d);
        let text = |key: &str| d[key].as_str().unwrap_or_default().to_owned();
        match &chat {
            Chat::User(openid) => {
                let user = self.user(openid);
                match kind {
                    "FRIEND_DEL" => user.friend = false,
                    "C2C_MSG_REJECT" => user.refuses = true,
                    "C2C_MSG_RECEIVE" => user.refuses = false,
                    _ => user.friend = true,
                }
                if kind == "C2C_MESSAGE_CREATE" {
                    (user.wrote, user.woken) = (now, HashSet::new());
                }
            }
            Chat::Group(openid) => {
                let group = self.group(openid);
                match kind {
                    "GROUP_DEL_ROBOT" => group.inside = false,
                    "GROUP_MSG_REJECT" => group.refuses = true,
                    "GROUP_MSG_RECEIVE" => group.refuses = false,
                    "GROUP_MEMBER_REMOVE" => drop(group.members.remove(&text("member_openid"))),
                    "GROUP_JOIN_REQUEST" => group.requests.push(d.clone()),
                    _ => group.inside = true,
                }
                let author = d["author"]["member_openid"].as_str().unwrap_or_default().to_owned();
                for member in [author, text("op_member_openid"), text("group_member_openid")] {
                    if !member.is_empty() {
                        self.member(openid, &member);
                    }
                }
                if kind == "GROUP_MEMBER_ADD" {
                    self.member(openid, &text("member_openid"));
                }
            }
            Chat::Channel(id) => drop(self.channels.insert(id.clone(), text("guild_id"))),
            Chat::Dm(guild) => {
                let user = d["author"]["id"].as_str().unwrap_or_default().to_owned();
                self.dms.insert(guild.clone(), user);
            }
        }
        if kind == "INTERACTION_CREATE" {
            let interaction = Interaction { since: Instant::now(), acknowledged: None };
            self.interactions.entry(text("id")).or_insert(interaction);
        }
        if let Some(index) = event.reference() {
            self.references.insert(index.to_owned());
        }
        let anchor = |kind| Anchor { kind, at: now, used: 0, sequences: HashSet::new() };
        if event.is_message() {
            self.anchors.entry((chat.clone(), text("id"))).or_insert_with(|| anchor(None));
        }
        let key = (chat, event.id.clone());
        self.anchors.entry(key).or_insert_with(|| anchor(Some(kind.to_owned())));
    }

    /// Keeps what was sent for recall and quoting; its id and the index to quote it by.
    pub(super) fn keep_own(&mut self, chat: &Chat, now: u64) -> (String, String) {
        let guild = matches!(chat, Chat::Channel(_) | Chat::Dm(_));
        let id = if guild { ids::channel_message() } else { ids::message() };
        let reference = ids::reference();
        self.references.insert(reference.clone());
        self.own.insert(id.clone(), Own { chat: chat.clone(), at: now });
        (id, reference)
    }

    /// Takes an answer to a notice; whether one is left today.
    pub(super) fn take_notice(&mut self, chat: &Chat, kind: &str, now: u64) -> bool {
        let used = self.notices.entry((chat.clone(), kind.to_owned(), day(now))).or_default();
        *used += 1;
        *used <= self.options.limits.notice_answers
    }

    /// The members of a group as the platform lists them.
    pub(super) fn member_list(&self, group: &str) -> Vec<Value> {
        let members = self.groups.get(group).into_iter().flat_map(|group| &group.members);
        let entry = |(openid, (name, role, joined)): (&String, &(String, String, u64))| {
            json!({"member_openid": openid, "username": name, "member_role": role,
                "join_timestamp": joined})
        };
        members.map(entry).collect()
    }

    /// Counts bytes of today's uploads in parts; whether they are within the day's sum.
    pub(super) fn count_upload(&mut self, bytes: u64, now: u64) -> bool {
        let today = now / DAY;
        let before = if self.uploaded.0 == today { self.uploaded.1 } else { 0 };
        let fits = before + bytes <= self.options.limits.upload_day;
        self.uploaded = (today, if fits { before + bytes } else { before });
        fits
    }
}
