//! Adapters: each turns one platform's frames into events, and actions into its frames.

pub mod sandbox;

use std::sync::Arc;

use crate::model::Incoming;

/// Where an adapter puts the events it decoded. Never waits, so a socket reader may call it.
pub type Inlet = Arc<dyn Fn(Incoming) + Send + Sync>;
