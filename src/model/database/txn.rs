//! The statements of a transaction.

use std::rc::Rc;

use super::effects::Written;
use super::locks::Mode;
use super::provenance::{Delta, Derived, Direction, Version};
use super::rows::RowId;
use super::{
    Aggregate, Call, Database, DbError, Event, EventKind, Group, IdemKey, Relies, RowVersion, Txn,
    ledger,
};
use crate::kernel::Time;
use crate::model::contract::label;
use crate::model::env::Ctx;
use crate::model::lapse::Lapse;
use crate::model::point::{Action, Hook, When};
use crate::model::record::OpId;
use crate::model::system::{ReadFirst, RowKey, StepId, TableId};

/// A step of an operation, or its compensation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct StepRef {
    /// The operation.
    pub op: OpId,
    /// The step of the operation.
    pub step: StepId,
    /// The direction: forward or compensation.
    pub direction: Direction,
}

impl StepRef {
    /// The step itself.
    pub const fn forward(op: OpId, step: StepId) -> Self {
        Self { op, step, direction: Direction::Forward }
    }

    /// The compensation of the step.
    pub const fn undo(op: OpId, step: StepId) -> Self {
        Self { op, step, direction: Direction::Undo }
    }
}

/// The concurrency control of a write of derived values.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Policy {
    /// The write overwrites whatever is there.
    Blind,
    /// The write succeeds only if the row is still at this version ([`RowVersion::version`]).
    CompareAndSet(u64),
}

impl Txn {
    /// Carries out a step or its compensation.
    ///
    /// An update reads its row by a statement of its own, and computes in between.
    ///
    /// An insert or delete that this very step has done already has no further effect. Nor has the
    /// compensation of a step that never took effect.
    ///
    /// # Errors
    ///
    /// [`DbError::Refused`] (never for a compensation) by the step's rule, if the row to change is
    /// missing, or if the row to insert exists; further ones as every statement.
    pub async fn apply(&mut self, step: StepRef) -> Result<(), DbError> {
        let row = self.database.row_of(step);
        let ctx = Ctx { op: step.op, step: step.step, ..*self.ctx() };
        self.direction = step.direction;
        let found = match self.database.read_first(step) {
            None => None,
            Some(read) => Some(self.read_first(&ctx, row, step, read).await?),
        };
        self.ask(&ctx, move |database, call| {
            let (lock, relies) = (database.lock_of(step, row), Relies::Step(step));
            database.statement(Call { relies, ..call }, lock, move |database, call| {
                let hook = match step.direction {
                    Direction::Forward => Hook::Work,
                    Direction::Undo => Hook::Compensate,
                };
                let label = label::STATEMENT;
                let order = database.reach(&call.ctx, hook, label, When::Before);
                if let Action::Refuse(error) = order.ok_or(DbError::Broken)? {
                    database.abort(call.txn, error.cause());
                    return Err(error);
                }
                let done = database.apply_step(call, step, found.as_ref());
                database.reach(&call.ctx, hook, label, When::After);
                done
            })
        })
        .await
    }

    /// The row that an update is about to change.
    async fn read_first(
        &mut self,
        ctx: &Ctx,
        row: RowId,
        step: StepRef,
        read: ReadFirst,
    ) -> Result<RowVersion, DbError> {
        self.ask(ctx, move |database, call| {
            let lock = match read {
                ReadFirst::ForUpdate => Some((row, Mode::Exclusive)),
                ReadFirst::Plain | ReadFirst::Version => None,
            };
            let call = Call { relies: Relies::Step(step), ..call };
            database.statement(call, lock, move |database, call| database.see(call, row))
        })
        .await
    }

    /// Reads a row, which may not exist. It sees what this transaction has written. With locking
    /// readers the row stays locked until the transaction ends.
    ///
    /// # Errors
    ///
    /// As every statement.
    pub async fn read(&mut self, table: TableId, key: RowKey) -> Result<RowVersion, DbError> {
        self.read_for(table, key, Mode::Shared).await
    }

    /// Reads a row that is to be written: locks it exclusively, and reads its newest version
    /// whatever the readers of this database do.
    ///
    /// # Errors
    ///
    /// As every statement.
    pub async fn read_to_write(
        &mut self,
        table: TableId,
        key: RowKey,
    ) -> Result<RowVersion, DbError> {
        self.read_for(table, key, Mode::Exclusive).await
    }

    async fn read_for(
        &mut self,
        table: TableId,
        key: RowKey,
        mode: Mode,
    ) -> Result<RowVersion, DbError> {
        let row = RowId { table, key };
        let ctx = *self.ctx();
        self.ask(&ctx, move |database, call| {
            let lock = database.read_lock(row, mode);
            database.statement(call, lock, move |database, call| database.see(call, row))
        })
        .await
    }

