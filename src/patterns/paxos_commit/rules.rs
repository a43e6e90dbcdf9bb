//! The choices of a leader and of an acceptor, apart from the messages and log records that carry
//! them.
//!
//! There is one instance of Paxos for each participant, which chooses *prepared* or *aborted*. An
//! acceptor answers for all instances of a transaction at once, so what it has accepted is a ballot
//! and a set: the participants whose instance is prepared. In ballot 0 only a participant proposes,
//! and only for itself, so the instances of the others are free; in every later ballot a leader
//! proposes for all, and what is not prepared is aborted.

use super::Participants;
use crate::model::record::Decision;

/// A ballot. Number 0 is the participants' own; the leader at place `p` of `n` acceptors leads
/// those that leave the remainder `p` when they are divided by `n`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(crate) struct Ballot(u32);

impl Ballot {
    /// The first ballot behind this one that is led by the acceptor at this place of so many.
    pub(super) fn next(self, place: usize, of: usize) -> Self {
        let (place, of) = (place as u32, of as u32);
        Self((self.0 / of + 1) * of + place)
    }

    /// Returns whether the participants propose in it.
    pub const fn is_first(self) -> bool {
        self.0 == 0
    }
}

/// The instances of a transaction as an acceptor has accepted them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Accepted {
    /// The ballot in which it did; of the first one also if it has accepted nothing.
    pub ballot: Ballot,
    /// The participants whose instance is prepared.
    pub prepared: Participants,
    /// Those of them that have changed nothing and hear no decision.
    pub read_only: Participants,
}

impl Accepted {
    /// The decision that this is if it is chosen.
    pub(super) fn decision(self, all: Participants) -> Decision {
        if self.prepared == all { Decision::Commit } else { Decision::Abort }
    }
}

/// The rules by which a leader proposes. The provided method is the protocol; a variation of it
/// overrides it.
pub(crate) trait Rules: Sync {
    /// The proposal behind these promises, those of F + 1 acceptors: for every instance what was
    /// accepted in the highest ballot, and *aborted* where it is free.
    fn propose(&self, promised: &[Accepted]) -> Accepted {
        let highest = promised.iter().map(|accepted| accepted.ballot).max().unwrap_or_default();
        let there = promised.iter().filter(|accepted| accepted.ballot == highest);
        there.fold(Accepted::default(), |all, it| Accepted {
            ballot: highest,
            prepared: all.prepared.and(it.prepared),
            read_only: all.read_only.and(it.read_only),
        })
    }
}

/// The rules as Gray and Lamport describe them.
pub(crate) struct Textbook;

impl Rules for Textbook {}
