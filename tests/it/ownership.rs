//! The cost and worth of ownership techniques: runs against the forms
//! of textbooks, on scenarios of which all but a few times are nothing.
//!
//! Where times are constant the forms hold exactly, to the nanosecond and to the last operation;
//! where they are drawn the form lies within the confidence interval of some independent seeds.

mod availability;
mod delegation;
mod layouts;
mod queues;
mod reference;

use driftlab::checks::coupling::Coupling;
use driftlab::model::system::ServiceId;
use driftlab::scenario::{Scenario, Variant};
use rayon::prelude::*;

use crate::whole::{RecordedRun, tell, variant};

/// Mean over some seeds and half the width of its 99 % interval, by Student's t.
fn interval<const SEEDS: usize>(values: [f64; SEEDS]) -> (f64, f64) {
    let t = match SEEDS {
        8 => 3.499,
        12 => 3.106,
        _ => panic!("look it up for {SEEDS} seeds"),
    };
    let n = SEEDS as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    (mean, t * (squares / (n - 1.0) / n).sqrt())
}

/// Checks that measured values agree with a form, and would reject one that is off by so much.
fn agrees<const SEEDS: usize>(what: &str, values: [f64; SEEDS], form: f64, blur: f64) {
    let (mean, half) = interval(values);
    assert!((form - mean).abs() <= half, "{what}: {form:.4} is not within {mean:.4} +- {half:.4}");
    assert!(half < blur * form, "{what}: {mean:.4} +- {half:.4} tells nothing");
}

/// Runs a variant on the first seeds.
fn seeds<const SEEDS: usize, T: Send>(
    scenario: &Scenario,
    name: &str,
    observe: impl Fn(&RecordedRun) -> T + Sync,
) -> [T; SEEDS] {
    let variant = variant(scenario, name);
    let seeds = (1..=SEEDS as u64).into_par_iter();
    let seen: Vec<T> = seeds.map(|seed| observe(&tell(scenario, variant, seed))).collect();
    seen.try_into().ok().expect("one for each seed")
}

fn service(scenario: &Scenario, name: &str) -> ServiceId {
    let mut services = scenario.system.services.iter();
    let found = services.position(|service| &*service.name.shown == name);
    ServiceId(found.unwrap_or_else(|| panic!("no service `{name}`")) as u16)
}

fn coupling(variant: &Variant) -> Coupling {
    Coupling::of(&variant.system, |kind| variant.pattern.waits_in_turn(kind))
}
