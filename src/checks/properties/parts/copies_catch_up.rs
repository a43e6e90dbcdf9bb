//! # copies-catch-up
//!
//! At rest a copy of a table holds the rows and values of its source, and no others: copies that a
//! feed keeps, and copies of a quorum whose coordinator sends again what was not acknowledged.
//!
//! Judged by the values in the stores. Undecided if no copied row was ever written.
//!
//! Saito and Shapiro, *Optimistic Replication* (2005): eventual consistency.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::checks::properties::{Case, Ended, Finding, Property, When};
use crate::kernel::{Span, Time};
use crate::model::record::{Event, Kind, OpId, Record};
use crate::model::system::{Feed, RowKey, System, TableId};

/// The check that copies end like their sources.
pub struct CopiesCatchUp {
    case: Case,
    system: Arc<System>,
    /// Each copy with its source, and the longest time for which it waits by itself.
    pairs: Vec<(TableId, TableId, Span)>,
    /// The rows that were written: the values of their columns, or none if the row was deleted.
    rows: BTreeMap<(TableId, RowKey), Option<Vec<i64>>>,
}

/// The least time that a copy is given after everything was healed.
const PATIENCE: Span = Span::from_secs(10);

impl CopiesCatchUp {
    fn is_kept(&self, table: TableId) -> bool {
        self.pairs.iter().any(|(copy, of, _)| [*copy, *of].contains(&table))
    }

    /// The values of a row as it was before anything happened, if it existed.
    fn initial(&self, table: TableId, row: RowKey) -> Option<Vec<i64>> {
        let spec = self.system.table(table);
        let initial = || spec.columns.iter().map(|column| column.initial).collect();
        (row.0 < spec.rows).then(initial)
    }

    fn row(&self, table: TableId, row: RowKey) -> Option<Vec<i64>> {
        let written = self.rows.get(&(table, row)).cloned();
        written.unwrap_or_else(|| self.initial(table, row))
    }
}

impl Property for CopiesCatchUp {
    const NAME: &'static str = "copies-catch-up";
    const SUMMARY: &'static str = "at rest a copy of a table equals its source";
    const MANUAL: &'static str = include_str!("copies_catch_up.rs");
    const WHEN: When = When::AtTheEnd;
    const SEES: &'static [Kind] = &[Kind::Value, Kind::RowDeleted];
    const OF_PARTS: Option<super::Applies> = Some(super::with_kept_copies);

    fn new(system: &Arc<System>) -> Self {
        let fed = system.replicas.iter().map(|replica| {
            let waits = match replica.feed {
                Feed::Periodic(every) => every.saturating_mul(2),
                Feed::Events => Span::ZERO,
            };
            (replica.copy, replica.of, waits)
        });
        let hinted = system.quorums.iter().filter(|quorum| quorum.hinted_handoff);
        let hinted = hinted.flat_map(|quorum| {
            quorum.copies.iter().map(|copy| (*copy, quorum.of, Span::ZERO))
        });
        let pairs = fed.chain(hinted).collect();
        let (case, rows) = (Case::default(), BTreeMap::new());
        Self { case, system: Arc::clone(system), pairs, rows }
    }

    fn see(&mut self, record: &Record) {
        match record.event {
            Event::Value { column, row, value } if self.is_kept(column.table) => {
                let mut cells = self.row(column.table, row).unwrap_or_else(|| {
                    let spec = self.system.table(column.table);
                    spec.columns.iter().map(|column| column.initial).collect()
                });
                cells[usize::from(column.column)] = value;
                self.rows.insert((column.table, row), Some(cells));
            }
            Event::RowDeleted { table, row } if self.is_kept(table) => {
                self.rows.insert((table, row), None);
            }
            _ => {}
        }
    }

    fn finish(mut self, end: &Ended) -> Finding {
        for (copy, of, waits) in std::mem::take(&mut self.pairs) {
            let written = self.rows.keys().filter(|(table, _)| [copy, of].contains(table));
            let mut written: Vec<RowKey> = written.map(|(_, row)| *row).collect();
            written.sort_unstable();
            written.dedup();
            let due: Time = end.quiet + waits.max(PATIENCE);
            for row in written {
                if self.row(copy, row) == self.row(of, row) {
                    self.case.chance();
                } else if end.settled || end.at >= due {
                    let name = &self.system.table(of).name.shown;
                    self.case.fail_at_rest(end, OpId::NONE, || {
                        format!("a copy of `{name}` differs from it in row {}", row.0)
                    });
                } else {
                    self.case.leave_open();
                }
            }
        }
        self.case.conclude(Self::NAME, "no copied row was ever written")
    }
}
