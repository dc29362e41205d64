//! The real program against a simulated NapCat: real processes, sockets, files and components.
//!
//! | module | facts about |
//! | --- | --- |
//! | `seeds` | recorded events and answers, from frame to plugin and back |
//! | `swap` | a plugin file replaced again and again under load |
//! | `misbehaviour` | plugins that loop, leak, panic and flood, beside one that does not |
//! | `files` | what may happen to a file in the plugin folder |
//! | `recovery` | crashes: what is tried again, back-off, rollback, quarantine |
//! | `routing` | prefixes, mentions, aliases, help, priorities, duplicates |
//! | `commands` | typed arguments, options, sub-commands, help, names that the owner gives |
//! | `links` | cuts, silence, refused tokens, answers late, swapped and missing |
//! | `transports` | forward and reverse WebSocket, HTTP, events as posts and as a stream, all at once |
//! | `rights` | permissions and storage |
//! | `storage` | kills at any moment, quotas, batches, `iglu storage` |
//! | `keys` | each function of the storage, and what it refuses |
//! | `settings` | `iglu.toml` changed while the program runs, secrets |
//! | `sessions` | conversations: who gets a message while somebody waits, and what ends a wait |
//! | `time` | timers and cron lines: on time, after a restart, after a kill |
//! | `access` | who may: lists of the owner, plugins on and off by `/plugin`, roles, rates |
//! | `roles` | roles, lists and switches of the owner, cooldowns and rates by the minute |
//! | `actions` | typed actions: permissions, bytes of media, histories, replies that grow |
//! | `web` | HTTP of plugins: grants, addresses, limits; media in and out |
//! | `examples` | the example plugins: a game, reminders, moderation, the weather |
//! | `official` | the official platform: webhook, gateway, replies, the journal |
//! | `program` | start and end, the chat, init, inspect, errors in the configuration |
//! | `kit` | the SDK's test kit, and the protocol beneath it |
//! | `author` | a plugin author's way: new, test, build, dev |
//! | `workshop` | `iglu dev` in scripts and its `iglu.toml`; what an author is told of mistakes |
//! | `simulate` | a simulated platform in a process of its own, driven by a script |

#![allow(clippy::unwrap_used, reason = "an unwrap that fails is a failed test")]

mod access;
mod actions;
#[cfg(unix)]
mod author;
mod commands;
mod common;
mod examples;
mod files;
mod keys;
mod kit;
mod links;
mod misbehaviour;
mod official;
mod program;
mod recovery;
mod rights;
mod roles;
mod routing;
mod seeds;
mod sessions;
mod settings;
mod simulate;
mod storage;
mod swap;
mod time;
mod transports;
mod web;
#[cfg(unix)]
mod workshop;
