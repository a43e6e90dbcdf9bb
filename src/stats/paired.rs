//! Paired comparison: the same seeds under two variants.

use serde::Serialize;

use super::interval::{MIN_SEEDS, median_interval};
use super::median;

/// The verdict of a paired comparison.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The whole interval lies above zero.
    Higher,
    /// The whole interval lies below zero.
    Lower,
    /// The interval contains zero, or there is none.
    NoDifferenceShown,
}

impl Verdict {
    /// The verdict as files write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Higher => "higher",
            Self::Lower => "lower",
            Self::NoDifferenceShown => "no-difference-shown",
        }
    }
}

/// The summary of the differences `value - baseline`, seed by seed.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Paired {
    /// The number of seeds that have a value on both sides.
    pub seeds: usize,
    /// The median of the differences. Plus infinity if, in the median seed, the value is "never"
    /// and the baseline is not; minus infinity the other way round.
    pub difference: f64,
    /// Its 95 % interval; `None` with fewer than [`MIN_SEEDS`] seeds.
    pub interval: Option<(f64, f64)>,
    /// The verdict that the interval allows.
    pub verdict: Verdict,
    /// The two-sided p value of the sign test, to which the interval belongs: at most 5 % exactly
    /// if the interval excludes zero. A seed with equal values counts against a difference.
    pub p: f64,
    /// The least possible `p` with as many seeds that differ.
    pub least_p: f64,
}

/// Compares two variants over the same seeds; `None` if no seed has a value on both sides.
///
/// Both slices have one entry a seed, in the same order; infinite values are allowed, and two
/// infinite values of one seed count as equal.
///
/// # Panics
///
/// If the slices differ in length.
pub fn paired(values: &[Option<f64>], baseline: &[Option<f64>]) -> Option<Paired> {
    assert_eq!(values.len(), baseline.len(), "paired values come from the same seeds");
    let differences: Vec<f64> = values
        .iter()
        .zip(baseline)
        .filter_map(|(value, baseline)| Some(difference((*value)?, (*baseline)?)))
        .collect();
    let interval = median_interval(&differences, f64::total_cmp);
    let verdict = match interval {
        Some((low, _)) if low > 0.0 => Verdict::Higher,
        Some((_, high)) if high < 0.0 => Verdict::Lower,
        _ => Verdict::NoDifferenceShown,
    };
    let difference = median(&differences)?;
    debug_assert!(interval.is_some() || differences.len() < MIN_SEEDS);
    let seeds = differences.len();
    let count = |is: fn(&f64) -> bool| differences.iter().filter(|it| is(it)).count();
    let (above, below) = (count(|it| *it > 0.0), count(|it| *it < 0.0));
    Some(Paired {
        seeds,
        difference,
        interval,
        verdict,
        p: least_p(seeds, seeds - above.max(below)),
        least_p: least_p(seeds, seeds - above - below),
    })
}

/// The two-sided p value of the sign test of this many seeds, all but `against` of which have the
/// same sign.
pub(super) fn least_p(seeds: usize, against: usize) -> f64 {
    if seeds > 1_000 {
        // For many seeds the binomial distribution is close to normal.
        let beyond = seeds as f64 - 2.0 * against as f64 - 1.0;
        return libm::erfc(beyond / libm::sqrt(2.0 * seeds as f64)).min(1.0);
    }
    let mut exactly = (0..seeds).fold(2.0, |all, _| all / 2.0);
    let mut sum = exactly;
    for number in 0..against {
        exactly *= (seeds - number) as f64 / (number + 1) as f64;
        sum += exactly;
    }
    sum.min(1.0)
}

fn difference(value: f64, baseline: f64) -> f64 {
    if value == baseline { 0.0 } else { value - baseline }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compare(values: &[f64], baseline: &[f64]) -> Paired {
        let some = |values: &[f64]| values.iter().copied().map(Some).collect::<Vec<_>>();
        paired(&some(values), &some(baseline)).unwrap()
    }

    #[test]
    fn a_constant_shift_shows_although_the_seeds_differ_more() {
        let baseline = [10.0, 500.0, 30.0, 8_000.0, 77.0, 1.0, 64.0, 900.0];
        let shifted = baseline.map(|value| value + 2.0);
        let found = compare(&shifted, &baseline);
        assert_eq!(found.difference, 2.0);
        assert_eq!(found.interval, Some((2.0, 2.0)));
        assert_eq!(found.verdict, Verdict::Higher);
        assert_eq!(compare(&baseline, &shifted).verdict, Verdict::Lower);
    }

    #[test]
    fn the_sign_test_is_that_of_the_tables() {
        for (seeds, against, p) in
            [(6, 0, 0.03125), (5, 0, 0.0625), (8, 1, 0.0703125), (10, 1, 0.021484375), (4, 2, 1.0)]
        {
            assert!((least_p(seeds, against) - p).abs() < 1e-12, "{seeds} {against}");
        }
        let [exact, normal] = [1_000, 1_001].map(|seeds| least_p(seeds, 460));
        assert!((exact - normal).abs() < 2e-3, "{exact} {normal}");
    }

    #[test]
    fn an_interval_excludes_zero_exactly_if_p_is_at_most_five_percent() {
        for seeds in 6..40_usize {
            for against in 0..=seeds / 2 {
                let values: Vec<f64> =
                    (0..seeds).map(|at| if at < against { -1.0 } else { 1.0 }).collect();
                let found = compare(&values, &vec![0.0; seeds]);
                assert_eq!(found.p <= 0.05, found.verdict == Verdict::Higher, "{seeds} {against}");
                assert_eq!(found.least_p, least_p(seeds, 0));
            }
        }
        let tied = compare(&[0.0, 0.0, 1.0, 1.0, 1.0, 1.0], &[0.0; 6]);
        assert_eq!((tied.p, tied.least_p), (tied.least_p, 0.6875), "two ties, both against");
    }

    #[test]
    fn differences_around_zero_show_nothing() {
        let found = compare(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[2.0, 1.0, 4.0, 3.0, 6.0, 5.0]);
        assert_eq!(found.verdict, Verdict::NoDifferenceShown);
    }

    #[test]
    fn few_seeds_show_nothing_however_large_the_difference() {
        let found = compare(&[9.0; 5], &[1.0; 5]);
        assert_eq!((found.difference, found.interval), (8.0, None));
        assert_eq!(found.verdict, Verdict::NoDifferenceShown);
    }

    #[test]
    fn never_against_never_is_no_difference() {
        let never = f64::INFINITY;
        assert_eq!(compare(&[never; 8], &[never; 8]).verdict, Verdict::NoDifferenceShown);
        let found = compare(&[never; 8], &[5.0; 8]);
        assert_eq!((found.difference, found.verdict), (never, Verdict::Higher));
    }

    #[test]
    fn a_seed_without_a_value_on_one_side_is_left_out() {
        let found = paired(&[Some(1.0), None, Some(4.0)], &[Some(0.0), Some(0.0), None]).unwrap();
        assert_eq!((found.seeds, found.difference), (1, 1.0));
        assert_eq!(paired(&[None], &[Some(1.0)]), None);
    }
}
