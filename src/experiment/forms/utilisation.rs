//! The utilisation law: the share of time for which workers are busy.

use std::sync::Arc;

use super::{Bound, Case, Form, Prediction, is_refused};
use crate::checks::measures::Key;
use crate::checks::measures::capacity::OF_POOL;
use crate::experiment::result::Statistic;
use crate::model::contract::role;
use crate::model::system::{OperationKind, ServiceSpec};
use crate::patterns::pattern::Demand;

/// The source of the law.
const SOURCE: &str = "utilisation law (Denning, Buzen 1978)";

/// Workers of coordinators, orchestrators and brokers.
pub const DRIVERS: Form = Form {
    formula: "X S / m",
    meaning: "X: steps of own work per second, S: mean work of one, m: workers; what is tried \
              again comes on top",
    source: SOURCE,
    bound: Bound::About,
    predict: drivers,
};

/// Workers of services.
pub const SERVICES: Form = Form {
    formula: "X S / m",
    meaning: "X: operations per second whose first step is the service's, S: mean own work for \
              one, m: workers; waiting for databases and further requests come on top",
    source: SOURCE,
    bound: Bound::AtLeast,
    predict: services,
};

/// The constant rate of each operation per second, if no rule refuses any.
pub(super) fn rates(case: &Case<'_>) -> Option<Vec<(OperationKind, f64)>> {
    let system = case.system();
    let refused = system.operations.iter().any(is_refused);
    case.rates().filter(|_| !refused)
}

fn of_pool(name: &Arc<str>, value: f64) -> Prediction {
    let key: Key = OF_POOL.of_pool(name);
    Prediction { key, of: Statistic::Value, value }
}

fn drivers(case: &Case<'_>) -> Vec<Prediction> {
    let Some(rates) = rates(case) else { return Vec::new() };
    let all = at_drivers(case, &rates);
    all.map(|it| of_pool(&it.driver.into(), it.demand / it.capacity)).collect()
}

/// The busy workers of coordinators, orchestrators and brokers. The steps of a job and of a relay
/// cannot be counted beforehand: they work as long as they find something.
pub(super) fn at_drivers(
    case: &Case<'_>,
    rates: &[(OperationKind, f64)],
) -> impl Iterator<Item = Demand> + use<> {
    let demands = case.variant.pattern.demands(case.system(), rates).into_iter();
    demands.filter(|it| it.unit == "workers" && it.driver != role::JOB)
}

fn services(case: &Case<'_>) -> Vec<Prediction> {
    let Some(rates) = rates(case) else { return Vec::new() };
    let all = at_services(case, &rates).map(|(spec, busy)| {
        let workers = f64::from(spec.instances) * f64::from(spec.workers);
        of_pool(&spec.name.shown, busy / workers)
    });
    all.collect()
}

/// The busy workers of services, for their own work on first steps. Every pattern calls the service
/// of the first step at least once; requests for later steps depend on the pattern.
pub(super) fn at_services<'a>(
    case: &Case<'a>,
    rates: &[(OperationKind, f64)],
) -> impl Iterator<Item = (&'a ServiceSpec, f64)> {
    let system = case.system();
    let of = move |(service, spec): (_, &'a ServiceSpec)| {
        let begins = |kind: OperationKind| {
            system.operation(kind).steps.first().is_some_and(|step| step.by == service)
        };
        let all = rates.iter().filter(|(kind, _)| begins(*kind));
        let busy = all.map(|(_, rate)| rate).sum::<f64>() * spec.work.mean()?;
        (busy > 0.0 && spec.within.is_none()).then_some((spec, busy))
    };
    system.service_ids().zip(&system.services).filter_map(of)
}
