//! Aggregation of rows by a key that each names: how many count, their sum, and the effects that
//! the sum reflects.
//!
//! Groups are maintained incrementally. A change only notes the row as it was; the next query pays
//! for what has changed since. So a job that counts again and again pays for changes, however large
//! the groups have become.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ledger::EXISTENCE;
use super::provenance::{Derived, Effect, Entry, Provenance, most};
use super::rows::{Row, RowVersion};
use crate::kernel::Lookup;
use crate::model::system::{ColumnRef, RowKey};

/// An aggregation of rows of a table into a cell of other rows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Aggregate {
    /// The column that holds the key of the row into which a row is counted.
    pub by: u8,
    /// The column that is summed.
    pub of: Option<u8>,
    /// The values of those rows that count.
    pub filter: Vec<(u8, i64)>,
    /// The cell that holds the result.
    pub into: ColumnRef,
}

impl Aggregate {
    /// Returns whether a row passes the filter.
    fn admits(&self, row: &Row) -> bool {
        row.live && self.filter.iter().all(|(column, value)| row.value(*column) == *value)
    }

    /// The cells on which the result depends, including those of rows that the filter rejects.
    fn columns(&self) -> impl Iterator<Item = u8> {
        let filter = self.filter.iter().map(|(column, _)| *column);
        filter.chain([self.by]).chain(self.of).chain([EXISTENCE])
    }

    fn group(&self, row: &Row) -> i64 {
        row.value(self.by)
    }
}

/// The rows of one group as they were read, unaffected by later writes.
#[derive(Clone, Default)]
pub struct Group {
    rows: Arc<BTreeMap<RowKey, Arc<Row>>>,
    count: i64,
    sum: i64,
    provenance: Provenance,
    /// An initial row that was never written, if such rows belong to the group.
    pub(super) untouched: Option<RowVersion>,
}

impl Group {
    /// The number of rows that count.
    pub fn count(&self) -> i64 {
        self.count
    }

    /// The sum of the summed column of the rows that count.
    pub fn sum(&self) -> i64 {
        self.sum
    }

    /// A value for the cell of the [`Aggregate`] that was computed from the group.
    pub fn derive(&self, value: i64) -> Derived {
        Derived::at_home(value, self.provenance.clone())
    }

    /// The rows, deleted ones included. Of the initial rows that were never written it has one, as
    /// the last.
    pub fn rows(&self) -> impl Iterator<Item = RowVersion> {
        let written = self.rows.iter().map(|(key, row)| RowVersion::new(*key, Arc::clone(row)));
        self.untouched.iter().cloned().chain(written)
    }

    /// Adds `times` rows that are like this one.
    pub(super) fn add(&mut self, how: &Aggregate, row: &Row, times: i64) {
        if how.admits(row) {
            self.count += times;
            self.sum += how.of.map_or(0, |column| row.value(column)) * times;
        }
    }
}

/// All groups of a table under one aggregate.
pub(super) struct Groups {
    pub how: Aggregate,
    groups: BTreeMap<i64, Kept>,
    /// The rows that have changed since the last query, each as it was then; none if it was in no
    /// group.
    changed: BTreeMap<RowKey, Option<Arc<Row>>>,
}

/// A group, with the state that its maintenance needs.
#[derive(Default)]
struct Kept {
    group: Group,
    /// The number of times that it reflects each effect, as its provenance says.
    reflected: Lookup<Effect, i32>,
    /// True if an effect may be reflected less often than before, so that all rows must be read
    /// again.
    shrunk: bool,
}

impl Groups {
    /// The groups of these rows.
    pub fn new(how: Aggregate, rows: impl Iterator<Item = RowKey>) -> Self {
        Self { how, groups: BTreeMap::new(), changed: rows.map(|key| (key, None)).collect() }
    }

    /// Notes a row that is about to be replaced; none if it was in no group.
    pub fn note(&mut self, key: RowKey, before: Option<&Arc<Row>>) {
        self.changed.entry(key).or_insert_with(|| before.cloned());
    }

    /// Applies all changes, where `now` returns the current rows. `home` maps an effect to the one
    /// for which it counts in the cell of a row.
    pub fn catch_up(
        &mut self,
        now: impl Fn(RowKey) -> Option<Arc<Row>>,
        home: impl Fn(Effect, RowKey) -> Effect,
    ) {
        let Self { how, groups, changed } = self;
        for (key, before) in std::mem::take(changed) {
            let now = now(key);
            let stays = now.as_ref().map(|row| how.group(row));
            if let Some(before) = &before {
                let place = how.group(before);
                let kept = groups.entry(place).or_default();
                kept.group.add(how, before, -1);
                if stays != Some(place) {
                    Arc::make_mut(&mut kept.group.rows).remove(&key);
                    kept.shrunk = true;
                }
            }
            let (Some(now), Some(place)) = (now, stays) else { continue };
            let kept = groups.entry(place).or_default();
            let before = before.filter(|before| how.group(before) == place);
            kept.group.add(how, &now, 1);
            let target = RowKey(place as u64);
            kept.reflect(how, &now, before.as_deref(), |effect| home(effect, target));
            Arc::make_mut(&mut kept.group.rows).insert(key, now);
        }
    }

