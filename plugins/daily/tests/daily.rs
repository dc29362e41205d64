//! The plugin in the real sandbox.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use iglu_sdk::{
    HostError,
    serde_json::json,
    test::{Kit, Result},
};

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);
const ON: &str = "I will say good morning here, at eight every day.";

/// How long it is until some minutes after this hour in Shanghai.
fn until(hour: u64, minutes: u64) -> Duration {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970").as_secs();
    let wanted = (hour + 16) * 3600 + minutes * 60;
    Duration::from_secs((wanted + DAY.as_secs() - now % DAY.as_secs()) % DAY.as_secs())
}

/// A bot at six in the morning, that says one thing.
fn early() -> Result<Kit> {
    let bot = Kit::builder().config(json!({"texts": ["morning!"]})).build()?;
    bot.advance(until(6, 0)).expect_nothing();
    Ok(bot)
}

#[test]
fn chats_that_want_it_hear_it_at_eight_each_morning() -> Result<()> {
    let bot = early()?;
    bot.user("10001").say("/daily on").expect(ON).expect_nothing();
    bot.group("20001").user("10002").admin().say("/daily on").expect(ON);
    bot.advance(HOUR).expect_nothing();
    let morning = bot.advance(HOUR + HOUR / 2);
    morning.expect("morning!").expect("morning!").expect_nothing();
    let chats: Vec<_> = morning.actions().iter().map(|action| action.params["chat"].clone()).collect();
    assert!(chats.contains(&json!({"type": "group", "data": "20001"})), "{chats:?}");
    assert!(chats.contains(&json!({"type": "private", "data": "10001"})), "{chats:?}");

    bot.user("10001").say("/daily off").expect("No good morning any more.");
    bot.user("10001").say("/daily off").expect("It is off already.");
    bot.advance(DAY).expect("morning!").expect_nothing();
    Ok(())
}

#[test]
fn in_groups_their_admins_say_and_words_are_checked() -> Result<()> {
    let bot = early()?;
    let _ = bot.group("20001").user("10002").say("/daily on");
    bot.user("10001").say("/daily maybe").expect_containing("/daily <");
    assert!(bot.stored_keys("chats/").is_empty());
    bot.advance(DAY).expect_nothing();
    Ok(())
}

#[test]
fn a_morning_that_was_missed_is_made_up_for_unless_it_is_too_late() -> Result<()> {
    let mut bot = early()?;
    bot.user("10001").say("/daily on").expect(ON);
    bot.away(3 * HOUR)?.expect("morning!").expect_nothing();
    // Three mornings later, at one in the afternoon.
    let late = bot.away(3 * DAY + 4 * HOUR)?;
    late.expect_nothing();
    assert!(late.log().iter().any(|line| line.text.contains("too late for 3")), "{late}");
    bot.advance(19 * HOUR + HOUR / 2).expect("morning!").expect_nothing();
    Ok(())
}

#[test]
fn a_chat_that_cannot_be_reached_does_not_stop_the_others() -> Result<()> {
    let bot = early()?;
    bot.user("10001").say("/daily on").expect(ON);
    bot.user("10002").say("/daily on").expect(ON);
    bot.refuse("messages.send", &HostError::Unsupported("not without a message before it".to_owned()));
    let morning = bot.advance(3 * HOUR);
    assert_eq!(morning.actions().len(), 2, "{morning}");
    assert!(morning.log().iter().any(|line| line.text.contains("not without a message")), "{morning}");
    Ok(())
}

#[test]
fn without_the_grant_nothing_is_promised() -> Result<()> {
    let bot = Kit::builder().deny("send").build()?;
    bot.user("10001").say("/daily on").expect_containing("My owner can change that.");
    bot.advance(DAY).expect_nothing();
    Ok(())
}
