//! Putting jobs into mailboxes, in order, and waiting for handlers that block.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tracing::{debug, info, warn};

use super::builtin::{Asked, BuiltIn};
use super::conditions::is_superuser;
use super::place::chat_of;
use super::table::{Entry, Found};
use super::turns::Turn;
use super::{Board, Router, help, manage, pages, rates};
use crate::model::{self, EventBody, Incoming, Kept};
use crate::plugin::mailbox::{Full, Job, Verdict};
use crate::plugin::manifest::{CooldownScope, Rate, Trigger};

/// A full mailbox is worth a line this often, for each plugin.
const WARN_EVERY: Duration = Duration::from_secs(5);
/// What the host answers one user itself, unless the owner says how often commands may be used: more than anybody asks who
/// reads the answers.
const ANSWERS: Rate = Rate { count: 20, seconds: 60.0, scope: CooldownScope::User };

/// Stands for all commands of all plugins.
static ALL: LazyLock<Arc<str>> = LazyLock::new(|| Arc::from(""));

/// What is left to do for one event.
struct Run {
    board: Arc<Board>,
    incoming: Arc<Incoming>,
    kept: Option<Arc<Kept>>,
    steps: VecDeque<Step>,
}

enum Step {
    Handler(Found),
    /// The host's own answer.
    Own(Asked),
    /// The host says this.
    Say(String),
}

/// Counts as pending until it is dropped.
pub(super) struct Pending(pub(super) Arc<Router>);

/// A handler that is waited for.
struct Awaited {
    entry: usize,
    verdict: oneshot::Receiver<Verdict>,
}

impl Router {
    /// Gives an event that is let in to whoever waits for it, else to every handler that wants it. Never waits. Must be called
    /// inside a tokio runtime.
    pub fn route(self: &Arc<Self>, incoming: Incoming) {
        count(&self.counts.events);
        if let Some(key) = &incoming.dedup
            && !self.dedup.is_new(&incoming.event.bot.id, key, self.clock.instant())
        {
            debug!(bot = %incoming.event.bot.id, key, "dropped an event that came before");
            count(&self.counts.duplicates);
            return;
        }
        if let Some(reason) = self.present.load().rules.shuts_out(&incoming.event) {
            debug!(event = %incoming.event.id, reason, "not let in");
            return;
        }
        self.pass_on(incoming);
    }

    /// Gives an event to every handler that wants it.
    pub(super) fn hand_out(self: &Arc<Self>, mut incoming: Incoming) {
        let kept = incoming.kept.take().map(Arc::new);
        let board = self.board.load_full();
        let steps = self.steps(&board, &incoming);
        if steps.is_empty() {
            return;
        }
        count(&self.counts.matched);

        let mut run = Run { board, incoming: Arc::new(incoming), kept, steps };
        if run.waits() {
            let turn = self.turns.take(&run.incoming.event);
            if let Some(awaited) = self.advance(&mut run) {
                self.later(run, turn, Some(awaited));
            }
        } else if self.turns.are_taken(&run.incoming.event) {
            let turn = self.turns.take(&run.incoming.event);
            self.later(run, turn, None);
        } else {
            self.advance(&mut run);
        }
    }

    fn steps(&self, board: &Board, incoming: &Incoming) -> VecDeque<Step> {
        let present = self.present.load();
        let (found, asked) = board.table.find(incoming, &present.rules);
        let mut steps: VecDeque<Step> = found.into_iter().map(Step::Handler).collect();
        if let Some(asked) = asked {
            // Like a handler of priority 0, so that a plugin which guards a chat can keep `/help` and the like out of it.
            let before = |step: &Step| matches!(step, Step::Handler(found) if board.entry(found).handler().priority > 0);
            let at = steps.iter().take_while(|step| before(step)).count();
            steps.insert(at, Step::Own(asked));
        }
        self.keep_to_the_rate(board, incoming, &mut steps);
        steps
    }

    /// Says how a command is used, as often as it may run. Counted apart from the runs, so that a slip costs none.
    fn correct(self: &Arc<Self>, run: &Run, rank: usize, wrong: String) {
        let Entry { id, name, rates, .. } = &run.board.table.entries[rank];
        if self.has_room(run, (id, name), rates) && self.may_answer(run) {
            self.say(run, async { vec![wrong] });
        }
    }

    /// Whether the host still answers this user itself. The owner's rate for commands bounds that as well.
    fn may_answer(self: &Arc<Self>, run: &Run) -> bool {
        let present = self.present.load();
        present.command_rate.is_some()
            || is_superuser(&run.incoming.event, &present.rules.superusers)
            || self.has_room(run, (&*ALL, &*ALL), &[ANSWERS])
    }

