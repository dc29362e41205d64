//! One event of every type that the platform has.

use serde_json::{Value, json};

use super::{Bot, CHANNEL, Draft, Event, GROUP, GUILD, USER};

const TIME: &str = "2021-12-30T15:17:34+08:00";

impl Bot {
    /// One or more events of every type, not told yet: what is documented, with the ids of this simulator.
    pub fn every_event(&self) -> Vec<Event> {
        let picture = "https://multimedia.nt.qq.com.cn/download?appid=1406&rkey=SYNTHETIC&spec=0";
        let mut events = vec![
            self.c2c_event(USER, "你好"),
            self.c2c_event(USER, Draft::text("看").image(picture)),
            self.c2c_event(USER, Draft::default().voice(picture, "明天交周报")),
            self.c2c_event(USER, Draft::default().video(picture)),
            self.c2c_event(USER, Draft::default().file(picture, "report.zip", 14_438_085)),
            self.c2c_event(USER, Draft::text("a").face(1, "277", "汪汪").face(4, "", "[酷]")),
            self.c2c_event(USER, Draft::text("谢谢").quote("REFIDX_aaaaaaaaaaaaaaa==", "每天阅读半小时")),
            self.c2c_event(USER, Draft::default().card("contact_card", "名片")),
            self.group_at_event(GROUP, USER, "/天气 "),
            self.group_message_event(GROUP, USER, "大家早上好呀"),
        ];
        events.extend(notices(USER, GROUP).into_iter().map(|(kind, d)| Event::new(kind, d)));
        events.extend(guild(&self.app().app_id).into_iter().map(|(kind, d)| Event::new(kind, d)));
        events.extend(forum().into_iter().map(|(kind, d)| Event::new(kind, d)));
        events
    }
}

fn notices(user: &str, group: &str) -> Vec<(&'static str, Value)> {
    let at = 1_741_880_682;
    let of_user = json!({"timestamp": at, "openid": user});
    let of_group = json!({"timestamp": at, "group_openid": group, "op_member_openid": user});
    let friend = json!({"timestamp": at, "openid": user, "author": {"union_openid": user}});
    let member = json!({"timestamp": at, "group_openid": group, "member_openid": user, "user_openid": user});
    let mut events = vec![
        ("FRIEND_ADD", friend.clone()),
        ("C2C_MSG_REJECT", of_user.clone()),
        ("C2C_MSG_RECEIVE", of_user),
        ("FRIEND_DEL", friend),
        ("GROUP_MSG_REJECT", of_group.clone()),
        ("GROUP_MSG_RECEIVE", of_group.clone()),
        ("GROUP_DEL_ROBOT", of_group.clone()),
        ("GROUP_ADD_ROBOT", of_group),
        ("GROUP_MEMBER_REMOVE", member.clone()),
        ("GROUP_MEMBER_ADD", member),
        ("ENTER_AIO", json!({"user_openid": user, "from_source": "search"})),
    ];
    events.push((
        "GROUP_JOIN_REQUEST",
        json!({"group_openid": group, "join_request_id": "AVKiFWpdy0-q0rfCkpQFbWB9GvX7", "member_openid": user,
            "username": "小明", "apply_at": "2026-08-05T16:21:40+08:00", "apply_source": "self_apply",
            "verify_info": {"method": "verify_message", "verify_message": "让我进"}}),
    ));
    events.push((
        "SUBSCRIBE_MESSAGE_STATUS",
        json!({"group_openid": "", "openid": user, "result": [{"template_id": 0,
            "custom_template_id": "101993071_1658748972", "op": 1, "subscribe_id": "sub_a1b2",
            "update_ts": at}]}),
    ));
    events
}

