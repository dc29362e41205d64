//! The platform's handle, and waiting for what bots do.

use std::{
    fmt::Write,
    io,
    net::SocketAddr,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use super::{
    App, Bot, Chat, Delivery, Fault, GatewayCounts, Held, Options, Presented, Request, Sent, Violation,
    fault::matches,
    server::{accept, listen},
    shared::Shared,
};
use crate::{Greeting, lock, wait};

/// How many requests a failure report shows.
const SHOWN: usize = 10;

/// The handle of a simulated platform. Clones drive the same one.
#[derive(Clone)]
pub struct Platform {
    pub(super) guard: Arc<Guard>,
}

pub(super) struct Guard {
    pub(super) shared: Arc<Shared>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        lock(&self.shared.tasks).abort_all();
    }
}

impl Guard {
    pub(super) async fn within<T>(&self, what: &str, wait: impl Future<Output = T>) -> T {
        let deadline = self.shared.options.deadline;
        wait::within("simulated QQ", deadline, what, wait, || self.report()).await
    }

    fn report(&self) -> String {
        let requests = self.shared.requests.all();
        let mut report =
            format!("{:?}\n{} requests so far:", *self.shared.lines.counts.borrow(), requests.len());
        for request in &requests[requests.len().saturating_sub(SHOWN)..] {
            let Request { method, path, status, .. } = &**request;
            let _ = write!(report, "\n  {method} {path}: {status} {}", request.answer);
        }
        report
    }
}

impl Platform {
    /// Starts a platform on free loopback ports, or where the options say. Panics when it cannot listen there.
    pub async fn start(options: Options) -> Self {
        Self::open(options).unwrap_or_else(|error| panic!("simulated QQ: cannot listen: {error}"))
    }

    /// Starts a platform, within a tokio runtime. Fails when it cannot listen where the options say.
    pub fn open(options: Options) -> io::Result<Self> {
        let (rest, gateway) = (listen(options.listen)?, listen(options.gateway)?);
        let addresses = (rest.local_addr()?, gateway.local_addr()?);
        let shared = Arc::new(Shared::new(options, addresses));
        shared.spawn(accept(shared.clone(), rest, false));
        shared.spawn(accept(shared.clone(), gateway, true));
        Ok(Self { guard: Arc::new(Guard { shared }) })
    }

    fn shared(&self) -> &Arc<Shared> {
        &self.guard.shared
    }

    /// The base of the token endpoint: `http://127.0.0.1:PORT`.
    pub fn token_base(&self) -> String {
        self.shared().base()
    }

    /// The base of the REST API; the same server as the token endpoint's.
    pub fn api_base(&self) -> String {
        self.shared().base()
    }

    /// The gateway's URL, as `/gateway` tells it.
    pub fn gateway_url(&self) -> String {
        self.shared().gateway_url()
    }

    /// Where token endpoint and REST are served.
    pub fn address(&self) -> SocketAddr {
        self.shared().addresses.0
    }

    /// The settings it was started with.
    pub fn options(&self) -> &Options {
        &self.shared().options
    }

    /// The first bot. Panics when there is none.
    pub fn bot(&self) -> Bot {
        let state = self.shared().bots().into_iter().next().expect("Options::apps has a bot");
        Bot { guard: self.guard.clone(), state }
    }

    /// A bot by its app id.
    pub fn bot_of(&self, app_id: &str) -> Option<Bot> {
        let state = self.shared().bot(app_id)?;
        Some(Bot { guard: self.guard.clone(), state })
    }

    /// Registers one more bot.
    pub fn add_app(&self, app: App) -> Bot {
        Bot { guard: self.guard.clone(), state: self.shared().add_bot(app) }
    }

    /// Puts the platform's clock forward: windows, quotas, tokens and sessions age.
    pub fn advance(&self, by: Duration) {
        self.shared().clock.advance(by);
    }

    /// The platform's time, in milliseconds since 1970.
    pub fn now(&self) -> u64 {
        self.shared().clock.now()
    }

    /// Resets every new connection from now on, or no more.
    pub fn go_away(&self, away: bool) {
        self.shared().away.store(away, Ordering::Release);
    }

    /// How new gateway connections are greeted from now on; `Slow` delays the hello.
    pub fn greet_with(&self, greeting: Greeting) {
        *lock(&self.shared().greeting) = greeting;
    }

    /// Keeps something for download; its URL.
    pub fn put_media(&self, name: &str, bytes: impl Into<Vec<u8>>) -> String {
        lock(&self.shared().media).insert(name.to_owned(), bytes.into().into());
        format!("{}/media/{name}", self.shared().base())
    }

    /// Answers the next `times` requests so. `*` stands for any method, any one part of a path, and at the end of
    /// the pattern for all that follows: `/v2/users/*/messages`, `/v2/*`.
    pub fn fault(&self, method: &str, pattern: &str, times: usize, fault: Fault) {
        lock(&self.shared().faults).add(method, pattern, times, fault);
    }

    /// Forgets all faults.
    pub fn clear_faults(&self) {
        lock(&self.shared().faults).clear();
    }

    /// How many requests are still to meet a fault.
    pub fn faults_left(&self) -> usize {
        lock(&self.shared().faults).left()
    }

    /// Keeps requests waiting before they take effect.
    pub fn hold(&self, method: &str, pattern: &str) -> Held {
        lock(&self.shared().faults).hold(method, pattern, false)
    }

