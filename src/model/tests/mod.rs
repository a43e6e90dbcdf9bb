//! A small world whose every delay is constant, and the tests on it.

mod broker;
mod calls;
mod clients;
mod fairness;
mod instances;
mod network;
mod probes;
mod services;
mod workload;
mod world;

use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;

use super::call::{Message, Reply};
use super::env::{Ctx, Env};
use super::network::{Disturbance, LinkEffect};
use super::process::ProcessCtx;
use super::protocol::{Execution, Protocol};
use super::record::*;
use super::system::{OperationKind, System};
use super::world::World;
use super::{probe, workload as load};
use crate::checks::{Audit, Judge, JudgeOptions};
use crate::kernel::{NodeId, RandomStreams, Recorder, Simulation, Sink, Span, Time};
use crate::model::contract::Driver;
use crate::tests::pick;
use crate::tests::runs::scenario;

/// Two services with a database each and one operation that writes to both; 1 ms a message.
const SMALL: &str = "
[scenario]
name = 'small'
warm-up = '0s'
load = '20s'
settle = '20s'
[clients]
deadline = '5s'
[retry]
backoff = '100ms'
jitter = 0.0
[services.a]
work = '3ms'
workers = 1
queue = 2
recovery = '50ms'
[services.b]
work = '3ms'
recovery = '50ms'
[databases.da]
work = '100us'
force = '2ms'
[databases.db]
work = '100us'
force = '2ms'
[drivers]
force = '2ms'
work = '0s'
[links]
default = { delay = '1ms' }
database = { delay = '1ms' }
client = { delay = '1ms' }
[tables.ta]
owner = 'a'
database = 'da'
columns = { n = 0 }
rows = 1000
[tables.tb]
owner = 'b'
database = 'db'
columns = { n = 0 }
rows = 1000
[operations.work]
keys = { row = { rows-of = 'ta', zipf = 0.9 }, fresh = 'new' }
[[operations.work.steps]]
name = 'first'
by = 'a'
table = 'ta'
key = 'row'
effect = { add = { n = 1 } }
[[operations.work.steps]]
name = 'second'
by = 'b'
table = 'tb'
key = 'fresh'
effect = { insert = { n = 1 } }
[load.work]
operation = 'work'
constant = '10s'
until = '15s'
[variants.it]
pattern = 'orchestrated'
";

/// The behaviour of a service on a client's request.
type Script = dyn Fn(ProcessCtx, OpId) -> Execution;

/// A protocol that does what a test says, at the service of the first step.
struct Scripted(Box<Script>);

impl Protocol for Scripted {
    fn entry(&self, world: &World, kind: OperationKind, op: OpId, attempt: u16) -> NodeId {
        world.attempted(world.first_service(kind), op, attempt)
    }

    fn execute(self: Rc<Self>, here: ProcessCtx, op: OpId) -> Execution {
        (self.0)(here, op)
    }

    fn start(self: Rc<Self>, _: ProcessCtx) {}

    fn period(&self) -> Span {
        Span::ZERO
    }
}

#[derive(Default)]
struct Keep(Vec<Record>);

impl Sink<Record> for Keep {
    fn see(&mut self, record: &Record) {
        self.0.push(*record);
    }
}

/// A world under test.
struct Bench {
    simulation: Simulation,
    world: Rc<World>,
    keep: Rc<RefCell<Keep>>,
    judge: Rc<RefCell<Audit<Judge>>>,
}

fn small() -> System {
    System::clone(&scenario(SMALL).system)
}

fn millis(millis: u64) -> Span {
    Span::from_millis(millis)
}

fn at(millis: u64) -> Time {
    Time::ZERO + Span::from_millis(millis)
}

impl Bench {
    /// The small world, without clients.
    fn new() -> Self {
        Self::of(small())
    }

    /// A world in which nothing happens but what the test starts.
    fn of(system: System) -> Self {
        Self::with(system, |_, _| Box::pin(std::future::ready(Answer::Done)))
    }

    /// A world in which services answer clients as `script` says.
    fn with(system: System, script: impl Fn(ProcessCtx, OpId) -> Execution + 'static) -> Self {
        Self::running(system, "driver", |_| Rc::new(Scripted(Box::new(script))))
    }

    /// A world with one driver node, at the work that a protocol describes.
    fn running(
        system: System,
        driver: &'static str,
        protocol: impl FnOnce(&Rc<World>) -> Rc<dyn Protocol>,
    ) -> Self {
        let simulation = Simulation::new();
        let system = Arc::new(system);
        let keep = Rc::new(RefCell::new(Keep::default()));
        let judge = Rc::new(RefCell::new(Judge::audit(&system, JudgeOptions::default())));
        let recorder = Recorder::new(vec![Rc::clone(&keep) as _, Rc::clone(&judge) as _]);
        let env = Env::new(simulation.sim().clone(), RandomStreams::new(1), system, recorder);
        let world = World::new(env, &[Driver::new(driver)]);
        world.run(protocol(&world));
        Self { simulation, world, keep, judge }
    }

