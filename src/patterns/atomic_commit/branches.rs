//! The volatile state of a participant's branches. A crash loses it; prepared branches are then
//! found again in the databases.

use std::collections::{BTreeMap, VecDeque};

use super::Transaction;
use super::participant::Vote;
use crate::kernel::{Signal, Span, Time};
use crate::model::database::Txn;
use crate::model::process::ProcessCtx;
use crate::model::record::{Decision, TxnId};
use crate::model::system::DatabaseId;

/// The state of a branch.
pub(in crate::patterns) enum Stage {
    /// The work is being done. A process that works in the branch has taken the session out.
    Working(Option<Txn>),
    /// The prepared record is being written.
    Preparing,
    /// The branch is in doubt. While it is `resolving`, a process carries out the decision.
    InDoubt { branch: InDoubt, resolving: bool },
    /// The branch changed nothing and has dropped out.
    ReadOnly,
    /// The branch has ended, with the decision if that is known here.
    Ended(Option<Decision>),
}

/// A branch that is prepared, or may be: only the coordinator decides on its outcome.
#[derive(Clone, Copy)]
pub(in crate::patterns) struct InDoubt {
    pub database: DatabaseId,
    pub txn: TxnId,
    /// The vote: yes, or lost if it is unknown whether the prepared record was written. A repeated
    /// request gets the same vote: a crash that lost the answer may have lost the record as well.
    pub vote: Vote,
}

struct Branch {
    stage: Stage,
    since: Time,
    /// The steps done in the branch, one bit for each.
    done: u64,
}

/// The volatile state of a participant.
#[derive(Default)]
pub(in crate::patterns) struct Branches {
    known: BTreeMap<Transaction, Branch>,
    /// The times at which to check whether a transaction can be forgotten.
    checks: VecDeque<(Time, Transaction)>,
    /// The time of the last restart, before which this participant remembers nothing.
    restarted: Time,
    /// A signal for processes that wait until no process works in a branch.
    changed: Option<Signal>,
}

/// The state of a branch that a request for work or for a vote finds.
pub(in crate::patterns) enum Found {
    /// The transaction is unknown.
    Unknown,
    /// The branch is open, with its session and the steps done in it.
    Open(Txn, u64),
    /// The branch was asked for its vote, or has ended; with its vote.
    Closed(Vote),
}

/// The state of a branch that a decision finds.
pub(in crate::patterns) enum Closing {
    /// Nothing has to be carried out, except that an open session, if there is one, must be rolled
    /// back.
    Done(Option<Txn>),
    /// The decision cannot be carried out at this moment.
    Busy,
    /// A branch in doubt, for the caller to resolve.
    Resolve(InDoubt),
}

/// Finds a branch for a request for its work or its vote, after any other request has finished with
/// the branch, which may be a copy of this one.
pub(in crate::patterns) async fn take(here: &ProcessCtx, id: Transaction) -> Found {
    loop {
        let found = here.local::<Branches>().with(|memory| {
            let Some(branch) = memory.known.get_mut(&id) else { return Ok(Found::Unknown) };
            let vote = match &mut branch.stage {
                Stage::Working(session) => match session.take() {
                    Some(txn) => return Ok(Found::Open(txn, branch.done)),
                    None => return Err(memory.changed(here)),
                },
                Stage::Preparing => return Err(memory.changed(here)),
                Stage::InDoubt { branch, .. } => branch.vote,
                Stage::ReadOnly => Vote::ReadOnly,
                Stage::Ended(_) => Vote::Gone,
            };
            Ok(Found::Closed(vote))
        });
        match found {
            Ok(found) => return found,
            Err(changed) => changed.wait().await,
        }
    }
}

impl Branches {
    /// Clears the state after a restart.
    pub(in crate::patterns) fn restarted(here: &ProcessCtx) {
        let now = here.now();
        here.local::<Self>().with(|memory| memory.restarted = now);
    }

    /// Returns whether this participant remembers a transaction.
    pub(in crate::patterns) fn knows(here: &ProcessCtx, id: Transaction) -> bool {
        here.local::<Self>().with(|memory| memory.known.contains_key(&id))
    }

    /// Begins a branch for a request that was sent at `sent`, unless that is older than this
    /// participant's memory.
    pub(in crate::patterns) fn begin(here: &ProcessCtx, id: Transaction, sent: Time) -> bool {
        let (now, reach) = (here.now(), reach(here));
        here.local::<Self>().with(|memory| {
            memory.forget(now, reach);
            let is_late = sent < memory.restarted || sent + reach < now;
            if !is_late {
                memory.put(now, reach, id, Stage::Working(None));
            }
            !is_late
        })
    }

