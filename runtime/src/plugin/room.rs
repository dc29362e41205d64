//! How much memory one instance may have, all its memories and tables together: wasmtime's own limit is for each alone,
//! and a component may bring many.

use wasmtime::ResourceLimiter;

/// What an element of a table takes, at most.
const ELEMENT: usize = 16;
/// A Rust plugin uses one memory, one table of some hundred elements and one instance; an adapter or two come with a
/// component from another toolchain. The rest is room, not an invitation.
const MEMORIES: usize = 16;
const TABLES: usize = 32;
const INSTANCES: usize = 64;

/// An instance wanted more memory than it may have.
///
/// It is a trap and not a failed growth: most languages would abort in a worse place.
#[derive(Debug, thiserror::Error)]
#[error("out of memory")]
pub(crate) struct Full;

/// The memory that an instance may still take.
pub(crate) struct Room {
    left: usize,
}

impl Room {
    /// So many bytes.
    pub(crate) fn new(bytes: usize) -> Self {
        Self { left: bytes }
    }

    fn take(&mut self, bytes: usize) -> wasmtime::Result<bool> {
        self.left = self.left.checked_sub(bytes).ok_or(Full)?;
        Ok(true)
    }
}

impl ResourceLimiter for Room {
    fn memory_growing(&mut self, now: usize, wanted: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        self.take(wanted.saturating_sub(now))
    }

    fn memory_grow_failed(&mut self, _: wasmtime::Error) -> wasmtime::Result<()> {
        Err(Full.into())
    }

    fn table_growing(&mut self, now: usize, wanted: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        self.take(wanted.saturating_sub(now).saturating_mul(ELEMENT))
    }

    fn table_grow_failed(&mut self, _: wasmtime::Error) -> wasmtime::Result<()> {
        Err(Full.into())
    }

    fn memories(&self) -> usize {
        MEMORIES
    }

    fn tables(&self) -> usize {
        TABLES
    }

    fn instances(&self) -> usize {
        INSTANCES
    }
}
