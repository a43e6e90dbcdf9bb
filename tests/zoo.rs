//! The bug zoo is found, by the named property, within the budget, and shrinks to almost the least
//! plan; the patterns without the mistake survive the same runs.

use std::sync::atomic::AtomicBool;

use driftlab::experiment::shrink::RUNS as RERUNS;
use driftlab::faults::registry::Faults;
use driftlab::zoo::{Draw, HERD, Hunt, RUNS, Stand, fuzz};
use rayon::prelude::*;

/// From what the hunts are drawn.
const SEED: (Draw, u64) = (Draw::Swarm, 1);

/// Runs of each pattern without a mistake.
const CALM: u64 = 128;

#[test]
fn every_exhibit_is_found_and_shrinks_to_almost_the_least_plan() {
    let faults = Faults::builtin();
    let missed: Vec<String> = HERD
        .par_iter()
        .with_max_len(1)
        .filter_map(|exhibit| {
            let stand = Stand::of(exhibit);
            let hunt = Hunt::new(exhibit, &stand, &faults, SEED);
            let Some(runs) = hunt.runs(RUNS) else { return Some(format!("{}: never", exhibit.id)) };
            let shrunk = hunt.shrunk(runs).expect("a case that violates the property");
            let (faults, least) = (shrunk.case.faults.len(), stand.least().len());
            let is_small = faults <= least + 1 && shrunk.finished && shrunk.runs <= RERUNS;
            (!is_small).then(|| format!("{}: {faults} faults, {} runs", exhibit.id, shrunk.runs))
        })
        .collect();
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn the_patterns_without_the_mistake_survive_the_same_runs() {
    let faults = Faults::builtin();
    let wrong: Vec<String> = HERD
        .par_iter()
        .with_max_len(1)
        .flat_map(|exhibit| {
            let stand = Stand::of(exhibit);
            let fuzz = fuzz(vec![stand.correct()], &faults, SEED);
            let fuzzed = fuzz.run(Some(CALM), &AtomicBool::new(false), &mut |_| true);
            let told = |(_, property, run)| format!("{}: {property} in run {run}", exhibit.id);
            fuzzed.violations().map(told).collect::<Vec<_>>()
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
