//! One measure of one variant over all seeds.

use crate::stats::{
    Level, Observation, Quantile, Sample, Survival, bootstrap_interval, mean, median_quantile,
};

/// The measures' keys in [`VariantResult::measures`](super::VariantResult::measures), in
/// `summary.json` and in the CSV files.
pub mod key {
    /// M1, consistency lag: a distribution over operations that exposed something.
    pub const LAG: &str = "m1";
    /// M1, time-average number of partial operations.
    pub const PARTIAL: &str = "m1.partial";
    /// M1, share of operations that never exposed anything.
    pub const HIDDEN: &str = "m1.hidden";
    /// M2, lag after the answer: a distribution over operations answered yes.
    pub const AFTER_ANSWER: &str = "m2";
    /// M3, violation time: nanoseconds, summed over entities, per 1,000 offered operations.
    pub const VIOLATION: &str = "m3";
    /// M3, share of time in which any invariant was false.
    pub const VIOLATED: &str = "m3.any";
    /// M4, right answer within 50 ms.
    pub const RIGHT_50MS: &str = "m4.50ms";
    /// M4, right answer within 500 ms.
    pub const RIGHT_500MS: &str = "m4.500ms";
    /// M4, right answer within 5 s.
    pub const RIGHT_5S: &str = "m4.5s";
    /// M4, share of offered operations that were answered yes in time and read right.
    pub const USEFUL: &str = "m4.useful";
    /// M5, share of reads that were stale.
    pub const STALE: &str = "m5";
    /// M6, time that branches were in doubt, summed over a run.
    pub const IN_DOUBT: &str = "m6.in-doubt";
    /// M6, the longest time that a branch was in doubt.
    pub const IN_DOUBT_MAX: &str = "m6.in-doubt.max";
    /// M6, time that others waited behind branches in doubt, summed over a run.
    pub const BLOCKED: &str = "m6.blocked";
    /// M7, share of operations with a wrong outcome; see
    /// [`Census::WRONG`](super::super::Census::WRONG).
    pub const WRONG: &str = "m7.wrong";
    /// M8, effects that vanished from a store because somebody overwrote them.
    pub const LOST_UPDATES: &str = "m8.lost-updates";
    /// M8, reads that saw what was compensated later.
    pub const DIRTY_READS: &str = "m8.dirty-reads";
    /// M8, effects that came behind those of newer operations.
    pub const OUT_OF_ORDER: &str = "m8.out-of-order";
    /// M8, messages that came again.
    pub const DELIVERED_AGAIN: &str = "m8.delivered-again";
    /// M8, effects that came again.
    pub const APPLIED_AGAIN: &str = "m8.applied-again";
    /// M8, rows without what they refer to, at the end.
    pub const ORPHANS: &str = "m8.orphans";
    /// M8, cells that left their bound.
    pub const OVERSELLS: &str = "m8.oversells";
    /// M13, share of waits in shared databases that other services caused.
    pub const WAITED: &str = "m13.waited.share";
    /// M13, greatest share of a service's time in a database that it waited for one other.
    pub const SLOWDOWN: &str = "m13.slowdown";
    /// M13, services touched by one fault, at most.
    pub const TOUCHED: &str = "m13.touched";
    /// How long services were broken by a changed schema.
    pub const BROKEN: &str = "m13.broken";
    /// Statements and answers that failed for a changed schema.
    pub const MISFITS: &str = "m13.schema-breaks";
    /// From the change of a schema to its first failure.
    pub const NOTICED: &str = "m13.noticed";
    /// M9, availability.
    pub const AVAILABILITY: &str = "m9";
    /// M10, latency of `done`: a distribution.
    pub const DONE: &str = "m10.done";
    /// M10, latency of `accepted`: a distribution.
    pub const ACCEPTED: &str = "m10.accepted";
    /// M11, recovery after the heal: a distribution with one value a seed, which may be "never".
    pub const RECOVERY: &str = "m11";
    /// M12, messages per offered operation: those between services, drivers, participants and the
    /// broker.
    pub const MESSAGES: &str = "m12.messages";
    /// M12, the part of them that neither comes from nor goes to the broker.
    pub const SERVICE_MESSAGES: &str = "m12.messages.service";
    /// M12, the part of them that comes from or goes to the broker.
    pub const BROKER_MESSAGES: &str = "m12.messages.broker";
    /// M12, messages between services and their databases per offered operation, counted apart.
    pub const DATABASE_MESSAGES: &str = "m12.messages.database";
    /// M12, forced writes per offered operation.
    pub const FORCED: &str = "m12.forced-writes";
    /// M12, workers of all services.
    pub const WORKERS: &str = "m12.workers";
    /// M12, how many of them had a request, averaged over time.
    pub const WORKERS_USED: &str = "m12.workers.used";
    /// M12, the share of them that had a request, averaged over time.
    pub const UTILISATION: &str = "m12.workers.utilisation";
    /// What the keys of the measures of single reads begin with: `reads.NAME.` is followed by
    /// the key of a [`ReadNumber`](crate::checks::measures::reads::ReadNumber).
    pub use crate::checks::measures::reads::READS;
}

