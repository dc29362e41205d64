//! Lines that begin with `:` are for the chat itself: who types, where, and what happens there beside messages.

use serde_json::json;

use super::{BOT_ID, State, event, line};
use crate::config::{Language, nearest};
use crate::model::{Chat, EventBody, Incoming, MemberChange, Notice, PokeNotice, Role};

/// What a typed line came to.
#[derive(Debug)]
pub enum Typed {
    /// Something happened, for the plugins.
    Event(Box<Incoming>),
    /// Something to tell the person who typed; nothing for the plugins.
    Note(String),
    /// The end of the chat.
    Quit,
    /// An empty line.
    Nothing,
}

/// Name, what follows it, and what it does in Chinese and English: one table for the help and for mistypings.
const COMMANDS: [(&str, &str, &str, &str); 9] = [
    ("user", "ID [NAME]", "换一个用户说话", "speak as another user"),
    ("role", "member|admin|owner", "设定当前用户在群里的身份", "set the user's role in groups"),
    ("group", "ID", "到一个群里说话", "speak in a group"),
    ("private", "", "回到私聊", "speak in private"),
    ("poke", "", "戳一戳机器人", "poke the bot"),
    ("join", "[ID [NAME]]", "让一个用户加入当前群", "let a user join the group"),
    ("leave", "[ID]", "让一个用户退出当前群", "let a user leave the group"),
    ("help", "", "显示这些说明", "show this list"),
    ("quit", "", "结束聊天", "end the chat"),
];

pub(super) fn read(state: &mut State, line: &str, language: Language) -> Typed {
    let trimmed = line.trim();
    if trimmed.is_empty() {
        return Typed::Nothing;
    }
    let Some(command) = trimmed.strip_prefix([':', '：']) else {
        return Typed::Event(Box::new(state.say(line::content(trimmed), trimmed, false)));
    };
    if command.starts_with([':', '：']) {
        return Typed::Event(Box::new(state.say(line::content(command), command, false)));
    }
    // Smileys such as `:)` are messages.
    if !command.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return Typed::Event(Box::new(state.say(line::content(trimmed), trimmed, false)));
    }
    let mut words = command.split_whitespace();
    let name = words.next().unwrap_or_default();
    let rest: Vec<&str> = words.collect();
    run(state, name, &rest, language)
}

fn run(state: &mut State, name: &str, rest: &[&str], language: Language) -> Typed {
    match (name, rest) {
        ("user", [id, name @ ..]) => {
            state.user = (*id).to_owned();
            call(state, id, name);
            Typed::Note(whereabouts(state, language))
        }
        ("role", [word]) => match role(word) {
            Some(role) => {
                state.role = role;
                Typed::Note(whereabouts(state, language))
            }
            None => usage(name, language),
        },
        ("group", [id]) => {
            state.group = Some((*id).to_owned());
            Typed::Note(whereabouts(state, language))
        }
        ("private", []) => {
            state.group = None;
            Typed::Note(whereabouts(state, language))
        }
        ("poke", []) => {
            let (chat, sender) = (state.chat(), state.user.clone());
            let original = json!({"poke": BOT_ID, "user": sender});
            let poke = PokeNotice { chat, sender, target: BOT_ID.to_owned(), text: None };
            Typed::Event(Box::new(event(EventBody::Notice(Notice::Poked(poke)), &original)))
        }
        ("join" | "leave", rest) if rest.len() < 2 || name == "join" => {
            membership(state, name, rest, language)
        }
        ("help", []) => Typed::Note(help(language)),
        ("quit", []) => Typed::Quit,
        _ => usage(name, language),
    }
}

fn membership(state: &mut State, name: &str, rest: &[&str], language: Language) -> Typed {
    let Chat::Group(group) = state.chat() else {
        return Typed::Note(
            language
                .pick("先用 `:group ID` 进入一个群。", "Choose a group with `:group ID` first.")
                .to_owned(),
        );
    };
    let user = rest.first().map_or_else(|| state.user.clone(), |id| (*id).to_owned());
    call(state, &user, rest.get(1..).unwrap_or_default());
    let how = if name == "join" { "approve" } else { "leave" };
    let original = json!({"group": group, "user": user, "how": how});
    let change = MemberChange { group, user, operator: None, how: how.to_owned() };
    let notice = if name == "join" { Notice::MemberJoined(change) } else { Notice::MemberLeft(change) };
    Typed::Event(Box::new(event(EventBody::Notice(notice), &original)))
}

fn call(state: &mut State, id: &str, name: &[&str]) {
    if !name.is_empty() && id != BOT_ID {
        state.names.insert(id.to_owned(), name.join(" "));
    }
}

fn role(word: &str) -> Option<Role> {
    match word {
        "member" => Some(Role::Member),
        "admin" => Some(Role::Admin),
        "owner" => Some(Role::Owner),
        _ => None,
    }
}

fn whereabouts(state: &State, language: Language) -> String {
    let user = &state.user;
    let Some(group) = &state.group else {
        return language
            .pick(format!("现在是用户 {user}，私聊。"), format!("You are user {user}, in private."));
    };
    let (zh, en) = match state.role {
        Role::Owner => ("群主", "owner"),
        Role::Admin => ("管理员", "admin"),
        Role::Member | Role::Unknown => ("成员", "member"),
    };
    language.pick(
        format!("现在是用户 {user}，在群 {group} 里，身份是{zh}。"),
        format!("You are user {user}, {en} in group {group}."),
    )
}

/// How to write a known command, or which one an unknown name may mean.
fn usage(name: &str, language: Language) -> Typed {
    if let Some((name, arguments, ..)) = COMMANDS.iter().find(|command| command.0 == name) {
        let usage = format!(":{name} {arguments}");
        return Typed::Note(format!("{}{}", language.pick("用法：", "Usage: "), usage.trim_end()));
    }
    let guess = nearest(name, COMMANDS.iter().map(|command| command.0));
    Typed::Note(match (language, guess) {
        (Language::Chinese, Some(guess)) => {
            format!("没有 `:{name}`，是不是 `:{guess}`？`:help` 列出全部；要原样发送请写 `::{name}`。")
        }
        (Language::Chinese, None) => {
            format!("没有 `:{name}`。`:help` 列出全部；要原样发送请写 `::{name}`。")
        }
        (Language::English, Some(guess)) => format!(
            "There is no `:{name}`; did you mean `:{guess}`? `:help` lists all; write `::{name}` to send it as it is."
        ),
        (Language::English, None) => {
            format!("There is no `:{name}`. `:help` lists all; write `::{name}` to send it as it is.")
        }
    })
}

fn help(language: Language) -> String {
    let mut lines: Vec<String> = COMMANDS
        .iter()
        .map(|(name, arguments, zh, en)| {
            let usage = format!(":{name} {arguments}");
            format!("{usage:<26}{}", language.pick(zh, en))
        })
        .collect();
    lines.push(
        language.pick(
            "其余的行都是消息。可以写 @bot、@10002、@all、[face 14]、[image: 地址]。",
            "Every other line is a message. It may hold @bot, @10002, @all, [face 14] and [image: ADDRESS].",
        )
        .to_owned(),
    );
    lines.join("\n")
}
