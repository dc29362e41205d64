//! Events for tests.

use std::cell::Cell;

use crate::{
    Content, Message,
    host::fake,
    types::{
        Bot, Chat, EventBody, MemberChange, Mention, Notice, RawEvent, ReceivedMessage, Role, Segment, User,
    },
};

thread_local! {
    static NEXT: Cell<u32> = const { Cell::new(1) };
}

fn next() -> u32 {
    NEXT.replace(NEXT.get() + 1)
}

/// The account of all made events: 10000.
pub(crate) fn bot() -> Bot {
    Bot { id: "10000".into(), platform: "onebot".into(), nickname: "iglu".into(), online: true }
}

/// An event of any kind, at the harness's present time.
#[must_use]
pub fn event(body: EventBody) -> RawEvent {
    let time = fake::with(|host| host.now);
    RawEvent { id: format!("event-{}", next()), bot: bot(), time, redelivered: false, body }
}

/// A notice.
#[must_use]
pub fn notice(notice: Notice) -> RawEvent {
    event(EventBody::Notice(notice))
}

/// Someone joined a group.
#[must_use]
pub fn member_joined(group: &str, user: &str) -> RawEvent {
    let change =
        MemberChange { group: group.into(), user: user.into(), operator: None, how: "approve".into() };
    notice(Notice::MemberJoined(change))
}

/// A message: from the user 10001 in a private chat, if nothing else is said.
///
/// ```
/// use iglu_sdk::{Message, testing::message, types::Role};
/// let event = message(Message::new().at("10002").text(" hi")).from("10003").in_group("20001").role(Role::Admin);
/// ```
pub fn message(content: impl Into<Message>) -> MessageBuilder {
    MessageBuilder {
        content: content.into(),
        sender: "10001".into(),
        nickname: "Ann".into(),
        role: Role::Unknown,
        group: None,
        to_me: false,
    }
}

/// See [`message`].
#[must_use]
#[derive(Clone, Debug)]
pub struct MessageBuilder {
    content: Message,
    sender: String,
    nickname: String,
    role: Role,
    group: Option<String>,
    to_me: bool,
}

impl MessageBuilder {
    /// Who says it.
    pub fn from(mut self, user: &str) -> Self {
        user.clone_into(&mut self.sender);
        self
    }

    /// The sender's name.
    pub fn nickname(mut self, name: &str) -> Self {
        name.clone_into(&mut self.nickname);
        self
    }

    /// The sender's role in the group.
    pub fn role(mut self, role: Role) -> Self {
        self.role = role;
        self
    }

    /// Said in a group.
    pub fn in_group(mut self, group: &str) -> Self {
        self.group = Some(group.into());
        if self.role == Role::Unknown {
            self.role = Role::Member;
        }
        self
    }

    /// Mentions the bot.
    pub fn to_me(mut self) -> Self {
        self.to_me = true;
        self
    }
}

impl From<MessageBuilder> for RawEvent {
    fn from(builder: MessageBuilder) -> Self {
        let MessageBuilder { content, sender, nickname, role, group, to_me } = builder;
        let mentions_bot = |segment: &Segment| match segment {
            Segment::At(Mention::User(user)) => user.is_self || user.id == bot().id,
            _ => false,
        };
        let to_me = to_me || group.is_none() || content.iter().any(mentions_bot);
        event(EventBody::Message(ReceivedMessage {
            id: format!("message-{}", next()),
            chat: group.map_or_else(|| Chat::Private(sender.clone()), Chat::Group),
            chat_name: None,
            sender: User {
                id: sender,
                union_id: None,
                nickname,
                card: None,
                title: None,
                role,
                roles: Vec::new(),
                level: None,
                avatar: None,
                is_bot: false,
            },
            anonymous: None,
            time: fake::with(|host| host.now),
            sequence: None,
            sub_kind: None,
            text: Content::plain_text(&*content).trim().to_owned(),
            raw: content.to_string(),
            content: content.into_segments(),
            to_me,
        }))
    }
}

impl From<&str> for RawEvent {
    fn from(text: &str) -> Self {
        message(text).into()
    }
}
