//! The target that plugins compile to.
//!
//! `rustup target add` gives it wherever Rust's own server can be reached. Where it cannot, Debian's packages hold the
//! same sources (see [`debian`]). A target that is there costs one call to `rustc`.

use std::env;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};

use crate::cargo::{Workspace, program};
use crate::{debian, say};

pub(crate) const TARGET: &str = "wasm32-wasip2";

/// The download is some 25 MB: enough for a slow line, short enough for a server that never answers.
const RUSTUP_LIMIT: Duration = Duration::from_secs(180);

/// The compiler in use: `rustc`, or what `RUSTC` names, as cargo does it.
pub(crate) struct Toolchain {
    /// Release such as `1.95.0`.
    pub(crate) release: String,
    pub(crate) sysroot: PathBuf,
}

impl Toolchain {
    fn in_use() -> Result<Self> {
        let version = rustc(&["--version", "--verbose"])?;
        let release = version.lines().find_map(|line| line.strip_prefix("release: "));
        Ok(Self {
            release: release.context("`rustc -vV` names no release")?.to_owned(),
            sysroot: rustc(&["--print", "sysroot"])?.trim().into(),
        })
    }

    /// Where the target's standard library is, or would be.
    pub(crate) fn target_dir(&self) -> PathBuf {
        self.sysroot.join("lib/rustlib").join(TARGET)
    }

    fn has_target(&self) -> bool {
        let Ok(files) = fs::read_dir(self.target_dir().join("lib")) else { return false };
        files.flatten().any(|file| {
            let name = file.file_name();
            let name = name.to_string_lossy();
            name == "libstd.rlib" || name.starts_with("libstd-") && name.ends_with(".rlib")
        })
    }
}

/// Makes sure that the toolchain in use can compile plugins.
pub(crate) fn ensure(workspace: &Workspace) -> Result<()> {
    let toolchain = Toolchain::in_use()?;
    if toolchain.has_target() {
        return Ok(());
    }
    say(format_args!("adding the Rust target {TARGET} (rustup, at most three minutes)"));
    let by_rustup = add_by_rustup(&toolchain);
    if by_rustup.is_ok() {
        return Ok(());
    }
    say(format_args!("rustup could not; building {TARGET} from Debian's packages"));
    let scratch = Scratch::new(&workspace.target_dir)?;
    let by_debian = debian::build_target(&toolchain, scratch.path());
    if by_debian.is_ok() {
        return Ok(());
    }
    let reason = |result: Result<()>| result.map_or_else(|error| format!("{error:#}"), |()| String::new());
    Err(anyhow!(
        "plugins need the Rust target {TARGET}, and it could not be set up\n  \
           rustup: {}\n  \
           Debian: {}\n\
         What to do: run `rustup target add {TARGET}` where Rust's server can be reached (RUSTUP_DIST_SERVER may name \
         a mirror), or copy `lib/rustlib/{TARGET}` from another machine's rustc {} to {}",
        reason(by_rustup),
        reason(by_debian),
        toolchain.release,
        toolchain.target_dir().display(),
    ))
}

fn add_by_rustup(toolchain: &Toolchain) -> Result<()> {
    let mut rustup = program("rustup");
    if env::var_os("RUSTUP_MAX_RETRIES").is_none() {
        rustup.env("RUSTUP_MAX_RETRIES", "1");
    }
    run_quietly(rustup.args(["target", "add", TARGET]))?;
    if !toolchain.has_target() {
        bail!("it added the target to another toolchain than {}", toolchain.sysroot.display());
    }
    Ok(())
}

/// Runs `command` without output and ends it when it takes too long. The last line of its errors is the reason of a
/// failure.
pub(crate) fn run_quietly(command: &mut Command) -> Result<()> {
    run_for(command, RUSTUP_LIMIT)
}

fn run_for(command: &mut Command, limit: Duration) -> Result<()> {
    let mut child = match command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => bail!("it is not installed"),
        child => child?,
    };
    let mut stderr = child.stderr.take().context("no pipe")?;
    let reader = thread::spawn(move || {
        let mut text = Vec::new();
        stderr.read_to_end(&mut text).map(|_| String::from_utf8_lossy(&text).into_owned())
    });
    let deadline = Instant::now() + limit;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if Instant::now() > deadline {
            child.kill()?;
            child.wait()?;
            bail!("no end after {} s", limit.as_secs());
        }
        thread::sleep(Duration::from_millis(50));
    };
    if status.success() {
        return Ok(());
    }
    let text = reader.join().ok().and_then(std::result::Result::ok).unwrap_or_default();
    bail!("{}", last_line(&text).unwrap_or("it failed without a word"));
}

/// The last line that says something.
pub(crate) fn last_line(text: &str) -> Option<&str> {
    text.lines().map(str::trim).rfind(|line| !line.is_empty())
}

fn rustc(args: &[&str]) -> Result<String> {
    let name = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let answer =
        program(name).args(args).stderr(Stdio::inherit()).output().context("`rustc` did not start")?;
    if !answer.status.success() {
        bail!("`rustc {}` failed ({})", args.join(" "), answer.status);
    }
    Ok(String::from_utf8(answer.stdout)?)
}

/// A folder that is gone when this value is.
struct Scratch(PathBuf);

impl Scratch {
    fn new(parent: &Path) -> Result<Self> {
        let path = parent.join(format!("xtask-{TARGET}-{}", std::process::id()));
        fs::create_dir_all(&path).with_context(|| format!("creating {}", path.display()))?;
        Ok(Self(path))
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            say(format_args!("{} could not be removed: {error}", self.0.display()));
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str, limit: Duration) -> Result<()> {
        run_for(program("sh").args(["-c", script]), limit)
    }

    #[test]
    fn a_quiet_command_answers_its_last_error_line() {
        let long = Duration::from_secs(60);
        assert!(shell("exit 0", long).is_ok());
        let error = shell("echo first >&2; echo 'error: no route' >&2; echo >&2; exit 3", long).unwrap_err();
        assert_eq!(error.to_string(), "error: no route");
        assert_eq!(shell("exit 3", long).unwrap_err().to_string(), "it failed without a word");
    }

    #[test]
    fn a_quiet_command_ends_at_its_limit() {
        let error = shell("exec sleep 600", Duration::from_millis(100)).unwrap_err();
        assert!(error.to_string().starts_with("no end after"), "{error}");
    }

    #[test]
    fn a_missing_command_is_named_as_such() {
        let error = run_quietly(&mut program("no-such-program-here")).unwrap_err();
        assert_eq!(error.to_string(), "it is not installed");
    }
}
