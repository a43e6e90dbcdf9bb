//! What one transaction changed, put together from the records of its commit.

use crate::model::contract::label;
use crate::model::record::{Kind, OpId, Record};
use crate::model::system::StepId;

/// Changes since the last commit. A database writes down what a commit changes right before the
/// commit itself, so at a `Committed` record these are its changes and no others.
#[derive(Debug, Default)]
pub(super) struct CommitGroup {
    /// Steps that show once more: with 0 carried out, with 1 taken back.
    pub shown: Vec<(OpId, StepId, u64)>,
    /// Idempotency keys, likewise.
    pub keyed: Vec<(OpId, StepId, u64)>,
    /// Operations with a new row in the outbox.
    pub events: Vec<OpId>,
}

impl CommitGroup {
    /// The kinds of record that it is to be shown.
    pub const SEES: &'static [Kind] =
        &[Kind::Shown, Kind::Keyed, Kind::Holds, Kind::Committed, Kind::Crashed];

    /// Takes in a record; true at the end of a commit. Call [`Self::clear`] then.
    pub fn take(&mut self, record: &Record) -> bool {
        let more = record.b as i64 > 0;
        match record.kind {
            // What recovery takes back belongs to no transaction.
            _ if record.process == 0 && record.kind != Kind::Crashed => {}
            Kind::Shown if more => self.shown.push((record.op, record.step, record.a)),
            Kind::Keyed => self.keyed.push((record.op, record.step, record.a)),
            Kind::Holds if record.subject == label::OUTBOX && record.a as i64 > 0 => {
                self.events.push(record.op);
            }
            Kind::Committed => return true,
            Kind::Crashed => self.clear(),
            _ => {}
        }
        false
    }

    /// Nothing has changed yet.
    pub fn clear(&mut self) {
        self.shown.clear();
        self.keyed.clear();
        self.events.clear();
    }
}
