//! The coverage of intervals and the rate of false differences, measured on samples of populations
//! whose mean and median are known.

use rand::RngExt;
use rayon::prelude::*;

use crate::experiment::precision::{FIRST, narrow_mean};
use crate::kernel::{Purpose, RandomStreams, Stream};
use crate::stats::{
    FALSE_DISCOVERY_RATE, Family, Verdict, event_interval, mean, mean_interval, median_interval,
    paired, wilson,
};

/// The numbers of seeds for which coverage is measured.
pub const SEEDS: [usize; 5] = [3, 5, 6, 10, 30];

/// The coverage that every interval claims.
pub const NOMINAL: f64 = 0.95;

/// A statistic of reports on samples of a population.
pub struct Statistic {
    /// The statistic.
    pub kind: &'static str,
    /// The population.
    pub population: &'static str,
    /// Returns whether an interval of one sample of this many seeds contains the true value; `None`
    /// if there is no interval for so few seeds.
    holds: Box<Holds>,
}

/// Draws a sample of so many seeds, and returns whether an interval of it holds the truth.
type Holds = dyn Fn(usize, &mut Stream) -> Option<bool> + Send + Sync;

/// A distribution of one value for each seed.
type Draw = fn(&mut Stream) -> f64;

/// A population of which the mean and the median are known.
struct Population {
    name: &'static str,
    draw: Draw,
    mean: f64,
    median: f64,
}

const POPULATIONS: [Population; 6] = [
    Population { name: "normal", draw: normal, mean: 0.0, median: 0.0 },
    Population { name: "counts of 2", draw: |rng| poisson(rng, 2.0), mean: 2.0, median: 2.0 },
    Population { name: "mean of 20 waits", draw: waits, mean: 1.0, median: 0.983_410 },
    Population { name: "one wait", draw: exponential, mean: 1.0, median: core::f64::consts::LN_2 },
    Population { name: "log-normal", draw: log_normal, mean: 1.648_721, median: 1.0 },
    Population { name: "counts of 0.1", draw: |rng| poisson(rng, 0.1), mean: 0.1, median: 0.0 },
];

fn exponential(rng: &mut Stream) -> f64 {
    -libm::log(1.0 - rng.random::<f64>())
}

fn waits(rng: &mut Stream) -> f64 {
    (0..20).map(|_| exponential(rng)).sum::<f64>() / 20.0
}

/// A normal variate, by Box and Muller.
fn normal(rng: &mut Stream) -> f64 {
    let angle = core::f64::consts::TAU * rng.random::<f64>();
    libm::sqrt(2.0 * exponential(rng)) * libm::cos(angle)
}

fn log_normal(rng: &mut Stream) -> f64 {
    libm::exp(normal(rng))
}

/// The number of events within a time at rate 1.
fn poisson(rng: &mut Stream, time: f64) -> f64 {
    let mut left = time;
    for count in 0_u32.. {
        left -= exponential(rng);
        if left < 0.0 {
            return f64::from(count);
        }
    }
    unreachable!("a wait has a length")
}

/// Ten events at once in one seed of twenty: counts with more variance than a Poisson variable.
fn cluster(rng: &mut Stream) -> f64 {
    f64::from(10 * u32::from(rng.random_bool(0.05)))
}

/// The interval of the mean of a count per seed, as reports give it.
fn of_events(values: &[f64]) -> Option<(f64, f64)> {
    let events = values.iter().sum::<f64>() as u64;
    Some(event_interval(mean_interval(values)?, events, values.len() as f64))
}

/// The 99 % quantile of 100 waits, the second largest: its median over seeds is that of a beta
/// distribution with parameters 99 and 2, transformed back to waits.
fn tail(rng: &mut Stream) -> f64 {
    let (mut largest, mut second) = (0.0, 0.0);
    for wait in (0..100).map(|_| exponential(rng)) {
        if wait > largest {
            (largest, second) = (wait, largest);
        } else if wait > second {
            second = wait;
        }
    }
    second
}

/// The median of [`tail`]: `-ln(1 - m)` where `100 m^99 - 99 m^100 = 1 / 2`.
fn median_of_tail() -> f64 {
    let (mut low, mut high) = (0.9_f64, 1.0_f64);
    for _ in 0..60 {
        let m = low + (high - low) / 2.0;
        let below = libm::pow(m, 99.0) * (100.0 - 99.0 * m);
        (low, high) = if below < 0.5 { (m, high) } else { (low, m) };
    }
    -libm::log(1.0 - low)
}

