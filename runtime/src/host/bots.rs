//! `bots`: the accounts, and the platforms' own actions.

use std::sync::Arc;

use serde_json::Value;
use wasmtime::component::Accessor;

use super::{Caller, enter, held};
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
        let caller = enter(host, held!(bot, action, params) + values(&params))?;
        let (target, params) = prepared(&caller, &bot, &action, &params)?;
        target.call(&action, params).await.map(|answer| answer.to_string())
    }

    async fn call_stream(
        host: &Accessor<Ctx, Self>,
        bot: String,
        action: String,
        params: String,
    ) -> Result<String, Error> {
        let caller = enter(host, held!(bot, action, params) + values(&params))?;
        let (target, params) = prepared(&caller, &bot, &action, &params)?;
        caller.streams.keep(target.stream(&action, params)?)
    }

    async fn next(host: &Accessor<Ctx, Self>, stream: String) -> Result<Option<String>, Error> {
        let caller = enter(host, held!(stream))?;
        Ok(caller.streams.next(&stream).await?.map(|packet| packet.to_string()))
    }
}

/// What JSON takes beside its text once it is read: `[0,0,0` becomes much larger.
fn values(json: &str) -> usize {
    json.bytes().filter(|byte| *byte == b',').count() * size_of::<Value>()
}

/// What every raw action is asked first.
fn prepared(
    caller: &Caller,
    bot: &str,
    action: &str,
    params: &str,
) -> Result<(Arc<dyn crate::bot::Bot>, Value), Error> {
    caller.policy.allows(&Permission::Call(action))?;
    let params: Value = match params.trim() {
        "" => Value::Object(serde_json::Map::new()),
        text => serde_json::from_str(text)
            .map_err(|e| Error::Invalid(format!("the parameters of {action} are not JSON: {e}")))?,
    };
    if !params.is_object() {
        return Err(Error::Invalid(format!("the parameters of {action} are {params}, not a JSON object")));
    }
    let target = caller.bot(bot)?;
    caller.flight.acted();
    Ok((target, params))
}
