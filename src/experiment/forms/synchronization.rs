//! The mean lag of background synchronization.

use super::{Bound, Case, Form, Prediction, is_refused_later};
use crate::checks::measures::catalogue::LAG;
use crate::experiment::result::Statistic;
use crate::patterns::background_sync::{BackgroundSync, Measured, Settings};
use crate::patterns::pattern::Pattern;
use crate::stats::laws;

/// Half an interval, and a whole one for each run that fails.
pub const FORM: Form = Form {
    formula: "T / 2 + T f / (1 - f)",
    meaning: "T: interval of the job, f: share of its runs that fail; a run's own work comes on \
              top. Less than T / 2 where the measured time is no multiple of T",
    source: "Poisson arrivals see time averages (Wolff 1982)",
    bound: Bound::AtLeast,
    predict,
};

fn predict(case: &Case<'_>) -> Vec<Prediction> {
    let Some(settings) = case.settings::<Settings>(BackgroundSync::NAME) else { return Vec::new() };
    if settings.measured != Measured::StartToStart {
        return Vec::new();
    }
    let (interval, failure) = (settings.interval.as_secs_f64(), settings.run_failure);
    let value = laws::least_wait_for_turn(interval, failure, case.window()) * 1e9;
    let all = case.spanning().filter(|(_, kind, operation)| {
        case.arrives_at_random(*kind) && !is_refused_later(operation)
    });
    all.map(|(scope, ..)| Prediction { key: LAG.of(&scope), of: Statistic::Mean, value }).collect()
}
