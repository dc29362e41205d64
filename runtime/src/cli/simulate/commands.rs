//! The lines of a simulation: messages, and commands that begin with `:` as in a chat.

use iglu_simulator::Cut;

use crate::cli::pick;
use crate::config::{Language, nearest};

/// What a typed line came to.
#[derive(Debug)]
pub(super) enum Step {
    /// Something happened, for the bot.
    Event(Happening),
    /// Wait for the bot: for one action, or for any that is not a mere question.
    Wait(Option<String>),
    Cut(Cut),
    /// Something to tell the person who typed.
    Note(String),
    Nothing,
    Quit,
}

/// What the bot is told of.
#[derive(Debug, PartialEq)]
pub(super) enum Happening {
    /// A message of a user, in a group or in private.
    Message {
        user: u64,
        group: Option<u64>,
        text: String,
    },
    Poke,
    Join(u64),
    Leave(u64),
    Recall(i64),
    FriendRequest(String),
    GroupRequest {
        comment: String,
        invite: bool,
    },
    /// The account is logged out.
    Kick,
    /// The last event once more.
    Again,
    /// One of each kind with this name, or an event as JSON.
    Raw(String),
}

/// Name, what follows it, and what it does in Chinese and English: one table for the help and for mistypings.
pub(super) type Table = [(&'static str, &'static str, &'static str, &'static str)];

pub(super) const COMMANDS: &Table = &[
    ("user", "ID [NAME]", "换一个用户说话", "speak as another user"),
    ("role", "member|admin|owner", "设定当前用户在群里的身份", "set the user's role in groups"),
    ("group", "ID [NAME]", "到一个群里说话", "speak in a group"),
    ("private", "", "回到私聊", "speak in private"),
    ("poke", "", "戳一戳机器人", "poke the bot"),
    ("join", "[ID [NAME]]", "让一个用户加入当前群", "let a user join the group"),
    ("leave", "[ID]", "让一个用户退出当前群", "let a user leave the group"),
    ("recall", "[MESSAGE-ID]", "撤回一条消息，默认最后一条", "recall a message, the last one by default"),
    (
        "request",
        "friend|add|invite [TEXT]",
        "申请加好友、申请入群、邀请入群",
        "ask to be a friend, to join, or invite",
    ),
    ("event", "KIND|JSON", "发出一种事件，或原样的 JSON", "send a kind of event, or JSON as it is"),
    ("duplicate", "", "把上一个事件再发一遍", "send the last event once more"),
    ("cut", "[reset|eof|half|close]", "断开所有连接", "cut all connections"),
    ("drop", "", "连接不断，但不再收发", "keep the connections and say nothing more"),
    ("speak", "", "恢复收发", "end :drop"),
    ("deaf", "[ACTION]", "不回应下一个请求", "never answer the next request"),
    ("fail", "ACTION CODE TEXT", "让下一个请求失败", "let the next request of an action fail"),
    ("slow", "MS", "所有回应都晚这么久，0 为恢复", "delay all answers; 0 ends it"),
    ("kick", "", "账号被强制下线", "log the account out"),
    ("wait", "[ACTION]", "等待机器人的下一个动作", "wait for what the bot does next"),
    ("help", "", "显示这些说明", "show this list"),
    ("quit", "", "结束", "end"),
];

/// A command's name and words, or what else a line is.
pub(super) enum Line<'a> {
    Command(&'a str, Vec<&'a str>, &'a str),
    /// A message by whoever types, or by a user and in a group that the line names.
    Message(Option<(u64, Option<u64>)>, &'a str),
    Empty,
}

pub(super) fn read(line: &str) -> Line<'_> {
    let line = line.trim();
    let Some(command) = line.strip_prefix([':', '：']) else {
        return match addressed(line) {
            _ if line.is_empty() || line.starts_with('#') => Line::Empty,
            Some((who, text)) => Line::Message(Some(who), text),
            None => Line::Message(None, line),
        };
    };
    if command.starts_with([':', '：']) {
        return Line::Message(None, command);
    }
    // Smileys such as `:)` are messages.
    if !command.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return Line::Message(None, line);
    }
    let (name, rest) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
    Line::Command(name, rest.split_whitespace().collect(), rest.trim())
}

