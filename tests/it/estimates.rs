//! Runs come to what was estimated before they began: the estimate of every shipped scenario is no
//! less than half and no more than ten times of what its first seed makes. So no run of it comes
//! near the tenfold at which it is ended, and none is refused that could have been made.

use std::fs;
use std::path::Path;

use driftlab::experiment::compare::setup;
use driftlab::experiment::run::run;
use driftlab::scenario::{Scenario, Variant};
use rayon::prelude::*;

use crate::whole::{scenario, text};

/// Holds the estimate of a variant against the events of a run.
pub fn is_as_expected(scenario: &Scenario, variant: &Variant, events: u64) {
    let expected = variant.estimate.events();
    let name = format!("{} of {}", variant.name.shown, scenario.name);
    assert!(events <= 2 * expected, "{name}: {events} events, and {expected} were expected");
    assert!(expected <= 10 * events, "{name}: {events} events, and {expected} were expected");
}

#[test]
fn the_tour_of_ownership_is_as_expected() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/ownership");
    let files = fs::read_dir(folder).expect("the tour");
    let names = files.map(|file| file.expect("a file").file_name().into_string().expect("UTF-8"));
    let scenarios: Vec<Scenario> = names
        .filter(|name| name.ends_with(".toml"))
        .map(|name| scenario(&text(&format!("ownership/{name}"))))
        .collect();
    let all: Vec<(&Scenario, &Variant)> = scenarios
        .iter()
        .flat_map(|it| it.variants.iter().map(move |variant| (it, variant)))
        .collect();
    assert!(all.len() > 30);
    all.par_iter().for_each(|(scenario, variant)| {
        let ran = run(&setup(scenario, variant), scenario.seed, Vec::new());
        is_as_expected(scenario, variant, ran.events);
    });
}
