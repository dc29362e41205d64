//! `iglu storage`: what plugins have stored, looked at, carried out and in while iglu is not running.
//!
//! The carried form is one JSON object a line: `{"key": "a", "value": "text"}`, with `"base64"` in place of `"value"` for
//! bytes that are no UTF-8, and `"ttl"`, the seconds that it is still kept, if it expires.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, anyhow, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};

use super::{load, pick, terminal};
use crate::config::{Config, Language};
use crate::model::Error;
use crate::store::{Row, Store};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List the plugins that have stored something, or one plugin's keys
    List {
        /// The bot's folder
        #[arg(default_value = ".")]
        dir: PathBuf,
        /// List the keys of this plugin, each with its bytes
        #[arg(long, value_name = "ID")]
        plugin: Option<String>,
    },
    /// Write a plugin's keys and values as JSON lines
    Export {
        #[command(flatten)]
        of: Of,
        /// Where to [default: stdout]
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Take JSON lines in, over what is there under the same keys: all of them or, if one is wrong, none
    Import {
        #[command(flatten)]
        of: Of,
        /// Where from [default: stdin]
        #[arg(long, short, value_name = "FILE")]
        input: Option<PathBuf>,
        /// Also if the plugin's quota does not allow it
        #[arg(long)]
        force: bool,
    },
    /// Delete everything that a plugin has stored
    Clear {
        #[command(flatten)]
        of: Of,
    },
}

#[derive(Debug, Args)]
pub(super) struct Of {
    /// The bot's folder
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// The plugin
    #[arg(long, value_name = "ID")]
    plugin: String,
}

/// One line.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ttl: Option<u32>,
}

