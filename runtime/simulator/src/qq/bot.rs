//! One bot as the platform sees it.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::{
    App, Options,
    error::{Answered, Refusal, Reply},
    gateway::Gate,
    ids,
    token::Tokens,
    webhook::Hook,
    world::World,
};
use crate::lock;

pub(super) struct BotState {
    pub(super) app: App,
    pub(super) world: Mutex<World>,
    pub(super) tokens: Mutex<Tokens>,
    pub(super) gate: Mutex<Gate>,
    pub(super) hooks: Mutex<Vec<Arc<Hook>>>,
    /// How many of the next channel messages go to review, and the ids of those that did.
    pub(super) audits: Mutex<(usize, Vec<String>)>,
}

impl BotState {
    pub(super) fn new(options: &Options, app: App) -> Self {
        Self {
            world: Mutex::new(World::new(options.clone(), app.clone())),
            tokens: Mutex::default(),
            gate: Mutex::default(),
            hooks: Mutex::default(),
            audits: Mutex::default(),
            app,
        }
    }

    pub(super) fn profile(&self) -> Value {
        json!({"id": self.app.user_id, "username": self.app.name, "bot": true, "union_user_account": "",
            "avatar": format!("https://thirdqq.qlogo.cn/g?b=oidb&k={}&s=0", self.app.app_id),
            "union_openid": "9F2E872045CCCC5948BEAF5B5FCCDF22", "share_url": "", "welcome_msg": ""})
    }

    /// The answer to a channel message that goes to review.
    pub(super) fn audit(&self, active: bool) -> Option<Reply> {
        let mut audits = lock(&self.audits);
        audits.0 = audits.0.checked_sub(1)?;
        let id = ids::uuid();
        audits.1.push(id.clone());
        let (code, message) = if active {
            (304_023, "push message is waiting for audit now")
        } else {
            (304_024, "reply message is waiting for audit now")
        };
        let body = json!({"code": code, "message": message, "data": {"message_audit": {"audit_id": id}}});
        Some(Reply { status: 202, ..Reply::json(&body) })
    }
}

impl World {
    pub(super) fn guild_list(&self) -> Value {
        let mut ids: Vec<_> = self.channels.values().collect();
        ids.dedup();
        let guild = |id: &&String| {
            json!({"id": id, "name": "频道名称", "icon": "", "owner_id": "100000000", "owner": false,
                "joined_at": "2021-10-21T11:20:18+08:00", "member_count": 17, "max_members": 300,
                "description": ""})
        };
        ids.iter().map(guild).collect()
    }

    pub(super) fn channel_list(&self, guild: &str) -> Answered {
        let of_guild = self.channels.iter().filter(|(_, known)| *known == guild);
        let channel = |(id, guild): (&String, &String)| {
            json!({"id": id, "guild_id": guild, "name": "文字", "type": 0, "sub_type": 0, "position": 1,
                "owner_id": "100000000"})
        };
        let list: Vec<_> = of_guild.map(channel).collect();
        if list.is_empty() {
            Err(Refusal::new(10_004, "unknown guild"))
        } else {
            Ok(Reply::json(&json!(list)))
        }
    }
}
