//! # prepared-exclusion
//!
//! From the vote of a participant until it knows the outcome, the rows of its branch are neither
//! given to others nor overwritten by them, also across a crash.
//!
//! Judged by the locks that databases grant and by what they show. Undecided if no branch with rows
//! was ever prepared.
//!
//! Bernstein, Hadzilacos and Goodman, *Concurrency Control and Recovery in Database Systems*
//! (1987), chapter 7.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Case, Ended, Finding, Property, When};
use crate::model::database::RowId;
use crate::model::record::{Kind, Record, subject_column};
use crate::model::system::{RowKey, System};

/// What is prepared is nobody else's.
pub struct PreparedExclusion {
    case: Case,
    system: Arc<System>,
    /// Who keeps each row, by database and row.
    kept: BTreeMap<(u32, u64), u64>,
    /// Rows that are kept and have new values, until it is known whose commit it was.
    written: Vec<(u32, u64)>,
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
    const SUMMARY: &'static str = "rows of a prepared branch are kept from everybody else";
    const MANUAL: &'static str = include_str!("prepared_exclusion.rs");
    const WHEN: When = When::Always;
    const SEES: &'static [Kind] = &[
        Kind::PreparedRow,
        Kind::Resolved,
        Kind::LockGranted,
        Kind::LockHeld,
        Kind::Value,
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
        match record.kind {
            Kind::PreparedRow => {
                self.case.chance();
                self.kept.insert((record.subject, record.b), record.a);
            }
            Kind::Resolved => self.kept.retain(|_, keeper| *keeper != record.a),
            Kind::LockGranted => {
                let keeper = self.kept.get(&(record.subject, record.b));
                if keeper.is_some_and(|keeper| *keeper != record.a) {
                    self.fail(record, "locked by somebody else");
                }
            }
            Kind::LockHeld if self.kept.contains_key(&(record.subject, record.a)) => {
                self.fail(record, "released");
            }
            Kind::Value if !self.kept.is_empty() => {
                let (table, _) = subject_column(record.subject);
                let database = u32::from(self.system.table(table).database.0);
                let row = (database, RowId { table, key: RowKey(record.a) }.hash());
                if self.kept.contains_key(&row) {
                    self.written.push(row);
                }
            }
            Kind::Committed => {
                for at in 0..self.written.len() {
                    let keeper = self.kept.get(&self.written[at]);
                    if keeper.is_some_and(|keeper| *keeper != record.a) {
                        self.fail(record, "overwritten");
                    }
                }
                self.written.clear();
            }
            Kind::Crashed => self.written.clear(),
            _ => {}
        }
    }

    fn finish(self, _: &Ended) -> Finding {
        self.case.conclude(Self::NAME, "no branch with rows was ever prepared")
    }
}
