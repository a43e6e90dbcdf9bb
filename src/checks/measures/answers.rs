//! M9 and M10: whether clients hear a definite answer in time, and how soon.

use super::{Distribution, Measured, NOBODY, Quantity};
use crate::checks::outcome::Operations;
use crate::model::record::Answer;

/// Takes down M9 and M10.
///
/// An operation without an answer is censored at its deadline, in the distribution of the yes that
/// its kind of operation gets: `accepted` if any of that kind was accepted, else `done`.
pub fn measure(into: &mut Measured, operations: &Operations) {
    let mut answers = [0_u64; Answer::ALL.len()];
    let (mut done, mut accepted) = (Distribution::default(), Distribution::default());
    let mut refused = Distribution::default();
    let promises = kinds_that_promise(operations);
    for outcome in operations.measured() {
        let answer = outcome.answer();
        answers[answer as usize] += 1;
        let promised = promises.contains(&outcome.kind);
        let distribution = match answer {
            Answer::Done => &mut done,
            Answer::Accepted => &mut accepted,
            Answer::RefusedByRule | Answer::TechnicalNo => &mut refused,
            Answer::Unknown if promised => &mut accepted,
            Answer::Unknown => &mut done,
        };
        distribution.offered += 1;
        if answer == Answer::Unknown {
            distribution.censored.push(outcome.deadline.saturating_sub(outcome.arrived));
        } else {
            distribution.values.push(outcome.answered - outcome.arrived);
        }
    }
    let offered = operations.measured_count();
    let count = |answer: Answer| answers[answer as usize];
    let share = |part: u64| Quantity::ratio(part, offered, NOBODY);
    let available = count(Answer::Done) + count(Answer::Accepted) + count(Answer::RefusedByRule);
    into.quantity("m9", share(available));
    into.quantity("m9.no", share(count(Answer::TechnicalNo)));
    into.quantity("m9.unknown", share(count(Answer::Unknown)));
    into.distribution("m10.done", done);
    into.distribution("m10.accepted", accepted);
    into.distribution("m10.no", refused);
}

/// The kinds of operation whose clients hear `accepted`.
fn kinds_that_promise(operations: &Operations) -> Vec<u8> {
    let mut kinds = Vec::new();
    for outcome in operations.measured() {
        if outcome.answer() == Answer::Accepted && !kinds.contains(&outcome.kind) {
            kinds.push(outcome.kind);
        }
    }
    kinds
}
