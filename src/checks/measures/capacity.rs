//! M12, the part about capacity: workers that are paid for, and workers that have a request.
//!
//! A service that is several in one scales as a whole: each further instance for its most demanding
//! part brings workers for all of them. What that wastes shows between these two numbers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::gauge::Gauge;
use super::{Better, Measure, Measured, Quantity, Unit, Values};
use crate::kernel::{NodeId, Span};
use crate::model::contract::{label, role};
use crate::model::record::{Event, Kind, LabelId, Record, Station};
use crate::model::system::{DatabaseId, System};

/// Why a share of time is missing.
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
.head("used");

/// M12, utilisation of workers.
pub const UTILISATION: &Measure = &Measure::number(
    "m12.workers.utilisation",
    "utilisation of workers",
    Unit::Share,
    Better::Neither,
    "Used of provisioned workers, in the same window; the rest is bought and idle.",
)
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

/// All measures of a pool, in the order in which reports show them.
pub const ALL: &[&Measure] = &[OF_POOL, WAITING, WAITING_MAX];

/// The workers of all services and drivers, and the cores of all databases.
#[derive(Debug)]
pub struct Capacity {
    /// Of all instances of all services, whether they are up or not: they are paid for.
    provisioned: u64,
    length: u64,
    used: Gauge,
    services: Vec<Option<Pool>>,
    drivers: Vec<Pool>,
    databases: Vec<Cores>,
    /// From the end of the warm-up to the end of the load, ns.
    loaded: (u64, u64),
}

/// The workers of a service or of a driver, over all of its nodes.
#[derive(Debug)]
struct Pool {
    name: Arc<str>,
    workers: u64,
    busy: Gauge,
    waiting: Gauge,
    /// The events that stores and brokers hold for it, if they are its backlog.
    held: Option<Gauge>,
    /// The databases whose outboxes it reads, with a process each; the rest of its workers have
    /// nothing to do.
    sources: BTreeSet<NodeId>,
    instances: u64,
    /// How many wait, and how many are served, at each node.
    nodes: BTreeMap<NodeId, (u64, u64)>,
}

/// The cores of a database.
#[derive(Debug)]
struct Cores {
    name: Arc<str>,
    cores: u64,
    busy: u128,
    waited: u128,
}

impl Pool {
    fn new(name: &str, workers: u64, loaded: (u64, u64)) -> Self {
        let (busy, waiting) = (Gauge::new(loaded), Gauge::new(loaded));
        let (sources, nodes) = (BTreeSet::new(), BTreeMap::new());
        let (name, held, instances) = (name.into(), None, 1);
        Self { name, workers, busy, waiting, held, sources, instances, nodes }
    }

    /// Takes in a request that comes further, and gives how many more are served since, or fewer.
    fn see(&mut self, record: &Record) -> i64 {
        let node = self.nodes.entry(record.node).or_default();
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
        self.busy.set(now, self.busy.value() + serves - before.1);
        serves as i64 - before.1 as i64
    }
}

/// The use of a pool over the measured load.
struct Used {
    name: Arc<str>,
    /// Summed over workers, ns.
    busy: u128,
    of: u64,
    waiting: Quantity,
    most: Option<u64>,
}

impl Pool {
    fn used(mut self, until: u64) -> Used {
        self.busy.advance(until);
        let mut waiting = self.held.unwrap_or(self.waiting);
        waiting.advance(until);
        let (busy, most) = (self.busy.area(), Some(waiting.peak()));
        let of = match self.sources.len() as u64 {
            0 => self.workers,
            sources => self.workers.min(self.instances * sources),
        };
        Used { name: self.name, busy, of, waiting: waiting.time_average(), most }
    }
}

impl Cores {
    /// The use of the cores; how many waited is, by Little's law, the waits summed over the time.
    fn used(self, length: u64) -> Used {
        let waiting = Quantity::ratio(self.waited, length, EMPTY);
        Used { name: self.name, busy: self.busy, of: self.cores, waiting, most: None }
    }
}

impl Capacity {
    /// Integrated over `window` (ns, from and until), and of each pool until the end of the load.
    pub fn new(system: &System, window: (u64, u64)) -> Self {
        let loaded = (window.0, system.phases.load.as_nanos());
        let services = system.services.iter().map(|it| {
            let workers = u64::from(it.instances) * u64::from(it.workers);
            it.within.is_none().then(|| Pool::new(&it.name.shown, workers, loaded))
        });
        let services: Vec<Option<Pool>> = services.collect();
        let drivers = role::WORKING.iter().map(|role| {
            let spec = system.driver(role);
            let workers = spec.map_or(1, |it| u64::from(it.instances) * u64::from(it.workers));
            let held = [role::RELAY, role::BROKER].contains(role).then(|| Gauge::new(loaded));
            let instances = system.driver_instances(role).into();
            Pool { held, instances, ..Pool::new(role, workers, loaded) }
        });
        let databases = system.databases.iter().map(|it| Cores {
            name: Arc::clone(&it.name.shown),
            cores: it.cores.into(),
            busy: 0,
            waited: 0,
        });
        Self {
            provisioned: services.iter().flatten().map(|pool| pool.workers).sum(),
            length: window.1 - window.0,
            used: Gauge::new(window),
            drivers: drivers.collect(),
            databases: databases.collect(),
            services,
            loaded,
        }
    }

    /// A request comes further at its workers, or a crash drops all of a node.
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

