//! `/help`, made from all manifests.

use super::commands::normal;
use super::conditions::may;
use super::table::Rules;
use super::{Board, Listener};
use crate::config::{Language, nearest};
use crate::model::Event;
use crate::plugin::manifest::{Chats, Command, Handler, Trigger, Who};

/// The command's words, in every language.
pub(super) const WORDS: [&str; 2] = ["help", "帮助"];
/// Characters of one message. QQ cuts at some thousands; phones show about this much.
const PAGE: usize = 1500;

/// What one asker may see, in one language.
struct View<'a> {
    asker: &'a Event,
    rules: &'a Rules,
    language: Language,
}

/// The answer, in messages of sane length; never empty.
pub(super) fn pages(
    board: &Board,
    asked: &str,
    asker: &Event,
    rules: &Rules,
    language: Language,
) -> Vec<String> {
    let view = View { asker, rules, language };
    let scene = rules.scene(asker);
    let shown = |listener: &&Listener| rules.refusal(&listener.id, &scene).is_none();
    let mut listeners: Vec<&Listener> = board.listeners.iter().filter(shown).collect();
    listeners.sort_by(|a, b| a.id.cmp(&b.id));
    split(&if asked.is_empty() { view.overview(&listeners) } else { view.detail(&listeners, asked) })
}

