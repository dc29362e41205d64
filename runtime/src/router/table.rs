//! The table of everything that all plugins listen to: one pass over it finds the handlers of an event.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tracing::{debug, warn};

use super::Settings;
use super::arguments;
use super::builtin::{self, Asked};
use super::commands::{self, Commands, Meant, What};
use super::conditions;
use super::kinds;
use super::naming::{self, Named};
use super::patterns::{Keywords, Regexes};
use super::rates;
use super::switches::Switches;
use super::usage;
use crate::config::{Access, Language, PluginConfig, Users, nearest};
use crate::model::{EventBody, Incoming, Message};
use crate::plugin::manifest::{Command, Handler, Manifest, Rate, Trigger};

/// Handlers by what wakes them. A handler's rank is its place in the order of running: higher priority first, then by
/// plugin id, then as in the manifest.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// By rank.
    pub entries: Vec<Entry>,
    commands: Commands,
    /// All prefixes that a command may have, longest first.
    pub prefixes: Vec<String>,
    /// Those of commands without prefixes of their own.
    everywhere: Vec<String>,
    keywords: Keywords,
    regexes: Regexes,
    kinds: HashMap<String, Vec<usize>>,
    /// What the owner says about commands that are not there.
    unknown: Vec<String>,
}

/// One handler.
#[derive(Debug)]
pub(super) struct Entry {
    /// The plugin's place in the list that the table was made from.
    pub plugin: usize,
    pub id: Arc<str>,
    pub name: Arc<str>,
    pub manifest: Arc<Manifest>,
    /// If it is a command that the owner did not switch off: what it is called here.
    pub called: Option<Named>,
    /// What comes after the command's name.
    pub usage: String,
    /// How often it may run.
    pub rates: Vec<Rate>,
    handler: usize,
}

/// A handler that wants an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub rank: usize,
    /// A JSON object; or, if a command is used wrongly, what its user is told instead of waking the handler.
    pub args: Result<String, String>,
}

impl Entry {
    pub(super) fn handler(&self) -> &Handler {
        &self.manifest.handlers[self.handler]
    }

    /// Its place in the manifest.
    pub(super) fn place(&self) -> usize {
        self.handler
    }

    /// The command that it is, with its names here; none if it is something else, or switched off.
    pub(super) fn command(&self) -> Option<(&Command, &Named)> {
        match (&self.handler().on, &self.called) {
            (Trigger::Command(command), Some(named)) => Some((command, named)),
            _ => None,
        }
    }
}

impl Table {
    /// The table of these plugins.
    pub(super) fn new<'m>(
        plugins: impl IntoIterator<Item = (Arc<str>, &'m Arc<Manifest>)>,
        rules: &Rules,
    ) -> Self {
        let mut table =
            Self { prefixes: rules.prefixes.clone(), everywhere: rules.prefixes.clone(), ..Self::default() };
        let mut entries: Vec<Entry> = Vec::new();
        for (plugin, (id, manifest)) in plugins.into_iter().enumerate() {
            let owner = rules.plugins.get(&*id).map(|plugin| &plugin.commands);
            table.unknown.extend(owner.map(|owner| naming::remarks(manifest, owner)).unwrap_or_default());
            entries.extend(manifest.handlers.iter().enumerate().map(|(handler, it)| {
                let (called, usage) = match &it.on {
                    Trigger::Command(command) => {
                        (naming::named(command, manifest, owner), usage::of(command))
                    }
                    _ => (None, String::new()),
                };
                Entry {
                    plugin,
                    id: Arc::clone(&id),
                    name: Arc::from(it.name.as_str()),
                    manifest: Arc::clone(manifest),
                    called,
                    usage,
                    rates: rates::of(&id, it, rules),
                    handler,
                }
            }));
        }
        entries.sort_by(|a, b| b.handler().priority.cmp(&a.handler().priority).then_with(|| a.id.cmp(&b.id)));

        let (mut words, mut patterns) = (Vec::new(), Vec::new());
        for (rank, entry) in entries.iter().enumerate() {
            match &entry.handler().on {
                Trigger::Command(_) => {
                    let Some(named) = &entry.called else { continue };
                    named.names.iter().for_each(|name| table.commands.insert(name, rank));
                    table.prefixes.extend(named.prefixes.iter().flatten().cloned());
                }
                Trigger::Keyword(keyword) => {
                    words.extend(keyword.any.iter().map(|word| (rank, word.clone())));
                }
                Trigger::Regex(regex) => patterns.push((rank, regex.pattern.clone())),
                Trigger::Event(event) => {
                    for kind in &event.kinds {
                        table.kinds.entry(kind.clone()).or_default().push(rank);
                    }
                }
                Trigger::Cron(_) => {}
            }
        }
        builtin::insert(&mut table.commands);
        longest_first(&mut table.prefixes);
        table.keywords = Keywords::new(words);
        table.regexes = Regexes::new(patterns);
        table.entries = entries;
        table
    }

