//! Who types, where, and what the bot did about it.

use std::collections::VecDeque;
use std::time::Duration;

use iglu_simulator::Cut;
use iglu_simulator::qq::{Draft, Event, Fault, GROUP, Platform, Request, USER};
use serde_json::Value;

use super::super::commands::{self, Line, Table};
use super::show;
use crate::cli::{pick, terminal};
use crate::config::Language;

const COMMANDS: &Table = &[
    ("user", "OPENID", "换一个用户说话", "speak as another user"),
    ("group", "[OPENID]", "到一个群里说话，每条都 @ 机器人", "speak in a group, mentioning the bot"),
    ("hear", "TEXT", "在群里说，不 @ 机器人", "say something in the group without a mention"),
    ("private", "", "回到单聊", "speak in private"),
    ("image", "URL [TEXT]", "发一张图片", "send a picture"),
    ("voice", "URL [TEXT]", "发一段语音和它的识别文字", "send a voice message and its recognised text"),
    ("video", "URL [TEXT]", "发一段视频", "send a video"),
    ("file", "URL NAME", "发一个文件", "send a file"),
    ("face", "ID [TEXT]", "发一个表情", "send a face"),
    ("quote", "TEXT", "引用机器人的最后一条消息", "quote the bot's last message"),
    ("button", "ID [DATA]", "按下一个按钮", "press a button"),
    ("friend-add", "", "加机器人为好友", "become a friend of the bot"),
    ("friend-del", "", "删除机器人", "end the friendship"),
    ("robot-add", "", "把机器人拉进当前群", "take the bot into the group"),
    ("robot-del", "", "把机器人移出当前群", "remove the bot from the group"),
    ("push", "on|off", "允许或拒绝主动消息", "allow active messages or refuse them"),
    ("join", "[OPENID]", "让一个用户加入当前群", "let a user join the group"),
    ("leave", "[OPENID]", "让一个用户退出当前群", "let a user leave the group"),
    ("request", "[TEXT]", "申请加入当前群", "ask to join the group"),
    ("channel", "TEXT", "在频道里 @ 机器人", "mention the bot in a channel"),
    ("event", "TYPE|JSON", "发出一种事件，或一个信封", "send a type of event, or an envelope"),
    ("duplicate", "", "把上一个事件再发一遍", "send the last event once more"),
    ("cut", "[reset|eof|half|close]", "断开网关连接", "cut the gateway's connections"),
    ("close", "CODE", "以这个代码关闭网关连接", "close the gateway's connections with a code"),
    ("reconnect", "", "要求重连（op 7）", "ask to reconnect (op 7)"),
    ("invalid", "[true|false]", "会话失效（op 9）", "declare the session invalid (op 9)"),
    ("drop", "", "连接不断，但不再收发", "keep the connections and say nothing more"),
    ("speak", "", "恢复收发", "end :drop"),
    ("expire", "", "让所有令牌失效", "make all tokens bad"),
    ("advance", "SECONDS", "把平台的时钟拨快", "put the platform's clock forward"),
    ("fail", "STATUS CODE TEXT", "让下一次发送失败", "let the next send fail"),
    ("lose", "", "下一次发送成功但没有回应", "let the next send succeed without an answer"),
    ("validate", "", "验证回调地址（op 13）", "validate the webhook (op 13)"),
    ("wait", "[send|stream|recall|acknowledge]", "等待机器人的下一个动作", "wait for what the bot does next"),
    ("help", "", "显示这些说明", "show this list"),
    ("quit", "", "结束", "end"),
];

/// What a typed line came to.
pub(super) enum Step {
    /// The bot is to be told of this.
    Event(Told),
    /// Wait for the bot: for one kind of act, or for any.
    Wait(Option<String>),
    Cut(Cut),
    Validate,
    /// Something to tell the person who typed.
    Note(String),
    Nothing,
    Quit,
}

