//! The outbox: events that are committed together with the changes that they announce.
//!
//! An event gets its number from a sequence when its statement runs, and its *position* when its
//! transaction commits. So numbers can become visible out of order, and a relay that reads only
//! numbers greater than the last one it saw misses events; positions have no such gap. A relay
//! polls the table by number; one that tails the log reads by position.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::{Database, DbError};
use crate::kernel::NodeId;
use crate::model::env::Ctx;
use crate::model::record::OpId;
use crate::model::system::{ServiceId, StepId};

/// The outcome of a step that an event announces.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum EventKind {
    /// The step was carried out.
    Applied,
    /// The step was refused by a rule.
    Refused,
    /// The step was compensated.
    Undone,
}

/// An event: the outcome of one step of an operation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Event {
    /// The operation.
    pub op: OpId,
    /// The step.
    pub step: StepId,
    /// The outcome of the step.
    pub kind: EventKind,
}

/// The position of a committed event in the log.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Position(pub u64);

/// An event in the outbox.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OutboxRow {
    /// The number, in the order of statements.
    pub id: u64,
    /// The position in the log, in the order of commits.
    pub position: Position,
    /// The event.
    pub event: Event,
}

/// The outbox of one database.
#[derive(Default)]
pub(super) struct Outbox {
    rows: BTreeMap<u64, OutboxRow>,
    positions: BTreeMap<Position, u64>,
    last_id: u64,
    last_position: Position,
}

impl Outbox {
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// Numbers from one again.
    pub fn renumber(&mut self) {
        self.last_id = 0;
    }

    /// Commits an event.
    pub fn commit(&mut self, id: u64, event: Event) {
        self.last_position.0 += 1;
        self.restore(OutboxRow { id, position: self.last_position, event });
    }

    /// Puts a row back where it was.
    pub fn restore(&mut self, row: OutboxRow) {
        self.rows.insert(row.id, row);
        self.positions.insert(row.position, row.id);
    }

    pub fn remove(&mut self, id: u64) -> Option<OutboxRow> {
        let row = self.rows.remove(&id)?;
        self.positions.remove(&row.position);
        Some(row)
    }

    /// The numbers up to a position.
    fn until(&self, position: Position) -> Vec<u64> {
        self.positions.range(..=position).map(|(_, id)| *id).collect()
    }
}

impl Database {
    /// At most `limit` events of the reader's `own`, in the order of their numbers.
    ///
    /// # Errors
    ///
    /// As [`Database::begin`] and every statement.
    pub async fn outbox_read(
        self: &Rc<Self>,
        ctx: Ctx,
        from: NodeId,
        limit: usize,
        own: impl Fn(&OutboxRow) -> bool + 'static,
    ) -> Result<Vec<OutboxRow>, DbError> {
        self.outbox_query(ctx, from, move |outbox| {
            outbox.rows.values().filter(|row| own(row)).take(limit).copied().collect()
        })
        .await
    }

    /// Tails the log: at most so many events of the reader's `own` after a position, in the order
    /// of their commits. [`Database::committed`] signals when to read again.
    ///
    /// # Errors
    ///
    /// As [`Database::begin`] and every statement.
    pub async fn tail(
        self: &Rc<Self>,
        ctx: Ctx,
        from: NodeId,
        (after, limit): (Position, usize),
        own: impl Fn(&OutboxRow) -> bool + 'static,
    ) -> Result<Vec<OutboxRow>, DbError> {
        self.outbox_query(ctx, from, move |outbox| {
            let behind = outbox.positions.range(Position(after.0 + 1)..);
            behind.map(|(_, id)| outbox.rows[id]).filter(|row| own(row)).take(limit).collect()
        })
        .await
    }

    async fn outbox_query(
        self: &Rc<Self>,
        ctx: Ctx,
        from: NodeId,
        look: impl FnOnce(&Outbox) -> Vec<OutboxRow> + 'static,
    ) -> Result<Vec<OutboxRow>, DbError> {
        let mut txn = self.begin(ctx, from, ServiceId(0), false).await?;
        let statement = move |database: Rc<Self>, call| {
            database.statement(call, None, move |database, _| Ok(look(&database.state().outbox)))
        };
        txn.alone(statement).await
    }

    /// Deletes events, in a transaction of its own. Events that were deleted before are ignored.
    ///
    /// # Errors
    ///
    /// As [`Database::begin`], every statement and [`super::Txn::commit`].
    pub async fn outbox_delete(
        self: &Rc<Self>,
        ctx: Ctx,
        from: NodeId,
        ids: Vec<u64>,
    ) -> Result<(), DbError> {
        self.outbox_take(ctx, from, move |_| ids).await
    }

    /// Confirms that all of the reader's `own` events up to a position were published; they are
    /// then deleted, as a log is truncated after its last reader.
    ///
    /// # Errors
    ///
    /// As [`Database::outbox_delete`].
    pub async fn tail_confirm(
        self: &Rc<Self>,
        ctx: Ctx,
        from: NodeId,
        position: Position,
        own: impl Fn(&OutboxRow) -> bool + 'static,
    ) -> Result<(), DbError> {
        let passed_on = move |outbox: &Outbox| {
            let ids = outbox.until(position).into_iter();
            ids.filter(|id| outbox.rows.get(id).is_some_and(&own)).collect()
        };
        self.outbox_take(ctx, from, passed_on).await
    }

    async fn outbox_take(
        self: &Rc<Self>,
        ctx: Ctx,
        from: NodeId,
        choose: impl FnOnce(&Outbox) -> Vec<u64> + 'static,
    ) -> Result<(), DbError> {
        let mut txn = self.begin(ctx, from, ServiceId(0), false).await?;
        txn.ask(&ctx, move |database, call| {
            database.statement(call, None, move |database, call| {
                let state = &mut *database.state_mut();
                let session = state.sessions.get_mut(call.txn).ok_or(DbError::Broken)?;
                session.changes.taken = choose(&state.outbox);
                Ok(())
            })
        })
        .await?;
        txn.commit().await
    }
}
