//! The world of one run: its nodes, their processes, crashes and restarts.

pub mod instances;

use std::any::Any;
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;

use super::database::{Database, Wire};
use super::env::{Ctx, Env};
use super::log::Log;
use super::network::{Network, Place};
use super::process::{Locals, ProcessCtx};
use super::protocol::Protocol;
use super::record::{Event, LabelId, LogId, OpId, Station};
use super::replica;
use super::service::{Capacity, Pool};
use super::system::{DatabaseId, Name, OperationKind, ServiceId, TableId};
use crate::kernel::{NodeId, Span, Time};
use crate::model::contract::{Driver, role};
use instances::Absence;

/// The world of one run.
pub struct World {
    env: Env,
    network: Rc<Network>,
    nodes: Vec<Node>,
    services: Vec<Vec<NodeId>>,
    databases: Vec<Rc<Database>>,
    drivers: Vec<(NodeId, Driver)>,
    protocol: OnceCell<Rc<dyn Protocol>>,
    /// Messages in flight on behalf of an operation.
    in_flight: Cell<i64>,
    /// Operations for which durable state of nodes holds unfinished work.
    held: RefCell<BTreeSet<(OpId, LabelId)>>,
    /// The time at which the last such message left or arrived.
    last_travel: Cell<Time>,
    /// The position up to which each replica has followed the log of its source.
    copied: Vec<Cell<u64>>,
}

/// A node: its kind, its processes and its state.
struct Node {
    name: Name,
    pool: Option<Rc<Pool>>,
    databases: Vec<Rc<Database>>,
    recovery: Span,
    /// True while the node serves requests: it is up, and its recovery is over.
    ready: Cell<bool>,
    /// The number of faults that keep it down.
    crashes: Cell<u32>,
    /// The number of faults that pause it.
    pauses: Cell<u32>,
    /// The number of deployments that drain it.
    drains: Cell<u32>,
    /// The times at which it did not serve, in order; the last one may still be open.
    absences: RefCell<Vec<Absence>>,
    locals: Locals,
    logs: RefCell<Vec<Rc<dyn Durable>>>,
}

/// State of a node that survives a crash, except for what was not forced.
trait Durable: Any {
    fn crash(&self, flushed: bool);
    fn as_any(self: Rc<Self>) -> Rc<dyn Any>;
}

impl<R: Clone + 'static> Durable for Log<R> {
    fn crash(&self, flushed: bool) {
        Log::crash(self, flushed);
    }

    fn as_any(self: Rc<Self>) -> Rc<dyn Any> {
        self
    }
}

impl World {
    /// Builds every node of the system, and its driver nodes.
    pub fn new(env: Env, drivers: &[Driver]) -> Rc<Self> {
        let network = Rc::new(Network::new(&env));
        let system = std::sync::Arc::clone(env.system());
        let mut nodes = vec![Node::new(Name::new("clients"), Span::ZERO)];
        let mut add = |place: Place, name: &Name, recovery: Span| {
            let node = env.sim().add_node();
            network.add(node, place, name.stream);
            nodes.push(Node::new(name.clone(), recovery));
            (node, nodes.len() - 1)
        };
        let mut services = Vec::with_capacity(system.services.len());
        let mut placed = Vec::new();
        for (at, spec) in system.services.iter().enumerate() {
            let id = ServiceId(at as u16);
            let own = if spec.within.is_none() { spec.instances } else { 0 };
            let instances = (0..own).map(|number| {
                let name = spec.instance_name(number);
                let (node, position) = add(Place::Service(id), &name, spec.recovery);
                placed.push((position, service_pool(&env, id, &name)));
                node
            });
            services.push(instances.collect::<Vec<_>>());
        }
        for id in (0..services.len() as u16).map(ServiceId) {
            if services[id.index()].is_empty() {
                services[id.index()] = services[system.host(id).index()].clone();
            }
        }
        let homes = system.databases.iter().map(|spec| match spec.node {
            Some(service) => services[service.index()][0],
            None => add(Place::Database, &spec.name, Span::ZERO).0,
        });
        let homes: Vec<NodeId> = homes.collect();
        let mut driver_nodes = Vec::new();
        for driver in drivers {
            let recovery = match driver.role {
                role::BROKER => system.broker.recovery,
                _ => system.driver_recovery,
            };
            for number in 0..system.driver_instances(driver.role) {
                let name = Name::new(driver.name).instance(number);
                let (node, position) = add(Place::Driver, &name, recovery);
                driver_nodes.push((node, *driver));
                placed.extend(driver_pool(&env, driver, &name).map(|pool| (position, pool)));
            }
        }
        for (position, pool) in placed {
            nodes[position].pool = Some(pool);
        }
        let mut databases = Vec::with_capacity(homes.len());
        for (at, home) in homes.into_iter().enumerate() {
            let database =
                Database::new(&env, DatabaseId(at as u16), home, Rc::clone(&network) as _);
            nodes[usize::from(home.0)].databases.push(Rc::clone(&database));
            databases.push(database);
        }
        Rc::new(Self {
            env,
            network,
            nodes,
            services,
            databases,
            drivers: driver_nodes,
            protocol: OnceCell::new(),
            in_flight: Cell::new(0),
            held: RefCell::default(),
            last_travel: Cell::new(Time::ZERO),
            copied: vec![Cell::new(0); system.replicas.len()],
        })
    }

