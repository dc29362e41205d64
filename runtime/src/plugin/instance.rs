//! One instance of a plugin, from `start` to its end.
//!
//! The store's event loop runs for the whole life of the instance, so that what a plugin leaves running goes on between
//! events. Handlers start in the order of the mailbox. From outside, a watch keeps the wall clock: it also works while a
//! guest holds the store in a blocking call, when nothing inside the loop is polled.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::watch;
use tracing::{error, warn};
use wasmtime::AsContextMut as _;
use wasmtime::component::{Accessor, TypedFunc};

use super::engine::{Ctx, Sandbox};
use super::flight::Left;
use super::loader::Version;
use super::mailbox::{Job, Mailbox, Verdict};
use super::room::Full;
use crate::config::Limits;
use crate::host::{Caller, finish_drafts};
use crate::model::Event;
use crate::model::contract::exports::iglu::plugin::guest::{Guest, Outcome};
use crate::schedule::is_cron;

/// Handlers that are told to finish up, because their grace is over, have this long to do so.
const FAREWELL: Duration = Duration::from_millis(100);

/// `handle`, with arguments that are lowered from where they are instead of from copies.
pub(super) type Handle = TypedFunc<(Arc<str>, Arc<Event>, String), (Result<Outcome, String>,)>;

/// How a life ended.
pub(crate) enum Ending {
    /// In order, by `stop`. The state is for the successor.
    Stopped { state: Option<Vec<u8>> },
    /// `start` answered an error, or never answered.
    Refused(String),
    /// It trapped, or had to be ended.
    Fault(String),
}

/// What is left of an instance.
pub(crate) struct Ended {
    pub(crate) ending: Ending,
    /// Jobs for the next instance, in order.
    pub(crate) unfinished: Vec<Job>,
}

/// What an instance is doing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Starting,
    Serving,
    Stopping,
}

struct Life<'a> {
    caller: &'a Arc<Caller>,
    version: &'a Version,
    mailbox: &'a Mailbox,
    phase: Mutex<(Phase, Instant)>,
}

/// Lives until `halt` holds a reason, or a fault. Calls `started` once `start` has answered.
pub(crate) async fn live(
    sandbox: &Sandbox,
    version: &Version,
    caller: Arc<Caller>,
    mailbox: &Mailbox,
    state: Option<Vec<u8>>,
    mut halt: watch::Receiver<Option<&'static str>>,
    started: impl FnOnce() + Send,
) -> Ended {
    let limits = &version.limits;
    let life =
        Life { caller: &caller, version, mailbox, phase: Mutex::new((Phase::Starting, Instant::now())) };
    let (mut store, cpu) = sandbox.store(Arc::clone(&caller), limits);
    caller.runs_on(cpu.clone());

    let result = {
        let run = async {
            let plugin = version.pre.instantiate_async(&mut store).await?;
            let guest = plugin.iglu_plugin_guest();
            store
                .run_concurrent(async |accessor| life.run(accessor, guest, state, &mut halt, started).await)
                .await?
        };
        let activity = caller.activity().cloned().unwrap_or_default();
        tokio::select! {
            result = activity.watch(cpu.watch(run)) => result.map_err(|e| explain(&e, limits)),
            late = life.watch(limits) => Ok(late),
        }
    };
    // A stop that takes too long costs the state and nothing else.
    let stopping = life.phase().0 == Phase::Stopping;
    let in_flight = caller.flight.len();
    mailbox.awakes(caller.flight.wake_all());
    let ended = match result {
        Ok(Ending::Fault(reason)) | Err(reason) if stopping => {
            warn!(plugin = %version.manifest.id, "stop() failed, its state is lost: {reason}");
            Ended { ending: Ending::Stopped { state: None }, unfinished: caller.flight.abandon() }
        }
        Ok(Ending::Fault(reason)) => ended_badly(caller.flight.overran(limits.handler), reason),
        Ok(ending) => Ended { ending, unfinished: caller.flight.abandon() },
        Err(reason) => {
            let culprit = store.as_context_mut().async_call_stack().ok().and_then(|stack| stack.last());
            ended_badly(caller.flight.crash(culprit), reason)
        }
    };
    mailbox.lost(in_flight - ended.unfinished.len());
    ended
}

