//! Precision: how many seeds a comparison needs.
//!
//! A [`Rule`] says after each seed whether there are enough. It looks at the numbers of the seeds
//! in their order and at nothing else, so that the answer depends neither on threads nor on how
//! many seeds are run at once. It never asks whether a difference is shown: who stops as soon as
//! something is significant finds something significant.
//!
//! * [`Wanted::Until`]: every interval reaches at most so far to each side, relative to its number,
//!   and has done so for [`LOOK_AHEAD`] further seeds. Who stops at the first narrow interval stops
//!   more often where it happens to be too narrow; the look-ahead, and [`FIRST`] seeds at least,
//!   keep most of the coverage (`cargo run --release --example coverage` measures it). After Chow
//!   and Robbins, "On the asymptotic theory of fixed-width sequential confidence intervals for the
//!   mean", Annals of Mathematical Statistics 36, 1965; the look-ahead after Hoad, Robinson and
//!   Davies, "Automated selection of the number of replications", Journal of the Operational
//!   Research Society 61, 2010, who take five as well.
//! * [`Wanted::Worth`]: the best variant is selected as [`select`] says.

pub mod select;
#[cfg(test)]
mod tests;

use std::ops::RangeInclusive;

use super::result::{Comparison, Figure};
use crate::model::reason::Reason;
use crate::stats::{mean, mean_interval, median, median_interval};

/// The least number of seeds that a rule looks at, unless more are asked for.
pub const FIRST: usize = 10;

/// For so many further seeds intervals have to stay as narrow.
pub const LOOK_AHEAD: usize = 5;

/// A rule that says when there are enough seeds.
#[derive(Clone, PartialEq, Debug)]
pub struct Rule {
    /// So many seeds are run in any case, [`FIRST`] at least; variances and estimates go by them.
    pub first: usize,
    /// The aim of more seeds.
    pub wanted: Wanted,
}

/// The aim of more seeds.
#[derive(Clone, PartialEq, Debug)]
pub enum Wanted {
    /// Intervals are narrow enough.
    Until(Vec<Target>),
    /// The best variant is known, up to a difference that does not matter.
    Worth(Worth),
}

/// How far intervals of a figure may reach to each side.
#[derive(Clone, PartialEq, Debug)]
pub struct Target {
    /// The figure.
    pub figure: Figure,
    /// How far, relative to the number itself.
    pub width: f64,
}

/// A difference that matters.
#[derive(Clone, PartialEq, Debug)]
pub struct Worth {
    /// The figure.
    pub figure: Figure,
    /// The least difference that matters, in the unit of the figure.
    pub difference: f64,
    /// The probability with which the selected variant is the best, or no more than that from it.
    pub confidence: f64,
}

/// An interval that is not as narrow as it should be.
#[derive(Clone, PartialEq, Debug)]
pub struct Wide {
    /// The figure.
    pub figure: Figure,
    /// The variant.
    pub variant: String,
    /// How far it reaches to each side, relative to the number; infinite if it has no end.
    pub reach: f64,
    /// How far it may reach.
    pub width: f64,
}

impl Wide {
    /// How many seeds it would take, if an interval shrinks as the root of their number grows: none
    /// if that has no end.
    pub fn needed(&self, seeds: usize) -> Option<usize> {
        let times = self.reach / self.width;
        times.is_finite().then(|| libm::ceil(seeds as f64 * times * times) as usize)
    }
}

impl Rule {
    /// The first number of seeds at which there are enough; none if these are not.
    ///
    /// # Errors
    /// Why the rule cannot be applied, in words.
    pub fn enough(&self, comparison: &Comparison) -> Result<Option<usize>, Reason> {
        match &self.wanted {
            Wanted::Until(targets) => Ok(narrow(comparison, targets, self.first)),
            Wanted::Worth(worth) => {
                Ok(worth.selection(comparison, self.first)?.map(|found| found.seeds))
            }
        }
    }

    /// An estimate of how many seeds will be enough, from those that were run; none if none is
    /// in sight.
    pub fn estimate(&self, comparison: &Comparison) -> Option<usize> {
        let seeds = comparison.seeds.len();
        match &self.wanted {
            Wanted::Until(targets) => {
                let wide = wide(comparison, targets, seeds);
                let needed: Option<Vec<usize>> = wide.iter().map(|it| it.needed(seeds)).collect();
                Some(needed?.into_iter().max().unwrap_or(seeds) + LOOK_AHEAD)
            }
            Wanted::Worth(worth) => worth.most(comparison, self.first),
        }
    }
}

/// The intervals over the first so many seeds that are wider than they should be, the widest
/// first. A number that is zero in every seed has none.
pub fn wide(comparison: &Comparison, targets: &[Target], seeds: usize) -> Vec<Wide> {
    let mut wide = Vec::new();
    for Target { figure, width } in targets {
        for variant in &comparison.variants {
            let numbers = figure.per_seed(variant);
            let known: Vec<f64> = numbers.iter().take(seeds).flatten().copied().collect();
            let reach = reach(&known, figure.key.measure.is_many());
            if let Some(reach) = reach.filter(|reach| reach > width) {
                let (figure, variant) = (figure.clone(), variant.name.clone());
                wide.push(Wide { figure, variant, reach, width: *width });
            }
        }
    }
    wide.sort_by(|one, other| (other.reach / other.width).total_cmp(&(one.reach / one.width)));
    wide
}

/// How far the interval of these numbers reaches to each side, relative to their mean, or to their
/// median where that is what is shown; none without a number that is not zero.
fn reach(numbers: &[f64], by_median: bool) -> Option<f64> {
    if numbers.iter().all(|number| *number == 0.0) {
        return None;
    }
    let (number, interval) = match by_median {
        true => (median(numbers)?, median_interval(numbers, f64::total_cmp)),
        false => (mean(numbers)?, mean_interval(numbers)),
    };
    Some(match interval {
        Some((low, high)) if low == high => 0.0,
        Some((low, high)) if number != 0.0 => (high - low) / 2.0 / number.abs(),
        _ => f64::INFINITY,
    })
}

/// The first number of seeds at which all intervals have been narrow for the look-ahead.
fn narrow(comparison: &Comparison, targets: &[Target], first: usize) -> Option<usize> {
    let is_narrow = |seeds: usize| wide(comparison, targets, seeds).is_empty();
    stays(first..=comparison.seeds.len(), is_narrow)
}

/// The first number of seeds at which an interval of the mean of these numbers has reached at most
/// so far to each side for the look-ahead.
#[cfg(any(test, feature = "internals"))]
pub fn narrow_mean(numbers: &[f64], width: f64, first: usize) -> Option<usize> {
    let is_narrow = |seeds: usize| reach(&numbers[..seeds], false).is_some_and(|it| it <= width);
    stays(first..=numbers.len(), is_narrow)
}

/// The first of these numbers of seeds at which something has been so for the look-ahead.
fn stays(seeds: RangeInclusive<usize>, is: impl Fn(usize) -> bool) -> Option<usize> {
    let mut since = None;
    for seeds in seeds {
        if !is(seeds) {
            since = None;
        } else if *since.get_or_insert(seeds) + LOOK_AHEAD == seeds {
            return Some(seeds);
        }
    }
    None
}
