//! The incremental forms of invariants. Each change of a row costs a few look-ups, however large
//! the tables are, and rows that never change take no memory: initial rows are equal, so the state
//! of a rule for one holds for all.

use std::collections::BTreeMap;
use std::fmt::Debug;

use super::rows::{Change, initial_cells};
use crate::checks::by_row::ByRow;
use crate::model::system::{ColumnRef, InvariantRule, OperationKind, RowKey, System, TableId};

/// An incrementally maintained rule.
pub trait Rule: Debug {
    /// Applies a change of a row.
    fn change(&mut self, change: &Change<'_>);
    /// The entities for which the rule is false now.
    fn violations(&self) -> &Violations;
    /// Returns whether anything that it refers to has changed.
    fn touched(&self) -> bool;
}

/// The entities for which a rule is false. Each counts for the operation whose change made it
/// false, until the rule is true for it again.
#[derive(Debug, Default)]
pub struct Violations {
    /// The number of entities.
    pub count: u64,
    /// The numbers by kind of operation that made the rule false.
    pub by_kind: BTreeMap<OperationKind, u64>,
    /// The kind of operation that made the rule false, by key.
    made_by: BTreeMap<u64, Option<OperationKind>>,
}

impl Violations {
    /// The violations from the start: `count` entities, of no operation.
    fn initial(count: u64) -> Self {
        Self { count, ..Self::default() }
    }

