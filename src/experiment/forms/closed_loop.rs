//! The throughput of a closed loop: Little's law, of its clients.

use super::{Bound, Case, Form, Prediction};
use crate::checks::measures::catalogue::THROUGHPUT;
use crate::experiment::result::Statistic;
use crate::model::system::{Arrivals, LoadSpec, OperationSpec};

/// The throughput of an operation that only closed loops offer.
pub const FORM: Form = Form {
    formula: "N / (Z + S)",
    meaning: "N clients, each of whom thinks (Z) or waits for an answer: as many as come per \
              second times the mean of both. S: mean own work of the first service; all other \
              work, waits and ways come on top",
    source: "Little 1961; asymptotic bounds (Denning, Buzen 1978)",
    bound: Bound::AtMost,
    predict,
};

/// Applies where every load of an operation is a closed loop from the beginning to the end.
fn predict(case: &Case<'_>) -> Vec<Prediction> {
    let all = case.operations().filter_map(|(scope, kind, operation)| {
        let work = first_work(case, operation)?;
        let loads: Vec<f64> =
            case.loads(kind).map(|load| throughput(case, load, work)).collect::<Option<_>>()?;
        let value = loads.iter().sum();
        let key = THROUGHPUT.of(&scope);
        (value > 0.0).then_some(Prediction { key, of: Statistic::Value, value })
    });
    all.collect()
}

/// The mean own work of the service that carries out the first step, in seconds.
fn first_work(case: &Case<'_>, operation: &OperationSpec) -> Option<f64> {
    let by = operation.steps.first()?.by;
    case.system().services[by.index()].work.mean()
}

fn throughput(case: &Case<'_>, load: &LoadSpec, work: f64) -> Option<f64> {
    let Arrivals::Closed { clients, think } = &load.arrivals else { return None };
    let cycle = think.mean()? + work;
    (case.lasts(load) && cycle > 0.0).then(|| f64::from(*clients) / cycle)
}
