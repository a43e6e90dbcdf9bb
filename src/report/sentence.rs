//! The differences that stand out, in sentences.
//!
//! A sentence uses only paired differences whose 95 % interval excludes zero. A variant stands out
//! in a measure if it is shown to be better, or worse, than every other variant that has it.

mod coupling;
mod operations;

use super::human;
use crate::checks::measures::catalogue::*;
use crate::checks::measures::{Key, Measure};
use crate::experiment::result::{COMPARED, Comparison, Pair, Statistic, VariantResult};
use crate::stats::{MIN_SEEDS, Verdict};

/// The measures that sentences tell. Of each group, a sentence praises one at most and blames one
/// at most.
const GROUPS: [[&Measure; 2]; 6] = [
    [LAG, AFTER_ANSWER],
    [WRONG, STALE],
    [COMPARED_AVAILABILITY, USEFUL],
    [IN_DOUBT, BLOCKED],
    [DONE, ACCEPTED],
    [MESSAGES, FORCED_WRITES],
];

/// How often a sentence praises, and how often it blames.
const MOST: usize = 2;

/// One sentence a variant, in the order of the variants, then those about single operations, and
/// those about who depends on whom, as (name, the rest of the sentence).
pub fn sentences(comparison: &Comparison) -> Vec<(String, String)> {
    let text = |variant: &VariantResult| {
        if comparison.variants.len() < 2 {
            return "has nothing to be compared with.".to_string();
        }
        if comparison.seeds.len() < MIN_SEEDS {
            return format!("no difference shown: fewer than {MIN_SEEDS} seeds give no interval.");
        }
        sentence(comparison, variant)
    };
    let variants = comparison.variants.iter().map(|it| (it.name.clone(), text(it)));
    let operations = operations::sentences(comparison);
    variants.chain(operations).chain(coupling::sentences(comparison)).collect()
}

/// Where the data do not support any difference, a line a number: `availability: b against a`.
/// Pairs that are equal in every resample are not worth a word.
pub fn not_shown(comparison: &Comparison) -> Vec<String> {
    let mut lines = Vec::new();
    for (measure, of) in COMPARED {
        let key = Key::from(measure);
        let all: Vec<&Pair> =
            comparison.pairs.iter().filter(|pair| pair.key == key && pair.of == of).collect();
        let open: Vec<&&Pair> = all
            .iter()
            .filter(|pair| pair.verdict == Verdict::NoDifferenceShown)
            .filter(|pair| pair.interval != Some((0.0, 0.0)))
            .collect();
        if open.is_empty() {
            continue;
        }
        let whom = match open.len() {
            n if n == all.len() && n > 1 => "any two variants".into(),
            n if n > 3 => format!("{n} of {} pairs", all.len()),
            _ => human::list(
                &open
                    .iter()
                    .map(|pair| format!("{} against {}", pair.variant, pair.baseline))
                    .collect::<Vec<_>>(),
            ),
        };
        lines.push(format!("{}: {whom}", title(&key, of)));
    }
    lines
}

/// A measure's name with the quantile, where it is one.
pub fn title(key: &Key, of: Statistic) -> String {
    match of {
        Statistic::Value => key.title(),
        of => format!("{} {}", key.title(), of.name()),
    }
}

fn sentence(comparison: &Comparison, variant: &VariantResult) -> String {
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for group in GROUPS {
        let found: Vec<(bool, String)> = group
            .iter()
            .filter_map(|measure| {
                let (is_best, numbers) = first_standing(comparison, variant, measure)?;
                let [best, worst] = measure.told;
                Some((is_best, format!("{} ({numbers})", if is_best { best } else { worst })))
            })
            .collect();
        good.extend(found.iter().find(|(is_best, _)| *is_best).map(|(_, text)| text.clone()));
        bad.extend(found.iter().find(|(is_best, _)| !*is_best).map(|(_, text)| text.clone()));
    }
    good.truncate(MOST);
    bad.truncate(MOST);
    match (good.is_empty(), bad.is_empty()) {
        (false, true) => format!("has {}.", human::list(&good)),
        (true, false) => format!("has {}.", human::list(&bad)),
        (false, false) => format!("has {}, but {}.", human::list(&good), human::list(&bad)),
        (true, true) => in_the_middle(comparison, variant),
    }
}

/// Returns whether a variant is shown to be the best (true) or the worst (false) in a measure, and
/// the numbers; of a distribution's quantiles the first that shows it counts.
fn first_standing(
    comparison: &Comparison,
    variant: &VariantResult,
    measure: &'static Measure,
) -> Option<(bool, String)> {
    let quantiles = COMPARED.iter().filter(|(compared, _)| *compared == measure);
    quantiles.map(|(_, of)| *of).find_map(|of| standing(comparison, variant, &measure.into(), of))
}

/// The same for one number of the measure.
fn standing(
    comparison: &Comparison,
    variant: &VariantResult,
    key: &Key,
    of: Statistic,
) -> Option<(bool, String)> {
    let pairs = pairs(comparison, variant, key, of);
    let numbers = || numbers(comparison, variant, key, of);
    if pairs.is_empty() {
        None
    } else if pairs.iter().all(Pair::is_better) {
        Some((true, numbers()))
    } else if pairs.iter().all(Pair::is_worse) {
        Some((false, numbers()))
    } else {
        None
    }
}

