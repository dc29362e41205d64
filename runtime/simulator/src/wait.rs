//! Waiting for what the client does, with a deadline that says what was seen instead.

use std::{fmt::Write, sync::Arc, time::Duration};

use tokio::{sync::watch, time::timeout};

use super::{Call, Hold, LinkCounts, Napcat, Upgrade, lock};

/// How many requests a failure report shows, and how much of each.
const SHOWN: (usize, usize) = (10, 240);

impl Napcat {
    /// Waits for an event connection whose lifecycle event was sent; the number of the newest.
    pub async fn connected(&self) -> u64 {
        loop {
            self.wait_links("an event connection", |links| links.events > 0).await;
            if let Some(number) = self.shared().links.newest() {
                return number;
            }
        }
    }

    /// Waits until no event connection is left.
    pub async fn disconnected(&self) {
        self.wait_links("all event connections to end", |links| links.events == 0).await;
    }

    /// Waits until connections are as the function wants them; `what` is for the failure report.
    pub async fn wait_links(&self, what: &str, ready: impl FnMut(&LinkCounts) -> bool) -> LinkCounts {
        let mut counts = self.shared().links.counts.subscribe();
        let wait = async { counts.wait_for(ready).await.map(|counts| *counts).unwrap_or_default() };
        self.within(what, wait).await
    }

    /// Connections now and ever.
    pub fn links(&self) -> LinkCounts {
        *self.shared().links.counts.borrow()
    }

    /// The changes of [`Napcat::links`].
    pub fn watch_links(&self) -> watch::Receiver<LinkCounts> {
        self.shared().links.counts.subscribe()
    }

    /// The upgrade requests so far, in the order of arrival.
    pub fn upgrades(&self) -> Vec<Upgrade> {
        lock(&self.shared().upgrades).clone()
    }

    /// Waits for the next request of an action that no earlier `next_call` or `next_call_where` gave.
    pub async fn next_call(&self, action: &str) -> Arc<Call> {
        self.next_call_where(action, |call| call.action() == action).await
    }

    /// Waits for the next request that the function accepts and that was not given before.
    pub async fn next_call_where(&self, what: &str, accepts: impl Fn(&Call) -> bool) -> Arc<Call> {
        let mut arrived = self.shared().calls.arrived.subscribe();
        let wait = async {
            loop {
                if let Some(call) = self.shared().calls.take(&accepts) {
                    return call;
                }
                changed(&mut arrived).await;
            }
        };
        self.within(&format!("the call {what}"), wait).await
    }

    /// Waits until an action was requested `n` times in all; these and later requests of it.
    pub async fn wait_for_calls(&self, action: &str, n: usize) -> Vec<Arc<Call>> {
        let mut arrived = self.shared().calls.arrived.subscribe();
        let wait = async {
            while self.shared().calls.count(action) < n {
                changed(&mut arrived).await;
            }
        };
        self.within(&format!("{n} calls of {action}"), wait).await;
        self.calls_of(action)
    }

    /// Every request so far.
    pub fn calls(&self) -> Vec<Arc<Call>> {
        self.shared().calls.all()
    }

    /// Every request of an action so far.
    pub fn calls_of(&self, action: &str) -> Vec<Arc<Call>> {
        self.calls().into_iter().filter(|call| call.action() == action).collect()
    }

    /// Forgets the requests so far; counts of [`Napcat::wait_for_calls`] begin anew.
    pub fn forget_calls(&self) {
        self.shared().calls.forget();
    }

    /// Waits until a hold keeps `n` answers.
    pub async fn held(&self, hold: &Hold, n: usize) {
        let mut count = hold.count();
        let wait = async { drop(count.wait_for(|count| *count >= n).await) };
        self.within(&format!("{n} held answers"), wait).await;
    }

    pub(super) async fn within<T>(&self, what: &str, wait: impl Future<Output = T>) -> T {
        within("simulated NapCat", self.options().deadline, what, wait, || self.report()).await
    }

    fn report(&self) -> String {
        let calls = self.calls();
        let (count, length) = SHOWN;
        let mut report = format!("{:?}\n{} calls so far, the last ones:", self.links(), calls.len());
        for call in &calls[calls.len().saturating_sub(count)..] {
            let raw: String = call.raw.chars().take(length).collect();
            let _ = write!(report, "\n  #{} on connection {}: {raw}", call.number, call.connection);
        }
        report
    }
}

/// Waits, and panics at the deadline with what was seen instead.
pub(super) async fn within<T>(
    who: &str,
    deadline: Duration,
    what: &str,
    wait: impl Future<Output = T>,
    report: impl FnOnce() -> String,
) -> T {
    match timeout(deadline, wait).await {
        Ok(done) => done,
        Err(_) => panic!("{who}: waited {deadline:?} for {what} in vain\n{}", report()),
    }
}

async fn changed(arrived: &mut watch::Receiver<usize>) {
    if arrived.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}
