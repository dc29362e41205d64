//! Who waits for what a user says next.
//!
//! A wait is found by its bot, its chat and, unless anyone may end it, its user: a message looks at two short lists,
//! however many wait elsewhere. While nobody waits it looks at one number.
//!
//! A wait that was ended keeps its place for a moment, as long as its handler is at work: what would have ended it as well
//! is held back, so that a user who writes faster than the handler asks is still heard.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, Hash};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use foldhash::quality::RandomState;
use regex::Regex;
use tokio::sync::oneshot;

use super::Router;
use super::dispatch::Pending;
use super::patterns::{Shared, searched};
use super::place::chat_parts;
use crate::model::{Chat, Error, Event, EventBody, Incoming};

/// How long after a wait messages are held back for the next wait of its handler. Handlers take milliseconds between two
/// questions; people do not yet wonder.
const PATIENCE: Duration = Duration::from_secs(1);
/// Messages held back for one handler; people do not write more in [`PATIENCE`].
const HELD: usize = 64;
/// Waits of all plugins together: some hundred megabytes.
const MOST: usize = 100_000;
/// Users named by all waits together.
const MOST_KEYS: usize = 1_000_000;
/// Different patterns of waits that are tried on one message; a game needs one. A socket reader waits meanwhile.
const TRIED: usize = 256;

/// What is waited for.
#[derive(Debug)]
pub struct Expected {
    /// Whose wait it is.
    pub plugin: Arc<str>,
    /// The account.
    pub bot: String,
    /// Where.
    pub chat: Chat,
    /// Who may end it; none for anyone.
    pub users: Option<Vec<String>>,
    /// What the text of a message must match.
    pub pattern: Option<Arc<Regex>>,
    /// Commands do not end it.
    pub commands_first: bool,
    /// Interactions end it too.
    pub interactions: bool,
}

/// Why a wait cannot begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoSeat {
    /// This plugin waits too often.
    OfPlugin,
    /// All plugins together do.
    OfAll,
    /// The plugin is off there.
    Off(&'static str),
}

/// A place among those who wait. Dropping it gives it up; what was held back for it goes on its way.
pub struct Seat {
    router: Arc<Router>,
    number: u64,
    answer: Option<oneshot::Receiver<Answer>>,
}

type Answer = Result<Incoming, String>;
/// Called when a message ends the wait, before anybody else can see that.
pub type Woken = Box<dyn FnOnce() + Send>;

/// Everyone who waits, for the whole host.
#[derive(Default)]
pub(super) struct Waiters {
    /// How many places there are, for a look without a lock.
    places: AtomicUsize,
    keys: RandomState,
    inner: Mutex<Inner>,
    patterns: Shared,
}

#[derive(Default)]
struct Inner {
    next: u64,
    seats: HashMap<u64, Place>,
    /// By where and who, oldest first.
    index: HashMap<u64, Vec<u64>>,
    by_plugin: HashMap<Arc<str>, usize>,
    waiting: usize,
    /// How often places are in `index`.
    keys: usize,
}

struct Place {
    expected: Expected,
    state: State,
}

enum State {
    Waits { answer: oneshot::Sender<Answer>, woken: Woken },
    Holds { until: Instant, held: Vec<Incoming> },
}

/// What became of an event that was offered.
enum Offer {
    /// Nobody waits for it.
    Free(Box<Incoming>),
    /// It ended a wait, or is held back with others.
    Taken,
    /// It is the first that is held back at this place.
    Held(u64),
}

impl Seat {
    /// The message or interaction, or why there will be none.
    pub async fn taken(&mut self) -> Result<Incoming, String> {
        let Some(answer) = &mut self.answer else { return std::future::pending().await };
        let answered = answer.await;
        self.answer = None;
        answered.unwrap_or_else(|_| Err("the host gave the wait up".to_owned()))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        // An answer that nobody took goes on its way, before what came after it.
        let unread = self.answer.take().and_then(|mut answer| {
            answer.close();
            answer.try_recv().ok()?.ok()
        });
        self.router.release(self.number, unread);
    }
}

