//! The workers of a node: a bounded pool with a bounded queue.
//!
//! A request to a service holds its worker to the end, as a thread that waits for its database
//! does. A driver (a coordinator, an orchestrator, a relay) holds no worker while others work for
//! it: each of its steps has a worker for as long as its own work takes.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::env::{Ctx, Env};
use super::lapse::Lapse;
use super::record::{Event, OpId, Station};
use super::system::{Name, OperationKind, ServiceId, Work};
use crate::kernel::{Dist, NodeId, Permit, Purpose, Semaphore, Span, Time};

/// The workers and the queue of one instance. Waiting and running requests are volatile.
pub struct Pool {
    env: Env,
    at: Station,
    capacity: Capacity,
    workers: RefCell<Semaphore>,
    /// The number of crashes of this pool; visits from before the last one do not count any more.
    epoch: Cell<u32>,
    inside: Cell<u64>,
    /// The number of those that belong to an operation.
    for_operations: Cell<u64>,
    arrivals_sum: Cell<u128>,
    /// The number of requests so far that belong to no operation.
    unnamed: Cell<u64>,
}

/// The capacity of one instance.
pub struct Capacity {
    /// The stream name of its service or driver, the same for all instances.
    pub name: u64,
    /// The stream name of the instance.
    pub instance: u64,
    /// Requests served at once.
    pub workers: u32,
    /// Requests that may wait in the queue.
    pub queue: u32,
    /// Work for one request.
    pub work: Dist,
    /// True if other services were consolidated into this one, each with work of its own.
    pub is_composed: bool,
}

impl Capacity {
    /// A capacity of an instance with this name, of a service or driver with that one.
    pub fn new(name: &Name, instance: &Name, workers: u32, queue: u32, work: Dist) -> Self {
        Self {
            name: name.stream,
            instance: instance.stream,
            workers,
            queue,
            work,
            is_composed: false,
        }
    }
}

/// The stay of a request, from the queue to the end of its work. It ends when dropped.
pub struct Visit {
    pool: Rc<Pool>,
    _worker: Permit,
    ctx: Ctx,
    epoch: u32,
    since: Time,
    work: Span,
    for_operation: bool,
}

impl Pool {
    /// A pool with all workers free.
    pub fn new(env: &Env, at: Station, capacity: Capacity) -> Rc<Self> {
        Rc::new(Self {
            env: env.clone(),
            at,
            workers: RefCell::new(Semaphore::new(env.sim(), capacity.workers)),
            capacity,
            epoch: Cell::new(0),
            inside: Cell::new(0),
            for_operations: Cell::new(0),
            arrivals_sum: Cell::new(0),
            unnamed: Cell::new(0),
        })
    }

    /// The station whose workers they are.
    pub fn station(&self) -> Station {
        self.at
    }

    /// Waits for a worker, first come first served. `None` if the queue is full.
    pub async fn enter(self: &Rc<Self>, ctx: Ctx) -> Option<Visit> {
        let workers = self.workers.borrow().clone();
        let is_full = workers.waiting() >= self.capacity.queue as usize
            && !self.env.lapses(Lapse::QueueWithoutBound);
        if workers.available() == 0 && is_full {
            self.env.record(&ctx, Event::Overflowed { at: self.at });
            return None;
        }
        self.line_up(ctx).await
    }

    /// Waits for a worker as [`Pool::enter`] does, however long the queue is: for work that has
    /// been admitted already. `None` if the node crashes meanwhile.
    pub async fn line_up(self: &Rc<Self>, ctx: Ctx) -> Option<Visit> {
        let (at, workers) = (self.at, self.workers.borrow().clone());
        let since = self.env.now();
        self.inside.set(self.inside.get() + 1);
        let for_operation = ctx.op != OpId::NONE;
        self.for_operations.set(self.for_operations.get() + u64::from(for_operation));
        self.arrivals_sum.set(self.arrivals_sum.get() + u128::from(since.as_nanos()));
        self.env.record(&ctx, Event::Queued { at, waiting: workers.waiting() as u64 });
        let epoch = self.epoch.get();
        let worker = workers.acquire().await?;
        self.env.record(&ctx, Event::Started { at, waited: self.env.now() - since });
        let pool = Rc::clone(self);
        Some(Visit { pool, _worker: worker, ctx, epoch, since, work: Span::ZERO, for_operation })
    }

