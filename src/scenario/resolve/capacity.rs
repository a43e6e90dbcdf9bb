//! A warning, computed from means, when the load is more than the system can carry.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::file::File;
use super::super::problem::{Code, Place, Problem};
use super::layout::Laid;
use crate::kernel::{Dist, Time};
use crate::model::reason::Reason;
use crate::model::system::{Access, OperationKind, ReadWhat, ServiceId, StepSpec, System, TableId};
use crate::patterns::pattern::{Demand, Prepared};
use crate::reason;

/// A service or database whose demand exceeds its capacity.
struct Overload {
    what: &'static str,
    name: Arc<str>,
    unit: &'static str,
    demand: f64,
    capacity: f64,
}

/// Warns of services and databases whose mean demand exceeds their capacity in the layout of the
/// file, and of those, drivers included, that are overloaded only in a variant.
pub(super) fn check(
    system: &System,
    layouts: &[Option<Laid<'_>>],
    file: &File,
    problems: &mut Vec<Problem>,
) {
    let everywhere = overloads(system, &[]);
    for overload in &everywhere {
        let declared = (file.services.0.iter().map(|(name, _)| name))
            .chain(file.databases.0.iter().map(|(name, _)| name))
            .find(|name| *name.value == *overload.name);
        if let Some(name) = declared {
            problems.push(warning(overload, "".into(), &name.place, file));
        }
    }
    for ((shown, variant), laid) in file.variants.0.iter().zip(layouts) {
        let (Some(variant), Some(laid)) = (variant, laid) else { continue };
        let mut known: Vec<Arc<str>> =
            everywhere.iter().map(|known| Arc::clone(&known.name)).collect();
        let pattern = variant.pattern.prepared(&laid.system);
        for stage in &laid.stages {
            let requests = pattern.requests(&stage.system, &offered(&stage.system));
            for overload in overloads(&stage.system, &requests) {
                if known.contains(&overload.name) {
                    continue;
                }
                known.push(Arc::clone(&overload.name));
                let place = stage.techniques.first().map_or(&shown.place, |first| &first.place);
                let lead = stage.of(&shown.value).and(", ");
                problems.push(warning(&overload, lead, place, file));
            }
        }
        for demand in pattern.demands(&laid.system, &offered(&laid.system)) {
            let Demand { driver, unit, demand, capacity } = demand;
            let overload = Overload { what: "", name: driver.into(), unit, demand, capacity };
            if demand >= capacity {
                let lead = laid.stages[0].of(&shown.value).and(", ");
                problems.push(warning(&overload, lead, &variant.name.place, file));
            }
        }
    }
}

/// The rate of each kind of operation per second, as far as it is known before a run.
fn offered(system: &System) -> Vec<(OperationKind, f64)> {
    let mut rates: BTreeMap<OperationKind, f64> = BTreeMap::new();
    for load in &system.loads {
        *rates.entry(load.operation).or_default() += system.rate(load).unwrap_or_default();
    }
    rates.into_iter().collect()
}

/// The overloaded services and databases of a layout, given the requests per second of drivers.
fn overloads(system: &System, requests: &[(TableId, f64)]) -> Vec<Overload> {
    demands(system, requests).into_iter().filter(|found| found.demand >= found.capacity).collect()
}

/// The mean utilisation of the busiest part of a layout under a pattern, drivers included; above 1
/// where it is overloaded.
pub(super) fn utilisation(pattern: &dyn Prepared, system: &System) -> f64 {
    let offered = offered(system);
    let parts = demands(system, &pattern.requests(system, &offered));
    let parts = parts.into_iter().map(|found| found.demand / found.capacity);
    let drivers = pattern.demands(system, &offered);
    let drivers = drivers.into_iter().map(|found| found.demand / found.capacity);
    parts.chain(drivers).fold(0.0, f64::max)
}

/// The demand and the capacity of each service and database of a layout.
fn demands(system: &System, requests: &[(TableId, f64)]) -> Vec<Overload> {
    let mut busy = Busy::of(system);
    for (table, rate) in requests {
        busy.read(None, None, *table, *rate);
    }
    let services = system.services.iter().zip(&busy.services).map(|(service, demand)| {
        let capacity = f64::from(service.instances) * f64::from(service.workers);
        let name = Arc::clone(&service.name.shown);
        Overload { what: "service ", name, unit: "workers", demand: *demand, capacity }
    });
    let databases = system.databases.iter().zip(&busy.databases).map(|(database, demand)| {
        let (name, capacity) = (Arc::clone(&database.name.shown), f64::from(database.cores));
        Overload { what: "database ", name, unit: "cores", demand: *demand, capacity }
    });
    services.chain(databases).collect()
}

fn warning(overload: &Overload, lead: Reason, place: &Place, file: &File) -> Problem {
    let Overload { what, name, unit, demand, capacity } = overload;
    let beyond = reason!("the load is beyond the capacity of the {what}`{}`: ", name);
    let message = lead.and(beyond).and(match *unit {
        _ if demand.is_infinite() => format!("it has {capacity} {unit}, and none are enough"),
        "workers" | "cores" => format!("it keeps {demand:.1} {unit} busy and has {capacity}"),
        _ => format!("it is handed {demand:.1} {unit} and takes {capacity}"),
    });
    let label = match demand.is_infinite() {
        true => "what is asked for has no mean".to_owned(),
        false => format!("{:.0} % utilised", 100.0 * demand / capacity),
    };
    let mut problem = Problem::error(Code::Capacity, place, message, label).warning();
    for (_, load, _) in file.load.iter() {
        problem = problem.also(&load.place, "load");
    }
    problem.help("the queue grows as long as the load lasts: lower the rate or add capacity")
}

/// The mean number of workers and cores that the load keeps busy (Little's law: rate times holding
/// time).
struct Busy<'s> {
    system: &'s System,
    services: Vec<f64>,
    databases: Vec<f64>,
}

