//! Tests of when there are enough seeds, on populations that are known.

use rand::RngExt;

use super::select::{h2, select};
use super::*;
use crate::checks::measures::catalogue::{COMPARED_AVAILABILITY, LAG, USEFUL};
use crate::experiment::result::{MeasureResult, Statistic, VariantResult};
use crate::kernel::{Purpose, RandomStreams, Stream};

fn figure() -> Figure {
    Figure { key: COMPARED_AVAILABILITY.into(), of: Statistic::Value }
}

/// Variants with these numbers, seed by seed.
fn comparison(numbers: &[Vec<f64>]) -> Comparison {
    let variant = |(at, numbers): (usize, &Vec<f64>)| {
        let mut variant = VariantResult { name: format!("v{at}"), ..VariantResult::default() };
        let numbers = numbers.iter().copied().map(Some).collect();
        variant.insert(MeasureResult::mean(COMPARED_AVAILABILITY, numbers));
        variant
    };
    let seeds = (1..=numbers.first().map_or(0, Vec::len) as u64).collect();
    let variants = numbers.iter().enumerate().map(variant).collect();
    Comparison { seeds, variants, ..Comparison::default() }
}

/// A normal value, by Box and Muller.
fn normal(rng: &mut Stream) -> f64 {
    let wait = -libm::log(1.0 - rng.random::<f64>());
    libm::sqrt(2.0 * wait) * libm::cos(core::f64::consts::TAU * rng.random::<f64>())
}

fn until(width: f64) -> Rule {
    let wanted = Wanted::Until(vec![Target { figure: figure(), width }]);
    Rule { first: FIRST, wanted }
}

/// Numbers that alternate around one: their interval only depends on how many there are.
fn alternating(seeds: usize, apart: f64) -> Vec<f64> {
    (0..seeds).map(|seed| if seed % 2 == 0 { 1.0 + apart } else { 1.0 - apart }).collect()
}

#[test]
fn it_stops_once_intervals_have_stayed_narrow() {
    let numbers = alternating(200, 0.1);
    // Student's interval of 20 such numbers reaches 2.09 * 0.1026 / sqrt(20) = 0.048.
    let stops = |seeds: usize| until(0.05).enough(&comparison(&[numbers[..seeds].to_vec()]));
    let found = comparison(std::slice::from_ref(&numbers));
    assert_eq!(wide(&found, &[], 200), []);
    let narrow = (FIRST..)
        .find(|seeds| wide(&found, &[Target { figure: figure(), width: 0.05 }], *seeds).is_empty());
    let narrow = narrow.expect("some day");
    assert!((17..=20).contains(&narrow), "{narrow}");
    let enough = stops(200).expect("it applies").expect("enough");
    assert!(enough >= narrow + LOOK_AHEAD && enough <= narrow + LOOK_AHEAD + 2, "{enough}");
    assert_eq!(stops(enough), Ok(Some(enough)), "whatever was run beyond");
    assert_eq!(stops(enough - 1), Ok(None));
}

#[test]
fn a_wild_seed_within_the_look_ahead_begins_it_anew() {
    let mut numbers = alternating(200, 0.001);
    let calm = until(0.05).enough(&comparison(&[numbers.clone()]));
    assert_eq!(calm, Ok(Some(FIRST + LOOK_AHEAD)));
    numbers[FIRST + LOOK_AHEAD - 1] = 3.0;
    let wild = until(0.05).enough(&comparison(&[numbers])).expect("it applies");
    assert!(wild.is_some_and(|seeds| seeds > 30), "{wild:?}");
}

#[test]
fn every_variant_and_figure_counts_but_not_what_never_happens() {
    let narrow = alternating(60, 0.001);
    let both = comparison(&[narrow.clone(), alternating(60, 0.2)]);
    assert_eq!(until(0.02).enough(&both), Ok(None));
    let wide = wide(&both, &[Target { figure: figure(), width: 0.02 }], 60);
    assert_eq!((wide.len(), &*wide[0].variant), (1, "v1"));
    let needed = wide[0].needed(60).expect("a number");
    assert!((400..440).contains(&needed), "0.0520 / 0.02 = 2.6, squared: {needed}");
    assert_eq!(until(0.02).estimate(&both), Some(needed + LOOK_AHEAD));
    let never = comparison(&[narrow, vec![0.0; 60]]);
    assert_eq!(until(0.02).enough(&never), Ok(Some(FIRST + LOOK_AHEAD)));
    let other = Target { figure: Figure { key: USEFUL.into(), of: Statistic::Value }, width: 0.1 };
    assert!(super::wide(&never, &[other], 60).is_empty(), "nobody has it");
}