    /// Counts an answer of the host's own; or says once that there were too many.
    fn has_room(self: &Arc<Self>, run: &Run, to: (&Arc<str>, &Arc<str>), rates: &[Rate]) -> bool {
        let event = &run.incoming.event;
        let Err(early) = self.answers.start(to.0, to.1, rates, event, self.clock.instant()) else {
            return true;
        };
        debug!(event = %event.id, "answered often enough");
        if early.tell {
            let text = rates::later(early.wait, self.present.load().rules.language);
            self.say(run, async { vec![text] });
        }
        false
    }

    /// Takes the commands out when their user had enough of them for now.
    fn keep_to_the_rate(&self, board: &Board, incoming: &Incoming, steps: &mut VecDeque<Step>) {
        let present = self.present.load();
        let Some(rate) = present.command_rate else { return };
        let event = &incoming.event;
        if !steps.iter().any(|step| step.is_command(board)) || is_superuser(event, &present.rules.superusers)
        {
            return;
        }
        if let Err(early) = self.rates.start(&ALL, &ALL, &[rate], event, self.clock.instant()) {
            debug!(event = %event.id, "too many commands of this user");
            steps.retain(|step| !step.is_command(board));
            if early.tell {
                steps.push_front(Step::Say(rates::later(early.wait, present.rules.language)));
            }
        }
    }

    /// Does what is left after a verdict or an earlier event, in a task of its own.
    fn later(self: &Arc<Self>, mut run: Run, mut turn: Turn, mut awaited: Option<Awaited>) {
        let pending = Pending::new(self);
        tokio::spawn(async move {
            let router = &pending.0;
            let verdict = match awaited.take() {
                Some(awaited) => router.verdict(&run, awaited).await,
                None => Verdict::Passed,
            };
            // Also with an event that is done with: who comes after it waits for those before it.
            turn.come().await;
            if verdict == Verdict::Handled {
                return;
            }
            while let Some(awaited) = router.advance(&mut run) {
                if router.verdict(&run, awaited).await == Verdict::Handled {
                    return;
                }
            }
        });
    }

    /// Takes steps until one has to be waited for.
    fn advance(self: &Arc<Self>, run: &mut Run) -> Option<Awaited> {
        while let Some(step) = run.steps.pop_front() {
            match step {
                Step::Own(asked) => {
                    if self.may_answer(run) {
                        self.answer(run, asked);
                    }
                }
                Step::Say(text) => self.say(run, async { vec![text] }),
                Step::Handler(Found { rank, args: Err(wrong) }) => {
                    self.correct(run, rank, wrong);
                    if run.board.table.entries[rank].handler().block {
                        // The command is answered, as if its handler had answered.
                        run.steps.clear();
                    }
                }
                Step::Handler(Found { rank, args: Ok(args) }) => {
                    let awaited = self.queue(run, rank, args);
                    if awaited.is_some() {
                        return awaited;
                    }
                }
            }
        }
        None
    }

    /// Queues one handler's job, if its rates allow it and there is room. A handler that blocks but was not queued has
    /// passed; later ones still wait for their turn.
    fn queue(self: &Arc<Self>, run: &Run, rank: usize, args: String) -> Option<Awaited> {
        let entry = &run.board.table.entries[rank];
        let handler = entry.handler();
        let event = &run.incoming.event;
        let (sender, awaited) = if handler.block && !run.steps.is_empty() {
            let (sender, verdict) = oneshot::channel();
            (Some(sender), Some(Awaited { entry: rank, verdict }))
        } else {
            (None, None)
        };
        if !entry.rates.is_empty()
            && let Err(early) =
                self.rates.start(&entry.id, &entry.name, &entry.rates, event, self.clock.instant())
        {
            debug!(plugin = %entry.id, handler = %entry.name, event = %event.id, "it ran often enough");
            if early.tell && matches!(handler.on, Trigger::Command(_)) {
                let text = rates::later(early.wait, self.present.load().rules.language);
                self.say(run, async { vec![text] });
            }
            return awaited;
        }
        let job = Job {
            event: Arc::clone(&run.incoming),
            handler: Arc::clone(&entry.name),
            args,
            verdict: sender,
            kept: run.kept.clone(),
            second_try: false,
        };
        match run.board.listeners[entry.plugin].mailbox.push(job) {
            Ok(()) => count(&self.counts.queued),
            Err(full) => {
                count(&self.counts.shed);
                self.warn_full(entry, full);
            }
        }
        awaited
    }

    /// Whether it is a command of some plugin, or `/help`.
    pub(super) fn is_command(&self, incoming: &Incoming) -> bool {
        let EventBody::Message(message) = &incoming.event.body else { return false };
        self.board.load().table.is_command(message, &self.present.load().rules)
    }

