//! A Rust plugin's project, and cargo's work on it.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, anyhow, bail};
use serde_json::Value;
use tokio::io::AsyncReadExt as _;

/// What plugins compile to.
pub(super) const TARGET: &str = "wasm32-wasip2";

/// A package whose library is a component.
#[derive(Debug, Clone)]
pub(super) struct Project {
    /// Its folder.
    pub(super) dir: PathBuf,
    /// The package's name.
    pub(super) name: String,
    /// Where iglu keeps what it builds and runs for the author: apart from cargo's own files, because an editor that
    /// checks the project holds cargo's lock on those.
    pub(super) workshop: PathBuf,
    manifest: PathBuf,
}

/// For whom a plugin is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Profile {
    /// For users: small and fast.
    Release,
    /// For its author, who waits for it.
    Dev,
}

/// What cargo made of a project.
pub(super) enum Built {
    /// The component.
    File(PathBuf),
    /// What the compiler finds wrong, each with its place.
    Faults(Vec<String>),
}

impl Project {
    /// The project in a folder.
    pub(super) fn find(dir: &Path) -> anyhow::Result<Self> {
        let manifest = dir.join("Cargo.toml");
        if !manifest.is_file() {
            bail!(
                "there is no {}; `iglu new NAME` makes a plugin's project, and this is to be run in its folder",
                manifest.display()
            );
        }
        let manifest =
            fs::canonicalize(&manifest).with_context(|| format!("cannot read {}", manifest.display()))?;
        let mut cargo = cargo("metadata").into_std();
        cargo.args(["--no-deps", "--format-version", "1", "--manifest-path"]).arg(&manifest);
        let answer = cargo.stderr(Stdio::piped()).output().map_err(no_cargo)?;
        if !answer.status.success() {
            bail!("{}", String::from_utf8_lossy(&answer.stderr).trim());
        }
        let answer = serde_json::from_slice(&answer.stdout).context("`cargo metadata` answered no JSON")?;
        Self::from_metadata(&answer, manifest)
    }

    fn from_metadata(metadata: &Value, manifest: PathBuf) -> anyhow::Result<Self> {
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let packages = list(&metadata["packages"]);
        let is_it = |package: &&Value| {
            package["manifest_path"].as_str().is_some_and(|path| manifest == Path::new(path))
        };
        let package = packages.iter().find(is_it).with_context(|| {
            format!("{} holds no package; run this in the folder of a plugin", manifest.display())
        })?;
        let name = package["name"].as_str().unwrap_or_default().to_owned();
        if !list(&package["targets"])
            .iter()
            .any(|target| list(&target["kind"]).iter().any(|kind| kind == "cdylib"))
        {
            bail!(
                "{name} makes no component; add to {}:\n[lib]\ncrate-type = [\"cdylib\", \"rlib\"]",
                manifest.display()
            );
        }
        let target = metadata["target_directory"].as_str().context("`cargo metadata` is incomplete")?;
        let dir = manifest.parent().unwrap_or(Path::new("")).to_owned();
        Ok(Self { dir, name, workshop: Path::new(target).join("iglu"), manifest })
    }

    /// The component's file name.
    pub(super) fn file_name(&self) -> String {
        format!("{}.wasm", self.name.replace('-', "_"))
    }

    /// Builds, while cargo tells on stderr how it goes.
    pub(super) async fn build(&self, profile: Profile) -> anyhow::Result<PathBuf> {
        let mut cargo = self.compile(profile);
        cargo.arg("--message-format=json-render-diagnostics").stderr(Stdio::inherit());
        match self.run(cargo).await? {
            Built::File(file) => Ok(file),
            Built::Faults(_) => bail!("{} does not compile; the lines above say why", self.name),
        }
    }

    /// Builds in silence. Dropped, it ends cargo and the compilers.
    pub(super) async fn build_quietly(&self, profile: Profile, colours: bool) -> anyhow::Result<Built> {
        let mut cargo = self.compile(profile);
        let format = if colours { "json-diagnostic-rendered-ansi" } else { "json" };
        cargo.arg(format!("--message-format={format}")).stderr(Stdio::piped());
        #[cfg(unix)]
        cargo.process_group(0);
        self.run(cargo).await
    }