    /// Ends the work of one request in a branch: with the session, or without one if the work has
    /// failed. Returns whether the branch was aborted meanwhile, in which case the session is
    /// dropped.
    pub(in crate::patterns) fn put_back(
        here: &ProcessCtx,
        id: Transaction,
        session: Option<Txn>,
        done: u64,
    ) -> bool {
        let stage = match session {
            Some(txn) => Stage::Working(Some(txn)),
            None => Stage::Ended(Some(Decision::Abort)),
        };
        let is_open = |memory: &mut Self| {
            let branch = memory.known.get_mut(&id);
            let branch = branch.filter(|branch| matches!(branch.stage, Stage::Working(_)));
            branch.map(|branch| branch.done = done).is_some()
        };
        let aborted = !here.local::<Self>().with(is_open);
        if !aborted {
            Self::set(here, id, stage);
        }
        aborted
    }

    /// Sets the state of a branch.
    pub(in crate::patterns) fn set(here: &ProcessCtx, id: Transaction, stage: Stage) {
        let (now, reach) = (here.now(), reach(here));
        let changed = here.local::<Self>().with(|memory| {
            memory.put(now, reach, id, stage);
            memory.changed.take()
        });
        changed.iter().for_each(Signal::notify_all);
    }

    /// Finds a branch for a decision. An abort also marks an unknown branch as ended, because the
    /// request for its work may still be on the way.
    pub(in crate::patterns) fn close(
        here: &ProcessCtx,
        id: Transaction,
        decision: Decision,
    ) -> Closing {
        let closing = here.local::<Self>().with(|memory| {
            let Some(branch) = memory.known.get_mut(&id) else { return Closing::Done(None) };
            match &mut branch.stage {
                Stage::Working(session) => Closing::Done(session.take()),
                Stage::Preparing | Stage::InDoubt { resolving: true, .. } => Closing::Busy,
                Stage::InDoubt { branch, resolving } => {
                    *resolving = true;
                    Closing::Resolve(*branch)
                }
                Stage::ReadOnly | Stage::Ended(_) => Closing::Done(None),
            }
        });
        if matches!(closing, Closing::Done(_)) {
            Self::set(here, id, Stage::Ended(Some(decision)));
        }
        closing
    }

    /// The branch of a transaction, if it is in doubt.
    pub(in crate::patterns) fn in_doubt(here: &ProcessCtx, id: Transaction) -> Option<InDoubt> {
        here.local::<Self>().with(|memory| match memory.known.get(&id)?.stage {
            Stage::InDoubt { branch, .. } => Some(branch),
            _ => None,
        })
    }

    /// The answer to a peer in doubt. A branch that has not voted yet is aborted, so that it never
    /// will.
    pub(in crate::patterns) fn tell_peer(here: &ProcessCtx, id: Transaction) -> Option<Decision> {
        let is_open = here.local::<Self>().with(|memory| match &memory.known.get(&id)?.stage {
            Stage::Working(_) => Some(Err(())),
            Stage::Ended(Some(decision)) => Some(Ok(*decision)),
            _ => None,
        });
        match is_open? {
            Ok(decision) => Some(decision),
            Err(()) => {
                Self::set(here, id, Stage::Ended(Some(Decision::Abort)));
                Some(Decision::Abort)
            }
        }
    }

    fn put(&mut self, now: Time, reach: Span, id: Transaction, stage: Stage) {
        match self.known.get_mut(&id) {
            Some(branch) => (branch.stage, branch.since) = (stage, now),
            None => {
                self.checks.push_back((now + reach, id));
                self.known.insert(id, Branch { stage, since: now, done: 0 });
            }
        }
    }

    /// Forgets transactions that ended so long ago that no message about them can be on its way. A
    /// branch that is still worked in by then has been aborted by its database.
    fn forget(&mut self, now: Time, reach: Span) {
        while self.checks.front().is_some_and(|(due, _)| *due < now) {
            let Some((_, id)) = self.checks.pop_front() else { return };
            let Some(branch) = self.known.get(&id) else { continue };
            let is_over = !matches!(branch.stage, Stage::Preparing | Stage::InDoubt { .. });
            if is_over && branch.since + reach < now {
                self.known.remove(&id);
            } else {
                self.checks.push_back((now + reach, id));
            }
        }
    }

    fn changed(&mut self, here: &ProcessCtx) -> Signal {
        self.changed.get_or_insert_with(|| Signal::new(here.sim())).clone()
    }
}

/// The time for which a participant remembers an ended transaction: longer than a caller waits for
/// the work that it asked for, and longer than a database keeps a branch that is not prepared.
fn reach(here: &ProcessCtx) -> Span {
    let branches = here.system().databases.iter().map(|database| database.branch_timeout);
    branches.fold(here.env().longest_retry().step_deadline, Span::max)
}
