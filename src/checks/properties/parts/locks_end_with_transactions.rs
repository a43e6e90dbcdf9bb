//! # locks-end-with-transactions
//!
//! A transaction gives back its locks in the instant in which it commits or is rolled back, a
//! prepared branch when it learns its outcome.
//!
//! Judged by the transactions that got a lock after a wait, which the history names: when they have
//! ended, the lock was given back. Undecided if no lock was ever taken.
//!
//! Bernstein, Hadzilacos and Goodman, *Concurrency Control and Recovery in Database Systems*
//! (1987), chapter 3: strict two-phase locking.

use std::sync::Arc;

use crate::checks::properties::{Case, Ended, Finding, Property, When};
use crate::kernel::{NodeId, Time};
use crate::model::record::{Event, Kind, OpId, Record, TxnId};
use crate::model::system::{RowKey, System, TableId};

/// The check that no lock outlives its transaction.
#[derive(Default)]
pub struct LocksEndWithTransactions {
    case: Case,
    held: Vec<Held>,
    /// The transactions that have ended at this instant.
    ended: Vec<TxnId>,
    now: Time,
}

/// A lock that a transaction got after a wait.
struct Held {
    txn: TxnId,
    process: u32,
    node: NodeId,
    op: OpId,
    row: (TableId, RowKey),
}

impl LocksEndWithTransactions {
    /// The instant is over: who has ended in it has given back its locks.
    fn close(&mut self) {
        for txn in std::mem::take(&mut self.ended) {
            let (now, case) = (self.now, &mut self.case);
            self.held.retain(|held| {
                let is_left = held.txn == txn;
                if is_left {
                    let (table, row) = (held.row.0.0, held.row.1.0);
                    case.fail(now, held.op, || {
                        format!("the lock of row {row} of table {table} outlived its transaction")
                    });
                }
                !is_left
            });
        }
    }
}

impl Property for LocksEndWithTransactions {
    const NAME: &'static str = "locks-end-with-transactions";
    const SUMMARY: &'static str = "no lock outlives its transaction";
    const MANUAL: &'static str = include_str!("locks_end_with_transactions.rs");
    const WHEN: When = When::Always;
    const SEES: &'static [Kind] =
        &[Kind::LockGranted, Kind::LockHeld, Kind::Committed, Kind::Aborted, Kind::Crashed];
    const OF_PARTS: Option<super::Applies> = Some(super::everywhere);

    fn new(_: &Arc<System>) -> Self {
        Self::default()
    }

    fn see(&mut self, record: &Record) {
        if record.time > self.now {
            self.close();
            self.now = record.time;
        }
        match record.event {
            Event::LockGranted { txn, table, row, .. } => {
                let (process, node, op) = (record.process, record.node, record.op);
                self.held.push(Held { txn, process, node, op, row: (table, row) });
            }
            Event::LockHeld { table, row, .. } => {
                self.case.chance();
                let own = (record.process, record.node, (table, row));
                self.held.retain(|it| (it.process, it.node, it.row) != own);
            }
            Event::Committed { txn, .. } | Event::Aborted { txn, .. }
                if self.held.iter().any(|held| held.txn == txn) => {
                    self.ended.push(txn);
                }
            Event::Crashed { .. } => self.held.retain(|held| held.node != record.node),
            _ => {}
        }
    }

    fn finish(mut self, _: &Ended) -> Finding {
        self.close();
        self.case.conclude(Self::NAME, "no lock was ever taken")
    }
}
