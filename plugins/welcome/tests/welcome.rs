//! The plugin in the real sandbox.

use iglu_sdk::{
    Message,
    serde_json::json,
    test::{Kit, Result},
};

#[test]
fn new_members_are_mentioned_in_the_greeting() -> Result<()> {
    let bot = Kit::new()?;
    let expected = Message::new().text("欢迎 ").at("10009").text("！Welcome!");
    bot.group("20001").user("10009").join().expect(expected).expect_nothing();
    Ok(())
}

#[test]
fn the_owner_chooses_words_and_quiet_groups() -> Result<()> {
    let bot = Kit::builder().config(json!({"text": "{user}", "quiet_groups": ["20002"]})).build()?;
    bot.group("20001").user("10009").join().expect(Message::new().at("10009"));
    bot.group("20002").user("10009").join().expect_nothing();
    Ok(())
}

#[test]
fn settings_of_a_wrong_form_are_refused_with_the_key() {
    let refused = Kit::builder().config(json!({"text": 5})).build();
    let reason = refused.expect_err("5 is no text").to_string();
    assert!(reason.contains("text"), "{reason}");
}
