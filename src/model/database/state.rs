//! The state of a database, volatile and durable.

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use super::contention::Holding;
use super::keys::{IdemKey, Keys};
use super::limits::Heard;
use super::locks::{LockTable, Released, Wake, Woken};
use super::meter::Meter;
use super::outbox::{Event, EventKind, Outbox, OutboxRow};
use super::resolve::{InDoubt, Prepared};
use super::rows::{Row, RowId, Table};
use crate::kernel::{Numbered, Permit, Promise, Semaphore, Time};
use crate::model::env::{Ctx, Env};
use crate::model::log::Lsn;
use crate::model::record::{OpId, TxnId};
use crate::model::system::{DatabaseId, RowKey, ServiceId, StepId, System, TableId};

/// The state of a database, behind one `RefCell`.
pub(super) struct State {
    // Volatile.
    pub serving: bool,
    pub pool: Semaphore,
    pub cores: Semaphore,
    pub locks: LockTable,
    pub sessions: Numbered<TxnId, Box<Session>>,
    /// The times at which open transactions are rolled back for taking too long, in order.
    pub deadlines: VecDeque<(Time, TxnId)>,
    pub reaping: bool,
    /// Buffers for lock changes, for reuse.
    pub released: Vec<Released>,
    pub woken: Woken,
    // As the log says.
    pub branches: Numbered<TxnId, Prepared>,
    pub tables: Tables,
    pub outbox: Outbox,
    pub keys: Keys,
    /// Before-images for compensations: what a step found in the cells that it wrote.
    pub images: BTreeMap<(OpId, StepId), Image>,
    /// The highest fencing token of a committed transaction.
    pub fence: u64,
    /// Changes that are installed but not durable, oldest first.
    pub unsettled: VecDeque<Unsettled>,
    // Kept for the history.
    /// Transactions that a crash ended; noted at recovery, for a crashed node writes nothing.
    pub lost_transactions: Vec<(TxnId, Ctx)>,
    pub last_change: Time,
    pub meter: Meter,
    pub unnamed: u64,
}

/// The values that some cells of a row held, each with its column.
pub(super) type Image = Box<[(u8, i64)]>;

/// An open transaction, as the database sees it.
pub(super) struct Session {
    pub ctx: Ctx,
    pub service: ServiceId,
    pub grant: bool,
    pub changes: Changes,
    /// True once a commit or prepare was submitted: it is carried out even if the session breaks.
    pub closing: bool,
    /// True once its commit has taken effect.
    pub applied: bool,
    /// The tag of the branch, once it prepares.
    pub preparing: Option<u128>,
    /// True if a business rule refused a statement.
    pub refused: bool,
    /// True if its idempotency key was there already: the work was done before.
    pub duplicate: bool,
    /// The promise that wakes it when it waits for a row lock.
    pub wait: Option<(Ctx, Promise<Wake>)>,
    /// The number of times that it was woken to compete for a row lock.
    pub wakes: u64,
    /// The last sign of life of its client.
    pub heard: Heard,
    /// The connection, which is released when the session ends.
    pub _connection: (Permit, Option<Holding>),
}

/// A transaction to be woken, with its promise.
pub(super) struct Sleeper {
    pub txn: TxnId,
    pub row: RowId,
    pub wake: Wake,
    /// The number of times that it was woken before.
    pub wakes: u64,
    pub ctx: Ctx,
    pub promise: Promise<Wake>,
}

/// The writes of a transaction.
#[derive(Default)]
pub(super) struct Changes {
    /// New rows, in order.
    pub rows: Vec<(RowId, Arc<Row>)>,
    /// Events to be added to the outbox.
    pub sent: Vec<(u64, Event)>,
    /// Events to be removed from the outbox.
    pub taken: Vec<u64>,
    /// Idempotency keys, and the outcomes under them.
    pub keys: Vec<(IdemKey, EventKind)>,
    /// Before-images of steps.
    pub images: Vec<((OpId, StepId), Image)>,
    /// A fencing token higher than any before.
    pub token: Option<u64>,
}

/// A change that a crash now would undo, with the information to undo it.
pub(super) struct Unsettled {
    pub lsn: Lsn,
    pub changes: Rc<Changes>,
    pub old_rows: Vec<(RowId, Arc<Row>)>,
    pub old_events: Vec<OutboxRow>,
    pub old_keys: Vec<(IdemKey, Option<EventKind>)>,
    pub old_fence: u64,
    /// The prepared branch that ended with it, and the position of its record.
    pub branch: Option<(Lsn, Rc<InDoubt>)>,
}

