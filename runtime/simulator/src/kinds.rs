//! What happens beside messages: one call per kind of event, and a collection with every kind that NapCat sends.

use serde_json::{Value, json};

use super::{
    Napcat, lock,
    options::{FRIEND, GROUP, OWNER},
    world::now,
};

/// `raw_info` of a poke.
pub(super) fn poke_parts() -> Value {
    json!([{"col": "1", "nm": "", "type": "qq", "uid": "u_x"}, {"txt": "戳了戳", "type": "nor"},
        {"col": "1", "nm": "", "tp": "0", "type": "qq", "uid": "u_y"}])
}

impl Napcat {
    /// A user asks to be a friend; the request's flag.
    pub fn friend_request(&self, user: u64, comment: &str) -> String {
        let flag = self.fresh_flag().to_string();
        self.push(&self.event(
            "request",
            &json!({"request_type": "friend", "user_id": user, "comment": comment,
            "flag": flag}),
        ));
        flag
    }

    /// A user wants into a group, or (`invite`) invites the bot into one; the request's flag.
    pub fn group_request(&self, group: u64, user: u64, comment: &str, invite: bool) -> String {
        let flag = format!("{}", 1_747_107_600_000_000 + self.fresh_flag());
        let sub_type = if invite { "invite" } else { "add" };
        let event = self.event(
            "request",
            &json!({"request_type": "group", "group_id": group, "user_id": user,
            "comment": comment, "flag": flag, "sub_type": sub_type}),
        );
        // Nobody is in a group for wanting to be.
        lock(&self.shared().world).requests.insert(flag.clone(), event.clone());
        self.shared().push(&event);
        flag
    }

    /// A user joins a group.
    pub fn join(&self, group: u64, user: u64) -> usize {
        self.notice(
            &json!({"notice_type": "group_increase", "group_id": group, "operator_id": 0, "user_id": user,
            "sub_type": "approve"}),
        )
    }

    /// A user leaves a group.
    pub fn leave(&self, group: u64, user: u64) -> usize {
        self.notice(
            &json!({"notice_type": "group_decrease", "group_id": group, "operator_id": 0, "user_id": user,
            "sub_type": "leave"}),
        )
    }

    /// A user pokes the bot, in a group or in private.
    pub fn poke(&self, group: Option<u64>, user: u64) -> usize {
        let mut fields = json!({"notice_type": "notify", "sub_type": "poke", "target_id": self.options().self_id,
            "user_id": user, "raw_info": poke_parts()});
        match group {
            Some(group) => fields["group_id"] = group.into(),
            None => fields["sender_id"] = user.into(),
        }
        self.notice(&fields)
    }

    /// A message is recalled by its author; `None` when it is not known.
    pub fn recall(&self, message_id: i64) -> Option<usize> {
        let message = lock(&self.shared().world).recall(message_id)?;
        let (user, id) = (&message["user_id"], &message["message_id"]);
        Some(self.notice(&if message["message_type"] == "group" {
            json!({"notice_type": "group_recall", "group_id": message["group_id"], "user_id": user,
                "operator_id": user, "message_id": id})
        } else {
            json!({"notice_type": "friend_recall", "user_id": user, "message_id": id})
        }))
    }

    /// QQ logs the account out; the sockets live on.
    pub fn kick_offline(&self) -> usize {
        self.go_online(false);
        self.notice(
            &json!({"notice_type": "bot_offline", "user_id": self.options().self_id, "tag": "下线通知",
            "message": "你的帐号当前登录已失效，请重新登录。"}),
        )
    }