    fn compile(&self, profile: Profile) -> tokio::process::Command {
        let mut cargo = cargo("build");
        cargo.args(["--lib", "--target", TARGET, "--manifest-path"]).arg(&self.manifest);
        match profile {
            Profile::Release => cargo.arg("--release"),
            // Names and lines for a debugger are most of a file that nobody debugs, and the host would compile them.
            Profile::Dev => cargo
                .arg("--target-dir")
                .arg(&self.workshop)
                .envs([("CARGO_PROFILE_DEV_DEBUG", "0"), ("CARGO_PROFILE_DEV_OPT_LEVEL", "1")])
                .envs([("CARGO_PROFILE_DEV_STRIP", "true"), ("CARGO_PROFILE_DEV_PANIC", "abort")]),
        };
        cargo.current_dir(&self.dir);
        cargo
    }

    async fn run(&self, mut cargo: tokio::process::Command) -> anyhow::Result<Built> {
        needs_target(&self.dir)?;
        let mut child = cargo.stdout(Stdio::piped()).kill_on_drop(true).spawn().map_err(no_cargo)?;
        let mut group = Group(child.id());
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let (mut messages, mut told) = (Vec::new(), Vec::new());
        let read_out =
            async { if let Some(mut out) = out { out.read_to_end(&mut messages).await } else { Ok(0) } };
        let read_err =
            async { if let Some(mut err) = err { err.read_to_end(&mut told).await } else { Ok(0) } };
        let (out, err, status) = tokio::join!(read_out, read_err, child.wait());
        group.0 = None;
        out.and(err).context("cargo's words cannot be read")?;
        let messages: Vec<Value> = messages
            .split(|byte| *byte == b'\n')
            .filter_map(|line| serde_json::from_slice(line).ok())
            .collect();
        if status.context("cargo did not end")?.success() {
            return self.component(&messages).map(Built::File);
        }
        let faults: Vec<String> = messages.iter().filter_map(fault).collect();
        // What stops cargo before or after the compiler: a wrong Cargo.toml, a dependency that is not there, the linker.
        let told = String::from_utf8_lossy(&told).trim().to_owned();
        Ok(Built::Faults(if faults.is_empty() && !told.is_empty() { vec![told] } else { faults }))
    }

    fn component(&self, messages: &[Value]) -> anyhow::Result<PathBuf> {
        let of_this = |message: &&Value| {
            message["reason"] == "compiler-artifact"
                && message["manifest_path"].as_str().is_some_and(|path| self.manifest == Path::new(path))
        };
        let files =
            messages.iter().filter(of_this).filter_map(|message| message["filenames"].as_array()).flatten();
        let file = files.filter_map(Value::as_str).find(|file| file.ends_with(".wasm"));
        file.map(PathBuf::from)
            .context("cargo built no .wasm; is its `crate-type` still [\"cdylib\", \"rlib\"]?")
    }
}

/// An error of the compiler as it would stand on the terminal.
fn fault(message: &Value) -> Option<String> {
    let inner = &message["message"];
    let text = inner["rendered"].as_str().filter(|_| inner["level"] == "error")?.trim();
    // The sum at the end says nothing new.
    (!text.is_empty() && !text.contains("aborting due to")).then(|| text.to_owned())
}

/// Ends what cargo started when the wait for it is given up.
struct Group(Option<u32>);

impl Drop for Group {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(group) = self.0.and_then(|id| i32::try_from(id).ok()) {
            // Gone already, mostly.
            let _ = nix::sys::signal::killpg(
                nix::unistd::Pid::from_raw(group),
                nix::sys::signal::Signal::SIGTERM,
            );
        }
    }
}

/// The checkout of iglu's sources that this program was built from, if it is still there.
pub(super) fn checkout() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?;
    // What `cargo install` fetched for itself comes and goes.
    let cargos_own = root.iter().any(|part| part == "checkouts" || part == "registry");
    (!cargos_own && root.join("plugin-sdk/Cargo.toml").is_file()).then(|| root.to_owned())
}