    /// A statement had a core of a database.
    pub fn work(&mut self, now: u64, database: DatabaseId, busy: Span, waited: Span) {
        let cores = self.databases.get_mut(database.index());
        let within = (self.loaded.0..self.loaded.1).contains(&now);
        if let Some(cores) = cores.filter(|_| within) {
            cores.busy += u128::from(busy.as_nanos());
            cores.waited += u128::from(waited.as_nanos());
        }
    }

    /// Outboxes hold so many more events, or so many more are at the broker.
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

    /// Takes down what M12 says of it; nothing changes any more until `until`.
    pub fn measure(mut self, into: &mut Measured, until: u64) {
        self.used.advance(until);
        let bought = u128::from(self.provisioned) * u128::from(self.length);
        let share = Quantity::ratio(self.used.area(), bought, EMPTY);
        into.quantity(WORKERS, Quantity::total(self.provisioned));
        into.quantity(WORKERS_USED, self.used.time_average());
        into.quantity(UTILISATION, share);
        let length = self.loaded.1.saturating_sub(self.loaded.0);
        let pools = self.services.into_iter().flatten().chain(self.drivers);
        let pools = pools.map(|pool| pool.used(until));
        let cores = self.databases.into_iter().map(|cores| cores.used(length));
        let mut busiest = Quantity::ratio(0_u64, length, EMPTY);
        for Used { name, busy, of, waiting, most } in pools.chain(cores) {
            let whole = u128::from(of) * u128::from(length);
            let utilisation = Quantity::ratio(busy, whole, EMPTY);
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
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::events::{dropped, finished, started};
    use crate::tests::history::History;
    use crate::tests::pick;
    use crate::tests::runs::{RecordedRun, record_text, scenario};

    /// Only the stock is hot: it has three instances, and the office one with as many workers.
    const HOT: &str = r#"
        [scenario]
        name = "hot"
        warm-up = "0s"
        load = "60s"
        settle = "40s"

        [services]
        stock = { workers = 4, instances = 3, work = "20ms" }
        office = { workers = 8, work = "20ms" }

        [databases]
        stock-db = {}
        office-db = {}

        [tables]
        product = { owner = "stock", database = "stock-db", columns = { left = 0 }, rows = 500 }
        note = { owner = "office", database = "office-db", columns = { product = 0 } }

        [operations.take]
        keys = { product = { rows-of = "product" } }
        steps = [
            { name = "take", by = "stock", table = "product", key = "product",
              effect = { add = { left = -1 } } },
        ]

        [operations.jot]
        keys = { note = "new" }
        steps = [
            { name = "jot", by = "office", table = "note", key = "note",
              effect = { insert = { product = 1 } } },
        ]

        [load.buyers]
        operation = "take"
        constant = "100ms"

        [load.clerks]
        operation = "jot"
        constant = "10s"

        [variants]
        apart = { pattern = "orchestrated" }
        together = { pattern = "orchestrated", technique = { name = "consolidation",
                     services = ["stock", "office"] } }
    "#;

    fn number(told: &RecordedRun, measure: &'static Measure) -> f64 {
        told.report.measures.number(measure).value().expect("it is measured")
    }

    #[test]
    fn what_scales_as_a_whole_buys_workers_for_all_its_parts() {
        for (variant, provisioned) in [("apart", 3 * 4 + 8), ("together", 3 * (4 + 8))] {
            let told = record_text(HOT, variant, 1);
            assert!(told.report.settled);
            assert_eq!(number(&told, WORKERS), f64::from(provisioned));
            // A visit has a worker from the end of its wait to its own end.
            let stayed = told.pick(
                pick!(Event::Finished { at: Station::Service(_), stayed, .. } => stayed.as_nanos()),
            );
            let waited = told.pick(
                pick!(Event::Started { at: Station::Service(_), waited, .. } => waited.as_nanos()),
            );
            let held = stayed.sum::<u64>() - waited.sum::<u64>();
            assert!(held > 600 * 20_000_000, "600 buyers, 20 ms of work each");
            let used = held as f64 / 100e9;
            assert_eq!(number(&told, WORKERS_USED), used);
            let share = number(&told, UTILISATION);
            assert_eq!(share, held as f64 / (f64::from(provisioned) * 100e9));
        }
    }

    #[test]
    fn the_same_work_leaves_more_of_the_whole_idle() {
        let scenario = scenario(HOT);
        let of = |at: usize| &scenario.variants[at].system.services;
        let host = &of(1)[0];
        assert_eq!((host.instances, host.workers), (3, 12), "scaled for its most demanding part");
        let [apart, together] = ["apart", "together"].map(|variant| record_text(HOT, variant, 1));
        let idle = |told: &RecordedRun| number(told, WORKERS) - number(told, WORKERS_USED);
        assert!(idle(&together) > idle(&apart) + 15.0, "16 workers more, for the same load");
    }

    #[test]
    fn a_crash_ends_what_its_node_was_at() {
        let mut history = History::new();
        let mut on = |at: u64, node: u16, event: Event| {
            history.at(at).note_with(event, |record| record.node = NodeId(node));
        };
        // One at node 7 for 10 s, two at node 8 until it crashes; the third starts anew there.
        on(20_000, 7, started(0));
        on(22_000, 8, started(0));
        on(23_000, 8, started(0));
        on(25_000, 8, dropped(2, 0));
        on(26_000, 8, started(0));
        on(27_000, 8, finished(0, 0));
        on(30_000, 7, finished(0, 0));
        let report = history.rest();
        let used = report.measures.number(WORKERS_USED);
        let super::Quantity::Ratio { part, .. } = used else { panic!("{used:?}") };
        assert_eq!(part, (10 + 3 + 2 + 1) * 1_000_000_000);
    }
}