    /// Sets the pattern and starts its processes on every node.
    pub fn run(self: &Rc<Self>, protocol: Rc<dyn Protocol>) {
        assert!(self.protocol.set(protocol).is_ok(), "a world runs one protocol");
        for node in 1..self.nodes.len() as u16 {
            self.start(NodeId(node));
        }
    }

    /// Notes that durable state holds work for an operation, or no longer does; returns whether
    /// that is a change.
    pub(super) fn is_news(&self, op: OpId, label: LabelId, held: bool) -> bool {
        let mut known = self.held.borrow_mut();
        if held { known.insert((op, label)) } else { known.remove(&(op, label)) }
    }

    /// The environment that every part of the world shares.
    pub fn env(&self) -> &Env {
        &self.env
    }

    /// The network.
    pub fn network(&self) -> &Rc<Network> {
        &self.network
    }

    /// The pattern of this run.
    pub fn protocol(&self) -> &Rc<dyn Protocol> {
        self.protocol.get().expect("the protocol is set before anything runs")
    }

    /// A database.
    pub fn database(&self, id: DatabaseId) -> &Rc<Database> {
        &self.databases[id.index()]
    }

    /// All databases.
    pub fn databases(&self) -> &[Rc<Database>] {
        &self.databases
    }

    /// All driver nodes, in the order in which the pattern declared them.
    pub fn drivers(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.drivers.iter().map(|(node, _)| *node)
    }

    /// The driver nodes with a role.
    pub fn playing<'a>(&'a self, role: &'a str) -> impl Iterator<Item = NodeId> + 'a {
        let drivers = self.drivers.iter().filter(move |(_, driver)| driver.role == role);
        drivers.map(|(node, _)| *node)
    }

    /// The driver node with this name, which the pattern has declared; the first of several
    /// instances. Patterns side by side share the nodes that have the same name in all of them.
    pub fn driver(&self, name: &str) -> NodeId {
        let mut named = self.named_drivers(name);
        named.next().expect("a pattern names the driver nodes it needs")
    }

    /// The instances of the driver with this name.
    pub fn named_drivers<'a>(&'a self, name: &'a str) -> impl Iterator<Item = NodeId> + 'a {
        let named = self.drivers.iter().filter(move |(_, driver)| driver.name == name);
        named.map(|(node, _)| *node)
    }