fn pairs(comparison: &Comparison, variant: &VariantResult, key: &Key, of: Statistic) -> Vec<Pair> {
    let others = comparison.variants.iter().filter(|other| other.name != variant.name);
    let pair = |other: &VariantResult| {
        let kept = comparison.pair(key, of, &variant.name, &other.name);
        kept.or_else(|| Pair::of(key, of, variant, other))
    };
    others.filter_map(pair).collect()
}

/// `p99 3.1 ms; next orchestrated with 41 ms`, or `p99 3.1 ms; all others 0 s`.
fn numbers(comparison: &Comparison, variant: &VariantResult, key: &Key, of: Statistic) -> String {
    let number = |variant: &VariantResult| Some(variant.measures.get(key)?.estimate(of)?.value);
    let unit = key.measure.unit;
    let Some(own) = number(variant) else { return String::new() };
    let others = comparison.variants.iter().filter(|other| other.name != variant.name);
    let mut others: Vec<(&str, f64)> =
        others.filter_map(|other| Some((&*other.name, number(other)?))).collect();
    others.sort_by(|(_, a), (_, b)| distance(*a, own).total_cmp(&distance(*b, own)));
    let quantile = if of == Statistic::Value { String::new() } else { format!("{} ", of.name()) };
    let compared = match others.as_slice() {
        [] => String::new(),
        [(_, value), rest @ ..] if !rest.is_empty() && rest.iter().all(|(_, v)| v == value) => {
            format!("; all others {}", human::value(unit, *value))
        }
        [(name, value), ..] => format!("; next {name} with {}", human::value(unit, *value)),
    };
    format!("{quantile}{}{compared}", human::value(unit, own))
}

/// How far `value` is from a variant's `own` one; from infinity, the largest is the nearest.
fn distance(value: f64, own: f64) -> f64 {
    match (value == own, own.is_infinite()) {
        (true, _) => f64::NEG_INFINITY,
        (false, true) => -value,
        (false, false) => (value - own).abs(),
    }
}

/// For a variant that is neither best nor worst in anything: where its lag stands.
fn in_the_middle(comparison: &Comparison, variant: &VariantResult) -> String {
    let pairs = pairs(comparison, variant, &LAG.into(), Statistic::P99);
    let names = |of: fn(&Pair) -> bool| {
        let found = pairs.iter().filter(|pair| of(pair));
        found.map(|pair| pair.baseline.clone()).collect::<Vec<_>>()
    };
    let (below, above) = (names(Pair::is_better), names(Pair::is_worse));
    let lag = match (below.is_empty(), above.is_empty()) {
        (true, true) => return "no difference shown that sets it apart.".into(),
        (false, true) => format!("shorter than that of {}", human::list(&below)),
        (true, false) => format!("longer than that of {}", human::list(&above)),
        (false, false) => format!(
            "shorter than that of {} and longer than that of {}",
            human::list(&below),
            human::list(&above)
        ),
    };
    format!("is best or worst in nothing; its p99 lag is {lag}.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::comparison;

    #[test]
    fn sentences_say_only_what_the_differences_show() {
        let said = sentences(&comparison::comparison(10));
        let of = |name: &str| &said.iter().find(|(variant, _)| variant == name).unwrap().1;
        assert!(of("two-phase-commit").contains("has the shortest consistency lag (p99 "));
        assert!(of("two-phase-commit").contains("but the lowest availability"));
        assert!(!of("events-polling").contains("availability"), "sync-30s has the same");
        insta::assert_snapshot!(
            said.iter().map(|(name, text)| format!("{name} {text}\n")).collect::<String>()
        );
    }

    #[test]
    fn next_to_never_is_the_largest() {
        let never = f64::INFINITY;
        let mut values = [6.0, 35.0, never, 1.0];
        values.sort_by(|a, b| distance(*a, never).total_cmp(&distance(*b, never)));
        assert_eq!(values, [never, 35.0, 6.0, 1.0]);
    }

    #[test]
    fn what_is_not_shown_is_said() {
        let lines = not_shown(&comparison::comparison(10));
        let stale = "stale reads: orchestrated against two-phase-commit";
        assert!(lines.iter().any(|line| line == stale), "{lines:?}");
        assert!(!lines.iter().any(|line| line.starts_with("consistency lag")), "{lines:?}");
    }

    #[test]
    fn few_seeds_or_variants_show_nothing() {
        let few = comparison::comparison(3);
        let said = sentences(&few);
        let (variants, layouts) = said.split_at(few.variants.len());
        for (_, text) in variants {
            assert!(text.starts_with("no difference shown"), "{text}");
        }
        let leads: Vec<&str> = layouts.iter().map(|(lead, _)| &**lead).collect();
        assert_eq!(leads, ["Must be up for a yes, at most:"], "a layout needs no seeds");
        let mut alone = comparison::comparison(10);
        alone.variants.truncate(1);
        alone = alone.paired();
        assert_eq!(sentences(&alone)[0].1, "has nothing to be compared with.");
    }
}
