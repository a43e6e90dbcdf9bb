//! The environment that every part of the world shares: time, random streams, system, history.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use rand::RngExt;

use super::contract::label;
use super::disk::{Disk, Disks};
use super::lapse::{Lapse, Lapses};
use super::local_fault::LocalFaults;
use super::offered::Offered;
pub use super::offered::OpInfo;
use super::path::{Path, Paths};
use super::point::{Action, Point, Watcher};
use super::record::{Event, LabelId, OpId, Record, TxnId};
use super::replica::lag::Lags;
use super::schema::Schemas;
use super::system::{RetrySpec, StepId, System};
use crate::kernel::{NodeId, Purpose, RandomStreams, Recorder, Sim, Span, Time};

/// A cheap handle to what every part of the world shares.
#[derive(Clone)]
pub struct Env(Rc<Shared>);

struct Shared {
    sim: Sim,
    streams: RandomStreams,
    system: Arc<System>,
    /// The longest retry policy, computed on first use because it needs every kind of operation and
    /// every service.
    longest_retry: OnceCell<RetrySpec>,
    recorder: Recorder<Record>,
    labels: RefCell<Vec<&'static str>>,
    operations: RefCell<Offered>,
    transactions: Cell<u64>,
    processes: Cell<u32>,
    messages: Cell<u32>,
    /// The number of operations offered beyond those that the loads draw.
    extras: Cell<u64>,
    listed: Cell<bool>,
    /// The number of durable records that hold unfinished work, over all operations.
    held: Cell<i64>,
    watched: Cell<bool>,
    watchers: RefCell<Vec<Rc<dyn Watcher>>>,
    covered: Cell<bool>,
    paths: RefCell<Paths>,
    disks: Disks,
    local_faults: LocalFaults,
    schemas: Schemas,
    lags: Lags,
    lapses: Lapses,
}

/// The node that acts and the operation that it acts for: the context that a [`Record`] carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ctx {
    /// The node on which the process runs.
    pub node: NodeId,
    /// The process; 0 is the world itself.
    pub process: u32,
    /// The message that started the process, or 0.
    pub cause: u32,
    /// The operation for which it works, or [`OpId::NONE`].
    pub op: OpId,
    /// The step on which it works, or [`StepId::NONE`].
    pub step: StepId,
    /// The attempt, from 0.
    pub attempt: u16,
}

impl Ctx {
    /// The world itself, for no operation.
    pub const WORLD: Self = Self {
        node: NodeId::WORLD,
        process: 0,
        cause: 0,
        op: OpId::NONE,
        step: StepId::NONE,
        attempt: 0,
    };

    /// This context, for another operation.
    #[must_use]
    pub const fn for_op(self, op: OpId) -> Self {
        Self { op, step: StepId::NONE, attempt: 0, ..self }
    }

    /// This context, for another step.
    #[must_use]
    pub const fn at_step(self, step: StepId, attempt: u16) -> Self {
        Self { step, attempt, ..self }
    }
}

impl Env {
    /// The shared part of a new world.
    pub fn new(
        sim: Sim,
        streams: RandomStreams,
        system: Arc<System>,
        recorder: Recorder<Record>,
    ) -> Self {
        Self(Rc::new(Shared {
            local_faults: LocalFaults::new(&sim),
            schemas: Schemas::new(&sim),
            lags: Lags::new(&sim),
            disks: Disks::default(),
            lapses: Lapses::default(),
            sim,
            streams,
            system,
            longest_retry: OnceCell::new(),
            recorder,
            labels: RefCell::new(label::TEXTS.to_vec()),
            operations: RefCell::default(),
            transactions: Cell::new(0),
            processes: Cell::new(0),
            messages: Cell::new(0),
            extras: Cell::new(0),
            listed: Cell::new(false),
            held: Cell::new(0),
            watched: Cell::new(false),
            watchers: RefCell::default(),
            covered: Cell::new(false),
            paths: RefCell::default(),
        }))
    }

    /// The executor.
    pub fn sim(&self) -> &Sim {
        &self.0.sim
    }

    /// The source of every draw.
    pub fn streams(&self) -> &RandomStreams {
        &self.0.streams
    }