/// A call to cargo in the environment that this program's caller had: what `cargo run` and `cargo test` add of their own
/// would make the other cargo build things anew.
fn cargo(subcommand: &str) -> tokio::process::Command {
    let mut cargo = tokio::process::Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (key, _) in env::vars_os() {
        if key.to_str().is_some_and(is_from_cargo) {
            cargo.env_remove(key);
        }
    }
    cargo.arg(subcommand).stdin(Stdio::null());
    cargo
}

fn is_from_cargo(key: &str) -> bool {
    let exact = ["CARGO", "CARGO_BIN_NAME", "CARGO_CRATE_NAME", "CARGO_PRIMARY_PACKAGE", "OUT_DIR"];
    exact.contains(&key) || key.starts_with("CARGO_PKG_") || key.starts_with("CARGO_MANIFEST_")
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn no_cargo(error: std::io::Error) -> anyhow::Error {
    if error.kind() == std::io::ErrorKind::NotFound {
        return anyhow!("`cargo` is not here; install Rust from https://rustup.rs");
    }
    anyhow!("`cargo` does not start: {error}")
}

/// Whether the compiler has the standard library for plugins. A compiler that cannot be asked is left to cargo.
fn needs_target(dir: &Path) -> anyhow::Result<()> {
    let rustc: OsString = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let asked =
        Command::new(rustc).args(["--print", "target-libdir", "--target", TARGET]).current_dir(dir).output();
    let Some(asked) = asked.ok().filter(|asked| asked.status.success()) else { return Ok(()) };
    let folder = PathBuf::from(String::from_utf8_lossy(&asked.stdout).trim().to_owned());
    let has_std = fs::read_dir(folder).is_ok_and(|files| {
        files.flatten().any(|file| file.file_name().to_string_lossy().starts_with("libstd"))
    });
    if has_std {
        return Ok(());
    }
    let by_xtask = checkout().map_or_else(String::new, |root| {
        format!("; where Rust's server cannot be reached, run `cargo xtask target` in {}", root.display())
    });
    bail!("the compiler lacks the target for plugins; add it with `rustup target add {TARGET}`{by_xtask}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn metadata(kind: &str) -> Value {
        json!({"target_directory": "/t", "packages": [
            {"name": "other", "manifest_path": "/w/other/Cargo.toml", "targets": []},
            {"name": "my-bot", "manifest_path": "/w/my-bot/Cargo.toml", "targets": [{"kind": [kind]}]}]})
    }

    #[test]
    fn a_project_is_the_package_of_its_folder() {
        let project = Project::from_metadata(&metadata("cdylib"), "/w/my-bot/Cargo.toml".into()).unwrap();
        assert_eq!((project.name.as_str(), project.file_name().as_str()), ("my-bot", "my_bot.wasm"));
        assert_eq!(project.workshop, Path::new("/t/iglu"));
    }

    #[test]
    fn what_is_no_plugin_is_told_with_the_remedy() {
        let told = |kind, path: &str| {
            format!("{:#}", Project::from_metadata(&metadata(kind), path.into()).unwrap_err())
        };
        assert!(told("lib", "/w/my-bot/Cargo.toml").contains("crate-type = [\"cdylib\", \"rlib\"]"));
        assert!(told("cdylib", "/w/Cargo.toml").contains("in the folder of a plugin"));
        let folder = tempfile::tempdir().unwrap();
        assert!(format!("{:#}", Project::find(folder.path()).unwrap_err()).contains("iglu new NAME"));
    }

    #[test]
    fn of_the_compilers_words_the_errors_are_shown() {
        let message = |level: &str, text: &str| json!({"message": {"level": level, "rendered": text}});
        let rows = [
            ("error", "error: expected `;`\n --> src/lib.rs:3\n\n", true),
            ("warning", "warning: unused", false),
            ("error", "error: aborting due to 1 previous error", false),
        ];
        for (level, text, shown) in rows {
            assert_eq!(fault(&message(level, text)).is_some(), shown, "{text}");
        }
    }
}