/// What the numbers of a measure count.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Unit {
    /// Nanoseconds of virtual time.
    Nanoseconds,
    /// A share of one.
    Share,
    /// So many per offered operation.
    PerOperation,
    /// So many.
    Count,
}

/// Which direction is good.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Better {
    /// Less is better.
    Lower,
    /// More is better.
    Higher,
    /// Neither, by itself.
    Neither,
}

/// Which number of a measure.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Statistic {
    /// The median of a distribution.
    P50,
    /// The 99 % quantile of a distribution.
    P99,
    /// The maximum of a distribution.
    Max,
    /// The number itself, of a scalar.
    Value,
}

/// One measure of one variant over all seeds.
#[derive(Clone, PartialEq, Debug)]
pub struct MeasureResult {
    /// What it is, in words.
    pub name: String,
    /// What its numbers count.
    pub unit: Unit,
    /// Which direction is good.
    pub better: Better,
    /// The numbers.
    pub value: Measured,
}

/// The numbers of a measure.
#[derive(Clone, PartialEq, Debug)]
pub enum Measured {
    /// A distribution over operations, reads or branches.
    Distribution(Distribution),
    /// One number a run.
    Scalar(Scalar),
    /// Nothing, for this reason.
    Missing(String),
}

/// A number and its 95 % bootstrap interval over seeds, where there are seeds enough.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Estimate<T> {
    /// The number.
    pub value: T,
    /// Its interval; `None` with fewer than [`MIN_SEEDS`](crate::stats::MIN_SEEDS) seeds.
    pub interval: Option<(T, T)>,
}

/// Quantiles of a distribution: each is computed per seed, and the median over seeds is shown.
///
/// Only the counts are pooled over seeds: `never` of `n`.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Distribution {
    /// How many could have been in it, all seeds together.
    pub offered: u64,
    /// How many are in it, all seeds together.
    pub n: u64,
    /// How many of them never ended, all seeds together.
    pub never: u64,
    /// The median; `None` if no seed has any sample.
    pub p50: Option<Estimate<Quantile>>,
    /// The 99 % quantile.
    pub p99: Option<Estimate<Quantile>>,
    /// The maximum.
    pub max: Option<Estimate<Quantile>>,
    /// In how many seeds the quantiles are Kaplan-Meier estimates, because the run did not settle.
    pub censored_seeds: u64,
    /// What each seed gave.
    pub per_seed: Vec<SeedQuantiles>,
}

/// A distribution in one seed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SeedQuantiles {
    /// How many could have been in it.
    pub offered: u64,
    /// How many are in it.
    pub n: u64,
    /// How many of them never ended.
    pub never: u64,
    /// The median; `None` without samples.
    pub p50: Option<Quantile>,
    /// The 99 % quantile.
    pub p99: Option<Quantile>,
    /// The maximum.
    pub max: Option<Quantile>,
    /// True if the run did not settle, so that these are Kaplan-Meier estimates.
    pub censored: bool,
}

/// One number a run: the mean over seeds is shown.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Scalar {
    /// The mean over the seeds that have a number; `None` if none has.
    pub estimate: Option<Estimate<f64>>,
    /// What each seed gave.
    pub per_seed: Vec<Option<f64>>,
}

/// `part / whole`; `None` if there is no whole.
pub fn ratio(part: u64, whole: u64) -> Option<f64> {
    if whole == 0 { None } else { Some(part as f64 / whole as f64) }
}

