//! # copies-never-go-back
//!
//! A copy of a quorum takes over the values of a cell in the order in which its table had them; it
//! may leave some out, and returns to none.
//!
//! Judged by the values in the stores: each value of a copy is one that the table had after the one
//! before. Undecided if no copy of a quorum was ever written.
//!
//! Terry, Demers, Petersen, Spreitzer, Theimer and Welch, *Session Guarantees for Weakly Consistent
//! Replicated Data* (1994): monotonic writes.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::checks::properties::{Case, Ended, Finding, Property, When};
use crate::model::record::{Event, Kind, Record};
use crate::model::system::{RowKey, System, TableId};

/// The check that the copies of a quorum keep the newer version.
pub struct CopiesNeverGoBack {
    case: Case,
    system: Arc<System>,
    cells: BTreeMap<(TableId, u8, RowKey), Cell>,
}

/// A cell of a table with copies. A row that does not exist has no value.
struct Cell {
    /// The values of the table, in order.
    values: Vec<Option<i64>>,
    /// The position of the value of each copy among these.
    copies: BTreeMap<TableId, usize>,
}

impl CopiesNeverGoBack {
    fn put(
        &mut self,
        record: &Record,
        table: TableId,
        (column, row): (u8, RowKey),
        to: Option<i64>,
    ) {
        let mut quorums = self.system.quorums.iter();
        let Some(quorum) = quorums.find(|it| it.of == table || it.copies.contains(&table)) else {
            return;
        };
        let spec = self.system.table(quorum.of);
        let initial = spec.columns.get(usize::from(column)).map(|column| column.initial);
        let initial = initial.filter(|_| row.0 < spec.rows);
        let fresh = || Cell { values: vec![initial], copies: BTreeMap::new() };
        let cell = self.cells.entry((quorum.of, column, row)).or_insert_with(fresh);
        if table == quorum.of {
            cell.values.push(to);
            return;
        }
        let before = cell.copies.get(&table).copied().unwrap_or_default();
        let found = cell.values[before..].iter().position(|value| *value == to);
        if let Some(further) = found {
            cell.copies.insert(table, before + further);
            self.case.chance();
        } else {
            let (row, name) = (row.0, &spec.name.shown);
            self.case.fail(record.time, record.op, || {
                format!("a copy of `{name}` went back in row {row}")
            });
        }
    }
}

impl Property for CopiesNeverGoBack {
    const NAME: &'static str = "copies-never-go-back";
    const SUMMARY: &'static str = "a copy of a quorum never returns to an older version";
    const MANUAL: &'static str = include_str!("copies_never_go_back.rs");
    const WHEN: When = When::Always;
    const SEES: &'static [Kind] = &[Kind::Value, Kind::RowDeleted];
    const OF_PARTS: Option<super::Applies> = Some(super::with_quorums);

    fn new(system: &Arc<System>) -> Self {
        Self { case: Case::default(), system: Arc::clone(system), cells: BTreeMap::new() }
    }

    fn see(&mut self, record: &Record) {
        match record.event {
            Event::Value { column, row, value } => {
                self.put(record, column.table, (column.column, row), Some(value));
            }
            Event::RowDeleted { table, row } => {
                for column in 0..self.system.table(table).columns.len() as u8 {
                    self.put(record, table, (column, row), None);
                }
            }
            _ => {}
        }
    }

    fn finish(self, _: &Ended) -> Finding {
        self.case.conclude(Self::NAME, "no copy of a quorum was ever written")
    }
}
