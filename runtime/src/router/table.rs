//! The table of everything that all plugins listen to: one pass over it finds the handlers of an event.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tracing::{debug, warn};

use super::Settings;
use super::commands::{self, Commands};
use super::conditions;
use super::kinds;
use super::patterns::{Keywords, Regexes};
use super::switches::Switches;
use crate::config::{Access, Language, PluginConfig, Users, nearest};
use crate::model::{EventBody, Incoming};
use crate::plugin::manifest::{Handler, Manifest, Rate, Trigger};

/// Handlers by what wakes them. A handler's rank is its place in the order of running: higher priority first, then by
/// plugin id, then as in the manifest.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// By rank.
    pub entries: Vec<Entry>,
    pub commands: Commands,
    keywords: Keywords,
    regexes: Regexes,
    kinds: HashMap<String, Vec<usize>>,
}

/// One handler.
#[derive(Debug)]
pub(super) struct Entry {
    /// The plugin's place in the list that the table was made from.
    pub plugin: usize,
    pub id: Arc<str>,
    pub name: Arc<str>,
    pub manifest: Arc<Manifest>,
    handler: usize,
}

/// A handler that wants an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub rank: usize,
    /// A JSON object.
    pub args: String,
}

impl Entry {
    pub(super) fn handler(&self) -> &Handler {
        &self.manifest.handlers[self.handler]
    }
}

impl Table {
    /// The table of these plugins.
    pub(super) fn new<'m>(plugins: impl IntoIterator<Item = (Arc<str>, &'m Arc<Manifest>)>) -> Self {
        let mut entries: Vec<Entry> = Vec::new();
        for (plugin, (id, manifest)) in plugins.into_iter().enumerate() {
            entries.extend(manifest.handlers.iter().enumerate().map(|(handler, it)| Entry {
                plugin,
                id: Arc::clone(&id),
                name: Arc::from(it.name.as_str()),
                manifest: Arc::clone(manifest),
                handler,
            }));
        }
        entries.sort_by(|a, b| b.handler().priority.cmp(&a.handler().priority).then_with(|| a.id.cmp(&b.id)));

        let mut table = Self::default();
        let (mut words, mut patterns) = (Vec::new(), Vec::new());
        for (rank, entry) in entries.iter().enumerate() {
            match &entry.handler().on {
                Trigger::Command(command) => {
                    table.commands.insert(&command.name, rank);
                    command.aliases.iter().for_each(|alias| table.commands.insert(alias, rank));
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
        table.keywords = Keywords::new(words);
        table.regexes = Regexes::new(patterns);
        table.entries = entries;
        table
    }

    /// The handlers of an event in the order of running, each once.
    pub(super) fn find(&self, incoming: &Incoming, rules: &Rules) -> Vec<Found> {
        let event = &incoming.event;
        let mut found = Vec::new();
        if let EventBody::Message(message) = &event.body {
            let called = commands::calls(message, &rules.prefixes)
                .find_map(|call| self.commands.find(call).map(|found| (call.prefix, found)));
            if let Some((prefix, (name, ranks, rest))) = called {
                let args = commands::args(&name, prefix, rest);
                found.extend(ranks.iter().map(|&rank| Found { rank, args: args.clone() }));
            }
            self.keywords.find(&message.text, &mut found);
            self.regexes.find(&message.text, &mut found);
        }
        for kind in kinds::and_above(kinds::kind_of(&event.body)) {
            let ranks = self.kinds.get(kind).map_or(&[][..], Vec::as_slice);
            found.extend(ranks.iter().map(|&rank| Found { rank, args: "{}".to_owned() }));
        }
        found.sort_by_key(|found| found.rank);
        found.dedup_by_key(|found| found.rank);
        if found.is_empty() {
            return found;
        }
        let scene = rules.scene(event);
        found.retain(|found| {
            let entry = &self.entries[found.rank];
            let refusal = conditions::refusal(entry.handler(), event, &rules.superusers)
                .or_else(|| rules.refusal(&entry.id, &scene));
            if let Some(reason) = refusal {
                debug!(plugin = %entry.id, handler = %entry.name, event = %event.id, reason, "not for this event");
            }
            refusal.is_none()
        });
        found
    }

    /// The finest kinds of event that a handler could want. `/help` makes that all messages.
    pub(super) fn wanted(&self) -> BTreeSet<&'static str> {
        let heard = |kind: &'static str| {
            kind.starts_with("message.") || kinds::and_above(kind).any(|kind| self.kinds.contains_key(kind))
        };
        kinds::KINDS.iter().copied().filter(|kind| heard(kind)).collect()
    }

    /// What the owner should know of this table: commands that two plugins claim, event kinds that never happen.
    pub(super) fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        for (name, ranks) in self.commands.shared() {
            let mut ids: Vec<&str> = ranks.iter().map(|&rank| &*self.entries[rank].id).collect();
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
}

/// What matching needs to know of the owner's settings.
#[derive(Debug, Default)]
pub(super) struct Rules {
    /// Longest first.
    pub prefixes: Vec<String>,
    pub superusers: Users,
    pub access: Access,
    /// By id; only plugins that the owner says something about.
    pub plugins: BTreeMap<String, PluginConfig>,
    pub switches: Arc<Switches>,
}

/// The settings that count now.
#[derive(Debug)]
pub(super) struct Present {
    pub rules: Rules,
    pub language: Language,
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
            mut prefixes,
            verdict_wait,
        } = settings;
        prefixes.sort_by_key(|prefix| Reverse(prefix.chars().count()));
        let rules = Rules { prefixes, superusers, access, plugins, switches };
        Self { rules, language, command_rate, verdict_wait }
    }
}

/// One plugin's table, for giving it events that another version of it was to handle.
#[derive(Debug)]
pub struct Matcher {
    table: Table,
    present: Arc<ArcSwap<Present>>,
}

impl Matcher {
    pub(super) fn new(manifest: &Arc<Manifest>, present: Arc<ArcSwap<Present>>) -> Self {
        Self { table: Table::new([(Arc::from(manifest.id.as_str()), manifest)]), present }
    }

    /// The handlers that want this event, in order, and their `args`. Conditions are applied, cooldowns are not.
    #[must_use]
    pub fn matches(&self, incoming: &Incoming) -> Vec<(Arc<str>, String)> {
        let found = self.table.find(incoming, &self.present.load().rules);
        found
            .into_iter()
            .map(|found| (Arc::clone(&self.table.entries[found.rank].name), found.args))
            .collect()
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