impl MeasureResult {
    /// A distribution: one sample a seed, and how many could have been in each.
    ///
    /// # Panics
    ///
    /// If the slices differ in length.
    pub fn distribution(
        name: &str,
        unit: Unit,
        better: Better,
        offered: &[u64],
        samples: &[Sample],
    ) -> Self {
        assert_eq!(offered.len(), samples.len(), "one count and one sample a seed");
        let seeds = offered.iter().zip(samples);
        let seeds = seeds.map(|(&offered, sample)| SeedQuantiles::of(offered, sample));
        Self::over_seeds(name, unit, better, seeds.collect())
    }

    /// A distribution of which the quantiles of each seed are known; some of them may be
    /// [`SeedQuantiles::censored`].
    pub fn over_seeds(
        name: &str,
        unit: Unit,
        better: Better,
        per_seed: Vec<SeedQuantiles>,
    ) -> Self {
        let distribution = Distribution {
            offered: per_seed.iter().map(|seed| seed.offered).sum(),
            n: per_seed.iter().map(|seed| seed.n).sum(),
            never: per_seed.iter().map(|seed| seed.never).sum(),
            p50: median_over_seeds(per_seed.iter().map(|seed| seed.p50)),
            p99: median_over_seeds(per_seed.iter().map(|seed| seed.p99)),
            max: median_over_seeds(per_seed.iter().map(|seed| seed.max)),
            censored_seeds: per_seed.iter().filter(|seed| seed.censored).count() as u64,
            per_seed,
        };
        Self { name: name.into(), unit, better, value: Measured::Distribution(distribution) }
    }

    /// One number a seed; `None` where a seed has none. See [`ratio`].
    pub fn scalar(name: &str, unit: Unit, better: Better, per_seed: &[Option<f64>]) -> Self {
        let known: Vec<f64> = per_seed.iter().flatten().copied().collect();
        let interval = bootstrap_interval(&known, mean, f64::total_cmp);
        let estimate = mean(&known).map(|value| Estimate { value, interval });
        let scalar = Scalar { estimate, per_seed: per_seed.to_vec() };
        Self { name: name.into(), unit, better, value: Measured::Scalar(scalar) }
    }

    /// Nothing, and why.
    pub fn missing(name: &str, unit: Unit, better: Better, why: &str) -> Self {
        Self { name: name.into(), unit, better, value: Measured::Missing(why.into()) }
    }

    /// One of its numbers, as a float; `Never` is plus infinity.
    pub fn estimate(&self, of: Statistic) -> Option<Estimate<f64>> {
        match (&self.value, of) {
            (Measured::Scalar(scalar), Statistic::Value) => scalar.estimate,
            (Measured::Distribution(distribution), of) => distribution.statistic(of).map(|found| {
                let interval = found.interval.map(|(low, high)| (low.as_f64(), high.as_f64()));
                Estimate { value: found.value.as_f64(), interval }
            }),
            _ => None,
        }
    }

    /// One of its numbers in every seed, as floats.
    pub fn per_seed(&self, of: Statistic) -> Vec<Option<f64>> {
        match (&self.value, of) {
            (Measured::Scalar(scalar), Statistic::Value) => scalar.per_seed.clone(),
            (Measured::Distribution(distribution), of) => distribution
                .per_seed
                .iter()
                .map(|seed| seed.statistic(of).map(Quantile::as_f64))
                .collect(),
            _ => Vec::new(),
        }
    }

    /// Why there is no number, if there is none.
    pub fn why(&self) -> Option<&str> {
        match &self.value {
            Measured::Missing(why) => Some(why),
            Measured::Distribution(found) if found.n == 0 => Some("no sample in any seed"),
            Measured::Scalar(found) if found.estimate.is_none() => Some("no number in any seed"),
            _ => None,
        }
    }

    /// The distribution, if it is one.
    pub fn as_distribution(&self) -> Option<&Distribution> {
        match &self.value {
            Measured::Distribution(distribution) => Some(distribution),
            _ => None,
        }
    }
}

impl Distribution {
    /// One of its numbers; a distribution has no plain value.
    pub fn statistic(&self, of: Statistic) -> Option<Estimate<Quantile>> {
        match of {
            Statistic::P50 => self.p50,
            Statistic::P99 => self.p99,
            Statistic::Max => self.max,
            Statistic::Value => None,
        }
    }
}

impl SeedQuantiles {
    /// Of a settled run: what is unfinished will never end.
    pub fn of(offered: u64, sample: &Sample) -> Self {
        Self {
            offered,
            n: sample.n(),
            never: sample.never(),
            p50: sample.quantile(Level::P50),
            p99: sample.quantile(Level::P99),
            max: sample.quantile(Level::MAX),
            censored: false,
        }
    }

