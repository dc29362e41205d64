//! A plugin under test.

use std::{future::Future, pin::Pin, time::Duration};

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{events, matching};
use crate::{
    HostError, Message, Outcome,
    host::fake::{FakeHost, Sent, executor, with},
    lock::RwLock,
    log::Level,
    manifest::{HandlerSpec, Manifest},
    plugin::{Call, Plugin, told},
    types::{EventBody, RawEvent, Scheduled},
};

/// A started plugin and the fake host around it. One at a time per thread: a new one begins with a new host.
pub struct Harness<P: Plugin> {
    plugin: Option<RwLock<P>>,
}

/// What became of one event.
#[derive(Clone, Debug, Default)]
pub struct Delivery {
    /// The answers to it, in order.
    pub replies: Vec<Message>,
    /// The handlers that ran, in order, each with its outcome or its error.
    pub outcomes: Vec<(&'static str, Result<Outcome, String>)>,
}

impl<P: Plugin> Default for Harness<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: Plugin> Harness<P> {
    /// Starts the plugin, with no config.
    #[must_use]
    pub fn new() -> Self {
        Self::with_config(json!({}))
    }

    /// Starts the plugin with a config, to which the schema's defaults are added as the host does.
    #[must_use]
    pub fn with_config(config: Value) -> Self {
        executor::clear();
        let Manifest { permissions, config: schema, .. } = P::MANIFEST;
        let mut config = config;
        if let (Some(schema), Value::Object(config)) = (schema, &mut config) {
            let schema: Value = serde_json::from_str(&schema()).expect("a schema is JSON");
            for (key, property) in schema["properties"].as_object().into_iter().flatten() {
                if let Some(default) = property.get("default") {
                    config.entry(key.clone()).or_insert_with(|| default.clone());
                }
            }
        }
        with(|host| {
            *host = FakeHost {
                granted: permissions.iter().map(|permission| permission.name.to_owned()).collect(),
                config,
                bots: vec![events::bot()],
                ..FakeHost::default()
            };
        });
        let mut harness = Self { plugin: None };
        harness.begin(None);
        harness
    }

    /// The manifest as the host would read it.
    #[must_use]
    pub fn manifest(&self) -> Value {
        serde_json::from_str(&P::MANIFEST.to_json()).expect("a manifest is JSON")
    }

    fn begin(&mut self, state: Option<Vec<u8>>) {
        let plugin =
            run(P::create(state)).unwrap_or_else(|error| panic!("the plugin does not start: {error}"));
        self.plugin = Some(RwLock::new(plugin));
    }

    /// Delivers an event and gives the replies: a text is a private message of user 10001.
    ///
    /// # Panics
    /// When a handler fails; [`deliver`](Self::deliver) gives the error instead.
    pub fn say(&mut self, event: impl Into<RawEvent>) -> Vec<Message> {
        let Delivery { replies, outcomes } = self.deliver(event);
        for (handler, outcome) in outcomes {
            if let Err(error) = outcome {
                panic!("handler `{handler}` failed: {error}");
            }
        }
        replies
    }

    /// Delivers an event to the handlers that it is for, by priority, one after the other.
    pub fn deliver(&mut self, event: impl Into<RawEvent>) -> Delivery {
        self.deliver_all([event.into()]).pop().unwrap_or_default()
    }

