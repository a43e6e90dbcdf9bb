//! Percentile bootstrap intervals over seeds.
//!
//! Efron and Tibshirani, *An Introduction to the Bootstrap* (1993), chapter 13.

use std::cmp::Ordering;

use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

use super::sample::Level;

/// With fewer seeds no 95 % interval is given.
///
/// Six values on one side of zero have probability 2 x 0.5^6 = 3.1 % if there is no difference;
/// five have 6.3 %. With fewer than six even the whole range of the values is no 95 % interval for
/// their median, and a bootstrap of one seed would be a point that "excludes zero".
pub const MIN_SEEDS: usize = 6;

const RESAMPLES: usize = 2_000;
const LOW: Level = Level::per_million(25_000);
const HIGH: Level = Level::per_million(975_000);

/// A 95 % percentile bootstrap interval of `statistic` over `values`, one value per seed.
///
/// The bounds are the nearest-rank 2.5 % and 97.5 % quantiles, in the order of `compare`, of the
/// statistic over 2,000 resamples. Infinite values need no special care, because nothing is
/// averaged here. `None` with fewer than [`MIN_SEEDS`] values, or if a resample has no statistic.
pub fn bootstrap_interval<T: Copy, S: Copy>(
    values: &[T],
    statistic: impl Fn(&[T]) -> Option<S>,
    compare: impl Fn(&S, &S) -> Ordering,
) -> Option<(S, S)> {
    if values.len() < MIN_SEEDS {
        return None;
    }
    // Always the same random numbers: an interval is a function of the values alone.
    let mut rng = ChaCha8Rng::from_seed([0; 32]);
    let mut drawn = values.choose_iter(&mut rng)?.copied();
    let mut resample = values.to_vec();
    let mut found = Vec::with_capacity(RESAMPLES);
    for _ in 0..RESAMPLES {
        for (slot, value) in resample.iter_mut().zip(&mut drawn) {
            *slot = value;
        }
        found.push(statistic(&resample)?);
    }
    found.sort_by(compare);
    Some((found[LOW.index(RESAMPLES)], found[HIGH.index(RESAMPLES)]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{Quantile, mean, median_quantile};

    #[test]
    fn the_interval_of_a_mean_is_near_the_normal_one() {
        // 0..100: mean 49.5, standard error 28.87 / 10 = 2.89, so about 43.8 to 55.2.
        let values: Vec<f64> = (0..100).map(f64::from).collect();
        let (low, high) = bootstrap_interval(&values, mean, f64::total_cmp).unwrap();
        assert!((43.0..45.0).contains(&low), "{low}");
        assert!((54.0..56.0).contains(&high), "{high}");
        // What it always was: other bounds are a change of results.
        assert_eq!((low, high), (43.72, 55.25));
    }

    #[test]
    fn infinity_reaches_the_upper_bound_only() {
        let mut values: Vec<Quantile> = (1..=8).map(Quantile::Value).collect();
        values.extend([Quantile::Never; 2]);
        let (low, high) = bootstrap_interval(&values, median_quantile, Quantile::cmp).unwrap();
        assert!(low >= Quantile::Value(2) && low <= Quantile::Value(4), "{low:?}");
        assert!(high >= Quantile::Value(8), "{high:?}");
    }

    #[test]
    fn few_seeds_give_no_interval() {
        assert_eq!(bootstrap_interval(&[1.0; 5], mean, f64::total_cmp), None);
        assert_eq!(bootstrap_interval(&[1.0; 6], mean, f64::total_cmp), Some((1.0, 1.0)));
    }
}
