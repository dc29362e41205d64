//! Events that somebody keeps until they are done with.

use std::fmt;

/// Tells whoever keeps an event that nobody needs it any more, when the last one is dropped.
pub struct Kept(Option<Box<dyn FnOnce() + Send + Sync>>);

impl Kept {
    /// Calls `done` when it is dropped.
    #[must_use]
    pub fn new(done: impl FnOnce() + Send + Sync + 'static) -> Self {
        Self(Some(Box::new(done)))
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if let Some(done) = self.0.take() {
            done();
        }
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kept")
    }
}