    /// Of a run that did not settle: what is unfinished was cut off, and the quantiles are
    /// Kaplan-Meier estimates. Those beyond the last known end have no known bound and count as
    /// "never"; so do, in the count, the operations that were cut off.
    pub fn censored(offered: u64, observations: &[Observation]) -> Self {
        let survival = Survival::kaplan_meier(observations);
        let quantile = |level| {
            let known = survival.quantile(level).map_or(Quantile::Never, Quantile::Value);
            (!observations.is_empty()).then_some(known)
        };
        Self {
            offered,
            n: observations.len() as u64,
            never: observations.iter().filter(|observation| observation.censored).count() as u64,
            p50: quantile(Level::P50),
            p99: quantile(Level::P99),
            max: quantile(Level::MAX),
            censored: true,
        }
    }

    /// One of its numbers; a distribution has no plain value.
    pub fn statistic(&self, of: Statistic) -> Option<Quantile> {
        match of {
            Statistic::P50 => self.p50,
            Statistic::P99 => self.p99,
            Statistic::Max => self.max,
            Statistic::Value => None,
        }
    }
}

impl Unit {
    /// As `summary.json` and the CSV files write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nanoseconds => "ns",
            Self::Share => "share",
            Self::PerOperation => "per operation",
            Self::Count => "count",
        }
    }
}

impl Statistic {
    /// As `summary.json` and the CSV files write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::P50 => "p50",
            Self::P99 => "p99",
            Self::Max => "max",
            Self::Value => "value",
        }
    }
}

fn median_over_seeds(seeds: impl Iterator<Item = Option<Quantile>>) -> Option<Estimate<Quantile>> {
    let known: Vec<Quantile> = seeds.flatten().collect();
    let interval = bootstrap_interval(&known, median_quantile, Quantile::cmp);
    median_quantile(&known).map(|value| Estimate { value, interval })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Quantile::{Never, Value};

    #[test]
    fn quantiles_are_medians_over_seeds_and_only_counts_are_pooled() {
        let samples: Vec<Sample> =
            (0..7).map(|seed| Sample::new([10 + seed, 100], u64::from(seed == 6))).collect();
        let lag =
            MeasureResult::distribution("lag", Unit::Nanoseconds, Better::Lower, &[3; 7], &samples);
        let found = lag.as_distribution().unwrap();
        assert_eq!((found.offered, found.n, found.never), (21, 15, 1));
        assert_eq!(found.p50.unwrap().value, Value(13), "10..=15, then 100 of [16, 100, never]");
        assert_eq!(found.max.unwrap().value, Value(100));
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
        let lag = MeasureResult::over_seeds("lag", Unit::Nanoseconds, Better::Lower, seeds);
        let found = lag.as_distribution().unwrap();
        assert_eq!((found.censored_seeds, found.never, found.n), (1, 2, 11));
        assert_eq!((found.per_seed[0].p50, found.per_seed[0].p99), (Some(Value(5)), Some(Never)));
    }

    #[test]
    fn nothing_is_nothing_with_a_reason() {
        let none = MeasureResult::distribution(
            "lag",
            Unit::Nanoseconds,
            Better::Lower,
            &[5],
            &[Sample::default()],
        );
        assert_eq!(none.why(), Some("no sample in any seed"));
        assert_eq!(none.estimate(Statistic::P50), None);
        let none = MeasureResult::scalar("share", Unit::Share, Better::Lower, &[ratio(1, 0)]);
        assert_eq!(none.why(), Some("no number in any seed"));
        let none = MeasureResult::missing("doubt", Unit::Count, Better::Lower, "no branches");
        assert_eq!(none.why(), Some("no branches"));
    }

    #[test]
    fn a_scalar_is_a_mean_with_an_interval_from_six_seeds_on() {
        let scalar = |seeds: &[Option<f64>]| {
            MeasureResult::scalar("share", Unit::Share, Better::Higher, seeds)
                .estimate(Statistic::Value)
                .unwrap()
        };
        assert_eq!(scalar(&[Some(1.0), None, Some(2.0)]).value, 1.5);
        assert_eq!(scalar(&[Some(1.0); 5]).interval, None);
        assert_eq!(scalar(&[Some(1.0); 6]).interval, Some((1.0, 1.0)));
    }
}
