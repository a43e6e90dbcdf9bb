//! Screening of assumptions that are moved together: elementary effects (Morris, "Factorial
//! sampling plans for preliminary computational experiments", Technometrics 33, 1991).
//!
//! An assumption has [`LEVELS`] values at equal ratios, from divided by the factor to multiplied by
//! it. A trajectory begins at random levels of all assumptions and moves one after the other, in
//! random order, by [`STEP`] of the range; what a difference moves then, divided by the step, is an
//! elementary effect, met where all the others happen to be. Over the trajectories, mu is their
//! mean, mu* that of their amounts (Campolongo, Cariboni and Saltelli, "An effective screening
//! design for sensitivity analysis of large models", Environmental Modelling and Software 22,
//! 2007), and sigma their standard deviation: it is large where an effect depends on the others.

use rand::RngExt;
use rand::seq::SliceRandom;
use xxhash_rust::xxh3::xxh3_64;

use crate::kernel::{Purpose, RandomStreams};
use crate::scenario::assumption::Assumption;
use crate::scenario::{Change, Scenario};
use crate::stats::mean;

/// How many values an assumption takes.
const LEVELS: usize = 4;

/// By how much an assumption moves, as a share of its range: two of three levels, so that every
/// level is met equally often.
const STEP: f64 = 2.0 / 3.0;

/// A trajectory: levels from 0 to 1 of each assumption, at its start and after each move.
pub type Trajectory = Vec<Vec<f64>>;

/// The trajectories of a screening.
#[derive(Default)]
pub struct Screening {
    /// The positions of the assumptions that take part.
    pub parts: Vec<usize>,
    /// The names of those that do not, because one of their values is refused.
    pub left_out: Vec<String>,
    /// The trajectories.
    pub trajectories: Vec<Trajectory>,
    /// The scenario at each point of each of them.
    pub scenarios: Vec<Scenario>,
}

/// The elementary effects of an assumption on a number.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Screened {
    /// The mean of their amounts.
    pub mu_star: f64,
    /// Their mean.
    pub mu: f64,
    /// Their standard deviation; zero for a single one.
    pub sigma: f64,
}

/// The most trajectories that are drawn for one that the scenario allows.
const DRAWS: u64 = 10;

impl Screening {
    /// So many trajectories through these assumptions of a scenario, or as many as it allows.
    pub fn new(scenario: &Scenario, assumptions: &[Assumption], factor: f64, count: usize) -> Self {
        let mut screening = Self::default();
        if count == 0 {
            return screening;
        }
        for (at, assumption) in assumptions.iter().enumerate() {
            let refused = (0..LEVELS).any(|level| {
                let by = multiplier(level as f64 / (LEVELS - 1) as f64, factor);
                assumption.moved_in(scenario, by).is_err()
            });
            match refused {
                true => screening.left_out.push(assumption.name.clone()),
                false => screening.parts.push(at),
            }
        }
        let parts: Vec<&Assumption> = screening.parts.iter().map(|at| &assumptions[*at]).collect();
        let draws = if parts.is_empty() { 0 } else { count as u64 * DRAWS };
        for number in 0..draws {
            if screening.trajectories.len() == count {
                break;
            }
            let trajectory = drawn(scenario.seed, number, parts.len());
            let point = |levels: &Vec<f64>| changed(scenario, &parts, levels, factor);
            if let Some(scenarios) = trajectory.iter().map(point).collect::<Option<Vec<_>>>() {
                screening.scenarios.extend(scenarios);
                screening.trajectories.push(trajectory);
            }
        }
        screening
    }

    /// The effects of its parts on a number, of which the value at each point is given.
    pub fn effects(&self, numbers: &[f64]) -> Vec<Screened> {
        let length = self.parts.len() + 1;
        screened(&self.trajectories, &numbers.chunks(length).collect::<Vec<_>>())
    }
}

/// By what an assumption is multiplied at a level between 0 and 1.
fn multiplier(level: f64, factor: f64) -> f64 {
    libm::pow(factor, 2.0 * level - 1.0)
}

/// The scenario with all of these assumptions at their levels; none if it is refused.
fn changed(
    scenario: &Scenario,
    parts: &[&Assumption],
    levels: &[f64],
    factor: f64,
) -> Option<Scenario> {
    let moved = parts.iter().zip(levels);
    let moved = moved.map(|(part, level)| part.moved(multiplier(*level, factor)));
    let changes: Vec<Vec<Change>> = moved.collect::<Result<_, _>>().ok()?;
    scenario.changed(&changes.concat()).ok()
}

/// A trajectory through so many assumptions. From the lower two levels an assumption moves up, from
/// the upper two down.
fn drawn(seed: u64, number: u64, parts: usize) -> Trajectory {
    let streams = RandomStreams::new(seed);
    let mut draw = streams.draw(Purpose::Resample, xxh3_64(b"morris"), number, 0, 0);
    let level = |at: usize| at as f64 / (LEVELS - 1) as f64;
    let mut levels: Vec<usize> = (0..parts).map(|_| draw.random_range(0..LEVELS)).collect();
    let mut order: Vec<u32> = (0..parts as u32).collect();
    order.shuffle(&mut draw);
    let mut trajectory = vec![levels.iter().map(|at| level(*at)).collect::<Vec<f64>>()];
    for part in order {
        let at = &mut levels[part as usize];
        *at = if *at < LEVELS / 2 { *at + LEVELS / 2 } else { *at - LEVELS / 2 };
        trajectory.push(levels.iter().map(|at| level(*at)).collect());
    }
    debug_assert!(parts == 0 || (level(LEVELS / 2) - STEP).abs() < 1e-12);
    trajectory
}

