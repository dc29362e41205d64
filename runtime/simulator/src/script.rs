//! What a test has said about answers, by action, and answers that are kept back.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex},
};

use tokio::sync::watch;

use super::{Answer, lock, shared::Delivery};

/// The name that stands for every action in [`Napcat::answer`](super::Napcat::answer) and its kin.
pub const ANY: &str = "*";

/// What tests have said about answers, by action.
#[derive(Default)]
pub(super) struct Script {
    once: HashMap<String, VecDeque<Answer>>,
    always: HashMap<String, Answer>,
    holds: HashMap<String, Arc<Held>>,
}

impl Script {
    pub(super) fn always(&mut self, action: &str, answer: Answer) {
        self.always.insert(action.to_owned(), answer);
    }

    pub(super) fn once(&mut self, action: &str, answer: Answer) {
        self.once.entry(action.to_owned()).or_default().push_back(answer);
    }

    pub(super) fn forget(&mut self, action: &str) {
        self.once.remove(action);
        self.always.remove(action);
    }

    /// The answer for one request: the named action before [`ANY`], one-time answers before standing ones.
    pub(super) fn pick(&mut self, action: &str) -> Answer {
        for name in [action, ANY] {
            if let Some(answer) = self.once.get_mut(name).and_then(VecDeque::pop_front) {
                return answer;
            }
        }
        let standing = self.always.get(action).or_else(|| self.always.get(ANY));
        standing.cloned().unwrap_or_else(Answer::handled)
    }

    pub(super) fn hold(&mut self, action: &str) -> Hold {
        let held = Arc::new(Held::default());
        self.holds.insert(action.to_owned(), held.clone());
        Hold { held }
    }

    pub(super) fn held(&self, action: &str) -> Option<Arc<Held>> {
        self.holds.get(action).or_else(|| self.holds.get(ANY)).cloned()
    }
}

/// Answers that are ready and kept back, until they are released or this is dropped.
pub struct Hold {
    held: Arc<Held>,
}

impl Hold {
    /// Sends the kept answers in the order of their requests; later ones are no longer kept back.
    pub fn release(self) {
        self.held.open(false);
    }

    /// Sends the kept answers with the last one first; later ones are no longer kept back.
    pub fn release_reversed(self) {
        self.held.open(true);
    }

    pub(super) fn count(&self) -> watch::Receiver<usize> {
        self.held.count.subscribe()
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.held.open(false);
    }
}

/// The kept answers; `None` once released.
pub(super) struct Held {
    kept: Mutex<Option<Vec<Delivery>>>,
    count: watch::Sender<usize>,
}

impl Default for Held {
    fn default() -> Self {
        Self { kept: Mutex::new(Some(Vec::new())), count: watch::Sender::new(0) }
    }
}

impl Held {
    /// Keeps an answer, or sends it when nothing is kept back any more.
    pub(super) fn keep(&self, delivery: Delivery) {
        match lock(&self.kept).as_mut() {
            Some(kept) => kept.push(delivery),
            None => return delivery.go(),
        }
        self.count.send_modify(|count| *count += 1);
    }

    fn open(&self, reversed: bool) {
        let mut kept = lock(&self.kept).take().unwrap_or_default();
        if reversed {
            kept.reverse();
        }
        kept.into_iter().for_each(Delivery::go);
    }
}
