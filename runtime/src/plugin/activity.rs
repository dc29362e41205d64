//! Whether anything of a plugin is going on: guest code that runs or is about to, or a call to the host that somebody
//! will answer without being asked.
//!
//! A handler that waits for the time or for a user *rests*: only something new from outside can wake it. A test of a
//! plugin goes on when everything rests.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};

use futures_util::task::AtomicWaker;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

/// The event loop of the instance is at work.
const AT_WORK: u8 = 1;
/// The event loop has been woken, or is not there yet.
const WOKEN: u8 = 2;

/// What goes on in one plugin, over all its instances.
#[derive(Debug)]
pub(crate) struct Activity {
    event_loop: AtomicU8,
    /// Calls to the host that do not rest.
    calls: AtomicUsize,
    came_to_rest: Notify,
}

impl Default for Activity {
    fn default() -> Self {
        Self { event_loop: AtomicU8::new(WOKEN), calls: AtomicUsize::new(0), came_to_rest: Notify::new() }
    }
}

impl Activity {
    /// A guest calls the host.
    pub(crate) fn begin(&self) {
        self.calls.fetch_add(1, Ordering::SeqCst);
    }

    /// The host has answered.
    pub(crate) fn end(&self) {
        self.calls.fetch_sub(1, Ordering::SeqCst);
    }

    /// Whether nothing happens unless something comes from outside.
    pub(crate) fn is_quiet(&self) -> bool {
        self.event_loop.load(Ordering::SeqCst) == 0 && self.calls.load(Ordering::SeqCst) == 0
    }

    /// The next time that the event loop comes to rest, counted from this call.
    pub(crate) fn rest(&self) -> Notified<'_> {
        self.came_to_rest.notified()
    }

    /// Drives an instance, and notes when it is at work and when it is woken.
    pub(crate) async fn watch<F: Future>(self: &Arc<Self>, instance: F) -> F::Output {
        let gone = Gone(self);
        let mut instance = pin!(instance);
        let alarm = Arc::new(Alarm { activity: Arc::clone(self), task: AtomicWaker::new() });
        let waker = Waker::from(Arc::clone(&alarm));
        let output = poll_fn(|cx| {
            alarm.task.register(cx.waker());
            self.event_loop.store(AT_WORK, Ordering::SeqCst);
            let poll = instance.as_mut().poll(&mut Context::from_waker(&waker));
            if self.event_loop.fetch_and(!AT_WORK, Ordering::SeqCst) == AT_WORK {
                self.came_to_rest.notify_waiters();
            }
            poll
        })
        .await;
        drop(gone);
        output
    }
}

/// What comes after an instance is not at rest until the next one is.
struct Gone<'a>(&'a Activity);

impl Drop for Gone<'_> {
    fn drop(&mut self) {
        self.0.event_loop.store(WOKEN, Ordering::SeqCst);
    }
}

struct Alarm {
    activity: Arc<Activity>,
    task: AtomicWaker,
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.activity.event_loop.fetch_or(WOKEN, Ordering::SeqCst);
        self.task.wake();
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn an_instance_rests_from_its_last_poll_to_its_next_waking() {
        let activity = Arc::new(Activity::default());
        assert!(!activity.is_quiet(), "nothing has come to rest yet");
        let (wake, woken) = oneshot::channel::<()>();
        let mut instance = Box::pin(activity.watch(woken));
        assert!(futures_util::poll!(&mut instance).is_pending());
        assert!(activity.is_quiet());
        wake.send(()).unwrap();
        assert!(!activity.is_quiet(), "it was woken and has not run yet");
        instance.await.unwrap();
        assert!(!activity.is_quiet(), "it is over, and no other has begun");
    }

    #[tokio::test]
    async fn a_call_to_the_host_is_no_rest() {
        let activity = Arc::new(Activity::default());
        let mut instance = Box::pin(activity.watch(std::future::pending::<()>()));
        assert!(futures_util::poll!(&mut instance).is_pending());
        activity.begin();
        assert!(!activity.is_quiet());
        activity.end();
        assert!(activity.is_quiet());
    }

    #[tokio::test]
    async fn who_yields_to_go_on_does_not_rest() {
        let activity = Arc::new(Activity::default());
        let mut instance = Box::pin(activity.watch(tokio::task::yield_now()));
        assert!(futures_util::poll!(&mut instance).is_pending());
        // Tokio wakes a task that yields when the others have had their turn.
        let quiet = activity.is_quiet();
        instance.await;
        assert!(!quiet || !activity.is_quiet());
    }
}
