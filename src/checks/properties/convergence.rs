//! # convergence
//!
//! At the end all derived values agree with their sources: each row that `derive` declares exists,
//! each copy equals its source, and each count and sum is right.
//!
//! Judged by the values that the stores show, against the derivations that the operations declare.
//! Undecided if nothing is derived or no source ever changed.
//!
//! Vogels, *Eventually Consistent* (2009).

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use super::{Case, Ended, Finding, Property, When};
use crate::checks::by_row::ByRow;
use crate::checks::invariants::rows::Mirror;
use crate::model::record::{Event, Kind, OpId, Record};
use crate::model::system::{Derive, DeriveRule, RowKey, System, TableId};

/// The check that derived rows agree with their source.
pub struct Convergence {
    case: Case,
    system: Arc<System>,
    /// Each derivation once, with the table that it derives.
    rules: Vec<(TableId, Derive)>,
    /// The operation that touched each row of a derived table last.
    touched: BTreeMap<TableId, ByRow<Option<NonZeroU32>>>,
}

/// The rows from which others derive, and those.
struct Derivations<'a> {
    system: &'a System,
    mirror: &'a Mirror,
}

impl Property for Convergence {
    const NAME: &'static str = "convergence";
    const SUMMARY: &'static str = "derived rows, copies, counts and sums agree with their sources";
    const MANUAL: &'static str = include_str!("convergence.rs");
    const WHEN: When = When::AtTheEnd;
    const SEES: &'static [Kind] = &[Kind::Touches];

    fn new(system: &Arc<System>) -> Self {
        let mut rules: Vec<(TableId, Derive)> = Vec::new();
        for step in system.steps() {
            if let Some(derive) = &step.derive
                && !rules.iter().any(|(table, known)| *table == step.table && known == derive)
            {
                rules.push((step.table, derive.clone()));
            }
        }
        Self { case: Case::default(), system: Arc::clone(system), rules, touched: BTreeMap::new() }
    }

    fn see(&mut self, record: &Record) {
        if let Event::Touches { table, row } = record.event
            && self.rules.iter().any(|(target, _)| *target == table)
        {
            let touched = self.touched.entry(table).or_default().get_mut(row);
            *touched = NonZeroU32::MIN.checked_add(record.op.0);
        }
    }

    fn finish(mut self, end: &Ended) -> Finding {
        if self.rules.is_empty() {
            return self.case.conclude(Self::NAME, "nothing is derived");
        }
        let mut tables = self.rules.iter().flat_map(|(table, derive)| [*table, derive.source]);
        if tables.any(|table| end.mirror.has_changed(table)) {
            self.case.chance();
        }
        let system = Arc::clone(&self.system);
        let derivations = Derivations { system: &system, mirror: end.mirror };
        for (target, derive) in std::mem::take(&mut self.rules) {
            for (key, column) in derivations.disagreements(target, &derive) {
                let touched = self.touched.get(&target).and_then(|it| it.get(RowKey(key)));
                let op = touched.map_or(OpId::NONE, |number| OpId(number.get() - 1));
                let spec = system.table(target);
                self.case.fail_at_rest(end, op, || {
                    let table = &spec.name.shown;
                    column.map_or_else(
                        || format!("row {key} of `{table}` is missing"),
                        |column| {
                            let column = &spec.columns[usize::from(column)].name;
                            format!("`{column}` of row {key} of `{table}` is not as derived")
                        },
                    )
                });
            }
        }
        self.case.conclude(Self::NAME, "nothing that others derive from ever changed")
    }
}

