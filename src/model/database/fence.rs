//! Fencing: transactions carry a token that only grows, and the database refuses a lower one than
//! it has seen.
//!
//! A lease cannot stop its former holder: a paused process, or one whose message is late, acts once
//! more when another one holds the lease. The store can. It keeps the highest token like a row:
//! read under a shared lock by transactions that carry it, raised under an exclusive one, and
//! durable with the transaction that raised it. So after the commit of a token no lower one
//! commits, despite crashes. (Kleppmann, *How to do distributed locking*, 2016.)

use super::locks::Mode;
use super::rows::RowId;
use super::{DbError, Txn};
use crate::model::lapse::Lapse;
use crate::model::record::{AbortCause, Event};
use crate::model::system::{RowKey, TableId};

/// The row that stands for the token in the lock table, in a pseudo-table of its own.
const FENCE: RowId = RowId { table: TableId(u16::MAX - 1), key: RowKey(0) };

impl Txn {
    /// Checks a fencing token, before anything else is done. A higher token is stored if this
    /// transaction commits.
    ///
    /// # Errors
    ///
    /// [`DbError::Fenced`] if a transaction with a higher token has committed; further ones as
    /// every statement.
    pub async fn fence(&mut self, token: u64) -> Result<(), DbError> {
        let ctx = *self.ctx();
        self.ask(&ctx, move |database, call| {
            let raises = database.state().fence < token;
            let mode = if raises { Mode::Exclusive } else { Mode::Shared };
            database.statement(call, Some((FENCE, mode)), move |database, call| {
                let highest = database.state().fence;
                if token < highest && !database.env.lapses(Lapse::FenceIsOpen) {
                    database.abort(call.txn, AbortCause::Fenced);
                    return Err(DbError::Fenced);
                }
                let passed = Event::Fenced { database: database.id, txn: call.txn, token };
                database.env.record(&call.ctx, passed);
                let state = &mut *database.state_mut();
                let session = state.sessions.get_mut(call.txn).ok_or(DbError::Broken)?;
                session.changes.token = (token > highest).then_some(token);
                Ok(())
            })
        })
        .await
    }
}
