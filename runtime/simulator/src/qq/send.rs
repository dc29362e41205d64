//! Messages to C2C chats and groups: what is answered, how often, with which sequence, at whose cost.

use serde_json::{Value, json};

use super::{
    Chat, Shape,
    clock::{DAY, MINUTE, rfc3339},
    error::{Answered, Limit, Refusal, Reply},
    sent::{Sent, Via},
    world::World,
};

/// What a message answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Basis {
    Message(String),
    Event(String),
    Active,
    Wakeup,
}

pub(super) fn text<'a>(body: &'a Value, key: &str) -> Option<&'a str> {
    body[key].as_str().filter(|text| !text.is_empty())
}

impl World {
    /// Sends a message, or says why not.
    pub(super) fn send(&mut self, chat: &Chat, body: &Value, now: u64) -> Result<(Reply, Sent), Refusal> {
        self.known(chat)?;
        self.check_content(chat, body, now)?;
        let notify = body["msg_type"] == 6;
        let basis = self.take_basis(chat, body, now, notify && !self.options.notify_counts)?;
        let media =
            self.usable_file(chat, &body["media"]["file_info"], now).ok().map(|file| file.media.clone());
        let (id, reference) = self.keep_own(chat, now);
        let mut answer = json!({"id": id, "timestamp": rfc3339(now)});
        if self.options.shape == Shape::Y2026 {
            answer["ext_info"] = json!({"ref_idx": reference});
        }
        let sent = Sent::new(&self.app, chat.clone(), id, body.clone(), Via::Message)
            .answering(&basis)
            .reference(reference)
            .media(media);
        Ok((Reply::json(&answer), sent))
    }

    /// Whether the platform has such a chat at all.
    pub(super) fn known(&self, chat: &Chat) -> Result<(), Refusal> {
        let known = match chat {
            Chat::User(openid) => self.users.contains_key(openid),
            Chat::Group(openid) => self.groups.contains_key(openid),
            Chat::Channel(id) => self.channels.contains_key(id),
            Chat::Dm(guild) => self.dms.contains_key(guild),
        };
        if known { Ok(()) } else { Err(Refusal::invalid()) }
    }

    /// Finds what a message answers and uses it up; `free` takes the sequence alone.
    pub(super) fn take_basis(
        &mut self,
        chat: &Chat,
        body: &Value,
        now: u64,
        free: bool,
    ) -> Result<Basis, Refusal> {
        let basis = match (text(body, "msg_id"), text(body, "event_id"), body["is_wakeup"] == true) {
            (None, None, false) if free => return Err(Refusal::new(40_034_024, "请求参数msg_id无效")),
            (None, None, false) => Basis::Active,
            (None, None, true) if matches!(chat, Chat::User(_)) => Basis::Wakeup,
            (Some(id), None, false) => Basis::Message(id.to_owned()),
            (None, Some(id), false) => Basis::Event(id.to_owned()),
            (Some(_), Some(_), _) => return Err(Refusal::new(40_034_025, "msg_id和event_id不能同时使用")),
            _ => return Err(Refusal::new(40_034_123, "不支持的召回消息")),
        };
        let sequence = match &body["msg_seq"] {
            Value::Null => 1,
            other => other.as_u64().ok_or_else(|| Refusal::new(50_035, "msg_seq无效"))?,
        };
        match &basis {
            Basis::Message(id) | Basis::Event(id) => {
                self.take_anchor(chat, id, matches!(basis, Basis::Event(_)), sequence, free, now)?;
            }
            Basis::Active => {
                self.present(chat)?;
                self.take_active(chat, now)?;
            }
            Basis::Wakeup => {
                self.present(chat)?;
                self.take_wakeup(chat, now)?;
            }
        }
        Ok(basis)
    }

    fn take_anchor(
        &mut self,
        chat: &Chat,
        id: &str,
        event: bool,
        sequence: u64,
        free: bool,
        now: u64,
    ) -> Result<(), Refusal> {
        let limits = &self.options.limits;
        let (window, answers) = match chat {
            Chat::User(_) => (limits.c2c_window, limits.c2c_answers),
            Chat::Group(_) => (limits.group_window, limits.group_answers),
            Chat::Channel(_) | Chat::Dm(_) => (limits.channel_window, limits.channel_answers),
        };
        let guild = matches!(chat, Chat::Channel(_) | Chat::Dm(_));
        let key = (chat.clone(), id.to_owned());
        let anchor = self.anchors.get(&key).filter(|anchor| anchor.kind.is_some() == event);
        let Some(anchor) = anchor else {
            return Err(match (guild, event) {
                (true, _) => Refusal::new(304_026, "reply id error"),
                (false, true) => Refusal::new(40_034_025, "请求参数event_id无效"),
                (false, false) => Refusal::new(40_034_024, "请求参数msg_id无效或越权"),
            });
        };
        let kind = anchor.kind.clone();
        if let Some(kind) = &kind
            && !guild
            && !self.options.answerable.contains(&kind.as_str())
        {
            return Err(Refusal::new(40_034_027, "请求参数event_id对应事件不能回复消息"));
        }
        let (at, used) = (anchor.at, anchor.used);
        let repeated = !guild && anchor.sequences.contains(&sequence);
        self.present(chat)?;
        if repeated {
            return Err(Refusal::new(40_054_005, "消息被去重，请检查请求msgseq").limit(Limit::Sequence));
        }
        if now > at + window.as_millis() as u64 {
            let (code, words) = match (guild, event) {
                (true, _) => (304_027, "reply message expired"),
                (false, true) => (40_034_026, "请求参数event_id已过期"),
                (false, false) => (40_034_005, "回复消息msg_id已过期"),
            };
            return Err(Refusal::new(code, words).limit(Limit::Window));
        }
        let notice = kind.filter(|kind| !guild && kind != "INTERACTION_CREATE");
        let left = match &notice {
            _ if free => true,
            Some(kind) => self.take_notice(chat, kind, now),
            None => used < answers,
        };
        if !left {
            return Err(Refusal::new(40_034_128, "被动消息回复次数超限").limit(Limit::Count));
        }
        if let Some(anchor) = self.anchors.get_mut(&key) {
            anchor.used += u32::from(!free);
            anchor.sequences.insert(sequence);
        }
        Ok(())
    }

