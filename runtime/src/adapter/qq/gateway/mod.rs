//! The gateway: a WebSocket to the platform for each shard, kept for ever.
//!
//! | file | what it knows |
//! | --- | --- |
//! | `intents` | which events to ask for, from what plugins listen to |
//! | `close` | what a close code means |
//! | `ladder` | how long to wait before the next try |
//! | `starts` | how many sessions may be begun, and where |
//! | `shard` | one link after another |
//! | `link` | one link, from the upgrade to its end |

mod close;
pub(super) mod intents;
mod ladder;
mod link;
mod shard;
mod starts;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_tungstenite::Connector;
use tokio_util::sync::CancellationToken;

use super::Settings;
use super::api::Api;
use super::wire::Envelope;
use crate::adapter::throttle::Throttle;
use crate::web;
use intents::Grants;
use ladder::Ladder;
use starts::Starts;

/// More shards than any bot was ever told to use.
const MOST_SHARDS: u32 = 256;

/// What a gateway tells its account. Nothing here may wait.
pub(super) trait Ear: Send + Sync {
    /// A dispatch (op 0), whole frame; never READY or RESUMED. Its number counts as received when this returns, so a
    /// resumed session does not bring it again. It may come twice all the same. `since`: it is what a resumed session
    /// makes up for, and happened when the link was down already, since then (seconds since 1970).
    fn take(&self, frame: &str, envelope: &Envelope<'_>, since: Option<u64>);
    /// Every shard is connected, for the first time or after `lost`. `user` is from READY: id and name.
    fn ready(&self, user: Option<(String, String)>);
    /// A shard is down. Not told of links that are back at the first try, as the platform closes each of them now and
    /// then. Told before [`keep`] ends because the platform wants no more of this bot.
    fn lost(&self, reason: &str);
}

/// What the shards of one bot share.
struct Common {
    settings: Arc<Settings>,
    api: Arc<Api>,
    ear: Arc<dyn Ear>,
    connector: Connector,
    starts: Starts,
    grants: Grants,
    roll: Mutex<Roll>,
    complaints: Mutex<Throttle>,
}

/// Which shards are connected, and whether the account knows.
#[derive(Default)]
struct Roll {
    up: Vec<bool>,
    told: bool,
    user: Option<(String, String)>,
}

/// Keeps the gateway's links until `stop`, or until the platform says that no try can succeed. `wanted` are the kinds
/// that plugins listen to; when they grow, a session with more intents is begun.
pub(super) async fn keep(
    settings: Arc<Settings>,
    api: Arc<Api>,
    ear: Arc<dyn Ear>,
    wanted: watch::Receiver<BTreeSet<&'static str>>,
    stop: CancellationToken,
) {
    let name = &settings.name;
    let connector = match web::tls_trusting(settings.ca.as_deref()) {
        Ok(config) => Connector::Rustls(Arc::new(config)),
        Err(reason) => {
            tracing::error!(bot = name, "bot `{name}` cannot connect: {reason}");
            return ear.lost(&reason);
        }
    };
    let common = Arc::new(Common {
        settings: settings.clone(),
        api,
        ear,
        connector,
        starts: Starts::new(settings.timings.retry),
        grants: Grants::default(),
        roll: Mutex::default(),
        complaints: Mutex::default(),
    });
    let count = tokio::select! {
        () = stop.cancelled() => return,
        count = common.shards() => count,
    };
    common.roll().up = vec![false; count as usize];
    let over = stop.child_token();
    let mut shards = JoinSet::new();
    for index in 0..count {
        let (common, wanted, over) = (common.clone(), wanted.clone(), over.clone());
        shards.spawn(shard::keep(common, (index, count), wanted, over));
    }
    while let Some(ended) = shards.join_next().await {
        let Ok(Some(reason)) = ended else { continue };
        if !over.is_cancelled() {
            tracing::error!(bot = name, "the gateway of bot `{name}` stays closed until a restart: {reason}");
            common.ear.lost(&reason);
        }
        over.cancel();
    }
}

impl Common {
    /// How many links there are to be.
    async fn shards(&self) -> u32 {
        if let Some(count) = self.settings.shards {
            return count.clamp(1, MOST_SHARDS);
        }
        let mut ladder = Ladder::new(self.settings.timings.retry);
        loop {
            match starts::ask(&self.api, &self.settings).await {
                Ok(place) => return place.shards.clamp(1, MOST_SHARDS),
                Err(failure) => {
                    let wait = if failure.class == super::failure::Class::Auth {
                        ladder.longest()
                    } else {
                        ladder.next()
                    };
                    self.complain(&format!("the gateway's address cannot be asked for: {failure}"));
                    tokio::time::sleep(wait).await;
                }
            }
        }
    }

    /// What to ask for when plugins listen to these kinds.
    fn intents(&self, wanted: &BTreeSet<&'static str>) -> u32 {
        self.settings.intents.unwrap_or_else(|| self.grants.mask(wanted))
    }

    /// A shard is connected.
    fn up(&self, index: u32, user: Option<(String, String)>) {
        let mut roll = self.roll();
        if let Some(up) = roll.up.get_mut(index as usize) {
            *up = true;
        }
        roll.user = user.or(roll.user.take());
        if !roll.told && roll.up.iter().all(|up| *up) {
            roll.told = true;
            self.ear.ready(roll.user.take());
        }
    }

    /// A shard is down, and not for a moment only.
    fn down(&self, index: u32, reason: &str) {
        let mut roll = self.roll();
        if let Some(up) = roll.up.get_mut(index as usize) {
            *up = false;
        }
        if std::mem::take(&mut roll.told) {
            self.ear.lost(reason);
        }
    }

    fn roll(&self) -> std::sync::MutexGuard<'_, Roll> {
        self.roll.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says what is wrong, but not all the time.
    fn complain(&self, what: &str) {
        let passed = self.complaints.lock().unwrap_or_else(PoisonError::into_inner).count(Instant::now());
        if let Some(passed) = passed {
            let name = &self.settings.name;
            tracing::warn!(bot = name, unsaid = passed.held, "the gateway of bot `{name}`: {what}");
        }
    }
}