impl Derivations<'_> {
    /// The rows that disagree, each with the column; none if the row is missing.
    fn disagreements(&self, target: TableId, derive: &Derive) -> Vec<(u64, Option<u8>)> {
        let admits =
            |row: &&[i64]| derive.filter.iter().all(|(at, is)| row[usize::from(*at)] == *is);
        let source = |key| self.mirror.row(derive.source, key).filter(admits);
        let sources = || self.mirror.rows(derive.source).filter(|(row, _)| admits(row));
        let there = |key| self.mirror.row(target, key);
        let written = || self.mirror.written(derive.source).chain(self.mirror.written(target));
        let tables = [derive.source, target];
        match &derive.rule {
            DeriveRule::RowPer => {
                let is_missing = |key| source(key).is_some() && there(key).is_none();
                let missing = self.keys(written().collect(), tables, is_missing);
                missing.into_iter().map(|key| (key, None)).collect()
            }
            DeriveRule::Copy { from, to, values } => {
                let is_wrong = |key| {
                    let value = source(key)?[usize::from(*from)];
                    let known = values.iter().find(|(source, _)| *source == value);
                    let here = known.map(|(_, here)| *here).or(values.is_empty().then_some(value));
                    Some(here? != there(key)?[usize::from(*to)])
                };
                let is_wrong = |key| is_wrong(key).unwrap_or(false);
                let wrong = self.keys(written().collect(), tables, is_wrong);
                wrong.into_iter().map(|key| (key, Some(*to))).collect()
            }
            DeriveRule::Count { by, to } => {
                let counted =
                    sources().map(|(row, count)| (row[usize::from(*by)] as u64, count as i64));
                self.wrong_totals(target, *to, counted, 0)
            }
            DeriveRule::Sum { of, by, to, times } => {
                let base = self.system.table(target).columns[usize::from(*to)].initial;
                let summed = sources().map(|(row, count)| {
                    let part = times * row[usize::from(*of)] * count as i64;
                    (row[usize::from(*by)] as u64, part)
                });
                self.wrong_totals(target, *to, summed, base)
            }
        }
    }

    /// The rows whose column is not `base` plus the sum of their source rows.
    fn wrong_totals(
        &self,
        target: TableId,
        to: u8,
        parts: impl Iterator<Item = (u64, i64)>,
        base: i64,
    ) -> Vec<(u64, Option<u8>)> {
        let mut totals: BTreeMap<u64, i64> = BTreeMap::new();
        for (key, part) in parts {
            *totals.entry(key).or_default() += part;
        }
        let is_wrong = |key| {
            let right = base + totals.get(&key).copied().unwrap_or(0);
            self.mirror.row(target, key).is_some_and(|row| row[usize::from(to)] != right)
        };
        let special = self.mirror.written(target).chain(totals.keys().copied()).collect();
        let wrong = self.keys(special, [target; 2], is_wrong);
        wrong.into_iter().map(|key| (key, Some(to))).collect()
    }

    /// The keys for which the derived value is wrong, in order. Only `special` keys, and the
    /// numbers of initial rows of the two tables, can make a difference; of the other keys one of
    /// each kind is checked.
    fn keys(
        &self,
        mut special: Vec<u64>,
        tables: [TableId; 2],
        is_wrong: impl Fn(u64) -> bool,
    ) -> Vec<u64> {
        special.sort_unstable();
        special.dedup();
        let mut wrong: Vec<u64> = special.iter().copied().filter(|key| is_wrong(*key)).collect();
        let [one, other] = tables.map(|table| self.system.table(table).rows);
        for alike in [0..one.min(other), one.min(other)..one.max(other)] {
            let mut others = alike.filter(|key| special.binary_search(key).is_err()).peekable();
            if others.peek().is_some_and(|key| is_wrong(*key)) {
                wrong.extend(others);
            }
        }
        wrong.sort_unstable();
        wrong
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tests::history::{CUSTOMERS, History, TICKETS, system};

    /// Rows that disagree, found by looking at every row of both tables.
    fn naive(found: &Derivations<'_>, target: TableId, derive: &Derive) -> Vec<(u64, Option<u8>)> {
        let row = |table, key| found.mirror.row(table, key);
        let sources: Vec<(u64, &[i64])> = (0..9)
            .filter_map(|key| Some((key, row(derive.source, key)?)))
            .filter(|(_, row)| derive.filter.iter().all(|(at, is)| row[usize::from(*at)] == *is))
            .collect();
        let total = |key: u64, by: u8, part: &dyn Fn(&[i64]) -> i64| -> i64 {
            let bearing = sources.iter().filter(|(_, row)| row[usize::from(by)] as u64 == key);
            bearing.map(|(_, row)| part(row)).sum()
        };
        let wrong = |key: u64| match &derive.rule {
            DeriveRule::RowPer => {
                let is_source = sources.iter().any(|(source, _)| *source == key);
                (is_source && row(target, key).is_none()).then_some(None)
            }
            DeriveRule::Copy { from, to, .. } => {
                let (_, source) = sources.iter().find(|(source, _)| *source == key)?;
                let there = row(target, key)?[usize::from(*to)];
                (source[usize::from(*from)] != there).then_some(Some(*to))
            }
            DeriveRule::Count { by, to } => {
                let there = row(target, key)?[usize::from(*to)];
                (there != total(key, *by, &|_| 1)).then_some(Some(*to))
            }
            DeriveRule::Sum { of, by, to, times } => {
                let base = found.system.table(target).columns[usize::from(*to)].initial;
                let there = row(target, key)?[usize::from(*to)];
                let sum = total(key, *by, &|row| times * row[usize::from(*of)]);
                (there != base + sum).then_some(Some(*to))
            }
        };
        (0..9).filter_map(|key| Some((key, wrong(key)?))).collect()
    }

    proptest! {
        #[test]
        fn rows_that_nobody_wrote_are_judged_as_if_each_were_looked_at(
            rows in prop::collection::vec(0..6_u64, 2),
            initial in prop::collection::vec(0..3_i64, 4),
            changes in prop::collection::vec((any::<bool>(), 0..2_u8, 0..9_u64, -1..3_i64), 0..20),
        ) {
            let mut system = system();
            for (at, table) in system.tables[..2].iter_mut().enumerate() {
                table.rows = rows[at];
                let columns = table.columns.iter_mut().zip(&initial[at * 2..]);
                columns.for_each(|(column, value)| column.initial = *value);
            }
            let rules = [
                DeriveRule::RowPer,
                DeriveRule::Copy { from: 0, to: 1, values: Vec::new() },
                DeriveRule::Count { by: 1, to: 0 },
                DeriveRule::Sum { of: 0, by: 1, to: 0, times: 2 },
            ];
            let filter = vec![(0, 1)];
            let derives =
                rules.map(|rule| Derive { source: TICKETS, filter: filter.clone(), rule });
            system.operations[0].steps[1].derive = Some(derives[0].clone());
            let mut mirror = Mirror::new(&system, [TICKETS, CUSTOMERS].into_iter());
            let mut history = History::of(system.clone());
            for (source, column, key, value) in changes {
                let table = if source { TICKETS } else { CUSTOMERS };
                if value < 0 {
                    history.delete(table, key);
                } else {
                    history.value(table, column, key, value);
                }
            }
            for record in history.records() {
                mirror.apply(record, None);
            }
            let found = Derivations { system: &system, mirror: &mirror };
            for derive in derives {
                let expected = naive(&found, CUSTOMERS, &derive);
                prop_assert_eq!(found.disagreements(CUSTOMERS, &derive), expected, "{:?}", derive);
            }
        }
    }
}