impl View<'_> {
    fn overview(&self, listeners: &[&Listener]) -> String {
        let mut blocks = Vec::new();
        let mut others = Vec::new();
        for listener in listeners {
            let manifest = &listener.manifest;
            let lines: Vec<String> = self.commands(listener).map(|(_, command)| self.line(command)).collect();
            if lines.is_empty() {
                others.push(manifest.name.as_str());
                continue;
            }
            let gap = if manifest.description.is_empty() { "" } else { " " };
            blocks.push(format!("【{}】{gap}{}\n{}", manifest.name, manifest.description, lines.join("\n")));
        }
        let word = WORDS[0];
        let help = format!("{}{word}", self.prefix());
        if blocks.is_empty() {
            blocks.push(self.say("还没有可用的指令。", "There are no commands yet."));
        } else {
            let head = self.say(
                &format!("可用的指令（{help} <名称> 看详情）"),
                &format!("Commands ({help} <name> tells more)"),
            );
            blocks.insert(0, head);
        }
        if !others.is_empty() {
            let names = others.join(self.pick("、", ", "));
            blocks.push(
                self.say(&format!("没有指令的插件：{names}"), &format!("Plugins without commands: {names}")),
            );
        }
        blocks.join("\n\n")
    }

    /// About a plugin, by id or name, and about commands of that name elsewhere.
    fn detail(&self, listeners: &[&Listener], asked: &str) -> String {
        let prefix = self.rules.prefixes.iter().find_map(|prefix| asked.strip_prefix(prefix.as_str()));
        let wanted = [normal(asked), normal(prefix.unwrap_or(asked))];
        let named = |name: &str| wanted.contains(&normal(name));
        let mut blocks = Vec::new();
        for listener in listeners {
            if named(&listener.id) || named(&listener.manifest.name) {
                blocks.push(self.plugin(listener));
                continue;
            }
            for (handler, command) in self.commands(listener) {
                if named(&command.name) || command.aliases.iter().any(|alias| named(alias)) {
                    let plugin = &listener.manifest.name;
                    let origin = self.say(&format!("插件：{plugin}"), &format!("Plugin: {plugin}"));
                    blocks.push(format!("{}\n{origin}", self.explain(handler, command)));
                }
            }
        }
        if blocks.is_empty() { self.unknown(listeners, asked) } else { blocks.join("\n\n") }
    }

    fn plugin(&self, listener: &Listener) -> String {
        let manifest = &listener.manifest;
        let id = if manifest.name == manifest.id { String::new() } else { format!(" ({})", manifest.id) };
        let version =
            if manifest.version.is_empty() { String::new() } else { format!(" {}", manifest.version) };
        let mut lines = vec![format!("【{}】{id}{version}", manifest.name)];
        if !manifest.description.is_empty() {
            lines.push(manifest.description.clone());
        }
        if !manifest.authors.is_empty() {
            let authors = manifest.authors.join(self.pick("、", ", "));
            lines.push(self.say(&format!("作者：{authors}"), &format!("By {authors}")));
        }
        lines.extend(manifest.homepage.clone());
        lines.extend(
            self.commands(listener).map(|(handler, command)| format!("\n{}", self.explain(handler, command))),
        );
        lines.join("\n")
    }

    /// Everything about one command.
    fn explain(&self, handler: &Handler, command: &Command) -> String {
        let mut lines = vec![self.usage(command)];
        if !command.help.is_empty() {
            lines.push(command.help.clone());
        }
        if !command.aliases.is_empty() {
            let aliases: Vec<String> =
                command.aliases.iter().map(|alias| format!("{}{alias}", self.prefix())).collect();
            let aliases = aliases.join(self.pick("、", ", "));
            lines.push(self.say(&format!("别名：{aliases}"), &format!("Also: {aliases}")));
        }
        let mut conditions = Vec::new();
        match handler.who {
            Who::Everyone => {}
            Who::GroupAdmin => conditions.push(self.say("限群管理员", "group admins only")),
            Who::GroupOwner => conditions.push(self.say("限群主", "the group's owner only")),
            Who::Superuser => conditions.push(self.say("限超级用户", "superusers only")),
        }
        match handler.chats {
            Chats::Any => {}
            Chats::Private => conditions.push(self.say("限私聊", "in private chats")),
            Chats::Group => conditions.push(self.say("限群聊", "in groups")),
        }
        if let Some(cooldown) = handler.cooldown {
            let seconds = cooldown.seconds;
            conditions.push(self.say(&format!("冷却 {seconds} 秒"), &format!("every {seconds} s at most")));
        }
        if !conditions.is_empty() {
            lines.push(conditions.join(self.pick("；", "; ")));
        }
        lines.join("\n")
    }

    fn unknown(&self, listeners: &[&Listener], asked: &str) -> String {
        let asked: String = asked.chars().take(40).collect();
        let commands = listeners.iter().flat_map(|listener| self.commands(listener));
        let commands = commands.flat_map(|(_, command)| [&command.name].into_iter().chain(&command.aliases));
        let plugins = listeners.iter().map(|listener| &*listener.id);
        let near = nearest(&asked, commands.map(String::as_str).chain(plugins));
        let mut text = self.say(
            &format!("没有叫“{asked}”的指令或插件。"),
            &format!("There is no command or plugin named \"{asked}\"."),
        );
        if let Some(near) = near {
            text.push_str(&self.say(&format!("是不是“{near}”？"), &format!(" Did you mean \"{near}\"?")));
        }
        text
    }

    /// One command in the overview.
    fn line(&self, command: &Command) -> String {
        let usage = self.usage(command);
        if command.help.is_empty() { usage } else { format!("{usage} - {}", command.help) }
    }

    fn usage(&self, command: &Command) -> String {
        let gap = if command.usage.is_empty() { "" } else { " " };
        format!("{}{}{gap}{}", self.prefix(), command.name, command.usage)
    }

    /// A plugin's commands. Those for superusers are shown to them only.
    fn commands<'m>(&self, listener: &'m Listener) -> impl Iterator<Item = (&'m Handler, &'m Command)> {
        let superuser = may(Who::Superuser, self.asker, &self.rules.superusers);
        listener.manifest.handlers.iter().filter_map(move |handler| match &handler.on {
            Trigger::Command(command) if superuser || handler.who != Who::Superuser => {
                Some((handler, command))
            }
            _ => None,
        })
    }

    /// The prefix to show: the shortest that is one.
    fn prefix(&self) -> &str {
        self.rules.prefixes.iter().rev().find(|prefix| !prefix.is_empty()).map_or("", String::as_str)
    }

    fn pick<'t>(&self, chinese: &'t str, english: &'t str) -> &'t str {
        match self.language {
            Language::Chinese => chinese,
            Language::English => english,
        }
    }

    fn say(&self, chinese: &str, english: &str) -> String {
        self.pick(chinese, english).to_owned()
    }
}

