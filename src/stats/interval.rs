//! 95 % intervals over seeds, each with the coverage that it claims at every number of seeds.
//!
//! A mean has Student's interval ("The probable error of a mean", Biometrika 6, 1908), a median the
//! interval between two of the ordered values (Conover, *Practical Nonparametric Statistics*,
//! chapter 3), which holds for every distribution. A percentile bootstrap is not used, because with
//! few seeds it covers less than it claims: some 90 % of means at ten seeds, and without any
//! difference its medians of eight differences exclude zero in 9 of 100 comparisons.

use std::cmp::Ordering;

/// The least number of seeds for which a 95 % interval is given.
///
/// Six values on one side of zero have probability 2 x 0.5^6 = 3.1 % if there is no difference;
/// five have 6.3 %. With fewer than six even the whole range of the values is no 95 % interval for
/// their median.
pub const MIN_SEEDS: usize = 6;

/// The 97.5 % quantile of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// Student's 95 % interval of the mean of values, one value per seed.
///
/// `None` with fewer than [`MIN_SEEDS`] values, or if one of them is infinite.
pub fn mean_interval(values: &[f64]) -> Option<(f64, f64)> {
    mean_interval_at(values, Z)
}

/// Student's interval of the mean of values, one value per seed, that goes with a two-sided
/// quantile of the normal distribution (1.96 for 95 %).
///
/// `None` with fewer than [`MIN_SEEDS`] values, or if one of them is infinite.
pub fn mean_interval_at(values: &[f64], normal: f64) -> Option<(f64, f64)> {
    if values.len() < MIN_SEEDS || values.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let seeds = values.len() as f64;
    let mean = super::mean(values)?;
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    let reach = student(seeds - 1.0, normal) * (squares / (seeds - 1.0) / seeds).sqrt();
    Some((mean - reach, mean + reach))
}

/// The number of events in all seeds together below which the interval of their mean is at least
/// that of a Poisson variable: if most values are zero, their variance underestimates the true one,
/// and Student's interval is too narrow.
pub const RARE: u64 = 30;

/// An interval of the mean of ratios, one per seed, for which `events` events occurred in all seeds
/// together among `whole` chances (seeds, for a plain count). With fewer than [`RARE`] events it is
/// at least the exact interval of a Poisson variable.
pub fn event_interval(student: (f64, f64), events: u64, whole: f64) -> (f64, f64) {
    if events >= RARE {
        return student;
    }
    let (low, high) = poisson_limits(events);
    (student.0.min(low / whole), student.1.max(high / whole))
}

/// The exact 95 % limits of the mean of a Poisson variable of which one value was observed
/// (Garwood, "Fiducial limits for the Poisson distribution", Biometrika 28, 1936).
fn poisson_limits(events: u64) -> (f64, f64) {
    // The mean with which this number of events or more has probability 2.5 %, and the mean with
    // which this number or fewer has.
    let low = match events {
        0 => 0.0,
        _ => mean_where(0.975, events - 1),
    };
    (low, mean_where(0.025, events))
}

/// The mean of the Poisson variable that is at most `most` with this probability.
fn mean_where(probability: f64, most: u64) -> f64 {
    let (mut low, mut high) = (0.0, 4.0 * (most + 4) as f64);
    for _ in 0..60 {
        let mean: f64 = low + (high - low) / 2.0;
        let (mut term, mut sum) = (libm::exp(-mean), 0.0);
        for count in 0..=most {
            sum += term;
            term *= mean / (count + 1) as f64;
        }
        (low, high) = if sum > probability { (mean, high) } else { (low, mean) };
    }
    low
}

/// The quantile of Student's distribution with `freedom` degrees of freedom, five or more, at the
/// probability of the normal quantile `z`: the expansion around the normal quantile of Abramowitz
/// and Stegun, 26.7.5, exact to four digits at 97.5 %. It consists of sums and products only, so
/// that it has the same bits on every platform.
fn student(freedom: f64, z: f64) -> f64 {
    let z2 = z * z;
    let terms = [
        z * (z2 + 1.0) / 4.0,
        z * ((5.0 * z2 + 16.0) * z2 + 3.0) / 96.0,
        z * (((3.0 * z2 + 19.0) * z2 + 17.0) * z2 - 15.0) / 384.0,
        z * ((((79.0 * z2 + 776.0) * z2 + 1_482.0) * z2 - 1_920.0) * z2 - 945.0) / 92_160.0,
    ];
    terms.iter().rev().fold(0.0, |sum, term| (sum + term) / freedom) + z
}

/// A 95 % interval of the median of values, one value per seed: between two of them, the narrowest
/// two for which the probability that both lie on one side of the median is at most 5 %.
///
/// Infinite values need no special care, because nothing is averaged. `None` with fewer than
/// [`MIN_SEEDS`] values.
pub fn median_interval<T: Copy>(
    values: &[T],
    compare: impl Fn(&T, &T) -> Ordering,
) -> Option<(T, T)> {
    if values.len() < MIN_SEEDS {
        return None;
    }
    let outside = ranks_outside(values.len());
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(compare);
    Some((sorted[outside], sorted[sorted.len() - 1 - outside]))
}

/// The number of ordered values that lie outside of the interval of their median at either end, of
/// six or more.
fn ranks_outside(seeds: usize) -> usize {
    if seeds > 500 {
        // For many seeds the binomial distribution is close to normal; one rank less outside makes
        // up for the approximation.
        return ((seeds as f64 - Z * (seeds as f64).sqrt()) / 2.0) as usize - 1;
    }
    let mut exactly = (0..seeds).fold(1.0, |all, _| all / 2.0); // That none lies below the median.
    let (mut sum, mut below) = (exactly, 0);
    loop {
        exactly *= (seeds - below) as f64 / (below + 1) as f64;
        if sum + exactly > 0.025 {
            return below;
        }
        sum += exactly;
        below += 1;
    }
}

#[cfg(test)]
mod tests;
