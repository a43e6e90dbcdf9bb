//! The business operations as data: operations, their steps, and how rows follow from rows.

use std::sync::Arc;

use super::{Columns, Expr, Name, RetryChange, ServiceId, StepId, System, TableId};
use crate::kernel::Zipf;

/// A business operation, said once, independent of any pattern.
#[derive(Clone, Debug)]
pub struct OperationSpec {
    /// Its name.
    pub name: Name,
    /// Its keys, by name, and how each is chosen.
    pub keys: Vec<KeySpec>,
    /// Its steps; the first one's service is where a client knocks.
    pub steps: Vec<StepSpec>,
    /// True if its steps touch several databases in the scenario as written, before any technique:
    /// equal in every variant.
    pub spans_stores: bool,
    /// The keys in which its retry policy differs.
    pub retry: RetryChange,
}

impl OperationSpec {
    /// Returns whether it is a matter of one store: one service carries out all steps in one
    /// database, and whoever delegates a step to it has delegated the first one, too.
    pub fn is_local(&self, system: &System) -> bool {
        let place = |step: &StepSpec| (step.by, system.table(step.table).database);
        let first = self.steps.first();
        self.steps.iter().all(|step| {
            Some(place(step)) == first.map(place)
                && (step.asked_by.is_none() || step.asked_by == first.and_then(|it| it.asked_by))
        })
    }

    /// For each step, all steps that come before it, as bits.
    fn ancestors(&self) -> Vec<u64> {
        let mut before = vec![0_u64; self.steps.len()];
        // Each round reaches one step further.
        for _ in &self.steps {
            for (at, step) in self.steps.iter().enumerate() {
                before[at] |=
                    step.after.iter().fold(0, |all, s| all | 1 << s.0 | before[s.index()]);
            }
        }
        before
    }

    /// The steps that come behind the one of this name; none if there is no such step.
    pub fn behind(&self, name: &str) -> impl Iterator<Item = &StepSpec> {
        let at = self.steps.iter().position(|step| &*step.name.shown == name);
        let follows = move |set: &u64| at.is_some_and(|at| set & 1 << at != 0);
        let steps = self.steps.iter().zip(self.ancestors());
        steps.filter(move |(_, set)| follows(set)).map(|(step, _)| step)
    }

    /// Returns whether its steps form a chain: of any two one comes before the other.
    pub fn is_chain(&self) -> bool {
        let before = self.ancestors();
        // In a chain one step has none before it, one has one, and so on.
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
    /// How it is chosen.
    pub choice: KeyChoice,
}

/// How the key of an operation is chosen.
#[derive(Clone, Debug)]
pub enum KeyChoice {
    /// A key that nobody had before.
    New,
    /// The key of the same name of the operation that this one follows.
    Followed,
    /// One of the initial rows of a table, all alike.
    Uniform(TableId),
    /// One of the initial rows of a table; row `i` has weight `1 / (i + 1)^exponent`.
    Zipf(TableId, Arc<Zipf>),
}

/// One step: an effect on a row of one table, owned by one service.
#[derive(Clone, PartialEq, Debug)]
pub struct StepSpec {
    /// Its name within the operation.
    pub name: Name,
    /// The service that carries the step out.
    pub by: ServiceId,
    /// The service that carried it out before that one was consolidated, and whose work it still
    /// costs; none if nothing was.
    pub part: Option<ServiceId>,
    /// The service that delegated the step to the owner of the table, if one did.
    pub asked_by: Option<ServiceId>,
    /// The table it changes.
    pub table: TableId,
    /// Which key of the operation names the row, as a position in [`OperationSpec::keys`].
    pub key: u8,
    /// The forward effect.
    pub effect: Effect,
    /// The effect that compensates it.
    pub undo: Effect,
    /// Steps that come before it. Empty for the first.
    pub after: Vec<StepId>,
    /// The rule that may refuse it.
    pub refuse: Option<Refuse>,
    /// How it follows from earlier rows; all that a synchronization job may know.
    pub derive: Option<Derive>,
    /// A row that is looked up first, by the path that the service has to it.
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
    /// Write into these columns what they held before the step: its before-image.
    Restore(Vec<u8>),
    /// Remove the row.
    Delete,
    /// Read the row and change nothing, perhaps with a lock until the transaction ends.
    Nothing(Option<RowLock>),
}

/// The lock that a step takes which changes nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RowLock {
    /// Others may read the row and not write it.
    Shared,
    /// Others may do neither, but for readers that take no lock.
    Exclusive,
}

/// How an update reads the row that it writes later.
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
    /// The columns on which it relies: what it writes, and what its rule looks at.
    pub fn forward_columns(&self) -> Columns {
        let guard = match self.refuse {
            Some(Refuse::Below { column, .. }) => Some(column),
            Some(Refuse::Probability(_)) | None => None,
        };
        self.effect.columns().into_iter().chain(self.effect.reads()).chain(guard).collect()
    }

    /// The columns on which what takes it back relies.
    pub fn undo_columns(&self) -> Columns {
        self.undo.columns().into_iter().chain(self.undo.reads()).collect()
    }

    /// Returns whether nothing takes it back.
    pub fn is_lasting(&self) -> bool {
        self.undo == Effect::Set(Vec::new())
    }

    /// Returns whether both write the same column of the same table; rows that come and go are all
    /// columns.
    pub fn writes_where(&self, other: &Self) -> bool {
        let (mine, theirs) = (&self.effect, &other.effect);
        let both = || mine.columns().iter().any(|column| theirs.columns().contains(column));
        self.table == other.table && (mine.is_whole() || theirs.is_whole() || both())
    }

    /// Returns whether it matters which of both comes first, if they are about the same row: not if
    /// both add.
    pub fn disturbs(&self, other: &Self) -> bool {
        let add = |step: &Self| matches!(step.effect, Effect::Add(_));
        self.writes_where(other) && !(add(self) && add(other))
    }
}

impl Effect {
    /// The columns that it writes; rows that come and go are whole.
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

    /// Returns whether a row comes or goes.
    pub const fn is_whole(&self) -> bool {
        matches!(self, Self::Insert(_) | Self::Delete)
    }
}

/// Where a written value comes from.
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

/// How a step's row follows from rows that are there already.
#[derive(Clone, PartialEq, Debug)]
pub struct Derive {
    /// The table it follows from.
    pub source: TableId,
    /// Which source rows count.
    pub filter: Vec<(u8, i64)>,
    /// How.
    pub rule: DeriveRule,
}

/// The ways a row can follow from others.
#[derive(Clone, PartialEq, Debug)]
pub enum DeriveRule {
    /// One row per source row, with the same key, made by the step's insert.
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
    /// Which key of the operation names the row.
    pub key: u8,
    /// The condition under which the step goes on. Nothing is locked: what was true when it was
    /// looked at may be false by the time the step acts on it.
    pub refuse: Option<Below>,
}

/// A value that is too small.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Below {
    /// The column.
    pub column: u8,
    /// The least value that is not.
    pub bound: i64,
}
