//! The log, kept for the test instead of written.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, anyhow};
use serde_json::{Value, json};
use tracing_subscriber::EnvFilter;

/// Everything that plugins say, and what the house says of them.
const LEVELS: &str = "warn,iglu=info,iglu::policy=debug,plugin=trace";
/// Enough for any test; a plugin that floods its log must not fill the memory.
const MOST: usize = 10_000;

/// The lines since the last answer.
#[derive(Debug, Clone, Default)]
pub(super) struct LogBook(Arc<Mutex<Vec<Value>>>);

impl LogBook {
    /// Makes this the program's log.
    pub(super) fn start() -> anyhow::Result<Self> {
        let book = Self::default();
        let (filter, writer) = (EnvFilter::try_new(LEVELS).context("the log's levels")?, book.clone());
        let lines =
            tracing_subscriber::fmt().with_env_filter(filter).json().flatten_event(true).without_time();
        let started = lines.with_writer(move || writer.clone()).try_init();
        started.map_err(|e| anyhow!("the log does not start: {e}"))?;
        Ok(book)
    }

    pub(super) fn take(&self) -> Vec<Value> {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Value>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl io::Write for LogBook {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let line = serde_json::from_slice(bytes)
            .unwrap_or_else(|_| json!({"message": String::from_utf8_lossy(bytes).trim_end()}));
        let mut lines = self.lock();
        if lines.len() < MOST {
            lines.push(line);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
