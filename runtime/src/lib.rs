//! iglu, a house for QQ bots.
//!
//! An **adapter** turns a frame into an **event**; the **router** finds the **handlers** that asked for it; the
//! **plugin** that owns each handler runs it in its sandbox; what it asks of the **host** goes through the
//! **policy**, and leaves by the **bot** it names.

#![forbid(unsafe_code)]

pub mod adapter;
mod base64_json;
pub mod bot;
mod change;
pub mod cli;
pub mod clock;
pub mod config;
mod host;
pub mod house;
pub mod model;
pub mod plugin;
pub mod policy;
mod rate;
pub mod router;
pub mod schedule;
pub mod store;
pub mod web;
