//! # no-phantom-event
//!
//! An event announces only what happened to its step: that it was applied only after the commit
//! that shows its effect, and that it was refused only after the refusal. So a refused step is
//! never announced as applied, despite redelivery. A step that only reads leaves no effect to judge
//! it by.
//!
//! Judged by what stores committed and refused, and by what the broker stored. Undecided if nothing
//! was published.
//!
//! Kleppmann, *Designing Data-Intensive Applications* (2017), chapter 11, on dual writes.

use std::sync::Arc;

use super::{Case, Ended, Finding, Property, When};
use crate::checks::by_op::ByOp;
use crate::kernel::Chunks;
use crate::model::database::{Direction, EventKind};
use crate::model::record::{Event, Kind, OpId, Record};
use crate::model::system::{MAX_STEPS, OperationKind, StepId, System};

/// The check that events announce only what happened.
pub struct NoPhantomEvent {
    case: Case,
    system: Arc<System>,
    kinds: Chunks<OperationKind>,
    happened: ByOp<Outcomes>,
}

/// The outcomes that the steps of an operation have had, one bit for each.
#[derive(Clone, Copy, Default)]
struct Outcomes(u32);

/// The number of outcomes that a step can have.
const OUTCOMES: u32 = EventKind::Undone as u32 + 1;
const _: () = assert!(MAX_STEPS as u32 * OUTCOMES <= u32::BITS, "each has a bit");

impl Outcomes {
    /// The bit of an outcome; none for what is no step.
    fn bit(step: StepId, outcome: EventKind) -> u32 {
        1_u32.checked_shl(u32::from(step.0) * OUTCOMES + outcome as u32).unwrap_or(0)
    }

    fn contains(self, step: StepId, outcome: EventKind) -> bool {
        self.0 & Self::bit(step, outcome) != 0
    }

    fn insert(&mut self, step: StepId, outcome: EventKind) {
        self.0 |= Self::bit(step, outcome);
    }
}

impl NoPhantomEvent {
    fn only_reads(&self, op: OpId, step: StepId) -> bool {
        let kind = self.kinds.get(op.0 as usize);
        let steps = kind.map(|kind| &self.system.operation(*kind).steps);
        let spec = steps.and_then(|steps| steps.get(step.index()));
        spec.is_some_and(|spec| spec.effect.is_nothing())
    }
}

impl Property for NoPhantomEvent {
    const NAME: &'static str = "no-phantom-event";
    const SUMMARY: &'static str = "no event tells of a step what did not happen to it";
    const MANUAL: &'static str = include_str!("no_phantom_event.rs");
    const WHEN: When = When::Always;
    const SEES: &'static [Kind] =
        &[Kind::Offered, Kind::Shown, Kind::RefusedByRule, Kind::Published];

    fn new(system: &Arc<System>) -> Self {
        let (case, happened) = (Case::default(), ByOp::default());
        Self { case, system: Arc::clone(system), kinds: Chunks::new(), happened }
    }

    fn see(&mut self, record: &Record) {
        let outcome = match record.event {
            Event::Offered { kind, .. } => {
                self.kinds.push(kind);
                return;
            }
            Event::Published { step, outcome: EventKind::Applied, .. }
                if self.only_reads(record.op, step) =>
            {
                return;
            }
            Event::Shown { direction: Direction::Forward, .. } => EventKind::Applied,
            Event::Shown { direction: Direction::Undo, .. } => EventKind::Undone,
            Event::RefusedByRule { .. } => EventKind::Refused,
            Event::Published { step, outcome, .. } => {
                self.case.chance();
                if !self.happened.get(record.op).contains(step, outcome) {
                    self.case.fail(record.time, record.op, || {
                        let (step, op) = (step.0, record.op.0);
                        let what = match outcome {
                            EventKind::Applied => "applied",
                            EventKind::Refused => "refused",
                            EventKind::Undone => "taken back",
                        };
                        format!("an event tells that step {step} of operation {op} was {what}")
                    });
                }
                return;
            }
            _ => return,
        };
        self.happened.get_mut(record.op).insert(record.step, outcome);
    }

    fn finish(self, _: &Ended) -> Finding {
        self.case.conclude(Self::NAME, "nothing was published")
    }
}
