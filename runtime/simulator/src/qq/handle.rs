//! One bot's handle: transports, tokens, sessions, rules.

use std::{io, sync::Arc, time::Instant};

use serde_json::{Value, json};
use tokio::{sync::oneshot, task::JoinSet};

use super::{
    Acknowledged, Answer, App, Delivery, Event, Stream, Validation, Webhook,
    bot::BotState,
    gateway::Command,
    platform::Guard,
    session::{self, Session},
    shared::Shared,
    sign, webhook,
};
use crate::{Cut, lock};

/// One bot of a [`Platform`](super::Platform).
#[derive(Clone)]
pub struct Bot {
    pub(super) guard: Arc<Guard>,
    pub(super) state: Arc<BotState>,
}

impl Bot {
    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.guard.shared
    }

    /// Its registration.
    pub fn app(&self) -> &App {
        &self.state.app
    }

    /// Tells an event by every transport: to all sessions that want it, and to all webhooks in the background.
    /// Again, when it was told before. How many sessions and webhooks those are.
    pub fn emit(&self, event: &Event) -> usize {
        let shared = self.shared();
        lock(&self.state.world).learn(event, shared.clock.now());
        let heard = lock(&self.state.gate).dispatch(shared, event);
        let hooks = lock(&self.state.hooks).clone();
        let pushes: usize = hooks.iter().map(|hook| hook.settings.copies).sum();
        for hook in hooks {
            for _ in 0..hook.settings.copies {
                let (shared, hook, event) = (shared.clone(), hook.clone(), event.clone());
                let app = self.state.app.clone();
                self.shared().spawn(async move {
                    let delivery = hook.push(&app, &shared.clock, &event).await;
                    shared.deliveries.add(delivery);
                });
            }
        }
        heard + pushes
    }

    /// Tells events on the gateway with ascending sequences, the last one first.
    pub fn emit_reversed(&self, events: &[Event]) {
        for event in events {
            lock(&self.state.world).learn(event, self.shared().clock.now());
        }
        lock(&self.state.gate).dispatch_reversed(self.shared(), events);
    }

    /// Pushes every event to a webhook from now on. Fails for an address that cannot be posted to.
    pub fn webhook(&self, settings: Webhook) -> io::Result<()> {
        lock(&self.state.hooks).push(webhook::hook(settings)?);
        Ok(())
    }

    /// Ends all webhooks; pushes under way go on.
    pub fn forget_webhooks(&self) {
        lock(&self.state.hooks).clear();
    }

    /// Pushes one event to the first webhook and to nothing else; what became of it. Panics without a webhook.
    pub async fn push(&self, event: &Event) -> Delivery {
        let shared = self.shared();
        lock(&self.state.world).learn(event, shared.clock.now());
        self.first_hook().push(&self.state.app, &shared.clock, event).await
    }

    /// Pushes one event to the first webhook so often at the same time.
    pub async fn push_copies(&self, event: &Event, copies: usize) -> Vec<Delivery> {
        let mut pushes = JoinSet::new();
        for _ in 0..copies {
            let (bot, event) = (self.clone(), event.clone());
            pushes.spawn(async move { bot.push(&event).await });
        }
        pushes.join_all().await
    }

    fn first_hook(&self) -> Arc<webhook::Hook> {
        lock(&self.state.hooks).first().cloned().expect("Bot::webhook names where events are pushed")
    }

    /// Posts any body with any headers to the first webhook.
    pub async fn push_raw(
        &self,
        headers: &[(String, String)],
        body: impl Into<Vec<u8>>,
    ) -> io::Result<Answer> {
        self.first_hook().raw(headers, body.into().into()).await
    }

    /// The platform's headers for a body, signed with this bot's secret for a time in seconds.
    pub fn signed_headers(&self, timestamp: u64, body: &[u8]) -> Vec<(String, String)> {
        webhook::signed(&self.state.app, timestamp, body)
    }

    /// Validates the first webhook as the console does, with op 13.
    pub async fn validate(&self) -> io::Result<Validation> {
        let timestamp = self.shared().clock.now() / 1000;
        let (body, stamp, token) = webhook::challenge(timestamp);
        let body = body.to_string();
        let headers = self.signed_headers(timestamp, body.as_bytes());
        let answer = self.push_raw(&headers, body).await?;
        let json = answer.json();
        let signature = json["signature"].as_str().unwrap_or_default();
        let verified = sign::verifies(&self.app().secret, &[stamp.as_bytes(), token.as_bytes()], signature);
        Ok(Validation { echoed: json["plain_token"] == token.as_str(), verified, answer })
    }

    /// A heartbeat to the first webhook, with op 1.
    pub async fn webhook_heartbeat(&self, seq: u64) -> io::Result<Answer> {
        let body = json!({"op": 1, "d": seq}).to_string();
        let headers = self.signed_headers(self.shared().clock.now() / 1000, body.as_bytes());
        self.push_raw(&headers, body).await
    }

    /// Makes all access tokens bad from now on.
    pub fn expire_tokens(&self) {
        lock(&self.state.tokens).expire();
    }

    /// Requests for a token so far, and different tokens given out.
    pub fn token_counts(&self) -> (u64, u64) {
        let tokens = lock(&self.state.tokens);
        (tokens.requests, tokens.issued)
    }

    /// Whether an access token is good now, with or without its prefix.
    pub fn knows_token(&self, token: &str) -> bool {
        let bare = token.strip_prefix("QQBot ").unwrap_or(token);
        lock(&self.state.tokens).knows(bare, self.shared().clock.now())
    }

    /// Sessions with a connection and all sessions.
    pub fn sessions(&self) -> (usize, usize) {
        let gate = lock(&self.state.gate);
        (gate.sessions.iter().filter(|session| session.line.is_some()).count(), gate.sessions.len())
    }

    /// Keeps events for the next session that identifies, as long as there is no session.
    pub fn keep_unheard(&self, keep: bool) {
        lock(&self.state.gate).keep_unheard = keep;
    }

    /// Uses up session starts.
    pub fn spend_starts(&self, count: u64) {
        lock(&self.state.gate).spend_starts(count, self.shared().clock.now());
    }

    fn command(&self, make: impl Fn() -> Command) -> usize {
        let gate = lock(&self.state.gate);
        let lines = gate.sessions.iter().filter_map(|session| session.line.as_ref());
        lines.filter(|(_, line)| line.send(make()).is_ok()).count()
    }

    /// Sends a frame as it is on all sessions' connections; how many those are.
    pub fn frame(&self, text: &str) -> usize {
        self.command(|| Command::Text(text.to_owned()))
    }

    /// Asks the client to reconnect, with op 7.
    pub fn ask_reconnect(&self) -> usize {
        self.frame(&json!({"op": 7}).to_string())
    }

    /// Declares all sessions invalid, with op 9. Those that are resumable may be resumed.
    pub fn invalidate(&self, resumable: bool) -> usize {
        let told = self.frame(&json!({"op": 9, "d": resumable}).to_string());
        if !resumable {
            self.forget_sessions();
        }
        told
    }

    /// Forgets all sessions: their connections hear nothing any more, and a resume of them is stale.
    pub fn forget_sessions(&self) {
        lock(&self.state.gate).sessions.clear();
        session::count_live(self.shared());
    }

    /// Sends the last events of every session again.
    pub fn repeat(&self, count: usize) {
        lock(&self.state.gate).sessions.iter().for_each(|session: &Session| session.repeat(count));
    }

    /// Cuts the connections of all sessions. A close with a code that ends sessions ends them.
    pub async fn cut(&self, cut: Cut) -> usize {
        let mut ends = Vec::new();
        {
            let mut gate = lock(&self.state.gate);
            for session in &mut gate.sessions {
                if let Some((_, line)) = &session.line {
                    let (done, end) = oneshot::channel();
                    let _ = line.send(Command::Cut(cut.clone(), done));
                    ends.push(end);
                }
            }
            if matches!(&cut, Cut::Close(Some((code, _))) if *code >= 4001 && !matches!(code, 4008 | 4009)) {
                gate.sessions.clear();
            }
        }
        let count = ends.len();
        for end in ends {
            drop(end.await);
        }
        session::count_live(self.shared());
        count
    }

    /// Closes the connections of all sessions with a code; see [`Bot::cut`].
    pub async fn close(&self, code: u16, reason: &str) -> usize {
        self.cut(Cut::Close(Some((code, reason.to_owned())))).await
    }

    /// Makes the sessions' connections dead links, on which nothing is read or written, or ends that.
    pub fn go_silent(&self, silent: bool) -> usize {
        self.command(|| Command::Silent(silent))
    }

    /// Stops answering heartbeats on the present connections, or goes on.
    pub fn acknowledge_heartbeats(&self, on: bool) -> usize {
        self.command(|| Command::Acknowledge(on))
    }

    /// Stops delivering events on the present connections while heartbeats are answered, or goes on. What is not
    /// delivered may be had by a resume.
    pub fn deliver(&self, on: bool) -> usize {
        self.command(|| Command::Deliver(on))
    }

    /// A user the platform knows, a friend or not.
    pub fn add_user(&self, user: &str, friend: bool) {
        lock(&self.state.world).user(user).friend = friend;
    }

    /// A group the bot is in.
    pub fn add_group(&self, group: &str, members: &[&str]) {
        let mut world = lock(&self.state.world);
        world.group(group).inside = true;
        members.iter().for_each(|member| world.member(group, member));
    }

    /// Mutes the bot in a group, or ends that.
    pub fn mute(&self, group: &str, muted: bool) {
        lock(&self.state.world).group(group).muted = muted;
    }

    /// How an interaction was acknowledged, by its `d.id`; `None` when it was not.
    pub fn acknowledgement(&self, interaction: &str) -> Option<Acknowledged> {
        let world = lock(&self.state.world);
        world.interactions.get(interaction).and_then(|interaction| interaction.acknowledged)
    }

    /// Waits until an interaction is acknowledged, by its `d.id`.
    pub async fn acknowledged(&self, interaction: &str) -> Acknowledged {
        let what = format!("the acknowledgement of {interaction}");
        let wait = self.shared().requests.until(|_| self.acknowledgement(interaction));
        self.guard.within(&what, wait).await
    }

    /// Messages in pieces, by id.
    pub fn streams(&self) -> Vec<(String, Stream)> {
        let world = lock(&self.state.world);
        world.streams.iter().map(|(id, stream)| (id.clone(), stream.clone())).collect()
    }

    /// Ids of the messages taken back so far.
    pub fn recalled(&self) -> Vec<String> {
        lock(&self.state.world).recalled.clone()
    }

    /// How the platform describes the bot to itself.
    pub fn profile(&self) -> Value {
        self.state.profile()
    }

    /// So many events, each pushed to the first webhook with at most `in_flight` at a time; what became of them, and
    /// how long all took.
    pub async fn push_all(
        &self,
        events: Vec<Event>,
        in_flight: usize,
    ) -> (Vec<Delivery>, std::time::Duration) {
        let begun = Instant::now();
        let (mut pushes, mut done) = (JoinSet::new(), Vec::with_capacity(events.len()));
        for event in events {
            if pushes.len() >= in_flight {
                done.extend(pushes.join_next().await.and_then(Result::ok));
            }
            let bot = self.clone();
            pushes.spawn(async move { bot.push(&event).await });
        }
        done.extend(pushes.join_all().await);
        (done, begun.elapsed())
    }
}
