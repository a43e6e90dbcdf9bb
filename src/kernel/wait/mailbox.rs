//! A queue between processes.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::line::{Line, Place, Ticket};
use crate::kernel::Sim;

/// An unbounded first-in-first-out queue of items between processes. Receivers are served in the
/// order in which they came. Clones are the same mailbox.
pub struct Mailbox<T>(Rc<Shared<T>>);

struct Shared<T> {
    sim: Sim,
    state: RefCell<State<T>>,
}

struct State<T> {
    items: VecDeque<T>,
    /// The number of items that belong to receivers that were served and have yet to take them.
    promised: usize,
    line: Line,
}

impl<T> Clone for Mailbox<T> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<T> Mailbox<T> {
    /// An empty mailbox.
    pub fn new(sim: &Sim) -> Self {
        let state = State { items: VecDeque::new(), promised: 0, line: Line::new() };
        Self(Rc::new(Shared { sim: sim.clone(), state: RefCell::new(state) }))
    }

    /// Adds an item. An item that is pushed into a closed mailbox is dropped.
    pub fn push(&self, item: T) {
        let mut state = self.0.state.borrow_mut();
        if state.line.is_closed() {
            // The borrow ends first: the destructor of the item may come here again.
            drop(state);
            return;
        }
        state.items.push_back(item);
        state.promise(&self.0.sim);
    }

    /// Waits for an item; `None` once the mailbox is closed and empty.
    pub fn pop(&self) -> Pop<T> {
        Pop { mailbox: self.clone(), ticket: None }
    }

    /// The number of items.
    pub fn len(&self) -> usize {
        self.0.state.borrow().items.len()
    }

    /// Returns whether the mailbox is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Closes the mailbox for new items. Those in it can still be popped.
    pub fn close(&self) {
        self.0.state.borrow_mut().line.close(&self.0.sim);
    }
}

impl<T> State<T> {
    /// Promises a free item to the receiver that has waited longest.
    fn promise(&mut self, sim: &Sim) {
        if self.items.len() > self.promised && self.line.serve(sim) {
            self.promised += 1;
        }
    }
}

/// A future that waits for an item; made by [`Mailbox::pop`].
#[must_use = "a future does nothing unless awaited"]
pub struct Pop<T> {
    mailbox: Mailbox<T>,
    ticket: Option<Ticket>,
}

impl<T> Future for Pop<T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        let shared = Rc::clone(&self.mailbox.0);
        let mut state = shared.state.borrow_mut();
        match self.ticket.map(|ticket| state.line.place(ticket)) {
            None if state.items.len() > state.promised => {}
            None if state.line.is_closed() => return Poll::Ready(None),
            None => {
                self.ticket = Some(state.line.join(shared.sim.must_current()));
                return Poll::Pending;
            }
            Some(Place::Waiting) => return Poll::Pending,
            Some(Place::TurnedAway) => return Poll::Ready(None),
            Some(Place::Served) => {
                self.ticket = None;
                state.promised -= 1;
            }
        }
        Poll::Ready(state.items.pop_front())
    }
}

impl<T> Drop for Pop<T> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            let mut state = self.mailbox.0.state.borrow_mut();
            if state.line.leave(ticket) == Place::Served {
                state.promised -= 1;
                state.promise(&self.mailbox.0.sim);
            }
        }
    }
}
