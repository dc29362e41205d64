//! Compiling in a process of its own.
//!
//! Turning a component into machine code takes tens of megabytes for a moment, and a hostile file can make it take far
//! more. A process of its own gives all of it back, and cannot take the host with it. What it made lies in the compile
//! cache, from where the host takes it in a millisecond.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, UNIX_EPOCH};

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio::sync::Semaphore;
use tracing::debug;

use super::engine::Sandbox;
use super::loader::Hash;

/// A large Python plugin takes ten seconds on a slow machine.
const LONGEST: Duration = Duration::from_secs(120);
/// So many at once: each uses all cores, and memory.
static PLACES: Semaphore = Semaphore::const_new(2);
static PROGRAM: OnceLock<PathBuf> = OnceLock::new();

/// The sub-command that compiles in a process of its own.
pub const COMMAND: &str = "compile-into-cache";

/// Names the program that has the sub-command [`COMMAND`]; without one, everything is compiled in the host's process.
pub fn use_program(path: PathBuf) {
    let _ = PROGRAM.set(path);
}

/// Compiles a component into the cache folder. This is the work of the other process.
///
/// # Errors
///
/// When it does not compile.
pub fn work(cache: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    // If memory runs out, Linux is to end this process and none other. Elsewhere there is no such file.
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    let sandbox = Sandbox::new(Some(cache))?;
    sandbox.compile(bytes).map(drop).map_err(|e| anyhow::anyhow!("{e:#}"))
}

/// Has a component compiled elsewhere, unless that was done before. An error that the compiler itself tells is not
/// reported: the host then meets the same one.
///
/// # Errors
///
/// When compiling did not come to an end, so that the host must not try it.
pub(crate) async fn compile(cache: &Path, hash: &Hash, bytes: &[u8]) -> Result<(), String> {
    let Some(program) = PROGRAM.get() else { return Ok(()) };
    let Some(mark) = mark(cache, program, hash).filter(|mark| !mark.exists()) else { return Ok(()) };
    let Ok(_place) = PLACES.acquire().await else { return Ok(()) };
    match tokio::time::timeout(LONGEST, run(program, cache, bytes)).await {
        Ok(Ok(status)) if status.success() => {
            // Without the mark it is merely asked again.
            let _ = std::fs::write(&mark, []);
        }
        Ok(Ok(status)) if status.code().is_some() => debug!("the compiler's process failed"),
        Ok(Ok(status)) => {
            return Err(format!("the compiler was ended ({status}); perhaps it took too much memory"));
        }
        Ok(Err(e)) => debug!("the compiler's process could not be run: {e}"),
        Err(_) => return Err(format!("it takes more than {} s", LONGEST.as_secs())),
    }
    Ok(())
}

async fn run(program: &Path, cache: &Path, bytes: &[u8]) -> std::io::Result<ExitStatus> {
    let mut child = Command::new(program)
        .arg(COMMAND)
        .arg(cache)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // One that ended before it had read all is told by its status.
        let _ = stdin.write_all(bytes).await;
    }
    child.wait().await
}

/// Says that this program has compiled these bytes. Another build of it has a cache of its own.
fn mark(cache: &Path, program: &Path, hash: &Hash) -> Option<PathBuf> {
    use std::fmt::Write as _;
    let built = std::fs::metadata(program).ok()?.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    let mut name = String::from("done-");
    for byte in &hash[..16] {
        let _ = write!(name, "{byte:02x}");
    }
    let _ = write!(name, "-{:x}", built.as_nanos());
    Some(cache.join(name))
}
