//! Calls to cargo, and what it knows about the workspace.
//!
//! Cargo builds a dependency again when its features, its profile or the environment of its build script differ.
//! Three habits keep one build for all commands: the host side is always selected with `--workspace` (so that features
//! unify alike), always in the dev profile, and what `cargo run` adds to the environment of this program is taken out
//! before it reaches another cargo.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::target::TARGET;

/// The workspace as `cargo metadata` describes it.
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    /// Where cargo puts its output, with `CARGO_TARGET_DIR` and the user's configuration taken into account.
    pub(crate) target_dir: PathBuf,
    /// Every member that makes a component: the examples and the tests' fixtures.
    pub(crate) plugins: Vec<Plugin>,
    /// The kind (`bench` or `bin`) of the tests' target named `spine`, if there is one.
    pub(crate) bench: Option<String>,
}

/// A member of the workspace whose library is a `cdylib`.
pub(crate) struct Plugin {
    pub(crate) package: String,
    /// File name of the component, such as `echo.wasm`.
    pub(crate) file: String,
    /// Whether its source is in `plugins/`, so that it belongs to the demo bot.
    pub(crate) example: bool,
}

impl Workspace {
    /// Asks cargo about the workspace around the current directory.
    pub(crate) fn read() -> Result<Self> {
        let mut metadata = cargo("metadata");
        let answer =
            metadata.args(["--no-deps", "--format-version", "1"]).stderr(Stdio::inherit()).output()?;
        if !answer.status.success() {
            bail!("`cargo metadata` failed; the lines above say why");
        }
        let answer = serde_json::from_slice(&answer.stdout).context("`cargo metadata` answered no JSON")?;
        Self::from_metadata(&answer)
    }

    fn from_metadata(metadata: &Value) -> Result<Self> {
        let path =
            |key: &str| metadata[key].as_str().map(PathBuf::from).context("`cargo metadata` is incomplete");
        let root = path("workspace_root")?;
        let (mut plugins, mut bench) = (Vec::new(), None);
        for package in list(&metadata["packages"]) {
            let name = package["name"].as_str().unwrap_or_default();
            let manifest = Path::new(package["manifest_path"].as_str().unwrap_or_default());
            for target in list(&package["targets"]) {
                let file = target["name"].as_str().unwrap_or_default();
                let kinds = || list(&target["kind"]).filter_map(Value::as_str);
                if kinds().any(|kind| kind == "cdylib") {
                    plugins.push(Plugin {
                        package: name.to_owned(),
                        file: format!("{}.wasm", file.replace('-', "_")),
                        example: manifest.starts_with(root.join("plugins")),
                    });
                }
                if name == "iglu-tests" && file == "spine" {
                    bench = kinds().next().map(str::to_owned);
                }
            }
        }
        Ok(Self { root, target_dir: path("target_directory")?, plugins, bench })
    }

    /// The folder that [`build_plugins`](Self::build_plugins) fills.
    pub(crate) fn plugin_dir(&self) -> PathBuf {
        self.target_dir.join(TARGET).join("plugin")
    }

    /// Where cargo puts the program `name`, unless the user's configuration names a target.
    pub(crate) fn program(&self, profile: &str, name: &str) -> PathBuf {
        self.target_dir.join(profile).join(name).with_extension(env::consts::EXE_EXTENSION)
    }

    /// A cargo call that works on all plugins, compiled for their target and in their profile.
    pub(crate) fn for_plugins(&self, subcommand: &str) -> Command {
        let mut command = self.cargo(subcommand);
        command.args(["--target", TARGET, "--profile", "plugin"]);
        for plugin in &self.plugins {
            command.args(["--package", &plugin.package]);
        }
        command
    }

    /// Compiles every plugin to a component in [`plugin_dir`](Self::plugin_dir).
    pub(crate) fn build_plugins(&self) -> Result<()> {
        if self.plugins.is_empty() {
            bail!("the workspace has no plugin: no member's library is a `cdylib`");
        }
        succeed(self.for_plugins("build").arg("--lib"))
    }

    /// The host's build: the one set of dependencies that every command shares.
    ///
    /// Asking for the examples makes cargo count the features of development dependencies in, as it
    /// does for tests. Without it the tests could need a second wasmtime.
    pub(crate) fn for_host(&self) -> Command {
        let mut command = self.cargo("build");
        command.args(["--workspace", "--bin", "iglu", "--examples"]);
        command
    }

