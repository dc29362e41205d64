//! The plugins' target from Debian's packages, for machines that cannot reach Rust's own server.
//!
//! `rust-src` holds the standard library's sources and `wasi-libc` the C library beneath it. Both are fetched with apt
//! from the mirror that the machine is set up with, against a private state, so that nothing is installed and the
//! machine's own package lists stay as they are. The sources must be of exactly the compiler's release: a standard
//! library of another one does not load.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::cargo::{cargo, program, succeed};
use crate::say;
use crate::target::{TARGET, Toolchain, last_line};

/// Suites that carry newer compilers than a stable Debian does, the smallest package list first.
const SUITES: [&str; 4] = ["trixie-backports", "stable-backports", "testing", "sid"];

/// Fills the toolchain's folder for [`TARGET`]; every other file goes into `scratch`.
pub(crate) fn build_target(toolchain: &Toolchain, scratch: &Path) -> Result<()> {
    let release = &toolchain.release;
    let apt = Apt::new(scratch)?;
    let mirror = apt.mirror()?;
    let source = apt.choose_source(&mirror, release)?;
    let root = apt.unpack(&[&format!("rust-src={source}"), "wasi-libc"])?;

    let library = root.join(format!("usr/src/rustc-{release}/library"));
    if !library.is_dir() {
        bail!("Debian's rust-src {source} holds no usr/src/rustc-{release}/library");
    }
    say(format_args!("compiling the standard library of Rust {release} for {TARGET} (about a minute)"));
    let build = scratch.join("build");
    let mut compile = cargo("build");
    compile
        .current_dir(&library)
        .args(["--quiet", "--package", "sysroot", "--release", "--target", TARGET])
        .args(["--features", "backtrace-trace-only panic-unwind compiler-builtins-mem"])
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_DIR", &build)
        .env("RUSTFLAGS", "-Zforce-unstable-if-unmarked -Cembed-bitcode=yes -Cpanic=abort")
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    let output = compile.stderr(Stdio::piped()).output()?;
    if !output.status.success() {
        eprintln!("{}", String::from_utf8_lossy(&output.stderr));
        bail!("the standard library did not compile ({}; cargo's lines are above)", output.status);
    }

    let compiled = build.join(TARGET).join("release/deps");
    install(&compiled, &root.join("usr/lib").join(TARGET), &toolchain.target_dir())
}

/// Puts the libraries beside their place first, so that a toolchain is never seen with half a target.
fn install(compiled: &Path, libc: &Path, place: &Path) -> Result<()> {
    let beside = place.with_extension(format!("new-{}", std::process::id()));
    let fill = || -> Result<()> {
        let (lib, contained) = (beside.join("lib"), beside.join("lib/self-contained"));
        fs::create_dir_all(&contained)?;
        for file in fs::read_dir(compiled)? {
            let file = file?.path();
            if file.extension().is_some_and(|end| end == "rlib") {
                copy(&file, &lib)?;
            }
        }
        for name in ["crt1-command.o", "crt1-reactor.o", "libc.a"] {
            copy(&libc.join(name), &contained)?;
        }
        if place.exists() {
            fs::remove_dir_all(place)?;
        }
        Ok(fs::rename(&beside, place)?)
    };
    let filled = fill().with_context(|| format!("installing the target into {}", place.display()));
    if filled.is_err() {
        let _ = fs::remove_dir_all(&beside);
    }
    filled
}

fn copy(file: &Path, folder: &Path) -> Result<()> {
    let name = file.file_name().context("no file name")?;
    fs::copy(file, folder.join(name)).with_context(|| format!("copying {}", file.display()))?;
    Ok(())
}

/// Apt with a state of its own in a folder.
struct Apt {
    folder: PathBuf,
    options: Vec<OsString>,
}

impl Apt {
    fn new(folder: &Path) -> Result<Self> {
        for name in ["lists/partial", "cache/archives/partial", "debs", "root"] {
            fs::create_dir_all(folder.join(name))?;
        }
        let mut options = Vec::new();
        for (key, value) in
            [("Dir::State::Lists", folder.join("lists")), ("Dir::Cache", folder.join("cache"))]
        {
            let mut option = OsString::from(format!("{key}="));
            option.push(value);
            options.extend(["-o".into(), option]);
        }
        // Apt drops to its own user for downloads, and that user cannot write into a private folder.
        for option in ["APT::Sandbox::User=root", "Acquire::http::Timeout=30", "Acquire::Retries=1"] {
            options.extend(["-o".into(), option.into()]);
        }
        Ok(Self { folder: folder.to_owned(), options })
    }

    /// The mirror that this machine's apt takes Debian from.
    fn mirror(&self) -> Result<String> {
        let addresses = answer(self.call("apt-get").args(["--print-uris", "update"]))?;
        find_mirror(&addresses)
            .map(str::to_owned)
            .context("apt is set up with no Debian mirror on this machine (only Debian has these packages)")
    }