    /// Whether the bot and the chat are still together.
    pub(super) fn present(&self, chat: &Chat) -> Result<(), Refusal> {
        match chat {
            Chat::User(openid) if self.users.get(openid).is_none_or(|user| !user.friend) => {
                Err(Refusal::new(40_054_004, "不是好友关系"))
            }
            Chat::Group(openid) => match self.groups.get(openid) {
                Some(group) if group.inside && group.muted => Err(Refusal::new(40_054_002, "机器人被禁言")),
                Some(group) if group.inside => Ok(()),
                _ => Err(Refusal::new(40_034_101, "机器人不在群内")),
            },
            _ => Ok(()),
        }
    }

    /// Uses up an active message.
    fn take_active(&mut self, chat: &Chat, now: u64) -> Result<(), Refusal> {
        let limits = self.options.limits.clone();
        let stopped = |code| Refusal::new(code, "主动消息不被允许").limit(Limit::Stopped);
        let spent = |code| Refusal::new(code, "主动消息频率或数量超限").limit(Limit::Quota);
        let (minute, day) = (MINUTE, DAY);
        let (code, rows) = match chat {
            Chat::User(openid) => {
                if self.users.get(openid).is_some_and(|user| user.refuses) {
                    return Err(stopped(40_054_013));
                }
                let key = format!("user {openid}");
                let all = ("users".to_owned(), 1000, limits.active_c2c_second);
                let one = (format!("{key} minute"), minute, limits.active_user_minute);
                (40_034_105, vec![all, one, (key, day, limits.active_user_day)])
            }
            Chat::Group(openid) => {
                if self.groups.get(openid).is_some_and(|group| group.refuses) {
                    return Err(stopped(self.options.group_refusal));
                }
                let key = format!("group {openid}");
                let all = ("groups".to_owned(), minute, limits.active_groups_minute);
                let one = (format!("{key} minute"), minute, limits.active_group_minute);
                (self.options.group_refusal, vec![all, one, (key, day, limits.active_group_day)])
            }
            Chat::Channel(id) => (304_045, vec![(format!("channel {id}"), day, limits.active_channel_day)]),
            Chat::Dm(guild) => {
                let one = (format!("dm {guild}"), day, limits.active_dm_day);
                (304_049, vec![one, ("dms".to_owned(), day, limits.active_dms_day)])
            }
        };
        if !self.app.active {
            return Err(stopped(code));
        }
        let open = matches!(chat, Chat::User(_) | Chat::Group(_));
        for (key, span, max) in &rows {
            if !self.left(key, *span, *max, now) {
                return Err(spent(match (open, *span == day) {
                    (true, true) => 22_009,
                    (true, false) => 40_034_100,
                    (false, _) => code,
                }));
            }
        }
        for (key, span, max) in &rows {
            self.quota(key, *span, *max, now);
        }
        Ok(())
    }

    /// One recall message in each of four periods after the user last wrote.
    fn take_wakeup(&mut self, chat: &Chat, now: u64) -> Result<(), Refusal> {
        let Chat::User(openid) = chat else { return Err(Refusal::invalid()) };
        let user = self.user(openid);
        let period = match (now.saturating_sub(user.wrote)) / DAY {
            0 => 0,
            1..3 => 1,
            3..7 => 2,
            7..30 => 3,
            _ => return Err(Refusal::new(40_034_122, "召回消息配额不足").limit(Limit::Quota)),
        };
        if user.woken.insert(period) {
            return Ok(());
        }
        Err(Refusal::new(40_034_122, "召回消息配额不足").limit(Limit::Quota))
    }

    /// Takes a sent message back.
    pub(super) fn recall(&mut self, chat: &Chat, id: &str, now: u64) -> Answered {
        let guild = matches!(chat, Chat::Channel(_) | Chat::Dm(_));
        self.known(chat)?;
        let pick = |open, closed| if guild { closed } else { open };
        let own = self.own.get(id).filter(|own| own.chat == *chat);
        let Some(own) = own else {
            let others = self.anchors.contains_key(&(chat.clone(), id.to_owned()));
            let code = if others { pick(40_062_003, 306_008) } else { pick(40_061_002, 306_001) };
            return Err(Refusal::new(code, "撤回消息失败"));
        };
        if now > own.at + self.options.limits.recall.as_millis() as u64 {
            return Err(Refusal::new(pick(40_064_004, 306_011), "撤回消息超时").limit(Limit::Deadline));
        }
        self.own.remove(id);
        self.recalled.push(id.to_owned());
        Ok(Reply::done(self.options.no_content))
    }
}
