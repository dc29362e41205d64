//! Commands: a prefix, the command's words, and what comes after them.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::builtin::BuiltIn;
use super::words::words;
use crate::model::{Mention, Message, Segment, half_width};

/// Which handlers each command wakes.
#[derive(Debug, Default)]
pub(super) struct Commands {
    names: HashMap<String, Node>,
    most_words: usize,
    longest: usize,
}

/// What one name stands for.
#[derive(Debug, Default)]
struct Node {
    ranks: Vec<usize>,
    /// The handlers of its sub-commands.
    below: Vec<usize>,
    /// The host's own, unless a handler claims the name.
    own: Option<BuiltIn>,
}

/// A command that somebody wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Call<'t> {
    /// The prefix as it is configured.
    pub rule: &'t str,
    /// As written: `／` stays `／`.
    pub prefix: &'t str,
    /// Everything after the prefix.
    pub after: &'t str,
}

/// What a call means.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Meant<'c, 't> {
    pub name: String,
    pub what: What<'c>,
    /// What stands after the name.
    pub rest: &'t str,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum What<'c> {
    /// A command of these handlers.
    Handlers(&'c [usize]),
    /// One of the host's own.
    Own(BuiltIn),
    /// No command, but there are sub-commands of it, of these handlers.
    Parent(&'c [usize]),
}

impl Commands {
    /// Adds a name or alias for the handler with this rank.
    pub(super) fn insert(&mut self, name: &str, rank: usize) {
        let name = normal(name);
        for (at, _) in name.match_indices(' ') {
            push_new(&mut self.names.entry(name[..at].to_owned()).or_default().below, rank);
        }
        self.most_words = self.most_words.max(name.split(' ').count());
        self.longest = self.longest.max(name.len());
        push_new(&mut self.names.entry(name).or_default().ranks, rank);
    }

    /// Makes a word one of the host's own, unless a handler claims it.
    pub(super) fn insert_own(&mut self, name: &str, command: BuiltIn) {
        self.most_words = self.most_words.max(1);
        self.longest = self.longest.max(name.len());
        self.names.entry(name.to_owned()).or_default().own = Some(command);
    }

    /// Commands that more than one handler claims.
    pub(super) fn shared(&self) -> impl Iterator<Item = (&str, &[usize])> {
        let shared = self.names.iter().filter(|(_, node)| node.ranks.len() > 1);
        shared.map(|(name, node)| (name.as_str(), node.ranks.as_slice()))
    }

    /// The longest command that `call` begins with, of the handlers that `accepts` says listen to its prefix; else the
    /// host's own command (if `own`), else the longest name that has sub-commands.
    pub(super) fn find<'t>(
        &self,
        call: Call<'t>,
        own: bool,
        accepts: impl Fn(usize) -> bool,
    ) -> Option<Meant<'_, 't>> {
        if self.names.is_empty() || call.after.starts_with(char::is_whitespace) {
            return None;
        }
        let mut name = String::new();
        let (mut command, mut built_in, mut parent) = (None, None, None);
        let mut rest = call.after;
        for _ in 0..self.most_words {
            let (word, after) = rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len()));
            let gap = usize::from(!name.is_empty());
            if word.is_empty() || name.len() + gap + word.len() > self.longest {
                break;
            }
            if gap == 1 {
                name.push(' ');
            }
            name.extend(word.chars().map(|c| c.to_ascii_lowercase()));
            rest = after.trim_start();
            let Some(node) = self.names.get(&name) else { continue };
            let meant = |what| Some(Meant { name: name.clone(), what, rest });
            if node.ranks.iter().any(|&rank| accepts(rank)) {
                command = meant(What::Handlers(&node.ranks));
            } else if let (Some(command), true) = (node.own, own) {
                built_in = meant(What::Own(command));
            } else if node.below.iter().any(|&rank| accepts(rank)) {
                parent = meant(What::Parent(&node.below));
            }
        }
        command.or(built_in).or(parent)
    }
}

fn push_new(ranks: &mut Vec<usize>, rank: usize) {
    if !ranks.contains(&rank) {
        ranks.push(rank);
    }
}

