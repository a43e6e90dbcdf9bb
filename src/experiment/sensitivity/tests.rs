//! Tests of what moves: fates, shares and ranks on numbers that are made up.

use super::*;
use crate::checks::measures::catalogue::{COMPARED_AVAILABILITY, USEFUL};
use crate::experiment::result::{MeasureResult, Statistic, VariantResult};
use crate::scenario::assumption::assumptions;
use crate::tests::runs::{SHOP, scenario};

/// Two variants of which the second has these differences to the first in two measures.
fn comparison(available: &[f64], useful: &[f64]) -> Comparison {
    let variant = |name: &str, is_second: bool| {
        let values = |lifts: &[f64]| {
            let value = |(seed, lift): (usize, &f64)| {
                Some(100.0 * seed as f64 + if is_second { *lift } else { 0.0 })
            };
            lifts.iter().enumerate().map(value).collect()
        };
        let mut variant = VariantResult { name: name.into(), ..VariantResult::default() };
        variant.insert(MeasureResult::mean(COMPARED_AVAILABILITY, values(available)));
        variant.insert(MeasureResult::mean(USEFUL, values(useful)));
        variant
    };
    let variants = vec![variant("first", false), variant("second", true)];
    let seeds = (1..=available.len() as u64).collect();
    Comparison { seeds, variants, ..Comparison::default() }.paired()
}

/// Differences around a value, a bit other in each seed.
fn around(value: f64) -> Vec<f64> {
    (0..8).map(|seed| value + f64::from(seed % 4) * 0.01).collect()
}

/// Differences that show nothing.
fn mixed() -> Vec<f64> {
    (0..8).map(|seed| if seed % 2 == 0 { 1.0 } else { -1.0 }).collect()
}

/// The three assumptions of the shop with these names, moved by a factor of two.
fn design(names: &[&str]) -> Design {
    let scenario = scenario(SHOP);
    let all = assumptions(&scenario, &scenario.variants.iter().collect::<Vec<_>>());
    let wanted = |name: &&str| all.iter().find(|it| it.name == **name).cloned();
    Design::new(&scenario, names.iter().filter_map(wanted).collect(), 2.0, 0)
}

fn stated(base: &Comparison) -> Vec<Pair> {
    let figures = [COMPARED_AVAILABILITY, USEFUL];
    let figures = figures.map(|measure| Figure { key: measure.into(), of: Statistic::Value });
    figures.iter().filter_map(|it| it.pair(base, "second", "first")).collect()
}

#[test]
fn what_is_stated_holds_vanishes_or_flips() {
    let design = design(&["retry.attempts", "links.*.delay", "databases.*.force"]);
    assert_eq!((design.moves.len(), design.refused.len()), (6, 0));
    let base = comparison(&around(3.0), &around(2.0));
    let moved = [
        comparison(&around(3.0), &around(2.0)), // Retries do nothing when they are fewer,
        comparison(&around(3.5), &around(2.0)), // and move one difference when they are more.
        comparison(&around(-4.0), &around(2.0)), // Shorter delays turn that difference around.
        comparison(&around(3.0), &mixed()),     // Longer ones take the other one away.
        comparison(&around(3.1), &around(2.0)),
        comparison(&around(3.1), &around(2.0)),
    ];
    let found = sensitivity(&design, &base, stated(&base), &moved, 1);
    let names: Vec<&str> = found.effects.iter().map(|it| &*it.assumption.name).collect();
    assert_eq!(names, ["links.*.delay", "retry.attempts", "databases.*.force"]);
    let first = &found.effects[0];
    let fates = [0, 1].map(|at| first.fates(at, &found.stated[at]));
    let (flips, vanishes, holds) = (Some(Fate::Flips), Some(Fate::Vanishes), Some(Fate::Holds));
    assert_eq!(fates, [[flips, holds], [holds, vanishes]]);
    // It moves the first difference by 7 of 7.6, and is all that moves the second one.
    assert!((first.share - (7.0 / 7.6 + 1.0) / 2.0).abs() < 1e-9, "{}", first.share);
    assert_eq!(first.rank, Some(Rank { rank: 1, holds: 1.0 }));
    assert_eq!(found.effects[1].ranks[1], None, "it does not move that one");
    let matters = found.matters(1);
    assert_eq!((matters[0].flips, matters[0].vanishes, matters[0].stated), (1, 1, 2));
    assert_eq!(&*found.effects[1].moved[1].as_ref().expect("moved").value, "6");
}

