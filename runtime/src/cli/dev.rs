//! `iglu dev`: a plugin's project, built at each save, and a chat with what was built last. The project's `iglu.toml` counts,
//! and is followed.
//!
//! Piped lines are answered as in `iglu chat`, and a project that does not compile is a failure then, since nobody sits there
//! to mend it.

use std::ffi::OsStr;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode};
use notify::{EventKind, RecursiveMode, Watcher as _};
use tokio::sync::mpsc;

use super::project::{Built, Profile, Project};
use super::stop::{self, Stop};
use super::{CONFIG, build, chat, load, terminal};
use crate::change::Follow;
use crate::config::{BotConfigs, Config, Language};
use crate::house::House;

/// An editor that saves writes some files in a row; this long after the last of them it is done.
const SETTLE: Duration = Duration::from_millis(40);
/// How many lines of the compiler's words are shown: the first error is the one to look at.
const MOST_LINES: usize = 40;

/// The project, and the configuration to run it with: its own `iglu.toml` if there is one, without the bots.
pub(super) fn prepare(dir: &Path) -> anyhow::Result<(Project, Config)> {
    let project = Project::find(dir)?;
    let file = project.dir.join(CONFIG);
    let config = if file.exists() { load(&project.dir)? } else { Config::parse("", &file)? };
    let config = at_home(&project, config);
    Ok((project, config))
}

/// Without bots, and with folders apart from the author's own.
fn at_home(project: &Project, mut config: Config) -> Config {
    let bot = project.workshop.join("dev").join(&project.name);
    config.bots = BotConfigs::default();
    config.plugins_dir = bot.join("plugins");
    config.data_dir = bot.join("data");
    config.cache_dir = config.data_dir.join("cache");
    config
}

pub(super) async fn run(project: Project, config: Config) -> anyhow::Result<ExitCode> {
    let mut signals = Stop::listen()?;
    let (language, patience) = (config.language, chat::patience(&config));
    let history = config.data_dir.join("chat-history.txt");
    let bench = Bench { file: config.plugins_dir.join(project.file_name()), project, language };
    let mut saves = Saves::watch(&bench.project)?;

    bench.say(
        &format!("正在编译 {}，第一次要一两分钟……", bench.project.name),
        &format!("building {}; the first time takes a minute or two ...", bench.project.name),
    );
    let begun = Instant::now();
    let built = tokio::select! {
        built = bench.build() => built?,
        () = signals.asked() => return Ok(ExitCode::SUCCESS),
    };
    if !built && chat::is_piped() {
        return Ok(ExitCode::FAILURE);
    }
    if built {
        let seconds = begun.elapsed().as_secs_f64();
        bench.say(&format!("编译用了 {seconds:.1} 秒"), &format!("built in {seconds:.1} s"));
    }
    let Some(house) = stop::open(House::open(config), &mut signals).await? else {
        return Ok(ExitCode::SUCCESS);
    };
    house.follow_config_by(bench.follow());
    tokio::select! {
        () = chat::converse(&house, language, patience, history) => {}
        () = bench.build_each(&mut saves, &house) => {}
        () = signals.asked() => {}
    }
    terminal::detach();
    Ok(stop::close(house, &mut signals).await)
}

/// Where the plugin is made.
struct Bench {
    project: Project,
    /// Its place in the plugin folder.
    file: PathBuf,
    language: Language,
}

impl Bench {
    /// The project's `iglu.toml`, which need not be there.
    fn follow(&self) -> Follow {
        let (project, language) = (self.project.clone(), self.language);
        let told = move |_: &Config| {
            let says = super::pick(language, "新的 iglu.toml 已生效", "the changed iglu.toml counts");
            terminal::note(&format!("iglu: {says}"));
        };
        Follow {
            settled: Box::new(move |config| at_home(&project, config)),
            may_be_absent: true,
            told: Box::new(told),
        }
    }

    /// For as long as the chat lasts.
    async fn build_each(&self, saves: &mut Saves, house: &House) {
        let mut saved = saves.next().await;
        while saved {
            let begun = Instant::now();
            tokio::select! {
                // What was saved meanwhile is built instead.
                more = saves.next() => saved = more,
                () = self.renew(begun, house) => saved = saves.next().await,
            }
        }
        // Without a watcher the chat goes on with what there is.
        std::future::pending::<()>().await;
    }

    async fn renew(&self, begun: Instant, house: &House) {
        match self.build().await {
            Ok(true) => {}
            Ok(false) => return,
            Err(e) => return terminal::note(&format!("iglu: {e:#}")),
        }
        let (built, begun) = (begun.elapsed().as_secs_f64(), Instant::now());
        match house.load(&self.file).await {
            Ok(()) => {
                let loaded = begun.elapsed().as_secs_f64();
                self.say(
                    &format!("编译用了 {built:.1} 秒，{loaded:.1} 秒换上"),
                    &format!("built in {built:.1} s, reloaded in {loaded:.1} s"),
                );
            }
            Err(reason) => self.say(
                &format!("编译用了 {built:.1} 秒，但不能运行，原来的版本继续：{reason}"),
                &format!(
                    "built in {built:.1} s, but it does not run and the version before goes on: {reason}"
                ),
            ),
        }
    }

