//! From a file in a folder to a running plugin.

pub mod mailbox;
pub mod manifest;
