//! M1 and M2: how long an operation is partial, and how long after the answer to its client.

use serde::{Deserialize, Serialize};

use super::by_kind::ByKind;
use super::gauge::Gauge;
use super::{Better, Distribution, Measure, Measured, NO_OPERATION, Quantity, Scope, Unit, Values};
use crate::checks::census::State;
use crate::checks::outcome::{NEVER, Outcome, Part};
use crate::model::system::System;
use crate::stats::Quantile;

/// M1, consistency lag.
pub const LAG: &Measure = &Measure::many(
    "m1",
    "consistency lag",
    Unit::Nanoseconds,
    Better::Lower,
    "Per operation: from the first local commit of a forward effect to the end of the last \
     instant at which the stores show some of its effects, but not all (or some not yet \
     compensated). What is prepared or waits in an outbox does not show. One that is partial at \
     the end of a settled run never ends; one that never exposed anything is left out.",
)
.by_operation()
.head("lag")
.told("the shortest consistency lag", "the longest consistency lag");

/// M1, never exposed.
pub const HIDDEN: &Measure = &Measure::number(
    "m1.hidden",
    "never exposed",
    Unit::Share,
    Better::Neither,
    "Share of measured operations of which no store ever showed anything.",
)
.at_rest()
.by_operation();

/// M1, relapses.
pub const RELAPSES: &Measure = &Measure::number(
    "m1.relapses",
    "relapses",
    Unit::Count,
    Better::Lower,
    "How often a measured operation showed in part again after it had been consistent.",
)
.by_operation()
.at_rest();

/// M1, partial operations.
pub const PARTIAL: &Measure = &Measure::number(
    "m1.partial",
    "partial operations",
    Unit::Count,
    Better::Lower,
    "Time average of the number of operations that show in part, over the window from the end \
     of the warm-up to the end of the settle cap. Free of any selection.",
)
.of_each()
.at_rest();

/// M1, partial operations, peak.
pub const PARTIAL_MAX: &Measure = &Measure::number(
    "m1.partial.max",
    "partial operations, peak",
    Unit::Count,
    Better::Lower,
    "The greatest number of operations that showed in part at once, in the same window.",
)
.of_each()
.values(Values::Greatest)
.at_rest();

/// M2, lag after the answer.
pub const AFTER_ANSWER: &Measure = &Measure::many(
    "m2",
    "lag after the answer",
    Unit::Nanoseconds,
    Better::Lower,
    "Per operation answered yes: from the answer to the end of the last instant at which it \
     shows in part, at least 0. One that is partial at the end of a settled run, or of which \
     nothing is there though it was not compensated, never ends. P(M2 <= t) is the t-visibility of \
     a whole operation.",
)
.by_operation()
.head("after answer")
.told("the shortest lag after the answer", "the longest lag after the answer");

/// The lag of one operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Lag {
    /// The lag lasted so many ns.
    Lasted(u64),
    /// The run settled, and the operation still shows in part: plus infinity.
    Never,
    /// The run ended before it settled; the lag is at least so many ns.
    AtLeast(u64),
    /// No effect of it ever showed.
    Unexposed,
}

impl Lag {
    /// The lag with "never" as infinity, which is also the value of a lag that had not ended with
    /// the run; none if no effect ever showed.
    pub const fn quantile(self) -> Option<Quantile> {
        match self {
            Self::Lasted(nanos) => Some(Quantile::Value(nanos)),
            Self::Never | Self::AtLeast(_) => Some(Quantile::Never),
            Self::Unexposed => None,
        }
    }
}

/// The end of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct End {
    /// The time of the end, in ns.
    pub at: u64,
    /// True if the system was quiescent.
    pub settled: bool,
}

impl End {
    /// The lag of an operation that is not finished: never if the system is quiescent, else a lower
    /// bound.
    const fn open(self, since: u64) -> Lag {
        if self.settled { Lag::Never } else { Lag::AtLeast(self.at.saturating_sub(since)) }
    }
}

/// M1 of one operation: from the commit that first showed a forward effect to the end of the last
/// time that it was partial.
pub const fn consistency_lag(outcome: &Outcome, end: End) -> Lag {
    if outcome.first == NEVER {
        Lag::Unexposed
    } else if outcome.is_partial() {
        end.open(outcome.first)
    } else {
        Lag::Lasted(outcome.last - outcome.first)
    }
}

/// M2 of one operation whose client heard yes: from the answer until it is not partial any more. An
/// operation without any effect that was not compensated will never be seen.
pub fn lag_after_answer(outcome: &Outcome, end: End) -> Lag {
    if outcome.is_partial() || outcome.state() == State::None {
        end.open(outcome.answered)
    } else {
        Lag::Lasted(outcome.last.saturating_sub(outcome.answered))
    }
}

impl Distribution {
    /// Counts one lag.
    fn take(&mut self, lag: Lag) {
        self.offered += 1;
        match lag {
            Lag::Lasted(value) => self.values.push(value),
            Lag::Never => self.never += 1,
            Lag::AtLeast(bound) => self.censored.push(bound),
            Lag::Unexposed => {}
        }
    }
}

/// Takes M1 and M2 of the operations of a part of the run.
pub fn measure(into: &mut Measured, part: &Part<'_>, end: End) {
    let (mut lag, mut after_answer) = (Distribution::default(), Distribution::default());
    let (mut offered, mut unexposed, mut relapses) = (0_u64, 0_u64, 0_u64);
    for outcome in part.measured() {
        offered += 1;
        lag.take(consistency_lag(outcome, end));
        unexposed += u64::from(outcome.first == NEVER);
        relapses += u64::from(outcome.relapses);
        if outcome.answer().is_yes() {
            after_answer.take(lag_after_answer(outcome, end));
        }
    }
    let scope = &part.scope;
    into.distribution(LAG.of(scope), lag);
    into.distribution(AFTER_ANSWER.of(scope), after_answer);
    into.quantity(HIDDEN.of(scope), Quantity::ratio(unexposed, offered, NO_OPERATION));
    into.quantity(RELAPSES.of(scope), Quantity::total(relapses));
}

/// Takes the number of partial operations over time, of all operations and of each kind.
pub fn levels(into: &mut Measured, system: &System, all: &Gauge, by_kind: &ByKind<Gauge>) {
    let each = by_kind.operations(system);
    for (scope, partial) in std::iter::once((Scope::Run, all)).chain(each) {
        into.quantity(PARTIAL.of(&scope), partial.time_average());
        into.quantity(PARTIAL_MAX.of(&scope), Quantity::total(partial.peak()));
    }
}
