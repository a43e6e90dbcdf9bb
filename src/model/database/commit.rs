//! The end of a transaction: first the log, then the rows, then the history.

use std::rc::Rc;
use std::sync::Arc;

use super::ledger::EXISTENCE;
use super::provenance::{Direction, Effect};
use super::resolve::{InDoubt, NoRecord, Resolution};
use super::rows::{Row, RowId, RowVersion};
use super::state::{Changes, Unsettled};
use super::versions::{Write, acknowledged};
use super::{Call, Database, DbError, Txn};
use crate::model::contract::label;
use crate::model::disk::DiskFault;
use crate::model::env::Ctx;
use crate::model::lapse::Lapse;
use crate::model::local_fault::LocalFault;
use crate::model::log::{ForceKind, Lsn};
use crate::model::point::{Action, Hook, When};
use crate::model::record::{AbortCause, Event, LabelId, OpId, TxnId};
use crate::model::system::{ColumnRef, StepId, StepSpec};

/// A record of a database's log.
#[derive(Clone)]
pub(super) enum Entry {
    /// A local transaction committed.
    Commit { txn: TxnId, ctx: Ctx, changes: Rc<Changes> },
    /// A branch is prepared.
    Prepare(Rc<InDoubt>),
    /// A prepared branch has ended.
    Resolve { txn: TxnId, resolution: Resolution },
}

/// An event that is recorded later, when no state is borrowed.
pub(super) type Note = (Ctx, Event);

impl Txn {
    /// Commits: returns when everything is durable and visible, and rows of quorum tables have
    /// their write quorum.
    ///
    /// # Errors
    ///
    /// [`DbError::Broken`] if the transaction was rolled back before; [`DbError::Unknown`] if the
    /// database crashed after the commit was submitted, or a write quorum was not reached in time.
    pub async fn commit(mut self) -> Result<(), DbError> {
        let (ctx, label) = (*self.ctx(), label::COMMIT);
        let answer = self.send(&ctx, label, |database, call| database.commit_now(call));
        let answer = answer.ok_or(DbError::Broken)?;
        self.over();
        let writes = answer.or(&self.database, DbError::Unknown).await?;
        if writes.is_empty() {
            return Ok(());
        }
        acknowledged(&self.database, &ctx, writes).await
    }

    /// Rolls back; returns when that is done or the session is broken. The transaction has no
    /// effect either way.
    pub async fn rollback(self) {
        self.rollback_with(NoRecord::None).await;
    }

    /// Rolls back a branch that votes no, and writes the record of that vote.
    pub async fn rollback_with(mut self, no_record: NoRecord) {
        let (ctx, label) = (*self.ctx(), label::ROLLBACK);
        let answer = self.send(&ctx, label, move |database: Rc<Database>, call| async move {
            database.abort(call.txn, AbortCause::Requested);
            database.write_no(&call, no_record).await;
            Ok(())
        });
        // A session that is over was rolled back already; one with an unanswered statement is
        // rolled back when dropped.
        let Some(answer) = answer else { return };
        self.over();
        // A crash of the database rolls it back as well.
        answer.or(&self.database, DbError::Broken).await.unwrap_or_default();
    }
}

impl Database {
    async fn commit_now(self: Rc<Self>, call: Call) -> Result<Vec<Rc<Write>>, DbError> {
        let changes = self.begin_closing(&call)?;
        let mut writes = Vec::new();
        let mut heard = true;
        if !changes.is_empty() {
            let (txn, ctx) = (call.txn, call.ctx);
            let order = self.admit(&call, label::COMMIT)?;
            let entry = Entry::Commit { txn, ctx, changes: Rc::clone(&changes) };
            let forcing =
                self.log.force_under(order, &ctx, entry, label::COMMIT, ForceKind::Commit);
            let lsn = forcing.await.ok_or(DbError::Unknown)?;
            if !self.is_serving() {
                return Err(DbError::Unknown);
            }
            let apply = self.reach(&ctx, Hook::Apply, label::COMMIT, When::Before);
            heard = self.is_heard(&call, order, apply.ok_or(DbError::Unknown)?);
            if let Some(session) = self.state_mut().sessions.get_mut(txn) {
                session.applied = true;
            }
            writes = self.install(&ctx, txn, &changes, lsn, None);
            self.reach(&ctx, Hook::Apply, label::COMMIT, When::After);
        }
        self.close(&call.ctx, call.txn);
        if heard { Ok(writes) } else { Err(DbError::Unknown) }
    }