/// How an event comes to be, once there is somebody to hear it.
pub(super) type Told = Box<dyn FnOnce(&mut Stage) -> Vec<Event> + Send>;

/// The simulated world as seen by the person who types.
pub(super) struct Stage {
    platform: Platform,
    language: Language,
    user: String,
    group: Option<String>,
    last: Vec<Event>,
    /// What the bot did since the last event, and what no wait has used up.
    done: VecDeque<&'static str>,
}

impl Stage {
    pub(super) fn new(platform: Platform, language: Language) -> Self {
        let user = USER.to_owned();
        Self { platform, language, user, group: None, last: Vec::new(), done: VecDeque::new() }
    }

    /// Who types and where, as a prompt shows it.
    pub(super) fn place(&self) -> String {
        let user = show::short(&self.user);
        self.group.as_ref().map_or_else(|| user.clone(), |group| format!("{user}@{}", show::short(group)))
    }

    /// Shows what the bot did.
    pub(super) fn did(&mut self, request: &Request) {
        let id = request.answer["id"].as_str().unwrap_or_default();
        let sent = self.platform.sent().into_iter().rev().find(|sent| sent.id == id);
        if let Some(line) = show::request(request, sent.as_deref()) {
            // Nobody who reads the output is no reason to stop.
            let _ = terminal::say(&line);
        }
        self.done.extend(show::kind(request));
    }

    /// Whether the bot did something since the last event or wait; it is used up then.
    pub(super) fn awaited(&mut self, what: Option<&str>) -> bool {
        while let Some(done) = self.done.pop_front() {
            if what.map_or(done != "upload", |what| what == done) {
                return true;
            }
        }
        false
    }

    pub(super) fn happen(&mut self, told: Told) {
        self.done.clear();
        let events = told(self);
        let bot = self.platform.bot();
        let heard = events.iter().map(|event| bot.emit(event)).max();
        if !events.is_empty() {
            self.last = events;
        }
        if heard == Some(0) {
            terminal::note(pick(
                self.language,
                "没有会话要这个事件。",
                "There is no session that asked for this event.",
            ));
        }
    }

    pub(super) fn typed(&mut self, line: &str) -> Step {
        match commands::read(line) {
            Line::Empty => Step::Nothing,
            Line::Message(who, text) => {
                let (user, group) = match who {
                    Some((user, group)) => (user.to_string(), group.map(|group| group.to_string())),
                    None => (self.user.clone(), self.group.clone()),
                };
                Step::Event(says(user, group, text.into()))
            }
            Line::Command(name, words, rest) => self
                .command(name, &words, rest)
                .unwrap_or_else(|| Step::Note(commands::usage(COMMANDS, name, self.language))),
        }
    }

    /// `None` for what is no command, or is not written as one.
    fn command(&mut self, name: &str, words: &[&str], rest: &str) -> Option<Step> {
        let told = |stage: &Self| Step::Note(stage.place());
        Some(match (name, words) {
            ("user", [user]) => {
                (*user).clone_into(&mut self.user);
                told(self)
            }
            ("group", [] | [_]) => {
                self.group = Some((*words.first().unwrap_or(&GROUP)).to_owned());
                told(self)
            }
            ("private", []) => {
                self.group = None;
                told(self)
            }
            ("wait", []) => Step::Wait(None),
            ("wait", [what]) => Step::Wait(Some((*what).to_owned())),
            ("cut", words) => Step::Cut(commands::cut(words)?),
            ("close", [code]) => Step::Cut(Cut::Close(Some((code.parse().ok()?, String::new())))),
            ("validate", []) => Step::Validate,
            ("duplicate", []) => {
                let last = self.last.clone();
                Step::Event(Box::new(move |_| last))
            }
            ("help", []) => {
                let messages = pick(self.language, "其余的行都是消息。", "Every other line is a message.");
                Step::Note(format!("{}\n{messages}", commands::list(COMMANDS, self.language)))
            }
            ("quit", []) => Step::Quit,
            _ => return self.fault(name, words).or_else(|| self.event(name, words, rest)),
        })
    }

