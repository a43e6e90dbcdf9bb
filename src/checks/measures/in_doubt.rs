//! M6: how long branches are in doubt, and how long others wait behind them.

use std::collections::BTreeMap;

use super::{Distribution, Measured, Quantity};
use crate::kernel::NodeId;
use crate::model::record::{Kind, Record};

/// A row of a database, by the database and the row's hash.
type Row = (u32, u64);
/// A transaction of a database.
type Transaction = (u32, u64);

/// A prepared branch whose decision is not known yet.
#[derive(Debug)]
struct Branch {
    since: u64,
    counted: bool,
    rows: Vec<u64>,
}

/// How long a row has been held by prepared branches, as a clock that runs only then.
#[derive(Clone, Copy, Debug, Default)]
struct DoubtClock {
    holders: u32,
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
    row: u64,
    /// What the row's clock showed when the wait began.
    clock: u64,
    counted: bool,
    node: NodeId,
}

/// Branches in doubt, and those who wait behind them.
#[derive(Debug)]
pub struct InDoubt {
    /// Branches and waits that begin from here on count, ns.
    from: u64,
    branches: BTreeMap<Transaction, Branch>,
    rows: BTreeMap<Row, DoubtClock>,
    waiters: BTreeMap<Transaction, Waiter>,
    /// Emptied row lists of branches that are resolved, to be used again.
    spare: Vec<Vec<u64>>,
    in_doubt: Distribution,
    blocked: Distribution,
    heuristic: u64,
}

impl InDoubt {
    /// Branches and waits count that begin at `from` (ns) or later.
    pub fn new(from: u64) -> Self {
        Self {
            from,
            branches: BTreeMap::new(),
            rows: BTreeMap::new(),
            waiters: BTreeMap::new(),
            spare: Vec::new(),
            in_doubt: Distribution::default(),
            blocked: Distribution::default(),
            heuristic: 0,
        }
    }

    /// Takes in a record about locks or prepared branches.
    pub fn see(&mut self, record: &Record) {
        let now = record.time.as_nanos();
        let transaction = (record.subject, record.a);
        match record.kind {
            Kind::Prepared => self.prepare(now, transaction),
            Kind::PreparedRow => {
                if let Some(branch) = self.branches.get_mut(&transaction) {
                    branch.rows.push(record.b);
                    self.rows.entry((record.subject, record.b)).or_default().hold(now);
                }
            }
            Kind::Resolved => {
                self.heuristic += u64::from(record.b >= 2);
                self.resolve(now, transaction);
            }
            Kind::LockWait => {
                let clock = self.clock((record.subject, record.b), now);
                let (row, node, counted) = (record.b, record.node, now >= self.from);
                self.waiters.insert(transaction, Waiter { row, clock, counted, node });
            }
            Kind::LockGranted | Kind::LockFailed | Kind::Aborted => {
                self.stop_waiting(now, transaction);
            }
            Kind::Crashed if record.node != NodeId::WORLD => self.crash(now, record.node),
            _ => {}
        }
    }

    fn clock(&self, row: Row, now: u64) -> u64 {
        self.rows.get(&row).map_or(0, |clock| clock.read(now))
    }

    fn prepare(&mut self, now: u64, transaction: Transaction) {
        if self.branches.contains_key(&transaction) {
            return; // A store that recovered says again what it had said before.
        }
        let counted = now >= self.from;
        self.in_doubt.offered += u64::from(counted);
        let rows = self.spare.pop().unwrap_or_default();
        self.branches.insert(transaction, Branch { since: now, counted, rows });
    }

    fn resolve(&mut self, now: u64, transaction: Transaction) {
        let Some(mut branch) = self.branches.remove(&transaction) else { return };
        if branch.counted {
            self.in_doubt.values.push(now - branch.since);
        }
        for row in branch.rows.drain(..) {
            if let Some(clock) = self.rows.get_mut(&(transaction.0, row)) {
                clock.release(now);
            }
        }
        self.spare.push(branch.rows);
    }

    fn stop_waiting(&mut self, now: u64, transaction: Transaction) {
        let Some(waiter) = self.waiters.remove(&transaction) else { return };
        let blocked = self.clock((transaction.0, waiter.row), now) - waiter.clock;
        if waiter.counted {
            self.blocked.offered += 1;
            if blocked > 0 {
                self.blocked.values.push(blocked);
            }
        }
    }

    /// Whoever waited there waits no more, though its store says so only when it is back.
    fn crash(&mut self, now: u64, node: NodeId) {
        let there = self.waiters.iter().filter(|(_, waiter)| waiter.node == node);
        for transaction in there.map(|(transaction, _)| *transaction).collect::<Vec<_>>() {
            self.stop_waiting(now, transaction);
        }
    }

    /// The run is over: what is still open is known only so far.
    pub fn finish(&mut self, now: u64) {
        for branch in self.branches.values().filter(|branch| branch.counted) {
            self.in_doubt.censored.push(now - branch.since);
        }
        let open: Vec<(Transaction, Waiter)> =
            std::mem::take(&mut self.waiters).into_iter().collect();
        for (transaction, waiter) in open.into_iter().filter(|(_, waiter)| waiter.counted) {
            self.blocked.offered += 1;
            let blocked = self.clock((transaction.0, waiter.row), now) - waiter.clock;
            if blocked > 0 {
                self.blocked.censored.push(blocked);
            }
        }
    }

    /// Takes down M6.
    pub fn measure(self, into: &mut Measured) {
        let longest = |values: &Distribution| {
            values.values.iter().chain(&values.censored).max().copied().unwrap_or(0)
        };
        into.quantity("m6.in-doubt", Quantity::total(self.in_doubt.sum()));
        into.quantity("m6.in-doubt.max", Quantity::total(longest(&self.in_doubt)));
        into.quantity("m6.blocked", Quantity::total(self.blocked.sum()));
        into.quantity("m6.blocked.max", Quantity::total(longest(&self.blocked)));
        into.quantity("m6.heuristic", Quantity::total(self.heuristic));
        into.distribution("m6.in-doubt.each", self.in_doubt);
        into.distribution("m6.blocked.each", self.blocked);
    }
}
