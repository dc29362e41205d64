//! Facts about the schedule, by a clock that is put forward.

use tempfile::TempDir;

use super::*;
use crate::bot::Bots;
use crate::config::Config;
use crate::model::{EventBody, Scheduled};
use crate::plugin::mailbox::{Job, Mailbox};
use crate::plugin::manifest::Manifest;
use crate::router::{EVERYWHERE, Settings, Switches};
use crate::store::Store;

const DAY: Duration = Duration::from_secs(86_400);
const HOUR: Duration = Duration::from_secs(3600);
const HANDLERS: &str = r#"{"name": "due", "on": {"event": {"kinds": ["scheduled"]}}},
    {"name": "all", "on": {"event": {"kinds": ["message"]}}}"#;

struct Desk {
    folder: TempDir,
    clock: Clock,
    switches: Arc<Switches>,
    store: Arc<Store>,
    schedule: Arc<Schedule>,
    plugin: Listener,
}

fn listener(handlers: &str, capacity: usize) -> Listener {
    let manifest = Manifest::parse(&format!(r#"{{"id": "p", "handlers": [{handlers}]}}"#)).unwrap();
    Listener { id: "p".into(), manifest: Arc::new(manifest), mailbox: Arc::new(Mailbox::new(capacity)) }
}

fn desk_in(folder: TempDir, clock: Clock, plugin: Listener) -> Desk {
    let store = Store::open_by(&folder.path().join("store.redb"), clock.clone()).unwrap();
    let config = Config::parse("", std::path::Path::new("iglu.toml")).unwrap();
    let switches = Arc::new(Switches::default());
    let settings = Settings { switches: Arc::clone(&switches), ..(&config).into() };
    let router = Router::new(settings, Arc::new(Bots::default()), clock.clone());
    let schedule = Schedule::open("UTC", store.agenda(), router, clock.clone()).unwrap();
    schedule.listen(std::slice::from_ref(&plugin));
    Desk { folder, clock, switches, store, schedule, plugin }
}

/// At the beginning of a day in UTC, plus a second.
fn desk(handlers: &str) -> Desk {
    let clock = Clock::default();
    clock.advance(Duration::from_secs_f64(86_401.0 - clock.now().rem_euclid(86_400.0)));
    desk_in(tempfile::tempdir().unwrap(), clock, listener(handlers, 1 << 20))
}

impl Desk {
    async fn again(self, away: Duration, handlers: &str) -> Self {
        self.schedule.hold();
        self.store.close().await;
        let Self { folder, clock, store, schedule, .. } = self;
        drop((store, schedule));
        clock.advance(away);
        desk_in(folder, clock, listener(handlers, 1 << 20))
    }

    async fn set(&self, name: &str, after: f64, data: Option<&str>) -> Result<(), Error> {
        let due = self.clock.now() + after;
        self.schedule.set_timer(&"p".into(), name.to_owned(), due, data.map(str::to_owned), 3).await
    }

    /// What was handed out: handler, name, how many it makes up for, whether it is given again.
    async fn fired(&self) -> Vec<(String, String, u32, bool)> {
        self.jobs().await.iter().map(told).collect()
    }

    async fn jobs(&self) -> Vec<Job> {
        self.schedule.fire().await;
        std::iter::from_fn(|| self.plugin.mailbox.try_pop()).collect()
    }

    fn names(&self) -> Vec<String> {
        self.schedule.timers(&"p".into()).into_iter().map(|timer| timer.name).collect()
    }
}

fn told(job: &Job) -> (String, String, u32, bool) {
    let EventBody::Scheduled(Scheduled { name, missed, .. }) = &job.event.event.body else {
        panic!("{:?}", job.event)
    };
    (job.handler.to_string(), name.clone(), *missed, job.event.event.redelivered)
}

fn run(handler: &str, name: &str, missed: u32, again: bool) -> (String, String, u32, bool) {
    (handler.to_owned(), name.to_owned(), missed, again)
}

fn cron(name: &str, line: &str, missed: &str) -> String {
    format!(r#"{{"name": "{name}", "on": {{"cron": {{"line": "{line}", "missed": "{missed}"}}}}}}"#)
}

#[tokio::test]
async fn everything_due_fires_in_order_and_to_its_own_handler() {
    let desk = desk(&format!(
        "{HANDLERS},{},{}",
        cron("six", "0 */6 * * *", "skip"),
        cron("noon", "0 12 * * *", "once")
    ));
    desk.set("b", 8.0 * 3600.0, Some("{}")).await.unwrap();
    desk.set("a", 13.0 * 3600.0, None).await.unwrap();
    desk.set("past", -100.0, None).await.unwrap();
    assert_eq!(desk.names(), ["past", "b", "a"]);
    assert_eq!(desk.fired().await, [run("due", "past", 0, false)]);
    desk.clock.advance(HOUR * 14);
    let order = [("six", "six"), ("due", "b"), ("noon", "noon"), ("six", "six"), ("due", "a")];
    assert_eq!(desk.fired().await, order.map(|(handler, name)| run(handler, name, 0, false)));
    assert!(desk.fired().await.is_empty() && desk.names().is_empty());
}

#[tokio::test]
async fn missed_runs_are_skipped_or_made_up_for_by_one() {
    let handlers = [cron("skip", "0 8 * * *", "skip"), cron("once", "0 8 * * *", "once")].join(",");
    let desk = desk(&handlers);
    let desk = desk.again(DAY * 3 + HOUR * 9, &handlers).await;
    assert_eq!(desk.fired().await, [run("once", "once", 4, false)]);
    let desk = desk.again(HOUR, &handlers).await;
    assert!(desk.fired().await.is_empty(), "that was all");
    // It comes back at eight sharp: that is no delay.
    let desk = desk.again(HOUR * 22 - Duration::from_secs(1), &handlers).await;
    let mut both = desk.fired().await;
    both.sort();
    assert_eq!(both, [run("once", "once", 0, false), run("skip", "skip", 0, false)]);
    // Another line is another time table: nothing of it was missed.
    let desk = desk.again(HOUR * 3, &cron("once", "0 9 * * *", "once")).await;
    assert!(desk.fired().await.is_empty());
    desk.clock.advance(DAY);
    assert_eq!(desk.fired().await, [run("once", "once", 0, false)]);
}

#[tokio::test]
async fn a_run_that_was_cut_short_comes_again_only_with_once() {
    let handlers = [cron("skip", "0 8 * * *", "skip"), cron("once", "0 8 * * *", "once")].join(",");
    let desk = desk(&handlers);
    desk.clock.advance(HOUR * 8);
    let jobs = desk.jobs().await;
    assert_eq!(jobs.len(), 2);
    desk.schedule.hold();
    drop(jobs);
    let desk = desk.again(Duration::from_secs(5), &handlers).await;
    assert_eq!(desk.fired().await, [run("once", "once", 0, true)]);
}

#[tokio::test]
async fn a_timer_is_kept_until_its_handlers_are_done() {
    let desk = desk(HANDLERS);
    desk.set("t", 60.0, Some("[1]")).await.unwrap();
    desk.clock.advance(HOUR);
    let jobs = desk.jobs().await;
    assert_eq!(jobs.iter().map(told).collect::<Vec<_>>(), [run("due", "t", 0, false)]);
    assert!(!desk.schedule.cancel_timer(&"p".into(), "t").await.unwrap(), "it has fired");
    desk.schedule.hold();
    drop(jobs);
    let desk = desk.again(HOUR, HANDLERS).await;
    assert_eq!(desk.fired().await, [run("due", "t", 0, true)]);
    let desk = desk.again(HOUR, HANDLERS).await;
    assert!(desk.fired().await.is_empty(), "now they are");
}

#[tokio::test]
async fn a_timer_that_is_set_anew_by_its_own_handler_stays() {
    let desk = desk(HANDLERS);
    desk.set("t", 0.0, None).await.unwrap();
    let jobs = desk.jobs().await;
    desk.set("t", 60.0, None).await.unwrap();
    drop(jobs);
    assert_eq!(desk.names(), ["t"]);
    let desk = desk.again(HOUR, HANDLERS).await;
    assert_eq!(desk.fired().await, [run("due", "t", 0, false)]);
}

#[tokio::test]
async fn a_plugin_that_is_away_gets_its_timers_when_it_is_back() {
    let desk = desk(HANDLERS);
    desk.set("t", 60.0, None).await.unwrap();
    desk.set("u", 0.0, None).await.unwrap();
    let jobs = desk.jobs().await;
    desk.schedule.listen(&[]);
    drop(jobs);
    desk.clock.advance(HOUR);
    assert!(desk.fired().await.is_empty());
    desk.schedule.listen(std::slice::from_ref(&desk.plugin));
    assert_eq!(
        desk.fired().await,
        [run("due", "u", 0, true), run("due", "t", 0, false)],
        "one was cut short"
    );

    desk.set("old", 60.0, None).await.unwrap();
    let desk = desk.again(DAY * 31, "").await;
    desk.schedule.listen(&[]);
    desk.schedule.forget();
    assert!(desk.names().is_empty(), "nobody came back for it");
}

#[tokio::test]
async fn a_full_mailbox_delays_a_timer() {
    let desk = desk(HANDLERS);
    let small = listener(HANDLERS, 1);
    desk.schedule.listen(std::slice::from_ref(&small));
    desk.set("a", 0.0, None).await.unwrap();
    desk.set("b", 1.0, None).await.unwrap();
    desk.clock.advance(Duration::from_secs(1));
    desk.schedule.fire().await;
    let first = small.mailbox.try_pop().unwrap();
    assert_eq!(told(&first).1, "a");
    assert!(small.mailbox.try_pop().is_none(), "there was room for one");
    desk.clock.advance(Duration::from_secs(2));
    desk.schedule.fire().await;
    assert_eq!(told(&small.mailbox.try_pop().unwrap()), run("due", "b", 0, true));
}

#[tokio::test]
async fn timers_are_limited_and_checked() {
    let desk = desk(HANDLERS);
    for name in ["a", "b", "c"] {
        desk.set(name, 60.0, None).await.unwrap();
    }
    assert!(matches!(desk.set("d", 60.0, None).await, Err(Error::Exhausted(_))));
    desk.set("c", 90.0, None).await.unwrap();
    assert!(desk.schedule.cancel_timer(&"p".into(), "c").await.unwrap());
    assert!(!desk.schedule.cancel_timer(&"p".into(), "c").await.unwrap());
    let long = "x".repeat(MAX_DATA);
    for (name, after, data, reason) in [
        ("", 1.0, None, "needs a name"),
        (&*"n".repeat(300), 1.0, None, "at most 256 bytes"),
        ("x", f64::NAN, None, "no time"),
        ("x", f64::INFINITY, None, "no time"),
        ("x", 1e15, None, "milliseconds?"),
        ("x", 1.0, Some("{"), "not JSON"),
        ("x", 1.0, Some(""), "not JSON"),
        ("x", 1.0, Some(&*format!("\"{long}\"")), "are allowed"),
    ] {
        let error = desk.set(name, after, data).await.unwrap_err().to_string();
        assert!(error.contains(reason), "{name:?} {after}: {error}");
    }
    assert_eq!(desk.names(), ["a", "b"]);
}

#[tokio::test]
async fn the_task_sleeps_until_the_next_thing_is_due() {
    let desk = desk(&format!("{HANDLERS},{}", cron("noon", "0 12 * * *", "skip")));
    let running = tokio::spawn(Arc::clone(&desk.schedule).run());
    desk.set("t", 60.0, None).await.unwrap();
    desk.clock.advance(Duration::from_secs(61));
    assert_eq!(told(&desk.plugin.mailbox.pop().await).1, "t");
    desk.clock.advance(HOUR * 12);
    assert_eq!(told(&desk.plugin.mailbox.pop().await).1, "noon");
    desk.schedule.stop();
    running.await.unwrap();
}

#[tokio::test]
async fn a_plugin_that_is_off_everywhere_misses_nothing_and_keeps_its_timers() {
    let lines = [cron("skip", "0 8 * * *", "skip"), cron("once", "0 8 * * *", "once")].join(",");
    let handlers = format!("{HANDLERS},{lines}");
    let desk = desk(&handlers);
    let switch = |desk: &Desk, on: Option<bool>| desk.switches.say("p", EVERYWHERE, on);
    desk.set("before", 60.0, None).await.unwrap();
    switch(&desk, Some(false));
    desk.clock.advance(HOUR * 9);
    desk.set("meanwhile", 60.0, None).await.unwrap();
    desk.clock.advance(DAY * 2);
    assert!(desk.fired().await.is_empty(), "nothing is due while it is off");
    assert_eq!(desk.names(), ["before", "meanwhile"]);

    // Off in one chat is another matter.
    switch(&desk, None);
    desk.switches.say("p", "1/group/5", Some(false));
    let timers = ["before", "meanwhile"].map(|name| run("due", name, 0, false));
    assert_eq!(desk.fired().await, timers, "the timers are late, and the runs were not missed");
    desk.clock.advance(DAY);
    let mut both = desk.fired().await;
    both.sort();
    assert_eq!(both, [run("once", "once", 0, false), run("skip", "skip", 0, false)]);

    // What fell due while it was off is not made up for by a restart either.
    switch(&desk, Some(false));
    desk.clock.advance(DAY);
    assert!(desk.fired().await.is_empty());
    let desk = desk.again(HOUR, &handlers).await;
    assert!(desk.fired().await.is_empty());
}

#[tokio::test]
async fn the_task_wakes_when_a_plugin_is_switched_on() {
    let desk = desk(HANDLERS);
    desk.switches.say("p", EVERYWHERE, Some(false));
    let running = tokio::spawn(Arc::clone(&desk.schedule).run());
    desk.set("t", -1.0, None).await.unwrap();
    assert!(desk.fired().await.is_empty());
    desk.switches.say("p", EVERYWHERE, None);
    assert_eq!(told(&desk.plugin.mailbox.pop().await).1, "t");
    desk.schedule.stop();
    running.await.unwrap();
}

#[tokio::test]
async fn a_clock_that_is_set_back_silences_no_cron_line_and_repeats_none() {
    let handlers = [cron("skip", "0 8 * * *", "skip"), cron("once", "0 8 * * *", "once")].join(",");
    let both = || vec![run("once", "once", 0, false), run("skip", "skip", 0, false)];
    let fired = async |desk: &Desk| {
        let mut fired = desk.fired().await;
        fired.sort();
        fired
    };
    let desk = desk(&handlers);
    desk.clock.advance(DAY * 366 + HOUR * 8);
    assert!(!fired(&desk).await.is_empty(), "by a clock that is a year ahead");
    desk.clock.set_back(Duration::from_secs(10));
    assert!(fired(&desk).await.is_empty());
    desk.clock.advance(Duration::from_secs(10));
    assert!(fired(&desk).await.is_empty(), "a small step repeats nothing");
    desk.clock.set_back(DAY * 365);
    assert!(fired(&desk).await.is_empty(), "set right");
    desk.clock.advance(DAY);
    assert_eq!(fired(&desk).await, both());

    // The same while iglu is not running.
    desk.clock.advance(DAY * 365);
    fired(&desk).await;
    desk.clock.set_back(DAY * 365);
    let desk = desk.again(Duration::ZERO, &handlers).await;
    assert!(fired(&desk).await.is_empty());
    desk.clock.advance(DAY);
    assert_eq!(fired(&desk).await, both());
}

#[tokio::test]
async fn a_clock_that_leaps_a_year_makes_no_storm() {
    let desk = desk(&[cron("skip", "* * * * *", "skip"), cron("once", "* * * * *", "once")].join(","));
    let desk = desk
        .again(DAY * 365, &[cron("skip", "* * * * *", "skip"), cron("once", "* * * * *", "once")].join(","))
        .await;
    let runs = desk.fired().await;
    assert!(runs.contains(&run("once", "once", fire::COUNTED, false)), "{runs:?}");
    assert!(runs.len() <= 4, "one for what was missed, and what is in time: {runs:?}");
}
