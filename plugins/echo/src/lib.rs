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

#[cfg(test)]
mod tests {
    use iglu_sdk::testing::Harness;

    use super::Echo;

    #[test]
    fn echo_says_the_text_back_as_it_is() {
        let mut bot = Harness::<Echo>::new();
        assert_eq!(bot.say("/echo hi"), ["hi"]);
        assert_eq!(bot.say("/echo "), ["<text> is missing\n用法 usage: /echo <text...>"]);
        assert_eq!(bot.say("/say  two  spaces, \"quotes\" "), ["two  spaces, \"quotes\""]);
    }
}