    fn fault(&self, name: &str, words: &[&str]) -> Option<Step> {
        const SENDS: &str = "/v2/*";
        let bot = self.platform.bot();
        match (name, words) {
            ("reconnect", []) => drop(bot.ask_reconnect()),
            ("invalid", [] | ["false"]) => drop(bot.invalidate(false)),
            ("invalid", ["true"]) => drop(bot.invalidate(true)),
            ("drop", []) => drop(bot.go_silent(true)),
            ("speak", []) => drop(bot.go_silent(false)),
            ("expire", []) => bot.expire_tokens(),
            ("advance", [seconds]) => self.platform.advance(Duration::from_secs(seconds.parse().ok()?)),
            ("fail", [status, code, text @ ..]) => {
                let status = status.parse().ok().filter(|status| (200..600).contains(status))?;
                let fault = Fault::error(status, code.parse().ok()?, &text.join(" "));
                self.platform.fault("POST", SENDS, 1, fault);
            }
            ("lose", []) => self.platform.fault("POST", SENDS, 1, Fault::DropAfter),
            _ => return None,
        }
        Some(Step::Nothing)
    }

    /// Commands of which the bot is told.
    fn event(&self, name: &str, words: &[&str], rest: &str) -> Option<Step> {
        let (user, group) = (self.user.clone(), self.group.clone());
        let after = |word: &str| rest.strip_prefix(word).unwrap_or_default().trim().to_owned();
        let draft = match (name, words) {
            ("image", [url, ..]) => Some(Draft::text(&after(url)).image(url)),
            ("voice", [url, ..]) => Some(Draft::default().voice(url, &after(url))),
            ("video", [url, ..]) => Some(Draft::text(&after(url)).video(url)),
            ("file", [url, name]) => Some(Draft::default().file(url, name, 1024)),
            ("face", [id, ..]) => Some(Draft::default().face(1, id, &after(id))),
            ("quote", [_, ..]) => {
                let sent = self.platform.sent().into_iter().next_back()?;
                Some(Draft::text(rest).quote(&sent.reference, sent.text()))
            }
            _ => None,
        };
        if let Some(draft) = draft {
            return Some(Step::Event(says(user, group, draft)));
        }
        let in_group = match &group {
            Some(group) => group.clone(),
            None if matches!(name, "hear" | "robot-add" | "robot-del" | "join" | "leave" | "request") => {
                return Some(Step::Note(
                    pick(self.language, "先用 `:group` 进入一个群。", "Choose a group with `:group` first.")
                        .to_owned(),
                ));
            }
            None => String::new(),
        };
        let other = words.first().map_or_else(|| user.clone(), |word| (*word).to_owned());
        let rest = rest.to_owned();
        let told: Told = match (name, words) {
            ("hear", [_, ..]) => {
                Box::new(move |s| vec![s.platform.bot().group_message_event(&in_group, &user, rest.as_str())])
            }
            ("button", [id, ..]) => {
                let (id, data) = ((*id).to_owned(), after(id));
                does(move |s| match &group {
                    Some(group) => s.platform.bot().group_press(group, &user, &id, &data),
                    None => s.platform.bot().press(&user, &id, &data),
                })
            }
            ("friend-add", []) => does(move |s| s.platform.bot().friend_add(&user)),
            ("friend-del", []) => does(move |s| s.platform.bot().friend_del(&user)),
            ("robot-add", []) => does(move |s| s.platform.bot().group_add(&in_group, &user)),
            ("robot-del", []) => does(move |s| s.platform.bot().group_del(&in_group, &user)),
            ("push", [on @ ("on" | "off")]) => {
                let on = *on == "on";
                does(move |s| match &group {
                    Some(group) => s.platform.bot().group_push(group, &user, on),
                    None => s.platform.bot().user_push(&user, on),
                })
            }
            ("join", [] | [_]) => does(move |s| s.platform.bot().member_change(&in_group, &other, true)),
            ("leave", [] | [_]) => does(move |s| s.platform.bot().member_change(&in_group, &other, false)),
            ("request", _) => does(move |s| s.platform.bot().join_request(&in_group, &user, &rest)),
            ("channel", [_, ..]) => does(move |s| s.platform.bot().channel_at(&user, &rest)),
            ("event", [_, ..]) => {
                let events = self.raw(&rest);
                if events.is_empty() {
                    return None;
                }
                Box::new(move |_| events)
            }
            _ => return None,
        };
        Some(Step::Event(told))
    }

