//! Commands: a prefix, the command's words, and what comes after them.

use std::collections::HashMap;

use serde_json::json;

use crate::model::{Mention, Message, Segment};

/// Which handlers each command wakes.
#[derive(Debug, Default)]
pub(super) struct Commands {
    names: HashMap<String, Vec<usize>>,
    most_words: usize,
    longest: usize,
}

/// A command that somebody wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Call<'t> {
    /// As written: `／` stays `／`.
    pub prefix: &'t str,
    /// Everything after the prefix.
    pub after: &'t str,
}

impl Commands {
    /// Adds a name or alias for the handler with this rank.
    pub(super) fn insert(&mut self, name: &str, rank: usize) {
        let name = normal(name);
        self.most_words = self.most_words.max(name.split(' ').count());
        self.longest = self.longest.max(name.len());
        let ranks = self.names.entry(name).or_default();
        if !ranks.contains(&rank) {
            ranks.push(rank);
        }
    }

    /// The handlers of a command of this name.
    pub(super) fn get(&self, name: &str) -> &[usize] {
        self.names.get(&normal(name)).map_or(&[], Vec::as_slice)
    }

    /// Commands that more than one handler claims.
    pub(super) fn shared(&self) -> impl Iterator<Item = (&str, &[usize])> {
        self.names
            .iter()
            .filter(|(_, ranks)| ranks.len() > 1)
            .map(|(name, ranks)| (name.as_str(), ranks.as_slice()))
    }

    /// The longest command that `call` begins with: its name, its handlers, and the rest of the text.
    pub(super) fn find<'t>(&self, call: Call<'t>) -> Option<(String, &[usize], &'t str)> {
        if self.names.is_empty() || call.after.starts_with(char::is_whitespace) {
            return None;
        }
        let mut name = String::new();
        let mut found = None;
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
            if let Some(ranks) = self.names.get(&name) {
                found = Some((name.clone(), ranks.as_slice(), rest));
            }
        }
        found
    }
}

/// The commands that a message could be, by each of `prefixes` that it begins with. None if it is spoken to somebody
/// else: its text begins after a mention of another user. A mention that comes with a quote does not count, QQ adds
/// that one by itself.
pub(super) fn calls<'t>(message: &'t Message, prefixes: &'t [String]) -> impl Iterator<Item = Call<'t>> {
    let text = if spoken_to_another(&message.content) { "" } else { message.text.trim_start() };
    prefixes.iter().filter_map(move |prefix| {
        let (prefix, after) = text.split_at(prefix_length(text, prefix)?);
        (!after.is_empty()).then_some(Call { prefix, after })
    })
}

/// What a command's handler is given.
pub(super) fn args(name: &str, prefix: &str, rest: &str) -> String {
    json!({"command": name, "prefix": prefix, "text": rest, "words": words(rest)}).to_string()
}

/// A name as it is compared: lower case where ASCII has case, single spaces.
pub(super) fn normal(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_ascii_lowercase()
}

/// Words are split at white space (the full-width space too); `"two words"` and `“two words”` are one. A quotation mark
/// counts at the beginning of a word only, and if there is one to close it.
pub(super) fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let closing = match first {
            '"' => Some('"'),
            '“' => Some('”'),
            _ => None,
        };
        let quoted = closing.and_then(|closing| {
            let inner = &rest[first.len_utf8()..];
            inner.match_indices(closing).find_map(|(at, mark)| {
                let after = &inner[at + mark.len()..];
                (after.is_empty() || after.starts_with(char::is_whitespace)).then_some((&inner[..at], after))
            })
        });
        let (word, after) =
            quoted.unwrap_or_else(|| rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len())));
        words.push(word);
        rest = after.trim_start();
    }
    words
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

fn half_width(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        _ => c,
    }
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
            let (name, ranks, rest) = commands.find(call)?;
            Some((name, ranks[0], call.prefix.to_owned(), rest.to_owned()))
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
    fn quotation_marks_keep_words_together() {
        for (text, expected) in [
            ("", vec![]),
            ("a  b\u{3000}c\n", vec!["a", "b", "c"]),
            (r#""a b" c"#, vec!["a b", "c"]),
            ("“a b”\u{3000}c", vec!["a b", "c"]),
            (r#"say "hi"#, vec!["say", "\"hi"]),
            (r#"it"s a"b c" d"#, vec!["it\"s", "a\"b", "c\"", "d"]),
            (r#""a"b c" d"#, vec!["a\"b c", "d"]),
            (r#""" x"#, vec!["", "x"]),
        ] {
            assert_eq!(words(text), expected, "{text}");
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