impl Changes {
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
            && self.sent.is_empty()
            && self.taken.is_empty()
            && self.keys.is_empty()
            && self.token.is_none()
    }

    /// The transaction's own version of a row, if it has written it.
    pub fn row(&self, row: RowId) -> Option<&Arc<Row>> {
        let at = self.rows.binary_search_by_key(&row, |(id, _)| *id).ok()?;
        Some(&self.rows[at].1)
    }

    /// The transaction's own version of a row, to be changed; at first a copy of `committed`.
    pub fn row_mut(&mut self, row: RowId, committed: &Arc<Row>) -> &mut Row {
        let at = match self.rows.binary_search_by_key(&row, |(id, _)| *id) {
            Ok(at) => at,
            Err(at) => {
                let mut own = Row::clone(committed);
                own.version += 1;
                self.rows.insert(at, (row, Arc::new(own)));
                at
            }
        };
        Arc::make_mut(&mut self.rows[at].1)
    }
}

/// The tables of one database, in the order of their numbers.
pub(super) struct Tables(Vec<(TableId, Table)>);

impl Tables {
    fn of(system: &System, id: DatabaseId) -> Self {
        let specs = system.table_ids().map(|table| (table, system.table(table)));
        let stored = specs.filter(|(_, spec)| spec.database == id);
        Self(stored.map(|(table, spec)| (table, Table::new(spec))).collect())
    }

    /// One of the tables.
    ///
    /// # Panics
    ///
    /// If the table is stored in another database.
    pub fn get(&self, table: TableId) -> &Table {
        &self.0[self.place(table)].1
    }

    fn place(&self, table: TableId) -> usize {
        self.find(table).expect("the table is stored here")
    }

    fn find(&self, table: TableId) -> Option<usize> {
        self.0.binary_search_by_key(&table, |(stored, _)| *stored).ok()
    }
}

impl State {
    pub fn new(env: &Env, id: DatabaseId) -> Self {
        let system = env.system();
        let spec = &system.databases[id.index()];
        Self {
            serving: true,
            pool: Semaphore::new(env.sim(), spec.connections),
            cores: Semaphore::new(env.sim(), spec.cores),
            locks: LockTable::new(spec.lock_order),
            sessions: Numbered::new(),
            deadlines: VecDeque::new(),
            reaping: false,
            released: Vec::new(),
            woken: Vec::new(),
            branches: Numbered::new(),
            tables: Tables::of(system, id),
            outbox: Outbox::default(),
            keys: Keys::default(),
            images: BTreeMap::new(),
            fence: 0,
            unsettled: VecDeque::new(),
            lost_transactions: Vec::new(),
            last_change: Time::ZERO,
            meter: Meter::default(),
            unnamed: 0,
        }
    }

    /// A table of this database; see [`Tables::get`].
    pub fn table(&self, table: TableId) -> &Table {
        self.tables.get(table)
    }

    /// A table of this database, mutable; see [`Tables::get`].
    pub fn table_mut(&mut self, table: TableId) -> &mut Table {
        let place = self.tables.place(table);
        &mut self.tables.0[place].1
    }

    /// The committed version of a row.
    pub fn row(&self, table: TableId, key: RowKey) -> &Arc<Row> {
        self.table(table).get(key)
    }

    /// The version number of a row; always 0 for a pseudo-row such as an idempotency key.
    pub fn version(&self, id: RowId) -> u64 {
        let found = self.tables.find(id.table);
        found.map_or(0, |place| self.tables.0[place].1.get(id.key).version)
    }

    /// The transactions that the lock table wants to be woken, in order.
    pub fn take_woken(&mut self) -> Vec<Sleeper> {
        let sessions = &mut self.sessions;
        let sleepers = self.woken.drain(..).filter_map(|(txn, row, wake)| {
            let session = sessions.get_mut(txn)?;
            let (ctx, promise) = session.wait.take()?;
            let wakes = session.wakes;
            session.wakes += 1;
            Some(Sleeper { txn, row, wake, wakes, ctx, promise })
        });
        sleepers.collect()
    }
}
