//! A line of waiting processes.

use std::collections::VecDeque;

use crate::kernel::{Sim, TaskId};

/// A place in a line: a number that grows with every newcomer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ticket(u64);

/// The state of one waiter in a line.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Still in line.
    Waiting,
    /// Called to the front.
    Served,
    /// Sent away when the line was closed.
    TurnedAway,
}

/// First come, first served. As nobody leaves but from the front or by giving up, whoever is not
/// in line any more and did not give up has been served: a ticket is all that a waiter keeps.
pub(super) struct Line {
    waiting: VecDeque<(Ticket, TaskId)>,
    next: Ticket,
    /// From this ticket on everybody was turned away.
    closed_from: Option<Ticket>,
}

impl Line {
    pub fn new() -> Self {
        Self { waiting: VecDeque::new(), next: Ticket(0), closed_from: None }
    }

    /// Joins the end.
    pub fn join(&mut self, task: TaskId) -> Ticket {
        let ticket = self.next;
        self.next.0 += 1;
        self.waiting.push_back((ticket, task));
        ticket
    }

    /// Serves whoever has waited longest; says whether there was anybody.
    pub fn serve(&mut self, sim: &Sim) -> bool {
        let front = self.waiting.pop_front();
        if let Some((_, task)) = front {
            sim.wake(task);
        }
        front.is_some()
    }

    /// Where a waiter stands that has not given up.
    pub fn place(&self, ticket: Ticket) -> Place {
        if self.waiting.front().is_some_and(|&(front, _)| front <= ticket) {
            Place::Waiting
        } else if self.closed_from.is_some_and(|first| first <= ticket) {
            Place::TurnedAway
        } else {
            Place::Served
        }
    }

    /// Gives up; says where the waiter stood.
    pub fn leave(&mut self, ticket: Ticket) -> Place {
        let place = self.place(ticket);
        if place == Place::Waiting
            && let Ok(index) = self.waiting.binary_search_by_key(&ticket, |&(ticket, _)| ticket)
        {
            self.waiting.remove(index);
        }
        place
    }

    /// Turns everybody away, now and later.
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
