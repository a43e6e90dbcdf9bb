//! Business operations as data: operations, their steps, and how rows are derived from rows.

use std::sync::Arc;

use super::{Columns, Expr, Name, RetryChange, ServiceId, StepId, System, TableId};
use crate::kernel::Zipf;

/// A business operation, declared once for all patterns.
#[derive(Clone, Debug)]
pub struct OperationSpec {
    /// Its name.
    pub name: Name,
    /// Its keys, by name, with the way in which each is chosen.
    pub keys: Vec<KeySpec>,
    /// Its steps. Clients call the service of the first one.
    pub steps: Vec<StepSpec>,
    /// True if its steps touch several databases in the scenario as written, before any technique:
    /// equal in every variant.
    pub spans_stores: bool,
    /// The keys in which its retry policy differs.
    pub retry: RetryChange,
}

impl OperationSpec {
    /// Returns whether it is local to one store: one service carries out all steps in one database,
    /// and a service that delegates a step to it has delegated the first one, too.
    pub fn is_local(&self, system: &System) -> bool {
        let place = |step: &StepSpec| (step.by, system.table(step.table).database);
        let first = self.steps.first();
        self.steps.iter().all(|step| {
            Some(place(step)) == first.map(place)
                && (step.asked_by.is_none() || step.asked_by == first.and_then(|it| it.asked_by))
        })
    }

    /// The steps that come before each step, as bits.
    fn ancestors(&self) -> Vec<u64> {
        let mut before = vec![0_u64; self.steps.len()];
        // Each round propagates one step further.
        for _ in &self.steps {
            for (at, step) in self.steps.iter().enumerate() {
                before[at] |=
                    step.after.iter().fold(0, |all, s| all | 1 << s.0 | before[s.index()]);
            }
        }
        before
    }

    /// The steps that come after the one with this name; none if there is no such step.
    pub fn behind(&self, name: &str) -> impl Iterator<Item = &StepSpec> {
        let at = self.steps.iter().position(|step| &*step.name.shown == name);
        let follows = move |set: &u64| at.is_some_and(|at| set & 1 << at != 0);
        let steps = self.steps.iter().zip(self.ancestors());
        steps.filter(move |(_, set)| follows(set)).map(|(step, _)| step)
    }

    /// Returns whether its steps form a chain: of any two, one comes before the other.
    pub fn is_chain(&self) -> bool {
        let before = self.ancestors();
        // In a chain the steps have 0, 1, 2, ... predecessors, all different.
        before.iter().fold(0_u128, |seen, set| seen | 1 << set.count_ones()).count_ones() as usize
            == self.steps.len()
    }

    /// Steps that come right after `step`.
    pub fn followers(&self, step: StepId) -> impl Iterator<Item = StepId> + '_ {
        (0..self.steps.len() as u8)
            .map(StepId)
            .filter(move |next| self.steps[next.index()].after.contains(&step))
    }
}

/// A key of an operation.
#[derive(Clone, Debug)]
pub struct KeySpec {
    /// The name by which steps refer to the key.
    pub name: Name,
    /// The way in which it is chosen.
    pub choice: KeyChoice,
}

/// The way in which the key of an operation is chosen.
#[derive(Clone, Debug)]
pub enum KeyChoice {
    /// A new key.
    New,
    /// The key of the same name of the operation that this one follows.
    Followed,
    /// An initial row of a table, uniformly chosen.
    Uniform(TableId),
    /// An initial row of a table; row `i` has weight `1 / (i + 1)^exponent`.
    Zipf(TableId, Arc<Zipf>),
}

/// One step: an effect on a row of one table, owned by one service.
#[derive(Clone, PartialEq, Debug)]
pub struct StepSpec {
    /// Its name within the operation.
    pub name: Name,
    /// The service that carries the step out.
    pub by: ServiceId,
    /// The consolidated service that carried it out before, whose work it still costs; none without
    /// a consolidation.
    pub part: Option<ServiceId>,
    /// The service that delegated the step to the owner of the table, if one did.
    pub asked_by: Option<ServiceId>,
    /// The table it changes.
    pub table: TableId,
    /// The key of the operation that names the row, as a position in [`OperationSpec::keys`].
    pub key: u8,
    /// The forward effect.
    pub effect: Effect,
    /// The effect that compensates it.
    pub undo: Effect,
    /// Steps that come before it. Empty for the first.
    pub after: Vec<StepId>,
    /// The rule that may refuse it.
    pub refuse: Option<Refuse>,
    /// The derivation from earlier rows, which is all that a synchronization job knows.
    pub derive: Option<Derive>,
    /// A row that is looked up first, through the access that the service has to it.
    pub lookup: Option<Lookup>,
}

/// A change of one row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Make the row with these columns; others get their initial value.
    Insert(Vec<(u8, ValueSpec)>),
    /// Overwrite these columns.
    Set(Vec<(u8, ValueSpec)>),
    /// Add to these columns.
    Add(Vec<(u8, i64)>),
    /// Read the row, compute these columns, and write them: two statements.
    Update(Vec<(u8, Expr)>, ReadFirst),
    /// Restore in these columns the values from before the step: its before-image.
    Restore(Vec<u8>),
    /// Remove the row.
    Delete,
    /// Read the row and change nothing, optionally with a lock until the transaction ends.
    Nothing(Option<RowLock>),
}

