//! Everything that users, admins and the platform itself do to a bot.

use serde_json::{Value, json};

use super::{Bot, CHANNEL, Draft, Event, GUILD, Shape, clock::rfc3339, ids};
use crate::lock;

impl Bot {
    fn now(&self) -> u64 {
        self.shared().clock.now()
    }

    fn shape(&self) -> Shape {
        self.shared().options.shape
    }

    /// Tells an event of any type, with an outer id of its own.
    pub fn event(&self, kind: &str, d: Value) -> Event {
        let event = Event::new(kind, d);
        self.emit(&event);
        event
    }

    /// A user writes to the bot.
    pub fn c2c(&self, user: &str, draft: impl Into<Draft>) -> Event {
        let event = self.c2c_event(user, draft);
        self.emit(&event);
        event
    }

    /// The event of [`Bot::c2c`], not told yet.
    pub fn c2c_event(&self, user: &str, draft: impl Into<Draft>) -> Event {
        let mut d = draft.into().body(self.shape(), self.now());
        d["author"] = json!({"id": user, "user_openid": user, "union_openid": user});
        if self.shape() == Shape::Y2026 {
            (d["author"]["username"], d["author"]["bot"]) = ("".into(), false.into());
        }
        Event::new("C2C_MESSAGE_CREATE", d)
    }

    /// A member mentions the bot; the mention leaves a leading space.
    pub fn group_at(&self, group: &str, member: &str, draft: impl Into<Draft>) -> Event {
        let event = self.group_at_event(group, member, draft);
        self.emit(&event);
        event
    }

    /// The event of [`Bot::group_at`], not told yet.
    pub fn group_at_event(&self, group: &str, member: &str, draft: impl Into<Draft>) -> Event {
        let mut d = self.group_body(group, member, &draft.into());
        d["content"] = format!(" {}", d["content"].as_str().unwrap_or_default()).into();
        Event::new("GROUP_AT_MESSAGE_CREATE", d)
    }

    /// A member writes in a group whose owner lets the bot hear everything.
    pub fn group_message(&self, group: &str, member: &str, draft: impl Into<Draft>) -> Event {
        let event = self.group_message_event(group, member, draft);
        self.emit(&event);
        event
    }

    /// The event of [`Bot::group_message`], not told yet.
    pub fn group_message_event(&self, group: &str, member: &str, draft: impl Into<Draft>) -> Event {
        Event::new("GROUP_MESSAGE_CREATE", self.group_body(group, member, &draft.into()))
    }

    fn group_body(&self, group: &str, member: &str, draft: &Draft) -> Value {
        let mut d = draft.body(self.shape(), self.now());
        d["author"] = json!({"id": member, "member_openid": member, "union_openid": member});
        // Not in the documentation, in every capture, and asked for by clients.
        (d["group_id"], d["group_openid"]) = (group.into(), group.into());
        if self.shape() == Shape::Y2026 {
            (d["author"]["username"], d["author"]["bot"]) = ("小明".into(), false.into());
            d["author"]["member_role"] = "member".into();
        }
        d
    }

    /// Someone mentions the bot in a channel.
    pub fn channel_at(&self, user: &str, text: &str) -> Event {
        let content = format!("<@!{}> {text}", self.app().user_id);
        let mut d = self.guild_body(GUILD, CHANNEL, user, &content);
        d["mentions"] = json!([{"id": self.app().user_id, "username": self.app().name, "bot": true}]);
        self.event("AT_MESSAGE_CREATE", d)
    }

    /// Someone writes in a channel that a private-domain bot hears.
    pub fn channel_message(&self, user: &str, text: &str) -> Event {
        self.event("MESSAGE_CREATE", self.guild_body(GUILD, CHANNEL, user, text))
    }

    /// Someone writes a direct message, which stands in a guild of its own.
    pub fn dm(&self, guild: &str, user: &str, text: &str) -> Event {
        let mut d = self.guild_body(guild, &ids::number(8), user, text);
        (d["direct_message"], d["src_guild_id"]) = (true.into(), GUILD.into());
        self.event("DIRECT_MESSAGE_CREATE", d)
    }

    fn guild_body(&self, guild: &str, channel: &str, user: &str, content: &str) -> Value {
        json!({"id": ids::channel_message(), "guild_id": guild, "channel_id": channel, "content": content,
            "timestamp": rfc3339(self.now()), "seq": 101, "seq_in_channel": "101",
            "author": {"id": user, "username": "abc", "avatar": "http://thirdqq.qlogo.cn/0", "bot": false},
            "member": {"joined_at": "2021-04-12T16:34:42+08:00", "roles": ["1"], "nick": "abc"}})
    }

    fn user_notice(&self, kind: &str, user: &str) -> Event {
        self.event(kind, json!({"timestamp": self.now() / 1000, "openid": user}))
    }

    /// A user becomes a friend.
    pub fn friend_add(&self, user: &str) -> Event {
        let mut d = json!({"timestamp": self.now() / 1000, "openid": user, "author": {"union_openid": user}});
        if self.shape() == Shape::Y2026 {
            (d["scene"], d["scene_param"]) = (2003.into(), "".into());
        }
        self.event("FRIEND_ADD", d)
    }