    /// The handlers of an event in the order of running, each once, and what the event asks of the host itself.
    pub(super) fn find(&self, incoming: &Incoming, rules: &Rules) -> (Vec<Found>, Option<Asked>) {
        let event = &incoming.event;
        let (mut found, mut asked, mut meant) = (Vec::new(), None, None);
        let wakes = |rank: &usize, args: &str| Found { rank: *rank, args: Ok(args.to_owned()) };
        if let EventBody::Message(message) = &event.body {
            meant = self.meant(message, rules);
            match &meant {
                Some((_, Meant { what: What::Handlers(ranks), .. })) => {
                    found.extend(ranks.iter().map(|rank| wakes(rank, "")));
                }
                Some((call, own)) => asked = builtin::asked(call, own),
                None => {}
            }
            self.keywords.find(&message.text, &mut found);
            self.regexes.find(&message.text, &mut found);
        }
        for kind in kinds::and_above(kinds::kind_of(&event.body)) {
            let ranks = self.kinds.get(kind).map_or(&[][..], Vec::as_slice);
            found.extend(ranks.iter().map(|rank| wakes(rank, "{}")));
        }
        found.sort_by_key(|found| found.rank);
        found.dedup_by_key(|found| found.rank);
        if found.is_empty() {
            return (found, asked);
        }
        let scene = rules.scene(event);
        found.retain(|found| {
            let entry = &self.entries[found.rank];
            // A command whose own prefixes are others than the one that was written.
            if let (Some(named), Some((call, _))) = (&entry.called, &meant)
                && !named.accepts(call.rule, &rules.prefixes)
            {
                return false;
            }
            let refusal = conditions::refusal(entry, event, &scene, rules);
            if let Some(reason) = refusal {
                debug!(plugin = %entry.id, handler = %entry.name, event = %event.id, reason, "not for this event");
            }
            refusal.is_none()
        });
        if let (EventBody::Message(message), Some((call, meant))) = (&event.body, &meant) {
            self.read_arguments(&mut found, message, call, meant, rules.language);
        }
        (found, asked)
    }

    /// Whether a message is a command of some plugin, or of the host.
    pub(super) fn is_command(&self, message: &Message, rules: &Rules) -> bool {
        self.meant(message, rules).is_some()
    }

    /// The command that a message is, by the longest of its prefixes that leads to one.
    fn meant<'t>(
        &'t self,
        message: &'t Message,
        rules: &Rules,
    ) -> Option<(commands::Call<'t>, Meant<'t, 't>)> {
        commands::calls(message, &self.prefixes).find_map(|call| {
            let everywhere = rules.prefixes.iter().any(|prefix| prefix == call.rule);
            let accepts = |rank: usize| {
                let named = self.entries[rank].called.as_ref();
                named.is_some_and(|named| named.accepts(call.rule, &rules.prefixes))
            };
            self.commands.find(call, everywhere, accepts).map(|meant| (call, meant))
        })
    }

    /// Gives the command's handlers what stands after its name. Of several handlers of one command, those run to whom
    /// it makes sense; if there is none, the first says why.
    fn read_arguments(
        &self,
        found: &mut Vec<Found>,
        message: &Message,
        call: &commands::Call<'_>,
        meant: &Meant<'_, '_>,
        language: Language,
    ) {
        let (mut plain, mut fits) = (None, false);
        for found in found.iter_mut() {
            let entry = &self.entries[found.rank];
            let Some((command, _)) = entry.command() else { continue };
            let Meant { name, rest, .. } = meant;
            found.args = if command.is_typed() {
                match arguments::parse(command, rest, &message.content) {
                    Ok(values) => Ok(commands::typed_args(name, call.prefix, rest, &entry.usage, &values)),
                    Err(wrong) => {
                        let line = usage::line(call.prefix, name, &entry.usage);
                        Err(usage::refusal(&wrong, &line, language))
                    }
                }
            } else {
                Ok(plain.get_or_insert_with(|| commands::args(name, call.prefix, rest)).clone())
            };
            fits |= found.args.is_ok();
        }
        let mut told = fits;
        found.retain(|found| found.args.is_ok() || !std::mem::replace(&mut told, true));
    }

    /// The finest kinds of event that a handler could want. `/help` makes that all messages.
    pub(super) fn wanted(&self) -> BTreeSet<&'static str> {
        let heard = |kind: &'static str| {
            kind.starts_with("message.") || kinds::and_above(kind).any(|kind| self.kinds.contains_key(kind))
        };
        kinds::KINDS.iter().copied().filter(|kind| heard(kind)).collect()
    }

    /// What the owner should know of this table: commands that two plugins claim or none has, event kinds that never
    /// happen.
    pub(super) fn remarks(&self) -> Vec<String> {
        let mut remarks = self.unknown.clone();
        for (name, ranks) in self.commands.shared() {
            let clashes = |rank: &&usize| ranks.iter().any(|other| self.clash(**rank, *other));
            let mut ids: Vec<&str> =
                ranks.iter().filter(clashes).map(|&rank| &*self.entries[rank].id).collect();
            ids.dedup();
            if ids.len() > 1 {
                let ids = ids.join(", ");
                remarks.push(format!(
                    "command {name:?} is claimed by several plugins; all run, in this order: {ids}"
                ));
            }
        }
        for (kind, ranks) in self.kinds.iter().filter(|(kind, _)| !kinds::is_kind(kind)) {
            let entry = &self.entries[ranks[0]];
            let hint = nearest(kind, kinds::KINDS.iter().copied())
                .map(|near| format!(" (did its author mean {near:?}?)"))
                .unwrap_or_default();
            remarks.push(format!(
                "plugin {:?}: handler {:?} listens to {kind:?}, which is no kind of event{hint}",
                entry.id, entry.name
            ));
        }
        remarks.sort();
        remarks
    }

    /// Whether two commands of different plugins, with one name, have a prefix in common.
    fn clash(&self, one: usize, other: usize) -> bool {
        let (one, other) = (&self.entries[one], &self.entries[other]);
        let accepts = |entry: &Entry, prefix: &str| {
            entry.called.as_ref().is_some_and(|named| named.accepts(prefix, &self.everywhere))
        };
        one.plugin != other.plugin
            && self.prefixes.iter().any(|prefix| accepts(one, prefix) && accepts(other, prefix))
    }
}