/// The commands that a message could be, by each of `prefixes` that it begins with. None if it is spoken to somebody
/// else: its text begins after a mention of another user. A mention that comes with a quote does not count, QQ adds
/// that one by itself.
pub(super) fn calls<'t>(message: &'t Message, prefixes: &'t [String]) -> impl Iterator<Item = Call<'t>> {
    let text = if spoken_to_another(&message.content) { "" } else { message.text.trim_start() };
    prefixes.iter().filter_map(move |prefix| {
        let (written, after) = text.split_at(prefix_length(text, prefix)?);
        (!after.is_empty()).then_some(Call { rule: prefix, prefix: written, after })
    })
}

/// What the handler of a command without a declaration is given.
pub(super) fn args(name: &str, prefix: &str, rest: &str) -> String {
    json!({"command": name, "prefix": prefix, "text": rest, "words": words(rest)}).to_string()
}

/// What the handler of a command with a declaration is given: the values too, and what its usage line shows.
pub(super) fn typed_args(
    name: &str,
    prefix: &str,
    rest: &str,
    usage: &str,
    values: &Map<String, Value>,
) -> String {
    json!({"command": name, "prefix": prefix, "text": rest, "words": words(rest), "usage": usage, "values": values})
        .to_string()
}

/// A name as it is compared: lower case where ASCII has case, single spaces.
pub(super) fn normal(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_ascii_lowercase()
}

/// How many bytes of `text` are the prefix, full-width forms being the same as their ASCII ones.
fn prefix_length(text: &str, prefix: &str) -> Option<usize> {
    let mut length = 0;
    let mut chars = text.chars();
    for expected in prefix.chars() {
        let found = chars.next()?;
        if half_width(found) != half_width(expected) {
            return None;
        }
        length += found.len_utf8();
    }
    Some(length)
}

/// A prefix as prefixes are compared.
pub(super) fn half_wide(prefix: &str) -> String {
    prefix.chars().map(half_width).collect()
}

