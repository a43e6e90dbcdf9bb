//! A copy of the rows that invariants speak of, rebuilt from the history.

use std::collections::BTreeMap;

use crate::model::record::{Event, Record};
use crate::model::system::{ColumnRef, ColumnSpec, MAX_COLUMNS, System, TableId};

/// The cells of a row, by column.
pub type Row = [i64; MAX_COLUMNS];

/// A change of a row.
#[derive(Clone, Copy, Debug)]
pub struct Change {
    /// Its table.
    pub table: TableId,
    /// Its key.
    pub key: u64,
    /// The row before; none if it did not exist.
    pub old: Option<Row>,
    /// The row after; none if it is gone.
    pub new: Option<Row>,
}

/// The rows of all tables that an invariant speaks of.
#[derive(Debug)]
pub struct Mirror {
    tables: Vec<Option<Rows>>,
}

/// The rows of one table. Initial rows are found by position, others through the index.
#[derive(Debug)]
struct Rows {
    fresh: Row,
    columns: usize,
    initial: u64,
    made: BTreeMap<u64, usize>,
    cells: Vec<i64>,
    live: Vec<bool>,
}

/// The news of a row: the column that has another value, and that value; none if the row is gone.
type Cell = Option<(u8, i64)>;

/// The row that a record gives another value or deletes.
fn cell(record: &Record) -> Option<(TableId, u64, Cell)> {
    match record.event {
        Event::Value { column: ColumnRef { table, column }, row, value } => {
            Some((table, row.0, Some((column, value))))
        }
        Event::RowDeleted { table, row } => Some((table, row.0, None)),
        _ => None,
    }
}

impl Mirror {
    /// The initial rows of these tables.
    pub fn new(system: &System, watched: impl Iterator<Item = TableId>) -> Self {
        let mut tables: Vec<Option<Rows>> = system.tables.iter().map(|_| None).collect();
        for table in watched {
            let spec = system.table(table);
            tables[table.index()].get_or_insert_with(|| Rows::new(&spec.columns, spec.rows));
        }
        Self { tables }
    }

    /// Every initial row, as if it had just been made.
    pub fn initial_rows(&self) -> impl Iterator<Item = Change> {
        let tables = (0_u16..).map(TableId).zip(&self.tables);
        tables.filter_map(|(table, rows)| Some((table, rows.as_ref()?))).flat_map(
            |(table, rows)| {
                let new = Some(rows.fresh);
                (0..rows.initial).map(move |key| Change { table, key, old: None, new })
            },
        )
    }

    /// The cells of the rows of a table that exist, by key: the initial ones first.
    pub fn rows(&self, table: TableId) -> impl Iterator<Item = (u64, &[i64])> {
        self.tables[table.index()].iter().flat_map(|rows| {
            let initial = (0..rows.initial).map(|key| (key, key as usize));
            let made = rows.made.iter().map(|(key, slot)| (*key, *slot));
            initial.chain(made).filter_map(|(key, slot)| Some((key, rows.get(slot)?)))
        })
    }

    /// The cells of a row, if it exists and its table is watched.
    pub fn row(&self, table: TableId, key: u64) -> Option<&[i64]> {
        let rows = self.tables[table.index()].as_ref()?;
        let slot = if key < rows.initial { key as usize } else { *rows.made.get(&key)? };
        rows.get(slot)
    }

    /// Takes in an [`Event::Value`] or [`Event::RowDeleted`]: what changed, none if no invariant
    /// speaks of its table or nothing did.
    pub fn apply(&mut self, record: &Record) -> Option<Change> {
        let (table, key, cell) = cell(record)?;
        let rows = self.tables.get_mut(table.index())?.as_mut()?;
        let slot = rows.slot(key);
        let old = rows.copy(slot);
        let changed = rows.write(slot, cell);
        changed.then(|| Change { table, key, old, new: rows.copy(slot) })
    }

    /// Takes in an [`Event::Value`] or [`Event::RowDeleted`]; true if that changed anything that is
    /// watched.
    pub fn write(&mut self, record: &Record) -> bool {
        let Some((table, key, cell)) = cell(record) else { return false };
        let rows = self.tables.get_mut(table.index()).and_then(Option::as_mut);
        rows.is_some_and(|rows| {
            let slot = rows.slot(key);
            rows.write(slot, cell)
        })
    }
}

impl Rows {
    fn new(columns: &[ColumnSpec], initial: u64) -> Self {
        let mut fresh = [0; MAX_COLUMNS];
        for (cell, column) in fresh.iter_mut().zip(columns) {
            *cell = column.initial;
        }
        let mut rows = Self {
            fresh,
            columns: columns.len(),
            initial,
            made: BTreeMap::new(),
            cells: Vec::new(),
            live: vec![true; initial as usize],
        };
        for _ in 0..initial {
            rows.cells.extend_from_slice(&fresh[..columns.len()]);
        }
        rows
    }

    /// The place of a row, which is made if need be.
    fn slot(&mut self, key: u64) -> usize {
        if key < self.initial {
            return key as usize;
        }
        *self.made.entry(key).or_insert_with(|| {
            self.live.push(false);
            self.cells.extend_from_slice(&self.fresh[..self.columns]);
            self.live.len() - 1
        })
    }

    fn get(&self, slot: usize) -> Option<&[i64]> {
        let first = slot * self.columns;
        self.live[slot].then(|| &self.cells[first..first + self.columns])
    }

    fn copy(&self, slot: usize) -> Option<Row> {
        let cells = self.get(slot)?;
        let mut row = self.fresh;
        row[..self.columns].copy_from_slice(cells);
        Some(row)
    }

    /// A row is gone, is there, or has another value in a column, which makes one that was not
    /// there; whether that is news.
    fn write(&mut self, slot: usize, cell: Cell) -> bool {
        let was_live = std::mem::replace(&mut self.live[slot], cell.is_some());
        let Some((column, value)) = cell else { return was_live };
        let first = slot * self.columns;
        let cells = &mut self.cells[first..first + self.columns];
        if !was_live {
            cells.copy_from_slice(&self.fresh[..self.columns]);
        }
        let cell = cells.get_mut(usize::from(column));
        let before = cell.map(|cell| std::mem::replace(cell, value));
        !was_live || before.is_some_and(|before| before != value)
    }
}
