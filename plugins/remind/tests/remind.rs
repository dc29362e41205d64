//! The plugin in the real sandbox.

use std::time::Duration;

use iglu_sdk::{
    HostError, Message,
    serde_json::json,
    test::{Kit, Result},
};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn a_reminder_comes_in_time_to_where_it_was_asked_for() -> Result<()> {
    let bot = Kit::new()?;
    bot.user("10001").say("/remind 2h tea").expect("I will remind you in 2h.").expect_nothing();
    bot.group("20001").user("10002").say("/remind 1h30m 开会  了").expect("I will remind you in 1h30m.");
    bot.advance(HOUR + 29 * MINUTE).expect_nothing();
    let meeting = bot.advance(MINUTE);
    meeting.expect(Message::new().at("10002").text(" ⏰ 开会  了")).expect_nothing();
    assert_eq!(meeting.actions()[0].params["chat"], json!({"type": "group", "data": "20001"}));
    bot.advance(30 * MINUTE).expect("⏰ tea").expect_nothing();
    bot.advance(24 * HOUR).expect_nothing();
    Ok(())
}

#[test]
fn reminders_outlive_a_reload_a_restart_and_a_power_cut() -> Result<()> {
    let mut bot = Kit::new()?;
    bot.user("10001").say("/remind 3h bread").expect_containing("3h");
    bot.user("10001").say("/remind 2h tea").expect_containing("2h");
    bot.reload().expect_nothing();
    bot.restart()?;
    bot.kill()?;
    let list = bot.user("10001").say("/remind list").text();
    assert!(list.contains(": tea\n2. in ") && list.ends_with(": bread"), "{list}");
    bot.advance(2 * HOUR + MINUTE).expect("⏰ tea").expect_nothing();
    // What fell due while iglu was away comes when it is back.
    bot.away(5 * HOUR)?.expect("⏰ bread").expect_nothing();
    bot.user("10001").say("/remind list").expect("You have no reminders here.");
    Ok(())
}

#[test]
fn everybody_lists_and_deletes_their_own_in_this_chat() -> Result<()> {
    let bot = Kit::new()?;
    let (ann, bob) = (bot.user("10001"), bot.user("10002"));
    let _ = ann.say("/remind 2d later");
    let _ = ann.say("/remind 90s soon");
    let _ = bob.say("/remind 1h bob's");
    let _ = bot.group("20001").user("10001").say("/remind 1h in the group");
    ann.say("/reminders").expect("1. in 2m: soon\n2. in 2d: later");
    bob.say("/remind del 2").expect_containing("there is no reminder 2");
    ann.say("/remind del 1").expect("Deleted: soon");
    ann.say("/remind list").expect("1. in 2d: later");
    bot.advance(2 * MINUTE).expect_nothing();
    bot.group("20001").user("10001").say("/remind list").expect_containing("in the group").expect_nothing();
    Ok(())
}

#[test]
fn wrong_times_are_explained() -> Result<()> {
    let bot = Kit::new()?;
    for (text, reason) in [
        ("/remind tomorrow tea", "such as 90s, 10m, 2h or 1d12h"),
        ("/remind 10 tea", "such as 90s, 10m, 2h or 1d12h"),
        ("/remind 0s tea", "between a second and a year"),
        ("/remind 366d tea", "between a second and a year"),
        ("/remind 2h", "text"),
        ("/remind del 0", "number"),
    ] {
        let reply = bot.user("10001").say(text).text();
        assert!(reply.contains(reason) && reply.contains("/remind "), "{text}: {reply}");
    }
    bot.user("10001").say("/remind list").expect("You have no reminders here.");
    Ok(())
}

#[test]
fn nobody_keeps_more_than_twenty() -> Result<()> {
    let bot = Kit::new()?;
    let ann = bot.user("10001");
    for number in 1..=20 {
        ann.say(format!("/remind {number}h {number}")).expect_containing("I will");
    }
    ann.say("/remind 1h more").expect("You have 20 reminders here; delete one first.");
    bot.user("10002").say("/remind 1h other").expect_containing("I will");
    Ok(())
}

#[test]
fn without_the_grant_nothing_is_promised() -> Result<()> {
    let bot = Kit::builder().deny("send").build()?;
    bot.user("10001").say("/remind 1h tea").expect_containing("I cannot remind you").expect_nothing();
    bot.advance(HOUR).expect_nothing();
    Ok(())
}

#[test]
fn without_a_connection_a_reminder_comes_later() -> Result<()> {
    let bot = Kit::new()?;
    let _ = bot.user("10001").say("/remind 1h tea");
    bot.refuse("messages.send", &HostError::Disconnected("the cable is out".to_owned()));
    bot.advance(HOUR).expect_action("messages.send", &json!({"text": "⏰ tea"})).expect_nothing();
    bot.advance(MINUTE).expect_action("messages.send", &json!({"text": "⏰ tea"})).expect_nothing();
    bot.answer("messages.send", json!({"messages": ["1"]}));
    bot.advance(MINUTE).expect("⏰ tea").expect_nothing();
    bot.advance(HOUR).expect_nothing();
    Ok(())
}
