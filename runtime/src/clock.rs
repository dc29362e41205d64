//! The house's clock: the machine's, which a test of a plugin may put forward, so that days take a moment.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

/// Whoever waits for a time of day looks again so often: the machine's clock may be set meanwhile.
const LOOK: Duration = Duration::from_secs(60);

/// Tells the time and waits for it. Clones are the same clock.
#[derive(Debug, Clone)]
pub struct Clock {
    ahead: Arc<watch::Sender<Duration>>,
    alarms: Arc<Alarms>,
}

/// When somebody wants to be woken, and how many do.
#[derive(Debug, Default)]
struct Alarms(Mutex<BTreeMap<Instant, usize>>);

impl Default for Clock {
    fn default() -> Self {
        Self { ahead: Arc::new(watch::Sender::new(Duration::ZERO)), alarms: Arc::default() }
    }
}

impl Clock {
    /// Seconds since 1970.
    #[must_use]
    pub fn now(&self) -> f64 {
        self.since_epoch().as_secs_f64()
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub fn millis(&self) -> u64 {
        u64::try_from(self.since_epoch().as_millis()).unwrap_or(u64::MAX)
    }

    /// A time that only goes forward, for measuring how long something takes.
    #[must_use]
    pub fn instant(&self) -> Instant {
        Instant::now() + *self.ahead.borrow()
    }

    /// Waits.
    pub async fn sleep(&self, time: Duration) {
        let Some(end) = self.instant().checked_add(time) else { return std::future::pending().await };
        let _alarm = Alarm::set(&self.alarms, end);
        self.wait(|| end.saturating_duration_since(self.instant())).await;
    }

    /// Waits until so many seconds since 1970; not at all if that is past.
    pub async fn sleep_until(&self, time: f64) {
        let left = || Duration::try_from_secs_f64((time - self.now()).max(0.0)).unwrap_or(Duration::MAX);
        let end = self.instant().checked_add(left());
        let _alarm = end.map(|end| Alarm::set(&self.alarms, end));
        while !left().is_zero() {
            self.wait(|| left().min(LOOK)).await;
        }
    }

    /// How far it was put forward in all.
    #[must_use]
    pub fn ahead(&self) -> Duration {
        *self.ahead.borrow()
    }

    /// The next time after this one at which somebody wants to be woken.
    #[must_use]
    pub fn next_alarm(&self, after: Instant) -> Option<Instant> {
        let later = (std::ops::Bound::Excluded(after), std::ops::Bound::Unbounded);
        self.alarms.lock().range(later).next().map(|(at, _)| *at)
    }

    /// Puts the clock forward. Whoever waits sees it at once.
    pub fn advance(&self, time: Duration) {
        self.ahead.send_modify(|ahead| *ahead = ahead.saturating_add(time));
    }

    /// Sets the clock back, as a machine's is that was wrong.
    #[cfg(test)]
    pub(crate) fn set_back(&self, time: Duration) {
        self.ahead.send_modify(|ahead| *ahead = ahead.saturating_sub(time));
    }

    async fn wait(&self, left: impl Fn() -> Duration) {
        let mut ahead = self.ahead.subscribe();
        loop {
            ahead.mark_unchanged();
            let left = left();
            if left.is_zero() {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(left) => return,
                // The sender lives in `self`.
                _ = ahead.changed() => {}
            }
        }
    }

    fn since_epoch(&self) -> Duration {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        now.saturating_add(*self.ahead.borrow())
    }
}

impl Alarms {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Instant, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody who wants to be woken then, for as long as this lives.
struct Alarm<'a>(&'a Alarms, Instant);

impl<'a> Alarm<'a> {
    fn set(alarms: &'a Alarms, at: Instant) -> Self {
        *alarms.lock().entry(at).or_default() += 1;
        Self(alarms, at)
    }
}

impl Drop for Alarm<'_> {
    fn drop(&mut self) {
        let mut alarms = self.0.lock();
        if let Some(count) = alarms.get_mut(&self.1) {
            *count -= 1;
            if *count == 0 {
                alarms.remove(&self.1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_next_who_wants_to_be_woken_is_known_while_they_wait() {
        let clock = Clock::default();
        let begun = clock.instant();
        let seconds = |number| Duration::from_secs(number);
        {
            let mut waits = Vec::new();
            for number in [30, 10, 10, 20] {
                waits.push(Box::pin(clock.sleep(seconds(number))));
                assert!(futures_util::poll!(waits.last_mut().unwrap()).is_pending());
            }
            let mut last = begun;
            for expected in [10, 10, 20, 30] {
                last = clock.next_alarm(last).unwrap();
                assert_eq!((last - begun).as_secs(), expected);
            }
            assert_eq!(clock.next_alarm(last), None);
        }
        assert_eq!(clock.next_alarm(begun), None, "nobody waits any more");
    }

    #[tokio::test]
    async fn who_waits_wakes_when_the_clock_is_put_forward() {
        let clock = Clock::default();
        let (begun, now) = (clock.instant(), clock.now());
        let day = Duration::from_secs(86_400);
        let waits = async { tokio::join!(clock.sleep(day), clock.sleep_until(now + 86_400.0)) };
        let mut waits = std::pin::pin!(waits);
        assert!(futures_util::poll!(&mut waits).is_pending());
        clock.advance(day / 2);
        assert!(futures_util::poll!(&mut waits).is_pending(), "half a day is left");
        clock.advance(day / 2 + Duration::from_secs(1));
        waits.await;
        assert!(clock.instant() - begun >= day && clock.now() - now >= 86_400.0);
    }

    #[tokio::test]
    async fn what_is_past_is_not_waited_for() {
        let clock = Clock::default();
        clock.sleep(Duration::ZERO).await;
        clock.sleep_until(clock.now() - 5.0).await;
        clock.sleep_until(f64::NAN).await;
    }
}
