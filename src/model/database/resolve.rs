//! Prepared branches, from the vote to the outcome.

use std::cell::Cell;
use std::rc::Rc;

use super::commit::Entry;
use super::rows::RowId;
use super::state::{Changes, Unsettled};
use super::{Call, Database, DbError, Relies, Txn};
use crate::kernel::{NodeId, Time};
use crate::model::contract::{label, transaction_of};
use crate::model::disk::DiskFault;
use crate::model::env::Ctx;
use crate::model::lapse::Lapse;
use crate::model::log::{ForceKind, Lsn};
use crate::model::point::{Action, Hook, When};
use crate::model::record::{AbortCause, Decision, Event, MessageClass, OpId, TxnId};
use crate::model::system::Columns;

/// A participant's answer to a prepare.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Vote {
    /// The branch is prepared and will commit or abort as it is told.
    Yes(TxnId),
    /// The branch wrote nothing; it has ended and takes no part in the second phase.
    ReadOnly,
}

/// The options of a prepare, which the protocol sets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ballot {
    /// The name of the branch, by which the caller will inquire.
    pub tag: u128,
    /// A transaction that wrote nothing is over at its vote; else it is prepared as well.
    pub read_only_vote: bool,
    /// The record of a branch that votes no.
    pub no_record: NoRecord,
}

/// The log record of a participant that votes no. Recovery finds no prepared record either way; the
/// abort record shows that the branch was rolled back on purpose.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NoRecord {
    /// Nothing is written.
    None,
    /// An abort record is written and not forced.
    Lazy,
    /// An abort record is forced before the vote is given.
    Forced,
}

/// The outcome of a prepared branch, and how it is recorded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Resolution {
    /// The outcome.
    pub decision: Decision,
    /// True if the participant decided alone, after too long in doubt.
    pub heuristic: bool,
    /// True if the answer waits until the outcome is durable here.
    pub forced: bool,
}

impl Resolution {
    /// The coordinator's decision, which is forced.
    pub const fn forced(decision: Decision) -> Self {
        Self { decision, heuristic: false, forced: true }
    }

    /// The coordinator's decision, which is logged but not forced, because it can be presumed.
    pub const fn presumed(decision: Decision) -> Self {
        Self { decision, heuristic: false, forced: false }
    }

    /// The participant's own decision.
    pub const fn heuristic(decision: Decision) -> Self {
        Self { decision, heuristic: true, forced: true }
    }
}

/// A branch in doubt.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Branch {
    /// The local transaction.
    pub txn: TxnId,
    /// The tag that its owner gave it; see [`transaction_of`].
    pub tag: u128,
    /// The operation on whose behalf it wrote.
    pub op: OpId,
    /// The time since which it has been in doubt; after a crash, that of the recovery.
    pub since: Time,
}

/// The log record of a prepared branch.
pub(super) struct InDoubt {
    pub txn: TxnId,
    pub tag: u128,
    pub ctx: Ctx,
    pub changes: Rc<Changes>,
    pub rows: Vec<RowId>,
    /// True if the history has recorded that it is prepared.
    pub announced: Cell<bool>,
}

/// A prepared branch of a database that serves.
pub(super) struct Prepared {
    pub branch: Rc<InDoubt>,
    pub lsn: Lsn,
    pub since: Time,
    /// True while its outcome is being written.
    pub deciding: bool,
}

impl Txn {
    /// Prepares: returns when the vote is durable.
    ///
    /// # Errors
    ///
    /// [`DbError::NoXa`] if the database cannot prepare; [`DbError::Broken`] if the transaction was
    /// rolled back before; [`DbError::Unknown`] if the database crashed after the request was
    /// submitted.
    pub async fn prepare(mut self, ballot: Ballot) -> Result<Vote, DbError> {
        let (ctx, label) = (*self.ctx(), label::PREPARE);
        let work = move |database: Rc<Database>, call| database.prepare_now(call, ballot);
        let answer = self.send(&ctx, label, work);
        let answer = answer.ok_or(DbError::Broken)?;
        self.over();
        answer.or(&self.database, DbError::Unknown).await
    }
}

