//! M12: the number of waits for row locks, and deadlocks that no single database detects.
//!
//! A deadlock across databases is a cycle of distributed transactions, each of which waits for a
//! row that the next one holds. Every database sees a part of it and detects nothing, so it ends
//! with the first lock timeout. Whether a timeout ended one follows from the records of the
//! databases: the transactions that waited for each row at that moment and, once the rows were
//! released, those that had held them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::by_kind::{ByKind, Counts};
use super::{Better, Measure, Measured, Quantity, Scope, Unit};
use crate::kernel::NodeId;
use crate::model::record::{Event, LockFailure, OpId, Record, TxnId};
use crate::model::system::{DatabaseId, OperationKind, RowKey, System, TableId};

/// M12, lock waits.
pub const LOCK_WAITS: &Measure = &Measure::number(
    "m12.lock-waits",
    "lock waits",
    Unit::PerTransaction,
    Better::Lower,
    "How often a transaction of a database waited for a row lock, from the first measured arrival \
     on, per transaction (or branch of a distributed one) that ended. One that waits for several \
     rows counts several times.",
)
.at_rest()
.of_each();

/// M12, distributed deadlocks.
pub const DISTRIBUTED_DEADLOCKS: &Measure = &Measure::number(
    "m12.deadlocks.distributed",
    "distributed deadlocks",
    Unit::Count,
    Better::Lower,
    "How many lock timeouts ended a circle of distributed transactions, each of which waited for a \
     row that the next one held, from the first measured arrival on. No database sees the whole of \
     such a circle; those within one database are `m12.deadlocks`. An operation has those whose \
     timeout was its own.",
)
.at_rest()
.of_each();

/// A row of a database.
type Row = (DatabaseId, TableId, RowKey);

/// A distributed transaction: one attempt at an operation, whose branches carry its name.
type Whole = (OpId, u16);

/// A transaction that waits for a row.
#[derive(Clone, Copy, Debug)]
struct Waiter {
    whole: Whole,
    row: Row,
    node: NodeId,
}

/// A lock timeout that is not known yet to have ended a cycle.
#[derive(Debug)]
struct Timeout {
    at: u64,
    kind: Option<OperationKind>,
    victim: Whole,
    /// The transactions that waited for each row at that moment, including the victim.
    waited_for: BTreeMap<Row, Vec<Whole>>,
    /// The edges of the wait-for graph that are known by now.
    edges: BTreeSet<(Whole, Whole)>,
}

/// Waits for row locks, and the cycles among them.
#[derive(Debug)]
pub struct LockWaits {
    waiting: BTreeMap<TxnId, Waiter>,
    timeouts: VecDeque<Timeout>,
    /// The time, database and transaction of the latest commit.
    committed: Option<(u64, DatabaseId, Whole)>,
    waits: Counts,
    ended: Counts,
    deadlocks: Counts,
}

impl LockWaits {
    /// The state before the first record.
    pub fn new(system: &System) -> Self {
        let none = Counts::new(system, 0);
        Self {
            waiting: BTreeMap::new(),
            timeouts: VecDeque::new(),
            committed: None,
            waits: none.clone(),
            ended: none.clone(),
            deadlocks: none,
        }
    }

    /// Takes in a record about a lock or the end of a transaction, for an operation of that kind;
    /// `counts` is true from the first measured arrival on.
    pub fn see(&mut self, record: &Record, kind: Option<OperationKind>, counts: bool) {
        let (now, whole) = (record.time.as_nanos(), (record.op, record.attempt));
        match record.event {
            Event::LockWait { database, txn, table, row } => {
                *self.waits.of(kind) += u64::from(counts);
                let row = (database, table, row);
                self.waiting.insert(txn, Waiter { whole, row, node: record.node });
            }
            Event::LockGranted { txn, .. } => _ = self.waiting.remove(&txn),
            Event::LockFailed { txn, failure, .. } => {
                if counts && failure == LockFailure::Timeout {
                    self.time_out(now, txn, kind);
                }
                self.waiting.remove(&txn);
            }
            Event::Committed { database, .. } => {
                *self.ended.of(kind) += u64::from(counts);
                self.committed = Some((now, database, whole));
            }
            Event::Aborted { txn, .. } => {
                *self.ended.of(kind) += u64::from(counts);
                self.waiting.remove(&txn);
            }
            Event::LockHeld { database, table, row, held } => {
                let commits = self.committed == Some((now, database, whole));
                let since = now - held.as_nanos();
                self.hold(since, (database, table, row), whole, commits);
            }
            Event::Crashed { .. } if record.node != NodeId::WORLD => {
                self.waiting.retain(|_, waiter| waiter.node != record.node);
            }
            _ => {}
        }
    }

    /// Notes a lock timeout: the waiting transactions are known now, the holders will be known
    /// later.
    fn time_out(&mut self, at: u64, txn: TxnId, kind: Option<OperationKind>) {
        let Some(&Waiter { whole: victim, .. }) = self.waiting.get(&txn) else { return };
        let mut waited_for = BTreeMap::<Row, Vec<Whole>>::new();
        for waiter in self.waiting.values().filter(|it| it.whole.0 != OpId::NONE) {
            waited_for.entry(waiter.row).or_default().push(waiter.whole);
        }
        let edges = BTreeSet::new();
        self.timeouts.push_back(Timeout { at, kind, victim, waited_for, edges });
    }

    /// Notes that a row was released that `holder` had held `since` then. A victim that `commits`
    /// what it held was no distributed transaction: another of its transactions went on without
    /// this one.
    fn hold(&mut self, since: u64, row: Row, holder: Whole, commits: bool) {
        let first = self.timeouts.partition_point(|timeout| timeout.at <= since);
        let mut ended = Vec::new();
        for (at, timeout) in (first..).zip(self.timeouts.range_mut(first..)) {
            let Some(waiters) = timeout.waited_for.get(&row) else { continue };
            if holder == timeout.victim && commits {
                continue;
            }
            let others = waiters.iter().filter(|waiter| **waiter != holder);
            timeout.edges.extend(others.map(|waiter| (*waiter, holder)));
            if timeout.is_circle() {
                ended.push(at);
            }
        }
        for at in ended.into_iter().rev() {
            if let Some(timeout) = self.timeouts.remove(at) {
                *self.deadlocks.of(timeout.kind) += 1;
            }
        }
    }

    /// Takes the counts.
    pub fn measure(self, into: &mut Measured, system: &System) {
        into.counts(DISTRIBUTED_DEADLOCKS, &self.deadlocks, system);
        let ratio = |waits: u64, ended: u64| Quantity::ratio(waits, ended, "no transaction ended");
        let sum = |of: &ByKind<u64>| of.all().sum::<u64>();
        into.quantity(LOCK_WAITS, ratio(sum(&self.waits), sum(&self.ended)));
        let ended: BTreeMap<Scope, &u64> = self.ended.operations(system).collect();
        for (scope, waits) in self.waits.operations(system) {
            into.quantity(LOCK_WAITS.of(&scope), ratio(*waits, *ended[&scope]));
        }
    }
}

impl Timeout {
    /// Returns whether the victim waited, directly or through others, for itself.
    fn is_circle(&self) -> bool {
        let mut reached = vec![self.victim];
        let mut at = 0;
        while at < reached.len() {
            let from = reached[at];
            let next = self.edges.range((from, (OpId(0), 0))..);
            for (_, holder) in next.take_while(|(waiter, _)| *waiter == from) {
                if *holder == self.victim {
                    return true;
                }
                if !reached.contains(holder) {
                    reached.push(*holder);
                }
            }
            at += 1;
        }
        false
    }
}
