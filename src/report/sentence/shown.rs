//! The differences that sentences may report, corrected for multiple comparisons.

use super::{GROUPS, coupling, operations};
use crate::checks::measures::{Key, Measure};
use crate::experiment::result::{COMPARED, Comparison, Pair, Statistic, VariantResult};
use crate::report::human;
use crate::stats::{FALSE_DISCOVERY_RATE, Family, Verdict};

/// A comparison, with those of its differences that stand out among all that could have become a
/// sentence: every pair of variants in every number that sentences are about, of the whole and of
/// each operation. Pairs that are equal in so many seeds that no difference could be shown are left
/// out of the correction.
pub struct Shown<'c> {
    pub comparison: &'c Comparison,
    pub family: Family,
}

impl<'c> Shown<'c> {
    /// Finds the differences that a comparison shows.
    pub fn of(comparison: &'c Comparison) -> Self {
        let told = |measure: &&Measure| GROUPS.as_flattened().contains(measure);
        let headlines = COMPARED.into_iter().filter(|(measure, _)| told(measure));
        let keys = headlines.map(|(measure, of)| (Key::from(measure), of));
        let keys = keys.chain(operations::told(comparison)).chain(coupling::told());
        let pairs = keys.flat_map(|(key, of)| {
            let variants = comparison.variants.iter().enumerate();
            let pairs = variants.flat_map(|(at, variant)| {
                let earlier = comparison.variants[..at].iter();
                earlier.filter_map(|other| pair(comparison, &key, of, [variant, other]))
            });
            pairs.collect::<Vec<_>>()
        });
        let could = pairs.filter(|pair| pair.least_p <= FALSE_DISCOVERY_RATE);
        Self { comparison, family: Family::of(could.map(|pair| pair.p)) }
    }

    /// Returns whether a difference stands out.
    pub fn differ(&self, pair: &Pair) -> bool {
        pair.verdict != Verdict::NoDifferenceShown && self.family.stands_out(pair.p)
    }

    /// The reason why nothing stands out, with the number of seeds that would be needed, if there
    /// are too few seeds for any single difference.
    pub fn too_few_seeds(&self) -> Option<String> {
        let (seeds, needed) = (self.comparison.seeds.len(), self.family.seeds_for_one());
        (self.family.cut == 0.0 && seeds < needed).then(|| {
            format!(
                "no difference shown: among {} nothing stands out with {seeds} seeds, and a \
                 single difference can with {needed}.",
                human::some(self.family.comparisons, "comparison"),
            )
        })
    }

    /// Splits the other variants into those to which no difference is shown, or none that the
    /// printed digits show, and those to which one is.
    pub fn split(
        &self,
        variant: &VariantResult,
        key: &Key,
        of: Statistic,
    ) -> (Vec<Pair>, Vec<Pair>) {
        let others = self.comparison.variants.iter().filter(|other| other.name != variant.name);
        let pairs = others.filter_map(|other| pair(self.comparison, key, of, [variant, other]));
        let printed = |name: &str| {
            let found = self.comparison.variant(name)?.measures.get(key)?.estimate(of)?;
            Some(human::value(key.measure.unit, found.value))
        };
        let own = printed(&variant.name);
        pairs.partition(|pair| !self.differ(pair) || printed(&pair.baseline) == own)
    }
}

/// The first of two variants against the second, in one number of a measure.
fn pair(
    comparison: &Comparison,
    key: &Key,
    of: Statistic,
    [variant, other]: [&VariantResult; 2],
) -> Option<Pair> {
    let kept = comparison.pair(key, of, &variant.name, &other.name);
    kept.or_else(|| Pair::of(key, of, variant, other))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::measures::catalogue::{FORCED_WRITES_COMMITTED, MESSAGES_COMMITTED};
    use crate::experiment::result::MeasureResult;
    use crate::report::sentence::sentences;

    /// Variants that differ in one number in every seed, and in as many others by chance.
    fn variants(seeds: u64, others: usize) -> Comparison {
        let variant = |at: usize| {
            let number = |seed: u64, lift: f64| Some((seed * 7 % 5) as f64 + lift);
            let number = |lift: f64| (0..seeds).map(|seed| number(seed, lift)).collect();
            let apart = if at == 0 { 10.0 } else { 0.0 };
            let mixed = (0..seeds).map(|seed| Some(((seed + at as u64) % 2) as f64)).collect();
            let mut variant = VariantResult { name: format!("v{at}"), ..VariantResult::default() };
            variant.insert(MeasureResult::mean(MESSAGES_COMMITTED, number(apart)));
            let told = GROUPS
                .as_flattened()
                .iter()
                .filter(|it| !it.is_many() && **it != MESSAGES_COMMITTED);
            for measure in told.take(others) {
                let mixed: &Vec<Option<f64>> = &mixed;
                variant.insert(MeasureResult::mean(measure, mixed.clone()));
            }
            variant
        };
        let comparison = Comparison {
            seeds: (0..seeds).collect(),
            variants: vec![variant(0), variant(1)],
            ..Comparison::default()
        };
        comparison.paired()
    }

    #[test]
    fn one_difference_among_many_needs_more_seeds_than_one_alone() {
        let alone = variants(6, 0);
        assert_eq!(Shown::of(&alone).family.comparisons, 1);
        assert!(sentences(&alone)[0].1.contains("the most messages"), "{:?}", sentences(&alone));
        let among = variants(6, 3);
        let said = &sentences(&among)[0].1;
        let wanted = "no difference shown: among 4 comparisons nothing stands out with 6 seeds, \
                      and a single difference can with 8.";
        assert_eq!(said, wanted);
        assert!(sentences(&variants(8, 3))[0].1.contains("the most messages"));
    }

    #[test]
    fn what_could_not_be_told_is_not_counted() {
        let mut equal = variants(6, 3);
        for variant in &mut equal.variants {
            variant.insert(MeasureResult::mean(FORCED_WRITES_COMMITTED, vec![Some(1.0); 6]));
        }
        assert_eq!(Shown::of(&equal.paired()).family.comparisons, 4, "they are equal everywhere");
    }
}
