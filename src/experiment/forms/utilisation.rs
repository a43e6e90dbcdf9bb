//! The utilisation law: how busy workers are.

use std::sync::Arc;

use super::{Bound, Case, Form, Prediction, is_refused};
use crate::checks::measures::Key;
use crate::checks::measures::capacity::OF_POOL;
use crate::experiment::result::Statistic;
use crate::model::contract::role;
use crate::model::system::{OperationKind, ServiceSpec};

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

fn rates(case: &Case<'_>) -> Option<Vec<(OperationKind, f64)>> {
    let system = case.system();
    let refused = system.operations.iter().any(is_refused);
    case.rates().filter(|_| !refused)
}

fn of_pool(name: &Arc<str>, value: f64) -> Prediction {
    let key: Key = OF_POOL.of_pool(name);
    Prediction { key, of: Statistic::Value, value }
}

/// A job works for as long as it finds something, and a relay is busy for as long as it knows of
/// more: only of the others the steps can be counted.
fn drivers(case: &Case<'_>) -> Vec<Prediction> {
    let Some(rates) = rates(case) else { return Vec::new() };
    let demands = case.variant.pattern.demands(case.system(), &rates).into_iter();
    let counted = demands.filter(|it| it.unit == "workers" && it.driver != role::JOB);
    counted.map(|it| of_pool(&it.driver.into(), it.demand / it.capacity)).collect()
}

/// Every pattern asks the service of the first step once at least; what becomes of later steps, and
/// in how many requests, is its own affair.
fn services(case: &Case<'_>) -> Vec<Prediction> {
    let Some(rates) = rates(case) else { return Vec::new() };
    let system = case.system();
    let of = |(service, spec): (_, &ServiceSpec)| {
        let begins = |kind: OperationKind| {
            system.operation(kind).steps.first().is_some_and(|step| step.by == service)
        };
        let all = rates.iter().filter(|(kind, _)| begins(*kind));
        let workers = f64::from(spec.instances) * f64::from(spec.workers);
        let value = all.map(|(_, rate)| rate).sum::<f64>() * spec.work.mean()? / workers;
        (value > 0.0 && spec.within.is_none()).then(|| of_pool(&spec.name.shown, value))
    };
    system.service_ids().zip(&system.services).filter_map(of).collect()
}
