//! M6: how long branches are in doubt, and how long other transactions wait behind them.

use super::by_kind::{ByKind, Counts};
use super::{Better, Distribution, Measure, Measured, Quantity, Scope, Unit, Values};
use crate::kernel::{Lookup, NodeId, Numbered};
use crate::model::record::{Event, Record, TxnId};
use crate::model::system::{DatabaseId, OperationKind, RowKey, System, TableId};

/// M6, time in doubt.
pub const IN_DOUBT_EACH: &Measure = &Measure::many(
    "m6.in-doubt.each",
    "time in doubt",
    Unit::Nanoseconds,
    Better::Lower,
    "Per prepared branch: from its forced prepared record until the decision is known at its \
     store.",
)
.of_each();

/// M6, time in doubt, sum.
pub const IN_DOUBT: &Measure = &Measure::number(
    "m6.in-doubt",
    "time in doubt, sum",
    Unit::Nanoseconds,
    Better::Lower,
    "The sum over all branches that were prepared after the warm-up.",
)
.of_each()
.head("in doubt, sum")
.told("the least time in doubt", "the most time in doubt")
.at_rest();

/// M6, time in doubt, longest.
pub const IN_DOUBT_MAX: &Measure = &Measure::number(
    "m6.in-doubt.max",
    "time in doubt, longest",
    Unit::Nanoseconds,
    Better::Lower,
    "The longest time in doubt of any branch.",
)
.of_each()
.head("in doubt, longest")
.values(Values::Greatest)
.at_rest();

/// M6, blocked behind a branch in doubt.
pub const BLOCKED_EACH: &Measure = &Measure::many(
    "m6.blocked.each",
    "blocked behind a branch in doubt",
    Unit::Nanoseconds,
    Better::Lower,
    "Per wait for a row lock: for how long a prepared branch held that row, if at all. An \
     operation has the waits of its own transactions.",
)
.of_each();

/// M6, blocked behind branches in doubt, sum.
pub const BLOCKED: &Measure = &Measure::number(
    "m6.blocked",
    "blocked behind branches in doubt, sum",
    Unit::Nanoseconds,
    Better::Lower,
    "The sum over all waits that began after the warm-up.",
)
.of_each()
.head("blocked, sum")
.told("the least blocked time", "the most blocked time")
.at_rest();

/// M6, blocked behind a branch in doubt, longest.
pub const BLOCKED_MAX: &Measure = &Measure::number(
    "m6.blocked.max",
    "blocked behind a branch in doubt, longest",
    Unit::Nanoseconds,
    Better::Lower,
    "The longest such part of any wait.",
)
.of_each()
.values(Values::Greatest)
.at_rest();

/// M6, heuristic decisions.
pub const HEURISTIC: &Measure = &Measure::number(
    "m6.heuristic",
    "heuristic decisions",
    Unit::Count,
    Better::Lower,
    "Branches that were decided without their coordinator.",
)
.at_rest()
.of_each();

/// A row of a database.
type Row = (DatabaseId, TableId, RowKey);

/// A prepared branch whose decision is not known yet.
#[derive(Debug)]
struct Branch {
    since: u64,
    counted: bool,
    kind: Option<OperationKind>,
    rows: Vec<Row>,
}

/// The time for which a row has been held by prepared branches, as a clock that runs only then.
#[derive(Clone, Copy, Debug, Default)]
struct DoubtClock {
    holders: u32,
    /// Transactions that wait for the row.
    waiters: u32,
    since: u64,
    total: u64,
}

impl DoubtClock {
    const fn read(&self, now: u64) -> u64 {
        if self.holders > 0 { self.total + (now - self.since) } else { self.total }
    }

    const fn hold(&mut self, now: u64) {
        if self.holders == 0 {
            self.since = now;
        }
        self.holders += 1;
    }

    const fn release(&mut self, now: u64) {
        self.total = self.read(now);
        self.since = now;
        self.holders = self.holders.saturating_sub(1);
    }
}

/// A transaction that waits for a row.
#[derive(Clone, Copy, Debug)]
struct Waiter {
    row: Row,
    /// The in-doubt time of the row when the wait began, in ns.
    clock: u64,
    counted: bool,
    kind: Option<OperationKind>,
    node: NodeId,
}

/// Branches in doubt, and the transactions that wait behind them.
#[derive(Debug)]
pub struct InDoubt {
    /// The time, in ns, from which on branches and waits count.
    from: u64,
    branches: Numbered<TxnId, Branch>,
    /// The rows that a branch holds or a transaction waits for.
    rows: Lookup<Row, DoubtClock>,
    waiters: Numbered<TxnId, Waiter>,
    /// Emptied row lists of branches that are resolved, to be used again.
    spare: Vec<Vec<Row>>,
    in_doubt: ByKind<Distribution>,
    blocked: ByKind<Distribution>,
    heuristic: Counts,
}

impl InDoubt {
    /// The state before the first record. Branches and waits count that begin at `from` (ns) or
    /// later.
    pub fn new(system: &System, from: u64) -> Self {
        Self {
            from,
            branches: Numbered::new(),
            rows: Lookup::new(),
            waiters: Numbered::new(),
            spare: Vec::new(),
            in_doubt: ByKind::new(system, Distribution::default()),
            blocked: ByKind::new(system, Distribution::default()),
            heuristic: Counts::new(system, 0),
        }
    }

