//! The differences that stand out, in sentences.
//!
//! A sentence uses only paired differences that are shown, corrected for multiple comparisons: see
//! [`Shown`]. A variant stands out in a measure if it is shown to be better, or worse, than every
//! other variant that has a value; variants among which no difference is shown stand out together.

mod coupling;
mod operations;
pub mod shown;

use super::view::mark;
use super::{faults, human};
use crate::checks::measures::catalogue::*;
use crate::checks::measures::{Key, Measure};
use crate::experiment::result::{
    COMPARED, Comparison, Figure, MeasureResult, Pair, Statistic, VariantResult,
};
use crate::stats::MIN_SEEDS;
use shown::Shown;

/// The measures that sentences are about. A sentence names at most one of each group as an
/// advantage and one as a disadvantage.
pub(super) const GROUPS: [[&Measure; 2]; 6] = [
    [LAG, AFTER_ANSWER],
    [WRONG, STALE],
    [COMPARED_AVAILABILITY, USEFUL],
    [IN_DOUBT, BLOCKED],
    [DONE, ACCEPTED],
    [MESSAGES_COMMITTED, FORCED_WRITES_COMMITTED],
];

/// The most advantages, and the most disadvantages, of a sentence.
const MOST: usize = 2;

/// A sentence for each variant, in the order of the variants, then those about faults without
/// recovery, about single operations, and about coupling, as (name, the rest of the sentence).
pub fn sentences(comparison: &Comparison) -> Vec<(String, String)> {
    let shown = &Shown::of(comparison);
    let text = |variant: &VariantResult| {
        if comparison.variants.len() < 2 {
            return "has nothing to be compared with.".to_string();
        }
        if comparison.seeds.len() < MIN_SEEDS {
            return format!("no difference shown: fewer than {MIN_SEEDS} seeds give no interval.");
        }
        shown.too_few_seeds().unwrap_or_else(|| sentence(shown, variant))
    };
    let variants = comparison.variants.iter().map(|it| (it.name.clone(), text(it)));
    let faults = faults::sentences(comparison);
    let operations = operations::sentences(shown);
    let coupling = coupling::sentences(shown);
    variants.chain(faults).chain(operations).chain(coupling).collect()
}

/// The differences that the sentences about variants state: who is the best or the worst in a
/// number, against the nearest of those that it is told apart from. Each pair of variants is there
/// once in a number.
pub fn stated(comparison: &Comparison) -> Vec<Pair> {
    let shown = &Shown::of(comparison);
    let mut stated: Vec<Pair> = Vec::new();
    if comparison.seeds.len() < MIN_SEEDS || shown.too_few_seeds().is_some() {
        return stated;
    }
    for variant in &comparison.variants {
        let (good, bad) = standings(shown, variant);
        for clause in good.into_iter().chain(bad) {
            let is_known = |known: &Pair| *known == clause.pair || known.turned() == clause.pair;
            if !stated.iter().any(is_known) {
                stated.push(clause.pair);
            }
        }
    }
    stated
}

