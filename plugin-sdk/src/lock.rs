//! The lock between a plugin's handlers: those with `&self` share, one with `&mut self` is alone.
//!
//! All handlers of an instance run on one thread, so this is bookkeeping and no synchronisation. It is fair: handlers
//! enter in the order in which they came, and one that came later never overtakes.

use std::{
    cell::{Cell, Ref, RefCell, RefMut},
    collections::VecDeque,
    future::poll_fn,
    ops::{Deref, DerefMut},
    task::{Poll, Waker},
};

/// See the module.
#[derive(Debug, Default)]
pub struct RwLock<T> {
    value: RefCell<T>,
    queue: RefCell<VecDeque<(u64, Waker)>>,
    tickets: Cell<u64>,
}

impl<T> RwLock<T> {
    /// Wraps a value that nobody uses yet.
    pub fn new(value: T) -> Self {
        Self { value: RefCell::new(value), queue: RefCell::default(), tickets: Cell::new(0) }
    }

    /// Waits until no writer is in, and for those who came before.
    pub async fn read(&self) -> ReadGuard<'_, T> {
        let value = self.enter(|| self.value.try_borrow().ok()).await;
        ReadGuard { value: Some(value), lock: self }
    }

    /// Waits until nobody is in, and for those who came before.
    pub async fn write(&self) -> WriteGuard<'_, T> {
        let value = self.enter(|| self.value.try_borrow_mut().ok()).await;
        WriteGuard { value: Some(value), lock: self }
    }

    async fn enter<G>(&self, try_enter: impl Fn() -> Option<G>) -> G {
        let place = Place { lock: self, ticket: self.tickets.get() };
        self.tickets.set(place.ticket + 1);
        poll_fn(|context| {
            let mut queue = self.queue.borrow_mut();
            let first = queue.front().is_none_or(|(ticket, _)| *ticket == place.ticket);
            if first && let Some(guard) = try_enter() {
                return Poll::Ready(guard);
            }
            match queue.iter_mut().find(|(ticket, _)| *ticket == place.ticket) {
                Some((_, waker)) => waker.clone_from(context.waker()),
                None => queue.push_back((place.ticket, context.waker().clone())),
            }
            Poll::Pending
        })
        .await
    }

    fn wake_first(&self) {
        if let Some((_, waker)) = self.queue.borrow().front() {
            waker.wake_by_ref();
        }
    }
}

/// A place in the queue; leaving it, by entering or by giving up, lets the next one try.
struct Place<'a, T> {
    lock: &'a RwLock<T>,
    ticket: u64,
}

impl<T> Drop for Place<'_, T> {
    fn drop(&mut self) {
        self.lock.queue.borrow_mut().retain(|(ticket, _)| *ticket != self.ticket);
        self.lock.wake_first();
    }
}

/// Shared use of the value.
#[derive(Debug)]
pub struct ReadGuard<'a, T> {
    value: Option<Ref<'a, T>>,
    lock: &'a RwLock<T>,
}

/// Exclusive use of the value.
#[derive(Debug)]
pub struct WriteGuard<'a, T> {
    value: Option<RefMut<'a, T>>,
    lock: &'a RwLock<T>,
}

const HELD: &str = "a guard holds its value until it is dropped";

impl<T> Deref for ReadGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.as_deref().expect(HELD)
    }
}

impl<T> Deref for WriteGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.as_deref().expect(HELD)
    }
}

impl<T> DerefMut for WriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.value.as_deref_mut().expect(HELD)
    }
}

impl<T> Drop for ReadGuard<'_, T> {
    fn drop(&mut self) {
        self.value = None;
        self.lock.wake_first();
    }
}

impl<T> Drop for WriteGuard<'_, T> {
    fn drop(&mut self) {
        self.value = None;
        self.lock.wake_first();
    }
}
