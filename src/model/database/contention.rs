//! Waits between services that share a database.
//!
//! A request for a core, a connection or a row lock waits for the services that hold them
//! meanwhile. The store records, when a wait ends, which part of it each service has caused: at
//! every instant the wait is divided over the permits of the pool (or the holders of the row), and
//! the parts are integrated over time in whole nanoseconds, so that they add up to the wait.
//! Permits that no session holds (a fault took them) are attributed to no service. A wait that ends
//! with a crash of the database is not recorded.
//!
//! A database that only one service uses keeps no such account.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::locks::LockTable;
use super::rows::RowId;
use crate::kernel::{Span, Time};
use crate::model::env::{Ctx, Env};
use crate::model::record::{Event, Resource, TxnId};
use crate::model::system::{DatabaseId, ServiceId};

/// The account of waits in one database.
pub(super) struct Contention {
    env: Env,
    database: DatabaseId,
    cores: RefCell<Pool>,
    connections: RefCell<Pool>,
    rows: RefCell<Rows>,
}

/// Permits, each of which is held for a service or for none at any time.
struct Pool {
    capacity: u64,
    /// The number that each service holds.
    held: Vec<u64>,
    /// The integral of that number over time.
    area: Vec<u64>,
    since: Time,
}

#[derive(Default)]
struct Rows {
    /// The service of each open transaction.
    services: BTreeMap<TxnId, ServiceId>,
    waits: Vec<RowWait>,
}

/// A transaction that waits for a row lock.
struct RowWait {
    txn: TxnId,
    row: RowId,
    ctx: Ctx,
    since: Time,
    /// The part of the wait that each service has caused so far, in ns.
    shares: BTreeMap<ServiceId, u64>,
}

/// A permit that is held for a service.
pub(super) struct Holding {
    contention: Rc<Contention>,
    resource: Resource,
    service: ServiceId,
}

/// A wait for a permit, which is recorded when dropped.
pub(super) struct Waiting {
    contention: Rc<Contention>,
    resource: Resource,
    ctx: Ctx,
    service: ServiceId,
    began: Time,
    area: Vec<u64>,
}

impl Contention {
    /// An empty account; none unless several services use the database.
    pub fn new(env: &Env, database: DatabaseId) -> Option<Rc<Self>> {
        let system = env.system();
        let users = system.users(database);
        if users.len() < 2 {
            return None;
        }
        let services = users.last().map_or(0, |last| last.index() + 1).max(system.services.len());
        let spec = &system.databases[database.index()];
        let pool = |permits: u32| {
            let nothing = vec![0; services];
            let (held, area) = (nothing.clone(), nothing);
            RefCell::new(Pool { capacity: permits.into(), held, area, since: Time::ZERO })
        };
        Some(Rc::new(Self {
            env: env.clone(),
            database,
            cores: pool(spec.cores),
            connections: pool(spec.connections),
            rows: RefCell::default(),
        }))
    }

    fn pool(&self, resource: Resource) -> &RefCell<Pool> {
        if resource == Resource::Core { &self.cores } else { &self.connections }
    }

    /// Notes that a service begins to wait for a permit.
    pub fn wait(self: &Rc<Self>, resource: Resource, ctx: &Ctx, service: ServiceId) -> Waiting {
        let began = self.env.now();
        let mut pool = self.pool(resource).borrow_mut();
        pool.advance(began);
        let (contention, area) = (Rc::clone(self), pool.area.clone());
        Waiting { contention, resource, ctx: *ctx, service, began, area }
    }

    /// Notes that a service has got a permit.
    pub fn hold(self: &Rc<Self>, resource: Resource, service: ServiceId) -> Holding {
        let mut pool = self.pool(resource).borrow_mut();
        pool.advance(self.env.now());
        pool.held[service.index()] += 1;
        Holding { contention: Rc::clone(self), resource, service }
    }

    /// Notes that a transaction is open for a service.
    pub fn open(&self, txn: TxnId, service: ServiceId) {
        self.rows.borrow_mut().services.insert(txn, service);
    }

