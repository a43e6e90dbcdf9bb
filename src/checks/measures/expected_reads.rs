//! The effects that a reader of a row may expect: those of operations whose client has heard yes.
//!
//! Expected effects are kept only for tables that a reader reads, and only while one is missing, so
//! the lists are as short as the inconsistency is small.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::checks::census::State;
use crate::checks::outcome::Operations;
use crate::model::record::OpId;
use crate::model::system::{
    ColumnRef, Effect, OperationSpec, ReadWhat, RowKey, StepId, System, TableId,
};

/// The missing effects, by row.
#[derive(Debug)]
pub struct ExpectedReads {
    system: Arc<System>,
    /// The steps that change a column which a reader reads, by kind of operation, one bit for each.
    relevant: Vec<u8>,
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
    /// The state before the first record.
    pub fn new(system: &Arc<System>) -> Self {
        let relevant = system.operations.iter().map(|spec| relevant_steps(system, spec)).collect();
        Self { system: Arc::clone(system), relevant, missing: BTreeMap::new() }
    }

    /// Updates the missing effects after a change of an operation's answer or of its shown effects.
    pub fn update(&mut self, op: OpId, operations: &mut Operations) {
        let Some(outcome) = operations.get_mut(op) else { return };
        let relevant = self.relevant[usize::from(outcome.kind)];
        if relevant == 0 {
            return;
        }
        let owes = outcome.answer().is_yes() && outcome.state() != State::Reversed;
        let wanted = if owes { relevant & !outcome.shown() } else { 0 };
        let changed = wanted ^ outcome.expected_reads;
        outcome.expected_reads = wanted;
        for step in (0..outcome.steps()).filter(|step| changed & 1 << step != 0) {
            let step = StepId(step);
            let Some((table, key)) = operations.overwrites.row(op, step) else { continue };
            let list = self.missing.entry((table, key.0)).or_default();
            match list.iter().position(|other| *other == (op, step)) {
                Some(at) => drop(list.swap_remove(at)),
                None => list.push((op, step)),
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
