//! The seam: the contract's imports, by the real host in a component and by a fake one natively. Both offer the same
//! modules with the same functions; nothing above this module knows which it is.

#[cfg(not(target_arch = "wasm32"))]
pub(crate) mod fake;
#[cfg(target_arch = "wasm32")]
mod real;

#[cfg(not(target_arch = "wasm32"))]
pub(crate) use fake::calls::*;
#[cfg(target_arch = "wasm32")]
pub(crate) use real::*;