#[test]
fn a_rank_between_equals_holds_in_some_resamples_only() {
    let design = design(&["links.*.delay", "databases.*.force"]);
    let base = comparison(&[0.0; 8], &around(2.0));
    let by = |lifts: [f64; 8]| comparison(&lifts, &around(2.0));
    let one = by([5.0, 1.0, 6.0, 0.0, 7.0, 2.0, 4.0, 3.0]);
    let other = by([1.0, 5.0, 0.0, 6.0, 2.0, 6.5, 3.0, 4.0]);
    let moved = [one.clone(), one, other.clone(), other];
    let found = |seed| sensitivity(&design, &base, stated(&base), &moved, seed);
    let rank = found(1).effects[0].rank.expect("it moves something");
    assert!(rank.rank == 1 && rank.holds > 0.2 && rank.holds < 0.9, "{rank:?}");
    assert_eq!(found(1), found(1), "the same draws again");
    assert_ne!(found(1), found(2));
}

#[test]
fn never_is_farther_than_everything() {
    let never = f64::INFINITY;
    let design = design(&["links.*.delay", "databases.*.force"]);
    let base = comparison(&around(1.0), &around(2.0));
    let moved = [
        comparison(&around(90.0), &around(2.0)),
        comparison(&around(90.0), &around(2.0)),
        comparison(&[never; 8], &around(2.0)),
        comparison(&around(1.0), &around(2.0)),
    ];
    let found = sensitivity(&design, &base, stated(&base), &moved, 1);
    assert_eq!(found.effects[0].assumption.name, "databases.*.force");
    assert_eq!(found.effects[0].share, 0.5, "all of one difference, and nothing of the other");
}

/// The delay of links moves the latency of a saga as far as it is in it.
#[test]
fn moves_are_runs_of_the_same_seeds() {
    let design = design(&["links.*.delay"]);
    let names = ["saga", "keyless"].map(String::from);
    let found: Vec<f64> = design
        .studies(&names, &[1])
        .iter()
        .map(|study| {
            let done = crate::checks::measures::catalogue::DONE;
            let compared = study.compare().expect("one seed");
            let found = compared.variants[0].measure(done).expect("a latency");
            found.estimate(Statistic::P50).expect("a number").value
        })
        .collect();
    assert!(found[1] > 2.0 * found[0] && found[1] < 4.0 * found[0], "{found:?}");
}

/// "The ranking rests on" names places of the scenario; whatever of them is a quantity is moved.
#[test]
fn what_the_ranking_rests_on_is_moved() {
    let scenario = scenario(&SHOP.replace("[clients]", "[clients]\nattempts = 2"));
    let all = assumptions(&scenario, &scenario.variants.iter().collect::<Vec<_>>());
    let is_moved = |key: &String| all.iter().any(|it| it.keys.contains(key));
    let rests_on = Study::of(&scenario, [1]).compare().expect("a seed").rests_on;
    let mut names = 0;
    for said in &rests_on {
        let (variant, values) = match said.split_once(": ") {
            Some((variant, values)) => (format!("variants.{variant}.settings."), values),
            None => (String::new(), said.as_str()),
        };
        for value in values.split(", ") {
            let (key, value) = value.split_once(" = ").expect("a key and its value");
            if value.starts_with(|it: char| it.is_ascii_digit()) {
                let key = format!("{variant}{key}");
                assert!(is_moved(&key), "{key} of {rests_on:?}");
                names += 1;
            }
        }
    }
    assert!(names >= 6, "{rests_on:?}");
}
