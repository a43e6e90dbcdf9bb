//! A value that somebody will give to somebody else, once.

use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use crate::kernel::{Sim, TaskId, Time};

/// Both ends of a value that is yet to come.
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

/// The end that gives the value. Dropped without, it tells the other end that none will come.
#[must_use = "dropping a promise breaks it"]
pub struct Promise<T>(Rc<Shared<T>>);

impl<T> Promise<T> {
    /// Gives the value.
    pub fn keep(self, value: T) {
        *self.0.value.borrow_mut() = Some(value);
    }

    /// Gives a value of which the other end can make no use before `at`: whoever waits for it
    /// already is not woken before that.
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

/// The end that waits; `None` if the promise was dropped (or the value was taken before).
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
