//! M9 and M10: whether clients hear a definite answer in time, and how soon.

use super::{Better, Distribution, Measure, Measured, NOBODY, Quantity, Unit, Values};
use crate::checks::outcome::Operations;
use crate::model::record::Answer;

/// M9, availability.
pub const AVAILABILITY: &Measure = &Measure::number(
    "m9",
    "availability",
    Unit::Share,
    Better::Higher,
    "Share of measured operations whose client heard yes, or a refusal by a business rule, \
     within its deadline.",
)
.told("the highest availability", "the lowest availability");

/// M9, technical no.
pub const TECHNICAL_NO: &Measure = &Measure::number(
    "m9.no",
    "technical no",
    Unit::Share,
    Better::Lower,
    "Share of measured operations that were turned away for a technical reason: overflow, open \
     breaker, lock timeout, deadlock, a participant that is down.",
);

/// M9, unknown outcome.
pub const UNKNOWN: &Measure = &Measure::number(
    "m9.unknown",
    "unknown outcome",
    Unit::Share,
    Better::Lower,
    "Share of measured operations whose client heard nothing within its deadline.",
);

/// M10, latency of done.
pub const DONE: &Measure = &Measure::many(
    "m10.done",
    "latency of done",
    Unit::Nanoseconds,
    Better::Lower,
    "Per operation: from its arrival to the answer that everything is done, retries included. \
     One without an answer is censored at its deadline; it is counted here unless its kind of \
     operation is answered with accepted.",
)
.values(Values::ManyUntilDeadline)
.head("done")
.told("the fastest done", "the slowest done");

/// M10, latency of accepted.
pub const ACCEPTED: &Measure = &Measure::many(
    "m10.accepted",
    "latency of accepted",
    Unit::Nanoseconds,
    Better::Lower,
    "Per operation: from its arrival to the answer that the first part is done and the rest \
     promised. Not to be compared with done.",
)
.values(Values::ManyUntilDeadline)
.head("accepted")
.told("the fastest accepted", "the slowest accepted");

/// M10, latency of no.
pub const ANSWERED_NO: &Measure = &Measure::many(
    "m10.no",
    "latency of no",
    Unit::Nanoseconds,
    Better::Lower,
    "Per operation that a rule refused or that was turned away: from its arrival to that \
     answer.",
);

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
    into.quantity(AVAILABILITY, share(available));
    into.quantity(TECHNICAL_NO, share(count(Answer::TechnicalNo)));
    into.quantity(UNKNOWN, share(count(Answer::Unknown)));
    into.distribution(DONE, done);
    into.distribution(ACCEPTED, accepted);
    into.distribution(ANSWERED_NO, refused);
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