#[test]
fn the_median_of_quantiles_counts_where_that_is_shown() {
    assert_eq!(reach(&[f64::INFINITY; 12], true), Some(0.0), "never is known exactly");
    let half = [vec![5.0; 6], vec![f64::INFINITY; 6]].concat();
    assert_eq!(reach(&half, true), Some(f64::INFINITY));
    assert!(LAG.is_many());
}

/// By hand: (2 * 0.05 / 2)^(-2 / 9) - 1 = 0.9459, times nine.
#[test]
fn the_constant_is_that_of_the_paper() {
    assert!((h2(10, 3, 0.05) - 8.513_4).abs() < 1e-3, "{}", h2(10, 3, 0.05));
    // Two systems: (0.1)^(-2 / 9) = 10^(2 / 9) = 1.6681.
    assert!((h2(10, 2, 0.05) - 6.012_9).abs() < 1e-3, "{}", h2(10, 2, 0.05));
    // Four seeds: (0.1)^(-2 / 3) = 4.6416, minus one, times three.
    assert!((h2(4, 2, 0.05) - 10.924_8).abs() < 1e-3, "{}", h2(4, 2, 0.05));
}

/// By hand: the first four differences are 1, 3, 1, 3, with mean 2 and variance 4 / 3. With d = 1
/// the boundary is 10.9248 * 4 / 3 = 14.57 seeds, and at the fourth it is (14.57 - 4) / 8 = 1.32:
/// 2 is beyond it. With d = 0.5 it is 58.27 seeds, (58.27 - 4) / 16 = 3.39 at the fourth, and
/// (58.27 - r) / (4 r) falls below 2 at the seventh, where it is 1.83 and the mean 13 / 7.
#[test]
fn a_system_is_dropped_beyond_the_boundary() {
    let other = vec![5.0; 20];
    let better: Vec<f64> =
        (0..20).map(|seed| 5.0 + if seed % 2 == 0 { 1.0 } else { 3.0 }).collect();
    let selected = |difference| select(&[other.clone(), better.clone()], difference, 0.05, 4);
    assert_eq!(selected(1.0).map(|it| (it.best, it.seeds)), Some((1, 4)));
    assert_eq!(selected(0.5).map(|it| (it.best, it.seeds)), Some((1, 7)));
    let few = select(&[other[..6].to_vec(), better[..6].to_vec()], 0.5, 0.05, 4);
    assert_eq!(few, None, "six are not enough");
    let equal = select(&[other.clone(), other], 0.5, 0.05, 4).expect("no variance at all");
    assert_eq!((equal.best, equal.seeds), (0, 4));
}

/// Normal numbers with common parts, the best by exactly what matters: the hardest case that the
/// guarantee covers.
#[test]
fn the_best_is_selected_as_often_as_promised() {
    let (trials, mut right, mut used) = (400, 0, 0);
    for trial in 0..trials {
        let mut rng = RandomStreams::new(trial).stream(Purpose::Arrival, 9);
        let mut systems = vec![Vec::new(); 4];
        for _ in 0..600 {
            let common = 3.0 * normal(&mut rng);
            for (at, system) in systems.iter_mut().enumerate() {
                let mean = if at == 2 { 1.0 } else { 0.0 };
                system.push(common + mean + normal(&mut rng));
            }
        }
        let found = select(&systems, 1.0, 0.1, FIRST).expect("600 are enough");
        right += u64::from(found.best == 2);
        used += found.seeds;
    }
    let (share, mean) = (right as f64 / trials as f64, used as f64 / trials as f64);
    assert!(share >= 0.9, "{share} with {mean} seeds");
    assert!(mean < 40.0, "the common part costs nothing: {mean}");
}

#[test]
fn what_is_worth_nothing_is_said_to_be_equal() {
    let mut rng = RandomStreams::new(3).stream(Purpose::Arrival, 9);
    let one: Vec<f64> = (0..80).map(|_| 10.0 + normal(&mut rng)).collect();
    let near: Vec<f64> = one.iter().map(|it| it - 0.1 + 0.2 * normal(&mut rng)).collect();
    let far: Vec<f64> = one.iter().map(|it| it - 4.0 + 0.2 * normal(&mut rng)).collect();
    let all = comparison(&[far, near, one]);
    let worth = Worth { figure: figure(), difference: 1.0, confidence: 0.95 };
    let found = worth.selection(&all, FIRST).expect("it applies").expect("enough");
    let others = worth.others(&all, found.best).expect("others");
    let equal: Vec<(&str, bool)> = others.iter().map(|it| (&*it.name, it.is_equal)).collect();
    assert_eq!(found.best, 2);
    assert_eq!(equal, [("v0", false), ("v1", true)]);
    let never = comparison(&[vec![f64::INFINITY; 20], vec![1.0; 20]]);
    assert!(worth.selection(&never, FIRST).is_err(), "there is no mean");
}
