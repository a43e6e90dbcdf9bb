//! The measures of each read of the scenario by itself: `reads.NAME.right`, `reads.NAME.latency`
//! and so on, and at each of its times since the arrival or the answer:
//! `reads.NAME@200ms.right`.

use super::probes::ProbeTally;
use super::{Better, Distribution, Measure, Measured, Quantity, Scope, Unit, Values};
use crate::model::system::{ReadSpec, ReadWhat};

/// All measures of a read, in the order in which reports show them.
pub const ALL: &[&Measure] =
    &[COUNT, UNANSWERED, RIGHT, STALE, TORN, ERROR, TIMED_OUT, LATENCY, AGE];

/// The number of scheduled reads.
pub const COUNT: &Measure = &Measure::number(
    "count",
    "reads",
    Unit::Count,
    Better::Neither,
    "How often the read was to be made.",
);

/// The number of reads that were not made for lack of an answer.
pub const UNANSWERED: &Measure = &Measure::number(
    "unanswered",
    "never answered",
    Unit::Count,
    Better::Lower,
    "How often the read, which counts from the answer (`after = \"answer\"`), was not made because \
     the client never had one.",
);

/// The share of a read that came back right.
pub const RIGHT: &Measure = &Measure::number(
    "right",
    "right",
    Unit::Share,
    Better::Higher,
    "Share of all scheduled ones that came back with the right answer, however late.",
);

/// The share of a read that was stale.
pub const STALE: &Measure = &Measure::number(
    "stale",
    "stale",
    Unit::Share,
    Better::Lower,
    "Share of all scheduled ones that missed an effect whose client had heard yes, or what a \
     replica's source held by then.",
);

/// The share of a read that was torn.
pub const TORN: &Measure = &Measure::number(
    "torn",
    "torn",
    Unit::Share,
    Better::Lower,
    "Share of all scheduled ones that saw some effects of an operation and not others.",
);

/// The share of a read that was answered with an error.
pub const ERROR: &Measure = &Measure::number(
    "error",
    "errors",
    Unit::Share,
    Better::Lower,
    "Share of all scheduled ones that were answered with an error.",
);

/// The share of a read without an answer.
pub const TIMED_OUT: &Measure = &Measure::number(
    "timed-out",
    "timed out",
    Unit::Share,
    Better::Lower,
    "Share of all scheduled ones that were not answered at all.",
);

/// The latency of a read.
pub const LATENCY: &Measure = &Measure::many(
    "latency",
    "latency",
    Unit::Nanoseconds,
    Better::Lower,
    "How long one took that was answered; one without an answer never ends.",
)
.values(Values::ManyUntilDeadline);

/// The age of what a stale read returned.
pub const AGE: &Measure = &Measure::many(
    "age",
    "age of stale reads",
    Unit::Nanoseconds,
    Better::Lower,
    "Per stale one: since when it could have known better.",
)
.values(Values::ManyUntilDeadline);

/// The tally of one of the scenario's reads at one of its times.
#[derive(Clone, Debug, Default)]
pub struct ReadTally {
    /// The number of reads that were not made for lack of an answer.
    pub unanswered: u64,
    /// The results of its probes.
    pub ended: ProbeTally,
    /// The latencies of the answered reads, in ns.
    pub took: Vec<u64>,
    /// The ages of the stale ones, in ns.
    pub ages: Vec<u64>,
}

impl ReadTally {
    /// The number of times at which a read is made: for each operation, or one for independent
    /// readers.
    pub fn times(read: &ReadSpec) -> usize {
        match &read.what {
            ReadWhat::Operation { at, .. } => at.len(),
            ReadWhat::Column { .. } => 1,
        }
    }

    /// Takes the measures of a read, over all its `times` and at each of them.
    pub fn measure(into: &mut Measured, read: &ReadSpec, times: Vec<Self>) {
        let mut all = Self::default();
        for time in &times {
            all.unanswered += time.unanswered;
            all.ended = all.ended.plus(&time.ended);
            all.took.extend(&time.took);
            all.ages.extend(&time.ages);
        }
        let tallies = std::iter::once(all).chain(times);
        for (scope, tally) in Scope::of_read(read).iter().zip(tallies) {
            if read.follows_answers() {
                into.quantity(UNANSWERED.of(scope), Quantity::total(tally.unanswered));
            }
            tally.measure_scope(into, scope);
        }
    }

    /// Takes the measures of a part of a read. The shares add up to one.
    fn measure_scope(self, into: &mut Measured, scope: &Scope) {
        let ended = &self.ended;
        let scheduled = ended.scheduled;
        into.quantity(COUNT.of(scope), Quantity::total(scheduled));
        let [.., within] = &ended.within;
        for (measure, part) in [
            (RIGHT, within.right),
            (STALE, within.stale),
            (TORN, within.torn),
            (ERROR, ended.error),
            (TIMED_OUT, ended.timed_out()),
        ] {
            let share = Quantity::ratio(part, scheduled, "there was no such read in this run");
            into.quantity(measure.of(scope), share);
        }
        let took = Distribution {
            offered: scheduled,
            values: self.took,
            never: ended.timed_out(),
            ..Distribution::default()
        };
        let ages =
            Distribution { offered: ended.read, values: self.ages, ..Distribution::default() };
        into.distribution(LATENCY.of(scope), took);
        into.distribution(AGE.of(scope), ages);
    }
}
