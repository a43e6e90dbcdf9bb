//! Reads of replicas, whose values may be older than those of their source.
//!
//! A copied value is right if it equals the source's cell at the moment of the read. Otherwise it
//! is stale: since the time at which the source left that value, and by the number of values that
//! the source has had since then. Both sides are known from the stores' own records of new values.
//! New values are kept only for columns that a read accesses in a copy, and of each cell's past
//! only the part that its copy has not seen yet.

use std::collections::{BTreeMap, VecDeque};

use super::expected_reads::Missing;
use crate::kernel::Time;
use crate::model::record::{Event, Record};
use crate::model::system::{Access, ColumnRef, ReadWhat, RowKey, System, TableId};

/// The columns that readers see in copies.
#[derive(Debug, Default)]
pub struct Copies(Vec<Copied>);

/// One column of a source and of its copy.
#[derive(Debug)]
struct Copied {
    source: ColumnRef,
    copy: TableId,
    initial: i64,
    initial_rows: u64,
    cells: BTreeMap<u64, Cell>,
}

/// One cell. A row that does not exist has no value.
#[derive(Clone, Debug)]
struct Cell {
    /// The values of the source, each with the time since when (ns): from the one that the copy
    /// holds to the current one.
    source: VecDeque<(Option<i64>, u64)>,
    copy: Option<i64>,
}

impl Copies {
    /// All columns that readers of this system see in copies.
    pub fn new(system: &System) -> Self {
        let mut known: Vec<Copied> = Vec::new();
        for read in &system.reads {
            let (Some(by), ReadWhat::Column { column, .. }) = (read.by, &read.what) else {
                continue;
            };
            let path = |at: Time| match system.access(by, column.table, at) {
                Access::Replica(copy) => Some(copy),
                Access::Direct | Access::Call(_) => None,
            };
            let Some(copy) = system.turns().into_iter().find_map(path) else { continue };
            if known.iter().any(|other| (other.source, other.copy) == (*column, copy)) {
                continue;
            }
            let table = system.table(column.table);
            let initial = table.columns[usize::from(column.column)].initial;
            let (initial_rows, cells) = (table.rows, BTreeMap::new());
            known.push(Copied { source: *column, copy, initial, initial_rows, cells });
        }
        Self(known)
    }

    /// Takes in a new value of a cell, or the deletion of its row.
    pub fn see(&mut self, record: &Record) {
        for copied in &mut self.0 {
            copied.see(record);
        }
    }

    /// The values that a copied cell lacks when a reader sees it; none if it is not in a copy.
    pub fn missing(&self, (column, row): (ColumnRef, RowKey)) -> Option<Missing> {
        let copied = self.0.iter().find(|copied| copied.seen_as() == column)?;
        Some(copied.cells.get(&row.0).map_or(Missing::default(), Cell::missing))
    }
}

impl Copied {
    fn seen_as(&self) -> ColumnRef {
        ColumnRef { table: self.copy, ..self.source }
    }

    fn see(&mut self, record: &Record) {
        let (table, row, value) = match record.event {
            Event::Value { column, row, value } if column.column == self.source.column => {
                (column.table, row, Some(value))
            }
            Event::RowDeleted { table, row } => (table, row, None),
            _ => return,
        };
        if table != self.source.table && table != self.copy {
            return;
        }
        let initial = (row.0 < self.initial_rows).then_some(self.initial);
        let fresh = || Cell { source: VecDeque::from([(initial, 0)]), copy: initial };
        let cell = self.cells.entry(row.0).or_insert_with(fresh);
        if table == self.copy {
            cell.copy = value;
        } else {
            cell.source.push_back((value, record.time.as_nanos()));
        }
        if let Some(seen) = cell.seen() {
            cell.source.drain(..seen);
        }
    }
}

impl Cell {
    /// The position of the source's value that the copy holds: the last one that is equal.
    fn seen(&self) -> Option<usize> {
        self.source.iter().rposition(|(value, _)| *value == self.copy)
    }

    fn missing(&self) -> Missing {
        let next = self.seen().map_or(0, |seen| seen + 1);
        match self.source.get(next) {
            Some((_, since)) => {
                Missing { behind: (self.source.len() - next) as u64, oldest: *since }
            }
            None => Missing::default(),
        }
    }
}