/// Where the data do not support any difference, a line a number: `availability: b against a`.
/// Pairs that are equal in almost every seed are not worth a word.
pub fn not_shown(comparison: &Comparison) -> Vec<String> {
    let shown = Shown::of(comparison);
    let mut lines = Vec::new();
    for (measure, of) in COMPARED {
        let key = Key::from(measure);
        let all: Vec<&Pair> =
            comparison.pairs.iter().filter(|pair| pair.key == key && pair.of == of).collect();
        let open: Vec<&&Pair> = all
            .iter()
            .filter(|pair| !shown.differ(pair))
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
    Figure { key: key.clone(), of }.title()
}

/// The verb of what a variant does not share with another, which comes first.
const HAS: &str = "has";

/// A clause about a variant, with its verb: `has the shortest lag`, `shares it with b`.
struct Clause {
    is_best: bool,
    verb: &'static str,
    text: String,
    /// The variant against the nearest one that does not share its place.
    pair: Pair,
}

fn sentence(shown: &Shown<'_>, variant: &VariantResult) -> String {
    let (good, bad) = standings(shown, variant);
    let alike: Vec<&str> = alike(shown.comparison, variant).collect();
    let said = match (good.is_empty(), bad.is_empty()) {
        (false, false) => {
            let before = good.last().map_or("", |clause| clause.verb);
            format!("{}, but {}", clauses("", &good), clauses(before, &bad))
        }
        (true, true) if alike.is_empty() => return in_the_middle(shown, variant),
        _ => clauses("", &good.into_iter().chain(bad).collect::<Vec<_>>()),
    };
    match (alike.is_empty(), said.is_empty()) {
        (true, _) => format!("{said}."),
        (false, true) => format!("differs from {} in no measure.", human::list(&alike)),
        (false, false) => format!("{said}; it differs from {} in no measure.", human::list(&alike)),
    }
}

/// In what a variant is praised, and in what it is blamed.
fn standings(shown: &Shown<'_>, variant: &VariantResult) -> (Vec<Clause>, Vec<Clause>) {
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for group in GROUPS {
        let found = group.iter().filter_map(|measure| first_standing(shown, variant, measure));
        let (mut best, mut worst): (Vec<_>, Vec<_>) = found.partition(|clause| clause.is_best);
        good.extend(best.drain(..).next());
        bad.extend(worst.drain(..).next());
    }
    for clauses in [&mut good, &mut bad] {
        clauses.sort_by_key(|clause: &Clause| clause.verb != HAS);
        clauses.truncate(MOST);
    }
    (good, bad)
}

/// The other variants whose every number is the same, seed by seed.
fn alike<'c>(
    comparison: &'c Comparison,
    variant: &'c VariantResult,
) -> impl Iterator<Item = &'c str> {
    let others = comparison.variants.iter().filter(|other| other.name != variant.name);
    let same = |other: &&VariantResult| {
        other.measures == variant.measures && other.census == variant.census
    };
    others.filter(same).map(|other| &*other.name)
}

/// Clauses joined to a sentence: `has the shortest lag and shares the highest availability with b`;
/// a verb is not repeated.
fn clauses(before: &'static str, clauses: &[Clause]) -> String {
    let mut last = before;
    let texts = clauses.iter().map(|Clause { verb, text, .. }| {
        let text = if *verb == last { text.clone() } else { format!("{verb} {text}") };
        last = verb;
        text
    });
    human::list(&texts.collect::<Vec<_>>())
}

/// The place of a variant in a measure, if it is shown to be the best or the worst; of the
/// quantiles of a distribution the first that shows it.
fn first_standing(
    shown: &Shown<'_>,
    variant: &VariantResult,
    measure: &'static Measure,
) -> Option<Clause> {
    let mut quantiles = COMPARED.iter().filter(|(compared, _)| *compared == measure);
    let Standing { is_best, sharing, numbers, pair } =
        quantiles.find_map(|(_, of)| standing(shown, variant, &measure.into(), *of))?;
    // That the measure is zero says little about a variant if most have zero; those with more are
    // still named as the worst.
    let nothing = variant.measure(measure).is_some_and(MeasureResult::is_nothing);
    if is_best && nothing && 2 * (sharing.len() + 1) > shown.comparison.variants.len() {
        return None;
    }
    let (verb, with) = match &sharing[..] {
        [] => (HAS, String::new()),
        few @ ([_] | [_, _]) => ("shares", format!(" with {}", human::list(few))),
        many => ("shares", format!(" with {} others", many.len())),
    };
    let [best, worst] = measure.told;
    let superlative = if is_best { best } else { worst };
    Some(Clause { is_best, verb, text: format!("{superlative}{with} ({numbers})"), pair })
}

