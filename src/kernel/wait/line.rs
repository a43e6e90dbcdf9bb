//! A first-in-first-out queue of waiting processes.

use std::collections::VecDeque;

use crate::kernel::{Sim, TaskId};

/// A place in a queue: a number that grows with every process that joins.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ticket(u64);

/// The state of one waiter in a queue.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The waiter is still in the queue.
    Waiting,
    /// The waiter was served.
    Served,
    /// The waiter was rejected when the queue was closed.
    TurnedAway,
}

/// A first-come, first-served queue. A process leaves it only when served or when it gives up, so a
/// waiter that did not give up and is not in the queue any more has been served: the ticket is all
/// the state that a waiter needs.
pub(super) struct Line {
    waiting: VecDeque<(Ticket, TaskId)>,
    next: Ticket,
    /// The first ticket that was rejected; all later ones were, too.
    closed_from: Option<Ticket>,
}

impl Line {
    pub fn new() -> Self {
        Self { waiting: VecDeque::new(), next: Ticket(0), closed_from: None }
    }

    /// Joins the end of the queue.
    pub fn join(&mut self, task: TaskId) -> Ticket {
        let ticket = self.next;
        self.next.0 += 1;
        self.waiting.push_back((ticket, task));
        ticket
    }

    /// Serves the process that has waited longest; returns whether there was one.
    pub fn serve(&mut self, sim: &Sim) -> bool {
        let front = self.waiting.pop_front();
        if let Some((_, task)) = front {
            sim.wake(task);
        }
        front.is_some()
    }

    /// The state of a waiter that has not given up.
    pub fn place(&self, ticket: Ticket) -> Place {
        if self.waiting.front().is_some_and(|&(front, _)| front <= ticket) {
            Place::Waiting
        } else if self.closed_from.is_some_and(|first| first <= ticket) {
            Place::TurnedAway
        } else {
            Place::Served
        }
    }

    /// Leaves the queue; returns the state that the waiter had.
    pub fn leave(&mut self, ticket: Ticket) -> Place {
        let place = self.place(ticket);
        if place == Place::Waiting
            && let Ok(index) = self.waiting.binary_search_by_key(&ticket, |&(ticket, _)| ticket)
        {
            self.waiting.remove(index);
        }
        place
    }

    /// Rejects every waiter, now and later.
    pub fn close(&mut self, sim: &Sim) {
        if self.closed_from.is_none() {
            let front = self.waiting.front().map(|&(ticket, _)| ticket);
            self.closed_from = front.or(Some(self.next));
        }
        for (_, task) in self.waiting.drain(..) {
            sim.wake(task);
        }
    }

    pub fn is_closed(&self) -> bool {
        self.closed_from.is_some()
    }

    pub fn len(&self) -> usize {
        self.waiting.len()
    }
}
