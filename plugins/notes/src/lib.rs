//! Storage and sub-commands: notes survive reloads, crashes and restarts.

#![forbid(unsafe_code)]

use iglu_sdk::prelude::*;

#[derive(Default)]
struct Notes;

#[plugin(name = "Notes")]
impl Notes {
    /// Keeps a note.
    #[command("note add")]
    async fn add(&self, event: &MessageEvent, text: Rest) -> Result<String> {
        let notes = storage::update(&key(event), |notes: Option<Vec<String>>| {
            let mut notes = notes.unwrap_or_default();
            notes.push(text.to_string());
            Some(notes)
        })
        .await?;
        Ok(format!("Noted as {}.", notes.map_or(0, |notes| notes.len())))
    }

    /// Lists your notes.
    #[command("note list", aliases = ["notes"])]
    async fn list(&self, event: &MessageEvent) -> Result<String> {
        let notes: Vec<String> = storage::get(&key(event)).await?.unwrap_or_default();
        if notes.is_empty() {
            return Ok("You have no notes.".to_owned());
        }
        let lines = notes.iter().enumerate().map(|(index, note)| format!("{}. {note}", index + 1));
        Ok(lines.collect::<Vec<_>>().join("\n"))
    }

    /// Deletes a note by its number.
    #[command("note del")]
    async fn delete(&self, event: &MessageEvent, #[argument(min = 1)] number: usize) -> Result<String> {
        let mut deleted = None;
        storage::update(&key(event), |notes: Option<Vec<String>>| {
            let mut notes = notes?;
            let index = number.checked_sub(1).filter(|index| *index < notes.len());
            deleted = index.map(|index| notes.remove(index));
            Some(notes).filter(|notes| !notes.is_empty())
        })
        .await?;
        match deleted {
            Some(note) => Ok(format!("Deleted: {note}")),
            None => Err(Error::usage(format!("there is no note {number}"))),
        }
    }
}

/// Each user has notes of their own.
fn key(event: &MessageEvent) -> String {
    format!("notes/{}/{}", event.bot.id, event.sender.id)
}

#[cfg(test)]
mod tests {
    use iglu_sdk::testing::{Harness, message};

    use super::Notes;

    #[test]
    fn notes_are_added_listed_and_deleted_for_each_user() {
        let mut bot = Harness::<Notes>::new();
        assert_eq!(bot.say("/note list"), ["You have no notes."]);
        assert_eq!(bot.say("/note add buy  milk"), ["Noted as 1."]);
        assert_eq!(bot.say("/note add 写信"), ["Noted as 2."]);
        assert_eq!(bot.say("/notes"), ["1. buy  milk\n2. 写信"]);
        assert_eq!(bot.say(message("/note list").from("10002")), ["You have no notes."]);
        assert_eq!(bot.say("/note del 1"), ["Deleted: buy  milk"]);
        assert_eq!(bot.say("/note list"), ["1. 写信"]);
    }

    #[test]
    fn notes_survive_a_reload_and_a_restart() {
        let mut bot = Harness::<Notes>::new();
        bot.say("/note add milk");
        bot.reload();
        bot.say("/note add bread");
        bot.restart();
        assert_eq!(bot.say("/note list"), ["1. milk\n2. bread"]);
    }

    #[test]
    fn wrong_use_is_answered_with_the_usage() {
        let mut bot = Harness::<Notes>::new();
        for (text, reason) in [
            ("/note del 7", "there is no note 7"),
            ("/note del x", "<number>: “x”"),
            ("/note add", "<text> is missing"),
        ] {
            let reply = bot.say(text)[0].plain_text();
            assert!(reply.starts_with(reason) && reply.contains("usage: /note "), "{reply}");
        }
    }
}
