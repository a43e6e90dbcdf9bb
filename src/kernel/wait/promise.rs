//! A one-shot channel: one value from one process to another.

use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use crate::kernel::{Sim, TaskId, Time};

/// A pair of connected ends for a value that is yet to come.
pub fn promise<T>(sim: &Sim) -> (Promise<T>, Waiting<T>) {
    let shared = Rc::new(Shared {
        sim: sim.clone(),
        value: RefCell::new(None),
        settled: Cell::new(false),
        waiter: Cell::new(None),
    });
    (Promise(Rc::clone(&shared)), Waiting(shared))
}

struct Shared<T> {
    sim: Sim,
    value: RefCell<Option<T>>,
    settled: Cell<bool>,
    waiter: Cell<Option<TaskId>>,
}

impl<T> Shared<T> {
    fn settle(&self) {
        self.settled.set(true);
        if let Some(task) = self.waiter.take() {
            self.sim.wake(task);
        }
    }
}

/// The sending end. If it is dropped without a value, the receiving end learns that none will come.
#[must_use = "dropping a promise breaks it"]
pub struct Promise<T>(Rc<Shared<T>>);

impl<T> Promise<T> {
    /// Sends the value.
    pub fn keep(self, value: T) {
        *self.0.value.borrow_mut() = Some(value);
    }

    /// Sends a value that the receiver cannot use before `at`: a receiver that is already waiting
    /// is not woken before that.
    pub fn keep_until(self, value: T, at: Time) {
        *self.0.value.borrow_mut() = Some(value);
        if let Some(task) = self.0.waiter.take() {
            self.0.sim.wake_at(task, at);
        }
    }
}

impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        self.0.settle();
    }
}

/// The receiving end: a future that completes with the value, or with `None` if the promise was
/// dropped or the value was taken before.
#[must_use = "a future does nothing unless awaited"]
pub struct Waiting<T>(Rc<Shared<T>>);

impl<T> Future for Waiting<T> {
    type Output = Option<T>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        if self.0.settled.get() {
            return Poll::Ready(self.0.value.borrow_mut().take());
        }
        self.0.waiter.set(Some(self.0.sim.must_current()));
        Poll::Pending
    }
}

impl<T> Drop for Waiting<T> {
    fn drop(&mut self) {
        self.0.waiter.set(None);
    }
}
