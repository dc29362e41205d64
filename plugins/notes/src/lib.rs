//! Storage: what it keeps survives reloads, crashes and restarts.

#![forbid(unsafe_code)]

use iglu_sdk::prelude::*;

#[derive(Default)]
struct Notes;

#[plugin(name = "Notes")]
impl Notes {
    /// Keeps notes, for each user: add one, list them, delete one by its number.
    #[command("note", aliases = ["notes"], usage = "add <text> | list | del <number>")]
    async fn note(&self, event: &MessageEvent, action: Option<String>, rest: Rest) -> Result<String> {
        let key = format!("notes/{}/{}", event.bot.id, event.sender.id);
        let notes: Vec<String> = storage::get(&key).await?.unwrap_or_default();
        match action.as_deref() {
            Some("add") if !rest.is_empty() => {
                storage::update(&key, |notes: Option<Vec<String>>| {
                    let mut notes = notes.unwrap_or_default();
                    notes.push(rest.to_string());
                    Some(notes)
                })
                .await?;
                Ok(format!("Noted as {}.", notes.len() + 1))
            }
            Some("list") | None if notes.is_empty() => Ok("You have no notes.".to_owned()),
            Some("list") | None => {
                let lines = notes.iter().enumerate().map(|(index, note)| format!("{}. {note}", index + 1));
                Ok(lines.collect::<Vec<_>>().join("\n"))
            }
            Some("del") => {
                let number: usize = rest.parse().map_err(|_| Error::usage("which number?"))?;
                let Some(note) = number.checked_sub(1).and_then(|index| notes.get(index)) else {
                    return Err(Error::usage(format!("there is no note {number}")));
                };
                storage::update(&key, |notes: Option<Vec<String>>| {
                    let mut notes = notes?;
                    if notes.get(number - 1) == Some(note) {
                        notes.remove(number - 1);
                    }
                    Some(notes).filter(|notes| !notes.is_empty())
                })
                .await?;
                Ok(format!("Deleted: {note}"))
            }
            Some("add") => Err(Error::usage("what shall be noted?")),
            Some(other) => Err(Error::usage(format!("“{other}” is not understood"))),
        }
    }
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
        assert_eq!(bot.say("/note"), ["1. 写信"]);
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
            ("/note del 0", "there is no note 0"),
            ("/note del x", "which number?"),
            ("/note add", "what shall be noted?"),
            ("/note sing", "“sing” is not understood"),
        ] {
            let reply = bot.say(text)[0].plain_text();
            assert!(reply.starts_with(reason) && reply.ends_with("del <number>"), "{reply}");
        }
    }
}