/// `10001@20001: text` or `10001: text`.
fn addressed(line: &str) -> Option<((u64, Option<u64>), &str)> {
    let (who, text) = line.split_once([':', '：'])?;
    let (user, group) = match who.split_once('@') {
        Some((user, group)) => (user, Some(group.parse().ok()?)),
        None => (who, None),
    };
    let text = text.trim_start();
    if text.is_empty() { None } else { Some(((user.parse().ok()?, group), text)) }
}

pub(super) fn cut(words: &[&str]) -> Option<Cut> {
    match words {
        [] | ["reset"] => Some(Cut::Reset),
        ["eof"] => Some(Cut::Eof),
        ["half"] => Some(Cut::MidFrame),
        ["close"] => Some(Cut::Close(None)),
        _ => None,
    }
}

/// How to write a known command, or which one an unknown name may mean.
pub(super) fn usage(table: &Table, name: &str, language: Language) -> String {
    if let Some((name, arguments, ..)) = table.iter().find(|command| command.0 == name) {
        let usage = format!(":{name} {arguments}");
        return format!("{}{}", pick(language, "用法：", "Usage: "), usage.trim_end());
    }
    let guess = nearest(name, table.iter().map(|command| command.0));
    match (language, guess) {
        (Language::Chinese, Some(guess)) => format!("没有 `:{name}`，是不是 `:{guess}`？`:help` 列出全部。"),
        (Language::Chinese, None) => format!("没有 `:{name}`。`:help` 列出全部。"),
        (Language::English, Some(guess)) => {
            format!("There is no `:{name}`; did you mean `:{guess}`? `:help` lists all.")
        }
        (Language::English, None) => format!("There is no `:{name}`. `:help` lists all."),
    }
}

pub(super) fn help(language: Language) -> String {
    let messages = pick(
        language,
        "其余的行都是消息；`10001@20001: 你好` 以那个用户在那个群里说。可以写 @bot、@10002、@all、[face 14]、[image: 地址]。",
        "Every other line is a message; `10001@20001: hi` is one of that user in that group. It may hold @bot, @10002, \
         @all, [face 14] and [image: ADDRESS].",
    );
    format!("{}\n{messages}", list(COMMANDS, language))
}

/// One line for each command.
pub(super) fn list(table: &Table, language: Language) -> String {
    let line = |(name, arguments, zh, en): &(&str, &str, &str, &str)| {
        let usage = format!(":{name} {arguments}");
        format!("{usage:<38}{}", pick(language, zh, en))
    };
    table.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_may_name_who_says_it_and_where() {
        for (line, expected) in [
            ("10001@20001: /echo hi", Some((Some((10001, Some(20001))), "/echo hi"))),
            ("10001: hi: there", Some((Some((10001, None)), "hi: there"))),
            ("10001：你好", Some((Some((10001, None)), "你好"))),
            ("hi", Some((None, "hi"))),
            ("see 10001: hi", Some((None, "see 10001: hi"))),
            ("10001@x: hi", Some((None, "10001@x: hi"))),
            ("10001:", Some((None, "10001:"))),
            (":) hi", Some((None, ":) hi"))),
            ("::wait", Some((None, ":wait"))),
            (":wait", None),
            ("", None),
            ("# a remark", None),
        ] {
            let read = match read(line) {
                Line::Message(who, text) => Some((who, text)),
                Line::Command(..) | Line::Empty => None,
            };
            assert_eq!(read, expected, "{line}");
        }
    }

    #[test]
    fn a_mistyped_command_is_guessed() {
        assert!(usage(COMMANDS, "wiat", Language::English).contains(":wait"));
        assert_eq!(usage(COMMANDS, "slow", Language::English), "Usage: :slow MS");
        assert!(COMMANDS.iter().all(|(name, ..)| help(Language::Chinese).contains(&format!(":{name}"))));
    }
}
