//! The volatile state of a participant's branches. A crash forgets it; what is prepared is then
//! found again in the databases.

use std::collections::{BTreeMap, VecDeque};

use super::Transaction;
use super::participant::Vote;
use crate::kernel::{Signal, Span, Time};
use crate::model::database::Txn;
use crate::model::process::ProcessCtx;
use crate::model::record::{Decision, TxnId};
use crate::model::system::DatabaseId;

/// How far a branch has come.
pub(in crate::patterns) enum Stage {
    /// Work is done in it. A process that works in it has the session.
    Working(Option<Txn>),
    /// Its prepared record is being written.
    Preparing,
    /// In doubt. While it is `resolving`, a process carries out the decision.
    InDoubt { branch: InDoubt, resolving: bool },
    /// The branch changed nothing and is out.
    ReadOnly,
    /// The branch is over, with the decision, if that is known here.
    Ended(Option<Decision>),
}

/// A branch that is prepared, or may be: its outcome is the coordinator's to decide.
#[derive(Clone, Copy)]
pub(in crate::patterns) struct InDoubt {
    pub database: DatabaseId,
    pub txn: TxnId,
    /// Yes, or lost if nobody knows whether its prepared record was written. Whoever asks again
    /// hears the same: a crash that took the answer may have taken the record as well.
    pub vote: Vote,
}

struct Branch {
    stage: Stage,
    since: Time,
    /// The steps done in it, a bit each.
    done: u64,
}

/// A participant's memory.
#[derive(Default)]
pub(in crate::patterns) struct Branches {
    known: BTreeMap<Transaction, Branch>,
    /// When to see whether a transaction can be forgotten.
    checks: VecDeque<(Time, Transaction)>,
    /// Memory does not reach back behind the last restart.
    restarted: Time,
    /// For those who wait until a branch is not worked in.
    changed: Option<Signal>,
}

/// The state of a branch that a message about work or a vote finds.
pub(in crate::patterns) enum Found {
    /// Nothing is known of the transaction.
    Unknown,
    /// The branch is open: its session, and the steps done in it.
    Open(Txn, u64),
    /// The branch was asked for its vote, or has ended: its vote.
    Closed(Vote),
}

/// The state of a branch that a decision finds.
pub(in crate::patterns) enum Closing {
    /// There is nothing to carry out but, perhaps, to roll back an open session.
    Done(Option<Txn>),
    /// The decision cannot be carried out at this moment.
    Busy,
    /// A branch in doubt, for the caller to resolve.
    Resolve(InDoubt),
}

/// Finds a branch for a message about its work or its vote, and waits while another message is at
/// it: that one may be a copy.
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
    /// A restart has forgotten everything.
    pub(in crate::patterns) fn restarted(here: &ProcessCtx) {
        let now = here.now();
        here.local::<Self>().with(|memory| memory.restarted = now);
    }

    /// Returns whether anything is remembered of a transaction.
    pub(in crate::patterns) fn knows(here: &ProcessCtx, id: Transaction) -> bool {
        here.local::<Self>().with(|memory| memory.known.contains_key(&id))
    }

    /// Begins a branch at the request of a message, unless that is older than this memory.
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

    /// Ends a message's work in a branch: with its session, or without one if it has failed.
    /// Gives whether the branch was aborted meanwhile; then the session is dropped.
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

    /// A branch has come further.
    pub(in crate::patterns) fn set(here: &ProcessCtx, id: Transaction, stage: Stage) {
        let (now, reach) = (here.now(), reach(here));
        let changed = here.local::<Self>().with(|memory| {
            memory.put(now, reach, id, stage);
            memory.changed.take()
        });
        changed.iter().for_each(Signal::notify_all);
    }

    /// Finds a branch for a decision. An abort also ends what is unknown here: its work may still
    /// be on the way.
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

    /// The answer to a peer in doubt. A branch that has not voted yet never will.
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

    /// Forgets what has been over for so long that no message about it can be on its way. A branch
    /// that is still worked in by then has been aborted by its database.
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

/// How far back a participant remembers: longer than a caller waits for the work it asked for, and
/// than a database keeps a branch that is not prepared.
fn reach(here: &ProcessCtx) -> Span {
    let branches = here.system().databases.iter().map(|database| database.branch_timeout);
    branches.fold(here.env().longest_retry().step_deadline, Span::max)
}
