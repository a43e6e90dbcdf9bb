//! M11: when a run is back to what it was before the first fault.
//!
//! The quiet phase, from the warm-up to the first fault, gives each series a band that holds 95 %
//! of its buckets: partial operations, violations, and the share of answers that are a yes or a
//! rule's no. Because the load may change by itself, the first two are taken relative to what the
//! operations that arrived in the bucket would show if each kind fared as in the quiet phase.
//! The run has recovered at the first bucket behind the last fault that lies inside
//! all bands and from which on, until the end of the load, no more buckets leave a band than the
//! 5 % that it leaves out in quiet times too.

use std::collections::BTreeMap;

use super::series::{FaultWindow, Series};
use super::{Better, Measure, Measured, Quantity, Unit, Values};
use crate::checks::outcome::{NEVER, Operations, Outcome};

/// M11, recovery after the heal.
pub const RECOVERY: &Measure = &Measure::number(
    "m11",
    "recovery after the heal",
    Unit::Nanoseconds,
    Better::Lower,
    "From the end of the last fault (at the latest the end of the load) to the first bucket of \
     a second inside the 95 % bands that partial operations and violations (relative to what \
     the arrivals of the second would show at the quiet phase's lag) and the share of definite \
     answers had between the warm-up and the first fault, and from which on no more than 5 % of \
     the buckets leave a band until the end of the load. Else never.",
)
.values(Values::Once)
.head("recovery")
.at_rest();

/// The fewest buckets from which a band is derived.
const FEWEST: usize = 10;

/// The phases of a run that recovery needs, all in ns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Course {
    /// End of the warm-up.
    pub warm_up: u64,
    /// End of the load.
    pub load: u64,
    /// End of the settle cap.
    pub cap: u64,
}

/// The values that 95 % of the quiet buckets have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Band {
    least: u64,
    most: u64,
}

impl Band {
    /// No lower end: less of something bad is no disturbance.
    fn below(values: impl Iterator<Item = u64>) -> Self {
        let mut values: Vec<u64> = values.collect();
        values.sort_unstable();
        let most = values[values.len() - 1 - values.len() / 20];
        Self { least: 0, most }
    }

    /// No upper end: more of something good is no disturbance.
    fn above(values: impl Iterator<Item = u64>) -> Self {
        let mut values: Vec<u64> = values.collect();
        values.sort_unstable();
        Self { least: values[values.len() / 20], most: u64::MAX }
    }

    const fn holds(self, value: u64) -> bool {
        self.least <= value && value <= self.most
    }
}

/// Takes down M11.
pub fn measure(
    into: &mut Measured,
    series: &Series,
    faults: &[FaultWindow],
    course: Course,
    operations: &Operations,
) {
    into.quantity(RECOVERY, recovery(series, faults, course, operations));
}

/// How long the operations that arrived in each bucket would show in part, in all, if those of each
/// kind took as long as in the quiet phase. A kind that did not arrive then counts as the others.
fn expected(
    operations: &Operations,
    width: u64,
    buckets: usize,
    quiet: &std::ops::Range<usize>,
) -> Vec<u64> {
    let bucket = |outcome: &Outcome| (outcome.arrived / width) as usize;
    let mut seen: BTreeMap<Option<u8>, (u64, u64)> = BTreeMap::new();
    for outcome in operations.all() {
        if quiet.contains(&bucket(outcome)) && outcome.first != NEVER && !outcome.is_partial() {
            for of in [None, Some(outcome.kind)] {
                let (sum, count) = seen.entry(of).or_default();
                *sum += outcome.last - outcome.first;
                *count += 1;
            }
        }
    }
    let mean = |kind: u8| {
        let (sum, count) = seen.get(&Some(kind)).or_else(|| seen.get(&None)).copied()?;
        Some(sum / count)
    };
    let mut areas = vec![0; buckets];
    for outcome in operations.all() {
        if let Some(area) = areas.get_mut(bucket(outcome)) {
            *area += mean(outcome.kind).unwrap_or(0);
        }
    }
    areas
}

fn recovery(
    series: &Series,
    faults: &[FaultWindow],
    course: Course,
    operations: &Operations,
) -> Quantity {
    let width = series.width.as_nanos();
    let Some(first) = faults.iter().map(|fault| fault.began.as_nanos()).min() else {
        return Quantity::Missing { why: "there was no fault to recover from" };
    };
    let quiet =
        (course.warm_up.div_ceil(width) as usize)..((first.min(course.load) / width) as usize);
    if quiet.len() < FEWEST {
        return Quantity::Missing { why: "the quiet phase before the first fault is too short" };
    }
    let ends = faults.iter().map(|fault| fault.ended.map_or(course.load, |end| end.as_nanos()));
    let healed = ends.max().unwrap_or(course.load).min(course.load);
    let under_load = healed < course.load;
    let until = if under_load { course.load } else { course.cap };
    let after = (healed.div_ceil(width) as usize)..((until / width) as usize);

    let heard = |bucket: usize| {
        let answers = series.answers[bucket];
        (answers.yes + answers.refused + answers.no + answers.unknown).max(1)
    };
    let expected = expected(operations, width, series.partial.len(), &quiet);
    let relative = |area: u64, bucket: usize| {
        let whole = u128::from(expected[bucket].max(1));
        (u128::from(area) * 1_000 / whole) as u64
    };
    let partial = |bucket: usize| relative(series.partial[bucket].area, bucket);
    let violations = |bucket: usize| relative(series.violations[bucket].area, bucket);
    let success = |bucket: usize| {
        let answers = series.answers[bucket];
        (answers.yes + answers.refused) * 1_000 / heard(bucket)
    };
    let partial_band = Band::below(quiet.clone().map(partial));
    let violations_band = Band::below(quiet.clone().map(violations));
    let success_band = Band::above(quiet.map(success));
    let outside = |bucket: usize| {
        [
            !partial_band.holds(partial(bucket)),
            !violations_band.holds(violations(bucket)),
            under_load && !success_band.holds(success(bucket)),
        ]
    };
    match first_recovered(after, outside) {
        Some(bucket) => Quantity::total((bucket as u64 * width).saturating_sub(healed)),
        None => Quantity::Never,
    }
}

/// The first bucket inside all bands from which on no band is left too often.
fn first_recovered(
    after: std::ops::Range<usize>,
    outside: impl Fn(usize) -> [bool; 3],
) -> Option<usize> {
    let mut recovered = None;
    let mut left = [0_usize; 3];
    for bucket in after.clone().rev() {
        let now = outside(bucket);
        for (count, outside) in left.iter_mut().zip(now) {
            *count += usize::from(outside);
        }
        let remaining = after.end - bucket;
        let allowed = remaining.div_ceil(20);
        if remaining < after.len().min(FEWEST) {
            continue; // So short a stretch shows nothing.
        }
        if now == [false; 3] && left.iter().all(|count| *count <= allowed) {
            recovered = Some(bucket);
        }
    }
    recovered
}
