//! The mean number of requests that wait for workers: Erlang's formula, and Little's law.

use super::utilisation::{at_drivers, at_services, rates};
use super::{Bound, Case, Form, Prediction};
use crate::checks::measures::capacity::WAITING;
use crate::experiment::result::Statistic;
use crate::kernel::Dist;
use crate::model::contract::role;
use crate::stats::laws;

/// The formula: Little's law, of the mean wait in an M/M/c queue.
const FORMULA: &str = "X W = a C(m, a) / (m - a), a = X S";

/// The source of both.
const SOURCE: &str = "Little 1961; Erlang 1917; Jackson 1957";

/// The queue of a coordinator or an orchestrator. An operation returns to it for each step of its
/// work, from services that are not the bottleneck, so it is nearly a Jackson network.
pub const DRIVERS: Form = Form {
    formula: FORMULA,
    meaning: "in line are as many as come per second (X) times their mean wait (W), which is that \
              of M/M/m; S: mean work of a step, m: workers; what is tried again comes on top",
    source: SOURCE,
    bound: Bound::About,
    predict: drivers,
};

/// The queue of a service.
pub const SERVICES: Form = Form {
    formula: FORMULA,
    meaning: "in line are as many as come per second (X) times their mean wait (W), which is that \
              of M/M/m; S: mean own work of a first step, m: workers; who waits for a database \
              keeps a worker for longer, and further requests come on top",
    source: SOURCE,
    bound: Bound::AtLeast,
    predict: services,
};

/// The least mean length that a run can distinguish from zero.
const LEAST: f64 = 0.01;
/// The greatest utilisation for which a run is long enough for the mean length, and the queue bound
/// has no influence.
const MOST: f64 = 0.9;

/// The mean number of waiting requests for so many workers, of whom `busy` are at work on average;
/// none if it is too small to be measured or too large to be stable.
fn in_line(busy: f64, workers: u32) -> Option<f64> {
    let servers = f64::from(workers);
    let is_stable = busy > 0.0 && busy <= MOST * servers;
    let value = is_stable.then(|| laws::wait_for_any(busy, workers, 1.0) * busy)?;
    (value >= LEAST).then_some(value)
}

fn is_exponential(work: &Dist) -> bool {
    matches!(work, Dist::Exponential { .. })
}

/// Returns whether everything arrives at random times, independent of everything else.
fn is_random(case: &Case<'_>) -> bool {
    case.system().declared_kinds().all(|kind| case.arrives_at_random(kind))
}

/// Applies if one instance takes all operations, and each of its steps takes an exponential time.
fn drivers(case: &Case<'_>) -> Vec<Prediction> {
    let Some(rates) = rates(case).filter(|_| is_random(case)) else { return Vec::new() };
    let all = at_drivers(case, &rates).filter_map(|it| {
        let spec = case.system().driver(it.driver)?;
        let is_one = [role::COORDINATOR, role::ORCHESTRATOR].contains(&it.driver);
        let is_simple = is_one && spec.instances == 1 && is_exponential(&spec.work);
        let value = in_line(it.demand, spec.workers).filter(|_| is_simple)?;
        Some(Prediction { key: WAITING.of_pool(&it.driver.into()), of: Statistic::Value, value })
    });
    all.collect()
}

/// Applies if a service has one instance and exponential work.
fn services(case: &Case<'_>) -> Vec<Prediction> {
    let Some(rates) = rates(case).filter(|_| is_random(case)) else { return Vec::new() };
    let all = at_services(case, &rates).filter_map(|(spec, busy)| {
        let is_simple = spec.instances == 1 && is_exponential(&spec.work);
        let value = in_line(busy, spec.workers).filter(|_| is_simple)?;
        let key = WAITING.of_pool(&spec.name.shown);
        Some(Prediction { key, of: Statistic::Value, value })
    });
    all.collect()
}
