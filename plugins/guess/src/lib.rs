//! Sessions: a number game for everybody in the chat. The handler asks, and its next line has the answer.

#![forbid(unsafe_code)]

use std::{cell::RefCell, collections::HashSet};

use iglu_sdk::prelude::*;

/// When nobody says a number for so long, the game is over.
const PATIENCE: Duration = Duration::from_secs(120);
/// What counts as a guess. Everything else stays a message like any other, so people may talk and use commands meanwhile.
const GUESS: &str = r"^(\d{1,9}|stop|不猜了)$";

#[derive(Default)]
struct Guess {
    /// The chats with a game.
    playing: RefCell<HashSet<String>>,
}

#[plugin(name = "Guess")]
impl Guess {
    /// Thinks of a number, and anybody here may guess it.
    #[command("guess", aliases = ["猜数字"])]
    async fn guess(
        &self,
        event: &MessageEvent,
        /// The largest that it may be.
        #[argument(default = 100, min = 2, max = 1_000_000)]
        most: u32,
    ) -> Result {
        let chat = format!("{}/{}", event.bot.id, event.chat.key());
        if !self.playing.borrow_mut().insert(chat.clone()) {
            return Err(Error::reply("A game is on already: say a number, or “stop”."));
        }
        let over = play(event, most).await;
        self.playing.borrow_mut().remove(&chat);
        over
    }
}

/// Each hint answers the guess before it: whoever guessed sees it, and platforms that allow few answers to one message
/// allow as many as there are guesses.
async fn play(event: &MessageEvent, most: u32) -> Result {
    let number = random::u32(1..=most);
    let mut last = event.clone();
    let mut hint = format!("I have thought of a number from 1 to {most}. Which? (“stop” gives up)");
    let mut guesses = 0;
    let end = loop {
        let guess = Expect::within(PATIENCE).anyone().matching(GUESS);
        last = match last.ask(hint, guess).await {
            Ok(Some(guess)) => guess,
            Ok(None) => break format!("Nobody guesses any more? It was {number}."),
            Err(HostError::Cancelled(_)) => break format!("I have to go, sorry! It was {number}."),
            Err(error) => return Err(error.into()),
        };
        guesses += 1;
        hint = match last.text.parse::<u32>() {
            Ok(guess) if guess < number => format!("More than {guess}."),
            Ok(guess) if guess > number => format!("Less than {guess}."),
            Ok(_) => break won(&last, guesses).await?,
            Err(_) => break format!("It was {number}."),
        };
    };
    last.reply(end).await?;
    Ok(())
}

async fn won(event: &MessageEvent, guesses: u32) -> Result<String> {
    let wins = storage::Counter::new(format!("wins/{}/{}", event.bot.id, event.sender.id)).add(1).await?;
    let (number, name) = (&event.text, event.sender.display_name());
    Ok(format!("🎉 {number} it is, {name}! Guesses: {guesses}. Your wins: {wins}."))
}
