//! Reads, and the probes that record the version that a reader saw.

use std::rc::Rc;
use std::sync::Arc;

use super::ledger::Shows;
use super::locks::Mode;
use super::provenance::{Direction, Effect};
use super::rows::RowId;
use super::txn::StepRef;
use super::{Call, Database, DbError, Relies, RowVersion, Txn};
use crate::kernel::{NodeId, Span};
use crate::model::env::Ctx;
use crate::model::lapse::Lapse;
use crate::model::record::{Event, MessageClass, ProbeId, RefusalReason, Sight};
use crate::model::system::{
    Below, ColumnRef, Columns, Lookup, ReadMode, RowKey, ServiceId, StepId, TableId,
};

/// The service that reads, and the class of its messages.
pub(super) struct Reader {
    pub ctx: Ctx,
    pub from: NodeId,
    pub service: ServiceId,
    pub class: MessageClass,
}

impl Database {
    /// A probe by `service`: reads rows by one statement and records what each shows of its step of
    /// `ctx.op`. A row may be a copy of the one that the step touches. `probe` names the probe.
    ///
    /// # Errors
    ///
    /// As [`Database::begin`] and every statement.
    pub async fn probe(
        self: &Rc<Self>,
        ctx: Ctx,
        from: NodeId,
        service: ServiceId,
        rows: Vec<(StepId, TableId, RowKey)>,
        probe: ProbeId,
    ) -> Result<(), DbError> {
        let ids = rows.iter().map(|(_, table, key)| RowId { table: *table, key: *key }).collect();
        let reader = Reader { ctx, from, service, class: MessageClass::Probe };
        self.look(reader, ids, Columns::ALL, None, move |database, call| {
            for (step, table, key) in rows {
                let ctx = Ctx { step, ..call.ctx };
                let sight = database.sight(&ctx, RowId { table, key });
                database.env.record(&ctx, Event::ProbeSaw { table, probe, sight });
            }
            Ok(())
        })
        .await
    }

    /// The state of a step as a row, or the copy of one, shows it to a probe.
    pub(super) fn sight(&self, ctx: &Ctx, row: RowId) -> Sight {
        let Ctx { op, step, .. } = *ctx;
        let kind = self.env.operation(op).kind;
        let touched = self.env.system().operation(kind).steps[step.index()].table;
        let (forward, undo) = if row.table == touched {
            let effect = Effect { op, step, direction: Direction::Forward };
            let Shows { forward, undo } = self.ledger.shows(effect);
            (i32::from(forward), i32::from(undo))
        } else {
            self.copy_shows(op, step, self.state().row(row.table, row.key))
        };
        let undo = if self.env.lapses(Lapse::ReaderSeesUndone) { 0 } else { undo };
        match (forward, undo) {
            (forward, undo) if forward == undo => Sight::Nothing,
            (1, 0) => Sight::Effect,
            _ => Sight::Other,
        }
    }

    /// A read of a cell for no operation, which is recorded, at the cost of `work` on a core or by
    /// default of a statement. `probe` names the probe.
    ///
    /// # Errors
    ///
    /// As [`Database::begin`] and every statement.
    pub async fn read_column(
        self: &Rc<Self>,
        ctx: Ctx,
        from: NodeId,
        service: ServiceId,
        (column, row): (ColumnRef, RowKey),
        probe: ProbeId,
        work: Option<Span>,
    ) -> Result<(), DbError> {
        let table = column.table;
        let reader = Reader { ctx, from, service, class: MessageClass::Probe };
        let (rows, columns) = (vec![RowId { table, key: row }], Columns::from(Some(column.column)));
        self.look(reader, rows, columns, work, move |database, call| {
            database.env.record(&call.ctx, Event::ReaderSaw { column, row, probe });
            Ok(())
        })
        .await
    }