/// What matching needs to know of the owner's settings.
#[derive(Debug, Default)]
pub(super) struct Rules {
    /// Longest first, as they are compared.
    pub prefixes: Vec<String>,
    pub superusers: Users,
    /// Of the host's own answers.
    pub language: Language,
    pub access: Access,
    /// By id; only plugins that the owner says something about.
    pub plugins: BTreeMap<String, PluginConfig>,
    pub switches: Arc<Switches>,
}

/// The settings that count now.
#[derive(Debug)]
pub(super) struct Present {
    pub rules: Rules,
    /// How often each user may use commands, all together.
    pub command_rate: Option<Rate>,
    /// How long later handlers wait for one that blocks.
    pub verdict_wait: Duration,
}

impl From<Settings> for Present {
    fn from(settings: Settings) -> Self {
        let Settings {
            language,
            superusers,
            access,
            command_rate,
            plugins,
            switches,
            prefixes,
            verdict_wait,
        } = settings;
        let mut prefixes = prefixes.iter().map(|prefix| commands::half_wide(prefix)).collect();
        longest_first(&mut prefixes);
        let rules = Rules { prefixes, superusers, language, access, plugins, switches };
        Self { rules, command_rate, verdict_wait }
    }
}

fn longest_first(prefixes: &mut Vec<String>) {
    prefixes.sort_by(|a, b| b.chars().count().cmp(&a.chars().count()).then_with(|| a.cmp(b)));
    prefixes.dedup();
}

/// One plugin's table, for giving it events that another version of it was to handle.
#[derive(Debug)]
pub struct Matcher {
    table: Table,
    present: Arc<ArcSwap<Present>>,
}

impl Matcher {
    pub(super) fn new(manifest: &Arc<Manifest>, present: Arc<ArcSwap<Present>>) -> Self {
        let plugin = (Arc::from(manifest.id.as_str()), manifest);
        let table = Table::new([plugin], &present.load().rules);
        Self { table, present }
    }

    /// The handlers that want this event, in order, and their `args`. Conditions are applied, cooldowns are not; a
    /// command that is used wrongly wakes nobody.
    #[must_use]
    pub fn matches(&self, incoming: &Incoming) -> Vec<(Arc<str>, String)> {
        let (found, _) = self.table.find(incoming, &self.present.load().rules);
        let name = |rank: usize| Arc::clone(&self.table.entries[rank].name);
        found.into_iter().filter_map(|found| Some((name(found.rank), found.args.ok()?))).collect()
    }
}

/// Writes remarks that were not written before.
pub(super) fn write_new(remarks: Vec<String>, written: &mut HashSet<String>) {
    for remark in &remarks {
        if !written.contains(remark) {
            warn!("{remark}");
        }
    }
    *written = remarks.into_iter().collect();
}
