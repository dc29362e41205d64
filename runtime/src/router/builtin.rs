//! The commands that the host answers itself, unless a plugin claims their words.

use super::commands::{Commands, calls};
use super::table::{Rules, Table};
use super::{Board, help, manage};
use crate::model::{EventBody, Incoming};

/// A command of the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BuiltIn {
    /// What there is to say.
    Help,
    /// Which plugins are on.
    Plugin,
}

/// Somebody wrote one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    pub command: BuiltIn,
    /// What comes after its word.
    pub rest: String,
}

/// The words of each, in every language.
const ALL: [(BuiltIn, [&str; 2]); 2] = [(BuiltIn::Help, help::WORDS), (BuiltIn::Plugin, manage::WORDS)];

/// The words that no plugin claims; their ranks are the places in [`ALL`].
pub(super) fn words(table: &Table) -> Commands {
    let mut free = Commands::default();
    for (place, (_, words)) in ALL.iter().enumerate() {
        let unclaimed = words.iter().filter(|word| table.commands.get(word).is_empty());
        unclaimed.for_each(|word| free.insert(word, place));
    }
    free
}

/// The host's command that a message is, if it is not one of a plugin.
pub(super) fn asked(board: &Board, incoming: &Incoming, rules: &Rules) -> Option<Asked> {
    let EventBody::Message(message) = &incoming.event.body else { return None };
    for call in calls(message, &rules.prefixes) {
        if board.table.commands.find(call).is_some() {
            return None;
        }
        if let Some((_, places, rest)) = board.built_in.find(call) {
            let (command, _) = ALL[*places.first()?];
            return Some(Asked { command, rest: rest.trim().to_owned() });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::router::samples::{manifest, said};

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
            let table = Table::new([(Arc::from("p"), &manifest("p", handlers))]);
            let built_in = words(&table);
            let board = Board { table, built_in, ..Board::default() };
            let rules = Rules { prefixes: vec!["/".to_owned()], ..Rules::default() };
            let expected = expected.map(|(command, rest)| Asked { command, rest: rest.to_owned() });
            assert_eq!(asked(&board, &said(text), &rules), expected, "{text}");
        }
    }
}