impl Router {
    /// Waits. At most `most` waits of one plugin. `after` is the place of the wait before of the same handler: what was held
    /// back there is heard first.
    ///
    /// # Errors
    ///
    /// [`NoSeat`]; `after` is given up then.
    pub fn wait(
        self: &Arc<Self>,
        expected: Expected,
        woken: Woken,
        after: Option<Seat>,
        most: usize,
    ) -> Result<Seat, NoSeat> {
        let (sender, answer) = oneshot::channel();
        let bot = self.info(&expected.bot);
        let place = Place { expected, state: State::Waits { answer: sender, woken } };
        let mut inner = self.waiters.lock();
        // Under the lock: whoever is switched off after this look finds the wait and ends it.
        self.objection(&place.expected, &bot).map_or(Ok(()), |reason| Err(NoSeat::Off(reason)))?;
        let number = self.waiters.enter(&mut inner, place, most)?;
        if let Some(after) = &after {
            let held = self.waiters.remove(&mut inner, after.number);
            held.into_iter().for_each(|incoming| self.offer(&mut inner, incoming));
        }
        self.waiters.note(&inner);
        drop(inner);
        drop(after);
        Ok(Seat { router: Arc::clone(self), number, answer: Some(answer) })
    }

    /// Ends waits for this reason, such as those of a plugin that was switched off somewhere.
    pub fn call_off(&self, which: impl Fn(&Expected) -> bool, reason: &str) {
        self.waiters.call_off(which, reason, self.clock.instant());
    }

    /// A pattern to wait for. Equal ones are compiled once.
    ///
    /// # Errors
    ///
    /// `invalid` with what is wrong with it, `exhausted` when there are too many.
    pub fn pattern(&self, pattern: &str) -> Result<Arc<Regex>, Error> {
        self.waiters.patterns.get(pattern)
    }

    /// Gives an event that is no repetition to whoever waits for it, else to every handler that wants it.
    pub(super) fn pass_on(self: &Arc<Self>, incoming: Incoming) {
        if self.waiters.places.load(Ordering::Acquire) == 0 {
            self.hand_out(incoming);
        } else {
            self.offer(&mut self.waiters.lock(), incoming);
        }
    }

    /// Gives a place up. What was held back there goes on its way before anything that comes later: hence under the lock.
    fn release(self: &Arc<Self>, place: u64, unread: Option<Incoming>) {
        let mut inner = self.waiters.lock();
        let held = self.waiters.remove(&mut inner, place);
        unread.into_iter().chain(held).for_each(|incoming| self.offer(&mut inner, incoming));
        self.waiters.note(&inner);
    }

    fn offer(self: &Arc<Self>, inner: &mut Inner, incoming: Incoming) {
        let present = self.present.load();
        let asks = Asks {
            is_command: &|incoming| self.is_command(incoming),
            bars: &|plugin, event| present.rules.refusal(plugin, &present.rules.scene(event)).is_some(),
        };
        match self.waiters.offer(inner, incoming, self.clock.instant(), &asks) {
            Offer::Free(incoming) => self.hand_out(*incoming),
            Offer::Taken => self.count_matched(),
            Offer::Held(place) => {
                self.count_matched();
                self.hold(place);
            }
        }
    }

    /// Lets what is held back at this place go when its time is over.
    fn hold(self: &Arc<Self>, place: u64) {
        let pending = Pending::new(self);
        tokio::spawn(async move {
            let router = &pending.0;
            while let Some(until) = router.waiters.holds_until(place) {
                let left = until.saturating_duration_since(router.clock.instant());
                if left.is_zero() {
                    return router.release(place, None);
                }
                router.clock.sleep(left).await;
            }
        });
    }

    /// How many waits there are.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiters.lock().waiting
    }
}

impl Waiters {
    /// Gives an event to the newest of those who wait for it.
    fn offer(&self, inner: &mut Inner, incoming: Incoming, now: Instant, asks: &Asks<'_>) -> Offer {
        let event = &incoming.event;
        let (chat, user) = match &event.body {
            EventBody::Message(message) => (&message.chat, message.sender.id.as_str()),
            EventBody::Interaction(interaction) => (&interaction.chat, interaction.user.as_str()),
            _ => return Offer::Free(Box::new(incoming)),
        };
        let keys = [self.key(&event.bot.id, chat, None), self.key(&event.bot.id, chat, Some(user))];
        let mut look = Look {
            incoming: &incoming,
            chat,
            user,
            asks,
            command: None,
            barred: Vec::new(),
            failed: HashSet::new(),
        };
        match inner.newest(keys, now, &mut look) {
            Some(number) => inner.take(number, incoming, now),
            None => Offer::Free(Box::new(incoming)),
        }
    }