fn ended_badly((guilty, unfinished): (Option<Job>, Vec<Job>), reason: String) -> Ended {
    let reason = match &guilty {
        Some(job) => format!("{reason} (in handler {}, event {})", job.handler, job.event.event.id),
        None => reason,
    };
    Ended { ending: Ending::Fault(reason), unfinished }
}

impl Life<'_> {
    async fn run(
        &self,
        accessor: &Accessor<Ctx>,
        guest: &Guest,
        state: Option<Vec<u8>>,
        halt: &mut watch::Receiver<Option<&'static str>>,
        started: impl FnOnce(),
    ) -> wasmtime::Result<Ending> {
        if let Err(reason) = guest.call_start(accessor, state).await? {
            return Ok(Ending::Refused(self.version.shown(&reason).into_owned()));
        }
        let handle: Handle = accessor.with(|store| guest.func_handle().func().typed(store))?;
        self.enter(Phase::Serving);
        started();

        let mut running = FuturesUnordered::new();
        let mut rematched = String::new();
        let reason = loop {
            let room = self.caller.flight.busy() < self.version.limits.concurrency as usize;
            tokio::select! {
                biased;
                Some(done) = running.next(), if !running.is_empty() => self.settle(done)?,
                reason = halted(halt) => break reason,
                () = self.caller.flight.rested(), if !room => {}
                job = self.mailbox.pop(), if room => {
                    for job in self.current(job, &mut rematched) {
                        running.push(self.begin(accessor, handle, job)?);
                    }
                }
            }
        };

        self.enter(Phase::Stopping);
        self.caller.leave(reason);
        let limits = &self.version.limits;
        for (time, last) in [(limits.grace, false), (FAREWELL, true)] {
            let end = tokio::time::sleep(time);
            tokio::pin!(end);
            while !running.is_empty() {
                tokio::select! {
                    biased;
                    Some(done) = running.next() => if !self.gave_up(&done, last) { self.settle(done)? },
                    () = &mut end => break,
                }
            }
            if !last && !running.is_empty() {
                let (plugin, count) = (&self.version.manifest.id, running.len());
                warn!(%plugin, "{count} handlers did not end within {:?} of {reason}", limits.grace);
                self.caller.stopping.cancel();
            }
        }
        let state = guest.call_stop(accessor, reason.to_owned()).await?;
        Ok(Ending::Stopped { state })
    }

    /// Whether a handler that was told to finish up has failed without having acted. Its event stays in flight, for the
    /// next instance.
    fn gave_up(
        &self,
        (number, result): &(u64, wasmtime::Result<Result<Outcome, String>>),
        all: bool,
    ) -> bool {
        let flight = &self.caller.flight;
        matches!(result, Ok(Err(_))) && (all || flight.was_told(*number)) && flight.is_idle(*number)
    }

    /// The job in terms of this version: one that was matched for a version before and names a handler that is gone is
    /// matched anew.
    fn current(&self, job: Job, rematched: &mut String) -> Vec<Job> {
        if self.version.manifest.handler(&job.handler).is_some() {
            return vec![job];
        }
        let id = &job.event.event.id;
        if rematched == id {
            self.mailbox.became(0);
            return Vec::new();
        }
        rematched.clone_from(id);
        // A cron line is its handler's alone.
        if is_cron(&job.event) {
            self.mailbox.became(0);
            return Vec::new();
        }
        let found = self.version.matcher.matches(&job.event);
        self.mailbox.became(found.len());
        let mut verdict = job.verdict;
        found
            .into_iter()
            .map(|(handler, args)| Job {
                event: Arc::clone(&job.event),
                handler,
                args,
                verdict: verdict.take(),
                kept: job.kept.clone(),
                second_try: job.second_try,
            })
            .collect()
    }

    /// Starts a handler. The guest runs when the event loop is next at work.
    fn begin<'a>(
        &'a self,
        accessor: &'a Accessor<Ctx>,
        handle: Handle,
        job: Job,
    ) -> wasmtime::Result<impl Future<Output = (u64, wasmtime::Result<Result<Outcome, String>>)> + 'a> {
        let params = (Arc::clone(&job.handler), Arc::clone(&job.event.event), job.args.clone());
        let number = self.caller.flight.enter(job);
        let call = accessor.with(|store| handle.start_call_concurrent(store, params))?;
        self.caller.flight.runs_as(number, call.task());
        Ok(async move {
            let result = handle.finish_call_concurrent(accessor, call).await;
            if result.is_ok() {
                finish_drafts(self.caller, number).await;
            }
            (number, result.map(|(outcome,)| outcome))
        })
    }

    /// A handler ended.
    fn settle(
        &self,
        (number, result): (u64, wasmtime::Result<Result<Outcome, String>>),
    ) -> wasmtime::Result<()> {
        let outcome = result?;
        self.caller.returned();
        let Some(Left { job, taken, rested }) = self.caller.flight.leave(number) else { return Ok(()) };
        self.mailbox.awakes(usize::from(rested));
        self.caller.is_over(&job.event);
        taken.iter().for_each(|event| self.caller.is_over(event));
        self.caller.stands_up(number);
        let verdict = match outcome {
            Ok(Outcome::Passed) => Verdict::Passed,
            Ok(Outcome::Handled) => Verdict::Handled,
            Err(reason) => {
                let (plugin, event) = (&self.version.manifest.id, &job.event.event.id);
                let reason = self.version.shown(&reason);
                error!(%plugin, handler = %job.handler, %event, "the handler failed: {reason}");
                Verdict::Handled
            }
        };
        if let Some(waiting) = job.verdict {
            // Whoever waited may have given up by now.
            let _ = waiting.send(verdict);
        }
        self.mailbox.became(0);
        Ok(())
    }

    /// Keeps the wall clock; answers only when the instance must end.
    async fn watch(&self, limits: &Limits) -> Ending {
        let plugin = &self.version.manifest.id;
        let step =
            [limits.handler, limits.start, limits.stop].into_iter().min().unwrap_or(limits.handler) / 4;
        let step = step.clamp(Duration::from_millis(20), Duration::from_millis(500));
        loop {
            tokio::time::sleep(step).await;
            let (phase, since) = self.phase();
            match phase {
                Phase::Starting if since.elapsed() > limits.start => {
                    return Ending::Refused(format!("start() did not answer within {:?}", limits.start));
                }
                Phase::Stopping if since.elapsed() > limits.grace + FAREWELL + limits.stop => {
                    return Ending::Fault(format!("stop() did not answer within {:?}", limits.stop));
                }
                _ => {}
            }
            let (news, oldest) = self.caller.flight.overdue(limits.handler);
            for late in news {
                let age = late.age;
                warn!(%plugin, handler = %late.handler, event = %late.event, "the handler has been running for {age:.1?}");
            }
            if phase == Phase::Serving && oldest > limits.handler {
                let running = self.caller.flight.busy();
                if running >= limits.concurrency as usize || oldest > limits.handler * 2 {
                    return Ending::Fault(format!(
                        "a handler has been running for {oldest:.1?} (limit {:?}), {running} run at once (limit {})",
                        limits.handler, limits.concurrency
                    ));
                }
            }
        }
    }

    fn phase(&self) -> (Phase, Instant) {
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, phase: Phase) {
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner) = (phase, Instant::now());
    }
}

async fn halted(halt: &mut watch::Receiver<Option<&'static str>>) -> &'static str {
    loop {
        if let Some(reason) = *halt.borrow_and_update() {
            return reason;
        }
        if halt.changed().await.is_err() {
            return "shutdown";
        }
    }
}

/// The cause of a trap in words that an owner understands.
pub(crate) fn explain(error: &wasmtime::Error, limits: &Limits) -> String {
    let text = error.root_cause().to_string();
    if let Some(trap) = error.downcast_ref::<wasmtime::Trap>() {
        return match trap {
            wasmtime::Trap::UnreachableCodeReached => {
                "it panicked or aborted (see the line before, if it left one)".into()
            }
            wasmtime::Trap::StackOverflow => "its call stack overflowed (endless recursion?)".into(),
            // Rust keeps its stack in linear memory, below everything else.
            wasmtime::Trap::MemoryOutOfBounds => {
                "it reached beyond its memory (endless recursion, or a wild pointer)".into()
            }
            other => format!("it trapped: {other}"),
        };
    }
    if error.downcast_ref::<Full>().is_some() {
        let mib = limits.memory >> 20;
        return format!("it wanted more memory than its limit of {mib} MiB (`memory` in iglu.toml)");
    }
    text
}
