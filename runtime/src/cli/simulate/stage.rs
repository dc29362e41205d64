//! Who types, where, and what the bot did about it.

use std::collections::VecDeque;
use std::time::Duration;

use iglu_simulator::{ANY, Answer, Call, Napcat};
use serde_json::{Value, json};

use super::commands::{self, Happening, Line, Step};
use super::show;
use crate::cli::{pick, terminal};
use crate::config::Language;

/// Who types until told otherwise, as in a chat.
const FIRST_USER: u64 = 10001;

/// The simulated world as seen by the person who types.
pub(super) struct Stage {
    napcat: Napcat,
    language: Language,
    /// Whether events are posted, so that they need no connection.
    pub(super) posts: bool,
    user: u64,
    role: String,
    group: Option<u64>,
    last: Option<Value>,
    last_message: i64,
    /// What the bot did since the last event, and what no wait has used up.
    done: VecDeque<String>,
}

impl Stage {
    pub(super) fn new(napcat: Napcat, language: Language) -> Self {
        let posts = napcat.posts_anywhere();
        let role = "member".to_owned();
        Self {
            napcat,
            language,
            posts,
            user: FIRST_USER,
            role,
            group: None,
            last: None,
            last_message: 0,
            done: VecDeque::new(),
        }
    }

    /// Who types and where, as a prompt shows it: `10001` or `10001@20001`.
    pub(super) fn place(&self) -> String {
        self.group.map_or_else(|| self.user.to_string(), |group| format!("{}@{group}", self.user))
    }

    /// Shows what the bot did.
    pub(super) fn did(&mut self, call: &Call) {
        // Nobody who reads the output is no reason to stop.
        let _ = terminal::say(&show::call(call));
        self.done.push_back(call.action().to_owned());
    }

    /// Whether the bot did something since the last event or wait; it is used up then.
    pub(super) fn awaited(&mut self, action: Option<&str>) -> bool {
        while let Some(done) = self.done.pop_front() {
            let question =
                ["get_", "_get_", "can_", "fetch_", "nc_"].iter().any(|start| done.starts_with(start));
            if action.map_or(!question, |action| action == done) {
                return true;
            }
        }
        false
    }

    pub(super) fn typed(&mut self, line: &str) -> Step {
        match commands::read(line) {
            Line::Empty => Step::Nothing,
            Line::Message(who, text) => {
                let (user, group) = who.unwrap_or((self.user, self.group));
                Step::Event(Happening::Message { user, group, text: text.to_owned() })
            }
            Line::Command(name, words, rest) => self
                .command(name, &words, rest)
                .unwrap_or_else(|| Step::Note(commands::usage(commands::COMMANDS, name, self.language))),
        }
    }

    /// `None` for what is no command, or is not written as one.
    fn command(&mut self, name: &str, words: &[&str], rest: &str) -> Option<Step> {
        let id = |word: &str| word.parse::<u64>().ok().filter(|id| *id > 0);
        let told = |stage: &Self| Step::Note(stage.place());
        Some(match (name, words) {
            ("user", [user, name @ ..]) => {
                self.user = id(user)?;
                self.call(self.user, name);
                told(self)
            }
            ("role", [role @ ("member" | "admin" | "owner")]) => {
                (*role).clone_into(&mut self.role);
                told(self)
            }
            ("group", [group, name @ ..]) => {
                let group = id(group)?;
                self.napcat.add_group(group, &if name.is_empty() { "群".to_owned() } else { name.join(" ") });
                self.group = Some(group);
                told(self)
            }
            ("private", []) => {
                self.group = None;
                told(self)
            }
            ("poke", []) => Step::Event(Happening::Poke),
            ("join" | "leave", _) if self.group.is_none() => Step::Note(
                pick(
                    self.language,
                    "先用 `:group ID` 进入一个群。",
                    "Choose a group with `:group ID` first.",
                )
                .to_owned(),
            ),
            ("join", [user, name @ ..]) => {
                self.call(id(user)?, name);
                Step::Event(Happening::Join(id(user)?))
            }
            ("join", []) => Step::Event(Happening::Join(self.user)),
            ("leave", []) => Step::Event(Happening::Leave(self.user)),
            ("leave", [user]) => Step::Event(Happening::Leave(id(user)?)),
            ("recall", []) => Step::Event(Happening::Recall(self.last_message)),
            ("recall", [message]) => Step::Event(Happening::Recall(message.parse().ok()?)),
            ("request", [kind, ..]) => {
                let comment = rest[kind.len()..].trim().to_owned();
                Step::Event(match *kind {
                    "friend" => Happening::FriendRequest(comment),
                    "add" | "invite" if self.group.is_some() => {
                        Happening::GroupRequest { comment, invite: *kind == "invite" }
                    }
                    _ => return None,
                })
            }
            ("event", [_, ..]) => Step::Event(Happening::Raw(rest.to_owned())),
            ("duplicate", []) => Step::Event(Happening::Again),
            ("kick", []) => Step::Event(Happening::Kick),
            ("wait", []) => Step::Wait(None),
            ("wait", [action]) => Step::Wait(Some((*action).to_owned())),
            ("cut", words) => Step::Cut(commands::cut(words)?),
            ("help", []) => Step::Note(commands::help(self.language)),
            ("quit", []) => Step::Quit,
            _ => return self.fault(name, words),
        })
    }