    /// Reads suite after suite until one has `rust-src` of exactly `release`, and answers that package's version.
    fn choose_source(&self, mirror: &str, release: &str) -> Result<String> {
        let mut seen = Vec::new();
        let mut unread = String::new();
        for suite in SUITES {
            fs::write(self.folder.join("sources.list"), format!("deb {mirror} {suite} main\n"))?;
            if let Err(error) = answer(self.private("apt-get").args(["-q", "update"])) {
                unread = format!("; {suite} could not be read: {error:#}");
                continue;
            }
            let offered = answer(self.private("apt-cache").args(["madison", "rust-src"]))?;
            let versions: Vec<&str> = madison_versions(&offered).collect();
            if let Some(version) = versions.iter().find(|version| is_of_release(version, release)) {
                return Ok((*version).to_owned());
            }
            seen.extend(versions.iter().map(|version| (*version).to_owned()));
        }
        seen.sort();
        seen.dedup();
        let seen = if seen.is_empty() { "none".to_owned() } else { seen.join(", ") };
        bail!("the mirror has no rust-src of exactly {release} (found: {seen}{unread})")
    }

    /// Downloads `packages` and unpacks them into one folder, without installing them.
    fn unpack(&self, packages: &[&str]) -> Result<PathBuf> {
        let (debs, root) = (self.folder.join("debs"), self.folder.join("root"));
        say(format_args!("downloading {} from Debian", packages.join(" and ")));
        answer(self.private("apt-get").current_dir(&debs).args(["-q", "download"]).args(packages))?;
        for deb in fs::read_dir(&debs)? {
            succeed(program("dpkg").arg("-x").arg(deb?.path()).arg(&root))?;
        }
        Ok(root)
    }

    /// A call that knows the machine's sources.
    fn call(&self, name: &str) -> Command {
        let mut command = program(name);
        command.args(&self.options).env("LC_ALL", "C");
        command
    }

    /// A call that knows only the source in the private folder.
    fn private(&self, name: &str) -> Command {
        let mut list = OsString::from("Dir::Etc::sourcelist=");
        list.push(self.folder.join("sources.list"));
        let mut command = self.call(name);
        command.arg("-o").arg(list).args(["-o", "Dir::Etc::sourceparts=/dev/null"]);
        command
    }
}

/// What `command` prints; its last error line is the reason of a failure.
fn answer(command: &mut Command) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output =
        command.stderr(Stdio::piped()).output().with_context(|| format!("`{name}` did not start"))?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        bail!("`{name}` failed: {}", last_line(&stderr).unwrap_or("no reason given"));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The first address with Debian's own archive in what `apt-get --print-uris update` prints.
fn find_mirror(addresses: &str) -> Option<&str> {
    addresses.lines().find_map(|line| {
        let address = line.strip_prefix('\'')?;
        let end = address.find("/debian/dists/")?;
        Some(&address[..end + "/debian/".len()])
    })
}

/// The versions in the lines `package | version | source` of `apt-cache madison`.
fn madison_versions(lines: &str) -> impl Iterator<Item = &str> {
    lines
        .lines()
        .filter(|line| line.ends_with("Packages"))
        .filter_map(|line| line.split('|').nth(1))
        .map(str::trim)
}

/// Whether Debian's `version`, such as `1.95.0+dfsg1-1~bpo13+1`, packages exactly Rust's `release`.
fn is_of_release(version: &str, release: &str) -> bool {
    version.strip_prefix(release).is_some_and(|rest| rest.starts_with(['+', '-']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mirror_is_debians_own_archive_and_not_the_security_one() {
        let addresses = "'https://other.example/apt/dists/x/InRelease' other 0 \n\
            'http://m.example/debian-security/dists/bookworm-security/InRelease' m 0 \n\
            'http://m.example/pub/debian/dists/bookworm/InRelease' m 0 \n";
        assert_eq!(find_mirror(addresses), Some("http://m.example/pub/debian/"));
        assert_eq!(find_mirror("'http://m.example/ubuntu/dists/noble/InRelease' m 0"), None);
    }

    #[test]
    fn versions_come_from_the_package_lines() {
        let lines = "  rust-src | 1.95.0+dfsg1-1~bpo13+1 | http://m.example/debian trixie-backports/main amd64 Packages\n  \
                       rust-src | 1.63.0+dfsg1-2 | http://m.example/debian bookworm/main Sources\n";
        assert_eq!(madison_versions(lines).collect::<Vec<_>>(), ["1.95.0+dfsg1-1~bpo13+1"]);
    }

    #[test]
    fn only_exactly_the_compilers_release_will_do() {
        for (version, fits) in [
            ("1.95.0+dfsg1-1~bpo13+1", true),
            ("1.95.0-1", true),
            ("1.95.0~beta.3+dfsg1-1~exp1", false),
            ("1.95.01-1", false),
            ("1.94.1+dfsg1-1", false),
        ] {
            assert_eq!(is_of_release(version, "1.95.0"), fits, "{version}");
        }
    }
}
