//! Rows, tables and their indexes. Rows are immutable: a commit installs a new version, and readers
//! keep the version that they got.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::groups::{Aggregate, Group, Groups};
use super::ledger::EXISTENCE;
use super::provenance::{Effect, Provenance, Version};
use crate::kernel::Time;
use crate::model::system::{RowKey, TableId, TableSpec};

/// The id of a row of a database.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct RowId {
    pub table: TableId,
    pub key: RowKey,
}

/// One version of a row. A deleted row stays as a tombstone that keeps its provenance.
#[derive(Clone, Debug, Default)]
pub(super) struct Row {
    pub live: bool,
    pub existence: Provenance,
    pub cells: Box<[Version]>,
    pub updated_at: Time,
    pub version: u64,
}

impl Row {
    /// The value of a column; that of [`EXISTENCE`] is 1 if the row exists.
    pub fn value(&self, column: u8) -> i64 {
        match column {
            EXISTENCE => i64::from(self.live),
            _ => self.cells[usize::from(column)].value,
        }
    }

    /// The provenance of a column, [`EXISTENCE`] included.
    pub fn provenance(&self, column: u8) -> &Provenance {
        match column {
            EXISTENCE => &self.existence,
            _ => &self.cells[usize::from(column)].provenance,
        }
    }

    /// The provenance of a column, mutable.
    pub fn provenance_mut(&mut self, column: u8) -> &mut Provenance {
        match column {
            EXISTENCE => &mut self.existence,
            _ => &mut self.cells[usize::from(column)].provenance,
        }
    }
}

/// A row as it was read. It is unaffected by later writes, and may be sent to other nodes.
#[derive(Clone, Debug)]
pub struct RowVersion {
    key: RowKey,
    row: Arc<Row>,
}

impl RowVersion {
    pub(super) fn new(key: RowKey, row: Arc<Row>) -> Self {
        Self { key, row }
    }

    /// Returns whether a row is this very version, provenance included.
    pub(super) fn is_same(&self, other: &Row) -> bool {
        let cells = self.row.cells.iter().zip(&other.cells);
        self.row.live == other.live
            && self.row.existence.same(&other.existence)
            && cells.into_iter().all(|(one, other)| {
                one.value == other.value && one.provenance.same(&other.provenance)
            })
    }

    /// Overwrites a row with this version.
    pub(super) fn write_into(&self, row: &mut Row) {
        row.live = self.row.live;
        row.existence = self.row.existence.clone();
        row.cells.clone_from(&self.row.cells);
    }

    /// The row's key.
    pub fn key(&self) -> RowKey {
        self.key
    }

    /// Returns whether the row exists: it was made and not deleted.
    pub fn exists(&self) -> bool {
        self.row.live
    }

    /// The value in a column. A deleted row keeps its last values, and a row that never existed has
    /// those of an initial row.
    pub fn value(&self, column: u8) -> i64 {
        self.row.cells.get(usize::from(column)).map_or(0, |cell| cell.value)
    }

    /// The version of a column.
    pub fn column(&self, column: u8) -> Version {
        self.row.cells.get(usize::from(column)).cloned().unwrap_or_default()
    }

    /// The existence (1) or absence (0) of the row, as a version; written to column [`EXISTENCE`],
    /// it makes or deletes a row.
    pub fn existence(&self) -> Version {
        let provenance = self.row.existence.clone();
        Version { value: i64::from(self.row.live), provenance }
    }

    /// The time at which the writing statement ran, on the database's own clock; it committed
    /// later.
    pub fn updated_at(&self) -> Time {
        self.row.updated_at
    }

    /// The version number of the row; 0 for one that was never written.
    pub fn version(&self) -> u64 {
        self.row.version
    }
}

/// A table: the rows that were written, and the initial ones that were not.
pub(super) struct Table {
    rows: BTreeMap<RowKey, Arc<Row>>,
    initial: Arc<Row>,
    absent: Arc<Row>,
    initial_rows: u64,
    /// The number of initial rows among `rows`.
    touched: u64,
    groups: Vec<Groups>,
    by_time: Option<BTreeSet<(Time, RowKey)>>,
    by_commit: Option<Commits>,
}

/// The rows in the order in which they were last installed, which is the order of the log.
struct Commits {
    newest: u64,
    order: BTreeMap<u64, RowKey>,
    places: BTreeMap<RowKey, u64>,
}

impl Commits {
    fn add(&mut self, key: RowKey) {
        self.newest += 1;
        if let Some(before) = self.places.insert(key, self.newest) {
            self.order.remove(&before);
        }
        self.order.insert(self.newest, key);
    }
}

