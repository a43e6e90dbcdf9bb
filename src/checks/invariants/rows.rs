//! A copy of the rows that invariants and derivations refer to, rebuilt from the history. Only
//! written rows take memory, since all initial rows of a table are equal.

use std::num::NonZeroU32;

use crate::checks::by_row::ByRow;
use crate::kernel::Chunks;
use crate::model::record::{Event, Record};
use crate::model::system::{ColumnRef, OperationKind, RowKey, System, TableId, TableSpec};

/// A change of a row.
#[derive(Clone, Copy, Debug)]
pub struct Change<'m> {
    /// The table of the row.
    pub table: TableId,
    /// The key of the row.
    pub key: u64,
    /// The cells of the row before, by column; none if it did not exist.
    pub old: Option<&'m [i64]>,
    /// The cells after; none if the row was deleted.
    pub new: Option<&'m [i64]>,
    /// The kind of operation that changed it, if any did.
    pub by: Option<OperationKind>,
}

/// The rows of all tables that an invariant or a derivation refers to.
#[derive(Debug)]
pub struct Mirror {
    tables: Vec<Option<Rows>>,
    /// The previous content of the row that is being changed.
    before: Vec<i64>,
}

/// The rows of one table. Each written row has a slot.
#[derive(Debug)]
struct Rows {
    /// The cells of an initial row, which are also those of a new row before it is written.
    fresh: Box<[i64]>,
    initial: u64,
    /// The slot of each written row, from 1.
    slots: ByRow<Option<NonZeroU32>>,
    /// The key of each slot; beside it, whether the row exists, and its cells.
    keys: Chunks<u64>,
    live: Chunks<bool>,
    cells: Cells,
    /// True if any row has ever changed.
    changed: bool,
}

/// The cells of rows, a whole number of rows in each chunk.
#[derive(Debug, Default)]
struct Cells(Vec<Vec<i64>>);

/// The number of rows in a chunk.
const CHUNK: usize = 256;

impl Cells {
    fn push(&mut self, row: &[i64]) {
        match self.0.last_mut() {
            Some(last) if last.len() < CHUNK * row.len() => last.extend_from_slice(row),
            None => self.0.push(row.to_vec()),
            Some(_) => {
                let mut chunk = Vec::with_capacity(CHUNK * row.len());
                chunk.extend_from_slice(row);
                self.0.push(chunk);
            }
        }
    }

    fn get(&self, slot: usize, columns: usize) -> &[i64] {
        &self.0[slot / CHUNK][slot % CHUNK * columns..][..columns]
    }

    fn get_mut(&mut self, slot: usize, columns: usize) -> &mut [i64] {
        &mut self.0[slot / CHUNK][slot % CHUNK * columns..][..columns]
    }
}

/// A change of a row: the column with its new value; none if the row was deleted.
type Cell = Option<(u8, i64)>;

/// The row that a record changes or deletes.
fn cell(record: &Record) -> Option<(TableId, u64, Cell)> {
    match record.event {
        Event::Value { column: ColumnRef { table, column }, row, value } => {
            Some((table, row.0, Some((column, value))))
        }
        Event::RowDeleted { table, row } => Some((table, row.0, None)),
        _ => None,
    }
}

/// The cells of an initial row of a table, by column.
pub fn initial_cells(table: &TableSpec) -> Box<[i64]> {
    table.columns.iter().map(|column| column.initial).collect()
}

impl Mirror {
    /// The initial rows of these tables.
    pub fn new(system: &System, watched: impl Iterator<Item = TableId>) -> Self {
        let mut tables: Vec<Option<Rows>> = system.tables.iter().map(|_| None).collect();
        for table in watched {
            tables[table.index()].get_or_insert_with(|| Rows::new(system.table(table)));
        }
        Self { tables, before: Vec::new() }
    }

    /// The cells of the existing rows of a table, each with the number of such rows: one for each
    /// that was written, and all initial ones that were not.
    pub fn rows(&self, table: TableId) -> impl Iterator<Item = (&[i64], u64)> {
        self.tables[table.index()].iter().flat_map(|rows| {
            let written = (0..rows.keys.len()).filter_map(|slot| Some((rows.get(slot)?, 1)));
            let touched = rows.keys.iter().filter(|key| **key < rows.initial).count() as u64;
            written.chain([(&*rows.fresh, rows.initial - touched)])
        })
    }

    /// The keys of the rows of a table that were written, in no particular order, including deleted
    /// rows.
    pub fn written(&self, table: TableId) -> impl Iterator<Item = u64> {
        self.tables[table.index()].iter().flat_map(|rows| rows.keys.iter().copied())
    }

    /// The cells of a row, if it exists and its table is watched.
    pub fn row(&self, table: TableId, key: u64) -> Option<&[i64]> {
        let rows = self.tables[table.index()].as_ref()?;
        match rows.slots.get(RowKey(key)) {
            Some(slot) => rows.get(slot.get() as usize - 1),
            None => (key < rows.initial).then_some(&*rows.fresh),
        }
    }

    /// Takes in an [`Event::Value`] or [`Event::RowDeleted`] for an operation and returns the
    /// change; none if no invariant refers to the table or nothing changed.
    pub fn apply(&mut self, record: &Record, by: Option<OperationKind>) -> Option<Change<'_>> {
        let (table, key, cell) = cell(record)?;
        let Self { tables, before } = self;
        let rows = tables.get_mut(table.index())?.as_mut()?;
        let slot = rows.slot(key);
        before.clear();
        let existed = rows.get(slot).map(|cells| before.extend_from_slice(cells)).is_some();
        let changed = rows.write(slot, cell);
        rows.changed |= changed;
        let old = existed.then_some(before.as_slice());
        changed.then(|| Change { table, key, old, new: rows.get(slot), by })
    }

    /// Returns whether any row of a table has ever changed.
    pub fn has_changed(&self, table: TableId) -> bool {
        self.tables[table.index()].as_ref().is_some_and(|rows| rows.changed)
    }
}

impl Rows {
    fn new(table: &TableSpec) -> Self {
        Self {
            fresh: initial_cells(table),
            initial: table.rows,
            slots: ByRow::default(),
            keys: Chunks::new(),
            live: Chunks::new(),
            cells: Cells::default(),
            changed: false,
        }
    }

    /// The slot of a row, which is made on first use.
    fn slot(&mut self, key: u64) -> usize {
        let Self { fresh, initial, slots, keys, live, cells, .. } = self;
        let slot = slots.get_mut(RowKey(key)).get_or_insert_with(|| {
            keys.push(key);
            live.push(key < *initial);
            cells.push(fresh);
            NonZeroU32::new(keys.len() as u32).expect("there is one at least")
        });
        slot.get() as usize - 1
    }

    fn get(&self, slot: usize) -> Option<&[i64]> {
        self.live[slot].then(|| self.cells.get(slot, self.fresh.len()))
    }

    /// Deletes a row, or sets a column of it, which creates a row that did not exist; returns
    /// whether that is a change.
    fn write(&mut self, slot: usize, cell: Cell) -> bool {
        let was_live = std::mem::replace(&mut self.live[slot], cell.is_some());
        let Some((column, value)) = cell else { return was_live };
        let cells = self.cells.get_mut(slot, self.fresh.len());
        if !was_live {
            cells.copy_from_slice(&self.fresh);
        }
        let cell = cells.get_mut(usize::from(column));
        let before = cell.map(|cell| std::mem::replace(cell, value));
        !was_live || before.is_some_and(|before| before != value)
    }
}
