//! What the owner says about single commands: `[plugin.<id>.commands."<name>"]`.

use std::collections::BTreeMap;

use toml::de::DeValue;

use super::source::Section;
use super::values;

/// What the owner changes about one command of a plugin.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommandConfig {
    /// The name in place of the plugin's.
    pub name: Option<String>,
    /// Other names in place of the plugin's.
    pub aliases: Option<Vec<String>>,
    /// Whether there is none such.
    pub disabled: bool,
    /// What it begins with, in place of the host's prefixes. Never empty.
    pub prefixes: Option<Vec<String>>,
}

/// By the command's name in the plugin's manifest.
pub(super) fn read(section: &Section<'_>) -> BTreeMap<String, CommandConfig> {
    let mut commands = BTreeMap::new();
    for (name, section) in section.named() {
        let enabled = section.read("enabled", values::boolean);
        let prefixes = section.read_each("prefixes", super::prefix);
        if prefixes.as_ref().is_some_and(Vec::is_empty) {
            section.wrong(
                "prefixes",
                "is empty; write `[\"/\"]`, or `enabled = false` to be rid of the command",
            );
        }
        let command = CommandConfig {
            name: section.read("name", command_name),
            aliases: section.read_each("aliases", command_name),
            disabled: enabled == Some(false),
            prefixes,
        };
        section.finish();
        commands.insert(name.split_whitespace().collect::<Vec<_>>().join(" ").to_ascii_lowercase(), command);
    }
    commands
}

fn command_name(value: &DeValue<'_>) -> Result<String, String> {
    let name = values::text(value)?.split_whitespace().collect::<Vec<_>>().join(" ");
    if name.is_empty() {
        return Err("a command's name cannot be empty; `enabled = false` switches the command off".to_owned());
    }
    if name.starts_with(['/', '／']) {
        return Err(format!("{name:?}: write the name without its prefix"));
    }
    Ok(name)
}
