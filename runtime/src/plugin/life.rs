//! A plugin's whole life: one task that owns it from its first version to its end, through crashes and swaps.

use std::pin::pin;
use std::sync::{Arc, RwLock};
use std::time::Instant;

use tokio::sync::{mpsc, oneshot, watch};
use tracing::{error, info, warn};

use super::activity::Activity;
use super::engine::Sandbox;
use super::faults::{Faults, Verdict};
use super::instance::{Ended, Ending, live};
use super::loader::Version;
use super::mailbox::Mailbox;
use super::manifest::Manifest;
use crate::host::{Caller, Surroundings};

/// What a plugin is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Status {
    /// `start` has not answered yet.
    Starting,
    /// It takes events.
    Running,
    /// It crashed and will begin anew.
    BackingOff,
    /// It crashed too often; it waits for another file, or for the owner.
    Quarantined,
    /// It has ended.
    Stopped,
}

/// A plugin that lives in this host.
pub(crate) struct Plugin {
    pub(crate) id: Arc<str>,
    pub(crate) mailbox: Arc<Mailbox>,
    pub(crate) status: watch::Receiver<Status>,
    activity: Arc<Activity>,
    manifest: Arc<RwLock<Arc<Manifest>>>,
    orders: mpsc::UnboundedSender<Order>,
}

/// Hears that a swap has succeeded, or why not.
type Done = oneshot::Sender<Result<(), String>>;

/// Why another version comes, in the words of the contract's `stop`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// The file changed.
    Reload,
    /// The owner's settings changed.
    Config,
}

enum Order {
    Swap { version: Arc<Version>, why: Why, done: Done },
    Close { reason: &'static str, done: oneshot::Sender<()> },
}

/// What a plugin's task works with.
pub(crate) struct Home {
    pub(crate) sandbox: Arc<Sandbox>,
    pub(crate) surroundings: Arc<Surroundings>,
    /// Told whenever another version takes over or the plugin falls out.
    pub(crate) changed: Arc<dyn Fn() + Send + Sync>,
}

impl Plugin {
    /// Brings the first version to life, in the background.
    pub(crate) fn begin(home: Home, version: Arc<Version>) -> Self {
        let id: Arc<str> = version.manifest.id.as_str().into();
        let mailbox = Arc::new(Mailbox::new(version.limits.mailbox));
        let manifest = Arc::new(RwLock::new(Arc::clone(&version.manifest)));
        let (orders, inbox) = mpsc::unbounded_channel();
        let (status, watched) = watch::channel(Status::Starting);
        let activity = Arc::clone(&home.surroundings.activity);
        let keeper = Keeper {
            faults: Faults::new(version.limits.backoff),
            home,
            mailbox: Arc::clone(&mailbox),
            manifest: Arc::clone(&manifest),
            status,
            before: None,
        };
        tokio::spawn(keeper.keep(version, inbox));
        Self { id, mailbox, status: watched, activity, manifest, orders }
    }

