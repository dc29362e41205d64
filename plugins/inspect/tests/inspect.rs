//! The plugin in the real sandbox.

use iglu_sdk::{
    Message,
    test::{BOT, Kit, Result},
    types::{Mention, Segment},
};

#[test]
fn the_answer_reads_back_as_the_segments_that_were_sent() -> Result<()> {
    let bot = Kit::new()?;
    let sent = Message::new().at("10001").text(" look\n").image("https://example.com/a.png").face(178);
    let text = bot.group("20001").user("10001").say(sent.clone()).text();
    assert_eq!(Message::from_json(&text).expect("JSON"), sent);
    assert_eq!(text.lines().count(), 4);
    Ok(())
}

#[test]
fn a_mention_of_the_bot_is_known_as_one() -> Result<()> {
    let bot = Kit::new()?;
    let text = bot.group("20001").user("10001").say(Message::new().at(BOT)).text();
    let read = Message::from_json(&text).expect("JSON");
    assert!(matches!(&read[0], Segment::At(Mention::User(user)) if user.is_self), "{read}");
    Ok(())
}

#[test]
fn empty_messages_are_answered_and_commands_are_not() -> Result<()> {
    let bot = Kit::new()?;
    bot.user("10001").say(Message::new()).expect("[]");
    bot.user("10001").say("/echo hi").expect_nothing();
    Ok(())
}