    /// One event of every kind that NapCat sends beside meta events, with a name for each; none is sent.
    pub fn every_event(&self) -> Vec<(&'static str, Value)> {
        let mut events = self.every_message();
        let about = events.first().map_or(Value::Null, |(_, event)| event["message_id"].clone());
        let (group, user, operator) = (GROUP, FRIEND, OWNER);
        let in_group = |mut fields: Value| {
            fields["group_id"] = group.into();
            self.event("notice", &fields)
        };
        let by = |kind: &str, sub_type: &str| {
            in_group(
                json!({"user_id": user, "notice_type": kind, "sub_type": sub_type, "operator_id": operator}),
            )
        };
        let notify = |mut fields: Value| {
            fields["notice_type"] = "notify".into();
            self.event("notice", &fields)
        };
        events.push((
            "group_upload",
            in_group(json!({"user_id": user, "notice_type": "group_upload",
            "file": {"id": "d41d8cd98f00b204", "name": "report.zip", "size": 1_048_576, "busid": 102}})),
        ));
        for sub_type in ["set", "unset"] {
            let fields = json!({"user_id": user, "notice_type": "group_admin", "sub_type": sub_type});
            events.push(("group_admin", in_group(fields)));
        }
        for sub_type in ["leave", "kick", "kick_me", "disband"] {
            events.push(("group_decrease", by("group_decrease", sub_type)));
        }
        for sub_type in ["approve", "invite"] {
            events.push(("group_increase", by("group_increase", sub_type)));
        }
        for (sub_type, about, duration) in
            [("ban", user, 600), ("lift_ban", user, 0), ("ban", 0, -1), ("lift_ban", 0, 0)]
        {
            events.push((
                "group_ban",
                in_group(json!({"user_id": about, "notice_type": "group_ban",
                "operator_id": operator, "duration": duration, "sub_type": sub_type})),
            ));
        }
        events.push((
            "friend_add",
            self.event("notice", &json!({"notice_type": "friend_add", "user_id": user})),
        ));
        events.push((
            "group_recall",
            in_group(json!({"user_id": user, "notice_type": "group_recall",
            "operator_id": operator, "message_id": about})),
        ));
        events.push((
            "friend_recall",
            self.event(
                "notice",
                &json!({"notice_type": "friend_recall", "user_id": user, "message_id": about}),
            ),
        ));
        events.push((
            "group_card",
            in_group(json!({"user_id": user, "notice_type": "group_card", "card_new": "新名片",
            "card_old": ""})),
        ));
        events.push((
            "group_msg_emoji_like",
            in_group(json!({"user_id": user, "notice_type": "group_msg_emoji_like",
            "message_id": about, "likes": [{"emoji_id": "76", "count": 1}], "is_add": true})),
        ));
        events.push((
            "essence",
            in_group(json!({"user_id": user, "notice_type": "essence", "sub_type": "add",
            "operator_id": operator, "message_id": about, "sender_id": user})),
        ));
        let self_id = self.options().self_id;
        events.push((
            "poke",
            notify(json!({"group_id": group, "sub_type": "poke", "target_id": self_id,
            "user_id": user, "raw_info": poke_parts()})),
        ));
        events.push((
            "poke",
            notify(json!({"sub_type": "poke", "target_id": self_id, "user_id": user,
            "raw_info": poke_parts(), "sender_id": user})),
        ));
        events.push((
            "title",
            notify(json!({"group_id": group, "user_id": user, "sub_type": "title", "title": "龙骑士"})),
        ));
        events.push((
            "group_name",
            notify(json!({"group_id": group, "user_id": user, "sub_type": "group_name",
            "name_new": "新群名"})),
        ));
        events.push((
            "input_status",
            notify(json!({"sub_type": "input_status", "status_text": "对方正在输入...",
            "event_type": 1, "user_id": user, "group_id": 0})),
        ));
        events.push((
            "profile_like",
            notify(json!({"sub_type": "profile_like", "operator_id": user,
            "operator_nick": "东风寄千愁", "times": 10})),
        ));
        events.push(("gray_tip", notify(json!({"group_id": group, "user_id": user, "sub_type": "gray_tip",
            "message_id": about, "busi_id": "2601", "content": "{}",
            "raw_info": {"msgSeq": "1", "msgTime": "1747107600", "msgId": "7505442611578883339", "json": {}}}))));
        events.push((
            "bot_offline",
            self.event(
                "notice",
                &json!({"notice_type": "bot_offline", "user_id": self_id,
            "tag": "下线通知", "message": "你的帐号当前登录已失效，请重新登录。"}),
            ),
        ));
        for (kind, sub_type) in [
            ("online_file_receive", "cancel"),
            ("online_file_send", "receive"),
            ("online_file_send", "refuse"),
        ] {
            let fields = json!({"peer_id": user, "notice_type": kind, "sub_type": sub_type});
            events.push((kind, self.event("notice", &fields)));
        }
        events.push((
            "friend_request",
            self.event(
                "request",
                &json!({"request_type": "friend", "user_id": 4040,
            "comment": "我是来自群“测试用”的xxx", "flag": self.fresh_flag().to_string()}),
            ),
        ));
        for sub_type in ["add", "invite"] {
            let flag = (1_747_107_600_000_000 + self.fresh_flag()).to_string();
            events.push((
                "group_request",
                self.event(
                    "request",
                    &json!({"request_type": "group", "group_id": group,
                "user_id": 4041, "comment": "", "flag": flag, "sub_type": sub_type}),
                ),
            ));
        }
        events
    }

