//! A copy of the rows that invariants speak of, rebuilt from the history.

use std::collections::BTreeMap;

use crate::model::record::{ROW_GONE, Record, subject_column};
use crate::model::system::{ColumnSpec, MAX_COLUMNS, System, TableId};

/// The cells of a row, by column.
pub type Row = [i64; MAX_COLUMNS];

/// What happened to a row.
#[derive(Clone, Copy, Debug)]
pub struct Change {
    /// Its table.
    pub table: TableId,
    /// Its key.
    pub key: u64,
    /// What it was; none if it did not exist.
    pub old: Option<Row>,
    /// What it is; none if it is gone.
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

/// The column number that speaks of the row itself.
const WHOLE_ROW: u8 = 255;

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
    pub fn initial_rows(&self) -> Vec<Change> {
        let tables = (0_u16..).map(TableId).zip(&self.tables);
        tables
            .filter_map(|(table, rows)| Some((table, rows.as_ref()?)))
            .flat_map(|(table, rows)| {
                let new = Some(rows.fresh);
                (0..rows.initial).map(move |key| Change { table, key, old: None, new })
            })
            .collect()
    }

    /// The rows of a table that exist, by key: the initial ones first.
    pub fn rows(&self, table: TableId) -> impl Iterator<Item = (u64, Row)> {
        self.tables[table.index()].iter().flat_map(|rows| {
            let initial = (0..rows.initial).map(|key| (key, key as usize));
            let made = rows.made.iter().map(|(key, slot)| (*key, *slot));
            initial.chain(made).filter_map(|(key, slot)| Some((key, rows.get(slot)?)))
        })
    }

    /// A row, if it exists and its table is watched.
    pub fn row(&self, table: TableId, key: u64) -> Option<Row> {
        let rows = self.tables[table.index()].as_ref()?;
        let slot = if key < rows.initial { key as usize } else { *rows.made.get(&key)? };
        rows.get(slot)
    }

    /// Takes in a `Value` record; none if no invariant speaks of its table or nothing changed.
    pub fn apply(&mut self, record: &Record) -> Option<Change> {
        let (table, column) = subject_column(record.subject);
        let rows = self.tables.get_mut(table.index())?.as_mut()?;
        let key = record.a;
        let slot = rows.slot(key);
        let old = rows.get(slot);
        let new = match column {
            WHOLE_ROW if record.b == ROW_GONE => None,
            WHOLE_ROW => Some(old.unwrap_or(rows.fresh)),
            column => {
                let mut row = old.unwrap_or(rows.fresh);
                *row.get_mut(usize::from(column))? = record.b as i64;
                Some(row)
            }
        };
        rows.set(slot, new);
        (old != new).then_some(Change { table, key, old, new })
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

    fn get(&self, slot: usize) -> Option<Row> {
        if !self.live[slot] {
            return None;
        }
        let mut row = self.fresh;
        let first = slot * self.columns;
        row[..self.columns].copy_from_slice(&self.cells[first..first + self.columns]);
        Some(row)
    }

    fn set(&mut self, slot: usize, row: Option<Row>) {
        self.live[slot] = row.is_some();
        if let Some(row) = row {
            let first = slot * self.columns;
            self.cells[first..first + self.columns].copy_from_slice(&row[..self.columns]);
        }
    }
}
