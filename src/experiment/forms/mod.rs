//! Closed forms: the predictions of textbooks for a variant, if its scenario is as simple as they
//! assume.
//!
//! A form is a constant in a file of its own and a line in [`BUILTIN`]. It predicts numbers of
//! measures from a scenario and a variant, or nothing if it does not apply. The formulas themselves
//! are in [`laws`](crate::stats::laws), which `driftlab verify-model` uses, too.

mod closed_loop;
mod commit_price;
mod independent_refusals;
mod little;
mod polling_relay;
mod refreshed_copy;
mod synchronization;
mod utilisation;
mod waiting_line;

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use crate::checks::measures::{Key, Scope};
use crate::experiment::result::{MeasureResult, Statistic};
use crate::model::system::{
    Arrivals, LoadSpec, OperationKind, OperationSpec, Refuse, StepSpec, System,
};
use crate::scenario::{Scenario, Variant};

/// All forms, in the order in which reports show them.
pub const BUILTIN: &[&Form] = &[
    &synchronization::FORM,
    &polling_relay::FORM,
    &refreshed_copy::FORM,
    &independent_refusals::FORM,
    &commit_price::MESSAGES,
    &commit_price::FORCED_WRITES,
    &commit_price::PAXOS_MESSAGES,
    &commit_price::PAXOS_FORCED_WRITES,
    &closed_loop::FORM,
    &little::FORM,
    &utilisation::DRIVERS,
    &utilisation::SERVICES,
    &waiting_line::DRIVERS,
    &waiting_line::SERVICES,
];

/// A closed form.
#[derive(Debug)]
pub struct Form {
    /// The formula, with the names of its source.
    pub formula: &'static str,
    /// The meaning of the names in the formula, and what it leaves out.
    pub meaning: &'static str,
    /// The source of the closed form.
    pub source: &'static str,
    /// The relation in which the number should be to the prediction.
    pub bound: Bound,
    /// The predictions for a variant; none where it does not apply.
    pub predict: fn(&Case<'_>) -> Vec<Prediction>,
}

/// The relation of a number to its prediction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bound {
    /// The number should equal the prediction.
    Exactly,
    /// The number should equal the prediction, except for what the formula leaves out.
    About,
    /// The number should be at least the prediction.
    AtLeast,
    /// The number should be at most the prediction.
    AtMost,
}

/// A predicted number.
#[derive(Clone, PartialEq, Debug)]
pub struct Prediction {
    /// The measure.
    pub key: Key,
    /// The statistic of the measure.
    pub of: Statistic,
    /// The prediction, in the unit of the measure.
    pub value: f64,
}

/// A prediction of a form for a variant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Held {
    /// The prediction lies within the interval of the measurement.
    Inside,
    /// The prediction lies outside of the interval.
    Outside,
    /// The bound holds.
    Kept,
    /// The whole interval lies on the wrong side of the bound.
    Broken,
    /// There are too few seeds for an interval.
    Open,
}

/// A form that applies to a variant, with its prediction.
#[derive(Clone, Debug)]
pub struct Predicted {
    /// The form.
    pub form: &'static Form,
    /// The prediction.
    pub prediction: Prediction,
}

impl PartialEq for Predicted {
    fn eq(&self, other: &Self) -> bool {
        self.form.formula == other.form.formula && self.prediction == other.prediction
    }
}

/// A variant of a scenario to which forms are applied.
pub struct Case<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// The variant.
    pub variant: &'a Variant,
    /// The measurements of it, for forms that say how two numbers belong together.
    pub measured: &'a BTreeMap<Key, MeasureResult>,
}

/// The predictions for a variant, of those numbers that were measured.
pub fn predicted(case: &Case<'_>, is_measured: impl Fn(&Key, Statistic) -> bool) -> Vec<Predicted> {
    if !case.is_calm() {
        return Vec::new();
    }
    let all = BUILTIN.iter().flat_map(|form| {
        (form.predict)(case).into_iter().map(|prediction| Predicted { form, prediction })
    });
    all.filter(|it| is_measured(&it.prediction.key, it.prediction.of)).collect()
}

impl Bound {
    /// The word in reports.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Exactly => "exactly",
            Self::About => "about",
            Self::AtLeast => "at least",
            Self::AtMost => "at most",
        }
    }
}

impl Held {
    /// The word in reports.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Inside => "inside",
            Self::Outside => "outside",
            Self::Kept => "kept",
            Self::Broken => "broken",
            Self::Open => "too few seeds",
        }
    }
}

/// The share by which deterministic numbers may differ, because times are whole nanoseconds.
const ROUNDING: f64 = 1e-6;

