//! Config and notices: new members of a group are greeted, in words that the owner chooses.

#![forbid(unsafe_code)]

use iglu_sdk::prelude::*;

#[derive(Config)]
struct Settings {
    /// The greeting; `{user}` becomes a mention of the new member.
    #[config(default = "欢迎 {user}！Welcome!")]
    text: String,
    /// Groups where nobody is greeted.
    #[config(default = Vec::new())]
    quiet_groups: Vec<String>,
}

#[derive(Default)]
struct Welcome;

#[plugin(name = "Welcome", config = Settings)]
impl Welcome {
    /// Greets.
    #[on(MemberJoined)]
    async fn greet(&self, event: &Event<MemberJoined>) -> Result<Option<Message>> {
        let settings = Settings::load()?;
        if settings.quiet_groups.contains(&event.group) {
            return Ok(None);
        }
        let mut parts = settings.text.split("{user}");
        let first = Message::new().text(parts.next().unwrap_or_default());
        Ok(Some(parts.fold(first, |message, part| message.at(&event.user).text(part))))
    }
}
