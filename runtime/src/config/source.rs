//! `iglu.toml` as it is written: tables that remember where each key stands.
//!
//! A [`Section`] is read key by key; every key that was asked for is a known one, and what is left at the end is
//! reported with the nearest of those. Nothing stops at the first error.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::nearest;

/// A value with its place in the text.
pub(super) type Written<'a> = Spanned<DeValue<'a>>;

/// One thing that is wrong with the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The file.
    pub file: PathBuf,
    /// Line and column, both from 1; none when the file could not be read at all.
    pub at: Option<(usize, usize)>,
    /// The key with its tables, `plugin.echo.grants`; empty when it is not about a key.
    pub key: String,
    /// What is wrong, and what to write.
    pub cause: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some((line, column)) = self.at {
            write!(f, ":{line}:{column}")?;
        }
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        write!(f, ": {}", self.cause)
    }
}

/// Everything that is wrong with the configuration, in the order of the file; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors(pub Vec<ConfigError>);

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            let line_break = if index == 0 { "" } else { "\n" };
            write!(f, "{line_break}{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

/// The text, and what was found wrong in it so far.
#[derive(Debug)]
pub(super) struct Source<'s> {
    file: &'s Path,
    text: &'s str,
    errors: RefCell<Vec<(usize, ConfigError)>>,
}

/// One table of the file.
#[derive(Debug)]
pub(super) struct Section<'a> {
    source: &'a Source<'a>,
    table: &'a DeTable<'a>,
    path: String,
    span: Range<usize>,
    known: RefCell<BTreeSet<&'a str>>,
    /// A table whose keys the owner chooses.
    open: Cell<bool>,
}

impl<'s> Source<'s> {
    pub(super) fn new(file: &'s Path, text: &'s str) -> Self {
        Self { file, text, errors: RefCell::default() }
    }

    /// The top table.
    pub(super) fn top<'a>(&'a self, table: &'a Spanned<DeTable<'a>>) -> Section<'a> {
        Section::new(self, table.get_ref(), String::new(), 0..0)
    }

    pub(super) fn wrong(&self, at: &Range<usize>, key: &str, cause: impl Into<String>) {
        let error = ConfigError {
            file: self.file.to_owned(),
            at: Some(line_and_column(self.text, at.start)),
            key: key.to_owned(),
            cause: cause.into(),
        };
        self.errors.borrow_mut().push((at.start, error));
    }

    /// `value`, if nothing was reported.
    pub(super) fn finish<T>(self, value: Option<T>) -> Result<T, ConfigErrors> {
        let mut errors = self.errors.into_inner();
        match value {
            Some(value) if errors.is_empty() => Ok(value),
            _ => {
                errors.sort_by_key(|(at, _)| *at);
                Err(ConfigErrors(errors.into_iter().map(|(_, error)| error).collect()))
            }
        }
    }
}

impl<'a> Section<'a> {
    fn new(source: &'a Source<'a>, table: &'a DeTable<'a>, path: String, span: Range<usize>) -> Self {
        Self { source, table, path, span, known: RefCell::default(), open: Cell::new(false) }
    }

    /// What stands under `key`, if anything does.
    pub(super) fn get(&self, key: &'a str) -> Option<&'a Written<'a>> {
        self.known.borrow_mut().insert(key);
        self.table.iter().find(|(name, _)| name.get_ref() == key).map(|(_, value)| value)
    }

