//! Plugin files: the compiled examples and fixtures, versions of them made by changing bytes, and files that are no
//! plugins at all.

use std::{env, fs, path::PathBuf};

/// What a fixture does in `start` or `stop`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// What it should.
    Normal,
    /// It traps.
    Trap,
    /// It waits for ever.
    Forever,
    /// It never gives way.
    Loop,
    /// It answers an error.
    Error,
}

impl Mode {
    fn literal(self) -> &'static str {
        match self {
            Self::Normal => "normal__",
            Self::Trap => "trap____",
            Self::Forever => "forever_",
            Self::Loop => "loop____",
            Self::Error => "error___",
        }
    }
}

/// A compiled fixture, to be changed without a compiler: its source has literals of a fixed length for that.
#[derive(Clone, Debug)]
pub struct Fixture {
    bytes: Vec<u8>,
}

impl Fixture {
    /// The fixture `counter` or `probe` as it was compiled.
    pub fn load(name: &str) -> Self {
        Self { bytes: plugin(name) }
    }

    /// With the plugin id `fixture-<number>`.
    pub fn id(self, number: u16) -> Self {
        self.with("fixture-0000", &fixture_id(number))
    }

    /// With the version `0.0.<number>`.
    pub fn version(self, number: u16) -> Self {
        self.with("0.0.0000", &version(number))
    }

    /// With another text of the same length in the place of this one, wherever it stands.
    pub fn renamed(self, old: &str, new: &str) -> Self {
        self.with(old, new)
    }

    /// With another behaviour in `start`.
    pub fn start(self, mode: Mode) -> Self {
        self.with("START:normal__", &format!("START:{}", mode.literal()))
    }

    /// With another behaviour in `stop`.
    pub fn stop(self, mode: Mode) -> Self {
        self.with("STOP:normal__", &format!("STOP:{}", mode.literal()))
    }

    /// The file.
    pub fn bytes(self) -> Vec<u8> {
        self.bytes
    }

    fn with(mut self, old: &str, new: &str) -> Self {
        assert_eq!(old.len(), new.len(), "{old:?} and {new:?} must be of one length");
        let places: Vec<usize> = self
            .bytes
            .windows(old.len())
            .enumerate()
            .filter(|(_, w)| *w == old.as_bytes())
            .map(|(at, _)| at)
            .collect();
        assert!(!places.is_empty(), "the fixture holds no {old:?}; did the compiler fold it away?");
        for at in places {
            self.bytes[at..at + new.len()].copy_from_slice(new.as_bytes());
        }
        self
    }
}

/// The id that [`Fixture::id`] gives.
pub fn fixture_id(number: u16) -> String {
    format!("fixture-{number:04}")
}

/// The version that [`Fixture::version`] gives. A leading zero would be no version, so they start at 1000.
pub fn version(number: u16) -> String {
    assert!(number < 9000, "versions go up to 8999");
    format!("0.0.{}", 1000 + number)
}

/// The compiled component of a workspace member, by its file name without `.wasm`.
pub fn plugin(name: &str) -> Vec<u8> {
    let path = plugin_dir().join(format!("{name}.wasm"));
    fs::read(&path)
        .unwrap_or_else(|error| panic!("cannot read {}: {error}; run `cargo xtask test`", path.display()))
}

/// The folder of the compiled components: `IGLU_PLUGINS`, or where `cargo xtask` leaves them.
pub fn plugin_dir() -> PathBuf {
    match env::var_os("IGLU_PLUGINS") {
        Some(dir) => dir.into(),
        None => profile_dir().join("../wasm32-wasip2/plugin"),
    }
}

/// The host's program: `IGLU_BIN`, or the one beside this test program.
pub fn iglu_bin() -> PathBuf {
    let path = match env::var_os("IGLU_BIN") {
        Some(path) => path.into(),
        None => profile_dir().join(format!("iglu{}", env::consts::EXE_SUFFIX)),
    };
    assert!(path.is_file(), "there is no {}; run `cargo xtask test`", path.display());
    path
}

/// `target/debug`, from `target/debug/deps/<test>`.
pub fn profile_dir() -> PathBuf {
    let test = env::current_exe().expect("a running program has a path");
    test.parent()
        .and_then(|deps| deps.parent())
        .expect("test programs are in target/<profile>/deps")
        .to_owned()
}

