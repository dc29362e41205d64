//! Roles and a group's moderation: the host lets only admins of the group use these commands, the owner's grant lets the
//! plugin act, and the platform lets the bot. Each may say no, and each no has its words.
//!
//! ```toml
//! [plugin.admin]
//! grants = ["group-admin", "recall"]
//! ```

#![forbid(unsafe_code)]

use iglu_sdk::{prelude::*, types::Role};

/// QQ's own limit.
const LONGEST: Duration = Duration::from_secs(30 * 86_400);

#[derive(Default)]
struct Admin;

#[plugin(
    name = "Admin",
    permissions("group-admin" = "to mute and remove members", recall = "to take back messages")
)]
impl Admin {
    /// Keeps a member from writing: `/mute @user 10m`.
    #[command("mute", aliases = ["禁言"], who = "group-admin", chats = "group")]
    async fn mute(
        &self,
        event: &MessageEvent,
        user: Mention,
        /// For how long: 90s, 10m, 2h, 1d.
        #[argument(default = "10m")]
        time: Duration,
    ) -> Result<Message> {
        if time.is_zero() || time > LONGEST {
            return Err(Error::usage("between a second and 30 days, please"));
        }
        let done = groups::mute(&event.bot, group(event)?, &user, time).await;
        answer(event, done, &user, &format!(" is muted for {}.", clock::format_duration(time))).await
    }

    /// Lets a member write again.
    #[command("unmute", aliases = ["解除禁言"], who = "group-admin", chats = "group")]
    async fn unmute(&self, event: &MessageEvent, user: Mention) -> Result<Message> {
        let done = groups::mute(&event.bot, group(event)?, &user, Duration::ZERO).await;
        answer(event, done, &user, " may write again.").await
    }

    /// Removes a member from the group.
    #[command("kick", aliases = ["踢"], who = "group-admin", chats = "group")]
    async fn kick(
        &self,
        event: &MessageEvent,
        user: Mention,
        /// Refuses them when they want to come back.
        #[option]
        forever: bool,
    ) -> Result<Message> {
        let done = groups::kick(&event.bot, group(event)?, &user, forever).await;
        answer(event, done, &user, " was removed.").await
    }

    /// Takes back the message that you answer with this.
    #[command("recall", aliases = ["撤回"], who = "group-admin", chats = "group")]
    async fn recall(&self, event: &MessageEvent) -> Result {
        let quoted =
            event.quoted().ok_or_else(|| Error::usage("answer with this the message that shall go"))?;
        match messages::recall(&event.bot, &event.chat, &quoted.message).await {
            Ok(()) => Ok(()),
            Err(error) => Err(refusal(event, error).await),
        }
    }
}

fn group(event: &MessageEvent) -> Result<&str> {
    event.group().context("the command is for groups")
}

async fn answer(
    event: &MessageEvent,
    done: Result<(), HostError>,
    user: &Mention,
    text: &str,
) -> Result<Message> {
    match done {
        // Their name and no mention: who was removed cannot be mentioned.
        Ok(()) => Ok(Message::new().text(user.name.as_ref().unwrap_or(&user.id)).text(text)),
        Err(error) => Err(refusal(event, error).await),
    }
}

/// Who says no, in words for the group.
async fn refusal(event: &MessageEvent, error: HostError) -> Error {
    match error {
        HostError::Denied(lines) => {
            log::warn!("{lines}");
            Error::reply("My owner has not allowed me that. The log says how.")
        }
        HostError::Platform(_) if is_plain_member(event).await => {
            Error::reply(format!("I am no admin of this group, so I cannot: {error}"))
        }
        error => Error::reply(format!("It did not work: {error}")),
    }
}

/// Whether the bot has no rights here, as far as the platform tells.
async fn is_plain_member(event: &MessageEvent) -> bool {
    let Some(group) = event.group() else { return false };
    let itself = groups::member(&event.bot, group, &event.bot).await;
    itself.is_ok_and(|member| member.user.role == Role::Member)
}