    /// A cargo call at the workspace's top level.
    pub(crate) fn cargo(&self, subcommand: &str) -> Command {
        let mut command = cargo(subcommand);
        command.current_dir(&self.root);
        command
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// A call to the cargo that runs this program. Its standard input is empty: a piped one is for the chat.
pub(crate) fn cargo(subcommand: &str) -> Command {
    let mut command = program(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.arg(subcommand);
    command
}

/// A call to `name` in the environment that this program's caller had, with an empty standard input.
pub(crate) fn program(name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(name);
    for (key, _) in env::vars_os() {
        if key.to_str().is_some_and(is_from_cargo_run) {
            command.env_remove(key);
        }
    }
    command.stdin(Stdio::null());
    command
}

fn is_from_cargo_run(key: &str) -> bool {
    let exact = ["CARGO", "CARGO_BIN_NAME", "CARGO_CRATE_NAME", "CARGO_PRIMARY_PACKAGE", "OUT_DIR"];
    exact.contains(&key) || key.starts_with("CARGO_PKG_") || key.starts_with("CARGO_MANIFEST_")
}

/// Runs `command` to its end and fails, with the call and its status, if it does.
pub(crate) fn succeed(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("`{}` did not start", shown(command)))?;
    if !status.success() {
        bail!("`{}` failed ({status})", shown(command));
    }
    Ok(())
}

/// Runs a cargo build and answers the executables it made or found fresh, in cargo's order.
pub(crate) fn executables(build: &mut Command) -> Result<Vec<PathBuf>> {
    build.arg("--message-format=json-render-diagnostics").stderr(Stdio::inherit());
    let answer = build.output().with_context(|| format!("`{}` did not start", shown(build)))?;
    if !answer.status.success() {
        bail!("`{}` failed ({})", shown(build), answer.status);
    }
    let messages =
        answer.stdout.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok());
    Ok(messages.filter_map(|message: Value| message["executable"].as_str().map(PathBuf::from)).collect())
}

/// The path in `files` whose stem starts with `name`: cargo adds a hash to a benchmark's.
pub(crate) fn named<'a>(files: &'a [PathBuf], name: &str) -> Result<&'a Path> {
    let is_it = |file: &&PathBuf| {
        let stem = file.file_stem().and_then(OsStr::to_str).unwrap_or_default();
        stem == name || stem.strip_prefix(name).is_some_and(|rest| rest.starts_with('-'))
    };
    files.iter().find(is_it).map(PathBuf::as_path).with_context(|| format!("cargo built no program `{name}`"))
}

fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_stem().map(OsStr::to_os_string).unwrap_or_default();
    let words: Vec<OsString> =
        std::iter::once(program).chain(command.get_args().map(OsStr::to_os_string)).collect();
    words.join(OsStr::new(" ")).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn package(name: &str, manifest: &str, target: &str, kinds: &[&str]) -> Value {
        json!({"name": name, "manifest_path": manifest, "targets": [{"name": target, "kind": kinds}]})
    }

    #[test]
    fn every_cdylib_is_a_plugin_and_only_those_in_plugins_are_examples() {
        let workspace = Workspace::from_metadata(&json!({
            "workspace_root": "/w",
            "target_directory": "/elsewhere",
            "packages": [
                package("iglu", "/w/runtime/Cargo.toml", "iglu", &["lib"]),
                package("word-count", "/w/plugins/word-count/Cargo.toml", "word-count", &["cdylib", "rlib"]),
                package("slow", "/w/tests/fixtures/plugins/slow/Cargo.toml", "slow", &["cdylib"]),
                package("iglu-tests", "/w/tests/Cargo.toml", "spine", &["bench"]),
            ],
        }))
        .unwrap();
        let found: Vec<_> =
            workspace.plugins.iter().map(|plugin| (plugin.file.as_str(), plugin.example)).collect();
        assert_eq!(found, [("word_count.wasm", true), ("slow.wasm", false)]);
        assert_eq!(workspace.plugin_dir(), Path::new("/elsewhere/wasm32-wasip2/plugin"));
        assert_eq!(workspace.bench.as_deref(), Some("bench"));
    }

    #[test]
    fn only_what_cargo_run_adds_is_taken_out_of_the_environment() {
        for key in ["CARGO", "CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "CARGO_PKG_VERSION", "OUT_DIR"] {
            assert!(is_from_cargo_run(key), "{key}");
        }
        for key in ["CARGO_HOME", "CARGO_TARGET_DIR", "CARGO_NET_OFFLINE", "RUSTFLAGS", "RUSTC", "PATH"] {
            assert!(!is_from_cargo_run(key), "{key}");
        }
    }

    #[test]
    fn a_program_is_found_by_its_name_with_or_without_a_hash() {
        let files = [PathBuf::from("/t/iglu-tools"), "/t/spine-0123abcd".into(), "/t/iglu.exe".into()];
        assert_eq!(named(&files, "spine").unwrap(), Path::new("/t/spine-0123abcd"));
        assert_eq!(named(&files[2..], "iglu").unwrap(), Path::new("/t/iglu.exe"));
        assert!(named(&files, "other").is_err());
    }
}
