//! `iglu build`: a plugin's file, where it is wanted.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, anyhow};
use clap::Args;

use super::inspect;
use super::project::{Profile, Project};
use crate::config::Language;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The project's folder
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// Where to put the plugin: a file, or a folder that is there [default: it stays in target/]
    #[arg(long, value_name = "FILE|FOLDER")]
    out: Option<PathBuf>,
    /// Built quickly, as `iglu dev` and tests do it, and not small
    #[arg(long)]
    dev: bool,
    /// Tell about it as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: Arguments, language: Language) -> anyhow::Result<ExitCode> {
    let project = Project::find(&arguments.dir)?;
    let built = project.build(if arguments.dev { Profile::Dev } else { Profile::Release }).await?;
    let file = match &arguments.out {
        Some(out) => {
            let file = place(out, &project.file_name());
            put(&built, &file)?;
            file
        }
        None => built,
    };
    inspect::run(&file, arguments.json, language).await
}

/// A folder gets the file under its own name.
fn place(out: &Path, name: &str) -> PathBuf {
    let is_folder =
        out.is_dir() || out.as_os_str().to_string_lossy().ends_with(['/', std::path::MAIN_SEPARATOR]);
    if is_folder { out.join(name) } else { out.to_owned() }
}

/// Copies beside the place and renames, so that a running iglu never sees half a file.
pub(super) fn put(built: &Path, file: &Path) -> anyhow::Result<()> {
    let cannot = |what: &str, e: std::io::Error| anyhow!("cannot {what} {}: {e}", file.display());
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    }
    let name = file.file_name().with_context(|| format!("{} names no file", file.display()))?;
    let part = file.with_file_name(format!(".{}.{}.part", name.to_string_lossy(), std::process::id()));
    let put = fs::copy(built, &part).and_then(|_| fs::rename(&part, file));
    put.map_err(|e| {
        let _ = fs::remove_file(&part);
        cannot("write", e)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_gets_the_file_under_its_own_name() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path();
        assert_eq!(place(dir, "a.wasm"), dir.join("a.wasm"));
        assert_eq!(place(&dir.join("new/"), "a.wasm"), dir.join("new/a.wasm"));
        assert_eq!(place(&dir.join("b.wasm"), "a.wasm"), dir.join("b.wasm"));
    }

    #[test]
    fn a_file_is_replaced_in_one_step_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("deep/er/to.wasm"));
        for text in ["one", "two"] {
            fs::write(&from, text).unwrap();
            put(&from, &to).unwrap();
            assert_eq!(fs::read_to_string(&to).unwrap(), text);
        }
        assert_eq!(fs::read_dir(folder.path().join("deep/er")).unwrap().count(), 1);
        let told = format!("{:#}", put(&from, &from.join("below/a/file")).unwrap_err());
        assert!(told.contains("cannot make the folder"), "{told}");
        fs::create_dir(folder.path().join("taken")).unwrap();
        assert!(put(&from, &folder.path().join("taken")).is_err(), "a folder is not replaced");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3, "no half file is left");
    }
}
