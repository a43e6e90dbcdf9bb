//! The number of times that each step of each operation shows, for properties that follow the
//! stores.

use crate::checks::by_op::ByOp;
use crate::model::database::Direction;
use crate::model::record::{Event, OpId, Record};
use crate::model::system::{MAX_STEPS, StepId};

/// The number of times that each effect shows, net of compensation, by operation and step.
#[derive(Debug, Default)]
pub(super) struct Effects(ByOp<[i8; MAX_STEPS]>);

impl Effects {
    /// Takes in an [`Event::Shown`] and returns the number of times that the step shows now.
    pub fn take(&mut self, record: &Record) -> i8 {
        let Event::Shown { direction, change, .. } = record.event else { return 0 };
        let net = &mut self.0.get_mut(record.op)[record.step.index()];
        let change = change.clamp(-64, 64) as i8;
        *net = match direction {
            Direction::Forward => net.saturating_add(change),
            Direction::Undo => net.saturating_sub(change),
        };
        *net
    }

    /// The number of times that a step shows.
    pub fn of(&self, op: OpId, step: StepId) -> i8 {
        self.0.get(op)[step.index()]
    }
}
