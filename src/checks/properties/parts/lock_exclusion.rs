//! # lock-exclusion
//!
//! No two transactions that write a row hold its lock at the same time.
//!
//! Judged by the locks that databases take back, each with the time for which it was held, and by
//! the rows that the same transactions wrote. Locks that a crash takes are not judged. Undecided if
//! no row was written under a lock.
//!
//! Eswaran, Gray, Lorie and Traiger, *The Notions of Consistency and Predicate Locks in a Database
//! System* (1976).

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::checks::properties::{Case, Ended, Finding, Property, When};
use crate::kernel::{Span, Time};
use crate::model::record::{Event, Kind, OpId, Record};
use crate::model::system::{ColumnRef, RowKey, System, TableId};

/// The check that writers exclude each other.
#[derive(Default)]
pub struct LockExclusion {
    case: Case,
    /// The rows that were written at this instant, with the process and the operation that did.
    written: Vec<(TableId, RowKey, u32, OpId)>,
    now: Time,
    /// The time at which the last writer of each row gave back its lock.
    free_since: BTreeMap<(TableId, RowKey), Time>,
    /// The number of rows at which those that were free for long are forgotten.
    most: usize,
}

/// The least number of rows that are remembered.
const ROWS: usize = 1 << 12;

/// The time after which a row that was given back may be forgotten: no lock is held for longer.
const LONG: Span = Span::from_secs(600);

impl Property for LockExclusion {
    const NAME: &'static str = "lock-exclusion";
    const SUMMARY: &'static str = "no two writers of a row hold its lock at the same time";
    const MANUAL: &'static str = include_str!("lock_exclusion.rs");
    const WHEN: When = When::Always;
    const SEES: &'static [Kind] = &[Kind::Value, Kind::RowDeleted, Kind::LockHeld, Kind::Crashed];
    const OF_PARTS: Option<super::Applies> = Some(super::everywhere);

    fn new(_: &Arc<System>) -> Self {
        Self::default()
    }

    fn see(&mut self, record: &Record) {
        if record.time > self.now {
            self.now = record.time;
            self.written.clear();
        }
        match record.event {
            Event::Value { column: ColumnRef { table, .. }, row, .. }
            | Event::RowDeleted { table, row } => {
                self.written.push((table, row, record.process, record.op));
            }
            Event::LockHeld { table, row, held, .. } => {
                let own = (table, row, record.process, record.op);
                if !self.written.contains(&own) {
                    return;
                }
                self.case.chance();
                let since = Time::from_nanos(record.time.as_nanos() - held.as_nanos());
                let free = self.free_since.insert((table, row), record.time);
                if self.free_since.len() > self.most.max(ROWS) {
                    self.free_since.retain(|_, free| *free + LONG >= record.time);
                    self.most = 2 * self.free_since.len();
                }
                if free.is_some_and(|free| since < free) {
                    self.case.fail(record.time, record.op, || {
                        let (row, table) = (row.0, table.0);
                        format!("two writers held row {row} of table {table} at the same time")
                    });
                }
            }
            Event::Crashed { .. } => self.written.clear(),
            _ => {}
        }
    }

    fn finish(self, _: &Ended) -> Finding {
        self.case.conclude(Self::NAME, "no row was written under a lock")
    }
}
