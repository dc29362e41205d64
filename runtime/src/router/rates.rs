//! How often handlers may run: cooldowns, rates, and the one answer to whoever comes too early.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::Listener;
use super::commands::normal;
use super::place::{chat_key, chat_of, user_of};
use super::table::Rules;
use crate::config::{Language, nearest};
use crate::model::Event;
use crate::plugin::manifest::{CooldownScope, Handler, Rate, Trigger};

/// What is over is swept when so much is remembered, and again when there is twice as much as was left.
const SWEEP: usize = 1024;
/// Runs and answers that are remembered at most, some 20 MB; then those are forgotten that would be over first.
const MOST: usize = 200_000;
/// Nothing is counted for longer.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 86_400);

/// What ran lately. Outlives the router's table, so a reload does not reset it.
#[derive(Debug, Default)]
pub(super) struct Rates(Mutex<Counted>);

#[derive(Debug, Default)]
struct Counted {
    runs: HashMap<Key, Runs>,
    /// Until when who is not told again.
    told: HashMap<Key, Instant>,
    /// All instants in `runs`, and all of `told`.
    remembered: usize,
    sweep_at: usize,
}

#[derive(Debug)]
struct Runs {
    window: Duration,
    at: VecDeque<Instant>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    plugin: Arc<str>,
    /// Empty for all commands of all plugins.
    handler: Arc<str>,
    /// Which of the handler's rates.
    number: usize,
    scope: Option<(String, String)>,
}

/// It comes too early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Early {
    /// So long yet.
    pub wait: Duration,
    /// Whoever asked was not told yet.
    pub tell: bool,
}

impl Rates {
    /// Counts a run, unless one of the rates forbids it; then nothing is counted.
    pub(super) fn start(
        &self,
        plugin: &Arc<str>,
        handler: &Arc<str>,
        rates: &[Rate],
        event: &Event,
        now: Instant,
    ) -> Result<(), Early> {
        let key = |number: usize, scope: CooldownScope| Key {
            plugin: Arc::clone(plugin),
            handler: Arc::clone(handler),
            number,
            scope: whose(scope, event),
        };
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut longest: Option<(Instant, usize)> = None;
        for (number, rate) in rates.iter().enumerate() {
            if let Some(free) = counted.free_at(&key(number, rate.scope), rate, now)
                && longest.is_none_or(|(until, _)| free > until)
            {
                longest = Some((free, number));
            }
        }
        if let Some((free, number)) = longest {
            // What everybody shares is told in each chat: who asks elsewhere did not see the first answer.
            let told = match rates[number].scope {
                CooldownScope::Plugin => key(number, CooldownScope::Chat),
                scope => key(number, scope),
            };
            let tell = counted.told.get(&told).is_none_or(|until| *until <= now);
            if tell {
                counted.make_room(now);
                counted.remembered += usize::from(counted.told.insert(told, free).is_none());
            }
            return Err(Early { wait: free - now, tell });
        }
        for (number, rate) in rates.iter().enumerate() {
            counted.make_room(now);
            let runs = counted.runs.entry(key(number, rate.scope));
            let runs = runs.or_insert_with(|| Runs { window: window(rate), at: VecDeque::new() });
            runs.window = window(rate);
            runs.at.push_back(now);
            counted.remembered += 1;
        }
        Ok(())
    }
}

impl Counted {
    /// When there is room again; none if there is now.
    fn free_at(&mut self, key: &Key, rate: &Rate, now: Instant) -> Option<Instant> {
        let window = window(rate);
        let runs = self.runs.get_mut(key)?;
        while runs.at.front().is_some_and(|at| *at + window <= now) {
            runs.at.pop_front();
            self.remembered -= 1;
        }
        let over = runs.at.len().checked_sub(rate.count as usize)?;
        Some(runs.at.get(over).map_or(now, |at| *at + window)).filter(|free| *free > now)
    }

