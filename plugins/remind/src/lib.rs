//! Durable timers: reminders outlive reloads, restarts and power cuts, because the host keeps them and not the plugin.
//!
//! A reminder comes long after the message that asked for it, so it is no reply: it needs the permission `send`.
//!
//! ```toml
//! [plugin.remind]
//! grants = ["send"]
//! ```

#![forbid(unsafe_code)]

use iglu_sdk::{
    clock::Timer,
    prelude::*,
    serde::{Deserialize, Serialize},
};

const YEAR: Duration = Duration::from_secs(365 * 86_400);
/// The timers of all users together are limited, so nobody gets all of them.
const MOST: usize = 20;
/// When there is no connection, a reminder is tried again each minute, and so often.
const TRIES: u32 = 60;

/// What a timer carries: all that there is to know when it is due.
#[derive(Serialize, Deserialize)]
#[serde(crate = "iglu_sdk::serde")]
struct Reminder {
    bot: String,
    chat: Chat,
    user: String,
    text: String,
    tries: u32,
}

#[derive(Default)]
struct Remind;

#[plugin(name = "Remind", permissions(send = "to remind people when it is time"))]
impl Remind {
    /// Reminds you: `/remind 2h tea`.
    #[command("remind")]
    async fn remind(
        &self,
        event: &MessageEvent,
        /// In how long: 90s, 10m, 2h, 1d12h.
        time: Duration,
        /// What of.
        text: Rest,
    ) -> Result<String> {
        if !granted("send") {
            return Err(Error::reply(
                "I may not write first, so I cannot remind you. My owner can change that.",
            ));
        }
        if time.is_zero() || time > YEAR {
            return Err(Error::usage("between a second and a year, please"));
        }
        if mine(event).await?.len() >= MOST {
            return Err(Error::reply(format!("You have {MOST} reminders here; delete one first.")));
        }
        let (bot, chat, user) = (event.bot.id.clone(), event.chat.clone(), event.sender.id.clone());
        let reminder = Reminder { bot, chat, user, text: text.into(), tries: 0 };
        clock::remind(event.event_id(), time, &reminder).await?;
        Ok(format!("I will remind you in {}.", clock::format_duration(time)))
    }

    /// Lists your reminders in this chat.
    #[command("remind list", aliases = ["reminders"])]
    async fn list(&self, event: &MessageEvent) -> Result<String> {
        let mine = mine(event).await?;
        if mine.is_empty() {
            return Ok("You have no reminders here.".to_owned());
        }
        let lines = mine.iter().enumerate().map(|(index, (timer, reminder))| {
            let minutes = ((timer.due - clock::now()) / 60.0).ceil().max(0.0);
            let left = clock::format_duration(Duration::from_secs_f64(minutes * 60.0));
            format!("{}. in {left}: {}", index + 1, reminder.text)
        });
        Ok(lines.collect::<Vec<_>>().join("\n"))
    }

    /// Deletes a reminder by its number in the list.
    #[command("remind del")]
    async fn delete(&self, event: &MessageEvent, #[argument(min = 1)] number: usize) -> Result<String> {
        let mine = mine(event).await?;
        match mine.get(number - 1) {
            Some((timer, reminder)) if clock::cancel_timer(&timer.name).await? => {
                Ok(format!("Deleted: {}", reminder.text))
            }
            _ => Err(Error::usage(format!("there is no reminder {number}"))),
        }
    }

    /// A timer is due. It comes at least once: twice if iglu is killed right now, which is better than never.
    #[on(Scheduled)]
    async fn due(&self, event: &Event<Scheduled>) -> Result {
        let Reminder { bot, chat, user, text, tries } = event.data()?;
        let to = if chat.is_private() { Message::new() } else { Message::new().at(&user).text(" ") };
        match messages::send(&bot, &chat, to.text("⏰ ").text(&text)).await {
            Err(HostError::Disconnected(_) | HostError::NotFound(_)) if tries < TRIES => {
                let again = Reminder { bot, chat, user, text, tries: tries + 1 };
                clock::remind(&event.name, Duration::from_secs(60), &again).await?;
            }
            sent => drop(sent?),
        }
        Ok(())
    }
}

/// The reminders of this user in this chat, the next one first.
async fn mine(event: &MessageEvent) -> Result<Vec<(Timer, Reminder)>> {
    let mut mine = Vec::new();
    for timer in clock::timers().await? {
        let reminder: Reminder = timer.data()?;
        if reminder.bot == event.bot.id && reminder.chat == event.chat && reminder.user == event.sender.id {
            mine.push((timer, reminder));
        }
    }
    Ok(mine)
}