    /// A group message with each segment that NapCat can deliver, one message per segment, and one of each chat.
    fn every_message(&self) -> Vec<(&'static str, Value)> {
        let segments = [
            ("text", json!({"text": "[你好], & more"})),
            ("face", json!({"id": "178", "raw": {"faceIndex": 178}, "resultId": null, "chainCount": null})),
            (
                "image",
                json!({"summary": "[动画表情]", "file": "E92B84F1.jpg", "sub_type": 1,
                "url": "https://multimedia.nt.qq.com.cn/download?appid=1407&fileid=x&rkey=y", "file_size": "434"}),
            ),
            (
                "record",
                json!({"file": "a.amr", "path": "/tmp/a.amr", "url": "https://example.com/a", "file_size": "7"}),
            ),
            ("video", json!({"file": "a.mp4", "url": "https://example.com/a", "file_size": "1445391"})),
            ("at", json!({"qq": FRIEND.to_string()})),
            ("at", json!({"qq": "all"})),
            ("rps", json!({"result": "1"})),
            ("dice", json!({"result": "6"})),
            ("poke", json!({"type": "1", "id": "-1"})),
            ("reply", json!({"id": "1136053690"})),
            ("forward", json!({"id": "7505442611578883339"})),
            ("json", json!({"data": r#"{"app":"com.tencent.miniapp_01","meta":{}}"#})),
            ("file", json!({"file": "a.zip", "file_id": "5c804d00_x", "file_size": "14438085"})),
            ("markdown", json!({"content": "# title"})),
            (
                "onlinefile",
                json!({"msgId": "7505442611578883339", "elementId": "7505442611578883340",
                "fileName": "a", "fileSize": "1", "isDir": false}),
            ),
            ("flashtransfer", json!({"fileSetId": "0a1b"})),
        ];
        let mut events: Vec<_> = segments
            .into_iter()
            .map(|(kind, data)| {
                ("group_message", self.group_message(GROUP, FRIEND).segment(kind, data).json())
            })
            .collect();
        events.push(("group_message", self.group_message(GROUP, OWNER).json()));
        events.push(("private_message", self.private_message(FRIEND).text("hi").json()));
        events.push(("temporary_message", self.temporary_message(GROUP, OWNER).text("hi").json()));
        events.push(("message_sent", self.group_message(GROUP, FRIEND).by_bot().text("hi").json()));
        events.push(("message_sent", self.private_message(FRIEND).by_bot().text("hi").json()));
        events
    }

    fn event(&self, post_type: &str, fields: &Value) -> Value {
        let mut event = json!({"time": now(), "self_id": self.options().self_id, "post_type": post_type});
        for (name, value) in fields.as_object().into_iter().flatten() {
            event[name] = value.clone();
        }
        event
    }

    fn fresh_flag(&self) -> u64 {
        now() + lock(&self.shared().world).issue_message_id() as u64
    }
}