/// The place of a variant that is shown to be the best or the worst in something.
struct Standing {
    is_best: bool,
    /// The names of the variants that share the place.
    sharing: Vec<String>,
    numbers: String,
    /// The variant against the nearest of the others.
    pair: Pair,
}

/// The place of a variant in one number of a measure. Variants that are not shown to differ from it
/// share its place, if each of them compares with all others as it does.
fn standing(
    shown: &Shown<'_>,
    variant: &VariantResult,
    key: &Key,
    of: Statistic,
) -> Option<Standing> {
    let comparison = shown.comparison;
    let (tied, apart) = shown.split(variant, key, of);
    let ranks: [fn(&Pair) -> bool; 2] = [Pair::is_better, Pair::is_worse];
    let rank = ranks.iter().position(|rank| !apart.is_empty() && apart.iter().all(rank))?;
    let sharing: Vec<String> = tied.into_iter().map(|pair| pair.baseline).collect();
    for name in &sharing {
        let (same, others) = shown.split(comparison.variant(name)?, key, of);
        if same.len() != sharing.len() || !others.iter().all(ranks[rank]) {
            return None;
        }
    }
    let (numbers, next) = numbers(comparison, variant, key, of, &sharing);
    let nearest = |pair: &&Pair| Some(&pair.baseline) == next.as_ref();
    let pair = apart.iter().find(nearest).or(apart.first())?.clone();
    Some(Standing { is_best: rank == 0, sharing, numbers, pair })
}

/// `p99 3.1 ms; next orchestrated with 41 ms`, or `p99 3.1 ms; all others 0 s`, and the name of the
/// next one. The others are those that do not share its place.
fn numbers(
    comparison: &Comparison,
    variant: &VariantResult,
    key: &Key,
    of: Statistic,
    sharing: &[String],
) -> (String, Option<String>) {
    let number = |variant: &VariantResult| Some(variant.measures.get(key)?.estimate(of)?.value);
    let Some(own) = number(variant) else { return (String::new(), None) };
    let text = |variant: &VariantResult, value: f64| {
        format!("{}{}", mark(variant, key.measure), human::value(key.measure.unit, value))
    };
    let others = comparison.variants.iter();
    let others = others.filter(|it| it.name != variant.name && !sharing.contains(&it.name));
    let mut others: Vec<(&VariantResult, f64)> =
        others.filter_map(|other| Some((other, number(other)?))).collect();
    others.sort_by(|(_, a), (_, b)| distance(*a, own).total_cmp(&distance(*b, own)));
    let quantile = if of == Statistic::Value { String::new() } else { format!("{} ", of.name()) };
    let compared = match others.as_slice() {
        [] => String::new(),
        [(other, value), rest @ ..] if !rest.is_empty() && rest.iter().all(|(_, v)| v == value) => {
            format!("; all others {}", text(other, *value))
        }
        [(other, value), ..] => format!("; next {} with {}", other.name, text(other, *value)),
    };
    let next = others.first().map(|(other, _)| other.name.clone());
    (format!("{quantile}{}{compared}", text(variant, own)), next)
}

/// The distance of `value` from the value of a variant; from infinity, the largest value is the
/// nearest.
fn distance(value: f64, own: f64) -> f64 {
    match (value == own, own.is_infinite()) {
        (true, _) => f64::NEG_INFINITY,
        (false, true) => -value,
        (false, false) => (value - own).abs(),
    }
}