    /// Reads many rows, existing or not, by one statement, in the order of the keys. A snapshot: it
    /// locks nothing and does not see what this transaction wrote.
    ///
    /// # Errors
    ///
    /// As every statement.
    pub async fn read_many(
        &mut self,
        table: TableId,
        keys: Vec<RowKey>,
    ) -> Result<Vec<RowVersion>, DbError> {
        self.query(table, move |database| {
            let state = database.state();
            let table = state.table(table);
            keys.into_iter().map(|key| table.version(key)).collect()
        })
        .await
    }

    /// The groups of these values under an aggregate, by one statement. A snapshot: it locks
    /// nothing and does not see what this transaction wrote.
    ///
    /// # Errors
    ///
    /// As every statement.
    pub async fn groups(
        &mut self,
        table: TableId,
        how: Aggregate,
        values: Vec<i64>,
    ) -> Result<Vec<Group>, DbError> {
        self.query(table, move |database| {
            let home = |effect, key| ledger::counts_for(&database.env, effect, how.into, key);
            database.state_mut().table_mut(table).groups(&how, values.into_iter(), home)
        })
        .await
    }

    /// The rows (deleted ones included) that were written at `since` or later on the database's
    /// clock, oldest first; at least `limit` if there are as many, and all that share the last
    /// one's time. It reads a snapshot, as [`Txn::groups`]: a transaction that commits later may
    /// have written earlier.
    ///
    /// # Errors
    ///
    /// As every statement.
    pub async fn changed(
        &mut self,
        table: TableId,
        since: Time,
        limit: usize,
    ) -> Result<Vec<RowVersion>, DbError> {
        self.query(table, move |database| {
            if database.env.lapses(Lapse::NewestChangesFirst) {
                let mut all = database.state_mut().table_mut(table).changed(since, usize::MAX);
                return all.split_off(all.len().saturating_sub(limit));
            }
            database.state_mut().table_mut(table).changed(since, limit)
        })
        .await
    }

    /// At most `limit` rows (deleted ones included) with keys after `after`, in the order of keys.
    /// Reads a snapshot, as [`Txn::groups`].
    ///
    /// # Errors
    ///
    /// As every statement.
    pub async fn scan(
        &mut self,
        table: TableId,
        after: Option<RowKey>,
        limit: usize,
    ) -> Result<Vec<RowVersion>, DbError> {
        self.query(table, move |database| database.state().table(table).scan(after, limit)).await
    }