fn spoken_to_another(content: &[Segment]) -> bool {
    let mut quotes = false;
    for segment in content {
        match segment {
            Segment::Reply(_) => quotes = true,
            Segment::At(Mention::User(user)) if user.is_self => {}
            Segment::At(Mention::User(_)) if quotes => quotes = false,
            Segment::At(Mention::User(_)) => return true,
            Segment::Text(text) if text.trim().is_empty() => {}
            _ => return false,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Mentioned, Quote};
    use crate::router::samples::message;

    fn find(text: &str, prefixes: &[&str]) -> Option<(String, usize, String, String)> {
        let mut commands = Commands::default();
        for (rank, name) in
            ["echo", "note", "note  add", "天气", "echo-x", "ECHO Loud please"].iter().enumerate()
        {
            commands.insert(name, rank);
        }
        let prefixes: Vec<String> = prefixes.iter().map(|prefix| (*prefix).to_owned()).collect();
        let message = message(text);
        calls(&message, &prefixes).find_map(|call| {
            let meant = commands.find(call, true, |_| true)?;
            let What::Handlers(ranks) = meant.what else { return None };
            Some((meant.name, ranks[0], call.prefix.to_owned(), meant.rest.to_owned()))
        })
    }

    #[test]
    fn commands_end_at_white_space_and_the_longest_wins() {
        let table = [
            ("/echo", Some(("echo", 0, "/", ""))),
            ("/echo hi  there ", Some(("echo", 0, "/", "hi  there "))),
            ("  /echo hi", Some(("echo", 0, "/", "hi"))),
            ("／echo\u{3000}hi", Some(("echo", 0, "／", "hi"))),
            ("/ECHO hi", Some(("echo", 0, "/", "hi"))),
            ("/echo\nhi", Some(("echo", 0, "/", "hi"))),
            ("/echoes", None),
            ("/echo-x", Some(("echo-x", 4, "/", ""))),
            ("/echo,hi", None),
            ("/note add x", Some(("note add", 2, "/", "x"))),
            ("/note\u{3000} add x", Some(("note add", 2, "/", "x"))),
            ("/note addx", Some(("note", 1, "/", "addx"))),
            ("/note", Some(("note", 1, "/", ""))),
            ("/echo loud PLEASE now", Some(("echo loud please", 5, "/", "now"))),
            ("/echo loud now", Some(("echo", 0, "/", "loud now"))),
            ("/天气 北京", Some(("天气", 3, "/", "北京"))),
            ("/天气北京", None),
            ("/ echo", None),
            ("//echo", None),
            ("echo hi", None),
            ("/", None),
            ("", None),
        ];
        for (text, expected) in table {
            let found = find(text, &["/"]);
            let found = found
                .as_ref()
                .map(|(name, rank, prefix, rest)| (name.as_str(), *rank, prefix.as_str(), rest.as_str()));
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn prefixes_are_configurable() {
        for (text, prefixes, expected) in [
            ("!echo", vec!["!"], Some("!")),
            ("！echo", vec!["!"], Some("！")),
            ("/echo", vec!["／"], Some("/")),
            ("/echo", vec!["!"], None),
            ("echo", vec![""], Some("")),
            ("bot.echo", vec!["bot."], Some("bot.")),
            ("/echo", vec!["!", "/"], Some("/")),
            ("echo", vec!["/", ""], Some("")),
        ] {
            assert_eq!(
                find(text, &prefixes).map(|found| found.2).as_deref(),
                expected,
                "{text} {prefixes:?}"
            );
        }
    }

    #[test]
    fn a_name_with_sub_commands_only_is_a_parent() {
        let mut commands = Commands::default();
        for (rank, name) in ["note add", "note tag add", "todo", "todo del", "help me"].iter().enumerate() {
            commands.insert(name, rank);
        }
        commands.insert_own("help", BuiltIn::Help);
        let only_second = |rank: usize| rank == 1;
        for (text, accepts, expected) in [
            ("note", None, Some(("note", What::Parent(&[0, 1][..]), ""))),
            ("note x y", None, Some(("note", What::Parent(&[0, 1]), "x y"))),
            ("note add x", None, Some(("note add", What::Handlers(&[0]), "x"))),
            ("note tag", None, Some(("note tag", What::Parent(&[1]), ""))),
            ("note add x", Some(only_second), Some(("note", What::Parent(&[0, 1]), "add x"))),
            ("todo x", None, Some(("todo", What::Handlers(&[2]), "x"))),
            ("help me", None, Some(("help me", What::Handlers(&[4]), ""))),
            ("help you", None, Some(("help", What::Own(BuiltIn::Help), "you"))),
            ("nothing", None, None),
        ] {
            let call = Call { rule: "/", prefix: "/", after: text };
            let found = commands.find(call, true, |rank| accepts.is_none_or(|accepts| accepts(rank)));
            let expected = expected.map(|(name, what, rest)| Meant { name: name.to_owned(), what, rest });
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn a_message_to_somebody_else_is_no_command() {
        let at = |is_self| Segment::At(Mention::User(Mentioned { id: "1".to_owned(), name: None, is_self }));
        let quote = || {
            Segment::Reply(Quote {
                message: "1".to_owned(),
                sender: None,
                time: None,
                text: None,
                content: None,
            })
        };
        let text = |text: &str| Segment::Text(text.to_owned());
        for (content, command) in [
            (vec![text("/echo")], true),
            (vec![at(true), text(" /echo")], true),
            (vec![at(true), at(true), text(" /echo")], true),
            (vec![at(false), text(" /echo")], false),
            (vec![text(" "), at(false), text(" /echo")], false),
            (vec![quote(), at(false), text(" /echo")], true),
            (vec![quote(), at(false), at(false), text(" /echo")], false),
            (vec![text("/echo "), at(false)], true),
            (vec![Segment::At(Mention::Everyone), text("/echo")], true),
        ] {
            let message = Message { content, ..message("/echo") };
            assert_eq!(calls(&message, &["/".to_owned()]).count() == 1, command, "{:?}", message.content);
        }
    }
}
