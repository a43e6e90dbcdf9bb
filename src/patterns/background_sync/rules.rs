//! The derivation rules that the job applies: which rows are derived from which.

use crate::model::database::{Aggregate, Derived, EXISTENCE, Group, RowVersion, Version};
use crate::model::system::{
    ColumnRef, Columns, Derive, DeriveRule, Effect, OperationSpec, RowKey, StepSpec, System,
    TableId, ValueSpec,
};
use crate::patterns::share::Share;

/// A derivation, independent of the operations that declare it.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Rule {
    pub source: TableId,
    pub target: TableId,
    filter: Vec<(u8, i64)>,
    pub form: Form,
}

/// The way in which the target is derived from the source.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Form {
    /// One row for each source row, with these columns.
    RowPer(Vec<(u8, From)>),
    Copy {
        from: u8,
        to: u8,
        values: Vec<(i64, i64)>,
    },
    Count {
        by: u8,
        to: u8,
    },
    Sum {
        of: u8,
        by: u8,
        to: u8,
        base: i64,
        times: i64,
    },
}

/// The origin of a column of a derived row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum From {
    Literal(i64),
    Key,
    Source(u8),
}

/// The rows from which a target row is derived.
#[derive(Clone)]
pub(super) enum Source {
    /// The row with the same key.
    Row(RowVersion),
    /// The rows that are summed.
    Group(Group),
}

impl Source {
    /// The rows, deleted ones included.
    pub fn rows(&self) -> Vec<RowVersion> {
        match self {
            Self::Row(row) => vec![row.clone()],
            Self::Group(group) => group.rows().collect(),
        }
    }
}

/// The result of comparing a target row with what its source rows derive.
#[derive(Clone, Debug, Default)]
pub(super) enum Compared {
    /// Nothing is derived for the row.
    #[default]
    Silent,
    /// A value is derived for a row that does not exist: the operation that makes it may be late.
    Absent,
    /// These cells hold other values.
    Wrong(Vec<(u8, Derived)>),
    /// This cell holds the derived value.
    Right(u8, Derived),
}

/// The rules of these operations of a system, each once, in the order of operations and steps.
pub(super) fn of(system: &System, share: &Share) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    for operation in share.of(system) {
        for step in &operation.steps {
            let Some(derive) = &step.derive else { continue };
            let rule = Rule {
                source: derive.source,
                target: step.table,
                filter: derive.filter.clone(),
                form: form(system, operation, step, derive),
            };
            if !rules.contains(&rule) {
                rules.push(rule);
            }
        }
    }
    rules
}

fn form(system: &System, operation: &OperationSpec, step: &StepSpec, derive: &Derive) -> Form {
    match &derive.rule {
        DeriveRule::RowPer => Form::RowPer(columns(operation, step, derive.source)),
        DeriveRule::Copy { from, to, values } => {
            Form::Copy { from: *from, to: *to, values: values.clone() }
        }
        DeriveRule::Count { by, to } => Form::Count { by: *by, to: *to },
        DeriveRule::Sum { of, by, to, times } => {
            let base = system.table(step.table).columns[usize::from(*to)].initial;
            Form::Sum { of: *of, by: *by, to: *to, base, times: *times }
        }
    }
}

/// The columns of a derived row: what the step would insert, as far as the source row shows it.
fn columns(operation: &OperationSpec, step: &StepSpec, source: TableId) -> Vec<(u8, From)> {
    let Effect::Insert(columns) = &step.effect else { return Vec::new() };
    let shown = operation.steps.iter().filter(|other| other.table == source);
    let seen: Vec<(u8, ValueSpec)> = shown
        .flat_map(|other| match &other.effect {
            Effect::Insert(columns) | Effect::Set(columns) => columns.clone(),
            _ => Vec::new(),
        })
        .collect();
    let origin = |value: ValueSpec| match value {
        ValueSpec::Literal(number) => From::Literal(number),
        ValueSpec::Key(key) if key == step.key => From::Key,
        ValueSpec::Key(_) | ValueSpec::Ordinal => {
            let found = seen.iter().find(|(_, other)| *other == value);
            found.map_or(From::Literal(0), |(column, _)| From::Source(*column))
        }
    };
    columns.iter().map(|(column, value)| (*column, origin(*value))).collect()
}

impl Rule {
    /// Returns whether a source row passes the filter of the rule.
    pub fn admits(&self, row: &RowVersion) -> bool {
        row.exists() && self.filter.iter().all(|(column, value)| row.value(*column) == *value)
    }

    /// The target row that a source row affects.
    pub fn target_key(&self, row: &RowVersion) -> RowKey {
        match &self.form {
            Form::RowPer(_) | Form::Copy { .. } => row.key(),
            Form::Count { by, .. } | Form::Sum { by, .. } => RowKey(row.value(*by) as u64),
        }
    }

    /// The columns of the source that the rule reads, for values and for its filter.
    pub fn source_columns(&self) -> Columns {
        let read = match &self.form {
            Form::RowPer(columns) => {
                let shown = columns.iter().filter_map(|(_, from)| match from {
                    From::Source(column) => Some(*column),
                    From::Literal(_) | From::Key => None,
                });
                shown.collect()
            }
            Form::Copy { from, .. } => Columns::from(Some(*from)),
            Form::Count { by, .. } => Columns::from(Some(*by)),
            Form::Sum { of, by, .. } => [*of, *by].into_iter().collect(),
        };
        read.union(self.filter.iter().map(|(column, _)| *column).collect())
    }

