//! Statistics of samples and of seeds: quantiles of samples with values that are "never",
//! intervals, paired comparison.
//!
//! This module does not depend on the simulation. Everything is deterministic on every platform:
//! integers where possible, floats folded in index order, and no function whose last bit depends on
//! a maths library but `libm`, which is compiled in.
//!
//! - [`Sample`]: values of which some are infinite, and their nearest-rank quantiles;
//! - [`Curve`]: a distribution thinned for drawing;
//! - [`mean_interval`] and [`median_interval`]: 95 % intervals over seeds, and [`event_interval`]
//!   for rare events;
//! - [`laws`]: closed forms of queues and of repeated trials;
//! - [`paired`]: differences seed by seed, and whether they show anything;
//! - [`Family`]: which of many such comparisons stand out;
//! - [`Survival`]: Kaplan-Meier, for samples that were cut off;
//! - [`unsteady`]: from when on a series is steady;
//! - [`wilson`]: an interval for k of n.

mod curve;
mod discovery;
mod interval;
pub mod laws;
mod paired;
mod proportion;
mod sample;
mod steady;
mod survival;

pub use curve::Curve;
pub use discovery::{FALSE_DISCOVERY_RATE, Family};
pub use interval::{MIN_SEEDS, event_interval, mean_interval, mean_interval_at, median_interval};
pub use paired::{Paired, Verdict, paired};
pub use proportion::wilson;
pub use sample::{Level, Quantile, Sample, median_quantile};
pub use steady::{UNSTEADY_STEP, unsteady};
pub use survival::{Observation, Survival};

/// The mean, folded in index order; `None` if there are no values.
pub fn mean(values: &[f64]) -> Option<f64> {
    if values.is_empty() { None } else { Some(values.iter().sum::<f64>() / values.len() as f64) }
}

/// The median: the middle value, or the midpoint of the two in the middle; `None` if there are no
/// values.
///
/// Infinite values take part. Between a finite and an infinite value, or between two opposite
/// infinities, there is no midpoint; the one nearer to zero is taken, or zero itself, so that a
/// median never claims more than at least half of the values support.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let upper = *sorted.get(sorted.len() / 2)?;
    let lower = sorted[(sorted.len() - 1) / 2];
    Some(match (lower.is_finite(), upper.is_finite()) {
        _ if lower == upper => upper,
        (true, true) => lower + (upper - lower) / 2.0,
        (true, false) => lower,
        (false, true) => upper,
        (false, false) => 0.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_and_medians_of_small_samples() {
        assert_eq!(mean(&[]), None);
        assert_eq!(mean(&[1.0, 2.0, 6.0]), Some(3.0));
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[5.0, 1.0, 3.0]), Some(3.0));
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), Some(2.5));
    }

    #[test]
    fn a_median_next_to_infinity_claims_the_smaller_effect() {
        let never = f64::INFINITY;
        assert_eq!(median(&[1.0, 2.0, never, never]), Some(2.0));
        assert_eq!(median(&[-never, -never, -2.0, -1.0]), Some(-2.0));
        assert_eq!(median(&[-never, never]), Some(0.0));
        assert_eq!(median(&[never, never, 1.0]), Some(never));
    }
}
