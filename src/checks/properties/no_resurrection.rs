//! # no-resurrection
//!
//! A row that was deleted by an operation, or by the compensation of one, does not exist again
//! later.
//!
//! The compensation of a deletion may bring its row back. Judged by the values that the stores
//! show. Undecided if no row was ever deleted.
//!
//! Demers and others, *Epidemic Algorithms for Replicated Database Maintenance* (1987), on death
//! certificates.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Case, Ended, Finding, Property, When};
use crate::model::database::Direction;
use crate::model::record::{Event, Kind, OpId, Record};
use crate::model::system::{RowKey, System, TableId};

/// The check that deleted rows stay deleted.
#[derive(Default)]
pub struct NoResurrection {
    case: Case,
    /// The operation that deleted each row; none if that was recovery.
    gone: BTreeMap<(TableId, RowKey), OpId>,
    /// The operation whose compensation is being written.
    undone: Option<OpId>,
}

impl Property for NoResurrection {
    const NAME: &'static str = "no-resurrection";
    const SUMMARY: &'static str = "a deleted row does not come to life again";
    const MANUAL: &'static str = include_str!("no_resurrection.rs");
    const WHEN: When = When::Always;
    const SEES: &'static [Kind] = &[Kind::Value, Kind::RowDeleted, Kind::Shown, Kind::Committed];

    fn new(_: &Arc<System>) -> Self {
        Self::default()
    }

    fn see(&mut self, record: &Record) {
        match record.event {
            Event::Shown { direction: Direction::Undo, .. } => self.undone = Some(record.op),
            Event::Committed { .. } => self.undone = None,
            Event::RowDeleted { table, row } if record.process != 0 => {
                self.case.chance();
                self.gone.insert((table, row), record.op);
            }
            Event::Value { column, row, .. } => {
                let gone = self.gone.remove(&(column.table, row));
                if gone.is_some() && self.undone.is_none() {
                    self.case.fail(record.time, record.op, || {
                        format!("row {} was deleted, and is there again", row.0)
                    });
                }
            }
            _ => {}
        }
    }

    fn finish(self, _: &Ended) -> Finding {
        self.case.conclude(Self::NAME, "no row was ever deleted")
    }
}
