//! Timers and cron lines: on time, after a restart, after a kill.

use std::{path::Path, time::Duration};

use iglu::{clock::Clock, config::Config, house::House};
use iglu_tests::{fixtures::Fixture, folder::Folder, host::Host, napcat::Napcat};

use crate::common::{answer, ask, house, napcat, said, settled, up};

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);
const GRANTED: &str = "timezone = \"UTC\"\n[plugin.talker]\ngrants = [\"send\"]\n";

async fn timed(settings: &str) -> (Napcat, Folder, Host) {
    house(&["talker", "echo"], &format!("{GRANTED}{settings}")).await
}

#[tokio::test]
async fn timers_fire_with_their_data_and_can_be_replaced_and_cancelled() {
    let (napcat, _folder, host) = timed("[plugin.talker.limits]\ntimers = 3\n").await;
    assert_eq!(ask(&napcat, "/timer tea 600000 black").await, "set");
    assert_eq!(ask(&napcat, "/timer egg 300000 soft").await, "set");
    assert_eq!(ask(&napcat, "/timer tea 900000 green").await, "set");
    assert_eq!(
        ask(&napcat, "/timers").await,
        "timers: egg=soft tea=green",
        "one of a name, the next one first"
    );
    assert_eq!(ask(&napcat, "/untimer egg").await, "true");
    assert_eq!(ask(&napcat, "/untimer egg").await, "false");
    assert_eq!(ask(&napcat, "/timer a 600000 x").await, "set");
    assert_eq!(ask(&napcat, "/timer b 600000 x").await, "set");
    let refused = ask(&napcat, "/timer c 600000 x").await;
    assert!(refused.contains("`timers` in iglu.toml"), "{refused}");
    assert_eq!(ask(&napcat, "/timer tea 900000 white").await, "set", "replacing is no more");
    // What is past is due at once; a limit counts what has not fired.
    assert_eq!(ask(&napcat, "/untimer a").await, "true");
    napcat.private_text(iglu_tests::napcat::FRIEND, "/timer past -5000 now");
    let mut both = [answer(&napcat).await, answer(&napcat).await];
    both.sort();
    assert_eq!(both, ["past: now again=false", "set"]);
    host.stop().await;
}

#[tokio::test]
async fn a_timer_survives_a_kill() {
    let (napcat, folder, host) = timed("").await;
    assert_eq!(ask(&napcat, "/timer later 1500 tea").await, "set");
    assert_eq!(ask(&napcat, "/timer never 1500 x").await, "set");
    assert_eq!(ask(&napcat, "/untimer never").await, "true");
    host.kill().await;
    let host = up(&napcat, &folder).await;
    assert_eq!(answer(&napcat).await, "later: tea again=false");
    host.stop().await;
    let host = up(&napcat, &folder).await;
    settled(&napcat).await;
    assert!(!said(&napcat).iter().any(|text| text.starts_with("never")));
    assert_eq!(said(&napcat).iter().filter(|text| text.starts_with("later")).count(), 1, "once");
    host.stop().await;
}

#[tokio::test]
async fn a_timer_whose_handler_was_killed_comes_again_and_says_so() {
    let (napcat, folder, host) = timed("").await;
    assert_eq!(ask(&napcat, "/timer long 0 slow").await, "set");
    host.says("the handler", |line| line.text() == "due long false").await;
    host.kill().await;
    let host = up(&napcat, &folder).await;
    assert_eq!(answer(&napcat).await, "long: slow again=true");
    host.stop().await;
}

#[tokio::test]
async fn a_timer_that_traps_is_not_tried_for_ever() {
    let (napcat, _folder, host) = timed("[limits]\nbackoff = \"20ms\"\n").await;
    assert_eq!(ask(&napcat, "/timer bad 0 trap").await, "set");
    host.says("the crash", |line| line.is("talker", "crashed")).await;
    assert_eq!(ask(&napcat, "/timers").await, "timers: ");
    assert_eq!(host.lines().iter().filter(|line| line.text().starts_with("due bad")).count(), 1);
    host.stop().await;
}