    fn enter(&self, inner: &mut Inner, place: Place, most: usize) -> Result<u64, NoSeat> {
        if inner.by_plugin.get(&place.expected.plugin).copied().unwrap_or(0) >= most {
            return Err(NoSeat::OfPlugin);
        }
        let keys = self.keys_of(&place.expected);
        if inner.waiting >= MOST || inner.keys + keys.len() > MOST_KEYS {
            return Err(NoSeat::OfAll);
        }
        let number = inner.next;
        inner.next += 1;
        inner.waiting += 1;
        *inner.by_plugin.entry(Arc::clone(&place.expected.plugin)).or_default() += 1;
        inner.keys += keys.len();
        for key in keys {
            inner.index.entry(key).or_default().push(number);
        }
        inner.seats.insert(number, place);
        Ok(number)
    }

    /// Takes a place away. Answers what was held back there.
    fn remove(&self, inner: &mut Inner, number: u64) -> Vec<Incoming> {
        let Some(place) = inner.seats.remove(&number) else { return Vec::new() };
        for key in self.keys_of(&place.expected) {
            if let Some(numbers) = inner.index.get_mut(&key) {
                // Numbers only grow, so each list is sorted.
                if let Ok(at) = numbers.binary_search(&number) {
                    numbers.remove(at);
                    inner.keys -= 1;
                }
                if numbers.is_empty() {
                    inner.index.remove(&key);
                }
            }
        }
        match place.state {
            State::Waits { .. } => {
                inner.no_longer_waits(&place.expected.plugin);
                Vec::new()
            }
            State::Holds { held, .. } => held,
        }
    }

    /// Until when messages are held back at this place.
    fn holds_until(&self, number: u64) -> Option<Instant> {
        match &self.lock().seats.get(&number)?.state {
            State::Holds { until, .. } => Some(*until),
            State::Waits { .. } => None,
        }
    }

    fn call_off(&self, which: impl Fn(&Expected) -> bool, reason: &str, now: Instant) {
        let mut inner = self.lock();
        let inner = &mut *inner;
        let mut ended = Vec::new();
        // What is held back at other places goes on its way in a moment, as always.
        let waits = |place: &&mut Place| matches!(place.state, State::Waits { .. });
        for place in inner.seats.values_mut().filter(waits).filter(|place| which(&place.expected)) {
            // It holds nothing back: the handler is told to come to an end.
            let holds = State::Holds { until: now, held: Vec::new() };
            if let State::Waits { answer, woken } = std::mem::replace(&mut place.state, holds) {
                ended.push(Arc::clone(&place.expected.plugin));
                woken();
                let _ = answer.send(Err(reason.to_owned()));
            }
        }
        ended.iter().for_each(|plugin| inner.no_longer_waits(plugin));
    }

    fn keys_of(&self, expected: &Expected) -> Vec<u64> {
        let key = |user: Option<&str>| self.key(&expected.bot, &expected.chat, user);
        match &expected.users {
            None => vec![key(None)],
            Some(users) => {
                let mut keys: Vec<u64> = users.iter().map(|user| key(Some(user))).collect();
                keys.sort_unstable();
                keys.dedup();
                keys
            }
        }
    }

    fn key(&self, bot: &str, chat: &Chat, user: Option<&str>) -> u64 {
        self.keys.hash_one(Key { bot, chat: chat_parts(chat), user })
    }

    fn note(&self, inner: &Inner) {
        self.places.store(inner.seats.len(), Ordering::Release);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Hash)]
struct Key<'a> {
    bot: &'a str,
    chat: [&'a str; 3],
    user: Option<&'a str>,
}

/// What the rest of the router knows.
struct Asks<'a> {
    is_command: &'a dyn Fn(&Incoming) -> bool,
    /// Whether the owner's lists or a switch keep an event from a plugin.
    bars: &'a dyn Fn(&str, &Event) -> bool,
}

