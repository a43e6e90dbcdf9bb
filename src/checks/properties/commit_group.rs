//! The changes of one transaction, collected from the records of its commit.

use crate::model::contract::label;
use crate::model::database::Direction;
use crate::model::record::{Event, Kind, OpId, Record};
use crate::model::system::StepId;

/// The changes since the last commit. A database records the changes of a commit right before the
/// commit itself, so at a `Committed` record these are its changes and no others.
#[derive(Debug, Default)]
pub(super) struct CommitGroup {
    /// Steps that show once more, forward or compensated.
    pub shown: Vec<(OpId, StepId, Direction)>,
    /// Idempotency keys that were committed.
    pub keyed: Vec<(OpId, StepId, Direction)>,
    /// Operations with a new row in the outbox.
    pub events: Vec<OpId>,
}

impl CommitGroup {
    /// The kinds of record that it must see.
    pub const SEES: &'static [Kind] =
        &[Kind::Shown, Kind::Keyed, Kind::Holds, Kind::Committed, Kind::Crashed];

    /// Takes in a record; returns true at the end of a commit. Call [`Self::clear`] then.
    pub fn take(&mut self, record: &Record) -> bool {
        match record.event {
            Event::Crashed { .. } => self.clear(),
            // Changes that recovery undoes belong to no transaction.
            _ if record.process == 0 => {}
            Event::Shown { direction, change: 1.., .. } => {
                self.shown.push((record.op, record.step, direction));
            }
            Event::Keyed { direction, .. } => {
                self.keyed.push((record.op, record.step, direction));
            }
            Event::Holds { label: label::OUTBOX, change: 1.. } => self.events.push(record.op),
            Event::Committed { .. } => return true,
            _ => {}
        }
        false
    }

    /// Clears the changes.
    pub fn clear(&mut self) {
        self.shown.clear();
        self.keyed.clear();
        self.events.clear();
    }
}
