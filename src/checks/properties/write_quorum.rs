//! # write-quorum
//!
//! When a client gets a yes, the values that its operation has written to a table with quorums, or
//! newer ones, are in at least W of its copies.
//!
//! Judged by the values in the stores at the moment of the answer: a copy counts if it holds a
//! value that the table itself has had since the write. Undecided if no operation that was answered
//! yes has written to such a table.
//!
//! Gifford, *Weighted voting for replicated data* (1979): with `R + W > N` every read quorum then
//! intersects every write quorum.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Case, Ended, Finding, Property, When};
use crate::model::record::{Event, Kind, OpId, Record};
use crate::model::system::{ColumnRef, RowKey, System, TableId};

/// The check that an acknowledged write is stored by a write quorum.
pub struct WriteQuorum {
    system: Arc<System>,
    case: Case,
    cells: BTreeMap<Place, Cell>,
    /// The cells that unanswered operations have changed, with the position of each written value
    /// among those of the cell.
    written: BTreeMap<OpId, Vec<(Place, usize)>>,
}

/// The column and row of a cell.
type Place = (ColumnRef, RowKey);

/// A cell of a table that is replicated by a quorum. A row that does not exist has no value.
struct Cell {
    /// The values of the table itself, in order.
    values: Vec<Option<i64>>,
    copies: Vec<Option<i64>>,
}

impl WriteQuorum {
    /// Notes a new value of a cell, in the table or in a copy.
    fn put(
        &mut self,
        record: &Record,
        table: TableId,
        column: u8,
        row: RowKey,
        value: Option<i64>,
    ) {
        let system = Arc::clone(&self.system);
        let copy_in = |copies: &[TableId]| copies.iter().position(|copy| *copy == table);
        let mut quorums = system.quorums.iter();
        let Some(quorum) = quorums.find(|it| it.of == table || it.copies.contains(&table)) else {
            return;
        };
        let place = (ColumnRef { table: quorum.of, column }, row);
        let spec = system.table(quorum.of);
        let cell = self.cells.entry(place).or_insert_with(|| {
            let initial = spec.columns.get(usize::from(column)).map(|column| column.initial);
            let initial = initial.filter(|_| row.0 < spec.rows);
            Cell { values: vec![initial], copies: vec![initial; quorum.copies.len()] }
        });
        match copy_in(&quorum.copies) {
            Some(copy) => cell.copies[copy] = value,
            None => {
                cell.values.push(value);
                if record.op != OpId::NONE {
                    let at = cell.values.len() - 1;
                    self.written.entry(record.op).or_default().push((place, at));
                }
            }
        }
    }

    /// Notes the answer to an operation.
    fn answer(&mut self, record: &Record, is_yes: bool) {
        let Some(written) = self.written.remove(&record.op) else { return };
        for (place, at) in written.into_iter().filter(|_| is_yes) {
            let (cell, quorum) = (&self.cells[&place], self.system.quorum_of(place.0.table));
            let Some(quorum) = quorum.map(|number| &self.system.quorums[number]) else { continue };
            let has = |copy: &&Option<i64>| cell.values[at..].contains(copy);
            let stored = cell.copies.iter().filter(has).count();
            if stored >= usize::from(quorum.write) {
                self.case.chance();
                continue;
            }
            let (needed, all, op) = (quorum.write, cell.copies.len(), record.op);
            let table = &self.system.table(quorum.of).name.shown;
            self.case.fail(record.time, op, || {
                format!(
                    "{stored} of {all} copies of `{table}` had operation {}, not {needed}",
                    op.0
                )
            });
        }
    }
}

impl Property for WriteQuorum {
    const NAME: &'static str = "write-quorum";
    const SUMMARY: &'static str = "what is answered yes is stored by a write quorum";
    const MANUAL: &'static str = include_str!("write_quorum.rs");
    const WHEN: When = When::Always;
    const SEES: &'static [Kind] = &[Kind::Value, Kind::RowDeleted, Kind::Answered];

    fn new(system: &Arc<System>) -> Self {
        let system = Arc::clone(system);
        Self { system, case: Case::default(), cells: BTreeMap::new(), written: BTreeMap::new() }
    }

    fn see(&mut self, record: &Record) {
        match record.event {
            _ if self.system.quorums.is_empty() => {}
            Event::Value { column, row, value } => {
                self.put(record, column.table, column.column, row, Some(value));
            }
            Event::RowDeleted { table, row } => {
                let columns = self.system.table(table).columns.len() as u8;
                for column in 0..columns {
                    self.put(record, table, column, row, None);
                }
            }
            Event::Answered { answer, .. } => self.answer(record, answer.is_yes()),
            _ => {}
        }
    }

    fn finish(self, _: &Ended) -> Finding {
        self.case.conclude(Self::NAME, "nothing that was answered yes is kept by a quorum")
    }
}
