//! What the end-to-end tests work with: a simulated NapCat, plugin files good and bad, and the real program.

pub mod fixtures;
pub mod folder;
pub mod host;
pub use iglu_simulator as napcat;
