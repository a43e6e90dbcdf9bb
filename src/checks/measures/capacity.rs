//! M12, the part about capacity: workers that are paid for, and workers that have a request.
//!
//! A consolidated service scales as a whole: each further instance for its most demanding part
//! brings workers for all of them. The difference between these two numbers shows the waste.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::gauge::Gauge;
use super::{Better, Measure, Measured, Quantity, Unit, Values};
use crate::kernel::{NodeId, Span};
use crate::model::contract::{label, role};
use crate::model::record::{Event, Kind, LabelId, Record, Station};
use crate::model::system::{DatabaseId, System};

/// The time before the end of the load, in ns, that decides which resources are full.
const STRETCH: u64 = 10_000_000_000;
/// The share of that time, in percent, for which a full resource is in use.
const FULL: u128 = 95;

/// The reason why a share of time is missing.
const EMPTY: &str = "the measured window has no length";

/// M12, workers provisioned.
pub const WORKERS: &Measure = &Measure::number(
    "m12.workers",
    "workers provisioned",
    Unit::Count,
    Better::Lower,
    "Workers of all instances of all services, whether they are up or not. What runs within \
     another service has none of its own.",
)
.head("workers");

/// M12, workers used.
pub const WORKERS_USED: &Measure = &Measure::number(
    "m12.workers.used",
    "workers used",
    Unit::Count,
    Better::Lower,
    "Time average of the number of these workers that have a request, at work or waiting for \
     others, over the window from the end of the warm-up to the end of the settle cap.",
)
.at_rest()
.head("used");

/// M12, utilisation of workers.
pub const UTILISATION: &Measure = &Measure::number(
    "m12.workers.utilisation",
    "utilisation of workers",
    Unit::Share,
    Better::Neither,
    "Used of provisioned workers, in the same window; the rest is bought and idle.",
)
.at_rest()
.head("utilisation");

/// M12, utilisation of the busiest pool.
pub const BUSIEST: &Measure = &Measure::number(
    "m12.busiest",
    "utilisation of the busiest",
    Unit::Share,
    Better::Neither,
    "The highest utilisation of any pool by itself (`pools.NAME.utilisation`): the workers of a \
     service, of a coordinator, orchestrator, relay, job or broker, the cores of a database.",
)
.head("busiest");

/// The utilisation of one pool.
pub const OF_POOL: &Measure = &Measure::number(
    "utilisation",
    "utilisation",
    Unit::Share,
    Better::Neither,
    "Busy of the workers (of a database: cores) of all instances, from the end of the warm-up to \
     the end of the load. A relay is busy for as long as it knows of more.",
);

/// The mean backlog of one pool.
pub const WAITING: &Measure = &Measure::number(
    "waiting",
    "waiting",
    Unit::Count,
    Better::Lower,
    "Time average of what waits for these workers, in the same window: of a relay the events in \
     outboxes, of a broker those that no consumer has acknowledged.",
);

/// The longest backlog of one pool.
pub const WAITING_MAX: &Measure = &Measure::number(
    "waiting.max",
    "most waiting",
    Unit::Count,
    Better::Lower,
    "The most that ever waited for these workers in the same window.",
)
.values(Values::Greatest);

/// The mean number of those that wait for a connection of a database.
pub const CONNECTING: &Measure = &Measure::number(
    "connections.waiting",
    "waiting for connections",
    Unit::Count,
    Better::Lower,
    "Time average of what waits for a connection of a database, in the same window; only databases \
     have it. Where it is one or more, all connections are taken most of the time.",
);

/// All measures of a pool, in the order in which reports show them.
pub const ALL: &[&Measure] = &[OF_POOL, WAITING, WAITING_MAX, CONNECTING];

/// A resource that was full: in use almost all of the time before the end of the load. A run that
/// does not recover from a fault often has one that stays full of work that no client waits for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Limited {
    /// The kind of resource.
    pub what: Parts,
    /// The name of the pool.
    pub pool: Arc<str>,
}

/// The resources of a pool.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Parts {
    /// The workers of all instances of a service or of a kind of driver.
    Workers,
    /// The cores of a database.
    Cores,
    /// The connections that a database accepts.
    Connections,
}