    /// An event has found somebody.
    pub(super) fn count_matched(&self) {
        count(&self.counts.matched);
    }

    /// What a handler answers. One that fails, or does not answer in time, passes.
    async fn verdict(&self, run: &Run, awaited: Awaited) -> Verdict {
        let waited = self.present.load().verdict_wait;
        match tokio::time::timeout(waited, awaited.verdict).await {
            Ok(answer) => answer.unwrap_or(Verdict::Passed),
            Err(_) => {
                let entry = &run.board.table.entries[awaited.entry];
                warn!(
                    plugin = %entry.id, handler = %entry.name, event = %run.incoming.event.id,
                    "no verdict within {waited:?} from a handler that blocks; later handlers go on without it"
                );
                Verdict::Passed
            }
        }
    }

    fn answer(self: &Arc<Self>, run: &Run, asked: Asked) {
        let (present, board, event) =
            (self.present.load_full(), Arc::clone(&run.board), Arc::clone(&run.incoming.event));
        match asked {
            Asked::Own(BuiltIn::Help, about) => {
                self.say(run, async move { vec![help::about(&board, &about, &event, &present.rules)] });
            }
            Asked::Below(parent) => self.say(run, async move {
                help::below(&board, &parent, &event, &present.rules).into_iter().collect()
            }),
            // Here and not in the task, so that the next message already finds it done.
            Asked::Own(BuiltIn::Plugin, rest) => {
                let done = manage::carry_out(&board, &rest, &event, &present.rules);
                let router = Arc::clone(self);
                self.say(run, async move {
                    let mut answer = done.answer;
                    if let Some((plugin, place)) = done.keep {
                        // Here and not before: who routes this event may hold those who wait.
                        router.end_waits(Some(&plugin));
                        info!(plugin, place, bot = %event.bot.id, event = %event.id, "switched: {answer}");
                        if let Err(e) = present.rules.switches.keep(&plugin, &place).await {
                            warn!(plugin, place, "a switch cannot be remembered: {e:?}");
                            answer.push_str(present.rules.language.pick(
                                "但没能保存，重启后失效。",
                                " But it cannot be saved and ends with the next restart.",
                            ));
                        }
                    }
                    pages::split(&answer)
                });
            }
        }
    }

    /// Answers an event in its chat, in a task of its own.
    fn say(self: &Arc<Self>, run: &Run, pages: impl Future<Output = Vec<String>> + Send + 'static) {
        let incoming = Arc::clone(&run.incoming);
        let pending = Pending::new(self);
        tokio::spawn(async move {
            let pages = pages.await;
            let router = &pending.0;
            let event = &incoming.event;
            let (Some(chat), Some(bot)) = (chat_of(&event.body), router.bots.get(&event.bot.id)) else {
                warn!(bot = %event.bot.id, "the host's own answer cannot be sent: no such bot");
                return;
            };
            for page in pages {
                if let Err(e) = bot.send(&chat, &model::text(page), Some(&incoming), false).await {
                    warn!(bot = %event.bot.id, event = %event.id, "the host's own answer cannot be sent: {e:?}");
                    return;
                }
            }
        });
    }

    fn warn_full(&self, entry: &Entry, full: Full) {
        let now = self.clock.instant();
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        let last = warned.get(&entry.id);
        if last.is_none_or(|last| now.duration_since(*last) >= WARN_EVERY) {
            warned.insert(Arc::clone(&entry.id), now);
            let shed = full.shed;
            warn!(
                plugin = %entry.id,
                "mailbox full: the newest event is lost, {shed} so far; the plugin is too slow, or raise \
                 `mailbox` in [plugin.{}.limits]", entry.id
            );
        }
    }
}

impl Board {
    fn entry(&self, found: &Found) -> &Entry {
        &self.table.entries[found.rank]
    }
}

impl Step {
    fn is_command(&self, board: &Board) -> bool {
        match self {
            Self::Handler(found) => matches!(board.entry(found).handler().on, Trigger::Command(_)),
            Self::Own(_) => true,
            Self::Say(_) => false,
        }
    }
}

impl Run {
    /// Whether a later step depends on an earlier one.
    fn waits(&self) -> bool {
        let blocks =
            |step: &Step| matches!(step, Step::Handler(found) if self.board.entry(found).handler().block);
        self.steps.iter().rev().skip(1).any(blocks)
    }
}

impl Pending {
    pub(super) fn new(router: &Arc<Router>) -> Self {
        router.pending.send_modify(|pending| *pending += 1);
        Self(Arc::clone(router))
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.0.pending.send_modify(|pending| *pending -= 1);
    }
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
