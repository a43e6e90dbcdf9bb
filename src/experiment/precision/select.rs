//! Selection of the best variant, fully sequentially: the procedure KN of Kim and Nelson, "A fully
//! sequential procedure for indifference-zone selection in simulation", ACM Transactions on
//! Modeling and Computer Simulation 11, 2001, with its constant c = 1.
//!
//! Each seed is one observation of every variant. After the first n0 of them the variances S² of
//! all paired differences are known; then, with every seed, a variant is dropped whose mean is
//! below that of another one by more than
//!
//! ```text
//! W(r) = max(0, d / 2r (h² S² / d² - r)),   h² = (n0 - 1) ((2 a / (k - 1))^(-2 / (n0 - 1)) - 1)
//! ```
//!
//! where r is the number of seeds, d the difference that matters, k the number of variants and
//! 1 - a the confidence. Who is left is selected. Common random numbers are allowed, and help: only
//! the variances of differences count. If numbers of seeds are normal, the best one is selected
//! with probability 1 - a at least if it is better than all others by d; if it is not, the selected
//! one is within d of it in practice with that probability, too (Eckman and Henderson, "Guarantees
//! on the probability of good selection", Winter Simulation Conference 2018, say when that is
//! proven).

use super::Worth;
use crate::checks::measures::Better;
use crate::experiment::result::Comparison;
use crate::model::reason::Reason;
use crate::stats::{mean, mean_interval};

/// The variant that was selected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Selected {
    /// Its position.
    pub best: usize,
    /// The number of seeds that it took.
    pub seeds: usize,
}

/// Another variant beside the one that was selected.
#[derive(Clone, PartialEq, Debug)]
pub struct Other {
    /// Its name.
    pub name: String,
    /// Its mean minus that of the selected one.
    pub difference: f64,
    /// The 95 % interval of that; none with too few seeds.
    pub interval: Option<(f64, f64)>,
    /// True if that interval lies within the difference that matters.
    pub is_equal: bool,
}

/// The square of h.
pub fn h2(first: usize, systems: usize, alpha: f64) -> f64 {
    let free = first as f64 - 1.0;
    free * (libm::pow(2.0 * alpha / (systems as f64 - 1.0), -2.0 / free) - 1.0)
}

/// Selects the greatest of several systems by their numbers seed by seed, the first `first` of
/// which tell variances; none if these are too few.
pub fn select(systems: &[Vec<f64>], difference: f64, alpha: f64, first: usize) -> Option<Selected> {
    let seeds = systems.iter().map(Vec::len).min().filter(|seeds| *seeds >= first)?;
    let bounds = bounds(systems, difference, alpha, first);
    let mut left: Vec<usize> = (0..systems.len()).collect();
    let mut sums: Vec<f64> = systems.iter().map(|it| it[..first - 1].iter().sum()).collect();
    for number in first..=seeds {
        systems.iter().zip(&mut sums).for_each(|(system, sum)| *sum += system[number - 1]);
        let r = number as f64;
        let beats = |other: usize, own: usize| {
            let reach = (difference / (2.0 * r) * (bounds[own][other] - r)).max(0.0);
            sums[own] / r < sums[other] / r - reach
        };
        let before = left.clone();
        left.retain(|own| !before.iter().any(|other| beats(*other, *own)));
        // Beyond the longest boundary only equal means are left.
        let is_over = left.iter().flat_map(|own| left.iter().map(|it| bounds[*own][*it]));
        if left.len() == 1 || is_over.fold(0.0, f64::max) < r {
            return Some(Selected { best: left[0], seeds: number });
        }
    }
    None
}

/// How many seeds each pair may take: h² S² / d².
fn bounds(systems: &[Vec<f64>], difference: f64, alpha: f64, first: usize) -> Vec<Vec<f64>> {
    let scale = h2(first, systems.len(), alpha) / (difference * difference);
    let variance = |one: &[f64], other: &[f64]| {
        let apart: Vec<f64> = one.iter().zip(other).take(first).map(|(a, b)| a - b).collect();
        let mean = apart.iter().sum::<f64>() / first as f64;
        let squares: f64 = apart.iter().map(|it| (it - mean) * (it - mean)).sum();
        squares / (first as f64 - 1.0)
    };
    let row = |one: &Vec<f64>| systems.iter().map(|it| scale * variance(one, it)).collect();
    systems.iter().map(row).collect()
}

impl Worth {
    /// The numbers of all variants, seed by seed, turned so that more is better.
    ///
    /// # Errors
    /// If a variant has no number in a seed, or one that is infinite.
    fn numbers(&self, comparison: &Comparison) -> Result<Vec<Vec<f64>>, Reason> {
        let sign = match self.figure.key.measure.better {
            Better::Higher => 1.0,
            Better::Lower => -1.0,
            Better::Neither => {
                return Err(format!("no value of `{}` is better", self.figure).into());
            }
        };
        let of = |variant: &crate::experiment::result::VariantResult| {
            let numbers = self.figure.per_seed(variant).into_iter();
            let finite = numbers.map(|it| it.filter(|it| it.is_finite()).map(|it| sign * it));
            let all: Option<Vec<f64>> = finite.collect();
            all.filter(|it| !it.is_empty()).ok_or_else(|| {
                Reason::from(format!(
                    "`{}` has no finite `{}` in some seed",
                    variant.name, self.figure
                ))
            })
        };
        comparison.variants.iter().map(of).collect()
    }

    /// The variant that is selected; none if these seeds are too few.
    ///
    /// # Errors
    /// If there is nothing to select by, in words.
    pub fn selection(
        &self,
        comparison: &Comparison,
        first: usize,
    ) -> Result<Option<Selected>, Reason> {
        let numbers = self.numbers(comparison)?;
        if numbers.len() < 2 {
            return Err("to select the best takes two variants".into());
        }
        Ok(select(&numbers, self.difference, 1.0 - self.confidence, first))
    }

    /// The most seeds that it can take, by the variances of the first ones.
    pub fn most(&self, comparison: &Comparison, first: usize) -> Option<usize> {
        let numbers = self.numbers(comparison).ok()?;
        let bounds = bounds(&numbers, self.difference, 1.0 - self.confidence, first);
        let most = bounds.iter().flatten().copied().fold(first as f64, f64::max);
        Some(libm::ceil(most) as usize + 1)
    }

    /// The other variants beside the one at this position.
    ///
    /// # Errors
    /// If they cannot be compared, in words.
    pub fn others(&self, comparison: &Comparison, best: usize) -> Result<Vec<Other>, Reason> {
        let numbers = self.numbers(comparison)?;
        let sign = if self.figure.key.measure.better == Better::Lower { -1.0 } else { 1.0 };
        let other = |at: usize| {
            let apart: Vec<f64> = numbers[at]
                .iter()
                .zip(&numbers[best])
                .map(|(it, best)| sign * (it - best))
                .collect();
            let interval = mean_interval(&apart);
            let within = |(low, high): (f64, f64)| -low < self.difference && high < self.difference;
            Other {
                name: comparison.variants[at].name.clone(),
                difference: mean(&apart).unwrap_or_default(),
                interval,
                is_equal: interval.is_some_and(within),
            }
        };
        Ok((0..numbers.len()).filter(|at| *at != best).map(other).collect())
    }
}