    /// The group with this value.
    pub fn get(&mut self, value: i64, home: impl Fn(Effect, RowKey) -> Effect) -> Group {
        let Some(kept) = self.groups.get_mut(&value) else { return Group::default() };
        if std::mem::take(&mut kept.shrunk) {
            kept.read_all(&self.how, |effect| home(effect, RowKey(value as u64)));
        }
        kept.group.clone()
    }
}

impl Kept {
    /// Applies a write to a row of the group: the group reflects each effect as often as the cell
    /// that reflects it most.
    fn reflect(
        &mut self,
        how: &Aggregate,
        now: &Row,
        before: Option<&Row>,
        home: impl Fn(Effect) -> Effect,
    ) {
        let nothing = Provenance::default();
        let mut news: Vec<Entry> = Vec::new();
        let mut last = (&nothing, &nothing);
        for column in how.columns() {
            let chain = now.provenance(column);
            let old = before.map_or(&nothing, |row| row.provenance(column));
            let seen = std::mem::replace(&mut last, (chain, old));
            if seen.0.same(chain) && seen.1.same(old) {
                continue; // Cells of a row share effects.
            }
            for (effect, more) in chain.since(old) {
                let effect_here = home(effect);
                let known = self.reflected.get(&effect_here).copied();
                // An effect that no cell reflected before was not reflected by this one either.
                let times = if known.is_none() { more } else { chain.times(effect) };
                if more < 0 || times <= 0 || known.is_some_and(|known| known <= 0) {
                    self.shrunk = true;
                    return;
                }
                let known = known.unwrap_or(0);
                if times > known {
                    news.push((effect_here, times - known));
                    self.reflected.insert(effect_here, times);
                }
            }
        }
        self.group.provenance = self.group.provenance.plus(news);
    }

