//! Every sampler against its moments, and against the values it gave when it was written.

use super::*;
use crate::kernel::{Draw, Fingerprint, Purpose, RandomStreams};

const SAMPLES: u32 = 200_000;

fn rng() -> Draw {
    RandomStreams::new(42).draw(Purpose::Work, 1, 2, 3, 4)
}

fn ms(millis: u64) -> Span {
    Span::from_millis(millis)
}

/// Every kind, with its standard deviation in seconds.
fn kinds() -> Vec<(&'static str, Dist, f64)> {
    let (mu, sigma) = (-5.0, 0.5);
    let log_normal = Dist::LogNormal { mu, sigma };
    let spread = (libm::exp(sigma * sigma) - 1.0).sqrt() * libm::exp(mu + sigma * sigma / 2.0);
    let mixture = Dist::Mixture(vec![
        (3.0, Dist::Constant(ms(1))),
        (0.0, Dist::Pareto { least: ms(1), alpha: 0.5 }),
        (1.0, Dist::Uniform { low: ms(5), high: ms(5) }),
    ]);
    let values = [ms(1), ms(2), ms(6)];
    vec![
        ("constant", Dist::Constant(ms(7)), 0.0),
        ("uniform", Dist::Uniform { low: ms(2), high: ms(14) }, 0.012 / 12_f64.sqrt()),
        ("exponential", Dist::Exponential { mean: ms(10) }, 0.010),
        ("normal", Dist::Normal { mean: ms(50), deviation: ms(5) }, 0.005),
        // Half of the bell is cut off: the half-normal distribution.
        (
            "half normal",
            Dist::Normal { mean: Span::ZERO, deviation: ms(10) },
            0.010 * (1.0 - 2.0 / std::f64::consts::PI).sqrt(),
        ),
        ("log-normal", log_normal, spread),
        ("pareto", Dist::Pareto { least: ms(3), alpha: 4.0 }, 0.003 * (4.0 / 18_f64).sqrt()),
        ("erlang", Dist::Erlang { shape: 4, mean: ms(8) }, 0.004),
        ("mixture", mixture, 0.004 * (0.75 * 0.25_f64).sqrt()),
        ("empirical", Dist::Empirical(values.into()), 0.001 * (14.0 / 3_f64).sqrt()),
    ]
}

#[test]
fn samples_have_the_moments_of_their_distribution() {
    for (name, dist, deviation) in kinds() {
        let mut rng = rng();
        let values: Vec<f64> = (0..SAMPLES).map(|_| dist.sample(&mut rng).as_secs_f64()).collect();
        let count = f64::from(SAMPLES);
        let mean = values.iter().sum::<f64>() / count;
        let expected = dist.mean().expect("it has a mean");
        let error = (mean - expected).abs();
        assert!(error <= 4.5 * deviation / count.sqrt() + 1e-9, "{name}: {mean} for {expected}");
        let variance = values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / count;
        let error = (variance.sqrt() - deviation).abs();
        assert!(error <= 0.03 * deviation + 1e-9, "{name}: {} for {deviation}", variance.sqrt());
    }
}

#[test]
fn a_log_normal_is_named_by_its_median_and_p99() {
    let (median, p99) = (ms(20), ms(90));
    let dist = Dist::log_normal_from_median_p99(median, p99);
    let mut rng = rng();
    let values: Vec<Span> = (0..SAMPLES).map(|_| dist.sample(&mut rng)).collect();
    let below = |limit: Span| {
        values.iter().filter(|&&value| value < limit).count() as f64 / f64::from(SAMPLES)
    };
    assert!((below(median) - 0.5).abs() < 0.005, "{}", below(median));
    assert!((below(p99) - 0.99).abs() < 0.001, "{}", below(p99));
}

#[test]
fn a_heavy_tail_has_no_mean_nor_has_what_contains_it() {
    let tail = Dist::Pareto { least: ms(1), alpha: 1.0 };
    assert_eq!(tail.mean(), None);
    assert_eq!(Dist::Mixture(vec![(1.0, tail), (1.0, Dist::Constant(ms(1)))]).mean(), None);
}

#[test]
fn a_uniform_span_reaches_both_ends() {
    let dist = Dist::Uniform { low: Span::from_nanos(3), high: Span::from_nanos(5) };
    let mut rng = rng();
    let mut seen = [0; 6];
    for _ in 0..3_000 {
        seen[dist.sample(&mut rng).as_nanos() as usize] += 1;
    }
    assert!(seen[..3] == [0; 3] && seen[3..].iter().all(|&n| n > 900), "{seen:?}");
    let widest = Dist::Uniform { low: Span::ZERO, high: Span::MAX };
    assert!(widest.sample(&mut rng) > Span::from_secs(1));
}

/// The first value and the fingerprint of a thousand: a change of either is a change of results.
#[test]
fn samples_are_what_they_always_were() {
    let golden: Vec<String> = kinds()
        .into_iter()
        .map(|(name, dist, _)| {
            let mut rng = rng();
            let first = dist.sample(&mut rng).as_nanos();
            let mut print = Fingerprint::default();
            for _ in 0..1_000 {
                print.word(dist.sample(&mut rng).as_nanos());
            }
            format!("{name} {first} {:016x}", print.value())
        })
        .collect();
    insta::assert_snapshot!(golden.join("\n"), @r"
    constant 7000000 67cd4995a90d9c5c
    uniform 7657499 55e9e700936a297d
    exponential 6376335 f0bdfb76e7eed6be
    normal 49455588 f710ee76dbec5431
    half normal 2217545 b83bcf9a22d56189
    log-normal 6380931 cb96ef7ad062928a
    pareto 3518450 62557a881301c65e
    erlang 4213933 d82240ff6bd45828
    mixture 1000000 7e469dad8305badc
    empirical 2000000 5c64f1e2a8d42269
    ");
}

#[test]
fn the_short_way_to_an_exponential_function_gives_the_same_bits() {
    let mut rng = rng();
    let edges = [0.0, -0.0, 1.0, 1.1, -1.1, 699.9, -699.9, 700.0, -745.0, 710.0, f64::INFINITY];
    let near = (0..SAMPLES).map(|_| rng.random_range(-50.0..10.0));
    let all: Vec<f64> = near.chain(edges).collect();
    let far = (0..SAMPLES).map(|at| f64::from(at) / f64::from(SAMPLES) * 1_500.0 - 750.0);
    for x in all.into_iter().chain(far) {
        assert_eq!(exp(x).to_bits(), libm::exp(x).to_bits(), "{x}");
    }
    assert!(exp(f64::NAN).is_nan());
}
