//! What is seen of the folder: that something happened, which files there are, and what became of each.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use notify::event::{AccessKind, AccessMode};
use notify::{EventKind, Watcher as _};
use tokio::sync::mpsc;
use tracing::warn;

use super::super::loader::{Hash, Loaded, Version};
use super::{RESCAN, SETTLE};

/// Hints that it may be worth to look.
pub(super) fn watch(path: &Path, hint: mpsc::Sender<()>) -> Option<notify::RecommendedWatcher> {
    let told = move |event: notify::Result<notify::Event>| {
        // Looking at the folder opens it, and that is an event too: whoever follows it never rests.
        let is_look = event.is_ok_and(|event| {
            event.kind.is_access() && event.kind != EventKind::Access(AccessKind::Close(AccessMode::Write))
        });
        if !is_look {
            // One waiting hint is as good as many.
            let _ = hint.try_send(());
        }
    };
    let watcher = notify::recommended_watcher(told)
        .and_then(|mut watcher| watcher.watch(path, notify::RecursiveMode::NonRecursive).map(|()| watcher));
    watcher.map_err(|e| warn!("cannot watch {}: {e}; it is looked at every {RESCAN:?}", path.display())).ok()
}

/// What can be seen of a file without reading it.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Stamp {
    size: u64,
    pub(super) modified: Option<SystemTime>,
    inode: u64,
}

/// The plugin files in the folder. What cannot be looked at is not there.
pub(super) fn list(folder: &Path) -> BTreeMap<PathBuf, Stamp> {
    let Ok(entries) = std::fs::read_dir(folder) else { return BTreeMap::new() };
    entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let name = path.file_name()?.to_str()?;
            let is_plugin = name.ends_with(".wasm") && !name.starts_with('.');
            // Follows links.
            let metadata =
                std::fs::metadata(&path).ok().filter(|metadata| is_plugin && metadata.is_file())?;
            Some((path, Stamp::of(&metadata)))
        })
        .collect()
}

impl Stamp {
    pub(super) fn of(metadata: &std::fs::Metadata) -> Self {
        #[cfg(unix)]
        let inode = std::os::unix::fs::MetadataExt::ino(metadata);
        #[cfg(not(unix))]
        let inode = 0;
        Self { size: metadata.len(), modified: metadata.modified().ok(), inode }
    }
}

/// A file and what became of it.
pub(super) struct File {
    pub(super) stamp: Option<Stamp>,
    /// Since when the stamp is what it is.
    pub(super) since: Instant,
    /// It has to be read.
    pub(super) fresh: bool,
    pub(super) hash: Option<Hash>,
    /// What it held when it could last be loaded, ...
    pub(super) loaded: Option<Loaded>,
    /// ... what was made of that by the owner's settings, ...
    pub(super) version: Option<Arc<Version>>,
    /// ... or why they do not fit.
    pub(super) refusal: Option<String>,
    pub(super) holds: Holds,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) enum Holds {
    /// Nothing that could be loaded, so far.
    Nothing,
    /// The plugin with this id.
    Plugin(String),
    /// The plugin with this id, which another file holds already.
    Double(String),
}

impl File {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            stamp: None,
            since: now,
            fresh: false,
            hash: None,
            loaded: None,
            version: None,
            refusal: None,
            holds: Holds::Nothing,
        }
    }

    /// At rest for long enough to be read, by our clock or by the file's own.
    pub(super) fn is_ripe(&self, now: Instant) -> bool {
        let Some(stamp) = self.stamp.as_ref().filter(|_| self.fresh) else { return false };
        let age = stamp.modified.and_then(|modified| modified.elapsed().ok());
        now - self.since >= SETTLE || age.is_some_and(|age| age > Duration::from_secs(2))
    }
}
