//! A service instance: a bounded pool of workers behind a bounded queue.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::env::{Ctx, Env};
use super::record::Event;
use super::system::ServiceId;
use crate::kernel::{NodeId, Permit, Semaphore, Span, Time};

/// The workers and the queue of one instance. What waits or works is volatile.
pub struct Pool {
    env: Env,
    service: ServiceId,
    workers: RefCell<Semaphore>,
    /// Which crash this pool is behind; visits of earlier ones no longer count.
    epoch: Cell<u32>,
    inside: Cell<u64>,
    arrivals_sum: Cell<u128>,
    /// Requests so far that no operation is behind.
    unnamed: Cell<u64>,
}

/// A request's stay, from the queue to the end of its work. Leaves when dropped.
pub struct Visit {
    pool: Rc<Pool>,
    _worker: Permit,
    ctx: Ctx,
    epoch: u32,
    since: Time,
    work: Span,
}

impl Pool {
    /// A pool with all workers free.
    pub fn new(env: &Env, service: ServiceId) -> Rc<Self> {
        let workers = env.system().services[service.index()].workers;
        Rc::new(Self {
            env: env.clone(),
            service,
            workers: RefCell::new(Semaphore::new(env.sim(), workers)),
            epoch: Cell::new(0),
            inside: Cell::new(0),
            arrivals_sum: Cell::new(0),
            unnamed: Cell::new(0),
        })
    }

    /// Waits for a worker, first come first served. `None` if the queue is full.
    pub async fn enter(self: &Rc<Self>, ctx: Ctx) -> Option<Visit> {
        let service = self.service;
        let workers = self.workers.borrow().clone();
        let waiting = workers.waiting();
        let room = self.env.system().services[self.service.index()].queue;
        if workers.available() == 0 && waiting >= room as usize {
            self.env.record(&ctx, Event::Overflowed { service });
            return None;
        }
        let since = self.env.now();
        self.inside.set(self.inside.get() + 1);
        self.arrivals_sum.set(self.arrivals_sum.get() + u128::from(since.as_nanos()));
        self.env.record(&ctx, Event::Queued { service, waiting: waiting as u64 });
        let epoch = self.epoch.get();
        let worker = workers.acquire().await?;
        self.env.record(&ctx, Event::Started { service, waited: self.env.now() - since });
        let pool = Rc::clone(self);
        Some(Visit { pool, _worker: worker, ctx, epoch, since, work: Span::ZERO })
    }

    /// Drops everything that waits or works, as a crash of its node does. Called before the fence,
    /// so that what was dropped is still recorded.
    pub fn crash(&self, node: NodeId) {
        let (requests, now) = (self.inside.take(), u128::from(self.env.now().as_nanos()));
        let stayed = now * u128::from(requests) - self.arrivals_sum.take();
        let ctx = Ctx { node, ..Ctx::WORLD };
        let (service, stayed) = (self.service, Span::from_nanos(stayed as u64));
        self.env.record(&ctx, Event::Dropped { service, requests, stayed });
        self.epoch.set(self.epoch.get() + 1);
        let fresh = Semaphore::new(
            self.env.sim(),
            self.env.system().services[self.service.index()].workers,
        );
        self.workers.replace(fresh).close();
    }

    /// Numbers the requests that no operation is behind, which are named so in draws, from 1.
    pub(super) fn next_unnamed(&self) -> u64 {
        self.unnamed.set(self.unnamed.get() + 1);
        self.unnamed.get()
    }

    /// How many requests wait or are served.
    pub fn inside(&self) -> u64 {
        self.inside.get()
    }
}

impl Visit {
    /// Notes how much work of the service's own was drawn for this request.
    pub fn worked(&mut self, work: Span) {
        self.work += work;
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let pool = &*self.pool;
        if self.epoch != pool.epoch.get() {
            return;
        }
        pool.inside.set(pool.inside.get() - 1);
        let since = u128::from(self.since.as_nanos());
        pool.arrivals_sum.set(pool.arrivals_sum.get() - since);
        let (service, work, stayed) = (pool.service, self.work, pool.env.now() - self.since);
        pool.env.record(&self.ctx, Event::Finished { service, work, stayed });
    }
}
