//! One measure of one variant over all seeds.

use crate::checks::measures::{Covers, Key, Measure, Quantity, Scope, Unit};
use crate::stats::{
    Level, Observation, Quantile, Sample, Survival, event_interval, mean, mean_interval,
    median_interval, median_quantile,
};

/// A statistic of a measure.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Statistic {
    /// The mean of a distribution, over the values that ended; those that did not are counted
    /// beside it.
    Mean,
    /// The median of a distribution.
    P50,
    /// The 99 % quantile of a distribution.
    P99,
    /// The maximum of a distribution.
    Max,
    /// The number itself, for a scalar.
    Value,
}

/// One measure of one variant over all seeds.
#[derive(Clone, PartialEq, Debug)]
pub struct MeasureResult {
    /// The measure.
    pub measure: &'static Measure,
    /// The numbers.
    pub value: Summary,
}

/// The numbers of a measure over all seeds.
#[derive(Clone, PartialEq, Debug)]
pub enum Summary {
    /// The mean and the quantiles of many values in each run.
    Quantiles(Quantiles),
    /// The mean of one number in each run.
    Mean(Mean),
    /// No number, for this reason.
    Missing(&'static str),
}

/// A number with its 95 % interval over seeds, if there are enough seeds.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Estimate<T> {
    /// The number.
    pub value: T,
    /// Its interval; `None` with fewer than [`MIN_SEEDS`](crate::stats::MIN_SEEDS) seeds.
    pub interval: Option<(T, T)>,
}

/// The mean and the quantiles of a distribution. Each is computed for each seed; of means the mean
/// over seeds is shown, of quantiles the median.
///
/// Only the counts and the maximum are of all seeds together.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Quantiles {
    /// The number of things that could have had a value, all seeds together.
    pub offered: u64,
    /// The number of values, all seeds together.
    pub n: u64,
    /// The number of values that never ended, all seeds together.
    pub never: u64,
    /// The mean of the values that ended; `None` if none did in any seed.
    pub mean: Option<Estimate<f64>>,
    /// The median; `None` if no seed has any sample.
    pub p50: Option<Estimate<Quantile>>,
    /// The 99 % quantile.
    pub p99: Option<Estimate<Quantile>>,
    /// The maximum of all seeds, which has no interval: further seeds could only raise it.
    pub max: Option<Estimate<Quantile>>,
    /// The number of seeds whose quantiles are Kaplan-Meier estimates, because the run did not
    /// settle.
    pub censored_seeds: u64,
    /// The quantiles of each seed.
    pub per_seed: Vec<SeedQuantiles>,
}

/// A distribution in one seed.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct SeedQuantiles {
    /// The number of things that could have had a value.
    pub offered: u64,
    /// The number of values.
    pub n: u64,
    /// The number of values that never ended.
    pub never: u64,
    /// The mean of the values that ended; `None` if none did.
    pub mean: Option<f64>,
    /// The median; `None` without samples.
    pub p50: Option<Quantile>,
    /// The 99 % quantile.
    pub p99: Option<Quantile>,
    /// The maximum.
    pub max: Option<Quantile>,
    /// True if the run did not settle, so that the quantiles are Kaplan-Meier estimates.
    pub censored: bool,
}

/// One number for each run. The mean over seeds is shown, or the greatest of a number that is a
/// maximum.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Mean {
    /// The number over the seeds that have one; `None` if none has.
    pub estimate: Option<Estimate<f64>>,
    /// The number of each seed.
    pub per_seed: Vec<Option<f64>>,
}

impl MeasureResult {
    /// The result of a distribution, from the quantiles of each seed; some of them may be
    /// [`SeedQuantiles::censored`].
    pub fn quantiles(measure: &'static Measure, per_seed: Vec<SeedQuantiles>) -> Self {
        let quantiles = Quantiles {
            offered: per_seed.iter().map(|seed| seed.offered).sum(),
            n: per_seed.iter().map(|seed| seed.n).sum(),
            never: per_seed.iter().map(|seed| seed.never).sum(),
            mean: mean_over_seeds(measure.unit, per_seed.iter().map(|seed| seed.mean)),
            p50: median_over_seeds(per_seed.iter().map(|seed| seed.p50)),
            p99: median_over_seeds(per_seed.iter().map(|seed| seed.p99)),
            max: per_seed
                .iter()
                .filter_map(|seed| seed.max)
                .max()
                .map(|value| Estimate { value, interval: None }),
            censored_seeds: per_seed.iter().filter(|seed| seed.censored).count() as u64,
            per_seed,
        };
        Self { measure, value: Summary::Quantiles(quantiles) }
    }

