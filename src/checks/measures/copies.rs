//! What a reader of a replica sees: what its source was once.
//!
//! A copied value is right if it is what the source's cell holds at the moment of the read.
//! Otherwise it is stale: since the source left that value, and by as many values as the source
//! has taken on since then. Both sides are known from the stores' own records of new values. Kept
//! only for columns that somebody reads in a copy, and of each cell's past only what its copy has
//! not seen yet.

use std::collections::{BTreeMap, VecDeque};

use super::expected_reads::Missing;
use crate::kernel::Time;
use crate::model::database::EXISTENCE;
use crate::model::record::{Record, column_subject, subject_column};
use crate::model::system::{Access, ColumnRef, ReadWhat, System, TableId};

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
    /// What the source has held, and since when (ns): first what the copy holds, last what the
    /// source does.
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

    /// A cell has a new value.
    pub fn see(&mut self, record: &Record) {
        for copied in &mut self.0 {
            copied.see(record);
        }
    }

    /// What the copied cell of a reader's `ProbeSaw` misses; nothing if it is of no copy.
    pub fn missing(&self, saw: &Record) -> Option<Missing> {
        let copied = self.0.iter().find(|copied| copied.seen_as() == saw.subject)?;
        Some(copied.cells.get(&saw.b).map_or(Missing::default(), Cell::missing))
    }
}

impl Copied {
    fn seen_as(&self) -> u32 {
        column_subject(self.copy, self.source.column)
    }

    fn see(&mut self, record: &Record) {
        let (table, column) = subject_column(record.subject);
        let concerns = column == EXISTENCE || column == self.source.column;
        if !concerns || table != self.source.table && table != self.copy {
            return;
        }
        let value = (column != EXISTENCE).then_some(record.b as i64);
        let initial = (record.a < self.initial_rows).then_some(self.initial);
        let fresh = || Cell { source: VecDeque::from([(initial, 0)]), copy: initial };
        let cell = self.cells.entry(record.a).or_insert_with(fresh);
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
    /// Which of the source's values the copy holds: the last one that it can be.
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
