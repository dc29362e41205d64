//! The component of the package that is being tested.

use std::{
    env,
    ffi::OsStr,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use serde_json::Value;

use super::{Error, Result, program};

/// Built once in each test program, however many tests begin at once.
static BUILT: OnceLock<std::result::Result<PathBuf, String>> = OnceLock::new();

/// The plugin of the package whose tests run, built for tests.
pub(super) fn own(program: &Path) -> Result<PathBuf> {
    let built = BUILT.get_or_init(|| find(program).map_err(|error| error.to_string()));
    built.clone().map_err(Error)
}

fn find(program: &Path) -> Result<PathBuf> {
    let variable = |name: &'static str| env::var_os(name).ok_or(name);
    let here =
        variable("CARGO_MANIFEST_DIR").and_then(|dir| Ok((PathBuf::from(dir), variable("CARGO_PKG_NAME")?)));
    let (dir, package) = here.map_err(|name| {
        Error(format!(
            "Kit::new() tests the package that cargo runs the tests of, and {name} is not set; run it by `cargo test`, or \
             use Kit::of(FILE)"
        ))
    })?;
    // Somebody who has many plugins to test has built them all at once.
    if let Some(folder) = env::var_os("IGLU_PLUGINS") {
        let name = format!("{}.wasm", package.to_string_lossy().replace('-', "_"));
        let file = Path::new(&folder).join(name);
        if file.is_file() {
            return Ok(file);
        }
    }
    build(program, &dir)
}

/// Lets `iglu` build the plugin of a folder.
pub(super) fn build(program: &Path, dir: &Path) -> Result<PathBuf> {
    let arguments = ["build", "--dev", "--json"].map(OsStr::new);
    let told = program::run(program, &[&arguments[..], &[dir.as_os_str()]].concat())?;
    let told: Value =
        serde_json::from_str(&told).map_err(|e| Error(format!("`iglu build` answered no JSON: {e}")))?;
    told["file"]
        .as_str()
        .map(PathBuf::from)
        .ok_or_else(|| Error("`iglu build` named no file; update iglu".to_owned()))
}
