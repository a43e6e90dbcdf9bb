//! Databases: rows with provenance, locks, transactions, prepared branches, and a log that makes
//! them last.
//!
//! A [`Database`] lives on a node. A service opens a [`Txn`] and sends it statements; each travels
//! to the database's node, waits for its row lock and a core, works, and travels back. Statements
//! run as processes of the database's node, so its crash, pause and slowness act on them, and what
//! was submitted goes on when the caller dies.
//!
//! - A transaction writes to a workspace of its own. [`Txn::commit`] forces one log record and then
//!   puts the new rows in place; [`Txn::prepare`] forces them too and keeps the row locks until
//!   [`Database::resolve`].
//! - A transaction that is dropped was cut off: the database rolls it back one link delay later or,
//!   if the client's machine has died, when a limit of the session ends it.
//! - [`Database::crash`] forgets everything volatile: locks, open transactions, the pool.
//!   [`Database::recover`] redoes the durable log; prepared branches are in doubt again, with their
//!   locks, before any session is opened.
//! - Every cell keeps its *provenance*. At a commit the store compares the old with the new one and
//!   writes down which effects of which operations it shows now, or no longer.
//! - Row locks are held until the outcome is known. The victim of a deadlock is the requester that
//!   would close the circle. A deadlock or a lock timeout rolls the whole transaction back at once.
//! - Beside tables there are idempotency keys ([`Txn::once`]), an outbox ([`Txn::enqueue`]) and the
//!   highest fencing token ([`Txn::fence`]), which take part in transactions like rows.

mod commit;
mod contention;
mod copies;
mod effects;
pub(super) mod error;
mod fence;
mod flight;
mod groups;
mod keys;
mod ledger;
mod limits;
mod locks;
mod meter;
mod outbox;
mod provenance;
mod reads;
mod recovery;
mod resolve;
mod rows;
mod session;
mod state;
mod txn;
pub mod versions;
pub(super) mod wire;

use self::versions::Versions;
use std::cell::{Ref, RefCell, RefMut};
use std::rc::Rc;

use super::disk::Disk;
use super::env::{Ctx, Env};
use super::log::Log;
use super::record::{LogId, MessageClass, OpId, TxnId};

use super::system::{Columns, DatabaseId, DatabaseSpec, StepId};
use crate::kernel::{Draw, NodeId, Purpose, Semaphore, Signal, Time};

use commit::Entry;
use contention::Contention;
use ledger::Ledger;
pub use limits::MANUAL as LIMITS;
pub use locks::MANUAL as LOCKS;
use state::State;

pub use copies::Shown;
pub use error::DbError;
pub use groups::{Aggregate, Group};
pub use keys::IdemKey;
pub use ledger::EXISTENCE;
pub use meter::Totals;
pub use outbox::{Event, EventKind, OutboxRow, Position};
pub use provenance::{Delta, Derived, Direction, Provenance, Version};
pub use resolve::{Ballot, Branch, NoRecord, Resolution, Vote};
pub use rows::RowVersion;
pub use session::Txn;
pub use txn::{Policy, StepRef};
pub use wire::Wire;

/// One database.
pub struct Database {
    env: Env,
    id: DatabaseId,
    node: NodeId,
    wire: Rc<dyn Wire>,
    log: Log<Entry>,
    ledger: Ledger,
    /// The account of waits between services, if several use the database.
    contention: Option<Rc<Contention>>,
    /// A signal for each commit.
    committed: Signal,
    /// The versions that are being sent to copies.
    versions: Versions,
    /// A signal for each branch that becomes prepared or is resolved.
    settled: Signal,
    state: RefCell<State>,
}

/// A request that is being processed, or on its way to the database.
#[derive(Clone, Copy)]
struct Call {
    /// The context of the caller, at the database's node.
    ctx: Ctx,
    txn: TxnId,
    from: NodeId,
    class: MessageClass,
    /// The number that keys its draws, together with the operation, step and attempt.
    number: u64,
    /// The columns of its table on which it relies.
    relies: Relies,
}

/// The columns of its table on which a request relies, which matter only while a schema changes.
#[derive(Clone, Copy)]
enum Relies {
    /// The given columns.
    On(Columns),
    /// The columns that a step, or its compensation, names.
    Step(StepRef),
}

impl Database {
    /// A database that serves at once.
    pub fn new(env: &Env, id: DatabaseId, node: NodeId, wire: Rc<dyn Wire>) -> Rc<Self> {
        let spec = &env.system().databases[id.index()];
        let sim = env.sim();
        Rc::new(Self {
            log: Log::new(env, spec.name.stream, LogId::of_database(id), spec.force.clone(), node),
            ledger: Ledger::new(env, id),
            contention: Contention::new(env, id),
            committed: Signal::new(sim),
            versions: Versions::new(sim),
            settled: Signal::new(sim),
            state: RefCell::new(State::new(env, id)),
            env: env.clone(),
            id,
            node,
            wire,
        })
    }

    /// The id of this database.
    pub fn id(&self) -> DatabaseId {
        self.id
    }

    /// The node of this database.
    pub fn node(&self) -> NodeId {
        self.node
    }

    /// A signal that is given after every commit.
    pub fn committed(&self) -> &Signal {
        &self.committed
    }

    /// The versions that are being sent to copies.
    pub fn versions(&self) -> &Versions {
        &self.versions
    }

    /// The time of the last commit.
    pub fn last_change(&self) -> Time {
        self.state().last_change
    }

    /// Returns whether work is left here: an open transaction (except a short one of no operation),
    /// a lock, a prepared branch, an event in the outbox, or a recovery.
    pub fn busy(&self) -> bool {
        let state = self.state();
        !state.serving
            || state.sessions.values().any(|it| it.is_work(self.env.now()))
            || !state.branches.is_empty()
            || state.locks.len() > 0
            || !state.outbox.is_empty()
    }

    /// Returns whether the database serves: it has neither crashed nor is recovering.
    pub fn is_serving(&self) -> bool {
        self.state().serving
    }

    /// Exact totals, for self-checks.
    pub fn totals(&self) -> Totals {
        self.state().meter.totals(self.env.now())
    }

    /// The number of transactions that wait for a connection.
    pub fn waiting(&self) -> usize {
        self.state().pool.waiting()
    }

    /// The pool of connections, for faults that exhaust it.
    pub fn pool(&self) -> Semaphore {
        self.state().pool.clone()
    }

    /// The disk of its log.
    pub fn disk(&self) -> &Disk {
        self.log.disk()
    }

    fn spec(&self) -> &DatabaseSpec {
        &self.env.system().databases[self.id.index()]
    }

    fn state(&self) -> Ref<'_, State> {
        self.state.borrow()
    }

    /// Borrows the state. The borrow must end before any await, record or wake-up, because those
    /// may crash this very database.
    fn state_mut(&self) -> RefMut<'_, State> {
        self.state.borrow_mut()
    }

    /// The generator of a draw: keyed by the operation, step and attempt or, without an operation,
    /// by the number of such draws before.
    fn rng(&self, purpose: Purpose, ctx: &Ctx, number: u64) -> Draw {
        let (cause, place) = if ctx.op == OpId::NONE {
            let mut state = self.state_mut();
            state.unnamed += 1;
            (0, state.unnamed)
        } else {
            let step =
                if ctx.step == StepId::NONE { u64::from(u8::MAX) } else { ctx.step.0.into() };
            (self.env.op_stream(ctx.op), step | u64::from(ctx.attempt) << 8)
        };
        self.env.streams().draw(purpose, self.spec().name.stream, cause, place, number)
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(super) use tests::test_system;
