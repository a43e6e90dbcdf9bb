//! The decisions of the coordinator, apart from the messages and log records that carry them.

use std::collections::BTreeMap;

use super::coordinator::{Entry, What};
use super::settings::Presumption;
use crate::model::call::Reply;
use crate::model::record::Decision;
use crate::patterns::atomic_commit::participant::Vote;
use crate::patterns::atomic_commit::{Participants, Transaction};

/// Transactions, each with its decision and the participants that are to hear it.
pub(crate) type Outcomes = BTreeMap<Transaction, (Decision, Participants)>;

/// The knowledge of a coordinator about a transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Known {
    /// Votes are still out.
    Voting,
    /// A decision that is not acknowledged by everybody yet.
    Decided(Decision),
    /// Nothing: it was never begun, was forgotten in a crash, or is over.
    Nothing,
}

/// The rules by which a coordinator decides. The provided methods are the protocol; a variation of
/// it overrides one of them.
pub(crate) trait Decisions: Sync {
    /// The decision on these replies to *prepare*: one that has not answered counts as a no.
    fn on_votes(&self, replies: &[Reply<Vote>]) -> Decision {
        if replies.iter().all(is_yes) { Decision::Commit } else { Decision::Abort }
    }

    /// The answer to a participant in doubt; none while votes are still out.
    fn on_inquiry(&self, known: Known, presumption: Presumption) -> Option<Decision> {
        match known {
            Known::Voting => None,
            Known::Decided(decision) => Some(decision),
            Known::Nothing => Some(presumption.answer()),
        }
    }

    /// The outcomes to be delivered after a restart, by what the log says: those that were decided
    /// and not acknowledged. What was only collected (presumed commit) is aborted.
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

/// Returns whether a participant agrees to commit, or has changed nothing and does not care.
pub(crate) fn is_yes(reply: &Reply<Vote>) -> bool {
    matches!(reply, Reply::Answered(Vote::Yes | Vote::ReadOnly))
}

/// The decisions as Gray, Mohan, Lindsay and Obermarck describe them: to commit only if all vote
/// yes, to presume as the settings say, and to deliver what is in the log.
pub(crate) struct Textbook;

impl Decisions for Textbook {}
