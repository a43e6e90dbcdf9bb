//! The four incremental forms of an invariant. Each change of a row costs a few look-ups, however
//! large the tables are.

use std::collections::BTreeMap;
use std::fmt::Debug;

use super::rows::{Change, Row};
use crate::model::system::{ColumnRef, InvariantRule, TableId};

/// A rule that is kept up to date, change by change.
pub trait Rule: Debug {
    /// A row changed.
    fn change(&mut self, change: &Change);
    /// All initial rows are in place: from here on changes count as such.
    fn begin(&mut self);
    /// For how many entities the rule is false now.
    fn violated(&self) -> u64;
    /// Returns whether anything that it speaks of changed since it began.
    fn touched(&self) -> bool;
}

/// The rule as something to be kept up to date.
pub fn build(rule: &InvariantRule) -> Box<dyn Rule> {
    match rule {
        InvariantRule::CountEqual { column, of, by, filter } => Box::new(CountEqual {
            column: *column,
            counted: Selection { table: *of, by: Some(*by), filter: filter.clone() },
            entities: BTreeMap::new(),
            violated: 0,
            touched: false,
        }),
        InvariantRule::SumConstant(columns) => {
            Box::new(SumConstant { columns: columns.clone(), initial: 0, sum: 0, touched: false })
        }
        InvariantRule::References { table, by, filter, to, to_filter } => Box::new(References {
            from: Selection { table: *table, by: *by, filter: filter.clone() },
            to: Selection { table: *to, by: None, filter: to_filter.clone() },
            targets: BTreeMap::new(),
            violated: 0,
            touched: false,
        }),
        InvariantRule::Bound { column, least, most } => Box::new(Bound {
            column: *column,
            least: least.unwrap_or(i64::MIN),
            most: most.unwrap_or(i64::MAX),
            violated: 0,
            touched: false,
        }),
    }
}

/// The tables that a rule speaks of.
pub fn tables(rule: &InvariantRule) -> Vec<TableId> {
    match rule {
        InvariantRule::CountEqual { column, of, .. } => vec![column.table, *of],
        InvariantRule::SumConstant(columns) => columns.iter().map(|column| column.table).collect(),
        InvariantRule::References { table, to, .. } => vec![*table, *to],
        InvariantRule::Bound { column, .. } => vec![column.table],
    }
}

/// Rows of a table that pass a filter, and the key that each of them names.
#[derive(Debug)]
struct Selection {
    table: TableId,
    by: Option<u8>,
    filter: Vec<(u8, i64)>,
}

impl Selection {
    /// The keys that a changed row named before and names now.
    fn keys(&self, change: &Change) -> (Option<u64>, Option<u64>) {
        if change.table != self.table {
            return (None, None);
        }
        let key = |row: Row| {
            let passes =
                self.filter.iter().all(|(column, value)| row[usize::from(*column)] == *value);
            passes.then(|| self.by.map_or(change.key, |by| row[usize::from(by)] as u64))
        };
        (change.old.and_then(key), change.new.and_then(key))
    }
}

/// The values of a column before and after a change.
fn cells(column: ColumnRef, change: &Change) -> (Option<i64>, Option<i64>) {
    if change.table != column.table {
        return (None, None);
    }
    let cell = |row: Row| row[usize::from(column.column)];
    (change.old.map(cell), change.new.map(cell))
}

/// A column counts rows of another table.
#[derive(Debug)]
struct CountEqual {
    column: ColumnRef,
    counted: Selection,
    entities: BTreeMap<u64, Counter>,
    violated: u64,
    touched: bool,
}

/// A row that counts: what it says, if it exists, and what is true.
#[derive(Clone, Copy, Debug, Default)]
struct Counter {
    says: Option<i64>,
    truth: i64,
}

