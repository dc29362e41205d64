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