/// An event in search of somebody who waits for it.
struct Look<'a> {
    incoming: &'a Incoming,
    chat: &'a Chat,
    user: &'a str,
    asks: &'a Asks<'a>,
    command: Option<bool>,
    /// Plugins that were asked about, and whether the event is not for them.
    barred: Vec<(Arc<str>, bool)>,
    /// Patterns that do not match, by their addresses: a game in a group may wait for one thing a thousand times.
    failed: HashSet<*const Regex>,
}

impl Inner {
    /// The newest place where the event is expected.
    fn newest(&self, keys: [u64; 2], now: Instant, look: &mut Look<'_>) -> Option<u64> {
        let [anyone, user] = keys.map(|key| self.index.get(&key).map_or(&[][..], Vec::as_slice));
        let (mut anyone, mut user) = (anyone.iter().rev().peekable(), user.iter().rev().peekable());
        loop {
            let number = match (anyone.peek(), user.peek()) {
                (Some(a), Some(u)) if a > u => anyone.next(),
                (Some(_), None) => anyone.next(),
                (_, Some(_)) => user.next(),
                (None, None) => return None,
            }?;
            let place = self.seats.get(number)?;
            let open = match &place.state {
                State::Waits { answer, .. } => !answer.is_closed(),
                State::Holds { until, held } => *until > now && held.len() < HELD,
            };
            if open && look.fits(&place.expected) {
                return Some(*number);
            }
        }
    }

    fn take(&mut self, number: u64, incoming: Incoming, now: Instant) -> Offer {
        let Some(place) = self.seats.get_mut(&number) else { return Offer::Free(Box::new(incoming)) };
        if let State::Holds { held, .. } = &mut place.state {
            held.push(incoming);
            return if held.len() == 1 { Offer::Held(number) } else { Offer::Taken };
        }
        let holds = State::Holds { until: now + PATIENCE, held: Vec::new() };
        let State::Waits { answer, woken } = std::mem::replace(&mut place.state, holds) else {
            return Offer::Free(Box::new(incoming));
        };
        let plugin = Arc::clone(&place.expected.plugin);
        self.no_longer_waits(&plugin);
        woken();
        match answer.send(Ok(incoming)) {
            Ok(()) => Offer::Taken,
            // The wait ended in this moment.
            Err(Ok(incoming)) => Offer::Free(Box::new(incoming)),
            Err(Err(_)) => Offer::Taken,
        }
    }

    fn no_longer_waits(&mut self, plugin: &Arc<str>) {
        self.waiting -= 1;
        if let Some(count) = self.by_plugin.get_mut(plugin) {
            *count -= 1;
            if *count == 0 {
                self.by_plugin.remove(plugin);
            }
        }
    }
}

impl Look<'_> {
    fn fits(&mut self, expected: &Expected) -> bool {
        let (incoming, chat, user) = (self.incoming, self.chat, self.user);
        let here = expected.bot == incoming.event.bot.id && chat_parts(&expected.chat) == chat_parts(chat);
        let they = expected.users.as_ref().is_none_or(|users| users.iter().any(|expected| expected == user));
        if !here || !they {
            return false;
        }
        let EventBody::Message(message) = &incoming.event.body else {
            return expected.interactions && !self.is_barred(&expected.plugin);
        };
        if expected.commands_first && *self.command.get_or_insert_with(|| (self.asks.is_command)(incoming)) {
            return false;
        }
        let Some(pattern) = &expected.pattern else { return !self.is_barred(&expected.plugin) };
        let address = Arc::as_ptr(pattern);
        if self.failed.contains(&address) || self.failed.len() >= TRIED {
            return false;
        }
        let matches = pattern.is_match(searched(&message.text));
        if !matches {
            self.failed.insert(address);
        }
        matches && !self.is_barred(&expected.plugin)
    }

    fn is_barred(&mut self, plugin: &Arc<str>) -> bool {
        if let Some((_, known)) = self.barred.iter().find(|(asked, _)| asked == plugin) {
            return *known;
        }
        let is_barred = (self.asks.bars)(plugin, &self.incoming.event);
        self.barred.push((Arc::clone(plugin), is_barred));
        is_barred
    }
}

#[cfg(test)]
mod tests;