    /// Announces the log record of a transaction, and returns the action of the watchers. If a
    /// fault or a full disk prevents the record, the transaction is rolled back.
    pub(super) fn admit(&self, call: &Call, label: LabelId) -> Result<Action, DbError> {
        let order = self.log.announce(&call.ctx, label);
        let refusal = match order {
            Action::Refuse(error) => error,
            _ if self.disk().is(DiskFault::Full) => DbError::DiskFull,
            _ if self.suffers(LocalFault::Serialization, call) => DbError::Serialization,
            _ => return Ok(order),
        };
        if let Some(session) = self.state_mut().sessions.get_mut(call.txn) {
            session.closing = false;
        }
        self.abort(call.txn, refusal.cause());
        Err(refusal)
    }

    /// Returns whether the answer to a commit reaches its caller.
    pub(super) fn is_heard(&self, call: &Call, force: Action, apply: Action) -> bool {
        force != Action::Mute
            && apply != Action::Mute
            && !self.suffers(LocalFault::CommitUnknown, call)
    }

    /// Returns whether a local fault of this database strikes a transaction.
    pub(super) fn suffers(&self, local_fault: LocalFault, call: &Call) -> bool {
        self.env.suffers(local_fault, self.spec().name.stream, &call.ctx, 0)
    }

    /// Reaches a semantic point of this database and returns the action of the watchers; none if
    /// its node went down.
    #[inline]
    pub(super) fn reach(
        &self,
        ctx: &Ctx,
        hook: Hook,
        label: LabelId,
        when: When,
    ) -> Option<Action> {
        if !self.env.is_watched() {
            return Some(Action::Go);
        }
        let order = self.env.reach(ctx, hook, label, self.node, when);
        self.env.sim().is_up(self.node).then_some(order)
    }

    /// Marks a transaction as submitted: it is carried to its end even if its session breaks.
    pub(super) fn begin_closing(&self, call: &Call) -> Result<Rc<Changes>, DbError> {
        self.check(call)?;
        let mut state = self.state_mut();
        let session = state.sessions.get_mut(call.txn).ok_or(DbError::Broken)?;
        session.closing = true;
        Ok(Rc::new(std::mem::take(&mut session.changes)))
    }

    /// Ends a session and releases its connection and its locks.
    pub(super) fn close(&self, ctx: &Ctx, txn: TxnId) {
        let session = self.state_mut().sessions.remove(txn);
        if session.is_some() {
            self.release(ctx, txn, false);
        }
    }

    /// Installs the changes of a transaction and records what they show. The log has them at `lsn`;
    /// `branch` is the prepared branch that ends with it. Returns the versions that are sent to
    /// copies.
    pub(super) fn install(
        &self,
        ctx: &Ctx,
        txn: TxnId,
        changes: &Rc<Changes>,
        lsn: Lsn,
        branch: Option<(Lsn, Rc<InDoubt>)>,
    ) -> Vec<Rc<Write>> {
        let writes = self.send_to_copies(ctx, changes);
        let mut notes = Vec::with_capacity(8);
        let mut old_rows = Vec::new();
        let mut old_events = Vec::new();
        let mut old_keys = Vec::new();
        let old_fence = self.state().fence;
        {
            let now = self.env.now();
            let fleeting = lsn > self.log.durable() || self.env.lapses(Lapse::RecoveryCutsTooMuch);
            let state = &mut *self.state_mut();
            for (id, row) in &changes.rows {
                let old = state.table_mut(id.table).put(id.key, Arc::clone(row));
                self.compare(*id, &old, row, ctx, &mut notes);
                if fleeting {
                    old_rows.push((*id, old));
                }
            }
            for (id, event) in &changes.sent {
                state.outbox.commit(*id, *event);
                notes.push(self.holds(ctx, event.op, label::OUTBOX, 1));
            }
            for row in changes.taken.iter().filter_map(|id| state.outbox.remove(*id)) {
                notes.push(self.holds(ctx, row.event.op, label::OUTBOX, -1));
                old_events.push(row);
            }
            for (key, outcome) in &changes.keys {
                let now = self.env.sim().local_now(self.node);
                let before = state.keys.insert(*key, *outcome, now);
                old_keys.push((*key, before));
                if before.is_some() {
                    continue;
                }
                let ctx = Ctx { op: key.op, step: key.step, ..*ctx };
                notes.push((ctx, Event::Keyed { database: self.id, direction: key.direction }));
            }
            state.images.extend(changes.images.iter().cloned());
            state.fence = changes.token.unwrap_or_default().max(old_fence);
            state.last_change = now;
        }
        let changes = Rc::clone(changes);
        self.keep(Unsettled { lsn, changes, old_rows, old_events, old_keys, old_fence, branch });
        self.write_notes(notes);
        self.env.record(ctx, Event::Committed { database: self.id, txn });
        self.committed.notify_all();
        writes
    }