    /// Events of a type by its name, or one as an envelope.
    fn raw(&self, text: &str) -> Vec<Event> {
        let mut named = self.platform.bot().every_event();
        named.retain(|event| event.kind.eq_ignore_ascii_case(text));
        if named.is_empty() {
            let envelope: Value = serde_json::from_str(text).unwrap_or_default();
            named.extend(Event::from_envelope(&envelope));
        }
        named
    }
}

/// What happens by itself when it is done: the platform tells of it at once.
fn does(what: impl FnOnce(&mut Stage) -> Event + Send + 'static) -> Told {
    Box::new(move |stage| {
        let event = what(stage);
        stage.last = vec![event];
        Vec::new()
    })
}

fn says(user: String, group: Option<String>, draft: Draft) -> Told {
    Box::new(move |stage| {
        let bot = stage.platform.bot();
        vec![match group {
            Some(group) => bot.group_at_event(&group, &user, draft),
            None => bot.c2c_event(&user, draft),
        }]
    })
}

#[cfg(test)]
mod tests {
    use iglu_simulator::qq::{Event, Options, Platform};

    use super::{COMMANDS, Stage, Step, commands};
    use crate::config::Language;

    #[tokio::test]
    async fn lines_become_events_and_faults() {
        let platform = Platform::start(Options::default()).await;
        let mut stage = Stage::new(platform, Language::English);
        assert_eq!(stage.place(), "7D29…5BC7");
        for (line, kind) in [
            ("hi", Some("C2C_MESSAGE_CREATE")),
            (":friend-add", Some("FRIEND_ADD")),
            (":push off", Some("C2C_MSG_REJECT")),
            (":join", None),
            (":group", None),
            ("hi", Some("GROUP_AT_MESSAGE_CREATE")),
            (":hear hi", Some("GROUP_MESSAGE_CREATE")),
            (":image http://x/y.png look", Some("GROUP_AT_MESSAGE_CREATE")),
            (":button ok data", Some("INTERACTION_CREATE")),
            (":robot-del", Some("GROUP_DEL_ROBOT")),
            (":request let me in", Some("GROUP_JOIN_REQUEST")),
            (":event guild_create", Some("GUILD_CREATE")),
            (r#":event {"t":"X","id":"X:1","d":{}}"#, Some("X")),
            (":event nothing", None),
            (":duplicate", Some("X")),
            (":close here", None),
            (":expire", None),
        ] {
            let seen = match stage.typed(line) {
                Step::Event(told) => {
                    stage.happen(told);
                    stage.last.last().map(|event: &Event| event.kind.clone())
                }
                _ => None,
            };
            assert_eq!(seen.as_deref(), kind, "{line}");
        }
        assert_eq!(stage.place(), "7D29…5BC7@D4DE…2B91");
    }

    #[test]
    fn every_command_is_helped_with() {
        let help = commands::list(COMMANDS, Language::Chinese);
        assert!(COMMANDS.iter().all(|(name, ..)| help.contains(&format!(":{name}"))));
        assert!(commands::usage(COMMANDS, "buton", Language::English).contains(":button"));
    }
}
