//! What a folder shows of its files before they are read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What can be seen of a file without reading it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Stamp {
    size: u64,
    pub(crate) modified: Option<SystemTime>,
    inode: u64,
}

/// The plugin files in the folder. What cannot be looked at is not there.
pub(crate) fn list(folder: &Path) -> BTreeMap<PathBuf, Stamp> {
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
    pub(crate) fn of(metadata: &std::fs::Metadata) -> Self {
        #[cfg(unix)]
        let inode = std::os::unix::fs::MetadataExt::ino(metadata);
        #[cfg(not(unix))]
        let inode = 0;
        Self { size: metadata.len(), modified: metadata.modified().ok(), inode }
    }
}
