//! A broadcast notification to all waiting processes.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::line::{Line, Place, Ticket};
use crate::kernel::Sim;

/// A notification that wakes the processes that wait at that moment and is then forgotten. Clones
/// are the same signal.
#[derive(Clone)]
pub struct Signal(Rc<Shared>);

struct Shared {
    sim: Sim,
    line: RefCell<Line>,
}

impl Signal {
    /// A signal for which no process waits.
    pub fn new(sim: &Sim) -> Self {
        Self(Rc::new(Shared { sim: sim.clone(), line: RefCell::new(Line::new()) }))
    }

    /// Waits for the next notification; the wait begins with the first poll.
    pub fn wait(&self) -> Wait {
        Wait { signal: self.clone(), ticket: None }
    }

    /// Wakes every waiting process, in the order in which they came.
    pub fn notify_all(&self) {
        let mut line = self.0.line.borrow_mut();
        while line.serve(&self.0.sim) {}
    }
}

/// A future that waits for a signal; made by [`Signal::wait`].
#[must_use = "a future does nothing unless awaited"]
pub struct Wait {
    signal: Signal,
    ticket: Option<Ticket>,
}

impl Future for Wait {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        let shared = Rc::clone(&self.signal.0);
        let mut line = shared.line.borrow_mut();
        match self.ticket {
            Some(ticket) if line.place(ticket) == Place::Served => return Poll::Ready(()),
            Some(_) => {}
            None => self.ticket = Some(line.join(shared.sim.must_current())),
        }
        Poll::Pending
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            self.signal.0.line.borrow_mut().leave(ticket);
        }
    }
}