/// The elementary effects over trajectories, in each of which every assumption moves once;
/// `numbers` are the values at their points. What is infinite has no effect: it is NaN.
fn screened(trajectories: &[Trajectory], numbers: &[&[f64]]) -> Vec<Screened> {
    let parts = trajectories.first().and_then(|it| it.first()).map_or(0, Vec::len);
    let mut effects: Vec<Vec<f64>> = vec![Vec::new(); parts];
    for (trajectory, numbers) in trajectories.iter().zip(numbers) {
        for (levels, values) in trajectory.windows(2).zip(numbers.windows(2)) {
            let moved = (0..parts).find(|part| (levels[0][*part] - levels[1][*part]).abs() > 1e-9);
            let Some(part) = moved else { continue };
            let step = levels[1][part] - levels[0][part];
            effects[part].push((values[1] - values[0]) / step);
        }
    }
    effects.iter().map(|effects| Screened::of(effects)).collect()
}

impl Screened {
    fn of(effects: &[f64]) -> Self {
        let mu = mean(effects).unwrap_or_default();
        let amounts: Vec<f64> = effects.iter().map(|it| it.abs()).collect();
        let squares: f64 = effects.iter().map(|it| (it - mu) * (it - mu)).sum();
        let sigma = match effects.len() {
            0 | 1 => 0.0,
            many => libm::sqrt(squares / (many - 1) as f64),
        };
        Self { mu_star: mean(&amounts).unwrap_or_default(), mu, sigma }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::assumption::assumptions;
    use crate::tests::runs::{SHOP, scenario};

    /// The numbers of SALib on the same trajectories; `morris.py` beside the file makes it.
    #[test]
    fn effects_are_those_of_another_implementation() {
        let text = include_str!("../../../tests/data/morris.json");
        let fixture: serde_json::Value = serde_json::from_str(text).expect("JSON");
        let numbers = |value: &serde_json::Value| -> Vec<f64> {
            let list = value.as_array().expect("a list");
            list.iter().map(|it| it.as_f64().expect("a number")).collect()
        };
        let models = fixture["models"].as_array().expect("models");
        assert_eq!(models.len(), 2);
        for model in models {
            let rows = model["points"].as_array().expect("points");
            let points: Vec<Vec<f64>> = rows.iter().map(&numbers).collect();
            let values = numbers(&model["values"]);
            let length = points[0].len() + 1;
            let trajectories: Vec<Trajectory> = points.chunks(length).map(<[_]>::to_vec).collect();
            let found = screened(&trajectories, &values.chunks(length).collect::<Vec<_>>());
            for (name, of) in [
                ("mu_star", (|it| it.mu_star) as fn(&Screened) -> f64),
                ("mu", |it| it.mu),
                ("sigma", |it| it.sigma),
            ] {
                for (expected, found) in numbers(&model[name]).iter().zip(&found) {
                    let found = of(found);
                    assert!((expected - found).abs() < 1e-9, "{name}: {expected} {found}");
                }
            }
            assert_eq!(found.len(), length - 1);
        }
    }

    #[test]
    fn a_trajectory_moves_every_assumption_once_by_two_levels() {
        for number in 0..20 {
            let trajectory = drawn(1, number, 7);
            assert_eq!(trajectory.len(), 8);
            let mut moved = [0; 7];
            for pair in trajectory.windows(2) {
                let apart = (0..7).filter(|part| pair[0][*part] != pair[1][*part]);
                let apart: Vec<usize> = apart.collect();
                let [part] = apart[..] else { panic!("{pair:?}") };
                moved[part] += 1;
                assert!(((pair[1][part] - pair[0][part]).abs() - STEP).abs() < 1e-12);
            }
            assert_eq!(moved, [1; 7]);
            assert_eq!(trajectory, drawn(1, number, 7), "the same again");
        }
        assert_ne!(drawn(1, 0, 7), drawn(1, 1, 7));
    }

    #[test]
    fn what_cannot_take_all_levels_is_left_out_and_named() {
        let scenario = scenario(SHOP);
        let all = assumptions(&scenario, &scenario.variants.iter().collect::<Vec<_>>());
        let wanted = ["links.*.delay", "links.*.loss", "load.regrets.follows.share"];
        let some = all.into_iter().filter(|it| wanted.contains(&&*it.name)).collect::<Vec<_>>();
        let found = Screening::new(&scenario, &some, 2.0, 3);
        assert_eq!(found.left_out, ["links.*.loss", "load.regrets.follows.share"]);
        assert_eq!((found.trajectories.len(), found.scenarios.len()), (3, 6));
        let changes: Vec<&str> = found.scenarios.iter().map(|it| &*it.changes).collect();
        let delay = |value: &str| changes.iter().any(|it| it.contains(value));
        assert!(delay("\"793.701us\"") || delay("\"500us\""), "{changes:?}");
        let effects = found.effects(&[0.0, 2.0, 0.0, 4.0, 0.0, 6.0]);
        assert!((effects[0].mu_star - 6.0).abs() < 1e-9, "{effects:?}");
    }
}