impl<'s> Busy<'s> {
    fn of(system: &'s System) -> Self {
        let services = vec![0.0; system.services.len()];
        let mut busy = Self { system, services, databases: vec![0.0; system.databases.len()] };
        let offered = offered(system);
        for (kind, rate) in &offered {
            system.operation(*kind).steps.iter().for_each(|step| busy.step(step, *rate));
        }
        for read in &system.reads {
            match &read.what {
                ReadWhat::Operation { kind, steps, at, share, .. } => {
                    let declared = |(of, _): &&(OperationKind, f64)| system.declared(*of) == *kind;
                    let rate: f64 = offered.iter().filter(declared).map(|(_, rate)| rate).sum();
                    let specs = &system.operation(*kind).steps;
                    for step in steps {
                        let table = specs[step.index()].table;
                        busy.read(read.by, read.part, table, rate * share * at.len() as f64);
                    }
                }
                ReadWhat::Column { column, rate, .. } => {
                    busy.read(read.by, read.part, column.table, *rate)
                }
            }
        }
        busy
    }

    /// Adds a step. It holds a worker for its own work, its look-up, a statement and a commit; the
    /// service that has called for it holds a worker for the same time.
    fn step(&mut self, step: &StepSpec, rate: f64) {
        let looked = step.lookup.map_or(0.0, |lookup| self.look(step.by, lookup.table, rate));
        let database = self.system.table(step.table).database;
        let commit = mean(&self.system.databases[database.index()].force.commit);
        let trip = self.trip(step.by, step.table);
        let statement = self.statement(step.by, step.table, rate);
        let held =
            self.own(step.part.unwrap_or(step.by)) + looked + statement + commit + 2.0 * trip;
        self.services[step.by.index()] += rate * held;
        if let Some(asker) = step.asked_by {
            self.services[asker.index()] += rate * (self.own(asker) + held + self.call());
        }
    }

    /// Adds a read. It holds a worker of the service that is called, and one of the owner if that
    /// service must call the owner in turn.
    fn read(&mut self, by: Option<ServiceId>, part: Option<ServiceId>, table: TableId, rate: f64) {
        let (by, part) = match by {
            Some(by) => (by, part.unwrap_or(by)),
            None => {
                let owner = self.system.owner(table, Time::ZERO);
                (owner, self.system.table(table).part.unwrap_or(owner))
            }
        };
        let held = self.own(part) + self.look(by, table, rate);
        self.services[by.index()] += rate * held;
    }

    /// The time for which a service reads a table, by the path that it has to the table.
    fn look(&mut self, by: ServiceId, table: TableId, rate: f64) -> f64 {
        match self.system.access(by, table, Time::ZERO) {
            Access::Direct => self.statement(by, table, rate),
            Access::Replica(copy) => self.statement(by, copy, rate),
            Access::Call(owner) => {
                let part = self.system.table(table).part.unwrap_or(owner);
                let held = self.own(part) + self.statement(owner, table, rate);
                self.services[owner.index()] += rate * held;
                held + self.call()
            }
        }
    }

    /// The time for which a service waits for a statement: a round trip and the core time.
    fn statement(&mut self, by: ServiceId, table: TableId, rate: f64) -> f64 {
        let database = self.system.table(table).database.index();
        let work = mean(&self.system.databases[database].work);
        self.databases[database] += rate * work;
        work + 2.0 * self.trip(by, table)
    }

    /// The mean one-way delay to the database of a table.
    fn trip(&self, by: ServiceId, table: TableId) -> f64 {
        let database = &self.system.databases[self.system.table(table).database.index()];
        match database.node {
            Some(node) if node == by => 0.0,
            _ => mean(&self.system.links.database.delay),
        }
    }

    /// The mean round trip to another service.
    fn call(&self) -> f64 {
        2.0 * mean(&self.system.links.default.delay)
    }

    fn own(&self, service: ServiceId) -> f64 {
        mean(&self.system.services[service.index()].work)
    }
}

/// The mean of a time in seconds; 0 for a distribution without a mean.
fn mean(of: &Dist) -> f64 {
    of.mean().unwrap_or_default()
}