impl Table {
    pub fn new(spec: &TableSpec) -> Self {
        let cell = |value| Version { value, provenance: Provenance::default() };
        let cells: Box<[Version]> = spec.columns.iter().map(|c| cell(c.initial)).collect();
        let initial = Row { live: true, cells: cells.clone(), ..Row::default() };
        Self {
            rows: BTreeMap::new(),
            initial: Arc::new(initial),
            absent: Arc::new(Row { cells, ..Row::default() }),
            initial_rows: spec.rows,
            touched: 0,
            groups: Vec::new(),
            by_time: None,
            by_commit: None,
        }
    }

    /// The committed version of a row, which may be one that does not exist.
    pub fn get(&self, key: RowKey) -> &Arc<Row> {
        match self.rows.get(&key) {
            Some(row) => row,
            None if key.0 < self.initial_rows => &self.initial,
            None => &self.absent,
        }
    }

    /// Installs a new version and returns the old one.
    pub fn put(&mut self, key: RowKey, row: Arc<Row>) -> Arc<Row> {
        let old = Arc::clone(self.get(key));
        let written = self.rows.contains_key(&key);
        let known = written && is_known(key, &old, self.initial_rows);
        for groups in &mut self.groups {
            groups.note(key, known.then_some(&old));
        }
        self.touched += u64::from(!written && key.0 < self.initial_rows);
        if let Some(times) = &mut self.by_time {
            times.remove(&(old.updated_at, key));
            if row.version > 0 {
                times.insert((row.updated_at, key));
            }
        }
        self.rows.insert(key, row);
        if let Some(commits) = &mut self.by_commit {
            commits.add(key);
        }
        old
    }

    /// The groups of these values under an aggregate, maintained from the first query on. `home`
    /// maps an effect to the one for which it counts in the cell of a row.
    pub fn groups(
        &mut self,
        how: &Aggregate,
        values: impl Iterator<Item = i64>,
        home: impl Fn(Effect, RowKey) -> Effect,
    ) -> Vec<Group> {
        let at = self.groups.iter().position(|known| known.how == *how);
        let at = at.unwrap_or_else(|| {
            self.groups.push(Groups::new(how.clone(), self.rows.keys().copied()));
            self.groups.len() - 1
        });
        let Self { rows, groups, initial, initial_rows, touched, .. } = self;
        let known = |key: RowKey| {
            let row = rows.get(&key)?;
            is_known(key, row, *initial_rows).then(|| Arc::clone(row))
        };
        groups[at].catch_up(known, &home);
        let untouched = *initial_rows - *touched;
        let mut group = |value| {
            let mut group = groups[at].get(value, &home);
            if untouched > 0 && initial.value(how.by) == value {
                group.add(how, initial, untouched as i64);
                let last = (0..*initial_rows).rev().map(RowKey).find(|key| !rows.contains_key(key));
                group.untouched = last.map(|key| RowVersion::new(key, Arc::clone(initial)));
            }
            group
        };
        values.map(&mut group).collect()
    }

    /// The rows (deleted ones included) that were written at `since` or later, oldest first: at
    /// most `limit`, but all that share the last one's time. The index is made on first use.
    pub fn changed(&mut self, since: Time, limit: usize) -> Vec<RowVersion> {
        let times = self.by_time.get_or_insert_with(|| {
            let written = self.rows.iter().filter(|(_, row)| row.version > 0);
            written.map(|(key, row)| (row.updated_at, *key)).collect()
        });
        let mut found: Vec<(Time, RowKey)> = Vec::new();
        for entry in times.range((since, RowKey(0))..) {
            if found.len() >= limit && found.last().is_some_and(|last| last.0 != entry.0) {
                break;
            }
            found.push(*entry);
        }
        found.into_iter().map(|(_, key)| self.version(key)).collect()
    }

    /// The position of the newest change in the order of commits; 0 if there is none.
    pub fn newest(&mut self) -> u64 {
        self.commits().newest
    }

    /// The rows (deleted ones included) that were installed after a position in the order of
    /// commits, oldest first, at most `limit`; and the position of the last one. A reader from 0
    /// gets every row that was ever written; one that continues from its last position misses none,
    /// despite transactions that were open meanwhile and crashes that undid changes.
    pub fn committed(&mut self, after: u64, limit: usize) -> (Vec<RowVersion>, u64) {
        let changed = self.commits().order.range(after + 1..).take(limit);
        let changed: Vec<(u64, RowKey)> = changed.map(|(place, key)| (*place, *key)).collect();
        let last = changed.last().map_or(after, |(place, _)| *place);
        (changed.into_iter().map(|(_, key)| self.version(key)).collect(), last)
    }