impl fmt::Display for Limited {
    /// The phrase in a sentence: ``the workers of `web` ``.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = match self.what {
            Parts::Workers => "workers",
            Parts::Cores => "cores",
            Parts::Connections => "connections",
        };
        write!(f, "the {parts} of `{}`", self.pool)
    }
}

/// The workers of all services and drivers, and the cores of all databases.
#[derive(Debug)]
pub struct Capacity {
    /// The workers of all instances of all services, up or not, because they are paid for.
    provisioned: u64,
    length: u64,
    used: Gauge,
    services: Vec<Option<Pool>>,
    drivers: Vec<Pool>,
    databases: Vec<Store>,
    windows: Windows,
}

/// The windows over which pools are observed, each from and until, in ns.
#[derive(Clone, Copy, Debug)]
struct Windows {
    /// From the end of the warm-up to the end of the load.
    loaded: (u64, u64),
    /// The last part of the load.
    late: (u64, u64),
}

/// The workers of a service or of a driver, over all of its nodes.
#[derive(Debug)]
struct Pool {
    name: Arc<str>,
    workers: u64,
    busy: Gauge,
    /// The busy workers in the last part of the load.
    late: Gauge,
    waiting: Gauge,
    /// The events that stores and brokers hold for it, if they count as its backlog.
    held: Option<Gauge>,
    /// The databases whose outboxes it reads, with one process each; the rest of its workers are
    /// idle.
    sources: BTreeSet<NodeId>,
    instances: u64,
    /// The numbers of waiting and running requests at each node. There are few nodes.
    nodes: Vec<(NodeId, (u64, u64))>,
}

/// The cores and connections of a database. Each number is summed over the sessions, in the
/// measured load and in the last part of it, in ns.
#[derive(Debug)]
struct Store {
    name: Arc<str>,
    cores: u64,
    busy: [u128; 2],
    waited: [u128; 2],
    /// The sum of the waits for connections; in the last part of the load, the time for which any
    /// session waited.
    connecting: [u128; 2],
    /// The time until which a session waited for a connection, in ns. Sessions get them in the
    /// order of their waits.
    crowded: u64,
}

impl Windows {
    /// Adds the overlap of the time from `from` to `until` with each window.
    fn add(self, sums: &mut [u128; 2], from: u64, until: u64) {
        for (sum, window) in sums.iter_mut().zip([self.loaded, self.late]) {
            *sum += within(window, from, until);
        }
    }
}

/// The overlap of the time from `from` to `until` with a window, in ns.
fn within((begin, end): (u64, u64), from: u64, until: u64) -> u128 {
    until.min(end).saturating_sub(from.max(begin)).into()
}

impl Pool {
    fn new(name: &str, workers: u64, Windows { loaded, late }: Windows) -> Self {
        let (busy, late, waiting) = (Gauge::new(loaded), Gauge::new(late), Gauge::new(loaded));
        let (sources, nodes) = (BTreeSet::new(), Vec::new());
        let (name, held, instances) = (name.into(), None, 1);
        Self { name, workers, busy, late, waiting, held, sources, instances, nodes }
    }

    /// Takes in a record of a request, and returns the change of the number of running requests.
    fn see(&mut self, record: &Record) -> i64 {
        let known = self.nodes.iter().position(|(node, _)| *node == record.node);
        let at = known.unwrap_or_else(|| {
            self.nodes.push((record.node, (0, 0)));
            self.nodes.len() - 1
        });
        let node = &mut self.nodes[at].1;
        let before = *node;
        *node = match record.kind() {
            Kind::Queued => (before.0 + 1, before.1),
            Kind::Started => (before.0.saturating_sub(1), before.1 + 1),
            Kind::Finished => (before.0, before.1.saturating_sub(1)),
            Kind::Dropped => (0, 0),
            _ => before,
        };
        let (waits, serves) = *node;
        let now = record.time.as_nanos();
        self.waiting.set(now, self.waiting.value() + waits - before.0);
        for busy in [&mut self.busy, &mut self.late] {
            busy.set(now, busy.value() + serves - before.1);
        }
        serves as i64 - before.1 as i64
    }
}

