//! The interface of a pattern.

use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;

use crate::kernel::{NodeId, RandomStreams, Recorder, Simulation, Span, Time};
use crate::model::contract::{Driver, Promises, Waits, WaitsFor};
use crate::model::env::Env;
use crate::model::path::Paths;
use crate::model::process::ProcessCtx;
use crate::model::protocol::{Execution, Protocol};
use crate::model::reason::Reason;
use crate::model::record::{Answer, OpId};
use crate::model::registry::{
    Choice, Configurable, Entry, Register, Registry, choices, decode, json,
};
use crate::model::system::{OperationKind, System, TableId};
use crate::model::world::World;
use crate::patterns::share::Share;

pub use crate::model::registry::Settings;

/// A way to carry out operations across services: one type, one file, one word in the registry.
pub trait Pattern: Sized + 'static {
    /// The name in scenarios, in kebab case.
    const NAME: &'static str;
    /// One line for lists.
    const SUMMARY: &'static str;
    /// Its own file (`include_str!`), whose leading `//!` lines are its manual page.
    const MANUAL: &'static str;
    /// The settings of the pattern.
    type Settings: Settings;
    /// True if the pattern derives rows from rows without knowing the operations, and so also
    /// carries on the changes of other patterns' operations where those write the same cells.
    const WORKS_ON_ROWS: bool = false;

    /// Problems of these settings on this system, in words.
    fn check(settings: &Self::Settings, system: &System) -> Vec<Reason> {
        let _ = (settings, system);
        Vec::new()
    }

    /// The settings that have no effect on the operations of this system, or defeat themselves, by
    /// their keys, each with a text that continues after the key, such as `does nothing: ...`.
    fn idle(settings: &Self::Settings, system: &System) -> Vec<(&'static str, Reason)> {
        let _ = (settings, system);
        Vec::new()
    }

    /// The promises with these settings on this system, and their budget of faults;
    /// by default nothing.
    fn promises(settings: &Self::Settings, system: &System) -> Promises {
        let _ = (settings, system);
        Promises::default()
    }

    /// The default settings under the same failures: a share of handlers or runs that fail is
    /// nothing that anybody has chosen. By default there is no such share.
    fn by_default(settings: &Self::Settings) -> Self::Settings {
        let _ = settings;
        Self::Settings::default()
    }

    /// The paths that operations of this system can take with these settings when things go wrong;
    /// by default none. A search that has not taken one of them has not tried the promises.
    fn paths(settings: &Self::Settings, system: &System) -> Paths {
        let _ = (settings, system);
        Paths::new()
    }

    /// The driver nodes that the pattern needs beside services and databases: a coordinator, a job,
    /// a relay. Each declares its role; a fault on `role:driver` affects all of them.
    fn drivers(settings: &Self::Settings) -> Vec<Driver> {
        let _ = settings;
        Vec::new()
    }

    /// The mean demands on the drivers, for operations that are offered at these rates per second;
    /// none by default.
    fn demands(
        settings: &Self::Settings,
        system: &System,
        offered: &[(OperationKind, f64)],
    ) -> Vec<Demand> {
        let _ = (settings, system, offered);
        Vec::new()
    }

    /// The mean rate of requests from the drivers to the owners of tables, per second, beside those
    /// that carry out steps; none by default. Each takes a worker and a statement.
    fn requests(
        settings: &Self::Settings,
        system: &System,
        offered: &[(OperationKind, f64)],
    ) -> Vec<(TableId, f64)> {
        let _ = (settings, system, offered);
        Vec::new()
    }

    /// The settings that have no effect beside the others of these settings and on this system, by
    /// their keys: no result depends on them. By default none.
    fn unused(settings: &Self::Settings, system: &System) -> Vec<&'static str> {
        let _ = (settings, system);
        Vec::new()
    }

    /// The nodes that must be up for an operation to be answered with yes: by default the services
    /// of all steps and all drivers.
    fn waits(settings: &Self::Settings) -> Waits {
        let drivers = Self::drivers(settings).into_iter().map(|driver| driver.name).collect();
        Waits { steps: WaitsFor::All, drivers, publishes: false }
    }

    /// An instance of the pattern in a world that has its driver nodes; see [`World::driver`].
    fn new(settings: &Self::Settings, world: &Rc<World>) -> Self;

    /// An instance of the pattern beside others that carry out other operations: it must leave all
    /// but those of its share alone. By default it ignores the share.
    fn beside(settings: &Self::Settings, world: &Rc<World>, share: &Share) -> Self {
        let _ = share;
        Self::new(settings, world)
    }

    /// The node to which a client sends this attempt; by default an instance of the service of the
    /// first step, another one for each further attempt.
    fn entry(&self, world: &World, kind: OperationKind, op: OpId, attempt: u16) -> NodeId {
        world.attempted(world.first_service(kind), op, attempt)
    }

    /// Returns whether this node accepts the operation that `here` works for, by default true. A
    /// node that does not refuses it as if its process were down, and the client may ask another
    /// one.
    fn admits(&self, here: &ProcessCtx) -> bool {
        let _ = here;
        true
    }

    /// The steps that the entry node carries out itself while the client waits, one bit for each;
    /// by default the first. At a service that others were consolidated into, the request costs the
    /// work of each consolidated service that has one of these steps.
    fn at_entry(&self, world: &World, op: OpId) -> u32 {
        let _ = (world, op);
        1
    }

    /// Carries out an operation for a client, at the entry node, with the attempts that the client
    /// has left ([`crate::patterns::step::left`]). A client that asks again while this is under
    /// way, or later, is answered with the same result and without another call. Only after a crash
    /// this is called again with the same operation, whose id serves as its idempotency key.
    fn execute(
        self: Rc<Self>,
        here: ProcessCtx,
        op: OpId,
    ) -> impl Future<Output = Answer> + 'static;

    /// Starts the processes of one node: services, databases and drivers, at the start of the run
    /// and after each restart (`here.incarnation() > 0`), beginning with recovery.
    fn start(self: Rc<Self>, here: ProcessCtx) {
        let _ = here;
    }

    /// The longest period of any recurring activity. The settle phase waits for two such periods
    /// without change before the system counts as quiescent.
    fn period(&self) -> Span {
        Span::ZERO
    }

    /// The longest time that work which a fault interrupted may be left alone, beside that period,
    /// until it is resumed or given up: a message that was not acknowledged, a branch that was not
    /// prepared.
    fn dormant(settings: &Self::Settings, system: &System) -> Span {
        let _ = (settings, system);
        Span::ZERO
    }
}

