//! The commands that the host answers itself, unless a plugin claims their words.

use super::commands::{Call, Commands, Meant, What};
use super::{help, manage};

/// A command of the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BuiltIn {
    /// What there is to say.
    Help,
    /// Which plugins are on.
    Plugin,
}

/// What a message asks of the host itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asked {
    /// One of its commands, and what comes after its word.
    Own(BuiltIn, String),
    /// What sub-commands a command has.
    Below(Parent),
}

/// A name that is no command by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parent {
    pub prefix: String,
    pub name: String,
    /// What stands in the place of a sub-command.
    pub word: String,
    /// The handlers of its sub-commands.
    pub ranks: Vec<usize>,
}

/// The words of each, in every language.
const ALL: [(BuiltIn, [&str; 2]); 2] = [(BuiltIn::Help, help::WORDS), (BuiltIn::Plugin, manage::WORDS)];

/// Adds their words.
pub(super) fn insert(commands: &mut Commands) {
    for (command, words) in ALL {
        words.iter().for_each(|word| commands.insert_own(word, command));
    }
}

/// What the host itself is asked. Where commands need no prefix, ordinary words are no call for a sub-command.
pub(super) fn asked(call: &Call<'_>, meant: &Meant<'_, '_>) -> Option<Asked> {
    let (name, rest) = (&meant.name, meant.rest);
    match meant.what {
        What::Handlers(_) => None,
        What::Own(command) => Some(Asked::Own(command, rest.trim().to_owned())),
        What::Parent(_) if call.rule.is_empty() && !rest.is_empty() => None,
        What::Parent(ranks) => Some(Asked::Below(Parent {
            prefix: call.prefix.to_owned(),
            name: name.clone(),
            word: rest.split_whitespace().next().unwrap_or_default().to_owned(),
            ranks: ranks.to_vec(),
        })),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::router::samples::{manifest, rules, said};
    use crate::router::table::Table;

    #[test]
    fn its_words_are_the_hosts_unless_a_plugin_claims_them() {
        use BuiltIn::{Help, Plugin};
        let plain = r#"{"name": "add", "on": {"command": {"name": "note add"}}}"#;
        let claimed = r#"{"name": "h", "on": {"command": {"name": "menu", "aliases": ["Help", "Plugin"]}}}"#;
        let sub = r#"{"name": "h", "on": {"command": {"name": "help me", "aliases": ["plugin x"]}}}"#;
        for (handlers, text, expected) in [
            (plain, "/help", Some((Help, ""))),
            (plain, "/帮助  n ", Some((Help, "n"))),
            (plain, "help", None),
            (plain, "/helpme", None),
            (plain, "/Plugin off  Echo", Some((Plugin, "off  Echo"))),
            (plain, "／插件", Some((Plugin, ""))),
            (plain, "/plugins", None),
            (claimed, "/help", None),
            (claimed, "/帮助", Some((Help, ""))),
            (claimed, "/plugin off echo", None),
            (claimed, "/插件 off echo", Some((Plugin, "off echo"))),
            (sub, "/help me", None),
            (sub, "/help you", Some((Help, "you"))),
            (sub, "/plugin x", None),
            (sub, "/plugin list", Some((Plugin, "list"))),
        ] {
            let rules = rules("1");
            let table = Table::new([(Arc::from("p"), &manifest("p", handlers))], &rules);
            let expected = expected.map(|(command, rest)| Asked::Own(command, rest.to_owned()));
            assert_eq!(table.find(&said(text), &rules).1, expected, "{text}");
        }
    }
}