/// Every statistic on every population that it is used for.
pub fn statistics() -> Vec<Statistic> {
    let of = |kind, population, holds: Box<Holds>| Statistic { kind, population, holds };
    let mut all = Vec::new();
    for Population { name, draw, mean, .. } in POPULATIONS {
        let is_count = name.starts_with("counts");
        let of_mean = if is_count { of_events } else { mean_interval };
        all.push(of("mean", name, interval(draw, mean, of_mean)));
    }
    all.push(of("mean", "ten at once, one in twenty", interval(cluster, 0.5, of_events)));
    all.push(of("mean without limits", "counts of 0.1", {
        interval(|rng| poisson(rng, 0.1), 0.1, mean_interval)
    }));
    let of_median = |values: &[f64]| median_interval(values, f64::total_cmp);
    for Population { name, draw, median, .. } in POPULATIONS {
        all.push(of("median", name, interval(draw, median, of_median)));
    }
    all.push(of("median", "p99 of 100 waits", interval(tail, median_of_tail(), of_median)));
    for (name, share) in
        [("one in two", 0.5), ("one in ten", 0.1), ("one in a hundred, mostly none", 0.01)]
    {
        all.push(of(
            "share of trials",
            name,
            Box::new(move |trials, rng| {
                let hits = (0..trials).filter(|_| rng.random_bool(share)).count();
                let (low, high) = wilson(hits as u64, trials as u64)?;
                Some(low <= share && share <= high)
            }),
        ));
    }
    for Population { name, draw, .. } in POPULATIONS {
        all.push(of(
            "no difference shown",
            name,
            Box::new(move |seeds, rng| {
                let [one, other] = [pick(seeds, draw, rng), pick(seeds, draw, rng)];
                let found = paired(&one, &other)?;
                found.interval?;
                Some(found.verdict == Verdict::NoDifferenceShown)
            }),
        ));
    }
    all.push(of(
        "nothing stands out",
        "100 comparisons of normal",
        Box::new(|seeds, rng| {
            let p = (0..100).filter_map(|_| {
                Some(paired(&pick(seeds, normal, rng), &pick(seeds, normal, rng))?.p)
            });
            Some(Family::of(p.collect::<Vec<_>>()).cut == 0.0)
        }),
    ));
    all
}

/// Draws one value for each of this many seeds.
fn pick(seeds: usize, draw: Draw, rng: &mut Stream) -> Vec<Option<f64>> {
    (0..seeds).map(|_| Some(draw(rng))).collect()
}

/// Returns whether an interval over seeds contains the true value.
fn interval(
    draw: Draw,
    truth: f64,
    of: impl Fn(&[f64]) -> Option<(f64, f64)> + Send + Sync + 'static,
) -> Box<Holds> {
    Box::new(move |seeds, rng| {
        let values: Vec<f64> = (0..seeds).map(|_| draw(rng)).collect();
        let (low, high) = of(&values)?;
        Some(low <= truth && truth <= high)
    })
}

impl Statistic {
    /// The share of this many samples of this number of seeds in which the interval contains the
    /// true value; `None` if there is no interval for so few seeds.
    pub fn coverage(&self, seeds: usize, samples: u64) -> Option<f64> {
        let held: Option<Vec<bool>> = (0..samples)
            .into_par_iter()
            .map(|sample| {
                let streams = RandomStreams::new(sample);
                let mut rng = streams.stream(Purpose::Instance, seeds as u64);
                (self.holds)(seeds, &mut rng)
            })
            .collect();
        let held: Vec<f64> = held?.into_iter().map(f64::from).collect();
        mean(&held)
    }
}

