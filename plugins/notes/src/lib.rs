//! Storage: what it keeps survives reloads, crashes and restarts.

#![forbid(unsafe_code)]

use iglu_sdk::prelude::*;

#[derive(Default)]
struct Notes;

#[plugin(name = "Notes")]
impl Notes {
    /// Keeps notes, for each user: add one, list them, delete one by its number.
    #[command("note", aliases = ["notes"], usage = "add <text> | list | del <number>")]
    async fn note(&self, event: &MessageEvent, action: Option<String>, rest: Option<Rest>) -> Result<String> {
        let key = format!("notes/{}/{}", event.bot.id, event.sender.id);
        let rest = rest.unwrap_or_default();
        match action.as_deref() {
            None | Some("list") => list(&key).await,
            Some("add") => add(&key, &rest).await,
            Some("del") => delete(&key, &rest).await,
            Some(other) => Err(Error::usage(format!("“{other}” is not understood"))),
        }
    }
}

async fn list(key: &str) -> Result<String> {
    let notes: Vec<String> = storage::get(key).await?.unwrap_or_default();
    if notes.is_empty() {
        return Ok("You have no notes.".to_owned());
    }
    let lines = notes.iter().enumerate().map(|(index, note)| format!("{}. {note}", index + 1));
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

async fn add(key: &str, note: &str) -> Result<String> {
    if note.is_empty() {
        return Err(Error::usage("what shall be noted?"));
    }
    let notes = storage::update(key, |notes: Option<Vec<String>>| {
        let mut notes = notes.unwrap_or_default();
        notes.push(note.to_owned());
        Some(notes)
    })
    .await?;
    Ok(format!("Noted as {}.", notes.map_or(0, |notes| notes.len())))
}

async fn delete(key: &str, number: &str) -> Result<String> {
    let number: usize = number.parse().map_err(|_| Error::usage("which number?"))?;
    let mut deleted = None;
    storage::update(key, |notes: Option<Vec<String>>| {
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
