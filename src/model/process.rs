//! The process context: everything that a process can reach from the node it runs on.

use std::any::Any;
use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;

use super::database::Database;
use super::env::{Ctx, Env, label_stream};
use super::log::{ForceKind, Forcing, Log};
use super::path::Path;
use super::point::{Hook, When};
use super::record::{Decision, Event, LabelId, OpId, Station};
use super::service::Visit;
use super::system::{DatabaseId, RetrySpec, ServiceId, StepId, System, TableId};
use super::world::World;
use crate::kernel::{NodeId, Sim, Sleep, Span, Time};

/// A process's access to the world: its node, the operation for which it works, and everything that
/// it can reach.
#[derive(Clone)]
pub struct ProcessCtx {
    world: Rc<World>,
    ctx: Ctx,
}

/// Volatile memory that the processes of one node share. A crash clears it.
pub struct Local<T>(Rc<RefCell<T>>);

impl<T> Clone for Local<T> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<T> Local<T> {
    /// Accesses the memory in a closure, so that no borrow is held across an `.await`.
    pub fn with<R>(&self, touch: impl FnOnce(&mut T) -> R) -> R {
        touch(&mut self.0.borrow_mut())
    }
}

/// Waits until a node's own log is durable; for ever, if the node has crashed.
async fn durable(forcing: Forcing) {
    if forcing.await.is_none() {
        std::future::pending::<()>().await;
    }
}

/// A node's own log, as one of its processes writes it.
pub struct NodeLog<R> {
    log: Rc<Log<R>>,
    env: Env,
    ctx: Ctx,
}

impl<R: Clone + 'static> NodeLog<R> {
    /// Appends a record without waiting. It is durable after the next forced write.
    pub fn append(&self, record: R, label: &'static str) {
        self.log.append(&self.ctx, record, self.env.label(label));
    }

    /// Appends a record and calls `book`, which updates the counts of the history that follow the
    /// log. If a crash loses the record, [`NodeLog::take_lost`] returns it so that the counts can
    /// be corrected.
    pub fn append_and(&self, record: R, label: &'static str, book: impl FnOnce()) {
        self.log.append_and(&self.ctx, record, self.env.label(label), book);
    }

    /// Appends a record and waits until it is durable. A process whose node crashes at
    /// this point waits for ever: it goes no further.
    pub async fn force(&self, record: R, label: &'static str) {
        let label = self.env.label(label);
        durable(self.log.force(&self.ctx, record, label, ForceKind::Decide)).await;
    }

    /// Waits until everything appended so far is durable.
    pub async fn flush(&self) {
        durable(self.log.flush(&self.ctx, ForceKind::Decide)).await;
    }

    /// All records, oldest first. After a crash: the durable ones.
    pub fn records(&self) -> Vec<R> {
        self.log.records().into_iter().map(|(_, record)| record).collect()
    }

    /// The records that would survive a crash, oldest first.
    pub fn durable_records(&self) -> Vec<R> {
        let durable = self.log.durable();
        let records = self.log.records().into_iter();
        records.take_while(|(lsn, _)| *lsn <= durable).map(|(_, record)| record).collect()
    }

    /// The number of records in the log.
    pub fn len(&self) -> usize {
        self.log.len()
    }

    /// Returns whether the log has no record.
    pub fn is_empty(&self) -> bool {
        self.log.is_empty()
    }

    /// The records that crashes have lost since the last call. It serves the counts of the history
    /// only, which must no longer contain them.
    pub fn take_lost(&self) -> Vec<R> {
        self.log.take_lost()
    }

    /// Removes all records that `unneeded` picks, as truncating the log would.
    pub fn forget_if(&self, unneeded: impl Fn(&R) -> bool) {
        self.log.forget_if(unneeded);
    }
}

impl ProcessCtx {
    /// The context of a process that acts as `ctx` says.
    pub fn new(world: Rc<World>, ctx: Ctx) -> Self {
        Self { world, ctx }
    }

    /// The world.
    pub fn world(&self) -> &Rc<World> {
        &self.world
    }

    /// The environment that every part of the world shares.
    pub fn env(&self) -> &Env {
        self.world.env()
    }

    /// The system as data.
    pub fn system(&self) -> &System {
        self.world.env().system()
    }

    /// The executor.
    pub fn sim(&self) -> &Sim {
        self.world.env().sim()
    }

    /// The context that this process's records carry.
    pub fn ctx(&self) -> &Ctx {
        &self.ctx
    }

    /// The node this process runs on.
    pub fn node(&self) -> NodeId {
        self.ctx.node
    }

