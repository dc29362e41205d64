//! `clock`: what time it is, and waiting.

use std::time::Duration;

use wasmtime::component::Accessor;

use super::{enter, held};
use crate::clock::Clock;
use crate::model::Error;
use crate::model::contract::iglu::plugin::clock::{Host, HostWithStore, Timer};
use crate::plugin::engine::{Calls, Ctx};

impl Host for Ctx {
    fn now(&mut self) -> f64 {
        self.caller.around().map_or_else(|_| Clock::default().now(), |around| around.clock.now())
    }
}

impl HostWithStore<Ctx> for Calls {
    async fn sleep(host: &Accessor<Ctx, Self>, ms: u32) -> Result<(), Error> {
        let caller = enter(host, 0)?;
        let clock = &caller.around()?.clock;
        let _resting = caller.rest();
        tokio::select! {
            biased;
            () = caller.stopping.cancelled() => {
                Err(Error::Cancelled("the plugin is being replaced or stopped; finish what you are at".to_owned()))
            }
            () = clock.sleep(Duration::from_millis(ms.into())) => Ok(()),
        }
    }

    async fn set_timer(
        host: &Accessor<Ctx, Self>,
        name: String,
        due: f64,
        data: Option<String>,
    ) -> Result<(), Error> {
        let caller = enter(host, held!(name, data))?;
        let schedule = &caller.around()?.desk.schedule;
        schedule.set_timer(&caller.plugin, name, due, data, caller.limits.timers).await
    }

    async fn cancel_timer(host: &Accessor<Ctx, Self>, name: String) -> Result<bool, Error> {
        let caller = enter(host, held!(name))?;
        caller.around()?.desk.schedule.cancel_timer(&caller.plugin, &name).await
    }

    async fn timers(host: &Accessor<Ctx, Self>) -> Result<Vec<Timer>, Error> {
        let caller = enter(host, 0)?;
        Ok(caller.around()?.desk.schedule.timers(&caller.plugin))
    }
}