    /// The service for which a transaction acts.
    pub fn service(&self, txn: TxnId) -> Option<ServiceId> {
        self.rows.borrow().services.get(&txn).copied()
    }

    /// Notes that a transaction begins to wait for a row lock.
    pub fn wait_for_row(&self, ctx: &Ctx, txn: TxnId, row: RowId) {
        let (since, shares) = (self.env.now(), BTreeMap::new());
        self.rows.borrow_mut().waits.push(RowWait { txn, row, ctx: *ctx, since, shares });
    }

    /// Attributes the wait until now to the holders of the rows, which are about to change.
    pub fn settle(&self, locks: &LockTable) {
        let (now, rows) = (self.env.now(), &mut *self.rows.borrow_mut());
        for wait in &mut rows.waits {
            let waited = (now - std::mem::replace(&mut wait.since, now)).as_nanos();
            let holders = locks.holding(wait.row).filter(|holder| *holder != wait.txn);
            let holders: Vec<ServiceId> =
                holders.filter_map(|holder| rows.services.get(&holder).copied()).collect();
            let (parts, mut assigned) = (holders.len() as u64, 0);
            for (number, holder) in (1..).zip(holders) {
                let until = waited * number / parts;
                *wait.shares.entry(holder).or_default() += until - assigned;
                assigned = until;
            }
        }
    }

    /// Notes that a transaction does not wait for its row any more.
    pub fn end_wait(&self, txn: TxnId) {
        let (wait, service) = {
            let rows = &mut *self.rows.borrow_mut();
            let Some(at) = rows.waits.iter().position(|wait| wait.txn == txn) else { return };
            (rows.waits.remove(at), rows.services.get(&txn).copied())
        };
        let Some(service) = service else { return };
        for (holder, waited) in wait.shares {
            self.note(&wait.ctx, Resource::Lock, service, Some(holder), waited);
        }
    }

    /// Notes that a transaction has ended, prepared or not.
    pub fn close(&self, txn: TxnId) {
        self.rows.borrow_mut().services.remove(&txn);
    }

    /// Drops all waits and these transactions after a crash of the database.
    pub fn crash(&self, lost: impl Iterator<Item = TxnId>) {
        let rows = &mut *self.rows.borrow_mut();
        rows.waits.clear();
        for txn in lost {
            rows.services.remove(&txn);
        }
    }

    fn note(
        &self,
        ctx: &Ctx,
        resource: Resource,
        waiter: ServiceId,
        holder: Option<ServiceId>,
        waited: u64,
    ) {
        if waited > 0 {
            let (database, waited) = (self.database, Span::from_nanos(waited));
            self.env.record(ctx, Event::Contended { database, resource, waiter, holder, waited });
        }
    }
}

impl Pool {
    fn advance(&mut self, now: Time) {
        let passed = (now - self.since).as_nanos();
        self.since = now;
        for (area, held) in self.area.iter_mut().zip(&self.held) {
            *area += held * passed;
        }
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        let mut pool = self.contention.pool(self.resource).borrow_mut();
        pool.advance(self.contention.env.now());
        pool.held[self.service.index()] -= 1;
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let Self { contention, resource, ctx, service, began, area } = self;
        let now = contention.env.now();
        let waited = (now - *began).as_nanos();
        if waited == 0 {
            return;
        }
        let parts: Vec<u64> = {
            let mut pool = contention.pool(*resource).borrow_mut();
            pool.advance(now);
            let held = pool.area.iter().zip(&*area).map(|(after, before)| after - before);
            // Cumulative sums are rounded, not the parts, so that the parts add up to the wait
            // exactly.
            let until = held.scan(0, |sum, held| {
                *sum += held;
                Some(*sum / pool.capacity)
            });
            until.collect()
        };
        let mut assigned = 0;
        for (holder, until) in (0..).map(ServiceId).zip(parts) {
            contention.note(ctx, *resource, *service, Some(holder), until - assigned);
            assigned = until;
        }
        contention.note(ctx, *resource, *service, None, waited.saturating_sub(assigned));
    }
}
