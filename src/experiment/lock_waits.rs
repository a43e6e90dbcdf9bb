//! The waits for row locks of a run: who waited for which row, for how long, and who held it.

use std::collections::BTreeMap;

use crate::kernel::{NodeId, Sink, Time};
use crate::model::record::{Event, LockFailure, OpId, Record, TxnId};
use crate::model::system::{DatabaseId, RowKey, TableId};

/// A row of a database.
pub type LockedRow = (DatabaseId, TableId, RowKey);

/// A wait for a row lock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LockWait {
    /// The operation on whose behalf a transaction waited, or [`OpId::NONE`].
    pub op: OpId,
    /// The transaction.
    pub txn: TxnId,
    /// The node that recorded the wait.
    pub node: NodeId,
    /// The row.
    pub row: LockedRow,
    /// The beginning of the wait.
    pub from: Time,
    /// The end of the wait, and the reason if the transaction did not get the lock; none if it
    /// waited until the end of the run.
    pub until: Option<(Time, Option<LockFailure>)>,
    /// The operation that held the row when the wait began, or [`OpId::NONE`] for a process of no
    /// operation; none if it never gave the row back.
    pub holder: Option<OpId>,
}

/// A sink that keeps every wait for a row lock.
#[derive(Default)]
pub struct LockWaits {
    all: Vec<LockWait>,
    /// The waits of each row, by position, whose end or holder is not known yet.
    open: BTreeMap<LockedRow, Vec<usize>>,
}

impl LockWaits {
    /// The waits, in the order in which they began.
    pub fn all(&self) -> &[LockWait] {
        &self.all
    }

    /// The waits of one operation.
    pub fn of(&self, op: OpId) -> impl Iterator<Item = &LockWait> {
        self.all.iter().filter(move |wait| wait.op == op)
    }

    fn end(&mut self, row: LockedRow, txn: TxnId, at: Time, failure: Option<LockFailure>) {
        let is_it = |place: &&usize| {
            let wait = &self.all[**place];
            wait.txn == txn && wait.until.is_none()
        };
        let place = self.open.get(&row).and_then(|places| places.iter().rev().find(is_it).copied());
        if let Some(place) = place {
            self.all[place].until = Some((at, failure));
        }
    }
}

impl Sink<Record> for LockWaits {
    fn see(&mut self, record: &Record) {
        match record.event {
            Event::LockWait { database, txn, table, row } => {
                let row = (database, table, row);
                self.open.entry(row).or_default().push(self.all.len());
                let (op, node, from) = (record.op, record.node, record.time);
                self.all.push(LockWait { op, txn, node, row, from, until: None, holder: None });
            }
            Event::LockGranted { database, txn, table, row } => {
                self.end((database, table, row), txn, record.time, None);
            }
            Event::LockFailed { database, txn, table, row, failure } => {
                self.end((database, table, row), txn, record.time, Some(failure));
            }
            // A lock is recorded when it is given back. The first that was held when a wait began
            // is the one that it waited for.
            Event::LockHeld { database, table, row, held } => {
                let Some(open) = self.open.get_mut(&(database, table, row)) else { return };
                for place in open.iter() {
                    let wait = &mut self.all[*place];
                    let was_held = record.time - wait.from <= held;
                    if wait.op != record.op && wait.holder.is_none() && was_held {
                        wait.holder = Some(record.op);
                    }
                }
                open.retain(|place| {
                    let wait = &self.all[*place];
                    wait.until.is_none() || wait.holder.is_none()
                });
            }
            _ => {}
        }
    }
}
