//! Quorum replication: tables of which several services keep copies that are written and read by
//! quorums.

use super::{System, TableId};
use crate::kernel::Dist;

/// A table whose versions are sent to N copies, of which W must have acknowledged a write before it
/// counts as committed, and R must have answered before a read returns.
#[derive(Clone, Debug)]
pub struct QuorumSpec {
    /// The table whose owner coordinates: it orders the versions.
    pub of: TableId,
    /// The copies, tables of their own with the same columns and initial rows, each kept by its
    /// owner.
    pub copies: Vec<TableId>,
    /// W: the number of copies that must have acknowledged a write.
    pub write: u16,
    /// R: the number of copies that must have answered a read; the newest version among them
    /// counts.
    pub read: u16,
    /// One-way delays.
    pub legs: QuorumLegs,
    /// True if a reader sends the newest version that it has seen to the copies that lacked it.
    pub read_repair: bool,
    /// True if the coordinator keeps a version that a copy has not acknowledged and sends it again.
    pub hinted_handoff: bool,
}

/// One-way delays of the messages between coordinators and copies, by purpose; without one, the
/// delay of the link.
#[derive(Clone, Debug, Default)]
pub struct QuorumLegs {
    /// From the coordinator to a copy, with a version to be written (`W` of the WARS model).
    pub write_request: Option<Dist>,
    /// Back, that it is written (`A`).
    pub acknowledgement: Option<Dist>,
    /// From the coordinator to a copy, to be read (`R`).
    pub read_request: Option<Dist>,
    /// Back, with the version that was found (`S`).
    pub response: Option<Dist>,
}

/// A round of messages between a coordinator and the copies of a table, with the number of its
/// [`QuorumSpec`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum QuorumRound {
    /// A version is written.
    Write(u16),
    /// Copies are read.
    Read(u16),
}

impl QuorumSpec {
    /// Returns whether every read quorum meets every write quorum: `R + W > N`.
    pub fn is_strict(&self) -> bool {
        usize::from(self.write) + usize::from(self.read) > self.copies.len()
    }
}

impl System {
    /// The number of the quorum of a table, if it has one.
    pub fn quorum_of(&self, table: TableId) -> Option<usize> {
        self.quorums.iter().position(|quorum| quorum.of == table)
    }

    /// The delay of a message of a round, if the quorum has one of its own.
    pub fn quorum_delay(&self, round: QuorumRound, is_reply: bool) -> Option<&Dist> {
        let (QuorumRound::Write(number) | QuorumRound::Read(number)) = round;
        let legs = &self.quorums.get(usize::from(number))?.legs;
        let delay = match (round, is_reply) {
            (QuorumRound::Write(_), false) => &legs.write_request,
            (QuorumRound::Write(_), true) => &legs.acknowledgement,
            (QuorumRound::Read(_), false) => &legs.read_request,
            (QuorumRound::Read(_), true) => &legs.response,
        };
        delay.as_ref()
    }
}
