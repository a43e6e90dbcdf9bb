//! Copies of tables: what the source's owner reads to have it copied, and how a copy is written.
//!
//! A copy takes over the provenance of what it copies, unchanged: what a probe of it sees is what
//! the copy really contains. It shows no step of its own, for no operation writes it; so a copied
//! effect is never counted a second time.

use std::rc::Rc;

use super::ledger::shown_by;
use super::locks::Mode;
use super::provenance::{Direction, Effect};
use super::rows::{Row, RowId, RowVersion};
use super::state::State;
use super::{Call, Database, DbError, Txn};
use crate::model::record::OpId;
use crate::model::system::{StepId, TableId};

impl Txn {
    /// The rows (deleted ones included) that were committed behind a place in the table's log, in
    /// that order, at most `limit`; and the place of the last one. A snapshot, as [`Txn::groups`].
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

    /// Makes rows of a copy what these rows of its source are, by one statement. What is so
    /// already is left alone, and if that goes for all of them the transaction writes nothing.
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

impl Database {
    /// The place of the newest change in a table's log; 0 if there is none yet.
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
            if row.is_same(session.changes.row(id).unwrap_or(committed)) {
                continue;
            }
            let own = session.changes.row_mut(id, committed);
            row.write_into(own);
            own.updated_at = now;
        }
        Ok(())
    }

    /// The effect that a row of a copy shows of a step that was taken in another table: as
    /// [`super::ledger::Ledger::shows`], but by what was copied.
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
