//! Cron: good morning at eight in Shanghai, in the chats that want it.
//!
//! A message that nobody asked for just now is no reply: it needs the permission `send`.
//!
//! ```toml
//! [plugin.daily]
//! grants = ["send"]
//! config.texts = ["早上好！", "Good morning!"]
//! ```

#![forbid(unsafe_code)]

use iglu_sdk::prelude::*;

/// A good morning that comes later than this is none.
const LATE: f64 = 4.0 * 3600.0;

#[derive(Config)]
struct Settings {
    /// What is said; each morning one of these, by chance.
    #[config(default = vec!["☀ 早上好！Good morning!".to_owned(), "🌤 新的一天，加油！A new day!".to_owned()])]
    texts: Vec<String>,
}

#[derive(Choice)]
enum Switch {
    On,
    Off,
}

#[derive(Default)]
struct Daily;

#[plugin(name = "Daily", config = Settings, permissions(send = "to say good morning"))]
impl Daily {
    /// Good morning at eight every day, in this chat: on or off. In groups it is their admins who say.
    #[command("daily", who = "group-admin")]
    async fn daily(&self, event: &MessageEvent, switch: Switch) -> Result<&'static str> {
        let key = format!("{}/{}", event.bot.id, event.chat.key());
        match switch {
            Switch::On if !granted("send") => Err(Error::reply(
                "I may not write first, so there is no good morning. My owner can change that.",
            )),
            Switch::On => {
                chats().insert(&key, &(event.bot.id.clone(), event.chat.clone())).await?;
                Ok("I will say good morning here, at eight every day.")
            }
            Switch::Off if chats().remove(&key).await? => Ok("No good morning any more."),
            Switch::Off => Ok("It is off already."),
        }
    }

    /// With `missed = "once"` one run makes up for all mornings when iglu was not there, as soon as it is back: a bot that
    /// is restarted at eight still says good morning. With `"skip"`, the default, it would not. What comes hours late is
    /// dropped here, by the time when it was due.
    #[cron("0 8 * * *", zone = "Asia/Shanghai", missed = "once")]
    async fn morning(&self, event: &Event<Scheduled>) -> Result {
        if clock::now() - event.due > LATE {
            log::info!("too late for {} good morning(s)", event.missed);
            return Ok(());
        }
        let Settings { texts } = Settings::load()?;
        for (key, (bot, chat)) in chats().entries().await? {
            let text = random::choice(&texts).context("there is nothing to say: `texts` is empty")?;
            // A chat that cannot be reached is no reason to let the others sleep.
            if let Err(error) = messages::send(&bot, &chat, text).await {
                log::warn!("no good morning for {key}: {error}");
            }
        }
        Ok(())
    }
}

/// The chats that want it, each with its bot.
fn chats() -> storage::Map<String, (String, Chat)> {
    storage::Map::new("chats")
}
