//! What the client asked: every request frame, in the order of arrival, and ways to wait for them.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use serde_json::Value;
use tokio::sync::{mpsc, watch};

use super::{Transport, cq, lock};

/// One request frame as it arrived.
#[derive(Clone, Debug)]
pub struct Call {
    /// Position among all requests of this simulator, from 0.
    pub number: usize,
    /// The connection it came by, numbered from 1; 0 for the answer to a POST.
    pub connection: u64,
    /// How it came.
    pub transport: Transport,
    /// When it was read.
    pub at: Instant,
    /// The frame's text, or the body of the HTTP request.
    pub raw: String,
    /// The frame parsed, or `action`, `params` and `echo` of an HTTP request; `Null` when it was not JSON.
    pub json: Value,
}

impl Call {
    /// The action's name as sent; empty when there is none.
    pub fn action(&self) -> &str {
        self.json["action"].as_str().unwrap_or_default()
    }

    /// The parameters; `Null` when there are none.
    pub fn params(&self) -> &Value {
        &self.json["params"]
    }

    /// The echo; `Null` when there is none.
    pub fn echo(&self) -> &Value {
        &self.json["echo"]
    }

    /// The message it sends: the parameter `message` or `messages`, or the `reply` of a quick operation.
    pub fn message(&self) -> &Value {
        let params = self.params();
        let places = [&params["message"], &params["messages"], &params["operation"]["reply"]];
        places.into_iter().find(|message| !message.is_null()).unwrap_or(&Value::Null)
    }

    /// The text segments of [`Call::message`], joined. CQ strings are decoded first.
    pub fn text(&self) -> String {
        let segments = match self.message() {
            Value::String(text) => cq::decode(text),
            Value::Array(segments) => segments.clone(),
            other => vec![other.clone()],
        };
        segments.iter().filter_map(|segment| segment["data"]["text"].as_str()).collect()
    }
}

/// The log of requests. `arrived` counts all of them, kept or not.
pub(super) struct CallLog {
    keep: bool,
    next: AtomicUsize,
    inner: Mutex<Inner>,
    pub(super) arrived: watch::Sender<usize>,
}

#[derive(Default)]
struct Inner {
    all: Vec<Arc<Call>>,
    untaken: VecDeque<Arc<Call>>,
    counts: HashMap<String, usize>,
    taps: Vec<mpsc::UnboundedSender<Arc<Call>>>,
}

impl CallLog {
    pub(super) fn new(keep: bool) -> Self {
        Self { keep, next: AtomicUsize::new(0), inner: Mutex::default(), arrived: watch::Sender::new(0) }
    }

    /// A request read but not yet shown to anyone.
    pub(super) fn read(&self, connection: u64, transport: Transport, raw: String, json: Value) -> Arc<Call> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        Arc::new(Call { number, connection, transport, at: Instant::now(), raw, json })
    }

    /// Shows a request to the test, once its effects are there.
    pub(super) fn record(&self, call: &Arc<Call>) {
        {
            let mut inner = lock(&self.inner);
            match inner.counts.get_mut(call.action()) {
                Some(count) => *count += 1,
                None => drop(inner.counts.insert(call.action().to_owned(), 1)),
            }
            if self.keep {
                inner.all.push(call.clone());
                inner.untaken.push_back(call.clone());
            }
            inner.taps.retain(|tap| tap.send(call.clone()).is_ok());
        }
        self.arrived.send_modify(|count| *count += 1);
    }

    pub(super) fn all(&self) -> Vec<Arc<Call>> {
        lock(&self.inner).all.clone()
    }

    /// The first call that matches and was not taken before.
    pub(super) fn take(&self, matches: impl Fn(&Call) -> bool) -> Option<Arc<Call>> {
        let mut inner = lock(&self.inner);
        let index = inner.untaken.iter().position(|call| matches(call))?;
        inner.untaken.remove(index)
    }

    pub(super) fn count(&self, action: &str) -> usize {
        lock(&self.inner).counts.get(action).copied().unwrap_or_default()
    }

    pub(super) fn forget(&self) {
        let mut inner = lock(&self.inner);
        inner.all.clear();
        inner.untaken.clear();
        inner.counts.clear();
    }

    pub(super) fn tap(&self) -> mpsc::UnboundedReceiver<Arc<Call>> {
        let (sender, receiver) = mpsc::unbounded_channel();
        lock(&self.inner).taps.push(sender);
        receiver
    }
}