    /// Takes in a record about locks or prepared branches, for an operation of that kind.
    pub fn see(&mut self, record: &Record, kind: Option<OperationKind>) {
        let now = record.time.as_nanos();
        match record.event {
            Event::Prepared { txn, .. } => self.prepare(now, txn, kind),
            Event::PreparedRow { database, txn, table, row } => {
                if let Some(branch) = self.branches.get_mut(txn) {
                    let row = (database, table, row);
                    branch.rows.push(row);
                    self.rows.get_or_insert_with(row, DoubtClock::default).hold(now);
                }
            }
            Event::Resolved { txn, heuristic, .. } => {
                *self.heuristic.of(kind) += u64::from(heuristic);
                self.resolve(now, txn);
            }
            Event::LockWait { database, txn, table, row } => {
                let row = (database, table, row);
                let waited_for = self.rows.get_or_insert_with(row, DoubtClock::default);
                waited_for.waiters += 1;
                let clock = waited_for.read(now);
                let (node, counted) = (record.node, now >= self.from);
                self.waiters.insert(txn, Waiter { row, clock, counted, kind, node });
            }
            Event::LockGranted { txn, .. }
            | Event::LockFailed { txn, .. }
            | Event::Aborted { txn, .. } => self.stop_waiting(now, txn),
            Event::Crashed { .. } if record.node != NodeId::WORLD => self.crash(now, record.node),
            _ => {}
        }
    }

    fn clock(&self, row: Row, now: u64) -> u64 {
        self.rows.get(&row).map_or(0, |clock| clock.read(now))
    }

    /// Changes the clock of a row, which is removed once no branch holds it and no transaction
    /// waits for it.
    fn with(&mut self, row: Row, change: impl FnOnce(&mut DoubtClock)) {
        let Some(clock) = self.rows.get_mut(&row) else { return };
        change(clock);
        if clock.holders == 0 && clock.waiters == 0 {
            self.rows.remove(&row);
        }
    }

    fn prepare(&mut self, now: u64, txn: TxnId, kind: Option<OperationKind>) {
        if self.branches.contains(txn) {
            return; // A store that recovered says again what it had said before.
        }
        let counted = now >= self.from;
        self.in_doubt.of(kind).offered += u64::from(counted);
        let rows = self.spare.pop().unwrap_or_default();
        self.branches.insert(txn, Branch { since: now, counted, kind, rows });
    }

    fn resolve(&mut self, now: u64, txn: TxnId) {
        let Some(mut branch) = self.branches.remove(txn) else { return };
        if branch.counted {
            self.in_doubt.of(branch.kind).values.push(now - branch.since);
        }
        for row in branch.rows.drain(..) {
            self.with(row, |clock| clock.release(now));
        }
        self.spare.push(branch.rows);
    }

    fn stop_waiting(&mut self, now: u64, txn: TxnId) {
        let Some(waiter) = self.waiters.remove(txn) else { return };
        let blocked = self.clock(waiter.row, now) - waiter.clock;
        self.with(waiter.row, |clock| clock.waiters -= 1);
        if waiter.counted {
            let found = self.blocked.of(waiter.kind);
            found.offered += 1;
            found.values.extend((blocked > 0).then_some(blocked));
        }
    }

    /// Ends the waits at a node that crashes. Its store records that only after the restart.
    fn crash(&mut self, now: u64, node: NodeId) {
        let there = self.waiters.iter().filter(|(_, waiter)| waiter.node == node);
        for txn in there.map(|(txn, _)| TxnId(txn)).collect::<Vec<_>>() {
            self.stop_waiting(now, txn);
        }
    }

    /// Ends the run: what is still open has a lower bound only.
    pub fn finish(&mut self, now: u64) {
        for branch in self.branches.values().filter(|branch| branch.counted) {
            self.in_doubt.of(branch.kind).censored.push(now - branch.since);
        }
        let open = std::mem::take(&mut self.waiters).into_values();
        for waiter in open.filter(|waiter| waiter.counted) {
            let blocked = self.clock(waiter.row, now) - waiter.clock;
            let found = self.blocked.of(waiter.kind);
            found.offered += 1;
            found.censored.extend((blocked > 0).then_some(blocked));
        }
    }

    /// Takes M6 of the run and of each operation.
    pub fn measure(self, into: &mut Measured, system: &System) {
        into.counts(HEURISTIC, &self.heuristic, system);
        for (times, [each, sum, longest]) in [
            (&self.in_doubt, [IN_DOUBT_EACH, IN_DOUBT, IN_DOUBT_MAX]),
            (&self.blocked, [BLOCKED_EACH, BLOCKED, BLOCKED_MAX]),
        ] {
            let all = times.all().fold(Distribution::default(), Distribution::plus);
            let operations = times.operations(system).map(|(scope, its)| (scope, its.clone()));
            for (scope, its) in std::iter::once((Scope::Run, all)).chain(operations) {
                let most = its.values.iter().chain(&its.censored).max().copied().unwrap_or(0);
                into.quantity(sum.of(&scope), Quantity::total(its.sum()));
                into.quantity(longest.of(&scope), Quantity::total(most));
                into.distribution(each.of(&scope), its);
            }
        }
    }
}