    /// The columns of the target that the rule compares and writes.
    pub fn target_columns(&self) -> Columns {
        match &self.form {
            Form::RowPer(columns) => columns.iter().map(|(column, _)| *column).collect(),
            Form::Copy { to, .. } | Form::Count { to, .. } | Form::Sum { to, .. } => {
                Columns::from(Some(*to))
            }
        }
    }

    /// The aggregation of source rows, if the rule sums them.
    pub fn aggregate(&self) -> Option<Aggregate> {
        let (by, of, to) = match self.form {
            Form::Count { by, to } => (by, None, to),
            Form::Sum { of, by, to, .. } => (by, Some(of), to),
            Form::RowPer(_) | Form::Copy { .. } => return None,
        };
        let into = ColumnRef { table: self.target, column: to };
        Some(Aggregate { by, of, filter: self.filter.clone(), into })
    }

    /// Compares the target row with what the source rows derive, or returns [`Compared::Silent`] if
    /// they derive nothing.
    pub fn compare(&self, source: &Source, target: &RowVersion, delete: bool) -> Compared {
        let found = match (&self.form, source) {
            (Form::RowPer(columns), Source::Row(row)) => {
                return self.row_per(columns, row, target, delete);
            }
            (Form::Copy { from, to, values }, Source::Row(row)) => {
                let version = row.column(*from);
                let known = values.iter().find(|(source, _)| *source == version.value);
                let translated = match known {
                    Some((_, here)) => Some(*here),
                    None => values.is_empty().then_some(version.value),
                };
                let there = translated.filter(|_| row.exists());
                there.map(|value| (*to, Version::computed(value, [&version].into_iter())))
            }
            (_, Source::Group(group)) => {
                self.sum(source).map(|(to, value)| (to, group.derive(value)))
            }
            _ => None,
        };
        match found {
            None => Compared::Silent,
            Some(_) if !target.exists() => Compared::Absent,
            Some((column, derived)) if target.value(column) == derived.value() => {
                Compared::Right(column, derived)
            }
            Some(cell) => Compared::Wrong(vec![cell]),
        }
    }

    /// The cell that holds the sum of the source rows, and the value that it should hold.
    pub fn sum(&self, source: &Source) -> Option<(u8, i64)> {
        let Source::Group(group) = source else { return None };
        match self.form {
            Form::Count { to, .. } => Some((to, group.count())),
            Form::Sum { to, base, times, .. } => Some((to, base + times * group.sum())),
            Form::RowPer(_) | Form::Copy { .. } => None,
        }
    }

    /// Returns whether a source row may derive nothing. A row that was made to pass the filter
    /// passes it until its cells change.
    pub fn may_be_silent(&self, system: &System) -> bool {
        let changes = |step: &StepSpec| {
            step.table == self.source
                && matches!(step.effect, Effect::Set(_) | Effect::Update(..) | Effect::Delete)
        };
        match &self.form {
            Form::RowPer(_) => !self.filter.is_empty() && system.steps().any(changes),
            Form::Copy { values, .. } => !values.is_empty(),
            Form::Count { .. } | Form::Sum { .. } => false,
        }
    }

    /// Returns whether the rule depends on target rows that other operations make.
    pub fn may_be_early(&self, system: &System) -> bool {
        !matches!(self.form, Form::RowPer(_)) && system.table(self.target).rows == 0
    }

    /// The cells of a source row that decide what it derives: one of them was written by the step
    /// that a refused correction would have carried on.
    pub fn causes(&self) -> Vec<u8> {
        let filter = self.filter.iter().map(|(column, _)| *column);
        match self.form {
            Form::Copy { from, .. } => vec![from],
            Form::Sum { of, .. } => filter.chain([of, EXISTENCE]).collect(),
            Form::RowPer(_) | Form::Count { .. } => filter.chain([EXISTENCE]).collect(),
        }
    }

    fn row_per(
        &self,
        columns: &[(u8, From)],
        row: &RowVersion,
        target: &RowVersion,
        delete: bool,
    ) -> Compared {
        let existence = row.existence();
        if !row.exists() {
            return match (target.exists(), delete) {
                (false, _) => Compared::Right(EXISTENCE, existence.copied()),
                (true, true) => Compared::Wrong(vec![(EXISTENCE, existence.copied())]),
                (true, false) => Compared::Silent,
            };
        }
        if !self.admits(row) {
            return Compared::Silent;
        }
        let filtered: Vec<Version> =
            self.filter.iter().map(|(column, _)| row.column(*column)).collect();
        let read = || filtered.iter().chain([&existence]);
        let made = (EXISTENCE, Version::computed(1, read()));
        if target.exists() {
            return Compared::Right(made.0, made.1);
        }
        let cell = |from: From| match from {
            From::Literal(value) => Version::computed(value, read()),
            From::Key => Version::computed(row.key().0 as i64, read()),
            From::Source(column) => row.column(column).copied(),
        };
        let cells = columns.iter().map(|(column, from)| (*column, cell(*from)));
        Compared::Wrong(cells.chain([made]).collect())
    }
}