/// The mean demand on a driver, and its capacity.
#[derive(Clone, PartialEq, Debug)]
pub struct Demand {
    /// The role of the driver.
    pub driver: &'static str,
    /// The unit of both numbers: workers, events a second.
    pub unit: &'static str,
    /// The demand, in that unit.
    pub demand: f64,
    /// The capacity, in that unit.
    pub capacity: f64,
}

impl Demand {
    /// The demand on the workers of a driver for so many steps of its own work per second; none if
    /// its workers are unlimited.
    pub fn of_workers(system: &System, driver: &'static str, steps: f64) -> Option<Self> {
        let spec = system.driver(driver)?;
        let demand = steps * spec.work.mean()?;
        let capacity = f64::from(spec.instances) * f64::from(spec.workers);
        Some(Self { driver, unit: "workers", demand, capacity })
    }
}

/// A pattern with its settings, ready to run.
pub trait Prepared: Send + Sync {
    /// The name of the pattern.
    fn name(&self) -> &str;
    /// The pattern in one line.
    fn summary(&self) -> &str;
    /// Its settings, defaults included.
    fn settings(&self) -> serde_json::Value;
    /// Those of its settings that are single values.
    fn choices(&self) -> Vec<Choice>;
    /// Problems of these settings on this system, in words.
    fn check(&self, system: &System) -> Vec<Reason>;
    /// The settings that can do nothing here; see [`Pattern::idle`]. By default none.
    fn idle(&self, system: &System) -> Vec<(&'static str, Reason)> {
        let _ = system;
        Vec::new()
    }
    /// The promises on this system, and their budget of faults.
    fn promises(&self, system: &System) -> Promises;
    /// The promises with its default settings, under the failures of those that were chosen
    /// ([`Pattern::by_default`]): what a change of settings gives up is what these promises have
    /// and those of the chosen settings have not.
    fn promises_by_default(&self, system: &System) -> Promises;
    /// The paths that operations can take; see [`Pattern::paths`]. By default none.
    fn paths(&self, system: &System) -> Paths {
        let _ = system;
        Paths::new()
    }
    /// The driver nodes that it needs.
    fn drivers(&self) -> Vec<Driver>;
    /// How long work that a fault interrupted may lie; see [`Pattern::dormant`].
    fn dormant(&self, system: &System) -> Span;
    /// The demands on its drivers of operations that are offered so often per second.
    fn demands(&self, system: &System, offered: &[(OperationKind, f64)]) -> Vec<Demand>;
    /// The further requests of its drivers to the owners of tables; see [`Pattern::requests`].
    fn requests(&self, system: &System, offered: &[(OperationKind, f64)]) -> Vec<(TableId, f64)>;
    /// The settings that can do nothing, by the names of its [choices](Prepared::choices).
    fn unused(&self, system: &System) -> Vec<String>;
    /// The nodes that must be up for a yes to an operation of this kind.
    fn waits(&self, kind: OperationKind) -> Waits;
    /// The nodes that must be up, from each instant on at which they change, the start of the run
    /// included.
    fn waits_in_turn(&self, kind: OperationKind) -> Vec<(Time, Waits)> {
        vec![(Time::ZERO, self.waits(kind))]
    }
    /// An instance of the pattern in a world that has its nodes.
    fn at_work(&self, world: &Rc<World>) -> Rc<dyn Protocol>;
    /// An instance of the pattern beside others, for its share of the operations.
    fn beside(&self, world: &Rc<World>, share: &Share) -> Rc<dyn Protocol>;
    /// Returns whether the pattern derives rows from rows; see [`Pattern::WORKS_ON_ROWS`].
    fn works_on_rows(&self) -> bool;
}