fn guild(app_id: &str) -> Vec<(&'static str, Value)> {
    let author =
        json!({"id": "1234", "username": "abc", "avatar": "http://thirdqq.qlogo.cn/0", "bot": false});
    let place = |rest: Value| merged(json!({"guild_id": GUILD, "channel_id": CHANNEL}), rest);
    let message = place(json!({"id": "0812345677890abcdef", "content": "ndnnd", "timestamp": TIME,
        "author": author, "member": {"joined_at": TIME, "roles": ["1"]}, "seq": 101, "seq_in_channel": "101"}));
    let deleted = json!({"message": {"author": author, "channel_id": CHANNEL, "guild_id": GUILD,
        "id": "0812345677890abcdef"}, "op_user": {"id": "5678"}});
    // The documentation has neither `owner` nor `position` here; nonebot-adapter-qq asks for both.
    let one = json!({"id": GUILD, "owner": false, "name": "频道名称", "icon": "https://pub.idqqimg.com/a.png",
        "description": "频道介绍", "joined_at": TIME, "member_count": 17, "max_members": 300,
        "owner_id": "100000000", "op_user_id": "100000000"});
    let channel = json!({"id": CHANNEL, "guild_id": GUILD, "name": "测试", "type": 0, "sub_type": 0,
        "position": 1, "owner_id": "100000000", "op_user_id": "100000000"});
    let member = json!({"guild_id": GUILD, "joined_at": TIME, "nick": "", "op_user_id": "100000000",
        "roles": ["1"], "user": author});
    let reaction = place(json!({"user_id": "1111222233333", "emoji": {"id": "277", "type": 1},
        "target": {"id": "2", "type": 0}}));
    let audit = place(json!({"audit_id": "5f60b782-d134-4628-93b8-9baa4b182f48", "audit_time": TIME,
        "create_time": TIME, "seq_in_channel": "102"}));
    let audio = place(json!({"audio_url": "http://xxxxx.mp3", "text": "简单爱-周杰伦"}));
    let live = place(json!({"channel_type": 2, "user_id": "144115218182563108"}));
    let press = place(json!({"application_id": app_id, "chat_type": 0, "scene": "guild", "type": 11,
        "version": 1, "timestamp": TIME, "id": super::ids::uuid(), "data": {"type": 11, "resolved":
        {"button_data": "data", "button_id": "1", "user_id": "1234", "message_id": "0812345677890abcdef"}}}));
    vec![
        ("AT_MESSAGE_CREATE", message.clone()),
        ("MESSAGE_CREATE", message.clone()),
        ("DIRECT_MESSAGE_CREATE", merged(message, json!({"direct_message": true, "src_guild_id": GUILD}))),
        ("MESSAGE_DELETE", deleted.clone()),
        ("PUBLIC_MESSAGE_DELETE", deleted.clone()),
        ("DIRECT_MESSAGE_DELETE", deleted),
        ("GUILD_CREATE", one.clone()),
        ("GUILD_UPDATE", one.clone()),
        ("GUILD_DELETE", one),
        ("CHANNEL_CREATE", channel.clone()),
        ("CHANNEL_UPDATE", channel.clone()),
        ("CHANNEL_DELETE", channel),
        ("GUILD_MEMBER_ADD", member.clone()),
        ("GUILD_MEMBER_UPDATE", member.clone()),
        ("GUILD_MEMBER_REMOVE", member),
        ("MESSAGE_REACTION_ADD", reaction.clone()),
        ("MESSAGE_REACTION_REMOVE", reaction),
        ("MESSAGE_AUDIT_PASS", merged(audit.clone(), json!({"message_id": "10d0df671a12313434"}))),
        ("MESSAGE_AUDIT_REJECT", audit),
        ("AUDIO_START", audio.clone()),
        ("AUDIO_FINISH", audio),
        ("AUDIO_ON_MIC", place(json!({}))),
        ("AUDIO_OFF_MIC", place(json!({}))),
        ("AUDIO_OR_LIVE_CHANNEL_MEMBER_ENTER", live.clone()),
        ("AUDIO_OR_LIVE_CHANNEL_MEMBER_EXIT", live),
        ("INTERACTION_CREATE", press),
    ]
}

fn forum() -> Vec<(&'static str, Value)> {
    let place = |rest: Value| {
        merged(json!({"guild_id": GUILD, "channel_id": CHANNEL, "author_id": "144115218182563108"}), rest)
    };
    let rich = |text: &str| {
        let paragraph = json!({"elems": [{"text": {"text": text}, "type": 1}], "props": {}});
        json!({"paragraphs": [paragraph]}).to_string()
    };
    let thread = place(json!({"thread_info": {"thread_id": "B_7c02", "title": rich("Test"),
        "content": rich("内容"), "date_time": TIME}}));
    let post =
        place(json!({"post_info": {"thread_id": "B_7c02", "post_id": "c_1500", "content": rich("帖子"),
        "date_time": TIME}}));
    let reply =
        place(json!({"reply_info": {"thread_id": "B_7c02", "post_id": "c_1500", "reply_id": "r_e701",
        "content": rich("回复"), "date_time": TIME}}));
    let result = place(json!({"type": 1, "result": 0, "err_msg": "", "thread_id": "B_7c02",
        "post_id": "c_1500", "reply_id": "r_e701"}));
    vec![
        ("FORUM_THREAD_CREATE", thread.clone()),
        ("FORUM_THREAD_UPDATE", thread.clone()),
        ("FORUM_THREAD_DELETE", thread),
        ("FORUM_POST_CREATE", post.clone()),
        ("FORUM_POST_DELETE", post),
        ("FORUM_REPLY_CREATE", reply.clone()),
        ("FORUM_REPLY_DELETE", reply),
        ("FORUM_PUBLISH_AUDIT_RESULT", result),
        ("OPEN_FORUM_THREAD_CREATE", place(json!({}))),
        ("OPEN_FORUM_THREAD_UPDATE", place(json!({}))),
        ("OPEN_FORUM_THREAD_DELETE", place(json!({}))),
        ("OPEN_FORUM_POST_CREATE", place(json!({}))),
        ("OPEN_FORUM_POST_DELETE", place(json!({}))),
        ("OPEN_FORUM_REPLY_CREATE", place(json!({}))),
        ("OPEN_FORUM_REPLY_DELETE", place(json!({}))),
    ]
}

fn merged(mut one: Value, other: Value) -> Value {
    if let (Value::Object(one), Value::Object(other)) = (&mut one, other) {
        one.extend(other);
    }
    one
}
