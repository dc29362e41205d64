//! How a plugin is to be tested.

use std::{
    env, fs,
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
};

use serde_json::{Value, json};

use super::{Error, Kit, Result, build, program};

/// How a plugin is to be tested. [`Kit::builder`] begins one.
///
/// ```no_run
/// # use serde_json::json;
/// use iglu_sdk::test::Kit;
/// let bot = Kit::builder().config(json!({"greeting": "Hi"})).deny("send").superuser("10001").build().unwrap();
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Builder {
    program: Option<PathBuf>,
    plugin: Option<Plugin>,
    grants: Option<Vec<String>>,
    deny: Vec<String>,
    config: Option<Value>,
    superusers: Vec<String>,
    language: Option<String>,
    settings: String,
}

#[derive(Clone, Debug)]
enum Plugin {
    File(PathBuf),
    Project(PathBuf),
}

impl Builder {
    /// The program `iglu`, if it is not the one that would be found.
    ///
    /// ```no_run
    /// # use iglu_sdk::test::Kit;
    /// let bot = Kit::builder().iglu("/opt/iglu/iglu").build().unwrap();
    /// ```
    pub fn iglu(mut self, program: impl Into<PathBuf>) -> Self {
        self.program = Some(program.into());
        self
    }

    /// A plugin that is built already.
    ///
    /// ```no_run
    /// # use iglu_sdk::test::Kit;
    /// let bot = Kit::builder().file("target/wasm32-wasip2/release/echo.wasm").build().unwrap();
    /// ```
    pub fn file(mut self, file: impl Into<PathBuf>) -> Self {
        self.plugin = Some(Plugin::File(file.into()));
        self
    }

    /// The plugin of another project's folder, which the kit builds.
    ///
    /// ```no_run
    /// # use iglu_sdk::test::Kit;
    /// let bot = Kit::builder().project("../echo").build().unwrap();
    /// ```
    pub fn project(mut self, dir: impl Into<PathBuf>) -> Self {
        self.plugin = Some(Plugin::Project(dir.into()));
        self
    }

    /// Grants this permission, and none that is not named so. Without a word about it, everything is granted that the
    /// plugin asks for.
    ///
    /// ```no_run
    /// # use iglu_sdk::test::Kit;
    /// let bot = Kit::builder().grant("send").grant("call:get_*").build().unwrap();
    /// ```
    pub fn grant(mut self, permission: impl Into<String>) -> Self {
        self.grants.get_or_insert_default().push(permission.into());
        self
    }

    /// Does not grant this permission.
    ///
    /// ```no_run
    /// # use iglu_sdk::test::Kit;
    /// let bot = Kit::builder().deny("send").build().unwrap();
    /// bot.user("10001").say("/announce hi").expect_denied("send");
    /// ```
    pub fn deny(mut self, permission: impl Into<String>) -> Self {
        self.deny.push(permission.into());
        self
    }

    /// The plugin's settings, as its owner would write them.
    ///
    /// ```no_run
    /// # use {iglu_sdk::test::Kit, serde_json::json};
    /// let bot = Kit::builder().config(json!({"greeting": "Hi"})).build().unwrap();
    /// ```
    pub fn config(mut self, config: Value) -> Self {
        self.config = Some(config);
        self
    }

    /// A user who may everything.
    ///
    /// ```no_run
    /// # use iglu_sdk::test::Kit;
    /// let bot = Kit::builder().superuser("10001").build().unwrap();
    /// ```
    pub fn superuser(mut self, user: impl Into<String>) -> Self {
        self.superusers.push(user.into());
        self
    }

    /// The language of the host's own answers: `en`, if nothing is said, or `zh`.
    ///
    /// ```no_run
    /// # use iglu_sdk::test::Kit;
    /// let bot = Kit::builder().language("zh").build().unwrap();
    /// ```
    pub fn language(mut self, language: impl Into<String>) -> Self {
        self.language = Some(language.into());
        self
    }

    /// More lines of an `iglu.toml`: limits, prefixes, other words for commands.
    ///
    /// ```no_run
    /// # use iglu_sdk::test::Kit;
    /// let bot = Kit::builder().settings("[commands]\nprefixes = [\"!\"]").build().unwrap();
    /// bot.user("10001").say("!hello").expect("Hello!");
    /// ```
    pub fn settings(mut self, toml: &str) -> Self {
        self.settings.push_str(toml);
        self.settings.push('\n');
        self
    }

    /// Builds the plugin and starts it.
    ///
    /// ```no_run
    /// # use iglu_sdk::test::Kit;
    /// # fn test() -> iglu_sdk::test::Result<()> {
    /// let bot = Kit::builder().deny("send").build()?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When there is no `iglu`, when the plugin does not compile or start, or when the settings are wrong.
    pub fn build(self) -> Result<Kit> {
        let program = self.program.map_or_else(program::find, Ok)?;
        let plugin = match self.plugin {
            Some(Plugin::File(file)) => file,
            Some(Plugin::Project(dir)) => build::build(&program, &dir)?,
            None => build::own(&program)?,
        };
        let dir = Dir::new()?;
        let mut open = json!({
            "do": "open",
            "plugin": plugin,
            "dir": dir.0,
            "deny": self.deny,
            "superusers": self.superusers,
            "language": self.language.as_deref().unwrap_or("en"),
            "settings": self.settings,
        });
        if let Some(grants) = self.grants {
            open["grants"] = grants.into();
        }
        if let Some(config) = self.config {
            open["config"] = config;
        }
        Kit::open(program, open, dir)
    }
}

/// A folder of its own for each kit.
pub(super) struct Dir(pub(super) PathBuf);

impl Dir {
    fn new() -> Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("iglu-test-{}-{number}-{:08x}", std::process::id(), fastrand::u32(..));
        let path = env::temp_dir().join(name);
        let made = fs::create_dir(&path);
        made.map_err(|e| Error(format!("cannot make the folder {}: {e}", path.display())))?;
        Ok(Self(path))
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        // What cannot be removed is the system's to sweep.
        let _ = fs::remove_dir_all(&self.0);
    }
}
