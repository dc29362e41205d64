//! From a file in a folder to a running plugin.
//!
//! | file | what it knows |
//! | --- | --- |
//! | `folder` | which files there are, and what each change means |
//! | `loader` | from bytes to a checked version, or the reason why not |
//! | `manifest` | what a plugin says of itself |
//! | `arguments` | what a command declares of its arguments, and how a word is read by it |
//! | `life` | one plugin through crashes and swaps |
//! | `faults` | when to wait, go back or give up |
//! | `instance` | one instance from `start` to its end |
//! | `flight` | the handlers that are running |
//! | `mailbox` | the jobs that wait |
//! | `workshop` | compiling in a process of its own |
//! | `activity` | whether anything goes on in a plugin |
//! | `engine` | wasmtime: settings, limits, clocks |
//! | `room` | how much memory an instance may have |

pub(crate) mod activity;
pub(crate) mod arguments;
pub(crate) mod engine;
mod faults;
pub(crate) mod flight;
pub(crate) mod folder;
mod instance;
pub(crate) mod life;
pub mod loader;
pub mod mailbox;
pub mod manifest;
pub mod probe;
mod room;
pub mod workshop;