/// Cuts a text between lines, or inside a line that is too long by itself.
pub(super) fn split(text: &str) -> Vec<String> {
    let mut pages = Vec::new();
    let mut page = String::new();
    let mut used = 0;
    for line in text.lines() {
        let mut line = line;
        loop {
            let length = line.chars().count();
            if used + length < PAGE {
                page.push_str(line);
                page.push('\n');
                used += length + 1;
                break;
            }
            if used > 0 {
                pages.push(std::mem::take(&mut page));
                used = 0;
                continue;
            }
            let at = line.char_indices().nth(PAGE - 1).map_or(line.len(), |(at, _)| at);
            pages.push(line[..at].to_owned());
            line = &line[at..];
        }
    }
    pages.push(page);
    let pages = pages.into_iter().map(|page| page.trim_matches('\n').to_owned());
    pages.filter(|page| !page.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::config::Users;
    use crate::plugin::mailbox::Mailbox;
    use crate::router::samples::{manifest, said};
    use crate::router::table::Table;

    fn board(plugins: &[(&str, &str)]) -> Board {
        let listeners: Vec<Listener> = plugins
            .iter()
            .map(|(id, handlers)| Listener {
                id: Arc::from(*id),
                manifest: manifest(id, handlers),
                mailbox: Arc::new(Mailbox::new(1 << 20)),
            })
            .collect();
        let table = Table::new(listeners.iter().map(|it| (Arc::clone(&it.id), &it.manifest)));
        Board { table, listeners, ..Board::default() }
    }

    fn rules(superuser: &str) -> Rules {
        let superusers = Users::from_iter([superuser.to_owned()]);
        Rules { prefixes: vec!["/".to_owned()], superusers, ..Rules::default() }
    }

    const NOTES: &str = r#"{"name": "add", "on": {"command": {"name": "note add", "aliases": ["n"], "usage": "<text>", "help": "keeps it"}}},
        {"name": "wipe", "who": "superuser", "on": {"command": {"name": "note wipe"}}}"#;
    const WELCOME: &str = r#"{"name": "w", "on": {"event": {"kinds": ["notice"]}}}"#;

    fn ask(board: &Board, asked: &str, superuser: &str, language: Language) -> String {
        pages(board, asked, &said("/help").event, &rules(superuser), language).join("\n---\n")
    }

    #[test]
    fn the_overview_lists_every_command_the_asker_may_see() {
        let board = board(&[("welcome", WELCOME), ("notes", NOTES)]);
        assert_eq!(
            ask(&board, "", "1", Language::English),
            "Commands (/help <name> tells more)\n\n【notes】\n/note add <text> - keeps it\n\nPlugins without commands: welcome"
        );
        let chinese = ask(&board, "", "10001", Language::Chinese);
        assert!(chinese.starts_with("可用的指令") && chinese.contains("/note wipe"), "{chinese}");
    }

    #[test]
    fn details_are_found_by_plugin_command_and_alias() {
        let board = board(&[("welcome", WELCOME), ("notes", NOTES)]);
        let add = "/note add <text>\nkeeps it\nAlso: /n";
        for (asked, expected) in [
            ("Note  Add", format!("{add}\nPlugin: notes")),
            ("/n", format!("{add}\nPlugin: notes")),
            ("NOTES", format!("【notes】\n\n{add}")),
            (
                "note ad",
                "There is no command or plugin named \"note ad\". Did you mean \"note add\"?".to_owned(),
            ),
            ("note wipe", "There is no command or plugin named \"note wipe\".".to_owned()),
        ] {
            let answer = ask(&board, asked, "1", Language::English);
            assert!(answer.starts_with(&expected), "{asked}: {answer}");
        }
    }

    #[test]
    fn long_help_is_cut_between_lines() {
        let lines: Vec<String> = (0..200).map(|n| format!("/command-{n:03} 说明文字说明文字")).collect();
        let pages = split(&lines.join("\n"));
        assert!(pages.len() > 1 && pages.iter().all(|page| page.chars().count() <= PAGE));
        assert_eq!(pages.iter().flat_map(|page| page.lines()).collect::<Vec<_>>(), lines);
        let endless = split(&"字".repeat(2 * PAGE + 7));
        assert_eq!(endless.concat().chars().count(), 2 * PAGE + 7);
        assert!(endless.iter().all(|page| page.chars().count() <= PAGE));
    }
}