    /// Changes the number of violated entities of a key from `before` to `after`, by an operation
    /// of this kind.
    fn change(&mut self, key: u64, before: u64, after: u64, by: Option<OperationKind>) {
        if before == after {
            return;
        }
        self.count = self.count + after - before;
        let by = match (before, after) {
            (0, _) => {
                self.made_by.insert(key, by);
                by
            }
            (_, 0) => self.made_by.remove(&key).flatten(),
            _ => self.made_by.get(&key).copied().flatten(),
        };
        if let Some(by) = by {
            let count = self.by_kind.entry(by).or_default();
            *count = *count + after - before;
        }
    }
}

/// The rule in incremental form, over the initial rows of the system.
pub fn build(rule: &InvariantRule, system: &System) -> Box<dyn Rule> {
    match rule {
        InvariantRule::CountEqual { column, of, by, filter } => {
            let counted = Selection { table: *of, by: Some(*by), filter: filter.clone() };
            Box::new(CountEqual::new(*column, counted, system))
        }
        InvariantRule::SumConstant(columns) => Box::new(SumConstant {
            columns: columns.clone(),
            moved: 0,
            violations: Violations::default(),
            touched: false,
        }),
        InvariantRule::References { table, by, filter, to, to_filter } => {
            let from = Selection { table: *table, by: *by, filter: filter.clone() };
            let to = Selection { table: *to, by: None, filter: to_filter.clone() };
            Box::new(References::new(from, to, system))
        }
        InvariantRule::Equal { column, by, to } => Box::new(Equal::new(*column, *by, *to, system)),
        InvariantRule::Bound { column, least, most } => {
            let least = least.unwrap_or(i64::MIN);
            let most = most.unwrap_or(i64::MAX);
            let (rows, initial) = initial_column(*column, system);
            let violated = if (least..=most).contains(&initial) { 0 } else { rows };
            let violations = Violations::initial(violated);
            Box::new(Bound { column: *column, least, most, violations, touched: false })
        }
    }
}

/// The number of initial rows of a column's table, and their value in the column.
fn initial_column(ColumnRef { table, column }: ColumnRef, system: &System) -> (u64, i64) {
    let table = system.table(table);
    (table.rows, table.columns[usize::from(column)].initial)
}

/// The tables that a rule refers to.
pub fn tables(rule: &InvariantRule) -> Vec<TableId> {
    match rule {
        InvariantRule::CountEqual { column, of, .. } => vec![column.table, *of],
        InvariantRule::SumConstant(columns) => columns.iter().map(|column| column.table).collect(),
        InvariantRule::References { table, to, .. } => vec![*table, *to],
        InvariantRule::Equal { column, to, .. } => vec![column.table, to.table],
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
    fn admits(&self, row: &[i64]) -> bool {
        self.filter.iter().all(|(column, value)| row[usize::from(*column)] == *value)
    }

    /// The number of initial rows of its table that pass the filter (all or none), and the key that
    /// all of them name; none if each names its own.
    fn initial(&self, system: &System) -> (u64, Option<u64>) {
        let table = system.table(self.table);
        let row = initial_cells(table);
        let count = if self.admits(&row) { table.rows } else { 0 };
        (count, self.by.map(|by| row[usize::from(by)] as u64))
    }

    /// The keys that a changed row named before and names now.
    fn keys(&self, change: &Change<'_>) -> (Option<u64>, Option<u64>) {
        if change.table != self.table {
            return (None, None);
        }
        let key = |row: &[i64]| {
            self.admits(row).then(|| self.by.map_or(change.key, |by| row[usize::from(by)] as u64))
        };
        (change.old.and_then(key), change.new.and_then(key))
    }
}

/// The values of a column before and after a change.
fn cells(column: ColumnRef, change: &Change<'_>) -> (Option<i64>, Option<i64>) {
    if change.table != column.table {
        return (None, None);
    }
    let cell = |row: &[i64]| row[usize::from(column.column)];
    (change.old.map(cell), change.new.map(cell))
}

/// The rule that a column counts rows of another table.
#[derive(Debug)]
struct CountEqual {
    column: ColumnRef,
    counted: Selection,
    /// The number of initial rows that count, and their value in the counting column.
    initial: (u64, i64),
    /// The rows that may differ from an initial row for which no row is counted.
    entities: BTreeMap<u64, Counter>,
    violations: Violations,
    touched: bool,
}

/// A counting row: its value, if it exists, and the true count.
#[derive(Clone, Copy, Debug)]
struct Counter {
    says: Option<i64>,
    truth: i64,
}

impl CountEqual {
    fn new(column: ColumnRef, counted: Selection, system: &System) -> Self {
        let (rows, says) = initial_column(column, system);
        let (count, named) = counted.initial(system);
        let violations = Violations::initial(if says == 0 { 0 } else { rows });
        let (initial, entities) = ((rows, says), BTreeMap::new());
        let mut rule = Self { column, counted, initial, entities, violations, touched: false };
        if let Some(named) = named.filter(|_| count > 0) {
            rule.update(named, None, |counter| counter.truth += count as i64);
        }
        rule.touched = false;
        rule
    }

    fn update(&mut self, key: u64, by: Option<OperationKind>, update: impl FnOnce(&mut Counter)) {
        let (rows, says) = self.initial;
        let fresh = Counter { says: (key < rows).then_some(says), truth: 0 };
        let counter = self.entities.entry(key).or_insert(fresh);
        let wrong = |counter: &Counter| u64::from(counter.says.is_some_and(|n| n != counter.truth));
        let before = wrong(counter);
        update(counter);
        self.violations.change(key, before, wrong(counter), by);
        self.touched = true;
    }
}

impl Rule for CountEqual {
    fn change(&mut self, change: &Change<'_>) {
        let (old, new) = self.counted.keys(change);
        if old != new {
            for (key, step) in [(old, -1), (new, 1)] {
                if let Some(key) = key {
                    self.update(key, change.by, |counter| counter.truth += step);
                }
            }
        }
        let (old, new) = cells(self.column, change);
        if old != new {
            self.update(change.key, change.by, |counter| counter.says = new);
        }
    }

    fn violations(&self) -> &Violations {
        &self.violations
    }

    fn touched(&self) -> bool {
        self.touched
    }
}

/// The rule that some columns keep their sum; its one entity is the sum.
#[derive(Debug)]
struct SumConstant {
    columns: Vec<ColumnRef>,
    /// The difference between the sum and the initial one.
    moved: i128,
    violations: Violations,
    touched: bool,
}

impl Rule for SumConstant {
    fn change(&mut self, change: &Change<'_>) {
        for column in &self.columns {
            let (old, new) = cells(*column, change);
            if old != new {
                let before = u64::from(self.moved != 0);
                self.moved += i128::from(new.unwrap_or(0)) - i128::from(old.unwrap_or(0));
                self.violations.change(0, before, u64::from(self.moved != 0), change.by);
                self.touched = true;
            }
        }
    }

    fn violations(&self) -> &Violations {
        &self.violations
    }

    fn touched(&self) -> bool {
        self.touched
    }
}

/// The rule that rows refer to existing rows.
#[derive(Debug)]
struct References {
    from: Selection,
    to: Selection,
    /// The number of initial rows that exist as targets, and of those that refer to their own key.
    initial: (u64, u64),
    /// The targets that may differ from initial ones.
    targets: ByRow<Option<Target>>,
    violations: Violations,
    touched: bool,
}

/// A row that is referred to: whether it exists, and the number of rows that refer to it.
#[derive(Clone, Copy, Debug)]
struct Target {
    exists: bool,
    named_by: u64,
}

impl References {
    fn new(from: Selection, to: Selection, system: &System) -> Self {
        let (exist, _) = to.initial(system);
        let (count, named) = from.initial(system);
        let naming = if named.is_none() { count } else { 0 };
        let violations = Violations::initial(naming.saturating_sub(exist));
        let (initial, targets) = ((exist, naming), ByRow::default());
        let mut rule = Self { from, to, initial, targets, violations, touched: false };
        if let Some(named) = named.filter(|_| count > 0) {
            rule.update(named, None, |target| target.named_by += count);
        }
        rule.touched = false;
        rule
    }

    fn update(&mut self, key: u64, by: Option<OperationKind>, update: impl FnOnce(&mut Target)) {
        let (exist, naming) = self.initial;
        let fresh = Target { exists: key < exist, named_by: u64::from(key < naming) };
        let target = self.targets.get_mut(RowKey(key)).get_or_insert(fresh);
        let dangling = |target: &Target| if target.exists { 0 } else { target.named_by };
        let (before, named_before) = (dangling(target), target.named_by);
        update(target);
        self.violations.change(key, before, dangling(target), by);
        self.touched |= target.named_by > 0 || named_before > 0;
    }
}

impl Rule for References {
    fn change(&mut self, change: &Change<'_>) {
        let (old, new) = self.from.keys(change);
        if old != new {
            if let Some(key) = old {
                self.update(key, change.by, |target| target.named_by -= 1);
            }
            if let Some(key) = new {
                self.update(key, change.by, |target| target.named_by += 1);
            }
        }
        let (old, new) = self.to.keys(change);
        if old != new {
            self.update(change.key, change.by, |target| target.exists = new.is_some());
        }
    }

    fn violations(&self) -> &Violations {
        &self.violations
    }

    fn touched(&self) -> bool {
        self.touched
    }
}

/// The rule that a column equals one of another row.
#[derive(Debug)]
struct Equal {
    column: ColumnRef,
    by: Option<u8>,
    to: ColumnRef,
    /// The number of initial rows of either table, and their values.
    initial: [(u64, i64); 2],
    /// The key that all initial rows refer to, unless each refers to its own.
    named: Option<u64>,
    /// The rows that refer to each key, and the value there; only keys that may differ from initial
    /// rows of which each refers to its own key.
    keys: BTreeMap<u64, Named>,
    violations: Violations,
    touched: bool,
}

/// The values that rows hold for one key, and the value that they should hold.
#[derive(Clone, Debug, Default)]
struct Named {
    /// The number of rows that refer to it, by the value that they hold.
    says: BTreeMap<i64, u64>,
    /// The value in the row of that key, if there is one.
    truth: Option<i64>,
}

impl Named {
    fn wrong(&self) -> u64 {
        let Some(truth) = self.truth else { return 0 };
        self.says.iter().filter(|(says, _)| **says != truth).map(|(_, count)| count).sum()
    }

    fn say(&mut self, value: i64, more: bool) {
        let count = self.says.entry(value).or_default();
        *count = if more { *count + 1 } else { *count - 1 };
        if *count == 0 {
            self.says.remove(&value);
        }
    }
}

impl Equal {
    fn new(column: ColumnRef, by: Option<u8>, to: ColumnRef, system: &System) -> Self {
        let initial @ [(rows, says), (others, truth)] =
            [column, to].map(|column| initial_column(column, system));
        let cells = initial_cells(system.table(column.table));
        let named = by.map(|by| cells[usize::from(by)] as u64);
        let (keys, violations) = (BTreeMap::new(), Violations::default());
        let mut rule = Self { column, by, to, initial, named, keys, violations, touched: false };
        match named.filter(|_| rows > 0) {
            Some(named) => rule.update(named, None, |found| {
                found.says.insert(says, rows);
            }),
            None if by.is_none() && says != truth => {
                rule.violations = Violations::initial(rows.min(others));
            }
            None => {}
        }
        rule.touched = false;
        rule
    }

    fn update(&mut self, key: u64, by: Option<OperationKind>, update: impl FnOnce(&mut Named)) {
        let [(rows, says), (others, truth)] = self.initial;
        let own = self.named.is_none() && self.by.is_none() && key < rows;
        let fresh = || Named {
            says: own.then_some((says, 1)).into_iter().collect(),
            truth: (key < others).then_some(truth),
        };
        let named = self.keys.entry(key).or_insert_with(fresh);
        let before = named.wrong();
        update(named);
        self.violations.change(key, before, named.wrong(), by);
        self.touched = true;
    }
}

impl Rule for Equal {
    fn change(&mut self, change: &Change<'_>) {
        if change.table == self.column.table {
            let at = usize::from(self.column.column);
            let by = self.by.map(usize::from);
            let cell = |row: &[i64]| (by.map_or(change.key, |by| row[by] as u64), row[at]);
            let (old, new) = (change.old.map(cell), change.new.map(cell));
            if old != new {
                for (cell, more) in [(old, false), (new, true)] {
                    if let Some((key, value)) = cell {
                        self.update(key, change.by, |named| named.say(value, more));
                    }
                }
            }
        }
        let (old, new) = cells(self.to, change);
        if old != new {
            self.update(change.key, change.by, |named| named.truth = new);
        }
    }

    fn violations(&self) -> &Violations {
        &self.violations
    }

    fn touched(&self) -> bool {
        self.touched
    }
}

/// The rule that a column stays within bounds.
#[derive(Debug)]
struct Bound {
    column: ColumnRef,
    least: i64,
    most: i64,
    violations: Violations,
    touched: bool,
}

impl Rule for Bound {
    fn change(&mut self, change: &Change<'_>) {
        let (old, new) = cells(self.column, change);
        if old != new {
            let wrong = |value: Option<i64>| {
                u64::from(value.is_some_and(|value| value < self.least || value > self.most))
            };
            self.violations.change(change.key, wrong(old), wrong(new), change.by);
            self.touched = true;
        }
    }

    fn violations(&self) -> &Violations {
        &self.violations
    }

    fn touched(&self) -> bool {
        self.touched
    }
}