    /// Delivers events that are handled at once, beginning in order.
    pub fn deliver_all(&mut self, events: impl IntoIterator<Item = RawEvent>) -> Vec<Delivery> {
        let events: Vec<RawEvent> = events.into_iter().collect();
        let ids: Vec<_> = events.iter().map(|event| event.id.clone()).collect();
        with(|host| host.events.extend(events.iter().map(|event| (event.id.clone(), event.clone()))));
        let plugin = self.plugin();
        let outcomes = executor::run_all(
            events
                .into_iter()
                .map(|event| Box::pin(offer(plugin, event)) as Pin<Box<dyn Future<Output = _> + '_>>)
                .collect(),
        );
        let replies = |id: &String| {
            with(|host| {
                host.sent
                    .iter()
                    .filter(|sent| sent.event.as_ref() == Some(id))
                    .map(|sent| sent.message.clone())
                    .collect()
            })
        };
        ids.iter().zip(outcomes).map(|(id, outcomes)| Delivery { replies: replies(id), outcomes }).collect()
    }

    /// Runs one handler with the arguments that the host would give, as they stand in the contract.
    ///
    /// # Errors
    /// The handler's, as the host would log it.
    pub fn handle(
        &mut self,
        handler: &str,
        event: impl Into<RawEvent>,
        args: &Value,
    ) -> Result<Outcome, String> {
        let event = event.into();
        with(|host| host.events.insert(event.id.clone(), event.clone()));
        run(call(self.plugin(), handler, event, args))
    }

    /// Lets a cron handler's time come.
    ///
    /// # Errors
    /// The handler's.
    pub fn tick(&mut self, handler: &str) -> Result<Outcome, String> {
        let due = with(|host| host.now);
        let scheduled = Scheduled { name: handler.to_owned(), due, data: None, missed: 0 };
        self.handle(handler, events::event(EventBody::Scheduled(scheduled)), &json!({}))
    }

    /// Lets time pass: for spawned tasks, and for timers, whose events are delivered.
    pub fn advance(&mut self, time: Duration) -> Vec<Delivery> {
        let until = with(|host| host.now) + time.as_secs_f64();
        let mut deliveries = Vec::new();
        while let Some((name, due, data)) = next_timer(until) {
            executor::advance(due);
            let scheduled = Scheduled { name, due, data, missed: 0 };
            deliveries.push(self.deliver(events::event(EventBody::Scheduled(scheduled))));
        }
        executor::advance(until);
        deliveries
    }

    /// Stops the plugin and starts it with the state that it hands over; storage stays.
    pub fn reload(&mut self) {
        let plugin = self.plugin.take().expect("a harness has a plugin");
        let state = run(P::stop(&plugin, "reload"));
        executor::clear();
        self.begin(state);
    }

    /// Stops the plugin and starts it without a state, as after a restart of the host; storage stays.
    pub fn restart(&mut self) {
        let plugin = self.plugin.take().expect("a harness has a plugin");
        run(P::stop(&plugin, "shutdown"));
        executor::clear();
        self.begin(None);
    }

    /// What a later wait will get, if it fits what is waited for. Without it, waits time out.
    pub fn next_message(&mut self, event: impl Into<RawEvent>) {
        let event = event.into();
        with(|host| host.next_messages.push_back(event));
    }

    /// Says what a function of the host answers from now on, as `"groups.member"` or `"bots.call"`, in the contract's
    /// JSON form. The closure gets the parameters by name.
    pub fn answer(
        &mut self,
        function: &str,
        answer: impl FnMut(&Value) -> Result<Value, HostError> + 'static,
    ) {
        with(|host| host.answers.insert(function.to_owned(), Box::new(answer)));
    }

    /// Says which packets the calls of [`bots::call_stream`](crate::bots::call_stream) bring from now on, or how they fail.
    /// The closure gets `bot`, `action` and `params`.
    pub fn answer_stream(
        &mut self,
        answer: impl FnMut(&Value) -> Result<Vec<Result<Value, HostError>>, HostError> + 'static,
    ) {
        with(|host| host.stream_answer = Some(Box::new(answer)));
    }

    /// Takes a permission away.
    pub fn deny(&mut self, permission: &str) {
        with(|host| host.granted.retain(|granted| granted != permission));
    }

    /// Names a superuser.
    pub fn superuser(&mut self, user: &str) {
        with(|host| host.superusers.push(user.to_owned()));
    }

    /// Gives an event the platform's JSON.
    pub fn original(&mut self, event: &RawEvent, json: Value) {
        with(|host| host.originals.insert(event.id.clone(), json));
    }

    /// Everything that was sent, replies included.
    #[must_use]
    pub fn sent(&self) -> Vec<Sent> {
        with(|host| host.sent.clone())
    }

    /// Every other call that goes out: its name and its parameters.
    #[must_use]
    pub fn calls(&self) -> Vec<(String, Value)> {
        with(|host| host.calls.clone())
    }

    /// The log's lines.
    #[must_use]
    pub fn log(&self) -> Vec<(Level, String)> {
        with(|host| host.log.clone())
    }

    /// A stored value.
    #[must_use]
    pub fn stored<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        with(|host| serde_json::from_slice(host.due(key)?).ok())
    }

    fn plugin(&self) -> &RwLock<P> {
        self.plugin.as_ref().expect("a harness has a plugin")
    }
}

pub(super) fn run<T>(future: impl Future<Output = T>) -> T {
    executor::run_all(vec![Box::pin(future)]).pop().expect("one future gives one result")
}

async fn call<P: Plugin>(
    plugin: &RwLock<P>,
    handler: &str,
    event: RawEvent,
    args: &Value,
) -> Result<Outcome, String> {
    let call = told(Call::new(event, &args.to_string()))?;
    told(P::handle(plugin, handler, call).await)
}

async fn offer<P: Plugin>(
    plugin: &RwLock<P>,
    event: RawEvent,
) -> Vec<(&'static str, Result<Outcome, String>)> {
    let mut handlers: Vec<&HandlerSpec> = P::MANIFEST.handlers.iter().collect();
    handlers.sort_by_key(|handler| std::cmp::Reverse(handler.priority));
    let superusers = with(|host| host.superusers.clone());
    let mut outcomes = Vec::new();
    for handler in handlers {
        let Some(args) = matching::arguments(handler, &event, &superusers) else { continue };
        let outcome = call(plugin, handler.name, event.clone(), &args).await;
        let done = handler.block && outcome != Ok(Outcome::Passed);
        outcomes.push((handler.name, outcome));
        if done {
            break;
        }
    }
    outcomes
}

fn next_timer(until: f64) -> Option<(String, f64, Option<String>)> {
    with(|host| {
        let next = host.timers.iter().min_by(|(_, (a, _)), (_, (b, _))| a.total_cmp(b))?;
        let (name, due) = (next.0.clone(), next.1.0);
        if due > until {
            return None;
        }
        let (_, data) = host.timers.remove(&name)?;
        Some((name, due, data))
    })
}

impl<P: Plugin> std::fmt::Debug for Harness<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Harness").field("plugin", &P::MANIFEST.id).finish()
    }
}