pub(super) fn run(command: Command, language: Language) -> anyhow::Result<ExitCode> {
    match command {
        Command::List { dir, plugin } => list(&dir, plugin.as_deref(), language)?,
        Command::Export { of, output } => {
            let (_, store) = open(&of.dir)?;
            match output {
                Some(file) => into_file(&store, &of.plugin, &file)?,
                None => export(&store, &of.plugin, io::stdout().lock()).or_else(nobody_reads)?,
            }
        }
        Command::Import { of, input, force } => import(&of, input.as_deref(), force, language)?,
        Command::Clear { of } => {
            let (_, store) = open(&of.dir)?;
            let keys = store.clear(&of.plugin).map_err(|reason| anyhow!("storage: {reason}"))?;
            note(language, &format!("已删除 {keys} 个键。"), &format!("{keys} keys are deleted."));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn list(dir: &Path, plugin: Option<&str>, language: Language) -> anyhow::Result<()> {
    let (config, store) = open(dir)?;
    let failed = |reason: String| anyhow!("storage: {reason}");
    let mut lines = Vec::new();
    if let Some(plugin) = plugin {
        store
            .export(plugin, |row| {
                let ttl = row.ttl.map_or_else(String::new, |ttl| format!("  (ttl {ttl} s)"));
                lines.push(format!("{:>10}  {}{ttl}", row.value.len(), row.key.escape_debug()));
                true
            })
            .map_err(failed)?;
    } else {
        for (plugin, holding) in store.holdings().map_err(failed)? {
            let quota = config.plugin(&plugin).limits.storage;
            let (keys, bytes) = (holding.keys, holding.bytes);
            lines.push(match language {
                Language::Chinese => format!("{plugin}: {keys} 个键，{bytes} / {quota} 字节"),
                Language::English => format!("{plugin}: {keys} keys, {bytes} of {quota} bytes"),
            });
        }
    }
    if lines.is_empty() {
        note(language, "没有任何数据。", "Nothing is stored.");
    } else {
        // Whoever reads may have had enough.
        let _ = terminal::say(&lines.join("\n"));
    }
    Ok(())
}

fn open(dir: &Path) -> anyhow::Result<(Config, Arc<Store>)> {
    let config = load(dir)?;
    let path = config.data_dir.join("store.redb");
    if !path.exists() {
        bail!("there is no storage {} yet; iglu makes it when it runs for the first time", path.display());
    }
    Ok((config, Store::open(&path)?))
}

/// Beside its place first, so that a failure leaves no half of it.
fn into_file(store: &Store, plugin: &str, file: &Path) -> anyhow::Result<()> {
    let mut name = file.file_name().context("the output is no file")?.to_owned();
    name.push(".part");
    let part = file.with_file_name(name);
    let write = || -> anyhow::Result<()> {
        let out = File::create(&part)?;
        export(store, plugin, &out)?;
        out.sync_all()?;
        Ok(std::fs::rename(&part, file)?)
    };
    write().map_err(|e| {
        let _ = std::fs::remove_file(&part);
        e.context(format!("cannot write {}", file.display()))
    })
}

fn export(store: &Store, plugin: &str, out: impl Write) -> anyhow::Result<()> {
    let mut out = BufWriter::new(out);
    let mut failed = None;
    let mut write = |row: Row| -> io::Result<()> {
        serde_json::to_writer(&mut out, &Line::from(row))?;
        out.write_all(b"\n")
    };
    store
        .export(plugin, |row| {
            failed = write(row).err();
            failed.is_none()
        })
        .map_err(|reason| anyhow!("storage: {reason}"))?;
    failed.map_or_else(|| out.flush(), Err)?;
    Ok(())
}

/// As in `iglu storage export --plugin x | head -1`.
fn nobody_reads(e: anyhow::Error) -> anyhow::Result<()> {
    let kind = e.downcast_ref::<io::Error>().map(io::Error::kind);
    if kind == Some(io::ErrorKind::BrokenPipe) { Ok(()) } else { Err(e) }
}

fn import(of: &Of, input: Option<&Path>, force: bool, language: Language) -> anyhow::Result<()> {
    let (config, store) = open(&of.dir)?;
    let (rows, name) = match input {
        Some(file) => {
            let name = file.display().to_string();
            let open = File::open(file).with_context(|| format!("cannot read {name}"))?;
            (read(BufReader::new(open), &name)?, name)
        }
        None => (read(io::stdin().lock(), "stdin")?, "stdin".to_owned()),
    };
    let quota = if force { u64::MAX } else { config.plugin(&of.plugin).limits.storage as u64 };
    store.import(&of.plugin, quota, &rows).map_err(|e| match e {
        Error::Exhausted(reason) => {
            anyhow!("{name}: {reason}; or import it all the same with --force. Nothing is changed")
        }
        Error::Invalid(reason) | Error::Other(reason) => anyhow!("{name}: {reason}. Nothing is changed"),
        other => anyhow!("{name}: {other:?}. Nothing is changed"),
    })?;
    let keys = rows.len();
    note(language, &format!("已导入 {keys} 个键。"), &format!("{keys} keys are imported."));
    Ok(())
}

/// Every line, or what is wrong with the first wrong one. Empty lines are passed over.
fn read(mut from: impl BufRead, name: &str) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        if from.read_until(b'\n', &mut line).with_context(|| format!("cannot read {name}"))? == 0 {
            break;
        }
        let wrong = |why: String| anyhow!("{name}, line {number}: {why}. Nothing is changed");
        let Ok(text) = std::str::from_utf8(&line) else { return Err(wrong("it is not UTF-8".to_owned())) };
        if text.trim().is_empty() {
            continue;
        }
        let line: Line = serde_json::from_str(text.trim_start_matches('\u{feff}'))
            .map_err(|e| wrong(format!("it is not a line of `iglu storage export`: {e}")))?;
        let row = Row::try_from(line).map_err(wrong)?;
        crate::store::check(&row.key, &row.value).map_err(wrong)?;
        if let Some(before) = known.insert(row.key.clone(), number) {
            return Err(wrong(format!("the key {:?} stands in line {before} already", row.key)));
        }
        rows.push(row);
    }
    Ok(rows)
}

impl From<Row> for Line {
    fn from(Row { key, value, ttl }: Row) -> Self {
        match String::from_utf8(value) {
            Ok(value) => Self { key, value: Some(value), ttl, base64: None },
            Err(e) => Self { key, base64: Some(STANDARD.encode(e.as_bytes())), ttl, value: None },
        }
    }
}

impl TryFrom<Line> for Row {
    type Error = String;

    fn try_from(Line { key, value, base64, ttl }: Line) -> Result<Self, String> {
        let value = match (value, base64) {
            (Some(value), None) => value.into_bytes(),
            (None, Some(base64)) => {
                STANDARD.decode(base64).map_err(|e| format!("`base64` is not base64: {e}"))?
            }
            (None, None) => return Err("it has neither `value` nor `base64`".to_owned()),
            (Some(_), Some(_)) => {
                return Err("it has both `value` and `base64`; write one of them".to_owned());
            }
        };
        if ttl == Some(0) {
            return Err("`ttl` is 0; leave it out for what is kept for ever".to_owned());
        }
        Ok(Self { key, value, ttl })
    }
}

fn note(language: Language, chinese: &str, english: &str) {
    terminal::note(pick(language, chinese, english));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_exported_can_be_imported() {
        let rows = [
            ("a", &b"text"[..], None),
            ("\u{0} 中", b"", Some(7)),
            ("bytes", b"\xff\x00", None),
            ("\"quoted\"\n", b"line\nline", Some(u32::MAX)),
        ];
        let rows = rows.map(|(key, value, ttl)| Row { key: key.to_owned(), value: value.to_vec(), ttl });
        let line = |row: &Row| serde_json::to_string(&Line::from(row.clone())).unwrap() + "\n";
        let text: String = rows.iter().map(line).collect();
        assert_eq!(text.lines().count(), rows.len());
        assert!(
            text.contains(r#"{"key":"a","value":"text"}"#) && text.contains(r#""base64":"/wA=""#),
            "{text}"
        );
        assert_eq!(read(text.as_bytes(), "it").unwrap(), rows);
    }

    #[test]
    fn a_wrong_line_is_named() {
        let good = r#"{"key":"a","value":"x"}"#;
        for (line, why) in [
            ("nonsense", "line 3: it is not a line"),
            (r#"{"key":"b"}"#, "line 3: it has neither"),
            (r#"{"key":"b","value":"x","base64":"eA=="}"#, "has both"),
            (r#"{"key":"b","base64":"?"}"#, "is not base64"),
            (r#"{"key":"b","value":"x","ttl":0}"#, "`ttl` is 0"),
            (r#"{"key":"b","value":"x","ttl":-1}"#, "line 3: it is not a line"),
            (r#"{"key":"b","value":"x","colour":1}"#, "unknown field `colour`"),
            (r#"{"key":"","value":"x"}"#, "the key is empty"),
            (good, "stands in line 1 already"),
        ] {
            let text = format!("{good}\n\n{line}\n");
            let error = read(text.as_bytes(), "it").unwrap_err().to_string();
            assert!(error.contains(why) && error.ends_with("Nothing is changed"), "{line}: {error}");
        }
        assert!(read(&b"\xff"[..], "it").unwrap_err().to_string().contains("line 1: it is not UTF-8"));
    }
}
