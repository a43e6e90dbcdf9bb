//! M9, M10 and M14: the share of clients with a definite answer in time, its latency, and the
//! throughput.

use std::collections::BTreeSet;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::{Better, Distribution, Measure, Measured, NO_OPERATION, Quantity, Unit, Values};
use crate::checks::census::Headline;
use crate::checks::outcome::Part;
use crate::model::record::{Answer, OpId};

/// M9, availability.
pub const AVAILABILITY: &Measure = &Measure::number(
    "m9",
    "availability",
    Unit::Share,
    Better::Higher,
    "Share of measured operations whose client heard yes, or a refusal by a business rule, \
     within its deadline. Moot ones are left out; a refusal because a row was not there yet does \
     not count.",
)
.by_operation();

/// M9, availability of what no variant finds moot.
pub const COMPARED_AVAILABILITY: &Measure = &Measure::number(
    "m9.compared",
    "availability, compared",
    Unit::Share,
    Better::Higher,
    "Availability over the operations of a seed that are moot in no variant: by it variants are \
     compared. Where variants are not offered the same operations (closed loops), each leaves out \
     its own.",
)
.by_operation()
.told("the highest availability", "the lowest availability");

/// M9, availability with moot counted as failed.
pub const AVAILABILITY_OF_ALL: &Measure = &Measure::number(
    "m9.all",
    "availability, moot failed",
    Unit::Share,
    Better::Higher,
    "Availability with moot operations counted as failed: share of all measured operations.",
)
.by_operation();

/// M9, refused too early.
pub const ANSWERED_TOO_EARLY: &Measure = &Measure::number(
    "m9.early",
    "refused too early",
    Unit::Share,
    Better::Lower,
    "Share of measured operations that were refused because a row was not there yet, though the \
     operation that they follow happened: not available.",
)
.by_operation();

/// M9, technical no.
pub const TECHNICAL_NO: &Measure = &Measure::number(
    "m9.no",
    "technical no",
    Unit::Share,
    Better::Lower,
    "Share of measured operations that were turned away for a technical reason: overflow, open \
     breaker, lock timeout, deadlock, a participant that is down.",
)
.by_operation();

/// M9, unknown outcome.
pub const UNKNOWN: &Measure = &Measure::number(
    "m9.unknown",
    "unknown outcome",
    Unit::Share,
    Better::Lower,
    "Share of measured operations whose client heard nothing within its deadline.",
)
.by_operation();

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
.by_operation()
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
.by_operation()
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
)
.by_operation();

/// The measured operations of a run that were moot, and those of the others that were not
/// available: what a comparison of variants needs to leave out every operation that is moot in any
/// of them.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Availability {
    /// The number of measured operations.
    pub measured: u64,
    /// The moot operations, in order.
    pub moot: Vec<OpId>,
    /// The other operations that were not available, in order.
    pub failed: Vec<OpId>,
}

impl Availability {
    /// The availability of the operations of a part of a run.
    fn of(part: &Part<'_>) -> Self {
        let mut found = Self::default();
        for (op, outcome) in part.outcomes.iter().filter(|(_, it)| it.is_measured()) {
            found.measured += 1;
            if outcome.headline() == Headline::Moot {
                found.moot.push(*op);
            } else if !outcome.answer().is_definite() || outcome.is_too_early() {
                found.failed.push(*op);
            }
        }
        found
    }

    /// The available share of the operations outside of `moot`, which are in order. Operations that
    /// are moot in this run are never counted as available.
    pub fn without(&self, moot: &[OpId]) -> Quantity {
        let kept =
            |ops: &[OpId]| ops.iter().filter(|op| moot.binary_search(op).is_err()).count() as u64;
        let whole = self.measured - moot.len() as u64;
        let available = whole - kept(&self.failed) - kept(&self.moot);
        Quantity::ratio(available, whole, "every measured operation was moot, or none was offered")
    }
}

/// M14, throughput.
pub const THROUGHPUT: &Measure = &Measure::number(
    "m14",
    "throughput",
    Unit::PerSecond,
    Better::Higher,
    "Answers per second, from the end of the warm-up to the end of the load: yes, or a refusal by \
     a business rule, heard in that time and within the deadline. Moot operations are left out, as \
     in `m9`. With an open-loop load it cannot exceed the offered rate; with a closed loop it \
     is the rate that the system sustains.",
)
.by_operation();

/// Takes M9, M10 and M14 of the operations of a part of the run; returns their availability. `load`
/// is the measured time of the load, in ns.
///
/// An operation without an answer is censored at its deadline, in the distribution of the yes that
/// its kind of operation gets: `accepted` if any of that kind was accepted, else `done`.
pub fn measure(into: &mut Measured, part: &Part<'_>, load: Range<u64>) -> Availability {
    let mut answers = [0_u64; Answer::ALL.len()];
    let mut early = 0_u64;
    let (mut done, mut accepted) = (Distribution::default(), Distribution::default());
    let mut refused = Distribution::default();
    let promises = kinds_that_promise(part);
    for outcome in part.measured() {
        let answer = outcome.answer();
        answers[answer as usize] += 1;
        early += u64::from(outcome.is_too_early() && outcome.headline() != Headline::Moot);
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
    let scope = &part.scope;
    let availability = Availability::of(part);
    let share = |part: u64| Quantity::ratio(part, availability.measured, NO_OPERATION);
    into.quantity(AVAILABILITY.of(scope), availability.without(&availability.moot));
    into.quantity(COMPARED_AVAILABILITY.of(scope), availability.without(&availability.moot));
    into.quantity(AVAILABILITY_OF_ALL.of(scope), availability.without(&[]));
    into.quantity(ANSWERED_TOO_EARLY.of(scope), share(early));
    into.quantity(TECHNICAL_NO.of(scope), share(answers[Answer::TechnicalNo as usize]));
    into.quantity(UNKNOWN.of(scope), share(answers[Answer::Unknown as usize]));
    into.distribution(DONE.of(scope), done);
    into.distribution(ACCEPTED.of(scope), accepted);
    into.distribution(ANSWERED_NO.of(scope), refused);
    into.quantity(THROUGHPUT.of(scope), throughput(part, load));
    availability
}

/// The definite answers per second that clients heard while the load was measured.
fn throughput(part: &Part<'_>, load: Range<u64>) -> Quantity {
    let heard = part
        .outcomes
        .iter()
        .filter(|(_, outcome)| outcome.answer().is_definite() && load.contains(&outcome.answered))
        .filter(|(_, outcome)| outcome.headline() != Headline::Moot);
    let length = load.end.saturating_sub(load.start);
    Quantity::amount(heard.count() as u128 * 1_000_000_000, length, "the load has no length")
}

/// The kinds of operation whose clients hear `accepted`.
fn kinds_that_promise(part: &Part<'_>) -> BTreeSet<u8> {
    let promised = part.measured().filter(|outcome| outcome.answer() == Answer::Accepted);
    promised.map(|outcome| outcome.kind).collect()
}
