//! Runs handlers and spawned tasks on the test's thread, with a clock that jumps to the next sleeper when all wait.

use std::{
    cell::RefCell,
    future::{Future, poll_fn},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use super::with;

type Task = Pin<Box<dyn Future<Output = ()>>>;

/// Set when the task wants to be polled.
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn ready() -> Arc<Flag> {
    Arc::new(Flag(AtomicBool::new(true)))
}

thread_local! {
    static SPAWNED: RefCell<Vec<Task>> = const { RefCell::new(Vec::new()) };
    static BESIDE: RefCell<Vec<(Arc<Flag>, Task)>> = const { RefCell::new(Vec::new()) };
    static SLEEPERS: RefCell<Vec<(f64, Waker)>> = const { RefCell::new(Vec::new()) };
}

pub(crate) fn spawn(task: Task) {
    SPAWNED.with_borrow_mut(|tasks| tasks.push(task));
}

pub(crate) async fn sleep(time: Duration) {
    let due = with(|host| host.now) + time.as_secs_f64();
    let mut asleep = false;
    poll_fn(|context| {
        if with(|host| host.now) >= due {
            return Poll::Ready(());
        }
        if !asleep {
            asleep = true;
            SLEEPERS.with_borrow_mut(|sleepers| sleepers.push((due, context.waker().clone())));
        }
        Poll::Pending
    })
    .await;
}

/// Forgets the tasks of an instance that is gone.
pub(crate) fn clear() {
    SPAWNED.take();
    BESIDE.take();
    SLEEPERS.take();
}

/// Runs the futures to their ends, all at once and beginning in order, and the spawned tasks as far as they come.
pub(crate) fn run_all<T>(futures: Vec<Pin<Box<dyn Future<Output = T> + '_>>>) -> Vec<T> {
    let mut results: Vec<Option<T>> = futures.iter().map(|_| None).collect();
    let mut running: Vec<_> =
        futures.into_iter().enumerate().map(|(at, future)| (at, ready(), future)).collect();
    loop {
        let mut moved = false;
        running.retain_mut(|(at, flag, future)| {
            if !flag.0.swap(false, Ordering::Relaxed) {
                return true;
            }
            moved = true;
            let waker = Waker::from(flag.clone());
            match future.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(result) => {
                    results[*at] = Some(result);
                    false
                }
                Poll::Pending => true,
            }
        });
        moved |= run_beside();
        if !moved {
            if running.is_empty() {
                break;
            }
            assert!(jump(f64::INFINITY), "a handler waits for something that will never come");
        }
    }
    results.into_iter().flatten().collect()
}

/// Lets time pass for the spawned tasks.
pub(crate) fn advance(until: f64) {
    loop {
        while run_beside() {}
        if !jump(until) {
            break;
        }
    }
    with(|host| host.now = host.now.max(until));
}

fn run_beside() -> bool {
    let mut moved = false;
    BESIDE.with_borrow_mut(|tasks| tasks.extend(SPAWNED.take().into_iter().map(|task| (ready(), task))));
    let tasks = BESIDE.take();
    let mut left = Vec::new();
    for (flag, mut task) in tasks {
        if !flag.0.swap(false, Ordering::Relaxed) {
            left.push((flag, task));
            continue;
        }
        moved = true;
        let waker = Waker::from(flag.clone());
        if task.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
            left.push((flag, task));
        }
    }
    BESIDE.with_borrow_mut(|tasks| tasks.extend(left));
    moved
}

/// Goes to the time of the next sleeper, if it is not later than `until`, and wakes those whose time it is.
fn jump(until: f64) -> bool {
    SLEEPERS.with_borrow_mut(|sleepers| {
        let next = sleepers.iter().map(|(due, _)| *due).fold(f64::INFINITY, f64::min);
        if sleepers.is_empty() || next > until {
            return false;
        }
        with(|host| host.now = host.now.max(next));
        sleepers.retain(|(due, waker)| {
            if *due <= next {
                waker.wake_by_ref();
            }
            *due > next
        });
        true
    })
}