    /// Builds and puts the file in place; false if the compiler refuses, which it has told then.
    async fn build(&self) -> anyhow::Result<bool> {
        let colours =
            io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        match self.project.build_quietly(Profile::Dev, colours).await? {
            Built::File(built) => build::put(&built, &self.file).map(|()| true),
            Built::Faults(faults) => {
                terminal::note(&shortened(&faults, self.language));
                self.say(
                    "编译不通过，原来的版本（如果有）继续；改好保存后会再试",
                    "it does not compile; the version before, if there is one, goes on until the next save",
                );
                Ok(false)
            }
        }
    }

    fn say(&self, chinese: &str, english: &str) {
        terminal::note(&format!("iglu: {}", super::pick(self.language, chinese, english)));
    }
}

/// The compiler's first words.
fn shortened(faults: &[String], language: Language) -> String {
    let text = faults.join("\n");
    let count = text.lines().count();
    if count <= MOST_LINES {
        return text;
    }
    let shown: Vec<&str> = text.lines().take(MOST_LINES).collect();
    let (left, shown) = (count - MOST_LINES, shown.join("\n"));
    match language {
        Language::Chinese => format!("{shown}\n……（还有 {left} 行）"),
        Language::English => format!("{shown}\n... ({left} more lines)"),
    }
}

/// Tells of changes to a project's sources.
struct Saves {
    changes: mpsc::Receiver<()>,
    watcher: notify::RecommendedWatcher,
    dir: PathBuf,
    /// Something was saved, and the editor may not be done yet.
    saving: bool,
}

impl Saves {
    fn watch(project: &Project) -> anyhow::Result<Self> {
        let (hint, changes) = mpsc::channel(1);
        let dir = project.dir.clone();
        let root = dir.clone();
        let told = move |event: notify::Result<notify::Event>| {
            // Compilers read, which is an event too.
            let is_change = |event: &notify::Event| {
                (!event.kind.is_access()
                    || event.kind == EventKind::Access(AccessKind::Close(AccessMode::Write)))
                    && event.paths.iter().any(|path| path.strip_prefix(&root).is_ok_and(is_source))
            };
            if event.is_ok_and(|event| is_change(&event)) {
                // One waiting hint is as good as many.
                let _ = hint.try_send(());
            }
        };
        let mut watcher = notify::recommended_watcher(told)?;
        watcher.watch(&dir, RecursiveMode::NonRecursive)?;
        let mut saves = Self { changes, watcher, dir, saving: false };
        saves.watch_folders();
        Ok(saves)
    }

    /// The folders of sources, one by one: `target/` would be thousands of watches, and never at rest.
    fn watch_folders(&mut self) {
        for entry in std::fs::read_dir(&self.dir).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() && is_source(Path::new(&entry.file_name())) {
                // A folder that is gone again has nothing to tell.
                let _ = self.watcher.watch(&path, RecursiveMode::Recursive);
            }
        }
    }

    /// Returns when something was saved and the editor is done; false when nobody watches any more. Cancelling loses
    /// nothing.
    async fn next(&mut self) -> bool {
        if !self.saving && self.changes.recv().await.is_none() {
            return false;
        }
        self.saving = true;
        while let Ok(Some(())) = tokio::time::timeout(SETTLE, self.changes.recv()).await {}
        self.saving = false;
        self.watch_folders();
        true
    }
}

/// Whether a path inside a project may change what is built. Tests are not part of the plugin, and cargo writes its lock
/// file itself.
fn is_source(path: &Path) -> bool {
    let Some(top) = path.iter().next().and_then(OsStr::to_str) else { return false };
    let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
    let apart = ["target", "tests", "plugins", "data", "Cargo.lock", CONFIG, "README.md"];
    let is_editors = name.starts_with(['.', '#']) || name.ends_with(['~', '#']) || name.ends_with(".swp");
    !top.starts_with('.') && !apart.contains(&top) && !is_editors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_built_counts_as_a_save() {
        for (path, counts) in [
            ("src/lib.rs", true),
            ("src/deep/er.rs", true),
            ("assets/words.txt", true),
            ("Cargo.toml", true),
            ("build.rs", true),
            ("Cargo.lock", false),
            ("iglu.toml", false),
            ("target/debug/x", false),
            ("tests/hello.rs", false),
            (".git/index", false),
            ("src/.lib.rs.swp", false),
            ("src/lib.rs~", false),
            ("src/#lib.rs#", false),
            ("", false),
        ] {
            assert_eq!(is_source(Path::new(path)), counts, "{path}");
        }
    }

    #[test]
    fn long_complaints_are_cut() {
        let faults = vec!["error: one\n --> src/lib.rs:1".to_owned(), "line\n".repeat(100)];
        let text = shortened(&faults, Language::English);
        assert_eq!(text.lines().count(), MOST_LINES + 1);
        assert!(text.starts_with("error: one") && text.ends_with("(62 more lines)"), "{text}");
        assert_eq!(shortened(&faults[..1], Language::English), faults[0]);
    }
}
