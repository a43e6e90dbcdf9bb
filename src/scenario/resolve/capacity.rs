//! A warning, computed from means, when the load is more than the system can carry.

use super::super::file::File;
use super::super::problem::{Code, Place, Problem};
use super::layout::Laid;
use crate::model::reason::Reason;
use crate::model::system::{StepSpec, System};
use crate::reason;

/// Something that is asked for more than it can give.
struct Overload<'s> {
    what: &'static str,
    /// Its position among the services or the databases.
    at: usize,
    name: &'s str,
    unit: &'static str,
    demand: f64,
    capacity: f64,
}

/// Warns of services and databases whose mean demand exceeds their capacity: as the file lays them
/// out, and of those that are overloaded only in a variant.
pub(super) fn check(
    system: &System,
    layouts: &[Option<Laid<'_>>],
    file: &File,
    problems: &mut Vec<Problem>,
) {
    let everywhere = overloads(system);
    for overload in &everywhere {
        let place = match overload.what {
            SERVICE => &file.services.0[overload.at].0.place,
            _ => &file.databases.0[overload.at].0.place,
        };
        problems.push(warning(overload, "".into(), place, file));
    }
    for ((shown, _), laid) in file.variants.0.iter().zip(layouts) {
        let mut known: Vec<(&str, usize)> =
            everywhere.iter().map(|known| (known.what, known.at)).collect();
        for stage in laid.iter().flat_map(|laid| &laid.stages) {
            for overload in overloads(&stage.system) {
                if known.contains(&(overload.what, overload.at)) {
                    continue;
                }
                known.push((overload.what, overload.at));
                let place = stage.techniques.first().map_or(&shown.place, |first| &first.place);
                let lead = stage.of(&shown.value).and(", ");
                problems.push(warning(&overload, lead, place, file));
            }
        }
    }
}

const SERVICE: &str = "service";
const DATABASE: &str = "database";

/// The overloaded parts of a layout.
fn overloads(system: &System) -> Vec<Overload<'_>> {
    demands(system).into_iter().filter(|found| found.demand >= found.capacity).collect()
}

/// The mean utilisation of the busiest part of a layout; above 1 where it is overloaded.
pub(super) fn utilisation(system: &System) -> f64 {
    let parts = demands(system).into_iter().map(|found| found.demand / found.capacity);
    parts.fold(0.0, f64::max)
}

/// The parts of a layout, with what each is asked for and what it has.
fn demands(system: &System) -> Vec<Overload<'_>> {
    let rates: Vec<Option<f64>> = system.loads.iter().map(|load| system.rate(load)).collect();
    let services = system.services.iter().enumerate().map(|(at, service)| {
        let demand = demand(system, &rates, |step| {
            (step.by.index() == at).then(|| held(system, step)).flatten()
        });
        let capacity = f64::from(service.instances) * f64::from(service.workers);
        let name = &service.name.shown;
        Overload { what: SERVICE, at, name, unit: "workers", demand, capacity }
    });
    let databases = system.databases.iter().enumerate().map(|(at, database)| {
        let demand = demand(system, &rates, |step| {
            let here = system.table(step.table).database.index() == at;
            here.then(|| database.work.mean()).flatten()
        });
        let (name, capacity) = (&database.name.shown, f64::from(database.cores));
        Overload { what: DATABASE, at, name, unit: "cores", demand, capacity }
    });
    services.chain(databases).collect()
}

fn warning(overload: &Overload<'_>, lead: Reason, place: &Place, file: &File) -> Problem {
    let Overload { what, name, unit, demand, capacity, .. } = overload;
    let message = lead.and(reason!(
        "the load is beyond the capacity of the {what} `{}`: \
         it keeps {demand:.1} {unit} busy and has {capacity}",
        name
    ));
    let label = format!("{:.0} % utilised", 100.0 * demand / capacity);
    let mut problem = Problem::error(Code::Capacity, place, message, label).warning();
    for (_, load, _) in file.load.iter() {
        problem = problem.also(&load.place, "load");
    }
    problem.help("the queue grows as long as the load lasts: lower the rate or add capacity")
}

/// Mean number of units kept busy, if a step of an operation keeps one busy for so many seconds.
fn demand(
    system: &System,
    rates: &[Option<f64>],
    seconds: impl Fn(&StepSpec) -> Option<f64>,
) -> f64 {
    let loads = system.loads.iter().zip(rates);
    let per_load = loads.map(|(load, rate)| {
        let steps = system.operation(load.operation).steps.iter();
        let each: f64 = steps.filter_map(&seconds).sum();
        rate.unwrap_or(0.0) * each
    });
    per_load.sum()
}

/// How long a step holds a worker on average: its own work, one statement, one forced commit and
/// the way to the database and back for both, in seconds.
fn held(system: &System, step: &StepSpec) -> Option<f64> {
    let database = &system.databases[system.table(step.table).database.index()];
    let trips = match database.node {
        Some(node) if node == step.by => 0.0,
        _ => 4.0 * system.links.database.delay.mean()?,
    };
    let service = &system.services[step.by.index()];
    Some(service.work.mean()? + database.work.mean()? + database.force.commit.mean()? + trips)
}