    /// A user is no friend any more.
    pub fn friend_del(&self, user: &str) -> Event {
        let d = json!({"timestamp": self.now() / 1000, "openid": user, "author": {"union_openid": user}});
        self.event("FRIEND_DEL", d)
    }

    /// A user switches active messages on or off.
    pub fn user_push(&self, user: &str, on: bool) -> Event {
        self.user_notice(if on { "C2C_MSG_RECEIVE" } else { "C2C_MSG_REJECT" }, user)
    }

    fn group_notice(&self, kind: &str, group: &str, member: &str) -> Event {
        let d = json!({"timestamp": self.now() / 1000, "group_openid": group, "op_member_openid": member});
        self.event(kind, d)
    }

    /// A member takes the bot into a group.
    pub fn group_add(&self, group: &str, member: &str) -> Event {
        self.group_notice("GROUP_ADD_ROBOT", group, member)
    }

    /// A member removes the bot from a group.
    pub fn group_del(&self, group: &str, member: &str) -> Event {
        self.group_notice("GROUP_DEL_ROBOT", group, member)
    }

    /// An admin switches active messages on or off.
    pub fn group_push(&self, group: &str, member: &str, on: bool) -> Event {
        self.group_notice(if on { "GROUP_MSG_RECEIVE" } else { "GROUP_MSG_REJECT" }, group, member)
    }

    /// Someone joins a group, or leaves it.
    pub fn member_change(&self, group: &str, member: &str, joins: bool) -> Event {
        let kind = if joins { "GROUP_MEMBER_ADD" } else { "GROUP_MEMBER_REMOVE" };
        self.event(
            kind,
            json!({"timestamp": self.now() / 1000, "group_openid": group,
            "member_openid": member, "user_openid": member}),
        )
    }

    /// Someone asks to join a group.
    pub fn join_request(&self, group: &str, member: &str, words: &str) -> Event {
        self.event(
            "GROUP_JOIN_REQUEST",
            json!({"group_openid": group, "join_request_id": ids::hex(48),
            "member_openid": member, "username": "小明", "apply_at": rfc3339(self.now()),
            "apply_source": "self_apply",
            "verify_info": {"method": "verify_message", "verify_message": words}}),
        )
    }

    /// A user presses a button in a C2C chat.
    pub fn press(&self, user: &str, button: &str, data: &str) -> Event {
        self.event(
            "INTERACTION_CREATE",
            self.interaction(
                button,
                data,
                &json!({"chat_type": 2,
            "scene": "c2c", "user_openid": user}),
            ),
        )
    }

    /// A member presses a button in a group.
    pub fn group_press(&self, group: &str, member: &str, button: &str, data: &str) -> Event {
        self.event(
            "INTERACTION_CREATE",
            self.interaction(
                button,
                data,
                &json!({"chat_type": 1,
            "scene": "group", "group_openid": group, "group_member_openid": member}),
            ),
        )
    }

    /// Someone presses a button in a channel.
    pub fn channel_press(&self, user: &str, message: &str, button: &str, data: &str) -> Event {
        let place = json!({"chat_type": 0, "scene": "guild", "guild_id": GUILD, "channel_id": CHANNEL});
        let mut d = self.interaction(button, data, &place);
        d["data"]["resolved"]["user_id"] = user.into();
        d["data"]["resolved"]["message_id"] = message.into();
        self.event("INTERACTION_CREATE", d)
    }

    fn interaction(&self, button: &str, data: &str, place: &Value) -> Value {
        let mut d = json!({"application_id": self.app().app_id, "id": ids::uuid(), "type": 11, "version": 1,
            "timestamp": rfc3339(self.now()),
            "data": {"resolved": {"button_data": data, "button_id": button}, "type": 11}});
        for (name, value) in place.as_object().into_iter().flatten() {
            d[name] = value.clone();
        }
        d
    }

    /// Someone adds a reaction to a channel message, or takes it away.
    pub fn reaction(&self, user: &str, message: &str, emoji: &str, add: bool) -> Event {
        let kind = if add { "MESSAGE_REACTION_ADD" } else { "MESSAGE_REACTION_REMOVE" };
        self.event(
            kind,
            json!({"user_id": user, "guild_id": GUILD, "channel_id": CHANNEL,
            "target": {"id": message, "type": 0}, "emoji": {"id": emoji, "type": 1}}),
        )
    }

    /// Sends the next channel messages to review: 202 with an audit id.
    pub fn audit_next(&self, count: usize) {
        lock(&self.state.audits).0 = count;
    }

    /// The audit ids given out so far.
    pub fn audits(&self) -> Vec<String> {
        lock(&self.state.audits).1.clone()
    }

    /// Tells the outcome of a review.
    pub fn audit_result(&self, audit: &str, passed: bool) -> Event {
        let now = rfc3339(self.now());
        let mut d = json!({"audit_id": audit, "audit_time": now, "create_time": now, "guild_id": GUILD,
            "channel_id": CHANNEL, "seq_in_channel": "102"});
        if passed {
            d["message_id"] = ids::channel_message().into();
        }
        self.event(if passed { "MESSAGE_AUDIT_PASS" } else { "MESSAGE_AUDIT_REJECT" }, d)
    }
}
