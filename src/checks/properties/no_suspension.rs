//! # no-suspension
//!
//! Once a step has been compensated, or barred because it never ran, it does not take effect any
//! more: a late request finds its idempotency key in use.
//!
//! Judged by what the stores show and by the idempotency keys that they committed. Undecided if no
//! step was ever compensated or barred.
//!
//! Apache Seata calls the mistake *suspension* (of its TCC mode).

use std::sync::Arc;

use super::{Case, Ended, Finding, Property, When};
use crate::kernel::{Lookup, Time};
use crate::model::database::Direction;
use crate::model::record::{Event, Kind, OpId, Record};
use crate::model::system::{StepId, System};

/// The check that a compensated step never takes effect again.
#[derive(Default)]
pub struct NoSuspension {
    case: Case,
    /// The time since which each step is compensated or barred.
    barred: Lookup<(OpId, StepId), Time>,
}

impl Property for NoSuspension {
    const NAME: &'static str = "no-suspension";
    const SUMMARY: &'static str = "a step that was taken back never takes effect afterwards";
    const MANUAL: &'static str = include_str!("no_suspension.rs");
    const WHEN: When = When::Always;
    const SEES: &'static [Kind] = &[Kind::Shown, Kind::Keyed];

    fn new(_: &Arc<System>) -> Self {
        Self::default()
    }

    fn see(&mut self, record: &Record) {
        if record.process == 0 {
            return; // What recovery puts back is no new effect.
        }
        let (direction, is_effect) = match record.event {
            Event::Shown { direction, change: 1.., .. } => (direction, true),
            Event::Keyed { direction, .. } => (direction, false),
            _ => return,
        };
        let step = (record.op, record.step);
        if direction == Direction::Undo {
            self.case.chance();
            self.barred.get_or_insert_with(step, || record.time);
        } else if is_effect && self.barred.get(&step).is_some_and(|since| *since < record.time) {
            self.case.fail(record.time, record.op, || {
                let (op, step) = (record.op.0, record.step.0);
                format!("step {step} of operation {op} took effect after it was taken back")
            });
        }
    }

    fn finish(self, _: &Ended) -> Finding {
        self.case.conclude(Self::NAME, "no step was ever taken back")
    }
}
