//! # prepared-exclusion
//!
//! From the vote of a participant until it knows the outcome, no other transaction locks or
//! overwrites the rows of its branch, also across a crash.
//!
//! Judged by the locks that databases grant and by what they show. Undecided if no branch with rows
//! was ever prepared.
//!
//! Bernstein, Hadzilacos and Goodman, *Concurrency Control and Recovery in Database Systems*
//! (1987), chapter 7.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Case, Ended, Finding, Property, When};
use crate::model::record::{Event, Kind, Record, TxnId};
use crate::model::system::{ColumnRef, DatabaseId, RowKey, System, TableId};

/// The check that no other transaction writes the rows of a prepared branch.
pub struct PreparedExclusion {
    case: Case,
    system: Arc<System>,
    /// The branch that keeps each row. (The fencing token of every database has the same table and
    /// key.)
    kept: BTreeMap<(DatabaseId, TableId, RowKey), TxnId>,
    /// Kept rows with new values, until the committing transaction is known.
    written: Vec<(DatabaseId, TableId, RowKey)>,
}

impl PreparedExclusion {
    fn fail(&mut self, record: &Record, what: &str) {
        self.case.fail(record.time, record.op, || {
            format!("a row that a prepared branch keeps was {what}")
        });
    }
}

impl Property for PreparedExclusion {
    const NAME: &'static str = "prepared-exclusion";
    const SUMMARY: &'static str = "no other transaction gets the rows of a prepared branch";
    const MANUAL: &'static str = include_str!("prepared_exclusion.rs");
    const WHEN: When = When::Always;
    const SEES: &'static [Kind] = &[
        Kind::PreparedRow,
        Kind::Resolved,
        Kind::LockGranted,
        Kind::LockHeld,
        Kind::Value,
        Kind::RowDeleted,
        Kind::Committed,
        Kind::Crashed,
    ];

    fn new(system: &Arc<System>) -> Self {
        Self {
            case: Case::default(),
            system: Arc::clone(system),
            kept: BTreeMap::new(),
            written: Vec::new(),
        }
    }

    fn see(&mut self, record: &Record) {
        let is_anothers = |holder: Option<&TxnId>, txn| holder.is_some_and(|it| *it != txn);
        match record.event {
            Event::PreparedRow { database, txn, table, row } => {
                self.case.chance();
                self.kept.insert((database, table, row), txn);
            }
            Event::Resolved { txn, .. } => self.kept.retain(|_, holder| *holder != txn),
            Event::LockGranted { database, txn, table, row }
                if is_anothers(self.kept.get(&(database, table, row)), txn) =>
            {
                self.fail(record, "locked by another transaction");
            }
            Event::LockHeld { database, table, row, .. }
                if self.kept.contains_key(&(database, table, row)) =>
            {
                self.fail(record, "released");
            }
            Event::Value { column: ColumnRef { table, .. }, row, .. }
            | Event::RowDeleted { table, row }
                if !self.kept.is_empty() =>
            {
                let row = (self.system.table(table).database, table, row);
                if self.kept.contains_key(&row) {
                    self.written.push(row);
                }
            }
            Event::Committed { txn, .. } => {
                for row in std::mem::take(&mut self.written) {
                    if is_anothers(self.kept.get(&row), txn) {
                        self.fail(record, "overwritten");
                    }
                }
            }
            Event::Crashed { .. } => self.written.clear(),
            _ => {}
        }
    }

    fn finish(self, _: &Ended) -> Finding {
        self.case.conclude(Self::NAME, "no branch with rows was ever prepared")
    }
}
