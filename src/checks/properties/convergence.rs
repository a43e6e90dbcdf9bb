//! # convergence
//!
//! At the end everything that is derived agrees with its source: each row that `derive` asks for is
//! there, each copy is what it copies, each count and each sum is right.
//!
//! Judged by the values that the stores show, against the derivations that the operations declare.
//! Undecided if nothing is derived or no source ever changed.
//!
//! Vogels, *Eventually Consistent* (2009).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Case, Ended, Finding, Property, When};
use crate::checks::invariants::rows::Mirror;
use crate::model::record::{Event, Kind, OpId, Record};
use crate::model::system::{Derive, DeriveRule, RowKey, System, TableId};

/// The check that derived rows agree with their source.
pub struct Convergence {
    case: Case,
    system: Arc<System>,
    /// Each derivation once, with the table that it derives.
    rules: Vec<(TableId, Derive)>,
    mirror: Mirror,
    /// Which operation touched a row last.
    touched: BTreeMap<(TableId, RowKey), OpId>,
    changed: bool,
}

impl Property for Convergence {
    const NAME: &'static str = "convergence";
    const SUMMARY: &'static str = "derived rows, copies, counts and sums agree with their sources";
    const MANUAL: &'static str = include_str!("convergence.rs");
    const WHEN: When = When::AtTheEnd;
    const SEES: &'static [Kind] = &[Kind::Value, Kind::RowDeleted, Kind::Touches];

    fn new(system: &Arc<System>) -> Self {
        let mut rules: Vec<(TableId, Derive)> = Vec::new();
        for step in system.steps() {
            if let Some(derive) = &step.derive
                && !rules.iter().any(|(table, known)| *table == step.table && known == derive)
            {
                rules.push((step.table, derive.clone()));
            }
        }
        let tables = rules.iter().flat_map(|(table, derive)| [*table, derive.source]);
        Self {
            case: Case::default(),
            mirror: Mirror::new(system, tables),
            system: Arc::clone(system),
            rules,
            touched: BTreeMap::new(),
            changed: false,
        }
    }

    fn see(&mut self, record: &Record) {
        if let Event::Touches { table, row } = record.event {
            self.touched.insert((table, row), record.op);
        } else {
            self.changed |= self.mirror.write(record);
        }
    }

    fn finish(mut self, end: &Ended) -> Finding {
        if self.rules.is_empty() {
            return self.case.conclude(Self::NAME, "nothing is derived");
        }
        if self.changed {
            self.case.chance();
        }
        for (target, derive) in std::mem::take(&mut self.rules) {
            for (key, column) in self.disagreements(target, &derive) {
                let op = self.touched.get(&(target, RowKey(key))).copied().unwrap_or(OpId::NONE);
                let spec = self.system.table(target);
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

impl Convergence {
    /// The rows that disagree, each with the column; none if the row is missing.
    fn disagreements(&self, target: TableId, derive: &Derive) -> Vec<(u64, Option<u8>)> {
        let admits =
            |row: &[i64]| derive.filter.iter().all(|(at, is)| row[usize::from(*at)] == *is);
        let sources = || self.mirror.rows(derive.source).filter(|(_, row)| admits(row));
        match &derive.rule {
            DeriveRule::RowPer => sources()
                .filter(|(key, _)| self.mirror.row(target, *key).is_none())
                .map(|(key, _)| (key, None))
                .collect(),
            DeriveRule::Copy { from, to, values } => sources()
                .filter_map(|(key, row)| {
                    let there = self.mirror.row(target, key)?;
                    let value = row[usize::from(*from)];
                    let known = values.iter().find(|(source, _)| *source == value);
                    let here = known.map(|(_, here)| *here).or(values.is_empty().then_some(value));
                    (here? != there[usize::from(*to)]).then_some((key, Some(*to)))
                })
                .collect(),
            DeriveRule::Count { by, to } => {
                let counted = sources().map(|(_, row)| (row[usize::from(*by)] as u64, 1));
                self.wrong_totals(target, *to, counted, 0)
            }
            DeriveRule::Sum { of, by, to, times } => {
                let base = self.system.table(target).columns[usize::from(*to)].initial;
                let summed = sources()
                    .map(|(_, row)| (row[usize::from(*by)] as u64, times * row[usize::from(*of)]));
                self.wrong_totals(target, *to, summed, base)
            }
        }
    }

    /// The rows whose column is not `base` and everything that was added up for them.
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
        let right = |key: &u64| base + totals.get(key).copied().unwrap_or(0);
        let rows = self.mirror.rows(target);
        rows.filter(|(key, row)| row[usize::from(to)] != right(key))
            .map(|(key, _)| (key, Some(to)))
            .collect()
    }
}