    /// Sends the new versions of rows of quorum tables to their copies, each for the step that has
    /// written it.
    fn send_to_copies(&self, ctx: &Ctx, changes: &Changes) -> Vec<Rc<Write>> {
        let system = self.env.system();
        if system.quorums.is_empty() {
            return Vec::new();
        }
        let of_quorum = |(id, row): &(RowId, Arc<Row>)| {
            Some((system.quorum_of(id.table)?, *id, Arc::clone(row)))
        };
        let changed = changes.rows.iter().filter_map(of_quorum);
        let send = |(number, id, row): (usize, RowId, Arc<Row>)| {
            let ctx = Ctx { step: self.step_of(ctx, id).unwrap_or(ctx.step), ..*ctx };
            let undo = |entry: &(Effect, i32)| {
                let Effect { op, step, direction } = entry.0;
                (op, step, direction) == (ctx.op, ctx.step, Direction::Undo)
            };
            let columns = [EXISTENCE].into_iter().chain(0..row.cells.len() as u8);
            let undone =
                columns.into_iter().any(|column| row.provenance(column).entries().iter().any(undo));
            let row = RowVersion::new(id.key, row);
            self.versions.commit(&self.env, number, ctx, row, undone)
        };
        changed.map(send).collect()
    }

    /// The step of an operation that touches a row.
    fn step_of(&self, ctx: &Ctx, row: RowId) -> Option<StepId> {
        if ctx.op == OpId::NONE {
            return None;
        }
        let info = self.env.operation(ctx.op);
        let steps = &self.env.system().operation(info.kind).steps;
        let touches = |step: &StepSpec| {
            step.table == row.table && info.keys[usize::from(step.key)] == row.key
        };
        steps.iter().position(touches).map(|at| StepId(at as u8))
    }

    /// Keeps the undo information of a change until the change is durable, and then removes its log
    /// records.
    pub(super) fn keep(&self, change: Unsettled) {
        self.state_mut().unsettled.push_back(change);
        self.settle();
    }

    /// Drops the undo information of changes that have become durable.
    pub(super) fn settle(&self) {
        let durable = self.log.durable();
        let mut state = self.state_mut();
        let kept = usize::from(self.env.lapses(Lapse::RecoveryCutsTooMuch));
        while state.unsettled.len() > kept
            && state.unsettled.front().is_some_and(|change| change.lsn <= durable)
        {
            let change = state.unsettled.pop_front().expect("there is a first one");
            self.log.forget(change.lsn);
            if let Some((prepared, _)) = change.branch {
                self.log.forget(prepared);
            }
        }
    }

    /// Records the effects and values that a new version of a row shows and the old one did not.
    pub(super) fn compare(
        &self,
        id: RowId,
        old: &Row,
        new: &Row,
        ctx: &Ctx,
        notes: &mut Vec<Note>,
    ) {
        let RowId { table, key: row } = id;
        let columns = [EXISTENCE].into_iter().chain(0..new.cells.len() as u8);
        for column in columns {
            let cell = ColumnRef { table, column };
            for (effect, times) in new.provenance(column).since(old.provenance(column)) {
                if self.ledger.is_shown_by(effect, table, column, row) {
                    self.ledger.count((effect, times));
                    let ctx = Ctx { op: effect.op, step: effect.step, ..*ctx };
                    let (direction, change) = (effect.direction, times.into());
                    notes.push((ctx, Event::Shown { column: cell, direction, change }));
                }
            }
            if column == EXISTENCE {
                if old.live && !new.live {
                    notes.push((*ctx, Event::RowDeleted { table, row }));
                }
            } else if new.live && (!old.live || old.value(column) != new.value(column)) {
                let value = new.value(column);
                notes.push((*ctx, Event::Value { column: cell, row, value }));
            }
        }
    }

    /// The record that a log holds unfinished work, or no longer does.
    pub(super) fn holds(&self, ctx: &Ctx, op: OpId, label: LabelId, change: i64) -> Note {
        (ctx.for_op(op), Event::Holds { label, change })
    }

    pub(super) fn write_notes(&self, notes: Vec<Note>) {
        for (ctx, event) in notes {
            self.env.record(&ctx, event);
        }
    }
}
