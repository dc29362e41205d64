//! The plugin in the real sandbox.

use iglu_sdk::test::{Kit, Result};

#[test]
fn echo_says_the_text_back_as_it_is() -> Result<()> {
    let bot = Kit::new()?;
    let ann = bot.user("10001");
    ann.say("/echo hi").expect("hi").expect_nothing();
    ann.say("/say  two  spaces, \"quotes\" ").expect("two  spaces, \"quotes\"");
    ann.say("echo hi").expect_nothing();
    bot.group("20001").user("10002").say("/echo 你好").expect("你好");
    Ok(())
}

#[test]
fn a_missing_text_is_answered_with_the_usage() -> Result<()> {
    Kit::new()?.user("10001").say("/echo").expect_containing("/echo <text");
    Ok(())
}
