//! The plugin in the real sandbox.

use std::time::Duration;

use iglu_sdk::test::{Answers, BOT, Kit, Result, User};

/// Guesses by halves, with the players taking turns, until one wins. Answers the number of guesses and the end.
fn play(players: &[User<'_>], most: u32) -> (u32, Answers) {
    let (mut low, mut high) = (1, most);
    for guesses in 1.. {
        let guess = low + (high - low) / 2;
        let answers = players[guesses as usize % players.len()].say(guess.to_string());
        match answers.text() {
            hint if hint == format!("More than {guess}.") => low = guess + 1,
            hint if hint == format!("Less than {guess}.") => high = guess - 1,
            _ => return (guesses, answers),
        }
    }
    unreachable!("a number of guesses is enough")
}

#[test]
fn anybody_in_the_chat_may_guess_until_somebody_wins() -> Result<()> {
    let bot = Kit::new()?;
    let group = bot.group("20001");
    let players = [group.user("10001").name("Ann"), group.user("10002").name("Bob")];
    players[0].say("/guess").expect_containing("from 1 to 100").expect_nothing();
    bot.group("20002").user("10001").say("50").expect_nothing();
    let (guesses, end) = play(&players, 100);
    let winner = ["Ann", "Bob"][guesses as usize % 2];
    end.expect_containing(&format!("it is, {winner}! Guesses: {guesses}. Your wins: 1."));
    players[0].say("50").expect_nothing();
    assert_eq!(bot.stored_keys(&format!("wins/{BOT}/")).len(), 1);

    let ann = bot.user("10001");
    ann.say("/猜数字 2").expect_containing("from 1 to 2");
    assert!(play(&[ann], 2).0 <= 2);
    Ok(())
}

#[test]
fn talk_and_commands_go_on_and_there_is_one_game_in_a_chat() -> Result<()> {
    let bot = Kit::new()?;
    let ann = bot.group("20001").user("10001");
    ann.say("/guess 1000").expect_containing("from 1 to 1000");
    ann.say("is it 5?").expect_nothing();
    ann.say("/help").expect_containing("/guess");
    ann.say("/guess").expect("A game is on already: say a number, or “stop”.");
    bot.user("10002").say("/guess").expect_containing("from 1 to 100");
    ann.say("1001").expect("Less than 1001.");
    ann.say("0").expect("More than 0.");
    ann.say("stop").expect_containing("It was ").expect_nothing();
    ann.say("/guess").expect_containing("from 1 to 100");
    Ok(())
}

#[test]
fn the_game_ends_when_nobody_guesses_for_two_minutes() -> Result<()> {
    let bot = Kit::new()?;
    let ann = bot.user("10001");
    ann.say("/guess").expect_containing("Which?");
    bot.advance(Duration::from_secs(119)).expect_nothing();
    ann.say("0").expect("More than 0.");
    bot.advance(Duration::from_secs(119)).expect_nothing();
    bot.advance(Duration::from_secs(1)).expect_containing("Nobody guesses any more? It was ");
    ann.say("50").expect_nothing();
    ann.say("/guess").expect_containing("Which?");
    Ok(())
}

#[test]
fn a_reload_ends_the_game_with_a_good_bye() -> Result<()> {
    let bot = Kit::new()?;
    let ann = bot.user("10001");
    ann.say("/guess").expect_containing("Which?");
    bot.reload().expect_containing("I have to go, sorry! It was ").expect_nothing();
    ann.say("50").expect_nothing();
    ann.say("/guess").expect_containing("Which?");
    Ok(())
}

#[test]
fn a_range_that_is_none_is_answered_with_the_usage() -> Result<()> {
    let bot = Kit::new()?;
    for text in ["/guess 1", "/guess many", "/guess 1000001", "/guess 1 5"] {
        bot.user("10001").say(text).expect_containing("/guess [most=100]").expect_nothing();
    }
    Ok(())
}