    /// The result of one number for each seed; `None` where a seed has none.
    pub fn mean(measure: &'static Measure, per_seed: Vec<Option<f64>>) -> Self {
        let estimate = mean_over_seeds(measure.unit, per_seed.iter().copied());
        Self { measure, value: Summary::Mean(Mean { estimate, per_seed }) }
    }

    /// The result of one fraction of counted events for each seed. If hardly any events, or nearly
    /// all, were counted, its interval is at least that of a rare event.
    pub fn ratios(measure: &'static Measure, seeds: &[Quantity]) -> Self {
        let mut result = Self::mean(measure, seeds.iter().map(|seed| seed.value()).collect());
        let estimate = match &mut result.value {
            Summary::Mean(Mean { estimate: Some(estimate), .. }) => estimate,
            _ => return result,
        };
        let sum = seeds.iter().fold((0, 0), |sum, seed| match seed {
            Quantity::Ratio { part, whole } => (sum.0 + part, sum.1 + whole),
            _ => sum,
        });
        estimate.interval = estimate
            .interval
            .map(|interval| within(measure.unit, widen(measure.unit, interval, sum)));
        result
    }

    /// The result of the greatest of one number for each seed. It has no interval: further seeds
    /// could only raise it.
    pub fn greatest(measure: &'static Measure, per_seed: Vec<Option<f64>>) -> Self {
        let most = per_seed.iter().flatten().copied().max_by(f64::total_cmp);
        let estimate = most.map(|value| Estimate { value, interval: None });
        Self { measure, value: Summary::Mean(Mean { estimate, per_seed }) }
    }

    /// A result without a number, for the reason `why`.
    pub const fn missing(measure: &'static Measure, why: &'static str) -> Self {
        Self { measure, value: Summary::Missing(why) }
    }

    /// One of its numbers, as a float; `Never` is plus infinity.
    pub fn estimate(&self, of: Statistic) -> Option<Estimate<f64>> {
        match (&self.value, of) {
            (Summary::Mean(scalar), Statistic::Value) => scalar.estimate,
            (Summary::Quantiles(distribution), of) => distribution.statistic(of),
            _ => None,
        }
    }