/// The clause for a variant that is neither best nor worst in any measure: the place of its lag.
fn in_the_middle(shown: &Shown<'_>, variant: &VariantResult) -> String {
    let (_, apart) = shown.split(variant, &LAG.into(), Statistic::P99);
    let names = |of: fn(&Pair) -> bool| {
        let found = apart.iter().filter(|pair| of(pair));
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

    /// The best and the worst in something are told against the nearest of the others.
    #[test]
    fn what_is_stated_is_a_pair_of_variants() {
        let comparison = comparison::comparison(10);
        let stated = stated(&comparison);
        let told = |pair: &Pair| format!("{} {} {}", pair.key, pair.variant, pair.baseline);
        let all: Vec<String> = stated.iter().map(told).collect();
        assert!(all.iter().any(|it| it.starts_with("m1 two-phase-commit ")), "{all:?}");
        assert!(stated.iter().all(|pair| Shown::of(&comparison).differ(pair)), "{all:?}");
        let turned = |pair: &Pair| stated.contains(&pair.turned());
        assert!(!stated.iter().any(turned), "each once: {all:?}");
        assert_eq!(super::stated(&comparison::comparison(5)), [], "no interval, no difference");
    }

    #[test]
    fn who_ties_shares_a_superlative_and_who_differs_in_nothing_is_said_not_to() {
        let mut comparison = comparison::comparison(10);
        comparison.variants.truncate(2);
        let [first, second] = [0, 1].map(|at| comparison.variants[at].name.clone());
        let twin = VariantResult { name: "twin".into(), ..comparison.variants[0].clone() };
        comparison.variants.push(twin);
        let comparison = comparison.paired();
        let said = sentences(&comparison);
        let of = |name: &str| &said.iter().find(|(variant, _)| variant == name).unwrap().1;
        let lag = "shares the shortest consistency lag with twin (p99 ";
        assert!(of(&first).contains(lag), "{}", of(&first));
        assert!(of(&first).ends_with("; it differs from twin in no measure."), "{}", of(&first));
        assert!(of("twin").contains(&format!("consistency lag with {first} (p99 ")));
        assert!(of(&second).contains("the longest consistency lag (p99 "), "{}", of(&second));
        assert!(!of(&second).contains("no measure"));
    }

    #[test]
    fn that_most_have_nothing_of_it_praises_nobody() {
        let mut comparison = comparison::comparison(10);
        for (at, variant) in comparison.variants.iter_mut().enumerate() {
            let value = if at == 0 { 5e9 } else { 0.0 };
            variant.insert(MeasureResult::mean(IN_DOUBT, vec![Some(value); 10]));
        }
        let comparison = comparison.paired();
        let clause =
            |at: usize| first_standing(&Shown::of(&comparison), &comparison.variants[at], IN_DOUBT);
        assert!(clause(1).is_none(), "four of five have none");
        let worst = clause(0).expect("one stands out");
        assert!(
            !worst.is_best && worst.text.starts_with("the most time in doubt (5 s; all others")
        );
    }

    #[test]
    fn who_differs_by_less_than_is_printed_shares_a_superlative() {
        let mut comparison = comparison::comparison(10);
        for (variant, value) in comparison.variants.iter_mut().zip([5e9, 5.0002e9, 9e9, 9e9, 9e9]) {
            let values = (0..10).map(|seed| Some(value + f64::from(seed) * 1e3)).collect();
            variant.insert(MeasureResult::mean(IN_DOUBT, values));
        }
        let comparison = comparison.paired();
        let shown = Shown::of(&comparison);
        let clause = |at: usize| first_standing(&shown, &comparison.variants[at], IN_DOUBT);
        let other = &comparison.variants[1].name;
        let [first, second] = [0, 1].map(|at| clause(at).expect("it stands out"));
        assert_eq!((first.is_best, first.verb, second.verb), (true, "shares", "shares"));
        let told = format!("the least time in doubt with {other} (5 s; all others 9 s)");
        assert_eq!(first.text, told);
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
        let facts = ["events-dual-write", "Must be up for a yes, at most:"];
        assert_eq!(leads, facts, "neither a layout nor a run that never ends needs many seeds");
        let mut alone = comparison::comparison(10);
        alone.variants.truncate(1);
        alone = alone.paired();
        assert_eq!(sentences(&alone)[0].1, "has nothing to be compared with.");
    }
}
