//! What all parts of one simulated NapCat share: a request comes in here, from whatever transport.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{sync::watch, task::JoinSet};
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::tungstenite::Message;

use super::{
    Answer, Call, Greeting, Options, Post, SelfReport, Transport, actions,
    answer::bad_json,
    calls::CallLog,
    forward::Upgrade,
    link::{Links, Outgoing},
    lock,
    post::{self, PostCounts},
    script::Script,
    tls,
    world::World,
};

pub(super) struct Shared {
    pub(super) options: Options,
    pub(super) world: Mutex<World>,
    pub(super) script: Mutex<Script>,
    pub(super) calls: CallLog,
    pub(super) links: Links,
    pub(super) greeting: Mutex<Greeting>,
    pub(super) heartbeat: watch::Sender<Option<Duration>>,
    pub(super) upgrades: Mutex<Vec<Upgrade>>,
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) posts: Mutex<Vec<Arc<Post>>>,
    pub(super) post_counts: watch::Sender<PostCounts>,
    /// What dials and posts; it ends with the simulator.
    pub(super) tasks: Mutex<JoinSet<()>>,
}

impl Shared {
    pub(super) fn new(options: Options) -> Self {
        Self {
            world: Mutex::new(World::new(options.clone())),
            script: Mutex::default(),
            calls: CallLog::new(options.record),
            links: Links::default(),
            greeting: Mutex::new(Greeting::Normal),
            heartbeat: watch::Sender::new(options.heartbeat),
            upgrades: Mutex::default(),
            tls: options.tls.then(|| TlsAcceptor::from(tls::server_config())),
            posts: Mutex::default(),
            post_counts: watch::Sender::default(),
            tasks: Mutex::default(),
            options,
        }
    }

    /// Sends an event by every active transport; the number of those.
    pub(super) fn push(self: &Arc<Self>, event: &Value) -> usize {
        self.push_text(event.to_string())
    }

    pub(super) fn push_text(self: &Arc<Self>, text: String) -> usize {
        let posted = post::all(self, &text);
        posted + self.links.broadcast(&Message::text(text))
    }

    /// Spawns something that ends with the simulator.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = lock(&self.tasks);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
    }

    /// Runs one request frame and sends what answers it, now or later.
    pub(super) fn receive(self: &Arc<Self>, from: (u64, Transport), raw: String, outgoing: &Outgoing) {
        let json = serde_json::from_str(&raw).unwrap_or(Value::Null);
        let call = self.calls.read(from.0, from.1, raw, json);
        if call.json.is_null() {
            self.calls.record(&call);
            return outgoing.text(bad_json(self.options.build).to_string());
        }
        self.run(&call, outgoing);
    }

    /// Runs one request that did not come as a frame.
    pub(super) fn receive_request(
        self: &Arc<Self>,
        from: (u64, Transport),
        raw: String,
        (action, params, echo): (&str, &Value, &Value),
        outgoing: &Outgoing,
    ) {
        let json = json!({"action": action, "params": params, "echo": echo});
        self.run(&self.calls.read(from.0, from.1, raw, json), outgoing);
    }

    fn run(self: &Arc<Self>, call: &Arc<Call>, outgoing: &Outgoing) {
        let build = self.options.build;
        let answer = lock(&self.script).pick(call.action());
        let (mut sent, mut after) = (None, Vec::new());
        let frames = answer.frames(call, build, || {
            let done = actions::run(&mut lock(&self.world), call.action(), call.params());
            (sent, after) = (done.sent, done.notices);
            done.outcome
        });
        self.calls.record(call);
        match (sent, self.options.self_report) {
            (Some(event), SelfReport::BeforeAnswer) => drop(self.push(&event)),
            (Some(event), SelfReport::AfterAnswer) => after.push(event),
            _ => {}
        }
        let delivery = Delivery { shared: self.clone(), outgoing: outgoing.clone(), frames, after };
        self.deliver(call.action(), &answer, delivery);
    }

    fn deliver(&self, action: &str, answer: &Answer, delivery: Delivery) {
        let held = lock(&self.script).held(action);
        match (held, answer.delay()) {
            (Some(held), _) => held.keep(delivery),
            (None, Duration::ZERO) => delivery.go(),
            (None, delay) => drop(tokio::spawn(async move {
                tokio::time::sleep(delay).await;
                delivery.go();
            })),
        }
    }
}

/// An answer on its way, with the events that follow it.
pub(super) struct Delivery {
    shared: Arc<Shared>,
    outgoing: Outgoing,
    frames: Vec<String>,
    after: Vec<Value>,
}

impl Delivery {
    pub(super) fn go(self) {
        self.frames.into_iter().for_each(|frame| self.outgoing.text(frame));
        for event in &self.after {
            self.shared.push(event);
        }
    }
}