    fn make_room(&mut self, now: Instant) {
        if self.remembered < self.sweep_at.clamp(SWEEP, MOST) {
            return;
        }
        self.runs.retain(|_, runs| runs.end().is_some_and(|end| end > now));
        self.told.retain(|_, until| *until > now);
        self.count();
        if self.remembered >= MOST {
            let mut ends: Vec<Instant> = self.runs.values().filter_map(Runs::end).collect();
            ends.extend(self.told.values());
            let middle = ends.len() / 2;
            let middle = *ends.select_nth_unstable(middle).1;
            self.runs.retain(|_, runs| runs.end().is_some_and(|end| end > middle));
            self.told.retain(|_, until| *until > middle);
            self.count();
        }
        self.sweep_at = 2 * self.remembered;
    }

    fn count(&mut self) {
        self.remembered = self.told.len() + self.runs.values().map(|runs| runs.at.len()).sum::<usize>();
    }
}

impl Runs {
    /// When nothing of it counts any more; none if nothing does.
    fn end(&self) -> Option<Instant> {
        Some(*self.at.back()? + self.window)
    }
}

fn window(rate: &Rate) -> Duration {
    Duration::try_from_secs_f64(rate.seconds).unwrap_or(LONGEST).min(LONGEST)
}

fn whose(scope: CooldownScope, event: &Event) -> Option<(String, String)> {
    let whose = match scope {
        CooldownScope::User => user_of(&event.body).unwrap_or_default().to_owned(),
        CooldownScope::Chat => chat_of(&event.body).as_ref().map(chat_key).unwrap_or_default(),
        CooldownScope::Plugin => return None,
    };
    Some((event.bot.id.clone(), whose))
}

/// How often a plugin's handler may run: as the owner says, or else as its manifest does.
pub(super) fn of(plugin: &str, handler: &Handler, rules: &Rules) -> Vec<Rate> {
    let said = rules.plugins.get(plugin).map(|plugin| &plugin.rates);
    let own = said.and_then(|said| said.iter().find(|(name, _)| is_named(handler, name)));
    own.map_or_else(|| of_manifest(handler), |(_, rates)| rates.clone())
}

fn of_manifest(handler: &Handler) -> Vec<Rate> {
    let cooldown = handler.cooldown.filter(|cooldown| cooldown.seconds > 0.0);
    let cooldown = cooldown.map(|it| Rate { count: 1, seconds: it.seconds, scope: it.scope });
    cooldown.into_iter().chain(handler.rate).collect()
}

/// By its own name, or by its command's.
fn is_named(handler: &Handler, name: &str) -> bool {
    let command = match &handler.on {
        Trigger::Command(command) => Some(&command.name),
        _ => None,
    };
    handler.name == name || command.is_some_and(|command| normal(command) == normal(name))
}

/// Names in the owner's `rates` that no handler has.
pub(super) fn remarks(listeners: &[Listener], rules: &Rules) -> Vec<String> {
    let mut remarks = Vec::new();
    for listener in listeners {
        let handlers = &listener.manifest.handlers;
        let said = rules.plugins.get(&*listener.id).into_iter().flat_map(|plugin| plugin.rates.keys());
        let unknown: HashSet<&String> =
            said.filter(|name| !handlers.iter().any(|it| is_named(it, name))).collect();
        for name in unknown {
            let hint = nearest(name, handlers.iter().map(|handler| handler.name.as_str()));
            let hint = hint.map(|near| format!("; did you mean {near:?}?")).unwrap_or_default();
            let id = &listener.id;
            remarks.push(format!(
                "[plugin.{id}.rates] names {name:?}, which is neither a handler nor a command of the plugin{hint}"
            ));
        }
    }
    remarks.sort();
    remarks
}

