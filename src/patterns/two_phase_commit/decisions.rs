//! The decisions of the coordinator, apart from the messages and log records that carry them.

use std::collections::BTreeMap;

use super::coordinator::{Entry, What};
use super::settings::Presumption;
use crate::model::call::Reply;
use crate::model::record::Decision;
use crate::patterns::atomic_commit::participant::Vote;
use crate::patterns::atomic_commit::{Participants, Transaction};

/// Transactions, each with its decision and the participants that must learn it.
pub(crate) type Outcomes = BTreeMap<Transaction, (Decision, Participants)>;

/// The state of a transaction at its coordinator.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Known {
    /// Some votes are missing.
    Voting,
    /// The transaction is decided, and some participant has not acknowledged yet.
    Decided(Decision),
    /// The transaction is unknown: it was never begun, was lost in a crash, or has ended.
    Nothing,
}

/// The rules by which a coordinator decides. The provided methods are the protocol; a variation of
/// it overrides one of them.
pub(crate) trait Decisions: Sync {
    /// The decision on these replies to *prepare*: a participant that has not answered counts as a
    /// no.
    fn on_votes(&self, replies: &[Reply<Vote>]) -> Decision {
        if replies.iter().all(is_yes) { Decision::Commit } else { Decision::Abort }
    }

    /// The answer to a participant in doubt; none while votes are missing.
    fn on_inquiry(&self, known: Known, presumption: Presumption) -> Option<Decision> {
        match known {
            Known::Voting => None,
            Known::Decided(decision) => Some(decision),
            Known::Nothing => Some(presumption.answer()),
        }
    }

    /// The outcomes to be delivered after a restart, according to the log: those that were decided
    /// and not acknowledged. A transaction with only a collecting record (presumed commit) is
    /// aborted.
    fn on_restart(&self, log: &[Entry]) -> Outcomes {
        let mut open = Outcomes::new();
        for Entry { transaction, what } in log {
            match *what {
                What::Collecting(all) => open.insert(*transaction, (Decision::Abort, all)),
                What::Decided(decision, waiting) => open.insert(*transaction, (decision, waiting)),
                What::End => open.remove(transaction),
            };
        }
        open
    }
}

/// Returns whether a participant votes to commit, or has changed nothing.
pub(crate) fn is_yes(reply: &Reply<Vote>) -> bool {
    matches!(reply, Reply::Answered(Vote::Yes | Vote::ReadOnly))
}

/// The rules as Gray (1978) and Mohan, Lindsay and Obermarck (1986) describe them: commit only if
/// all vote yes, presume as the settings say, and deliver what the log holds.
pub(crate) struct Textbook;

impl Decisions for Textbook {}