    pub(super) async fn query<T: 'static>(
        &mut self,
        table: TableId,
        look: impl FnOnce(&Database) -> T + 'static,
    ) -> Result<T, DbError> {
        let ctx = *self.ctx();
        self.ask(&ctx, move |database, call| {
            database.statement(call, None, move |database, call| {
                database.has(table)?;
                database.fits(call, table)?;
                Ok(look(database))
            })
        })
        .await
    }

    /// Writes cells that were derived from versions that had been read, and nothing else of the
    /// row. Column [`super::EXISTENCE`] makes (1) or deletes (0) the row. For a blind overwrite of
    /// a whole row, name every column, also those that are only carried along.
    ///
    /// # Errors
    ///
    /// [`DbError::Conflict`] if the row was to be at another version; [`DbError::Refused`] if there
    /// is no such row, or if a value would newly show a step that its rule refuses; further ones
    /// as every statement.
    pub async fn write_versions(
        &mut self,
        table: TableId,
        key: RowKey,
        cells: Vec<(u8, Derived)>,
        policy: Policy,
    ) -> Result<(), DbError> {
        self.write(RowId { table, key }, Written::Cells(cells, policy)).await
    }

    /// Adds differences to cells, whatever they hold by now.
    ///
    /// # Errors
    ///
    /// As [`Txn::write_versions`].
    pub async fn write_deltas(
        &mut self,
        table: TableId,
        key: RowKey,
        deltas: Vec<(u8, Delta)>,
    ) -> Result<(), DbError> {
        self.write(RowId { table, key }, Written::Deltas(deltas)).await
    }

    async fn write(&mut self, row: RowId, written: Written) -> Result<(), DbError> {
        let ctx = *self.ctx();
        let relies = Relies::On(written.columns());
        self.ask(&ctx, move |database, call| {
            let call = Call { relies, ..call };
            let act = move |db: &Database, call: &_| db.write_derived(call, row, written);
            database.statement(call, Some((row, Mode::Exclusive)), act)
        })
        .await
    }

    /// Returns which of these versions the owner would refuse, if it applied them one after the
    /// other until the cell holds `value`: those with a step which belongs to this cell, is not
    /// shown yet, and is refused by chance, or because those before it have used up the stock. So a
    /// job can have all of these reverted, and carry on with the others.
    ///
    /// # Errors
    ///
    /// As every statement.
    pub async fn vet(
        &mut self,
        table: TableId,
        key: RowKey,
        (column, value): (u8, i64),
        versions: Vec<Version>,
    ) -> Result<Vec<bool>, DbError> {
        let row = RowId { table, key };
        let ctx = *self.ctx();
        self.ask(&ctx, move |database, call| {
            database.statement(call, None, move |database, _| {
                Ok(database.would_refuse(row, (column, value), &versions))
            })
        })
        .await
    }

    /// Reverts the newest step that one of these cells of a row shows ([`super::EXISTENCE`]
    /// included). The row's owner offers this to a job that cannot carry the row on.
    ///
    /// # Errors
    ///
    /// [`DbError::Conflict`] if the row is not at the `version` that was read; [`DbError::Refused`]
    /// if the cells show no step, or only compensated ones; further ones as every statement.
    pub async fn undo_row(
        &mut self,
        table: TableId,
        key: RowKey,
        version: u64,
        columns: Vec<u8>,
    ) -> Result<(), DbError> {
        let row = RowId { table, key };
        let ctx = *self.ctx();
        self.ask(&ctx, move |database, call| {
            let relies = Relies::On(columns.iter().copied().collect());
            let call = Call { relies, ..call };
            let act = move |db: &Database, call: &_| db.undo_newest(call, row, version, &columns);
            database.statement(call, Some((row, Mode::Exclusive)), act)
        })
        .await
    }

    /// Inserts an idempotency key (or a row of an inbox); returns whether it was new. It is stored
    /// if this transaction commits.
    ///
    /// # Errors
    ///
    /// As every statement.
    pub async fn once(&mut self, key: IdemKey) -> Result<bool, DbError> {
        Ok(self.claim(key, EventKind::Applied).await?.is_none())
    }

    /// Inserts an idempotency key as [`Txn::once`] does, with the outcome that a duplicate will
    /// find. Returns the outcome that was stored there before, which is kept.
    ///
    /// # Errors
    ///
    /// As every statement.
    pub async fn claim(
        &mut self,
        key: IdemKey,
        outcome: EventKind,
    ) -> Result<Option<EventKind>, DbError> {
        self.write_key(key, outcome, false).await
    }

    /// Stores an outcome under an idempotency key, whatever is there. Returns the previous outcome.
    ///
    /// # Errors
    ///
    /// As every statement.
    pub async fn replace_outcome(
        &mut self,
        key: IdemKey,
        outcome: EventKind,
    ) -> Result<Option<EventKind>, DbError> {
        self.write_key(key, outcome, true).await
    }

    async fn write_key(
        &mut self,
        key: IdemKey,
        outcome: EventKind,
        replace: bool,
    ) -> Result<Option<EventKind>, DbError> {
        let ctx = *self.ctx();
        let key = self.database.key_as_lapses_say(key, ctx.attempt);
        self.ask(&ctx, move |database, call| {
            let lock = Some((key.row(), Mode::Exclusive));
            database.statement(call, lock, move |database, call| {
                let state = &mut *database.state_mut();
                let session = state.sessions.get_mut(call.txn).ok_or(DbError::Broken)?;
                let own = session.changes.keys.iter().rfind(|(own, _)| *own == key);
                let found = own.map(|(_, outcome)| *outcome).or_else(|| state.keys.outcome(key));
                session.duplicate |= found.is_some() && !replace;
                if replace || found.is_none() {
                    session.changes.keys.push((key, outcome));
                }
                Ok(found)
            })
        })
        .await
    }

    /// Writes an event to the outbox. Relays can read it once this transaction has committed.
    ///
    /// # Errors
    ///
    /// As every statement.
    pub async fn enqueue(&mut self, event: Event) -> Result<(), DbError> {
        let ctx = *self.ctx();
        self.ask(&ctx, move |database, call| {
            database.statement(call, None, move |database, call| {
                let state = &mut *database.state_mut();
                let session = state.sessions.get_mut(call.txn).ok_or(DbError::Broken)?;
                session.changes.sent.push((state.outbox.number(), event));
                Ok(())
            })
        })
        .await
    }
}

impl Database {
    /// An idempotency key, or what a database with such a lapse takes for it.
    fn key_as_lapses_say(&self, key: IdemKey, attempt: u16) -> IdemKey {
        let mut key = key;
        if self.env.lapses(Lapse::KeysWithoutDirection) {
            key.direction = Direction::Forward;
        }
        if self.env.lapses(Lapse::KeysByAttempt) {
            key.consumer = attempt;
        }
        if self.env.lapses(Lapse::KeysWithoutStep) {
            key.step = StepId(0);
        }
        key
    }

    /// Removes the idempotency keys of these operations that were committed before `time` on this
    /// database's clock, when their retention ends.
    pub fn forget_keys_before(self: &Rc<Self>, time: Time, concerns: impl Fn(OpId) -> bool) {
        self.state_mut().keys.forget_before(time, concerns);
    }
}
