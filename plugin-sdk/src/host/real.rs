//! The imports of a component, and its task spawner.

pub(crate) use wit_bindgen::spawn_local as spawn;

pub(crate) use crate::contract::iglu::plugin::{
    bots, clock, config, context, files, friends, groups, http, log, messages, sessions, storage,
};