    /// Drops everything that waits or runs, as a crash of its node does. It must be called before
    /// the node goes down, so that the dropped requests are still recorded.
    pub fn crash(&self, node: NodeId) {
        let (requests, now) = (self.inside.take(), u128::from(self.env.now().as_nanos()));
        self.for_operations.set(0);
        let stayed = now * u128::from(requests) - self.arrivals_sum.take();
        let ctx = Ctx { node, ..Ctx::WORLD };
        let (at, stayed) = (self.at, Span::from_nanos(stayed as u64));
        self.env.record(&ctx, Event::Dropped { at, requests, stayed });
        self.epoch.set(self.epoch.get() + 1);
        let fresh = Semaphore::new(self.env.sim(), self.capacity.workers);
        self.workers.replace(fresh).close();
    }

    /// The work of the request of `ctx`; `leg` names the request. A request without an operation is
    /// keyed by the number of such requests before it.
    fn draw(&self, ctx: &Ctx, leg: u32, (own, work): (u64, &Dist)) -> Span {
        let place = u64::from(ctx.step.0) | u64::from(ctx.attempt) << 8;
        let (name, stream) = match ctx.op {
            OpId::NONE => {
                self.unnamed.set(self.unnamed.get() + 1);
                (self.capacity.instance, self.unnamed.get())
            }
            op => (own, self.env.op_stream(op)),
        };
        let streams = self.env.streams();
        let mut rng = streams.draw(Purpose::Work, name, stream, place, leg.into());
        work.sample(&mut rng)
    }

    /// The services whose work a request costs, if others were consolidated into this one.
    pub fn parts(&self, ctx: &Ctx, work: Work) -> Option<Vec<ServiceId>> {
        let Station::Service(host) = self.at else { return None };
        self.capacity.is_composed.then(|| {
            let parts = |kind| self.env.system().parts(host, kind, work);
            match ctx.op {
                OpId::NONE => parts(OperationKind(0)),
                op => parts(self.env.operation(op).kind),
            }
        })
    }

    /// The number of requests that wait or run.
    pub fn inside(&self) -> u64 {
        self.inside.get()
    }

    /// Returns whether a request of an operation waits or runs, whose caller may have given up
    /// already.
    pub fn works_for_operations(&self) -> bool {
        self.for_operations.get() > 0
    }
}

impl Visit {
    /// Continues this visit in another context of its node, for the next of several pieces of work.
    pub fn on_behalf_of(&mut self, ctx: Ctx) {
        self.ctx = ctx;
    }

    /// Does the work of the request; `leg` names the request.
    pub async fn work(&mut self, leg: u32) {
        let Capacity { name, work, .. } = &self.pool.capacity;
        self.spend(self.pool.draw(&self.ctx, leg, (*name, work))).await;
    }

    /// Does the work of a consolidated service for its part of this request.
    pub async fn work_as(&mut self, part: ServiceId, leg: u32) {
        let spec = &self.pool.env.system().services[part.index()];
        let work = self.pool.draw(&self.ctx, leg, (spec.name.stream, &spec.work));
        self.spend(work).await;
    }

    async fn spend(&mut self, work: Span) {
        self.work += work;
        if work > Span::ZERO {
            let sim = self.pool.env.sim().clone();
            sim.work(work).await;
        }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let pool = &*self.pool;
        if self.epoch != pool.epoch.get() {
            return;
        }
        pool.inside.set(pool.inside.get() - 1);
        pool.for_operations.set(pool.for_operations.get() - u64::from(self.for_operation));
        let since = u128::from(self.since.as_nanos());
        pool.arrivals_sum.set(pool.arrivals_sum.get() - since);
        let (at, work, stayed) = (pool.at, self.work, pool.env.now() - self.since);
        pool.env.record(&self.ctx, Event::Finished { at, work, stayed });
    }
}
