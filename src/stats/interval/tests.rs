//! Intervals against tables, and how often they cover a truth that is known.

use rand::RngExt;

use super::*;
use crate::kernel::{Purpose, RandomStreams, Stream};
use crate::stats::{Quantile, Verdict, mean, median, paired};

#[test]
fn quantiles_of_student_are_those_of_the_tables() {
    let table = [(5, 2.5706), (7, 2.3646), (9, 2.2622), (19, 2.0930), (29, 2.0452), (99, 1.9842)];
    for (freedom, quantile) in table {
        let found = student(f64::from(freedom), Z);
        assert!((found - quantile).abs() < 4e-4, "{freedom}: {found}");
    }
}

#[test]
fn the_interval_of_a_mean_is_students() {
    // Mean 5.5, standard deviation 3.0277, ten values: 5.5 +- 2.2622 x 3.0277 / sqrt(10).
    let values: Vec<f64> = (1..=10).map(f64::from).collect();
    let (low, high) = mean_interval(&values).expect("ten values");
    assert!((low - 3.3341).abs() < 1e-3 && (high - 7.6659).abs() < 1e-3, "{low} {high}");
    assert_eq!(mean_interval(&[1.0; 6]), Some((1.0, 1.0)));
    assert_eq!(mean_interval(&[1.0, 2.0, 3.0, 4.0, 5.0, f64::INFINITY]), None, "no mean either");
}

#[test]
fn the_limits_of_few_events_are_those_of_the_tables() {
    // Garwood's limits, by the quantiles of chi squared.
    let table = [
        (0, 0.0, 3.688_88),
        (1, 0.025_32, 5.571_64),
        (2, 0.242_21, 7.224_69),
        (5, 1.623_49, 11.668_33),
        (10, 4.795_39, 18.390_36),
        (20, 12.216_52, 30.888_38),
    ];
    for (events, low, high) in table {
        let found = poisson_limits(events);
        assert!((found.0 - low).abs() < 1e-4, "{events}: {found:?}");
        assert!((found.1 - high).abs() < 1e-4, "{events}: {found:?}");
    }
    assert_eq!(event_interval((1.0, 2.0), RARE, 6.0), (1.0, 2.0), "many are Student's");
    assert_eq!(event_interval((0.0, 0.0), 0, 6.0).0, 0.0);
    assert!((event_interval((0.0, 0.0), 0, 6.0).1 - 0.614_81).abs() < 1e-5);
    let (low, high) = event_interval((0.8, 0.9), 5, 6.0);
    assert!((low - 0.270_58).abs() < 1e-5 && (high - 1.944_72).abs() < 1e-5, "{low} {high}");
}

#[test]
fn the_interval_of_a_median_leaves_out_as_many_as_the_binomial_table_says() {
    let left_out =
        [(6, 0), (8, 0), (9, 1), (10, 1), (12, 2), (20, 5), (25, 7), (50, 17), (100, 39)];
    for (seeds, outside) in left_out {
        assert_eq!(ranks_outside(seeds), outside, "{seeds}");
    }
    for seeds in [500, 501] {
        assert!((226..=228).contains(&ranks_outside(seeds)), "{}", ranks_outside(seeds));
    }
    assert!(ranks_outside(1_000_000) > 498_000, "no limit");
}

#[test]
fn infinity_reaches_the_upper_bound_only() {
    let mut values: Vec<Quantile> = (1..=8).map(Quantile::Value).collect();
    values.extend([Quantile::Never; 2]);
    let interval = median_interval(&values, Quantile::cmp);
    assert_eq!(interval, Some((Quantile::Value(2), Quantile::Never)));
}

#[test]
fn few_seeds_give_no_interval() {
    assert_eq!(mean_interval(&[1.0; 5]), None);
    assert_eq!(median_interval(&[1.0; 5], f64::total_cmp), None);
}

/// A population of equally likely values, so that its mean and its median are known exactly.
struct Population {
    name: &'static str,
    values: Vec<f64>,
}