    /// The driver of a node, under the name that the pattern declared.
    pub fn driver_on(&self, node: NodeId) -> Option<&'static str> {
        let driver = self.drivers.iter().find(|(known, _)| *known == node);
        driver.map(|(_, driver)| driver.name)
    }

    /// The nodes of a service; of one that was consolidated, those of its host.
    pub fn instances(&self, service: ServiceId) -> &[NodeId] {
        &self.services[service.index()]
    }

    /// The instance of a table's owner that serves an operation.
    pub fn owner(&self, table: TableId, op: OpId) -> NodeId {
        self.instance(self.env.system().owner(table, self.env.now()), op)
    }

    /// The service that carries out an operation's first step.
    pub fn first_service(&self, kind: OperationKind) -> ServiceId {
        self.env.system().operation(kind).steps[0].by
    }

    /// A node's name, as shown.
    pub fn node_name(&self, node: NodeId) -> &str {
        &self.nodes[usize::from(node.0)].name.shown
    }

    /// A node's name.
    pub fn name(&self, node: NodeId) -> &Name {
        &self.nodes[usize::from(node.0)].name
    }

    /// All nodes, the clients' first.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> {
        (0..self.nodes.len() as u16).map(NodeId)
    }

    /// The workers of a node.
    pub fn pool(&self, node: NodeId) -> Option<Rc<Pool>> {
        self.node(node).pool.clone()
    }

    /// Returns whether a node serves new requests: it is up, its recovery is over, and it is not
    /// being drained.
    pub fn is_ready(&self, node: NodeId) -> bool {
        node == NodeId::WORLD || self.has_started(node) && self.node(node).drains.get() == 0
    }

    /// Returns whether a node is up and its recovery is over.
    pub fn has_started(&self, node: NodeId) -> bool {
        self.env.sim().is_up(node) && self.node(node).ready.get()
    }

    /// Drains a node: new requests are refused, running ones continue. Load balancing knows at
    /// once.
    pub fn drain(&self, node: NodeId) {
        let drains = &self.node(node).drains;
        drains.set(drains.get() + 1);
        self.note_presence(node, true);
    }

    /// Ends a drain that [`World::drain`] began.
    pub fn undrain(&self, node: NodeId) {
        let drains = &self.node(node).drains;
        drains.set(drains.get().saturating_sub(1));
        self.note_presence(node, false);
    }

    /// Returns whether the whole machine is down, which does not even refuse.
    pub fn is_silent(&self, node: NodeId) -> bool {
        self.network.is_silent(node)
    }

    /// Crashes a node, which loses all volatile state. With `machine`, callers get no answer;
    /// otherwise they are refused. Several faults may keep a node down at once.
    pub fn crash(self: &Rc<Self>, id: NodeId, machine: bool) {
        self.go_down(id, machine, false);
    }

    /// Crashes the processes of a node while its operating system survives, which writes to disk
    /// what was appended to logs but not forced.
    pub fn crash_processes(self: &Rc<Self>, id: NodeId) {
        self.go_down(id, false, true);
    }

    fn go_down(self: &Rc<Self>, id: NodeId, machine: bool, flushed: bool) {
        let node = self.node(id);
        node.crashes.set(node.crashes.get() + 1);
        if machine {
            self.network.silence(id, true);
        }
        if node.crashes.get() > 1 {
            return;
        }
        let ctx = Ctx { node: id, ..Ctx::WORLD };
        if let Some(pool) = &node.pool {
            pool.crash(id);
        }
        self.env.record(&ctx, Event::Crashed { processes: self.env.sim().tasks_on(id) });
        self.env.sim().crash(id);
        node.ready.set(false);
        self.note_presence(id, false);
        for database in &node.databases {
            database.crash(flushed);
        }
        for log in &*node.logs.borrow() {
            log.crash(flushed);
        }
        drop(node.locals.take());
    }

    /// Ends one fault that keeps a node down; after the last one the node restarts and recovers.
    pub fn restart(self: &Rc<Self>, id: NodeId) {
        let node = self.node(id);
        node.crashes.set(node.crashes.get().saturating_sub(1));
        if node.crashes.get() > 0 {
            return;
        }
        self.network.silence(id, false);
        // A process that crashed its own node at a semantic point has run on to its next await, and
        // may have made memory again.
        drop(node.locals.take());
        let sim = self.env.sim();
        sim.restart(id);
        let ctx = Ctx { node: id, ..Ctx::WORLD };
        self.env.record(&ctx, Event::Restarted { incarnation: sim.incarnation(id) });
        let world = Rc::clone(self);
        sim.spawn(id, async move {
            let node = world.node(id);
            world.env.sim().long_work(node.recovery).await;
            for database in &node.databases {
                database.recover().await;
            }
            world.start(id);
        });
    }

    /// Pauses a node: nothing on it runs, the world continues, and its timers fire late. Several
    /// faults may pause a node at once. A crash ends all of them: a restarted node is not paused.
    pub fn pause(&self, id: NodeId) {
        let pauses = &self.node(id).pauses;
        pauses.set(pauses.get() + 1);
        self.env.sim().pause(id);
        self.note_presence(id, false);
    }

    /// Ends one fault that pauses a node; after the last one the node resumes.
    pub fn resume(&self, id: NodeId) {
        let pauses = &self.node(id).pauses;
        pauses.set(pauses.get().saturating_sub(1));
        if pauses.get() == 0 {
            self.env.sim().resume(id);
        }
        self.note_presence(id, false);
    }

    /// Starts the processes of a node, which begin with recovery.
    fn start(self: &Rc<Self>, id: NodeId) {
        self.node(id).ready.set(true);
        self.note_presence(id, false);
        let process = self.env.next_process();
        let ctx = Ctx { node: id, process, ..Ctx::WORLD };
        Rc::clone(self.protocol()).start(ProcessCtx::new(Rc::clone(self), ctx));
        replica::start(self, id);
    }

    /// The longest period of any recurring activity; quiescence requires two such periods without
    /// change.
    pub fn period(&self) -> Span {
        self.protocol().period().max(self.env.system().feed_period())
    }

    /// Notes that a replica has committed everything up to a position in the log of its source.
    pub(super) fn has_copied(&self, replica: usize, place: u64) {
        let copied = &self.copied[replica];
        copied.set(copied.get().max(place));
    }

    /// Returns whether every replica has caught up with its source.
    fn has_copied_all(&self) -> bool {
        let replicas = self.env.system().replicas.iter().zip(&self.copied);
        replicas.into_iter().all(|(replica, copied)| {
            let source = self.env.system().table(replica.of).database;
            self.database(source).newest(replica.of) == copied.get()
        })
    }

    /// Counts messages in flight for operations.
    pub(super) fn count_in_flight(&self, op: OpId, change: i64) {
        if op != OpId::NONE {
            self.in_flight.set(self.in_flight.get() + change);
            self.last_travel.set(self.env.now());
        }
    }

    /// Returns whether nothing happens for any operation: no message in flight, no busy worker, no
    /// lock, no prepared branch, no backlog in any store, no replica behind its source, and no
    /// commit since `since`.
    pub fn is_quiet(&self, since: Time) -> bool {
        let mut pools = self.nodes.iter().filter_map(|node| node.pool.as_ref());
        self.in_flight.get() == 0
            && self.has_copied_all()
            && !pools.any(|pool| pool.works_for_operations())
            && self
                .databases
                .iter()
                .all(|database| !database.busy() && database.last_change() <= since)
    }

    /// Returns whether all work is finished: the world is quiet, no message has travelled for an
    /// operation since `since`, and no durable state holds unfinished work. It is never true while
    /// work is stuck.
    pub fn is_done(&self, since: Time) -> bool {
        self.last_travel.get() <= since && self.env.held() <= 0 && self.is_quiet(since)
    }

    /// Volatile memory of a node, made on first use and cleared by a crash. Processes access that
    /// of their own node with [`ProcessCtx::local`].
    pub fn local<T: Default + 'static>(&self, id: NodeId) -> Rc<RefCell<T>> {
        let locals = &self.node(id).locals;
        let known = locals.borrow().iter().find_map(|local| Rc::clone(local).downcast().ok());
        known.unwrap_or_else(|| {
            let fresh = Rc::new(RefCell::new(T::default()));
            locals.borrow_mut().push(Rc::clone(&fresh) as Rc<dyn Any>);
            fresh
        })
    }

    pub(super) fn log<R: Clone + 'static>(&self, id: NodeId) -> Rc<Log<R>> {
        let node = self.node(id);
        let known = node
            .logs
            .borrow()
            .iter()
            .find_map(|log| Rc::clone(log).as_any().downcast::<Log<R>>().ok());
        known.unwrap_or_else(|| {
            let system = self.env.system();
            let is_broker = self.playing(role::BROKER).any(|broker| broker == id);
            let mut force = system.driver_disk.clone();
            if is_broker {
                force.decide = system.broker.force.clone(); // It forces nothing else.
            }
            let fresh =
                Rc::new(Log::new(&self.env, node.name.stream, LogId::of_node(id), force, id));
            node.logs.borrow_mut().push(Rc::clone(&fresh) as Rc<dyn Durable>);
            fresh
        })
    }

    fn node(&self, id: NodeId) -> &Node {
        &self.nodes[usize::from(id.0)]
    }
}