impl CountEqual {
    fn update(&mut self, key: u64, update: impl FnOnce(&mut Counter)) {
        let counter = self.entities.entry(key).or_default();
        let wrong = |counter: &Counter| u64::from(counter.says.is_some_and(|n| n != counter.truth));
        let before = wrong(counter);
        update(counter);
        self.violated = self.violated + wrong(counter) - before;
        self.touched = true;
    }
}

impl Rule for CountEqual {
    fn change(&mut self, change: &Change) {
        let (old, new) = self.counted.keys(change);
        if old != new {
            for (key, step) in [(old, -1), (new, 1)] {
                if let Some(key) = key {
                    self.update(key, |counter| counter.truth += step);
                }
            }
        }
        let (old, new) = cells(self.column, change);
        if old != new {
            self.update(change.key, |counter| counter.says = new);
        }
    }

    fn begin(&mut self) {
        self.touched = false;
    }

    fn violated(&self) -> u64 {
        self.violated
    }

    fn touched(&self) -> bool {
        self.touched
    }
}

/// Some columns keep their sum; the one entity is the sum.
#[derive(Debug)]
struct SumConstant {
    columns: Vec<ColumnRef>,
    initial: i128,
    sum: i128,
    touched: bool,
}

impl Rule for SumConstant {
    fn change(&mut self, change: &Change) {
        for column in &self.columns {
            let (old, new) = cells(*column, change);
            if old != new {
                self.sum += i128::from(new.unwrap_or(0)) - i128::from(old.unwrap_or(0));
                self.touched = true;
            }
        }
    }

    fn begin(&mut self) {
        self.initial = self.sum;
        self.touched = false;
    }

    fn violated(&self) -> u64 {
        u64::from(self.sum != self.initial)
    }

    fn touched(&self) -> bool {
        self.touched
    }
}

/// Rows name rows that must exist.
#[derive(Debug)]
struct References {
    from: Selection,
    to: Selection,
    targets: BTreeMap<u64, Target>,
    violated: u64,
    touched: bool,
}

/// A row that is named: whether it is there, and by how many.
#[derive(Clone, Copy, Debug, Default)]
struct Target {
    exists: bool,
    named_by: u64,
}

impl References {
    fn update(&mut self, key: u64, update: impl FnOnce(&mut Target)) {
        let target = self.targets.entry(key).or_default();
        let dangling = |target: &Target| if target.exists { 0 } else { target.named_by };
        let (before, named_before) = (dangling(target), target.named_by);
        update(target);
        self.violated = self.violated + dangling(target) - before;
        self.touched |= target.named_by > 0 || named_before > 0;
    }
}

impl Rule for References {
    fn change(&mut self, change: &Change) {
        let (old, new) = self.from.keys(change);
        if old != new {
            if let Some(key) = old {
                self.update(key, |target| target.named_by -= 1);
            }
            if let Some(key) = new {
                self.update(key, |target| target.named_by += 1);
            }
        }
        let (old, new) = self.to.keys(change);
        if old != new {
            self.update(change.key, |target| target.exists = new.is_some());
        }
    }

    fn begin(&mut self) {
        self.touched = false;
    }

    fn violated(&self) -> u64 {
        self.violated
    }

    fn touched(&self) -> bool {
        self.touched
    }
}

/// A column stays within bounds.
#[derive(Debug)]
struct Bound {
    column: ColumnRef,
    least: i64,
    most: i64,
    violated: u64,
    touched: bool,
}

impl Rule for Bound {
    fn change(&mut self, change: &Change) {
        let (old, new) = cells(self.column, change);
        if old != new {
            let wrong = |value: Option<i64>| {
                u64::from(value.is_some_and(|value| value < self.least || value > self.most))
            };
            self.violated = self.violated + wrong(new) - wrong(old);
            self.touched = true;
        }
    }

    fn begin(&mut self) {
        self.touched = false;
    }

    fn violated(&self) -> u64 {
        self.violated
    }

    fn touched(&self) -> bool {
        self.touched
    }
}
