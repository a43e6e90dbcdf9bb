//! Closed forms beside the measurement: what textbooks say should come out of a variant, where its
//! scenario is as simple as they assume.
//!
//! A form is a type in a file of its own and a line in [`BUILTIN`]. It looks at a scenario and a
//! variant and predicts numbers of measures, or nothing where it does not apply. The formulas
//! themselves are in [`laws`](crate::stats::laws), which `driftlab verify-model` uses, too.

mod closed_loop;
mod commit_price;
mod independent_refusals;
mod polling_relay;
mod refreshed_copy;
mod synchronization;
mod utilisation;
mod waiting_line;

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
    /// Where it comes from.
    pub source: &'static str,
    /// How the number should lie to the prediction.
    pub bound: Bound,
    /// The predictions for a variant; none where it does not apply.
    pub predict: fn(&Case<'_>) -> Vec<Prediction>,
}

/// How a number should lie to its prediction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bound {
    /// The number should be the prediction.
    Exactly,
    /// The number should be the prediction, but for what the formula says that it leaves out.
    About,
    /// The number should not be less.
    AtLeast,
    /// The number should not be more.
    AtMost,
}

/// A predicted number.
#[derive(Clone, PartialEq, Debug)]
pub struct Prediction {
    /// The measure.
    pub key: Key,
    /// Which of its numbers.
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
    /// The bound is kept.
    Kept,
    /// The whole interval lies on the wrong side of the bound.
    Broken,
    /// There are not seeds enough for an interval.
    Open,
}

/// A form that applies to a variant, and what it predicts.
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

/// A variant of a scenario, before the forms.
pub struct Case<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// The variant.
    pub variant: &'a Variant,
}

/// Everything that is predicted for a variant: of what was measured.
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
    /// As reports write it.
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
    /// As reports write it.
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

/// Numbers that no chance enters may differ by this share: times are whole nanoseconds.
const ROUNDING: f64 = 1e-6;

impl Predicted {
    /// How the measurement lies to the prediction.
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

    /// Returns whether nothing goes wrong by plan: no faults, no messages that are lost or doubled,
    /// and no switch on the way.
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

    /// The settings of the variant's pattern, if it is this one alone.
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

    /// Returns whether an operation arrives at moments that know nothing of anything else.
    fn arrives_at_random(&self, kind: OperationKind) -> bool {
        self.loads(kind).all(|load| matches!(load.arrivals, Arrivals::Poisson(_)))
    }

    /// How long arrivals are measured, in seconds.
    fn window(&self) -> f64 {
        let phases = &self.system().phases;
        phases.load.saturating_sub(phases.warm_up).as_secs_f64()
    }

    /// Returns whether a load offers operations from the beginning to the end.
    fn lasts(&self, load: &LoadSpec) -> bool {
        load.from.as_nanos() == 0 && load.until.as_nanos() >= self.system().phases.load.as_nanos()
    }

    /// How often each operation is offered per second, all through; nothing if that depends on the
    /// answers or on the time.
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

/// The probability that no rule refuses a step; nothing if that depends on what is stored.
fn passes(step: &StepSpec) -> Option<f64> {
    match step.refuse {
        None => Some(1.0),
        Some(Refuse::Probability(share)) => Some(1.0 - share),
        Some(Refuse::Below { .. }) => None,
    }
}

#[cfg(test)]
mod tests;
