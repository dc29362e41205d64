//! The smallest plugin: one command that says its text back.

#![forbid(unsafe_code)]

use iglu_sdk::prelude::*;

#[derive(Default)]
struct Echo;

#[plugin(name = "Echo")]
impl Echo {
    /// Says the text back.
    #[command("echo", aliases = ["say"])]
    async fn echo(&self, text: Rest) -> Rest {
        text
    }
}