/// The use of a pool over the measured load.
struct Used {
    name: Arc<str>,
    parts: Parts,
    /// The busy time, summed over its parts, in the measured load and in the last part of it, in
    /// ns.
    busy: [u128; 2],
    of: u64,
    waiting: Quantity,
    most: Option<u64>,
}

impl Used {
    /// The pool, if it was full at the end of the load, over the last `length` ns.
    fn full(&self, length: u64) -> Option<Limited> {
        let [_, late] = self.busy;
        let all = u128::from(self.of) * u128::from(length);
        let is_full = late > 0 && late * 100 >= all * FULL;
        is_full.then(|| Limited { what: self.parts, pool: Arc::clone(&self.name) })
    }
}

impl Pool {
    fn used(mut self, until: u64) -> Used {
        self.busy.advance(until);
        self.late.advance(until);
        let mut waiting = self.held.unwrap_or(self.waiting);
        waiting.advance(until);
        let busy = [self.busy.area(), self.late.area()];
        let most = Some(waiting.peak());
        let of = match self.sources.len() as u64 {
            0 => self.workers,
            sources => self.workers.min(self.instances * sources),
        };
        let waiting = waiting.time_average();
        Used { name: self.name, parts: Parts::Workers, busy, of, waiting, most }
    }
}

impl Store {
    /// The use of the cores. The mean number of waiting statements is, by Little's law, the sum of
    /// the waits divided by the time.
    fn used(&self, length: u64) -> Used {
        let waiting = Quantity::amount(self.waited[0], length, EMPTY);
        let (name, parts) = (Arc::clone(&self.name), Parts::Cores);
        Used { name, parts, busy: self.busy, of: self.cores, waiting, most: None }
    }

    /// The connections, if they were full at the end of the load, over the last `length` ns: a
    /// session waited for one almost all of the time.
    fn full(&self, length: u64) -> Option<Limited> {
        let [_, late] = self.connecting;
        let is_full = late > 0 && late * 100 >= u128::from(length) * FULL;
        is_full.then(|| Limited { what: Parts::Connections, pool: Arc::clone(&self.name) })
    }
}

impl Capacity {
    /// The capacity of a system, integrated over `window` (ns, from and until), and for each pool
    /// until the end of the load.
    pub fn new(system: &System, window: (u64, u64)) -> Self {
        let load = system.phases.load.as_nanos();
        let windows =
            Windows { loaded: (window.0, load), late: (load.saturating_sub(STRETCH), load) };
        let services = system.services.iter().map(|it| {
            let workers = u64::from(it.instances) * u64::from(it.workers);
            it.within.is_none().then(|| Pool::new(&it.name.shown, workers, windows))
        });
        let services: Vec<Option<Pool>> = services.collect();
        let drivers = role::WORKING.iter().map(|role| {
            let spec = system.driver(role);
            let workers = spec.map_or(1, |it| u64::from(it.instances) * u64::from(it.workers));
            let held =
                [role::RELAY, role::BROKER].contains(role).then(|| Gauge::new(windows.loaded));
            let instances = system.driver_instances(role).into();
            Pool { held, instances, ..Pool::new(role, workers, windows) }
        });
        let databases = system.databases.iter().map(|it| Store {
            name: Arc::clone(&it.name.shown),
            cores: it.cores.into(),
            busy: [0; 2],
            waited: [0; 2],
            connecting: [0; 2],
            crowded: 0,
        });
        Self {
            provisioned: services.iter().flatten().map(|pool| pool.workers).sum(),
            length: window.1 - window.0,
            used: Gauge::new(window),
            drivers: drivers.collect(),
            databases: databases.collect(),
            services,
            windows,
        }
    }

