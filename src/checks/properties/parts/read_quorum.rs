//! # read-quorum
//!
//! With `R + W > N`, a complete read that begins after its operation was answered *done* sees what
//! the operation has written to a table with quorums, or something newer.
//!
//! Judged by what the read probes of operations saw. Operations of which anything was compensated
//! are left out, and so are patterns that answer before they have committed, which promise nothing
//! about write quorums. Undecided if no such read was made.
//!
//! Gifford, *Weighted voting for replicated data* (1979).

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::checks::by_op::ByOp;
use crate::checks::properties::{Case, Ended, Finding, Property, When};
use crate::model::database::Direction;
use crate::model::record::{Answer, Event, Kind, OpId, ProbeId, Record, Sight};
use crate::model::system::{System, TableId};

/// The check that a read quorum meets every write quorum.
pub struct ReadQuorum {
    case: Case,
    /// The copies of tables whose quorums overlap.
    copies: Vec<TableId>,
    done: ByOp<bool>,
    undone: ByOp<bool>,
    /// The probes that began after the answer: whether they have seen nothing somewhere.
    open: BTreeMap<ProbeId, bool>,
    /// The reads that have missed something, with their operation.
    missed: Vec<(OpId, Record)>,
}

impl Property for ReadQuorum {
    const NAME: &'static str = "read-quorum";
    const SUMMARY: &'static str = "a read quorum sees what a write quorum has acknowledged";
    const MANUAL: &'static str = include_str!("read_quorum.rs");
    const WHEN: When = When::Always;
    const SEES: &'static [Kind] =
        &[Kind::Answered, Kind::Shown, Kind::ProbeBegan, Kind::ProbeSaw];
    const OF_PARTS: Option<super::Applies> = Some(super::with_quorums_that_are_read);

    fn new(system: &Arc<System>) -> Self {
        let overlap = system.quorums.iter();
        let overlap =
            overlap.filter(|it| usize::from(it.read) + usize::from(it.write) > it.copies.len());
        Self {
            case: Case::default(),
            copies: overlap.flat_map(|quorum| quorum.copies.iter().copied()).collect(),
            done: ByOp::default(),
            undone: ByOp::default(),
            open: BTreeMap::new(),
            missed: Vec::new(),
        }
    }

    fn see(&mut self, record: &Record) {
        match record.event {
            Event::Answered { answer: Answer::Done, .. } => *self.done.get_mut(record.op) = true,
            Event::Shown { direction: Direction::Undo, change: 1.., .. } => {
                *self.undone.get_mut(record.op) = true;
            }
            Event::ProbeBegan { probe, .. } if record.op != OpId::NONE
                && self.done.get(record.op) => {
                    self.open.insert(probe, true);
                }
            Event::ProbeSaw { table, probe, sight }
                if self.copies.contains(&table) && self.open.contains_key(&probe) =>
            {
                match sight {
                    Sight::Nothing => self.missed.push((record.op, *record)),
                    Sight::Effect | Sight::Other => self.case.chance(),
                }
            }
            _ => {}
        }
    }

    fn finish(mut self, _: &Ended) -> Finding {
        for (op, record) in std::mem::take(&mut self.missed) {
            if !self.undone.get(op) {
                self.case.fail(record.time, op, || {
                    format!("a read quorum saw nothing of operation {}, which was done", op.0)
                });
            }
        }
        self.case.conclude(Self::NAME, "nothing that was done was read from a quorum")
    }
}
