//! `bots`: the accounts, and the platforms' own actions.

use serde_json::Value;
use wasmtime::component::Accessor;

use super::enter;
use super::messages::unsupported;
use crate::model::contract::iglu::plugin::bots::{Host, HostWithStore};
use crate::model::{Bot, Error};
use crate::plugin::engine::{Calls, Ctx};
use crate::policy::Permission;

impl Host for Ctx {
    fn list(&mut self) -> Vec<Bot> {
        self.caller.around().map(|around| around.bots.all()).unwrap_or_default()
    }

    fn get(&mut self, bot: String) -> Result<Bot, Error> {
        self.caller.bot(&bot).map(|bot| bot.info())
    }
}

impl HostWithStore<Ctx> for Calls {
    async fn call(
        host: &Accessor<Ctx, Self>,
        bot: String,
        action: String,
        params: String,
    ) -> Result<String, Error> {
        let caller = enter(host)?;
        caller.policy.allows(&Permission::Call(&action))?;
        let params: Value = match params.trim() {
            "" => Value::Object(serde_json::Map::new()),
            text => serde_json::from_str(text)
                .map_err(|e| Error::Invalid(format!("the parameters of {action} are not JSON: {e}")))?,
        };
        if !params.is_object() {
            return Err(Error::Invalid(format!(
                "the parameters of {action} are {params}, not a JSON object"
            )));
        }
        let target = caller.bot(&bot)?;
        caller.flight.acted();
        target.call(&action, params).await.map(|answer| answer.to_string())
    }
    async fn call_stream(
        host: &Accessor<Ctx, Self>,
        _bot: String,
        _action: String,
        _params: String,
    ) -> Result<String, Error> {
        unsupported(host, "bots.call-stream")
    }

    async fn next(host: &Accessor<Ctx, Self>, _stream: String) -> Result<Option<String>, Error> {
        unsupported(host, "bots.next")
    }
}
