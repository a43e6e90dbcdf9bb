//! What readers see, and the probes that write down what a reader sees.

use std::rc::Rc;
use std::sync::Arc;

use super::ledger::Shows;
use super::locks::Mode;
use super::provenance::{Direction, Effect};
use super::rows::RowId;
use super::{Call, Database, DbError, RowVersion, Txn};
use crate::kernel::{NodeId, Span};
use crate::model::env::Ctx;
use crate::model::record::{Kind, MessageClass, subject_column};
use crate::model::system::{ReadMode, RowKey, ServiceId, TableId};

impl Database {
    /// A probe: reads the row that `ctx.step` of `ctx.op` touches and notes what it shows of that
    /// step. `probe` names the probe.
    ///
    /// # Errors
    ///
    /// As [`Database::begin`] and every statement.
    pub async fn probe(
        self: &Rc<Self>,
        ctx: Ctx,
        from: NodeId,
        table: TableId,
        row: RowKey,
        probe: u64,
    ) -> Result<(), DbError> {
        self.look(
            ctx,
            from,
            RowId { table, key: row },
            MessageClass::Probe,
            move |database, call| {
                let Ctx { op, step, .. } = call.ctx;
                let effect = Effect { op, step, direction: Direction::Forward };
                let shows = match database.ledger.shows(effect) {
                    Shows { forward, undo } if forward == undo => 0,
                    Shows { forward: 1, undo: 0 } => 1,
                    Shows { .. } => 2,
                };
                let subject = u32::from(table.0);
                database.env.note(&call.ctx, Kind::ProbeSaw, subject, probe, shows);
            },
        )
        .await
    }

    /// A reader without an operation: reads a cell (`subject` packs table and column) and notes
    /// that it did. `probe` names the probe.
    ///
    /// # Errors
    ///
    /// As [`Database::begin`] and every statement.
    pub async fn read_column(
        self: &Rc<Self>,
        ctx: Ctx,
        from: NodeId,
        subject: u32,
        row: RowKey,
        probe: u64,
    ) -> Result<(), DbError> {
        let (table, _) = subject_column(subject);
        self.look(
            ctx,
            from,
            RowId { table, key: row },
            MessageClass::Probe,
            move |database, call| {
                database.env.note(&call.ctx, Kind::ProbeSaw, subject, probe, row.0);
            },
        )
        .await
    }

    /// Reads a row of reference data for its owner's API, in one round trip.
    ///
    /// # Errors
    ///
    /// As [`Database::begin`] and every statement.
    pub async fn look_up(
        self: &Rc<Self>,
        ctx: Ctx,
        from: NodeId,
        table: TableId,
        row: RowKey,
    ) -> Result<(), DbError> {
        self.look(ctx, from, RowId { table, key: row }, MessageClass::Database, |_, _| ()).await
    }

    /// A query of `service` that locks nothing, and holds a connection and a core for so long.
    ///
    /// # Errors
    ///
    /// As [`Database::begin`] and every statement.
    pub async fn query_for(
        self: &Rc<Self>,
        ctx: Ctx,
        from: NodeId,
        service: ServiceId,
        demand: Span,
    ) -> Result<(), DbError> {
        let mut txn = self.connect(ctx, from, (service, false), MessageClass::Database).await?;
        txn.alone(move |database, call| async move { database.work(&call, Some(demand)).await })
            .await
    }

    /// One locked read in a transaction of its own, in one round trip.
    async fn look(
        self: &Rc<Self>,
        ctx: Ctx,
        from: NodeId,
        row: RowId,
        class: MessageClass,
        note: impl FnOnce(&Self, &Call) + 'static,
    ) -> Result<(), DbError> {
        let mut txn = self.connect(ctx, from, (ServiceId(0), false), class).await?;
        txn.alone(move |database, call| {
            let lock = database.read_lock(row, Mode::Shared);
            database.statement(call, lock, move |database, call| {
                database.has(row.table)?;
                note(database, call);
                Ok(())
            })
        })
        .await
    }

    /// The lock that a read takes.
    pub(super) fn read_lock(&self, row: RowId, mode: Mode) -> Option<(RowId, Mode)> {
        let free = mode == Mode::Shared && self.spec().reads == ReadMode::Snapshot;
        (!free).then_some((row, mode))
    }

    /// The version of a row that a transaction sees.
    pub(super) fn see(&self, call: &Call, row: RowId) -> Result<RowVersion, DbError> {
        self.has(row.table)?;
        let state = self.state();
        let own = state.sessions.get(&call.txn).and_then(|session| session.changes.row(row));
        let seen = own.unwrap_or_else(|| state.row(row.table, row.key));
        Ok(RowVersion::new(row.key, Arc::clone(seen)))
    }

    /// A table is stored here.
    pub(super) fn has(&self, table: TableId) -> Result<(), DbError> {
        let here = self.env.system().table(table).database == self.id;
        if here { Ok(()) } else { Err(DbError::Denied) }
    }
}

impl Txn {
    /// The only statement of a transaction that only reads: it ends right behind it.
    pub(super) async fn alone<T, F>(
        &mut self,
        statement: impl FnOnce(Rc<Database>, Call) -> F + 'static,
    ) -> Result<T, DbError>
    where
        T: 'static,
        F: Future<Output = Result<T, DbError>> + 'static,
    {
        let ctx = *self.ctx();
        let result = self
            .ask(&ctx, move |database, call| async move {
                let result = statement(Rc::clone(&database), call).await;
                database.close(&call.ctx, call.txn);
                result
            })
            .await;
        self.over();
        result
    }
}
