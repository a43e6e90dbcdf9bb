//! A counting semaphore with a first-come, first-served queue.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::line::{Line, Place, Ticket};
use crate::kernel::Sim;

/// A number of permits, such as the workers of a service or the connections of a pool. Clones share
/// them.
#[derive(Clone)]
pub struct Semaphore(Rc<Shared>);

struct Shared {
    sim: Sim,
    state: RefCell<State>,
}

struct State {
    /// The number of free permits; zero while a process waits.
    available: u32,
    line: Line,
}

impl Semaphore {
    /// A semaphore with this many permits.
    pub fn new(sim: &Sim, permits: u32) -> Self {
        let state = RefCell::new(State { available: permits, line: Line::new() });
        Self(Rc::new(Shared { sim: sim.clone(), state }))
    }

    /// Waits for a permit; `None` if the semaphore is closed.
    #[inline]
    pub fn acquire(&self) -> Acquire {
        Acquire { semaphore: self.clone(), ticket: None }
    }

    /// A permit, if one is there and the semaphore is open.
    #[inline]
    pub fn try_acquire(&self) -> Option<Permit> {
        let mut state = self.0.state.borrow_mut();
        if state.available == 0 || state.line.is_closed() {
            return None;
        }
        state.available -= 1;
        Some(Permit { semaphore: self.clone() })
    }

    /// The number of waiting processes.
    pub fn waiting(&self) -> usize {
        self.0.state.borrow().line.len()
    }

    /// The number of free permits.
    pub fn available(&self) -> u32 {
        self.0.state.borrow().available
    }

    /// Closes the semaphore: waiting and later processes get no permit. Permits that were given
    /// stay valid.
    pub fn close(&self) {
        self.0.state.borrow_mut().line.close(&self.0.sim);
    }

    /// Takes a permit back and gives it to the process that has waited longest.
    #[inline]
    fn release(&self) {
        let mut state = self.0.state.borrow_mut();
        if !state.line.serve(&self.0.sim) {
            state.available += 1;
        }
    }
}

/// The right to hold one unit of a semaphore, which is returned when dropped.
#[must_use = "a permit is given back when dropped"]
pub struct Permit {
    semaphore: Semaphore,
}

impl Drop for Permit {
    #[inline]
    fn drop(&mut self) {
        self.semaphore.release();
    }
}

/// A future that waits for a permit; made by [`Semaphore::acquire`].
#[must_use = "a future does nothing unless awaited"]
pub struct Acquire {
    semaphore: Semaphore,
    ticket: Option<Ticket>,
}

impl Future for Acquire {
    type Output = Option<Permit>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        let shared = Rc::clone(&self.semaphore.0);
        let mut state = shared.state.borrow_mut();
        match self.ticket.map(|ticket| state.line.place(ticket)) {
            None if state.line.is_closed() => return Poll::Ready(None),
            None if state.available > 0 => state.available -= 1,
            None => {
                self.ticket = Some(state.line.join(shared.sim.must_current()));
                return Poll::Pending;
            }
            Some(Place::Waiting) => return Poll::Pending,
            Some(Place::TurnedAway) => return Poll::Ready(None),
            Some(Place::Served) => self.ticket = None,
        }
        Poll::Ready(Some(Permit { semaphore: self.semaphore.clone() }))
    }
}

impl Drop for Acquire {
    #[inline]
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            let place = self.semaphore.0.state.borrow_mut().line.leave(ticket);
            if place == Place::Served {
                self.semaphore.release();
            }
        }
    }
}