    /// The driver of this node, under the name that the pattern declared; all its instances have
    /// the same.
    pub fn driver(&self) -> Option<&'static str> {
        self.world.driver_on(self.ctx.node)
    }

    /// The service whose instance this node is, if it is one.
    pub fn service(&self) -> Option<ServiceId> {
        match self.world.pool(self.ctx.node)?.station() {
            Station::Service(service) => Some(service),
            Station::Driver(_) => None,
        }
    }

    /// The instance of a service that this process calls, for its operation and attempt: this very
    /// node if it is one.
    pub fn instance(&self, service: ServiceId) -> NodeId {
        if self.world.instances(service).contains(&self.ctx.node) {
            return self.ctx.node;
        }
        self.world.attempted(service, self.ctx.op, self.ctx.attempt)
    }

    /// The number of restarts of this node.
    pub fn incarnation(&self) -> u16 {
        self.sim().incarnation(self.ctx.node)
    }

    /// The global time now.
    pub fn now(&self) -> Time {
        self.sim().now()
    }

    /// The local time of this node now.
    pub fn clock(&self) -> Time {
        self.sim().local_now(self.ctx.node)
    }

    /// This process with another context.
    #[must_use]
    pub fn with(&self, ctx: Ctx) -> Self {
        Self { world: Rc::clone(&self.world), ctx }
    }

    /// This process, working for another operation.
    #[must_use]
    pub fn for_op(&self, op: OpId) -> Self {
        self.with(self.ctx.for_op(op))
    }

    /// This process, working on another step.
    #[must_use]
    pub fn at_step(&self, step: StepId, attempt: u16) -> Self {
        self.with(self.ctx.at_step(step, attempt))
    }

    /// Waits, on this node's clock.
    pub fn sleep(&self, span: Span) -> Sleep {
        self.sim().sleep(span)
    }

    /// Does one step of this driver's own work, as soon as a worker is free. At a service it does
    /// nothing: a service does its work with the request, which holds a worker already.
    pub async fn long_work(&self, label: &'static str) {
        if let Some(mut visit) = self.occupy().await {
            visit.work(label_stream(label)).await;
        }
    }

    /// Takes a worker of this driver, as soon as one is free, and holds it until the visit is
    /// dropped.
    pub async fn occupy(&self) -> Option<Visit> {
        let pool = self.world.pool(self.ctx.node)?;
        match pool.station() {
            Station::Driver(_) => pool.line_up(self.ctx).await,
            Station::Service(_) => None,
        }
    }

    /// Starts another process on this node, which dies with the node.
    pub fn spawn<F, Fut>(&self, process: F)
    where
        F: FnOnce(Self) -> Fut,
        Fut: Future<Output = ()> + 'static,
    {
        let process_number = self.env().next_process();
        let here = self.with(Ctx { process: process_number, ..self.ctx });
        self.sim().spawn(self.ctx.node, process(here));
    }

    /// Volatile memory of this node, made on first use and cleared by a crash.
    pub fn local<T: Default + 'static>(&self) -> Local<T> {
        Local(self.world.local(self.ctx.node))
    }

    /// This node's own durable log of `R` records, made on first use. It survives crashes, except
    /// for records that were not forced.
    pub fn log<R: Clone + 'static>(&self) -> NodeLog<R> {
        NodeLog { log: self.world.log(self.ctx.node), env: self.env().clone(), ctx: self.ctx }
    }

    /// The database that holds a table.
    pub fn database(&self, table: TableId) -> &Rc<Database> {
        self.world.database(self.system().table(table).database)
    }

    /// A database by id.
    pub fn database_of(&self, id: DatabaseId) -> &Rc<Database> {
        self.world.database(id)
    }

    /// Records an event.
    pub fn record(&self, event: Event) {
        self.env().record(&self.ctx, event);
    }

    /// The retry policy of the operation for which this process works, or that of the scenario.
    pub fn retry(&self) -> RetrySpec {
        self.env().retry(&self.ctx)
    }

    /// The retry policy for calls to a service on behalf of this process.
    pub fn retry_at(&self, service: ServiceId) -> RetrySpec {
        self.system().retry_at(service, &self.retry())
    }

    /// The retry policy for calls to a node on behalf of this process: that for its service, if it
    /// has one.
    pub fn retry_to(&self, node: NodeId) -> RetrySpec {
        let there = self.with(Ctx { node, ..self.ctx });
        there.service().map_or_else(|| self.retry(), |service| self.retry_at(service))
    }

    /// Waits before retry number `retry` (from 0), as a policy says.
    pub fn pause(&self, policy: &RetrySpec, retry: u16) -> Sleep {
        self.sleep(self.env().backoff(&self.ctx, policy, retry))
    }

    /// Records retry number `number`.
    pub fn retried(&self, label: &'static str, number: impl Into<u64>) {
        self.record(Event::Retried { label: self.label(label), number: number.into() });
    }

    /// The number of a text among the labels of the history.
    pub fn label(&self, text: &'static str) -> LabelId {
        self.env().label(text)
    }

    /// Notes that a path is taken, if paths are noted and the node is up.
    #[inline]
    pub fn passes(&self, path: impl Into<Path>) {
        if self.env().is_covered() && self.sim().is_up(self.node()) {
            self.env().pass(path.into());
        }
    }

    /// Applies a log record that is read after a restart. Its path counts as taken if that changes
    /// the state: a recovery that ignores the record does not take it.
    pub fn replays<S: Clone + PartialEq>(
        &self,
        path: impl Into<Path>,
        known: &mut S,
        replay: impl FnOnce(&mut S),
    ) {
        let before = self.env().is_covered().then(|| known.clone());
        replay(known);
        if before.is_some_and(|before| before != *known) {
            self.passes(path);
        }
    }

    /// Records a decision, with the attempt if it is about a distributed transaction, and reaches
    /// the semantic points on both sides of it.
    pub fn decide(&self, label: &'static str, decision: Decision, attempt: u16) {
        let (env, node) = (self.env(), self.ctx.node);
        let label = env.label(label);
        env.reach(&self.ctx, Hook::Decide, label, node, When::Before);
        self.record(Event::Decided { label, decision, attempt });
        env.reach(&self.ctx, Hook::Decide, label, node, When::After);
    }

    /// Records that this node's durable state holds unfinished work for the operation, or no longer
    /// does. Repeating it has no effect, so recovery may report again what it finds in its log.
    pub fn hold(&self, label: &'static str, held: bool) {
        let label = self.label(label);
        if self.sim().is_up(self.ctx.node) && self.world.is_news(self.ctx.op, label, held) {
            self.record(Event::Holds { label, change: if held { 1 } else { -1 } });
        }
    }
}

/// A node's volatile memory: one value per type.
pub(super) type Locals = RefCell<Vec<Rc<dyn Any>>>;