#[tokio::test]
async fn timers_wait_for_a_plugin_that_is_away() {
    let (napcat, folder, host) = timed("").await;
    assert_eq!(ask(&napcat, "/timer away 400 hello").await, "set");
    folder.rename("talker.wasm", "talker.away");
    host.says("its end", |line| line.is("talker", "the plugin has ended")).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    folder.rename("talker.away", "talker.wasm");
    assert_eq!(answer(&napcat).await, "away: hello again=false");
    host.stop().await;
}

/// A house in this process, by a clock that the test puts forward.
pub(crate) async fn inside(napcat: &Napcat, folder: &Folder, clock: &Clock) -> House {
    let file = folder.path().join("iglu.toml");
    let config = Config::load(Path::new(&file)).unwrap();
    let house = House::open_by(config, clock.clone()).await.unwrap();
    house.connect();
    napcat.connected().await;
    let online = async {
        while house.bots.all().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), online).await.expect("the bot comes");
    house
}

/// Puts the clock to the next time that is so many seconds after a full day of UTC.
fn to_time_of_day(clock: &Clock, seconds: f64) {
    let ahead = (seconds - clock.now().rem_euclid(86_400.0)).rem_euclid(86_400.0);
    clock.advance(Duration::from_secs_f64(ahead));
}

/// The talker in a house of this process, a minute after this hour of UTC.
async fn house_at(hour: f64, settings: &str) -> (Napcat, Folder, Clock, House) {
    let napcat = napcat().await;
    let folder = Folder::with(&napcat, &["talker"], settings);
    let clock = Clock::default();
    to_time_of_day(&clock, hour * 3600.0 + 60.0);
    let house = inside(&napcat, &folder, &clock).await;
    (napcat, folder, clock, house)
}

#[tokio::test]
async fn cron_lines_run_in_order_and_missed_ones_by_their_policy() {
    // 22:00 UTC is six in the morning in Shanghai.
    let (napcat, folder, clock, house) = house_at(22.0, GRANTED).await;
    clock.advance(3 * HOUR);
    for expected in ["hourly 0", "hourly 0", "daily missed=0", "hourly 0"] {
        assert_eq!(answer(&napcat).await, expected);
    }
    house.idle().await;
    house.close().await;

    // Five mornings pass.
    clock.advance(5 * DAY);
    let house = inside(&napcat, &folder, &clock).await;
    assert_eq!(answer(&napcat).await, "daily missed=5", "one run for all");
    clock.advance(HOUR);
    assert_eq!(answer(&napcat).await, "hourly 0", "those are skipped");
    house.close().await;

    // Nothing was missed.
    let house = inside(&napcat, &folder, &clock).await;
    clock.advance(HOUR);
    assert_eq!(answer(&napcat).await, "hourly 0");
    house.close().await;
    assert_eq!(said(&napcat).len(), 7, "{:?}", said(&napcat));
}

/// The talker, whose line for each hour is one for half past six instead.
fn at_half_past_six() -> Vec<u8> {
    Fixture::load("talker").renamed("30 * * * *", "30 6 * * *").bytes()
}

#[tokio::test]
async fn a_line_without_a_zone_goes_by_the_owners_and_else_by_shanghais() {
    let hours = |hour: f64| hour * 3600.0;
    // What runs next after five in the morning of UTC, and then.
    for (zone, next) in [("", [Some("hourly 0"), None]), ("timezone = \"UTC\"\n", [None, Some("hourly 0")])] {
        let napcat = napcat().await;
        let folder = Folder::with(&napcat, &[], &format!("{zone}[plugin.talker]\ngrants = [\"send\"]\n"));
        folder.put("talker.wasm", &at_half_past_six());
        let clock = Clock::default();
        // 22:30 UTC is half past six in Shanghai.
        to_time_of_day(&clock, hours(22.0));
        let house = inside(&napcat, &folder, &clock).await;
        for (hour, expected) in [(1, next[0]), (7, None), (2, next[1])] {
            napcat.forget_calls();
            clock.advance(hour * HOUR);
            house.idle().await;
            let said: Vec<String> = said(&napcat).into_iter().filter(|it| it.starts_with("hourly")).collect();
            assert_eq!(said.first().map(String::as_str), expected, "{zone:?} {hour}");
        }
        house.close().await;
    }
}

