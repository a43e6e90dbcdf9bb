//! M1 and M2: how long an operation shows in part, and what of it its client could still see.

use serde::{Deserialize, Serialize};

use super::gauge::Gauge;
use super::{Distribution, Measured, NOBODY, Quantity};
use crate::checks::census::State;
use crate::checks::outcome::{NEVER, Operations, Outcome};

/// How the lag of one operation ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Lag {
    /// It lasted so many ns.
    Lasted(u64),
    /// The run settled, and the operation still shows in part: plus infinity.
    Never,
    /// The run ended before it settled; the lag is at least so many ns.
    AtLeast(u64),
    /// Nothing of it ever showed.
    Unexposed,
}

/// How a run ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct End {
    /// When, ns.
    pub at: u64,
    /// True if the system had come to rest.
    pub settled: bool,
}

impl End {
    /// What is not finished now: never if the system is at rest, else so far.
    const fn open(self, since: u64) -> Lag {
        if self.settled { Lag::Never } else { Lag::AtLeast(self.at.saturating_sub(since)) }
    }
}

/// M1 of one operation: from the commit that first showed a forward effect to the end of the last
/// time that some of its effects showed, but not all.
pub const fn consistency_lag(outcome: &Outcome, end: End) -> Lag {
    if outcome.first == NEVER {
        Lag::Unexposed
    } else if outcome.is_partial() {
        end.open(outcome.first)
    } else {
        Lag::Lasted(outcome.last - outcome.first)
    }
}

/// M2 of one operation whose client heard yes: from the answer until it no longer shows in part.
/// One of which nothing is left, though nobody took it back, will never be seen.
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

/// M1 of these operations.
pub fn lags<'a>(outcomes: impl Iterator<Item = &'a Outcome>, end: End) -> Distribution {
    let mut lags = Distribution::default();
    for outcome in outcomes {
        lags.take(consistency_lag(outcome, end));
    }
    lags.sorted()
}

/// Takes down M1 and M2. `partial` is the number of partial operations over time.
pub fn measure(into: &mut Measured, operations: &Operations, partial: &Gauge, end: End) {
    let mut after_answer = Distribution::default();
    let (mut unexposed, mut relapses) = (0_u64, 0_u64);
    for outcome in operations.measured() {
        unexposed += u64::from(outcome.first == NEVER);
        relapses += u64::from(outcome.relapses);
        if outcome.answer().is_yes() {
            after_answer.take(lag_after_answer(outcome, end));
        }
    }
    let offered = operations.measured_count();
    into.distribution("m1", lags(operations.measured(), end));
    into.distribution("m2", after_answer);
    into.quantity("m1.hidden", Quantity::ratio(unexposed, offered, NOBODY));
    into.quantity("m1.relapses", Quantity::total(relapses));
    into.quantity("m1.partial", partial.time_average());
    into.quantity("m1.partial.max", Quantity::total(partial.peak()));
}