/// The answer to whoever comes too early.
pub(super) fn later(wait: Duration, language: Language) -> String {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    let (number, chinese, english) = match seconds {
        0..=119 => (seconds.max(1), "秒", "s"),
        120..=7199 => (seconds.div_ceil(60), "分钟", "min"),
        _ => (seconds.div_ceil(3600), "小时", "h"),
    };
    language
        .pick(format!("请 {number} {chinese}后再试。"), format!("Please try again in {number} {english}."))
}

/// A rate, for people: "3 times in 60 s per user at most".
pub(super) fn told(rate: &Rate, language: Language) -> String {
    let Rate { count, seconds, scope } = *rate;
    let (whose, whom) = match scope {
        CooldownScope::User => ("每人", "per user"),
        CooldownScope::Chat => ("每个会话", "per chat"),
        CooldownScope::Plugin => ("所有人合计", "for all together"),
    };
    let is = |unit: f64| seconds >= 2.0 * unit && seconds % unit == 0.0;
    let (time, chinese, english) = match seconds {
        _ if is(3600.0) => (seconds / 3600.0, "小时", "h"),
        _ if is(60.0) => (seconds / 60.0, "分钟", "min"),
        _ => (seconds, "秒", "s"),
    };
    let times = if count == 1 { "once".to_owned() } else { format!("{count} times") };
    language.pick(
        format!("{whose} {time} {chinese}内最多 {count} 次"),
        format!("{times} in {time} {english} {whom} at most"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Chat, EventBody, Message};
    use crate::router::samples::{event, message};

    fn said(user: &str, group: &str) -> Event {
        let mut message = message("hi");
        message.sender.id = user.to_owned();
        event(EventBody::Message(Message { chat: Chat::Group(group.to_owned()), ..message }))
    }

    fn rate(count: u32, seconds: f64, scope: CooldownScope) -> Rate {
        Rate { count, seconds, scope }
    }

    fn names() -> (Arc<str>, Arc<str>) {
        (Arc::from("p"), Arc::from("h"))
    }

    #[test]
    fn runs_count_by_scope() {
        for (scope, same_chat, elsewhere) in [
            (CooldownScope::User, true, true),
            (CooldownScope::Chat, false, true),
            (CooldownScope::Plugin, false, false),
        ] {
            let (rates, (plugin, handler), now) = (Rates::default(), names(), Instant::now());
            let start = |event: &Event, seconds| {
                let now = now + Duration::from_secs(seconds);
                rates.start(&plugin, &handler, &[rate(1, 5.0, scope)], event, now).is_ok()
            };
            assert!(start(&said("1", "5"), 0));
            assert!(!start(&said("1", "5"), 4));
            assert_eq!(start(&said("2", "5"), 0), same_chat, "{scope:?}");
            assert_eq!(start(&said("3", "6"), 0), elsewhere, "{scope:?}");
            assert!(start(&said("1", "5"), 6));
            let other = rates.start(&Arc::from("q"), &handler, &[rate(1, 5.0, scope)], &said("1", "5"), now);
            assert!(other.is_ok(), "another plugin's own");
        }
    }

    #[test]
    fn so_many_runs_fit_into_any_such_time() {
        let (rates, (plugin, handler), now) = (Rates::default(), names(), Instant::now());
        let limits = [rate(3, 10.0, CooldownScope::User), rate(1, 1.0, CooldownScope::Chat)];
        let wait = |at: u64| {
            let outcome =
                rates.start(&plugin, &handler, &limits, &said("1", "5"), now + Duration::from_millis(at));
            outcome.err().map(|early| early.wait.as_millis())
        };
        for (at, expected) in [
            (0, None),
            (400, Some(600)),
            (1_000, None),
            (9_000, None),
            // Three ran since 0; the cooldown would end before.
            (9_500, Some(500)),
            (10_000, None),
            (10_500, Some(500)),
            // Refused ones were not counted: 1 000 leaves at 11 000.
            (11_000, None),
            (12_500, Some(6_500)),
        ] {
            assert_eq!(wait(at), expected, "at {at} ms");
        }
    }

    #[test]
    fn one_is_told_once_until_the_wait_is_over() {
        for (scope, same_chat, elsewhere) in [
            (CooldownScope::User, Some(false), None),
            (CooldownScope::Chat, Some(false), None),
            (CooldownScope::Plugin, Some(false), Some(true)),
        ] {
            let (rates, (plugin, handler), now) = (Rates::default(), names(), Instant::now());
            let told = |user: &str, group: &str, seconds| {
                let now = now + Duration::from_secs(seconds);
                let limits = [rate(1, 10.0, scope)];
                let outcome = rates.start(&plugin, &handler, &limits, &said(user, group), now);
                outcome.err().map(|early| early.tell)
            };
            assert_eq!(told("1", "5", 0), None);
            assert_eq!(told("1", "5", 1), Some(true));
            assert_eq!(told("1", "5", 2), same_chat, "{scope:?}");
            assert_eq!(told("2", "6", 3), elsewhere, "{scope:?}");
            assert_eq!(told("1", "5", 14), None);
            assert_eq!(told("1", "5", 15), Some(true), "a new wait, a new answer: {scope:?}");
        }
    }

    #[test]
    fn what_is_over_is_forgotten_and_so_is_what_is_too_much() {
        let (rates, (plugin, handler)) = (Rates::default(), names());
        let now = Instant::now();
        let run = |user: usize, seconds: f64, now| {
            let limits = [rate(1, seconds, CooldownScope::User)];
            rates.start(&plugin, &handler, &limits, &said(&user.to_string(), "5"), now)
        };
        for user in 0..10 * SWEEP {
            assert!(run(user, 1.0, now + Duration::from_millis(10 * user as u64)).is_ok());
        }
        assert!(rates.0.lock().unwrap().remembered <= 2 * SWEEP);
        let later = now + Duration::from_secs(1_000);
        for user in 0..MOST + SWEEP {
            let now = later + Duration::from_millis(user as u64);
            assert!(run(user, 86_400.0, now).is_ok());
        }
        let counted = rates.0.lock().unwrap();
        assert!(counted.remembered <= MOST && counted.runs.len() <= MOST, "{}", counted.remembered);
        drop(counted);
        let last = later + Duration::from_secs(300);
        assert!(run(MOST + SWEEP - 1, 86_400.0, last).is_err(), "the newest are kept");
    }

    #[test]
    fn a_rate_is_told_in_sensible_units() {
        use CooldownScope::{Chat, Plugin, User};
        for (rate, chinese, english) in [
            (rate(1, 5.0, User), "每人 5 秒内最多 1 次", "once in 5 s per user at most"),
            (rate(3, 60.0, Chat), "每个会话 60 秒内最多 3 次", "3 times in 60 s per chat at most"),
            (rate(2, 120.0, User), "每人 2 分钟内最多 2 次", "2 times in 2 min per user at most"),
            (
                rate(9, 1.5, Plugin),
                "所有人合计 1.5 秒内最多 9 次",
                "9 times in 1.5 s for all together at most",
            ),
            (rate(1, 86_400.0, User), "每人 24 小时内最多 1 次", "once in 24 h per user at most"),
        ] {
            assert_eq!(told(&rate, Language::Chinese), chinese);
            assert_eq!(told(&rate, Language::English), english);
        }
    }

    #[test]
    fn a_wait_is_told_in_sensible_units() {
        for (millis, chinese, english) in [
            (1, "请 1 秒后再试。", "Please try again in 1 s."),
            (11_001, "请 12 秒后再试。", "Please try again in 12 s."),
            (119_000, "请 119 秒后再试。", "Please try again in 119 s."),
            (121_000, "请 3 分钟后再试。", "Please try again in 3 min."),
            (7_200_000, "请 2 小时后再试。", "Please try again in 2 h."),
        ] {
            let wait = Duration::from_millis(millis);
            assert_eq!(later(wait, Language::Chinese), chinese);
            assert_eq!(later(wait, Language::English), english);
        }
    }
}
