//! The share of operations that no rule refuses.

use super::{Bound, Case, Form, Prediction, passes};
use crate::checks::census::Headline;
use crate::experiment::result::Statistic;
use crate::model::system::{Arrivals, LoadSpec};

/// The product over the steps.
pub const FORM: Form = Form {
    formula: "(1 - p1) (1 - p2) ...",
    meaning: "p: the probability with which each step is refused; what fails for technical reasons \
              is left out",
    source: "independent trials",
    bound: Bound::About,
    predict,
};

/// Applies where probabilities alone decide, and the operation follows no other.
fn predict(case: &Case<'_>) -> Vec<Prediction> {
    let all = case.spanning().filter_map(|(scope, kind, operation)| {
        let follows = |load: &LoadSpec| matches!(load.arrivals, Arrivals::Follows { .. });
        let value: f64 = operation.steps.iter().map(passes).product::<Option<f64>>()?;
        let applies = value < 1.0 && !case.loads(kind).any(follows);
        let key = Headline::Committed.measure().of(&scope);
        applies.then_some(Prediction { key, of: Statistic::Value, value })
    });
    all.collect()
}