struct With<P: Pattern>(P::Settings);

impl<P: Pattern> Prepared for With<P> {
    fn name(&self) -> &str {
        P::NAME
    }

    fn summary(&self) -> &str {
        P::SUMMARY
    }

    fn settings(&self) -> serde_json::Value {
        json(&self.0)
    }

    fn choices(&self) -> Vec<Choice> {
        choices(&self.0)
    }

    fn check(&self, system: &System) -> Vec<Reason> {
        P::check(&self.0, system)
    }

    fn idle(&self, system: &System) -> Vec<(&'static str, Reason)> {
        P::idle(&self.0, system)
    }

    fn promises(&self, system: &System) -> Promises {
        P::promises(&self.0, system)
    }

    fn promises_by_default(&self, system: &System) -> Promises {
        P::promises(&P::by_default(&self.0), system)
    }

    fn paths(&self, system: &System) -> Paths {
        // An operation that another part of a mix has, or that is local, has no step here.
        match system.steps().next() {
            Some(_) => P::paths(&self.0, system),
            None => Paths::new(),
        }
    }

    fn drivers(&self) -> Vec<Driver> {
        P::drivers(&self.0)
    }

    fn dormant(&self, system: &System) -> Span {
        P::dormant(&self.0, system)
    }

    fn demands(&self, system: &System, offered: &[(OperationKind, f64)]) -> Vec<Demand> {
        P::demands(&self.0, system, offered)
    }

