//! The price of a two-phase commit without faults: messages and forced writes.

use std::collections::BTreeSet;

use super::{Bound, Case, Form, Prediction, is_refused};
use crate::checks::measures::Measure;
use crate::checks::measures::catalogue;
use crate::experiment::result::Statistic;
use crate::model::system::{OperationSpec, StepSpec};
use crate::patterns::atomic_commit::work::requests;
use crate::patterns::pattern::Pattern;
use crate::patterns::two_phase_commit::TwoPhaseCommit;
use crate::patterns::two_phase_commit::settings::{Place, Presumption, Settings};

/// The source of both prices.
const SOURCE: &str = "Mohan, Lindsay, Obermarck 1986; `explain two-phase-commit`";

/// Messages between the coordinator and its participants.
pub const MESSAGES: Form = Form {
    formula: "2 w + 4 n (presumed commit: 2 w + 3 n)",
    meaning: "n: participants, w: requests for work; transactions that are tried again come on top",
    source: SOURCE,
    bound: Bound::AtLeast,
    predict: |case| predict(case, catalogue::SERVICE_MESSAGES, messages),
};

/// Forced writes of the coordinator and its participants.
pub const FORCED_WRITES: Form = Form {
    formula: "2 n + 1 (presumed commit: n + 2)",
    meaning: "n: participants; those that come at the same time share a forced write",
    source: SOURCE,
    bound: Bound::AtMost,
    predict: |case| predict(case, catalogue::FORCED_WRITES, forced),
};

/// A price, by participants, requests for work and what is presumed.
type Price = fn(f64, f64, Presumption) -> f64;

fn messages(participants: f64, requests: f64, presumed: Presumption) -> f64 {
    let votes = if presumed == Presumption::Commit { 3.0 } else { 4.0 };
    2.0 * requests + votes * participants
}

fn forced(participants: f64, _: f64, presumed: Presumption) -> f64 {
    match presumed {
        Presumption::Commit => participants + 2.0,
        Presumption::Nothing | Presumption::Abort => 2.0 * participants + 1.0,
    }
}

/// Applies to operations that nobody refuses, in which every participant writes and none looks
/// anything up.
fn predict(case: &Case<'_>, measure: &'static Measure, price: Price) -> Vec<Prediction> {
    let settings = case.settings::<Settings>(TwoPhaseCommit::NAME);
    let Some(settings) = settings.filter(|it| it.coordinator == Place::OwnNode) else {
        return Vec::new();
    };
    let all = case.spanning().filter(|(_, _, operation)| is_plain(operation)).map(
        |(scope, _, operation)| {
            let participants: BTreeSet<_> = operation.steps.iter().map(|step| step.by).collect();
            let requests = requests(settings.fan_out, operation) as f64;
            let value = price(participants.len() as f64, requests, settings.presumption);
            Prediction { key: measure.of(&scope), of: Statistic::Value, value }
        },
    );
    all.collect()
}

fn is_plain(operation: &OperationSpec) -> bool {
    let plain = |step: &StepSpec| step.lookup.is_none() && !step.effect.is_nothing();
    !is_refused(operation) && operation.steps.iter().all(plain)
}