/// A file that cannot become a plugin, and a part of what the host says about it.
#[derive(Clone, Debug)]
pub struct Bad {
    /// For failure reports.
    pub name: &'static str,
    /// The file.
    pub bytes: Vec<u8>,
    /// What the reason in the log contains.
    pub reason: &'static str,
}

/// One of each kind of bad file, each with bytes that differ by `salt`.
pub fn bad_files(salt: u32) -> Vec<Bad> {
    let bad = |name, bytes, reason| Bad { name, bytes, reason };
    let whole = Fixture::load("counter").bytes();
    let text = |wat: String| wat::parse_str(wat).expect("the text format of a fixture is right");
    vec![
        bad(
            "text garbage",
            format!("hello, I am no plugin {salt}\n").into_bytes(),
            "not a WebAssembly component",
        ),
        bad("an empty file", Vec::new(), "the file is empty"),
        bad(
            "a truncated component",
            whole[..whole.len() * 2 / 3 - salt as usize].to_vec(),
            "not a WebAssembly component",
        ),
        bad(
            "a core module",
            text(format!(r#"(module (memory 1) (func (export "handle-{salt}")))"#)),
            "a core module and not a component",
        ),
        bad("an empty component", text(format!("(component $empty-{salt})")), "it exports nothing"),
        bad(
            "a component of another world",
            text(format!(
                r#"(component
                    (core module $m (func (export "run") (result i32) i32.const {salt}))
                    (core instance $i (instantiate $m))
                    (func (export "run") (result u32) (canon lift (core func $i "run"))))"#
            )),
            "it exports function run",
        ),
        bad(
            "a component with an unknown import",
            text(format!(
                r#"(component (import "evil:fs/disk@{salt}.0.0" (instance (export "format" (func)))))"#
            )),
            "which iglu gives to no plugin",
        ),
        bad(
            "a component whose exports have other types",
            text(guest("", "(result u32)", &format!("i32.const {salt}"), "(result i32)")),
            "it does not fit the contract",
        ),
        bad(
            "a component that traps before it can be asked",
            text(guest(&format!("(func $s (drop (i32.const {salt})) unreachable) (start $s)"), "", "", "")),
            "it cannot be asked what it is: it panicked or aborted",
        ),
        bad(
            "a component that never comes to be asked",
            text(guest(&format!("(func $s (drop (i32.const {salt})) (loop (br 0))) (start $s)"), "", "", "")),
            "without giving way",
        ),
        bad(
            "a component that begins with too much memory",
            text(guest(&format!("(memory {})", 20_000 + salt), "", "", "")),
            "more memory than its limit",
        ),
        bad(
            "a component whose memories are too large together",
            text(guest(&format!("(memory 600) (memory {})", 600 + salt), "", "", "")),
            "more memory than its limit",
        ),
        bad(
            "a component with a huge table",
            text(guest(&format!("(table {} funcref)", 9_000_000 + salt), "", "", "")),
            "more memory than its limit",
        ),
        bad(
            "a plugin with an id that cannot be one",
            Fixture::load("counter").with("fixture-0000", &format!("FIXTURE-{salt:04}")).bytes(),
            "is not usable; write lower-case letters",
        ),
        bad(
            "a component for a newer contract",
            text(format!(
                r#"(component $newer-{salt}
                    (import "iglu:plugin/messages@0.2.0" (instance (export "whisper" (func)))))"#
            )),
            "either update iglu, or build the plugin with an iglu-sdk of",
        ),
    ]
}

/// A component that exports the four functions of a plugin by their names, all of one type, and holds what is given.
fn guest(core: &str, result: &str, body: &str, core_result: &str) -> String {
    let names = ["describe", "start", "handle", "stop"];
    let exports: String = names.iter().map(|name| format!(r#"(export "{name}" (func $f))"#)).collect();
    format!(
        r#"(component
            (core module $m {core} (func (export "f") {core_result} {body}))
            (core instance $i (instantiate $m))
            (func $f {result} (canon lift (core func $i "f")))
            (instance $guest {exports})
            (export "iglu:plugin/guest@0.1.0" (instance $guest)))"#
    )
}
