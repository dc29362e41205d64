//! One event as it is told to a bot, whatever the transport.

use serde_json::{Value, json};

use super::{Chat, ids};

/// A dispatch. Pushing it twice is what the platform does when it repeats itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// `t`.
    pub kind: String,
    /// The outer id: what duplicates share, and `event_id` of an answer.
    pub id: String,
    /// `d`.
    pub d: Value,
}

impl Event {
    /// An event with an outer id of its own.
    pub fn new(kind: &str, d: Value) -> Self {
        let id = match (kind, d["id"].as_str()) {
            ("INTERACTION_CREATE", Some(id)) => format!("{kind}:{id}"),
            _ => ids::event(kind),
        };
        Self { kind: kind.to_owned(), id, d }
    }

    /// The event in an envelope as captured; `None` when it has no `t` or no outer id.
    pub fn from_envelope(envelope: &Value) -> Option<Self> {
        let (kind, id) = (envelope["t"].as_str()?.to_owned(), envelope["id"].as_str()?.to_owned());
        Some(Self { kind, id, d: envelope["d"].clone() })
    }

    /// `d.id`, which answers give as `msg_id`; empty when there is none.
    pub fn message_id(&self) -> &str {
        self.d["id"].as_str().unwrap_or_default()
    }

    /// The index by which its message is quoted.
    pub fn reference(&self) -> Option<&str> {
        let ext = self.d["message_scene"]["ext"].as_array()?;
        ext.iter().filter_map(Value::as_str).find_map(|entry| entry.strip_prefix("msg_idx="))
    }

    /// Whether it is a message that somebody wrote.
    pub fn is_message(&self) -> bool {
        self.kind.ends_with("MESSAGE_CREATE")
    }

    /// Where an answer would go.
    pub fn chat(&self) -> Option<Chat> {
        let d = &self.d;
        let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        match self.kind.as_str() {
            "DIRECT_MESSAGE_CREATE" => text(&d["guild_id"]).map(Chat::Dm),
            _ => text(&d["group_openid"])
                .map(Chat::Group)
                .or_else(|| text(&d["channel_id"]).map(Chat::Channel))
                .or_else(|| text(&d["author"]["user_openid"]).map(Chat::User))
                .or_else(|| text(&d["user_openid"]).map(Chat::User))
                .or_else(|| text(&d["openid"]).map(Chat::User)),
        }
    }

    /// The envelope's text, with `s` on the gateway.
    pub fn envelope(&self, s: Option<u64>) -> String {
        let Self { kind, id, d } = self;
        match s {
            Some(s) => json!({"op": 0, "id": id, "d": d, "s": s, "t": kind}).to_string(),
            None => json!({"op": 0, "id": id, "d": d, "t": kind}).to_string(),
        }
    }

    /// The guild it belongs to, by which it goes to a shard.
    pub(super) fn guild(&self) -> Option<u64> {
        let of_guild = self.kind.starts_with("GUILD_").then(|| &self.d["id"]);
        let value = [&self.d["guild_id"], &self.d["message"]["guild_id"]];
        let value = value.into_iter().find(|value| !value.is_null()).or(of_guild)?;
        value.as_u64().or_else(|| value.as_str()?.parse().ok())
    }

    /// The intent bit without which it is not told; `None` for an unknown kind, which everyone is told.
    pub(super) fn intent(&self) -> Option<u32> {
        let kind = self.kind.as_str();
        Some(match kind {
            "GUILD_CREATE" | "GUILD_UPDATE" | "GUILD_DELETE" | "CHANNEL_CREATE" | "CHANNEL_UPDATE"
            | "CHANNEL_DELETE" => 0,
            "GUILD_MEMBER_ADD" | "GUILD_MEMBER_UPDATE" | "GUILD_MEMBER_REMOVE" => 1,
            "MESSAGE_CREATE" | "MESSAGE_DELETE" => 9,
            "MESSAGE_REACTION_ADD" | "MESSAGE_REACTION_REMOVE" => 10,
            "DIRECT_MESSAGE_CREATE" | "DIRECT_MESSAGE_DELETE" => 12,
            "AUDIO_OR_LIVE_CHANNEL_MEMBER_ENTER" | "AUDIO_OR_LIVE_CHANNEL_MEMBER_EXIT" => 19,
            "ENTER_AIO" => 23,
            "GROUP_MEMBER_ADD" | "GROUP_MEMBER_REMOVE" | "GROUP_JOIN_REQUEST" => 24,
            "C2C_MESSAGE_CREATE"
            | "FRIEND_ADD"
            | "FRIEND_DEL"
            | "C2C_MSG_REJECT"
            | "C2C_MSG_RECEIVE"
            | "GROUP_AT_MESSAGE_CREATE"
            | "GROUP_MESSAGE_CREATE"
            | "GROUP_ADD_ROBOT"
            | "GROUP_DEL_ROBOT"
            | "GROUP_MSG_REJECT"
            | "GROUP_MSG_RECEIVE"
            | "SUBSCRIBE_MESSAGE_STATUS" => 25,
            "INTERACTION_CREATE" => 26,
            "MESSAGE_AUDIT_PASS" | "MESSAGE_AUDIT_REJECT" => 27,
            "AUDIO_START" | "AUDIO_FINISH" | "AUDIO_ON_MIC" | "AUDIO_OFF_MIC" => 29,
            "AT_MESSAGE_CREATE" | "PUBLIC_MESSAGE_DELETE" => 30,
            _ if kind.starts_with("OPEN_FORUM_") => 18,
            _ if kind.starts_with("FORUM_") => 28,
            _ => return None,
        })
    }
}