impl Database {
    /// The branches in doubt, oldest first, including those whose outcome is known but not durable
    /// yet. A process on the database's side asks, without cost.
    pub fn prepared(&self) -> Vec<Branch> {
        let state = self.state();
        let branches = state.branches.values();
        branches
            .map(|Prepared { branch, since, .. }| Branch {
                txn: branch.txn,
                tag: branch.tag,
                op: branch.ctx.op,
                since: *since,
            })
            .collect()
    }

    /// The branches in doubt, and those whose prepared record is still being written. The process
    /// that has asked to prepare may have died, so a participant that looks for its branches must
    /// see them, too.
    pub fn preparing_or_prepared(&self) -> Vec<Branch> {
        let mut branches = self.prepared();
        let (state, since) = (self.state(), self.env.now());
        let preparing = state.sessions.iter().filter_map(|(txn, session)| {
            let (txn, op) = (TxnId(txn), session.ctx.op);
            Some(Branch { txn, tag: session.preparing?, op, since })
        });
        branches.extend(preparing);
        branches
    }

    /// Applies the outcome of a branch. It may be repeated: an unknown branch has ended. An abort
    /// also ends a branch that is not prepared yet.
    ///
    /// # Errors
    ///
    /// [`DbError::Unavailable`] if the database does not serve; [`DbError::Unknown`] if it crashed
    /// meanwhile.
    pub async fn resolve(
        self: &Rc<Self>,
        ctx: Ctx,
        from: NodeId,
        txn: TxnId,
        resolution: Resolution,
    ) -> Result<(), DbError> {
        let ctx = Ctx { node: self.node, ..ctx };
        let number = 1 << 32;
        let (class, relies) = (MessageClass::Database, Relies::On(Columns::NONE));
        let call = Call { ctx, txn, from, class, number, relies };
        let work = move |database: Rc<Self>, call| database.resolve_now(call, resolution);
        let (answer, _) = self.send(call, label::RESOLVE, work);
        answer.ok_or(DbError::Unavailable)?.or(self, DbError::Unknown).await
    }

    async fn prepare_now(self: Rc<Self>, call: Call, ballot: Ballot) -> Result<Vote, DbError> {
        if !self.spec().xa {
            self.abort(call.txn, AbortCause::Requested);
            return Err(DbError::NoXa);
        }
        let changes = self.begin_closing(&call)?;
        if changes.is_empty() && ballot.read_only_vote {
            self.close(&call.ctx, call.txn);
            return Ok(Vote::ReadOnly);
        }
        if let Some(session) = self.state_mut().sessions.get_mut(call.txn) {
            session.preparing = Some(ballot.tag);
        }
        let order = match self.admit(&call, label::PREPARE) {
            Ok(order) => order,
            Err(refusal) => {
                self.write_no(&call, ballot.no_record).await;
                return Err(refusal);
            }
        };
        // Read locks may be released at prepare: the branch does no more work, so two-phase locking
        // is satisfied.
        self.release(&call.ctx, call.txn, true);
        let rows = self.state().locks.held(call.txn).to_vec();
        if self.env.lapses(Lapse::PreparedReleases) {
            self.release(&call.ctx, call.txn, false);
        }
        let (txn, ctx) = (call.txn, call.ctx);
        let branch =
            InDoubt { txn, tag: ballot.tag, ctx, changes, rows, announced: Cell::new(false) };
        let branch = Rc::new(branch);
        let entry = Entry::Prepare(Rc::clone(&branch));
        let forcing = self.log.force_under(order, &ctx, entry, label::PREPARE, ForceKind::Prepare);
        let lsn = forcing.await.ok_or(DbError::Unknown)?;
        if !self.is_serving() {
            return Err(DbError::Unknown);
        }
        let session = self.state_mut().sessions.remove(txn);
        drop(session);
        self.hold(branch, lsn);
        self.settled.notify_all();
        Ok(Vote::Yes(txn))
    }

    /// Writes the record of a no vote, if the options ask for one and the disk has room.
    pub(super) async fn write_no(&self, call: &Call, no_record: NoRecord) {
        if self.disk().is(DiskFault::Full) {
            return;
        }
        let (ctx, txn) = (&call.ctx, call.txn);
        let entry = |resolution| Entry::Resolve { txn, resolution };
        match no_record {
            NoRecord::None => {}
            NoRecord::Lazy => {
                self.log.append(ctx, entry(Resolution::presumed(Decision::Abort)), label::ABORT);
            }
            // A crash during the write ends the call as well.
            NoRecord::Forced => {
                let entry = entry(Resolution::forced(Decision::Abort));
                self.log.force(ctx, entry, label::ABORT, ForceKind::Decide).await;
            }
        }
    }

