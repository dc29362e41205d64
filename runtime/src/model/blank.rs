//! Records with nothing in them but what is always known, to be filled in with `..`.

use super::{Chat, Message, Role, User};

impl User {
    /// Somebody of whom no more is known than the id and, it may be, a name.
    #[must_use]
    pub fn named(id: impl Into<String>, nickname: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            union_id: None,
            nickname: nickname.into(),
            card: None,
            title: None,
            role: Role::Unknown,
            roles: Vec::new(),
            level: None,
            avatar: None,
            is_bot: false,
        }
    }
}

impl Message {
    /// A message without content.
    #[must_use]
    pub fn blank(id: impl Into<String>, chat: Chat, sender: User) -> Self {
        Self {
            id: id.into(),
            chat,
            chat_name: None,
            sender,
            anonymous: None,
            time: 0.0,
            sequence: None,
            sub_kind: None,
            content: Vec::new(),
            text: String::new(),
            raw: String::new(),
            to_me: false,
        }
    }
}
