//! Paired differences between variants.

use super::VariantResult;
use super::measure::Statistic;
use crate::checks::measures::catalogue::*;
use crate::checks::measures::{Better, Key, Measure};
use crate::stats::{Verdict, paired};

/// The numbers in which variants are compared, in the order of sentences.
pub const COMPARED: [(&Measure, Statistic); 14] = [
    (LAG, Statistic::P99),
    (LAG, Statistic::P50),
    (AFTER_ANSWER, Statistic::P99),
    (WRONG, Statistic::Value),
    (COMPARED_AVAILABILITY, Statistic::Value),
    (USEFUL, Statistic::Value),
    (RIGHT_500MS, Statistic::Value),
    (STALE, Statistic::Value),
    (IN_DOUBT, Statistic::Value),
    (BLOCKED, Statistic::Value),
    (DONE, Statistic::P99),
    (ACCEPTED, Statistic::P99),
    (MESSAGES_COMMITTED, Statistic::Value),
    (FORCED_WRITES_COMMITTED, Statistic::Value),
];

/// One number of one measure, compared between two variants over the same seeds.
#[derive(Clone, PartialEq, Debug)]
pub struct Pair {
    /// The measure.
    pub key: Key,
    /// The statistic of the measure.
    pub of: Statistic,
    /// The variant whose value is taken.
    pub variant: String,
    /// The variant whose value is subtracted.
    pub baseline: String,
    /// The number of seeds with a value in both.
    pub seeds: usize,
    /// The median over seeds of `variant - baseline`; infinite if one of them is "never".
    pub difference: f64,
    /// Its 95 % interval; `None` with too few seeds.
    pub interval: Option<(f64, f64)>,
    /// The verdict: whether that interval excludes zero, and on which side it lies.
    pub verdict: Verdict,
    /// The two-sided p value of the sign test that goes with the interval.
    pub p: f64,
    /// The least value that `p` could have with as many seeds in which the two differ.
    pub least_p: f64,
}

impl Pair {
    /// The comparison of two variants in one number of a measure; none if one of them has no such
    /// measure, or no seed has a number in both.
    pub fn of(
        key: &Key,
        of: Statistic,
        variant: &VariantResult,
        baseline: &VariantResult,
    ) -> Option<Self> {
        let (value, base) = (variant.measures.get(key)?, baseline.measures.get(key)?);
        let (values, bases) = (value.per_seed(of), base.per_seed(of));
        if values.len() != bases.len() {
            return None; // One of them is missing altogether.
        }
        Self::between(key.clone(), of, (&variant.name, &values), (&baseline.name, &bases))
    }

    /// The comparison of one number of a measure on two sides, each with its name and its value in
    /// every seed; none if no seed has a value on both.
    pub fn between(
        key: Key,
        of: Statistic,
        (variant, values): (&str, &[Option<f64>]),
        (baseline, bases): (&str, &[Option<f64>]),
    ) -> Option<Self> {
        let found = paired(values, bases)?;
        Some(Self {
            key,
            of,
            variant: variant.into(),
            baseline: baseline.into(),
            seeds: found.seeds,
            difference: found.difference,
            interval: found.interval,
            verdict: found.verdict,
            p: found.p,
            least_p: found.least_p,
        })
    }

    /// This comparison from the other side.
    #[must_use]
    pub fn turned(&self) -> Self {
        let turned = |value: f64| if value == 0.0 { 0.0 } else { -value };
        Self {
            variant: self.baseline.clone(),
            baseline: self.variant.clone(),
            difference: turned(self.difference),
            interval: self.interval.map(|(low, high)| (turned(high), turned(low))),
            verdict: match self.verdict {
                Verdict::Higher => Verdict::Lower,
                Verdict::Lower => Verdict::Higher,
                Verdict::NoDifferenceShown => Verdict::NoDifferenceShown,
            },
            ..self.clone()
        }
    }

    /// Returns whether `variant` is shown to be better than `baseline`.
    pub fn is_better(&self) -> bool {
        matches!(
            (self.verdict, self.key.measure.better),
            (Verdict::Lower, Better::Lower) | (Verdict::Higher, Better::Higher)
        )
    }

    /// Returns whether `variant` is shown to be worse than `baseline`.
    pub fn is_worse(&self) -> bool {
        self.turned().is_better()
    }
}

/// Every variant against every earlier one, in every compared number that both have.
pub(super) fn all(variants: &[VariantResult]) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for (measure, of) in COMPARED {
        let key = measure.into();
        for (at, variant) in variants.iter().enumerate() {
            pairs.extend(
                variants[..at].iter().filter_map(|baseline| Pair::of(&key, of, variant, baseline)),
            );
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::super::{Comparison, MeasureResult};
    use super::*;

    fn variant(name: &str, seeds: &[f64]) -> VariantResult {
        let seeds = seeds.iter().copied().map(Some).collect();
        let mut variant = VariantResult { name: name.into(), ..VariantResult::default() };
        variant.insert(MeasureResult::mean(COMPARED_AVAILABILITY, seeds));
        variant
    }

    #[test]
    fn pairs_read_the_same_from_both_sides() {
        let good = variant("good", &[0.9, 0.95, 0.91, 0.92, 0.9, 0.94, 0.93]);
        let bad = variant("bad", &[0.8, 0.85, 0.80, 0.83, 0.8, 0.82, 0.81]);
        let comparison = Comparison { variants: vec![good, bad], ..Comparison::default() };
        let comparison = comparison.paired();
        let of = Statistic::Value;
        let pair = comparison.pair(&COMPARED_AVAILABILITY.into(), of, "bad", "good").unwrap();
        assert!(pair.is_worse() && !pair.is_better() && pair.difference < 0.0);
        let turned = comparison.pair(&COMPARED_AVAILABILITY.into(), of, "good", "bad").unwrap();
        assert!(turned.is_better() && !turned.is_worse());
        assert_eq!(turned.turned(), pair);
        assert_eq!(comparison.pairs.len(), 1, "{:?}", comparison.pairs);
    }

    #[test]
    fn a_measure_that_one_side_lacks_is_not_compared() {
        let with = variant("with", &[0.9; 7]);
        let without = VariantResult { name: "without".into(), ..VariantResult::default() };
        let comparison = Comparison { variants: vec![with, without], ..Comparison::default() };
        assert_eq!(comparison.paired().pairs, []);
    }
}
