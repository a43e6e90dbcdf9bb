//! Paired differences between variants.

use super::VariantResult;
use super::measure::{Better, Statistic, Unit, key};
use crate::stats::{Verdict, paired};

/// The numbers in which variants are compared, in the order in which sentences use them.
pub const COMPARED: [(&str, Statistic); 14] = [
    (key::LAG, Statistic::P99),
    (key::LAG, Statistic::P50),
    (key::AFTER_ANSWER, Statistic::P99),
    (key::WRONG, Statistic::Value),
    (key::AVAILABILITY, Statistic::Value),
    (key::USEFUL, Statistic::Value),
    (key::RIGHT_500MS, Statistic::Value),
    (key::STALE, Statistic::Value),
    (key::IN_DOUBT, Statistic::Value),
    (key::BLOCKED, Statistic::Value),
    (key::DONE, Statistic::P99),
    (key::ACCEPTED, Statistic::P99),
    (key::MESSAGES, Statistic::Value),
    (key::FORCED, Statistic::Value),
];

/// One number of one measure, compared between two variants over the same seeds.
#[derive(Clone, PartialEq, Debug)]
pub struct Pair {
    /// The measure's [`key`].
    pub measure: String,
    /// Which of its numbers.
    pub of: Statistic,
    /// What the difference counts.
    pub unit: Unit,
    /// Which direction is good.
    pub better: Better,
    /// The variant whose value is taken.
    pub variant: String,
    /// The variant whose value is subtracted.
    pub baseline: String,
    /// How many seeds have a value in both.
    pub seeds: usize,
    /// The median over seeds of `variant - baseline`; infinite where one of them is "never".
    pub difference: f64,
    /// Its 95 % bootstrap interval; `None` with too few seeds.
    pub interval: Option<(f64, f64)>,
    /// Whether that interval excludes zero, and on which side it lies.
    pub verdict: Verdict,
}

impl Pair {
    /// Two variants in one number of a measure; none if one of them has no such measure, or no seed
    /// has a number in both.
    pub fn of(
        measure: &str,
        of: Statistic,
        variant: &VariantResult,
        baseline: &VariantResult,
    ) -> Option<Self> {
        let (value, base) = (variant.measures.get(measure)?, baseline.measures.get(measure)?);
        let (values, bases) = (value.per_seed(of), base.per_seed(of));
        if values.len() != bases.len() {
            return None; // One of them is missing altogether.
        }
        let found = paired(&values, &bases)?;
        Some(Self {
            measure: measure.into(),
            of,
            unit: value.unit,
            better: value.better,
            variant: variant.name.clone(),
            baseline: baseline.name.clone(),
            seeds: found.seeds,
            difference: found.difference,
            interval: found.interval,
            verdict: found.verdict,
        })
    }

    /// The same comparison seen from the other side.
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
            (self.verdict, self.better),
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
        for (at, variant) in variants.iter().enumerate() {
            pairs.extend(
                variants[..at]
                    .iter()
                    .filter_map(|baseline| Pair::of(measure, of, variant, baseline)),
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
        let seeds: Vec<_> = seeds.iter().copied().map(Some).collect();
        let availability =
            MeasureResult::scalar("availability", Unit::Share, Better::Higher, &seeds);
        let mut variant = VariantResult { name: name.into(), ..VariantResult::default() };
        variant.measures.insert(key::AVAILABILITY.into(), availability);
        variant
    }

    #[test]
    fn pairs_read_the_same_from_both_sides() {
        let good = variant("good", &[0.9, 0.95, 0.91, 0.92, 0.9, 0.94, 0.93]);
        let bad = variant("bad", &[0.8, 0.85, 0.80, 0.83, 0.8, 0.82, 0.81]);
        let comparison = Comparison { variants: vec![good, bad], ..Comparison::default() };
        let comparison = comparison.complete();
        let of = Statistic::Value;
        let pair = comparison.pair(key::AVAILABILITY, of, "bad", "good").unwrap();
        assert!(pair.is_worse() && !pair.is_better() && pair.difference < 0.0);
        let turned = comparison.pair(key::AVAILABILITY, of, "good", "bad").unwrap();
        assert!(turned.is_better() && !turned.is_worse());
        assert_eq!(turned.turned(), pair);
        assert_eq!(comparison.pairs.len(), 1, "{:?}", comparison.pairs);
    }

    #[test]
    fn a_measure_that_one_side_lacks_is_not_compared() {
        let with = variant("with", &[0.9; 7]);
        let without = VariantResult { name: "without".into(), ..VariantResult::default() };
        let comparison = Comparison { variants: vec![with, without], ..Comparison::default() };
        assert_eq!(comparison.complete().pairs, []);
    }
}