    /// Looks up a row in one round trip, in this table of the database. A locking reader releases
    /// its lock at once: what was read may change before the caller acts on it.
    ///
    /// # Errors
    ///
    /// [`DbError::Refused`] if the row, or its absence, violates the step's rule; further ones as
    /// [`Database::begin`] and every statement.
    pub async fn look_up(
        self: &Rc<Self>,
        ctx: Ctx,
        from: NodeId,
        service: ServiceId,
        lookup: Lookup,
        row: RowKey,
    ) -> Result<(), DbError> {
        let id = RowId { table: lookup.table, key: row };
        let reader = Reader { ctx, from, service, class: MessageClass::Database };
        self.look(reader, vec![id], Columns::ALL, None, move |database, call| {
            let Some(Below { column, bound }) = lookup.refuse else { return Ok(()) };
            let reason = match &**database.state().row(id.table, id.key) {
                row if !row.live => RefusalReason::NoRow,
                row if row.value(column) < bound => RefusalReason::Bound,
                _ => return Ok(()),
            };
            database.refuse(call, id.table, reason)
        })
        .await
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
        let mut txn = self.connect(ctx, from, service, false, MessageClass::Database).await?;
        txn.alone(move |database, call| async move { database.work(&call, Some(demand)).await })
            .await
    }

    /// One locked read of these columns of some rows, in a transaction and round trip of its own.
    pub(super) async fn look<T: 'static>(
        self: &Rc<Self>,
        reader: Reader,
        rows: Vec<RowId>,
        columns: Columns,
        work: Option<Span>,
        act: impl FnOnce(&Self, &Call) -> Result<T, DbError> + 'static,
    ) -> Result<T, DbError> {
        let Reader { ctx, from, service, class } = reader;
        let mut txn = self.connect(ctx, from, service, false, class).await?;
        txn.rely_on(columns);
        txn.alone(move |database, call| async move {
            for row in &rows {
                database.check(&call)?;
                if let Some((row, mode)) = database.read_lock(*row, Mode::Shared) {
                    database.lock(&call, row, mode).await?;
                }
            }
            database.check(&call)?;
            database.work(&call, work).await?;
            database.check(&call)?;
            for row in &rows {
                database.has(row.table)?;
                database.fits(&call, row.table)?;
            }
            act(&database, &call)
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
        self.fits(call, row.table)?;
        let state = self.state();
        let own = state.sessions.get(call.txn).and_then(|session| session.changes.row(row));
        let seen = own.unwrap_or_else(|| state.row(row.table, row.key));
        Ok(RowVersion::new(row.key, Arc::clone(seen)))
    }

    /// Checks that the service of a transaction uses the current schema of the columns on which a
    /// request relies.
    #[inline]
    pub(super) fn fits(&self, call: &Call, table: TableId) -> Result<(), DbError> {
        if !self.env.has_schema_changes() {
            return Ok(());
        }
        let service = self.state().sessions.get(call.txn).map(|session| session.service);
        let columns = self.columns_of(call);
        let fits = service.is_none_or(|service| self.env.fits(&call.ctx, table, columns, service));
        if fits { Ok(()) } else { Err(DbError::SchemaBreak) }
    }

    /// The columns on which a request relies.
    pub(super) fn columns_of(&self, call: &Call) -> Columns {
        let StepRef { op, step, direction } = match call.relies {
            Relies::On(columns) => return columns,
            Relies::Step(step) => step,
        };
        let kind = self.env.operation(op).kind;
        let spec = &self.env.system().operation(kind).steps[step.index()];
        match direction {
            Direction::Forward => spec.forward_columns(),
            Direction::Undo => spec.undo_columns(),
        }
    }

    /// Checks that a table is stored here.
    pub(super) fn has(&self, table: TableId) -> Result<(), DbError> {
        let here = self.env.system().table(table).database == self.id;
        if here { Ok(()) } else { Err(DbError::Denied) }
    }
}

impl Txn {
    /// Executes the only statement of a read-only transaction, which ends right after it.
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
