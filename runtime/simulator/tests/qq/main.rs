//! The simulated official platform against the protocol reference, as a plain client sees it.
//!
//! | module | facts about |
//! | --- | --- |
//! | `rest` | tokens, error shapes, unknown paths, faults |
//! | `rules` | windows, counts, sequences, quotas, contents, as tables |
//! | `media` | uploads at once and in parts, streams |
//! | `gateway` | hello to close, intents, shards, resume, faults of the line |
//! | `webhook` | signatures, retries, validation, load |

#![allow(clippy::unwrap_used, reason = "an unwrap that fails is a failed test")]

mod client;
mod gateway;
mod media;
mod rest;
mod rules;
mod webhook;