    fn fault(&self, name: &str, words: &[&str]) -> Option<Step> {
        match (name, words) {
            ("drop", []) => self.napcat.go_silent(),
            ("speak", []) => self.napcat.speak_again(),
            ("deaf", []) => self.napcat.answer_once(ANY, Answer::never()),
            ("deaf", [action]) => self.napcat.answer_once(action, Answer::never()),
            ("fail", [action, code, text @ ..]) => {
                let failure = Answer::failed_with(code.parse().ok()?, &text.join(" "));
                self.napcat.answer_once(action, failure);
            }
            ("slow", [delay]) => match delay.parse().ok()? {
                0 => self.napcat.answer_normally(ANY),
                delay => self.napcat.answer(ANY, Answer::handled().after(Duration::from_millis(delay))),
            },
            _ => return None,
        }
        Some(Step::Nothing)
    }

    fn call(&self, user: u64, name: &[&str]) {
        if !name.is_empty() {
            self.napcat.add_friend(user, &name.join(" "));
        }
    }

    /// Lets something happen, and says so when there was nobody to hear it.
    pub(super) fn happen(&mut self, what: Happening) {
        self.done.clear();
        let heard = match what {
            Happening::Message { user, group, text } => {
                let draft = match group {
                    Some(group) if user == self.user => {
                        self.napcat.group_message(group, user).sender("role", self.role.clone().into())
                    }
                    Some(group) => self.napcat.group_message(group, user),
                    None => self.napcat.private_message(user),
                };
                let event = draft.segments(show::segments(&text, self.napcat.options().self_id)).json();
                self.last_message = event["message_id"].as_i64().unwrap_or_default();
                self.push(event)
            }
            Happening::Poke => self.napcat.poke(self.group, self.user),
            Happening::Join(user) => self.napcat.join(self.group.unwrap_or_default(), user),
            Happening::Leave(user) => self.napcat.leave(self.group.unwrap_or_default(), user),
            Happening::Recall(message) => match self.napcat.recall(message) {
                Some(heard) => heard,
                None => {
                    return terminal::note(pick(
                        self.language,
                        "没有这条消息。",
                        "There is no such message.",
                    ));
                }
            },
            Happening::FriendRequest(comment) => {
                self.napcat.friend_request(self.user, &comment);
                1
            }
            Happening::GroupRequest { comment, invite } => {
                self.napcat.group_request(self.group.unwrap_or_default(), self.user, &comment, invite);
                1
            }
            Happening::Kick => self.napcat.kick_offline(),
            Happening::Again => match self.last.clone() {
                Some(event) => self.push(event),
                None => 1,
            },
            Happening::Raw(text) => self.raw(&text),
        };
        if heard == 0 {
            terminal::note(pick(
                self.language,
                "没有机器人连接，NapCat 会丢弃这个事件。",
                "No bot is connected: NapCat discards this event.",
            ));
        }
    }

    fn push(&mut self, event: Value) -> usize {
        let heard = self.napcat.push(&event);
        self.last = Some(event);
        heard
    }

    /// Events of a kind by its name, or JSON; what is neither is sent as it is, as a broken frame.
    fn raw(&mut self, text: &str) -> usize {
        let named: Vec<_> = self.napcat.every_event().into_iter().filter(|(kind, _)| *kind == text).collect();
        if !named.is_empty() {
            return named.into_iter().map(|(_, event)| self.push(event)).max().unwrap_or_default();
        }
        match serde_json::from_str::<Value>(text) {
            Ok(Value::Object(mut fields)) => {
                fields
                    .entry("time")
                    .or_insert_with(|| json!(std::time::UNIX_EPOCH.elapsed().map_or(0, |age| age.as_secs())));
                fields.entry("self_id").or_insert_with(|| self.napcat.options().self_id.into());
                self.push(Value::Object(fields))
            }
            _ => self.napcat.push_text(text),
        }
    }
}
