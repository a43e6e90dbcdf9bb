//! The effects that a reader of a row may expect: those of operations whose client has heard yes.
//!
//! Expected effects are kept only for tables that a reader reads, and only while one is missing, so
//! the lists are as short as the inconsistency is small.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::checks::census::State;
use crate::checks::outcome::{Operations, Outcome};
use crate::model::record::{Event, OpId, Record};
use crate::model::system::{
    ColumnRef, Effect, OperationSpec, ReadWhat, RowKey, StepId, System, TableId,
};

/// The missing effects, by row.
#[derive(Debug)]
pub struct ExpectedReads {
    system: Arc<System>,
    /// The steps that change a column which a reader reads, by kind of operation, one bit for each.
    relevant: Vec<u8>,
    keep_keys: bool,
    keys: Vec<u64>,
    /// The start of each operation's keys.
    first_key: Vec<u32>,
    missing: BTreeMap<(TableId, u64), Vec<(OpId, StepId)>>,
}

/// The effects that a row lacks at a read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Missing {
    /// The number of operations.
    pub behind: u64,
    /// The time at which the client of the oldest of them heard yes, in ns; the latest instant if
    /// none is missing.
    pub oldest: u64,
}

impl ExpectedReads {
    /// The state before the first record. `keep_keys` keeps the rows of every operation for a later
    /// listing.
    pub fn new(system: &Arc<System>, keep_keys: bool) -> Self {
        let relevant: Vec<u8> =
            system.operations.iter().map(|spec| relevant_steps(system, spec)).collect();
        Self {
            system: Arc::clone(system),
            keep_keys: keep_keys || relevant.iter().any(|steps| *steps != 0),
            relevant,
            keys: Vec::new(),
            first_key: Vec::new(),
            missing: BTreeMap::new(),
        }
    }

    /// Notes that an operation with `steps` steps arrived.
    pub fn offer(&mut self, op: OpId, steps: u8) {
        if self.keep_keys {
            self.first_key.resize(op.0 as usize, u32::MAX);
            self.first_key.push(self.keys.len() as u32);
            self.keys.resize(self.keys.len() + usize::from(steps), 0);
        }
    }

    /// Notes that a step of an operation touches a row.
    pub fn touch(&mut self, record: &Record) {
        if self.keep_keys
            && let Event::Touches { row, .. } = record.event
            && let Some(first) = self.first_key.get(record.op.0 as usize)
            && let Some(key) = self.keys.get_mut(*first as usize + usize::from(record.step.0))
        {
            *key = row.0;
        }
    }

    /// The keys of the rows that an operation touches, one for each step.
    pub fn keys(&self, op: OpId, steps: u8) -> &[u64] {
        let first = self.first_key.get(op.0 as usize).map_or(usize::MAX, |first| *first as usize);
        self.keys.get(first..first.saturating_add(usize::from(steps))).unwrap_or(&[])
    }

    /// Updates the missing effects after a change of an operation's answer or of its shown effects.
    pub fn update(&mut self, op: OpId, outcome: &mut Outcome) {
        let relevant = self.relevant[usize::from(outcome.kind)];
        if relevant == 0 {
            return;
        }
        let owes = outcome.answer().is_yes() && outcome.state() != State::Reversed;
        let wanted = if owes { relevant & !outcome.shown() } else { 0 };
        let changed = wanted ^ outcome.expected_reads;
        outcome.expected_reads = wanted;
        for step in (0..outcome.steps()).filter(|step| changed & 1 << step != 0) {
            let spec = &self.system.operations[usize::from(outcome.kind)].steps[usize::from(step)];
            let keys = self.keys(op, outcome.steps());
            let Some(key) = keys.get(usize::from(step)).copied() else { continue };
            let list = self.missing.entry((spec.table, key)).or_default();
            let entry = (op, StepId(step));
            match list.iter().position(|other| *other == entry) {
                Some(at) => drop(list.swap_remove(at)),
                None => list.push(entry),
            }
        }
    }

    /// The missing effects of the cell that a reader saw, of operations answered before `began`;
    /// effects that a newer version in the cell supersedes are not missing.
    pub fn missing(
        &self,
        (column, row): (ColumnRef, RowKey),
        began: u64,
        operations: &Operations,
    ) -> Missing {
        let mut missing = Missing { behind: 0, oldest: u64::MAX };
        for (op, step) in self.missing.get(&(column.table, row.0)).map_or(&[][..], Vec::as_slice) {
            let Some(outcome) = operations.get(*op) else { continue };
            let spec = &self.system.operations[usize::from(outcome.kind)];
            let newer = || operations.overwrites.is_superseded((column, row), *op, *step);
            if outcome.answered < began && changes(spec, *step, column) && !newer() {
                missing.behind += 1;
                missing.oldest = missing.oldest.min(outcome.answered);
            }
        }
        missing
    }
}

/// The steps of `spec` that change a column which a reader of the system reads.
fn relevant_steps(system: &System, spec: &OperationSpec) -> u8 {
    let mut relevant = 0;
    for read in &system.reads {
        let ReadWhat::Column { column, .. } = &read.what else { continue };
        for step in 0..spec.steps.len() as u8 {
            relevant |= u8::from(changes(spec, StepId(step), *column)) << step;
        }
    }
    relevant
}

/// Returns whether a step changes a column.
fn changes(spec: &OperationSpec, step: StepId, of: ColumnRef) -> bool {
    let ColumnRef { table, column } = of;
    let step = &spec.steps[step.index()];
    step.table == table
        && match &step.effect {
            Effect::Insert(_) | Effect::Delete => true,
            effect => effect.columns().contains(&column),
        }
}
