//! A plugin author's way: `iglu new`, `cargo test`, `iglu build`, `iglu dev` on a pseudo-terminal. Nothing is fetched: the
//! made projects are built from what this workspace is built from.

mod transcript;

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Once, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use iglu_sdk::test::Kit;
use iglu_tests::fixtures::{iglu_bin, profile_dir};
use nix::pty::{Winsize, openpty};
use tempfile::TempDir;

/// The machine may be busy.
const DEADLINE: Duration = Duration::from_secs(300);

/// A project made by `iglu new`, in a folder of its own. Building it is quick.
pub(crate) fn made(name: &str) -> (TempDir, PathBuf) {
    // The SDK is compiled before anything is timed: on a busy machine that alone outlasts every deadline.
    static SDK: Once = Once::new();
    SDK.call_once(|| {
        let (_folder, dir) = new_project("before");
        let built = iglu(&dir, &["build", "--dev"]);
        assert!(built.status.success(), "{}", told(&built));
    });
    new_project(name)
}

fn new_project(name: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let done = iglu(folder.path(), &["new", name, "--language", "en"]);
    assert!(done.status.success(), "{}", told(&done));
    let dir = folder.path().join(name);
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
    fs::copy(lock, dir.join("Cargo.lock")).unwrap();
    (folder, dir)
}

pub(crate) fn settled(program: impl AsRef<std::ffi::OsStr>, dir: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(dir)
        .env("CARGO_NET_OFFLINE", "true")
        .env("IGLU_BIN", iglu_bin())
        .env_remove("IGLU_PLUGINS");
    // The SDK is compiled once for all tests.
    command.env("CARGO_TARGET_DIR", profile_dir().join("tmp/author"));
    command.env("LANG", "en_US.UTF-8").env_remove("LC_ALL").env_remove("LC_MESSAGES").env_remove("IGLU_LOG");
    command
}

pub(crate) fn iglu(dir: &Path, arguments: &[&str]) -> Output {
    settled(iglu_bin(), dir).args(arguments).stdin(Stdio::null()).output().unwrap()
}

pub(crate) fn told(done: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr))
}

#[test]
fn a_new_project_tests_and_builds_at_once() {
    let (_folder, dir) = made("first-steps");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let tested = settled(cargo, &dir).arg("test").output().unwrap();
    assert!(
        tested.status.success() && told(&tested).contains("hello_is_answered ... ok"),
        "{}",
        told(&tested)
    );

    let built = iglu(&dir, &["build", "--out", "bot/plugins/"]);
    assert!(built.status.success() && told(&built).contains("/hello"), "{}", told(&built));
    let file = dir.join("bot/plugins/first_steps.wasm");
    assert!(fs::metadata(&file).unwrap().len() < 300_000, "it is small");
    let bot = Kit::builder().iglu(iglu_bin()).file(&file).build().unwrap();
    bot.user("10001").say("/hello").expect("Hello!");
    assert_eq!(fs::read_dir(dir.join("bot/plugins")).unwrap().count(), 1, "nothing is left beside it");

    // A version that does not compile leaves the file as it is.
    fs::write(dir.join("src/lib.rs"), "nonsense").unwrap();
    let before = fs::read(&file).unwrap();
    let refused = iglu(&dir, &["build", "--out", "bot/plugins/"]);
    assert!(!refused.status.success() && told(&refused).contains("error: expected"), "{}", told(&refused));
    assert_eq!(fs::read(&file).unwrap(), before);
}

#[test]
fn the_plugin_of_the_readme_has_ten_lines_and_runs() {
    let (_folder, dir) = made("readme");
    for page in ["README.md", "README.zh-CN.md"] {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(page)).unwrap();
        let plugin = text.split("```rust\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
        assert!(plugin.lines().count() <= 10, "{page}: {plugin}");
        fs::write(dir.join("src/lib.rs"), plugin).unwrap();
        let built = iglu(&dir, &["build", "--dev", "--json"]);
        let about: serde_json::Value =
            serde_json::from_slice(&built.stdout).unwrap_or_else(|_| panic!("{}", told(&built)));
        let bot = Kit::builder().iglu(iglu_bin()).file(about["file"].as_str().unwrap()).build().unwrap();
        bot.user("10001").say("/echo hi").expect("hi");
    }
}