    /// Reads everything that the rows of the group reflect.
    fn read_all(&mut self, how: &Aggregate, home: impl Fn(Effect) -> Effect) {
        let rows = Arc::clone(&self.group.rows);
        let cells =
            rows.values().flat_map(|row| how.columns().map(|column| row.provenance(column)));
        let entries = cells.flat_map(Provenance::entries);
        let all = most(entries.map(|(effect, times)| (home(effect), times)).collect());
        self.reflected = Lookup::default();
        for (effect, times) in &all {
            self.reflected.insert(*effect, *times);
        }
        self.group.provenance = Provenance::default().plus(all);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::provenance::{Direction, Version};
    use super::super::rows::Table;
    use super::*;
    use crate::kernel::Time;
    use crate::model::record::OpId;
    use crate::model::system::{
        Api, ColumnSpec, DatabaseId, Name, ServiceId, StepId, TableId, TableSpec,
    };

    /// Initial rows of the table.
    const ROWS: u64 = 3;

    /// Columns: the group, a state, and an amount.
    fn table() -> Table {
        let column = |initial| ColumnSpec { name: "c".into(), initial };
        Table::new(&TableSpec {
            name: Name::new("t"),
            owner: ServiceId(0),
            part: None,
            grants: Vec::new(),
            api: Api::Contract,
            conformists: Vec::new(),
            database: DatabaseId(0),
            columns: [1, 1, 5].map(column).into(),
            rows: ROWS,
        })
    }

    fn how() -> Aggregate {
        let into = ColumnRef { table: TableId(1), column: 0 };
        Aggregate { by: 0, of: Some(2), filter: vec![(1, 1)], into }
    }

    /// Steps two by two count as one, but for each group apart.
    fn home(effect: Effect, key: RowKey) -> Effect {
        Effect { step: StepId(effect.step.0 / 2 * 2 + key.0 as u8 % 2), ..effect }
    }

    /// Count, sum and effects of a group, read off all rows.
    fn naive(table: &Table, value: i64) -> (i64, i64, Vec<Entry>) {
        let rows = table.scan(None, usize::MAX);
        let members = || rows.iter().filter(|row| row.value(0) == value);
        let counted = || members().filter(|row| row.exists() && row.value(1) == 1);
        let cells = members().flat_map(|row| {
            let cells = [1, 0, 2].map(|column| row.column(column));
            cells.into_iter().chain([row.existence()])
        });
        let cells: Vec<Version> = cells.collect();
        let entries = Version::computed(0, cells.iter()).provenance.entries().into_iter();
        let entries = entries.map(|(effect, times)| (home(effect, RowKey(value as u64)), times));
        (counted().count() as i64, counted().map(|row| row.value(2)).sum(), most(entries.collect()))
    }

    /// A write of a row: by which step of which operation, to which cells; or an older version
    /// comes back, as when a database recovers.
    #[derive(Clone, Debug)]
    enum Write {
        Cells { op: u32, step: u8, undo: bool, cells: Vec<(u8, i64)>, live: bool },
        Attested { op: u32, column: u8, times: i32 },
        Back { to: usize },
    }

    fn write() -> impl Strategy<Value = Write> {
        let cells = prop::collection::vec((0..3_u8, 0..3_i64), 1..3);
        let cells = (0..4_u32, 0..4_u8, any::<bool>(), cells, any::<bool>());
        prop_oneof![
            6 => cells.prop_map(|(op, step, undo, cells, live)| {
                Write::Cells { op, step, undo, cells, live }
            }),
            1 => (0..4_u32, 0..3_u8, -1..3_i32)
                .prop_map(|(op, column, times)| Write::Attested { op, column, times }),
            1 => (0..6_usize).prop_map(|to| Write::Back { to }),
        ]
    }

    fn written(now: &Row, write: &Write, past: &[Arc<Row>]) -> Arc<Row> {
        let mut row = now.clone();
        match write {
            Write::Cells { op, step, undo, cells, live } => {
                let direction = if *undo { Direction::Undo } else { Direction::Forward };
                let effect = Effect { op: OpId(*op), step: StepId(*step), direction };
                let first = Provenance::default().and(effect);
                for (column, value) in cells {
                    row.cells[usize::from(*column)].value = *value;
                    let known = row.provenance(*column).or_first(effect, &first);
                    *row.provenance_mut(*column) = known;
                }
                if row.live != *live {
                    row.live = *live;
                    row.existence = row.existence.or_first(effect, &first);
                }
                row.version += 1;
                row.updated_at = Time::from_nanos(row.version);
            }
            Write::Attested { op, column, times } => {
                let direction = Direction::Forward;
                let effect = Effect { op: OpId(*op), step: StepId(0), direction };
                let entries = if *times == 0 { Vec::new() } else { vec![(effect, *times)] };
                *row.provenance_mut(*column) = row.provenance(*column).plus(entries);
            }
            Write::Back { to } => return past.get(*to).cloned().unwrap_or_else(|| row.into()),
        }
        Arc::new(row)
    }

    proptest! {
        #[test]
        fn a_group_that_is_kept_up_to_date_is_what_its_rows_come_to(
            writes in prop::collection::vec((0..7_u64, write(), 0..4_u8), 0..60),
        ) {
            let mut table = table();
            let mut past: BTreeMap<RowKey, Vec<Arc<Row>>> = BTreeMap::new();
            let mut kept: Vec<(Group, Vec<u64>)> = Vec::new();
            for (key, write, ask) in writes {
                let key = RowKey(key);
                let versions = past.entry(key).or_default();
                let row = written(table.get(key), &write, versions);
                versions.push(table.put(key, row));
                if ask > 0 {
                    continue;
                }
                let groups = table.groups(&how(), 0..3, home);
                for (value, group) in (0..).zip(groups) {
                    let derived = group.derive(0);
                    let found = (group.count(), group.sum(), derived.provenance.entries());
                    prop_assert_eq!(found, naive(&table, value), "group {}", value);
                    let versions: Vec<u64> = group.rows().map(|row| row.version()).collect();
                    kept.push((group, versions));
                }
            }
            for (group, versions) in kept {
                let now: Vec<u64> = group.rows().map(|row| row.version()).collect();
                prop_assert_eq!(now, versions, "a reader keeps what it got");
            }
        }
    }

    /// A group that is asked for again shares all that it reflected before, so that a difference
    /// walks only what is new.
    #[test]
    fn what_a_group_reflects_grows_by_what_is_new() {
        let mut table = table();
        let mut before = Provenance::default();
        for op in 0..100 {
            let cells = vec![(0, 1), (1, 1), (2, 1)];
            let write = Write::Cells { op, step: 0, undo: false, cells, live: true };
            let key = RowKey(100 + u64::from(op));
            let row = written(table.get(key), &write, &[]);
            table.put(key, row);
            let group = table.groups(&how(), 1..2, home).remove(0);
            let Derived { provenance, .. } = group.derive(0);
            assert!(provenance.extends(&before, 1), "after {op} rows");
            before = provenance;
        }
    }
}
