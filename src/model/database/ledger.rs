//! The ledger of shown effects: the step for which an effect in a cell counts, and how often it is
//! shown now.
//!
//! A job that derives `open_tickets` from ticket rows carries the effects of the steps that wrote
//! those rows. They count here for the step of the same operation that this cell belongs to: the
//! job is judged by what its value really contains.

use std::cell::RefCell;
use std::sync::Arc;

use super::provenance::{Derived, Direction, Effect, Entry, Provenance, most};
use crate::kernel::Chunks;
use crate::model::env::Env;
use crate::model::system::{
    ColumnRef, DatabaseId, Effect as Change, MAX_STEPS, OperationKind, OperationSpec, RowKey,
    StepId, StepSpec, System, TableId,
};

/// The pseudo-column that says whether a row exists.
pub const EXISTENCE: u8 = u8::MAX;

/// The attribution of effects to steps, and the counts of shown effects.
pub(super) struct Ledger {
    env: Env,
    /// By kind of operation: its position among the kinds that have steps here, or [`ABSENT`].
    kinds: Vec<u16>,
    /// The slot of each step among those that are stored here, by position of the kind and by step.
    slots: Vec<[u8; MAX_STEPS]>,
    /// The number of slots of an operation in `shown`.
    stride: usize,
    /// The counts, by operation, slot and direction.
    shown: RefCell<Chunks<[i8; 2]>>,
}

/// The counts of one step.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Shows {
    /// The number of times that the effect is shown.
    pub forward: i8,
    /// The number of times that its compensation is shown.
    pub undo: i8,
}

impl Ledger {
    /// The ledger of one database. Its size depends on what is stored there, not on the whole
    /// system: a system may have a thousand databases.
    pub fn new(env: &Env, id: DatabaseId) -> Self {
        let system = Arc::clone(env.system());
        let Places { kinds, slots, stride } = places(&system, id);
        Self { env: env.clone(), kinds, slots, stride, shown: RefCell::default() }
    }

    fn kind(&self, kind: OperationKind) -> Option<usize> {
        let place = self.kinds[kind.index()];
        (place != ABSENT).then_some(usize::from(place))
    }

    /// The provenance of a copied or computed value, attributed to the cell to which it is written.
    pub fn settle(&self, derived: &Derived, cell: ColumnRef, key: RowKey) -> Provenance {
        if derived.at_home {
            return derived.provenance.clone();
        }
        let entries = derived.provenance.entries().into_iter();
        let at_home = |(effect, times)| (counts_for(&self.env, effect, cell, key), times);
        Provenance::default().plus(most(entries.map(at_home).collect()))
    }

    /// Returns whether a change of this effect in this cell counts for its step: each step is shown
    /// by one cell only, however many it writes.
    pub fn is_shown_by(&self, effect: Effect, table: TableId, column: u8, key: RowKey) -> bool {
        let info = self.env.operation(effect.op);
        let operation = self.env.system().operation(info.kind);
        let step = &operation.steps[effect.step.index()];
        step.table == table
            && info.keys[usize::from(step.key)] == key
            && shown_by(operation, effect.step, effect.direction) == column
    }

    /// Counts a change of what is shown.
    pub fn count(&self, (effect, times): Entry) {
        let Some(place) = self.tally(effect) else { return };
        let mut shown = self.shown.borrow_mut();
        shown.grow(place + 1, [0; 2]);
        let tally = &mut shown[place][effect.direction as usize];
        *tally = tally.saturating_add(times.clamp(-127, 127) as i8);
    }

    /// The current counts of a step.
    pub fn shows(&self, effect: Effect) -> Shows {
        let shown = self.shown.borrow();
        let tally = self.tally(effect).and_then(|place| shown.get(place));
        tally.map_or(Shows::default(), |&[forward, undo]| Shows { forward, undo })
    }

    fn tally(&self, effect: Effect) -> Option<usize> {
        let kind = self.env.operation(effect.op).kind;
        let slot = self.slots[self.kind(kind)?][effect.step.index()];
        (slot != ELSEWHERE).then(|| effect.op.0 as usize * self.stride + usize::from(slot))
    }
}

/// The slot of a step that another database stores.
const ELSEWHERE: u8 = u8::MAX;

/// The position of a kind of operation that has no step here.
const ABSENT: u16 = u16::MAX;

/// The numbering of the kinds and steps that one database stores.
struct Places {
    kinds: Vec<u16>,
    slots: Vec<[u8; MAX_STEPS]>,
    /// The most steps of any kind that are stored here.
    stride: usize,
}

fn places(system: &System, id: DatabaseId) -> Places {
    let mut places =
        Places { kinds: vec![ABSENT; system.operations.len()], slots: Vec::new(), stride: 0 };
    for (kind, operation) in places.kinds.iter_mut().zip(&system.operations) {
        let mut slots = [ELSEWHERE; MAX_STEPS];
        let here = |step: &StepSpec| system.table(step.table).database == id;
        let stored = operation.steps.iter().zip(&mut slots).filter(|(step, _)| here(step));
        let mut count = 0;
        for (number, (_, slot)) in stored.enumerate() {
            *slot = number as u8;
            count = number + 1;
        }
        if count > 0 {
            *kind = places.slots.len() as u16;
            places.slots.push(slots);
            places.stride = places.stride.max(count);
        }
    }
    places
}

/// The change that a step makes in this direction.
pub(super) fn change(step: &StepSpec, direction: Direction) -> &Change {
    match direction {
        Direction::Forward => &step.effect,
        Direction::Undo => &step.undo,
    }
}

/// The cell that shows a step: the row's existence, or the first column it writes.
pub(super) fn shown_by(operation: &OperationSpec, step: StepId, direction: Direction) -> u8 {
    match change(&operation.steps[step.index()], direction) {
        Change::Insert(_) | Change::Delete | Change::Nothing(_) => EXISTENCE,
        Change::Set(cells) => cells.first().map_or(EXISTENCE, |cell| cell.0),
        Change::Add(cells) => cells.first().map_or(EXISTENCE, |cell| cell.0),
        Change::Update(cells, _) => cells.first().map_or(EXISTENCE, |cell| cell.0),
        Change::Restore(columns) => columns.first().copied().unwrap_or(EXISTENCE),
    }
}

/// The effect itself, or that of the step of its operation to which a cell belongs.
pub(super) fn counts_for(env: &Env, effect: Effect, cell: ColumnRef, key: RowKey) -> Effect {
    let info = env.operation(effect.op);
    let steps = &env.system().operation(info.kind).steps;
    let here = |step: &StepSpec| {
        step.table == cell.table
            && info.keys[usize::from(step.key)] == key
            && writes(change(step, effect.direction), cell.column)
    };
    if here(&steps[effect.step.index()]) {
        return effect;
    }
    let found = (0..).map(StepId).zip(steps).find(|(_, step)| here(step));
    Effect { step: found.map_or(effect.step, |(step, _)| step), ..effect }
}

/// Returns whether a change writes a column of its row, [`EXISTENCE`] included.
fn writes(change: &Change, column: u8) -> bool {
    match change {
        Change::Insert(_) => true,
        Change::Delete => column == EXISTENCE,
        Change::Nothing(_) => false,
        Change::Set(_) | Change::Add(_) | Change::Update(..) | Change::Restore(_) => {
            change.columns().contains(&column)
        }
    }
}
