//! Tests of the search on curves that are known, with noise that is known.

use std::convert::Infallible;

use super::*;
use crate::kernel::{Purpose, RandomStreams};
use crate::scenario::sweep::AxisText;
use crate::stats::paired;
use rand::RngExt;

fn axis(text: &str) -> Axis {
    AxisText::parse(text).expect("an axis").axis()
}

/// The crossings of a curve with so many seeds, each shifted by noise of this size, the same at
/// every value.
fn find(axis: &Axis, seed: u64, noise: f64, curve: impl Fn(f64) -> f64) -> Crossings {
    let mut random = RandomStreams::new(seed).stream(Purpose::Arrival, 1);
    let shifts: Vec<f64> = (0..12).map(|_| noise * (random.random::<f64>() - 0.5)).collect();
    let mut look = |value: &toml::Value| -> Result<Option<Paired>, Infallible> {
        let at = curve(number(value).expect("a number"));
        let values: Vec<Option<f64>> = shifts.iter().map(|shift| Some(at + shift)).collect();
        Ok(paired(&values, &vec![Some(0.0); values.len()]))
    };
    match crossings(axis, &mut look) {
        Ok(found) => found,
        Err(never) => match never {},
    }
}

fn numbers(crossing: &Crossing) -> [f64; 4] {
    let of = |value: &toml::Value| number(value).expect("a number");
    let end = |value: &Option<toml::Value>| value.as_ref().map_or(f64::NAN, of);
    [end(&crossing.from), of(&crossing.before), of(&crossing.behind), end(&crossing.to)]
}

#[test]
fn a_crossing_is_narrowed_to_neighbouring_values() {
    let found = find(&axis("x=1..1000:9"), 1, 0.0, |x| x - 321.5);
    let [crossing] = &found.crossings[..] else { panic!("{:?}", found.crossings) };
    assert_eq!(numbers(crossing), [321.0, 321.0, 322.0, 322.0]);
    assert!(!crossing.falls);
    assert!(found.looks.len() < 9 + 12, "{} looks", found.looks.len());
    assert!(found.looks.windows(2).all(|pair| order(&pair[0].value, &pair[1].value).is_lt()));
}

/// The mean time in M/M/1 with mean work 1, less that in M/D/1 with work 1.1, at so many arrivals:
/// by Pollaczek and Khinchine it is zero at 0.20895 and at 0.79105.
fn random_less_constant(arrivals: f64) -> f64 {
    let (work, load) = (1.1, 1.1 * arrivals);
    1.0 / (1.0 - arrivals) - (work + work * load / (2.0 * (1.0 - load)))
}

#[test]
fn each_of_several_crossings_is_found_with_its_direction() {
    let found = find(&axis("x=0.05..0.9:18"), 1, 0.0, random_less_constant);
    let falls: Vec<bool> = found.crossings.iter().map(|it| it.falls).collect();
    assert_eq!(falls, [false, true]);
    for (crossing, exact) in found.crossings.iter().zip([0.208_95, 0.791_05]) {
        let [from, before, behind, to] = numbers(crossing);
        assert!(from <= exact && exact <= to && to - from < 4e-3, "{crossing:?}");
        assert!(before <= exact && exact <= behind, "{crossing:?}");
    }
}

#[test]
fn what_never_changes_has_no_crossing_and_an_end_that_is_not_shown_is_open() {
    assert_eq!(find(&axis("x=1..9:3"), 1, 0.0, |x| x).crossings, []);
    let found = find(&axis("x=1..9:3"), 1, 30.0, |x| x - 5.2);
    let all: Vec<[f64; 4]> = found.crossings.iter().map(numbers).collect();
    assert!(all.iter().all(|it| it[0].is_nan() && it[3].is_nan()), "{all:?}: too much noise");
}

/// The intervals cover the crossing as often as they say, and more: noise is the same at all
/// values, so each end misses with at most 2.5 %.
#[test]
fn intervals_cover_a_known_crossing() {
    let axis = axis("x=0.0..10.0:11");
    let covered = |seed: &u64| {
        let found = find(&axis, *seed, 4.0, |x| x - 5.0);
        let ends = found.crossings.iter().map(numbers);
        ends.into_iter()
            .any(|[from, .., to]| (from.is_nan() || from <= 5.0) && (to.is_nan() || to >= 5.0))
    };
    let count = (1..=400).filter(covered).count();
    assert!(count >= 372, "{count} of 400: 95 % less three standard errors are 372");
    let narrow = find(&axis, 7, 4.0, |x| x - 5.0);
    let [from, _, _, to] = numbers(&narrow.crossings[0]);
    assert!(to - from < 4.0, "and they are not trivially wide: {from} to {to}");
}
