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
use crate::kernel::Lookup;
use crate::model::database::{Direction, EventKind};
use crate::model::record::{Event, Kind, OpId, Record};
use crate::model::system::{OperationKind, StepId, System};

/// The check that events announce only what happened.
pub struct NoPhantomEvent {
    case: Case,
    system: Arc<System>,
    kinds: Vec<OperationKind>,
    happened: Lookup<(OpId, StepId, EventKind), ()>,
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
        let (case, happened) = (Case::default(), Lookup::new());
        Self { case, system: Arc::clone(system), kinds: Vec::new(), happened }
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
                if !self.happened.contains_key(&(record.op, step, outcome)) {
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
        self.happened.insert((record.op, record.step, outcome), ());
    }

    fn finish(self, _: &Ended) -> Finding {
        self.case.conclude(Self::NAME, "nothing was published")
    }
}
