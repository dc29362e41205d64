//! What a plugin's commands are called here: the manifest's names, changed as the owner wants.

use std::collections::BTreeMap;

use super::commands::{half_wide, normal};
use crate::config::{CommandConfig, nearest};
use crate::plugin::manifest::{Command, Manifest, Trigger};

/// What the owner says about the commands of one plugin, by their names in the manifest.
pub(super) type Renames = BTreeMap<String, CommandConfig>;

/// A command as people call it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    /// The name and its aliases; never empty.
    pub names: Vec<String>,
    /// Prefixes of its own, as they are compared.
    pub prefixes: Option<Vec<String>>,
}

impl Named {
    pub(super) fn name(&self) -> &str {
        &self.names[0]
    }

    /// Whether it listens to this one of the configured prefixes.
    pub(super) fn accepts(&self, prefix: &str, everywhere: &[String]) -> bool {
        self.prefixes.as_deref().unwrap_or(everywhere).iter().any(|own| own == prefix)
    }
}

/// The names of a command; none if the owner switched it off. What is said about `note` counts for `note add` and its
/// kin too, if the plugin has no command `note`.
pub(super) fn named(command: &Command, manifest: &Manifest, owner: Option<&Renames>) -> Option<Named> {
    let tidy = |name: &String| name.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut names: Vec<String> = [&command.name].into_iter().chain(&command.aliases).map(tidy).collect();
    let Some(owner) = owner else { return Some(Named { names, prefixes: None }) };
    let own = normal(&command.name);
    let group = owner.iter().rfind(|(key, _)| is_below(&own, key) && !has(manifest, key));
    let (exact, above) = (owner.get(&own), group.map(|(_, above)| above));
    if exact.is_some_and(|it| it.disabled) || above.is_some_and(|it| it.disabled) {
        return None;
    }
    if let Some(exact) = exact {
        if let Some(name) = &exact.name {
            names[0].clone_from(name);
        }
        if let Some(aliases) = &exact.aliases {
            names.truncate(1);
            names.extend(aliases.iter().cloned());
        }
    }
    if let Some((key, above)) = group {
        let heads = above.aliases.iter().flatten().map(String::as_str);
        let heads: Vec<&str> = [above.name.as_deref().unwrap_or(key)].into_iter().chain(heads).collect();
        let renamed = names.iter().flat_map(|name| {
            if is_below(&normal(name), key) {
                heads.iter().map(|head| format!("{head}{}", &name[key.len()..])).collect()
            } else {
                vec![name.clone()]
            }
        });
        names = renamed.collect();
    }
    let prefixes = exact.and_then(|it| it.prefixes.as_ref()).or(above.and_then(|it| it.prefixes.as_ref()));
    let prefixes = prefixes.map(|prefixes| prefixes.iter().map(|prefix| half_wide(prefix)).collect());
    Some(Named { names, prefixes })
}

/// What the owner says about commands that the plugin does not have.
pub(super) fn remarks(manifest: &Manifest, owner: &Renames) -> Vec<String> {
    let unknown = owner
        .keys()
        .filter(|key| !has(manifest, key) && !names(manifest).any(|name| is_below(&normal(name), key)));
    let remark = |key: &String| {
        let near = nearest(key, names(manifest));
        let hint = near.map(|near| format!("; did you mean {near:?}?")).unwrap_or_default();
        format!("[plugin.{}.commands.{key:?}]: the plugin has no command of this name{hint}", manifest.id)
    };
    unknown.map(remark).collect()
}

fn names(manifest: &Manifest) -> impl Iterator<Item = &str> {
    manifest.handlers.iter().filter_map(|handler| match &handler.on {
        Trigger::Command(command) => Some(command.name.as_str()),
        _ => None,
    })
}

fn has(manifest: &Manifest, key: &str) -> bool {
    names(manifest).any(|name| normal(name) == key)
}

fn is_below(name: &str, key: &str) -> bool {
    name.strip_prefix(key).is_some_and(|rest| rest.starts_with(' '))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::router::samples::manifest;

    const NOTES: &str = r#"{"name": "add", "on": {"command": {"name": "note add", "aliases": ["n", "note  new"]}}},
        {"name": "list", "on": {"command": {"name": "note list"}}},
        {"name": "echo", "on": {"command": {"name": "Echo", "aliases": ["say"]}}}"#;

    fn owner(table: &[(&str, CommandConfig)]) -> Renames {
        table.iter().map(|(key, it)| ((*key).to_owned(), it.clone())).collect()
    }

    fn word(name: &str) -> CommandConfig {
        CommandConfig { name: Some(name.to_owned()), ..CommandConfig::default() }
    }

    #[test]
    fn names_follow_the_owner() {
        let manifest = manifest("notes", NOTES);
        let aliases = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect());
        let off = CommandConfig { disabled: true, ..CommandConfig::default() };
        for (said, expected) in [
            (vec![], [Some("note add, n, note new"), Some("note list"), Some("Echo, say")]),
            (
                vec![("echo", word("复读"))],
                [Some("note add, n, note new"), Some("note list"), Some("复读, say")],
            ),
            (
                vec![("echo", CommandConfig { aliases: aliases(&["e"]), ..word("repeat") })],
                [Some("note add, n, note new"), Some("note list"), Some("repeat, e")],
            ),
            (
                vec![("echo", CommandConfig { aliases: aliases(&[]), ..CommandConfig::default() })],
                [Some("note add, n, note new"), Some("note list"), Some("Echo")],
            ),
            (
                vec![("note", word("memo"))],
                [Some("memo add, n, memo new"), Some("memo list"), Some("Echo, say")],
            ),
            (
                vec![("note", CommandConfig { aliases: aliases(&["记"]), ..CommandConfig::default() })],
                [
                    Some("note add, 记 add, n, note new, 记 new"),
                    Some("note list, 记 list"),
                    Some("Echo, say"),
                ],
            ),
            (vec![("note", off.clone())], [None, None, Some("Echo, say")]),
            (vec![("note list", off)], [Some("note add, n, note new"), None, Some("Echo, say")]),
            (
                vec![("note", word("memo")), ("note add", word("keep"))],
                [Some("keep, n, memo new"), Some("memo list"), Some("Echo, say")],
            ),
        ] {
            let owner = owner(&said);
            let found: Vec<_> = manifest
                .handlers
                .iter()
                .map(|handler| match &handler.on {
                    Trigger::Command(command) => {
                        named(command, &manifest, Some(&owner)).map(|it| it.names.join(", "))
                    }
                    _ => None,
                })
                .collect();
            assert_eq!(found.iter().map(Option::as_deref).collect::<Vec<_>>(), expected, "{said:?}");
        }
    }

    #[test]
    fn unknown_commands_are_remarked_on_with_the_nearest() {
        let manifest = manifest("notes", NOTES);
        let owner =
            owner(&[("ecko", word("x")), ("note", word("y")), ("say", word("z")), ("note add", word("k"))]);
        assert_eq!(
            remarks(&manifest, &owner),
            [
                "[plugin.notes.commands.\"ecko\"]: the plugin has no command of this name; did you mean \"Echo\"?",
                "[plugin.notes.commands.\"say\"]: the plugin has no command of this name",
            ]
        );
    }
}