    fn requests(&self, system: &System, offered: &[(OperationKind, f64)]) -> Vec<(TableId, f64)> {
        P::requests(&self.0, system, offered)
    }

    fn unused(&self, system: &System) -> Vec<String> {
        P::unused(&self.0, system).into_iter().map(String::from).collect()
    }

    fn waits(&self, _: OperationKind) -> Waits {
        P::waits(&self.0)
    }

    fn at_work(&self, world: &Rc<World>) -> Rc<dyn Protocol> {
        at_work(Rc::new(P::new(&self.0, world)))
    }

    fn beside(&self, world: &Rc<World>, share: &Share) -> Rc<dyn Protocol> {
        at_work(Rc::new(P::beside(&self.0, world, share)))
    }

    fn works_on_rows(&self) -> bool {
        P::WORKS_ON_ROWS
    }
}

/// An instance of a pattern as the world drives it.
pub(crate) fn at_work<P: Pattern>(pattern: Rc<P>) -> Rc<dyn Protocol> {
    Rc::new(AtWork(pattern))
}

struct AtWork<P>(Rc<P>);

impl<P: Pattern> Protocol for AtWork<P> {
    fn entry(&self, world: &World, kind: OperationKind, op: OpId, attempt: u16) -> NodeId {
        self.0.entry(world, kind, op, attempt)
    }

    fn admits(&self, here: &ProcessCtx) -> bool {
        self.0.admits(here)
    }

    fn at_entry(&self, world: &World, op: OpId) -> u32 {
        self.0.at_entry(world, op)
    }

    fn execute(self: Rc<Self>, here: ProcessCtx, op: OpId) -> Execution {
        Box::pin(Rc::clone(&self.0).execute(here, op))
    }

    fn start(self: Rc<Self>, here: ProcessCtx) {
        Rc::clone(&self.0).start(here);
    }

    fn period(&self) -> Span {
        self.0.period()
    }
}

impl<P: Pattern> Register<Configurable<dyn Prepared>> for P {
    fn entry() -> PatternEntry {
        Entry {
            name: P::NAME,
            summary: P::SUMMARY,
            manual: P::MANUAL,
            kind: Configurable::new::<P::Settings>(
                |tree| Ok(Arc::new(With::<P>(decode(tree)?))),
                || Arc::new(With::<P>(P::Settings::default())),
            ),
        }
    }
}

/// The longest period of any recurring activity when a pattern runs on a system.
pub fn period(pattern: &dyn Prepared, system: &System) -> Span {
    asked(pattern, system, |protocol| protocol.period()).max(system.feed_period())
}

/// The shortest period of any recurring activity of the pattern itself.
pub fn shortest_period(pattern: &dyn Prepared, system: &System) -> Span {
    asked(pattern, system, |protocol| protocol.shortest_period())
}

/// A period that an instance of a pattern reports.
fn asked(pattern: &dyn Prepared, system: &System, of: impl Fn(&dyn Protocol) -> Span) -> Span {
    let mut system = system.clone();
    system.tables.iter_mut().for_each(|table| table.rows = 0); // They take time to make.
    let system = Arc::new(system);
    let simulation = Simulation::new();
    let (sim, streams) = (simulation.sim().clone(), RandomStreams::new(0));
    let env = Env::new(sim, streams, Arc::clone(&system), Recorder::new(Vec::new()));
    let world = World::new(env, &pattern.drivers());
    of(&*pattern.at_work(&world))
}

/// A registered pattern.
pub type PatternEntry = Entry<Configurable<dyn Prepared>>;

/// The patterns that a scenario may name.
pub type Patterns = Registry<Configurable<dyn Prepared>>;

impl Patterns {
    /// The roles that the drivers of these patterns have with default settings.
    pub fn roles(&self) -> Vec<&'static str> {
        let drivers = self.iter().flat_map(|entry| entry.with_defaults().drivers());
        drivers.map(|driver| driver.role).collect()
    }
}