    /// Reads the value under `key`; what `read` refuses is reported.
    pub(super) fn read<T>(
        &self,
        key: &'a str,
        read: impl FnOnce(&DeValue<'_>) -> Result<T, String>,
    ) -> Option<T> {
        let value = self.get(key)?;
        read(value.get_ref()).map_err(|cause| self.source.wrong(&value.span(), &self.key(key), cause)).ok()
    }

    /// Reads a list element by element; each one that `read` refuses is reported at its own place.
    pub(super) fn read_each<T>(
        &self,
        key: &'a str,
        read: impl Fn(&DeValue<'_>) -> Result<T, String>,
    ) -> Option<Vec<T>> {
        let value = self.get(key)?;
        let DeValue::Array(items) = value.get_ref() else {
            self.source.wrong(&value.span(), &self.key(key), expected("a list, `[...]`", value.get_ref()));
            return None;
        };
        let one = |item: &Written<'_>| {
            read(item.get_ref()).map_err(|cause| self.source.wrong(&item.span(), &self.key(key), cause)).ok()
        };
        Some(items.iter().filter_map(one).collect())
    }

    /// The table under `key`; an empty one if there is none.
    pub(super) fn section(&self, key: &'a str) -> Self {
        static NOTHING: std::sync::OnceLock<DeTable<'static>> = std::sync::OnceLock::new();
        match self.get(key) {
            Some(value) => self.descend(key, value),
            None => None,
        }
        .unwrap_or_else(|| {
            Section::new(self.source, NOTHING.get_or_init(DeTable::new), self.key(key), self.span.clone())
        })
    }

    /// Every table of a list of tables, `[[key]]`.
    pub(super) fn sections(&self, key: &'a str) -> Vec<Self> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let DeValue::Array(items) = value.get_ref() else {
            self.source.wrong(
                &value.span(),
                &self.key(key),
                format!("must be a list of tables; write `[[{key}]]`"),
            );
            return Vec::new();
        };
        let number = |index| format!("{key} number {}", index + 1);
        items.iter().enumerate().filter_map(|(index, item)| self.descend(&number(index), item)).collect()
    }

    /// Every table in this one, by the name that the owner chose.
    pub(super) fn named(&self) -> Vec<(&'a str, Self)> {
        self.open.set(true);
        self.table
            .iter()
            .filter_map(|(name, value)| Some((name.get_ref().as_ref(), self.descend(name.get_ref(), value)?)))
            .collect()
    }

    /// Every key of this table, all of the owner's choice.
    pub(super) fn entries(&self) -> Vec<&'a str> {
        self.open.set(true);
        self.table.keys().map(|name| name.get_ref().as_ref()).collect()
    }

    /// Reports something about `key` that its value alone does not show.
    pub(super) fn wrong(&self, key: &'a str, cause: impl Into<String>) {
        let span = self.get(key).map_or_else(|| self.span.clone(), Spanned::span);
        self.source.wrong(&span, &self.key(key), cause);
    }

    /// Reports something about this table as a whole.
    pub(super) fn wrong_here(&self, cause: impl Into<String>) {
        self.source.wrong(&self.span, &self.path, cause);
    }

    /// Reports every key that nobody asked for.
    pub(super) fn finish(&self) {
        let known = self.known.borrow();
        if self.open.get() {
            return;
        }
        for name in self.table.keys().filter(|name| !known.contains(name.get_ref().as_ref())) {
            let hint = nearest(name.get_ref(), known.iter().copied()).map_or_else(
                || format!("known here are {}", list(known.iter().copied())),
                |near| format!("did you mean `{near}`?"),
            );
            self.source.wrong(&name.span(), &self.key(name.get_ref()), format!("unknown key; {hint}"));
        }
    }

    fn descend(&self, key: &str, value: &'a Written<'a>) -> Option<Self> {
        let path = self.key(key);
        let DeValue::Table(table) = value.get_ref() else {
            self.source.wrong(&value.span(), &path, expected("a table", value.get_ref()));
            return None;
        };
        Some(Section::new(self.source, table, path, value.span()))
    }

    fn key(&self, key: &str) -> String {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_ ".contains(c);
        let key = if key.chars().all(plain) { key.to_owned() } else { format!("{key:?}") };
        if self.path.is_empty() { key } else { format!("{}.{key}", self.path) }
    }
}

/// "must be X, not a number".
pub(super) fn expected(what: &str, found: &DeValue<'_>) -> String {
    format!("must be {what}, not {}", found.type_str())
}

pub(super) fn list<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at.min(text.len())).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}
