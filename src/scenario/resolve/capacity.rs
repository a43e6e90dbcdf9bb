//! Whether the load is more than the system can carry: a warning, computed from means.

use super::super::file::File;
use super::super::problem::{Place, Problem};
use crate::model::system::{StepSpec, System};

/// Warns of services and databases whose mean demand exceeds their capacity.
pub(super) fn check(system: &System, file: &File, problems: &mut Vec<Problem>) {
    let rates: Vec<Option<f64>> = system.loads.iter().map(|load| system.rate(load)).collect();
    for (at, service) in system.services.iter().enumerate() {
        let capacity = f64::from(service.instances) * f64::from(service.workers);
        let demand = demand(system, &rates, |step| {
            (step.by.index() == at).then(|| held(system, step)).flatten()
        });
        let at = &file.services.0[at].0.place;
        warn("service", &service.name.shown, "workers", (demand, capacity), at, file, problems);
    }
    for (at, database) in system.databases.iter().enumerate() {
        let demand = demand(system, &rates, |step| {
            let here = system.table(step.table).database.index() == at;
            here.then(|| database.work.mean()).flatten()
        });
        let capacity = f64::from(database.cores);
        let at = &file.databases.0[at].0.place;
        warn("database", &database.name.shown, "cores", (demand, capacity), at, file, problems);
    }
}

fn warn(
    what: &str,
    name: &str,
    unit: &str,
    (demand, capacity): (f64, f64),
    place: &Place,
    file: &File,
    problems: &mut Vec<Problem>,
) {
    if demand < capacity {
        return;
    }
    let message = format!(
        "the load is beyond the capacity of the {what} `{name}`: \
         it keeps {demand:.1} {unit} busy and has {capacity}"
    );
    let label = format!("{:.0} % utilised", 100.0 * demand / capacity);
    let mut problem = Problem::error("capacity", place, message, label).warning();
    for (_, load, _) in file.load.iter() {
        problem = problem.also(&load.place, "load");
    }
    let help = "the queue grows as long as the load lasts: lower the rate or add capacity";
    problems.push(problem.help(help));
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
