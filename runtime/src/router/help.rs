//! `/help` and lists of sub-commands, made from all manifests: what the asker may use, where it is asked.

use super::Board;
use super::access::Scene;
use super::builtin::Parent;
use super::commands::normal;
use super::conditions::out_of_reach;
use super::naming::Named;
use super::pages::{Block, cut, pages};
use super::rates;
use super::table::{Entry, Rules};
use super::usage;
use crate::config::{Language, nearest};
use crate::model::Event;
use crate::plugin::manifest::{Chats, Command, Manifest, Trigger, Who};

/// The command's words, in every language.
pub(super) const WORDS: [&str; 2] = ["help", "帮助"];

/// What one asker may see.
struct View<'a> {
    board: &'a Board,
    asker: &'a Event,
    scene: Scene<'a>,
    rules: &'a Rules,
}

/// Help about something, `""` for all.
pub(super) fn about(board: &Board, what: &str, asker: &Event, rules: &Rules) -> String {
    View { board, asker, scene: rules.scene(asker), rules }.help(what)
}

/// The sub-commands of a name that is no command by itself; none if there is nothing that the asker may use.
pub(super) fn below(board: &Board, parent: &Parent, asker: &Event, rules: &Rules) -> Option<String> {
    View { board, asker, scene: rules.scene(asker), rules }.below(parent)
}