    /// Keeps answers waiting, after the requests took effect.
    pub fn hold_answers(&self, method: &str, pattern: &str) -> Held {
        lock(&self.shared().faults).hold(method, pattern, true)
    }

    /// Waits until so many requests are kept.
    pub async fn held(&self, held: &Held, count: usize) {
        let mut kept = held.count();
        let wait = async { drop(kept.wait_for(|kept| *kept >= count).await) };
        self.guard.within(&format!("{count} held requests"), wait).await;
    }

    /// Every request so far, answered or dropped.
    pub fn requests(&self) -> Vec<Arc<Request>> {
        self.shared().requests.all()
    }

    /// The requests so far of a method and path, as [`Platform::fault`] names them.
    pub fn requests_to(&self, method: &str, pattern: &str) -> Vec<Arc<Request>> {
        let mut all = self.requests();
        all.retain(|request| matches(method, pattern, &request.method, &request.path));
        all
    }

    /// Waits for the next request that was not given before.
    pub async fn next_request(&self, method: &str, pattern: &str) -> Arc<Request> {
        let wait = self.shared().requests.take(|one| matches(method, pattern, &one.method, &one.path));
        self.guard.within(&format!("a request {method} {pattern}"), wait).await
    }

    /// Everything bots have sent.
    pub fn sent(&self) -> Vec<Arc<Sent>> {
        self.shared().sent.all()
    }

    /// What bots have sent to a chat.
    pub fn sent_to(&self, chat: &Chat) -> Vec<Arc<Sent>> {
        let mut all = self.sent();
        all.retain(|sent| sent.chat == *chat);
        all
    }

    /// Waits for the next message that was not given before.
    pub async fn next_sent(&self) -> Arc<Sent> {
        self.next_sent_where("a message", |_| true).await
    }

    /// Waits for the next message to a chat that was not given before.
    pub async fn next_sent_to(&self, chat: &Chat) -> Arc<Sent> {
        self.next_sent_where(&format!("a message to {chat:?}"), |sent| sent.chat == *chat).await
    }

    /// Waits for the next message that the function accepts and that was not given before.
    pub async fn next_sent_where(&self, what: &str, accepts: impl Fn(&Sent) -> bool) -> Arc<Sent> {
        self.guard.within(what, self.shared().sent.take(accepts)).await
    }

    /// Waits until bots have sent so many messages in all.
    pub async fn wait_sent(&self, count: usize) -> Vec<Arc<Sent>> {
        let wait = self.shared().sent.until(|all| (all.len() >= count).then(|| all.to_vec()));
        self.guard.within(&format!("{count} messages"), wait).await
    }

    /// Forgets messages, requests and violations so far.
    pub fn forget(&self) {
        self.shared().sent.forget();
        self.shared().requests.forget();
        self.shared().violations.forget();
    }

    /// Every request refused because of a limit, window or sequence.
    pub fn violations(&self) -> Vec<Arc<Violation>> {
        self.shared().violations.all()
    }

    /// What clients presented to the gateway, in order.
    pub fn presented(&self) -> Vec<Arc<Presented>> {
        self.shared().presented.all()
    }

    /// Waits for the next identify or resume that was not given before.
    pub async fn next_presented(&self) -> Arc<Presented> {
        self.guard.within("an identify or resume", self.shared().presented.take(|_| true)).await
    }

    /// Gateway connections now and ever.
    pub fn gateway(&self) -> GatewayCounts {
        *self.shared().lines.counts.borrow()
    }

    /// Waits until gateway connections are as the function wants them; `what` is for the failure report.
    pub async fn wait_gateway(&self, what: &str, ready: impl FnMut(&GatewayCounts) -> bool) -> GatewayCounts {
        let mut counts = self.shared().lines.counts.subscribe();
        let wait = async { counts.wait_for(ready).await.map(|counts| *counts).unwrap_or_default() };
        self.guard.within(what, wait).await
    }

    /// Waits for a connection with a session.
    pub async fn connected(&self) -> GatewayCounts {
        self.wait_gateway("a session", |counts| counts.live > 0).await
    }

    /// Waits until no session has a connection.
    pub async fn disconnected(&self) -> GatewayCounts {
        self.wait_gateway("all sessions to lose their connections", |counts| counts.live == 0).await
    }

    /// Waits until so many clients have identified, ever.
    pub async fn identified(&self, count: u64) -> GatewayCounts {
        self.wait_gateway(&format!("{count} identified"), |counts| counts.identified >= count).await
    }

    /// Waits until so many sessions were resumed, ever.
    pub async fn resumed(&self, count: u64) -> GatewayCounts {
        self.wait_gateway(&format!("{count} resumed"), |counts| counts.resumed >= count).await
    }

    /// What became of events at webhooks, those of [`Bot::push`] apart.
    pub fn deliveries(&self) -> Vec<Arc<Delivery>> {
        self.shared().deliveries.all()
    }

    /// Waits until so many events were pushed to the end.
    pub async fn wait_deliveries(&self, count: usize) -> Vec<Arc<Delivery>> {
        let wait = self.shared().deliveries.until(|all| (all.len() >= count).then(|| all.to_vec()));
        self.guard.within(&format!("{count} deliveries"), wait).await
    }
}
