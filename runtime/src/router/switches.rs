//! Which plugins were switched on or off in chats, remembered across restarts.

use std::collections::{BTreeSet, HashMap};
use std::sync::{PoisonError, RwLock};

use tokio::sync::{Mutex, watch};
use tracing::warn;

use crate::model::Error;
use crate::store::Own;

/// The place of a switch that is for all chats; it is off or not there.
pub(crate) const EVERYWHERE: &str = "*";

/// What was said in chats about plugins. What the owner's file says is not in here.
#[derive(Default)]
pub struct Switches {
    /// By plugin and place; a place is a bot and a chat.
    said: RwLock<HashMap<String, HashMap<String, bool>>>,
    /// Plugins that are off in all chats.
    off: watch::Sender<BTreeSet<String>>,
    /// None: nothing outlives this process.
    own: Option<Own>,
    /// Held while something is written, so that the latest is what stays.
    writing: Mutex<()>,
}

impl Switches {
    /// Those that were kept there, and where new ones are kept.
    ///
    /// # Errors
    ///
    /// The disk's.
    pub async fn open(own: Own) -> Result<Self, Error> {
        let mut said: HashMap<String, HashMap<String, bool>> = HashMap::new();
        for (key, value) in own.scan("").await? {
            match (key.split_once('/'), &value[..]) {
                (Some((plugin, place)), b"on" | b"off") => {
                    said.entry(plugin.to_owned()).or_default().insert(place.to_owned(), value == b"on");
                }
                _ => warn!(key, "a switch of a plugin that this iglu cannot read is left alone"),
            }
        }
        let off = said.iter().filter(|(_, places)| places.get(EVERYWHERE) == Some(&false));
        let off = watch::Sender::new(off.map(|(plugin, _)| plugin.clone()).collect());
        Ok(Self { said: RwLock::new(said), off, own: Some(own), writing: Mutex::default() })
    }

    /// What was said about this plugin at this place.
    pub(super) fn said(&self, plugin: &str, place: &str) -> Option<bool> {
        let said = self.said.read().unwrap_or_else(PoisonError::into_inner);
        said.get(plugin)?.get(place).copied()
    }

    /// Says it, for this process; none takes back what was said.
    pub(crate) fn say(&self, plugin: &str, place: &str, on: Option<bool>) {
        let mut said = self.said.write().unwrap_or_else(PoisonError::into_inner);
        let places = said.entry(plugin.to_owned()).or_default();
        match on {
            Some(on) => drop(places.insert(place.to_owned(), on)),
            None => drop(places.remove(place)),
        }
        if places.is_empty() {
            said.remove(plugin);
        }
        if place == EVERYWHERE {
            self.off.send_if_modified(|off| match on {
                Some(false) => off.insert(plugin.to_owned()),
                _ => off.remove(plugin),
            });
        }
    }

    /// The plugins that are off in all chats.
    pub(super) fn off_everywhere(&self) -> watch::Receiver<BTreeSet<String>> {
        self.off.subscribe()
    }

    /// Writes down what is said now about this plugin at this place.
    pub(super) async fn keep(&self, plugin: &str, place: &str) -> Result<(), Error> {
        let Some(own) = &self.own else { return Ok(()) };
        let _alone = self.writing.lock().await;
        let word = |on: bool| if on { &b"on"[..] } else { b"off" };
        own.set(&format!("{plugin}/{place}"), self.said(plugin, place).map(|on| word(on).to_vec())).await
    }
}

impl std::fmt::Debug for Switches {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Switches").field(&self.said).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    #[tokio::test]
    async fn what_was_said_last_is_what_a_restart_finds() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("store.redb")).unwrap();
        let switches = Switches::open(store.own("switches")).await.unwrap();
        for (plugin, place, on) in [
            ("echo", "1/group/5", Some(false)),
            ("echo", EVERYWHERE, Some(false)),
            ("dice", "1/direct/a/b", Some(true)),
            ("echo", EVERYWHERE, None),
            ("cron", EVERYWHERE, Some(false)),
        ] {
            switches.say(plugin, place, on);
        }
        // Writes that come late and out of order write what counts now.
        for (plugin, place) in
            [("echo", EVERYWHERE), ("echo", "1/group/5"), ("dice", "1/direct/a/b"), ("cron", EVERYWHERE)]
        {
            switches.keep(plugin, place).await.unwrap();
        }
        store.own("switches").set("newer", Some(b"?".to_vec())).await.unwrap();

        let again = Switches::open(store.own("switches")).await.unwrap();
        assert_eq!(again.said("echo", "1/group/5"), Some(false));
        assert_eq!(again.said("echo", EVERYWHERE), None);
        assert_eq!(*again.off_everywhere().borrow(), BTreeSet::from(["cron".to_owned()]));
        assert_eq!(again.said("dice", "1/direct/a/b"), Some(true));
        assert_eq!(again.said("dice", "1/group/5"), None);
    }
}
