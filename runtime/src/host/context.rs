//! `config` and `context`: what the owner set, and more about the event at hand.

use crate::model::Error;
use crate::model::contract::iglu::plugin::{config, context, events, types};
use crate::plugin::engine::Ctx;

impl types::Host for Ctx {}

impl events::Host for Ctx {}

impl config::Host for Ctx {
    fn get(&mut self) -> String {
        self.caller.config.clone()
    }
}

impl context::Host for Ctx {
    fn original(&mut self, event: String) -> Result<String, Error> {
        Ok(self.caller.event(&event)?.original.to_string())
    }

    fn granted(&mut self, permission: String) -> bool {
        self.caller.policy.granted(&permission)
    }

    fn superusers(&mut self, bot: String) -> Vec<String> {
        let Ok(around) = self.caller.around() else { return Vec::new() };
        around.bots.get(&bot).map(|bot| around.owner.load().superusers.of(&bot.info())).unwrap_or_default()
    }
}
