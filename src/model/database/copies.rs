//! Copies of tables: how the owner of the source reads changes, and how a copy is written.
//!
//! A copy takes over the provenance of what it copies, unchanged: a probe of it sees what the copy
//! really contains. It shows no step of its own, since no operation writes it; so a copied effect
//! is never counted a second time.

use std::rc::Rc;
use std::sync::Arc;

use super::ledger::shown_by;
use super::locks::Mode;
use super::provenance::{Direction, Effect};
use super::reads::Reader;
use super::rows::{Row, RowId, RowVersion};
use super::state::State;
use super::{Call, Database, DbError, Txn};
use crate::kernel::NodeId;
use crate::model::env::Ctx;
use crate::model::lapse::Lapse;
use crate::model::record::{MessageClass, OpId, Sight};
use crate::model::system::{Columns, RowKey, ServiceId, StepId, TableId};

/// A row of a copy, as a probe of a step sees it.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The effect of the step that it shows.
    pub sight: Sight,
    /// The version of the row.
    pub version: u64,
    /// The row.
    pub row: RowVersion,
}

impl Txn {
    /// The rows (deleted ones included) that were committed after a position in the table's log, in
    /// that order, at most `limit`; and the position of the last one. It reads a snapshot, as
    /// [`Txn::groups`].
    ///
    /// # Errors
    ///
    /// As every statement.
    pub async fn committed(
        &mut self,
        table: TableId,
        after: u64,
        limit: usize,
    ) -> Result<(Vec<RowVersion>, u64), DbError> {
        self.query(table, move |database| {
            database.state_mut().table_mut(table).committed(after, limit)
        })
        .await
    }

    /// Overwrites rows of a copy with rows of its source, by one statement. Rows that are equal
    /// already are left alone; if all are, the transaction writes nothing.
    ///
    /// # Errors
    ///
    /// As every statement.
    pub async fn copy(&mut self, copy: TableId, rows: Vec<RowVersion>) -> Result<(), DbError> {
        let ctx = *self.ctx();
        self.ask(&ctx, move |database, call| async move {
            for row in &rows {
                database.check(&call)?;
                database
                    .lock(&call, RowId { table: copy, key: row.key() }, Mode::Exclusive)
                    .await?;
            }
            let act = move |db: &Database, call: &_| db.copy_rows(call, copy, &rows);
            database.statement(call, None, act).await
        })
        .await
    }
}

impl Txn {
    /// Overwrites a row of a copy with this version, by one statement, unless the copy has that or
    /// a newer one.
    ///
    /// # Errors
    ///
    /// As every statement.
    pub async fn adopt(&mut self, copy: TableId, version: RowVersion) -> Result<(), DbError> {
        let ctx = *self.ctx();
        self.ask(&ctx, move |database, call| async move {
            let row = RowId { table: copy, key: version.key() };
            database.check(&call)?;
            database.lock(&call, row, Mode::Exclusive).await?;
            let act = move |db: &Database, call: &_| db.adopt_row(call, row, &version);
            database.statement(call, None, act).await
        })
        .await
    }
}

impl Database {
    fn adopt_row(&self, call: &Call, row: RowId, version: &RowVersion) -> Result<(), DbError> {
        self.may_write(call, row.table)?;
        let now = self.env.sim().local_now(self.node);
        let State { sessions, tables, .. } = &mut *self.state_mut();
        let Some(session) = sessions.get_mut(call.txn) else { return Ok(()) };
        let committed = tables.get(row.table).get(row.key);
        if committed.version < version.version() || self.env.lapses(Lapse::OlderOverwritesNewer) {
            let own = session.changes.row_mut(row, committed);
            version.write_into(own);
            (own.version, own.updated_at) = (version.version(), now);
        }
        Ok(())
    }

    /// Shows rows of a copy, each as the one that a step of `ctx.op` touches.
    ///
    /// # Errors
    ///
    /// As [`Database::begin`] and every statement.
    pub async fn show(
        self: &Rc<Self>,
        ctx: Ctx,
        from: NodeId,
        service: ServiceId,
        copy: TableId,
        rows: Vec<(StepId, RowKey)>,
    ) -> Result<Vec<Shown>, DbError> {
        let ids = rows.iter().map(|(_, key)| RowId { table: copy, key: *key }).collect();
        let reader = Reader { ctx, from, service, class: MessageClass::Probe };
        self.look(reader, ids, Columns::ALL, None, move |database, call| {
            let show = |(step, key)| {
                let id = RowId { table: copy, key };
                let sight = database.sight(&Ctx { step, ..call.ctx }, id);
                let row = RowVersion::new(key, Arc::clone(database.state().row(copy, key)));
                Shown { sight, version: row.version(), row }
            };
            Ok(rows.into_iter().map(show).collect())
        })
        .await
    }

    /// The committed version of a row.
    pub fn newest_of(self: &Rc<Self>, table: TableId, key: RowKey) -> RowVersion {
        RowVersion::new(key, Arc::clone(self.state().row(table, key)))
    }

    /// The position of the newest change in a table's log; 0 if there is none yet.
    pub fn newest(self: &Rc<Self>, table: TableId) -> u64 {
        self.state_mut().table_mut(table).newest()
    }

    fn copy_rows(&self, call: &Call, copy: TableId, rows: &[RowVersion]) -> Result<(), DbError> {
        self.may_write(call, copy)?;
        let now = self.env.sim().local_now(self.node);
        let State { sessions, tables, .. } = &mut *self.state_mut();
        let Some(session) = sessions.get_mut(call.txn) else { return Ok(()) };
        let table = tables.get(copy);
        for row in rows {
            let id = RowId { table: copy, key: row.key() };
            let committed = table.get(id.key);
            if !row.exists() && self.env.lapses(Lapse::CopiesKeepDeleted) {
                continue;
            }
            if row.is_same(session.changes.row(id).unwrap_or(committed)) {
                continue;
            }
            let own = session.changes.row_mut(id, committed);
            row.write_into(own);
            own.updated_at = now;
        }
        Ok(())
    }

    /// The effect that a row of a copy shows of a step on another table: as
    /// [`super::ledger::Ledger::shows`], but by the provenance that was copied.
    pub(super) fn copy_shows(&self, op: OpId, step: StepId, row: &Row) -> (i32, i32) {
        let info = self.env.operation(op);
        let operation = self.env.system().operation(info.kind);
        let times = |direction| {
            let effect = Effect { op, step, direction };
            let entries = row.provenance(shown_by(operation, step, direction)).entries();
            entries.iter().filter(|entry| entry.0 == effect).map(|entry| entry.1).sum()
        };
        (times(Direction::Forward), times(Direction::Undo))
    }
}
