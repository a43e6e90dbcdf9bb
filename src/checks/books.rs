//! The books of a run: the state that all judges of the run share.

use std::sync::Arc;

use super::invariants::Invariants;
use super::measures::by_kind::ByKind;
use super::measures::gauge::Gauge;
use super::outcome::Operations;
use crate::kernel::Sink;
use crate::model::record::{Event, Phase, Record};
use crate::model::system::System;

/// The state of a run as it follows from the history: the outcomes of operations, the declared
/// invariants, and the progress of the run. States are taken at the end of an instant.
#[derive(Debug)]
pub struct Books {
    /// The operations with their outcomes.
    pub operations: Operations,
    /// The number of operations that are partial, over time.
    pub partial: Gauge,
    /// The number of partial operations of each kind, over time.
    pub partial_by_kind: ByKind<Gauge>,
    /// The declared invariants.
    pub invariants: Invariants,
    /// The current instant, in ns.
    pub now: u64,
    /// The last end of a fault, in ns.
    pub healed: u64,
    /// True if the system was quiescent at the end of the run.
    pub settled: bool,
}

/// A judge: it sees every record of a run once, in order, after the books have taken it in.
pub trait Listener {
    /// Takes in the next record.
    fn see(&mut self, record: &Record, books: &mut Books);
}

/// One pass over the history of a run: its books, and the listener that reads them.
#[derive(Debug)]
pub struct Audit<L> {
    books: Books,
    listener: L,
}

impl Books {
    /// The books before the first record. Levels are integrated over `window` (ns, from and until),
    /// and `level` is a gauge at zero with the buckets that are wanted.
    pub fn new(system: &Arc<System>, window: (u64, u64), level: Gauge) -> Self {
        Self {
            operations: Operations::new(system),
            partial: level.clone(),
            partial_by_kind: ByKind::new(system, Gauge::new(window)),
            invariants: Invariants::new(system, window, level),
            now: 0,
            healed: 0,
            settled: false,
        }
    }

    #[inline]
    fn see(&mut self, record: &Record) {
        let now = record.time.as_nanos();
        if now > self.now {
            self.end_instant();
            self.now = now;
        }
        self.operations.see(record);
        match record.event {
            Event::Value { .. } | Event::RowDeleted { .. } => {
                self.invariants.see(record, self.operations.kind(record.op));
            }
            Event::FaultEnded { .. } => self.healed = now,
            Event::Phase { phase: Phase::End, settled } => self.settled = settled,
            _ => {}
        }
    }

    fn end_instant(&mut self) {
        self.operations.end_instant(self.now, &mut self.partial_by_kind);
        self.partial.set(self.now, self.operations.partial_count());
        self.invariants.end_instant(self.now);
    }
}

impl<L> Audit<L> {
    /// A pass over a run with these books.
    pub fn new(books: Books, listener: L) -> Self {
        Self { books, listener }
    }

    /// This pass with a second listener.
    pub fn with<M>(self, other: M) -> Audit<(L, M)> {
        Audit { books: self.books, listener: (self.listener, other) }
    }

    /// Ends the pass and returns the books and the listener.
    pub fn close(mut self) -> (Books, L) {
        self.books.end_instant();
        self.books.operations.close();
        (self.books, self.listener)
    }
}

impl<L: Listener> Sink<Record> for Audit<L> {
    fn see(&mut self, record: &Record) {
        self.books.see(record);
        self.listener.see(record, &mut self.books);
    }
}

impl<L: Listener, M: Listener> Listener for (L, M) {
    #[inline]
    fn see(&mut self, record: &Record, books: &mut Books) {
        self.0.see(record, books);
        self.1.see(record, books);
    }
}
