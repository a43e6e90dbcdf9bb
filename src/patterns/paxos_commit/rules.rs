//! The decisions of a leader and of an acceptor, apart from the messages and log records that carry
//! them.
//!
//! There is one instance of Paxos for each participant, which chooses *prepared* or *aborted*. An
//! acceptor answers for all instances of a transaction at once, so what it has accepted is a ballot
//! and a set: the participants whose instance is prepared. In ballot 0 each participant proposes
//! for itself only, so the instances of the others are free; in every later ballot a leader
//! proposes for all, and an instance that is not prepared is aborted.

use super::Participants;
use crate::model::record::Decision;

/// A ballot number. Number 0 is the participants' own; the leader at place `p` of `n` acceptors
/// leads the numbers that are congruent to `p` modulo `n`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(crate) struct Ballot(u32);

impl Ballot {
    /// The first ballot after this one that is led by the acceptor at place `place` of `of`.
    pub(super) fn next(self, place: usize, of: usize) -> Self {
        let (place, of) = (place as u32, of as u32);
        Self((self.0 / of + 1) * of + place)
    }

    /// Returns whether the participants propose in this ballot.
    pub const fn is_first(self) -> bool {
        self.0 == 0
    }
}

/// The values that an acceptor has accepted for the instances of a transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Accepted {
    /// The ballot in which it accepted them; the first one also if it has accepted nothing.
    pub ballot: Ballot,
    /// The participants whose instance is prepared.
    pub prepared: Participants,
    /// The prepared participants that have changed nothing and need not learn the decision.
    pub read_only: Participants,
}

impl Accepted {
    /// The decision that follows if these values are chosen.
    pub(super) fn decision(self, all: Participants) -> Decision {
        if self.prepared == all { Decision::Commit } else { Decision::Abort }
    }
}

/// The rule by which a leader proposes. The provided method is the protocol; a variation of it
/// overrides it.
pub(crate) trait Rules: Sync {
    /// The proposal after these promises of F + 1 acceptors: for every instance the value accepted
    /// in the highest ballot, and *aborted* if the instance is free.
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

/// The rule as Gray and Lamport (2006) describe it.
pub(crate) struct Textbook;

impl Rules for Textbook {}
