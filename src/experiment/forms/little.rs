//! How many operations are under way at a time: Little's law, of an open load.

use super::{Bound, Case, Form, Prediction};
use crate::checks::measures::Scope;
use crate::checks::measures::catalogue::{ACCEPTED, ANSWERED_NO, DONE, IN_FLIGHT};
use crate::experiment::result::{Statistic, Summary};

/// The operations in flight.
pub const FORM: Form = Form {
    formula: "L = X W",
    meaning: "under way are as many as arrive per second (X) times the mean time until their \
              clients have an answer or give up (W), both as measured; at the ends of the measured \
              time some are counted with a part of it",
    source: "Little 1961",
    bound: Bound::About,
    predict,
};

/// Applies to every operation whose loads are open and steady.
fn predict(case: &Case<'_>) -> Vec<Prediction> {
    let Some(rates) = case.rates() else { return Vec::new() };
    let offered = |kind| rates.iter().any(|(of, rate)| *of == kind && *rate > 0.0);
    let all = case.operations().filter(|(_, kind, _)| offered(*kind)).filter_map(|(scope, ..)| {
        let value = time_per_second(case, &scope)?;
        let key = IN_FLIGHT.of(&scope);
        (value > 0.0).then_some(Prediction { key, of: Statistic::Value, value })
    });
    all.collect()
}

/// How long the operations that arrive in a second take together until their clients have an
/// answer, whichever, or give up: their rate times the mean of that time, seconds.
fn time_per_second(case: &Case<'_>, scope: &Scope) -> Option<f64> {
    let patience = case.system().client.deadline.as_secs_f64();
    let (mut sum, mut seeds) = (0.0, 0);
    for measure in [DONE, ACCEPTED, ANSWERED_NO] {
        let Summary::Quantiles(answers) = &case.measured.get(&measure.of(scope))?.value else {
            continue; // Nobody heard this answer.
        };
        let (heard, never) = ((answers.n - answers.never) as f64, answers.never as f64);
        let mean = answers.mean.map_or(0.0, |mean| mean.value) * 1e-9;
        sum += heard * mean + never * patience;
        seeds = answers.per_seed.len();
    }
    let seconds = seeds as f64 * case.window();
    (seconds > 0.0).then_some(sum / seconds)
}
