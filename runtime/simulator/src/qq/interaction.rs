//! Presses of buttons and their acknowledgement.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::{
    error::{Answered, Limit, Refusal, Reply},
    world::World,
};

pub(super) struct Interaction {
    pub(super) since: Instant,
    pub(super) acknowledged: Option<Acknowledged>,
}

/// How an interaction was acknowledged; see [`Bot::acknowledged`](super::Bot::acknowledged).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    /// 0 for success.
    pub code: i64,
    /// Since the event was sent.
    pub after: Duration,
    /// It came within the deadline.
    pub in_time: bool,
}

impl World {
    pub(super) fn acknowledge(&mut self, id: &str, body: &Value) -> Answered {
        let deadline = self.options.limits.interaction;
        let unknown = || Refusal::new(630_001, "interaction not found");
        let interaction = self.interactions.get_mut(id).ok_or_else(unknown)?;
        let code = body["code"].as_i64().filter(|code| (0..=5).contains(code));
        let code = code.ok_or_else(|| Refusal::new(630_001, "code must be 0 to 5"))?;
        if interaction.acknowledged.is_some() {
            return Err(Refusal::new(630_003, "interaction is acknowledged already").limit(Limit::Sequence));
        }
        let after = interaction.since.elapsed();
        let in_time = after <= deadline;
        interaction.acknowledged = Some(Acknowledged { code, after, in_time });
        if in_time {
            Ok(Reply::done(self.options.no_content))
        } else {
            Err(Refusal::new(630_004, "interaction expired").limit(Limit::Deadline))
        }
    }
}
