//! The simulated NapCat against the protocol reference, as a plain WebSocket client sees it.
//!
//! | module | facts about |
//! | --- | --- |
//! | `handshake` | first frame, paths, tokens, held and refused connections |
//! | `actions` | default answers, return codes, the log of requests |
//! | `script` | answers that a test asks for: late, twice, reversed, never |
//! | `events` | message events in both formats, CQ codes, odd frames |
//! | `world` | actions that change the world, files in chunks |
//! | `faults` | heartbeats, silence, cuts, a server that goes and returns |
//! | `reverse`, `http`, `post` | the other transports |

#![allow(clippy::unwrap_used, reason = "an unwrap that fails is a failed test")]

mod actions;
mod client;
mod events;
mod faults;
mod handshake;
mod http;
mod http_client;
mod post;
mod reverse;
mod script;
mod world;