    /// One of its numbers in every seed, as floats.
    pub fn per_seed(&self, of: Statistic) -> Vec<Option<f64>> {
        match (&self.value, of) {
            (Summary::Mean(scalar), Statistic::Value) => scalar.per_seed.clone(),
            (Summary::Quantiles(distribution), of) => {
                distribution.per_seed.iter().map(|seed| seed.statistic(of)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The reason why there is no number, if there is none.
    pub const fn why(&self) -> Option<&'static str> {
        match &self.value {
            Summary::Missing(why) => Some(why),
            Summary::Quantiles(found) if found.n == 0 => Some("no sample in any seed"),
            Summary::Mean(found) if found.estimate.is_none() => Some("no number in any seed"),
            _ => None,
        }
    }

    /// Returns whether files have a line of it. A measure of one operation, or of one time of a
    /// read, is left out if it has no number or counts nothing: there may be very many of them.
    pub fn is_worth_a_line(&self, key: &Key) -> bool {
        let happened = || self.per_seed(Statistic::Value).iter().flatten().any(|it| *it > 0.0);
        let counted = key.measure.covers == Covers::All && !key.measure.is_many();
        match key.scope {
            Scope::Run | Scope::Read(_) | Scope::Group(_) => true,
            Scope::Operation(_) if counted => happened(),
            _ => self.why().is_none(),
        }
    }

    /// Returns whether its number is zero in every seed.
    pub fn is_nothing(&self) -> bool {
        let of = if self.measure.is_many() { Statistic::Max } else { Statistic::Value };
        self.estimate(of).is_some() && self.per_seed(of).iter().flatten().all(|it| *it == 0.0)
    }

    /// Its quantiles, if it has any.
    pub const fn as_quantiles(&self) -> Option<&Quantiles> {
        match &self.value {
            Summary::Quantiles(quantiles) => Some(quantiles),
            _ => None,
        }
    }
}

impl Quantiles {
    /// One of its numbers, as a float; a distribution has no plain value.
    pub fn statistic(&self, of: Statistic) -> Option<Estimate<f64>> {
        match of {
            Statistic::Mean => self.mean,
            Statistic::P50 => self.p50.map(Estimate::as_f64),
            Statistic::P99 => self.p99.map(Estimate::as_f64),
            Statistic::Max => self.max.map(Estimate::as_f64),
            Statistic::Value => None,
        }
    }
}

impl SeedQuantiles {
    /// The quantiles of a settled run, in which unfinished things never end.
    pub fn of(offered: u64, sample: &Sample) -> Self {
        Self {
            offered,
            n: sample.n(),
            never: sample.never(),
            mean: sample.mean(),
            p50: sample.quantile(Level::P50),
            p99: sample.quantile(Level::P99),
            max: sample.quantile(Level::MAX),
            censored: false,
        }
    }

    /// The quantiles of a run that did not settle: unfinished values were cut off, and the
    /// quantiles are Kaplan-Meier estimates. Those beyond the last known end have no known bound
    /// and count as "never"; so do, in the count, the operations that were cut off, which the mean
    /// leaves out.
    pub fn censored(offered: u64, observations: &[Observation]) -> Self {
        let survival = Survival::kaplan_meier(observations);
        let ended = observations.iter().filter(|observation| !observation.censored);
        let quantile = |level| {
            let known = survival.quantile(level).map_or(Quantile::Never, Quantile::Value);
            (!observations.is_empty()).then_some(known)
        };
        Self {
            offered,
            n: observations.len() as u64,
            never: observations.iter().filter(|observation| observation.censored).count() as u64,
            mean: Sample::new(ended.map(|observation| observation.time), 0).mean(),
            p50: quantile(Level::P50),
            p99: quantile(Level::P99),
            max: quantile(Level::MAX),
            censored: true,
        }
    }

    /// One of its numbers, as a float; a distribution has no plain value.
    pub fn statistic(&self, of: Statistic) -> Option<f64> {
        match of {
            Statistic::Mean => self.mean,
            Statistic::P50 => self.p50.map(Quantile::as_f64),
            Statistic::P99 => self.p99.map(Quantile::as_f64),
            Statistic::Max => self.max.map(Quantile::as_f64),
            Statistic::Value => None,
        }
    }
}

impl Estimate<Quantile> {
    /// This estimate with floats; `Never` is plus infinity.
    fn as_f64(self) -> Estimate<f64> {
        let interval = self.interval.map(|(low, high)| (low.as_f64(), high.as_f64()));
        Estimate { value: self.value.as_f64(), interval }
    }
}

impl Statistic {
    /// The name in `summary.json` and the CSV files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::P50 => "p50",
            Self::P99 => "p99",
            Self::Max => "max",
            Self::Value => "value",
        }
    }
}

/// An interval cut to the range of numbers with this unit: a share cannot exceed one.
fn within(unit: Unit, (low, high): (f64, f64)) -> (f64, f64) {
    let most = if unit == Unit::Share { 1.0 } else { f64::INFINITY };
    (low.max(0.0), high.min(most))
}

/// The interval of a mean of fractions whose numerators and denominators have this sum.
fn widen(unit: Unit, student: (f64, f64), (part, whole): (u128, u128)) -> (f64, f64) {
    if unit == Unit::Nanoseconds || whole == 0 {
        return student;
    }
    let rare = |events: u128| u64::try_from(events).unwrap_or(u64::MAX);
    let (low, high) = event_interval(student, rare(part), whole as f64);
    if unit != Unit::Share || part > whole {
        return (low, high);
    }
    let (least, most) = event_interval((1.0 - high, 1.0 - low), rare(whole - part), whole as f64);
    (1.0 - most, 1.0 - least)
}

fn mean_over_seeds(unit: Unit, seeds: impl Iterator<Item = Option<f64>>) -> Option<Estimate<f64>> {
    let known: Vec<f64> = seeds.flatten().collect();
    let interval = mean_interval(&known).map(|bounds| within(unit, bounds));
    mean(&known).map(|value| Estimate { value, interval })
}

fn median_over_seeds(seeds: impl Iterator<Item = Option<Quantile>>) -> Option<Estimate<Quantile>> {
    let known: Vec<Quantile> = seeds.flatten().collect();
    let interval = median_interval(&known, Quantile::cmp);
    median_quantile(&known).map(|value| Estimate { value, interval })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::measures::catalogue::{AVAILABILITY, DEADLOCKS, IN_DOUBT, LAG, PARTIAL};
    use crate::stats::Quantile::{Never, Value};

    #[test]
    fn quantiles_are_medians_over_seeds_and_only_counts_are_pooled() {
        let samples = (0..7).map(|seed| Sample::new([10 + seed, 100], u64::from(seed == 6)));
        let seeds = samples.map(|sample| SeedQuantiles::of(3, &sample));
        let lag = MeasureResult::quantiles(LAG, seeds.collect());
        let found = lag.as_quantiles().unwrap();
        assert_eq!((found.offered, found.n, found.never), (21, 15, 1));
        assert_eq!(found.p50.unwrap().value, Value(13), "10..=15, then 100 of [16, 100, never]");
        assert_eq!(
            found.mean.unwrap().value,
            56.5,
            "(10 + 100) / 2 to (16 + 100) / 2, without never"
        );
        let (low, high) = found.mean.unwrap().interval.unwrap();
        assert!(low > 55.5 && high < 57.5, "{low} to {high}: Student's, of the means of seeds");
        assert_eq!(found.max.unwrap(), Estimate { value: Never, interval: None }, "of all seeds");
        assert_eq!(found.per_seed[6].max, Some(Never));
        assert_eq!(lag.per_seed(Statistic::Max)[6], Some(f64::INFINITY));
        assert_eq!(lag.why(), None);
    }

    #[test]
    fn unsettled_runs_are_estimated_and_marked() {
        let observations: Vec<Observation> =
            (1..=10).map(|time| Observation { time, censored: time > 8 }).collect();
        let settled = SeedQuantiles::of(10, &Sample::new([5], 0));
        let seeds = vec![SeedQuantiles::censored(10, &observations), settled];
        let lag = MeasureResult::quantiles(LAG, seeds);
        let found = lag.as_quantiles().unwrap();
        assert_eq!((found.censored_seeds, found.never, found.n), (1, 2, 11));
        assert_eq!((found.per_seed[0].p50, found.per_seed[0].p99), (Some(Value(5)), Some(Never)));
        assert_eq!(found.per_seed[0].mean, Some(4.5), "of those that ended: 1 to 8");
    }

    #[test]
    fn nothing_is_nothing_with_a_reason() {
        let none = MeasureResult::quantiles(LAG, vec![SeedQuantiles::of(5, &Sample::default())]);
        assert_eq!(none.why(), Some("no sample in any seed"));
        assert_eq!(none.estimate(Statistic::P50), None);
        let none = MeasureResult::mean(AVAILABILITY, vec![None]);
        assert_eq!(none.why(), Some("no number in any seed"));
        let none = MeasureResult::missing(IN_DOUBT, "no branches");
        assert_eq!(none.why(), Some("no branches"));
    }

    #[test]
    fn a_number_is_a_mean_with_an_interval_from_six_seeds_on() {
        let mean = |seeds: &[Option<f64>]| {
            let result = MeasureResult::mean(AVAILABILITY, seeds.to_vec());
            result.estimate(Statistic::Value).unwrap()
        };
        assert_eq!(mean(&[Some(1.0), None, Some(2.0)]).value, 1.5);
        assert_eq!(mean(&[Some(1.0); 5]).interval, None);
        assert_eq!(mean(&[Some(1.0); 6]).interval, Some((1.0, 1.0)));
    }

    #[test]
    fn what_never_happened_or_always_did_has_an_interval_all_the_same() {
        let interval = |measure, part: u64, whole: u64, seeds: usize| {
            let seeds = vec![Quantity::Ratio { part: part.into(), whole: whole.into() }; seeds];
            let found = MeasureResult::ratios(measure, &seeds).estimate(Statistic::Value);
            found.expect("a number").interval
        };
        let near = |found: Option<(f64, f64)>, (low, high): (f64, f64)| {
            let (least, most) = found.expect("an interval");
            assert!((least - low).abs() < 1e-6 && (most - high).abs() < 1e-6, "{least} {most}");
        };
        near(interval(DEADLOCKS, 0, 1, 6), (0.0, 0.614_813));
        near(interval(AVAILABILITY, 0, 100, 6), (0.0, 0.006_148));
        near(interval(AVAILABILITY, 100, 100, 6), (0.993_852, 1.0));
        near(interval(AVAILABILITY, 50, 100, 6), (0.5, 0.5));
        near(interval(DEADLOCKS, 10, 1, 6), (10.0, 10.0)); // Sixty are not rare.
        let amounts = |seeds: usize| {
            let none = vec![Quantity::amount(0_u64, 1_000_u64, "nothing"); seeds];
            MeasureResult::ratios(PARTIAL, &none).estimate(Statistic::Value).expect("0").interval
        };
        near(amounts(6), (0.0, 0.0)); // An average over a time, however short: no events.
        assert_eq!(interval(DEADLOCKS, 0, 1, 5), None, "nor more seeds than others need");
    }
}