/// The mean share of false ones among the differences reported of 80 comparisons without a
/// difference and 20 with one, over this many samples; and the share of the 20 that is reported.
pub fn false_discoveries(seeds: usize, samples: u64) -> (f64, f64) {
    let found: Vec<(f64, f64)> = (0..samples)
        .into_par_iter()
        .map(|sample| {
            let mut rng = RandomStreams::new(sample).stream(Purpose::Instance, seeds as u64);
            let mut p = |lift: f64| {
                let lifted: Vec<_> = (0..seeds).map(|_| Some(normal(&mut rng) + lift)).collect();
                paired(&lifted, &vec![Some(0.0); seeds]).map_or(1.0, |found| found.p)
            };
            let null: Vec<f64> = (0..80).map(|_| p(0.0)).collect();
            let real: Vec<f64> = (0..20).map(|_| p(4.0)).collect();
            let family = Family::of(null.iter().chain(&real).copied());
            let reported =
                |all: &[f64]| all.iter().filter(|p| family.stands_out(**p)).count() as f64;
            let (wrong, right) = (reported(&null), reported(&real));
            (wrong / (wrong + right).max(1.0), right / 20.0)
        })
        .collect();
    let of = |part: fn(&(f64, f64)) -> f64| {
        mean(&found.iter().map(part).collect::<Vec<_>>()).unwrap_or_default()
    };
    (of(|it| it.0), of(|it| it.1))
}

/// The widths for which coverage under `--until` is measured.
pub const WIDTHS: [f64; 3] = [0.2, 0.1, 0.05];

/// The most seeds that such a comparison takes here.
const MOST: usize = 2_000;

/// Populations in which a width relative to the mean is a question: with their mean.
const SPREAD: [(&str, Draw, f64); 4] = [
    ("normal, deviation 0.2", |rng| 1.0 + 0.2 * normal(rng), 1.0),
    ("normal, deviation 0.5", |rng| 1.0 + 0.5 * normal(rng), 1.0),
    ("mean of 20 waits", waits, 1.0),
    ("one wait", exponential, 1.0),
];

/// How often the interval holds the mean when seeds were added until it reaches at most so far to
/// each side and has stayed so, and how many seeds that takes on average, over so many samples of a
/// population.
pub fn until(width: f64, (draw, mean_of): (Draw, f64), samples: u64) -> (f64, f64) {
    let found: Vec<(f64, f64)> = (0..samples)
        .into_par_iter()
        .map(|sample| {
            let mut rng = RandomStreams::new(sample).stream(Purpose::Instance, 0);
            let mut values: Vec<f64> = (0..4 * FIRST).map(|_| draw(&mut rng)).collect();
            let seeds = loop {
                match narrow_mean(&values, width, FIRST) {
                    None if values.len() < MOST => {
                        let more = values.len();
                        values.extend((0..more).map(|_| draw(&mut rng)));
                    }
                    found => break found.unwrap_or(values.len()),
                }
            };
            let (low, high) = mean_interval(&values[..seeds]).unwrap_or_default();
            (f64::from(low <= mean_of && mean_of <= high), seeds as f64)
        })
        .collect();
    let of = |part: fn(&(f64, f64)) -> f64| {
        mean(&found.iter().map(part).collect::<Vec<_>>()).unwrap_or_default()
    };
    (of(|it| it.0), of(|it| it.1))
}

/// A table of [`until`], from so many samples each.
fn until_table(samples: u64) -> String {
    let mut text = format!(
        "\nMeans under `--until`, the interval at the seeds at which it stopped (nominal: \
         {NOMINAL}), and seeds on average:\n{:<30}",
        "population"
    );
    WIDTHS.iter().for_each(|width| text += &format!("{:>14}", format!("{} %", width * 100.0)));
    text.push('\n');
    for (name, draw, mean) in SPREAD {
        text += &format!("{name:<30}");
        for width in WIDTHS {
            let (share, seeds) = until(width, (draw, mean), samples);
            text += &format!("{:>14}", format!("{share:.3} ({seeds:.0})"));
        }
        text.push('\n');
    }
    text
}