    /// Turns a durable prepared record into a branch in doubt.
    pub(super) fn hold(&self, branch: Rc<InDoubt>, lsn: Lsn) {
        let since = self.env.now();
        let prepared = Prepared { branch: Rc::clone(&branch), lsn, since, deciding: false };
        self.state_mut().branches.insert(branch.txn, prepared);
        if branch.announced.replace(true) {
            return;
        }
        let (ctx, database, txn) = (branch.ctx, self.id, branch.txn);
        let transaction = transaction_of(branch.tag);
        let mut notes = vec![(ctx, Event::Prepared { database, txn, transaction })];
        notes.extend(branch.rows.iter().map(|RowId { table, key: row }| {
            (ctx, Event::PreparedRow { database, txn, table: *table, row: *row })
        }));
        notes.push(self.holds(&ctx, ctx.op, label::BRANCH, 1));
        self.write_notes(notes);
    }

    async fn resolve_now(
        self: Rc<Self>,
        call: Call,
        resolution: Resolution,
    ) -> Result<(), DbError> {
        let commits = resolution.decision == Decision::Commit;
        loop {
            if !self.is_serving() {
                return Err(DbError::Unavailable);
            }
            let (deciding, closing) = {
                let state = self.state();
                let deciding = state.branches.get(call.txn).map(|branch| branch.deciding);
                let closing = state.sessions.get(call.txn).is_some_and(|session| session.closing);
                (deciding, closing)
            };
            match deciding {
                Some(false) => break,
                None if !closing => {
                    if !commits {
                        self.abort(call.txn, AbortCause::Requested);
                    }
                    return Ok(());
                }
                // A vote or an outcome is being written; the state is known after that.
                Some(true) | None => self.settled.wait().await,
            }
        }
        if let Some(branch) = self.state_mut().branches.get_mut(call.txn) {
            branch.deciding = true;
        }
        let label = if commits { label::COMMIT } else { label::ABORT };
        let entry = Entry::Resolve { txn: call.txn, resolution };
        let mut order = Action::Go;
        let lsn = if resolution.forced {
            order = self.log.announce(&call.ctx, label);
            let forcing = self.log.force_under(order, &call.ctx, entry, label, ForceKind::Decide);
            forcing.await.ok_or(DbError::Unknown)?
        } else {
            self.log.append(&call.ctx, entry, label)
        };
        if !self.is_serving() {
            return Err(DbError::Unknown);
        }
        let apply = self.reach(&call.ctx, Hook::Apply, label, When::Before);
        let heard = self.is_heard(&call, order, apply.ok_or(DbError::Unknown)?);
        self.finish(call.txn, resolution, lsn);
        self.reach(&call.ctx, Hook::Apply, label, When::After);
        if heard { Ok(()) } else { Err(DbError::Unknown) }
    }

    /// Applies the outcome of a branch once it is in the log.
    pub(super) fn finish(&self, txn: TxnId, resolution: Resolution, lsn: Lsn) {
        let prepared = self.state_mut().branches.remove(txn);
        let Some(Prepared { branch, lsn: prepared, .. }) = prepared else { return };
        let ctx = branch.ctx;
        let replaced = Some((prepared, Rc::clone(&branch)));
        let (database, Resolution { decision, heuristic, .. }) = (self.id, resolution);
        if decision == Decision::Commit {
            self.install(&ctx, txn, &branch.changes, lsn, replaced);
        } else {
            let old_fence = self.state().fence;
            self.keep(Unsettled {
                lsn,
                changes: Rc::default(),
                old_rows: Vec::new(),
                old_events: Vec::new(),
                old_keys: Vec::new(),
                old_fence,
                branch: replaced,
            });
            let cause = AbortCause::Requested;
            self.env.record(&ctx, Event::Aborted { database, txn, cause });
        }
        self.env.record(&ctx, Event::Resolved { database, txn, decision, heuristic });
        self.write_notes(vec![self.holds(&ctx, ctx.op, label::BRANCH, -1)]);
        self.release(&ctx, txn, false);
        self.settled.notify_all();
    }
}
