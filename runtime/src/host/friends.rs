//! `friends`: friends, users and requests.

use wasmtime::component::Accessor;

use super::{Right, delegate, held, target};
use crate::bot::{Friends, cannot};
use crate::model::contract::iglu::plugin::friends::{Host, HostWithStore};
use crate::model::{Error, Friend, Request, UserProfile};
use crate::plugin::engine::{Calls, Ctx};

impl Host for Ctx {}

impl HostWithStore<Ctx> for Calls {
    delegate!(friends: Friends of "friends" {
        Free list() -> Vec<Friend>;
        Free profile(user: String) -> UserProfile;
        Friends like(user: String, times: u32) -> ();
        Friends poke(user: String, group: Option<String>) -> ();
        Friends remove(user: String) -> ();
        Free pending_requests() -> Vec<Request>;
    });

    async fn answer_request(
        host: &Accessor<Ctx, Self>,
        bot: String,
        request: Request,
        approve: bool,
        reason: Option<String>,
    ) -> Result<(), Error> {
        let right = if matches!(request, Request::Join(_)) { Right::GroupAdmin } else { Right::Friends };
        let (caller, target) = target(host, held!(bot, request, reason), &bot, right)?;
        let friends = target.friends().ok_or_else(|| cannot(&target.info(), "friends.answer-request"))?;
        caller.flight.acted();
        friends.answer_request(request, approve, reason).await
    }
}
