//! How often the interval of a crossing holds one that is known, on simulated runs.
//!
//! ```text
//! cargo run --release --features internals --example crossings
//! ```
//!
//! `tests/scenarios/desks.toml` is M/M/1 with mean work 10 ms beside M/D/1 with work 11 ms. By
//! Pollaczek and Khinchine their mean times in the system are the same at 20.895 and at 79.105
//! arrivals a second. The first crossing is looked for again and again, on other seeds each time,
//! as `driftlab crossover` does; then the second one once. A number behind `--` says how often; it
//! is 100 without. Fails if fewer intervals hold the crossing than 95 % less three standard errors.

use std::convert::Infallible;
use std::process::ExitCode;

use driftlab::experiment::compare::Study;
use driftlab::experiment::crossing::{Crossing, crossings};
use driftlab::experiment::result::{Figure, Statistic};
use driftlab::experiment::sought::{Sides, Sought};
use driftlab::scenario::sweep::{Axis, AxisText, number, points};
use driftlab::scenario::{Registries, Scenario};
use rayon::prelude::*;

/// The scenario.
const DESKS: &str = include_str!("../tests/scenarios/desks.toml");

/// The crossings, in arrivals a second, and the values between which each is looked for.
const KNOWN: [(f64, &str); 2] =
    [(20.895, "load.visits.poisson=5.0..40.0:8"), (79.105, "load.visits.poisson=60.0..90.0:7")];

/// The seeds of each search.
const SEEDS: u64 = 12;

/// The interval of the only crossing on an axis; an end that is not shown is open. None if there
/// is another number of crossings.
fn interval(scenario: &Scenario, text: &str, first: u64) -> Option<(f64, f64)> {
    let axis = AxisText::parse(text).expect("an axis").axis();
    let names = ["random", "steady"].map(str::to_owned);
    let measure = scenario.subject("m10.done.mean").expect("a measure");
    let figure = Figure::of(&measure).expect("a number of each run");
    assert_eq!(figure.of, Statistic::Mean);
    let sought = Sought { axis: axis.clone(), figure, sides: Sides::Between(names) };
    let mut look = |value: &toml::Value| {
        let one = Axis::new(&axis.key, vec![value.clone()]);
        let point = points(scenario, &[one]).expect("the value goes with it").remove(0);
        let study = Study {
            twins: false,
            lists: false,
            ..Study::of(&point.scenario, first..first + SEEDS)
        };
        let comparison = study.compare().expect("a comparison");
        Ok::<_, Infallible>(sought.difference(&comparison))
    };
    let Ok(found) = crossings(&axis, &mut look);
    let [Crossing { from, to, .. }] = &found.crossings[..] else { return None };
    let end = |end: &Option<toml::Value>, open: f64| end.as_ref().and_then(number).unwrap_or(open);
    Some((end(from, f64::NEG_INFINITY), end(to, f64::INFINITY)))
}

#[expect(clippy::print_stdout, reason = "a program that prints what it found")]
fn main() -> ExitCode {
    let repeats = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(100_u64);
    let scenario = Scenario::from_text(DESKS, &Registries::builtin()).expect("a scenario");
    let [(known, near), (other, far)] = KNOWN;
    let found: Vec<Option<(f64, f64)>> = (0..repeats)
        .into_par_iter()
        .map(|repeat| interval(&scenario, near, 1 + repeat * SEEDS))
        .collect();
    let holds = |found: &&(f64, f64)| found.0 <= known && known <= found.1;
    let held = found.iter().flatten().filter(holds).count();
    let closed = found.iter().flatten().filter(|it| it.0.is_finite() && it.1.is_finite());
    let widths: Vec<f64> = closed.map(|(low, high)| high - low).collect();
    println!(
        "{held} of {repeats} intervals hold the crossing at {known} a second; both ends are shown \
         in {}, with a mean width of {:.1}; {} searches found no crossing, or several",
        widths.len(),
        widths.iter().sum::<f64>() / widths.len().max(1) as f64,
        found.iter().filter(|it| it.is_none()).count(),
    );
    let second = interval(&scenario, far, 1);
    println!("the one at {other} is looked for once: {second:?}");
    let share = 0.95 - 3.0 * (0.95 * 0.05 / repeats as f64).sqrt();
    let is_enough = held as f64 >= share * repeats as f64;
    let is_found = second.is_some_and(|(low, high)| low <= other && other <= high);
    if is_enough && is_found { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