    /// The manifest of the version at work.
    pub(crate) fn manifest(&self) -> Arc<Manifest> {
        Arc::clone(&self.manifest.read().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// Whether nothing happens in it unless something comes from outside: all handlers are done, or rest.
    pub(crate) fn is_at_rest(&self) -> bool {
        match *self.status.borrow() {
            Status::Starting => false,
            Status::Running => self.mailbox.is_empty() && self.activity.is_quiet(),
            Status::BackingOff | Status::Quarantined | Status::Stopped => true,
        }
    }

    /// Returns when it [is at rest](Self::is_at_rest).
    pub(crate) async fn at_rest(&self) {
        let mut status = self.status.clone();
        loop {
            status.mark_unchanged();
            let mut rest = pin!(self.activity.rest());
            rest.as_mut().enable();
            if self.is_at_rest() {
                return;
            }
            tokio::select! {
                () = rest => {}
                changed = status.changed() => if changed.is_err() { return },
            }
        }
    }

    /// Puts another version in place, after those that were ordered before. The answer comes when it has started, or
    /// says why the old one stays.
    pub(crate) fn swap(&self, version: Arc<Version>, why: Why) -> oneshot::Receiver<Result<(), String>> {
        let (done, answer) = oneshot::channel();
        // A plugin that has ended drops `done`, which its receiver notices.
        let _ = self.orders.send(Order::Swap { version, why, done });
        answer
    }

    /// Ends it: running handlers may finish, `stop` is called with the reason.
    pub(crate) async fn close(&self, reason: &'static str) {
        let (done, answer) = oneshot::channel();
        if self.orders.send(Order::Close { reason, done }).is_ok() {
            let _ = answer.await;
        }
    }
}

/// The version before the one on trial, and the state that it handed over.
struct Before {
    version: Arc<Version>,
    state: Option<Vec<u8>>,
    /// Who waits to hear whether the swap succeeded.
    done: Option<Done>,
}

struct Keeper {
    home: Home,
    mailbox: Arc<Mailbox>,
    manifest: Arc<RwLock<Arc<Manifest>>>,
    status: watch::Sender<Status>,
    faults: Faults,
    before: Option<Before>,
}

impl Keeper {
    async fn keep(mut self, mut version: Arc<Version>, mut orders: mpsc::UnboundedReceiver<Order>) {
        let mut state = None;
        loop {
            let id = version.manifest.id.clone();
            self.install(&version);
            let begun = Instant::now();
            let (ended, order, started) = self.one_life(&version, state.take(), &mut orders).await;
            let lived = begun.elapsed();
            self.mailbox.push_front(ended.unfinished);

            let (reason, refused) = match ended.ending {
                Ending::Stopped { state: handed } => match order {
                    Some(Order::Swap { version: next, done, .. }) => {
                        self.before = Some(Before { version, state: handed.clone(), done: Some(done) });
                        self.faults.on_trial(Instant::now());
                        (version, state) = (next, handed);
                        continue;
                    }
                    Some(Order::Close { done, .. }) => return self.end(Some(done)),
                    None => return self.end(None),
                },
                Ending::Refused(reason) => (reason, true),
                Ending::Fault(reason) => (reason, false),
            };

            // A new version that does not even start: the old one goes on as if nothing had been.
            if !started && let Some(before) = self.before.take() {
                let reason = if refused { format!("its start() failed: {reason}") } else { reason };
                // Two versions of one file differ in the owner's settings alone.
                let (new, old) = if Arc::ptr_eq(&version.manifest, &before.version.manifest) {
                    ("it does not start with its new settings", "those before stay")
                } else {
                    ("the new version does not start", "the version before stays")
                };
                error!(plugin = %id, "{new}, {old}: {reason}");
                if let Some(done) = before.done {
                    let _ = done.send(Err(reason));
                }
                self.faults.forget();
                (version, state) = (before.version, before.state);
                match order {
                    Some(Order::Swap { version: next, done, .. }) => {
                        self.before = Some(Before { version, state: state.clone(), done: Some(done) });
                        version = next;
                    }
                    Some(Order::Close { done, .. }) => return self.end(Some(done)),
                    None => {}
                }
                continue;
            }
            let reason = if refused { format!("start() failed: {reason}") } else { reason };
            match order {
                Some(Order::Close { done, .. }) => {
                    error!(plugin = %id, "it crashed while it was stopped: {reason}");
                    return self.end(Some(done));
                }
                Some(Order::Swap { version: next, done, .. }) => {
                    error!(plugin = %id, "it crashed while it was replaced: {reason}");
                    self.before = Some(Before { version, state: None, done: Some(done) });
                    self.faults.on_trial(Instant::now());
                    version = next;
                    continue;
                }
                None => {}
            }
            match self.faults.fault(Instant::now(), lived) {
                Verdict::RollBack => {
                    if let Some(before) = self.before.take() {
                        error!(plugin = %id, "crashed for the third time in its first minute, going back to the version before: {reason}");
                        (version, state) = (before.version, before.state);
                        continue;
                    }
                }
                Verdict::Wait(wait) => {
                    error!(plugin = %id, "crashed, begins anew in {wait:?}: {reason}");
                    self.status.send_replace(Status::BackingOff);
                    let clock = self.home.surroundings.clock.clone();
                    tokio::select! {
                        () = clock.sleep(wait) => continue,
                        order = orders.recv() => match self.out_of_order(order) {
                            Some((next, done)) => self.replace(&mut version, next, done),
                            None => return,
                        },
                    }
                    continue;
                }
                Verdict::Quarantine => {}
            }
            error!(
                plugin = %id,
                "crashed again and again and is put aside until its file changes or iglu restarts: {reason}"
            );
            self.status.send_replace(Status::Quarantined);
            (self.home.changed)();
            let lost = self.mailbox.drain().len();
            if lost > 0 {
                warn!(plugin = %id, "{lost} waiting events are dropped with it");
            }
            let order = orders.recv().await;
            match self.out_of_order(order) {
                Some((next, done)) => self.replace(&mut version, next, done),
                None => return,
            }
        }
    }

    /// Runs one instance until it ends. Answers also the order that ended it, and whether it had started.
    async fn one_life(
        &mut self,
        version: &Arc<Version>,
        state: Option<Vec<u8>>,
        orders: &mut mpsc::UnboundedReceiver<Order>,
    ) -> (Ended, Option<Order>, bool) {
        let caller = Arc::new(Caller::new(&self.home.surroundings, version, &self.mailbox));
        let (halt, halted) = watch::channel(None);
        let (started, mut has_started) = oneshot::channel();
        let mailbox = Arc::clone(&self.mailbox);
        let sandbox = Arc::clone(&self.home.sandbox);
        let life = live(&sandbox, version, caller, &mailbox, state, halted, move || {
            let _ = started.send(());
        });
        tokio::pin!(life);
        let mut order = None;
        let mut is_started = false;
        let ended = loop {
            tokio::select! {
                biased;
                Ok(()) = &mut has_started, if !is_started => {
                    is_started = true;
                    self.on_started(version);
                }
                ended = &mut life => break ended,
                next = orders.recv(), if order.is_none() => {
                    let reason = match &next {
                        Some(Order::Swap { why: Why::Reload, .. }) => "reload",
                        Some(Order::Swap { why: Why::Config, .. }) => "config",
                        Some(Order::Close { reason, .. }) => reason,
                        None => "shutdown",
                    };
                    halt.send_replace(Some(reason));
                    order = next.or(Some(Order::Close { reason, done: oneshot::channel().0 }));
                }
            }
        };
        // It may have started and ended in one go.
        if !is_started && has_started.try_recv().is_ok() {
            is_started = true;
            self.on_started(version);
        }
        (ended, order, is_started)
    }

    fn on_started(&mut self, version: &Version) {
        self.status.send_replace(Status::Running);
        let (id, number) = (&version.manifest.id, &version.manifest.version);
        info!(plugin = %id, version = %number, file = %version.file.display(), "running");
        if let Some(done) = self.before.as_mut().and_then(|before| before.done.take()) {
            let _ = done.send(Ok(()));
        }
    }

    /// From now on the router matches for this version.
    fn install(&mut self, version: &Version) {
        self.mailbox.resize(version.limits.mailbox);
        self.faults.wait_from(version.limits.backoff);
        *self.manifest.write().unwrap_or_else(std::sync::PoisonError::into_inner) =
            Arc::clone(&version.manifest);
        self.status.send_replace(Status::Starting);
        (self.home.changed)();
    }

    /// An order for a plugin of which no instance runs.
    fn out_of_order(&self, order: Option<Order>) -> Option<(Arc<Version>, Done)> {
        match order {
            Some(Order::Swap { version, done, .. }) => Some((version, done)),
            Some(Order::Close { done, .. }) => {
                self.end(Some(done));
                None
            }
            None => {
                self.end(None);
                None
            }
        }
    }

    /// Another version in place of one that was down. There is nothing worth going back to.
    fn replace(&mut self, version: &mut Arc<Version>, next: Arc<Version>, done: Done) {
        *version = next;
        self.before = None;
        self.faults.forget();
        let _ = done.send(Ok(()));
    }

    fn end(&self, done: Option<oneshot::Sender<()>>) {
        let lost = self.mailbox.drain().len();
        if lost > 0 {
            let manifest = self.manifest.read().unwrap_or_else(std::sync::PoisonError::into_inner);
            warn!(plugin = %manifest.id, "{lost} waiting events were not handled before it ended");
        }
        self.status.send_replace(Status::Stopped);
        if let Some(done) = done {
            let _ = done.send(());
        }
    }
}
