//! Every action of NapCat as a function of its own, with typed parameters and a typed answer.
//!
//! The interfaces that all platforms share ([`messages`](crate::messages), [`groups`](crate::groups),
//! [`friends`](crate::friends), [`files`](crate::files)) come first: what they do works on other platforms too and needs one
//! permission for a whole field. This module is for the rest of NapCat. Each function calls [`bots::call`](crate::bots::call)
//! and so needs `call:` and its action's name, as its page says:
//!
//! ```
//! use iglu_sdk::{prelude::*, testing::{Harness, message}};
//!
//! #[derive(Default)]
//! struct Keeper;
//!
//! #[plugin(id = "keeper", permissions(
//!     "call:set_group_ban" = "to quieten those who ask for it",
//!     "call:get_group_msg_history" = "to count who wrote"
//! ))]
//! impl Keeper {
//!     #[command("hush", chats = "group")]
//!     async fn hush(&self, event: &MessageEvent) -> Result<&'static str> {
//!         let Some(group) = event.group() else { return Ok("only in groups") };
//!         napcat::set_group_ban(&event.bot, group, &event.sender, 60).await?;
//!         Ok("a minute of rest")
//!     }
//!
//!     #[command("count", chats = "group")]
//!     async fn count(&self, event: &MessageEvent) -> Result<String> {
//!         let Some(group) = event.group() else { return Ok("only in groups".to_owned()) };
//!         let options = napcat::HistoryOptions { count: Some(100), ..Default::default() };
//!         let history = napcat::get_group_msg_history(&event.bot, group, options).await?;
//!         let mine = history.messages.iter().filter(|message| message.user_id == event.sender.id);
//!         Ok(format!("{} of the last {} are yours", mine.count(), history.messages.len()))
//!     }
//! }
//!
//! let mut bot = Harness::<Keeper>::new();
//! bot.answer("bots.call", |call| Ok(match call["action"].as_str() {
//!     Some("get_group_msg_history") => json!({"messages": [{"message_id": 1, "user_id": 10001}, {"user_id": "2"}]}),
//!     _ => Value::Null,
//! }));
//! assert_eq!(bot.say(message("/hush").in_group("20001")), ["a minute of rest"]);
//! assert_eq!(bot.calls()[0].1["params"], json!({"group_id": "20001", "user_id": "10001", "duration": 60}));
//! assert_eq!(bot.say(message("/count").in_group("20001")), ["1 of the last 2 are yours"]);
//! ```
//!
//! # The rule
//!
//! * A function has its action's name in snake case, without a leading dot or underscore: `_send_group_notice` is
//!   [`send_group_notice`], `ArkShareGroup` is [`ark_share_group`]. Only `.ocr_image` is [`dot_ocr_image`], beside
//!   [`ocr_image`].
//! * What an action needs is an argument, after the bot: ids and texts as anything that is a text or has an id
//!   (`&event.sender`), numbers and `bool`s as they are, pictures and files as an address, bytes or a path
//!   ([`MediaSource`](crate::types::MediaSource)), content as a [`Message`](crate::Message).
//! * Arguments are also those whose default in NapCat is dangerous or not OneBot's: they are always sent.
//! * What is left is in a struct of options, the last argument; `None` leaves it out, so NapCat's default counts.
//! * The answer is a struct, `()` if there is none, or [`Value`](serde_json::Value) where NapCat hands on what the QQ kernel
//!   says. Such an object may hold a failure although the call went well: see [`kernel_result`].
//! * Answers are read leniently: ids are text whether they came as text or as numbers, numbers may come as text, unknown
//!   fields are ignored, and a missing field or `null` is `None`, 0, empty or `false`.
//! * What answers in many packets is a [`Download`]; [`upload_file_stream`] does the opposite.

#[macro_use]
mod table;
mod account;
mod albums;
mod answer;
mod files;
mod flash;
mod group_files;
mod groups;
mod messages;
mod params;
mod received;
mod segments;
mod streams;
mod system;
mod upload;

pub use account::*;
pub use albums::*;
pub use answer::{KernelResult, kernel_result};
pub use files::*;
pub use flash::*;
pub use group_files::*;
pub use groups::*;
pub use messages::*;
pub use params::FileRef;
pub use received::*;
pub use streams::*;
pub use system::*;
pub use upload::{Progress, UploadOptions, UploadedStream, upload_file_stream};

const FAMILIES: [&[&str]; 9] = [
    messages::ACTIONS,
    account::ACTIONS,
    groups::ACTIONS,
    albums::ACTIONS,
    files::ACTIONS,
    group_files::ACTIONS,
    streams::ACTIONS,
    flash::ACTIONS,
    system::ACTIONS,
];

/// The names of all actions that have a function here.
pub const ACTIONS: &[&str] = &joined::<{ total() }>();

const fn total() -> usize {
    let (mut total, mut family) = (0, 0);
    while family < FAMILIES.len() {
        total += FAMILIES[family].len();
        family += 1;
    }
    total
}

const fn joined<const N: usize>() -> [&'static str; N] {
    let mut names = [""; N];
    let (mut at, mut family) = (0, 0);
    while family < FAMILIES.len() {
        let mut action = 0;
        while action < FAMILIES[family].len() {
            names[at] = FAMILIES[family][action];
            action += 1;
            at += 1;
        }
        family += 1;
    }
    names
}