#[test]
fn mistakes_are_told_with_their_remedies() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("taken")).unwrap();
    fs::create_dir(folder.path().join("library")).unwrap();
    let library = "[package]\nname = \"library\"\nedition = \"2024\"\n[workspace]\n";
    fs::write(folder.path().join("library/Cargo.toml"), library).unwrap();
    fs::create_dir(folder.path().join("library/src")).unwrap();
    fs::write(folder.path().join("library/src/lib.rs"), "").unwrap();
    for (arguments, reason) in [
        (&["new", "taken"][..], "is there already"),
        (&["new", "Bad"], "small letters"),
        (&["new", "fn"], "keyword"),
        (&["new", "fine", "--sdk", "taken"], "holds no iglu-sdk"),
        (&["build", "taken"], "iglu new NAME"),
        (&["dev", "taken"], "iglu new NAME"),
        (&["build", "library"], "crate-type"),
    ] {
        let done = iglu(folder.path(), arguments);
        assert!(!done.status.success() && told(&done).contains(reason), "{arguments:?}: {}", told(&done));
    }
    assert!(!folder.path().join("fine").exists());
    let no_cargo =
        settled(iglu_bin(), folder.path()).args(["build", "library"]).env("CARGO", "no-such-cargo").output();
    assert!(told(&no_cargo.unwrap()).contains("rustup.rs"));
}

/// `iglu dev` on a terminal, and everything that it has shown.
pub(crate) struct Terminal {
    child: Child,
    keys: File,
    screen: mpsc::Receiver<Vec<u8>>,
    /// What was not waited for yet. Bytes, because a letter may come in two pieces.
    shown: Vec<u8>,
}

impl Terminal {
    pub(crate) fn dev(dir: &Path) -> Self {
        Self::dev_in(dir, "en_US.UTF-8")
    }

