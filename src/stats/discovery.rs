//! Correction for multiple comparisons.
//!
//! Of a hundred comparisons without any difference, five have a 95 % interval that excludes zero.
//! Where reports select the differences that stand out among many, the expected share of false ones
//! among those selected is held to a rate by the procedure of Benjamini and Hochberg, "Controlling
//! the false discovery rate: a practical and powerful approach to multiple testing", Journal of the
//! Royal Statistical Society B 57 (1995). It holds for independent comparisons and for those that
//! depend positively (Benjamini and Yekutieli, Annals of Statistics 29, 2001), as those of one
//! variant with several others do.

use super::interval::MIN_SEEDS;
use super::paired::least_p;

/// The false discovery rate: the expected share of false ones among all differences that are
/// reported to stand out.
pub const FALSE_DISCOVERY_RATE: f64 = 0.05;

/// A family of comparisons that are corrected together, with the greatest p value that stands out.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Family {
    /// The number of comparisons.
    pub comparisons: usize,
    /// The greatest p value that stands out; zero if none does.
    pub cut: f64,
}

impl Family {
    /// The family of comparisons with these p values. The greatest p value that is at most its rank
    /// times the rate, divided by the number of comparisons, stands out, and so does every smaller
    /// one.
    pub fn of(p: impl IntoIterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = p.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let comparisons = sorted.len();
        let bound = |rank: usize| FALSE_DISCOVERY_RATE * rank as f64 / comparisons as f64;
        let last = (1..).zip(&sorted).filter(|(rank, p)| **p <= bound(*rank)).last();
        Self { comparisons, cut: last.map_or(0.0, |(_, p)| *p) }
    }

    /// Returns whether a comparison with this p value stands out.
    pub fn stands_out(&self, p: f64) -> bool {
        p <= self.cut
    }

    /// The fewest seeds with which a single difference could stand out among as many comparisons if
    /// it had the same sign in every seed and no other stood out.
    pub fn seeds_for_one(&self) -> usize {
        let bound = FALSE_DISCOVERY_RATE / self.comparisons.max(1) as f64;
        (MIN_SEEDS..).find(|seeds| least_p(*seeds, 0) <= bound).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_paper_comes_out_as_published() {
        // Benjamini and Hochberg (1995), section 4: fifteen p values, of which the first four are
        // rejected at 0.05 (the method of Bonferroni rejects three).
        let p = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262,
            0.5719, 0.6528, 0.7590, 1.0000,
        ];
        let family = Family::of(p.into_iter().rev());
        assert_eq!((family.comparisons, family.cut), (15, 0.0095));
        assert_eq!(p.iter().filter(|p| family.stands_out(**p)).count(), 4);
    }

    #[test]
    fn a_larger_one_that_meets_its_bound_takes_the_smaller_ones_with_it() {
        assert_eq!(Family::of([0.02, 0.02, 0.02]).cut, 0.02, "though 0.02 > 0.05 / 3");
        assert_eq!(Family::of([0.02, 0.9, 0.9]).cut, 0.0);
        assert!(!Family::of([]).stands_out(0.001));
    }

    #[test]
    fn the_more_are_looked_at_the_more_seeds_it_takes() {
        let seeds = |comparisons: usize| Family { comparisons, cut: 0.0 }.seeds_for_one();
        // 2 x 0.5^n <= 0.05 / comparisons.
        assert_eq!([1, 2, 10, 140].map(seeds), [6, 7, 9, 13]);
    }
}
