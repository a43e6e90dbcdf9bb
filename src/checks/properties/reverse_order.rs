//! # reverse-order
//!
//! Steps are compensated in the reverse of the order in which they depend on each other: a step is
//! not compensated while one that follows it still shows.
//!
//! Judged at the end of every instant by what the stores show. Undecided if no step was compensated
//! that others follow.
//!
//! Garcia-Molina and Salem, *Sagas* (1987).

use std::sync::Arc;

use super::effects::Effects;
use super::{Case, Ended, Finding, Property, When};
use crate::kernel::{Chunks, Time};
use crate::model::database::Direction;
use crate::model::record::{Event, Kind, OpId, Record};
use crate::model::system::{OperationKind, StepId, System};

/// The check that compensation runs in reverse order.
pub struct ReverseOrder {
    case: Case,
    system: Arc<System>,
    effects: Effects,
    kinds: Chunks<OperationKind>,
    /// The steps compensated within the instant `now`.
    undone: Vec<(OpId, StepId)>,
    now: Time,
}

impl ReverseOrder {
    fn end_instant(&mut self) {
        for (op, step) in std::mem::take(&mut self.undone) {
            let Some(kind) = self.kinds.get(op.0 as usize) else { continue };
            for follower in self.system.operation(*kind).followers(step) {
                self.case.chance();
                if self.effects.of(op, follower) > 0 {
                    self.case.fail(self.now, op, || {
                        let (op, step, next) = (op.0, step.0, follower.0);
                        format!("operation {op}: step {step} was taken back before step {next}")
                    });
                }
            }
        }
    }
}

impl Property for ReverseOrder {
    const NAME: &'static str = "reverse-order";
    const SUMMARY: &'static str = "no step is taken back before those that follow it";
    const MANUAL: &'static str = include_str!("reverse_order.rs");
    const WHEN: When = When::Always;
    const SEES: &'static [Kind] = &[Kind::Offered, Kind::Shown];

    fn new(system: &Arc<System>) -> Self {
        Self {
            case: Case::default(),
            system: Arc::clone(system),
            effects: Effects::default(),
            kinds: Chunks::new(),
            undone: Vec::new(),
            now: Time::ZERO,
        }
    }

    fn see(&mut self, record: &Record) {
        if let Event::Offered { kind, .. } = record.event {
            self.kinds.push(kind);
            return;
        }
        if record.time > self.now {
            self.end_instant();
            self.now = record.time;
        }
        self.effects.take(record);
        if matches!(record.event, Event::Shown { direction: Direction::Undo, change: 1.., .. }) {
            self.undone.push((record.op, record.step));
        }
    }

    fn finish(mut self, _: &Ended) -> Finding {
        self.end_instant();
        self.case.conclude(Self::NAME, "no step was taken back that others follow")
    }
}
