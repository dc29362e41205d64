//! Native tests: a plugin in a [`Harness`], events made by [`message`] and its kin, a fake host that answers.
//!
//! Replies, storage, log and clock work; what else a plugin asks for is recorded, and answered as the test says. The
//! plugin has the permissions that its manifest asks for.
//!
//! ```
//! use iglu_sdk::{prelude::*, testing::{Harness, message}};
//!
//! #[derive(Default)]
//! struct Remember;
//!
//! #[plugin(id = "remember", permissions("call:get_*" = "to see whether the bot is well"))]
//! impl Remember {
//!     #[command("remember")]
//!     async fn remember(&self, event: &MessageEvent, what: Rest) -> Result<&'static str> {
//!         event.reply("for how many days?").await?;
//!         let Some(answer) = event.wait_reply(Duration::from_secs(30)).await? else { return Ok("too late") };
//!         let days: u64 = answer.text.parse()?;
//!         storage::set_for(&event.sender.id, &*what, Duration::from_secs(days * 86_400)).await?;
//!         Ok("noted")
//!     }
//!
//!     #[command("health")]
//!     async fn health(&self, event: &MessageEvent) -> Result<String> {
//!         let status: Value = bots::call(&event.bot, "get_status", &json!({})).await?;
//!         Ok(format!("online: {}", status["online"]))
//!     }
//! }
//!
//! let mut bot = Harness::<Remember>::new();
//! bot.next_message("3");
//! assert_eq!(bot.say("/remember the milk"), ["for how many days?", "noted"]);
//! assert_eq!(bot.stored::<String>("10001").unwrap(), "the milk");
//! assert_eq!(bot.say(message("/remember x").from("2")), ["for how many days?", "too late"]);
//!
//! bot.answer("bots.call", |_| Ok(json!({"online": true})));
//! assert_eq!(bot.say("/health"), ["online: true"]);
//! assert_eq!(bot.calls()[0].1["action"], "get_status");
//! ```

mod answers;
mod events;
mod example;
mod harness;
mod matching;

pub use answers::{bytes, download, response};
pub use events::{MessageBuilder, event, member_joined, message, notice};
pub use example::{Example, example};
pub use harness::{Delivery, Harness};

pub use crate::host::fake::Sent;