    /// In the language of a locale.
    fn dev_in(dir: &Path, locale: &str) -> Self {
        let size = Winsize { ws_row: 40, ws_col: 160, ws_xpixel: 0, ws_ypixel: 0 };
        let pty = openpty(Some(&size), None).unwrap();
        let end = || Stdio::from(pty.slave.try_clone().unwrap());
        let mut command = settled(iglu_bin(), dir);
        command.arg("dev").env("LANG", locale).env("TERM", "xterm").stdin(end()).stdout(end()).stderr(end());
        let child = command.spawn().unwrap();
        drop(command);
        drop(pty.slave);
        let keys = File::from(pty.master);
        let mut out = keys.try_clone().unwrap();
        let (seen, screen) = mpsc::channel();
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            // A terminal that nobody writes to any more is an error on Linux.
            while let Ok(count @ 1..) = out.read(&mut bytes) {
                if seen.send(bytes[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self { child, keys, screen, shown: Vec::new() }
    }

    /// Ctrl-C counts only while iglu reads a line: between two lines it is the terminal's, which is nobody's here.
    pub(crate) fn types(&mut self, line: &str) {
        self.keys.write_all(line.as_bytes()).unwrap();
    }

    /// Waits for a text that was not waited for before.
    pub(crate) fn shows(&mut self, text: &str) {
        self.shows_one_of(&[text]);
    }

    /// Waits for the first of these texts, and tells which it is.
    fn shows_one_of<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        let end = Instant::now() + DEADLINE;
        loop {
            let found =
                texts.iter().filter_map(|text| Some((position(&self.shown, text.as_bytes())?, *text)));
            if let Some((at, text)) = found.min() {
                self.shown.drain(..at + text.len());
                return text;
            }
            let left = end.saturating_duration_since(Instant::now());
            match self.screen.recv_timeout(left) {
                Ok(bytes) => self.shown.extend(bytes),
                Err(_) => {
                    panic!(
                        "the terminal shows none of {texts:?}, but\n{}",
                        String::from_utf8_lossy(&self.shown)
                    )
                }
            }
        }
    }

    /// Says something until the version that answers `new` does. One save may be built twice, when its news come in
    /// pieces; so after any "reloaded" the version before may answer yet, by `old`.
    fn says(&mut self, line: &str, new: &str, old: &str) {
        let end = Instant::now() + DEADLINE;
        self.types(&format!("{line}\r"));
        while self.shows_one_of(&[new, old]) != new {
            assert!(Instant::now() < end, "it is {old:?} that answers");
            // A pause between two questions.
            thread::sleep(Duration::from_millis(50));
            self.types(&format!("{line}\r"));
        }
    }

    /// It ends within the deadline, in order.
    pub(crate) fn ends(&mut self) {
        let end = Instant::now() + DEADLINE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                assert!(status.success(), "{status}\n{}", String::from_utf8_lossy(&self.shown));
                return;
            }
            assert!(Instant::now() < end, "it does not end");
            // A pause between two looks.
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Ended already, unless a test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn position(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

fn edit(dir: &Path, from: &str, to: &str) {
    let path = dir.join("src/lib.rs");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{text}");
    save(&path, &text.replace(from, to));
}

/// Saves in one step, so that no half of it is ever read: watchers overlook the file that is renamed.
pub(crate) fn save(path: &Path, text: &str) {
    let name = path.file_name().unwrap().to_str().unwrap();
    let beside = path.with_file_name(format!(".{name}"));
    fs::write(&beside, text).unwrap();
    fs::rename(beside, path).unwrap();
}

#[test]
fn a_line_that_is_being_typed_stays_while_a_new_version_comes() {
    let (_folder, dir) = made("saves");
    let mut terminal = Terminal::dev(&dir);
    terminal.shows("10001> ");
    terminal.says("/hello", "Hello!", "Hello!");
    // A file that is written in pieces is built, at the latest, when it is whole.
    let path = dir.join("src/lib.rs");
    let text = fs::read_to_string(&path).unwrap().replace("Hello!", "Good morning!");
    for end in (0..=text.len()).step_by(40).chain([text.len()]) {
        fs::write(&path, &text[..end]).unwrap();
    }
    terminal.says("/hello", "Good morning!", "Hello!");

    terminal.types("/hel");
    edit(&dir, "Good morning!", "Good-bye!");
    terminal.shows("reloaded in");
    terminal.types("lo\r");
    if terminal.shows_one_of(&["Good-bye!", "Good morning!"]) == "Good morning!" {
        // That was the news of the version before.
        terminal.says("/hello", "Good-bye!", "Good morning!");
    }
    terminal.types(":quit\r");
    terminal.ends();
}

#[test]
fn the_end_of_dev_is_the_end_of_its_cargo() {
    let (_folder, dir) = made("orphans");
    let mut terminal = Terminal::dev(&dir);
    terminal.shows("10001> ");
    // iglu, cargo, and what takes it ten minutes.
    fs::write(dir.join("build.rs"), "fn main() { std::thread::sleep(std::time::Duration::from_secs(600)); }")
        .unwrap();
    let end = Instant::now() + DEADLINE;
    while works_in(&dir) < 3 {
        assert!(Instant::now() < end, "the build does not begin");
        thread::sleep(Duration::from_millis(20));
    }
    terminal.types("\u{3}");
    terminal.ends();
    let end = Instant::now() + DEADLINE;
    while works_in(&dir) > 0 {
        assert!(Instant::now() < end, "something goes on in {}", dir.display());
        thread::sleep(Duration::from_millis(20));
    }
}

/// How many processes are at work in a folder, iglu among them.
fn works_in(dir: &Path) -> usize {
    let dir = fs::canonicalize(dir).unwrap();
    let processes = fs::read_dir("/proc").unwrap().flatten().map(|process| process.path());
    processes.filter(|process| fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd == dir)).count()
}