    /// Starts clients and readers.
    fn offer(&self) {
        load::start(&self.world, &load::Workload::Drawn);
        probe::start(&self.world);
    }

    fn node(&self, name: &str) -> NodeId {
        let found = self.world.nodes().find(|node| self.world.node_name(*node) == name);
        found.unwrap_or_else(|| panic!("no node is called `{name}`"))
    }

    /// A process of a node.
    fn here(&self, name: &str) -> ProcessCtx {
        let process = self.world.env().next_process();
        let ctx = Ctx { node: self.node(name), process, ..Ctx::WORLD };
        ProcessCtx::new(Rc::clone(&self.world), ctx)
    }

    /// Starts a process on a node, now.
    fn start<Fut>(&self, name: &str, process: impl FnOnce(ProcessCtx) -> Fut)
    where
        Fut: Future<Output = ()> + 'static,
    {
        let here = self.here(name);
        self.world.env().sim().spawn(here.node(), process(here));
    }

    /// Asks `to` on behalf of `from`, now; what came of it, and when, is there afterwards.
    fn call<F, Fut>(&self, (from, to): (&str, &str), message: Message, handler: F) -> Outcome
    where
        F: Fn(ProcessCtx) -> Fut + Clone + Send + 'static,
        Fut: Future<Output = u32> + 'static,
    {
        let outcome = Outcome::default();
        let (to, seen) = (self.node(to), Rc::clone(&outcome));
        self.start(from, |here| async move {
            let reply = here.call(to, message, handler).await;
            *seen.borrow_mut() = Some((reply, here.now()));
        });
        outcome
    }

    /// Changes something at a time.
    fn when(&self, time: Time, change: impl FnOnce(&Rc<World>) + 'static) {
        let world = Rc::clone(&self.world);
        self.world.env().sim().spawn_at(time, NodeId::WORLD, async move { change(&world) });
    }

    fn crash(&self, name: &str, time: Time, machine: bool) {
        let node = self.node(name);
        self.when(time, move |world| world.crash(node, machine));
    }

    fn restart(&self, name: &str, time: Time) {
        let node = self.node(name);
        self.when(time, move |world| world.restart(node));
    }

    /// Disturbs messages from one node to another for good.
    fn disturb(&self, from: &str, to: &str, effect: LinkEffect) {
        let (from, to) = (vec![self.node(from)], vec![self.node(to)]);
        self.world.network().disturb(Disturbance { from, to, effect });
    }

    fn run(&self, until: Time) {
        self.simulation.run_until(until);
        self.world.env().recorder().flush();
    }

    /// The records of one kind so far.
    fn all(&self, kind: Kind) -> Vec<Record> {
        self.world.env().recorder().flush();
        self.keep.borrow().0.iter().filter(|record| record.kind() == kind).copied().collect()
    }

    fn count(&self, kind: Kind) -> usize {
        self.all(kind).len()
    }

    /// The things that `pick` takes out of the records so far.
    fn pick<T>(&self, pick: impl Fn(&Record) -> Option<T>) -> Vec<T> {
        self.world.env().recorder().flush();
        self.keep.borrow().0.iter().filter_map(pick).collect()
    }

    fn label(&self, record: &Record) -> &'static str {
        let label = record.event.label().expect("it is about something with a name");
        self.world.env().label_text(label).expect("a label of this run")
    }
}

impl Drop for Bench {
    /// Whatever a test does, what must add up adds up.
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let end = Event::Phase { phase: Phase::End, settled: false };
        self.world.env().record(&Ctx::WORLD, end);
        self.world.env().recorder().flush();
        let system = Arc::clone(self.world.env().system());
        let fresh = RefCell::new(Judge::audit(&system, JudgeOptions::default()));
        self.judge.swap(&fresh);
        let report = fresh.into_inner().finish();
        let failed: Vec<_> = report.failed_self_checks().collect();
        assert!(failed.is_empty(), "{failed:?}");
    }
}

/// A process says in the history that it has got here.
fn mark(here: &ProcessCtx, label: &'static str) {
    let (label, decision) = (here.label(label), Decision::Commit);
    here.record(Event::Decided { label, decision, attempt: 0 });
}

/// The outcome of a call, and when it came.
type Outcome = Rc<RefCell<Option<(Reply<u32>, Time)>>>;

fn ping(deadline: u64) -> Message {
    Message::control("ping", millis(deadline))
}
