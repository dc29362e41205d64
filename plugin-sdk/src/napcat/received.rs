//! What several families answer: messages, users, groups.

use serde_json::Value;

use super::answer::Answer;
use crate::types::Id;

/// The content of a message, in the format that NapCat is set to.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[serde(untagged)]
pub enum Body {
    /// `messagePostFormat` "array".
    Segments(Vec<RawSegment>),
    /// `messagePostFormat` "string": text with CQ codes.
    Text(String),
}

impl Body {
    /// The segments; none if the content is a text with CQ codes.
    #[must_use]
    pub fn segments(&self) -> &[RawSegment] {
        match self {
            Self::Segments(segments) => segments,
            Self::Text(_) => &[],
        }
    }
}

impl Default for Body {
    fn default() -> Self {
        Self::Segments(Vec::new())
    }
}

impl Answer for Body {
    fn read(value: Value) -> Result<Self, String> {
        match value {
            Value::String(text) => Ok(Self::Text(text)),
            object @ Value::Object(_) => Ok(Self::Segments(vec![RawSegment::read(object)?])),
            other => Vec::read(other).map(Self::Segments),
        }
    }
}

answers! {
    /// A segment as NapCat wrote it.
    RawSegment {
        kind ["type"]: String,
        data: Value,
    }

    /// Who wrote a message.
    Sender {
        user_id: Id,
        nickname: String,
        /// Empty without one, and in private chats.
        card: String,
        /// "owner", "admin" or "member"; often missing.
        role: Option<String>,
    }

    /// One emoji under a message.
    EmojiCount {
        emoji_id: Id,
        emoji_type: String,
        likes_cnt: i64,
    }

    /// A message as NapCat reports it, from [`get_msg`](super::get_msg), histories and forwards.
    /// [`messages::fetch`](crate::messages::fetch) gives it in the contract's words.
    MessageObject {
        self_id: Id,
        /// The sender.
        user_id: Id,
        /// Seconds since 1970.
        time: i64,
        message_id: Id,
        message_seq: Id,
        real_id: Id,
        /// The order inside the chat; old builds have none.
        real_seq: Option<String>,
        /// "private" or "group".
        message_type: String,
        sub_type: String,
        sender: Sender,
        message ["message" or "content"]: Body,
        message_format: String,
        /// With CQ codes.
        raw_message: String,
        font: i64,
        /// "message_sent" for the account's own.
        post_type: String,
        group_id: Option<Id>,
        group_name: Option<String>,
        /// The other side of a private chat.
        target_id: Option<Id>,
        /// 0 in a temporary chat.
        temp_source: Option<i64>,
        message_sent_type: Option<String>,
        emoji_likes_list: Vec<EmojiCount>,
        /// The kernel's own record, in debug mode.
        raw: Option<Value>,
    }

    /// Messages in the order of time.
    Messages {
        messages: Vec<MessageObject>,
    }

    /// What was sent. The two others are there for a merged forward.
    SentMessage {
        /// "0" when NapCat cannot tell.
        message_id: Id,
        res_id: Option<Id>,
        forward_id: Option<Id>,
    }

    /// A friend.
    User {
        user_id: Id,
        nickname: String,
        /// The account's own note.
        remark: Option<String>,
        /// "male", "female" or "unknown".
        sex: Option<String>,
        level: Option<i64>,
        age: Option<i64>,
        birthday_year: Option<i64>,
        birthday_month: Option<i64>,
        birthday_day: Option<i64>,
        phone_num: Option<String>,
        email: Option<String>,
        category_id: Option<Id>,
        qid: Option<String>,
        login_days: Option<i64>,
        category_name ["categoryName"]: Option<String>,
        /// The same number under the kernel's name, where NapCat gives both.
        kernel_category_id ["categoryId"]: Option<Id>,
    }

    /// A group.
    Group {
        group_id: Id,
        group_name: String,
        group_remark: String,
        /// -1 when the whole group is muted, else 0.
        group_all_shut: i64,
        member_count: Option<i64>,
        max_member_count: Option<i64>,
    }

    /// A member of a group. Times are seconds since 1970.
    GroupMember {
        group_id: Id,
        user_id: Id,
        nickname: String,
        card: String,
        sex: String,
        age: i64,
        area: String,
        /// The level in the group.
        level: String,
        qq_level: i64,
        join_time: i64,
        last_sent_time: i64,
        /// "owner", "admin" or "member".
        role: Option<String>,
        title: String,
        title_expire_time: i64,
        unfriendly: bool,
        card_changeable: bool,
        /// In the past: not muted.
        shut_up_timestamp: i64,
        is_robot: bool,
        qage: Option<i64>,
    }
}
