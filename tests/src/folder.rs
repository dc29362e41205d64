//! A bot's folder in a temporary place, and what people and tools do to the files in it.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    time::Duration,
};

use tempfile::TempDir;

use crate::{
    fixtures::{plugin, profile_dir},
    napcat::Napcat,
};

/// A folder with `iglu.toml`, `plugins/` and `data/`. It is gone when this is dropped.
#[derive(Debug)]
pub struct Folder {
    dir: TempDir,
}

impl Default for Folder {
    fn default() -> Self {
        Self::new()
    }
}

impl Folder {
    /// A folder without plugins, and with an `iglu.toml` that names no bot.
    ///
    /// Compiled plugins are cached for all tests together, since compiling is what takes their time.
    pub fn new() -> Self {
        let folder = Self { dir: tempfile::tempdir().expect("a temporary folder can be made") };
        let cache = profile_dir().join("tmp/iglu-cache");
        for path in [&folder.plugins(), &folder.path().join("data"), &cache] {
            fs::create_dir_all(path).unwrap_or_else(|e| panic!("cannot make {}: {e}", path.display()));
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink(&cache, folder.path().join("data/cache")).expect("a link can be made");
        folder.configure("");
        folder
    }

    /// A folder with these compiled plugins, connected to a simulated NapCat; `settings` is added to `iglu.toml`.
    pub fn with(napcat: &Napcat, plugins: &[&str], settings: &str) -> Self {
        let folder = Self::new();
        for name in plugins {
            folder.put(&format!("{name}.wasm"), &plugin(name));
        }
        folder.connect(napcat, settings);
        folder
    }

    /// The folder's path.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// The path of the plugin folder.
    pub fn plugins(&self) -> PathBuf {
        self.path().join("plugins")
    }

    /// Writes `iglu.toml`: answers in English, and these settings.
    pub fn configure(&self, settings: &str) {
        self.write("iglu.toml", &format!("language = \"en\"\n{settings}\n"));
    }

    /// Writes `iglu.toml` with a bot at this simulated NapCat, and these settings.
    pub fn connect(&self, napcat: &Napcat, settings: &str) {
        let (url, token) = (napcat.url(), napcat.token());
        self.configure(&format!(
            "{settings}\n[[bot]]\nname = \"napcat\"\nurl = \"{url}\"\ntoken = \"{token}\""
        ));
    }

    /// Writes a text file.
    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path().join(name), text).unwrap_or_else(|e| panic!("cannot write {name}: {e}"));
    }

    /// Puts a plugin file in place at once, by a rename.
    pub fn put(&self, name: &str, bytes: &[u8]) {
        let part = self.plugins().join(format!("{name}.part"));
        fs::write(&part, bytes).expect("a plugin can be written");
        fs::rename(&part, self.plugins().join(name)).expect("a plugin can be put in place");
    }

    /// Writes a plugin file in place in one go, as `cp` does.
    pub fn overwrite(&self, name: &str, bytes: &[u8]) {
        fs::write(self.plugins().join(name), bytes).expect("a plugin can be overwritten");
    }

    /// Writes a plugin file in place in so many pieces with pauses between them, as a slow copy does.
    pub async fn write_slowly(&self, name: &str, bytes: &[u8], pieces: usize, pause: Duration) {
        let mut file = fs::File::create(self.plugins().join(name)).expect("a plugin can be written");
        for piece in bytes.chunks(bytes.len().div_ceil(pieces)) {
            file.write_all(piece).expect("a piece can be written");
            file.flush().expect("a file can be flushed");
            tokio::time::sleep(pause).await;
        }
    }

    /// Sets the time stamp to now and changes nothing else.
    pub fn touch(&self, name: &str) {
        let file =
            fs::File::options().append(true).open(self.plugins().join(name)).expect("the plugin is there");
        file.set_modified(std::time::SystemTime::now()).expect("a time stamp can be set");
    }

    /// Renames a plugin file.
    pub fn rename(&self, old: &str, new: &str) {
        fs::rename(self.plugins().join(old), self.plugins().join(new)).expect("a plugin can be renamed");
    }

    /// Deletes a plugin file.
    pub fn delete(&self, name: &str) {
        fs::remove_file(self.plugins().join(name)).expect("a plugin can be deleted");
    }
}
