//! The mean lag of events that a relay polls from an outbox.

use super::{Bound, Case, Form, Prediction, is_refused_later};
use crate::checks::measures::catalogue::LAG;
use crate::experiment::result::Statistic;
use crate::model::system::StepId;
use crate::patterns::event_based::EventBased;
use crate::patterns::event_based::settings::{Publish, Settings};
use crate::patterns::pattern::Pattern;
use crate::stats::laws;

/// Half a poll interval.
pub const FORM: Form = Form {
    formula: "P / 2",
    meaning: "P: poll interval of the relay; the way through the broker and the work of the \
              consumers come on top. Less where the measured time is no multiple of P",
    source: "Poisson arrivals see time averages (Wolff 1982)",
    bound: Bound::AtLeast,
    predict,
};

/// Applies where every later step follows the first one.
fn predict(case: &Case<'_>) -> Vec<Prediction> {
    let Some(settings) = case.settings::<Settings>(EventBased::NAME) else { return Vec::new() };
    if settings.publish != Publish::Outbox {
        return Vec::new();
    }
    let interval = settings.poll_interval.as_secs_f64();
    let value = laws::least_wait_for_turn(interval, 0.0, case.window()) * 1e9;
    let all = case.spanning().filter(|(_, kind, operation)| {
        let mut later = operation.steps.iter().skip(1);
        case.arrives_at_random(*kind)
            && !is_refused_later(operation)
            && later.all(|step| step.after == [StepId(0)])
    });
    all.map(|(scope, ..)| Prediction { key: LAG.of(&scope), of: Statistic::Mean, value }).collect()
}
