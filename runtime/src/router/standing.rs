//! Where a plugin is on, for what happens without an event: waits, the schedule, messages of its own accord.

use std::collections::{BTreeSet, HashMap};

use tokio::sync::watch;

use super::Router;
use super::table::Rules;
use super::waiters::Expected;
use crate::model::{Bot, Chat};

/// Why a wait ends, or does not begin, where the plugin is off.
const OFF: &str = "nobody is waited for any longer: the plugin is switched off in that chat";

impl Router {
    /// The plugins that a superuser switched off in all chats, by id.
    #[must_use]
    pub fn off_everywhere(&self) -> watch::Receiver<BTreeSet<String>> {
        self.present.load().rules.switches.off_everywhere()
    }

    /// Whether a plugin is on in a chat.
    #[must_use]
    pub fn is_on(&self, plugin: &str, bot: &Bot, chat: &Chat) -> bool {
        let present = self.present.load();
        let scene = Rules::scene_of(bot, chat);
        present.rules.state(plugin, &scene).is_on()
    }

    /// Why this wait cannot be; none where its plugin is on.
    pub(super) fn objection(&self, expected: &Expected, bot: &Bot) -> Option<&'static str> {
        (!self.is_on(&expected.plugin, bot, &expected.chat)).then_some(OFF)
    }

    /// An account by its id, also one that is not there yet.
    pub(super) fn info(&self, bot: &str) -> Bot {
        self.bots.get(bot).map_or_else(|| unknown(bot), |bot| bot.info())
    }

    /// Ends the waits of a plugin, or of all, in chats where it is not on any more.
    pub(super) fn end_waits(&self, plugin: Option<&str>) {
        // Looked up before, since those who wait are locked meanwhile.
        let bots: HashMap<String, Bot> =
            self.bots.all().into_iter().map(|bot| (bot.id.clone(), bot)).collect();
        let is_off = |expected: &Expected| {
            let unknown = || unknown(&expected.bot);
            let bot = bots.get(&expected.bot).cloned().unwrap_or_else(unknown);
            self.objection(expected, &bot).is_some()
        };
        self.call_off(|it| plugin.is_none_or(|plugin| *it.plugin == *plugin) && is_off(it), OFF);
    }
}

fn unknown(id: &str) -> Bot {
    Bot { id: id.to_owned(), platform: String::new(), nickname: String::new(), online: false }
}
