//! Samples of whole numbers in which some values are "never".

use serde::{Serialize, Serializer};

/// Finite values in ascending order, and the number of values that are plus infinity.
///
/// An operation that never became consistent has no finite lag, but leaving it out would make the
/// slowest pattern look fast. It counts as larger than every finite value.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Sample {
    finite: Vec<u64>,
    never: u64,
}

/// A quantile, or any other value of a [`Sample`]: finite values are below `Never`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Quantile {
    /// A finite value.
    Value(u64),
    /// Plus infinity.
    Never,
}

/// The level of a quantile: a share of the sample in parts per million.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Level(u32);

impl Level {
    /// The median of a sample.
    pub const P50: Self = Self(500_000);
    /// The 95th percentile.
    pub const P95: Self = Self(950_000);
    /// The 99th percentile.
    pub const P99: Self = Self(990_000);
    /// The maximum.
    pub const MAX: Self = Self(1_000_000);

    /// A level in parts per million; more than a million means the maximum.
    pub const fn per_million(parts: u32) -> Self {
        if parts > 1_000_000 { Self::MAX } else { Self(parts) }
    }

    /// The level as a share of one.
    pub(super) fn share(self) -> f64 {
        f64::from(self.0) / 1e6
    }

    /// The nearest rank, from 1 to `n`: the smallest rank that covers this share of `n` values.
    fn rank(self, n: u64) -> u64 {
        let rank = (u128::from(n) * u128::from(self.0)).div_ceil(1_000_000);
        (rank as u64).max(1)
    }

    /// The position of this level among `len` sorted values; `len` is not zero.
    pub(super) fn index(self, len: usize) -> usize {
        self.rank(len as u64) as usize - 1
    }
}

impl Sample {
    /// A sample of these finite values, in any order, and `never` infinite ones.
    pub fn new(values: impl IntoIterator<Item = u64>, never: u64) -> Self {
        let mut finite: Vec<u64> = values.into_iter().collect();
        finite.sort_unstable();
        Self { finite, never }
    }

    /// All values of several samples together.
    pub fn pooled<'a>(samples: impl IntoIterator<Item = &'a Self>) -> Self {
        let (mut finite, mut never) = (Vec::new(), 0);
        for sample in samples {
            finite.extend_from_slice(&sample.finite);
            never += sample.never;
        }
        Self::new(finite, never)
    }

    /// The number of values, infinite ones included.
    pub fn n(&self) -> u64 {
        self.finite.len() as u64 + self.never
    }

    /// The number of infinite values.
    pub fn never(&self) -> u64 {
        self.never
    }

    /// The finite values, ascending.
    pub fn finite(&self) -> &[u64] {
        &self.finite
    }

    /// The mean of the finite values; `None` if there are none. A report of it has to give the
    /// number of infinite values, too, since the mean of all values would be infinite.
    pub fn mean(&self) -> Option<f64> {
        let sum: u128 = self.finite.iter().copied().map(u128::from).sum();
        (!self.finite.is_empty()).then(|| sum as f64 / self.finite.len() as f64)
    }

    /// The number of values that are at most `bound`.
    pub fn at_most(&self, bound: u64) -> u64 {
        self.finite.partition_point(|&value| value <= bound) as u64
    }

    /// The nearest-rank quantile: the value whose rank among all `n` values, infinite ones
    /// included, is `ceil(level x n)`, at least 1. `None` for an empty sample. The maximum is
    /// therefore `Never` as soon as one value is.
    pub fn quantile(&self, level: Level) -> Option<Quantile> {
        if self.n() == 0 {
            return None;
        }
        let index = level.index(self.n() as usize);
        Some(self.finite.get(index).map_or(Quantile::Never, |&v| Quantile::Value(v)))
    }
}

impl Quantile {
    /// The quantile as a float: `Never` is plus infinity.
    pub fn as_f64(self) -> f64 {
        match self {
            Self::Value(value) => value as f64,
            Self::Never => f64::INFINITY,
        }
    }

    /// The quantile if it is finite.
    pub const fn finite(self) -> Option<u64> {
        match self {
            Self::Value(value) => Some(value),
            Self::Never => None,
        }
    }
}

impl Serialize for Quantile {
    /// Writes a number, or the text `"never"`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Value(value) => serializer.serialize_u64(*value),
            Self::Never => serializer.serialize_str("never"),
        }
    }
}

/// The median of quantiles over seeds; `None` if there are none.
///
/// Of an even number the midpoint of the two in the middle, rounded down; `Never` if either of
/// them is, because half of the seeds then support nothing finite.
pub fn median_quantile(over_seeds: &[Quantile]) -> Option<Quantile> {
    let mut sorted = over_seeds.to_vec();
    sorted.sort_unstable();
    let upper = *sorted.get(sorted.len() / 2)?;
    let lower = sorted[(sorted.len() - 1) / 2];
    Some(match (lower, upper) {
        (Quantile::Value(lower), Quantile::Value(upper)) => {
            Quantile::Value(lower + (upper - lower) / 2)
        }
        _ => Quantile::Never,
    })
}

#[cfg(test)]
mod tests {
    use super::Quantile::{Never, Value};
    use super::*;

    #[test]
    fn nearest_rank_follows_the_textbook() {
        // The worked example of the nearest-rank method: 15, 20, 35, 40, 50.
        let sample = Sample::new([50, 15, 40, 20, 35], 0);
        for (percent, expected) in [(5, 15), (30, 20), (40, 20), (50, 35), (100, 50)] {
            let level = Level::per_million(percent * 10_000);
            assert_eq!(sample.quantile(level), Some(Value(expected)), "{percent} %");
        }
        assert_eq!(sample.quantile(Level::per_million(0)), Some(Value(15)));
    }

    #[test]
    fn infinite_values_take_part() {
        let sample = Sample::new(1..=98, 2);
        assert_eq!(sample.n(), 100);
        assert_eq!(sample.quantile(Level::P50), Some(Value(50)));
        assert_eq!(sample.quantile(Level::per_million(980_000)), Some(Value(98)));
        assert_eq!(sample.quantile(Level::P99), Some(Never));
        assert_eq!(sample.quantile(Level::MAX), Some(Never));
        assert_eq!(Sample::new([], 3).quantile(Level::P50), Some(Never));
        assert_eq!(Sample::default().quantile(Level::P50), None);
    }

    #[test]
    fn a_mean_is_over_the_finite_values() {
        assert_eq!(Sample::new([1, 2, 6], 5).mean(), Some(3.0));
        assert_eq!(Sample::new([], 5).mean(), None);
    }

    #[test]
    fn pooling_keeps_every_value() {
        let pooled = Sample::pooled(&[Sample::new([3, 1], 1), Sample::new([2], 2)]);
        assert_eq!(pooled, Sample::new([1, 2, 3], 3));
        assert_eq!(pooled.at_most(2), 2);
    }

    #[test]
    fn medians_over_seeds_do_not_average_with_infinity() {
        assert_eq!(median_quantile(&[]), None);
        assert_eq!(median_quantile(&[Value(4), Value(9), Never]), Some(Value(9)));
        assert_eq!(median_quantile(&[Value(4), Value(9)]), Some(Value(6)));
        assert_eq!(median_quantile(&[Value(4), Never]), Some(Never));
    }

    #[test]
    fn never_is_text_in_json() {
        assert_eq!(serde_json::to_string(&[Value(7), Never]).unwrap(), r#"[7,"never"]"#);
    }
}