impl View<'_> {
    /// About everything, a name, or a page of either.
    fn help(&self, about: &str) -> String {
        if about.is_empty() {
            return self.paged("", self.overview(), 1);
        }
        if let Some(blocks) = self.detail(about) {
            return self.paged(about, blocks, 1);
        }
        let (before, last) = about.rsplit_once(char::is_whitespace).unwrap_or(("", about));
        let page = last.parse().ok().filter(|page| *page > 0);
        match (before.trim(), page) {
            ("", Some(page)) => self.paged("", self.overview(), page),
            (name, Some(page)) => match self.detail(name) {
                Some(blocks) => self.paged(name, blocks, page),
                None => self.unknown(about),
            },
            (_, None) => self.unknown(about),
        }
    }

    fn overview(&self) -> Vec<Block> {
        let mut blocks = Vec::new();
        let mut others = Vec::new();
        for (manifest, entries) in self.plugins() {
            let lines: Vec<String> = commands(&entries)
                .map(|(entry, command, named)| {
                    let usage = usage::line(self.prefix(named), named.name(), &entry.usage);
                    match command.help.lines().next() {
                        Some(help) => format!("{usage} - {help}"),
                        None => usage,
                    }
                })
                .collect();
            if lines.is_empty() {
                // One whose commands are out of reach, or switched off, is not worth a word.
                if !manifest.handlers.iter().any(|handler| matches!(handler.on, Trigger::Command(_))) {
                    others.push(manifest.name.as_str());
                }
                continue;
            }
            let gap = if manifest.description.is_empty() { "" } else { " " };
            blocks
                .push(Block { head: format!("【{}】{gap}{}", manifest.name, manifest.description), lines });
        }
        let help = self.help_word();
        let head = if blocks.is_empty() {
            self.say("还没有可用的指令。", "There are no commands yet.")
        } else {
            self.say(
                &format!("可用的指令（{help} <名称> 看详情）"),
                &format!("Commands ({help} <name> tells more)"),
            )
        };
        blocks.insert(0, Block { head, lines: Vec::new() });
        if !others.is_empty() {
            let names = others.join(self.pick("、", ", "));
            let head =
                self.say(&format!("没有指令的插件：{names}"), &format!("Plugins without commands: {names}"));
            blocks.push(Block { head, lines: Vec::new() });
        }
        blocks
    }

    /// About a plugin, by id or name, and about commands of that name elsewhere; the sub-commands of a name.
    fn detail(&self, about: &str) -> Option<Vec<Block>> {
        let prefixes = self.board.table.prefixes.iter();
        let bare = prefixes.filter(|prefix| !prefix.is_empty()).find_map(|prefix| {
            let folded = super::commands::half_wide(about);
            folded
                .starts_with(prefix.as_str())
                .then(|| about.chars().skip(prefix.chars().count()).collect::<String>())
        });
        let wanted = [normal(about), normal(bare.as_deref().unwrap_or(about))];
        let is = |name: &str| wanted.contains(&normal(name));
        let above = |name: &str| wanted.iter().any(|wanted| normal(name).starts_with(&format!("{wanted} ")));
        let mut blocks = Vec::new();
        for (manifest, entries) in self.plugins() {
            let whole = is(&manifest.id) || is(&manifest.name);
            if whole {
                blocks.push(Block { head: self.about_plugin(manifest), lines: Vec::new() });
            }
            for (entry, command, named) in commands(&entries) {
                if whole || named.names.iter().any(|name| is(name) || above(name)) {
                    let mut lines = self.explain(entry, command, named);
                    if !whole {
                        let plugin = &manifest.name;
                        lines.push(self.say(&format!("插件：{plugin}"), &format!("Plugin: {plugin}")));
                    }
                    blocks.push(Block { head: lines.remove(0), lines });
                }
            }
        }
        (!blocks.is_empty()).then_some(blocks)
    }

    fn about_plugin(&self, manifest: &Manifest) -> String {
        let id = if manifest.name == manifest.id { String::new() } else { format!(" ({})", manifest.id) };
        let version =
            if manifest.version.is_empty() { String::new() } else { format!(" {}", manifest.version) };
        let mut lines = vec![format!("【{}】{id}{version}", manifest.name)];
        lines.extend(described(manifest, self.rules.language));
        lines.join("\n")
    }

    /// Everything about one command, its usage first.
    fn explain(&self, entry: &Entry, command: &Command, named: &Named) -> Vec<String> {
        let prefix = self.prefix(named);
        let mut lines = vec![usage::line(prefix, named.name(), &entry.usage)];
        lines.extend(command.help.lines().map(str::to_owned));
        lines.extend(usage::explained(command, self.rules.language));
        if named.names.len() > 1 {
            let aliases: Vec<String> =
                named.names[1..].iter().map(|alias| format!("{prefix}{alias}")).collect();
            let aliases = aliases.join(self.pick("、", ", "));
            lines.push(self.say(&format!("别名：{aliases}"), &format!("Also: {aliases}")));
        }
        let conditions = self.conditions(entry);
        if !conditions.is_empty() {
            lines.push(conditions.join(self.pick("；", "; ")));
        }
        lines
    }

    fn conditions(&self, entry: &Entry) -> Vec<String> {
        let (handler, mut conditions) = (entry.handler(), Vec::new());
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
        conditions.extend(entry.rates.iter().map(|rate| rates::told(rate, self.rules.language)));
        conditions
    }

    fn below(&self, parent: &Parent) -> Option<String> {
        let Parent { prefix, name, word, ranks } = parent;
        let start = format!("{name} ");
        let mut lines = Vec::new();
        let mut words = Vec::new();
        for entry in ranks.iter().map(|&rank| &self.board.table.entries[rank]) {
            let Some((command, named)) = entry.command() else { continue };
            let mut names = named.names.iter().map(|name| normal(name));
            let (Some(name), true) = (names.find(|name| name.starts_with(&start)), self.reaches(entry))
            else {
                continue;
            };
            let usage = usage::line(prefix, &name, &entry.usage);
            lines.push(command.help.lines().next().map_or(usage.clone(), |help| format!("{usage} - {help}")));
            words.extend(name[start.len()..].split(' ').next().map(str::to_owned));
        }
        if lines.is_empty() {
            return None;
        }
        let head = if word.is_empty() {
            self.say(&format!("{prefix}{name} 的子指令："), &format!("Sub-commands of {prefix}{name}:"))
        } else {
            let word: String = word.chars().take(40).collect();
            let near = nearest(&word, words.iter().map(String::as_str));
            let hint = near
                .map(|near| self.say(&format!("是不是“{near}”？"), &format!(" Did you mean \"{near}\"?")));
            let hint = hint.unwrap_or_default();
            self.say(
                &format!("{prefix}{name} 没有子指令“{word}”。{hint}可用的有："),
                &format!("{prefix}{name} has no sub-command \"{word}\".{hint} There are:"),
            )
        };
        lines.dedup();
        Some(format!("{head}\n{}", cut(&lines).join("\n")))
    }

    fn unknown(&self, about: &str) -> String {
        let about: String = about.chars().take(40).collect();
        let plugins = self.plugins();
        let entries = plugins.iter().flat_map(|(_, entries)| commands(entries));
        let names = entries.flat_map(|(_, _, named)| named.names.iter().map(String::as_str));
        let near = nearest(&about, names.chain(plugins.iter().map(|(manifest, _)| manifest.id.as_str())));
        let mut text = self.say(
            &format!("没有叫“{about}”的指令或插件。"),
            &format!("There is no command or plugin named \"{about}\"."),
        );
        if let Some(near) = near {
            text.push_str(&self.say(&format!("是不是“{near}”？"), &format!(" Did you mean \"{near}\"?")));
        }
        text
    }

    /// One page of blocks, and which one it is if there are several.
    fn paged(&self, about: &str, blocks: Vec<Block>, number: usize) -> String {
        let pages = pages(blocks);
        let count = pages.len();
        let gap = if about.is_empty() { "" } else { " " };
        let command = format!("{}{gap}{about}", self.help_word());
        let Some(page) = pages.get(number - 1) else {
            return self.say(
                &format!("一共 {count} 页，最后一页：{command} {count}"),
                &format!("There are {count} pages; the last is {command} {count}"),
            );
        };
        if count == 1 {
            return page.clone();
        }
        let next = if number < count {
            let next = number + 1;
            self.say(&format!("，下一页：{command} {next}"), &format!(", next: {command} {next}"))
        } else {
            String::new()
        };
        let here =
            self.say(&format!("第 {number}/{count} 页{next}"), &format!("page {number}/{count}{next}"));
        format!("{page}\n\n{here}")
    }

    /// Every plugin that the asker has something of, by id, with the handlers that are for them.
    fn plugins(&self) -> Vec<(&Manifest, Vec<&Entry>)> {
        let mut listeners: Vec<_> = self.board.listeners.iter().enumerate().collect();
        listeners.sort_by(|(_, a), (_, b)| a.id.cmp(&b.id));
        let mut entries: Vec<Vec<&Entry>> = listeners.iter().map(|_| Vec::new()).collect();
        for entry in self.board.table.entries.iter().filter(|entry| self.reaches(entry)) {
            entries[entry.plugin].push(entry);
        }
        let with_entries = listeners.into_iter().map(|(plugin, listener)| {
            let mut entries = std::mem::take(&mut entries[plugin]);
            entries.sort_by_key(|entry| entry.place());
            (&*listener.manifest, entries)
        });
        with_entries.filter(|(_, entries)| !entries.is_empty()).collect()
    }

    fn reaches(&self, entry: &Entry) -> bool {
        out_of_reach(entry, self.asker, &self.scene, self.rules).is_none()
    }

    /// The prefix to show: the shortest that is one.
    fn prefix<'n>(&'n self, named: &'n Named) -> &'n str {
        shortest(named.prefixes.as_deref().unwrap_or(&self.rules.prefixes))
    }

    fn help_word(&self) -> String {
        format!("{}{}", shortest(&self.rules.prefixes), WORDS[0])
    }

    fn pick<'t>(&self, chinese: &'t str, english: &'t str) -> &'t str {
        self.rules.language.pick(chinese, english)
    }

    fn say(&self, chinese: &str, english: &str) -> String {
        self.pick(chinese, english).to_owned()
    }
}

/// What a plugin's author says of it.
pub(super) fn described(manifest: &Manifest, language: Language) -> Vec<String> {
    let description = Some(manifest.description.clone()).filter(|text| !text.is_empty());
    let authors = manifest.authors.join(language.pick("、", ", "));
    let authors = (!authors.is_empty()).then(|| format!("{}{authors}", language.pick("作者：", "By ")));
    description.into_iter().chain(authors).chain(manifest.homepage.clone()).collect()
}

fn commands<'e>(entries: &'e [&Entry]) -> impl Iterator<Item = (&'e Entry, &'e Command, &'e Named)> {
    entries.iter().filter_map(|entry| entry.command().map(|(command, named)| (*entry, command, named)))
}

/// The prefix to show, of several.
pub(super) fn shortest(prefixes: &[String]) -> &str {
    let prefixes = prefixes.iter().filter(|prefix| !prefix.is_empty());
    prefixes.min_by_key(|prefix| prefix.chars().count()).map_or("", String::as_str)
}

#[cfg(test)]
mod tests;