/// Means over many operations; shares of 200, one in two or one in ten; counts of rare events; and
/// waits, of which many are short and few are long.
fn populations() -> [Population; 5] {
    let of = |name, draw: fn(&mut Stream) -> f64| {
        let mut rng = RandomStreams::new(1).stream(Purpose::Instance, 0);
        Population { name, values: (0..2_001).map(|_| draw(&mut rng)).collect() }
    };
    [
        of("means", |rng| (0..12).map(|_| rng.random::<f64>()).sum()),
        of("halves", |rng| hits(rng, 200, 0.5)),
        of("tenths", |rng| hits(rng, 200, 0.1)),
        of("counts", |rng| hits(rng, 500, 0.01)),
        of("waits", |rng| (0..20).map(|_| -libm::log(1.0 - rng.random::<f64>())).sum()),
    ]
}

fn hits(rng: &mut Stream, of: u32, share: f64) -> f64 {
    f64::from((0..of).map(|_| u32::from(rng.random_bool(share))).sum::<u32>())
}

/// The share of samples of `seeds` values of which `holds` is true.
fn coverage(
    seeds: usize,
    draw: impl Fn(&mut Stream) -> f64,
    holds: impl Fn(&[f64]) -> bool,
) -> f64 {
    let mut rng = RandomStreams::new(seeds as u64).stream(Purpose::Instance, 1);
    let mut covers = || {
        let values: Vec<f64> = (0..seeds).map(|_| draw(&mut rng)).collect();
        holds(&values)
    };
    (0..TRIALS).filter(|_| covers()).count() as f64 / f64::from(TRIALS)
}

/// A value of a population.
fn any(values: &[f64]) -> impl Fn(&mut Stream) -> f64 + '_ {
    |rng| values[rng.random_range(0..values.len())]
}

/// Four standard errors of a share of 95 % in 2,000 trials.
const TRIALS: u32 = 2_000;
const ERROR: f64 = 0.02;

#[test]
fn intervals_of_means_cover_what_they_claim() {
    for Population { name, values } in populations() {
        let mean = mean(&values).expect("there are values");
        for seeds in [6, 10, 20] {
            let holds = |values: &[f64]| {
                mean_interval(values).is_some_and(|(low, high)| low <= mean && mean <= high)
            };
            let found = coverage(seeds, any(&values), holds);
            assert!((found - 0.95).abs() < ERROR, "{name}, {seeds} seeds: {found}");
        }
    }
}

#[test]
fn intervals_of_medians_cover_at_least_what_they_claim() {
    for Population { name, values } in populations() {
        let median = median(&values).expect("there are values");
        for seeds in [6, 7, 8, 9, 10, 20, 40] {
            let holds = |values: &[f64]| {
                let interval = median_interval(values, f64::total_cmp);
                interval.is_some_and(|(low, high)| low <= median && median <= high)
            };
            let found = coverage(seeds, any(&values), holds);
            assert!(found > 0.95 - ERROR, "{name}, {seeds} seeds: {found}");
        }
    }
}

#[test]
fn no_difference_is_shown_where_there_is_none() {
    for Population { name, values } in populations() {
        let draw = any(&values);
        for seeds in [6, 8, 10, 20] {
            let difference = |rng: &mut Stream| draw(rng) - draw(rng);
            let holds = |values: &[f64]| {
                let values: Vec<Option<f64>> = values.iter().copied().map(Some).collect();
                let nothing = vec![Some(0.0); values.len()];
                let found = paired(&values, &nothing).expect("values on both sides");
                found.verdict == Verdict::NoDifferenceShown
            };
            let found = coverage(seeds, difference, holds);
            assert!(found > 0.95 - ERROR, "{name}, {seeds} seeds: {found}");
        }
    }
}

#[test]
fn a_difference_is_shown_where_there_is_one() {
    let shifted = |rng: &mut Stream| rng.random::<f64>() + 0.2;
    let shows =
        |values: &[f64]| median_interval(values, f64::total_cmp).is_some_and(|(low, _)| low > 0.0);
    assert_eq!(coverage(6, shifted, shows), 1.0);
}