    /// Takes in a record of a request at its workers, or of a crash that drops all of a node.
    pub fn see(&mut self, record: &Record) {
        let (Event::Queued { at, .. }
        | Event::Started { at, .. }
        | Event::Finished { at, .. }
        | Event::Dropped { at, .. }) = record.event
        else {
            return;
        };
        match at {
            Station::Service(service) => {
                let pool = self.services.get_mut(service.index()).and_then(Option::as_mut);
                let change = pool.map_or(0, |pool| pool.see(record));
                let used = self.used.value().saturating_add_signed(change);
                self.used.set(record.time.as_nanos(), used);
            }
            Station::Driver(role) => {
                if let Some(pool) = self.drivers.get_mut(usize::from(role)) {
                    pool.see(record);
                }
            }
        }
    }

    /// Notes that a statement had a core of a database.
    pub fn work(&mut self, now: u64, database: DatabaseId, busy: Span, waited: Span) {
        if let Some(store) = self.databases.get_mut(database.index()) {
            let began = now.saturating_sub(busy.as_nanos());
            self.windows.add(&mut store.busy, began, now);
            let queued = began.saturating_sub(waited.as_nanos());
            self.windows.add(&mut store.waited, queued, began);
        }
    }

    /// Notes that a session got a connection of a database, after this wait.
    pub fn connect(&mut self, now: u64, database: DatabaseId, waited: Span) {
        if let Some(store) = self.databases.get_mut(database.index()) {
            let queued = now.saturating_sub(waited.as_nanos());
            let once = queued.max(std::mem::replace(&mut store.crowded, now));
            store.connecting[0] += within(self.windows.loaded, queued, now);
            store.connecting[1] += within(self.windows.late, once, now);
        }
    }

    /// Notes a change of the number of events in outboxes or at the broker.
    pub fn hold(&mut self, record: &Record, label: LabelId, change: i64) {
        let role = match label {
            label::OUTBOX => role::RELAY,
            label::EVENT => role::BROKER,
            _ => return,
        };
        let at = role::number(role).map_or(usize::MAX, usize::from);
        let Some(pool) = self.drivers.get_mut(at) else { return };
        if role == role::RELAY && change > 0 {
            pool.sources.insert(record.node);
        }
        if let Some(held) = &mut pool.held {
            held.set(record.time.as_nanos(), held.value().saturating_add_signed(change));
        }
    }

    /// Takes M12 of the capacity, and returns the resources that were full at the end of the load.
    /// Levels stay as they are until `until`.
    pub fn measure(mut self, into: &mut Measured, until: u64) -> Vec<Limited> {
        self.used.advance(until);
        let bought = u128::from(self.provisioned) * u128::from(self.length);
        let share = Quantity::amount(self.used.area(), bought, EMPTY);
        into.quantity(WORKERS, Quantity::size(self.provisioned));
        into.quantity(WORKERS_USED, self.used.time_average());
        into.quantity(UTILISATION, share);
        let [length, stretch] =
            [self.windows.loaded, self.windows.late].map(|(from, to)| to.saturating_sub(from));
        for store in &self.databases {
            let connecting = Quantity::amount(store.connecting[0], length, EMPTY);
            into.quantity(CONNECTING.of_pool(&store.name), connecting);
        }
        let pools = self.services.into_iter().flatten().chain(self.drivers);
        let pools = pools.map(|pool| pool.used(until));
        let cores = self.databases.iter().map(|store| store.used(length));
        let mut busiest = Quantity::amount(0_u64, length, EMPTY);
        let mut full: Vec<Limited> =
            self.databases.iter().filter_map(|store| store.full(stretch)).collect();
        for used in pools.chain(cores) {
            full.extend(used.full(stretch));
            let Used { name, busy: [busy, _], of, waiting, most, .. } = used;
            let whole = u128::from(of) * u128::from(length);
            let utilisation = Quantity::amount(busy, whole, EMPTY);
            if utilisation.value() > busiest.value() {
                busiest = utilisation;
            }
            into.quantity(OF_POOL.of_pool(&name), utilisation);
            into.quantity(WAITING.of_pool(&name), waiting);
            if let Some(most) = most {
                into.quantity(WAITING_MAX.of_pool(&name), Quantity::total(most));
            }
        }
        into.quantity(BUSIEST, busiest);
        full.sort_unstable();
        full
    }
}

#[cfg(test)]
mod tests;