    /// The system under study.
    pub fn system(&self) -> &Arc<System> {
        &self.0.system
    }

    /// The history.
    pub fn recorder(&self) -> &Recorder<Record> {
        &self.0.recorder
    }

    /// The global time now.
    pub fn now(&self) -> Time {
        self.0.sim.now()
    }

    /// Records an event that is not about a message.
    pub fn record(&self, ctx: &Ctx, event: Event) {
        self.record_message(ctx, 0, event);
    }

    /// Records an event that is about a message. Nothing is recorded for a node that is down.
    pub fn record_message(&self, ctx: &Ctx, message: u32, event: Event) {
        let shared = &*self.0;
        let Some(incarnation) = shared.sim.incarnation_if_up(ctx.node) else { return };
        if let Event::Holds { change, .. } = event {
            shared.held.set(shared.held.get() + change);
        }
        shared.recorder.push(Record {
            time: shared.sim.now(),
            event,
            op: ctx.op,
            process: ctx.process,
            message,
            cause: ctx.cause,
            node: ctx.node,
            incarnation,
            attempt: ctx.attempt,
            step: ctx.step,
        });
    }

    /// The number of a label in the history. Labels of the [`contract`](super::contract) have fixed
    /// numbers; others are numbered in the order of their first use.
    pub fn label(&self, text: &'static str) -> LabelId {
        let mut labels = self.0.labels.borrow_mut();
        // Most labels are the same string literal as before, so comparing addresses avoids
        // comparing texts.
        let itself = labels.iter().position(|known| std::ptr::eq(*known, text));
        let known = itself.or_else(|| labels.iter().position(|known| *known == text));
        LabelId(known.unwrap_or_else(|| {
            labels.push(text);
            labels.len() - 1
        }) as u32)
    }