    /// The index of commits, made on first use.
    fn commits(&mut self) -> &mut Commits {
        self.by_commit.get_or_insert_with(|| {
            let (order, places) = (BTreeMap::new(), BTreeMap::new());
            let mut commits = Commits { newest: 0, order, places };
            self.rows.keys().for_each(|key| commits.add(*key));
            commits
        })
    }

    /// At most `limit` rows with keys after `after` (deleted ones included), in the order of keys.
    pub fn scan(&self, after: Option<RowKey>, limit: usize) -> Vec<RowVersion> {
        let first = after.map_or(Some(0), |key| key.0.checked_add(1));
        let Some(first) = first else { return Vec::new() };
        let initial = (first..self.initial_rows).map(RowKey);
        let made = self.rows.range(RowKey(first.max(self.initial_rows))..);
        let made =
            made.filter(|(key, row)| is_known(**key, row, self.initial_rows)).map(|(key, _)| *key);
        initial.chain(made).take(limit).map(|key| self.version(key)).collect()
    }

    /// The committed version of a row, for a reader.
    pub fn version(&self, key: RowKey) -> RowVersion {
        RowVersion::new(key, Arc::clone(self.get(key)))
    }
}

/// Returns whether a query can find a row: it is an initial one, or was written. (A job may have
/// noted about a row that never existed that it is rightly missing.)
fn is_known(key: RowKey, row: &Row, initial_rows: u64) -> bool {
    key.0 < initial_rows || row.version > 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::system::{ColumnSpec, DatabaseId, Name, ServiceId};
    use proptest::prelude::*;

    fn table(rows: u64) -> Table {
        Table::new(&TableSpec {
            name: Name::new("t"),
            owner: ServiceId(0),
            part: None,
            grants: Vec::new(),
            api: crate::model::system::Api::Contract,
            conformists: Vec::new(),
            database: DatabaseId(0),
            columns: vec![ColumnSpec { name: "c".into(), initial: 2 }],
            rows,
        })
    }

    fn keys(rows: &[RowVersion]) -> Vec<u64> {
        rows.iter().map(|row| row.key().0).collect()
    }

    proptest! {
        #[test]
        fn indexes_agree_with_a_scan(
            writes in prop::collection::vec((0_u64..12, 0_i64..4, 0_u64..20), 0..40),
            early in 0_usize..40,
        ) {
            let mut table = table(6);
            for (at, (key, value, time)) in writes.iter().enumerate() {
                if at == early {
                    table.changed(Time::ZERO, 1);
                    table.newest();
                }
                let key = RowKey(*key);
                let mut row = Row::clone(table.get(key));
                row.live = true;
                row.cells[0].value = *value;
                row.updated_at = Time::from_nanos(*time);
                row.version += 1;
                table.put(key, Arc::new(row));
            }
            let all = table.scan(None, usize::MAX);
            let (mut tail, mut place) = (BTreeMap::new(), 0);
            while let (rows, last) = table.committed(place, 3)
                && !rows.is_empty()
            {
                tail.extend(rows.iter().map(|row| (row.key(), row.version())));
                place = last;
            }
            let written = all.iter().filter(|row| row.version() > 0);
            let written: BTreeMap<RowKey, u64> =
                written.map(|row| (row.key(), row.version())).collect();
            prop_assert_eq!((tail, place), (written, table.newest()));
            let since = Time::from_nanos(7);
            let mut expected: Vec<(Time, u64)> = all
                .iter()
                .filter(|row| row.version() > 0 && row.updated_at() >= since)
                .map(|row| (row.updated_at(), row.key().0))
                .collect();
            expected.sort_unstable();
            let changed = table.changed(since, usize::MAX);
            prop_assert_eq!(keys(&changed), expected.iter().map(|e| e.1).collect::<Vec<_>>());
            let some = table.changed(since, 2);
            prop_assert!(some.len() >= changed.len().min(2));
            if let (Some(last), Some(next)) = (some.last(), changed.get(some.len())) {
                prop_assert!(next.updated_at() > last.updated_at(), "a time is never split");
            }
            let mut batched = Vec::new();
            while let batch = table.scan(batched.last().map(|key| RowKey(*key)), 3)
                && !batch.is_empty()
            {
                batched.extend(keys(&batch));
            }
            prop_assert_eq!(batched, keys(&all));
        }
    }
}