/// A table of all of it, from so many samples each.
pub fn table(samples: u64) -> String {
    let mut text = format!(
        "Nominal: {NOMINAL}; measured in {samples} samples, by number of seeds (trials of a \
         share).\n\n{:<20} {:<30}",
        "statistic", "population"
    );
    SEEDS.iter().for_each(|seeds| text += &format!("{seeds:>7}"));
    text.push('\n');
    for statistic in statistics() {
        text += &format!("{:<20} {:<30}", statistic.kind, statistic.population);
        for seeds in SEEDS {
            let found = statistic.coverage(seeds, samples);
            text += &found.map_or_else(|| format!("{:>7}", "none"), |it| format!("{it:>7.3}"));
        }
        text.push('\n');
    }
    text += "\nWhat stands out of 100 comparisons, 20 of which differ:\n";
    for seeds in SEEDS.into_iter().filter(|seeds| *seeds > 5) {
        let (wrong, right) = false_discoveries(seeds, samples);
        text += &format!(
            "{seeds:>3} seeds: {wrong:.3} of it false (nominal: at most {FALSE_DISCOVERY_RATE}), \
             {right:.3} of the 20 reported\n"
        );
    }
    text + &until_table(samples)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::median;

    const SAMPLES: u64 = 1_000;

    /// Four standard errors of a share of 95 % in so many samples.
    const ERROR: f64 = 0.028;

    /// Student's interval is exact for normal values, close for sums of many, and falls short of
    /// what it claims where few values are skewed.
    fn least(statistic: &Statistic) -> f64 {
        match (statistic.kind, statistic.population) {
            ("mean", "one wait") => 0.87,
            ("mean", "log-normal") => 0.79,
            ("mean", "mean of 20 waits") => 0.92,
            // What Student's alone would do: as long as nothing happened, it is 0 to 0.
            ("mean without limits", _) => 0.44,
            // Most of what is rare and comes in clusters has not been seen yet.
            ("mean", "ten at once, one in twenty") => 0.4,
            // The score interval keeps its coverage on average over shares, not for each.
            ("share of trials", _) => 0.83,
            _ => NOMINAL,
        }
    }

    #[test]
    fn intervals_cover_what_they_claim_where_they_say_anything() {
        for statistic in statistics() {
            for seeds in SEEDS {
                let found = statistic.coverage(seeds, SAMPLES);
                let what = format!("{} of {}, {seeds}", statistic.kind, statistic.population);
                match (found, statistic.kind) {
                    (None, _) => assert!(seeds < 6, "{what} has none"),
                    (Some(found), kind) => {
                        assert!(seeds >= 6 || kind.starts_with(['s', 'n']), "{what}");
                        assert!(found >= least(&statistic) - ERROR, "{what}: {found}");
                    }
                }
            }
        }
    }

    #[test]
    fn exact_intervals_are_no_wider_than_they_must_be() {
        for statistic in
            statistics().iter().filter(|it| (it.kind, it.population) == ("mean", "normal"))
        {
            let found = statistic.coverage(10, SAMPLES).expect("ten seeds");
            assert!((found - NOMINAL).abs() < ERROR, "{found}");
        }
    }

    /// Stopping early narrows intervals; the look-ahead and a least number of seeds keep most of
    /// their coverage.
    #[test]
    fn intervals_hold_means_nearly_as_often_where_seeds_were_added_until_they_are_narrow() {
        for (name, draw, mean) in SPREAD {
            let least = if name == "one wait" { 0.91 } else { 0.925 };
            for width in [0.2, 0.1] {
                let (share, seeds) = until(width, (draw, mean), 400);
                assert!(share > least - 0.01 && share < 0.99, "{name}, {width}: {share}");
                assert!(seeds >= 15.0, "{name}, {width}: {seeds}");
            }
        }
    }

    #[test]
    fn few_of_those_that_stand_out_are_false() {
        for seeds in [10, 30] {
            let (wrong, right) = false_discoveries(seeds, 200);
            assert!(wrong < FALSE_DISCOVERY_RATE + 0.02 && right > 0.5, "{seeds}: {wrong} {right}");
        }
    }

    /// The middle of many samples, by which the medians of populations were checked.
    fn middle(draw: Draw, samples: usize) -> f64 {
        let mut rng = RandomStreams::new(7).stream(Purpose::Instance, 0);
        let values: Vec<f64> = (0..samples).map(|_| draw(&mut rng)).collect();
        median(&values).expect("there are samples")
    }

    #[test]
    fn medians_of_populations_are_known() {
        for Population { name, draw, median, .. } in POPULATIONS {
            let found = middle(draw, 40_001);
            assert!((found - median).abs() < 0.03, "{name}: {found}");
        }
        assert!((middle(tail, 4_001) - median_of_tail()).abs() < 0.05);
    }
}