/// The lock of a step that changes nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RowLock {
    /// Others may read the row but not write it.
    Shared,
    /// Others may neither read nor write the row, except readers that take no lock.
    Exclusive,
}

/// The way in which an update reads the row that it writes later.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReadFirst {
    /// The last committed version, without a lock.
    Plain,
    /// The newest version, locked until the transaction ends.
    ForUpdate,
    /// The last committed version, without a lock; the write fails if the row has another by then.
    Version,
}

impl StepSpec {
    /// The columns on which the step relies: those that it writes, and those of its rule.
    pub fn forward_columns(&self) -> Columns {
        let guard = match self.refuse {
            Some(Refuse::Below { column, .. }) => Some(column),
            Some(Refuse::Probability(_)) | None => None,
        };
        self.effect.columns().into_iter().chain(self.effect.reads()).chain(guard).collect()
    }

    /// The columns on which the compensation relies.
    pub fn undo_columns(&self) -> Columns {
        self.undo.columns().into_iter().chain(self.undo.reads()).collect()
    }

    /// Returns whether the step has no compensation.
    pub fn is_lasting(&self) -> bool {
        self.undo == Effect::Set(Vec::new())
    }

    /// Returns whether both write the same column of the same table; an insert or delete counts as
    /// all columns.
    pub fn writes_where(&self, other: &Self) -> bool {
        let (mine, theirs) = (&self.effect, &other.effect);
        let both = || mine.columns().iter().any(|column| theirs.columns().contains(column));
        self.table == other.table && (mine.is_whole() || theirs.is_whole() || both())
    }

    /// Returns whether the order of the two matters if they are about the same row; it does not if
    /// both add.
    pub fn disturbs(&self, other: &Self) -> bool {
        let add = |step: &Self| matches!(step.effect, Effect::Add(_));
        self.writes_where(other) && !(add(self) && add(other))
    }
}

impl Effect {
    /// The columns that it writes; all for an insert or delete.
    pub fn columns(&self) -> Vec<u8> {
        match self {
            Self::Insert(cells) | Self::Set(cells) => cells.iter().map(|cell| cell.0).collect(),
            Self::Add(cells) => cells.iter().map(|cell| cell.0).collect(),
            Self::Update(cells, _) => cells.iter().map(|cell| cell.0).collect(),
            Self::Restore(columns) => columns.clone(),
            Self::Delete | Self::Nothing(_) => Vec::new(),
        }
    }

    /// The columns that it reads first.
    pub fn reads(&self) -> Vec<u8> {
        match self {
            Self::Update(cells, _) => cells.iter().flat_map(|cell| cell.1.columns()).collect(),
            _ => Vec::new(),
        }
    }

    /// Returns whether it changes nothing.
    pub const fn is_nothing(&self) -> bool {
        matches!(self, Self::Nothing(_))
    }

    /// Returns whether it inserts or deletes a row.
    pub const fn is_whole(&self) -> bool {
        matches!(self, Self::Insert(_) | Self::Delete)
    }
}

/// The source of a written value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ValueSpec {
    /// A number or a symbol.
    Literal(i64),
    /// A key of the operation, as a position in [`OperationSpec::keys`].
    Key(u8),
    /// The ordinal number of the operation, a value that no other operation writes.
    Ordinal,
}

/// A business rule that may refuse a step.
#[derive(Clone, PartialEq, Debug)]
pub enum Refuse {
    /// With this probability, drawn per operation, equal in every variant.
    Probability(f64),
    /// If the effect would bring the column below the bound, e.g. stock below zero.
    Below {
        /// The column of the step's row.
        column: u8,
        /// The least value it may have.
        bound: i64,
    },
}

/// The derivation of a step's row from existing rows.
#[derive(Clone, PartialEq, Debug)]
pub struct Derive {
    /// The table of the source rows.
    pub source: TableId,
    /// The values of the source rows that count.
    pub filter: Vec<(u8, i64)>,
    /// The rule of derivation.
    pub rule: DeriveRule,
}

/// The ways in which a row can be derived from others.
#[derive(Clone, PartialEq, Debug)]
pub enum DeriveRule {
    /// One row for each source row, with the same key, made by the step's insert.
    RowPer,
    /// This column is a copy of a column of the source row with the same key; with `values`,
    /// the source's value is translated (source value, value here), others are left alone.
    Copy {
        /// Column of the source.
        from: u8,
        /// Column here.
        to: u8,
        /// Translation; empty for an exact copy.
        values: Vec<(i64, i64)>,
    },
    /// This column counts the source rows whose column `by` holds this row's key.
    Count {
        /// Column of the source that names the row here.
        by: u8,
        /// Column here.
        to: u8,
    },
    /// This column is `base` plus `times` the sum of a column of those source rows.
    Sum {
        /// Column of the source that is summed.
        of: u8,
        /// Column of the source that names the row here.
        by: u8,
        /// Column here.
        to: u8,
        /// The factor of each unit, e.g. -1 for stock taken.
        times: i64,
    },
}

/// A read before a step's own work, of reference data or of what the step depends on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lookup {
    /// The table.
    pub table: TableId,
    /// The key of the operation that names the row.
    pub key: u8,
    /// The condition under which the step continues. Nothing is locked: the condition may be false
    /// again by the time the step acts.
    pub refuse: Option<Below>,
}

/// A lower bound of a column, below which a value is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Below {
    /// The column.
    pub column: u8,
    /// The least value that is allowed.
    pub bound: i64,
}