impl Predicted {
    /// The relation of the measurement to the prediction.
    pub fn held(&self, measured: &MeasureResult) -> Held {
        let Prediction { of, value, .. } = self.prediction;
        let interval = measured.estimate(of).and_then(|estimate| estimate.interval);
        let Some((low, high)) = interval else { return Held::Open };
        let slack = ROUNDING * value.abs();
        let (above, below) = (low <= value + slack, value - slack <= high);
        match (self.form.bound, above, below) {
            (Bound::Exactly | Bound::About, true, true) => Held::Inside,
            (Bound::Exactly | Bound::About, ..) => Held::Outside,
            (Bound::AtLeast, _, true) | (Bound::AtMost, true, _) => Held::Kept,
            (Bound::AtLeast | Bound::AtMost, ..) => Held::Broken,
        }
    }
}

impl<'a> Case<'a> {
    fn system(&self) -> &'a System {
        &self.variant.system
    }

    /// Returns whether the variant runs undisturbed: without faults, without lost or duplicated
    /// messages, and without a switch.
    fn is_calm(&self) -> bool {
        let links = &self.system().links;
        let mut all = [&links.default, &links.database, &links.client]
            .into_iter()
            .chain(links.between.values());
        self.scenario.faults.is_empty()
            && self.scenario.nemeses.is_empty()
            && self.system().layouts.is_empty()
            && all.all(|link| link.loss == 0.0 && link.duplicate == 0.0)
    }

    /// The settings of the variant's pattern, if that is the only one.
    fn settings<S: DeserializeOwned>(&self, pattern: &str) -> Option<S> {
        let own = &self.variant.pattern;
        (own.name() == pattern).then(|| serde_json::from_value(own.settings()).ok()).flatten()
    }

    /// The operations, each with the scope of its measures.
    fn operations(&self) -> impl Iterator<Item = (Scope, OperationKind, &'a OperationSpec)> {
        let system = self.system();
        let kinds = system.declared_kinds().collect::<Vec<_>>().into_iter();
        kinds.map(|kind| (Scope::of_operation(system, kind), kind, system.operation(kind)))
    }

    /// The operations that need a pattern, each with the scope of its measures.
    fn spanning(&self) -> impl Iterator<Item = (Scope, OperationKind, &'a OperationSpec)> {
        let system = self.system();
        self.operations().filter(|(_, _, operation)| !operation.is_local(system))
    }

    /// The loads that offer an operation.
    fn loads(&self, kind: OperationKind) -> impl Iterator<Item = &'a LoadSpec> {
        self.system().loads.iter().filter(move |load| load.operation == kind)
    }

    /// Returns whether an operation arrives at random times, independent of everything else.
    fn arrives_at_random(&self, kind: OperationKind) -> bool {
        self.loads(kind).all(|load| matches!(load.arrivals, Arrivals::Poisson(_)))
    }

    /// The measured time of the load, in seconds.
    fn window(&self) -> f64 {
        let phases = &self.system().phases;
        phases.load.saturating_sub(phases.warm_up).as_secs_f64()
    }

    /// Returns whether a load offers operations from the beginning to the end.
    fn lasts(&self, load: &LoadSpec) -> bool {
        load.from.as_nanos() == 0 && load.until.as_nanos() >= self.system().phases.load.as_nanos()
    }

    /// The constant rate of each operation, per second; none if a rate depends on answers or on
    /// time.
    fn rates(&self) -> Option<Vec<(OperationKind, f64)>> {
        let rate = |load: &LoadSpec| {
            let is_steady = matches!(load.arrivals, Arrivals::Poisson(_) | Arrivals::Constant(_))
                && self.lasts(load);
            Some((load.operation, self.system().rate(load).filter(|_| is_steady)?))
        };
        self.system().loads.iter().map(rate).collect()
    }
}

/// Returns whether a rule may refuse a step of an operation, other than the first.
fn is_refused_later(operation: &OperationSpec) -> bool {
    operation.steps.iter().skip(1).any(|step| step.refuse.is_some())
}

/// Returns whether a rule may refuse a step of an operation.
fn is_refused(operation: &OperationSpec) -> bool {
    operation.steps.iter().any(|step| step.refuse.is_some())
}

/// The probability that no rule refuses a step; none if that depends on stored values.
fn passes(step: &StepSpec) -> Option<f64> {
    match step.refuse {
        None => Some(1.0),
        Some(Refuse::Probability(share)) => Some(1.0 - share),
        Some(Refuse::Below { .. }) => None,
    }
}

#[cfg(test)]
mod tests;
