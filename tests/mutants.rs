//! The committed table of the mutants is what hunting comes to, by the named property, within the
//! budget, down to almost the least plan; the patterns without the mistake survive the same runs.
//!
//! `cargo run --release --features mutants --example mutants` hunts from every seed and renews the
//! table. A development build has no time for that: of each row it repeats the hunt that is shown,
//! from its beginning if that is near and else from the run that found it, and shrinks what it
//! finds. The other seeds, the uniform baseline and the exploration are not repeated.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use driftlab::faults::fault::Faults;
use driftlab::mutants::table::{Kill, rows};
use driftlab::mutants::{Draw, Harness, Hunt, MUTANTS, Mutant, RUNS, fuzz};
use driftlab::search::shrink::RUNS as RERUNS;
use rayon::prelude::*;

/// How many runs a hunt may take that is repeated from its beginning.
const NEAR: u64 = 32;

/// Runs of each pattern without a mistake, and what they are drawn from.
const CALM: u64 = 32;
const SEED: (Draw, u64) = (Draw::Swarm, 1);

/// What a row of the table shows and should not; nothing if it is right.
fn wrong(mutant: &Mutant, row: &[&str], faults: &Faults) -> Option<String> {
    let told = |what: String| Some(format!("{}: {what}", mutant.id));
    let Some((about, found)) = row.split_at_checked(4) else { return told("is cut off".into()) };
    if about != mutant.cells() {
        return told(format!("is described as {about:?}"));
    }
    let number = |at: usize| found.get(at).and_then(|cell| cell.parse::<u64>().ok());
    let (Some(runs), Some(seed)) = (number(3), number(4)) else {
        return told("was not found".into());
    };
    let harness = Harness::of(mutant);
    let hunt = Hunt::new(mutant, &harness, faults, (Draw::Swarm, seed));
    if runs > RUNS || runs <= NEAR && hunt.runs(runs) != Some(runs) {
        return told(format!("found after {:?} runs", hunt.runs(runs)));
    }
    let Some(kill) = Kill::of(&hunt, seed, runs) else {
        return told(format!("run {runs} of seed {seed} does not show it"));
    };
    let least = harness.least().len();
    let is_good = kill.is_good(least) && kill.reruns <= RERUNS;
    (!is_good || found[3..] != kill.cells(least)).then(|| format!("{}: {kill:?}", mutant.id))
}

#[test]
fn the_committed_table_is_what_hunting_comes_to() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/mutants.md");
    let page = fs::read_to_string(path).expect("reports/mutants.md");
    let rows = rows(&page).expect("the head of the table is that of the library");
    assert_eq!(rows.len(), MUTANTS.len());
    let faults = Faults::builtin();
    let told = MUTANTS.par_iter().zip(&rows).with_max_len(1);
    let told: Vec<String> = told.filter_map(|(it, row)| wrong(it, row, &faults)).collect();
    assert!(told.is_empty(), "the example `mutants` renews the table: {told:#?}");
}

/// Exhibits of one pattern with the same settings are the same without their mistakes.
#[test]
fn the_patterns_without_the_mistake_survive_the_same_runs() {
    let faults = Faults::builtin();
    let sorts = MUTANTS.iter().map(|it| ((it.pattern, it.settings, it.refusals), it));
    let sorts: BTreeMap<_, &Mutant> = sorts.collect();
    let sorts: Vec<&Mutant> = sorts.into_values().collect();
    let wrong: Vec<String> = sorts
        .into_par_iter()
        .with_max_len(1)
        .flat_map_iter(|mutant| {
            let harness = Harness::of(mutant);
            let fuzz = fuzz(vec![harness.correct()], &faults, SEED);
            let fuzzed = fuzz.run(Some(CALM), &AtomicBool::new(false), &mut |_| true);
            let told = |(_, property, run)| format!("{}: {property} in run {run}", mutant.id);
            fuzzed.violations().map(told).collect::<Vec<_>>()
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