    /// The text of a label that was used in this run.
    pub fn label_text(&self, label: LabelId) -> Option<&'static str> {
        self.0.labels.borrow().get(label.0 as usize).copied()
    }

    /// Registers an operation that arrives.
    pub fn arrive(&self, info: OpInfo) -> OpId {
        self.0.operations.borrow_mut().push(&info)
    }

    /// The facts of an operation. Panics for [`OpId::NONE`].
    pub fn operation(&self, op: OpId) -> OpInfo {
        self.0.operations.borrow().get(op)
    }

    /// The stream name of an operation in keyed draws; [`OpId::NONE`] has one, too.
    pub fn op_stream(&self, op: OpId) -> u64 {
        if op == OpId::NONE { 0 } else { self.0.operations.borrow().stream(op) }
    }

    /// The number of the next transaction.
    pub fn next_txn(&self) -> TxnId {
        TxnId(next(&self.0.transactions))
    }

    /// The number of the next process, from 1.
    pub fn next_process(&self) -> u32 {
        let number = self.0.processes.get() + 1;
        self.0.processes.set(number);
        number
    }

    /// The number of the next message, from 1.
    pub fn next_message(&self) -> u32 {
        let number = self.0.messages.get() + 1;
        self.0.messages.set(number);
        number
    }

    /// The number of messages so far. Notes that the operations of this run are given as a list, so
    /// that no further ones are drawn.
    pub fn messages(&self) -> u32 {
        self.0.messages.get()
    }

    /// Notes that the operations of this run are given as a list, so that no further ones are
    /// drawn.
    pub(super) fn set_listed(&self) {
        self.0.listed.set(true);
    }

    pub(super) fn is_listed(&self) -> bool {
        self.0.listed.get()
    }

    /// The next number of an operation offered beyond those that the loads draw, from 1.
    pub(super) fn next_extra(&self) -> u64 {
        next(&self.0.extras)
    }

    /// The disk of a node.
    pub fn disk(&self, node: NodeId) -> Disk {
        self.0.disks.of(node, &self.0.sim)
    }

    /// The schema changes in progress.
    pub(super) fn schemas(&self) -> &Schemas {
        &self.0.schemas
    }

    /// The lags of replicas.
    pub(super) fn lags(&self) -> &Lags {
        &self.0.lags
    }

    pub(super) fn local_faults(&self) -> &LocalFaults {
        &self.0.local_faults
    }

    /// Lets the primitives make this mistake from now on.
    #[cfg(feature = "mutants")]
    pub fn lapse(&self, lapse: Lapse) {
        self.0.lapses.make(lapse);
    }

    /// Returns whether the primitives make this mistake.
    #[inline]
    pub(super) fn lapses(&self, lapse: Lapse) -> bool {
        self.0.lapses.has(lapse)
    }

    /// The number of durable records that hold unfinished work.
    pub fn held(&self) -> i64 {
        self.0.held.get()
    }

    /// Adds a watcher, which is called at every semantic point from now on.
    pub fn watch(&self, watcher: Rc<dyn Watcher>) {
        self.0.watchers.borrow_mut().push(watcher);
        self.0.watched.set(true);
    }

    /// Returns whether any watcher observes the semantic points.
    #[inline]
    pub fn is_watched(&self) -> bool {
        self.0.watched.get()
    }

    /// Calls every watcher; the first action that is not [`Action::Go`] counts.
    #[cold]
    pub(super) fn tell_watchers(&self, point: &Point) -> Action {
        let mut order = Action::Go;
        if !self.0.sim.is_up(point.node) {
            return order; // The node has crashed: what runs on to its next await passes no point.
        }
        let mut open = false;
        for at in 0.. {
            let Some(watcher) = self.0.watchers.borrow().get(at).cloned() else { break };
            let wish = watcher.reach(point);
            if order == Action::Go {
                order = wish;
            }
            open |= !watcher.is_over(self.now());
        }
        self.0.watched.set(open);
        order
    }

    /// Starts to note which paths of patterns are taken.
    pub fn cover(&self) {
        self.0.covered.set(true);
    }

    /// Returns whether paths are noted.
    #[inline]
    pub fn is_covered(&self) -> bool {
        self.0.covered.get()
    }

    /// Notes that a path was taken.
    pub(super) fn pass(&self, path: Path) {
        self.0.paths.borrow_mut().insert(path);
    }

    /// The paths that were taken so far.
    pub fn passed(&self) -> Paths {
        self.0.paths.borrow().clone()
    }

    /// The number of operations that have arrived so far.
    pub fn operation_count(&self) -> u32 {
        self.0.operations.borrow().len()
    }

    /// The operations that have arrived so far, in that order.
    pub fn operations(&self) -> Vec<OpInfo> {
        let operations = self.0.operations.borrow();
        (0..operations.len()).map(|op| operations.get(OpId(op))).collect()
    }

    /// The retry policy of the operation for which `ctx` works, or that of the scenario.
    pub fn retry(&self, ctx: &Ctx) -> RetrySpec {
        match ctx.op {
            OpId::NONE => self.system().retry,
            op => self.system().retry_of(self.operation(op).kind),
        }
    }

    /// The longest of all retry policies, as [`System::longest_retry`] says.
    pub fn longest_retry(&self) -> &RetrySpec {
        self.0.longest_retry.get_or_init(|| self.system().longest_retry())
    }

    /// The pause before retry number `retry` (from 0) in the context `ctx`, jitter included.
    pub fn backoff(&self, ctx: &Ctx, policy: &RetrySpec, retry: u16) -> Span {
        let pause = policy.pause(retry);
        let place = u64::from(ctx.step.0) | u64::from(retry) << 16;
        let mut rng = self.streams().draw(Purpose::Backoff, 0, self.op_stream(ctx.op), place, 0);
        let scale = 1.0 - policy.jitter * rng.random::<f64>();
        Span::from_nanos((pause.as_nanos() as f64 * scale) as u64)
    }
}

fn next(counter: &Cell<u64>) -> u64 {
    let number = counter.get() + 1;
    counter.set(number);
    number
}

/// The stream name of a label in draws, independent of its number in the history: FNV-1a over its
/// text.
pub const fn label_stream(text: &str) -> u32 {
    let bytes = text.as_bytes();
    let mut hash: u32 = 0x811c_9dc5;
    let mut at = 0;
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u32).wrapping_mul(0x0100_0193);
        at += 1;
    }
    hash
}
