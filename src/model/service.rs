//! The workers of a node: a bounded pool behind a bounded queue.
//!
//! A request to a service keeps its worker to the end, as a thread that waits for its database
//! does. A driver (a coordinator, an orchestrator, a relay) does not stand by while others work for
//! it: each of its steps has a worker for as long as its own work takes.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::env::{Ctx, Env};
use super::record::{Event, OpId, Station};
use super::system::{Name, OperationKind, ServiceId, Work};
use crate::kernel::{Dist, NodeId, Permit, Purpose, Semaphore, Span, Time};

/// The workers and the queue of one instance. What waits or works is volatile.
pub struct Pool {
    env: Env,
    at: Station,
    capacity: Capacity,
    workers: RefCell<Semaphore>,
    /// Which crash this pool is behind; visits of earlier ones no longer count.
    epoch: Cell<u32>,
    inside: Cell<u64>,
    /// Those of them that an operation is behind.
    for_operations: Cell<u64>,
    arrivals_sum: Cell<u128>,
    /// Requests so far that no operation is behind.
    unnamed: Cell<u64>,
}

/// How much one instance can do.
pub struct Capacity {
    /// The name of its service or driver, which all instances have in common, in draws.
    pub name: u64,
    /// The name of the instance in draws.
    pub instance: u64,
    /// Requests served at once.
    pub workers: u32,
    /// Requests that may wait.
    pub queue: u32,
    /// Work per request.
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

/// A request's stay, from the queue to the end of its work. Leaves when dropped.
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

    /// Whose workers they are.
    pub fn station(&self) -> Station {
        self.at
    }

    /// Waits for a worker, first come first served. `None` if the queue is full.
    pub async fn enter(self: &Rc<Self>, ctx: Ctx) -> Option<Visit> {
        let workers = self.workers.borrow().clone();
        if workers.available() == 0 && workers.waiting() >= self.capacity.queue as usize {
            self.env.record(&ctx, Event::Overflowed { at: self.at });
            return None;
        }
        self.line_up(ctx).await
    }

    /// Waits for a worker as [`Pool::enter`] does, however many wait: for what has been let in.
    /// `None` if the node crashes meanwhile.
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

    /// Drops everything that waits or works, as a crash of its node does. Called before the fence,
    /// so that what was dropped is still recorded.
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

    /// The work of the request of `ctx`. `leg` tells what is asked for. What no operation is behind
    /// is named by how many such requests there were before.
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

    /// How many requests wait or are served.
    pub fn inside(&self) -> u64 {
        self.inside.get()
    }

    /// Returns whether a request waits or is served that an operation is behind, though its caller
    /// may have given up.
    pub fn works_for_operations(&self) -> bool {
        self.for_operations.get() > 0
    }
}

impl Visit {
    /// The same stay on behalf of another context of its node: the next of several pieces of work.
    pub fn on_behalf_of(&mut self, ctx: Ctx) {
        self.ctx = ctx;
    }

    /// Does the work of the request; `leg` tells what is asked for.
    pub async fn work(&mut self, leg: u32) {
        let Capacity { name, work, .. } = &self.pool.capacity;
        self.spend(self.pool.draw(&self.ctx, leg, (*name, work))).await;
    }

    /// Does the work that a service does for the request which is a part of this one.
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
