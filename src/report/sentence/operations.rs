//! The sentences about single operations that differ from the headline numbers.

use super::shown::Shown;
use super::{Standing, standing};
use crate::checks::measures::catalogue::*;
use crate::checks::measures::{Key, Measure, Scope};
use crate::experiment::result::{Comparison, OperationFacts, Statistic};
use crate::report::human;

/// The numbers of an operation that sentences are about, with their words, the most important
/// first.
const ASKED: [(&Measure, Statistic, [&str; 2]); 9] = [
    (COMMITTED, Statistic::Value, ["commits most", "commits least"]),
    (AVAILABILITY, Statistic::Value, ["is most available", "is least available"]),
    (LAG, Statistic::P99, ["lags least", "lags most"]),
    (DONE, Statistic::P99, ["is done soonest", "is done latest"]),
    (WRONG, Statistic::Value, ["has the fewest wrong outcomes", "has the most wrong outcomes"]),
    (LOST_UPDATES, Statistic::Value, ["loses the fewest updates", "loses the most updates"]),
    (VIOLATION, Statistic::Value, ["violates invariants least", "violates invariants most"]),
    (BLOCKED, Statistic::Value, ["is blocked least", "is blocked most"]),
    (STALE, Statistic::Value, ["has the fewest stale reads", "has the most stale reads"]),
];

/// The most operations that get a sentence.
const MOST_OPERATIONS: usize = 6;

/// The most clauses of a sentence.
const MOST: usize = 2;

/// A sentence for each operation in which variants stand out that do not stand out in the headline
/// numbers, as (name, the rest of the sentence).
pub fn sentences(shown: &Shown<'_>) -> Vec<(String, String)> {
    let all = told_apart(shown.comparison);
    let said = all.iter().filter_map(|it| Some((it.name.clone(), sentence(shown, it)?)));
    said.take(MOST_OPERATIONS).collect()
}

/// The numbers of operations that sentences are about.
pub fn told(comparison: &Comparison) -> impl Iterator<Item = (Key, Statistic)> {
    told_apart(comparison).iter().flat_map(|facts| {
        ASKED.iter().map(|(measure, of, _)| (measure.of_operation(&facts.name), *of))
    })
}

/// The operations, if there are several; a single one is what the headline numbers are about.
fn told_apart(comparison: &Comparison) -> &[OperationFacts] {
    if comparison.operations.len() < 2 { &[] } else { &comparison.operations }
}

fn sentence(shown: &Shown<'_>, facts: &OperationFacts) -> Option<String> {
    let scope = Scope::Operation(facts.name.as_str().into());
    let mut told = Vec::new();
    for (measure, of, [best, worst]) in ASKED {
        let (own, headline) = (measure.of(&scope), measure.into());
        for (words, wanted) in [(best, true), (worst, false)] {
            told.extend(shown.comparison.variants.iter().find_map(|variant| {
                let stands =
                    |key| standing(shown, variant, key, of).filter(|it| it.is_best == wanted);
                let Standing { sharing, numbers, .. } = stands(&own)?;
                let names: Vec<_> = [variant.name.clone()].into_iter().chain(sharing).collect();
                let news = stands(&headline).is_none();
                news.then(|| format!("{words} under {} ({numbers})", human::list(&names)))
            }));
        }
    }
    told.truncate(MOST);
    (!told.is_empty()).then(|| format!("{}.", human::list(&told)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::result::MeasureResult;
    use crate::tests::comparison;

    /// An operation that commits with these shares under the variants, and the others.
    fn with(shares: [f64; 5]) -> Comparison {
        let mut comparison = comparison::comparison(10);
        let facts = |name: &str| OperationFacts { name: name.into(), ..Default::default() };
        comparison.operations = vec![facts("close"), facts("open")];
        for (variant, share) in comparison.variants.iter_mut().zip(shares) {
            let seeds = (0..10).map(|seed| Some(share + f64::from(seed) / 1_000.0)).collect();
            let committed = MeasureResult::mean(COMMITTED, seeds);
            variant.measures.insert(COMMITTED.of_operation("close"), committed);
        }
        comparison
    }

    #[test]
    fn an_operation_whose_best_and_worst_are_not_those_of_the_headline_has_a_sentence() {
        let comparison = with([0.34, 0.9, 0.8, 0.95, 0.7]);
        let said = sentences(&Shown::of(&comparison));
        assert_eq!(said.len(), 1, "nothing is known of the other");
        assert_eq!(said[0].0, "close");
        let text = &said[0].1;
        assert!(
            text.starts_with("commits most under events-polling (95.4 %; next sync-30s"),
            "{text}"
        );
        assert!(text.contains("commits least under two-phase-commit (34.5 %; next"), "{text}");
    }

    #[test]
    fn where_nothing_is_shown_or_the_headline_says_it_nothing_is_said() {
        assert_eq!(sentences(&Shown::of(&with([0.5; 5]))), []);
        let mut same = with([0.34, 0.9, 0.8, 0.95, 0.7]);
        for variant in &mut same.variants {
            let own = variant.measures[&COMMITTED.of_operation("close")].clone();
            variant.insert(own);
        }
        assert_eq!(sentences(&Shown::of(&same)), []);
        let mut alone = with([0.34, 0.9, 0.8, 0.95, 0.7]);
        alone.operations.truncate(1);
        assert_eq!(sentences(&Shown::of(&alone)), []);
    }
}
