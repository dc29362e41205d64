//! The plugin in the real sandbox.

use iglu_sdk::test::{Kit, Result};

#[test]
fn notes_are_added_listed_and_deleted_for_each_user() -> Result<()> {
    let bot = Kit::new()?;
    let ann = bot.user("10001");
    ann.say("/note list").expect("You have no notes.");
    ann.say("/note add buy  milk").expect("Noted as 1.");
    ann.say("/note add 写信").expect("Noted as 2.");
    ann.say("/notes").expect("1. buy  milk\n2. 写信");
    bot.user("10002").say("/note list").expect("You have no notes.");
    ann.say("/note del 1").expect("Deleted: buy  milk");
    ann.say("/note list").expect("1. 写信");
    Ok(())
}

#[test]
fn notes_survive_a_reload_a_restart_and_a_power_cut() -> Result<()> {
    let mut bot = Kit::new()?;
    bot.user("10001").say("/note add milk").expect("Noted as 1.");
    bot.reload().expect_nothing();
    bot.user("10001").say("/note add bread").expect("Noted as 2.");
    bot.restart()?;
    bot.user("10001").say("/note add salt").expect("Noted as 3.");
    bot.kill()?;
    bot.user("10001").say("/note list").expect("1. milk\n2. bread\n3. salt");
    Ok(())
}

#[test]
fn wrong_use_is_answered_with_the_usage() -> Result<()> {
    let bot = Kit::new()?;
    for (text, reason) in [
        ("/note del 7", "there is no note 7"),
        ("/note del 0", "number"),
        ("/note del x", "number"),
        ("/note add", "text"),
        ("/note sing", "/note list"),
    ] {
        let reply = bot.user("10001").say(text).text();
        assert!(reply.contains(reason) && reply.contains("/note "), "{text}: {reply}");
    }
    Ok(())
}