#[tokio::test]
async fn a_zone_that_is_none_and_a_timer_that_cannot_be_are_refused() {
    let (napcat, folder, host) = timed("").await;
    folder.put("talker.wasm", &Fixture::load("talker").renamed("Asia/Shanghai", "Asia/Shanghay").bytes());
    let line = host.says("the refusal", |line| line.level() == "ERROR").await;
    assert!(line.text().contains("Asia/Shanghay") && line.text().contains("daily"), "{}", line.text());
    for (asked, reason) in [
        ("/timer \"\" 1000 x".to_owned(), "needs a name"),
        (format!("/timer {} 1000 x", "n".repeat(257)), "256"),
        (format!("/timer big 1000 {}", "x".repeat(64 << 10)), "65536 are allowed"),
    ] {
        let refused = ask(&napcat, &asked).await;
        assert!(refused.contains(reason), "{reason}: {refused}");
    }
    assert_eq!(ask(&napcat, "/timers").await, "timers: ");
    host.stop().await;
}

#[tokio::test]
async fn waits_and_timers_go_by_the_clock_of_the_house() {
    let (napcat, _folder, clock, house) = house_at(12.0, GRANTED).await;
    assert_eq!(ask(&napcat, "/timer tea 600000 hot").await, "set");
    assert_eq!(ask(&napcat, "/name").await, "name?");
    house.idle().await;
    clock.advance(Duration::from_secs(301));
    assert_eq!(answer(&napcat).await, "no name");
    clock.advance(Duration::from_secs(300));
    assert_eq!(answer(&napcat).await, "tea: hot again=false");
    house.close().await;
}

#[tokio::test]
async fn time_stands_still_for_a_plugin_that_is_off_everywhere() {
    let settings = format!("superusers = [\"{}\"]\n{GRANTED}", iglu_tests::napcat::FRIEND);
    let (napcat, _folder, clock, house) = house_at(22.0, &settings).await;
    assert_eq!(ask(&napcat, "/timer tea 600000 hot").await, "set");
    assert_eq!(ask(&napcat, "/plugin off talker --everywhere").await, "Talker is off everywhere now.");
    clock.advance(DAY);
    house.idle().await;
    napcat.private_text(iglu_tests::napcat::FRIEND, "/plugin on talker --everywhere");
    let mut both = [answer(&napcat).await, answer(&napcat).await];
    both.sort();
    assert!(both[0].contains("no longer off everywhere"), "{both:?}");
    assert_eq!(both[1], "tea: hot again=false", "held, and late");
    clock.advance(HOUR);
    assert_eq!(answer(&napcat).await, "hourly 0", "nothing is made up for");
    house.close().await;
}

#[tokio::test]
async fn a_reminder_does_not_break_into_a_chat_where_its_plugin_is_off() {
    let (napcat, _folder, clock, house) = house_at(12.0, GRANTED).await;
    assert_eq!(ask(&napcat, "/timer tea 600000 hot").await, "set");
    assert_eq!(ask(&napcat, "/plugin off talker").await, "Talker is off in this chat now.");
    clock.advance(Duration::from_secs(601));
    house.idle().await;
    assert_eq!(ask(&napcat, "/plugin on talker").await, "Talker is on in this chat now.");
    assert_eq!(ask(&napcat, "/timers").await, "timers: ", "it has fired, and could not speak");
    assert!(!said(&napcat).iter().any(|text| text.starts_with("tea")), "{:?}", said(&napcat));
    house.close().await;
}

#[tokio::test]
async fn a_plugin_with_a_bad_cron_line_is_refused_with_the_reason() {
    let (napcat, folder, host) = timed("").await;
    let bytes = iglu_tests::fixtures::plugin("talker");
    let at = bytes.windows(9).position(|w| w == b"0 8 * * *").expect("the line is in the file");
    let mut bad = bytes;
    bad[at..at + 9].copy_from_slice(b"0 25 * * ");
    folder.put("talker.wasm", &bad);
    let line = host.says("the refusal", |line| line.level() == "ERROR").await;
    assert!(line.text().contains("cron line") && line.text().contains("daily"), "{}", line.text());
    assert_eq!(ask(&napcat, "/ping").await, "pong", "the old version stays");
    host.stop().await;
}