/// The workers of one instance of a service.
fn service_pool(env: &Env, id: ServiceId, name: &Name) -> Rc<Pool> {
    let spec = &env.system().services[id.index()];
    let (workers, queue, work) = (spec.workers, spec.queue, spec.work.clone());
    let is_composed = env.system().services.iter().any(|part| part.within == Some(id));
    let capacity =
        Capacity { is_composed, ..Capacity::new(&spec.name, name, workers, queue, work) };
    Pool::new(env, Station::Service(id), capacity)
}

/// The workers of one instance of a driver; none if they are unlimited.
fn driver_pool(env: &Env, driver: &Driver, name: &Name) -> Option<Rc<Pool>> {
    let system = env.system();
    let (role, spec) = role::number(driver.role).zip(system.driver(driver.role))?;
    let drawn_as = match driver.role {
        role::BROKER => system.broker.name.clone(),
        _ => Name::new(driver.name),
    };
    let capacity = Capacity::new(&drawn_as, name, spec.workers, spec.queue, spec.work);
    Some(Pool::new(env, Station::Driver(role), capacity))
}

impl Node {
    fn new(name: Name, recovery: Span) -> Self {
        Self {
            name,
            pool: None,
            databases: Vec::new(),
            recovery,
            ready: Cell::new(false),
            crashes: Cell::new(0),
            pauses: Cell::new(0),
            drains: Cell::new(0),
            absences: RefCell::default(),
            locals: RefCell::default(),
            logs: RefCell::default(),
        }
    }
}
