//! Tests of a plugin as its users meet it: the built component in the real sandbox, with people who say things.
//!
//! The kit builds the plugin and lets the program `iglu` run it, so `cargo test` compiles nothing of the host and answers
//! within seconds. Everything that the host does is really there: commands and roles, permissions, storage, crashes,
//! reloads; only the platform, the other servers and the time are the test's.
//!
//! ```no_run
//! // tests/hello.rs
//! use iglu_sdk::test::{Kit, Result};
//!
//! #[test]
//! fn hello_is_answered() -> Result<()> {
//!     let bot = Kit::new()?;
//!     let ann = bot.user("10001");
//!     ann.say("/hello").expect("Hello!");
//!     bot.group("20001").user("10002").admin().say("/hello").expect("Hello!");
//!     ann.say("something else").expect_nothing();
//!     Ok(())
//! }
//! ```
//!
//! The program is found by the variable `IGLU_BIN`, else on the `PATH`, else in the `target/` of the checkout that the SDK
//! comes from. Each call waits until every handler is done, or waits for the time or for a user: nothing is a matter of
//! luck, and no test sleeps. An expectation that fails panics with what was said, what came, and the plugin's log.

mod answers;
mod build;
mod builder;
mod kit;
mod people;
mod program;
mod seen;

use std::fmt;

pub use answers::{Answers, Expected};
pub use builder::Builder;
pub use kit::Kit;
pub use people::{Group, User};
pub use seen::{Action, HttpRequest, LogLine};

/// The id of the test's bot.
pub const BOT: &str = "10000";

/// What a test returns.
pub type Result<T = (), E = Error> = std::result::Result<T, E>;

/// Why a test cannot begin: no program, no plugin, or one that does not start.
///
/// ```
/// let error = iglu_sdk::test::Kit::of("no-such.wasm").unwrap_err();
/// assert!(!error.to_string().is_empty());
/// ```
pub struct Error(String);

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A test that ends with an error shows it by `Debug`.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}
